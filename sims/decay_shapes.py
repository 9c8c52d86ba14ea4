"""Decay shapes against length: the hill loss left by each, beside the best that any rates can do, and what those rates are."""

import numpy as np
from common import folder, save
from matplotlib.ticker import NullFormatter

import rivervalley as rv
from rivervalley import plots
from rivervalley.planning import optimal

PEAK = 0.5
LENGTHS = np.unique(np.geomspace(10, 3000, 16).round().astype(int))
OPTIMA = np.array([10, 25, 50, 100, 200, 400, 800, 1600, 3000])
SHAPES = {"inverse": "C0", "linear": "C1", "cosine": "C2", "sqrt": "C3", "exponential": "C4"}


def main() -> None:
    out = folder(__doc__)
    valley = rv.landscapes.RiverValley(hills=np.geomspace(0.02, 1.0, 50), noise_std=1.0, river=rv.landscapes.FlatRiver())
    stable = optimal.stationary(valley, PEAK)
    best = {steps: rv.optimal_cooldown(valley, int(steps), PEAK) for steps in OPTIMA}
    with plots.style():
        figure, (left, middle, right) = plots.figure(1, 3, figsize=(14.0, 4.6))
        for ax, floor in ((left, 0.1), (middle, 0.01)):
            for shape, colour in SHAPES.items():
                loss = []
                for steps in LENGTHS:
                    decay = rv.schedules.wsd(int(steps), PEAK, decay_steps=int(steps), decay_shape=shape, final_lr=floor * PEAK)
                    loss.append(valley.expected(decay, initial=stable, record_at=[int(steps) + 1]).loss[-1])
                ax.plot(LENGTHS, loss, color=colour, label="1 − sqrt" if shape == "sqrt" else shape)
            ax.plot(OPTIMA, [best[steps].loss for steps in OPTIMA], "k--", label="best possible")
            ax.axhline(valley.stationary_hill_loss(PEAK), color="0.5", lw=0.8, ls=":")
            ax.text(10, 1.03 * valley.stationary_hill_loss(PEAK), "stable phase", fontsize=9, color="0.35", va="bottom")
            ax.set(
                xscale="log",
                yscale="log",
                ylim=(0.13, 9.0),
                xlabel="length of the decay (updates)",
                title=f"Decay to {floor:g} of the peak rate",
            )
            ax.set_yticks([0.2, 0.5, 1.0, 2.0, 5.0], ["0.2", "0.5", "1", "2", "5"])
            ax.yaxis.set_minor_formatter(NullFormatter())
        left.set_ylabel("hill loss left, noise 1, 50 hills")
        left.legend(loc="lower left")
        for steps, colour in ((50, "C5"), (200, "C0"), (800, "C2"), (3000, "C1")):
            rates = (best.get(steps) or rv.optimal_cooldown(valley, steps, PEAK)).schedule.lr
            right.plot((np.arange(steps) + 1) / steps, rates / PEAK, color=colour, label=f"best of {steps:,} updates")
        u = np.linspace(0.0, 1.0, 200)
        right.plot(u, 1.0 / (1.0 + 9.0 * u), color="0.4", lw=1.2, ls="--", label="inverse to a tenth")
        right.axhline(0.5, color="0.5", lw=0.8, ls=":")
        right.text(1.0, 0.52, "the best first step: half the peak rate", fontsize=9, color="0.35", ha="right", va="bottom")
        right.set(
            xlabel="fraction of the decay",
            ylabel="rate / peak rate",
            yscale="log",
            title="The best rates jump to a half, then fall",
        )
        right.set_yticks([0.01, 0.1, 0.5, 1.0], ["0.01", "0.1", "0.5", "1"])
        right.legend(loc="lower left")
        save(figure, out / "decay_shapes.png")


if __name__ == "__main__":
    main()
