# %% [markdown] tags=["report-text"]
# # 7 · One denoiser, many answers
#
# ![The upper half of a handwritten digit on black, and eight completed digits beside
# it. All have the same upper half and clean strokes, and they are not all the same
# digit.](../figures/07_opening.png)
#
# *Left: what a network was given, the upper half of a test digit. Right: eight ways in
# which it completed it.*
#
# Somebody wrote a digit, and the lower half of it is lost. A network was asked eight
# times to complete it. TODO(look): each answer is clean, each fits the half that was
# given, and they don't agree about which digit it was. The network was never
# trained to complete anything. It is a denoiser, like those of chapter 2: it was shown
# noisy digits, and asked for the clean ones.
#
# **Which of the eight is true? And how can a denoiser draw what it was never given?**
#
# **After this chapter you can** say what a denoiser knows about pictures, draw new
# digits with one, complete and restore a picture in several ways with one and the same
# network, say what an average of such answers is worth and what a single one is worth,
# and test whether their spread can be believed.
#
# **You need** from chapters 1 to 4: why squared error answers with an average, noise
# of a strength σ, PSNR, the U-Net and its residual output, the variational
# autoencoder, and that many pictures may fit what is given.

# %% tags=["parameters"]
MODE = "pretrained"
SEED = 0

# %%
import itertools

import numpy as np
import pandas as pd
from helpers import (
    baselines,
    datasets,
    degradations,
    drawings,
    metrics,
    plotting,
    results,
    training,
)
from helpers.exercises import check

training.begin("07_one_denoiser_many_answers", MODE, SEED)

# %%
import keras
from keras import layers, ops

# %% [markdown]
# ## One pixel
#
# Let's begin with a picture that has a single pixel. It is black (0) in seven cases of
# ten, and white (1) in three. Noise of strength σ is added, and we see $y = x + \sigma
# n$. How likely is each value of $y$? Around each of the two grey values lies a bell
# curve of width σ, as high as that value is likely:


# %%
def bell(distance, sigma):
    """The bell curve: how likely noise of strength sigma moves a pixel so far."""
    return np.exp(-(distance**2) / (2 * sigma**2)) / (sigma * np.sqrt(2 * np.pi))


def density(y, sigma):
    return 0.7 * bell(y - 0, sigma) + 0.3 * bell(y - 1, sigma)


# %% [markdown]
# You see one value $y$, and have to say what the pixel was. In squared error the best
# answer is the average of the two grey values, each as often as it is likely now that
# you have seen $y$. That is $E[x \mid y]$ of chapter 2, and here we can write it down:


# %%
def best_answer(y, sigma):
    black = 0.7 * bell(y - 0, sigma)  # how likely: it was black, and y was seen
    white = 0.3 * bell(y - 1, sigma)  # it was white, and y was seen
    return (0 * black + 1 * white) / (black + white)


# %% [markdown]
# (What begins with `drawings.` or `plotting.` only draws. The line below the figure says
# what is seen.)
#
# > **Guess first.** A denoiser moves each $y$ to its answer. Will it move every value
# > towards the nearest of the two bells? And what has the length of such a move to do
# > with the curve $p(y)$?

# %%
y = np.linspace(-1, 2, 601)
panels = {}
for sigma in (0.2, 0.4, 0.8):
    panels[f"σ = {sigma}"] = (y, density(y, sigma), best_answer(y, sigma))

drawings.show_pulls(panels, name="07_pulls")

# %% [markdown]
# The blue curve is $p(y)$, how likely each noisy value is. Each orange arrow goes from
# a value to the best answer. At σ = 0.2 the arrows lead to the nearest of the two
# values, except close to the middle. At σ = 0.8 the two bells have become one hill. Most
# arrows there end between black and white, *at a grey that the pixel never has*. And
# everywhere they point uphill: to where noisy values are more likely.
#
# ### The arrow is a slope
#
# That is no accident. Take the slope of $p(y)$. A bell around $x$ has the derivative
# $\mathrm{bell}(y - x) \cdot (x - y) / \sigma^2$, so
#
# $$ p'(y) = \sum_x p(x)\, \mathrm{bell}(y - x)\, \frac{x - y}{\sigma^2} . $$
#
# Divide by $p(y)$. What then stands before $(x - y)$ is how likely $x$ is, given $y$,
# and the sum becomes an average over $x$:
#
# $$ \frac{p'(y)}{p(y)} = \frac{E[x \mid y] - y}{\sigma^2} . $$
#
# On the left stands the derivative of $\log p(y)$. For many pixels it is the gradient
# $\nabla \log p(y)$, which points to where $p$ grows fastest. With $D(y)$ for the best
# denoiser, which answers $E[x \mid y]$:
#
# $$ D(y) - y = \sigma^2 \, \nabla \log p(y) . $$
#
# This is **Tweedie's formula** [1]. On its right stands how likely pictures are, about
# which nobody told the denoiser anything. On its left stands what a denoiser does. So
# **whoever can remove noise knows in which direction pictures become more likely** [2].
# Check it: the slope of $\log p$, computed from neighbouring values, against the arrows.

# %%
for sigma in (0.2, 0.4, 0.8):
    slope = np.gradient(np.log(density(y, sigma)), y, edge_order=2)
    difference = np.abs(y + sigma**2 * slope - best_answer(y, sigma)).max()
    print(f"σ = {sigma}: the two differ by {difference:.4f} at most")

# %% [markdown]
# ### A network finds the slope by itself
#
# A network sees neither $p(y)$ nor its slope. It gets pairs: a noisy value, and the
# clean one. Here is a small one, trained in front of you at σ = 0.4.

# %%
rng = np.random.default_rng(SEED)
is_white = rng.random((20_000, 1)) < 0.3
x_pixel = is_white.astype("float32")
y_pixel = x_pixel + 0.4 * rng.standard_normal(x_pixel.shape, dtype="float32")

training.set_seed(SEED)
pixel_network = keras.Sequential(
    [
        keras.Input((1,)),
        layers.Dense(32, activation="tanh"),
        layers.Dense(32, activation="tanh"),
        layers.Dense(1),
    ]
)
pixel_network.compile(optimizer=keras.optimizers.Adam(0.01), loss="mse")
_ = pixel_network.fit(y_pixel, x_pixel, epochs=5, batch_size=200, verbose=0)

# %%
learned = pixel_network.predict(y[:, np.newaxis], verbose=0)[:, 0]
sigma = 0.4
by_slope = y + sigma**2 * np.gradient(np.log(density(y, sigma)), y)
plotting.show_lines(
    {"y + σ² · slope": (y, by_slope), "network": (y, learned)},
    x_label="noisy value y",
    y_label="answer",
    colors={"y + σ² · slope": "#0072B2", "network": "#D55E00"},
    legend=True,
    name="07_pixel_network",
)

# %% [markdown]
# The network, trained on pairs alone, answers nearly as the formula says. At the far
# ends, where training showed hardly a value, it may do what it likes.

# %% [markdown]
# ## Two pixels
#
# Pictures of two pixels are points in a plane, as in chapter 1. Let all pictures that
# exist lie along two bows. `make_moons` of scikit-learn draws such points; we only move
# and stretch them, so that pixels go from 0 to 1.

# %%
from sklearn.datasets import make_moons

