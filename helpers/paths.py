"""Where things lie: one function a folder, with environment variables that move them.

The variables are read at every call, so that a test or a report can send what it writes to a folder of its own.
"""

import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parent.parent


def folder(variable, default):
    """The folder that an environment variable names, or the default.

    Parameters
    ----------
    variable : str
    default : path-like

    Returns
    -------
    pathlib.Path
    """
    return pathlib.Path(os.environ.get(variable) or default)


def data():
    """The folder with the course's data, weights and records (``COURSE_DATA``)."""
    return folder("COURSE_DATA", ROOT / "data")


def cache():
    """The folder for what can be made again (``COURSE_CACHE``)."""
    return folder("COURSE_CACHE", data() / "cache")


def weights():
    """The folder with the shipped networks, one ``NAME.keras`` each."""
    return data() / "weights"


def records():
    """The folder with what the trainings recorded, one ``NAME.json`` each."""
    return data() / "records"


def runs(mode, own=False):
    """The folder that trainings write to in ``mode`` ("quick" or "full"); one of its own for a reader's pictures."""
    name = {"quick": "quick", "full": "runs"}[mode]
    return cache() / "own" / name if own else cache() / name


def report_figures():
    """The folder for the report's figures (``COURSE_FIGURES``)."""
    return folder("COURSE_FIGURES", ROOT / "figures")


def shown(path):
    """`path` as a page or a message shows it: relative to the project where it lies inside, never with a home folder.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    str
        With forward slashes; only the file's name when it lies outside of the project.
    """
    path = pathlib.Path(path).absolute()
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.name
