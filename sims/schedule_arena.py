"""The schedule arena: WSD, WSD-S and cosines at several budgets in one valley, by exact expectation, with the rates they spend."""

import numpy as np
from common import folder, save
from matplotlib.ticker import NullFormatter

import rivervalley as rv
from rivervalley import plots
from rivervalley.simulation.compare import contenders, table

BUDGETS = [2500, 5000, 10_000]
PEAK = 0.5


def main() -> None:
    out = folder(__doc__)
    valley = rv.landscapes.RiverValley(
        hills=np.geomspace(0.02, 1.0, 50), noise_std=0.02**0.5, river=rv.landscapes.PowerRiver(1.0, 1.0)
    )
    standard = contenders(BUDGETS, PEAK)
    hotter = {
        f"oracle cosine, peak × {k:g}": (lambda T, k=k: rv.schedules.cosine(T, k * PEAK, final_lr=0.1 * k * PEAK))
        for k in (1.5,)
    }
    shown = {
        "wsd-s": "one run, decays kept",
        "wsd": "a branch each, for free",
        "wsd, charged": "branches paid for",
        "oracle cosine": "a run each",
        "oracle cosine, peak × 1.5": "a run each",
        "cyclic cosine": "one run, restarts",
    }
    entries = rv.compare(valley, {**standard, **hotter}, BUDGETS)
    best = {b: min(e.loss for e in entries if e.budget == b) for b in BUDGETS}
    colours = dict(zip([*shown, "constant"], ("C0", "C2", "C5", "C1", "C4", "C3", "C7"), strict=True))
    with plots.style():
        figure, (left, right) = plots.figure(1, 2, figsize=(13.0, 4.8), gridspec_kw={"width_ratios": (1, 1.15)})
        for name in ("constant", "cyclic cosine", "wsd-s"):
            run = valley.expected(standard[name], record_every=20)
            left.plot(run.steps, run.loss, color=colours[name], label=name)
        run = valley.expected(standard["oracle cosine"](BUDGETS[-1]), record_every=20)
        left.plot(run.steps, run.loss, color=colours["oracle cosine"], label=f"cosine of {BUDGETS[-1]:,} updates")
        river = valley.expected(standard["constant"], record_every=20)
        left.plot(river.steps, river.components["river"], "k--", lw=1.0, label="river part at the peak rate")
        for budget in BUDGETS:
            left.axvline(budget, color="0.6", lw=0.8, ls=":")
        left.set(
            xlabel="update",
            ylabel="expected loss",
            yscale="log",
            ylim=(0.022, 0.6),
            title="Loss on the way; checkpoints dotted",
        )
        left.set_yticks([0.02, 0.05, 0.1, 0.2, 0.5], ["0.02", "0.05", "0.1", "0.2", "0.5"])
        left.yaxis.set_minor_formatter(NullFormatter())
        left.legend(loc="lower left", fontsize=8, ncols=2)

        for row, name in enumerate(shown):
            of = {e.budget: e for e in entries if e.name == name}
            for k, budget in enumerate(BUDGETS):
                above = 100.0 * (of[budget].loss / best[budget] - 1.0)
                place = row + 0.25 * (k - 1)
                right.barh(place, max(above, 0.06), 0.22, color=colours[name], alpha=(1.0, 0.7, 0.45)[k])
                right.text(
                    above + 0.3, place, f"{of[budget].loss:.4f}, S = {of[budget].summed_lr:,.0f}", va="center", fontsize=7.5
                )
        right.set_yticks(range(len(shown)), [f"{name}\n{note}" for name, note in shown.items()], fontsize=9)
        right.invert_yaxis()
        right.grid(axis="y", visible=False)
        right.set(
            xlabel="loss above the best at the same budget (%)",
            xlim=(0, 15.5),
            title="At 2,500, 5,000 and 10,000 updates (dark to light); S = sum of rates",
        )
        save(figure, out / "schedule_arena.png")
    print(table(entries))


if __name__ == "__main__":
    main()
