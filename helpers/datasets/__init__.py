"""The one door to data: digits, photographs, a reader's own folders, and batches of all of them."""

import importlib

from helpers.datasets.folders import check_folder, require_folder
from helpers.datasets.mnist import drawn_digit, load_mnist
from helpers.datasets.photographs import (
    SPLITS,
    build_pairs,
    load_photos,
    pairs_folder,
    photo_table,
    photo_tiles,
    verify_photos,
)

_OF_SEQUENCES = (
    "DegradedSequence",
    "PairedImageSequence",
    "PatchSequence",
    "ShuffledSequence",
    "load_image_folder",
)
__all__ = [
    "SPLITS",
    "build_pairs",
    "check_folder",
    "drawn_digit",
    "load_mnist",
    "load_photos",
    "pairs_folder",
    "photo_table",
    "photo_tiles",
    "require_folder",
    "verify_photos",
    *_OF_SEQUENCES,
]


def __getattr__(name):
    """Batches need Keras, which takes seconds to start; whoever looks at files only does not wait for it."""
    if name in _OF_SEQUENCES:
        return getattr(importlib.import_module("helpers.datasets.sequences"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
