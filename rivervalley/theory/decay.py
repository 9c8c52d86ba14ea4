"""What a decay of the learning rate achieves, and what it costs in river progress.

Legend: eta the peak rate, r = peak / final rate, T or D the steps of the decay, h a curvature, s2 = noise_std^2, V = E y^2,
S a cumulative LR. Formulas are derived; the picture (decay removes the hill loss, progress is the cumulative LR) is
that of arXiv 2410.05192, the optimal 1/t decay with its initial halving also that of arXiv 2505.10559.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import digamma, polygamma

from rivervalley._common import checks
from rivervalley._common.checks import FloatArray, InputError
from rivervalley.theory._arguments import numbers, positive, stable


def optimal_cooldown_lr(steps: int, peak_lr: float, curvature: float) -> FloatArray:
    """The best rates for the cooldown of one mode that is stationary at peak_lr: 1 / eta_t = 2 / peak_lr + h t, shape (steps,).

    The first is half the peak rate, for any curvature; and so it is for any set of modes, all of them stationary.

    >>> optimal_cooldown_lr(3, 0.5, 1.0).tolist()
    [0.25, 0.2, 0.16666666666666666]
    """
    T = checks.integer("steps", steps, 1)
    eta, h = checks.real("peak_lr", peak_lr, 0.0, open_low=True), checks.real("curvature", curvature, 0.0, open_low=True)
    stable(np.asarray(eta), np.asarray(h))
    return np.asarray(1.0 / (2.0 / eta + h * np.arange(T)))


def cooled_variance(steps: ArrayLike, curvature: ArrayLike, noise_std: ArrayLike, initial_variance: ArrayLike) -> FloatArray:
    """V_T = 1 / (1 / V_0 + h^2 T / s2): the least variance that any T rates leave of a mode that started with V_0.

    The best rate at each step is h V_t / (h^2 V_t + s2).

    >>> float(cooled_variance(100, 1.0, 1.0, 0.1))
    0.00909090909090909
    """
    V, h, s = positive("initial_variance", initial_variance), positive("curvature", curvature), positive("noise_std", noise_std)
    return np.asarray(1.0 / (1.0 / V + h * h * numbers("steps", steps, 0.0) / (s * s)))


def inverse_decay_variance(
    steps: ArrayLike, lr: ArrayLike, rate: ArrayLike, curvature: ArrayLike, noise_std: ArrayLike, initial_variance: ArrayLike
) -> FloatArray:
    """V after T steps of 1 / eta = 1 / lr + rate * t, for small eta h and small rate * eta.

    V_T = V_0 r^(-2h/a) + s2 lr / (2h - a) (1/r - r^(-2h/a)), a the rate and r = 1 + a lr T. Modes with h >> a end at the
    quasi-stationary eta_T s2 / (2 h); modes with h < a / 2 are not annealed.

    >>> float(inverse_decay_variance(0, 0.1, 1.0, 3.0, 1.0, 0.7))
    0.7
    """
    eta, a, h = positive("lr", lr), positive("rate", rate), positive("curvature", curvature)
    s, V = numbers("noise_std", noise_std, 0.0), numbers("initial_variance", initial_variance, 0.0)
    log_r = np.log1p(a * eta * numbers("steps", steps, 0.0))
    gap = 2.0 * h - a
    forgotten = np.exp(-2.0 * h / a * log_r)
    # (1/r - r^(-2h/a)) / (2h - a) = r^(-2h/a) expm1(gap/a ln r) / gap, which tends to ln r / (a r) at gap 0.
    safe = np.where(gap == 0.0, 1.0, gap)
    ratio = np.where(gap == 0.0, log_r / a, np.expm1(gap / a * log_r) / safe)
    return np.asarray(forgotten * (V + s * s * eta * ratio))


def cooldown_steps(factor: ArrayLike, lr: ArrayLike, curvature: ArrayLike) -> FloatArray:
    """T = (f - 1) (2 - eta h) / (eta h): steps of the optimal cooldown that divide a stationary mode's hill loss by f.

    >>> float(cooldown_steps(10.0, 0.5, 1.0))
    27.0
    """
    f, product = numbers("factor", factor, 1.0), stable(positive("lr", lr), positive("curvature", curvature))
    return np.asarray((f - 1.0) * (2.0 - product) / product)


def border_curvature(factor: ArrayLike, lr: ArrayLike, steps: ArrayLike) -> FloatArray:
    """The curvature 2 (f - 1) / (eta (T + f - 1)) whose hill loss a cooldown of T steps divides by f.

    Flatter modes count as river in such a decay, steeper ones as hills: "river" is relative to the decay length.

    >>> float(border_curvature(10.0, 0.5, 27.0))
    1.0
    """
    f = numbers("factor", factor, 1.0)
    return np.asarray(2.0 * (f - 1.0) / (positive("lr", lr) * (positive("steps", steps) + f - 1.0)))


def lagged_hill_loss(lr: ArrayLike, curvature: ArrayLike, noise_std: ArrayLike) -> FloatArray:
    """Hill loss after each update by the lag formula, shape (steps,), modes stationary at lr[0], small eta h.

    sum over modes of h/2 V*(eta_t) + h/2 sum over t' <= t of d_t' (dV*/d eta)(eta_t') exp(-2 h (S_t - S_(t'-1))), with
    d_t' = eta_(t'-1) - eta_t' the drops of the rate. The lag runs in cumulative LR, not in steps; so it is with the
    multi-power law (arXiv 2503.12811), whose kernel is this one for gamma-distributed curvatures: see `lag_kernel`.

    >>> lagged_hill_loss([0.5, 0.5], [1.0], [0.3]).round(12).tolist()
    [0.015, 0.015]
    """
    eta = checks.array("lr", lr, low=0.0)
    h = np.atleast_1d(positive("curvature", curvature))
    s2 = np.broadcast_to(numbers("noise_std", noise_std, 0.0) ** 2, h.shape)
    stable(np.asarray(eta.max()), h)
    excess = np.zeros(h.shape)
    out = np.empty(eta.size)
    for t, rate in enumerate(eta):
        drop = (eta[t - 1] if t else rate) - rate
        slope = 2.0 * s2 / (h * (2.0 - rate * h) ** 2)
        excess = (excess + drop * slope) * np.exp(-2.0 * h * rate)
        out[t] = 0.5 * float(h @ (rate * s2 / (h * (2.0 - rate * h)) + excess))
    return out


def lag_kernel(summed_lr: ArrayLike, shape: float, scale: float) -> FloatArray:
    """1 - (1 + C S)^-beta: the share of a drop's gain reached after a cumulative LR S, averaged over curvatures.

    It is the mean of 1 - exp(-2 h S) over h ~ Gamma(shape beta, scale C / 2): the kernel of the multi-power law.

    >>> float(lag_kernel(0.5, 1.0, 2.0))
    0.5
    """
    b, C = checks.real("shape", shape, 0.0, open_low=True), checks.real("scale", scale, 0.0, open_low=True)
    return np.asarray(-np.expm1(-b * np.log1p(C * numbers("summed_lr", summed_lr, 0.0))))


def best_decay_steps(lr: float, curvature: float, noise_std: float, river_slope: float) -> float:
    """The decay length that minimises hill loss plus progress forgone, for a linear river and one hill, optimal cooldown.

    The T that minimises (s2/2) / ((2 - eta h)/eta + h T) + g^2 (eta T - cumulative LR), the sum being exact:
    (digamma(2/(eta h) + T) - digamma(2/(eta h))) / h. A real number; 0 where no decay pays.

    >>> round(best_decay_steps(0.5, 1.0, 1.0, 0.05), 2)
    18.0
    """
    eta, h = checks.real("lr", lr, 0.0, open_low=True), checks.real("curvature", curvature, 0.0, open_low=True)
    s = checks.real("noise_std", noise_std, 0.0, open_low=True)
    g = checks.real("river_slope", river_slope, 0.0, open_low=True)
    product = float(stable(np.asarray(eta), np.asarray(h)))

    def slope(T: float) -> float:
        """Derivative of the cost."""
        gain = 0.5 * s * s * h / ((2.0 - product) / eta + h * T) ** 2
        return g * g * (eta - float(polygamma(1, 2.0 / product + T)) / h) - gain

    if slope(0.0) >= 0.0:
        return 0.0
    high = 1.0
    while slope(high) < 0.0:
        high *= 2.0
    return float(brentq(slope, 0.0, high, xtol=1e-10))


def long_decay_steps(lr: float, curvature: float, noise_std: float, river_slope: float) -> float:
    """sqrt(s2 / (2 h g^2 eta)): what `best_decay_steps` tends to where it is long, eta h T >> 1.

    >>> round(long_decay_steps(0.5, 1.0, 1.0, 0.05), 6)
    20.0
    """
    eta, h = checks.real("lr", lr, 0.0, open_low=True), checks.real("curvature", curvature, 0.0, open_low=True)
    s = checks.real("noise_std", noise_std, 0.0, open_low=True)
    g = checks.real("river_slope", river_slope, 0.0, open_low=True)
    return float(s / (g * np.sqrt(2.0 * h * eta)))


def decay_share(shape: str, ratio: float, steps: int | None = None) -> float:
    """Cumulative LR of a decay of shape "inverse", "linear", "cosine", "sqrt", "exponential" or "square", over peak_lr * steps.

    ratio is peak / final rate. Inverse: ln r / (r - 1), 0.256 at r = 10; linear and cosine (1 + 1/r) / 2 = 0.55;
    1 - sqrt 0.40; exponential (1 - 1/r) / ln r = 0.39. Without `steps` the limit of many; with it exact for the convention
    u = (k + 1) / steps.

    >>> [round(decay_share(shape, 10.0), 2) for shape in ("inverse", "linear", "cosine", "sqrt", "exponential")]
    [0.26, 0.55, 0.55, 0.4, 0.39]
    """
    word = checks.choice("shape", shape, ("inverse", "linear", "cosine", "sqrt", "exponential", "square"))
    r = checks.real("ratio", ratio, 1.0, open_low=True)
    f = 1.0 / r
    if steps is None:
        limits = {
            "inverse": np.log(r) / (r - 1.0),
            "linear": (1.0 + f) / 2.0,
            "cosine": (1.0 + f) / 2.0,
            "sqrt": f + (1.0 - f) / 3.0,
            "exponential": (1.0 - f) / np.log(r),
            "square": f + 2.0 * (1.0 - f) / 3.0,
        }
        return float(limits[word])
    D = checks.integer("steps", steps, 1)
    if word == "inverse":
        a = (r - 1.0) / D
        return float((digamma(1.0 / a + D + 1.0) - digamma(1.0 / a + 1.0)) / a / D)
    if word in ("linear", "cosine"):
        return float((1.0 + f) / 2.0 - (1.0 - f) / (2.0 * D))
    if word == "exponential":
        q = r ** (-1.0 / D)
        return float(q * (1.0 - f) / (1.0 - q) / D)
    if word == "square":
        return float(f + (1.0 - f) * (1.0 - (D + 1.0) * (2.0 * D + 1.0) / (6.0 * D * D)))
    return float(f + (1.0 - f) * (1.0 - np.sum(np.sqrt(np.arange(1, D + 1) / D)) / D))


def wsd_s_summed_lr(
    checkpoints: ArrayLike, peak_lr: float, decay_fraction: float = 0.1, share: float | None = None
) -> FloatArray:
    """Cumulative LR of one WSD-S run at each checkpoint: eta (T_k - f sum_{j<=k} T_j (1 - share)), f of the elapsed steps.

    `share` is the `decay_share` of its decay; inverse to a tenth where not given.

    >>> wsd_s_summed_lr([2500, 5000, 10000], 0.5).round(0).tolist()
    [1157.0, 2221.0, 4349.0]
    """
    T, eta, f, kept = _budgets(checkpoints, peak_lr, decay_fraction, share)
    return np.asarray(eta * (T - f * (1.0 - kept) * np.cumsum(T)))


def wsd_summed_lr(
    checkpoints: ArrayLike, peak_lr: float, decay_fraction: float = 0.1, share: float | None = None, charged: bool = True
) -> FloatArray:
    """Cumulative LR of WSD's branch at each checkpoint; `charged` counts earlier branches' steps against the budget.

    eta (T_k - f sum_{j<k} T_j - f T_k (1 - share)), the middle term only where charged. So what WSD-S has over WSD at equal
    compute is the decay progress that it keeps, eta f share sum_{j<k} T_j.

    >>> wsd_summed_lr([2500, 5000, 10000], 0.5).round(0).tolist()
    [1157.0, 2189.0, 4253.0]
    """
    T, eta, f, kept = _budgets(checkpoints, peak_lr, decay_fraction, share)
    earlier = np.cumsum(T) - T if charged else 0.0
    return np.asarray(eta * (T - f * earlier - f * T * (1.0 - kept)))


def _budgets(
    checkpoints: ArrayLike, peak_lr: float, decay_fraction: float, share: float | None
) -> tuple[FloatArray, float, float, float]:
    T = checks.rising_steps("checkpoints", checkpoints, low=1).astype(float)
    eta = checks.real("peak_lr", peak_lr, 0.0, open_low=True)
    f = checks.real("decay_fraction", decay_fraction, 0.0, 1.0)
    kept = decay_share("inverse", 10.0) if share is None else checks.real("share", share, 0.0, 1.0)
    if bool(np.any(np.diff(T) < f * T[1:])):
        raise InputError(f"checkpoints must lie far enough apart for decays of {f:g} of the elapsed steps")
    return T, eta, f, kept
