"""Noise: drawn once, or anew in each epoch."""

from matplotlib.figure import Figure
from matplotlib.patches import Circle

from helpers import plotting
from helpers.drawings.colors import ORANGE


@plotting.styled
def show_specks(rows, titles, place, *, name=None):
    """One part of a picture again and again, with one pixel of it marked.

    Parameters
    ----------
    rows : dict of str to numpy.ndarray of shape (n, height, width, 1)
        Label to pictures.
    titles : sequence of str
        Above the columns.
    place : tuple of int
        Row and column of the pixel.
    name : str, optional
        As in `helpers.plotting.save_figure`.
    """
    figure = Figure(figsize=(plotting.WIDTH, 1.45 * len(rows)))
    grid, digest = figure.subplots(len(rows), len(titles), squeeze=False), []
    for line, (label, pictures) in zip(grid, rows.items(), strict=True):
        for axes, picture in zip(line, pictures, strict=True):
            axes.imshow(picture[..., 0], vmin=0, vmax=1)
            axes.add_patch(Circle(place[::-1], 0.9, fill=False, color=ORANGE, linewidth=2))
            axes.set(xticks=[], yticks=[], frame_on=False)
            axes.grid(False)
        line[0].set_ylabel(label, rotation=0, ha="right", va="center")
        digest.append(f"{label} {', '.join(f'{picture[place][0]:.2f}' for picture in pictures)}")
    for axes, title in zip(grid[0], titles, strict=True):
        axes.set_title(title)
    plotting.save_figure(figure, name, "; ".join(digest))
