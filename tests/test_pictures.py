"""A reader's picture comes back as it was: depth, transparency, EXIF, colour profile."""

import struct
import warnings
import zlib

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms, PngImagePlugin

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
    with pytest.warns(UserWarning, match="its RGB is a guess"):
        assert pictures.read(tmp_path / "cmyk.jpg").pixels.shape == (12, 20, 3)
    assert pictures.read(tmp_path / "palette.png").alpha.shape == (12, 20, 1)
    line = pictures.read(tmp_path / "line.png")
    assert line.pixels.shape == (12, 20, 1) and set(np.unique(line.pixels)) <= {0, 1}


@pytest.mark.parametrize("broken", ["text", "truncated", "empty", "floats"])
def test_what_cannot_be_read_is_named_with_the_reason(tmp_path, broken):
    path = tmp_path / "broken.png"
    Image.fromarray(COLOR).save(path)
    if broken == "text":
        path.write_text("not a picture")
    elif broken == "truncated":
        path.write_bytes(path.read_bytes()[:200])
    elif broken == "empty":
        path.write_bytes(b"")
    else:
        path = tmp_path / "floats.tif"
        Image.fromarray(DEEP.astype(np.float32)).save(path)
    with pytest.raises(ValueError, match=rf"{path.name} cannot be read as a picture: \w"):
        pictures.read(path)
    with pytest.raises(FileNotFoundError, match=r"no file none\.png"):
        pictures.read(tmp_path / "none.png")


def test_a_small_file_that_claims_a_huge_picture(tmp_path):
    path = tmp_path / "bomb.png"
    Image.fromarray(COLOR).save(path)
    data = bytearray(path.read_bytes())
    data[16:24] = struct.pack(">II", 60_000, 60_000)
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    path.write_bytes(data)
    limit = Image.MAX_IMAGE_PIXELS
    with pytest.raises(ValueError, match=r"bomb\.png: 60000x60000 pixels need about 174 GB"):
        pictures.read(path)
    assert Image.MAX_IMAGE_PIXELS == limit


def test_a_picture_beyond_pillows_own_limit(tmp_path, monkeypatch):
    Image.fromarray(COLOR).save(tmp_path / "in.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    assert pictures.read(tmp_path / "in.png").pixels.shape == (12, 20, 3)
    assert Image.MAX_IMAGE_PIXELS == 100


def through(path, out=None):
    """A picture, read and written again; its warnings are for the test."""
    picture = pictures.read(path)
    out = out or path.with_name(f"out{path.suffix}")
    pictures.write(out, picture)
    return picture, out


@pytest.mark.parametrize("name", ["pages.tif", "moving.webp", "moving.png", "phone.jpg"])
def test_only_the_first_of_several_pictures_is_used_and_that_is_said(tmp_path, name):
    frames = [Image.fromarray(np.full((8, 8, 3), value, np.uint8)) for value in (0, 90, 250)]
    options = {"format": "MPO"} if name == "phone.jpg" else {}
    frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:], **options)
    with pytest.warns(UserWarning, match=f"{name}: it holds 3 pictures, and the first"):
        picture, out = through(tmp_path / name)
    assert picture.pixels.max() < 0.05
    with Image.open(out) as image:
        assert getattr(image, "n_frames", 1) == 1
        assert image.format == {"phone.jpg": "JPEG"}.get(name, image.format)


def test_a_phones_picture_keeps_the_quality_of_a_jpeg(tmp_path):
    fine = Image.fromarray(RNG.integers(0, 256, (64, 64, 3), dtype=np.uint8))
    fine.save(tmp_path / "phone.jpg", format="MPO", save_all=True, append_images=[fine], quality=100)
    fine.save(tmp_path / "plain.jpg", quality=100)
    with pytest.warns(UserWarning, match="2 pictures"):
        _, phone = through(tmp_path / "phone.jpg", tmp_path / "out_phone.jpg")
    _, plain = through(tmp_path / "plain.jpg", tmp_path / "out_plain.jpg")
    with Image.open(phone) as one, Image.open(plain) as other:
        assert one.quantization == other.quantization


DEEP_COLOR = RNG.integers(0, 65536, (12, 20, 4), dtype=np.uint16)


@pytest.mark.parametrize(
    ("channels", "options"),
    [
        (3, {"planarconfig": "separate"}),
        (3, {"compression": "deflate"}),
        (3, {"tile": (16, 16)}),
        (3, {"bigtiff": True}),
        (4, {"extrasamples": ["unassalpha"]}),
        (4, {"extrasamples": ["unassalpha"], "planarconfig": "separate"}),
    ],
)
def test_sixteen_bits_of_colour_however_they_lie(tmp_path, channels, options):
    values = DEEP_COLOR[..., :channels]
    separate = options.get("planarconfig") == "separate"
    stored = np.moveaxis(values, -1, 0) if separate else values
    tifffile.imwrite(tmp_path / "in.tif", stored, photometric="rgb", **options)
    picture, out = through(tmp_path / "in.tif")
    assert picture.depth == 16 and (picture.alpha is not None) == (channels == 4)
    np.testing.assert_array_equal(tifffile.imread(out), values)


