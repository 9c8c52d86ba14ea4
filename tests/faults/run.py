"""Put faults into the package one by one and see whether the claims that are about them notice.

    python tests/faults/run.py                       all faults, full power
    python tests/faults/run.py --claims AL-10 RV     those that some claims must notice
    python tests/faults/run.py --sample 0.1 --seed 3 a random tenth
    python tests/faults/run.py --kernels no          those for which nothing is compiled anew

Prints a line for each fault and exits with 1 if one was missed that must be noticed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

HERE = Path(__file__).parent
ENGINE = ("kernels/", "landscapes/", "schedules/")
if __package__ in (None, ""):
    sys.path.insert(0, str(HERE.parent))

from faults.catalogue import FAULTS  # noqa: E402
from faults.fault import Fault  # noqa: E402


@dataclass(frozen=True)
class Outcome:
    """What became of a fault: for each of its claims the checks that fail, or why it could not be tried."""

    fault: Fault
    failing: dict[str, list[str]]
    error: str
    seconds: float

    @property
    def missed(self) -> tuple[str, ...]:
        """Claims that did not notice."""
        return tuple(claim for claim in self.fault.claims if not self.failing.get(claim))

    @property
    def well(self) -> bool:
        """Whether every claim that must notice did."""
        return not self.error and not self.missed


def try_fault(fault: Fault, seed: int = 0, timeout: float = 900.0) -> Outcome:
    """Measure the claims of a fault in a process of its own."""
    begin = time.perf_counter()
    job = {"module": fault.module, "old": fault.old, "new": fault.new, "claims": fault.claims, "seed": seed}
    with tempfile.TemporaryDirectory() as folder:
        environment = dict(os.environ, PYTHONPATH=str(HERE.parents[1]))
        if fault.compiled:
            environment["RIVERVALLEY_CACHE_DIR"] = folder
        try:
            done = subprocess.run(
                [sys.executable, "-W", "ignore", str(HERE / "worker.py")],
                input=json.dumps(job),
                capture_output=True,
                text=True,
                env=environment,
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Outcome(fault, {}, f"more than {timeout:g} s", time.perf_counter() - begin)
    error = "" if done.returncode == 0 else (done.stderr.strip().splitlines() or ["no message"])[-1]
    failing = json.loads(done.stdout) if not error else {}
    return Outcome(fault, failing, error, time.perf_counter() - begin)


def choose(names: Iterable[str] = (), share: float = 1.0, seed: int = 0, kernels: str = "") -> list[Fault]:
    """The faults that some claim or group of `names` must notice (all if none is given), or a random share of them.

    `kernels` "yes" keeps those in kernels alone, "no" all others.
    """
    wanted = tuple(name.upper() for name in names)
    chosen = [
        fault
        for fault in FAULTS
        if not wanted or any(claim.upper() == name or claim.startswith(name + "-") for claim in fault.claims for name in wanted)
    ]
    if kernels:
        chosen = [fault for fault in chosen if fault.compiled == (kernels == "yes")]
    if share < 1.0:
        chosen = random.Random(seed).sample(chosen, max(1, round(share * len(chosen))))
    return chosen


def line(outcome: Outcome) -> str:
    """One line of the table."""
    fault = outcome.fault
    if outcome.error:
        word = f"ERROR {outcome.error}"
    elif outcome.well:
        word = "noticed by " + ", ".join(fault.claims)
    elif fault.missed:
        word = f"missed by {', '.join(outcome.missed)} ({fault.missed})"
    else:
        word = f"MISSED by {', '.join(outcome.missed)}"
    return f"{outcome.seconds:6.1f} s  {fault.name:<52} {word}"


def main(words: Sequence[str] | None = None) -> int:
    """Try the chosen faults; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--claims", nargs="*", default=[], metavar="CLAIM", help="ids or groups of claims")
    parser.add_argument("--sample", type=float, default=1.0, metavar="SHARE", help="a random share of the faults")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the sample and of the claims")
    parser.add_argument("--kernels", choices=("yes", "no"), default="", help="only faults in kernels, or only all others")
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="how many faults to try at once")
    parser.add_argument("--match", default="", metavar="TEXT", help="only faults whose name has this text")
    arguments = parser.parse_args(words)
    chosen = choose(arguments.claims, arguments.sample, arguments.seed, arguments.kernels)
    chosen = [fault for fault in chosen if arguments.match in fault.name]
    outcomes = []
    with ThreadPoolExecutor(arguments.workers) as pool:
        for outcome in pool.map(partial(try_fault, seed=arguments.seed), chosen):
            outcomes.append(outcome)
            print(line(outcome), flush=True)
    demanded = [outcome for outcome in outcomes if not outcome.fault.missed]
    noticed = sum(outcome.well for outcome in demanded)
    share = noticed / max(len(outcomes), 1)
    engine = [o for o in outcomes if o.fault.file.startswith(ENGINE)]
    broad = sum(len([claim for claim in o.fault.claims if o.failing.get(claim)]) >= 3 for o in engine)
    print(f"\n{broad} of {len(engine)} faults in kernels, landscapes and schedules noticed by three claims or more")
    print(f"{noticed} of {len(outcomes)} faults noticed by every claim that is about them ({share:.1%})")
    return 0 if noticed == len(demanded) else 1


if __name__ == "__main__":
    sys.exit(main())
