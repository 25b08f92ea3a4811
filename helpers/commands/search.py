"""Search for the rate, patches and batches that suit chapter 05's network: ``make search``."""

import functools
import json
import sys

import numpy as np
import pandas as pd

from helpers import datasets, degradations, files, metrics, models, paths, training
from helpers.backend import keras

TRIALS, DRAWN_AT_RANDOM = 12, 6
PIXELS = 50 * 8 * 256 * 256  # that each trial sees: as many as in one epoch of the chapter's published recipe
RESULT = "patch_search.csv"
SIGMA = 25 / 255


def score(rate, patch_size, batch_size, pixels=PIXELS, seed=0):
    """Train chapter 05's U-Net shortly, and score it on the validation photographs.

    Parameters
    ----------
    rate : float
        Of Adam at the start; it falls to 0 by half a cosine.
    patch_size, batch_size : int
    pixels : int, optional
        That the training sees, whatever the sizes: small patches make more steps of them.
    seed : int, optional

    Returns
    -------
    float
        Mean PSNR in dB on every fourth tile of 256x256, noise of 25/255.
    """
    training.set_seed(seed)
    noise = functools.partial(degradations.add_gaussian_noise, sigma=SIGMA)
    steps = max(1, pixels // (batch_size * patch_size**2))
    lesson = datasets.PatchSequence(datasets.load_photos("train", halves=True), patch_size, batch_size, noise, steps, seed)
    clean = datasets.photo_tiles("validation", 256)[::4].astype(np.float32) / 255
    model = models.unet((None, None, 3), (24, 48, 96), (1, 2, 2))
    schedule = keras.optimizers.schedules.CosineDecay(rate, steps)
    model.compile(keras.optimizers.Adam(schedule), "mae", steps_per_execution=min(10, steps))
    model.fit(lesson, shuffle=False, verbose=0)
    restored = model.predict(noise(clean, rng=seed + 1), batch_size=4, verbose=0)
    return float(metrics.psnr(clean, np.clip(restored, 0, 1)).mean())


def search(storage, trials=TRIALS, evaluate=score):
    """Try settings one after the other, the later ones where the earlier ones did well; go on where it was stopped.

    Parameters
    ----------
    storage : pathlib.Path
        A file that holds every trial as soon as it is finished.
    trials : int, optional
        How many there shall be in all.
    evaluate : callable, optional
        As `score`.

    Returns
    -------
    pandas.DataFrame
        One row a trial, the best first: rate, patch_size, batch_size, psnr.
    """
    import optuna  # only here: the course does without it
    from optuna.storages import JournalStorage, journal

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    storage.parent.mkdir(parents=True, exist_ok=True)
    study = optuna.create_study(
        storage=JournalStorage(journal.JournalFileBackend(str(storage))),
        study_name="patches",
        direction="maximize",
        load_if_exists=True,
    )
    for stopped in study.get_trials(states=[optuna.trial.TrialState.RUNNING]):
        study.tell(stopped.number, state=optuna.trial.TrialState.FAIL)
    finished = functools.partial(study.get_trials, states=[optuna.trial.TrialState.COMPLETE])
    while (done := len(finished())) < trials:
        # Seeded by what is done, so that a search that was stopped goes on as if it had not been.
        study.sampler = optuna.samplers.TPESampler(seed=done, n_startup_trials=DRAWN_AT_RANDOM)
        trial = study.ask()
        settings = {
            "rate": round(trial.suggest_float("rate", 3e-4, 6e-3, log=True), 5),
            "patch_size": trial.suggest_categorical("patch_size", [32, 64, 96, 128]),
            "batch_size": trial.suggest_categorical("batch_size", [8, 16, 32]),
        }
        value = evaluate(**settings)
        trial.set_user_attr("settings", json.dumps(settings))
        study.tell(trial, value)
        print(f"{done + 1}/{trials}: {settings} {value:.2f} dB", flush=True)
    rows = [json.loads(trial.user_attrs["settings"]) | {"psnr": round(trial.value, 3)} for trial in finished()]
    return pd.DataFrame(rows).sort_values("psnr", ascending=False, ignore_index=True)


def main():
    """The command line.

    Returns
    -------
    int
        0, 1 while another process searches, or 130 when it was stopped by hand.
    """
    storage = paths.cache() / "patch_search.journal"
    try:
        with files.only_one("patch_search"):
            table = search(storage)
    except OSError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"stopped; what is finished stands in {paths.shown(storage)}: `make search` goes on from there", file=sys.stderr)
        return 130
    files.write_table(paths.records() / RESULT, table)
    print(table.to_string(), f"\nwritten to {paths.shown(paths.records() / RESULT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
