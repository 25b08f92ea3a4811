"""Drawings of ideas: to scale, in the right place."""

import itertools
import re

import matplotlib.colors
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image

from helpers import drawings, plotting, session
from helpers.backend import keras


@pytest.fixture
def figures(monkeypatch):
    kept = []
    monkeypatch.setattr(plotting, "save_figure", lambda figure, *rest, **options: kept.append(figure))
    return kept


def test_a_bottleneck_is_drawn_to_scale(figures):
    drawings.show_bottleneck((784, 128, 32, 128, 784), ("pixels", "units", "code", "units", "pixels"))
    bars = [patch for patch in figures[0].axes[0].patches if isinstance(patch, Rectangle)]
    assert [bar.get_height() for bar in bars] == [784, 128, 32, 128, 784]
    code = [bar for bar in bars if bar.get_facecolor() != bars[0].get_facecolor()]
    assert [bar.get_height() for bar in code] == [32]


def test_a_code_map_has_each_picture_at_its_place(figures):
    pictures = np.zeros((2, 3, 4, 4))
    pictures[0, 2, 0, 0] = 1  # lowest row, last column: its upper left corner
    points, labels = np.array([[10.0, 20.0], [90.0, 80.0]]), np.array([0, 1])
    drawings.show_code_map(points, labels, pictures, steps=[20, 50, 80])
    image = figures[0].axes[1].images[0]
    left, right, bottom, top = image.get_extent()
    row, column = np.argwhere(image.get_array() == 1)[0]
    x = left + (column + 0.5) * (right - left) / 12
    y = top - (row + 0.5) * (top - bottom) / 8
    assert 65 < x < 95 and y < 50


def test_four_kinds_show_the_noisy_picture_once(figures):
    digit, noisy = np.full((8, 8, 1), 0.25), np.full((8, 8, 1), 0.75)
    drawings.show_kinds(digit, noisy, restored=np.full((8, 8, 1), 0.5))
    shown = [image.get_array().mean() for axes in figures[0].axes for image in axes.images]
    assert sorted(shown) == [0.25] * 3 + [0.5] * 4 + [0.75]


def test_a_curve_comes_closer_than_a_line(shown):
    drawings.show_bending(name="01_bending")
    digest = shown[0][0]["text/plain"]
    errors = [float(number) for number in re.findall(r"0\.\d{4}", digest)]
    assert len(errors) == 2 and 3 * errors[1] < errors[0]


def test_digits_that_look_alike_have_colours_that_do_not():
    for pair in ((3, 5), (3, 8), (5, 8), (4, 9), (1, 7)):
        one, other = (np.array(matplotlib.colors.to_rgb(drawings.DIGIT_COLORS[digit])) for digit in pair)
        assert np.linalg.norm(one - other) > 0.45, pair


def test_layers_and_panels_are_drawn(shown):
    drawings.show_bottleneck((784, 32, 784), ("pixels", "code", "pixels"), name="01_layers")
    rng = np.random.default_rng(0)
    panels = {
        "points": drawings.points(rng.normal(size=(50, 2)), np.arange(50) % 3),
        "pictures": drawings.mosaic(rng.random((3, 4, 8, 8))),
        "bars": drawings.bars(rng.random(20)),
    }
    drawings.show_panels(panels, columns=3, name="01_panels")
    texts = [data["text/plain"] for data, _ in shown]
    assert texts[0] == "<figure 01_layers: 784, 32, 784>"
    assert "points mean" in texts[1] and "pictures mean 0.5" in texts[1] and "bars mean" in texts[1]
    for name in ("01_layers", "01_panels"):
        assert np.asarray(Image.open(session.figures() / f"{name}.png").convert("L")).std() > 20


def test_a_mosaic_keeps_the_order_of_its_pictures():
    figure = Figure()
    axes = figure.subplots()
    pictures = np.zeros((2, 3, 4, 4))
    pictures[1, 2, 0, 0] = 1  # the last picture: its upper left corner
    drawings.mosaic(pictures).draw(axes)
    drawn = axes.images[0].get_array()
    assert drawn.shape == (2 * 5, 3 * 5) and drawn[5, 10] == 1 and drawn[5:9, 10:14].sum() == 1


