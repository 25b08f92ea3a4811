"""The rules that every notebook keeps, on the notebooks as they are committed."""

import base64
import importlib
import itertools
import pathlib
import re
import statistics

import nbformat
import numpy as np
import PIL.Image
import pytest
from IPython.display import Image

from helpers import datasets, paths, plotting
from helpers.commands import pages

CHAPTERS = sorted((paths.ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
ALL = CHAPTERS + sorted((paths.ROOT / "notebooks" / "solutions").glob("*.ipynb"))
FIGURES = paths.ROOT / "figures"
MODULES = (
    "baselines",
    "datasets",
    "degradations",
    "drawings",
    "image_io",
    "metrics",
    "models",
    "plotting",
    "restore",
    "results",
    "training",
)
MACHINE = re.compile(r"(/(root|home|Users|work|tmp|var|opt|usr)/|[A-Z]:\\\\)")


def read(path):
    return nbformat.read(path, as_version=4)


def code(path):
    return [cell for cell in read(path).cells if cell.cell_type == "code"]


def outputs(path):
    return [output for cell in code(path) for output in cell.outputs]


def pictures(path):
    return [output for output in outputs(path) if "image/png" in output.get("data", {})]


def each(notebooks):
    return pytest.mark.parametrize("path", notebooks, ids=lambda path: f"{path.parent.name}/{path.stem}")


SOLVED = (paths.ROOT / "notebooks" / "solutions").exists()  # not in a student's copy


@pytest.mark.skipif(not SOLVED, reason="a copy without solutions")
def test_there_are_notebooks_and_solutions():
    assert CHAPTERS
    assert {path.name for path in ALL if path.parent.name == "solutions"} == {path.name for path in CHAPTERS}


@each(ALL)
def test_executed_once_from_the_top(path):
    assert [cell.execution_count for cell in code(path)] == list(range(1, len(code(path)) + 1))


@each(ALL)
def test_one_cell_of_parameters(path):
    tagged = [cell for cell in code(path) if "parameters" in cell.metadata.get("tags", [])]
    assert len(tagged) == 1
    assert re.fullmatch(r'MODE = "pretrained"\nSEED = 0(\n(IMAGES|PAIRS) = None)?', tagged[0].source)


@each(ALL)
def test_nothing_in_it_differs_from_run_to_run_or_names_a_machine(path):
    notebook = read(path)
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert [cell.id for cell in notebook.cells] == [f"cell-{k:02d}" for k in range(len(notebook.cells))]
    assert all(set(cell.metadata) <= {"tags"} for cell in notebook.cells)
    for output in outputs(path):
        texts = [
            output.get("text", ""),
            *(str(v) for kind, v in output.get("data", {}).items() if not kind.startswith("image")),
        ]
        assert not any(MACHINE.search(text) for text in texts), texts
    assert path.stat().st_size < 4.5e6


@each(ALL)
def test_no_errors_and_nothing_on_the_error_stream(path):
    assert not [output for output in outputs(path) if output.output_type == "error" or output.get("name") == "stderr"]


@each(ALL)
def test_what_is_printed_is_in_one_piece(path):
    for cell in code(path):
        names = [output.get("name") for output in cell.outputs]
        assert ("stdout", "stdout") not in itertools.pairwise(names)


@each(ALL)
def test_every_picture_has_alt_text_and_a_digest(path):
    assert pictures(path)
    for output in pictures(path):
        assert len(output.metadata["image/png"]["alt"]) > 20
        assert re.match(r"<figure .+: .+>", output.data["text/plain"])


@each(ALL)
def test_the_text_of_a_picture_is_there_for_jupyterlab_too(path):
    for before, output in itertools.pairwise(outputs(path)):
        if "image/png" in output.get("data", {}):
            text = Image(url=plotting.PIXEL, alt=output.metadata["image/png"]["alt"], width=1, height=1)
            assert before.data["text/html"] == text._repr_html_()


@each(ALL)
def test_lines_are_short_and_cells_small(path):
    lines = [len(cell.source.splitlines()) for cell in code(path)]
    longest = max((line for cell in code(path) for line in cell.source.splitlines()), key=len)
    assert len(longest) <= 88, longest
    assert statistics.median(lines) <= 9, lines


@each(ALL)
def test_what_chapters_use_is_there_and_nothing_else(path):
    """One way to data, one to trainings; what was replaced is gone."""
    source = "\n".join(cell.source for cell in code(path))
    assert not re.search(r"\b(paths|mnist|folders|recipes|session|files)\b\.|alt=|load_model\(|\.call\b", source)
    for module in set(
        re.findall(
            r"\b(baselines|datasets|degradations|drawings|image_io|metrics|models|plotting|restore|results|training)\.(\w+)",
            source,
        )
    ):
        assert hasattr(importlib.import_module(f"helpers.{module[0]}"), module[1]), module


@each(ALL)
def test_every_figure_has_its_two_texts(path):
    captions = plotting.captions()
    for name in re.findall(r'name="(\d\d_\w+)"', "\n".join(cell.source for cell in code(path) if "show_" in cell.source)):
        texts = captions[name]
        assert len(texts["alt"]) > 20 and len(texts["caption"]) > 20 and texts["alt"] != texts["caption"], name


def test_no_caption_without_its_figure():
    shown = set(re.findall(r"\d\d_\w+", "\n".join(cell.source for path in ALL for cell in code(path))))
    # Names that are put together, such as f"04_detail_{factor}", are known by their beginning.
    of_chapters = [name for name in plotting.captions() if name[:2] in {path.name[:2] for path in CHAPTERS}]
    assert not [name for name in of_chapters if not any(name.startswith(begin) for begin in shown)]


def opens_with_a_picture(path):
    """Whether a chapter has been rewritten to begin with a picture and a question."""
    return "\n![" in read(path).cells[0].source


@each(CHAPTERS)
def test_the_skeleton(path):
    text = "\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")
    assert re.match(r"# \d · .+\n", text)
    for part in ("**After this chapter you can**", "## Your turn", "## Exercises", "## Quiz", "## Summary", "## References"):
        assert part in text, part
    assert (f"solutions/{path.name}" in text) == SOLVED and "PLACEHOLDER" not in text
    if not opens_with_a_picture(path):
        assert text.count("<details>") == 5 and 3 <= text.count("**Exercise ") <= 5


@each([path for path in CHAPTERS if opens_with_a_picture(path)])
def test_a_chapter_opens_with_a_picture_and_a_question(path):
    opening = read(path).cells[0].source
    picture = re.search(r"!\[([^\]]{20,})\]\(\.\./figures/(\w+)\.png\)", opening)
    assert (FIGURES / f"{picture[2]}.png").exists()
    assert picture[2].startswith(path.stem[:2])
    assert re.search(r"\*\*[^*]+\?\*\*", opening.replace("\n", " "))


@each([path for path in CHAPTERS if opens_with_a_picture(path)])
def test_exercises_can_be_started_and_checked(path):
    """Each has hints, a cell to start from that runs as it is, and a check that says that something is to be filled in."""
    cells = read(path).cells
    numbers = []
    for text, start in itertools.pairwise(cells):
        for number in re.findall(r"^### Exercise (\d\.\d)", text.source, re.M) if text.cell_type == "markdown" else []:
            numbers.append(number)
            assert 1 <= text.source.count("<summary>Hint ") <= 3
            assert "..." in start.source and f'check("{number}"' in start.source
            assert f"Exercise {number}: replace the ..." in start.outputs[0]["text"]
    assert numbers == [f"{int(path.stem[:2])}.{k}" for k in range(1, len(numbers) + 1)] and 3 <= len(numbers) <= 5


@each([path for path in CHAPTERS if opens_with_a_picture(path)])
def test_each_answer_of_the_quiz_is_answered(path):
    text = "\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")
    quiz = text.partition("## Quiz")[2].partition("\n## ")[0]
    questions = re.split(r"^\*\*\d\.\*\*", quiz, flags=re.M)[1:]
    assert len(questions) >= 5
    for question in questions:
        offered = re.findall(r"^- \*\*([A-D])\.\*\*", question, re.M)
        assert 3 <= len(offered) <= 4
        assert re.findall(r"<details><summary>([A-D])</summary>", question) == offered
        assert len(re.findall(r"</summary>Yes\b", question)) == 1


