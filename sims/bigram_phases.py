"""The bigram language model: stable phases learn what is certain, decays the rest; which tokens are learnt when."""

import numpy as np
from common import options, run, save

import rivervalley as rv
from rivervalley import plots

NAMES = (1, 2, 3, 4, 6, 8)
MARKERS = "osD^vP"


def main() -> None:
    asked = options(__file__, __doc__, steps=20_000, peak_lr=0.5, decay_fraction=0.2, trajectories=128)
    steps, peak, stable = asked.steps, asked.peak_lr, round((1.0 - asked.decay_fraction) * asked.steps)
    language = rv.landscapes.cities(np.repeat(NAMES, 8), vocabulary=8)
    model = rv.landscapes.Bigram(language)
    schedule = rv.schedules.wsd(
        steps, peak, decay_fraction=asked.decay_fraction, decay_shape="inverse", final_lr=peak / 20, name="WSD"
    )
    cuts = np.unique(np.concatenate([np.geomspace(20, steps, 60), np.linspace(stable, steps, 40)]).round().astype(int))
    last, excess, begin = None, [], 0
    for cut in cuts.tolist():
        piece = rv.Schedule(schedule.lr[begin:cut])
        last = rv.simulate(model, piece, None if last else asked.trajectories, initial=last, record_every=cut)
        excess.append(model.excess(last.state).mean(axis=0).reshape(len(NAMES), 8).mean(axis=1))
        begin = cut
    excess = np.array(excess)
    before = excess[np.searchsorted(cuts, stable)]
    colours = plots.sequence(len(NAMES))
    with plots.style(asked.style):
        figure, axes = plots.figure(1, 3, figsize=(13.0, 5.2))
        for k, (names, colour) in enumerate(zip(NAMES, colours, strict=True)):
            axes[0].plot(cuts, excess[:, k], color=colour, label="1 name: certain" if names == 1 else f"{names} names")
            if names > 1:
                axes[0].axhline(float(model.stationary_excess(peak)[8 * k]), **plots.muted(color=colour))
        axes[0].plot([], [], **plots.muted(), label="expected at the peak LR")
        flow = model.deterministic_excess(np.cumsum(schedule.lr)[cuts - 1])[:, 0]
        axes[0].plot(cuts, flow, **plots.reference(), label="certain: a function of $S_1$ alone")
        axes[0].axvspan(stable, steps, color="0.5", alpha=0.15, zorder=0, lw=0, label="decay")
        axes[0].set(xscale="log", yscale="log", ylim=(5e-4, 2.5), ylabel="loss above the entropy (nats)")
        plots.step_axis(axes[0]).set_title("By context: noise holds up the uncertain")
        axes[0].legend(loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=2, fontsize=8)

        place = np.arange(len(NAMES))
        axes[1].bar(place - 0.2, before, 0.38, color="#0072B2", label="end of the stable phase")
        axes[1].bar(place + 0.2, excess[-1], 0.38, color="#E69F00", hatch="//", edgecolor="white", label="after the decay")
        labels = [f"{n}\n{100 * (new / old - 1):+.0f} %" for n, old, new in zip(NAMES, before, excess[-1], strict=True)]
        axes[1].set_xticks(place, labels)
        axes[1].set(xlabel="names of a city, and the change by the decay", ylabel="loss above the entropy (nats)")
        axes[1].set_title("The decay helps where names vary")
        axes[1].legend(loc="upper center", bbox_to_anchor=(0.5, -0.2))

        spectra = model.spectrum() * language.contexts
        for k, (colour, marker) in enumerate(zip(colours, MARKERS, strict=True)):
            values = np.maximum(spectra[8 * k], 1e-3)
            axes[2].plot(np.arange(1, 9), values, marker=marker, ms=4, color=colour, label=f"{NAMES[k]}")
        axes[2].set(xlabel="eigenvalue number", ylabel="curvature / frequency", ylim=(0.0, 0.6))
        axes[2].set_title("More names: more trace, a lower top")
        axes[2].legend(
            title="names of a city", loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=6, fontsize=8, columnspacing=1
        )
        save(
            figure,
            asked,
            f"""Cities with one possible name are learnt by progress alone, {before[0]:.4f} nats above their entropy at the end of
            the stable phase and {excess[-1, 0]:.4f} after the decay; those with {NAMES[-1]} names stay at {before[-1]:.3f} nats,
            where gradient noise holds them, until the decay takes them to {excess[-1, -1]:.3f}. More names mean a larger trace
            of the curvature but a smaller top eigenvalue ({spectra[8].max():.2f} of the frequency with two names,
            {spectra[40].max():.2f} with eight).""",
        )


if __name__ == "__main__":
    run(main)
