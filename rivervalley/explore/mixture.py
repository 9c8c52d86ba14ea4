"""Laws as the page evaluates them: powers of progress plus a mixture of exponential averages, with nodes and weights.

    L = offset + sum_j c_j S^-a_j + B N,    N = sum_i w_i m_i,    m_i <- m_i + (g - m_i)(1 - exp(-v_i d))

Every law of the mixture family is this function with another progress S, another average g and another memory clock d:

    law           S             g          d                           nodes v
    annealing     sum of lr     lr         1                           -ln(decay_factor)
    relaxation    sum of lr     lr         (lr / peak)^clock           relaxation
    multi_power   sum of lr     lr         lr                          of a gamma distribution, weights by the LR of each drop
    equilibrium   sum of lr/n   (lr/n)^p   lr / n^1.5, n the rms of    a fixed grid, weights of a gamma distribution
                                           the weights under AdamW
    forward, steps: S alone

Derivatives by parameters that shape the mixture are further rows of weights on the same nodes, or on nodes close by.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import digamma

from rivervalley._common.checks import InputError
from rivervalley.kernels.mixture import nodes
from rivervalley.kernels.relative_step import REF
from rivervalley.laws import AnnealingLaw, EquilibriumLaw, ForwardLaw, Law, MultiPowerLaw, RelaxationLaw, StepsLaw
from rivervalley.laws.base.memory import RATES, weights_and_slopes
from rivervalley.laws.forms import equilibrium
from rivervalley.schedules.relative_step import MEMORY_EXPONENT, SIGNAL_EXPONENT

STEP = 1e-4  # relative step of central differences by the parameters of a node: they are good to its square
AT_ONCE = 800.0  # a relaxation rate per update at which nothing is left
EXACT = 0.0  # slack of blocks: those in which what is averaged moves are single updates
DRAGGED_SLACK = 0.01  # of the multi-power law's blocks while a schedule is dragged: see page.js
ANY_LENGTH = 1 << 30
FASTEST_CLOCK = 1e6  # of one update, where a negative power of a low LR would go beyond
FLOOR = 1e-9  # of the peak: lower LRs count as this in the multi-power law's weights
FARTHEST_PEAK, LONGEST_RUN = 64.0, 1e6  # what the multi-power law's nodes must reach: peaks beyond the fitted, updates


@dataclass(frozen=True)
class Clock:
    """(LR / unit)^power (0.02 / n)^width of an update.

    Attributes
    ----------
    rates : {"forward", "annealing"}
        The LRs as the law's convention for warm-up counts them.
    unit : float or "peak"
    power, width : float
    at_zero : float
        What it is at LR 0.
    """

    rates: str
    unit: float | str = 1.0
    power: float = 1.0
    width: float = 0.0
    at_zero: float = 0.0


@dataclass(frozen=True)
class Norm:
    """What the rms of the weights follows from: decoupled weight decay, init std, and a factor of all LRs."""

    weight_decay: float
    init_std: float
    lr_scale: float


@dataclass(frozen=True)
class Power:
    """coefficient x S^-exponent."""

    coefficient: float
    exponent: float


@dataclass(frozen=True)
class Drift:
    """Weights of nodes that depend on the LR eta of a drop: with z = y - log_K + gamma ln eta, exp(beta z - e^z - norm).

    `slopes` names the parameters, of K, beta and gamma, that derivatives are asked for by; psi is digamma(beta).
    """

    y: tuple[float, ...]
    K: float
    log_K: float  # noqa: N815
    beta: float
    gamma: float
    norm: float
    psi: float
    floor: float
    slopes: tuple[str, ...]


@dataclass(frozen=True)
class Mixture:
    """Exponential averages on one memory clock.

    Attributes
    ----------
    memory : Clock
    nodes : tuple of float
        Rates of relaxation per unit of the clock.
    weights : tuple of tuples of float
        The first row gives N, each further row its derivative by a shape parameter; empty where `drift` gives them.
    start : {"first", "zero"}
        What the averages start from.
    slack, longest : float, int
        Of blocks of updates: the share that x may move by, and the most updates.
    """

    memory: Clock
    nodes: tuple[float, ...]
    weights: tuple[tuple[float, ...], ...]
    start: str = "first"
    slack: float = EXACT
    longest: int = ANY_LENGTH
    drift: Drift | None = None


@dataclass(frozen=True)
class Slope:
    """Derivative of log L by one fitted parameter: of which part, and which of several."""

    kind: str
    index: int = 0


@dataclass(frozen=True)
class PageLaw:
    """A law in the form that the page's one function takes."""

    name: str
    formula: str
    warmup_area: str
    offset: float
    powers: tuple[Power, ...]
    coefficient: float
    progress: Clock
    progress_unit: float
    averaged: Clock | None
    averaged_power: float
    norm: Norm | None
    mixtures: tuple[Mixture, ...]
    slopes: tuple[Slope, ...]


