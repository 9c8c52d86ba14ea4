"""The figure of `rivervalley plan`."""

from __future__ import annotations

import numpy as np

from rivervalley.planning.plan import Plan
from rivervalley.plots import base
from rivervalley.plots.look import look, step_axis


def draw_plan(plan: Plan, path: str) -> None:
    """LRs of the recommended schedule and its rivals with their predicted final losses; and what a decay would give when."""
    rivals = [c.other for c in plan.against]
    with base.style():
        picture, (left, right) = base.figure(1, 2, figsize=(11.0, 4.0))
        for option in (plan.recommended, plan.optimised, *rivals):
            steps = np.arange(1, option.schedule.steps + 1)
            width = 2.4 if option is plan.recommended else 1.2
            kept = slice(None, None, max(1, steps.size // 2000))
            label = f"{option.name}: {option.loss:.4f} nats"
            left.plot(steps[kept], option.schedule.lr[kept], lw=width, label=label, **look(option.name))
        step_axis(left).set(ylabel="LR", title="Schedules and their predicted final losses")
        left.legend()
        now = plan.decay_now
        right.plot(now.start + now.decay_steps, now.stay, label="constant LR", **look("constant"))
        right.plot(now.start + now.decay_steps, now.loss, label="after a linear decay of the best length", **look("wsd"))
        step_axis(right, "step at which the decay ends")
        right.set(ylabel="predicted loss (nats)", title="What a decay would give")
        right.legend()
        base.save(picture, path)
