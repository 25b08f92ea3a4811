"""What stands in the codes of an autoencoder: points, mosaics of pictures, bars, a map, a line and a curve."""

import math
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Ellipse

from helpers import plotting
from helpers.drawings.colors import BLUE, ORANGE

# Digits that look alike, such as 3, 5 and 8 or 4 and 9, have colours that do not.
DIGIT_COLORS = "#0072B2 #E69F00 #009E73 #D62728 #9467BD #111111 #56B4E9 #E377C2 #B8A000 #8C510A".split()
NEAR = 0.15  # of the reach of the points: what counts as around a point


@plotting.styled
def show_bending(*, name=None):
    """Pictures of two pixels in a code of one number: along a straight line, and along a curve.

    Parameters
    ----------
    name : str, optional
        As in `helpers.plotting.save_figure`.
    """
    rng = np.random.default_rng(0)
    angles, center, radius = rng.uniform(0, 2.3, 40), np.array([0.4, 0.35]), 0.45
    around = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    places = center + radius * around + rng.normal(0, 0.025, (40, 2))

    middle = places.mean(axis=0)
    direction = np.linalg.svd(places - middle)[2][0]
    on_line = middle + np.outer((places - middle) @ direction, direction)
    outwards = places - center
    on_curve = center + radius * outwards / np.linalg.norm(outwards, axis=1, keepdims=True)

    figure, digest = Figure(figsize=(plotting.WIDTH, 3.4)), []
    kinds = {"PCA: along a line": on_line, "nonlinear: along a curve": on_curve}
    for axes, (title, redrawn) in zip(figure.subplots(1, 2), kinds.items(), strict=True):
        axes.plot(*np.stack([places, redrawn], axis=-1).transpose(1, 2, 0), color="#999999", linewidth=1)
        axes.plot(*redrawn[np.argsort(angles)].T, color=ORANGE, linewidth=2.5)
        axes.scatter(*places.T, color=BLUE, s=14, zorder=3)
        axes.set(title=title, xlabel="first pixel", ylabel="second pixel", xlim=(0, 1), ylim=(0, 1), aspect="equal")
        digest.append(f"{title} {np.mean((places - redrawn) ** 2):.4f}")
    plotting.save_figure(figure, name, ", ".join(digest))


class Panel(NamedTuple):
    """What `show_panels` draws in one place."""

    draw: Callable
    values: np.ndarray
    has_axes: bool = True
    has_digits: bool = False


def points(places, labels):
    """A panel of labelled points: `places` has the shape (n, 2), `labels` are integers, shape (n,)."""
    return Panel(partial(_points, points=places, labels=labels), places, has_digits=True)


def spots(centers, radii, labels=None, reach=None):
    """A panel of spots in a code of two numbers, to scale, with N(0, 1) as a dashed circle: each is drawn at one σ.

    `centers` and `radii` have the shape (n, 2). With `labels`, integers of shape (n,), each has its digit's colour and a dot
    in its centre. The axes go from -`reach` to `reach`.
    """
    reach = 1.05 * max(1, (np.abs(centers) + radii).max()) if reach is None else reach
    colors = [BLUE] * len(centers) if labels is None else [DIGIT_COLORS[label % 10] for label in labels]

    def draw(axes):
        for center, radius, color in zip(centers, radii, colors, strict=True):
            axes.add_patch(Ellipse(center, *(2 * radius), facecolor=color, alpha=0.35))
        if labels is not None:
            axes.scatter(*centers.T, c=colors, s=6, linewidths=0)
        axes.add_patch(Ellipse((0, 0), 2, 2, fill=False, edgecolor="#444444", linestyle="--", zorder=3))
        axes.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
        axes.locator_params(nbins=5)

    return Panel(draw, np.concatenate([centers, radii]), has_digits=labels is not None)


def mosaic(pictures):
    """A panel of small pictures, shape (rows, columns, height, width), each from its darkest to its brightest value."""
    return Panel(partial(_mosaic, pictures=pictures), pictures, has_axes=False)


def bars(values, expected=None):
    """A panel with a bar for each of `values`, shape (n,): apart where they are few, with a number below each up to ten.

    Where `expected` is given, a dashed line shows how high all bars should be.
    """

    def draw(axes):
        places = np.arange(len(values))
        axes.bar(places, values, width=0.8 if len(values) <= 40 else 1, color=BLUE)
        if len(values) <= 10:
            axes.set_xticks(places)
        if expected is not None:
            axes.axhline(expected, color=ORANGE, linestyle="--", linewidth=1.5)

    return Panel(draw, values)