def test_spots_are_drawn_to_scale_beside_a_bell_curve(figures):
    centers, radii = np.array([[3.0, 0.0], [0.0, -1.0]]), np.array([[1.0, 0.5], [0.1, 0.1]])
    drawings.show_panels({"far": drawings.spots(centers, radii), "near": drawings.spots(centers, radii, [4, 7], reach=9)})
    left, right = figures[0].axes
    sizes = [(patch.center, patch.width, patch.height) for patch in left.patches]
    assert [(tuple(center), *size) for center, *size in sizes] == [((3, 0), 2, 1), ((0, -1), 0.2, 0.2), ((0, 0), 2, 2)]
    assert left.get_xlim()[1] == pytest.approx(4.2) and right.get_ylim() == (-9, 9)
    colors = [matplotlib.colors.to_hex(patch.get_facecolor()).upper() for patch in right.patches[:2]]
    assert colors == [drawings.DIGIT_COLORS[4], drawings.DIGIT_COLORS[7]]


def test_specks_are_marked_at_their_place(figures):
    pictures = np.zeros((3, 10, 10, 1))
    pictures[:, 2, 7] = 1
    drawings.show_specks({"once": pictures, "fresh": pictures[::-1]}, ["a", "b", "c"], place=(2, 7))
    assert len(figures[0].axes) == 6
    for axes in figures[0].axes:
        assert axes.patches[0].center == (7, 2) and axes.images[0].get_array()[2, 7] == 1


def test_a_unet_is_drawn_to_scale_and_joined_where_sizes_are_equal(figures):
    drawings.show_unet((32, 16, 8), (8, 16, 32))
    axes = figures[0].axes[0]
    blocks = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
    assert [block.get_height() for block in blocks] == [32, 32, 16, 8, 16, 32, 32]
    assert [block.get_width() for block in blocks[1:-1]] == [2, 4, 8, 4, 2]
    texts = [text.get_text() for text in axes.texts]
    assert texts.count("skip") == 2 and "8×8\n32 channels" in texts and any("residual" in text for text in texts)
    skips = [text for text in axes.texts if text.get_text() == "skip"]
    centers = [block.get_x() + block.get_width() / 2 for block in blocks]
    for skip in skips:  # in the middle, over the bottleneck
        assert skip.get_position()[0] == pytest.approx(centers[3])


def test_a_receptive_field_is_measured(figures):
    field = np.zeros((28, 28))
    field[10:15, 8:17] = 1
    drawings.show_fields({"layer 1": field, "layer 2": np.ones((28, 28))})
    titles = [axes.get_title() for axes in figures[0].axes]
    assert titles == ["layer 1\n5×9", "layer 2\n28×28"]
    frame = figures[0].axes[0].patches[0]
    assert (frame.get_x(), frame.get_y(), frame.get_width(), frame.get_height()) == (7.5, 9.5, 9, 5)


def test_stages_are_drawn_to_scale_with_the_number_of_their_values(figures):
    wide, narrow = [(64, 3), (64, 128), (64, 3)], [(64, 3), (8, 128), (64, 3)]
    drawings.show_stages({"wide": wide, "narrow": narrow}, code=1)
    for axes, stages in zip(figures[0].axes, (wide, narrow), strict=True):
        blocks = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
        assert [block.get_height() for block in blocks] == [side for side, _ in stages]
        assert blocks[1].get_facecolor() != blocks[0].get_facecolor() == blocks[2].get_facecolor()
    assert not [text for axes in figures[0].axes for text in axes.texts if text.get_text() == "skip"]
    assert "8×8×128\n8,192" in [text.get_text() for text in figures[0].axes[1].texts]


def test_skips_go_over_the_blocks_the_longest_highest(figures):
    stages = [(64, 3), (32, 16), (8, 64), (32, 16), (64, 3)]
    drawings.show_stages({"skips": stages}, code=2, skips={(0, 4): "residual", (1, 3): "skip"})
    heights = {text.get_text(): text.get_position() for text in figures[0].axes[0].texts}
    assert heights["residual"][1] > heights["skip"][1] > 32
    assert heights["residual"][0] == heights["skip"][0] == 120  # over the code


