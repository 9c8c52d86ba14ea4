"""Schedules of a single run: constant, cosine, WSD and their kin.

All warm up by lr[t] = peak_lr (t + 1) / warmup_steps, so that the last warm-up rate is the peak, and all decays end on
`final_lr` exactly. Phases that do not fit into `steps` are refused. All arguments after `peak_lr` are given by name.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rivervalley._common import checks
from rivervalley._common.checks import FloatArray, InputError, show
from rivervalley.schedules.registry import SCHEDULES
from rivervalley.schedules.schedule import MAX_STEPS, Schedule
from rivervalley.schedules.shapes import check_power, decay, power_law, warmup

CONVENTIONS = ("rivervalley", "transformers", "torchtitan", "torchtitan-0.1")
MOST_TIMESCALE = 10**15  # so that timescale + steps is an exact float64


@SCHEDULES.add("constant", "constant(steps=20000, peak_lr=0.1, warmup_steps=200)", "the peak throughout")
def constant(
    steps: int, peak_lr: float, *, final_lr: float | None = None, warmup_steps: int = 0, name: str = "constant"
) -> Schedule:
    """One rate throughout, after the warm-up. `final_lr` may be given, as for the others, but only as the peak itself.

    >>> constant(steps=4, peak_lr=0.1, warmup_steps=2).lr.tolist()
    [0.05, 0.1, 0.1, 0.1]
    """
    steps, peak, warm = _basics(steps, peak_lr, warmup_steps)
    if final_lr is not None and checks.real("final_lr", final_lr, 0.0) != peak:
        raise InputError(f"final_lr must be left out or equal peak_lr ({peak:g}) in a constant schedule, not {final_lr:g}")
    return Schedule(np.concatenate([warmup(warm, peak), np.full(steps - warm, peak)]), warm, name)


@SCHEDULES.add("cosine", "cosine(steps=20000, peak_lr=0.1, final_lr=0.01)", "half a cosine down to final_lr")
def cosine(steps: int, peak_lr: float, *, final_lr: float = 0.0, warmup_steps: int = 0, name: str = "cosine") -> Schedule:
    """Half a cosine from the peak to `final_lr` over all updates after the warm-up.

    >>> cosine(steps=4, peak_lr=1.0).lr.round(4).tolist()
    [0.8536, 0.5, 0.1464, 0.0]
    """
    return _decaying(steps, peak_lr, final_lr, warmup_steps, "cosine", name)


@SCHEDULES.add("linear", "linear(steps=20000, peak_lr=0.1)", "a straight line down to final_lr")
def linear(steps: int, peak_lr: float, *, final_lr: float = 0.0, warmup_steps: int = 0, name: str = "linear") -> Schedule:
    """A straight line from the peak to `final_lr` over all updates after the warm-up.

    >>> linear(steps=4, peak_lr=1.0).lr.tolist()
    [0.75, 0.5, 0.25, 0.0]
    """
    return _decaying(steps, peak_lr, final_lr, warmup_steps, "linear", name)


@SCHEDULES.add("exponential", "exponential(steps=20000, peak_lr=0.1, final_lr=0.001)", "a geometric decay down to final_lr")
def exponential(steps: int, peak_lr: float, *, final_lr: float, warmup_steps: int = 0, name: str = "exponential") -> Schedule:
    """A geometric sequence from the peak to `final_lr` > 0 over all updates after the warm-up.

    >>> exponential(steps=2, peak_lr=1.0, final_lr=0.01).lr.round(6).tolist()
    [0.1, 0.01]
    """
    return _decaying(steps, peak_lr, final_lr, warmup_steps, "exponential", name)


@SCHEDULES.add("inverse_sqrt", "inverse_sqrt(steps=20000, peak_lr=0.1, warmup_steps=200)", "peak_lr sqrt(T / (T + k))")
def inverse_sqrt(
    steps: int,
    peak_lr: float,
    *,
    final_lr: float = 0.0,
    warmup_steps: int = 0,
    timescale: int | None = None,
    name: str = "inverse sqrt",
) -> Schedule:
    """peak_lr * sqrt(T / (T + k)) at the k-th update after the warm-up (k = 1, 2, ...), never below `final_lr`.

    T is `timescale`: the warm-up where there is one (the schedule of "Attention is all you need", arXiv 1706.03762), else 1.

    >>> inverse_sqrt(steps=4, peak_lr=1.0, timescale=1).lr.round(4).tolist()
    [0.7071, 0.5774, 0.5, 0.4472]
    """
    steps, peak, warm = _basics(steps, peak_lr, warmup_steps)
    final = _final(final_lr, peak)
    scale = checks.integer("timescale", timescale, 1, MOST_TIMESCALE) if timescale is not None else max(warm, 1)
    after = np.arange(1, steps - warm + 1)
    tail = np.maximum(peak * np.sqrt(scale / (scale + after)), final)
    return Schedule(np.concatenate([warmup(warm, peak), tail]), warm, name)


@SCHEDULES.add(
    "power", "power(steps=20000, peak_lr=0.02, amplitude=0.5, decay_fraction=0.1)", "min(peak_lr, amplitude n^exponent)"
)
def power(
    steps: int,
    peak_lr: float,
    *,
    amplitude: float,
    exponent: float = -0.51,
    warmup_steps: int = 0,
    decay_steps: int | None = None,
    decay_fraction: float | None = None,
    decay_shape: str = "linear",
    final_lr: float = 0.0,
    name: str = "power",
) -> Schedule:
    """min(peak_lr, amplitude * n^exponent) at the n-th update (n = 1, 2, ...): the power scheduler (arXiv 2408.13359).

    Its LR does not depend on how long the run will be, until the decay at the end begins.

    Parameters
    ----------
    steps : int
    peak_lr : float
        The bound on every LR.
    amplitude : float
        LR at n = 1 if it were not bounded. The paper counts tokens and states it for batch size 1, eta = beta a (tokens)^b
        with batch size beta; with T tokens an update that is amplitude = beta a T^b.
    exponent : float
        b, within [-10, 0]; the paper's fit where not given.
    warmup_steps : int
        A straight line up to the LR that the law gives at its end.
    decay_steps, decay_fraction, decay_shape, final_lr
        A decay at the end, as that of `wsd`, from the LR at its start; none where no length is given.

    Raises
    ------
    InputError
        If warm-up and decay do not fit into `steps`, or an argument cannot be used.

    Examples
    --------
    >>> power(steps=4, peak_lr=0.5, amplitude=1.0, exponent=-1.0).lr.round(4).tolist()
    [0.5, 0.5, 0.3333, 0.25]
    """
    steps, peak, warm = _basics(steps, peak_lr, warmup_steps)
    scale = checks.real("amplitude", amplitude, 0.0, open_low=True)
    slope = checks.real("exponent", exponent, -10.0, 0.0)
    length = 0 if decay_steps is None and decay_fraction is None else _decay_length("power", steps, decay_steps, decay_fraction)
    _check_fit(steps, warm, length)
    lr = np.minimum(power_law(np.arange(1.0, steps + 1.0), scale, slope), peak)
    if warm:
        lr[:warm] = warmup(warm, float(lr[warm - 1]))
    if length:
        start = float(lr[steps - length - 1]) if length < steps else min(peak, scale)
        lr[steps - length :] = decay(length, start, _final(final_lr, start), decay_shape)
    return Schedule(lr, warm, name)


@SCHEDULES.add("multi_step", "multi_step(steps=20000, peak_lr=0.1, boundaries=[0.8, 0.9])", "a staircase")
def multi_step(
    steps: int,
    peak_lr: float,
    *,
    final_lr: float | None = None,
    warmup_steps: int = 0,
    boundaries: Sequence[float] = (0.8, 0.9),
    factors: Sequence[float] | None = None,
    name: str = "multi-step",
) -> Schedule:
    """A staircase: from each boundary on, the peak times the factor of the same place.

    Boundaries are update counts (integers) or fractions of `steps` (floats below 1). Without `factors` the stairs fall
    geometrically to `final_lr`, a tenth of the peak where that is not given: with the default boundaries 1, 1/sqrt(10),
    1/10 at 80 and 90 % of the run, the "8-1-1" schedule.

    >>> multi_step(steps=10, peak_lr=1.0).lr.round(4).tolist()[6:]
    [1.0, 1.0, 0.3162, 0.1]
    """
    steps, peak, warm = _basics(steps, peak_lr, warmup_steps)
    places = [_place(value, steps) for value in _items("boundaries", boundaries)]
    if any(later <= earlier for earlier, later in zip([warm - 1, *places], places, strict=False)) or any(
        p >= steps for p in places
    ):
        raise InputError(f"boundaries must rise strictly between the warm-up ({warm}) and the end ({steps}), not {places}")
    if factors is None:
        last = 0.1 if final_lr is None else _final(final_lr, peak, positive=True) / peak
        levels = decay(len(places), 1.0, last, "exponential").tolist()
    else:
        levels = [checks.real("factors", value, 0.0, 1.0) for value in _items("factors", factors)]
        if final_lr is not None:
            raise InputError("final_lr must be left out where factors are given")
    if len(levels) != len(places):
        raise InputError(f"factors must have one entry for each of the {len(places)} boundaries, not {len(levels)}")
    lr = np.full(steps, peak)
    for place, level in zip(places, levels, strict=True):
        lr[place:] = peak * level
    lr[:warm] = warmup(warm, peak)
    return Schedule(lr, warm, name)


@SCHEDULES.add("wsd", 'wsd(steps=20000, peak_lr=0.1, decay_fraction=0.2, decay_shape="sqrt")', "warm-up, stable, decay")
def wsd(
    steps: int,
    peak_lr: float,
    *,
    warmup_steps: int = 0,
    decay_steps: int | None = None,
    decay_fraction: float | None = None,
    decay_shape: str = "linear",
    final_lr: float = 0.0,
    power: float = 1.0,
    convention: str = "rivervalley",
    name: str | None = None,
) -> Schedule:
    """Warm-up, stable, decay (arXiv 2404.06395): the peak until the last `decay_steps` updates, then down to `final_lr`.

    Parameters
    ----------
    steps, peak_lr, warmup_steps : see Schedule
    decay_steps : int
        Length of the decay; or `decay_fraction` of `steps`, rounded to the nearest update (halves to even), just one of
        the two. A fraction above 0 that rounds to no update is refused; 0 leaves out the decay, and with it `final_lr`.
    decay_shape : str
        "linear", "cosine", "sqrt" (1-sqrt), "inverse", "exponential", "power" (with `power`) or "square": see shapes.decay.
    final_lr : float
        The last rate.
    convention : str
        Where in its phase an update stands. "rivervalley": warm-up (t + 1) / W, decay u = (k + 1) / D, so that the last
        rate is `final_lr`. "transformers": t / W, from `final_lr` up, and k / D, as its get_wsd_schedule, so that the first
        rate is `final_lr` and the last one step short of it. "torchtitan": (t + 1) / (W + 1) and (k + 1) / (D + 1), never
        quite at either end, as before its first release. "torchtitan-0.1": (t + 1) / W and k / D, as in releases 0.1 to 0.3.

    Raises
    ------
    InputError
        If warm-up and decay do not fit into `steps`, or an argument cannot be used.

    Examples
    --------
    >>> wsd(steps=6, peak_lr=0.1, warmup_steps=2, decay_steps=2).lr.tolist()
    [0.05, 0.1, 0.1, 0.1, 0.05, 0.0]
    """
    steps, peak, warm = _basics(steps, peak_lr, warmup_steps)
    final = _final(final_lr, peak)
    length = _decay_length("wsd", steps, decay_steps, decay_fraction)
    checks.choice("convention", convention, CONVENTIONS)
    _check_fit(steps, warm, length)
    check_power(decay_shape, power)
    up, down = _positions(warm, length, convention)
    low = final if convention == "transformers" else 0.0
    tail = decay(length, peak, final, decay_shape, power, down)
    lr = np.concatenate([low + (peak - low) * up, np.full(steps - warm - length, peak), tail])
    return Schedule(lr, warm, name or f"wsd {100 * length / steps:.3g}% {decay_shape}")


def _positions(warm: int, length: int, convention: str) -> tuple[FloatArray, FloatArray]:
    """Positions of the updates in the warm-up and in the decay, each from 0 to 1."""
    t, k = np.arange(warm), np.arange(length)
    if convention == "transformers":
        return t / max(warm, 1), k / max(length, 1)
    if convention == "torchtitan":
        return (t + 1) / (warm + 1), (k + 1) / (length + 1)
    if convention == "torchtitan-0.1":
        return (t + 1) / max(warm, 1), k / max(length, 1)
    return (t + 1) / max(warm, 1), (k + 1) / max(length, 1)


def _decaying(steps: int, peak_lr: float, final_lr: float, warmup_steps: int, shape: str, name: str) -> Schedule:
    steps, peak, warm = _basics(steps, peak_lr, warmup_steps)
    if warm == steps:
        raise InputError(f"warmup_steps must be below steps ({steps}), so that an update is left to decay, not {warm}")
    tail = decay(steps - warm, peak, _final(final_lr, peak), shape)
    return Schedule(np.concatenate([warmup(warm, peak), tail]), warm, name)


def _basics(steps: int, peak_lr: float, warmup_steps: int) -> tuple[int, float, int]:
    steps = checks.integer("steps", steps, 1, MAX_STEPS)
    peak = checks.real("peak_lr", peak_lr, 0.0, open_low=True)
    warm = checks.integer("warmup_steps", warmup_steps, 0)
    if warm > steps:
        raise InputError(f"warmup_steps must be at most steps ({steps}), not {warm}")
    return steps, peak, warm


def _final(final_lr: float, peak: float, positive: bool = False) -> float:
    final = checks.real("final_lr", final_lr, 0.0, open_low=positive)
    if final > peak:
        raise InputError(f"final_lr must be at most peak_lr ({peak:g}), not {final:g}")
    return final


def _check_fit(steps: int, warm: int, length: int) -> None:
    if warm + length > steps:
        raise InputError(f"warmup_steps + decay_steps must be at most steps ({steps}), not {warm} + {length} = {warm + length}")


def _decay_length(kind: str, steps: int, decay_steps: int | None, decay_fraction: float | None) -> int:
    if decay_steps is None and decay_fraction is None:
        raise InputError(f"{kind} needs decay_steps or decay_fraction")
    if decay_steps is not None and decay_fraction is not None:
        raise InputError(
            f"{kind} needs one of decay_steps and decay_fraction, not both ({show(decay_steps)} and {show(decay_fraction)})"
        )
    if decay_steps is not None:
        return checks.integer("decay_steps", decay_steps, 0)
    return decay_share(checks.real("decay_fraction", decay_fraction, 0.0, 1.0), steps)


def decay_share(fraction: float, updates: int) -> int:
    """The decay's length as a share of so many updates, halves to even. A share above 0 must be at least one update."""
    length = round(fraction * updates)
    if length == 0 and fraction > 0.0:
        raise InputError(
            f"decay_fraction must give at least one update, but {fraction!r} of {updates} rounds to none and does not fit"
        )
    return length


def _items(name: str, values: Any) -> list[Any]:
    """One or more values in the order given."""
    try:
        flat = not isinstance(values, (str, bytes, set, frozenset)) and np.ndim(values) == 1 and len(values) > 0
    except ValueError:  # lists of unequal lengths within
        flat = False
    if not flat:
        raise InputError(f"{name} must be a list of at least one number, not {checks.show(values)}")
    return list(values)


def _place(value: float, steps: int) -> int:
    """A boundary as an update count."""
    if isinstance(value, float):
        return round(steps * checks.real("boundaries", value, 0.0, 1.0, open_low=True, open_high=True))
    return checks.integer("boundaries", value, 0)
