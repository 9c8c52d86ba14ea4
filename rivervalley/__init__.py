"""rivervalley: learning-rate theory put on trial.

A learning-rate schedule goes in, an exactly known landscape turns it into a loss curve, a law explains the curve, and a
claim of a paper is judged by the difference.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.2.0.dev0"

if TYPE_CHECKING:
    from rivervalley import claims, datasets, explore, landscapes, laws, monitoring, planning, plots, scaling, schedules, theory
    from rivervalley._common.errors import DivergenceError, InputError
    from rivervalley.curves.curve import LossCurve
    from rivervalley.curves.files import CurveWarning, read_curve, read_curves, write_curve
    from rivervalley.curves.run import Run
    from rivervalley.monitoring.watch import watch
    from rivervalley.planning.optimal import optimal_cooldown, optimal_schedule
    from rivervalley.planning.plan import plan
    from rivervalley.schedules import areas
    from rivervalley.schedules.schedule import Schedule
    from rivervalley.simulation.compare import compare
    from rivervalley.simulation.simulate import simulate
    from rivervalley.simulation.sweep import sweep

# Where the public modules and names live. Imported when first used, so that `import rivervalley` and `--help` stay quick.
_MODULES = {
    "areas": "schedules.areas",
    "claims": "claims",
    "datasets": "datasets",
    "explore": "explore",
    "landscapes": "landscapes",
    "laws": "laws",
    "monitoring": "monitoring",
    "planning": "planning",
    "plots": "plots",
    "scaling": "scaling",
    "schedules": "schedules",
    "theory": "theory",
}
_PLACES = {
    "CurveWarning": "curves.files",
    "DivergenceError": "_common.errors",
    "InputError": "_common.errors",
    "LossCurve": "curves.curve",
    "Run": "curves.run",
    "Schedule": "schedules.schedule",
    "compare": "simulation.compare",
    "optimal_cooldown": "planning.optimal",
    "optimal_schedule": "planning.optimal",
    "plan": "planning.plan",
    "read_curve": "curves.files",
    "read_curves": "curves.files",
    "simulate": "simulation.simulate",
    "sweep": "simulation.sweep",
    "watch": "monitoring.watch",
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
    "datasets",
    "explore",
    "landscapes",
    "laws",
    "monitoring",
    "optimal_cooldown",
    "optimal_schedule",
    "plan",
    "planning",
    "plots",
    "read_curve",
    "read_curves",
    "scaling",
    "schedules",
    "simulate",
    "sweep",
    "theory",
    "watch",
    "write_curve",
]


if not TYPE_CHECKING:  # so that a wrong name is still found by the type checker

    def __getattr__(name: str) -> Any:
        if name in _MODULES:
            value = importlib.import_module(f"rivervalley.{_MODULES[name]}")
        elif name in _PLACES:
            value = getattr(importlib.import_module(f"rivervalley.{_PLACES[name]}"), name)
        else:
            raise AttributeError(f"module 'rivervalley' has no attribute {name!r}")
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
