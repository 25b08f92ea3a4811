"""Run the notebooks, collect what they wrote, and make the report: ``python -m helpers.commands.report``.

A run writes into a folder of its own. Only when every notebook has come through do its figures and tables take the place
of those that stood, so a failure leaves everything as it was.
"""

import argparse
import concurrent.futures
import contextlib
import filecmp
import json
import multiprocessing
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading

import nbformat
import papermill
from nbclient.exceptions import DeadKernelError
from nbconvert.preprocessors import CoalesceStreamsPreprocessor
from papermill.exceptions import PapermillExecutionError

from helpers import datasets, document, files, paths, session
from helpers.commands import clean, pages, pdf, promote

NOTEBOOKS = paths.ROOT / "notebooks"
README = paths.ROOT / "README.md"
# What one notebook keeps busy: so many run side by side as the machine has of both.
CORES_OF_A_NOTEBOOK, MEMORY_OF_A_NOTEBOOK = 2, 3 * 2**30  # bytes
READS_THE_OTHERS = "06_"  # the chapter that collects what all chapters have measured
# In the folder that a run works in: new figures until all are there, and the list of
# those that were written.
NEW_FIGURES, WRITTEN = "figures.new-", "written.json"
# A figure or table of the course, by its name below figures/.
FIGURE_FILE = re.compile(r"(tables/)?\d\d_\w+\.(png|svg|csv)|photos_\w+\.png|report\.html")


class NotebookFailed(RuntimeError):
    """A notebook that stopped, with the cell and the traceback in its text."""


def run_notebook(source, destination, mode, figures, position=0):
    """Execute a notebook in its own folder and write the executed copy.

    Parameters
    ----------
    source, destination : path-like
        The notebook, and where the executed copy goes.
    mode : {"pretrained", "quick", "full"}
    figures : path-like
        The folder for its figures, tables in ``tables/`` below it.
    position : int, optional
        Line of the terminal for its progress, when several run side by side.

    Returns
    -------
    nbformat.NotebookNode
        The executed notebook, without what changes from run to run.

    Raises
    ------
    NotebookFailed
        When a cell fails; the executed copy then shows how far it came.
    """
    source, destination = pathlib.Path(source), pathlib.Path(destination)
    files.writable(destination.parent)
    parameters = {} if mode == "pretrained" else {"MODE": mode}  # without parameters no cell is added
    line = {
        "desc": source.stem,
        "bar_format": "{desc}: {n_fmt}/{total_fmt} cells, {elapsed}",
        "mininterval": 1,
        "position": position,
    }
    progress = destination.with_suffix(".progress").absolute()
    environment = {"COURSE_FIGURES": str(pathlib.Path(figures).absolute()), "COURSE_PROGRESS": str(progress)}
    options = {"kernel_name": "python3", "progress_bar": line, "extra_arguments": ["--log-level=40"]}
    try:
        with _environment(environment), _shown_in_the_terminal(progress, mode):
            executed = papermill.execute_notebook(source, destination, parameters, cwd=source.parent, **options)
    except DeadKernelError as error:
        raise NotebookFailed(
            f"{source.name} was ended from outside, most likely for want of memory: close other programs and run it again"
        ) from error
    except PapermillExecutionError as error:
        raise NotebookFailed(
            f"{source.name} failed in cell In [{error.exec_count}] (number {error.cell_index + 1} from the top):{error}"
            f"The notebook as far as it came: {paths.shown(destination)}"
        ) from error
    executed = normalised(executed)
    with files.replacing(destination) as temporary:
        nbformat.write(executed, temporary)
    return executed


@contextlib.contextmanager
def _environment(variables):
    """Environment variables that a kernel started in this block inherits."""
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextlib.contextmanager
def _shown_in_the_terminal(progress, mode):
    """While a notebook runs, what its trainings write into the file `progress` stands in the terminal, with the time left."""
    done = threading.Event()

    def watch():
        last = ""
        while not done.wait(1):
            text = progress.read_text(encoding="utf-8").strip() if progress.exists() else ""
            if text and text != last:
                left = f", about {minutes_left():.0f} min left in all" if mode == "full" else ""
                print(f"\r{text}{left}".ljust(100), end="", file=sys.stderr, flush=True)
            last = text

    if sys.stderr.isatty():
        threading.Thread(target=watch, daemon=True).start()
    try:
        yield
    finally:
        done.set()
        progress.unlink(missing_ok=True)


