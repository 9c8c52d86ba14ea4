"""Exact statements about SGD on river valleys, as functions.

`hills` holds what noise does at a constant rate, `decay` what a decay achieves and costs. In all of them one update is
w <- w - lr * (gradient + xi) with Var xi = noise_std^2 per coordinate (batch size 1; divide the variance by the batch size),
and the hill loss of a mode is curvature / 2 * E y^2.
"""

from rivervalley.landscapes.closed_forms.decay import best_decay_steps as best_decay_steps
from rivervalley.landscapes.closed_forms.decay import border_curvature as border_curvature
from rivervalley.landscapes.closed_forms.decay import decay_share as decay_share
from rivervalley.landscapes.closed_forms.decay import inverse_decay_variance as inverse_decay_variance
from rivervalley.landscapes.closed_forms.decay import lag_kernel as lag_kernel
from rivervalley.landscapes.closed_forms.decay import lagged_hill_loss as lagged_hill_loss
from rivervalley.landscapes.closed_forms.decay import long_decay_steps as long_decay_steps
from rivervalley.landscapes.closed_forms.decay import optimal_quench_lr as optimal_quench_lr
from rivervalley.landscapes.closed_forms.decay import quench_steps as quench_steps
from rivervalley.landscapes.closed_forms.decay import quenched_variance as quenched_variance
from rivervalley.landscapes.closed_forms.decay import wsd_s_summed_lr as wsd_s_summed_lr
from rivervalley.landscapes.closed_forms.decay import wsd_summed_lr as wsd_summed_lr
from rivervalley.landscapes.closed_forms.hills import averaged_variance as averaged_variance
from rivervalley.landscapes.closed_forms.hills import chord_hill_share as chord_hill_share
from rivervalley.landscapes.closed_forms.hills import critical_chord as critical_chord
from rivervalley.landscapes.closed_forms.hills import hill_gradient_share as hill_gradient_share
from rivervalley.landscapes.closed_forms.hills import momentum_variance as momentum_variance
from rivervalley.landscapes.closed_forms.hills import relaxation_steps as relaxation_steps
from rivervalley.landscapes.closed_forms.hills import sign_hill_loss as sign_hill_loss
from rivervalley.landscapes.closed_forms.hills import stationary_covariance as stationary_covariance
from rivervalley.landscapes.closed_forms.hills import stationary_hill_loss as stationary_hill_loss
from rivervalley.landscapes.closed_forms.hills import stationary_variance as stationary_variance
from rivervalley.landscapes.closed_forms.hills import transient_variance as transient_variance
from rivervalley.landscapes.closed_forms.hills import wall_hill_loss as wall_hill_loss
