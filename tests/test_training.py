"""Runs: the same bits from the same seed, also after an interruption; and what is loaded is what was trained."""

import functools
import gzip
import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pandas as pd
import pytest

from helpers import datasets, degradations, models, paths, training
from helpers.backend import keras

noise = functools.partial(degradations.add_gaussian_noise, sigma=0.2, clip=True)


def network():
    """Small, with a layer that draws random numbers."""
    images = keras.Input((16, 16, 1), name="image")
    x = keras.layers.Dropout(0.2, name="dropout")(keras.layers.Conv2D(4, 3, padding="same", name="features")(images))
    return keras.Model(images, keras.layers.Conv2D(1, 3, padding="same", name="restored")(x), name="small")


def fit(strokes, mode="full", name="small", epochs=4, seed=1, rate=1e-2, keep="weights", build=network, callbacks=()):
    training.set_seed(seed)
    model, data = build(), datasets.DegradedSequence(strokes, noise, batch_size=16, seed=seed)
    model.compile(keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(rate, epochs * len(data))), "mse")
    run = training.Run(name, mode, keep)
    history = run.fit(
        model, data, epochs=epochs, seed=seed, validation_data=(noise(strokes, rng=9), strokes), callbacks=[*callbacks]
    )
    return run, model, history


def weights(model):
    return np.concatenate([array.ravel() for array in model.get_weights()])


def ship():
    """What `make promote` does, for the run that was just trained."""
    for file in paths.runs("full").glob("*"):
        folder = paths.weights() if file.suffix == ".keras" else paths.records()
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, folder)


class StopAfter(keras.callbacks.Callback):
    def __init__(self, batches):
        super().__init__()
        self.left = batches

    def on_train_batch_end(self, batch, logs=None):
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


def test_two_trainings_with_one_seed_give_the_same_bits(strokes, monkeypatch, own_folders):
    _, first, first_history = fit(strokes)
    monkeypatch.setenv("COURSE_CACHE", str(own_folders / "another"))
    _, second, second_history = fit(strokes)
    np.testing.assert_array_equal(weights(first), weights(second))
    pd.testing.assert_frame_equal(first_history.drop(columns="seconds"), second_history.drop(columns="seconds"))
    assert np.abs(weights(fit(strokes, seed=2)[1]) - weights(first)).max() > 1e-4


@pytest.mark.parametrize("batches", [1, 7, 8, 11])
def test_interrupted_and_resumed_gives_the_same_bits(strokes, batches, monkeypatch, own_folders):
    monkeypatch.setattr(training, "_resumable", lambda callbacks: True)  # the callback that interrupts keeps no state
    _, through, history = fit(strokes)
    monkeypatch.setenv("COURSE_CACHE", str(own_folders / "interrupted"))
    with pytest.raises(KeyboardInterrupt, match=rf"stopped after epoch {(batches - 1) // 4} of 4.*goes on from there"):
        fit(strokes, callbacks=[StopAfter(batches)])
    run, resumed, resumed_history = fit(strokes)
    np.testing.assert_array_equal(weights(resumed), weights(through))
    pd.testing.assert_frame_equal(resumed_history.drop(columns="seconds"), history.drop(columns="seconds"))
    assert run.record["weights_sha256"] == training._digest(through.get_weights())
    assert not list(paths.runs("full").glob("*.state.npz"))


