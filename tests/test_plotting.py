"""Pictures are written, shown with their description, and their digest tells one picture from another."""

import base64
import os

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image

from helpers import metrics, paths, plotting, session, timings


def test_a_picture_is_saved_and_shown_with_its_description(shown, strokes, noisy_strokes):
    plotting.show_images([strokes[:4], noisy_strokes[:4]], ["a", "b", "c", "d"], ["clean", "noisy"], name="02_x")
    (data, metadata), path = shown[0], session.figures() / "02_x.png"
    assert path.read_bytes() == base64.b64decode(data["image/png"])
    assert metadata["image/png"]["alt"] == "Strokes." and shown[1][0] == "*What is found.*"
    assert data["text/plain"].startswith("<figure 02_x: 4 of 16x16, 0.00 to 0.90, mean")
    picture = Image.open(path)
    assert picture.width == pytest.approx(7 * plotting.PRINTED, abs=2) and path.stat().st_size < 500_000
    assert metadata["image/png"]["width"] == 7 * 120  # on the page, however sharp it is in print
    assert not list(session.figures().glob("*.svg")) and not list(session.figures().glob("*.csv"))
    assert np.asarray(picture.convert("L")).std() > 20  # not an empty page


def test_the_digest_follows_the_picture(shown, strokes):
    plotting.show_images([strokes[:4]], name="02_x")
    plotting.show_images([strokes[1:5] * 0.9], name="02_x")
    assert shown[0][0]["text/plain"] != shown[2][0]["text/plain"]


def test_the_same_picture_has_the_same_bytes(strokes, shown):
    for _ in range(2):
        plotting.show_lines({"a": ([1, 2, 3], [3, 1, 2])}, "x", "y", name="02_lines", references={"r": 2.5})
    assert shown[0] == shown[1]


def test_a_plot_is_saved_as_svg_with_its_numbers_and_the_same_bytes(shown):
    saved = []
    for _ in range(2):
        band = ([1, 2, 3], [3.25, 1, 2], [2, 0, 1], [4, 2, 3])
        plotting.show_lines({"a\nb": band, "c": ([1, 2], [1, 2])}, "epoch", "PSNR, dB", name="02_x", references={"r": 2.5})
        saved.append({path.suffix: path.read_bytes() for path in session.figures().iterdir()})
    assert saved[0] == saved[1] and set(saved[0]) == {".png", ".svg", ".csv"}
    assert saved[0][".svg"].startswith(b"<?xml") and b"<dc:date>" not in saved[0][".svg"] and len(saved[0][".svg"]) < 60_000
    numbers = pd.read_csv(session.figures() / "02_x.csv")
    assert list(numbers) == ["line", "epoch", "PSNR, dB", "low", "high"]
    assert numbers["line"].tolist() == ["a b"] * 3 + ["c"] * 2 + ["r"]
    assert numbers["PSNR, dB"].tolist() == [3.25, 1, 2, 1, 2, 2.5] and numbers["high"].count() == 3


def test_every_kind_of_plot_has_its_numbers(shown):
    plotting.show_lines({"a": (range(2), [3, 1])}, "", "dB", name="1", categories=["with\nskips", "without"])
    plotting.show_scatter({"a": ([1, 2], [3, 4]), "none": ([], [])}, "minutes", "dB", name="2")
    table = metrics.evaluate(np.zeros((5, 16, 16, 1)), np.full((5, 16, 16, 1), 0.1))
    plotting.show_metric_series(table, table.index[:3], name="3")
    plotting.show_metric_histograms({"U-Net": table, "median": table}, "psnr", "dB", name="4")
    one, two, three, four = (pd.read_csv(session.figures() / f"{k}.csv") for k in range(1, 5))
    assert one["group"].tolist() == ["with skips", "without"] and two["dB"].tolist() == [3, 4]
    assert three["kept"].sum() == 3 and {"image", "psnr", "ssim", "mse"} <= set(three)
    assert four.groupby("method")["images"].sum().to_dict() == {"U-Net": 5, "median": 5}
    assert four["from"].min() <= 20 <= four["to"].max()


def test_many_points_are_dots_in_an_svg(shown):
    table = pd.DataFrame(np.random.default_rng(0).random((2000, 3)), columns=["mse", "psnr", "ssim"])
    plotting.show_metric_series(table, table.index[:9], name="1")
    assert (session.figures() / "1.svg").stat().st_size < 400_000


