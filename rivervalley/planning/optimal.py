"""Optimal schedules: the rates that minimise the expected final loss of a straight or a spherical valley.

The expected final loss of any schedule and its derivative by every rate follow exactly, in O(dim * steps), from the recursion
of means and variances and its adjoint (planning.final_loss); scipy's L-BFGS-B then finds the best rates between a floor and a
cap.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from scipy.optimize import minimize

from rivervalley._common import checks
from rivervalley._common.checks import DivergenceError, FloatArray, InputError
from rivervalley.curves.run import Run
from rivervalley.landscapes import RiverValley, SphericalValley
from rivervalley.planning.final_loss import FinalLoss, check_straight, final_loss
from rivervalley.schedules import Schedule

_AT_CAP = 1.0 - 1e-6  # rates above this share of the cap count as lying on it


@dataclass(frozen=True, eq=False)
class Optimum:
    """The best schedule found, and what it reaches.

    Attributes
    ----------
    schedule : Schedule
    loss : float
        Expected loss after its last update.
    components : mapping of str to float
        That loss in its parts, "river", "hill" and on a spherical valley "floor".
    share_at_peak : float
        Share of the steps whose rate lies on the cap.
    slope : float
        The largest derivative of the loss, relative to it, by a rate relative to the cap, that no bound explains. Near 0.
    evaluations : int
        Losses and gradients computed.
    converged : bool
        Whether the minimiser was satisfied. Where False, `message` says why.
    message : str
    """

    schedule: Schedule
    loss: float
    components: Mapping[str, float]
    share_at_peak: float
    slope: float
    evaluations: int
    converged: bool
    message: str = field(repr=False)

    def __repr__(self) -> str:
        return (
            f"Optimum(loss={self.loss:.6g}, steps={self.schedule.steps}, peak_lr={self.schedule.peak_lr:.4g}, "
            f"share_at_peak={self.share_at_peak:.3g}, converged={self.converged})"
        )


def stationary(valley: RiverValley, lr: float) -> Run:
    """The state after a long stable phase at a constant rate, at the start of the river: an `initial` for what follows.

    The run returned counts as one update at that rate. Its hills have mean 0 and their stationary variances.

    >>> import rivervalley as rv
    >>> valley = rv.landscapes.RiverValley(hills=[1.0], noise_std=0.3, river=rv.landscapes.FlatRiver())
    >>> float(stationary(valley, 0.5).loss[0])
    0.015
    """
    check_straight(valley)
    variance = np.append(valley.stationary_variance(lr), 0.0)
    hill, river = (
        np.array([valley.stationary_hill_loss(lr)]),
        np.atleast_1d(valley.river.loss(valley.start_river)).astype(float),
    )
    return Run(
        steps=np.array([1], dtype=np.int64),
        loss=hill + river,
        loss_stderr=np.zeros(1),
        components={"river": river, "hill": hill},
        state=np.append(np.zeros(valley.hills.size), valley.start_river)[None, :],
        schedule=Schedule(np.array([float(lr)]), name=f"stationary at {float(lr):g}"),
        state_variance=variance,
    )


def loss_and_gradient(
    valley: RiverValley | SphericalValley, lr: Schedule | FloatArray, initial: Run | None = None, *, count_river: bool = True
) -> tuple[float, FloatArray]:
    """Expected loss after the last update, and its derivative by every rate, shape (steps,); exact, in O(dim * steps).

    Parameters
    ----------
    valley : RiverValley or SphericalValley
        A straight one's river must have no noise unless it is linear, quadratic or flat; a spherical one's rule no momentum.
    lr : Schedule or array_like, shape (steps,)
    initial : Run
        A result of `valley.expected` or `stationary` to go on from; the valley's own start where not given.
    count_river : bool
        Whether the river's loss counts, or the hills' alone.

    Examples
    --------
    >>> import rivervalley as rv
    >>> valley = rv.landscapes.RiverValley(hills=[1.0], noise_std=1.0, river=rv.landscapes.FlatRiver())
    >>> loss, gradient = loss_and_gradient(valley, [0.5, 0.25])
    >>> loss, gradient.tolist()
    (0.1015625, [0.28125, 0.0625])
    """
    rates = lr.lr if isinstance(lr, Schedule) else checks.array("lr", lr, low=0.0)
    return final_loss(valley, rates.size, initial, count_river).full(rates)


def optimal_schedule(
    valley: RiverValley | SphericalValley,
    steps: int,
    peak_lr: float | None = None,
    *,
    initial: Run | None = None,
    final_lr: float = 0.0,
    count_river: bool = True,
    guess: Schedule | FloatArray | None = None,
    tolerance: float = 1e-12,
    max_evaluations: int = 20_000,
) -> Optimum:
    """The schedule of `steps` rates with the least expected final loss on a valley, up to a cap.

    Parameters
    ----------
    valley : RiverValley or SphericalValley
        Any hills; a straight one's river must have no noise unless it is linear, quadratic or flat. On a spherical one the
        norm of the weights is part of what is planned, so that the optimum is that under weight decay; its rule must have no
        momentum, and there may be more than one local optimum: try other guesses.
    steps : int
    peak_lr : float
        The cap on every rate. Where not given, just under the rate at which the steepest hill of a straight valley diverges.
    initial : Run
        A result of `valley.expected` or `stationary` to go on from; the valley's own start where not given.
    final_lr : float
        The floor under every rate.
    count_river : bool
        Whether the river's loss counts, or the hills' alone.
    guess : Schedule or array_like, shape (steps,)
        Where to start the search.
    tolerance : float
        Stop when the loss improves by less than this share.
    max_evaluations : int

    Returns
    -------
    Optimum

    Raises
    ------
    InputError
        If an argument cannot be used.
    DivergenceError
        If the loss is infinite at the guess already.

    Examples
    --------
    >>> import rivervalley as rv
    >>> valley = rv.landscapes.RiverValley(hills=[0.2, 1.0], noise_std=0.1, river=rv.landscapes.PowerRiver())
    >>> best = rv.optimal_schedule(valley, steps=400, peak_lr=0.5)
    >>> bool(best.loss < valley.expected(rv.schedules.cosine(steps=400, peak_lr=0.5, final_lr=0.05)).loss[-1])
    True
    """
    n = checks.integer("steps", steps, 1)
    objective = final_loss(valley, n, initial, count_river)
    if peak_lr is not None:
        cap = checks.real("peak_lr", peak_lr, 0.0, open_low=True)
    elif isinstance(valley, RiverValley):
        cap = 0.999 * valley.max_stable_lr
    else:
        raise InputError("peak_lr must be given on a SphericalValley: how high an LR may be depends on the norm")
    floor = checks.real("final_lr", final_lr, 0.0, cap)
    stop = checks.real("tolerance", tolerance, 0.0)
    most = checks.integer("max_evaluations", max_evaluations, 1)
    if guess is None:
        rates = np.minimum(cap, max(floor, 0.5 * cap) / (1.0 + 9.0 * np.arange(n) / n) + floor)
    else:
        rates = guess.lr if isinstance(guess, Schedule) else checks.array("guess", guess, low=0.0)
        if rates.size != n:
            raise InputError(f"guess must have a rate for each of the {n} steps, not {rates.size}")
    used, converged, message = 0, True, ""
    for knots in _refinements(n):
        spread = _Interpolation(n, knots)
        values, evaluations, converged, message = _descend(
            objective, spread, spread.sample(rates), floor, cap, stop, most - used
        )
        rates = np.clip(spread.rates(values), floor, cap)
        used += evaluations
    parts, gradient = objective.parts(rates)
    loss = sum(parts.values()) if count_river else parts["hill"]
    held = ((rates >= _AT_CAP * cap) & (gradient < 0.0)) | ((rates <= floor) & (gradient > 0.0))
    free = np.where(held, 0.0, np.abs(gradient))
    return Optimum(
        schedule=Schedule(rates, name="optimal"),
        loss=loss,
        components=MappingProxyType(parts),
        share_at_peak=float(np.mean(rates >= _AT_CAP * cap)),
        slope=float(free.max() * cap / max(abs(loss), np.finfo(float).tiny)),
        evaluations=used,
        converged=converged,
        message=message,
    )


def optimal_cooldown(
    valley: RiverValley, steps: int, peak_lr: float, *, count_river: bool = False, final_lr: float = 0.0
) -> Optimum:
    """The best decay of `steps` rates after a long stable phase at `peak_lr`, for the hill loss alone unless `count_river`.

    For a single hill it is 1 / lr_t = 2 / peak_lr + h t; its first rate is peak_lr / 2 for any hills and noise.

    Examples
    --------
    >>> import rivervalley as rv
    >>> valley = rv.landscapes.RiverValley(hills=[1.0], noise_std=0.1, river=rv.landscapes.FlatRiver())
    >>> rv.optimal_cooldown(valley, steps=3, peak_lr=0.5).schedule.lr.round(6).tolist()
    [0.25, 0.2, 0.166667]
    """
    begin = stationary(valley, peak_lr)
    return optimal_schedule(valley, steps, peak_lr, initial=begin, final_lr=final_lr, count_river=count_river)


def _refinements(steps: int) -> list[int]:
    """Numbers of knots between which rates are interpolated, coarse to fine; the last is every step."""
    coarse = [k for k in (64, 512, 4096) if 2 * k < steps]
    return [*coarse, steps]


class _Interpolation:
    """Rates of all steps from those at knots, which lie closer together towards the end, and back."""

    def __init__(self, steps: int, knots: int) -> None:
        self.every = knots == steps
        if self.every:
            return
        # Half the knots evenly spaced in steps, half in the logarithm of the steps left.
        even = np.linspace(0, steps - 1, knots // 2)
        left = steps - np.geomspace(1, steps, knots // 2)
        self.at = np.unique(np.concatenate([even, left]).round().astype(np.int64))
        self.all = np.arange(steps)
        self.right = np.clip(np.searchsorted(self.at, self.all, side="right"), 1, self.at.size - 1)
        low, high = self.at[self.right - 1], self.at[self.right]
        self.weight = (self.all - low) / (high - low)

    def sample(self, rates: FloatArray) -> FloatArray:
        return rates.copy() if self.every else rates[self.at]

    def rates(self, values: FloatArray) -> FloatArray:
        if self.every:
            return values
        return np.asarray((1.0 - self.weight) * values[self.right - 1] + self.weight * values[self.right])

    def pull_back(self, gradient: FloatArray) -> FloatArray:
        if self.every:
            return gradient
        size = self.at.size
        left = np.bincount(self.right - 1, (1.0 - self.weight) * gradient, size)
        return np.asarray(left + np.bincount(self.right, self.weight * gradient, size))


def _descend(
    objective: FinalLoss, spread: _Interpolation, start: FloatArray, floor: float, cap: float, stop: float, most: int
) -> tuple[FloatArray, int, bool, str]:
    """L-BFGS-B on rates relative to the cap, and losses relative to that at the start."""
    scale, _ = objective.full(spread.rates(np.clip(start, floor, cap)))
    if not np.isfinite(scale):
        raise DivergenceError("the expected loss diverges for the guess already; lower peak_lr", 0, 0)
    unit = abs(scale) or 1.0

    def relative(u: FloatArray) -> tuple[float, FloatArray]:
        loss, gradient = objective.full(np.ascontiguousarray(spread.rates(u * cap)))
        if not np.isfinite(loss):
            return 1e300, np.zeros_like(u)
        return loss / unit, spread.pull_back(gradient) * (cap / unit)

    result = minimize(
        relative,
        np.clip(start, floor, cap) / cap,
        jac=True,
        method="L-BFGS-B",
        bounds=[(floor / cap, 1.0)] * start.size,
        options={"ftol": stop, "gtol": 0.0, "maxcor": 30, "maxfun": max(1, most), "maxiter": max(1, most)},
    )
    return np.asarray(result.x) * cap, int(result.nfev), bool(result.success), str(result.message)