def test_stamps_add_up_as_keras_adds_them(figures):
    rng = np.random.default_rng(0)
    small, stamp = rng.random((3, 3)), rng.random((3, 3))
    layer = keras.layers.Conv2DTranspose(1, 3, strides=2, padding="valid")
    layer.build((1, 3, 3, 1))
    layer.set_weights([stamp[:, :, np.newaxis, np.newaxis], np.zeros(1)])
    by_keras = keras.ops.convert_to_numpy(layer(small[np.newaxis, ..., np.newaxis].astype("float32")))
    np.testing.assert_allclose(drawings.stamped(small, stamp, 2), by_keras[0, ..., 0], rtol=1e-5)
    drawings.show_stamps(small, stamp, 2)
    counts = [text.get_text() for text in figures[0].axes[2].texts]
    assert len(counts) == 49 and counts[2 * 7 + 2] == "4" and counts[0] == "1" and counts[2] == "2"


def test_a_sum_has_its_signs_between_the_pictures(figures):
    picture = np.full((8, 8, 3), 0.25)
    drawings.show_sum({"noisy": picture, "correction": picture, "restored": 2 * picture})
    axes = figures[0].axes
    assert [one.texts[0].get_text() for one in axes] == ["", "+", "="]
    assert [one.get_title() for one in axes] == ["noisy", "correction", "restored"]
    assert [one.images[0].get_array().mean() for one in axes] == [0.25, 0.25, 0.5]


def test_two_large_pictures_and_their_small_one_are_drawn_to_scale(figures):
    picture = np.kron(np.eye(8), np.ones((2, 2)))
    drawings.show_same_small(picture, picture[:, ::-1], np.eye(8), picture)
    sides = [patch.get_width() for patch in figures[0].axes[0].patches if isinstance(patch, Rectangle)]
    assert len(sides) == 3 * 16 * 16 + 8 * 8 and np.allclose(sides, 2 / 16)  # a pixel is as large in all four
    colors = {patch.get_facecolor() for patch in figures[0].axes[0].patches}
    assert colors == {(0, 0, 0, 1), (1, 1, 1, 1)}


def test_an_hourglass_is_drawn_to_scale(figures):
    drawings.show_hourglass([(64, 96), (32, 48), (16, 24), (64, 96)], [3, 16, 64, 3])
    boxes = [patch for patch in figures[0].axes[0].patches if isinstance(patch, Rectangle)]
    assert [(box.get_height(), box.get_width()) for box in boxes] == [(64, 96), (32, 48), (16, 24), (64, 96)]
    narrow = [box for box in boxes if box.get_facecolor() != boxes[0].get_facecolor()]
    assert [box.get_height() for box in narrow] == [16]
    assert all(left.get_x() + left.get_width() < right.get_x() for left, right in itertools.pairwise(boxes))


def test_an_hourglass_shows_what_leads_around_its_middle(figures):
    drawings.show_hourglass([(64, 96), (32, 48), (16, 24), (32, 48), (64, 96)], [3, 16, 64, 16, 3], skips=2, adds=True)
    tops = [line.get_ydata().max() for line in figures[0].axes[0].lines]
    assert len(tops) == 3 and tops[0] > tops[1] > 32 and tops[2] > tops[0]  # two skips, and the input above them
    assert {text.get_text() for text in figures[0].axes[0].texts} >= {"skips", "the input itself is added"}


def test_space_to_depth_keeps_letters_and_colours_together(figures):
    drawings.show_space_to_depth()
    axes = figures[0].axes[0]
    letters = [text for text in axes.texts if len(text.get_text()) == 1]
    assert sorted(text.get_text() for text in letters) == sorted(2 * "abcdefghijklmnop")
    color = {
        (box.get_x() + box.get_width() / 2, box.get_y() + box.get_height() / 2): box.get_facecolor() for box in axes.patches
    }
    for letter in "abcdefghijklmnop":
        first, second = (color[text.get_position()] for text in letters if text.get_text() == letter)
        assert first == second
    of_first_channel = sorted(text.get_text() for text in letters if 6 < text.get_position()[0] < 8)
    assert of_first_channel == ["a", "c", "i", "k"]


