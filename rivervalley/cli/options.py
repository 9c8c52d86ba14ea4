"""Options that several commands share."""

from __future__ import annotations

import argparse

from rivervalley._common import checks
from rivervalley._common.checks import InputError

LANDSCAPES = """LANDSCAPE is one of these calls; arguments left out have defaults:
  river_valley(hills=[0.5, 2])                            straight: quadratic hills beside a river
  power_law_valley(count=50, exponent=1.5)                the same, curvatures by a power law
  sheared_bend(bend=sine(1, 6), stiffness=2)              a floor y = f(x); or bend=parabola(RADIUS)
  circular_bend(radius=5, stiffness=2)                    a floor bent into a circle
  rotating_hills(turning=[1, 0.2], turn_rate=0.1)         two hills that turn about the river
  walled_valley(hills=[1], wall=soft_wall(2), narrowing=0.3)   or wall=quadratic_wall(), power_wall(4)
  hyperbola()                                             two weights whose product matters
  spherical_valley(stiffness=[0.5, 0.1], height=[1, 2])   the direction of weights under decoupled weight decay; or
      power_law_spherical_valley(count=192, rule=adamw(0.1)), and sphere(weights=1024, stiffness=[1], rule=sgd(0.1))
      in all weights; rule= is adamw(0.1), adam(0.9, 0.95, 0.1), sgd(0.1), normalised(0.1), sign(0.1) or frozen()
  bigram(LANGUAGE, batch_size=8)                          LANGUAGE is cities([1, 1, 4, 4], frequencies=zipf(4)),
      dirichlet(CONTEXTS, VOCABULARY, CONCENTRATION) or text(FILE, tokens="byte", "character" or "word", vocabulary=N)
All but bigram take river=linear(0.01), power(1, 1), exponential(1, 1), logistic(1, 1), quadratic(0.001, 1) or flat();
all but it and the spherical ones noise_std=, river_noise_std=, batch_size=, start_hill= and start_river=; bends take
further, straight hills= too.
Lists may be geomspace(LOW, HIGH, COUNT) or linspace(LOW, HIGH, COUNT)."""


def add_seed(parser: argparse.ArgumentParser) -> None:
    """--seed N."""
    parser.add_argument("--seed", type=seed, default=0, metavar="N", help="seed of the noise, 0 to 2**64 - 1 (default 0)")


def seed(text: str) -> int:
    """A seed typed on the command line."""
    return _typed(text, "seed", 0, 2**64 - 1, "an integer between 0 and 2**64 - 1")


def count(text: str) -> int:
    """A number of things typed on the command line: at least 1."""
    return _typed(text, "value", 1, None, "an integer of at least 1")


def check_outputs(output: str | None, plot: str | None) -> None:
    """Refuse --output and --plot paths that cannot be written, before any work."""
    if output:
        checks.writable("--output", output)
    if plot:
        from rivervalley import plots

        plots.check_path(plot, "--plot")


def _typed(text: str, name: str, low: int, high: int | None, allowed: str) -> int:
    try:
        return checks.integer(name, int(text), low, high)
    except (ValueError, InputError):
        raise argparse.ArgumentTypeError(f"must be {allowed}, not {text!r}") from None
