"""Languages in which the next token depends on the one before it: frequencies of contexts and laws of what follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import xlogy

from rivervalley._common import checks
from rivervalley._common.checks import FloatArray, InputError, IntArray
from rivervalley.landscapes.registry import LANGUAGES, NUMBERS

MOST_ENTRIES = 2**27  # of a table of laws: 1 GB
MOST_CONTEXTS = 10_000_000
_LARGEST_LOG = 600.0  # of a ratio of frequencies


@final
@dataclass(frozen=True, eq=False, repr=False)
class Language:
    """A bigram language: K contexts, each with a law over V next tokens.

    Parameters
    ----------
    transitions : array_like, shape (K, V)
        Row c is the law of the token after context c: not negative, summing to 1 within 1e-9 (it is then made exact).
        V >= 2.
    frequencies : array_like, shape (K,), optional
        How often each context comes, above 0; scaled to sum to 1. All alike where not given.
    context_names, token_names : sequence of str, optional

    Raises
    ------
    InputError
        If shapes do not fit, or an entry is negative or not finite.

    Examples
    --------
    >>> language = Language([[1.0, 0.0], [0.5, 0.5]])
    >>> language
    Language(2 contexts, 2 tokens, entropy 0.3466 nats)
    """

    transitions: FloatArray
    frequencies: ArrayLike | None = None
    context_names: tuple[str, ...] | None = None
    token_names: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        p = checks.array("transitions", self.transitions, ndim=2, low=0.0, copy=True)
        if p.shape[1] < 2:
            raise InputError(f"transitions must have at least 2 tokens, not {p.shape[1]}")
        if p.size > MOST_ENTRIES:
            raise InputError(f"transitions must have at most {MOST_ENTRIES:,} entries, not {p.size:,}: use fewer tokens")
        sums = p.sum(axis=1)
        off = np.flatnonzero(np.abs(sums - 1.0) > 1e-9)
        if off.size:
            raise InputError(f"transitions must have rows that sum to 1, but row {off[0]} sums to {sums[off[0]]:g}")
        p /= sums[:, None]
        if self.frequencies is None:
            pi = np.ones(p.shape[0])
        else:
            pi = checks.array("frequencies", self.frequencies, low=0.0, open_low=True, copy=True)
            if pi.size != p.shape[0]:
                raise InputError(f"frequencies must have one entry for each of the {p.shape[0]} contexts, not {pi.size}")
        pi /= pi.max()
        pi /= pi.sum()
        for name, value in (("transitions", p), ("frequencies", pi)):
            value.setflags(write=False)
            object.__setattr__(self, name, value)
        for name, count in (("context_names", p.shape[0]), ("token_names", p.shape[1])):
            given = getattr(self, name)
            if given is None:
                continue
            if isinstance(given, str) or len(given) != count or not all(isinstance(one, str) for one in given):
                raise InputError(f"{name} must be {count} texts, not {checks.show(given)}")
            object.__setattr__(self, name, tuple(given))

    @classmethod
    def from_pairs(
        cls,
        contexts: IntArray,
        tokens: IntArray,
        times: IntArray,
        context_names: tuple[str, ...],
        token_names: tuple[str, ...],
    ) -> Language:
        """The language in which token tokens[i] follows context contexts[i] times[i] > 0 times, all of shape (n,).

        The table of laws is filled in place, so that it is the only large array: 537 MB for 8192 contexts and tokens. Every
        context and token must occur.

        >>> Language.from_pairs([0, 0, 1], [0, 1, 0], [3, 1, 2], ("a", "b"), ("a", "b")).transitions.tolist()
        [[0.75, 0.25], [1.0, 0.0]]
        """
        row, column, often = (np.asarray(x, dtype=np.int64) for x in (contexts, tokens, times))
        shape = len(context_names), len(token_names)
        if shape[1] < 2 or shape[0] * shape[1] > MOST_ENTRIES:
            raise InputError(
                f"tokens must be at least 2 and fill at most {MOST_ENTRIES:,} entries, not {shape[0]} x {shape[1]}"
            )
        counts = np.bincount(row, often, shape[0])
        p = np.zeros(shape)
        p[row, column] = often / counts[row]
        p /= p.sum(axis=1)[:, None]
        pi = counts / counts.max()
        pi /= pi.sum()
        language = object.__new__(cls)
        for name, value in (("transitions", p), ("frequencies", pi)):
            value.setflags(write=False)
            object.__setattr__(language, name, value)
        object.__setattr__(language, "context_names", context_names)
        object.__setattr__(language, "token_names", token_names)
        return language

    def __repr__(self) -> str:
        return f"Language({self.contexts} contexts, {self.vocabulary} tokens, entropy {self.entropy:.4g} nats)"

    @property
    def contexts(self) -> int:
        """Number of contexts, K."""
        return int(self.transitions.shape[0])

    @property
    def vocabulary(self) -> int:
        """Number of tokens, V."""
        return int(self.transitions.shape[1])

    @property
    def pi(self) -> FloatArray:
        """Frequencies of the contexts, shape (K,), summing to 1."""
        return np.asarray(self.frequencies)

    @property
    def entropies(self) -> FloatArray:
        """Entropy of the next token after each context, shape (K,), in nats."""
        return np.asarray(np.maximum(-xlogy(self.transitions, self.transitions).sum(axis=1), 0.0))

    @property
    def entropy(self) -> float:
        """Entropy of the next token given its context, in nats: no model's loss is lower."""
        return float(self.pi @ self.entropies)


