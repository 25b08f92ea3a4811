"""Batches that depend on seed, epoch and position alone; readers' folders and pairs, whole and damaged."""

import functools
import shutil
import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from helpers import datasets, degradations
from helpers.backend import keras

noise = functools.partial(degradations.add_gaussian_noise, sigma=0.2, clip=True)


def test_a_batch_depends_on_seed_epoch_and_position_alone(strokes):
    first, second = (datasets.DegradedSequence(strokes, noise, batch_size=16, seed=4) for _ in range(2))
    for epoch in (0, 3):
        first.set_epoch(epoch)
        second.set_epoch(epoch)
        for index in (2, 0, 3, 1, 0):  # any order
            for a, b in zip(first[index], second[index], strict=True):
                np.testing.assert_array_equal(a, b)
    assert np.abs(first[0][0] - datasets.DegradedSequence(strokes, noise, 16, seed=5)[0][0]).max() > 0.1


class Seen(datasets.DegradedSequence):
    """Notes the epochs whose batches were asked for."""

    def __getitem__(self, index):
        self.__dict__.setdefault("epochs", []).append(self.epoch)
        return super().__getitem__(index)


def test_plain_keras_sees_fresh_noise_in_each_epoch(strokes):
    """But what it evaluates, or validates on, stays as it was chosen."""
    data, watched = (Seen(strokes, noise, batch_size=20, seed=seed) for seed in (0, 1))
    model = keras.Sequential([keras.Input((16, 16, 1)), keras.layers.Conv2D(1, 3, padding="same")])
    model.compile("sgd", "mse")
    model.fit(data, epochs=3, validation_data=watched, verbose=0)
    shown = data.epochs[-9:]  # those before were asked for their shape
    assert shown == [0, 0, 0, 1, 1, 1, 2, 2, 2] and set(watched.epochs) == {0}
    losses = [model.evaluate(data, verbose=0) for _ in range(2)]
    data.set_epoch(7)
    losses += [model.evaluate(data, verbose=0) for _ in range(2)]
    assert losses[0] == losses[1] != losses[2] == losses[3] and data.epochs[-3:] == [7, 7, 7]


def test_an_epoch_shows_every_image_once_in_a_new_order(strokes):
    marked = strokes * 0.5 + np.linspace(0, 0.4, 60, dtype=np.float32).reshape(-1, 1, 1, 1)
    data = datasets.DegradedSequence(marked, noise, batch_size=16, seed=0)
    orders = []
    for epoch in range(2):
        data.set_epoch(epoch)
        clean = np.concatenate([data[k][1] for k in range(len(data))])
        orders.append(clean.min(axis=(1, 2, 3)).tolist())
        assert sorted(orders[-1]) == sorted(marked.min(axis=(1, 2, 3)).tolist())
    assert len(data) == 4 and len(data[3][0]) == 12 and orders[0] != orders[1]


@pytest.mark.parametrize("fresh", [True, False])
def test_noise_is_fresh_or_fixed(strokes, fresh):
    data = datasets.DegradedSequence(strokes, noise, batch_size=60, seed=0, fresh=fresh)
    epochs = []
    for epoch in range(2):
        data.set_epoch(epoch)
        degraded, clean = data[0]
        epochs.append(degraded[np.argsort(data.order)])
        np.testing.assert_array_equal(clean, strokes[data.order])
    assert np.array_equal(*epochs) is not fresh


def test_augmentation_changes_the_clean_images_and_then_they_are_degraded(strokes):
    def flip(images, rng):
        return images[:, ::-1] if rng.integers(2) else images

    data = datasets.DegradedSequence(strokes, noise, batch_size=60, seed=0, augment=flip)
    flipped = []
    for epoch in range(8):
        data.set_epoch(epoch)
        degraded, clean = data[0]
        assert metrics_are_close(degraded, clean)
        flipped.append(not np.array_equal(clean, strokes[data.order]))
        np.testing.assert_array_equal(clean, data[0][1])  # the same when asked for again
    assert 0 < sum(flipped) < 8
    assert data.describe()["augment"].startswith("flip() ")


