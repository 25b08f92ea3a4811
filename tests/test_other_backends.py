"""Keras on JAX: every shipped network gives what it gives on TensorFlow, and a chapter runs whole.

Runs where JAX is installed, which `make test-all` sees to.
"""

import importlib.util
import os
import pathlib
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from helpers import paths

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="JAX is not installed: pip install -e .[jax]"),
]

OUTPUTS = """
import sys
import numpy as np
from helpers import paths, training
from helpers.backend import keras
outputs = {}
for path in sorted(paths.weights().glob("*.keras")):
    network, rng = training.load_network(path.stem), np.random.default_rng(0)
    given = [rng.random((2, *(side or 64 for side in tensor.shape[1:])), dtype=np.float32) for tensor in network.inputs]
    outputs[path.stem] = network.predict_on_batch(given if len(given) > 1 else given[0])
np.savez(sys.argv[1], backend=keras.backend.backend(), **outputs)
"""

CHAPTER = """
import sys
from helpers.commands import report
report.run_notebook(sys.argv[1], sys.argv[2], "quick", sys.argv[3])
"""

# 45 pictures in batches of 8, and 19 to validate on: with two devices, the last batch of both has to be filled up.
TRAINING = """
import sys
import numpy as np
from helpers import session, training
from helpers.backend import keras
layers = keras.layers
pictures = np.random.default_rng(0).random((45, 8, 8, 1), dtype=np.float32)
session.start("full")
training.set_seed(0)  # before the layers: with the first call they draw their weights
images = keras.Input((8, 8, 1))
x = layers.Conv2D(8, 3, padding="same", activation="relu")(images)
x = layers.Dropout(0.2)(x)
restored = layers.Conv2D(1, 3, padding="same")(x)
model = keras.Model(images, restored)
training.compile_with_decay(model, pictures, 3, batch_size=8, metrics=["mae"])
options = {"batch_size": 8, "validation_data": (pictures[:19], pictures[:19])}
history = training.fit(model, pictures, pictures, epochs=3, name="shared", **options)
restored = model.predict(pictures[:7], verbose=0)
model.compile("adam", "mse")
model.fit(pictures[:7], pictures[:7], verbose=0)  # plain Keras, on the first device
history.drop(columns="seconds").to_csv(sys.argv[1], index=False)
np.save(sys.argv[2], restored)
print(training.read_record("shared", session.runs())["trained_with"]["machine"])
"""


def run(backend, code, *arguments, cache, **variables):
    environment = {name: value for name, value in os.environ.items() if name != "COURSE_DATA"}
    environment |= {"KERAS_BACKEND": backend, "COURSE_CACHE": str(cache)} | variables
    command = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_every_shipped_network(tmp_path):
    found = {}
    for backend in ("tensorflow", "jax"):
        run(backend, OUTPUTS, tmp_path / f"{backend}.npz", cache=tmp_path)
        with np.load(tmp_path / f"{backend}.npz", allow_pickle=False) as archive:
            found[backend] = dict(archive)
    assert [str(outputs.pop("backend")) for outputs in found.values()] == ["tensorflow", "jax"]
    assert len(found["jax"]) == len(list((paths.ROOT / "data" / "weights").glob("*.keras"))) > 20
    for name, output in found["tensorflow"].items():
        np.testing.assert_allclose(found["jax"][name], output, rtol=0, atol=1e-5, err_msg=name)


def test_a_chapter(tmp_path):
    digits = paths.ROOT / "data" / "cache" / "mnist.npz"
    if digits.exists():
        pathlib.Path(tmp_path / "mnist.npz").symlink_to(digits)
    chapter, figures = paths.ROOT / "notebooks" / "02_mnist_denoising.ipynb", tmp_path / "figures"
    run("jax", CHAPTER, chapter, tmp_path / "02.ipynb", figures, cache=tmp_path)
    assert len(list(figures.glob("02_*.png"))) == len(list((paths.ROOT / "figures").glob("02_*.png")))


def test_two_devices_train_what_one_trains(tmp_path):
    histories, pictures = [], []
    for devices in ("1", "2"):
        variables = {"COURSE_DEVICES": devices, "XLA_FLAGS": "--xla_force_host_platform_device_count=2"}
        files = tmp_path / f"{devices}.csv", tmp_path / f"{devices}.npy"
        said = run("jax", TRAINING, *files, cache=tmp_path / devices, **variables)
        assert ("2 devices" in said) == (devices == "2")
        histories.append(pd.read_csv(files[0]))
        pictures.append(np.load(files[1]))
    one, two = histories
    exact, nearly = ["epoch", "learning_rate"], ["loss", "mae", "val_loss", "val_mae"]
    pd.testing.assert_frame_equal(one[exact], two[exact])
    np.testing.assert_allclose(two[nearly], one[nearly], rtol=0.01)  # the pictures that fill up count in the means
    np.testing.assert_allclose(pictures[1], pictures[0], atol=1e-4)
