"""The examples in the docstrings of what students call give what they say."""

import doctest
import importlib

import pytest

MODULES = ("baselines", "degradations", "image_io", "metrics", "models")


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    module = importlib.import_module(f"helpers.{name}")
    failed, tried = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert tried and not failed
