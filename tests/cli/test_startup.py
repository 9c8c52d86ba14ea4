"""What is imported where nothing is computed, and that the table of commands is what there is."""

import importlib
import json
import pkgutil
import subprocess
import sys

import pytest

import rivervalley.cli
from rivervalley.cli.main import COMMANDS

PROGRAM = """
import json, sys
from rivervalley.cli import main
status = main(sys.argv[1:])
print(json.dumps([status, sorted(sys.modules)]), file=sys.stderr)
"""


@pytest.mark.parametrize("word", ["--help", "--version"])
def test_help_and_version_import_nothing_heavy(word):
    done = subprocess.run([sys.executable, "-c", PROGRAM, word], capture_output=True, text=True, check=True)
    status, modules = json.loads(done.stderr)
    assert status == 0 and "rivervalley" in done.stdout
    assert "rivervalley.cli.main" in modules
    assert not {"numpy", "numba", "scipy", "matplotlib", "tqdm", "multiprocessing"} & set(modules)


def test_the_package_imports_nothing_before_it_is_used():
    program = "import json, sys, rivervalley; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not {"numpy", "numba", "scipy", "matplotlib"} & set(json.loads(done.stdout))


def test_every_command_is_a_module_and_every_module_with_a_command_is_listed():
    modules = {module.name for module in pkgutil.iter_modules(rivervalley.cli.__path__)}
    runnable = {name for name in modules if hasattr(importlib.import_module(f"rivervalley.cli.{name}"), "add_arguments")}
    assert runnable == set(COMMANDS)
