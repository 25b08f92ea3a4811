"""The course as a web site in data/cache/site/: ``make site``.

The chapters are shown with their stored outputs; nothing is run, and the site asks no other server for anything.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib

import pandas as pd
from PIL import Image

from helpers import files, paths, plotting
from helpers.commands import playground, slides, vendored

DOCS = paths.ROOT / "docs"
NOTEBOOKS = paths.ROOT / "notebooks"
CARD = 640, 360  # pixels of the picture on a chapter's card
ICONS = re.compile(r'<script defer src="[^"]*/fontawesome\.js[^"]*"></script>')  # 1.6 MB; the style sheet has the same icons
COLAB = """# Colab only: installs the course. Elsewhere this cell does nothing.
import sys
if "google.colab" in sys.modules:
    !git clone --quiet --depth 1 {repository} /content/course
    %pip install --quiet --no-deps --require-hashes -r /content/course/requirements-data.txt
    %pip install --quiet -e /content/course
    sys.path.insert(0, "/content/course")
    %cd /content/course/notebooks"""


def chapters():
    """The chapters' notebooks, in order.

    Returns
    -------
    list of pathlib.Path
    """
    return sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))


def told():
    """docs/chapters.toml: what the site says of each chapter that there is beside what stands in it.

    Returns
    -------
    dict of str to dict
    """
    said = tomllib.loads((DOCS / "chapters.toml").read_text(encoding="utf-8"))
    return {name: about for name, about in said.items() if (NOTEBOOKS / f"{name}.ipynb").exists()}


def for_readers(text, docname):
    """A notebook as the site shows it; the stored one, which can be downloaded, stays as it is.

    Pictures get the alt text that notebooks/captions.toml has for them, and the invisible pixels that carry it for
    JupyterLab go. Cells that only keep books (tagged "report") are folded. A chapter links to its part of the playground,
    a solution back to its chapter.

    Parameters
    ----------
    text : str
        The file.
    docname : str
        "notebooks/02_mnist_denoising".

    Returns
    -------
    str
    """
    notebook = json.loads(text)
    for cell in notebook["cells"]:
        tags = cell["metadata"].get("tags", [])
        if "report" in tags:
            cell["metadata"]["tags"] = [*tags, "hide-input"]
        if "outputs" in cell:
            cell["outputs"] = [_described(output) for output in cell["outputs"] if not _is_pixel(output)]
    link = _way_back(docname) if "/solutions/" in docname else _way_to_playground(docname)
    if link:
        notebook["cells"].insert(1, {"cell_type": "markdown", "id": "site", "metadata": {}, "source": link})
    return json.dumps(notebook)


def _is_pixel(output):
    return plotting.PIXEL in "".join(output.get("data", {}).get("text/html", ""))


def _described(output):
    if "image/png" in output.get("data", {}):
        named = re.match(r"<figure (\w+)", "".join(output["data"]["text/plain"]))
        texts = plotting.captions().get(named[1], {}) if named else {}
        stored = output["metadata"].get("image/png", {})
        output["metadata"]["image/png"] = stored | ({"alt": texts["alt"]} if texts else {})
    return output


def _way_back(docname):
    return f"[Back to the chapter](../{docname.rpartition('/')[2]}.ipynb)"


def _way_to_playground(docname):
    parts = told().get(docname.rpartition("/")[2], {}).get("playground", {})
    links = [f"[{sentence}](../playground/{part}.md)" for part, sentence in parts.items()]
    return ":::{admonition} In your browser\n:class: tip\n" + "\n\n".join(links) + "\n:::" if links else ""


def cards(folder):
    """The landing page's cards, one a chapter: its picture, its question, minutes, and what it asks for.

    Parameters
    ----------
    folder : pathlib.Path
        Where the pictures go, in ``cards/``.

    Returns
    -------
    str
        MyST Markdown.
    """
    minutes = pd.read_csv(paths.data() / "timings.csv", index_col="notebook")["reading"]
    (folder / "cards").mkdir(parents=True)
    parts = []
    for path in chapters():
        opening = "".join(json.loads(path.read_text(encoding="utf-8"))["cells"][0]["source"])
        picture = re.search(r"\]\(\.\./figures/(\w+)\.png\)", opening)
        name = picture[1] if picture else told()[path.stem]["picture"]
        _card_picture(name, folder / "cards" / f"{name}.webp")
        alt = plotting.captions()[name]["alt"].replace("\n", " ")
        said = f"{minutes[path.stem]:.0f} minutes. " if path.stem in minutes else ""
        title, need = opening.partition("\n")[0], _prerequisites(opening)
        parts.append(
            f":::{{grid-item-card}} {title.lstrip('# ')}\n:link: notebooks/{path.stem}\n:link-type: doc\n"
            f":img-top: cards/{name}.webp\n:img-alt: {alt}\n\n{_question(opening)}\n\n```{{card-footer}}\n"
            f"{said}You need {need}\n```\n:::"
        )
    return "::::{grid} 1 2 2 2\n:gutter: 3\n\n" + "\n\n".join(parts) + "\n::::"


def _after(mark, text):
    """The paragraph that begins with a bold mark, without it, in one line."""
    found = re.search(rf"\*\*{mark}\.?\*\*(.+?)(?:\n\n|\Z)", text, re.S)
    return " ".join(found[1].split()) if found else ""


def _prerequisites(opening):
    """The first sentence of what a chapter asks for, without formulas: for one of them a page fetches 2 MB of MathJax."""
    return re.sub(r"\$([^$]+)\$", r"*\1*", re.match(r".*?(?:\.(?= [A-Z])|$)", _after("You need", opening))[0])


def _question(opening):
    """A chapter's question: the bold one of its opening, or the first of its list."""
    bold = re.search(r"\*\*([^*]+\?)\*\*", opening)
    if bold:
        return " ".join(bold[1].split())
    questions = re.findall(r"[^.?]+[.?]", _after("Questions", opening))
    upto = next((k for k, sentence in enumerate(questions) if sentence.endswith("?")), 0)
    return "".join(questions[: upto + 1]).strip()


