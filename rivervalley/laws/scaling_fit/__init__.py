"""Scaling laws fitted to a user's own runs: L(N), L(D), L(C), L(N, D), L(N, S) and Chinchilla's form."""

from rivervalley.laws.scaling_fit.fit import fit_scaling as fit_scaling
from rivervalley.laws.scaling_fit.forms import FORMS as FORMS
from rivervalley.laws.scaling_fit.result import ScalingFit as ScalingFit
from rivervalley.laws.scaling_fit.runs import Runs as Runs
from rivervalley.laws.scaling_fit.runs import read_runs as read_runs
