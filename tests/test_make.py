"""The Makefile in a folder with an awkward name: nothing outside of the project goes, and nothing of a reader's inside."""

import pathlib
import shutil
import subprocess
import sys
import time

import pytest

from helpers import files, paths

AWKWARD = ["a b ü/clone", "a b ü/it's $(x) (1) & `more`/clone"]
# Notes its arguments instead of working, save where a test needs the real command.
PRETENDED = """#!/bin/sh
case "$*" in *helpers.commands.clean*) exec "$REAL_PYTHON" "$@";; esac
printf '%s|' "$COURSE_FIGURES" "$COURSE_CHECKED" "$@" >> "$CALLS"
echo >> "$CALLS"
"""
BROKEN = """#!/bin/sh
case "$*" in
    *helpers.commands.alone*) exec "$REAL_PYTHON" "$@";;
    *venv*) mkdir -p .venv/lib; exit 1;;
esac
"""
# The real Python; notes that a job has found nothing installed.
COUNTED = """#!/bin/sh
case "$*" in *version_info*) echo started >> started;; esac
exec "$REAL_PYTHON" "$@"
"""
# Installs nothing; notes when an installation begins and ends, and waits for a second one to be started.
SLOW = """#!/bin/sh
case "$*" in *require-hashes*) ;; *install*)
    echo begins >> "$CALLS"
    until test -e both-started; do sleep 0.05; done;;
esac
case "$*" in *require-hashes*) echo ends >> "$CALLS";; esac
"""


def project_in(folder):
    """A copy of what make needs, in a folder of this name, with a pretended environment."""
    folder.mkdir(parents=True)
    for name in ("Makefile", "requirements.txt", "requirements-data.txt", "constraints.txt", "pyproject.toml"):
        shutil.copy(paths.ROOT / name, folder)
    shutil.copytree(paths.ROOT / "helpers", folder / "helpers", ignore=shutil.ignore_patterns("__pycache__"))
    write(folder / "notebooks/01_chapter.ipynb")
    write(folder / "notebooks/01_chapter-Copy1.ipynb")
    write(folder / "notebooks/mine.ipynb")
    python = folder / ".venv/bin/python"
    write(python, PRETENDED)
    python.chmod(0o755)
    write(folder / ".venv/installed")
    return folder


