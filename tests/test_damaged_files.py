"""Damaged files of every format that is read: what comes out is sound, or it is refused with a reason.

Bits are turned, bytes replaced, ends cut off, as seeds have it; `make test-all` damages more than `make test`.
"""

import hashlib
import io
import struct
import warnings

import numpy as np
import pandas as pd
import PIL.Image
import pytest
import tifffile
from PIL import Image

from helpers import datasets, image_io, paths, pictures, recipes, restore, results, session, training
from helpers.backend import keras
from helpers.commands import promote, report
from helpers.datasets import mnist

REFUSALS = (ValueError, FileNotFoundError)
MANY = [pytest.param(15, id="some"), pytest.param(150, id="many", marks=pytest.mark.slow)]
PIXELS = np.random.default_rng(0).integers(0, 256, (20, 28, 3)).cumsum(axis=1).astype(np.uint8)


def damaged(content, rng):
    """`content` with its end cut off, some bits turned, or some bytes replaced, at the beginning or anywhere."""
    content, what = bytearray(content), rng.integers(4)
    if what == 0:
        return bytes(content[: rng.integers(len(content))])
    for _ in range(rng.integers(1, 4)):
        if what == 1:
            content[rng.integers(len(content))] ^= 1 << rng.integers(8)
        elif what == 2:
            content[rng.integers(min(200, len(content)))] = rng.integers(256)
        else:
            at = rng.integers(len(content))
            content[at : at + rng.integers(1, 20)] = rng.bytes(rng.integers(1, 20))
    return bytes(content)


def each_damaged(path, many, read, check=lambda result: None):
    """Damage a file in many ways and read it; gives how often it was refused."""
    whole, rng, refused = path.read_bytes(), np.random.default_rng(len(path.name)), 0
    for _ in range(many):
        path.write_bytes(damaged(whole, rng))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                check(read())
        except REFUSALS as error:
            assert path.stem in str(error) or path.name in str(error), error  # it says which file
            refused += 1
    path.write_bytes(whole)
    check(read())
    return refused


def saved(suffix, image=PIXELS, mode=None, **options):
    stream, picture = io.BytesIO(), Image.fromarray(image)
    (picture.convert(mode) if mode else picture).save(stream, format=suffix, **options)
    return stream.getvalue()


def tiff(**options):
    stream = io.BytesIO()
    tifffile.imwrite(stream, PIXELS.astype(np.uint16) * 257, photometric="rgb", **options)
    return stream.getvalue()


EXIF = Image.Exif()
EXIF.update({0x0112: 6, 0x010E: "a description"})
PICTURES = {
    "colour.png": lambda: saved("png"),
    "palette.png": lambda: saved("png", mode="P", transparency=3),
    "deep.png": lambda: saved("png", PIXELS[..., 0].astype(np.uint16) * 257),
    "photo.jpg": lambda: saved("jpeg", exif=EXIF),
    "progressive.jpg": lambda: saved("jpeg", progressive=True),
    "print.jpg": lambda: saved("jpeg", mode="CMYK"),
    "photo.webp": lambda: saved("webp", exif=EXIF),
    "exact.webp": lambda: saved("webp", lossless=True),
    "colour.bmp": lambda: saved("bmp"),
    "palette.bmp": lambda: saved("bmp", mode="P"),
    "plain.tif": lambda: saved("tiff"),
    "deflate.tif": lambda: saved("tiff", compression="tiff_deflate"),
    "lzw.tif": lambda: saved("tiff", compression="tiff_lzw"),
    "deep.tif": tiff,
    "deep_deflate.tif": lambda: tiff(compression="deflate"),
}


@pytest.mark.parametrize("many", MANY)
@pytest.mark.parametrize("name", PICTURES)
def test_pictures(name, many, tmp_path):
    path = tmp_path / name
    path.write_bytes(PICTURES[name]())

    def sound(picture):
        assert picture.pixels.dtype == np.float32 and picture.pixels.ndim == 3 and picture.pixels.size
        assert 0 <= picture.pixels.min() and picture.pixels.max() <= 1

    def seen(image):
        assert image.dtype == np.uint8 and image.ndim == 3 and image.shape[-1] == 3

    assert each_damaged(path, many, lambda: pictures.read(path), sound) > 0
    assert each_damaged(path, many, lambda: image_io.read_picture(path), seen) > 0