def test_augmentation_changes_both_pictures_of_a_fixed_pair_alike(strokes):
    def flip(images, rng):
        turned = rng.random(len(images)) < 0.5
        return np.where(turned[:, np.newaxis, np.newaxis, np.newaxis], images[:, ::-1], images)

    data = datasets.DegradedSequence(strokes, noise, batch_size=60, seed=0, fresh=False, augment=flip)
    for epoch in range(3):
        data.set_epoch(epoch)
        degraded, clean = data[0]
        fixed = data.once_degraded[data.order]
        turned = ~(clean == strokes[data.order]).all(axis=(1, 2, 3))
        assert 0 < turned.sum() < 60
        np.testing.assert_array_equal(degraded, np.where(turned[:, None, None, None], fixed[:, ::-1], fixed))


def test_an_epoch_may_have_any_number_of_batches(strokes):
    data = datasets.DegradedSequence(strokes, noise, batch_size=8, seed=0, steps_per_epoch=20)
    assert len(data) == 20 and all(len(data[k][0]) == 8 for k in range(20))
    assert data.describe()["steps_per_epoch"] == 20
    assert "steps_per_epoch" not in datasets.DegradedSequence(strokes, noise, 8, seed=0).describe()


def metrics_are_close(degraded, clean):
    return np.sqrt(np.mean((degraded - clean) ** 2)) < 0.21


def test_bad_input_is_refused(strokes):
    with pytest.raises(ValueError, match=r"images have shape \(0, 16, 16, 1\)"):
        datasets.DegradedSequence(strokes[:0], noise, 8, seed=0)
    for batch_size in (0, -1, 2.5):
        with pytest.raises(ValueError, match="batch_size is"):
            datasets.DegradedSequence(strokes, noise, batch_size, seed=0)
    with pytest.raises(ValueError, match="steps_per_epoch is 0"):
        datasets.ShuffledSequence(10, 2, seed=0, steps_per_epoch=0)


@pytest.fixture
def pictures():
    """Three colour pictures of different sizes, smooth, with a corner that tells how they are turned."""
    rng = np.random.default_rng(1)
    made = []
    for height, width in ((40, 60), (50, 30), (24, 24)):
        small = Image.fromarray(rng.integers(0, 255, (4, 4, 3), dtype=np.uint8))
        picture = np.array(small.resize((width, height), Image.Resampling.BICUBIC))
        picture[:6, :6] = (255, 0, 0)
        made.append(picture)
    return made


def test_patches_are_cut_from_the_pictures(pictures):
    data = datasets.PatchSequence(pictures, 24, 32, noise, steps_per_epoch=3, seed=0)
    assert len(data) == 3
    degraded, clean = data[0]
    assert degraded.shape == clean.shape == (32, 24, 24, 3) and clean.dtype == np.float32
    assert metrics_are_close(degraded, clean)
    whole = np.float32(pictures[2]) / 255  # of the smallest picture, a patch is all of it, in one of eight positions
    positions = [np.rot90(side, k) for k in range(4) for side in (whole, whole[:, ::-1])]
    seen = {k for patch in clean for k, position in enumerate(positions) if np.array_equal(patch, position)}
    data.set_epoch(1)
    seen |= {k for batch in range(3) for patch in data[batch][1] for k, p in enumerate(positions) if np.array_equal(patch, p)}
    assert len(seen) > 4


def test_a_batch_of_patches_depends_on_seed_epoch_and_position_alone(pictures):
    first, second = (datasets.PatchSequence(pictures, 16, 4, noise, 5, seed=2) for _ in range(2))
    for epoch in (0, 1):
        first.set_epoch(epoch)
        second.set_epoch(epoch)
        batches = [first[k] for k in range(5)]
        for k in (4, 2, 0, 3, 1):
            for a, b in zip(batches[k], second[k], strict=True):
                np.testing.assert_array_equal(a, b)
        assert not np.array_equal(batches[0][1], batches[1][1])


