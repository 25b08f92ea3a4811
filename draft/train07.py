# %% tags=["parameters"]
MODE = "pretrained"
SEED = 0

# %%
import numpy as np
import pandas as pd
from helpers import (
    baselines,
    datasets,
    degradations,
    metrics,
    training,
)

training.begin("07_one_denoiser_many_answers", MODE, SEED)

# %%
import keras
from keras import layers, ops

# %%
(x_all, labels_all), (x_test, labels_test) = datasets.load_mnist()
x_train, labels_train = x_all[:-5000], labels_all[:-5000]
x_validation, labels_validation = x_all[-5000:], labels_all[-5000:]

# %%
known = x_train[:2000].reshape(2000, 784)


def look_up(noisy):
    """The average of 2,000 digits, weighted by how likely each lies under the noise."""
    flat = noisy.reshape(-1, 784)
    # d² = |noisy|² - 2 noisy·known + |known|², for all pairs at once: (n, 2000)
    squares = np.sum(flat**2, axis=1, keepdims=True) + np.sum(known**2, axis=1)
    squares = squares - 2 * flat @ known.T
    nearest = squares.min(axis=1, keepdims=True)
    variance = np.maximum(nearest / 784, 1e-4)  # σ²
    likely = np.exp(-(squares - nearest) / (2 * variance))
    weights = likely / likely.sum(axis=1, keepdims=True)
    return (weights @ known).reshape(noisy.shape)


# %%
def nearest_known(images):
    """Which of the 2,000 digits is the nearest to each picture."""
    flat = images.reshape(-1, 784)
    squares = np.sum(known**2, axis=1) - 2 * flat @ known.T  # d², less |image|²
    return squares.argmin(axis=1)


# %%
def take_steps(denoiser, noisy, steps, rng, start=4.0, constrain=None, diary=None):
    """From noisy pictures to clean ones: remove the noise, put a little less back."""
    factor = (0.02 / start) ** (1 / steps)  # from `start` down to 0.02
    for _ in range(steps):
        clean = denoiser(noisy)
        if constrain is not None:
            clean = constrain(clean)
        if diary is not None:
            diary.append((noisy, clean))
        old = noisy - clean
        strength = np.sqrt(np.mean(old**2, axis=(1, 2, 3), keepdims=True))
        fresh = strength * rng.standard_normal(noisy.shape, dtype="float32")
        mixed = factor * old + (1 - factor**2) ** 0.5 * fresh
        noisy = clean + factor * mixed
    return np.clip(clean, 0, 1)


# %%
mean_digit = x_train.mean(axis=0)  # (28, 28, 1)


def noise_around(center, count, sigma, rng):
    noise = rng.standard_normal((count, 28, 28, 1), dtype="float32")
    return center + sigma * noise


# %%
@training.study("07_starts")
def try_starts():
    starts = {
        "around black, σ = 1": (0 * mean_digit, 1.0),
        "around the mean digit, σ = 1": (mean_digit, 1.0),
        "around the mean digit, σ = 4": (mean_digit, 4.0),
    }
    tables = []
    for place, (center, sigma) in training.fewer(starts.items()):
        rng = np.random.default_rng(SEED)
        noisy = noise_around(center, 300, sigma, rng)
        drawn = take_steps(look_up, noisy, 40, rng, start=sigma).reshape(300, 784)
        nearest = nearest_known(drawn)
        difference = np.sqrt(np.mean((known[nearest] - drawn) ** 2, axis=1))
        table = pd.DataFrame({"kind": labels_train[nearest], "difference": difference})
        tables.append(table.assign(start=place))
    return pd.concat(tables, ignore_index=True)


starts = try_starts()


