"""The checks of chapter 07's exercises."""

import numpy as np

from helpers.exercises.answers import Wrong, expect, shown


def _three_greys(answer):
    equal = [0.0, 0.5, 1.0], [1 / 3, 1 / 3, 1 / 3]
    given = answer(0.5, 0.4, *equal)
    expect(given is not ..., "replace the ... by your code and run the cell again.")
    expect(given is not None, "answer_to returns nothing: its last line has to begin with return.")
    expect(np.ndim(given) == 0, f"it returns {shown(given)}, one number was asked for.")
    for greys, probabilities in (equal, ([0.0, 1.0], [0.7, 0.3]), ([0.0, 0.2, 0.9], [0.8, 0.15, 0.05])):
        for y, sigma in ((0.5, 0.4), (0.2, 0.1), (1.3, 0.8)):
            found, right = float(answer(y, sigma, greys, probabilities)), _best(y, sigma, greys, probabilities)
            if np.isclose(found, right, atol=1e-4):
                continue
            asked = f"for y = {y}, σ = {sigma}, greys {greys} with {probabilities}"
            said = f"{asked} it gives {found:.3f}, {right:.3f} was expected."
            if np.isclose(found, _best(y, sigma, greys, np.ones(len(greys))), atol=1e-4):
                raise Wrong(f"{said} The bells alone are not enough: what is likely before y is seen counts as well.")
            if np.isclose(found, _most_likely(y, sigma, greys, probabilities), atol=1e-4):
                raise Wrong(f"{said} Yours is the most likely grey; squared error asks for the average.")
            if np.isclose(found, _best(y, np.sqrt(sigma / 2), greys, probabilities), atol=1e-4):
                raise Wrong(f"{said} The bell needs the square of σ.")
            raise Wrong(f"{said} Is it the sum of weight times grey, over the sum of the weights?")
    return "For three equally likely greys and y = 0.5 it is 0.5 at every σ: what is above and what is below weigh the same."


def _weights(y, sigma, greys, probabilities):
    return np.asarray(probabilities) * np.exp(-((y - np.asarray(greys)) ** 2) / (2 * sigma**2))


def _best(y, sigma, greys, probabilities):
    return np.average(greys, weights=_weights(y, sigma, greys, probabilities))


def _most_likely(y, sigma, greys, probabilities):
    return greys[int(np.argmax(_weights(y, sigma, greys, probabilities)))]


def _no_fresh_noise(steps_of):
    def halfway(noisy):
        return 0.5 * noisy + 0.1

    noisy = np.random.default_rng(0).standard_normal((2, 4, 4, 1))
    given = steps_of(halfway, noisy, 3, 0.7)
    expect(given is not ..., "replace the ... by your code and run the cell again.")
    expect(given is not None, "quiet_steps returns nothing: its last line has to begin with return.")
    expect(np.shape(given) == noisy.shape, f"it returns {shown(given)}, the shape {noisy.shape} was asked for.")
    expect(
        np.array_equal(given, steps_of(halfway, noisy, 3, 0.7)), "called twice it gives two results: something in it is random."
    )
    right = {steps: _quiet(halfway, noisy, steps, 0.7) for steps in range(1, 5)}
    if np.allclose(given, right[4]):
        raise Wrong("it asks the denoiser once too often: three answers for three steps.")
    if np.allclose(given, right[3] + 0.7 * (_before_last(halfway, noisy) - right[3])):
        raise Wrong("it returns the picture with the noise put back. The last answer was asked for.")
    if np.allclose(given, np.clip(right[3], 0, 1)) and not np.allclose(given, right[3]):
        raise Wrong("it is clipped. Return the answer as it is.")
    expect(
        np.allclose(given, right[3]),
        "for a denoiser that goes half of the way it gives other numbers than expected. Is the noise that is put back what the "
        "denoiser took away in this step, times factor?",
    )
    one = steps_of(halfway, noisy, 1, 0.7)
    expect(np.allclose(one, halfway(noisy)), "with one step it should give the denoiser's first answer.")
    return "From one start there is one result: all that was random was the start."


def _quiet(denoiser, noisy, steps, factor):
    for _ in range(steps):
        clean = denoiser(noisy)
        noisy = clean + factor * (noisy - clean)
    return clean


def _before_last(denoiser, noisy):
    """What the third step is given."""
    for _ in range(2):
        clean = denoiser(noisy)
        noisy = clean + 0.7 * (noisy - clean)
    return noisy