bows, _ = make_moons(2000, noise=0.03, random_state=SEED)
bows = (0.35 + [0.3, 0.5] * bows).astype("float32")  # (2000, 2): two pixels each

# %% [markdown]
# This network is for all strengths of noise from 0.02 to 0.5. Two pixels don't show how
# strong the noise on them is, so we tell it: log σ is its third input. And we ask it for the
# noise itself, in units of σ, so that weak and strong noise count the same in the loss.
# Who knows the noise knows the clean point: $x = y - \sigma n$.

# %%
rng = np.random.default_rng(SEED)
x_plane = np.tile(bows, (20, 1))  # (40000, 2): each picture 20 times
sigma = (0.02 * 25 ** rng.random((40_000, 1))).astype("float32")  # 0.02 to 0.5
noise = rng.standard_normal(x_plane.shape, dtype="float32")
y_plane = x_plane + sigma * noise

training.set_seed(SEED)
plane_network = keras.Sequential(
    [
        keras.Input((3,)),
        layers.Dense(64, activation="relu"),
        layers.Dense(64, activation="relu"),
        layers.Dense(64, activation="relu"),
        layers.Dense(2),
    ]
)
rate = keras.optimizers.schedules.CosineDecay(0.005, decay_steps=3000)
plane_network.compile(optimizer=keras.optimizers.Adam(rate), loss="mse")
inputs = np.hstack([y_plane, np.log(sigma)])
_ = plane_network.fit(inputs, noise, epochs=15, batch_size=200, verbose=0)


# %%
def clean_points(places, sigma):
    """What the network answers to noisy points, for noise of one strength."""
    strengths = np.full((len(places), 1), np.log(sigma))
    found = plane_network.predict(np.hstack([places, strengths]), verbose=0)
    return places - sigma * found


# %% [markdown]
# Now we put noisy points on a grid, and draw an arrow from each to the answer.
#
# > **Guess first.** Where will the arrows lead when the noise is wider than the two bows
# > are apart?

# %%
across, down = np.meshgrid(np.linspace(0, 1, 11), np.linspace(0, 1, 11))
grid = np.stack([across.ravel(), down.ravel()], axis=1)  # (121, 2)

fields = {}
for sigma in (0.3, 0.1, 0.05):
    fields[f"σ = {sigma}"] = (grid, clean_points(grid, sigma))
drawings.show_arrows(fields, bows[:600], name="07_plane")

# %% [markdown]
# At σ = 0.3 the arrows end in a small region between the bows, where hardly a picture
# lies: close to the average of everything. At σ = 0.1 most end on a bow or near it, and
# at σ = 0.05 those that begin near a bow lead straight onto it. **Under strong noise the
# arrows show where pictures lie on the whole; under weak noise they show the details.**
#
# ### Coarse to fine
#
# So how do we get from pure noise to a point where pictures lie? Not in one step: that
# ends in the middle. But go a *little* way along the arrow. The noise is a little weaker
# then. Ask again, with this weaker σ, and so on down to almost none. In formulas: take
# the answer $D(y)$, and put the noise that was found, $y - D(y)$, back on it, weaker by
# the factor by which σ fell.


# %%
def walk(places, sigmas):
    """From noisy points to clean ones; all places on the way, (steps, n, 2)."""
    visited = [places]
    for sigma, weaker in itertools.pairwise(sigmas):
        clean = clean_points(places, sigma)
        places = clean + weaker / sigma * (places - clean)
        visited.append(places)
    return np.stack(visited)


# %%
draws = np.random.default_rng(SEED + 1).standard_normal((25, 2))
start = bows.mean(axis=0) + 0.5 * draws
ways = {
    "one step": walk(start, [0.5, 0.0]),
    "thirty steps": walk(start, np.geomspace(0.5, 0.02, 31)),
}
drawings.show_paths(ways, bows[:600], name="07_paths")

# %% [markdown] tags=["report-text"]
# Both panels begin at the same 25 points of pure noise (circles). One step takes most of
# them into the middle, between the bows. Thirty small steps lead to the bows or close to
# them, some to the upper one, some to the lower. Each way first follows the coarse arrows
# and then the fine ones. Where it ends is decided by where it began. It is the same network both
# times. **Its single answer is an average; its many small steps end at one picture of
# those that the average was taken over.**

# %% [markdown]
# ## A denoiser for digits under any noise
#
# Now the same with 784 pixels. The digits are those of chapter 1. We train on 55,000,
# and the last 5,000 of the training digits are for choices.

# %%
(x_all, labels_all), (x_test, labels_test) = datasets.load_mnist()
x_train, labels_train = x_all[:-5000], labels_all[:-5000]
x_validation, labels_validation = x_all[-5000:], labels_all[-5000:]

# %% [markdown]
# From which noise should the steps begin? It must be so strong that nothing of a digit
# is left in it. Then noise that we make up looks like noise with a digit in it.

# %%
digit = x_test[:1]
under_noise, titles = [], []
for sigma in (0.1, 0.3, 1, 2, 4):
    noisy = degradations.add_gaussian_noise(digit, sigma, rng=SEED)
    low, high = np.percentile(noisy, (1, 99))
    under_noise.append((noisy[0] - low) / (high - low))  # drawn from black to white
    titles.append(f"σ = {sigma}")
plotting.show_images([np.stack(under_noise)], titles, name="07_strengths")

# %% [markdown]
# > **Guess first.** At σ = 1 you hardly see the digit. Is it gone?
#
# Ask somebody who knows all digits by heart. Chapter 2 had such a denoiser, the average
# over many known digits in which likely ones count more. Here it is for 2,000 digits. A
# digit at distance $d$ from the noisy one gets the weight $e^{-d^2 / 2\sigma^2}$. How
# strong the noise is, it sees from the nearest digit: if that one is the right one,
# $d^2$ is about 784 times $\sigma^2$.

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


# %% [markdown]
# The digit that weighs most is the nearest one. Is it of the right kind?


# %%
def nearest_known(images):
    """Which of the 2,000 digits is the nearest to each picture."""
    flat = images.reshape(-1, 784)
    squares = np.sum(known**2, axis=1) - 2 * flat @ known.T  # d², less |image|²
    return squares.argmin(axis=1)


for sigma in (0.5, 1.0, 2.0, 4.0):
    noisy = degradations.add_gaussian_noise(x_validation[:500], sigma, rng=SEED)
    found = labels_train[nearest_known(noisy)]
    right = 100 * np.mean(found == labels_validation[:500])
    print(f"σ = {sigma}: {right:.0f}% of the right kind")

# %% [markdown]
# TODO(measured): at σ = 1, where you and I see hardly anything, three of four digits are
# still found. At σ = 4 it is about one in four, where one in ten would be right by chance:
# little is left.
#
# And here are the steps, in a form that we'll use to the end of the chapter. In each of
# them the denoiser answers. What it took away is the noise, and its strength is the
# root of its mean square: so nobody has to say what σ is. Then noise is put back, weaker
# by `factor`. Part of it is the old noise and part is *fresh*. Fresh noise lets the next
# step correct what an earlier one has decided. With the weights `factor` and
# $\sqrt{1 - \mathrm{factor}^2}$, old and fresh together are as strong as the old one
# was, since the squares of the two weights add up to 1.


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


