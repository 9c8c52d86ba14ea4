"""How long to decay: the best share of a run under the annealing law, against the length of the run, shape by shape."""

import numpy as np
from common import options, run, save

import rivervalley as rv
from rivervalley import planning, plots
from rivervalley.laws import AnnealingLaw, published


def main() -> None:
    asked = options(
        __file__,
        __doc__,
        peak_lr=published.PEAK_LR,
        shortest_run=10_000,
        longest_run=400_000,
        lengths=(20_000, 50_000, 100_000, 200_000),
    )
    golden = published.GOLDEN
    law = AnnealingLaw(L0=golden.L0, A=golden.A, alpha=golden.alpha, C=golden.C)
    lengths = np.unique(np.geomspace(asked.shortest_run, asked.longest_run, 12).round()).astype(int)
    plans = {int(T): planning.plan(law, int(T), asked.peak_lr) for T in lengths}
    shares, widths = {}, []
    with plots.style(asked.style):
        figure, axes = plots.figure(1, 2, figsize=(11.0, 4.6))
        for shape, marker in zip(("linear", "cosine", "sqrt", "square"), "os^D", strict=True):
            best = [next(o for o in plan.best_decays if f" {shape}," in o.name) for plan in plans.values()]
            shares[shape] = [100 * o.decay_steps / T for o, T in zip(best, lengths, strict=True)]
            label = "1 − sqrt" if shape == "sqrt" else shape
            axes[0].plot(lengths, shares[shape], marker=marker, ms=4, **plots.look(shape), label=label)
        closed = [100 * plan.closed_forms["linear_decay_steps"] / T for T, plan in plans.items()]
        axes[0].plot(lengths, closed, **plots.reference(), label="linear, closed form for long runs")
        axes[0].set(xscale="log", yscale="log", ylabel="best decay (% of the run)", title="Longer runs want shorter shares")
        plots.ticks(axes[0].yaxis, [5, 10, 20, 30, 50], "{:g} %")
        plots.step_axis(axes[0], "steps of the run")
        axes[0].legend()
        for length, colour in zip(asked.lengths, plots.sequence(len(asked.lengths)), strict=True):
            share = np.linspace(0.01, 0.6, 60)
            decays = [rv.schedules.wsd(length, asked.peak_lr, decay_steps=max(1, round(x * length))) for x in share]
            ends = np.array([law.predict_at(s, [length])[0] for s in decays])
            axes[1].plot(100 * share, 1e3 * (ends - ends.min()), color=colour, label=f"{length:,} steps")
            near = 100 * share[ends - ends.min() <= 1e-3]
            widths.append((near[0], near[-1]))
        axes[1].axhline(1.0, **plots.muted(), label="0.001 nats")
        axes[1].set(ylim=(0.0, 12.0), xlabel="linear decay (% of the run)", ylabel="loss above the best (0.001 nats)")
        axes[1].set_title("The optimum is flat")
        axes[1].xaxis.set_major_formatter("{x:g} %")
        axes[1].legend()
        save(
            figure,
            asked,
            f"""Under the annealing law's published constants the best linear decay shrinks from {shares["linear"][0]:.0f} % of a run
            of {lengths[0]:,} steps to {shares["linear"][-1]:.0f} % of one of {lengths[-1]:,}. The optimum is flat: for
            {asked.lengths[-1]:,} steps every decay between {widths[-1][0]:.0f} and {widths[-1][1]:.0f} % is within 0.001 nats of the
            best.""",
        )


if __name__ == "__main__":
    run(main)
