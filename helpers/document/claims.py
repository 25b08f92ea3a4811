"""What is true of the published systems' claims."""

import numpy as np

from helpers.document import evidence, tables


def verdict(system, found, results=None):
    """What is true of a published system's claim, as far as the tables say.

    Parameters
    ----------
    system : dict
        As `helpers.document.tables.published` has it.
    found : list of dict
        As `helpers.document.tables.systems` returns them.
    results : pandas.DataFrame, optional
        As `helpers.document.tables.results` returns them, for scores on the pictures of a training.

    Returns
    -------
    dict
        With ``found``, a text, "" where nothing was claimed or nothing is known.
    """
    rows = [row for row in found if row["notebook"] == system["chapter"] and row["recipe_psnr"] is not None]
    claim = system.get("numbers", [])
    if rows and not claim:
        return {
            "found": f"{tables.decibels(rows[0]['recipe_psnr'])} dB ({rows[0]['task']}), beside no claim that could be tested"
        }
    rows = [row for row in rows if row["published_psnr"]]
    if not rows:
        return {"found": ""}
    first = rows[0]
    recipe = tables.decibels(first["recipe_psnr"])
    if np.isinf(first["input_psnr"]):
        text = f"{_on_training(system, results)}{recipe} dB, for copies of test pictures; "
        text += "whoever returns the input unchanged has no error at all"
    elif all(row["recipe_psnr"] < row["input_psnr"] for row in rows):
        each = [f"{tables.decibels(row['recipe_psnr'])} dB out of {tables.decibels(row['input_psnr'])} dB" for row in rows]
        text = f"{_loss(system)}less than it is given: {', '.join(each)}"
    elif len(claim) == 2 and claim[0] <= first["recipe_psnr"] <= claim[1]:
        text = f"{recipe} dB: reproduced"
    else:
        text = f"{recipe} dB ({first['task']})"
    behind = [row for row in rows if row["recipe_psnr"] < (row["classical_psnr"] or -np.inf) and row["classical"]]
    if behind and len(rows) == 1:
        text += f", less than {first['classical']} with {tables.decibels(first['classical_psnr'])} dB"
    return {"found": text}


def _on_training(system, results):
    """What copies of training pictures score, which is what was claimed, where the tables have it."""
    if results is None:
        return ""
    same = (results["notebook"] == system["chapter"]) & (results["split"] == "train") & results["published_psnr"].notna()
    scores = results.loc[same, "psnr"]
    if scores.empty:
        return ""
    return f"{tables.decibels(scores.iloc[0])} dB for copies of the training pictures, so such a number can be reached; "


def _loss(system):
    """The lowest validation loss of our training beside the claimed one."""
    loss = evidence.least_loss(system["record"]) if "record" in system else None
    if loss is None:
        return ""
    reached = ", so such a number can be reached on our pictures" if loss <= system["numbers"][0] else ""
    return f"a validation loss of {loss:.5f}{reached}; but "
