"""The course's photographs: found in installed distributions, verified, split by scene, cut into tiles and pairs.

Nothing here needs Keras, so what is at hand is checked within a second or two.
"""

import importlib.metadata
import sys

import numpy as np
import pandas as pd
from PIL import Image

from helpers import checks, degradations, files, image_io, paths

TABLE = paths.ROOT / "data" / "photos.csv"
SPLITS = ("train", "validation", "test")
FACTORS = (2, 4, 6)
PAIR_SIZE = (256, 384)  # height, width
MOST_CROPS = 6  # of one photograph at one size
LISTING = "image_data.csv"
NOTED_EVERY = 20  # pictures cut, after which what is there is written down


def photo_table():
    """data/photos.csv, one row a photograph.

    Returns
    -------
    pandas.DataFrame
        file, distribution, version, sha256, licence, width, height, scene, split: where it lies and what is known of it;
        shown: for six photographs of the test split the part that they play in the chapters ("foliage"), otherwise empty.
    """
    return pd.read_csv(TABLE, keep_default_na=False)


def load_photos(split="train", halves=False):
    """The photographs of one split, in the order of data/photos.csv.

    Parameters
    ----------
    split : {"train", "validation", "test", "shown"}
        Photographs of one place or one object lie in one split only. "shown" are the six of the test split that run
        through the chapters: an animal, lettering, fine texture, foliage, a building, smooth sky.
    halves : bool, optional
        Each photograph is followed by itself at half its size, where more detail meets in a patch.

    Returns
    -------
    list of numpy.ndarray of uint8, each of shape (height, width, 3)

    Raises
    ------
    FileNotFoundError
        When a distribution is not installed, with what to do.
    ValueError
        When the split is unknown, or a photograph is not byte for byte the one that is listed.
    """
    loaded = [photo for _, photo in _photos(split)]
    if not halves:
        return loaded
    return [size for photo in loaded for size in (photo, _half(photo))]


def verify_photos():
    """Make sure that every photograph is installed, byte for byte the one that is listed.

    Returns
    -------
    int
        How many there are.

    Raises
    ------
    FileNotFoundError, ValueError
        As in `load_photos`.
    """
    return sum(1 for split in SPLITS for _ in _verified_files(split))


def photo_tiles(split, size, stride=None):
    """Square tiles of the photographs of one split.

    Parameters
    ----------
    split : {"train", "validation", "test", "shown"}
    size : int
        Height and width of a tile, in pixels.
    stride : int, optional
        From one tile to the next; by default `size`, so that tiles do not overlap.

    Returns
    -------
    numpy.ndarray of uint8, shape (n, size, size, 3)
        Photograph by photograph, each from its top left.

    Raises
    ------
    ValueError
        When size or stride is not a positive int, or no photograph is as large as a tile.
    """
    stride = size if stride is None else stride
    size, stride = checks.check_int("size", size), checks.check_int("stride", stride)
    tiles = [
        photo[top : top + size, left : left + size]
        for photo in load_photos(split)
        for top in range(0, photo.shape[0] - size + 1, stride)
        for left in range(0, photo.shape[1] - size + 1, stride)
    ]
    if not tiles:
        raise ValueError(f"size is {size}, and no photograph of {split!r} is as large")
    return np.stack(tiles)


def _photos(split):
    """Pairs of a row of the table and its photograph."""
    for row, path in _verified_files(split):
        yield row, image_io.read_picture(path)


def _verified_files(split):
    if split not in (*SPLITS, "shown"):
        raise ValueError(f"split is {split!r}, expected one of {(*SPLITS, 'shown')}")
    rows, of_distribution = photo_table(), {}
    for row in rows[(rows["shown"] != "") if split == "shown" else (rows["split"] == split)].itertuples():
        if row.distribution not in of_distribution:
            of_distribution[row.distribution] = _files(row.distribution)
        path = of_distribution[row.distribution].get(row.file)
        _verify(row, path)
        yield row, path


def _files(distribution):
    try:
        return {str(file): file.locate() for file in importlib.metadata.files(distribution) or ()}
    except importlib.metadata.PackageNotFoundError:
        return {}


def _verify(row, path):
    cure = "run `make data`, or `pip install --force-reinstall --no-deps -r requirements-data.txt` where there is a network"
    if row.distribution.startswith("scikit"):
        cure = f"run `pip install --force-reinstall --no-deps {row.distribution}=={row.version}` where there is a network"
    if path is None or not path.exists():
        raise FileNotFoundError(f"the photograph {row.file} of {row.distribution} {row.version} is not installed: {cure}")
    found = files.sha256(path)
    if found != row.sha256:
        raise ValueError(f"the photograph {row.file} has SHA-256 {found[:16]}…, expected {row.sha256[:16]}…: {cure}")


