"""Pictures: image grids, curves, histograms; each saved, and shown with its description.

A picture that is shown carries two texts: its alt text, for those who do not see it, and a digest of what was drawn
(sizes, ranges, means), in which a changed picture shows up when stored outputs are compared.
"""

import base64
import functools
import io
import itertools
import pathlib
import textwrap
import tomllib

import matplotlib.style
import numpy as np
import pandas as pd
from IPython.display import Image, Markdown, display
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullLocator
from sklearn.isotonic import IsotonicRegression

from helpers import checks, files, image_io, metrics, paths, session

STYLE = pathlib.Path(__file__).with_name("course.mplstyle")
WIDTH = 7.0  # inches, the width of a page
PRINTED = 120  # dots an inch of a page for figures that hold pictures; what is drawn with lines is saved as SVG besides
MANY = 1000  # points; more of them are dots in an SVG too, which keeps it small
LABEL_WIDTH = 13  # characters of a label before it is broken
CHARACTERS_AN_INCH = 12  # of a title
# JupyterLab 4 shows a PNG without its alt text. A transparent GIF of one pixel before it brings the text to screen readers.
PIXEL = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"

# One method keeps one colour through all chapters.
COLORS = {
    "clean": "#000000",
    "degraded input": "#7f7f7f",
    "gaussian": "#56B4E9",
    "median": "#E69F00",
    "total variation": "#009E73",
    "non-local means": "#CC79A7",
    "dense, published recipe": "#D55E00",
    "dense, fresh noise": "#8C510A",
    "convolutional, no skips": "#999933",
    "U-Net, trained at 0.5": "#44AA99",
    "U-Net, best": "#0072B2",
}


# As a decorator: what a function draws and saves is in the course's style, and no other figure of the reader's is.
styled = matplotlib.style.context(STYLE)


@functools.cache
def captions():
    """The texts of all figures, from notebooks/captions.toml.

    Returns
    -------
    dict of str to dict
        The figure's name to ``caption``, what it finds, ``alt``, what a reader who does not see it has to know,
        ``live``, true where a network that is trained anew in each run has drawn it, and ``report``, true where the
        report's argument needs it: the report shows the others in an appendix.
    """
    return tomllib.loads((paths.ROOT / "notebooks" / "captions.toml").read_text(encoding="utf-8"))


@styled
def save_figure(figure, name=None, digest="", data=None, *, drawn=None, page=None):
    """Show a figure with its texts and, when it has a name, write it to ``figures/NAME.png``.

    What is drawn with lines goes to ``figures/NAME.svg`` too, and what was drawn from numbers has them in
    ``figures/NAME.csv``. A figure that holds pictures is saved as PNG alone, sharp enough for print.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    name : str, optional
        "02_noise_levels": the chapter's number and what is shown. Its caption and alt text stand under this name in
        notebooks/captions.toml. Without a name it is only shown.
    digest : str, optional
        What was drawn, in a few numbers.
    data : pandas.DataFrame, optional
        The numbers of a plot.
    drawn : bool, optional
        Whether the figure is a drawing, small pictures in it or not; by default, whether it holds no picture.
    page : str, optional
        HTML that is shown instead where HTML can be shown.

    Raises
    ------
    OSError
        When the folder cannot be written to.
    """
    digest = " ".join(digest.split())  # labels may hold line breaks
    now = session.current()
    # What the texts say was seen on the course's pictures after the whole training.
    texts = {} if now.own or now.mode == "quick" else captions().get(name, {})
    if texts.get("live"):  # drawn by a network that was trained just now, whose last digits differ between machines
        digest = "of a network trained live"
    alt = texts.get("alt", f"A figure of the reader's own. {digest}")
    if now.mode == "quick":  # so that nobody takes a small training's picture for the real one
        digest = f"quick; {digest}"
        figure.suptitle("quick: a small training", x=1, ha="right", fontsize=9, color="#D55E00")
    drawn = not any(axes.images for axes in figure.axes) if drawn is None else drawn
    sharp = np.clip(PRINTED * WIDTH / figure.get_figwidth(), figure.dpi, PRINTED)  # a wide one is shrunk in print
    png = image_io.packed_png(_rendered(figure, "png", dpi=figure.dpi if drawn else sharp))
    if name is not None:
        kinds = {"png": png}
        if drawn:
            kinds["svg"] = _rendered(figure, "svg", dpi=PRINTED, metadata={"Date": None, "Creator": None})
        for kind, content in kinds.items():
            with files.replacing(session.figures() / f"{name}.{kind}") as temporary:
                temporary.write_bytes(content)
        if data is not None:
            files.write_table(session.figures() / f"{name}.csv", data, digits=6)
    text = f"<figure {name}: {digest}>" if digest else f"<figure {name}>"
    bundle = {"image/png": base64.b64encode(png).decode(), "text/plain": text}
    width = round(figure.get_figwidth() * figure.dpi)  # of the page, however many dots were saved
    if page is not None:
        bundle["text/html"] = page
    display(Image(url=PIXEL, alt=alt, width=1, height=1))
    display(bundle, raw=True, metadata={"image/png": {"alt": alt, "width": width}})
    if "caption" in texts:
        display(Markdown(f"*{texts['caption']}*"))