@plotting.styled
def show_panels(panels, *, columns=2, height=3.3, name=None, labels=("", "")):
    """Panels beside and below one another.

    Parameters
    ----------
    panels : dict of str to Panel
        Title to what `points`, `mosaic` or `bars` returned. All bars reach up to the same value.
    columns : int, optional
        Panels in a row.
    height : float, optional
        Of a row, in inches.
    name : str, optional
        As in `helpers.plotting.save_figure`.
    labels : tuple of str, optional
        Of the axes of points and bars.
    """
    rows = math.ceil(len(panels) / columns)
    figure = Figure(figsize=(plotting.WIDTH, height * rows))
    grid, digest = figure.subplots(rows, columns, squeeze=False).ravel(), []
    for axes, (title, panel) in zip(grid, panels.items(), strict=True):
        panel.draw(axes)
        axes.set_title(title)
        if panel.has_axes:
            axes.set(xlabel=labels[0], ylabel=labels[1])
        digest.append(f"{title} mean {abs(panel.values.mean()):.2f}, spread {panel.values.std():.2f}")
    if any(panel.has_digits for panel in panels.values()):
        _key(figure)
    with_bars = [axes for axes in grid if axes.containers]
    for axes in with_bars:
        axes.set_ylim(0, max(other.get_ylim()[1] for other in with_bars))
    plotting.save_figure(figure, name, "; ".join(digest))


@plotting.styled
def show_code_map(points, labels, pictures, steps, *, axis_labels=("", ""), name=None):
    """A code of two numbers: where labelled pictures lie in it, and what a decoder draws at each place of a grid.

    Parameters
    ----------
    points : numpy.ndarray, shape (n, 2)
        From 0 to 100.
    labels : numpy.ndarray of int, shape (n,)
    pictures : numpy.ndarray, shape (rows, columns, height, width)
        What is drawn at (steps[column], steps[row]); the first row is the lowest.
    steps : sequence of float
        The places of rows and columns, evenly spaced.
    axis_labels : tuple of str, optional
    name : str, optional
        As in `helpers.plotting.save_figure`.
    """
    figure = Figure(figsize=(plotting.WIDTH, 3.9))
    left, right = figure.subplots(1, 2)
    _points(left, points, labels)
    _name_digits(left, points, labels)
    _key(figure)
    half = (steps[1] - steps[0]) / 2
    edges = steps[0] - half, steps[-1] + half
    right.imshow(_side_by_side(pictures[::-1]), vmin=0, vmax=1, extent=(*edges, *edges))
    right.grid(False)
    for axes, title in ((left, "where the digits lie"), (right, "what the decoder draws there")):
        axes.set(title=title, xlim=edges, ylim=edges, xlabel=axis_labels[0], xticks=range(0, 101, 20), aspect="equal")
        axes.set(yticks=range(0, 101, 20), ylabel=axis_labels[1])
    rows, columns = pictures.shape[:2]
    digest = f"{len(points)} points; {rows}x{columns} pictures, mean {pictures.mean():.2f}"
    plotting.save_figure(figure, name, digest)


def _points(axes, points, labels):
    low, high = np.quantile(points, (0.003, 0.997), axis=0)
    reach = (high - low) * 0.05
    axes.scatter(*points.T, c=[DIGIT_COLORS[label % 10] for label in labels], s=3, linewidths=0)
    axes.set(xlim=(low[0] - reach[0], high[0] + reach[0]), ylim=(low[1] - reach[1], high[1] + reach[1]))


def _name_digits(axes, points, labels):
    """The label of each kind where most of its points lie."""
    low, high = np.array([axes.get_xlim(), axes.get_ylim()]).T
    box = {"facecolor": "white", "alpha": 0.85, "linewidth": 0, "boxstyle": "round,pad=0.15"}
    places = np.array([_densest(points[labels == label]) for label in np.unique(labels)])
    for place, label in zip(_apart((places - low) / (high - low)), np.unique(labels), strict=True):
        axes.text(*(low + place * (high - low)), f"{label}", fontweight="bold", ha="center", va="center", bbox=box)


def _key(figure):
    """Which colour stands for which digit."""
    dots = [Line2D([], [], color=color, marker="o", linestyle="none") for color in DIGIT_COLORS]
    figure.legend(dots, range(10), loc="outside lower center", ncols=10, handletextpad=0, columnspacing=1.2)


def _densest(points):
    """The point that has most others around it: a label between two groups would name neither."""
    far = np.linalg.norm((points[:, np.newaxis] - points) / np.maximum(np.ptp(points, axis=0), 1e-9), axis=-1)
    return points[np.exp(-((far / NEAR) ** 2)).sum(axis=1).argmax()]


def _apart(places, distance=0.075, rounds=60):
    """Points of the unit square, moved until no two are closer than `distance`."""
    places = places + 1e-6 * np.arange(places.size).reshape(places.shape)  # two at one place have no direction to part in
    for _ in range(rounds):
        between = places[:, np.newaxis] - places
        far = np.maximum(np.linalg.norm(between, axis=-1, keepdims=True), 1e-9)
        places = places + (between / far * np.clip(distance - far, 0, None) / 2).sum(axis=1)
    return places


def _mosaic(axes, pictures):
    low, high = pictures.min(axis=(2, 3), keepdims=True), pictures.max(axis=(2, 3), keepdims=True)
    stretched = np.pad((pictures - low) / np.maximum(high - low, 1e-6), ((0, 0), (0, 0), (0, 1), (0, 1)), constant_values=1)
    axes.imshow(_side_by_side(stretched), vmin=0, vmax=1)
    axes.axis("off")


def _side_by_side(pictures):
    """One picture of (rows, columns, height, width)."""
    return np.block([list(row) for row in pictures])
