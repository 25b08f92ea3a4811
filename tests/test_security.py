"""Nothing that is read can run: no pickles, no code in networks, no shell; what is installed for its data is hashed."""

import pathlib
import re

import nbformat
import numpy as np
import pandas as pd
import pytest

from helpers import paths, training
from helpers.backend import keras

SOURCES = sorted((paths.ROOT / "helpers").glob("*.py"))
NOTEBOOKS = sorted((paths.ROOT / "notebooks").rglob("*.ipynb"))
RUNS_CODE = r"\bpickle\b|\beval\(|\bexec\(|os\.system|shell=True|allow_pickle=True|safe_mode=False|unsafe|joblib|read_pickle"


def code_cells(path):
    return "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code")


@pytest.mark.parametrize("path", SOURCES + NOTEBOOKS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_no_way_to_run_what_was_read(path):
    source = path.read_text(encoding="utf-8") if path.suffix == ".py" else code_cells(path)
    assert not re.search(RUNS_CODE, source)
    assert all("allow_pickle=False" in call for call in re.findall(r"np\.load\(.*", source))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_no_notebook_runs_a_command_that_a_reader_did_not_ask_for(path):
    assert not re.search(r"^\s*[!%]|subprocess|get_ipython|urllib|requests\.|urlopen", code_cells(path), flags=re.MULTILINE)


def test_a_network_with_code_in_it_is_refused(own_folders):
    def intruder(x):
        pathlib.Path(own_folders / "it ran").touch()
        return x

    images = keras.Input((4, 4, 1))
    network = keras.Model(images, keras.layers.Lambda(intruder)(images))
    paths.weights().mkdir(parents=True)
    network.save(paths.weights() / "guest.keras")
    (own_folders / "it ran").unlink()
    with pytest.raises(ValueError, match=r"(?s)guest\.keras cannot be read \(.*[Ll]ambda"):
        training.load_network("guest")
    assert not (own_folders / "it ran").exists()


class Intruder:
    def __reduce__(self):
        return pathlib.Path.touch, (pathlib.Path("it ran"),)


def test_a_state_with_code_in_it_is_refused(own_folders, monkeypatch):
    monkeypatch.chdir(own_folders)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile("adam", "mse")
    state = training._State(own_folders / "x.state.npz", model, {})
    np.savez(state.path, recipe=np.array([Intruder()], dtype=object))
    with pytest.warns(UserWarning, match="is damaged, the training starts over"):
        assert state.restore() == 0
    assert not (own_folders / "it ran").exists()


def test_what_is_installed_for_its_data_is_hashed():
    lines = (paths.ROOT / "requirements-data.txt").read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    wanted = [line for line in lines if line.strip() and not line.startswith("#")]
    assert len(wanted) >= 3
    pinned = re.compile(r"[\w-]+==[\w.]+(\s+--hash=sha256:[0-9a-f]{64})+\s*(#.*)?")
    assert all(pinned.fullmatch(line.strip()) for line in wanted), wanted
    table = pd.read_csv(paths.ROOT / "data" / "photos.csv")
    assert table["sha256"].str.fullmatch("[0-9a-f]{64}").all()
