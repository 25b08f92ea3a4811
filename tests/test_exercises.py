"""The checks accept what is right, and say what is wrong with what is not."""

import itertools

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from helpers import exercises, metrics
from helpers.backend import keras

layers, ops = keras.layers, keras.ops


@pytest.fixture
def digits():
    """Strokes in many places, as digits are: 200 to learn from, 100 with labels to test on."""
    rng = np.random.default_rng(0)
    images = np.zeros((300, 28, 28, 1), np.float32)
    for image in images:
        top, left = rng.integers(4, 16, 2)
        image[top : top + 9, left : left + 4] = rng.uniform(0.5, 1)
    return images[:200], images[200:], np.arange(100) % 10


def said(capsys, exercise, *answers):
    exercises.check(exercise, *answers)
    return capsys.readouterr().out


def test_what_is_not_written_yet_is_asked_for(capsys):
    counts = {"1.1": 2, "1.2": 3, "1.4": 4, "1.5": 2, "2.3": 4, "2.4": 2, "2.5": 3, "4.1": 3, "4.3": 4, "4.5": 4}
    for exercise, count in counts.items():
        assert (
            said(capsys, exercise, *[...] * count)
            == f"Exercise {exercise}: replace the ... by your code and run the cell again.\n"
        )
    assert "replace the ..." in said(capsys, "1.3", lambda clean, restored: ...)
    assert "replace the ..." in said(capsys, "2.1", lambda clean, restored: ...)
    assert "replace the ..." in said(capsys, "2.2", lambda layers: ...)


def test_an_unknown_exercise_is_refused():
    with pytest.raises(ValueError, match=r"'9\.9'.*1\.1"):
        exercises.check("9.9")


def test_one_picture(capsys, digits):
    images = digits[0]
    assert "right" in said(capsys, "1.1", images.mean(axis=0), images)
    assert "right" in said(capsys, "1.1", images.mean(axis=0).tolist(), images)
    assert "(28, 28)" in said(capsys, "1.1", images.mean(axis=0)[..., 0], images)
    assert "median" in said(capsys, "1.1", np.median(images, axis=0), images)
    assert "there is a picture with" in said(capsys, "1.1", images[0], images)
    assert "no numbers" in said(capsys, "1.1", np.full((28, 28, 1), np.nan), images)


def network(*inner):
    return keras.Sequential([keras.Input((28, 28, 1)), layers.Flatten(), *inner, layers.Reshape((28, 28, 1))])


def test_linear_autoencoder(capsys, digits):
    train, test, _ = digits
    assert "not linear" in said(capsys, "1.2", network(layers.Dense(8, "relu"), layers.Dense(784)), train, test)
    assert "not linear" in said(capsys, "1.2", network(layers.Dense(8), layers.ReLU(), layers.Dense(784)), train, test)
    assert "no hidden layers" in said(capsys, "1.2", network(layers.Dense(64), layers.Dense(8), layers.Dense(784)), train, test)
    assert "[8, 784]" in said(capsys, "1.2", network(layers.Dense(32), layers.Dense(784)), train, test)
    linear = network(layers.Dense(8), layers.Dense(784))
    assert "Is it trained" in said(capsys, "1.2", linear, train, test)
    assert "a list" in said(capsys, "1.2", [linear], train, test)
    v = np.linalg.svd(train.reshape(200, 784) - train.reshape(200, 784).mean(axis=0), full_matrices=False)[2]
    into, mean = v[:8].T, train.reshape(200, 784).mean(axis=0)
    linear.set_weights([into, -mean @ into, into.T, mean])
    assert "right" in said(capsys, "1.2", linear, train, test)


def test_upper_half(capsys):
    def mean_over(rows, of=lambda d: d**2):
        return lambda clean, restored: ops.mean(of(clean[:, rows] - restored[:, rows]), axis=(1, 2, 3))

    assert "right" in said(capsys, "1.3", mean_over(slice(None, 14)))
    assert "right" in said(capsys, "1.3", lambda clean, restored: ops.mean((clean[:, :14] - restored[:, :14]) ** 2))
    assert "lower half" in said(capsys, "1.3", mean_over(slice(None)))
    assert "lower half" in said(capsys, "1.3", mean_over(slice(14, None)))
    assert "0.500" in said(capsys, "1.3", mean_over(slice(None, 14), abs))
    assert "returns nothing" in said(capsys, "1.3", lambda clean, restored: None)
    assert "half of what" in said(capsys, "1.3", lambda c, r: ops.mean((c[:, :14] - r[:, :14]) ** 2, axis=(1, 2, 3)) / 2)


