"""In a narrowing valley a larger LR is not faster: noise pushes back upstream, and without noise the walls stop descent."""

import numpy as np
from common import options, run, save
from scipy import stats

import rivervalley as rv
from rivervalley import plots

STEPS = 100  # over which progress is measured
LINES = {"opening": ("C2", "-.", "s"), "straight": ("C0", "-", "o"), "narrowing": ("C1", "--", "D")}


def velocity(valley, lr: float, trajectories: int) -> tuple[float, float]:
    """Mean progress a step at the start of the valley, and its standard error; the hills stationary."""
    warm = rv.simulate(valley, rv.schedules.constant(steps=150, peak_lr=lr), trajectories=trajectories, seed=1)
    there = np.column_stack([warm.state[:, 0], np.zeros(trajectories)])
    result = rv.simulate(valley, rv.schedules.constant(steps=STEPS, peak_lr=lr), initial=there, seed=2)
    return result.state[:, 1].mean() / STEPS, stats.sem(result.state[:, 1]) / STEPS


def main() -> None:
    asked = options(
        __file__,
        __doc__,
        narrowing=0.3,
        slope=0.01,
        noise_std=1.0,
        trajectories=12_000,
        shares_of_blocking_lr=(0.5, 1.0, 1.3),
        edge_lrs=(0.8, 0.4, 0.2),
    )
    noise, kappa, slope, shares = (
        asked.noise_std,
        asked.narrowing,
        rv.landscapes.LinearRiver(asked.slope),
        asked.shares_of_blocking_lr,
    )
    valleys = {
        name: rv.landscapes.WalledValley([1.0], narrowing=k, river=slope, noise_std=noise)
        for name, k in (("opening", -kappa), ("straight", 0.0), ("narrowing", kappa))
    }
    valley = valleys["narrowing"]
    blocking = valley.blocking_lr()
    with plots.style(asked.style):
        figure, (left, middle, right) = plots.figure(1, 3, figsize=(14.0, 5.0))
        x, y = np.meshgrid(np.linspace(-2.5, 1.2, 200), np.linspace(-1.5, 1.5, 160))
        loss = valley.loss(np.column_stack([y.ravel(), x.ravel()])).reshape(x.shape)
        left.contourf(x, y, loss, np.linspace(0.0, 1.0, 24) ** 2 * 1.6 - 0.015, cmap="Greys_r", extend="max", alpha=0.6)
        means = []
        for share, colour, marker in zip(shares, ("#E69F00", "#CC79A7", "#D62728"), "osD", strict=False):
            lr = share * blocking
            result = rv.simulate(valley, rv.schedules.constant(steps=1500, peak_lr=lr), trajectories=250, seed=3)
            means.append(result.state[:, 1].mean())
            label = f"LR {lr:.3f}: mean {means[-1]:.2f}"
            left.plot(result.state[:, 1], result.state[:, 0], marker, ms=2.5, color=colour, label=label)
        left.axvline(0.0, color="white", lw=1.0, ls=":")
        left.set(xlabel="along the river", ylabel="across", title="1,500 steps from 0: the low LR leads")
        left.set(xlim=(-2.5, 1.2), ylim=(-1.5, 1.5))
        left.grid(False)

        lrs, fine = np.linspace(0.01, 0.26, 12), np.linspace(0.001, 0.27, 100)
        for name, ground in valleys.items():
            colour, line, marker = LINES[name]
            measured, error = np.array([velocity(ground, lr, asked.trajectories) for lr in lrs]).T
            predicted = [1e3 * lr * ground.mean_force(lr) for lr in fine]
            middle.plot(fine, predicted, color=colour, ls=line, label=name)
            middle.errorbar(lrs, 1e3 * measured, 2e3 * error, fmt=marker, ms=4, color=colour)
        middle.axvline(blocking, **plots.muted(), label=r"blocking LR $4g/(\kappa\sigma^2)$")
        middle.axhline(0.0, color="0.5", lw=0.8)
        middle.set(xlabel="LR", ylabel="progress a step (0.001)", title="With noise: fastest at half the blocking LR")

        stops = []
        for lr, (colour, line, _) in zip(asked.edge_lrs, LINES.values(), strict=False):
            edge = rv.landscapes.WalledValley(
                [1.0], rv.landscapes.SoftWall(2.0), 0.5, rv.landscapes.LinearRiver(0.005), 0.0, start_hill=0.02
            )
            # A start that only rounds down to nothing would never feel the walls: begin shortly before the edge.
            start = np.array([[0.02, edge.stopping_point(lr) - 0.6]])
            result = rv.simulate(edge, rv.schedules.constant(steps=2400, peak_lr=lr), initial=start, record_every=4)
            along = -result.components["river"] / 0.005
            stops.append(along[-1])
            label = f"LR {lr:g}: stops at {along[-1]:.2f}"
            right.plot(result.steps, lr * np.exp(0.5 * along), color=colour, ls=line, lw=1.2, label=label)
        right.axhline(2.0, **plots.reference(), label="edge of stability")
        right.set(ylabel="LR × sharpness", title="Without noise: stopped at LR × sharpness = 2")
        plots.step_axis(right)
        for ax in (left, middle, right):
            ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=2, fontsize=8)
        save(
            figure,
            asked,
            f"""Where a valley narrows, gradient noise pushes back: of clouds at {", ".join(f"{s:g}" for s in shares)} times the
            blocking LR of {blocking:.3f} the slowest is furthest after 1,500 steps (means {", ".join(f"{m:.2f}" for m in means)}),
            and progress is fastest at half that LR. Without noise descent stops where LR times sharpness reaches 2, at
            {stops[0]:.2f} along the river with LR {asked.edge_lrs[0]:g} and {stops[-1]:.2f} with LR {asked.edge_lrs[-1]:g}.""",
        )


if __name__ == "__main__":
    run(main)
