"""Pictures of any size through a network: tiles leave no seam, and what cannot be used is refused."""

import concurrent.futures.process
import json
import os
import re
import signal
import subprocess
import sys
import zlib

import numpy as np
import psutil
import pytest
from conftest import from_chapter
from PIL import Image

from helpers import baselines, datasets, degradations, metrics, paths, recipes, restore, training
from helpers.backend import keras


@pytest.fixture(scope="module")
def sharpener():
    """A network that looks seven pixels far, with weights that change the picture."""
    images = keras.Input((None, None, 3))
    x = keras.layers.Conv2D(4, 3, strides=2, padding="same", activation="relu")(images)
    x = keras.layers.Conv2D(4, 3, padding="same", activation="relu")(x)
    x = keras.layers.Conv2DTranspose(3, 2, strides=2)(x)
    return keras.Model(images, keras.layers.Add()([images, x]))


@pytest.fixture(scope="module")
def identity():
    images = keras.Input((None, None, 3))
    return keras.Model(images, keras.layers.Activation("linear")(images))


@pytest.mark.parametrize("size", [(1, 1), (7, 300), (64, 64), (65, 130), (200, 71), (256, 40)])
def test_any_size_comes_back_whole(identity, size):
    image = np.random.default_rng(0).random((*size, 3), dtype=np.float32)
    np.testing.assert_array_equal(restore.restore_image(image, identity, tile=64, overlap=16), image)
    pixels = (255 * image).astype(np.uint8)
    np.testing.assert_array_equal(restore.restore_image(pixels, identity, tile=64, overlap=16), pixels)


@pytest.mark.parametrize("size", [(150, 210), (64, 400)])
def test_tiles_leave_no_seam(sharpener, size):
    image = np.random.default_rng(0).random((*size, 3), dtype=np.float32)
    whole = restore.restore_image(image, sharpener, tile=1024)
    assert np.abs(whole - image).max() > 0.01
    np.testing.assert_allclose(restore.restore_image(image, sharpener, tile=64, overlap=16), whole, atol=1e-6)
    assert np.abs(restore.restore_image(image, sharpener, tile=64, overlap=0) - whole).max() > 1e-3


def test_twice_the_size_starts_from_bicubic(identity):
    image = np.random.default_rng(0).random((33, 41, 3), dtype=np.float32)
    enlarged = restore.restore_image(image, identity, scale=2)
    np.testing.assert_array_equal(enlarged, baselines.enlarge(image[np.newaxis], 2)[0])
    untrained = from_chapter("04", "residual_network")()
    assert restore.restore_image((255 * image).astype(np.uint8), untrained, scale=2).shape == (66, 82, 3)


def test_self_ensemble_of_a_network_that_knows_no_direction_changes_nothing(identity):
    images = np.random.default_rng(0).random((3, 8, 12, 3), dtype=np.float32)
    np.testing.assert_allclose(restore.self_ensemble(identity, images), images, atol=1e-7)


def test_self_ensemble_is_the_mean_of_eight(sharpener):
    images = np.random.default_rng(0).random((1, 16, 16, 3), dtype=np.float32)
    ways = [(turns, mirror) for turns in range(4) for mirror in (False, True)]
    restored = []
    for turns, mirror in ways:
        seen = np.rot90(images[0], turns)
        seen = np.fliplr(seen) if mirror else seen
        out = sharpener.predict(seen[np.newaxis], verbose=0)[0]
        restored.append(np.rot90(np.fliplr(out) if mirror else out, -turns))
    np.testing.assert_allclose(restore.self_ensemble(sharpener, images)[0], np.mean(restored, axis=0), atol=1e-6)


def test_bad_input_is_refused(identity):
    image = np.zeros((8, 8, 3), np.float32)
    for bad in (image[0], image[:0], image.astype(int), image.astype(bool)):
        with pytest.raises(ValueError, match="image has shape"):
            restore.restore_image(bad, identity)
    for options in ({"tile": 100}, {"overlap": 5}, {"tile": 64, "overlap": 32}, {"overlap": -8}):
        with pytest.raises(ValueError, match="multiples of 8|overlap is -8, expected an int of 0 or more"):
            restore.restore_image(image, identity, **options)
    with pytest.raises(ValueError, match="not finite"):
        restore.restore_image(np.full((8, 8, 3), np.nan), identity)
    with pytest.raises(ValueError, match="scale is 0"):
        restore.restore_image(image, identity, scale=0)