# %%
def digit_denoiser(filters=(24, 56, 88)):
    large, middle, small = filters
    options = {"padding": "same", "activation": "relu"}
    options["kernel_initializer"] = "he_normal"
    noisy = keras.Input((28, 28, 1))
    mean_square = ops.mean(ops.square(noisy), axis=(1, 2, 3), keepdims=True)
    mean_square = mean_square + 1e-6  # one number a picture, never 0
    share = ops.minimum(0.2 / mean_square, 1.0)

    # Down: 28x28 -> 14x14 -> 7x7.
    at_28 = layers.Conv2D(large, 3, **options)(noisy / ops.sqrt(mean_square))
    at_14 = layers.Conv2D(middle, 3, strides=2, **options)(at_28)
    at_14 = layers.Conv2D(middle, 3, **options)(at_14)
    x = layers.Conv2D(small, 3, strides=2, **options)(at_14)
    for _ in range(3):
        x = layers.Conv2D(small, 3, **options)(x)

    # Up, with skips: 7x7 -> 14x14 -> 28x28.
    x = layers.Conv2DTranspose(middle, 2, strides=2)(x)
    x = layers.Conv2D(middle, 3, **options)(layers.Add()([x, at_14]))
    x = layers.Conv2DTranspose(large, 2, strides=2)(x)
    x = layers.Conv2D(large, 3, **options)(layers.Add()([x, at_28]))
    near_zero = keras.initializers.RandomNormal(stddev=0.01)
    x = layers.Conv2D(1, 3, padding="same", kernel_initializer=near_zero)(x)
    return keras.Model(noisy, share * noisy + x)


# %%
def any_noise(images, rng):
    sigma = 0.02 * 200 ** rng.random()  # 0.02 at the least, 4 at the most
    return degradations.add_gaussian_noise(images, sigma, rng)


# %%
def log_error(clean, restored):
    error = ops.mean(ops.square(clean - restored))  # of the whole batch
    return ops.log(error + 1e-8)


# %%
noisy_batches = datasets.DegradedSequence(x_train, any_noise, batch_size=64, seed=SEED)
training.set_seed(SEED)
network = digit_denoiser()
training.compile_with_decay(
    network, noisy_batches, epochs=26, rate=2e-3, loss=log_error, clipnorm=1.0
)
history = training.fit(network, noisy_batches, epochs=26, name="digits_any_noise")


# %%
def denoise(noisy):
    """What the network answers: not clipped, since the steps go on from it."""
    parts = []
    for first in range(0, len(noisy), 500):
        parts.append(network.predict_on_batch(noisy[first : first + 500]))
    return np.concatenate(parts)


# %%
STEPS = 60


# %%
def classifier():
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(24, 3, strides=2, padding="same", activation="relu"),
            layers.Conv2D(48, 3, strides=2, padding="same", activation="relu"),
            layers.Conv2D(48, 3, strides=2, padding="same", activation="relu"),
            layers.Flatten(),  # 4x4x48 -> 768
            layers.Dense(64, activation="relu", name="features"),
            layers.Dropout(0.3),
            layers.Dense(10, activation="softmax"),
        ]
    )


training.set_seed(SEED)
judge = classifier()
training.compile_with_decay(
    judge,
    x_train,
    epochs=6,
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
    batch_size=128,
)
_ = training.fit(
    judge, x_train, labels_train, epochs=6, batch_size=128, name="digits_judge"
)

# %%
see = keras.Model(judge.inputs, judge.get_layer("features").output)


def is_taken(images):
    return judge.predict(images, batch_size=500, verbose=0).max(axis=1) >= 0.95


def frechet_distance(images, others):
    one = see.predict(images, batch_size=500, verbose=0).astype("float64")  # (n, 64)
    other = see.predict(others, batch_size=500, verbose=0).astype("float64")
    apart = np.sum((one.mean(axis=0) - other.mean(axis=0)) ** 2)
    spread, other_spread = np.cov(one.T), np.cov(other.T)  # (64, 64)
    # The trace of the root of a product is the sum of the roots of its eigenvalues.
    common = np.sqrt(np.linalg.eigvals(spread @ other_spread).real.clip(0)).sum()
    return apart + np.trace(spread) + np.trace(other_spread) - 2 * common


# %%
def halves(images):
    others = np.roll(images, 1, axis=0)
    return np.concatenate([images[:, :14], others[:, 14:]], axis=1)


def by_variational_autoencoder(count, rng):
    variational = training.load_network("digits_variational")
    codes = rng.standard_normal((count, 2))
    drawn = variational.get_layer("decoder").predict(codes, verbose=0)
    return drawn.reshape(count, 28, 28, 1)


