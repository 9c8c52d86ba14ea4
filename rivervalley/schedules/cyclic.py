"""Schedules of one run with several checkpoints: WSD-S and cyclic cosine."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rivervalley._common import checks
from rivervalley._common.checks import InputError, IntArray
from rivervalley.schedules.constructors import _basics, _final, decay_share
from rivervalley.schedules.registry import SCHEDULES
from rivervalley.schedules.schedule import MAX_STEPS, Schedule
from rivervalley.schedules.shapes import check_power, decay, warmup


@SCHEDULES.add("wsd_s", "wsd_s(checkpoints=[5000, 10000, 20000], peak_lr=0.1)", "WSD with a decay before each checkpoint")
def wsd_s(
    checkpoints: Sequence[int],
    peak_lr: float | Sequence[float],
    *,
    decay_fraction: float = 0.1,
    decay_of: str = "elapsed",
    decay_shape: str = "inverse",
    final_lr: float | None = None,
    warmup_steps: int = 0,
    power: float = 1.0,
    name: str = "wsd-s",
) -> Schedule:
    """WSD-S (arXiv 2410.05192): decay before each checkpoint, then straight back to the peak from the decayed point.

    Parameters
    ----------
    checkpoints : rising update counts T_1 < T_2 < ...
        The rate is `final_lr` at each; the schedule ends with the last.
    peak_lr : float, or a sequence with one for each checkpoint
        The warm-up leads to the first.
    decay_fraction : float
        Length of each decay as a share of T_k ("elapsed", as in the paper's figure) or of T_k - T_{k-1} ("cycle"),
        rounded to the nearest update (halves to even, none only for 0), by the name given as `decay_of`.
    final_lr : float
        A tenth of each cycle's peak where not given.

    Raises
    ------
    InputError
        If a decay does not fit between two checkpoints, or an argument cannot be used.

    Examples
    --------
    >>> wsd_s(checkpoints=[4, 8], peak_lr=1.0, decay_fraction=0.25, decay_shape="linear").lr.round(3).tolist()
    [1.0, 1.0, 1.0, 0.1, 1.0, 1.0, 0.55, 0.1]
    """
    ends = _ends(checkpoints)
    peaks = _peaks(peak_lr, ends.size)
    steps, _, warm = _basics(int(ends[-1]), peaks[0], warmup_steps)
    fraction = checks.real("decay_fraction", decay_fraction, 0.0, 1.0)
    checks.choice("decay_of", decay_of, ("elapsed", "cycle"))
    finals = _finals(final_lr, peaks)
    check_power(decay_shape, power)
    lr = np.empty(steps)
    start = warm
    for before, end, peak, final in zip([0, *ends[:-1].tolist()], ends.tolist(), peaks, finals, strict=True):
        length = decay_share(fraction, end if decay_of == "elapsed" else end - before)
        if end - length < start:
            raise InputError(
                f"decay_fraction must leave room between checkpoints: a decay of {length} updates does not fit "
                f"between updates {start} and {end}"
            )
        lr[start : end - length] = peak
        lr[end - length : end] = decay(length, peak, final, decay_shape, power)
        start = end
    lr[:warm] = warmup(warm, peaks[0])
    return Schedule(lr, warm, name)


@SCHEDULES.add("cyclic_cosine", "cyclic_cosine(checkpoints=[5000, 20000], peak_lr=0.1)", "a cosine up to each checkpoint")
def cyclic_cosine(
    checkpoints: Sequence[int],
    peak_lr: float | Sequence[float],
    *,
    final_lr: float | None = None,
    warmup_steps: int = 0,
    name: str = "cyclic cosine",
) -> Schedule:
    """A cosine from the peak to `final_lr` (a tenth of the peak where not given) up to each checkpoint in turn.

    `peak_lr` may be a sequence with a peak for each checkpoint; the warm-up leads to the first.

    >>> cyclic_cosine(checkpoints=[2, 4], peak_lr=1.0, final_lr=0.0).lr.round(3).tolist()
    [0.5, 0.0, 0.5, 0.0]
    """
    ends = _ends(checkpoints)
    peaks = _peaks(peak_lr, ends.size)
    _, _, warm = _basics(int(ends[-1]), peaks[0], warmup_steps)
    finals = _finals(final_lr, peaks)
    if warm >= ends[0]:
        raise InputError(f"warmup_steps must end before the first checkpoint ({int(ends[0])}), not at {warm}")
    pieces = [warmup(warm, peaks[0])]
    for before, end, peak, final in zip([warm, *ends[:-1].tolist()], ends.tolist(), peaks, finals, strict=True):
        pieces.append(decay(end - before, peak, final, "cosine"))
    return Schedule(np.concatenate(pieces), warm, name)


def _peaks(peak_lr: float | Sequence[float], cycles: int) -> list[float]:
    """The peak of each cycle."""
    peaks: list[float] = checks.one_or_each("peak_lr", peak_lr, cycles, "checkpoints", 0.0, open_low=True).tolist()
    return peaks


def _finals(final_lr: float | None, peaks: Sequence[float]) -> list[float]:
    """The last rate of each cycle."""
    return [0.1 * peak if final_lr is None else _final(final_lr, peak) for peak in peaks]


def _ends(checkpoints: Sequence[int]) -> IntArray:
    """Rising update counts, the last of which is the length of the schedule."""
    try:
        given = np.asarray(checkpoints)
    except ValueError:
        raise InputError(f"checkpoints must be a list of update counts, not {checks.show(checkpoints)}") from None
    if given.size and given.dtype.kind in "iuf" and given.max() > MAX_STEPS:
        raise InputError(f"checkpoints must be at most {MAX_STEPS}, but end at {given.max()}")
    return checks.rising_steps("checkpoints", given, low=1)
