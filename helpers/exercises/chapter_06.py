"""The checks of chapter 06's exercises."""

import numpy as np
from scipy import stats
from skimage.metrics import structural_similarity

from helpers.exercises.answers import Wrong, expect, shown

UNWRITTEN = "replace the ... by your code and run the cell again."


def _free_decibels(on_twelve_bits, on_minus_one_to_one):
    for name, value in {"with_4095": on_twelve_bits, "with_2": on_minus_one_to_one}.items():
        expect(np.ndim(value) == 0 and np.isreal(value), f"{name} is {shown(value)}, a number was asked for.")
    expected = {"with_4095": 20 * np.log10(4095), "with_2": 20 * np.log10(2)}
    for (name, right), value in zip(expected.items(), (on_twelve_bits, on_minus_one_to_one), strict=True):
        if abs(value - right / 2) < 0.01:
            raise Wrong(f"{name} is half of it: the range stands squared in the formula.")
        expect(abs(value - right) < 0.01, f"{name} is {value:.2f}. By how much does 10 log10(range² / MSE) grow?")
    return f"{expected['with_4095']:.2f} and {expected['with_2']:.2f} dB for nothing, on every pair of pictures."


def _two_means(clean, restored):
    for name, images in {"clean": clean, "restored": restored}.items():
        expect(np.ndim(images) == 4 and len(images) == 2, f"{name} is {shown(images)}, two pictures were asked for.")
    expect(np.shape(clean) == np.shape(restored), f"the shapes {np.shape(clean)} and {np.shape(restored)} differ.")
    values = np.concatenate([np.ravel(clean), np.ravel(restored)])
    expect(values.min() >= 0 and values.max() <= 1, "a value leaves [0, 1].")
    errors = np.mean((np.asarray(clean, float) - restored) ** 2, axis=(1, 2, 3))
    expect(errors.min() > 0, "one picture is restored exactly, so its PSNR is infinite. Leave it a small error.")
    of_psnr, of_error = np.mean(-10 * np.log10(errors)), -10 * np.log10(errors.mean())
    said = f"the mean of PSNR is {of_psnr:.1f} dB, the PSNR of the mean MSE {of_error:.1f} dB"
    expect(of_psnr > of_error + 10, f"{said}: 10 dB or more were asked for. Make one picture much better than the other.")
    return f"{said[0].upper()}{said[1:]}. The first is ruled by the good picture, the second by the bad one."


def _to_plan(difference, spread):
    """With how many pictures the paired interval excludes zero in 80% of the test sets."""
    count, found = 2, 0
    while found < 0.8:
        count += 1
        places = stats.t.ppf(0.975, count - 1), count - 1, difference / spread * np.sqrt(count)
        found = stats.nct.sf(*places)
    return count


def _pictures_to_plan(planned):
    for difference, spread in ((0.2, 0.5), (0.1, 0.5), (0.2, 1.0)):
        given = planned(difference, spread)
        expect(given is not ..., UNWRITTEN)
        expect(given is not None, "pictures_to_plan returns nothing: its last line has to begin with return.")
        expect(np.ndim(given) == 0 and given == int(given), f"it returns {shown(given)}, a whole number was asked for.")
        right = _to_plan(difference, spread)
        said = (
            f"for a difference of {difference} dB and a spread of {spread} dB it gives {int(given)}, about {right} was expected"
        )
        if abs(given - (2 * spread / difference) ** 2) < 0.1 * right:
            raise Wrong(f"{said}. With so few the difference is found in about half of the test sets.")
        expect(abs(given - right) <= 0.15 * right, f"{said}.")
    return "About twice the pictures of the formula, and a difference half as large takes four times as many."


def _where_they_disagree(places, clean, grainy, pale):
    shape = clean.shape[1:3]
    expect(np.shape(places) == shape, f"places is {shown(places)}, the shape {shape} was asked for.")
    places = np.asarray(places)
    expect(places.dtype == bool, f"places holds {places.dtype}, True and False were asked for: compare with < or >.")
    expect(places.mean() <= 1 / 3, f"places covers {places.mean():.0%} of the picture, at most a third was asked for.")
    of_grainy, of_pale = (_green_similarity(clean, images) for images in (grainy, pale))
    rest = of_grainy[~places].mean(), of_pale[~places].mean()
    whole = of_grainy.mean(), of_pale.mean()
    said = f"without these places SSIM is {rest[0]:.3f} for the noisy picture and {rest[1]:.3f} for the pale one"
    inside = " You may have the mask the wrong way round." if rest[0] < whole[0] else ""
    expect(rest[0] > rest[1], f"{said}: it still prefers the pale one.{inside}")
    return f"{said[0].upper()}{said[1:]}; with them {whole[0]:.3f} and {whole[1]:.3f}. What is there in the clean picture?"


def _green_similarity(clean, images):
    """SSIM of each window of the green channel, as `helpers.metrics.ssim` defines it."""
    options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 1.0, "full": True}
    clean, images = (np.asarray(one, np.float64)[0, ..., 1] for one in (clean, images))
    return structural_similarity(clean, images, **options)[1]


LACKS = {"a": "baseline", "b": "spread", "c": "definition", "d": "nothing"}  # the sentences of exercise 6.5


def _what_is_missing(*found):
    words = ", ".join(repr(word) for word in LACKS.values())
    for (name, right), word in zip(LACKS.items(), found, strict=True):
        expect(word in LACKS.values(), f"missing_in_{name} is {shown(word)}, expected one of {words}.")
        if right == "nothing":
            expect(word == right, f"read {name} again: all three things stand there, and can be right.")
        expect(word == right, f"{name} lacks something else than {word!r}.")
    return "Only d can be set beside another number."


CHECKS = {
    "6.1": _free_decibels,
    "6.2": _two_means,
    "6.3": _pictures_to_plan,
    "6.4": _where_they_disagree,
    "6.5": _what_is_missing,
}
