"""The report's tables, as the templates take them: numbers already written, footnotes counted."""

import importlib.metadata
import json
import tomllib

import numpy as np
import pandas as pd

from helpers import paths

PACKAGES = ("keras", "tensorflow", "numpy", "scipy", "scikit-image", "pandas", "matplotlib", "papermill")
SYSTEMS = ["task", "notebook", "n_images", "published_psnr", "recipe_psnr", "input_psnr", "classical", "classical_psnr"]
SYSTEMS += ["best", "best_psnr", "params", "minutes"]


def published():
    """The published systems and the notes beside their numbers, from data/published.toml.

    Returns
    -------
    dict
        ``system`` and ``note``, lists of dict.
    """
    return tomllib.loads((paths.ROOT / "data" / "published.toml").read_text(encoding="utf-8"))


def results(tables):
    """All rows that the chapters wrote, with the columns of intervals where they have them.

    Parameters
    ----------
    tables : pathlib.Path
        The folder with the NN_results.csv.

    Returns
    -------
    pandas.DataFrame
    """
    read = [pd.read_csv(path, dtype={"notebook": str}) for path in sorted(tables.glob("*_results.csv"))]
    return pd.concat(read, ignore_index=True)


def systems(tables, rows):
    """Chapter 06's table of the published systems, with each best network's gain over the recipe.

    Parameters
    ----------
    tables : pathlib.Path
    rows : pandas.DataFrame
        As `results` returns them.

    Returns
    -------
    list of dict
        With the columns of 06_systems.csv, None for what is missing, and ``gain``, ``gain_low``, ``gain_high``; none where
        that chapter has not run.
    """
    path = tables / "06_systems.csv"
    if not path.exists():
        return []
    table = pd.read_csv(path, dtype={"notebook": str}).reindex(columns=SYSTEMS)
    found = []
    for system in table.astype(object).where(table.notna(), None).to_dict("records"):
        same = (rows["notebook"] == system["notebook"]) & (rows["method"] == system["best"])
        same &= np.isclose(rows["psnr"], system["best_psnr"], atol=1e-4)
        gains = rows[same].reindex(columns=["gain", "gain_low", "gain_high"]).dropna().to_dict("records")
        found.append(system | (gains[0] if gains else dict.fromkeys(("gain", "gain_low", "gain_high"))))
    return found


def decibels(value, sign=False):
    """A PSNR as it is printed: two decimals, "exact" for an infinite one, nothing for none."""
    if value is None or pd.isna(value):
        return ""
    return "exact" if np.isinf(value) else f"{value:{'+' if sign else ''}.2f}"


def claimed(value):
    """A PSNR with as many decimals as its authors give."""
    return "" if value is None or pd.isna(value) else f"{value:g}"


def interval(low, high, sign=False):
    """ "26.1 to 27.3", or nothing."""
    return "" if low is None or pd.isna(low) else f"{decibels(low, sign)} to {decibels(high, sign)}"


class Footnotes(list):
    """Texts in the order in which they are first needed."""

    def mark(self, text):
        """The number of a text; a text that was there before keeps its number."""
        if text not in self:
            self.append(text)
        return self.index(text) + 1


def systems_shown(found):
    """The table of systems, what is compared with what, row by row.

    Parameters
    ----------
    found : list of dict
        As `systems` returns them.

    Returns
    -------
    rows : list of dict
        Column to its text, and ``marks``, column to the numbers of its footnotes.
    notes : Footnotes
    """
    said, notes, shown = published(), Footnotes(), []
    for system in found:
        names = [one["name"] for one in said["system"] if one["chapter"] == system["notebook"]]
        is_copy = system["input_psnr"] is not None and np.isinf(system["input_psnr"])
        row = {
            "task": system["task"],
            "system": names[0] if names else "",
            "published": claimed(system["published_psnr"]),
            "recipe": decibels(system["recipe_psnr"]),
            "input": decibels(system["input_psnr"]),
            "classical": decibels(system["classical_psnr"]),
            "which": system["classical"] or "",
            "best": decibels(system["best_psnr"]),
            "network": system["best"],
            "gain": decibels(system["gain"], sign=True),
            "interval": interval(system["gain_low"], system["gain_high"], sign=True),
            "n": f"{system['n_images']:,}",
            "parameters": f"{system['params']:,}",
            "minutes": f"{system['minutes']:.1f}",
        }
        row["marks"] = {
            note["column"]: [notes.mark(note["text"])]
            for note in said["note"]
            if note["chapter"] == system["notebook"] and row[note["column"]]
        }
        if is_copy and "input" not in row["marks"]:
            row["marks"]["input"] = [notes.mark("The input is the answer: returning it unchanged is exact.")]
        if system["best_psnr"] == system["recipe_psnr"]:
            row["marks"]["best"] = [notes.mark("The recipe's own network: nothing is gained by a better copy.")]
        before = _started_from(system)
        if before:
            text = f"Of the last training. It went on from {before['name']}, whose {before['minutes']:.1f} minutes come on top."
            row["marks"]["minutes"] = [notes.mark(text)]
        shown.append(row)
    return shown, notes


