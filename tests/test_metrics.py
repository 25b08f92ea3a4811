"""Scores against scikit-image, TensorFlow, constants known by theory, and properties that any image must fulfil."""

import hypothesis
import hypothesis.extra.numpy as numpy_strategies
import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from helpers import metrics

images = numpy_strategies.arrays(np.float32, (3, 12, 13, 1), elements=st.floats(0, 1, width=32))
pairs = st.tuples(images, images)
settings = hypothesis.settings(max_examples=40, deadline=None)


@pytest.fixture
def pair():
    rng = np.random.default_rng(0)
    reference = rng.random((5, 24, 31, 3)).astype(np.float32)
    return reference, np.clip(reference + 0.1 * rng.standard_normal(reference.shape), 0, 1).astype(np.float32)


def test_psnr_equals_scikit_image(pair):
    expected = [peak_signal_noise_ratio(a, b, data_range=1) for a, b in zip(*pair, strict=True)]
    np.testing.assert_allclose(metrics.psnr(*pair), expected, rtol=1e-6)


def test_ssim_equals_scikit_image(pair):
    options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 1, "channel_axis": -1}
    expected = [structural_similarity(a.astype(float), b.astype(float), **options) for a, b in zip(*pair, strict=True)]
    np.testing.assert_allclose(metrics.ssim(*pair), expected, rtol=0, atol=1e-12)


def test_ssim_is_not_scikit_images_default(pair):
    default = [structural_similarity(a, b, data_range=1, channel_axis=-1) for a, b in zip(*pair, strict=True)]
    assert np.abs(metrics.ssim(*pair) - default).max() > 1e-3


def test_ssim_does_not_depend_on_the_size_of_the_batch(pair):
    many = [np.tile(batch, (400, 1, 1, 1)) for batch in pair]  # split into parts inside
    np.testing.assert_array_equal(metrics.ssim(*many), np.tile(metrics.ssim(*pair), 400))


def test_psnr_and_ssim_equal_tensorflow(pair):
    tensorflow = pytest.importorskip("tensorflow")
    np.testing.assert_allclose(metrics.psnr(*pair), tensorflow.image.psnr(*pair, 1.0).numpy(), atol=2e-5)
    np.testing.assert_allclose(metrics.ssim(*pair), tensorflow.image.ssim(*pair, 1.0).numpy(), atol=5e-6)


@pytest.mark.parametrize(("sigma", "expected"), [(15, 24.61), (25, 20.17), (50, 14.15)])
def test_psnr_of_noise_alone(sigma, expected):
    grey = np.full((4, 256, 256, 1), 0.5)
    noise = np.random.default_rng(0).normal(0, sigma / 255, grey.shape)
    assert metrics.psnr(grey, grey + noise).mean() == pytest.approx(expected, abs=0.02)


def test_psnr_of_one_step_of_eight_bits():
    image = np.zeros((1, 8, 8, 1), np.uint8)
    assert metrics.psnr(image, image + 1, data_range=255)[0] == pytest.approx(48.1308, abs=1e-4)


def test_a_wrong_range_adds_48_decibels(pair):
    assert (metrics.psnr(*pair, data_range=255) - metrics.psnr(*pair)).mean() == pytest.approx(48.13, abs=0.01)
    assert metrics.ssim(*pair, data_range=255).mean() > 0.9998


def test_equal_images(pair):
    assert np.isinf(metrics.psnr(pair[0], pair[0])).all()
    np.testing.assert_allclose(metrics.ssim(pair[0], pair[0]), 1)
    assert not metrics.mse(pair[0], pair[0]).any()


@settings
@hypothesis.given(pairs)
def test_scores_are_symmetric_and_bounded(pair):
    a, b = pair
    for score in (metrics.mse, metrics.psnr, metrics.ssim):
        np.testing.assert_allclose(score(a, b), score(b, a), rtol=1e-9, atol=1e-12)
    assert (metrics.ssim(a, b) <= 1 + 1e-9).all() and (metrics.mse(a, b) >= 0).all()


