import csv

import numpy as np
import pandas as pd
import pytest

from helpers import datasets, files, metrics, paths, plotting, results, session

scores = pd.DataFrame({"image": [0, 1], "mse": [0.01, 0.02], "psnr": [20.0, 16.9897], "ssim": [0.5, 0.75]})
facts = {
    "notebook": "02",
    "dataset": "MNIST",
    "split": "test",
    "degradation": "noise 0.2 clipped",
    "method": "median",
    "kind": "classical",
}


def test_a_row_holds_means_and_a_file_their_digits():
    rows = [
        results.row(scores, **facts),
        results.row(scores, **facts | {"kind": "published", "published_psnr": 23.2, "params": 7}),
    ]
    table = results.save("02_results", rows)
    assert list(table) == results.COLUMNS + results.INTERVALS and table["psnr"][0] == pytest.approx(18.49485)
    with open(session.tables() / "02_results.csv", newline="", encoding="utf-8") as file:
        first, second = csv.DictReader(file)
    assert (first["mse"], first["psnr"], first["ssim"], first["n_images"]) == ("0.015", "18.4948", "0.6250", "2")
    assert (first["published_psnr"], second["published_psnr"], second["params"]) == ("", "23.2", "7")


def test_intervals_are_paired_with_the_recipe_on_the_same_images():
    better = scores.assign(psnr=scores["psnr"] + [1.0, 2.0])
    others = better.assign(image=[7, 8])
    rows = [
        results.row(scores, **facts | {"method": "degraded input", "kind": "input"}),
        results.row(scores, **facts | {"method": "dense, published recipe", "kind": "published"}),
        results.row(better, **facts),
        results.row(others, **facts | {"method": "total variation"}),
        results.row(better[:1], n_images=2, **facts | {"method": "gaussian"}),
    ]
    table = results.save("02_results", rows)
    assert table["against"].dropna().tolist() == ["dense, published recipe"] * 2
    mean, low, high = metrics.paired_interval(better["psnr"], scores["psnr"])
    assert table.loc[2, ["gain", "gain_low", "gain_high"]].tolist() == [mean, low, high] and mean == pytest.approx(1.5)
    assert table["gain"].isna().tolist() == [False, True, False, True, True]  # itself; other images; means alone
    _, low, high = metrics.paired_interval(better["psnr"], [0, 0])
    assert table.loc[2, ["psnr_low", "psnr_high"]].tolist() == [low, high] and np.isnan(table["psnr_low"][4])


def test_intervals_cover_scenes_where_they_are_known():
    three = pd.concat([scores, scores]).iloc[:3].assign(image=range(3), psnr=[20.0, 20.2, 23.0])
    rows = [results.row(three, scenes=list("aab"), **facts), results.row(three, **facts | {"method": "gaussian"})]
    table = results.save("02_results", rows)
    assert table["interval_over"].tolist() == ["scenes", "images"]
    _, low, high = metrics.paired_interval(three["psnr"], [0, 0, 0], groups=list("aab"))
    assert table.loc[0, ["psnr_low", "psnr_high"]].tolist() == [low, high]


def test_an_exact_image_has_no_interval():
    exact = scores.assign(psnr=np.inf)
    table = results.save("02_results", [results.row(exact, **facts | {"kind": "published"}), results.row(scores, **facts)])
    assert table["psnr_low"].isna().tolist() == [True, False] and table["gain"].isna().all()


@pytest.mark.parametrize("name", ["split", "degradation", "method", "kind", "source"])
def test_a_name_that_is_not_in_the_contract_is_refused(name):
    with pytest.raises(ValueError, match="'new' is no name of the results contract"):
        results.row(scores, **facts | {name: "new"})


def test_no_scores_no_row():
    with pytest.raises(ValueError, match="no image was scored for 'median'"):
        results.row(scores[:0], **facts)


def test_names_are_said_once():
    for names in (results.METHODS, results.DEGRADATIONS, results.KINDS, results.SOURCES, datasets.SPLITS):
        assert len(set(names)) == len(names)
    assert set(plotting.COLORS) - {"clean"} <= set(results.METHODS)


def test_a_table_of_this_run_or_else_the_reports():
    written = results.save("02_results", [results.row(scores, **facts)])
    loaded = results.load("02_results")
    assert list(loaded) == list(written) and loaded["notebook"].tolist() == ["02"]
    assert len(results.load("01_results")) > 5  # the report's, since this test wrote none
    with pytest.raises(FileNotFoundError, match=r"no table 09_results\.csv: run chapter 09 first"):
        results.load("09_results")


def test_each_task_is_collected_from_its_chapters_table(monkeypatch):
    def table(name):
        rows = tables[tables["notebook"] == name[:2]]
        assert name == f"{name[:2]}_results" and len(rows)
        return rows

    described = pd.read_csv(paths.ROOT / "data" / "systems.csv", dtype={"notebook": str})
    rows = []
    for one in described.to_dict("records"):
        facts = {key: one[key] for key in ("notebook", "dataset", "degradation", "n_images")} | {"split": "test", "params": 7}
        scores = {one["recipe"]: ("published", 20.0), "degraded input": ("input", 15.0), "median": ("classical", 21.0)}
        scores[one["best"]] = ("network", 30.0)
        scores["non-local means"] = scores["PCA, code 32"] = ("classical", 18.0)
        rows += [facts | {"method": method, "kind": kind, "psnr": psnr} for method, (kind, psnr) in scores.items()]
        files.write_json(paths.records() / f"{one['training']}.json", {"minutes": 2.5})
    tables = pd.DataFrame(rows)
    monkeypatch.setattr(results, "load", table)
    found = results.systems().set_index("task")
    assert found["best_psnr"].eq(30).all() and found["input_psnr"].eq(15).all() and found["params"].eq(7).all()
    assert found.loc["digits, noise of 0.2", ["classical", "classical_psnr"]].tolist() == ["median", 21]  # the best
    assert found.loc["digits through a code of 32 numbers", "classical"] == "PCA, code 32"  # the one that is named
    assert found["minutes"].eq(2.5).all() and found["published_psnr"].isna().sum() == 2