def _rendered(figure, kind, **options):
    """A figure's bytes, the same each time."""
    stream = io.BytesIO()
    figure.savefig(stream, format=kind, **options)
    return stream.getvalue()


@styled
def show_images(rows, titles=None, labels=None, name=None, width=None, page=None):
    """Rows of pictures, nearest-neighbour, black for 0 and white for 1.

    Parameters
    ----------
    rows : sequence of numpy.ndarray, each of shape (n, height, width, channels)
        One batch a row; values outside [0, 1] are drawn as 0 or 1.
    titles : sequence of str, or one such sequence a row, optional
        Above the pictures: of the first row, or of each.
    labels : sequence of str, optional
        Left of the rows.
    name : str, optional
        As in `save_figure`.
    width : float, optional
        Inches; by default the page's.
    page : str, optional
        As in `save_figure`.

    Raises
    ------
    ValueError
        When there is nothing to show, or titles or labels do not fit the rows.
    """
    rows = [checks.check_array("a row", row) for row in rows]
    if not rows or any(row.ndim != 4 or row.size == 0 or row.shape[-1] not in (1, 3) for row in rows):
        shapes = [row.shape for row in rows]
        raise ValueError(f"rows have shapes {shapes}, expected one or more of (n, height, width, 1 or 3 channels)")
    rows = [checks.check_images(row.astype(np.float32) if row.dtype.kind in "iub" else row) for row in rows]
    columns, width = max(len(row) for row in rows), checks.check_number("width", WIDTH if width is None else width, 1, 40)
    titles = [titles or [], *[[]] * (len(rows) - 1)] if not titles or isinstance(titles[0], str) else titles
    if len(titles) != len(rows) or any(len(t) not in (0, len(row)) for t, row in zip(titles, rows, strict=True)):
        raise ValueError(f"titles for {[len(t) for t in titles]} pictures, expected {[len(row) for row in rows]}")
    if labels is not None and len(labels) != len(rows):
        raise ValueError(f"{len(labels)} labels for {len(rows)} rows")
    height, image_width = rows[0].shape[1:3]
    margin = 0.95 if labels else 0.0
    cell = (width - margin) / columns
    lines = [max((t.count("\n") + 1 for t in row), default=0) for row in titles]
    figure = Figure(figsize=(width, sum(cell * height / image_width + 0.06 + 0.2 * n for n in lines)))
    grid = figure.subplots(len(rows), columns, squeeze=False)
    for (r, row), c in itertools.product(enumerate(rows), range(columns)):
        axes = grid[r, c]
        axes.set(xticks=[], yticks=[])
        axes.grid(False)
        for spine in axes.spines.values():
            spine.set_visible(False)
        if c < len(row):
            image = np.clip(row[c], 0, 1)
            axes.imshow(image[..., 0] if image.shape[-1] == 1 else image, vmin=0, vmax=1)
            if titles[r]:
                axes.set_title(titles[r][c], fontsize=9, pad=3)
        if c == 0 and labels:
            axes.set_ylabel(labels[r], rotation=0, ha="right", va="center", fontsize=9)
    figure.get_layout_engine().set(w_pad=0.02, h_pad=0.02, wspace=0.02, hspace=0.02)
    save_figure(figure, name, "; ".join(map(_digest_of_images, rows)), page=page)


