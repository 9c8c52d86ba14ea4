"""Schedules of other libraries: their formulas written out step by step, and the libraries themselves where installed."""

import math

import numpy as np
import pytest

import rivervalley as rv
from rivervalley import schedules

FALLS = {
    "linear": lambda p: 1.0 - p,
    "cosine": lambda p: 0.5 * (1.0 + math.cos(math.pi * p)),
    "sqrt": lambda p: 1.0 - math.sqrt(p),
}
LENGTHS = [(7, 2, 4), (200, 10, 20), (50, 0, 50), (50, 50, 0), (30, 29, 1)]


def transformers_rate(t, T, W, D, fall, low):
    """get_wsd_schedule: the factor of its LambdaLR at count t."""
    if t < W:
        return t / W * (1.0 - low) + low
    if t < T - D:
        return 1.0
    return fall((t - (T - D)) / D) * (1.0 - low) + low


def torchtitan_rate(t, T, W, D, fall, low):
    """Releases 0.1 to 0.3: the stable phase is one update longer, by a virtual last step."""
    if t < W:
        return (t + 1) / W
    if t < T + 1 - D:
        return 1.0
    return low + (1.0 - low) * fall((t + 1 - (T + 1 - D)) / D)


def early_torchtitan_rate(t, T, W, D, fall, low):
    """Before its release 0.1."""
    if t < W:
        return (t + 1) / (W + 1)
    if t < T - D or D == 0:
        return 1.0
    return low + (1.0 - low) * fall((t + 1 - (T - D)) / (D + 1))


THEIRS = {"transformers": transformers_rate, "torchtitan-0.1": torchtitan_rate, "torchtitan": early_torchtitan_rate}


@pytest.mark.parametrize("shape", FALLS)
@pytest.mark.parametrize("low", [0.0, 0.1])
@pytest.mark.parametrize("lengths", LENGTHS)
@pytest.mark.parametrize("convention", THEIRS)
def test_conventions_are_the_libraries_formulas(convention, lengths, low, shape):
    T, W, D = lengths
    theirs = [0.3 * THEIRS[convention](t, T, W, D, FALLS[shape], low) for t in range(T)]
    ours = schedules.wsd(T, 0.3, warmup_steps=W, decay_steps=D, decay_shape=shape, final_lr=0.3 * low, convention=convention)
    assert np.allclose(ours.lr, theirs, rtol=1e-14, atol=1e-16)


def test_torchtitan_releases_by_hand():
    s = schedules.wsd(steps=7, peak_lr=1.0, warmup_steps=2, decay_steps=4, convention="torchtitan-0.1")
    assert s.lr.tolist() == [0.5, 1.0, 1.0, 1.0, 0.75, 0.5, 0.25]


def test_transformers_warms_up_from_its_floor():
    s = schedules.wsd(steps=6, peak_lr=1.0, warmup_steps=2, decay_steps=2, final_lr=0.5, convention="transformers")
    assert s.lr.tolist() == [0.5, 0.75, 1.0, 1.0, 1.0, 0.75]


def test_the_real_transformers():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    for shape, theirs in [("linear", "linear"), ("cosine", "cosine"), ("sqrt", "1-sqrt")]:

        def factory(optimizer, decay_type=theirs):
            return transformers.get_wsd_schedule(optimizer, 10, 40, 100, decay_type=decay_type, min_lr_ratio=0.1)

        real = schedules.from_torch(factory, 100, base_lr=0.3)
        ours = schedules.wsd(
            100, 0.3, warmup_steps=10, decay_steps=40, decay_shape=shape, final_lr=0.03, convention="transformers"
        )
        assert np.allclose(real.lr, ours.lr, rtol=1e-12)
    assert torch.__version__


def test_the_real_torch():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    lr_scheduler = torch.optim.lr_scheduler
    s = schedules.from_torch(lambda o: lr_scheduler.CosineAnnealingLR(o, T_max=100, eta_min=0.01), 101, base_lr=0.1)
    # Their cosine is at u = 0 for the first update; ours at u = 1/D.
    assert np.allclose(s.lr[1:], schedules.cosine(100, 0.1, final_lr=0.01).lr, rtol=1e-9)
    assert s.name == "CosineAnnealingLR"
    # One that refuses an optimizer without momentum, and more steps than it was made for.
    assert schedules.from_torch(lambda o: lr_scheduler.OneCycleLR(o, 1.0, total_steps=20), 20, base_lr=0.1).steps == 20
    with pytest.raises(rv.InputError, match="must make 30 steps, but failed at step 2"):
        schedules.from_torch(lambda o: lr_scheduler.OneCycleLR(o, 1.0, total_steps=20), 30, base_lr=0.1)
    with pytest.raises(rv.InputError, match="failed at step 1"):
        schedules.from_torch(lambda o: lr_scheduler.ReduceLROnPlateau(o), 5, base_lr=0.1)
    with pytest.raises(rv.InputError, match="learning-rate scheduler, not None"):
        schedules.from_torch(lambda o: None, 5)


@pytest.mark.slow
def test_the_real_optax_count_by_count():
    optax = pytest.importorskip("optax", reason="optax is not installed")
    for theirs in (
        optax.constant_schedule(0.1),
        optax.warmup_cosine_decay_schedule(0.0, 0.1, 5, 40, 0.01),
        optax.exponential_decay(0.1, 10, 0.5),
        optax.piecewise_constant_schedule(0.1, {10: 0.5, 20: 0.5}),
        optax.linear_onecycle_schedule(30, 0.1),
        optax.join_schedules([optax.linear_schedule(0, 0.1, 5), optax.cosine_decay_schedule(0.1, 20)], [5]),
    ):
        counts = [0, 1, 4, 5, 6, 10, 19, 20, 29]
        one_by_one = [float(theirs(t)) for t in counts]
        assert np.allclose(schedules.from_optax(theirs, 30).lr[counts], one_by_one, rtol=2e-6, atol=1e-8)


@pytest.mark.slow
@pytest.mark.parametrize("steps", [1, 2, 3, 4, 5])
def test_optax_interpolation_with_as_many_pieces_as_steps(steps):
    """Given an array as long as its pieces, an interpolated schedule of optax takes it for one count for each piece."""
    optax = pytest.importorskip("optax", reason="optax is not installed")
    theirs = optax.piecewise_interpolate_schedule("linear", 1.0, {1: 0.5, 2: 0.5, 4: 0.5})
    assert np.allclose(schedules.from_optax(theirs, steps).lr, [float(theirs(t)) for t in range(steps)], rtol=1e-6)


def test_a_function_jax_cannot_trace_goes_one_by_one():
    def theirs(count):
        return 0.1 if int(count) < 3 else 0.05

    assert schedules.from_optax(theirs, 5).lr.tolist() == [0.1, 0.1, 0.1, 0.05, 0.05]
    with pytest.raises(rv.InputError, match="must give a number"):
        schedules.from_optax(lambda count: [0.1, 0.2], 3)
    with pytest.raises(rv.InputError, match="finite numbers"):
        schedules.from_optax(lambda count: -0.1, 3)
