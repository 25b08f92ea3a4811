"""Pictures of any size through a network: tiles leave no seam, and what cannot be used is refused."""

import json
import re

import numpy as np
import pytest
from PIL import Image

from helpers import baselines, models, paths, restore, training
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
    untrained = models.residual_super_resolution()
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
    with pytest.raises(ValueError, match="factor is 0"):
        restore.restore_image(image, identity, scale=0)


@pytest.fixture
def shipped(sharpener, identity):
    """Networks where the shipped ones lie."""
    paths.weights().mkdir(parents=True)
    paths.records().mkdir()
    digits = keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Activation("linear")])
    for name, model in {"denoise_blind": sharpener, "denoise_25": identity, "sr_x2": identity, "mnist_best": digits}.items():
        model.save(paths.weights() / f"{name}.keras")
        record = {"recipe": {}, "parameters": 0, "minutes": 0, "history": {}}
        record["weights_sha256"] = training._digest(model.get_weights())
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
    for task, size in ((["--sigma", "25"], (40, 56, 3)), (["--task", "super-resolution"], (80, 112, 3))):
        assert restore.main([str(photograph), "-o", str(tmp_path / "out"), "--overwrite", *task]) == 0
        assert opened(tmp_path / "out/photo.png").shape == size
    assert restore.main([str(photograph), "-o", str(tmp_path / "25"), "--sigma", "25"]) == 0
    np.testing.assert_array_equal(opened(tmp_path / "25/photo.png"), opened(photograph))


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
        restore.main([str(tmp_path / "alpha.png"), str(tmp_path / "deep.png"), "-o", str(tmp_path / "out"), "--sigma", "25"])
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
    monkeypatch.chdir(tmp_path)
    assert restore.main(arguments) in (1, 2)
    assert re.search(message, capsys.readouterr().err)


def test_the_original_is_never_overwritten(shipped, photograph, capsys):
    before = photograph.read_bytes()
    assert restore.main([str(photograph), "-o", str(photograph.parent), "--overwrite"]) == 1
    assert "is the picture itself" in capsys.readouterr().err and photograph.read_bytes() == before


def test_a_network_that_is_not_the_shipped_one_is_refused(shipped, photograph, capsys, sharpener):
    sharpener.save(paths.weights() / "denoise_25.keras")
    assert restore.main([str(photograph), "--sigma", "25"]) == 2
    assert "denoise_25.keras does not hold the weights that denoise_25.json describes" in capsys.readouterr().err
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
    assert "photo.png not written" in capsys.readouterr().err
    assert [path.name for path in photograph.parent.iterdir()] == ["photo.png"]
