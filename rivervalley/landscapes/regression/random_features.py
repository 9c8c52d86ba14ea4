"""Random features of a power-law spectrum: the same scaling laws without the model knowing the eigenbasis."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import final

import numpy as np
from scipy.special import zeta

from rivervalley._common import checks
from rivervalley._common.checks import FloatArray, InputError
from rivervalley.landscapes.registry import LANDSCAPES
from rivervalley.landscapes.regression.spectral import SpectralRegression


@LANDSCAPES.add(
    "random_features", "random_features(features=64, modes=1000)", "regression on random features of a power-law spectrum"
)
@final
@dataclass(frozen=True, eq=False)
class RandomFeatures(SpectralRegression):
    """Regression on `features` random Gaussian projections of data with eigenvalues j^-a and signal j^-b, j = 1 ... modes.

    The model sees W'x / sqrt(N) with W (modes, N) of independent standard normals. In the singular basis of
    sqrt(Lambda) W / sqrt(N) it is the same regression again, with its own eigenvalues, signal and floor (derived;
    arXiv 2402.01092 for the model).

    Parameters
    ----------
    features : int
        N, below `modes`.
    modes : int
        Modes of the data that the features mix: many more than N. Signal beyond them goes to the floor.
    spectrum_exponent, signal_exponent : float
        a > 1 and b > 1.
    label_noise_std : float
    batch_size : int
    seed : int
        Of the projection.

    Raises
    ------
    InputError
        If a parameter is out of its range.

    Examples
    --------
    >>> model = RandomFeatures(features=16, modes=400, seed=1)
    >>> model.dim, bool(model.floor > 0.5)
    (16, True)
    """

    features: int
    modes: int = 3000
    spectrum_exponent: float = 1.5
    signal_exponent: float = 1.5
    label_noise_std: float = 0.0
    batch_size: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        features = checks.integer("features", self.features, 1)
        modes = checks.integer("modes", self.modes, 2, 100_000)
        if features >= modes:
            raise InputError(f"features must be below modes ({modes}), not {features}")
        a = checks.real("spectrum_exponent", self.spectrum_exponent, 1.0, open_low=True)
        b = checks.real("signal_exponent", self.signal_exponent, 1.0, open_low=True)
        rng = np.random.Generator(np.random.PCG64(checks.seed(self.seed)))
        j = np.arange(1.0, modes + 1.0)
        seen = (j ** (-0.5 * a))[:, None] * rng.standard_normal((modes, features)) / np.sqrt(features)
        gram = seen.T @ seen
        values, vectors = np.linalg.eigh(gram)
        values, vectors = values[::-1].copy(), vectors[:, ::-1]
        v = j ** (-0.5 * b)
        q = (vectors.T @ (seen.T @ v)) / np.sqrt(values)
        # Modes beyond the last are seen by no feature.
        floor = float(v @ v - q @ q + zeta(b, modes + 1.0))
        self._fix(values, q * q, np.ones(features), floor, self.label_noise_std, self.batch_size)

    @cached_property
    def _single_modes(self) -> tuple[FloatArray, FloatArray]:
        return np.sqrt(self.eigenvalues), np.sqrt(self.signal / self.eigenvalues)