def page_law(law: Law) -> PageLaw:
    """The law in the page's form.

    Raises
    ------
    InputError
        If it is no law of the mixture family.

    Examples
    --------
    >>> law = page_law(AnnealingLaw(L0=2.0, A=0.5, alpha=0.5, C=0.1, decay_factor=0.5))
    >>> law.mixtures[0].nodes, law.mixtures[0].weights
    ((0.6931471805599453,), ((2.0,),))
    """
    for kind, form in _FORMS.items():
        if isinstance(law, kind):
            return form(law)
    names = ", ".join(kind.name for kind in _FORMS)
    raise InputError(f"law must be one of {names}, which the page can evaluate, not {getattr(law, 'name', law)!r}")


def _fitted(law: Law) -> tuple[str, ...]:
    return law.result.names if law.result else ()


def _assembled(
    law: Law,
    powers: Sequence[Power],
    coefficient: float = 0.0,
    mixtures: Sequence[Mixture] = (),
    rows: Sequence[str] = (),
    progress: Clock = Clock("forward"),
    progress_unit: float = 1.0,
    averaged: Clock | None = None,
    averaged_power: float = 1.0,
    norm: Norm | None = None,
) -> PageLaw:
    """The law from its parts; `rows` names the shape parameters that further rows of weights belong to."""
    coefficients = law.coefficients
    slopes = {"alpha": Slope("exponent", 0), **{name: Slope("row", k + 1) for k, name in enumerate(rows)}}
    slopes |= {coefficients[0]: Slope("offset"), coefficients[1]: Slope("power", 0)}
    slopes |= {coefficients[2]: Slope("mixture")} if mixtures else {}
    slopes |= {name: Slope("power", k + 1) for k, name in enumerate(coefficients[3:])}
    return PageLaw(
        name=law.name,
        formula=law.formula,
        warmup_area=law.warmup_area,
        offset=law.params[coefficients[0]],
        powers=tuple(powers),
        coefficient=coefficient,
        progress=progress,
        progress_unit=progress_unit,
        averaged=averaged,
        averaged_power=averaged_power,
        norm=norm,
        mixtures=tuple(mixtures),
        slopes=tuple(slopes[name] for name in _fitted(law)),
    )


def _without_mixture(law: ForwardLaw | StepsLaw) -> PageLaw:
    power = 1.0 if isinstance(law, ForwardLaw) else 0.0
    return _assembled(law, [Power(law.A, law.alpha)], progress=Clock("forward", power=power, at_zero=1.0 - power))


def _annealing(law: AnnealingLaw) -> PageLaw:
    """-S2 = (average of lr - first lr) / (1 - decay_factor)."""
    free = "decay_factor" in _fitted(law)
    factor = law.decay_factor
    step = STEP * (1.0 - factor)
    places = [factor, *([max(factor - step, 0.0), factor + step] if free else [])]
    rates = tuple(min(-math.log(max(place, 1e-300)), AT_ONCE) for place in places)
    scales = [1.0 / (1.0 - place) for place in places]
    weights = [(scales[0], *([0.0, 0.0] if free else []))]
    if free:
        width = places[2] - places[1]
        weights.append((0.0, -scales[1] / width, scales[2] / width))
    mixture = Mixture(Clock("annealing", power=0.0, at_zero=1.0), rates, tuple(weights))
    rows = ["decay_factor"] if free else []
    return _assembled(law, [Power(law.A, law.alpha)], law.C, [mixture], rows, averaged=Clock("annealing"))


