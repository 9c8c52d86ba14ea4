"""Schedules on straight valleys as shortest paths on the cumulative LR that is still to come.

Legend: u the cumulative LR still to come, S all of it, T the number of updates, h_i and s2_i curvatures and noise variances.
For small eta h the noise of an update at u leaves eta^2 K(u) in the final loss, K(u) = sum_i (h_i s2_i / 2) e^(-2 h_i u), and
all else of that loss depends on S alone. The sum of eta^2 K with eta = -du/dt is the kinetic energy of a path in the metric K,
so that for given S and T the best schedule is a geodesic: the length phi(u) = int_0^u sqrt(K) falls linearly in time. A cap
eta_c on the LR makes it flat first, then a tail of length phi(u_c) that starts at the cap (all derived).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.interpolate import CubicHermiteSpline
from scipy.optimize import brentq, minimize_scalar

from rivervalley._common import checks
from rivervalley._common.checks import FloatArray, InputError
from rivervalley.theory._arguments import numbers, positive

_KNOTS = 400
_FIRST = 1e-3  # the first knot, in units of 1 / the largest curvature
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(3)


@dataclass(frozen=True)
class Geodesic:
    """The best path under a cap on the LR.

    Attributes
    ----------
    steps : int
    cap : float
    summed_lr : float
        S, the cumulative LR of the whole path.
    tail_summed_lr : float
        u_c, that of the part after the LR has left the cap; all of S where it never reaches the cap.
    speed : float
        C = LR x sqrt(K(u)), constant along the tail.
    tail_steps : float
        T_d, at most `steps`.
    hill_loss : float
        What noise leaves in the final loss.
    loss : float
        That and what depends on S alone.
    """

    steps: int
    cap: float
    summed_lr: float
    tail_summed_lr: float
    speed: float
    tail_steps: float
    hill_loss: float
    loss: float

    @property
    def decay_number(self) -> float:
        """q = T_d / T, the share of the updates that the decay takes."""
        return self.tail_steps / self.steps


def noise_metric(lr_to_come: ArrayLike, curvature: ArrayLike, noise_std: ArrayLike) -> FloatArray:
    """K(u) = sum_i (h_i s2_i / 2) e^(-2 h_i u), shape of `lr_to_come`: the final loss per squared LR of an update.

    >>> float(noise_metric(0.0, [1.0, 3.0], 0.1).round(9))
    0.02
    """
    u = numbers("lr_to_come", lr_to_come, 0.0)
    return _metric(u, *_spectrum(curvature, noise_std))


def geodesic_length(lr_to_come: ArrayLike, curvature: ArrayLike, noise_std: ArrayLike) -> FloatArray:
    """phi(u) = int_0^u sqrt(K), shape of `lr_to_come`; it tends to a limit where there is a least curvature.

    One hill of curvature h and noise variance s2 has phi = sqrt(s2 / (2 h)) (1 - e^(-h u)).

    >>> round(float(geodesic_length(1.0, [2.0], 0.1)), 6)
    0.043233
    """
    u = numbers("lr_to_come", lr_to_come, 0.0)
    spectrum = _spectrum(curvature, noise_std)
    knots = np.unique(np.append(_knots(float(np.max(u, initial=0.0)), spectrum[0]), u))
    return np.asarray(_length(knots, *spectrum)[np.searchsorted(knots, u)])


def geodesic(
    curvature: ArrayLike, noise_std: ArrayLike, rest: Callable[[FloatArray], FloatArray], steps: int, cap: float
) -> Geodesic:
    """The best path of `steps` updates with LRs up to `cap`, by one minimisation over u_c.

    Parameters
    ----------
    curvature : array_like, shape (d,)
    noise_std : float or array_like, shape (d,)
    rest : callable
        What depends on the cumulative LR alone, such as the river's loss, of an array of it.
    steps : int
    cap : float

    Raises
    ------
    InputError
        If an argument cannot be used.

    Examples
    --------
    One hill beside a river of constant descent has the closed form `one_hill_tail_steps`:

    >>> path = geodesic([0.2], 0.3, lambda S: -(0.01**2) * S, steps=1000, cap=0.5)
    >>> round(path.tail_steps, 2), round(float(one_hill_tail_steps(0.2, 0.3, 0.01**2, 0.5)), 2)
    (57.08, 57.08)
    """
    h, s2 = _spectrum(curvature, noise_std)
    T = checks.integer("steps", steps, 1)
    top = checks.real("cap", cap, 0.0, open_low=True)
    if not np.any(s2 > 0.0):
        return Geodesic(T, top, top * T, 0.0, 0.0, 0.0, 0.0, float(rest(np.array([top * T]))[0]))
    knots = _knots(top * T, h)
    phi = CubicHermiteSpline(knots, _length(knots, h, s2), np.sqrt(_metric(knots, h, s2)))
    knots = _reachable(knots, phi, top * T, h, s2)

    def capped(u: FloatArray, length: FloatArray, root: FloatArray) -> tuple[FloatArray, ...]:
        """S, C, T_d and the hill loss where the tail starts at the cap with u to come."""
        speed = top * root
        tail = np.minimum(length / speed, T)
        S = u + top * (T - tail)
        flat = 0.25 * top * ((np.exp(-2.0 * np.multiply.outer(u, h)) - np.exp(-2.0 * np.multiply.outer(S, h))) @ s2)
        return S, speed, tail, speed * length + flat

    def loss_of(u: FloatArray, length: FloatArray, root: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The final loss of the path whose tail has u to come: never at the cap, or starting there."""
        S, _, _, hill = capped(u, length, root)
        return rest(u) + length**2 / T, rest(S) + hill

    def refined(branch: int, best: int) -> tuple[float, float]:
        low, high = knots[max(best - 1, 0)], knots[min(best + 1, knots.size - 1)]

        def at(u: float) -> float:
            place = np.array([u])
            return float(loss_of(place, phi(place), np.sqrt(_metric(place, h, s2)))[branch][0])

        found = minimize_scalar(at, bounds=(low, high), method="bounded", options={"xatol": 1e-9 * high})
        return float(found.fun), float(found.x)

    tables = loss_of(knots, phi(knots), np.sqrt(_metric(knots, h, s2)))
    (free_loss, free_u), (capped_loss, capped_u) = (refined(k, int(np.argmin(tables[k]))) for k in (0, 1))
    if free_loss < capped_loss:
        length = float(phi(free_u))
        return Geodesic(T, top, free_u, free_u, length / T, float(T), length**2 / T, free_loss)
    place = np.array([capped_u])
    S, speed, tail, hill = (float(part[0]) for part in capped(place, phi(place), np.sqrt(_metric(place, h, s2))))
    return Geodesic(T, top, S, capped_u, speed, tail, hill, capped_loss)


