"""Nothing that a test does reaches the committed folders: the output folders point into a temporary one."""

import numpy as np
import pytest

from helpers import degradations, paths, training


@pytest.fixture(autouse=True)
def own_folders(tmp_path, monkeypatch):
    """Caches, figures, weights and records of this test alone."""
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COURSE_FIGURES", str(tmp_path / "figures"))
    paths.set_mode("pretrained")
    yield tmp_path
    paths.set_mode("pretrained")


@pytest.fixture(scope="session", autouse=True)
def deterministic():
    training.set_seed(0)


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
