"""rivervalley: learning-rate theory put on trial.

A learning-rate schedule goes in, an exactly known landscape turns it into a loss curve, a law explains the curve, and a
claim of a paper is judged by the difference.
"""

from rivervalley import areas, claims, landscapes, laws, schedules
from rivervalley._checks import DivergenceError, InputError
from rivervalley.arena import compare
from rivervalley.curves import CurveWarning, LossCurve, read_curve, write_curve
from rivervalley.optimal import optimal_quench, optimal_schedule
from rivervalley.planning import plan
from rivervalley.runs import Run
from rivervalley.schedules import Schedule
from rivervalley.simulate import simulate

__version__ = "0.1.0"

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
    "read_curve",
    "schedules",
    "simulate",
    "write_curve",
]
