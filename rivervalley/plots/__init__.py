"""All drawing. Functions take and return matplotlib Axes; none shows."""

from rivervalley.plots.base import STYLES as STYLES
from rivervalley.plots.base import check_path as check_path
from rivervalley.plots.base import figure as figure
from rivervalley.plots.base import plot_curve as plot_curve
from rivervalley.plots.base import plot_fit as plot_fit
from rivervalley.plots.base import plot_run as plot_run
from rivervalley.plots.base import plot_schedules as plot_schedules
from rivervalley.plots.base import save as save
from rivervalley.plots.base import style as style
from rivervalley.plots.look import ink as ink
from rivervalley.plots.look import look as look
from rivervalley.plots.look import muted as muted
from rivervalley.plots.look import reference as reference
from rivervalley.plots.look import sequence as sequence
from rivervalley.plots.look import step_axis as step_axis
from rivervalley.plots.look import thousands as thousands
from rivervalley.plots.look import ticks as ticks