def _card_picture(name, target):
    """The upper left of a figure, at the size of a card."""
    with Image.open(paths.ROOT / "figures" / f"{name}.png") as figure:
        width, height = figure.size
        part = min(width, round(height * CARD[0] / CARD[1]))
        shown = figure.convert("RGB").crop((0, 0, part, min(height, round(part * CARD[1] / CARD[0]))))
        shown.resize(CARD, Image.Resampling.LANCZOS).save(target, "webp", quality=85)


def stage(folder):
    """Put together what Sphinx reads.

    Parameters
    ----------
    folder : pathlib.Path
        Empty or missing.
    """
    shutil.copytree(DOCS, folder, ignore=shutil.ignore_patterns("__pycache__", "*.toml"))
    shutil.copytree(NOTEBOOKS, folder / "notebooks", ignore=shutil.ignore_patterns("*.toml", ".*"))
    shutil.copytree(paths.ROOT / "figures", folder / "figures", ignore=shutil.ignore_patterns("tables", "report.html"))
    shutil.copy(paths.ROOT / "README.md", folder)
    extra = folder / "extra"
    (extra / "playground").mkdir(parents=True)
    for script in [*(DOCS / "playground").glob("*.js"), *(DOCS / "playground").glob("*.css")]:
        shutil.copy(script, extra / "playground")
    _with_report(extra)
    vendored.unpack(extra)
    playground.write(extra / "playground")
    slides.write(extra / "slides")
    landing = folder / "index.md"
    text = landing.read_text(encoding="utf-8").replace("<!-- cards -->", cards(folder)).replace("<!-- pages -->", _contents())
    landing.write_text(text, encoding="utf-8")


def _with_report(folder):
    """The report with the files that it links to; its chapters are the site's pages."""
    shutil.copytree(paths.ROOT / "figures", folder / "figures")
    (folder / "data").mkdir()
    shutil.copy(paths.ROOT / "data" / "README.md", folder / "data")
    page = folder / "figures" / "report.html"
    text = page.read_text(encoding="utf-8")
    text = re.sub(r'(href="\.\./notebooks/[\w/]+)\.ipynb"', r'\1.html"', text)
    icon = '<link rel="icon" href="../_static/favicon.svg">'  # or browsers ask the server for one that is not there
    page.write_text(text.replace("<title>", f"{icon}\n<title>", 1), encoding="utf-8")


def _contents():
    """The list of pages at the side."""
    parts = tomllib.loads((DOCS / "playground.toml").read_text(encoding="utf-8"))
    others = sorted(path.stem for path in DOCS.glob("*.md") if path.stem not in ("index", "README", "results"))
    lists = {
        "Chapters": [f"notebooks/{path.stem}" for path in chapters()],
        "Playground": ["playground/index", *(f"playground/{part}" for part in parts)],
        "More": ["results", *others],
    }
    return "\n\n".join(
        f"```{{toctree}}\n:hidden:\n:caption: {caption}\n\n" + "\n".join(pages) + "\n```" for caption, pages in lists.items()
    )


def build():
    """Write the site to data/cache/site/, whole or not at all."""
    work, target = paths.cache() / "site-work", paths.cache() / "site"
    with files.only_one("site"):
        shutil.rmtree(work, ignore_errors=True)
        stage(work / "source")
        began = time.perf_counter()
        command = [sys.executable, "-m", "sphinx", "--fail-on-warning", "--quiet", "-b", "html", "-d", work / "doctrees"]
        subprocess.run([*command, work / "source", work / "site"], check=True, env=os.environ | {"PYTHONPATH": str(paths.ROOT)})
        for page in (work / "site").rglob("*.html"):
            page.write_text(ICONS.sub("", page.read_text(encoding="utf-8")), encoding="utf-8")
        if repository := os.environ.get("COURSE_REPOSITORY"):
            for path in chapters():
                for_colab(path, work / "site" / "colab" / path.name, repository)
        shutil.rmtree(target, ignore_errors=True)
        (work / "site").rename(target)
        shutil.rmtree(work)
    size = sum(path.stat().st_size for path in target.rglob("*") if path.is_file())
    pages = sum(1 for _ in target.rglob("*.html"))
    print(f"wrote {paths.shown(target)}: {pages} pages, {size / 1e6:.0f} MB, Sphinx {time.perf_counter() - began:.0f} s")


def for_colab(path, target, repository):
    """A chapter with a first cell that installs the course in Colab and does nothing elsewhere.

    Parameters
    ----------
    path, target : pathlib.Path
    repository : str
        The address that is cloned.
    """
    notebook = json.loads(path.read_text(encoding="utf-8"))
    cell = {"cell_type": "code", "id": "colab", "metadata": {"cellView": "form"}, "execution_count": None, "outputs": []}
    notebook["cells"].insert(0, cell | {"source": COLAB.format(repository=repository)})
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(notebook), encoding="utf-8")


def main():
    """The command line.

    Returns
    -------
    int
        0, or 1 with what is missing on the error stream.
    """
    try:
        build()
    except (OSError, ValueError, subprocess.CalledProcessError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