def signed(differences, strongest=1.0):
    """Differences as pictures in colour: white for none, red for too bright, blue for too dark.

    Parameters
    ----------
    differences : numpy.ndarray, shape (n, height, width, 1)
        Restored minus clean.
    strongest : float, optional
        The difference that has the full colour.

    Returns
    -------
    numpy.ndarray of float32, shape (n, height, width, 3)
        Values in [0, 1].
    """
    scaled = np.clip(checks.check_array("differences", differences)[..., 0] / strongest, -1, 1)
    return matplotlib.colormaps["bwr"]((scaled + 1) / 2)[..., :3].astype(np.float32)


def show_restorations(
    restorations, clean, examples=None, *, crop=None, methods_across=False, truth="clean", width=None, name=None, labels=None
):
    """The same images restored by several methods, with the PSNR of what is shown above each.

    Parameters
    ----------
    restorations : dict of str to numpy.ndarray of shape (n, height, width, channels)
        Method to images.
    clean : numpy.ndarray, same shape
    examples : sequence of int, optional
        Which images; all by default.
    crop : tuple of int, or list of one an example, optional
        (top, left, height, width) of the part that is shown and scored.
    methods_across : bool, optional
        A column for each method and a row for each example, the truth last; by default a row for each method, the truth
        first.
    truth : str, optional
        What the truth is called.
    width : float, optional
        Inches; by default the page's.
    name : str, optional
        As in `save_figure`.
    labels : sequence of str, optional
        Left of the rows, one an example, when the methods stand across.
    """
    examples = range(len(clean)) if examples is None else examples
    crops = crop if isinstance(crop, list) else [crop] * len(examples)
    windows = [slice(None) if one is None else _window(one) for one in crops]

    def parts(images):
        cut = [np.clip(images[k], 0, 1)[window] for k, window in zip(examples, windows, strict=True)]
        return np.stack(cut)

    shown, titles = {truth: parts(clean)}, {truth: [""] * len(examples)}
    for method, images in restorations.items():
        shown[method] = parts(images)
        decibels = metrics.psnr(shown[truth], shown[method])
        titles[method] = [f"{value:.1f} dB" if np.isfinite(value) else "exact" for value in decibels]
    if not methods_across:
        labels = [_broken(method, LABEL_WIDTH) for method in shown]
        show_images(list(shown.values()), list(titles.values()), labels, name=name, width=width)
        return
    order = [*restorations, truth]
    room = int(((width or WIDTH) - (0.95 if labels else 0)) / len(order) * CHARACTERS_AN_INCH)
    names = {method: _broken(method, max(room, LABEL_WIDTH)) for method in order}
    rows = [np.stack([shown[method][k] for method in order]) for k in range(len(examples))]
    above = [[f"{names[method]}\n{titles[method][k]}".strip() for method in order] for k in range(len(examples))]
    show_images(rows, above, labels=labels, name=name, width=width)


def _broken(label, width):
    """In lines of whole words, "cross-entropy" being one: a word that is longer sticks out by a little."""
    return textwrap.fill(label, width, break_on_hyphens=False, break_long_words=False)


def _window(crop):
    top, left, height, width = crop
    return slice(top, top + height), slice(left, left + width)


