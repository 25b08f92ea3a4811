"""From the chapters' Markdown to the report's HTML: tagged texts, formulas, links, references."""

import base64
import io
import posixpath
import re

import mistune
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.mathtext import MathTextParser

from helpers import plotting

TAG = "report-text"  # of a cell whose text the report takes over, without what is meant for learners only
TABLE = "report-table"  # of a cell whose table these texts speak of
FOR_LEARNERS = re.compile(r"^\*\*(After this chapter you can|You need|Time\.)\*?\*?.*?(\n\n|\Z)", re.DOTALL | re.MULTILINE)
LETTERS = FontProperties(size=12)  # points, of formulas


class _Renderer(mistune.HTMLRenderer):
    """Headings a level lower than in the chapter, links from figures/, formulas as pictures, a place for each figure."""

    def heading(self, text, level, **_):
        return f"<h{level + 1}>{text}</h{level + 1}>\n"

    def link(self, text, url, title=None):
        if "://" not in url and not url.startswith("#"):
            url = posixpath.relpath(posixpath.normpath(posixpath.join("notebooks", url)), "figures")
        return super().link(text, url, title)

    def image(self, text, url, title=None):
        return f"<!--figure {posixpath.basename(url).partition('.')[0]}-->"

    def inline_math(self, text):
        return formula(text, "formula")

    def block_math(self, text):
        return f"<p>{formula(text, 'formula displayed')}</p>\n"


_markdown = mistune.create_markdown(escape=False, renderer=_Renderer(escape=False), plugins=["math", "table"])


def html(markdown):
    """A chapter's Markdown as HTML of the report, which lies in figures/.

    Parameters
    ----------
    markdown : str

    Returns
    -------
    str
        Where the text shows a figure, a comment with its name stands.
    """
    markdown = re.sub(r"<details>.*?</details>\n*", "", markdown, flags=re.DOTALL)
    # The parser knows a formula in the line only where it doesn't go over the line's end.
    return _markdown(re.sub(r"(?<!\$)\$(?!\$)[^$]+\$", lambda found: found[0].replace("\n", " "), markdown))


