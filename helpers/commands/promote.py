"""Compare finished trainings with what is shipped, and take them over: ``make promote``."""

import json
import shutil
import sys

import pandas as pd

from helpers import files, paths

TOLERANCE = 0.15  # dB of PSNR that a training on another machine may move
KEYS = ["notebook", "dataset", "split", "degradation", "method"]
COLUMNS = [*KEYS, "n_images", "psnr", "n_images_shipped", "psnr_shipped", "difference", "verdict"]


def compare_trainings():
    """Print which finished trainings are the shipped ones to the bit, and how far the chapters' results moved.

    Returns
    -------
    bool
        Whether every result is within the tolerance, of scores of the same images.
    """
    rows = []
    for path in _finished():
        shipped = paths.records() / path.name
        then, now = (json.loads(file.read_text(encoding="utf-8")) if file.exists() else {} for file in (shipped, path))
        hashes = [record.get("weights_sha256") or record.get("table_sha256") for record in (then, now)]
        verdict = "same bits" if hashes[0] == hashes[1] else "other bits" if then else "not shipped"
        rows.append({"training or study": path.stem, "minutes": now["minutes"], "verdict": verdict})
    print(f"\n{pd.DataFrame(rows).to_string(index=False)}")
    moved = [_moved(table) for table in sorted((paths.runs("full") / "figures" / "tables").glob("*_results.csv"))]
    moved = pd.concat(moved, ignore_index=True) if moved else pd.DataFrame(columns=COLUMNS)
    print(f"\nPSNR in the chapters' tables, tolerance {TOLERANCE} dB:\n{moved.to_string(index=False, na_rep='-')}")
    return not moved["verdict"].isin(["DIFFERS", "OTHER IMAGES"]).any()


def _moved(table):
    """The rows of a results table whose PSNR is not that of the report, with a verdict."""
    columns = [*KEYS, "n_images", "psnr"]
    now, report = pd.read_csv(table, dtype={"notebook": str}), paths.report_figures() / "tables" / table.name
    then = pd.read_csv(report, dtype={"notebook": str}) if report.exists() else now.head(0)
    both = now[columns].merge(then[columns], on=KEYS, how="left", suffixes=("", "_shipped"))
    both["difference"] = (both["psnr"] - both["psnr_shipped"]).round(4)
    both["verdict"] = "same"
    both.loc[both["difference"].abs() > TOLERANCE, "verdict"] = "DIFFERS"
    both.loc[both["n_images"] != both["n_images_shipped"], "verdict"] = "OTHER IMAGES"
    both.loc[both["psnr_shipped"].isna(), "verdict"] = "new"
    return both[both["difference"] != 0]


def promote():
    """Take finished trainings over: records to data/records, weights to data/weights, studies' tables beside their records.

    What only a study trained stays where it is: its table is what is shipped.

    Raises
    ------
    FileNotFoundError
        When there is none.
    files.RunningElsewhere
        While another process trains, or makes a report from what is shipped.
    """
    with files.only_one("report"), files.only_one("runs"):
        if not _finished():
            raise FileNotFoundError(f"no finished training in {paths.shown(paths.runs('full'))}: run `make train` first")
        for path in _finished():
            record = json.loads(path.read_text(encoding="utf-8"))
            if record.get("study"):
                continue
            kept = [(path, paths.records())]
            if "weights_sha256" in record:
                kept.append((path.with_suffix(".keras"), paths.weights()))
            else:
                kept.append((path.with_suffix(".csv"), paths.records()))
            for file, folder in kept:
                with files.replacing(folder / file.name) as temporary:
                    shutil.copyfile(file, temporary)
            print(f"took over {path.stem}")


def _finished():
    return sorted(paths.runs("full").glob("*.json"))


def main():
    """The command line.

    Returns
    -------
    int
        0, or 1 with what failed on the error stream.
    """
    try:
        promote()
    except OSError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
