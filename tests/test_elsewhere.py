"""What other systems and services need: names, encodings and line ends that Windows breaks on, and files for hosted services.

The services themselves can't be run here: their files are looked at as far as they can be.
"""

import ast
import json
import os
import pathlib
import re
import subprocess
import sys
import tomllib

import pytest
import yaml

from helpers import paths

ROOT = paths.ROOT
SOURCES = sorted([*(ROOT / "helpers").rglob("*.py"), *(ROOT / "docs").glob("*.py")])
TEXT = {"open", "read_text", "write_text", "NamedTemporaryFile", "fdopen"}
# A console of Windows in Western Europe.
CONSOLE = "cp1252"


def tracked():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False).stdout.decode()
    return [name for name in listed.split("\0") if name] or pytest.skip("not a git repository")


def calls(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            yield name, node, {keyword.arg: keyword.value for keyword in node.keywords}


def test_names_are_names_on_windows_too():
    names = tracked()
    assert len({name.casefold() for name in names}) == len(names), "two names that differ in case only"
    for name in names:
        assert len(name) < 150 and not re.search(r'[<>:"\\|?*\x00-\x1f]', name), name
        for part in name.split("/"):
            assert not re.fullmatch(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?", part) and part[-1] not in " .", name


def opens_a_file(name, node):
    """Whether the call opens a file as text; of the modules that have an `open` of their own, none is meant."""
    if name not in TEXT:
        return False
    of = getattr(node.func, "value", None)
    if name == "open" and isinstance(of, ast.Name) and of.id in ("os", "Image", "tarfile", "webbrowser"):
        return False
    modes = [arg.value for arg in [*node.args, *(keyword.value for keyword in node.keywords)] if isinstance(arg, ast.Constant)]
    return not any(isinstance(mode, str) and re.fullmatch(r"[rwax+]*b[rwax+]*", mode) for mode in modes)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_text_says_its_encoding(path):
    """Windows's own is not UTF-8, and σ is not in it."""
    for name, node, keywords in calls(path):
        if opens_a_file(name, node) or ("text" in keywords and name in ("run", "Popen")):
            assert "encoding" in keywords, f"line {node.lineno}: {name} without encoding"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_what_is_said_can_be_said_in_a_console_of_windows(path):
    for name, node, _ in calls(path):
        if name in ("print", "_say", "add_argument", "ArgumentParser") and path.name != "backend.py":
            for part in ast.walk(node):
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    part.value.encode(CONSOLE)


def test_line_ends_are_the_same_everywhere(own_folders):
    """A clone as on Windows, where git writes CRLF unless it is told: hashes are of what git holds, and make reads no CRLF."""
    names = (".gitattributes", "Makefile", "data/photos.csv", "notebooks/captions.toml", ".ci/run", "tests/test_make.py")
    origin, clone = own_folders / "origin", own_folders / "clone"
    for name in names:
        (origin / name).parent.mkdir(parents=True, exist_ok=True)
        (origin / name).write_bytes((ROOT / name).read_bytes())
    (origin / "x.png").write_bytes(b"\x89PNG\r\n\x1a\n\r\n\n")
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@x", "-c", "init.defaultBranch=main"]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "x"]):
        subprocess.run([*git, *command], cwd=origin, check=True, capture_output=True)
    crlf = ["-c", "core.autocrlf=true", "-c", "core.eol=crlf"]
    subprocess.run([*git, *crlf, "clone", "-q", *crlf, str(origin), str(clone)], check=True, capture_output=True)
    for name in (*names, "x.png"):
        assert (clone / name).read_bytes() == (origin / name).read_bytes(), name


def test_stored_texts_hold_no_carriage_returns():
    for name in tracked():
        if name.endswith(
            (".py", ".csv", ".json", ".toml", ".md", ".txt", ".ipynb", ".js", ".css", "Makefile", "run", "postBuild")
        ):
            assert b"\r\n" not in (ROOT / name).read_bytes(), name


ON_WINDOWS = """
import os, sys, types
import pandas, psutil, subprocess, tempfile  # which look for what there is by themselves
for name in ("fcntl", "resource", "pwd", "grp", "termios"):
    sys.modules[name] = None  # as if it were not there
held = set()
def locking(descriptor, mode, size):
    assert os.lseek(descriptor, 0, os.SEEK_CUR) > 0  # beyond the text
    key = os.fstat(descriptor).st_ino
    if key in held:
        raise PermissionError(13, "held")
    held.add(key)
sys.modules["msvcrt"] = types.SimpleNamespace(locking=locking, LK_NBLCK=2)
del os.sysconf
from helpers import files, paths
from helpers.commands import grade, one_notebook, student_copy
one_notebook._limit(10**9)
with files.only_one("x"):
    try:
        with files.only_one("x"):
            sys.exit("two at once")
    except files.RunningElsewhere as error:
        print(error)
with files.replacing(paths.cache() / "a b.txt") as temporary:
    temporary.write_text("σ", encoding="utf-8")
print((paths.cache() / "a b.txt").read_text(encoding="utf-8") == "σ")
"""


def test_without_what_only_unix_has(own_folders):
    environment = os.environ | {"COURSE_CACHE": str(own_folders / "c"), "PYTHONIOENCODING": CONSOLE, "PYTHONPATH": str(ROOT)}
    options = ["-X", "warn_default_encoding", "-W", "error::EncodingWarning:helpers"]
    done = subprocess.run([sys.executable, *options, "-c", ON_WINDOWS], env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode(CONSOLE)
    assert "is working on the same files" in done.stdout.decode(CONSOLE) and done.stdout.decode(CONSOLE).split()[-1] == "True"


def test_paths_are_shown_with_forward_slashes(monkeypatch):
    monkeypatch.setattr(paths, "ROOT", pathlib.PureWindowsPath("C:/course"))
    monkeypatch.setattr(paths.pathlib, "Path", lambda path: path)
    monkeypatch.setattr(pathlib.PureWindowsPath, "absolute", lambda self: self, raising=False)
    assert paths.shown(pathlib.PureWindowsPath(r"C:\course\data\cache")) == "data/cache"
    assert paths.shown(pathlib.PureWindowsPath(r"D:\Users\me\mine.png")) == "mine.png"


def test_the_workflow_runs_what_everyone_runs_on_what_the_course_says():
    workflow = yaml.safe_load((ROOT / ".github/workflows/tests.yml").read_text(encoding="utf-8"))
    jobs = workflow["jobs"]
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["requires-python"]
    assert asked == ">=3.11,<3.14"
    assert all(job["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13"] for job in jobs.values())
    every = [step for job in jobs.values() for step in job["steps"]]
    steps = [step.get("run", "") for step in every]
    assert ".ci/run" in steps and os.access(ROOT / ".ci/run", os.X_OK)
    (cached,) = [step["with"]["key"] for step in every if "actions/cache" in step.get("uses", "")]
    assert "steps.python.outputs.python-version" in cached, "an environment works only with the Python that made it"
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for step in steps:
        for name in re.findall(r"(?<=-[rc] )\S+|notebooks/\S+", step):
            assert (ROOT / name).exists(), name
        if step.startswith("python -m"):  # Windows, where everybody types what README says
            assert step in readme or step.removeprefix("python -m ") in readme, step


def test_the_form_asks_what_one_needs_to_know():
    form = yaml.safe_load((ROOT / ".github/ISSUE_TEMPLATE/my-output-differs.yml").read_text(encoding="utf-8"))
    assert {"name", "description", "body"} <= set(form)
    fields = [field for field in form["body"] if field["type"] != "markdown"]
    assert len({field["id"] for field in fields}) == len(fields)
    assert all(field["type"] in ("input", "textarea", "dropdown") and field["attributes"]["label"] for field in fields)
    from helpers import session

    (mode,) = [field for field in fields if field["id"] == "mode"]
    assert tuple(mode["attributes"]["options"]) == session.MODES


def test_the_container_and_binder_install_what_the_course_pins():
    container = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text(encoding="utf-8"))
    target = container["onCreateCommand"].removeprefix("make ")
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    pinned = dict(
        re.findall(r"^([\w.-]+)==(\S+)", (ROOT / "constraints.txt").read_text(encoding="utf-8").lower(), re.MULTILINE)
    )
    lines = (ROOT / ".binder/requirements.txt").read_text(encoding="utf-8").splitlines()
    assert "-c ../constraints.txt" in lines
    names = [line for line in lines if line and line[0] not in "#-"]
    assert f"tensorflow-cpu=={pinned['tensorflow']}" in names
    assert all(name in pinned for name in names if "==" not in name)
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    only_for_reports = {"jinja2", "mistune", "nbclient", "nbconvert", "optuna", "papermill", "tensorflow", "ipython"}
    assert set(asked) - only_for_reports <= set(names)
    python = (ROOT / ".binder/runtime.txt").read_text(encoding="utf-8").strip()
    assert re.fullmatch(r"python-3\.1[123]", python)
    script = ROOT / ".binder/postBuild"
    assert os.access(script, os.X_OK) and script.read_text(encoding="utf-8").startswith("#!")
    for name in re.findall(r"(?<=-r )\S+", script.read_text(encoding="utf-8")):
        assert (ROOT / name).exists()


def test_the_version_is_the_same_everywhere():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    changes = (ROOT / "docs/changelog.md").read_text(encoding="utf-8")
    assert citation["version"] == version and f"\n## {version}\n\n*{citation['date-released']}*\n" in changes
