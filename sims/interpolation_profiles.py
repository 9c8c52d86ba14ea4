"""The loss between two iterates: a dip of half the hill loss between stable ones, a fall or a hump between decayed ones."""

import numpy as np
from common import options, run, save

import rivervalley as rv
from rivervalley import plots, theory

FRACTION = np.linspace(0.0, 1.0, 41)


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
    asked = options(
        __file__,
        __doc__,
        lr=0.1,
        lags=(3, 10, 30, 300),
        pairs=20_000,
        radius=10.0,
        stiffness=10.0,
        slope=0.02,
        chords=(1.2, 2.03, 3.0, 3.7),
    )
    lr, radius = asked.lr, asked.radius
    with plots.style(asked.style):
        figure, (left, right) = plots.figure(1, 2, figsize=(12.0, 5.2))

        valley = rv.landscapes.RiverValley([1.0], 0.3, rv.landscapes.FlatRiver())
        first = rv.simulate(valley, rv.schedules.constant(steps=100, peak_lr=lr), trajectories=asked.pairs, seed=1)
        middles = []
        for lag, colour in zip(asked.lags, plots.sequence(len(asked.lags)), strict=True):
            second = rv.simulate(valley, rv.schedules.constant(steps=lag, peak_lr=lr), initial=first)
            exact = theory.chord_hill_share(FRACTION, lag, lr, 1.0)
            left.plot(FRACTION, exact, color=colour, label=f"{lag:,} steps apart")
            ends = 0.5 * (valley.loss(first.state).mean() + valley.loss(second.state).mean())
            measured = chord(valley, first.state, second.state) / ends
            left.plot(FRACTION[::4], measured[::4], "o", ms=4, color=colour)
            middles.append(measured[FRACTION.size // 2])
        left.axhline(0.5, **plots.muted(), label="half of what a complete decay gains")
        left.plot([], [], "-", color=plots.ink(), label="formula")
        left.plot([], [], "o", color=plots.ink(), ms=4, label=f"{asked.pairs:,} pairs")
        left.set(xlabel="fraction of the way between two stable iterates", ylabel="hill loss / that at the ends")
        left.set_title("Stable iterates: a single well between them")

        bend = rv.landscapes.CircularBend(radius, asked.stiffness, rv.landscapes.LinearRiver(asked.slope), noise_std=0.1)
        humps = []
        for length, colour in zip(asked.chords, plots.sequence(len(asked.chords)), strict=True):
            # Decay, go on at the peak LR, decay again: two decayed iterates about `length` apart along the river.
            stretch = round(2.0 * radius * np.arcsin(0.5 * length / radius) / (asked.slope * lr))
            tail = rv.schedules.wsd(steps=200, peak_lr=lr, decay_steps=200, decay_shape="inverse", final_lr=lr / 200)
            gone = rv.simulate(bend, tail, trajectories=400, seed=2)
            ahead = max(1, stretch - round(tail.lr.sum() / lr))
            onward = rv.schedules.constant(steps=ahead, peak_lr=lr).then(tail)
            there = rv.simulate(bend, onward, initial=gone)
            apart = np.linalg.norm(bend.plane(there.state) - bend.plane(gone.state), axis=1).mean()
            loss = circle_chord(bend, gone.state, there.state)
            right.plot(FRACTION, 1e3 * (loss - loss[0]), color=colour, label=f"{apart:.2f} apart")
            humps.append((apart, (loss - loss[0]).max()))
        critical = theory.critical_chord(radius, asked.stiffness, asked.slope)
        right.axhline(0.0, **plots.muted())
        right.set(xlabel="fraction of the way between two decayed iterates", ylabel="loss above the earlier one (0.001)")
        right.set_title(f"Decayed iterates on a bend: no hump below {critical:.2f} apart")
        for ax in (left, right):
            ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=4, fontsize=8)
        save(
            figure,
            asked,
            f"""Between two iterates of the stable phase the hill loss dips, half-way to {middles[-1]:.3f} of that at the ends when they
            are {asked.lags[-1]:,} steps apart: half of what a complete decay would gain. Between two decayed iterates on a bend of
            radius {radius:g} the loss falls all the way up to a distance of {critical:.2f} in theory; {humps[-1][0]:.2f} apart it
            has a hump of {humps[-1][1]:.3f}.""",
        )


if __name__ == "__main__":
    run(main)
