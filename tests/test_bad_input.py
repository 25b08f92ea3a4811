"""Bad input in numbers: every function that readers call gives a sound result or a clear refusal, never anything else.

`make test-all` tries more of each than `make test`.
"""

import functools
import re
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers import baselines, datasets, degradations, image_io, metrics, plotting, restore, results, session, training
from helpers.backend import keras

REFUSALS = (ValueError, FileNotFoundError)
MANY = [pytest.param(20, id="some"), pytest.param(200, id="many", marks=pytest.mark.slow)]
NUMBERS = [0, 1, -1, 2, 3, 7, 8, 16, 0.5, 1.5, -0.3, np.nan, np.inf, -np.inf, 1e-300, 1e300, 1e-40, 10**9, 2**40, 2**70, True]
NUMBERS += [None, np.float32(0.1), np.int64(3), np.array([1, 2])]
VALUES = [np.nan, np.inf, -np.inf, 3e38, 1e30, 1e-40, -1e-9, 2.0, -5.0, 255.0]
KINDS = ["f2", "f4", "f8", "u1", "u2", "i8", "?", "c8", "O", "U3", "M8[s]"]

CLEAN = np.random.default_rng(0).random((2, 16, 24, 3), dtype=np.float32)
CLOSE = np.clip(CLEAN + 0.1, 0, 1)
PIXELS = (255 * CLEAN[0]).astype(np.uint8)
SCORES = metrics.evaluate(CLEAN, CLOSE)


@st.composite
def odd_arrays(draw, valid):
    """What a reader may give by accident: another shape or type, a part, or values that are none."""
    what = draw(st.sampled_from(["shape", "kind", "part", "one value", "all values", "none"]))
    if what == "shape":
        return np.zeros(draw(st.lists(st.sampled_from([0, 1, 2, 3, 11, 16]), max_size=5)), draw(st.sampled_from(KINDS)))
    if what == "kind":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return (100 * valid).astype(draw(st.sampled_from(KINDS)))
    if what == "part":
        return valid[tuple(slice(draw(st.integers(0, side))) for side in valid.shape)]
    if what == "none":
        return draw(st.sampled_from([np.array(0.5), np.array(None), np.zeros((0,)), [], [[1.0], [1.0, 2.0]]]))
    odd = valid.astype(np.float64 if draw(st.booleans()) else np.float32)
    odd[(...,) if what == "all values" else tuple(draw(st.integers(0, side - 1)) for side in odd.shape)] = draw(
        st.sampled_from(VALUES)
    )
    return odd


@st.composite
def odd_tables(draw, valid):
    """A table without rows, without a column, or with a column that holds no scores."""
    column = draw(st.sampled_from(list(valid.columns)))
    return draw(
        st.sampled_from(
            [valid.iloc[:0], valid.drop(columns=column), *(valid.assign(**{column: v}) for v in (np.nan, np.inf, "x"))]
        )
    )


def odd(valid):
    """Something that could stand in the place of `valid`, and should not."""
    if isinstance(valid, pd.DataFrame):
        return odd_tables(valid)
    if isinstance(valid, np.ndarray):
        return odd_arrays(valid)
    if isinstance(valid, tuple):
        return st.tuples(*map(odd, valid))
    if isinstance(valid, str):
        return st.text(max_size=5)
    return st.sampled_from(NUMBERS)


def a_network():
    images = keras.Input((None, None, 3))
    return keras.Model(images, keras.layers.Activation("linear")(images))


def patches(image, **options):
    noise = functools.partial(degradations.add_gaussian_noise, sigma=0.1)
    return datasets.PatchSequence([image], degrade=noise, **options)[0]


def degraded(images, sigma, **options):
    noise = functools.partial(degradations.add_gaussian_noise, sigma=sigma)
    return datasets.DegradedSequence(images, noise, **options)[0]


def saved_result(scores, **options):
    names = {"dataset": "MNIST", "degradation": "noise 0.2 clipped", "method": "median", "kind": "classical"}
    return results.save("x", [results.row(scores, notebook="02", **{"split": "test", **names, **options})])


def begun(mode, seed):
    training.begin("02_mnist_denoising", mode, seed)


def compared(scores, baseline):
    return metrics.comparison({"a": SCORES, "b": scores}, baseline)


def shown_pictures(row, width):
    plotting.show_images([row], name="01_x", width=width)


def shown_line(x, y):
    plotting.show_lines({"a": (x, y)}, "x", "y", name="01_x")


