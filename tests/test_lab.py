"""Chapter 02 as a student meets it: opened in JupyterLab, all cells run, each figure there as a picture."""

import base64
import contextlib
import itertools
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request

import nbformat
import psutil
import pytest
import websocket

from helpers import paths

pytestmark = pytest.mark.slow
CHAPTER = "02_mnist_denoising.ipynb"
SETTINGS = {  # all cells are in the page, not only those in view, and nothing below them; nobody is asked about news
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none", "scrollPastEnd": False},
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
}

# What the page is asked. --expose-app-in-browser makes JupyterLab known there as `jupyterapp`.
PANEL = "globalThis.jupyterapp?.shell.currentWidget"
READY = f"{PANEL}?.content?.widgets?.length > 1 && {PANEL}.sessionContext?.session?.kernel?.status === 'idle'"
RUN = """(async () => {
  await jupyterapp.commands.execute("notebook:clear-all-cell-outputs");  // the stored ones would look the same
  jupyterapp.commands.execute("notebook:run-all-cells").finally(() => { globalThis.ran = true; });
})()"""
FOUND = """(async () => {  // JupyterLab 4.6 marks what an exception says as stderr, too
  const complaints = document.querySelectorAll(":is([data-mime-type$='jupyter.error'], [data-mime-type$='jupyter.stderr'])");
  const images = [...document.querySelectorAll(".jp-OutputArea-output img")];
  await Promise.all(images.map(image => image.decode().catch(() => null)));
  const code = jupyterapp.shell.currentWidget.content.widgets.filter(cell => cell.model.type === "code");
  return {
    complaints: [...complaints].map(output => output.textContent),
    counts: code.map(cell => cell.model.executionCount),
    widths: images.map(image => image.naturalWidth),
  };
})()"""


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
        self.numbers = itertools.count()

    def call(self, method, **parameters):
        number = next(self.numbers)
        self.socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while (answer := json.loads(self.socket.recv())).get("id") != number:
            pass  # an event
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

    def photograph(self, path):
        """The whole notebook, in a window as high as it is; Chromium draws no more than 16,384 lines."""
        height = self.ask("document.querySelector('.jp-WindowedPanel-outer').scrollHeight") + 150
        size = {"width": 1400, "height": height, "deviceScaleFactor": min(1, 16_000 / height), "mobile": False}
        self.call("Emulation.setDeviceMetricsOverride", **size)
        self.ask("document.querySelector('.jp-WindowedPanel-outer').scrollTop = 0")
        time.sleep(5)  # until it is laid out anew
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """What a browser shows of a copy of the chapter after all its cells were run."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no Chromium here")
    folder = tmp_path_factory.mktemp("lab")
    notebooks, settings, profile, runtime = (folder / name for name in ("notebooks", "labconfig", "profile", "runtime"))
    shutil.copytree(paths.ROOT / "notebooks", notebooks)
    settings.mkdir()
    (settings / "default_setting_overrides.json").write_text(json.dumps(SETTINGS))
    # A home of its own: the reader's JupyterLab stays as it is. Without COURSE_DATA the shipped networks are found.
    others = ("COURSE_DATA", "JUPYTER", "IPYTHON", "XDG_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(others)}
    moved = {"HOME": folder, "JUPYTER_CONFIG_DIR": folder, "JUPYTER_RUNTIME_DIR": runtime, "COURSE_FIGURES": folder / "figures"}
    environment |= {name: str(path) for name, path in moved.items()}
    server = [sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root", "--expose-app-in-browser"]
    server += ["--ServerApp.port=0", "--IdentityProvider.token=course", notebooks]
    chromium = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    chromium += ["--remote-debugging-port=0", f"--user-data-dir={profile}", "--window-size=1400,1000", "about:blank"]
    with running(server, environment), running(chromium, environment):
        written = wait("JupyterLab", 3, lambda: "".join(file.read_text() for file in runtime.glob("jpserver-*.json")))
        page = Page(profile)
        page.call("Emulation.setFocusEmulationEnabled", enabled=True)  # JupyterLab runs the notebook that has the focus
        page.call("Page.navigate", url=f"{json.loads(written)['url']}lab/tree/{CHAPTER}?token=course")
        wait("the notebook and its kernel", 5, lambda: page.ask(READY))
        page.ask(RUN)
        wait("all cells to run", 10, lambda: page.ask(f"globalThis.ran && {READY}"))
        found = page.ask(FOUND)
        found["read out"] = page.read_out()
        page.photograph(folder / "lab.png")
    if "COURSE_SCREENSHOT" in os.environ:
        shutil.copy(folder / "lab.png", os.environ["COURSE_SCREENSHOT"])
    return found


@pytest.fixture
def texts():
    """The alt texts that the stored figures carry, in order."""
    cells = nbformat.read(paths.ROOT / "notebooks" / CHAPTER, as_version=4).cells
    outputs = [output for cell in cells for output in cell.get("outputs", []) if "image/png" in output.get("data", {})]
    return [output.metadata["image/png"]["alt"] for output in outputs]


def test_all_cells_run_and_all_figures_are_shown(shown, texts):
    assert shown["complaints"] == []
    assert shown["counts"] == list(range(1, len(shown["counts"]) + 1))
    assert len(shown["widths"]) == 2 * len(texts) > 20
    assert set(shown["widths"][::2]) == {1} and min(shown["widths"][1::2]) > 500  # before each figure, its text's pixel


def test_each_figure_is_read_out_as_its_text(shown, texts):
    assert [name for name in shown["read out"] if name] == texts
