"""Runs: the same bits from the same seed, also after an interruption; and what is loaded is what was trained."""

import functools
import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pandas as pd
import pytest

from helpers import datasets, degradations, models, paths, recipes, session, training
from helpers.backend import keras

noise = functools.partial(degradations.add_gaussian_noise, sigma=0.2, clip=True)


def network():
    """Small, with a layer that draws random numbers."""
    images = keras.Input((16, 16, 1), name="image")
    x = keras.layers.Dropout(0.2, name="dropout")(keras.layers.Conv2D(4, 3, padding="same", name="features")(images))
    return keras.Model(images, keras.layers.Conv2D(1, 3, padding="same", name="restored")(x), name="small")


def fit(
    strokes, mode="full", name="small", epochs=4, seed=1, rate=1e-2, build=network, callbacks=(), degrade=noise, start=None
):
    session.start(mode, seed)
    training.set_seed(seed)
    model, data = build(), datasets.DegradedSequence(strokes, degrade, batch_size=16, seed=seed)
    if start is not None:
        model.set_weights(start)
    training.compile_with_decay(model, data, epochs, rate)
    history = training.fit(
        model, data, epochs=epochs, name=name, validation_data=(noise(strokes, rng=9), strokes), callbacks=[*callbacks]
    )
    return model, history


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
    first, first_history = fit(strokes)
    monkeypatch.setenv("COURSE_CACHE", str(own_folders / "another"))
    second, second_history = fit(strokes)
    np.testing.assert_array_equal(weights(first), weights(second))
    pd.testing.assert_frame_equal(first_history.drop(columns="seconds"), second_history.drop(columns="seconds"))
    assert np.abs(weights(fit(strokes, seed=2)[0]) - weights(first)).max() > 1e-4


@pytest.mark.parametrize("batches", [1, 7, 8, 11])
def test_interrupted_and_resumed_gives_the_same_bits(strokes, batches, monkeypatch, own_folders):
    monkeypatch.setattr(training, "_resumable", lambda callbacks: True)  # the callback that interrupts keeps no state
    through, history = fit(strokes)
    monkeypatch.setenv("COURSE_CACHE", str(own_folders / "interrupted"))
    with pytest.raises(KeyboardInterrupt, match=rf"stopped after epoch {(batches - 1) // 4} of 4.*goes on from there"):
        fit(strokes, callbacks=[StopAfter(batches)])
    resumed, resumed_history = fit(strokes)
    np.testing.assert_array_equal(weights(resumed), weights(through))
    pd.testing.assert_frame_equal(resumed_history.drop(columns="seconds"), history.drop(columns="seconds"))
    record = training.read_record("small", paths.runs("full"))
    assert record["weights_sha256"] == recipes.digest(through.get_weights())
    assert not list(paths.runs("full").glob("*.state.npz"))