def _records():
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(paths.records().glob("*.json"))]


def _started_from(system):
    """The record of the training that a system's best network went on from, if there is one."""
    records = {record["weights_sha256"]: record for record in _records() if "weights_sha256" in record}
    for record in records.values():
        if (record["minutes"], record["parameters"]) == (system["minutes"], system["params"]):
            return records.get(record["recipe"]["starts_from"])
    return None


def chapter(rows):
    """A chapter's results, in groups that share their pictures and what was done to them.

    Parameters
    ----------
    rows : pandas.DataFrame
        Of one chapter.

    Returns
    -------
    groups : list of dict
        ``title``, and ``rows``: column to text, with ``kind`` and ``marks``.
    notes : Footnotes
    """
    names = meanings()
    rows = rows.reindex(columns=[*rows.columns.union(["psnr_low", "psnr_high", "against", "gain", "gain_low", "gain_high"])])
    groups, notes = [], Footnotes()
    for (dataset, split, degradation), part in rows.groupby(["dataset", "split", "degradation"], sort=False):
        shown = []
        for row in part.sort_values("n_images", ascending=False, kind="stable").itertuples():
            marks = {}
            if row.n_images < part["n_images"].max():
                marks["n"] = [notes.mark("A fixed part of the pictures, for methods that are slow.")]
            if row.kind == "published" and split == "train":
                marks["psnr"] = [notes.mark("Pictures that the network was trained on.")]
            if not pd.isna(row.gain):
                marks["gain"] = [notes.mark(f"The paired difference to “{row.against}”, picture by picture.")]
            shown.append(
                {
                    "method": row.method,
                    "kind": row.kind,
                    "psnr": decibels(row.psnr),
                    "n": f"{row.n_images:,}",
                    "interval": interval(row.psnr_low, row.psnr_high),
                    "gain": decibels(row.gain, sign=True),
                    "gain_interval": interval(row.gain_low, row.gain_high, sign=True),
                    "ssim": f"{row.ssim:.3f}",
                    "parameters": f"{row.params:,}" if row.params else "",
                    "published": claimed(row.published_psnr),
                    "marks": marks,
                }
            )
        title = f"{dataset}, {split} split: {names.get(degradation, degradation)}"
        groups.append({"title": title, "rows": shown})
    return groups, notes


def meanings():
    """The names of degradations and methods, and what they mean, from data/names.csv."""
    return pd.read_csv(paths.ROOT / "data" / "names.csv").set_index("name")["meaning"].to_dict()


def trainings():
    """Every training and study whose record is shipped, a row each.

    Returns
    -------
    list of dict
    """
    rows = []
    for record in _records():
        study = "table_sha256" in record
        rows.append(
            {
                "name": record["name"],
                "what": f"{record['trainings']} trainings" if study else "network",
                "parameters": "" if study else f"{record['parameters']:,}",
                "epochs": "" if study else record["recipe"]["epochs"],
                "minutes": f"{record['minutes']:.1f}",
                "machine": f"{record['trained_with']['machine']}, Keras {record['trained_with']['keras']}",
            }
        )
    return rows


def versions():
    """The packages that the report was made with, each with its version."""
    return ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES)
