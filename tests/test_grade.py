"""Students' notebooks are run and graded: right, wrong, broken and endless ones, and none of them stops another."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import nbformat
import pandas as pd
import psutil
import pytest

from helpers import exercises, files, paths
from helpers.commands import grade, one_notebook

# In place of the package, whose checks take seconds to import.
STUB = """
def check(exercise, *answers):
    verdicts = {"right": "right. Well done.", ...: "replace the ... by your code and run the cell again."}
    print(f"Exercise {exercise}: {verdicts.get(answers[0], 'it is ' + str(answers[0]) + '.')}")
"""
BEGIN = 'MODE = "pretrained"\nimport os, sys\nsys.path.insert(0, os.environ["STUB"])\nfrom helpers.exercises import check'
RIGHT = 'check("1.1", "right")'


def notebook(path, *cells, begin=BEGIN):
    path.parent.mkdir(parents=True, exist_ok=True)
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in (begin, *cells)])
    made.metadata.kernelspec = {"name": "an-environment-of-the-student", "display_name": "Mine", "language": "python"}
    path.write_text(nbformat.writes(made), encoding="utf-8")


@pytest.fixture
def handed_in(own_folders, monkeypatch):
    stub = own_folders / "stub/helpers"
    stub.mkdir(parents=True)
    (stub / "__init__.py").touch()
    (stub / "exercises.py").write_text(STUB, encoding="utf-8")
    monkeypatch.setenv("STUB", str(stub.parent))
    monkeypatch.setenv("PYTHONPATH", str(paths.ROOT))
    folder = own_folders / "handed in"
    folder.mkdir()
    return folder


def read(output, name):
    return pd.read_csv(output / name, dtype={"exercise": str}, encoding="utf-8-sig", keep_default_na=False)


def left_of(mark):
    """Processes that a test's notebooks have left."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("STUB") == mark and process.pid != os.getpid() and process.status() != "zombie":
                found.append(process)
        except psutil.Error:
            continue
    return found


ENDLESS = "import time\nwhile True:\n    time.sleep(1)"
STUBBORN = """
import pathlib, subprocess, time
subprocess.Popen(["sleep", "600"], start_new_session=True)
while True:
    try:
        time.sleep(600)
    except KeyboardInterrupt:
        pathlib.Path("interrupted").touch()
"""


def test_a_class(handed_in, capsys):
    """All kinds at once, three side by side."""
    notebook(handed_in / "Ada/01.ipynb", RIGHT, 'check("1.2", "1.5, 2 was asked for")', "1 / 0", 'check("1.3", "right")')
    (handed_in / "Ada/data.txt").write_text("hers", encoding="utf-8")
    notebook(handed_in / "Ada/01-Copy1.ipynb", 'check("1.2", open("data.txt").read())', 'open("data.txt", "w").write("")')
    odd = "Bo's ü (2) {x} $y"
    notebook(handed_in / odd / "it's -- 1.ipynb", 'check("1.1", undefined)', 'check("1.2", ...)', 'check("1.3", "right")')
    notebook(handed_in / "=SUM(A1).ipynb", "import os\nos._exit(1)", RIGHT)
    notebook(handed_in / "endless.ipynb", 'check("1.2", "right")', ENDLESS, 'check("1.3", "right")')
    notebook(handed_in / "cheat.ipynb", "print('Exercise 1.1: right. I say so.')", "check('1.2', 3)")
    eaten = "import time\neaten = []\nwhile True:\n    eaten.append(b'x' * 10**8)\n    time.sleep(0.1)"
    notebook(handed_in / "piece by piece.ipynb", RIGHT, eaten)
    notebook(handed_in / "at once.ipynb", "eaten = bytearray(50 * 10**9)", RIGHT)
    (handed_in / "broken.ipynb").write_text('{"cells": [', encoding="utf-8")
    notebook(handed_in / ".ipynb_checkpoints/old-checkpoint.ipynb", RIGHT)
    before = {path: path.read_bytes() for path in handed_in.rglob("*") if path.is_file()}
    output = handed_in.with_name("handed in-graded")
    limits = ["--cell-minutes", "0.2", "--minutes", "10", "--memory", "0.9", "--workers", "3"]
    assert grade.main([str(handed_in), *limits]) == 0
    assert before == {path: path.read_bytes() for path in handed_in.rglob("*") if path.is_file()}
    assert not left_of(os.environ["STUB"])

    table, worth = read(output, "points.csv").set_index("student"), grade.points()
    both = worth["1.1"] + worth["1.3"]
    sums = {"Ada": both, odd: worth["1.3"], "'=SUM(A1)": 0, "cheat": worth["1.1"], "broken": 0}
    sums |= {"endless": worth["1.2"] + worth["1.3"], "piece by piece": worth["1.1"], "at once": worth["1.1"]}
    assert table["sum"].to_dict() == sums
    assert (table["of"] == sum(worth[f"1.{k}"] for k in range(1, 6))).all()
    remarks = table["remarks"]
    assert "cannot be run (NotJSONError" in remarks["broken"] and "broke off (DeadKernelError" in remarks["'=SUM(A1)"]
    assert "look at it" in remarks["cheat"] and not remarks["Ada"] and not remarks["endless"]
    assert "more than 0.9 GB" in remarks["piece by piece"]

    rows = read(output, "answers.csv")
    verdicts = rows.set_index(["student", "notebook", "exercise"])[["verdict", "said"]]
    verdicts = verdicts.sort_index()
    ada = verdicts.loc["Ada", str(pathlib.Path("Ada/01.ipynb"))]
    assert ada.loc["1.2"].to_list() == ["wrong", "it is 1.5, 2 was asked for."]
    assert ada.loc["1.4"].to_list() == ["missing", "no cell asks check for it"]
    assert verdicts.loc["Ada", str(pathlib.Path("Ada/01-Copy1.ipynb")), "1.2"].to_list() == ["wrong", "it is hers."]
    bo = verdicts.loc[odd].droplevel(0)
    assert bo.loc["1.1"].to_list() == ["error", "NameError: name 'undefined' is not defined"]
    assert bo.loc["1.2", "verdict"] == "open"
    assert verdicts.loc["'=SUM(A1)"].droplevel(0).loc["1.1", "verdict"] == "not reached"
    assert (output / "executed" / odd / "it's -- 1.ipynb").exists()

    capsys.readouterr()  # again: only what is new is run
    (handed_in / "late.ipynb").touch()
    assert grade.main([str(handed_in), *limits]) == 0
    said = [line for line in capsys.readouterr().out.splitlines() if ".ipynb" in line]
    assert len(said) == 1 and said[0].startswith("1/1 late.ipynb: 0 right; it cannot be run")
    assert "late" in set(read(output, "points.csv")["student"]) and len(read(output, "answers.csv")) == len(rows)