def test_details_carry_their_own_decibels_and_are_framed_in_their_picture(figures):
    clean = np.zeros((2, 40, 60, 3), np.float32)
    restored = clean.copy()
    restored[1, 10:20, 30:45] = 0.1  # 20 dB there, and nothing elsewhere
    drawings.show_details({"ours": restored}, clean, [(1, 10, 30, 10, 15)])
    whole, ours, truth = figures[0].axes
    assert "20.0 dB" in ours.get_title() and truth.get_title() == "original"
    assert ours.images[0].get_array().shape == (10, 15, 3)
    frame = whole.patches[0]
    assert (frame.get_x(), frame.get_y(), frame.get_width(), frame.get_height()) == (30, 10, 15, 10)


def test_pulls_go_from_the_noisy_value_to_the_answer(figures):
    values = np.linspace(-1, 2, 301)
    drawings.show_pulls({"to 0.5": (values, np.exp(-((values - 0.5) ** 2)), np.full(301, 0.5))}, arrows=9)
    (axes,) = figures[0].axes
    assert len(axes.texts) == 9
    for arrow in axes.texts:
        assert arrow.xy[0] == 0.5 and arrow.xy[1] == arrow.xyann[1] < 0 and arrow.xyann[0] in values
    begins = [arrow.xyann[0] for arrow in axes.texts]
    assert begins == sorted(begins) and begins[0] > -1 and begins[-1] < 2


def test_arrows_end_at_the_answers(figures):
    places = np.array([[0.0, 0.0], [1.0, 0.5]])
    answers = np.array([[0.5, 0.5], [0.5, 0.5]])
    drawings.show_arrows({"a": (places, answers), "b": (places, places)}, points=answers)
    quiver = figures[0].axes[0].collections[0]
    assert np.allclose(quiver.get_offsets() + np.stack([quiver.U, quiver.V], axis=1), answers)
    assert [axes.get_title() for axes in figures[0].axes] == ["a", "b"]
    assert all(axes.get_aspect() == 1 for axes in figures[0].axes)


def test_paths_go_from_a_circle_to_a_dot(figures):
    paths = np.array([[[0.0, 0.0], [1.0, 1.0]], [[0.2, 0.1], [0.8, 0.9]], [[0.5, 0.4], [0.5, 0.6]]])
    drawings.show_paths({"three places": paths}, points=np.array([[0.5, 0.5]]))
    clean, one, other, begin, end = figures[0].axes[0].lines
    assert np.array_equal(one.get_xydata(), paths[:, 0]) and np.array_equal(other.get_xydata(), paths[:, 1])
    assert np.array_equal(begin.get_xydata(), paths[0]) and np.array_equal(end.get_xydata(), paths[-1])
    assert begin.get_markerfacecolor() == "white" != end.get_markerfacecolor() and clean.get_zorder() < one.get_zorder()


def test_a_loop_shows_its_five_pictures_and_where_one_may_constrain(figures):
    pictures = [np.full((4, 4, 1), k / 5) for k in range(5)]
    drawings.show_loop(*pictures)
    (axes,) = figures[0].axes
    assert [image.get_array().mean() for image in axes.images] == [0, 0.2, 0.8, 0.4, 0.6]
    said = [text.get_text() for text in axes.texts]
    assert "constrain" in said and said[:5] == ["noisy", "answer", "next noisy", "old noise", "fresh noise"]


def test_a_tile_lies_in_the_middle_of_what_is_seen(figures):
    drawings.show_tiles(64, 24)
    axes = figures[0].axes[0]
    *_, seen, kept = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
    assert (kept.get_width(), seen.get_width()) == (64, 64 + 2 * 24)
    assert kept.get_x() - seen.get_x() == seen.get_x() + seen.get_width() - kept.get_x() - kept.get_width() == 24
    assert any("kept" in text.get_text() for text in axes.texts)


