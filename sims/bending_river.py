"""A bending river from above: at a high LR SGD goes far and bounces between the walls; a decay brings it down to the river."""

import numpy as np
from common import options, path, run, save

import rivervalley as rv
from rivervalley import plots

VALLEY = rv.landscapes.CircularBend(
    radius=4.0, stiffness=1.5, river=rv.landscapes.LinearRiver(0.014), noise_std=0.8, start_river=0.8
)
REACH = 14.5  # where the picture's river ends
STEEPER = 10.0  # the fall along the river is small beside the walls: drawn so many times as steep
LOW, HIGH, DECAY = (
    {"color": "#CC79A7", "linestyle": (0, (4, 1))},
    {"color": "#E69F00", "linestyle": "-"},
    {"color": "#D62728", "linestyle": (0, (1, 0.6))},
)


def on_map(points: np.ndarray) -> np.ndarray:
    """Plane coordinates, turned so that the river goes from left over the top to the right; rows x, y."""
    return VALLEY.plane(points).T * np.array([[-1.0], [1.0]])


def main() -> None:
    asked = options(
        __file__,
        __doc__,
        steps=2_200,
        peak_lr=0.4,
        low_lr=0.04,
        decay_steps=250,
        forks=(600, 1_400),
        trajectories=4_000,
        seed=5,
    )
    trunk = rv.schedules.constant(steps=asked.steps, peak_lr=asked.peak_lr)
    tail = rv.schedules.wsd(steps=asked.decay_steps, peak_lr=asked.peak_lr, decay_steps=asked.decay_steps)
    timid = rv.schedules.constant(steps=asked.steps, peak_lr=asked.low_lr)
    with plots.style(asked.style):
        figure, (above, beside) = plots.figure(1, 2, figsize=(12.5, 6.0), gridspec_kw={"width_ratios": (1.45, 1)})
        n, s = np.meshgrid(np.linspace(-2.2, 2.2, 120), np.linspace(0.0, REACH, 300))
        points = np.column_stack([n.ravel(), s.ravel()])
        x, y = (row.reshape(n.shape) for row in on_map(points))
        height = VALLEY.loss(points).reshape(n.shape) + (STEEPER - 1.0) * VALLEY.river.loss(s)
        levels = height.min() + np.linspace(0.0, 1.0, 26) ** 1.4 * (height.max() - height.min())
        above.contourf(x, y, height, levels, cmap="Blues_r")
        above.contour(x, y, height, levels, colors="white", linewidths=0.4, alpha=0.5, linestyles="solid")
        along = np.linspace(0.0, REACH, 100)
        river = on_map(np.array([VALLEY.river_point(v) for v in along]))
        above.plot(*river, "k--", lw=1.3, label=r"river, $Hg = \lambda_{\min}\, g$")
        stable = path(VALLEY, trunk, seed=asked.seed)[:, 0]
        above.plot(*on_map(stable), color=HIGH["color"], lw=0.4, alpha=0.8, label=f"LR {asked.peak_lr:g}")
        slow = path(VALLEY, timid, seed=asked.seed)[:, 0]
        above.plot(*on_map(slow), color=LOW["color"], lw=0.8, label=f"LR {asked.low_lr:g}")
        ends = [(slow[-1], LOW, "s"), (stable[-1], HIGH, "o")]
        for fork in asked.forks:
            branch = path(VALLEY, trunk.branch(fork, tail), seed=asked.seed)[fork:, 0]
            label = f"decay of {asked.decay_steps:,} steps to LR 0" if fork == asked.forks[0] else None
            above.plot(*on_map(branch), color=DECAY["color"], lw=1.0, label=label)
            ends.append((branch[-1], DECAY, "D"))
        for point, line, marker in ends:
            above.plot(*on_map(point[None, :]), marker, color=line["color"], ms=8, mec="black", zorder=5)
        above.set(
            xticks=[], yticks=[], aspect="equal", title=f"From above; the fall is drawn {STEEPER:g} times as steep as it is"
        )
        above.grid(False)
        for side in above.spines.values():
            side.set_visible(False)
        for line in above.legend(loc="upper center", bbox_to_anchor=(0.5, 0.0), ncols=2).get_lines():
            line.set_linewidth(2.0)

        shown = {"trajectories": asked.trajectories, "seed": asked.seed, "record_every": 20}
        high = rv.simulate(VALLEY, trunk, **shown)
        beside.plot(high.steps, high.loss, **HIGH, label=f"LR {asked.peak_lr:g}")
        beside.plot(high.steps, high.components["river"], **plots.look("river"), lw=1.2, label="its river part")
        low_end = None
        for fork in asked.forks:
            decayed = rv.simulate(VALLEY, trunk.branch(fork, tail), **shown)
            late = decayed.steps >= fork
            label = f"decays from {' and '.join(f'{f:,}' for f in asked.forks)}" if fork == asked.forks[0] else None
            beside.plot(decayed.steps[late], decayed.loss[late], **DECAY, label=label)
            beside.plot(decayed.steps[-1], decayed.loss[-1], "D", color=DECAY["color"], ms=7, mec="black")
            low_end = decayed
        slow_run = rv.simulate(VALLEY, timid, **shown)
        beside.plot(slow_run.steps, slow_run.loss, **LOW, label=f"LR {asked.low_lr:g}")
        plots.step_axis(beside).set_ylabel("loss")
        beside.set_title("The high LR looks worse until it decays")
        beside.legend(loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=2)
        ahead = np.interp(low_end.steps[-1], slow_run.steps, slow_run.loss)
        save(
            figure,
            asked,
            f"""Seen from above, SGD at LR {asked.peak_lr:g} goes far along a bending river and bounces between its walls, while at
            {asked.low_lr:g} it stays near the river and near the start; the fall along the river is drawn {STEEPER:g} times as
            steep as it is. A decay of {asked.decay_steps:,} steps at step {asked.forks[-1]:,} lands at a loss of
            {low_end.loss[-1]:.3f}, where the low LR then has {ahead:.3f} (means of {asked.trajectories:,} runs).""",
        )


if __name__ == "__main__":
    run(main)
