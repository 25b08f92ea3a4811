"""The chapters as slides, from their stored outputs: ``make slides`` writes them to data/cache/slides/."""

import html
import sys

import nbformat

from helpers import document, files, paths

NOTEBOOKS = paths.ROOT / "notebooks"
PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,"><title>Slides</title>
<style>body {{ font: 18px/1.6 system-ui, sans-serif; max-width: 40em; margin: 2em auto; padding: 0 1em; }}</style></head><body>
<h1>Slides</h1>
<p>Space or → shows a figure's finding, then the next slide; ← goes back. From the browser, print them for paper or PDF.</p>
<ul>{}</ul></body></html>
"""


def write(folder):
    """Write a page of slides for each chapter, and one that lists them.

    Parameters
    ----------
    folder : pathlib.Path

    Returns
    -------
    list of pathlib.Path
        The chapters' pages, each of which needs no other file.
    """
    written, items = [], []
    for path in sorted(NOTEBOOKS.glob("[0-9][0-9]_*[!0-9].ipynb")):
        notebook = nbformat.read(path, as_version=4)
        target = folder / f"{path.stem}.html"
        with files.replacing(target) as temporary:
            temporary.write_text(document.slides(path.name, notebook, paths.ROOT / "figures"), encoding="utf-8")
        written.append(target)
        title = notebook.cells[0].source.partition("\n")[0].lstrip("# ")
        items.append(f'<li><a href="{target.name}">{html.escape(title)}</a></li>')
    with files.replacing(folder / "index.html") as temporary:
        temporary.write_text(PAGE.format("\n".join(items)), encoding="utf-8")
    return written


def main():
    """The command line.

    Returns
    -------
    int
        0, or 1 with what failed on the error stream.
    """
    try:
        written = write(paths.cache() / "slides")
    except OSError as error:
        print(error, file=sys.stderr)
        return 1
    for path in written:
        print(f"wrote {paths.shown(path)}: {path.stat().st_size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
