"""The annealing law fitted to a constant and a cosine run in a river valley predicts three schedules it has not seen."""

import numpy as np
from common import folder, save

import rivervalley as rv
from rivervalley import plots

STEPS, PEAK = 20_000, 0.2


def main() -> None:
    out = folder(__doc__)
    valley = rv.landscapes.RiverValley(hills=np.geomspace(0.02, 1.0, 15), noise_std=0.15, river=rv.landscapes.PowerRiver())
    seen = [rv.schedules.constant(steps=STEPS, peak_lr=PEAK), rv.schedules.cosine(steps=STEPS, peak_lr=PEAK)]
    unseen = [
        rv.schedules.wsd(steps=STEPS, peak_lr=PEAK, decay_fraction=0.2, name="WSD, 20 % linear"),
        rv.schedules.linear(steps=STEPS, peak_lr=PEAK),
        rv.schedules.multi_step(steps=STEPS, peak_lr=PEAK, name="multi-step 8-1-1"),
    ]
    curves = [rv.simulate(valley, s, trajectories=1024, seed=3, progress=True).curve() for s in seen + unseen]
    curves = [curve.after(1000) for curve in curves]
    law = rv.laws.AnnealingLaw.fit(curves[:2], decay_factor=None)
    with plots.style():
        figure, axes = plots.figure(2, 1, figsize=(8.0, 6.4), sharex=True, gridspec_kw={"height_ratios": (3, 1.2)})
        plots.plot_fit(law, curves[:2], curves[2:], axes)
        worst = max(law.score(curve).mape for curve in curves[2:])
        axes[0].set_title(f"Two simulated runs predict three others: mean error at most {worst:.2%}; the lag is what they miss")
        save(figure, out / "law_predicts_schedules.png")


if __name__ == "__main__":
    main()
