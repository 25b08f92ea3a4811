"""The site as a reader meets it: made with warnings as errors, served from here, opened in Chromium on a screen and on a phone.

COURSE_SCREENSHOT=FOLDER keeps what was seen.
"""

import base64
import functools
import http.server
import importlib.util
import json
import os
import pathlib
import re
import subprocess
import sys
import threading
import time
import urllib.parse
from html.parser import HTMLParser

import numpy as np
import pytest
from browser import Page, command, running, wait
from conftest import from_chapter
from PIL import Image

from helpers import baselines, datasets, degradations, metrics, paths, restore, training
from helpers.commands import playground, site

pytestmark = pytest.mark.slow
PACKAGES = ("sphinx", "myst_nb", "sphinx_book_theme", "sphinx_design", "onnx", "tf2onnx")
NAMES = [path.relative_to(paths.ROOT).with_suffix("").as_posix() for path in site.chapters()]
SOLUTIONS = [name.replace("/", "/solutions/") for name in NAMES]
PARTS = [f"playground/{part}" for part in playground.parts()]
PAGES = ["index", "results", "teachers", "changelog", *NAMES, *SOLUTIONS, "playground/index", *PARTS]
FIRST_SCREEN = 1.5e6  # bytes
PHONE, SCREEN = (390, 844), (1280, 900)

READY = """document.readyState === 'complete' && (globalThis.MathJax?.startup?.promise
  ? MathJax.startup.promise.then(() => true) : true)"""
SEEN = """(() => {
  const images = [...document.images], wide = document.documentElement.scrollWidth - innerWidth;
  const named = one => one?.matches("[role=group][aria-label]");  // snapshots under a slider, and the digits above them
  const described = image => image.hasAttribute("alt") && [image.nextElementSibling, image.closest("[role=group]")].some(named);
  const stick = [...document.querySelectorAll("main *")].filter(one => {
    const box = one.getBoundingClientRect();
    if (box.right <= innerWidth + 1 || !box.width) return false;
    for (let up = one.parentElement; up; up = up.parentElement)
      if (["auto", "scroll", "hidden", "clip"].includes(getComputedStyle(up).overflowX) && up !== document.body) return false;
    return getComputedStyle(one).position !== "fixed";
  });
  return {
    wide, stick: stick.slice(0, 3).map(one => one.outerHTML.slice(0, 120)),
    silent: images.filter(image => !image.alt && !described(image)).map(image => image.src.slice(0, 60)),
    filtered: [...document.querySelectorAll("main :is(img, canvas, svg)")].filter(one => {
      for (let up = one; up; up = up.parentElement) if (getComputedStyle(up).filter !== "none") return true;
    }).map(one => one.outerHTML.slice(0, 120)),
    framed: images.filter(one => getComputedStyle(one).padding !== "0px").map(one => one.outerHTML.slice(0, 120)),
    formulas: document.querySelectorAll(".math").length, typeset: document.querySelectorAll(".math mjx-container").length,
    wrong: [...document.querySelectorAll("[data-mjx-error], .MathJax_Error, mjx-merror")].map(one => one.textContent),
    raw: [...document.querySelectorAll("main p, main li")].filter(one => /\\$\\$|\\\\\\(|\\\\frac/.test(one.innerText)).length,
    theme: document.documentElement.dataset.theme,
  };
})()"""


@pytest.fixture(scope="module")
def folder():
    """The site, made anew as `make site` does."""
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}. `make site` does that")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COURSE_")}
    if "COURSE_SITE_AS_IT_IS" not in os.environ:
        made = subprocess.run([sys.executable, "-m", "helpers.commands.site"], env=environment, capture_output=True, text=True)
        if "cannot be fetched" in made.stderr:
            pytest.skip(made.stderr)
        assert made.returncode == 0, made.stderr
    return paths.ROOT / "data" / "cache" / "site"


