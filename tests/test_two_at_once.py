"""Two processes at once: neither spoils what the other writes, and one that is killed blocks nobody."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest

from helpers import datasets, files, paths, session
from helpers.commands import promote, report, search, timings
from helpers.datasets import (
    mnist,
    photographs,
)

# What a second process needs to meet the first: marks are files.
MEETING = """
import os, pathlib, sys, time
marks = pathlib.Path(sys.argv[1])
def say(what):
    (marks / what).touch()
def await_(*any_of):
    for _ in range(12000):
        if any((marks / what).exists() for what in any_of):
            return
        time.sleep(0.05)
    sys.exit(f"waited in vain for {any_of}")
from helpers import files, paths
"""


@pytest.fixture
def marks(own_folders):
    folder = own_folders / "marks"
    folder.mkdir()
    return folder


def start(code, marks, *arguments):
    """A Python process that runs this code; what it says on the error stream is kept."""
    command = [sys.executable, "-c", MEETING + code, str(marks), *map(str, arguments)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def await_mark(mark, process):
    deadline = time.monotonic() + 600
    while not mark.exists():
        assert process.poll() is None and time.monotonic() < deadline, process.communicate()[1]
        time.sleep(0.02)


def ended(process):
    said = process.communicate(timeout=600)[1]
    return process.returncode, said


WRITE = """
with files.replacing(sys.argv[2]) as temporary:
    temporary.write_text("the first, ")
    say("writing")
    await_("go on")
    with temporary.open("a") as file:
        file.write("whole")
"""


def test_a_file_that_two_processes_write(marks, own_folders):
    path = own_folders / "out" / "32_4.png"
    first = start(WRITE, marks, path)
    await_mark(marks / "writing", first)
    with files.replacing(path) as temporary:
        temporary.write_text("the second, whole")
    assert path.read_text() == "the second, whole"
    (marks / "go on").touch()
    assert ended(first) == (0, "")
    assert path.read_text() == "the first, whole"
    assert [file.name for file in path.parent.iterdir()] == ["32_4.png"]


def test_what_a_killed_process_leaves_goes_and_what_is_being_written_stays(marks, own_folders):
    folder = own_folders / "out"
    killed = start(WRITE, marks, folder / "a.csv")
    await_mark(marks / "writing", killed)
    os.kill(killed.pid, signal.SIGKILL)
    killed.communicate()
    (marks / "writing").unlink()
    assert len(list(folder.iterdir())) == 1
    living = start(WRITE, marks, folder / "b.csv")
    await_mark(marks / "writing", living)
    (folder / ".writing-of a reader.png").touch()
    with files.replacing(folder / "c.csv") as temporary:
        temporary.write_text("c")
    assert len(list(folder.iterdir())) == 3  # c, what becomes b, and the reader's
    (marks / "go on").touch()
    assert ended(living) == (0, "")
    assert {file.name for file in folder.iterdir()} == {"b.csv", "c.csv", ".writing-of a reader.png"}


def test_files_are_as_readable_as_others(own_folders):
    with files.replacing(own_folders / "a.txt") as temporary:
        temporary.write_text("a")
    (own_folders / "b.txt").write_text("b")
    assert (own_folders / "a.txt").stat().st_mode == (own_folders / "b.txt").stat().st_mode


HOLD = """
with files.only_one("report"):
    say("held")
    await_("go on")
