"""Keras on JAX: every shipped network gives what it gives on TensorFlow, and a chapter runs whole.

Runs where JAX is installed, which `make test-all` sees to.
"""

import importlib.util
import os
import pathlib
import subprocess
import sys

import numpy as np
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


def run(backend, code, *arguments, cache):
    environment = {name: value for name, value in os.environ.items() if name != "COURSE_DATA"}
    environment |= {"KERAS_BACKEND": backend, "COURSE_CACHE": str(cache)}
    command = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


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
