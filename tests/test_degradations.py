import functools

import numpy as np
import pytest
from PIL import Image
from skimage import data

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


@pytest.fixture
def photograph():
    """A piece of a photograph, (1, 64, 96, 3) in [0, 1]."""
    return data.chelsea()[np.newaxis, 100:164, 150:246].astype(np.float32) / 255


def test_lower_resolution_is_bicubic_with_antialiasing(photograph):
    """Against Pillow on 8-bit pictures, to the rounding of 8 bits."""
    for factor, small in ((2, (48, 32)), (4, (24, 16)), (6, (16, 11))):
        picture = Image.fromarray(np.round(photograph[0] * 255).astype(np.uint8))
        expected = picture.resize(small, Image.Resampling.BICUBIC).resize((96, 64), Image.Resampling.BICUBIC)
        found = degradations.lower_resolution(photograph, factor)
        assert found.shape == photograph.shape and found.dtype == np.float32
        assert np.abs(found[0] * 255 - np.asarray(expected, np.float32)).max() < 3
        assert np.abs(found[0] * 255 - np.asarray(expected, np.float32)).mean() < 0.5


def test_fine_stripes_are_averaged_away_and_not_turned_into_others():
    stripes = np.tile(np.float32([0, 1]), (1, 32, 16))[..., np.newaxis]
    assert np.abs(degradations.lower_resolution(stripes, 4)[:, 4:-4, 4:-4] - 0.5).max() < 0.02


def test_more_is_lost_at_larger_factors_and_nothing_at_one(photograph):
    errors = [np.mean((degradations.lower_resolution(photograph, factor) - photograph) ** 2) for factor in (1, 2, 3, 4, 6)]
    assert errors[0] == 0 and errors == sorted(errors) and len(set(errors)) == 5


def test_low_light_is_dark_and_noisy(photograph):
    dark = degradations.low_light(photograph, gain=0.3, gamma=1.5, sigma=0.02, rng=0)
    noise = dark - 0.3 * photograph**1.5
    assert noise.std() == pytest.approx(0.02, rel=0.03) and dark.dtype == np.float32
    np.testing.assert_allclose(degradations.low_light(photograph, 1, 1, 0, rng=0), photograph, rtol=1e-6)


def test_degradations_in_turn(photograph):
    low = functools.partial(degradations.lower_resolution, factor=2)
    noise = functools.partial(degradations.add_gaussian_noise, sigma=0.1)
    both = degradations.compose(photograph, (low, noise), rng=4)
    np.testing.assert_array_equal(both, noise(low(photograph), rng=4))
    with pytest.raises(ValueError, match="steps are empty"):
        degradations.compose(photograph, (), rng=0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: degradations.lower_resolution(x, 0.5), "for images of 64x96, factor is 0.5"),
        (lambda x: degradations.lower_resolution(x, 65), "from 1 to 64"),
        (lambda x: degradations.lower_resolution(x, np.nan), "factor is nan"),
        (lambda x: degradations.lower_resolution(x[0], 2), "expected .n, height, width, channels"),
        (lambda x: degradations.lower_resolution(x * 255, 2), "expected finite values"),
        (lambda x: degradations.low_light(x, 0, 1, 0, 0), "gain is 0"),
        (lambda x: degradations.low_light(x, 1.1, 1, 0, 0), "gain is 1.1"),
        (lambda x: degradations.low_light(x, 0.5, 0, 0, 0), "gamma is 0"),
        (lambda x: degradations.low_light(x, 0.5, 1, -1, 0), "sigma is -1"),
    ],
)
def test_bad_settings_are_refused(photograph, call, message):
    with pytest.raises(ValueError, match=message):
        call(photograph)


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


def test_nothing_is_done(photograph):
    np.testing.assert_array_equal(degradations.identity(photograph, rng=3), photograph)
    with pytest.raises(ValueError, match="divide 8-bit images by 255"):
        degradations.identity(np.zeros((1, 4, 4, 1), np.uint8))


def test_a_camera_counts_light():
    """In linear light the variance of what is counted is the mean, plus that of reading out."""
    grey = np.full((1, 200, 200, 3), 0.5)
    raw = {"smoothing": 0, "sharpening": 0, "quality": None}
    for electrons in (100, 1000):
        for read in (0.0, 5.0):
            light = degradations.camera(grey, electrons, rng=0, read=read, **raw).astype(float) ** degradations.GAMMA
            expected = 0.5**degradations.GAMMA / electrons + (read / electrons) ** 2
            assert light.mean() == pytest.approx(0.5**degradations.GAMMA, rel=0.01)
            assert light.var() == pytest.approx(expected, rel=0.03)


def test_a_camera_makes_noise_of_neighbours_alike():
    grey = np.full((1, 128, 128, 3), 0.5)

    def alike(**options):
        noise = degradations.camera(grey, 500, rng=0, **options)[0, ..., 1] - 0.5
        return np.corrcoef(noise[:, 1:].ravel(), noise[:, :-1].ravel())[0, 1]

    assert abs(alike(smoothing=0, sharpening=0, quality=None)) < 0.02
    assert alike(smoothing=0.7, sharpening=0, quality=None) > 0.3
    taken = degradations.camera(grey, 500, rng=0)
    np.testing.assert_array_equal(taken, degradations.camera(grey, 500, rng=np.random.default_rng(0)))
    assert taken.dtype == np.float32 and np.allclose(255 * taken, np.round(255 * taken), atol=1e-4)
    assert degradations.camera(grey[..., :1], 500, rng=0).shape == (1, 128, 128, 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"electrons": 0}, "electrons is 0"),
        ({"electrons": 100, "quality": 96}, "quality is 96"),
        ({"electrons": 100, "sharpening": -1}, "sharpening is -1"),
    ],
)
def test_a_camera_that_cannot_be_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        degradations.camera(np.zeros((1, 8, 8, 3)), rng=0, **options)
    with pytest.raises(ValueError, match=r"\(8, 8, 3\)"):
        degradations.camera(np.zeros((8, 8, 3)), 100, rng=0)
