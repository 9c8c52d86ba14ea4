"""Where the annealing law fails: an LR of 0 at the end, growing LRs, and the clock on which SGD relaxes."""

import numpy as np
from common import options, run, save

import rivervalley as rv
from rivervalley import plots
from rivervalley.laws import AnnealingLaw, RelaxationLaw, published


def valley() -> rv.landscapes.RiverValley:
    """Many slow modes that descend without noise, and one noisy mode of curvature 0.0025."""
    j = np.arange(1.0, 401.0)
    slow = 5e-3 * j**-1.5
    start = np.append(np.sqrt(0.4 * j**-1.6 / slow), 0.0)
    noise = np.append(np.zeros(400), np.sqrt(0.3))
    return rv.landscapes.RiverValley(np.append(slow, 0.0025), noise, rv.landscapes.FlatRiver(), start_hill=start)


def curve(surface: rv.landscapes.RiverValley, s: rv.Schedule) -> rv.LossCurve:
    """The expected losses from a twentieth of the run on."""
    result = surface.expected(s, 100)
    kept = result.steps >= s.steps // 20
    return rv.LossCurve(result.steps[kept], 2.0 + result.loss[kept], s, s.name)


def main() -> None:
    asked = options(
        __file__, __doc__, peak_lr=published.PEAK_LR, stable_steps=20_000, zero_steps=6_000, decay_steps=500, run_steps=20_000
    )
    golden, peak, end, total = published.GOLDEN, asked.peak_lr, asked.stable_steps, asked.run_steps
    law = AnnealingLaw(L0=golden.L0, A=golden.A, alpha=golden.alpha, C=golden.C)
    with plots.style(asked.style):
        figure, axes = plots.figure(1, 4, figsize=(16.0, 4.8))
        padded = rv.schedules.wsd(end, peak, decay_steps=asked.decay_steps).then(rv.Schedule(np.zeros(asked.zero_steps)))
        at = np.arange(end - 2_000, padded.steps + 1, 50)
        loss = law.predict_at(padded, at)
        axes[0].plot(at, loss, color="C1", label="annealing law")
        still = law.predict_at(padded, [end])[0]
        axes[0].plot([end, padded.steps], [still, still], **plots.reference(), label="nothing moves at LR 0")
        axes[0].set(ylabel="loss (nats)", title=f"LR 0 from step {end:,} on")
        plots.step_axis(axes[0])
        shape = rv.schedules.wsd(50_000, peak, decay_fraction=0.2)
        scale = np.geomspace(0.25, 64.0, 40)
        final = np.array([law.predict_at(shape.scaled(float(c)), [50_000])[0] for c in scale])
        axes[1].plot(scale * peak, final, color="C1", label="annealing law, WSD of 50,000 steps")
        axes[1].axhline(0.0, **plots.muted(), label="no cross-entropy lies below 0")
        axes[1].set(
            xscale="log", xlabel="peak LR", ylabel="predicted final loss (nats)", title="No best peak: the loss falls below 0"
        )
        surface = valley()
        fitted = [curve(surface, rv.schedules.constant(total, 1.0)), curve(surface, rv.schedules.cosine(total, 1.0))]
        by_steps = AnnealingLaw.fit(fitted, decay_factor=None)
        by_lr = RelaxationLaw.fit(fitted, alpha=None, relaxation=None, clock=1.0, warmup_area="ramp")
        misses = []
        for ax, s in zip(
            axes[2:],
            (
                rv.schedules.wsd(total, 1.0, decay_fraction=0.1, name="WSD, 10 %"),
                rv.schedules.multi_step(total, 1.0, boundaries=[0.5], factors=[0.1], name="multi-step, to 10 % half-way"),
            ),
            strict=True,
        ):
            true = curve(surface, s)
            steps_law, lr_law = by_steps.predict_at(s, true.steps), by_lr.predict_at(s, true.steps)
            look = plots.look(s)
            ax.plot(true.steps, true.loss, color=look["color"], lw=4.0, alpha=0.4, label="SGD, exact expectation")
            ax.plot(true.steps, steps_law, color="C1", ls=(0, (1, 1)), label="annealing law: a clock of steps")
            ax.plot(true.steps, lr_law, color=plots.ink(), ls="--", lw=1.0, label="relaxation law: a clock of cumulative LR")
            ax.set(xlim=(0.45 * total, total), ylim=(2.01, 2.125), ylabel="loss", title=s.name)
            plots.step_axis(ax)
            misses.append([np.max(np.abs(p - true.loss)[true.steps > 0.5 * total]) for p in (steps_law, lr_law)])
        for ax in axes:
            ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), fontsize=8)
        save(
            figure,
            asked,
            f"""The annealing law lets the loss fall by another {still - loss[-1]:.3f} nats in {asked.zero_steps:,} steps at LR 0, where
            nothing moves, and knows no best peak LR: raised {scale[-1]:.0f} times it predicts {final[-1]:.1f} nats. On a quadratic,
            where SGD relaxes in cumulative LR, it misses a step to a tenth of the LR by up to {misses[1][0]:.3f}, a relaxation law on
            that clock by {misses[1][1]:.4f}.""",
        )


if __name__ == "__main__":
    run(main)
