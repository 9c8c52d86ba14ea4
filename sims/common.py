"""What the simulations here share: where their figures go."""

import argparse
from pathlib import Path

from rivervalley import plots


def folder(description: str) -> Path:
    """The folder for figures: --out DIR, by default figures/ of the repository."""
    parser = argparse.ArgumentParser(description=description)
    default = Path(__file__).resolve().parent.parent / "figures"
    parser.add_argument("--out", type=Path, default=default, metavar="DIR", help=f"folder for the figure (default {default})")
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    return out


def save(figure, path: Path) -> None:
    """Write a figure and say where."""
    plots.save(figure, path)
    print(f"wrote {path}")
