"""A bigram language counted from a real text: its entropies, runs on it, and its curvature."""

from pathlib import Path

import numpy as np
from common import options, run, save
from scipy.stats import spearmanr

import rivervalley as rv
from rivervalley import plots

# The opening of "Alice's Adventures in Wonderland" (Lewis Carroll, 1865; in the public domain).
TEXT = Path(__file__).resolve().parent / "texts" / "alice.txt"
NAMED = 4  # characters that carry their names in the second panel


def main() -> None:
    asked = options(
        __file__, __doc__, text=str(TEXT), vocabulary=64, steps=30_000, peak_lr=4.0, batch_size=32, trajectories=32, seed=1
    )
    language = rv.landscapes.from_text(asked.text, tokens="character", vocabulary=asked.vocabulary)
    model = rv.landscapes.Bigram(language, batch_size=asked.batch_size)
    schedules = {
        "constant": rv.schedules.constant(asked.steps, asked.peak_lr),
        "cosine": rv.schedules.cosine(asked.steps, asked.peak_lr),
        "WSD": rv.schedules.wsd(asked.steps, asked.peak_lr, decay_fraction=0.2, name="WSD"),
    }
    at = np.unique(np.geomspace(20, asked.steps, 120).round().astype(int))
    runs = {name: rv.simulate(model, s, asked.trajectories, seed=asked.seed, record_at=at) for name, s in schedules.items()}
    entropies, trace, pi = language.entropies, model.traces(), language.pi
    excess = np.maximum(model.excess(runs["WSD"].state).mean(axis=0), 1e-6)
    top = model.top_eigenvalues()
    rank = {
        name: spearmanr(entropies, values).statistic
        for name, values in (("trace", trace / pi), ("top", top / pi), ("both", trace))
    }
    with plots.style(asked.style):
        figure, axes = plots.figure(1, 4, figsize=(15.5, 5.0))
        for name, result in runs.items():
            axes[0].plot(
                result.steps, result.loss - language.entropy, **plots.look(name), label=f"{name}: {result.loss[-1]:.3f} nats"
            )
        axes[0].set(xscale="log", yscale="log", ylabel=f"loss above the entropy of {language.entropy:.3f} nats")
        plots.step_axis(axes[0]).set_title("Loss on the way")
        axes[0].legend(loc="upper center", bbox_to_anchor=(0.5, -0.14))
        axes[1].scatter(entropies, excess, s=12 + 700 * pi, alpha=0.4, lw=0, color="0.5")
        for c, colour, marker in zip(np.argsort(-pi)[:NAMED], ("C0", "C1", "C2", "C4"), "os^D", strict=True):
            name = repr(language.context_names[c]) if language.context_names[c] != " " else "space"
            axes[1].plot(entropies[c], excess[c], marker, color=colour, ms=6, label=f"{name}: {pi[c]:.1%}".replace("%", " %"))
        axes[1].legend(title="most frequent", loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=2)
        axes[1].set(yscale="log", xlabel="entropy after the character (nats)", ylabel="loss above it after WSD (nats)")
        plots.ticks(axes[1].yaxis, [0.002, 0.005, 0.01, 0.02, 0.05])
        axes[1].set_title("Rare characters lag; area: frequency")
        axes[2].scatter(entropies, trace / pi, s=16, color="C0", label=f"trace: rank correlation {rank['trace']:+.2f}")
        axes[2].scatter(entropies, top / pi, s=18, marker="x", color="C1", label=f"top eigenvalue: {rank['top']:+.2f}")
        axes[2].set(xlabel="entropy after the character (nats)", ylabel="curvature / frequency")
        axes[2].set_title("For each occurrence")
        axes[2].legend(loc="upper center", bbox_to_anchor=(0.5, -0.14))
        axes[3].scatter(entropies, trace, s=16, color="C0", label=f"trace: rank correlation {rank['both']:+.2f}")
        axes[3].scatter(
            entropies, top, s=18, marker="x", color="C1", label=f"top eigenvalue: {spearmanr(entropies, top).statistic:+.2f}"
        )
        axes[3].set(
            yscale="log", ylim=(1e-5, 3.0 * trace.max()), xlabel="entropy after the character (nats)", ylabel="curvature"
        )
        axes[3].set_title("Without the division by frequency")
        axes[3].legend(loc="upper center", bbox_to_anchor=(0.5, -0.14))
        save(
            figure,
            asked,
            f"""On the characters of the opening of Alice's Adventures in Wonderland ({language.contexts} contexts, entropy
            {language.entropy:.3f} nats) WSD ends {runs["WSD"].loss[-1] - language.entropy:.3f} nats above the entropy, the cosine
            {runs["cosine"].loss[-1] - language.entropy:.3f} and the constant LR {runs["constant"].loss[-1] - language.entropy:.3f}
            (means of {asked.trajectories:,} runs). The entropy after a character goes with the trace of its curvature for each
            occurrence (rank correlation {rank["trace"]:.2f}), not with the top eigenvalue ({rank["top"]:.2f}).""",
        )


if __name__ == "__main__":
    run(main)
