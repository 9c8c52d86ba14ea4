"""Exact statements about SGD on river valleys, as functions.

`hills` holds what noise does at a constant rate, `decay` what a decay achieves and costs; `equilibrium` what weight decay does
to scale-invariant weights under any rule; `geodesic` which schedule is best. In all of them one update is
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
from rivervalley.theory.equilibrium import best_peak_exponent as best_peak_exponent
from rivervalley.theory.equilibrium import decay_exponent as decay_exponent
from rivervalley.theory.equilibrium import equilibrium_norm as equilibrium_norm
from rivervalley.theory.equilibrium import equilibrium_step as equilibrium_step
from rivervalley.theory.equilibrium import equilibrium_turn as equilibrium_turn
from rivervalley.theory.equilibrium import memory_exponent as memory_exponent
from rivervalley.theory.equilibrium import noise_exponent as noise_exponent
from rivervalley.theory.equilibrium import norm_growth as norm_growth
from rivervalley.theory.equilibrium import power_sum as power_sum
from rivervalley.theory.equilibrium import power_sum_rest as power_sum_rest
from rivervalley.theory.equilibrium import sphere_variance as sphere_variance
from rivervalley.theory.equilibrium import stationary_noise as stationary_noise
from rivervalley.theory.equilibrium import step_after_drop as step_after_drop
from rivervalley.theory.equilibrium import straight_river_stall as straight_river_stall
from rivervalley.theory.equilibrium import winding_river_loss as winding_river_loss
from rivervalley.theory.geodesic import Geodesic as Geodesic
from rivervalley.theory.geodesic import gap_decay_number as gap_decay_number
from rivervalley.theory.geodesic import gap_excess as gap_excess
from rivervalley.theory.geodesic import geodesic_length as geodesic_length
from rivervalley.theory.geodesic import geodesic_lr as geodesic_lr
from rivervalley.theory.geodesic import noise_metric as noise_metric
from rivervalley.theory.geodesic import one_hill_tail_steps as one_hill_tail_steps
from rivervalley.theory.geodesic import power_tail_exponent as power_tail_exponent
from rivervalley.theory.geodesic import power_tail_ratio as power_tail_ratio
from rivervalley.theory.geodesic import tuned_loss_ratio as tuned_loss_ratio
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
