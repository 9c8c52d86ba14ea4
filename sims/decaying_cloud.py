"""An animation: a cloud of trajectories on a bending river, first at the peak LR, then while the LR decays; GIF and MP4."""

import importlib.util
import shutil

import matplotlib
import numpy as np
from common import describe, options, path, run
from matplotlib.animation import FFMpegWriter, FuncAnimation, PillowWriter
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

import rivervalley as rv
from rivervalley import plots

VALLEY = rv.landscapes.CircularBend(
    radius=4.0, stiffness=1.5, river=rv.landscapes.LinearRiver(0.014), noise_std=0.8, river_noise_std=0.1, start_river=1.0
)
STEEPER = 10.0  # the fall along the river is drawn so many times as steep
HOLD = 8  # frames for which the last picture stays


def on_map(points: np.ndarray) -> np.ndarray:
    """Plane coordinates with the river from left over the top to the right; rows x, y."""
    return VALLEY.plane(points).T * np.array([[-1.0], [1.0]])


def ffmpeg() -> str | None:
    """The path of ffmpeg: the system's or that of the package imageio-ffmpeg; None without one."""
    if shutil.which("ffmpeg"):
        return shutil.which("ffmpeg")
    if importlib.util.find_spec("imageio_ffmpeg") is None:
        return None
    import imageio_ffmpeg

    return imageio_ffmpeg.get_ffmpeg_exe()


def main() -> None:
    asked = options(
        __file__, __doc__, steps=1_900, peak_lr=0.4, low_lr=0.04, decay_steps=450, frame_every=50, cloud=250, trajectories=4_000
    )
    every, last = asked.frame_every, asked.steps
    wsd = rv.schedules.wsd(
        steps=last, peak_lr=asked.peak_lr, decay_steps=asked.decay_steps, name=f"WSD, peak LR {asked.peak_lr:g}"
    )
    low = rv.schedules.constant(steps=last, peak_lr=asked.low_lr, name=f"constant LR {asked.low_lr:g}")
    schedules = (wsd, low)
    clouds = [path(VALLEY, schedule, asked.cloud, 1, every) for schedule in schedules]
    steps = np.minimum(np.arange(0, last + every, every), last)[: len(clouds[0])]
    losses = [rv.simulate(VALLEY, s, trajectories=asked.trajectories, seed=1, record_at=steps).loss for s in schedules]
    colours = ("#E69F00", "#CC79A7")
    with plots.style(asked.style):
        figure = Figure(figsize=(9.0, 4.4))
        FigureCanvasAgg(figure)
        grid = figure.add_gridspec(2, 2, width_ratios=(1.5, 1), height_ratios=(1, 1.6))
        ax, lr, loss = figure.add_subplot(grid[:, 0]), figure.add_subplot(grid[0, 1]), figure.add_subplot(grid[1, 1])
        n, s = np.meshgrid(np.linspace(-2.0, 2.0, 80), np.linspace(-0.6, 14.0, 240))
        points = np.column_stack([n.ravel(), s.ravel()])
        x, y = (row.reshape(n.shape) for row in on_map(points))
        height = VALLEY.loss(points).reshape(n.shape) + (STEEPER - 1.0) * VALLEY.river.loss(s)
        levels = height.min() + np.linspace(0.0, 1.0, 14) ** 1.4 * (height.max() - height.min())
        ax.contourf(x, y, height, levels, cmap="Blues_r", antialiased=False)
        along = np.linspace(-0.6, 14.0, 80)
        ax.plot(*on_map(np.column_stack([np.zeros(80), along])), "k--", lw=1.0)
        ax.set(xticks=[], yticks=[], aspect="equal", xlabel=f"the fall is drawn {STEEPER:g} times as steep")
        ax.grid(False)
        for side in ax.spines.values():
            side.set_visible(False)
        moving = []
        for k, (schedule, colour) in enumerate(zip(schedules, colours, strict=True)):
            line = plots.look(schedule)["linestyle"]
            marker = ".x"[k]
            (dots,) = ax.plot([], [], marker, ms=4, color=colour, label=schedule.name)
            lr.plot(np.arange(1, last + 1), schedule.lr, color=colour, lw=1.2, ls=line)
            (lr_dot,) = lr.plot([], [], "o", color=colour, ms=6, mec=plots.ink())
            (curve,) = loss.plot([], [], color=colour, ls=line)
            (loss_dot,) = loss.plot([], [], "o", color=colour, ms=6, mec=plots.ink())
            moving.append((clouds[k], losses[k], schedule, dots, lr_dot, curve, loss_dot))
        ax.legend(loc="lower center", bbox_to_anchor=(0.5, 0.0), markerscale=2)
        lr.set(ylabel="LR", ylim=(-0.05 * asked.peak_lr, 1.15 * asked.peak_lr), xticklabels=[])
        lowest, highest = min(v.min() for v in losses), max(v.max() for v in losses)
        loss.set(ylabel="mean loss", xlim=lr.get_xlim(), ylim=(lowest - 0.02, highest + 0.02))
        plots.step_axis(loss)
        title = ax.set_title("step 0")

        def draw(frame: int) -> None:
            k = min(frame, steps.size - 1)
            title.set_text(f"step {steps[k]:,}")
            for cloud, mean, schedule, dots, lr_dot, curve, loss_dot in moving:
                dots.set_data(*on_map(cloud[k]))
                lr_dot.set_data([steps[k]], [schedule.lr[min(steps[k], last - 1)]])
                curve.set_data(steps[: k + 1], mean[: k + 1])
                loss_dot.set_data([steps[k]], [mean[k]])

        file = asked.out / "decaying_cloud.gif"
        draw(steps.size - 1)
        figure.draw_without_rendering()
        figure.set_layout_engine("none")  # laid out once, with the longest title; not anew for every frame
        FuncAnimation(figure, draw, frames=steps.size + HOLD).save(file, PillowWriter(fps=8), dpi=100)
        program = ffmpeg()
        if program is None:
            print("no MP4: neither ffmpeg nor the package imageio-ffmpeg is installed")
        else:
            with matplotlib.rc_context({"animation.ffmpeg_path": program}):
                film = FuncAnimation(figure, draw, frames=steps.size + HOLD)
                film.save(
                    file.with_suffix(".mp4"), FFMpegWriter(fps=8, codec="h264", extra_args=["-pix_fmt", "yuv420p"]), dpi=160
                )
            print(f"wrote {file.with_suffix('.mp4')}")
    turn = int(np.searchsorted(steps, last - asked.decay_steps))
    describe(
        asked,
        file,
        f"""A cloud of {asked.cloud:,} runs follows a bending river at LR {asked.peak_lr:g}, loss {losses[0][turn]:.3f} at step
        {steps[turn]:,}, and falls to {losses[0][-1]:.3f} while the LR decays over the last {asked.decay_steps:,} steps. The cloud at
        LR {asked.low_lr:g} is close to the river all the time but hardly moves, and ends at {losses[1][-1]:.3f}.""",
    )


if __name__ == "__main__":
    run(main)
