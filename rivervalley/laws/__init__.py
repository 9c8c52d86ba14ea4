"""Laws that explain loss curves: fitted to a few of them, they predict those of other schedules."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from rivervalley import _checks
from rivervalley._checks import InputError
from rivervalley.curves import LossCurve
from rivervalley.laws import chinchilla as chinchilla
from rivervalley.laws import kaplan as kaplan
from rivervalley.laws import published as published
from rivervalley.laws._scores import Scores as Scores
from rivervalley.laws._summary import summary as summary
from rivervalley.laws.annealing import AnnealingLaw as AnnealingLaw
from rivervalley.laws.annealing_variants import PoweredAnnealingLaw as PoweredAnnealingLaw
from rivervalley.laws.annealing_variants import WeightedAnnealingLaw as WeightedAnnealingLaw
from rivervalley.laws.bands import Band as Band
from rivervalley.laws.bands import predict_band as predict_band
from rivervalley.laws.choice import fit_auto as fit_auto
from rivervalley.laws.convex_bound import ConvexBoundLaw as ConvexBoundLaw
from rivervalley.laws.convex_bound import last_iterate_bound as last_iterate_bound
from rivervalley.laws.convex_bound import tuned_bound as tuned_bound
from rivervalley.laws.forward import ForwardLaw as ForwardLaw
from rivervalley.laws.forward_momentum import ForwardMomentumLaw as ForwardMomentumLaw
from rivervalley.laws.law import FitReport as FitReport
from rivervalley.laws.law import Law as Law
from rivervalley.laws.law import read_law_file
from rivervalley.laws.multi_power import MultiPowerLaw as MultiPowerLaw
from rivervalley.laws.relaxation import RelaxationLaw as RelaxationLaw
from rivervalley.laws.size import SizeLaw as SizeLaw
from rivervalley.laws.steps import StepsLaw as StepsLaw
from rivervalley.laws.trials import LeftOut as LeftOut
from rivervalley.laws.trials import decay_factor_profile as decay_factor_profile
from rivervalley.laws.trials import leave_one_out as leave_one_out

_KINDS: tuple[type[Law], ...] = (
    AnnealingLaw,
    MultiPowerLaw,
    RelaxationLaw,
    WeightedAnnealingLaw,
    PoweredAnnealingLaw,
    ForwardMomentumLaw,
    ConvexBoundLaw,
    SizeLaw,
    ForwardLaw,
    StepsLaw,
)
LAWS: dict[str, type[Law]] = {law.name: law for law in _KINDS}


def fit(curves: LossCurve | Sequence[LossCurve], law: str = "annealing", **options: Any) -> Law:
    """Fit the law of the given name, or with "auto" the one that the rule of `laws.choice` picks.

    `options` are those of the law's own `fit`; "auto" takes none.

    Raises
    ------
    InputError
        If there is no law of that name, and as the law's `fit`.

    Examples
    --------
    >>> found = fit([published.cosine(), published.constant()], law="annealing", warmup_area="full")
    >>> print(f"{found.params['alpha']:.3f}")
    0.550
    """
    if _checks.choice("law", law, (*LAWS, "auto")) == "auto":
        if options:
            raise InputError(f"law='auto' takes no options, but got {', '.join(options)}: the rule sets them itself")
        return fit_auto(curves)
    kind: Any = LAWS[law]
    fitted: Law = kind.fit(curves, **options)
    return fitted


def load(path: str | os.PathLike[str]) -> Law:
    """Read a law of any kind that its `save` wrote.

    Raises
    ------
    InputError
        If the file cannot be read or holds no known law.
    """
    data = read_law_file(path)
    return LAWS[_checks.choice("law in the file", data["law"], LAWS)].from_data(data, str(path))
