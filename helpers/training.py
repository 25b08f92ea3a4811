"""Seeds, and `Run`: a training that can be repeated bit for bit, interrupted, gone on with, and loaded."""

import ast
import hashlib
import inspect
import itertools
import json
import os
import pathlib
import platform
import random
import textwrap
import time
import warnings
import zipfile
import zlib

import numpy as np
import pandas as pd

from helpers import backend, checks, datasets, metrics, paths
from helpers.backend import keras

# A dataset in Python costs time at each call of the training step; in a long epoch several steps are made a call.
LONG_EPOCH, STEPS_AT_ONCE = 100, 10
# What is predicted in one batch for scoring: enough to be fast, little enough for the memory.
PIXELS_AT_ONCE = 500 * 64 * 64


def set_seed(seed):
    """Make everything that follows repeatable: seeds for Python, NumPy and Keras, and deterministic kernels.

    Parameters
    ----------
    seed : int
        From 0 to 2**32 - 1. On one machine the same seed gives the same bits; between machines the last digits differ.
    """
    keras.utils.set_random_seed(checks.whole("seed", seed, 0, 2**32 - 1))
    backend.use_deterministic_kernels()


def budget(mode, full, quick):
    """What `mode` spends: `quick` in "quick", otherwise `full` (what is loaded was trained in full).

    Parameters
    ----------
    mode : {"pretrained", "quick", "full"}
    full, quick : int
        Epochs, images, or whatever is counted.

    Returns
    -------
    int
    """
    return checks.whole("budget", quick if _known(mode) == "quick" else full)


def load_network(name):
    """The shipped network of a training, whose weights are those that its record describes.

    Parameters
    ----------
    name : str
        That of the `Run`.

    Returns
    -------
    keras.Model
        Not compiled.

    Raises
    ------
    FileNotFoundError
        When the network or its record is missing.
    ValueError
        When one of them is damaged, or they do not belong together.
    """
    path = paths.weights() / f"{name}.keras"
    network = _read_network(path)
    _refuse_other_weights(path, network.get_weights(), _read_record(paths.records() / f"{name}.json"))
    return network


