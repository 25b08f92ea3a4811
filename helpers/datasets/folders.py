"""A reader's own pictures in folders: which there are, which belong together, and what is wrong with them.

Everything is found out from names, sizes and bytes, before a picture is decoded and long before anything is trained.
"""

import collections
import dataclasses
import pathlib

import numpy as np
import pandas as pd

from helpers import files, image_io
from helpers.datasets import photographs

PICTURES_NEEDED = {"pictures": 20, "list of pairs": 12, "pairs of equal name": 12}
LAYOUTS = {
    "pictures": "pictures that lie in it",
    "list of pairs": f"{photographs.LISTING} with the folders 'low res' and 'high res'",
    "pairs of equal name": "the folders 'low' and 'high' with pictures of equal names",
}
FEWEST_TO_SCORE = 2  # an interval needs two
ROUNDING = 1.5  # pixels of the low picture by which a side may differ from the high one's proportions


@dataclasses.dataclass
class FolderReport:
    """What a folder holds, and whether a chapter can use it; ``print`` shows it.

    Attributes
    ----------
    folder : str
        As the reader gave it.
    layout : str
        "pictures", "list of pairs" or "pairs of equal name".
    usable : int
        Pictures, or pairs.
    facts : list of str
        What is there: counts, sizes, factors, orientations.
    left_out : list of str
        What cannot be used: one line for each kind of reason, with how many, and with the first of them.
    problems : list of str
        What has to change before a chapter can use the folder; empty when it can.
    """

    folder: str
    layout: str
    usable: int
    facts: list
    left_out: list
    problems: list

    def __str__(self):
        said = [f"{self.folder}: {self.layout}", *(f"  {fact}" for fact in self.facts)]
        said += [f"  left out: {reason}" for reason in self.left_out]
        said += [f"  TO MEND: {problem}" for problem in self.problems]
        return "\n".join(said if self.problems else [*said, "  ready to be used"])


def check_folder(folder, layouts=tuple(PICTURES_NEEDED)):
    """Find out whether a folder of a reader's own pictures can be used, before anything is trained.

    Parameters
    ----------
    folder : path-like
        With pictures in it (chapter 03); with ``image_data.csv``, ``low res`` and ``high res`` (chapter 04); or with
        ``low`` and ``high``, where a poor picture and its good version bear the same name (chapter 05).
    layouts : sequence of str, optional
        Those that the caller can use; all by default.

    Returns
    -------
    FolderReport

    Raises
    ------
    FileNotFoundError
        When the folder, or a folder that the layout needs, does not exist, or no picture is in it.
    ValueError
        When the list of pairs cannot be read.
    """
    folder = pathlib.Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"{str(folder)!r} is no folder: give the one that your pictures lie in")
    if (folder / photographs.LISTING).is_file():
        layout = "list of pairs"
        pairs = find_pairs(folder / photographs.LISTING, folder / "low res", folder / "high res")
    elif (folder / "low").is_dir() and (folder / "high").is_dir():
        layout = "pairs of equal name"
        pairs = find_pairs(None, folder / "low", folder / "high")
    else:
        layout, pairs = "pictures", None
    if layout not in layouts:
        expected = " or ".join(LAYOUTS[name] for name in layouts)
        raise FileNotFoundError(f"{str(folder)!r} is not laid out as it should be, expected {expected}")
    if pairs is None:
        pairs = find_pictures(folder)
    report = FolderReport(str(folder), layout, int((pairs["reason"] == "").sum()), [], _reasons(pairs), [])
    (_describe_pictures if layout == "pictures" else _describe_pairs)(report, pairs[pairs["reason"] == ""])
    return report


def require_folder(folder, layout):
    """Refuse a folder that a chapter cannot use, before anything is drawn or trained.

    Parameters
    ----------
    folder : path-like
    layout : str
        "pictures", "list of pairs" or "pairs of equal name".

    Returns
    -------
    FolderReport

    Raises
    ------
    FileNotFoundError, ValueError
        As in `check_folder`; also when something has to be mended.
    """
    report = check_folder(folder, (layout,))
    if report.problems:
        raise ValueError(f"this folder cannot be used yet.\n{report}")
    return report


