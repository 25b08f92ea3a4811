"""Where things lie: one function a folder, with environment variables that move them.

The variables are read at every call, so that a test or a report can send what it writes to a folder of its own.
"""

import contextlib
import errno
import os
import pathlib
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
MODES = ("pretrained", "quick", "full")
_mode = "pretrained"


def set_mode(mode):
    """Say what a notebook does, so that only ``pretrained`` writes into the committed figures.

    Parameters
    ----------
    mode : {"pretrained", "quick", "full"}

    Raises
    ------
    ValueError
        When it is none of these.
    """
    global _mode
    if mode not in MODES:
        raise ValueError(f"MODE is {mode!r}, expected one of {MODES}")
    _mode = mode


def mode():
    """The mode that `set_mode` set; "pretrained" before."""
    return _mode


def _folder(variable, default):
    return pathlib.Path(os.environ.get(variable) or default)


def data():
    """The folder with the course's data, weights and records (``COURSE_DATA``)."""
    return _folder("COURSE_DATA", ROOT / "data")


def cache():
    """The folder for what can be made again (``COURSE_CACHE``)."""
    return _folder("COURSE_CACHE", data() / "cache")


def weights():
    """The folder with the shipped networks, one ``NAME.keras`` each."""
    return data() / "weights"


def records():
    """The folder with what the trainings recorded, one ``NAME.json`` each."""
    return data() / "records"


def runs(mode):
    """The folder that a training in ``mode`` ("quick" or "full") writes to."""
    return cache() / {"quick": "quick", "full": "runs"}[mode]


def figures():
    """The folder for figures (``COURSE_FIGURES``): the report's in ``pretrained``, otherwise one beside the runs."""
    return _folder("COURSE_FIGURES", ROOT / "figures" if _mode == "pretrained" else runs(_mode) / "figures")


def tables():
    """The folder for the report's tables."""
    return figures() / "tables"


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


@contextlib.contextmanager
def replacing(path, movable=True):
    """Write a file whole or not at all.

    Yields the path of a temporary file beside `path` with the same suffix. It takes the place of `path` when the block
    ends, and is removed when the block fails, so nobody ever reads half a file. The temporary name is always the same:
    what a killed process leaves is overwritten by the next.

    Parameters
    ----------
    path : path-like
        The file to write; its folder is made when it is missing.
    movable : bool, optional
        As in `writable`.

    Yields
    ------
    pathlib.Path
        Where to write.

    Raises
    ------
    OSError
        When the folder cannot be written to or the disk is full, with the name and what to do.
    """
    path = pathlib.Path(path)
    temporary = path.with_name(f".writing-{path.name}")
    writable(path.parent, movable)
    try:
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT):
            said = f"cannot write {shown(path)}: {error.strerror}. Free some space; what stood there is whole"
            raise OSError(error.errno, said) from error
        raise
    finally:
        temporary.unlink(missing_ok=True)


def writable(folder, movable=True):
    """Make a folder where it is missing, and make sure that files can be written to it.

    Parameters
    ----------
    folder : path-like
    movable : bool, optional
        Whether the message says which variables move the course's folders; for a folder that a reader named, they do not.

    Raises
    ------
    OSError
        When they cannot, with the folder's name and what to do.
    """
    folder = pathlib.Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        other = "or set COURSE_FIGURES, COURSE_CACHE or COURSE_DATA to one that is" if movable else "or name another"
        said = f"cannot write to {shown(folder)}: {error.strerror}. Make this folder writable, {other}"
        raise OSError(error.errno, said) from error