def test_patches_of_two_pictures_are_cut_at_the_same_place(pictures):
    degraded = [255 - picture for picture in pictures]
    data = datasets.PatchSequence(pictures, 16, 8, degraded, steps_per_epoch=3, seed=0)
    for index in range(3):
        low, high = data[index]
        assert low.shape == high.shape == (8, 16, 16, 3) and low.dtype == high.dtype == np.float32
        np.testing.assert_allclose(low, 1 - high, atol=1e-6)
    np.testing.assert_array_equal(data[1][0], datasets.PatchSequence(pictures, 16, 8, degraded, 3, seed=0)[1][0])
    other = datasets.PatchSequence(pictures, 16, 8, pictures, 3, seed=0)
    assert data.describe() != other.describe()
    for wrong in (degraded[:2], [degraded[0], degraded[1], degraded[0]]):
        with pytest.raises(ValueError, match="not as many, or not of the same sizes"):
            datasets.PatchSequence(pictures, 16, 8, wrong, 3, seed=0)


def test_bad_patches_are_refused(pictures):
    with pytest.raises(ValueError, match=r"shape \(24, 24, 3\).*at least patch_size, 25"):
        datasets.PatchSequence(pictures, 25, 4, noise, 5, seed=0)
    with pytest.raises(ValueError, match="expected uint8"):
        datasets.PatchSequence([pictures[0] / 255], 8, 4, noise, 5, seed=0)
    with pytest.raises(ValueError, match="nothing to make batches of"):
        datasets.PatchSequence([], 8, 4, noise, 5, seed=0)
    for wrong in ({"patch_size": 0}, {"batch_size": 0}, {"steps_per_epoch": -1}, {"steps_per_epoch": 1.5}):
        given = {"patch_size": 8, "batch_size": 4, "steps_per_epoch": 5, **wrong}
        with pytest.raises(ValueError, match=f"{next(iter(wrong))} is"):
            datasets.PatchSequence(pictures, degrade=noise, seed=0, **given)


def test_what_batches_are_made_of_has_no_addresses_in_it(pictures):
    low = functools.partial(degradations.lower_resolution, factor=2)
    both = functools.partial(degradations.compose, steps=(low, noise))
    described = datasets.PatchSequence(pictures, 8, 4, both, 5, seed=0).describe()
    assert described["degrade"] == "compose(steps=(lower_resolution(factor=2), add_gaussian_noise(sigma=0.2, clip=True)))"


def test_a_folder_of_mixed_pictures(tmp_path, pictures):
    for k, suffix in enumerate((".png", ".JPG", ".webp", ".tif", ".bmp", ".jpeg")):
        Image.fromarray(pictures[k % 3]).save(tmp_path / f"my picture {k}{suffix}")
    Image.fromarray(pictures[0][..., 0]).save(tmp_path / "grey.png")
    Image.fromarray(pictures[0]).quantize(16).save(tmp_path / "palette.png")
    (tmp_path / "notes.txt").write_text("not a picture, and not called one")
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "text.jpg").write_text("not a picture")
    (tmp_path / "half.png").write_bytes((tmp_path / "my picture 0.png").read_bytes()[:200])
    with pytest.warns(UserWarning, match=r"2 file\(s\) left out: .*half\.png.*text\.jpg") as said:
        images, names = datasets.load_image_folder(tmp_path, size=(20, 32))
    assert len(said) == 1 and str(tmp_path) not in str(said[0].message)
    assert images.shape == (8, 20, 32, 3) and images.dtype == np.float32 and 0 <= images.min() < images.max() <= 1
    assert names == [
        "grey.png",
        *[f"my picture {k}{s}" for k, s in enumerate((".png", ".JPG", ".webp", ".tif", ".bmp", ".jpeg"))],
        "palette.png",
    ]