@settings
@hypothesis.given(pairs, st.sampled_from([0.5, 2.0, 255.0]))
def test_scores_do_not_depend_on_the_unit(pair, unit):
    a, b = (image.astype(np.float64) for image in pair)
    np.testing.assert_allclose(metrics.psnr(a * unit, b * unit, data_range=unit), metrics.psnr(a, b), atol=1e-6)
    np.testing.assert_allclose(metrics.ssim(a * unit, b * unit, data_range=unit), metrics.ssim(a, b), atol=1e-6)


@settings
@hypothesis.given(pairs, st.permutations(range(3)))
def test_one_value_an_image_in_the_images_order(pair, order):
    a, b = pair
    for score in (metrics.mse, metrics.psnr, metrics.ssim):
        np.testing.assert_array_equal(score(a[order], b[order]), score(a, b)[order])


def test_evaluate_clips_filters_and_ranks(pair):
    reference, restored = pair
    table = metrics.evaluate(reference, restored * 3 - 1, names=list("abcde"))
    np.testing.assert_allclose(table["psnr"], metrics.psnr(reference, np.clip(restored * 3 - 1, 0, 1)))
    table = pd.DataFrame({"image": range(4), "mse": [4, 1, 3, 2], "psnr": [1, 4, 2, 3], "ssim": [0.1, 0.9, 0.5, 0.5]})
    assert metrics.filter_by_quality(table, max_mse=3, min_ssim=0.5)["image"].tolist() == [1, 2, 3]
    assert len(metrics.filter_by_quality(table)) == 4
    assert metrics.top(table, 2)["image"].tolist() == metrics.top(table, 2, by="mse")["image"].tolist() == [1, 3]
    assert metrics.top(table, 3, by="ssim")["image"].tolist() == [1, 2, 3]


def test_paired_interval_covers_the_true_difference_as_often_as_it_says():
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(1000):
        hard = 5 * rng.standard_normal(40)  # images differ more than methods
        _, low, high = metrics.paired_interval(hard + 1 + rng.standard_normal(40), hard + rng.standard_normal(40))
        hits += low <= 1 <= high
    assert 930 <= hits <= 970


def test_paired_interval_over_groups_covers_the_true_difference_as_often_as_it_says():
    """Where the pictures of a scene err together, an interval over pictures promises too much."""
    rng, sizes = np.random.default_rng(0), [1, 2, 3, 4, 5] * 6
    scenes = np.repeat(np.arange(len(sizes)), sizes)
    hits = {"scenes": 0, "pictures": 0}
    for _ in range(1000):
        difference = 1 + rng.standard_normal(len(sizes))[scenes] + 0.3 * rng.standard_normal(len(scenes))
        for over, groups in {"scenes": scenes, "pictures": None}.items():
            _, low, high = metrics.paired_interval(difference, 0 * difference, groups=groups)
            hits[over] += low <= 1 <= high
    assert 920 <= hits["scenes"] <= 970 and hits["pictures"] < 850


def test_a_group_of_one_picture_each_changes_nothing():
    a, b = np.random.default_rng(0).standard_normal((2, 9))
    assert metrics.paired_interval(a, b, groups=list("abcdefghi")) == pytest.approx(metrics.paired_interval(a, b))
    twice = metrics.paired_interval(np.tile(a, 2), np.tile(b, 2), groups=[*range(9), *range(9)])
    assert twice == pytest.approx(metrics.paired_interval(a, b))


