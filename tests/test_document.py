"""The report as a document: texts from tagged cells, numbered figures, tables with footnotes, prose with numbers."""

import json
import re

import nbformat
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from helpers import datasets, document, paths, plotting
from helpers.document import blocks, claims, evidence, page, prose, settings, tables

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
    write_system(folder, **changed)


def write_system(folder, **changed):
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


def test_a_text_refers_to_the_numbers_of_the_reports_own_list(written):
    notebooks, _ = written
    notebooks["05_tagged.ipynb"].cells[-1].source = REFERENCES.replace("- ", "1. ").replace("1. A. Alpha", "2. A. Alpha")
    works = prose.bibliography(notebooks, [{"name": "Same Work", "what": "a", "where": "B.", "chapter": "02"}])
    assert [work["number"] for work in works] == [1, 2, 3, 4] and works[0]["name"] == "Same Work"
    links = {number: f'<a href="#work-{number}">{number}</a>' for number in range(5)}
    referring = prose.with_numbers_of(works, 5, "Known [1], and [1, 2]; not [7], [1](x) or x[1].")
    assert referring == f"Known [{links[4]}], and [{links[2]}, {links[3]}, {links[4]}]; not [7], [1](x) or x[1]."


def test_a_published_system_is_listed_once_and_not_among_the_literature(written):
    systems = [{"name": "The same work", "what": "a", "where": f"Place {k}.", "chapter": f"0{k}"} for k in (1, 4)]
    first, *others = prose.bibliography(written[0], systems)
    assert "Place 1. Place 4." in first["html"] and first["chapters"] == [1, 2, 4, 5]
    assert [work["name"] for work in others] == [None, None]


def test_a_figure_that_a_text_shows_and_a_table_that_it_speaks_of_are_there(written):
    notebooks, folder = written
    cells = notebooks["05_tagged.ipynb"].cells
    cells[3] = text("![x](../figures/05_b.png)\n\nAbove.", "report-text")
    data = {"text/html": '<style>x</style><table border="1" class="dataframe"><tr><td>20.32</td></tr></table>'}
    shown = nbformat.v4.new_output("execute_result", data)
    cells.insert(5, nbformat.v4.new_code_cell("t", metadata={"tags": ["report-table"]}, execution_count=9, outputs=[shown]))
    made = document.render(notebooks, folder)
    chapter = re.search(r'<section class="chapter" id="chapter-5">.*?</section>', made, flags=re.DOTALL)[0]
    order = [
        chapter.index(part)
        for part in ("Finding 05_a.", "Finding 05_b.", "Above.", '<table class="cards"><tr><td>20.32', "Found")
    ]
    assert order == sorted(order)


def test_the_table_of_systems_says_whose_what_and_how_sure(written):
    made = document.render(*written)
    table = plain(re.search(r'<table class="numbers cards" id="table-systems">.*?</ol>', made, flags=re.DOTALL)[0])
    assert "noisy photographs Image Denoising +7.96 +7.25 to +8.50 27.95 1 26.49 20.32 32.22 non-local means" in table
    assert "34.45 U-Net, best; 330,843 parameters, 7.1 min 16 2" in table and "don&#39;t say how strong" in table
    box = plain(re.search(r'id="system-5">.*?</div>', made, flags=re.DOTALL)[0])
    assert "No author and no address are known to us." in box and "+7.96 dB (+7.25 to +8.50; 16 pictures" in box
    assert "https://github.com/WarriorRy/Low-light-Image-Enhancement , seen" in plain(made)
    everything = plain(re.search(r'id="all-5">.*?</section>', made, flags=re.DOTALL)[0])
    assert "n = 8 Intervals cover the choice of pictures, with one training of each network. non-local means" in everything
    assert "n = 8" not in re.search(r'id="table-5">.*?</table>', made, flags=re.DOTALL)[0]


def study(name, **columns):
    paths.records().mkdir(parents=True, exist_ok=True)
    pd.DataFrame(columns).to_csv(paths.records() / f"{name}.csv", index=False)


def test_a_gain_stands_beside_what_a_fair_comparison_leaves(written):
    notebooks, folder = written
    images, spread = range(20), np.linspace(-1, 1, 20)
    study("05_eight_views", image=images, method="one", psnr=34.45 + spread)
    layers = {"image": images, "network": "published", "trained": "for long", "steps": 60_000}
    study("05_training_or_architecture", psnr=33.25 + 1.2 * spread, **layers)
    made = plain(document.render(notebooks, folder))
    assert "trained as the U-Net was, reach 33.25 dB, and then the U-Net is 1.20 dB (1.1" in made and "18 scenes) ahead" in made
    assert "+1.20 over the published layers, both trained alike for 60,000 steps (" in made


