"""Pictures that a study keeps in its table, as text, and how they are shown again."""

import base64
import io
import textwrap

import numpy as np
from PIL import Image

from helpers import metrics, plotting


def as_png(images):
    """Pictures side by side, as the text of a PNG file: so that a column of a table can hold them.

    Parameters
    ----------
    images : array_like of float, shape (n, height, width, 1 or 3)
        In [0, 1]. They are rounded to whole numbers from 0 to 255.

    Returns
    -------
    str
    """
    row = np.hstack(np.round(255 * np.asarray(images)).astype(np.uint8))
    stream = io.BytesIO()
    Image.fromarray(row[..., 0] if row.shape[-1] == 1 else row).save(stream, "png", optimize=True)
    return base64.b64encode(stream.getvalue()).decode()


def from_png(text, count=1):
    """The pictures of such a text again.

    Parameters
    ----------
    text : str
        As `as_png` gives it.
    count : int, optional
        How many pictures stand side by side.

    Returns
    -------
    numpy.ndarray of float32, shape (count, height, width, 1 or 3)
    """
    row = np.asarray(Image.open(io.BytesIO(base64.b64decode(text))), np.float32) / 255
    images = np.stack(np.split(row, count, axis=1))
    return images[..., np.newaxis] if row.ndim == 2 else images


def show_answers(kept, noisy, clean, *, width=None, name=None):
    """What several networks made of the same noisy pictures: a row for each picture and question, a column for each network.

    The first column is the noisy picture, the last the clean one.

    Parameters
    ----------
    kept : pandas.DataFrame
        One row an answer, with the columns "network", "asked to", "square" (the place in `noisy`), "psnr" and "png", the
        answer as `as_png` gives it. An empty table draws nothing: a study may leave networks out in "quick".
    noisy, clean : numpy.ndarray, shape (n, height, width, channels)
    width : float, optional
        Inches; by default the page's.
    name : str, optional
        As in `helpers.plotting.save_figure`.
    """
    if not len(kept):
        return
    networks, decibels = kept["network"].unique(), metrics.psnr(clean, np.clip(noisy, 0, 1))
    rows, titles, labels = [], [], []
    for (square, question), part in kept.groupby(["square", "asked to"]):
        answers = part.set_index("network").loc[networks]
        pictures = [from_png(text)[0] for text in answers["png"]]
        rows.append(np.stack([np.clip(noisy[square], 0, 1), *pictures, clean[square]]))
        titles.append([f"{value:.1f} dB" for value in (decibels[square], *answers["psnr"])] + [""])
        labels.append(f"asked to\n{question}")
    names = [textwrap.fill(text, 16) for text in ("noisy", *networks, "clean")]
    titles[0] = [f"{above}\n{said}".rstrip() for above, said in zip(names, titles[0], strict=True)]
    plotting.show_images(rows, titles, labels, name=name, width=width)
