"""Constant, cosine and WSD in a river valley: the loss is the river plus the hills, and the expectation is known exactly."""

import numpy as np
from common import folder, save

import rivervalley as rv
from rivervalley import plots

STEPS, PEAK = 20_000, 0.5


def main() -> None:
    out = folder(__doc__)
    valley = rv.landscapes.RiverValley(
        hills=np.geomspace(0.05, 2, 15), noise_std=0.15, river=rv.landscapes.PowerRiver(1.0, 1.0)
    )
    schedules = [
        rv.schedules.constant(steps=STEPS, peak_lr=PEAK),
        rv.schedules.cosine(steps=STEPS, peak_lr=PEAK),
        rv.schedules.wsd(steps=STEPS, peak_lr=PEAK, decay_fraction=0.1, name="WSD, 10 % linear"),
    ]
    with plots.style():
        figure, axes = plots.figure(1, 3, figsize=(11.5, 4.0), sharey=True)
        for ax, schedule in zip(axes, schedules, strict=True):
            run = rv.simulate(valley, schedule, trajectories=256, seed=1, progress=True)
            exact = valley.expected(schedule)
            ax.plot(run.steps, run.loss, lw=1.0, label=f"loss, mean of {run.trajectories}")
            ax.plot(exact.steps, exact.loss, "k--", lw=1.0, label="loss, exact expectation")
            ax.plot(run.steps, run.components["river"], label="river: falls with the sum of rates")
            ax.plot(run.steps, run.components["hill"], label="hills: follow the rate")
            ax.set(xlabel="step", yscale="log", title=f"{schedule.name}: {run.loss[-1]:.4f} at the end")
        axes[0].set_ylabel("loss")
        axes[0].legend(loc="lower left")
        save(figure, out / "river_and_hill.png")


if __name__ == "__main__":
    main()
