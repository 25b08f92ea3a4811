"""The report job on small notebooks made here: what it writes, what it leaves alone, and what it says when one fails."""

import html
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import nbformat
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from helpers import datasets, files, paths
from helpers.commands import figure, pages, pdf, promote, report
from helpers.document import evidence, settings, tables

FIGURE = """
import numpy as np
from helpers import plotting, results, session
import pandas as pd
session.start(MODE)
plotting.show_images([np.full((2, 8, 8, 1), {grey})], ["a", "b"], name="{number}_grey")
scores = pd.DataFrame({{"image": [0], "mse": [0.01], "psnr": [20.0], "ssim": [0.5]}})
facts = dict(dataset="MNIST", split="test", degradation="noise 0.2 clipped", method="median", kind="classical")
system = dict(task="grey squares", notebook="{number}", n_images=1, published_psnr=22.3, recipe_psnr=20.0, input_psnr=21.0)
system |= dict(classical=None, classical_psnr=None, best="grey", best_psnr=25.123, params=81068, minutes=1.5)
results.save("06_systems", [system])
_ = results.save("{number}_results", [results.row(scores, notebook="{number}", **facts)])
"""


README_PARTS = """<!-- picture -->
![old](figures/02_opening.png)
<!-- end of picture -->
<!-- results -->
old
<!-- end of results -->
<!-- chapters -->
<!-- end of chapters -->
"""


def write_notebook(folder, number, code, grey=0.5):
    parameters = nbformat.v4.new_code_cell('MODE = "pretrained"', metadata={"tags": ["parameters"]})
    title = nbformat.v4.new_markdown_cell(f"# {number} · A chapter\n\n*Its sentence.*\n\nMore.")
    cells = [title, parameters, *(nbformat.v4.new_code_cell(c.format(number=number, grey=grey)) for c in code)]
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=metadata), folder / f"{number}_chapter.ipynb")


@pytest.fixture
def notebooks(own_folders, monkeypatch):
    folder = own_folders / "notebooks"
    folder.mkdir()
    monkeypatch.setattr(report, "NOTEBOOKS", folder)
    readme = own_folders / "README.md"
    readme.write_text(f"Before\n{README_PARTS}After\n")
    monkeypatch.setattr(report, "README", readme)
    monkeypatch.setattr(datasets, "load_photos", lambda split: [np.full((30, 45, 3), k, np.uint8) for k in range(7)])
    write_notebook(folder, "01", [FIGURE])
    return folder


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_report_and_a_second_one(notebooks, capsys):
    before = contents(notebooks)
    assert report.main([]) == 0
    first = contents(paths.report_figures())
    assert {str(path) for path in first} == {
        "01_grey.png",
        "tables/01_results.csv",
        "tables/06_systems.csv",
        "report.html",
        *(f"photos_{split}.png" for split in datasets.SPLITS),
    }
    assert Image.open(paths.report_figures() / "photos_test.png").size == (5 * 170 + 2, 2 * 114 + 2)
    page = first[pathlib.Path("report.html")].decode()
    assert 'alt="A figure of the reader&#39;s own. 2 of 8x8' in page and 'src="01_grey.png"' in page
    assert "<em>Its sentence.</em>" in page and "<b>Figure 1.1.</b>" in page
    assert "median" in page and "make report" in page and not re.search(r'(src|<link href)="http', page)
    assert str(paths.ROOT) not in page and "/root" not in page
    readme = report.README.read_text()
    assert "| grey squares | 22.3 | 20.00 | 21.00 |  | 25.12 | 81,068 |" in readme and "old" not in readme
    assert "| [1 · A chapter](notebooks/01_chapter.ipynb) | Its sentence. |  |  |  |" in readme
    assert readme.startswith("Before") and readme.endswith("After\n")
    assert report.main([]) == 0
    assert contents(paths.report_figures()) == first and contents(notebooks) == before and report.README.read_text() == readme
    assert "1 notebook(s)" in capsys.readouterr().out