def minutes_left():
    """Minutes that `make train` has before it, going by how long each unfinished training took for its record.

    Returns
    -------
    float
    """
    records = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in paths.records().glob("*.json")}
    finished = {path.stem for path in paths.runs("full").glob("*.json")}
    return sum(record["minutes"] for name, record in records.items() if name not in finished)


def normalised(notebook):
    """The notebook without times, machine paths and other metadata that differ from run to run.

    Parameters
    ----------
    notebook : nbformat.NotebookNode

    Returns
    -------
    nbformat.NotebookNode
        The same object: kernel and language name kept, of the cells' metadata only tags, cell ids counted through, what
        was printed in one piece.
    """
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook.metadata = nbformat.from_dict({"kernelspec": kernel, "language_info": {"name": "python"}})
    CoalesceStreamsPreprocessor().preprocess(notebook, {})  # where a stream is cut is a matter of timing
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number:02d}"
        cell.metadata = nbformat.from_dict({"tags": cell.metadata.tags} if cell.metadata.get("tags") else {})
    return notebook


def chapters():
    """The notebooks of the course, in order.

    Copies that JupyterLab makes for a reader end in "-Copy1" and are none of the course's.

    Returns
    -------
    list of pathlib.Path

    Raises
    ------
    FileNotFoundError
        When there is none.
    """
    found = sorted(NOTEBOOKS.glob("[0-9][0-9]_*[!0-9].ipynb"))
    if not found:
        raise FileNotFoundError(f"no notebook named NN_name.ipynb in {paths.shown(NOTEBOOKS)}")
    return found


def build(mode="pretrained", store=False, fresh_start=False):
    """Run every notebook and put what they wrote in its place.

    Parameters
    ----------
    mode : {"pretrained", "quick", "full"}, optional
        Figures and tables of "pretrained" go to figures/, others to the mode's folder in data/cache/.
    store : bool, optional
        Also take the outputs over into notebooks/.
    fresh_start : bool, optional
        Forget the finished and the interrupted trainings of this mode first.

    Raises
    ------
    FileNotFoundError
        When there is no notebook.
    NotebookFailed
        When a notebook stopped, after all others have run; nothing that stood is changed then.
    files.RunningElsewhere
        When another process does the same.
    """
    sources = chapters()
    work = paths.cache() / "report" if mode == "pretrained" else paths.runs(mode)
    with files.only_one(work.name):
        if fresh_start:
            clean.remove(clean.trainings(work))
        _build_alone(sources, work, mode, store)


def _build_alone(sources, work, mode, store):
    """What `build` does once no other process is at it."""
    for left_by_a_kill in work.glob(f"{NEW_FIGURES}*"):
        shutil.rmtree(left_by_a_kill, ignore_errors=True)
    files.writable(work)
    # A new name each time: a kernel lives a second longer than the killed run it wrote for.
    fresh = pathlib.Path(tempfile.mkdtemp(dir=work, prefix=NEW_FIGURES))
    read = {source: source.read_bytes() for source in sources}
    executed = run_notebooks(sources, work, mode, fresh)
    edited = [source.name for source in sources if source.read_bytes() != read[source]]
    if store and edited:
        raise NotebookFailed(f"edited while the notebooks ran: {', '.join(edited)}. So nothing was stored: run it again")
    if mode == "pretrained":
        for split in datasets.SPLITS:
            pages.contact_sheet(datasets.load_photos(split), fresh / f"photos_{split}.png")
        with files.replacing(fresh / "report.html") as temporary:
            temporary.write_text(document.render(executed, fresh), encoding="utf-8")
    target = paths.report_figures() if mode == "pretrained" else work / "figures"
    take_over(fresh, target, work / WRITTEN)
    if mode == "pretrained":
        text = README.read_text(encoding="utf-8")
        made = pages.readme(text, target / "tables", paths.data() / "timings.csv", executed)
        if made != text:
            with files.replacing(README) as temporary:
                temporary.write_text(made, encoding="utf-8")
    if store:
        for name, notebook in executed.items():
            with files.replacing(NOTEBOOKS / name) as temporary:
                nbformat.write(notebook, temporary)
    print(f"{len(executed)} notebook(s) in {mode!r}; figures and tables are in {paths.shown(target)}")


