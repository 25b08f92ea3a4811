"""Clean images in, degraded images out."""

import numpy as np


def add_gaussian_noise(images, sigma, rng, clip=False):
    """Add white Gaussian noise: y = x + σ n with n ~ N(0, 1) for each pixel and channel alone.

    Parameters
    ----------
    images : array_like of float, shape (..., height, width, channels)
        Clean images in [0, 1].
    sigma : float or array_like
        Standard deviation on the [0, 1] scale, so σ = 25/255 is what the literature calls "sigma 25". An array must
        broadcast against `images`, for instance shape (n, 1, 1, 1) for one strength an image.
    rng : int or numpy.random.Generator
        Where the noise comes from; the same int gives the same noise.
    clip : bool, optional
        Cut the result to [0, 1], as a camera or an 8-bit file would. What is left is no longer Gaussian: on a black
        ground half of the noise is gone.

    Returns
    -------
    numpy.ndarray of float32, same shape as `images`
        In [0, 1] when clipped, otherwise with values below 0 and above 1.

    Raises
    ------
    ValueError
        When `images` are empty, integers, or leave [0, 1], or when `sigma` is negative or not finite.
    """
    images, sigma = _clean(images), np.asarray(sigma, dtype=np.float32)
    if not np.all(np.isfinite(sigma)) or np.any(sigma < 0):
        raise ValueError(f"sigma is {sigma.tolist()}, expected a finite standard deviation of 0 or more on the [0, 1] scale")
    noisy = np.random.default_rng(rng).standard_normal(images.shape, dtype=np.float32)
    noisy *= sigma  # in place: a training set is large
    noisy += images
    return np.clip(noisy, 0, 1, out=noisy) if clip else noisy


def _clean(images):
    """`images` as float32, refused unless they are clean images in [0, 1]."""
    images = np.asarray(images)
    if images.dtype.kind != "f":
        raise ValueError(f"images have dtype {images.dtype}, expected floats in [0, 1]: divide 8-bit images by 255 first")
    if images.size == 0:
        raise ValueError(f"images have shape {images.shape}: there is nothing to degrade")
    low, high = images.min(), images.max()
    if not (low >= 0 and high <= 1):  # also true when a value is not a number
        raise ValueError(f"images reach from {low:.4g} to {high:.4g}, expected finite values in [0, 1]")
    return images.astype(np.float32, copy=False)