def _decibels_of_mean(function):
    given = function(16.0, 1)
    expect(given is not ..., "replace the ... by your code and run the cell again.")
    expect(given is not None, "decibels_of_mean returns nothing: its last line has to begin with return.")
    for best, k in ((16.0, 1), (16.0, 4), (20.0, 16)):
        found, right = function(best, k), best - 10 * np.log10(1 + 1 / k)
        expect(np.ndim(found) == 0, f"it returns {shown(found)}, one number was asked for.")
        if np.isclose(found, best + 10 * np.log10(1 + 1 / k)):
            raise Wrong("a larger error means fewer decibels: the sign is the wrong way round.")
        if np.isclose(found, best - 20 * np.log10(1 + 1 / k)):
            raise Wrong("1 + 1/k is a factor of the squared error already: 10 times the logarithm, not 20.")
        if np.isclose(found, best / (1 + 1 / k)):
            raise Wrong("the error is 1 + 1/k times as large, not the decibels.")
        expect(
            np.isclose(found, right, atol=1e-6),
            f"for best = {best} dB and k = {k} it gives {found:.3f} dB, {right:.3f} dB was expected.",
        )
    return "One answer costs 3.01 dB, four cost 0.97. Within 0.1 dB come 43 answers and more."


def _means(pictures):
    return pictures.reshape(len(pictures), 7, 4, 7, 4, 1).mean(axis=(2, 4))


def _keep_means(function):
    rng = np.random.default_rng(0)
    clean, small = rng.random((3, 28, 28, 1)), rng.random((3, 7, 7, 1))
    before = clean.copy()
    given = function(clean, small)
    expect(given is not ..., "replace the ... by your code and run the cell again.")
    expect(given is not None, "keep_means returns nothing: its last line has to begin with return.")
    expect(np.shape(given) == clean.shape, f"it returns {shown(given)}, the shape {clean.shape} was asked for.")
    expect(np.array_equal(clean, before), "it changes the picture that it was given. Make a new one: clean + …")
    wrong = np.abs(_means(given) - small).max()
    if np.allclose(given, np.kron(small, np.ones((1, 4, 4, 1)))):
        raise Wrong("the means are right, but all that stood within the blocks is gone: add one number to each block.")
    mixed = (small - clean.reshape(3, 4, 7, 4, 7, 1).mean(axis=(1, 3))).repeat(4, axis=1).repeat(4, axis=2)
    if np.allclose(given, clean + mixed, atol=1e-6):
        raise Wrong("a block is four neighbours by four: reshape to (n, 7, 4, 7, 4, 1), not to (n, 4, 7, 4, 7, 1).")
    expect(wrong < 1e-5, f"the mean of a block differs from the small picture by up to {wrong:.2f}.")
    added = (given - clean).reshape(3, 7, 4, 7, 4, 1)
    expect(
        np.allclose(added, added[:, :, :1, :, :1], atol=1e-6),
        "the means are right, but within a block not all sixteen pixels are changed by the same number.",
    )
    return "Now copy the lines above this cell into a new one: chapter 4's question, and several answers to it."


def _shares_inside(function):
    rng = np.random.default_rng(0)
    for count in (3, 19):
        truth, several = rng.standard_normal(4000), 0.5 * rng.standard_normal((4000, count))
        given = function(truth, several)
        expect(np.shape(given) == (2,), f"it returns {shown(given)}, two numbers were asked for.")
        expect(all(part is not ... for part in given), "replace the ... by your code and run the cell again.")
        measured, expected = map(float, given)
        inside = np.mean((truth > several.min(axis=1)) & (truth < several.max(axis=1)))
        right = (count - 1) / (count + 1)
        for name, found, wanted in (("measured", measured, inside), ("expected", expected, right)):
            if np.isclose(found, 100 * wanted, atol=1e-3):
                raise Wrong(f"{name} is in percent; a share from 0 to 1 was asked for.")
        if np.isclose(expected, 1 - 2 / count):
            raise Wrong(f"with {count} answers there are {count + 1} numbers to be sorted: the truth is one of them.")
        said = f"for {count} answers, {inside:.3f} lie inside; yours is {measured:.3f}."
        expect(np.isclose(measured, inside, atol=1e-6), said)
        expect(
            np.isclose(expected, right, atol=1e-6), f"for {count} answers it should be {right:.3f}; yours is {expected:.3f}."
        )
    return "These answers were half as wide as they should be, so the truth lay inside too rarely: they were too sure."


CHECKS = {
    "7.1": _three_greys,
    "7.2": _no_fresh_noise,
    "7.3": _decibels_of_mean,
    "7.4": _keep_means,
    "7.5": _shares_inside,
}