"""


def test_a_lock_names_its_holder_and_dies_with_it(marks):
    first = start(HOLD, marks)
    await_mark(marks / "held", first)
    with pytest.raises(files.RunningElsewhere, match=rf"process {first.pid} \(since \d\d:\d\d\).*end it"):
        with files.only_one("report"):
            pytest.fail("two at once")
    with files.only_one("another job"):
        pass
    os.kill(first.pid, signal.SIGKILL)
    first.communicate()
    with files.only_one("report"):
        pass
    assert not list(paths.cache().iterdir())  # nothing is left over


def test_what_a_killed_holder_wrote_is_not_mixed_with_the_next(own_folders):
    paths.cache().mkdir(parents=True)
    lock = paths.cache() / "report.lock"
    lock.write_text("process 12345678901234567890 (since 00:00)")
    with files.only_one("report"):
        assert lock.read_text().startswith(f"process {os.getpid()} (since ")
        assert lock.read_text().count(")") == 1


def test_one_that_waits_comes_second(marks):
    order = 'with files.only_one("pairs", wait=True):\n    say("held")\n    await_("go on")\n    say("first is done")\n'
    first = start(order, marks)
    await_mark(marks / "held", first)
    second = start('with files.only_one("pairs", wait=True):\n    sys.exit(not (marks / "first is done").exists())\n', marks)
    (marks / "go on").touch()
    assert ended(first) == (0, "") and ended(second) == (0, "")


@pytest.mark.parametrize(
    ("lock", "command", "arguments"),
    [
        ("report", report, [[]]),
        ("report", report, [["--store"]]),
        ("quick", report, [["--mode", "quick"]]),
        ("runs", report, [["--mode", "full"]]),
        ("runs", report, [["--mode", "full", "--fresh"]]),
        ("runs", promote, []),
        ("report", promote, []),
        ("report", report, [["--pdf"]]),
        ("patch_search", search, []),
        ("timing", timings, []),
    ],
)
def test_every_command_that_writes_refuses_to_run_beside_its_like(own_folders, capsys, lock, command, arguments):
    write = own_folders / "data" / "cache" / "runs" / "a.json"
    write.parent.mkdir(parents=True)
    write.write_text("{}")
    with files.only_one(lock):
        before = {path: path.read_bytes() for path in own_folders.rglob("*") if path.is_file()}
        assert command.main(*arguments) == 1
        assert before == {path: path.read_bytes() for path in own_folders.rglob("*") if path.is_file()}
    assert f"process {os.getpid()} " in (said := capsys.readouterr().err) and "Traceback" not in said


# A chapter that needs no TensorFlow; it writes a figure and, once it has said so, waits.
CHAPTER = """
import os, pathlib, time
import pandas as pd
from helpers import session
marks = pathlib.Path({marks!r})
session.figures().mkdir(parents=True, exist_ok=True)
(session.figures() / "01_a.png").write_bytes(b"a")
(marks / "running").touch()
deadline = time.monotonic() + 600
while not (marks / "go on").exists() and time.monotonic() < deadline:
    time.sleep(0.05)
(session.figures() / "01_b.png").write_bytes(b"b")
session.tables().mkdir(exist_ok=True)
facts = dict(dataset="MNIST", split="test", degradation="noise 0.2 clipped", method="median", kind="classical")
facts |= dict(notebook="01", params=0, n_images=1, mse=0.1, psnr=20.0, ssim=0.5, published_psnr=None, source="")
pd.DataFrame([facts]).to_csv(session.tables() / "01_results.csv", index=False)
"""

REPORT = """
import numpy as np
from helpers import datasets
from helpers.commands import report
report.NOTEBOOKS = pathlib.Path(sys.argv[2])
report.README = report.NOTEBOOKS / "README.md"
datasets.load_photos = lambda split: [np.zeros((30, 45, 3), np.uint8)]
if __name__ == "__main__":
    sys.exit(report.main([]))
"""


def test_two_reports_at_once(marks, own_folders):
    from test_report import README_PARTS, write_notebook

    chapters = own_folders / "chapters"
    chapters.mkdir()
    write_notebook(chapters, "01", [CHAPTER.replace("{marks!r}", repr(str(marks)))])
    (chapters / "README.md").write_text(README_PARTS)
    driver = own_folders / "driver.py"
    driver.write_text(MEETING + REPORT)

    def run():
        return subprocess.Popen([sys.executable, driver, marks, chapters], stderr=subprocess.PIPE, text=True)

    first = run()
    await_mark(marks / "running", first)
    second = run()
    code, said = ended(second)
    assert code == 1 and f"process {first.pid} " in said and "Traceback" not in said, said
    (marks / "go on").touch()
    code, said = ended(first)
    assert code == 0, said
    found = {path.relative_to(session.figures()).as_posix() for path in session.figures().rglob("*") if path.is_file()}
    sheets = {f"photos_{split}.png" for split in datasets.SPLITS}
    assert found == {"01_a.png", "01_b.png", "tables/01_results.csv", "report.html"} | sheets


PAIRS = """
import fcntl
from PIL import Image
from helpers import datasets
from helpers.datasets import photographs
photographs.TABLE = paths.cache() / "few.csv"
me, other = sys.argv[2], sys.argv[3]
save, lock = Image.Image.save, fcntl.flock
def saved(self, path, **options):
    save(self, path, **options)
    say(f"{me} saved {saved.count}")  # and waits for the other to be as far, so that they meet at each file
    await_(f"{other} saved {saved.count}", f"{other} waits", f"{other} has ended")
    saved.count += 1
