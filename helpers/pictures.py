"""A reader's own picture in, the same kind of picture out: depth, transparency and metadata are kept."""

import dataclasses
import pathlib
import warnings

import numpy as np
import tifffile
from PIL import Image

from helpers import paths, photos

# Of the tags of a TIFF, those that describe the picture and not how its file is laid out: description, camera, software,
# date, author, copyright.
DESCRIBING = (0x010E, 0x010F, 0x0110, 0x0131, 0x0132, 0x013B, 0x8298)
OPTIONS = {"JPEG": {"quality": 95, "subsampling": 0}, "WEBP": {"quality": 95}, "TIFF": {"compression": "tiff_deflate"}}


@dataclasses.dataclass
class Picture:
    """What a picture file holds.

    Attributes
    ----------
    pixels : numpy.ndarray of float32, shape (height, width, 1 or 3)
        Grey or RGB in [0, 1], as stored: an EXIF orientation is not applied but kept (in a TIFF, applied).
    depth : int
        Bits of a value in the file, 8 or 16.
    alpha : numpy.ndarray of float32, shape (height, width, 1), or None
        Opacity in [0, 1].
    metadata : dict
        EXIF and colour profile, as Pillow takes them.
    format : str
        Pillow's name of the file format.
    """

    pixels: np.ndarray
    depth: int
    alpha: np.ndarray | None
    metadata: dict
    format: str


def read(path):
    """Read a picture file.

    Parameters
    ----------
    path : path-like
        PNG, JPEG, WebP, TIFF or BMP. Palette, CMYK and other colour models become RGB. Of colour PNG with 16 bits the
        upper eight are used, with a warning.

    Returns
    -------
    Picture

    Raises
    ------
    FileNotFoundError
        When there is no such file.
    ValueError
        When it cannot be read as a picture, with the reason.

    Warns
    -----
    UserWarning
        When the file holds more than is used.
    """
    path = pathlib.Path(path)
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with photos.opened_picture(path) as opened:
            deep = _deep_values(opened, path)
            values = (deep, 16, None) if deep is not None else _eight_bit_values(opened)
            return Picture(*values, _metadata(opened), opened.format)


def write(path, picture):
    """Write a picture file whole or not at all.

    Parameters
    ----------
    path : path-like
        Its suffix should fit the format.
    picture : Picture

    Raises
    ------
    OSError
        When the folder cannot be written to.
    """
    full = 2**picture.depth - 1
    values = np.round(np.clip(picture.pixels, 0, 1) * full).astype(np.uint16 if picture.depth == 16 else np.uint8)
    if picture.alpha is not None:
        values = np.concatenate([values, np.round(np.clip(picture.alpha, 0, 1) * full).astype(values.dtype)], axis=-1)
    values = values[..., 0] if values.shape[-1] == 1 else values
    with paths.replacing(path) as temporary:
        if values.dtype == np.uint16 and values.ndim == 3:
            tifffile.imwrite(temporary, values, photometric="rgb", compression="deflate")
        else:
            options = {**OPTIONS.get(picture.format, {}), **picture.metadata}
            Image.fromarray(values).save(temporary, format=picture.format, **options)


def _deep_values(opened, path):
    """Values of 16 bits in [0, 1], or None when there are but eight."""
    if opened.mode.startswith("I"):
        return _unit(np.asarray(opened), 65535)[..., np.newaxis]
    if opened.mode == "F":
        raise ValueError("it holds floats, expected 8 or 16 bits: save it as one of these")
    if opened.format == "TIFF":
        with tifffile.TiffFile(path) as file:
            page = file.pages[0]
            if page.dtype == np.uint16 and page.shape == (opened.height, opened.width, 3):
                return _unit(page.asarray(), 65535)
    if opened.format == "PNG" and any(tile.args and "16" in str(tile.args) for tile in opened.tile):
        warnings.warn(
            f"{paths.shown(path)}: of its 16 bits a colour the upper 8 are used; save it as TIFF to keep all", stacklevel=3
        )
    return None


def _metadata(opened):
    metadata = {key: opened.info[key] for key in ("exif", "icc_profile") if opened.info.get(key)}
    if opened.format == "TIFF":
        tags, kept = opened.getexif(), Image.Exif()
        kept.update({tag: tags[tag] for tag in DESCRIBING if tag in tags})
        metadata["exif"] = kept
    return metadata


def _eight_bit_values(opened):
    """Pixels, depth and alpha."""
    grey = opened.mode in ("1", "L", "LA", "La")
    if opened.has_transparency_data:
        values = _unit(np.asarray(opened.convert("LA" if grey else "RGBA")), 255)
        return values[..., :-1], 8, values[..., -1:]
    values = _unit(np.asarray(opened.convert("L" if grey else "RGB")), 255)
    return values.reshape(*values.shape[:2], -1), 8, None


def _unit(values, full):
    if values.min() < 0 or values.max() > full:
        raise ValueError(f"its values reach from {values.min()} to {values.max()}, expected 0 to {full}")
    return np.divide(values, full, dtype=np.float32)