@pytest.mark.parametrize("groups", ["ab", "aaa"])
def test_groups_that_do_not_fit_are_refused(groups):
    with pytest.raises(ValueError, match="a name for each image, 2 names or more"):
        metrics.paired_interval([1.0, 2.0, 3.0], [0.0, 0.0, 0.0], groups=list(groups))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a, b: (a, b[:, :-1]), "expected the same"),
        (lambda a, b: (a[0], b[0]), "n, height, width, channels"),
        (lambda a, b: (a[:0], b[:0]), "empty"),
        (lambda a, b: (np.round(a * 255).astype(np.uint8), b), "data_range is missing"),
        (lambda a, b: (a, np.round(b * 255).astype(np.uint8)), "data_range is missing"),
        (lambda a, b: (a * 255, b * 255), "divide by 255"),
        (lambda a, b: (a - 0.5, b), "reaches from"),
        (lambda a, b: (a, b * np.nan), "not finite"),
        (lambda a, b: (a / 0.0 if a.all() else a + np.inf, b), "not finite"),
    ],
)
@pytest.mark.parametrize("score", [metrics.mse, metrics.psnr, metrics.ssim, metrics.evaluate])
@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")
def test_bad_input_is_refused(pair, score, change, message):
    with pytest.raises(ValueError, match=message):
        score(*change(*pair))


def test_other_refusals(pair):
    with pytest.raises(ValueError, match="11x11"):
        metrics.ssim(pair[0][:, :10], pair[1][:, :10])
    with pytest.raises(ValueError, match="data_range is 0, expected a finite number"):
        metrics.psnr(*pair, data_range=0)
    with pytest.raises(ValueError, match="names"):
        metrics.evaluate(*pair, names=["a"])
    with pytest.raises(ValueError, match="expected one of"):
        metrics.top(metrics.evaluate(*pair), by="beauty")
    with pytest.raises(ValueError, match="2 or more"):
        metrics.paired_interval([1.0], [2.0])
    with pytest.raises(ValueError, match="not finite"):
        metrics.paired_interval([1.0, np.inf], [2.0, 1.0])


def test_luminance_is_that_of_the_standard():
    colors = np.array([[0, 0, 0], [1, 1, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1]], np.float32).reshape(1, 5, 1, 3)
    expected = [16, 235, 16 + 65.481, 16 + 128.553, 16 + 24.966]
    np.testing.assert_allclose(metrics.luminance(colors).ravel() * 255, expected, atol=1e-3)
    for bad in (colors[..., :1], colors[0], (255 * colors).astype(np.uint8)):
        with pytest.raises(ValueError, match="expected floats of shape|expected \\(n, height, width, 3"):
            metrics.luminance(bad)


def test_scores_on_luminance_and_without_a_border(pair):
    reference, restored = pair
    table = metrics.evaluate(reference, restored, channel="Y", border=4)
    inner = [metrics.luminance(images)[:, 4:-4, 4:-4] for images in pair]
    np.testing.assert_allclose(table["psnr"], metrics.psnr(*inner))
    np.testing.assert_allclose(table["ssim"], metrics.ssim(*inner))
    spoilt = restored.copy()
    spoilt[:, :4], spoilt[:, :, -4:] = 0, 1
    pd.testing.assert_frame_equal(metrics.evaluate(reference, spoilt, channel="Y", border=4), table)
    assert (table["psnr"] > metrics.evaluate(reference, restored)["psnr"]).all()  # independent errors of three channels
    for options, message in (
        ({"channel": "L"}, "channel is 'L'"),
        ({"border": -1}, "border is -1"),
        ({"border": 12}, "border is 12"),
    ):
        with pytest.raises(ValueError, match=message):
            metrics.evaluate(reference, restored, **options)


@pytest.mark.parametrize("score", [metrics.mse, metrics.psnr, metrics.ssim, metrics.evaluate])
def test_a_restoration_on_another_scale_is_refused(pair, score):
    reference, restored = pair
    for bad in (255 * restored, 255 * restored - 128, restored + 9, restored - 10):
        with pytest.raises(ValueError, match=r"the restoration reaches from .*\[0, 1\].*divide by 255"):
            score(reference, bad)
    in_bytes = [np.round(255 * images) for images in pair]
    score(*in_bytes, data_range=255)
    with pytest.raises(ValueError, match=r"expected floats around \[0, 255\]"):
        score(in_bytes[0], 255 * in_bytes[1], data_range=255)


@pytest.mark.parametrize("channel", ["RGB", "Y"])
@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
def test_one_value_that_is_not_finite_is_refused(pair, channel, value):
    reference, restored = pair
    restored[2, 3, 4, 1] = value
    with pytest.raises(ValueError, match="not finite"):
        metrics.evaluate(reference, restored, channel=channel)


