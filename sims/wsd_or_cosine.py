"""WSD or cosine under weight decay, the best peak and the best decay share: maps of a landscape, beside a law's forecasts and real runs.

The equilibrium law sees three runs at one peak, one length and one weight decay; every other point is its forecast.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from common import options, run, save
from matplotlib.ticker import NullFormatter
from scipy.optimize import brentq, minimize_scalar

import rivervalley as rv
from rivervalley import plots
from rivervalley.landscapes import SphericalValley, rules
from rivervalley.laws.clock_fit import fit_clock

WEIGHT_DECAY, STEPS = 0.1, 50_000
# WSD (20 %, linear) less cosine to 0, 10^-3 nats: final validation losses of 124M-parameter runs of Schaipp et al.,
# arXiv 2501.18965 (code and data: fabian-sp/lr-scheduling), 50,000 updates, weight decay 0.1.
REAL = {1e-4: -70.0, 5e-4: -11.0, 1e-3: 4.0, 2e-3: 19.0}
PEAKS, HIGHEST = np.geomspace(7e-5, 6e-3, 17), 0.05  # of the maps; of the search for the best peak
LENGTHS = np.geomspace(5_000, 160_000, 11).round(-2).astype(int)
DECAYS = np.geomspace(0.01, 1.0, 11)

# Final loss under a schedule at a weight decay.
FinalLoss = Callable[[rv.Schedule, float], float]


def schedule(kind: str, steps: int, peak: float, share: float = 0.2) -> rv.Schedule:
    warmup = min(300, steps // 20)
    if kind == "constant":
        return rv.schedules.constant(steps=steps, peak_lr=peak, warmup_steps=warmup)
    if kind == "WSD":
        return rv.schedules.wsd(steps=steps, peak_lr=peak, warmup_steps=warmup, decay_fraction=share)
    final = 0.1 * peak if kind == "cosine to a tenth" else 0.0
    return rv.schedules.cosine(steps=steps, peak_lr=peak, final_lr=final, warmup_steps=warmup)


def expected(valley: SphericalValley) -> FinalLoss:
    return lambda s, decay: float(rules.AdamW(decay).on(valley).expected(s, record_at=[s.steps]).loss[0])


def with_fixed_norm(valley: SphericalValley) -> FinalLoss:
    return lambda s, _: float(rules.Frozen().on(valley).expected(s, record_at=[s.steps]).loss[0])


def forecasts(valley: SphericalValley, steps: int, peak: float) -> dict[str, FinalLoss]:
    """Of the law fitted to three runs, with the constants of real runs and with those of this landscape."""
    kinds = ("constant", "cosine to a tenth", "WSD")
    runs = [valley.expected(schedule(kind, steps, peak)) for kind in kinds]
    curves = [rv.LossCurve(run.steps[1:], run.loss[1:], run.schedule) for run in runs]
    own = fit_clock(curves, weight_decay=WEIGHT_DECAY, memory_exponent=1.0, from_step=1000)
    law = rv.laws.EquilibriumLaw.fit(curves, weight_decay=WEIGHT_DECAY, init_std=valley.start_norm)

    def of(fit) -> FinalLoss:
        return lambda s, decay: float(replace(fit, weight_decay=decay).predict_at(s, [s.steps])[0])

    return {"law, g = 1": of(own), "law as for real runs": of(law)}


def gap(loss: FinalLoss, peak: float, steps: int = STEPS, weight_decay: float = WEIGHT_DECAY) -> float:
    """WSD less cosine to 0, in 10^-3."""
    pair = [loss(schedule(kind, int(steps), float(peak)), float(weight_decay)) for kind in ("WSD", "cosine to 0")]
    return 1e3 * (pair[0] - pair[1])


def best_peak(loss: FinalLoss, kind: str, steps: int, weight_decay: float = WEIGHT_DECAY) -> float:
    """NaN where it lies at the end of the search."""
    found = minimize_scalar(
        lambda x: loss(schedule(kind, int(steps), float(np.exp(x))), weight_decay),
        bounds=(np.log(1e-5), np.log(HIGHEST)),
        method="bounded",
        options={"xatol": 5e-3},
    )
    return float(np.exp(found.x)) if found.x < np.log(0.95 * HIGHEST) else float("nan")


def best_share(loss: FinalLoss, peak: float, weight_decay: float) -> float:
    found = minimize_scalar(
        lambda share: loss(schedule("WSD", STEPS, float(peak), float(share)), weight_decay),
        bounds=(0.02, 0.98),
        method="bounded",
        options={"xatol": 5e-3},
    )
    return float(found.x)


STYLES = {"landscape": ("-", 2.0), "law, g = 1": ("--", 1.3), "law as for real runs": (":", 1.5)}


def draw_map(ax, losses: dict[str, FinalLoss], rows: np.ndarray, gaps: Callable[[FinalLoss, float, float], float]):
    """Colours: the landscape's difference. Lines: where WSD and cosine end alike."""
    image = None
    for name, loss in losses.items():
        values = np.array([[gaps(loss, peak, row) for peak in PEAKS] for row in rows])
        if name == "landscape":
            levels = np.array([-60, -40, -20, -10, -5, 0, 5, 10, 20, 40, 60], float)
            image = ax.contourf(PEAKS, rows, values, levels, cmap="RdBu_r", extend="both", alpha=0.75)
        line, width = STYLES[name]
        ax.contour(PEAKS, rows, values, [0.0], colors="black", linestyles=line, linewidths=width)
    ax.set(xscale="log", yscale="log", xlabel="peak learning rate")
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.grid(False)
    return image


