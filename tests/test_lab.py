"""Chapter 02 as a student meets it: opened in JupyterLab, all cells run, each figure there as a picture."""

import base64
import json
import os
import re
import shutil
import sys
import time

import nbformat
import pytest
from browser import Page, command, running, wait

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


class Lab(Page):
    """JupyterLab with one notebook."""

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
    chromium = command(profile)
    with running(server, environment), running(chromium, environment):
        written = wait("JupyterLab", 3, lambda: "".join(file.read_text() for file in runtime.glob("jpserver-*.json")))
        page = Lab(profile)
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


def written(cell):
    """The alt texts of the pictures that stand in a text."""
    return [" ".join(alt.split()) for alt in re.findall(r"!\[([^\]]+)\]", cell.source)] if cell.cell_type == "markdown" else []


def stored(cell):
    """The alt texts that a cell's stored figures carry."""
    outputs = [output for output in cell.get("outputs", []) if "image/png" in output.get("data", {})]
    return [output.metadata["image/png"]["alt"] for output in outputs]


@pytest.fixture
def cells():
    return nbformat.read(paths.ROOT / "notebooks" / CHAPTER, as_version=4).cells


def test_all_cells_run_and_all_figures_are_shown(shown, cells):
    assert shown["complaints"] == []
    assert shown["counts"] == list(range(1, len(shown["counts"]) + 1))
    assert len(shown["widths"]) == 2 * sum(len(stored(cell)) for cell in cells) > 20
    assert set(shown["widths"][::2]) == {1} and min(shown["widths"][1::2]) > 500  # before each figure, its text's pixel


def test_each_figure_is_read_out_as_its_text(shown, cells):
    texts = [alt for cell in cells for alt in written(cell) + stored(cell)]
    assert [name for name in shown["read out"] if name] == texts
