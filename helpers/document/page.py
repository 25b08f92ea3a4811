"""The report: what the chapters and the tables say, put into the templates of this folder."""

import pathlib
import re

import jinja2
import nbformat
import numpy as np
import pandas as pd

from helpers import datasets, paths
from helpers.document import figures, prose, tables

TEMPLATES = pathlib.Path(__file__).with_name("templates")


def render(notebooks, folder):
    """The report as an HTML page, for the folder of its figures: it links to them.

    Parameters
    ----------
    notebooks : dict of str to nbformat.NotebookNode
        File name to executed chapter.
    folder : pathlib.Path
        With the figures, the contact sheets and, in ``tables/``, the NN_results.csv and 06_systems.csv.

    Returns
    -------
    str
    """
    rows = tables.results(folder / "tables")
    found = tables.systems(folder / "tables", rows)
    shown, notes = tables.systems_shown(found)
    facts = {
        "about": citation(),
        "published": tables.published()["system"],
        "abstract": _written("abstract.md.j2", found, rows),
        "conclusion": _written("conclusion.md.j2", found, rows),
        "systems": shown,
        "systems_notes": notes,
        "chapters": [_chapter(name, notebook, folder, rows) for name, notebook in notebooks.items()],
        "sheets": [_sheet(folder, split, part) for split, part in datasets.photo_table().groupby("split", sort=False)],
        "names": tables.meanings(),
        "used": {*rows["degradation"], *rows["method"]},
        "references": prose.bibliography(notebooks),
        "trainings": tables.trainings(),
        "versions": tables.versions(),
    }
    return environment(autoescape=True).get_template("report.html.j2").render(facts)


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
    environment.filters |= {"db": tables.decibels, "claim": tables.claimed, "listed": _listed}
    return environment


def citation():
    """Title, authors, version and date, from CITATION.cff: the report is dated by its version, not by the clock.

    Returns
    -------
    dict of str to str
        With the file's own keys, and ``authors``.
    """
    text = (paths.ROOT / "CITATION.cff").read_text(encoding="utf-8")
    facts = dict(re.findall(r"^(title|version|date-released): (.+)$", text, flags=re.MULTILINE))
    return facts | {"authors": ", ".join(re.findall(r"^  - name: (.+)$", text, flags=re.MULTILINE))}


def _written(template, found, rows):
    """Prose with numbers from the tables, as HTML."""
    names = {one["chapter"]: one["name"] for one in tables.published()["system"]}
    restored = [one for one in found if np.isfinite(one["input_psnr"])]
    facts = {
        "names": names,
        "copied": [one for one in found if np.isinf(one["input_psnr"]) and one["published_psnr"]],
        "restored": restored,
        "below_input": [one for one in restored if one["recipe_psnr"] < one["input_psnr"]],
        "below_classical": [one for one in restored if one["recipe_psnr"] < (one["classical_psnr"] or -np.inf)],
        "no_larger": bool(found) and all(one["params"] <= _parameters_of_recipe(one, rows) for one in found),
        "answers": _answers(rows),
        "word": _word,
        "gained": _gained,
    }
    return prose.html(environment(autoescape=False).get_template(template).render(facts))


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


def _parameters_of_recipe(system, rows):
    same = (rows["notebook"] == system["notebook"]) & np.isclose(rows["psnr"], system["recipe_psnr"], atol=1e-4)
    return rows.loc[same, "params"].max()


def _listed(parts):
    """ "a, b and c"."""
    *most, last = parts
    return f"{', '.join(most)} and {last}" if most else last


def _word(first, second):
    """How two numbers compare as they are printed."""
    if tables.decibels(first) == tables.decibels(second):
        return "level with"
    return "above" if first > second else "below"


def _gained(system):
    """What a system's best network gained over the recipe, with its interval, where the tables have it."""
    if system["gain"] is None:
        return ""
    return f", {tables.decibels(system['gain'])} dB more ({tables.interval(system['gain_low'], system['gain_high'])})"


def _chapter(name, notebook, folder, rows):
    """What the report takes of a chapter, in its order."""
    shown = figures.of_chapter(name, notebook, folder)
    blocks = list(_blocks(notebook, shown))
    appendix = [figure for figure in shown.values() if not figure.argues]
    in_order = [block["figure"] for block in blocks if "figure" in block] + appendix
    for number, figure in enumerate(in_order, 1):
        figure.number = f"{int(name[:2])}.{number}"
    here = rows[rows["notebook"] == name[:2]]
    groups, notes = tables.chapter(here) if len(here) else ([], [])
    parameters = next(cell.source for cell in notebook.cells if "parameters" in cell.metadata.get("tags", []))
    return {
        "file": name,
        "number": int(name[:2]),
        "title": prose.title(notebook),
        "blocks": blocks,
        "appendix": appendix,
        "groups": groups,
        "notes": notes,
        "knobs": re.findall(r"^(\w+) = ", parameters, flags=re.MULTILINE),
    }


def _blocks(notebook: nbformat.NotebookNode, shown):
    """Texts and figures of a chapter as the report shows them, each figure once."""
    left = {name: figure for name, figure in shown.items() if figure.argues}
    has_tags = any(prose.tagged(cell) is not None for cell in notebook.cells)
    for number, cell in enumerate(notebook.cells):
        text = prose.tagged(cell) if has_tags or number else prose.opening(notebook)
        # Between two texts stands the name of a figure that the chapter shows there.
        for k, part in enumerate(re.split(r"(?:<p>)?<!--figure (\w+)-->(?:</p>)?", prose.html(text or ""))):
            if k % 2 == 0 and part.strip():
                yield {"html": part}
            elif k % 2 and part in left:
                yield {"figure": left.pop(part)}
        for figure in [one for one in left.values() if cell.cell_type == "code" and one.cell == cell.execution_count]:
            yield {"figure": left.pop(figure.name)}
    if not has_tags:
        yield {"html": prose.html(prose.section(notebook, "Summary"))}


def _sheet(folder, split, part: pd.DataFrame):
    said = f"The {len(part)} photographs of {part['scene'].nunique()} scenes in the split “{split}”, small."
    return figures.sheet(folder / f"photos_{split}.png", said)
