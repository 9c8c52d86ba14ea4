"""Finite data: larger models never hurt when stopped early, and overfitting depends on size and data through one ratio."""

import numpy as np
from common import options, run, save

import rivervalley as rv
from rivervalley import plots

T = np.geomspace(0.3, 3e4, 160)
LEAST = 0.02  # overfitting below this is left out of the fit: it is within the errors of the means


def losses(sizes, samples, label_variance: float, draws: int) -> np.ndarray:
    """Early-stopped and last excess losses and the standard error of the former, (3, sizes, samples)."""
    found = np.empty((3, len(sizes), len(samples)))
    for i, n in enumerate(sizes):
        model = rv.landscapes.PowerLaw(int(n), label_noise_std=label_variance**0.5)
        for k, d in enumerate(samples):
            flow = rv.landscapes.FiniteData(model, int(d)).gradient_flow(T, datasets=max(8, draws // d), seed=1)
            stopped = flow.min(axis=1)
            found[:, i, k] = stopped.mean(), flow[:, -1].mean(), stopped.std(ddof=1) / np.sqrt(stopped.size)
    return found


def scatter(power: float, over: np.ndarray, sizes: np.ndarray, samples: np.ndarray) -> float:
    """rms distance of log overfitting from one smooth curve of N^power / D."""
    keep = over > LEAST
    x, y = np.log(sizes[:, None] ** power / samples[None, :])[keep], np.log(over[keep])
    return float(np.sqrt(np.mean((np.polyval(np.polyfit(x, y, 4), x) - y) ** 2)))


def main() -> None:
    asked = options(
        __file__,
        __doc__,
        sizes=(8, 16, 32, 64, 128, 256),
        samples=(16, 32, 64, 128, 256, 512, 1024, 2048),
        label_variance=0.3,
        draws=12_000,
    )
    sizes, samples = np.array(asked.sizes), np.array(asked.samples)
    floors = np.array([rv.landscapes.PowerLaw(int(n)).floor for n in sizes])
    clean, last, clean_error = losses(sizes, samples, 0.0, asked.draws)
    noisy, _, noisy_error = losses(sizes, samples, asked.label_variance, asked.draws)
    powers, best, spread = np.arange(0.6, 1.7, 0.02), [], []
    with plots.style(asked.style):
        figure, axes = plots.figure(1, 3, figsize=(13.5, 5.2))
        for k, colour, marker in zip((1, 3, 5), ("C0", "C1", "C2"), "osD", strict=True):
            label = f"$D$ = {samples[k]:,}, stopped early"
            axes[0].errorbar(sizes, clean[:, k], 2 * clean_error[:, k], marker=marker, ms=4, color=colour, label=label)
            axes[0].plot(sizes, last[:, k], ":", color=colour)
        axes[0].plot([], [], ":", color="0.4", label="never stopped")
        axes[0].plot(sizes, floors, **plots.reference(), label="endless data")
        axes[0].set(xlabel="size $N$ (modes)", ylabel="excess test loss", ylim=(0.05, 6))
        axes[0].set_title("Diminishing returns, no harm, if stopped early")
        for ax, loss, error, name in (
            (axes[1], clean, clean_error, "no label noise"),
            (axes[2], noisy, noisy_error, f"label noise of variance {asked.label_variance:g}"),
        ):
            over, bars = loss / floors[:, None] - 1.0, 2 * error / floors[:, None]
            scatters = [scatter(p, over, sizes, samples) for p in powers]
            power = float(powers[int(np.argmin(scatters))])
            best.append(power)
            spread.append(min(scatters))
            for i, (colour, marker) in enumerate(zip(plots.sequence(sizes.size), "osD^vP", strict=False)):
                x, fitted = sizes[i] ** power / samples, over[i] > LEAST
                line = {"fmt": marker, "ms": 4, "color": colour, "elinewidth": 0.8}
                ax.errorbar(x[fitted], over[i][fitted], bars[i][fitted], label=f"$N$ = {sizes[i]:,}", **line)
                seen = ~fitted & (over[i] > 0.0)
                ax.errorbar(x[seen], over[i][seen], np.minimum(bars[i], 0.95 * over[i])[seen], mfc="none", alpha=0.6, **line)
            ax.plot([], [], "o", ms=4, mfc="none", color="0.4", label=f"below {LEAST:g}: not fitted")
            ax.set(
                xlabel=f"$N^{{{power:.2f}}} / D$",
                ylabel=r"overfitting $L(N, D)\,/\,L(N, \infty) - 1$",
                title=f"One curve, {name}",
            )
        for ax in axes:
            ax.set(xscale="log", yscale="log")
            ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=2 if ax is axes[0] else 3, fontsize=8)
        k = 1
        save(
            figure,
            asked,
            f"""With {samples[k]:,} samples the loss stopped early falls from {clean[0, k]:.2f} at {sizes[0]} modes to
            {clean[-1, k]:.2f} at {sizes[-1]}, so larger models never hurt; bars are two standard errors over data sets. Overfitting
            is a function of $N^{{{best[0]:.2f}}}/D$ without and of $N^{{{best[1]:.2f}}}/D$ with label noise, to within
            {100 * spread[0]:.0f} and {100 * spread[1]:.0f} % rms.""",
        )


if __name__ == "__main__":
    run(main)
