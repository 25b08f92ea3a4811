"""Change one weight, one constant, one seed, one row, and some check goes red: what is checked is really checked."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from helpers import paths, recipes
from helpers.backend import keras

pytestmark = pytest.mark.slow
CHAPTER = "notebooks/02_mnist_denoising.ipynb"


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The whole project, without its history, environment and caches, save the digits."""
    project = tmp_path_factory.mktemp("project") / "copy"
    left_out = shutil.ignore_patterns(".git", ".venv", "cache", "__pycache__", "*.egg-info", ".*_cache", ".hypothesis")
    shutil.copytree(paths.ROOT, project, ignore=left_out)
    digits = paths.ROOT / "data" / "cache" / "mnist.npz"
    if digits.exists():
        (project / "data" / "cache").mkdir()
        shutil.copy(digits, project / "data" / "cache")
    return project


def checked(project, *what):
    """Whether a check passes on the project as it stands."""
    environment = {k: v for k, v in os.environ.items() if k not in ("COURSE_DATA", "COURSE_CHECKED", "PYTEST_XDIST_WORKER")}
    environment |= {"PYTHONPATH": str(project), "COURSE_FIGURES": str(project.parent / "figures")}
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", *what]
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stdout + done.stderr  # 1: a test failed; others: no test was run
    return done.returncode == 0


def replaced(project, name, old, new):
    path = project / name
    text = path.read_text(encoding="utf-8")
    assert text.count(old) >= 1, f"{old!r} stands no longer in {name}"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def a_weight(project, record_too=True):
    """One weight of the network that chapter 02 calls its best, and the hash in its record."""
    path, record = project / "data/weights/mnist_best.keras", project / "data/records/mnist_best.json"
    network = keras.models.load_model(path, compile=False)
    weights = network.get_weights()
    weights[0].flat[0] += 0.05
    network.set_weights(weights)
    network.save(path)
    if record_too:
        content = json.loads(record.read_text(encoding="utf-8"))
        record.write_text(json.dumps(content | {"weights_sha256": recipes.digest(weights)}), encoding="utf-8")


MUTATIONS = {
    "one weight": (lambda project: a_weight(project, record_too=False), ["--nbval", CHAPTER]),
    "one weight and its hash": (a_weight, ["--nbval", CHAPTER]),
    "a constant of SSIM": (
        lambda project: replaced(project, "helpers/metrics.py", "(0.03 * data_range) ** 2", "(0.031 * data_range) ** 2"),
        ["tests/test_metrics.py"],
    ),
    "the constant of PSNR": (
        lambda project: replaced(project, "helpers/metrics.py", "10 * np.log10(", "10.001 * np.log10("),
        ["--nbval", CHAPTER],
    ),
    "the seed of a noise": (
        lambda project: replaced(project, CHAPTER, "rng=SEED + 1", "rng=SEED + 2"),
        ["--nbval", CHAPTER],
    ),
    "a row of the split": (
        lambda project: replaced(project, "data/photos.csv", ",test,", ",train,"),
        ["tests/test_photos.py", "-k", "scene or duplicate or shown or chapters or table"],
    ),
}


def test_the_checks_pass_on_what_is_committed(copy):
    for what in {tuple(what) for _, what in MUTATIONS.values()}:
        assert checked(copy, *what), what


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_change_is_noticed(name, copy, tmp_path):
    mutate, what = MUTATIONS[name]
    project = tmp_path / "changed"
    shutil.copytree(copy, project)
    mutate(project)
    assert not checked(project, *what), name
