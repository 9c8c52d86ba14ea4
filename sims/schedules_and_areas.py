"""Learning-rate schedules, and the two areas under them that the annealing law weighs."""

from common import options, run, save

import rivervalley as rv
from rivervalley import plots


def main() -> None:
    asked = options(__file__, __doc__, steps=20_000, peak_lr=3e-4, warmup_steps=500, decay_fraction=0.2, decay_factor=0.999)
    given = {"peak_lr": asked.peak_lr, "warmup_steps": asked.warmup_steps}
    schedules = [
        rv.schedules.constant(steps=asked.steps, **given),
        rv.schedules.cosine(steps=asked.steps, final_lr=0.1 * asked.peak_lr, **given),
        rv.schedules.wsd(steps=asked.steps, decay_fraction=asked.decay_fraction, name="WSD", **given),
        rv.schedules.wsd_s(checkpoints=[asked.steps // 4, asked.steps // 2, asked.steps], name="WSD-S", **given),
    ]
    with plots.style(asked.style):
        figure, axes = plots.figure(1, 3, figsize=(12.0, 4.2))
        plots.plot_schedules(schedules, axes, asked.decay_factor)
        axes[0].set_title("The LR of every step")
        axes[1].set_title("$S_1$, its sum: progress")
        axes[2].set_title("$S_2$: how far the LR came down, delayed")
        figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
        wsd, cosine = (rv.areas.forward_area(s)[-1] for s in (schedules[2], schedules[1]))
        delayed = (rv.areas.annealing_area(s, asked.decay_factor)[-1] for s in (schedules[2], schedules[1]))
        save(
            figure,
            asked,
            f"""Of the two areas under a schedule, the cumulative LR $S_1$ measures progress and the annealing area $S_2$ how far
            the LR has come down, with a memory of {1.0 / (1.0 - asked.decay_factor):,.0f} steps. With the same peak, WSD ends with
            a cumulative LR of {wsd:.2f} against {cosine:.2f} for the cosine to a tenth, and an annealing area of
            {next(delayed):.3f} against {next(delayed):.3f}.""",
        )


if __name__ == "__main__":
    run(main)
