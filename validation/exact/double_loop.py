"""The papers' equations as they are printed: loops over tokens, natural scale, no tricks.

A = arXiv 2312.10794, C = arXiv 2411.04990.  Rows x (n, d); the only liberty is that the loop over j is numpy's.
e^{beta<x,y>} is formed as it stands, so beta beyond about 700 is refused.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from validation.exact import ode, refuse

Array = NDArray[np.float64]


def _masses(n: int, weights: ArrayLike | None) -> Array:
    """1/n each, or the weights given."""
    w = np.full(n, 1.0 / n) if weights is None else np.asarray(weights, dtype=float)
    if w.shape != (n,):
        raise ValueError(f"weights must have shape ({n},); got {w.shape}")
    return w


def _beta(value: float) -> float:
    return refuse.number("beta", value, 0.0, 700.0)


def velocity(kind: str, x: ArrayLike, beta: float, *, weights: ArrayLike | None = None, sign: int = 1) -> Array:
    """Velocities (n, d) of A (SA) or A (USA): x_i' = +- P_{x_i} sum_j w_j e^{beta<x_i,x_j>} x_j [/ Z_i]."""
    refuse.choice("kind", kind, ("SA", "USA"))
    rows, beta = np.asarray(x, dtype=float), _beta(beta)
    w = _masses(len(rows), weights)
    out = np.empty_like(rows)
    for i in range(len(rows)):
        attention = w * np.exp(beta * (rows @ rows[i]))
        pull = attention @ rows
        if kind == "SA":
            pull = pull / attention.sum()
        out[i] = refuse.sign(sign) * (pull - (rows[i] @ pull) * rows[i])
    return out


def angle_velocity(
    kind: str, theta: ArrayLike, beta: float, *, weights: ArrayLike | None = None, sign: int = 1
) -> Array:
    """Angular velocities (n,) of A (7.1): theta_i' = -+ sum_j w_j e^{beta cos(theta_i - theta_j)} sin(..) [/ Z_i]."""
    refuse.choice("kind", kind, ("SA", "USA"))
    angles, beta = np.asarray(theta, dtype=float), _beta(beta)
    w = _masses(len(angles), weights)
    out = np.empty_like(angles)
    for i in range(len(angles)):
        difference = angles[i] - angles
        attention = w * np.exp(beta * np.cos(difference))
        out[i] = -refuse.sign(sign) * (attention @ np.sin(difference))
        if kind == "SA":
            out[i] /= attention.sum()
    return out


def attention_matrix(
    x: ArrayLike,
    beta: float,
    Q: ArrayLike | None = None,
    K: ArrayLike | None = None,
    *,
    weights: ArrayLike | None = None,
    causal: bool = False,
) -> Array:
    """A_ij = w_j e^{beta<Qx_i,Kx_j>} / sum_l w_l e^{beta<Qx_i,Kx_l>}, (n, n): A (2.5); rows sum to 1.

    `causal`: j and l run over 1..i only, C (CSA).  Q, K default to the identity and need not be square.
    """
    rows, beta = np.asarray(x, dtype=float), _beta(beta)
    queries = rows if Q is None else rows @ np.asarray(Q, dtype=float).T
    keys = rows if K is None else rows @ np.asarray(K, dtype=float).T
    w = _masses(len(rows), weights)
    out = np.zeros((len(rows), len(rows)))
    for i in range(len(rows)):
        seen = i + 1 if causal else len(rows)
        attention = w[:seen] * np.exp(beta * (keys[:seen] @ queries[i]))
        out[i, :seen] = attention / attention.sum()
    return out