def find_pictures(folder):
    """The pictures that lie in a folder, and what speaks against them.

    Parameters
    ----------
    folder : path-like

    Returns
    -------
    pandas.DataFrame
        file : path, sorted by name.
        height, width : as a viewer shows it, 0 where it cannot be opened.
        reason : why the picture cannot be used, "" when it can; a copy of one that stands before cannot.

    Raises
    ------
    FileNotFoundError
        When there is no such folder, or no picture in it.
    """
    rows, seen = [], {}
    for file in image_io.picture_files(folder):
        size, reason = _size(file)
        first = seen.setdefault(files.sha256(file), file.name)
        if not reason and first != file.name:
            reason = f"{file.name} is the same picture as {first}"
        rows.append((file, *size, reason))
    return pd.DataFrame(rows, columns=["file", "height", "width", "reason"])


def find_pairs(csv, low_res_dir, high_res_dir):
    """Which files belong together, which part of the data they are, and what speaks against a pair.

    Parameters
    ----------
    csv : path-like or None
        Its columns ``low_res`` and ``high_res`` hold file names; a column ``split``, when there is one, holds "train",
        "validation" or "test", a column ``factor`` whole numbers. None pairs the files that bear the same name, whatever
        their suffixes.
    low_res_dir, high_res_dir : path-like
        The folders of these files. Links in them are followed; a name that leads out of its folder is not. The case of
        letters matters only where two files differ in nothing else.

    Returns
    -------
    pandas.DataFrame
        low_res, high_res : the names as they are listed.
        factor : int, from the column, or ``F`` of ``N_F.png`` beside ``N.png``; 1 where neither says one.
        split : by scene, from the column, or dealt out by chance and always the same way; a scene is a high-resolution
        picture, under whatever names.
        low_file, high_file : path, or None.
        height, width : of the high-resolution picture, 0 where it cannot be opened.
        enlarged : bool, whether the low-resolution picture is as large already.
        reason : why the pair cannot be used, "" when it can.

    Raises
    ------
    FileNotFoundError
        When the list or a folder does not exist, or without a list a folder holds no picture.
    ValueError
        When the list cannot be read, lacks a column, or puts one scene into two splits.
    """
    folders = {"low_res": pathlib.Path(low_res_dir), "high_res": pathlib.Path(high_res_dir)}
    for folder in folders.values():
        if not folder.is_dir():
            raise FileNotFoundError(f"{str(folder)!r} is no folder: give the one that the pictures lie in")
    rows = _pairs_of_equal_name(*folders.values()) if csv is None else _read_list(pathlib.Path(csv))
    finders = {column: _Finder(folder) for column, folder in folders.items()}
    found = []
    for row in rows.itertuples():
        low, high = finders["low_res"](row.low_res), finders["high_res"](row.high_res)
        reason = getattr(row, "reason", "") or low.reason or high.reason or _mismatch(low.size, high.size)
        found.append((low.path, high.path, *high.size, low.size == high.size, reason))
    columns = ["low_file", "high_file", "height", "width", "enlarged", "reason"]
    pairs = rows.drop(columns="reason", errors="ignore").reset_index(drop=True)
    pairs[columns] = pd.DataFrame(found, columns=columns, dtype=object)
    again = pairs.duplicated(["low_file", "high_file"]) & (pairs["reason"] == "")
    pairs.loc[again, "reason"] = "stands there twice"
    try:
        pairs["factor"] = _factors(pairs)
        pairs["split"] = _splits(pairs)
    except ValueError as error:
        raise ValueError(f"{str(csv or low_res_dir)!r}: {error}") from error
    return pairs


def some(items):
    """The first few of a list, for a message.

    Parameters
    ----------
    items : iterable

    Returns
    -------
    str
    """
    items = [str(item) for item in items]
    return "; ".join(items[:5]) + (f"; and {len(items) - 5} more" if len(items) > 5 else "")


@dataclasses.dataclass
class _Found:
    path: pathlib.Path | None
    size: tuple
    reason: str


class _Finder:
    """Finds the files of one folder by the names that a list gives them."""

    def __init__(self, folder):
        self.folder, self.known = folder, {}
        self.by_lower_case = collections.defaultdict(list)
        for path in folder.iterdir():
            self.by_lower_case[path.name.lower()].append(path)

    def __call__(self, name):
        if name not in self.known:
            path, reason = self._find(name)
            size = (0, 0)
            if not reason:
                size, reason = _size(path)
            self.known[name] = _Found(path, size, reason)
        return self.known[name]

    def _find(self, name):
        """The file of this name, and why there is none."""
        if not name:
            return None, "has no name"
        listed = pathlib.PurePath(name)
        for parsed in (listed, pathlib.PureWindowsPath(name)):
            if parsed.anchor or ".." in parsed.parts:
                return None, f"{name} leaves its folder"
        try:
            if (self.folder / listed).is_file():
                return self.folder / listed, ""
        except (OSError, ValueError) as error:  # too long for a name, or with a zero byte in it
            return None, f"{name[:40]!r} is no file name ({getattr(error, 'strerror', error)})"
        alike = [path for path in self.by_lower_case[name.lower()] if path.is_file()]
        if len(alike) > 1:
            return None, f"{name} may be {' or '.join(sorted(path.name for path in alike))}"
        return (alike[0], "") if alike else (None, f"{listed.name or name} is missing")


