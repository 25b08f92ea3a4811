"""Write the course without its solutions into a new folder: ``make student-copy FOLDER=...``.

Left out are the solved exercises, the page for teachers with its points and wrong answers, and the tests that hold right
answers or ask for what is left out. The checks stay, since the chapters call them, and who reads their source learns what
they compare with.
"""

import argparse
import json
import os
import pathlib
import re
import secrets
import shutil
import sys

from helpers import files, paths

TAKEN = (
    *("README.md", "LICENSE", "CITATION.cff", "Makefile", "pyproject.toml", ".gitignore", ".gitattributes"),
    *(
        "requirements.txt",
        "requirements-data.txt",
        "constraints.txt",
        "helpers",
        "notebooks",
        "data",
        "figures",
        "docs",
        "tests",
    ),
)
LEFT_OUT = {
    *("notebooks/solutions", "docs/teachers.md", "docs/points.csv", "data/cache"),
    *("tests/test_exercises.py", "tests/test_grade.py", "tests/test_student_copy.py", "tests/test_elsewhere.py"),
    *("tests/test_teachers.py", "tests/test_site_built.py"),
}
CHAPTER = re.compile(r"\d\d_.*[^\d]\.ipynb")  # a teacher's own copies and drafts are none
NEVER = re.compile(r"__pycache__|\.ipynb_checkpoints|.*\.egg-info|\.DS_Store|\.writing-.*")
# " [Solutions](solutions/02.ipynb)", with what leads up to it.
LINK = re.compile(r"(?:[;,]? |^)\[[^\]\n]*[Ss]olutions?[^\]\n]*\]\([^)\s]*solutions/[^)\s]*\)\n?", re.MULTILINE)
# What README and the pages of docs/ say to teachers, and of what isn't there.
FOR_TEACHERS = re.compile(
    r"<details><summary><b>Teach with it</b>.*?</details>\n\n|`notebooks/solutions/`[^·]*· ?"
    r"|:::\{grid-item-card\}[^\n]*\n:link: teachers\n.*?\n:::\n\n"
    r"| Its solutions are linked from its exercises\."
    r"|^\| `teachers\.md`[^\n]*\n|^\*\*Elsewhere\.\*\*.*?\n\n|^- For teachers:.*?\n(?=- |\n)",
    re.DOTALL | re.MULTILINE,
)
OF_SOLUTIONS = re.compile(r"^\[\d\d_solution\w*\]\n(?:(?!\[).*(?:\n|\Z))*", re.MULTILINE)  # captions of their figures
IN_HTML = re.compile(r'<a href="[^"]*notebooks/solutions/[^"]*">(.*?)</a>', re.DOTALL)


def without_links(text):
    """Markdown without its links to solutions.

    Parameters
    ----------
    text : str

    Returns
    -------
    str
    """
    return LINK.sub(lambda link: "\n" if link[0].endswith("\n") and link[0][0] in " ;," else "", text)


def chapter_without_links(text):
    """A notebook without its links to solutions, with everything else as it is stored.

    Parameters
    ----------
    text : str
        The file.

    Returns
    -------
    str
    """
    notebook = json.loads(text)
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            cell["source"] = without_links("".join(cell["source"])).splitlines(keepends=True)
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def write(target):
    """Write the copy, whole or not at all.

    Parameters
    ----------
    target : path-like
        A folder that doesn't exist yet, or an empty one.

    Raises
    ------
    FileExistsError
        When there is anything.
    ValueError
        When it lies inside of the course, whose files it would join.
    OSError
        When it can't be written.
    """
    target = pathlib.Path(target).absolute()
    if target.resolve().is_relative_to(paths.ROOT.resolve()):
        raise ValueError(f"{target} lies in the course's own folder: name one outside of it")
    if os.path.lexists(target) and (not target.is_dir() or any(target.iterdir())):
        raise FileExistsError(f"{target} is there already, and nothing is overwritten: name a new folder")
    files.writable(target.parent)
    fresh = target.with_name(f".writing-{secrets.token_hex(8)}")
    try:
        fresh.mkdir()
        for name in TAKEN:
            source = paths.ROOT / name
            if source.is_dir():
                shutil.copytree(source, fresh / name, ignore=_ignored)
            elif source.exists():
                shutil.copyfile(source, fresh / name)
        for path in sorted((fresh / "notebooks").glob("*.ipynb")):
            _rewrite(path, chapter_without_links)
        _rewrite(fresh / "README.md", lambda text: FOR_TEACHERS.sub("", without_links(text)))
        _rewrite(fresh / "notebooks/captions.toml", lambda text: OF_SOLUTIONS.sub("", text))
        for name in ("index.md", "README.md", "changelog.md"):
            _rewrite(fresh / "docs" / name, lambda text: FOR_TEACHERS.sub("", text))
        _rewrite(fresh / "figures/report.html", lambda text: IN_HTML.sub(r"\1", text))
        if target.exists():
            target.rmdir()
        fresh.rename(target)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _ignored(folder, names):
    inside = pathlib.Path(folder).relative_to(paths.ROOT)
    left = {name for name in names if NEVER.fullmatch(name) or (inside / name).as_posix() in LEFT_OUT}
    if inside.as_posix() == "notebooks":
        left |= {name for name in names if name.endswith(".ipynb") and not CHAPTER.fullmatch(name)}
        left |= {name for name in names if (paths.ROOT / inside / name).is_dir()}
    return left


def _rewrite(path, change):
    if path.exists():
        path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")


def main(arguments=None):
    """The command line.

    Returns
    -------
    int
        0, or 1 with what stands in the way on the error stream.
    """
    parser = argparse.ArgumentParser(prog="python -m helpers.commands.student_copy", description=__doc__)
    parser.add_argument("folder", type=pathlib.Path, help="a new folder, outside of the course's")
    folder = parser.parse_args(arguments).folder
    try:
        write(folder)
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"wrote {folder}: the course without solutions")
    return 0


if __name__ == "__main__":
    sys.exit(main())