def test_a_failing_notebook_is_named_and_changes_nothing(notebooks, capsys):
    assert report.main([]) == 0
    before = contents(paths.report_figures())
    write_notebook(notebooks, "01", [FIGURE], grey=0.9)  # would change its figure
    write_notebook(notebooks, "02", ["x = 1", "def inner():\n    return 1 / 0\n\n\ninner()"])
    assert report.main([]) == 1
    said = capsys.readouterr().err
    assert "02_chapter.ipynb failed in cell In [3] (number 4 from the top)" in said
    assert "ZeroDivisionError" in said and "return 1 / 0" in said
    assert contents(paths.report_figures()) == before


def test_one_failing_notebook_does_not_stop_the_others_and_the_one_that_reads_them_runs_last(notebooks, capsys):
    write_notebook(notebooks, "01", ["1 / 0"])
    write_notebook(notebooks, "06", ["from helpers import results\nassert len(results.load('07_results')) == 1", "undefined"])
    write_notebook(notebooks, "07", ["import time\ntime.sleep(2)", FIGURE])
    assert report.main([]) == 1
    said = capsys.readouterr().err
    assert "01_chapter.ipynb failed in cell In [2]" in said and "06_chapter.ipynb failed in cell In [3]" in said
    assert "07_chapter.ipynb" not in said and "2 of 3 notebooks failed" in said
    assert (paths.cache() / "report/07_chapter.ipynb").exists() and not paths.report_figures().exists()


@pytest.mark.parametrize(
    ("process", "said"), [("getpid", "01_chapter.ipynb was ended from outside"), ("getppid", "run the same")]
)
def test_a_process_that_is_killed_is_named(notebooks, capsys, process, said):
    """A kernel, or the process that runs it, as a system short of memory ends them."""
    write_notebook(notebooks, "01", [f"import os, signal\nos.kill(os.{process}(), signal.SIGKILL)"])
    assert report.main([]) == 1
    assert said in capsys.readouterr().err and not paths.report_figures().exists()


def run_writes(folder, **files):
    """What a run wrote, as `report.take_over` gets it."""
    for name, text in files.items():
        path = folder / f"fresh/{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    report.take_over(folder / "fresh", paths.report_figures(), folder / "written.json")


def test_stale_figures_go_and_those_of_a_reader_stay(own_folders):
    run_writes(own_folders, **{"01_a": "a", "01_gone": "from a cell that is gone", "01_mine_now": "drawn"})
    readers = {"mine.png": "m", "01_mine.png": "m", "tables/notes.csv": "n", "01_mine_now.png": "painted over"}
    (paths.report_figures() / "tables").mkdir()
    for name, text in readers.items():
        (paths.report_figures() / name).write_text(text)
    run_writes(own_folders, **{"01_a": "a"})
    left = {
        path.relative_to(paths.report_figures()).as_posix(): path.read_text() for path in paths.report_figures().rglob("*.*")
    }
    assert left == {"01_a.png": "a", **readers}
    assert not (own_folders / "fresh").exists()


@pytest.mark.skipif(shutil.which("git") is None, reason="no git here")
def test_stale_figures_of_a_fresh_clone_go(own_folders, monkeypatch):
    """There no run has noted yet what it wrote: git knows what came with the clone, and what was changed since."""
    monkeypatch.setattr(paths, "ROOT", own_folders)
    folder = paths.report_figures()
    folder.mkdir()
    for name in ("01_gone.png", "01_changed.png", "logo of mine.png"):
        (folder / name).write_text("committed")
    for command in (["init", "-q"], ["add", "figures"]):
        subprocess.run(["git", *command], cwd=own_folders, check=True)
    (folder / "01_changed.png").write_text("by a reader")
    (folder / "01_new.png").write_text("by a reader")
    run_writes(own_folders, **{"01_a": "a"})
    left = {path.name for path in folder.iterdir()}
    assert left == {"01_a.png", "01_changed.png", "01_new.png", "logo of mine.png"}


