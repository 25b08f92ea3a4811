"""The minutes of each chapter on this machine, of reading it and of running it in its modes: ``make time``."""

import json
import re
import sys
import time

import nbformat
import pandas as pd

from helpers import files, paths
from helpers.commands import report

WORDS_PER_MINUTE = 130  # of reading, code counted as words


def main():
    """The command line.

    Returns
    -------
    int
        0, or 1 while another process measures, which would slow both down, or when a notebook failed.
    """
    try:
        with files.only_one("timing"):
            measure()
    except (report.NotebookFailed, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def measure():
    """Write data/timings.csv: the minutes of reading, and of running each chapter in its modes, on this machine."""
    rows = []
    for source in report.chapters():
        words = sum(len(cell.source.split()) for cell in nbformat.read(source, as_version=4).cells)
        row = {"notebook": source.stem, "reading": round(words / WORDS_PER_MINUTE)}
        for mode in ("pretrained", "quick"):
            work, began = paths.cache() / "timing", time.perf_counter()
            report.run_notebook(source, work / source.name, mode, work / "figures")
            row[mode] = round((time.perf_counter() - began) / 60, 1)
        text = source.read_text(encoding="utf-8")
        trained = [json.loads(path.read_text(encoding="utf-8")) for path in paths.records().glob("*.json")]
        trains = "training.fit(" in text  # chapter 06 names trainings without training
        row["full"] = round(row["pretrained"] + sum(r["minutes"] for r in trained if trains and _names(text, r["name"])), 1)
        rows.append(row)
    files.write_table(paths.data() / "timings.csv", pd.DataFrame(rows))
    print(pd.DataFrame(rows).to_string(index=False))


def _names(source, training):
    """Whether a notebook's source holds the name of a training, also as f"NAME_{part}"."""
    quoted = re.findall(r'\\"(\w[\w{}]*)\\"', source)
    return any(re.fullmatch(re.sub(r"{\w+}", r"\\w+", name), training) for name in quoted if "_" in name)


if __name__ == "__main__":
    sys.exit(main())