def test_a_folder_without_pictures(tmp_path):
    with pytest.raises(FileNotFoundError, match="is no folder"):
        datasets.load_image_folder(tmp_path / "missing")
    with pytest.raises(FileNotFoundError, match="no readable picture"):
        datasets.load_image_folder(tmp_path)
    (tmp_path / "text.jpg").write_text("not a picture")
    with pytest.raises(FileNotFoundError, match=r"no readable picture.*text\.jpg"):
        datasets.load_image_folder(tmp_path)


@pytest.fixture
def published(tmp_path):
    """A tiny copy of the published layout: 10 scenes by three factors, of which a picture tells scene and factor."""
    folder = tmp_path / "my pairs"
    rows = []
    for name in ("low res", "high res"):
        (folder / name).mkdir(parents=True)
    for scene in range(10):
        Image.fromarray(np.full((16, 24, 3), 20 * scene, np.uint8)).save(folder / "high res" / f"{scene}.png")
        for factor in (2, 4, 6):
            Image.fromarray(np.full((16, 24, 3), 20 * scene + factor, np.uint8)).save(
                folder / "low res" / f"{scene}_{factor}.png"
            )
            rows.append({"low_res": f"{scene}_{factor}.png", "high_res": f"{scene}.png"})
    pd.DataFrame(rows).to_csv(folder / "image_data.csv", index=False)
    return folder


def pairs_of(folder, rows=None, **options):
    if rows is not None:
        pd.DataFrame(rows).to_csv(folder / "image_data.csv", index=False)
    options = {"image_size": (16, 24), "batch_size": 4, **options}
    return datasets.PairedImageSequence(folder / "image_data.csv", folder / "low res", folder / "high res", **options)


def test_pairs_stay_together_in_a_new_order_each_epoch(published):
    data, orders = pairs_of(published), []
    for epoch in range(3):
        data.set_epoch(epoch)
        batches = [data[k] for k in range(len(data))]
        assert [len(low) for low, _ in batches] == [4] * 7 + [2]
        low, high = (np.concatenate(part) * 255 for part in zip(*batches, strict=True))
        factors = np.round((low - high)[:, 0, 0, 0]).astype(int)
        assert low.dtype == np.float32 and set(factors) == {2, 4, 6}
        orders.append(low[:, 0, 0, 0].round().tolist())
        assert len(set(orders[-1])) == 30
    assert orders[0] != orders[1] != orders[2]
    data.set_epoch(0)
    assert (data[1][0][:, 0, 0, 0] * 255).round().tolist() == orders[0][4:8]


def test_files_of_equal_name_are_pairs(tmp_path):
    for name, values in {"low": range(6), "high": range(1, 8)}.items():
        (tmp_path / name).mkdir()
        for value in values:
            suffix = "png" if name == "high" else "PNG"
            Image.fromarray(np.full((8, 8, 3), 10 * value + (name == "low"), np.uint8)).save(
                tmp_path / name / f"{value}.{suffix}"
            )
    with pytest.warns(UserWarning, match=r"1 of 6 pairs left out.*0\.PNG"):
        data = datasets.PairedImageSequence(None, tmp_path / "low", tmp_path / "high", (8, 8))
    low, high = data.arrays()
    assert len(data.pairs) == 5
    np.testing.assert_allclose(255 * (low - high), 1, atol=1e-3)
    with pytest.raises(FileNotFoundError, match="no readable picture"):
        (tmp_path / "empty").mkdir()
        datasets.PairedImageSequence(None, tmp_path / "empty", tmp_path / "high")


def test_a_steady_number_of_batches(published):
    data = pairs_of(published, steps_per_epoch=10, batch_size=8)
    assert len(data) == 10 and all(len(data[k][0]) == 8 for k in range(10))


def test_scenes_are_dealt_out_whole_and_always_the_same_way(published):
    splits = {split: pairs_of(published, split=split).pairs for split in datasets.SPLITS}
    assert [len(pairs) for pairs in splits.values()] == [18, 6, 6]  # two pictures at least to validate
    scenes = [set(pairs["high_res"]) for pairs in splits.values()]
    assert len(set.union(*scenes)) == 10 == sum(map(len, scenes))
    pd.testing.assert_frame_equal(splits["test"], pairs_of(published, split="test").pairs)


