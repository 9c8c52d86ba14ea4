"""Delay: the loss falls later than the LR does, and the steeper the decay, the more so."""

import numpy as np
from common import options, run, save

import rivervalley as rv
from rivervalley import plots
from rivervalley.laws import AnnealingLaw, published


def main() -> None:
    asked = options(
        __file__,
        __doc__,
        peak_lr=published.PEAK_LR,
        stable_steps=20_000,
        decay_steps=(500, 1_000, 2_000, 4_000, 8_000),
        decay_factor=0.999,
    )
    start, peak, golden = asked.stable_steps, asked.peak_lr, published.GOLDEN
    law = AnnealingLaw(L0=golden.L0, A=golden.A, alpha=golden.alpha, C=golden.C, decay_factor=asked.decay_factor)
    memory = 1.0 / (1.0 - asked.decay_factor)
    realised = {}
    with plots.style(asked.style):
        figure, axes = plots.figure(1, 3, figsize=(13.5, 5.0))
        for length, colour in zip(asked.decay_steps, plots.sequence(len(asked.decay_steps)), strict=True):
            s = rv.schedules.wsd(start + length, peak, decay_steps=length).then(rv.Schedule(np.full(6_000, 1e-9)))
            at = np.arange(max(1, start - 1_000), start + length + 6_000, 20)
            axes[0].plot(at, 1e4 * s.lr[at - 1], color=colour)
            axes[1].plot(at, law.predict_at(s, at), color=colour)
            share = rv.areas.annealing_area(s, asked.decay_factor) / (memory * peak)
            n = np.arange(0, length + 1)
            realised[length] = 100 * share[start + length - 1]
            label = f"{length:,} steps: {realised[length]:.0f} % realised at the end"
            axes[2].plot(100 * n / length, 100 * share[start + n - 1], color=colour, label=label)
        axes[2].plot([0, 100], [0, 100], **plots.reference(), label="the LR itself")
        axes[0].set(ylabel="LR ($10^{-4}$)", title="Linear decays to 0")
        axes[1].set(ylabel="loss of the law (nats)", title="The loss goes on falling after them")
        for ax in axes[:2]:
            plots.step_axis(ax)
        axes[2].set(
            xlabel="decay done (%)", ylabel="annealing realised (%)", title=f"Delayed by a memory of {memory:,.0f} steps"
        )
        figure.legend(*axes[2].get_legend_handles_labels(), loc="outside lower center", ncols=3)
        short, long = asked.decay_steps[0], asked.decay_steps[-1]
        save(
            figure,
            asked,
            f"""A linear decay over {short:,} steps has realised {realised[short]:.0f} % of its annealing when it ends, one over
            {long:,} steps {realised[long]:.0f} %. With a memory of {memory:,.0f} steps the loss goes on falling after the LR has
            reached 0, which real training cannot do.""",
        )


if __name__ == "__main__":
    run(main)
