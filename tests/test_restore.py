"""Pictures of any size through a network: tiles leave no seam, and what cannot be used is refused."""

import numpy as np
import pytest

from helpers import baselines, models, restore
from helpers.backend import keras


@pytest.fixture(scope="module")
def sharpener():
    """A network that looks seven pixels far, with weights that change the picture."""
    images = keras.Input((None, None, 3))
    x = keras.layers.Conv2D(4, 3, strides=2, padding="same", activation="relu")(images)
    x = keras.layers.Conv2D(4, 3, padding="same", activation="relu")(x)
    x = keras.layers.Conv2DTranspose(3, 2, strides=2)(x)
    return keras.Model(images, keras.layers.Add()([images, x]))


@pytest.fixture(scope="module")
def identity():
    images = keras.Input((None, None, 3))
    return keras.Model(images, keras.layers.Activation("linear")(images))


@pytest.mark.parametrize("size", [(1, 1), (7, 300), (64, 64), (65, 130), (200, 71), (256, 40)])
def test_any_size_comes_back_whole(identity, size):
    image = np.random.default_rng(0).random((*size, 3), dtype=np.float32)
    np.testing.assert_array_equal(restore.restore_image(image, identity, tile=64, overlap=16), image)
    pixels = (255 * image).astype(np.uint8)
    np.testing.assert_array_equal(restore.restore_image(pixels, identity, tile=64, overlap=16), pixels)


@pytest.mark.parametrize("size", [(150, 210), (64, 400)])
def test_tiles_leave_no_seam(sharpener, size):
    image = np.random.default_rng(0).random((*size, 3), dtype=np.float32)
    whole = restore.restore_image(image, sharpener, tile=1024)
    assert np.abs(whole - image).max() > 0.01
    np.testing.assert_allclose(restore.restore_image(image, sharpener, tile=64, overlap=16), whole, atol=1e-6)
    assert np.abs(restore.restore_image(image, sharpener, tile=64, overlap=0) - whole).max() > 1e-3


def test_twice_the_size_starts_from_bicubic(identity):
    image = np.random.default_rng(0).random((33, 41, 3), dtype=np.float32)
    enlarged = restore.restore_image(image, identity, scale=2)
    np.testing.assert_array_equal(enlarged, baselines.enlarge(image[np.newaxis], 2)[0])
    untrained = models.residual_super_resolution()
    assert restore.restore_image((255 * image).astype(np.uint8), untrained, scale=2).shape == (66, 82, 3)


def test_self_ensemble_of_a_network_that_knows_no_direction_changes_nothing(identity):
    images = np.random.default_rng(0).random((3, 8, 12, 3), dtype=np.float32)
    np.testing.assert_allclose(restore.self_ensemble(identity, images), images, atol=1e-7)


def test_self_ensemble_is_the_mean_of_eight(sharpener):
    images = np.random.default_rng(0).random((1, 16, 16, 3), dtype=np.float32)
    ways = [(turns, mirror) for turns in range(4) for mirror in (False, True)]
    restored = []
    for turns, mirror in ways:
        seen = np.rot90(images[0], turns)
        seen = np.fliplr(seen) if mirror else seen
        out = sharpener.predict(seen[np.newaxis], verbose=0)[0]
        restored.append(np.rot90(np.fliplr(out) if mirror else out, -turns))
    np.testing.assert_allclose(restore.self_ensemble(sharpener, images)[0], np.mean(restored, axis=0), atol=1e-6)


def test_bad_input_is_refused(identity):
    image = np.zeros((8, 8, 3), np.float32)
    for bad in (image[0], image[:0], image.astype(int), image.astype(bool)):
        with pytest.raises(ValueError, match="image has shape"):
            restore.restore_image(bad, identity)
    for options in ({"tile": 100}, {"overlap": 5}, {"tile": 64, "overlap": 32}, {"overlap": -8}):
        with pytest.raises(ValueError, match="multiples of 8"):
            restore.restore_image(image, identity, **options)
    with pytest.raises(ValueError, match="factor is 0"):
        restore.restore_image(image, identity, scale=0)
