"""Laws that explain loss curves: fitted to a few of them, they predict those of other schedules."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from rivervalley._common.checks import InputError
from rivervalley.curves.curve import LossCurve
from rivervalley.estimation.scores import Scores as Scores
from rivervalley.laws import forms
from rivervalley.laws import published as published
from rivervalley.laws.auto import fit_auto as fit_auto
from rivervalley.laws.base.files import read_law_file
from rivervalley.laws.base.law import Law as Law
from rivervalley.laws.base.parameter import ConfigurationField as ConfigurationField
from rivervalley.laws.base.parameter import ShapeParameter as ShapeParameter
from rivervalley.laws.base.registry import LAWS as LAWS
from rivervalley.laws.base.registry import law_name as law_name
from rivervalley.laws.base.registry import register_law as register_law
from rivervalley.laws.base.result import CurveFit as CurveFit
from rivervalley.laws.base.result import FitResult as FitResult
from rivervalley.laws.base.result import FitWarning as FitWarning
from rivervalley.laws.clock_fit import ClockFit as ClockFit
from rivervalley.laws.clock_fit import fit_clock as fit_clock
from rivervalley.laws.comparison import ComparedLaw as ComparedLaw
from rivervalley.laws.comparison import comparable_laws as comparable_laws
from rivervalley.laws.comparison import compare_laws as compare_laws
from rivervalley.laws.cross_validation import CrossValidation as CrossValidation
from rivervalley.laws.cross_validation import cross_validate as cross_validate
from rivervalley.laws.cross_validation import decay_factor_profile as decay_factor_profile
from rivervalley.laws.cross_validation import leave_one_out as leave_one_out
from rivervalley.laws.difference_band import DifferenceBand as DifferenceBand
from rivervalley.laws.difference_band import difference_band as difference_band
from rivervalley.laws.forms.annealing import AnnealingLaw as AnnealingLaw
from rivervalley.laws.forms.annealing_variants import PoweredAnnealingLaw as PoweredAnnealingLaw
from rivervalley.laws.forms.annealing_variants import WeightedAnnealingLaw as WeightedAnnealingLaw
from rivervalley.laws.forms.convex_bound import ConvexBoundLaw as ConvexBoundLaw
from rivervalley.laws.forms.convex_bound import last_iterate_bound as last_iterate_bound
from rivervalley.laws.forms.convex_bound import tuned_bound as tuned_bound
from rivervalley.laws.forms.equilibrium import EquilibriumLaw as EquilibriumLaw
from rivervalley.laws.forms.forward import ForwardLaw as ForwardLaw
from rivervalley.laws.forms.forward_momentum import ForwardMomentumLaw as ForwardMomentumLaw
from rivervalley.laws.forms.multi_power import MultiPowerLaw as MultiPowerLaw
from rivervalley.laws.forms.relaxation import RelaxationLaw as RelaxationLaw
from rivervalley.laws.forms.size import SizeLaw as SizeLaw
from rivervalley.laws.forms.steps import StepsLaw as StepsLaw
from rivervalley.laws.held_out import HeldOut as HeldOut
from rivervalley.laws.held_out import predict_held_out as predict_held_out
from rivervalley.laws.prediction_band import Band as Band
from rivervalley.laws.prediction_band import predict_band as predict_band
from rivervalley.laws.report import FitReport as FitReport
from rivervalley.laws.report import fit_report as fit_report
from rivervalley.laws.report import summary as summary
from rivervalley.laws.size_transfer import SizeTransfer as SizeTransfer
from rivervalley.laws.size_transfer import transfer_size as transfer_size

forms.import_all()


def fit(curves: LossCurve | Sequence[LossCurve], law: str = "auto", **options: Any) -> Law:
    """Fit the law of the given name, or with "auto" the one that the rule of `laws.auto` picks.

    `options` are those of the law's own `fit`; "auto" takes weight_decay and init_std.

    Raises
    ------
    InputError
        If there is no law of that name, and as the law's `fit`.

    Examples
    --------
    >>> law = fit([published.cosine(), published.constant()], law="annealing", warmup_area="full")
    >>> print(f"{law.params['alpha']:.3f}")
    0.550
    """
    name = law_name("law", law, "auto")
    if name == "auto":
        unknown = sorted({*options} - {"weight_decay", "init_std"})
        if unknown:
            raise InputError(
                f"law='auto' takes weight_decay and init_std alone, not {', '.join(unknown)}: the rule sets the rest"
            )
        return fit_auto(curves, **options)
    return LAWS[name].fit(curves, **options)


def load(path: str | os.PathLike[str]) -> Law:
    """Read a law of any kind that its `save` wrote.

    Raises
    ------
    InputError
        If the file cannot be read or holds no known law.
    """
    document = read_law_file(path)
    return LAWS[law_name("law in the file", document.law)].from_document(document, str(path))