def test_upside_down(capsys, digits):
    _, test, labels = digits
    model = network(layers.Dense(4), layers.Dense(784))
    errors, turned = (metrics.mse(x, np.clip(model.predict(x, verbose=0), 0, 1)) for x in (test, test[:, ::-1, ::-1]))
    right = {}
    for digit in range(10):
        chosen = labels == digit
        right[digit] = roc_auc_score(np.repeat([0, 1], chosen.sum()), np.concatenate([errors[chosen], turned[chosen]]))
    assert "right" in said(capsys, "1.4", right, model, test, labels)
    swapped = {digit: 1 - area for digit, area in right.items()}
    assert "1 minus the area" in said(capsys, "1.4", swapped, model, test, labels)
    assert "the area is" in said(capsys, "1.4", dict.fromkeys(range(10), 2.0), model, test, labels)
    assert "lacks the digits [9]" in said(capsys, "1.4", {k: right[k] for k in range(9)}, model, test, labels)
    assert "dictionary" in said(capsys, "1.4", list(right.values()), model, test, labels)


def test_price_of_order(capsys):
    assert "right" in said(capsys, "1.5", {0.05: 3.5, 10: 0.9}, {0.05: 13.6, 10: 13.1})
    assert "swapped" in said(capsys, "1.5", {0.05: 0.9, 10: 3.5}, {0.05: 13.6, 10: 13.1})
    assert "swapped" in said(capsys, "1.5", {0.05: 3.5, 10: 0.9}, {0.05: 13.1, 10: 13.6})
    assert "keys" in said(capsys, "1.5", {0.05: 3.5}, {0.05: 13.1, 10: 13.6})
    assert "784" in said(capsys, "1.5", {0.05: 3.5, 10: 0.9}, {0.05: 4.0, 10: 3.0})


def test_two_averages(capsys):
    def averages(clean, restored):
        error = np.mean((clean - restored) ** 2, axis=(1, 2, 3))
        return np.mean(-10 * np.log10(error)), -10 * np.log10(np.mean(error))

    assert "right" in said(capsys, "2.1", averages)
    assert "swapped" in said(capsys, "2.1", lambda clean, restored: averages(clean, restored)[::-1])
    assert "yours are 30.00 and 30.00" in said(capsys, "2.1", lambda clean, restored: (30.0, 30.0))
    assert "returns None" in said(capsys, "2.1", lambda clean, restored: None)
    assert "two numbers" in said(capsys, "2.1", lambda clean, restored: averages(clean, restored)[0])
    assert "shape (2, 28, 28, 1)" in said(capsys, "2.1", lambda clean, restored: restored)


def test_field_of(capsys):
    def side(layers, grow=True):
        field, distance = 1, 1
        for kernel, strides in layers:
            field += (kernel - 1) * distance
            distance *= strides if grow else 1
        return field

    assert "right" in said(capsys, "2.2", side)
    assert "without strides only" in said(capsys, "2.2", lambda layers: side(layers, grow=False))
    assert "[(3, 1)] it gives 2, 3 was expected" in said(capsys, "2.2", lambda layers: side(layers) - 1)
    assert "returns nothing" in said(capsys, "2.2", lambda layers: None)
    assert "[(5, 1)] it gives 3, 5" in said(capsys, "2.2", lambda layers: 3 if layers == [(5, 1)] else side(layers))


