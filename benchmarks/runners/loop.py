"""The style of the codes published with the papers: whole n by n matrices in plain numpy, one line a formula.

Written for this comparison; no line of those codes is here.  `rows` is their other habit, a Python loop over
particles, which is slower at every n tried; the faster one is the peer.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.runners import Job

PACKAGES = ("numpy",)


def by_matrices(x: Any, beta: float, normalised: bool) -> Any:
    """sum_j A_ij x_j with A = exp(beta (x x^T - 1)) / row sums, on the tangent space."""
    A = np.exp(beta * (x @ x.T - 1.0))
    A = A / A.sum(axis=1)[:, np.newaxis] if normalised else A / len(x)
    v = A @ x
    return v - np.sum(v * x, axis=1)[:, np.newaxis] * x


def by_rows(x: Any, beta: float, normalised: bool) -> Any:
    """The same, a particle at a time."""
    v = np.zeros_like(x)
    for i in range(len(x)):
        a = np.exp(beta * (x @ x[i] - 1.0))
        w = np.sum(a[:, np.newaxis] * x, axis=0) / (a.sum() if normalised else len(x))
        v[i] = w - np.dot(w, x[i]) * x[i]
    return v


def by_past(theta: Any, beta: float, tile: int = 256) -> Any:
    """sum_{j <= i} e_ij sin(theta_j - theta_i) / sum_{j <= i} e_ij of angles, by rows, a tile at a time."""
    x = np.stack([np.cos(theta), np.sin(theta)], axis=-1)
    v = np.empty_like(theta)
    for first in range(0, len(x), tile):
        rows = x[first : first + tile]
        Z, M = np.zeros(len(rows)), np.zeros_like(rows)
        for start in range(0, first + tile, tile):
            seen = x[start : start + tile]
            A = np.exp(beta * (rows @ seen.T - 1.0))
            if start == first:
                A = np.tril(A)
            Z, M = Z + A.sum(axis=1), M + A @ seen
        v[first : first + tile] = (rows[:, 0] * M[:, 1] - rows[:, 1] * M[:, 0]) / Z
    return v


def by_scores(x: Any, beta: float, Q: Any, K: Any, V: Any) -> Any:
    """sum_j A_ij V x_j with A = exp(beta <Q x_i, K x_j>) / row sums, on the tangent space."""
    A = np.exp(beta * ((x @ Q.T) @ (x @ K.T).T))
    v = (A / A.sum(axis=1)[:, np.newaxis]) @ (x @ V.T)
    return v - np.sum(v * x, axis=1)[:, np.newaxis] * x


def _job(s: dict[str, Any], x: Any, asked: Any) -> Job:
    call = {"matrices": by_matrices, "rows": by_rows}[s["style"]]
    return Job(lambda: call(x, s["beta"], s["law"] == "SA"), lambda v: ({"v": v[asked]}, {}))


def circle_points(s: dict[str, Any], arrays: dict[str, Any]) -> Job:
    """Points of the circle as rows."""
    theta, asked = arrays["theta"], arrays["asked"]
    job = _job(s, np.stack([np.cos(theta), np.sin(theta)], axis=-1), slice(None))
    turned = np.stack([-np.sin(theta[asked]), np.cos(theta[asked])], axis=-1)
    return Job(job.solve, lambda v: ({"v": np.sum(v[asked] * turned, axis=-1)}, {}))


def causal_points(s: dict[str, Any], arrays: dict[str, Any]) -> Job:
    """All pairs under the causal mask."""
    return Job(lambda: by_past(arrays["theta"], s["beta"]), lambda v: ({"v": v[arrays["asked"]]}, {}))


def dense(s: dict[str, Any], arrays: dict[str, Any]) -> Job:
    """Rows in any dimension."""
    return _job(s, arrays["rows"], arrays["asked"])


def general(s: dict[str, Any], arrays: dict[str, Any]) -> Job:
    """Rows under Q, K and V."""
    given = [arrays[name] for name in ("Q", "K", "V")]
    return Job(lambda: by_scores(arrays["rows"], s["beta"], *given), lambda v: ({"v": v[arrays["asked"]]}, {}))


JOBS = {"circle-points": circle_points, "causal-points": causal_points, "dense": dense, "general": general}
