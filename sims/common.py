"""What the simulations here share: where their figures go."""

import argparse
from pathlib import Path

import numpy as np

import rivervalley as rv
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


def path(landscape, schedule: rv.Schedule, trajectories: int = 1, seed: int = 0, every: int = 1, initial=None) -> np.ndarray:
    """Where the trajectories are after 0, every, 2 every, ... updates, shape (points, trajectories, dim).

    A run goes on from a run to the last bit, so this is the path of one simulation, looked at on its way.
    """
    start = landscape.start(seed, 0, trajectories).T if initial is None else initial
    points, run = [np.array(start)], None
    for t in range(0, schedule.steps, every):
        piece = rv.Schedule(schedule.lr[t : t + every])
        run = rv.simulate(landscape, piece, seed=seed, initial=points[0] if run is None else run, record_every=every, threads=1)
        points.append(run.state)
    return np.array(points)
