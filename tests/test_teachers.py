"""The page for teachers names what there is: chapters, sections, exercises, commands; its minutes add up."""

import json
import re

import pytest

from helpers import paths
from helpers.commands import grade

PAGE = (paths.ROOT / "docs" / "teachers.md").read_text(encoding="utf-8")
CHAPTERS = {path.name[1]: path for path in sorted((paths.ROOT / "notebooks").glob("[0-9][0-9]_*[!0-9].ipynb"))}
PLANS = dict(re.findall(r"^### (\d) · (.*?)(?=^###? |\Z)", PAGE, re.MULTILINE | re.DOTALL))
ROW = re.compile(r"^\| (\d+) \| (.+?) \| (.+) \|$", re.MULTILINE)
QUOTED = re.compile(r'"([^"]+)"')


def headings(chapter):
    """What stands in a chapter's headings, its title first."""
    cells = json.loads(CHAPTERS[chapter].read_text(encoding="utf-8"))["cells"]
    texts = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
    return re.findall(r"^#+ (.+)$", "\n\n".join(texts), re.MULTILINE)


def missing(names, chapter):
    """Those that are neither a heading of the chapter nor the beginning of one."""
    return [name for name in names if not any(heading.startswith(name) for heading in headings(chapter))]


def test_every_chapter_has_a_plan():
    assert set(PLANS) == set(CHAPTERS)


@pytest.mark.parametrize("chapter", PLANS)
def test_a_plan_has_90_minutes_and_sections_that_exist(chapter):
    title, rows = PLANS[chapter].partition("\n")[0], ROW.findall(PLANS[chapter])
    assert headings(chapter)[0].startswith(f"{chapter} · {title}")
    assert sum(int(minutes) for minutes, _, _ in rows) == 90
    assert missing(QUOTED.findall("".join(show for _, show, _ in rows)), chapter) == []
    assert PLANS[chapter].count("\n- ") >= 5 and "Where they stumble" in PLANS[chapter]


def test_the_days_sections_exist():
    day = PAGE.partition("**A day")[2].partition("\n## ")[0]
    named = [part for row in re.findall(r"^\|.*\| (.+?) \|$", day, re.MULTILINE) for part in row.split("; ")]
    found = [(part[0], QUOTED.findall(part)) for part in named if part[0].isdecimal()]
    assert len(found) >= 6 and all(missing(names, chapter) == [] for chapter, names in found)


def test_a_term_has_each_chapter_once_and_exercises_that_have_points():
    term = PAGE.partition("**A term")[2].partition("**A day")[0]
    rows = re.findall(r"^\| \d \| (\d) · (.+?) \| (.+) \|$", term, re.MULTILINE)
    assert sorted(chapter for chapter, _, _ in rows) == sorted(CHAPTERS)
    assert all(headings(chapter)[0].startswith(f"{chapter} · {title}") for chapter, title, _ in rows)
    outcomes = PAGE.partition("| after the course they can")[2].partition("\n\n")[0]
    named = re.findall(r"\b\d\.\d\b", outcomes + "".join(homework for _, _, homework in rows))
    assert len(named) > 20 and set(named) <= set(grade.points())


def test_its_commands_exist():
    makefile = (paths.ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"`make ([a-z-]+)|^make ([a-z-]+)", PAGE, re.MULTILINE)):
        assert re.search(rf"^{''.join(target)}:", makefile, re.MULTILINE), target
