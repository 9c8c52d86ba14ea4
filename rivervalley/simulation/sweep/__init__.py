"""Many runs: every combination of some lists of settings, in processes of this machine or on a Dask cluster."""

from rivervalley.simulation.sweep.jobs import Job as Job
from rivervalley.simulation.sweep.jobs import jobs as jobs
from rivervalley.simulation.sweep.jobs import read_sweep as read_sweep
from rivervalley.simulation.sweep.run import Status as Status
from rivervalley.simulation.sweep.run import run_sweep as run_sweep
from rivervalley.simulation.sweep.run import status as status
from rivervalley.simulation.sweep.run import sweep as sweep
from rivervalley.simulation.sweep.table import SweepTable as SweepTable