# %% [markdown]
# (`constrain` and `diary` come into play further down. Ignore them for now.)
#
# <details><summary>Where these steps come from</summary>
#
# They are those of Kadkhodaie and Simoncelli [3], written in another way. In their
# terms $h$ is the share of the way that is gone along the arrow, and $\beta$ says how
# much fresh noise is added. With our factor $r$: $1 - h = r^2$ and $1 - \beta h = r$.
# The choice $r$ and $\sqrt{1 - r^2}$ for old and fresh noise is that of Ho and others
# [4]: it would be exact if the clean picture were known.
#
# </details>
#
# Where do the steps lead if they begin from pure noise around the mean digit, or around
# black? The study counts kinds of digits, by the label of the nearest known digit. (It
# trains nothing, but it takes a while, so its table is kept. A *study* is a function
# whose table is stored, as in chapter 1; `training.fewer` takes only the first few of a
# list when `MODE` is `"quick"`.)

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

# %% [markdown]
# `drawings.bars` makes a panel with one bar for each number, `drawings.show_panels` puts
# panels side by side.

# %%
panels = {}
for place, drawn in starts.groupby("start", sort=False):
    counts = np.bincount(drawn["kind"], minlength=10)
    panels[place] = drawings.bars(counts / len(drawn))
drawings.show_panels(
    panels, columns=len(panels), height=2.2, labels=("digit", "share"), name="07_starts"
)

# %%
furthest = starts["difference"].max()
print(f"furthest from a known digit: {furthest:.3f} (root mean square)")

# %% [markdown]
# TODO(measured): around black at σ = 1, more than half of what comes out are ones; around
# the mean digit at σ = 1 the kinds are still uneven. At σ = 4 all ten come out about as
# often as they are. The reason: at σ = 1 a whole digit still stands out
# from the noise. Pure noise is then a picture *without* a digit, which never happens,
# and the denoiser takes it for the digit with the least ink, a 1. So our network has to
# know noise up to σ = 4, eight times as strong as the noise at the top of chapter 2, and
# our steps begin around the mean digit.
#
# And there is a second finding. Each digit that comes out *is* one of the 2,000. A
# denoiser that is perfect for the digits that it knows can only lead back to them. If
# our network is to draw new digits, then not because it knows its training digits
# perfectly, but because it doesn't.

# %% [markdown]
# ### The network
#
# It is a U-Net as in chapter 2, with two things added, since the noise may be weak or very
# strong. Nobody tells the network σ. But a picture shows how strong its noise is: a clean
# digit has a mean square of about 0.1, and noise adds σ² to it.
#
# - *One size for all.* At σ = 4 the input is about twelve times as large as a clean digit.
#   So it is divided by its own root mean square before the first layer.
# - *A share of the input.* A residual output adds the whole input at the end. That is right
#   under weak noise, where the input is nearly the answer. Under strong noise hardly any of
#   it belongs there. So a `share` is added: all of it while the mean square is below 0.2,
#   and less and less beyond.


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


print(f"{digit_denoiser().count_params():,} parameters")

# %% [markdown]
# **The noise.** Each batch gets one strength between 0.02 and 4. Each doubling in this
# range comes up equally often, so weak noise is trained as much as strong noise. The
# noise isn't clipped: the formula needs the bell curve.


# %%
def any_noise(images, rng):
    sigma = 0.02 * 200 ** rng.random()  # 0.02 at the least, 4 at the most
    return degradations.add_gaussian_noise(images, sigma, rng)


# %% [markdown]
# **The loss.** A plain squared error would be all about strong noise: what a good
# denoiser leaves at σ = 4 is more than a hundred times what it leaves at σ = 0.02. So the loss is the *logarithm* of the batch's
# error, as in PSNR. To halve the error then counts the same at every strength.
#
# > **Guess first.** In chapter 2 the loss took the logarithm for each *picture*, and
# > then the mean. Here it is the logarithm of the mean over the batch. Why may it not be
# > the other way round?


# %%
def log_error(clean, restored):
    error = ops.mean(ops.square(clean - restored))  # of the whole batch
    return ops.log(error + 1e-8)


# %% [markdown]
# The formula needs a denoiser that answers with the average, $E[x \mid y]$. Suppose that
# two digits are equally likely. The mean of the squared errors is smallest for
# their average. But a mean of *logarithms* is smallest for one of the two, since a hit
# has an error of almost 0, and the logarithm of that is hugely negative. A loss by
# picture would teach the network to guess. Within a batch of 64 that all have the same
# σ, the mean is taken first, so it teaches the average. (The batch is finite, so this
# holds nearly, not exactly.)
#
# `datasets.DegradedSequence` makes batches of pairs (noisy, clean), with new noise in
# each epoch. `training.compile_with_decay` compiles with Adam, at a rate that falls to 0.
# `training.fit` is Keras's `fit` under a name: with `MODE = "pretrained"` it loads what
# was trained under it.

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


# %% [markdown]
# (`predict_on_batch` does the same as `predict`, for one batch, and is faster for few
# pictures. `clipnorm=1.0` shortens gradients that are longer than 1, so that a single
# batch can't throw the training off.)
#
# <details><summary>All helpers on this page, one line each</summary>
#
# | name | what it does |
# |---|---|
# | `datasets.load_mnist`, `load_photos`, `photo_table` | the digits; the photographs; a table with one row a photograph |
# | `datasets.DegradedSequence` | batches of pairs (noisy, clean) |
# | `degradations.add_gaussian_noise` | noise of a given σ |
# | `training.begin`, `set_seed` | start the chapter; start the random numbers from the same place |
# | `training.compile_with_decay` | `model.compile` with Adam and a rate that falls to 0 |
# | `training.fit` | `model.fit` with a name |
# | `training.study`, `fewer` | keep the table that a function returns; take less of a list when `MODE` is `"quick"` |
# | `training.load_network` | a trained network of another chapter by its name |
# | `metrics.mse` | one number for each picture |
# | `metrics.evaluate`, `comparison` | a table with one row for each picture; a table with one row for each method |
# | `baselines.restore` | a classical method by its name |
# | `plotting.show_restorations`, `show_images`, `show_lines` | draw pictures with their PSNR; pictures; curves |
# | `drawings.bars`, `show_panels` | bars; several of them side by side |
# | `drawings.show_pulls`, `show_arrows`, `show_paths` | the arrows of this chapter: along a line, in a plane, step by step |
# | `results.row`, `results.save` | bookkeeping in the last cells: the tables of the report |
# | `check` | says what is still wrong with the answer of an exercise |
#
# </details>
#
# ### Does it denoise?
#
# One digit under noise of five strengths, and the network's answers. (The upper row
# is stretched from black to white, as before; its PSNR is that of the noisy picture cut
# to the range from 0 to 1.)

# %%
some = []  # the first 0 among the test digits, the first 1, and so on up to 7
for digit_kind in range(8):
    some.append(np.flatnonzero(labels_test == digit_kind)[0])
x_some = x_test[some]

answers = {}
for sigma in (0.1, 0.3, 1.0, 2.0, 4.0):
    y_some = degradations.add_gaussian_noise(x_some, sigma, rng=SEED)
    answers[f"σ = {sigma}"] = np.clip(denoise(y_some), 0, 1)
plotting.show_restorations(answers, x_some, name="07_any_noise")

