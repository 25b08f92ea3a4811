"""Draw one figure with other settings: ``python -m helpers.commands.figure 05_your_turn -p KNOB 40``.

The chapter runs as far as the cell that draws the figure. What it draws on the way is written as well, into a folder of its
own: no figure of the report is touched.
"""

import argparse
import base64
import pathlib
import sys
import tempfile

import nbformat

from helpers import paths
from helpers.commands import report
from helpers.document import settings


def draw(name, values):
    """Run a chapter, with other values, as far as the cell that draws a figure.

    Parameters
    ----------
    name : str
        Of the figure, "05_your_turn".
    values : dict of str to str
        Name to value, as `helpers.document.settings.changed` takes them.

    Returns
    -------
    list of pathlib.Path
        The figure's files, and the executed notebook.

    Raises
    ------
    ValueError
        When there is no such figure, or nothing of such a name to set.
    helpers.commands.report.NotebookFailed
        When a cell fails. In "pretrained" so does a training or a study whose recipe was changed.
    """
    found = [path for path in report.chapters() if path.name[:2] == name[:2]]
    if not found:
        raise ValueError(f"{name!r} is no figure: its first two digits are those of its chapter")
    values = {key: str(pathlib.Path(value).absolute()) if _is_file(value) else value for key, value in values.items()}
    made = settings.changed(nbformat.read(found[0], as_version=4), name, values)
    target = paths.cache() / "again"
    for before in target.glob(f"{name}.*"):
        before.unlink()
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder) / found[0].name
        nbformat.write(made, source)
        executed = report.run_notebook(source, target / f"{name}.ipynb", "pretrained", target)
    if not (target / f"{name}.png").exists():  # chapters save no figure of a reader's own pictures
        for output in executed.cells[-1].outputs:
            if "image/png" in output.get("data", {}):
                (target / f"{name}.png").write_bytes(base64.b64decode(output.data["image/png"]))
    return sorted(target.glob(f"{name}.*"))


def _is_file(value):
    """Whether a value names something that is there, as seen from where the command was given."""
    return any(mark in value for mark in "./") and pathlib.Path(value).exists()


def main(arguments=None):
    """The command line.

    Returns
    -------
    int
        0, or 1 with what failed on the error stream.
    """
    parser = argparse.ArgumentParser(
        prog="python -m helpers.commands.figure", description="Draw one figure of the report with other settings."
    )
    parser.add_argument("name", help="the figure's name, for instance 05_your_turn")
    parser.add_argument("-p", nargs=2, action="append", default=[], metavar=("NAME", "VALUE"), dest="values")
    options = parser.parse_args(arguments)
    try:
        for path in draw(options.name, dict(options.values)):
            print(f"wrote {paths.shown(path)}")
        return 0
    except (report.NotebookFailed, ValueError, OSError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