def mark_real(ax, row: float) -> None:
    for peak, value in REAL.items():
        ax.plot(peak, row, marker="_" if value < 0 else "+", ms=13, mew=3.0, color="white", clip_on=False, zorder=5)
        ax.plot(peak, row, marker="_" if value < 0 else "+", ms=11, mew=1.6, color="black", clip_on=False, zorder=6)


def slices(ax, losses: dict[str, FinalLoss]) -> None:
    for name, loss in losses.items():
        line, width = STYLES[name]
        ax.plot(PEAKS, [gap(loss, peak) for peak in PEAKS], line, lw=width, color="C0", label=name)
    ax.plot(list(REAL), list(REAL.values()), "ks", ms=6, label="real runs, 124M")
    ax.axhline(0.0, color="0.4", lw=0.8)
    ax.set(xscale="log", xlabel="peak learning rate", ylabel="WSD - cosine to 0 ($10^{-3}$ nats)")
    ax.set(title="50,000 updates: WSD wins below 0", ylim=(-80, 60))
    ax.legend(fontsize=8)


def peaks_by_length(ax, losses: dict[str, FinalLoss], fixed: FinalLoss) -> tuple[float, float]:
    """Slopes of a cosine to a tenth, in equilibrium and with a fixed norm."""
    slopes = {}
    lengths = LENGTHS[::2]
    for k, kind in enumerate(("cosine to a tenth", "WSD")):
        for name, loss in list(losses.items())[:2]:
            line, width = STYLES[name]
            values = np.array([best_peak(loss, kind, T) for T in lengths])
            ax.plot(lengths, values, line, lw=width, color=f"C{k}", label=kind if name == "landscape" else None)
            slope = np.polyfit(np.log(lengths), np.log(values), 1)[0]
            slopes[kind, name] = slope
            print(f"best peak, {kind}, {name}: slope {slope:.3f} in the length")
            if kind == "cosine to a tenth" and name == "landscape":
                anchor = values[2] * (lengths / lengths[2]) ** rv.theory.best_peak_exponent(0.5)
                ax.plot(lengths, 0.62 * anchor, color="0.4", lw=0.9, label="$T^{-2α/(1+α)}$, α = 1/2")
    values = np.array([best_peak(fixed, "cosine to a tenth", T) for T in lengths])
    ax.plot(lengths, values, "-", color="C7", lw=1.6, label="to a tenth, the norm fixed")
    slope = np.polyfit(np.log(lengths), np.log(values), 1)[0]
    print(f"best peak, cosine to a tenth, fixed norm: slope {slope:.3f} in the length")
    ax.set(xscale="log", yscale="log", xlabel="updates", ylabel="best peak", title="Best peak by length (law dashed)")
    ax.set_ylim(2e-4, 2e-2)
    ax.legend(fontsize=7.5, ncols=2, loc="lower left")
    return slopes["cosine to a tenth", "landscape"], slope


