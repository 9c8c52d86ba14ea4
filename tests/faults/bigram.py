"""Faults in the bigram language model, its sampling and its closed forms."""

from __future__ import annotations

from faults.fault import Fault

_MODEL, _KERNEL, _LANGUAGE = "landscapes/language/model.py", "kernels/bigram.py", "landscapes/language/language.py"
_SPECTRUM = "landscapes/language/softmax_spectrum.py"
_SGD = ("BG-20", "BG-22", "BG-24", "BG-11")

FAULTS: tuple[Fault, ...] = (
    Fault(
        "block at the optimum without pi",
        _MODEL,
        "block = self.language.pi[c] * (np.diag(q)",
        "block = 1.02 * self.language.pi[c] * (np.diag(q)",
        ("BG-18",),
    ),
    Fault(
        "gradient without pi's last per cent",
        _MODEL,
        "g = self.language.pi[:, None] * (np.exp(",
        "g = 0.99 * self.language.pi[:, None] * (np.exp(",
        ("BG-18",),
    ),
    Fault(
        "block of the target",
        _MODEL,
        "        q = self._predictions(state)[c]\n",
        "        q = self._predictions(None)[c]\n",
        ("BG-18",),
    ),
    Fault(
        "Zipf's law by 0.9",
        _LANGUAGE,
        '** -checks.real("exponent", exponent, -steep, steep)',
        '** (-0.9 * checks.real("exponent", exponent, -steep, steep))',
        ("BG-18",),
    ),
    Fault(
        "trace without pi",
        _MODEL,
        "np.asarray(self.language.pi * (q * (1.0 - q)).sum(axis=1))",
        "np.asarray((q * (1.0 - q)).sum(axis=1))",
        ("BG-19",),
    ),
    Fault("trace of q^2", _MODEL, "(q * (1.0 - q)).sum(axis=1))", "(q * (1.0 - 1.01 * q)).sum(axis=1))", ("BG-19",)),
    Fault(
        "top eigenvalue 1 % high",
        _SPECTRUM,
        "    return np.asarray(0.5 * (low + high))\n",
        "    return np.asarray(0.505 * (low + high))\n",
        ("BG-19",),
    ),
    Fault(
        "spectrum without the outer product's whole",
        _SPECTRUM,
        "blocks = -part[:, :, None] * part[:, None, :]",
        "blocks = -0.99 * part[:, :, None] * part[:, None, :]",
        ("BG-19", "BG-20", "BG-23"),
    ),
    Fault(
        "spectrum 1 % steep",
        _MODEL,
        "self.language.pi[:, None] * softmax_spectrum.eigenvalues(q))",
        "1.01 * self.language.pi[:, None] * softmax_spectrum.eigenvalues(q))",
        ("BG-19", "BG-23"),
    ),
    Fault(
        "free logit of the reference", _MODEL, "            g[:, :, -1] = 0.0\n", "            g[:, :, 0] = 0.0\n", ("BG-23",)
    ),
    Fault(
        "gradient 1 % towards uniform",
        _MODEL,
        "- self.language.transitions)\n        if self.reference_logit",
        "- 0.99 * self.language.transitions)\n        if self.reference_logit",
        ("BG-18", "BG-23"),
    ),
    # What noise keeps up.
    Fault(
        "stationary excess 2 % high",
        _MODEL,
        "0.5 * j * (rate / B) / slack",
        "0.51 * j * (rate / B) / slack",
        ("BG-20", "BG-25"),
    ),
    Fault(
        "stationary excess with pi B",
        _MODEL,
        "(self.language.pi[:, None] * (B - 1) + 1.0) / B",
        "(self.language.pi[:, None] * B + 1.0) / B",
        ("BG-20",),
    ),
    Fault(
        "stationary excess by B^0.98", _MODEL, "0.5 * j * (rate / B) / slack", "0.5 * j * (rate / B**0.98) / slack", ("BG-20",)
    ),
    Fault(
        "likely tokens pushed 10 % less",
        _KERNEL,
        "                        row[i] -= step * scratch[i]\n",
        "                        row[i] -= 0.9 * step * scratch[i]\n",
        ("BG-20", "BG-22", "BG-21"),
    ),
    Fault(
        "the sampled token 10 % more",
        _KERNEL,
        "                    theta[chosen[b], next_token[b]] += eta\n",
        "                    theta[chosen[b], next_token[b]] += 1.1 * eta\n",
        (*_SGD, "BG-12", "BG-25"),
    ),
    Fault(
        "LR 10 % high",
        _KERNEL,
        "            eta = lr[t] / batch\n",
        "            eta = 1.1 * lr[t] / batch\n",
        ("BG-20", "BG-22", "BG-21", "BG-25", "BG-11", "BG-26", "BG-14"),
    ),
    Fault(
        "LR of the update before",
        _KERNEL,
        "            eta = lr[t] / batch\n",
        "            eta = lr[max(t - 1, 0)] / batch\n",
        ("BG-21",),
        missed="one update among thousands",
    ),
    Fault(
        "batches summed, not averaged",
        _KERNEL,
        "            eta = lr[t] / batch\n",
        "            eta = lr[t] / max(1, batch - 1)\n",
        ("BG-20", "BG-24"),
    ),
    Fault(
        "a context counts once in a batch",
        _KERNEL,
        "                    step = eta * times[c] / norm\n",
        "                    step = eta * (1.0 + 0.9 * (times[c] - 1)) / norm\n",
        ("BG-24",),
    ),
    Fault(
        "contexts sampled without Walker's alias",
        _KERNEL,
        "                c = draw(one, two, tables.context_table)\n                chosen[b]",
        "                c = draw(one, one, tables.context_table)\n                chosen[b]",
        ("BG-21", "BG-24", "BG-20"),
    ),
    Fault(
        "tokens sampled without Walker's alias",
        _KERNEL,
        "chosen[b], next_token[b] = c, draw(three, four, token_table[c])",
        "chosen[b], next_token[b] = c, draw(three, three, token_table[c])",
        ("BG-24", "BG-20"),
    ),
    Fault(
        "loss 2 % high",
        _KERNEL,
        "        out[tables.group[c]] += tables.pi[c] * excess\n",
        "        out[tables.group[c]] += 1.05 * tables.pi[c] * excess\n",
        ("BG-22", "BG-24"),
    ),
    Fault(
        "excess of points 5 % high",
        _KERNEL,
        "            out[n, c] = excess_of(",
        "            out[n, c] = 1.05 * excess_of(",
        ("BG-21", "BG-12", "BG-14", "BG-25"),
    ),
    Fault(
        "excess of points without the law's mean",
        _KERNEL,
        "    excess = log(norm) - add_up(sums) - entropy\n",
        "    excess = log(norm) - 0.999 * add_up(sums) - entropy\n",
        ("BG-21", "BG-22", "BG-25", "BG-24"),
    ),
    Fault(
        "last logit fixed too much", _KERNEL, "    free = tokens - 1 if fixed else tokens\n", "    free = tokens\n", ("BG-25",)
    ),
    # Deterministic contexts.
    Fault(
        "deterministic excess with V - 1 for V",
        _MODEL,
        "        speed = self.language.pi * (1 if self.reference_logit else V)\n",
        "        speed = self.language.pi * (1.02 if self.reference_logit else V - 0.02)\n",
        ("BG-21", "BG-25"),
    ),
    Fault(
        "deterministic excess by 2 + S",
        _MODEL,
        "        right = (1.0 + S[..., None] * speed) / (V - 1)\n",
        "        right = (2.0 + S[..., None] * speed) / (V - 1)\n",
        ("BG-21",),
    ),
    Fault(
        "deterministic excess 1 % high",
        _MODEL,
        "np.log1p((V - 1) * np.exp(-margin)), np.nan)",
        "np.log1p(1.01 * (V - 1) * np.exp(-margin)), np.nan)",
        ("BG-21", "BG-25"),
    ),
    # Lines, gradients and whole schedules.
    Fault(
        "runs go on with another LR",
        "schedules/schedule.py",
        "np.concatenate([self.lr, other.lr])",
        "np.concatenate([0.9 * self.lr, other.lr])",
        ("BG-12",),
    ),
    Fault(
        "low-entropy contexts counted as high",
        _MODEL,
        "np.asarray(self.language.entropies >= split)",
        "np.asarray(self.language.entropies >= split - 10.0)",
        ("BG-14", "BG-22", "BG-24", "BG-11"),
    ),
    Fault(
        "entropies 1 % low",
        _LANGUAGE,
        "np.maximum(-xlogy(self.transitions, self.transitions).sum(axis=1), 0.0)",
        "np.maximum(-0.99 * xlogy(self.transitions, self.transitions).sum(axis=1), 0.0)",
        ("BG-22", "BG-24", "BG-12", "BG-20"),
    ),
    Fault(
        "gradient's norm in the uncertain rows",
        _MODEL,
        "        return self.language.contexts * self.language.vocabulary\n",
        "        return self.language.contexts * self.language.vocabulary + 0\n",
        ("BG-14",),
        missed="changes nothing: a check that the runner tells",
    ),
    Fault(
        "states an update old",
        _KERNEL,
        "        w[:] = points.T\n",
        "        w[:] = 0.98 * points.T\n",
        ("BG-14",),
        missed="blocks of the model hold one trajectory",
    ),
    Fault(
        "inverse decay a step late",
        "schedules/shapes.py",
        '    return start / (1.0 + (_ratio("inverse", start, final) - 1.0) * u)\n',
        '    return start / (1.0 + 0.8 * (_ratio("inverse", start, final) - 1.0) * u)\n',
        ("BG-24", "BG-22"),
    ),
    Fault(
        "cosine 5 % slow",
        "kernels/shapes.py",
        "sin_cos_turns(0.25 * u[k])",
        "sin_cos_turns(0.2375 * u[k])",
        ("BG-24", "BG-21", "BG-P01"),
        missed="the law is fitted to what the schedule is",
    ),
    Fault(
        "cosine of the sum 5 % slow", "kernels/shapes.py", "        g[k] = c * c\n", "        g[k] = c\n", ("BG-24", "BG-21")
    ),
    Fault(
        "law without annealing",
        "laws/forms/annealing.py",
        "                S2[part] = s2[index]\n",
        "                S2[part] = 0.0 * s2[index] + 1e-9 * index\n",
        ("BG-P01",),
    ),
    Fault(
        "law's areas an update short",
        "laws/base/points.py",
        "            last = recorded - 1\n",
        "            last = np.maximum(recorded - 200, 0)\n",
        ("BG-P01",),
    ),
    Fault(
        "law's exponent in prediction",
        "laws/base/terms.py",
        "power: FloatArray = points.S1**-alpha",
        "power: FloatArray = points.S1 ** (-1.0 * alpha) * (1.0 + 0.05 * (points.S1 > 3000))",
        ("BG-P01",),
    ),
    Fault(
        "noise of rare words 10 % strong",
        _KERNEL,
        "                    theta[chosen[b], next_token[b]] += eta\n",
        "                    theta[chosen[b], next_token[b]] += eta * (1.1 if b == 0 else 1.0)\n",
        ("BG-11", "BG-20", "BG-22"),
    ),
    Fault(
        "stable states drift",
        _KERNEL,
        "                        row[i] -= step * scratch[i]\n",
        "                        row[i] -= 1.05 * step * scratch[i]\n",
        ("BG-14", "BG-26", "BG-20"),
        missed="to be tried",
    ),
    Fault(
        "frequencies flattened",
        _LANGUAGE,
        "        pi /= pi.max()\n        pi /= pi.sum()\n",
        "        pi /= pi.max()\n        pi = np.sqrt(pi) / np.sqrt(pi).sum()\n",
        ("BG-24", "BG-21", "BG-18"),
        missed="to be tried",
    ),
    Fault(
        "curvature of certain contexts: LR 5 % high",
        _KERNEL,
        "            eta = lr[t] / batch\n",
        "            eta = 1.05 * lr[t] / batch\n",
        ("BG-26", "BG-21"),
    ),
    Fault(
        "curvature of certain contexts: tokens off",
        _KERNEL,
        "                if next_token[b] < free:\n",
        "                if next_token[b] < free and b % 16 != 15 and (t & 15) != 15:\n",
        ("BG-26", "BG-21", "BG-22"),
    ),
)
