"""What the checks of all chapters share: what an answer should be, and what is said if it is not."""

import numpy as np


class Wrong(Exception):
    """What is still wrong, in words."""


def expect(condition, otherwise):
    """Go on if the condition holds, and say what is wrong otherwise."""
    if not condition:
        raise Wrong(otherwise)


def expect_digits(answer, name):
    """A dictionary with one number for each of the keys 0 to 9."""
    expect(isinstance(answer, dict), f"{name} is a {type(answer).__name__}, a dictionary was asked for.")
    missing = [digit for digit in range(10) if digit not in answer]
    expect(not missing, f"{name} lacks the digits {missing}.")


def shown(value):
    """A value as it can be shown within a sentence."""
    return repr(value) if np.ndim(value) == 0 or np.size(value) < 4 else f"an array of the shape {np.shape(value)}"
