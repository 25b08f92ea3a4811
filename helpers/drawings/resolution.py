"""Resolution: what shrinking loses, the sizes inside a network, space to depth, and details with the picture around them."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from helpers import metrics, plotting
from helpers.drawings.colors import BLUE, ORANGE

LETTERS = "abcdefghijklmnop"
OF_CHANNELS = ("#9CCAE8", "#F5C17C", "#9FD8B8", "#E8B4CE")  # light enough for black letters


@plotting.styled
def show_same_small(first, second, small, back, *, name=None):
    """Two large pictures, the small one that both become, and its enlargement.

    Parameters
    ----------
    first, second, small, back : numpy.ndarray, shape (height, width)
        Grey, from 0 for black to 1 for white.
    name : str, optional
        As in `helpers.plotting.save_figure`.
    """
    figure = Figure(figsize=(plotting.WIDTH, 3.95))
    axes = figure.subplots()
    axes.set(xlim=(-0.05, 8.75), ylim=(-0.3, 4.65), aspect="equal")
    axes.axis("off")
    side = 2 * len(small) / len(first)
    _pixels(axes, first, (0, 2.6), 2, "one large picture")
    _pixels(axes, second, (0, 0), 2, "another large picture")
    _pixels(axes, small, (4, 2.15 - side / 2), side, "the small picture\nof both")
    _pixels(axes, back, (6.7, 1.15), 2, "enlarged again:\nneither of the two")
    for start, stop in (((2.1, 3.6), (3.9, 2.5)), ((2.1, 1), (3.9, 1.8)), ((4 + side + 0.1, 2.15), (6.6, 2.15))):
        axes.annotate("", stop, start, arrowprops={"arrowstyle": "-|>", "color": "#555555", "linewidth": 1.5})
    axes.text(3.2, 3.3, "the mean of\neach 2×2", fontsize=9, ha="left", va="bottom", color="#555555")
    axes.text(5.85, 2.3, "bicubic", fontsize=9, ha="center", color="#555555")
    same = np.abs(small - second.reshape(*np.ravel([(n, 2) for n in small.shape])).mean(axis=(1, 3))).max()
    plotting.save_figure(figure, name, f"means {first.mean():.3f} and {second.mean():.3f}; small ones differ by {same:.3f}")


def _pixels(axes, picture, corner, size, below):
    """A grey picture whose pixels have rims, and a line of text below it."""
    (left, bottom), (rows, columns) = corner, picture.shape
    side = size / rows
    for row, column in np.ndindex(rows, columns):
        place = (left + column * side, bottom + size - (row + 1) * side)
        grey = f"{np.clip(picture[row, column], 0, 1):.4f}"
        axes.add_patch(Rectangle(place, side, side, facecolor=grey, edgecolor="#999999", linewidth=0.3))
    axes.text(left + size / 2, bottom - 0.1, below, ha="center", va="top", fontsize=9)


@plotting.styled
def show_hourglass(sizes, channels, *, skips=0, adds=False, name=None):
    """The pictures inside a network, their heights and widths to scale; one that is smaller than all others is orange.

    Parameters
    ----------
    sizes : sequence of tuple of int
        Height and width of each, from the input to the output.
    channels : sequence of int
        Of each.
    skips : int, optional
        How many pairs of equal size are joined by an arrow past what lies between them, the outermost first.
    adds : bool, optional
        Whether the input is added at the end.
    name : str, optional
        As in `helpers.plotting.save_figure`.
    """
    above = 0.5 + 0.16 * (skips + (skips > 0) + 1.5 * adds)  # heights of the largest picture
    figure = Figure(figsize=(plotting.WIDTH, 1.0 + 2 * above))
    axes = figure.subplots()
    axes.axis("off")
    largest, narrow = max(sizes), min(sizes)
    one_is_narrow = list(sizes).count(narrow) == 1
    middle, reach, tops = 0.0, 0.0, []
    for number, ((height, width), count) in enumerate(zip(sizes, channels, strict=True)):
        slot = max(width, 0.42 * largest[1])  # a label is wider than a small picture
        color = ORANGE if one_is_narrow and (height, width) == narrow else BLUE
        before, middle = reach, middle + slot / 2
        corner = (middle - width / 2, -height / 2)
        axes.add_patch(Rectangle(corner, width, height, facecolor=color, edgecolor=color, alpha=0.45))
        tops.append((middle, height / 2))
        said = f"{height}×{width}\n{count}\nchannels"
        axes.text(middle, -0.55 * largest[0], said, ha="center", va="top", fontsize=9, color=color)
        if number:
            axes.annotate("", (corner[0], 0), (before, 0), arrowprops={"arrowstyle": "-|>", "color": "#555555"})
        middle, reach = middle + slot / 2 + 0.1 * largest[1], corner[0] + width
    for number in range(skips):
        level = (0.5 + 0.16 * (skips - number)) * largest[0]
        _past(axes, tops[number], tops[-1 - number], level, BLUE, "skips" if number == 0 else "")
    if adds:
        apart = 0.12 * largest[1] if skips else 0.0  # beside the outermost skip
        (left, top), (right, _) = tops[0], tops[-1]
        level = (above - 0.04) * largest[0]
        _past(axes, (left - apart, top), (right + apart, top), level, ORANGE, "the input itself is added")
    axes.set(xlim=(-4, reach + 4), ylim=(-0.95 * largest[0], (above + 0.02 + 0.12 * adds) * largest[0]), aspect="equal")
    digest = ", ".join(f"{h}x{w} with {n}" for (h, w), n in zip(sizes, channels, strict=True))
    plotting.save_figure(figure, name, digest + f", {skips} skips" * (skips > 0) + ", adds" * adds)


def _past(axes, start, stop, level, color, label):
    """An arrow from the top of one picture, over what lies between, to the top of another."""
    axes.plot([start[0], start[0], stop[0]], [start[1], level, level], color=color, linewidth=1.5)
    axes.annotate("", stop, (stop[0], level), arrowprops={"arrowstyle": "-|>", "color": color, "shrinkA": 0, "shrinkB": 0})
    axes.text((start[0] + stop[0]) / 2, level + 4, label, ha="center", va="bottom", color=color, fontsize=9)


@plotting.styled
def show_space_to_depth(*, name=None):
    """A grid of 4x4 pixels, and the same sixteen numbers as four channels of 2x2.

    Parameters
    ----------
    name : str, optional
        As in `helpers.plotting.save_figure`.
    """
    figure = Figure(figsize=(plotting.WIDTH, 2.5))
    axes = figure.subplots()
    axes.set(xlim=(-0.2, 13.4), ylim=(-1.1, 4.2), aspect="equal")
    axes.axis("off")
    for number, letter in enumerate(LETTERS):
        row, column = divmod(number, 4)
        channel = 2 * (row % 2) + column % 2
        _letter(axes, (column, 3 - row), letter, channel)
        left = 6.2 + 1.85 * channel + 0.75 * (column // 2)
        _letter(axes, (left, 2 - 0.75 * (row // 2)), letter, channel, side=0.75)
    axes.annotate("", (5.9, 2), (4.3, 2), arrowprops={"arrowstyle": "-|>", "color": "#555555", "linewidth": 1.5})
    axes.annotate("", (4.3, 1.4), (5.9, 1.4), arrowprops={"arrowstyle": "-|>", "color": "#555555", "linewidth": 1.5})
    axes.text(5.1, 2.15, "space to\ndepth", ha="center", va="bottom", fontsize=9)
    axes.text(5.1, 1.25, "depth to\nspace", ha="center", va="top", fontsize=9)
    for channel in range(4):
        axes.text(6.95 + 1.85 * channel, 1.05, f"channel {channel + 1}", ha="center", va="top", fontsize=9)
    axes.text(2, -0.15, "4×4, one channel", ha="center", va="top", fontsize=9)
    axes.text(9.7, 0.3, "2×2, four channels", ha="center", va="top", fontsize=9)
    plotting.save_figure(figure, name, "4x4 as four channels of 2x2")


def _letter(axes, corner, letter, channel, side=1.0):
    axes.add_patch(Rectangle(corner, side, side, facecolor=OF_CHANNELS[channel], edgecolor="white", linewidth=1.5))
    axes.text(corner[0] + side / 2, corner[1] + side / 2, letter, ha="center", va="center", fontsize=10)


@plotting.styled
def show_details(restorations, clean, details, *, truth="original", name=None, labels=None):
    """Details of pictures, restored by several methods, behind a small view of the whole picture that says where they lie.

    Parameters
    ----------
    restorations : dict of str to numpy.ndarray of shape (n, height, width, channels)
        Method to images.
    clean : numpy.ndarray, same shape
    details : sequence of tuple of int
        (picture, top, left, height, width), one a row. Above each detail stands the PSNR of this detail.
    truth : str, optional
        What the truth is called.
    name : str, optional
        As in `helpers.plotting.save_figure`.
    labels : sequence of str, optional
        Left of the rows, one a detail.
    """
    columns, digest = len(restorations) + 2, []
    cell = (plotting.WIDTH - (0.5 if labels else 0)) / columns
    figure = Figure(figsize=(plotting.WIDTH, sum(cell * height / width + 0.42 for *_, height, width in details)))
    grid = figure.subplots(len(details), columns, squeeze=False)
    for row, (line, (picture, top, left, height, width)) in enumerate(zip(grid, details, strict=True)):
        part = (slice(picture, picture + 1), slice(top, top + height), slice(left, left + width))
        shown = {"where it lies": clean[picture]}
        for method, images in restorations.items():
            restored = np.clip(images[part], 0, 1)
            decibels = metrics.psnr(clean[part], restored)[0]
            shown[f"{method}\n{decibels:.1f} dB"] = restored[0]
            digest.append(f"{method} {decibels:.1f}")
        shown[truth] = clean[part][0]
        for axes, (title, image) in zip(line, shown.items(), strict=True):
            axes.imshow(image, vmin=0, vmax=1)
            axes.set(xticks=[], yticks=[])
            axes.set_title(title, fontsize=9, pad=3)
            axes.grid(False)
            axes.spines[:].set_visible(False)
        if labels:
            line[0].set_ylabel(labels[row], rotation=0, ha="right", va="center", fontsize=9)
        line[0].add_patch(Rectangle((left, top), width, height, fill=False, edgecolor=ORANGE, linewidth=2))
    figure.get_layout_engine().set(w_pad=0.02, h_pad=0.02, wspace=0.02, hspace=0.02)
    plotting.save_figure(figure, name, "; ".join(digest))
