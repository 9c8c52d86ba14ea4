"""Constant against cosine: short runs end lower at a constant LR, long ones with a cosine, and WSD below both."""

import numpy as np
from common import options, run, save

import rivervalley as rv
from rivervalley import planning, plots
from rivervalley.laws import AnnealingLaw, published


def main() -> None:
    asked = options(__file__, __doc__, peak_lr=published.PEAK_LR, shortest_run=5_000, longest_run=200_000, decay_fraction=0.2)
    golden, peak = published.GOLDEN, asked.peak_lr
    law = AnnealingLaw(L0=golden.L0, A=golden.A, alpha=golden.alpha, C=golden.C, warmup_area="full")
    crossing = planning.crossing(law, peak)
    lengths = np.unique(np.geomspace(asked.shortest_run, asked.longest_run, 40).round()).astype(int)
    wsd = f"WSD, {100 * asked.decay_fraction:g} % linear to 0"
    schedules = {
        "constant": lambda n: rv.schedules.constant(n, peak),
        "cosine to 0": lambda n: rv.schedules.cosine(n, peak),
        "cosine to a tenth": lambda n: rv.schedules.cosine(n, peak, final_lr=0.1 * peak),
        wsd: lambda n: rv.schedules.wsd(n, peak, decay_fraction=asked.decay_fraction),
    }
    with plots.style(asked.style):
        figure, axes = plots.figure(1, 2, figsize=(11.0, 4.6))
        ends = {}
        for curve, marker in ((published.constant(), "o"), (published.cosine(), "s")):
            line = plots.look(curve.name)
            axes[0].plot(curve.steps, curve.loss, marker, ms=4, color=line["color"], label=f"{curve.name}: published losses")
            fine = np.arange(int(curve.steps[0]), int(curve.steps[-1]) + 1, 20)
            axes[0].plot(fine, law.predict_at(curve.schedule, fine), lw=1.0, **line, label=f"{curve.name}: law")
            ends[curve.name] = curve.loss[-1]
        axes[0].set(ylabel="loss (nats)", ylim=(2.8, 3.2), title="At 20,000 steps the constant LR is still lower")
        plots.step_axis(axes[0])
        axes[0].legend()
        flat = np.array([law.predict_at(schedules["constant"](int(n)), [n])[0] for n in lengths])
        for name, make in schedules.items():
            final = np.array([law.predict_at(make(int(n)), [n])[0] for n in lengths])
            width = 0.9 if "tenth" in name else 1.6
            axes[1].plot(lengths, final - flat, **plots.look(name), lw=width, label=name)
        axes[1].axvline(crossing, **plots.muted(), label=f"constant = cosine to 0: {crossing:,.0f} steps")
        axes[1].set(xscale="log", ylabel="final loss less that of a constant LR (nats)", title="The law: one crossing")
        plots.step_axis(axes[1], "steps of the run")
        axes[1].legend()
        last = {name: law.predict_at(make(int(lengths[-1])), [int(lengths[-1])])[0] for name, make in schedules.items()}
        constant, cosine = (next(v for k, v in ends.items() if word in k) for word in ("constant", "cosine"))
        save(
            figure,
            asked,
            f"""After 20,000 steps the published constant run stands at {constant:.3f} nats and the cosine at {cosine:.3f}; the law
            fitted to them has the two cross at {crossing:,.0f} steps. A WSD with a decay over
            {100 * asked.decay_fraction:g} % of the run is below both at every length, at {lengths[-1]:,} steps by
            {last["constant"] - last[wsd]:.3f} and {last["cosine to 0"] - last[wsd]:.3f} nats.""",
        )


if __name__ == "__main__":
    run(main)
