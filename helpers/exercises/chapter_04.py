"""The checks of chapter 04's exercises."""

import numpy as np

from helpers import metrics
from helpers.backend import keras
from helpers.exercises.answers import Wrong, expect, shown


def _another_original(picture, even, odd):
    wanted = picture[0::2].shape
    for name, rows in {"rows_0_2_4": even, "rows_1_3_5": odd}.items():
        expect(np.shape(rows) == wanted, f"{name} is {shown(rows)}, the shape {wanted} was asked for: every second row.")
    other = np.stack([even, odd], axis=1).reshape(picture.shape)
    expect(not np.allclose(other, picture), "this is the original itself. Look for a different picture.")
    low, high = other.min(), other.max()
    expect(low >= 0 and high <= 1, f"its values reach from {low:.2f} to {high:.2f}, 0 to 1 were asked for.")
    gap = np.abs(_block_means(other) - _block_means(picture)).max(axis=-1)
    row, column = np.unravel_index(gap.argmax(), gap.shape)
    expect(
        gap.max() < 1e-3,
        f"the small pictures differ: in row {row}, column {column} by {gap.max():.2f}. The four pixels of a block have to stay "
        "in their block, so a row may go to its neighbour only.",
    )
    decibels = metrics.psnr(picture[np.newaxis], other[np.newaxis].astype(np.float32))[0]
    return f"Two pictures, {decibels:.1f} dB apart, with one small picture. No method can return both."


def _block_means(picture):
    height, width, channels = picture.shape
    return picture.reshape(height // 2, 2, width // 2, 2, channels).mean(axis=(1, 3))


def _space_to_depth(function):
    picture = np.arange(4 * 6 * 3, dtype=np.float32).reshape(4, 6, 3)
    given = function(picture, 2)
    expect(given is not ..., "replace the ... by your code and run the cell again.")
    expect(given is not None, "space_to_depth returns nothing: its last line has to begin with return.")
    expected = _moved(picture, 2)
    expect(
        np.shape(given) == expected.shape,
        f"for a picture of the shape (4, 6, 3) and block=2 it gives {shown(given)}, the shape {expected.shape} was expected.",
    )
    expect(
        np.array_equal(np.sort(given, axis=None), np.sort(expected, axis=None)),
        "numbers are lost or changed: each of the input has to stand in the output exactly once.",
    )
    if not np.array_equal(given, expected):
        one = np.arange(16, dtype=np.float32).reshape(4, 4, 1)
        of_one = np.asarray(function(one, 2))
        found = [int(value) for value in of_one[0, 0]]
        expect(
            not np.array_equal(of_one, _moved(one, 2)),
            "for one channel it is right, for three it is not: the three colours of a pixel have to stay together. Which axis "
            "has to come last before the last reshape?",
        )
        raise Wrong(
            "the shape is right and the order is not. For 4×4 pixels with the numbers 0 to 15, row by row, the first place "
            f"should hold 0, 1, 4 and 5; yours holds {', '.join(map(str, found))}."
        )
    for block, channels in ((3, 1), (4, 3)):
        other = np.arange(12 * 24 * channels, dtype=np.float32).reshape(12, 24, channels)
        same = np.array_equal(function(other, block), _moved(other, block))
        expect(same, f"for block=2 it is right, for block={block} and {channels} channel(s) it is not.")
    return "It is what ops.space_to_depth does. No number is lost, so depth to space can undo it."


def _moved(picture, block):
    height, width, channels = picture.shape
    blocks = picture.reshape(height // block, block, width // block, block, channels)
    return blocks.transpose(0, 2, 1, 3, 4).reshape(height // block, width // block, block * block * channels)


def _wrong_glasses(gains, networks, enlarged, clean):
    keys = [(network, pictures) for network in (2, 4) for pictures in (2, 4)]
    expect(isinstance(gains, dict) and set(gains) == set(keys), f"gains is {shown(gains)}, a dictionary with {keys} was asked.")
    expected = {}
    for network, pictures in keys:
        restored = np.clip(networks[network].predict(enlarged[pictures], batch_size=8, verbose=0), 0, 1)
        change = metrics.psnr(clean, restored) - metrics.psnr(clean, enlarged[pictures])
        expected[network, pictures] = change.mean()
    for network, pictures in keys:
        right, found = expected[network, pictures], gains[network, pictures]
        if abs(found - expected[pictures, network]) < 0.02 < abs(found - right):
            raise Wrong(f"{found:+.2f} dB belongs to ({pictures}, {network}): the network comes first, then the pictures.")
        expect(
            abs(found - right) < 0.02,
            f"for the network for factor {network} on pictures of factor {pictures} the gain is {right:+.2f} dB, yours is "
            f"{found:+.2f}. Is it the mean of the differences, against the enlarged pictures of the same factor?",
        )
    return ", ".join(f"{network} on {pictures}: {gain:+.2f} dB" for (network, pictures), gain in expected.items()) + "."


def _psnr_of_luminance(function):
    rng = np.random.default_rng(0)
    clean = rng.random((2, 24, 32, 3))
    restored = np.clip(clean + 0.05 * rng.standard_normal(clean.shape), 0, 1)
    for border in (2, 0):
        given = function(clean, restored, border)
        expect(given is not ..., "replace the ... by your code and run the cell again.")
        expected = metrics.evaluate(clean, restored, channel="Y", border=border)["psnr"].to_numpy()
        expect(np.shape(given) == (2,), f"for two pictures it gives {shown(given)}, one number for each was asked for.")
        found = np.asarray(given, dtype=float)
        on_255 = expected - 20 * np.log10(255)
        without_offset = expected + 20 * np.log10(219 / 255)
        if np.allclose(found, on_255, atol=0.01):
            raise Wrong("your Y reaches from 16 to 235: divide by 255, since the brightest possible value counts as 1.")
        if np.allclose(found, without_offset, atol=0.05):
            raise Wrong("your Y reaches from 0 to 1. By the formula black is 16/255 and white is 235/255.")
        expect(
            np.allclose(found, expected, atol=0.01),
            f"with a border of {border} it gives {found[0]:.2f} dB for the first picture, {expected[0]:.2f} was expected.",
        )
    return "It is metrics.evaluate with channel='Y'. The 16 cancels in the difference; the shorter scale does not."


def _right_glasses(right, wrong, enlarged, clean):
    expect(isinstance(right, keras.Model), f"right is a {type(right).__name__}, a Keras model was asked for.")
    expect(right.count_params() == 3203, f"it has {right.count_params():,} parameters; small_network(adds=True) has 3,203.")
    before = metrics.psnr(clean, enlarged)
    gain = {}
    for name, network in {"yours": right, "sr_x2": wrong}.items():
        restored = np.clip(network.predict(enlarged, batch_size=4, verbose=0), 0, 1)
        gain[name] = (metrics.psnr(clean, restored) - before).mean()
    said = f"yours gains {gain['yours']:+.1f} dB over the enlarged pictures, the network for bicubic {gain['sr_x2']:+.1f} dB"
    expect(
        gain["yours"] > max(0.5, gain["sr_x2"] + 0.5),
        f"{said}. More than 0.5 dB ahead was expected. Are the crops shrunk by 'nearest' and enlarged again, and are the clean "
        "ones the targets?",
    )
    return f"{said[0].upper()}{said[1:]}."


CHECKS = {
    "4.1": _another_original,
    "4.2": _space_to_depth,
    "4.3": _wrong_glasses,
    "4.4": _psnr_of_luminance,
    "4.5": _right_glasses,
}
