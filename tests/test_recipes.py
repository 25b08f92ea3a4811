"""What decides a training is described so that any change of it shows, and nothing else does."""

import functools
import pathlib

import numpy as np
import pandas as pd
import pytest

from helpers import datasets, degradations, models, recipes
from helpers.backend import keras

STRENGTH = 5


def inner(images):
    return images * STRENGTH


def with_default(images, strength=STRENGTH):
    return images * strength


def outer(images, rng):
    """A docstring counts as source does."""
    images = [inner(image) for image in images]  # a comment does not
    return images


def test_what_is_read_from_outside_counts(monkeypatch):
    before = recipes.uses(outer)
    assert list(before) == ["source", "inner"] and list(before["inner"]) == ["source", "STRENGTH"]
    monkeypatch.setitem(globals(), "STRENGTH", 6)
    after = recipes.uses(outer)
    assert recipes.differences(after, before) == {"inner.STRENGTH": ("6", "5")}
    assert recipes.describe(outer) != recipes.describe(inner)


def test_local_names_and_attributes_do_not_count(monkeypatch):
    before = recipes.describe(outer)
    for name in ("images", "image", "rng"):
        monkeypatch.setitem(globals(), name, 7)
    assert recipes.describe(outer) == before


def test_a_default_value_counts(monkeypatch):
    before = recipes.describe(with_default)
    monkeypatch.setitem(globals(), "STRENGTH", 6)
    assert recipes.describe(with_default) != before


def test_layout_and_comments_do_not_count():
    def noise(images):
        return images + 1  # one more

    first = recipes.describe(noise)

    # fmt: off
    def noise(images):
        return (
            images
            + 1
        )
    # fmt: on

    assert recipes.describe(noise) == first

    def noise(images):
        return images + 2

    assert recipes.describe(noise) != first


def test_functions_of_packages_are_known_by_name():
    assert recipes.describe(degradations.add_gaussian_noise) == "add_gaussian_noise()"
    assert recipes.describe(np.fft.fft) == "fft()" and recipes.describe(np) == "numpy" and recipes.describe(len) == "len()"
    noise = functools.partial(degradations.add_gaussian_noise, sigma=0.2, clip=True)
    assert recipes.describe(noise) == "add_gaussian_noise(sigma=0.2, clip=True)"
    both = functools.partial(degradations.compose, steps=(noise, degradations.lower_resolution))
    assert recipes.describe(both) == "compose(steps=(add_gaussian_noise(sigma=0.2, clip=True), lower_resolution()))"
    fixed = functools.partial(outer, rng=3)
    assert recipes.describe(fixed).startswith("outer(rng=3) ")


def test_a_function_in_a_partial_counts_with_its_source():
    def step(images, rng):
        return images

    first = recipes.describe(functools.partial(degradations.compose, steps=(step,)))

    def step(images, rng):
        return images + 0

    assert recipes.describe(functools.partial(degradations.compose, steps=(step,))) != first


def test_lambdas_and_functions_that_call_themselves():
    one = lambda images: images + 1  # noqa: E731
    other = lambda images: images + 2  # noqa: E731
    assert recipes.describe(one) != recipes.describe(other)

    def down(n):
        return down(n - 1) if n else 0

    assert recipes.describe(down) == recipes.describe(down)
    two = (lambda x: x, lambda x: x + 1)
    with pytest.raises(ValueError, match="cannot be told apart: define it with def"):
        recipes.describe(two[0])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 2),
        (1, 1.0),
        ("a", "b"),
        ([1, 2], [2, 1]),
        ({"a": 1}, {"a": 2}),
        (np.arange(4), np.arange(4)[::-1]),
        (np.zeros(4), np.zeros((2, 2))),
        (np.zeros(4), np.zeros(4, np.float32)),
        (pd.DataFrame({"a": [1]}), pd.DataFrame({"a": [2]})),
        (np.random.default_rng(0), np.random.default_rng(1)),
        (keras.losses.Huber(delta=1.0), keras.losses.Huber(delta=2.0)),
        (slice(0, 3), slice(0, 4)),
    ],
)
def test_other_values_are_described_otherwise(one, other):
    assert recipes.describe(one) != recipes.describe(other)
    assert recipes.describe(one) == recipes.describe(one)


def test_texts_in_an_array_are_described_by_what_they_say():
    words = ["lake", "sea"], ["".join("lake"), "sea"], ["lake", "tree"]  # equal texts at different addresses
    one, same, other = (np.array(texts, dtype=object) for texts in words)
    assert recipes.describe(one) == recipes.describe(same) != recipes.describe(other)


def test_a_path_is_described_by_its_text():
    assert recipes.describe(pathlib.Path("own") / "a.png") == recipes.describe("own/a.png")


def test_networks_and_batches(strokes):
    network = models.unet((16, 16, 1), (4, 8), (1, 1))
    before = recipes.describe(network)
    network.set_weights([array + 1 for array in network.get_weights()])
    assert recipes.describe(network) != before
    batches = [datasets.DegradedSequence(strokes, degradations.add_gaussian_noise, 4, seed) for seed in (0, 1)]
    assert recipes.describe(batches[0]) != recipes.describe(batches[1])


def test_what_is_not_known_is_refused():
    with pytest.raises(ValueError, match=r"a builtins\.object cannot be recorded, expected numbers"):
        recipes.describe(object())
    namespace = {}
    exec("def made(images):\n    return images", namespace)
    with pytest.raises(ValueError, match="the source of .* cannot be had"):
        recipes.uses(namespace["made"])


def test_where_a_network_starts():
    keras.utils.set_random_seed(1)
    image = keras.Input((8, 8, 1))
    x = keras.layers.PReLU(shared_axes=[1, 2])(keras.layers.Conv2D(3, 3, kernel_initializer="he_normal")(image))
    x = keras.layers.BatchNormalization()(keras.layers.Dropout(0.1)(x))
    inside = keras.Model(image, x)
    network = keras.Model(image, keras.layers.Dense(2)(keras.layers.Flatten()(inside(image))))
    assert recipes.starting_weights(network) == "its initializers"
    assert recipes.starting_weights(models.unet()) == "its initializers"
    weights = network.get_weights()
    weights[0][0, 0, 0, 0] += 1e-3
    network.set_weights(weights)
    assert recipes.starting_weights(network) == recipes.digest(weights)


def test_the_last_bit_of_a_float_does_not_count():
    """Noise that another C library or processor draws differs there; other values, or another order, count."""
    images = np.random.default_rng(0).random((300, 28, 28, 1), dtype=np.float32)
    before = {"x": recipes.describe(images)}
    assert not recipes.differences({"x": recipes.describe(np.nextafter(images, 2))}, before)
    brighter, swapped = images * np.float32(1.001) + np.float32(1e-3), images.copy()
    swapped[[3, 200]] = swapped[[200, 3]]
    for other in (brighter, swapped, images[::-1], images.astype(np.float64)):
        assert recipes.differences({"x": recipes.describe(other)}, before)
