"""Run the notebooks, collect what they wrote, and make the report: ``python -m helpers.report``.

A run writes into a folder of its own. Only when every notebook has come through do its figures and tables take the place
of those that stood, so a failure leaves everything as it was.
"""

import argparse
import base64
import concurrent.futures
import contextlib
import filecmp
import html
import importlib.metadata
import io
import json
import multiprocessing
import os
import pathlib
import re
import shutil
import subprocess
import sys
import threading
import time

import nbformat
import numpy as np
import pandas as pd
import papermill
from papermill.exceptions import PapermillExecutionError
from PIL import Image, ImageOps
from skimage import util

from helpers import paths, photos

NOTEBOOKS = paths.ROOT / "notebooks"
README = paths.ROOT / "README.md"
TOLERANCE = 0.1  # dB of test PSNR that a training on another machine may move
MEMORY_OF_A_NOTEBOOK = 3 * 2**30  # bytes that are free for each that runs side by side with others
WORDS_PER_MINUTE = 130  # of reading, code counted as words
_HEADLINES = ("noise 0.2 clipped",)  # the degradations whose results stand in the README
PACKAGES = ("keras", "tensorflow", "numpy", "scipy", "scikit-image", "pandas", "matplotlib", "papermill")


class NotebookFailed(RuntimeError):
    """A notebook that stopped, with the cell and the traceback in its text."""


def run_notebook(source, destination, mode, figures, position=0):
    """Execute a notebook in its own folder and write the executed copy.

    Parameters
    ----------
    source, destination : path-like
        The notebook, and where the executed copy goes.
    mode : {"pretrained", "quick", "full"}
    figures : path-like
        The folder for its figures, tables in ``tables/`` below it.
    position : int, optional
        Line of the terminal for its progress, when several run side by side.

    Returns
    -------
    nbformat.NotebookNode
        The executed notebook, without what changes from run to run.

    Raises
    ------
    NotebookFailed
        When a cell fails; the executed copy then shows how far it came.
    """
    source, destination = pathlib.Path(source), pathlib.Path(destination)
    destination.parent.mkdir(parents=True, exist_ok=True)
    parameters = {} if mode == "pretrained" else {"MODE": mode}  # without parameters no cell is added
    line = {
        "desc": source.stem,
        "bar_format": "{desc}: {n_fmt}/{total_fmt} cells, {elapsed}",
        "mininterval": 1,
        "position": position,
    }
    progress = destination.with_suffix(".progress").absolute()
    environment = {"COURSE_FIGURES": str(pathlib.Path(figures).absolute()), "COURSE_PROGRESS": str(progress)}
    options = {"kernel_name": "python3", "progress_bar": line, "extra_arguments": ["--log-level=40"]}
    try:
        with _environment(environment), _shown_in_the_terminal(progress):
            executed = papermill.execute_notebook(source, destination, parameters, cwd=source.parent, **options)
    except PapermillExecutionError as error:
        raise NotebookFailed(
            f"{source.name} failed in cell In [{error.exec_count}] (number {error.cell_index + 1} from the top):{error}"
            f"The notebook as far as it came: {paths.shown(destination)}"
        ) from error
    executed = normalised(executed)
    with paths.replacing(destination) as temporary:
        nbformat.write(executed, temporary)
    return executed


@contextlib.contextmanager
def _environment(variables):
    """Environment variables that a kernel started in this block inherits."""
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextlib.contextmanager
def _shown_in_the_terminal(progress):
    """While a notebook runs, what its trainings write into the file `progress` stands in the terminal."""
    done = threading.Event()

    def watch():
        last = ""
        while not done.wait(1):
            text = progress.read_text(encoding="utf-8").strip() if progress.exists() else ""
            if text and text != last:
                print(f"\r{text}".ljust(72), end="", file=sys.stderr, flush=True)
            last = text

    if sys.stderr.isatty():
        threading.Thread(target=watch, daemon=True).start()
    try:
        yield
    finally:
        done.set()
        progress.unlink(missing_ok=True)


def normalised(notebook):
    """The notebook without times, machine paths and other metadata that differ from run to run.

    Parameters
    ----------
    notebook : nbformat.NotebookNode

    Returns
    -------
    nbformat.NotebookNode
        The same object: kernel and language name kept, of the cells' metadata only tags, cell ids counted through.
    """
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
    )
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number:02d}"
        cell.metadata = nbformat.from_dict({"tags": cell.metadata.tags} if cell.metadata.get("tags") else {})
    return notebook