def geodesic_lr(path: Geodesic, curvature: ArrayLike, noise_std: ArrayLike) -> FloatArray:
    """The LRs of a path, shape (steps,): the cumulative LR that it covers from update to update.

    >>> path = geodesic([0.2], 0.3, lambda S: -(0.01**2) * S, steps=1000, cap=0.5)
    >>> lr = geodesic_lr(path, [0.2], 0.3)
    >>> bool(lr.max() <= 0.5), round(float(np.sum(lr)), 6) == round(path.summed_lr, 6)
    (True, True)
    """
    left = np.arange(path.steps + 1.0)  # updates still to come
    to_come = path.tail_summed_lr + path.cap * (left - path.tail_steps)
    tail = left < path.tail_steps
    if path.tail_summed_lr > 0.0:
        h, s2 = _spectrum(curvature, noise_std)
        knots = _knots(path.tail_summed_lr, h)
        lengths = _length(knots, h, s2)
        inverse = CubicHermiteSpline(lengths, knots, 1.0 / np.sqrt(_metric(knots, h, s2)))
        to_come[tail] = inverse(np.minimum(path.speed * left[tail], lengths[-1]))
        if path.tail_steps >= path.steps:
            to_come[-1] = path.tail_summed_lr
    return np.clip(np.diff(to_come)[::-1], 0.0, path.cap)


def one_hill_tail_steps(curvature: ArrayLike, noise_std: ArrayLike, descent: ArrayLike, cap: ArrayLike) -> FloatArray:
    """T_d = sqrt(s2 / (2 h descent cap)) - 1 / (h cap), at least 0: the best decay beside a river that falls steadily.

    Along it 1 / LR = 1 / cap + h t, without a jump. `descent` is -dc/dS, the river's loss per cumulative LR, constant over
    the decay.

    >>> round(float(one_hill_tail_steps(0.2, 0.3, 0.02**2, 0.5)), 1)
    23.5
    """
    h, s, g, top = _four(curvature, noise_std, descent, cap)
    return np.maximum(np.sqrt(s * s / (2.0 * h * g * top)) - 1.0 / (h * top), 0.0)


def gap_decay_number(limit: ArrayLike, descent: ArrayLike, steps: ArrayLike, cap: ArrayLike) -> FloatArray:
    """q = phi_inf / (T sqrt(cap descent)), to leading order where the least curvature times S is large.

    `limit` is phi_inf, the limit of `geodesic_length`; `descent` as in `one_hill_tail_steps`. The loss is then above that of
    the river at S = cap T by `gap_excess`.

    >>> round(float(gap_decay_number(0.02, 1e-6, 10_000, 1.0)), 9)
    0.002
    """
    phi, g, T, top = positive("limit", limit), positive("descent", descent), positive("steps", steps), positive("cap", cap)
    return np.asarray(phi / (T * np.sqrt(top * g)))


def gap_excess(limit: ArrayLike, descent: ArrayLike, cap: ArrayLike) -> FloatArray:
    """2 phi_inf sqrt(cap descent): half of it hill loss, half what the river loses to the decay; as `gap_decay_number`.

    >>> round(float(gap_excess(0.02, 1e-6, 1.0)), 12)
    4e-05
    """
    phi, g, top = positive("limit", limit), positive("descent", descent), positive("cap", cap)
    return np.asarray(2.0 * phi * np.sqrt(top * g))


