"""How long to decay: the best share of a run under the annealing law, against the length of the run, shape by shape."""

import numpy as np
from common import folder, save

import rivervalley as rv
from rivervalley import planning, plots
from rivervalley.laws import AnnealingLaw, published

ETA = published.PEAK_LR
RUNS = np.unique(np.geomspace(10_000, 400_000, 12).round()).astype(int)


def main() -> None:
    out = folder(__doc__)
    golden = published.GOLDEN
    law = AnnealingLaw(L0=golden.L0, A=golden.A, alpha=golden.alpha, C=golden.C)
    plans = {int(T): planning.plan(law, int(T), ETA) for T in RUNS}
    with plots.style():
        figure, axes = plots.figure(1, 2, figsize=(11.0, 4.4))
        for shape in ("linear", "cosine", "sqrt", "square"):
            best = [next(o for o in plan.best_decays if f" {shape}," in o.name) for plan in plans.values()]
            axes[0].plot(RUNS, [o.decay_steps / T for o, T in zip(best, RUNS, strict=True)], "o-", ms=4, label=shape)
        closed = [plan.closed_forms["linear_decay_steps"] / T for T, plan in plans.items()]
        axes[0].plot(RUNS, closed, "k--", lw=1.0, label="linear, closed form for long runs")
        axes[0].set(
            xscale="log",
            yscale="log",
            xlabel="steps of the run",
            ylabel="best decay / run",
            title="Longer runs want shorter shares",
        )
        axes[0].legend()
        for T in (20_000, 50_000, 100_000, 200_000):
            r = np.linspace(0.01, 0.6, 60)
            ends = [law.predict_at(rv.schedules.wsd(T, ETA, decay_steps=max(1, round(x * T))), [T])[0] for x in r]
            axes[1].plot(r, 1e3 * (np.array(ends) - min(ends)), label=f"{T:,} steps")
        axes[1].axhline(1.0, color="0.4", lw=0.8, ls=":")
        axes[1].set(
            ylim=(0.0, 12.0),
            xlabel="decay / run, linear",
            ylabel="loss above the best (0.001 nats)",
            title="The optimum is flat",
        )
        axes[1].legend()
        save(figure, out / "decay_ratio.png")


if __name__ == "__main__":
    main()
