"""A chapter's texts, figures and tables in the report's order, without loose ends.

A chapter's text is cut out of a notebook. What it announces or speaks of there stands in the cells beside it: a table that a
tagged text names comes with it, and so does what follows a colon. Where nothing follows, the colon goes.
"""

import html
import re

from helpers.document import prose

SPEAKS_OF_A_TABLE = re.compile(r"\b(the|this|these|both|that) tables?\b", re.IGNORECASE)
PARAGRAPH = re.compile(r"<p>((?:(?!</p>).)*):((?:</\w+>)*)</p>\s*\Z", re.DOTALL)
ANNOUNCES = re.compile(r"[^.!?]*\b(here|below|following|these)\b[^.!?]*\Z", re.IGNORECASE)
MOST_LINES = 12  # of what a cell has printed


def of_chapter(notebook, shown, referring):
    """Texts, figures and tables of a chapter as the report shows them, each figure and table once.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        Executed.
    shown : dict of str to helpers.document.figures.Figure
        The chapter's figures by name.
    referring : callable
        Takes a text with the chapter's references, returns it with those of the report.

    Yields
    ------
    dict
        With ``figure``, or ``html``.
    """
    has_tags = any(prose.tagged(cell) is not None for cell in notebook.cells)
    _take_announced(notebook, shown)
    left = {name: figure for name, figure in shown.items() if figure.argues}
    tables = _places_of_tables(notebook) if has_tags else set()
    for number, cell in enumerate(notebook.cells):
        text = prose.tagged(cell) if has_tags or number else prose.opening(notebook)
        text = text or ""
        promised = _promised(notebook, number, text, left, tables)
        # Between two texts stands the name of a figure that the chapter shows there.
        for k, part in enumerate(re.split(r"(?:<p>)?<!--figure (\w+)-->(?:</p>)?", text_as_html(text, referring, promised))):
            if k % 2 == 0 and part.strip():
                yield {"html": part}
            elif k % 2 and part in left:
                yield {"figure": left.pop(part)}
        if promised:
            yield {"html": promised}
        for figure in [one for one in left.values() if cell.cell_type == "code" and one.cell == cell.execution_count]:
            yield {"figure": left.pop(figure.name)}
        if number in tables or prose.table(cell):
            yield {"html": f'<div class="table shown">{prose.table(cell, tagged_only=False)}</div>'}
    if not has_tags:
        yield {"html": prose.html(prose.section(notebook, "Summary"))}


def _take_announced(notebook, shown):
    """Let a figure that a tagged text announces with a colon be one that the argument needs."""
    for number, cell in enumerate(notebook.cells):
        place = _answering(notebook.cells, number) if (prose.tagged(cell) or "").rstrip().endswith(":") else None
        for figure in shown.values() if place is not None else ():
            figure.argues |= figure.cell == notebook.cells[place].execution_count


def text_as_html(text, referring, promised):
    """A text as HTML; without a colon at its end where nothing follows."""
    made = prose.html(referring(text))
    return made if promised is not None else without_colon(made)


def without_colon(made):
    """A text whose last paragraph announces what is not there, without that announcement.

    Parameters
    ----------
    made : str
        HTML.

    Returns
    -------
    str
    """
    found = PARAGRAPH.search(made)
    if found is None:
        return made
    said, closing = found[1], found[2]
    kept = ANNOUNCES.sub("", said).rstrip() if not closing else said
    if kept == said:
        kept = f"{said}.{closing}"
    return made[: found.start()] + (f"<p>{kept}</p>\n" if kept else "")


def _promised(notebook, number, text, left, tables):
    """What the cells below a text give for the colon at its end.

    Returns
    -------
    str or None
        HTML of what was printed; "" where a figure or table follows by itself, or no colon stands there; None for nothing.
    """
    if not text.rstrip().endswith(":"):
        return ""
    place = _answering(notebook.cells, number)
    if place is None:
        return None
    cell = notebook.cells[place]
    if place in tables or prose.table(cell) or any(one.cell == cell.execution_count for one in left.values()):
        return ""
    printed = _printed(cell)
    return f'<pre class="printed">{html.escape(printed)}</pre>' if len(printed.splitlines()) <= MOST_LINES else None


def _answering(cells, number):
    """The first cell with an output among the code cells right below a text; None without one."""
    for place in range(number + 1, len(cells)):
        if cells[place].cell_type != "code":
            return None
        if cells[place].outputs:
            return place
    return None


def _printed(cell):
    """What a cell has printed, or the plain text of a value that is no table and no picture."""
    shown = []
    for output in cell.outputs:
        shown.append(output.get("text", "") or output.get("data", {}).get("text/plain", ""))
    return "\n".join(line for line in "".join(shown).strip().splitlines() if not re.search(r"\bdtype: ", line))


def _places_of_tables(notebook):
    """The code cells whose table a tagged text speaks of: the last one before it, or the one that follows a colon."""
    places, cells = set(), notebook.cells
    for number, cell in enumerate(cells):
        text = prose.tagged(cell)
        if text is None:
            continue
        answering = _answering(cells, number) if text.rstrip().endswith(":") else None
        if answering is not None and _has_table(cells, answering):
            places.add(answering)
        elif SPEAKS_OF_A_TABLE.search(text):
            before = next((k for k in range(number - 1, -1, -1) if cells[k].cell_type == "code"), None)
            if before is not None and number - before <= 2 and _has_table(cells, before):
                places.add(before)
    return places


def _has_table(cells, number):
    is_code = number < len(cells) and cells[number].cell_type == "code"
    return is_code and bool(prose.table(cells[number], tagged_only=False))
