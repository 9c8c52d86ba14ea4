"""Claims of when to stop and how often to repeat finite data (arXiv 2001.08361, eq 5.7; arXiv 2305.16264)."""

from __future__ import annotations

from functools import partial

import numpy as np

from rivervalley.claims.checks import Check, agreement, at_least, at_most, near
from rivervalley.claims.claim import Claim, Setting
from rivervalley.claims.kaplan import _twin
from rivervalley.claims.kaplan._fits import KAPLAN
from rivervalley.claims.kaplan.finite_data import TIMES, _written_out, flow
from rivervalley.claims.registry import register_claims
from rivervalley.landscapes import FiniteData, PowerLaw
from rivervalley.schedules import constant
from rivervalley.simulation.simulate import simulate


def _stopping(setting: Setting, pure: bool = False) -> list[Check]:
    checks = []
    for a, b, sig2 in ((1.5, 1.5, 0.0), (1.5, 1.5, 0.3), (1.5, 2.0, 0.3)):
        ratios = []
        for size in (16, 64, 256):
            model = PowerLaw(size, a, b)
            endless = model.gradient_flow(TIMES)
            for samples in (16, 64, 256, 1024):
                mean = flow(a, b, sig2, size, samples, max(8, setting.trajectories(6000, 3000) // samples), setting.seed).mean(
                    axis=0
                )
                best = int(np.argmin(mean))
                if pure:
                    power = model.steps_exponent_of_loss
                    bound = (model.steps_scale_of_loss / (mean[best] - model.floor)) ** (1.0 / power)
                else:
                    bound = np.exp(np.interp(-np.log(mean[best]), -np.log(endless), np.log(TIMES)))
                ratios.append(TIMES[best] / bound)
        label = f"best stopping time over its bound, a = {a}, b = {b}, label variance {sig2:g}"
        checks.append(at_least(f"least {label}", 1.0, float(np.min(ratios))))
        checks.append(at_most(f"median {label}", 7.0, float(np.median(ratios))))
    return [*checks, _written_out(1.5, 0.3, setting.seed), _written_out(2.0, 0.3, setting.seed)]


def _repeats(setting: Setting, fresh: bool = False) -> list[Check]:
    checks = []
    epochs = np.array([1, 2, 4, 8, 16, 32] if setting.quick else [1, 2, 4, 8, 16, 32, 64])
    for a, b, sig2, four, rise in ((1.5, 1.5, 0.1, 1.06, 1.1), (1.5, 2.0, 0.3, 1.15, 1.5)):
        model = PowerLaw(128, a, b, label_noise_std=sig2**0.5, batch_size=8)
        at = epochs * 512 // 8
        schedule = constant(steps=int(at[-1]), peak_lr=0.2)
        runs = simulate(
            model if fresh else FiniteData(model, 512),
            schedule,
            setting.trajectories(128, 64),
            setting.seed,
            record_at=at,
            threads=1,
        )
        endless = model.expected(schedule, record_at=at)
        over = (runs.loss - sig2) / (endless.loss - sig2)
        error = runs.loss_stderr / (endless.loss - sig2)
        label = f"excess over that on fresh data, b = {b}, D = 512"
        checks.append(at_least(f"{label}, {epochs[-1]} epochs", rise, float(over[-1]), standard_error=float(error[-1])))
        # 1.15: the losses are skewed.
        checks.append(agreement(f"{label}, 1 epoch", 1.0, over[0], 1.15 * error[0]))
        checks.append(at_most(f"{label}, 4 epochs", four, float(over[2]), standard_error=1.15 * float(error[2])))
        step = np.diff(over[2:])
        spread = np.hypot(error[2:-1], error[3:])
        k = int(np.argmin(step / spread))
        what = f"{label}: least step between doublings beyond 4 epochs"
        checks.append(at_least(what, 0.0, float(step[k]), standard_error=1.15 * float(spread[k])))
        if not fresh:
            short = FiniteData(PowerLaw(16, a, b, label_noise_std=sig2**0.5, batch_size=4), 32)
            many = setting.trajectories(2048, 512)
            engine = simulate(short, constant(8 * 16, 0.4), many, setting.seed, record_every=128)
            twin = _twin.passes(a, b, 16, sig2, 32, 4, 0.4, 16, 2048, setting.seed)
            engine_loss = short.model.loss(engine.state) - sig2
            both = float(np.hypot(twin.std(ddof=1) / np.sqrt(twin.size), engine_loss.std(ddof=1) / np.sqrt(engine_loss.size)))
            checks.append(
                agreement(
                    f"excess after 16 passes over 32 samples, passes written out, b = {b}",
                    float(twin.mean()),
                    float(engine_loss.mean()),
                    1.15 * both,
                )
            )
            order = short.order(setting.seed, 0, 96).reshape(3, 32)
            checks.append(
                near("every pass takes every sample once", 0.0, float(np.abs(np.sort(order, axis=1) - np.arange(32)).max()))
            )
            checks.append(
                at_least(
                    "samples in another place in the third pass than in the second", 16.0, float(np.sum(order[1] != order[2]))
                )
            )
    return checks


register_claims(
    Claim(
        id="KS-17",
        section="docs/theory/kaplan.md#7-finite-data",
        ruling="confirmed within the model",
        premise="The model's own curve on endless data.",
        breaks="the curve: the pure power law in t",
        paper=f"{KAPLAN}, eq 5.7",
        statement="Early stopping comes no sooner than where endless data would have brought the same loss.",
        formula="t_stop >= t at which L(N, t) = L(N, D)",
        status="derived",
        kind="statistical",
        measure=_stopping,
        control=partial(_stopping, pure=True),
        note="A bound and a rough estimate: the best time is 3 to 8 times later. With the pure power law in t in place of the "
        "model's own curve (the control) the bound breaks where the loss is near its floor.",
    ),
    Claim(
        id="KS-18",
        section="docs/theory/kaplan.md#7-finite-data",
        ruling="confirmed within the model",
        premise="Minibatch SGD on D samples, reshuffled for every pass.",
        breaks="the repeats: fresh data throughout",
        paper="arXiv 2305.16264",
        statement="A few passes over the data are almost as good as fresh data; many are not.",
        formula="excess at 4 epochs over that on fresh data <= 1.06 (b = 1.5), 1.15 (b = 2), then rising",
        status="derived",
        kind="statistical",
        measure=_repeats,
        control=partial(_repeats, fresh=True),
        note="Four epochs cost 2 % of the test loss. Of the loss above the label noise they cost 3 % where the task is hard "
        "(b = 1.5) and 12 % where it is easy (b = 2).",
    ),
)
