"""An animation: the norm of the weights, the angle of an update and the loss while a WSD schedule runs, at two peaks.

Left the weights themselves, all 256 simulated, in the plane in which the river winds: how far out they are is their norm.
"""

from __future__ import annotations

import numpy as np
from common import describe, options, path, run
from matplotlib.animation import FuncAnimation, PillowWriter
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

import rivervalley as rv
from rivervalley import plots
from rivervalley.landscapes import FlatRiver, PowerRiver, Sphere, SphericalValley, rules

WEIGHTS, WEIGHT_DECAY, DECAY = 256, 0.1, 0.25
RADIUS, RADIUS_STIFFNESS, HEIGHT, RIVER = 6.0, 2.0, 12.0, PowerRiver(4.0, 2.0)
COLOURS = ("C0", "C1", "C2", "C3")
HOLD = 6  # frames for which the last picture stays


def main() -> None:
    asked = options(__file__, __doc__, steps=6_000, frame_every=200, cloud=40, peak_lr=(1e-3, 4e-3))
    last, every = asked.steps, asked.frame_every
    rule = rules.AdamW(WEIGHT_DECAY)
    sphere = Sphere(WEIGHTS, [1.0], HEIGHT, river=RIVER, river_radius=RADIUS, radius_stiffness=RADIUS_STIFFNESS, rule=rule)
    limit = SphericalValley([1.0], HEIGHT, river=RIVER, river_scale=RADIUS**2 / 4.0, rule=rule)
    radius = SphericalValley([RADIUS_STIFFNESS], river=FlatRiver(), rule=rule)  # the hill that holds the river's plane
    steps = np.arange(0, last + 1, every)
    runs = {
        colour: rv.schedules.wsd(steps=last, peak_lr=peak, warmup_steps=100, decay_fraction=DECAY)
        for colour, peak in zip(COLOURS, asked.peak_lr, strict=False)
    }
    clouds = {colour: path(sphere, schedule, asked.cloud, 1, every) for colour, schedule in runs.items()}
    norms = {colour: limit.norms(schedule) for colour, schedule in runs.items()}
    losses = {
        colour: limit.expected(s, record_at=steps).loss + radius.expected(s, record_at=steps).components["hill"]
        for colour, s in runs.items()
    }
    with plots.style(asked.style):
        figure = Figure(figsize=(9.6, 5.4))
        FigureCanvasAgg(figure)
        grid = figure.add_gridspec(4, 2, width_ratios=(1.15, 1))
        plane = figure.add_subplot(grid[:, 0], projection="polar")
        rate, width, turn, loss = (figure.add_subplot(grid[k, 1]) for k in range(4))
        plane.set(rlim=(0.0, 0.16), rticks=[0.05, 0.1, 0.15], thetagrids=range(0, 360, 60))
        plane.set_rlabel_position(-30.0)
        plane.text(np.radians(-30.0), 0.185, "norm n", ha="center", fontsize=8, color="0.35")
        around = np.linspace(0.0, 2.0 * np.pi, 200)
        moving = []
        for colour, schedule in runs.items():
            n, lr = norms[colour], schedule.lr
            star = float(rv.theory.equilibrium_norm(schedule.peak_lr, WEIGHT_DECAY))
            step = 1e3 * float(rv.theory.equilibrium_step(schedule.peak_lr, WEIGHT_DECAY))
            plane.plot(around, np.full(200, star), ":", lw=1.0, color=colour)
            width.axhline(star, color=colour, lw=0.9, ls=":")
            turn.axhline(step, color=colour, lw=0.9, ls=":")
            (dots,) = plane.plot([], [], ".", ms=4, alpha=0.5, color=colour)
            (trail,) = plane.plot([], [], color=colour, lw=1.4, label=f"peak {schedule.peak_lr:g}")
            rows = ((rate, 1e3 * lr), (width, n[:-1]), (turn, 1e3 * lr / n[1:]), (loss, losses[colour]))
            lines = []
            for panel, values in rows:
                at = steps if panel is loss else np.arange(last)
                panel.plot(at, values, color=colour, lw=0.8, alpha=0.25)
                lines.append((panel.plot([], [], color=colour, lw=1.8)[0], at, values))
            moving.append((colour, dots, trail, lines))
        plane.legend(loc="lower left", bbox_to_anchor=(-0.12, -0.12), fontsize=9)
        rate.set(ylabel="LR, $10^{-3}$", xticklabels=[])
        width.set(ylabel="norm n", xticklabels=[], title="dotted: equilibrium, n = √(η / 2 wd)")
        turn.set(ylabel="turn, $10^{-3}$", xticklabels=[], ylim=(0, 62), title="dotted: √(2 η wd)")
        loss.set(xlabel="update", ylabel="loss", ylim=(0.0, 1.2))
        for panel in (width, turn):
            panel.title.set_fontsize(8.5)
        title = plane.set_title("update 0")

        def draw(frame: int) -> None:
            k = min(frame, steps.size - 1)
            title.set_text(f"update {steps[k]:,}")
            for colour, dots, trail, lines in moving:
                states = clouds[colour][: k + 1]
                angles, lengths = states[k, :, -1], sphere.norms(states[k])
                dots.set_data(angles, lengths)
                trail.set_data(states[:, :, -1].mean(axis=1), norms[colour][steps[: k + 1]])
                for line, at, values in lines:
                    seen = at <= steps[k]
                    line.set_data(at[seen], values[seen])

        file = asked.out / f"{asked.name}.gif"
        draw(steps.size - 1)
        figure.draw_without_rendering()
        figure.set_layout_engine("none")  # laid out once; not anew for every frame
        FuncAnimation(figure, draw, frames=steps.size + HOLD).save(file, PillowWriter(fps=8), dpi=75)
    ends = ", ".join(
        f"{norms[c][-1]:.3f} at a peak LR of {s.peak_lr:g} ({float(rv.theory.equilibrium_norm(s.peak_lr, WEIGHT_DECAY)):.3f} in equilibrium)"
        for c, s in runs.items()
    )
    describe(
        asked,
        file,
        f"""Under WSD over {last:,} updates the norm of the weights grows from {sphere.start_norm:g} to {ends}, and the angle of an
        update falls toward the square root of twice the LR times the weight decay. In the decay the norm hardly moves, so that
        the angle falls in proportion to the LR, and the hills with it: the loss ends at
        {", ".join(f"{losses[c][-1]:.3f}" for c in runs)}.""",
    )


if __name__ == "__main__":
    run(main)
