"""The report's figures: which, in which order, under which number, and from which files."""

import dataclasses
import re
from collections.abc import Iterator

from PIL import Image

from helpers import plotting

DOTS, CSS = 120, 96  # an inch of the saved figures, and of a page on a screen


@dataclasses.dataclass
class Figure:
    """A figure of the report.

    Attributes
    ----------
    name : str
        "05_strengths".
    caption, alt : str
    argues : bool
        Whether the report's argument needs it.
    width, height : int
        Pixels of a screen at which letters have the size that they were drawn with.
    files : tuple of str
        Names of the files beside the report; the first is what the page shows: the SVG where there is one, else the PNG.
    chapter : str
        File name of the notebook.
    cell : int
        The number of the cell that draws it, as ``In [cell]``.
    number : str
        "5.3".
    """

    name: str
    caption: str
    alt: str
    argues: bool
    width: int
    height: int
    files: tuple
    chapter: str
    cell: int
    number: str = ""


def of_chapter(chapter, notebook, folder):
    """The figures that a chapter shows.

    Parameters
    ----------
    chapter : str
        The notebook's file name.
    notebook : nbformat.NotebookNode
        Executed.
    folder : pathlib.Path
        Where their files lie.

    Returns
    -------
    dict of str to Figure
        By name. Where no figure of a chapter is marked as one that the argument needs, all of them are.
    """
    found = {figure.name: figure for figure in _shown(chapter, notebook, folder)}
    if not any(figure.argues for figure in found.values()):
        for figure in found.values():
            figure.argues = True
    return found


def _shown(chapter, notebook, folder) -> Iterator[Figure]:
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if "image/png" not in output.get("data", {}):
                continue
            name = re.match(r"<figure (\w+)", output.data["text/plain"])[1]
            about, texts = output.metadata["image/png"], plotting.captions().get(name, {})
            with Image.open(folder / f"{name}.png") as picture:
                size = picture.size
            width = about.get("width", size[0]) * CSS / DOTS
            files = [f"{name}.{kind}" for kind in ("svg", "png", "csv") if (folder / f"{name}.{kind}").exists()]
            yield Figure(
                name=name,
                caption=texts.get("caption", about["alt"]),
                alt=about["alt"],
                argues=texts.get("report", False),
                width=round(width),
                height=round(width * size[1] / size[0]),
                files=tuple(files),
                chapter=chapter,
                cell=cell.execution_count,
            )


def sheet(path, caption):
    """A picture that no chapter shows, such as a contact sheet, as a figure without a number."""
    with Image.open(path) as picture:
        width, height = picture.size
    return Figure(path.stem, caption, caption, True, width, height, (path.name,), chapter="", cell=0)
