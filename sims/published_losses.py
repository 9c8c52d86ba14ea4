"""The annealing law fitted to the 40 losses that its authors published, and what it expects of longer runs."""

import numpy as np
from common import folder, save

import rivervalley as rv
from rivervalley import plots
from rivervalley.laws import published


def main() -> None:
    out = folder(__doc__)
    curves = [published.cosine(), published.constant()]
    law = rv.laws.AnnealingLaw.fit(curves, warmup_area=published.WARMUP_AREA)
    lengths = np.unique(np.geomspace(10_000, 200_000, 25).astype(int))
    ends = {"constant": [], "cosine to 0": [], "WSD, 20 % linear to 0": []}
    for length in lengths:
        for name, schedule in zip(
            ends,
            (
                published.constant_schedule(length),
                published.cosine_schedule(length),
                rv.schedules.wsd(length, published.PEAK_LR, warmup_steps=published.WARMUP_STEPS, decay_fraction=0.2),
            ),
            strict=True,
        ):
            ends[name].append(law.predict_at(schedule, [schedule.steps])[0])
    with plots.style():
        figure, (left, right) = plots.figure(1, 2, figsize=(11.0, 4.2))
        for curve in curves:
            (dots,) = left.plot(curve.steps, curve.loss, "o", ms=4, label=f"{curve.name}, published")
            fine = np.arange(800, 20_001, 20)
            left.plot(fine, law.predict_at(curve.schedule, fine), color=dots.get_color(), lw=1.2)
        p = law.params
        left.set(xlabel="step", ylabel="validation loss, nats", title=f"R2 = {law.diagnostics['r2']:.4f} on the 40 losses")
        left.text(
            0.97,
            0.70,
            f"L = {p['L0']:.3f} + {p['A']:.3f} S1^-{p['alpha']:.3f} - {p['C']:.3f} S2",
            transform=left.transAxes,
            ha="right",
        )
        left.legend()
        for name, losses in ends.items():
            right.plot(lengths, losses, label=name)
        right.set(xlabel="steps of the run", ylabel="predicted final loss, nats", xscale="log")
        right.set_title("A constant rate wins short runs, a cosine long ones")
        right.axvline(25_400, color="0.5", lw=0.8, ls=":")
        right.legend()
        save(figure, out / "published_losses.png")


if __name__ == "__main__":
    main()
