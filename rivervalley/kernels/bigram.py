"""SGD on a table of logits over sampled pairs of context and next token.

Legend: theta[c] the logits of context c, q = softmax(theta[c]) the model, pi[c] the frequency of the context and p[c] its true
next-token law; a sample (c, y) has the gradient q - e_y in row c and none elsewhere. eta the rate, B the batch size.

Sums run in WIDTH accumulators that are added up in a fixed order, so that they vectorise without fastmath.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rivervalley.kernels._compile import device, kernel
from rivervalley.kernels.descent import first_diverged
from rivervalley.kernels.elementary import exp_weight, log
from rivervalley.kernels.noise import LOW, S32, TOKENS, words

_U = np.uint64
WIDTH = 64


class Tables(NamedTuple):
    """What is sampled from and scored against, for K contexts and V tokens.

    pi (K,) frequencies of the contexts, p (K, V) laws of the next token, entropy (K,) of those laws, likely (K,) their most
    likely tokens, group (K,) the part of the loss that a context counts in, context_table (K,) and token_table (K, V) the
    alias tables of pi and p.
    """

    pi: NDArray[np.float64]
    p: NDArray[np.float64]
    entropy: NDArray[np.float64]
    likely: NDArray[np.int64]
    group: NDArray[np.int64]
    context_table: NDArray[np.uint64]
    token_table: NDArray[np.uint64]


@device
def add_up(sums):
    """The sum of WIDTH numbers, folded in half until eight are left; `sums` is used up."""
    for i in range(32):
        sums[i] += sums[32 + i]
    for i in range(16):
        sums[i] += sums[16 + i]
    for i in range(8):
        sums[i] += sums[8 + i]
    return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]))


@device
def weigh_from(row, level, scratch, sums):
    """scratch = exp(row - level); returns its sum."""
    n = row.size
    whole = n - n % WIDTH
    for i in range(WIDTH):
        sums[i] = 0.0
    for start in range(0, whole, WIDTH):
        for i in range(WIDTH):
            scratch[start + i] = exp_weight(row[start + i] - level)
            sums[i] += scratch[start + i]
    for i in range(whole, n):
        scratch[i] = exp_weight(row[i] - level)
    if whole == 0:
        # Short rows are added up one by one.
        total = 0.0
        for i in range(n):
            total += scratch[i]
        return total
    for i in range(whole, n):
        sums[i - whole] += scratch[i]
    return add_up(sums)


@device
def weigh(row, likely, scratch, sums):
    """scratch = exp(row - level) for a level near the largest entry; returns (level, sum of scratch).

    The level is that of the token which is likely, unless it lies so far below another that the sum is out of range.
    """
    level = row[likely]
    norm = weigh_from(row, level, scratch, sums)
    if not norm < 1e250:
        for i in range(row.size):
            level = row[i] if row[i] > level else level
        norm = weigh_from(row, level, scratch, sums)
    return level, norm


@device
def excess_of(row, law, entropy, likely, scratch, sums):
    """Cross-entropy less entropy, at least 0: ln(sum of scratch) - sum of law (row - level) - entropy; NaN goes through."""
    level, norm = weigh(row, likely, scratch, sums)
    n = row.size
    whole = n - n % WIDTH
    for i in range(WIDTH):
        sums[i] = 0.0
    for start in range(0, whole, WIDTH):
        for i in range(WIDTH):
            sums[i] += law[start + i] * (row[start + i] - level)
    for i in range(whole, n):
        sums[i - whole] += law[i] * (row[i] - level)
    excess = log(norm) - add_up(sums) - entropy
    # A comparison with NaN is false.
    return 0.0 if excess < 0.0 else excess


@device
def draw(first_word, second_word, table):
    """Walker's alias method: a place by one word, that place or its alias by another; O(1)."""
    k = (first_word * _U(table.size)) >> S32
    entry = table[np.int64(k)]
    return np.int64(k if second_word < entry >> S32 else entry & LOW)


@kernel
def alias_table(p, table):
    """Walker's table of each row of p (rows, n), which sums to 1, by Vose's method.

    An entry holds in its upper 32 bits the chance of staying at its own place, in units of 2**-32, and in its lower ones the
    place to go to otherwise.
    """
    n = p.shape[1]
    stack, stay, alias = np.empty(n, dtype=np.int64), np.empty(n), np.empty(n, dtype=np.int64)
    for r in range(p.shape[0]):
        low, high = 0, n  # what is below its share is stacked from the left, the rest from the right
        for i in range(n):
            stay[i] = p[r, i] * n
            alias[i] = i
            if stay[i] < 1.0:
                stack[low] = i
                low += 1
            else:
                high -= 1
                stack[high] = i
        while low > 0 and high < n:
            low -= 1
            small, large = stack[low], stack[high]
            alias[small] = large
            stay[large] -= 1.0 - stay[small]
            if stay[large] < 1.0:
                high += 1
                stack[low] = large
                low += 1
        # What is left over is 1 but for rounding, and is its own alias.
        for i in range(n):
            units = _U(min(max(stay[i], 0.0), 1.0) * 4294967295.0 + 0.5) if alias[i] != i else LOW
            table[r, i] = (units << S32) | _U(alias[i])


