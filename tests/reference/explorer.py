"""The explorer page's laws, update by update and node by node, from the same numbers that the page gets."""

import numpy as np

from rivervalley.schedules.areas import counted_rates


def evaluate(law, schedule):
    """(S, rows of the mixture, loss) after each update of a schedule, for a PageLaw."""
    forward, annealing = counted_rates(schedule, law.warmup_area)
    rates = {"forward": forward, "annealing": annealing}
    wide = np.ones(schedule.steps)
    scale = 1.0
    if law.norm is not None:
        scale, square = law.norm.lr_scale, law.norm.init_std**2
        for t, lr in enumerate(schedule.lr * scale):
            wide[t] = 0.02 / np.sqrt(square)
            square = (1.0 - lr * law.norm.weight_decay) ** 2 * square + lr**2

    def clock(spec):
        lr = rates[spec.rates]
        unit = lr.max() if spec.unit == "peak" else spec.unit / scale
        with np.errstate(divide="ignore"):
            ticks = np.minimum((lr / unit) ** spec.power, 1e6)
        return np.where(lr > 0.0, ticks, spec.at_zero) * wide**spec.width

    S = law.progress_unit * np.cumsum(clock(law.progress))
    rows = []
    for mixture in law.mixtures:
        x = clock(law.averaged) ** law.averaged_power
        part = _drifting(mixture, x, clock(mixture.memory)) if mixture.drift else _fixed(mixture, x, clock(mixture.memory))
        rows = part if len(rows) == 0 else rows + part
    loss = law.offset + sum(term.coefficient * S**-term.exponent for term in law.powers)
    return S, rows, loss + (law.coefficient * rows[0] if len(rows) else 0.0)


def _fixed(mixture, x, d):
    weights, v = np.array(mixture.weights), np.array(mixture.nodes)
    start = x[0] if mixture.start == "first" else 0.0
    m, out = np.full(v.size, start), np.empty((len(weights), x.size))
    for t in range(x.size):
        m += (x[t] - m) * -np.expm1(-v * d[t])
        out[:, t] = weights @ (m - start)
    return out


def _drifting(mixture, x, d):
    drift, v = mixture.drift, np.array(mixture.nodes)
    y = np.array(drift.y)
    floor = drift.floor * x.max()
    target, state = np.zeros((2, 1 + len(drift.slopes), v.size))
    out, before = np.empty((1 + len(drift.slopes), x.size)), x[0]
    for t in range(x.size):
        rate = np.log(max(x[t], floor))
        z = y - drift.log_K + drift.gamma * rate
        u = np.exp(np.minimum(z, 690.0))
        w = np.exp(drift.beta * z - u - drift.norm)
        slopes = {"K": (u - drift.beta) / drift.K, "beta": z - drift.psi, "gamma": rate * (drift.beta - u)}
        target -= (before - x[t]) * np.stack([w, *(w * slopes[name] for name in drift.slopes)])
        state += (target - state) * -np.expm1(-v * d[t])
        out[:, t] = state.sum(axis=1)
        before = x[t]
    return out
