"""The house stays in order: arrows between modules go down only, one module knows TensorFlow, the package stays thin."""

import ast
import io
import re
import tokenize

import pytest

import helpers
from helpers import paths

PACKAGE = paths.ROOT / "helpers"
ORDER = re.findall(r"``(\w+)``", helpers.__doc__.partition("Modules")[2])
LIBRARY = sorted(path for path in PACKAGE.glob("*.py") if path.stem != "__init__")
COMMANDS = sorted(path for path in (PACKAGE / "commands").glob("*.py") if path.stem != "__init__")
MODULES = LIBRARY + COMMANDS


def imported(path):
    """The modules that a file imports, with dots."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_every_module_has_its_place():
    assert sorted(ORDER) == [path.stem for path in LIBRARY]


@pytest.mark.parametrize("path", LIBRARY, ids=lambda path: path.stem)
def test_arrows_go_down_only(path):
    used = {name.split(".")[1] for name in imported(path) if name.startswith("helpers.")}
    assert "commands" not in used
    used &= set(ORDER)
    assert all(ORDER.index(name) > ORDER.index(path.stem) for name in used), used


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_tensorflow_is_known_in_one_place(path):
    assert any(name.startswith("tensorflow") for name in imported(path)) == (path.stem == "backend")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_public_functions_are_documented(path):
    module = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(module)
    public = [node for node in ast.walk(module) if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name[0] != "_"]
    inner = {
        child for node in ast.walk(module) if isinstance(node, ast.FunctionDef) for child in ast.walk(node) if child is not node
    }
    overridden = {"get_config", "on_epoch_begin", "on_epoch_end", "on_train_end"}
    private = {
        child for node in module.body if isinstance(node, ast.ClassDef) and node.name[0] == "_" for child in ast.walk(node)
    }
    missing = [
        node.name
        for node in public
        if node not in inner | private and node.name not in overridden and not ast.get_docstring(node)
    ]
    assert not missing


def test_the_package_is_thin():
    lines = sum(map(code_lines, MODULES))
    assert lines <= 2230 + 93, lines  # 93 lines came from tests/: search and timings


def code_lines(path):
    """Lines that hold code: no blanks, comments or docstrings."""
    source = path.read_text(encoding="utf-8")
    documented = (ast.Module, ast.FunctionDef, ast.ClassDef)
    docs = {
        line
        for node in ast.walk(ast.parse(source))
        if isinstance(node, documented) and ast.get_docstring(node)
        for line in range(node.body[0].lineno, node.body[0].end_lineno + 1)
    }
    skipped = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)
    held = {
        line
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type not in skipped
        for line in range(token.start[0], token.end[0] + 1)
    }
    return len(held - docs)


def test_no_function_draws_from_global_random_state():
    for path in MODULES:
        assert not re.search(
            r"np\.random\.(?!default_rng|Generator)|\brandom\.(seed|random|choice)", path.read_text(encoding="utf-8")
        )
