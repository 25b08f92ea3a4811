"""What a reader's function says, without comments and layout, and what it reads from outside."""

import ast
import inspect
import symtable
import sys
import textwrap
import types

import numpy as np


def can_be_edited(function):
    """Whether a function stands in a notebook or in a reader's file, not in a package.

    Parameters
    ----------
    function : callable

    Returns
    -------
    bool
    """
    module = getattr(function, "__module__", None) or ""
    if isinstance(function, types.BuiltinFunctionType | types.ModuleType | np.ufunc):
        return False
    if module == "__main__":
        return True
    file = getattr(sys.modules.get(module), "__file__", None) or ""
    return (
        bool(file) and not module.startswith("helpers") and "site-packages" not in file and not file.startswith(sys.base_prefix)
    )


def source_and_uses(function):
    """The source of a function or class without comments and layout, and what its names from outside stand for.

    Parameters
    ----------
    function : callable
        Of a notebook, or of a reader's file.

    Returns
    -------
    source : str
    used : dict of str to object
        In the order of the names; builtins and names that stand for nothing yet are not among them.

    Raises
    ------
    ValueError
        When the source cannot be had.
    """
    source, names = _source_and_names(function)
    known = dict(getattr(function, "__globals__", None) or vars(sys.modules[function.__module__]))
    if getattr(function, "__closure__", None):
        inner = zip(function.__code__.co_freevars, function.__closure__, strict=True)
        known.update((name, cell.cell_contents) for name, cell in inner)
    return source, {name: known[name] for name in names if name in known}


def _source_and_names(function):
    """The source without comments and layout, and the names that it reads from outside."""
    if isinstance(function, type):
        parts = [_source_and_names(part) for part in vars(function).values() if isinstance(part, types.FunctionType)]
        return "\n".join(text for text, _ in parts), sorted({name for _, names in parts for name in names})
    try:
        text = textwrap.dedent(inspect.getsource(function))
        tree = ast.parse(text)
    except (OSError, TypeError, SyntaxError) as error:
        raise ValueError(
            f"the source of {function!r} cannot be had ({error}): define it with def, in a cell of its own"
        ) from error
    if getattr(function, "__name__", "") == "<lambda>":
        found = [node for node in ast.walk(tree) if isinstance(node, ast.Lambda)]
        if len(found) != 1:
            raise ValueError("one of several lambdas on a line cannot be told apart: define it with def")
        tree = ast.Module([ast.Expr(found[0])], [])
    else:
        tree.body[0].decorator_list = []  # a decorator says how a function is used, not what it does
    text = ast.unparse(tree)
    tables, names = [symtable.symtable(text, "source", "exec")], set()
    while tables:
        table = tables.pop()
        tables += table.get_children()
        for symbol in table.get_symbols():  # of the module itself: what stands in default values
            if symbol.is_global() if table.get_type() != "module" else symbol.is_referenced():
                names.add(symbol.get_name())
    return text, sorted(names)
