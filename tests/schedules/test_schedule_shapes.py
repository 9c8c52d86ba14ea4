"""Decay shapes: against closed forms in extended precision, at their ends, on any CPU."""

import hashlib
import json
import math
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rivervalley import schedules
from rivervalley.schedules import SHAPES
from rivervalley.schedules.shapes import decay

ratios = st.floats(1e-6, 1.0)
peaks = st.floats(1e-9, 1e3)


def closed_form(shape, u, peak, final, power):
    """In numpy's extended precision."""
    u, peak, final = np.longdouble(u), np.longdouble(peak), np.longdouble(final)
    match shape:
        case "inverse":
            return 1 / (u / final + (1 - u) / peak)
        case "exponential":
            return np.exp((1 - u) * np.log(peak) + u * np.log(final))
        case "linear":
            part = 1 - u
        case "cosine":
            part = (1 + np.cos(np.longdouble("3.14159265358979323846264338327950288") * u)) / 2
        case "sqrt":
            part = 1 - np.sqrt(u)
        case "square":
            part = 1 - u**2
        case "power":
            part = (1 - u) ** np.longdouble(power)
    return final + (peak - final) * part


@given(shape=st.sampled_from(SHAPES), steps=st.integers(1, 400), peak=peaks, ratio=ratios, power=st.floats(0.2, 8.0))
def test_shapes_are_their_closed_forms(shape, steps, peak, ratio, power):
    final = peak * ratio
    lr = decay(steps, peak, final, shape, power)
    u = np.arange(1, steps + 1, dtype=np.longdouble) / steps
    # Rounding of u, times the steepest slope in u of a power or a ratio; 1e-14 of the peak is 45 of its units.
    assert np.all(np.abs(lr - closed_form(shape, u, peak, final, power)) <= 1e-14 * peak)


@given(shape=st.sampled_from(SHAPES), peak=peaks, ratio=ratios)
def test_shapes_start_at_the_peak_and_end_at_the_floor(shape, peak, ratio):
    first, last = decay(2, peak, peak * ratio, shape, 2.0, positions=np.array([0.0, 1.0]))
    assert first == peak
    assert last == peak * ratio


@given(steps=st.integers(1, 300), peak=peaks)
def test_special_powers_are_shapes_of_their_own(steps, peak):
    assert np.allclose(decay(steps, peak, 0.0, "power", 1.0), decay(steps, peak, 0.0, "linear"), rtol=1e-13, atol=0)
    u = np.arange(1, steps + 1) / steps
    assert np.allclose(decay(steps, peak, 0.0, "power", 2.0), peak * (1 - u) ** 2, rtol=1e-13, atol=0)


def test_the_cosine_keeps_its_digits_near_zero():
    """(1 + cos pi u)/2 has lost half of its digits 10^4 updates before the end of 10^8; its square form has not."""
    left = np.array([1e-4, 1e-6, 1e-7])
    lr = decay(3, 1.0, 0.0, "cosine", positions=1.0 - left)
    assert np.allclose(lr, np.sin(0.5 * math.pi * left) ** 2, rtol=1e-8)


DIGESTS = """
import hashlib, json
from rivervalley.schedules import SHAPES, multi_step, wsd
powers = {"power": 2.5}
rates = [wsd(5000, 0.3, warmup_steps=100, decay_steps=4000, decay_shape=s, final_lr=0.01, power=powers.get(s, 1.0)) for s in SHAPES]
rates.append(multi_step(100, 0.3, boundaries=[10, 20, 30]))
print(json.dumps([hashlib.sha256(s.lr.tobytes()).hexdigest() for s in rates]))
"""


@pytest.mark.slow
def test_same_bytes_on_any_cpu():
    """NumPy's exponential and power give other last bits without AVX-512; where a CPU has none, both runs are alike."""
    settings = {"NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR X86_V3", "NUMBA_CPU_NAME": "generic"}
    digests = []
    for extra in ({}, settings):
        command = [sys.executable, "-W", "ignore", "-c", DIGESTS]
        done = subprocess.run(command, env=os.environ | extra, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        digests.append(json.loads(done.stdout))
    assert digests[0] == digests[1]
    here = schedules.wsd(5000, 0.3, warmup_steps=100, decay_steps=4000, decay_shape=SHAPES[0], final_lr=0.01)
    assert hashlib.sha256(here.lr.tobytes()).hexdigest() == digests[0][0]


@pytest.mark.parametrize("shape", ["inverse", "exponential"])
def test_a_floor_out_of_reach_is_refused(shape):
    for final in (0.0, 5e-324, 1e-310):
        with pytest.raises(ValueError, match="final_lr must be above 0"):
            schedules.wsd(10, 1.0, decay_steps=5, decay_shape=shape, final_lr=final)
    assert schedules.wsd(10, 1.0, decay_steps=5, decay_shape=shape, final_lr=1e-290).lr[-1] == 1e-290
