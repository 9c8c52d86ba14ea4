"""Formulas of claims as MathML: from the plain text in which claims state them to what a browser sets as mathematics.

The text is prose with formulas in it, such as "best final LR over peak: T_x ~ eta^-(1 + 1/alpha)". Words stay words; letters,
Greek names, numbers and signs become mathematics, with ^ for powers, _ and digits after a letter for indices, and sqrt(...).
Nothing is loaded from a network: browsers set MathML themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

_GREEK_NAMES = """alpha=α beta=β gamma=γ delta=δ epsilon=ε eps=ε zeta=ζ eta=η theta=θ kappa=κ lambda=λ mu=μ nu=ν xi=ξ pi=π rho=ρ
    sigma=σ sig=σ tau=τ phi=φ psi=ψ omega=ω Gamma=Γ Delta=Δ Lambda=Λ Sigma=Σ Phi=Φ Omega=Ω inf=∞"""
_FUNCTION_NAMES = "ln log exp sin cos tan cosh sinh tanh max min argmin argmax tr diag Var Cov E"
_GREEK = {name: letter for name, _, letter in (pair.partition("=") for pair in _GREEK_NAMES.split())}
_FUNCTIONS = frozenset(_FUNCTION_NAMES.split())
_LARGE = {"sum": "∑", "int": "∫"}
_SQUARES = {"s2": "σ", "sig2": "σ", "R2": "R"}  # as the claims write them
_SIGNS = {
    "<=": "≤",
    ">=": "≥",
    "->": "→",
    "<-": "←",
    "<<": "≪",
    ">>": "≫",
    "~": "∼",
    "*": "·",
    "-": "−",
    "...": "…",
    "+-": "±",
    "!=": "≠",
}
_TOKEN = re.compile(
    r"""(?P<space>\s+)
    | (?P<number>\d[\d,]*\d(?:\.\d+)?(?:e-?\d+)?|\d(?:\.\d+)?(?:e-?\d+)?|\.\d+)
    | (?P<word>[^\W\d_]+(?:'(?=s\b))?\d*(?:_(?:[^\W_]+|\{[^}]*\}))?[*']?(?:-[^\W\d_]{2,})*)
    | (?P<sign>\+-|<<|>>|<=|>=|->|<-|!=|\.\.\.|[-+*/=<>~^|()\[\]{}!×·±≤≥∞−])
    | (?P<other>.)""",
    re.VERBOSE,
)
_INDEXED = re.compile(r"(?P<letters>[^\W\d_]+)(?P<digits>\d*)(?:_(?P<index>[^\W_]+|\{[^}]*\}))?(?P<mark>[*']?)")


@dataclass(frozen=True)
class _Token:
    kind: str  # "number", "symbol", "sign", or "text": prose and spaces
    text: str


def mathml(formula: str) -> str:
    """HTML of a claim's formula: prose with <math> elements in it.

    Parameters
    ----------
    formula : str
        As in `Claim.formula`.

    Examples
    --------
    >>> mathml("at most h^2")
    'at most <math><msup><mi>h</mi><mn>2</mn></msup></math>'
    """
    pieces: list[str] = []
    for mathematical, tokens in _runs(list(_tokens(formula))):
        if mathematical:
            pieces.append(f"<math>{''.join(_sequence(tokens))}</math>")
        else:
            pieces.append(escape("".join(token.text for token in tokens)))
    return "".join(pieces)


def _tokens(formula: str) -> Iterator[_Token]:
    for match in _TOKEN.finditer(formula):
        kind, text = str(match.lastgroup), match.group()
        if kind == "word":
            yield _Token("symbol" if _is_symbol(text) else "text", text)
        else:
            yield _Token({"space": "text", "other": "text"}.get(kind, kind), text)


def _is_symbol(word: str) -> bool:
    """Whether a word is a mathematical name: a letter, a Greek name, a function, either with an index."""
    parts = _INDEXED.fullmatch(word)
    if parts is None:
        return False
    letters = parts["letters"]
    if len(letters) == 1:
        return word != "a"  # the article, until its neighbours say otherwise
    named = letters in _GREEK or letters in _FUNCTIONS or letters in _LARGE or word in _SQUARES
    pair = letters == "wd" or (len(letters) == 2 and letters[0] == "d" and letters[1] in "LSTVWCNDBstxuv")
    return named or letters == "sqrt" or pair or (bool(parts["index"]) and len(letters) <= 2)


def _runs(tokens: list[_Token]) -> Iterator[tuple[bool, list[_Token]]]:
    """Stretches of prose and of mathematics; a space between two mathematical tokens belongs to the mathematics."""
    tokens = [_Token("symbol", "a") if _is_variable_a(tokens, k) else token for k, token in enumerate(tokens)]
    kinds = [token.kind != "text" for token in tokens]
    for k in range(1, len(tokens) - 1):
        if tokens[k].text.isspace() and kinds[k - 1] and kinds[k + 1]:
            kinds[k] = True
    start = 0
    for k in range(1, len(tokens) + 1):
        if k == len(tokens) or kinds[k] != kinds[start]:
            run = tokens[start:k]
            bare = kinds[start] and all(token.kind == "number" or token.text.isspace() for token in run)
            yield kinds[start] and not bare, run
            start = k


def _is_variable_a(tokens: list[_Token], k: int) -> bool:
    """Whether the word "a" at k is a variable: beside a sign."""
    if tokens[k].text != "a":
        return False
    beside = [next((t for t in way if not t.text.isspace()), None) for way in (tokens[k + 1 :], tokens[:k][::-1])]
    return any(token is not None and token.kind == "sign" for token in beside)


def _sequence(tokens: list[_Token]) -> Iterator[str]:
    """The elements of a stretch of mathematics, with powers and roots gathered."""
    k = 0
    while k < len(tokens):
        if tokens[k].kind == "text":
            k += 1
            continue
        element, k = _element(tokens, k)
        while k < len(tokens) - 1 and tokens[k].text == "^":
            power, k = _power(tokens, k + 1)
            element = f"<msup>{element}{power}</msup>"
        yield element
        if element.endswith("</mi>") and tokens[k - 1].text in _FUNCTIONS and k < len(tokens) and tokens[k].text not in "([^":
            yield '<mspace width="0.17em"/>'


def _element(tokens: list[_Token], k: int) -> tuple[str, int]:
    """The element at k, a bracketed group as one, and where the next begins."""
    token = tokens[k]
    if token.text == "sqrt" and k + 1 < len(tokens) and _group(tokens, k + 1)[1] <= len(tokens):
        inside, after = _group(tokens, k + 1)
        return f"<msqrt>{''.join(_sequence(inside))}</msqrt>", after
    if token.text in ("(", "[") and _group(tokens, k)[1] <= len(tokens):
        inside, after = _group(tokens, k)
        closing = tokens[after - 1].text
        return f"<mrow><mo>{token.text}</mo>{''.join(_sequence(inside))}<mo>{closing}</mo></mrow>", after
    return _leaf(token), k + 1


def _power(tokens: list[_Token], k: int) -> tuple[str, int]:
    """What stands after ^: a group without its brackets, or one element with its sign."""
    sign = ""
    if tokens[k].text in ("-", "−") and k + 1 < len(tokens):
        sign, k = "<mo>−</mo>", k + 1
    if tokens[k].text == "(" and _group(tokens, k)[1] <= len(tokens):
        inside, after = _group(tokens, k)
        body = "".join(_sequence(inside))
        if sign:
            body = f"<mo>(</mo>{body}<mo>)</mo>"
    else:
        body, after = _element(tokens, k)
    return (f"<mrow>{sign}{body}</mrow>" if sign or tokens[k].text == "(" else body), after


def _group(tokens: list[_Token], k: int) -> tuple[list[_Token], int]:
    """What the bracket at k encloses, and where it ends; beyond the last token where it is no bracket or never closed."""
    depth = 0
    for end in range(k, len(tokens)):
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(tokens[end].text, 0)
        if depth == 0:
            return (tokens[k + 1 : end], end + 1) if end > k else ([], len(tokens) + 1)
    return [], len(tokens) + 1


def _leaf(token: _Token) -> str:
    if token.kind == "number":
        return f"<mn>{escape(token.text)}</mn>"
    if token.kind == "sign":
        return f"<mo>{escape(_SIGNS.get(token.text, token.text))}</mo>"
    return _name(token.text)


def _name(word: str) -> str:
    parts = _INDEXED.fullmatch(word)
    if word in _SQUARES or parts is None:
        return (
            f"<msup><mi>{_SQUARES.get(word, escape(word))}</mi><mn>2</mn></msup>"
            if word in _SQUARES
            else f"<mi>{escape(word)}</mi>"
        )
    letters = parts["letters"]
    if letters in _LARGE:
        base = f"<mo>{_LARGE[letters]}</mo>"
    elif letters in _FUNCTIONS and not (letters == "E" and (parts["digits"] or parts["index"])):
        base = f'<mi mathvariant="normal">{letters}</mi>'
    elif len(letters) == 2 and letters not in _GREEK:
        base = f"<mrow><mi>{letters[0]}</mi><mi>{letters[1]}</mi></mrow>"
    else:
        base = f"<mi>{_GREEK.get(letters, escape(letters))}</mi>"
    index = "<mo>,</mo>".join(_index(part) for part in (parts["digits"], (parts["index"] or "").strip("{}")) if part)
    if index:
        base = f"<msub>{base}<mrow>{index}</mrow></msub>"
    return f"<msup>{base}<mo>{parts['mark']}</mo></msup>" if parts["mark"] else base


def _index(text: str) -> str:
    if text.isdigit():
        return f"<mn>{text}</mn>"
    letter = _GREEK.get(text, escape(text))
    return f"<mi>{letter}</mi>" if len(letter) == 1 else f"<mtext>{letter}</mtext>"