def by_steps(steps, count, rng):
    return take_steps(denoise, noise_around(mean_digit, count, 4.0, rng), steps, rng)


# %%
def to_nearest(images):
    """The root mean square difference of each picture to its nearest training digit."""
    flat, others = images.reshape(-1, 784), x_train.reshape(-1, 784)
    squares = np.sum(flat**2, axis=1, keepdims=True) + np.sum(others**2, axis=1)
    squares = squares - 2 * flat @ others.T  # (n, 55000)
    return np.sqrt(squares.min(axis=1).clip(0) / 784)


# %%
@training.study("07_realness")
def judge_everything():
    chosen = training.fewer(range(1000), quick=100)
    real, other_real = x_test[chosen], x_test[1000:][chosen]
    count, rng = len(chosen), np.random.default_rng(SEED + 1)
    pictures = {
        "real digits": other_real,
        "two halves": halves(other_real),
        "average of two": (other_real + np.roll(other_real, 1, axis=0)) / 2,
        "variational autoencoder": by_variational_autoencoder(count, rng),
    }
    for steps in (3, 10, 30, 60, 120):
        pictures[f"{steps} steps"] = by_steps(steps, count, rng)

    rows = []
    for source, images in pictures.items():
        kinds = judge.predict(images, batch_size=500, verbose=0).argmax(axis=1)
        shares = np.bincount(kinds, minlength=10) / len(images)
        row = {"pictures": source, "taken": is_taken(images).mean()}
        row["kinds"] = 1 / np.sum(shares**2)  # 10 if all come up equally often
        row["distance"] = frechet_distance(images, real)
        row["nearest"] = np.median(to_nearest(images[:200]))
        row |= {f"kind_{digit}": shares[digit] for digit in range(10)}
        rows.append(row)
    return pd.DataFrame(rows)


realness = judge_everything()


# %%
def keep_known(picture, is_known):
    """A constraint for take_steps: where is_known is true, the picture's pixels."""

    def constrain(clean):
        return np.where(is_known, picture, clean)

    return constrain


# %%
def complete(pictures, is_known, count, rng):
    """Several whole digits for each picture: (n, count, 28, 28, 1)."""
    repeated = np.repeat(pictures, count, axis=0)
    noisy = noise_around(mean_digit, len(repeated), 4.0, rng)
    constrain = keep_known(repeated, is_known)
    drawn = take_steps(denoise, noisy, STEPS, rng, constrain=constrain)
    return drawn.reshape(len(pictures), count, 28, 28, 1)


# %%
row_numbers = np.arange(28).reshape(28, 1, 1)
upper_half = np.broadcast_to(row_numbers < 14, (28, 28, 1))


# %%
def clean_up(noisy, sigma, count, rng):
    """Several clean digits for each noisy picture: (n, count, 28, 28, 1)."""
    repeated = np.repeat(noisy, count, axis=0)
    drawn = take_steps(denoise, repeated, STEPS, rng, start=sigma)
    return drawn.reshape(len(noisy), count, 28, 28, 1)


# %%
one_in_ten = np.random.default_rng(SEED + 5).random((28, 28, 1)) < 0.1

# %%
questions = {"upper half": upper_half, "one pixel in ten": one_in_ten, "noise": None}
unlike = x_test[5000:6000]  # real digits to compare with


def ask(question, images, count, rng):
    is_known = questions[question]
    if is_known is None:
        noisy = degradations.add_gaussian_noise(images, 1.0, rng)
        single_step = np.clip(denoise(noisy), 0, 1)
        return clean_up(noisy, 1.0, count, rng), single_step
    return complete(images, is_known, count, rng), None


def agreement_of(several):
    """The kind that most answers have, and their share, for each digit."""
    count = several.shape[1]
    verdicts = judge.predict(several.reshape(-1, 28, 28, 1), batch_size=500, verbose=0)
    kinds = verdicts.argmax(axis=1).reshape(-1, count)  # (n, count)
    shares = np.stack([(kinds == digit).mean(axis=1) for digit in range(10)], axis=1)
    return shares.argmax(axis=1), shares.max(axis=1)


