"""The report as a document: texts from tagged cells, numbered figures, tables with footnotes, prose with numbers."""

import json
import re

import nbformat
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from helpers import datasets, document, paths, plotting
from helpers.document import page, prose, tables

TITLE = "# 5 · A chapter: with a colon\n\n*Its sentence.*\n\n**Questions.** Why?\n\n**You need** patience."
REFERENCES = """## Summary

All in all.

## References

- B. Zed and A. Other, "The same work", *Journal* 1(2), 2001: a comment.
- A. Alpha, "First", 1999; C. Charlie, "Third", 2003.
"""


def text(source, *tags):
    return nbformat.v4.new_markdown_cell(source, metadata={"tags": list(tags)} if tags else {})


def drawing(name, number, shown):
    """A cell that showed a figure, as a run leaves it behind."""
    figure = Figure()
    figure.subplots().plot([1, 2], [3, 4])
    before = len(shown)
    plotting.save_figure(figure, name, "lines")
    data, metadata = shown[before]
    output = nbformat.v4.new_output("display_data", data, metadata=metadata)
    return nbformat.v4.new_code_cell(f'show("{name}")', execution_count=number, outputs=[output])


@pytest.fixture
def written(own_folders, shown, monkeypatch):
    """A folder of figures and tables, and two chapters: one with tagged cells, one without."""
    names = ("05_a", "05_b", "05_c", "02_a")
    captions = {name: {"caption": f"Finding {name}.", "alt": f"What {name} shows."} for name in names}
    captions["05_a"]["report"] = captions["05_c"]["report"] = True
    monkeypatch.setattr(plotting, "captions", lambda: captions)
    parameters = nbformat.v4.new_code_cell('MODE = "pretrained"\nSEED = 0\nPAIRS = None', metadata={"tags": ["parameters"]})
    tagged = [
        text(TITLE, "report-text"),
        parameters,
        drawing("05_a", 2, shown),
        text("Not for the report."),
        drawing("05_b", 3, shown),
        text("![x](../figures/05_c.png)\n\n## Found\n\nWith $x^2$, see [all](solutions/05.ipynb).", "report-text"),
        drawing("05_c", 4, shown),
        text(REFERENCES),
    ]
    plain = [text("# 2 · Plain\n\n*A sentence.*"), parameters, drawing("02_a", 2, shown), text(REFERENCES)]
    folder = paths.report_figures()
    for split in datasets.SPLITS:
        (folder / f"photos_{split}.png").write_bytes((folder / "05_a.png").read_bytes())
    (folder / "tables").mkdir()
    write_tables(folder / "tables")
    chapters = {"02_plain.ipynb": plain, "05_tagged.ipynb": tagged}
    return {name: nbformat.v4.new_notebook(cells=cells) for name, cells in chapters.items()}, folder


def write_tables(folder, **changed):
    facts = {"notebook": "05", "dataset": "photographs", "split": "test", "degradation": "noise 25/255", "published_psnr": None}
    facts |= {"mse": 0.01, "ssim": 0.5, "params": 0, "source": "computed", "n_images": 16, "psnr_low": 20.1, "psnr_high": 20.9}
    gain = {"against": "pooled, published recipe", "gain": 7.96, "gain_low": 7.25, "gain_high": 8.5}
    rows = [
        {"method": "degraded input", "kind": "input", "psnr": 20.32},
        {"method": "pooled, published recipe", "kind": "published", "psnr": 26.49, "published_psnr": 27.95, "params": 333955},
        {"method": "non-local means", "kind": "classical", "psnr": 32.22, "n_images": 8},
        {"method": "U-Net, best", "kind": "network", "psnr": 34.45, "params": 330843} | gain,
    ]
    pd.DataFrame([facts | row for row in rows]).to_csv(folder / "05_results.csv", index=False)
    system = {"task": "noisy photographs", "notebook": "05", "n_images": 16, "published_psnr": 27.95, "recipe_psnr": 26.49}
    system |= {"input_psnr": 20.32, "classical": "non-local means", "classical_psnr": 32.22, "best": "U-Net, best"}
    system |= {"best_psnr": 34.45, "params": 330843, "minutes": 7.08} | changed
    pd.DataFrame([system]).to_csv(folder / "06_systems.csv", index=False)


