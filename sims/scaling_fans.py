"""Three scaling laws found again in regression on a power-law spectrum: in size, in steps, and in both together."""

import numpy as np
from common import folder, save
from matplotlib import colormaps

import rivervalley as rv
from rivervalley import plots

SIZES = [8, 16, 32, 64, 128, 256, 512, 1024, 2048]
T = np.geomspace(0.5, 1e6, 200)


def main() -> None:
    out = folder(__doc__)
    models = [rv.landscapes.PowerLaw(size=n, spectrum_exponent=1.5, signal_exponent=1.5) for n in SIZES]
    endless = rv.landscapes.PowerLaw(size=10**12)
    colours = colormaps["viridis"](np.linspace(0.0, 0.9, len(SIZES)))
    with plots.style():
        figure, axes = plots.figure(1, 3, figsize=(13.0, 4.4))

        # Left: models trained by the exact expectation of SGD, batch size 16, until a linear decay has ended at 4 N^1.5.
        trained = []
        for n in SIZES[:5]:
            model = rv.landscapes.PowerLaw(size=n, batch_size=16)
            steps = int(16 * n**1.5)
            trained.append(model.excess(model.expected(rv.schedules.linear(steps=steps, peak_lr=0.5), steps))[-1])
        axes[0].plot(SIZES, [m.floor for m in models], color="C0", label="what cannot be learnt, $\\zeta(1.5, N+1)$")
        axes[0].plot(SIZES[:5], trained, "o", color="C1", label="SGD after its decay, B = 16")
        power = np.polyfit(np.log(SIZES[:5]), np.log(trained), 1)[0]
        axes[0].set(
            xlabel="size N (modes)", ylabel="excess loss", title=f"Converged: loss ~ N$^{{{power:.2f}}}$, theory N$^{{-0.5}}$"
        )
        axes[0].legend()

        # Middle: a fan of training curves that leave one common line where their size is used up.
        for model, n, colour in zip(models, SIZES, colours, strict=True):
            label = f"N = {n}" if n in (8, 64, 512, 2048) else None
            axes[1].plot(T, model.gradient_flow(T), color=colour, label=label)
        law = endless.steps_scale_of_loss * T**-endless.steps_exponent_of_loss
        axes[1].plot(T, law, "k--", lw=1.0, label="$K_0\\, t^{-1/3}$")
        axes[1].set(xlabel="summed learning rate t", title="Training: all sizes share one power law, then stop")
        axes[1].legend()

        # Right: the same curves on one, by the scaling function of t / N^a.
        for model, n, colour in zip(models[3:], SIZES[3:], colours[3:], strict=True):
            axes[2].plot(T / n**1.5, model.gradient_flow(T) * n**0.5, color=colour)
        u = np.geomspace(1e-3, 30, 60)
        axes[2].plot(u, models[0].scaling_function(u), "k--", lw=1.2, label="scaling function g(u)")
        axes[2].axvline(0.14, color="0.5", lw=0.8, ls=":")
        axes[2].text(0.17, 30.0, "u = 0.14: the floor\nadds 5 %", ha="left", va="top", fontsize=9, color="0.35")
        axes[2].set(
            xlabel="u = t / N$^{1.5}$",
            ylabel="excess loss times N$^{0.5}$",
            xlim=(1e-3, 30),
            ylim=(1.5, 40),
            title="Both: N = 64 ... 2048 fall on one curve",
        )
        axes[2].legend(loc="center right")
        for ax in axes:
            ax.set(xscale="log", yscale="log")
        save(figure, out / "scaling_fans.png")


if __name__ == "__main__":
    main()
