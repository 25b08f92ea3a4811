"""The door to every training: `begin`, `fit`, `study`, `load_network`.

`fit` is ``keras.Model.fit`` under a name. Under that name a training can be repeated bit for bit, interrupted, gone on
with, and loaded, and what is loaded is refused where the notebook now says something else than what was trained.
"""

import functools
import inspect
import itertools
import json
import math
import os
import pathlib
import platform
import random
import time
import warnings
import zipfile

import numpy as np
import pandas as pd

from helpers import backend, checks, datasets, devices, files, paths, recipes, session, timings
from helpers.backend import keras

# In "quick" a training sees so many pixels at most, which takes a few seconds, in so many epochs.
QUICK_PIXELS, QUICK_EPOCHS = 4_000_000, 2
# A dataset in Python costs time at each call of the training step; in a long epoch several steps are made a call.
LONG_EPOCH, STEPS_AT_ONCE = 100, 10
KNOWN = ("batch_size", "callbacks", "seed", "validation_data", "verbose")


def begin(chapter, mode="pretrained", seed=0, own=None):
    """Begin a chapter: its mode, its seed, and a line with the minutes that it takes.

    Nothing else sets the mode. Whoever changes it in the first cell runs this again.

    Parameters
    ----------
    chapter : str
        "02_mnist_denoising"; for its solutions, "solutions/02_mnist_denoising", no minutes are said.
    mode : {"pretrained", "quick", "full"}, optional
        Show what was trained before, train small versions, or train everything.
    seed : int, optional
        Of everything random that follows; also `fit`'s, where it is given no other.
    own : path-like, optional
        Where a reader's own pictures lie, when the chapter works on them.

    Raises
    ------
    ValueError
        When mode or seed cannot be used, or own pictures are given in "pretrained".
    """
    session.start(mode, seed, own)
    set_seed(seed)
    timings.show_minutes(chapter)


def set_seed(seed):
    """Make everything that follows repeatable: seeds for Python, NumPy and Keras, and deterministic kernels.

    Parameters
    ----------
    seed : int
        From 0 to 2**32 - 1. On one machine the same seed gives the same bits; between machines the last digits differ.
    """
    keras.utils.set_random_seed(checks.check_int("seed", seed, 0, 2**32 - 1))
    backend.use_deterministic_kernels()


def compile_with_decay(model, x, epochs, rate=1e-3, loss="mse", *, batch_size=None, metrics=None, **adam):
    """Compile a network with Adam, at a rate that falls from `rate` to 0 along half a cosine.

    A large rate at first is fast; a small one at the end lets the network settle.

    Parameters
    ----------
    model : keras.Model
    x, epochs, batch_size
        As they will be given to `fit`: they say how many steps there are.
    rate : float, optional
    loss, metrics
        As for ``keras.Model.compile``.
    **adam
        Further arguments of ``keras.optimizers.Adam``.
    """
    batches, epochs = _length(x, batch_size, epochs)
    schedule = keras.optimizers.schedules.CosineDecay(rate, epochs * batches)
    together = STEPS_AT_ONCE if batches >= LONG_EPOCH else 1
    model.compile(keras.optimizers.Adam(schedule, **adam), loss, metrics=metrics, steps_per_execution=together)