def test_every_kind_of_figure_comes_out(shown):
    epochs = range(1, 21)
    plotting.show_lines({"a": (epochs, np.linspace(10, 20, 20))}, "epoch", "PSNR (dB)", name="1")
    plotting.show_lines({"a": ([1, 10], [3, 1], [2, 0], [4, 2])}, "x", "y", name="2", log_x=True)
    plotting.show_lines({"a": (range(2), [3, 1])}, "x", "y", name="3", categories=["0", "1"])
    table = pd.DataFrame({"psnr": np.random.default_rng(0).normal(20, 1, 500)})
    plotting.show_metric_histograms({"U-Net, best": table, "dense, published recipe": table - 3}, "psnr", "PSNR (dB)", name="4")
    assert sorted(path.stem for path in session.figures().glob("*.png")) == ["1", "2", "3", "4"]
    assert "a 10.0 to 20.0" in shown[0][0]["text/plain"]


@pytest.mark.parametrize(("own", "ticks"), [([2, 4, 7], {2, 4, 7}), ([0.0433333, 0.0866667, 0.13], {0.1, 1})])
def test_ticks_of_a_logarithmic_axis_are_places_of_all_lines_or_round(own, ticks, shown, monkeypatch):
    figures = []
    monkeypatch.setattr(plotting, "save_figure", lambda figure, *_: figures.append(figure))
    plotting.show_lines({"a": ([2, 4, 7], [1, 2, 3]), "b": (own, [3, 2, 1])}, "x", "y", log_x=True)
    axes = figures[0].axes[0]
    low, high = axes.get_xlim()
    assert {round(tick, 6) for tick in axes.get_xticks() if low < tick < high} == ticks


def test_an_ablation_is_drawn_as_dots_with_the_changes_beside_them(monkeypatch):
    drawn = []
    monkeypatch.setattr(plotting, "save_figure", lambda figure, *rest: drawn.append((figure, *rest)))
    table = pd.DataFrame({"method": list("aaabbb"), "seed": [0, 1, 2] * 2, "psnr": [20.0, 20.2, 20.4, 21.0, 21.1, 21.2]})
    plotting.show_ablation(table, x_label="PSNR, dB", references={"input": 19.0}, name="02_x")
    figure, name, digest, data = drawn[0]
    axes = figure.axes[0]
    dots = [line.get_xdata().tolist() for line in axes.lines if line.get_marker() == "o"]
    assert dots == [[20.0, 20.2, 20.4], [21.0, 21.1, 21.2]] and name == "02_x" and digest == "a 20.20; b 21.10"
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a  1", "b  2"] and axes.yaxis.get_inverted()
    texts = [text.get_text() for text in axes.texts]
    assert any(text == "1: +0.90   +0.65 to +1.15" for text in texts) and "input" in texts
    assert [line.get_xdata() for line in axes.lines if line.get_linestyle() == "--"] == [[19.0, 19.0]]
    assert data.columns.tolist() == ["method", "seed", "PSNR, dB"] and len(data) == 6


def test_an_ablation_shows_its_last_rows_twice_where_they_lie_close_together(monkeypatch):
    drawn = []
    monkeypatch.setattr(plotting, "save_figure", lambda figure, *rest: drawn.append(figure))
    scores = {"a": [20.0, 20.2], "b": [26.0, 26.1], "c": [26.2, 26.4]}
    rows = [{"method": name, "seed": seed, "psnr": psnr} for name in scores for seed, psnr in enumerate(scores[name])]
    plotting.show_ablation(pd.DataFrame(rows), close=2)
    axes, beside = drawn[0].axes[:2]
    (larger,) = beside.child_axes
    for panel, methods in ((axes, "abc"), (larger, "bc")):
        dots = [line for line in panel.lines if line.get_marker() == "o"]
        assert [line.get_xdata().tolist() for line in dots] == [scores[name] for name in methods]
        assert [line.get_ydata()[0] for line in dots] == ["abc".index(name) for name in methods]


