"""Slow twins of the bigram model, in plain NumPy."""

import numpy as np
from scipy.special import log_softmax, softmax


def descend(model, pairs, rates, fixed=False):
    """The table of logits after updates with given samples: pairs (steps, batch, 2)."""
    theta = np.zeros(model.shape)
    batch = pairs.shape[1]
    for chosen, rate in zip(pairs, rates, strict=True):
        gradient = np.zeros(model.shape)
        for context, token in chosen:
            gradient[context] += softmax(theta[context])
            gradient[context, token] -= 1.0
        if fixed:
            gradient[:, -1] = 0.0
        theta -= rate / batch * gradient
    return theta


def loss(language, theta):
    """Cross-entropy of a table against the language, in nats."""
    return float(-(language.pi[:, None] * language.transitions * log_softmax(theta, axis=1)).sum())


def step_moments(language, theta, batch):
    """Mean and covariance of the gradient of one batch, by enumeration of all pairs."""
    contexts, tokens = language.transitions.shape
    mean, second = np.zeros(theta.size), np.zeros((theta.size, theta.size))
    for context in range(contexts):
        for token in range(tokens):
            gradient = np.zeros(theta.shape)
            gradient[context] = softmax(theta[context])
            gradient[context, token] -= 1.0
            chance = language.pi[context] * language.transitions[context, token]
            mean += chance * gradient.ravel()
            second += chance * np.outer(gradient.ravel(), gradient.ravel())
    return mean, (second - np.outer(mean, mean)) / batch
