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
    return _markdown(re.sub(r"<details>.*?</details>\n*", "", markdown, flags=re.DOTALL))


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


def bibliography(notebooks):
    """The references of all chapters, each work once, by its first author's name.

    Parameters
    ----------
    notebooks : dict of str to nbformat.NotebookNode
        File name to chapter.

    Returns
    -------
    list of dict
        With ``html`` and ``chapters``, the numbers of those that refer to it.
    """
    works = {}
    for name, notebook in notebooks.items():
        items = re.split(r"^(?:- |\d+\. )", section(notebook, "References"), flags=re.MULTILINE)[1:]
        # An item may name several works, "; " between them and each with its authors' initials.
        for item in (part for whole in items for part in re.split(r"; (?=[A-Z]\. )", " ".join(whole.split()))):
            quoted = re.search(r'"(.+?)"', item)
            key = re.sub(r"\W", "", (quoted[1] if quoted else item).lower())
            work = works.setdefault(key, {"markdown": item, "chapters": []})
            if int(name[:2]) not in work["chapters"]:
                work["chapters"].append(int(name[:2]))
    ordered = sorted(works.values(), key=lambda work: _surname(work["markdown"]))
    for work in ordered:
        work["html"] = re.sub(r"</?p>\s*", "", html(work.pop("markdown").rstrip(".") + "."))
    return ordered


def _surname(reference):
    """Of "G. E. Hinton and R. R. Salakhutdinov, …" the first author's surname, the first name's last word."""
    return re.split(r",| and ", reference)[0].split()[-1].lower()
