"""Claims of the bigram language model: curvature is uncertainty, stable phases learn what is certain, decays the rest.

Legend: pi_c frequency of context c, p its next-token law, q the model's, V tokens, eta the rate, B the batch size, S = sum of eta.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from scipy.special import log_softmax
from scipy.stats import spearmanr

from rivervalley import schedules
from rivervalley._common.checks import FloatArray
from rivervalley.claims.checks import Check, agreement, at_least, at_most, near, worst
from rivervalley.claims.claim import Claim, Setting
from rivervalley.landscapes import Bigram, Language, cities, dirichlet, zipf
from rivervalley.simulation.simulate import simulate

PAPER = "arXiv 2410.05192, section 3 and OpenReview m51BgoqvbP"
_claim = partial(Claim, paper=PAPER)

ETA = 0.4


# BG-18: the curvature is that of the prediction.


def _numeric_block(model: Bigram, context: int, state: FloatArray) -> FloatArray:
    """Second derivatives by the logits of one context, from differences of the gradient."""
    V, step = model.shape[1], 1e-5
    columns = []
    for j in range(V):
        move = np.zeros(model.dim)
        move[context * V + j] = step
        difference = model.gradient([state + move])[0] - model.gradient([state - move])[0]
        columns.append(difference.reshape(model.shape)[context] / (2.0 * step))
    return np.array(columns)


def _curvature(_: Setting, of_target: bool = False) -> list[Check]:
    """With of_target, the block is predicted from the target in place of the prediction."""
    frequencies = zipf(4)
    state = 1.5 * np.random.default_rng(0).standard_normal(4 * 6)
    q = np.exp(log_softmax(state.reshape(4, 6), axis=1))
    checks = []
    for name, concentration in (("nearly certain", 0.05), ("uncertain", 5.0)):
        language = dirichlet(4, 6, concentration, frequencies, seed=1)
        model = Bigram(language)
        law = language.transitions if of_target else q
        for c in (0, 3):
            predicted = language.pi[c] * (np.diag(law[c]) - np.outer(law[c], law[c]))
            block = _numeric_block(model, c, state)
            checks.append(worst(f"block of context {c}, {name} language", predicted, block, absolute=1e-9))
        for c in range(4):
            fisher = _sample_covariance(language, c)
            checks.append(worst(f"block at the optimum against Fisher, context {c}", fisher, model.hessian_block(c), 1e-14))
    return checks


def _sample_covariance(language: Language, context: int) -> FloatArray:
    """pi times the covariance of the gradient of one sample at q = p, token by token."""
    p = language.transitions[context]
    gradients = p - np.eye(p.size)
    return np.asarray(language.pi[context] * (gradients.T * p) @ gradients)


# BG-19: uncertainty against two kinds of sharpness.


def _uncertainty(_: Setting, sharpness: str = "trace") -> list[Check]:
    contexts, V = 4000, 32
    checks = []
    for seed in (1, 2):
        rng = np.random.default_rng(seed)
        language = dirichlet(contexts, V, 10.0 ** rng.uniform(-2.0, 1.0, contexts), seed=seed)
        model, H = Bigram(language), language.entropies
        trace, top = model.traces() * contexts, model.top_eigenvalues() * contexts
        frequencies = rng.permutation(zipf(contexts))
        rank = {
            "trace": spearmanr(H, trace).statistic,
            "top eigenvalue": spearmanr(H, top).statistic,
            "frequency times trace": spearmanr(H, frequencies * trace).statistic,
        }
        checks.append(at_least(f"rank correlation of entropy and {sharpness}", 0.99, rank[sharpness]))
        checks.append(at_most("rank correlation of entropy and top eigenvalue", -0.5, rank["top eigenvalue"]))
        weighted = rank["frequency times trace"]
        checks.append(near("rank correlation of entropy and trace under Zipf frequencies", 0.4, weighted, 0.1))
    for k in (2, 4, 8):
        found = Bigram(cities([k], vocabulary=8)).spectrum()[0]
        checks.append(
            worst(f"eigenvalues of {k} equally likely names", np.repeat([1.0 / k, 0.0], [k - 1, 9 - k]), found, 1e-14)
        )
    return checks


# BG-20: what the noise of sampling keeps up.


def _stationary(setting: Setting, sampled_context: bool = True) -> list[Check]:
    """Without sampled_context the prediction forgets that rare contexts have rarer noise as well."""
    checks = []
    frequencies = np.repeat([4.0, 1.0], 5)
    language = cities([4] * 10, frequencies=frequencies)
    trajectories = setting.trajectories(256, 64)
    for batch, rate, steps, bias in ((1, ETA, 2_000, 0.03), (1, 0.1, 8_000, 0.01), (8, ETA, 2_000, 0.02)):
        model = Bigram(language, batch)
        predicted = model.stationary_excess(rate)
        if not sampled_context:
            predicted = predicted * language.pi * 10.0
        run = simulate(model, schedules.constant(steps=steps, peak_lr=rate), trajectories, setting.seed, record_every=steps)
        excess = model.excess(run.state)
        for label, members in (("frequent", slice(0, 5)), ("rare", slice(5, 10))):
            each = excess[:, members].mean(axis=1)
            error = each.std(ddof=1) / np.sqrt(trajectories)
            what = f"excess of {label} contexts, B = {batch}, eta = {rate}"
            checks.append(agreement(what, predicted[members].mean(), each.mean(), error, bias=bias))
    return checks


# BG-21: deterministic contexts know the sum of rates alone.


def _summed(setting: Setting, names: int = 1) -> list[Check]:
    """With names above 1 the contexts are uncertain."""
    steps, peak = 4000, 0.5
    language = cities([1] * 4 + [names] * 4, vocabulary=4, frequencies=[1, 2, 3, 4] * 2)
    model = Bigram(language)
    shapes = {
        "constant": schedules.constant(steps=steps, peak_lr=peak),
        "cosine": schedules.cosine(steps=2 * steps, peak_lr=peak),
        "wsd": schedules.wsd(steps=steps, peak_lr=1.25 * peak, decay_fraction=0.4),
    }
    checks = []
    expected = model.deterministic_excess(peak * steps)
    predicted = np.where(np.isnan(expected), expected[:4].tolist() * 2, expected)
    for name, shape in shapes.items():
        run = simulate(model, shape, setting.trajectories(256, 64), setting.seed, record_every=shape.steps)
        excess = model.excess(run.state)
        error = excess.std(axis=0, ddof=1) / np.sqrt(excess.shape[0])
        total = float(shape.lr.sum() / (peak * steps))
        checks.append(near(f"sum of rates, {name}", 1.0, total, 2e-3))
        checks.append(agreement(f"excess of eight contexts, {name}", predicted, excess.mean(axis=0), error, bias=0.015))
    return checks


# BG-22: what the stable phase learns and what the decay.


def _phases(setting: Setting, decay: bool = True) -> list[Check]:
    steps, tail = 16_000, 3_200
    model = Bigram(cities([1] * 10 + [4] * 10))
    shape = schedules.wsd(steps=steps, peak_lr=ETA, decay_steps=tail, decay_shape="inverse", final_lr=ETA / 20.0)
    if not decay:
        shape = schedules.constant(steps=steps, peak_lr=ETA)
    run = simulate(model, shape, setting.trajectories(512, 128), setting.seed, record_at=[steps - tail, steps])
    certain, uncertain = (2.0 * run.components[part] for part in ("low entropy", "high entropy"))
    error = 2.0 * run.loss_stderr
    rates = schedules.wsd(steps=steps, peak_lr=ETA, decay_steps=tail, decay_shape="inverse", final_lr=ETA / 20.0).lr
    flow = model.deterministic_excess([rates[:-tail].sum(), rates.sum()])[:, 0]
    noise = _linearised(rates, 1.0 / 20.0, 0.25)[[steps - tail - 1, steps - 1]]
    return [
        agreement("deterministic contexts before and after the decay", flow, certain, 0.0, bias=0.01),
        near("change of the deterministic contexts", -0.04, certain[1] / certain[0] - 1.0, 0.01),
        agreement("excess of uncertain contexts before and after", noise, uncertain, error, bias=0.03),
        near("change of the uncertain contexts", -0.89, uncertain[1] / uncertain[0] - 1.0, 0.02),
    ]


def _linearised(rates: FloatArray, pi: float, j: float) -> FloatArray:
    """Excess of four equally likely names after each update at batch size 1: three modes of curvature j in sampled rows."""
    v, found = 0.0, np.empty(rates.size)
    for t, eta in enumerate(rates.tolist()):
        v += pi * (-2.0 * eta * j * v + eta * eta * (j * j * v + j))
        found[t] = 1.5 * j * v
    return found


# BG-23: the strict river of the table and of one logit for each city.


def _river(_: Setting, table: bool = False) -> list[Check]:
    """The strict definition, gradient along the flattest eigenvector, for one logit a city; with `table` for the table."""
    checks = []
    V = 4
    for margin in (2.0, 5.0):
        model = Bigram(cities([1], vocabulary=V))
        state = np.array([margin, 0.0, 0.0, 0.0])
        q = np.exp(log_softmax(state))
        u = 1.0 - q[0]
        g, block = model.gradient([state])[0], model.hessian_block(0, state)
        along = q[0] * u * V / (V - 1.0)
        checks.append(worst(f"H g = pi q u V / (V - 1) g, table, u = {u:.2g}", along * g, block @ g, absolute=1e-14))
        values = model.spectrum(state)[0]
        checks.append(worst("the V - 2 flatter eigenvalues, u / (V - 1)", u / (V - 1.0), values[1 : V - 1], relative=1e-9))
        ratio = along / values[1]
        checks.append(near("the gradient's curvature over the flattest, V (1 - u)", V * (1.0 - u), ratio, relative=1e-9))
    one = Bigram(cities([1, 2, 2]), reference_logit=True)
    state = np.array([3.0, 0.0, 0.0, 0.0, 0.0, 0.0])
    if table:
        one = Bigram(cities([1, 4, 4]))
        state = np.concatenate([[3.0, 0.0, 0.0, 0.0], np.zeros(8)])
    checks.append(near("residual |H g - lambda_min g| / |g|", 0.0, _residual(one, state), 1e-12))
    several = Bigram(cities([1, 1, 2], frequencies=[1, 3, 2]), reference_logit=True)
    bent = _residual(several, np.array([1.0, 0.0, 1.0, 0.0, 0.0, 0.0]))
    checks.append(at_least("the same with two deterministic contexts: two flat directions", 1e-2, bent))
    return checks


def _residual(model: Bigram, state: FloatArray) -> float:
    """|H g - lambda_min g| / |g|, lambda_min the smallest curvature that is not that of softmax's free shift."""
    free = model.shape[1] - model.reference_logit
    g = model.gradient([state])[0].reshape(model.shape)[:, :free]
    Hg = np.array([model.hessian_block(c, state) @ row for c, row in enumerate(g)])
    values = model.spectrum(state)
    flattest = values[values > 1e-12 * values.max()].min()
    return float(np.linalg.norm(Hg - flattest * g) / np.linalg.norm(g))


