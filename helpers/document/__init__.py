"""The report as a document: texts and figures of the executed chapters, tables, references, put into templates."""

from helpers.document.page import render
from helpers.document.slides import slides

__all__ = ["render", "slides"]
