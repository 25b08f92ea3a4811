"""A reader's own picture in, the same kind of picture out: depth, transparency and metadata are kept."""

import contextlib
import dataclasses
import io
import pathlib
import warnings

import numpy as np
import psutil
import tifffile
from PIL import Image, ImageCms, PngImagePlugin

from helpers import files, image_io, paths

# Of the tags of a TIFF, those that describe the picture and not how its file is laid out: description, camera, software,
# date, author, XMP, copyright. Camera settings and place lie in directories of their own, which Pillow does not write
# into a compressed TIFF.
DESCRIBING = (0x010E, 0x010F, 0x0110, 0x0131, 0x0132, 0x013B, 0x02BC, 0x8298)
ORIENTATION = 0x0112
DIRECTORIES = {0x8769, 0x8825}
# What each format can hold besides pixels, as Pillow names it.
METADATA = {
    "PNG": ("exif", "icc_profile", "dpi", "pnginfo"),
    "JPEG": ("exif", "icc_profile", "dpi", "xmp", "comment"),
    "WEBP": ("exif", "icc_profile", "xmp"),
    "TIFF": ("exif", "icc_profile", "dpi"),
    "BMP": ("dpi",),
}
LONGEST = {"JPEG": 65535, "WEBP": 16383}  # pixels a side that the format can count
BYTES_A_PIXEL = 48  # of a result, from reading to writing
BYTES_BESIDES = 1e9  # that TensorFlow and a network fill
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
        EXIF, colour profile, resolution in dots per inch, XMP, comment, chunks of a PNG, as Pillow takes them.
    format : str
        Pillow's name of the file format.
    """

    pixels: np.ndarray
    depth: int
    alpha: np.ndarray | None
    metadata: dict
    format: str


def check(path, scale=1, format=None):
    """Make sure that a picture can be read, and that its result fits into memory, from the first bytes of its file.

    Parameters
    ----------
    path : path-like
    scale : int, optional
        How many times as high and as wide the result is.
    format : str, optional
        Pillow's name of the result's format; that of the file by default.

    Raises
    ------
    FileNotFoundError, ValueError
        As in `read`; with the gigabytes that are needed and those that are there; or when a side has more pixels than the
        result's format can hold.
    """
    with _any_size(), image_io.opened_picture(path) as opened:
        width, height = (scale * side for side in opened.size)
        format = format or _format(opened)
    name = paths.shown(path)
    if max(width, height) > LONGEST.get(format, max(width, height)):
        raise ValueError(
            f"{name}: the result is {width}x{height}, and {format} holds at most {LONGEST[format]} pixels a side: "
            "enlarge it less, or write a PNG or TIFF file"
        )
    needed = BYTES_BESIDES + BYTES_A_PIXEL * width * height
    available = psutil.virtual_memory().available
    if needed > available:
        raise ValueError(
            f"{name}: {width}x{height} pixels need about {needed / 1e9:.0f} GB of memory, and {available / 1e9:.1f} GB are "
            "free: enlarge it less (a smaller --scale), or crop it first"
        )


def read(path):
    """Read a picture file.

    Parameters
    ----------
    path : path-like
        PNG, JPEG, WebP, TIFF or BMP. Palette, CMYK and other colour models become RGB.

    Returns
    -------
    Picture

    Raises
    ------
    FileNotFoundError
        When there is no such file.
    ValueError
        When it cannot be read as a picture or does not fit into memory, with the reason.

    Warns
    -----
    UserWarning
        When the file holds more than is used: further pictures, bits, channels, or metadata.
    """
    path = pathlib.Path(path)
    check(path)
    with _any_size(), image_io.opened_picture(path) as opened:
        frames = getattr(opened, "n_frames", 1)
        notes = [f"it holds {frames} pictures, and the first is used"] if frames > 1 else []
        deep = _deep_values(opened, path, notes)
        pixels, depth, alpha = deep or _eight_bit_values(opened, notes)
        picture = Picture(pixels, depth, alpha, _metadata(opened, pixels, notes), _format(opened))
    for note in notes:
        warnings.warn(f"{paths.shown(path)}: {note}", stacklevel=2)
    return picture


def as_format(picture, format):
    """The same picture for a file of another format.

    Parameters
    ----------
    picture : Picture
    format : str or None
        Pillow's name; None changes nothing.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        When the format holds no transparency, and the picture has some.

    Warns
    -----
    UserWarning
        When the format does not hold all bits or all metadata.
    """
    if format in (None, picture.format):
        return picture
    if picture.alpha is not None and format in ("JPEG", "BMP"):
        raise ValueError(f"{format} holds no transparency: name a PNG, WebP or TIFF file")
    depth = picture.depth
    grey = picture.pixels.shape[-1] == 1
    if depth == 16 and not (format == "TIFF" or (format == "PNG" and grey)):
        warnings.warn(f"{format} holds 8 bits, not 16: a TIFF file keeps all", stacklevel=2)
        depth = 8
    metadata = {key: value for key, value in picture.metadata.items() if key in METADATA[format]}
    lost = sorted(set(picture.metadata) - set(metadata))
    notes = [f"{format} does not keep {', '.join(lost)} of {picture.format}"] if lost else []
    if format == "TIFF" and "exif" in metadata:
        exif = Image.Exif()
        exif.load(metadata["exif"])
        metadata["exif"] = _tags(exif, (*DESCRIBING, ORIENTATION), notes)
    for note in notes:
        warnings.warn(note, stacklevel=2)
    return dataclasses.replace(picture, depth=depth, metadata=metadata, format=format)


def format_of(path):
    """The format that a file's suffix names.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    str or None
        Pillow's name; None where the suffix names no picture, as that of a folder.

    Raises
    ------
    ValueError
        When it names a format that is not written.
    """
    suffix = pathlib.Path(path).suffix.lower()
    for format, suffixes in image_io.FORMATS.items():
        if suffix in suffixes:
            return format
    if suffix in (".heic", ".heif", *Image.registered_extensions()):
        raise ValueError(f"{path} given, expected a folder, or a file that ends in {', '.join(image_io.SUFFIXES)}")
    return None


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
    values = _whole_numbers(picture.pixels, picture.depth)
    if picture.alpha is not None:
        values = np.concatenate([values, _whole_numbers(picture.alpha, picture.depth)], axis=-1)
    values = values[..., 0] if values.shape[-1] == 1 else values
    with files.replacing(path) as temporary:
        if values.dtype == np.uint16 and values.ndim == 3:
            _write_deep_tiff(temporary, values, picture.metadata)
        else:
            options = {**OPTIONS.get(picture.format, {}), **picture.metadata}
            Image.fromarray(values).save(temporary, format=picture.format, **options)


def _whole_numbers(values, depth):
    """[0, 1] as 8 or 16 bits, with one copy of floats and no more: a large picture fills gigabytes."""
    full = 2**depth - 1
    scaled = values * np.float32(full)
    np.clip(scaled, 0, full, out=scaled)
    return np.round(scaled, out=scaled).astype(np.uint16 if depth == 16 else np.uint8)


def _write_deep_tiff(path, values, metadata):
    """16 bits of colour, which Pillow does not write."""
    exif = metadata.get("exif") or {}
    tags = []
    for tag, value in exif.items():
        if tag in DESCRIBING:
            data = value if isinstance(value, bytes) else str(value).encode()
            kind = 1 if tag == 0x02BC else 2  # XMP is bytes, the others are text
            tags.append((tag, kind, len(data), data, True))
    tifffile.imwrite(
        path,
        values,
        photometric="rgb",
        extrasamples=["unassalpha"] * (values.shape[-1] - 3),
        compression="deflate",
        iccprofile=metadata.get("icc_profile"),
        resolution=metadata.get("dpi"),
        resolutionunit="inch" if "dpi" in metadata else None,
        metadata=None,
        software=False,
        extratags=tags,
    )


@contextlib.contextmanager
def _any_size():
    """Without Pillow's fixed limit, which is the process's: what is too large is a question of memory, see `check`."""
    limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
    try:
        yield
    finally:
        Image.MAX_IMAGE_PIXELS = limit


def _format(opened):
    """A phone's JPEG with further pictures in it is a JPEG."""
    return "JPEG" if opened.format == "MPO" else opened.format