def run_notebooks(sources, work, mode, figures):
    """Execute notebooks, in "pretrained" side by side as far as cores and memory allow.

    What stands in ``READS_THE_OTHERS`` runs after all others: it reads the tables that they write. One that fails does not
    stop the others.

    Parameters
    ----------
    sources : list of pathlib.Path
    work : pathlib.Path
        The folder for the executed copies.
    mode, figures
        As for `run_notebook`.

    Returns
    -------
    dict of str to nbformat.NotebookNode
        The executed notebooks by file name, in the order of `sources`.

    Raises
    ------
    NotebookFailed
        When one or more stopped, with the cell and the traceback of each.
    """
    failures = []
    last = [source for source in sources if source.name.startswith(READS_THE_OTHERS)]
    for group in ([source for source in sources if source not in last], last):
        if not group:
            continue
        memory = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 0
        fitting = min(len(group), (os.cpu_count() or 1) // CORES_OF_A_NOTEBOOK, memory // MEMORY_OF_A_NOTEBOOK)
        workers = max(1, fitting if mode == "pretrained" else 1)
        spawn = multiprocessing.get_context("spawn")
        with concurrent.futures.ProcessPoolExecutor(workers, spawn, initializer=_end_with_the_parent) as pool:
            running = [
                pool.submit(run_notebook, source, work / source.name, mode, figures, number % workers)
                for number, source in enumerate(group)
            ]
            for future in running:
                try:
                    future.result()
                except NotebookFailed as error:
                    failures.append(str(error))
                except concurrent.futures.BrokenExecutor:
                    failures.append("the process that ran the notebooks was ended from outside: run the same command again")
    if failures:
        raise NotebookFailed("\n\n".join([*failures, f"{len(failures)} of {len(sources)} notebooks failed"]))
    return {source.name: nbformat.read(work / source.name, as_version=4) for source in sources}


def _end_with_the_parent():
    """Let this process end when the one that started it was killed, or it would go on beside the next run's."""
    threading.Thread(target=lambda: (multiprocessing.parent_process().join(), os._exit(1)), daemon=True).start()


def take_over(fresh, target, listing):
    """Move a finished run's files to their place; remove those that no notebook writes any more.

    Parameters
    ----------
    fresh : pathlib.Path
        The folder that the run wrote into; it is gone afterwards.
    target : pathlib.Path
        Where the files belong. A reader's own files there stay.
    listing : pathlib.Path
        The file that remembers what was written, for the next run.
    """
    before = _written_before(target, listing)
    written = {}
    for path in sorted(path for path in fresh.rglob("*") if path.is_file()):
        name = path.relative_to(fresh).as_posix()
        written[name] = files.sha256(path)
        if not ((target / name).exists() and filecmp.cmp(path, target / name, shallow=False)):
            with files.replacing(target / name) as temporary:
                shutil.copyfile(path, temporary)
    for name, digest in before.items():
        stale = target / name
        if name not in written and stale.is_file() and files.sha256(stale) == digest:
            stale.unlink()
    files.write_json(listing, written)
    shutil.rmtree(fresh)


def _written_before(target, listing):
    """SHA-256 of each file that an earlier run wrote, by its name.

    Before the first run here these are the figures that came with the clone unchanged.
    """
    with contextlib.suppress(OSError, ValueError):
        return json.loads(listing.read_text(encoding="utf-8"))
    if target.resolve() != (paths.ROOT / "figures").resolve():
        return {}
    tracked = _git_files(target) - _git_files(target, "--modified")
    return {name: files.sha256(target / name) for name in tracked if FIGURE_FILE.fullmatch(name)}


def _git_files(folder, *options):
    """Names of the files that git has in a folder; none without git."""
    try:
        command = ["git", "ls-files", "-z", *options]
        listed = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return set()
    return set(listed.split("\0")) - {""}


def main(arguments=None):
    """The command line.

    Returns
    -------
    int
        0, or 1 with what failed on the error stream.
    """
    parser = argparse.ArgumentParser(
        prog="python -m helpers.commands.report", description="Run the notebooks and make the report."
    )
    parser.add_argument(
        "--mode", choices=session.MODES, default="pretrained", help="what the notebooks do (default: pretrained)"
    )
    parser.add_argument("--store", action="store_true", help="also take the outputs over into notebooks/")
    parser.add_argument("--pdf", action="store_true", help="print the report as PDF where Chromium is found")
    parser.add_argument("--fresh", action="store_true", help="forget finished and interrupted trainings of the mode first")
    options = parser.parse_args(arguments)
    if options.fresh and options.mode == "pretrained":
        parser.error("--fresh forgets trainings: add --mode full, or --mode quick")
    try:
        if options.pdf:
            pdf.print_report()
            return 0
        build(options.mode, options.store, options.fresh)
        return 1 if options.mode == "full" and not promote.compare_trainings() else 0
    except (NotebookFailed, OSError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
