"""The checks of chapter 01's exercises."""

import numpy as np
from sklearn.decomposition import PCA
from sklearn.metrics import roc_auc_score

from helpers import metrics
from helpers.backend import keras
from helpers.exercises.answers import Wrong, expect, expect_digits


def _one_picture(picture, images):
    picture = np.asarray(picture, dtype=float)
    wanted = images.shape[1:]
    expect(picture.shape == wanted, f"one_picture has the shape {picture.shape}, {wanted} was asked for.")
    expect(np.isfinite(picture).all(), "one_picture holds values that are no numbers.")
    mean = images.mean(axis=0)
    error, smallest = np.mean((images - picture) ** 2), np.mean((images - mean) ** 2)
    said = f"its mean squared error over x_train is {error:.4f}, and there is a picture with {smallest:.4f}"
    if np.allclose(picture, np.median(images, axis=0)) and error > smallest * 1.001:
        raise Wrong(f"{said}. Yours is the median: it has the smallest absolute error, not the smallest squared one.")
    expect(error <= smallest * 1.001, f"{said}. Which one picture is the best answer when nothing is known?")
    return f"Its mean squared error is {error:.4f}, and no other picture's is smaller. It is the mean of all digits: a cloud."


def _linear_autoencoder(network, x_train, x_test):
    expect(isinstance(network, keras.Model), f"linear is a {type(network).__name__}, a Keras model was asked for.")
    dense = [layer for layer in network._flatten_layers() if isinstance(layer, keras.layers.Dense)]
    bent = [layer.activation.__name__ for layer in dense if layer.activation is not keras.activations.linear]
    bent += [type(layer).__name__ for layer in network._flatten_layers() if "activation" in type(layer).__module__]
    expect(not bent, f"it has an activation ({', '.join(bent)}), so it is not linear. Leave the activations out.")
    widths = [layer.units for layer in dense]
    expect(widths == [8, 784], f"its Dense layers have {widths} units, [8, 784] were asked for: no hidden layers.")
    pixels = x_train.reshape(len(x_train), 784).astype(np.float64)
    pca = PCA(8, svd_solver="covariance_eigh").fit(pixels)
    exact = pca.inverse_transform(pca.transform(x_test.reshape(len(x_test), 784).astype(np.float64)))
    learned = network.predict(x_test, batch_size=500, verbose=0)
    ours = metrics.psnr(x_test, np.clip(learned, 0, 1)).mean()
    theirs = metrics.psnr(x_test, np.clip(exact, 0, 1).reshape(x_test.shape)).mean()
    said = f"it reaches {ours:.1f} dB and PCA with 8 numbers {theirs:.1f} dB"
    expect(
        ours > theirs - 0.3,
        f"{said}. Is it trained, with the digits as inputs and as targets, loss='mse', Adam(0.002), 15 epochs?",
    )
    best = "On x_train no linear code has a smaller squared error than PCA's; yours is nearly a mixture of its 8 numbers."
    return f"{said[0].upper()}{said[1:]}. {best}"


def _upper_half(loss):
    clean = np.zeros((2, 28, 28, 1), "float32")
    above, below = clean.copy(), clean.copy()
    above[:, :14], below[:, 14:] = 0.5, 0.5
    given = loss(clean, below)
    expect(given is not ..., "replace the ... by your code and run the cell again.")
    expect(given is not None, "upper_half returns nothing: its last line has to begin with return.")
    of_below, of_above = (float(np.mean(keras.ops.convert_to_numpy(loss(clean, wrong)))) for wrong in (below, above))
    expect(
        abs(of_below) < 1e-6,
        f"where only the rows 14 to 27 are wrong it gives {of_below:.3f}, 0 was asked for: it still looks at the lower half.",
    )
    if abs(of_above - 0.125) < 1e-6:
        return "It is the mean over all 28 rows, half of what was asked for. Training works the same way with half a loss."
    expect(
        abs(of_above - 0.25) < 1e-6,
        f"where the upper half is wrong by 0.5 everywhere it gives {of_above:.3f}, the mean squared error is 0.250.",
    )
    return "Now train with it and look at the lower half."


def _upside_down(areas, network, x_test, labels_test):
    expect_digits(areas, "areas")
    turned = x_test[:, ::-1, ::-1]
    upright, upside_down = (
        metrics.mse(images, np.clip(network.predict(images, batch_size=500, verbose=0), 0, 1)) for images in (x_test, turned)
    )
    expected = {}
    for digit in range(10):
        chosen = labels_test == digit
        is_turned = np.repeat([0, 1], chosen.sum())
        expected[digit] = roc_auc_score(is_turned, np.concatenate([upright[chosen], upside_down[chosen]]))
    for digit, area in expected.items():
        if abs(areas[digit] - (1 - area)) < 0.005 < abs(areas[digit] - area):
            raise Wrong(f"for the digit {digit} you have 1 minus the area: 1 has to stand for the turned pictures.")
        said = f"for the digit {digit} the area is {area:.3f}, you have {areas[digit]:.3f}."
        expect(abs(areas[digit] - area) < 0.005, f"{said} Are the errors those of this digit alone, upright and turned?")
    hardest = sorted(expected, key=expected.get)[:3]
    return f"Hardest to catch are {hardest[0]}, {hardest[1]} and {hardest[2]}."


def _price_of_order(spread, psnr):
    for name, answer in {"spread": spread, "psnr": psnr}.items():
        expect(
            isinstance(answer, dict) and set(answer) == {0.05, 10},
            f"{name} has to be a dictionary with the keys 0.05 and 10.",
        )
    small, large = psnr[0.05], psnr[10]
    expect(
        min(small, large) > 10,
        f"the mean PSNR is {small:.1f} and {large:.1f} dB, more than 10 was expected of both. Are the pictures the first "
        "784 of the outputs, as (n, 28, 28, 1)?",
    )
    expect(spread[0.05] > spread[10], "with the price 10 your codes spread more than with 0.05. Are the two swapped?")
    expect(small > large, "with the price 10 your digits come back better than with 0.05. Are the two swapped?")
    return f"The small price restores digits {small - large:.1f} dB better, and its codes spread more: order has its cost."


CHECKS = {
    "1.1": _one_picture,
    "1.2": _linear_autoencoder,
    "1.3": _upper_half,
    "1.4": _upside_down,
    "1.5": _price_of_order,
}
