"""Nothing that a test does reaches the committed folders: the output folders point into a temporary one."""

import os
import re

import IPython.display
import nbformat
import numpy as np
import pytest

from helpers import degradations, paths, plotting, session, timings, training
from helpers.backend import keras

# What needs make, a shell, or the signals and limits of Unix is left out on Windows; the rest runs there.
UNIX = ("full_disk", "grade", "kills", "lab", "make", "readme", "report", "search", "training", "two_at_once")
collect_ignore = [f"test_{name}.py" for name in UNIX] if os.name == "nt" else []


@pytest.fixture(autouse=True)
def own_folders(tmp_path, monkeypatch):
    """Caches, figures, weights and records of this test alone."""
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COURSE_FIGURES", str(tmp_path / "figures"))
    session.start("pretrained")
    yield tmp_path
    session.start("pretrained")


@pytest.fixture(scope="session", autouse=True)
def deterministic():
    training.set_seed(0)


def from_chapter(number, name):
    """A function that a chapter defines: its cell, run alone with Keras at hand."""
    (path,) = (paths.ROOT / "notebooks").glob(f"{number}_*.ipynb")
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code" and re.search(rf"^def {name}\(", cell.source, re.MULTILINE):
            namespace = {"keras": keras, "layers": keras.layers, "np": np, "ops": keras.ops}
            exec(cell.source, namespace)
            return namespace[name]
    raise LookupError(f"chapter {number} defines no {name}")


@pytest.fixture
def strokes():
    """Sixty small pictures of bright strokes on black, (60, 16, 16, 1) in [0, 1]: as digits, without their file."""
    rng = np.random.default_rng(3)
    images = np.zeros((60, 16, 16, 1), np.float32)
    for image, row, column in zip(images, rng.integers(2, 13, 60), rng.integers(2, 13, 60), strict=True):
        image[row, 2:14, 0], image[2:14, column, 0] = 0.9, 0.7
    return images


@pytest.fixture
def noisy_strokes(strokes):
    return degradations.add_gaussian_noise(strokes, 0.2, rng=1, clip=True)


@pytest.fixture
def shown(monkeypatch):
    """What a notebook would have been given; the text that goes before each picture is looked at here."""
    outputs, texts = [], []

    def display(data, raw=False, metadata=None):
        if isinstance(data, IPython.display.Image):
            texts.append(data.alt)
        else:
            outputs.append((data if raw else data._repr_markdown_(), metadata))
            assert not raw or (texts.pop() == metadata["image/png"]["alt"] and not texts)

    for module in (plotting, timings):
        monkeypatch.setattr(module, "display", display)
    monkeypatch.setattr(plotting, "captions", lambda: {"02_x": {"alt": "Strokes.", "caption": "What is found."}})
    return outputs
