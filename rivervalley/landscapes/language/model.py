"""The bigram language model: a table of logits trained by SGD on sampled pairs of context and next token."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import final

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import log_softmax, wrightomega

from rivervalley._common import checks
from rivervalley._common.checks import FloatArray, InputError
from rivervalley.kernels.bigram import Tables, alias_table, bigram_sgd, excess_table
from rivervalley.landscapes.base import Block
from rivervalley.landscapes.language import softmax_spectrum
from rivervalley.landscapes.language.language import Language
from rivervalley.landscapes.registry import LANDSCAPES

PARTS = ("low entropy", "high entropy", "floor")
MOST_BYTES = 2**32  # of all tables together


@LANDSCAPES.add("bigram", "bigram(cities([1, 1, 4, 4]), batch_size=8)", "the bigram language model")
@final
@dataclass(frozen=True, eq=False)
class Bigram:
    """Logits theta[c, j] of next token j after context c, trained from 0 on minibatches sampled from a language.

    The loss is the cross-entropy against the language's own laws, in nats and exact, never sampled. It splits into what is
    lost above the entropy after contexts of low and of high entropy, the model's river and its hills, and the entropy itself
    ("floor"). Deterministic contexts go on falling with the cumulative LR; uncertain ones are held up by the noise of
    sampling, which annealing takes away (OpenReview m51BgoqvbP, section 3).

    Parameters
    ----------
    language : Language
    batch_size : int
        Pairs sampled with replacement for an update; the gradient is their mean.
    reference_logit : bool
        Hold the last token's logit at 0, so that softmax has no free shift: with two tokens, one logit for each context.
    entropy_split : float, optional
        Nats from which on a context counts as one of high entropy; the language's mean where not given.

    Examples
    --------
    >>> import rivervalley as rv
    >>> model = Bigram(rv.landscapes.cities([1, 1, 4, 4]))
    >>> run = rv.simulate(model, rv.schedules.constant(steps=1000, peak_lr=0.5), trajectories=4, record_at=[0, 1000])
    >>> print(f"{run.loss[0]:.4f} {run.components['floor'][0]:.4f}")
    1.3863 0.6931
    """

    language: Language
    batch_size: int = 1
    reference_logit: bool = False
    entropy_split: float | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.language, Language):
            raise InputError(f"language must be a Language, not {checks.show(self.language)}")
        object.__setattr__(self, "batch_size", checks.integer("batch_size", self.batch_size, 1, 2**28 - 1))
        if not isinstance(self.reference_logit, (bool, np.bool_)):
            raise InputError(f"reference_logit must be True or False, not {checks.show(self.reference_logit)}")
        if self.entropy_split is not None:
            object.__setattr__(self, "entropy_split", checks.real("entropy_split", self.entropy_split, 0.0))

    @property
    def shape(self) -> tuple[int, int]:
        """(contexts, tokens) of the table."""
        return self.language.contexts, self.language.vocabulary

    @property
    def dim(self) -> int:
        """Logits in the table; a trajectory's state is the table, row after row."""
        return self.language.contexts * self.language.vocabulary

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of the parts of the loss."""
        return PARTS

    @property
    def lanes(self) -> int:
        """How many trajectories a block holds: one, whose rows then lie in one piece."""
        return 1

    @property
    def work(self) -> int:
        """What an update costs, in updates of one coordinate of a straight valley: only sampled rows are touched."""
        return self.batch_size * (self.language.vocabulary // 4 + 8)

    @cached_property
    def high(self) -> np.ndarray:
        """Which contexts count as ones of high entropy, shape (K,)."""
        split = self.language.entropy * (1.0 - 1e-9) if self.entropy_split is None else self.entropy_split
        return np.asarray(self.language.entropies >= split)

    @cached_property
    def _tables(self) -> Tables:
        """What the kernel samples from and scores against."""
        pi, p = self.language.pi, self.language.transitions
        contexts, tokens = np.empty((1, pi.size), dtype=np.uint64), np.empty(p.shape, dtype=np.uint64)
        alias_table(pi[None, :], contexts)
        alias_table(p, tokens)
        return Tables(
            pi=pi,
            p=p,
            entropy=self.language.entropies,
            likely=p.argmax(axis=1),
            group=self.high.astype(np.int64),
            context_table=contexts[0],
            token_table=tokens,
        )

    def start(self, seed: int, first_trajectory: int, trajectories: int) -> FloatArray:
        """Starting points, shape (dim, trajectories): all logits 0."""
        if 8 * self.dim * trajectories > MOST_BYTES:
            most = MOST_BYTES // (8 * self.dim)
            raise InputError(f"trajectories must be at most {most} for tables of {self.shape} logits, not {trajectories}")
        return np.zeros((self.dim, trajectories))

    def advance(self, block: Block) -> tuple[int, int]:
        """Run the updates of a block in place; see Landscape.advance."""
        divergence: tuple[int, int] = bigram_sgd(
            block, self.batch_size, self.reference_logit, self.language.entropy, self._tables
        )
        return divergence

    def excess(self, state: ArrayLike) -> FloatArray:
        """Cross-entropy above the entropy after each context, not weighted, of points given as rows: (n, K), in nats."""
        theta = self._logits(state)
        out = np.empty(theta.shape[:2])
        excess_table(theta, self._tables.p, self._tables.entropy, self._tables.likely, out)
        return out

    def loss(self, state: ArrayLike) -> FloatArray:
        """Loss of points given as rows, shape (n,), in nats."""
        return np.asarray(self.language.entropy + self.excess(state) @ self.language.pi)

    def gradient(self, state: ArrayLike) -> FloatArray:
        """Exact gradient pi_c (q_cj - p_cj) at points given as rows, shape (n, dim)."""
        theta = self._logits(state)
        g = self.language.pi[:, None] * (np.exp(log_softmax(theta, axis=2)) - self.language.transitions)
        if self.reference_logit:
            g[:, :, -1] = 0.0
        return np.asarray(g.reshape(theta.shape[0], self.dim))

    def hessian_block(self, context: int, state: ArrayLike | None = None) -> FloatArray:
        """Second derivatives by the logits of one context, pi_c (diag q - q q^T), shape (V, V); all other blocks are 0.

        They depend on the prediction q alone, not on the target. Without a `state` (one point, shape (dim,)) they are taken
        at the optimum, q = p, where they equal the covariance of the gradient of one sample of that context.
        """
        c = checks.integer("context", context, 0, self.language.contexts - 1)
        q = self._predictions(state)[c]
        block = self.language.pi[c] * (np.diag(q) - np.outer(q, q))
        return np.asarray(block[:-1, :-1] if self.reference_logit else block)

    def traces(self, state: ArrayLike | None = None) -> FloatArray:
        """Trace of the Hessian block of each context, shape (K,); at the optimum where no point is given."""
        q = self._predictions(state)[:, : self.language.vocabulary - self.reference_logit]
        return np.asarray(self.language.pi * (q * (1.0 - q)).sum(axis=1))

    def top_eigenvalues(self, state: ArrayLike | None = None) -> FloatArray:
        """Largest eigenvalue of the Hessian block of each context, shape (K,); at the optimum where no point is given."""
        q = self._predictions(state)[:, : self.language.vocabulary - self.reference_logit]
        return np.asarray(self.language.pi * softmax_spectrum.top_eigenvalues(q))

    def spectrum(self, state: ArrayLike | None = None) -> FloatArray:
        """All eigenvalues of the Hessian, shape (K, V), falling in each row; at the optimum where no point is given."""
        q = self._predictions(state)[:, : self.language.vocabulary - self.reference_logit]
        return np.asarray(self.language.pi[:, None] * softmax_spectrum.eigenvalues(q))

    def stationary_excess(self, lr: float) -> FloatArray:
        """Excess after each context, not weighted, that noise keeps up at a constant rate, shape (K,), in nats.

        Linearised at the optimum: 1/2 sum_j j v_j over the eigenvalues j of diag p - p p^T, with
        v_j = (lr / B) / (2 - lr j (pi_c (B - 1) + 1) / B); to first order lr (1 - sum p^2) / (4 B). 0 for deterministic
        contexts, which never stop falling. Infinite where a mode has no stationary state.

        Raises
        ------
        InputError
            If `lr` is negative or not finite.
        """
        rate, B = checks.real("lr", lr, 0.0), self.batch_size
        free = self.language.vocabulary - self.reference_logit
        j = softmax_spectrum.eigenvalues(self.language.transitions[:, :free])
        slack = 2.0 - rate * j * ((self.language.pi[:, None] * (B - 1) + 1.0) / B)
        with np.errstate(divide="ignore"):
            modes = np.where(slack > 0.0, 0.5 * j * (rate / B) / slack, np.inf)
        return np.asarray(np.where(j > 0.0, modes, 0.0).sum(axis=1))

    def deterministic_excess(self, lr_sum: ArrayLike) -> FloatArray:
        """Excess after each deterministic context under gradient flow from zero logits, shape (..., K); NaN for the others.

        A function of S, the cumulative LR, alone: the margin m solves e^m + (V - 1) m = 1 + pi_c V S, and the excess is
        ln(1 + (V - 1) e^-m), which goes as (V - 1) / (pi_c V S). With a reference logit (two tokens) V S is S.

        Raises
        ------
        InputError
            If an entry is negative or not finite, or there is a reference logit and more than two tokens.
        """
        S = np.asarray(lr_sum, dtype=float)
        if not np.all(np.isfinite(S) & (S >= 0.0)):
            raise InputError(f"lr_sum must hold finite numbers of at least 0, not {checks.show(lr_sum)}")
        V = self.language.vocabulary
        if self.reference_logit and V > 2:
            raise InputError(f"reference_logit must be False for this closed form with {V} tokens")
        speed = self.language.pi * (1 if self.reference_logit else V)
        right = (1.0 + S[..., None] * speed) / (V - 1)
        margin = right - np.real(wrightomega(right - np.log(V - 1)))
        certain = self.language.transitions.max(axis=1) == 1.0
        return np.where(certain, np.log1p((V - 1) * np.exp(-margin)), np.nan)

    def _predictions(self, state: ArrayLike | None) -> FloatArray:
        """q, shape (K, V): of a point, or the language's own laws."""
        if state is None:
            return np.asarray(self.language.transitions)
        theta = self._logits(np.atleast_2d(np.asarray(state, dtype=float)))
        if theta.shape[0] != 1:
            raise InputError(f"state must be one point of shape ({self.dim},), not {theta.shape[0]} points")
        return np.asarray(np.exp(log_softmax(theta[0], axis=1)))

    def _logits(self, state: ArrayLike) -> FloatArray:
        points = checks.array("state", state, ndim=2)
        if points.shape[1] != self.dim:
            raise InputError(f"state must have {self.dim} logits a point, not {points.shape[1]}")
        return points.reshape(points.shape[0], *self.shape)
