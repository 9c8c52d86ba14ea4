"""Power-law spectra: solvable models in which the scaling laws in size, steps, compute and batch size are found again."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import final

import numpy as np
from numpy.typing import ArrayLike
from scipy.integrate import quad
from scipy.special import gamma, zeta

from rivervalley._common import checks
from rivervalley._common.checks import FloatArray, InputError
from rivervalley.landscapes.registry import LANDSCAPES
from rivervalley.landscapes.regression.spectral import SpectralRegression

MOST_BINS = 1_000_000
_EXACT = 40  # leading modes that stand in bins of their own


@LANDSCAPES.add("power_law", "power_law(size=64, batch_size=4)", "regression on a power-law spectrum")
@final
@dataclass(frozen=True, eq=False)
class PowerLaw(SpectralRegression):
    """Regression on features of variance j^-a with signal c_j = lambda_j w*_j^2 = signal_scale j^-b, of which N modes train.

    Loss above the label noise, for a noiseless path after the cumulative LR t: N^-(b-1) / (b-1) where t >> N^a
    (size-limited) and K0 t^-(b-1)/a where t << 0.14 N^a (steps-limited); `scaling_function` joins them (derived; the
    family of arXiv 2102.06701 and 2402.01092). `PowerLaw.size_independent` gives the second model, whose spectrum does not
    depend on N: there the loss is the sum of a size term and a steps term, as in arXiv 2001.08361, eq 1.6.

    Parameters
    ----------
    size : int
        N, the number of modes that can be trained: up to 10^8 in `expected`, 10^5 in `simulate`.
    spectrum_exponent : float
        a > 1.
    signal_exponent : float
        b > 1.
    label_noise_std : float
    batch_size : int
        Samples to an update.
    signal_scale : float
        Multiplies every c_j.
    bin_ratio : float
        Modes beyond the 40th are kept in bins this much wider each: the loss is good to 3e-6 at 1.12. 1 for no bins.
    modes : int or None
        For the size-independent model: the trained modes, whatever N is.
    size_exponent, size_scale : float
        For the size-independent model: the floor is size_scale size_exponent zeta(1 + size_exponent, N + 1).

    Raises
    ------
    InputError
        If a parameter is out of its range.

    Examples
    --------
    >>> model = PowerLaw(size=64, spectrum_exponent=1.5, signal_exponent=1.5)
    >>> round(model.floor, 6), model.size_exponent_of_loss, round(model.steps_exponent_of_loss, 6)
    (0.249027, 0.5, 0.333333)
    """

    size: int
    spectrum_exponent: float = 1.5
    signal_exponent: float = 1.5
    label_noise_std: float = 0.0
    batch_size: int = 1
    signal_scale: float = 1.0
    bin_ratio: float = 1.12
    modes: int | None = None
    size_exponent: float = 0.5
    size_scale: float = 1.0

    def __post_init__(self) -> None:
        size = checks.integer("size", self.size, 1, 10**15)
        a = checks.real("spectrum_exponent", self.spectrum_exponent, 1.0, open_low=True)
        b = checks.real("signal_exponent", self.signal_exponent, 1.0, open_low=True)
        scale = checks.real("signal_scale", self.signal_scale, 0.0, open_low=True)
        ratio = checks.real("bin_ratio", self.bin_ratio, 1.0, 2.0)
        if self.modes is None:
            trained, floor = size, scale * zeta(b, size + 1.0)
        else:
            trained = checks.integer("modes", self.modes, 1, 10**15)
            power = checks.real("size_exponent", self.size_exponent, 0.0, open_low=True)
            floor = checks.real("size_scale", self.size_scale, 0.0) * power * zeta(1.0 + power, size + 1.0)
        if ratio == 1.0 and trained > 10**7:
            raise InputError(f"bin_ratio must be above 1 for more than 10000000 modes, and there are {trained}")
        j, count = bin_modes(trained, ratio)
        self._fix(j**-a, scale * j**-b, count, floor, self.label_noise_std, self.batch_size)

    @classmethod
    def size_independent(
        cls,
        size: int,
        size_exponent: float = 0.076,
        steps_exponent: float = 0.76,
        spectrum_exponent: float = 1.5,
        *,
        size_scale: float = 1.0,
        steps_scale: float = 1.0,
        modes: int = 10**6,
        label_noise_std: float = 0.0,
        batch_size: int = 1,
        bin_ratio: float = 1.12,
    ) -> PowerLaw:
        """The model whose spectrum does not depend on its size: loss = size_scale N^-size_exponent + K0 t^-steps_exponent.

        The trained block is always the same `modes` modes, and N enters by a floor that cannot be trained away; both
        exponents are free, Kaplan's included (arXiv 2001.08361, Table 3). `steps_scale` multiplies the signal.

        >>> model = PowerLaw.size_independent(10**6)
        >>> model.size_exponent_of_loss, round(model.steps_exponent_of_loss, 9), round(model.floor, 6)
        (0.076, 0.76, 0.349945)
        """
        a = checks.real("spectrum_exponent", spectrum_exponent, 1.0, open_low=True)
        b = 1.0 + a * checks.real("steps_exponent", steps_exponent, 0.0, open_low=True)
        return cls(
            size, a, b, label_noise_std, batch_size, steps_scale, bin_ratio, modes, float(size_exponent), float(size_scale)
        )

    @property
    def size_exponent_of_loss(self) -> float:
        """alpha_N of the converged loss ~ N^-alpha_N: b - 1, or that of the size-independent floor."""
        return self.signal_exponent - 1.0 if self.modes is None else self.size_exponent

    @property
    def steps_exponent_of_loss(self) -> float:
        """alpha_S of the loss ~ t^-alpha_S of an endless model: (b - 1) / a."""
        return (self.signal_exponent - 1.0) / self.spectrum_exponent

    @property
    def steps_scale_of_loss(self) -> float:
        """K0 of the loss K0 t^-alpha_S of an endless model: Gamma(alpha_S) / a 2^-alpha_S, times signal_scale."""
        power = self.steps_exponent_of_loss
        return float(self.signal_scale * gamma(power) / self.spectrum_exponent * 2.0**-power)

    def scaling_function(self, u: ArrayLike) -> FloatArray:
        """g(u) of loss = N^-(b-1) g(t / N^a), shape of u: 1/(b-1) + int_1^inf v^(b-2) exp(-2 u v^a) dv, v = N / j (derived).

        >>> model = PowerLaw(size=1024, spectrum_exponent=2.0, signal_exponent=2.0)
        >>> ratio = model.gradient_flow(0.2 * 1024**2.0) / (model.scaling_function(0.2) / 1024)
        >>> abs(float(ratio) - 1.0) < 0.002
        True
        """
        if self.modes is not None:
            raise InputError(
                "scaling_function must be asked of a PowerLaw whose spectrum ends at its size, not of one with modes"
            )
        a, b = self.spectrum_exponent, self.signal_exponent
        values = checks.array("u", np.atleast_1d(np.asarray(u, float)).ravel(), low=0.0, open_low=True)
        tails = [quad(lambda v, u=x: v ** (b - 2.0) * math.exp(-2.0 * u * v**a), 1.0, np.inf, limit=200)[0] for x in values]
        return np.asarray(self.signal_scale * (1.0 / (b - 1.0) + np.reshape(tails, np.shape(u))))

    @cached_property
    def _single_modes(self) -> tuple[FloatArray, FloatArray]:
        j = np.arange(1.0, self.dim + 1.0)
        lam = j**-self.spectrum_exponent
        return np.sqrt(lam), np.sqrt(self.signal_scale * j**-self.signal_exponent / lam)


def bin_modes(count: int, ratio: float = 1.12) -> tuple[FloatArray, FloatArray]:
    """Real-valued mode numbers and their multiplicities that stand for the modes 1 ... count in sums over modes.

    The first 40 stand alone. A bin of n modes beyond has two nodes of multiplicity n / 2, at its mean less and plus its
    standard deviation sqrt((n^2 - 1) / 12): Gauss's rule for the sum, exact for cubic polynomials of the mode number.

    >>> [array.tolist() for array in bin_modes(3)]
    [[1.0, 2.0, 3.0], [1.0, 1.0, 1.0]]
    """
    if ratio == 1.0 or count <= _EXACT:
        return np.arange(1.0, count + 1.0), np.ones(count)
    end = (count + 1.0) / (_EXACT + 1.0)
    bins = math.ceil(math.log(end) / math.log(ratio))
    if bins > MOST_BINS:
        raise InputError(f"bin_ratio must give at most {MOST_BINS} bins, but {ratio!r} gives {bins} for {count} modes")
    edges = np.unique(np.rint((_EXACT + 1.0) * np.geomspace(1.0, end, bins + 1)))
    n, middle = np.diff(edges), 0.5 * (edges[:-1] + edges[1:] - 1.0)
    spread = np.sqrt((n * n - 1.0) / 12.0)
    single = n == 1.0
    nodes = np.concatenate(
        (np.arange(1.0, _EXACT + 1.0), middle[single], (middle - spread)[~single], (middle + spread)[~single])
    )
    weights = np.concatenate((np.ones(_EXACT + int(single.sum())), 0.5 * n[~single], 0.5 * n[~single]))
    rising = np.argsort(nodes)
    return nodes[rising], weights[rising]
