"""One relaxation rate on a clock between steps and cumulative LR: what most laws of annealing are special cases of.

The LR falls by d_k at update k, and the loss follows with delay. With a clock tau that moves by (eta_t / peak)^clock at
update t, and a drop of which exp(-u (tau_t - tau_{k-1})) is still to come,

    L(t) = L0 + A S1(t)^-alpha - B sum_k d_k E_u [1 - exp(-u (tau_t - tau_{k-1}))].

    one u, clock 0 (steps)                  the annealing law: lambda = exp(-u), C = B (1 - lambda)    `annealing`
    one u, clock 1 (cumulative LR)          SGD with one sharp curvature h, u = 2 h peak               here
    one u, a clock between                                                                             here
    u of a gamma distribution, the clock    the multi-power law                                        `multi_power`
      frozen at each drop's own LR
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import ClassVar

import numpy as np

from rivervalley._common.checks import FloatArray
from rivervalley.estimation.variable_projection import Terms
from rivervalley.kernels.relaxation import realised
from rivervalley.laws.base.law import Law
from rivervalley.laws.base.parameter import ShapeParameter
from rivervalley.laws.base.points import Points
from rivervalley.laws.base.registry import register_law
from rivervalley.laws.base.terms import GENTLE_ALPHA, forward_term, on_change
from rivervalley.laws.base.updates import merged_updates


@register_law
@dataclass(frozen=True)
class RelaxationLaw(Law):
    """L = L0 + A S1^-alpha - B (drops of the LR that have relaxed), at one relaxation rate on a clock.

    Parameters
    ----------
    L0, A, alpha, B : float
        B in the unit of loss / LR; it corresponds to C / (1 - decay_factor) of the annealing law.
    relaxation : float
        How fast, per update at the peak LR.
    clock : float
        0 counts steps, 1 the cumulative LR in units of the peak; the clock moves by (LR / peak)^clock at an update.

    `fit` regularises alpha toward 0.48 and relaxation toward 0.004, what public runs of language models agree on
    (docs/calibration.md); None in place of a number fits either freely.

    Where losses are asked for at few updates, those in between that are nearly alike are merged: that changes the last term by
    less than 5e-5 of it.

    Source: ablation of arXiv 2408.11029 asked for by its reviewers; the form in cumulative LR follows from SGD on a quadratic.

    Examples
    --------
    With clock 0 it is the annealing law:

    >>> import numpy as np
    >>> from rivervalley.laws import AnnealingLaw
    >>> from rivervalley.schedules import linear
    >>> s = linear(steps=100, peak_lr=0.01)
    >>> one = AnnealingLaw(L0=2.0, A=1.0, alpha=0.5, C=0.1, decay_factor=0.9).predict(s)
    >>> two = RelaxationLaw(L0=2.0, A=1.0, alpha=0.5, B=1.0, relaxation=-np.log(0.9), clock=0.0).predict(s)
    >>> bool(np.allclose(one, two, rtol=1e-13))
    True
    """

    L0: float
    A: float
    alpha: float
    B: float
    relaxation: float
    clock: float = 0.5
    warmup_area: str = field(default="included", kw_only=True)

    name: ClassVar[str] = "relaxation"
    formula: ClassVar[str] = "L = L0 + A S1^-alpha - B sum (eta_{k-1} - eta_k) (1 - exp(-relaxation sum (eta / peak)^clock))"
    source: ClassVar[str] = "clock of arXiv 2408.11029's area, between its steps and the cumulative LR of SGD on a quadratic"
    coefficients: ClassVar[tuple[str, ...]] = ("L0", "A", "B")
    shape_parameters: ClassVar[tuple[ShapeParameter, ...]] = (
        GENTLE_ALPHA,
        ShapeParameter(
            "relaxation", "B", 1e-6, 10.0, starts=(3e-4, 2e-3, 1e-2, 1e-1), scale="log", default=4e-3, strength=300.0
        ),
        ShapeParameter("clock", "B", -1.0, 2.0, starts=(0.0, 0.5, 1.0), default=0.5, fixed=True),
    )
    annealing_coefficient: ClassVar[str | None] = "B"
    hints: ClassVar[Mapping[str, str]] = MappingProxyType({"clock": "add a curve whose LR drops suddenly and then holds"})

    @staticmethod
    def terms(points: Points) -> Terms:
        """1, S1^-alpha and minus the drops that have relaxed."""
        forward = forward_term(points)
        runs = merged_updates(points)
        with np.errstate(divide="ignore"):
            logs = [(np.log(run.share), np.log(run.lead)) for run in runs]
        drops = np.empty((3, points.S1.size))
        parts = [drops[:, part] for part in points.slices()]

        @on_change
        def relax(relaxation: float, clock: float) -> None:
            for run, (log_share, log_lead), part in zip(runs, logs, parts, strict=True):
                realised(run.length, run.drop, log_share, log_lead, relaxation, clock, run.index, part)

        def evaluate(shape: FloatArray) -> tuple[FloatArray, FloatArray]:
            alpha, relaxation, clock = (float(value) for value in shape)
            relax(relaxation, clock)
            power, slope = forward(alpha)
            terms = np.stack([np.ones(points.S1.size), power, -drops[0]])
            return terms, np.stack([slope, -drops[1], -drops[2]])

        return evaluate
