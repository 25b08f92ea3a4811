"""Run students' notebooks and write a table of what `check` says of their answers: ``make grade FOLDER=...``.

This runs code that others wrote, as you and with your rights. The limits of time and memory keep a mistake from stopping
the others; they are no protection against somebody who means harm. Whether to run it here, in a virtual machine or in a
container is the teacher's decision.
"""

import argparse
import csv
import json
import os
import pathlib
import re
import shutil
import sys
import time

import pandas as pd

from helpers import files, paths
from helpers.commands import one_notebook

POINTS = paths.ROOT / "docs" / "points.csv"
STATE, TABLES = "grading.json", ("points.csv", "answers.csv")
ASKS = re.compile(r"""\bcheck\(\s*["'](\d+\.\d+)["']""")
SAYS = re.compile(r"^Exercise (\d+\.\d+): (.*)$", re.MULTILINE)
# Where a notebook has such a line, somebody has to look at it.
ODD = re.compile(
    r"^\s*(def check\b|check\s*=|import .*\bcheck\b|from (?!helpers\.exercises ).*\bcheck\b)|Exercise \d+\.\d+: right",
    re.MULTILINE,
)
OPEN = "replace the ..."


def points():
    """How much each exercise is worth: docs/points.csv.

    Returns
    -------
    dict of str to float
        By the exercise's number, "1.1".

    Raises
    ------
    FileNotFoundError, ValueError
        When it isn't there, or a spreadsheet has made something else of it.
    """
    try:
        with open(POINTS, encoding="utf-8-sig", newline="") as file:
            worth = {row["exercise"]: float(row["points"]) for row in csv.DictReader(file)}
        if spoiled := [name for name in worth or [""] if not re.fullmatch(r"\d+\.\d+", name)]:  # 1.1 made a date
            raise ValueError(f"{spoiled[0]!r} is no exercise")
    except FileNotFoundError:
        raise FileNotFoundError(f"{POINTS} is missing: only the whole course can grade, a copy for students can't") from None
    except (KeyError, TypeError, ValueError) as error:
        said = "exercise,points,title,typical wrong answer"
        raise ValueError(f"{POINTS} needs the first line {said!r}, and commas between its columns ({error})") from error
    return worth


def submissions(folder):
    """The notebooks that were handed in, by their names below the folder.

    Parameters
    ----------
    folder : pathlib.Path
        A folder for each student, or a notebook for each.

    Returns
    -------
    list of pathlib.PurePath

    Raises
    ------
    FileNotFoundError
        When there is none.
    """
    found = []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name[0] != "." and name != "__MACOSX")
        for name in sorted(names):
            if name.lower().endswith(".ipynb") and name[0] != ".":
                found.append((pathlib.Path(place) / name).relative_to(folder))
    if not found:
        raise FileNotFoundError(f"no notebook (.ipynb) was found in {folder}")
    return found


def student(name):
    """Whose a notebook is: the folder that it was handed in with, or its own name.

    Parameters
    ----------
    name : pathlib.PurePath

    Returns
    -------
    str
    """
    return name.parts[0] if len(name.parts) > 1 else name.stem


def answers(notebook):
    """What `check` said of each exercise.

    Parameters
    ----------
    notebook : dict
        As it was written when it had run, or as far as it came.

    Returns
    -------
    dict of str to list
        By exercise: "right", "wrong", "open", "error" or "not reached", and what was said. What stands last counts.
    """
    found = {}
    for cell in notebook["cells"]:
        if cell["cell_type"] != "code":
            continue
        outputs = cell.get("outputs", [])
        for exercise in ASKS.findall("".join(cell["source"])):
            found[exercise] = _unsaid(cell, outputs)
        printed = "".join("".join(output["text"]) for output in outputs if output.get("name") == "stdout")
        for exercise, said in SAYS.findall(printed):
            verdict = "right" if said.startswith("right.") else "open" if said.startswith(OPEN) else "wrong"
            found[exercise] = [verdict, said.removeprefix("right. ")]
    return found


