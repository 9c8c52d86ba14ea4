"""Constant against cosine: short runs end lower at a constant rate, long ones with a cosine, and WSD below both."""

import numpy as np
from common import folder, save

import rivervalley as rv
from rivervalley import planning, plots
from rivervalley.laws import AnnealingLaw, published

ETA = published.PEAK_LR


def main() -> None:
    out = folder(__doc__)
    golden = published.GOLDEN
    law = AnnealingLaw(L0=golden.L0, A=golden.A, alpha=golden.alpha, C=golden.C, warmup_area="full")
    crossing = planning.crossing(law, ETA)
    T = np.unique(np.geomspace(5_000, 200_000, 40).round()).astype(int)
    shapes = {
        "constant": lambda n: rv.schedules.constant(n, ETA),
        "cosine to 0": lambda n: rv.schedules.cosine(n, ETA),
        "cosine to a tenth": lambda n: rv.schedules.cosine(n, ETA, final_lr=0.1 * ETA),
        "WSD, a fifth": lambda n: rv.schedules.wsd(n, ETA, decay_fraction=0.2),
    }
    with plots.style():
        figure, axes = plots.figure(1, 2, figsize=(11.0, 4.4))
        for curve in (published.constant(), published.cosine()):
            axes[0].plot(curve.steps, curve.loss, ".", label=f"{curve.name}, published")
            axes[0].plot(curve.steps, law.predict_at(curve.schedule, curve.steps), color="0.4", lw=1.0)
        axes[0].set(
            xlabel="step", ylabel="loss", ylim=(2.8, 3.2), title="Published: at 20,000 steps the constant rate is lower"
        )
        axes[0].legend()
        flat = np.array([law.predict_at(shapes["constant"](int(n)), [n])[0] for n in T])
        for name, make in shapes.items():
            ends = np.array([law.predict_at(make(int(n)), [n])[0] for n in T])
            axes[1].plot(T, ends - flat, label=name)
        axes[1].axvline(crossing, color="0.4", lw=0.9, ls=":")
        axes[1].annotate(
            f"they cross at {crossing:,.0f} steps", (crossing, 0.06), xytext=(6, 0), textcoords="offset points", fontsize=9
        )
        axes[1].set(
            xscale="log",
            xlabel="steps of the run",
            ylabel="final loss less that of a constant rate",
            title="The law: one crossing",
        )
        axes[1].legend()
        save(figure, out / "constant_and_cosine.png")


if __name__ == "__main__":
    main()
