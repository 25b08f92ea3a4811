"""Files written whole or not at all, by one process at a time where two would spoil each other; and their hashes."""

import contextlib
import errno
import hashlib
import json
import os
import pathlib
import re
import secrets
import sys
import tempfile
import time

from helpers import paths

try:
    import fcntl
except ImportError:  # Windows
    import msvcrt

    fcntl = None

_TEMPORARY = ".writing-"


def sha256(path):
    """SHA-256 of a file's bytes.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    str or None
        None where there is no such file.
    """
    if not os.path.isfile(path):  # no error for odd names
        return None
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_json(path, content):
    """Write plain values as JSON, a line each.

    Parameters
    ----------
    path : path-like
    content : dict
    """
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def write_table(path, table, missing="", digits=None):
    """Write a table as CSV, with the same bytes on every system.

    Parameters
    ----------
    path : path-like
    table : pandas.DataFrame
        Its index is not written.
    missing : str, optional
        What stands for a value that is missing.
    digits : int, optional
        Significant digits of a float; all of them by default.
    """
    with replacing(path) as temporary:
        float_format = None if digits is None else f"%.{digits}g"
        table.to_csv(temporary, index=False, na_rep=missing, lineterminator="\n", float_format=float_format)


@contextlib.contextmanager
def replacing(path):
    """Write a file whole or not at all.

    Yields the path of a temporary file beside `path` with the same suffix. It takes the
    place of `path` when the block ends, and is removed when the block fails, so nobody
    ever reads half a file. Each temporary name is used once, so several processes may
    write the same file: the last one wins. What a killed process left in the folder is
    removed on the way.

    Parameters
    ----------
    path : path-like
        The file to write; its folder is made when it is missing.

    Yields
    ------
    pathlib.Path
        Where to write.

    Raises
    ------
    OSError
        When the folder cannot be written to or the disk is full, with the name and what
        to do.
    """
    path = pathlib.Path(path)
    writable(path.parent)
    remove_leftovers(path.parent)
    temporary = path.with_name(f"{_TEMPORARY}{secrets.token_hex(8)}{path.suffix}")
    # The lock tells other processes that this file is not left over. Windows refuses to
    # rename a file that is open, so there leftovers stay until they are removed by hand.
    descriptor = _wait_for_lock(temporary) if fcntl else None
    try:
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT):
            said = f"cannot write {paths.shown(path)}: {error.strerror}. Free some space; what stood there is whole"
            raise OSError(error.errno, said) from error
        raise
    finally:
        temporary.unlink(missing_ok=True)
        if descriptor is not None:
            os.close(descriptor)


def remove_leftovers(folder):
    """Remove the temporary files in a folder whose writers were killed.

    Parameters
    ----------
    folder : path-like
    """
    if fcntl is None:
        return
    pattern = re.compile(re.escape(_TEMPORARY) + r"[0-9a-f]{16}(\.\w+)?")
    for name in filter(pattern.fullmatch, os.listdir(folder)):
        leftover = pathlib.Path(folder) / name
        # It fails when the file is being written, when another process was faster, and on
        # a disk without locks, where nobody can say whether it is being written.
        with contextlib.suppress(OSError):
            descriptor = os.open(leftover, os.O_RDWR)
            try:
                _lock(descriptor)
                leftover.unlink()
            finally:
                os.close(descriptor)


@contextlib.contextmanager
def only_one(name, wait=False):
    """Let one process at a time do what is done in this block.

    The operating system keeps the lock, on a small file in the cache, and lifts it when
    the process ends, however it ends: a killed process never blocks the next one.

    Parameters
    ----------
    name : str
        What may be done once at a time; the file is ``NAME.lock``.
    wait : bool, optional
        Wait for the other process to finish, instead of raising.

    Raises
    ------
    RunningElsewhere
        When another process is in such a block and `wait` is false, with its number,
        since when it is there, and what to do.
    OSError
        When the cache cannot be written to.
    """
    path = paths.cache() / f"{name}.lock"
    writable(path.parent)
    descriptor = _open_locked(path)
    if descriptor is None and not wait:
        raise RunningElsewhere(
            f"{_holder(path)} is working on the same files, and two at once would spoil "
            "them. Nothing was changed. Wait until it has ended, or end it; then run this "
            "command again"
        )
    if descriptor is None:
        if sys.stderr.isatty():
            print(f"{_holder(path)} is at it already: waiting", file=sys.stderr)
        descriptor = _wait_for_lock(path)
    try:
        holder = f"process {os.getpid()} (since {time.strftime('%H:%M')})"
        with contextlib.suppress(OSError):  # a full disk: the lock holds without a name
            os.ftruncate(descriptor, 0)
            os.write(descriptor, holder.encode())
        yield
    finally:
        with contextlib.suppress(OSError):  # Windows: another process has it open
            path.unlink(missing_ok=True)
        os.close(descriptor)


class RunningElsewhere(OSError):
    """Another process does what only one may do at a time."""


def _holder(path):
    """The process that holds a lock, as it wrote itself down."""
    try:
        return path.read_text(encoding="utf-8") or "another process"
    except OSError:
        return "another process"


def _open_locked(path):
    """Open a file, made where it is missing, with a lock; None where another has it."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            _lock(descriptor)
        except (BlockingIOError, PermissionError):
            os.close(descriptor)
            return None
        except OSError:
            return descriptor  # a disk without locks, where nothing can be held
        if os.fstat(descriptor).st_nlink:
            return descriptor
        os.close(descriptor)  # its last holder removed the file before it let go of it


def _wait_for_lock(path):
    while (descriptor := _open_locked(path)) is None:
        time.sleep(0.1)
    return descriptor


def _lock(descriptor):
    if fcntl:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    else:
        os.lseek(descriptor, 2**30, os.SEEK_SET)  # beyond the text, which others read
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        os.lseek(descriptor, 0, os.SEEK_SET)


def writable(folder):
    """Make a folder where it is missing, and make sure that files can be written to it.

    Parameters
    ----------
    folder : path-like

    Raises
    ------
    OSError
        When they cannot, with the folder's name and what to do: a variable moves the course's own folders.
    """
    folder = pathlib.Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        own = [place().resolve() for place in (paths.data, paths.cache, paths.report_figures)]
        of_the_course = any(folder.resolve().is_relative_to(place) for place in own)
        other = "or set COURSE_FIGURES, COURSE_CACHE or COURSE_DATA to one that is" if of_the_course else "or name another"
        said = f"cannot write to {paths.shown(folder)}: {error.strerror}. Make this folder writable, {other}"
        raise OSError(error.errno, said) from error