class Tags(HTMLParser):
    """What a page links to, what it loads, and the places in it."""

    def __init__(self, text):
        super().__init__()
        self.links, self.loaded, self.places = set(), set(), {"", "top"}
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.places |= {given.get("id"), given.get("name")} - {None}
        if tag == "a" and given.get("href"):
            self.links.add(given["href"])
        elif tag in ("img", "script", "iframe", "source") and given.get("src"):
            self.loaded.add(given["src"])
        elif tag == "link" and given.get("rel") not in ("canonical",) and given.get("href"):
            self.loaded.add(given["href"])


def test_every_link_leads_somewhere(folder):
    found = [path for path in folder.rglob("*.html") if "_static" not in path.parts]  # there lies a template of the theme's
    pages = {path: Tags(path.read_text(encoding="utf-8")) for path in found}
    assert {f"{name}.html" for name in PAGES} <= {path.relative_to(folder).as_posix() for path in pages}
    for path, tags in pages.items():
        for target in tags.links | tags.loaded:
            parts = urllib.parse.urlsplit(target)
            if parts.scheme in ("http", "https", "mailto") or parts.netloc:
                assert target not in tags.loaded, f"{path.name} loads {target}"
            elif parts.scheme != "data":
                found = (path.parent / urllib.parse.unquote(parts.path)).resolve() if parts.path else path
                assert found.is_file(), f"{path.relative_to(folder)}: {target}"
                if parts.fragment and found in pages:
                    assert urllib.parse.unquote(parts.fragment) in pages[found].places, f"{path.name}: {target}"


def test_the_notebook_that_is_downloaded_is_the_stored_one(folder):
    for name in NAMES:
        assert (folder / f"_sources/{name}.ipynb").read_bytes() == (paths.ROOT / f"{name}.ipynb").read_bytes()


class Reader(Page):
    """A reader's browser on the served site."""

    def __init__(self, profile, address):
        super().__init__(profile)
        self.address = address
        for domain in ("Page", "Network", "Runtime", "Log", "DOM"):
            self.call(f"{domain}.enable")
        self.call("Network.setCacheDisabled", cacheDisabled=True)

    def visit(self, name, size=SCREEN, dark=False, touch=False):
        self.events.clear()
        emulated = {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": touch}
        self.call("Emulation.setDeviceMetricsOverride", **emulated)
        self.call("Emulation.setTouchEmulationEnabled", enabled=touch)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.call("Page.navigate", url="about:blank")
        self.call("Page.navigate", url=f"{self.address}/{name}.html")
        self.wait(f"location.pathname.endsWith('{name}.html') && {READY}", name)

    def wait(self, script, what):
        wait(what, 5, lambda: self.ask(script))

    def said(self, text, place="said"):
        """Wait until the page says this."""
        script = f"document.getElementById({json.dumps(place)}).textContent.includes({json.dumps(text)})"
        self.wait(script, text)

    def happened(self, method):
        return [event["params"] for event in self.events if event.get("method") == method]

    def asked(self):
        """The addresses that were asked for."""
        addresses = [one["request"]["url"] for one in self.happened("Network.requestWillBeSent")]
        return [address for address in addresses if not address.startswith(("data:", "blob:", "about:"))]

    def complaints(self):
        said = [one["exceptionDetails"] for one in self.happened("Runtime.exceptionThrown")]
        said += [
            one["args"] for one in self.happened("Runtime.consoleAPICalled") if one["type"] in ("error", "warning", "assert")
        ]
        return said + [one["entry"] for one in self.happened("Log.entryAdded") if one["entry"]["level"] == "error"]

    def received(self):
        return sum(one["encodedDataLength"] for one in self.happened("Network.loadingFinished"))

    def all_well(self):
        assert not [address for address in self.asked() if not address.startswith(self.address)]
        assert not self.complaints()

    def photograph(self, name, whole=False):
        """Kept where COURSE_SCREENSHOT says; the whole page in a window as high as it is."""
        if "COURSE_SCREENSHOT" not in os.environ:
            return
        if whole:
            metrics = self.call("Page.getLayoutMetrics")
            size = {"width": metrics["cssLayoutViewport"]["clientWidth"], "height": int(metrics["cssContentSize"]["height"])}
            self.call("Emulation.setDeviceMetricsOverride", **size, deviceScaleFactor=1, mobile=False)
            time.sleep(1)  # until it is laid out anew
        data = self.call("Page.captureScreenshot", format="png")["data"]
        target = pathlib.Path(os.environ["COURSE_SCREENSHOT"], f"{name.replace('/', '_')}.png")
        target.write_bytes(base64.b64decode(data))

    def click(self, selector):
        self.ask(f"document.querySelector({json.dumps(selector)}).click()")

    def set(self, selector, value):
        found = f"document.querySelector({json.dumps(selector)})"
        self.ask(f"{found}.value = {value}; {found}.dispatchEvent(new Event('input', {{bubbles: true}})); 0")

    def key(self, key):
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code="Space" if key == " " else key)

    def text(self, selector):
        return self.ask(f"document.querySelector({json.dumps(selector)}).textContent")


