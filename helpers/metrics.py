"""How far a restoration is from the truth: one value per image, tables of them, and what a difference is worth.

No function returns an average on its own. A mean of per-image PSNR and the PSNR of a mean MSE are different numbers
(about half a decibel apart on MNIST), so the averaging is left to the page, where a reader sees it.
"""

import concurrent.futures
import functools

import numpy as np
import pandas as pd
from scipy import ndimage, stats
from skimage.color import rgb2ycbcr

from helpers import checks

COLUMNS = ["mse", "psnr", "ssim"]
PIXELS_AT_ONCE = 2**18  # that a thread scores as float64


def mse(reference, restored, data_range=None):
    """Mean squared error of each image.

    Parameters
    ----------
    reference, restored : array_like, shape (n, height, width, channels)
        The clean images and their restorations, on the same scale.
    data_range : float, optional
        Distance between the smallest and the largest possible value. 1 when both arrays are floats and the reference
        lies in [0, 1]; anything else has to be said. It only guards against mixed scales here.

    Returns
    -------
    numpy.ndarray of float64, shape (n,)
        The mean over pixels and channels of the squared difference, in squared units of the images.

    Raises
    ------
    ValueError
        When the shapes differ or are not batches of images, when a batch is empty, when a value is not finite, when the
        reference leaves [0, data_range], when the restoration lies on another scale (farther from [0, data_range] than 8
        times data_range, where neither unclipped noise of σ = 1 nor a trained network reaches), or when ``data_range`` is
        needed and missing.

    Examples
    --------
    >>> clean = np.zeros((1, 8, 8, 1))
    >>> mse(clean, clean + 0.1)
    array([0.01])
    """
    reference, restored, _ = _pairs(reference, restored, data_range)
    return _in_parts(_squared_error, reference, restored)


def psnr(reference, restored, data_range=None):
    """Peak signal-to-noise ratio of each image, in decibels.

    Parameters
    ----------
    reference, restored : array_like, shape (n, height, width, channels)
        The clean images and their restorations, on the same scale. Clip a restoration to the range first.
    data_range : float, optional
        Distance between the smallest and the largest possible value. 1 when both arrays are floats and the reference
        lies in [0, 1]; anything else has to be said.

    Returns
    -------
    numpy.ndarray of float64, shape (n,)
        10 log10(data_range² / MSE); ``inf`` where an image is restored exactly.

    Raises
    ------
    ValueError
        As in `mse`.

    Examples
    --------
    >>> clean = np.zeros((2, 8, 8, 1))
    >>> psnr(clean, np.stack([clean[0] + 0.1, clean[0]]))  # ten times less error is 20 dB more
    array([20., inf])

    References
    ----------
    .. [1] Q. Huynh-Thu and M. Ghanbari, "Scope of validity of PSNR in image/video quality assessment", Electronics
       Letters 44(13), 2008, eq. 1.
    """
    reference, restored, data_range = _pairs(reference, restored, data_range)
    error = _in_parts(_squared_error, reference, restored)
    with np.errstate(divide="ignore"):  # an exact restoration is infinitely good, and says so
        return 10 * np.log10(data_range**2 / error)


def ssim(reference, restored, data_range=None):
    """Structural similarity of each image, as its authors define it.

    Gaussian window of standard deviation 1.5 cut to 11x11 pixels, population covariance, K1 = 0.01, K2 = 0.03, averaged
    over the positions at which the window lies inside the image, then over channels. The values are those of
    ``skimage.metrics.structural_similarity(gaussian_weights=True, sigma=1.5, use_sample_covariance=False)``, which takes
    one image a call; here a batch of ten thousand digits is filtered at once, thirty times as fast.

    Parameters
    ----------
    reference, restored : array_like, shape (n, height, width, channels)
        At least 11 pixels high and wide.
    data_range : float, optional
        As in `psnr`.

    Returns
    -------
    numpy.ndarray of float64, shape (n,)
        1 for equal images, lower for less similar ones; it can fall below 0.

    Raises
    ------
    ValueError
        As in `mse`, and when an image is smaller than the window.

    Examples
    --------
    >>> stripes = np.indices((16, 16))[1][None, ..., None] % 2.0
    >>> print(f"{ssim(stripes, stripes)[0]:.1f}, moved by a pixel {ssim(stripes, 1 - stripes)[0]:.1f}")
    1.0, moved by a pixel -1.0

    References
    ----------
    .. [1] Z. Wang, A. C. Bovik, H. R. Sheikh and E. P. Simoncelli, "Image quality assessment: from error visibility to
       structural similarity", IEEE Transactions on Image Processing 13(4), 2004, eq. 13 and section III-C.
    """
    reference, restored, data_range = _pairs(reference, restored, data_range)
    if min(reference.shape[1:3]) < 11:
        raise ValueError(f"images are {reference.shape[1]}x{reference.shape[2]} pixels, SSIM needs 11x11 at least")
    return _in_parts(functools.partial(_similarity, data_range=data_range), reference, restored)