@pytest.fixture(scope="module")
def told():
    """A network that returns the picture, brighter by the strength that it is told."""
    images = keras.Input((None, None, 4))
    return keras.Model(images, keras.layers.Add()([images[..., :3], images[..., 3:]]))


def test_a_network_is_told_the_strength_in_every_tile(told, identity):
    image = 0.5 * np.random.default_rng(0).random((70, 130, 3), dtype=np.float32)
    restored = restore.restore_image(image, told, tile=64, overlap=16, sigma=0.25)
    np.testing.assert_allclose(restored, image + 0.25, atol=1e-6)
    with pytest.raises(ValueError, match="give sigma to a network that takes one channel more"):
        restore.restore_image(image, told)
    with pytest.raises(ValueError, match="image has 4 channel"):
        restore.restore_image(image, identity, sigma=0.25)
    with pytest.raises(ValueError, match="sigma is 25"):
        restore.restore_image(image, told, sigma=25)


@pytest.fixture
def shipped(sharpener, identity, told):
    """Networks where the shipped ones lie."""
    paths.weights().mkdir(parents=True)
    paths.records().mkdir()
    digits = keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Activation("linear")])
    for name, model in {"denoise_blind": sharpener, "denoise_told": told, "sr_x2": identity, "mnist_best": digits}.items():
        model.save(paths.weights() / f"{name}.keras")
        record = {"recipe": {}, "parameters": 0, "minutes": 0, "history": {}}
        record["weights_sha256"] = recipes.digest(model.get_weights())
        (paths.records() / f"{name}.json").write_text(json.dumps(record))


@pytest.fixture
def photograph(tmp_path):
    folder = tmp_path / "my pictures"
    folder.mkdir()
    pixels = np.random.default_rng(0).integers(0, 256, (40, 56, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(folder / "photo.png")
    return folder / "photo.png"


def opened(path):
    with Image.open(path) as image:
        return np.asarray(image)


def test_a_picture_is_restored_beside_the_original(shipped, photograph, capsys):
    before = photograph.read_bytes()
    assert restore.main([str(photograph)]) == 0
    result = photograph.with_name("photo_restored.png")
    assert capsys.readouterr().out.strip() == str(result)
    assert opened(result).shape == (40, 56, 3) and not np.array_equal(opened(result), opened(photograph))
    assert photograph.read_bytes() == before
    assert restore.main([str(photograph)]) == 1 and "--overwrite" in capsys.readouterr().err
    assert restore.main([str(photograph), "--overwrite"]) == 0


def test_tasks_choose_the_network(shipped, photograph, tmp_path):
    for task, size in (([], (40, 56, 3)), (["--task", "super-resolution"], (80, 112, 3))):
        assert restore.main([str(photograph), "-o", str(tmp_path / "out"), "--overwrite", *task]) == 0
        assert opened(tmp_path / "out/photo.png").shape == size
    for sigma in (10, 51):  # the network that is told adds as much
        assert restore.main([str(photograph), "-o", str(tmp_path / "told"), "--overwrite", "--sigma", str(sigma)]) == 0
        expected = np.minimum(opened(photograph).astype(int) + sigma, 255)
        np.testing.assert_array_equal(opened(tmp_path / "told/photo.png"), expected)


def test_a_folder_goes_on_after_a_bad_picture(shipped, photograph, tmp_path, capsys):
    (photograph.parent / "bad.jpg").write_text("not a picture")
    (photograph.parent / "notes.txt").write_text("no picture at all")
    assert restore.main([str(photograph.parent), "-o", str(tmp_path / "out")]) == 1
    said = capsys.readouterr().err
    assert "bad.jpg cannot be read as a picture" in said and "1 of 2 not restored" in said
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["photo.png"]


def test_transparency_grey_and_sixteen_bits(shipped, tmp_path):
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 256, (9, 17, 4), dtype=np.uint8)).save(tmp_path / "alpha.png")
    Image.fromarray(rng.integers(0, 65536, (9, 17), dtype=np.uint16)).save(tmp_path / "deep.png")
    assert (
        restore.main([str(tmp_path / "alpha.png"), str(tmp_path / "deep.png"), "-o", str(tmp_path / "out"), "--sigma", "1e-6"])
        == 0
    )
    np.testing.assert_array_equal(opened(tmp_path / "out/alpha.png"), opened(tmp_path / "alpha.png"))
    deep = opened(tmp_path / "out/deep.png")
    assert deep.dtype == np.uint16
    np.testing.assert_allclose(deep.astype(float), opened(tmp_path / "deep.png").astype(float), atol=1)
    assert restore.main([str(tmp_path / "alpha.png"), "-o", str(tmp_path / "twice"), "--task", "super-resolution"]) == 0
    assert opened(tmp_path / "twice/alpha.png").shape == (18, 34, 4)


