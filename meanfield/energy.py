"""Interaction energy and dissipation: functions of a kernel and a measure, by asking the measure.

E = (1/2 beta) iint e^{beta <x, y>} d mu d mu, at beta = 0 without the constant 1/(2 beta): E = |int x d mu|^2 / 2
(A, (3.5)).  A law's scale multiplies Z and E by one factor, given here as its logarithm, so that no raw e^beta is
ever formed.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from meanfield.protocols import Array, Reading


def interaction(kernel: Any, mu: Any, log_factor: float = 0.0) -> Any:
    """E times e^{log_factor}: (1/2) int U d mu."""
    if kernel.beta == 0.0:
        return 0.5 * np.exp(log_factor) * np.sum(np.square(mu.mean), axis=-1)
    r = mu.read(kernel, None, "Z")
    return np.sum(mu.weights * (r.Z * np.exp(r.log + log_factor))[..., 0], axis=-1) / (2.0 * kernel.beta)


def dissipation(kernel: Any, mu: Any, *, normalised: bool, log_factor: float = 0.0) -> Any:
    """dE/dt along the attractive flow: int |X|^2 Z d mu for SA (A, (3.6)), int |X|^2 d mu for USA (A, Lemma 3.7).

    SA's X = grad U / Z is the same in every scale, Z carries the factor; USA's X carries it, so its square twice.
    """
    r = mu.read(kernel, None, "ZM" if normalised else "M")
    square = np.sum(np.square(_tangent(r, mu)), axis=-1)
    log = np.asarray(r.log + log_factor)
    log = log[..., 0] if log.ndim else log
    if normalised:
        return np.sum(mu.weights * square / r.Z[..., 0] * np.exp(log), axis=-1)
    return np.sum(mu.weights * square * np.exp(2.0 * log), axis=-1)


def _tangent(r: Reading, mu: Any) -> Array:
    """P_x M, whether the measure answered in rows or in tangent components."""
    if r.M.shape[-1] != mu.d:
        return r.M
    return r.M - np.sum(r.M * mu.x, axis=-1, keepdims=True) * mu.x
