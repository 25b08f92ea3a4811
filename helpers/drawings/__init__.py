"""Drawings of ideas: networks to scale, codes as points, as bars and as a map, stamps, sums, noise."""

from helpers.drawings.codes import DIGIT_COLORS, bars, mosaic, points, show_bending, show_code_map, show_panels
from helpers.drawings.convolutions import show_stages, show_stamps, show_sum, stamped
from helpers.drawings.networks import show_bottleneck, show_fields, show_kinds, show_unet
from helpers.drawings.noise import show_specks

__all__ = [
    "DIGIT_COLORS",
    "bars",
    "mosaic",
    "points",
    "show_bending",
    "show_bottleneck",
    "show_code_map",
    "show_fields",
    "show_kinds",
    "show_panels",
    "show_specks",
    "show_stages",
    "show_stamps",
    "show_sum",
    "show_unet",
    "stamped",
]
