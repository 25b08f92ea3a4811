"""A disk that is full and folders that cannot be written to: a message, an exit code, and what stood before is whole."""

import contextlib
import os
import re
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from test_report import FIGURE, write_notebook

from helpers import files, paths

RESTORE = [sys.executable, "-m", "helpers.restore"]
DATA = [sys.executable, "-m", "helpers.commands.data"]
# No file may grow beyond this, which Python hears of as of a full disk: a write that fails in the middle.
LIMITED = "import resource, runpy, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
LIMITED += "resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2); sys.argv = sys.argv[2:]; "
LIMITED += "runpy.run_path(sys.argv[0], run_name='__main__') if sys.argv[0].endswith('.py') else "
LIMITED += "runpy.run_module(sys.argv[0], run_name='__main__')"

TRAIN = """
import sys
import numpy as np
from helpers import training
import keras
training.set_seed(0)
model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(500), keras.layers.Dense(64),
                          keras.layers.Reshape((8, 8, 1))])
model.compile("adam", "mse")
images = np.random.default_rng(0).random((64, 8, 8, 1), dtype=np.float32)
try:
    training.begin("disk", "full")
    training.fit(model, images, images, epochs=3, name="disk")
except OSError as error:
    sys.exit(str(error))
"""


def run(command, limit=None, **variables):
    """A command with files of at most `limit` bytes."""
    if limit is not None:
        module = command[2] if command[1] == "-m" else command[1]
        command = [sys.executable, "-c", LIMITED, str(limit), module, *command[3 if command[1] == "-m" else 2 :]]
    environment = {k: v for k, v in os.environ.items() if k != "COURSE_DATA"} | {k: str(v) for k, v in variables.items()}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_restoring(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    target = tmp_path / "out" / "photo.png"
    command = [*RESTORE, str(tmp_path / "photo.png"), "-o", str(target.parent), "--overwrite"]
    assert run(command).returncode == 0
    before = contents(tmp_path)
    full = run(command, limit=1000)
    assert full.returncode == 1 and "photo.png: " in full.stderr and "File too large" in full.stderr, full.stderr
    assert contents(tmp_path) == before  # nothing half written, nothing left over


def test_filling_the_caches(tmp_path):
    full = run(DATA, limit=10**6, COURSE_CACHE=tmp_path)
    assert full.returncode == 1 and "File too large" in full.stderr and "Traceback" not in full.stderr, full.stderr
    assert not contents(tmp_path)


def test_training(tmp_path):
    script = tmp_path / "train.py"
    script.write_text(TRAIN)
    variables = {"COURSE_CACHE": tmp_path / "cache", "COURSE_PROGRESS": tmp_path / "progress"}
    full = run([sys.executable, str(script)], limit=10_000, **variables)
    assert full.returncode == 1 and re.search("File too large. Free some space", full.stderr), full.stderr
    assert not contents(tmp_path / "cache")
    assert run([sys.executable, str(script)], **variables).returncode == 0


@contextlib.contextmanager
def unwritable(folder):
    """A folder that even the superuser cannot write to stands in for it: a file."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.write_bytes(b"")
    yield folder
    assert folder.read_bytes() == b""


@pytest.mark.parametrize("variable", ["COURSE_CACHE", "COURSE_FIGURES"])
def test_a_report_that_has_nowhere_to_go(tmp_path, variable):
    driver = tmp_path / "driver.py"
    driver.write_text(
        "import pathlib, sys\nfrom helpers.commands import report\nreport.NOTEBOOKS = pathlib.Path(sys.argv[1])\n"
        "if __name__ == '__main__':\n    sys.exit(report.main([]))\n"
    )
    write_notebook(tmp_path, "01", [FIGURE])
    variables = {"COURSE_CACHE": tmp_path / "cache", "COURSE_FIGURES": tmp_path / "figures"}
    with unwritable(variables[variable]):
        done = run([sys.executable, str(driver), str(tmp_path)], **variables)
    assert done.returncode == 1 and done.stderr.strip() and "Traceback" not in done.stderr, done.stderr
    assert "writable" in done.stderr and variable in done.stderr


@pytest.mark.parametrize("command", [DATA, [*RESTORE, "photo.png", "-o", "file"]])
def test_a_command_that_has_nowhere_to_go(tmp_path, command, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Image.fromarray(np.zeros((16, 16, 3), np.uint8)).save("photo.png")
    with unwritable(tmp_path / "file"):
        done = run(command, COURSE_CACHE=tmp_path / "file")
    assert done.returncode == 1 and "writable" in done.stderr and "Traceback" not in done.stderr, done.stderr


def test_only_the_courses_own_folders_can_be_moved_by_a_variable(own_folders, tmp_path_factory):
    """For a folder that a reader named, the advice is to name another."""
    reader = tmp_path_factory.mktemp("reader")
    for folder, advice in ((paths.cache() / "runs", "set COURSE_FIGURES, COURSE_CACHE"), (reader / "out", "name another$")):
        with unwritable(folder), pytest.raises(OSError, match=f"cannot write to {folder.name}: .*writable, or {advice}"):
            files.writable(folder)


def test_a_message_for_a_full_disk(own_folders):
    with pytest.raises(OSError, match=r"cannot write file\.txt: No space left on device\. Free some space"):
        with files.replacing(own_folders / "file.txt"):
            raise OSError(28, "No space left on device")
    assert not list(own_folders.glob("*file.txt"))
