"""Slow, obvious twins of the laws and of their fit."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize


def annealing_loss(lr, warmup_steps, warmup_area, L0, A, alpha, C, decay_factor):
    """The annealing law by its double sum (arXiv 2408.11029), after each update; O(steps^2)."""
    lr = np.array(lr, dtype=float)
    forward, annealed = lr.copy(), lr.copy()
    if warmup_steps:
        if warmup_area == "full":
            forward[:warmup_steps] = annealed[:warmup_steps] = lr.max()
        elif warmup_area == "ramp":
            annealed[:warmup_steps] = lr[warmup_steps - 1]
    out = []
    for s in range(lr.size):
        S2 = sum((annealed[k - 1] - annealed[k]) * decay_factor ** (i - k) for i in range(1, s + 1) for k in range(1, i + 1))
        out.append(L0 + A * forward[: s + 1].sum() ** -alpha - C * S2)
    return np.array(out)


def authors_protocol(S1, S2, loss, delta=1e-3):
    """The released script's fit: sum of Huber losses of log residuals, L-BFGS-B with its options, bounds and 54 starts.

    Returns the parameters (L0, A, C, alpha) and the objective of the best start.
    """

    def objective(p):
        L0, A, C, alpha = p
        predicted = L0 + A * S1**-alpha - C * S2
        r = np.abs(np.log(loss) - np.log(predicted))
        return np.where(r < delta, 0.5 * r**2, delta * r - 0.5 * delta**2).sum()

    best = None
    for L0 in np.linspace(0.1, 2.1, 2):
        for A in np.linspace(1, 22, 3):
            for C in np.linspace(1, 22, 3):
                for alpha in np.linspace(0, 0.8, 3):
                    # Predictions below 0 have no logarithm: such searches break down, as the script's do.
                    with np.errstate(all="ignore"):
                        found = minimize(
                            objective,
                            [L0, A, C, alpha],
                            method="L-BFGS-B",
                            bounds=[(0, None)] * 4,
                            options={"maxiter": 100_000, "ftol": 1e-9, "gtol": 1e-6, "eps": 1e-8},
                        )
                    if np.isfinite(found.fun) and (best is None or found.fun < best.fun):
                        best = found
    return best.x, best.fun