# %% [markdown]
# TODO(look): up to σ = 0.3 the digits come back. At 1 they are soft and at 2 they are
# clouds. At 4 all eight answers are about the same: the average of all digits, because
# the noise leaves everything open.
#
# And does it know how strong the noise is? Nobody told it. The root of the mean square
# of what it takes away is its estimate:

# %%
rows = {}
for sigma in (0.05, 0.2, 0.5, 1.0, 2.0, 4.0):
    y_noisy = degradations.add_gaussian_noise(x_validation[:500], sigma, rng=SEED)
    clean = denoise(y_noisy)
    removed = np.sqrt(np.mean((y_noisy - clean) ** 2, axis=(1, 2, 3)))
    error = metrics.mse(x_validation[:500], np.clip(clean, 0, 1))
    rows[f"σ = {sigma}"] = {
        "removed": f"{removed.mean():.3f}",
        "spread": f"{removed.std():.3f}",
        "error of the answer": f"{error.mean() ** 0.5:.3f}",
    }
pd.DataFrame.from_dict(rows, orient="index")

# %% [markdown]
# TODO(measured): *removed* lies within … percent of σ, and hardly differs from picture to
# picture (*spread*, a standard deviation). 784 pixels show how strong the noise is. It is
# a little low, because an average can't tell all of the noise. (The last column is the
# root of the mean squared error that is left.)

# %% [markdown]
# ## Digits from noise
#
# Everything is ready. Begin with noise of σ = 4 around the mean digit, and take sixty
# steps. `diary` collects what each step was given and what it answered.

# %%
STEPS = 60

rng = np.random.default_rng(SEED)
diary = []
first_drawn = take_steps(
    denoise, noise_around(mean_digit, 8, 4.0, rng), STEPS, rng, diary=diary
)

# %%
rows, labels = [], []
for number in (0, 12, 24, 36, 48, STEPS - 1):
    _, clean = diary[number]
    rows.append(np.clip(clean, 0, 1))
    labels.append(f"step {number + 1}")
plotting.show_images(rows, labels=labels, name="07_from_noise")

# %% [markdown] tags=["report-text"]
# Each row is what the denoiser answers at that step, and each column becomes one digit.
# TODO(look): the first answers are all alike, the average of all digits. Then clouds
# part, it is settled which digit it will be, and the last steps make the strokes sharp.
# Nobody chose these digits, and none was given. **A network that was trained to remove
# noise draws digits, because removing noise means moving to where digits are likely.**
# Many systems that draw pictures from a text rest on such steps; there they are called
# *diffusion* [4, 5].

# %% [markdown]
# ### How many steps?
#
# The same noise at the start, and one, three, ten, … steps:

# %%
rows, labels = [], []
for steps in (1, 3, 10, 30, 100):
    rng = np.random.default_rng(SEED)
    noisy = noise_around(mean_digit, 8, 4.0, rng)
    rows.append(take_steps(denoise, noisy, steps, rng))
    labels.append(f"{steps} step{'s' if steps > 1 else ''}")
plotting.show_images(rows, labels=labels, name="07_steps")

# %% [markdown]
# TODO(look): one step gives the average, three give ghosts, ten give something like
# digits, and from thirty on most can be read. More steps cost more and change less.
#
# ## How real are they?
#
# Looking is not measuring. Let somebody judge who knows digits: a small classifier,
# trained on the same 55,000 digits and their labels.


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
verdicts = judge.predict(x_test, batch_size=500, verbose=0)  # (10000, 10)
right = verdicts.argmax(axis=1) == labels_test
print(f"right on {100 * right.mean():.1f}% of the test digits")

# %% [markdown]
# We ask it two things. **How sure?** A picture is *taken for a digit* if the judge gives
# one kind a probability of at least 0.95. **How alike as a whole?** For a thousand
# drawn digits and a thousand real ones we compare what the judge's layer of 64 features
# sees: the mean of each feature, and how they vary together. The **Fréchet distance**
# puts both into one number. It is 0 if the means and the covariances agree. (With the
# features of a larger classifier this is how generators of photographs are scored [6].)


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


# %% [markdown]
# Can the judge be fooled? Surely: it was never shown anything but digits, and has to
# give its ten probabilities to whatever comes. So we need controls, pictures that are
# *not* digits but look a little like them. One: the upper half of a digit, set on the
# lower half of another. Two: the average of two digits. For comparison, there are real
# test digits, and a thousand digits from the variational autoencoder of chapter 1, whose
# shipped weights `training.load_network` reads. Its decoder turns two random numbers into
# a digit.


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


# %% [markdown]
# And are they copies? For each picture we look for the nearest training digit, and say
# how far it is: the root of the mean squared difference. As in `look_up`, the squared
# distances of all pairs come from one product of matrices.


# %%
def to_nearest(images):
    """The root mean square difference of each picture to its nearest training digit."""
    flat, others = images.reshape(-1, 784), x_train.reshape(-1, 784)
    squares = np.sum(flat**2, axis=1, keepdims=True) + np.sum(others**2, axis=1)
    squares = squares - 2 * flat @ others.T  # (n, 55000)
    return np.sqrt(squares.min(axis=1).clip(0) / 784)


# %% [markdown]
# > **Guess first.** The variational autoencoder draws softly, and our steps draw sharp
# > strokes. Which of the two will the judge take for digits more often? And which is
# > ahead in the Fréchet distance?


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
columns = ["taken", "kinds", "distance", "nearest"]
shown = realness.set_index("pictures")[columns]
shown["taken"] = (100 * shown["taken"]).round(0)
shown.round({"kinds": 1, "distance": 1, "nearest": 3})

# %% [markdown]
# *taken*: percent that the judge takes for a digit. *kinds*: one over the sum of the
# squared shares of the ten kinds, which is 10 if all come up equally often, and 1 if it is
# always the same. *distance*: Fréchet distance to a thousand real test digits. *nearest*:
# the median root mean square difference to the nearest of 55,000 training digits.
#
# TODO(measured): with 60 steps … percent are taken for a digit, of real digits …, from
# the variational autoencoder …. In the Fréchet distance …. Read the controls with it: the
# judge takes … percent of the pictures that were put together from two halves. So *taken*
# doesn't mean *real*; it means that one kind is clearly ahead.

# %%
by_source = realness.set_index("pictures")
kind_columns = [f"kind_{digit}" for digit in range(10)]
panels = {}
for source in ("real digits", "variational autoencoder", "60 steps"):
    panels[source] = drawings.bars(by_source.loc[source, kind_columns].to_numpy(float))
drawings.show_panels(
    panels, columns=len(panels), height=2.2, labels=("digit", "share"), name="07_kinds"
)

# %% [markdown]
# TODO(look): all ten kinds come out. How evenly, beside the variational autoencoder?
#
# ### Are they copies?
#
# The average over known digits could only return known digits. And the network? Here are
# the eight digits from above, and below each the nearest of the 55,000 training digits.

# %%
nearest = []
for drawn in first_drawn:
    difference = np.mean((x_train - drawn) ** 2, axis=(1, 2, 3))  # (55000,)
    nearest.append(x_train[difference.argmin()])
plotting.show_images(
    [first_drawn, np.stack(nearest)],
    labels=["drawn", "nearest in\ntraining"],
    name="07_nearest",
)

# %% [markdown]
# TODO(look): the two are alike and not the same: other slants, other ends of strokes. The
# column *nearest* of the table says it for 200 of them. The drawn digits are about as far
# from the nearest training digit as real test digits are. A copy would be at 0.

