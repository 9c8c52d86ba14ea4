"""Claims of the scaling laws in size and steps (Kaplan et al., arXiv 2001.08361), found again on power-law spectra.

Legend: a, b spectrum and signal exponents of PowerLaw; t cumulative LR; alpha_N = b - 1, alpha_S = (b - 1) / a;
losses are excess losses, above the label noise.
"""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from rivervalley._common.checks import FloatArray
from rivervalley.claims.checks import Check, agreement, at_least, near, worst
from rivervalley.claims.claim import Claim, Setting
from rivervalley.claims.kaplan import _twin
from rivervalley.claims.kaplan._fits import KAPLAN, SETS, log_fit, slope
from rivervalley.claims.registry import register_claims
from rivervalley.landscapes import PowerLaw
from rivervalley.landscapes.regression.power_law import bin_modes
from rivervalley.schedules import Schedule, constant, cosine, linear, wsd
from rivervalley.simulation.simulate import simulate

_claim = partial(Claim, paper=KAPLAN, status="derived", kind="asymptotic")


# KS-01: the loss of a converged model is a power law of its size.


def _trained(exponents: tuple[float, float], updates: float, power: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Sizes, final excess losses and floors, trained by minibatch SGD for `updates` N^power updates of a linear decay."""
    sizes = np.array([8.0, 16.0, 32.0, 64.0, 128.0])
    loss, floor = [], []
    for n in sizes:
        model = PowerLaw(int(n), *exponents, batch_size=16)
        steps = int(updates * n**power)
        run = model.expected(linear(steps=steps, peak_lr=0.5), steps)
        loss.append(float(model.excess(run)[-1]))
        floor.append(model.floor)
    return sizes, np.array(loss), np.array(floor)


def _size_law(_: Setting, updates: float = 16.0, power: float = 1.5) -> list[Check]:
    checks = []
    large = np.geomspace(16, 1024, 7).round()
    for b in (1.3, 1.5, 2.0, 2.5):
        floors = [PowerLaw(int(n), 1.5, b).floor for n in large]
        checks.append(
            near(f"floor's exponent, b = {b}, N = 16 ... 1024", b - 1.0, -slope(large, floors), relative=0.01, basis="1 / N")
        )
        written = [_twin.floor(b, n) for n in large]
        checks.append(
            worst(f"the floors, b = {b}, sum by Euler and Maclaurin", written, floors, relative=1e-7, basis="the sum")
        )
    for b in (1.5, 1.8):
        sizes, loss, floor = _trained((1.5, b), updates, power)
        trained = near(
            f"exponent of trained models, b = {b}, N = 8 ... 128", b - 1.0, -slope(sizes, loss), relative=0.025, basis="1 / N"
        )
        checks.insert(0, trained)
        checks.append(
            worst(f"trained loss over its floor, b = {b}", 1.0, loss / floor, absolute=0.006, basis="what is not yet learnt")
        )
        steps = int(updates * 32.0**power)
        written = _twin.moments(1.5, b, 32, 0.5 * (1.0 - np.arange(1, steps + 1) / steps), 16, 0.0)[-1]
        checks.append(
            near(f"trained loss of 32 modes, recursion written out, b = {b}", float(written), float(loss[2]), relative=1e-9)
        )
    return checks


# KS-02: the loss of a large model is a power law of the cumulative LR.


def _steps_law(_: Setting, size: int = 10**12) -> list[Check]:
    t = np.geomspace(30.0, 1920.0, 13)
    checks: list[Check] = []
    package: list[Check] = []
    for a, b in (*SETS, (1.2, 1.3), (2.0, 1.5), (1.5, 1.8)):
        model = PowerLaw(size, a, b)
        loss = model.gradient_flow(t)
        power = (b - 1.0) / a
        law = math.gamma(power) / a * (2.0 * t) ** -power
        package.append(
            near(
                f"the package's K0, a = {a}, b = {b}",
                math.gamma(power) / a * 2.0**-power,
                model.steps_scale_of_loss,
                relative=1e-12,
            )
        )
        checks.append(near(f"exponent, a = {a}, b = {b}", -power, slope(t, loss), relative=0.004, basis="1 / t"))
        checks.append(worst(f"prefactor K0, a = {a}, b = {b}", 1.0, loss / law, absolute=0.0005))
    for a, b in ((1.5, 1.5), (1.5, 2.0)):
        model = PowerLaw(min(size, 10**9), a, b, batch_size=16)
        steps = np.unique(np.geomspace(60, 1500, 9).round()).astype(int)
        run = model.expected(constant(steps=1500, peak_lr=0.5), record_at=steps)
        found = slope(steps * 0.5, model.excess(run))
        checks.append(near(f"exponent of minibatch SGD, b = {b}", -model.steps_exponent_of_loss, found, relative=0.03))
    return [*checks, *package]


# KS-03: both together, as a function of t / N^a.


def _two_variables(_: Setting, batch: int | None = None) -> list[Check]:
    """With a batch size SGD takes the place of the noiseless flow."""
    u = np.array([0.05, 0.2, 1.0])
    checks = []
    for a, b in SETS:
        for n, allowed in ((64, 0.007), (256, 0.002), (1024, 0.002)):
            model = PowerLaw(n, a, b)
            t = u * n**a
            loss = model.gradient_flow(t) if batch is None else model.constant_rate(0.5, batch).excess(t / 0.5)
            g = _twin.scaling_function(a, b, u)
            what = f"L / (N^-(b-1) g(t / N^a)), N = {n}, a = {a}, b = {b}"
            checks.append(worst(what, 1.0, loss * n ** (b - 1.0) / g, absolute=allowed, basis="1 / N"))
            checks.append(worst(f"the package's g, N = {n}, a = {a}, b = {b}", g, model.scaling_function(u), relative=1e-7))
    return checks


# KS-04: exponents belong to the spectrum, constants do not.


def _scales(b: float, signal_scale: float, lr: float) -> tuple[float, float, float, float]:
    """alpha_N, log N_c, alpha_S and log S_c (in updates), fitted."""
    sizes = np.geomspace(64, 4096, 7).round()
    size_fit = np.polyfit(np.log(sizes), np.log([PowerLaw(int(n), 1.5, b, signal_scale=signal_scale).floor for n in sizes]), 1)
    model = PowerLaw(10**9, 1.5, b, signal_scale=signal_scale, batch_size=10**6)
    steps = np.unique(np.geomspace(200, 4000, 9).round())
    step_fit = np.polyfit(np.log(steps), np.log(model.constant_rate(lr).excess(steps) - model.floor), 1)
    return -size_fit[0], -size_fit[1] / size_fit[0], -step_fit[0], -step_fit[1] / step_fit[0]


def _constants(_: Setting, other_b: float = 1.5) -> list[Check]:
    scale, slower = 7.3, 4.0
    first, other = _scales(1.5, 1.0, 0.4), _scales(other_b, scale, 0.4 / slower)
    return [
        near("alpha_N at 7.3 times the loss and a quarter of the rate", first[0], other[0], relative=1e-6),
        near("alpha_S at 7.3 times the loss and a quarter of the rate", first[2], other[2], relative=0.005),
        near("N_c grows by", np.log(scale) / first[0], other[1] - first[1], relative=0.001),
        near("S_c grows by", np.log(scale) / first[2] + np.log(slower), other[3] - first[3], relative=0.01),
    ]


# KS-05: the early part of a curve predicts the rest.


def _extrapolation(_: Setting, size: int = 4096) -> list[Check]:
    t = np.geomspace(30.0, 300.0, 25)
    checks = []
    for a, b in SETS:
        model = PowerLaw(size, a, b)
        loss = model.gradient_flow(t)
        p, _rms = log_fit(lambda p: p[0] + p[1] * t ** -p[2], (0.2 * loss[-1], 1.0, 0.4), loss)
        late = p[0] + p[1] * 3000.0 ** -p[2]
        checks.append(
            near(f"loss at t = 3000 from t < 300, a = {a}, b = {b}", float(model.gradient_flow(3000.0)), late, relative=0.005)
        )
    return checks


# KS-08: larger models reach a loss in fewer steps.


def _time_to(model: PowerLaw, target: float) -> float:
    t = np.geomspace(1.0, 1e7, 2000)
    loss = model.gradient_flow(t)
    return float(np.exp(np.interp(-np.log(target), -np.log(loss), np.log(t)))) if loss[-1] < target else np.inf


def _sample_efficiency(_: Setting, independent: bool = True) -> list[Check]:
    checks = []
    # Sizes and a target that keep all times above 10: the power law of steps holds to 1 % from there on.
    for size_power, steps_power, smallest, above in ((0.076, 0.76, 1e8, 1.02), (0.34, 0.5, 1e4, 1.1)):
        sizes = np.geomspace(smallest, 1e9, 6).round()
        models = [
            PowerLaw.size_independent(int(n), size_power, steps_power, modes=10**9)
            if independent
            else PowerLaw(int(n), 1.5, 1.0 + size_power)
            for n in sizes
        ]
        target = above * models[0].floor
        times = np.array([_time_to(m, target) for m in models])
        law = (models[0].steps_scale_of_loss / (target - sizes**-size_power)) ** (1.0 / steps_power)
        checks.append(
            worst(f"t to the loss (K / (L - N^-alpha_N))^(1/alpha_S), alpha_N = {size_power}", law, times, relative=0.01)
        )
        with np.errstate(invalid="ignore"):  # a model that never gets there takes infinitely long
            checks.append(at_least("times fall with N: smallest fall", 0.0, float(np.min(-np.diff(times)))))
    if independent:
        top = [48, 64, 96, 128, 256, 512, 4096]
        found = [_time_to(PowerLaw(n), 1.3 * PowerLaw(64).floor) for n in top]
        checks.append(worst("t of models that train their top N modes", [132, 104, 92, 88, 85, 84, 84], found, absolute=0.6))
    return checks


# KS-P01, KS-P02: what all this stands on.

AGREEMENT_SETTINGS = (  # a, b, B, label variance, N, schedule
    (1.5, 1.5, 1, 0.0, 32, "constant"),
    (1.5, 1.5, 4, 0.3, 64, "cosine"),
    (1.5, 2.0, 8, 1.0, 32, "wsd"),
    (2.0, 2.0, 2, 0.1, 48, "linear"),
    (1.2, 1.3, 16, 0.5, 64, "constant"),
    (2.0, 1.5, 4, 0.0, 17, "cosine"),
    (1.5, 2.5, 3, 2.0, 24, "wsd"),
)
_SHAPES = {
    "constant": constant,
    "cosine": cosine,
    "linear": linear,
    "wsd": lambda steps, peak_lr: wsd(steps=steps, peak_lr=peak_lr, decay_fraction=0.3),
}


def _dynamics(setting: Setting, recursion_batch: float = 1.0) -> list[Check]:
    checks = []
    for k, (a, b, batch, variance, size, shape) in enumerate(AGREEMENT_SETTINGS):
        model = PowerLaw(size, a, b, label_noise_std=variance**0.5, batch_size=batch)
        peak = min(0.5, 0.4 * model.max_stable_lr)
        schedule: Schedule = _SHAPES[shape](steps=120, peak_lr=peak)
        trajectories = setting.trajectories(2048, 512)
        run = simulate(model, schedule, trajectories, (setting.seed + k) % 2**64, record_at=[10, 40, 120], threads=1)
        other = PowerLaw(size, a, b, variance**0.5, max(1, round(recursion_batch * batch)))
        exact = other.expected(schedule, record_at=[10, 40, 120])
        label = f"mean loss of sampled SGD, a = {a}, b = {b}, B = {batch}, label variance {variance}, {shape}"
        # Means of the loss are skewed: 1.1 widens the quantile of its mean over this many runs.
        checks.append(agreement(label, exact.loss, run.loss, 1.1 * run.loss_stderr))
        written = _twin.moments(a, b, size, schedule.lr, other.batch_size, variance)[np.array([10, 40, 120]) - 1] + variance
        checks.append(
            worst(
                f"the recursion written out, a = {a}, b = {b}, B = {other.batch_size}",
                written,
                exact.loss,
                relative=1e-6,
                basis="bins of modes",
            )
        )
        last = model.loss(run.state)
        checks.append(near(f"loss of the states over that recorded, {label}", 1.0, float(last.mean() / run.loss[-1]), 1e-9))
    return checks


def _stability(_: Setting, factor: float = 1.0) -> list[Check]:
    checks = []
    for a, b, batch in ((1.5, 1.5, 1), (1.5, 2.0, 4), (2.0, 2.0, 16)):
        model = PowerLaw(64, a, b, batch_size=batch, label_noise_std=0.1)
        limit = model.max_stable_lr
        below = model.expected(constant(steps=20_000, peak_lr=0.995 * factor * limit), record_at=[10_000, 20_000]).components[
            "trained"
        ]
        above = model.expected(constant(steps=20_000, peak_lr=1.005 * factor * limit), record_at=[10_000, 20_000]).components[
            "trained"
        ]
        checks.append(
            near(f"growth over 10,000 updates just below the limit, B = {batch}", 1.0, below[1] / below[0], absolute=0.1)
        )
        checks.insert(0, at_least(f"growth over 10,000 updates just above the limit, B = {batch}", 2.0, above[1] / above[0]))
    checks.append(
        worst(
            "trace of 10^8 modes kept in 300 bins",
            [2.612175348685489, 1.6449340568482265],
            [float(w @ j**-p) for p in (1.5, 2.0) for j, w in [bin_modes(10**8)]],
            relative=3e-6,
        )
    )
    return checks


register_claims(
    _claim(
        id="KS-01",
        section="docs/theory/kaplan.md#3-size-and-steps",
        ruling="confirmed within the model",
        premise="Models that train their top N modes, converged.",
        breaks="convergence: the same number of updates for all sizes",
        statement="The loss of converged models is a power law of their size.",
        formula="L = zeta(b, N + 1) ~ N^-(b-1) / (b - 1)",
        measure=_size_law,
        control=partial(_size_law, updates=16.0 * 8**1.5, power=0.0),
        note="5 % rule: N >= 8. The control trains all sizes for the same number of updates, so the largest are not converged.",
    ),
    _claim(
        id="KS-02",
        section="docs/theory/kaplan.md#3-size-and-steps",
        ruling="confirmed within the model",
        premise="Very large models.",
        breaks="the size: 32 modes",
        statement="The loss of a large model is a power law of the cumulative LR.",
        formula="L = Gamma(alpha_S) / a (2 t)^-alpha_S, alpha_S = (b - 1) / a",
        measure=_steps_law,
        control=partial(_steps_law, size=32),
        note="Window: 5 <= t <= 0.14 N^a. The control's 32 modes show the floor.",
    ),
    _claim(
        id="KS-03",
        section="docs/theory/kaplan.md#3-size-and-steps",
        ruling="derived here",
        premise="Models that train their top N modes; no noise.",
        breaks="no noise: SGD with batches of 4",
        statement="Size and steps enter the loss through one function of t / N^a.",
        formula="L(N, t) = N^-(b-1) g(t / N^a), g(u) = 1/(b-1) + int_1^inf v^(b-2) exp(-2 u v^a) dv",
        measure=_two_variables,
        control=partial(_two_variables, batch=4),
    ),
    _claim(
        id="KS-04",
        section="docs/theory/kaplan.md#3-size-and-steps",
        ruling="confirmed within the model",
        premise="Models that train their top N modes.",
        breaks="the uniform scale: the signal of later modes shrinks by j^-0.1 more",
        statement="Exponents are properties of the spectrum; the scale constants N_c and S_c are not.",
        formula="L -> k L and eta -> eta / r: same alpha_N, alpha_S; N_c k^(1/alpha_N), S_c r k^(1/alpha_S)",
        measure=_constants,
        control=partial(_constants, other_b=1.6),
        note="The analogue of another vocabulary, rule (i) of the joint law in N and D.",
    ),
    _claim(
        id="KS-05",
        section="docs/theory/kaplan.md#3-size-and-steps",
        ruling="confirmed within the model",
        premise="The early and the late part lie in one regime.",
        breaks="the regime: 256 modes, whose floor comes between",
        statement="The early part of a training curve predicts the late part.",
        formula="E + K t^-y fitted on t = 30 ... 300 gives the loss at t = 3000",
        measure=_extrapolation,
        control=partial(_extrapolation, size=256),
        note="Only while both lie on one side of t ~ 0.14 N^a: the control's 256 modes reach their floor between the two.",
    ),
    _claim(
        id="KS-08",
        section="docs/theory/kaplan.md#4-the-joint-law-of-size-and-steps",
        ruling="confirmed within the model",
        premise="A spectrum that does not depend on the size.",
        breaks="the spectrum: the top N modes train",
        statement="Larger models reach a fixed loss in fewer steps, and with less data.",
        formula="S = (K / (L - A N^-alpha_N))^(1/alpha_S)",
        measure=_sample_efficiency,
        control=partial(_sample_efficiency, independent=False),
        note="By construction where the spectrum does not depend on the size; where only the top N modes train, curves of all N coincide "
        "early (t = 132 ... 84 for N = 48 ... 4096).",
    ),
    _claim(
        id="KS-P01",
        section="docs/theory/kaplan.md#2-models-in-which-the-laws-can-be-derived",
        ruling="derived here",
        premise="Gaussian features; fresh samples.",
        breaks="the batch size told to the recursion: twice as large",
        statement="Sampled minibatch SGD follows the exact recursion of second moments, noise of its own making included.",
        formula="m <- m ((1 - eta lambda)^2 + (eta lambda)^2 / B) + eta^2 lambda R / B",
        kind="statistical",
        measure=_dynamics,
        control=partial(_dynamics, recursion_batch=2.0),
        note=f"{len(AGREEMENT_SETTINGS)} settings of (a, b, B, label variance).",
    ),
    _claim(
        id="KS-P02",
        section="docs/theory/kaplan.md#2-models-in-which-the-laws-can-be-derived",
        ruling="derived here",
        premise="Gaussian features.",
        breaks="the limit: 2 % lower",
        statement="SGD on Gaussian features is stable in mean square exactly up to a rate that depends on batch and spectrum.",
        formula="sum of eta lambda / (B (2 - eta lambda (1 + 1/B))) = 1",
        kind="exact",
        measure=_stability,
        control=partial(_stability, factor=0.98),
    ),
)
