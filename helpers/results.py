"""The results contract: which names a result may bear, what a row of a results table holds, and where tables go."""

import json

import numpy as np
import pandas as pd

from helpers import checks, datasets, files, metrics, paths, session

KINDS = ("input", "classical", "published", "network")
SOURCES = ("computed", "weights", "record")
_NAMES = pd.read_csv(paths.ROOT / "data" / "names.csv").groupby("list")["name"].agg(tuple)  # each with its meaning, for readers
DEGRADATIONS, METHODS = _NAMES["degradation"], _NAMES["method"]
ALLOWED = {
    "split": datasets.SPLITS,
    "degradation": DEGRADATIONS,
    "method": METHODS,
    "kind": KINDS,
    "source": SOURCES,
}
COLUMNS = ("notebook dataset split degradation method kind params n_images mse psnr ssim published_psnr source").split()
# What `save` adds: the 95% interval of the mean PSNR, over images, over scenes, or over trainings of which only means are
# kept, and the paired difference to a method that was scored on the same images; of networks also that to the best
# classical method.
INTERVALS = "psnr_low psnr_high interval_over against gain gain_low gain_high".split()
INTERVALS += "classical over_classical over_classical_low over_classical_high".split()
PER_IMAGE_COLUMNS = ["dataset", "split", "degradation", "method", "image", "mse", "psnr", "ssim"]


class Row(dict):
    """A row of a results table that still knows the scores of which it holds the means, and the scenes of the images."""

    scores = scenes = None


def row(
    scores,
    *,
    notebook,
    dataset,
    split,
    degradation,
    method,
    kind,
    params=0,
    n_images=None,
    published_psnr=None,
    source="computed",
    scenes=None,
):
    """One row of a results table: the means of per-image scores, and what they are the means of.

    Parameters
    ----------
    scores : pandas.DataFrame
        As `helpers.metrics.evaluate` gives it, or one row of means.
    notebook, dataset : str
        Where the row comes from ("02"), and on what ("MNIST").
    split, degradation, method, kind, source : str
        One of this module's names.
    params : int, optional
        Parameters of a network.
    n_images : int, optional
        How many images the scores are of, where `scores` holds means already.
    published_psnr : float, optional
        What the authors of a system report, in decibels.
    scenes : sequence of str, optional
        Of each image, what it shows: intervals then cover the choice of scenes, of which several images may be.

    Returns
    -------
    Row
        With the keys of ``COLUMNS``.

    Raises
    ------
    ValueError
        When a name is not in its list, a score is missing, or no image was scored.
    """
    named = {"split": split, "degradation": degradation, "method": method, "kind": kind, "source": source}
    for column, value in named.items():
        if value not in ALLOWED[column]:
            expected = f"expected one of {ALLOWED[column]}; see data/names.csv"
            raise ValueError(f"{value!r} is no name of the results contract, {expected}")
    if len(checks.check_table(scores, metrics.COLUMNS)) == 0:
        raise ValueError(f"no image was scored for {method!r}, expected one or more")
    facts = {"notebook": notebook, "dataset": dataset, "params": params, "n_images": n_images or len(scores)}
    facts |= named | scores[metrics.COLUMNS].mean().to_dict() | {"published_psnr": published_psnr}
    made = Row({column: facts[column] for column in COLUMNS})
    made.scores, made.scenes = scores, scenes
    return made


def _intervals(rows):
    """For each row the interval of its mean, and its gain over the published recipe, or else over the input.

    For a network also that over the best of the classical methods, which is the best on these very images. All cover the
    choice of images, or of scenes where `row` was told them, and nothing else; where `row` was given means of several
    trainings, the interval covers these and not the images. A gain is paired: it is there where both were scored on the same
    images.
    """
    bases = {}
    for kind in ("input", "published"):  # the recipe, where a group has both
        bases |= {_group(row): row for row in reversed(rows) if row["kind"] == kind}
    classical = sorted((row for row in rows if row["kind"] == "classical"), key=lambda row: row["psnr"])
    best_classical = {_group(row): row for row in classical}
    for row in rows:
        found = dict.fromkeys(INTERVALS)
        psnr, base = _finite_psnr(row), bases.get(_group(row), row)
        if psnr is not None:
            _, found["psnr_low"], found["psnr_high"] = metrics.paired_interval(psnr, 0 * psnr, groups=row.scenes)
            over = "images" if row.scenes is None else "scenes"
            found["interval_over"] = over if len(psnr) == row["n_images"] else "trainings"
            found |= _paired(row, base, "against", "gain")
            if row["kind"] in ("published", "network"):
                found |= _paired(row, best_classical.get(_group(row), row), "classical", "over_classical")
        yield found


def _paired(row, other, which, gain):
    """The columns of a paired difference, ``which`` saying to what; none where there is nothing to pair with."""
    if other is row or _finite_psnr(other) is None:
        return {}
    paired = metrics.paired_interval(_finite_psnr(row), _finite_psnr(other), groups=row.scenes)
    return {which: other["method"]} | dict(zip([gain, f"{gain}_low", f"{gain}_high"], paired, strict=True))