@pytest.fixture(scope="module")
def reader(folder, tmp_path_factory):
    handler = type("Quiet", (http.server.SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(handler, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    profile = tmp_path_factory.mktemp("browser")
    with running(command(profile), dict(os.environ)):
        yield Reader(profile, f"http://127.0.0.1:{server.server_port}")
    server.shutdown()


@pytest.mark.parametrize("name", PAGES)
def test_pages_on_a_screen_and_on_a_phone(reader, name):
    for size, dark in ((SCREEN, False), (PHONE, True)):
        reader.visit(name, size, dark, touch=size == PHONE)
        seen = reader.ask(SEEN)
        reader.photograph(f"{name}_{size[0]}{'_dark' if dark else ''}")
        assert seen["wide"] <= 0 and not seen["stick"], seen
        assert not seen["silent"] and not seen["filtered"] and not seen["framed"], seen
        assert seen["formulas"] == seen["typeset"] and not seen["wrong"] and not seen["raw"]
        assert seen["theme"] == ("dark" if dark else "light")
        reader.all_well()
        reader.events.clear()


@pytest.mark.parametrize("name", ["figures/report", "slides/index", *(name.replace("notebooks", "slides") for name in NAMES)])
def test_report_and_slides_stand_alone(reader, name):
    for size, dark in ((SCREEN, False), (PHONE, True)):
        reader.visit(name, size, dark, touch=size == PHONE)
        assert reader.ask("document.documentElement.scrollWidth - innerWidth") <= 0
        assert not reader.ask("[...document.images].filter(image => !image.alt).map(image => image.outerHTML.slice(0, 120))")
        assert not [address for address in reader.asked() if address.endswith("favicon.ico")]
        reader.all_well()


@pytest.mark.parametrize("name", ["index", "playground/index", *PARTS])
def test_the_first_screen_is_light(reader, name):
    reader.visit(name)
    time.sleep(2)
    reader.ask("0")
    assert not [address for address in reader.asked() if address.endswith((".onnx", ".wasm"))]
    print(name, f"{reader.received() / 1e6:.2f} MB")
    assert reader.received() < FIRST_SCREEN


def test_a_reader_finds_a_word(reader):
    reader.visit("search")
    reader.call("Page.navigate", url=f"{reader.address}/search.html?q=bottleneck")
    found = "[...document.querySelectorAll('#search-results a')].map(one => one.getAttribute('href')).join()"
    reader.wait(f"{found}.includes('notebooks/01_autoencoder_concepts.html')", "a result of the search")
    reader.all_well()


def test_a_training_is_scrubbed_without_a_kernel(reader):
    reader.visit("notebooks/01_autoencoder_concepts")
    frames = "[...document.querySelectorAll('[data-learning] figure')]"
    shown = f"{frames}.map((one, k) => one.checkVisibility() ? k : -1).filter(k => k >= 0).join()"
    assert reader.ask(f"{frames}.length") == 12 and reader.ask(shown) == "0"
    reader.ask("document.querySelector('[data-learning] input').focus()")
    reader.key("End")
    reader.wait(f"{shown} === '11'", "the last snapshot")
    reader.all_well()


def in_page(reader, script, *arrays):
    """What a module of the playground makes of arrays: flat, as float32."""
    given = [base64.b64encode(np.ascontiguousarray(array, "<f4").tobytes()).decode() for array in arrays]
    found = reader.ask(
        f"""(async () => {{
          const [engine, pictures] = await Promise.all([import("./engine.js"), import("./pictures.js")]);
          const bytesOf = text => Uint8Array.from(atob(text), c => c.charCodeAt(0));
          const given = {json.dumps(given)}.map(text => new Float32Array(bytesOf(text).buffer));
          const found = Float32Array.from(await (async (...x) => {{ {script} }})(...given));
          let text = "";
          const bytes = new Uint8Array(found.buffer);
          for (let k = 0; k < bytes.length; k += 32768) text += String.fromCharCode(...bytes.subarray(k, k + 32768));
          return btoa(text);
        }})()"""
    )
    return np.frombuffer(base64.b64decode(found), "<f4")


@pytest.fixture
def shipped(monkeypatch):
    """The course's own data, which other tests do without."""
    monkeypatch.delenv("COURSE_DATA")


def of_a_digit(network, count=8):
    side = network.inputs[0].shape[1:]
    if side == (2,):
        return np.random.default_rng(0).normal(0, 2, (count, 2)).astype(np.float32)
    if side == (28, 28, 1):
        return degradations.add_gaussian_noise(datasets.load_mnist()[1][0][:count], 0.2, rng=0, clip=True)
    return datasets.load_photos("test")[0][np.newaxis, :64, :96].astype(np.float32) / 255


@pytest.mark.parametrize("name", playground.networks())
def test_networks_compute_what_keras_computes(reader, shipped, name):
    network = training.load_network(name)
    layer = playground.networks()[name]
    network = network.get_layer(layer) if layer else network
    given = of_a_digit(network)
    expected = np.asarray(network(given))
    reader.visit("playground/index")
    found = in_page(reader, f"return (await engine.run('{name}', x[0], {list(given.shape)})).data", given)
    difference = np.abs(found.reshape(expected.shape) - expected).max()
    shape = "x".join(map(str, given.shape[1:]))
    once = f"(await engine.run('{name}', x[0], {[1, *given.shape[1:]]})).milliseconds"
    timed = f"const t = []; for (let k = 0; k < 5; k++) t.push({once}); return t"
    print(name, f"difference {difference:.1e}, one of {shape} in {min(in_page(reader, timed, given[:1])):.1f} ms")
    assert difference < 1e-5


def test_a_denoiser_for_any_noise_computes_what_keras_computes(reader, shipped):
    """Eight digits at once under noise from 0.02 to 4, not clipped: as its steps give them to it."""
    sigma = np.geomspace(0.02, 4, 8, dtype=np.float32).reshape(8, 1, 1, 1)
    given = datasets.load_mnist()[1][0][:8] + sigma * np.random.default_rng(0).standard_normal((8, 28, 28, 1), np.float32)
    expected = np.asarray(training.load_network("digits_any_noise")(given))
    reader.visit("playground/index")
    found = in_page(reader, "return (await engine.run('digits_any_noise', x[0], [8, 28, 28, 1])).data", given)
    assert np.abs(found.reshape(expected.shape) - expected).max() < 1e-5


def test_photographs_are_restored_as_by_the_command(reader, shipped):
    picture = datasets.load_photos("test")[0][:300, :331].astype(np.float32) / 255  # tiles, and sides that 8 does not divide
    expected = restore.restore_image(picture, training.load_network("denoise_blind"))
    reader.visit("playground/photo")
    script = 'const { restored } = await import("./photo.js"); return restored(x[0], [300, 331], "denoise_blind")'
    found = in_page(reader, script, picture)
    assert np.abs(found.reshape(expected.shape) - expected).max() < 1e-5


def test_formulas_are_those_of_the_chapters(reader, shipped):
    x = datasets.load_photos("test")[0][np.newaxis, :60, :80].astype(np.float32) / 255
    y = degradations.add_gaussian_noise(x, 0.1, rng=0, clip=True)
    reader.visit("playground/index")
    found = in_page(reader, "return [pictures.psnr(x[0], x[1]), pictures.ssim(x[0], x[1], [60, 80, 3])]", x, y)
    assert np.allclose(found, [metrics.psnr(x, y)[0], metrics.ssim(x, y)[0]], atol=1e-5)
    for amount in (0.7, 3.0):
        found = in_page(reader, f"return pictures.blurred(x[0], [60, 80, 3], {amount})", x)
        assert np.abs(found - baselines.restore(x, "gaussian", sigma=amount).ravel()).max() < 1e-5
    found = in_page(reader, "return pictures.clipped(pictures.resized(x[0], [60, 80, 3], [120, 160]))", x)
    assert np.abs(found - baselines.enlarge(x, 2).ravel()).max() < 1e-5
    script = "const small = pictures.resized(x[0], [60, 80, 3], [15, 20]);"
    script += "return pictures.clipped(pictures.resized(small, [15, 20, 3], [60, 80]));"
    found = in_page(reader, script, x)
    assert np.abs(found - degradations.lower_resolution(x, 4).ravel()).max() < 1e-5


class Given:
    """In place of a generator: numbers that were drawn before, in their order."""

    def __init__(self, numbers):
        self.numbers = iter(numbers)

    def standard_normal(self, shape, dtype):
        found = next(self.numbers)
        assert found.shape == shape and found.dtype == dtype
        return found


def test_steps_from_noise_are_those_of_the_chapter(reader):
    keep_known, take_steps = (from_chapter("07", name) for name in ("keep_known", "take_steps"))
    rng, diary = np.random.default_rng(0), []
    normals = rng.standard_normal((13, 3, 28, 28, 1), np.float32)  # for three pictures at the start and in 12 steps
    center, picture = rng.random((2, 28, 28, 1), np.float32)
    is_known = np.broadcast_to(np.arange(28).reshape(28, 1, 1) < 14, (28, 28, 1))
    options = {"constrain": keep_known(picture, is_known), "diary": diary}
    take_steps(lambda noisy: np.minimum(0.5 * noisy, 0.6), center + 4 * normals[0], 12, Given(normals[1:]), **options)
    reader.visit("playground/index")
    script = """const { keepKnown, known, noiseAround, takeSteps } = await import("./steps.js");
      const [center, picture, normal] = x, pixels = 3 * 784, found = [];
      const denoise = async (noisy) => noisy.map((value) => Math.min(0.5 * value, 0.6));
      const begin = noiseAround(center, 4, normal.subarray(0, pixels)), constrain = keepKnown(picture, known("upper"));
      for await (const { noisy, clean, strengths } of takeSteps(denoise, begin, 12, normal.subarray(pixels), constrain))
        found.push(...noisy, ...clean, ...strengths);
      return found;"""
    found = in_page(reader, script, center, picture, normals).reshape(12, -1)
    for step, (noisy, clean) in zip(found, diary, strict=True):
        strengths = np.sqrt(np.mean((noisy - clean) ** 2, axis=(1, 2, 3)))
        expected = np.concatenate([noisy.ravel(), clean.ravel(), strengths])
        assert np.allclose(step, expected, rtol=1e-4, atol=1e-5)


def test_what_is_known_and_what_several_answers_say(reader):
    reader.visit("playground/index")
    script = 'const { KNOWN, known } = await import("./steps.js"); return Object.keys(KNOWN).flatMap(known)'
    found = in_page(reader, script).reshape(6, 28, 28) == 1
    row, column = np.indices((28, 28))
    hole = (row >= 8) & (row < 20) & (column >= 8) & (column < 20)
    for which, expected in enumerate((row < 14, column < 14, row >= 14, found[3], ~hole, row < 0)):
        assert np.array_equal(found[which], expected), which
    assert 60 < found[3].sum() < 100
    several = np.random.default_rng(0).uniform(-0.2, 1.2, (8, 784))
    script = 'const { mean, spread } = (await import("./steps.js")).meanAndSpread(x[0]); return [...mean, ...spread]'
    clipped = np.clip(several, 0, 1)
    assert np.allclose(in_page(reader, script, several), np.concatenate([clipped.mean(axis=0), clipped.std(axis=0)]), atol=1e-6)
    script = "[votes([7, 9, 7, 7, 9, 9, 7, 7]), votes([8, 8]), votes([8, 0])]"
    said = reader.ask(f"import('./steps.js').then(({{ votes }}) => {script})")
    assert said == ["5 of 8: a 7; 3: a 9", "2 of 2: an 8", "1 of 2: a 0; 1: an 8"]


def test_steps_begin_around_the_mean_of_the_digits_that_were_trained_on(folder):
    (digits, _), _ = datasets.load_mnist()
    found = np.frombuffer((folder / "playground/mean_digit.bin").read_bytes(), "<f4").reshape(28, 28, 1)
    assert np.abs(found - digits[:-5000].mean(axis=0, dtype=np.float64)).max() < 1e-4


def test_a_digit_is_drawn_by_mouse_and_by_keyboard(reader):
    reader.visit("playground/digit")
    reader.wait("document.querySelectorAll('#digits button').length === 10", "test digits")
    reader.click("#clear")
    box = reader.ask("pad.scrollIntoView(), pad.getBoundingClientRect().toJSON()")
    inked = "[...pad.getContext('2d').getImageData(0, 0, 280, 280).data].filter((v, k) => k % 4 === 0 && v > 100).length"
    assert reader.ask(inked) == 0
    for kind, share in (("mousePressed", 0.2), ("mouseMoved", 0.5), ("mouseMoved", 0.8), ("mouseReleased", 0.8)):
        place = {"x": box["x"] + box["width"] / 2, "y": box["y"] + share * box["height"]}
        reader.call(
            "Input.dispatchMouseEvent", type=kind, button="left", buttons=int(kind != "mouseReleased"), clickCount=1, **place
        )
    drawn = reader.ask(inked)
    assert drawn > 280 * 280 / 100
    reader.wait("/best \\d+\\.\\d dB/.test(document.getElementById('said').textContent)", "the networks")
    reader.wait("document.querySelectorAll('#chart polyline').length === 3", "the curves")
    reader.photograph("playground_digit_drawn")
    reader.ask("document.getElementById('pad').focus()")
    reader.key(" ")
    reader.said("The pen is down")
    for key in ["ArrowRight"] * 8:
        reader.key(key)
    assert reader.ask(inked) > drawn
    before = reader.text("#best-psnr")
    reader.set("#sigma", 0.5)
    reader.said("σ 0.50")
    assert reader.text("#best-psnr") != before
    reader.all_well()


def test_beyond_its_noise_the_best_network_loses_and_the_page_says_why(reader):
    reader.visit("playground/digit", PHONE, touch=True)
    reader.wait("document.querySelectorAll('#digits button').length === 10", "test digits")
    reader.click("#clear")
    box = reader.ask("pad.scrollIntoView({block: 'center'}), pad.getBoundingClientRect().toJSON()")
    for kind, share in (("touchStart", 0.3), ("touchMove", 0.5), ("touchMove", 0.7), ("touchEnd", None)):
        place = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] * (share or 0)}
        reader.call("Input.dispatchTouchEvent", type=kind, touchPoints=[place] if share else [])
    assert reader.ask("pad.getContext('2d').getImageData(140, 140, 1, 1).data[0]") > 100, "no finger drew"
    reader.click("#digits button")
    for sigma, loses in ((0.2, False), (0.5, True)):
        reader.set("#sigma", sigma)
        reader.said(f"σ {sigma:.2f}")
        published, best = (float(reader.text(f"#{one}-psnr").split()[0]) for one in ("published", "best"))
        assert (best < published) == loses
        assert reader.ask("document.getElementById('why').hidden") != loses
    reader.photograph("playground_digit_phone", whole=True)
    reader.all_well()


def eight(reader):
    """The eight answers as they are drawn, (8, 28, 28)."""
    canvases = "[...document.querySelectorAll('.answers canvas')].slice(0, 8)"
    data = f"{canvases}.map(one => [...one.getContext('2d').getImageData(0, 0, 28, 28).data].filter((_, k) => k % 4 === 0))"
    return np.array(reader.ask(data)).reshape(8, 28, 28)


def drawn(reader, name):
    data = f"[...document.getElementById('{name}').getContext('2d').getImageData(0, 0, 28, 28).data]"
    return np.array(reader.ask(data)).reshape(28, 28, 4)[..., 0]


def test_half_a_digit_is_completed_in_eight_ways(reader):
    reader.visit("playground/halves")
    reader.wait("document.querySelectorAll('#digits button').length === 10", "test digits")
    reader.click("#digits button:nth-of-type(5)")
    reader.said("Given: the upper half.")
    upper = drawn(reader, "given")[:14]
    assert upper.max() > 200
    reader.click("#go")
    reader.said("All 100 steps. The judge's votes: ")
    assert re.search(r"votes: \d of 8: an? \d(; \d: an? \d)*\. It was a 4\.", reader.text("#said"))
    answers = eight(reader)
    assert all(np.array_equal(answer[:14], upper) for answer in answers)
    assert len({answer.tobytes() for answer in answers}) == 8
    assert np.abs(drawn(reader, "mean") - answers.mean(axis=0)).max() <= 1
    assert np.abs(drawn(reader, "spread") - 2 * answers.std(axis=0)).max() <= 2
    captions = reader.ask("[...document.querySelectorAll('.answers figcaption')].slice(0, 8).map(one => one.textContent)")
    assert all(re.fullmatch(r"an? \d\??", caption) for caption in captions), captions
    reader.photograph("playground_halves_completed", whole=True)

    reader.set("#step", 1)
    reader.said("Step 1 of 100, noise σ ")
    first = eight(reader)
    assert all(np.array_equal(answer[:14], upper) for answer in first)
    assert first[:, 14:].std(axis=0).mean() < 0.8 * answers[:, 14:].std(axis=0).mean()  # all begin close to the average
    reader.click("#under")
    assert (eight(reader)[:, :14].std(axis=(1, 2)) > 30).all()  # noise, also where the digit is known
    reader.click("#under")
    reader.click("#again")
    reader.said("All 100 steps.")
    again = eight(reader)
    assert all(np.array_equal(answer[:14], upper) for answer in again)
    assert not {answer.tobytes() for answer in again} & {answer.tobytes() for answer in answers}
    reader.all_well()


def test_completing_is_stopped_and_begun_by_keyboard(reader):
    reader.visit("playground/halves", PHONE, touch=True)
    reader.wait("document.querySelectorAll('#digits button').length === 10", "test digits")
    reader.click("#clear")
    reader.ask("document.getElementById('pad').focus()")
    for key in (" ", *["ArrowDown"] * 14):
        reader.key(key)
    reader.said("The pen is down.")
    assert drawn(reader, "given")[:14, 13:15].max() > 200
    reader.ask("document.getElementById('known').focus()")
    reader.key("ArrowDown")
    reader.said("Given: the left half.")
    left = drawn(reader, "given")[:, :14]
    reader.ask("document.getElementById('go').focus()")
    reader.key(" ")
    reader.wait("Number(document.getElementById('step').value) >= 3", "three steps")
    reader.key(" ")
    reader.said("The judge's votes: ")
    step = int(re.match(r"Step (\d+) of 100", reader.text("#said"))[1])
    assert 3 <= step < 100 and reader.ask("document.getElementById('step').max") == str(step)
    assert "It was" not in reader.text("#said")  # it was drawn
    reader.ask("document.getElementById('step').focus()")
    reader.key("ArrowLeft")
    reader.said(f"Step {step - 1} of 100")
    reader.ask("document.getElementById('go').focus()")
    reader.key(" ")
    reader.said("All 100 steps.")
    assert all(np.array_equal(answer[:, :14], left) for answer in eight(reader))
    assert reader.ask("document.documentElement.scrollWidth - innerWidth") <= 0
    reader.photograph("playground_halves_phone", whole=True)
    reader.click("#digits button")
    reader.said("Given: the left half.")
    assert not eight(reader).any() and reader.ask("document.getElementById('step').disabled")
    reader.all_well()


def test_the_plane_is_walked_by_pointer_keyboard_and_slider(reader):
    reader.visit("playground/plane")
    reader.wait("document.querySelectorAll('#plane output').length === 4", "the planes")
    reader.click("#plane .play-start button")
    result = (
        "[...document.querySelectorAll('.result')].map(one => [...one.getContext('2d').getImageData(0, 0, 28, 28).data].join())"
    )
    reader.wait("document.querySelector('#plane .play-start').hidden", "the decoders")
    reader.wait(f"{result}.every(one => /[1-9]\\d/.test(one.replaceAll('255', '')))", "two drawings")
    now = reader.ask(result)
    reader.ask("document.querySelector('.play-map canvas').focus()")
    shown = reader.text("#plane output")
    for _ in range(5):
        reader.key("ArrowRight")
    assert reader.text("#plane output") != shown
    reader.wait(f"{result}[0] !== {json.dumps(now[0])}", "another drawing")
    reader.set("#plane section:last-of-type input", 0)
    reader.wait(f"{result}[1] !== {json.dumps(now[1])}", "another drawing")
    assert "nearest" in reader.text("#plane .play-said")
    reader.photograph("playground_plane_awake", whole=True)
    reader.all_well()


def test_a_photograph_of_ones_own_stays_here_and_is_cleaned_and_enlarged(reader, shipped, tmp_path):
    Image.fromarray(datasets.load_photos("test")[0][:120, :160]).save(tmp_path / "mine.png")
    reader.visit("playground/photo")
    reader.wait("document.getElementById('before').width === 384", "the course's photograph")
    node = reader.call("DOM.querySelector", nodeId=reader.call("DOM.getDocument")["root"]["nodeId"], selector="#file")["nodeId"]
    reader.call("DOM.setFileInputFiles", nodeId=node, files=[str(tmp_path / "mine.png")])
    reader.wait("document.getElementById('before').width === 160", "my photograph")
    asked = len(reader.asked())
    reader.click("#photo .play-start button")
    reader.said(" dB, network ")
    noisy, network = (float(value) for value in re.findall(r"([\d.]+) dB", reader.text("#said")))
    assert network > noisy + 5
    reader.photograph("playground_photo_noise", whole=True)
    reader.set("#split", 20)
    assert reader.ask("getComputedStyle(document.getElementById('compare')).getPropertyValue('--split')") == "20%"
    for task in ("clean", "shrink", "enlarge"):
        reader.ask(f"task.value = '{task}'; task.dispatchEvent(new Event('change')); 0")
        reader.said("pixels in")
        width = 320 if task == "enlarge" else 160
        assert reader.ask("document.getElementById('after').width") == width
    later = reader.asked()[asked:]
    assert {address.rpartition("/")[2] for address in later} <= {
        "worker.js",
        "ort.wasm.min.js",
        "ort-wasm-simd-threaded.mjs",
        "ort-wasm-simd-threaded.wasm",
        "denoise_blind.onnx",
        "sr_x2.onnx",
    }
    assert all(one["request"]["method"] == "GET" for one in reader.happened("Network.requestWillBeSent"))
    reader.all_well()


def test_four_ways_have_the_same_error(reader):
    reader.visit("playground/pixels")
    reader.set("#target", 20)
    reader.said("0.0100")
    shown = [reader.text(f"[data-way='{way}'] output") for way in ("moved", "blurred", "noise", "less contrast")]
    assert all(text.endswith(": 20.0 dB") for text in shown), shown
    reader.click("#reveal")
    reader.said("SSIM: moved")
    reader.photograph("playground_pixels_revealed", whole=True)
    reader.all_well()
