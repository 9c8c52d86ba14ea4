"""What landscapes and their parts are called in a text.

A package of one's own offers a landscape under the entry point group `rivervalley.landscapes`,

    [project.entry-points."rivervalley.landscapes"]
    my_valley = "my_package.my_module:MyValley"

as anything that gives a Landscape when it is called with the arguments of the text.
"""

from __future__ import annotations

from rivervalley._common.registry import Registry

LANDSCAPES = Registry("landscape", "rivervalley.landscapes")
RIVERS = Registry("river")
WALLS = Registry("wall")
BENDS = Registry("bend")
SPHERICAL_RULES = Registry("rule")
LANGUAGES = Registry("language")
NUMBERS = Registry("list of numbers")

# What may stand as an argument; `sign` as an argument is a rule with weight decay, not the landscape of that name.
PARTS = (RIVERS, WALLS, BENDS, SPHERICAL_RULES, LANGUAGES, NUMBERS, LANDSCAPES)