def test_labels_at_the_ends_do_not_overlap_and_are_tied_to_their_curves():
    axes = Figure(figsize=(7, 3.6)).subplots()
    axes.set_ylim(0, 10)
    plotting._label_ends(axes, [(5.0, "a", "k"), (5.01, "b", "k"), (9.99, "c", "k"), (10.0, "d", "k")])
    heights = sorted(text.xyann[1] for text in axes.texts)
    np.testing.assert_allclose(heights, [4.695, 5.315, 9.38, 10.0], atol=0.01)  # none farther than it has to be
    assert all(text.arrow_patch is not None for text in axes.texts)
    assert {text.get_text(): text.xy[1] for text in axes.texts} == {"a": 5.0, "b": 5.01, "c": 9.99, "d": 10.0}


def test_labels_that_stand_at_their_curves_need_no_tie():
    axes = Figure(figsize=(7, 3.6)).subplots()
    axes.set_ylim(0, 10)
    plotting._label_ends(axes, [(2.0, "a", "k"), (7.0, "b", "k")])
    assert [text.arrow_patch for text in axes.texts] == [None, None]


def test_quick_pictures_say_so_and_go_elsewhere(monkeypatch, shown, strokes, own_folders):
    monkeypatch.delenv("COURSE_FIGURES")
    session.start("quick")
    plotting.show_images([strokes[:2]], name="02_x")
    assert (own_folders / "data" / "cache" / "quick" / "figures" / "02_x.png").exists()
    assert "quick" in shown[0][0]["text/plain"]


def test_minutes_come_from_the_table(shown):
    timings.show_minutes("02_mnist_denoising")
    paths.data().mkdir(parents=True)
    (paths.data() / "timings.csv").write_text("notebook,reading,pretrained,quick,full\n02_mnist_denoising,30,0.5,1.2,21\n")
    timings.show_minutes("02_mnist_denoising")
    assert "make time" in shown[0][0] and "30 minutes to read · 30 seconds to run · 1.2 minutes" in shown[1][0]


def test_a_figures_folder_that_cannot_be_written(strokes, shown, own_folders, monkeypatch):
    folder = own_folders / "read-only"
    folder.mkdir()
    (folder / "02_x.png").write_bytes(b"what stood before")
    monkeypatch.setenv("COURSE_FIGURES", str(folder))
    if os.geteuid() == 0:  # for whom nothing is read-only: the file system's answer is played
        monkeypatch.setattr("tempfile.TemporaryFile", _refuse)
    else:
        folder.chmod(0o500)
    with pytest.raises(OSError, match="cannot write to read-only: .*Make this folder writable, or set COURSE_FIGURES"):
        plotting.show_images([strokes[:2]], name="02_x")
    folder.chmod(0o700)
    assert (folder / "02_x.png").read_bytes() == b"what stood before" and not shown


def _refuse(*args, **kwargs):
    raise PermissionError(13, "Permission denied")


def test_bad_input_is_refused(strokes):
    for rows in ([], [strokes[0]], [strokes[:0]]):
        with pytest.raises(ValueError, match="rows have shapes"):
            plotting.show_images(rows)
    with pytest.raises(ValueError, match=r"titles for \[3\] pictures, expected \[2\]"):
        plotting.show_images([strokes[:2]], ["a", "b", "c"])
    with pytest.raises(ValueError, match="1 labels for 2 rows"):
        plotting.show_images([strokes[:2]] * 2, labels=["a"])
    with pytest.raises(ValueError, match="no line"):
        plotting.show_lines({}, "x", "y")


def test_a_curve_without_a_colour_of_its_own_gets_none_that_is_taken(monkeypatch):
    figures = []
    monkeypatch.setattr(plotting, "save_figure", lambda figure, *rest: figures.append(figure))
    plotting.show_lines({"blind": ([1, 2], [1, 2]), "U-Net, best": ([1, 2], [2, 3])}, "x", "y")
    blind, best = (line.get_color().lower() for line in figures[0].axes[0].lines)
    assert best == plotting.COLORS["U-Net, best"].lower() and blind.strip("#") != best.strip("#")


def test_an_axis_does_not_begin_above_a_curves_end(monkeypatch):
    figures = []
    monkeypatch.setattr(plotting, "save_figure", lambda figure, *rest: figures.append(figure))
    for end in (24, 17):
        plotting.show_lines({"a": ([1, 2, 3], [5, 15, end]), "b": ([1, 2, 3], [5, 20, 25])}, "x", "y", y_from=20)
    assert [figure.axes[0].get_ylim()[0] >= 20 for figure in figures] == [True, False]


