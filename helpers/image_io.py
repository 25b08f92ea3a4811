"""Picture files in as arrays, and the sizes and places of what is cut from them."""

import contextlib
import io
import pathlib

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from helpers import checks, paths

FORMATS = {
    "PNG": (".png",),
    "JPEG": (".jpg", ".jpeg"),
    "WEBP": (".webp",),
    "TIFF": (".tif", ".tiff"),
    "BMP": (".bmp",),
}
SUFFIXES = tuple(suffix for suffixes in FORMATS.values() for suffix in suffixes)


def picture_files(folder):
    """The picture files that lie in a folder, sorted by name; folders inside it are not looked into.

    Parameters
    ----------
    folder : path-like

    Returns
    -------
    list of pathlib.Path

    Raises
    ------
    FileNotFoundError
        When there is no such folder, or no picture in it.
    """
    folder = pathlib.Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"{str(folder)!r} is no folder: give the folder that your pictures lie in")
    found = sorted(file for file in folder.iterdir() if file.suffix.lower() in SUFFIXES and file.is_file())
    if not found:
        raise FileNotFoundError(f"no readable picture ({', '.join(SUFFIXES)}) in {str(folder)!r}")
    return found


def read_picture(path):
    """A picture file as a viewer would show it.

    Parameters
    ----------
    path : path-like
        PNG, JPEG, WebP, TIFF or BMP; grey, palette, 16 bit, with transparency (shown on white), with an EXIF orientation.

    Returns
    -------
    numpy.ndarray of uint8, shape (height, width, 3)

    Raises
    ------
    FileNotFoundError
        When there is no such file.
    ValueError
        When it cannot be read as a picture, with the reason.
    """
    with opened_picture(path) as opened:
        return np.asarray(_on_white(_eight_bits(ImageOps.exif_transpose(opened))))


@contextlib.contextmanager
def opened_picture(path):
    """A picture file as Pillow opens it; whatever fails in the block is said to be this file's fault.

    Parameters
    ----------
    path : path-like

    Yields
    ------
    PIL.Image.Image

    Raises
    ------
    FileNotFoundError, ValueError
        As in `read_picture`.
    """
    try:
        with Image.open(path, formats=list(FORMATS)) as opened:
            yield opened
    except FileNotFoundError as error:
        raise FileNotFoundError(f"there is no file {paths.shown(path)}") from error
    except Exception as error:  # a damaged file fails in as many ways as there are decoders
        reason = str(error).replace(str(path), paths.shown(path)).splitlines() or [type(error).__name__]
        if isinstance(error, UnidentifiedImageError):
            reason[0] += f", expected one of {', '.join(FORMATS)}"
        raise ValueError(f"{paths.shown(path)} cannot be read as a picture: {reason[0]}") from error


def _eight_bits(picture):
    """A picture of 16 or 32 bits a pixel on the scale of 8; Pillow's own conversion would cut off what is above 255."""
    if picture.mode == "F":
        full = 1.0  # the only convention for floats that files keep to
    elif picture.mode.startswith("I"):
        full = 65535.0
    else:
        return picture
    values = np.asarray(picture, dtype=np.float64) / full
    if not (np.isfinite(values).all() and values.min() >= 0 and values.max() <= 1):
        raise ValueError(
            f"its values reach from {values.min() * full:.4g} to {values.max() * full:.4g}, expected 0 to {full:g}"
        )
    return Image.fromarray(np.round(values * 255).astype(np.uint8))


def _on_white(picture):
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    picture = picture.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB")


def packed_png(png):
    """The same opaque picture in fewer bytes: without its layer of transparency, and with a list of colours where it has few.

    Parameters
    ----------
    png : bytes
        A PNG file.

    Returns
    -------
    bytes
        Of a PNG file without texts; its dots an inch are kept.
    """
    picture = Image.open(io.BytesIO(png))
    opaque, stream = picture.convert("RGB"), io.BytesIO()
    if opaque.getcolors(256):  # then a list of 256 colours loses none
        opaque = opaque.quantize(256)
    opaque.save(stream, "png", dpi=picture.info["dpi"], optimize=True)
    return stream.getvalue()


def resized(picture, size):
    """A picture at another size, bicubic, averaged where it shrinks.

    Parameters
    ----------
    picture : numpy.ndarray of uint8, shape (height, width, 3)
    size : tuple of int
        Height and width of the result; the proportions may change.

    Returns
    -------
    numpy.ndarray of uint8, shape (*size, 3)

    Raises
    ------
    ValueError
        When the picture is not as above, or the size cannot be used.

    Examples
    --------
    >>> resized(np.zeros((40, 60, 3), np.uint8), (20, 30)).shape
    (20, 30, 3)
    """
    picture, (height, width) = checks.check_array("picture", picture), check_size(size)
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[-1] != 3 or picture.size == 0:
        raise ValueError(f"picture has shape {picture.shape} and dtype {picture.dtype}, expected uint8 (height, width, 3)")
    if picture.shape[:2] == (height, width):
        return picture
    return np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.BICUBIC))


def check_size(size):
    """Height and width as a tuple of int.

    Parameters
    ----------
    size : tuple of int

    Returns
    -------
    tuple of int

    Raises
    ------
    ValueError
        When it is no pair, or one is no int from 1 to 65,535, which is what picture files hold.
    """
    if checks.check_array("size", size).shape != (2,):
        raise ValueError(f"size is {size!r}, expected (height, width)")
    return tuple(checks.check_int(name, side, most=65535) for name, side in zip(("height", "width"), size, strict=True))


def crop_places(size, crop_size, most):
    """Where crops lie side by side in a picture, centred, at most so many, spread evenly.

    Parameters
    ----------
    size, crop_size : tuple of int
        Height and width of the picture and of a crop.
    most : int

    Returns
    -------
    list of tuple of int
        Top and left of each crop; empty when the picture is smaller than one.

    Examples
    --------
    >>> crop_places((100, 100), (40, 40), most=4)
    [(10, 10), (10, 50), (50, 10), (50, 50)]
    """
    rows, columns = size[0] // crop_size[0], size[1] // crop_size[1]
    if not rows * columns:
        return []
    if most == 1:  # the very middle, not the crop of the grid that lies nearest to it
        rows = columns = 1
    top, left = (size[0] - rows * crop_size[0]) // 2, (size[1] - columns * crop_size[1]) // 2
    places = [(top + row * crop_size[0], left + column * crop_size[1]) for row in range(rows) for column in range(columns)]
    chosen = np.unique(np.linspace(0, len(places) - 1, most).round().astype(int))
    return [places[k] for k in chosen]
