"""rivervalley: learning-rate theory put on trial.

A learning-rate schedule goes in, an exactly known landscape turns it into a loss curve, a law explains the curve, and a
claim of a paper is judged by the difference.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.2.0.dev0"

if TYPE_CHECKING:
    from rivervalley import claims, landscapes, laws, planning, plots, scaling, schedules, theory
    from rivervalley._common.checks import DivergenceError, InputError
    from rivervalley.curves.curve import LossCurve
    from rivervalley.curves.files import CurveWarning, read_curve, write_curve
    from rivervalley.curves.run import Run
    from rivervalley.planning.optimal import optimal_quench, optimal_schedule
    from rivervalley.planning.plan import plan
    from rivervalley.schedules import areas
    from rivervalley.schedules.schedule import Schedule
    from rivervalley.simulation.compare import compare
    from rivervalley.simulation.simulate import simulate

# Where each public name lives. Imported when it is first used, so that `import rivervalley` and `--help` stay quick.
_PLACES = {
    "CurveWarning": "curves.files",
    "DivergenceError": "_common.checks",
    "InputError": "_common.checks",
    "LossCurve": "curves.curve",
    "Run": "curves.run",
    "Schedule": "schedules.schedule",
    "areas": "schedules",
    "claims": "",
    "compare": "simulation.compare",
    "landscapes": "",
    "laws": "",
    "optimal_quench": "planning.optimal",
    "optimal_schedule": "planning.optimal",
    "plan": "planning.plan",
    "planning": "",
    "plots": "",
    "read_curve": "curves.files",
    "scaling": "",
    "schedules": "",
    "simulate": "simulation.simulate",
    "theory": "",
    "write_curve": "curves.files",
}

__all__ = [
    "CurveWarning",
    "DivergenceError",
    "InputError",
    "LossCurve",
    "Run",
    "Schedule",
    "areas",
    "claims",
    "compare",
    "landscapes",
    "laws",
    "optimal_quench",
    "optimal_schedule",
    "plan",
    "planning",
    "plots",
    "read_curve",
    "scaling",
    "schedules",
    "simulate",
    "theory",
    "write_curve",
]


if not TYPE_CHECKING:  # so that a wrong name is still found by the type checker

    def __getattr__(name: str) -> Any:
        if name not in _PLACES:
            raise AttributeError(f"module 'rivervalley' has no attribute {name!r}")
        place = _PLACES[name]
        if not place:
            return importlib.import_module(f"rivervalley.{name}")
        value = getattr(importlib.import_module(f"rivervalley.{place}"), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