def _deep_values(opened, path, notes):
    """Pixels, 16 and alpha; None when there are but eight bits."""
    if opened.mode == "F":
        raise ValueError("it holds floats, expected 8 or 16 bits: save it as one of these")
    bits, white = 8, 1
    if opened.format == "TIFF":
        bits, white = max(opened.tag_v2.get(258, (8,))), opened.tag_v2.get(262)
        samples, used = opened.tag_v2.get(277, 1), len(opened.getbands())
        if samples > used:
            notes.append(f"of its {samples} channels {used} are used")
        if opened.mode.startswith("RGB") and bits == 16:
            return _deep_colours(path, notes)
    elif opened.format == "PNG" and "16" in str([tile.args for tile in opened.tile]):
        bits = 16
    if opened.mode.startswith("I"):
        if bits > 16:
            raise ValueError(f"it holds {bits} bits a value, expected 8 or 16: save it as one of these")
        if "transparency" in opened.info:
            notes.append("the one value that stands for transparency is not used")
        values = _unit(np.asarray(opened), 2**bits - 1)[..., np.newaxis]
        return (1 - values if white == 0 else values), 16, None  # Pillow inverts 8 bits, not 16
    if bits > 8:
        notes.append(f"of its {bits} bits a colour the upper 8 are used; save it as TIFF with RGB to keep all")
    return None


