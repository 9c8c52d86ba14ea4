"""The loss surface of a winding valley in three dimensions, with a noisy run and its decay on it."""

import numpy as np
from common import options, path, run, save
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

import rivervalley as rv
from rivervalley import plots


def main() -> None:
    asked = options(__file__, __doc__, peak_lr=0.3, stable_steps=330, decay_steps=60, noise_std=0.75, seed=3)
    valley = rv.landscapes.ShearedBend(
        rv.landscapes.Sine(0.8, 8.0),
        stiffness=1.0,
        river=rv.landscapes.LinearRiver(0.12),
        noise_std=asked.noise_std,
        start_river=0.6,
    )
    stable, decay = asked.stable_steps, asked.decay_steps
    schedule = rv.schedules.wsd(steps=stable + decay, peak_lr=asked.peak_lr, decay_steps=decay, decay_shape="linear")
    walk = path(valley, schedule, seed=asked.seed)[:, 0]
    heights = valley.loss(walk)
    with plots.style(asked.style):
        figure = Figure(figsize=(9.5, 5.8))
        FigureCanvasAgg(figure)
        ax = figure.add_subplot(projection="3d", computed_zorder=False)
        x, over = np.meshgrid(np.linspace(0.0, 12.5, 240), np.linspace(-1.5, 1.5, 120))
        y = valley.bend.height(x) + over
        height = valley.loss(np.column_stack([y.ravel(), x.ravel()])).reshape(x.shape)
        ax.plot_surface(x, y, height, cmap="Blues_r", rcount=120, ccount=240, alpha=0.92, lw=0, zorder=1)
        along = np.linspace(0.0, 12.5, 120)
        river = np.array([valley.river_point(v) for v in along])
        ax.plot(along, river[:, 0], valley.loss(river) + 0.02, "k--", lw=1.4, zorder=2, label="river")
        lifted = heights + 0.03
        for part, colour, line, label in (
            (slice(0, stable + 1), "#E69F00", "-", f"stable, {stable:,} steps: far, but high above the river"),
            (slice(stable, None), "#D62728", "-", f"decay, {decay:,} steps: down to the river"),
        ):
            ax.plot(walk[part, 1], walk[part, 0], lifted[part], color=colour, ls=line, lw=1.0, zorder=3, label=label)
        ax.plot(*walk[-1:, ::-1].T, lifted[-1:], "D", color="#D62728", mec="black", ms=7, zorder=4)
        ax.set(xlabel="along the river", ylabel="across", zlabel="loss", xlim=(0, 12.5), ylim=(-2.3, 2.3))
        ax.set_box_aspect((2.6, 1.1, 1.0), zoom=1.2)
        ax.view_init(elev=38, azim=-68)
        for axis in (ax.xaxis, ax.yaxis, ax.zaxis):
            axis.set_pane_color((0.0, 0.0, 0.0, 0.0))
        for line in figure.legend(loc="outside lower center", ncols=3).get_lines():
            line.set_linewidth(2.0)
        above = [heights[k] - valley.loss(valley.river_point(walk[k, 1])[None, :])[0] for k in (stable, -1)]
        late = slice(stable - 100, stable + 1)
        held = np.mean(
            [heights[k] - valley.loss(valley.river_point(walk[k, 1])[None, :])[0] for k in range(late.start, late.stop)]
        )
        save(
            figure,
            asked,
            f"""On the surface of a winding valley one run goes {walk[stable, 1]:.1f} along the river in {stable:,} steps at LR
            {asked.peak_lr:g}, on the mean {held:.2f} above it. Within the {decay:,} steps of the decay it comes down to
            {above[1]:.3f} above the river, having gone another {walk[-1, 1] - walk[stable, 1]:.1f}.""",
        )


if __name__ == "__main__":
    run(main)
