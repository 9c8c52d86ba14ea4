"""All faults: each changes one thing in what its claims are about, by a small amount or by one step."""

from __future__ import annotations

from faults.annealing import FAULTS as ANNEALING
from faults.bigram import FAULTS as BIGRAM
from faults.equilibrium import FAULTS as EQUILIBRIUM
from faults.fault import Fault
from faults.kaplan import FAULTS as KAPLAN
from faults.river_valley import FAULTS as RIVER_VALLEY

FAULTS: tuple[Fault, ...] = (*ANNEALING, *RIVER_VALLEY, *BIGRAM, *KAPLAN, *EQUILIBRIUM)
