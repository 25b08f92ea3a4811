"""Remove what the course can make again: ``make clean``. A reader's own files stay.

It needs no package, so it works before anything is installed.
"""

import contextlib
import shutil
import sys

from helpers import files, paths

# Those that run notebooks, each in a folder of its name, and all that may be at work in the cache besides trainings.
RUNNING_NOTEBOOKS = ("report", "quick", "runs", "timing")
JOBS = (*RUNNING_NOTEBOOKS, "patch_search", "super_resolution", "mnist", "install", "site")
# What the commands and the notebooks write into the cache, by its name.
MADE = (
    "mnist.npz",
    "patch_search.journal",
    "super_resolution/image_data.csv",
    "super_resolution/sha256.csv",
    "super_resolution/high res/[1-9]*.png",
    "super_resolution/low res/[1-9]*_[1-9].png",
    "vendored/*.tgz",
    "site-networks/*",
    "slides/*.html",
    "site/**/*",
    "site-work/**/*",
)
OWN = ("own/quick", "own/runs")  # of trainings on a reader's pictures
# What is written into each folder in which notebooks run, and into each folder of figures.
CHAPTERS = ("[0-9][0-9]_*.ipynb", "[0-9][0-9]_*.progress", "written.json", "report.pdf")
FIGURES = ("[0-9][0-9]_*.png", "[0-9][0-9]_*.svg", "[0-9][0-9]_*.csv", "tables/[0-9][0-9]_*.csv")


def made():
    """Everything below the cache that the course wrote.

    Returns
    -------
    set of pathlib.Path
        Files.
    """
    cache = paths.cache()
    patterns = [*MADE, "**/.writing-*", "again/[0-9][0-9]_*.ipynb"]
    drawn = ["figures", "checked", "again"]
    for folder in RUNNING_NOTEBOOKS:
        patterns += [f"{folder}/{name}" for name in CHAPTERS]
        drawn.append(f"{folder}/figures")
    drawn += [f"{folder}/figures" for folder in OWN]
    for folder in drawn:
        patterns += [f"{folder}/{name}" for name in FIGURES]
    found = set()
    for folder in ("quick", "runs", *OWN):
        found |= trainings(cache / folder)
    for pattern in patterns:
        found.update(cache.glob(pattern))
    return {path for path in found if path.is_file()}


def trainings(folder):
    """The files of finished and interrupted trainings.

    Parameters
    ----------
    folder : pathlib.Path
        Where they were trained: one that `helpers.paths.runs` gives.

    Returns
    -------
    set of pathlib.Path
        The state of each interrupted one; the record ``NAME.json`` of each finished one,
        and its network or, of a study, its table. What has no record is none of the course's.
    """
    found = set(folder.glob("*.state.npz"))
    for record in folder.glob("*.json"):
        network = record.with_suffix(".keras")
        found.update({record, network, record.with_suffix(".csv")})
    return {path for path in found if path.is_file()}


def remove(made_files):
    """Remove files, and the folders inside the cache that are empty then.

    Parameters
    ----------
    made_files : set of pathlib.Path
    """
    folders = set()
    for path in made_files:
        path.unlink()
        folders.update(path.parents)
    inside = [folder for folder in folders if paths.cache() in folder.parents]
    for folder in sorted(inside, reverse=True):  # the inner ones first
        with contextlib.suppress(OSError):  # it is not empty, or a link to a folder
            folder.rmdir()


def main():
    """The command line.

    Returns
    -------
    int
        0, or 1 while another process works in the cache, or when a file cannot go.
    """
    if not paths.cache().exists():
        return 0
    trainings_at_work = [lock.stem for lock in paths.cache().glob("training_*.lock")]
    try:
        with contextlib.ExitStack() as others_stay_out:
            for job in (*JOBS, *trainings_at_work):
                others_stay_out.enter_context(files.only_one(job))
            for folder in RUNNING_NOTEBOOKS:
                for left_by_a_kill in paths.cache().glob(f"{folder}/figures.new*"):
                    shutil.rmtree(left_by_a_kill)
            remove(made())
        with contextlib.suppress(OSError):  # as above
            paths.cache().rmdir()
    except OSError as error:
        print(error, file=sys.stderr)
        return 1
    left = sorted(path for path in paths.cache().rglob("*") if path.is_file())
    if left:
        names = "\n  ".join(paths.shown(path) for path in left)
        print(f"These files may be yours and were left alone:\n  {names}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
