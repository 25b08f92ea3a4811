"""Clean images in, degraded images out."""

import io

import numpy as np
from PIL import Image
from scipy import ndimage

from helpers import checks

LARGEST_SIGMA = 1000  # far more than any picture survives
GAMMA = 2.2  # of a display: light is the stored value to this power, nearly


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
    try:
        fits = np.broadcast_shapes(sigma.shape, images.shape) == images.shape
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(
            f"sigma has shape {sigma.shape}, expected one number, or one for each image: shape {(len(images), 1, 1, 1)}"
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


def camera(images, electrons, rng, *, read=2.0, smoothing=0.7, sharpening=1.0, quality=90):
    """What a camera makes of a scene: light is counted, read out, and then developed into a JPEG file.

    Counting has Poisson noise and reading has Gaussian noise [1]_. Then the values are brought to the scale of a display,
    smoothed a little, as interpolating the colours of a sensor does, sharpened, and stored as JPEG. The last three make
    the noise of neighbouring pixels depend on each other.

    Parameters
    ----------
    images : array_like of float, shape (n, height, width, 1 or 3)
        Clean images in [0, 1], as a display shows them.
    electrons : float
        How many a white pixel counts: tens of thousands in the sun, a hundred or fewer in a dim room.
    rng : int or numpy.random.Generator
        Where the noise comes from.
    read : float, optional
        Standard deviation of reading out, in electrons.
    smoothing : float, optional
        Standard deviation of a Gaussian blur, in pixels; 0 for none.
    sharpening : float, optional
        How often what a blur of one pixel takes away is added again; 0 for not at all.
    quality : int or None, optional
        Of the JPEG file, 1 to 95; None stores nothing.

    Returns
    -------
    numpy.ndarray of float32, same shape as `images`
        In [0, 1]; with `quality` as 8 bits hold them.

    Raises
    ------
    ValueError
        When `images` are no batch of clean images, or when a setting is out of its range.

    Examples
    --------
    >>> grey = np.full((1, 64, 64, 3), 0.5)
    >>> bright, dim = (camera(grey, electrons, rng=0).std() for electrons in (20_000, 200))
    >>> bool(dim > 5 * bright)
    True

    References
    ----------
    .. [1] A. Foi, M. Trimeche, V. Katkovnik and K. Egiazarian, "Practical Poissonian-Gaussian noise modeling and fitting for
       single-image raw-data", IEEE Transactions on Image Processing 17(10), 2008.
    """
    images, rng = _clean(images), checks.check_rng(rng)
    if images.ndim != 4 or images.shape[-1] not in (1, 3):
        raise ValueError(f"images have shape {images.shape}, expected (n, height, width, 1 or 3)")
    electrons = checks.check_number("electrons", electrons, 1, 1e7)
    read = checks.check_number("read", read, most=1e4)
    smoothing, sharpening = (
        checks.check_number("smoothing", smoothing, most=10),
        checks.check_number("sharpening", sharpening, most=10),
    )
    counted = rng.poisson(electrons * images**GAMMA) + read * rng.standard_normal(images.shape)
    taken = np.clip(counted / electrons, 0, 1) ** (1 / GAMMA)
    if smoothing:
        taken = ndimage.gaussian_filter(taken, (0, smoothing, smoothing, 0))
    taken = taken + sharpening * (taken - ndimage.gaussian_filter(taken, (0, 1, 1, 0)))
    taken = np.clip(taken, 0, 1).astype(np.float32)
    return taken if quality is None else _stored(taken, checks.check_int("quality", quality, most=95))


def _stored(images, quality):
    """A batch of images, each written as JPEG and read again."""
    stored = []
    for pixels in np.round(255 * images).astype(np.uint8):
        file = io.BytesIO()
        Image.fromarray(pixels.squeeze()).save(file, "jpeg", quality=quality)
        stored.append(np.asarray(Image.open(file), np.float32).reshape(pixels.shape) / 255)
    return np.stack(stored)


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