@each(CHAPTERS)
def test_the_figures_folder_holds_what_the_notebook_shows(path):
    shown = {re.match(r"<figure ([^:>]+)", output.data["text/plain"])[1]: output for output in pictures(path)}
    saved = {file.stem: file for file in FIGURES.glob(f"{path.stem[:2]}_*.png")}
    assert set(shown) == set(saved)
    for name, file in saved.items():
        assert file.read_bytes() == base64.b64decode(shown[name].data["image/png"]), f"{name} is stale: run `make report`"
        assert file.stat().st_size < 800_000  # noise in photographs does not compress


def test_contact_sheets_show_every_photograph(tmp_path):
    for split in datasets.SPLITS:
        pages.contact_sheet(datasets.load_photos(split), tmp_path / "sheet.png")
        then, now = (
            np.asarray(PIL.Image.open(f).convert("RGB"), float)
            for f in (FIGURES / f"photos_{split}.png", tmp_path / "sheet.png")
        )
        assert then.shape == now.shape and np.sqrt(np.mean((then - now) ** 2)) < 1.0, f"photos_{split}.png is stale"


def test_sizes_of_what_is_committed():
    def total(folder):
        return sum(file.stat().st_size for file in pathlib.Path(folder).rglob("*") if file.is_file())

    assert total(FIGURES) < 20e6 and total(paths.ROOT / "data" / "weights") < 32e6
    assert (FIGURES / "report.html").stat().st_size < 1e6
    assert all(drawing.stat().st_size < 300_000 for drawing in FIGURES.glob("*.svg"))
    for table in (FIGURES / "tables").glob("*_per_image.csv"):
        assert table.stat().st_size < 1e6
