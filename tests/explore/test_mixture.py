"""The form in which the page takes laws: evaluated update by update it gives the laws' own losses and derivatives."""

import numpy as np
import pytest
from reference import explorer as twin

import rivervalley as rv
from rivervalley import laws
from rivervalley._common.checks import InputError
from rivervalley.explore.mixture import page_law
from rivervalley.laws.base.diagnostics import log_jacobian

RNG = np.random.default_rng(11)
SCHEDULES = [
    rv.schedules.wsd(600, 3e-4, warmup_steps=40, decay_steps=150),
    rv.schedules.cosine(700, 5e-4, final_lr=5e-5),
    rv.schedules.wsd_s([200, 400, 600], 3e-4, warmup_steps=30),
    rv.schedules.from_lr(RNG.uniform(0.0, 1e-3, 600), warmup_steps=7),
]
LAWS = [
    laws.AnnealingLaw(L0=2.6, A=0.43, alpha=0.55, C=0.41),
    laws.AnnealingLaw(L0=2.6, A=0.43, alpha=0.55, C=40.0, decay_factor=0.9, warmup_area="full"),
    laws.AnnealingLaw(L0=2.6, A=0.43, alpha=0.55, C=400.0, decay_factor=0.0, warmup_area="included"),
    laws.RelaxationLaw(L0=2.6, A=0.43, alpha=0.55, B=400.0, relaxation=2e-3, clock=0.5),
    laws.RelaxationLaw(L0=2.6, A=0.43, alpha=0.55, B=400.0, relaxation=2e-3, clock=-0.5, warmup_area="ramp"),
    laws.MultiPowerLaw(L0=3.0, A=0.52, alpha=0.51, B=364.0, K=2.07, beta=0.58, gamma=0.64),
    laws.MultiPowerLaw(L0=3.0, A=0.52, alpha=0.51, B=300.0, K=2.0, beta=2.0, gamma=0.5, warmup_area="ramp"),
    laws.MultiPowerLaw(L0=3.0, A=0.52, alpha=0.51, B=300.0, K=500.0, beta=0.5, gamma=0.0),
    laws.MultiPowerLaw(L0=3.0, A=0.52, alpha=0.51, B=300.0, K=0.0, beta=0.5, gamma=0.0),
    laws.EquilibriumLaw(L0=2.69, A=0.584, alpha=0.533, B=0.817, D=0.01),
    laws.ForwardLaw(L0=2.6, A=0.43, alpha=0.55),
    laws.StepsLaw(L0=2.6, A=0.43, alpha=0.55),
]


def disagreement(found, expected):
    """Largest difference; relative where a law's formula goes to infinity, before training has begun."""
    return float((np.abs(found - expected) / np.maximum(1.0, expected / 20.0)).max())


@pytest.mark.parametrize("law", LAWS, ids=lambda law: f"{law.name}-{law.warmup_area}")
@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda schedule: schedule.name)
def test_the_form_gives_the_laws_losses(law, schedule):
    with np.errstate(divide="ignore"):
        expected = law.predict(schedule)
        _, _, found = twin.evaluate(page_law(law), schedule)
    known = np.isfinite(expected)
    assert disagreement(found[known], expected[known]) < 1e-10


def fitted():
    """One fitted law of every kind, with as many free shape parameters as the form has derivatives by."""
    curves = [rv.datasets.load(f"mpl/25M_{name}") for name in ("cosine_24000", "constant_24000", "wsdcon_9")]
    return [
        laws.AnnealingLaw.fit(curves, decay_factor=None),
        laws.RelaxationLaw.fit(curves, clock=None),
        laws.MultiPowerLaw.fit(curves, beta=2.0, beta_strength=100.0, gamma=0.5, gamma_strength=100.0),
        laws.EquilibriumLaw.fit(curves, weight_decay=0.1),
        laws.ForwardLaw.fit(curves),
        laws.StepsLaw.fit(curves),
    ]


@pytest.fixture(scope="module")
def fits():
    return fitted()


def test_rows_of_weights_give_the_derivatives(fits):
    schedule = rv.schedules.wsd(1200, 3e-4, warmup_steps=100, decay_steps=300)
    steps = np.arange(1, 1201)  # at each update, so that the equilibrium law's blocks are single updates
    for law in fits:
        form = page_law(law)
        S, rows, loss = twin.evaluate(form, schedule)
        names, jacobian, _ = log_jacobian(law, law.points(schedule, steps), law.result.names)
        for name, slope, expected in zip(names, form.slopes, jacobian, strict=True):
            found = {
                "offset": lambda: np.ones(steps.size),
                "power": lambda k=slope.index, form=form, S=S: S ** -form.powers[k].exponent,
                "exponent": lambda k=slope.index, form=form, S=S: (
                    -form.powers[k].coefficient * np.log(S) * S ** -form.powers[k].exponent
                ),
                "mixture": lambda rows=rows: rows[0],
                "row": lambda k=slope.index, form=form, rows=rows: form.coefficient * rows[k],
            }[slope.kind]()
            error = np.abs(found / loss - expected)[200:].max()
            assert error < 1e-6 * np.abs(expected[200:]).max(), f"{law.name}: {name}"


def test_a_law_of_another_family_is_refused():
    law = laws.ConvexBoundLaw(L0=2.0, a=1.0, b=1.0)
    with pytest.raises(InputError, match=r"law must be one of annealing, .*, not 'convex_bound'"):
        page_law(law)
