"""The equilibrium law: loss curves across peak learning rates and decay lengths (this project's own finding)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, ClassVar, Self, TypeVar

import numpy as np

from rivervalley._common import checks
from rivervalley._common.checks import FloatArray
from rivervalley.curves.curve import LossCurve
from rivervalley.estimation.variable_projection import Terms
from rivervalley.kernels import relative_step as kernels
from rivervalley.laws.base.calibration import Calibration, relative_error
from rivervalley.laws.base.fit import search_objective
from rivervalley.laws.base.law import Law
from rivervalley.laws.base.memory import RATES, weights_and_slopes
from rivervalley.laws.base.options import fit_options
from rivervalley.laws.base.parameter import ConfigurationField, ShapeParameter
from rivervalley.laws.base.points import Points, checked_curves
from rivervalley.laws.base.registry import register_law
from rivervalley.laws.base.result import FitWarning
from rivervalley.schedules import Schedule
from rivervalley.schedules.relative_step import MEMORY_EXPONENT, SIGNAL_EXPONENT, steps_and_clocks, weights_of

NOISE_EXPONENT = 0.80  # p: hill noise follows the relative step to this power
START_UP_EXPONENT = 2.0
WEIGHT_DECAYS = (0.1, 0.0, 0.03, 0.3)  # tried where none is given; another than the first must fit clearly better
CLEARLY = 0.75  # times the objective of the first: see docs/calibration.md
RELATIVE_PEAK = 1e-3  # the peak LR that relative LRs are taken to have
FIRST_SIGNAL = 0.15  # cumulative relative step at which the law begins to hold
DOUBTFUL_ERROR, REFUSED_ERROR = 0.12, 0.30  # standard error of B over B: predictions of decays are doubtful, and refused
DOUBTFUL_EXPONENT = 0.20  # standard error of ln alpha
# No news: D is small by construction, u and beta are regularised, and for B there are warnings of this law's own.
_USUAL = {
    ("zero_coefficient", "D"),
    ("weakly_identified", "B"),
    *(("poorly_determined", name) for name in ("D", "u", "beta")),
}
SLACK, LONGEST = 0.01, 64  # of blocks of updates: see kernels.averages
_STORED = 2_000_000  # numbers held at most between evaluations

E = TypeVar("E", bound="EquilibriumLaw")


@register_law
@dataclass(frozen=True)
class EquilibriumLaw(Law):
    """L = L0 + A S^-alpha + B N + D S^-2: progress on the relative step r = eta / n, and hill noise that relaxes slowly.

    n is the rms of AdamW's weights, n_t^2 = (1 - eta_t wd)^2 n_{t-1}^2 + eta_t^2 from n_0 = init_std, so it follows from the
    schedule and the configuration with nothing fitted (`rv.areas.relative_step`). With e = (eta / n) / (1e-3 / 0.02):

        S = 1e-3 sum e                              cumulative relative step, the clock of progress
        tau = sum (eta / 1e-3) (0.02 / n)^1.5       the clock of memory
        N = average of e^0.8 with the memory (1 + u tau)^-beta, from 0, warm-up included

    The last term is the start of training and costs nothing later. Within a decay n hardly moves and hills fall in proportion
    to the LR; over peaks r goes as the square root of the LR. So one fit holds at other peaks and other decay lengths.

    Parameters
    ----------
    L0, A, alpha, B, D : float
        At least 0; all but alpha in the unit of the loss. L0 is the loss at LR 0 after endless training.
    u, beta : float
        Rate and power of the memory. No single user's runs identify them; fits regularise them, and alpha, toward values
        found on public runs of three sources (docs/theory/equilibrium.md).
    weight_decay, init_std : float
        The runs' configuration: AdamW's decoupled weight decay and the standard deviation of the initial weights.
    lr_scale : float
        Multiplies all LRs. 1 unless the LRs were relative, with an unknown peak.

    Warm-up is part of the run like any other LR: `warmup_area` is "included" and nothing else.

    The constants belong to one model, data set, batch size and optimiser (AdamW-like). No law sees divergence coming: a peak
    more than twice the highest that ran is beyond it.

    Raises
    ------
    InputError
        If a parameter is not a finite number in its range.

    Examples
    --------
    >>> from rivervalley.schedules import wsd
    >>> law = EquilibriumLaw(L0=2.69, A=0.584, alpha=0.533, B=0.817, D=0.01)
    >>> [round(float(law.predict_at(wsd(50_000, peak, warmup_steps=300, decay_fraction=0.2), [50_000])[0]), 3)
    ...  for peak in (5e-4, 1e-3)]
    [2.931, 2.925]
    """

    L0: float
    A: float
    alpha: float
    B: float
    D: float = 0.0
    u: float = 0.40
    beta: float = 0.32
    weight_decay: float = 0.1
    init_std: float = 0.02
    lr_scale: float = 1.0
    warmup_area: str = field(default="included", kw_only=True)

    name: ClassVar[str] = "equilibrium"
    formula: ClassVar[str] = "L = L0 + A S^-alpha + B N + D S^-2, on the relative step r = eta / n"
    source: ClassVar[str] = (
        "rivervalley, docs/theory/equilibrium.md; the norm after Kosson, Messmer and Jaggi, Rotational Equilibrium, arXiv 2305.17212"
    )
    coefficients: ClassVar[tuple[str, ...]] = ("L0", "A", "B", "D")
    shape_parameters: ClassVar[tuple[ShapeParameter, ...]] = (
        ShapeParameter("alpha", "A", 0.05, 2.0, starts=(0.5,), scale="log", default=0.53, strength=400.0),
        ShapeParameter("u", "B", 1e-5, 10.0, starts=(0.05, 0.4), scale="log", default=0.40, strength=100.0),
        ShapeParameter("beta", "B", 0.05, 20.0, starts=(0.32,), scale="log", default=0.32, strength=100.0),
    )
    annealing_coefficient: ClassVar[str | None] = "B"
    configuration_fields: ClassVar[tuple[ConfigurationField, ...]] = (
        ConfigurationField("weight_decay", 0.0, 1e3, 0.1),
        ConfigurationField("init_std", 1e-9, 1e6, 0.02),
        ConfigurationField("lr_scale", 1e-12, 1e12, 1.0),
    )
    weights_grow: ClassVar[bool] = True
    transfers: ClassVar[bool] = True
    calibration: ClassVar[Calibration] = Calibration(
        run_to_run_sd=0.0010,
        misfit_scale=0.0,
        hessian_scale=1.4,
        peak_sd=0.0025,
        peak_noise=0.05,
        span_sd=0.0022,
        shorter_sd=0.0013,
        longer_sd=0.0005,
        difference_run_sd=0.0010,
        difference_noise=0.05,
        difference_peak_noise=0.10,
        difference_span_sd=0.0015,
    )
    hints: ClassVar[Mapping[str, str]] = MappingProxyType({"D": "the curves do not show the start of training"})

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.choice("warmup_area", self.warmup_area, ("included",))

    @staticmethod
    def terms(points: Points) -> Terms:
        """1, S^-alpha, N and S^-2. The norm and both clocks depend on the configuration alone and are computed once."""
        runs = [_Run.of(points, k) for k in range(len(points.lr))]
        S = np.concatenate([run.signal for run in runs])
        with np.errstate(divide="ignore"):
            log_S = np.log(S)
            start_up = S**-START_UP_EXPONENT
        kept = S.size * RATES.size <= _STORED
        grid = np.concatenate([run.averages(np.eye(RATES.size)) for run in runs], axis=1) if kept else None
        one = np.ones(S.size)

        def evaluate(shape: FloatArray) -> tuple[FloatArray, FloatArray]:
            alpha, u, beta = (float(value) for value in shape)
            mix = weights_and_slopes(u, beta)
            if grid is not None:
                noise, by_u, by_beta = mix @ grid
            else:
                noise, by_u, by_beta = np.concatenate([run.averages(mix) for run in runs], axis=1)
            with np.errstate(divide="ignore", invalid="ignore"):
                power = np.exp(-alpha * log_S)
                by_alpha = -log_S * power
            return np.stack([one, power, noise, start_up]), np.stack([by_alpha, by_u / u, by_beta / beta])

        return evaluate

    @classmethod
    def fit(  # type: ignore[override]
        cls,
        curves: LossCurve | Sequence[LossCurve],
        *,
        weight_decay: float | Sequence[float] | None = None,
        init_std: float | Sequence[float] | None = None,
        relative_lr: bool = False,
        **options: object,
    ) -> Self:
        """Fit the law to one or several curves of one model, data set and batch size; best to curves of one peak LR.

        Parameters
        ----------
        curves : LossCurve or list of LossCurve
            Readings count from the end of the warm-up on, each with the weight step / last step of its curve. A run that
            decays is needed; a constant LR alone does not tell noise from progress.
        weight_decay : float or list of float, optional
            AdamW's, of all curves or of each. Where it is not given 0.1 is taken, or the one of 0, 0.03 and 0.3 that lowers
            the objective by more than a quarter; a warning says which.
        init_std : float or list of float, optional
            Standard deviation of the initial weights, 0.02 if not given.
        relative_lr : bool
            The LRs are shares of an unknown peak, the same for all curves. The highest is taken to be 1e-3; predictions at
            another peak are refused.
        **options
            As `Law.fit`: alpha, u, beta and their strengths, huber_delta, confidence.

        Raises
        ------
        InputError
            As `Law.fit`.
        """
        chosen = checked_curves(curves)
        peak = max(curve.schedule.peak_lr for curve in chosen)
        scale = RELATIVE_PEAK / peak if relative_lr else 1.0
        settings: dict[str, Any] = {**options, "lr_scale": scale, "init_std": 0.02 if init_std is None else init_std}
        if weight_decay is not None:
            return _with_warnings(super().fit(chosen, weight_decay=weight_decay, **settings))
        values = [value for value in WEIGHT_DECAYS if value * scale * peak < 0.5]
        chosen_value, why = _clearly_best(values, [cls._rough_objective(chosen, value, settings) for value in values])
        return _with_warnings(super().fit(chosen, weight_decay=chosen_value, **settings), why)

    @classmethod
    def _rough_objective(cls, curves: Sequence[LossCurve], weight_decay: float, settings: Mapping[str, Any]) -> float:
        """The objective of a fit with this weight decay, before its refinement."""
        rest = {**settings, "weight_decay": weight_decay}
        common = (rest.pop("warmup_area", None), rest.pop("huber_delta", 1e-3), rest.pop("confidence", 0.95))
        peaks = [curve.schedule.peak_lr for curve in curves]
        return search_objective(cls, curves, fit_options(cls, peaks, *common, rest))

    @classmethod
    def first_step(cls, schedule: Schedule, configuration: Mapping[str, float]) -> int:
        """Update count of the first reading that fits take into account: after the warm-up, and from S = 0.15 on."""
        lr = schedule.lr * configuration["lr_scale"]
        *_, S, _ = steps_and_clocks(
            lr, configuration["weight_decay"], configuration["init_std"], SIGNAL_EXPONENT, MEMORY_EXPONENT
        )
        return max(schedule.warmup_steps, int(np.searchsorted(S, FIRST_SIGNAL)) + 1)

    def unsupported(self, s: Schedule) -> str | None:
        """Why the fitted curves do not support any prediction for this schedule; None where they do."""
        if self.result is None or self.peak_lr is None:
            return None
        if self.lr_scale != 1.0 and not 0.99 * self.peak_lr[0] <= s.peak_lr <= 1.01 * self.peak_lr[1]:
            return (
                f"s must have the fitted peak LR {self.peak_lr[1]:g}, not {s.peak_lr:g}: the law was fitted to relative LRs, "
                "and how they continue to another peak depends on the absolute ones"
            )
        settled = s.lr[max(s.warmup_steps - 1, 0) :]
        if settled.min() < 0.9 * s.peak_lr and _error_of_noise(self) > REFUSED_ERROR:
            return (
                f"s must not decay: the fitted curves do not tell hill noise from progress (standard error of B "
                f"{100 * _error_of_noise(self):.0f} % of it, at most {100 * REFUSED_ERROR:.0f} % allowed); fit a run that decays too"
            )
        return None


@dataclass(frozen=True, eq=False)
class _Run:
    """One run's updates as the kernels take them, and the indices of the updates after which it is read."""

    x: FloatArray
    d: FloatArray
    signal: FloatArray
    index: np.ndarray

    @classmethod
    def of(cls, points: Points, k: int) -> Self:
        scale = points.of_run("lr_scale", k)
        lr = points.lr[k] * scale if scale != 1.0 else points.lr[k]
        decay, std = weights_of(lr, points.of_run("weight_decay", k), points.of_run("init_std", k))
        x, d, _, S, _ = steps_and_clocks(lr, decay, std, SIGNAL_EXPONENT, MEMORY_EXPONENT)
        return cls(x, d, S[points.index[k]], points.index[k])

    def averages(self, mix: FloatArray) -> FloatArray:
        """Combinations `mix`, shape (J, rates), of the averages of e^p, at the readings: shape (J, R)."""
        out = np.empty((mix.shape[0], self.index.size))
        kernels.averages(self.x, self.d, NOISE_EXPONENT, RATES, mix, self.index, SLACK, LONGEST, np.zeros(RATES.size), out)
        return out


