"""Real training curves (Luo et al., arXiv 2503.12811): three fitted, six predicted with 90 % bands."""

from common import folder, save

import rivervalley as rv
from rivervalley import plots

FITTED = ("cosine_24000", "constant_24000", "wsdcon_9")
HELD = ("wsd_20000_24000", "wsdld_20000_24000", "wsdcon_3", "wsdcon_18", "cosine_72000", "constant_72000")


def main() -> None:
    out = folder(__doc__)
    with plots.style():
        figure, axes = plots.figure(2, 3, figsize=(13.5, 8.0))
        law = rv.laws.fit([rv.datasets.load(f"mpl/100M_{name}") for name in FITTED], law="auto")
        for ax, name in zip(axes.ravel(), HELD, strict=True):
            curve = rv.datasets.load(f"mpl/100M_{name}")
            kept = curve.steps >= max(curve.schedule.warmup_steps, 3_000)
            steps, loss = curve.steps[kept], curve.loss[kept]
            band = rv.laws.predict_band(law, curve.schedule, steps[:: max(1, steps.size // 150)])
            ax.fill_between(band.steps, band.low, band.high, alpha=0.2, lw=0, label="90 % band")
            ax.plot(band.steps, band.loss, "--", lw=1.2, label="predicted")
            ax.plot(steps, loss, "k.", ms=2, label="measured")
            scores = law.score(curve)
            ax.set(title=f"{name}: R2 {scores.r2:.4f}, mean error {scores.mape:.2%}", xlabel="step", ylabel="loss")
            ax.set_ylim(loss.min() - 0.04, loss.min() + 0.45)
        axes[0, 0].legend()
        figure.suptitle(
            "100M parameters: the law sees a cosine, a constant and one step drop; these six it does not. "
            "Bands are calibrated on final losses."
        )
        save(figure, out / "real_curves.png")


if __name__ == "__main__":
    main()