@plotting.styled
def formula(latex, classes):
    """A formula as a picture in the line, with its LaTeX for those who do not see it.

    Parameters
    ----------
    latex : str
        Without dollars. What Matplotlib cannot set is shown as it is written.
    classes : str
        Of the element.

    Returns
    -------
    str
    """
    alt, text = mistune.escape(" ".join(latex.split())), f"${' '.join(latex.split())}$"
    try:
        width, height, depth, *_ = MathTextParser("path").parse(text, dpi=72, prop=LETTERS)
    except ValueError:
        return f"<code>{alt}</code>"
    figure = Figure(figsize=(width / 72, height / 72), layout="none")
    figure.text(0, depth / height, text, fontproperties=LETTERS)
    stream = io.BytesIO()
    figure.savefig(stream, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    data = base64.b64encode(stream.getvalue()).decode()
    size = f"height:{height / 12:.2f}em;vertical-align:{-depth / 12:.2f}em"
    return f'<img class="{classes}" alt="{alt}" style="{size}" src="data:image/svg+xml;base64,{data}">'


def title(notebook):
    """A chapter's title without its number: "Super-resolution: add only what is missing"."""
    return re.sub(r"^# (\d+ · )?", "", notebook.cells[0].source.partition("\n")[0])


def question(notebook):
    """The question with which a chapter opens, or the sentence that it argues, as Markdown."""
    paragraphs = _paragraphs(notebook)
    if paragraphs[0].startswith("!["):  # a chapter that opens with a picture says its question in bold
        return next(paragraph for paragraph in paragraphs if paragraph.startswith("**"))
    return paragraphs[0]


def opening(notebook):
    """A chapter's question below the picture that it opens with, for chapters without tagged texts."""
    pictures = [paragraph for paragraph in _paragraphs(notebook) if paragraph.startswith("![")]
    return "\n\n".join([*pictures[:1], question(notebook)])


def _paragraphs(notebook):
    return notebook.cells[0].source.partition("\n")[2].strip().split("\n\n")


def pictures(notebook):
    """Names of the figures that the texts which the report takes over show themselves, and so speak of.

    Parameters
    ----------
    notebook : nbformat.NotebookNode

    Returns
    -------
    set of str
    """
    texts = (tagged(cell) or "" for cell in notebook.cells)
    return {name for text in texts for name in re.findall(r"!\[[^\]]*\]\([^)]*?(\w+)\.\w+\)", text)}


def table(cell, tagged_only=True):
    """The table that a code cell shows and the texts speak of, where the cell is tagged for it; else "".

    Parameters
    ----------
    cell : nbformat.NotebookNode
        Executed.
    tagged_only : bool, optional
        Whether the tag is needed.

    Returns
    -------
    str
        Its HTML, as pandas made it.
    """
    if cell.cell_type != "code" or (tagged_only and TABLE not in cell.metadata.get("tags", [])):
        return ""
    shown = "".join("".join(output.get("data", {}).get("text/html", "")) for output in cell.outputs)
    found = re.findall(r"<table.*?</table>", shown, flags=re.DOTALL)
    return "\n".join(_labelled(re.sub(r"<table[^>]*>", '<table class="cards">', one)) for one in found)


def _labelled(made):
    """A table whose cells know the names of their columns, for a page too narrow for columns."""
    head = re.search(r"<thead>.*?</tr>", made, flags=re.DOTALL)
    names = re.findall(r"<th[^>]*>(.*?)</th>", head[0], flags=re.DOTALL) if head else []

    def row(match):
        count = match[0].count("<td")
        labels = iter(names[-count:] if 0 < count <= len(names) else [""] * count)
        return re.sub(r"<td[^>]*>(</td>)?", lambda cell: _cell(next(labels), cell[1] or ""), match[0])

    return re.sub(r"<tr[^>]*>(?:(?!</tr>).)*<td.*?</tr>", row, made, flags=re.DOTALL)


def _cell(label, end):
    named = f' data-label="{label}"' if label else ""
    empty = ' class="empty"' if end else ""
    return f"<td{named}{empty}>{end}"


def section(notebook, name):
    """What stands under a heading of the second level, as far as the cell or the next such heading goes; "" without it."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            parts = re.split(r"^## (.+)$", cell.source, flags=re.MULTILINE)
            for heading, text in zip(parts[1::2], parts[2::2], strict=True):
                if heading.strip() == name:
                    return text.strip()
    return ""


def tagged(cell):
    """The text of a cell that the report takes over, without a chapter's title and aims; None for other cells."""
    if cell.cell_type != "markdown" or TAG not in cell.metadata.get("tags", []):
        return None
    return FOR_LEARNERS.sub("", re.sub(r"\A# .*\n+", "", cell.source))


def bibliography(notebooks, systems=()):
    """The references of all chapters, each work once: the published systems, then the literature by its first author.

    Parameters
    ----------
    notebooks : dict of str to nbformat.NotebookNode
        File name to chapter.
    systems : list of dict
        The published systems, with ``name``, ``what``, ``where`` and ``chapter``.

    Returns
    -------
    list of dict
        With ``number``, ``html``, ``name`` (None in the literature), ``chapters``, the numbers of those that refer to it, and
        ``cited``, the places (chapter, number in the chapter's own list).
    """
    works = {}
    for system in systems:
        address = f" [{system['url']}]({system['url']}), seen {system['looked_up']}." if "url" in system else ""
        text = f"{_author(system)}*{system['name']}*, {system['what']}. {system['where']}{address}"
        work = works.setdefault(_key(system["name"]), _work(text, system["name"]))
        work["markdown"] += f" {system['where']}" if work["chapters"] else ""
        work["chapters"].append(int(system["chapter"]))
    for name, notebook in notebooks.items():
        chapter = int(name[:2])
        items = re.split(r"^(?:- |\d+\. )", section(notebook, "References"), flags=re.MULTILINE)[1:]
        for place, whole in enumerate(items, 1):
            # An item may name several works, "; " between them and each with its authors' initials.
            for item in re.split(r"; (?=[A-Z]\. )", " ".join(whole.split())):
                quoted = re.search(r'"(.+?)"', item)
                work = works.setdefault(_key(quoted[1] if quoted else item), _work(item))
                work["cited"].add((chapter, place))
                work["chapters"] += [chapter] if chapter not in work["chapters"] else []
    ordered = sorted(works.values(), key=lambda work: "" if work["name"] else _surname(work["markdown"]))
    for number, work in enumerate(ordered, 1):
        work["html"] = re.sub(r"</?p>\s*", "", html(work.pop("markdown").rstrip(".") + "."))
        work["number"], work["chapters"] = number, sorted(work["chapters"])
    return ordered


def _author(system):
    author = system.get("author", "")
    return f"{author[0].upper()}{author[1:]}, " if author else ""


def _work(markdown, name=None):
    return {"markdown": markdown, "name": name, "chapters": [], "cited": set()}


def _key(title):
    return re.sub(r"\W", "", title.lower())


def with_numbers_of(works, chapter, markdown):
    """A chapter's text that refers to works by their numbers in the report's list, in place of those in the chapter's own.

    Parameters
    ----------
    works : list of dict
        As `bibliography` returns them.
    chapter : int
    markdown : str
        "[4, 5]" in it means two items of the chapter's references.

    Returns
    -------
    str
    """

    def linked(match):
        places = {(chapter, int(place)) for place in match[1].split(",")}
        found = [work["number"] for work in works if work["cited"] & places]
        links = ", ".join(f'<a href="#work-{number}">{number}</a>' for number in found)
        return f"[{links}]" if links else match[0]

    return re.sub(r"(?<=\s)\[(\d+(?:, ?\d+)*)\](?!\()", linked, markdown)


def _surname(reference):
    """Of "G. E. Hinton and R. R. Salakhutdinov, …" the first author's surname, the first name's last word."""
    return re.split(r",| and ", reference)[0].split()[-1].lower()
