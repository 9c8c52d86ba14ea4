"""Scaling laws fitted to a user's own runs: L(N), L(D), L(C), L(N, D), L(N, S) and Chinchilla's form."""

from rivervalley.scaling.fitting.fit import fit_scaling as fit_scaling
from rivervalley.scaling.fitting.forms import FORMS as FORMS
from rivervalley.scaling.fitting.result import ScalingFit as ScalingFit
from rivervalley.scaling.fitting.runs import Runs as Runs
from rivervalley.scaling.fitting.runs import read_runs as read_runs
