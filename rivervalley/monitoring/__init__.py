"""A run while it goes on: where it stands against a law, what it will reach, and alarms."""

from rivervalley.monitoring.alarms import Alarm as Alarm
from rivervalley.monitoring.watch import DecayOption as DecayOption
from rivervalley.monitoring.watch import FinalForecast as FinalForecast
from rivervalley.monitoring.watch import Standing as Standing
from rivervalley.monitoring.watch import WatchReport as WatchReport
from rivervalley.monitoring.watch import watch as watch
