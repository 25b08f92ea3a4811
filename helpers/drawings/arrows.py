"""Where a denoiser moves what it is given: along a line, in a plane, and step by step."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

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
    figure = Figure(figsize=(plotting.WIDTH, 2.9))
    grid, digest, drawn_from = figure.subplots(1, len(panels), squeeze=False)[0], [], []
    for axes, (title, (values, density, answers)) in zip(grid, panels.items(), strict=True):
        top = density.max()
        axes.fill_between(values, density, color=BLUE, alpha=0.15, linewidth=0)
        axes.plot(values, density, color=BLUE)
        chosen = np.linspace(0, len(values) - 1, arrows + 2).round().astype(int)[1:-1]
        for row, k in enumerate(chosen):  # at two heights, or neighbours would hide one another
            height = -(0.12 + 0.12 * (row % 2)) * top
            axes.plot(values[k], height, "o", color=ORANGE, markersize=3)
            axes.annotate("", (answers[k], height), (values[k], height), arrowprops=_TIP)
        axes.set(title=title, xlabel=x_label, ylim=(-0.34 * top, 1.08 * top), yticks=[])
        digest.append(f"{title} moves by {np.abs(answers - values)[chosen].mean():.2f}")
        columns = {"panel": title, "value": values, "density": density, "answer": answers}
        drawn_from.append(pd.DataFrame(columns))
    grid[0].set_ylabel("density p(y)")
    plotting.save_figure(figure, name, "; ".join(digest), pd.concat(drawn_from, ignore_index=True))


@plotting.styled
def show_arrows(panels, points, *, labels=("first pixel", "second pixel"), name=None):
    """Arrows in a plane, from noisy points to the denoiser's answers, over the clean points.

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
    grid, digest, drawn_from = _side_by_side(len(panels), labels), [], []
    for axes, (title, (places, answers)) in zip(grid, panels.items(), strict=True):
        _points(axes, title, points)
        axes.quiver(*places.T, *(answers - places).T, color=ORANGE, angles="xy", scale_units="xy", scale=1, width=0.006)
        digest.append(f"{title} moves by {np.linalg.norm(answers - places, axis=1).mean():.2f}")
        ends = np.hstack([places, answers])
        drawn_from.append(pd.DataFrame(ends, columns=["from_x", "from_y", "to_x", "to_y"]).assign(panel=title))
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


def _side_by_side(count, labels):
    """Panels with one scale, the labels at the outer sides."""
    figure = Figure(figsize=(plotting.WIDTH, 0.5 + 0.8 * plotting.WIDTH / count))
    grid = figure.subplots(1, count, squeeze=False, sharex=True, sharey=True)[0]
    for axes in grid:
        axes.set(xlabel=labels[0], aspect="equal")
    grid[0].set_ylabel(labels[1])
    return grid


def _points(axes, title, points):
    axes.plot(*points.T, ".", color=POINT, markersize=3, zorder=0, rasterized=True)  # as vectors they would be most of the file
    axes.set_title(title)