def _error_of_noise(law: EquilibriumLaw) -> float:
    """Standard error of B over its value."""
    assert law.result is not None
    return relative_error(law.result, law.calibration, "B")


def _clearly_best(values: Sequence[float], objectives: Sequence[float]) -> tuple[float, FitWarning]:
    """The first weight decay, unless another lowers the objective clearly; and which was taken, in a sentence."""
    best = int(np.argmin(objectives))
    clear = objectives[best] < CLEARLY * objectives[0]
    chosen = values[best] if clear else values[0]
    why = "fits best" if clear or best == 0 else "is usual, and none fits clearly better"
    tried = ", ".join(f"{value:g}" for value in sorted(values))
    return chosen, FitWarning("weight_decay_guessed", f"weight_decay was not given: {chosen:g} {why}, of {tried}")


def _with_warnings(law: E, *first: FitWarning) -> E:
    """The law with warnings of its own: what was assumed of the runs, and what they do not identify."""
    assert law.result is not None
    chosen = list(first)
    if law.lr_scale != 1.0:
        chosen.append(
            FitWarning(
                "relative_lr", f"the LRs are relative: the peak is taken to be {RELATIVE_PEAK:g}, others cannot be predicted"
            )
        )
    error = _error_of_noise(law)
    if error > DOUBTFUL_ERROR:
        what = "are refused" if error > REFUSED_ERROR else "rest on the prior memory"
        size = f"standard error {100 * error:.0f} % of it" if np.isfinite(error) else "it ended at 0"
        chosen.append(FitWarning("noise_not_identified", f"B is not well identified ({size}): predictions of decays {what}"))
    elif relative_error(law.result, law.calibration, "alpha") > DOUBTFUL_EXPONENT:
        chosen.append(FitWarning("exponent_not_identified", "alpha is not well identified: longer runs rest on its prior"))
    kept = (warning for warning in law.result.warnings if (warning.code, warning.parameter) not in _USUAL)
    return replace(law, result=replace(law.result, warnings=(*chosen, *kept)))
