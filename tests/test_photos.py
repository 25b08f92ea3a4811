"""The photographs: verified, split by scene without near-duplicates, cut into pairs that survive damage."""

import functools
import os
import re
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy import ndimage

from helpers import datasets, degradations, image_io, paths
from helpers.datasets import photographs

ALIKE = 0.28  # two views of one motorcycle reach 0.50, two of one tower 0.31, the most alike strangers 0.24


@pytest.fixture(scope="module")
def table():
    return datasets.photo_table()


@pytest.fixture(scope="module")
def by_split():
    return {split: datasets.load_photos(split) for split in datasets.SPLITS}


def test_the_table_is_whole(table):
    assert len(table) >= 100 and not table.duplicated("sha256").any()
    assert list(table) == "file distribution version sha256 licence width height scene split shown".split()
    assert (table[["file", "distribution", "version", "licence", "scene"]] != "").all(axis=None)
    assert table[["width", "height"]].min(axis=1).min() >= 256 and table[["width", "height"]].max(axis=1).min() >= 384
    assert table["sha256"].str.fullmatch("[0-9a-f]{64}").all()


def test_a_scene_lies_in_one_split_only(table):
    assert (table.groupby("scene")["split"].nunique() == 1).all()
    share = table["split"].value_counts(normalize=True)
    assert 0.65 < share["train"] < 0.75 and 0.08 < share["validation"] < 0.13 and 0.17 < share["test"] < 0.23


def test_six_photographs_of_the_test_split_run_through_the_chapters(table):
    shown = table[table["shown"] != ""]
    assert sorted(shown["shown"]) == ["animal", "building", "fine texture", "foliage", "lettering", "smooth sky"]
    assert set(shown["split"]) == {"test"} and len(datasets.load_photos("shown")) == 6


def test_photographs_are_loaded_as_they_are_listed(table, by_split):
    for split, pictures in by_split.items():
        rows = table[table["split"] == split]
        assert [picture.shape for picture in pictures] == list(zip(rows["height"], rows["width"], [3] * len(rows), strict=True))
        assert all(picture.dtype == np.uint8 for picture in pictures)
        colour = [np.ptp(picture[::8, ::8].astype(int), axis=-1).mean() for picture in pictures]
        assert min(colour) > 1, "a grey picture"


def test_no_near_duplicate_crosses_a_split(table, by_split):
    """The best match of every photograph with every one of another split, over shifts, three sizes and both hands."""
    fine = {split: list(map(detail, pictures)) for split, pictures in by_split.items()}
    for one, other in (("train", "validation"), ("train", "test"), ("validation", "test")):
        likeness = max_likeness(fine[one], fine[other])
        worst = np.unravel_index(likeness.argmax(), likeness.shape)
        files = [table[table["split"] == split]["file"].iloc[k] for split, k in zip((one, other), worst, strict=True)]
        assert likeness.max() < ALIKE, (files, likeness.max())


