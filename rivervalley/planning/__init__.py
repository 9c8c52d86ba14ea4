"""Which schedule to run: under a fitted law, or on a landscape."""

from rivervalley.planning.closed_forms import closed_forms as closed_forms
from rivervalley.planning.closed_forms import crossing as crossing
from rivervalley.planning.optimal import optimal_cooldown as optimal_cooldown
from rivervalley.planning.optimal import optimal_schedule as optimal_schedule
from rivervalley.planning.plan import Plan as Plan
from rivervalley.planning.plan import plan as plan
