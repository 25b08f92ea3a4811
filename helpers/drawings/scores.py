"""Tiles of a picture, maps of a score over a picture, curves of scores, and intervals around a line."""

import itertools

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import NullLocator

from helpers import plotting
from helpers.drawings.colors import BLUE, ORANGE

BOXED = {"bbox": {"facecolor": "white", "edgecolor": "none", "pad": 1.5}}  # letters on a line
BAND = "#999999"  # of the first interval around a line, which the second covers in part


@plotting.styled
def show_tiles(side, overlap, *, name=None):
    """A picture in tiles: what of one tile is kept, and what the network sees for it.

    Parameters
    ----------
    side, overlap : int
        Of a tile, and of the rim around it that is seen and thrown away, in pixels.
    name : str, optional
        As in `helpers.plotting.save_figure`.
    """
    figure = Figure(figsize=(plotting.WIDTH, 2.9))
    axes = figure.subplots()
    axes.axis("off")
    for row, column in np.ndindex(3, 5):
        place = (side * column, side * row)
        axes.add_patch(Rectangle(place, side, side, facecolor="#eef4f8", edgecolor="#888888", linewidth=0.8))
    seen, kept = side + 2 * overlap, (2 * side, side)
    corner = (kept[0] - overlap, kept[1] - overlap)
    axes.add_patch(Rectangle(corner, seen, seen, facecolor=ORANGE, alpha=0.25, linewidth=0))
    axes.add_patch(Rectangle(corner, seen, seen, fill=False, edgecolor=ORANGE, linewidth=2))
    axes.add_patch(Rectangle(kept, side, side, facecolor="white", edgecolor=BLUE, linewidth=2.5))
    axes.text(2.5 * side, 1.5 * side, f"kept\n{side}×{side}", ha="center", va="center", color=BLUE, fontsize=10)
    said = f"seen: {seen}×{seen},\nwith a rim of {overlap}\nthat is thrown away"
    axes.annotate(
        said, (corner[0] + seen, 1.5 * side), (5.25 * side, 1.5 * side), va="center", color=ORANGE, fontsize=10,
        arrowprops={"arrowstyle": "-|>", "color": ORANGE, "linewidth": 1.5},
    )  # fmt: skip
    axes.set(xlim=(-2, 8 * side), ylim=(3 * side + 2, -2), aspect="equal")
    plotting.save_figure(figure, name, f"kept {side}x{side}, seen {seen}x{seen}")


@plotting.styled
def show_curves(panels, x_label, *, bands=None, notes=(), y_label=None, name=None):
    """The same curves in panels beside one another, each panel with a score of its own, or all with one.

    Parameters
    ----------
    panels : dict of str to dict of str to (x, y)
        The score, which is the label of the panel's y axis, to its curves: label to coordinates.
    x_label : str
        Of all panels.
    bands : dict of str to (low, high, label), optional
        The score to a grey band from low to high, such as what chance does.
    notes : sequence, optional
        What to write at the dots of each curve.
    y_label : str, optional
        The score of all panels, when it is the same: they then share one y axis, the keys of `panels` stand above them, and
        the curves are drawn without dots.
    name : str, optional
        As in `helpers.plotting.save_figure`.
    """
    figure, digest, drawn_from = Figure(figsize=(plotting.WIDTH, 3.5)), [], []
    grid = figure.subplots(1, len(panels), squeeze=False, sharey=y_label is not None)[0]
    shown = {}  # what the legend explains
    for axes, (score, curves) in zip(grid, panels.items(), strict=True):
        for label, (x, y) in curves.items():
            (shown[label],) = axes.plot(x, y, marker="o" if y_label is None else None, markersize=5)
            for note, place in zip(notes, zip(x, y, strict=True), strict=False):
                axes.annotate(str(note), place, (0, 5), textcoords="offset points", ha="center", va="bottom", fontsize=8)
            digest.append(f"{label} {np.min(y):.1f} to {np.max(y):.1f}")
            drawn_from.append(pd.DataFrame({"panel": score, "line": label, x_label: np.array(x), "score": np.array(y)}))
        if bands and score in bands:
            low, high, label = bands[score]
            shown[label] = axes.axhspan(low, high, color="#888888", alpha=0.25, linewidth=0)
            drawn_from.append(pd.DataFrame({"panel": score, "line": label, x_label: np.nan, "score": [low, high]}))
        axes.set(xlabel=x_label, ylabel=score)
        if y_label is not None:
            axes.set(ylabel=y_label if axes is grid[0] else "", title=score)
    columns = len(shown) if y_label is None else min(len(shown), 2)
    figure.legend(list(shown.values()), list(shown), loc="outside upper center", ncols=columns)
    plotting.save_figure(figure, name, "; ".join(digest), pd.concat(drawn_from, ignore_index=True))


