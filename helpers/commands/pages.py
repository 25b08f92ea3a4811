"""What `helpers.commands.report` writes for readers: the page figures/report.html, and the generated parts of README.md."""

import base64
import html
import importlib.metadata
import io
import json
import pathlib
import re

import numpy as np
import pandas as pd
from PIL import Image, ImageOps
from skimage import util

from helpers import datasets, files, paths, plotting

TEMPLATE = pathlib.Path(__file__).with_name("page.html")
PACKAGES = ("keras", "tensorflow", "numpy", "scipy", "scikit-image", "pandas", "matplotlib", "papermill")
_SYSTEMS = {  # columns of 06_systems.csv, and how they are called for readers
    "task": "task",
    "published_psnr": "published, dB",
    "recipe_psnr": "its recipe here",
    "input_psnr": "input as it is",
    "classical_psnr": "best classical",
    "best_psnr": "best network",
    "best": "which",
    "params": "parameters",
    "minutes": "minutes of training",
}


def report(notebooks, figures):
    """The report as one self-contained HTML page.

    Parameters
    ----------
    notebooks : list of nbformat.NotebookNode
        Executed.
    figures : pathlib.Path
        The folder with the contact sheets and, in ``tables/``, the NN_results.csv and 06_systems.csv.

    Returns
    -------
    str
    """
    results = pd.concat([pd.read_csv(path) for path in sorted((figures / "tables").glob("*_results.csv"))], ignore_index=True)
    systems = _systems(figures / "tables")
    parts = {
        "abstract": "".join(f"<p>{html.escape(sentence)}</p>" for sentence in _abstract(systems)),
        "systems": _systems_shown(systems).to_html(index=False, border=0, classes="systems"),
        "body": "".join(_chapter(notebook) for notebook in notebooks),
        "photographs": _photographs(figures),
        "results": _html_table(results),
        "names": _names_table(results),
        "produced": _how_produced(),
    }
    return TEMPLATE.read_text(encoding="utf-8").format(**parts)


def _systems(tables):
    """Chapter 06's table of the published systems; no rows where that chapter has not run."""
    path = tables / "06_systems.csv"
    return pd.read_csv(path, dtype={"notebook": str}) if path.exists() else pd.DataFrame(columns=_SYSTEMS)


def _systems_shown(systems):
    """The systems as a table to read: decibels with two decimals, nothing where there is nothing."""
    shown = systems.reindex(columns=_SYSTEMS).rename(columns=_SYSTEMS)
    for column, values in systems.items():
        if column.endswith("_psnr"):
            shown[_SYSTEMS[column]] = ["" if pd.isna(v) else "exact" if np.isinf(v) else f"{v:.2f}" for v in values]
    shown[_SYSTEMS["params"]] = [f"{count:,}" for count in systems["params"]]
    shown[_SYSTEMS["minutes"]] = [f"{minutes:.1f}" for minutes in systems["minutes"]]
    return shown.fillna("")


def _abstract(systems):
    """What the report says in short, one sentence a system."""
    yield (
        "Published and tutorial systems that restore pictures with autoencoders, rebuilt with their exact recipes, scored "
        "beside the untouched input and the best classical method, and improved on two CPU cores. All numbers are means of "
        "the PSNR of test images."
    )
    copied = systems[np.isinf(systems["input_psnr"].astype(float)) & systems["published_psnr"].notna()]
    for row in copied.itertuples():
        yield f"{_sentence(row.task)}: the input is the exact answer, so {row.published_psnr:.2f} dB is the score of a copy."
    below = systems[systems["recipe_psnr"] < systems["input_psnr"].where(np.isfinite(systems["input_psnr"].astype(float)))]
    if len(below):
        tasks = ", ".join(
            f"{row.task} ({row.input_psnr:.2f} dB before, {row.recipe_psnr:.2f} after)" for row in below.itertuples()
        )
        yield f"The published recipe ends below the picture that goes in: {tasks}."
    for row in systems.drop(copied.index).itertuples():
        others = {"the recipe": row.recipe_psnr, "the input": row.input_psnr, str(row.classical): row.classical_psnr}
        told = ", ".join(f"{name} {value:.2f}" for name, value in others.items() if np.isfinite(value))
        yield f"{_sentence(row.task)}: {row.best} reaches {row.best_psnr:.2f} dB ({told})."


def _sentence(text):
    return text[:1].upper() + text[1:]


def _photographs(figures):
    parts = []
    for split, rows in datasets.photo_table().groupby("split", sort=False):
        alt = f"The {len(rows)} photographs of {rows['scene'].nunique()} scenes in the split {split!r}, small."
        parts.append(_figure((figures / f"photos_{split}.png").read_bytes(), alt, alt))
    return "".join(parts)


