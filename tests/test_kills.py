"""Kill -9 at moments that a seed chooses: the same command then ends with the same bytes as if nothing had happened."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import psutil
import pytest
from PIL import Image
from test_report import FIGURE, README_PARTS, write_notebook

from helpers.backend import keras

pytestmark = pytest.mark.slow
KILLS = 8  # of each command

TRAINING = """
import functools, os, sys
import numpy as np
import keras
training.begin("kills", "full", 1)
noise = functools.partial(degradations.add_gaussian_noise, sigma=0.2)
images = np.random.default_rng(0).random((300, 28, 28, 1), dtype=np.float32)
for name in ("first", "second"):
    model, data = models.unet(), datasets.DegradedSequence(images, noise, batch_size=20, seed=1)
    model.compile("adam", "mse")
    training.fit(model, data, epochs=6, name=name)
"""

REPORT = """
import pathlib, sys
from helpers.commands import report
report.NOTEBOOKS = pathlib.Path(sys.argv[1])
report.README = report.NOTEBOOKS / "README.md"
if __name__ == "__main__":
    sys.exit(report.main([]))
"""

MORE_FIGURES = """
for k in range(6):
    plotting.show_images([np.full((2, 8, 8, 1), {grey})], ["a", "b"], name=f"{number}_more_{{k}}")
"""


def files(folder):
    """What every file holds, save the times; nothing of those that were being written."""
    return {path.relative_to(folder): whole(path) for path in sorted(folder.rglob("*")) if path.is_file()}


def whole(path):
    """What a file holds, read as its reader reads it: half a file fails here."""
    if path.name.startswith(".writing-"):
        return None
    if path.suffix == ".keras":
        return [array.tobytes() for array in keras.models.load_model(path, compile=False).get_weights()]
    if path.suffix == ".npz":
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name].tobytes() for name in archive.files if name != "log"}
    if path.suffix == ".json":
        record = json.loads(path.read_text(encoding="utf-8"))
        return {**record, "minutes": None, "history": {**record["history"], "seconds": None}}
    if path.suffix == ".png":
        Image.open(path).verify()
    if path.suffix == ".csv":
        assert len(pd.read_csv(path))
    return path.read_bytes()


def killed_again_and_again(command, variables, folder, reset, rng):
    """Start a command, kill it, start it again, until it was killed KILLS times; then let it end.

    Every other kill is of the first process alone, as by a system short of memory; the others are of its group, as when a
    terminal is closed. All that it had begun must end too, and whatever then stands in `folder` must be whole. Gives what
    the folder held in the end, and after each kill.
    """
    variables = {name: str(value) for name, value in variables.items()}
    environment = {name: value for name, value in os.environ.items() if name != "COURSE_DATA"} | variables

    def start():
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        return subprocess.Popen(command, env=environment, start_new_session=True, **quiet)

    began = time.monotonic()
    assert start().wait() == 0
    patience, wanted, seen = time.monotonic() - began, files(folder), []
    reset()
    while len(seen) < KILLS:
        process = start()
        try:
            process.wait(timeout=rng.uniform(0.3, 1.0) * patience)
        except subprocess.TimeoutExpired:
            begun = psutil.Process(process.pid).children(recursive=True)
            (os.killpg if len(seen) % 2 else os.kill)(process.pid, signal.SIGKILL)
            process.wait()
            assert not psutil.wait_procs(begun, timeout=30)[1], "what it had begun goes on"
            seen.append({name: held for name, held in files(folder).items() if held is not None})
        else:  # what the kills had left to do was done before the next one
            assert process.returncode == 0 and files(folder) == wanted
            reset()
    assert start().wait() == 0
    assert files(folder) == wanted
    return wanted, seen


def test_training(tmp_path):
    script, cache = tmp_path / "train.py", tmp_path / "cache"
    script.write_text(TRAINING)
    variables = {"COURSE_CACHE": cache, "COURSE_PROGRESS": tmp_path / "progress"}
    rng, reset = np.random.default_rng(1), lambda: shutil.rmtree(cache)
    wanted, seen = killed_again_and_again([sys.executable, script], variables, cache, reset, rng)
    assert {path.name for path in wanted} == {"first.keras", "first.json", "second.keras", "second.json"}
    assert any(path.name.endswith(".state.npz") for held in seen for path in held)  # some were killed in the middle


def test_data(tmp_path):
    cache = tmp_path / "cache"
    command, rng = [sys.executable, "-m", "helpers.commands.data"], np.random.default_rng(2)
    wanted, seen = killed_again_and_again(command, {"COURSE_CACHE": cache}, cache, lambda: shutil.rmtree(cache), rng)
    assert any(0 < len(held) < len(wanted) for held in seen)
    assert all(wanted[name] == held[name] for held in seen for name in held if name.suffix in (".png", ".npz"))


def test_report(tmp_path):
    chapters, figures, before = (tmp_path / name for name in ("chapters", "figures", "before"))
    chapters.mkdir()
    (chapters / "README.md").write_text(README_PARTS)
    driver = tmp_path / "driver.py"
    driver.write_text(REPORT)
    command, variables = [sys.executable, driver, chapters], {"COURSE_FIGURES": figures, "COURSE_CACHE": tmp_path / "cache"}
    for grey in (0.5, 0.9):
        for number in ("01", "02"):
            write_notebook(chapters, number, [FIGURE, MORE_FIGURES], grey=grey)
        if grey == 0.5:
            environment = {name: value for name, value in os.environ.items() if name != "COURSE_DATA"}
            subprocess.run(command, env=environment | {k: str(v) for k, v in variables.items()}, check=True)
            shutil.copytree(figures, before)

    def reset():
        shutil.rmtree(figures)
        shutil.copytree(before, figures)

    wanted, seen = killed_again_and_again(command, variables, figures, reset, np.random.default_rng(3))
    old = files(before)
    assert set(old) == set(wanted) and len(wanted) > 15
    assert sum(old[name] != wanted[name] for name in wanted) > 12
    for held in seen:
        assert set(held) == set(old)
        assert all(held[name] in (old[name], wanted[name]) for name in held)
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.name.startswith((".writing-", "figures"))]
