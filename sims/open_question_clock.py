"""What makes the memory of real runs relax on sum eta / n^g with g near 2 where Adam on a sphere has g = 1? One cause at a time.

Nine WSD runs at three peaks, as real runs of 124M parameters had them; the equilibrium law's exponents fitted to all alike.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context

import numpy as np
from common import options, run, save
from matplotlib.ticker import NullFormatter
from scipy.special import zeta

import rivervalley as rv
from rivervalley import plots
from rivervalley.landscapes import FlatRiver, PowerRiver, SphericalValley, rules
from rivervalley.laws.clock_fit import ClockFit, fit_clock

PEAKS, RUNS = ("0.0005", "0.001", "0.002"), ((0.2, 50_000), (0.6, 25_000), (0.6, 50_000))
READ_EVERY, SCATTER = 1_000, 3e-4  # readings, and their scatter: that of neighbouring validation losses
WEIGHT_DECAY, NORM, HEIGHT = 0.1, 0.02, 54.0 * zeta(2.22)  # HEIGHT: sum of all heights, hills of .27 nats at 1e-3
ADAMW, NO_DECAY = rules.AdamW(WEIGHT_DECAY), rules.AdamW(0.0)


@dataclass(frozen=True)
class Spectrum:
    """What nobody knows of a real landscape: exponents of hills, stiffness of the first, sizes of hills and river."""

    exponent: float = 2.22
    memory: float = 0.55
    top: float = 0.5
    height: float = 1.0
    river: float = 4.0

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Spectrum:
        """One at random."""
        top = 0.5 * np.exp(rng.normal(0.0, 0.4))
        return cls(
            rng.uniform(1.8, 2.6), rng.uniform(0.4, 0.75), top, np.exp(rng.normal(0.0, 0.2)), 4.0 * np.exp(rng.normal(0.0, 0.2))
        )


@dataclass(frozen=True)
class Block:
    """Weights with a norm of their own, and their shares of the hills and of the river."""

    hills: float = 1.0
    river: float = 0.0
    rule: rules.Rule = ADAMW
    start_norm: float = NORM
    stiffness: float = 1.0  # of its hills, relative to that of the others
    forgetting: bool = True

    def valley(self, spectrum: Spectrum, follows: float = 0.0) -> SphericalValley:
        c = 1.0 + spectrum.exponent * spectrum.memory
        height = self.hills * spectrum.height * HEIGHT / zeta(c)
        river = PowerRiver(self.river * spectrum.river, 2.0) if self.river > 0.0 else FlatRiver()
        return SphericalValley.power_law(
            192,
            self.stiffness * spectrum.top,
            spectrum.exponent,
            c,
            max(height, 1e-12),
            bin_ratio=1.12,
            floor=0.0,
            river=river,
            start_norm=self.start_norm,
            rule=self.rule,
            forgetting=self.forgetting,
            stiffness_exponent=follows,
        )


def readings(schedule: rv.Schedule) -> np.ndarray:
    return np.arange(READ_EVERY, schedule.steps + 1, READ_EVERY)


def blocks(parts: tuple[Block, ...], spectrum: Spectrum, schedule: rv.Schedule) -> np.ndarray:
    """Losses of blocks that share nothing but the schedule: they add up."""
    return sum(part.valley(spectrum).expected(schedule, record_at=readings(schedule)).loss for part in parts)


def following(stiff: float, noise: float, spectrum: Spectrum, schedule: rv.Schedule) -> np.ndarray:
    """Curvatures as n^-(stiff + noise) and their noise as n^-noise, so that stiffness, their ratio, goes as n^-stiff.

    stiffness_exponent moves the drift; as all hills go together, their curvature is a factor of the whole hill loss.
    """
    at, valley = readings(schedule), Block(river=1.0).valley(spectrum, stiff)
    run = valley.expected(schedule, record_at=at)
    return run.components["river"] + run.components["hill"] * (NORM / valley.norms(schedule)[at]) ** (stiff + noise)


Factor = Callable[[np.ndarray], np.ndarray]


def moving(stiffness: Factor, curvature: Factor, spectrum: Spectrum, schedule: rv.Schedule) -> np.ndarray:
    """Stiffness and curvature of all hills times functions of the path of relative steps."""
    at, valley = readings(schedule), Block(river=1.0).valley(spectrum)
    n = valley.norms(schedule)
    keep, turn, r = (1.0 - schedule.lr * WEIGHT_DECAY) * n[:-1] / n[1:], schedule.lr / n[1:], schedule.lr / n[:-1]
    pull, V, hill = turn * stiffness(r), np.zeros(valley.stiffness.size), np.zeros(schedule.steps + 1)
    for t in range(schedule.steps):
        V = (keep[t] - pull[t] * valley.stiffness) ** 2 * V + turn[t] ** 2
        hill[t + 1] = 0.5 * float(valley.weight @ V)
    river = valley.expected(schedule, record_at=at).components["river"]
    return river + hill[at] * curvature(r)[at - 1]


def edge(r: np.ndarray) -> np.ndarray:
    """Stiffness that stays at the edge of stability at all times: r times it is fixed, up to a factor of 20."""
    return np.minimum(np.sqrt(2.0 * 1e-3 * WEIGHT_DECAY) / np.maximum(r, 1e-9), 20.0)


def power_of_clock(exponent: float, r: np.ndarray) -> np.ndarray:
    return (1.0 + np.cumsum(r) / 20.0) ** exponent


def unmoved(r: np.ndarray) -> np.ndarray:
    return np.ones_like(r)


def shared(share: float, **other: object) -> tuple[Block, ...]:
    """A share of hills and river in a block of its own."""
    return Block(1.0 - share, 1.0 - share), Block(share, share, **other)


WHOLE = Block(river=1.0)
CASES: dict[str, dict[str, Callable[[Spectrum, rv.Schedule], np.ndarray]]] = {
    "as it is": {
        "one block under AdamW": partial(blocks, (WHOLE,)),
        "hills that do not forget": partial(blocks, (Block(river=1.0, forgetting=False),)),
    },
    "noise and optimiser": {
        "a ninth of the batch": partial(blocks, (Block(3.0, 1.0, stiffness=1.0 / 3.0),)),
        "nine times the batch": partial(blocks, (Block(1.0 / 3.0, 1.0, stiffness=3.0),)),
        "gradient noise grows as S$^{0.1}$": partial(moving, partial(power_of_clock, -0.1), unmoved),
        "Adam(.9, .95)": partial(blocks, (Block(river=1.0, rule=rules.Adam(0.9, 0.95, WEIGHT_DECAY)),)),
        "Adam(.9, .999): v lags": partial(blocks, (Block(river=1.0, rule=rules.Adam(0.9, 0.999, WEIGHT_DECAY)),)),
        "Adam(.9, .95), gradient clipped": partial(
            blocks, (Block(river=1.0, rule=rules.Adam(0.9, 0.95, WEIGHT_DECAY, clip=10.0)),)
        ),
    },
    "curvature that moves": {
        "as n$^{-1/2}$": partial(following, 0.5, 0.0),
        "as 1/n: edge of stability over peaks": partial(following, 1.0, 0.0),
        "as 1/n$^2$, its noise as 1/n": partial(following, 1.0, 1.0),
        "as 1/r, in the decay too": partial(moving, edge, edge),
        "grows as S$^{0.25}$": partial(moving, *[partial(power_of_clock, 0.25)] * 2),
    },
    "several blocks": {
        "half starts at n = .004": partial(blocks, shared(0.5, start_norm=0.004)),
        "three quarters start at n = .004": partial(blocks, shared(0.75, start_norm=0.004)),
        "weight decay .03, .1, .3": partial(
            blocks, tuple(Block(1.0 / 3.0, 1.0 / 3.0, rules.AdamW(wd)) for wd in (0.03, 0.1, 0.3))
        ),
    },
    "weights without decay": {
        "a tenth": partial(blocks, shared(0.1, rule=NO_DECAY)),
        "a quarter": partial(blocks, shared(0.25, rule=NO_DECAY)),
        "a quarter of the hills": partial(blocks, (Block(0.75, 1.0), Block(0.25, rule=NO_DECAY))),
        "a tenth, not scale-invariant": partial(blocks, shared(0.1, rule=rules.Frozen())),
        "a quarter of the hills in gains from 1": partial(
            blocks, (Block(0.75, 1.0), Block(0.25, rule=rules.Frozen(), start_norm=1.0))
        ),
    },
}


# What moves g toward real runs, fitted once more to late readings.
CANDIDATES = (
    "one block under AdamW",
    "as 1/n: edge of stability over peaks",
    "three quarters start at n = .004",
    "a quarter",
    "weight decay .03, .1, .3",
)


def schedules() -> list[rv.Schedule]:
    return [
        rv.schedules.wsd(steps=steps, peak_lr=float(peak), warmup_steps=300, decay_fraction=share)
        for peak in PEAKS
        for share, steps in RUNS
    ]


def fit(curves: list[rv.LossCurve], from_step: int = READ_EVERY) -> ClockFit:
    return fit_clock(curves, weight_decay=WEIGHT_DECAY, init_std=NORM, from_step=from_step)


def landscape_fit(case: Callable[[Spectrum, rv.Schedule], np.ndarray], seed: int, from_step: int) -> ClockFit:
    """The law of nine runs on a landscape drawn at random, read with scatter."""
    rng = np.random.default_rng(seed)
    spectrum = Spectrum.draw(rng)
    return fit(
        [
            rv.LossCurve(readings(s), (2.4 + case(spectrum, s)) * (1.0 + SCATTER * rng.normal(size=readings(s).size)), s)
            for s in schedules()
        ],
        from_step,
    )


def real_curves() -> list[rv.LossCurve]:
    """The same nine of real runs, read at the same updates."""
    curves = [rv.datasets.load(f"lrs/sp_124M_wsd-linear{share}_lr{peak}_T{T}") for peak in PEAKS for share, T in RUNS]
    kept = [(c.steps % READ_EVERY == 0) & (c.steps > 0) for c in curves]
    return [rv.LossCurve(c.steps[k], c.loss[k], c.schedule) for c, k in zip(curves, kept, strict=True)]


def numbers(fits: list[ClockFit]) -> np.ndarray:
    """g, p, beta and the misfit, a row for each fit."""
    return np.array([[f.memory_exponent, f.noise_exponent, f.beta, f.rms] for f in fits])


def main() -> None:
    asked = options(__file__, __doc__, landscapes=5, late=10_000)
    seeds, late_from = range(asked.landscapes), asked.late
    real = real_curves()
    left_out = [[c for j, c in enumerate(real) if j != k] for k in range(len(real))]
    cases = {name: case for group in CASES.values() for name, case in group.items()}
    jobs = [(name, seed, READ_EVERY) for name in cases for seed in seeds]
    jobs += [(name, seed, late_from) for name in CANDIDATES for seed in seeds]
    found: dict[tuple[str, int], list[ClockFit]] = {}
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        fitted = pool.map(landscape_fit, [cases[name] for name, _, _ in jobs], *zip(*[job[1:] for job in jobs], strict=True))
        measured = list(pool.map(fit, [real, *left_out]))
        late = fit(real, late_from)
        for (name, _, start), law in zip(jobs, fitted, strict=True):
            found.setdefault((name, start), []).append(law)
    center, jackknife = numbers(measured[:1])[0], numbers(measured[1:])
    error = np.sqrt((len(real) - 1) * np.var(jackknife, axis=0))  # of the estimate, by leaving each run out
    draw(found, center, error, numbers([late])[0], asked)
    print(f"{'real runs, 124M':50}" + "".join(f"{c:9.3g} +- {e:<7.2g}" for c, e in zip(center, error, strict=True)))
    print(f"{f'real runs from {late_from:,} on':50}" + "".join(f"{c:9.3g}           " for c in numbers([late])[0]))
    for (name, start), laws in found.items():
        middle, spread = numbers(laws).mean(axis=0), numbers(laws).std(axis=0, ddof=1)
        label = name if start == READ_EVERY else f"{name}, from {start:,} on"
        print(f"{label:50}" + "".join(f"{m:9.3g} +- {s:<7.2g}" for m, s in zip(middle, spread, strict=True)))


def draw(
    found: dict[tuple[str, int], list[ClockFit]],
    center: np.ndarray,
    error: np.ndarray,
    late: np.ndarray,
    asked: argparse.Namespace,
) -> None:
    """Points: landscapes. Squares: the same fitted to late readings alone."""
    labels = (
        "g: memory clock Σ η / n$^g$",
        "p: noise as (η / n)$^p$",
        "β of the memory; bound 20",
        "rms misfit of log loss",
    )
    limits = ((-1.2, 3.6), (0.25, 1.25), (0.08, 28.0), (1e-4, 6e-3))
    with plots.style(asked.style):
        figure, axes = plots.figure(1, 4, figsize=(14.5, 8.2), sharey=True)
        row, ticks, heads = 0, {}, {}
        for k, (group, cases) in enumerate(CASES.items()):
            heads[row] = group
            row += 1
            for name in cases:
                values = numbers(found[name, READ_EVERY])
                for j, ax in enumerate(axes):
                    ax.plot(values[:, j], np.full(len(values), row), ".", ms=4, color=f"C{k}", alpha=0.45)
                    ax.errorbar(
                        values[:, j].mean(), row, xerr=values[:, j].std(ddof=1), fmt="o", ms=5, capsize=2, color=f"C{k}"
                    )
                    if name in CANDIDATES:
                        last = numbers(found[name, asked.late])[:, j]
                        ax.errorbar(last.mean(), row + 0.3, xerr=last.std(ddof=1), fmt="s", ms=4.5, mfc="white", color=f"C{k}")
                ticks[row] = name
                row += 1
        for j, ax in enumerate(axes):
            ax.axvspan(center[j] - error[j], center[j] + error[j], color="0.5", alpha=0.2, lw=0)
            ax.axvline(center[j], color="black", lw=1.2)
            ax.axvline(late[j], color="black", lw=1.0, ls="--")
            ax.set(title=labels[j], xscale="log" if j > 1 else "linear", xlim=limits[j])
            ax.xaxis.set_minor_formatter(NullFormatter())
            ax.grid(axis="y", visible=False)
        axes[0].axvline(1.0, color="0.4", lw=0.9, ls=":")
        axes[0].text(0.93, -0.75, "Adam on\na sphere", ha="right", va="bottom", fontsize=8, color="0.35")
        axes[0].text(center[0] + 0.08, -0.75, "real runs", ha="left", va="bottom", fontsize=8)
        axes[0].set_yticks([*ticks, *heads], [*ticks.values(), *heads.values()], fontsize=8.5)
        for label in axes[0].get_yticklabels()[len(ticks) :]:
            label.set_fontweight("bold")
        axes[0].set_ylim(row - 0.4, -1.7)
        figure.suptitle(
            f"Exponents that the law finds in nine WSD runs at three peaks: one cause at a time, {asked.landscapes} landscapes "
            "each (mean and standard deviation);\nblack: the same nine runs of a real 124M-parameter model, band: jackknife "
            f"error. Squares and dashed line: readings from update {asked.late:,} on alone"
        )
        own, moved = (numbers(found[name, READ_EVERY]) for name in CANDIDATES[:2])
        own_g, own_p, moved_g, moved_p = own[:, 0], own[:, 1], moved[:, 0], moved[:, 1]
        save(
            figure,
            asked,
            f"""Nine real WSD runs at three peaks want g = {center[0]:.2f} +- {error[0]:.2f} in the memory clock and p =
            {center[1]:.2f} +- {error[1]:.2f} in the noise, a scale-invariant landscape under AdamW has {own_g.mean():.2f} +-
            {own_g.std(ddof=1):.2f} and {own_p.mean():.2f} +- {own_p.std(ddof=1):.2f}. Of {len(found) - len(CANDIDATES) - 1} causes
            tried one at a time, curvature that falls as 1 / n moves both there, to {moved_g.mean():.2f} +-
            {moved_g.std(ddof=1):.2f} and {moved_p.mean():.2f} +- {moved_p.std(ddof=1):.2f}; blocks with norms or weight decays
            of their own and weights without decay move g alone, batch, the lag of v, clipping and gains move neither.""",
        )


if __name__ == "__main__":
    run(main)
