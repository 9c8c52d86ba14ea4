"""The automatic choice of a law, and the calibration of its intervals on public runs."""

import numpy as np
import pytest

import rivervalley as rv
from rivervalley.landscapes import PowerRiver, RiverValley
from rivervalley.laws import EquilibriumLaw


def runs(*names):
    """Public runs, as curves."""
    return [rv.datasets.load(name) for name in names]


def test_real_runs_get_the_equilibrium_law():
    law = rv.laws.fit(runs("mpl/25M_cosine_24000", "mpl/25M_constant_24000"))
    assert law.name == "equilibrium" and law.result.rule.startswith("equilibrium: ")
    assert rv.laws.fit(runs("mpl/25M_cosine_24000"), weight_decay=0.2).weight_decay == 0.2


def test_large_lrs_are_relative():
    law = rv.laws.fit(runs("gemstones/512x16_constant", "gemstones/512x16_constant_half"))
    assert law.name == "equilibrium" and law.lr_scale != 1.0
    assert "relative_lr" in {warning.code for warning in law.result.warnings}


@pytest.mark.slow
def test_curves_that_no_adamw_made_get_another_law():
    """A valley of stiff hills without noise memory under SGD: the annealing law describes it, relative steps do not."""
    valley = RiverValley(hills=[0.5, 1.0, 2.0], noise_std=3.0, river=PowerRiver(scale=1.0, exponent=1.0))
    shapes = (rv.schedules.constant(4000, 0.5), rv.schedules.multi_step(4000, 0.5, boundaries=[2000], factors=[0.1]))
    curves = [valley.expected(s, record_every=20).curve().after(400) for s in shapes]
    law = rv.laws.fit(curves)
    assert law.name != "equilibrium" and "misfits" in law.result.rule


def test_options_of_single_laws_are_refused():
    with pytest.raises(rv.InputError, match="law='auto' takes weight_decay and init_std alone, not warmup_area"):
        rv.laws.fit(runs("mpl/25M_cosine_24000"), warmup_area="ramp")


SETS = {
    "constant and cosine": ("mpl/100M_constant_24000", "mpl/100M_cosine_24000"),
    "constant and early decay": ("olmo/370M_constant_10xC", "olmo/370M_wsd_1xC"),
    "one decay": ("lrs/sp_124M_wsd-linear0.2_lr0.001_T25000",),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SETS)
def test_intervals_hold_held_out_ends(name):
    """Nominal 90 %: at least 80 % of the end losses of the same model and peak, with a half-width under 0.6 % of the loss."""
    fitted = runs(*SETS[name])
    law = EquilibriumLaw.fit(fitted, weight_decay=0.1, init_std=0.02)
    model = SETS[name][0].split("_")[0] if name != "one decay" else "lrs/sp_124M"
    inside, widths = [], []
    for other in rv.datasets.list():
        if not other.startswith(model + "_") or other in SETS[name] or ".train" in other:
            continue
        run = rv.datasets.load(other)
        if abs(run.schedule.peak_lr / fitted[0].schedule.peak_lr - 1.0) > 0.01:
            continue
        band = rv.laws.predict_band(law, run.schedule, [int(run.steps[-1])])
        inside.append(bool(band.low[0] <= run.loss[-1] <= band.high[0]))
        widths.append(float(np.log(band.high[0] / band.loss[0])))
    assert len(inside) >= 7
    assert np.mean(inside) >= 0.8
    assert np.mean(widths) < 0.006


@pytest.mark.slow
def test_differences_are_known_better_than_losses_and_ordered_right():
    """Pairs of held-out runs of equal length at the fitted peak: the interval of the difference holds, the sign is right."""
    law = EquilibriumLaw.fit(
        runs("lrs/sp_124M_const_lr0.001_T50000", "lrs/sp_124M_wsd-linear0.2_lr0.001_T25000"), weight_decay=0.1, init_std=0.02
    )
    names = [n for n in rv.datasets.list() if n.startswith("lrs/sp_124M") and "lr0.001_T50000" in n and ".train" not in n]
    ends = [(run.schedule, float(run.loss[-1])) for run in runs(*names) if run.name != "sp_124M_const_lr0.001_T50000"]
    held, right = [], []
    for k, (s1, loss1) in enumerate(ends):
        for s2, loss2 in ends[:k]:
            band = rv.laws.difference_band(law, s1, s2)
            held.append(band.low <= loss1 - loss2 <= band.high)
            if abs(loss1 - loss2) > 0.004:
                right.append(band.difference * (loss1 - loss2) > 0.0)
    assert len(held) >= 20 and np.mean(held) >= 0.85
    assert len(right) >= 5 and np.mean(right) >= 0.95
