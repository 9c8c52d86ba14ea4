"""All drawing. Functions take and return matplotlib Axes; none shows."""

from rivervalley.plots.base import check_path as check_path
from rivervalley.plots.base import figure as figure
from rivervalley.plots.base import plot_curve as plot_curve
from rivervalley.plots.base import plot_fit as plot_fit
from rivervalley.plots.base import plot_run as plot_run
from rivervalley.plots.base import plot_schedules as plot_schedules
from rivervalley.plots.base import save as save
from rivervalley.plots.base import style as style