# %% [markdown]
# ## Half a digit
#
# Now give the network something: the upper half of a test digit. We want a whole digit
# that has this upper half. In each step the denoiser answers with a whole digit. Before
# the noise is put back, we set the pixels that we know:


# %%
def keep_known(picture, is_known):
    """A constraint for take_steps: where is_known is true, the picture's pixels."""

    def constrain(clean):
        return np.where(is_known, picture, clean)

    return constrain


# %% [markdown]
# The network is not trained again, and doesn't know that there is a constraint. It only
# sees that the upper half is right already, and goes on from there. To get several
# answers, we begin from several draws of noise:


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

ten = []  # the first test digit of each kind
for digit_kind in range(10):
    ten.append(np.flatnonzero(labels_test == digit_kind)[0])
x_ten = x_test[ten]
completed = complete(x_ten, upper_half, 8, np.random.default_rng(SEED))  # (10, 8, …)

# %% [markdown]
# > **Guess first.** Which of the ten digits can be told by its upper half? For which will
# > the eight answers disagree?


# %%
def show_answers(given, several, truth, name):
    """A row for each digit: what was given, the answers, the truth."""
    rows = []
    for number in range(len(truth)):
        one = slice(number, number + 1)
        rows.append(np.concatenate([given[one], several[number], truth[one]]))
    answers_titles = [f"{k + 1}" for k in range(several.shape[1])]
    titles = ["given", *answers_titles, "truth"]
    plotting.show_images(rows, titles, width=9, name=name)


given_half = np.where(upper_half, x_ten, 0)
show_answers(given_half[2:], completed[2:], x_ten[2:], name="07_halves")

# %%
kinds = judge.predict(completed.reshape(80, 28, 28, 1), verbose=0).argmax(axis=1)
kinds_of_ten = kinds.reshape(10, 8)
for digit_kind in range(10):
    seen = sorted(set(kinds_of_ten[digit_kind].tolist()))
    print(f"upper half of a {digit_kind}: completed to {seen}")

# %% [markdown] tags=["report-text"]
# TODO(look, measured): each row begins with what was given and ends with the truth. Where the
# upper half tells the digit, as for …, the eight answers agree and differ in slant and
# width. Where it doesn't, they are different digits: the upper half of a 7 becomes a …, a
# … and a …. Each is clean, and each joins the given half without a seam.
# **None of the eight says that it is a guess.**

# %% [markdown]
# ## Several answers, and their mean
#
# The same steps answer other questions. *Few pixels*: one pixel in ten is known, and all
# others are lost. Then only the constraint changes. *Strong noise*: the digit lies under
# noise of σ = 1. Then nothing is constrained. We simply begin the steps with the noisy
# picture itself, at its σ, in place of pure noise.


# %%
def clean_up(noisy, sigma, count, rng):
    """Several clean digits for each noisy picture: (n, count, 28, 28, 1)."""
    repeated = np.repeat(noisy, count, axis=0)
    drawn = take_steps(denoise, repeated, STEPS, rng, start=sigma)
    return drawn.reshape(len(noisy), count, 28, 28, 1)


# %%
one_in_ten = np.random.default_rng(SEED + 5).random((28, 28, 1)) < 0.1
from_pixels = complete(x_ten, one_in_ten, 8, np.random.default_rng(SEED))
given_pixels = np.where(one_in_ten, x_ten, 0)
show_answers(given_pixels[2:6], from_pixels[2:6], x_ten[2:6], name="07_few_pixels")

# %%
y_ten = degradations.add_gaussian_noise(x_ten, 1.0, rng=SEED + 1)
from_noise = clean_up(y_ten, 1.0, 16, np.random.default_rng(SEED))  # (10, 16, …)
show_answers(0.5 + y_ten[4:8] / 6, from_noise[4:8, :8], x_ten[4:8], name="07_strong")

# %% [markdown]
# (The noisy pictures are drawn with less contrast, so that black and white are not cut
# off.) A 7 under strong noise comes back as TODO(look): … . Which one should a method
# return that may give one answer only? In squared error, chapter 1 has told us: the mean
# of all of them. So let's take it, over sixteen answers. And next to it, what the
# denoiser says in a *single* step.
#
# > **Guess first.** How will the mean of the sixteen answers look beside the denoiser's
# > single answer? And which has the higher PSNR, one of the sixteen or their mean?

# %%
restored = {
    "one answer": from_noise[:, 0],
    "another answer": from_noise[:, 1],
    "mean of 16": from_noise.mean(axis=1),
    "single step": np.clip(denoise(y_ten), 0, 1),
}
plotting.show_restorations(
    restored, x_ten, examples=[0, 2, 3, 4, 5, 7, 8, 9], name="07_mean"
)

# %% [markdown] tags=["report-text"]
# TODO(look): the two lower rows are nearly the same picture. The single step gives
# $E[x \mid y]$, the average of all digits that may lie under this noise. The sixteen
# answers are sixteen of those digits. **So this is what a soft restoration is: many
# sharp answers, one on top of the other.** Where all of them agree, it is sharp. Where it
# is grey, they don't.

# %% [markdown]
# ### What one answer costs
#
# How much PSNR does one pay for a sharp answer? Chapter 4 has the sum. Let $m = E[x \mid
# y]$, and let an answer $x'$ be drawn from the same possibilities as the truth $x$. Both
# lie around $m$, independently of one another, so their squared distances to it add up.
# The mean of $k$ answers lies $k$ times closer to $m$, in squared distance, and so
#
# $$ E\,|x - \bar x_k|^2 = \Big(1 + \frac1k\Big)\, E\,|x - m|^2 . $$
#
# One answer has twice the error of the mean of all, which is 3 dB. Two have one and a
# half times the error, and sixteen are nearly as good as infinitely many. This holds if
# the answers really are drawn from the possibilities, each as often as it is likely. So
# it is also a test of our answers. Three questions, 300 test digits, 19 answers each:

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
means = asked.groupby(["question", "method"], sort=False)[["mse", "sure", "distance"]]
means = means.mean()  # one row for each question and method

numbers = [1, 2, 4, 8, 16]
of_numbers = [f"mean of {number}" for number in numbers]
table = pd.DataFrame({"as it should be": [1 + 1 / k for k in numbers]}, index=numbers)
for question in questions:
    errors = means.loc[question].loc[of_numbers, "mse"].to_numpy()
    best = errors[-1] / (1 + 1 / 16)  # what infinitely many answers would have
    table[question] = errors / best
table.rename_axis("answers").round(2)

# %% [markdown]
# Each number is a mean squared error, over that of infinitely many answers (estimated
# from the sixteen, so the last row is right by construction). For the noise, the *single
# step* in the table further down checks the estimate. TODO(measured): for … they follow the rule closely; for … one answer
# has … times the error instead of twice, so our answers spread *less* (or *more*) than
# the possibilities do.

# %% [markdown]
# ### Sharp or close: you can't have both
#
# Now put two numbers beside each other for one answer, for the mean of two, of four, and so
# on: the error (how far from the truth), and the Fréchet distance of the 300 pictures to
# real digits (how unlike digits they look).

# %%
lines = {}
for question in questions:
    curve = means.loc[question].loc[of_numbers]
    lines[question] = (curve["mse"], curve["distance"])
