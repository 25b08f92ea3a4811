"""How Sphinx builds the course's site, for `make site`; what happens to a chapter on its way is in helpers.commands.site."""

import os
import re

from myst_nb.core.render import NbElementRenderer

from helpers.commands import site

project = "Image enhancement with autoencoders"
author = "the authors of the course"
copyright = "the authors of the course. Code: MIT. Texts and figures: CC BY 4.0"
language = "en"

extensions = ["myst_nb", "sphinx_design"]
myst_enable_extensions = ["dollarmath", "colon_fence"]
nb_execution_mode = "off"  # the outputs are those that are stored
nb_mime_priority_overrides = [("html", "text/markdown", 15)]
exclude_patterns = ["README.md"]
suppress_warnings = ["toc.not_included"]  # the solutions: linked from their chapters, not in the list of pages

html_theme = "sphinx_book_theme"
html_title = "Image enhancement with autoencoders"
html_favicon = "_static/favicon.svg"
html_context = {"default_mode": "auto"}  # dark where the reader's system is
html_static_path = ["_static"]
html_css_files = ["course.css"]
html_extra_path = ["extra"]
html_copy_source = True
html_sourcelink_suffix = ""
html_show_sphinx = False
html_last_updated_fmt = None
mathjax_path = "mathjax/tex-svg.js"  # of the course's own; by default it comes from outside
mathjax3_config = {"options": {"enableMenu": False}}
html_theme_options = {
    "navbar_persistent": [],  # a second search box
    "show_toc_level": 2,
    "use_download_button": True,
    "use_fullscreen_button": False,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}

REPOSITORY = os.environ.get("COURSE_REPOSITORY", "").removesuffix("/").removesuffix(".git")
BRANCH = os.environ.get("COURSE_BRANCH", "main")
PAGES_BRANCH = os.environ.get("COURSE_PAGES_BRANCH", "gh-pages")
if REPOSITORY:
    html_theme_options |= {
        "repository_url": REPOSITORY,
        "repository_branch": BRANCH,
        "use_repository_button": True,
        "launch_buttons": {
            "binderhub_url": "https://mybinder.org",
            "colab_url": "https://colab.research.google.com",
            "notebook_interface": "jupyterlab",
        },
    }


_render_image = NbElementRenderer.render_image


def render_image(self, data):
    """A stored picture with its alt text, which myst-nb leaves in the output's metadata."""
    nodes = _render_image(self, data)
    for node in nodes:
        node["alt"] = data.output_metadata.get(data.mime_type, {}).get("alt", "")
    return nodes


NbElementRenderer.render_image = render_image


def read_chapter(app, docname, source):
    """What a reader of the site sees of a notebook."""
    if docname.startswith("notebooks/"):
        source[0] = site.for_readers(source[0], docname)


def finish_page(app, pagename, templatename, context, doctree):
    """Pictures are fetched when they are near; Colab opens the copy that installs the course."""
    if "body" in context:
        context["body"] = re.sub(r"<img (?![^>]*loading=)", '<img loading="lazy" decoding="async" ', context["body"])
    for group in context.get("header_buttons", []):
        buttons = group.get("buttons", []) if isinstance(group, dict) else []
        for button in [button for button in buttons if button.get("text") == "Colab"]:
            if "/solutions/" in pagename:
                buttons.remove(button)  # there is no copy of these
            else:
                copy = f"colab/{pagename.rpartition('/')[2]}.ipynb"
                button["url"] = re.sub(r"/blob/.+", f"/blob/{PAGES_BRANCH}/{copy}", button["url"])


def setup(app):
    """Sphinx calls this."""
    app.connect("source-read", read_chapter)
    app.connect("html-page-context", finish_page, priority=900)
