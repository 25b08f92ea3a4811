"""Printed letters as small pictures, to show to networks that have learned digits."""

import string

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

FONTS = ("Sans", "Sans-Bold", "Sans-Oblique", "Serif", "Serif-Bold", "Serif-Italic", "SansMono", "SansMono-Bold")
SIDE, POINTS = 28, 22  # capitals are 16 pixels high


def letters(characters=string.ascii_letters, fonts=FONTS):
    """Printed characters, white on black, in the middle of 28x28 pixels.

    Parameters
    ----------
    characters : str, optional
        By default the 26 letters, small and large.
    fonts : sequence of str, optional
        Of the family DejaVu, which comes with matplotlib; by default eight.

    Returns
    -------
    numpy.ndarray of float32, shape (n, 28, 28, 1)
        Values in [0, 1]: all characters in the first font, then all in the second, and so on.
    """
    return np.stack([_letter(character, font) for font in fonts for character in characters])


def _letter(character, font):
    canvas = Image.new("L", (SIDE, SIDE))
    large = ImageFont.truetype(f"{matplotlib.get_data_path()}/fonts/ttf/DejaVu{font}.ttf", POINTS)
    ImageDraw.Draw(canvas).text((SIDE // 2, SIDE // 2), character, fill=255, font=large, anchor="mm")
    return np.float32(canvas)[..., np.newaxis] / 255