floor = means.loc[("noise", "truth"), "distance"]
plotting.show_lines(
    lines,
    x_label="mean squared error: far from the truth to the right",
    y_label="Fréchet distance: unlike digits upwards",
    references={"the truth itself": floor},
    legend=True,
    name="07_tradeoff",
)

# %%
shown = means.drop(index="truth", level="method")
shown["psnr"] = asked.groupby(["question", "method"], sort=False)["psnr"].mean()
shown["sure"] = (100 * shown["sure"]).round(0)
shown[["psnr", "mse", "sure", "distance"]].round({"psnr": 1, "mse": 4, "distance": 1})

# %% [markdown] tags=["report-text"]
# On each curve the rightmost dot is one answer, then come the means of 2, 4, 8 and 16.
# The dashed line is the distance of the true digits themselves to other real ones.
# TODO(look, measured): going to the left, the error falls, and the pictures look less and
# less like digits. No dot is at the lower left: none is both as close to the truth as
# the mean and as much like a digit as one answer. This is the **perception–distortion
# trade-off** of Blau and Michaeli [7], here as a curve that you can walk along by
# choosing how many answers to average.
#
# Chapter 4 said that an adversarial loss pushes a network from the average to one sharp
# answer. It moves along such a curve to its right end, and always gives the same answer
# for the same input: one of the many, without showing that there were others.

# %% [markdown]
# ## When not to believe it
#
# One sharp answer hides what isn't known. Many answers show it. At each pixel, take the
# standard deviation of the sixteen: the **spread**. Below it stands the actual error of
# their mean, which in real life nobody has.

# %%
spread = from_noise.std(axis=1)
error = np.abs(x_ten - from_noise.mean(axis=1))
plotting.show_images(
    [0.5 + y_ten / 6, from_noise.mean(axis=1), 2 * spread, 2 * error],
    labels=["given", "mean of 16", "spread, ×2", "error, ×2"],
    name="07_spread",
)

# %% [markdown]
# TODO(look): the spread is black where all answers agree and white where they don't, and
# the error is mostly found where the spread is. So it tells where not to believe the mean.
#
# But is it wide enough? A spread can be too narrow as well: then the answers agree with
# each other, and not with the truth. That can be tested. If the truth is one of the
# possibilities like the answers, then it is the twentieth draw beside nineteen. Sort all
# twenty by anything that one can measure, say the ink in the unknown part. The truth must
# come first, second, … or twentieth, each equally often. **Inside** the range of the
# nineteen it must lie in 18 cases of 20, that is 90 percent.
#
# > **Guess first.** Will the truth lie inside more often than in 90 percent, or less
# > often?

# %%
once = asked[asked["method"] == "mean of 1"]  # one row for each question and digit
panels = {}
for question, table in once.groupby("question", sort=False):
    places = np.bincount(table["below"], minlength=20)
    panels[question] = drawings.bars(places / len(table))
    inside = 100 * table["below"].between(1, 18).mean()
    print(f"{question:17} inside the range: {inside:.0f}%, 90% would be right")

drawings.show_panels(
    panels,
    columns=len(panels),
    height=2.2,
    labels=("answers with less ink", "share"),
    name="07_ranks",
)

# %% [markdown]
# Each bar is the share of digits for which so many of the nineteen answers had less ink
# than the truth. If all is right, all bars are about 0.05 high. TODO(look, measured): for …
# the bars at the ends are too high: the truth has too often more (or less) ink than
# *all* answers.
#
# The same for the question that people ask: *which digit is it?* Let the nineteen
# vote. If 15 of 19 say 7, how often is it a 7?

# %%
groups = [(0.0, 0.5), (0.5, 0.75), (0.75, 0.99), (0.99, 1.0)]
columns = {}
for question, table in once.groupby("question", sort=False):
    columns[question] = []
    for low, high in groups:
        here = table[(table["agreement"] > low) & (table["agreement"] <= high)]
        right = 100 * (here["most"] == here["label"]).mean()
        said = f"{right:.0f}% of {len(here)}" if len(here) else "none"
        columns[question].append(said)

votes = ["up to half", "half to 3/4", "more than 3/4", "all"]
pd.DataFrame(columns, index=votes).rename_axis("share of the votes")

# %% [markdown]
# Each cell: in how many percent of those digits the vote was right. TODO(measured): where
# all nineteen agree, it is right in …; where the winner has half of the votes or less, in
# …. So the votes can be used as a warning. (The judge errs as well, on about one
# real digit in a hundred.)

# %% [markdown] tags=["report-text"]
# **What this means for an X-ray or a number plate.** A method that fills in what a picture doesn't
# show takes it from the pictures that it learned from. It will draw a healthy lung where
# most lungs were healthy, and a common letter where the plate can't be read. What it
# draws is sharp, and looks like evidence. So a single answer has no place where
# somebody decides by it. The average is safer, since what is not known stays grey.
# Several answers with their spread are better still, but only if somebody has tested, on
# pictures of the same kind whose truth is known, how often the truth lay inside. And
# even a spread that passed this test speaks of what *training* pictures were like. What
# never occurred there, such as a rare tumour, is in none of the answers.

# %% [markdown]
# How much difference in decibels is worth anything, and what an interval covers, is the
# subject of [chapter 6](06_metrics_report.ipynb). It reads the table that this chapter
# writes at its end.

# %% [markdown]
# ## A photograph
#
# Chapter 5 has a denoiser for photographs under noise of any strength from 5 to 55 of
# 255. Can it fill in missing pixels, without any training for it? To use a denoiser as
# the part that knows what pictures look like, in a method for something else, is called
# **plug-and-play** [8].
#
# Four pixels of five are lost. As a first guess, each lost pixel is interpolated
# linearly between the known ones. Then the same steps as above, with noise that falls
# from σ = 0.2 to 0.02: add noise, denoise, set the known pixels. We take one such answer,
# and the mean of four.
#
# The rival is total variation (chapter 2): the flattest of all pictures that have the
# known pixels. To find it, one flattens the picture a little (`weight` says how much), goes
# as far again, sets the known pixels, and keeps what is missing for the next round. (This
# is the method of Douglas and Rachford [9].)

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

# %%
photo_scores = {}
for method, table in photographs.groupby("method", sort=False):
    photo_scores[method] = table.reset_index(drop=True)
metrics.comparison(photo_scores, baseline="total variation, in steps")

# %%
shown_in = datasets.photo_table().query("split == 'test'")["shown"].tolist()
two = [shown_in.index("building"), shown_in.index("foliage")]
x_two = x_photos[two]
plotting.show_restorations(
    {
        "given": np.where(lost, 0, x_two),
        "linear": np.stack([interpolate(one) for one in x_two]),
        "total variation": fill_by_total_variation(x_two),
        "denoiser, one": fill_by_network(x_two, np.random.default_rng(SEED)),
        "mean of four": mean_of_four(x_two, np.random.default_rng(SEED)),
    },
    x_two,
    methods_across=True,
    truth="original",
    width=10.8,
    name="07_photographs",
)

# %% [markdown]
# TODO(measured, look): on 20 photographs one answer of the blind denoiser is ahead of (or
# behind) total variation by … dB ( … to …), and of linear interpolation by …; the mean of
# four is ahead of one by …, as it has to be by the sum above. (On two photographs, tried
# beforehand, total variation was 0.4 dB ahead of linear interpolation on one and 0.9 dB behind
# on the other; the mean of four was ahead of both.) The denoiser was trained for noise
# alone. (One network, one draw of lost pixels: the interval covers the choice of
# photographs.)

