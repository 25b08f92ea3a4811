"""What a fairer comparison leaves of a gain: trained alike, over what has learned nothing, and under other noise.

Its numbers come from the records of studies that keep the scores of single pictures or scenes, and from the rows of the
chapters' tables. What is not there is left out.
"""

import re

import numpy as np
import pandas as pd

from helpers import datasets, metrics, paths
from helpers.document import tables


def of(system, rows):
    """The fairer comparisons of one row of the table of systems.

    Parameters
    ----------
    system : dict
        As `helpers.document.tables.systems` returns them.
    rows : pandas.DataFrame
        As `helpers.document.tables.results` returns them.

    Returns
    -------
    dict of str to dict
        ``alike``, both trained alike, and ``classical``, over the best classical method; each with ``gain``, ``low``, ``high``,
        ``over`` and ``covers``, and ``alike`` with the mean PSNR of both networks, ``theirs`` and ``ours``, and their
        ``steps``, the recipe's first; None where it is not known. ``strong``: the strengths of noise at which the recipe is
        ahead, a list of dict with ``sigma``, ``gain``, ``low`` and ``high``.
    """
    found = {"alike": None, "classical": None, "strong": []}
    if system["notebook"] == "02":
        found["alike"] = _digits()
        found["strong"] = _behind(system, rows)
    if system["notebook"] == "03" and np.isfinite(system["input_psnr"]):
        found["alike"] = _squares()
    if system["notebook"] == "05":
        found["alike"] = _photographs()
    if np.isfinite(system["input_psnr"]):
        found["classical"] = _over_classical(system, rows)
    return found


def _over_classical(system, rows):
    """The gain over the best classical method that was run on the same pictures."""
    same = rows[tables.scored_as(rows, system, "best") & (rows["method"] == system["best"])]
    columns = ["classical", "over_classical", "over_classical_low", "over_classical_high", "interval_over"]
    known = same.reindex(columns=columns).dropna()
    if known.empty:
        return None
    over, gain, low, high, unit = known.iloc[0]
    count = system["n_images"] if unit == "images" else len(set(_scenes()))
    covers = f"{count} {'pictures' if unit == 'images' else unit}"
    return {"gain": gain, "low": low, "high": high, "over": over, "covers": covers}


def _behind(system, rows):
    """The strengths of noise at which the best network, trained for one of them, ends below the recipe."""
    same = rows[(rows["notebook"] == system["notebook"]) & (rows["method"] == system["best"])]
    same = same.reindex(columns=[*same.columns.union(["gain", "gain_high"])])
    lost = same[(same["gain_high"] < 0) & same["degradation"].str.startswith("noise")]
    return [
        {"sigma": re.findall(r"[\d.]+", row.degradation)[0], "gain": row.gain, "low": row.gain_low, "high": row.gain_high}
        for row in lost.itertuples()
    ]


def _table(name):
    path = paths.records() / f"{name}.csv"
    return pd.read_csv(path) if path.exists() else None


def _digits():
    """Chapter 02: the dense layers and the U-Net with the same digits, noise, epochs and rate."""
    table = _table("02_ablation")
    if table is None:
        return None
    kept = table.groupby(["method", "seed"])[["test_psnr", "steps"]].last()
    theirs, ours = kept.loc["dense, cosine decay"], kept.loc["U-Net, skips"]
    gain, low, high = metrics.paired_interval(ours["test_psnr"], theirs["test_psnr"])
    return {
        "gain": gain,
        "low": low,
        "high": high,
        "theirs": theirs["test_psnr"].mean(),
        "ours": ours["test_psnr"].mean(),
        "over": "the published layers",
        "covers": f"{len(ours)} seeds",
        "steps": (int(theirs["steps"].iloc[0]), int(ours["steps"].iloc[0])),
    }


def _squares():
    """Chapter 03: the U-Net after about as many steps as the layers that stand for the recipe, by scene and seed."""
    asked, unets = _table("03_questions"), _table("03_unet")
    if asked is None or unets is None:
        return None
    theirs = asked[(asked["given"] == "noisy") & (asked["network"] == "no strides") & (asked["asked to"] == "restore")]
    scores = [table.dropna(subset=["psnr"]).set_index(["seed", "scene"])["psnr"] for table in (theirs, unets)]
    difference = (scores[1] - scores[0]).dropna()
    gain, low, high = metrics.crossed_interval(difference, ("seed", "scene"))
    return {
        "gain": gain,
        "low": low,
        "high": high,
        "theirs": scores[0].mean(),
        "ours": scores[1].mean(),
        "over": "the layers of the recipe",
        "covers": f"{difference.index.unique('scene').size} scenes and {difference.index.unique('seed').size} seeds",
        "steps": (int(theirs["steps"].iloc[0]), int(unets["steps"].iloc[0])),
    }


def _photographs():
    """Chapter 05: the published layers trained as the best network was, on the same noisy photographs."""
    views, layers = _table("05_eight_views"), _table("05_training_or_architecture")
    if views is None or layers is None:
        return None
    ours = views[views["method"] == "one"].set_index("image")["psnr"]
    chosen = layers[(layers["network"] == "published") & (layers["trained"] == "for long")]
    theirs = chosen.set_index("image")["psnr"][ours.index]
    scenes = _scenes()[ours.index]
    gain, low, high = metrics.paired_interval(ours, theirs, groups=scenes)
    return {
        "gain": gain,
        "low": low,
        "high": high,
        "theirs": theirs.mean(),
        "ours": ours.mean(),
        "over": "the published layers",
        "covers": f"{len(set(scenes))} scenes",
        "steps": (int(chosen["steps"].iloc[0]),) * 2,
    }


def _scenes():
    """The scene of each test photograph."""
    table = datasets.photo_table()
    return table.loc[table["split"] == "test", "scene"].to_numpy()


def least_loss(name):
    """The lowest validation loss in the record of a training; None without one."""
    record = paths.records() / f"{name}.json"
    if not record.exists():
        return None
    return min(pd.read_json(record, typ="series")["history"]["val_loss"])