def test_maps_share_one_scale_with_a_colour_bar(figures):
    maps = {
        "first": np.linspace(-0.2, 1, 48).reshape(6, 8),
        "second": np.full((6, 8), 0.5),
        "third": np.ones((6, 8)),
        "4": np.eye(6, 8),
    }
    drawings.show_maps(maps, "SSIM")
    shown = [axes for axes in figures[0].axes if axes.images]
    assert [axes.get_title() for axes in shown] == list(maps)
    assert {axes.images[0].get_clim() for axes in shown} == {(0, 1)}
    assert any(axes.get_ylabel() == "SSIM" for axes in figures[0].axes)

    drawings.show_maps(maps, "SSIM", first_grey=True)
    shown = [axes for axes in figures[1].axes if axes.images]
    assert [axes.images[0].get_cmap().name for axes in shown] == ["gray", "viridis", "viridis", "viridis"]


def test_bands_lie_around_their_line(figures):
    line = pd.Series([0.2, 0.1], index=[10, 1000])
    wide, narrow = ([-0.2, 0.0], [0.6, 0.2]), ([0.0, 0.05], [0.4, 0.15])
    drawings.show_bands(line, {"apart": wide, "paired": narrow}, "digits", "difference, dB")
    axes = figures[0].axes[0]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["10", "1,000"]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["apart", "paired", "mean", "no difference"]
    outer, inner = (band.get_paths()[0].get_extents() for band in axes.collections)
    assert outer.ymin < inner.ymin and outer.ymax > inner.ymax


def test_gains_stand_on_their_lines(figures):
    scores = {"plain": (20.0, 26.0), "U-Net": (25.0, 27.5)}
    drawings.show_gains(scores, ("brief", "long"), "PSNR, dB", references={"blur": 22.0})
    said = {text.get_text() for text in figures[0].axes[0].texts}
    assert {"+6.00", "+2.50", "+5.00", "+1.50", "plain", "U-Net", "blur"} <= said


def test_curves_share_a_legend_and_a_band_lies_in_its_panel(figures):
    panels = {
        "distance": {"noise": ([0.04, 0.02], [15.0, 21.0]), "half": ([0.04, 0.02], [19.0, 42.0])},
        "sure": {"noise": ([0.04, 0.02], [85.0, 83.0]), "half": ([0.04, 0.02], [77.0, 76.0])},
    }
    drawings.show_curves(panels, "error", bands={"distance": (14.0, 21.0, "real digits")}, notes=[1, 16])
    left, right = figures[0].axes
    assert [axes.get_ylabel() for axes in (left, right)] == list(panels)
    assert len(left.patches) == 1 and not right.patches
    assert [note.get_text() for note in left.texts] == ["1", "16", "1", "16"]
    assert [text.get_text() for text in figures[0].legends[0].get_texts()] == ["noise", "half", "real digits"]
    colors = [[line.get_color() for line in axes.lines] for axes in (left, right)]
    assert colors[0] == colors[1]


def test_a_move_leads_from_one_score_to_the_other(figures):
    moves = {"copier\n16": (24.6, 28.2), "back": (25.0, 21.0), "one question": (np.nan, 31.0)}
    drawings.show_moves(moves, "PSNR, dB", ends=("copy", "restore"), references={"noisy": 20.4})
    axes = figures[0].axes[0]
    arrows = [text for text in axes.texts if getattr(text, "arrow_patch", None)]
    assert [(arrow.xyann, arrow.xy) for arrow in arrows] == [((24.6, 0), (28.2, 0)), ((25.0, 1), (21.0, 1))]
    assert [text.get_text() for text in axes.texts if text.get_text()] == ["24.6", "28.2", "25.0", "21.0", "31.0", "noisy"]
    assert [label.get_text() for label in axes.get_yticklabels()] == list(moves)
    assert [text.get_text() for text in figures[0].legends[0].get_texts()] == ["copy", "restore"]


def test_letters_come_font_by_font():
    letters = drawings.letters("ab", fonts=["Sans", "Serif"])
    assert letters.shape == (4, 28, 28, 1) and letters.dtype == np.float32
    assert np.array_equal(letters[1], drawings.letters("b", fonts=["Sans"])[0])
    assert letters.min() == 0 and letters.max() == 1 and len(drawings.letters()) == 416