class Run:
    """One training under one name.

    ``full`` trains, saves its state after each epoch, goes on from there when it was interrupted, and loads what is
    finished. ``quick`` trains from scratch. ``pretrained`` loads what is shipped, and refuses when the recipe that the
    caller gives is not the one that was trained.

    Parameters
    ----------
    name : str
        Names the files: ``NAME.keras``, ``NAME.json``.
    mode : {"pretrained", "quick", "full"}
    keep : {"weights", "record"}, optional
        Whether the trained network itself is shipped, or only its record: recipe, history, and the scores of each image.

    Raises
    ------
    ValueError
        When the mode or `keep` is unknown.
    """

    def __init__(self, name, mode, keep="weights"):
        if keep not in ("weights", "record"):
            raise ValueError(f"keep is {keep!r}, expected 'weights' or 'record'")
        self.name, self.mode, self.keep = name, _known(mode), keep
        self.record = {}

    @property
    def source(self):
        """Where this run's numbers come from: "weights" when the network is at hand, "record" when only its scores are."""
        return "record" if self.mode == "pretrained" and self.keep == "record" else "weights"

    def fit(self, model, x, y=None, *, epochs=1, seed=0, **as_for_fit):
        """Train `model`, or load what was trained.

        Parameters
        ----------
        model : keras.Model
            Compiled. Afterwards it holds the trained weights, save where only a record is kept: then it refuses to
            predict in ``pretrained``.
        x, y : as for ``keras.Model.fit``
            A dataset with ``set_epoch`` (see `helpers.datasets`), or arrays, which are shown in a new order each epoch.
        epochs : int, optional
        seed : int, optional
            Of dropout, noise and augmentation layers, and of the order of arrays.
        **as_for_fit
            ``batch_size`` for arrays, ``validation_data``, ``callbacks``.

        Returns
        -------
        pandas.DataFrame
            One row an epoch: epoch (counted from 1), the losses and metrics, learning_rate, seconds.

        Raises
        ------
        FileNotFoundError
            In ``pretrained``, when the record or the weights are missing.
        ValueError
            In ``pretrained``, when recipe, architecture or weights are not those of the record.
        KeyboardInterrupt
            When it is stopped by hand, with what is kept and how to go on.
        """
        data = x if y is None else _Arrays(x, y, as_for_fit.pop("batch_size", 32), seed)
        recipe = _recipe(model, data, epochs, seed)
        if self.mode == "pretrained":
            return self._load(model, recipe)
        folder = paths.runs(self.mode)
        if self.mode == "full" and self._finished(folder, recipe):
            return self._load(model, recipe, folder)
        state = _State(folder / f"{self.name}.state.npz", model, recipe)
        if len(data) >= LONG_EPOCH and model.steps_per_execution == 1:
            model.steps_per_execution = STEPS_AT_ONCE
        own = list(as_for_fit.pop("callbacks", ()))
        start = state.restore() if self.mode == "full" and _resumable(own) else 0
        callbacks = [_EveryEpoch(f"{self.name}: epoch {{}}/{epochs}", data, seed, state), *own]
        try:
            model.fit(data, initial_epoch=start, epochs=epochs, shuffle=False, verbose=0, callbacks=callbacks, **as_for_fit)
        except KeyboardInterrupt:
            go_on = "goes on from there" if self.mode == "full" else "starts again, since MODE is 'quick'"
            raise KeyboardInterrupt(
                f"{self.name} was stopped after epoch {len(state.log)} of {epochs}. Run the cell again: it {go_on}."
            ) from None
        return self._finish(model, recipe, state, folder)

    def score(self, model, degraded, clean, split="test", restored=None):
        """Score every image of a split, by the network or, where only a record is kept, from the record.

        Parameters
        ----------
        model : keras.Model
            The one given to `fit`.
        degraded, clean : numpy.ndarray, shape (n, height, width, channels)
            What is restored, and the truth, in [0, 1].
        split : str, optional
            The name under which the scores are recorded.
        restored : numpy.ndarray, optional
            What the network made of `degraded`, where that is at hand already.

        Returns
        -------
        pandas.DataFrame
            As `helpers.metrics.evaluate` gives it.

        Raises
        ------
        ValueError
            When the record holds scores of other images.
        """
        if self.source == "record":
            return self._recorded_scores(degraded, clean, split)
        if restored is None:
            batch_size = max(1, PIXELS_AT_ONCE // int(np.prod(degraded.shape[1:3])))
            restored = model.predict(degraded, batch_size=min(500, batch_size), verbose=0)
        table = metrics.evaluate(clean, restored)
        if self.mode != "pretrained":
            summary = table[metrics.COLUMNS].mean().round(6).to_dict()
            summary |= {"n_images": len(table), "input_psnr": _input_psnr(degraded, clean)}
            self.record.setdefault("results", {})[split] = summary
            folder = paths.runs(self.mode)
            _write_json(folder / f"{self.name}.json", self.record)
            if self.keep == "record":
                _write_scores(folder / f"{self.name}.{split}.csv.gz", table)
        return table

    def _finished(self, folder, recipe):
        path = folder / f"{self.name}.json"
        both = path.exists() and path.with_suffix(".keras").exists()
        return both and not _differences(recipe, _read_record(path)["recipe"])

    def _finish(self, model, recipe, state, folder):
        self.record = {
            "name": self.name,
            "kept": self.keep,
            "recipe": recipe,
            "parameters": model.count_params(),
            "minutes": round(len(state.log) * state.log["seconds"].min() / 60, 2),  # what disturbs a machine only ever adds
            "trained_with": _versions(),
            "weights_sha256": _digest(model.get_weights()),
            "history": state.log.round(8).to_dict("list"),
        }
        with paths.replacing(folder / f"{self.name}.keras") as temporary:
            keras.Model(model.inputs, model.outputs, name=model.name).save(temporary)  # without the optimizer's state
        _write_json(folder / f"{self.name}.json", self.record)
        state.path.unlink(missing_ok=True)
        return pd.DataFrame(self.record["history"])

    def _load(self, model, recipe, folder=None):
        record_path = (folder or paths.records()) / f"{self.name}.json"
        self.record = _read_record(record_path)
        self._refuse_another_recipe(recipe)
        if self.source == "record":
            model.call = self._refuse_to_predict
        else:
            self._load_weights(model, (folder or paths.weights()) / f"{self.name}.keras")
        return pd.DataFrame(self.record["history"])

    def _refuse_another_recipe(self, recipe):
        differences = _differences(recipe, self.record["recipe"])
        if differences:
            said = "; ".join(f"{key} is {asked!r}, recorded {recorded!r}" for key, (asked, recorded) in differences.items())
            raise ValueError(f"{self.name} was trained by another recipe: {said}. To train yours, set MODE = 'quick' or 'full'")

    def _load_weights(self, model, path):
        weights = _read_network(path).get_weights()
        expected, found = [tuple(w.shape) for w in model.weights], [w.shape for w in weights]
        if expected != found:
            file, here = next((f, e) for f, e in itertools.zip_longest(found, expected) if f != e)
            raise ValueError(
                f"{paths.shown(path)} holds the weights of another architecture than {model.name!r}: "
                f"the first array that differs has shape {file} in the file and {here} in the network"
            )
        _refuse_other_weights(path, weights, self.record)
        model.set_weights(weights)

    def _refuse_to_predict(self, *args, **kwargs):
        raise RuntimeError(f"of {self.name} only the record is shipped, not its weights: set MODE = 'quick' to train it here")

    def _recorded_scores(self, degraded, clean, split):
        recorded = self.record.get("results", {})
        if split not in recorded:
            raise ValueError(f"the record {self.name} holds no scores for {split!r}, only for {list(recorded)}")
        summary = {"n_images": None, "input_psnr": None, **recorded[split]}
        given = {"n_images": len(clean), "input_psnr": _input_psnr(degraded, clean)}
        one, other = given["input_psnr"], summary["input_psnr"]
        alike = one == other if None in (one, other) else abs(one - other) <= 1e-3
        if given["n_images"] != summary["n_images"] or not alike:
            recorded = {key: summary[key] for key in given}
            raise ValueError(f"{self.name} was scored on other images: {recorded}, given {given}. Set MODE = 'quick'")
        return _read_scores(paths.records() / f"{self.name}.{split}.csv.gz")


class _Arrays(datasets.ShuffledSequence):
    """Arrays as batches in an order that depends on seed and epoch alone."""

    def __init__(self, x, y, batch_size, seed):
        super().__init__(len(x), batch_size, seed)
        self.x, self.y = x, y

    def __getitem__(self, index):
        return self.x[self.chosen(index)], self.y[self.chosen(index)]

    def describe(self):
        """What the batches are made of, for the record."""
        arrays = {"x": self.x, "y": self.y}
        return {key: [*a.shape, round(float(a.mean()), 4)] for key, a in arrays.items()} | {"batch_size": self.batch_size}


class _State:
    """Everything that a training needs to go on: weights, optimizer, log; one file, so it is never half old."""

    def __init__(self, path, model, recipe):
        self.path, self.model, self.recipe, self.log = path, model, json.dumps(recipe, sort_keys=True), pd.DataFrame()

    def _variables(self):
        return self.model.weights + self.model.optimizer.variables

    def save(self):
        arrays = {f"variable_{k}": keras.ops.convert_to_numpy(v) for k, v in enumerate(self._variables())}
        with paths.replacing(self.path) as temporary:
            np.savez(temporary, recipe=self.recipe, log=json.dumps(self.log.to_dict("list")), **arrays)

    def restore(self):
        """Put back what was saved under the same recipe, and give the number of epochs that are done."""
        if not self.path.exists():
            return 0
        try:
            with np.load(self.path, allow_pickle=False) as archive:
                saved = dict(archive)  # all of it, so that what cannot be read changes nothing
        except Exception as error:  # a damaged archive fails in many ways
            warnings.warn(f"{paths.shown(self.path)} is damaged, the training starts over ({error})", stacklevel=4)
            return 0
        if str(saved.get("recipe")) != self.recipe:
            return 0
        self.model.optimizer.build(self.model.trainable_variables)
        for k, variable in enumerate(self._variables()):
            variable.assign(saved[f"variable_{k}"])
        self.log = pd.DataFrame(json.loads(str(saved["log"])))
        return len(self.log)


class _EveryEpoch(keras.callbacks.Callback):
    """Ties data order and random layers to the epoch, keeps the log, saves the state, says how far it is."""

    def __init__(self, title, data, seed, state):
        super().__init__()
        self.title, self.data, self.seed, self.state = title, data, seed, state

    def on_epoch_begin(self, epoch, logs=None):
        self.began = time.perf_counter()
        self.data.set_epoch(epoch)
        generators = [v for v in self.model.variables if v.name == "seed_generator_state"]
        for k, variable in enumerate(generators):
            variable.assign(np.array([self.seed * 1000 + k, epoch * 1_000_000], dtype=variable.dtype))

    def on_epoch_end(self, epoch, logs=None):
        row = {"epoch": epoch + 1, **(logs or {}), "learning_rate": float(self.model.optimizer.learning_rate)}
        row["seconds"] = time.perf_counter() - self.began
        self.state.log = pd.concat([self.state.log, pd.DataFrame([row])], ignore_index=True)
        self.state.save()
        _tell(f"{self.title.format(epoch + 1)}, loss {row['loss']:.4g}, {row['seconds']:.1f} s")

    def on_train_end(self, logs=None):
        _tell("\n")


def _tell(line):
    """To the page that a person is reading; to the file COURSE_PROGRESS when notebooks run unattended."""
    file = os.environ.get("COURSE_PROGRESS")
    if file:
        pathlib.Path(file).write_text(line, encoding="utf-8")
    else:
        print(f"\r{line}", end="", flush=True)


def _resumable(callbacks):
    """Whether an interrupted training may go on: Keras's stopping and saving callbacks do not get their state back."""
    return not callbacks


def _known(mode):
    if mode not in paths.MODES:
        raise ValueError(f"MODE is {mode!r}, expected one of {paths.MODES}")
    return mode


def _recipe(model, data, epochs, seed):
    """All that decides how a training comes out, as plain JSON."""
    optimizer = {"class": type(model.optimizer).__name__, **model.optimizer.get_config()}
    optimizer.pop("name")
    recipe = {
        "architecture": _architecture(model),
        "loss": model.loss if isinstance(model.loss, str) else _named_with_source(model.loss),
        "optimizer": optimizer,
        "epochs": epochs,
        "batches": len(data),
        "seed": seed,
        "data": data.describe(),
    }
    return json.loads(json.dumps(recipe))  # as it will be read back, so that the two compare equal


def _named_with_source(function):
    """The function's name and a digest of what it does; comments and line breaks do not count."""
    source = ast.unparse(ast.parse(textwrap.dedent(inspect.getsource(function))))
    return f"{function.__name__} {hashlib.sha256(source.encode()).hexdigest()[:16]}"


def _architecture(model):
    """SHA-256 of the layers, their settings and their connections; the layers' names do not count."""
    config = model.get_config()
    numbers = {layer["config"]["name"]: f"layer {k}" for k, layer in enumerate(config["layers"])}

    def renamed(part):
        if isinstance(part, dict):
            return {key: renamed(value) for key, value in part.items() if key != "name"}
        if isinstance(part, list | tuple):
            return [renamed(value) for value in part]
        return numbers.get(part, part) if isinstance(part, str) else part

    return hashlib.sha256(json.dumps(renamed(config["layers"]), sort_keys=True, default=str).encode()).hexdigest()[:16]


def _differences(asked, recorded):
    """The settings that differ between two recipes, each with both values."""
    asked, recorded = _flat(asked), _flat(recorded)
    pairs = {key: (asked.get(key), recorded.get(key)) for key in asked | recorded}
    return {key: pair for key, pair in pairs.items() if pair[0] != pair[1]}


def _flat(recipe, prefix=""):
    """Nested settings as one dict: {"a": {"b": 1}} as {"a.b": 1}."""
    pairs = [_flat(value, f"{key}.") if isinstance(value, dict) else {key: value} for key, value in recipe.items()]
    return {f"{prefix}{key}": value for pair in pairs for key, value in pair.items()}


def _digest(weights):
    digest = hashlib.sha256()
    for array in weights:
        digest.update(f"{array.shape}{array.dtype}".encode() + np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _input_psnr(degraded, clean):
    """Mean PSNR of what the network was given; None where that is the clean image itself, at least once."""
    mean = float(metrics.psnr(clean, np.clip(degraded, 0, 1)).mean())
    return round(mean, 4) if np.isfinite(mean) else None


def _versions():
    return {
        "python": platform.python_version(),
        "keras": keras.__version__,
        "backend": keras.backend.backend(),
        "numpy": np.__version__,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
    }


def _read_record(path):
    if not path.exists():
        raise FileNotFoundError(f"{paths.shown(path)} is missing: train it with MODE = 'quick', or run `make train`")
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        missing = {"recipe", "parameters", "minutes", "weights_sha256", "history"} - set(record)
        if missing:
            raise ValueError(f"it lacks {', '.join(sorted(missing))}")
    except ValueError as error:
        raise ValueError(f"{paths.shown(path)} is not a record ({error}): check the file out again") from error
    return record


def _read_network(path):
    if not path.exists():
        raise FileNotFoundError(f"{paths.shown(path)} is missing: check the file out again, or run `make train`")
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()  # before the library for arrays sees it, which trusts what it reads
        if damaged:
            raise ValueError(f"{damaged} in it is damaged")
        state = random.getstate()
        network = keras.models.load_model(path, compile=False, safe_mode=True)
        random.setstate(state)  # building its layers drew from it: what is built next must not depend on what was loaded
        return network
    except Exception as error:  # a damaged archive fails in many ways
        raise ValueError(f"{paths.shown(path)} cannot be read ({error}): check the file out again") from error


def _refuse_other_weights(path, weights, record):
    found, expected = _digest(weights), record["weights_sha256"]
    if found != expected:
        raise ValueError(
            f"{paths.shown(path)} does not hold the weights that {path.stem}.json describes (SHA-256 {found[:16]}…, "
            f"expected {expected[:16]}…): check both files out again"
        )


def _read_scores(path):
    try:
        return pd.read_csv(path)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise ValueError(f"{paths.shown(path)} cannot be read ({error}): check the file out again") from error


def _write_json(path, content):
    with paths.replacing(path) as temporary:
        temporary.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def _write_scores(path, table):
    rounded = table.assign(mse=table["mse"].round(7), psnr=table["psnr"].round(4), ssim=table["ssim"].round(4))
    with paths.replacing(path) as temporary:
        rounded.to_csv(temporary, index=False, compression={"method": "gzip", "mtime": 1})