def test_twice(capsys, digits):
    _, test, _ = digits
    model = network(layers.Dense(4), layers.Dense(784))
    once = np.clip(model.predict(test, verbose=0), 0, 1)
    twice = model.predict(once, verbose=0)
    assert "right" in said(capsys, "2.3", np.clip(twice, 0, 1), once, model, test)
    assert "twice is once" in said(capsys, "2.3", once, once, model, test)
    assert "clip it" in said(capsys, "2.3", twice - 1, once, model, test)
    assert "not what the network makes" in said(capsys, "2.3", np.full_like(once, 0.5), once, model, test)
    assert "(1, 28, 28, 1)" in said(capsys, "2.3", once[:1], once, model, test)


def test_salt(capsys):
    assert "right" in said(capsys, "2.4", 0.1, 0)
    assert "swapped" in said(capsys, "2.4", 0, 0.1)
    assert "what is the mean" in said(capsys, "2.4", 0.05, 0)
    assert "middle value" in said(capsys, "2.4", 0.1, 0.1)
    assert "a number was asked for" in said(capsys, "2.4", [0.1], 0)


def test_blind(capsys, digits):
    """Of two networks that answer with one value everywhere, the one that answers with black is ahead."""
    _, test, _ = digits
    best, blind = (network(layers.Dense(784)) for _ in range(2))
    for model, value in ((best, 0.5), (blind, 0.0)):
        model.set_weights([np.zeros((784, 784)), np.full(784, value)])
    assert "right" in said(capsys, "2.5", blind, best, test)
    assert "at σ = 0.5 +0.0 dB" in said(capsys, "2.5", best, best, test)
    assert "a list" in said(capsys, "2.5", [blind], best, test)


@pytest.fixture
def squares():
    return np.random.default_rng(5).random((6, 16, 16, 3), dtype=np.float32)


def test_one_line_network(capsys, squares):
    copiers = {}
    for name in ("no strides", "strides of 2"):
        layer = layers.Conv2D(3, 3, padding="same", activation="sigmoid")
        copiers[name] = keras.Sequential([keras.Input((16, 16, 3)), layer])
    noisy = squares + np.float32(0.2)
    first, second = (model.predict(noisy, verbose=0) for model in copiers.values())
    of_clean = copiers["strides of 2"].predict(squares, verbose=0)
    rest = (noisy, copiers, squares)
    assert "right" in said(capsys, "3.1", noisy, first, second, *rest)
    assert "is not y_weak" in said(capsys, "3.1", np.clip(noisy, 0, 1), first, second, *rest)
    assert "has to get y_weak" in said(capsys, "3.1", noisy, first, of_clean, *rest)
    assert "not what published makes" in said(capsys, "3.1", noisy, second, second, *rest)
    assert "not what strided makes" in said(capsys, "3.1", noisy, first, noisy, *rest)
    assert "(1, 16, 16, 3)" in said(capsys, "3.1", noisy, first[:1], second, *rest)


def test_lying_filter(capsys):
    error = np.linspace(0.005, 0.02, 50)
    scores = pd.DataFrame({"mse": error, "psnr": -10 * np.log10(error)})
    assert "right. It keeps 50%" in said(capsys, "3.2", scores["mse"].quantile(0.5), scores)
    assert "The largest share that gains 0.5 dB is 80%" in said(capsys, "3.2", scores["mse"].quantile(0.5), scores)
    assert "Be stricter" in said(capsys, "3.2", 0.05, scores)
    assert "the smallest is 0.00500" in said(capsys, "3.2", 0.001, scores)
    assert "a number was asked for" in said(capsys, "3.2", [0.01], scores)


def test_ssim_of_window(capsys):
    def similarity(x, y, c1=0.01**2, c2=0.03**2, squared=True):
        covariance = ((x - x.mean()) * (y - y.mean())).mean()
        spread = x.var() + y.var() if squared else x.std() + y.std()
        brightness = (2 * x.mean() * y.mean() + c1) / (x.mean() ** 2 + y.mean() ** 2 + c1)
        return brightness * (2 * covariance + c2) / (spread + c2)

    assert "right" in said(capsys, "3.3", similarity)
    assert "has to be 1" in said(capsys, "3.3", lambda x, y: similarity(x, y, squared=False))
    assert "returns nothing" in said(capsys, "3.3", lambda x, y: None)
    assert "one number" in said(capsys, "3.3", lambda x, y: np.array([1.0, 1.0]))
    assert "was expected" in said(capsys, "3.3", lambda x, y: similarity(x, y, c2=0.3**2))
    with np.errstate(invalid="ignore"):
        assert "divides 0 by 0" in said(capsys, "3.3", lambda x, y: similarity(x, y, 0, 0))


