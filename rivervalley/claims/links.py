"""Where a claim leads: its paper, its theory, the code that measures it, and a figure of what it is about."""

from __future__ import annotations

import re
from functools import partial

from rivervalley.claims.claim import Claim

REPOSITORY = "https://github.com/rivervalley/rivervalley/blob/main"

# The simulation of sims/, and so the figure of figures/, that shows what these claims say.
FIGURES = {
    "published_losses": ("AL-02", "AL-03", "AL-22"),
    "real_curves": ("AL-01", "AL-11b"),
    "schedules_and_areas": ("AL-04", "AL-26"),
    "delay": ("AL-07", "AL-08"),
    "constant_and_cosine": ("AL-05", "AL-09", "AL-11", "AL-13"),
    "decay_ratio": ("AL-10", "AL-12"),
    "law_failures": ("AL-18", "AL-19", "AL-20"),
    "law_predicts_schedules": ("AL-06",),
    "bending_river": ("RV-01", "RV-02", "RV-03"),
    "river_and_hill": ("RV-09", "RV-15"),
    "narrowing_valley": ("RV-06", "RV-07"),
    "interpolation_profiles": ("RV-11", "RV-12"),
    "decay_shapes": ("RV-16", "RV-17", "RV-28", "RV-P04", "RV-P05"),
    "schedule_arena": ("RV-24", "RV-25"),
    "bigram_phases": ("BG-19", "BG-21", "BG-22"),
    "bigram_schedules": ("BG-24", "BG-P01"),
    "scaling_fans": ("KS-01", "KS-02", "KS-03"),
    "compute_frontier": ("KS-09", "KS-10"),
    "critical_batch": ("KS-11", "KS-12", "KS-12b"),
    "overfitting_collapse": ("KS-13", "KS-14", "KS-15"),
    "equal_area_schedules": ("KS-19", "KS-19b", "KS-23"),
}


def figure_of(claim_id: str) -> str | None:
    """The simulation that shows what a claim says; None where there is none.

    >>> figure_of("AL-07")
    'delay'
    """
    return next((name for name, ids in FIGURES.items() if claim_id in ids), None)


def code_of(claim: Claim) -> str:
    """The file that measures a claim, as a path from the repository's root."""
    measure = claim.measure
    while isinstance(measure, partial):
        measure = measure.func
    return measure.__module__.replace(".", "/") + ".py"


def papers(source: str) -> dict[str, str]:
    """The addresses of the arXiv papers that a claim's source names, by what names them.

    >>> papers("arXiv 2410.05192, section 3")
    {'arXiv 2410.05192': 'https://arxiv.org/abs/2410.05192'}
    """
    return {name: f"https://arxiv.org/abs/{name.split()[1]}" for name in re.findall(r"arXiv \d{4}\.\d{5}", source)}
