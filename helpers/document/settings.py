"""What an author can set to draw a figure anew: a chapter's constants, and the chapter as far as that figure with others."""

import ast
import copy
import re


def drawn_by(notebook):
    """The figures of a chapter and the cells that draw them.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        Executed.

    Returns
    -------
    dict of str to int
        Name to the cell's place among all cells, from 0.
    """
    places = {}
    for place, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", []):
            drawn = re.match(r"<figure (\w+)", output.get("data", {}).get("text/plain", ""))
            if drawn:
                places.setdefault(drawn[1], place)
    return places


def of_chapters(notebooks):
    """The constants in capitals that a figure depends on, each with the first such figure.

    Parameters
    ----------
    notebooks : dict of str to nbformat.NotebookNode
        File name to executed chapter.

    Returns
    -------
    list of dict
        ``chapter``, ``name``, ``value`` as the chapter writes it, and ``figure``.
    """
    found = []
    for name, notebook in notebooks.items():
        figures = drawn_by(notebook)
        values = {}
        for place, node in _assignments(notebook):
            constant = node.targets[0].id
            is_knob = "parameters" in notebook.cells[place].metadata.get("tags", [])  # MODE, SEED and a path
            if constant.isupper() and not is_knob and constant not in values:
                values[constant] = place, ast.unparse(node.value)
        for constant, (place, value) in values.items():
            depend = [
                figure for figure, drawn in figures.items() if drawn >= place and constant in _names(notebook.cells[drawn])
            ]
            if depend:
                found.append({"chapter": int(name[:2]), "name": constant, "value": value, "figure": depend[0]})
    return found


def changed(notebook, figure, values):
    """A chapter as far as the cell that draws a figure, with other values.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        Executed.
    figure : str
        "05_your_turn".
    values : dict of str to str
        Name to what is put in the place of its value, as Python with the chapter's own names; all else, such as a file's
        name, as text.

    Returns
    -------
    nbformat.NotebookNode
        A copy.

    Raises
    ------
    ValueError
        When the chapter draws no such figure, or gives no such name a value at the left margin before it.
    """
    figures = drawn_by(notebook)
    if figure not in figures:
        raise ValueError(f"{figure!r} is no figure of this chapter, expected one of {', '.join(figures)}")
    made = copy.deepcopy(notebook)
    made.cells = made.cells[: figures[figure] + 1]
    known = {name for cell in made.cells for name in _names(cell)}
    unknown = set(values)
    for place, node in reversed(list(_assignments(made))):  # from below, so that the lines above keep their numbers
        name = node.targets[0].id
        if name in values:
            lines = made.cells[place].source.split("\n")
            lines[node.lineno - 1 : node.end_lineno] = [f"{name} = {_as_python(values[name], known)}"]
            made.cells[place].source = "\n".join(lines)
            unknown.discard(name)
    if unknown:
        raise ValueError(f"no cell before {figure} begins a line with {' = or '.join(sorted(unknown))} =: nothing to set")
    return made


def _assignments(notebook):
    """Each ``NAME = …`` at the left margin, with the place of its cell."""
    for place, cell in enumerate(notebook.cells):
        for node in ast.parse(cell.source).body if cell.cell_type == "code" else ():
            if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
                yield place, node


def _names(cell):
    """The names that a code cell mentions."""
    nodes = ast.walk(ast.parse(cell.source)) if cell.cell_type == "code" else ()
    return {node.id for node in nodes if isinstance(node, ast.Name)}


def _as_python(text, known):
    """ "0.3", "25 / 255" and what speaks of known names as it is, other words as a text in quotes."""
    try:
        nodes = list(ast.walk(ast.parse(text, mode="eval")))
    except SyntaxError:
        return repr(text)
    return text if {node.id for node in nodes if isinstance(node, ast.Name)} <= known else repr(text)
