"""Print figures/report.html as PDF, with page numbers in its contents."""

import html
import pathlib
import re
import shutil
import subprocess
import tempfile

from helpers import files, paths

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
QUIET = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-pdf-header-footer")


def print_report():
    """Print figures/report.html to report.pdf in the cache, by the first Chromium that is found.

    Raises
    ------
    FileNotFoundError
        When there is none, or no report.
    files.RunningElsewhere
        While another process makes one.
    """
    with files.only_one("report"):
        _print_alone()


def _print_alone():
    page, target = paths.report_figures() / "report.html", paths.cache() / "report" / "report.pdf"
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise FileNotFoundError(f"no Chromium was found: install it, or print {paths.shown(page)} from any browser")
    if not page.exists():
        raise FileNotFoundError(f"{paths.shown(page)} is missing: run `make report` first")
    with tempfile.TemporaryDirectory() as folder:
        for picture in [*page.parent.glob("*.png"), *page.parent.glob("*.svg")]:
            shutil.copy(picture, folder)
        opened = page.read_text(encoding="utf-8").replace("<details>", "<details open>")  # paper does not unfold
        printed = _printed(browser, opened, pathlib.Path(folder))
        # The numbers are known once the pages are, and take no room of their own in a line of the contents.
        numbered = _with_page_numbers(opened, pages_of_anchors(printed))
        with files.replacing(target) as temporary:
            temporary.write_bytes(_printed(browser, numbered, pathlib.Path(folder)))
    print(f"wrote {paths.shown(target)}")


def _printed(browser, text, folder):
    page, printed = folder / "report.html", folder / "report.pdf"
    page.write_text(text, encoding="utf-8")
    options = [f"--user-data-dir={folder / 'profile'}", f"--print-to-pdf={printed}", "--generate-pdf-document-outline"]
    subprocess.run([browser, *QUIET, *options, page.as_uri()], check=True, capture_output=True)
    return printed.read_bytes()


def pages_of_anchors(printed):
    """On which page each anchor of a page lies that Chromium printed.

    Parameters
    ----------
    printed : bytes
        The PDF. Chromium writes its pages and destinations as plain text.

    Returns
    -------
    dict of str to int
        Anchor to page, counted from 1; empty where the file is built in another way.
    """
    kids = re.findall(rb"/Type\s*/Page\b.*?endobj", printed, flags=re.DOTALL)
    order = [int(number) for number in re.findall(rb"(\d+) 0 obj\s*<<\s*/Type\s*/Page\b(?!s)", printed)]
    places = {number: place for place, number in enumerate(order, 1)} if len(kids) == len(order) else {}
    found = re.findall(rb"/([\w#-]+)\s*\[\s*(\d+) 0 R\s*/XYZ", printed)
    return {name.decode(): places[int(number)] for name, number in found if int(number) in places}


def _with_page_numbers(text, pages):
    def numbered(match):
        return f"{match[0]}{pages.get(html.unescape(match[1]), '')}"

    return re.sub(r'<span class="page" data-page="([^"]+)">', numbered, text)
