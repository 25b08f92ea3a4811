"""Run one notebook, in a process that is ended for it: what `helpers.commands.grade` starts for each.

``python -P -m helpers.commands.one_notebook GIVEN DONE SECONDS BYTES`` runs GIVEN cell by cell, goes on after a cell that
fails, interrupts one that takes longer than SECONDS, and writes DONE after every cell. A process of its own, because what
strangers wrote may end it, fill the memory, or never end.
"""

import contextlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import uuid

import psutil

from helpers import paths

with contextlib.suppress(ImportError):
    import resource  # not on Windows

MARK = "COURSE_NOTEBOOK_RUN"  # in the environment of all that a notebook starts
LARGEST_FILE = 500 * 10**6  # bytes


class Run:
    """A notebook that runs, with a copy of its folder to work in.

    Parameters
    ----------
    path : pathlib.Path
        The notebook; it is read and never written.
    beside : pathlib.Path or None
        The folder whose files the notebook may read: a copy of it is what it works in.
    seconds, cell_seconds : float
        That the whole notebook may take, and one cell of it.
    memory : int
        Bytes that its processes may fill together.
    """

    def __init__(self, path, beside, seconds, cell_seconds, memory):
        self.seconds, self.memory, self.began, self.mark = seconds, memory, time.monotonic(), uuid.uuid4().hex
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="notebook-"))
        work, given = self.folder / "work", self.folder / "given.ipynb"  # plain names, whatever the student's is
        self.done, self.why = self.folder / "done.ipynb", self.folder / "why.txt"
        work.mkdir()
        with contextlib.suppress(OSError):  # what can't be copied, such as a pipe, isn't there; the notebook is missed below
            shutil.copyfile(path, given)
            if beside is not None:
                others = shutil.ignore_patterns("*.ipynb", ".*")
                shutil.copytree(beside, work, symlinks=True, ignore=others, dirs_exist_ok=True)
        environment = os.environ | {MARK: self.mark, "COURSE_FIGURES": str(self.folder / "figures"), "MPLBACKEND": "agg"}
        # Before the notebook's own folder, where somebody may have handed in the course's helpers as well.
        known = filter(None, [str(paths.ROOT), os.environ.get("PYTHONPATH")])
        environment["PYTHONPATH"] = os.pathsep.join(known)
        command = [sys.executable, "-P", "-m", __spec__.name, given, self.done, cell_seconds, memory]
        silent = {name: subprocess.DEVNULL for name in ("stdin", "stdout", "stderr")}
        self.process = subprocess.Popen(list(map(str, command)), cwd=work, env=environment, **silent)
        self.seen = {}

    def remark(self):
        """What is to be said of the run, None while it goes on.

        Returns
        -------
        str or None
            "" when it has come to its end.
        """
        with contextlib.suppress(psutil.Error):
            parent = psutil.Process(self.process.pid)
            self.seen |= {process.pid: process for process in [parent, *parent.children(recursive=True)]}
        if self.process.poll() is not None:
            if self.why.exists():
                return self.why.read_text(encoding="utf-8")
            return "" if self.process.returncode == 0 else "its process was ended from outside"
        if time.monotonic() - self.began > self.seconds:
            return f"stopped: it took more than {self.seconds / 60:g} minutes"
        filled = 0
        for process in self.seen.values():
            with contextlib.suppress(psutil.Error):
                filled += process.memory_info().rss
        return f"stopped: it filled more than {self.memory / 1e9:.1f} GB of memory" if filled > self.memory else None

    def end(self):
        """End everything that the notebook has started, and remove the copy that it worked in."""
        deadline = time.monotonic() + 10
        # Again until none is left: a kill takes its time, and what is being killed may just have started another.
        while (alive := self._alive()) and time.monotonic() < deadline:
            for process in alive:
                with contextlib.suppress(psutil.Error):
                    process.kill()
            time.sleep(0.02)
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _alive(self):
        """The processes that the notebook has started and that have not ended."""
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                if process.environ().get(MARK) == self.mark:
                    self.seen[process.pid] = process
        alive = []
        for process in self.seen.values():
            with contextlib.suppress(psutil.Error):
                if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                    alive.append(process)
        return alive


def _limit(memory):
    """Refuse one huge allocation, which would fill the machine before anybody looks; where the system can."""
    if "resource" in globals():
        limits = {resource.RLIMIT_DATA: 2 * memory, resource.RLIMIT_FSIZE: LARGEST_FILE, resource.RLIMIT_CORE: 0}
        for kind, value in limits.items():
            with contextlib.suppress(ValueError, OSError):  # the system's own is smaller
                resource.setrlimit(kind, (value, value))


def _end_with_the_parent():
    """When the one that grades was killed, nobody watches the limits any more."""
    parent = os.getppid()

    def watch():
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def execute(given, done, seconds):
    """Run a notebook and write what comes out after every cell.

    Parameters
    ----------
    given, done : path-like
    seconds : float
        After which a cell is interrupted.
    """
    import nbformat  # these take a second, which the one that grades need not wait for
    import papermill
    from papermill.exceptions import PapermillExecutionError

    text = pathlib.Path(given).read_text(encoding="utf-8-sig")
    notebook = nbformat.reads(text, as_version=4)
    for cell in notebook.cells:
        cell.setdefault("metadata", nbformat.from_dict({}))
        if cell.cell_type == "code":  # what was printed on another machine counts for nothing here
            cell.outputs, cell.execution_count = [], None
    notebook.metadata = nbformat.from_dict({"kernelspec": {"name": "python3", "display_name": "Python 3"}})
    options = {"kernel_name": "python3", "language": "python", "progress_bar": False, "allow_errors": True}
    options |= {"execution_timeout": max(1, round(seconds)), "interrupt_on_timeout": True}
    with contextlib.suppress(PapermillExecutionError):  # raised at the end for the first cell that failed
        papermill.execute_notebook(notebook, str(done), {"MODE": "pretrained"}, cwd=".", **options)


def main(arguments=None):
    """The command line.

    Returns
    -------
    int
        0; 1 when the notebook cannot be run to its end, with the reason beside DONE in why.txt.
    """
    given, done, seconds, memory = sys.argv[1:] if arguments is None else arguments
    _limit(int(memory))
    _end_with_the_parent()
    try:
        execute(given, done, float(seconds))
    except BaseException as error:  # of a damaged notebook nearly anything
        what, _, _ = f"{type(error).__name__}: {error}".partition("\n")
        happened = "it broke off" if os.path.exists(done) else "it cannot be run"
        pathlib.Path(done).with_name("why.txt").write_text(f"{happened} ({what[:200]})", encoding="utf-8")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