@device
def record_excess(theta, tables, floor, scratch, sums, out):
    """out[group of c] += pi (cross-entropy - entropy) of context c, out[last] = floor."""
    last = out.size - 1
    for k in range(last):
        out[k] = 0.0
    out[last] = floor
    for c in range(tables.pi.size):
        excess = excess_of(theta[c], tables.p[c], tables.entropy[c], tables.likely[c], scratch, sums)
        out[tables.group[c]] += tables.pi[c] * excess


@kernel
def bigram_sgd(block, batch, fixed, floor, tables):
    """Minibatch SGD on a block with state (contexts * tokens, lanes), in place; sample b of an update uses the words of group b.

    `fixed` holds the last logit of each row at where it is. Only rows that were sampled are touched: a context sampled n times
    in a batch moves by -eta / B (n q - sum of e_y), with q before the update. Recording and return as in `descent.descend`;
    out (records, groups + 1, lanes).
    """
    w, lr, first_step, seed, first_trajectory, record_at, out, check_every = block
    first = _U(first_trajectory)
    p, likely, token_table = tables.p, tables.likely, tables.token_table
    contexts, tokens = p.shape
    free = tokens - 1 if fixed else tokens
    scratch, sums, losses = np.empty(tokens), np.empty(WIDTH), np.empty(out.shape[1])
    chosen, next_token, times = np.empty(batch, np.int64), np.empty(batch, np.int64), np.zeros(contexts, np.int64)
    found_step, found_lane = -1, -1
    points = w.T.copy() if w.shape[1] > 1 else w.reshape(1, w.size)
    for lane in range(w.shape[1]):
        theta = points[lane].reshape(contexts, tokens)
        k = 0
        if k < record_at.size and record_at[k] == first_step:
            record_excess(theta, tables, floor, scratch, sums, losses)
            out[k, :, lane] = losses
            k += 1
        for t in range(lr.size):
            for b in range(batch):
                one, two, three, four = words(seed, first + _U(lane), _U(first_step + t), _U(b) + TOKENS)
                c = draw(one, two, tables.context_table)
                chosen[b], next_token[b] = c, draw(three, four, token_table[c])
                times[c] += 1
            eta = lr[t] / batch
            for b in range(batch):
                c = chosen[b]
                if times[c] > 0:
                    row = theta[c]
                    _, norm = weigh(row, likely[c], scratch, sums)
                    step = eta * times[c] / norm
                    times[c] = 0
                    for i in range(free):
                        row[i] -= step * scratch[i]
            for b in range(batch):
                if next_token[b] < free:
                    theta[chosen[b], next_token[b]] += eta
            done = first_step + t + 1
            if (done % check_every == 0 or t + 1 == lr.size) and first_diverged(theta.reshape(contexts * tokens, 1)) >= 0:
                if found_step < 0 or done < found_step:
                    found_step, found_lane = done, lane
                break
            if k < record_at.size and record_at[k] == done:
                record_excess(theta, tables, floor, scratch, sums, losses)
                out[k, :, lane] = losses
                k += 1
    if w.shape[1] > 1:
        w[:] = points.T
    return found_step, found_lane


@kernel
def sampled_pairs(seed, trajectory, first_step, batch, context_table, token_table, out):
    """out[t, b] = (context, token) that `bigram_sgd` samples at update first_step + t, place b of the batch."""
    for t in range(out.shape[0]):
        for b in range(batch):
            one, two, three, four = words(_U(seed), _U(trajectory), _U(first_step + t), _U(b) + TOKENS)
            c = draw(one, two, context_table)
            out[t, b, 0], out[t, b, 1] = c, draw(three, four, token_table[c])


@kernel
def excess_table(theta, p, entropy, likely, out):
    """out[n, c] = cross-entropy less entropy of context c at point n; theta (points, contexts, tokens)."""
    scratch, sums = np.empty(p.shape[1]), np.empty(WIDTH)
    for n in range(theta.shape[0]):
        for c in range(p.shape[0]):
            out[n, c] = excess_of(theta[n, c], p[c], entropy[c], likely[c], scratch, sums)
