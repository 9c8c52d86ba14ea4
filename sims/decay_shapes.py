"""Decay shapes against length: the hill loss left by each, beside the best that any LRs can do, and what those LRs are."""

import numpy as np
from common import options, run, save

import rivervalley as rv
from rivervalley import plots
from rivervalley.planning import optimal

OPTIMA = np.array([10, 25, 50, 100, 200, 400, 800, 1600, 3000])
SHAPES = ("inverse", "linear", "cosine", "sqrt", "exponential")
SHOWN = (50, 200, 800, 3000)


def main() -> None:
    asked = options(__file__, __doc__, peak_lr=0.5, hills=50, lowest_curvature=0.02, highest_curvature=1.0, floors=(0.1, 0.01))
    peak, floors = asked.peak_lr, asked.floors[:2]
    curvatures = np.geomspace(asked.lowest_curvature, asked.highest_curvature, asked.hills)
    valley = rv.landscapes.RiverValley(hills=curvatures, noise_std=1.0, river=rv.landscapes.FlatRiver())
    stable = optimal.stationary(valley, peak)
    lengths = np.unique(np.geomspace(OPTIMA[0], OPTIMA[-1], 16).round().astype(int))
    best = {int(steps): rv.optimal_cooldown(valley, int(steps), peak) for steps in OPTIMA}
    left_over = {}
    with plots.style(asked.style):
        figure, axes = plots.figure(1, 3, figsize=(14.0, 5.2))
        for ax, floor in zip(axes, floors, strict=False):
            for shape in SHAPES:
                loss = []
                for steps in lengths.tolist():
                    decay = rv.schedules.wsd(steps, peak, decay_steps=steps, decay_shape=shape, final_lr=floor * peak)
                    loss.append(valley.expected(decay, initial=stable, record_at=[steps + 1]).loss[-1])
                ax.plot(lengths, loss, **plots.look(shape), label="1 − sqrt" if shape == "sqrt" else shape)
                left_over[floor, shape] = loss[-1]
            ax.plot(OPTIMA, [best[int(steps)].loss for steps in OPTIMA], ".-", color=plots.ink(), lw=0.9, label="best possible")
            ax.axhline(valley.stationary_hill_loss(peak), **plots.muted(), label="stable phase")
            ax.set(xscale="log", yscale="log", ylim=(0.13, 9.0), title=f"Decay to {100 * floor:g} % of the peak LR")
            plots.step_axis(ax, "length of the decay (steps)")
            plots.ticks(ax.yaxis, [0.2, 0.5, 1.0, 2.0, 5.0])
        axes[0].set_ylabel(f"hill loss left ({asked.hills} hills, noise 1)")
        for steps, colour in zip(SHOWN, plots.sequence(len(SHOWN)), strict=True):
            lrs = best[steps].schedule.lr
            axes[2].plot((np.arange(steps) + 1) / steps, 100 * lrs / peak, color=colour, label=f"best of {steps:,} steps")
        u = np.linspace(0.0, 1.0, 200)
        axes[2].plot(u, 100 / (1.0 + 9.0 * u), **plots.look("inverse"), lw=1.2, label="inverse to 10 %")
        axes[2].axhline(50.0, **plots.muted(), label="half the peak LR: the best first step")
        axes[2].set(xlabel="fraction of the decay", ylabel="LR (% of the peak)", yscale="log")
        axes[2].set_title("The best LRs jump to a half, then fall")
        plots.ticks(axes[2].yaxis, [1, 3, 10, 30, 100], "{:g} %")
        for ax in axes:
            ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=2, fontsize=8)
        longest = int(OPTIMA[-1])
        winner = min(SHAPES, key=lambda shape: left_over[floors[-1], shape])
        save(
            figure,
            asked,
            f"""After a decay of {longest:,} steps to {100 * floors[-1]:g} % of the peak LR, {winner} leaves the least hill loss of the
            five shapes ({left_over[floors[-1], winner]:.2f}), linear {left_over[floors[-1], "linear"]:.2f}; the best LRs leave
            {best[longest].loss:.2f} of the {valley.stationary_hill_loss(peak):.1f} of the stable phase. The best LRs start at half
            the peak whatever the length, and then fall the more steeply the longer the decay.""",
        )


if __name__ == "__main__":
    run(main)
