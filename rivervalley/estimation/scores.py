"""How far predicted losses lie from recorded ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rivervalley._common.checks import FloatArray

QUIET = 0.001  # relative noise of a mean that is quiet enough


@dataclass(frozen=True)
class Scores:
    """How far predictions lie from the losses of a curve.

    Attributes
    ----------
    r2 : float
        1 - sum of squared errors / sum of squares about the mean, on the losses themselves; NaN where all losses are equal.
    mae, rmse : float
        Mean absolute error and root of the mean squared error, in the unit of the loss.
    mape, worst : float
        Mean and largest |error| / loss, as fractions.
    points : int
        How many losses were compared.
    """

    r2: float
    mae: float
    rmse: float
    mape: float
    worst: float
    points: int


def scores(loss: FloatArray, predicted: FloatArray) -> Scores:
    """Scores of predictions against losses, both of shape (R,)."""
    error = np.abs(predicted - loss)
    spread = float(np.sum((loss - loss.mean()) ** 2))
    square = float(np.sum(error**2))
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = error / np.abs(loss)
    return Scores(
        r2=1.0 - square / spread if spread > 0.0 else float("nan"),
        mae=float(error.mean()),
        rmse=float(np.sqrt(square / error.size)),
        mape=float(relative.mean()),
        worst=float(relative.max()),
        points=int(error.size),
    )


def end_residual(residuals: FloatArray) -> float:
    """Mean of a curve's last log residuals: of one where readings are quiet, else of as many as bring the noise to 0.1 %.

    The noise is told from neighbouring residuals. At most a twentieth of the residuals count as the end.
    """
    noise = 1.4826 * float(np.median(np.abs(np.diff(residuals)))) / np.sqrt(2.0) if residuals.size > 2 else 0.0
    rows = int(np.clip(np.ceil((noise / QUIET) ** 2), 1, max(1, residuals.size // 20)))
    return float(residuals[-rows:].mean())