def power_tail_exponent(gamma: ArrayLike) -> FloatArray:
    """gamma / (2 - gamma): the best LR ~ (updates left)^this where K(u) ~ u^-gamma and no cap binds, gamma below 2.

    Curvatures i^-a with noise variance ~ h^n have gamma = 1 + n - 1/a: linear decay for equal noise on curvatures spread
    evenly in their logarithm (gamma = 1), 2 a - 1 for n = 1.

    >>> power_tail_exponent([0.5, 1.0, 1.5]).round(6).tolist()
    [0.333333, 1.0, 3.0]
    """
    value = _power(gamma)
    return np.asarray(value / (2.0 - value))


def power_tail_ratio(exponent: ArrayLike, gamma: ArrayLike) -> FloatArray:
    """Hill loss of LR ~ (updates left)^m over the least at the same S, K(u) ~ u^-gamma; infinite from (2m+1)/(m+1) on.

    R = (m + 1)^2 (1 - gamma / 2)^2 / (2 m + 1 - gamma (m + 1)).

    >>> float(power_tail_ratio(1.0, 1.0)), round(float(power_tail_ratio(0.0, 0.5)), 9)
    (1.0, 1.125)
    """
    m, value = numbers("exponent", exponent, 0.0), _power(gamma)
    below = 2.0 * m + 1.0 - value * (m + 1.0)
    above = ((m + 1.0) * (1.0 - 0.5 * value)) ** 2
    return np.asarray(np.divide(above, below, out=np.full(np.shape(below), np.inf), where=below > 0.0))


def tuned_loss_ratio(hill_ratio: ArrayLike, gamma: ArrayLike, alpha: ArrayLike) -> FloatArray:
    """R^(alpha / (alpha + 2 - gamma)): final loss at its own best peak over the least, of a shape whose hills are R times
    the least (`power_tail_ratio`), beside a river c ~ S^-alpha.

    >>> round(float(tuned_loss_ratio(1.125, 1.0, 1 / 3)), 4)
    1.0299
    """
    R, value, a = positive("hill_ratio", hill_ratio), _power(gamma), positive("alpha", alpha)
    return np.asarray(R ** (a / (a + 2.0 - value)))


def _power(gamma: ArrayLike) -> FloatArray:
    value = numbers("gamma", gamma, 0.0)
    if np.any(value >= 2.0):
        raise InputError(f"gamma must be below 2, not {float(np.max(value)):g}: phi(u) = int sqrt(K) is infinite there")
    return value


def _four(
    curvature: ArrayLike, noise_std: ArrayLike, descent: ArrayLike, cap: ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    return (
        positive("curvature", curvature),
        numbers("noise_std", noise_std, 0.0),
        positive("descent", descent),
        positive("cap", cap),
    )


def _spectrum(curvature: ArrayLike, noise_std: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Curvatures and noise variances, both of shape (d,)."""
    h = checks.array("curvature", curvature, low=0.0, open_low=True)
    return h, checks.one_or_each("noise_std", noise_std, h.size, "curvatures", 0.0) ** 2


def _metric(u: FloatArray, h: FloatArray, s2: FloatArray) -> FloatArray:
    return np.asarray(np.exp(-2.0 * np.multiply.outer(u, h)) @ (0.5 * h * s2))


def _knots(most: float, h: FloatArray) -> FloatArray:
    """0, then evenly spaced in the logarithm up to `most`."""
    first = _FIRST / float(h.max())
    return np.append(0.0, np.geomspace(first, most, _KNOTS)) if most > first else np.array([0.0, most])


def _reachable(knots: FloatArray, phi: CubicHermiteSpline, most: float, h: FloatArray, s2: FloatArray) -> FloatArray:
    """Knots up to the u whose tail from the cap takes all of the updates, `most` being cap times updates."""

    def spare(u: FloatArray) -> FloatArray:
        return np.asarray(most * np.sqrt(_metric(u, h, s2)) - phi(u))

    beyond = np.flatnonzero(spare(knots) < 0.0)
    if beyond.size == 0:
        return knots
    first = int(beyond[0])
    last = float(brentq(lambda u: float(spare(np.asarray(u))), knots[first - 1], knots[first]))
    return np.append(knots[:first], last) if last > knots[first - 1] else knots[:first]


def _length(knots: FloatArray, h: FloatArray, s2: FloatArray) -> FloatArray:
    """phi at rising knots from 0 on, by Gauss-Legendre quadrature between them."""
    half = 0.5 * np.diff(knots)
    places = (knots[:-1] + half)[:, None] + half[:, None] * _NODES
    pieces = half * (np.sqrt(_metric(places, h, s2)) @ _WEIGHTS)
    return np.append(0.0, np.cumsum(pieces))
