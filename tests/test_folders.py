"""A reader's own folders: what is in them is said before anything is trained, and what cannot be right is refused."""

import shutil

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from helpers import datasets, image_io, paths, session
from helpers.commands import check
from helpers.datasets import folders


def picture(path, size=(40, 60), seed=0, exif=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    values = np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)
    Image.fromarray(values).save(path, **({"exif": exif} if exif else {}))


@pytest.fixture
def listed(tmp_path):
    """Twelve pictures at factors 2 and 4, in the published layout."""
    folder, rows = tmp_path / "my pairs", []
    for scene in range(12):
        picture(folder / "high res" / f"{scene}.png", seed=scene)
        for factor in (2, 4):
            picture(folder / "low res" / f"{scene}_{factor}.png", seed=100 * factor + scene)
            rows.append((f"{scene}_{factor}.png", f"{scene}.png"))
    write_list(folder, rows)
    return folder


def write_list(folder, rows, columns=("low_res", "high_res")):
    pd.DataFrame(rows, columns=list(columns)).to_csv(folder / "image_data.csv", index=False)


@pytest.fixture
def named(tmp_path):
    """Twelve pairs of equal name."""
    for k in range(12):
        picture(tmp_path / "pairs/low" / f"{k}.png", seed=k)
        picture(tmp_path / "pairs/high" / f"{k}.png", seed=100 + k)
    return tmp_path / "pairs"


def test_a_good_folder_of_each_layout(listed, named, tmp_path, capsys):
    for k in range(20):
        picture(tmp_path / "pictures" / f"{k}.jpg", (60, 40) if k < 5 else (40, 60), seed=k)
    assert check.main([str(listed), str(named), str(tmp_path / "pictures")]) == 0
    said = capsys.readouterr().out
    for line in (
        f"{listed}: list of pairs",
        "24 pairs of 12 high pictures can be used, 12 pictures or more are needed",
        "factors (pairs): 2 (12), 4 (12)",
        "train 8, validation 2, test 2 pictures",
        f"{named}: pairs of equal name",
        "20 pictures can be used, 20 or more are needed",
        "heights 40 to 60, widths 40 to 60 pixels; 15 landscape, 5 portrait",
    ):
        assert line in said, said
    assert said.count("ready to be used") == 3


def test_a_factor_is_only_what_the_list_says(listed):
    files = listed / "image_data.csv", listed / "low res", listed / "high res"
    assert folders.find_pairs(*files)["factor"].tolist() == 12 * [2, 4]
    write_list(listed, [("7_4.png", "7.png")])
    assert folders.find_pairs(*files)["factor"].tolist() == [4]
    for k, name in enumerate(("IMG_2001.png", "IMG_2009.png")):
        picture(listed / "low res" / name, seed=k)
        picture(listed / "high res" / f"DSC_{k}.png", seed=10 + k)
    write_list(listed, [("IMG_2001.png", "DSC_0.png"), ("IMG_2009.png", "DSC_1.png")])
    assert folders.find_pairs(*files)["factor"].tolist() == [1, 1]
    write_list(listed, [("IMG_2001.png", "DSC_0.png", 3), ("7_4.png", "7.png", 2)], ("low_res", "high_res", "factor"))
    assert folders.find_pairs(*files)["factor"].tolist() == [3, 2]
    for wrong in ("", "0", "two", "2.5", "-2", "1000"):
        write_list(listed, [("7_4.png", "7.png", wrong)], ("low_res", "high_res", "factor"))
        with pytest.raises(ValueError, match="column factor holds .*whole numbers from 1 to 64"):
            folders.find_pairs(*files)


def test_missing_files_are_told_with_their_share(listed):
    for scene in range(3):
        (listed / "high res" / f"{scene}.png").unlink()
    report = datasets.check_folder(listed)
    assert report.usable == 18 and report.left_out[0].startswith("6 of 24: 0.png is missing")
    assert report.problems == ["3 more high pictures with their low versions are needed"]
    (listed / "low res/5_2.png").write_bytes(b"no picture")
    picture(listed / "low res/6_2.png", (60, 40))
    missing, damaged, turned = datasets.check_folder(listed).left_out  # a line for each kind, each reason once
    assert missing == "6 of 24: 0.png is missing; 1.png is missing; 2.png is missing"
    assert damaged.startswith("1 of 24: 5_2.png cannot be read") and turned.endswith("one of them is turned")
    with pytest.raises(ValueError, match="cannot be used yet.\n.*my pairs: list of pairs"):
        datasets.require_folder(listed, "list of pairs")


def test_turned_pictures_are_not_squashed(named):
    picture(named / "low/0.png", (60, 40))
    turned = Image.Exif()
    turned[0x0112] = 6  # as a camera held upright writes it
    picture(named / "low/1.png", (60, 40), exif=turned)
    report = datasets.check_folder(named)
    assert report.left_out == ["1 of 12: the low picture is 60x40, the high one 40x60 (height x width): one of them is turned"]


def test_names_that_clash(named):
    picture(named / "high/3.jpg", seed=3)
    picture(named / "low/4.tif", seed=4)
    picture(named / "high/A.png", seed=5)
    picture(named / "low/a.jpg", seed=6)
    found = folders.find_pairs(None, named / "low", named / "high").set_index("low_res")["reason"]
    assert found["3.png"].startswith("3.png has several partners: 3.jpg and 3.png")
    assert found["4.png"] == "4.png is one of 2 low pictures of this name"
    assert found["4.tif"] == "4.tif is one of 2 low pictures of this name"
    assert found["a.jpg"] == "" and (found == "").sum() == 11