@pytest.mark.parametrize("many", MANY)
def test_lists_of_pairs(many, tmp_path):
    for folder in ("low", "high"):
        (tmp_path / folder).mkdir()
        for k in range(4):
            (tmp_path / folder / f"{k}.png").write_bytes(saved("png"))
            if folder == "low":
                PIL.Image.new("RGB", (28, 20), (k, 0, 0)).save(tmp_path / folder / f"{k}.png")
    path = tmp_path / "image_data.csv"
    path.write_text("low_res,high_res,split\n" + "".join(f"{k}.png,{k}.png,train\n" for k in range(4)), encoding="utf-8")

    def check(pairs):
        assert 1 <= len(pairs.pairs) <= 4 and len(pairs[0][0]) == len(pairs.pairs)
        assert set(pairs.pairs["low_res"]) <= {f"{k}.png" for k in range(4)}

    def read_list():
        return datasets.PairedImageSequence(path, tmp_path / "low", tmp_path / "high", (20, 28))

    assert each_damaged(path, many, read_list, check) > 0


@pytest.mark.parametrize("many", MANY)
def test_the_cache_of_digits(many, tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    digits = {f"{kind}_{split}": rng.integers(0, 256, (9, 28, 28) if kind == "x" else 9).astype(np.uint8)
              for split in ("train", "test") for kind in "xy"}  # fmt: skip
    monkeypatch.setattr(mnist, "SHA256", {split: _sums(digits, split) for split in ("train", "test")})
    path = tmp_path / "mnist.npz"
    np.savez(path, **digits)

    def check(found):
        for name, array in (found or digits).items():
            np.testing.assert_array_equal(array, digits[name])

    each_damaged(path, many, lambda: mnist._from_cache(path), check)


def _sums(digits, split):
    """The hashes of the original files, if these digits were theirs."""
    images, labels = digits[f"x_{split}"], digits[f"y_{split}"]
    headers = struct.pack(">4i", 2051, *images.shape), struct.pack(">2i", 2049, *labels.shape)
    return tuple(hashlib.sha256(h + a.tobytes()).hexdigest() for h, a in zip(headers, (images, labels), strict=True))


@pytest.fixture
def trained(strokes, monkeypatch):
    """Functions that make the network and give its run: trained in full, and then shipped."""

    def network():
        training.set_seed(0)
        model = keras.Sequential(
            [keras.Input((16, 16, 1)), keras.layers.Conv2D(2, 3, padding="same"), keras.layers.Conv2D(1, 1)]
        )
        model.compile("adam", "mse")
        return model

    def fitted(mode, epochs=2):
        session.start(mode)
        model = network()
        return model, training.fit(model, strokes, strokes, epochs=epochs, batch_size=20, name="tiny")

    monkeypatch.setenv("COURSE_PROGRESS", str(paths.cache() / "progress"))
    paths.cache().mkdir(parents=True)
    model, _ = fitted("full")
    promote.promote()
    return fitted, recipes.digest(model.get_weights())


@pytest.mark.parametrize("many", MANY)
def test_networks(many, trained):
    def check(network):
        assert recipes.digest(network.get_weights()) == trained[1]

    assert each_damaged(paths.weights() / "tiny.keras", many, lambda: training.load_network("tiny"), check) > 0


@pytest.mark.parametrize("many", MANY)
def test_records(many, trained):
    fitted, digest = trained

    def check(found):
        model, history = found
        assert recipes.digest(model.get_weights()) == digest and len(history) == 2

    assert each_damaged(paths.records() / "tiny.json", many, lambda: fitted("pretrained"), check) > 0


@pytest.mark.parametrize("many", MANY)
def test_tables_of_studies(many):
    table = pd.DataFrame({"method": ["a", "b"], "psnr": [20.0, 21.0]})

    @training.study("02_tiny")
    def tiny():
        return table

    session.start("full")
    tiny()
    promote.promote()
    session.start("pretrained")
    path = paths.records() / "02_tiny.csv"
    assert each_damaged(path, many, tiny, lambda found: pd.testing.assert_frame_equal(found, table)) > 0


@pytest.mark.parametrize("many", MANY)
def test_states_of_trainings(many, trained, strokes, monkeypatch):
    """A damaged state is no state: the training starts over. One that is whole goes on."""
    fitted, _ = trained
    states = []
    monkeypatch.setattr(training._State, "save", lambda self: states.append(self))
    fitted("full", epochs=3)
    state = states[-1]
    monkeypatch.undo()
    state.save()
    wanted = [keras.ops.convert_to_numpy(variable) for variable in state._variables()]

    def restored():
        for variable in state._variables():
            variable.assign(keras.ops.zeros_like(variable))
        return state.restore()

    def check(epochs):
        assert epochs in (0, 3)
        if epochs:
            for variable, array in zip(state._variables(), wanted, strict=True):
                np.testing.assert_array_equal(keras.ops.convert_to_numpy(variable), array)

    each_damaged(state.path, many, restored, check)


@pytest.mark.parametrize("many", MANY)
def test_tables(many):
    results.save("02_results", [{"notebook": "02", "psnr": 20.0 + k} for k in range(5)])
    assert each_damaged(session.tables() / "02_results.csv", many, lambda: results.load("02_results"), len) >= 0


WORDS = [
    "photo.png",
    "none.png",
    "empty",
    "folder",
    "broken.jpg",
    "-o",
    "out",
    "--task",
    "denoise",
    "digits",
    "super-resolution",
]
WORDS += [
    "--scale",
    "2",
    "5",
    "--sigma",
    "25",
    "-3",
    "nan",
    "1e400",
    "--overwrite",
    "--help",
    "",
    "\0",
    "x" * 300,
    "*",
    "..",
    "--",
]


def ends_well(command, arguments, capsys):
    """With one of the promised exit codes, and with words where it is not 0."""
    try:
        code = command(arguments)
    except SystemExit as stop:
        code = stop.code
    assert code in (0, 1, 2) and (capsys.readouterr().err or code == 0), arguments


@pytest.mark.parametrize("many", MANY)
def test_the_command_that_restores(many, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for folder in ("empty", "folder"):
        (tmp_path / folder).mkdir()
    for name in ("photo.png", "folder/photo.png"):
        (tmp_path / name).write_bytes(saved("png"))
    (tmp_path / "broken.jpg").write_bytes(saved("jpeg")[:200])
    whole = {name: (tmp_path / name).read_bytes() for name in ("photo.png", "folder/photo.png", "broken.jpg")}
    images = keras.Input((None, None, 3))
    network = keras.Model(images, keras.layers.Activation("linear")(images))
    monkeypatch.setattr(training, "load_network", lambda name: network)
    rng = np.random.default_rng(1)
    for _ in range(many):
        arguments = [WORDS[k] for k in rng.integers(len(WORDS), size=rng.integers(0, 6))]
        ends_well(restore.main, arguments, capsys)
        assert whole == {name: (tmp_path / name).read_bytes() for name in whole}, arguments


@pytest.mark.parametrize("many", MANY)
def test_the_command_that_reports(many, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(report, "NOTEBOOKS", tmp_path)
    monkeypatch.setattr(report.shutil, "which", lambda name: None)
    words = [
        "--mode",
        "full",
        "quick",
        "pretrained",
        "other",
        "--store",
        "--promote",
        "--pdf",
        "x",
        "",
        "\0",
        "--help",
    ]
    rng = np.random.default_rng(2)
    for _ in range(many):
        arguments = [words[k] for k in rng.integers(len(words), size=rng.integers(0, 4))]
        ends_well(report.main, arguments, capsys)