@plotting.styled
def show_bands(line, bands, x_label, y_label, *, name=None):
    """One line and several intervals around it, on a logarithmic axis whose ticks are the line's places; dashed, zero.

    Parameters
    ----------
    line : pandas.Series
        Values, at the places of its index.
    bands : dict of str to (low, high)
        Label to the two ends at each place, the widest band first.
    x_label, y_label : str
        With units.
    name : str, optional
        As in `helpers.plotting.save_figure`.
    """
    figure = Figure(figsize=(plotting.WIDTH, 3.6))
    axes, x = figure.subplots(), line.index.to_numpy()
    digest, drawn_from = [], pd.DataFrame({x_label: x, "mean": line.to_numpy()})
    for (label, (low, high)), color in zip(bands.items(), itertools.cycle((BAND, BLUE))):
        axes.fill_between(x, low, high, color=color, alpha=0.35, linewidth=0, label=label)
        digest.append(f"{label} {np.min(low):.1f} to {np.max(high):.1f}")
        drawn_from = drawn_from.assign(**{f"{label}, low": np.array(low), f"{label}, high": np.array(high)})
    axes.plot(x, line, color="black", marker="o", label="mean")
    axes.axhline(0, color="#444444", linestyle="--", linewidth=1.2, label="no difference")
    axes.set_xscale("log")
    axes.set_xticks(x, [f"{place:,}" for place in x])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set(xlabel=x_label, ylabel=y_label)
    axes.legend()
    plotting.save_figure(figure, name, "; ".join(digest), drawn_from)


