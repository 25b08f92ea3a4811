"""The house stays in order: arrows between modules go down only, one module knows TensorFlow, the package stays thin."""

import ast
import io
import re
import tokenize
import tomllib

import pytest

import helpers
from helpers import paths

PACKAGE = paths.ROOT / "helpers"
ORDER = re.findall(r"``(\w+)``", helpers.__doc__.partition("Modules")[2])
LIBRARY = sorted(
    path
    for path in [*PACKAGE.glob("*.py"), *PACKAGE.glob("*/*.py")]
    if path.parent.name != "commands" and (path.parent != PACKAGE or path.stem != "__init__")
)
COMMANDS = sorted(path for path in (PACKAGE / "commands").glob("*.py") if path.stem != "__init__")
MODULES = LIBRARY + COMMANDS


# Lines of code that a module may have; 160 where it is not named.
LIMITS = {
    "commands/grade": 200,
    "commands/report": 250,
    "commands/site": 180,
    "datasets/folders": 250,
    "datasets/sequences": 255,
    "metrics": 170,
    "pictures": 260,
    "plotting": 330,
    "restore": 310,
    "training": 340,
}


def place(path):
    """The name of a module, or of the package that it is a part of."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path):
    """The modules that a file imports, with dots."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_every_module_has_its_place():
    assert sorted(ORDER) == sorted({place(path) for path in LIBRARY})


def by_name(path):
    return "/".join(path.relative_to(PACKAGE).with_suffix("").parts)


@pytest.mark.parametrize("path", LIBRARY, ids=by_name)
def test_arrows_go_down_only(path):
    used = {name.split(".")[1] for name in imported(path) if name.startswith("helpers.")}
    assert "commands" not in used
    used &= set(ORDER) - {place(path)}  # the parts of a package may know each other
    assert all(ORDER.index(name) > ORDER.index(place(path)) for name in used), used


@pytest.mark.parametrize("path", MODULES, ids=by_name)
def test_tensorflow_is_known_in_one_place(path):
    assert any(name.startswith("tensorflow") for name in imported(path)) == (path.stem == "backend")


@pytest.mark.parametrize("path", MODULES, ids=by_name)
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


@pytest.mark.parametrize("path", MODULES, ids=by_name)
def test_every_module_is_thin(path):
    assert code_lines(path) <= LIMITS.get(by_name(path), 160)


def test_what_notebooks_show_is_as_narrow_as_they_are():
    asked = tomllib.loads((paths.ROOT / "notebooks/ruff.toml").read_text(encoding="utf-8"))["line-length"]
    assert max(map(len, (PACKAGE / "models.py").read_text(encoding="utf-8").splitlines())) <= asked


def test_the_commands_are_thin():
    """All that runs from a shell: the report, the site, and what those who teach need."""
    assert sum(map(code_lines, COMMANDS)) <= 1500


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