def test_strengths_of_noise_at_which_the_recipe_is_ahead():
    facts = {"notebook": "02", "method": "U-Net, best", "gain_low": -2.0}
    levels = [("noise 0.2 clipped", 3.6, 3.7), ("noise 0.4 clipped", -1.6, -1.5), ("noise 0.5 clipped", -0.1, 0.1)]
    rows = pd.DataFrame([facts | {"degradation": name, "gain": gain, "gain_high": high} for name, gain, high in levels])
    system = {"notebook": "02", "input_psnr": 16.0, "best": "U-Net, best", "best_psnr": 27.0, "n_images": 500}
    rows["psnr"] = 27.0
    assert [one["sigma"] for one in evidence.of(system, rows)["strong"]] == ["0.4"]


def test_the_lead_over_the_best_classical_method_comes_from_the_chapters_table(written):
    notebooks, folder = written
    path = folder / "tables" / "05_results.csv"
    lead = {"classical": "BM3D", "over_classical": -0.55, "over_classical_low": -0.8, "over_classical_high": -0.3}
    rows = pd.read_csv(path, dtype={"notebook": str}).assign(n_images=16, interval_over="scenes", **lead)
    rows.to_csv(path, index=False)
    write_system(folder / "tables", classical="BM3D", classical_psnr=35.0)
    made = plain(document.render(notebooks, folder))
    assert "BM3D, which has learned nothing, stays ahead of it by 0.55 dB (0.30 to 0.80; 18 scenes)" in made
    assert "non-commercial use only" in made


def test_a_table_knows_the_names_of_its_columns_for_a_narrow_page():
    head = "<thead><tr><th></th><th>PSNR</th><th>gain</th></tr></thead>"
    body = "<tbody><tr><th>a</th><td>1.0</td><td></td></tr></tbody>"
    cell = nbformat.v4.new_code_cell("t", metadata={"tags": ["report-table"]})
    cell.outputs = [nbformat.v4.new_output("execute_result", {"text/html": f"<table border=1>{head}{body}</table>"})]
    assert '<td data-label="PSNR">1.0</td><td data-label="gain" class="empty"></td>' in prose.table(cell)


def test_what_a_text_announces_comes_with_it(written):
    notebooks, folder = written
    cells = notebooks["05_tagged.ipynb"].cells
    announced = next(cell for cell in cells if "05_b" in cell.source)
    cells.remove(announced)
    printed = nbformat.v4.new_output("stream", text="a 20.32\n")
    data = nbformat.v4.new_output("execute_result", {"text/html": "<table><tr><td>34.45</td></tr></table>"})
    cells[3:3] = [
        text("The minutes:", "report-text"),
        nbformat.v4.new_code_cell("minutes = 1"),
        nbformat.v4.new_code_cell("print(minutes)", execution_count=7, outputs=[printed]),
        nbformat.v4.new_code_cell("t", execution_count=8, outputs=[data]),
        text("This table says it. See here:", "report-text"),
        text("Not for the report either."),
        text("Here is the curve:", "report-text"),
        announced,
    ]
    chapter = re.search(r'id="chapter-5">.*?</section>', document.render(notebooks, folder), flags=re.DOTALL)[0]
    order = ["The minutes:", "a 20.32", "<td>34.45", "This table says it.", "Here is the curve:", "Finding 05_b."]
    assert [chapter.index(part) for part in order] == sorted(chapter.index(part) for part in order)
    assert "See here" not in chapter


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("<p>A. Here it is:</p>\n", "<p>A.</p>\n"),
        ("<p>So much <b>more:</b></p>", "<p>So much <b>more.</b></p>\n"),
        ("<p>A.</p>", "<p>A.</p>"),
    ],
)
def test_a_colon_before_nothing_goes(text, left):
    assert blocks.without_colon(text) == left


def test_abstract_and_conclusion_follow_the_numbers(written):
    notebooks, folder = written
    made = plain(document.render(notebooks, folder))
    said = "reach 26.49 dB on 16 patches, non-local means 32.22 dB and a U-Net 34.45 dB, "
    said += "7.96 dB more (7.25 to 8.50) than the recipe"
    assert said in made
    assert "none with more parameters" in made and "Of the one published recipe with a degraded input, one ends below" in made
    assert "below the input:" not in made and "stays ahead of it" not in made
    write_tables(folder / "tables", input_psnr=28.01, params=400_000)
    made = plain(document.render(notebooks, folder))
    assert "one even below the input: noisy photographs (28.01 dB before, 26.49 after)" in made
    assert "none with more parameters" not in made
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
    assert "one such answer scores 13.71 dB and the mean of 16 answers 15.31 dB" in plain(document.render(notebooks, folder))
    pd.DataFrame(rows).assign(psnr=14.0).to_csv(folder / "tables" / "07_results.csv", index=False)
    assert "looks like a digit" not in document.render(notebooks, folder)


