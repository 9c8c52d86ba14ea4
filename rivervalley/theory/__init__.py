"""Exact statements about SGD on river valleys, as functions.

`hills` holds what noise does at a constant rate, `decay` what a decay achieves and costs. In all of them one update is
w <- w - lr * (gradient + xi) with Var xi = noise_std^2 per coordinate (batch size 1; divide the variance by the batch size),
and the hill loss of a mode is curvature / 2 * E y^2. `river` finds rivers from their definition, and flows on a surface.
"""

from rivervalley.theory.decay import best_decay_steps as best_decay_steps
from rivervalley.theory.decay import border_curvature as border_curvature
from rivervalley.theory.decay import cooldown_steps as cooldown_steps
from rivervalley.theory.decay import cooled_variance as cooled_variance
from rivervalley.theory.decay import decay_share as decay_share
from rivervalley.theory.decay import inverse_decay_variance as inverse_decay_variance
from rivervalley.theory.decay import lag_kernel as lag_kernel
from rivervalley.theory.decay import lagged_hill_loss as lagged_hill_loss
from rivervalley.theory.decay import long_decay_steps as long_decay_steps
from rivervalley.theory.decay import optimal_cooldown_lr as optimal_cooldown_lr
from rivervalley.theory.decay import wsd_s_summed_lr as wsd_s_summed_lr
from rivervalley.theory.decay import wsd_summed_lr as wsd_summed_lr
from rivervalley.theory.hills import averaged_variance as averaged_variance
from rivervalley.theory.hills import chord_hill_share as chord_hill_share
from rivervalley.theory.hills import critical_chord as critical_chord
from rivervalley.theory.hills import hill_gradient_share as hill_gradient_share
from rivervalley.theory.hills import momentum_variance as momentum_variance
from rivervalley.theory.hills import relaxation_steps as relaxation_steps
from rivervalley.theory.hills import sign_hill_loss as sign_hill_loss
from rivervalley.theory.hills import stationary_covariance as stationary_covariance
from rivervalley.theory.hills import stationary_hill_loss as stationary_hill_loss
from rivervalley.theory.hills import stationary_variance as stationary_variance
from rivervalley.theory.hills import transient_variance as transient_variance
from rivervalley.theory.hills import wall_hill_loss as wall_hill_loss
from rivervalley.theory.river import find_river as find_river
from rivervalley.theory.river import gradient_flow as gradient_flow
from rivervalley.theory.river import projected_flow as projected_flow
from rivervalley.theory.river import river_residual as river_residual
from rivervalley.theory.river import split as split