@styled
def show_lines(
    lines, x_label, y_label, *, name=None, references=None, log_x=False, y_from=None, categories=None, colors=None, legend=False
):
    """Curves with their labels at the line's end.

    Parameters
    ----------
    lines : dict of str to (x, y)
        Label to coordinates, or to (x, y, low, high) with a band. A y that is not finite leaves a gap.
    x_label, y_label : str
        With units.
    name : str, optional
        As in `save_figure`.
    references : dict of str to float, optional
        Dashed horizontal lines, a published value for instance.
    log_x : bool, optional
        Logarithmic x axis. Up to eight places that all lines share are its ticks.
    y_from : float, optional
        Where the y axis begins, when a curve's first steep part would leave no room for its end. Not heeded when a curve
        ends below it, as small trainings do.
    categories : sequence of str, optional
        Names at x = 0, 1, 2, …
    colors : dict of str to color, optional
        For labels that are no method of ``COLORS``.
    legend : bool, optional
        A legend inside instead of labels at the ends: for curves that end at one point, or far from the right edge.

    Raises
    ------
    ValueError
        When there is no line, or one has other than numbers, or not as many x as y.
    """
    if not lines:
        raise ValueError("no line to draw")
    figure = Figure()
    axes = figure.subplots()
    known = {**COLORS, **(colors or {})}
    taken = {to_hex(known[label]) for label in lines if label in known}
    free = [color for color in matplotlib.rcParams["axes.prop_cycle"].by_key()["color"] if to_hex(color) not in taken]
    cycle = itertools.cycle(free)
    ends = []
    for label, coordinates in lines.items():
        x, y, *band = (checks.check_array(f"the line {label!r}", one) for one in coordinates)
        shapes = {one.shape for one in (x, y, *band)}
        numbers = all(one.dtype.kind in "fiu" for one in (x, y, *band)) and np.isfinite(x).all()
        if len(shapes) > 1 or y.ndim != 1 or not (numbers and np.isfinite(y).any()):
            raise ValueError(f"the line {label!r} has shapes {shapes}, expected as many x as y, and numbers")
        color = known.get(label) or next(cycle)
        style = "-" if categories is None else "none"  # between categories there is nothing
        axes.plot(x, y, color=color, linestyle=style, label=label, marker="o" if len(x) <= 12 else None)
        if band and categories is None:
            axes.fill_between(x, *band, color=color, alpha=0.2, linewidth=0)
        elif band:
            axes.vlines(x, *band, color=color, alpha=0.5, linewidth=4)
        ends.append((float(y[np.isfinite(y)][-1]), label, color))
    for label, value in (references or {}).items():
        axes.axhline(value, color="#444444", linestyle="--", linewidth=1.2, label=label)
        ends.append((value, label, "#444444"))
    axes.set(xlabel=x_label, ylabel=y_label)
    if y_from is not None and all(value > y_from for value, *_ in ends):
        axes.set_ylim(bottom=y_from)
    if log_x:
        axes.set_xscale("log")
        if len(x) <= 8 and all(np.array_equal(x, line[0]) for line in lines.values()):
            axes.set_xticks(x)
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_formatter("")
        axes.xaxis.set_minor_locator(NullLocator())
    elif all(np.asarray(line[0]).dtype.kind in "iu" for line in lines.values()):
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))  # there is no epoch 2.5
    if categories is not None:
        axes.set_xticks(range(len(categories)), categories)
    if legend:
        axes.legend()
    else:
        _label_ends(axes, ends)
    digest = "; ".join(f"{label} {np.nanmin(line[1]):.1f} to {np.nanmax(line[1]):.1f}" for label, line in lines.items())
    names = (x_label or "group", y_label)
    drawn_from = [_columns("line", label, (*names, "low", "high"), line) for label, line in lines.items()]
    if categories is not None:
        for table in drawn_from:
            table[names[0]] = [" ".join(categories[int(place)].split()) for place in table[names[0]]]
    drawn_from += [_columns("line", label, names, ([np.nan], [value])) for label, value in (references or {}).items()]
    save_figure(figure, name, digest, pd.concat(drawn_from, ignore_index=True))


def _columns(group, label, names, values):
    """One line's or group's numbers as a table, with its label in front."""
    table = pd.DataFrame(dict(zip(names, map(np.asarray, values), strict=False)))
    table.insert(0, group, " ".join(label.split()))
    return table