def ink_below(several, images, is_unknown):
    """How many of the answers have less ink than the truth, where it was unknown."""
    ink = np.sum(several * is_unknown, axis=(2, 3, 4))  # (n, count)
    true_ink = np.sum(images * is_unknown, axis=(1, 2, 3))  # (n,)
    return np.sum(ink < true_ink[:, np.newaxis], axis=1)


# %%
@training.study("07_answers")
def ask_three_questions():
    chosen = training.fewer(range(300), quick=20)  # which test digits
    images, labels = x_test[chosen], labels_test[chosen]
    tables = []
    for question, is_known in questions.items():
        rng = np.random.default_rng(SEED + 2)
        several, single_step = ask(question, images, 19, rng)
        methods = {"truth": images}
        for number in (1, 2, 4, 8, 16):
            methods[f"mean of {number}"] = several[:, :number].mean(axis=1)
        if single_step is not None:
            methods["single step"] = single_step

        most, share = agreement_of(several)
        is_unknown = np.ones((28, 28, 1)) if is_known is None else ~is_known
        below = ink_below(several, images, is_unknown)
        for method, restored in methods.items():
            table = metrics.evaluate(images, restored)
            table = table.assign(question=question, method=method, label=labels)
            table["sure"] = is_taken(restored)
            table["distance"] = frechet_distance(restored, unlike)
            table["most"], table["agreement"], table["below"] = most, share, below
            tables.append(table.round(6))
    return pd.concat(tables, ignore_index=True)


asked = ask_three_questions()

# %%
from scipy.interpolate import griddata

blind = training.load_network("denoise_blind")
lost = np.random.default_rng(SEED + 6).random((128, 128, 1)) >= 0.2  # four of five


def interpolate(picture):
    known = np.argwhere(~lost[..., 0])
    values = picture[~lost[..., 0]]  # (known pixels, 3)
    everywhere = np.argwhere(np.ones((128, 128)))
    nearest = griddata(known, values, everywhere, method="nearest")
    linear = griddata(known, values, everywhere, method="linear")
    # Outside of the outermost known pixels "linear" gives no numbers.
    filled = np.where(np.isnan(linear), nearest, linear)
    return filled.reshape(128, 128, 3).astype("float32")


# %%
def fill_by_network(pictures, rng):
    filled = np.stack([interpolate(picture) for picture in pictures])
    for sigma in np.geomspace(0.2, 0.02, 30):
        noise = rng.standard_normal(filled.shape, dtype="float32")
        clean = blind.predict_on_batch(filled + sigma.astype("float32") * noise)
        filled = np.where(lost, clean, pictures)
    return np.clip(filled, 0, 1)


def mean_of_four(pictures, rng):
    return np.mean([fill_by_network(pictures, rng) for _ in range(4)], axis=0)


def fill_by_total_variation(pictures):
    state = np.stack([interpolate(picture) for picture in pictures])
    for _ in range(60):
        flat = baselines.restore(state, "total variation", weight=0.3)
        further = np.where(lost, 2 * flat - state, pictures)
        state = state + further - flat
    return np.where(lost, flat, pictures)


# %%
squares = []  # the middle of each test photograph
for photo in datasets.load_photos("test"):
    top, left = (photo.shape[0] - 128) // 2, (photo.shape[1] - 128) // 2
    squares.append(photo[top : top + 128, left : left + 128])
x_photos = np.stack(squares).astype("float32") / 255  # (20, 128, 128, 3)


@training.study("07_photographs")
def fill_photographs():
    pictures = x_photos[training.fewer(range(len(x_photos)))]
    rng = np.random.default_rng(SEED)
    filled = {
        "linear interpolation": np.stack([interpolate(one) for one in pictures]),
        "total variation, in steps": fill_by_total_variation(pictures),
        "blind denoiser, in steps": fill_by_network(pictures, rng),
        "blind denoiser, mean of 4": mean_of_four(pictures, rng),
    }
    tables = []
    for method, restored in filled.items():
        table = metrics.evaluate(pictures, restored)
        tables.append(table.assign(method=method).round(6))
    return pd.concat(tables, ignore_index=True)


photographs = fill_photographs()