# %% [markdown]
# ## Your turn: lose another part
#
# Choose a test digit, say which pixels are known, and run the cell. It takes a second
# or two. `row_numbers < 14` is the upper half; try `column_numbers < 14`, or every third
# column, `column_numbers % 3 == 0`, or a hole in the middle. Before you run it: which
# digits will you see? Find the smallest part of *this* digit from which all eight
# answers are right.

# %%
DIGIT = 15  # number of a test digit
column_numbers = np.arange(28).reshape(1, 28, 1)
KNOWN = column_numbers < 14

is_known = np.broadcast_to(KNOWN, (28, 28, 1))
mine = x_test[DIGIT : DIGIT + 1]
my_answers = complete(mine, is_known, 8, np.random.default_rng(SEED))
show_answers(np.where(is_known, mine, 0), my_answers, mine, name="07_your_turn")

# %%
most, share = agreement_of(my_answers)
print(f"most of the answers are a {most[0]} ({100 * share[0]:.0f}%)", end="; ")
print(f"the writer wrote a {labels_test[DIGIT]}")

# %% [markdown]
# A digit of your own works too: `image_io.read_picture` reads a file (chapter 1 turns one
# into 28×28), white ink on black, values from 0 to 1. For other pictures, the denoiser has
# to be trained on such: 55,000 is plenty, 5,000 a start. Two checks are worth making
# every time. Do a thousand drawn pictures have the same kinds as real ones? And does the
# truth lie inside the spread as often as it should?

# %% [markdown]
# ## Exercises
#
# Each exercise has a cell to start from. Replace the `...` by your code and run it;
# `check` says what is still wrong. Write down what you expect *before* you run. All of
# them work in every `MODE`, and none needs a training.
# [Solutions](solutions/07_one_denoiser_many_answers.ipynb)
#
# ### Exercise 7.1 · Three greys
#
# A pixel can have several grey values, each with its own probability. Write the best
# answer in squared error to a noisy value `y`, for lists of any length. Predict first:
# for black, grey (0.5) and white, equally likely, what is the answer to y = 0.5, and does
# it depend on σ?
#
# <details><summary>Hint 1</summary>Each grey value gets a weight: its probability times
# <code>bell(y - grey, sigma)</code>.</details>
# <details><summary>Hint 2</summary>The answer is the sum of weight times grey, over the
# sum of the weights.</details>


# %%
def answer_to(y, sigma, greys, probabilities):
    return ...  # one number


check("7.1", answer_to)

# %% [markdown]
# ### Exercise 7.2 · No fresh noise
#
# Write the steps without fresh noise: in each of `steps` steps the denoiser answers, and
# the noise that it took away is put back, weaker by `factor`. Return the last answer, not
# clipped. Predict first: from the same start, how many different digits can they draw?
#
# <details><summary>Hint 1</summary>It is <code>take_steps</code> with fewer
# lines.</details>
# <details><summary>Hint 2</summary><code>noisy = clean + factor * (noisy -
# clean)</code></details>


# %%
def quiet_steps(denoiser, noisy, steps, factor):
    return ...


check("7.2", quiet_steps)

# %% [markdown]
# ### Exercise 7.3 · Decibels for answers
#
# The best possible denoiser, the mean of infinitely many answers, has a mean squared
# error worth `best` decibels. How many decibels has the mean of `k` answers? Predict
# first: how many answers does one need to come within 0.1 dB of the best?
#
# <details><summary>Hint 1</summary>The error is 1 + 1/k times as large.</details>
# <details><summary>Hint 2</summary>A factor in the error is a sum in
# decibels.</details>


# %%
def decibels_of_mean(best, k):
    return ...


check("7.3", decibels_of_mean)

# %% [markdown]
# ### Exercise 7.4 · From 7×7 to 28×28
#
# Given is a small picture of 7×7, in which each pixel is the mean of a block of 4×4.
# Write the constraint: change each block of `clean` so that its mean is that of the small
# picture, by adding one number to all sixteen pixels. Then `take_steps` enlarges digits in
# several ways, which ties this chapter to chapter 4. Predict first: will a 7×7 picture
# settle which digit it is?
#
# <details><summary>Hint 1</summary>Reshape to (n, 7, 4, 7, 4, 1); the mean over the axes 2
# and 4 is the small picture.</details>
# <details><summary>Hint 2</summary>The number to add is the difference of the two small
# pictures. <code>np.repeat(np.repeat(difference, 4, axis=1), 4, axis=2)</code> brings it
# to 28×28.</details>


# %%
def keep_means(clean, small):  # (n, 28, 28, 1) and (n, 7, 7, 1)
    return ...


check("7.4", keep_means)

# %% [markdown]
# ### Exercise 7.5 · Too sure
#
# For each of several digits you have one number that was measured on the truth, and the
# same number of each of the answers. Write two shares: how often the truth lies strictly
# between the smallest and the largest answer, and how often it should, if truth and
# answers are drawn alike. Predict first: with 3 answers, how often should it?
#
# <details><summary>Hint 1</summary><code>several.min(axis=1)</code> is the smallest answer
# of each digit.</details>
# <details><summary>Hint 2</summary>Of k + 1 numbers, the truth is the smallest with
# probability 1/(k + 1), and the largest just as often.</details>


# %%
def shares_inside(truth, several):  # (n,) and (n, k)
    measured = ...
    expected = ...
    return measured, expected


check("7.5", shares_inside)

