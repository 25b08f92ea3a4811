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
INPUT, GAIN = "degraded input", ["gain", "gain_low", "gain_high"]
MINUS = "−"  # as the figures have it, not a hyphen


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
    """Chapter 06's table of the published systems, with each best network's gain over the recipe and over the input.

    Parameters
    ----------
    tables : pathlib.Path
    rows : pandas.DataFrame
        As `results` returns them.

    Returns
    -------
    list of dict
        With the columns of 06_systems.csv, None for what is missing, ``gain``, ``gain_low``, ``gain_high``, over the recipe,
        ``over``, what the interval covers, and ``over_input``, a dict with the same three where they are known; none where
        that chapter has not run.
    """
    path = tables / "06_systems.csv"
    if not path.exists():
        return []
    table = pd.read_csv(path, dtype={"notebook": str}).reindex(columns=SYSTEMS)
    found = []
    for system in table.astype(object).where(table.notna(), None).to_dict("records"):
        same = scored_as(rows, system, "best") & (rows["method"] == system["best"])
        paired = rows[same].reindex(columns=["against", *GAIN]).dropna().set_index("against")
        recipes = [name for name in rows.loc[scored_as(rows, system, "recipe"), "method"] if name in paired.index]
        difference = system["best_psnr"] - (system["recipe_psnr"] or np.nan)
        gain = dict.fromkeys(GAIN) | {"gain": difference if difference > 0 else None}
        gain |= paired[GAIN].loc[recipes[0]].to_dict() if recipes else {}
        over_input = paired[GAIN].loc[INPUT].to_dict() if INPUT in paired.index else None
        over = rows.loc[same].reindex(columns=["interval_over"])["interval_over"].dropna().tolist()
        found.append(system | gain | {"over_input": over_input, "over": over[0] if over else None})
    return found


def scored_as(rows, system, which):
    """Which rows of the chapters' tables hold a score that a row of 06_systems.csv repeats.

    Parameters
    ----------
    rows : pandas.DataFrame
        As `results` returns them.
    system : dict
        A row of 06_systems.csv.
    which : {"recipe", "best"}

    Returns
    -------
    pandas.Series of bool
    """
    score = np.nan if system[f"{which}_psnr"] is None else system[f"{which}_psnr"]
    return (rows["notebook"] == system["notebook"]) & np.isclose(rows["psnr"], score, atol=1e-4)


