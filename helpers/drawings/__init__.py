"""Drawings of ideas: networks to scale, codes, stamps, sums, noise, what shrinking loses, a training, a denoiser's arrows."""

from helpers.drawings.arrows import show_arrows, show_paths, show_pulls
from helpers.drawings.codes import DIGIT_COLORS, bars, mosaic, points, show_bending, show_code_map, show_panels
from helpers.drawings.convolutions import show_stages, show_stamps, show_sum, stamped
from helpers.drawings.learning import Snapshots, show_learning
from helpers.drawings.networks import show_bottleneck, show_fields, show_kinds, show_unet
from helpers.drawings.noise import show_specks
from helpers.drawings.resolution import show_details, show_hourglass, show_same_small, show_space_to_depth

__all__ = [
    "DIGIT_COLORS",
    "Snapshots",
    "bars",
    "mosaic",
    "points",
    "show_arrows",
    "show_bending",
    "show_bottleneck",
    "show_code_map",
    "show_details",
    "show_fields",
    "show_hourglass",
    "show_kinds",
    "show_learning",
    "show_panels",
    "show_paths",
    "show_pulls",
    "show_same_small",
    "show_space_to_depth",
    "show_specks",
    "show_stages",
    "show_stamps",
    "show_sum",
    "show_unet",
    "stamped",
]
