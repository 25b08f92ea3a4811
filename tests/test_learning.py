"""What a network draws while it learns: kept, shown under a slider, and on paper."""

import base64
import io
import itertools
import re
import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from helpers import drawings
from helpers.backend import keras

BATCHES = (0, 2, 5)


@pytest.fixture
def watched(strokes):
    model = keras.Sequential([keras.Input((16, 16, 1)), keras.layers.Conv2D(1, 3, padding="same")])
    model.compile("adam", "mse")
    watch = drawings.Snapshots(strokes[:3], strokes[:3], after=BATCHES)
    model.fit(strokes, strokes, batch_size=20, epochs=2, verbose=0, callbacks=[watch])
    return watch.table(), model


def test_it_is_looked_at_when_it_was_asked_for(watched, strokes):
    table, _ = watched
    assert table["batches"].tolist() == list(BATCHES) and table.index.tolist() == [0, 1, 2]
    picture = Image.open(io.BytesIO(base64.b64decode(table["png"][0])))
    assert picture.size == (48, 16) and picture.mode == "L"
    assert table["png"].nunique() == 3


def test_several_batches_a_step_are_counted(strokes):
    model = keras.Sequential([keras.Input((16, 16, 1)), keras.layers.Conv2D(1, 3, padding="same")])
    model.compile("adam", "mse", steps_per_execution=3)
    watch = drawings.Snapshots(strokes[:3], strokes[:3], after=BATCHES)
    model.fit(strokes, strokes, batch_size=20, epochs=2, verbose=0, callbacks=[watch])
    assert watch.table()["batches"].tolist() == [0, 3, 6]


def test_pictures_come_back(strokes):
    back = drawings.from_png(drawings.as_png(strokes[:4]), 4)
    assert back.shape == (4, 16, 16, 1) and np.abs(back - strokes[:4]).max() < 0.51 / 255
    colours = np.random.default_rng(0).random((2, 8, 8, 3))
    back = drawings.from_png(drawings.as_png(colours), 2)
    assert back.shape == colours.shape and np.abs(back - colours).max() < 0.51 / 255


def test_answers_stand_beside_what_was_given(strokes, shown):
    rows = []
    for square, question, network in itertools.product(range(2), ("copy", "restore"), ("one", "two")):
        row = {"network": network, "asked to": question, "square": square, "psnr": 20.0 + square}
        rows.append({**row, "png": drawings.as_png(strokes[[square]])})
    drawings.show_answers(pd.DataFrame(rows), 1.2 * strokes[:2], strokes[:2], name="02_x")
    assert len(shown) == 2


def test_a_study_can_keep_it(watched, tmp_path):
    table, _ = watched
    table.to_csv(tmp_path / "table.csv", index=False)
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "table.csv"), table)


def test_shown_on_paper_and_under_a_slider(watched, strokes, shown):
    table, _ = watched
    drawings.show_learning(table, strokes[:3], name="02_x")
    (bundle, metadata), caption = shown
    assert metadata["image/png"]["alt"] == "Strokes." and "What is found." in caption[0]
    assert bundle["text/plain"].startswith("<figure 02_x: 3 of 16x16") and bundle["text/plain"].count("3 of 16x16") == 4
    page = bundle["text/html"]
    assert page.count("<figure") == 3 and "before the first batch" in page and "after 5 batches" in page
    assert 'aria-label="Strokes."' in page and len(page) < 60_000
    assert not re.search(r"https?:", page)


def test_the_same_table_gives_the_same_page(watched, strokes, shown):
    table, _ = watched
    for _ in range(2):
        drawings.show_learning(table, strokes[:3], name="02_x")
    assert shown[0][0] == shown[2][0]


def test_nothing_to_show_is_said(strokes):
    with pytest.raises(ValueError, match="no snapshot to show"):
        drawings.show_learning(pd.DataFrame({"batches": [], "psnr": [], "png": []}), strokes[:3])


@pytest.mark.slow
def test_the_slider_shows_one_at_a_time(watched, strokes, shown, tmp_path):
    """Inserted as a page inserts it; without its script, and so in a notebook that is not trusted, all can be scrolled to."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no Chromium here")
    drawings.show_learning(watched[0], strokes[:3], name="02_x")
    page = shown[0][0]["text/html"]
    move = "<script>const s = document.querySelector('input'); s.value = 2; s.dispatchEvent(new Event('input'));</script>"
    unscripted = re.sub(r"<script>.*?</script>", "", page, flags=re.S)
    seen = []
    for text in (page, page + move, unscripted):
        (tmp_path / "page.html").write_text(f"<!doctype html><meta charset=utf-8>{text}", encoding="utf-8")
        command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom", (tmp_path / "page.html").as_uri()]
        dom = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        seen.append(re.findall(r"<figure style=\"[^\"]*display: ([\w-]+)", dom))
        assert ('aria-valuetext="after 5 batches' in dom) == (text == page + move)
    assert seen == [["block", "none", "none"], ["none", "none", "block"], ["inline-block"] * 3]