def test_the_column_split_is_heeded(published):
    rows = [{"low_res": f"{k}_2.png", "high_res": f"{k}.png", "split": "test" if k > 7 else "train"} for k in range(10)]
    assert pairs_of(published, rows, split="test").pairs["high_res"].tolist() == ["8.png", "9.png"]
    with pytest.raises(ValueError, match="no pair to use for split 'validation'"):
        pairs_of(published, rows, split="validation")
    rows.append({"low_res": "0_4.png", "high_res": "0.png", "split": "test"})
    with pytest.raises(ValueError, match=r"in more than one split: 0\.png"):
        pairs_of(published, rows)
    with pytest.raises(ValueError, match="column split holds dev"):
        pairs_of(published, [{"low_res": "0_4.png", "high_res": "0.png", "split": "dev"}])


def test_good_rows_are_used_and_bad_ones_named(published):
    low, high = published / "low res", published / "high res"
    shutil.move(low / "1_2.png", low / "1_2.PNG")
    shutil.move(high / "2.png", high / "two of them.png")
    Image.fromarray(np.zeros((8, 12, 3), np.uint8)).save(low / "3_2.png")  # stored small
    Image.fromarray(np.zeros((40, 60, 3), np.uint8)).save(low / "4_2.jpg")
    (low / "4_2.jpg").write_bytes((low / "4_2.jpg").read_bytes()[:100])
    Image.fromarray(np.zeros((16, 24, 3), np.uint8)).save(published / "secret.png")
    used = [("0_2.png", "0.png"), ("1_2.png", "1.png"), ("2_2.png", "two of them.png"), ("3_2.png", "3.png")]
    bad = {
        ("0_2.png", "0.png"): "stands there twice",
        ("4_2.jpg", "4.png"): "cannot be read as a picture",
        ("5_2.png", "missing.png"): "missing.png is missing",
        ("../secret.png", "5.png"): "leaves its folder",
        (str(published / "secret.png"), "5.png"): "leaves its folder",
        ("", "6.png"): "has no name",
        (".", "7.png"): "is missing",
        ("turned.png", "8.png"): "24x16, the high one 16x24 (height x width): one of them is turned",
        ("large.png", "8.png"): "the low one is larger",
        ("narrow.png", "8.png"): "other proportions",
        ("same.png", "9.png"): "the low and the high picture are the same",
        ("tiny.png", "tiny.png"): "8x12 pixels are less than the 16x24 of a crop",
    }
    for name, size in {"turned": (24, 16), "large": (32, 48), "narrow": (9, 20)}.items():
        Image.fromarray(np.zeros((*size, 3), np.uint8)).save(low / f"{name}.png")
    shutil.copy(high / "9.png", low / "same.png")
    for folder, value in ((low, 1), (high, 2)):
        Image.fromarray(np.full((8, 12, 3), value, np.uint8)).save(folder / "tiny.png")
    rows = [dict(zip(("low_res", "high_res"), pair, strict=True)) for pair in [*used, *bad]]
    with pytest.warns(UserWarning, match="12 of 16 pairs left out: .* and 7 more") as said:
        data = pairs_of(published, rows)
    assert len(said) == 1
    assert list(zip(data.pairs["low_res"], data.pairs["high_res"], strict=True)) == used
    for (row, reason), found in zip(bad.items(), data.skipped.itertuples(), strict=True):
        assert (found.low_res, found.high_res) == row and reason in found.reason


def test_links_that_a_reader_made_are_followed_as_in_a_folder_of_pictures(published):
    Image.fromarray(np.zeros((16, 24, 3), np.uint8)).save(published / "elsewhere.png")
    (published / "low res" / "link.png").symlink_to(published / "elsewhere.png")
    assert len(pairs_of(published, [{"low_res": "link.png", "high_res": "1.png"}])) == 1