def test_what_a_reader_edits_while_the_notebooks_run_is_not_overwritten(notebooks, monkeypatch, capsys):
    source = notebooks / "01_chapter.ipynb"
    executed = nbformat.read(source, as_version=4)

    def run_and_edit(*arguments):
        source.write_text(source.read_text().replace("A chapter", "A chapter, edited"))
        return {source.name: executed}

    monkeypatch.setattr(report, "run_notebooks", run_and_edit)
    assert report.main(["--store"]) == 1
    assert "edited while the notebooks ran: 01_chapter.ipynb" in capsys.readouterr().err
    assert "A chapter, edited" in source.read_text() and not paths.report_figures().exists()


def test_fresh_forgets_trainings_and_nothing_else(notebooks, monkeypatch):
    runs = paths.runs("full")
    runs.mkdir(parents=True)
    for name in ("a.json", "a.keras", "a.csv", "b.state.npz", "mine.keras", "notes.txt"):
        (runs / name).write_text("{}")
    monkeypatch.setattr(report, "run_notebooks", lambda *arguments: {})
    report.build("full")
    assert (runs / "a.keras").exists()
    report.build("full", fresh_start=True)
    assert {path.name for path in runs.glob("*.*")} == {"mine.keras", "notes.txt", "written.json"}
    with pytest.raises(SystemExit):
        report.main(["--fresh"])


def test_stored_outputs_are_the_same_whenever_they_are_made(notebooks):
    report.build(store=True)
    stored = contents(notebooks)
    notebook = nbformat.read(notebooks / "01_chapter.ipynb", as_version=4)
    assert [cell.execution_count for cell in notebook.cells if cell.cell_type == "code"] == [1, 2]
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert notebook.cells[1].metadata == {"tags": ["parameters"]} and not notebook.cells[0].metadata
    report.build(store=True)
    assert contents(notebooks) == stored


def test_quick_writes_nothing_into_the_committed_folders(notebooks):
    assert report.main(["--mode", "quick"]) == 0
    assert not paths.report_figures().exists() and (paths.runs("quick") / "figures" / "01_grey.png").exists()


def test_one_figure_with_another_value(notebooks, capsys):
    write_notebook(notebooks, "01", ["GREY = 0.5", FIGURE.replace("{grey}", "GREY"), "print('not for this figure')"])
    report.build(store=True)
    before = contents(paths.report_figures()), contents(notebooks)
    assert figure.main(["01_grey", "-p", "GREY", "1 / 4"]) == 0
    again = paths.cache() / "again"
    assert (again / "01_grey.png").read_bytes() != (paths.report_figures() / "01_grey.png").read_bytes()
    assert "GREY = 1 / 4" in (again / "01_grey.ipynb").read_text() and "not for" not in (again / "01_grey.ipynb").read_text()
    assert (contents(paths.report_figures()), contents(notebooks)) == before
    assert figure.main(["01_grey", "-p", "GRAY", "1"]) == 1 and figure.main(["09_x"]) == 1
    said = capsys.readouterr()
    assert "01_grey.png" in said.out and "begins a line with GRAY =" in said.err and "'09_x' is no figure" in said.err


def test_the_commands_of_the_report_can_be_given():
    page = html.unescape((paths.ROOT / "figures" / "report.html").read_text(encoding="utf-8"))
    said = re.findall(r"python -m helpers\.commands\.figure (\d\S+) -p (\w+) (\S+?)<", page)
    runs = re.findall(r"papermill --cwd notebooks (\S+) mine_\d\d\.ipynb -p MODE quick -p SEED 1", page)
    assert [paths.ROOT / run for run in runs] == report.chapters() and said
    for name, setting, value in said:
        notebook = next(path for path in report.chapters() if path.name[:2] == name[:2])
        settings.changed(nbformat.read(notebook, as_version=4), name, {setting: value})


