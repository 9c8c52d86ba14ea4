"""Schedules of very different shape and length reach the same loss, given the summed rate and a decay to near zero."""

import numpy as np
from common import folder, save

import rivervalley as rv
from rivervalley import plots

LENGTHS = {"constant": 1600, "cosine": 10_800, "linear": 3600, "wsd": 5200, "exponential": 8000, "multi_step": 3200}
AREA = 400.0


def equal_area(kind: str, steps: int) -> rv.Schedule:
    """A schedule of a kind and length, with the peak that makes its rates add up to AREA."""
    build = getattr(rv.schedules, kind)
    options = {
        "wsd": {"decay_fraction": 0.2},
        "exponential": {"final_lr": 0.003},
        "multi_step": {"boundaries": [0.6, 0.8], "factors": [0.3, 0.1]},
    }.get(kind, {})
    unit = build(steps=steps, peak_lr=1.0, **options)
    return rv.schedules.from_lr(unit.lr * (AREA / unit.lr.sum()), name=kind)


def main() -> None:
    out = folder(__doc__)
    schedules = [equal_area(kind, steps) for kind, steps in LENGTHS.items()]
    with plots.style():
        figure, axes = plots.figure(1, 3, figsize=(13.0, 4.4))
        finals = {0.0: [], 0.3: []}
        for k, schedule in enumerate(schedules):
            colour = f"C{k}"
            axes[0].plot(
                np.arange(1, schedule.steps + 1),
                schedule.lr,
                color=colour,
                label=f"{schedule.name.replace('_', ' ')}, {schedule.steps:,} steps",
            )
            for variance, found in finals.items():
                model = rv.landscapes.PowerLaw(10**6, 1.5, 2.0, variance**0.5, batch_size=64)
                run = model.expected(schedule, record_every=20)
                excess = model.excess(run)
                found.append(excess[-1])
                if variance > 0.0:
                    summed = np.cumsum(schedule.lr)[run.steps - 1]
                    axes[1].plot(summed, 100 * (excess / model.gradient_flow(summed) - 1), color=colour)
        axes[0].set(xlabel="step", ylabel="learning rate", title=f"Six schedules whose rates add up to {AREA:.0f}")
        axes[0].legend(fontsize=8)
        axes[1].set(
            xlabel="summed learning rate",
            ylabel="excess loss above noiseless descent (%)",
            xlim=(0, AREA * 1.02),
            ylim=(-0.5, 16),
            title="Label noise parts them; decay joins them again",
        )
        inset = np.arange(len(schedules))
        for offset, (variance, found), colour in zip((-0.2, 0.2), finals.items(), ("C0", "C1"), strict=True):
            law = rv.landscapes.PowerLaw(10**6, 1.5, 2.0).gradient_flow(AREA)
            axes[2].bar(
                inset + offset, 100 * (np.array(found) / law - 1), 0.38, color=colour, label=f"label variance {variance:g}"
            )
        axes[2].set_xticks(inset, [s.name.replace("_", " ") for s in schedules], rotation=25)
        axes[2].set(ylabel="the same at the end (%)", title="Only the rate that never decays pays")
        axes[2].legend()
        save(figure, out / "equal_area_schedules.png")


if __name__ == "__main__":
    main()
