import numpy as np
import pytest

from helpers import models
from helpers.backend import keras

BUILT = {
    "dense_autoencoder": (models.dense_autoencoder, 1_146_484),
    "unet": (models.unet, 128_401),
    "unet without skips": (lambda: models.unet(skips=False), 128_401),
}


@pytest.mark.parametrize("name", BUILT)
def test_parameters_shapes_and_names(name):
    build, parameters = BUILT[name]
    model = build()
    assert model.count_params() == parameters
    assert model.output_shape == model.input_shape == (None, 28, 28, 1)
    assert model.name == name.split()[0]
    assert not [
        layer.name for layer in model.layers if layer.name[-1].isdigit() and layer.name.startswith(("conv2d", "dense_"))
    ]


@pytest.mark.parametrize("name", BUILT)
def test_saved_and_loaded_in_safe_mode(name, tmp_path):
    model = BUILT[name][0]()
    images = np.random.default_rng(0).random((3, 28, 28, 1), dtype=np.float32)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    np.testing.assert_array_equal(loaded.predict(images, verbose=0), model.predict(images, verbose=0))


def test_the_published_layers():
    model = models.dense_autoencoder()
    dense = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]
    assert [layer.units for layer in dense] == [500, 300, 100, 300, 500, 784]
    assert [layer.activation.__name__ for layer in dense] == ["relu"] * 5 + ["sigmoid"]


def test_an_untrained_unet_returns_its_input_and_without_skips_does_not():
    images = np.random.default_rng(0).random((8, 28, 28, 1), dtype=np.float32)
    assert np.abs(models.unet()(images) - images).max() < 0.5
    assert np.corrcoef(np.ravel(models.unet()(images)), images.ravel())[0, 1] > 0.95
    assert np.corrcoef(np.ravel(models.unet(skips=False)(images)), images.ravel())[0, 1] < 0.5


def test_sizes_follow_the_arguments():
    assert models.unet((32, 48, 3), filters=(4, 8), convolutions=(1, 1)).output_shape == (None, 32, 48, 3)
    assert (
        models.dense_autoencoder((8, 8, 1), units=(16, 4)).count_params()
        == 64 * 16 + 16 + 16 * 4 + 4 + 4 * 16 + 16 + 16 * 64 + 64
    )
