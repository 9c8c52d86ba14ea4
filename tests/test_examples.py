"""The examples in the docstrings give what they say."""

import doctest
import importlib
import pkgutil

import pytest

import rivervalley

MODULES = [module.name for module in pkgutil.walk_packages(rivervalley.__path__, "rivervalley.")]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    if name.startswith("rivervalley.integrations."):
        library = name.rpartition(".")[2]
        if library != "recorder":
            pytest.importorskip(library, reason=f"{library} is not installed")
    assert doctest.testmod(importlib.import_module(name)).failed == 0
