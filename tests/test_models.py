import numpy as np
import pytest
from conftest import from_chapter

from helpers import models
from helpers.backend import keras

BUILT = {
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
    model = from_chapter("02", "dense_autoencoder")()
    dense = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]
    assert [layer.units for layer in dense] == [500, 300, 100, 300, 500, 784] and model.count_params() == 1_146_484
    assert [layer.activation.__name__ for layer in dense] == ["relu"] * 5 + ["sigmoid"]


def test_an_untrained_unet_returns_its_input_and_without_skips_does_not():
    images = np.random.default_rng(0).random((8, 28, 28, 1), dtype=np.float32)
    assert np.abs(models.unet()(images) - images).max() < 0.5
    assert np.corrcoef(np.ravel(models.unet()(images)), images.ravel())[0, 1] > 0.95
    assert np.corrcoef(np.ravel(models.unet(skips=False)(images)), images.ravel())[0, 1] < 0.5


def test_sizes_follow_the_arguments():
    assert models.unet((32, 48, 3), filters=(4, 8), convolutions=(1, 1)).output_shape == (None, 32, 48, 3)


@pytest.mark.parametrize(
    ("options", "parameters"),
    [({}, 333_955), ({"strides": 1}, 333_955), ({"skips": True}, 380_116), ({"filters": (24, 48, 96), "blocks": 1}, 354_339)],
)
def test_the_convolutional_autoencoder_in_its_forms(options, parameters):
    model = models.convolutional_autoencoder(**options)
    assert model.count_params() == parameters and model.output_shape == (None, 64, 64, 3)
    side = 64 if options.get("strides") == 1 else 8
    assert model.get_layer("encode_2").output.shape[1:3] == (side, side)


def test_a_residual_output_starts_at_its_input():
    images = np.random.default_rng(0).random((2, 16, 16, 3), dtype=np.float32)
    model = models.convolutional_autoencoder((16, 16, 3), (4, 8), residual=True, last=None)
    model.get_layer("correction").set_weights([np.zeros_like(w) for w in model.get_layer("correction").get_weights()])
    np.testing.assert_allclose(model.predict(images, verbose=0), images, atol=1e-6)


def test_skips_join_what_has_the_same_size():
    model = models.convolutional_autoencoder((16, 16, 3), (4, 8), skips=True)
    for stage, side in ((0, 16), (1, 8)):
        joined = model.get_layer(f"join_{stage}").input
        assert [tuple(part.shape[1:3]) for part in joined] == [(side, side)] * 2


def test_regularised_forms_differ_in_training_only():
    images = np.random.default_rng(0).random((4, 16, 16, 3), dtype=np.float32)
    for options in ({"dropout": 0.5}, {"batch_normalization": True}):
        model = models.convolutional_autoencoder((16, 16, 3), (4, 8), **options)
        assert np.abs(model(images, training=True) - model(images, training=False)).max() > 1e-4
        np.testing.assert_array_equal(model(images), model(images))


def test_the_pooled_autoencoder():
    model = models.pooled_autoencoder()
    assert model.count_params() == 75_651 and model.output_shape == (None, 64, 64, 3)
    assert model.get_layer("pool_1").output.shape[1:] == (16, 16, 64)


@pytest.mark.parametrize("options", [{}, {"skips": True}, {"residual": True}, {"skips": True, "residual": True}])
def test_the_pooled_super_resolution_network_keeps_its_budget(options):
    model = from_chapter("04", "pooled_network")(**options)
    assert model.count_params() == 84_035 and model.output_shape == (None, 256, 384, 3)
    counts = [layer.count_params() for layer in model.layers if layer.count_params()]
    assert counts == [448, 4640, 18496, 36928, 18464, 4624, 435]
    assert min(layer.output.shape[1:3] for layer in model.layers) == (32, 48)


@pytest.mark.parametrize(("options", "parameters"), [({}, 81_068), ({"inside": 4, "blocks": 3}, 83_312)])
def test_the_residual_super_resolution_network(options, parameters, tmp_path):
    model = from_chapter("04", "residual_network")(**options)
    assert model.count_params() == parameters <= 84_035
    for shape in ((1, 24, 40, 3), (2, 8, 16, 3)):
        images = np.random.default_rng(0).random(shape, dtype=np.float32)
        restored = model.predict(images, verbose=0)
        assert restored.shape == shape and 0 < np.abs(restored - images).mean() < 0.1
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    np.testing.assert_array_equal(loaded.predict(images, verbose=0), restored)


def test_super_resolution_does_not_shift_the_picture():
    model = from_chapter("04", "residual_network")(blocks=1)
    for layer in model.layers:  # the features are the picture, and the correction is minus a tenth of it
        layer.set_weights([np.zeros_like(w) for w in layer.get_weights()])
    convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    first, correction = convolutions[0], convolutions[-1]
    kernel = first.get_weights()[0]
    kernel[1, 1, np.arange(12), np.arange(12)] = 0.5  # added to itself at the end of the blocks
    first.set_weights([kernel, first.get_weights()[1]])
    kernel = correction.get_weights()[0]
    kernel[1, 1, np.arange(12), np.arange(12)] = -0.1
    correction.set_weights([kernel, correction.get_weights()[1]])
    images = np.random.default_rng(0).random((1, 16, 24, 3), dtype=np.float32)
    np.testing.assert_allclose(model.predict(images, verbose=0), 0.9 * images, atol=1e-6)


@pytest.mark.parametrize(
    ("options", "parameters"),
    [({"grow": "nearest"}, 333_955), ({"skips": True}, 333_955), ({"residual": True}, 333_955), ({"blocks": 1}, 629_123)],
)
def test_the_pooled_autoencoder_in_its_forms(options, parameters):
    model = models.pooled_autoencoder((None, None, 3), (32, 64, 128), **options)
    images = np.random.default_rng(0).random((1, 16, 24, 3), dtype=np.float32)
    restored = model.predict(images, verbose=0)
    assert model.count_params() == parameters and restored.shape == images.shape
    assert (np.abs(restored - images).mean() < 0.05) == options.get("residual", False)  # starts at its input
