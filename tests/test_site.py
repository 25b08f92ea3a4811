"""What the site is made of, as far as it can be seen without making it: chapters, links, playground, packages."""

import json
import re
import tomllib
import urllib.error

import nbformat
import numpy as np
import pytest

from helpers import files, paths, plotting
from helpers.commands import clean, playground, site, vendored

CHAPTERS = site.chapters()
PAGES = [*CHAPTERS, *sorted((paths.ROOT / "notebooks" / "solutions").glob("*.ipynb"))]
PLAYGROUND = paths.ROOT / "docs" / "playground"
SCRIPTS = sorted(PLAYGROUND.glob("*.js"))


def name(path):
    return f"{path.parent.name}/{path.stem}"


def docname(path):
    return path.relative_to(paths.ROOT).with_suffix("").as_posix()


def shown(path):
    return json.loads(site.for_readers(path.read_text(encoding="utf-8"), docname(path)))


def outputs(notebook):
    return [output for cell in notebook["cells"] for output in cell.get("outputs", [])]


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_each_picture_says_its_text_once(path):
    stored = nbformat.read(path, as_version=4)
    pictures = [output for output in outputs(shown(path)) if "image/png" in output.get("data", {})]
    assert len(pictures) == sum("image/png" in output.get("data", {}) for output in outputs(stored)) > 0
    texts = plotting.captions()
    for output in pictures:
        figure = re.match(r"<figure (\w+)", "".join(output["data"]["text/plain"]))[1]
        alt = output["metadata"]["image/png"]["alt"]
        assert len(alt) > 20 and alt == texts.get(figure, {"alt": alt})["alt"]
    assert plotting.PIXEL not in json.dumps(shown(path))


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_nothing_else_of_a_notebook_is_lost(path):
    stored, readers = json.loads(path.read_text(encoding="utf-8")), shown(path)
    added = [cell for cell in readers["cells"] if cell["id"] == "site"]
    assert len(added) <= 1
    kept = [cell for cell in readers["cells"] if cell["id"] != "site"]
    assert [cell["source"] for cell in kept] == [cell["source"] for cell in stored["cells"]]
    for cell in kept:
        assert ("report" in cell["metadata"].get("tags", [])) == ("hide-input" in cell["metadata"].get("tags", []))


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_links_between_notebooks_lead_somewhere(path):
    for cell in shown(path)["cells"]:
        if cell["cell_type"] == "markdown":
            for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", "".join(cell["source"])):
                place = path.parent / target
                if "playground/" in target:
                    place = PLAYGROUND / target.rpartition("/")[2]
                assert place.exists(), target


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_no_markdown_where_it_would_stay_raw(path):
    """What follows <summary> in its line is HTML up to the next blank line."""
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "markdown":
            for raw in re.findall(r"</summary>(?!\s*\n\s*\n)(.+?)(?:\n\s*\n|</details>)", cell.source, re.S):
                assert not re.search(r"\*\*|`|\$.+\$|\]\(", raw), raw


def test_each_chapter_has_a_card_with_what_a_reader_asks_first(own_folders, monkeypatch):
    monkeypatch.delenv("COURSE_DATA")
    text = site.cards(own_folders)
    for path in CHAPTERS:
        card = text.partition(f":link: notebooks/{path.stem}\n")[2].partition("\n:::")[0]
        assert re.search(r"\?\n\n```\{card-footer\}\n\d+ minutes\. You need \S+", card), card
        assert len(re.search(r":img-alt: (.+)", card)[1]) > 20
        assert "$" not in card  # the landing page does without MathJax
    assert len(list((own_folders / "cards").iterdir())) == len(CHAPTERS)


def test_each_part_of_the_playground_and_its_chapter_name_each_other():
    chapters = {path.stem for path in CHAPTERS}
    assert set(site.told()) == chapters
    linked = {part for one in site.told().values() for part in one.get("playground", {})}
    assert linked == set(playground.parts())
    index = (PLAYGROUND / "index.md").read_text(encoding="utf-8")
    for part, about in playground.parts().items():
        page = (PLAYGROUND / f"{part}.md").read_text(encoding="utf-8")
        assert f"(../notebooks/{about['chapter']}.ipynb)" in page and f"({part}.md)" in index
        assert part in site.told()[about["chapter"]]["playground"]
        script = (PLAYGROUND / f"{part}.js").read_text(encoding="utf-8")
        assert all(network in script + page for network in about["networks"] if not network.startswith("sr_"))