def write(path, text="of a reader"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


@pytest.fixture(params=AWKWARD)
def project(own_folders, request):
    return project_in(own_folders / request.param)


@pytest.fixture
def outside(own_folders):
    """Files that stand where the pieces of the folder's name point to, if a shell cuts it at its spaces."""
    pieces = [own_folders / name for name in ("a", "b", "a b ü/it's", "a b ü/it's $(x)")]
    for piece in pieces:
        write(piece)
    return pieces


def variables(project):
    return {"PATH": "/usr/bin:/bin", "REAL_PYTHON": sys.executable, "CALLS": str(project.parent / "calls")}


def make(project, *arguments):
    """What make said, and how each Python was called."""
    calls = project.parent / "calls"
    calls.unlink(missing_ok=True)
    environment = variables(project)
    python = project.parent.parent / "a python"  # its path holds a space too
    write(python, '#!/bin/sh\nexec "$REAL_PYTHON" "$@"\n')
    python.chmod(0o755)
    done = subprocess.run(
        ["make", f"PYTHON={python}", *arguments],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done, calls.read_text(encoding="utf-8") if calls.exists() else ""


@pytest.mark.parametrize(
    "target", ["report", "test", "test-all", "train FRESH=1", "clean", "notebooks", "promote", "time", "slides"]
)
def test_every_job_stays_inside_of_the_project(project, outside, target):
    before = {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}
    done, calls = make(project, *target.split())
    assert done.returncode == 0, done.stderr
    assert all(piece.read_text(encoding="utf-8") == "of a reader" for piece in outside)
    assert before.items() <= {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}.items()
    assert bool(calls) == (target != "clean")
    if target.startswith("test"):
        folders = {line.split("|")[0] for line in calls.splitlines() if "--nbval" in line}
        assert folders and all(pathlib.Path(folder).is_absolute() for folder in folders)
        assert not any(pathlib.Path(folder).exists() for folder in folders)  # gone when the tests have ended
        assert "|notebooks/01_chapter.ipynb|" in calls and "mine.ipynb" not in calls and "Copy1" not in calls


@pytest.mark.parametrize("target", ["grade", "student-copy"])
def test_a_folder_with_an_awkward_name_arrives_whole(project, target):
    folder = '../it\'s "b" & `c`; ü'
    done, calls = make(project, target, f"FOLDER={folder}")
    assert done.returncode == 0 and calls.endswith(f"|--|{folder}|\n"), done.stderr
    done, calls = make(project, target)
    assert done.returncode != 0 and f"make {target} FOLDER=" in done.stdout and not calls


def test_workers_are_asked_for(project):
    assert make(project, "search")[1].endswith("|helpers.commands.search|\n")
    assert make(project, "search", "WORKERS=3")[1].endswith("|helpers.commands.search|--workers|3|\n")
    assert "|--workers|3|--|x|" in make(project, "grade", "WORKERS=3", "FOLDER=x")[1]


READERS = (
    "mine.ipynb",
    "02_mine.ipynb",
    "my folder/02_mine.ipynb",
    "my folder/figures/01_a.png",
    "report/notes.txt",
    "runs/own.keras",
    "super_resolution/high res/holiday.png",
    "figures/mine.png",
)
MADE = (
    "mnist.npz",
    "super_resolution/image_data.csv",
    "super_resolution/high res/12.png",
    "super_resolution/low res/12_4.png",
    "report/01_chapter.ipynb",
    "report/report.pdf",
    "report/written.json",
    "report/figures.new-x/tables/01_results.csv",
    "runs/a.json",
    "runs/a.keras",
    "runs/02_a.json",
    "runs/02_a.csv",
    "own/quick/a.json",
    "own/quick/a.keras",
    "own/quick/figures/03_a.png",
    "report.lock",
    "runs/b.state.npz",
    "quick/c.json",
    "quick/figures/01_a.png",
    "checked/01_a.png",
    "figures/02_a.png",
    ".writing-0123456789abcdef.png",
)


def test_clean_removes_what_the_course_made_and_nothing_else(project):
    cache = project / "data/cache"
    for name in READERS + MADE:
        write(cache / name)
    done, _ = make(project, "clean")
    assert done.returncode == 0, done.stderr
    assert sorted(READERS) == sorted(path.relative_to(cache).as_posix() for path in cache.rglob("*") if path.is_file())
    assert "data/cache/mine.ipynb" in done.stdout and "left alone" in done.stdout


def test_clean_where_the_cache_is_a_link_to_another_disk(project, own_folders):
    disk = own_folders / "disk"
    for name in ("mine.ipynb", "mnist.npz"):
        write(disk / name)
    (project / "data").mkdir()
    (project / "data/cache").symlink_to(disk)
    assert make(project, "clean")[0].returncode == 0
    assert (project / "data/cache").is_symlink() and [path.name for path in disk.iterdir()] == ["mine.ipynb"]


def test_clean_waits_for_nobody_and_disturbs_nobody(project, monkeypatch):
    monkeypatch.setenv("COURSE_CACHE", str(project / "data/cache"))
    write(project / "data/cache/mnist.npz")
    with files.only_one("report"):
        done, _ = make(project, "clean")
        assert done.returncode != 0 and "(since" in done.stderr and (project / "data/cache/mnist.npz").exists()
    for name in ("training_cache_digits", "training_own_digits"):  # of trainings in a notebook, the second on own pictures
        with files.only_one(name):
            assert make(project, "clean")[0].returncode != 0 and (project / "data/cache/mnist.npz").exists()
    write(project / "data/cache/training_cache_killed.lock")
    assert make(project, "clean")[0].returncode == 0 and not (project / "data/cache").exists()


@pytest.mark.parametrize("there", [True, False])
def test_an_environment_that_was_there_is_never_removed(project, there):
    """Where Python cannot make one, as on Debian without python3-venv."""
    shutil.rmtree(project / ".venv")
    if there:
        write(project / ".venv/notes.txt")
    broken = project / "python"
    write(broken, BROKEN)
    broken.chmod(0o755)
    done, _ = make(project, "report", "PYTHON=./python")
    assert done.returncode != 0 and "No virtual environment could be made" in done.stdout
    assert (project / ".venv/notes.txt").exists() == there and (project / ".venv").exists() == there


def test_two_that_are_started_at_once_do_not_install_at_once(project):
    for name, text in {".venv/bin/python": SLOW, "python": COUNTED}.items():
        write(project / name, text)
        (project / name).chmod(0o755)
    (project / ".venv/installed").unlink()
    command, started = ["make", "PYTHON=./python"], project / "started"
    both = [subprocess.Popen([*command, job], cwd=project, env=variables(project)) for job in ("report", "data")]
    deadline = time.monotonic() + 600
    while not started.exists() or started.read_text(encoding="utf-8").split() != ["started"] * 2:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    write(project / "both-started")
    assert [process.wait(timeout=600) for process in both] == [0, 0]
    calls = project.parent / "calls"
    assert calls.read_text(encoding="utf-8").split() == ["begins", "ends"] * 2
    assert make(project, "report")[0].returncode == 0 and not (project / "data/cache/install.lock").exists()
