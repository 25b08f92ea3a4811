# %% [markdown]
# # 7 · One denoiser, many answers: solutions
#
# Each solution is the exercise's cell, filled in, with what comes out and why. The page
# runs in less than a minute on two cores, and trains nothing.

# %% tags=["parameters"]
MODE = "pretrained"
SEED = 0

# %%
import numpy as np
from helpers import datasets, plotting, training
from helpers.exercises import check

training.begin("solutions/07_one_denoiser_many_answers", MODE, SEED)

# %% [markdown]
# What the chapter has made before: the digits, the network, and the steps.

# %%
(x_all, _), (x_test, labels_test) = datasets.load_mnist()
mean_digit = x_all[:-5000].mean(axis=0)
network = training.load_network("digits_any_noise")


def denoise(noisy):
    return network.predict_on_batch(noisy)


def take_steps(denoiser, noisy, steps, rng, start=4.0, constrain=None):
    factor = (0.02 / start) ** (1 / steps)
    for _ in range(steps):
        clean = denoiser(noisy)
        if constrain is not None:
            clean = constrain(clean)
        old = noisy - clean
        strength = np.sqrt(np.mean(old**2, axis=(1, 2, 3), keepdims=True))
        fresh = strength * rng.standard_normal(noisy.shape, dtype="float32")
        mixed = factor * old + (1 - factor**2) ** 0.5 * fresh
        noisy = clean + factor * mixed
    return np.clip(clean, 0, 1)


def noise_around_mean(count, rng):
    return mean_digit + 4 * rng.standard_normal((count, 28, 28, 1), dtype="float32")


# %% [markdown]
# ## Exercise 7.1 · Three greys


# %%
def bell(distance, sigma):
    return np.exp(-(distance**2) / (2 * sigma**2)) / (sigma * np.sqrt(2 * np.pi))


def answer_to(y, sigma, greys, probabilities):
    weights = np.array(probabilities) * bell(y - np.array(greys), sigma)
    return np.sum(weights * np.array(greys)) / np.sum(weights)


check("7.1", answer_to)

# %%
for sigma in (0.1, 0.4, 2.0):
    answer = answer_to(0.5, sigma, [0, 0.5, 1], [1 / 3, 1 / 3, 1 / 3])
    print(f"σ = {sigma}: {answer:.2f}")

# %% [markdown]
# At y = 0.5, black and white are equally far away, so what they pull to both sides
# cancels at every σ. What changes with σ is how sure one can be: at σ = 0.1 the pixel was
# almost certainly grey; at σ = 2 it was anything, and 0.5 is just the average.

# %% [markdown]
# ## Exercise 7.2 · No fresh noise


# %%
def quiet_steps(denoiser, noisy, steps, factor):
    for _ in range(steps):
        clean = denoiser(noisy)
        noisy = clean + factor * (noisy - clean)
    return clean


check("7.2", quiet_steps)

# %%
rng = np.random.default_rng(SEED)
start = noise_around_mean(8, rng)
quiet = quiet_steps(denoise, start, steps=60, factor=(0.02 / 4) ** (1 / 60))
with_fresh = take_steps(denoise, start, 60, rng)
plotting.show_images(
    [with_fresh, quiet],
    labels=["with fresh\nnoise", "without"],
    name="07_solution_quiet",
)

# %% [markdown]
# From one start, exactly one digit: nothing after the start is random. (So the start is
# a code of the digit, as in chapter 1, only that it has 784 numbers.) TODO(look): are the
# digits without fresh noise softer, or more often broken? Fresh noise gives later steps
# the chance to undo what an earlier one has decided.

# %% [markdown]
# ## Exercise 7.3 · Decibels for answers


# %%
def decibels_of_mean(best, k):
    return best - 10 * np.log10(1 + 1 / k)


check("7.3", decibels_of_mean)

# %%
for k in (1, 2, 4, 8, 16, 43):
    print(f"{k:2} answers: {decibels_of_mean(0, k):+.2f} dB")

# %% [markdown]
# (For PSNR of the mean error. The mean of the PSNR of single digits, as in the chapter's
# table, need not follow this rule exactly: chapter 2 says why.) It takes 43 answers to
# come within 0.1 dB. Or one single step: $D(y)$ is the mean of all of them at once.

# %% [markdown]
# ## Exercise 7.4 · From 7×7 to 28×28


# %%
def means_of_blocks(pictures):
    return pictures.reshape(-1, 7, 4, 7, 4, 1).mean(axis=(2, 4))


def keep_means(clean, small):  # (n, 28, 28, 1) and (n, 7, 7, 1)
    missing = small - means_of_blocks(clean)
    return clean + np.repeat(np.repeat(missing, 4, axis=1), 4, axis=2)


check("7.4", keep_means)

# %%
rows = []
for digit in (2, 5, 8):
    number = np.flatnonzero(labels_test == digit)[0]
    truth = x_test[number : number + 1]
    small = means_of_blocks(truth)
    blocks = np.repeat(np.repeat(small, 4, axis=1), 4, axis=2)

    rng = np.random.default_rng(SEED)
    enlarged = take_steps(
        denoise,
        noise_around_mean(8, rng),
        60,
        rng,
        constrain=lambda clean, small=small: keep_means(clean, small),
    )
    rows.append(np.concatenate([blocks, enlarged, truth]))

titles = ["given", *(f"{k + 1}" for k in range(8)), "truth"]
plotting.show_images(rows, titles, width=9, name="07_solution_means")

# %% [markdown]
# TODO(look): 49 pixels settle which digit it is; what differs is where exactly the strokes
# run. All eight have (up to what clipping changes) the same small picture. This is
# chapter 4's picture of many large ones that share a small one, with a prior that has been learned.

# %% [markdown]
# ## Exercise 7.5 · Too sure


# %%
def shares_inside(truth, several):  # (n,) and (n, k)
    smallest, largest = several.min(axis=1), several.max(axis=1)
    measured = np.mean((truth > smallest) & (truth < largest))
    k = several.shape[1]
    expected = (k - 1) / (k + 1)
    return measured, expected


check("7.5", shares_inside)

# %% [markdown]
# With three answers the truth should lie inside in two cases of four. It is the first or
# the last of four numbers as often as it is one of the two in the middle.