def plain(html):
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_a_chapter_is_its_tagged_texts_and_its_figures_in_order(written):
    made = document.render(*written)
    chapter = re.search(r'<section class="chapter" id="chapter-5">.*?</section>', made, flags=re.DOTALL)[0]
    assert "Not for the report" not in made and "patience" not in made and "Why?" in chapter
    order = [chapter.index(part) for part in ("Its sentence", "Finding 05_a.", "Finding 05_c.", "<h3>Found</h3>", "Table 5.")]
    assert order == sorted(order)
    assert "<b>Figure 5.1.</b> Finding 05_a." in chapter and "<b>Figure 5.2.</b> Finding 05_c." in chapter
    assert chapter.count("Finding 05_c.") == 1 and "Finding 05_b" not in chapter
    assert re.search(r"<summary>Chapter 5: 1 figures.*<b>Figure 5\.3\.</b> Finding 05_b\.", made, flags=re.DOTALL)
    assert 'alt="What 05_a shows."' in chapter and 'alt="x^2"' in chapter
    assert '<a href="../notebooks/solutions/05.ipynb">' in chapter
    assert '<a href="05_a.svg">SVG</a>' in chapter and '<a href="../notebooks/05_tagged.ipynb">chapter 5, cell 2</a>' in chapter


def test_a_chapter_without_tags_has_its_sentence_and_its_summary(written):
    chapter = re.search(r'id="chapter-2">.*?</section>', document.render(*written), flags=re.DOTALL)[0]
    assert "A sentence." in chapter and "All in all." in chapter and "<b>Figure 2.1.</b>" in chapter


def test_the_same_report_has_the_same_bytes(written):
    assert document.render(*written) == document.render(*written)


def test_version_and_date_are_those_of_the_citation(written):
    made, about = document.render(*written), page.citation()
    assert f"Version {about['version']}, {about['date-released']}" in made and about["authors"] in made
    assert f"<title>{about['title']}" in made


def test_every_entry_of_the_contents_leads_somewhere(written):
    made = document.render(*written)
    anchors = re.findall(r'href="#([^"]+)"', made)
    assert len(anchors) > 10 and all(made.count(f'id="{anchor}"') == 1 for anchor in anchors)


def test_each_work_is_listed_once_by_its_first_author(written):
    listed = prose.bibliography(written[0])
    assert [work["html"].partition(",")[0] for work in listed] == ["A. Alpha", "C. Charlie", "B. Zed and A. Other"]
    assert all(work["chapters"] == [2, 5] for work in listed)


def test_the_table_of_systems_says_whose_what_and_how_sure(written):
    made = document.render(*written)
    table = plain(re.search(r'<table class="numbers" id="table-systems">.*?</ol>', made, flags=re.DOTALL)[0])
    assert "noisy photographs Image Denoising 27.95 1 26.49 20.32 32.22 non-local means 34.45 U-Net, best" in table
    assert "+7.96 +7.25 to +8.50 16 2 330,843 7.1" in table and "don&#39;t say how strong" in table
    chapter = plain(re.search(r'id="table-5">.*?</section>', made, flags=re.DOTALL)[0])
    assert "non-local means 32.22 8 2 20.10 to 20.90" in chapter and "Published system: Image Denoising" in chapter


def test_abstract_and_conclusion_follow_the_numbers(written):
    notebooks, folder = written
    made = plain(document.render(notebooks, folder))
    assert "reaches 26.49 dB on 16 patches, non-local means 32.22 dB and a U-Net 34.45 dB, 7.96 dB more (7.25 to 8.50)" in made
    assert "with no more parameters" in made and "In 1 of 1 tasks" in made and "below the input" not in made
    write_tables(folder / "tables", input_psnr=28.01, params=400_000)
    made = plain(document.render(notebooks, folder))
    assert "even below the input: noisy photographs (28.01 dB before, 26.49 after)" in made
    assert "with no more parameters" not in made
    write_tables(folder / "tables", classical_psnr=25.0)
    assert "A high score was no sign" not in document.render(notebooks, folder)