@LANGUAGES.add("cities", "cities([1, 1, 4, 4], frequencies=zipf(4))", "cities and their inhabitants' names")
def cities(names: object, vocabulary: int | None = None, frequencies: ArrayLike | None = None) -> Language:
    """Cities of whose inhabitants' names some are certain and some are not (OpenReview m51BgoqvbP, section 3).

    Parameters
    ----------
    names : sequence of int
        For each city, how many equally likely names: 1 is deterministic.
    vocabulary : int
        Names in all, at least the largest of `names` and 2; that where not given.
    frequencies : array_like, optional
        How often each city comes; all alike where not given.

    Examples
    --------
    >>> cities([1, 2, 4]).transitions.tolist()
    [[1.0, 0.0, 0.0, 0.0], [0.0, 0.5, 0.5, 0.0], [0.25, 0.25, 0.25, 0.25]]
    """
    if not isinstance(names, (Sequence, np.ndarray)) or isinstance(names, str) or len(names) == 0:
        raise InputError(f"names must be a list of counts, not {checks.show(names)}")
    counts = [checks.integer("names", count, 1) for count in names]
    size = max(2, *counts) if vocabulary is None else checks.integer("vocabulary", vocabulary, max(2, *counts))
    _check_entries(len(counts), size)
    p = np.zeros((len(counts), size))
    for city, count in enumerate(counts):
        p[city, (city + np.arange(count)) % size] = 1.0 / count
    return Language(p, frequencies)


@LANGUAGES.add("dirichlet", "dirichlet(100, 16, concentration=0.3)", "laws drawn at random")
def dirichlet(
    contexts: int, vocabulary: int, concentration: ArrayLike = 1.0, frequencies: ArrayLike | None = None, seed: int = 0
) -> Language:
    """Laws drawn at random from a symmetric Dirichlet distribution.

    Parameters
    ----------
    contexts, vocabulary : int
    concentration : float or array_like, shape (contexts,)
        Above 0: small ones give nearly deterministic contexts, large ones nearly uniform.
    frequencies : array_like, optional
    seed : int

    Examples
    --------
    >>> dirichlet(100, 16, concentration=0.3, frequencies=zipf(100)).vocabulary
    16
    """
    count = checks.integer("contexts", contexts, 1)
    size = checks.integer("vocabulary", vocabulary, 2)
    _check_entries(count, size)
    a = checks.one_or_each("concentration", concentration, count, "contexts", 0.0, open_low=True)
    # log Gamma(a) = log Gamma(a + 1) + log(U) / a keeps tiny concentrations from underflowing to 0 / 0.
    rng = np.random.default_rng(checks.seed(seed))
    logs = np.log(rng.standard_gamma(a[:, None] + 1.0, (count, size))) + np.log(rng.random((count, size))) / a[:, None]
    p = np.exp(logs - logs.max(axis=1, keepdims=True))
    return Language(p / p.sum(axis=1, keepdims=True), frequencies)


def _check_entries(contexts: int, vocabulary: int) -> None:
    if contexts * vocabulary > MOST_ENTRIES:
        raise InputError(f"contexts times vocabulary must be at most {MOST_ENTRIES:,}, not {contexts * vocabulary:,}")


@NUMBERS.add("zipf", "zipf(100)", "frequencies rank^-1")
def zipf(count: int, exponent: float = 1.0) -> FloatArray:
    """Frequencies rank^-exponent, summing to 1, shape (count,).

    >>> zipf(2).round(3).tolist()
    [0.667, 0.333]
    """
    count = checks.integer("count", count, 1, MOST_CONTEXTS)
    steep = _LARGEST_LOG / max(np.log(count), 1.0)
    weights = np.arange(1.0, count + 1.0) ** -checks.real("exponent", exponent, -steep, steep)
    return np.asarray(weights / weights.sum())
