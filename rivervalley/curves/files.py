"""Loss curves out of the logs of training runs, and into CSV files with the columns step, lr and loss."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from rivervalley._common import checks
from rivervalley._common.checks import InputError
from rivervalley._common.log_file import write_log
from rivervalley.curves import given_rates, logged_rates
from rivervalley.curves.curve import LossCurve
from rivervalley.curves.readers import tensorboard
from rivervalley.curves.readers.columnar import DataFrame
from rivervalley.curves.readers.find import logs_of
from rivervalley.curves.readers.log import Log
from rivervalley.curves.readers.readings import Choices, readings
from rivervalley.schedules import Schedule

LogSource: TypeAlias = str | os.PathLike[str] | DataFrame
GivenSchedule: TypeAlias = Schedule | str | os.PathLike[str]


class CurveWarning(UserWarning):
    """Learning rates of a curve were guessed, or contradict each other; or a run without losses is left out."""


class _NoLossError(InputError):
    """A run has no loss."""


def read_curve(
    source: LogSource,
    schedule: GivenSchedule | Mapping[str, GivenSchedule] | None = None,
    warmup_steps: int | None = None,
    name: str | None = None,
    *,
    columns: Mapping[str, str] | None = None,
    run: str | None = None,
    batch_tokens: int | None = None,
    duplicates: str = "keep-last",
) -> LossCurve:
    """Read the losses of a training run, and its schedule, from a log.

    Reads CSV, TSV and other text in columns, exports of Weights & Biases, Lightning's metrics.csv, the trainer_state.json of
    Hugging Face, JSON Lines, TensorBoard event files, text logs of nanoGPT, torchtitan and Megatron-LM, Parquet, any of them
    compressed by gzip or Zstandard, and data frames. The format is told by the content.

    The step counts the updates done when the loss was read. The rate logged there is lr[step], that of the update that comes
    next (updates counted from 0); the last row's ends the schedule and belongs to no update. A row without a loss gives a rate
    alone, a row without a rate a loss alone. Columns are found by the names in use: step, iter, global_step, ...; lr,
    learning_rate, ...; loss, val_loss, ... Where several may be the loss, the message lists them. A column `warmup_steps`
    stands in for the argument.

    Where the log leaves out rates, those between two rows are interpolated linearly. Those before the first row rise linearly
    from 0 over `warmup_steps` updates to the first row's rate, or equal it where no warm-up is known. This is said by a
    CurveWarning, `schedule_source` and `notes`: pass `schedule` to have it exact. A loss at step 0 lies before the first
    update, where no law holds; it is dropped, as losses of nan or inf are, and `notes` says so.

    Parameters
    ----------
    source : path or data frame
        A log file in UTF-8, a folder of TensorBoard events, or a data frame of pandas or polars.
    schedule : Schedule, its text, or path of a schedule's file, optional
        The rate of every update, in place of a file SOURCE.schedule that may stand beside the log; or such schedules by the
        names of runs. No rates need be logged then; where they are and disagree, a CurveWarning says so. The path may also be
        that of another log, whose rates belong to this one's losses.
    warmup_steps : int, optional
        How many of the first updates are warm-up: lr[warmup_steps - 1] is at its peak. 0 says that there was none.
    name : str, optional
        By default the run's name where the log tells it, or the file's without its suffix; the folder's for metrics.csv and
        trainer_state.json.
    columns : mapping, optional
        Which column is which, such as {"step": "iter", "loss": "val/loss"}; "step", "tokens", "lr" and "loss" can be said.
    run : str, optional
        Which run, where the log holds several.
    batch_tokens : int, optional
        Tokens of an update: makes steps out of a column that counts tokens.
    duplicates : {"keep-last", "keep-first", "refuse"}
        Which readings count where the log goes back to an earlier step, as that of a resumed run does. By default the later
        ones take the place of all earlier ones from that step on.

    Returns
    -------
    LossCurve

    Raises
    ------
    InputError
        If the log or the schedule cannot be used; the message names the file, the line and what is allowed.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder) / "run.csv"
    ...     _ = file.write_text("iter,learning_rate,val_loss\\n0,0.1,9.0\\n1,0.1,4.0\\n2,0.05,3.5\\n")
    ...     read_curve(file)
    LossCurve('run', 2 losses, steps 1 to 2 of 2)
    """
    choices = Choices(columns or {}, batch_tokens, duplicates)
    logs = logs_of(source)
    if run is not None:
        logs = [_named(logs, source, run)]
    if len(logs) > 1:
        shown = ", ".join(log.run for log in logs[:8]) + (", ..." if len(logs) > 8 else "")
        raise InputError(
            f"{logs[0].source} holds {len(logs)} runs, {shown}: choose with run={logs[0].run!r} or --run, or read all with read_curves"
        )
    schedule = given_rates.beside(source) if schedule is None else schedule
    curve, doubts = _curve(source, logs[0], schedule, warmup_steps, name, choices)
    _warn(logs[0], doubts)
    return curve


def read_curves(
    source: LogSource,
    schedule: GivenSchedule | Mapping[str, GivenSchedule] | None = None,
    warmup_steps: int | None = None,
    *,
    columns: Mapping[str, str] | None = None,
    runs: Sequence[str] | None = None,
    batch_tokens: int | None = None,
    duplicates: str = "keep-last",
) -> list[LossCurve]:
    """Read all runs of a log, or those that `runs` names; the other arguments are those of `read_curve`.

    Raises
    ------
    InputError
        If the log, a run or a schedule cannot be used.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder) / "panel.csv"
    ...     _ = file.write_text('"Step","a - loss","b - loss"\\n"10","3.2","3.3"\\n"20","3.1","3.2"\\n')
    ...     read_curves(file, schedule="constant(steps=20, peak_lr=0.1)")
    [LossCurve('a', 2 losses, steps 10 to 20 of 20), LossCurve('b', 2 losses, steps 10 to 20 of 20)]
    """
    choices = Choices(columns or {}, batch_tokens, duplicates)
    logs = logs_of(source)
    if runs is not None:
        logs = [_named(logs, source, run) for run in runs]
    schedule = given_rates.beside(source) if schedule is None else schedule
    curves = []
    for log in logs:
        try:
            curve, doubts = _curve(source, log, schedule, warmup_steps, None, choices)
        except _NoLossError:
            if runs is not None or len(logs) == 1:
                raise
            doubts = ["it has no loss after its first update, and is left out"]
        else:
            curves.append(curve)
        _warn(log, doubts)
    if not curves:
        raise InputError(f"{logs[0].source} must hold a loss after the first update, but none of its {len(logs)} runs has one")
    return curves


def write_curve(path: str | os.PathLike[str], curve: LossCurve, every_rate: bool = True) -> None:
    """Write a curve as a CSV file with columns step, lr and loss, whole or not at all.

    Every update gets a row, with a blank loss where none was read, so that `read_curve` gives back the same steps, losses
    and rates to the last bit; a column warmup_steps is added where there is a warm-up. With `every_rate=False` only rows
    with a loss are written, and the rates between are lost to the file.

    Raises
    ------
    InputError
        If `path` cannot be written or `curve` is no LossCurve.
    """
    if not isinstance(curve, LossCurve):
        raise InputError(f"curve must be a LossCurve, not {checks.show(curve)}")
    schedule = curve.schedule
    write_log(path, schedule.lr, schedule.warmup_steps, curve.steps, {"loss": curve.loss}, every_rate=every_rate)


def _curve(
    source: LogSource,
    log: Log,
    schedule: GivenSchedule | Mapping[str, GivenSchedule] | None,
    warmup_steps: int | None,
    name: str | None,
    choices: Choices,
) -> tuple[LossCurve, list[str]]:
    """The curve of one run, and what of its rates was guessed or contradicts."""
    chosen = given_rates.of_run(schedule, log.run)
    found = readings(log, choices, chosen is None)
    elsewhere = given_rates.logged_elsewhere(chosen, log.run)
    if elsewhere is not None:
        rates_read = readings(elsewhere, replace(choices, columns={}), needs_lr=True, needs_loss=False)
        last = max(found.last_step, rates_read.last_step)
        found = replace(found, lr_steps=rates_read.lr_steps, lr=rates_read.lr, last_step=last)
        chosen = None
    warmup = logged_rates.warmup_of(log.source, found, warmup_steps)
    if chosen is not None:
        rates, rates_from = given_rates.given(chosen, warmup), "given"
        doubts = logged_rates.disagreement(found.lr_steps, found.lr, rates)
    else:
        rates, rates_from, doubts = logged_rates.rebuilt(log.source, found, warmup)
    notes = [*found.notes]
    after = found.loss_steps > 0
    if not after.all():
        notes.append("the loss at step 0, before the first update, is dropped")
    if not after.any():
        raise _NoLossError(f"{log.label} must hold a loss after the first update, but it has none")
    label = log.run or _file_name(source) if name is None else name
    rates = replace(rates, name=label) if rates_from != "given" else rates
    curve = LossCurve(
        found.loss_steps[after],
        found.loss[after],
        rates,
        label,
        rates_from,
        (*notes, *doubts),
        nonfinite_steps=found.nonfinite_steps,
    )
    return curve, doubts


def _named(logs: Sequence[Log], source: LogSource, run: str) -> Log:
    """The run of that name, or the only one whose name holds it."""
    if not isinstance(run, str):
        raise InputError(f"run must be text, not {checks.show(run)}")
    fits = [log for log in logs if log.run == run] or [log for log in logs if run and run in log.run]
    if len(fits) == 1:
        return fits[0]
    names = ", ".join(log.run for log in (fits or logs)[:12] if log.run) or "without a name"
    raise InputError(f"run must name one run of {logs[0].source}, which holds {names}, not {checks.show(run)}")


def _file_name(source: LogSource) -> str:
    """A file's name without its suffixes; its folder's where all files of that kind are named alike."""
    if not isinstance(source, (str, os.PathLike)):
        return "curve"
    path = Path(source)
    stem = path.name
    for suffix in (".gz", ".zst", path.with_suffix("").suffix if path.suffix in (".gz", ".zst") else path.suffix):
        stem = stem.removesuffix(suffix)
    alike = stem in ("metrics", "trainer_state") or (tensorboard.MARK in stem and path.is_file())
    return path.absolute().parent.name or stem if alike else stem


def _warn(log: Log, doubts: Sequence[str]) -> None:
    """All that is doubtful about a run as one warning, with the name of its file."""
    if doubts:
        where = Path(log.source).name + (f", run {log.run}" if log.run else "")
        warnings.warn(f"{where}: {'; '.join(doubts)}", CurveWarning, stacklevel=3)