def test_copies_of_a_reader_are_not_run(notebooks):
    shutil.copy(notebooks / "01_chapter.ipynb", notebooks / "01_chapter-Copy1.ipynb")
    assert [path.name for path in report.chapters()] == ["01_chapter.ipynb"]


def test_nothing_to_run(notebooks, capsys):
    (notebooks / "01_chapter.ipynb").unlink()
    assert report.main([]) == 1
    assert "no notebook named NN_name.ipynb" in capsys.readouterr().err


def record(name, study=None, weights=""):
    return json.dumps({"name": name, "study": study, "minutes": 1.0, "weights_sha256": weights or f"of {name}"})


def results_table(folder, psnr, n_images=10):
    facts = {"notebook": "02", "dataset": "MNIST", "split": "test", "degradation": "noise 0.2 clipped", "method": "median"}
    (folder / "tables").mkdir(parents=True, exist_ok=True)
    pd.DataFrame([facts | {"n_images": n_images, "psnr": psnr}]).to_csv(folder / "tables/02_results.csv", index=False)


def test_shipped_against_retrained(own_folders, capsys):
    runs = paths.runs("full")
    for folder in (runs, paths.records()):
        folder.mkdir(parents=True)
    (paths.records() / "a.json").write_text(record("a"))
    (runs / "a.json").write_text(record("a"))
    (paths.records() / "b.json").write_text(record("b"))
    (runs / "b.json").write_text(record("b", weights="others"))
    (runs / "c.json").write_text(record("c"))
    results_table(paths.report_figures(), 25.0)
    results_table(runs / "figures", 25.05)
    assert promote.compare_trainings()
    said = capsys.readouterr().out
    for line in (r"\ba +1\.0 +same bits", r"\bb +1\.0 +other bits", r"\bc +1\.0 +not shipped", r"25\.05 .*0\.05 +same"):
        assert re.search(line, said), said
    results_table(runs / "figures", 24.8)
    assert not promote.compare_trainings() and "DIFFERS" in capsys.readouterr().out
    results_table(runs / "figures", 25.01, n_images=8)
    assert not promote.compare_trainings() and "OTHER IMAGES" in capsys.readouterr().out
    results_table(runs / "figures", 25.0)
    assert promote.compare_trainings() and "DIFFERS" not in capsys.readouterr().out


def test_promotion_takes_what_is_shipped(own_folders, capsys):
    runs = paths.runs("full")
    runs.mkdir(parents=True)
    (runs / "a.json").write_text(record("a"))
    (runs / "a.keras").write_text("weights a")
    (runs / "b_1.json").write_text(record("b_1", study="b"))  # its table is what is shipped
    (runs / "b_1.keras").write_text("weights b")
    (runs / "b.json").write_text(json.dumps({"name": "b", "minutes": 1.0, "table_sha256": "of b"}))
    (runs / "b.csv").write_text("table b")
    (runs / "mine.keras").write_text("no record")
    assert promote.main() == 0
    assert sorted(path.name for path in paths.weights().iterdir()) == ["a.keras"]
    assert sorted(path.name for path in paths.records().iterdir()) == ["a.json", "b.csv", "b.json"]


def test_the_time_left_counts_what_is_not_finished(own_folders):
    paths.records().mkdir(parents=True)
    for name, minutes in {"a": 2.5, "b": 4.0}.items():
        (paths.records() / f"{name}.json").write_text(json.dumps({"minutes": minutes}))
    assert report.minutes_left() == 6.5
    paths.runs("full").mkdir(parents=True)
    (paths.runs("full") / "b.json").write_text("{}")
    assert report.minutes_left() == 2.5


def test_nothing_to_promote(capsys):
    assert promote.main() == 1
    assert "run `make train` first" in capsys.readouterr().err


def test_no_browser_no_pdf(monkeypatch, capsys):
    monkeypatch.setattr(pdf.shutil, "which", lambda name: None)
    assert report.main(["--pdf"]) == 1
    assert "no Chromium was found: install it, or print" in capsys.readouterr().err


