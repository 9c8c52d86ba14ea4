"""Steps against samples to a fixed loss: a hyperbola, whose corner moves as the loss falls."""

import numpy as np
from common import folder, save
from matplotlib import colormaps
from scipy.optimize import least_squares

import rivervalley as rv
from rivervalley import plots

BATCHES = 2 ** np.arange(0, 15)
TARGETS = np.geomspace(0.2, 0.024, 5)
RATES = np.geomspace(0.002, 0.999, 40)
T = np.geomspace(1.0, 1e8, 320)


def needed(label_noise_std: float) -> np.ndarray:
    """Least steps to each target (batches, targets), with the constant rate tuned up to 1 / lambda_1."""
    model = rv.landscapes.PowerLaw(10**5, 2.0, 2.0, label_noise_std, bin_ratio=1.5)
    steps = np.full((BATCHES.size, RATES.size, TARGETS.size), np.inf)
    for k, batch in enumerate(BATCHES):
        for i, lr in enumerate(RATES):
            try:
                solved = model.constant_rate(lr, batch_size=int(batch))
            except rv.InputError:  # beyond the stability limit of this batch size
                continue
            curve = np.minimum.accumulate(solved.excess(T))
            found = np.exp(np.interp(-np.log(TARGETS), -np.log(curve), np.log(T)))
            steps[k, i] = np.where(curve[-1] < TARGETS, found, np.inf)
    return steps.min(axis=1)


def hyperbola(steps: np.ndarray) -> tuple[float, float]:
    """S_min and B_crit of S = S_min (1 + B_crit / B), fitted in logarithms."""
    fit = least_squares(lambda p: p[0] + np.log1p(np.exp(p[1]) / BATCHES) - np.log(steps), (np.log(steps[-1]), 3.0))
    return float(np.exp(fit.x[0])), float(np.exp(fit.x[1]))


def main() -> None:
    out = folder(__doc__)
    noisy, clean = needed(1.0), needed(0.0)
    fits = [hyperbola(noisy[:, e]) for e in range(TARGETS.size)]
    level = [hyperbola(clean[:, e])[1] for e in range(TARGETS.size)]
    colours = colormaps["viridis"](np.linspace(0.0, 0.85, TARGETS.size))
    with plots.style():
        figure, (left, right) = plots.figure(1, 2, figsize=(11.0, 4.6))
        fine = np.geomspace(1, 2**14, 200)
        for e, colour in enumerate(colours):
            least, corner = fits[e]
            left.plot(noisy[:, e], BATCHES * noisy[:, e], "o", ms=4, color=colour, label=f"excess loss {TARGETS[e]:.3f}")
            left.plot(least * (1 + corner / fine), least * (fine + corner), color=colour, lw=1.0)
            left.plot(2 * least, 2 * least * corner, "D", ms=7, mfc="none", color="k")
        left.plot([], [], "kD", ms=7, mfc="none", label="B = B$_{crit}$: twice both minima")
        left.plot([], [], color="0.4", lw=1.0, label="hyperbola, fitted")
        left.set(
            xlabel="steps S",
            ylabel="samples E = B S",
            xscale="log",
            yscale="log",
            title="Steps trade for samples along a hyperbola, within 11 %",
        )
        left.legend(fontsize=8)
        model = rv.landscapes.PowerLaw(10**5, 2.0, 2.0)
        power = model.steps_exponent_of_loss
        formula = 0.5 * model.trace * (1 + TARGETS) / TARGETS * (1 + power) ** (1 + 1 / power) / power
        right.plot(TARGETS, [corner for _, corner in fits], "o", color="C0", label="with label noise of variance 1")
        right.plot(
            TARGETS,
            formula,
            color="C0",
            lw=1.0,
            label="$\\frac{tr H}{2}\\,\\frac{\\sigma^2 + \\epsilon}{\\epsilon}\\,\\frac{(1+\\alpha_S)^{1+1/\\alpha_S}}{\\alpha_S}$",
        )
        right.plot(TARGETS, level, "s", color="C1", label="without label noise")
        right.plot(TARGETS, formula * TARGETS / (1 + TARGETS), color="C1", lw=1.0)
        right.invert_xaxis()
        right.set(
            xlabel="excess loss to reach (falls to the right)",
            ylabel="critical batch size (samples)",
            xscale="log",
            yscale="log",
            title="It grows only because of noise that cannot be learnt",
        )
        right.set_xticks([0.2, 0.1, 0.05, 0.025], ["0.2", "0.1", "0.05", "0.025"])
        right.minorticks_off()
        right.legend()
        save(figure, out / "critical_batch.png")


if __name__ == "__main__":
    main()
