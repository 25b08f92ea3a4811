"""What `helpers.commands.report` writes besides the report: the generated parts of README.md, and contact sheets."""

import re

import numpy as np
import pandas as pd
from PIL import Image, ImageOps
from skimage import util

from helpers import files, plotting
from helpers.document import prose
from helpers.document import tables as report_tables

_SYSTEMS = {  # columns of the report's table of systems, and how README.md calls them
    "task": "task",
    "published": "authors report",
    "recipe": "their recipe here",
    "input": "doing nothing",
    "classical": "classical",
    "best": "course",
    "parameters": "parameters",
}


def readme(text, tables, timings, notebooks):
    """README.md with its generated parts made anew.

    Parameters
    ----------
    text : str
        The page, with ``<!-- NAME -->`` and ``<!-- end of NAME -->`` around each part: "chapters", "results", and,
        as often as wanted, "picture", a figure of the course with its caption.
    tables : pathlib.Path
        The folder with 06_systems.csv.
    timings : pathlib.Path
        data/timings.csv.
    notebooks : dict of str to nbformat.NotebookNode
        File name to chapter.

    Returns
    -------
    str
    """
    systems = report_tables.systems_shown(report_tables.systems(tables, report_tables.results(tables)))[0]
    head = f"| {' | '.join(_SYSTEMS.values())} |\n|---|{'--:|' * (len(_SYSTEMS) - 1)}"
    lines = [f"| {' | '.join(system[column] for column in _SYSTEMS)} |" for system in systems]
    text = re.sub(r"(?<=<!-- picture -->\n).*?(?=\n<!-- end of picture -->)", _picture, text, flags=re.DOTALL)
    parts = {
        "chapters": "\n".join(_chapters(timings, notebooks)),
        "results": "\n".join([head, *lines]),
    }
    for name, part in parts.items():
        marks = f"<!-- {name} -->", f"<!-- end of {name} -->"
        before, _, rest = text.partition(marks[0])
        _, end, after = rest.partition(marks[1])
        if not end:
            raise ValueError(f"README.md has no part between {marks[0]} and {marks[1]}")
        text = f"{before}{marks[0]}\n{part}\n{marks[1]}{after}"
    return text


def _picture(part):
    """A figure with its texts as they stand in captions.toml."""
    figure = re.search(r"figures/(\w+)\.png", part[0])[1]
    told = plotting.captions()[figure]
    return f"![{told['alt']}](figures/{figure}.png)\n\n*{told['caption']}*"


def _chapters(timings, notebooks):
    """A table of the chapters: what each asks or argues, and its minutes, as far as they are measured."""
    yield "| chapter | what it is about | read | run | train |\n|---|---|--:|--:|--:|"
    minutes = pd.read_csv(timings, index_col="notebook") if timings.exists() else pd.DataFrame()
    for name, notebook in notebooks.items():
        stem = name.removesuffix(".ipynb")
        measured = ["", "", ""]
        if stem in minutes.index:
            row = minutes.loc[stem]
            measured = [f"{row['reading']:.0f}", f"{row['pretrained']:.1f}", f"{row['full']:.1f}"]
        told = " ".join(prose.question(notebook).replace("*", "").split())
        yield f"| [{int(name[:2])} · {prose.title(notebook)}](notebooks/{name}) | {told} | {' | '.join(measured)} |"


def contact_sheet(pictures, path):
    """Write small copies of many photographs as one picture of the page's width.

    Parameters
    ----------
    pictures : list of numpy.ndarray of uint8, each of shape (height, width, 3)
        In reading order; what does not fit the shape of a place is cut off at the sides.
    path : path-like
        The PNG file, of at most 256 colours, which keeps it small.
    """
    columns = 10 if len(pictures) > 40 else 5
    size = 840 // columns, 560 // columns
    places = [np.asarray(ImageOps.fit(Image.fromarray(picture), size, Image.Resampling.BICUBIC)) for picture in pictures]
    grid = (-(-len(places) // columns), columns)
    sheet = util.montage(places, fill=(255, 255, 255), grid_shape=grid, padding_width=2, channel_axis=-1)
    with files.replacing(path) as temporary:
        Image.fromarray(sheet).quantize(256).save(temporary, optimize=True)