def test_colours_stored_multiplied_by_their_opacity(tmp_path):
    values = np.array([[[20000, 10000, 0, 40000], [0, 0, 0, 0], [7, 8, 9, 65535]]], np.uint16)
    tifffile.imwrite(tmp_path / "in.tif", values, photometric="rgb", extrasamples=["assocalpha"])
    picture, _ = through(tmp_path / "in.tif")
    np.testing.assert_allclose(picture.pixels[0, 0], [0.5, 0.25, 0], atol=1e-4)
    np.testing.assert_allclose(picture.alpha[0, :, 0], [40000 / 65535, 0, 1], atol=1e-5)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_every_tiff_is_turned_upright(tmp_path, orientation, dtype):
    values = np.arange(2 * 3 * 3, dtype=dtype).reshape(2, 3, 3)
    small = values.astype(np.uint8)
    tags = [(274, 3, 1, orientation, True)]
    tifffile.imwrite(tmp_path / "in.tif", values, photometric="rgb", extratags=tags)
    tifffile.imwrite(tmp_path / "eight.tif", small, photometric="rgb", extratags=tags)
    with Image.open(tmp_path / "eight.tif") as image:
        expected = np.asarray(image)
    _, out = through(tmp_path / "in.tif")
    np.testing.assert_array_equal(tifffile.imread(out), expected)


def test_white_that_is_stored_as_zero(tmp_path):
    for values in (DEEP, (DEEP >> 8).astype(np.uint8)):
        tifffile.imwrite(tmp_path / "in.tif", values, photometric="miniswhite")
        _, out = through(tmp_path / "in.tif")
        written = tifffile.imread(out)
        np.testing.assert_array_equal(written, np.iinfo(values.dtype).max - values)