def test_digits_have_their_size(shipped, photograph, tmp_path, capsys):
    Image.fromarray(np.eye(28, dtype=np.uint8) * 200).save(tmp_path / "digit.png")
    assert restore.main([str(tmp_path / "digit.png"), "--task", "digits"]) == 0
    assert restore.main([str(photograph), "--task", "digits"]) == 1
    assert "expected a digit: 28x28, grey" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none.png"], "no file none.png"),
        (["empty"], "no readable picture"),
        (["--sigma", "-3", "none.png"], "--sigma is -3"),
        (["--task", "super-resolution", "--scale", "4", "photo.png"], r"sr_x4\.keras is missing"),
    ],
)
def test_what_cannot_be_done_is_said(shipped, tmp_path, capsys, monkeypatch, arguments, message):
    (tmp_path / "empty").mkdir()
    saved(tmp_path / "photo.png")
    monkeypatch.chdir(tmp_path)
    assert restore.main(arguments) in (1, 2)
    assert re.search(message, capsys.readouterr().err)


def test_the_original_is_never_overwritten(shipped, photograph, capsys):
    before = photograph.read_bytes()
    assert restore.main([str(photograph), "-o", str(photograph.parent), "--overwrite"]) == 2
    assert f"the result of {photograph} would replace {photograph}" in capsys.readouterr().err
    assert photograph.read_bytes() == before


def test_a_network_that_is_not_the_shipped_one_is_refused(shipped, photograph, capsys, sharpener):
    sharpener.save(paths.weights() / "denoise_told.keras")
    assert restore.main([str(photograph), "--sigma", "25"]) == 2
    assert "denoise_told.keras does not hold the weights that denoise_told.json describes" in capsys.readouterr().err
    archive = paths.weights() / "denoise_blind.keras"
    archive.write_bytes(archive.read_bytes().replace(b"HDF", b"HDG", 1))
    assert restore.main([str(photograph)]) == 2
    assert "denoise_blind.keras cannot be read (model.weights.h5 in it is damaged)" in capsys.readouterr().err
    assert not photograph.with_name("photo_restored.png").exists()


def test_stopped_by_hand(shipped, photograph, capsys, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(restore, "restore_picture", stop)
    assert restore.main([str(photograph)]) == 130
    assert "stopped: 0 of 1 done" in capsys.readouterr().err
    assert [path.name for path in photograph.parent.iterdir()] == ["photo.png"]


@pytest.fixture
def unloaded(monkeypatch):
    """What is refused is refused before the seconds of loading a network."""

    def load(name):
        raise AssertionError(f"{name} was loaded")

    monkeypatch.setattr(training, "load_network", load)


def saved(path, seed=0, size=(16, 24, 3), **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, size, dtype=np.uint8)
    Image.fromarray(pixels).save(path, **options)
    return path


def contents(folder):
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path: path.read_bytes() for path in files}


def test_no_given_picture_is_written_on(unloaded, tmp_path, capsys):
    a, c = saved(tmp_path / "a/x.png", 1), saved(tmp_path / "c/x.png", 2)
    before = contents(tmp_path)
    for pictures in ([a, c], [c, a], [tmp_path / "a", tmp_path / "c"]):
        names = [str(picture) for picture in pictures]
        assert restore.main([*names, "-o", str(tmp_path / "c"), "--overwrite"]) == 2
        said = capsys.readouterr().err
        assert f"x.png would replace {c}, which is one of" in said
    assert contents(tmp_path) == before


