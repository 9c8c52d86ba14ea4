"""Real training curves (Luo et al., arXiv 2503.12811): three fitted, six predicted with 90 % intervals."""

import numpy as np
from common import options, run, save

import rivervalley as rv
from rivervalley import plots

FITTED = ("cosine_24000", "constant_24000", "wsdcon_9")
HELD = {
    "wsd_20000_24000": "WSD, exponential decay from step 20,000",
    "wsdld_20000_24000": "WSD, linear decay from step 20,000",
    "wsdcon_3": "multi-step: LR cut to a tenth",
    "wsdcon_18": "multi-step: LR cut to six tenths",
    "cosine_72000": "cosine, three times as long",
    "constant_72000": "constant, three times as long",
}


def main() -> None:
    asked = options(__file__, __doc__, model="100M", law="auto", confidence=0.9, from_step=3_000)
    law = rv.laws.fit([rv.datasets.load(f"mpl/{asked.model}_{name}") for name in FITTED], law=asked.law)
    inside, errors, widths = 0, [], []
    with plots.style(asked.style):
        figure, axes = plots.figure(4, 3, figsize=(13.5, 9.0), gridspec_kw={"height_ratios": (3, 1.1, 3, 1.1)})
        panels = [(axes[row, k], axes[row + 1, k]) for row in (0, 2) for k in range(3)]
        for (top, bottom), (name, title) in zip(panels, HELD.items(), strict=True):
            curve = rv.datasets.load(f"mpl/{asked.model}_{name}")
            kept = curve.steps >= max(curve.schedule.warmup_steps, asked.from_step)
            steps, loss = curve.steps[kept], curve.loss[kept]
            thin = slice(None, None, max(1, steps.size // 120))
            band = rv.laws.predict_band(law, curve.schedule, steps, confidence=asked.confidence)
            line = plots.look(title)
            top.plot(steps[thin], loss[thin], "o", ms=3, mfc="none", mew=0.6, color="0.5", label="measured")
            top.fill_between(steps, band.low, band.high, alpha=0.2, lw=0, color=line["color"], label="90 % interval")
            top.plot(steps, band.loss, lw=1.3, color=line["color"], label="predicted")
            scores = law.score(curve)
            top.set(title=title, ylabel="loss (nats)", ylim=(loss.min() - 0.04, loss.min() + 0.45))
            bottom.fill_between(
                steps, 100 * (band.low / band.loss - 1), 100 * (band.high / band.loss - 1), alpha=0.2, lw=0, color=line["color"]
            )
            bottom.plot(steps, 100 * (loss / band.loss - 1), lw=0.6, color="0.4")
            bottom.axhline(0.0, **plots.muted())
            bottom.set(ylabel="measured /\npredicted − 1 (%)", ylim=(-1.0, 1.0))
            plots.step_axis(bottom)
            top.sharex(bottom)
            top.tick_params(labelbottom=False)
            inside += band.low[-1] <= loss[-1] <= band.high[-1]
            errors.append(scores.mape)
            widths.append((band.high[-1] / band.low[-1] - 1) / 2)
        figure.legend(*panels[0][0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
        save(
            figure,
            asked,
            f"""The {law.name.replace("_", " ")} law fitted to a cosine, a constant and one step drop of the {asked.model} model predicts
            six other runs, the longest three times as long, with a mean error of {100 * np.mean(errors):.2f} %. The
            {100 * asked.confidence:.0f} % intervals, calibrated on final losses, contain {inside} of the {len(HELD)} final readings and
            are on average ±{100 * np.mean(widths):.2f} % wide.""",
        )


if __name__ == "__main__":
    run(main)
