"""Learning-rate schedules."""

from rivervalley.schedules.schedule import Schedule as Schedule
