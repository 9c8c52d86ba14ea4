"""All faults: each changes one thing in what its claims are about, by a small amount or by one step."""

from __future__ import annotations

from faults.annealing import FAULTS as ANNEALING
from faults.fault import Fault

FAULTS: tuple[Fault, ...] = (*ANNEALING,)
