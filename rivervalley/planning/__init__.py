"""Which schedule to run: under a fitted law, or on a landscape."""

from rivervalley.planning.closed_forms import closed_forms as closed_forms
from rivervalley.planning.closed_forms import crossing as crossing
from rivervalley.planning.geodesic import GeodesicSchedule as GeodesicSchedule
from rivervalley.planning.geodesic import decay_number as decay_number
from rivervalley.planning.geodesic import geodesic_schedule as geodesic_schedule
from rivervalley.planning.optimal import optimal_cooldown as optimal_cooldown
from rivervalley.planning.optimal import optimal_schedule as optimal_schedule
from rivervalley.planning.plan import Plan as Plan
from rivervalley.planning.plan import plan as plan