@pytest.mark.slow
def test_killed_and_resumed_gives_the_same_bits(tmp_path):
    """Kill -9 at three moments of a training in a process of its own."""
    script = tmp_path / "train.py"
    script.write_text(
        textwrap.dedent("""
        import functools, numpy as np
        from helpers import datasets, degradations, models, recipes, training
        import keras
        training.begin("killed", "full", seed=1)
        noise = functools.partial(degradations.add_gaussian_noise, sigma=0.2)
        images = np.random.default_rng(0).random((400, 28, 28, 1), dtype=np.float32)
        model, data = models.unet(), datasets.DegradedSequence(images, noise, batch_size=20, seed=1)
        model.compile("adam", "mse")
        training.fit(model, data, epochs=8, name="killed")
        print(recipes.digest(model.get_weights()))
    """)
    )

    def start(cache):
        environment = {**os.environ, "COURSE_CACHE": str(tmp_path / cache), "COURSE_PROGRESS": str(tmp_path / "progress")}
        return subprocess.Popen([sys.executable, script], env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    undisturbed, _ = start("undisturbed").communicate()
    for epochs_done in (1, 3, 5):
        process, state = start("killed"), tmp_path / "killed" / "runs" / "killed.state.npz"
        while process.poll() is None and _epochs_in(state) < epochs_done:
            time.sleep(0.01)
        assert process.poll() is None, "it finished before it could be killed"
        process.send_signal(signal.SIGKILL)
        process.wait()
    resumed, _ = start("killed").communicate()
    assert resumed.split()[-1] == undisturbed.split()[-1] and len(resumed.split()[-1]) == 64


def _epochs_in(state):
    if not state.exists():
        return 0
    with np.load(state, allow_pickle=False) as saved:  # always whole: it is renamed into place
        return len(json.loads(str(saved["log"]))["epoch"])


def test_a_finished_run_is_loaded_and_another_recipe_is_trained(strokes, monkeypatch):
    first, history = fit(strokes)
    trained = []
    monkeypatch.setattr(training, "_train", lambda *arguments: trained.append(arguments))
    again, loaded_history = fit(strokes)
    np.testing.assert_array_equal(weights(first), weights(again))
    pd.testing.assert_frame_equal(history, loaded_history)
    assert not trained
    fit(strokes, rate=2e-2)
    assert len(trained) == 1


def test_what_is_built_next_does_not_depend_on_whether_a_training_was_loaded(strokes):
    """A run of several trainings that was killed loads the finished ones; the others must come out as if it had not been."""

    def initial_weights_after_a_fit():
        training.set_seed(3)
        fit(strokes)
        return weights(models.unet((16, 16, 1)))

    trained, loaded = initial_weights_after_a_fit(), initial_weights_after_a_fit()
    np.testing.assert_array_equal(trained, loaded)


def test_batches_go_by_the_epoch_of_the_training_alone(strokes, monkeypatch, own_folders):
    """Whatever Keras calls at the end of an epoch, of the training or of a validation: the bits are the same."""

    def train():
        session.start("full")
        training.set_seed(1)
        model, data = network(), datasets.DegradedSequence(strokes, noise, batch_size=16, seed=1)
        watched = datasets.DegradedSequence(strokes, noise, batch_size=16, seed=2)
        training.compile_with_decay(model, data, 3)
        data.set_epoch(5)
        history = training.fit(model, data, epochs=3, name="hooks", validation_data=watched)
        return weights(model), history.drop(columns="seconds")

    trained, history = train()
    for hook in ("on_epoch_begin", "on_epoch_end"):
        monkeypatch.setattr(datasets.ShuffledSequence, hook, lambda data: None)
    monkeypatch.setenv("COURSE_CACHE", str(own_folders / "without"))
    without, history_without = train()
    np.testing.assert_array_equal(trained, without)
    pd.testing.assert_frame_equal(history, history_without)


def test_several_steps_a_call_are_the_same_steps(strokes, monkeypatch):
    trained = []
    for long_epoch in (10**9, 20):
        monkeypatch.setattr(training, "LONG_EPOCH", long_epoch)
        session.start("full")
        training.set_seed(1)
        model, data = network(), datasets.DegradedSequence(strokes[:46], noise, batch_size=2, seed=1)
        assert len(data) == 23  # two calls of ten steps and one of three
        training.compile_with_decay(model, data, 2)
        assert model.steps_per_execution == (10 if long_epoch == 20 else 1)
        history = training.fit(model, data, epochs=2, name=f"steps_{long_epoch}")
        trained.append((weights(model), history["loss"].tolist(), int(model.optimizer.iterations)))
    np.testing.assert_array_equal(trained[0][0], trained[1][0])
    np.testing.assert_allclose(trained[0][1], trained[1][1], rtol=1e-6)
    assert trained[0][2] == trained[1][2] == 46


def test_nothing_of_the_callers_model_is_changed_but_its_weights(strokes):
    session.start("full")
    model = network()
    model.compile("adam", "mse")
    before = {key: value for key, value in vars(model).items() if callable(value)}
    training.fit(model, datasets.DegradedSequence(strokes, noise, 1, 0), epochs=1, name="long_epoch")
    assert model.steps_per_execution == 1 and "call" not in vars(model)
    assert {key: value for key, value in vars(model).items() if key in before} == before or model.train_function is not None


def test_quick_trains_anew_each_time(strokes):
    fit(strokes, mode="quick")
    with pytest.raises(KeyboardInterrupt, match="starts again"):
        fit(strokes, mode="quick", callbacks=[StopAfter(1)])
    assert not paths.runs("full").exists() and not paths.records().exists()


def test_quick_is_short_whatever_is_asked_for():
    session.start("quick")
    images = np.zeros((400, 64, 64, 3), np.float32)
    data = datasets.DegradedSequence(images, noise, batch_size=4, seed=0)
    assert training._length(data, None, 190) == (100, 2)
    data = datasets.DegradedSequence(np.zeros((60, 256, 384, 1), np.float32), noise, batch_size=8, seed=0)
    assert training._length(data, None, 10) == (2, 2)
    assert training._length(images, 100, 1) == (4, 1)
    session.start("full")
    assert training._length(data, None, 10) == (8, 10)


def test_arrays_are_shown_in_a_new_order_each_epoch(strokes):
    data = training._Arrays(np.arange(10), np.arange(10) * 2, batch_size=4, seed=0)
    seen = []
    for epoch in range(2):
        data.set_epoch(epoch)
        x, y = (np.concatenate(part) for part in zip(*(data[k] for k in range(3)), strict=True))
        np.testing.assert_array_equal(y, 2 * x)
        seen.append(x.tolist())
    assert sorted(seen[0]) == sorted(seen[1]) == list(range(10)) and seen[0] != seen[1]
    one = np.arange(4)
    assert training._Arrays(one, None, 4, 0).describe() == training._Arrays(one, one.copy(), 4, 0).describe()
    session.start("quick")
    model = network()
    model.compile("adam", "mse")
    assert len(training.fit(model, noise(strokes, rng=0), strokes, batch_size=16, epochs=5, name="arrays")) == 2
    with pytest.raises(ValueError, match="x holds 60 items and y 59"):
        training.fit(model, strokes, strokes[1:], epochs=1, name="arrays")


def test_pretrained_loads_what_was_trained_and_says_so(strokes, capsys):
    trained, history = fit(strokes)
    ship()
    loaded, loaded_history = fit(strokes, mode="pretrained")
    assert "loaded small: 4 epochs, 0.0 minutes on" in capsys.readouterr().out
    np.testing.assert_array_equal(weights(trained), weights(loaded))
    pd.testing.assert_frame_equal(history, loaded_history)
    assert loaded_history.attrs["parameters"] == loaded.count_params()
    assert history.attrs["steps"] == loaded_history.attrs["steps"] == int(trained.optimizer.iterations) == 16
    assert keras.models.load_model(paths.weights() / "small.keras", safe_mode=True).count_params() == loaded.count_params()
    np.testing.assert_array_equal(weights(training.load_network("small")), weights(trained))


def test_a_cell_that_is_run_again_loads_again(strokes):
    fit(strokes)
    ship()
    loaded, _ = fit(strokes, mode="pretrained")
    fit(strokes, mode="pretrained", start=loaded.get_weights())


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
    with pytest.raises(ValueError, match="seed is 2, recorded 1"):
        fit(strokes, mode="pretrained", seed=2)


def test_the_weights_that_a_training_starts_from_belong_to_it(strokes):
    """As chapter 05's `continued()` and `unet()`, which have the same layers."""
    other, _ = fit(strokes, name="other", seed=5)
    fit(strokes)
    ship()
    with pytest.raises(ValueError, match="starts_from is '[0-9a-f]{64}', recorded 'its initializers'"):
        fit(strokes, mode="pretrained", start=other.get_weights())
    fit(strokes, name="continued", start=other.get_weights())
    ship()
    fit(strokes, name="continued", mode="pretrained", start=other.get_weights())
    with pytest.raises(ValueError, match="starts_from is 'its initializers', recorded '[0-9a-f]{64}'"):
        fit(strokes, name="continued", mode="pretrained")


def test_what_a_degradation_does_belongs_to_the_training(strokes, monkeypatch):
    """Changed inside, and by a number that it reads: the name is the same."""
    strengths = (5, 55)

    def any_noise(images, rng):
        sigma = rng.uniform(*strengths, (len(images), 1, 1, 1)) / 255
        return degradations.add_gaussian_noise(images, sigma, rng)

    first = any_noise
    fit(strokes, degrade=first)
    ship()
    fit(strokes, mode="pretrained", degrade=first)

    def any_noise(images, rng):
        sigma = rng.uniform(5, 100, (len(images), 1, 1, 1)) / 255
        return degradations.add_gaussian_noise(images, sigma, rng)

    changed = r"data\.degrade is 'any_noise\(\) [0-9a-f]{16}', recorded 'any_noise\(\) [0-9a-f]{16}'"
    with pytest.raises(ValueError, match=changed):
        fit(strokes, mode="pretrained", degrade=any_noise)
    strengths = (5, 100)
    with pytest.raises(ValueError, match=changed):
        fit(strokes, mode="pretrained", degrade=first)
    trained = []
    monkeypatch.setattr(training, "_train", lambda *arguments: trained.append(arguments))
    fit(strokes, degrade=any_noise)
    assert trained  # it is not taken for finished


def test_targets_in_another_order_are_other_targets(strokes):
    def train(targets, mode):
        session.start(mode)
        training.set_seed(0)
        model = network()
        model.compile("adam", "mse")
        return training.fit(model, noise(strokes, rng=0), targets, epochs=1, name="arrays")

    train(strokes, "full")
    ship()
    train(strokes, "pretrained")
    with pytest.raises(ValueError, match=r"data\.y\.weighted_sums is \[.*\], recorded \["):
        train(strokes[::-1], "pretrained")


def test_callbacks_and_validation_belong_to_the_training(strokes):
    stop = keras.callbacks.EarlyStopping
    fit(strokes, callbacks=[stop(patience=3)])
    ship()
    used = stop(patience=3)
    used.wait = used.stopped_epoch = 2  # as after a training
    fit(strokes, mode="pretrained", callbacks=[used])
    with pytest.raises(ValueError, match="callbacks is "):
        fit(strokes, mode="pretrained", callbacks=[stop(patience=2)])
    with pytest.raises(ValueError, match="callbacks is "):
        fit(strokes, mode="pretrained")
    with pytest.raises(TypeError, match="not class_weight, initial_epoch: use model.fit"):
        training.fit(network(), strokes, epochs=1, name="x", class_weight={}, initial_epoch=3)


@pytest.mark.parametrize("name", ["", "../x", "a b", "a/b", "a.b"])
def test_names_that_are_no_file_names(strokes, name):
    with pytest.raises(ValueError, match="expected letters, digits and underscores"):
        training.fit(network(), strokes, epochs=1, name=name)


def test_nothing_but_begin_sets_the_mode(strokes, monkeypatch):
    """A cell that says MODE = 'quick' and is followed by a later one changes nothing until `begin` runs again."""
    fit(strokes)
    ship()
    training.begin("02_mnist_denoising", "pretrained", 1)
    monkeypatch.delenv("COURSE_FIGURES")
    MODE = "quick"  # noqa: F841 - as in a notebook
    assert session.current().mode == "pretrained" and session.figures() == paths.cache() / "figures"
    training.begin("02_mnist_denoising", "quick", 1)
    assert session.figures() == paths.runs("quick") / "figures"


def test_solutions_do_not_say_the_minutes_of_their_chapter(shown):
    training.begin("solutions/02_mnist_denoising", "pretrained", 1)
    assert not shown
    training.begin("02_mnist_denoising", "pretrained", 1)
    assert "**Time.**" in shown[0][0]


def quick_or_not(table, mode, name="02_study"):
    calls = []

    @training.study(name)
    def ablation():
        calls.append(1)
        return pd.DataFrame(table)

    session.start(mode)
    return ablation(), len(calls)


def test_a_study_is_read_in_pretrained_and_run_otherwise(capsys):
    table = {"method": ["a", ""], "psnr": [0.1 + 0.2, np.nan], "count": [1, 2]}
    run, calls = quick_or_not(table, "full")
    assert calls == 1 and run["psnr"][0] == 0.1 + 0.2 and run["method"].tolist() == ["a", ""] and np.isnan(run["psnr"][1])
    ship()
    read, calls = quick_or_not(table, "pretrained")
    assert calls == 0 and capsys.readouterr().out == "read 02_study\n"
    pd.testing.assert_frame_equal(read, run)
    assert quick_or_not(table, "quick")[1] == 1 and (paths.runs("quick") / "02_study.csv").exists()


def test_a_study_is_refused_when_anything_that_it_reads_has_changed():
    table = {"psnr": [1.0]}
    quick_or_not(table, "full")
    ship()
    with pytest.raises(
        ValueError, match=r"02_study was trained by another recipe: table\.psnr is \['2.0'\], recorded \['1.0'\]"
    ):
        quick_or_not({"psnr": [2.0]}, "pretrained")
    path = paths.records() / "02_study.csv"
    path.write_text(path.read_text().replace("1.0", "3.0"))
    with pytest.raises(ValueError, match=r"02_study\.csv is not the table that 02_study\.json describes"):
        quick_or_not(table, "pretrained")


def test_a_study_counts_its_trainings(strokes):
    @training.study("many")
    def many():
        rows = []
        for seed in (1, 2):
            training.set_seed(seed)
            model = network()
            model.compile("adam", "mse")
            history = training.fit(model, noise(strokes, rng=0), strokes, epochs=1, seed=seed, name=f"many_{seed}")
            rows.append({"seed": seed, "loss": history["loss"].iloc[-1]})
        return pd.DataFrame(rows)

    session.start("full")
    first = many()
    record = training.read_record("many", paths.runs("full"))
    assert record["trainings"] == 2 and "table_sha256" in record
    assert training.read_record("many_1", paths.runs("full"))["study"] == "many"
    pd.testing.assert_frame_equal(many(), first)  # from what is finished


@pytest.mark.parametrize("returned", [[1], pd.DataFrame({"a": [1]}, index=["x"])])
def test_a_study_returns_a_plain_table(returned):
    session.start("quick")
    with pytest.raises(ValueError, match="expected a DataFrame with rows numbered from 0"):
        training.study("x")(lambda: returned)()


def test_an_architecture_is_known_by_its_layers_not_by_their_names():
    def build(name, **options):
        images = keras.Input((16, 16, 1), name=f"{name}_image")
        x = keras.layers.Conv2D(4, 3, padding="same", name=f"{name}_first", **options)(images)
        return keras.Model(images, keras.layers.Add(name=f"{name}_sum")([x, images]))

    assert recipes.architecture(build("a")) == recipes.architecture(build("b"))
    assert recipes.architecture(build("a")) != recipes.architecture(build("a", activation="relu"))


def test_a_loss_is_known_by_what_it_does():
    def loss(clean, restored):
        return keras.ops.mean(keras.ops.square(clean - restored)) + 1e-6  # a comment

    first = recipes.describe(loss)

    def loss(clean, restored):
        return keras.ops.mean(keras.ops.square(clean - restored)) + 1e-6

    assert recipes.describe(loss) == first

    def loss(clean, restored):
        return keras.ops.mean(keras.ops.square(clean - restored)) + 1e-5

    assert recipes.describe(loss) != first


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


def test_an_unknown_mode():
    with pytest.raises(ValueError, match="MODE is 'fast', expected one of"):
        training.begin("02_mnist_denoising", "fast")