saved.count = 0
def locked(*arguments):
    try:
        lock(*arguments)
    except BlockingIOError:
        say(f"{me} waits")
        raise
Image.Image.save, fcntl.flock = saved, locked
try:
    datasets.build_pairs()
finally:
    say(f"{me} has ended")
"""


def test_pairs_that_two_processes_build(marks, monkeypatch):
    some = datasets.photo_table().groupby("split").head(2).query("width * height < 1e6")
    paths.cache().mkdir(parents=True)
    some.to_csv(paths.cache() / "few.csv")
    both = [start(PAIRS, marks, *names) for names in (("one", "other"), ("other", "one"))]
    assert [ended(process) for process in both] == [(0, ""), (0, "")]
    folder = datasets.pairs_folder()
    built = {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    for path in built:
        (folder / path).unlink()
    monkeypatch.setattr(photographs, "TABLE", paths.cache() / "few.csv")
    pairs = datasets.build_pairs()
    listed = {path: (folder / path).read_bytes() for path in built}
    assert built == listed and len(built) == 4 * pairs["high_res"].nunique() + 2


def test_a_build_that_another_table_interrupted_is_not_taken_for_finished(own_folders, monkeypatch):
    """What was listed for one table of photographs is never handed out for another."""
    some = datasets.photo_table().groupby("split").head(2).query("width * height < 1e6")
    paths.cache().mkdir(parents=True)
    monkeypatch.setattr(photographs, "TABLE", paths.cache() / "few.csv")
    monkeypatch.setattr(photographs, "NOTED_EVERY", 1)
    some.to_csv(photographs.TABLE)
    datasets.build_pairs()
    some[some["split"] == "test"].to_csv(photographs.TABLE)
    write, written = photographs._write_picture, []

    def write_some(path, pixels):
        if len(written) == 5:
            raise KeyboardInterrupt
        written.append(path)
        return write(path, pixels)

    monkeypatch.setattr(photographs, "_write_picture", write_some)
    with pytest.raises(KeyboardInterrupt):
        datasets.build_pairs()
    monkeypatch.setattr(photographs, "_write_picture", write)
    assert set(datasets.build_pairs()["split"]) == {"test"}


def test_a_listing_that_lost_its_lines_is_made_again(own_folders, monkeypatch):
    some = datasets.photo_table().groupby("split").head(1).query("width * height < 1e6")
    paths.cache().mkdir(parents=True)
    monkeypatch.setattr(photographs, "TABLE", paths.cache() / "few.csv")
    some.to_csv(photographs.TABLE)
    pairs = datasets.build_pairs()
    listing = datasets.pairs_folder() / "image_data.csv"
    listing.write_text("".join(listing.read_text().splitlines(keepends=True)[:2]))
    pd.testing.assert_frame_equal(datasets.build_pairs(), pairs)


def test_one_download_at_a_time(own_folders, monkeypatch):
    """The second process waits for the first and finds the digits in the cache; it does not download beside it."""
    digits = {"x_train": np.zeros((2, 28, 28), np.uint8), "y_train": np.zeros(2, np.uint8)}
    digits |= {"x_test": digits["x_train"], "y_test": digits["y_train"]}
    asked = []

    def download():
        with pytest.raises(files.RunningElsewhere), files.only_one("mnist"):
            pytest.fail("not locked")
        asked.append(1)
        return digits

    monkeypatch.setattr(mnist, "_verified", lambda found, *more: found)
    monkeypatch.setattr(mnist, "_from_distribution", lambda: None)
    monkeypatch.setattr(mnist, "_from_keras", download)
    datasets.load_mnist()
    datasets.load_mnist()
    assert len(asked) == 1