def general_velocity(
    kind: str,
    x: ArrayLike,
    beta: float,
    Q: ArrayLike,
    K: ArrayLike,
    V: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    causal: bool = False,
    sphere: bool = True,
) -> Array:
    """Velocities (n, d) of A (2.3): x_i' = P_{x_i} (1/Z_i) sum_j w_j e^{beta<Qx_i,Kx_j>} V x_j.

    `causal`: the sums run over j <= i, C (CSA) (for USA, divided by i as A's (USA) is by n).  `sphere=False`: no
    projection, A (9.1).  USA: without the division by Z_i.
    """
    refuse.choice("kind", kind, ("SA", "USA"))
    rows, beta = np.asarray(x, dtype=float), _beta(beta)
    q, k, v = (np.asarray(matrix, dtype=float) for matrix in (Q, K, V))
    w = _masses(len(rows), weights)
    out = np.empty_like(rows)
    for i in range(len(rows)):
        seen = i + 1 if causal else len(rows)
        attention = w[:seen] * np.exp(beta * ((rows[:seen] @ k.T) @ (q @ rows[i])))
        pull = attention @ (rows[:seen] @ v.T)
        if kind == "SA":
            pull = pull / attention.sum()
        elif causal:
            pull = pull / w[:seen].sum()
        out[i] = pull - (rows[i] @ pull) * rows[i] if sphere else pull
    return out


def energy(x: ArrayLike, beta: float, *, weights: ArrayLike | None = None) -> float:
    """(1/(2 beta)) sum_i sum_j w_i w_j e^{beta<x_i,x_j>}: A (3.5), diagonal included; |mean|^2 / 2 at beta = 0."""
    rows, beta = np.asarray(x, dtype=float), _beta(beta)
    w = _masses(len(rows), weights)
    total = 0.0
    for i in range(len(rows)):
        for j in range(len(rows)):
            inner = float(rows[i] @ rows[j])
            total += w[i] * w[j] * (math.exp(beta * inner) if beta > 0.0 else inner)
    return total / (2.0 * beta) if beta > 0.0 else 0.5 * total


def dissipation(kind: str, x: ArrayLike, beta: float, *, weights: ArrayLike | None = None, sign: int = 1) -> float:
    """dE/dt along the flow: +- sum_i w_i |x_i'|^2 Z_i (SA), without Z_i (USA); A (3.6) and Lemma 3.7."""
    rows = np.asarray(x, dtype=float)
    w, speed = _masses(len(rows), weights), velocity(kind, x, beta, weights=weights)
    total = 0.0
    for i in range(len(rows)):
        z = float(w @ np.exp(beta * (rows @ rows[i]))) if kind == "SA" else 1.0
        total += w[i] * float(speed[i] @ speed[i]) * z
    return refuse.sign(sign) * total


def euler(field: Callable[[Array], Array], x0: ArrayLike, step: float, steps: int, *, sphere: bool = True) -> Array:
    """x after 0..steps steps of x <- x + step * field(x), rows then renormalised (A, Figure 3): (steps + 1, n, d).

    `sphere=False`: not renormalised, for angles (n,) or for R^d.
    """
    x = np.array(x0, dtype=float)
    out = np.empty((refuse.integer("steps", steps, 0) + 1, *x.shape))
    out[0] = x
    for i in range(steps):
        x = x + step * field(x)
        if sphere:
            x = x / np.linalg.norm(x, axis=-1, keepdims=True)
        out[i + 1] = x
    return out


def run(
    kind: str,
    x0: ArrayLike,
    beta: float,
    times: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    sign: int = 1,
    rtol: float = 3e-14,
    atol: float = 1e-15,
) -> Array:
    """Tokens at the times asked for, (T, n, d), or angles (T, n): `velocity` or `angle_velocity`, by scipy (`ode`)."""
    x = np.array(x0, dtype=float)
    field = angle_velocity if x.ndim == 1 else velocity

    def rhs(_: float, y: Array) -> Array:
        return field(kind, y.reshape(x.shape), beta, weights=weights, sign=sign).ravel()

    return ode.integrate(rhs, x.ravel(), times, rtol=rtol, atol=atol)[1].reshape(-1, *x.shape)
