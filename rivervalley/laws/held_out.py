"""How a fitted law predicts a curve that it was not fitted to."""

from __future__ import annotations

from dataclasses import dataclass

from rivervalley._common.checks import InputError, show
from rivervalley.curves.curve import LossCurve
from rivervalley.estimation.scores import Scores, scores
from rivervalley.laws.base.law import Law, end_loss, recorded
from rivervalley.laws.prediction_band import band_at


@dataclass(frozen=True)
class HeldOut:
    """A held-out curve beside its prediction.

    Attributes
    ----------
    name : str
    scores : Scores
        Over its losses from the end of the warm-up on.
    step : int
        Updates done at its last loss.
    loss, predicted, low, high : float
        Its loss at the end (`Law.end_loss`), the prediction of it, and the 90 % prediction interval.
    """

    name: str
    scores: Scores
    step: int
    loss: float
    predicted: float
    low: float
    high: float

    @property
    def covered(self) -> bool:
        """Whether the loss lies within the interval."""
        return self.low <= self.loss <= self.high


def predict_held_out(law: Law, curve: LossCurve) -> HeldOut:
    """Compare a curve with the prediction for it.

    Raises
    ------
    InputError
        If the law was constructed directly, or `curve` is no LossCurve or has no losses after its warm-up.

    Examples
    --------
    A law without annealing misses the end of a cosine:

    >>> from rivervalley.laws import ForwardLaw, published
    >>> comparison = predict_held_out(ForwardLaw.fit(published.constant()), published.cosine())
    >>> f"{comparison.loss:.3f} against {comparison.predicted:.3f}", comparison.covered
    ('2.838 against 2.919', False)
    """
    if not isinstance(law, Law):
        raise InputError(f"law must be a law, not {show(law)}")
    if law.result is None:
        raise InputError("law must be fitted to curves to have a band, not constructed directly")
    steps, loss = recorded(curve)
    band = band_at(law, law.result, curve.schedule, law.points(curve.schedule, steps), 0.9)
    return HeldOut(
        name=curve.name,
        scores=scores(loss, band.loss),
        step=int(steps[-1]),
        loss=end_loss(loss, band.loss),
        predicted=float(band.loss[-1]),
        low=float(band.low[-1]),
        high=float(band.high[-1]),
    )