def build(mode="pretrained", store=False):
    """Run every notebook and put what they wrote in its place.

    Parameters
    ----------
    mode : {"pretrained", "quick", "full"}, optional
        Figures and tables of "pretrained" go to figures/, others to the mode's folder in data/cache/.
    store : bool, optional
        Also take the outputs over into notebooks/.

    Raises
    ------
    FileNotFoundError
        When there is no notebook.
    NotebookFailed
        When a notebook stopped, after all others have run; nothing that stood is changed then.
    """
    sources = sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))
    if not sources:
        raise FileNotFoundError(f"no notebook named NN_name.ipynb in {paths.shown(NOTEBOOKS)}")
    work = paths.cache() / "report" if mode == "pretrained" else paths.runs(mode)
    fresh = work / "figures.new"
    shutil.rmtree(fresh, ignore_errors=True)
    executed = run_notebooks(sources, work, mode, fresh)
    if mode == "pretrained":
        for split in photos.SPLITS:
            contact_sheet(photos.load_photos(split), fresh / f"photos_{split}.png")
        with paths.replacing(fresh / "report.html") as temporary:
            temporary.write_text(page(list(executed.values()), fresh), encoding="utf-8")
    target = paths.figures() if mode == "pretrained" else work / "figures"
    take_over(fresh, target)
    if mode == "pretrained":
        text = README.read_text(encoding="utf-8")
        made = readme(text, target / "tables", paths.data() / "timings.csv")
        if made != text:
            with paths.replacing(README) as temporary:
                temporary.write_text(made, encoding="utf-8")
    if store:
        for name, notebook in executed.items():
            with paths.replacing(NOTEBOOKS / name) as temporary:
                nbformat.write(notebook, temporary)
    print(f"{len(executed)} notebook(s) in {mode!r}; figures and tables are in {paths.shown(target)}")


def run_notebooks(sources, work, mode, figures):
    """Execute notebooks, in "pretrained" side by side as far as cores and memory allow.

    The last one runs after all others: it reads the tables that they write. One that fails does not stop the others.

    Parameters
    ----------
    sources : list of pathlib.Path
    work : pathlib.Path
        The folder for the executed copies.
    mode, figures
        As for `run_notebook`.

    Returns
    -------
    dict of str to nbformat.NotebookNode
        The executed notebooks by file name, in the order of `sources`.

    Raises
    ------
    NotebookFailed
        When one or more stopped, with the cell and the traceback of each.
    """
    failures = []
    for group in (sources[:-1], sources[-1:]):
        memory = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 0
        fitting = min(len(group), os.cpu_count() or 1, memory // MEMORY_OF_A_NOTEBOOK)
        workers = max(1, fitting if mode == "pretrained" else 1)
        pool = concurrent.futures.ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))
        with pool:
            running = [
                pool.submit(run_notebook, source, work / source.name, mode, figures, number % workers)
                for number, source in enumerate(group)
            ]
            for future in running:
                try:
                    future.result()
                except NotebookFailed as error:
                    failures.append(str(error))
    if failures:
        raise NotebookFailed("\n\n".join([*failures, f"{len(failures)} of {len(sources)} notebooks failed"]))
    return {source.name: nbformat.read(work / source.name, as_version=4) for source in sources}


def readme(text, tables, timings):
    """README.md with its generated parts made anew.

    Parameters
    ----------
    text : str
        The page, with ``<!-- NAME -->`` and ``<!-- end of NAME -->`` around each part: "results" and "minutes".
    tables : pathlib.Path
        The folder with the NN_results.csv.
    timings : pathlib.Path
        data/timings.csv.

    Returns
    -------
    str
    """
    results = pd.concat([pd.read_csv(path) for path in sorted(tables.glob("*_results.csv"))])
    largest = results.groupby(["notebook", "dataset", "degradation"])["n_images"].transform("max")
    shown = results[(results["n_images"] == largest) & (results["split"] == "test") & results["degradation"].isin(_HEADLINES)]
    lines = [
        f"| {row.method} | {row.params:,} | {row.psnr:.2f} | {row.ssim:.3f} | {_published(row.published_psnr)} |"
        for row in shown.itertuples()
    ]
    head = "| method | parameters | PSNR, dB | SSIM | published, dB |\n|---|--:|--:|--:|--:|"
    minutes = [
        f"| {row.notebook} | {row.reading:.0f} | {row.pretrained:.1f} | {row.quick:.1f} | {row.full:.0f} |"
        for row in (pd.read_csv(timings).itertuples() if timings.exists() else ())
    ]
    parts = {
        "results": "\n".join([head, *lines]),
        "minutes": "\n".join(["| chapter | read | pretrained | quick | full |\n|---|--:|--:|--:|--:|", *minutes]),
    }
    for name, part in parts.items():
        marks = f"<!-- {name} -->", f"<!-- end of {name} -->"
        before, _, rest = text.partition(marks[0])
        _, end, after = rest.partition(marks[1])
        if not end:
            raise ValueError(f"README.md has no part between {marks[0]} and {marks[1]}")
        text = f"{before}{marks[0]}\n{part}\n{marks[1]}{after}"
    return text


