import numpy as np
import pytest
from scipy import ndimage
from skimage import restoration

from helpers import baselines, metrics


@pytest.mark.parametrize("method", baselines.METHODS)
def test_every_method_removes_noise(strokes, noisy_strokes, method):
    grey = 0.5 * np.ones_like(strokes)
    noisy = np.clip(grey + 0.1 * np.random.default_rng(0).standard_normal(grey.shape), 0, 1)
    restored = baselines.restore(noisy, method)
    assert restored.shape == grey.shape and restored.dtype == np.float32
    assert metrics.psnr(grey, restored).mean() > metrics.psnr(grey, noisy).mean() + 1


def test_a_batch_is_treated_image_by_image(noisy_strokes):
    image = noisy_strokes[7, ..., 0]
    alone = {
        "gaussian": ndimage.gaussian_filter(image, 0.8),
        "median": ndimage.median_filter(image, 3),
        "total variation": restoration.denoise_tv_chambolle(image, weight=0.1),
        "non-local means": restoration.denoise_nl_means(
            image, patch_size=5, patch_distance=6, sigma=0.1, h=0.2, fast_mode=False
        ),
    }
    options = {"gaussian": {"sigma": 0.8}, "median": {}, "total variation": {"weight": 0.1}, "non-local means": {"h": 0.2}}
    for method, expected in alone.items():
        batch = baselines.restore(noisy_strokes[:9], method, **options[method])
        np.testing.assert_allclose(batch[7, ..., 0], np.clip(expected, 0, 1), atol=1e-6, err_msg=method)


def test_the_input_stays_as_it_was(noisy_strokes):
    before = noisy_strokes.copy()
    for method in baselines.METHODS:
        baselines.restore(noisy_strokes[:2], method)
    np.testing.assert_array_equal(noisy_strokes, before)


def test_bad_input_is_refused(noisy_strokes):
    with pytest.raises(ValueError, match="expected one of"):
        baselines.restore(noisy_strokes, "magic")
    for images in (noisy_strokes[0], noisy_strokes[:0], np.zeros((1, 8, 8, 1), np.uint8)):
        with pytest.raises(ValueError, match="expected floats of shape"):
            baselines.restore(images, "median")
    with pytest.raises(ValueError, match="not finite"):
        baselines.restore(noisy_strokes * np.nan, "median")


@pytest.mark.parametrize("kernel", baselines.KERNELS)
def test_enlarging(strokes, kernel):
    enlarged = baselines.enlarge(strokes, 3, kernel)
    assert enlarged.shape == (60, 48, 48, 1) and enlarged.dtype == np.float32 and 0 <= enlarged.min() <= enlarged.max() <= 1
    np.testing.assert_allclose(enlarged.reshape(60, 16, 3, 16, 3, 1).mean(axis=(2, 4)), strokes, atol=0.35)
    flat = np.full((1, 4, 5, 3), 0.25, np.float32)
    np.testing.assert_allclose(baselines.enlarge(flat, 2, kernel), 0.25, atol=1e-6)
    if kernel == "nearest":
        np.testing.assert_array_equal(enlarged, strokes.repeat(3, axis=1).repeat(3, axis=2))


def test_enlarging_refuses(strokes):
    for arguments, message in (((2, "sinc"), "kernel is 'sinc'"), ((0,), "factor is 0"), ((1.5,), "factor is 1.5")):
        with pytest.raises(ValueError, match=message):
            baselines.enlarge(strokes, *arguments)
    with pytest.raises(ValueError, match="expected floats of shape"):
        baselines.enlarge(strokes[0], 2)


def test_pictures_on_another_scale_are_refused():
    bytes_as_floats = np.random.default_rng(0).integers(0, 256, (1, 16, 16, 3)).astype(np.float32)
    for method in ("gaussian", "median"):
        with pytest.raises(ValueError, match="divide by 255"):
            baselines.restore(bytes_as_floats, method)
    with pytest.raises(ValueError, match="divide by 255"):
        baselines.enlarge(bytes_as_floats, 2)
