"""Running landscapes under schedules: one run, several schedules, whole grids."""

from rivervalley.simulation.compare import compare as compare
from rivervalley.simulation.simulate import simulate as simulate
