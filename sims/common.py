"""What the simulations here share: their options, where their figures go, and the captions beside them."""

import argparse
import re
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

import rivervalley as rv
from rivervalley import plots

FIGURES = Path(__file__).resolve().parent.parent / "figures"
FORMATS = ("png", "svg", "pdf")
HEADING = """# Figures

Drawn by `python sims/run_all.py` from the scripts of the same names in `sims/`; the numbers in the captions are those of the
run. Every script takes `--format svg`, `--style slide`, `--out DIR` and its main quantities (`--help`).
"""


def options(script: str, about: str, **quantities: int | float | str | tuple) -> argparse.Namespace:
    """The command line of a simulation: --out, --format, --style, and each quantity with its default; a tuple takes several."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--out", type=Path, default=FIGURES, metavar="DIR", help="folder for the figure and its caption")
    parser.add_argument("--format", choices=FORMATS, default="png", help="of the figure")
    parser.add_argument("--style", choices=plots.STYLES, default="paper", help="of the figure")
    for name, value in quantities.items():
        several = isinstance(value, tuple)
        parser.add_argument(
            f"--{name.replace('_', '-')}",
            type=type(value[0] if several else value),
            nargs="+" if several else None,
            default=value,
            metavar=name.upper(),
            help=name.replace("_", " ").replace(" lr", " LR"),
        )
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    asked.name = Path(script).stem
    return asked


def save(figure, asked: argparse.Namespace, caption: str) -> None:
    """Write a figure and its caption, and say where."""
    path = asked.out / f"{asked.name}.{asked.format}"
    plots.save(figure, path)
    describe(asked, path, caption)


def describe(asked: argparse.Namespace, path: Path, caption: str) -> None:
    """Set the caption of a written figure in the folder's README.md, beside those of the others."""
    readme = asked.out / "README.md"
    text = readme.read_text(encoding="utf-8") if readme.exists() else HEADING
    sections = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL))
    sections[asked.name] = f"\n![{asked.name.replace('_', ' ')}]({path.name})\n\n{' '.join(caption.split())}\n"
    body = "\n".join(f"## {name}\n{sections[name].rstrip()}\n" for name in sorted(sections))
    readme.write_text(f"{HEADING}\n{body}", encoding="utf-8")
    print(f"wrote {path}")


def run(main: Callable[[], None]) -> None:
    """Run a simulation; what cannot be used is said in one line, with exit status 2."""
    try:
        main()
    except rv.InputError as error:
        print(f"{Path(sys.argv[0]).name}: {error}", file=sys.stderr)
        sys.exit(2)


def path(landscape, schedule: rv.Schedule, trajectories: int = 1, seed: int = 0, every: int = 1, initial=None) -> np.ndarray:
    """Where the trajectories are after 0, every, 2 every, ... steps, shape (points, trajectories, dim).

    A run goes on from a run to the last bit, so this is the path of one simulation, looked at on its way.
    """
    start = landscape.start(seed, 0, trajectories).T if initial is None else initial
    points, last = [np.array(start)], None
    for t in range(0, schedule.steps, every):
        piece = rv.Schedule(schedule.lr[t : t + every])
        last = rv.simulate(
            landscape, piece, seed=seed, initial=points[0] if last is None else last, record_every=every, threads=1
        )
        points.append(last.state)
    return np.array(points)
