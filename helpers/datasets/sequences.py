"""Images in, ``keras.utils.PyDataset`` batches out: of digits, of patches, of pairs of files.

Every batch depends on seed, epoch and position alone, not on which worker makes it or what was asked for before, so a
training that was interrupted goes on with the batches that it would have seen.
"""

import concurrent.futures
import copy
import dataclasses
import functools
import pathlib
import warnings

import numpy as np

from helpers import checks, image_io, recipes
from helpers.backend import keras
from helpers.datasets import folders, photographs

MOST_OF_AN_EPOCH = 10**8  # images, whose order is kept in memory


def load_image_folder(directory, size=(64, 64)):
    """All pictures of a folder, resized.

    Parameters
    ----------
    directory : path-like
        PNG, JPEG, WebP, TIFF and BMP files in it are read, sorted by name; folders inside it are not. A copy of a picture
        that stands before is left out, so that none lies among those to train on and those to test on.
    size : tuple of int, optional
        Height and width of the result. The whole picture is resized, so its proportions may change.

    Returns
    -------
    images : numpy.ndarray of float32, shape (n, height, width, 3)
        In [0, 1].
    names : list of str
        The files' names, in the same order.

    Raises
    ------
    FileNotFoundError
        When the folder does not exist, or no picture in it can be read.

    Warns
    -----
    UserWarning
        Once, naming the files that are left out, with the reason.
    """
    images, names, left_out = [], [], []
    for row in folders.find_pictures(directory).itertuples():
        if row.reason:
            left_out.append(row.reason)
            continue
        try:
            images.append(image_io.resized(image_io.read_picture(row.file), size))
            names.append(row.file.name)
        except (FileNotFoundError, ValueError) as error:
            left_out.append(str(error))
    if not images:
        raise FileNotFoundError(f"no readable picture in {str(directory)!r}: {folders.some(left_out)}")
    if left_out:
        warnings.warn(f"{len(left_out)} file(s) left out: {folders.some(left_out)}", stacklevel=2)
    return _floats(np.stack(images)), names


