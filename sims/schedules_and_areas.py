"""Learning-rate schedules, and the two areas under them that the annealing law weighs."""

from common import folder, save

import rivervalley as rv
from rivervalley import plots

STEPS, PEAK, WARMUP = 20_000, 3e-4, 500


def main() -> None:
    out = folder(__doc__)
    schedules = [
        rv.schedules.constant(steps=STEPS, peak_lr=PEAK, warmup_steps=WARMUP),
        rv.schedules.cosine(steps=STEPS, peak_lr=PEAK, final_lr=0.1 * PEAK, warmup_steps=WARMUP),
        rv.schedules.wsd(steps=STEPS, peak_lr=PEAK, warmup_steps=WARMUP, decay_fraction=0.2, name="WSD, 20 % linear"),
        rv.schedules.wsd_s(checkpoints=[5_000, 10_000, 20_000], peak_lr=PEAK, warmup_steps=WARMUP, name="WSD-S"),
    ]
    with plots.style():
        figure, axes = plots.figure(1, 3, figsize=(11.5, 3.6))
        plots.plot_schedules(schedules, axes)
        axes[0].set_title("The rate of every update")
        axes[1].set_title("S1, its sum: progress")
        axes[2].set_title("S2, what was annealed, with delay")
        axes[2].legend()
        save(figure, out / "schedules_and_areas.png")


if __name__ == "__main__":
    main()
