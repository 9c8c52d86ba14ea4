"""Loss surfaces that are known exactly."""

from rivervalley.landscapes.base import Block as Block
from rivervalley.landscapes.base import ExactLandscape as ExactLandscape
from rivervalley.landscapes.base import Landscape as Landscape
from rivervalley.landscapes.custom import Custom as Custom
from rivervalley.landscapes.language.language import Language as Language
from rivervalley.landscapes.language.language import cities as cities
from rivervalley.landscapes.language.language import dirichlet as dirichlet
from rivervalley.landscapes.language.language import zipf as zipf
from rivervalley.landscapes.language.model import Bigram as Bigram
from rivervalley.landscapes.language.text import from_text as from_text
from rivervalley.landscapes.parse import parse as parse
from rivervalley.landscapes.regression.finite_data import FiniteData as FiniteData
from rivervalley.landscapes.regression.power_law import PowerLaw as PowerLaw
from rivervalley.landscapes.regression.random_features import RandomFeatures as RandomFeatures
from rivervalley.landscapes.valleys import update_rules
from rivervalley.landscapes.valleys.circular_bend import CircularBend as CircularBend
from rivervalley.landscapes.valleys.river_valley import RiverValley as RiverValley
from rivervalley.landscapes.valleys.rivers import ExponentialRiver as ExponentialRiver
from rivervalley.landscapes.valleys.rivers import FlatRiver as FlatRiver
from rivervalley.landscapes.valleys.rivers import LinearRiver as LinearRiver
from rivervalley.landscapes.valleys.rivers import LogisticRiver as LogisticRiver
from rivervalley.landscapes.valleys.rivers import PowerRiver as PowerRiver
from rivervalley.landscapes.valleys.rivers import QuadraticRiver as QuadraticRiver
from rivervalley.landscapes.valleys.rotating_hills import Hyperbola as Hyperbola
from rivervalley.landscapes.valleys.rotating_hills import RotatingHills as RotatingHills
from rivervalley.landscapes.valleys.sheared_bend import Parabola as Parabola
from rivervalley.landscapes.valleys.sheared_bend import ShearedBend as ShearedBend
from rivervalley.landscapes.valleys.sheared_bend import Sine as Sine
from rivervalley.landscapes.valleys.walled_valley import PowerWall as PowerWall
from rivervalley.landscapes.valleys.walled_valley import QuadraticWall as QuadraticWall
from rivervalley.landscapes.valleys.walled_valley import SoftWall as SoftWall
from rivervalley.landscapes.valleys.walled_valley import WalledValley as WalledValley

rules = update_rules  # rv.landscapes.rules.Momentum(0.9).on(valley)