def test_large_pictures_are_cut_and_not_shrunk(tmp_path):
    """Detail of one pixel survives; a low picture that is stored small is enlarged by bicubic first."""
    rng = np.random.default_rng(0)
    for name in ("low", "high"):
        (tmp_path / name).mkdir()
    for k in range(12):
        high = rng.integers(0, 256, (100, 150, 3), dtype=np.uint8)
        Image.fromarray(high).save(tmp_path / f"high/{k}.png")
        low = Image.fromarray(high).resize((75, 50), Image.Resampling.BICUBIC)
        (low if k % 2 else low.resize((150, 100), Image.Resampling.BICUBIC)).save(tmp_path / f"low/{k}.png")
    data = datasets.PairedImageSequence(None, tmp_path / "low", tmp_path / "high", (32, 48))
    low, high = data.arrays()
    middle = np.asarray(Image.open(tmp_path / "high/3.png"))[34:66, 51:99] / np.float32(255)
    np.testing.assert_array_equal(high[data.pairs["high_res"].to_list().index("3.png")], middle)
    assert 0.2 < np.abs(low - high).mean() < 0.3  # nearly all of this noise is above what half the resolution holds
    many = datasets.PairedImageSequence(None, tmp_path / "low", tmp_path / "high", (32, 48), crops=6)
    assert len(many.pairs) == 12 * 6 and many.pairs["high_res"].nunique() == 12
    assert len(np.unique(many.arrays()[1].mean(axis=(1, 2, 3)))) == 12 * 6


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "cannot be read as a list of pairs"),
        ("low,high\n1_2.png,1.png\n", r"has the columns \['low', 'high'\], expected low_res and high_res"),
        ("low_res,high_res\n", r"no pair to use for split None \(of 0 rows\)"),
        ("low_res,high_res\na,b\n1,2,3,4\n", "cannot be read as a list of pairs"),
        ("low_res,high_res\nno.png,no.png\n", r"no pair to use .*no\.png is missing"),
    ],
)
def test_lists_that_give_nothing(published, text, message):
    (published / "image_data.csv").write_text(text)
    with pytest.raises(ValueError, match=message):
        pairs_of(published)


def test_a_list_with_a_byte_order_mark_and_spaces(published):
    (published / "image_data.csv").write_bytes("\ufefflow_res, high_res\n1_2.png, 1.png\n".encode())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(pairs_of(published).pairs) == 1


def test_missing_folders_are_named(published):
    with pytest.raises(FileNotFoundError, match=r"no list of pairs '.*/my pairs/no\.csv'"):
        datasets.PairedImageSequence(published / "no.csv", published / "low res", published / "high res")
    with pytest.raises(FileNotFoundError, match="'.*/my pairs/med res' is no folder"):
        datasets.PairedImageSequence(published / "image_data.csv", published / "med res", published / "high res")
    with pytest.raises(ValueError, match="split is 'dev'"):
        pairs_of(published, split="dev")


@pytest.mark.slow
def test_as_many_pairs_as_the_published_set_has_fit_into_memory(tmp_path):
    """1,254 pictures of 256x384 at three factors: in under 2.5 GB of resident memory."""
    code = """
import pathlib, resource, sys
import numpy as np, pandas as pd
from PIL import Image
from helpers import datasets
folder = pathlib.Path(sys.argv[1])
for name in ("low", "high"):
    (folder / name).mkdir()
    for k in range(3762 if name == "low" else 1254):
        grey = (k + 100 * (name == "low")) % 256
        Image.fromarray(np.full((256, 384, 3), grey, np.uint8)).save(folder / name / f"{k}.jpg")
low, high = ([f"{k % count}.jpg" for k in range(3762)] for count in (3762, 1254))
pd.DataFrame({"low_res": low, "high_res": high}).to_csv(folder / "pairs.csv")
data = datasets.PairedImageSequence(folder / "pairs.csv", folder / "low", folder / "high")
assert len(data) == 471
for epoch in range(2):
    data.set_epoch(epoch)
    for k in range(len(data)):
        low, high = data[k]
        assert np.isfinite(low).all() and np.isfinite(high).all()
status = dict(line.split(":") for line in open("/proc/self/status"))
print(int(status["VmHWM"].split()[0]) / 1e6)
"""
    done = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True)
    assert float(done.stdout) < 2.5


