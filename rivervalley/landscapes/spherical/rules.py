"""Update rules with decoupled weight decay for scale-invariant landscapes: W <- (1 - lr weight_decay) W - lr u.

A rule makes another landscape of a SphericalValley or a Sphere: `AdamW(0.1).on(valley)`. In all of them the gradient is
xi_i = h_i (theta_i - t_i) + sigma_i z_i on hills and z elsewhere, divided by the norm n; they differ in what u makes of it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TypeVar, final

import numpy as np

from rivervalley._common import checks
from rivervalley._common.checks import FloatArray, InputError
from rivervalley.kernels import norm as kernels
from rivervalley.landscapes.registry import SPHERICAL_RULES

Under = TypeVar("Under")


class SphericalRule:
    """What the rules share."""

    weight_decay: float

    def on(self, landscape: Under) -> Under:
        """The same landscape under this rule."""
        if isinstance(landscape, type) or not isinstance(getattr(landscape, "rule", None), SphericalRule):
            raise InputError(f"landscape must be a SphericalValley or a Sphere, not {checks.show(landscape)}")
        return replace(landscape, rule=self)  # type: ignore[type-var]  # both are dataclasses with this field


@SPHERICAL_RULES.add("adamw", "adamw(0.1)", "AdamW with the exact noise of every coordinate")
@final
@dataclass(frozen=True)
class AdamW(SphericalRule):
    """u_i = xi_i / sigma_i: Adam that knows the noise of every coordinate, so that its updates have rms 1.

    The norm follows n'^2 = (1 - lr wd)^2 n^2 + lr^2; a hill drifts by h / sigma and diffuses by 1, both times r = lr / n.

    >>> from rivervalley.landscapes import SphericalValley
    >>> AdamW(0.05).on(SphericalValley(stiffness=[1.0], height=[2.0])).rule.weight_decay
    0.05
    """

    weight_decay: float = 0.1

    def __post_init__(self) -> None:
        checks.real("weight_decay", self.weight_decay, 0.0)


@SPHERICAL_RULES.add("sgd", "sgd(0.1)", "SGD with weight decay")
@final
@dataclass(frozen=True)
class DecayedSGD(SphericalRule):
    """u = xi / n, plain SGD: n'^2 = (1 - lr wd)^2 n^2 + lr^2 / n^2; hills feel h and sigma on the step lr / n^2."""

    weight_decay: float = 0.1

    def __post_init__(self) -> None:
        checks.real("weight_decay", self.weight_decay, 0.0)


@SPHERICAL_RULES.add("normalised", "normalised(0.1)", "normalised gradients")
@final
@dataclass(frozen=True)
class Normalised(SphericalRule):
    """u = xi sqrt(m) / |xi|: the norm as under AdamW, exactly so on every path; hills feel h and sigma on r = lr / n."""

    weight_decay: float = 0.1

    def __post_init__(self) -> None:
        checks.real("weight_decay", self.weight_decay, 0.0)


@SPHERICAL_RULES.add("sign", "sign(0.1)", "signs of gradients")
@final
@dataclass(frozen=True)
class DecayedSign(SphericalRule):
    """u = sign(xi): as AdamW where noise dominates the gradient, with a drift of sqrt(2 / pi) h / sigma."""

    weight_decay: float = 0.1

    def __post_init__(self) -> None:
        checks.real("weight_decay", self.weight_decay, 0.0)


@SPHERICAL_RULES.add("adam", "adam(0.9, 0.95, 0.1)", "Adam that estimates the noise")
@final
@dataclass(frozen=True)
class Adam(SphericalRule):
    """u = m / sqrt(v) with bias correction, no epsilon: what is left of AdamW's ideal when it estimates the noise.

    In a SphericalValley v is at its mean, which is right to O(1 - beta2), and noise dominates the gradient of every hill. As
    the norm grows the gradient falls, and v lags behind it: updates are then smaller than 1.

    Parameters
    ----------
    beta1, beta2 : float
        Within [0, 1).
    weight_decay : float
    clip : float or None
        Bound on the rms of the gradient's coordinates before Adam sees it.

    Examples
    --------
    >>> Adam(0.9, 0.99).weight_decay
    0.1
    """

    beta1: float = 0.9
    beta2: float = 0.95
    weight_decay: float = 0.1
    clip: float | None = None

    def __post_init__(self) -> None:
        checks.real("beta1", self.beta1, 0.0, 1.0, open_high=True)
        checks.real("beta2", self.beta2, 0.0, 1.0, open_high=True)
        checks.real("weight_decay", self.weight_decay, 0.0)
        if self.clip is not None:
            checks.real("clip", self.clip, 0.0, open_low=True)


@SPHERICAL_RULES.add("frozen", "frozen()", "a norm that does not change")
@final
@dataclass(frozen=True)
class Frozen(SphericalRule):
    """The weights as if their norm stayed at its start: r = lr / start_norm. What a landscape without scale invariance does."""

    weight_decay: float = field(default=0.0, init=False)


Rule = AdamW | DecayedSGD | Normalised | DecayedSign | Adam | Frozen
RULES = (AdamW, DecayedSGD, Normalised, DecayedSign, Adam, Frozen)


def norm_rule(rule: Rule) -> kernels.NormRule:
    """The rule as the kernels take it."""
    match rule:
        case Adam():
            clip = math.inf if rule.clip is None else float(rule.clip)
            betas = float(rule.beta1), float(rule.beta2)
            return kernels.NormRule(kernels.MOMENTUM, float(rule.weight_decay), *betas, clip)
        case DecayedSGD():
            code = kernels.SGD
        case Frozen():
            code = kernels.FROZEN
        case _:
            code = kernels.WALK
    return kernels.NormRule(code, float(rule.weight_decay), 0.0, 0.0, math.inf)


def drift_and_diffusion(rule: Rule, stiffness: FloatArray, height: FloatArray) -> tuple[FloatArray, FloatArray]:
    """k and D of hills whose drift over noise is `stiffness` and whose noise is `height`."""
    if isinstance(rule, (DecayedSGD, Normalised)):
        return stiffness * height, height.copy()
    scale = math.sqrt(2.0 / math.pi) if isinstance(rule, DecayedSign) else 1.0
    return scale * stiffness, np.ones_like(height)


def check_lr(rule: Rule, lr: FloatArray) -> None:
    """Refuse LRs at which the decay of the weights would turn them round."""
    highest = float(lr.max(initial=0.0))
    if highest * rule.weight_decay >= 1.0:
        raise InputError(f"weight_decay must be below 1 / peak LR = {1.0 / highest:g}, not {rule.weight_decay:g}")
