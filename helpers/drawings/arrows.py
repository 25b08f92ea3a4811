"""Where a denoiser moves what it is given: along a line, in a plane, and step by step."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from helpers import plotting
from helpers.drawings.colors import BLUE, ORANGE

POINT = "#bbbbbb"  # of the data, which lie behind the arrows
_TIP = {"arrowstyle": "-|>", "color": ORANGE, "linewidth": 1.5, "shrinkA": 0, "shrinkB": 0}


@plotting.styled
def show_pulls(panels, *, arrows=11, x_label="y", name=None):
    """How likely each noisy value is, and below it an arrow from some of these values to the denoiser's answer.

    Parameters
    ----------
    panels : dict of str to (values, density, answers), arrays of shape (n,)
        Title to evenly spaced noisy values, their density, and what the denoiser answers to each.
    arrows : int, optional
        In each panel, evenly spaced.
    x_label : str, optional
    name : str, optional
        As in `helpers.plotting.save_figure`.
    """
    figure = Figure(figsize=(plotting.WIDTH, 3.7))
    grid, digest, drawn_from = figure.subplots(1, len(panels), squeeze=False)[0], [], []
    for axes, (title, (values, density, answers)) in zip(grid, panels.items(), strict=True):
        top = density.max()
        axes.fill_between(values, density, color=BLUE, alpha=0.15, linewidth=0)
        axes.plot(values, density, color=BLUE)
        chosen = np.linspace(0, len(values) - 1, arrows + 2).round().astype(int)[1:-1]
        for row, k in enumerate(chosen):  # each at its own height, or neighbours would hide one another
            height = -0.7 * (row + 1) / (arrows + 1) * top
            axes.plot(values[k], height, "o", color=ORANGE, markersize=4, markerfacecolor="white", zorder=4)
            axes.annotate("", (answers[k], height), (values[k], height), arrowprops=_TIP)
        axes.set(title=title, xlabel=x_label, ylim=(-0.72 * top, 1.08 * top), yticks=[])
        digest.append(f"{title} moves by {np.abs(answers - values)[chosen].mean():.2f}")
        columns = {"panel": title, "value": values, "density": density, "answer": answers}
        drawn_from.append(pd.DataFrame(columns))
    grid[0].set_ylabel("density p(y)")
    plotting.save_figure(figure, name, "; ".join(digest), pd.concat(drawn_from, ignore_index=True))


@plotting.styled
def show_arrows(panels, points, *, labels=("first pixel", "second pixel"), name=None):
    """Arrows in a plane, from noisy points to the denoiser's answers, which are dots, over the clean points.

    Parameters
    ----------
    panels : dict of str to (places, answers), arrays of shape (n, 2)
        Title to where the arrows begin and where they end.
    points : numpy.ndarray, shape (m, 2)
        The clean points.
    labels : tuple of str, optional
        Of the axes.
    name : str, optional
        As in `helpers.plotting.save_figure`.
    """
    grid, digest, drawn_from = _side_by_side(len(panels), labels, above=0.3), [], []
    for axes, (title, (places, answers)) in zip(grid, panels.items(), strict=True):
        _points(axes, title, points)
        axes.quiver(*places.T, *(answers - places).T, color=ORANGE, angles="xy", scale_units="xy", scale=1, width=0.004)
        axes.plot(*answers.T, "o", color=BLUE, markersize=2)
        digest.append(f"{title} moves by {np.linalg.norm(answers - places, axis=1).mean():.2f}")
        ends = np.hstack([places, answers])
        drawn_from.append(pd.DataFrame(ends, columns=["from_x", "from_y", "to_x", "to_y"]).assign(panel=title))
    _key(grid[0].figure)
    plotting.save_figure(grid[0].figure, name, "; ".join(digest), pd.concat(drawn_from, ignore_index=True))


@plotting.styled
def show_paths(panels, points, *, labels=("first pixel", "second pixel"), name=None):
    """The ways that points go in a plane, each from a circle to a dot, over the clean points.

    Parameters
    ----------
    panels : dict of str to numpy.ndarray of shape (steps, n, 2)
        Title to the places of n points, the first before the first step.
    points, labels, name
        As in `show_arrows`.
    """
    grid, digest, drawn_from = _side_by_side(len(panels), labels), [], []
    for axes, (title, paths) in zip(grid, panels.items(), strict=True):
        _points(axes, title, points)
        axes.plot(*paths.transpose(2, 0, 1), color=ORANGE, linewidth=1, alpha=0.8)
        axes.plot(*paths[0].T, "o", color=ORANGE, markersize=4, markerfacecolor="white")
        axes.plot(*paths[-1].T, "o", color=BLUE, markersize=4)
        distance = np.linalg.norm(paths[-1][:, np.newaxis] - points, axis=-1).min(axis=1)
        digest.append(f"{title} ends {distance.mean():.2f} from the points")
        steps, count, _ = paths.shape
        numbered = {"step": np.repeat(np.arange(steps), count), "path": np.tile(np.arange(count), steps), "panel": title}
        drawn_from.append(pd.DataFrame(paths.reshape(-1, 2), columns=["x", "y"]).assign(**numbered))
    plotting.save_figure(grid[0].figure, name, "; ".join(digest), pd.concat(drawn_from, ignore_index=True))


@plotting.styled
def show_loop(noisy, clean, old, fresh, weaker, *, name=None):
    """One step of a denoiser that draws: answer, mix the noise that was found with fresh noise, put it back weaker.

    Parameters
    ----------
    noisy, clean, old, fresh, weaker : numpy.ndarray, shape (height, width, 1)
        What the step is given, the answer, what was taken away, fresh noise, and what the next step is given; to be drawn
        from 0 to 1.
    name : str, optional
        As in `helpers.plotting.save_figure`.
    """
    figure = Figure(figsize=(plotting.WIDTH, 3.8))
    axes, half = figure.subplots(), 0.8
    pictures = {
        "noisy": (noisy, (0, 2.6)), "answer": (clean, (4.6, 2.6)), "next noisy": (weaker, (9.2, 2.6)),
        "old noise": (old, (2.3, 0)), "fresh noise": (fresh, (9.2, 0)),
    }  # fmt: skip
    for title, (picture, (x, y)) in pictures.items():
        axes.imshow(picture[..., 0], vmin=0, vmax=1, extent=(x - half, x + half, y - half, y + half))
        axes.text(x, y - half - 0.08, title, ha="center", va="top", fontsize=9)
    dashed = {"boxstyle": "round,pad=0.3", "facecolor": "white", "edgecolor": ORANGE, "linestyle": "--"}
    solid = dashed | {"edgecolor": BLUE, "linestyle": "-"}
    for x, y, said, box in (
        (1.6, 2.6, "denoiser", solid), (2.98, 2.6, "constrain", dashed), (6.9, 0, "mix", solid), (6.9, 2.6, "add", solid),
    ):  # fmt: skip
        axes.text(x, y, said, ha="center", va="center", fontsize=9, bbox=box, zorder=4)
    for stop, start in (
        ((3.75, 2.6), (0.85, 2.6)), ((6.6, 2.6), (5.45, 2.6)), ((8.35, 2.6), (7.2, 2.6)),  # along the top
        ((1.5, 0.85), (0.4, 1.5)), ((3.1, 0.85), (4.2, 1.5)),  # what was taken away: noisy less answer
        ((6.5, 0), (3.15, 0)), ((7.25, 0), (8.35, 0)), ((6.9, 2.3), (6.9, 0.25)),
    ):  # fmt: skip
        axes.annotate("", stop, start, arrowprops=_TIP)
    axes.text(2.3, 1.25, "noisy - answer", ha="center", fontsize=9)
    axes.text(7.05, 1.2, "made weaker", ha="left", fontsize=9)
    back = _TIP | {"connectionstyle": "arc3,rad=0.12", "linestyle": "--"}
    axes.annotate("", (0.2, 3.5), (9.0, 3.5), arrowprops=back)
    axes.text(4.6, 4.15, "the next step", ha="center", va="bottom", fontsize=9)
    axes.set(xlim=(-0.9, 10.1), ylim=(-1.25, 4.6), aspect="equal")
    axes.axis("off")
    digest = ", ".join(f"{title} {picture.std():.2f}" for title, (picture, _) in pictures.items())
    plotting.save_figure(figure, name, digest)


def _side_by_side(count, labels, above=0.0):
    """Panels with one scale, the labels at the outer sides, and `above` inches for a legend."""
    figure = Figure(figsize=(plotting.WIDTH, 0.5 + above + 0.8 * plotting.WIDTH / count))
    grid = figure.subplots(1, count, squeeze=False, sharex=True, sharey=True)[0]
    for axes in grid:
        axes.set(xlabel=labels[0], aspect="equal")
    grid[0].set_ylabel(labels[1])
    return grid


def _points(axes, title, points):
    axes.plot(*points.T, ".", color=POINT, markersize=3, zorder=0, rasterized=True)  # as vectors they would be most of the file
    axes.set_title(title)


def _key(figure):
    """What the grey dots, the lines and the blue dots of `show_arrows` are."""
    handles = [
        Line2D([], [], color=POINT, marker=".", linestyle="", label="clean points"),
        Line2D([], [], color=ORANGE, linewidth=1, label="from a noisy point"),
        Line2D([], [], color=BLUE, marker="o", markersize=4, linestyle="", label="its answer"),
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=3)
