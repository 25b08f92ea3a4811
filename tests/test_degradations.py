import numpy as np
import pytest

from helpers import degradations


def test_noise_has_the_strength_that_was_asked_for(strokes):
    images = np.repeat(strokes, 20, axis=0)
    for sigma in (0.05, 0.2, 0.5):
        noise = degradations.add_gaussian_noise(images, sigma, rng=0) - images
        assert noise.std() == pytest.approx(sigma, rel=0.01) and abs(noise.mean()) < 0.01 * sigma + 1e-4


def test_noise_depends_on_rng_alone(strokes):
    first = degradations.add_gaussian_noise(strokes, 0.2, rng=5)
    np.random.seed(99)  # noqa: NPY002 - that global state does not matter is what is tested
    np.testing.assert_array_equal(first, degradations.add_gaussian_noise(strokes, 0.2, rng=5))
    np.testing.assert_array_equal(first, degradations.add_gaussian_noise(strokes, 0.2, rng=np.random.default_rng(5)))
    assert np.abs(first - degradations.add_gaussian_noise(strokes, 0.2, rng=6)).max() > 0.1


def test_clipping_cuts_and_does_nothing_else(strokes):
    free = degradations.add_gaussian_noise(strokes, 0.2, rng=5)
    np.testing.assert_array_equal(degradations.add_gaussian_noise(strokes, 0.2, rng=5, clip=True), np.clip(free, 0, 1))
    assert free.min() < 0 and free.dtype == np.float32


def test_one_strength_an_image(strokes):
    sigma = np.linspace(0, 0.5, len(strokes)).reshape(-1, 1, 1, 1)
    noise = degradations.add_gaussian_noise(strokes, sigma, rng=0) - strokes
    np.testing.assert_allclose(noise.std(axis=(1, 2, 3)), sigma.ravel(), rtol=0.25)
    assert not noise[0].any()


@pytest.mark.parametrize(
    ("images", "sigma", "message"),
    [
        (np.zeros((1, 4, 4, 1), np.uint8), 0.1, "divide 8-bit images by 255"),
        (np.zeros((0, 4, 4, 1)), 0.1, "nothing to degrade"),
        (np.full((1, 4, 4, 1), 2.0), 0.1, "expected finite values in"),
        (np.full((1, 4, 4, 1), -0.1), 0.1, "expected finite values in"),
        (np.full((1, 4, 4, 1), np.nan), 0.1, "expected finite values in"),
        (np.zeros((1, 4, 4, 1)), -0.1, "sigma is -0.1"),
        (np.zeros((1, 4, 4, 1)), np.nan, "sigma is nan"),
    ],
)
def test_bad_input_is_refused(images, sigma, message):
    with pytest.raises(ValueError, match=message):
        degradations.add_gaussian_noise(images, sigma, rng=0)