def test_another_picture_under_the_same_name_is_another_set(published):
    before = pairs_of(published).describe()
    assert before == pairs_of(published).describe()
    Image.fromarray(np.full((16, 24, 3), 7, np.uint8)).save(published / "low res" / "3_2.png")
    assert pairs_of(published).describe() != before


def test_other_batches_of_the_same_pairs(published):
    data = pairs_of(published)
    rows = data.pairs["low_res"].str.contains("_4").to_numpy()
    other = data.rebatched(rows, batch_size=3, steps_per_epoch=5, patch_size=8)
    assert len(other) == 5 and other.pairs["low_res"].tolist() == [f"{scene}_4.png" for scene in range(10)]
    low, high = other[4]
    assert low.shape == high.shape == (3, 8, 8, 3) and low.dtype == np.float32
    np.testing.assert_allclose(low - high, 4 / 255, atol=1e-6)
    assert len(data) == 8 and len(data.pairs) == 30 and data[0][0].shape == (4, 16, 24, 3)
    assert data.describe() != other.describe() == data.rebatched(rows, batch_size=3, steps_per_epoch=5, patch_size=8).describe()
    seeded = data.rebatched(seed=1)
    assert data.rebatched().describe() == data.describe() != seeded.describe() and list(seeded.order) != list(data.order)
    for options, message in (
        ({"patch_size": 17}, "from 1 to 16"),
        ({"patch_size": 0}, "patch_size is 0"),
        ({"rows": []}, "0 images"),
    ):
        with pytest.raises(ValueError, match=message):
            data.rebatched(**options)


def test_patches_of_pairs_are_cut_mirrored_and_turned_alike(published):
    ramp = np.arange(16 * 24, dtype=np.uint16).reshape(16, 24) % 251
    for name, more in (("high res/0.png", 0), ("low res/0_2.png", 2)):
        Image.fromarray(np.stack([ramp + more] * 3, axis=-1).astype(np.uint8)).save(published / name)
    data = pairs_of(published, [{"low_res": "0_2.png", "high_res": "0.png"}], batch_size=1).rebatched(
        steps_per_epoch=40, patch_size=8
    )
    patches = [data[k] for k in range(40)]
    assert all(np.allclose(low - high, 2 / 255, atol=1e-6) for low, high in patches)
    assert len({low.tobytes() for low, _ in patches}) > 30
    squares = {tuple(np.sort(low.ravel()).round(4)) for low, _ in patches}
    assert len(squares) < len({low.tobytes() for low, _ in patches}) <= 40  # the same square in several positions
    np.testing.assert_array_equal(data[7][0], patches[7][0])


def test_patches_may_stay_as_they_lie():
    """Without turning, the same places are cut, and each patch is a piece of its picture."""
    pictures = [np.arange(40 * 50 * 3, dtype=np.uint32).reshape(40, 50, 3).astype(np.uint8)]
    options = {"patch_size": 8, "batch_size": 16, "degrade": degradations.identity, "steps_per_epoch": 1, "seed": 0}
    (_, lying), (_, turned) = (datasets.PatchSequence(pictures, turned=t, **options)[0] for t in (False, True))
    windows = np.lib.stride_tricks.sliding_window_view(pictures[0], (8, 8), axis=(0, 1)).transpose(0, 1, 3, 4, 2)
    for patch, other in zip(np.round(255 * lying).astype(np.uint8), np.round(255 * turned).astype(np.uint8), strict=True):
        assert (windows == patch).all(axis=(2, 3, 4)).any()
        ways = [np.rot90(flipped, turns) for flipped in (patch, patch[:, ::-1]) for turns in range(4)]
        assert any(np.array_equal(way, other) for way in ways)
    assert not np.array_equal(lying, turned)
