"""Schedules of very different shape and length reach the same loss, given the cumulative LR and a decay to near zero."""

import numpy as np
from common import options, run, save

import rivervalley as rv
from rivervalley import plots

LENGTHS = {"constant": 1600, "cosine": 10_800, "linear": 3600, "wsd": 5200, "exponential": 8000, "multi_step": 3200}
NAMES = {"wsd": "WSD", "multi_step": "multi-step"}


def equal_area(kind: str, steps: int, area: float) -> rv.Schedule:
    """A schedule of a kind and length, with the peak that makes its LRs add up to `area`."""
    build = getattr(rv.schedules, kind)
    given = {
        "wsd": {"decay_fraction": 0.2},
        "exponential": {"final_lr": 0.003},
        "multi_step": {"boundaries": [0.6, 0.8], "factors": [0.3, 0.1]},
    }.get(kind, {})
    unit = build(steps=steps, peak_lr=1.0, **given)
    return rv.schedules.from_lr(unit.lr * (area / unit.lr.sum()), name=NAMES.get(kind, kind))


def main() -> None:
    asked = options(__file__, __doc__, cumulative_lr=400.0, label_variance=0.3, batch_size=64)
    area = asked.cumulative_lr
    schedules = [equal_area(kind, steps, area) for kind, steps in LENGTHS.items()]
    variances = (0.0, asked.label_variance)
    finals = {variance: [] for variance in variances}
    noiseless = rv.landscapes.PowerLaw(10**6, 1.5, 2.0).gradient_flow(area)
    with plots.style(asked.style):
        figure, axes = plots.figure(1, 3, figsize=(13.5, 5.0))
        for schedule in schedules:
            line = plots.look(schedule)
            axes[0].plot(
                np.arange(1, schedule.steps + 1), schedule.lr, **line, label=f"{schedule.name}, {schedule.steps:,} steps"
            )
            for variance in variances:
                model = rv.landscapes.PowerLaw(10**6, 1.5, 2.0, variance**0.5, batch_size=asked.batch_size)
                result = model.expected(schedule, record_every=20)
                excess = model.excess(result)
                finals[variance].append(100 * (excess[-1] / noiseless - 1))
                if variance > 0.0:
                    summed = np.cumsum(schedule.lr)[result.steps - 1]
                    axes[1].plot(summed, 100 * (excess / model.gradient_flow(summed) - 1), **line)
        axes[0].set(ylabel="LR", title=f"Six schedules, all with a cumulative LR of {area:g}")
        plots.step_axis(axes[0])
        axes[1].set(
            xlabel="cumulative LR $S_1$", ylabel="loss above noiseless descent (%)", xlim=(0, area * 1.02), ylim=(-0.5, 16)
        )
        axes[1].set_title("Label noise separates them; a decay rejoins them")
        place = np.arange(len(schedules))
        for offset, variance, colour, hatch in ((-0.2, 0.0, "C0", None), (0.2, asked.label_variance, "C1", "//")):
            label = f"label noise of variance {variance:g}"
            axes[2].bar(place + offset, finals[variance], 0.38, color=colour, hatch=hatch, edgecolor="white", label=label)
        axes[2].set_xticks(place, [s.name for s in schedules], rotation=25)
        axes[2].set(ylabel="final loss above noiseless descent (%)", title="Only the LR that never decays pays")
        axes[2].legend(loc="upper right")
        figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=6)
        noisy = finals[asked.label_variance]
        save(
            figure,
            asked,
            f"""Six schedules between {min(LENGTHS.values()):,} and {max(LENGTHS.values()):,} steps long, all with a cumulative LR of
            {area:g}, end at the same loss as noiseless descent to within {max(map(abs, finals[0.0])):.1f} % where labels have no
            noise. With label noise of variance {asked.label_variance:g} the five that decay end at most {max(noisy[1:]):.1f} % above
            it and the constant LR {noisy[0]:.1f} %.""",
        )


if __name__ == "__main__":
    run(main)
