"""The report: what the chapters and the tables say, put into the templates of this folder."""

import re

import pandas as pd

from helpers import datasets, paths
from helpers.document import blocks, claims, evidence, figures, measured, prose, settings, tables, writing


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
    published = tables.published()["system"]
    works = prose.bibliography(notebooks, published)
    found = [one | {"fair": evidence.of(one, rows)} for one in tables.systems(folder / "tables", rows)]
    shown, notes = tables.systems_shown(found)
    chapters = [_chapter(name, notebook, folder, rows, works, found) for name, notebook in notebooks.items()]
    facts = {
        "about": citation(),
        "published": [one | claims.verdict(one, found, rows) | {"number": _number(works, one["name"])} for one in published],
        "abstract": writing.written("abstract.md.j2", found, rows, works),
        "conclusion": writing.written("conclusion.md.j2", found, rows, works),
        "methods": writing.written("methods.md.j2", found, rows, works),
        "systems": shown,
        "systems_notes": notes,
        "chapters": chapters,
        "sheets": [_sheet(folder, split, part) for split, part in datasets.photo_table().groupby("split", sort=False)],
        "names": tables.meanings(),
        "used": {*rows["degradation"], *rows["method"]},
        "references": works,
        "settings": settings.of_chapters(notebooks),
        "trainings": tables.trainings(),
        "versions": tables.versions(),
    }
    texts = [facts["abstract"], facts["methods"], facts["conclusion"]]
    texts += [block["html"] for chapter in chapters for block in chapter["blocks"] if "html" in block]
    facts["cited"] = {int(number) for number in re.findall(r'href="#work-(\d+)"', "".join(texts))}
    return writing.environment(autoescape=True).get_template("report.html.j2").render(facts)


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


def _number(works, name):
    """The number of a published system in the list of references."""
    return next(work["number"] for work in works if work["name"] == name)


def _chapter(name, notebook, folder, rows, works, found):
    """What the report takes of a chapter, in its order."""
    shown = figures.of_chapter(name, notebook, folder)
    for spoken_of in prose.pictures(notebook) & set(shown):
        shown[spoken_of].argues = True
    parts = list(blocks.of_chapter(notebook, shown, lambda text: prose.with_numbers_of(works, int(name[:2]), text)))
    appendix = [figure for figure in shown.values() if not figure.argues]
    in_order = [block["figure"] for block in parts if "figure" in block] + appendix
    for number, figure in enumerate(in_order, 1):
        figure.number = f"{int(name[:2])}.{number}"
    here = rows[rows["notebook"] == name[:2]]
    groups = measured.chapter(here) if len(here) else []
    return {
        "file": name,
        "number": int(name[:2]),
        "title": prose.title(notebook),
        "blocks": parts,
        "appendix": appendix,
        "groups": groups,
        "argued": measured.argued(groups, [one for one in found if one["notebook"] == name[:2]]),
    }


def _sheet(folder, split, part: pd.DataFrame):
    said = f"The {len(part)} photographs of {part['scene'].nunique()} scenes in the split “{split}”, small."
    return figures.sheet(folder / f"photos_{split}.png", said)