def fit(model, x, y=None, *, epochs, name, **as_for_fit):
    """``keras.Model.fit`` under a name.

    In "pretrained" the shipped weights and the recorded history are loaded, and a line says so. In "quick" the network is
    trained on less. In "full" it is trained whole, its state is saved after each epoch, a training that was interrupted
    goes on with the same bits, and one that is finished is loaded.

    Parameters
    ----------
    model : keras.Model
        Compiled. Afterwards it holds the trained weights.
    x, y
        As for ``keras.Model.fit``: arrays, or a ``keras.utils.PyDataset``.
    epochs : int
    name : str
        Of the files: letters, digits and underscores.
    **as_for_fit
        batch_size, validation_data and callbacks as for ``keras.Model.fit``; seed, of the order of arrays and of dropout,
        noise and augmentation layers, by default that of `begin`.

    Returns
    -------
    pandas.DataFrame
        The history, one row an epoch: epoch (counted from 1), the losses and metrics, learning_rate, seconds. Its ``attrs``
        hold minutes, parameters, and steps: how many the optimizer made.

    Raises
    ------
    FileNotFoundError
        In "pretrained", when the record or the weights are missing.
    TypeError
        When an argument is given whose effect would not be recorded.
    ValueError
        In "pretrained", when anything that decides the outcome is not as recorded, with both values.
    KeyboardInterrupt
        When it is stopped by hand, with what is kept and how to go on.
    helpers.files.RunningElsewhere
        In "full", while another process trains under this name.
    """
    unknown = sorted(set(as_for_fit) - set(KNOWN))
    if unknown:
        raise TypeError(f"fit takes {', '.join(KNOWN)}, not {', '.join(unknown)}: use model.fit, which records nothing")
    if not name.isidentifier():
        raise ValueError(f"name is {name!r}, expected letters, digits and underscores")
    now, seed = session.current(), as_for_fit.pop("seed", None)
    seed = now.seed if seed is None else checks.check_int("seed", seed, 0)
    batch_size = as_for_fit.pop("batch_size", None)
    as_for_fit.pop("verbose", None)
    data = _Arrays(x, y, batch_size or 32, seed) if hasattr(x, "shape") else x
    if not isinstance(data, keras.utils.PyDataset):
        raise ValueError(f"x is a {type(x).__name__}, expected arrays or a keras.utils.PyDataset")
    batches, epochs = _length(x, batch_size, checks.check_int("epochs", epochs))
    if batches < len(data):
        data = _Shortened(data, batches)
    recipe = _recipe(model, data, epochs, seed, as_for_fit)
    if now.mode == "pretrained":
        return _load(model, recipe, name, paths.records(), paths.weights())
    if now.mode == "full" and _is_finished(session.runs() / name, recipe):
        return _load(model, recipe, name, session.runs(), session.runs())
    if now.mode == "quick":
        return _train(model, data, recipe, name, as_for_fit)
    with files.only_one(f"training_{session.runs().parent.name}_{name}"):  # another process would write the same state
        return _train(model, data, recipe, name, as_for_fit)


def study(name):
    """Keep the table of a function that trains many networks: a decorator.

    In "pretrained" the function does not run; its table is read, and refused where the function, or anything that it
    reads from the notebook, is not what it was. In the other modes it runs, and the table is written.

    Parameters
    ----------
    name : str
        Of the table's file.

    Returns
    -------
    callable
        A decorator of a function without arguments that returns a pandas.DataFrame with rows numbered from 0.
    """

    def decorate(function):
        @functools.wraps(function)
        def read_or_run():
            return _study(name, function)

        return read_or_run

    return decorate


def fewer(items, quick=2):
    """All of the items; in "quick" only the first few, so that a study takes a minute.

    Parameters
    ----------
    items : iterable
        Variants, or seeds.
    quick : int, optional
        How many in "quick".

    Returns
    -------
    list
    """
    items = list(items)
    return items[:quick] if session.current().mode == "quick" else items


