"""The minutes that a chapter takes, as ``make time`` measured them, shown where the chapter begins."""

import pandas as pd
from IPython.display import Markdown, display

from helpers import paths


def show_minutes(notebook):
    """Show what a chapter takes, from data/timings.csv, which ``make time`` measures.

    Parameters
    ----------
    notebook : str
        "02_mnist_denoising"; of "solutions/02_mnist_denoising" nothing is shown.
    """
    if notebook.startswith("solutions/"):
        return
    timings = paths.data() / "timings.csv"
    table = pd.read_csv(timings, index_col="notebook") if timings.exists() else pd.DataFrame()
    if notebook not in table.index:
        display(Markdown("**Time.** Not measured yet: `make time` does."))
        return
    minutes = table.loc[notebook]
    display(
        Markdown(
            f"**Time.** {minutes['reading']:.0f} minutes to read · {60 * minutes['pretrained']:.0f} seconds to run · "
            f'{minutes["quick"]:.1f} minutes with `MODE = "quick"` · {minutes["full"]:.1f} minutes with '
            '`MODE = "full"`, on two cores.'
        )
    )
