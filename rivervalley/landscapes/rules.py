"""Update rules by name: those for a straight valley beside plain SGD, and those with decoupled weight decay for spheres."""

from rivervalley.landscapes.spherical.rules import Adam as Adam
from rivervalley.landscapes.spherical.rules import AdamW as AdamW
from rivervalley.landscapes.spherical.rules import DecayedSGD as DecayedSGD
from rivervalley.landscapes.spherical.rules import DecayedSign as DecayedSign
from rivervalley.landscapes.spherical.rules import Frozen as Frozen
from rivervalley.landscapes.spherical.rules import Normalised as Normalised
from rivervalley.landscapes.valleys.update_rules import Average as Average
from rivervalley.landscapes.valleys.update_rules import Momentum as Momentum
from rivervalley.landscapes.valleys.update_rules import Project as Project
from rivervalley.landscapes.valleys.update_rules import RuledValley as RuledValley
from rivervalley.landscapes.valleys.update_rules import Sign as Sign
from rivervalley.landscapes.valleys.update_rules import merged_gradient_weights as merged_gradient_weights
