"""Prose with numbers from the tables and records: abstract, conclusion and methods, and the templates they are put into."""

import pathlib
import re

import jinja2
import numpy as np
import pandas as pd

from helpers import datasets
from helpers.document import evidence, prose, tables

TEMPLATES = pathlib.Path(__file__).with_name("templates")
WORDS = ("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def environment(autoescape):
    """The templates of this folder.

    Parameters
    ----------
    autoescape : bool
        Whether what is put into them is text, to be shown in HTML.

    Returns
    -------
    jinja2.Environment
    """
    loader = jinja2.FileSystemLoader(TEMPLATES)
    environment = jinja2.Environment(
        loader=loader, autoescape=autoescape, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    environment.filters |= {"db": tables.decibels, "claim": tables.claimed, "listed": _listed, "word": _in_words}
    environment.filters |= {"gained": _gained, "leads": _leads, "behind": _behind}
    return environment


def written(template, found, rows, works):
    """A template of this folder as HTML.

    Parameters
    ----------
    template : str
        "abstract.md.j2".
    found : list of dict
        As `helpers.document.tables.systems` returns them, with ``fair``.
    rows : pandas.DataFrame
        As `helpers.document.tables.results` returns them.
    works : list of dict
        As `helpers.document.prose.bibliography` returns them.

    Returns
    -------
    str
    """
    said = tables.published()["system"]
    restored = [one for one in found if np.isfinite(one["input_psnr"])]
    rivals = [one for one in restored if one["published_psnr"]]
    losses = [one for one in said if "record" in one]
    facts = {
        "names": {one["chapter"]: one["name"] for one in said},
        "claims": {one["chapter"]: one["claim"] for one in said},
        "copied": [one for one in found if np.isinf(one["input_psnr"]) and one["published_psnr"]],
        "restored": restored,
        "rivals": rivals,  # with a claim, so with a recipe that is the authors' own
        "recipes": {one["notebook"] for one in rivals},
        "below_input": [one for one in rivals if one["recipe_psnr"] < one["input_psnr"]],
        "below_classical": [one for one in rivals if one["recipe_psnr"] < (one["classical_psnr"] or -np.inf)],
        "no_larger": bool(found) and all(one["params"] <= _parameters_of_published(one, rows) for one in found),
        "loss": evidence.least_loss(losses[0]["record"]) if losses else None,
        "claimed_loss": losses[0]["numbers"][0] if losses else None,
        "score": lambda *asked: _score(rows, *asked),
        "answers": _answers(rows),
        "photos": _photos(),
        "word": _word,
        "gained": _gained,
        "leads": _leads,
        "behind": _behind,
        "times": lambda system: _in_words(round(system["params"] / _parameters_of(system, rows, "recipe"))),
        "interval": lambda system: tables.interval(system["gain_low"], system["gain_high"]),
        "cite": lambda title: _cited(works, title),
        "counted": lambda notebook: _counted(found, notebook),
    }
    return prose.html(environment(autoescape=False).get_template(template).render(facts))


def _photos():
    """How many photographs, from where, and how they are split."""
    table = datasets.photo_table()
    splits = table.groupby("split", sort=False)["scene"].agg(["size", "nunique"])
    sources = table.groupby("distribution", sort=False).size()
    return {
        "count": len(table),
        "splits": [
            f"{count} photographs of {scenes} scenes for the {name} split" for name, count, scenes in splits.itertuples()
        ],
        "sources": [f"{name} ({count})" for name, count in sources.items()],
    }


def _counted(found, notebook):
    """ ": 42 test pictures from 20 photographs of 18 scenes", or nothing."""
    counts = {one["n_images"] for one in found if one["notebook"] == notebook}
    test = datasets.photo_table().query("split == 'test'")
    if len(counts) != 1:
        return ""
    return f": {counts.pop()} test pictures from {len(test)} photographs of {test['scene'].nunique()} scenes"


def _cited(works, title):
    """The number of a work in the report's list, as a link; nothing where it is not there."""
    key = re.sub(r"\W", "", title.lower())
    found = [work["number"] for work in works if key in re.sub(r"\W", "", work["html"].lower())]
    return f'[<a href="#work-{found[0]}">{found[0]}</a>]' if found else ""


def _answers(rows):
    """What one answer of chapter 07's denoiser scores under strong noise, and the mean of several; None without them."""
    here = rows[(rows["notebook"] == "07") & (rows["degradation"] == "noise 1 unclipped")].set_index("method")
    several = [name for name in here.index if re.fullmatch(r"mean of \d+ answers", name)]
    if "one answer in steps" not in here.index or not several:
        return None
    most = max(several, key=lambda name: int(name.split()[2]))
    one, mean = here.loc["one answer in steps"], here.loc[most]
    if one["psnr"] >= mean["psnr"]:  # the sentence would be wrong
        return None
    return {"n_images": int(one["n_images"]), "count": most.split()[2], "one": one["psnr"], "mean": mean["psnr"]}


def _parameters_of(system, rows, which):
    return rows.loc[tables.scored_as(rows, system, which), "params"].max()


def _parameters_of_published(system, rows):
    """Of the published network, or else of the one that stands for it."""
    published = (rows["notebook"] == system["notebook"]) & (rows["kind"] == "published")
    return rows.loc[published, "params"].max() if published.any() else _parameters_of(system, rows, "recipe")


def _score(rows, notebook, degradation, method, split="test"):
    """The PSNR of a row of the chapters' tables; None without it."""
    asked = {"notebook": notebook, "split": split, "degradation": degradation, "method": method}
    found = rows.loc[(rows[list(asked)] == pd.Series(asked)).all(axis=1), "psnr"]
    return found.iloc[0] if len(found) else None


def _listed(parts):
    """ "a, b and c"."""
    *most, last = parts
    return f"{', '.join(most)} and {last}" if most else last


def _in_words(count):
    return WORDS[count] if count < len(WORDS) else str(count)


def _word(first, second):
    """How two numbers compare as they are printed; nothing where there is no second."""
    if second is None:
        return ""
    if tables.decibels(first) == tables.decibels(second):
        return "level with"
    return "above" if first > second else "below"


def _gained(system):
    """What a system's best network gained over the recipe, with its interval where the tables have it; else over the input."""
    if system["gain"] is None:
        return ""
    interval = tables.interval(system["gain_low"], system["gain_high"])
    if interval or not system["over_input"]:
        return f"{tables.decibels(system['gain'])} dB more{f' ({interval})' if interval else ''}"
    gain, low, high = (system["over_input"][column] for column in tables.GAIN)
    above = f"{tables.decibels(gain)} dB more than the picture that goes in ({tables.interval(low, high)})"
    return f"{tables.decibels(system['gain'])} dB more, and {above}"


def _leads(one):
    """ "1.59 dB (1.14 to 2.04; 18 scenes)": a lead, its interval, and what that covers where it is not single pictures."""
    covers = "" if one["covers"].endswith("pictures") else f"; {one['covers']}"
    return f"{tables.decibels(one['gain'])} dB ({tables.interval(one['low'], one['high'])}{covers})"


def _behind(one):
    """A loss without its sign, the interval turned round."""
    covers = f"; {one['covers']}" if "covers" in one and not one["covers"].endswith("pictures") else ""
    return f"{tables.decibels(-one['gain'])} dB ({tables.interval(-one['high'], -one['low'])}{covers})"
