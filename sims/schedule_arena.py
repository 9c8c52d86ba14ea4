"""The schedule arena: WSD, WSD-S and cosines at several budgets in one valley, by exact expectation, with the LR they spend."""

import numpy as np
from common import options, run, save

import rivervalley as rv
from rivervalley import plots
from rivervalley.simulation.compare import contenders, table

SHOWN = {
    "wsd-s": "one run, decays kept",
    "wsd": "a branch each, for free",
    "wsd, charged": "branches paid for",
    "oracle cosine": "a run each",
    "oracle cosine, peak × 1.5": "a run each",
    "cyclic cosine": "one run, restarts",
}
DENSITY = ("", "//", "xx")  # hatching of the budgets, beside the shade


def title(name: str) -> str:
    """A contender's name with its abbreviation in capitals."""
    return name.replace("wsd-s", "WSD-S").replace("wsd", "WSD")


def main() -> None:
    asked = options(__file__, __doc__, budgets=(2_500, 5_000, 10_000), peak_lr=0.5, noise_std=0.02**0.5, hills=50)
    budgets, peak = list(asked.budgets), asked.peak_lr
    valley = rv.landscapes.RiverValley(
        hills=np.geomspace(0.02, 1.0, asked.hills), noise_std=asked.noise_std, river=rv.landscapes.PowerRiver(1.0, 1.0)
    )
    standard = contenders(budgets, peak)
    hotter = {"oracle cosine, peak × 1.5": lambda T: rv.schedules.cosine(T, 1.5 * peak, final_lr=0.15 * peak)}
    entries = rv.compare(valley, {**standard, **hotter}, budgets)
    best = {b: min(e.loss for e in entries if e.budget == b) for b in budgets}
    with plots.style(asked.style):
        figure, (left, right) = plots.figure(1, 2, figsize=(13.5, 5.4), gridspec_kw={"width_ratios": (1, 1.15)})
        for name in ("constant", "cyclic cosine", "wsd-s"):
            result = valley.expected(standard[name], record_every=20)
            left.plot(result.steps, result.loss, **plots.look(name), lw=1.2, label=title(name))
        result = valley.expected(standard["oracle cosine"](budgets[-1]), record_every=20)
        left.plot(result.steps, result.loss, **plots.look("cosine"), label=f"cosine of {budgets[-1]:,} steps")
        river = valley.expected(standard["constant"], record_every=20)
        left.plot(river.steps, river.components["river"], **plots.look("river"), lw=1.0, label="river part at the peak LR")
        for budget in budgets:
            left.axvline(budget, **plots.muted(label="checkpoints" if budget == budgets[0] else None))
        lowest = 0.8 * min(best.values())
        left.set(ylabel="expected loss", yscale="log", ylim=(lowest, 0.6), title="Loss on the way")
        plots.step_axis(left)
        plots.ticks(left.yaxis, [t for t in (0.02, 0.05, 0.1, 0.2, 0.5) if t >= lowest])
        left.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), fontsize=8, ncols=3)

        rows = []
        for row, (name, note) in enumerate(SHOWN.items()):
            of = {e.budget: e for e in entries if e.name == name}
            losses, spent = (
                ", ".join(form.format(x) for x in xs)
                for form, xs in (
                    ("{:.4f}", [of[b].loss for b in budgets]),
                    ("{:,.0f}", [of[b].summed_lr for b in budgets]),
                )
            )
            rows.append(f"{title(name)} ({note})\nloss {losses}\n$S_1$ {spent}")
            for k, budget in enumerate(budgets):
                above = 100.0 * (of[budget].loss / best[budget] - 1.0)
                place, colour = row + 0.27 * (k - 1), plots.look(name)["color"]
                shade = (1.0, 0.7, 0.45)[k % 3]
                right.barh(place, above, 0.24, color=colour, alpha=shade, hatch=DENSITY[k % 3], edgecolor="white", lw=0)
                # A bar of no length shows as a tick on the axis: the best at this budget.
                right.plot(above, place, "|", color=colour, ms=9, mew=2.5, clip_on=False)
        right.set_yticks(range(len(SHOWN)), rows, fontsize=8)
        right.invert_yaxis()
        right.grid(axis="y", visible=False)
        right.set_xlim(left=-0.15)
        right.set(
            xlabel="loss above the best at the same budget (%)",
            title=f"After {', '.join(f'{b:,}' for b in budgets)} steps (top to bottom)",
        )
        last = {e.name: e for e in entries if e.budget == budgets[-1]}
        first = min(SHOWN, key=lambda name: last[name].loss)
        save(
            figure,
            asked,
            f"""After {budgets[-1]:,} steps in one valley the order is led by {title(first)} with a loss of {last[first].loss:.4f}; one
            WSD-S run gives all {len(budgets)} checkpoints and ends at {last["wsd-s"].loss:.4f}, a cosine of its own length at
            {last["oracle cosine"].loss:.4f} and with 1.5 times the peak at {last["oracle cosine, peak × 1.5"].loss:.4f}. What
            decides is the cumulative LR spent before the decay: {last["wsd-s"].summed_lr:,.0f} for WSD-S,
            {last["oracle cosine"].summed_lr:,.0f} for the cosine and {last["oracle cosine, peak × 1.5"].summed_lr:,.0f} for the
            hotter one.""",
        )
    print(table(entries))


if __name__ == "__main__":
    run(main)
