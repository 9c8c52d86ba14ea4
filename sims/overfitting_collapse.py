"""Finite data: larger models never hurt when stopped early, and overfitting depends on size and data through one ratio."""

import numpy as np
from common import folder, save
from matplotlib import colormaps

import rivervalley as rv
from rivervalley import plots

SIZES = np.array([8, 16, 32, 64, 128, 256])
SAMPLES = np.array([16, 32, 64, 128, 256, 512, 1024, 2048])
T = np.geomspace(0.3, 3e4, 160)


def losses(label_variance: float) -> tuple[np.ndarray, np.ndarray]:
    """Mean early-stopped and last excess losses (sizes, samples)."""
    found = np.empty((2, SIZES.size, SAMPLES.size))
    for i, n in enumerate(SIZES):
        model = rv.landscapes.PowerLaw(int(n), label_noise_std=label_variance**0.5)
        for k, d in enumerate(SAMPLES):
            flow = rv.landscapes.FiniteData(model, int(d)).gradient_flow(T, datasets=max(8, 12_000 // d), seed=1)
            found[:, i, k] = flow.min(axis=1).mean(), flow[:, -1].mean()
    return found[0], found[1]


def scatter(power: float, over: np.ndarray) -> float:
    """rms distance of log dL from one smooth curve of N^power / D."""
    keep = over > 0.02
    x, y = np.log(SIZES[:, None] ** power / SAMPLES[None, :])[keep], np.log(over[keep])
    return float(np.sqrt(np.mean((np.polyval(np.polyfit(x, y, 4), x) - y) ** 2)))


def main() -> None:
    out = folder(__doc__)
    floors = np.array([rv.landscapes.PowerLaw(int(n)).floor for n in SIZES])
    clean, last = losses(0.0)
    noisy, _ = losses(0.3)
    colours = colormaps["viridis"](np.linspace(0.0, 0.9, SIZES.size))
    with plots.style():
        figure, axes = plots.figure(1, 3, figsize=(13.0, 4.4))
        for k, colour in zip((1, 3, 5), ("C0", "C1", "C2"), strict=True):
            axes[0].plot(SIZES, clean[:, k], "o-", color=colour, label=f"D = {SAMPLES[k]}, stopped early")
            axes[0].plot(SIZES, last[:, k], ":", color=colour)
        axes[0].plot([], [], ":", color="0.3", label="never stopped")
        axes[0].plot(SIZES, floors, "k--", lw=1.0, label="endless data")
        axes[0].set(
            xlabel="size N (modes)",
            ylabel="excess test loss",
            ylim=(0.05, 6),
            title="Diminishing returns, not harm, if stopped early",
        )
        axes[0].legend(fontsize=8)
        powers = np.arange(0.6, 1.7, 0.02)
        for ax, loss, name in ((axes[1], clean, "no label noise"), (axes[2], noisy, "label noise 0.3")):
            over = loss / floors[:, None] - 1.0
            best = float(powers[int(np.argmin([scatter(p, over) for p in powers]))])
            for i, colour in enumerate(colours):
                ax.plot(SIZES[i] ** best / SAMPLES, over[i], "o", ms=4, color=colour, label=f"N = {SIZES[i]}")
            ax.set(
                xlabel=f"N$^{{{best:.2f}}}$ / D",
                ylabel="overfitting L(N, D) / L(N, ∞) − 1",
                title=f"One curve: N$^{{{best:.2f}}}$ / D, {name}",
            )
            ax.legend(fontsize=8)
        for ax in axes:
            ax.set(xscale="log", yscale="log")
        save(figure, out / "overfitting_collapse.png")


if __name__ == "__main__":
    main()
