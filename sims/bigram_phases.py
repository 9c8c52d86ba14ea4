"""The bigram language model: stable phases learn what is certain, decays the rest; which tokens are learnt when."""

import numpy as np
from common import folder, save
from matplotlib import colormaps

import rivervalley as rv
from rivervalley import plots

NAMES = (1, 2, 3, 4, 6, 8)
STEPS, PEAK = 20_000, 0.5


def main() -> None:
    out = folder(__doc__)
    language = rv.landscapes.cities(np.repeat(NAMES, 8), vocabulary=8)
    model = rv.landscapes.Bigram(language)
    schedule = rv.schedules.wsd(STEPS, PEAK, decay_fraction=0.2, decay_shape="inverse", final_lr=PEAK / 20)
    cuts = np.unique(np.concatenate([np.geomspace(20, STEPS, 60), np.linspace(0.8 * STEPS, STEPS, 40)]).round().astype(int))
    run, excess, begin = None, [], 0
    for cut in cuts.tolist():
        piece = rv.Schedule(schedule.lr[begin:cut])
        run = rv.simulate(model, piece, None if run else 128, initial=run, record_every=cut)
        excess.append(model.excess(run.state).mean(axis=0).reshape(len(NAMES), 8).mean(axis=1))
        begin = cut
    excess = np.array(excess)
    colours = colormaps["viridis"](np.linspace(0.0, 0.92, len(NAMES)))
    with plots.style():
        figure, axes = plots.figure(1, 3, figsize=(13.0, 4.4))
        for k, (names, colour) in enumerate(zip(NAMES, colours, strict=True)):
            label = "certain" if names == 1 else f"{names} names, ln {names}"
            axes[0].plot(cuts, excess[:, k], color=colour, label=label)
            if names > 1:
                axes[0].axhline(float(model.stationary_excess(PEAK)[8 * k]), color=colour, lw=0.8, ls=":")
        flow = model.deterministic_excess(np.cumsum(schedule.lr)[cuts - 1])[:, 0]
        axes[0].plot(cuts, flow, "k--", lw=1.0, label="certain: a function of S alone")
        axes[0].axvspan(0.8 * STEPS, STEPS, color="0.9", zorder=0)
        axes[0].set(xscale="log", yscale="log", ylim=(5e-4, 2.5), xlabel="step", ylabel="loss above the entropy (nats)")
        axes[0].set_title("By context: noise holds up the uncertain")
        axes[0].legend(fontsize=8)
        before = excess[np.searchsorted(cuts, 0.8 * STEPS)]
        width = 0.38
        place = np.arange(len(NAMES))
        axes[1].bar(place - width / 2, before, width, label="end of the stable phase")
        axes[1].bar(place + width / 2, excess[-1], width, label="after the decay")
        for x, old, new in zip(place, before, excess[-1], strict=True):
            axes[1].annotate(f"{100 * (new / old - 1):.0f} %", (x + width / 2, new), ha="center", va="bottom", fontsize=8)
        axes[1].set(xlabel="names of a city", ylabel="loss above the entropy (nats)", title="The decay helps where names vary")
        axes[1].set_xticks(place, [str(n) for n in NAMES])
        axes[1].legend(fontsize=8)
        spectra = model.spectrum() * language.contexts
        for k, colour in enumerate(colours):
            axes[2].plot(np.arange(1, 9), np.maximum(spectra[8 * k], 1e-3), "o-", ms=4, color=colour, label=f"{NAMES[k]}")
        axes[2].set(
            xlabel="eigenvalue number",
            ylabel="curvature / frequency",
            title="More names: more trace, a lower top",
            ylim=(0.0, 0.6),
        )
        axes[2].legend(title="names", fontsize=8)
        save(figure, out / "bigram_phases.png")


if __name__ == "__main__":
    main()