def test_the_abstract_says_what_one_answer_costs_where_chapter_07_has_measured_it(written):
    notebooks, folder = written
    assert "looks like a digit" not in document.render(notebooks, folder)
    facts = {"notebook": "07", "dataset": "MNIST", "split": "test", "degradation": "noise 1 unclipped", "kind": "network"}
    facts |= {"params": 353_337, "n_images": 300, "mse": 0.04, "ssim": 0.5, "published_psnr": None, "source": "record"}
    scored = {"one answer in steps": 13.71, "mean of 8 answers": 15.12, "mean of 16 answers": 15.31}
    rows = [facts | {"method": method, "psnr": psnr} for method, psnr in scored.items()]
    pd.DataFrame(rows).to_csv(folder / "tables" / "07_results.csv", index=False)
    assert "one such answer has 13.71 dB and the mean of 16 has 15.31 dB" in plain(document.render(notebooks, folder))
    pd.DataFrame(rows).assign(psnr=14.0).to_csv(folder / "tables" / "07_results.csv", index=False)
    assert "looks like a digit" not in document.render(notebooks, folder)


def test_minutes_of_the_training_that_a_network_started_from(written):
    paths.records().mkdir(parents=True)
    facts = {"parameters": 330843, "trained_with": {"machine": "m", "keras": "3"}}
    first = facts | {"name": "denoise_blind", "minutes": 7.7, "weights_sha256": "a"}
    second = facts | {"name": "denoise_25", "minutes": 7.08, "weights_sha256": "b"}
    for record, start in ((first, "its initializers"), (second, "a")):
        record["recipe"] = {"starts_from": start, "epochs": 12}
        (paths.records() / f"{record['name']}.json").write_text(json.dumps(record))
    assert "It went on from denoise_blind, whose 7.7 minutes come on top." in document.render(*written)


def test_a_copy_is_called_exact_and_its_footnotes_say_why(written):
    notebooks, folder = written
    write_tables(folder / "tables", input_psnr=np.inf, notebook="03", published_psnr=43.29, best_psnr=26.49)
    made = document.render(notebooks, folder)
    assert "exact" in made and "The input is the answer" in made and "nothing is gained by a better copy" in made
    assert "but for a copy of the picture" in plain(made)


@pytest.mark.parametrize("latex", [r"\hat{x} = f(x)", r"\begin{cases} a \end{cases}"])
def test_formulas_are_pictures_or_as_they_are_written(latex):
    made = prose.formula(latex, "formula")
    assert made.startswith("<img" if "hat" in latex else "<code>") and made == prose.formula(latex, "formula")


def test_every_published_system_has_a_name_a_claim_and_a_source():
    said = tables.published()
    assert [one["chapter"] for one in said["system"]] == ["01", "02", "03", "04", "05"]
    for one in said["system"]:
        assert all(len(one[key]) > 3 for key in ("name", "what", "where", "claim"))
        assert all(f"{number:g}" in one["claim"] or f"{number:.4f}" in one["claim"] for number in one.get("numbers", []))
    assert {note["column"] for note in said["note"]} <= {"published", "recipe", "input", "classical", "best", "n", "minutes"}


def test_slides_show_each_figure_once_and_ask_before(written):
    notebooks, folder = written
    notebook = notebooks["05_tagged.ipynb"]
    notebook.cells.insert(2, text("## First\n\nSome text.\n\n> **Guess first.** Is it *a*\n> or b?\n>\n> Or neither?\n\nMore."))
    shown = document.slides("05_tagged.ipynb", notebook, folder)
    sections = re.findall(r"<section>.*?</section>", shown, re.DOTALL)
    assert "A chapter: with a colon" in sections[0] and "Its sentence." in sections[0]
    assert "<h2>First</h2>" in sections[1] and "<em>a</em>\nor b?" in sections[1] and "Or neither?" in sections[1]
    assert "More." not in sections[1]
    assert [re.findall(r"Finding (\w+)\.", one) for one in sections[2:5]] == [["05_a"], ["05_b"], ["05_c"]]
    assert all(re.search(r'alt="What 05_\w shows\." src="data:image/', one) for one in sections[2:5])
    assert "<h2>Found</h2>" in sections[4] and "All in all." in sections[5]
    assert not re.search(r'(src|href)="(?!data:|#)', shown), "a page of slides needs no other file"
