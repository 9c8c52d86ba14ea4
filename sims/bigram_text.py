"""A bigram language counted from a real text, this project's own README: its entropies, a run on it, and its curvature."""

from pathlib import Path

import numpy as np
from common import folder, save
from scipy.stats import spearmanr

import rivervalley as rv
from rivervalley import plots

TEXT = Path(__file__).resolve().parent.parent / "README.md"
STEPS, PEAK = 30_000, 4.0


def main() -> None:
    out = folder(__doc__)
    language = rv.landscapes.from_text(TEXT, tokens="character", vocabulary=64)
    model = rv.landscapes.Bigram(language, batch_size=32)
    shapes = {
        "constant": rv.schedules.constant(STEPS, PEAK),
        "cosine": rv.schedules.cosine(STEPS, PEAK),
        "WSD, a fifth": rv.schedules.wsd(STEPS, PEAK, decay_fraction=0.2),
    }
    at = np.unique(np.geomspace(20, STEPS, 120).round().astype(int))
    runs = {name: rv.simulate(model, s, 4, seed=1, record_at=at) for name, s in shapes.items()}
    H, trace, pi = language.entropies, model.traces(), language.pi
    with plots.style():
        figure, axes = plots.figure(1, 3, figsize=(13.0, 4.4))
        for name, run in runs.items():
            axes[0].plot(run.steps, run.loss - language.entropy, label=f"{name}: {run.loss[-1]:.3f}")
        axes[0].set(xscale="log", yscale="log", xlabel="step", ylabel="loss above the entropy (nats)")
        axes[0].set_title(f"Loss above {language.entropy:.3f} nats, characters of README.md")
        axes[0].legend()
        state = runs["WSD, a fifth"].state
        excess = model.excess(state).mean(axis=0)
        size = 15 + 900 * pi
        axes[1].scatter(H, np.maximum(excess, 1e-6), s=size, alpha=0.6)
        for c in np.argsort(-pi)[:12]:
            axes[1].annotate(repr(language.context_names[c]), (H[c], max(excess[c], 1e-6)), fontsize=8)
        axes[1].set(yscale="log", xlabel="entropy after the character (nats)", ylabel="loss above it after WSD (nats)")
        axes[1].set_title("Rare characters lag behind; size: frequency")
        rank = (spearmanr(H, trace / pi).statistic, spearmanr(H, trace).statistic)
        axes[2].scatter(H, trace / pi, s=14, label=f"trace / frequency: rank correlation {rank[0]:.2f}")
        axes[2].scatter(H, trace, s=14, label=f"trace: {rank[1]:.2f}")
        top = model.top_eigenvalues() / pi
        axes[2].scatter(H, top, s=14, label=f"top eigenvalue / frequency: {spearmanr(H, top).statistic:.2f}")
        axes[2].set(yscale="log", ylim=(1e-4, 3.0), xlabel="entropy after the character (nats)", ylabel="curvature")
        axes[2].set_title("Uncertainty is trace, not top eigenvalue")
        axes[2].legend(fontsize=8, loc="lower left")
        save(figure, out / "bigram_text.png")


if __name__ == "__main__":
    main()