def test_twelve_bits_keep_their_brightness(tmp_path):
    values = RNG.integers(0, 4096, (4, 6), dtype=np.uint16)
    bits = "".join(f"{value:012b}" for value in values.ravel())
    packed = int(bits, 2).to_bytes(len(bits) // 8, "big")
    tags = [(256, 6), (257, 4), (258, 12), (259, 1), (262, 1), (273, 8), (277, 1), (278, 4), (279, len(packed))]
    directory = struct.pack("<H", len(tags))
    for tag, value in tags:
        directory += struct.pack("<HHII", tag, 4, 1, value)
    header = b"II" + struct.pack("<HI", 42, 8 + len(packed))
    (tmp_path / "in.tif").write_bytes(header + packed + directory + bytes(4))
    picture = pictures.read(tmp_path / "in.tif")
    np.testing.assert_allclose(picture.pixels[..., 0], values / 4095, atol=1e-6)


@pytest.mark.parametrize("dtype", [np.int16, np.int32, np.uint32, np.float32])
def test_other_numbers_are_refused(tmp_path, dtype):
    tifffile.imwrite(tmp_path / "in.tif", np.arange(-5, 15).reshape(4, 5).astype(dtype), photometric="minisblack")
    with pytest.raises(ValueError, match="expected"):
        pictures.read(tmp_path / "in.tif")


def test_channels_that_are_not_used_are_counted(tmp_path):
    eight = RNG.integers(0, 256, (12, 20, 5), dtype=np.uint8)
    tifffile.imwrite(tmp_path / "five.tif", eight, photometric="rgb", extrasamples=["unspecified"] * 2)
    with pytest.warns(UserWarning, match="of its 5 channels 3 are used"):
        pictures.read(tmp_path / "five.tif")
    tifffile.imwrite(tmp_path / "four.tif", DEEP_COLOR, photometric="rgb", extrasamples=["unspecified"])
    with pytest.warns(UserWarning, match="of its 4 channels 3 are used"):
        _, out = through(tmp_path / "four.tif")
    np.testing.assert_array_equal(tifffile.imread(out), DEEP_COLOR[..., :3])


def test_bits_that_are_not_used_are_named(tmp_path):
    tifffile.imwrite(tmp_path / "inks.tif", DEEP_COLOR, photometric="separated")
    with pytest.warns(UserWarning) as said:
        assert pictures.read(tmp_path / "inks.tif").depth == 8
    assert "of its 16 bits a colour the upper 8 are used" in str(said[0].message)
    assert "its RGB is a guess" in str(said[1].message)
    Image.fromarray(DEEP_COLOR[..., 0]).save(tmp_path / "key.png", transparency=int(DEEP_COLOR[0, 0, 0]))
    with pytest.warns(UserWarning, match="stands for transparency"):
        assert pictures.read(tmp_path / "key.png").depth == 16


def test_plain_pictures_are_read_without_a_word(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for side in (16, 160, 161):
            for suffix in ("png", "bmp", "tif", "jpg", "webp"):
                for mode in ("RGB", "L", "1", "P"):
                    if (suffix, mode) not in (("jpg", "P"), ("webp", "P"), ("jpg", "1"), ("webp", "1")):
                        Image.new("RGB", (side, 16)).convert(mode).save(tmp_path / f"in.{suffix}")
                        pictures.read(tmp_path / f"in.{suffix}")
        Image.new("RGB", (1600, 16)).save(tmp_path / "in.tif", compression="tiff_lzw")
        pictures.read(tmp_path / "in.tif")


def inks_profile():
    """A colour profile for four inks: each corner of their cube has a colour, and what lies between is mixed."""
    corners = []
    for corner in np.ndindex(2, 2, 2, 2):
        lightness = 255 * (1 - corner[3]) * (1 - sum(corner[:3]) / 3)
        yellow = 255 if corner[2] and lightness > 1 else 128
        corners.append((int(lightness), 128, yellow))  # the other inks are grey
    matrix = struct.pack(">9i", *(65536 * np.eye(3, dtype=int)).ravel())
    ramp = bytes(range(256))
    table = b"mft1" + bytes(4) + bytes([4, 3, 2, 0]) + matrix + 4 * ramp + bytes(sum(corners, ())) + 3 * ramp
    text = b"text" + bytes(4) + b"inks\0" + bytes(3)
    white = b"XYZ " + bytes(4) + struct.pack(">3i", 63190, 65536, 54061)
    blocks = {b"desc": text, b"cprt": text, b"wtpt": white, b"A2B0": table + bytes(-len(table) % 4)}
    entries, data = b"", b""
    for name, block in blocks.items():
        entries += name + struct.pack(">II", 132 + 12 * len(blocks) + len(data), len(block))
        data += block
    header = struct.pack(">I4sI4s4s4s", 132 + len(entries) + len(data), b"", 0x02400000, b"prtr", b"CMYK", b"Lab ")
    header += struct.pack(">6H4s", 2026, 1, 1, 0, 0, 0, b"acsp") + bytes(28) + struct.pack(">3i", 63190, 65536, 54061)
    return header.ljust(128, b"\0") + struct.pack(">I", len(blocks)) + entries + data


def test_inks_become_rgb_by_their_own_profile(tmp_path):
    inks = np.zeros((8, 8, 4), np.uint8)
    inks[:, 4:, 2] = 255
    inks[4:, :, 3] = 255
    image = Image.fromarray(inks, mode="CMYK")
    image.save(tmp_path / "inks.tif", icc_profile=inks_profile())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        picture, out = through(tmp_path / "inks.tif")
    paper, yellow, black = picture.pixels[0, 0], picture.pixels[0, 7], picture.pixels[7, 0]
    np.testing.assert_allclose(paper, 1, atol=0.02)
    np.testing.assert_allclose(black, 0, atol=0.02)
    assert 0.5 < yellow[0] < 0.9 and yellow[2] < 0.1  # Pillow alone makes it (1, 1, 0)
    with Image.open(out) as written:
        assert written.mode == "RGB" and "icc_profile" not in written.info
    image.save(tmp_path / "broken.tif", icc_profile=inks_profile()[:200])
    with pytest.warns(UserWarning, match="its colour profile cannot be used"):
        picture, out = through(tmp_path / "broken.tif")
    with Image.open(out) as written:
        assert "icc_profile" not in written.info


def test_a_profile_for_other_colours_is_not_kept(tmp_path):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.fromarray(COLOR[..., 0]).save(tmp_path / "grey.jpg", icc_profile=profile)
    with pytest.warns(UserWarning, match="colour profile is for other colours"):
        picture = pictures.read(tmp_path / "grey.jpg")
    assert "icc_profile" not in picture.metadata


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "bmp"])
def test_dots_per_inch_are_kept(tmp_path, suffix):
    Image.fromarray(COLOR).save(tmp_path / f"in.{suffix}", dpi=(300, 300))
    _, out = through(tmp_path / f"in.{suffix}")
    with Image.open(out) as written:
        assert [round(float(dots)) for dots in written.info["dpi"]] == [300, 300]


