"""The colours of the drawings."""

BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#e4e4e4"