CLAIMS: Sequence[Claim] = (
    _claim(
        id="BG-18",
        section="docs/theory/bigram.md#2-curvature-and-uncertainty",
        ruling="confirmed within the model",
        premise="A table of logits under cross-entropy.",
        breaks="the prediction in the formula: the target's law",
        statement="The curvature of a context is that of the model's prediction alone; at the optimum it is the sampling noise.",
        formula="H_c = pi_c (diag q - q q^T)",
        status="derived",
        kind="exact",
        measure=_curvature,
        control=partial(_curvature, of_target=True),
        note="The control predicts the block from the target's law instead.",
    ),
    _claim(
        id="BG-19",
        section="docs/theory/bigram.md#2-curvature-and-uncertainty",
        ruling="corrected",
        premise="Random contexts from Dirichlet laws of many concentrations.",
        breaks="the sharpness: the top eigenvalue in place of the trace",
        correction="True of the trace alone, and weakened by unequal frequencies.",
        statement="The more uncertain a context, the sharper: true of the trace, not of the top eigenvalue.",
        formula="tr H_c = pi_c (1 - sum p^2); k equally likely names have the eigenvalues pi_c / k",
        status="derived",
        kind="exact",
        measure=_uncertainty,
        control=partial(_uncertainty, sharpness="top eigenvalue"),
        note="Corrected: the top eigenvalue falls with uncertainty, and frequencies as in text lower the correlation with the "
        "trace from 0.998 to 0.4 (the paper found about 0.39 on text). A test must say which sharpness it means.",
    ),
    _claim(
        id="BG-20",
        section="docs/theory/bigram.md#3-what-sgd-keeps-up-and-what-it-learns",
        ruling="derived here",
        premise="Constant LR, linearised at the optimum.",
        breaks="the sampling of contexts: noise as if each came at every update",
        statement="At a constant rate sampling keeps up an excess after uncertain contexts that does not depend on how often they come.",
        formula="1/2 sum_j j v_j, v_j = (eta / B) / (2 - eta j (pi (B - 1) + 1) / B)",
        status="derived",
        kind="statistical",
        measure=_stationary,
        control=partial(_stationary, sampled_context=False),
        note="The formula is linearised: at eta = 0.4 softmax itself adds 2 %, at 0.1 0.4 %.",
    ),
    _claim(
        id="BG-21",
        section="docs/theory/bigram.md#3-what-sgd-keeps-up-and-what-it-learns",
        ruling="derived here",
        premise="Deterministic contexts from zero logits.",
        breaks="the certainty: half of the contexts have two names",
        statement="Deterministic contexts are learnt with the sum of the rates, whatever the schedule.",
        formula="e^m + (V - 1) m = 1 + pi V S, excess ln(1 + (V - 1) e^-m)",
        status="derived",
        kind="statistical",
        measure=_summed,
        control=partial(_summed, names=2),
        note="In the control half of the contexts have two names.",
    ),
    _claim(
        id="BG-22",
        section="docs/theory/bigram.md#3-what-sgd-keeps-up-and-what-it-learns",
        ruling="confirmed within the model",
        premise="10 deterministic and 10 uncertain contexts of equal frequency.",
        breaks="the decay: none",
        statement="The stable phase learns deterministic contexts, the decay the uncertain ones.",
        formula="deterministic 0.00298 -> 0.00286 (-4 %), uncertain 0.080 -> 0.009 (-89 %)",
        status="derived",
        kind="statistical",
        measure=_phases,
        control=partial(_phases, decay=False),
    ),
    _claim(
        id="BG-23",
        section="docs/theory/bigram.md#2-curvature-and-uncertainty",
        ruling="corrected",
        premise="One logit a city, or a full table.",
        breaks="the parametrisation: the full table for the strict definition",
        correction="In a full table V - 2 directions are flatter than the gradient's.",
        statement="With one logit a city the gradient lies along the flattest direction; in the full table it does not.",
        formula="table: eigenvalue pi q u V / (V - 1) along the gradient, V - 2 flatter ones pi u / (V - 1)",
        status="derived",
        kind="exact",
        measure=_river,
        control=partial(_river, table=True),
        note="A limit of the strict definition of a river: it fails in the table, and with several deterministic contexts of "
        "unequal frequency the flat part has several dimensions.",
    ),
)