def _relaxation(law: RelaxationLaw) -> PageLaw:
    """What has relaxed of the drops is first lr - average of lr."""
    rows = [name for name in ("relaxation", "clock") if name in _fitted(law)]
    at_zero = 0.0 if law.clock > 0.0 else 1.0 if law.clock == 0.0 else FASTEST_CLOCK

    def mixture(rate: float, clock: float, row: int, weight: float) -> Mixture:
        weights = tuple((weight,) if k == row else (0.0,) for k in range(1 + len(rows)))
        return Mixture(Clock("annealing", "peak", clock, at_zero=at_zero), (rate,), weights)

    mixtures = [mixture(law.relaxation, law.clock, 0, 1.0)]
    for row, name in enumerate(rows, start=1):
        step = STEP * (law.relaxation if name == "relaxation" else 1.0)
        for sign in (1.0, -1.0):
            moved = {"relaxation": law.relaxation, "clock": law.clock}
            moved[name] += sign * step
            mixtures.append(mixture(moved["relaxation"], moved["clock"], row, sign * 0.5 / step))
    return _assembled(law, [Power(law.A, law.alpha)], law.B, mixtures, rows, averaged=Clock("annealing"))


def _multi_power(law: MultiPowerLaw) -> PageLaw:
    """Nodes for every schedule that the page can show: peaks far beyond the fitted, and LRs down to FLOOR of the peak."""
    rows = tuple(name for name in ("K", "beta", "gamma") if name in _fitted(law))
    if law.K == 0.0 or law.beta == 0.0:
        return _assembled(law, [Power(law.A, law.alpha)])
    low, high = law.peak_lr or (1e-4, 1e-2)
    highest = high * FARTHEST_PEAK
    lowest = low / FARTHEST_PEAK * FLOOR
    log_K = math.log(law.K)
    y, spacing = nodes(
        law.beta, log_K - law.gamma * math.log(highest), log_K - law.gamma * math.log(lowest), highest * LONGEST_RUN
    )
    drift = Drift(
        y=tuple(y.tolist()),
        K=law.K,
        log_K=log_K,
        beta=law.beta,
        gamma=law.gamma,
        norm=math.lgamma(law.beta) - math.log(spacing),
        psi=float(digamma(law.beta)),
        floor=FLOOR,
        slopes=rows,
    )
    rates = tuple(np.exp(np.minimum(y, 690.0)).tolist())
    mixture = Mixture(Clock("forward"), rates, (), drift=drift)
    return _assembled(law, [Power(law.A, law.alpha)], law.B, [mixture], rows, averaged=Clock("annealing"))


def _equilibrium(law: EquilibriumLaw) -> PageLaw:
    """Blocks of updates are the law's own."""
    share, by_u, by_beta = weights_and_slopes(law.u, law.beta)
    slopes = {"u": by_u / law.u, "beta": by_beta / law.beta}
    rows = [name for name in slopes if name in _fitted(law)]
    mixture = Mixture(
        memory=Clock("forward", REF, width=MEMORY_EXPONENT),
        nodes=tuple(RATES.tolist()),
        weights=tuple(tuple(row.tolist()) for row in (share, *(slopes[name] for name in rows))),
        start="zero",
        slack=equilibrium.SLACK,
        longest=equilibrium.LONGEST,
    )
    step = Clock("forward", REF, width=SIGNAL_EXPONENT)
    form = _assembled(
        law,
        [Power(law.A, law.alpha), Power(law.D, equilibrium.START_UP_EXPONENT)],
        law.B,
        [mixture],
        rows,
        progress=step,
        progress_unit=REF,
        averaged=step,
        averaged_power=equilibrium.NOISE_EXPONENT,
        norm=Norm(law.weight_decay, law.init_std, law.lr_scale),
    )
    return replace(form, warmup_area="included")  # the warm-up counts as it is


_FORMS: dict[type[Law], Callable[..., PageLaw]] = {
    AnnealingLaw: _annealing,
    RelaxationLaw: _relaxation,
    MultiPowerLaw: _multi_power,
    EquilibriumLaw: _equilibrium,
    ForwardLaw: _without_mixture,
    StepsLaw: _without_mixture,
}
