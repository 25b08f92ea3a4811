"""The copy for students: whole, without solutions, and never over anything that is there."""

import json
import os
import subprocess
import tomllib

import nbformat
import pytest

from helpers import paths
from helpers.commands import student_copy

NOT_FOR_STUDENTS = {".ci", ".github", ".devcontainer", ".binder"}
CHAPTER = """# 2 · Noise

See [Solutions](../elsewhere.md) of others.
All of them work in every `MODE`. [Solutions](solutions/02_noise.ipynb)

### Exercise 2.1

[Solutions](solutions/02_noise.ipynb), which run in two minutes. Write down."""
SHOWN = CHAPTER.replace(" [Solutions](solutions/02_noise.ipynb)\n", "\n").replace("[Solutions](solutions/02_noise.ipynb)", "")


def write(path, text="x"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


@pytest.fixture
def course(own_folders, monkeypatch):
    """A small course, with what a teacher leaves lying about."""
    root = own_folders / "the course"
    chapter = nbformat.writes(nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(CHAPTER)]))
    names = ("02_noise", "02_noise-Copy1", "solved by me", "solutions/02_noise", ".ipynb_checkpoints/02_noise-checkpoint")
    for name in names:
        write(root / f"notebooks/{name}.ipynb", chapter)
    write(root / "README.md", "Every chapter ends with a quiz; [solutions](notebooks/solutions/).\n\nRead on.")
    write(root / "figures/report.html", 'see <a href="../notebooks/solutions/02.ipynb">all</a> <a href="x.csv">CSV</a>')
    for name in ("docs/teachers.md", "docs/points.csv", "docs/index.md", "tests/test_exercises.py", "tests/test_metrics.py"):
        write(root / name)
    for name in ("data/cache/runs/x.json", "data/weights/x.keras", "helpers/__pycache__/x.pyc", "helpers/x.py", ".git/config"):
        write(root / name)
    monkeypatch.setattr(paths, "ROOT", root)
    return root


def all_of(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("there", [True, False])
def test_what_is_in_it(course, own_folders, there):
    before, target = all_of(course), own_folders / "for ü students"
    if there:
        target.mkdir()
    assert student_copy.main([str(target)]) == 0
    assert all_of(course) == before
    kept = {"README.md", "figures/report.html", "docs/index.md", "tests/test_metrics.py", "data/weights/x.keras"}
    assert set(all_of(target)) == kept | {"helpers/x.py", "notebooks/02_noise.ipynb"}
    (cell,) = nbformat.read(target / "notebooks/02_noise.ipynb", as_version=4).cells
    assert "solutions/" not in cell.source and cell.source.replace("\n", "") == SHOWN.replace("\n", "").replace(
        ", which", ", which"
    )
    assert (target / "README.md").read_text(encoding="utf-8") == "Every chapter ends with a quiz.\n\nRead on."
    assert (target / "figures/report.html").read_text(encoding="utf-8") == 'see all <a href="x.csv">CSV</a>'
    assert [path.name for path in own_folders.iterdir() if path.name.startswith(".writing")] == []


def test_nothing_is_overwritten(course, own_folders, capsys):
    write(own_folders / "full/mine.txt", "of the teacher")
    write(own_folders / "file", "of the teacher")
    (own_folders / "link").symlink_to(own_folders / "nowhere")
    for name in ("full", "file", "link"):
        assert student_copy.main([str(own_folders / name)]) == 1
        assert "nothing is overwritten" in capsys.readouterr().err
    assert student_copy.main([str(course / "copy")]) == 1 and "outside" in capsys.readouterr().err
    assert (own_folders / "full/mine.txt").read_text(encoding="utf-8") == "of the teacher"


def test_a_copy_that_fails_leaves_nothing(course, own_folders, monkeypatch):
    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(student_copy, "_rewrite", full)
    before = sorted(os.listdir(own_folders))
    assert student_copy.main([str(own_folders / "new")]) == 1
    assert sorted(os.listdir(own_folders)) == before


def test_of_the_course_itself(own_folders):
    target = own_folders / "copy"
    student_copy.write(target)
    for path in sorted((target / "notebooks").glob("*.ipynb")):
        copied, stored = (json.loads(file.read_text(encoding="utf-8")) for file in (path, paths.ROOT / "notebooks" / path.name))
        nbformat.validate(copied)
        texts = ["".join(cell["source"]) for cell in copied["cells"]]
        assert "solutions/" not in "".join(texts)
        assert sum(text != "".join(cell["source"]) for text, cell in zip(texts, stored["cells"], strict=True)) == 1
    readme = (target / "README.md").read_text(encoding="utf-8")
    assert "solutions/" not in readme and "Every chapter ends with exercises and a quiz.\n" in readme
    captions, all_captions = (
        tomllib.loads((folder / "notebooks/captions.toml").read_text(encoding="utf-8")) for folder in (target, paths.ROOT)
    )
    assert captions == {name: texts for name, texts in all_captions.items() if "_solution" not in name} != all_captions
    index = (target / "docs/index.md").read_text(encoding="utf-8")
    assert all("teacher" not in text and "solutions/" not in text for text in (readme, index))
    assert index.count("{grid-item-card}") == 2 and "link: results" in index
    about, changes = ((target / "docs" / name).read_text(encoding="utf-8") for name in ("README.md", "changelog.md"))
    assert all(word not in about for word in ("teachers.md", "points.csv", ".github")) and "`changelog.md`" in about
    assert "teachers" not in changes and "- Chapters 1 to 6 are rewritten." in changes
    assert not (target / "notebooks/solutions").exists() and not (target / "docs/teachers.md").exists()


def test_everything_of_the_course_is_either_taken_or_left_out():
    listed = subprocess.run(["git", "ls-files"], cwd=paths.ROOT, capture_output=True, text=True, check=False).stdout.split("\n")
    top = {name.partition("/")[0] for name in listed if name}
    assert top - set(student_copy.TAKEN) <= NOT_FOR_STUDENTS
    assert all((paths.ROOT / name).exists() for name in student_copy.LEFT_OUT - {"data/cache"})