def test_page_numbers_are_read_from_a_pdf_and_written_into_the_contents():
    printed = b"5 0 obj\n<</Type /Page\n>>endobj 9 0 obj <</Type /Page >>endobj 2 0 obj <</Type /Pages>>endobj"
    printed += b"<</first [5 0 R /XYZ 0 0 0] /chapter-2 [9 0 R /XYZ 0 842 0]>>"
    assert pdf.pages_of_anchors(printed) == {"first": 1, "chapter-2": 2}
    entry = '<span class="page" data-page="chapter-2"></span>'
    assert pdf._with_page_numbers(entry, {"chapter-2": 7}) == entry.replace("></", ">7</")
    assert pdf._with_page_numbers(entry, pdf.pages_of_anchors(b"%PDF of another kind")) == entry


def test_a_write_is_whole_or_not_at_all(own_folders):
    path = own_folders / "deep" / "file.txt"
    with files.replacing(path) as temporary:
        temporary.write_text("first")
    with pytest.raises(RuntimeError), files.replacing(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError("the disk is full")
    assert path.read_text() == "first" and [p.name for p in path.parent.iterdir()] == ["file.txt"]


def test_paths_are_shown_without_the_machine():
    assert paths.shown(paths.ROOT / "figures" / "a.png") == "figures/a.png"
    assert paths.shown("/somewhere/else/a.png") == "a.png"


def test_the_command_line_works_from_any_folder(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "helpers.commands.report", "--help"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "--store" in done.stdout


def test_the_package_does_not_start_tensorflow_for_a_report():
    code = "import sys, helpers.commands.report; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], env=os.environ, check=False).returncode == 0


def test_the_readme_shows_the_committed_tables():
    text = (paths.ROOT / "README.md").read_text(encoding="utf-8")
    chapters = {path.name: nbformat.read(path, as_version=4) for path in report.chapters()}
    made = pages.readme(text, paths.ROOT / "figures" / "tables", paths.ROOT / "data" / "timings.csv", chapters)
    assert text == made, "README.md is stale: run `make report`"
    assert text.count("\n| ") > 10


def known_numbers():
    """Every number of the committed tables, records and outputs as it may be printed: with up to four decimals.

    And, as they are written, the numbers that cells have printed and that the authors of published systems claim.
    """
    values, claims = [], set()
    for system in tables.published()["system"]:
        claims |= {f"{claim:.5f}".rstrip("0") for claim in system.get("numbers", [])}
    folder = paths.ROOT / "figures" / "tables"
    rows = tables.results(folder)
    for system in tables.systems(folder, rows):
        fair = evidence.of(system, rows)
        for one in [system, *filter(None, fair.values()), *fair["strong"]]:
            if isinstance(one, dict):
                values += [one[key] for key in ("gain", "low", "high", "theirs", "ours") if one.get(key)]
    claims |= {f"{evidence.least_loss(one['record']):.5f}" for one in tables.published()["system"] if "record" in one}
    for path in [*folder.glob("*.csv"), paths.ROOT / "data" / "timings.csv"]:
        values += pd.read_csv(path).select_dtypes("number").to_numpy().ravel().tolist()
    for path in (paths.ROOT / "data" / "records").glob("*.json"):
        record = json.loads(path.read_text(encoding="utf-8"))
        values += [record[key] for key in ("minutes", "parameters", "trainings") if key in record]
    for path in report.chapters():  # what its cells have printed
        for cell in nbformat.read(path, as_version=4).cells:
            for output in cell.get("outputs", []):
                printed = output.get("text") or output.get("data", {}).get("text/plain", "")
                numbers = re.findall(r"(?<![\w.])\d+\.\d+(?![\w.])", printed)
                claims |= set(numbers)
                values += map(float, numbers)
    finite = np.abs(values)[np.isfinite(values)]  # a loss is said without its sign, too
    return claims | {f"{value:,.{decimals}f}" for value in finite for decimals in range(5)}


def said(page):
    """The text of a page without pictures, captions, code, versions of packages, references, names and their meanings."""
    dropped = [r"<figure.*?</figure>", r"<style.*?</style>", r"<h2>.*?</h2>", r"<pre>.*?</pre>", r"Version \d[\d.]*"]
    dropped += [r"version \d[\d.]*", *(rf'<section id="{name}".*?</section>' for name in ("references", "names"))]
    dropped += [r'class="versions".*?</p>', r"Keras \d[\d.]*", r"CC BY 4\.0|Attribution 4\.0"]
    for part in dropped:
        page = re.sub(part, " ", page, flags=re.DOTALL)
    names = pd.read_csv(paths.ROOT / "data" / "names.csv")
    for name in sorted([*names["name"], *names["meaning"]], key=len, reverse=True):
        page = page.replace(html.escape(name), " ")
    return re.sub(r"<[^>]+>", " ", page)


def unknown_decimals(page, known):
    return sorted(set(re.findall(r"(?<![\w.,])\d[\d,]*\.\d+(?![\w.])", said(page))) - known)


def test_every_number_of_the_report_is_in_a_table(monkeypatch):
    monkeypatch.delenv("COURSE_DATA")  # the records that are shipped, which nothing here writes to
    page, known = (paths.ROOT / "figures" / "report.html").read_text(encoding="utf-8"), known_numbers()
    assert len(re.findall(r"\d+\.\d\d", said(page))) > 200
    assert unknown_decimals(page, known) == []
    wrong = page.replace("claims", "claims 97.31 dB or", 1)
    assert unknown_decimals(wrong, known) == ["97.31"]


PROBE = """<script>
const errors = []; addEventListener("error", e => errors.push(e.message), true);
addEventListener("load", () => {
  const broken = [...document.images].filter(i => !i.complete || i.naturalWidth === 0).length;
  const nameless = [...document.images].filter(i => !i.alt).length;
  const wide = [...document.querySelectorAll("p, h1, h2, h3, figure, figcaption, .table, pre, li")]
    .filter(e => e.getBoundingClientRect().right > innerWidth + 1).length;
  const lost = [...document.querySelectorAll('a[href^="#"]')].filter(a => !document.getElementById(a.hash.slice(1))).length;
  parent.postMessage(JSON.stringify({errors, broken, nameless, wide, lost, pictures: document.images.length,
    sideways: document.documentElement.scrollWidth - innerWidth}), "*");
});
</script>"""
# A window has a least width, a frame has none.
FRAME = """<title></title><script>addEventListener("message", e => document.title = e.data);</script>
<iframe src="page.html" width="{width}" height="900"></iframe>"""


@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_in_a_browser(tmp_path, width):
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no Chromium here: whether the page fits a phone was not looked at")
    text = (paths.ROOT / "figures" / "report.html").read_text(encoding="utf-8")
    for name in re.findall(r'\bsrc="([^":]+)"', text):
        shutil.copy(paths.ROOT / "figures" / name, tmp_path)
    (tmp_path / "page.html").write_text(text.replace("<head>", f"<head>{PROBE}"), encoding="utf-8")
    frame = tmp_path / "frame.html"
    frame.write_text(FRAME.format(width=width), encoding="utf-8")
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--virtual-time-budget=20000"]
    options += [f"--user-data-dir={tmp_path / 'profile'}", "--window-size=1600,1000", "--dump-dom", frame.as_uri()]
    dom = subprocess.run([browser, *options], capture_output=True, text=True, check=True).stdout
    found = json.loads(html.unescape(re.search(r"<title>(\{.*?\})</title>", dom)[1]))
    assert found.pop("pictures") == text.count("<img ") > 30
    assert found.pop("sideways") <= 0
    assert found == {"errors": [], "broken": 0, "nameless": 0, "wide": 0, "lost": 0}