def test_texts_and_gamma_of_a_png_are_kept(tmp_path):
    given = PngImagePlugin.PngInfo()
    given.add_text("Title", "a church")
    given.add_text("Long", "many words " * 50, zip=True)
    given.add_itxt("Author", "Żaneta", lang="pl", tkey="Autorka")
    given.add_itxt("XML:com.adobe.xmp", "<x:xmpmeta/>")
    given.add(b"gAMA", struct.pack(">I", 45455))
    given.add(b"cHRM", struct.pack(">8I", *range(30000, 30008)))
    Image.fromarray(COLOR).save(tmp_path / "in.png", pnginfo=given)
    _, out = through(tmp_path / "in.png")
    with Image.open(tmp_path / "in.png") as before, Image.open(out) as after:
        before.load(), after.load()
        assert after.text == before.text and len(after.text) == 4
        assert after.text["Author"].lang == "pl"
        for key in ("gamma", "chromaticity", "xmp"):
            assert after.info[key] == before.info[key]


@pytest.mark.parametrize("suffix", ["jpg", "webp"])
def test_xmp_and_comments_are_kept(tmp_path, suffix):
    options = {"xmp": b"<x:xmpmeta/>", "comment": b"taken by hand"}
    Image.fromarray(COLOR).save(tmp_path / f"in.{suffix}", **options)
    _, out = through(tmp_path / f"in.{suffix}")
    with Image.open(tmp_path / f"in.{suffix}") as before, Image.open(out) as after:
        for key in options:
            assert after.info.get(key) == before.info.get(key)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_what_describes_a_tiff_is_kept(tmp_path, dtype):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    tags = [(271, 2, 9, "a camera", True), (33432, 2, 3, "me", True), (700, 1, 12, b"<x:xmpmeta/>", True)]
    options = {"description": "a church", "iccprofile": profile, "resolution": (300, 300), "resolutionunit": "inch"}
    tifffile.imwrite(
        tmp_path / "in.tif",
        COLOR.astype(dtype),
        photometric="rgb",
        metadata=None,
        software="a program",
        extratags=tags,
        **options,
    )
    _, out = through(tmp_path / "in.tif")
    with Image.open(tmp_path / "in.tif") as before, Image.open(out) as after:
        for tag in (270, 271, 305, 33432, 700):
            assert after.getexif()[tag] == before.getexif()[tag], tag
        assert after.info["icc_profile"] == profile
        assert [float(dots) for dots in after.info["dpi"]] == [300, 300]


def test_camera_settings_are_named_where_they_are_lost(tmp_path):
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = "2026:01:02 03:04:05"
    exif[0x8769], exif[0x0112] = 0, 6
    lost = pytest.warns(UserWarning, match="camera settings and place are not kept in a TIFF")
    Image.fromarray(COLOR).save(tmp_path / "in.tif", exif=exif)
    with lost:
        through(tmp_path / "in.tif")
    Image.fromarray(COLOR).save(tmp_path / "in.jpg", exif=exif)
    picture, out = through(tmp_path / "in.jpg")
    with Image.open(out) as kept:
        assert kept.getexif().get_ifd(0x8769)[0x9003] == "2026:01:02 03:04:05"
    with lost:
        picture = pictures.as_format(picture, "TIFF")
    pictures.write(tmp_path / "out.tif", picture)
    with Image.open(tmp_path / "out.tif") as turned:
        assert turned.size == (12, 20)


def test_what_photoshop_stored_is_named(tmp_path):
    block = b"Photoshop 3.0\0" + b"8BIM" + struct.pack(">HHI", 0x0404, 0, 4) + b"text"
    marker = b"\xff\xed" + struct.pack(">H", len(block) + 2) + block
    Image.fromarray(COLOR).save(tmp_path / "in.jpg", extra=marker)
    with pytest.warns(UserWarning, match="Photoshop"):
        pictures.read(tmp_path / "in.jpg")


def test_another_format_keeps_what_it_can(tmp_path):
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "a camera"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.fromarray(COLOR).save(tmp_path / "in.jpg", exif=exif, icc_profile=profile, dpi=(300, 300), comment=b"by hand")
    picture = pictures.read(tmp_path / "in.jpg")
    for format, suffix in (("PNG", "png"), ("TIFF", "tif"), ("WEBP", "webp")):
        with pytest.warns(UserWarning, match=f"{format} does not keep comment"):
            pictures.write(tmp_path / f"out.{suffix}", pictures.as_format(picture, format))
        with Image.open(tmp_path / f"out.{suffix}") as written:
            assert written.info["icc_profile"] == profile
            assert written.getexif()[0x010F] == "a camera"
            # A TIFF is shown upright as soon as it is opened.
            assert written.size == ((12, 20) if suffix == "tif" else (20, 12))
