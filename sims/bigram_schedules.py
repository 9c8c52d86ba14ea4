"""Schedules on the bigram language model: river and hills of WSD, WSD-S and cosine, and what the annealing law makes of them."""

import numpy as np
from common import folder, save

import rivervalley as rv
from rivervalley import plots

STEPS, PEAK, FINAL = 8_000, 2.0, 0.2
CHECKPOINTS = (2_000, 4_000, 8_000)


def main() -> None:
    out = folder(__doc__)
    names = rv.landscapes.cities([1] * 24 + [4] * 24, vocabulary=8)
    zipf = rv.landscapes.zipf(24)
    model = rv.landscapes.Bigram(rv.landscapes.Language(names.transitions, np.concatenate([zipf, zipf])), batch_size=4)
    shapes = {
        "constant": rv.schedules.constant(STEPS, PEAK),
        "cosine": rv.schedules.cosine(STEPS, PEAK, final_lr=FINAL),
        "WSD": rv.schedules.wsd(STEPS, PEAK, decay_fraction=0.2, final_lr=FINAL),
        "WSD-S": rv.schedules.wsd_s(CHECKPOINTS, PEAK, final_lr=FINAL),
    }
    at = np.unique(np.concatenate([np.geomspace(50, STEPS, 60), np.arange(100, STEPS + 1, 50)]).round().astype(int))
    runs = {name: rv.simulate(model, s, 128, seed=1, record_at=at) for name, s in shapes.items()}
    late = at >= 400
    curves = {n: rv.LossCurve(r.steps[late], r.loss[late], r.schedule, n) for n, r in runs.items()}
    law = rv.laws.AnnealingLaw.fit([curves["constant"], curves["cosine"]], decay_factor=0.99)
    with plots.style():
        figure, axes = plots.figure(1, 3, figsize=(13.0, 4.4))
        floor = model.language.entropy
        for name, run in runs.items():
            axes[0].plot(run.steps, run.components["low entropy"], label=name)
            axes[1].plot(run.steps, run.components["high entropy"], lw=1.0, label=name)
            curve = curves[name]
            (dots,) = axes[2].plot(curve.steps, curve.loss, ".", ms=2.5, alpha=0.6)
            held = name in ("WSD", "WSD-S")
            line = axes[2].plot(
                curve.steps, law.predict_at(curve.schedule, curve.steps), "--" if held else "-", color=dots.get_color(), lw=1.2
            )
            line[0].set_label(f"{name}, {'predicted' if held else 'fitted'}")
        axes[0].set(
            xscale="log", yscale="log", xlabel="step", ylabel="nats", title="River: certain contexts, by the sum of rates"
        )
        axes[1].set(xlabel="step", ylabel="nats", title="Hills: uncertain contexts, by the rate", ylim=(0.0, 0.09))
        axes[2].axhline(floor, color="0.4", lw=0.8, ls=":", label="entropy of the language")
        axes[2].set(xlabel="step", ylabel="loss (nats)", ylim=(0.685, 0.80), title="The annealing law, fitted to two of them")
        axes[0].legend()
        axes[2].legend(fontsize=8)
        save(figure, out / "bigram_schedules.png")


if __name__ == "__main__":
    main()