def _unsaid(cell, outputs):
    """Why `check` says nothing of a cell that asks it."""
    errors = [output for output in outputs if output["output_type"] == "error"]
    if any(error["ename"] == "KeyboardInterrupt" for error in errors):
        return ["error", "the cell took too long and was stopped"]
    if errors:
        said, _, _ = f"{errors[0]['ename']}: {errors[0]['evalue']}".partition("\n")
        return ["error", said[:200]]
    return ["error", "check said nothing"] if cell.get("execution_count") else ["not reached", ""]


def _looked_at(run, remark):
    """The answers of a run that has ended, and what to remark on it."""
    try:
        notebook = json.loads(run.done.read_text(encoding="utf-8"))
        found, sources = answers(notebook), "\n".join("".join(cell["source"]) for cell in notebook["cells"])
    except (OSError, ValueError, KeyError, TypeError):
        return {}, remark or "nothing came out of it"
    remarks = [remark] if remark else []
    if ODD.search(sources):
        remarks.append("it holds a verdict or a check of its own: look at it")
    if not found:
        remarks.append("it asks check for nothing, so there is nothing to count")
    return found, "; ".join(remarks)


def grade(folder, output, minutes=20.0, cell_minutes=5.0, memory=6.0, workers=1):
    """Run every notebook of a folder and write the tables.

    What was graded before and is unchanged isn't run again, so that a run that was stopped goes on.

    Parameters
    ----------
    folder, output : pathlib.Path
        What was handed in, which is only read; and where the tables and the notebooks that have run go.
    minutes, cell_minutes, memory : float
        That a notebook may take, one of its cells, and the gigabytes that it may fill.
    workers : int, optional
        How many run side by side.

    Returns
    -------
    pandas.DataFrame
        One row a student: points in each exercise, their sum, remarks.

    Raises
    ------
    FileNotFoundError, ValueError
        When there is nothing to grade, or `output` holds what isn't of an earlier grading.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} is no folder")
    names = submissions(folder)
    points()  # what is wrong with them is said now, not when all notebooks have run
    state = _state(folder, output, names)
    digests = {name: files.sha256(folder / name) for name in names}
    graded = {name: state["notebooks"].get(str(name)) for name in names}
    waiting = [name for name in names if graded[name] is None or graded[name]["sha256"] != digests[name]]
    state["notebooks"] = {str(name): graded[name] for name in names if name not in waiting}
    limits = (60 * minutes, 60 * cell_minutes, int(memory * 1e9))
    total, running = len(waiting), {}
    try:
        while waiting or running:
            while waiting and len(running) < workers:
                name = waiting.pop(0)
                beside = folder / name.parent if len(name.parts) > 1 else None
                running[name] = one_notebook.Run(folder / name, beside, *limits)
            for name, run in list(running.items()):
                if (remark := run.remark()) is None:
                    continue
                found, remark = _looked_at(run, remark)
                if run.done.exists():
                    _keep(state, output, pathlib.PurePath("executed") / name, run.done)
                state["notebooks"][str(name)] = {"sha256": digests[name], "remark": remark, "answers": found}
                files.write_json(output / STATE, state)
                del running[name]
                run.end()
                right = sum(verdict == "right" for verdict, _ in found.values())
                number = total - len(waiting) - len(running)
                print(f"{number}/{total} {_printable(name)}: {right} right{f'; {remark}' if remark else ''}", flush=True)
            time.sleep(0.1)
    finally:
        for run in running.values():
            run.end()
    return _write_tables(state, output)


def _state(folder, output, names):
    """What an earlier grading wrote; refuse to write where anything else lies."""
    if output.resolve().is_relative_to(folder.resolve()):
        raise ValueError(f"{output} lies in {folder}, whose notebooks are graded: name another folder with -o")
    files.writable(output)
    try:
        state = json.loads((output / STATE).read_text(encoding="utf-8"))
        written = {name: state["files"][name] for name in state["files"]}
    except FileNotFoundError:
        state, written = {"files": {}, "notebooks": {}}, {}
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{output / STATE} is not of a grading: name another folder with -o") from error
    for name in (*TABLES, *(f"executed/{name.as_posix()}" for name in names)):
        path = output / name
        if os.path.lexists(path) and files.sha256(path) != written.get(name):
            raise ValueError(f"{path} was not written by an earlier grading, or was changed since: name another folder with -o")
    return state


def _keep(state, output, name, source):
    """Copy a file to its place, and note that it is of this grading."""
    target = output / name
    target.parent.mkdir(parents=True, exist_ok=True)
    with files.replacing(target) as temporary:
        shutil.copyfile(source, temporary)
    state["files"][name.as_posix()] = files.sha256(target)


def _write_tables(state, output):
    worth, rows, sums = points(), [], {}
    for name, one in state["notebooks"].items():
        who, found = _printable(student(pathlib.PurePath(name))), one["answers"]
        about = sums.setdefault(who, {"points": {}, "remarks": []})
        if one["remark"]:
            about["remarks"].append(f"{_printable(pathlib.PurePath(name).name)}: {one['remark']}")
        chapters = {exercise.partition(".")[0] for exercise in found}
        for exercise in [exercise for exercise in worth if exercise.partition(".")[0] in chapters]:
            verdict, said = found.get(exercise, ["missing", "no cell asks check for it"])
            reached = worth[exercise] if verdict == "right" else 0.0
            about["points"][exercise] = max(reached, about["points"].get(exercise, 0.0))
            row = {"student": who, "notebook": name, "exercise": exercise, "verdict": verdict, "points": reached, "said": said}
            rows.append({key: _printable(value) if isinstance(value, str) else value for key, value in row.items()})
    used = [exercise for exercise in worth if any(exercise in about["points"] for about in sums.values())]
    table = pd.DataFrame(
        [
            {"student": who, **{exercise: about["points"].get(exercise, 0.0) for exercise in used}}
            | {"sum": sum(about["points"].values()), "of": sum(worth[exercise] for exercise in used)}
            | {"remarks": _printable("; ".join(about["remarks"]))}
            for who, about in sorted(sums.items())
        ]
    )
    columns = ["student", "notebook", "exercise", "verdict", "points", "said"]
    for name, content in zip(TABLES, (table, pd.DataFrame(rows, columns=columns)), strict=True):
        with files.replacing(output / name) as temporary:
            content.to_csv(temporary, index=False, lineterminator="\n", encoding="utf-8-sig")  # so that Excel knows umlauts
        state["files"][name] = files.sha256(output / name)
    files.write_json(output / STATE, state)
    return table


def _printable(text):
    """A student's text as a table can hold it; one that a spreadsheet would compute begins with an apostrophe."""
    text = " ".join(str(text).encode("utf-8", "backslashreplace").decode().split())
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text


