"""A bending river from above: at a high rate SGD goes far and bounces between the walls; a decay brings it down to the river."""

import numpy as np
from common import folder, path, save

import rivervalley as rv
from rivervalley import plots

VALLEY = rv.landscapes.CircularBend(
    radius=4.0, stiffness=1.5, river=rv.landscapes.LinearRiver(0.014), noise_std=0.8, start_river=0.8
)
PEAK, STEPS, DECAY = 0.4, 2200, 250
FORKS = (600, 1400)
REACH = 14.5  # where the picture's river ends


def on_map(points: np.ndarray) -> np.ndarray:
    """Plane coordinates, turned so that the river goes from left over the top to the right; rows x, y."""
    return VALLEY.plane(points).T * np.array([[-1.0], [1.0]])


def main() -> None:
    out = folder(__doc__)
    trunk = rv.schedules.constant(steps=STEPS, peak_lr=PEAK)
    tail = rv.schedules.wsd(steps=DECAY, peak_lr=PEAK, decay_steps=DECAY, decay_shape="linear")
    timid = rv.schedules.constant(steps=STEPS, peak_lr=0.1 * PEAK)
    with plots.style():
        figure, (above, beside) = plots.figure(1, 2, figsize=(12.5, 5.4), gridspec_kw={"width_ratios": (1.45, 1)})
        n, s = np.meshgrid(np.linspace(-2.2, 2.2, 120), np.linspace(0.0, REACH, 300))
        points = np.column_stack([n.ravel(), s.ravel()])
        x, y = (row.reshape(n.shape) for row in on_map(points))
        # The fall along the river is small beside the walls: drawn ten times as steep.
        height = VALLEY.loss(points).reshape(n.shape) + 9.0 * VALLEY.river.loss(s)
        levels = height.min() + np.linspace(0.0, 1.0, 26) ** 1.4 * (height.max() - height.min())
        above.contourf(x, y, height, levels, cmap="Blues_r")
        above.contour(x, y, height, levels, colors="white", linewidths=0.4, alpha=0.5, linestyles="solid")
        along = np.linspace(0.0, REACH, 100)
        above.plot(
            *on_map(np.array([VALLEY.river_point(v) for v in along])), "k--", lw=1.3, label="river, $Hg = \\lambda_{min}g$"
        )
        stable = path(VALLEY, trunk, seed=5)[:, 0]
        above.plot(*on_map(stable), color="C1", lw=0.4, alpha=0.8, label=f"rate {PEAK:g} for {STEPS:,} updates")
        slow = path(VALLEY, timid, seed=5)[:, 0]
        above.plot(*on_map(slow), color="C3", lw=0.8, label=f"rate {0.1 * PEAK:g} for {STEPS:,} updates")
        ends = [(slow[-1], "C3"), (stable[-1], "C1")]
        for fork in FORKS:
            branch = path(VALLEY, trunk.branch(fork, tail), seed=5)[fork:, 0]
            label = f"leaves it to decay, {DECAY} updates" if fork == FORKS[0] else None
            above.plot(*on_map(branch), color="C4", lw=1.0, label=label)
            ends.append((branch[-1], "C4"))
        for point, colour in ends:
            above.plot(*on_map(point[None, :]), "o", color=colour, ms=8, mec="black", zorder=5)
        above.set(xticks=[], yticks=[], aspect="equal", title="From above: the river runs left to right and falls all the way")
        above.grid(False)
        for side in above.spines.values():
            side.set_visible(False)
        legend = above.legend(loc="lower center", bbox_to_anchor=(0.5, 0.02), fontsize=9)
        for line in legend.get_lines():
            line.set_linewidth(2.0)

        shown = {"trajectories": 4000, "seed": 1, "record_every": 20}
        run = rv.simulate(VALLEY, trunk, **shown)
        beside.plot(run.steps, run.loss, color="C1", label=f"rate {PEAK:g}")
        beside.plot(run.steps, run.components["river"], color="0.35", lw=1.2, ls="--", label="its river part")
        for fork in FORKS:
            decayed = rv.simulate(VALLEY, trunk.branch(fork, tail), **shown)
            late = decayed.steps >= fork
            beside.plot(decayed.steps[late], decayed.loss[late], color="C4", label="decay" if fork == FORKS[0] else None)
            beside.plot(decayed.steps[-1], decayed.loss[-1], "o", color="C4", ms=7, mec="black")
        slow_run = rv.simulate(VALLEY, timid, **shown)
        beside.plot(slow_run.steps, slow_run.loss, color="C3", label=f"rate {0.1 * PEAK:g}")
        beside.set(
            xlabel="update", ylabel="loss, mean of 4,000 trajectories", title="The high rate looks worse, until it decays"
        )
        beside.legend(loc="upper right")
        save(figure, out / "bending_river.png")


if __name__ == "__main__":
    main()
