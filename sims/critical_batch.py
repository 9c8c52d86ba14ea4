"""Steps against samples to a fixed loss: nearly a hyperbola, whose corner moves as the loss falls."""

import numpy as np
from common import options, run, save
from scipy.optimize import least_squares

import rivervalley as rv
from rivervalley import plots

BATCHES = 2 ** np.arange(0, 15)
LRS = np.geomspace(0.002, 0.999, 40)
T = np.geomspace(1.0, 1e8, 320)


def needed(targets: np.ndarray, label_noise_std: float, signal: float = 2.0) -> np.ndarray:
    """Least steps to each target (batches, targets), with the constant LR tuned up to 1 / lambda_1."""
    model = rv.landscapes.PowerLaw(10**5, 2.0, signal, label_noise_std, bin_ratio=1.5)
    steps = np.full((BATCHES.size, LRS.size, targets.size), np.inf)
    for k, batch in enumerate(BATCHES):
        for i, lr in enumerate(LRS):
            try:
                solved = model.constant_rate(lr, batch_size=int(batch))
            except rv.InputError:  # beyond the stability limit of this batch size
                continue
            curve = np.minimum.accumulate(solved.excess(T))
            reached = np.exp(np.interp(-np.log(targets), -np.log(curve), np.log(T)))
            steps[k, i] = np.where(curve[-1] < targets, reached, np.inf)
    return steps.min(axis=1)


def hyperbola(steps: np.ndarray) -> tuple[float, float, float]:
    """S_min and B_crit of S = S_min (1 + B_crit / B), fitted in logarithms, and the largest relative miss."""
    fit = least_squares(lambda p: p[0] + np.log1p(np.exp(p[1]) / BATCHES) - np.log(steps), (np.log(steps[-1]), 3.0))
    return float(np.exp(fit.x[0])), float(np.exp(fit.x[1])), float(np.max(np.abs(np.expm1(fit.fun))))


def main() -> None:
    asked = options(__file__, __doc__, highest_loss=0.2, lowest_loss=0.024, targets=5, label_noise_std=1.0, hard_signal=1.5)
    targets = np.geomspace(asked.highest_loss, asked.lowest_loss, asked.targets)
    noisy, clean = needed(targets, asked.label_noise_std), needed(targets, 0.0)
    fits = [hyperbola(noisy[:, e]) for e in range(targets.size)]
    level = [hyperbola(clean[:, e]) for e in range(targets.size)]
    hard = needed(targets[:1], asked.label_noise_std, asked.hard_signal)
    miss, clean_miss = (max(fit[2] for fit in some) for some in (fits, level))
    with plots.style(asked.style):
        figure, (left, middle, right) = plots.figure(1, 3, figsize=(14.0, 5.2))
        fine = np.geomspace(1, 2**14, 200)
        for e, colour in enumerate(plots.sequence(targets.size)):
            least, corner, _ = fits[e]
            left.plot(noisy[:, e], BATCHES * noisy[:, e], "o", ms=4, color=colour, label=f"excess loss {targets[e]:.3f}")
            left.plot(least * (1 + corner / fine), least * (fine + corner), color=colour, lw=1.0)
            left.plot(2 * least, 2 * least * corner, "D", ms=7, mfc="none", color=plots.ink())
            middle.plot(
                BATCHES / corner, 100 * (noisy[:, e] / (least * (1 + corner / BATCHES)) - 1), "o-", ms=3, lw=0.8, color=colour
            )
            least, corner, _ = level[e]
            ratio = clean[:, e] / (least * (1 + corner / BATCHES))
            middle.plot(BATCHES / corner, 100 * (ratio - 1), "s--", ms=2.5, lw=0.7, color=colour)
        middle.plot([], [], "o-", ms=3, lw=0.8, color="0.4", label="label noise")
        middle.plot([], [], "s--", ms=2.5, lw=0.7, color="0.4", label="no label noise")
        least, corner, hard_miss = hyperbola(hard[:, 0])
        middle.plot(
            BATCHES / corner,
            100 * (hard[:, 0] / (least * (1 + corner / BATCHES)) - 1),
            "x--",
            ms=4,
            lw=1.0,
            color="C1",
            label=f"harder signal ($b$ = {asked.hard_signal:g}), loss {targets[0]:.3f}",
        )
        left.plot([], [], "D", color=plots.ink(), ms=7, mfc="none", label="$B = B_{crit}$: twice both minima")
        left.plot([], [], color="0.4", lw=1.0, label="hyperbola, fitted")
        left.set(xlabel="steps $S$", ylabel="samples $E = BS$", xscale="log", yscale="log", title="Steps trade for samples")
        middle.axhline(0.0, **plots.muted())
        middle.set(xlabel="batch size / critical batch size", ylabel="steps beyond the hyperbola (%)", xscale="log")
        middle.set_title("How far from a hyperbola")
        model = rv.landscapes.PowerLaw(10**5, 2.0, 2.0)
        power, variance = model.steps_exponent_of_loss, asked.label_noise_std**2
        formula = 0.5 * model.trace * (variance + targets) / targets * (1 + power) ** (1 + 1 / power) / power
        right.plot(targets, [fit[1] for fit in fits], "o", color="C0", label=f"label noise of variance {variance:g}")
        right.plot(targets, formula, color="C0", lw=1.0, label="formula")
        right.plot(targets, [fit[1] for fit in level], "s", color="C1", label="no label noise")
        right.plot(targets, formula * targets / (variance + targets), "--", color="C1", lw=1.0, label="formula without noise")
        right.invert_xaxis()
        right.set(
            xlabel="excess loss to reach (falls to the right)",
            ylabel="critical batch size (samples)",
            xscale="log",
            yscale="log",
        )
        right.set_title("It grows because of noise that cannot be learnt")
        plots.ticks(right.xaxis, [t for t in (0.5, 0.2, 0.1, 0.05, 0.025) if targets[-1] <= t <= targets[0]])
        for ax in (left, middle, right):
            ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=2, fontsize=8)
        save(
            figure,
            asked,
            f"""The steps needed for a loss at each batch size follow a hyperbola to within {100 * miss:.0f} % with label noise,
            {100 * clean_miss:.0f} % without and {100 * hard_miss:.0f} % on a harder signal, the corner always too high, so that the
            critical batch size means something only to that
            accuracy. With label noise it grows from {fits[0][1]:.0f} to {fits[-1][1]:.0f} samples as the loss to reach falls from
            {targets[0]:g} to {targets[-1]:g}, as the formula $\\frac{{\\mathrm{{tr}}\\,H}}{{2}}
            \\frac{{\\sigma^2+\\epsilon}}{{\\epsilon}} \\frac{{(1+\\alpha_S)^{{1+1/\\alpha_S}}}}{{\\alpha_S}}$ has it; without, it goes
            from {level[0][1]:.1f} to {level[-1][1]:.1f}.""",
        )


if __name__ == "__main__":
    run(main)
