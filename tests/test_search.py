"""The search goes on where it was stopped, and its trials are what they say."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import psutil
import pytest

from helpers.commands import search


def pretended(rate, patch_size, batch_size):
    """Best at a rate of 2e-3 with small batches of 64x64."""
    return -abs(rate - 2e-3) * 1e3 - abs(patch_size - 64) / 64 - batch_size / 100


def test_a_search_that_is_stopped_goes_on_as_if_it_had_not_been(tmp_path):
    calls = []

    def stopped(**settings):
        calls.append(settings)
        if len(calls) in (3, 8):
            raise KeyboardInterrupt
        return pretended(**settings)

    whole = search.search(tmp_path / "whole", 10, pretended)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            search.search(tmp_path / "broken", 10, stopped)
    assert search.search(tmp_path / "broken", 10, stopped).equals(whole)
    assert len(calls) == 10 + 2
    assert whole["psnr"].is_monotonic_decreasing and whole["rate"].between(3e-4, 6e-3).all()


def test_a_finished_search_tries_nothing_again(tmp_path):
    first = search.search(tmp_path / "done", 3, pretended)
    again = search.search(tmp_path / "done", 3, lambda **settings: pytest.fail("tried again"))
    assert again.equals(first)


def test_a_trial_learns_and_comes_out_again():
    short, longer = (search.score(2e-3, 32, 8, pixels=steps * 8 * 32 * 32) for steps in (1, 40))
    assert longer > short + 1
    assert search.score(2e-3, 32, 8, pixels=8 * 32 * 32) == short


def test_what_is_finished_survives_ctrl_c(own_folders, monkeypatch, capsys):
    def stop(*args, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(search, "search", stop)
    assert search.main([]) == 130
    assert "goes on from there" in capsys.readouterr().err


def noted(**settings):
    """Notes its settings; the first call of a process that helps waits to be killed."""
    folder, helps = pathlib.Path(os.environ["NOTES"]), os.getpid() != int(os.environ["FIRST"])
    name = f"{os.getpid()}-{time.monotonic_ns()}"
    (folder / f"{name}.new").write_text(json.dumps(settings), encoding="utf-8")
    (folder / f"{name}.new").rename(folder / f"{name}.json")
    if helps:
        time.sleep(600)
    else:  # not before the other process works and is dead
        while not (folder / "killed").exists():
            kill_the_other(folder)
            time.sleep(0.1)
    return pretended(**settings)


def kill_the_other(folder):
    for path in folder.glob("*.json"):
        process = int(path.stem.partition("-")[0])
        if process != os.getpid():
            os.kill(process, signal.SIGKILL)
            while psutil.pid_exists(process) and psutil.Process(process).status() != psutil.STATUS_ZOMBIE:
                time.sleep(0.05)
            (folder / "killed").write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
            return


def test_two_processes_on_one_storage_lose_no_trial_when_one_is_killed(tmp_path, monkeypatch):
    monkeypatch.setenv("NOTES", str(tmp_path))
    monkeypatch.setenv("FIRST", str(os.getpid()))
    table = search.search(tmp_path / "journal", 5, noted, workers=2)
    assert len(table) == 5 and not table.duplicated(["rate", "patch_size", "batch_size"]).any()
    killed = json.loads((tmp_path / "killed").read_text(encoding="utf-8"))
    assert (table[list(killed)] == list(killed.values())).all(axis=1).any(), "what the killed process tried was tried again"
    assert len(list(tmp_path.glob("*.json"))) == 5 + 1
    assert search.search(tmp_path / "journal", 5, None).equals(table)


SEARCH = """
import pathlib, signal, sys
sys.path.insert(0, sys.argv[2])
import test_search
from helpers.commands import search
signal.signal(signal.SIGINT, signal.default_int_handler)  # a program in the background may ignore Ctrl-C
search.search(pathlib.Path(sys.argv[1]), 5, test_search.asleep, workers=2)
"""


def asleep(**settings):
    (pathlib.Path(os.environ["NOTES"]) / f"{os.getpid()}.pid").touch()
    time.sleep(600)


def works(process):
    return psutil.pid_exists(process) and psutil.Process(process).status() != psutil.STATUS_ZOMBIE


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_when_the_first_process_is_ended_so_are_those_that_help(tmp_path, monkeypatch, end):
    """Ctrl-C, which reaches all of them, and kill -9 of the first."""
    monkeypatch.setenv("NOTES", str(tmp_path))
    command = [sys.executable, "-c", SEARCH, str(tmp_path / "journal"), str(pathlib.Path(__file__).parent)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as first:
        deadline = time.monotonic() + 300
        while len(found := list(tmp_path.glob("*.pid"))) < 2 and time.monotonic() < deadline:
            time.sleep(0.1)
        assert len(found) == 2
        os.killpg(first.pid, end) if end == signal.SIGINT else first.send_signal(end)
        said = first.communicate(timeout=300)[1]
    while any(works(int(path.stem)) for path in found) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(works(int(path.stem)) for path in found)
    assert said.count("Traceback") == (end == signal.SIGINT), said  # of the first one; `main` says it in a sentence
