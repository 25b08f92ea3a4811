"""A chapter's results as tables: rows that share their pictures and the kind of their intervals, below one heading."""

import numpy as np

from helpers.document import tables
from helpers.results import INTERVALS

COVERS = {  # what an interval covers, by the column interval_over
    "images": "Intervals cover the choice of pictures, with one training of each network.",
    "scenes": "Intervals cover the choice of scenes (pictures of one scene count together), with one training of each network.",
    "trainings": "Means of several trainings; intervals cover these, and not the choice of pictures.",
    "": "Means only are kept, so no interval is known.",
}


def chapter(rows):
    """A chapter's results, in groups that share their pictures, what was done to them, and what the intervals cover.

    Parameters
    ----------
    rows : pandas.DataFrame
        Of one chapter.

    Returns
    -------
    list of dict
        ``title``, ``covers``, a sentence, ``rows``: column to text, with ``kind``, and ``scores``, the unrounded PSNR.
    """
    names = tables.meanings()
    rows = rows.reindex(columns=[*rows.columns.union(INTERVALS)])
    kinds = zip(rows["interval_over"], rows["psnr_low"].notna(), strict=True)
    rows = rows.assign(over=[(over if over in COVERS else "images") if known else "" for over, known in kinds])
    groups = []
    for (dataset, split, degradation, count, over), part in rows.groupby(
        ["dataset", "split", "degradation", "n_images", "over"], sort=False
    ):
        against = part["against"].dropna().unique()
        seen = "; pictures that the networks were trained on" if split == "train" else ""
        covers = [COVERS[over], *(f"Gains are paired differences to “{name}”." for name in against)]
        groups.append(
            {
                "title": f"{dataset}, {split} split{seen}: {names.get(degradation, degradation)}; n = {count:,}",
                "covers": " ".join(covers),
                "rows": [_result(row) for row in part.itertuples()],
                "scores": part["psnr"].tolist(),
            }
        )
    return groups


def _result(row):
    return {
        "method": row.method,
        "kind": row.kind,
        "psnr": tables.decibels(row.psnr),
        "interval": tables.interval(row.psnr_low, row.psnr_high),
        "gain": tables.decibels(row.gain, sign=True),
        "gain_interval": tables.interval(row.gain_low, row.gain_high, sign=True),
        "ssim": f"{row.ssim:.3f}",
        "parameters": f"{row.params:,}" if row.params else "",
        "published": tables.claimed(row.published_psnr),
    }


FEW = 24  # rows that a chapter shows in its text


def argued(groups, found):
    """The groups of a chapter's results that its table in the text shows; all are in the appendix.

    Parameters
    ----------
    groups : list of dict
        As `chapter` returns them.
    found : list of dict
        The chapter's rows of the table of systems.

    Returns
    -------
    list of dict
        Those that hold a score of that table; the first ones, up to ``FEW`` rows, where none does.
    """
    scores = [system[which] for system in found for which in ("recipe_psnr", "best_psnr") if system[which] is not None]
    held = [group for group in groups if any(np.isclose(score, group["scores"], atol=1e-4).any() for score in scores)]
    if held:
        return held
    total, first = 0, []
    for group in groups:
        total += len(group["rows"])
        if first and total > FEW:
            break
        first.append(group)
    return first