def _published(value):
    return "" if pd.isna(value) else f"{value:g}"


def take_over(fresh, target):
    """Move a finished run's files to `target`, file by file, and remove those that no notebook writes any more."""
    wanted = {path.relative_to(fresh) for path in fresh.rglob("*") if path.is_file()}
    for name in sorted(wanted):
        if not ((target / name).exists() and filecmp.cmp(fresh / name, target / name, shallow=False)):
            with paths.replacing(target / name) as temporary:
                shutil.copyfile(fresh / name, temporary)
    for path in [path for path in target.rglob("*") if path.is_file()]:
        if path.relative_to(target) not in wanted and path.suffix in (".png", ".csv", ".html"):
            path.unlink()
    shutil.rmtree(fresh)


def contact_sheet(pictures, path):
    """Write small copies of many photographs as one picture of the page's width.

    Parameters
    ----------
    pictures : list of numpy.ndarray of uint8, each of shape (height, width, 3)
        In reading order; what does not fit the shape of a place is cut off at the sides.
    path : path-like
        The PNG file, of at most 256 colours, which keeps it small.
    """
    columns = 10 if len(pictures) > 40 else 5
    size = 840 // columns, 560 // columns
    places = [np.asarray(ImageOps.fit(Image.fromarray(picture), size, Image.Resampling.BICUBIC)) for picture in pictures]
    grid = (-(-len(places) // columns), columns)
    sheet = util.montage(places, fill=(255, 255, 255), grid_shape=grid, padding_width=2, channel_axis=-1)
    with paths.replacing(path) as temporary:
        Image.fromarray(sheet).quantize(256).save(temporary, optimize=True)


def page(notebooks, figures):
    """The report as one self-contained HTML page.

    Parameters
    ----------
    notebooks : list of nbformat.NotebookNode
        Executed.
    figures : pathlib.Path
        The folder with the contact sheets and, in ``tables/``, the NN_results.csv.

    Returns
    -------
    str
    """
    results = pd.concat([pd.read_csv(path) for path in sorted((figures / "tables").glob("*_results.csv"))], ignore_index=True)
    body = "".join(_chapter(notebook) for notebook in notebooks)
    return _PAGE.format(body=body, photographs=_photographs(figures), results=_html_table(results), produced=_how_produced())


def _photographs(figures):
    parts = []
    for split, rows in photos.table().groupby("split", sort=False):
        alt = f"The {len(rows)} photographs of {rows['scene'].nunique()} scenes in the split {split!r}, small."
        parts.append(_figure((figures / f"photos_{split}.png").read_bytes(), alt))
    return "".join(parts)


def _chapter(notebook):
    parts = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and not parts:
            title, _, rest = cell.source.partition("\n")
            sentence = rest.strip().split("\n\n")[0]
            parts.append(f"<h2>{html.escape(title.lstrip('# '))}</h2><p class='sentence'>{_inline(sentence)}</p>")
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if "image/png" in data:
                parts.append(_figure(base64.b64decode(data["image/png"]), output.metadata["image/png"]["alt"]))
    return f"<section>{''.join(parts)}</section>"


def _figure(png, alt):
    """A picture with its description as caption; as WebP it takes a fraction of the PNG in figures/."""
    stream, alt = io.BytesIO(), html.escape(alt, quote=True)
    with Image.open(io.BytesIO(png)) as picture:
        size = picture.size
        picture.convert("RGB").save(stream, "webp", quality=88, method=4)
    data = base64.b64encode(stream.getvalue()).decode()
    image = f'<img width="{size[0]}" height="{size[1]}" alt="{alt}" src="data:image/webp;base64,{data}">'
    return f"<figure>{image}<figcaption>{alt}</figcaption></figure>"


def _inline(markdown):
    """The little Markdown that a chapter's first sentence uses: emphasis."""
    return re.sub(r"\*+(.+?)\*+", r"<em>\1</em>", html.escape(markdown.lstrip("> ")))


def _html_table(results):
    shown = results.drop(columns=["mse"]).rename(columns={"params": "parameters", "n_images": "images", "psnr": "PSNR (dB)"})
    shown = shown.rename(columns={"ssim": "SSIM", "published_psnr": "published (dB)"})
    formats = {"PSNR (dB)": "{:.2f}".format, "SSIM": "{:.3f}".format, "parameters": "{:,}".format, "images": "{:,}".format}
    return shown.to_html(index=False, border=0, na_rep="", formatters=formats, classes="results")


def _how_produced():
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES)
    records = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(paths.records().glob("*.json"))]
    rows = [
        {
            "training": record["name"],
            "kept": record["kept"],
            "parameters": f"{record['parameters']:,}",
            "epochs": record["recipe"]["epochs"],
            "seed": record["recipe"]["seed"],
            "minutes": f"{record['minutes']:.1f}",
            "trained on": f"{record['trained_with']['machine']}, Keras {record['trained_with']['keras']}",
        }
        for record in records
    ]
    return (
        "<p>Every figure and number on this page was written by the notebooks, run headlessly with <code>make report</code> "
        "from the shipped weights and records. <code>make train</code> trains them again from scratch. "
        f"Made with {versions}.</p>" + pd.DataFrame(rows).to_html(index=False, border=0, classes="results")
    )


