"""The annealing law fitted to a constant and a cosine run in a river valley predicts three schedules it has not seen."""

import numpy as np
from common import options, run, save

import rivervalley as rv
from rivervalley import plots


def main() -> None:
    asked = options(__file__, __doc__, steps=20_000, peak_lr=0.2, noise_std=0.15, trajectories=1_024, seed=3)
    steps, peak = asked.steps, asked.peak_lr
    valley = rv.landscapes.RiverValley(
        hills=np.geomspace(0.02, 1.0, 15), noise_std=asked.noise_std, river=rv.landscapes.PowerRiver()
    )
    seen = [rv.schedules.constant(steps=steps, peak_lr=peak), rv.schedules.cosine(steps=steps, peak_lr=peak)]
    unseen = [
        rv.schedules.wsd(steps=steps, peak_lr=peak, decay_fraction=0.2, name="WSD, 20 % linear"),
        rv.schedules.linear(steps=steps, peak_lr=peak),
        rv.schedules.multi_step(steps=steps, peak_lr=peak, name="multi-step 8-1-1"),
    ]
    runs = [rv.simulate(valley, s, trajectories=asked.trajectories, seed=asked.seed) for s in seen + unseen]
    curves = [result.curve().after(steps // 20) for result in runs]
    law = rv.laws.AnnealingLaw.fit(curves[:2], decay_factor=None)
    with plots.style(asked.style):
        figure, axes = plots.figure(2, 1, figsize=(8.5, 7.2), sharex=True, gridspec_kw={"height_ratios": (3, 1.2)})
        plots.plot_fit(law, curves[:2], curves[2:], axes)
        axes[0].set(ylabel="loss", title="Annealing law (lines) and simulated losses (dots)")
        scores = {curve.name: law.score(curve) for curve in curves[2:]}
        worst = max(scores, key=lambda name: scores[name].mape)
        save(
            figure,
            asked,
            f"""The annealing law fitted to a constant and a cosine run of {steps:,} steps predicts three other schedules in the same
            valley with mean errors of at most {100 * scores[worst].mape:.2f} % ({worst}). What it misses is the time the hills take
            to follow a change of the LR: up to {100 * max(s.worst for s in scores.values()):.1f} % just after one.""",
        )


if __name__ == "__main__":
    run(main)
