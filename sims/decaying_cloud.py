"""An animation: a cloud of trajectories on a bending river, first at the peak rate, then while the rate decays."""

import numpy as np
from common import folder, path
from matplotlib.animation import FuncAnimation, PillowWriter
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

import rivervalley as rv
from rivervalley import plots

VALLEY = rv.landscapes.CircularBend(
    radius=4.0, stiffness=1.5, river=rv.landscapes.LinearRiver(0.014), noise_std=0.8, river_noise_std=0.1, start_river=1.0
)
PEAK, STEPS, DECAY, EVERY, CLOUD = 0.4, 1900, 450, 50, 250
HOLD = 8  # frames for which the last picture stays


def on_map(points: np.ndarray) -> np.ndarray:
    """Plane coordinates with the river from left over the top to the right; rows x, y."""
    return VALLEY.plane(points).T * np.array([[-1.0], [1.0]])


def main() -> None:
    out = folder(__doc__)
    runs = {
        "C4": rv.schedules.wsd(steps=STEPS, peak_lr=PEAK, decay_steps=DECAY, decay_shape="linear", name="WSD, peak 0.4"),
        "C3": rv.schedules.constant(steps=STEPS, peak_lr=0.1 * PEAK, name="constant, 0.04"),
    }
    clouds = {colour: path(VALLEY, schedule, CLOUD, 1, EVERY) for colour, schedule in runs.items()}
    steps = np.arange(0, STEPS + 1, EVERY)
    losses = {
        colour: rv.simulate(VALLEY, schedule, trajectories=4000, seed=1, record_at=steps).loss
        for colour, schedule in runs.items()
    }
    with plots.style():
        figure = Figure(figsize=(9.0, 4.3))
        FigureCanvasAgg(figure)
        grid = figure.add_gridspec(2, 2, width_ratios=(1.5, 1), height_ratios=(1, 1.6))
        ax, rate, loss = figure.add_subplot(grid[:, 0]), figure.add_subplot(grid[0, 1]), figure.add_subplot(grid[1, 1])
        n, s = np.meshgrid(np.linspace(-2.0, 2.0, 80), np.linspace(-0.6, 14.0, 240))
        points = np.column_stack([n.ravel(), s.ravel()])
        x, y = (row.reshape(n.shape) for row in on_map(points))
        height = VALLEY.loss(points).reshape(n.shape) + 9.0 * VALLEY.river.loss(s)  # the fall drawn ten times as steep
        levels = height.min() + np.linspace(0.0, 1.0, 14) ** 1.4 * (height.max() - height.min())
        ax.contourf(x, y, height, levels, cmap="Blues_r", antialiased=False)
        along = np.linspace(-0.6, 14.0, 80)
        ax.plot(*on_map(np.column_stack([np.zeros(80), along])), "k--", lw=1.0)
        ax.set(xticks=[], yticks=[], aspect="equal")
        ax.grid(False)
        for side in ax.spines.values():
            side.set_visible(False)
        moving = []
        for colour, schedule in runs.items():
            (dots,) = ax.plot([], [], ".", ms=3.5, color=colour, label=schedule.name)
            rate.plot(np.arange(STEPS), schedule.lr, color=colour, lw=1.2)
            (rate_dot,) = rate.plot([], [], "o", color=colour, ms=6, mec="black")
            (curve,) = loss.plot([], [], color=colour)
            (loss_dot,) = loss.plot([], [], "o", color=colour, ms=6, mec="black")
            moving.append((colour, schedule, dots, rate_dot, curve, loss_dot))
        ax.legend(loc="lower center", bbox_to_anchor=(0.5, 0.0), markerscale=3)
        rate.set(ylabel="rate", ylim=(-0.02, 0.45), xticklabels=[])
        low, high = min(v.min() for v in losses.values()), max(v.max() for v in losses.values())
        loss.set(xlabel="update", ylabel="mean loss", xlim=rate.get_xlim(), ylim=(low - 0.02, high + 0.02))
        title = ax.set_title("update 0")

        def draw(frame: int) -> None:
            k = min(frame, steps.size - 1)
            title.set_text(f"update {steps[k]:,}")
            for colour, schedule, dots, rate_dot, curve, loss_dot in moving:
                dots.set_data(*on_map(clouds[colour][k]))
                rate_dot.set_data([steps[k]], [schedule.lr[min(steps[k], STEPS - 1)]])
                curve.set_data(steps[: k + 1], losses[colour][: k + 1])
                loss_dot.set_data([steps[k]], [losses[colour][k]])

        file = out / "decaying_cloud.gif"
        draw(steps.size - 1)
        figure.draw_without_rendering()
        figure.set_layout_engine("none")  # laid out once, with the longest title; not anew for every frame
        FuncAnimation(figure, draw, frames=steps.size + HOLD).save(file, PillowWriter(fps=8), dpi=100)
        print(f"wrote {file}")


if __name__ == "__main__":
    main()