def load_network(name):
    """The shipped network of a training, whose weights are those that its record describes.

    Parameters
    ----------
    name : str
        That was given to `fit`.

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
    _refuse_other_weights(path, network.get_weights(), read_record(name))
    return network


def read_table(name):
    """A table that is shipped among the records, such as the trials of ``make search``.

    Parameters
    ----------
    name : str
        "patch_search".

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    FileNotFoundError
        When there is none.
    """
    path = paths.records() / f"{name}.csv"
    if not path.exists():
        raise FileNotFoundError(f"{paths.shown(path)} is missing: check it out again")
    return _read_table(path)


def read_record(name, folder=None):
    """What is recorded of a training or of a study.

    Parameters
    ----------
    name : str
    folder : path-like, optional
        By default that of what is shipped.

    Returns
    -------
    dict
        recipe, minutes, and of a training parameters, weights_sha256 and history.

    Raises
    ------
    FileNotFoundError, ValueError
        When the record is missing, or is none.
    """
    path = pathlib.Path(folder or paths.records()) / f"{name}.json"
    if not path.exists():
        raise FileNotFoundError(f"{paths.shown(path)} is missing: train it with MODE = 'quick', or run `make train`")
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        needed = {"trainings"} if "table_sha256" in record else {"parameters", "weights_sha256", "history"}
        missing = {"recipe", "minutes", *needed} - set(record)
        if missing:
            raise ValueError(f"it lacks {', '.join(sorted(missing))}")
    except (ValueError, TypeError) as error:
        raise ValueError(f"{paths.shown(path)} is not a record ({error}): check the file out again") from error
    return record


def _train(model, data, recipe, name, as_for_fit):
    now, folder, epochs = session.current(), session.runs(), recipe["epochs"]
    state = _State(folder / f"{name}.state.npz", model, recipe)
    own = list(as_for_fit.pop("callbacks", None) or ())
    start = state.restore() if now.mode == "full" and _resumable(own) else 0
    callbacks = [_EveryEpoch(f"{name}: epoch {{}}/{epochs}", data, recipe["seed"], state), *own]
    try:
        as_for_fit["validation_data"] = devices.shared(as_for_fit.get("validation_data"), model)
        options = {"initial_epoch": start, "epochs": epochs, "shuffle": False, "verbose": 0, "callbacks": callbacks}
        batches = devices.shared(data, model)
        with devices.spread(model):
            model.fit(batches, **options, **as_for_fit)
    except KeyboardInterrupt:
        go_on = "goes on from there" if now.mode == "full" else "starts again, since MODE is 'quick'"
        raise KeyboardInterrupt(
            f"{name} was stopped after epoch {len(state.log)} of {epochs}. Run the cell again: it {go_on}."
        ) from None
    record = {
        "name": name,
        "study": now.study,
        "recipe": recipe,
        "parameters": model.count_params(),
        "minutes": round(len(state.log) * state.log["seconds"].min() / 60, 2),  # what disturbs a machine only ever adds
        "trained_with": _versions(),
        "weights_sha256": recipes.digest(model.get_weights()),
        "history": state.log.round(8).to_dict("list"),
    }
    with files.replacing(folder / f"{name}.keras") as temporary:
        keras.Model(model.inputs, model.outputs, name=model.name).save(temporary)  # without the optimizer's state
    files.write_json(folder / f"{name}.json", record)
    state.path.unlink(missing_ok=True)
    return _history(record)


def _load(model, recipe, name, records, weights):
    record = read_record(name, records)
    _refuse_another_recipe(name, _as_loaded_before(recipe, record), record["recipe"])
    path = weights / f"{name}.keras"
    loaded = _read_network(path).get_weights()
    expected, found = [tuple(w.shape) for w in model.weights], [w.shape for w in loaded]
    if expected != found:
        file, here = next((f, e) for f, e in itertools.zip_longest(found, expected) if f != e)
        raise ValueError(
            f"{paths.shown(path)} holds the weights of another architecture than {model.name!r}: "
            f"the first array that differs has shape {file} in the file and {here} in the network"
        )
    _refuse_other_weights(path, loaded, record)
    model.set_weights(loaded)
    print(f"loaded {name}: {recipe['epochs']} epochs, {record['minutes']:.1f} minutes on {_machine(record)}")
    return _history(record)


def _study(name, function):
    now, described = session.current(), recipes.uses(function)
    if now.mode == "pretrained":
        record = read_record(name)
        _refuse_another_recipe(name, described, record["recipe"])
        path = paths.records() / f"{name}.csv"
        if files.sha256(path) != record.get("table_sha256"):
            raise ValueError(f"{paths.shown(path)} is not the table that {name}.json describes: check both files out again")
        plural = "" if record["trainings"] == 1 else "s"
        cost = f": {record['trainings']} training{plural}, {record['minutes']:.1f} minutes on {_machine(record)}"
        print(f"read {name}{cost if record['trainings'] else ''}")  # a short training in plain Keras is not counted
        return _read_table(path)
    folder, before = session.runs(), now.study
    now.study = name
    try:
        table = function()
    finally:
        now.study = before
    if not isinstance(table, pd.DataFrame) or not table.index.equals(pd.RangeIndex(len(table))):
        raise ValueError(f"the study {name} returned a {type(table).__name__}, expected a DataFrame with rows numbered from 0")
    path = folder / f"{name}.csv"
    files.write_table(path, table, missing="nan")
    trained = [json.loads(file.read_text(encoding="utf-8")) for file in folder.glob("*.json")]
    mine = [record for record in trained if record.get("study") == name and "history" in record]
    record = {
        "name": name,
        "recipe": described,
        "trainings": len(mine),
        "minutes": round(sum(one["minutes"] for one in mine), 2),
        "trained_with": _versions(),
        "table_sha256": files.sha256(path),
    }
    files.write_json(folder / f"{name}.json", record)
    return _read_table(path)


def _read_table(path):
    """A study's table as it will be read again, so that it is the same in all modes."""
    try:
        return pd.read_csv(path, keep_default_na=False, na_values=["nan"])
    except ValueError as error:  # also what is raised for bytes that are no text
        raise ValueError(f"{paths.shown(path)} cannot be read ({error}): check the file out again") from error


