"""Means and standard errors over trajectories."""

from __future__ import annotations

import math

from rivervalley.kernels._compile import kernel


@kernel
def mean_and_error(values, mean, total_mean, total_error):
    """Over the last axis of values (records, parts, trajectories): part means, mean and standard error of the parts' sum.

    Serial sums in the order of the trajectories, so that the result does not depend on blocks or threads. The standard
    error of a single trajectory is NaN.
    """
    records, parts, n = values.shape
    for r in range(records):
        total_mean[r] = 0.0
        for p in range(parts):
            s = 0.0
            for i in range(n):
                s += values[r, p, i]
            mean[r, p] = s / n
            total_mean[r] += s / n
        squares = 0.0
        for i in range(n):
            s = 0.0
            for p in range(parts):
                s += values[r, p, i]
            squares += (s - total_mean[r]) ** 2
        total_error[r] = math.sqrt(squares / (n - 1) / n) if n > 1 else math.nan