class ShuffledSequence(keras.utils.PyDataset):
    """Which items a batch holds: all of them once an epoch, in an order that depends on seed and epoch alone.

    Keras's ``fit`` goes from epoch to epoch by itself. Each call of ``fit``, ``evaluate`` or ``predict`` begins at the epoch
    that `set_epoch` chose, so what is evaluated twice is the same, and so is what a network is validated on.

    Parameters
    ----------
    count, batch_size : int
        Items in all, and in a batch; the last batch of an epoch holds what is left.
    seed : int
    steps_per_epoch : int, optional
        Batches an epoch, all of them full: items come again, in another order, when there are too few.

    Attributes
    ----------
    epoch : int
        The epoch whose batches are given.

    Raises
    ------
    ValueError
        When there is nothing to make batches of, or a number is not a positive int.
    """

    def __init__(self, count, batch_size, seed, steps_per_epoch=None, **workers):
        super().__init__(**workers)
        if count == 0:
            raise ValueError("there is nothing to make batches of: 0 images")
        self.count, self.batch_size, self.seed = (
            count,
            checks.check_int("batch_size", batch_size),
            checks.check_int("seed", seed, 0),
        )
        self.steps_per_epoch = None if steps_per_epoch is None else checks.check_int("steps_per_epoch", steps_per_epoch)
        if (self.steps_per_epoch or 0) * self.batch_size > MOST_OF_AN_EPOCH:
            raise ValueError(
                f"{steps_per_epoch} batches of {batch_size}, expected {MOST_OF_AN_EPOCH:,} pictures an epoch at most"
            )
        self.set_epoch(0)

    def set_epoch(self, epoch):
        """Go to the batches of `epoch`, an int counted from 0."""
        self._chosen_epoch, self._within_epoch = epoch, False
        self._shuffle(epoch)

    def _shuffle(self, epoch):
        self.epoch = epoch
        rng = np.random.default_rng([self.seed, epoch])
        wanted = self.steps_per_epoch * self.batch_size if self.steps_per_epoch else self.count
        rounds = [rng.permutation(self.count) for _ in range(-(-wanted // self.count))]
        self.order = np.concatenate(rounds)[:wanted]

    def on_epoch_begin(self):
        self._within_epoch = True

    def on_epoch_end(self):
        # Keras calls this once more before the first epoch of each `fit`, `evaluate` and `predict`.
        self._shuffle(self.epoch + 1 if self._within_epoch else self._chosen_epoch)
        self._within_epoch = False

    def __len__(self):
        return -(-len(self.order) // self.batch_size)

    def chosen(self, index):
        """The items of batch `index`, as an array of int."""
        return self.order[index * self.batch_size : (index + 1) * self.batch_size]

    def rng(self, index):
        """The generator of everything random in batch `index` of this epoch."""
        return np.random.default_rng([self.seed, self.epoch, index])


class DegradedSequence(ShuffledSequence):
    """Batches of (degraded, clean) images, made while training runs.

    Parameters
    ----------
    images : numpy.ndarray of float32, shape (n, height, width, channels)
        Clean images in [0, 1].
    degrade : callable
        ``degrade(images, rng=generator)`` gives the degraded images.
    batch_size : int
        Images a batch; the last batch of an epoch holds what is left.
    seed : int
        Of the order and of the degradation.
    fresh : bool, optional
        True degrades anew in each epoch. False degrades once and shows the same pairs in every epoch.
    augment : callable, optional
        ``augment(images, rng=generator)`` changes the clean images of a batch before they are degraded. Without `fresh` it
        changes both pictures of a pair, from two generators in the same state, so that it changes them alike.
    steps_per_epoch : int, optional
        As in `ShuffledSequence`.

    Raises
    ------
    ValueError
        As in `ShuffledSequence`.
    """

    def __init__(self, images, degrade, batch_size, seed, fresh=True, augment=None, steps_per_epoch=None, **workers):
        images = checks.check_images(images)
        super().__init__(len(images), batch_size, seed, steps_per_epoch, **workers)
        self.images, self.degrade, self.fresh, self.augment = images, degrade, fresh, augment

    @functools.cached_property
    def once_degraded(self):
        """All images under the one draw that ``fresh=False`` shows, made when the first batch is asked for."""
        return self.degrade(self.images, rng=np.random.default_rng([self.seed]))

    def __getitem__(self, index):
        clean, rng = self.images[self.chosen(index)], self.rng(index)
        if self.fresh:
            clean = self._augmented(clean, rng)
            return self.degrade(clean, rng=rng), clean
        degraded = self.once_degraded[self.chosen(index)]
        return self._augmented(degraded, self.rng(index)), self._augmented(clean, rng)

    def _augmented(self, images, rng):
        return images if self.augment is None else self.augment(images, rng=rng)

    @functools.cached_property
    def _images_sha256(self):
        return recipes.digest([self.images])

    def describe(self):
        """What the batches are made of, for the record of a training; `degrade` as a ``functools.partial`` is named whole."""
        return {
            "images": list(self.images.shape),
            "images_sha256": self._images_sha256,
            "degrade": recipes.describe(self.degrade),
            "augment": recipes.describe(self.augment),
            "fresh": self.fresh,
            "batch_size": self.batch_size,
            "seed": self.seed,
            **({} if self.steps_per_epoch is None else {"steps_per_epoch": self.steps_per_epoch}),  # older records lack it
        }


class PatchSequence(ShuffledSequence):
    """Batches of (degraded, clean) square patches, cut at random from large pictures.

    Each patch comes from a picture chosen by its area, from a random place, and is mirrored and turned by quarters at random.

    Parameters
    ----------
    images : list of numpy.ndarray of uint8, each of shape (height, width, channels)
        Such as `load_photos` gives; none smaller than a patch.
    patch_size, batch_size : int
    degrade : callable, or list of numpy.ndarray of uint8
        ``degrade(patches, rng=generator)`` gives the degraded patches. Or the degraded pictures, each of the size of its
        clean one: patches are cut from both at the same place, and their rims are those of whole pictures.
    steps_per_epoch : int
        Batches an epoch.
    seed : int
    turned : bool, optional
        False leaves each patch as it lies in its picture.

    Raises
    ------
    ValueError
        When there are no pictures, one is smaller than a patch or not uint8, a degraded one is of another size, or a number
        is not a positive int.
    """

    def __init__(self, images, patch_size, batch_size, degrade, steps_per_epoch, seed, turned=True, **workers):
        super().__init__(len(images), batch_size, seed, steps_per_epoch, **workers)
        self.turned, patch_size = turned, checks.check_int("patch_size", patch_size)
        for image in images:
            image = checks.check_array("a picture", image)
            if image.ndim != 3 or image.dtype != np.uint8 or min(image.shape[:2]) < patch_size:
                raise ValueError(
                    f"a picture has shape {image.shape} and dtype {image.dtype}, expected uint8 of shape "
                    f"(height, width, channels) with both sides at least patch_size, {patch_size}"
                )
        if not callable(degrade) and [np.shape(low) for low in degrade] != [image.shape for image in images]:
            raise ValueError("the degraded pictures are not as many, or not of the same sizes, as the clean ones")
        self.images, self.patch_size, self.degrade = images, patch_size, degrade
        areas = np.array([image.shape[0] * image.shape[1] for image in images], dtype=np.float64)
        self.chances = areas / areas.sum()

    def __getitem__(self, index):
        rng = self.rng(index)
        picked = rng.choice(len(self.images), self.batch_size, p=self.chances)
        if callable(self.degrade):
            clean = self._patches(self.images, picked, [rng] * len(picked))
            return self.degrade(clean, rng=rng), clean
        seeds = rng.integers(2**32, size=len(picked))  # of the places, which are the same in both
        both = (self.degrade, self.images)
        return tuple(self._patches(images, picked, map(np.random.default_rng, seeds)) for images in both)

    def _patches(self, images, picked, rngs):
        places = zip(picked, rngs, strict=True)
        return _floats(np.stack([_random_patch(images[k], self.patch_size, rng, self.turned) for k, rng in places]))

    def describe(self):
        """What the batches are made of, for the record of a training."""
        return {
            "images": len(self.images),
            "images_sha256": recipes.digest(self.images),
            "patch_size": self.patch_size,
            "degrade": recipes.describe(self.degrade) if callable(self.degrade) else recipes.digest(self.degrade),
            "steps_per_epoch": self.steps_per_epoch,
            "batch_size": self.batch_size,
            "seed": self.seed,
            **({} if self.turned else {"turned": False}),  # older records lack it
        }


class PairedImageSequence(ShuffledSequence):
    """Batches of (low resolution, high resolution) from two folders and a list of pairs, as the published set has them.

    Crops are cut from the pictures as they are: shrinking them would take the degradation away. A low picture that is
    stored smaller than its high one is enlarged by bicubic first. All is read once, when the sequence is made, and kept in
    memory as uint8: 0.3 MB for a crop of 256x384.

    Rows that cannot be used (a missing, damaged or turned picture, one that is smaller than a crop, a row that stood
    before, two pictures that are the same) are left out, and named in one warning and in `skipped`.

    Parameters
    ----------
    csv, low_res_dir, high_res_dir
        As for `helpers.datasets.folders.find_pairs`.
    image_size : tuple of int, optional
        Height and width of a crop.
    batch_size : int, optional
    split : {"train", "validation", "test"}, optional
        The part to use; all by default.
    seed : int, optional
        Of the order.
    steps_per_epoch : int, optional
        Batches an epoch; by default as many as hold every pair once.
    crops : int, optional
        How many are cut from a picture at most, side by side. One is cut from its middle.

    Attributes
    ----------
    pairs : pandas.DataFrame
        The crops in use, one row each, with low_res, high_res, factor and split.
    skipped : pandas.DataFrame
        The pairs left out, with the reason.

    Raises
    ------
    FileNotFoundError
        When the list or a folder does not exist.
    ValueError
        When the list cannot be read, lacks a column, puts one scene into two splits, or leaves no pair to use.
    """

    def __init__(
        self,
        csv,
        low_res_dir,
        high_res_dir,
        image_size=(256, 384),
        batch_size=8,
        split=None,
        seed=0,
        steps_per_epoch=None,
        crops=1,
        **workers,
    ):
        if split not in (None, *photographs.SPLITS):
            raise ValueError(f"split is {split!r}, expected one of {photographs.SPLITS}, or None for all")
        self.image_size, self.split, self.patch_size = image_io.check_size(image_size), split, None
        rows = folders.find_pairs(csv, low_res_dir, high_res_dir)
        rows = rows[(rows["split"] == split) | (split is None)].reset_index(drop=True)
        cuts = _cuts(rows, self.image_size, checks.check_int("crops", crops))
        self._pictures, places, broken = _read_all(cuts, self.image_size)
        self._keep_good(rows, cuts, places, broken, str(csv or low_res_dir))
        super().__init__(len(self.pairs), batch_size, seed, steps_per_epoch, **workers)

    def _keep_good(self, rows, cuts, places, broken, given):
        """Set `pairs`, `skipped` and the crops' places; name what is left out."""
        used, low, high = [], [], []
        for row, low_cut, high_cut in cuts:
            reason = broken.get(low_cut.file) or broken.get(high_cut.file)
            if not reason and np.array_equal(self._pictures[places[low_cut]], self._pictures[places[high_cut]]):
                reason = "the low and the high picture are the same"
            if reason:
                rows.loc[row, "reason"] = reason
            else:
                used.append(row)
                low.append(places[low_cut])
                high.append(places[high_cut])
        self._low, self._high = np.array(low, dtype=int), np.array(high, dtype=int)
        self.pairs = rows.loc[used, ["low_res", "high_res", "factor", "split"]].reset_index(drop=True)
        left_out = rows[rows["reason"] != ""].drop(index=used, errors="ignore")
        self.skipped = left_out[["low_res", "high_res", "split", "reason"]]
        if not used:
            said = f": {folders.some(self.skipped['reason'])}" if len(rows) else ""
            raise ValueError(f"{given!r} leaves no pair to use for split {self.split!r} (of {len(rows)} rows{said})")
        if len(self.skipped):
            names = [f"{row.low_res}, {row.high_res} ({row.reason})" for row in self.skipped.itertuples()]
            warnings.warn(f"{len(names)} of {len(rows)} pairs left out: {folders.some(names)}", stacklevel=3)

    def __getitem__(self, index):
        chosen = self.chosen(index)
        if self.patch_size is None:
            return self.arrays(chosen)
        rng = self.rng(index)
        pairs = (self._pictures[list(pair)] for pair in zip(self._low[chosen], self._high[chosen], strict=True))
        patches = _floats(np.stack([_random_patch(pair, self.patch_size, rng) for pair in pairs]))
        return patches[:, 0], patches[:, 1]

    def rebatched(self, rows=None, *, batch_size=None, steps_per_epoch=None, patch_size=None, seed=None):
        """The same pictures in other batches, without reading them again.

        Parameters
        ----------
        rows : array_like of int or bool, optional
            Which rows of `pairs`; all by default.
        batch_size, steps_per_epoch : int, optional
            By default as before, and as many as hold every pair once.
        seed : int, optional
            Of the order and of the places; by default as before.
        patch_size : int, optional
            Give squares of this side instead of whole pictures: one from each pair of the batch, at a random place, mirrored
            and turned by quarters at random, both pictures alike.

        Returns
        -------
        PairedImageSequence

        Raises
        ------
        ValueError
            When no row is left, or a number is not a positive int, or a patch is larger than the pictures.
        """
        if patch_size is not None:
            patch_size = checks.check_int("patch_size", patch_size, most=min(self.image_size))
        other = copy.copy(self)
        places = self._places(rows)
        other.pairs = self.pairs.iloc[places].reset_index(drop=True)
        other._low, other._high, other.patch_size = self._low[places], self._high[places], patch_size
        seed = self.seed if seed is None else seed
        ShuffledSequence.__init__(other, len(other.pairs), batch_size or self.batch_size, seed, steps_per_epoch)
        return other

    def arrays(self, rows=None):
        """The pictures of some rows of `pairs`.

        Parameters
        ----------
        rows : array_like of int or bool, optional
            Which rows, in the order of `pairs`; all by default.

        Returns
        -------
        low_resolution, high_resolution : numpy.ndarray of float32, shape (n, height, width, 3)
            In [0, 1].
        """
        return tuple(_floats(self._pictures[places[self._places(rows)]]) for places in (self._low, self._high))

    def _places(self, rows):
        return np.arange(len(self.pairs))[slice(None) if rows is None else rows]

    def describe(self):
        """What the batches are made of, for the record of a training."""
        return {
            "pairs": len(self.pairs),
            "pictures_sha256": recipes.digest(self._pictures[list(pair)] for pair in zip(self._low, self._high, strict=True)),
            "image_size": list(self.image_size),
            "patch_size": self.patch_size,
            "split": self.split,
            "steps_per_epoch": self.steps_per_epoch,
            "batch_size": self.batch_size,
            "seed": self.seed,
        }


@dataclasses.dataclass(frozen=True)
class _Cut:
    """One crop of one picture, brought to `size` before."""

    file: pathlib.Path
    size: tuple
    place: tuple


def _cuts(rows, image_size, most):
    """Row and both crops of every pair that can be used; says in `rows` which picture is smaller than a crop."""
    cuts = []
    for row in rows[rows["reason"] == ""].itertuples():
        size = (row.height, row.width)
        places = image_io.crop_places(size, image_size, most)
        for place in places:
            cuts.append((row.Index, _Cut(row.low_file, size, place), _Cut(row.high_file, size, place)))
        if not places:
            wanted = f"{image_size[0]}x{image_size[1]}"
            rows.loc[row.Index, "reason"] = f"{row.height}x{row.width} pixels are less than the {wanted} of a crop"
    return cuts


def _read_all(cuts, size):
    """Every picture read once and cut: the crops as uint8, the place of each, and the reasons for the files that failed."""
    wanted = dict.fromkeys(cut for _, *pair in cuts for cut in pair)
    places = {cut: place for place, cut in enumerate(wanted)}
    of_file = {}
    for cut in wanted:
        of_file.setdefault(cut.file, []).append(cut)
    crops, broken = np.zeros((len(wanted), *size, 3), np.uint8), {}

    def read(file):
        try:
            picture = image_io.read_picture(file)
            for cut in of_file[file]:
                top, left = cut.place
                enlarged = image_io.resized(picture, cut.size)
                crops[places[cut]] = enlarged[top : top + size[0], left : left + size[1]]
        except (FileNotFoundError, ValueError) as error:
            broken[file] = str(error)

    with concurrent.futures.ThreadPoolExecutor() as pool:  # decoders let other threads run
        list(pool.map(read, of_file))
    return crops, places, broken


def _random_patch(image, size, rng, turned=True):
    """A square of `image`, or of several of one size, at a random place, mirrored and turned by quarters at random."""
    top, left = (rng.integers(side - size + 1) for side in image.shape[-3:-1])
    turns, mirrored = rng.integers(4) * turned, rng.integers(2) * turned  # drawn anyway, so that the places are the same
    patch = np.rot90(image[..., top : top + size, left : left + size, :], turns, axes=(-3, -2))
    return patch[..., ::-1, :] if mirrored else patch


def _floats(pixels):
    """uint8 as float32 in [0, 1], in one pass."""
    return np.divide(pixels, np.float32(255), dtype=np.float32)
