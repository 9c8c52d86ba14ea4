"""One resource limits: loss against size, data or compute, and back (Kaplan et al., arXiv 2001.08361, eq. 1.1-1.3)."""

from __future__ import annotations

from rivervalley._common.checks import FloatArray
from rivervalley.scaling._arguments import Numbers, Value, calculator, constants_of, numbers
from rivervalley.scaling.kaplan.constants import COMPUTE, DATA, SIZE, PowerLaw


def _loss(name: str, value: Numbers, law: PowerLaw) -> FloatArray:
    law = constants_of(PowerLaw, "law", law)
    loss: FloatArray = (law.scale / numbers(name, value)) ** law.alpha
    return loss


def _resource(loss: Numbers, law: PowerLaw) -> FloatArray:
    law = constants_of(PowerLaw, "law", law)
    resource: FloatArray = law.scale * numbers("loss", loss) ** (-1.0 / law.alpha)
    return resource


@calculator
def loss_from_size(N: Numbers, law: PowerLaw = SIZE) -> Value:
    """Loss of a model trained to convergence on enough data, (N_c / N)^alpha_N (eq. 1.1).

    Parameters
    ----------
    N : float or array
        Non-embedding parameters, above 0.
    law : PowerLaw

    Returns
    -------
    float or array of the shape of N, nats per token

    Raises
    ------
    InputError
        If N is not positive and finite.

    Examples
    --------
    >>> round(loss_from_size(1.5e9), 3)
    2.304
    """
    return _loss("N", N, law)


@calculator
def loss_from_data(D: Numbers, law: PowerLaw = DATA) -> Value:
    """Loss of a large model stopped early on D tokens, (D_c / D)^alpha_D (eq. 1.2). Nats per token.

    Raises InputError if D is not positive and finite.

    Examples
    --------
    >>> round(loss_from_data(2.3e10), 3)
    2.09
    """
    return _loss("D", D, law)


@calculator
def loss_from_compute(C: Numbers, law: PowerLaw = COMPUTE) -> Value:
    """Loss of the best model for C flop (eq. 1.3). Nats per token.

    With the default law C is C_min: trained at batches far below the critical one. With `COMPUTE_FIXED_BATCH` it is the
    compute used at batches of 2^19 tokens.

    Raises InputError if C is not positive and finite.

    Examples
    --------
    >>> round(loss_from_compute(8.64e19), 2)   # one PF-day
    2.66
    """
    return _loss("C", C, law)


@calculator
def size_for_loss(loss: Numbers, law: PowerLaw = SIZE) -> Value:
    """Non-embedding parameters whose converged loss is `loss`: eq. 1.1 inverted.

    Raises InputError if the loss is not positive and finite.

    Examples
    --------
    >>> f"{size_for_loss(2.0):.2e}"
    '9.63e+09'
    """
    return _resource(loss, law)


@calculator
def data_for_loss(loss: Numbers, law: PowerLaw = DATA) -> Value:
    """Tokens with which a large model, stopped early, reaches `loss`: eq. 1.2 inverted. Raises as `size_for_loss`."""
    return _resource(loss, law)


@calculator
def compute_for_loss(loss: Numbers, law: PowerLaw = COMPUTE) -> Value:
    """Flop with which the best model reaches `loss`: eq. 1.3 inverted. Raises as `size_for_loss`."""
    return _resource(loss, law)


@calculator
def loss_ratio(factor: Numbers, law: PowerLaw) -> Value:
    """What the loss is multiplied by when the limiting resource grows by `factor`: factor^-alpha.

    Raises InputError if the factor is not positive and finite.

    Examples
    --------
    >>> [round(loss_ratio(2.0, law), 3) for law in (SIZE, DATA, COMPUTE)]
    [0.949, 0.936, 0.966]
    """
    ratio: FloatArray = numbers("factor", factor) ** -constants_of(PowerLaw, "law", law).alpha
    return ratio
