"""How curves and runs look in a notebook, and as data frames."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rivervalley._common.checks import FloatArray, InputError, IntArray

if TYPE_CHECKING:
    import pandas as pd

_WIDTH, _HEIGHT, _POINTS = 240, 48, 120


def as_html(title: str, rows: Mapping[str, str], steps: IntArray, loss: FloatArray) -> str:
    """A small table under a title, with a line of the losses beside it."""
    cells = "".join(f"<tr><th>{html.escape(name)}</th><td>{html.escape(text)}</td></tr>" for name, text in rows.items())
    return f"<div><strong>{html.escape(title)}</strong><table>{cells}</table>{_line(steps, loss)}</div>"


def data_frame(columns: Mapping[str, NDArray[Any]]) -> pd.DataFrame:
    """The columns as a pandas data frame; refused where pandas is not installed."""
    try:
        import pandas as pd
    except ImportError:
        raise InputError("to_dataframe needs pandas: pip install 'rivervalley[dataframe]'") from None
    return pd.DataFrame(dict(columns))


def span(steps: IntArray, loss: FloatArray) -> str:
    """First and last loss, with their steps."""
    first = f"{loss[0]:.4f} at step {int(steps[0])}"
    return first if steps.size == 1 else f"{first} to {loss[-1]:.4f} at step {int(steps[-1])}"


def _line(steps: IntArray, loss: FloatArray) -> str:
    """Losses against steps as a line of an inline SVG; nothing where there is but one."""
    if steps.size < 2:
        return ""
    chosen = np.unique(np.linspace(0, steps.size - 1, _POINTS).round().astype(int))
    across = (steps[chosen] - steps[0]) / (steps[-1] - steps[0])
    low, high = float(loss.min()), float(loss.max())
    down = 1.0 - (loss[chosen] - low) / (high - low) if high > low else np.full(chosen.size, 0.5)
    points = " ".join(f"{2 + (_WIDTH - 4) * x:.1f},{2 + (_HEIGHT - 4) * y:.1f}" for x, y in zip(across, down, strict=True))
    line = f'<polyline fill="none" stroke="currentColor" points="{points}"/>'
    return f'<svg width="{_WIDTH}" height="{_HEIGHT}" role="img" aria-label="loss against steps">{line}</svg>'