def _squared_error(x, y):
    return np.mean((x - y) ** 2, axis=(1, 2, 3))


def _similarity(x, y, data_range):
    def mean(image):
        return ndimage.gaussian_filter(image, (0, 1.5, 1.5, 0), radius=(0, 5, 5, 0))[:, 5:-5, 5:-5]

    mean_x, mean_y = mean(x), mean(y)
    variance_x, variance_y = mean(x * x) - mean_x**2, mean(y * y) - mean_y**2
    covariance = mean(x * y) - mean_x * mean_y
    c1, c2 = (0.01 * data_range) ** 2, (0.03 * data_range) ** 2
    luminance = (2 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1)
    structure = (2 * covariance + c2) / (variance_x + variance_y + c2)
    return np.mean(luminance * structure, axis=(1, 2, 3))


def luminance(images):
    """The Y channel of ITU-R BT.601 [1]_, on which super-resolution is often scored.

    Parameters
    ----------
    images : array_like of float, shape (n, height, width, 3)
        RGB in [0, 1]; values outside are clipped, as in `evaluate`.

    Returns
    -------
    numpy.ndarray of float64, shape (n, height, width, 1)
        In [16 / 255, 235 / 255]: black is not 0 and white not 1, so errors look smaller than in RGB.

    Raises
    ------
    ValueError
        When the images are no batch of floats with three channels, or lie on another scale, as in `mse`.

    References
    ----------
    .. [1] Recommendation ITU-R BT.601-7, "Studio encoding parameters of digital television", 2011.
    """
    images = checks.check_images(images)
    if images.shape[-1] != 3:
        raise ValueError(f"images have shape {images.shape}, expected (n, height, width, 3)")
    checks.check_near_unit("an image", images)
    return rgb2ycbcr(np.clip(images, 0, 1))[..., :1] / 255