def test_turned(capsys):
    def turned(images, rng, choices=(0, 1, 2, 3)):
        return np.stack([np.rot90(image, rng.choice(choices)) for image in images])

    assert "right" in said(capsys, "3.5", turned)
    assert "turned by 90 degrees. Draw for each" in said(capsys, "3.5", lambda x, rng: turned(x, rng, [1]))
    assert "none was turned by 180" in said(capsys, "3.5", lambda x, rng: turned(x, rng, [0, 1, 3]))
    assert "Draw from rng alone" in said(capsys, "3.5", lambda x, rng: turned(x, np.random.default_rng()))
    assert "not itself" in said(capsys, "3.5", lambda x, rng: 1 - x)
    assert "returns nothing" in said(capsys, "3.5", lambda x, rng: None)
    assert "(31, 8, 8, 3)" in said(capsys, "3.5", lambda x, rng: x[1:])


def test_squares_or_scenes(capsys):
    rng, scenes = np.random.default_rng(0), np.repeat(["a", "b", "c", "d"], 6)
    theirs = pd.DataFrame({"psnr": rng.normal(28, 3, 24)})
    ours = theirs + np.repeat([0.5, 1.0, 2.0, 3.0], 6)[:, np.newaxis] + rng.normal(0, 0.1, (24, 1))
    scores = {"U-Net, longer": ours, "non-local means": theirs}
    over_squares = metrics.paired_interval(ours["psnr"], theirs["psnr"])
    over_scenes = metrics.paired_interval(ours.groupby(scenes)["psnr"].mean(), theirs.groupby(scenes)["psnr"].mean())
    assert "right" in said(capsys, "3.4", over_squares, over_scenes, scores, scenes)
    assert "Average those of a scene" in said(capsys, "3.4", over_squares, over_squares, scores, scenes)
    swapped = metrics.paired_interval(theirs["psnr"], ours["psnr"])
    assert "Give the U-Net first" in said(capsys, "3.4", swapped, over_scenes, scores, scenes)
    assert "three numbers" in said(capsys, "3.4", over_squares[0], over_scenes, scores, scenes)
    assert "was expected" in said(capsys, "3.4", (1.0, 0.5, 1.5), over_scenes, scores, scenes)


@pytest.fixture
def photographs():
    """Three pictures of 24x32 with edges and grain."""
    rng = np.random.default_rng(0)
    return np.clip(np.kron(rng.random((3, 4, 4, 3)), np.ones((1, 6, 8, 1))) + 0.1 * rng.random((3, 24, 32, 3)), 0, 1)


def test_another_original(capsys, photographs):
    x = photographs[0]
    even, odd = x[0::2], x[1::2]
    assert "right" in said(capsys, "4.1", x, odd, even)
    assert "the original itself" in said(capsys, "4.1", x, even, odd)
    assert "the small pictures differ: in row" in said(capsys, "4.1", x, even, even)
    assert "(12, 32, 3) was asked for" in said(capsys, "4.1", x, x, odd)
    assert "0 to 1 were asked for" in said(capsys, "4.1", x, even + 1, odd - 1)