def main(arguments=None):
    """The command line.

    Returns
    -------
    int
        0; 1 when there is nothing to grade, or nowhere to write; 130 when it was stopped by hand.
    """
    parser = argparse.ArgumentParser(prog="python -m helpers.commands.grade", description=__doc__)
    parser.add_argument("folder", type=pathlib.Path, help="with a folder, or a notebook, of each student")
    parser.add_argument(
        "-o", "--output", type=pathlib.Path, help="a folder for the tables; beside it by default, FOLDER-graded"
    )
    parser.add_argument("--minutes", type=float, default=20, help="that a notebook may take (default: 20)")
    parser.add_argument("--cell-minutes", type=float, default=5, help="that one cell may take (default: 5)")
    parser.add_argument("--memory", type=float, default=6, metavar="GB", help="that a notebook may fill (default: 6)")
    parser.add_argument("--workers", type=int, default=1, help="how many run side by side (default: 1)")
    options = parser.parse_args(arguments)
    folder = options.folder.absolute()
    output = (options.output or folder.with_name(f"{folder.name}-graded")).absolute()
    sys.stdout.reconfigure(errors="backslashreplace")  # a student's name in a terminal that lacks its letters
    print("This runs code that others wrote, with your rights.", file=sys.stderr)
    try:
        table = grade(folder, output, options.minutes, options.cell_minutes, options.memory, max(1, options.workers))
    except (OSError, ValueError) as error:
        print(_printable(error), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"stopped; what is finished stands in {_printable(output)}, the same command goes on from there", file=sys.stderr)
        return 130
    print(f"{table.drop(columns='remarks').to_string(index=False)}\nwritten to {_printable(output)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
