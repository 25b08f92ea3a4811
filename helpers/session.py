"""What `helpers.training.begin` has settled for the notebook that runs, and where its results are written.

There is one writer, `start`, which `begin` calls. So a cell that is changed or run again later can't train in one mode
and write as if it were in another.
"""

import dataclasses

from helpers import checks, paths

MODES = ("pretrained", "quick", "full")


@dataclasses.dataclass
class Session:
    """The notebook that runs.

    Attributes
    ----------
    mode : {"pretrained", "quick", "full"}
    seed : int
    own : bool
        Whether it works on a reader's own pictures.
    study : str or None
        The study that runs just now.
    """

    mode: str = "pretrained"
    seed: int = 0
    own: bool = False
    study: str | None = None


_current = Session()


def current():
    """The `Session` that `start` began; before, one in "pretrained"."""
    return _current


def start(mode, seed=0, own=None):
    """Begin a notebook.

    Parameters
    ----------
    mode : {"pretrained", "quick", "full"}
    seed : int, optional
        From 0 to 2**32 - 1.
    own : path-like, optional
        Where a reader's own pictures lie, when the notebook works on them. What is trained on them never meets what is
        trained on the course's.

    Raises
    ------
    ValueError
        When the mode or the seed cannot be used, or own pictures are given in "pretrained".
    """
    global _current
    if mode not in MODES:
        raise ValueError(f"MODE is {mode!r}, expected one of {MODES}")
    if own is not None and mode == "pretrained":
        raise ValueError(
            f"pictures of your own are given ({str(own)!r}) and MODE is 'pretrained', which shows networks that were "
            "trained on the course's: set MODE = 'quick', or 'full' for the whole training"
        )
    _current = Session(mode, checks.check_int("seed", seed, 0, 2**32 - 1), own is not None)


def runs():
    """The folder that trainings write to; one of its own for a reader's pictures.

    Returns
    -------
    pathlib.Path
    """
    mode = "quick" if _current.mode == "quick" else "full"
    return paths.runs(mode, _current.own)


def figures():
    """The folder for figures: the one that the report names, otherwise one in the cache.

    What is run by hand never writes among the report's figures, whatever it was that a reader tried.

    Returns
    -------
    pathlib.Path
    """
    folder = paths.cache() if _current.mode == "pretrained" else runs()
    return paths.folder("COURSE_FIGURES", folder / "figures")


def tables():
    """The folder for tables, inside that for figures.

    Returns
    -------
    pathlib.Path
    """
    return figures() / "tables"
