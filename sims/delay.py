"""Delay: the loss falls later than the rate does, and the steeper the decay, the more so."""

import numpy as np
from common import folder, save
from matplotlib import colormaps

import rivervalley as rv
from rivervalley import plots
from rivervalley.laws import AnnealingLaw, published

ETA, START = published.PEAK_LR, 20_000
LENGTHS = (500, 1_000, 2_000, 4_000, 8_000)


def main() -> None:
    out = folder(__doc__)
    golden = published.GOLDEN
    law = AnnealingLaw(L0=golden.L0, A=golden.A, alpha=golden.alpha, C=golden.C)
    colours = colormaps["viridis"](np.linspace(0.0, 0.9, len(LENGTHS)))
    with plots.style():
        figure, axes = plots.figure(1, 3, figsize=(13.0, 4.2))
        for length, colour in zip(LENGTHS, colours, strict=True):
            s = rv.schedules.wsd(START + length, ETA, decay_steps=length).then(rv.Schedule(np.full(6_000, 1e-9)))
            at = np.arange(START - 1_000, START + length + 6_000, 20)
            axes[0].plot(at, s.lr[at - 1], color=colour, label=f"{length:,} steps")
            axes[1].plot(at, law.predict_at(s, at), color=colour)
            S2 = rv.areas.annealing_area(s, 0.999) * 1e-3 / ETA
            n = np.arange(0, length + 1)
            axes[2].plot(
                n / length, S2[START + n - 1], color=colour, label=f"{length:,} steps: {S2[START + length - 1]:.2f} in the end"
            )
        axes[2].plot([0, 1], [0, 1], "k--", lw=1.0, label="the rate itself")
        axes[0].set(xlabel="step", ylabel="learning rate", title="Linear decays to 0")
        axes[1].set(xlabel="step", ylabel="loss of the law", title="The loss goes on falling after them")
        axes[2].set(
            xlabel="share of the decay done",
            ylabel="share of the annealing come in",
            title="Realised with a delay of 1,000 steps",
        )
        axes[0].legend(title="length", fontsize=8)
        axes[2].legend(fontsize=8)
        save(figure, out / "delay.png")


if __name__ == "__main__":
    main()
