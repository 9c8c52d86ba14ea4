"""Formulas of claims as MathML: what is mathematics, what is prose, and that a browser can read all of it."""

import re
import xml.etree.ElementTree as ElementTree

import pytest

from rivervalley import claims
from rivervalley.claims.formula import mathml


def math(body):
    return f"<math>{body}</math>"


S1 = "<msub><mi>S</mi><mrow><mn>1</mn></mrow></msub>"


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("no formula here", "no formula here"),
        ("5,000 more best", "5,000 more best"),
        ("eta h <= 1", math("<mi>η</mi><mi>h</mi><mo>≤</mo><mn>1</mn>")),
        ("S1^-alpha", math(f"<msup>{S1}<mrow><mo>−</mo><mi>α</mi></mrow></msup>")),
        ("e^(-x t)", math("<msup><mi>e</mi><mrow><mo>−</mo><mi>x</mi><mi>t</mi></mrow></msup>")),
        ("sqrt(2 w)", math("<msqrt><mn>2</mn><mi>w</mi></msqrt>")),
        ("s2", math("<msup><mi>σ</mi><mn>2</mn></msup>")),
        ("lambda_min", math("<msub><mi>λ</mi><mrow><mtext>min</mtext></mrow></msub>")),
        ("V*", math("<msup><mi>V</mi><mo>*</mo></msup>")),
        ("a mode of a^2", f"a mode of {math('<msup><mi>a</mi><mn>2</mn></msup>')}"),
        ("x < y & z", f"{math('<mi>x</mi><mo>&lt;</mo><mi>y</mi>')} &amp; {math('<mi>z</mi>')}"),
        ("f(x", math("<mi>f</mi><mo>(</mo><mi>x</mi>")),
    ],
)
def test_a_formula_becomes(text, html):
    assert mathml(text) == html


@pytest.mark.parametrize("claim", claims.list(), ids=lambda claim: claim.id)
def test_every_claims_formula_is_well_formed_and_loses_no_number(claim):
    html = mathml(claim.formula)
    text = "".join(ElementTree.fromstring(f"<p>{html}</p>").itertext())
    digits = re.compile(r"\d")
    squares = len(re.findall(r"\b(?:s2|sig2|R2)\b", claim.formula))
    assert len(digits.findall(text)) == len(digits.findall(claim.formula)), (text, squares)
    assert "^" not in text
