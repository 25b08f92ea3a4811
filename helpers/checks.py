"""Refusals that several modules share: each names the value, and says what was expected."""

import numbers

import numpy as np

LARGEST = 2**31 - 1
FARTHEST = 8  # that a value may lie outside of [0, 1]: noise of σ = 1 stays within 6


def check_int(name, value, least=1, most=LARGEST):
    """`value` as an int.

    Parameters
    ----------
    name : str
        What the message calls it.
    value : int, or a float without decimals
    least, most : int, optional

    Returns
    -------
    int

    Raises
    ------
    ValueError
        When it is anything else, or out of range.
    """
    if not (_is_real(value) and least <= value <= most and int(value) == value):
        said = f"from {least} to {most}" if most < LARGEST else f"of {least} or more"
        raise ValueError(f"{name} is {value!r}, expected an int {said}")
    return int(value)


def check_number(name, value, least=0, most=np.inf, *, zero=True):
    """`value` as a float.

    Parameters
    ----------
    name : str
        What the message calls it.
    value : float
    least, most : float, optional
        Both allowed, save infinity.
    zero : bool, optional
        Whether 0 is allowed.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        When it is no number, or out of range.
    """
    if not (_is_real(value) and abs(value) < np.inf and least <= value <= most and (zero or value != 0)):
        said = f"from {least:g} to {most:g}" if np.isfinite(most) else f"of {least:g} or more"
        raise ValueError(f"{name} is {value!r}, expected a finite number {said}{'' if zero else ', not 0'}")
    return float(value)


def _is_real(value):
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def check_rng(rng):
    """The generator that `rng` stands for.

    Parameters
    ----------
    rng : int or numpy.random.Generator

    Returns
    -------
    numpy.random.Generator

    Raises
    ------
    ValueError
        When it is neither: also None, which would draw other numbers in every run.
    """
    return rng if isinstance(rng, np.random.Generator) else np.random.default_rng(check_int("rng", rng, least=0, most=2**64))


def check_array(name, values, dtype=None):
    """`values` as one array.

    Parameters
    ----------
    name : str
        What the message calls them.
    values : array_like
    dtype : numpy.dtype, optional

    Returns
    -------
    numpy.ndarray

    Raises
    ------
    ValueError
        When they are lists of unequal lengths, or hold what is no number where numbers are asked for.
    """
    try:
        array = np.asarray(values)
        if dtype is not None and array.dtype.kind == "c":
            raise TypeError("complex numbers")
        return array if dtype is None else array.astype(dtype)
    except (TypeError, ValueError) as error:
        said = f"{name} cannot be made into one array ({error}), expected numbers in lists of equal length"
        raise ValueError(said) from error


def check_images(images):
    """`images` as a batch of finite float32.

    Parameters
    ----------
    images : array_like of float, shape (n, height, width, channels)

    Returns
    -------
    numpy.ndarray of float32, same shape

    Raises
    ------
    ValueError
        When it is none, or a value is not finite in float32.
    """
    images = check_array("images", images)
    if images.ndim != 4 or images.size == 0 or images.dtype.kind != "f":
        raise ValueError(
            f"images have shape {images.shape} and dtype {images.dtype}, expected floats of shape (n, height, width, channels)"
        )
    if not (np.abs(images).max() <= np.finfo(np.float32).max):  # also true when a value is not a number
        raise ValueError("an image holds values that are not finite (NaN or infinity), or too large for float32")
    return images.astype(np.float32, copy=False)


def check_near_unit(name, values, full=1.0):
    """Refuse values on another scale; noise and a network's overshoot may leave [0, `full`].

    Parameters
    ----------
    name : str
        What the message calls it.
    values : numpy.ndarray
    full : float, optional
        White.

    Raises
    ------
    ValueError
        When a value lies farther from [0, `full`] than 8 times `full`.
    """
    low, high = values.min(), values.max()
    if low < -FARTHEST * full or high > (1 + FARTHEST) * full:
        raise ValueError(
            f"{name} reaches from {low:.4g} to {high:.4g}, expected floats around [0, {full:g}]: "
            "divide by 255 what goes from 0 to 255; a network that gives this has diverged"
        )


def check_table(scores, columns):
    """`scores`, which must hold numbers in these columns.

    Parameters
    ----------
    scores : pandas.DataFrame
    columns : sequence of str

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    ValueError
        When a column is missing or holds no numbers.
    """
    missing = [name for name in columns if name not in scores or scores[name].dtype.kind not in "fiu"]
    if missing:
        raise ValueError(f"a table has the columns {list(scores)}, expected numbers in {', '.join(missing)}")
    return scores
