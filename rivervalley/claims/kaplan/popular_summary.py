"""A popular summary of the scaling-law paper, statement by statement: which claim tests it, and what is wrong with it.

The statements are those of the summary that this project began with; the verdicts compare them with arXiv 2001.08361.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Statement:
    """One sentence of the summary.

    Attributes
    ----------
    number : int
    text : str
    verdict : str
        "correct", "corrected" (the paper says otherwise) or "opinion" (the summary's own).
    exact : str
        What the paper says, or what is known since.
    claims : tuple of str
        Ids of the claims that test it; empty where it is outside what can be simulated, for the reason in `exact`.
    """

    number: int
    text: str
    verdict: str
    exact: str
    claims: tuple[str, ...]


STATEMENTS = (
    Statement(
        1,
        "The values of the symbols matter less than their relations.",
        "opinion",
        "The paper: scale constants have no fundamental meaning, exponents do.",
        ("KS-01", "KS-02", "KS-03", "KS-04"),
    ),
    Statement(
        2,
        "The loss depends strongly on scale (N, D, C) and weakly on shape (depth, width, heads).",
        "correct",
        "Shape cannot be simulated here; other features that leave the exponents alone are the nearest analogue.",
        ("KS-21",),
    ),
    Statement(
        3,
        "The loss is a power law of N, D or C where the other two do not limit it.",
        "correct",
        "Eqs 1.1-1.3.",
        ("KS-01", "KS-02", "KS-09", "KS-14"),
    ),
    Statement(
        4,
        "If one of N and D is fixed while the other grows, performance drops.",
        "corrected",
        "The paper has diminishing returns: stopped early, a larger model is never worse.",
        ("KS-13",),
    ),
    Statement(
        5,
        "The penalty depends on N^0.74 / D, so that a model 8 times larger needs only 6 times the data.",
        "corrected",
        "8^0.74 = 4.66: about five times, as the paper says.",
        ("KS-15", "KS-P03"),
    ),
    Statement(
        6, "The early part of a training curve predicts the rest.", "correct", "True within one regime of the law.", ("KS-05",)
    ),
    Statement(
        7,
        "On other text the loss differs by a constant, so the validation loss is a fair measure.",
        "correct",
        "The offset is constant; that the measure is fair is the summary's inference.",
        ("KS-20",),
    ),
    Statement(8, "Larger models reach a loss in fewer steps and with less data.", "correct", "Figures 2 and 4.", ("KS-08",)),
    Statement(
        9,
        "With fixed compute, train a very large model and stop far from convergence; D ~ C^0.27.",
        "correct",
        "As the paper; its allocation was revised by arXiv 2203.15556 and 2404.10102.",
        ("KS-07", "KS-09", "KS-10", "KS-P06"),
    ),
    Statement(
        10,
        "The best batch size is a power of the loss and linked to the gradient noise scale.",
        "correct",
        "Only through the loss, and only roughly: the noise scale has neither the exponent nor the level of the critical batch.",
        ("KS-11", "KS-12", "KS-12b"),
    ),
    Statement(
        11,
        "L(N), L(D) and L(C_min) hold where the other resources do not limit.",
        "correct",
        "The exponent 0.050 belongs to C_min, compute far below the critical batch size, not to C.",
        ("KS-01", "KS-02", "KS-09", "KS-P04"),
    ),
    Statement(
        12,
        "A larger exponent means more gain; N_c, D_c and C_c have no meaning.",
        "correct",
        "They depend on the vocabulary.",
        ("KS-04",),
    ),
    Statement(
        13,
        "Data help most, then parameters, then compute.",
        "opinion",
        "Reads 0.095 > 0.076 > 0.050 as gain per factor of each resource. It says nothing of costs, and compute already "
        "pays for the others: no experiment decides it.",
        (),
    ),
    Statement(14, "The critical batch size is a power law of the loss.", "correct", "B* / L^(1/alpha_B).", ("KS-11", "KS-P04")),
    Statement(
        15,
        "Raise D as N^(alpha_N / alpha_D) ~ N^0.74; one equation joins them.",
        "correct",
        "0.74 comes from the joint fit of Table 2; the single laws of Table 5 would give 0.80.",
        ("KS-14", "KS-15"),
    ),
    Statement(
        16,
        "L(N, S) has S_c = 2.1e3 and alpha_S = 0.76, with S_min the least possible steps.",
        "correct",
        "Additive only where the spectrum does not depend on the size.",
        ("KS-06", "KS-12"),
    ),
    Statement(
        17,
        "With fixed compute the best N, B, S and D are powers of it.",
        "correct",
        "Powers 0.73, 0.24, 0.03 and 0.27 were measured; the formula gives 0.68, 0.25, 0.07 and 0.32.",
        ("KS-09", "KS-10", "KS-P05"),
    ),
    Statement(
        18,
        "More compute should go to the model first, not to time or data; larger models use samples better.",
        "correct",
        "As the paper; the allocation is superseded: about equal powers of N and D.",
        ("KS-08", "KS-09"),
    ),
    Statement(
        19,
        "In practice small models are trained for longer, because of hardware.",
        "correct",
        "A remark of the paper; what it costs is the penalty for a wrong size.",
        ("KS-07", "KS-P06"),
    ),
)

CORRECTIONS = tuple(statement for statement in STATEMENTS if statement.verdict == "corrected")
