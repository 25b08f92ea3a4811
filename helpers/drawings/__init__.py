"""Drawings of ideas: networks to scale, codes as points, as bars and as a map, specks of noise, receptive fields."""

from helpers.drawings.codes import DIGIT_COLORS, bars, mosaic, points, show_bending, show_code_map, show_panels
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
    "show_unet",
]
