"""Where the annealing law fails: zeros at the end, growing rates, and the clock on which SGD relaxes."""

import numpy as np
from common import folder, save

import rivervalley as rv
from rivervalley import plots
from rivervalley.laws import AnnealingLaw, RelaxationLaw, published

ETA = published.PEAK_LR


def valley() -> rv.landscapes.RiverValley:
    """Many slow modes that descend without noise, and one noisy mode of curvature 0.0025."""
    j = np.arange(1.0, 401.0)
    slow = 5e-3 * j**-1.5
    start = np.append(np.sqrt(0.4 * j**-1.6 / slow), 0.0)
    noise = np.append(np.zeros(400), np.sqrt(0.3))
    return rv.landscapes.RiverValley(np.append(slow, 0.0025), noise, rv.landscapes.FlatRiver(), start_hill=start)


def main() -> None:
    out = folder(__doc__)
    golden = published.GOLDEN
    law = AnnealingLaw(L0=golden.L0, A=golden.A, alpha=golden.alpha, C=golden.C)
    with plots.style():
        figure, axes = plots.figure(1, 3, figsize=(13.5, 4.4))
        padded = rv.schedules.wsd(20_000, ETA, decay_steps=500).then(rv.Schedule(np.zeros(6_000)))
        at = np.arange(18_000, 26_001, 50)
        axes[0].plot(at, law.predict_at(padded, at), label="the law")
        still = law.predict_at(padded, [20_000])[0]
        axes[0].plot([20_000, 26_000], [still, still], "k--", lw=1.0, label="nothing moves at rate 0")
        axes[0].set(
            xlabel="step", ylabel="loss", title="Rate 0 from step 20,000 on", xticks=[18_000, 20_000, 22_000, 24_000, 26_000]
        )
        axes[0].legend()
        shape = rv.schedules.wsd(50_000, ETA, decay_fraction=0.2)
        scale = np.geomspace(0.25, 64.0, 40)
        axes[1].plot(scale * ETA, [law.predict_at(shape.scaled(float(c)), [50_000])[0] for c in scale])
        axes[1].axhline(0.0, color="0.4", lw=0.8, ls=":")
        axes[1].set(
            xscale="log", xlabel="peak rate", ylabel="predicted final loss", title="No best peak: the loss falls below 0"
        )
        surface, T = valley(), 20_000

        def curve(s: rv.Schedule) -> rv.LossCurve:
            run = surface.expected(s, 100)
            kept = run.steps >= 1_000
            return rv.LossCurve(run.steps[kept], 2.0 + run.loss[kept], s, s.name)

        fitted = [curve(rv.schedules.constant(T, 1.0)), curve(rv.schedules.cosine(T, 1.0))]
        by_steps = AnnealingLaw.fit(fitted, decay_factor=None)
        by_rate = RelaxationLaw.fit(fitted, alpha=None, relaxation=None, clock=1.0, warmup_area="ramp")
        for k, s in enumerate(
            (
                rv.schedules.wsd(T, 1.0, decay_fraction=0.1, name="WSD, a tenth"),
                rv.schedules.multi_step(T, 1.0, boundaries=[0.5], factors=[0.1], name="a step to a tenth"),
            )
        ):
            true = curve(s)
            axes[2].plot(true.steps, true.loss, color=f"C{k}", lw=3.0, alpha=0.4, label=f"SGD, {s.name}")
            axes[2].plot(
                true.steps, by_steps.predict_at(s, true.steps), color=f"C{k}", ls=":", label="fitted law, clock of steps"
            )
            axes[2].plot(
                true.steps, by_rate.predict_at(s, true.steps), color="k", ls="--", lw=0.8, label="clock of summed rate"
            )
        axes[2].set(
            xlim=(9_000, T), ylim=(2.01, 2.125), xlabel="step", ylabel="loss", title="SGD on a quadratic relaxes in summed rate"
        )
        axes[2].legend(fontsize=8)
        save(figure, out / "law_failures.png")


if __name__ == "__main__":
    main()
