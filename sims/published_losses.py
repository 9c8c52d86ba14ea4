"""The annealing law fitted to the 40 losses that its authors published, and what it expects of longer runs."""

import numpy as np
from common import options, run, save

import rivervalley as rv
from rivervalley import planning, plots
from rivervalley.laws import published


def main() -> None:
    asked = options(__file__, __doc__, shortest_run=10_000, longest_run=200_000, decay_fraction=0.2)
    curves = [published.constant(), published.cosine()]
    law = rv.laws.AnnealingLaw.fit(curves, warmup_area=published.WARMUP_AREA)
    lengths = np.unique(np.geomspace(asked.shortest_run, asked.longest_run, 25).astype(int))
    warmup, peak = published.WARMUP_STEPS, published.PEAK_LR
    schedules = {
        "constant": published.constant_schedule,
        "cosine to 0": published.cosine_schedule,
        f"WSD, {100 * asked.decay_fraction:g} % linear to 0": lambda n: rv.schedules.wsd(
            n, peak, warmup_steps=warmup, decay_fraction=asked.decay_fraction
        ),
    }
    p = law.params
    formula = f"$L = {p['L0']:.3f} + {p['A']:.3f}\\,S_1^{{-{p['alpha']:.3f}}} - {p['C']:.3f}\\,S_2$, $R^2$ = {law.diagnostics['r2']:.4f}"
    with plots.style(asked.style):
        figure, axes = plots.figure(
            2, 2, figsize=(12.0, 6.0), gridspec_kw={"height_ratios": (3, 1.2), "width_ratios": (1.1, 1)}, squeeze=False
        )
        top, bottom = axes[0, 0], axes[1, 0]
        grid = axes[0, 1].get_gridspec()
        for ax in axes[:, 1]:
            ax.remove()
        right = figure.add_subplot(grid[:, 1])
        for curve, marker in zip(curves, "os", strict=True):
            line = plots.look(curve.name)
            fine = np.arange(800, int(curve.steps[-1]) + 1, 20)
            top.plot(fine, law.predict_at(curve.schedule, fine), **line, lw=1.2, label=f"{curve.name}: law")
            top.plot(curve.steps, curve.loss, marker, ms=4, color=line["color"], mfc="none", label=f"{curve.name}: published")
            off = 1e3 * (law.predict_at(curve.schedule, curve.steps) - curve.loss)
            bottom.plot(curve.steps, off, marker, ls=line["linestyle"], lw=0.8, ms=4, color=line["color"], mfc="none")
        bottom.axhline(0.0, **plots.muted())
        top.set(ylabel="validation loss (nats)", ylim=(2.75, 3.6), title=formula)
        bottom.set_ylabel("law − loss\n(0.001 nats)")
        for ax in (top, bottom):
            plots.step_axis(ax)
        top.set_xlabel("")
        top.sharex(bottom)
        top.tick_params(labelbottom=False)
        top.legend(ncols=2)
        ends = {}
        for name, make in schedules.items():
            ends[name] = [law.predict_at(make(int(n)), [int(n)])[0] for n in lengths]
            right.plot(lengths, ends[name], **plots.look(name), label=name)
        crossing = planning.crossing(law, peak)
        right.axvline(crossing, **plots.muted(), label=f"constant = cosine: {crossing:,.0f} steps")
        right.set(xscale="log", ylabel="predicted final loss (nats)", title="A constant LR wins short runs, a cosine long ones")
        plots.step_axis(right, "steps of the run")
        right.legend()
        worst = max(np.abs(law.predict_at(c.schedule, c.steps) - c.loss).max() for c in curves)
        wsd = next(name for name in ends if name.startswith("WSD"))
        save(
            figure,
            asked,
            f"""The annealing law fitted to both published curves, {sum(c.steps.size for c in curves)} losses, misses none by more than
            {worst:.3f} nats. It expects a constant LR to end below a cosine in runs shorter than {crossing:,.0f} steps and a WSD
            below both: {ends[wsd][-1]:.3f} against {ends["cosine to 0"][-1]:.3f} nats after {lengths[-1]:,} steps.""",
        )


if __name__ == "__main__":
    run(main)