def _size(path):
    """Height and width as a viewer shows them, and why there are none."""
    try:
        with image_io.opened_picture(path) as opened:
            width, height = opened.size
            # Pillow has turned a TIFF already.
            turned = opened.format != "TIFF" and opened.getexif().get(0x0112, 1) in (5, 6, 7, 8)
    except (FileNotFoundError, ValueError) as error:
        return (0, 0), str(error)
    return ((width, height) if turned else (height, width)), ""


def _mismatch(low, high):
    """Why a picture of one size cannot be the poor version of one of the other; "" when it can."""
    sizes = f"the low picture is {low[0]}x{low[1]}, the high one {high[0]}x{high[1]}"
    if low[0] > high[0] or low[1] > high[1]:
        if (low[0] > low[1]) != (high[0] > high[1]):
            return f"{sizes} (height x width): one of them is turned"
        return f"{sizes} (height x width): the low one is larger"
    if abs(high[0] * low[1] / high[1] - low[0]) > ROUNDING and abs(high[1] * low[0] / high[0] - low[1]) > ROUNDING:
        return f"{sizes} (height x width), other proportions: one of them is turned or cut"
    return ""


def _read_list(csv):
    if not csv.is_file():
        raise FileNotFoundError(f"there is no list of pairs {str(csv)!r}")
    try:
        rows = pd.read_csv(csv, dtype=str, keep_default_na=False, skipinitialspace=True, encoding="utf-8-sig")
    except ValueError as error:  # also what pandas raises for a file without columns, or with rows of unequal length
        raise ValueError(f"{str(csv)!r} cannot be read as a list of pairs: {error}") from error
    if not {"low_res", "high_res"} <= set(rows.columns):
        raise ValueError(f"{str(csv)!r} has the columns {list(rows.columns)}, expected low_res and high_res")
    return rows[[name for name in ("low_res", "high_res", "factor", "split") if name in rows]]


def _pairs_of_equal_name(low_res_dir, high_res_dir):
    """A row for each low picture, with its partner's name, or with a reason."""
    low, high = (image_io.picture_files(folder) for folder in (low_res_dir, high_res_dir))
    exact, any_case = collections.defaultdict(list), collections.defaultdict(list)
    for file in high:
        exact[file.stem].append(file.name)
        any_case[file.stem.lower()].append(file.name)
    names = collections.Counter(file.stem.lower() for file in low)
    rows = []
    for file in low:
        partners = exact[file.stem] or any_case[file.stem.lower()]
        reason = ""
        if len(partners) > 1:
            reason = f"{file.name} has several partners: {' and '.join(partners)}"
        elif names[file.stem.lower()] > 1 and not (exact[file.stem] and _only(low, file.stem)):
            reason = f"{file.name} is one of {names[file.stem.lower()]} low pictures of this name"
        elif not partners:
            reason = f"{file.name} has no partner among the high pictures"
        rows.append((file.name, partners[0] if partners else file.name, reason))
    return pd.DataFrame(rows, columns=["low_res", "high_res", "reason"])


def _only(pictures, stem):
    return sum(file.stem == stem for file in pictures) == 1


def _factors(pairs):
    """By how much each low picture is lowered, as far as the list says it."""
    if "factor" in pairs:
        wrong = [value for value in pairs["factor"] if not (value.isdecimal() and 1 <= int(value) <= 64)]
        if wrong:
            raise ValueError(f"the column factor holds {some(dict.fromkeys(wrong))}, expected whole numbers from 1 to 64")
        return pairs["factor"].astype(int)
    factors = []
    for row in pairs.itertuples():
        scene, _, factor = pathlib.PurePath(row.low_res).stem.rpartition("_")
        said = scene == pathlib.PurePath(row.high_res).stem and factor.isdecimal() and 1 <= int(factor) <= 64
        factors.append(int(factor) if said else 1)
    return pd.Series(factors, index=pairs.index, dtype=int)