@styled
def show_ablation(
    trainings,
    value="psnr",
    *,
    row="method",
    against=None,
    pictures=None,
    x_label="PSNR, dB",
    references=None,
    close=0,
    name=None,
):
    """An ablation as a ladder: a dot for each training, and beside it what changes, from which row, with its interval.

    Parameters
    ----------
    trainings, value, row, against, pictures
        As in `helpers.metrics.ablation`.
    x_label : str, optional
        What is scored, with its unit.
    references : dict of str to float, optional
        Labels and scores of what was not trained, such as the input: dashed lines.
    close : int, optional
        So many of the last rows lie close together: they are drawn once more in a panel of their own, enlarged.
    name : str, optional
        As in `save_figure`.
    """
    table = metrics.ablation(trainings, value, row=row, against=against, pictures=pictures)
    each = trainings.dropna(subset=[value]).groupby([row, "seed"], sort=False)[value].mean()
    figure, is_close = Figure(figsize=(WIDTH, 0.8 + 0.34 * len(table))), 0 < close < len(table)
    grid = figure.subplots(1, 1 + is_close, sharey=True, squeeze=False)[0]
    axes, beside = grid[0], grid[-1]
    panels = {axes: 0}  # with the first row of each
    if is_close:
        beside.axis("off")
        larger = beside.inset_axes([0, 0, 1, close / len(table)])
        larger.set(yticks=[], facecolor="#f4f4f4", ylim=(len(table) - 0.5, len(table) - close - 0.5))
        larger.set_title("enlarged", fontsize=9, color="#444444")
        panels[larger] = len(table) - close
    for panel, first in panels.items():
        for place in range(first, len(table)):
            _dots(panel, each[table.index[place]].to_numpy(), place)
        panel.grid(axis="y", visible=False)
    numbers = {method: place + 1 for place, method in enumerate(table.index)}
    at_right = {"x": 1.02, "transform": beside.get_yaxis_transform(), "va": "center", "fontsize": 9}
    for place, (_, changed) in enumerate(table.iterrows()):
        said = f"{numbers.get(changed['against'], '')}: {changed['change, dB']}   {changed['95% interval']}".strip(": ")
        beside.text(y=place, s=said.replace("-", "\N{MINUS SIGN}"), **at_right)
    beside.text(y=-0.8, s="from row: change in dB, 95% interval", color="#444444", **at_right)
    for label, score in (references or {}).items():
        axes.axvline(score, color="#444444", linestyle="--", linewidth=1.2)
        axes.text(score, -0.8, label, ha="center", va="center", fontsize=9, color="#444444")
    axes.set_yticks(range(len(table)), [f"{method}  {number}" for method, number in numbers.items()])
    axes.set(xlabel=x_label, ylim=(len(table) - 0.5, -0.5))
    save_figure(figure, name, "; ".join(map(" ".join, table["PSNR, dB"].items())), each.rename(x_label).reset_index())


def _dots(axes, values, place):
    """A row of a ladder: its trainings, and their mean."""
    axes.plot(values, np.full(len(values), place), "o", color="#0072B2", alpha=0.7, markersize=6)
    axes.plot([values.mean()] * 2, [place - 0.3, place + 0.3], color="#D55E00", linewidth=2)


@styled
def show_scatter(groups, x_label, y_label, *, log_x=False, name=None):
    """Points in groups, with a legend.

    Parameters
    ----------
    groups : dict of str to (x, y)
        Label to coordinates.
    x_label, y_label : str
        With units.
    log_x : bool, optional
        Logarithmic x axis.
    name : str, optional
        As in `save_figure`.

    Raises
    ------
    ValueError
        When there is no point.
    """
    if not any(len(x) for x, _ in groups.values()):
        raise ValueError("no point to draw")
    figure = Figure()
    axes = figure.subplots()
    for (label, (x, y)), marker in zip(groups.items(), itertools.cycle("osD^v")):
        axes.plot(x, y, marker, label=label, alpha=0.8)
    axes.set(xlabel=x_label, ylabel=y_label)
    if log_x:
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter("{x:,.9g}")
        axes.xaxis.set_minor_formatter("")
    axes.legend()
    digest = "; ".join(
        f"{label} {len(y)} from {np.min(y):.1f} to {np.max(y):.1f}" for label, (_, y) in groups.items() if len(y)
    )
    drawn_from = [_columns("group", label, (x_label, y_label), points) for label, points in groups.items()]
    save_figure(figure, name, digest, pd.concat(drawn_from, ignore_index=True))


@styled
def show_metric_series(table, kept, *, thresholds=None, name=None):
    """The three scores of each image, as a series and as a histogram, with those that a filter drops in another colour.

    Parameters
    ----------
    table : pandas.DataFrame
        As `helpers.metrics.evaluate` gives it.
    kept : sequence
        Labels of the rows that pass, such as the index of `helpers.metrics.filter_by_quality`.
    thresholds : dict of str to float, optional
        Column to the threshold of the filter: a dashed line, or a note where it lies above all that is drawn.
    name : str, optional
        As in `save_figure`.
    """
    passes = table.index.isin(kept)
    figure = Figure(figsize=(WIDTH, 5.2))
    grid = figure.subplots(3, 2, sharey="row", width_ratios=(3, 1))
    for (series, histogram), column, label in zip(grid, ("mse", "ssim", "psnr"), ("MSE", "SSIM", "PSNR, dB"), strict=True):
        values, colors = table[column].to_numpy(), ("#0072B2", "#D55E00")
        parts = values[passes], values[~passes]
        for part, places, color in zip(parts, (np.flatnonzero(passes), np.flatnonzero(~passes)), colors, strict=True):
            series.plot(places, part, ".", color=color, markersize=3, rasterized=len(table) > MANY)
        histogram.hist(parts, bins=30, stacked=True, orientation="horizontal", color=colors, label=("kept", "filtered out"))
        series.set(ylabel=label)
        if column in (thresholds or {}):
            _mark_threshold(series, thresholds[column])
    grid[-1, 0].set(xlabel="image")
    grid[-1, 1].set(xlabel="images")
    grid[0, 1].legend(loc="upper right")
    drawn_from = table[[column for column in ("image", *metrics.COLUMNS) if column in table]].assign(kept=passes)
    save_figure(figure, name, f"{passes.sum()} of {len(table)} kept; mean PSNR {table['psnr'].mean():.2f}", drawn_from)


