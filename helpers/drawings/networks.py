"""Networks: to scale, their kinds, a U-Net, and what its layers see."""

import itertools

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Polygon, Rectangle

from helpers import plotting
from helpers.drawings.colors import BLUE, GREY, ORANGE


@plotting.styled
def show_bottleneck(sizes, names, *, symbols=("x", "z", r"\hat{x}"), name=None):
    """A chain of layers as bars whose heights are to scale.

    Parameters
    ----------
    sizes : sequence of int
        Numbers in each layer, from the input to the output; the smallest is drawn as the code.
    names : sequence of str
        Below the bars.
    symbols : sequence of str, optional
        Above the input, the code and the output, as formulas.
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
        *zip((0, middle, len(sizes) - 1), [f"${symbol}$" for symbol in symbols], strict=True),
    ):
        axes.text(place, 0.6 * largest, said, ha="center", va="center", fontsize=11)
    drawn_from = pd.DataFrame({"layer": [" ".join(below.split()) for below in names], "numbers": sizes})
    plotting.save_figure(figure, name, ", ".join(map(str, sizes)), drawn_from)


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
        "variational: a code with a spread": (digit, _place_with_a_spread),
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
    plotting.save_figure(figure, name, ", ".join(kinds), drawn=True)


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
def show_unet(sizes, channels, *, labels="below", name=None):
    """A U-Net with what it carries across: heights are those of the pictures, widths those of their channels.

    Parameters
    ----------
    sizes, channels : sequence of int
        Of each level, from the full size down.
    labels : {"below", "beside", "inside"}, optional
        Where sizes and channels of the blocks stand: below them, outside of the U where no arrow passes, or upright inside
        of all but the lowest.
    name : str, optional
        As in `helpers.plotting.save_figure`.
    """
    figure = Figure(figsize=(plotting.WIDTH, 4.4))
    axes = figure.subplots()
    axes.axis("off")
    axes.set_aspect("equal")
    depth, top, step = len(sizes) - 1, sizes[0] / 2, 26
    lower = np.cumsum([0, *((above + below) / 2 + 14 for above, below in itertools.pairwise(sizes))])
    levels = [*range(depth + 1), *reversed(range(depth))]  # from left to right
    inner = [(step * (k + 1), -lower[n], channels[n] / 4, sizes[n], f"{sizes[n]}×{sizes[n]}") for k, n in enumerate(levels)]
    blocks = [(0, 0, 1, sizes[0], "noisy"), *inner, (step * (len(levels) + 1), 0, 1, sizes[0], "restored")]
    for k, (x, y, width, height, label) in enumerate(blocks):
        color = ORANGE if k == depth + 1 else BLUE
        axes.add_patch(Rectangle((x - width / 2, y - height / 2), width, height, color=color, linewidth=0))
        said = f"{label}\n{channels[levels[k - 1]]} channels" if 0 < k < len(blocks) - 1 else label
        if labels == "inside" and 0 < k < len(blocks) - 1 and k != depth + 1:  # below the lowest one there is room
            said = said if width > 10 else said.replace("\n", ", ")
            axes.text(x, y, said, ha="center", va="center", fontsize=9, color="white", rotation=90)
            continue
        on_white = {"facecolor": "white", "edgecolor": "none", "pad": 0.5}  # an arrow passes behind it
        level = levels[k - 1] if 0 < k < len(blocks) - 1 else 0
        side = -1 if k <= depth else 1  # left on the way down, right on the way up
        align = "right" if side < 0 else "left"
        if labels == "beside" and 0 < level < depth:
            axes.text(x + side * (width / 2 + 1.5), y - 2, said, ha=align, va="top", fontsize=9)
            continue
        if labels == "beside" and level == 0 and 0 < k < len(blocks) - 1:  # below, and no further in than the block
            axes.text(x - side * width / 2, y - height / 2 - 1.5, said, ha=align, va="top", fontsize=9)
            continue
        axes.text(x, y - height / 2 - 1.5, said, ha="center", va="top", fontsize=9, bbox=on_white, zorder=4)
    for (x, y, width, *_), (to_x, to_y, to_width, *_) in itertools.pairwise(blocks):
        _arrow(axes, (x + width / 2, y), (to_x - to_width / 2, to_y), "#555555", "")
    for level in range(depth):
        (x, y, width, height, _), (to_x, *_) = inner[level], inner[-1 - level]
        _arrow(axes, (x + width / 2, y + height / 4), (to_x - width / 2, y + height / 4), ORANGE, "skip")
    for x in (0, blocks[-1][0]):
        axes.plot([x, x], [top, top + 5], color=ORANGE, linewidth=1.5)
    _arrow(axes, (0, top + 5), (blocks[-1][0], top + 5), ORANGE, "residual output: the input itself is added")
    axes.autoscale_view()
    drawn_from = pd.DataFrame({"size": sizes, "channels": channels})
    digest = ", ".join(f"{size} with {count}" for size, count in zip(sizes, channels, strict=True))
    plotting.save_figure(figure, name, digest, drawn_from)


def _arrow(axes, start, stop, color, label):
    axes.annotate(
        "", stop, start, arrowprops={"arrowstyle": "-|>", "color": color, "linewidth": 1.5, "shrinkA": 0, "shrinkB": 0}
    )
    axes.text((start[0] + stop[0]) / 2, start[1] + 1, label, ha="center", va="bottom", color=color, fontsize=9)


@plotting.styled
def show_fields(fields, *, name=None):
    """What a value in the middle of each layer depends on, darker where it depends more, and how wide that is.

    Parameters
    ----------
    fields : dict of str to numpy.ndarray of shape (height, width)
        Layer to how much the value changes with each pixel; 0 where it does not.
    name : str, optional
        As in `helpers.plotting.save_figure`.
    """
    figure = Figure(figsize=(plotting.WIDTH, 1.7))
    grid, digest = figure.subplots(1, len(fields), squeeze=False)[0], []
    for axes, (label, field) in zip(grid, fields.items(), strict=True):
        down, across = (np.flatnonzero(field.any(axis=axis)) for axis in (1, 0))
        height, width = np.ptp(down) + 1, np.ptp(across) + 1
        axes.imshow(np.sqrt(field / field.max()), cmap="Blues", vmin=0, vmax=1)
        axes.add_patch(Rectangle((across[0] - 0.5, down[0] - 0.5), width, height, fill=False, color=ORANGE, linewidth=1.5))
        axes.set_title(f"{label}\n{height}×{width}")
        axes.axis("off")
        digest.append(f"{height}x{width}")
    plotting.save_figure(figure, name, ", ".join(digest))
