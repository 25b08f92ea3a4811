"""Apply a trained network to a picture of any size."""

import itertools

import numpy as np

from helpers import baselines

MULTIPLE = 8  # the networks halve their input at most three times


def restore_image(image, model, scale=1, tile=256, overlap=32):
    """Restore one picture, in tiles where it is large.

    Parameters
    ----------
    image : numpy.ndarray of float in [0, 1] or of uint8, shape (height, width, channels)
        Degraded; the channels are those that the network takes.
    model : keras.Model
        Images to images of the same size, any size that is a multiple of 8.
    scale : int, optional
        The picture is enlarged by bicubic this many times before the network sees it.
    tile : int, optional
        Side of the squares that the network sees at once, a multiple of 8.
    overlap : int, optional
        Pixels around each tile that the network sees and that are not kept, a multiple of 8. A network that looks no
        farther than this gives the same picture as without tiles.

    Returns
    -------
    numpy.ndarray, shape (scale * height, scale * width, channels)
        float32 in [0, 1], or uint8 for a uint8 picture.

    Raises
    ------
    ValueError
        When the picture is not as above, or a size cannot be used.
    """
    image = np.asarray(image)
    if image.ndim != 3 or image.size == 0 or (image.dtype != np.uint8 and image.dtype.kind != "f"):
        raise ValueError(
            f"image has shape {image.shape} and dtype {image.dtype}, expected floats in [0, 1] or uint8 "
            "of shape (height, width, channels)"
        )
    if tile % MULTIPLE or overlap % MULTIPLE or not 0 <= 2 * overlap < tile:
        raise ValueError(
            f"tile is {tile} and overlap {overlap}, expected multiples of {MULTIPLE}, the overlap under half a tile"
        )
    floats = np.divide(image, 255, dtype=np.float32) if image.dtype == np.uint8 else image
    enlarged = baselines.enlarge(floats[np.newaxis], scale)[0] if scale != 1 else floats.astype(np.float32, copy=False)
    height, width = enlarged.shape[:2]
    missing = [(0, -side % MULTIPLE) for side in (height, width)]
    padded = np.pad(enlarged, (*missing, (0, 0)), mode="symmetric")
    restored = np.empty_like(padded)
    for (rows, kept_rows, inner_rows), (columns, kept_columns, inner_columns) in itertools.product(
        *(_tiles(side, tile, overlap) for side in padded.shape[:2])
    ):
        seen = np.asarray(model.predict_on_batch(padded[np.newaxis, rows, columns]))[0]
        restored[kept_rows, kept_columns] = seen[inner_rows, inner_columns]
    restored = np.clip(restored[:height, :width], 0, 1)
    return np.round(255 * restored).astype(np.uint8) if image.dtype == np.uint8 else restored


def self_ensemble(model, images):
    """The mean of what a network makes of a picture mirrored and turned in all eight ways, each turned back [1]_.

    Parameters
    ----------
    model : keras.Model
        Images to images of the same size.
    images : numpy.ndarray of float32, shape (n, height, width, channels)

    Returns
    -------
    numpy.ndarray of float32, same shape

    References
    ----------
    .. [1] R. Timofte, R. Rothe and L. Van Gool, "Seven ways to improve example-based single image super resolution", CVPR 2016.
    """
    total = np.zeros(images.shape, np.float64)
    for turns in range(4):
        for mirror in (1, -1):
            seen = np.rot90(images, turns, axes=(1, 2))[:, :, ::mirror]
            restored = model.predict(seen, batch_size=8, verbose=0)
            total += np.rot90(restored[:, :, ::mirror], -turns, axes=(1, 2))
    return (total / 8).astype(np.float32)


def _tiles(length, tile, overlap):
    """Along one side, for each tile: what the network sees, the part of it that is kept, and where that lies in the tile."""
    edges = [0, *range(tile - overlap, length - overlap, tile - 2 * overlap), length] if length > tile else [0, length]
    tiles = []
    for begin, end in itertools.pairwise(edges):
        first = max(0, min(begin - overlap, length - tile))
        tiles.append((slice(first, first + tile), slice(begin, end), slice(begin - first, end - first)))
    return tiles