@plotting.styled
def show_maps(
    maps, label, *, columns=3, low=0.0, high=1.0, width=1.3 * plotting.WIDTH, name=None, extend=None, first_grey=False
):
    """Maps of one score over a picture, on one scale with a colour bar.

    Parameters
    ----------
    maps : dict of str to numpy.ndarray of shape (height, width)
        Title to values.
    label : str
        Of the colour bar.
    columns : int, optional
    low, high : float, optional
        The ends of the scale; what lies beyond is drawn as the end.
    width : float, optional
        Inches.
    name : str, optional
        As in `helpers.plotting.save_figure`.
    extend : {"neither", "min", "max", "both"}, optional
        The ends of the colour bar with an arrow, for values beyond; by default the lower one where a map goes below it.
    first_grey : bool, optional
        The first of the maps is a picture, black at 0 and white at 1.
    """
    rows = -(-len(maps) // columns)
    height, across = next(iter(maps.values())).shape
    cell = width / (columns + 0.3)
    figure = Figure(figsize=(width, rows * (cell * height / across + 0.3)))
    grid, digest = figure.subplots(rows, columns, squeeze=False), []
    for axes, drawn in itertools.zip_longest(grid.ravel(), maps.items()):
        axes.axis("off")
        if drawn is not None:
            picture = first_grey and axes is grid[0, 0]
            scale = {"cmap": "gray", "vmin": 0, "vmax": 1} if picture else {"cmap": "viridis", "vmin": low, "vmax": high}
            image = axes.imshow(drawn[1], **scale)
            axes.set_title(drawn[0], fontsize=9, pad=3)
            digest.append(f"{drawn[0]} mean {drawn[1].mean():.2f}")
    beyond = "min" if any(values.min() < low for values in maps.values()) else "neither"
    figure.colorbar(image, ax=grid.ravel().tolist(), label=label, shrink=0.8, extend=extend or beyond)
    plotting.save_figure(figure, name, "; ".join(digest))


@plotting.styled
def show_moves(moves, x_label, *, ends, references=None, name=None):
    """From one score to another: a row for each subject, a hollow dot, an arrow and a full dot, with the scores beside them.

    Parameters
    ----------
    moves : dict of str to (float, float)
        Subject to its two scores; nan where there is none.
    x_label : str
        With the unit.
    ends : (str, str)
        What the hollow and the full dot are.
    references : dict of str to float, optional
        Dashed lines, named above them.
    name : str, optional
        As in `helpers.plotting.save_figure`.
    """
    figure = Figure(figsize=(plotting.WIDTH, 0.9 + 0.44 * len(moves)))
    axes = figure.subplots()
    on_white = {"facecolor": "white", "edgecolor": "none", "pad": 0.5}  # a dashed line passes behind it
    shortest = 0.06 * np.ptp([score for pair in moves.values() for score in pair if np.isfinite(score)])
    for row, (start, stop) in enumerate(moves.values()):
        if abs(stop - start) > shortest:  # nearer dots touch
            head = {"arrowstyle": "-|>", "color": "#888888", "linewidth": 1.5, "shrinkA": 5, "shrinkB": 5}
            axes.annotate("", (stop, row), (start, row), arrowprops=head)
        axes.plot(start, row, "o", color=ORANGE, markerfacecolor="white", markersize=8, label=ends[0] if row == 0 else None)
        axes.plot(stop, row, "o", color=BLUE, markersize=8, label=ends[1] if row == 0 else None)
        for score, other, color in ((start, stop, ORANGE), (stop, start, BLUE)):
            side = -1 if other > score else 1  # away from the other dot
            place = {"xytext": (8 * side, 0), "textcoords": "offset points", "ha": "right" if side < 0 else "left"}
            if np.isfinite(score):
                axes.annotate(f"{score:.1f}", (score, row), va="center", color=color, fontsize=9, bbox=on_white, **place)
    for label, value in (references or {}).items():
        axes.axvline(value, color="#555555", linestyle="--", linewidth=1, zorder=0)
        axes.text(value, -0.75, label, ha="center", va="bottom", color="#555555", fontsize=9)
    axes.set(xlabel=x_label, ylim=(len(moves) - 0.4, -0.7))
    axes.set_yticks(range(len(moves)), list(moves))
    axes.margins(x=0.12)
    axes.grid(axis="y", visible=False)
    figure.legend(loc="outside upper center", ncols=2)
    drawn_from = pd.DataFrame(list(moves.values()), columns=list(ends))
    drawn_from.insert(0, "subject", [" ".join(subject.split()) for subject in moves])
    digest = "; ".join(f"{subject.splitlines()[0]} {start:.1f} to {stop:.1f}" for subject, (start, stop) in moves.items())
    plotting.save_figure(figure, name, digest, drawn_from)


@plotting.styled
def show_gains(scores, conditions, y_label, *, references=None, name=None):
    """Two systems under two conditions: four scores, and the gain along each of the ways between them.

    Parameters
    ----------
    scores : dict of str to (float, float)
        The weaker system first: its score under the first condition and under the second.
    conditions : sequence of two str
    y_label : str
    references : dict of str to float, optional
        Dashed horizontal lines.
    name : str, optional
        As in `helpers.plotting.save_figure`.
    """
    figure = Figure(figsize=(plotting.WIDTH, 3.8))
    axes = figure.subplots()
    for (label, ends), color in zip(scores.items(), (ORANGE, BLUE), strict=True):
        axes.plot([0, 1], ends, marker="o", color=color)
        axes.text(0.5, np.mean(ends), f"{ends[1] - ends[0]:+.2f}", ha="center", va="center", color=color, **BOXED)
        axes.text(1.12, ends[1], label, va="center", color=color)
    for place, side, (low, high) in zip((0, 1), ("right", "left"), zip(*scores.values(), strict=True), strict=True):
        x = place + (0.03 if place else -0.03)
        axes.annotate("", (x, high), (x, low), arrowprops={"arrowstyle": "->", "color": "#444444"})
        axes.text(x + (0.015 if place else -0.015), (low + high) / 2, f"{high - low:+.2f}", ha=side, va="center")
    for label, value in (references or {}).items():
        axes.axhline(value, color="#444444", linestyle="--", linewidth=1.2, zorder=0)
        axes.text(-0.28, value, label, va="bottom", color="#444444")
    axes.set(xlim=(-0.3, 1.4), xticks=(0, 1), xticklabels=conditions, ylabel=y_label)
    said = "; ".join(f"{label} {low:.1f} to {high:.1f}" for label, (low, high) in scores.items())
    drawn_from = pd.DataFrame(scores, index=list(conditions)).rename_axis("condition").reset_index()
    plotting.save_figure(figure, name, said, drawn_from)
