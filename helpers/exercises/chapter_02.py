"""The checks of chapter 02's exercises."""

import numpy as np

from helpers import degradations, metrics
from helpers.backend import keras
from helpers.exercises.answers import Wrong, expect, shown


def _two_averages(averages):
    clean = np.zeros((2, 28, 28, 1), np.float32)
    restored = clean + np.float32([0.1, 0.01])[:, np.newaxis, np.newaxis, np.newaxis]  # 20 and 40 dB
    given = averages(clean, restored)
    expect(given is not ..., "replace the ... by your code and run the cell again.")
    expect(np.shape(given) == (2,), f"it returns {shown(given)}, two numbers were asked for.")
    first, second = map(float, given)
    right, other = 30.0, -10 * np.log10((0.1**2 + 0.01**2) / 2)
    if abs(first - other) < 0.01 and abs(second - right) < 0.01:
        raise Wrong("the two are right but swapped: the mean of PSNR was asked for first.")
    said = f"for two pictures of 20 and 40 dB the mean of PSNR is {right:.2f} dB and the PSNR of their mean MSE {other:.2f} dB"
    expect(abs(first - right) < 0.01 and abs(second - other) < 0.01, f"{said}; yours are {first:.2f} and {second:.2f}.")
    return f"{said[0].upper()}{said[1:]}. The good picture lifts the first number and hardly moves the second."


def _field_of(side):
    down = [(3, 1), (3, 2), (3, 1), (3, 2), (3, 1), (3, 1)]
    given = side(down)
    expect(given is not ..., "replace the ... by your code and run the cell again.")
    expect(given is not None, "field_of returns nothing: its last line has to begin with return.")
    expect(given != 13, "for the six layers of the figure it gives 13, which is right without strides only; 29 was expected.")
    too_early = "for the six layers of the figure it gives 35: it multiplies the distance by a layer's strides before it adds."
    expect(given != 35, f"{too_early} A layer looks at its input, which lies before its own strides.")
    for layers in ([(3, 1)], [(3, 1), (3, 1)], [(5, 1)], [(3, 2), (3, 1)], down, [(7, 3), (2, 2), (3, 1)]):
        expected, distance = 1, 1
        for kernel, strides in layers:
            expected += (kernel - 1) * distance
            distance *= strides
        found = side(layers)
        expect(found == expected, f"for the layers {layers} it gives {shown(found)}, {expected} was expected.")
    return "Without strides, the six layers would see 13 pixels a side; with them they see 29."


def _twice(twice, once, network, clean):
    expect(np.shape(twice) == once.shape, f"twice has the shape {np.shape(twice)}, {once.shape} was asked for.")
    expected = np.clip(network.predict(once, batch_size=500, verbose=0), 0, 1)
    if np.allclose(twice, once, atol=1e-5):
        raise Wrong("twice is once: send it through the network again.")
    expect(np.min(twice) >= 0 and np.max(twice) <= 1, "it leaves [0, 1]: clip it, as each restoration before it is scored.")
    expect(
        np.allclose(twice, expected, atol=1e-3),
        "it is not what the network makes of once. Is the input of the second pass once?",
    )
    change = (metrics.psnr(clean, np.asarray(twice)) - metrics.psnr(clean, once)).mean()
    return f"The second pass changes the PSNR by {change:+.2f} dB. The network was never shown a picture without noise."


def _salt(squared, absolute):
    for name, value in {"with_squared_error": squared, "with_absolute_error": absolute}.items():
        expect(np.ndim(value) == 0 and np.isreal(value), f"{name} is {shown(value)}, a number was asked for.")
    swapped = abs(squared) < 0.005 and abs(absolute - 0.1) < 0.005
    expect(not swapped, "the two are swapped: which error asks for the mean, and which for the median?")
    expect(
        abs(squared - 0.1) < 0.005,
        f"with squared error you have {squared}. The target is 1 in one case of ten and 0 in nine: what is the mean?",
    )
    expect(
        abs(absolute) < 0.005,
        f"with absolute error you have {absolute}. The target is 0 in nine cases of ten: what is the middle value?",
    )
    return "Squared error draws a veil of 0.1. Absolute error draws black: the median does not see one pixel in ten."


def _blind(network, specialist, clean):
    expect(isinstance(network, keras.Model), f"blind is a {type(network).__name__}, a Keras model was asked for.")
    scores = {}
    sigmas = (0.05, 0.1, 0.2, 0.3, 0.5)
    for sigma in sigmas:
        noisy = degradations.add_gaussian_noise(clean, sigma, rng=99, clip=True)
        for name, model in (("blind", network), ("best", specialist)):
            restored = np.clip(model.predict(noisy, batch_size=500, verbose=0), 0, 1)
            scores[name, sigma] = metrics.psnr(clean, restored).mean()
    said = ", ".join(f"at σ = {s} {scores['blind', s] - scores['best', s]:+.1f} dB" for s in sigmas)
    expect(
        scores["blind", 0.5] > scores["best", 0.5] + 3,
        f"it should be ahead of best by more than 3 dB at σ = 0.5; yours: {said}. Does σ differ from picture to picture, up "
        "to 0.5, and is the noise clipped?",
    )
    return f"Blind against best: {said}."


CHECKS = {
    "2.1": _two_averages,
    "2.2": _field_of,
    "2.3": _twice,
    "2.4": _salt,
    "2.5": _blind,
}