_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Image enhancement with autoencoders: report</title>
<style>
body {{ font: 16px/1.55 system-ui, sans-serif; color: #1a1a1a; max-width: 52rem; margin: 2rem auto; padding: 0 1rem; }}
h1, h2 {{ line-height: 1.2; }} h2 {{ margin-top: 2.5rem; border-top: 1px solid #ddd; padding-top: 1.5rem; }}
.sentence {{ font-size: 1.1rem; }} figure {{ margin: 1.6rem 0; break-inside: avoid; }}
img {{ max-width: 100%; height: auto; }} figcaption {{ font-size: .9rem; color: #444; }}
.wide {{ overflow-x: auto; }} table {{ border-collapse: collapse; font-size: .82rem; }}
th, td {{ text-align: left; padding: .25rem .6rem; border-bottom: 1px solid #e4e4e4; white-space: nowrap; }}
code {{ background: #f3f3f3; padding: 0 .2em; }}
@media print {{ body {{ max-width: none; margin: 0; }} table {{ font-size: .6rem; }} th, td {{ white-space: normal; }} }}
</style></head><body>
<h1>Image enhancement with autoencoders: report</h1>
{body}
<section><h2>All results</h2>
<p>Means of per-image values. A row describes the images of its split and nothing else; classical methods that are slow were
scored on a fixed part of the images, and the networks on the same part for comparison.</p>
<div class="wide">{results}</div></section>
<section><h2>The photographs</h2>
<p>From four Python distributions, chosen by eye. Photographs of one place or one object are one scene and lie in one split.</p>
{photographs}</section>
<section><h2>How this was produced</h2><div class="wide">{produced}</div></section>
</body></html>
"""


def compare_trainings():
    """Print shipped against retrained PSNR for every finished training, on test images where it was scored on them.

    Returns
    -------
    bool
        Whether every difference is within the tolerance.
    """
    rows = []
    for path in sorted(paths.runs("full").glob("*.json")):
        retrained, shipped_path = json.loads(path.read_text(encoding="utf-8")), paths.records() / path.name
        split = min(retrained["results"], key=("test", "validation", "train").index)  # the test where it was scored
        row = {"training": path.stem, "split": split, "retrained dB": retrained["results"][split]["psnr"], "verdict": "new"}
        if shipped_path.exists():
            row["shipped dB"] = json.loads(shipped_path.read_text(encoding="utf-8"))["results"][split]["psnr"]
            row["difference"] = round(row["retrained dB"] - row["shipped dB"], 3)
            row["verdict"] = "same" if abs(row["difference"]) <= TOLERANCE else "DIFFERS"
        rows.append(row)
    print(f"\nPSNR, tolerance {TOLERANCE} dB:\n{pd.DataFrame(rows).to_string(index=False, na_rep='-')}")
    return all(row["verdict"] != "DIFFERS" for row in rows)


def promote():
    """Take finished trainings over: records to data/records, and the weights that are kept to data/weights."""
    records = sorted(paths.runs("full").glob("*.json"))
    if not records:
        raise FileNotFoundError(f"no finished training in {paths.shown(paths.runs('full'))}: run `make train` first")
    for path in records:
        record = json.loads(path.read_text(encoding="utf-8"))
        files = {path: paths.records(), **{scores: paths.records() for scores in path.parent.glob(f"{path.stem}.*.csv.gz")}}
        if record["kept"] == "weights":
            files[path.with_suffix(".keras")] = paths.weights()
        for file, folder in files.items():
            with paths.replacing(folder / file.name) as temporary:
                shutil.copyfile(file, temporary)
        print(f"took over {path.stem}")


def measure_times():
    """Write data/timings.csv: the minutes of reading, and of running each chapter in its modes, on this machine."""
    rows = []
    for source in sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb")):
        words = sum(len(cell.source.split()) for cell in nbformat.read(source, as_version=4).cells)
        row = {"notebook": source.stem, "reading": round(words / WORDS_PER_MINUTE)}
        for mode in ("pretrained", "quick"):
            work, began = paths.cache() / "timing", time.perf_counter()
            run_notebook(source, work / source.name, mode, work / "figures")
            row[mode] = round((time.perf_counter() - began) / 60, 1)
        text = source.read_text(encoding="utf-8")
        trained = [json.loads(path.read_text(encoding="utf-8")) for path in paths.records().glob("*.json")]
        row["full"] = round(row["pretrained"] + sum(r["minutes"] for r in trained if _names(text, r["name"])), 1)
        rows.append(row)
    with paths.replacing(paths.data() / "timings.csv") as temporary:
        pd.DataFrame(rows).to_csv(temporary, index=False, lineterminator="\n")
    print(pd.DataFrame(rows).to_string(index=False))


def _names(source, training):
    """Whether a notebook's source holds the name of a training, also as f"NAME_{part}"."""
    quoted = re.findall(r'\\"(\w[\w{}]*)\\"', source)
    return any(re.fullmatch(re.sub(r"{\w+}", r"\\w+", name), training) for name in quoted if "_" in name)


def print_pdf():
    """Print figures/report.html to report.pdf in the cache, by the first Chromium that is found.

    Raises
    ------
    FileNotFoundError
        When there is none, or no report.
    """
    page, target = paths.figures() / "report.html", paths.cache() / "report" / "report.pdf"
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
    if browser is None:
        raise FileNotFoundError(f"no Chromium was found: install it, or print {paths.shown(page)} from any browser")
    if not page.exists():
        raise FileNotFoundError(f"{paths.shown(page)} is missing: run `make report` first")
    with paths.replacing(target) as temporary:
        quiet = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-pdf-header-footer"]
        subprocess.run([browser, *quiet, f"--print-to-pdf={temporary}", page.as_uri()], check=True, capture_output=True)
    print(f"wrote {paths.shown(target)}")


def main(arguments=None):
    """The command line.

    Returns
    -------
    int
        0, or 1 with what failed on the error stream.
    """
    parser = argparse.ArgumentParser(prog="python -m helpers.report", description="Run the notebooks and make the report.")
    parser.add_argument("--mode", choices=paths.MODES, default="pretrained", help="what the notebooks do (default: pretrained)")
    parser.add_argument("--store", action="store_true", help="also take the outputs over into notebooks/")
    parser.add_argument("--promote", action="store_true", help="take finished trainings over into data/")
    parser.add_argument("--time", action="store_true", help="measure the minutes of each chapter into data/timings.csv")
    parser.add_argument("--pdf", action="store_true", help="print the report as PDF where Chromium is found")
    options = parser.parse_args(arguments)
    try:
        if options.promote:
            promote()
        elif options.time:
            measure_times()
        elif options.pdf:
            print_pdf()
        else:
            build(options.mode, options.store)
            if options.mode == "full":
                return 0 if compare_trainings() else 1
    except (NotebookFailed, OSError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
