"""Drawings of ideas: networks, codes, stamps, sums, noise, tiles, scores, trainings, pictures kept, arrows, letters."""

from helpers.drawings.arrows import show_arrows, show_loop, show_paths, show_pulls
from helpers.drawings.codes import DIGIT_COLORS, bars, mosaic, points, show_bending, show_code_map, show_panels, spots
from helpers.drawings.convolutions import show_stages, show_stamps, show_sum, stamped
from helpers.drawings.learning import Snapshots, show_learning
from helpers.drawings.letters import letters
from helpers.drawings.networks import show_bottleneck, show_fields, show_kinds, show_unet
from helpers.drawings.noise import show_specks
from helpers.drawings.resolution import show_details, show_hourglass, show_same_small, show_space_to_depth
from helpers.drawings.scores import show_bands, show_curves, show_gains, show_maps, show_moves, show_tiles
from helpers.drawings.stored import as_png, from_png, show_answers

__all__ = [
    "DIGIT_COLORS",
    "Snapshots",
    "as_png",
    "bars",
    "from_png",
    "letters",
    "mosaic",
    "points",
    "show_answers",
    "show_arrows",
    "show_bands",
    "show_bending",
    "show_bottleneck",
    "show_code_map",
    "show_curves",
    "show_details",
    "show_fields",
    "show_gains",
    "show_hourglass",
    "show_kinds",
    "show_learning",
    "show_loop",
    "show_maps",
    "show_moves",
    "show_panels",
    "show_paths",
    "show_pulls",
    "show_same_small",
    "show_space_to_depth",
    "show_specks",
    "show_stages",
    "show_stamps",
    "show_sum",
    "show_tiles",
    "show_unet",
    "spots",
    "stamped",
]
