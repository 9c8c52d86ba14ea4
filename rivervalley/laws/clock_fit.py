"""Which exponents of the norm loss curves prefer: the equilibrium law with its fixed exponents free, as a measuring tool.

    L = L0 + A S^-alpha + B N,  S = sum e,  N = average of e^p with the memory (1 + u tau)^-beta on tau = sum e (0.02 / n)^(g - 1)

with e = (eta / n) / (1e-3 / 0.02), S in units of 1,000 updates, n the rms of AdamW's weights, which follows from schedule,
weight decay and initial standard deviation. Hills of a scale-invariant landscape under Adam have g = 1 and p a little below 1,
under SGD g = 2; real runs prefer g near 1.5 and p near 0.8 (docs/theory/open_question_clock.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rivervalley._common import checks
from rivervalley._common.checks import FloatArray, InputError, IntArray
from rivervalley.curves.curve import LossCurve
from rivervalley.estimation.variable_projection import Problem, descend
from rivervalley.kernels.power_memory import power_response
from rivervalley.kernels.relative_step import REF, WIDTH, norms
from rivervalley.schedules import Schedule

_GRID = 700  # changes of the LR, or of the norm, that stand for all of a run
_FREE = ("alpha", "u", "beta", "p", "g")
_START = {"alpha": 0.5, "u": 0.3, "beta": 0.5, "p": 0.9, "g": 1.0}
_LOW = {"alpha": 0.05, "u": 1e-4, "beta": 0.05, "p": 0.3, "g": -1.0}
_HIGH = {"alpha": 2.0, "u": 20.0, "beta": 20.0, "p": 1.5, "g": 4.0}
_STEP = 1e-4  # of the working parameters, for derivatives


@dataclass(frozen=True)
class ClockFit:
    """What `fit_clock` found.

    Attributes
    ----------
    L0, A, alpha, B, u, beta : float
    noise_exponent, memory_exponent : float
        p and g: of e in the noise, and of 1 / n in the memory clock.
    rms : float
        Weighted root mean square of the log residuals.
    objective : float
        The weighted sum of Huber losses of log residuals, with priors: lower is better, for the same curves and options.
    weight_decay, init_std : float
    norm : bool
        Whether n moves; without, n is init_std.
    """

    L0: float
    A: float
    alpha: float
    B: float
    u: float
    beta: float
    noise_exponent: float
    memory_exponent: float
    rms: float
    objective: float
    weight_decay: float
    init_std: float
    norm: bool = True

    def predict_at(self, schedule: Schedule, steps: object) -> FloatArray:
        """Loss after these update counts, shape (R,)."""
        at = checks.rising_steps("steps", steps, low=1)
        path = _Path.of(schedule, at, self.weight_decay, self.init_std, self.norm)
        noise = path.noise(self.u, self.beta, self.noise_exponent, self.memory_exponent)[0]
        return np.asarray(self.L0 + self.A * path.signal**-self.alpha + self.B * noise)


def fit_clock(
    curves: Sequence[LossCurve],
    *,
    weight_decay: float = 0.1,
    init_std: float = 0.02,
    memory_exponent: float | None = None,
    noise_exponent: float | None = None,
    beta: float | None = None,
    norm: bool = True,
    strength: float = 0.01,
    from_step: int | None = None,
    huber_delta: float = 1e-3,
) -> ClockFit:
    """Fit the equilibrium law's form with its exponents free, or fixed at the values given.

    Parameters
    ----------
    curves : list of LossCurve
        Of one model; of several peak LRs if the memory exponent is free, which one peak does not identify.
    weight_decay, init_std : float
    memory_exponent, noise_exponent, beta : float or None
        g, p and beta; free where not given.
    norm : bool
        Whether the norm moves. Without, e is the LR in units of 1e-3, whatever the weight decay.
    strength : float
        Of the weak prior on ln u ~ ln 0.3 and ln beta ~ ln 0.5, which are not identifiable from one set of curves: a standard
        deviation of 1 / sqrt(strength) where one reading of full weight counts 1 / huber_delta^2.
    from_step : int
        The first reading that counts; three warm-ups, and at least 100 updates, where not given.
    huber_delta : float

    Returns
    -------
    ClockFit
        A reading weighs its step over the last step of its curve.

    Raises
    ------
    InputError
        If an argument cannot be used, or a curve has no reading that counts.

    Examples
    --------
    >>> import rivervalley as rv
    >>> valley = rv.landscapes.SphericalValley.power_law(bin_ratio=1.12, forgetting=False)
    >>> runs = [valley.expected(s, record_every=500).curve() for s in (
    ...     rv.schedules.constant(steps=8000, peak_lr=1e-3, warmup_steps=200),
    ...     rv.schedules.wsd(steps=8000, peak_lr=1e-3, warmup_steps=200, decay_fraction=0.3))]
    >>> fit = fit_clock(runs, memory_exponent=1.0, noise_exponent=1.0)
    >>> bool(fit.rms < 1e-3)
    True
    """
    fixed = {"g": memory_exponent, "p": noise_exponent, "beta": beta}
    for name, value in fixed.items():
        if value is not None:
            checks.real(name, value, _LOW[name], _HIGH[name])
    checks.real("weight_decay", weight_decay, 0.0)
    checks.real("init_std", init_std, 0.0, open_low=True)
    delta = checks.real("huber_delta", huber_delta, 0.0, open_low=True)
    prior = checks.real("strength", strength, 0.0)
    paths, log_loss, weights = _readings(curves, weight_decay, init_std, norm, from_step)
    free = [name for name in _FREE if fixed.get(name) is None]
    shape = _Shape(paths, free, {name: float(value) for name, value in fixed.items() if value is not None})
    problem = Problem(
        terms=shape.terms,
        shaped=np.array([1 if name == "alpha" else 2 for name in free]),
        log_loss=log_loss,
        huber_delta=delta,
        low=np.array([_working(name, _LOW[name]) for name in free]),
        high=np.array([_working(name, _HIGH[name]) for name in free]),
        center=np.array([_working(name, _START[name]) for name in free]),
        strength=np.array([prior if name in ("u", "beta") else 0.0 for name in free]),
        weights=weights,
    )
    starts = [
        np.array([_working(name, {**_START, "u": u, "g": g}[name]) for name in free]) for u in (0.05, 1.0) for g in (1.0, 1.8)
    ]
    starts = starts if "g" in free else starts[::2]
    best = min((descend(problem, start) for start in starts), key=lambda optimum: optimum.objective)
    exponents = shape.values(best.phi)
    L0, A, B = (float(c) for c in best.coefficients)
    terms = shape.terms(best.phi)[0]
    residuals = np.log(best.coefficients @ terms) - log_loss
    return ClockFit(
        L0=L0,
        A=A,
        alpha=exponents["alpha"],
        B=B,
        u=exponents["u"],
        beta=exponents["beta"],
        noise_exponent=exponents["p"],
        memory_exponent=exponents["g"],
        rms=float(np.sqrt(np.average(residuals**2, weights=weights))),
        objective=best.objective,
        weight_decay=float(weight_decay),
        init_std=float(init_std),
        norm=norm,
    )


@dataclass(frozen=True, eq=False)
class _Path:
    """One run: e and n at its grid of changes, what each reading has seen of them, and the signal clock there.

    log_e (G,), log_width (G,) of 0.02 / n; at (R,) the last grid point of each reading; d (G,) the steps of e on the clock
    between grid points.
    """

    signal: FloatArray
    log_e: FloatArray
    log_width: FloatArray
    at: IntArray
    updates: FloatArray

    @classmethod
    def of(cls, schedule: Schedule, at: IntArray, weight_decay: float, init_std: float, norm: bool) -> _Path:
        lr = schedule.lr[: int(at[-1])] if at[-1] <= schedule.steps else schedule.lr
        if at[-1] > schedule.steps:
            raise InputError(f"steps must end at {schedule.steps} at the latest, where the schedule ends, not {int(at[-1])}")
        n = np.full(lr.size + 1, init_std)
        if norm:
            norms(lr, weight_decay, init_std, n)
        e = lr / REF * (WIDTH / n[:-1])
        signal = np.cumsum(e)[at - 1] / 1000.0
        # Fine where e moves most: half of the grid even in updates, half even in the total variation of log e.
        moved = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(np.log(np.maximum(e, 1e-6 * e.max())))))])
        even = np.linspace(0, lr.size, _GRID // 2).astype(np.int64)
        by_change = np.searchsorted(moved, np.linspace(0.0, moved[-1], _GRID // 2)) if moved[-1] > 0 else even
        edges = np.unique(np.concatenate([[0, lr.size], even, by_change, at]))
        edges = edges[edges <= lr.size]
        counts = np.diff(edges)
        e_mean = np.add.reduceat(e, edges[:-1]) / counts
        n_mean = np.add.reduceat(n[:-1], edges[:-1]) / counts
        with np.errstate(divide="ignore"):
            log_e = np.log(e_mean)
        return cls(signal, log_e, np.log(WIDTH / n_mean), np.searchsorted(edges, at) - 1, counts.astype(float))

    def noise(self, u: float, beta: float, p: float, g: float) -> FloatArray:
        """N at the readings and its derivatives by ln u and ln beta, shape (3, R): the response to every change of e^p."""
        target = np.exp(p * self.log_e)
        piece = np.exp(self.log_e + (g - 1.0) * self.log_width) * self.updates
        end = np.cumsum(piece)
        out = np.empty((3, self.at.size))
        power_response(np.diff(target, prepend=0.0), end - piece, end[self.at], self.at + 1, u, beta, out)
        return out


@dataclass(frozen=True, eq=False)
class _Shape:
    """The law's terms as functions of the free parameters: logarithms, but for g, which may be negative."""

    paths: list[_Path]
    free: list[str]
    fixed: dict[str, float]

    def values(self, phi: FloatArray) -> dict[str, float]:
        own = {name: float(v if name == "g" else np.exp(v)) for name, v in zip(self.free, phi, strict=True)}
        return {**self.fixed, **own}

    def _noise(self, phi: FloatArray) -> FloatArray:
        v = self.values(phi)
        return np.concatenate([path.noise(v["u"], v["beta"], v["p"], v["g"]) for path in self.paths], axis=1)

    def terms(self, phi: FloatArray) -> tuple[FloatArray, FloatArray]:
        """1, S^-alpha and N, and the derivative of the term that each parameter shapes."""
        log_S = np.log(np.concatenate([path.signal for path in self.paths]))
        alpha = self.values(phi)["alpha"]
        noise, by_u, by_beta = self._noise(phi)
        power = np.exp(-alpha * log_S)
        derivatives = {"alpha": -alpha * log_S * power, "u": by_u, "beta": by_beta}
        slopes = []
        for k, name in enumerate(self.free):
            if name not in derivatives:  # p and g: a difference
                derivatives[name] = (self._noise(phi + _STEP * np.eye(phi.size)[k])[0] - noise) / _STEP
            slopes.append(derivatives[name])
        return np.stack([np.ones(log_S.size), power, noise]), np.stack(slopes)


def _working(name: str, value: float) -> float:
    return value if name == "g" else float(np.log(value))


def _readings(
    curves: Sequence[LossCurve], weight_decay: float, init_std: float, norm: bool, from_step: int | None
) -> tuple[list[_Path], FloatArray, FloatArray]:
    paths, log_loss, weights = [], [], []
    if isinstance(curves, LossCurve) or not curves:
        raise InputError("curves must be a list of at least one LossCurve")
    for curve in curves:
        first = max(100, 3 * curve.schedule.warmup_steps) if from_step is None else from_step
        kept = curve.steps >= first
        if not kept.any():
            raise InputError(
                f"curves must have readings from update {first} on, but {curve.name!r} ends at {int(curve.steps[-1])}"
            )
        at = curve.steps[kept]
        paths.append(_Path.of(curve.schedule, at, weight_decay, init_std, norm))
        log_loss.append(np.log(curve.loss[kept]))
        weights.append(at / at[-1])
    return paths, np.concatenate(log_loss), np.concatenate(weights)