def _splits(pairs):
    """The part of the data that each pair belongs to; all pairs of a scene to the same."""
    usable = pairs["reason"] == ""
    digests = {file: files.sha256(file) for file in pairs.loc[usable, "high_file"].drop_duplicates()}
    scenes = [digests.get(row.high_file, row.high_res) for row in pairs.itertuples()]
    scenes = pd.Series(scenes, index=pairs.index, dtype=object)
    if "split" in pairs:
        unknown = sorted(set(pairs["split"]) - set(photographs.SPLITS))
        if unknown:
            raise ValueError(f"the column split holds {some(unknown)}, expected {', '.join(photographs.SPLITS)}")
        crossing = pairs["split"].groupby(scenes).transform("nunique") > 1
        if crossing.any():
            names = some(pairs.loc[crossing, "high_res"].drop_duplicates())
            raise ValueError(
                f"high-resolution file(s) in more than one split: {names}. Names that lead to the same picture count as "
                "one. Test on what was not seen"
            )
        return pairs["split"]
    names = pairs["high_res"].groupby(scenes).transform("min")
    dealt = _dealt_out(sorted(names[usable].unique()))
    return [dealt.get(name, "train") for name in names]  # what cannot be used is reported with the first part


def _dealt_out(scenes):
    """Scenes to splits, by chance but always the same way: 70, 10 and 20 of a hundred, two at least to score."""
    count = len(scenes)
    validation = round(0.8 * count) - round(0.7 * count)
    test = count - round(0.8 * count)
    if count >= 3 * FEWEST_TO_SCORE:
        validation, test = max(validation, FEWEST_TO_SCORE), max(test, FEWEST_TO_SCORE)
    ends = [count - test - validation, count - test]
    parts = np.split(np.random.default_rng(0).permutation(count), ends)
    dealt = {}
    for split, part in zip(photographs.SPLITS, parts, strict=True):
        dealt.update({scenes[k]: split for k in part})
    return dealt


def _reasons(table):
    """One line for each kind of reason: reasons of one kind differ in nothing but file names and numbers."""
    reasons = table.loc[table["reason"] != "", "reason"]
    kinds = reasons.str.replace(r".*?\.\w+|\d+", "", regex=True)
    return [f"{len(alike):,} of {len(table):,}: {some(alike.unique())}" for _, alike in reasons.groupby(kinds, sort=False)]


def _describe_pictures(report, table):
    needed = PICTURES_NEEDED[report.layout]
    report.facts.append(f"{len(table)} pictures can be used, {needed} or more are needed")
    report.facts += _sizes_in_words(table)
    if len(table) < needed:
        report.problems.append(f"{needed - len(table)} more pictures are needed")


def _describe_pairs(report, pairs):
    needed = PICTURES_NEEDED[report.layout]
    pictures = pairs["high_file"].nunique()
    factors = ", ".join(f"{factor} ({count})" for factor, count in pairs["factor"].value_counts().sort_index().items())
    report.facts.append(f"{len(pairs):,} pairs of {pictures:,} high pictures can be used, {needed} pictures or more are needed")
    report.facts += _sizes_in_words(pairs.drop_duplicates("high_file"))
    already = int(pairs["enlarged"].sum())
    report.facts.append(f"low pictures: {already} as large as their high ones already, {len(pairs) - already} smaller")
    unsaid = "; 1 where the list says none" if 1 in pairs["factor"].to_numpy() else ""
    report.facts.append("factors (pairs): " + (factors or "none") + unsaid)
    parts = pairs.groupby("split")["high_file"].nunique().reindex(list(photographs.SPLITS), fill_value=0)
    report.facts.append(", ".join(f"{split} {count}" for split, count in parts.items()) + " pictures")
    if pictures < needed:
        report.problems.append(f"{needed - pictures} more high pictures with their low versions are needed")
    few = [split for split, count in parts.items() if count < FEWEST_TO_SCORE]
    if few and pictures >= needed:
        report.problems.append(f"fewer than {FEWEST_TO_SCORE} pictures to {' and to '.join(few)}: change the column split")


def _sizes_in_words(table):
    if table.empty:
        return []
    height, width = table["height"].astype(int), table["width"].astype(int)
    shapes = {"landscape": (width > height).sum(), "portrait": (width < height).sum(), "square": (width == height).sum()}
    counted = ", ".join(f"{count} {shape}" for shape, count in shapes.items() if count)
    return [f"heights {height.min()} to {height.max()}, widths {width.min()} to {width.max()} pixels; {counted}"]
