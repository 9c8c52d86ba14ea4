"""Compute-optimal training: isoFLOP curves and the frontier, where N and t share the budget as theory has it."""

import numpy as np
from common import folder, save
from matplotlib import colormaps

import rivervalley as rv
from rivervalley import plots

BATCH, RATE = 16, 0.5
BUDGETS = np.array([1e5, 3e5, 1e6, 3e6, 1e7, 3e7])  # C = N B S
SIZES = np.unique(np.geomspace(6, 3000, 70).round()).astype(int)


def lowest(loss: np.ndarray) -> tuple[float, float]:
    """Size and loss at the vertex of the parabola through the three lowest points."""
    k = int(np.argmin(loss))
    u, v = np.log(SIZES[k - 1 : k + 2]), np.log(loss[k - 1 : k + 2])
    p = np.polyfit(u, v, 2)
    at = -p[1] / (2 * p[0])
    return float(np.exp(at)), float(np.exp(np.polyval(p, at)))


def main() -> None:
    out = folder(__doc__)
    solved = [rv.landscapes.PowerLaw(size=int(n), batch_size=BATCH).constant_rate(RATE) for n in SIZES]
    steps = BUDGETS[None, :] / (SIZES[:, None] * BATCH)
    loss = np.array([s.excess(row) for s, row in zip(solved, steps, strict=True)])
    size, best = np.array([lowest(loss[:, c]) for c in range(BUDGETS.size)]).T
    power, loss_power = (np.polyfit(np.log(BUDGETS), np.log(y), 1)[0] for y in (size, best))
    colours = colormaps["viridis"](np.linspace(0.0, 0.9, BUDGETS.size))
    with plots.style():
        figure, (left, middle, right) = plots.figure(1, 3, figsize=(13.0, 4.4))
        for c, colour in enumerate(colours):
            seen = steps[:, c] > 3.0
            left.plot(SIZES[seen], loss[seen, c], color=colour, label=f"C = {BUDGETS[c]:,.0f}")
        left.plot(size, best, "k.-", lw=1.0, label="best size")
        left.set(
            xlabel="size N (modes)",
            ylabel="excess loss",
            ylim=(0.09, 1.0),
            title="Each budget has a best size",
        )
        left.legend(fontsize=8)
        spent = np.geomspace(1e4, 3e7, 120)
        for k in range(0, SIZES.size, 8):
            shown = spent > 10.0 * SIZES[k] * BATCH
            middle.plot(spent[shown], solved[k].excess(spent[shown] / (SIZES[k] * BATCH)), color="0.7", lw=0.9)
        middle.plot([], [], color="0.7", lw=0.9, label="one size each")
        middle.plot(BUDGETS, best, "o-", color="C1", label=f"frontier: C$^{{{loss_power:.3f}}}$, theory C$^{{-0.2}}$")
        middle.set(
            xlabel="compute C = N B S",
            ylabel="excess loss",
            ylim=(0.09, 1.0),
            title="The frontier is the envelope of all sizes",
        )
        middle.legend()
        right.plot(BUDGETS, size, "o-", color="C0", label=f"best size N: C$^{{{power:.3f}}}$, theory C$^{{0.4}}$")
        right.plot(
            BUDGETS,
            BUDGETS / (size * BATCH),
            "s-",
            color="C2",
            label=f"its steps S: C$^{{{1 - power:.3f}}}$, theory C$^{{0.6}}$",
        )
        right.set(xlabel="compute C = N B S", ylabel="modes, or steps", title="Size and steps grow as its powers")
        right.legend()
        for ax in (left, middle, right):
            ax.set(xscale="log", yscale="log")
        save(figure, out / "compute_frontier.png")


if __name__ == "__main__":
    main()