def peaks_by_decay(ax, losses: dict[str, FinalLoss], steps: int) -> None:
    decays = np.geomspace(0.02, 1.0, 7)
    for k, kind in enumerate(("cosine to a tenth", "WSD", "cosine to 0")):
        for name, loss in list(losses.items())[:2]:
            line, width = STYLES[name]
            values = np.array([best_peak(loss, kind, steps, decay) for decay in decays])
            ax.plot(decays, values, line, lw=width, color=f"C{k}", label=kind if name == "landscape" else None)
            inside = np.isfinite(values)
            slope = np.polyfit(np.log(decays[inside]), np.log(values[inside]), 1)[0]
            print(f"best peak, {kind}, {name}: slope {slope:.3f} in the weight decay")
    ax.plot(decays, 1.1e-3 * 0.1 / decays, color="0.4", lw=0.9, label="1 / weight decay")
    ax.set(xscale="log", yscale="log", xlabel="weight decay", ylabel="best peak")
    ax.set(title=f"Best peak, {steps:,} updates (law dashed)")
    ax.legend(fontsize=7.5)


def shares(ax, losses: dict[str, FinalLoss]) -> None:
    peaks = PEAKS[::2]
    for k, decay in enumerate((0.3, 0.1, 0.03, 0.0)):
        for name, loss in list(losses.items())[:2]:
            line, width = STYLES[name]
            values = [best_share(loss, peak, decay) for peak in peaks]
            label = f"weight decay {decay:g}" if name == "landscape" else None
            ax.plot(peaks, values, line, lw=width, color=f"C{k}", label=label)
    ax.set(xscale="log", xlabel="peak learning rate", ylabel="best share to decay", ylim=(0, 1))
    ax.set(title="Best decay of WSD, 50,000 updates (law dashed)")
    ax.legend(fontsize=8)


def main() -> None:
    asked = options(__file__, __doc__, fitted_peak_lr=1e-3, fitted_steps=20_000, top_stiffness=0.15)
    valley = SphericalValley.power_law(192, asked.top_stiffness, bin_ratio=1.12)
    known = forecasts(valley, asked.fitted_steps, asked.fitted_peak_lr)
    losses: dict[str, FinalLoss] = {"landscape": expected(valley), **known}
    with plots.style(asked.style):
        figure, axes = plots.figure(2, 3, figsize=(15.0, 9.2))
        (by_length, by_decay, ends), (peak_length, peak_decay, share) = axes
        draw_map(by_length, losses, LENGTHS, gap)
        image = draw_map(by_decay, losses, DECAYS, lambda loss, peak, decay: gap(loss, peak, STEPS, decay))
        mark_real(by_length, STEPS)
        mark_real(by_decay, WEIGHT_DECAY)
        by_length.set(ylabel="updates", title="WSD (blue) or cosine to 0 (red): weight decay 0.1")
        by_decay.set(ylabel="weight decay", title="The same by weight decay, 50,000 updates")
        by_length.plot(asked.fitted_peak_lr, asked.fitted_steps, "*", ms=13, color="gold", mec="black", label="the law's runs")
        by_length.plot([], [], "k_", ms=10, mew=2, label="real: WSD better")
        by_length.plot([], [], "k+", ms=10, mew=2, label="real: cosine better")
        for name, (line, width) in STYLES.items():
            by_length.plot([], [], "k" + line, lw=width, label=f"equal: {name}")
        by_length.legend(fontsize=7.5, loc="lower left", frameon=True, framealpha=0.85, edgecolor="none")
        bar = figure.colorbar(image, ax=by_decay)
        bar.set_label("WSD - cosine ($10^{-3}$ nats)")
        slices(ends, losses)
        slope, unmoved = peaks_by_length(peak_length, losses, with_fixed_norm(valley))
        peaks_by_decay(peak_decay, losses, asked.fitted_steps)
        shares(share, losses)
        flips = {
            name: float(
                np.exp(brentq(lambda x, loss=loss: gap(loss, np.exp(x)), np.log(PEAKS[0]), np.log(PEAKS[-1]), xtol=1e-3))
            )
            for name, loss in losses.items()
        }
        save(
            figure,
            asked,
            f"""Under a weight decay of {WEIGHT_DECAY:g} WSD beats a cosine to 0 over {STEPS:,} updates below a peak LR of
            {flips["landscape"]:.2e} in the landscape, {flips["law, g = 1"]:.2e} by the law fitted to three runs of
            {asked.fitted_steps:,} updates at {asked.fitted_peak_lr:g} and {flips["law as for real runs"]:.2e} by the law with
            the exponents of real runs, which themselves flip between 5e-4 and 1e-3. The best peak of a cosine to a tenth falls
            with the length as T to the power {slope:.2f}, {unmoved:.2f} where the norm is fixed, and nearly as one over the
            weight decay.""",
        )


if __name__ == "__main__":
    run(main)
