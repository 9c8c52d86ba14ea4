"""Compute-optimal training: isoFLOP curves and the frontier, where size and steps share the budget as theory has it."""

import numpy as np
from common import options, run, save

import rivervalley as rv
from rivervalley import plots


def lowest(sizes: np.ndarray, loss: np.ndarray) -> tuple[float, float]:
    """Size and loss at the vertex of the parabola through the three lowest points."""
    k = int(np.clip(np.argmin(loss), 1, sizes.size - 2))
    u, v = np.log(sizes[k - 1 : k + 2]), np.log(loss[k - 1 : k + 2])
    p = np.polyfit(u, v, 2)
    at = -p[1] / (2 * p[0])
    return float(np.exp(at)), float(np.exp(np.polyval(p, at)))


def main() -> None:
    asked = options(
        __file__, __doc__, batch_size=16, lr=0.5, budgets=(1e5, 3e5, 1e6, 3e6, 1e7, 3e7), smallest_size=6, largest_size=3_000
    )
    budgets, batch = np.array(asked.budgets), asked.batch_size  # C = N B S
    sizes = np.unique(np.geomspace(asked.smallest_size, asked.largest_size, 70).round()).astype(int)
    solved = [rv.landscapes.PowerLaw(size=int(n), batch_size=batch).constant_rate(asked.lr) for n in sizes]
    steps = budgets[None, :] / (sizes[:, None] * batch)
    loss = np.array([s.excess(row) for s, row in zip(solved, steps, strict=True)])
    size, best = np.array([lowest(sizes, loss[:, c]) for c in range(budgets.size)]).T
    power, loss_power = (np.polyfit(np.log(budgets), np.log(y), 1)[0] for y in (size, best))
    with plots.style(asked.style):
        figure, (left, middle, right) = plots.figure(1, 3, figsize=(13.5, 4.8))
        for c, colour in enumerate(plots.sequence(budgets.size)):
            seen = steps[:, c] > 3.0
            left.plot(sizes[seen], loss[seen, c], color=colour, label=f"$C$ = {budgets[c]:,.0f}")
        left.plot(size, best, ".-", color=plots.ink(), lw=1.0, label="best size")
        left.set(xlabel="size $N$ (modes)", ylabel="excess loss", title="Each budget has a best size")
        spent = np.geomspace(0.1 * budgets[0], budgets[-1], 120)
        for k in range(0, sizes.size, 8):
            shown = spent > 10.0 * sizes[k] * batch
            middle.plot(spent[shown], solved[k].excess(spent[shown] / (sizes[k] * batch)), color="0.6", lw=0.9)
        middle.plot([], [], color="0.6", lw=0.9, label="one size each")
        middle.plot(budgets, best, "o-", color="C1", label=f"frontier: $C^{{{loss_power:.3f}}}$ (theory $C^{{-0.2}}$)")
        middle.set(xlabel="compute $C = NBS$", ylabel="excess loss", title="The frontier is the envelope of all sizes")
        right.plot(budgets, size, "o-", color="C0", label=f"best size $N$: $C^{{{power:.3f}}}$ (theory $C^{{0.4}}$)")
        right.plot(
            budgets,
            budgets / (size * batch),
            "s--",
            color="C2",
            label=f"its steps $S$: $C^{{{1 - power:.3f}}}$ (theory $C^{{0.6}}$)",
        )
        right.set(xlabel="compute $C = NBS$", ylabel="modes, or steps", title="Size and steps grow as its powers")
        for ax in (left, middle, right):
            ax.set(xscale="log", yscale="log")
            ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), fontsize=8, ncols=2 if ax is left else 1)
        for ax in (left, middle):
            ax.set_ylim(0.8 * best.min(), 1.0)
            plots.ticks(ax.yaxis, [t for t in (0.05, 0.1, 0.2, 0.5, 1.0) if 0.8 * best.min() <= t])
        save(
            figure,
            asked,
            f"""In regression on a power-law spectrum the best size for a compute budget grows as $C^{{{power:.3f}}}$ and the loss on
            the frontier falls as $C^{{{loss_power:.3f}}}$, where theory has $C^{{0.4}}$ and $C^{{-0.2}}$. Each budget has a best
            size because a smaller model runs into its floor and a larger one has too few steps: {size[0]:.0f} modes at
            {budgets[0]:,.0f} operations, {size[-1]:.0f} at {budgets[-1]:,.0f}.""",
        )


if __name__ == "__main__":
    run(main)