def _history(record):
    history = pd.DataFrame(record["history"])
    steps = record["recipe"]["batches"] * len(history)
    history.attrs = {"minutes": record["minutes"], "parameters": record["parameters"], "steps": steps}
    return history


def _machine(record):
    """On what it was trained, in words."""
    machine = record["trained_with"]["machine"]
    return "two cores" if machine.endswith(" 2 cores") else machine


def _length(x, batch_size, epochs):
    """Batches an epoch and epochs, fewer of both in "quick"."""
    arrays = hasattr(x, "shape")
    batches = math.ceil(len(x) / (batch_size or 32)) if arrays else len(x)
    if session.current().mode != "quick":
        return batches, epochs
    pixels = math.prod((x[: batch_size or 32] if arrays else x[0][0]).shape[:3])
    epochs = min(epochs, QUICK_EPOCHS)
    return max(1, min(batches, QUICK_PIXELS // (pixels * epochs))), epochs


class _Shortened(keras.utils.PyDataset):
    """The first batches of a dataset."""

    def __init__(self, data, batches):
        super().__init__()
        self.data, self.batches = data, batches
        self.set_epoch = getattr(data, "set_epoch", lambda epoch: None)
        self.on_epoch_begin, self.on_epoch_end = data.on_epoch_begin, data.on_epoch_end

    def __len__(self):
        return self.batches

    def __getitem__(self, index):
        return self.data[index]

    def describe(self):
        return recipes.describe(self.data)


class _Arrays(datasets.ShuffledSequence):
    """Arrays as batches in an order that depends on seed and epoch alone."""

    def __init__(self, x, y, batch_size, seed):
        super().__init__(len(x), batch_size, seed)
        self.x, self.y = np.asarray(x), np.asarray(x if y is None else y)
        if len(self.x) != len(self.y):
            raise ValueError(f"x holds {len(self.x)} items and y {len(self.y)}, expected as many")

    def __getitem__(self, index):
        return self.x[self.chosen(index)], self.y[self.chosen(index)]

    def describe(self):
        """What the batches are made of, for the record."""
        x = recipes.describe(self.x)
        y = x if self.y is self.x else recipes.describe(self.y)  # of an autoencoder one array, which may be large
        return {"x": x, "y": y, "batch_size": self.batch_size}


class _State:
    """Everything that a training needs to go on: weights, optimizer, log; one file, so it is never half old."""

    def __init__(self, path, model, recipe):
        self.path, self.model, self.recipe, self.log = path, model, json.dumps(recipe, sort_keys=True), pd.DataFrame()

    def _variables(self):
        return self.model.weights + self.model.optimizer.variables

    def save(self):
        arrays = {f"variable_{k}": keras.ops.convert_to_numpy(v) for k, v in enumerate(self._variables())}
        with files.replacing(self.path) as temporary:
            np.savez(temporary, recipe=self.recipe, log=json.dumps(self.log.to_dict("list")), **arrays)

    def restore(self):
        """Put back what was saved under the same recipe, and give the number of epochs that are done."""
        if not self.path.exists():
            return 0
        try:
            with np.load(self.path, allow_pickle=False) as archive:
                saved = dict(archive)  # all of it, so that what cannot be read changes nothing
        except Exception as error:  # a damaged archive fails in many ways
            warnings.warn(f"{paths.shown(self.path)} is damaged, the training starts over ({error})", stacklevel=5)
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
        if hasattr(self.data, "set_epoch"):
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


def _recipe(model, data, epochs, seed, as_for_fit):
    """All that decides how a training comes out, as plain JSON."""
    optimizer = {"class": type(model.optimizer).__name__, **model.optimizer.get_config()}
    optimizer.pop("name")
    recipe = {
        "architecture": recipes.architecture(model),
        "starts_from": recipes.starting_weights(model),
        "loss": model.loss if isinstance(model.loss, str) else recipes.describe(model.loss),
        "optimizer": optimizer,
        "epochs": epochs,
        "batches": len(data),
        "seed": seed,
        "data": recipes.describe(data),
        "validation": recipes.describe(as_for_fit.get("validation_data")),
        "callbacks": [_described_callback(callback) for callback in as_for_fit.get("callbacks") or ()],
    }
    return json.loads(json.dumps(recipe))  # as it will be read back, so that the two compare equal


def _described_callback(callback):
    """Its class and what it was made with; not where it writes, nor what changes while it works."""
    described = {"class": recipes.describe(type(callback))}
    for name in inspect.signature(type(callback)).parameters:
        value = getattr(callback, name, None)
        if callable(value) or isinstance(value, bool | int | float):
            described[name] = recipes.describe(value)
    return described


def _as_loaded_before(recipe, record):
    """The recipe of a network whose weights are already those of this very training, as when a cell is run again."""
    if recipe["starts_from"] == record["weights_sha256"]:
        return recipe | {"starts_from": record["recipe"]["starts_from"]}
    return recipe


def _is_finished(path, recipe):
    if not (path.with_suffix(".json").exists() and path.with_suffix(".keras").exists()):
        return False
    record = read_record(path.name, path.parent)
    return not recipes.differences(_as_loaded_before(recipe, record), record["recipe"])


def _refuse_another_recipe(name, asked, recorded):
    differences = recipes.differences(asked, recorded)
    if differences:
        said = "; ".join(f"{key} is {here!r}, recorded {then!r}" for key, (here, then) in differences.items())
        raise ValueError(f"{name} was trained by another recipe: {said}. To train yours, set MODE = 'quick' or 'full'")


def _versions():
    return {
        "python": platform.python_version(),
        "keras": keras.__version__,
        "backend": keras.backend.backend(),
        "numpy": np.__version__,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores"
        + (f", {devices.count()} devices" if devices.count() > 1 else ""),
    }


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
    found, expected = recipes.digest(weights), record["weights_sha256"]
    if found != expected:
        raise ValueError(
            f"{paths.shown(path)} does not hold the weights that {path.stem}.json describes (SHA-256 {found[:16]}…, "
            f"expected {expected[:16]}…): check both files out again"
        )
