"""What the site's playground works with: networks for the browser, digits, codes and photographs."""

import json
import shutil
import tomllib
import warnings

import numpy as np
from PIL import Image

from helpers import datasets, files, image_io, paths

PHOTOS = ("building", "animal", "fine texture")  # their part in the chapters: column `shown` of data/photos.csv
PHOTO = 256, 384  # height and width of the piece that is shown
OF_EACH = 6  # test digits of each kind
TRAINED_ON = 55_000  # digits, in chapter 7; it keeps the other 5,000 for choices
CODES = 1500  # test digits whose place in the plane is shown
RUNTIME = "runtime/*"


def parts():
    """docs/playground.toml: the parts of the playground.

    Returns
    -------
    dict of str to dict
    """
    return tomllib.loads((paths.ROOT / "docs" / "playground.toml").read_text(encoding="utf-8"))


def networks():
    """The networks that the playground runs, and which layer of each; "" for the whole.

    Returns
    -------
    dict of str to str
    """
    return {name: layer for part in parts().values() for name, layer in part["networks"].items()}


def write(folder):
    """Write the playground's files.

    Parameters
    ----------
    folder : pathlib.Path
        Holds the runtime already. ``networks/NAME.onnx``, ``digits.bin`` (28x28 bytes each), ``mean_digit.bin`` (28x28
        little-endian float32), ``codes_NAME.bin``, ``photos/NAME.webp`` and ``about.json``, which says what there is and how
        many bytes it has, are added.
    """
    (folder / "networks").mkdir()
    for name, layer in networks().items():
        shutil.copy(exported(name, layer), folder / "networks" / f"{name}.onnx")
        if layer == "decoder":
            shutil.copy(codes(name), folder / f"codes_{name}.bin")
    (known, _), (digits, labels) = datasets.load_mnist()
    (folder / "mean_digit.bin").write_bytes(mean_digit(known))
    chosen = np.concatenate([np.flatnonzero(labels == label)[:OF_EACH] for label in range(10)])
    (folder / "digits.bin").write_bytes(as_bytes(digits[chosen]))
    photos = _photographs(folder / "photos")
    about = {
        "networks": {name: (folder / "networks" / f"{name}.onnx").stat().st_size for name in networks()},
        "runtime": sum(path.stat().st_size for path in folder.glob(RUNTIME)),
        "digits": labels[chosen].tolist(),
        "codes": labels[:CODES].tolist(),
        "photos": photos,
    }
    (folder / "about.json").write_text(json.dumps(about), encoding="utf-8")


def as_bytes(images):
    """Images in [0, 1] as bytes, 255 for 1."""
    return np.round(255 * images).astype(np.uint8).tobytes()


def mean_digit(digits):
    """What chapter 7's steps begin around: the mean of the digits that it trains on.

    Parameters
    ----------
    digits : numpy.ndarray
        The training digits, (60000, 28, 28, 1).

    Returns
    -------
    bytes
        28x28 numbers, little-endian float32.
    """
    return np.ascontiguousarray(digits[:TRAINED_ON].mean(axis=0), "<f4").tobytes()


def _kept(name, suffix):
    """Where something made of a shipped network is kept, under the hash of its file."""
    digest = files.sha256(paths.weights() / f"{name}.keras")
    return paths.cache() / "site-networks" / f"{name}-{str(digest)[:16]}{suffix}"


def exported(name, layer=""):
    """A shipped network as ONNX; exported where it has not been.

    Parameters
    ----------
    name : str
    layer : str, optional
        The part of it, by its name.

    Returns
    -------
    pathlib.Path
        In the cache. Two exports of one network differ in their bytes, not in what they compute.
    """
    path = _kept(name, ".onnx")
    if not path.exists():
        network = _network(name, layer)
        given = np.zeros((1, *(side or 64 for side in network.inputs[0].shape[1:])), np.float32)
        with files.replacing(path) as temporary, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Keras's own; what was exported is compared with Keras in tests/test_site_built.py
            network(given)  # or it cannot be exported
            network.export(temporary, format="onnx", verbose=False)
    return path


def codes(name):
    """The codes of the first test digits, two numbers each, as little-endian float32.

    Parameters
    ----------
    name : str
        Of a shipped autoencoder with a code of two numbers.

    Returns
    -------
    pathlib.Path
        In the cache.
    """
    path = _kept(name, ".codes")
    if not path.exists():
        network, (_, (digits, _)) = _network(name), datasets.load_mnist()
        if network.output_shape[1:] == (788,):  # variational: 784 pixels, then the means and the spreads of the code
            found = network.predict(digits[:CODES], verbose=0)[:, 784:786]
        else:
            found = network.get_layer("encoder").predict(digits[:CODES], verbose=0)
        with files.replacing(path) as temporary:
            temporary.write_bytes(np.ascontiguousarray(found, "<f4").tobytes())
    return path


def _network(name, layer=""):
    from helpers import training  # Keras takes seconds, and what is kept is not made again

    network = training.load_network(name)
    return network.get_layer(layer) if layer else network


def _photographs(folder):
    """Write the middle of each photograph, and of its half-size copy chapter 06's piece; who made it."""
    folder.mkdir()
    table = datasets.photo_table().query("split == 'test'").reset_index()
    pictures = datasets.load_photos("test")
    said = []
    for shown in PHOTOS:
        row = table[table["shown"] == shown].iloc[0]
        picture, name = pictures[row.name], shown.replace(" ", "_")
        height, width = picture.shape[:2]
        top, left = (height - PHOTO[0]) // 2, (width - PHOTO[1]) // 2
        _save(picture[top : top + PHOTO[0], left : left + PHOTO[1]], folder / f"{name}.webp")
        half = image_io.resized(picture[: height // 2 * 2, : width // 2 * 2], (height // 2, width // 2))
        _save(half[:160, :224], folder / f"{name}_small.webp")
        said.append({"name": name, "scene": row["scene"], "from": row["distribution"], "licence": row["licence"]})
    return said


def _save(pixels, path):
    Image.fromarray(pixels).save(path, "webp", lossless=True)