def test_what_ignores_an_interrupt_is_ended_with_all_that_it_started(handed_in):
    path = handed_in / "stubborn.ipynb"
    notebook(path, RIGHT, STUBBORN, 'check("1.2", "right")')
    run = one_notebook.Run(path, None, seconds=600, cell_seconds=3, memory=10**9)
    interrupted = run.folder / "work/interrupted"
    while run.remark() is None and not interrupted.exists():
        time.sleep(0.1)
    assert len(left_of(os.environ["STUB"])) >= 3  # the run, its kernel, and what that started
    run.seconds = 0
    assert run.remark() == "stopped: it took more than 0 minutes"
    found = grade.answers(json.loads(run.done.read_text(encoding="utf-8")))
    run.end()
    assert found == {"1.1": ["right", "Well done."], "1.2": ["not reached", ""]}
    assert not left_of(os.environ["STUB"]) and not run.folder.exists()


def test_what_lies_beside_a_notebook_is_not_taken_for_the_course(handed_in, monkeypatch):
    """A student who hands in everything, or a check that always says right."""
    monkeypatch.delenv("PYTHONPATH")
    path = handed_in / "Ada/01.ipynb"
    notebook(path, "import helpers; print('from', helpers.__file__)", begin='MODE = "pretrained"')
    (handed_in / "Ada/helpers").mkdir()
    (handed_in / "Ada/helpers/__init__.py").touch()
    run = one_notebook.Run(path, path.parent, seconds=600, cell_seconds=60, memory=10**9)
    while run.remark() is None:
        time.sleep(0.1)
    (printed,) = [cell.outputs for cell in nbformat.read(run.done, as_version=4).cells if cell.get("outputs")]
    run.end()
    assert printed[0].text == f"from {paths.ROOT / 'helpers/__init__.py'}\n"


def test_nothing_of_others_is_overwritten(handed_in, capsys):
    notebook(handed_in / "a.ipynb", RIGHT)
    output = handed_in.with_name("handed in-graded")
    output.mkdir()
    for name in ("points.csv", "executed/a.ipynb", "grading.json"):
        (output / name).parent.mkdir(exist_ok=True)
        (output / name).write_text("[]", encoding="utf-8")
        assert grade.main([str(handed_in)]) == 1
        assert "-o" in capsys.readouterr().err and (output / name).read_text(encoding="utf-8") == "[]"
        (output / name).unlink()
    (output / "notes.txt").write_text("of the teacher", encoding="utf-8")
    state = {"files": {"points.csv": "0" * 64}, "notebooks": {}}  # one that the teacher has edited since
    files.write_json(output / "grading.json", state)
    (output / "points.csv").write_text("edited", encoding="utf-8")
    assert grade.main([str(handed_in)]) == 1 and "changed since" in capsys.readouterr().err
    assert (output / "notes.txt").exists()


