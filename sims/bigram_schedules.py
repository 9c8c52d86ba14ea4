"""Schedules on the bigram language model: river and hills of WSD, WSD-S and cosine, and what the annealing law makes of them."""

import numpy as np
from common import options, run, save

import rivervalley as rv
from rivervalley import plots

CHECKPOINTS = (0.25, 0.5, 1.0)  # of the run


def main() -> None:
    asked = options(
        __file__, __doc__, steps=8_000, peak_lr=2.0, final_fraction=0.1, decay_fraction=0.2, trajectories=128, seed=1
    )
    steps, peak, final, share = asked.steps, asked.peak_lr, asked.final_fraction * asked.peak_lr, asked.decay_fraction
    names = rv.landscapes.cities([1] * 24 + [4] * 24, vocabulary=8)
    zipf = rv.landscapes.zipf(24)
    model = rv.landscapes.Bigram(rv.landscapes.Language(names.transitions, np.concatenate([zipf, zipf])), batch_size=4)
    checkpoints = [round(c * steps) for c in CHECKPOINTS]
    schedules = {
        "constant": rv.schedules.constant(steps, peak),
        "cosine": rv.schedules.cosine(steps, peak, final_lr=final),
        "WSD": rv.schedules.wsd(steps, peak, decay_fraction=share, final_lr=final, decay_shape="inverse"),
        "WSD-S": rv.schedules.wsd_s(checkpoints, peak, final_lr=final, decay_fraction=share),
    }
    at = np.unique(np.concatenate([np.geomspace(50, steps, 60), np.arange(100, steps + 1, 50)]).round().astype(int))
    runs = {name: rv.simulate(model, s, asked.trajectories, seed=asked.seed, record_at=at) for name, s in schedules.items()}
    late = at >= steps // 20
    curves = {n: rv.LossCurve(r.steps[late], r.loss[late], r.schedule, n) for n, r in runs.items()}
    law = rv.laws.AnnealingLaw.fit([curves["constant"], curves["cosine"]], decay_factor=0.99)
    ends = {name: result.loss[-1] for name, result in runs.items()}
    with plots.style(asked.style):
        figure, axes = plots.figure(1, 3, figsize=(13.5, 5.0))
        for name, result in runs.items():
            line = plots.look(name)
            axes[0].plot(result.steps, result.components["low entropy"], **line)
            axes[1].plot(result.steps, result.components["high entropy"], lw=1.1, **line)
            curve = curves[name]
            thin = slice(None, None, 4)
            axes[2].plot(curve.steps[thin], curve.loss[thin], "o", ms=2.6, alpha=0.5, mew=0, color=line["color"])
            kind = "predicted" if name.startswith("WSD") else "fitted"
            predicted = law.predict_at(curve.schedule, curve.steps)
            axes[2].plot(curve.steps, predicted, lw=1.2, **line, label=f"{name}: {ends[name]:.4f} at the end, {kind}")
        axes[0].set(xscale="log", yscale="log", ylabel="loss above the entropy (nats)")
        axes[0].set_title("River: certain contexts, by the cumulative LR")
        axes[1].set(ylabel="loss above the entropy (nats)", ylim=(0.0, 0.09), title="Hills: uncertain contexts, by the LR")
        axes[2].axhline(model.language.entropy, **plots.muted(), label="entropy of the language")
        axes[2].set(ylabel="loss (nats)", ylim=(0.685, 0.80), title="Loss (dots) and the annealing law (lines)")
        for ax in axes:
            plots.step_axis(ax)
        figure.legend(*axes[2].get_legend_handles_labels(), loc="outside lower center", ncols=3)
        order = sorted(ends, key=lambda name: ends[name])
        missed = max(abs(law.predict_at(curves[n].schedule, [steps])[0] / ends[n] - 1.0) for n in ("WSD", "WSD-S"))
        save(
            figure,
            asked,
            f"""With decays of {100 * share:g} % and the same final LR the total at the end is lowest for {order[0]}
            ({ends[order[0]]:.4f} nats), then {order[1]} ({ends[order[1]]:.4f}), {order[2]} ({ends[order[2]]:.4f}) and
            {order[3]} ({ends[order[3]]:.4f}), though the cosine is last along the river. The annealing law fitted to the constant
            and the cosine run alone predicts the final losses of WSD and WSD-S to within {100 * missed:.1f} %.""",
        )


if __name__ == "__main__":
    run(main)