@pytest.mark.parametrize("other", ["symlink", "hard link", "folder", "case", "result"])
def test_nor_under_another_name(unloaded, tmp_path, capsys, other):
    a, c = saved(tmp_path / "a/x.png", 1), saved(tmp_path / "c/y.png", 2)
    out = tmp_path / "out"
    if other == "folder":
        out.symlink_to(tmp_path / "c")
        c = c.rename(c.with_name("x.png"))
    elif other == "case":
        out = tmp_path / "c"
        c = c.rename(c.with_name("X.PNG"))
    elif other == "result":
        out, c = None, c.rename(a.with_name("x_restored.png"))
    else:
        out.mkdir()
        link = (out / "x.png").symlink_to if other == "symlink" else (out / "x.png").hardlink_to
        link(c)
    before = contents(tmp_path)
    where = [] if out is None else ["-o", str(out)]
    assert restore.main([str(a), str(c), *where, "--overwrite"]) == 2
    assert f"the result of {a} would replace {c}" in capsys.readouterr().err
    assert contents(tmp_path) == before


@pytest.mark.parametrize("second", ["x.png", "X.png", "X.PNG"])
def test_no_two_results_share_a_name(unloaded, tmp_path, capsys, second):
    a, b = saved(tmp_path / "a/x.png", 1), saved(tmp_path / "b" / second, 2)
    out = tmp_path / "out"
    assert restore.main([str(a), str(b), "-o", str(out), "--overwrite"]) == 2
    said = capsys.readouterr().err
    assert f"{a} and {b} would both be written to {out / second}" in said
    assert not out.exists()


def test_composed_and_decomposed_letters_are_one_name(unloaded, tmp_path, capsys):
    a, b = saved(tmp_path / "a/\u00e9.png"), saved(tmp_path / "b/e\u0301.png")
    assert restore.main([str(a), str(b), "-o", str(tmp_path / "out")]) == 2
    assert "would both be written" in capsys.readouterr().err


def test_the_same_picture_given_twice_is_restored_once(shipped, photograph, capsys):
    twice = [str(photograph), str(photograph.parent), os.path.relpath(photograph)]
    assert restore.main(twice) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_other_suffixes_are_other_results(shipped, tmp_path, capsys):
    saved(tmp_path / "in/x.png"), saved(tmp_path / "in/x.jpg")
    assert restore.main([str(tmp_path / "in"), "-o", str(tmp_path / "out")]) == 0
    assert restore.main([str(tmp_path / "in")]) == 0
    names = sorted(path.name for path in (tmp_path / "in").iterdir())
    assert names == ["x.jpg", "x.png", "x_restored.jpg", "x_restored.png"]


def test_a_folder_restored_twice_leaves_its_results_alone(shipped, tmp_path, capsys):
    folder = saved(tmp_path / "in/x.png").parent
    saved(folder / "._x.png")  # some systems put such files beside every picture
    saved(folder / "alone_restored.png")
    assert restore.main([str(folder)]) == 0
    assert restore.main([str(folder), "--overwrite"]) == 0
    assert f"left out 2 results of an earlier run in {folder}" in capsys.readouterr().err
    names = sorted(path.name for path in folder.iterdir())
    assert names == [
        "._x.png",
        "alone_restored.png",
        "alone_restored_restored.png",
        "x.png",
        "x_restored.png",
    ]
    assert restore.main([str(folder / "x_restored.png"), "-o", str(tmp_path / "again")]) == 0
    assert opened(tmp_path / "again/x_restored.png").shape == (16, 24, 3)


def test_output_may_name_a_file(shipped, photograph, tmp_path, capsys):
    for suffix, kind in (("jpg", "JPEG"), ("webp", "WEBP"), ("TIF", "TIFF"), ("png", "PNG"), ("bmp", "BMP")):
        target = tmp_path / "new" / f"clean.{suffix}"
        assert restore.main([str(photograph), "-o", str(target)]) == 0
        with Image.open(target) as image:
            assert image.format == kind and image.size == (56, 40)
    assert restore.main([str(photograph), "-o", str(target)]) == 1
    assert "--overwrite" in capsys.readouterr().err
    assert restore.main([str(photograph), "-o", str(photograph), "--overwrite"]) == 2
    (tmp_path / "folder.png").mkdir()
    assert restore.main([str(photograph), "-o", str(tmp_path / "folder.png")]) == 0
    assert opened(tmp_path / "folder.png/photo.png").shape == (40, 56, 3)