def test_space_to_depth_by_hand(capsys):
    def moved(picture, block, axes=(0, 2, 1, 3, 4)):
        height, width, channels = picture.shape
        parts = picture.reshape(height // block, block, width // block, block, channels).transpose(axes)
        return parts.reshape(height // block, width // block, -1)

    picture = np.arange(48.0).reshape(4, 4, 3)
    assert np.array_equal(moved(picture, 2), ops.convert_to_numpy(ops.space_to_depth(picture[np.newaxis], 2))[0])
    assert "right" in said(capsys, "4.2", moved)
    assert "should hold 0, 1, 4 and 5; yours holds 0, 4, 1, 5" in said(capsys, "4.2", lambda p, b: moved(p, b, (0, 2, 3, 1, 4)))
    assert "three colours of a pixel" in said(capsys, "4.2", lambda p, b: moved(p, b, (0, 2, 4, 1, 3)))
    assert "exactly once" in said(capsys, "4.2", lambda p, b: 0 * moved(p, b))
    assert "for block=3" in said(capsys, "4.2", lambda p, b: moved(p, 2))
    assert "(2, 3, 12) was expected" in said(capsys, "4.2", lambda p, b: p)
    assert "returns nothing" in said(capsys, "4.2", lambda p, b: None)
    assert "replace the ..." in said(capsys, "4.2", lambda p, b: ...)


def colour_network(factor, *inner):
    """A network that returns its input, times a factor."""
    enlarged = keras.Input((None, None, 3))
    x = enlarged
    for layer in inner:
        x = layer(x)
    return keras.Model(enlarged, layers.Rescaling(factor)(x))


def test_the_wrong_glasses(capsys, photographs):
    clean = photographs.astype(np.float32)
    enlarged = {2: clean * np.float32(0.9), 4: clean * np.float32(0.8)}
    networks = {2: colour_network(1.05), 4: colour_network(1.15)}
    gains = {}
    for network in (2, 4):
        for pictures in (2, 4):
            restored = np.clip(networks[network].predict(enlarged[pictures], verbose=0), 0, 1)
            gains[network, pictures] = (metrics.psnr(clean, restored) - metrics.psnr(clean, enlarged[pictures])).mean()
    assert "right" in said(capsys, "4.3", gains, networks, enlarged, clean)
    swapped = {(b, a): gain for (a, b), gain in gains.items()}
    assert "the network comes first" in said(capsys, "4.3", swapped, networks, enlarged, clean)
    assert "yours is +99.00" in said(capsys, "4.3", gains | {(2, 2): 99.0}, networks, enlarged, clean)
    assert "a dictionary with" in said(capsys, "4.3", {2: 1.0}, networks, enlarged, clean)


def test_psnr_of_luminance(capsys):
    def of_luminance(clean, restored, border, offset=16, scale=255, last=(65.481, 128.553, 24.966)):
        def y(images):
            return (offset + images @ np.array(last)) / scale

        error = y(clean) - y(restored)
        error = error[:, border:-border, border:-border] if border else error
        return -10 * np.log10(np.mean(error**2, axis=(1, 2)))

    assert "right" in said(capsys, "4.4", of_luminance)
    assert "right" in said(capsys, "4.4", lambda *given: of_luminance(*given, offset=0))
    assert "divide by 255" in said(capsys, "4.4", lambda *given: of_luminance(*given, scale=1))
    assert "white is 235/255" in said(capsys, "4.4", lambda *given: of_luminance(*given, last=(0.299, 0.587, 0.114), scale=1))
    assert "with a border of 0" in said(capsys, "4.4", lambda c, r, border: of_luminance(c, r, 2))
    assert "one number for each" in said(capsys, "4.4", lambda *given: of_luminance(*given).mean())
    assert "replace the ..." in said(capsys, "4.4", lambda *given: ...)


def test_the_right_glasses(capsys, photographs):
    clean = photographs.astype(np.float32)
    darker = clean * np.float32(0.8)
    wrong = colour_network(1.0)
    two = [layers.Conv2D(16, 3, padding="same") for _ in range(2)]
    right = colour_network(1.25, *two, layers.Conv2D(3, 3, padding="same"))
    assert right.count_params() == 3203
    for layer, into in zip(right.layers[1:4], (3, 3, 3), strict=True):
        kernel = np.zeros(layer.kernel.shape)
        kernel[1, 1, range(into), range(into)] = 1
        layer.set_weights([kernel, np.zeros(layer.bias.shape)])
    assert "right" in said(capsys, "4.5", right, wrong, darker, clean)
    assert "More than 0.5 dB ahead" in said(capsys, "4.5", right, wrong, clean * np.float32(1.3), clean)
    assert "small_network(adds=True) has 3,203" in said(capsys, "4.5", wrong, wrong, darker, clean)
    assert "a list" in said(capsys, "4.5", [right], wrong, darker, clean)


def test_three_greys(capsys):
    def best(y, sigma, greys, probabilities, power=2, pick=None):
        weights = np.array(probabilities) * np.exp(-((y - np.array(greys)) ** 2) / (2 * sigma**power))
        return pick(weights, greys) if pick else np.sum(weights * greys) / np.sum(weights)

    assert "right" in said(capsys, "7.1", best)
    assert "before y is seen" in said(capsys, "7.1", lambda y, s, greys, _: best(y, s, greys, np.ones(len(greys))))
    assert "squared error asks" in said(capsys, "7.1", lambda *given: best(*given, pick=lambda w, greys: greys[w.argmax()]))
    assert "square of σ" in said(capsys, "7.1", lambda y, s, *given: best(y, np.sqrt(s / 2), *given))
    assert "over the sum" in said(capsys, "7.1", lambda y, s, greys, _: float(np.mean(greys)) + y - 0.5)
    assert "one number" in said(capsys, "7.1", lambda *given: [0.5, 0.5])
    assert "returns nothing" in said(capsys, "7.1", lambda *given: None)
    assert "replace the ..." in said(capsys, "7.1", lambda *given: ...)


def test_no_fresh_noise(capsys):
    def quiet(denoiser, noisy, steps, factor, fresh=0.0, last=True):
        for _ in range(steps):
            clean = denoiser(noisy)
            noisy = clean + factor * (noisy - clean) + fresh * np.random.default_rng().standard_normal(noisy.shape)
        return clean if last else noisy

    assert "right" in said(capsys, "7.2", quiet)
    assert "random" in said(capsys, "7.2", lambda *given: quiet(*given, fresh=0.1))
    assert "with the noise put back" in said(capsys, "7.2", lambda *given: quiet(*given, last=False))
    assert "four" not in said(capsys, "7.2", lambda *given: np.clip(quiet(*given), 0, 1))
    assert "clipped" in said(capsys, "7.2", lambda *given: np.clip(quiet(*given), 0, 1))
    assert "once too often" in said(capsys, "7.2", lambda d, noisy, steps, f: quiet(d, noisy, steps + 1, f))
    assert "times factor" in said(capsys, "7.2", lambda d, noisy, steps, f: quiet(d, noisy, steps, f / 2))
    assert "the shape (2, 4, 4, 1)" in said(capsys, "7.2", lambda *given: 1.0)
    assert "replace the ..." in said(capsys, "7.2", lambda *given: ...)


def test_decibels_of_a_mean(capsys):
    assert "right" in said(capsys, "7.3", lambda best, k: best - 10 * np.log10(1 + 1 / k))
    assert "wrong way round" in said(capsys, "7.3", lambda best, k: best + 10 * np.log10(1 + 1 / k))
    assert "not 20" in said(capsys, "7.3", lambda best, k: best - 20 * np.log10(1 + 1 / k))
    assert "not the decibels" in said(capsys, "7.3", lambda best, k: best / (1 + 1 / k))
    assert "12.990 dB was expected" in said(capsys, "7.3", lambda best, k: best)
    assert "replace the ..." in said(capsys, "7.3", lambda best, k: ...)


def test_means_are_kept(capsys):
    def small_of(clean):
        return clean.reshape(-1, 7, 4, 7, 4, 1).mean(axis=(2, 4))

    def enlarged(small):
        return np.repeat(np.repeat(small, 4, axis=1), 4, axis=2)

    def changed(clean, small):
        clean += enlarged(small - small_of(clean))
        return clean

    assert "right" in said(capsys, "7.4", lambda clean, small: clean + enlarged(small - small_of(clean)))
    assert "four neighbours by four" in said(
        capsys, "7.4", lambda clean, small: clean + enlarged(small - clean.reshape(-1, 4, 7, 4, 7, 1).mean(axis=(1, 3)))
    )
    assert "all that stood within" in said(capsys, "7.4", lambda clean, small: enlarged(small))
    assert "Make a new one" in said(capsys, "7.4", changed)
    assert "differs from the small picture" in said(capsys, "7.4", lambda clean, small: clean)
    assert "same number" in said(capsys, "7.4", lambda clean, small: clean * enlarged(small / small_of(clean)))
    assert "(3, 28, 28, 1) was asked for" in said(capsys, "7.4", lambda clean, small: small)
    assert "replace the ..." in said(capsys, "7.4", lambda clean, small: ...)


def test_shares_inside(capsys):
    def shares(truth, several):
        inside = (truth > several.min(axis=1)) & (truth < several.max(axis=1))
        return inside.mean(), (several.shape[1] - 1) / (several.shape[1] + 1)

    assert "right" in said(capsys, "7.5", shares)
    assert "in percent" in said(capsys, "7.5", lambda *given: (100 * shares(*given)[0], shares(*given)[1]))
    assert "one of them" in said(capsys, "7.5", lambda t, s: (shares(t, s)[0], 1 - 2 / s.shape[1]))
    assert "it should be 0.500" in said(capsys, "7.5", lambda t, s: (shares(t, s)[0], 0.9))
    assert "lie inside" in said(capsys, "7.5", lambda t, s: (0.123, shares(t, s)[1]))
    assert "replace the ..." in said(capsys, "7.5", lambda truth, several: (..., ...))
    assert "two numbers" in said(capsys, "7.5", lambda truth, several: None)


def test_padded(capsys):
    def pad(picture, mode="reflect", **options):
        height, width = picture.shape[:2]
        return np.pad(picture, ((0, -height % 8), (0, -width % 8), (0, 0)), mode=mode, **options)

    for mode in ("reflect", "symmetric", "edge"):
        assert "right" in said(capsys, "5.1", lambda picture, mode=mode: pad(picture, mode))
    assert "black rim" in said(capsys, "5.1", lambda picture: pad(picture, "constant"))
    assert "pixels are lost" in said(capsys, "5.1", lambda p: p[: p.shape[0] // 8 * 8, : p.shape[1] // 8 * 8])
    assert "(16, 24, 3) was expected" in said(capsys, "5.1", lambda picture: picture)
    assert "upper left" in said(capsys, "5.1", lambda picture: pad(picture)[::-1])
    assert "returns nothing" in said(capsys, "5.1", lambda picture: None)
    assert "replace the ..." in said(capsys, "5.1", lambda picture: ...)


def test_farthest(capsys):
    def farthest(model, place=48):
        first = np.random.default_rng(0).random((1, 96, 96, 3), dtype=np.float32)
        second = first.copy()
        second[0, 48, 48] += 1
        _, rows, columns, _ = np.nonzero(model.predict(first, verbose=0) != model.predict(second, verbose=0))
        return max(np.abs(rows - place).max(), np.abs(columns - place).max())

    assert "right" in said(capsys, "5.2", farthest)
    assert "whole width" in said(capsys, "5.2", lambda model: 2 * farthest(model) + 1)
    assert "That is the row" in said(capsys, "5.2", lambda model: farthest(model, 0))
    assert "looks 1 pixels to each side, yours says 7" in said(capsys, "5.2", lambda model: 7)
    assert "replace the ..." in said(capsys, "5.2", lambda model: ...)


def test_estimate(capsys):
    def estimate(picture, divided_by=0.6745 * 2**0.5, of=lambda d: np.median(np.abs(d))):
        return of(picture[:, 1:] - picture[:, :-1]) / divided_by

    assert "right" in said(capsys, "5.3", estimate)
    assert "√2" in said(capsys, "5.3", lambda picture: estimate(picture, 0.6745))
    assert "divide by that" in said(capsys, "5.3", lambda picture: estimate(picture, np.sqrt(2)))
    assert "counts edges" in said(capsys, "5.3", lambda picture: estimate(picture, np.sqrt(2), np.std))
    assert "one number" in said(capsys, "5.3", lambda picture: picture)
    assert "replace the ..." in said(capsys, "5.3", lambda picture: ...)


def test_read_an_ablation(capsys):
    rows = itertools.product(("published layers", "pooling"), (0, 1), "abc")
    ladder = pd.DataFrame(rows, columns=["method", "seed", "scene"])
    ladder["psnr"] = [25.0, 26, 27, 25, 26, 27, 24, 25, 28, 23, 24, 29]
    change = np.array([-1.5, -1.5, 1.5])
    assert "right" in said(capsys, "5.4", change, 2, ladder)
    assert "turned round" in said(capsys, "5.4", -change, 2, ladder)
    assert "-0.50 was expected" in said(capsys, "5.4", change + 1, 2, ladder)
    assert "3 numbers were asked for" in said(capsys, "5.4", change.mean(), 2, ladder)
    assert "below 0" in said(capsys, "5.4", change, 3, ladder)
    assert "replace the ..." in said(capsys, "5.4", ..., ..., ladder)


def test_specks(capsys, photographs):
    clean = photographs.astype(np.float32)
    specked = np.where(np.random.default_rng(2).random((3, 24, 32, 1)) < 0.1, np.float32(1), clean)
    network = colour_network(1.0)
    assert "right" in said(capsys, "5.5", clean + np.float32(0.001), specked, network, clean)
    assert "More than 3 dB ahead" in said(capsys, "5.5", specked, specked, network, clean)
    assert "(3, 24, 32, 3) was asked for" in said(capsys, "5.5", specked[:1], specked, network, clean)


def test_free_decibels(capsys):
    assert "right" in said(capsys, "6.1", 20 * np.log10(4095), 20 * np.log10(2))
    assert "half of it" in said(capsys, "6.1", 10 * np.log10(4095), 6.02)
    assert "with_2 is 3.00" in said(capsys, "6.1", 72.25, 3.0)
    assert "a number was asked for" in said(capsys, "6.1", [1.0], 6.02)


def test_two_means(capsys):
    clean = np.full((2, 4, 4, 1), 0.4)
    errors = np.array([1e-4, 0.3]).reshape(2, 1, 1, 1)
    assert "right" in said(capsys, "6.2", clean, clean + errors)
    assert "10 dB or more" in said(capsys, "6.2", clean, clean + 0.1)
    assert "infinite" in said(capsys, "6.2", clean, clean + errors * [[[[0]]], [[[1]]]])
    assert "leaves [0, 1]" in said(capsys, "6.2", clean, clean + 0.7)
    assert "two pictures" in said(capsys, "6.2", clean[:1], clean[:1])


def test_pictures_to_plan(capsys):
    assert "right" in said(capsys, "6.3", lambda difference, spread: int(np.ceil((2.8 * spread / difference) ** 2)))
    assert "half of the test sets" in said(capsys, "6.3", lambda difference, spread: round((2 * spread / difference) ** 2))
    assert "about 52 was expected" in said(capsys, "6.3", lambda difference, spread: 1000)
    assert "whole number" in said(capsys, "6.3", lambda difference, spread: 50.5)
    assert "replace the ..." in said(capsys, "6.3", lambda difference, spread: ...)


def test_where_they_disagree(capsys):
    rows, columns = np.mgrid[:60, :90]
    clean = np.where(columns < 25, 0.6, 0.5 + 0.4 * np.sin(rows) * np.sin(columns / 2)).astype(np.float32)
    clean = np.repeat(clean[np.newaxis, ..., np.newaxis], 3, axis=-1)
    grainy = clean + np.float32(0.03) * np.random.default_rng(3).standard_normal(clean.shape, dtype=np.float32)
    pale = np.float32(0.5) + np.float32(0.6) * (clean - np.float32(0.5))
    flat = columns < 30
    assert "right" in said(capsys, "6.4", flat, clean, grainy, pale)
    assert "at most a third" in said(capsys, "6.4", ~flat, clean, grainy, pale)
    assert "wrong way round" in said(capsys, "6.4", columns > 70, clean, grainy, pale)
    assert "True and False" in said(capsys, "6.4", flat * 1.0, clean, grainy, pale)
    assert "(60, 90) was asked for" in said(capsys, "6.4", flat[:5], clean, grainy, pale)


def test_what_is_missing(capsys):
    assert "right" in said(capsys, "6.5", "baseline", "spread", "definition", "nothing")
    assert "a lacks something else" in said(capsys, "6.5", "spread", "spread", "definition", "nothing")
    assert "read d again" in said(capsys, "6.5", "baseline", "spread", "definition", "spread")
    assert "expected one of" in said(capsys, "6.5", "base", "spread", "definition", "nothing")
