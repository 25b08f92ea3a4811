"""The checks of chapter 05's exercises."""

import numpy as np

from helpers import degradations, metrics
from helpers.backend import keras
from helpers.exercises.answers import Wrong, expect, shown

UNWRITTEN = "replace the ... by your code and run the cell again."


def _padded(pad):
    rng = np.random.default_rng(0)
    for height, width in ((13, 22), (16, 24), (9, 31)):
        picture = rng.uniform(0.1, 0.9, (height, width, 3)).astype(np.float32)
        given = pad(picture)
        expect(given is not ..., UNWRITTEN)
        expect(given is not None, "padded returns nothing: its last line has to begin with return.")
        wanted = (height + -height % 8, width + -width % 8, 3)
        smaller = np.ndim(given) == 3 and np.size(given) < picture.size
        expect(not smaller, f"for {height}×{width} it gives {shown(given)}: pixels are lost. Add some, don't cut.")
        expect(
            np.shape(given) == wanted,
            f"for a picture of the shape {picture.shape} it gives {shown(given)}, the shape {wanted} was expected.",
        )
        given = np.asarray(given)
        expect(
            np.array_equal(given[:height, :width], picture),
            "the picture has to stay at the upper left, unchanged: only then can the result be cut back to its size.",
        )
        expect(
            np.isin(given, picture).all(),
            "the new rows and columns hold numbers that the picture doesn't have. A black rim is an edge that a network would "
            "keep: repeat or mirror the pixels of the picture.",
        )
    return "Mirrored pixels look like more of the same picture, so the rim that is cut off later disturbs little."


def _farthest(measure):
    for sizes, steps in (((3,), (1,)), ((5,), (1,)), ((3, 3, 3), (1, 1, 1)), ((3, 3), (1, 3))):
        layout = list(zip(sizes, steps, strict=True))
        reach = sum(size // 2 * step for size, step in layout)
        given = measure(_convolutions(sizes, steps))
        expect(given is not ..., UNWRITTEN)
        expect(given is not None, "farthest returns nothing: its last line has to begin with return.")
        expect(np.ndim(given) == 0, f"it returns {shown(given)}, one number was asked for.")
        layers = ", ".join(f"{size}×{size}" + (f" in steps of {step}" if step > 1 else "") for size, step in layout)
        said = f"a network of convolutions of {layers} looks {reach} pixels to each side, yours says {given}"
        if given == 2 * reach + 1:
            raise Wrong(f"{said}. That is the whole width. The distance from the middle was asked for.")
        if given == 48 + reach:
            raise Wrong(f"{said}. That is the row. Its distance from the changed pixel was asked for.")
        expect(given == reach, f"{said}. Is one pixel changed, in the middle, and are all places compared that differ?")
    return "Now try farthest(tiny) and farthest(unet_long), and compare with your count and with the overlaps above."


def _convolutions(sizes, steps):
    """A network of convolutions with positive weights, one behind the other, which looks as far as they add up to."""
    given = x = keras.Input((None, None, 3))
    for size, step in zip(sizes, steps, strict=True):
        x = keras.layers.Conv2D(3, size, padding="same", dilation_rate=step, kernel_initializer="ones")(x)
    return keras.Model(given, x)


def _estimate(estimate):
    rows, columns = np.mgrid[:96, :128]
    smooth = 0.5 + 0.2 * np.sin(rows / 40)[..., np.newaxis] * np.ones(3)
    with_edges = smooth + 0.25 * (((rows // 12 + columns // 12) % 2)[..., np.newaxis] - 0.5)
    for label, clean in {"a smooth picture": smooth, "a picture with edges": with_edges}.items():
        for sigma in (10, 25, 50):
            noisy = degradations.add_gaussian_noise(clean, sigma / 255, rng=sigma)
            given = estimate(noisy)
            expect(given is not ..., UNWRITTEN)
            expect(given is not None, "estimate returns nothing: its last line has to begin with return.")
            expect(np.ndim(given) == 0 and np.isfinite(given), f"it returns {shown(given)}, one number was asked for.")
            found = 255 * float(given)
            said = f"on {label} under σ = {sigma}/255 it gives {found:.1f}/255"
            if abs(found - np.sqrt(2) * sigma) < 0.06 * sigma:
                raise Wrong(f"{said}. The difference of two pixels is √2 times as noisy as one.")
            if abs(found - 0.6745 * sigma) < 0.04 * sigma or abs(found - 0.6745 * np.sqrt(2) * sigma) < 0.04 * sigma:
                raise Wrong(f"{said}. The median of the absolute values is 0.674 σ of a bell curve: divide by that.")
            expect(
                abs(found - sigma) < 0.12 * sigma,
                f"{said}. If only the picture with edges is wrong: a standard deviation counts edges, a median doesn't.",
            )
    return "It is within 12% for weak and strong noise, with edges and without."


def _ablation(change, losing, ladder):
    expect(change is not ... and losing is not ..., UNWRITTEN)
    means = ladder.dropna(subset=["scene"]).groupby(["method", "scene"])["psnr"].mean()
    expected = means["pooling"] - means["published layers"]
    count = len(expected)
    expect(np.shape(change) == (count,), f"change_of_scenes is {shown(change)}, {count} numbers were asked for.")
    given = np.asarray(change, dtype=float)
    if np.allclose(np.sort(given), np.sort(-expected), atol=1e-3):
        raise Wrong("the sign is turned round: PSNR with pooling minus PSNR of the published layers.")
    expect(
        np.allclose(np.sort(given), np.sort(expected), atol=1e-3),
        f"the mean of your changes is {given.mean():+.2f} dB, {expected.mean():+.2f} was expected. Is it the mean over the "
        "seeds, scene by scene?",
    )
    lost = int((expected < 0).sum())
    expect(np.ndim(losing) == 0 and losing == lost, f"losing is {shown(losing)}: count the scenes whose change is below 0.")
    return f"From {expected.min():+.1f} to {expected.max():+.1f} dB; pooling loses on {lost} of {count} scenes."


def _specks(despeckled, specked, network, clean):
    expect(np.shape(despeckled) == clean.shape, f"despeckled is {shown(despeckled)}, the shape {clean.shape} was asked for.")
    mine = metrics.psnr(clean, np.clip(despeckled, 0, 1)).mean()
    blind = metrics.psnr(clean, np.clip(network.predict(specked, batch_size=4, verbose=0), 0, 1)).mean()
    said = f"yours has {mine:.1f} dB, the blind network {blind:.1f} dB"
    expect(
        mine > blind + 3, f"{said}. More than 3 dB ahead was asked for. What does a median do with one odd value among nine?"
    )
    return f"{said[0].upper()}{said[1:]}. Gaussian noise hardly has such far-off pixels, so it probably takes them for detail."


CHECKS = {
    "5.1": _padded,
    "5.2": _farthest,
    "5.3": _estimate,
    "5.4": _ablation,
    "5.5": _specks,
}
