"""Drawings of ideas: a network to scale, codes as points, as bars and as a map."""

import math
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Polygon, Rectangle

from helpers import plotting

BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#e4e4e4"
# Digits that look alike, such as 3, 5 and 8 or 4 and 9, have colours that do not.
DIGIT_COLORS = "#0072B2 #E69F00 #009E73 #D62728 #9467BD #111111 #56B4E9 #E377C2 #B8A000 #8C510A".split()


@plotting.styled
def show_bottleneck(sizes, names, *, name=None):
    """A chain of layers as bars whose heights are to scale.

    Parameters
    ----------
    sizes : sequence of int
        Numbers in each layer, from the input to the output; the smallest is drawn as the code.
    names : sequence of str
        Below the bars.
    name : str, optional
        As in `helpers.plotting.save_figure`.
    """
    figure = Figure(figsize=(plotting.WIDTH, 3.2))
    axes = figure.subplots()
    largest, code = max(sizes), int(np.argmin(sizes))
    axes.set(xlim=(-0.6, len(sizes) - 0.4), ylim=(-0.86 * largest, 0.72 * largest))
    axes.axis("off")
    for k, (size, below) in enumerate(zip(sizes, names, strict=True)):
        color = ORANGE if k == code else BLUE
        if k:
            before = sizes[k - 1] / 2
            corners = [(k - 0.88, before), (k - 0.12, size / 2), (k - 0.12, -size / 2), (k - 0.88, -before)]
            axes.add_patch(Polygon(corners, color=GREY, linewidth=0))
        axes.add_patch(Rectangle((k - 0.12, -size / 2), 0.24, size, color=color, linewidth=0))
        axes.text(k, -0.56 * largest, f"{size}\n{below}", ha="center", va="top", color=color if k == code else "black")
    middle = (len(sizes) - 1) / 2
    for place, said in (
        (code / 2, "encoder  $f$"),
        ((code + len(sizes) - 1) / 2, "decoder  $g$"),
        (0, "$x$"),
        (middle, "$z$"),
        (len(sizes) - 1, r"$\hat{x}$"),
    ):
        axes.text(place, 0.6 * largest, said, ha="center", va="center", fontsize=11)
    plotting.save_figure(figure, name, ", ".join(map(str, sizes)))


@plotting.styled
def show_kinds(digit, noisy, restored, *, name=None):
    """Four kinds of autoencoders side by side; what each changes is orange.

    Parameters
    ----------
    digit, noisy, restored : numpy.ndarray, shape (height, width, 1)
        A picture, what the denoising autoencoder is given instead, and what comes out.
    name : str, optional
        As in `helpers.plotting.save_figure`.
    """
    figure = Figure(figsize=(plotting.WIDTH, 3.4))
    kinds = {
        "convolutional: other layers": (digit, _grid_of_places),
        "denoising: another input": (noisy, _narrow_code),
        "sparse: a wide code, mostly zeros": (digit, _mostly_zeros),
        "variational: a place with a spread": (digit, _place_with_a_spread),
    }
    for axes, (title, (given, draw_code)) in zip(figure.subplots(2, 2).ravel(), kinds.items(), strict=True):
        axes.set_title(title, fontsize=10)
        axes.set(xlim=(0, 10), ylim=(0, 4), aspect="equal")
        axes.axis("off")
        changed = ORANGE if given is noisy else "black"
        for left, picture, color in ((0.1, given, changed), (7.6, restored, "black")):
            axes.imshow(np.clip(picture[..., 0], 0, 1), extent=(left, left + 2.3, 0.85, 3.15), vmin=0, vmax=1)
            axes.add_patch(Rectangle((left, 0.85), 2.3, 2.3, fill=False, edgecolor=color, linewidth=2))
        layers = ORANGE if draw_code is _grid_of_places else GREY
        axes.add_patch(Polygon([(2.6, 3.1), (4.3, 2.6), (4.3, 1.4), (2.6, 0.9)], color=layers, linewidth=0, alpha=0.8))
        axes.add_patch(Polygon([(7.4, 3.1), (5.7, 2.6), (5.7, 1.4), (7.4, 0.9)], color=layers, linewidth=0, alpha=0.8))
        draw_code(axes)
    plotting.save_figure(figure, name, ", ".join(kinds))


def _narrow_code(axes):
    axes.add_patch(Rectangle((4.8, 1.4), 0.4, 1.2, color=BLUE, linewidth=0))


def _grid_of_places(axes):
    """A code, between layers that look at 3x3 neighbours."""
    _narrow_code(axes)
    for left in (3.0, 6.2):
        for row, column in np.ndindex(3, 3):
            axes.add_patch(Rectangle((left + 0.28 * column, 1.58 + 0.28 * row), 0.26, 0.26, color="white", linewidth=0))


def _mostly_zeros(axes):
    for k in range(16):
        used = k in (3, 8, 13)
        place = (4.75, 0.4 + 0.2 * k)
        axes.add_patch(Rectangle(place, 0.5, 0.16, facecolor=ORANGE if used else "white", edgecolor=ORANGE, linewidth=0.6))


def _place_with_a_spread(axes):
    across = np.linspace(-1, 1, 50)
    axes.fill_between(5 + 0.65 * across, 1.3, 1.3 + 1.4 * np.exp(-5 * across**2), color=ORANGE, linewidth=0)


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


class Panel(NamedTuple):
    """What `show_panels` draws in one place."""

    draw: Callable
    values: np.ndarray
    has_axes: bool = True


def points(places, labels):
    """A panel of labelled points: `places` has the shape (n, 2), `labels` are integers, shape (n,)."""
    return Panel(partial(_points, points=places, labels=labels), places)


def mosaic(pictures):
    """A panel of small pictures, shape (rows, columns, height, width), each from its darkest to its brightest value."""
    return Panel(partial(_mosaic, pictures=pictures), pictures, has_axes=False)


def bars(values):
    """A panel with a bar for each of `values`, shape (n,)."""
    return Panel(lambda axes: axes.bar(np.arange(len(values)), values, width=1, color=BLUE), values)


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
    with_bars = [axes for axes in grid if axes.containers]
    for axes in with_bars:
        axes.set_ylim(0, max(other.get_ylim()[1] for other in with_bars))
    plotting.save_figure(figure, name, "; ".join(digest))


def _points(axes, points, labels):
    low, high = np.quantile(points, (0.003, 0.997), axis=0)
    reach = (high - low) * 0.05
    axes.scatter(*points.T, c=[DIGIT_COLORS[label % 10] for label in labels], s=3, linewidths=0)
    axes.set(xlim=(low[0] - reach[0], high[0] + reach[0]), ylim=(low[1] - reach[1], high[1] + reach[1]))
    box = {"facecolor": "white", "alpha": 0.85, "linewidth": 0, "boxstyle": "round,pad=0.15"}
    places = np.array([_densest(points[labels == label]) for label in np.unique(labels)])
    for place, label in zip(_apart((places - low) / (high - low)), np.unique(labels), strict=True):
        axes.text(*(low + place * (high - low)), f"{label}", fontweight="bold", ha="center", va="center", bbox=box)


def _densest(points):
    """Where most of the points lie: a label between two groups would name neither."""
    counts, *edges = np.histogram2d(*points.T, bins=8)
    return [edge[k : k + 2].mean() for edge, k in zip(edges, np.unravel_index(counts.argmax(), counts.shape), strict=True)]


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
