"""Loss surfaces that are known exactly."""

from rivervalley.landscapes import closed_forms as closed_forms
from rivervalley.landscapes.custom import Custom as Custom
from rivervalley.landscapes.expression import parse as parse
from rivervalley.landscapes.finite_data import FiniteData as FiniteData
from rivervalley.landscapes.landscape import Landscape as Landscape
from rivervalley.landscapes.power_law import PowerLaw as PowerLaw
from rivervalley.landscapes.random_features import RandomFeatures as RandomFeatures
from rivervalley.landscapes.river_valley import RiverValley as RiverValley
from rivervalley.landscapes.rivers import ExponentialRiver as ExponentialRiver
from rivervalley.landscapes.rivers import FlatRiver as FlatRiver
from rivervalley.landscapes.rivers import LinearRiver as LinearRiver
from rivervalley.landscapes.rivers import LogisticRiver as LogisticRiver
from rivervalley.landscapes.rivers import PowerRiver as PowerRiver
from rivervalley.landscapes.rivers import QuadraticRiver as QuadraticRiver
