"""Your own log, from CSV to plan: read, fitted, predicted, planned. marimo run sims/notebooks/log_to_plan.py"""

import marimo

app = marimo.App(width="medium", app_title="From a log to a plan")


@app.cell
def _():
    import marimo as mo

    import rivervalley as rv
    from rivervalley import plots

    return mo, plots, rv


@app.cell
def _(mo):
    mo.md(
        """
        # From a log to a plan

        Give the paths of your training logs, comma-separated: CSV, wandb exports, `trainer_state.json`, ... One of the runs must decay.
        Without a path two public runs of a 100M-parameter model stand in.
        """
    )
    return


@app.cell
def _(mo):
    paths = mo.ui.text(label="logs", placeholder="constant.csv, wsd.csv", full_width=True)
    weight_decay = mo.ui.number(0.0, 1.0, step=0.01, value=0.1, label="weight decay")
    warmup = mo.ui.number(0, 100_000, value=0, label="warm-up steps of your runs")
    mo.vstack([paths, mo.hstack([weight_decay, warmup], justify="start")])
    return paths, warmup, weight_decay


@app.cell
def _(paths, rv, warmup):
    given = [path.strip() for path in paths.value.split(",") if path.strip()]
    curves = (
        [rv.read_curve(path, warmup_steps=warmup.value) for path in given]
        if given
        else [rv.datasets.load(f"mpl/100M_{name}") for name in ("constant_24000", "wsd_20000_24000")]
    )
    return (curves,)


@app.cell
def _(curves, rv, weight_decay):
    law = rv.laws.fit(curves, weight_decay=weight_decay.value)
    return (law,)


@app.cell
def _(curves, law, plots):
    with plots.style():
        figure, axes = plots.figure(2, 1, figsize=(8.0, 5.6), sharex=True, gridspec_kw={"height_ratios": (3, 1.2)})
        plots.plot_fit(law, curves, [], axes)
    figure
    return


@app.cell
def _(curves, mo):
    longest = max(curve.schedule.steps for curve in curves)
    highest = max(curve.schedule.peak_lr for curve in curves)
    steps = mo.ui.number(longest // 10, 20 * longest, value=2 * longest, label="steps of the next run")
    peak = mo.ui.number(highest / 10, 10 * highest, value=highest, label="peak LR")
    mo.hstack([steps, peak], justify="start")
    return peak, steps


@app.cell
def _(law, mo, peak, rv, steps):
    plan = rv.plan(law, steps=int(steps.value), peak_lr=float(peak.value))
    mo.md(
        f"Run **{plan.recommended.name}**: expect a final loss of **{plan.recommended.loss:.4f}**. "
        + " ".join(f"{c.other.name} would end at {c.other.loss:.4f}." for c in plan.against)
    )
    return (plan,)


if __name__ == "__main__":
    app.run()
