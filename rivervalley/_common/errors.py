"""The errors that users meet. They stand apart from the checks so that the command line can name them without NumPy."""

from __future__ import annotations


class InputError(ValueError):
    """What a user passed in cannot be used. The message is one sentence: which argument, its value, what is allowed."""


class DivergenceError(ArithmeticError):
    """A simulated trajectory left the range of float64.

    Attributes
    ----------
    trajectory, step : int
        The first trajectory to diverge and the update (counted from 1) at which it did.
    """

    def __init__(self, message: str, trajectory: int, step: int) -> None:
        super().__init__(message)
        self.trajectory = trajectory
        self.step = step

    def __reduce__(self) -> tuple[type[DivergenceError], tuple[str, int, int]]:
        return type(self), (str(self), self.trajectory, self.step)


class WorkerError(RuntimeError):
    """Work that was shared with other processes or machines could not be finished there, for no fault of the input."""
