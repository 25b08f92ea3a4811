"""Several devices for one training, by Keras's own distribution: COURSE_DEVICES=2 with KERAS_BACKEND=jax.

Each device gets its share of every batch. Only `helpers.training.fit` spreads its work; everything else runs on the first
device, as always.
"""

import contextlib
import os

import numpy as np

from helpers.backend import keras


def count():
    """How many devices a training uses: COURSE_DEVICES, 1 by default.

    Returns
    -------
    int

    Raises
    ------
    ValueError
        When it is no positive number, or more than Keras's backend can use here, with what to do.
    """
    asked = os.environ.get("COURSE_DEVICES", "1")
    if not asked.isdecimal() or int(asked) < 1:
        raise ValueError(f"COURSE_DEVICES is {asked!r}, expected a whole number from 1 on")
    if int(asked) == 1:
        return 1
    if keras.backend.backend() != "jax":
        raise ValueError(f"COURSE_DEVICES is {asked}, and Keras runs on {keras.backend.backend()}: set KERAS_BACKEND=jax")
    found = keras.distribution.list_devices()
    if int(asked) > len(found):
        raise ValueError(f"COURSE_DEVICES is {asked}, and JAX finds {len(found)}: {', '.join(map(str, found))}")
    return int(asked)


@contextlib.contextmanager
def spread(model):
    """While this block lasts, what is trained in it is shared by the devices.

    Parameters
    ----------
    model : keras.Model
        Compiled. Its weights and its optimizer's state lie on all devices within the block, and on the first one after it.
    """
    if count() == 1:
        yield
        return
    distribution = keras.distribution.DataParallel(devices=keras.distribution.list_devices()[: count()])
    model.optimizer.build(model.trainable_variables)
    with distribution.scope():
        for variable in _variables(model):
            layout = distribution.get_variable_layout(variable)
            variable.assign(keras.distribution.distribute_tensor(variable.value, layout))
        yield
        for variable in _variables(model):
            variable.assign(keras.ops.convert_to_numpy(variable.value))
        model.train_function = model.test_function = model.predict_function = None  # compiled for several devices


def _variables(model):
    return [*model.variables, *model.optimizer.variables, *model.metrics_variables]


def shared(data, model):
    """Batches that can be shared: what is missing to a multiple of the devices is filled up and counts for nothing.

    Call it before `spread`: it looks at one picture's loss.

    Parameters
    ----------
    data : keras.utils.PyDataset or tuple of array_like or None
        Batches of (x, y); or (x, y) themselves, as validation data come.
    model : keras.Model
        Compiled.

    Returns
    -------
    keras.utils.PyDataset or the same
        The same with one device.
    """
    if data is None or count() == 1:
        return data
    if not isinstance(data, keras.utils.PyDataset):
        data = _Batches(*data)
    x, y = data[0]
    loss = keras.losses.get(model.loss)
    of_one = getattr(loss, "call", loss)(y[:1], model(x[:1], training=False))
    return _Filled(data, count(), axes=max(0, of_one.ndim - 1))


class _Batches(keras.utils.PyDataset):
    """Arrays in batches of 32, Keras's own size."""

    def __init__(self, x, y):
        super().__init__()
        self.x, self.y = x, y

    def __len__(self):
        return -(len(self.x) // -32)

    def __getitem__(self, index):
        part = slice(32 * index, 32 * (index + 1))
        return self.x[part], self.y[part]


class _Filled(keras.utils.PyDataset):
    """Batches filled up with their own first pictures, and weights that give the loss of the batch as it was."""

    def __init__(self, data, devices, axes):
        super().__init__()
        self.data, self.devices, self.axes = data, devices, axes
        self.on_epoch_begin, self.on_epoch_end = data.on_epoch_begin, data.on_epoch_end

    def __len__(self):
        return len(self.data)

    def __getitem__(self, index):
        x, y = self.data[index]
        full = -(len(x) // -self.devices) * self.devices
        rows = np.arange(full) % len(x)
        # Keras divides the sum of the weighted losses by the number of pictures, the filled ones included.
        weights = np.where(np.arange(full) < len(x), full / len(x), 0).astype(np.float32)
        weights = weights.reshape(-1, *[1] * self.axes)  # a loss has one value a picture, or one for each of its pixels
        return np.asarray(x)[rows], np.asarray(y)[rows], weights
