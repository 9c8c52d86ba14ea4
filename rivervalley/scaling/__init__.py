"""Scaling laws in model size, data, compute, steps and batch size: calculators, and fits to one's own runs."""

from rivervalley.scaling import chinchilla as chinchilla
from rivervalley.scaling import corrections as corrections
from rivervalley.scaling import gradient_noise as gradient_noise
from rivervalley.scaling import kaplan as kaplan
from rivervalley.scaling.fitting import FORMS as FORMS
from rivervalley.scaling.fitting import Runs as Runs
from rivervalley.scaling.fitting import ScalingFit as ScalingFit
from rivervalley.scaling.fitting import fit_scaling as fit_scaling
from rivervalley.scaling.fitting import read_runs as read_runs