PAIR = {"reference": CLEAN, "restored": CLOSE}
CALLS = {
    "mse": (metrics.mse, {**PAIR, "data_range": 1.0}),
    "psnr": (metrics.psnr, {**PAIR, "data_range": 1.0}),
    "ssim": (metrics.ssim, {**PAIR, "data_range": 1.0}),
    "evaluate": (metrics.evaluate, {**PAIR, "data_range": 1.0, "border": 1, "channel": "RGB"}),
    "evaluate Y": (functools.partial(metrics.evaluate, channel="Y"), {**PAIR, "border": 2}),
    "luminance": (metrics.luminance, {"images": CLEAN}),
    "filter_by_quality": (metrics.filter_by_quality, {"table": SCORES, "max_mse": 0.1, "min_ssim": 0.5}),
    "top": (metrics.top, {"table": SCORES, "n": 1, "by": "psnr"}),
    "paired_interval": (metrics.paired_interval, {"a": CLEAN[0, 0, :, 0], "b": CLOSE[0, 0, :, 0], "confidence": 0.95}),
    "nothing": (degradations.identity, {"images": CLEAN}),
    "noise": (degradations.add_gaussian_noise, {"images": CLEAN, "sigma": 0.1, "rng": 0}),
    "lower_resolution": (degradations.lower_resolution, {"images": CLEAN, "factor": 2}),
    "low_light": (degradations.low_light, {"images": CLEAN, "gain": 0.3, "gamma": 1.5, "sigma": 0.02, "rng": 0}),
    "method": (baselines.restore, {"images": CLEAN, "method": "median"}),
    "gaussian": (functools.partial(baselines.restore, method="gaussian"), {"images": CLEAN, "sigma": 0.5}),
    "median": (functools.partial(baselines.restore, method="median"), {"images": CLEAN, "size": 3}),
    "total variation": (functools.partial(baselines.restore, method="total variation"), {"images": CLEAN, "weight": 0.1}),
    "non-local means": (
        functools.partial(baselines.restore, method="non-local means"),
        {"images": CLEAN, "sigma": 0.1, "h": 0.1, "patch_size": 3, "patch_distance": 2},
    ),
    "enlarge": (baselines.enlarge, {"images": CLEAN, "factor": 2, "kernel": "bicubic"}),
    "restore_image": (
        functools.partial(restore.restore_image, model=a_network()),
        {"image": CLEAN[0], "scale": 1, "tile": 16, "overlap": 0},
    ),
    "restore_image, bytes": (functools.partial(restore.restore_image, model=a_network()), {"image": PIXELS, "scale": 2}),
    "resized": (image_io.resized, {"picture": PIXELS, "size": (8, 9)}),
    "DegradedSequence": (degraded, {"images": CLEAN, "sigma": 0.1, "batch_size": 2, "seed": 1}),
    "PatchSequence": (patches, {"image": PIXELS, "patch_size": 8, "batch_size": 2, "steps_per_epoch": 2, "seed": 1}),
    "set_seed": (training.set_seed, {"seed": 1}),
    "begin": (begun, {"mode": "quick", "seed": 1}),
    "comparison": (compared, {"scores": SCORES, "baseline": "a"}),
    "results": (saved_result, {"scores": SCORES, "split": "test", "method": "median", "kind": "classical"}),
    "results.load": (results.load, {"name": "02_results"}),
    "show_images": (shown_pictures, {"row": CLEAN, "width": 3.0}),
    "show_lines": (shown_line, {"x": CLEAN[0, 0, :, 0], "y": CLEAN[0, 0, :, 1]}),
}


def says_what_is_wrong(message):
    """The value or what it is, and what was expected or what to do."""
    expected = r"expected|needs?\b|needed|missing|give |at least|not finite|nothing|smaller|no table"
    expected += r"|lies|\bone of\b|has shape|takes \d"
    return bool(re.search(expected, message))


@pytest.mark.parametrize("many", MANY)
@pytest.mark.parametrize("name", CALLS)
def test_a_result_or_a_refusal(name, many, monkeypatch):
    function, valid = CALLS[name]
    monkeypatch.setattr(plotting, "display", lambda *args, **kwargs: None)

    @settings(max_examples=many, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def try_it(data):
        chosen = data.draw(st.sets(st.sampled_from(list(valid)), min_size=1, max_size=2))
        given_ = {**valid, **{name: data.draw(odd(valid[name]), label=name) for name in sorted(chosen)}}
        before = {name: value.copy() for name, value in given_.items() if isinstance(value, np.ndarray)}
        try:
            result = function(**given_)
        except REFUSALS as error:
            assert says_what_is_wrong(str(error)), error
            return
        for array in result if isinstance(result, tuple) else (result,):
            if isinstance(array, np.ndarray) and array.dtype.kind == "f" and name != "psnr":  # an exact copy has infinite PSNR
                assert np.isfinite(array).all()
        for name_, value in before.items():
            np.testing.assert_array_equal(given_[name_], value)

    function(**valid) if name != "results.load" else None
    try_it()
    session.start("pretrained")