def pairs_folder():
    """Where the pairs of low and high resolution lie: ``super_resolution/`` in the cache."""
    return paths.cache() / "super_resolution"


def build_pairs():
    """Cut the photographs into pictures of 256x384 and write them with their low-resolution copies, in the published layout.

    ``image_data.csv`` lists the pairs (columns low_res, high_res, split), ``high res/1.png`` is the first picture,
    ``low res/1_2.png`` the same at half the resolution, enlarged again. Crops do not overlap; at most six come from a
    photograph, and at most six more from its half-size copy where that is large enough.

    A file that is there and whole is left alone, so an interrupted call goes on and a finished one does nothing; a file
    whose bytes are not those that were written is named and made again.

    Returns
    -------
    pandas.DataFrame
        What image_data.csv holds.

    Raises
    ------
    FileNotFoundError, ValueError
        As in `load_photos`, when something has to be built.
    OSError
        When the folder cannot be written to.
    """
    pairs = _finished_pairs()
    if pairs is not None:
        return pairs
    with files.only_one("super_resolution", wait=True):
        pairs = _finished_pairs()  # another process may have built them meanwhile
        return _build_pairs_alone() if pairs is None else pairs


def _pair_tables():
    """The table of the pairs, and the table with the hashes of all files."""
    return pairs_folder() / LISTING, pairs_folder() / "sha256.csv"


def _finished_pairs():
    """The pairs, when all of them are there and whole; otherwise None."""
    listing, sums = _pair_tables()
    known = _written(sums)
    # The listing is written last, so its hash stands there once everything is finished.
    finished = LISTING in known and not _damaged(known)
    return pd.read_csv(listing) if finished else None


def _damaged(known):
    """Names of the files that are not, byte for byte, those that were written."""
    folder = pairs_folder()
    return [name for name, wanted in known.items() if files.sha256(folder / name) != wanted]


def _build_pairs_alone():
    """What `build_pairs` does once no other process is at it."""
    folder = pairs_folder()
    listing, sums = _pair_tables()
    known = _written(sums)
    damaged = _damaged(known)
    if damaged:
        more = ", …" if len(damaged) > 5 else ""
        print(f"{len(damaged)} file(s) missing or damaged, made again: {', '.join(damaged[:5])}{more}", file=sys.stderr)
    whole, rows = set(known) - set(damaged), []
    known.pop(LISTING, None)
    for number, (split, picture) in enumerate(_crops(), start=1):
        names = {f"high res/{number}.png": None, **{f"low res/{number}_{factor}.png": factor for factor in FACTORS}}
        for name, factor in names.items():
            if name not in whole:
                known[name] = _write_picture(folder / name, picture if factor is None else _low_resolution(picture, factor))
        rows += [{"low_res": f"{number}_{factor}.png", "high_res": f"{number}.png", "split": split} for factor in FACTORS]
        if number % NOTED_EVERY == 0:
            _write_sums(sums, known)
            if sys.stderr.isatty():
                print(f"{number} pictures cut", end="\r", file=sys.stderr, flush=True)
    pairs = pd.DataFrame(rows)
    files.write_table(listing, pairs)
    _write_sums(sums, {**known, LISTING: files.sha256(listing)})
    return pairs


def _written(sums):
    """The hashes of what an earlier call wrote, of this very table of photographs."""
    if not sums.exists():
        return {}
    try:
        known = pd.read_csv(sums).set_index("file")["sha256"].to_dict()
    except (ValueError, KeyError):
        return {}
    return known if known.pop("photos.csv", None) == files.sha256(TABLE) else {}


def _write_sums(sums, known):
    hashes = pd.Series({"photos.csv": files.sha256(TABLE), **known}, name="sha256")
    files.write_table(sums, hashes.rename_axis("file").reset_index())


def _crops():
    """Split and picture of every crop, in an order that does not change."""
    for split in SPLITS:
        for _, photo in _photos(split):
            for size in (photo, _half(photo)):
                for top, left in image_io.crop_places(size.shape[:2], PAIR_SIZE, MOST_CROPS):
                    yield split, size[top : top + PAIR_SIZE[0], left : left + PAIR_SIZE[1]]


def _half(photo):
    return image_io.resized(photo, (photo.shape[0] // 2, photo.shape[1] // 2))


def _low_resolution(picture, factor):
    low = degradations.lower_resolution(picture[np.newaxis].astype(np.float32) / 255, factor)[0]
    return np.round(low * 255).astype(np.uint8)


def _write_picture(path, pixels):
    with files.replacing(path) as temporary:
        Image.fromarray(pixels).save(temporary, format="png")
    return files.sha256(path)