def _deep_colours(path, notes):
    """What a TIFF holds in 16 bits a colour, of which Pillow keeps 8."""
    with tifffile.TiffFile(path) as file:
        page = file.pages[0]
        try:
            values = page.asarray()
        except ValueError as error:  # a compression that tifffile alone does not know
            notes.append(f"of its 16 bits a colour the upper 8 are used: {error}")
            return None
        if page.planarconfig == tifffile.PLANARCONFIG.SEPARATE:
            values = np.moveaxis(values, 0, -1)
        orientation = page.tags.valueof(274, 1)
        extra = page.extrasamples[0] if page.extrasamples else None
    values = _upright(_unit(values, 65535), orientation)
    pixels, alpha = values[..., :3], values[..., 3:4]
    if extra not in (tifffile.EXTRASAMPLE.UNASSALPHA, tifffile.EXTRASAMPLE.ASSOCALPHA):
        return pixels, 16, None
    if extra == tifffile.EXTRASAMPLE.ASSOCALPHA:  # the colours are stored multiplied by it
        pixels = np.divide(pixels, alpha, out=np.zeros_like(pixels), where=alpha > 0)
        pixels = np.minimum(pixels, 1)
    return pixels, 16, alpha


def _upright(values, orientation):
    """As a viewer shows it, by EXIF's orientation from 1 to 8; Pillow does so for every TIFF."""
    if orientation in (5, 6, 7, 8):
        values = values.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        values = values[:, ::-1]
    if orientation in (3, 4, 7, 8):
        values = values[::-1]
    return values


def _metadata(opened, pixels, notes):
    """What describes the picture, as Pillow's `save` takes it."""
    found = {**opened.info, "pnginfo": _chunks(opened), "exif": opened.info.get("exif")}
    if opened.format == "TIFF":
        found["exif"] = _tags(opened.getexif(), DESCRIBING, notes)
    if opened.info.get("photoshop"):
        notes.append("what Photoshop stored beside the picture (IPTC) is not kept")
    profile = opened.info.get("icc_profile")
    space = b"GRAY" if pixels.shape[-1] == 1 else b"RGB "
    if profile and profile[16:20] != space:
        if opened.mode != "CMYK":  # there it has served, see `_rgb`
            notes.append("its colour profile is for other colours, and is not kept")
        found["icc_profile"] = None
    return {key: found[key] for key in METADATA[_format(opened)] if found.get(key)}


def _tags(exif, kept, notes):
    """Those of an EXIF that a TIFF can keep."""
    if DIRECTORIES & set(exif):
        notes.append("camera settings and place are not kept in a TIFF")
    tags = Image.Exif()
    tags.update({tag: exif[tag] for tag in kept if tag in exif})
    return tags


def _chunks(opened):
    """Texts, gamma and primaries of a PNG."""
    if opened.format != "PNG":
        return None
    kept = PngImagePlugin.PngInfo()
    for key, text in opened.text.items():
        kept.add_text(key, text)
    numbers = {b"gAMA": opened.info.get("gamma"), b"cHRM": opened.info.get("chromaticity")}
    for name, values in numbers.items():
        if values:
            counts = np.round(100_000 * np.atleast_1d(values)).astype(">u4")
            kept.add(name, counts.tobytes())
    if "srgb" in opened.info:
        kept.add(b"sRGB", bytes([opened.info["srgb"]]))
    return kept if kept.chunks else None


def _eight_bit_values(opened, notes):
    """Pixels, depth and alpha."""
    grey = opened.mode in ("1", "L", "LA", "La")
    if opened.has_transparency_data:
        values = _unit(np.asarray(opened.convert("LA" if grey else "RGBA")), 255)
        return values[..., :-1], 8, values[..., -1:]
    picture = _rgb(opened, notes) if opened.mode == "CMYK" else opened
    values = _unit(np.asarray(picture.convert("L" if grey else "RGB")), 255)
    return values.reshape(*values.shape[:2], -1), 8, None


def _rgb(opened, notes):
    """Four inks as sRGB, by the file's own profile where it has one."""
    profile = opened.info.get("icc_profile")
    if not profile:
        notes.append("it is CMYK without a colour profile: its RGB is a guess")
        return opened
    try:
        own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        return ImageCms.profileToProfile(opened, own, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError):
        notes.append("its colour profile cannot be used: its RGB is a guess")
        return opened


def _unit(values, full):
    if values.min() < 0 or values.max() > full:
        raise ValueError(f"its values reach from {values.min()} to {values.max()}, expected 0 to {full}")
    return np.divide(values, full, dtype=np.float32)