def test_no_two_methods_share_a_colour():
    assert len(set(plotting.COLORS.values())) == len(plotting.COLORS)


def test_signed_differences_are_white_red_and_blue():
    differences = np.array([0.0, 1.0, -1.0, 0.5]).reshape(1, 2, 2, 1)
    painted = plotting.signed(differences)
    assert painted.shape == (1, 2, 2, 3) and painted.dtype == np.float32
    white, red, blue, pale = painted.reshape(4, 3)
    assert white.min() > 0.99 and list(red) == [1, 0, 0] and list(blue) == [0, 0, 1]
    assert pale[0] == 1 and 0.4 < pale[1] < 0.6 and pale[1] == pale[2]
    assert np.array_equal(plotting.signed(differences / 4, strongest=0.25), painted)


def test_a_figure_of_a_live_training_carries_no_number_that_differs_between_machines(shown, monkeypatch):
    texts = {"01_live": {"caption": "It can be read.", "alt": "Eight digits.", "live": True}}
    monkeypatch.setattr(plotting, "captions", lambda: texts)
    plotting.show_images([np.random.default_rng(0).random((2, 8, 8, 1))], name="01_live")
    assert shown[0][0]["text/plain"] == "<figure 01_live: of a network trained live>"


def test_a_metric_series_tells_kept_from_dropped(shown):
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"image": range(40), "mse": rng.random(40), "psnr": rng.normal(25, 2, 40), "ssim": rng.random(40)})
    plotting.show_metric_series(table, table.index[table["ssim"] > 0.5], name="03_series")
    assert f"{(table['ssim'] > 0.5).sum()} of 40 kept" in shown[0][0]["text/plain"]
    assert np.asarray(Image.open(session.figures() / "03_series.png").convert("L")).std() > 10


def test_a_scatter(shown):
    groups = {"digits": ([1e4, 1e5, 1e6], [6.0, 9.0, 10.0]), "photographs": ([3e5], [8.0])}
    plotting.show_scatter(groups, "parameters", "gain, dB", log_x=True, name="06_x")
    (data, _) = shown[0]
    assert data["text/plain"] == "<figure 06_x: digits 3 from 6.0 to 10.0; photographs 1 from 8.0 to 8.0>"
    assert np.asarray(Image.open(session.figures() / "06_x.png").convert("L")).std() > 5
    with pytest.raises(ValueError, match="no point"):
        plotting.show_scatter({"none": ([], [])}, "x", "y")


def test_restorations_are_shown_with_the_decibels_of_what_is_shown(shown, strokes, noisy_strokes, monkeypatch):
    drawn = []
    monkeypatch.setattr(plotting, "show_images", lambda *args, **kwargs: drawn.append(args))
    exact = {"noisy strokes of all": noisy_strokes, "exact": strokes}
    plotting.show_restorations(exact, strokes, [3, 5])
    rows, titles, labels = drawn[0]
    assert labels == ["clean", "noisy strokes\nof all", "exact"] and [len(row) for row in rows] == [2, 2, 2]
    psnr = metrics.psnr(strokes[[3, 5]], np.clip(noisy_strokes[[3, 5]], 0, 1))
    assert titles == [["", ""], [f"{value:.1f} dB" for value in psnr], ["exact", "exact"]]
    plotting.show_restorations(exact, strokes, [3, 5], crop=(2, 3, 8, 6), methods_across=True)
    rows, titles = drawn[1]
    np.testing.assert_array_equal(rows[1][2], strokes[5, 2:10, 3:9])
    part = metrics.psnr(strokes[5:6, 2:10, 3:9], np.clip(noisy_strokes[5:6, 2:10, 3:9], 0, 1))[0]
    assert titles[1] == [f"noisy strokes of all\n{part:.1f} dB", "exact\nexact", "clean"]
    plotting.show_restorations({"convolutional, cross-entropy": strokes}, strokes, [3], truth="high resolution")
    assert drawn[2][2] == ["high\nresolution", "convolutional,\ncross-entropy"]  # broken between words only