@pytest.mark.slow
def test_killed_and_resumed_gives_the_same_bits(tmp_path):
    """Kill -9 at three moments of a training in a process of its own."""
    script = tmp_path / "train.py"
    script.write_text(
        textwrap.dedent("""
        import functools, numpy as np
        from helpers import datasets, degradations, models, training
        import keras
        training.set_seed(1)
        noise = functools.partial(degradations.add_gaussian_noise, sigma=0.2)
        images = np.random.default_rng(0).random((400, 28, 28, 1), dtype=np.float32)
        model, data = models.unet(), datasets.DegradedSequence(images, noise, batch_size=20, seed=1)
        model.compile("adam", "mse")
        run = training.Run("killed", "full")
        run.fit(model, data, epochs=8, seed=1)
        print(run.record["weights_sha256"])
    """)
    )

    def start(cache):
        environment = {**os.environ, "COURSE_CACHE": str(tmp_path / cache), "COURSE_PROGRESS": str(tmp_path / "progress")}
        return subprocess.Popen([sys.executable, script], env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    undisturbed, _ = start("undisturbed").communicate()
    for epochs_done in (1, 3, 5):
        process, state = start("killed"), tmp_path / "killed" / "runs" / "killed.state.npz"
        while process.poll() is None and _epochs_in(state) < epochs_done:
            pass
        assert process.poll() is None, "it finished before it could be killed"
        process.send_signal(signal.SIGKILL)
        process.wait()
    resumed, _ = start("killed").communicate()
    assert resumed == undisturbed and len(resumed.strip()) == 64


def _epochs_in(state):
    if not state.exists():
        return 0
    with np.load(state, allow_pickle=False) as saved:  # always whole: it is renamed into place
        return len(json.loads(str(saved["log"]))["epoch"])


def test_a_finished_run_is_loaded_and_another_recipe_is_trained(strokes):
    _, first, history = fit(strokes)
    _, again, loaded_history = fit(strokes, callbacks=[StopAfter(1)])  # would interrupt if it trained
    np.testing.assert_array_equal(weights(first), weights(again))
    pd.testing.assert_frame_equal(history, loaded_history)
    with pytest.raises(KeyboardInterrupt):
        fit(strokes, rate=2e-2, callbacks=[StopAfter(1)])


def test_what_is_built_next_does_not_depend_on_whether_a_training_was_loaded(strokes):
    """A run of several trainings that was killed loads the finished ones; the others must come out as if it had not been."""

    def initial_weights_after_a_fit():
        training.set_seed(3)
        fit(strokes)
        return weights(models.unet((16, 16, 1)))

    trained, loaded = initial_weights_after_a_fit(), initial_weights_after_a_fit()
    np.testing.assert_array_equal(trained, loaded)


def test_several_steps_a_call_are_the_same_steps(strokes, monkeypatch):
    trained = []
    for long_epoch in (10**9, 20):
        monkeypatch.setattr(training, "LONG_EPOCH", long_epoch)
        training.set_seed(1)
        model, data = network(), datasets.DegradedSequence(strokes[:46], noise, batch_size=2, seed=1)
        assert len(data) == 23  # two calls of ten steps and one of three
        model.compile("adam", "mse")
        history = training.Run("steps", "quick").fit(model, data, epochs=2, seed=1)
        trained.append((weights(model), history["loss"].tolist(), int(model.optimizer.iterations)))
    np.testing.assert_array_equal(trained[0][0], trained[1][0])
    np.testing.assert_allclose(trained[0][1], trained[1][1], rtol=1e-6)
    assert trained[0][2] == trained[1][2] == 46


def test_quick_trains_anew_each_time(strokes):
    fit(strokes, mode="quick")
    with pytest.raises(KeyboardInterrupt, match="starts again"):
        fit(strokes, mode="quick", callbacks=[StopAfter(1)])
    assert not paths.runs("full").exists() and not paths.records().exists()


def test_arrays_are_shown_in_a_new_order_each_epoch(strokes):
    data = training._Arrays(np.arange(10), np.arange(10) * 2, batch_size=4, seed=0)
    seen = []
    for epoch in range(2):
        data.set_epoch(epoch)
        x, y = (np.concatenate(part) for part in zip(*(data[k] for k in range(3)), strict=True))
        np.testing.assert_array_equal(y, 2 * x)
        seen.append(x.tolist())
    assert sorted(seen[0]) == sorted(seen[1]) == list(range(10)) and seen[0] != seen[1]
    model = network()
    model.compile("adam", "mse")
    assert len(training.Run("arrays", "quick").fit(model, noise(strokes, rng=0), strokes, batch_size=16, epochs=2)) == 2


def test_pretrained_loads_what_was_trained(strokes):
    run, trained, history = fit(strokes)
    table = run.score(trained, noise(strokes, rng=3), strokes)
    ship()
    loaded_run, loaded, loaded_history = fit(strokes, mode="pretrained")
    np.testing.assert_array_equal(weights(trained), weights(loaded))
    pd.testing.assert_frame_equal(history, loaded_history)
    pd.testing.assert_frame_equal(loaded_run.score(loaded, noise(strokes, rng=3), strokes), table)
    assert loaded_run.source == "weights" and loaded_run.record["results"]["test"]["n_images"] == 60
    assert keras.models.load_model(paths.weights() / "small.keras", safe_mode=True).count_params() == loaded.count_params()


def test_a_record_gives_scores_and_refuses_to_predict(strokes):
    run, model, _ = fit(strokes, keep="record")
    table = run.score(model, noise(strokes, rng=3), strokes)
    ship()
    shutil.rmtree(paths.weights())
    run, model, _ = fit(strokes, mode="pretrained", keep="record")
    recorded = run.score(model, noise(strokes, rng=3), strokes)
    np.testing.assert_allclose(recorded["psnr"], table["psnr"], atol=1e-4)
    assert run.source == "record" and list(recorded) == list(table)
    with pytest.raises(RuntimeError, match="set MODE = 'quick'"):
        model.predict(strokes, verbose=0)
    with pytest.raises(RuntimeError, match="set MODE = 'quick'"):
        model(strokes)
    with pytest.raises(ValueError, match="scored on other images"):
        run.score(model, noise(strokes, rng=4), strokes)
    with pytest.raises(ValueError, match="no scores for 'train'"):
        run.score(model, noise(strokes, rng=3), strokes, "train")


def test_a_changed_recipe_is_refused(strokes):
    fit(strokes)
    ship()
    with pytest.raises(
        ValueError, match=r"another recipe: optimizer\.\S*rate is 0.02, recorded 0.01\. To train yours, set MODE = 'quick'"
    ):
        fit(strokes, mode="pretrained", rate=2e-2)
    with pytest.raises(ValueError, match="epochs is 5, recorded 4"):
        fit(strokes, mode="pretrained", epochs=5)
    with pytest.raises(ValueError, match="batches is 2, recorded 4; data.images is"):
        fit(strokes[:30], mode="pretrained")
    with pytest.raises(ValueError, match="another recipe: architecture is"):
        fit(strokes, mode="pretrained", build=lambda: models.unet((16, 16, 1)))


def test_an_architecture_is_known_by_its_layers_not_by_their_names():
    def build(name, **options):
        images = keras.Input((16, 16, 1), name=f"{name}_image")
        x = keras.layers.Conv2D(4, 3, padding="same", name=f"{name}_first", **options)(images)
        return keras.Model(images, keras.layers.Add(name=f"{name}_sum")([x, images]))

    assert training._architecture(build("a")) == training._architecture(build("b"))
    assert training._architecture(build("a")) != training._architecture(build("a", activation="relu"))


def test_a_loss_is_known_by_what_it_does():
    def loss(clean, restored):
        return keras.ops.mean(keras.ops.square(clean - restored)) + 1e-6  # a comment

    first = training._named_with_source(loss)

    def loss(clean, restored):
        return keras.ops.mean(keras.ops.square(clean - restored)) + 1e-6

    assert training._named_with_source(loss) == first

    def loss(clean, restored):
        return keras.ops.mean(keras.ops.square(clean - restored)) + 1e-5

    assert training._named_with_source(loss) != first


@pytest.mark.parametrize("damage", ["missing", "truncated", "altered", "another architecture", "record damaged", "no record"])
def test_weights_that_are_not_those_of_the_record(strokes, damage):
    fit(strokes)
    ship()
    path, record = paths.weights() / "small.keras", paths.records() / "small.json"
    expected, message = ValueError, ""
    if damage == "missing":
        path.unlink()
        expected, message = FileNotFoundError, r"small\.keras is missing"
    elif damage == "truncated":
        path.write_bytes(path.read_bytes()[:2000])
        message = r"small\.keras cannot be read"
    elif damage == "altered":
        other = keras.models.load_model(path)
        other.set_weights([array + 1e-6 for array in other.get_weights()])
        other.save(path)
        message = r"does not hold the weights that small\.json describes"
    elif damage == "another architecture":
        models.unet((16, 16, 1), filters=(4, 8), convolutions=(1, 1)).save(path)
        message = "the weights of another architecture than 'small'"
    elif damage == "record damaged":
        record.write_text(record.read_text()[:100])
        message = "is not a record"
    else:
        record.unlink()
        expected, message = FileNotFoundError, r"small\.json is missing: train it with MODE = 'quick'"
    with pytest.raises(expected, match=message):
        fit(strokes, mode="pretrained")


def test_what_is_written_does_not_hold_the_time_of_day(strokes):
    run, model, _ = fit(strokes, keep="record")
    run.score(model, noise(strokes, rng=3), strokes)
    packed = paths.runs("full") / "small.test.csv.gz"
    assert packed.read_bytes()[4:8] == (1).to_bytes(4, "little")  # gzip's time stamp
    assert gzip.decompress(packed.read_bytes()).startswith(b"image,mse,psnr,ssim\n")


def test_unknown_mode_and_keep():
    with pytest.raises(ValueError, match="MODE is 'fast', expected one of"):
        training.Run("x", "fast")
    with pytest.raises(ValueError, match="keep is 'all'"):
        training.Run("x", "full", keep="all")
    with pytest.raises(ValueError, match="MODE is 'fast'"):
        training.budget("fast", 1, 2)
    assert [training.budget(mode, full=60, quick=5) for mode in paths.MODES] == [60, 5, 60]