def decibels(value, sign=False):
    """A PSNR as it is printed: two decimals, "exact" for an infinite one, nothing for none."""
    if value is None or pd.isna(value):
        return ""
    return "exact" if np.isinf(value) else f"{value:{'+' if sign else ''}.2f}".replace("-", MINUS)


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
        As `systems` returns them, with ``fair``, as `helpers.document.evidence.of` returns it, where that is known.

    Returns
    -------
    rows : list of dict
        Column to its text, and ``marks``, column to the numbers of its footnotes.
    notes : Footnotes
    """
    said, notes, shown = published(), Footnotes(), []
    for system in found:
        own = [one for one in said["system"] if one["chapter"] == system["notebook"]]
        is_copy = system["input_psnr"] is not None and np.isinf(system["input_psnr"])
        row = {
            "task": system["task"],
            "notebook": system["notebook"],
            "system": own[0]["name"] if own else "",
            "published": _claim(system, own),
            "recipe": decibels(system["recipe_psnr"]),
            "input": decibels(system["input_psnr"]),
            "classical": decibels(system["classical_psnr"]),
            "which": system["classical"] or "",
            "best": decibels(system["best_psnr"]),
            "network": system["best"],
            "gain": decibels(system["gain"], sign=True),
            "interval": interval(system["gain_low"], system["gain_high"], sign=True),
            "fair": list(_fair(system.get("fair", {}))),
            "n": f"{system['n_images']:,}",
            "over": system["over"],
            "parameters": f"{system['params']:,}",
            "minutes": f"{system['minutes']:.1f}",
        }
        row["marks"] = {
            note["column"]: [notes.mark(note["text"])]
            for note in said["note"]
            if note["chapter"] == system["notebook"] and row[note["column"]] and note.get("task", row["task"]) == row["task"]
            if note.get("method", row["which"]) == row["which"]
        }
        if is_copy and "input" not in row["marks"]:
            row["marks"]["input"] = [notes.mark("The input is the answer: returning it unchanged is exact.")]
        if system["best_psnr"] == system["recipe_psnr"]:
            row["marks"]["best"] = [notes.mark("The recipe's own network: nothing is gained by a better copy.")]
        if row["gain"] and not row["interval"] and "gain" not in row["marks"]:
            row["marks"]["gain"] = [notes.mark(_unpaired(system))]
        before = _started_from(system)
        if before:
            text = f"Of the last training. It went on from {before['name']}, whose {before['minutes']:.1f} minutes come on top."
            row["marks"]["minutes"] = [notes.mark(text)]
        shown.append(row)
    return shown, notes


def _claim(system, own):
    """What the authors claim, the whole range where they give one."""
    numbers = own[0].get("numbers", []) if own else []
    is_range = len(numbers) == 2 and numbers[0] == system["published_psnr"]
    return " to ".join(map(claimed, numbers)) if is_range else claimed(system["published_psnr"])


def _fair(fair):
    """What a fairer comparison leaves, a line each: the difference, over what, its interval, and what that covers."""
    for kind in ("alike", "classical"):
        if fair.get(kind):
            one = fair[kind]
            sure = f"{interval(one['low'], one['high'], sign=True)}; {one['covers']}"
            yield f"{decibels(one['gain'], sign=True)} over {one['over']}{_training(one)} ({sure})"
    for one in fair.get("strong", []):
        sure = interval(one["low"], one["high"], sign=True)
        yield f"{decibels(one['gain'], sign=True)} against the recipe at σ = {one['sigma']} ({sure})"


def _training(one):
    """How equal the trainings of a fairer comparison were."""
    if "steps" not in one:
        return ""
    theirs, ours = one["steps"]
    return f", both trained alike for {ours:,} steps" if theirs == ours else f", after {theirs:,} and {ours:,} steps"


def _unpaired(system):
    """What has to be said of a gain without an interval."""
    text = "The difference of the two means. Of the recipe's training only means are kept, so no paired interval is known."
    if system["over_input"]:
        gain, low, high = (system["over_input"][column] for column in GAIN)
        text += f" Over the input the gain is {decibels(gain, sign=True)} dB ({interval(low, high, sign=True)})."
    return text


def _records():
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(paths.records().glob("*.json"))]


def _started_from(system):
    """The record of the training that a system's best network went on from, if there is one."""
    records = {record["weights_sha256"]: record for record in _records() if "weights_sha256" in record}
    for record in records.values():
        if (record["minutes"], record["parameters"]) == (system["minutes"], system["params"]):
            return records.get(record["recipe"]["starts_from"])
    return None


def meanings():
    """The names of degradations and methods, and what they mean, from data/names.csv."""
    return pd.read_csv(paths.ROOT / "data" / "names.csv").set_index("name")["meaning"].to_dict()


def trainings():
    """Every training and study whose record is shipped, a row each.

    Returns
    -------
    list of dict
    """
    rows, records = [], _records()
    names = {record["weights_sha256"]: record["name"] for record in records if "weights_sha256" in record}
    for record in records:
        study = "table_sha256" in record
        first = None if study else names.get(record["recipe"]["starts_from"])
        rows.append(
            {
                "name": record["name"],
                "what": f"{record['trainings']} trainings"
                if study
                else f"network, went on from {first}"
                if first
                else "network",
                "parameters": "" if study else f"{record['parameters']:,}",
                "epochs": "" if study else record["recipe"]["epochs"],
                "batch": "" if study else record["recipe"]["data"]["batch_size"],
                "steps": "" if study else f"{record['recipe']['epochs'] * record['recipe']['batches']:,}",
                "minutes": f"{record['minutes']:.1f}",
                "machine": f"{record['trained_with']['machine']}, Keras {record['trained_with']['keras']}",
            }
        )
    return rows


def versions():
    """The packages that the report was made with, each with its version."""
    return ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES)
