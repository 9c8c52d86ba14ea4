"""The comparison of what each law says."""

import json

import numpy as np
import pytest

from rivervalley._common.checks import InputError
from rivervalley._common.json import plain
from rivervalley.scaling import chinchilla, kaplan
from rivervalley.scaling.table import scaling_table


def look(rows, law, quantity):
    found = [row.value for row in rows if row.law == law and row.quantity.startswith(quantity)]
    assert len(found) == 1, (law, quantity, found)
    return found[0]


def test_rows_are_the_calculators():
    rows = scaling_table(C=5.76e23)
    assert look(rows, "Chinchilla, refit", "N, best") == pytest.approx(7.2e10, rel=0.01)
    assert look(rows, "Chinchilla, as printed", "N, best") == pytest.approx(3.2e10, rel=0.01)
    assert look(rows, "Kaplan, measured frontier", "N, best") == kaplan.measured_allocation(5.76e23).N
    assert look(rows, "Kaplan, frontier of L(N, S)", "loss") == kaplan.optimal_allocation(5.76e23).loss
    rows = scaling_table(N=1e9, loss=2.6)
    assert look(rows, "Kaplan, size", "loss") == kaplan.loss_from_size(1e9)
    assert look(rows, "Kaplan, size", "N") == kaplan.size_for_loss(2.6)
    assert look(rows, "Kaplan, batch", "B") == kaplan.critical_batch_size(2.6)
    assert look(rows, "Chinchilla, refit", "D, for this loss at N") == chinchilla.data_for_loss_and_size(2.6, 1e9)
    rows = scaling_table(D=1e10, loss=2.6)
    assert look(rows, "Kaplan, size and data", "N, for this loss") == kaplan.size_for_loss_and_data(2.6, 1e10)
    assert look(rows, "Kaplan, data rule", "N, up to") == pytest.approx((1e10 / 5e3) ** (1 / 0.74), rel=1e-12)


def test_two_of_three_tell_the_run():
    N, D = 1e9, 2e10
    both = {(row.law, row.quantity): row.value for row in scaling_table(N=N, D=D)}
    for given in ({"N": N, "C": 6 * N * D}, {"D": D, "C": 6 * N * D}):
        other = {(row.law, row.quantity): row.value for row in scaling_table(**given)}
        for law in ("C = 6 N D", "Kaplan, size and data", "Kaplan, size and steps"):
            for key in (key for key in both if key[0] == law):
                assert other[key] == pytest.approx(both[key], rel=1e-12)
    assert both["Chinchilla, refit", "C over the least that reaches this loss"] >= 1.0
    assert both["Chinchilla, refit", "loss, of this run"] == chinchilla.loss_from_size_and_data(N, D)


def test_every_row_is_complete_and_json():
    for given in ({"N": 1e9}, {"D": 1e9}, {"C": 1e20}, {"loss": 1.7}, {"N": 1e11, "D": 1e12, "loss": 1.7}, {"N": 1e13}):
        rows = scaling_table(**given)
        for row in rows:
            assert row.law and row.quantity and row.source and row.value > 0.0
        text = json.dumps(plain(rows), allow_nan=False)
        back = json.loads(text)
        assert [list(row) for row in back[:1]] == [["law", "quantity", "value", "unit", "source", "low", "high", "note"]]
        assert [row["value"] is None for row in back] == [not np.isfinite(row.value) for row in rows]
        pairs = [(row.law, row.quantity) for row in rows]
        assert len(set(pairs)) == len(pairs)
    assert not any("learning rate" in row.law for row in scaling_table(N=1e13))
    below = [row for row in scaling_table(loss=1.7) if row.law == "Chinchilla, refit"]
    assert all(row.value == np.inf for row in below)


def test_contradictions_are_left_out():
    both = [row.quantity for row in scaling_table(N=7e10, D=1.4e12)]
    assert "loss, converged on enough data" not in both and "loss, stopped early" in both
    for C in (1e-3 * kaplan.PF_DAY, 1e24, 1e28):
        rows = {
            row.law: row.value for row in scaling_table(C=C) if row.quantity.startswith("loss") and row.law.startswith("Kaplan")
        }
        naive = rows.get("Kaplan, compute, naive")
        assert naive is None or naive > rows["Kaplan, measured frontier"]


def test_what_lies_outside_the_fits_is_marked():
    assert not any(
        row.note for row in scaling_table(N=1e9, D=2e10) if row.law.startswith("Kaplan") and "S_min" not in row.quantity
    )
    rows = scaling_table(N=7e10, D=1.4e12)
    assert all("extrapolated" in row.note for row in rows if row.law.startswith("Kaplan"))
    assert all("outside" in row.note for row in rows if row.law.startswith("Chinchilla"))
    far = [row for row in scaling_table(C=1e24) if row.law.startswith("Kaplan")]
    assert far and all("contradict" in row.note for row in far if row.quantity != "B, critical batch size: stay far below")
    assert not any("contradict" in row.note for row in scaling_table(C=1e20))


def test_intervals_are_those_of_the_printed_errors():
    rows = {(row.law, row.quantity): row for row in scaling_table(N=1e9, D=2e10)}
    refit = rows["Chinchilla, refit", "loss, of this run"]
    c = chinchilla.BESIROGLU
    size, data = c.A * 1e9**-c.alpha, c.B * 2e10**-c.beta
    parts = [0.03, size * 125 / c.A, data * 1293 / c.B, size * np.log(1e9) * 0.02, data * np.log(2e10) * 0.02]
    spread = np.exp(1.6448536 * np.linalg.norm(parts) / refit.value)
    assert refit.low == pytest.approx(refit.value / spread, rel=1e-5) and refit.high == pytest.approx(
        refit.value * spread, rel=1e-5
    )
    assert rows["Chinchilla, as printed", "loss, of this run"].low is None
    power = {row.quantity: row for row in scaling_table(C=6e20) if row.law == "Chinchilla, refit"}
    assert power["N, best size"].low < power["N, best size"].value < power["N, best size"].high


def test_tokens_per_parameter_stand_by_every_allocation():
    for given in ({"N": 1e9}, {"D": 1e10}, {"C": 1e20}, {"loss": 2.5}, {"N": 1e9, "D": 1e10}):
        rows = scaling_table(**given)
        laws = {row.law for row in rows if row.quantity.startswith("D / N")}
        assert len(laws) >= (1 if "D" in given and "N" in given else 2), given


def test_bad_input():
    with pytest.raises(InputError, match="N, D, C or loss must be given"):
        scaling_table()
    with pytest.raises(InputError, match="must not all be given"):
        scaling_table(N=1e9, D=1e10, C=6e19)
    for name in ("N", "D", "C", "loss"):
        for bad in (0.0, -1.0, np.nan, "1e9", [1e9]):
            with pytest.raises(InputError, match=f"^{name} must be a finite number above 0"):
                scaling_table(**{name: bad})