def test_the_search_finds_copies(table, by_split):
    names = table[table["split"] == "train"]["file"].str.extract(r"(\w[\w-]*)\.\w+$")[0].tolist()
    for pair in (("rocks2-l", "rocks2-r"), ("motorcycle_left", "motorcycle_right"), ("eiffel-1", "eiffel-2")):
        one, other = (detail(by_split["train"][names.index(name)]) for name in pair)
        assert max_likeness([one], [other]) > ALIKE, pair
    photo = by_split["test"][4]
    height, width = photo.shape[:2]
    darker_crop = (photo[height // 4 :, : 3 * width // 4] * 0.7).astype(np.uint8)
    for copy in (photo[:, ::-1], darker_crop):
        assert max_likeness([detail(photo)], [detail(copy)]) > ALIKE


def detail(picture):
    """Fine structure at three sizes, with its contrast evened out: skies and horizons are all alike without that."""
    found = []
    for size in ((96, 72), (128, 96), (176, 132)):
        grey = np.asarray(Image.fromarray(picture).convert("L").resize(size, Image.Resampling.BOX), np.float32)
        fine = grey - ndimage.gaussian_filter(grey, 2)
        found.append(fine / (np.sqrt(ndimage.gaussian_filter(fine**2, 6)) + 3))
    return found


def max_likeness(some, others):
    """The highest normalised correlation of each of `some` with each of `others`, in either direction of scale."""
    there, back = _likeness(some, others), _likeness(others, some)
    return np.maximum(there, back.T)


def _likeness(some, others):
    shape = (256, 320)
    whole = np.fft.rfft2(np.stack([views[0] for views in some]), shape)
    norms = np.array([np.linalg.norm(views[0]) for views in some])
    window = np.fft.rfft2(np.ones_like(some[0][0]), shape)
    likeness = np.zeros((len(some), len(others)))
    for k, sizes in enumerate(others):
        for picture in (view[:, ::hand] for view in sizes for hand in (1, -1)):
            energy = np.fft.irfft2(np.conj(window) * np.fft.rfft2(picture**2, shape), shape)
            enough = energy > 0.3 * np.mean(picture**2) * some[0][0].size
            energy = np.maximum(energy, 1e-6)
            matches = np.fft.irfft2(np.conj(whole) * np.fft.rfft2(picture, shape), shape) / np.sqrt(energy)
            likeness[:, k] = np.maximum(likeness[:, k], np.where(enough, matches, 0).max(axis=(1, 2)) / norms)
    return likeness


def test_tiles(by_split):
    tiles = datasets.photo_tiles("validation", 256)
    assert tiles.shape[1:] == (256, 256, 3) and tiles.dtype == np.uint8
    assert len(tiles) == sum((p.shape[0] // 256) * (p.shape[1] // 256) for p in by_split["validation"])
    np.testing.assert_array_equal(tiles[0], by_split["validation"][0][:256, :256])
    assert len(datasets.photo_tiles("validation", 256, stride=128)) > 2 * len(tiles)
    for wrong in ({"size": 0}, {"size": 64, "stride": 0}, {"size": 2.5}):
        with pytest.raises(ValueError, match="expected an int of 1 or more"):
            datasets.photo_tiles("validation", **wrong)
    with pytest.raises(ValueError, match="no photograph of 'validation' is as large"):
        datasets.photo_tiles("validation", 5000)
    with pytest.raises(ValueError, match="split is 'dev'"):
        datasets.load_photos("dev")


def test_a_photograph_that_is_missing_or_altered_is_named(monkeypatch, tmp_path, table):
    row = table.iloc[0]
    monkeypatch.setattr(photographs, "_files", lambda name: {})
    with pytest.raises(
        FileNotFoundError, match=f"{re.escape(row.file)} of {row.distribution} .* is not installed: run `make data`"
    ):
        datasets.load_photos("train")
    (tmp_path / "other.png").write_bytes(b"other bytes")
    monkeypatch.setattr(photographs, "_files", lambda name: dict.fromkeys(table["file"], tmp_path / "other.png"))
    with pytest.raises(ValueError, match=f"{re.escape(row.file)} has SHA-256 .* expected {row.sha256[:16]}"):
        datasets.verify_photos()


@pytest.fixture
def few(monkeypatch):
    """Four photographs instead of all, so that building is a matter of a second."""
    some = datasets.photo_table().groupby("split").head(2).query("width * height < 1e6")
    paths.cache().mkdir(parents=True)
    some.to_csv(paths.cache() / "few.csv")
    monkeypatch.setattr(photographs, "TABLE", paths.cache() / "few.csv")
    return some


def test_pairs_are_built_in_the_published_layout(few):
    pairs = datasets.build_pairs()
    folder = datasets.pairs_folder()
    pd.testing.assert_frame_equal(pairs, pd.read_csv(folder / "image_data.csv"))
    assert list(pairs) == ["low_res", "high_res", "split"] and len(pairs) == 3 * pairs["high_res"].nunique()
    assert set(pairs["split"]) == set(few["split"])
    for row in pairs.itertuples():
        scene, factor = re.fullmatch(r"(\d+)_(\d)\.png", row.low_res).groups()
        assert row.high_res == f"{scene}.png"
        low, high = (
            image_io.read_picture(folder / "low res" / row.low_res),
            image_io.read_picture(folder / "high res" / row.high_res),
        )
        assert low.shape == high.shape == (256, 384, 3)
        expected = degradations.lower_resolution(high[np.newaxis].astype(np.float32) / 255, int(factor))[0] * 255
        assert np.abs(low - expected).max() <= 0.5 + 1e-3


def test_what_is_whole_is_left_alone_and_what_is_not_is_made_again(few, capsys):
    datasets.build_pairs()
    files = sorted(file for file in datasets.pairs_folder().rglob("*.png"))
    contents = {file: file.read_bytes() for file in files}
    times = {file: file.stat().st_mtime_ns for file in files}
    datasets.build_pairs()
    assert times == {file: file.stat().st_mtime_ns for file in files} and not capsys.readouterr().err
    damaged = files[:3]
    damaged[0].write_bytes(damaged[0].read_bytes()[:100])
    damaged[1].write_bytes(contents[damaged[2]])
    damaged[2].unlink()
    datasets.build_pairs()
    assert "3 file(s) missing or damaged, made again" in (said := capsys.readouterr().err)
    assert all(file.name in said for file in damaged)
    assert contents == {file: file.read_bytes() for file in files}
    assert all(times[file] == file.stat().st_mtime_ns for file in files if file not in damaged)
    (datasets.pairs_folder() / "sha256.csv").write_text("not a table")
    datasets.build_pairs()
    assert contents == {file: file.read_bytes() for file in files}


def test_an_interrupted_build_goes_on(few, monkeypatch):
    class Interrupted(Exception):
        pass

    pairs = datasets.build_pairs()
    undisturbed = {file: file.read_bytes() for file in datasets.pairs_folder().rglob("*.*")}
    shutil.rmtree(datasets.pairs_folder())
    write, written = photographs._write_picture, []

    def write_some(path, pixels, most):
        if len(written) == most:
            raise Interrupted
        written.append(path.name)
        return write(path, pixels)

    monkeypatch.setattr(photographs, "NOTED_EVERY", 1)
    monkeypatch.setattr(photographs, "_write_picture", functools.partial(write_some, most=6))
    with pytest.raises(Interrupted):
        datasets.build_pairs()
    assert not (datasets.pairs_folder() / "image_data.csv").exists()
    monkeypatch.setattr(photographs, "_write_picture", functools.partial(write_some, most=None))
    pd.testing.assert_frame_equal(datasets.build_pairs(), pairs)
    assert undisturbed == {file: file.read_bytes() for file in datasets.pairs_folder().rglob("*.*")}
    assert len(written) == 4 * len(pairs) / 3 + 2  # only the picture that was not noted yet is written again


def test_another_table_makes_other_pairs(few, monkeypatch):
    datasets.build_pairs()
    few.head(1).to_csv(photographs.TABLE)
    assert set(datasets.build_pairs()["split"]) == {"train"}


def picture_file(path, mode):
    ramp = np.linspace(0, 1, 24).reshape(1, -1).repeat(16, axis=0)
    eight = Image.fromarray(np.round(ramp * 255).astype(np.uint8))
    if mode == "16":
        Image.fromarray(np.round(ramp * 65535).astype(np.uint16)).save(path)
    elif mode == "float":
        Image.fromarray(ramp.astype(np.float32)).save(path)
    elif mode == "LA":
        alpha = Image.fromarray(np.full((16, 24), 51, np.uint8))
        Image.merge("LA", (eight, alpha)).save(path)
    elif mode == "turned":
        exif = Image.Exif()
        exif[0x0112] = 6  # turned by a quarter
        eight.transpose(Image.Transpose.ROTATE_90).save(path, exif=exif, quality=95)
    else:
        eight.convert(mode).save(path)
    return np.round(ramp * 255)[..., np.newaxis].repeat(3, axis=-1)


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("a.png", "L"),
        ("a.png", "16"),
        ("a.tif", "16"),
        ("a.tif", "float"),
        ("a.png", "P"),
        ("a.jpg", "CMYK"),
        ("a.jpg", "turned"),
    ],
)
def test_pictures_are_read_as_a_viewer_shows_them(tmp_path, name, mode):
    expected = picture_file(tmp_path / name, mode)
    found = image_io.read_picture(tmp_path / name)
    assert found.shape == (16, 24, 3) and found.dtype == np.uint8
    assert np.abs(found - expected).max() <= (12 if name == "a.jpg" else 1)


def test_what_shines_through_is_white(tmp_path):
    ramp = picture_file(tmp_path / "a.png", "LA")
    assert np.abs(image_io.read_picture(tmp_path / "a.png") - (0.2 * ramp + 0.8 * 255)).max() <= 1


def test_files_that_are_no_pictures(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no file no.png"):
        image_io.read_picture(tmp_path / "no.png")
    (tmp_path / "page.png").write_text("<html>not found</html>")
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(tmp_path / "a.gif")
    Image.fromarray(np.full((8, 8), 300, np.float32)).save(tmp_path / "large.tif")
    for name, reason in (
        ("page.png", "cannot identify"),
        ("a.gif", "cannot identify"),
        ("large.tif", "values reach from 300 to 300"),
    ):
        with pytest.raises(ValueError, match=f"{name} cannot be read as a picture: .*{reason}") as raised:
            image_io.read_picture(tmp_path / name)
        assert str(tmp_path) not in str(raised.value)


def test_the_page_about_the_data_says_what_is_in_the_table(table):
    page = (paths.ROOT / "data" / "README.md").read_text(encoding="utf-8")
    for distribution, rows in table.groupby("distribution"):
        assert f"| `{distribution}` {rows['version'].iloc[0]} | {len(rows)} |" in page
    counts = [
        f"{len(rows)} {'photographs ' if s == 'train' else ''}({rows['scene'].nunique()}" for s, rows in table.groupby("split")
    ]
    assert f"names {len(table)} photographs" in page and all(count in page for count in counts), counts
    pairs = datasets.pairs_folder() if (datasets.pairs_folder() / "image_data.csv").exists() else None
    assert pairs is None or f"cuts {pd.read_csv(pairs / 'image_data.csv')['high_res'].nunique()} pictures" in page


def test_versions_are_those_that_are_installed(table):
    pinned = "".join((paths.ROOT / name).read_text(encoding="utf-8") for name in ("requirements.txt", "requirements-data.txt"))
    for distribution, version in table[["distribution", "version"]].drop_duplicates().itertuples(index=False):
        assert f"{distribution}=={version}" in pinned


def test_the_command_says_what_is_missing(tmp_path):
    """With the real photographs at hand, and no place to write to."""
    (tmp_path / "file").write_text("in the way")
    environment = {**os.environ, "COURSE_CACHE": str(tmp_path / "file")}
    done = subprocess.run(
        [sys.executable, "-m", "helpers.commands.data"], env=environment, capture_output=True, text=True, cwd=paths.ROOT
    )
    assert done.returncode == 1 and "Traceback" not in done.stderr and "cannot write" in done.stderr
