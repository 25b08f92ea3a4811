"""A Chromium that tests drive in its DevTools protocol; nothing is installed for it."""

import contextlib
import itertools
import json
import shutil
import subprocess
import time
import urllib.request

import psutil
import pytest
import websocket


def found():
    """The Chromium of this machine; without one the test is skipped, and says so."""
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
    if browser is None:
        pytest.skip("no Chromium here")
    return browser


def command(profile, width=1400, height=1000):
    """How it is started."""
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--remote-debugging-port=0"]
    return [found(), *options, f"--user-data-dir={profile}", f"--window-size={width},{height}", "about:blank"]


def wait(what, minutes, ready):
    """What `ready` gives as soon as it is true; when time is up, the failure says what was waited for."""
    end = time.monotonic() + 60 * minutes
    while not (found := ready()):
        if time.monotonic() > end:
            pytest.fail(f"waited {minutes} minutes in vain for {what}")
        time.sleep(0.5)
    return found


@contextlib.contextmanager
def running(command, environment):
    """A program that ends with the block, and with it all that it began: a kernel, the processes of a browser."""
    process = subprocess.Popen(command, env=environment)
    try:
        yield
    finally:
        begun = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
        process.terminate()
        for left in psutil.wait_procs(begun, timeout=30)[1]:
            left.kill()


class Page:
    """The page of a Chromium that was just started, spoken to in its DevTools protocol."""

    def __init__(self, profile):
        file = profile / "DevToolsActivePort"
        port = wait("Chromium", 3, lambda: file.exists() and file.read_text().partition("\n")[0])
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list", timeout=60) as answer:
            address = next(target["webSocketDebuggerUrl"] for target in json.load(answer) if target["type"] == "page")
        self.socket = websocket.create_connection(address, timeout=300, suppress_origin=True)
        self.numbers, self.events = itertools.count(), []

    def call(self, method, **parameters):
        number = next(self.numbers)
        self.socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while (answer := json.loads(self.socket.recv())).get("id") != number:
            self.events.append(answer)
        assert "error" not in answer, answer
        return answer["result"]

    def ask(self, script):
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def read_out(self):
        """What a screen reader has to say about the images of the page, in order."""
        nodes = self.call("Accessibility.getFullAXTree")["nodes"]
        return [node["name"]["value"] for node in nodes if not node["ignored"] and node["role"]["value"] == "image"]
