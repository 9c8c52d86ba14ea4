"""The annealing law a second time, by other means: S2 from a moving average of the LR, decays written out, exact sums.

Claims compare the package's areas, schedules and laws with these, so that neither side shares code with the other.
Legend: p0 the published fit; eta its peak LR 2e-4; lambda 0.999; M = 1 / (1 - lambda) updates of memory.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.optimize import least_squares, minimize_scalar
from scipy.signal import lfilter

from rivervalley._common.checks import FloatArray, IntArray
from rivervalley.laws import AnnealingLaw, Law, published
from rivervalley.schedules import Schedule

ETA = published.PEAK_LR
LAMBDA = published.GOLDEN.decay_factor
MEMORY = 1.0 / (1.0 - LAMBDA)
P0 = AnnealingLaw(
    L0=published.GOLDEN.L0,
    A=published.GOLDEN.A,
    alpha=published.GOLDEN.alpha,
    C=published.GOLDEN.C,
    decay_factor=LAMBDA,
    warmup_area=published.WARMUP_AREA,
)

Readings = tuple[FloatArray, IntArray, FloatArray]  # LR of a run, index of each reading, loss

FALLS: dict[str, Callable[[FloatArray], FloatArray]] = {
    "linear": lambda u: 1.0 - u,
    "sqrt": lambda u: 1.0 - u**0.5,
    "square": lambda u: 1.0 - u**2,
    "cosine": lambda u: np.cos(0.5 * np.pi * u) ** 2,
}


def averaged(lr: FloatArray, decay_factor: float = LAMBDA) -> FloatArray:
    """E, the moving average of the LR that starts at its first value; (1 - lambda) S2 = lr[0] - E."""
    average, _ = lfilter([1.0 - decay_factor], [1.0, -decay_factor], lr, zi=[decay_factor * lr[0]])
    return np.asarray(average)


def loss(lr: FloatArray, law: AnnealingLaw = P0) -> FloatArray:
    """L0 + A S1^-alpha - C (lr[0] - E) / (1 - lambda) after each update of a schedule without warm-up."""
    S2 = (lr[0] - averaged(lr, law.decay_factor)) / (1.0 - law.decay_factor)
    return np.asarray(law.L0 + law.A * np.cumsum(lr) ** -law.alpha - law.C * S2)


def end_loss(lr: FloatArray, law: AnnealingLaw = P0) -> float:
    """The loss after the last update."""
    return float(loss(lr, law)[-1])


def decaying(steps: int, length: int, shape: str, eta: float = ETA) -> FloatArray:
    """The LR of WSD without warm-up, down to 0 over the last `length` updates."""
    u = np.arange(1, length + 1) / length
    return np.concatenate([np.full(steps - length, eta), eta * FALLS[shape](u)])


def best_length(cost: Callable[[int], float], low: int, high: int) -> int:
    """The length of least cost, for costs with one minimum: golden sections, then every length nearby."""
    optimum = minimize_scalar(lambda n: cost(round(n)), bounds=(low, high), method="bounded", options={"xatol": 1.0})
    near = np.arange(max(low, round(optimum.x) - 4), min(high, round(optimum.x) + 5))
    return int(near[int(np.argmin([cost(int(n)) for n in near]))])


def best_decay(steps: int, shape: str = "linear") -> tuple[int, float]:
    """Best length of a decay to 0 and the loss there."""

    def cost(length: int) -> float:
        return end_loss(decaying(steps, length, shape))

    length = best_length(cost, steps // 200, steps - 1)
    return length, cost(length)


def linear_decay_loss(steps: float, length: float, eta: float, law: AnnealingLaw = P0) -> float:
    """The loss at the end of WSD with a linear decay to 0, in closed form: no schedule, no sum.

    S1 = eta (T - D) + eta (D - 1) / 2 and S2 = eta (D - lambda (1 - lambda^D) / (1 - lambda)) / (D (1 - lambda)).
    """
    keep = law.decay_factor
    S1 = eta * (steps - length) + 0.5 * eta * (length - 1.0)
    S2 = eta * (length - keep * -np.expm1(length * np.log(keep)) / (1.0 - keep)) / (length * (1.0 - keep))
    return float(law.L0 + law.A * S1**-law.alpha - law.C * S2)


def cosine_end_loss(steps: float, eta: float, final: float = 0.0, law: AnnealingLaw = P0) -> float:
    """The loss at the end of a cosine to `final` x eta, in closed form: the moving average of a cosine is a geometric sum."""
    keep, w = law.decay_factor, np.pi / steps
    past = np.exp(steps * np.log(keep))
    # sum over j < T of (1 - lambda) lambda^j eta_(T-j), and lambda^T of the first LR, which the average starts from.
    wave = ((1.0 - keep) * (1.0 + past) / (1.0 - keep * np.exp(1j * w))).real
    first = 0.5 * eta * ((1.0 + final) + (1.0 - final) * np.cos(w))
    average = 0.5 * eta * ((1.0 + final) * (1.0 - past) - (1.0 - final) * wave) + past * first
    S1 = 0.5 * eta * ((1.0 + final) * steps - (1.0 - final))
    return float(law.L0 + law.A * S1**-law.alpha - law.C * (first - average) / (1.0 - keep))


def fit_twin(runs: Sequence[Readings], decay_factor: float = LAMBDA, forward_only: bool = False) -> tuple[FloatArray, float]:
    """(L0, A, alpha, C) and objective of the authors' fit, by another search: SciPy's trust region on Huber residuals.

    `runs` are (LR, index of each reading, loss). With `forward_only` C is fixed to 0.
    """
    areas = [(np.cumsum(lr)[at], (lr[0] - averaged(lr, decay_factor))[at] / (1.0 - decay_factor)) for lr, at, _ in runs]
    S1, S2 = (np.concatenate(column) for column in zip(*areas, strict=True))
    observed = np.concatenate([values for *_, values in runs])

    def residual(p: FloatArray) -> FloatArray:
        C = 0.0 if forward_only else p[3] * (1.0 - decay_factor)
        return np.asarray(np.log(np.maximum(p[0] + p[1] * S1 ** -p[2] - C * S2, 1e-6) / observed)) / 1e-3

    solution = least_squares(
        residual, (2.6, 0.4, 0.5, 400.0), loss="huber", x_scale=(1.0, 0.1, 0.1, 100.0), xtol=1e-14, ftol=1e-14, gtol=1e-14
    )
    parameters = np.array([*solution.x[:3], solution.x[3] * (1.0 - decay_factor)])
    return parameters, float(solution.cost * 1e-6)


def published_runs(swapped: bool = False) -> list[Readings]:
    """The 40 published losses for `fit_twin`, with the warm-up counted as if at peak; or with the curves' labels swapped."""
    index = np.arange(1000, published.LAST_STEP + 1, 1000, dtype=np.int64)
    s = np.arange(published.LAST_STEP + 1.0)
    u = np.maximum(s - published.WARMUP_STEPS, 0.0) / (published.LAST_STEP - published.WARMUP_STEPS)
    rates = [ETA * np.cos(0.5 * np.pi * u) ** 2, np.full(s.size, ETA)]
    losses = [np.array(published.COSINE_LOSSES), np.array(published.CONSTANT_LOSSES)]
    return [(lr, index, values) for lr, values in zip(rates, losses[::-1] if swapped else losses, strict=True)]


def end_of(law: Law, s: Schedule) -> float:
    """The package's loss at the end of a schedule."""
    return float(law.predict_at(s, [s.steps])[0])