def test_a_gain_over_the_recipe_is_not_mistaken_for_one_over_the_input(written):
    notebooks, folder = written
    path = folder / "tables" / "05_results.csv"
    rows = pd.read_csv(path, dtype={"notebook": str}).replace({"against": {"pooled, published recipe": "degraded input"}})
    rows.to_csv(path, index=False)
    made = plain(document.render(notebooks, folder))
    assert "7.96 dB more, and 7.96 dB more than the picture that goes in (7.25 to 8.50)" in made
    assert "no paired interval is known. Over the input the gain is +7.96 dB (+7.25 to +8.50)" in made


def test_an_interval_over_trainings_is_said_to_be_one(written):
    notebooks, folder = written
    path = folder / "tables" / "05_results.csv"
    pd.read_csv(path, dtype={"notebook": str}).assign(interval_over="trainings").to_csv(path, index=False)
    assert "Means of several trainings; intervals cover these" in document.render(notebooks, folder)


def test_minutes_of_the_training_that_a_network_started_from(written):
    paths.records().mkdir(parents=True)
    facts = {"parameters": 330843, "trained_with": {"machine": "m", "keras": "3"}}
    first = facts | {"name": "denoise_blind", "minutes": 7.7, "weights_sha256": "a"}
    second = facts | {"name": "denoise_25", "minutes": 7.08, "weights_sha256": "b"}
    for record, start in ((first, "its initializers"), (second, "a")):
        record["recipe"] = {"starts_from": start, "epochs": 12, "batches": 50, "data": {"batch_size": 8}}
        (paths.records() / f"{record['name']}.json").write_text(json.dumps(record))
    made = document.render(*written)
    assert "It went on from denoise_blind, whose 7.7 minutes come on top." in made
    assert "<td>12</td>\n<td>8</td><td>600</td>" in made  # epochs, batch, steps


def test_a_copy_is_called_exact_and_its_footnotes_say_why(written):
    notebooks, folder = written
    write_tables(folder / "tables", input_psnr=np.inf, notebook="03", published_psnr=43.29, best_psnr=26.49)
    made = document.render(notebooks, folder)
    assert "exact" in made and "The input is the answer" in made and "nothing is gained by a better copy" in made
    assert "but for copies of the pictures that it was trained on" in plain(made)


def test_a_formula_may_go_over_the_end_of_a_line():
    made = prose.html("the mean $E[x \\mid\ny]$ of all, for $5\n\nand a line")
    assert made.count("<img") == 1 and r"E[x \mid y]" in made and "for $5" in made


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
    assert {note["column"] for note in said["note"]} <= {
        "published",
        "recipe",
        "input",
        "classical",
        "best",
        "gain",
        "n",
        "minutes",
    }
    assert all(("author" in one) == ("url" in one) == ("looked_up" in one) for one in said["system"])
    assert all(one["states"] and one["chosen"] for one in said["system"])


def test_what_is_true_of_a_claim(written):
    rows = tables.systems(written[1] / "tables", tables.results(written[1] / "tables"))
    system = {"chapter": "05", "numbers": [27.95]}
    said = "26.49 dB (noisy photographs), less than non-local means with 32.22 dB"
    assert claims.verdict(system, rows) == {"found": said}
    assert claims.verdict(system | {"numbers": [26, 27]}, rows)["found"].startswith("26.49 dB: reproduced")
    given = [row | {"input_psnr": 28.0, "classical": None} for row in rows]
    assert claims.verdict(system, given)["found"] == "less than it is given: 26.49 dB out of 28.00 dB"
    assert "no error at all" in claims.verdict(system, [rows[0] | {"input_psnr": np.inf}])["found"]
    assert claims.verdict(system | {"chapter": "01"}, rows) == {"found": ""}


def test_a_figure_with_other_values(written):
    notebook = written[0]["05_tagged.ipynb"]
    notebook.cells[2].source = "SIZE = [\n    1,\n]\nsigma = 0.1\nprint(SIZE, sigma)"
    assert settings.of_chapters(written[0]) == [{"chapter": 5, "name": "SIZE", "value": "[1]", "figure": "05_a"}]
    made = settings.changed(notebook, "05_a", {"SIZE": "SEED / 255", "sigma": "my.png", "MODE": "quick"})
    assert len(made.cells) == 3 and made.cells[1].source.startswith("MODE = 'quick'\n")
    assert made.cells[2].source == "SIZE = SEED / 255\nsigma = 'my.png'\nprint(SIZE, sigma)"
    assert "0.1" in notebook.cells[2].source
    with pytest.raises(ValueError, match="expected one of 05_a, 05_b, 05_c"):
        settings.changed(notebook, "05_d", {})
    with pytest.raises(ValueError, match="no cell before 05_a begins a line with tau ="):
        settings.changed(notebook, "05_a", {"tau": "1"})


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