def _chapter(notebook):
    parts = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and not parts:
            title, _, rest = cell.source.partition("\n")
            paragraphs = rest.strip().split("\n\n")
            if paragraphs[0].startswith("!["):  # a chapter that opens with a picture says its question in bold
                paragraphs = [paragraph for paragraph in paragraphs if paragraph.startswith("**")]
            sentence = " ".join(paragraphs[0].splitlines())
            parts.append(f"<h2>{html.escape(title.lstrip('# '))}</h2><p class='sentence'>{_inline(sentence)}</p>")
        for output in cell.get("outputs", []):
            if "image/png" in output.get("data", {}):
                name = re.match(r"<figure (\w+)", output.data["text/plain"])[1]
                alt = output.metadata["image/png"]["alt"]
                caption = plotting.captions().get(name, {}).get("caption", alt)
                parts.append(_figure(base64.b64decode(output.data["image/png"]), alt, caption))
    return f"<section>{''.join(parts)}</section>"


def _figure(png, alt, caption):
    """A picture with its two texts; as WebP it takes a fraction of the PNG in figures/."""
    stream, alt = io.BytesIO(), html.escape(alt, quote=True)
    with Image.open(io.BytesIO(png)) as picture:
        size = picture.size
        picture.convert("RGB").save(stream, "webp", quality=88, method=4)
    data = base64.b64encode(stream.getvalue()).decode()
    image = f'<img width="{size[0]}" height="{size[1]}" alt="{alt}" src="data:image/webp;base64,{data}">'
    return f"<figure>{image}<figcaption>{html.escape(caption)}</figcaption></figure>"


def _inline(markdown):
    """The little Markdown that a chapter's first sentence uses: emphasis."""
    return re.sub(r"\*+(.+?)\*+", r"<em>\1</em>", html.escape(markdown.lstrip("> ")))


def _html_table(results):
    shown = results.drop(columns=["mse"]).rename(columns={"params": "parameters", "n_images": "images", "psnr": "PSNR (dB)"})
    shown = shown.rename(columns={"ssim": "SSIM", "published_psnr": "published (dB)"})
    formats = {"PSNR (dB)": "{:.2f}".format, "SSIM": "{:.3f}".format, "parameters": "{:,}".format, "images": "{:,}".format}
    return shown.to_html(index=False, border=0, na_rep="", formatters=formats, classes="results")


def _names_table(results):
    """The degradations and methods that occur, with their meaning."""
    names = pd.read_csv(paths.ROOT / "data" / "names.csv")
    used = names[names["name"].isin([*results["degradation"], *results["method"]])]
    return used.rename(columns={"list": "what"}).to_html(index=False, border=0, classes="results")


def _how_produced():
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES)
    records = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(paths.records().glob("*.json"))]
    rows = []
    for record in records:
        study = "table_sha256" in record
        row = {"training or study": record["name"]}
        row["what"] = f"{record['trainings']} trainings" if study else "network"
        row["parameters"] = "" if study else f"{record['parameters']:,}"
        row["epochs"] = "" if study else record["recipe"]["epochs"]
        row["minutes"] = f"{record['minutes']:.1f}"
        row["trained on"] = f"{record['trained_with']['machine']}, Keras {record['trained_with']['keras']}"
        rows.append(row)
    return (
        "<p>Every figure and number on this page was written by the notebooks, run headlessly with <code>make report</code> "
        "from the shipped weights and records. <code>make train</code> trains them again from scratch. "
        f"Made with {versions}.</p>" + pd.DataFrame(rows).to_html(index=False, border=0, classes="results")
    )


def readme(text, tables, timings):
    """README.md with its generated parts made anew.

    Parameters
    ----------
    text : str
        The page, with ``<!-- NAME -->`` and ``<!-- end of NAME -->`` around each part: "results" and "minutes".
    tables : pathlib.Path
        The folder with 06_systems.csv.
    timings : pathlib.Path
        data/timings.csv.

    Returns
    -------
    str
    """
    shown = _systems_shown(_systems(tables))
    lines = [f"| {' | '.join(row)} |" for row in shown.astype(str).itertuples(index=False)]
    head = f"| {' | '.join(shown.columns)} |\n|---|{'--:|' * (len(shown.columns) - 1)}"
    minutes = [
        f"| {row.notebook} | {row.reading:.0f} | {row.pretrained:.1f} | {row.quick:.1f} | {row.full:.1f} |"
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
    with files.replacing(path) as temporary:
        Image.fromarray(sheet).quantize(256).save(temporary, optimize=True)
