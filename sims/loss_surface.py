"""The loss surface of a winding valley in three dimensions, with a noisy run and its decay on it."""

import numpy as np
from common import folder, path, save
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

import rivervalley as rv
from rivervalley import plots

VALLEY = rv.landscapes.ShearedBend(
    rv.landscapes.Sine(0.8, 8.0), stiffness=1.0, river=rv.landscapes.LinearRiver(0.12), noise_std=0.75, start_river=0.6
)
PEAK, STABLE, DECAY = 0.3, 330, 60


def main() -> None:
    out = folder(__doc__)
    schedule = rv.schedules.wsd(steps=STABLE + DECAY, peak_lr=PEAK, decay_steps=DECAY, decay_shape="linear")
    walk = path(VALLEY, schedule, seed=3)[:, 0]
    with plots.style():
        figure = Figure(figsize=(9.5, 5.6))
        FigureCanvasAgg(figure)
        ax = figure.add_subplot(projection="3d", computed_zorder=False)
        x, over = np.meshgrid(np.linspace(0.0, 12.5, 240), np.linspace(-1.5, 1.5, 120))
        y = VALLEY.bend.height(x) + over
        height = VALLEY.loss(np.column_stack([y.ravel(), x.ravel()])).reshape(x.shape)
        ax.plot_surface(x, y, height, cmap="Blues_r", rcount=120, ccount=240, alpha=0.92, lw=0, zorder=1)
        along = np.linspace(0.0, 12.5, 120)
        river = np.array([VALLEY.river_point(v) for v in along])
        ax.plot(along, river[:, 0], VALLEY.loss(river) + 0.02, "k--", lw=1.4, zorder=2, label="river")
        lifted = VALLEY.loss(walk) + 0.03
        for part, colour, label in (
            (slice(0, STABLE + 1), "C1", f"stable, {STABLE} updates: far, but high above the river"),
            (slice(STABLE, None), "C4", f"decay, {DECAY} updates: down to the river"),
        ):
            ax.plot(walk[part, 1], walk[part, 0], lifted[part], color=colour, lw=1.0, zorder=3, label=label)
        ax.plot(*walk[-1:, ::-1].T, lifted[-1:], "o", color="C4", mec="black", ms=8, zorder=4)
        ax.set(xlabel="along the river", ylabel="across", zlabel="loss", xlim=(0, 12.5), ylim=(-2.3, 2.3))
        ax.set_box_aspect((2.6, 1.1, 1.0), zoom=1.28)
        ax.view_init(elev=38, azim=-68)
        legend = ax.legend(loc="upper left", bbox_to_anchor=(0.42, 1.0))
        for line in legend.get_lines():
            line.set_linewidth(2.0)
        save(figure, out / "loss_surface.png")


if __name__ == "__main__":
    main()