def test_what_cannot_be_graded_is_said(handed_in, capsys):
    assert grade.main([str(handed_in)]) == 1 and "no notebook" in capsys.readouterr().err
    assert grade.main([str(handed_in / "missing")]) == 1 and "is no folder" in capsys.readouterr().err
    notebook(handed_in / "a.ipynb")
    assert grade.main([str(handed_in), "-o", str(handed_in / "out")]) == 1
    assert "name another folder" in capsys.readouterr().err


@pytest.mark.parametrize("made", ["exercise;points\n1.1;2\n", "exercise,points\n1. Jan,2\n", "exercise,points\n1.1,two\n", ""])
def test_points_that_a_spreadsheet_has_spoiled_are_noticed_before_anything_runs(handed_in, monkeypatch, capsys, made):
    notebook(handed_in / "a.ipynb", RIGHT)
    changed = handed_in.with_name("points.csv")
    changed.write_text(made, encoding="utf-8-sig")
    monkeypatch.setattr(grade, "POINTS", changed)
    assert grade.main([str(handed_in)]) == 1 and "commas between its columns" in capsys.readouterr().err
    changed.write_text("exercise,points\n1.1,2.5\n", encoding="utf-8-sig")  # as a spreadsheet saves it
    assert grade.points() == {"1.1": 2.5}


@pytest.mark.skipif(os.name == "nt", reason="names there are never bytes")
def test_a_name_that_is_no_text(handed_in):
    name = os.fsdecode(b"\xff\n.ipynb")
    os.mkfifo(handed_in / "pipe.ipynb")
    (handed_in / "link.ipynb").symlink_to(handed_in / "nowhere")
    notebook(handed_in / "Ü/a.ipynb", "2")
    os.mkfifo(handed_in / "Ü/pipe")
    (handed_in / name).write_text("[]", encoding="utf-8")
    table = grade.grade(handed_in, handed_in.with_name("out"), workers=2).set_index("student")
    assert set(table.index) == {"\\udcff", "pipe", "link", "Ü"} and table["remarks"].all()


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_when_the_grader_is_ended_so_are_its_notebooks(handed_in, end):
    """Ctrl-C, and kill -9, after which nobody would watch them."""
    notebook(handed_in / "a.ipynb", ENDLESS)
    # A program that was started in the background may have been told to ignore Ctrl-C.
    code = "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
    code += "from helpers.commands import grade; sys.exit(grade.main(sys.argv[1:]))"
    process = subprocess.Popen([sys.executable, "-c", code, str(handed_in)], stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 300
    while len(left_of(os.environ["STUB"])) < 3 and time.monotonic() < deadline:  # itself, the run, and its kernel
        time.sleep(0.1)
    process.send_signal(end)
    said = process.communicate(timeout=300)[1]
    if end == signal.SIGINT:
        assert "goes on from there" in said and process.returncode == 130
    while left_of(os.environ["STUB"]) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not left_of(os.environ["STUB"])


def test_every_exercise_has_its_points():
    known = set(exercises._CHECKS)
    assert set(grade.points()) == known, "docs/points.csv: a row for each exercise that has a check"
    assert all(0 < worth <= 5 for worth in grade.points().values())


def test_the_grader_reads_what_check_says(capsys):
    exercises.check("2.4", 0.1, 0)
    exercises.check("2.4", 0, 0.1)
    exercises.check("2.4", ..., 0)
    for verdict, printed in zip(("right", "wrong", "open"), capsys.readouterr().out.splitlines(), strict=True):
        cell = {"cell_type": "code", "source": ['check("2.4", a, b)'], "execution_count": 1}
        cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": [printed + "\n"]}]
        assert grade.answers({"cells": [cell]})["2.4"][0] == verdict


@pytest.mark.slow
def test_an_import_of_the_course_fits_into_the_limit_on_one_allocation():
    """TensorFlow reserves more than it fills."""
    code = f"from helpers.commands import one_notebook; one_notebook._limit({3 * 10**9}); import helpers.backend"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert one_notebook.LARGEST_FILE > 10**8


def test_points_and_chapters_agree():
    """A chapter that has a check names an exercise that has points."""
    worth = grade.points()
    for path in (paths.ROOT / "notebooks").glob("[0-9][0-9]_*[!0-9].ipynb"):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        asked = grade.ASKS.findall("\n".join("".join(cell["source"]) for cell in cells))
        assert set(asked) <= set(worth), path.name
