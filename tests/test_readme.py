"""The commands of README.md: each works as it is written, after those that stand before it."""

import fnmatch
import importlib.util
import itertools
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys

import nbformat
import pytest

from helpers import paths, plotting

TEXT = (paths.ROOT / "README.md").read_text(encoding="utf-8")
LINES = [line.strip() for line in re.findall(r"^ {4}(\S.*)$", TEXT, flags=re.MULTILINE)]
PROGRAMS = ("make ", "python ", "pip-audit ", "papermill ")
INLINE = [code for code in re.findall(r"`([^`\n]+)`", TEXT) if code.startswith(PROGRAMS)]
COMMANDS = [command for line in LINES + INLINE for command in line.partition("  #")[0].strip().split(" && ")]


def those_of(program):
    found = [shlex.split(command) for command in COMMANDS if command.split()[0] == program]
    assert found
    return found


def option(command, flag):
    return [value for name, value in itertools.pairwise(command) if name == flag]


def test_every_target_of_make_exists():
    makefile = (paths.ROOT / "Makefile").read_text(encoding="utf-8")
    for command in those_of("make"):
        assert re.search(rf"^{command[1]}:", makefile, flags=re.MULTILINE), command


def test_every_link_leads_somewhere():
    for link in re.findall(r"\]\(([^)#]+)\)", TEXT):
        assert "://" in link or (paths.ROOT / link).exists(), link


def test_pictures_have_their_texts_from_the_one_place():
    shown = re.findall(r"!\[([^\]]+)\]\(figures/(\w+)\.png\)\n\n\*(.+)\*\n", TEXT)
    assert len(shown) == TEXT.count("![") > 0
    for alt, name, caption in shown:
        assert {"alt": alt, "caption": caption}.items() <= plotting.captions()[name].items(), name


def test_every_module_exists():
    for command in those_of("python"):
        assert importlib.util.find_spec(*option(command, "-m")), command


def test_every_notebook_that_is_run_by_hand_can_be():
    ignored = (paths.ROOT / ".gitignore").read_text(encoding="utf-8").split()
    for command in those_of("papermill"):
        notebook, mine = paths.ROOT / command[1], paths.ROOT / command[2]
        cells = nbformat.read(notebook, as_version=4).cells
        parameters = next(cell.source for cell in cells if "parameters" in cell.metadata.get("tags", []))
        for name in option(command, "-p"):
            assert re.search(rf"^{name} = ", parameters, flags=re.MULTILINE), command
        assert mine.parent == paths.ROOT, "only the course's own folders are in every fresh clone"
        assert any(fnmatch.fnmatch(f"/{mine.name}", pattern) for pattern in ignored), "it would show up in git status"
    mine = [command[2] for command in those_of("papermill")]
    assert len(set(mine)) == len(mine), "one result would overwrite another"


def test_every_file_of_requirements_exists():
    for command in those_of("pip") + those_of("pip-audit"):
        assert all((paths.ROOT / name).exists() for flag in ("-r", "-c") for name in option(command, flag))


# Stands for every program: notes its name, its folder and its arguments.
NOTE = '#!/bin/sh\nprintf "%s|" "${0##*/}" "$PWD" "$@" >> "$CALLS"\necho >> "$CALLS"\n'
# Makes an environment with such programs in it, where a real one would take minutes.
ENVIRONMENT = """#!/bin/sh
"$REAL_PYTHON" "$@" --without-pip || exit 1
rm .venv/bin/python*
for name in python pip papermill; do cp "$BIN/make" ".venv/bin/$name"; done
"""


@pytest.mark.parametrize("with_make", [True, False])
def test_line_by_line_in_a_clean_shell(own_folders, with_make):
    """From a fresh clone in a folder with a space and an umlaut, in a shell that knows nothing of the course."""
    clone, programs = own_folders / "a b ü/clone", own_folders / "bin"
    shutil.copytree(paths.ROOT / "notebooks", clone / "notebooks", ignore=shutil.ignore_patterns("*checkpoints"))
    programs.mkdir()
    makes_an_environment = f"{NOTE}test -e .venv || python3 -m venv .venv\n"
    for name, text in {"make": NOTE, "python3": ENVIRONMENT}.items():
        (programs / name).write_text(makes_an_environment if name == "make" and with_make else text, encoding="utf-8")
        (programs / name).chmod(0o755)
    lines = [line.partition("  #")[0] for line in LINES]
    if with_make:  # then the other way to the same two jobs is left out
        start = next(number for number, line in enumerate(lines) if "-m venv" in line)
        end = max(number for number, line in enumerate(lines) if "pytest" in line)
        del lines[start : end + 1]
    else:
        lines = [line for line in lines if not line.startswith("make ")]
    environment = {"PATH": f"{programs}:/usr/bin:/bin", "HOME": str(own_folders), "BIN": str(programs)}
    environment |= {"REAL_PYTHON": os.path.realpath(sys.executable), "CALLS": str(own_folders / "calls")}
    done = subprocess.run(
        ["bash", "--norc", "-e", "-c", "\n".join(lines)],
        cwd=clone,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    calls = [line.split("|") for line in (own_folders / "calls").read_text(encoding="utf-8").splitlines()]
    assert {pathlib.Path(call[1]) for call in calls} == {clone}
    assert sum(call[0] == "papermill" for call in calls) == len(those_of("papermill"))
