"""A river valley to play with: peak LR, decay and noise by sliders, run live. marimo run sims/notebooks/river_valley.py"""

import marimo

app = marimo.App(width="medium", app_title="A river valley")


@app.cell
def _():
    import marimo as mo
    import numpy as np

    import rivervalley as rv
    from rivervalley import plots

    return mo, np, plots, rv


@app.cell
def _(mo):
    mo.md(
        """
        # A river valley

        The loss is the river, which falls with the cumulative LR, plus the hills, which follow the LR. What does a decay buy, and what
        does it cost? Move the sliders: every curve is simulated anew.
        """
    )
    return


@app.cell
def _(mo):
    peak = mo.ui.slider(0.05, 0.9, step=0.05, value=0.5, label="peak LR", show_value=True)
    decay = mo.ui.slider(1, 90, step=1, value=10, label="decay, % of the run", show_value=True)
    noise = mo.ui.slider(0.0, 0.5, step=0.05, value=0.15, label="noise", show_value=True)
    steps = mo.ui.slider(1_000, 20_000, step=1_000, value=5_000, label="steps", show_value=True)
    mo.vstack([peak, decay, noise, steps])
    return decay, noise, peak, steps


@app.cell
def _(decay, noise, np, peak, rv, steps):
    valley = rv.landscapes.RiverValley(
        hills=np.geomspace(0.05, 2, 15), noise_std=noise.value, river=rv.landscapes.PowerRiver(1.0, 1.0)
    )
    schedules = [
        rv.schedules.constant(steps.value, peak.value),
        rv.schedules.cosine(steps.value, peak.value),
        rv.schedules.wsd(steps.value, peak.value, decay_fraction=decay.value / 100, name="WSD"),
    ]
    runs = [rv.simulate(valley, schedule, trajectories=64, seed=0) for schedule in schedules]
    return runs, valley


@app.cell
def _(plots, runs):
    with plots.style():
        figure, (top, middle) = plots.figure(2, 1, figsize=(8.0, 5.4), sharex=True, gridspec_kw={"height_ratios": (3, 1)})
        for run in runs:
            plots.plot_run(run, top, parts=False)
            middle.plot(range(1, run.schedule.steps + 1), run.schedule.lr, **plots.look(run.schedule))
        wsd = runs[-1]
        for part, values in wsd.components.items():
            top.plot(wsd.steps, values, lw=1.0, label=f"WSD: {part}", **plots.look(part))
        top.set(yscale="log", xlabel="")
        top.legend(ncols=2)
        plots.step_axis(middle).set_ylabel("LR")
    figure
    return


@app.cell
def _(mo, runs, valley):
    ends = {run.schedule.name: float(run.loss[-1]) for run in runs}
    exact = {run.schedule.name: float(valley.expected(run.schedule).loss[-1]) for run in runs}
    best = min(ends, key=ends.get)
    mo.md(
        f"**{best}** ends lowest, at {ends[best]:.4f}. "
        + " ".join(f"{name}: {ends[name]:.4f}, {exact[name]:.4f} expected." for name in ends)
    )
    return best, ends, exact


if __name__ == "__main__":
    app.run()
