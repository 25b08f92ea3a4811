"""Ratios of training times, printed: ``make benchmark``. No test depends on them, for no two machines agree.

1. Seconds an epoch of `Run.fit` over those of a bare `Model.fit` on the same arrays, in turns.
2. Time for the best digit network to pass 23.2 dB on unseen digits, over the time of the whole published recipe, as recorded.
"""

import json
import os
import statistics
import tempfile
import time

from helpers import datasets, degradations, models, paths, training
from helpers.backend import keras

ROUNDS, EPOCHS = 5, 5


class Stopwatch(keras.callbacks.Callback):
    """Seconds from the end of one epoch to the end of the next, so that what is saved between them counts."""

    def __init__(self):
        super().__init__()
        self.ends = []

    def on_epoch_end(self, epoch, logs=None):
        self.ends.append(time.perf_counter())

    def seconds(self):
        """Of the fastest epoch: what disturbs a machine only ever adds."""
        return min(later - earlier for earlier, later in zip(self.ends[:-1], self.ends[1:], strict=True))


def bare_against_run():
    """The ratios of the rounds, sorted."""
    (x, _), _ = datasets.load_mnist()
    noisy, ratios = degradations.add_gaussian_noise(x, 0.2, rng=0, clip=True), []
    for _ in range(ROUNDS):
        bare, wrapped = Stopwatch(), Stopwatch()
        fitting = {"batch_size": 200, "epochs": EPOCHS}
        _compiled().fit(noisy, x, verbose=0, callbacks=[bare], **fitting)
        training.Run("benchmark", "quick").fit(_compiled(), noisy, x, callbacks=[wrapped], **fitting)
        ratios.append(wrapped.seconds() / bare.seconds())
    return sorted(ratios)


def _compiled():
    model = models.dense_autoencoder()
    model.compile(keras.optimizers.Adam(1e-3), "mse")
    return model


def best_against_published(level=23.2):
    """Recorded seconds until an epoch of the best network ends at `level` dB or more, alone and over the published recipe's."""
    files = (paths.records() / f"{name}.json" for name in ("mnist_best", "mnist_published"))
    best, published = (json.loads(file.read_text(encoding="utf-8"))["history"] for file in files)
    reached = next(k for k, psnr in enumerate(best["val_psnr"]) if psnr >= level)
    seconds = sum(best["seconds"][: reached + 1])
    return seconds, seconds / sum(published["seconds"])


if __name__ == "__main__":
    training.set_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["COURSE_CACHE"] = folder
        ratios = bare_against_run()
    median = statistics.median(ratios)
    print(
        f"an epoch of Run.fit over one of Model.fit, {ROUNDS} rounds: {median:.3f} (from {ratios[0]:.3f} to {ratios[-1]:.3f})"
    )
    seconds, ratio = best_against_published()
    print(f"best network past 23.2 dB over the published recipe: {ratio:.3f} ({seconds:.0f} s to the end of that epoch)")
