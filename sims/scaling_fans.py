"""Three scaling laws found again in regression on a power-law spectrum: in size, in steps, and in both together."""

import numpy as np
from common import options, run, save

import rivervalley as rv
from rivervalley import plots

T = np.geomspace(0.5, 1e6, 200)


def main() -> None:
    asked = options(
        __file__,
        __doc__,
        sizes=(8, 16, 32, 64, 128, 256, 512, 1024, 2048),
        trained_sizes=(8, 16, 32, 64, 128),
        peak_lr=0.5,
        batch_size=16,
    )
    sizes, trained_sizes = np.array(asked.sizes), np.array(asked.trained_sizes)
    models = [rv.landscapes.PowerLaw(size=int(n), spectrum_exponent=1.5, signal_exponent=1.5) for n in sizes]
    endless = rv.landscapes.PowerLaw(size=10**12)
    colours = plots.sequence(sizes.size)
    # Trained until a linear decay has ended at 4 N^1.5, by the exact expectation of SGD.
    trained = []
    for n in trained_sizes:
        model = rv.landscapes.PowerLaw(size=int(n), batch_size=asked.batch_size)
        steps = int(16 * n**1.5)
        trained.append(model.excess(model.expected(rv.schedules.linear(steps=steps, peak_lr=asked.peak_lr), steps))[-1])
    power = np.polyfit(np.log(trained_sizes), np.log(trained), 1)[0]
    exponent = endless.steps_exponent_of_loss
    with plots.style(asked.style):
        figure, axes = plots.figure(2, 3, figsize=(13.5, 6.6), sharex="col", gridspec_kw={"height_ratios": (2.6, 1.0)})
        top, bottom = axes
        floors = np.array([m.floor for m in models])
        top[0].plot(sizes, floors, color="C0", label="what cannot be learnt, $\\zeta(1.5, N+1)$")
        top[0].plot(
            trained_sizes, trained, "o", color="C1", label=f"expected loss of SGD after its decay, $B$ = {asked.batch_size}"
        )
        top[0].set(ylabel="excess loss", title=f"Converged: $N^{{{power:.2f}}}$ (theory $N^{{-0.5}}$)")
        own = np.array([rv.landscapes.PowerLaw(size=int(n)).floor for n in trained_sizes])
        bottom[0].plot(trained_sizes, 100 * (np.array(trained) / own - 1), "o", color="C1")
        bottom[0].set(xlabel="size $N$ (modes)", ylabel="above the floor (%)")
        power_law = endless.steps_scale_of_loss * T**-exponent
        for model, n, colour in zip(models, sizes, colours, strict=True):
            flow = model.gradient_flow(T)
            top[1].plot(T, flow, color=colour, label=f"$N$ = {n:,}")
            bottom[1].plot(T, 100 * (flow / power_law - 1), color=colour)
        top[1].set_title("Training: one power law, then the floor")
        bottom[1].set(xlabel="cumulative LR $t$", ylabel="beyond\n$K_0 t^{-1/3}$ (%)", ylim=(-30, 100))
        top[1].set_ylim(0.8 * floors.min(), 3.0)
        from_size = int(np.searchsorted(sizes, 64))
        worst = 0.0
        for model, n, colour in zip(models[from_size:], sizes[from_size:], colours[from_size:], strict=True):
            u, scaled = T / n**1.5, model.gradient_flow(T) * n**0.5
            top[2].plot(u, scaled, color=colour)
            inside = (u > 1e-3) & (u < 30)
            off = 100 * (scaled / models[0].scaling_function(u) - 1)[inside]
            bottom[2].plot(u[inside], off, color=colour)
            worst = max(worst, np.abs(off).max())
        top[2].set(ylabel="excess loss × $N^{0.5}$", xlim=(1e-3, 30), ylim=(1.5, 40))
        top[2].set_title(f"Both: $N$ = {sizes[from_size]:,} to {sizes[-1]:,} fall on one curve")
        top[2].axvline(0.14, **plots.muted(label="$u$ = 0.14: the floor adds 5 %"))
        top[2].legend()
        bottom[2].set(xlabel="$u = t / N^{1.5}$", ylabel="beyond $g(u)$ (%)")
        for ax in bottom:
            ax.axhline(0.0, **plots.muted())
        for ax in top:
            ax.set(xscale="log", yscale="log")
        top[0].legend(fontsize=8)
        figure.legend(*top[1].get_legend_handles_labels(), loc="outside lower center", ncols=9, fontsize=8, columnspacing=1)
        save(
            figure,
            asked,
            f"""Trained to the end, regression on a power-law spectrum has an excess loss that falls as $N^{{{power:.2f}}}$, and on
            the way all sizes follow one power law $t^{{-{exponent:.3f}}}$ of the cumulative LR until their size is used up. Scaled by
            $N$ the curves of {sizes[from_size]:,} to {sizes[-1]:,} modes agree with the scaling function to within
            {worst:.1f} %; all are exact expectations.""",
        )


if __name__ == "__main__":
    run(main)
