"""In a narrowing valley a larger rate is not faster: noise pushes back upstream, and without noise the walls stop descent."""

import numpy as np
from common import folder, save
from scipy import stats

import rivervalley as rv
from rivervalley import plots

SLOPE, NOISE, STEPS, TRAJECTORIES = 0.01, 1.0, 100, 12_000
NARROWING = (-0.3, 0.0, 0.3)
EDGE_RATES = (0.8, 0.4, 0.2)


def velocity(valley, lr: float) -> tuple[float, float]:
    """Mean progress for each update at the start of the valley, and its standard error; the hills stationary."""
    warm = rv.simulate(valley, rv.schedules.constant(steps=150, peak_lr=lr), trajectories=TRAJECTORIES, seed=1)
    there = np.column_stack([warm.state[:, 0], np.zeros(TRAJECTORIES)])
    run = rv.simulate(valley, rv.schedules.constant(steps=STEPS, peak_lr=lr), initial=there, seed=2)
    return run.state[:, 1].mean() / STEPS, stats.sem(run.state[:, 1]) / STEPS


def main() -> None:
    out = folder(__doc__)
    names = {-0.3: "opening", 0.0: "straight", 0.3: "narrowing"}
    colours = {-0.3: "C2", 0.0: "C0", 0.3: "C1"}
    with plots.style():
        figure, (left, middle, right) = plots.figure(1, 3, figsize=(14.0, 4.4))

        valley = rv.landscapes.WalledValley([1.0], narrowing=0.3, river=rv.landscapes.LinearRiver(SLOPE), noise_std=NOISE)
        x, y = np.meshgrid(np.linspace(-2.5, 1.2, 200), np.linspace(-1.5, 1.5, 160))
        loss = valley.loss(np.column_stack([y.ravel(), x.ravel()])).reshape(x.shape)
        left.contourf(x, y, loss, np.linspace(0.0, 1.0, 24) ** 2 * 1.6 - 0.015, cmap="Blues_r", extend="max")
        for share, colour in ((0.5, "C4"), (1.0, "C3"), (1.3, "C1")):
            lr = share * valley.blocking_lr()
            run = rv.simulate(valley, rv.schedules.constant(steps=1500, peak_lr=lr), trajectories=250, seed=3)
            label = f"rate {lr:.3f}: mean {run.state[:, 1].mean():.2f}"
            left.plot(run.state[:, 1], run.state[:, 0], ".", ms=4, color=colour, label=label)
        left.axvline(0.0, color="white", lw=1.0, ls=":")
        left.set(xlabel="along the river", ylabel="across", title="1,500 updates from 0: the slow rate leads")
        left.set(xlim=(-2.5, 1.2), ylim=(-1.5, 1.5))
        left.grid(False)
        left.legend(loc="upper left", markerscale=2.5, frameon=True, framealpha=0.9, edgecolor="none")

        rates = np.linspace(0.01, 0.26, 12)
        fine = np.linspace(0.001, 0.27, 100)
        for kappa in NARROWING:
            valley = rv.landscapes.WalledValley([1.0], narrowing=kappa, river=rv.landscapes.LinearRiver(SLOPE), noise_std=NOISE)
            measured, error = np.array([velocity(valley, lr) for lr in rates]).T
            predicted = [1e3 * lr * valley.mean_force(lr) for lr in fine]
            middle.plot(fine, predicted, color=colours[kappa], label=f"{names[kappa]}, κ = {kappa:g}")
            middle.errorbar(rates, 1e3 * measured, 2e3 * error, fmt="o", ms=4, color=colours[kappa])
            if kappa > 0.0:
                middle.axvline(valley.blocking_lr(), color="0.5", lw=0.8, ls=":")
                middle.text(valley.blocking_lr() - 0.003, 5.3, "4 g / (κ σ²)", ha="right", fontsize=9, color="0.35")
        middle.axhline(0.0, color="0.5", lw=0.8)
        middle.set(
            xlabel="learning rate",
            ylabel="progress for each update, × 1000",
            title="With noise: fastest at half the blocking rate",
        )
        middle.legend(loc="upper left", bbox_to_anchor=(0.0, 0.93))

        for lr, colour in zip(EDGE_RATES, ("C1", "C4", "C0"), strict=True):
            valley = rv.landscapes.WalledValley(
                [1.0], rv.landscapes.SoftWall(2.0), 0.5, rv.landscapes.LinearRiver(0.005), 0.0, start_hill=0.02
            )
            # A start that only rounds down to nothing would never feel the walls: begin shortly before the edge.
            start = np.array([[0.02, valley.stopping_point(lr) - 0.6]])
            run = rv.simulate(valley, rv.schedules.constant(steps=2400, peak_lr=lr), initial=start, record_every=4)
            along = -run.components["river"] / 0.005
            right.plot(run.steps, lr * np.exp(0.5 * along), color=colour, label=f"rate {lr:g}: stops at {along[-1]:.2f}")
        right.axhline(2.0, color="black", lw=1.0, ls="--", label="edge of stability, 2")
        right.set(xlabel="update", ylabel="rate × sharpness", title="Without noise: stopped where rate × sharpness is 2")
        right.legend(loc="lower right")
        save(figure, out / "narrowing_valley.png")


if __name__ == "__main__":
    main()
