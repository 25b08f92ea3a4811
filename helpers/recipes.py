"""All that decides how a training comes out, as plain JSON: so that nothing old is shown for something new.

Functions that a reader can edit are described by their source and by everything that the source reads. Those of installed
packages and of this one are described by name; the tests guard what they do.
"""

import functools
import hashlib
import inspect
import json
import numbers
import pathlib
import types

import numpy as np
import pandas as pd

from helpers import sources

SHOWN = 16  # hexadecimal digits of a hash that stand in a record's text
# Floats that were computed, noise for instance, differ between machines in their last bit, so they can't be hashed. Sums
# with random weights tell other values and another order as well as a hash does, and do not mind the last bit.
SUMS, WEIGHTS, TOLERANCE = "weighted_sums", 10_007, 2e-4


def describe(value):
    """A value as plain JSON that changes when anything in it does.

    Parameters
    ----------
    value : object
        Numbers, texts, paths, arrays, tables, functions, networks, batches, and lists and dicts of these.

    Returns
    -------
    str, list or dict

    Raises
    ------
    ValueError
        When it is something whose contents are not known, with what to give instead.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, str | bool | numbers.Number | slice | range):
        return repr(value)
    if isinstance(value, pathlib.PurePath):
        return repr(value.as_posix())
    if isinstance(value, list | tuple):
        return [describe(item) for item in value]
    if isinstance(value, dict):
        return {str(key): describe(item) for key, item in value.items()}
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        return {"shape": list(value.shape), "dtype": str(value.dtype), SUMS: _weighted_sums(value)}
    if isinstance(value, np.ndarray) and value.dtype.kind == "O":  # texts, say; their bytes are addresses in memory
        return f"array {list(value.shape)} {_short(describe(value.tolist()))}"
    if isinstance(value, np.ndarray):
        return f"array {list(value.shape)} {digest([value])[:SHOWN]}"
    if isinstance(value, pd.DataFrame | pd.Series):
        return f"table {list(value.shape)} {_short(value.to_csv())}"
    if isinstance(value, np.random.Generator):
        return f"generator {_short(value.bit_generator.state)}"
    if isinstance(value, types.MethodType):
        return f"{value.__name__}() of {json.dumps(describe(value.__self__))}"
    if isinstance(value, type | functools.partial | np.ufunc | types.ModuleType) or inspect.isroutine(value):
        return describe_function(value)
    if hasattr(value, "describe"):
        return value.describe()
    if hasattr(value, "get_config") and hasattr(value, "layers"):
        return f"network {architecture(value)} {digest(value.get_weights())[:SHOWN]}"
    if hasattr(value, "get_config"):
        plain = {key: str(kept) for key, kept in vars(value).items() if isinstance(kept, bool | int | float | str | dict)}
        return f"{type(value).__name__} {_short([value.get_config(), plain])}"  # Huber's configuration lacks its delta
    raise ValueError(
        f"a {type(value).__module__}.{type(value).__name__} cannot be recorded, expected numbers, texts, paths, arrays, "
        "tables, functions or networks: make it inside of the function that needs it"
    )


def describe_function(function):
    """A function's name, what a ``functools.partial`` fixes, and a hash of its source where a reader can edit it.

    Parameters
    ----------
    function : callable

    Returns
    -------
    str
        "add_gaussian_noise(sigma=0.2)" for a function of a package, "any_noise() 3f2a…" for one of a notebook.

    Raises
    ------
    ValueError
        When the source cannot be had, or uses what `describe` does not know.
    """
    if isinstance(function, functools.partial):
        given = [_argument(item) for item in function.args]
        given += [f"{key}={_argument(item)}" for key, item in function.keywords.items()]
        name, _, source = describe_function(function.func).partition("()")
        return f"{name}({', '.join(given)}){source}"
    name = getattr(function, "__name__", type(function).__name__)
    if not sources.can_be_edited(function):
        return name if isinstance(function, types.ModuleType) else f"{name}()"
    return f"{name}() {_short(_source_and_uses(function, ()))}"


def uses(function):
    """What a function reads from outside, each described, and its own source.

    Parameters
    ----------
    function : callable
        Of a notebook.

    Returns
    -------
    dict
        "source" to a hash, and each name to what it stands for.
    """
    return _source_and_uses(function, ())


def architecture(model):
    """SHA-256 of the layers, their settings and their connections; the layers' names do not count.

    Parameters
    ----------
    model : keras.Model

    Returns
    -------
    str
    """
    config = model.get_config()
    names = {layer["config"]["name"]: f"layer {k}" for k, layer in enumerate(config["layers"])}

    def renamed(part):
        if isinstance(part, dict):
            return {key: renamed(value) for key, value in part.items() if key != "name"}
        if isinstance(part, list | tuple):
            return [renamed(value) for value in part]
        return names.get(part, part) if isinstance(part, str) else part

    return _short(renamed(config["layers"]))


def starting_weights(model):
    """Whether a network starts from its initializers, or from which weights.

    Parameters
    ----------
    model : keras.Model

    Returns
    -------
    str
        "its initializers", or the SHA-256 of the weights: of a network that was trained before, or loaded.
    """
    for layer in model._flatten_layers(include_self=False, recursive=True):
        for variable in layer._trainable_variables + layer._non_trainable_variables:
            initializer = getattr(layer, f"{variable.name}_initializer", None)
            if initializer is None or variable.name == "seed_generator_state":
                continue
            fresh = np.asarray(initializer(tuple(variable.shape), dtype=variable.dtype))
            if not np.array_equal(fresh, np.asarray(variable)):
                return digest(model.get_weights())
    return "its initializers"


def differences(asked, recorded):
    """The settings that differ between two recipes.

    Parameters
    ----------
    asked, recorded : dict

    Returns
    -------
    dict of str to tuple
        The setting's name, with dots, to both values.
    """
    asked, recorded = _flat(asked), _flat(recorded)
    pairs = {key: (asked.get(key), recorded.get(key)) for key in asked | recorded}
    return {key: pair for key, pair in pairs.items() if not _same(*pair, key.rpartition(".")[2])}


def _same(one, other, key=""):
    """Whether two descriptions are equal, sums of floats within what machines differ by."""
    if key == SUMS and one is not None and other is not None:
        return len(one) == len(other) and np.allclose(one, other, rtol=0, atol=TOLERANCE)
    if isinstance(one, dict) and isinstance(other, dict):
        return set(one) == set(other) and all(_same(one[name], other[name], name) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(_same(*pair) for pair in zip(one, other, strict=True))
    return one == other


def _weighted_sums(values):
    """Four sums of the values with random weights, over their norm."""
    rng, flat = np.random.default_rng(0), values.ravel().astype(np.float32, copy=False)
    flat = np.pad(flat, (0, -len(flat) % WEIGHTS)).reshape(-1, WEIGHTS)
    within = rng.standard_normal((WEIGHTS, 4)).astype(np.float32)
    across = rng.standard_normal(len(flat))
    norm = np.linalg.norm(flat) or 1.0
    return [round(float(total), 6) for total in across @ (flat @ within).astype(np.float64) / norm]


def digest(arrays):
    """SHA-256 of arrays: shapes, types and bytes.

    Parameters
    ----------
    arrays : iterable of numpy.ndarray

    Returns
    -------
    str
    """
    total = hashlib.sha256()
    for array in arrays:
        total.update(f"{array.shape}{array.dtype}".encode())
        total.update(np.ascontiguousarray(array))
    return total.hexdigest()


def _argument(value):
    """A fixed argument as it is written; functions among them described."""
    if isinstance(value, list | tuple):
        return f"({', '.join(_argument(item) for item in value)})"
    described = describe(value)
    return described if isinstance(described, str) else json.dumps(described)


def _source_and_uses(function, seen):
    source, used = sources.source_and_uses(function)
    described = {"source": hashlib.sha256(source.encode()).hexdigest()[:SHOWN]}
    for name, value in used.items():
        if any(value is other for other in (*seen, function)):
            continue  # a function that calls itself
        if isinstance(value, types.FunctionType | type) and sources.can_be_edited(value):
            described[name] = _source_and_uses(value, (*seen, function))
        else:
            described[name] = describe(value)
    return described


def _short(content):
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:SHOWN]


def _flat(recipe, prefix=""):
    """Nested settings as one dict: {"a": {"b": 1}} as {"a.b": 1}."""
    flat = {}
    for key, value in recipe.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat
