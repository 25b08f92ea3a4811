"""Ratios of times, printed: ``make benchmark``. No test depends on them, for no two machines agree.

1. Seconds an epoch of `Run.fit` over those of a bare `Model.fit` on the same arrays, in turns.
2. Time for the best digit network to pass 23.2 dB on unseen digits, over the time of the whole published recipe, as recorded.
3. Seconds an epoch of a sequence that opens and resizes two JPEGs an item, as is usual, over those of `PairedImageSequence`,
   whose first epoch includes making the sequence; and what its batches cost beside a training epoch on arrays.
4. Pixels a second of `restore_image` with the network for sigma 25/255 over those of scikit-image's non-local means, and the
   difference of their PSNR.
"""

import json
import os
import pathlib
import statistics
import tempfile
import time

import numpy as np
import pandas as pd
from PIL import Image

from helpers import baselines, datasets, degradations, metrics, models, paths, restore, training
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
        training.fit(_compiled(), noisy, x, callbacks=[wrapped], name="benchmark", **fitting)
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


class UsualSequence(keras.utils.PyDataset):
    """As tutorials write it: every item is opened, decoded and resized each time that it is asked for."""

    def __init__(self, pairs, low_res_dir, high_res_dir, image_size, batch_size):
        super().__init__()
        self.files = [(low_res_dir / row.low_res, high_res_dir / row.high_res) for row in pairs.itertuples()]
        self.size, self.batch_size = image_size[::-1], batch_size

    def __len__(self):
        return -(-len(self.files) // self.batch_size)

    def __getitem__(self, index):
        chosen = self.files[index * self.batch_size : (index + 1) * self.batch_size]
        batch = [[np.asarray(Image.open(file).resize(self.size)) / 255 for file in pair] for pair in chosen]
        return tuple(np.stack(part).astype(np.float32) for part in zip(*batch, strict=True))


def jpeg_pairs(folder):
    """The validation pairs of the course as JPEGs of 288x432, so that they have to be resized, three times over."""
    pairs = datasets.build_pairs().query("split == 'validation'")
    source, rows = datasets.pairs_folder(), []
    for name, column in (("low res", "low_res"), ("high res", "high_res")):
        (folder / name).mkdir()
        for copy in range(3):
            for file in pairs[column].unique():
                Image.open(source / name / file).resize((432, 288)).save(folder / name / f"{copy}{file[:-4]}.jpg", quality=92)
    for copy in range(3):
        rows += [
            {"low_res": f"{copy}{r.low_res[:-4]}.jpg", "high_res": f"{copy}{r.high_res[:-4]}.jpg"} for r in pairs.itertuples()
        ]
    pd.DataFrame(rows).to_csv(folder / "image_data.csv", index=False)
    return pd.DataFrame(rows)


def seconds_of(epoch):
    began = time.perf_counter()
    epoch()
    return time.perf_counter() - began


def through(data):
    """One epoch: every batch asked for."""
    for k in range(len(data)):
        data[k]


def usual_against_paired(folder):
    """For each round the ratios of first and of later epochs."""
    pairs, where = jpeg_pairs(folder), (folder / "low res", folder / "high res")
    first, later = [], []
    for _ in range(ROUNDS):
        usual = seconds_of(lambda: through(UsualSequence(pairs, *where, (256, 384), 8)))
        began = time.perf_counter()
        ours = datasets.PairedImageSequence(folder / "image_data.csv", *where)
        through(ours)
        first.append(usual / (time.perf_counter() - began))
        later.append(usual / seconds_of(lambda: through(ours)))  # noqa: B023 - called at once
    return sorted(first), sorted(later)


def batches_against_training(folder):
    """The ratios of the rounds, sorted: making an epoch's batches over training on them as arrays, the most it can cost."""
    data = datasets.PairedImageSequence(folder / "image_data.csv", folder / "low res", folder / "high res")
    x, y = data.arrays(np.arange(len(data.pairs)))
    ratios = []
    for _ in range(ROUNDS):
        trained = Stopwatch()
        _colour_network().fit(x, y, batch_size=8, epochs=2, verbose=0, callbacks=[trained])
        ratios.append(seconds_of(lambda: through(data)) / trained.seconds())
    return sorted(ratios)


def network_against_non_local_means():
    """The ratios of the rounds, sorted, and the decibels that the network is ahead, on a test photograph under noise."""
    sigma = 25 / 255
    clean = datasets.load_photos("test")[1][np.newaxis].astype(np.float32) / 255
    noisy = degradations.add_gaussian_noise(clean, sigma, rng=0)
    network = keras.models.load_model(paths.weights() / "denoise_25.keras", compile=False)
    options = {"sigma": sigma, "h": 0.8 * sigma, "patch_size": 7, "patch_distance": 6}
    ratios, restored = [], {}
    for _ in range(ROUNDS):
        network_seconds = seconds_of(lambda: restored.update(network=restore.restore_image(noisy[0], network)[np.newaxis]))
        classical_seconds = seconds_of(lambda: restored.update(nlm=baselines.restore(noisy, "non-local means", **options)))
        ratios.append(classical_seconds / network_seconds)
    ahead = metrics.psnr(clean, restored["network"])[0] - metrics.psnr(clean, restored["nlm"])[0]
    return sorted(ratios), ahead


def _colour_network():
    model = models.unet((256, 384, 3), (16, 32, 64), (1, 1, 1))
    model.compile("adam", "mse")
    return model


def say(what, ratios):
    print(f"{what}, {len(ratios)} rounds: {statistics.median(ratios):.3f} (from {ratios[0]:.3f} to {ratios[-1]:.3f})")


if __name__ == "__main__":
    training.set_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        first, later = usual_against_paired(pathlib.Path(folder))
        say("an epoch of the usual sequence over the first of PairedImageSequence", first)
        say("the same over a later one", later)
        say("its later epochs over a training epoch on arrays", batches_against_training(pathlib.Path(folder)))
    with tempfile.TemporaryDirectory() as folder:
        os.environ["COURSE_CACHE"] = folder
        say("an epoch of Run.fit over one of Model.fit", bare_against_run())
    seconds, ratio = best_against_published()
    print(f"best network past 23.2 dB over the published recipe: {ratio:.3f} ({seconds:.0f} s to the end of that epoch)")
    faster, ahead = network_against_non_local_means()
    say("pixels a second of restore_image over non-local means", faster)
    print(f"and its PSNR is {ahead:+.2f} dB from theirs")
