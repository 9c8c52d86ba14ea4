"""Constant, cosine and WSD in a river valley: the loss is the river plus the hills, and the hills follow the LR."""

import numpy as np
from common import options, run, save

import rivervalley as rv
from rivervalley import plots


def main() -> None:
    asked = options(__file__, __doc__, steps=20_000, peak_lr=0.5, decay_fraction=0.1, noise_std=0.15, trajectories=256, seed=1)
    valley = rv.landscapes.RiverValley(
        hills=np.geomspace(0.05, 2, 15), noise_std=asked.noise_std, river=rv.landscapes.PowerRiver(1.0, 1.0)
    )
    schedules = [
        rv.schedules.constant(steps=asked.steps, peak_lr=asked.peak_lr),
        rv.schedules.cosine(steps=asked.steps, peak_lr=asked.peak_lr),
        rv.schedules.wsd(steps=asked.steps, peak_lr=asked.peak_lr, decay_fraction=asked.decay_fraction, name="WSD"),
    ]
    ends, rivers = {}, {}
    with plots.style(asked.style):
        figure, (tops, bottoms) = plots.figure(
            2, 3, figsize=(12.0, 5.4), sharex=True, sharey="row", gridspec_kw={"height_ratios": (3, 1)}
        )
        for top, bottom, schedule in zip(tops, bottoms, schedules, strict=True):
            result = rv.simulate(valley, schedule, trajectories=asked.trajectories, seed=asked.seed)
            exact = valley.expected(schedule)
            ends[schedule.name], rivers[schedule.name] = result.loss[-1], exact.components["river"][-1]
            line = plots.look(schedule)
            top.plot(result.steps, result.loss, **line, lw=3.0, alpha=0.55, label=f"loss, mean of {asked.trajectories:,} runs")
            top.plot(exact.steps, exact.loss, color=plots.ink(), lw=0.8, label="loss, exact expectation")
            for part, words in (("river", "river: depends on the cumulative LR"), ("hill", "hills: follow the LR")):
                top.plot(result.steps, result.components[part], **plots.look(part), lw=1.4, label=words)
            top.set(yscale="log", ylim=(1e-3, 1.0), title=f"{schedule.name}: {result.loss[-1]:.4f} at the end")
            bottom.plot(np.arange(1, schedule.steps + 1), schedule.lr, **line)
            plots.step_axis(bottom).set_ylim(0.0, 1.15 * asked.peak_lr)
        tops[0].set_ylabel("loss")
        bottoms[0].set_ylabel("LR")
        figure.legend(*tops[2].get_legend_handles_labels(), loc="outside lower center", ncols=4)
        lowest = min(ends, key=lambda name: ends[name])
        save(
            figure,
            asked,
            f"""In a river valley the constant LR is furthest along the river (river part {rivers["constant"]:.4f}, cosine
            {rivers["cosine"]:.4f}, WSD {rivers["WSD"]:.4f}), yet its loss of {ends["constant"]:.4f} looks worst, for the hills
            hold it up as long as the LR is high. After {asked.steps:,} steps {lowest} ends lowest, at {ends[lowest]:.4f}: a
            decay over the last {100 * asked.decay_fraction:g} % of a run brings the hills down and costs little of the way.""",
        )


if __name__ == "__main__":
    run(main)