def test_networks_of_the_playground_are_shipped():
    for network in playground.networks():
        assert (paths.ROOT / "data" / "weights" / f"{network}.keras").exists()


@pytest.mark.parametrize("path", [*SCRIPTS, *PLAYGROUND.glob("*.md"), paths.ROOT / "docs/_static/course.css"], ids=name)
def test_nothing_of_the_playground_comes_from_another_server(path):
    assert not re.search(r"(https?:)?//(?!\s)[\w-]+\.\w", path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("part", playground.parts())
def test_what_a_script_looks_for_is_on_its_page(part):
    page = (PLAYGROUND / f"{part}.md").read_text(encoding="utf-8")
    script = (PLAYGROUND / f"{part}.js").read_text(encoding="utf-8")
    ids = re.findall(r'\bid="([\w-]+)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'find\("([\w-]+)"\)', script)) - set(re.findall(r'id="([\w-]+)"', script)) <= set(ids)
    assert set(re.findall(r'<label for="([\w-]+)"', page)) <= set(ids)
    labelled = {*re.findall(r'<label for="([\w-]+)"', page)}
    for control in re.findall(r"<(?:input|select)[^>]*>", page):
        own = re.search(r'id="([\w-]+)"', control)
        alone = (own and own[1] in labelled) or "aria-label" in control
        assert alone or re.search(rf"<label[^>]*>(?:(?!</label>).)*{re.escape(control)}", page, re.S), control


@pytest.fixture
def offered(own_folders, monkeypatch):
    """A registry with one small package."""
    folder = own_folders / "registry/small/-"
    folder.mkdir(parents=True)
    (folder / "small-1.0.tgz").write_bytes(b"a package")
    monkeypatch.setenv("npm_config_registry", (own_folders / "registry").as_uri())
    return files.sha256(folder / "small-1.0.tgz")


def test_a_package_is_fetched_once(offered, own_folders):
    path = vendored.package("small", "1.0", offered)
    assert path.read_bytes() == b"a package"
    (own_folders / "registry/small/-/small-1.0.tgz").unlink()
    assert vendored.package("small", "1.0", offered) == path


def test_a_package_that_is_another_one_is_refused(offered):
    with pytest.raises(OSError, match="nothing of it is used"):
        vendored.package("small", "1.0", "0" * 64)
    assert not list((paths.cache() / "vendored").iterdir())


def test_without_a_network_it_says_what_is_missing(own_folders, monkeypatch):
    monkeypatch.setenv("npm_config_registry", (own_folders / "nothing").as_uri())
    with pytest.raises(OSError, match=r"small-1\.0\.tgz cannot be fetched") as raised:
        vendored.package("small", "1.0", "0" * 64)
    assert isinstance(raised.value.__cause__, urllib.error.URLError)


def test_what_is_vendored_has_a_version_and_a_hash():
    for one in tomllib.loads((paths.ROOT / "docs/vendored.toml").read_text(encoding="utf-8")).values():
        assert re.fullmatch(r"[\d.]+", one["version"]) and re.fullmatch(r"[0-9a-f]{64}", one["sha256"]) and one["files"]


def test_in_colab_a_first_cell_installs_the_course(own_folders):
    site.for_colab(CHAPTERS[0], own_folders / "colab/chapter.ipynb", "https://example.org/course")
    notebook = nbformat.read(own_folders / "colab/chapter.ipynb", as_version=4)
    nbformat.validate(notebook)
    first, *others = notebook.cells
    assert "git clone --quiet --depth 1 https://example.org/course " in first.source
    assert [cell.source for cell in others] == [cell.source for cell in nbformat.read(CHAPTERS[0], as_version=4).cells]


def test_clean_takes_the_site_away():
    for made in ("site/index.html", "site/playground/networks/x.onnx", "vendored/x-1.0.tgz", "site-networks/x.onnx"):
        path = paths.cache() / made
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert clean.main() == 0
    assert not paths.cache().exists()


def test_pictures_as_bytes():
    assert playground.as_bytes(np.array([0, 0.5, 1], np.float32)) == bytes([0, 128, 255])
