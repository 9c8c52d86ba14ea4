"""Landscapes written as text, as on the command line: calls of known names with literals, never eval."""

from __future__ import annotations

from rivervalley._common import expressions
from rivervalley._common.checks import InputError, show
from rivervalley.landscapes.base import Landscape
from rivervalley.landscapes.registry import BENDS, LANDSCAPES, LANGUAGES, NUMBERS, PARTS, RIVERS, SPHERICAL_RULES, WALLS
from rivervalley.landscapes.spacings import MOST_NUMBERS

EXAMPLE = "river_valley(hills=[0.5, 2.0], noise_std=0.1)"


def parse(text: str) -> Landscape:
    """A landscape from text such as "river_valley(hills=geomspace(0.05, 2, 15), noise_std=0.1, river=power(1, 1))".

    `parse_help` lists what may be called: the names in registry.LANDSCAPES, and as arguments those of rivers, walls, bends,
    rules, languages, lists of numbers and of landscapes again. Nothing is evaluated but these calls and literals.

    Raises
    ------
    InputError
        If the text is no such call, or an argument does not fit.

    Examples
    --------
    >>> parse("river_valley(hills=[0.5, 2.0], noise_std=0.1)").dim
    3
    >>> parse("walled_valley(hills=[1.0], wall=soft_wall(2.0), narrowing=0.3, river=linear(0.01))").narrowing
    0.3
    >>> parse("momentum(river_valley(hills=[0.5, 2.0]), 0.9)").rule
    Momentum(beta=0.9)
    """
    landscape = expressions.call(text, "landscape", EXAMPLE, LANDSCAPES, PARTS, longest=MOST_NUMBERS)
    if isinstance(landscape, type) or not isinstance(landscape, Landscape):
        raise InputError(f"landscape must be a call that gives a landscape, not {show(landscape)}")
    return landscape


def parse_help() -> str:
    """What `parse` understands, for the help of commands."""
    parts = {
        "RIVER, river= of valleys, c(x)": RIVERS,
        "BEND, bend= of sheared_bend, f(x)": BENDS,
        "WALL, wall= of walled_valley": WALLS,
        "RULE, rule= of spherical_valley and sphere, with its weight decay": SPHERICAL_RULES,
        "LANGUAGE of bigram": LANGUAGES,
        "Lists of numbers may be": NUMBERS,
    }
    sections = [f"LANDSCAPE is one of these calls; arguments left out have defaults:\n{LANDSCAPES.help()}"]
    sections += [f"{title}:\n{registry.help()}" for title, registry in parts.items()]
    return "\n".join(sections) + (
        "\nValleys take noise_std=, river_noise_std=, batch_size=, start_hill= and start_river=; bends also further, straight hills=."
    )
