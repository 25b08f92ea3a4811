"""What a network draws while it learns, under a slider."""

import hashlib
import html

import numpy as np
import pandas as pd

from helpers import metrics, plotting
from helpers.backend import keras
from helpers.drawings.stored import as_png, from_png

# Without its script, as in a notebook that JupyterLab does not trust, the frames stand side by side and are scrolled.
_PAGE = """<div data-learning="{mark}" role="group" aria-label="{alt}">
<div style="overflow-x: auto; white-space: nowrap" tabindex="0">{frames}</div></div>
<script>
document.querySelectorAll('[data-learning="{mark}"]:not([data-ready])').forEach(box => {{
  box.dataset.ready = "";
  const frames = [...box.querySelectorAll("figure")], slider = document.createElement("input");
  Object.assign(slider, {{type: "range", min: 0, max: frames.length - 1, step: 1, value: 0}});
  slider.setAttribute("aria-label", "how far the training has come");
  slider.style.cssText = "width: 100%; height: 2rem; accent-color: #0072b2";
  const show = () => {{
    frames.forEach((frame, k) => {{ frame.style.display = k == slider.value ? "block" : "none"; }});
    slider.setAttribute("aria-valuetext", frames[slider.value].textContent);
  }};
  slider.addEventListener("input", show);
  box.firstElementChild.removeAttribute("tabindex");
  box.append(slider);
  show();
}});
</script>"""
_FRAME = (
    '<figure style="display: inline-block; width: 100%; margin: 0"><img alt="" src="data:image/png;base64,{png}" '
    'style="width: 100%; image-rendering: pixelated"><figcaption>{said}</figcaption></figure>'
)


class Snapshots(keras.callbacks.Callback):
    """Keep what a network makes of a few pictures while it is trained; to be given to ``fit`` as a callback.

    Parameters
    ----------
    inputs : numpy.ndarray, shape (n, height, width, 1)
        What the network is given.
    clean : numpy.ndarray, same shape
        What it should draw.
    after : sequence of int
        The numbers of batches after which it is looked at; 0 is before the first.

    Attributes
    ----------
    rows : list of dict
        One a snapshot: ``batches``, ``psnr``, the mean over the pictures, and ``png``, the pictures side by side.
    """

    def __init__(self, inputs, clean, after=(0, 1, 3, 10, 30, 60, 100, 150, 200, 300, 450, 600)):
        super().__init__()
        self.inputs, self.clean, self.after, self.rows = inputs, clean, sorted(after), []

    def on_train_begin(self, logs=None):
        """Look, if it is asked for before the first batch."""
        self._look(0)

    def on_train_batch_end(self, batch, logs=None):
        """Look, if it is time."""
        self._look(int(self.model.optimizer.iterations))

    def _look(self, batches):
        if len(self.rows) < len(self.after) and batches >= self.after[len(self.rows)]:
            drawn = np.clip(self.model(self.inputs, training=False), 0, 1)
            psnr = round(float(metrics.psnr(self.clean, drawn).mean()), 1)
            self.rows.append({"batches": batches, "psnr": psnr, "png": as_png(drawn)})

    def table(self):
        """The snapshots as a table that a study can keep.

        Returns
        -------
        pandas.DataFrame
        """
        return pd.DataFrame(self.rows)


def show_learning(snapshots, clean, *, rows=4, name=None):
    """What a network drew while it learned, under a slider; on paper, some of the snapshots below one another.

    The slider works where notebooks are shown: in JupyterLab, on the site, without a kernel. Where no script runs, the
    snapshots are scrolled instead.

    Parameters
    ----------
    snapshots : pandas.DataFrame
        As `Snapshots.table` gives it.
    clean : numpy.ndarray, shape (n, height, width, 1)
        What should be drawn, above the snapshots.
    rows : int, optional
        How many snapshots stand in the picture that is saved, the first and the last among them.
    name : str, optional
        As in `helpers.plotting.save_figure`.

    Raises
    ------
    ValueError
        When there is no snapshot.
    """
    if not len(snapshots):
        raise ValueError("no snapshot to show")
    said = [
        f"{'before the first batch' if row.batches == 0 else f'after {row.batches:,} batch' + 'es' * (row.batches > 1)}: "
        f"{row.psnr:.1f} dB"
        for row in snapshots.itertuples()
    ]
    top, pictures = as_png(clean), "".join(map(_frame, snapshots["png"], said))
    above = f'<img alt="" src="data:image/png;base64,{top}" style="width: 100%; image-rendering: pixelated">'
    mark = hashlib.sha256(pictures.encode()).hexdigest()[:12]
    alt = html.escape(plotting.captions().get(name, {}).get("alt", "What a network draws while it learns."), quote=True)
    page = above + _PAGE.format(mark=mark, alt=alt, frames=pictures)
    chosen = np.unique(np.linspace(0, len(said) - 1, min(rows, len(said))).round().astype(int))
    images = [clean, *(from_png(snapshots["png"].iloc[k], len(clean)) for k in chosen)]
    labels = ["digit", *(said[k].replace(": ", ":\n").replace("before the first", "before\nthe first") for k in chosen)]
    plotting.show_images(images, labels=labels, name=name, page=page)


def _frame(png, said):
    return _FRAME.format(png=png, said=html.escape(said))
