"""The expected loss after the last update as a function of all LRs, with its derivative by each, on straight and spherical valleys."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from rivervalley._common import checks
from rivervalley._common.checks import FloatArray, InputError
from rivervalley.curves.run import Run
from rivervalley.kernels.adjoint import quadratic_adjoint, river_adjoint
from rivervalley.landscapes import QuadraticRiver, RiverValley, SphericalValley
from rivervalley.landscapes.spherical.exact import final_parts


class FinalLoss(Protocol):
    """The expected final loss of so many LRs."""

    def parts(self, lr: FloatArray) -> tuple[dict[str, float], FloatArray]:
        """The parts of the loss, and the derivative of what counts by every LR, shape (steps,)."""
        ...

    def full(self, lr: FloatArray) -> tuple[float, FloatArray]:
        """What counts, and its derivative; not finite where the LRs diverge."""
        ...


def final_loss(valley: RiverValley | SphericalValley, steps: int, initial: Run | None, count_river: bool) -> FinalLoss:
    """The final loss on a valley; without `count_river` that of the hills alone."""
    if isinstance(valley, SphericalValley):
        return _Spherical(valley, steps, initial, count_river)
    return _Straight(valley, steps, initial, count_river)


class _Straight:
    """On a straight valley, with scratch memory for the adjoint."""

    def __init__(self, valley: RiverValley, steps: int, initial: Run | None, count_river: bool) -> None:
        check_straight(valley)
        mean, variance = _initial(valley, initial)
        self.river = valley.river
        self.x = float(mean[-1])
        self.count_river = count_river
        h, s2, m, v = valley.hills, valley.noise[:-1] ** 2, mean[:-1], variance[:-1]
        self.modes = [np.ascontiguousarray(a) for a in (m, v, h, s2)]
        self.path = np.empty((2, steps))
        self.noisy_river: list[FloatArray] | None = None
        if isinstance(valley.river, QuadraticRiver):
            centred = [[mean[-1] - valley.river.minimum], [variance[-1]], [valley.river.curvature], [valley.noise[-1] ** 2]]
            self.noisy_river = [np.array(column, dtype=float) for column in centred]

    def parts(self, lr: FloatArray) -> tuple[dict[str, float], FloatArray]:
        gradient = np.zeros(lr.size)
        hill = float(quadratic_adjoint(lr, *self.modes, self.path, gradient))
        wanted = gradient if self.count_river else np.zeros_like(gradient)
        if self.noisy_river is not None:
            river = float(quadratic_adjoint(lr, *self.noisy_river, self.path, wanted))
        else:
            river = float(river_adjoint(lr, self.x, self.river.kernel, self.path, wanted))
        return {"river": river, "hill": hill}, gradient

    def full(self, lr: FloatArray) -> tuple[float, FloatArray]:
        parts, gradient = self.parts(lr)
        return (sum(parts.values()) if self.count_river else parts["hill"]), gradient


class _Spherical:
    """On a spherical valley, back through the norm of the weights; the floor counts only in `parts`."""

    def __init__(self, valley: SphericalValley, steps: int, initial: Run | None, count_river: bool) -> None:
        self.valley, self.initial, self.count_river = valley, initial, count_river
        final_parts(valley, np.zeros(steps), initial)  # refuses what cannot be used before any search begins

    def parts(self, lr: FloatArray) -> tuple[dict[str, float], FloatArray]:
        river, hill, gradient = final_parts(self.valley, lr, self.initial, count_river=self.count_river)
        return {"river": river, "hill": hill, "floor": float(self.valley.floor)}, gradient

    def full(self, lr: FloatArray) -> tuple[float, FloatArray]:
        parts, gradient = self.parts(lr)
        return (parts["river"] + parts["hill"] if self.count_river else parts["hill"]), gradient


def check_straight(valley: RiverValley) -> None:
    """Refuse what is no straight valley with an exact expectation."""
    if not isinstance(valley, RiverValley):
        raise InputError(
            f"valley must be a RiverValley or SphericalValley, whose expectations are exact, not {checks.show(valley)}"
        )
    if valley.river_noise_std > 0.0 and not valley.river.constant_bend:
        raise InputError(
            f"river_noise_std must be 0 on a {type(valley.river).__name__}, not {valley.river_noise_std:g}: "
            "its mean has no closed recursion"
        )


def _initial(valley: RiverValley, initial: Run | None) -> tuple[FloatArray, FloatArray]:
    """Mean and variance of each coordinate at the start."""
    if initial is None:
        return np.append(valley.start_hill, valley.start_river).astype(float), np.zeros(valley.dim)
    if not isinstance(initial, Run) or initial.state_variance is None:
        raise InputError(f"initial must be a result of expected() or stationary(), not {checks.show(initial)}")
    if initial.state.shape[1] != valley.dim:
        raise InputError(f"initial must have {valley.dim} coordinates, not {initial.state.shape[1]}")
    return initial.state[0].copy(), initial.state_variance.copy()