def _group(row):
    """What rows share that were scored on the same images."""
    names = row.scores.get("image", pd.Series(range(len(row.scores))))
    return row["dataset"], row["split"], row["degradation"], tuple(names)


def _finite_psnr(row):
    """The PSNR of each image; None where there are fewer than two, or one is exact."""
    psnr = row.scores["psnr"].to_numpy()
    return psnr if len(psnr) > 1 and np.isfinite(psnr).all() else None


def save(name, rows):
    """Write rows as ``figures/tables/NAME.csv``: PSNR and SSIM with 4 decimals, MSE with 4 significant digits.

    Rows that `row` made get the columns ``INTERVALS`` as well.

    Parameters
    ----------
    name : str
        "02_results", or "02_per_image".
    rows : list of dict or pandas.DataFrame

    Returns
    -------
    pandas.DataFrame
        What was written, unrounded.

    Raises
    ------
    OSError
        When the folder cannot be written to.
    """
    table = pd.DataFrame(rows)
    if not isinstance(rows, pd.DataFrame) and rows and all(isinstance(one, Row) for one in rows):
        table = table.join(pd.DataFrame(_intervals(rows)))
    decibels = {"psnr", *INTERVALS} - {"against", "interval_over", "classical"}
    formats = {"mse": "{:.4g}", "ssim": "{:.4f}", "published_psnr": "{:g}"} | dict.fromkeys(decibels, "{:.4f}")
    shown = table.copy()
    for column in shown.columns.intersection(list(formats)):
        shown[column] = [formats[column].format(value) if pd.notna(value) else "" for value in table[column]]
    files.write_table(session.tables() / f"{name}.csv", shown)
    return table


def load(name):
    """Read a table that a chapter wrote: that of this run where there is one, else the report's.

    A table from a run by hand may hold what a reader tried, so that it is used is said.

    Parameters
    ----------
    name : str
        "02_results", or "02_per_image".

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    FileNotFoundError
        When no run wrote it.
    """
    for folder in (session.tables(), paths.ROOT / "figures" / "tables"):
        path = folder / f"{name}.csv"
        if path.exists():
            if folder == session.tables() != paths.report_figures() / "tables":
                print(f"read from a run of your own: {paths.shown(path)}")
            try:
                return pd.read_csv(path, dtype={"notebook": str})
            except ValueError as error:  # also what is raised for bytes that are no text
                raise ValueError(f"{paths.shown(path)} cannot be read ({error}): run `make report`") from error
    raise FileNotFoundError(f"no table {name}.csv: run chapter {name[:2]} first, or `make report` for all")


def systems():
    """What the chapters measured of the five published systems: one row for each task.

    ``data/systems.csv`` says which network is the recipe's, which is our best one, and on which pictures both were scored.
    The numbers are those of the chapters' own tables and records.

    Returns
    -------
    pandas.DataFrame
        ``task``, ``notebook``, ``n_images``; ``published_psnr``, what the authors claim; the mean PSNR of the test pictures
        as they go in (``input_psnr``, infinite where the input is the answer), of the published recipe (``recipe_psnr``), of
        the best classical method and of our best network, with their names (``classical``, ``best``); of the latter also
        ``params`` and ``minutes`` of training.

    Raises
    ------
    FileNotFoundError
        When a chapter's table or a record is missing.
    KeyError
        When a table lacks one of the methods.
    """
    described = pd.read_csv(paths.ROOT / "data" / "systems.csv", dtype={"notebook": str})
    tables = {notebook: load(f"{notebook}_results") for notebook in described["notebook"].unique()}
    return pd.DataFrame([_system(one, tables[one["notebook"]]) for one in described.to_dict("records")])


def _system(described, table):
    """One row of `systems`, from a row of data/systems.csv and the table of its chapter."""
    scored = table["split"] == "test"
    for column in ("dataset", "degradation", "n_images"):
        scored &= table[column] == described[column]
    rows = table[scored].drop_duplicates("method").set_index("method")
    psnr, classical, best = rows["psnr"], described["classical"], described["best"]
    others = psnr[rows["kind"] == "classical"]
    if pd.isna(classical):
        classical = others.idxmax() if len(others) else None
    record = json.loads((paths.records() / f"{described['training']}.json").read_text(encoding="utf-8"))
    return {
        "task": described["task"],
        "notebook": described["notebook"],
        "n_images": described["n_images"],
        "published_psnr": described["published_psnr"],
        "recipe_psnr": psnr[described["recipe"]],
        "input_psnr": psnr.get("degraded input", np.inf),
        "classical": classical,
        "classical_psnr": None if classical is None else psnr[classical],
        "best": best,
        "best_psnr": psnr[best],
        "params": rows.loc[best, "params"],
        "minutes": record["minutes"],
    }
