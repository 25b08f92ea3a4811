"""A chapter as slides: its question, its figures with their findings, its "guess first", its summary."""

import base64
import mimetypes
import re

from helpers.document import figures, prose
from helpers.document.writing import environment

GUESS = re.compile(r"^> \*\*Guess first\.?\*\*((?:.*\n?)(?:^>.*\n?)*)", re.MULTILINE)
HEADING = re.compile(r"^#{2,3} (.+)$", re.MULTILINE)


def slides(name, notebook, folder):
    """A chapter's slides as one self-contained HTML page.

    Parameters
    ----------
    name : str
        The notebook's file name.
    notebook : nbformat.NotebookNode
        Executed.
    folder : pathlib.Path
        Where its figures' files lie.

    Returns
    -------
    str
        A slide shows a figure first; its finding appears with the next key.
    """
    shown = figures.of_chapter(name, notebook, folder)
    facts = {
        "number": int(name[:2]),
        "title": prose.title(notebook),
        "question": prose.html(prose.question(notebook)),
        "opening": shown.pop(f"{name[:2]}_opening", None),
        "slides": list(_slides(notebook, shown)),
        "embedded": lambda name: _embedded(folder / name),
        "summary": prose.html(prose.section(notebook, "Summary")),
    }
    return environment(autoescape=True).get_template("slides.html.j2").render(facts)


def _embedded(path):
    """A picture's file as an address that holds it."""
    kind, _ = mimetypes.guess_type(path.name)
    return f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"


def _slides(notebook, shown):
    """In the chapter's order: what to ask the class, and what to show; a figure that is drawn twice comes once."""
    heading, left = "", dict(shown)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            parts = re.split(HEADING, cell.source)
            for k, part in enumerate(parts):
                if k % 2:
                    heading = part.strip()
                for guess in GUESS.findall(part) if k % 2 == 0 else ():
                    yield {"heading": heading, "ask": prose.html(re.sub(r"^> ?", "", guess, flags=re.MULTILINE).strip())}
        elif "report" not in cell.metadata.get("tags", []):
            for figure in [one for one in left.values() if one.cell == cell.execution_count]:
                yield {"heading": heading, "figure": left.pop(figure.name)}
