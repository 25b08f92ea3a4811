"""A reader's picture comes back as it was: depth, transparency, EXIF, colour profile."""

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms

from helpers import pictures

RNG = np.random.default_rng(0)
COLOR = RNG.integers(0, 256, (12, 20, 3), dtype=np.uint8)
ALPHA = RNG.integers(0, 256, (12, 20, 1), dtype=np.uint8)
DEEP = RNG.integers(0, 65536, (12, 20), dtype=np.uint16)


@pytest.mark.parametrize(
    ("values", "suffixes"),
    [
        (COLOR, ("png", "bmp", "tif", "jpg", "webp")),
        (COLOR[..., 0], ("png", "bmp", "tif", "jpg")),
        (np.concatenate([COLOR, ALPHA], axis=-1), ("png", "tif", "webp")),
        (np.concatenate([COLOR[..., :1], ALPHA], axis=-1), ("png",)),
        (DEEP, ("png", "tif")),
    ],
)
def test_written_as_it_was_read(tmp_path, values, suffixes):
    for suffix in suffixes:
        Image.fromarray(values).save(tmp_path / f"in.{suffix}")
        picture = pictures.read(tmp_path / f"in.{suffix}")
        assert picture.pixels.dtype == np.float32 and picture.pixels.shape[:2] == (12, 20)
        assert picture.depth == (16 if values.dtype == np.uint16 else 8)
        pictures.write(tmp_path / f"out.{suffix}", picture)
        with Image.open(tmp_path / f"in.{suffix}") as before, Image.open(tmp_path / f"out.{suffix}") as after:
            assert (before.mode, before.size, before.format) == (after.mode, after.size, after.format)
            loss = {"jpg": 40, "webp": 40}.get(suffix, 0)
            difference = np.asarray(before, dtype=np.int64) - np.asarray(after, dtype=np.int64)
            assert np.abs(difference).mean() <= loss, suffix


def test_sixteen_bits_of_colour(tmp_path):
    values = RNG.integers(0, 65536, (12, 20, 3), dtype=np.uint16)
    tifffile.imwrite(tmp_path / "in.tif", values, photometric="rgb")
    picture = pictures.read(tmp_path / "in.tif")
    pictures.write(tmp_path / "out.tif", picture)
    assert picture.depth == 16
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "out.tif"), values)


def test_metadata_is_kept_and_the_orientation_not_applied(tmp_path):
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "a camera"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for suffix in ("jpg", "png", "webp", "tif"):
        Image.fromarray(COLOR).save(tmp_path / f"in.{suffix}", exif=exif, icc_profile=profile)
        picture = pictures.read(tmp_path / f"in.{suffix}")
        turned = suffix == "tif"  # there the reader applies it
        assert picture.pixels.shape == ((20, 12, 3) if turned else (12, 20, 3))
        pictures.write(tmp_path / f"out.{suffix}", picture)
        with Image.open(tmp_path / f"out.{suffix}") as after:
            assert after.getexif().get(0x0112, 1) == (1 if turned else 6) and after.getexif()[0x010F] == "a camera", suffix
            assert after.info["icc_profile"] == profile


def test_other_colour_models(tmp_path):
    Image.fromarray(COLOR).convert("CMYK").save(tmp_path / "cmyk.jpg")
    transparent = Image.fromarray(COLOR).convert("P")
    transparent.info["transparency"] = 3
    transparent.save(tmp_path / "palette.png", transparency=3)
    Image.fromarray(COLOR).convert("1").save(tmp_path / "line.png")
    assert pictures.read(tmp_path / "cmyk.jpg").pixels.shape == (12, 20, 3)
    assert pictures.read(tmp_path / "palette.png").alpha.shape == (12, 20, 1)
    line = pictures.read(tmp_path / "line.png")
    assert line.pixels.shape == (12, 20, 1) and set(np.unique(line.pixels)) <= {0, 1}


@pytest.mark.parametrize("broken", ["text", "truncated", "empty", "bomb", "floats"])
def test_what_cannot_be_read_is_named_with_the_reason(tmp_path, broken, monkeypatch):
    path = tmp_path / "broken.png"
    Image.fromarray(COLOR).save(path)
    if broken == "text":
        path.write_text("not a picture")
    elif broken == "truncated":
        path.write_bytes(path.read_bytes()[:200])
    elif broken == "empty":
        path.write_bytes(b"")
    elif broken == "bomb":
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    else:
        path = tmp_path / "floats.tif"
        Image.fromarray(DEEP.astype(np.float32)).save(path)
    with pytest.raises(ValueError, match=rf"{path.name} cannot be read as a picture: \w"):
        pictures.read(path)
    with pytest.raises(FileNotFoundError, match=r"no file none\.png"):
        pictures.read(tmp_path / "none.png")
