"""Sharing a training among devices: what can't be is said; batches are filled up without changing their loss.

The training itself is in test_other_backends.py.
"""

import numpy as np
import pytest

from helpers import devices
from helpers.backend import keras


@pytest.mark.parametrize("asked, message", [("0", "whole number"), ("two", "whole number"), ("2", "set KERAS_BACKEND=jax")])
def test_what_cannot_be_is_said(monkeypatch, asked, message):
    monkeypatch.setenv("COURSE_DEVICES", asked)
    with pytest.raises(ValueError, match=message):
        devices.count()


def test_more_than_there_are(monkeypatch):
    monkeypatch.setenv("COURSE_DEVICES", "3")
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    monkeypatch.setattr(keras.distribution, "list_devices", lambda: ["cpu:0", "cpu:1"])
    with pytest.raises(ValueError, match="JAX finds 2: cpu:0, cpu:1"):
        devices.count()


def test_one_device_changes_nothing(monkeypatch):
    monkeypatch.delenv("COURSE_DEVICES", raising=False)
    data = object()
    assert devices.shared(data, None) is data
    with devices.spread(None):
        pass


def of_each_picture(clean, restored):
    return keras.ops.mean(keras.ops.abs(clean - restored), axis=(1, 2, 3))


def of_the_batch(clean, restored):
    return keras.ops.mean(keras.ops.square(clean - restored))


@pytest.mark.parametrize("loss", ["mse", keras.losses.BinaryCrossentropy(), of_each_picture, of_the_batch])
def test_a_batch_that_is_filled_up_keeps_its_loss(monkeypatch, loss):
    monkeypatch.setattr(devices, "count", lambda: 4)
    rng = np.random.default_rng(0)
    x, y = rng.random((2, 37, 3, 3, 1), dtype=np.float32)
    images = keras.Input((3, 3, 1))
    model = keras.Model(images, keras.layers.Activation("linear")(images))
    model.compile("sgd", loss)
    batches = devices.shared((x, y), model)
    assert len(batches) == 2 and devices.shared(None, model) is None
    for index, part in enumerate((slice(0, 32), slice(32, 37))):
        given, wanted, weights = batches[index]
        assert len(given) % 4 == 0 and np.array_equal(given[: len(x[part])], x[part])
        plain = model.compute_loss(y=y[part], y_pred=x[part])
        if loss is not of_the_batch:  # which has lost its pictures before a weight is seen
            weighted = model.compute_loss(y=wanted, y_pred=given, sample_weight=weights)
            assert float(weighted) == pytest.approx(float(plain), rel=1e-5)
