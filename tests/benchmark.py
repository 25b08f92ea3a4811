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

ROUNDS, EPOCHS = 7, 2


def bare_against_run():
    """The ratio of medians, and the rounds' own ratios."""
    (x, _), _ = datasets.load_mnist()
    x = x[:20_000]
    noisy = degradations.add_gaussian_noise(x, 0.2, rng=0, clip=True)
    seconds = {"bare": [], "run": []}
    with tempfile.TemporaryDirectory() as folder:
        os.environ["COURSE_CACHE"] = folder
        bare, wrapped = models.dense_autoencoder(), models.dense_autoencoder()
        for model in (bare, wrapped):
            model.compile(keras.optimizers.Adam(1e-3), "mse")
            model.fit(noisy[:400], x[:400], batch_size=200, verbose=0)  # builds the graph of the training step
        for _ in range(ROUNDS):
            began = time.perf_counter()
            bare.fit(noisy, x, batch_size=200, epochs=EPOCHS, verbose=0)
            middle = time.perf_counter()
            training.Run("benchmark", "quick").fit(wrapped, noisy, x, batch_size=200, epochs=EPOCHS)
            seconds["bare"].append(middle - began)
            seconds["run"].append(time.perf_counter() - middle)
        del os.environ["COURSE_CACHE"]
    ratios = sorted(run / bare for run, bare in zip(seconds["run"], seconds["bare"], strict=True))
    return statistics.median(ratios), ratios[0], ratios[-1]


def best_against_published(level=23.2):
    """Recorded seconds until the best network's epoch ends at `level` dB or more, over those of the published recipe."""
    best, published = (
        json.loads((paths.records() / f"{name}.json").read_text(encoding="utf-8")) for name in ("mnist_best", "mnist_published")
    )
    history, passed = best["history"], 0.0
    for seconds, psnr in zip(history["seconds"], history["val_psnr"], strict=True):
        passed += seconds
        if psnr >= level:
            return passed / sum(published["history"]["seconds"]), passed
    return float("inf"), float("inf")


if __name__ == "__main__":
    training.set_seed(0)
    median, low, high = bare_against_run()
    print(
        f"Run.fit over Model.fit, seconds of {EPOCHS} epochs, {ROUNDS} rounds: median {median:.3f} (from {low:.3f} to {high:.3f})"
    )
    ratio, seconds = best_against_published()
    print(
        f"best network past 23.2 dB over the published recipe: {ratio:.3f} ({seconds:.0f} s, end of its first epoch at that level)"
    )