def test_one_scene_is_known_under_all_its_names(listed):
    """In one split only: by other letters, by a link, as a copy under another name."""
    columns = ("low_res", "high_res", "split")
    shutil.copy(listed / "high res/1.png", listed / "high res/copy.png")
    (listed / "high res/link.png").symlink_to(listed / "high res/1.png")
    for other in ("1.PNG", "copy.png", "link.png", "./1.png"):
        write_list(listed, [("1_2.png", "1.png", "train"), ("1_4.png", other, "test")], columns)
        with pytest.raises(ValueError, match="in more than one split: 1.png; .*lead to the same picture"):
            datasets.check_folder(listed)
    rows = [(f"{k}_{factor}.png", f"{k}.png") for k in range(12) for factor in (2, 4)]
    write_list(listed, [*rows, ("1_2.png", "copy.png"), ("1_4.png", "1.PNG")])
    pairs = folders.find_pairs(listed / "image_data.csv", listed / "low res", listed / "high res")
    same = pairs[pairs["high_res"].isin(["1.png", "1.PNG", "copy.png"])]
    assert len(same) == 4 and same["split"].nunique() == 1


def test_copies_of_a_picture_count_once(tmp_path):
    for k in range(20):
        picture(tmp_path / f"{k:02d}.png", seed=k)
    shutil.copy(tmp_path / "03.png", tmp_path / "holiday.png")
    report = datasets.check_folder(tmp_path)
    assert report.left_out == ["1 of 21: holiday.png is the same picture as 03.png"] and not report.problems
    with pytest.warns(UserWarning, match=r"1 file\(s\) left out: holiday.png is the same picture as 03.png"):
        assert len(datasets.load_image_folder(tmp_path)[0]) == 20
    found = folders.find_pictures(tmp_path)
    assert found["file"].tolist() == image_io.picture_files(tmp_path) and (found["reason"] != "").sum() == 1


def test_too_few_are_counted(tmp_path, capsys):
    picture(tmp_path / "a.png")
    assert check.main([str(tmp_path)]) == 1
    assert "TO MEND: 19 more pictures are needed" in capsys.readouterr().out


def test_a_column_split_without_pictures_to_score(listed):
    rows = [(f"{k}_2.png", f"{k}.png", "test" if k > 10 else "train") for k in range(12)]
    write_list(listed, rows, ("low_res", "high_res", "split"))
    assert datasets.check_folder(listed).problems == [
        "fewer than 2 pictures to validation and to test: change the column split"
    ]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda folder: None, "'.*mine' is no folder"),
        (lambda folder: folder.mkdir(), "no readable picture .* in '.*mine'"),
        (lambda folder: (folder / "low").mkdir(parents=True), "no readable picture"),
        (lambda folder: picture(folder / "image_data.csv" / "a.png"), "no readable picture"),
        (lambda folder: [(folder / "low").mkdir(parents=True), (folder / "high").mkdir()], "no readable picture"),
    ],
)
def test_folders_that_are_none_are_named_as_they_were_given(tmp_path, capsys, make, message):
    make(tmp_path / "mine")
    with pytest.raises(FileNotFoundError, match=message):
        datasets.check_folder(tmp_path / "mine")
    assert check.main([str(tmp_path / "mine")]) == 2
    assert str(tmp_path / "mine") in capsys.readouterr().err


def test_another_layout_than_the_chapter_needs(named, listed):
    for folder, layout in ((named, "list of pairs"), (listed, "pictures"), (listed, "pairs of equal name")):
        with pytest.raises(FileNotFoundError, match="not laid out as it should be, expected "):
            datasets.require_folder(folder, layout)


def test_own_pictures_and_pretrained_do_not_go_together(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match=r"pictures of your own are given \('mine'\) and MODE is 'pretrained'.*'quick'"):
        session.start("pretrained", own="mine")
    monkeypatch.delenv("COURSE_FIGURES")
    for mode, folder in (("quick", "quick"), ("full", "runs")):
        session.start(mode, own="mine")
        assert session.runs() == paths.cache() / "own" / folder
        assert session.figures() == paths.cache() / "own" / folder / "figures"
        session.start(mode)
        assert session.runs() == paths.cache() / folder


def test_figures_made_by_hand_stay_out_of_the_report(monkeypatch):
    monkeypatch.delenv("COURSE_FIGURES")
    for mode in session.MODES:
        session.start(mode)
        assert session.figures().is_relative_to(paths.cache())


def test_crops_lie_side_by_side_in_the_middle():
    assert image_io.crop_places((100, 150), (32, 48), 1) == [(34, 51)]
    assert image_io.crop_places((100, 150), (32, 48), 20)[:4] == [(2, 3), (2, 51), (2, 99), (34, 3)]
    assert len(image_io.crop_places((100, 150), (32, 48), 20)) == 9
    assert len(image_io.crop_places((100, 150), (32, 48), 4)) == 4
    assert image_io.crop_places((31, 150), (32, 48), 4) == []