# %% [markdown]
# ## Quiz
#
# **1.** A denoiser for σ = 0.4 moves a noisy pixel from 0.5 to 0.3. What does that tell
# about the density of *noisy* values at 0.5?
#
# - **A.** It is larger than at 0.3.
# - **B.** It falls from there towards brighter values.
# - **C.** Nothing, as long as we don't know which pictures it was trained on.
#
# <details><summary>A</summary>The arrow points to where the density grows, and it points
# to 0.3.</details>
# <details><summary>B</summary>Yes. The arrow is σ² times the slope of log p, and it is
# negative: p grows towards darker values and falls towards brighter ones.</details>
# <details><summary>C</summary>We need not know them. That is the formula's point: the
# answer of a good denoiser tells the slope.</details>
#
# **2.** You train a denoiser with the mean over pictures of the *logarithm* of each
# picture's error, and take its answers for $E[x \mid y]$. What goes wrong?
#
# - **A.** Nothing: the logarithm grows with the error, so the best answer stays.
# - **B.** Where two pictures may be true, it is drawn to one of them, away from their
#   average.
# - **C.** Weak noise is not trained at all.
#
# <details><summary>A</summary>That holds for one picture. The mean of logarithms over
# several possible truths is smallest elsewhere than the logarithm of the
# mean.</details>
# <details><summary>B</summary>Yes. A hit has an error near zero, whose logarithm is
# hugely negative, so hitting one of the two pays.</details>
# <details><summary>C</summary>It is the other way round: logarithms give weak noise as
# much weight as strong noise.</details>
#
# **3.** One answer has 14 dB, the mean of sixteen answers 16.5 dB. Which should you
# show?
#
# - **A.** The mean: it is better.
# - **B.** One answer: it looks like a digit, and the mean doesn't.
# - **C.** It depends on what it is for; several answers, if there is room.
#
# <details><summary>A</summary>It is closer to the truth in squared error. But it may be a
# picture that never occurs, and it doesn't say which possibilities there are.</details>
# <details><summary>B</summary>It looks real, and that is the danger: nothing in it says
# that it is one of many.</details>
# <details><summary>C</summary>Yes. They answer different questions: the mean comes closest,
# one answer shows what it could look like, several show what isn't known.</details>
#
# **4.** All nineteen answers to half a digit are a 4. It was a 9. What do you conclude?
#
# - **A.** The judge must be wrong.
# - **B.** Once in a while this happens. Whether it happens too often has to be counted
#   over many digits.
# - **C.** The constraint was not kept.
#
# <details><summary>A</summary>It may be, but it need not. A truth can be an unlikely
# one.</details>
# <details><summary>B</summary>Yes. If of all digits with nineteen equal answers five in
# a hundred turn out otherwise, nineteen equal answers mean 95 percent, not
# certainty.</details>
# <details><summary>C</summary>All answers have the given half. The lower half is what they
# disagree about with the truth.</details>
#
# **5.** The steps begin with pure noise of σ = 1, and most of the digits that come out are
# ones. Why?
#
# - **A.** There are more ones among the training digits.
# - **B.** At σ = 1 a digit still shows through the noise; noise without a digit looks most
#   like the digit with the least ink.
# - **C.** Sixty steps are too few for other digits.
#
# <details><summary>A</summary>There are slightly more, about 11 of 100. That doesn't make
# half of what comes out.</details>
# <details><summary>B</summary>Yes. Training has never shown a picture without a digit, so
# the start has to be so noisy that nobody could tell.</details>
# <details><summary>C</summary>More steps follow the same arrows more exactly. They lead
# to the same place.</details>

# %% [markdown] tags=["report-text"]
# ## Summary
#
# A denoiser's arrow, from the noisy picture to its answer, is the slope of the logarithm
# of how likely noisy pictures are. So a network that removes noise of all strengths knows, without being
# told, where pictures lie. Its single answer is the average of all that may be true.
# Many small steps along its arrows end at one of them: new digits from pure noise, and,
# with a constraint, whole digits from a half or from a few pixels. One such answer is
# sharp and has up to twice the squared error; the mean of many is soft and close. Nothing in a single
# answer says that there were others. How far several differ shows what isn't known, but
# only as far as it has been tested against the truth.
#
# In chapter 1 a code left things open, and they came out as an average. That is where
# this course ends, too: **an average is soft because it is honest, and a sharp answer is
# one of many.**
#
# **Which number do you believe, then? [Chapter 6](06_metrics_report.ipynb) collects them
# all, those of this chapter among them.**

# %% [markdown]
# ## References
#
# 1. H. Robbins, "An empirical Bayes approach to statistics", Third Berkeley Symposium on
#    Mathematical Statistics and Probability 1, 1956; B. Efron, "Tweedie's formula and
#    selection bias", Journal of the American Statistical Association 106(496), 2011.
# 2. P. Vincent, "A connection between score matching and denoising autoencoders", Neural
#    Computation 23(7), 2011.
# 3. Z. Kadkhodaie and E. P. Simoncelli, "Stochastic solutions for linear inverse problems
#    using the prior implicit in a denoiser", NeurIPS 2021; first as "Solving linear
#    inverse problems using the prior implicit in a denoiser", arXiv:2007.13640, 2020.
# 4. J. Ho, A. Jain and P. Abbeel, "Denoising diffusion probabilistic models", NeurIPS
#    2020.
# 5. Y. Song and S. Ermon, "Generative modeling by estimating gradients of the data
#    distribution", NeurIPS 2019.
# 6. M. Heusel, H. Ramsauer, T. Unterthiner, B. Nessler and S. Hochreiter, "GANs trained by
#    a two time-scale update rule converge to a local Nash equilibrium", NeurIPS 2017:
#    the Fréchet distance of features.
# 7. Y. Blau and T. Michaeli, "The perception-distortion tradeoff", CVPR 2018.
# 8. S. V. Venkatakrishnan, C. A. Bouman and B. Wohlberg, "Plug-and-play priors for model
#    based reconstruction", IEEE Global Conference on Signal and Information Processing
#    2013.
# 9. P. L. Combettes and J.-C. Pesquet, "A Douglas–Rachford splitting approach to
#    nonsmooth convex variational signal recovery", IEEE Journal of Selected Topics in
#    Signal Processing 1(4), 2007.

# %% [markdown]
# The last cells make the picture at the top and write what this chapter measured into
# the report's tables. The picture shows that one of the ten digits whose eight answers
# have the most kinds.

# %% tags=["report"]
counts = [len(set(row.tolist())) for row in kinds_of_ten]
chosen = int(np.argmax(counts))
plotting.show_images(
    [np.concatenate([given_half[chosen : chosen + 1], completed[chosen]])],
    ["given", *(f"answer {k + 1}" for k in range(8))],
    width=10.8,
    name="07_opening",
)

# %% tags=["report"]
facts = {"notebook": "07", "split": "test"}
digits = {
    "dataset": "MNIST",
    "kind": "network",
    "params": network.count_params(),
    "source": "record",
}
names = {
    "upper half": "upper half known",
    "one pixel in ten": "one pixel in ten known",
    "noise": "noise 1 unclipped",
}
methods = {
    "mean of 1": "one answer in steps",
    "mean of 2": "mean of 2 answers",
    "mean of 4": "mean of 4 answers",
    "mean of 8": "mean of 8 answers",
    "mean of 16": "mean of 16 answers",
    "single step": "denoiser, single step",
}


# %% tags=["report"]
report = []
x_asked = x_test[: len(asked[asked["method"] == "truth"]) // len(questions)]
for question, is_known in questions.items():
    if is_known is None:
        rng = np.random.default_rng(SEED + 2)  # the draw that the study was given
        given = degradations.add_gaussian_noise(x_asked, 1.0, rng)
    else:
        given = np.where(is_known, x_asked, 0)
    table = metrics.evaluate(x_asked, np.clip(given, 0, 1))
    about = {"dataset": "MNIST", "kind": "input", "degradation": names[question]}
    report.append(results.row(table, method="degraded input", **facts, **about))

# %% tags=["report"]
scored = asked[asked["method"] != "truth"]
for (question, method), table in scored.groupby(["question", "method"], sort=False):
    about = facts | digits | {"degradation": names[question]}
    report.append(results.row(table, method=methods[method], **about))

photo_kinds = {
    "linear interpolation": {"method": "linear interpolation", "kind": "classical"},
    "total variation, in steps": {
        "method": "total variation, in steps",
        "kind": "classical",
    },
}
for method in ("blind denoiser, in steps", "blind denoiser, mean of 4"):
    photo_kinds[method] = {
        "method": method,
        "kind": "network",
        "params": blind.count_params(),
    }
for method, table in photo_scores.items():
    about = facts | photo_kinds[method] | {"dataset": "photographs 128x128"}
    about |= {"degradation": "four pixels of five lost", "source": "record"}
    report.append(results.row(table, **about))
_ = results.save("07_results", report)

# %% tags=["report"]
_ = results.save("07_realness", realness.round(4))
