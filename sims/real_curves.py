"""Real training curves (Luo et al., arXiv 2503.12811): three fitted, six predicted with 90 % bands.

Needs the curves in a folder with an index.csv: RIVERVALLEY_CURVES, or ../shared/curves beside the repository. Without it
the figure is left as it is.
"""

import csv
import os
from pathlib import Path

import numpy as np
from common import folder, save

import rivervalley as rv
from rivervalley import plots

FITTED = ("cosine_24000", "constant_24000", "wsdcon_9")
HELD = ("wsd_20000_24000", "wsdld_20000_24000", "wsdcon_3", "wsdcon_18", "cosine_72000", "constant_72000")


def curves() -> Path | None:
    named = os.environ.get("RIVERVALLEY_CURVES")
    place = Path(named) if named else Path(__file__).resolve().parents[2] / "shared" / "curves"
    return place if (place / "index.csv").is_file() else None


def read(place: Path, size: str, name: str) -> rv.LossCurve:
    file = f"mpl/{size}_{name}.csv"
    with open(place / "index.csv", newline="", encoding="utf-8") as lines:
        warmup = next(int(row["warmup_steps"]) for row in csv.DictReader(lines) if row["file"] == file)
    return rv.read_curve(place / file, schedule=rv.Schedule(np.load(place / "mpl" / f"{name}.lr.npy"), warmup, name))


def main() -> None:
    out = folder(__doc__)
    place = curves()
    if place is None:
        print("real_curves: skipped, no folder of real training curves: set RIVERVALLEY_CURVES")
        return
    with plots.style():
        figure, axes = plots.figure(2, 3, figsize=(13.5, 8.0))
        law = rv.laws.fit([read(place, "100M", name) for name in FITTED], law="auto")
        for ax, name in zip(axes.ravel(), HELD, strict=True):
            curve = read(place, "100M", name)
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