def test_unclipped_noise_and_overshoot_are_scored(pair):
    reference, _ = pair
    noise = np.random.default_rng(1).standard_normal(reference.shape)
    for sigma in (0.5, 1):
        noisy = reference + sigma * noise
        clipped = metrics.evaluate(reference, np.clip(noisy, 0, 1))
        pd.testing.assert_frame_equal(metrics.evaluate(reference, noisy), clipped)
        assert (metrics.psnr(reference, noisy) < clipped["psnr"]).all()


def test_luminance_of_another_scale_is_refused(pair):
    with pytest.raises(ValueError, match="divide by 255"):
        metrics.luminance(255 * pair[0])


@pytest.fixture
def trainings():
    rng = np.random.default_rng(4)
    rows = []
    for method, level in {"plain": 20.0, "skips": 21.0, "wide": 20.5}.items():
        for seed in range(3):
            for scene in range(5):
                psnr = level + 0.1 * seed + scene + 0.2 * rng.standard_normal()
                rows.append({"method": method, "seed": seed, "scene": scene, "psnr": psnr, "steps": 4000})
            rows.append({"method": method, "seed": seed, "epoch": 1, "val_psnr": 19.0, "steps": 4000})  # a curve: no score
    return pd.DataFrame(rows)


def test_an_ablation_compares_each_row_with_the_one_above_it_seed_by_seed(trainings):
    table = metrics.ablation(trainings)
    scores = trainings.groupby(["method", "seed"])["psnr"].mean()
    assert table.index.tolist() == ["plain", "skips", "wide"] and table["against"].tolist() == ["", "plain", "skips"]
    mean, low, high = metrics.paired_interval(scores["skips"], scores["plain"])
    assert table.loc["skips", "change, dB"] == f"{mean:+.2f}"
    assert table.loc["skips", "95% interval"] == f"{low:+.2f} to {high:+.2f}"
    assert table.loc["plain"].tolist() == ["4,000", f"{scores['plain'].mean():.2f}", "", "", ""]


def test_an_interval_over_pictures_as_well_adds_both_errors(trainings):
    table = metrics.ablation(trainings, pictures="scene", against="plain")
    assert table["against"].tolist() == ["", "plain", "plain"]
    scores = trainings.dropna(subset=["psnr"]).pivot(index=["seed", "scene"], columns="method", values="psnr")
    difference = scores["wide"] - scores["plain"]
    _, by_seed, _ = metrics.paired_interval(difference.groupby("seed").mean(), np.zeros(3))
    _, by_scene, _ = metrics.paired_interval(difference.groupby("scene").mean(), np.zeros(5))
    reach = np.hypot(difference.mean() - by_seed, difference.mean() - by_scene)
    low, high = difference.mean() - reach, difference.mean() + reach
    assert table.loc["wide", "95% interval"] == f"{low:+.2f} to {high:+.2f}"


def test_a_method_without_training_has_no_steps(trainings):
    trainings.loc[trainings["method"] == "plain", "steps"] = np.nan
    assert metrics.ablation(trainings)["steps"].tolist() == ["", "4,000", "4,000"]


def test_one_seed_has_no_interval(trainings):
    table = metrics.ablation(trainings[trainings["seed"] == 0])
    assert table["95% interval"].tolist() == ["", "", ""] and table.loc["skips", "change, dB"]


def test_ablations_that_can_not_be_compared_are_refused(trainings):
    with pytest.raises(ValueError, match="compared with 'residual', expected one of"):
        metrics.ablation(trainings, against={"skips": "residual"})
    with pytest.raises(ValueError, match="not scored with the same seeds"):
        metrics.ablation(trainings.drop(index=trainings.index[trainings["method"].eq("wide") & trainings["seed"].eq(2)]))
    with pytest.raises(ValueError, match="expected network as well"):
        metrics.ablation(trainings, row="network")
    with pytest.raises(ValueError, match="expected numbers in ssim"):
        metrics.ablation(trainings, "ssim")
