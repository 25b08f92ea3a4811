"""Clean images in, degraded images out."""

import numpy as np
from PIL import Image

from helpers import checks

LARGEST_SIGMA = 1000  # far more than any picture survives


def identity(images, rng=None):
    """The images as they are: the task of a network that is asked for a copy.

    Parameters
    ----------
    images : array_like of float, shape (..., height, width, channels)
        Clean images in [0, 1].
    rng : optional
        Not used.

    Returns
    -------
    numpy.ndarray of float32, same shape as `images`

    Raises
    ------
    ValueError
        When `images` are not clean images.

    Examples
    --------
    >>> identity(np.full((1, 2, 2, 1), 0.5)).shape
    (1, 2, 2, 1)
    """
    return _clean(images)


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

    Examples
    --------
    >>> grey = np.full((1, 64, 64, 1), 0.5)
    >>> noisy = add_gaussian_noise(grey, sigma=25 / 255, rng=0)
    >>> print(f"{255 * noisy.std():.0f} of 255")
    25 of 255
    """
    images, sigma = _clean(images), checks.check_array("sigma", sigma, np.float64)
    if not np.all((sigma >= 0) & (sigma <= LARGEST_SIGMA)):  # also false for what is not a number
        raise ValueError(
            f"sigma is {sigma.tolist()}, expected a standard deviation of 0 to {LARGEST_SIGMA} on the [0, 1] scale"
        )
    noisy = checks.check_rng(rng).standard_normal(images.shape, dtype=np.float32)
    noisy *= sigma.astype(np.float32)  # in place: a training set is large
    noisy += images
    return np.clip(noisy, 0, 1, out=noisy) if clip else noisy


def lower_resolution(images, factor, rng=None):
    """Bicubic down by `factor` and back up: same size, fewer details.

    Going down, the kernel is widened by the factor, so that what the small picture cannot hold is averaged away and does
    not come back as false patterns (aliasing) [1]_.

    Parameters
    ----------
    images : array_like of float, shape (n, height, width, channels)
        Clean images in [0, 1].
    factor : float
        1 or more. Sides that it does not divide are rounded: 256 / 6 becomes 43.
    rng : optional
        Not used: nothing here is random. Taken so that this can stand wherever a degradation is called for.

    Returns
    -------
    numpy.ndarray of float32, same shape as `images`
        In [0, 1].

    Raises
    ------
    ValueError
        When `images` are no batch of clean images, or when `factor` is below 1 or leaves no pixel.

    Examples
    --------
    >>> fine = np.indices((8, 8)).sum(axis=0)[None, ..., None] % 2.0  # a chessboard
    >>> lower_resolution(fine, factor=2).round(1).max()  # at half the size it is grey
    np.float32(0.5)

    References
    ----------
    .. [1] R. G. Keys, "Cubic convolution interpolation for digital image processing", IEEE Transactions on Acoustics,
       Speech, and Signal Processing 29(6), 1981; here with a = -0.5, as Pillow computes it.
    """
    images = _clean(images)
    if images.ndim != 4:
        raise ValueError(f"images have shape {images.shape}, expected (n, height, width, channels)")
    height, width = images.shape[1:3]
    factor = checks.check_number(f"for images of {height}x{width}, factor", factor, 1, min(height, width))
    small = round(width / factor), round(height / factor)
    lowered = np.empty_like(images)
    for n, channel in np.ndindex(images.shape[0], images.shape[3]):  # Pillow resizes one plane of floats a call
        plane = Image.fromarray(images[n, :, :, channel])
        for size in (small, (width, height)):
            plane = plane.resize(size, Image.Resampling.BICUBIC)
        lowered[n, :, :, channel] = plane
    return np.clip(lowered, 0, 1, out=lowered)


def low_light(images, gain, gamma, sigma, rng):
    """A picture taken with too little light: y = gain · x^gamma + σ n with n ~ N(0, 1).

    Parameters
    ----------
    images : array_like of float, shape (..., height, width, channels)
        Clean images in [0, 1].
    gain : float
        Share of the light that arrives, above 0 and at most 1.
    gamma : float
        Above 0; more than 1 darkens the middle tones further.
    sigma : float
        Standard deviation of the sensor's noise on the [0, 1] scale.
    rng : int or numpy.random.Generator
        Where the noise comes from.

    Returns
    -------
    numpy.ndarray of float32, same shape as `images`
        Dark, with values below 0 where the noise is.

    Raises
    ------
    ValueError
        When `images` are not clean images, or when a setting is out of its range.

    Examples
    --------
    >>> white = np.ones((1, 64, 64, 1))
    >>> print(f"{low_light(white, gain=0.3, gamma=1.5, sigma=0.02, rng=0).mean():.1f}")
    0.3
    """
    images = _clean(images)
    gain, gamma = (
        checks.check_number("gain", gain, most=1, zero=False),
        checks.check_number("gamma", gamma, most=100, zero=False),
    )
    return add_gaussian_noise(np.float32(gain) * images ** np.float32(gamma), sigma, rng)


def compose(images, steps, rng):
    """Several degradations, each applied to what the one before left: fewer details and then noise, for instance.

    Parameters
    ----------
    images : array_like of float, shape (n, height, width, channels)
        Clean images in [0, 1].
    steps : sequence of callable
        Each ``step(images, rng=generator)``; all but the last must leave images in [0, 1].
    rng : int or numpy.random.Generator
        Shared by the steps, which draw from it in their order.

    Returns
    -------
    numpy.ndarray of float32, same shape as `images`

    Raises
    ------
    ValueError
        When there is no step, or a step refuses what it is given.

    Examples
    --------
    >>> import functools
    >>> shrink = functools.partial(lower_resolution, factor=2)
    >>> noise = functools.partial(add_gaussian_noise, sigma=0.1)
    >>> compose(np.zeros((1, 8, 8, 1)), steps=(shrink, noise), rng=0).shape
    (1, 8, 8, 1)
    """
    if not steps:
        raise ValueError("steps are empty: there is nothing to do to the images")
    rng = checks.check_rng(rng)
    for step in steps:
        images = step(images, rng=rng)
    return images


def _clean(images):
    """`images` as float32, refused unless they are clean images in [0, 1]."""
    images = checks.check_array("images", images)
    if images.dtype.kind != "f":
        raise ValueError(f"images have dtype {images.dtype}, expected floats in [0, 1]: divide 8-bit images by 255 first")
    if images.size == 0:
        raise ValueError(f"images have shape {images.shape}: there is nothing to degrade")
    low, high = images.min(), images.max()
    if not (low >= 0 and high <= 1):  # also true when a value is not a number
        raise ValueError(f"images reach from {low:.4g} to {high:.4g}, expected finite values in [0, 1]")
    return images.astype(np.float32, copy=False)
