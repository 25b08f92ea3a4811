"""The checks of chapter 03's exercises."""

import numpy as np

from helpers import metrics
from helpers.exercises.answers import Wrong, expect, shown


def _one_line(by_identity, by_published, by_strided, noisy, copiers, clean):
    published, strided = copiers.values()
    answers = {"by_identity": by_identity, "by_published": by_published, "by_strided": by_strided}
    for name, answer in answers.items():
        expect(np.shape(answer) == clean.shape, f"{name} has the shape {np.shape(answer)}, {clean.shape} was asked for.")
    expect(np.array_equal(by_identity, noisy), "by_identity is not y_weak. What does a function that returns its input return?")
    scores = [metrics.psnr(clean, np.clip(noisy, 0, 1)).mean()]
    for name, network in {"published": published, "strided": strided}.items():
        answer, expected = answers[f"by_{name}"], np.clip(network.predict(noisy, batch_size=100, verbose=0), 0, 1)
        if not np.allclose(answer, expected, atol=1e-3):
            of_clean = np.clip(network.predict(clean, batch_size=100, verbose=0), 0, 1)
            if np.allclose(answer, of_clean, atol=1e-3):
                raise Wrong(f"by_{name} is a copy of the clean squares. The network has to get y_weak.")
            raise Wrong(f"by_{name} is not what {name} makes of y_weak, clipped to [0, 1].")
        scores.append(metrics.psnr(clean, expected).mean())
    return (
        f"The identity has {scores[0]:.1f} dB, published {scores[1]:.1f} dB and strided {scores[2]:.1f} dB. About 40 dB "
        "without any restoration: a PSNR says how close a picture is. Only beside the input's PSNR does it say whether anybody "
        "improved it."
    )


def _lying_filter(largest, scores):
    expect(np.ndim(largest) == 0 and np.isreal(largest), f"max_mse is {shown(largest)}, a number was asked for.")
    kept = scores[scores["mse"] <= largest]
    expect(len(kept), f"no square has an MSE of at most {largest:.5f}; the smallest is {scores['mse'].min():.5f}.")
    gain, share = kept["psnr"].mean() - scores["psnr"].mean(), 100 * len(kept) / len(scores)
    said = f"it keeps {share:.0f}% of the squares and changes the mean PSNR by {gain:+.2f} dB"
    expect(gain >= 0.5, f"{said}; +0.5 dB or more was asked for. Be stricter.")
    means = scores.sort_values("mse")["psnr"].expanding().mean().to_numpy()  # of the best one, two, three, ... squares
    most = 100 * (np.flatnonzero(means >= scores["psnr"].mean() + 0.5).max() + 1) / len(scores)
    return f"{said[0].upper()}{said[1:]}. Not one square was restored. The largest share that gains 0.5 dB is {most:.0f}%."


def _ssim(x, y):
    covariance = np.mean((x - x.mean()) * (y - y.mean()))
    brightness = (2 * x.mean() * y.mean() + 0.01**2) / (x.mean() ** 2 + y.mean() ** 2 + 0.01**2)
    return brightness * (2 * covariance + 0.03**2) / (x.var() + y.var() + 0.03**2)


def _ssim_of_window(similarity):
    rng = np.random.default_rng(0)
    x, grey = rng.random((11, 11)), np.full((11, 11), 0.25)
    given = similarity(x, x)
    expect(given is not ..., "replace the ... by your code and run the cell again.")
    expect(given is not None, "ssim_of_window returns nothing: its last line has to begin with return.")
    expect(np.ndim(given) == 0, f"it returns {shown(given)}, one number was asked for.")
    expect(abs(given - 1) < 1e-6, f"for a window and itself it gives {given:.4f}, and SSIM has to be 1.")
    black = similarity(np.zeros((11, 11)), np.zeros((11, 11)))
    expect(np.isfinite(black), "for two black windows it divides 0 by 0. Where do the constants stand?")
    pairs = {
        "a window and its negative": (x, 1 - x),
        "a grey window and a brighter one": (grey, grey + 0.5),
        "a window and half of its contrast": (x, 0.5 + (x - 0.5) / 2),
        "a window and the same under noise": (x, x + 0.2 * rng.standard_normal((11, 11))),
    }
    for said, pair in pairs.items():
        found, wanted = similarity(*pair), _ssim(*pair)
        expect(abs(found - wanted) < 1e-3, f"for {said} it gives {found:.3f}, {wanted:.3f} was expected.")
    return f"A window and its negative have {_ssim(x, 1 - x):.2f}: the same contrast, and light where dark was."


def _squares_or_scenes(over_squares, over_scenes, scores, scenes):
    of_squares = [scores[method]["psnr"] for method in ("U-Net, longer", "non-local means")]
    of_scenes = [psnr.groupby(scenes, sort=False).mean() for psnr in of_squares]
    wanted = {"squares": metrics.paired_interval(*of_squares), "scenes": metrics.paired_interval(*of_scenes)}
    for name, answer in {"squares": over_squares, "scenes": over_scenes}.items():
        said, right = f"over_{name}", np.array(wanted[name])
        expect(
            np.shape(answer) == (3,), f"{said} is {shown(answer)}, the three numbers of metrics.paired_interval were asked for."
        )
        expect(not np.allclose(answer, -right[[0, 2, 1]]), f"{said} is non-local means less the U-Net. Give the U-Net first.")
        if name == "scenes" and np.allclose(answer, wanted["squares"]):
            raise Wrong("over_scenes is taken over squares. Average those of a scene first.")
        given = f"{answer[0]:.2f} dB, {answer[1]:.2f} to {answer[2]:.2f}"
        expect(
            np.allclose(answer, right, atol=1e-3),
            f"{said} is {given}; {right[0]:.2f}, {right[1]:.2f} to {right[2]:.2f} was expected.",
        )
    narrow, wide = (high - low for _, low, high in wanted.values())
    return f"Over squares the interval is {narrow:.2f} dB wide, over scenes {wide:.2f} dB: {wide / narrow:.1f} times as wide."


def _turned(turn):
    rng = np.random.default_rng(0)
    images = rng.random((32, 8, 8, 3)).astype(np.float32)
    before = images.copy()
    given = turn(images, np.random.default_rng(1))
    expect(given is not ..., "replace the ... by your code and run the cell again.")
    expect(given is not None, "turned returns nothing: its last line has to begin with return.")
    expect(np.shape(given) == images.shape, f"it returns {np.shape(given)}, the shape {images.shape} was asked for.")
    expect(np.array_equal(images, before), "it changes the pictures that it was given. Return new ones.")
    turns = []
    for k, (image, answer) in enumerate(zip(images, given, strict=True)):
        fitting = [turn for turn in range(4) if np.array_equal(np.rot90(image, turn), answer)]
        expect(fitting, f"picture {k} of a batch is not itself, turned by a multiple of 90 degrees.")
        turns += fitting
    expect(len(set(turns)) > 1, f"all pictures of a batch are turned by {90 * turns[0]} degrees. Draw for each picture.")
    missing = sorted({0, 1, 2, 3} - set(turns))
    expect(not missing, f"of 32 pictures none was turned by {90 * missing[0] if missing else 0} degrees.")
    again = turn(images, np.random.default_rng(1))
    expect(np.array_equal(again, given), "the same generator state gives other turns the second time. Draw from rng alone.")
    return "Mirrored and turned, one pair becomes eight: turning by 180 degrees is mirroring twice, so not 4 times 4."


CHECKS = {
    "3.1": _one_line,
    "3.2": _lying_filter,
    "3.3": _ssim_of_window,
    "3.4": _squares_or_scenes,
    "3.5": _turned,
}