def _mark_threshold(axes, threshold):
    bottom, top = axes.get_ylim()
    inside = bottom <= threshold <= top
    if inside:
        axes.axhline(threshold, color="#444444", linestyle="--", linewidth=1.2)
    said = f"dashed: threshold {threshold:g}" if inside else f"threshold {threshold:g}: far outside"
    axes.set_title(said, loc="right", fontsize=9, color="#444444")


@styled
def show_metric_histograms(tables, column, x_label, *, name=None, colors=None):
    """How the per-image scores of several methods are spread, one below the other, on one scale; dashed, their means.

    Parameters
    ----------
    tables : dict of str to pandas.DataFrame
        Label to scores, as `helpers.metrics.evaluate` gives them.
    column : str
        "psnr", "ssim" or "mse".
    x_label : str
        With the unit.
    name : str, optional
        As in `save_figure`.
    colors : dict of str to color, optional
        For labels that are no method of ``COLORS``.
    """
    figure = Figure(figsize=(WIDTH, 0.5 + 0.75 * len(tables)))
    grid = figure.subplots(len(tables), 1, sharex=True, sharey=True, squeeze=False)[:, 0]
    values = {label: table[column].to_numpy() for label, table in tables.items()}
    bins = np.linspace(min(map(np.min, values.values())), max(map(np.max, values.values())), 60)
    bars = []
    for axes, (label, value) in zip(grid, values.items(), strict=True):
        color, mean = {**COLORS, **(colors or {})}.get(label), value.mean()
        counts, *_ = axes.hist(value, bins, color=color, alpha=0.7)
        bars.append(pd.DataFrame({"method": label, "from": bins[:-1], "to": bins[1:], "images": np.int64(counts)}))
        axes.axvline(mean, color="black", linestyle="--", linewidth=1.2)
        axes.set_title(f"{label}, mean {mean:.2f}", loc="left", fontsize=9, pad=2)
    grid[-1].set(xlabel=x_label)
    figure.supylabel("images", fontsize=9)
    save_figure(figure, name, "; ".join(f"{label} mean {value.mean():.2f}" for label, value in values.items()), pd.concat(bars))


def _digest_of_images(images):
    n, height, width, _ = images.shape
    return f"{n} of {height}x{width}, {images.min():.2f} to {images.max():.2f}, mean {images.mean():.3f}"


def _label_ends(axes, ends):
    """Labels right of the axes at the height of the curves' ends, or as near as they can be without overlapping.

    Where one had to move more than a quarter of a line away, each is tied to its curve's end.
    """
    low, high = axes.get_ylim()
    line = 0.062 * (high - low)
    values, labels, colors = zip(*sorted(ends, key=lambda end: end[0]), strict=True)
    steps = line * np.arange(len(ends))
    # What rises and lies nearest to the values less these steps is, with the steps, what is apart and nearest to the values.
    places = IsotonicRegression(y_max=high - steps[-1]).fit_transform(steps, np.array(values) - steps) + steps
    tied = np.abs(places - values).max() > line / 4
    for value, place, label, color in zip(values, places, labels, colors, strict=True):
        options = {"xycoords": ("axes fraction", "data"), "color": color, "fontsize": 9, "va": "center"}
        if tied:
            tie = {"arrowstyle": "-", "color": color, "linewidth": 0.8, "shrinkA": 0, "shrinkB": 0, "relpos": (0, 0.5)}
            options["arrowprops"] = tie
        axes.annotate(label, (1.0, value), (1.05 if tied else 1.01, place), annotation_clip=False, **options)
