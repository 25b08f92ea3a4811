"""Search for the rate, patches and batches that suit chapter 05's network: ``make search``."""

import argparse
import functools
import json
import multiprocessing
import os
import signal
import sys
import threading
import time
import uuid

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


def search(storage, trials=TRIALS, evaluate=score, workers=1):
    """Try settings, the later ones where the earlier ones did well; go on where it was stopped.

    Parameters
    ----------
    storage : pathlib.Path
        A file that holds every trial as soon as it is finished; several processes may work on it.
    trials : int, optional
        How many there shall be in all.
    evaluate : callable, optional
        As `score`.
    workers : int, optional
        How many processes try settings side by side.

    Returns
    -------
    pandas.DataFrame
        One row a trial, the best first: rate, patch_size, batch_size, psnr.
    """
    storage.parent.mkdir(parents=True, exist_ok=True)
    _study(storage)
    spawn = multiprocessing.get_context("spawn")
    helping = [spawn.Process(target=_help, args=(storage, trials, evaluate), daemon=True) for _ in range(workers - 1)]
    for process in helping:
        process.start()
    work(storage, trials, evaluate)  # until all are finished, also those of a process that was killed
    for process in helping:
        process.join()
    rows = [
        json.loads(trial.user_attrs["settings"]) | {"psnr": round(trial.value, 3)} for trial in _in_state(storage, "COMPLETE")
    ]
    return pd.DataFrame(rows).sort_values("psnr", ascending=False, ignore_index=True)


def work(storage, trials, evaluate):
    """Try settings until there are enough trials, beside other processes that do the same.

    Parameters
    ----------
    storage, trials, evaluate
        As for `search`.
    """
    name = f"search_{uuid.uuid4().hex}"
    with files.only_one(name):  # the system lifts this lock when the process ends, however it ends
        while True:
            with files.only_one("search_asks", wait=True):
                done = len(_in_state(storage, "COMPLETE"))
                if done >= trials:
                    return
                started = done + _fail_those_of_dead_processes(storage)
                trial, settings = _ask(storage, started, name) if started < trials else (None, None)
            if trial is None:
                time.sleep(0.5)  # another process may be killed, and its trial be left to this one
                continue
            value = evaluate(**settings)
            _study(storage).tell(trial, value)
            print(f"{done + 1}/{trials}: {settings} {value:.2f} dB", flush=True)


def _help(*given):
    """A process beside the first: Ctrl-C is for that one, and when it ends, however it ends, so does this."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    first = multiprocessing.parent_process()
    threading.Thread(target=lambda: (first.join(), os._exit(1)), daemon=True).start()
    work(*given)


def _study(storage):
    import optuna  # only here: the course does without it
    from optuna.storages import JournalStorage, journal

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    database = JournalStorage(journal.JournalFileBackend(str(storage)))
    return optuna.create_study(storage=database, study_name="patches", direction="maximize", load_if_exists=True)


def _in_state(storage, state):
    return [trial for trial in _study(storage).get_trials() if trial.state.name == state]


def _fail_those_of_dead_processes(storage):
    """How many trials are running; one whose process is dead isn't, and will be tried again."""
    running = 0
    for trial in _in_state(storage, "RUNNING"):
        try:
            with files.only_one(trial.user_attrs.get("process", "search_unknown")):
                _study(storage).tell(trial.number, state=type(trial.state).FAIL)
        except files.RunningElsewhere:
            running += 1
    return running


def _ask(storage, started, name):
    """A new trial and its settings; seeded by how many are started, so that one that was stopped is tried again as it was."""
    import optuna

    study = _study(storage)
    study.sampler = optuna.samplers.TPESampler(seed=started, n_startup_trials=DRAWN_AT_RANDOM)
    trial = study.ask()
    trial.set_user_attr("process", name)
    settings = {
        "rate": round(trial.suggest_float("rate", 3e-4, 6e-3, log=True), 5),
        "patch_size": trial.suggest_categorical("patch_size", [32, 64, 96, 128]),
        "batch_size": trial.suggest_categorical("batch_size", [8, 16, 32]),
    }
    trial.set_user_attr("settings", json.dumps(settings))
    return trial.number, settings


def main(arguments=None):
    """The command line.

    Returns
    -------
    int
        0, 1 while another process searches, or 130 when it was stopped by hand.
    """
    parser = argparse.ArgumentParser(prog="python -m helpers.commands.search", description=__doc__)
    parser.add_argument("--workers", type=int, default=1, help="processes side by side, each of which trains (default: 1)")
    workers = parser.parse_args(arguments).workers
    storage = paths.cache() / "patch_search.journal"
    try:
        with files.only_one("patch_search"):
            table = search(storage, workers=max(1, workers))
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