def test_output_that_cannot_be_a_file(unloaded, photograph, tmp_path, capsys):
    other = saved(tmp_path / "other.png")
    assert restore.main([str(photograph), str(other), "-o", str(tmp_path / "out.png")]) == 2
    assert "out.png names a file, and 2 pictures are given" in capsys.readouterr().err
    for suffix in (".gif", ".PDF", ".jp2"):
        assert restore.main([str(photograph), "-o", str(tmp_path / f"out{suffix}")]) == 2
        assert "expected a folder, or a file that ends in .png, .jpg" in capsys.readouterr().err
    assert not list(tmp_path.glob("out*"))


def test_what_a_format_cannot_hold(shipped, tmp_path, capsys):
    clear = saved(tmp_path / "clear.png", size=(9, 17, 4))
    assert restore.main([str(clear), "-o", str(tmp_path / "clear.jpg")]) == 1
    assert "JPEG holds no transparency" in capsys.readouterr().err
    values = np.random.default_rng(0).integers(0, 65536, (9, 17), dtype=np.uint16)
    Image.fromarray(values).save(tmp_path / "deep.png")
    assert restore.main([str(tmp_path / "deep.png"), "-o", str(tmp_path / "deep.jpg")]) == 0
    assert "JPEG holds 8 bits, not 16" in capsys.readouterr().err
    assert opened(tmp_path / "deep.jpg").dtype == np.uint8


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--scale", "2"], "--scale is for --task super-resolution"),
        (["--task", "digits", "--scale", "2"], "--scale is for --task super-resolution"),
        (["--task", "super-resolution", "--sigma", "25"], "--sigma is for --task denoise"),
        (["--task", "digits", "--sigma", "9"], "--sigma is for --task denoise"),
    ],
)
def test_options_of_another_task(unloaded, photograph, capsys, arguments, message):
    assert restore.main([str(photograph), *arguments]) == 2
    assert message in capsys.readouterr().err


