"""Rotational equilibrium: what weight decay and updates of a given size do to the norm of scale-invariant weights, and to a loss.

Legend: eta the LR, wd the decoupled weight decay, n the rms of the weights, r = eta / n the relative step, phi the angle of
an update, k a hill's drift over its noise, S = sum r the clock, hills k_i = k1 i^-b with noise i^-c.
Equilibrium n and phi are known (rotational equilibrium: Kosson, Messmer, Jaggi, arXiv 2305.17212; van Laarhoven, 1706.05350);
what follows from them for hills, rivers and schedules is derived here, for landscapes.SphericalValley.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import gamma, zeta

from rivervalley._common import checks
from rivervalley._common.checks import FloatArray, InputError
from rivervalley.theory._arguments import numbers, positive


def _decayed(lr: ArrayLike, weight_decay: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """eta and 1 - (1 - eta wd)^2."""
    eta, wd = positive("lr", lr), positive("weight_decay", weight_decay)
    if bool(np.any(eta * wd >= 1.0)):
        raise InputError(f"lr times weight_decay must be below 1, not {float(np.max(eta * wd)):g}")
    return eta, np.asarray(eta * wd * (2.0 - eta * wd))


def equilibrium_norm(
    lr: ArrayLike, weight_decay: ArrayLike, growth: ArrayLike = 1.0, *, sgd: bool = False, beta1: float = 0.0
) -> FloatArray:
    """The rms n at which decay and the walk of updates balance: n^2 = growth eta^2 / (1 - (1 - eta wd)^2), about eta / (2 wd).

    `growth` is the mean square of a coordinate's update, by default 1 as under Adam. Under `sgd` it is that of the gradient
    times n, and n^4 is what balances. Momentum `beta1` correlates updates, which the decay of weights cuts short: n^2 falls by
    the share 2 eta wd beta1 / (1 - beta1^2) at most.

    >>> round(float(equilibrium_norm(1e-3, 0.1)), 5)
    0.07071
    """
    eta, lost = _decayed(lr, weight_decay)
    b = checks.real("beta1", beta1, 0.0, 1.0, open_high=True)
    a = np.sqrt(1.0 - lost)
    walk = (1.0 - b) / (1.0 + b) * (1.0 + a * b) / (1.0 - a * b)
    n2 = positive("growth", growth) * walk * eta * eta / lost
    return np.asarray(n2**0.25 if sgd else np.sqrt(n2))


def equilibrium_turn(lr: ArrayLike, weight_decay: ArrayLike) -> FloatArray:
    """The angle of an update in equilibrium, whatever its size and the rule: cos phi = 1 - eta wd.

    >>> round(float(equilibrium_turn(1.0, 0.1)), 6)
    0.451027
    """
    _, lost = _decayed(lr, weight_decay)
    return np.asarray(np.arcsin(np.sqrt(lost)))


def equilibrium_step(lr: ArrayLike, weight_decay: ArrayLike, growth: ArrayLike = 1.0) -> FloatArray:
    """r = eta / n in equilibrium: sqrt((1 - (1 - eta wd)^2) / growth), about sqrt(2 eta wd).

    >>> round(float(equilibrium_step(1e-3, 0.1)), 5)
    0.01414
    """
    _, lost = _decayed(lr, weight_decay)
    return np.asarray(np.sqrt(lost / positive("growth", growth)))


def norm_growth(weights: int, noise_std: ArrayLike, *, scale_invariant: bool = True) -> float:
    """Growth of n^2 in units of eta^2 under updates of rms 1 in each coordinate, as Adam's, for small r k.

    Hills with noise unlike that of the other coordinates (1): such updates are not orthogonal to W although the gradient is,
    and growth is 1 + sum (noise - 1) / weights. Without scale invariance confined coordinates do not walk: 1 - d / weights.

    >>> norm_growth(256, [3.0] * 64)
    1.5
    """
    m, sigma = checks.integer("weights", weights, 1), np.atleast_1d(positive("noise_std", noise_std))
    if sigma.size > m:
        raise InputError(f"noise_std must be of at most {m} hills, not {sigma.size}")
    return 1.0 + float(np.sum(sigma - 1.0)) / m if scale_invariant else 1.0 - sigma.size / m


def step_after_drop(lr: ArrayLike, weight_decay: ArrayLike, steps: ArrayLike, factor: ArrayLike) -> FloatArray:
    """r relative to its equilibrium at `lr`, `steps` updates after the LR fell to factor x lr.

    factor / sqrt(factor + (1 - factor) exp(-2 factor eta wd steps)): linear in the LR at once, its square root in the end. The
    rate is that of the present LR, so a tenth of the LR takes ten times as long.

    >>> step_after_drop(1e-3, 0.1, [0, 10**9], 0.25).tolist()
    [0.25, 0.5]
    """
    eta, _ = _decayed(lr, weight_decay)
    f, t = positive("factor", factor), numbers("steps", steps, 0.0)
    return np.asarray(f / np.sqrt(f + (1.0 - f) * np.exp(-2.0 * f * eta * positive("weight_decay", weight_decay) * t)))


def sphere_variance(relative_step: ArrayLike, stiffness: ArrayLike, diffusion: ArrayLike = 1.0) -> FloatArray:
    """V = E theta^2 of a hill in rotational equilibrium: sin^2 phi D^2 / (1 - (cos phi - k sin phi)^2), sin phi = r.

    About (r / 2) / (k + r / 2): 1 where k = 0, as for any coordinate of a random direction, and r / (2 k) where k >> r.

    >>> sphere_variance(0.02, [0.0, 1.0]).round(4).tolist()
    [1.0, 0.01]
    """
    r, k = positive("relative_step", relative_step), numbers("stiffness", stiffness, 0.0)
    if bool(np.any(r >= 1.0)) or bool(np.any(r * k >= 1.0 + np.sqrt(1.0 - np.minimum(r, 1.0) ** 2))):
        raise InputError("relative_step must be below 1, and so small that relative_step times stiffness stays below 2")
    lost = r * r / (1.0 + np.sqrt(1.0 - r * r)) + r * k  # 1 - (cos phi - k sin phi), without cancellation
    return np.asarray((r * positive("diffusion", diffusion)) ** 2 / (lost * (2.0 - lost)))


def memory_exponent(stiffness_exponent: float, height_exponent: float) -> float:
    """beta = (c - 1) / b: after a step in r the hill loss of hills k_i = k1 i^-b, noise i^-c, relaxes as S^-beta.

    Under Adam. With curvatures i^-a and noise variance like the curvature b = c = a / 2, so 1 - 2 / a; SGD sees 1 - 1 / a.

    >>> round(memory_exponent(2.22, 2.22), 4)
    0.5495
    """
    b = checks.real("stiffness_exponent", stiffness_exponent, 0.0, open_low=True)
    return (checks.real("height_exponent", height_exponent, 1.0, open_low=True) - 1.0) / b


def power_sum(clock: ArrayLike, stiffness: float, stiffness_exponent: float, weight_exponent: float) -> FloatArray:
    """sum over i >= 1 of i^-w exp(-2 k1 i^-b S) for large k1 S: Gamma(p) / b (2 k1 S)^-p, p = (w - 1) / b.

    What is left out is exponentially small, see power_sum_rest. With w = c it is the hills' memory, times zeta(c); with
    targets of loss i^-e it is the signal still to be learnt, S^-(e - 1) / b.

    >>> i = np.arange(1.0, 1e6)
    >>> float(power_sum(300.0, 0.5, 2.0, 3.0) / np.sum(i**-3.0 * np.exp(-300.0 * i**-2.0))).__round__(6)
    1.0
    """
    b = checks.real("stiffness_exponent", stiffness_exponent, 0.0, open_low=True)
    p = (checks.real("weight_exponent", weight_exponent, 1.0, open_low=True) - 1.0) / b
    k1 = checks.real("stiffness", stiffness, 0.0, open_low=True)
    return np.asarray(gamma(p) / b * (2.0 * k1 * positive("clock", clock)) ** -p)


def power_sum_rest(clock: ArrayLike, stiffness: float, stiffness_exponent: float, weight_exponent: float) -> FloatArray:
    """About the most by which power_sum is off: the first harmonic of Poisson's sum at its saddle point.

    2 x^-w sqrt(x / (b + 1)) exp(-2 pi x (1 + 1/b) sin(pi / (2 (b + 1)))), x = (k1 S b / pi)^(1 / (b + 1)).

    >>> float(power_sum_rest(300.0, 0.5, 2.0, 3.0)) < 1e-7
    True
    """
    b = checks.real("stiffness_exponent", stiffness_exponent, 0.0, open_low=True)
    w = checks.real("weight_exponent", weight_exponent, 1.0, open_low=True)
    k1 = checks.real("stiffness", stiffness, 0.0, open_low=True)
    x = (k1 * positive("clock", clock) * b / np.pi) ** (1.0 / (b + 1.0))
    fall = 2.0 * np.pi * x * (1.0 + 1.0 / b) * np.sin(0.5 * np.pi / (b + 1.0))
    return np.asarray(2.0 * x**-w * np.sqrt(x / (b + 1.0)) * np.exp(-fall))


def stationary_noise(
    relative_step: ArrayLike, stiffness: float, stiffness_exponent: float, height_exponent: float
) -> FloatArray:
    """Hill loss at a constant r in units of r / 4 times the first height: how compactness bends it away from r^1.

    zeta(c) - pi / (b sin(pi beta)) x^beta - zeta(c - b) x + (r / 2) k1 zeta(b + c), x = r / (2 k1), up to x^2 and r^2: hills
    softer than r / 2 have the variance of a random direction and no more. The last term is the edge of stability.

    Raises
    ------
    InputError
        If beta = (c - 1) / b is not below 1.

    Examples
    --------
    >>> round(float(stationary_noise(1e-6, 0.5, 2.22, 2.22) / zeta(2.22)), 3)
    1.0
    """
    b, c = float(stiffness_exponent), float(height_exponent)
    beta = memory_exponent(b, c)
    if beta >= 1.0:
        raise InputError(f"height_exponent must be below 1 + stiffness_exponent = {1.0 + b:g}, not {c:g}")
    k1 = checks.real("stiffness", stiffness, 0.0, open_low=True)
    rho = 0.5 * positive("relative_step", relative_step)
    x = rho / k1
    soft = np.pi / (b * np.sin(np.pi * beta)) * x**beta + _zeta(c - b) * x
    return np.asarray(zeta(c) - soft + rho * k1 * zeta(b + c))


def noise_exponent(relative_step: ArrayLike, stiffness: float, stiffness_exponent: float, height_exponent: float) -> FloatArray:
    """p = d log(hill loss) / d log r at a constant r: below 1 by the hills that are softer than r / 2.

    >>> round(float(noise_exponent(0.016, 0.5, 2.22, 2.22)), 2)
    0.95
    """
    arguments = (stiffness, stiffness_exponent, height_exponent)
    r = positive("relative_step", relative_step)
    high, low = (np.log(stationary_noise(r * f, *arguments)) for f in (1.001, 1.0 / 1.001))
    return np.asarray(1.0 + (high - low) / (2.0 * np.log(1.001)))


def decay_exponent(memory: float, shape: str) -> float:
    """Exponent of T in what a decay to 0 over a fixed share of T leaves of the hill loss, n fixed: min(beta, 1/2) or 2/3.

    1/2 for a linear decay and 2/3 for a cosine: at a height y of the LR, y^2 and y^(3/2) of the decay's clock are left.

    >>> decay_exponent(0.55, "linear"), decay_exponent(0.55, "cosine")
    (0.5, 0.55)
    """
    limit = {"linear": 0.5, "cosine": 2.0 / 3.0}[checks.choice("shape", shape, ("linear", "cosine"))]
    return min(checks.real("memory", memory, 0.0, open_low=True), limit)


def winding_river_loss(clock: ArrayLike, scale: float, exponent: float, river_scale: float) -> FloatArray:
    """c after the clock S on a river c = A (1 + x)^-q along an angle x: A (1 + q (q + 2) S / river_scale)^(-q / (q + 2)).

    An angle does not forget: the pull of the sphere acts on the radius alone. So the loss is a power of S with exponent
    q / (q + 2) for as long as it is run, up to O(r / stiffness of the radius).

    >>> float(winding_river_loss(8.5, 4.0, 2.0, 8.5))
    1.3333333333333333
    """
    A, q = checks.real("scale", scale, 0.0, open_low=True), checks.real("exponent", exponent, 0.0, open_low=True)
    unit: FloatArray = numbers("clock", clock, 0.0) / checks.real("river_scale", river_scale, 0.0, open_low=True)
    return np.asarray(A * (1.0 + q * (q + 2.0) * unit) ** (-q / (q + 2.0)))


def straight_river_stall(turn: float, scale: float, exponent: float, radius: float, weights: int) -> float:
    """Where a straight river c = A (1 + x)^-q, theta = radius x, stops at a constant turn: -c'(x) G / radius^2 = x tan(phi / 2).

    It forgets as hills do, at r / 2, so that learning ends after about 1 / ((q + 2) eta wd) updates. G = 1 - (radius x)^2 /
    weights is the share of the slope that is orthogonal to W. Returns x.

    >>> round(straight_river_stall(0.0283, 40 / 9, 2.0, 2.0, 1024), 2)
    2.79
    """
    phi = checks.real("turn", turn, 0.0, np.pi / 2.0, open_low=True)
    A, q = checks.real("scale", scale, 0.0, open_low=True), checks.real("exponent", exponent, 0.0, open_low=True)
    rho, m = checks.real("radius", radius, 0.0, open_low=True), checks.integer("weights", weights, 1)

    def balance(x: float) -> float:
        free = 1.0 - (rho * x) ** 2 / m
        return float(A * q * (1.0 + x) ** (-q - 1.0) * free / rho**2 - x * np.tan(phi / 2.0))

    return float(brentq(balance, 0.0, np.sqrt(m) / rho, xtol=1e-14))


def best_peak_exponent(alpha: float, *, scale_invariant: bool = True) -> float:
    """d ln(best peak LR) / d ln T under a schedule of fixed shape whose end noise follows its last LR.

    Signal (r T)^-alpha against noise r is balanced at r ~ T^(-alpha / (1 + alpha)); eta ~ r^2 in equilibrium, eta ~ r where
    the loss is not scale invariant.

    >>> best_peak_exponent(0.5)
    -0.6666666666666666
    """
    a = checks.real("alpha", alpha, 0.0, open_low=True)
    return (-2.0 if scale_invariant else -1.0) * a / (1.0 + a)


def _zeta(s: float) -> float:
    """Riemann's zeta for any real s but 1; scipy's, which knows s > 1 in two arguments, by reflection below 0."""
    return float(zeta(s)) if s > 1.0 else _continued_zeta(s)


def _continued_zeta(s: float) -> float:
    """zeta(s) for s < 1 by sums over n of (-1)^n n^-s, accelerated (Borwein's second algorithm, good to 1e-15)."""
    n = 40
    k = np.arange(n + 1)
    term = np.array([float(gamma(n + j) * 4.0**j / (gamma(n - j + 1) * gamma(2 * j + 1))) for j in k])
    d = n * np.cumsum(term)
    eta = np.sum((-1.0) ** k[:-1] * (d[-1] - d[:-1]) / (k[:-1] + 1.0) ** s) / d[-1]
    return float(eta / (1.0 - 2.0 ** (1.0 - s)))
