"""Fitting a scaling law to runs."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import Any

import numpy as np

from rivervalley._common import checks
from rivervalley._common.checks import FloatArray, InputError, IntArray
from rivervalley.estimation.scores import scores
from rivervalley.estimation.starts import EXACT_RESIDUAL, start_agreement
from rivervalley.scaling._arguments import constants_of
from rivervalley.scaling.fitting.cautions import design_warnings, offset_warnings, parameter_warnings
from rivervalley.scaling.fitting.forms import Design, Form, Reported, Solution, design, form_of
from rivervalley.scaling.fitting.result import ScalingFit
from rivervalley.scaling.fitting.runs import Runs, read_runs
from rivervalley.scaling.fitting.search import search
from rivervalley.scaling.fitting.spread import Spread, spread
from rivervalley.scaling.kaplan.batch import critical_batch_size, minimum_steps
from rivervalley.scaling.kaplan.constants import BatchLaw


def fit_scaling(
    runs: Runs | str | os.PathLike[str],
    law: str = "chinchilla",
    *,
    offset: bool | None = None,
    critical_batch: BatchLaw | None = None,
    huber_delta: float = 1e-3,
    confidence: float = 0.95,
) -> ScalingFit:
    """Fit a scaling law to the losses of runs.

    What is minimised is the sum over all runs of Huber_delta(log predicted - log loss) (arXiv 2203.15556, approach 3): the
    sum, since its mean is so small that optimisers stop early, which is how the printed Chinchilla constants came about
    (arXiv 2404.10102). Searches start from many exponents; amplitudes and the offset are solved for at every step.

    =========== ================================================== ==================== =========
    law         loss                                               columns              offset
    =========== ================================================== ==================== =========
    size        (N_c / N)^alpha_N                                  N                    optional
    data        (D_c / D)^alpha_D                                  D                    optional
    compute     (C_c / C)^alpha_C                                  C, or N and D        optional
    size_data   [(N_c / N)^(alpha_N / alpha_D) + D_c / D]^alpha_D  N and D, or N and C  none
    size_steps  (N_c / N)^alpha_N + (S_c / S)^alpha_S              N and S              optional
    chinchilla  E + A / N^alpha + B / D^beta                       N and D, or N and C  optional
    =========== ================================================== ==================== =========

    Parameters
    ----------
    runs : Runs or path of a CSV file
    law : str
    offset : bool, optional
        Whether an irreducible loss E >= 0 is fitted too; as the law was published if not given, which is with E for
        chinchilla alone. The exponents depend on it: what the other choice gives is always in `diagnostics["alternative"]`.
    critical_batch : BatchLaw, optional
        For size_steps: the runs' column B then turns S into the minimal steps S / (1 + B_crit(loss) / B) that the law
        counts. Without it S is taken as those.
    huber_delta : float
        Above 0: log residuals within it count quadratically, larger ones linearly.
    confidence : float
        Of the intervals, within (0, 1).

    Returns
    -------
    ScalingFit
        Its `diagnostics` are a dict of::

            objective, huber_delta, confidence, points, parameters, effective_points
            r2, mae, rmse, mape, worst              over all losses
            starts, starts_agreeing, start_spread   within 0.1 % of the best objective; largest / smallest - 1
            condition_number                        of the Jacobian of log loss, columns scaled to length 1; inf if rank is lost
            identified                              by parameter
            alternative                             the other choice of offset (for size_data: Chinchilla's form): what, law,
                                                    params, objective, objective_ratio; None where the runs are too few
            notes, warnings                         sentences; no warnings where the fit is sound

    Raises
    ------
    InputError
        If a column is missing or an option is out of range, or there are fewer runs than parameters.

    Examples
    --------
    >>> import numpy as np
    >>> from rivervalley.scaling import chinchilla
    >>> N, D = (grid.ravel() for grid in np.meshgrid(np.geomspace(1e7, 1e9, 4), np.geomspace(1e9, 1e11, 4)))
    >>> fit = fit_scaling(Runs(loss=chinchilla.loss_from_size_and_data(N, D), N=N, D=D))
    >>> {name: round(value, 4) for name, value in fit.params.items()}
    {'E': 1.8172, 'A': 482.01, 'B': 2085.43, 'alpha': 0.3478, 'beta': 0.3658}
    """
    form = form_of(law)
    chosen = runs if isinstance(runs, Runs) else read_runs(runs)
    with_offset = _offset(form, offset)
    delta = checks.real("huber_delta", huber_delta, 0.0, open_low=True)
    confidence = checks.real("confidence", confidence, 0.0, 1.0, open_low=True, open_high=True)
    columns, notes = _columns(form, chosen, critical_batch)
    problem = design(form, columns, with_offset)
    loss, log_loss = chosen.loss, np.log(chosen.loss)
    if loss.size < problem.size:
        raise InputError(
            f"runs must hold at least {problem.size} losses for the {problem.size} parameters of {law}, not {loss.size}"
        )

    solutions = search(problem, log_loss, delta)
    predicted, jacobian = problem.evaluate(solutions.best)
    errors = spread(jacobian, np.log(predicted) - log_loss, _curves(form, columns), delta, confidence)
    reported = problem.report(solutions.best)
    intervals, identified = _intervals(reported, errors)
    params = {one.name: one.value for one in reported}
    starts = start_agreement(solutions.objectives.tolist(), solutions.best.objective, loss.size)
    diagnostics: dict[str, Any] = {
        "objective": solutions.best.objective,
        "huber_delta": delta,
        "confidence": confidence,
        "parameters": problem.size,
        "effective_points": errors.effective_points,
        **asdict(scores(loss, predicted)),
        "starts": starts.starts,
        "starts_agreeing": starts.agreeing,
        "start_spread": starts.spread,
        "condition_number": errors.condition_number,
        "identified": identified,
        "alternative": _alternative(form, columns, with_offset, log_loss, delta, solutions.best),
        "notes": notes,
    }
    diagnostics["warnings"] = [
        *design_warnings(form, columns, with_offset, problem.size),
        *parameter_warnings(params, intervals, identified, form),
        *offset_warnings(form, params, intervals, diagnostics),
    ]
    if diagnostics["starts_agreeing"] < diagnostics["starts"]:
        worse = diagnostics["starts"] - diagnostics["starts_agreeing"]
        notes.append(f"{worse} of {diagnostics['starts']} searches ended in a worse place")
    return ScalingFit(law, form.formula if not with_offset else f"E + {form.formula}", params, intervals, diagnostics)


def _offset(form: Form, offset: bool | None) -> bool:
    if offset is None:
        return form.offset
    if not isinstance(offset, (bool, np.bool_)):
        raise InputError(f"offset must be True, False or None, not {checks.show(offset)}")
    if offset and form.coupled:
        raise InputError("offset must be False for law 'size_data', which has none; 'chinchilla' is its counterpart with one")
    return bool(offset)


def _columns(form: Form, runs: Runs, critical_batch: BatchLaw | None) -> tuple[list[FloatArray], list[str]]:
    """The form's columns, S as minimal steps, and how they came about."""
    columns, notes = [], []
    for name in form.columns:
        values, note = runs.column(name)
        columns.append(values)
        if note:
            notes.append(note)
    if critical_batch is not None:
        law = constants_of(BatchLaw, "critical_batch", critical_batch)
        if "S" not in form.columns:
            raise InputError(f"critical_batch must be left out for law {form.name!r}, which counts no steps")
        batch, _ = runs.column("B")
        columns[1] = np.asarray(minimum_steps(columns[1], batch, critical_batch_size(runs.loss, law)))
        notes.append(f"S was taken as S / (1 + B_crit / B), with B_crit of {law.source}")
    elif "S" in form.columns and runs.B is not None:
        notes.append("S was taken as minimal steps though runs have B: pass critical_batch to convert them")
    return columns, notes


def _curves(form: Form, columns: list[FloatArray]) -> list[IntArray]:
    """For laws of steps: the rows of each size in the order of steps, as points along one curve."""
    if "S" not in form.columns:
        return []
    order = np.lexsort((columns[1], columns[0]))
    ends = np.flatnonzero(np.diff(columns[0][order])) + 1
    return [rows for rows in np.split(order, ends) if rows.size > 1]


def _intervals(reported: list[Reported], known: Spread) -> tuple[dict[str, tuple[float, float]], dict[str, bool]]:
    intervals, identified = {}, {}
    for one in reported:
        open_ones = (one.gradient != 0.0) & ~known.identified
        identified[one.name] = not bool(open_ones.any()) and bool(np.isfinite(known.quantile))
        variance = float(one.gradient @ known.covariance @ one.gradient)
        if not identified[one.name]:
            intervals[one.name] = (0.0, float("inf"))
            continue
        reach = known.quantile * float(np.sqrt(max(variance, 0.0)))
        with np.errstate(over="ignore", under="ignore"):
            ends = (
                (one.value * np.exp(-reach), one.value * np.exp(reach)) if one.log else (one.value - reach, one.value + reach)
            )
        intervals[one.name] = (max(float(ends[0]), 0.0), float(ends[1]))
    return intervals, identified


def _alternative(
    form: Form, columns: list[FloatArray], with_offset: bool, log_loss: FloatArray, delta: float, best: Solution
) -> dict[str, Any] | None:
    """The same runs fitted with the other choice of offset; for Kaplan's law of size and data, Chinchilla's form."""
    other, offset = (form_of("chinchilla"), True) if form.coupled else (form, not with_offset)
    problem: Design = design(other, columns, offset)
    if log_loss.size < problem.size:
        return None
    solution = search(problem, log_loss, delta).best
    floor = 0.5 * log_loss.size * EXACT_RESIDUAL**2
    what = "the form E + A / N^alpha + B / D^beta" if form.coupled else f"{'with' if offset else 'without'} E"
    return {
        "what": what,
        "law": other.name,
        "params": {one.name: one.value for one in problem.report(solution)},
        "objective": solution.objective,
        "objective_ratio": max(solution.objective, floor) / max(best.objective, floor),
    }
