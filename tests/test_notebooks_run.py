"""The notebooks, run: what is committed comes out again, and the other modes come through."""

import os
import pathlib
import re

import nbformat
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from helpers import paths, plotting
from helpers.commands import report

CHAPTERS = sorted((paths.ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
SOLUTIONS = sorted((paths.ROOT / "notebooks" / "solutions").glob("*.ipynb"))
FIGURES = paths.ROOT / "figures"


def by_name(path):
    return path.stem


@pytest.fixture
def shipped(monkeypatch):
    """The committed networks and records, and the shared cache of the data, but figures of this test's own."""
    monkeypatch.delenv("COURSE_DATA")


@pytest.mark.parametrize("path", CHAPTERS, ids=by_name)
def test_figures_and_tables_come_out_again(path, shipped, own_folders):
    # `make test` has just run all chapters to compare their outputs, and says where their figures are.
    fresh = pathlib.Path(os.environ.get("COURSE_CHECKED", own_folders / "figures"))
    if "COURSE_CHECKED" not in os.environ:
        report.run_notebook(path, own_folders / path.name, "pretrained", fresh)
    committed = sorted(file.relative_to(FIGURES) for file in FIGURES.rglob(f"{path.stem[:2]}_*"))
    assert committed == sorted(file.relative_to(fresh) for file in fresh.rglob(f"{path.stem[:2]}_*"))
    for name in committed:
        if name.suffix == ".png":
            then, now = (np.asarray(Image.open(folder / name).convert("RGB"), float) for folder in (FIGURES, fresh))
            # Of 255. What a network has drawn that is trained anew in each run differs a little between machines.
            allowed = 6 if plotting.captions()[name.stem].get("live") else 0.1
            assert then.shape == now.shape and np.sqrt(np.mean((then - now) ** 2)) < allowed, name
        elif name.suffix == ".svg":
            then, now = (drawn(folder / name) for folder in (FIGURES, fresh))
            assert then == now or plotting.captions()[name.stem].get("live"), name
        else:
            then, now = (pd.read_csv(folder / name) for folder in (FIGURES, fresh))
            live = plotting.captions().get(name.stem, {}).get("live")
            pd.testing.assert_frame_equal(then, now, rtol=0.1 if live else 1e-5, atol=3e-4)


def drawn(path):
    """What an SVG is made of, without its numbers, whose last digits differ between machines."""
    text = re.sub(r"base64,[^\"]+", "", path.read_text(encoding="utf-8"))
    return re.findall(r"<(\w+)", text)


def quick_or_slow(path):
    """Two chapters for everyone; the others' small trainings take too long for that."""
    return path if path.stem[:2] in ("01", "02") else pytest.param(path, marks=pytest.mark.slow)


@pytest.mark.parametrize("path", [quick_or_slow(path) for path in CHAPTERS], ids=by_name)
def test_quick_trains_and_leaves_the_committed_files_alone(path, shipped, own_folders, monkeypatch):
    folders = FIGURES, paths.ROOT / "notebooks", paths.ROOT / "data" / "records", paths.ROOT / "data" / "weights"
    before = {file: file.stat().st_mtime_ns for folder in folders for file in folder.rglob("*")}
    cache, cached = own_folders / "cache", paths.ROOT / "data" / "cache" / "mnist.npz"
    cache.mkdir()
    monkeypatch.setenv("COURSE_CACHE", str(cache))
    if cached.exists():
        (cache / "mnist.npz").symlink_to(cached)
    executed = report.run_notebook(path, own_folders / path.name, "quick", own_folders / "figures")
    injected = [cell for cell in executed.cells if "injected-parameters" in cell.metadata.get("tags", [])]
    assert [cell.source.strip() for cell in injected] == ['# Parameters\nMODE = "quick"']
    assert not any(output.get("name") == "stderr" for cell in executed.cells for output in cell.get("outputs", []))
    trains = any("training.fit(" in cell.source for cell in executed.cells)
    assert bool(list((cache / "quick").glob("*.json"))) == trains
    assert before == {file: file.stat().st_mtime_ns for file in before}


@pytest.mark.slow
@pytest.mark.parametrize("path", SOLUTIONS, ids=by_name)
def test_solutions_solve(path, shipped, own_folders, monkeypatch):
    monkeypatch.setenv("COURSE_CACHE", str(own_folders / "cache"))
    executed = report.run_notebook(path, own_folders / path.name, "pretrained", own_folders / "figures")
    code = [cell for cell in executed.cells if cell.cell_type == "code"]
    asserts = sum(cell.source.count("assert ") for cell in code)
    chapter = nbformat.read(pathlib.Path(path).parent.parent / path.name, as_version=4)
    text = "\n".join(cell.source for cell in chapter.cells)
    for number in re.findall(r"### Exercise (\d\.\d)", text):
        said = [output.get("text", "") for cell in code for output in cell.outputs if f'check("{number}"' in cell.source]
        assert f"Exercise {number}: right." in "".join(said)
    assert asserts >= text.count("**Exercise ")
