"""The loss between two iterates: a dip of half the hill loss between stable ones, a fall or a hump between decayed ones."""

import numpy as np
from common import folder, save
from matplotlib import colormaps

import rivervalley as rv
from rivervalley import plots, theory

FRACTION = np.linspace(0.0, 1.0, 41)
LAGS = (3, 10, 30, 300)
RADIUS, STIFFNESS, SLOPE, NOISE = 10.0, 10.0, 0.02, 0.1
CHORDS = (1.2, 2.03, 3.0, 3.7)


def chord(landscape, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Mean loss at the fractions of the way from each of the points a (n, dim) to b."""
    return np.array([landscape.loss((1.0 - f) * a + f * b).mean() for f in FRACTION])


def circle_chord(bend, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The same on a circular bend, along straight lines in the plane."""
    ends = bend.plane(a), bend.plane(b)
    losses = []
    for f in FRACTION:
        x, y = ((1.0 - f) * ends[0] + f * ends[1]).T
        losses.append(bend.loss(np.column_stack([np.hypot(x, y) - bend.radius, bend.radius * np.arctan2(y, x)])).mean())
    return np.array(losses)


def main() -> None:
    out = folder(__doc__)
    colours = colormaps["viridis"](np.linspace(0.0, 0.85, 4))
    with plots.style():
        figure, (left, right) = plots.figure(1, 2, figsize=(12.0, 4.6))

        lr, valley = 0.1, rv.landscapes.RiverValley([1.0], 0.3, rv.landscapes.FlatRiver())
        first = rv.simulate(valley, rv.schedules.constant(steps=100, peak_lr=lr), trajectories=20_000, seed=1)
        for lag, colour in zip(LAGS, colours, strict=True):
            second = rv.simulate(valley, rv.schedules.constant(steps=lag, peak_lr=lr), initial=first)
            exact = theory.chord_hill_share(FRACTION, lag, lr, 1.0)
            left.plot(FRACTION, exact, color=colour, label=f"{lag} updates apart")
            ends = 0.5 * (valley.loss(first.state).mean() + valley.loss(second.state).mean())
            left.plot(FRACTION[::4], chord(valley, first.state, second.state)[::4] / ends, "o", ms=4, color=colour)
        left.axhline(0.5, color="0.5", lw=0.8, ls=":")
        left.text(0.5, 0.49, "half of what a complete decay would gain", fontsize=9, color="0.35", ha="center", va="top")
        left.plot([], [], "k-", label="formula")
        left.plot([], [], "ko", ms=4, label="20,000 pairs")
        left.set(
            xlabel="fraction of the way between two stable iterates",
            ylabel="hill loss / that at the ends",
            ylim=(0.42, 1.1),
            title="Stable iterates: a single well between them",
        )
        left.legend(loc="upper center", ncols=3, fontsize=8)

        bend = rv.landscapes.CircularBend(RADIUS, STIFFNESS, rv.landscapes.LinearRiver(SLOPE), noise_std=NOISE)
        lr = 0.1
        for length, colour in zip(CHORDS, colours, strict=True):
            # Decay, go on at the peak rate, decay again: two decayed iterates about `length` apart along the river.
            stretch = round(2.0 * RADIUS * np.arcsin(0.5 * length / RADIUS) / (SLOPE * lr))
            tail = rv.schedules.wsd(steps=200, peak_lr=lr, decay_steps=200, decay_shape="inverse", final_lr=lr / 200)
            gone = rv.simulate(bend, tail, trajectories=400, seed=2)
            ahead = max(1, stretch - round(tail.lr.sum() / lr))
            onward = rv.schedules.constant(steps=ahead, peak_lr=lr).then(tail)
            there = rv.simulate(bend, onward, initial=gone)
            apart = np.linalg.norm(bend.plane(there.state) - bend.plane(gone.state), axis=1).mean()
            loss = circle_chord(bend, gone.state, there.state)
            right.plot(FRACTION, 1e3 * (loss - loss[0]), color=colour, label=f"{apart:.2f} apart")
        critical = theory.critical_chord(RADIUS, STIFFNESS, SLOPE)
        right.axhline(0.0, color="0.5", lw=0.8, ls=":")
        right.set(
            xlabel="fraction of the way between two decayed iterates",
            ylabel="loss above the earlier one, × 1000",
            title=f"Decayed iterates on a bend: no hump below {critical:.2f} apart",
        )
        right.legend(loc="lower left", title=f"radius {RADIUS:g}, sharpness {STIFFNESS:g}, slope {SLOPE:g}", alignment="left")
        save(figure, out / "interpolation_profiles.png")


if __name__ == "__main__":
    main()
