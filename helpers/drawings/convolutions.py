"""Convolutional networks: how large each stage is, what a transposed convolution stamps, what a residual output adds."""

import itertools

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from helpers import plotting
from helpers.drawings.colors import BLUE, ORANGE


@plotting.styled
def show_stages(networks, code, *, skips=None, name=None):
    """Networks one above the other, each a chain of blocks: heights are the sides of the pictures, widths their channels.

    Parameters
    ----------
    networks : dict of str to sequence of tuple of int
        Label to (side, channels) of each stage, from the input to the output.
    code : int
        Which stage is the code; it is drawn in another colour.
    skips : dict of tuple of int to str, optional
        (from, to) to a label: arrows over the blocks, the longest highest.
    name : str, optional
        As in `helpers.plotting.save_figure`.
    """
    skips, above = skips or {}, 16 * len(skips or {})
    figure = Figure(figsize=(plotting.WIDTH, (1.9 + above / 70) * len(networks)))
    grid, digest = figure.subplots(len(networks), 1, squeeze=False)[:, 0], []
    for axes, (label, stages) in zip(grid, networks.items(), strict=True):
        tallest = max(side for side, _ in stages)
        axes.set(xlim=(-45, 60 * len(stages) - 25), ylim=(-0.5 * tallest - 34, 0.5 * tallest + 4 + above), aspect="equal")
        axes.set_title(label, loc="left", fontsize=10)
        axes.axis("off")
        for k, (side, channels) in enumerate(stages):
            width, color = max(channels / 4, 1), ORANGE if k == code else BLUE
            axes.add_patch(Rectangle((60 * k - width / 2, -side / 2), width, side, color=color, linewidth=0))
            below = f"{side}×{side}×{channels}\n{side * side * channels:,}"
            axes.text(
                60 * k, -tallest / 2 - 5, below, ha="center", va="top", fontsize=8.5, color=color if k == code else "black"
            )
        for level, ((start, stop), said) in enumerate(sorted(skips.items(), key=lambda skip: skip[0][1] - skip[0][0])):
            _over(
                axes, (60 * start, stages[start][0] / 2), (60 * stop, stages[stop][0] / 2), tallest / 2 + 6 + 16 * level, said
            )
        digest.append(f"{label}: code {stages[code][0]}x{stages[code][0]}x{stages[code][1]}")
    figure.get_layout_engine().set(h_pad=0.0, hspace=0.0)
    plotting.save_figure(figure, name, "; ".join(digest))


def _over(axes, start, stop, height, label):
    """An arrow from one block's top to another's, over all that stand between them."""
    axes.plot([start[0], start[0], stop[0]], [start[1], height, height], color=ORANGE, linewidth=1.5)
    down = {"arrowstyle": "-|>", "color": ORANGE, "linewidth": 1.5, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", stop, (stop[0], height), arrowprops=down)
    axes.text((start[0] + stop[0]) / 2, height + 1, label, ha="center", va="bottom", color=ORANGE, fontsize=9)


@plotting.styled
def show_stamps(small, stamp, strides, *, name=None):
    """A transposed convolution: the small picture, where it stamps, and how many stamps fall on each pixel.

    Parameters
    ----------
    small : numpy.ndarray, shape (height, width)
        In [0, 1].
    stamp : numpy.ndarray, shape (side, side)
        The weights.
    strides : int
        From one stamp to the next, in pixels of the large picture.
    name : str, optional
        As in `helpers.plotting.save_figure`.
    """
    side, counts = len(stamp), stamped(np.ones_like(small, float), np.ones_like(stamp, float), strides)
    pictures = {
        f"{small.shape[0]}×{small.shape[1]} pixels": small,
        f"each stamps {side}×{side}, {strides} apart,\nand overlaps add": stamped(small, stamp, strides),
        "stamps that fall on each pixel": counts,
    }
    figure = Figure(figsize=(plotting.WIDTH, 2.9))
    grid = figure.subplots(1, 3, width_ratios=(len(small), len(counts), len(counts)))
    for axes, (title, picture) in zip(grid, pictures.items(), strict=True):
        axes.imshow(picture, vmin=0, vmax=picture.max() * (1 if picture is not counts else 1.6))
        axes.set_title(title, fontsize=9)
        axes.set(xticks=[], yticks=[], frame_on=False)
        axes.grid(False)
    for (row, column), color in zip(((0, 0), (0, 1), (1, 0)), (ORANGE, BLUE, "#009E73"), strict=True):
        grid[0].add_patch(_outline(row, column, 1, color))
        grid[1].add_patch(_outline(row * strides, column * strides, side, color))
    for (row, column), count in np.ndenumerate(counts):
        grid[2].text(column, row, f"{count:.0f}", ha="center", va="center", fontsize=9, color=ORANGE, fontweight="bold")
    plotting.save_figure(figure, name, f"{counts.min():.0f} to {counts.max():.0f} stamps a pixel")


def stamped(small, stamp, strides):
    """What a transposed convolution without padding makes of one channel.

    Parameters
    ----------
    small : numpy.ndarray, shape (height, width)
    stamp : numpy.ndarray, shape (side, side)
    strides : int

    Returns
    -------
    numpy.ndarray of float64, shape (strides * (height - 1) + side, strides * (width - 1) + side)
    """
    height, width = (strides * (length - 1) + len(stamp) for length in small.shape)
    large = np.zeros((height, width))
    for row, column in np.ndindex(*small.shape):
        top, left = strides * row, strides * column
        large[top : top + len(stamp), left : left + len(stamp)] += small[row, column] * stamp
    return large


def _outline(row, column, side, color):
    inside = 0.06  # so that neighbours are seen apart
    corner, length = (column - 0.5 + inside, row - 0.5 + inside), side - 2 * inside
    return Rectangle(corner, length, length, fill=False, edgecolor=color, linewidth=2)


@plotting.styled
def show_sum(pictures, *, name=None):
    """Pictures in a row with + between them and = before the last.

    Parameters
    ----------
    pictures : dict of str to numpy.ndarray of shape (height, width, 3)
        Label to picture; two or more.
    name : str, optional
        As in `helpers.plotting.save_figure`.
    """
    figure = Figure(figsize=(plotting.WIDTH, 0.35 + plotting.WIDTH / (1.25 * len(pictures))))
    grid = figure.subplots(1, len(pictures))
    signs = ["", *itertools.repeat("+", len(pictures) - 2), "="]
    for axes, sign, (label, picture) in zip(grid, signs, pictures.items(), strict=True):
        axes.imshow(np.clip(picture, 0, 1))
        axes.set_title(label, fontsize=10)
        axes.axis("off")
        axes.text(-0.14, 0.5, sign, transform=axes.transAxes, ha="center", va="center", fontsize=18)
    figure.get_layout_engine().set(wspace=0.12)
    means = [f"{label} mean {picture.mean():.2f}" for label, picture in pictures.items()]
    plotting.save_figure(figure, name, ", ".join(means))
