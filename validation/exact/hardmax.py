"""A (9.5), z_i' = mean over C_i of V (z_j - z_i), C_i = argmax_j <Q z_i, K z_j>, by matrix exponentials and by layers.

A = arXiv 2312.10794.  Rows z (n, d).  While no leader changes the equation is linear with constant coefficients.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import expm
from scipy.optimize import brentq

Array = NDArray[np.float64]
LOOKS = 100
"""Times between two that are asked for at which scores are compared."""


def _scores(z: Array, Q: Array, K: Array) -> Array:
    return (z @ Q.T) @ (z @ K.T).T


def _matrix(leaders: Array, V: Array) -> Array:
    """z' = (P - 1) z V^T, P the choice of leaders, as a matrix on z in a row."""
    return np.asarray(np.kron(np.eye(len(leaders))[leaders] - np.eye(len(leaders)), V))


def _flow(leaders: Array, V: Array, z: Array, t: float) -> Array:
    """z at time t if all keep their leaders."""
    return np.asarray((expm(t * _matrix(leaders, V)) @ z.ravel()).reshape(z.shape))


def run(
    z0: ArrayLike, Q: ArrayLike, K: ArrayLike, V: ArrayLike, times: ArrayLike
) -> tuple[Array, list[tuple[float, int, int]]]:
    """(T, n, d) tokens at ascending times from 0 on, and (t, token, new leader) of every change.

    Leaders change one at a time, where another's score passes theirs; where the old leader would win again at once
    (the border attracts: sliding) there is no such solution, and ValueError.
    """
    z = np.array(z0, dtype=float)
    q, k, v = (np.asarray(m, dtype=float) for m in (Q, K, V))
    leaders = _scores(z, q, k).argmax(axis=1)
    out, now = [], 0.0
    switches: list[tuple[float, int, int]] = []

    def ahead(t: float, i: int) -> float:
        s = _scores(_flow(leaders, v, z, t), q, k)[i]
        return float(s[leaders[i]] - np.delete(s, leaders[i]).max())

    for stop in np.asarray(times, dtype=float):
        while now < stop:
            dt, first, y = (stop - now) / LOOKS, (float(np.inf), -1), z
            step = expm(dt * _matrix(leaders, v))
            for m in range(LOOKS):
                y = (step @ y.ravel()).reshape(z.shape)
                s = _scores(y, q, k)
                for i in map(int, np.flatnonzero(s.argmax(axis=1) != leaders)):
                    at = brentq(ahead, m * dt, (m + 1) * dt, args=(i,), xtol=1e-15)
                    if at < first[0]:
                        first = (float(at), i)
                if first[1] >= 0:
                    break
            if first[1] < 0:
                z, now = _flow(leaders, v, z, stop - now), float(stop)
                break
            at, i = first
            z, now = _flow(leaders, v, z, at), now + at
            s = _scores(z, q, k)[i]
            s[leaders[i]] = -np.inf
            leaders[i] = s.argmax()
            switches.append((now, i, int(leaders[i])))
            if ahead(1e-6, i) < 0.0:
                raise ValueError(f"token {i} slides at t = {now}")
        out.append(z)
    return np.array(out), switches


def layers(z0: ArrayLike, Q: ArrayLike, K: ArrayLike, V: ArrayLike, step: float, depth: int) -> Array:
    """(depth + 1, n, d): z_i <- z_i + step V (z_{j} - z_i), j the first of largest score.

    With step = a / (1 + a) and V = 1 the layers of 2407.01602; as step -> 0 they tend to a solution of (9.5)-(9.6) in
    Filippov's sense, to first order.
    """
    z = np.array(z0, dtype=float)
    q, k, v = (np.asarray(m, dtype=float) for m in (Q, K, V))
    out = [z]
    for _ in range(depth):
        leaders = _scores(z, q, k).argmax(axis=1)
        z = z + step * (z[leaders] - z) @ v.T
        out.append(z)
    return np.array(out)
