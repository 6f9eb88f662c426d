"""Fluctuations of n independent tokens about a density that moves, two ways that share nothing with each other.

n E|c_k|^2 by duality: what one token more at y does to c_k(t) is f(0, y), where f runs backwards from e^{-iky},

    -d_s f = X f' + int rho f'(x) D(x, y) dx,      D(x, y) = the velocity at x for one token more at y,

on a Fourier grid (f is smooth, so this is spectral); its variance under rho_0 is the answer.

The constant of W1 by labels of equal mass u: G(0, u) = B(u), a Brownian bridge, dG/dt(u) = -DX[eta](q) / q_u, with
h * eta(q) = int h'(q - q(v)) G(v) q_v dv, all integrals by the midpoint rule, and bridges drawn at random.

Source: A, (3.7) and Remark 3.3, linearised; section 7's kernel h = e^{beta cos}.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.integrate import solve_ivp

from validation.exact import refuse

Array = NDArray[np.float64]


def _kernels(x: Any, beta: float) -> tuple[Array, Array, Array]:
    """h, h', h'' of e^{beta cos x}, over e^beta."""
    h = np.exp(beta * (np.cos(x) - 1.0))
    s = np.sin(x)
    return h, -beta * s * h, (beta * beta * s * s - beta * np.cos(x)) * h


def mode_powers(
    rho0: Callable[[Array], Array], kind: str, beta: float, t: ArrayLike, degree: int, nodes: int = 256
) -> Array:
    """lim n E|c_k(t)|^2, k = 1..degree: (T, degree), SA or USA (natural scale) from the density rho0 (uniform: 1)."""
    kind = refuse.choice("kind", kind, ("SA", "USA"))
    times = refuse.times("t", t)
    x = 2.0 * np.pi * np.arange(nodes) / nodes
    waves = 1j * np.fft.fftfreq(nodes, 1.0 / nodes)
    waves[nodes // 2] = 0.0
    h, slope, _ = (each * np.exp(beta) for each in _kernels(x[:, None] - x, beta))

    def derivative(f: Any) -> Any:
        return np.fft.ifft(waves * np.fft.fft(f))

    def field(rho: Array) -> tuple[Array, Array]:
        return slope @ rho / (nodes * beta), h @ rho / nodes if kind == "SA" else np.ones(nodes)

    def forward(_: float, rho: Array) -> Array:
        push, Z = field(rho)
        return np.asarray(-derivative(rho * push / Z).real)

    start = np.asarray(rho0(x), dtype=float)
    start = start / start.mean()
    span = (0.0, max(times[-1], 1e-9))
    run: Any = solve_ivp(forward, span, start, method="DOP853", dense_output=True, rtol=1e-11, atol=1e-12)
    out = np.empty((len(times), degree))
    for i, end in enumerate(times):

        def backward(s: float, f: Any, end: float = end) -> Any:
            rho = run.sol(end - s)
            push, Z = field(rho)
            X = push / Z
            df = derivative(f)
            told = (rho * df / Z) @ (slope / beta)
            if kind == "SA":
                told = told - (rho * df * X / Z) @ h
            return X * df + told / nodes

        for k in range(1, degree + 1):
            f = np.exp(-1j * k * x)
            if end > 0.0:
                f = solve_ivp(backward, (0.0, end), f, method="DOP853", rtol=1e-10, atol=1e-11).y[:, -1]
            mean = (start * f).mean()
            out[i, k - 1] = (start * np.abs(f - mean) ** 2).mean()
    return out


def w1_constants(
    rho0: Callable[[Array], Array], kind: str, beta: float, t: ArrayLike, *, labels: int = 200, steps: int = 30,
    samples: int = 4000, rng: Any = 0,
) -> tuple[Array, Array]:  # fmt: skip
    """lim sqrt(n) E W1(mu_n(t), mu(t)) (T,) and its standard error, by labels of equal mass and drawn bridges.

    The error of the labels is of second order in 1/labels; Runge and Kutta's method takes `steps` a unit of time.
    """
    kind = refuse.choice("kind", kind, ("SA", "USA"))
    times = refuse.times("t", t)
    fine = np.linspace(0.0, 2.0 * np.pi, 200 * labels + 1)
    values = np.asarray(rho0(fine), dtype=float)
    mass = np.concatenate([[0.0], np.cumsum(0.5 * (values[1:] + values[:-1]))])
    u = (np.arange(labels) + 0.5) / labels
    q = np.interp(u, mass / mass[-1], fine)
    generator = np.random.default_rng(rng)
    # a walk at the midpoints u, and half a step beyond the last: less its end times u it is a bridge
    free = np.cumsum(generator.standard_normal((labels, samples)) * np.sqrt(np.diff(u, prepend=0.0))[:, None], axis=0)
    last = free[-1] + generator.standard_normal(samples) * np.sqrt(1.0 - u[-1])
    G = free - u[:, None] * last
    y = np.concatenate([q[:, None], G], axis=1)
    told = []
    now = 0.0
    for end in times:
        count = int(np.ceil(steps * (end - now)))
        for _ in range(count):
            y = _rk4(y, (end - now) / count, kind, beta)
        now = float(end)
        told.append(_least(y[:, 1:], _gaps(y[:, 0])))
    each = np.array(told)
    return each.mean(axis=1), each.std(axis=1, ddof=1) / np.sqrt(samples)


def _gaps(q: Array) -> Array:
    """q_u / labels by central differences around the circle."""
    ahead = np.append(q[1:], q[0] + 2.0 * np.pi)
    behind = np.concatenate([[q[-1] - 2.0 * np.pi], q[:-1]])
    return np.asarray(0.5 * (ahead - behind))


def _rk4(y: Array, step: float, kind: str, beta: float) -> Array:
    a = _slope(y, kind, beta)
    b = _slope(y + 0.5 * step * a, kind, beta)
    c = _slope(y + 0.5 * step * b, kind, beta)
    d = _slope(y + step * c, kind, beta)
    return y + step / 6.0 * (a + 2.0 * b + 2.0 * c + d)


def _slope(y: Array, kind: str, beta: float) -> Array:
    q, G = y[:, 0], y[:, 1:]
    n = len(q)
    h, h1, h2 = (each * np.exp(beta) for each in _kernels(q[:, None] - q, beta))
    gaps = _gaps(q)
    moved = G * gaps[:, None]
    low, high = h1 @ moved, h2 @ moved  # h * eta and h' * eta
    push = h1.mean(axis=1)
    out = np.empty_like(y)
    if kind == "USA":
        out[:, 0] = push / beta
        change = high / beta
    else:
        Z = h.mean(axis=1)
        out[:, 0] = push / Z / beta
        change = (high / Z[:, None] - (push / Z**2)[:, None] * low) / beta
    out[:, 1:] = -change / (n * gaps[:, None])
    return out


def _least(G: Array, arc: Array) -> Array:
    """min_c sum_i |G_i - c| arc_i of every column: at a weighted median."""
    order = np.argsort(G, axis=0)
    values, weights = np.take_along_axis(G, order, axis=0), arc[order]
    below = np.cumsum(weights, axis=0)
    at = np.argmax(below >= 0.5 * below[-1], axis=0)
    middle = np.take_along_axis(values, at[None], axis=0)
    return np.asarray((np.abs(values - middle) * weights).sum(axis=0))