def evaluate(reference, restored, names=None, data_range=None, *, channel="RGB", border=0):
    """Score every image.

    Parameters
    ----------
    reference, restored : array_like, shape (n, height, width, channels)
        The clean images and their restorations. A float restoration without ``data_range`` is clipped to [0, 1], where
        images are shown and stored.
    names : sequence of length n, optional
        What the column ``image`` holds; by default 0 to n - 1.
    data_range : float, optional
        As in `psnr`.
    channel : {"RGB", "Y"}, optional
        "Y" scores `luminance` alone, for comparison with reports that do. "RGB" takes the channels as they are.
    border : int, optional
        Pixels that are left out at each side.

    Returns
    -------
    pandas.DataFrame
        One row an image, with the columns image, mse, psnr and ssim.

    Raises
    ------
    ValueError
        As in `ssim`, when the number of names is not that of the images, when the channel is unknown, or when the border
        leaves nothing.

    Examples
    --------
    >>> clean = np.zeros((2, 16, 16, 1))
    >>> evaluate(clean, clean + 0.1, names=["a", "b"])[["image", "psnr"]].round(1)
      image  psnr
    0     a  20.0
    1     b  20.0
    """
    if channel not in ("RGB", "Y"):
        raise ValueError(f"channel is {channel!r}, expected 'RGB' or 'Y'")
    reference, restored = checks.check_array("reference", reference), checks.check_array("restored", restored)
    if checks.check_int("border", border, least=0) and reference.ndim == restored.ndim == 4:
        checks.check_int(f"for images of shape {reference.shape}, border", border, most=(min(reference.shape[1:3]) - 1) // 2)
        reference, restored = (images[:, border:-border, border:-border] for images in (reference, restored))
    _pairs(reference, restored, data_range)  # before clipping hides infinities and wrong scales
    if channel == "Y":
        reference, restored = luminance(reference), luminance(restored)
    if data_range is None and restored.dtype.kind == "f":
        restored = np.clip(restored, 0, 1)
    scores = {name: score(reference, restored, data_range) for name, score in (("mse", mse), ("psnr", psnr), ("ssim", ssim))}
    names = range(len(restored)) if names is None else list(names)
    if len(names) != len(restored):
        raise ValueError(f"{len(names)} names for {len(restored)} images, expected one each")
    return pd.DataFrame({"image": names, **scores})


def filter_by_quality(table, max_mse=None, min_ssim=None):
    """The rows of `table` whose error is at most `max_mse` and whose similarity is at least `min_ssim`.

    Parameters
    ----------
    table : pandas.DataFrame
        As `evaluate` gives it.
    max_mse, min_ssim : float, optional
        Thresholds; None sets none.

    Returns
    -------
    pandas.DataFrame
        A part of `table` in its order. An average over it describes the images that were kept, and no others.

    Raises
    ------
    ValueError
        When a score is missing, or a threshold is none that it can have.

    Examples
    --------
    >>> scores = pd.DataFrame({"image": [0, 1], "mse": [0.01, 0.2], "ssim": [0.9, 0.3]})
    >>> filter_by_quality(scores, max_mse=0.05)["image"].tolist()
    [0]
    """
    keep = pd.Series(True, index=checks.check_table(table, ("mse", "ssim")).index)
    if max_mse is not None:
        keep &= table["mse"] <= checks.check_number("max_mse", max_mse, 0)
    if min_ssim is not None:
        keep &= table["ssim"] >= checks.check_number("min_ssim", min_ssim, -1, 1)
    return table[keep]


def top(table, n=10, by="psnr"):
    """The `n` best rows of `table`, best first; for ``by="mse"`` the smallest are best.

    Parameters
    ----------
    table : pandas.DataFrame
        As `evaluate` gives it.
    n : int, optional
        How many; all when the table is shorter.
    by : {"psnr", "ssim", "mse"}, optional
        The column that decides. Equal values keep the table's order.

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    ValueError
        When `by` is no score or missing, or `n` is no int of 1 or more.

    Examples
    --------
    >>> scores = pd.DataFrame({"image": [0, 1, 2], "psnr": [20.0, 30.0, 25.0]})
    >>> top(scores, 2)["image"].tolist()
    [1, 2]
    """
    if by not in COLUMNS:
        raise ValueError(f"by is {by!r}, expected one of {COLUMNS}")
    return checks.check_table(table, (by,)).sort_values(by, ascending=by == "mse", kind="stable").head(checks.check_int("n", n))


def paired_interval(a, b, confidence=0.95, groups=None):
    """Mean of the differences a - b over the same images, with its confidence interval.

    The images differ far more among each other than two methods do on one image, so the interval is taken over the
    differences (Student's t), not over each method alone.

    Parameters
    ----------
    a, b : array_like, shape (n,)
        One score per image, in the same order.
    confidence : float, optional
        How often an interval made so covers the true mean.
    groups : array_like, shape (n,), optional
        Which images belong together, such as the squares of one scene: they err together, so the interval is taken over
        the groups, each with the weight of its images [1]_.

    Returns
    -------
    mean, low, high : float
        In the scores' unit. When low is above 0, a is better than b by more than the choice of images explains.

    Raises
    ------
    ValueError
        When the lengths differ, when there are fewer than two images or groups, or when a score is not finite.

    References
    ----------
    .. [1] A. C. Cameron and D. L. Miller, "A practitioner's guide to cluster-robust inference", Journal of Human Resources
       50(2), 2015.

    Examples
    --------
    >>> ours, theirs = [30.1, 25.2, 27.0], [29.0, 24.0, 26.1]
    >>> "{:.2f} dB, {:.2f} to {:.2f}".format(*paired_interval(ours, theirs))
    '1.07 dB, 0.69 to 1.45'
    """
    confidence = checks.check_number("confidence", confidence, 0, 1)
    a, b = checks.check_array("a", a, np.float64), checks.check_array("b", b, np.float64)
    if a.shape != b.shape or a.ndim != 1 or len(a) < 2:
        raise ValueError(f"scores have shapes {a.shape} and {b.shape}, expected two lists of one length, 2 or more")
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise ValueError("a score is not finite: an exact restoration has PSNR inf, leave such images out and say so")
    groups = np.arange(len(a)) if groups is None else np.asarray(groups)
    if groups.shape != a.shape or len(np.unique(groups)) < 2:
        raise ValueError(f"groups have the shape {groups.shape}, expected {a.shape}, a name for each image, 2 names or more")
    difference = a - b
    mean = difference.mean()
    shares = pd.Series(difference - mean).groupby(groups).sum() / len(a)  # of the mean's error, one a group
    error = np.sqrt(len(shares) / (len(shares) - 1) * (shares**2).sum())
    reach = stats.t.ppf((1 + confidence) / 2, len(shares) - 1) * error
    return float(mean), float(mean - reach), float(mean + reach)


def comparison(scores, baseline=None):
    """A table of methods: mean scores, and by how much each is better than the baseline on the same images.

    Parameters
    ----------
    scores : dict of str to pandas.DataFrame
        Method to scores of the same images, as `evaluate` gives them.
    baseline : str, optional
        The method that the others are compared with; the first by default.

    Returns
    -------
    pandas.DataFrame
        One row a method, in their order: mean PSNR and SSIM, the mean of the paired differences of PSNR, and its 95%
        interval by `paired_interval`, which covers the choice of images and nothing else.

    Raises
    ------
    ValueError
        When the baseline is no method, or the methods were scored on other numbers of images.

    Examples
    --------
    >>> clean = np.zeros((3, 16, 16, 1))
    >>> scores = {"noisy": evaluate(clean, clean + 0.2), "restored": evaluate(clean, clean + 0.1)}
    >>> comparison(scores)["against noisy, dB"].tolist()
    ['', '+6.02']
    """
    baseline = next(iter(scores)) if baseline is None else baseline
    if baseline not in scores:
        raise ValueError(f"baseline is {baseline!r}, expected one of {list(scores)}")
    rows = {}
    for method, table in scores.items():
        checks.check_table(table, ("psnr", "ssim"))
        row = {"PSNR, dB": f"{table['psnr'].mean():.2f}", "SSIM": f"{table['ssim'].mean():.3f}"}
        row |= {f"against {baseline}, dB": "", "95% interval": ""}
        if method != baseline:
            mean, low, high = paired_interval(table["psnr"], scores[baseline]["psnr"])
            row |= {f"against {baseline}, dB": f"{mean:+.2f}", "95% interval": f"{low:+.2f} to {high:+.2f}"}
        rows[method] = row
    return pd.DataFrame.from_dict(rows, orient="index")


def ablation(trainings, value="psnr", *, row="method", against=None, pictures=None):
    """What each row of an ablation changes, compared seed by seed.

    Parameters
    ----------
    trainings : pandas.DataFrame
        One row or more for each training, with the columns `row`, "seed" and `value`. Empty values are left out. The columns
        "parameters" and "steps" are taken over where there are any.
    value : str, optional
        The column of scores, in decibels.
    row : str, optional
        The column that names what was trained. Its rows keep their order.
    against : dict of str to str, or str, optional
        What each row is compared with: a dictionary may leave rows out, which are then compared with nothing; one name stands
        for all rows. By default each is compared with the row above it.
    pictures : str, optional
        A column that names what was scored, where each training was scored on several pictures (or scenes): the interval
        then covers the choice of pictures as well.

    Returns
    -------
    pandas.DataFrame
        One row for each name: the mean, what it is compared with, the mean change, and the change's 95% interval (Student's
        t over the seeds; with `pictures`, together with that over the pictures, as independent errors add up). Without at
        least two seeds there is no interval.

    Raises
    ------
    ValueError
        When a column is missing, when a row is compared with one that is not there, or when the two have other seeds.

    Examples
    --------
    >>> table = pd.DataFrame({"method": list("aabb"), "seed": [0, 1, 0, 1], "psnr": [20.0, 21.0, 21.0, 22.2]})
    >>> ablation(table)["change, dB"].tolist()
    ['', '+1.10']
    """
    keys = [row, "seed"] + ([pictures] if pictures else [])
    missing = [column for column in keys if column not in trainings]
    if missing:
        raise ValueError(f"a table has the columns {list(trainings)}, expected {', '.join(missing)} as well")
    trainings = checks.check_table(trainings, ("seed", value)).dropna(subset=[value])
    scores = trainings.groupby(keys, sort=False)[value].mean()
    names, rows = trainings[row].unique().tolist(), {}
    if against is None:
        against = dict(zip(names[1:], names, strict=False))
    elif isinstance(against, str):
        against = dict.fromkeys(names, against)
    for name in names:
        first = trainings[trainings[row] == name].iloc[0]
        # NaN is a method without training, such as non-local means.
        costs = {column: first[column] for column in ("parameters", "steps") if column in trainings}
        rows[name] = {column: f"{cost:,.0f}" if pd.notna(cost) else "" for column, cost in costs.items()}
        rows[name] |= {"PSNR, dB": f"{scores[name].mean():.2f}", "against": "", "change, dB": "", "95% interval": ""}
        other = against.get(name) or name
        if other == name:
            continue
        if other not in names:
            raise ValueError(f"{name!r} is compared with {other!r}, expected one of {names}")
        if not scores[name].index.equals(scores[other].index):
            raise ValueError(f"{name!r} and {other!r} were not scored with the same seeds and pictures: no pairs can be made")
        mean, low, high = crossed_interval(scores[name] - scores[other], keys[1:])
        interval = f"{low:+.2f} to {high:+.2f}" if np.isfinite(low) else ""
        rows[name] |= {"against": other, "change, dB": f"{mean:+.2f}", "95% interval": interval}
    return pd.DataFrame.from_dict(rows, orient="index")


def summary(table, by, of):
    """Mean, lowest and highest of a column, over the rows that agree in another: over seeds, say.

    Parameters
    ----------
    table : pandas.DataFrame
        One row for each training.
    by : str or list of str
        The column in which the rows of one group agree, or several.
    of : str
        The column of scores.

    Returns
    -------
    pandas.DataFrame
        One row for each value of `by`, which is the index; columns mean, lowest and highest.

    Examples
    --------
    >>> table = pd.DataFrame({"code": [2, 2, 4], "psnr": [14.0, 15.0, 16.0]})
    >>> summary(table, by="code", of="psnr").loc[2].tolist()
    [14.5, 14.0, 15.0]
    """
    groups = table.groupby(by)[of]
    return pd.DataFrame({"mean": groups.mean(), "lowest": groups.min(), "highest": groups.max()})


def crossed_interval(differences, sources):
    """Mean of paired differences, with a 95% interval that covers several choices at once, such as seeds and scenes.

    Parameters
    ----------
    differences : pandas.Series
        One for each combination of the choices, which are levels of its index.
    sources : sequence of str
        Names of the levels that the interval is to cover; their errors add up as independent ones.

    Returns
    -------
    mean, low, high : float
        The limits are NaN where a level has fewer than two values.
    """
    reach = 0.0
    for source in sources:
        means = differences.groupby(source).mean()
        reach = np.hypot(reach, stats.t.ppf(0.975, len(means) - 1) * means.sem()) if len(means) > 1 else np.nan
    mean = differences.mean()
    return mean, mean - reach, mean + reach


def _in_parts(score, reference, restored):
    """One value per image, computed in float64 on a few images at a time: a test set as float64 fills gigabytes."""
    few = max(1, PIXELS_AT_ONCE // reference[0].size)

    def of(first):
        return score(*(images[first : first + few].astype(np.float64) for images in (reference, restored)))

    with concurrent.futures.ThreadPoolExecutor() as pool:  # SciPy's filters let other threads run
        return np.concatenate(list(pool.map(of, range(0, len(reference), few))))


def _pairs(reference, restored, data_range):
    """Both batches and the data range, refused where a score would be wrong or mean nothing."""
    reference, restored = checks.check_array("reference", reference), checks.check_array("restored", restored)
    if reference.shape != restored.shape or reference.ndim != 4:
        raise ValueError(
            f"reference has shape {reference.shape}, restored {restored.shape}, expected the same (n, height, width, channels)"
        )
    if not {reference.dtype.kind, restored.dtype.kind} <= set("fiu"):
        raise ValueError(f"the batches have dtypes {reference.dtype} and {restored.dtype}, expected numbers")
    if reference.size == 0:
        raise ValueError(f"the batches are empty: shape {reference.shape}, expected one pixel or more")
    both_float = reference.dtype.kind == restored.dtype.kind == "f"
    if data_range is None and not both_float:
        raise ValueError(
            f"data_range is missing for {reference.dtype} against {restored.dtype}: give both as floats in [0, 1], "
            "or say data_range=255 for 8-bit images"
        )
    if not (np.isfinite(reference).all() and np.isfinite(restored).all()):
        raise ValueError("an image holds values that are not finite (NaN or infinity)")
    peak = 1.0 if data_range is None else checks.check_number("data_range", data_range, 1e-6, 2**32)
    low, high = reference.min(), reference.max()
    if low < 0 or high > peak:
        raise ValueError(
            f"the reference reaches from {low:.4g} to {high:.4g}, expected [0, {peak:g}]: "
            "divide by 255, or give the data_range that holds"
        )
    checks.check_near_unit("the restoration", restored, peak)
    return reference, restored, peak
