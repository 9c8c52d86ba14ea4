"""The command line: `rivervalley COMMAND ...`."""

from rivervalley.cli.main import main as main