def test_what_cannot_be_read_is_said_before_loading(unloaded, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Image.new("L", (8, 8)).save("a.gif")
    Image.new("L", (8, 8)).save("a.pdf")
    (tmp_path / "a.heic").write_bytes(b"\0\0\0\x18ftypheic")
    for name in ("a.gif", "a.pdf", "a.heic"):
        assert restore.main([name]) == 1
        assert "expected one of PNG, JPEG, WEBP, TIFF, BMP" in capsys.readouterr().err
    assert restore.main(["none.png"]) == 1
    assert "no file none.png" in capsys.readouterr().err
    (tmp_path / "raws").mkdir()
    for name in ("a.cr2", "b.nef"):
        (tmp_path / "raws" / name).write_bytes(b"raw")
    assert restore.main(["raws"]) == 2
    assert "in 'raws', but 2 other files" in capsys.readouterr().err


def test_the_good_ones_are_done_beside_a_missing_one(shipped, photograph, capsys):
    assert restore.main(["none.png", str(photograph)]) == 1
    said = capsys.readouterr()
    assert "no file none.png" in said.err and "1 of 2 not restored" in said.err
    assert "photo_restored.png" in said.out


def test_a_folder_that_cannot_be_written_to(unloaded, photograph, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert restore.main([str(photograph), "-o", str(tmp_path / "file")]) == 1
    said = capsys.readouterr().err
    assert "cannot write to file" in said and "COURSE_" not in said


def test_strengths_that_were_not_trained_on_are_named(shipped, photograph, capsys):
    for sigma, said in (("10", False), ("60", False), ("70", True)):
        assert restore.main([str(photograph), "--sigma", sigma, "--overwrite"]) == 0
        assert (f"--sigma {sigma}: the network was trained on noise of up to 60" in capsys.readouterr().err) == said
    assert restore.main([str(photograph), "--overwrite"]) == 0
    assert "--sigma" not in capsys.readouterr().err


@pytest.mark.parametrize("sigma", [10, 25, 50])
def test_the_noise_of_each_picture_is_estimated(shipped, tmp_path, capsys, sigma):
    rows, columns = np.mgrid[:128, :160] / 160
    clean = 0.5 + 0.2 * np.sin(3 * rows + 4 * columns)[..., np.newaxis].repeat(3, axis=-1)
    noisy = clean + np.random.default_rng(0).normal(0, sigma / 255, clean.shape)
    pixels = np.round(255 * np.clip(noisy, 0, 1)).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "noisy.png")
    assert restore.main([str(tmp_path / "noisy.png")]) == 0
    said = re.search(r"noisy.png: noise of about (\S+) of 255", capsys.readouterr().err)
    assert float(said[1]) == pytest.approx(sigma, rel=0.05)


@pytest.mark.parametrize("size", [(1, 1, 3), (1, 40, 3), (3, 2), (16, 16, 4)])
def test_the_estimate_ends_well_on_any_picture(shipped, tmp_path, capsys, size):
    Image.fromarray(np.full(size, 200, np.uint8)).save(tmp_path / "flat.png")
    assert restore.main([str(tmp_path / "flat.png")]) == 0
    said = capsys.readouterr().err
    assert "noise of about 0.0 of 255" in said and "Warning" not in said


def test_grey_is_denoised_better_than_by_non_local_means():
    network = keras.models.load_model(paths.ROOT / "data/weights/denoise_told.keras")
    photograph = datasets.load_photos("shown")[0][:256, :256]
    grey = photograph.mean(axis=-1, keepdims=True, dtype=np.float32)[np.newaxis] / 255
    noisy = degradations.add_gaussian_noise(grey, 25 / 255, rng=0, clip=True)
    three = restore.restore_image(noisy[0].repeat(3, axis=-1), network, sigma=25 / 255)
    restored = three.mean(axis=-1, keepdims=True)[np.newaxis]
    options = {"sigma": 25 / 255, "h": 0.6 * 25 / 255}
    classical = baselines.restore(noisy, "non-local means", **options)
    assert metrics.psnr(grey, restored)[0] > metrics.psnr(grey, classical)[0] + 0.5


def a_png_that_claims(path, width, height):
    """A few bytes whose header promises a picture of this size."""
    saved(path)
    data = bytearray(path.read_bytes())
    data[16:24] = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    path.write_bytes(data)


def test_what_does_not_fit_into_memory_is_refused_with_the_figure(unloaded, tmp_path, capsys, monkeypatch):
    a_png_that_claims(tmp_path / "bomb.png", 60_000, 60_000)
    assert restore.main([str(tmp_path / "bomb.png")]) == 1
    said = capsys.readouterr().err
    assert re.search(r"bomb.png: 60000x60000 pixels need about \d+ GB of memory, and \d+\.\d GB", said), said
    assert "decompression" not in said
    large = saved(tmp_path / "large.png", size=(400, 600, 3))
    monkeypatch.setattr(psutil, "virtual_memory", lambda: type("Memory", (), {"available": 1.2e9}))
    assert restore.main([str(large), "--task", "super-resolution", "--scale", "6"]) == 1
    said = capsys.readouterr().err
    assert "large.png: 3600x2400 pixels need about 1 GB of memory, and 1.2 GB" in said
    assert "a smaller --scale" in said


def test_pictures_beyond_pillows_own_limit_are_no_bombs(shipped, photograph, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    assert restore.main([str(photograph)]) == 0
    assert Image.MAX_IMAGE_PIXELS == 100


def test_sides_that_a_format_cannot_hold_are_refused_before_the_work(unloaded, tmp_path, capsys):
    for name in ("wide.webp", "wide.jpg"):
        saved(tmp_path / name, size=(8, 12_000, 3))
        assert restore.main([str(tmp_path / name), "--task", "super-resolution", "--scale", "6"]) == 1
        assert "pixels a side" in capsys.readouterr().err


def test_stopped_while_loading(photograph, capsys, monkeypatch):
    def stop(name):
        raise KeyboardInterrupt

    monkeypatch.setattr(training, "load_network", stop)
    assert restore.main([str(photograph)]) == 130
    assert capsys.readouterr().err.splitlines()[-1] == "stopped: 0 of 1 done"


COMPILED = "raise ImportError('initialization failed') from KeyboardInterrupt()"


@pytest.mark.parametrize(
    ("module", "code"),
    [
        ("tqdm", "raise KeyboardInterrupt"),
        ("tqdm", COMPILED),  # what an extension module makes of it
        ("keras", "raise KeyboardInterrupt"),
        ("keras", COMPILED),
    ],
)
def test_stopped_while_libraries_are_imported(tmp_path, photograph, module, code):
    (tmp_path / f"{module}.py").write_text(code)
    command = [sys.executable, "-m", "helpers.restore", str(photograph)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 130
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith("stopped")


WAITS = """
import signal, sys, time, types
signal.signal(signal.SIGINT, signal.default_int_handler)  # which a background job of a shell ignores
def load(name):
    print("loading", flush=True)
    time.sleep(600)
sys.modules["helpers.training"] = types.SimpleNamespace(load_network=load)
from helpers import restore
sys.exit(restore.main(sys.argv[1:]))
"""


def test_stopped_by_a_signal(photograph):
    command = [sys.executable, "-c", WAITS, str(photograph)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "loading\n"
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said.splitlines()[-1] == "stopped: 0 of 1 done" and "Traceback" not in said


def test_values_on_another_scale_are_refused(identity):
    image = np.random.default_rng(0).random((16, 24, 3), dtype=np.float32)
    for bad in (255 * image, 100 * image - 50, image - 20):
        with pytest.raises(ValueError, match=r"image reaches from .*expected floats around \[0, 1\].*divide by 255"):
            restore.restore_image(bad, identity)
        with pytest.raises(ValueError, match="reaches from"):
            restore.self_ensemble(identity, bad[np.newaxis])
    noisy = image + np.random.default_rng(1).normal(0, 1, image.shape)
    restored = restore.restore_image(noisy, identity)
    np.testing.assert_allclose(restored, np.clip(noisy, 0, 1), atol=1e-6)


@pytest.mark.parametrize("channels", [1, 2, 4])
def test_channels_that_the_network_does_not_take(identity, channels):
    image = np.zeros((8, 8, channels), np.float32)
    message = f"image has {channels} channel.*, the network takes 3"
    with pytest.raises(ValueError, match=message):
        restore.restore_image(image, identity)
    with pytest.raises(ValueError, match=message):
        restore.self_ensemble(identity, image[np.newaxis])


def test_sizes_that_the_network_does_not_take():
    images = keras.Input((64, 64, 3))
    network = keras.Model(images, keras.layers.Activation("linear")(images))
    large = np.random.default_rng(0).random((130, 70, 3), dtype=np.float32)
    np.testing.assert_array_equal(restore.restore_image(large, network, tile=64, overlap=16), large)
    with pytest.raises(ValueError, match="the network takes 64x64"):
        restore.restore_image(large, network)


def test_several_processes_restore_a_folder_and_a_second_run_only_what_is_left(shipped, tmp_path, capfd):
    folder, out, alone = (tmp_path / name for name in ("my pictures", "out", "alone"))
    for number in range(4):
        saved(folder / f"{number}.png", number)
    (folder / "bad.png").write_bytes(b"none")
    assert restore.main([str(folder), "-o", str(alone)]) == 1
    saved(out / "0.png", 9)
    before = (out / "0.png").read_bytes()
    assert restore.main([str(folder), "-o", str(out), "--workers", "2", "--continue"]) == 1
    said = capfd.readouterr()
    assert "left out 1 of 5 that are done" in said.err and "bad.png" in said.err and "1 of 4 not restored" in said.err
    assert (out / "0.png").read_bytes() == before
    for number in (1, 2, 3):
        difference = opened(out / f"{number}.png").astype(int) - opened(alone / f"{number}.png")
        assert np.abs(difference).max() <= 1  # another number of threads
    (folder / "bad.png").unlink()
    assert restore.main([str(folder), "-o", str(out), "--workers", "2", "--continue"]) == 0  # nothing is left, nothing loaded


def test_a_process_that_is_killed_is_said(shipped, tmp_path, capsys, monkeypatch):
    def ended(*args):
        raise concurrent.futures.process.BrokenProcessPool("ended")
        yield

    monkeypatch.setattr(restore, "_side_by_side", ended)
    for number in range(2):
        saved(tmp_path / f"in/{number}.png", number)
    assert restore.main([str(tmp_path / "in"), "-o", str(tmp_path / "out"), "--workers", "2"]) == 1
    assert "ended from outside" in capsys.readouterr().err
