"""Exponential collocation by successive sweeps: y' = L y + N(t, y), L diagonal, real and <= 0, of any order.

In one step, with x = (t' - t) / h in [0, 1] and P a polynomial through values of N,

    y(c) = e^{c h L} y0 + h int_0^c e^{(c-x) h L} P(x) dx

is exact for L and as good as P for N.  From P = N(t, y0) on, level n = 2, 3, ..., order takes the n left Radau points
0 = c_0 < c_1 < ... < c_{n-1} < 1, sets P to the old polynomial there, and then in turn for j = 1, ..., n - 1 computes
y(c_j) and puts N(t + c_j h, y(c_j)) in place of P(c_j) (Gauss-Seidel).  Each level adds one order, uniformly in x:
after the last the local error is O(h^(order + 1)) everywhere in the step, and P is the dense output.  The weights are
those of M. Hochbruck and A. Ostermann, Exponential Runge-Kutta methods for parabolic problems, Appl. Numer. Math. 53
(2005) 323-339, section 3 (collocation); to sweep rather than to solve is T. Buvoli's in A class of exponential
integrators based on spectral deferred correction, SIAM J. Sci. Comput. 42 (2020) A1-A27.

Modes that diffusion holds down are exact at their balance y = -N / L, so diffusion limits no step.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.polynomial import legendre

from meanfield.protocols import Array, Between, Method, Status, Stepped, Stop
from meanfield.steppers.control import Adaptive, moment
from meanfield.steppers.dense import gauss
from meanfield.steppers.diagonal import Diagonal, distinct, grid, on_grid
from meanfield.tools.settings import register

_GAUSS = 28
"""Gauss points: as good as rounding for e^{-36 s} times a polynomial of degree 9."""

_FAR = 36.0
"""Beyond this |c h L| the lower end of the integral is e^-36 of it, and the asymptotic series is exact."""

WATCH = (0.65, 0.8)
"""Where in the step the dense output's residual is looked at (`Adaptive.heard`)."""
SHARE = 0.5
"""What of h times the larger of them bounds the dense output's error, at orders 4 to 10: measured."""


def radau(n: int) -> Array:
    """The n left Radau points on [0, 1], 0 first: zeros of P_{n-1} + P_n on [-1, 1]."""
    if n == 1:
        return np.zeros(1)
    both = np.zeros(n + 1)
    both[-2:] = 1.0
    rest = legendre.legdiv(both, np.ones(2))[0]  # without its zero at -1
    x = legendre.legroots(rest).real  # all are real; numpy 2.5 answers complex numbers all the same
    x -= legendre.legval(x, rest) / legendre.legval(x, legendre.legder(rest))
    return np.concatenate([[0.0], (1.0 + x) / 2.0])


def lagrange(nodes: Array, x: Array) -> Array:
    """(n, x.size) the polynomials 1 at one node and 0 at the others, at x; products, so without cancellation."""
    values = np.ones((nodes.size, x.size))
    for i, node in enumerate(nodes):
        for other in np.delete(nodes, i):
            values[i] *= (x - other) / (node - other)
    return values


def powers(nodes: Array, at: float) -> Array:
    """(n, n) coefficients (second axis) of the same polynomials in powers of (x - at)."""
    rows = []
    for i, node in enumerate(nodes):
        row = np.ones(1)
        for other in np.delete(nodes, i):
            row = np.convolve(row, np.array([at - other, 1.0]) / (node - other))
        rows.append(row)
    return np.stack(rows)


class Rules(NamedTuple):
    """int_0^c e^{(c-x) z} l_m(x) dx, as functions of z <= 0, for r pairs of an end c and a node set with its l_m."""

    c: Array
    """(r,)"""
    decay: Array
    """(r, g) c - x at the Gauss points."""
    near: Array
    """(r, n, g) Gauss weights times l_m(x); rows of 0 where a node set has fewer than n."""
    far: Array
    """(r, n, n) derivatives (-1)^k l_m^(k)(c), for the series sum_k far[m, k] (-z)^-(k+1)."""

    @classmethod
    def of(cls, pairs: list[tuple[float, Array]]) -> Rules:
        """The rules for pairs (c, nodes)."""
        n = max(nodes.size for _, nodes in pairs)
        s, w = gauss(_GAUSS)
        c = np.array([end for end, _ in pairs])
        near, far = np.zeros((c.size, n, s.size)), np.zeros((c.size, n, n))
        for r, (end, nodes) in enumerate(pairs):
            m = nodes.size
            near[r, :m] = lagrange(nodes, (end * s).astype(np.float64)) * (end * w).astype(np.float64)
            far[r, :m, :m] = powers(nodes, end) * [(-1.0) ** k * math.factorial(k) for k in range(m)]
        return cls(c, np.multiply.outer(c, (1 - s).astype(np.float64)), near, far)

    def __call__(self, z: Array, out: Array | None = None) -> Array:
        """(r, n, z.size) weights at z (m,)."""
        if out is None:
            out = np.empty((*self.far.shape[:2], z.size))
        shallow = np.flatnonzero(z >= -_FAR / self.c.min())
        every = shallow.size == z.size
        kernel = np.empty((self.decay.shape[1], shallow.size))
        some = z if every else z[shallow]
        for r, decay in enumerate(self.decay):  # one rule's exponentials stay in cache
            np.exp(np.multiply.outer(decay, some, out=kernel), out=kernel)
            if every:
                np.matmul(self.near[r], kernel, out=out[r])
            else:
                out[r][:, shallow] = self.near[r] @ kernel
        deep = np.flatnonzero(z < -_FAR / self.c.max())
        if deep.size:
            series = self.far @ (-1.0 / z[deep]) ** np.arange(1, 1 + self.far.shape[1])[:, None]
            beyond = np.multiply.outer(self.c, z[deep]) < -_FAR
            out[..., deep] = np.where(beyond[:, None, :], series, out[..., deep])
        return out


class Level(NamedTuple):
    """One level of the ladder, before L is known."""

    nodes: Array
    carry: Array
    """(n, n_old) values of the old polynomial at the nodes."""
    first: int
    """Index of the rule for node 1; those of the other nodes and of the step's end follow."""


@cache
def ladder(order: int) -> tuple[tuple[Level, ...], Rules]:
    """Levels 1, ..., order, and their rules."""
    levels: list[Level] = []
    pairs: list[tuple[float, Array]] = []
    old = np.zeros(1)
    for n in range(1, order + 1):
        nodes = radau(n)
        levels.append(Level(nodes, lagrange(old, nodes).T, len(pairs)))
        pairs += [(float(c), nodes) for c in [*nodes[1:], 1.0]]
        old = nodes
    return tuple(levels), Rules.of(pairs)


@cache
def _to_terms(order: int) -> Array:
    """(order, order - 1): differences of N at the last nodes from N at 0 -> power coefficients of P."""
    return powers(radau(order), 0.0)[1:].T


@lru_cache(maxsize=6)
def _weights(order: int, h: float, linear: bytes, width: int) -> Array:
    """(rules, 1 + order, m) e^{c h L}, then h times the weights, at the distinct values of L.

    Where all of them differ, they come width times each: 2 for the real and imaginary parts of complex states.
    """
    values, where = distinct(linear)
    rules, z = ladder(order)[1], h * (np.repeat(values, width) if where is None else values)
    full = np.empty((rules.c.size, 1 + order, z.size))
    np.exp(np.multiply.outer(rules.c, z), out=full[:, 0])
    rules(z, full[:, 1:])
    full[:, 1:] *= h
    return full


class _Sweeps:
    """One step's buffers, and its attempts.  States are flat views as real numbers, row 0 of the values is y0."""

    def __init__(self, order: int, method: Method, t: float, y: Array) -> None:
        self.order, self.method, self.t, self.y = order, method, t, y
        self.diagonal = Diagonal(method.linear, y.shape)
        self.width = 2 if y.dtype == np.complex128 else 1
        where = self.diagonal.where
        self.where = where if where is None or self.width == 1 else np.repeat(where, 2)
        size = y.size * self.width
        self.old, self.new, self.work = (np.empty((order + 1, size)) for _ in range(3))
        self.old[0] = self.new[0] = y.reshape(-1).view(np.float64)
        self.stage = np.empty_like(y)
        self.start = np.empty_like(y)
        self.limit = method.slope(t, y, self.start)
        self.evaluations = 1

    def combine(self, weights: Array, values: Array, n: int, out: Array) -> None:
        """e^{c h L} y0 + sum_{m <= n} weights_m values_m; y0 last, so that it is rounded once."""
        work = self.work[: n + 1]
        if self.where is None:
            np.multiply(weights[: n + 1], values[: n + 1], out=work)
        else:
            np.take(weights[: n + 1], self.where, axis=1, out=work, mode="clip")
            work *= values[: n + 1]
        np.add.reduce(work[::-1], axis=0, out=out.reshape(-1).view(np.float64))

    def run(self, h: float) -> list[Array]:
        """The ends of the step from the last three levels; leaves the values of the last in `old`."""
        weights = _weights(self.order, h, self.diagonal.key, self.width)
        ends = []
        self.old[1] = self.start.reshape(-1).view(np.float64)
        for n, level in enumerate(ladder(self.order)[0], start=1):
            if n > 1:
                np.dot(level.carry, self.old[1:n], out=self.new[1 : n + 1])
                rows = self.new.view(self.y.dtype).reshape(self.order + 1, *self.y.shape)
                for j in range(1, n):
                    self.combine(weights[level.first + j - 1], self.new, n, self.stage)
                    self.method.rhs(moment(self.t, level.nodes[j], h), self.stage, rows[j + 1, ...])
                self.evaluations += n - 1
                self.old, self.new = self.new, self.old
            if n > self.order - 3:
                ends.append(np.empty_like(self.y))
                self.combine(weights[level.first + n - 1], self.old, n, ends[-1])
        return ends

    def trial(self, h: float) -> Array:
        """N after a Lawson-Euler step of h."""
        f1 = np.empty_like(self.y)
        self.method.rhs(self.t + h, np.exp(h * self.diagonal.values) * (self.y + h * self.start), f1)
        self.evaluations += 1
        return f1.reshape(-1)

    def finite(self) -> bool:
        """Whether state and slope at the step's beginning are finite."""
        return bool(np.isfinite(self.y).all() and np.isfinite(self.start).all())

    def between(self, t1: float, linear: Array | None) -> Between:
        """The last polynomial in powers of x; from differences, which the large coefficients amplify less."""
        terms = np.dot(_to_terms(self.order), self.old[2:] - self.old[1])
        terms[0] += self.old[1]
        return Between(self.t, t1, self.y, terms.view(self.y.dtype).reshape(self.order, *self.y.shape), linear)


class _Oscillators(Method):
    """y' = i w y, one for each rate w, all of it explicit."""

    def __init__(self, w: Array) -> None:
        self.w = w

    def rhs(self, t: float, y: Array, out: Array) -> Array:
        return np.multiply(1j * self.w, y, out=out)


@cache
def reach(order: int) -> float:
    """How far a step may go in units of the method's limit: as `Table.reach`, 4.4 at order 8."""
    w = np.arange(0.01, 20.0, 0.01)
    growth = np.abs(_Sweeps(order, _Oscillators(w), 0.0, np.ones(w.size, dtype=complex)).run(1.0)[-1])
    return max(1.0, 0.9 * float(w[np.argmax(growth > 1.001)]))


@register
@dataclass(frozen=True)
class ExponentialCollocation(Adaptive):
    """Exponential collocation by successive sweeps, adaptive.

    A step costs 1 + order (order - 1) / 2 evaluations (29 at order 8), a rejected one as many less one; dense output
    two more, that look at its error.  The step's is the difference of the last two levels damped by that of the two
    before (`Adaptive.blend`).  Steps are rounded down to eight sizes an octave, since new sizes need new weights.

    Attributes
    ----------
    order
        3 to 10.
    """

    order: int = 8
    linear = math.inf

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 3 <= self.order <= 10:
            raise ValueError(f"order: got {self.order!r}, wanted 3 to 10")

    def _step(self, method: Method, t: float, y: Array, h: float | None, stop: float, keep: bool) -> Stepped:
        sweeps = _Sweeps(self.order, method, t, y)
        flat = y.reshape(-1)
        modulus = np.abs(flat)
        y1, between = y, None

        def attempt(t1: float, used: float) -> float:
            nonlocal y1, between
            first, second, y1 = sweeps.run(on_grid(used, t1))
            sc = self.scale(modulus, y1.reshape(-1))
            e, d = self.size((y1 - second).reshape(-1), sc), self.size((second - first).reshape(-1), sc)
            if not math.isfinite(e) and not sweeps.finite():
                raise Stop(Status.NOT_FINITE, f"the state or its slope is not finite at t = {t!r}")
            error = self.blend(e, d, 0.3)
            if keep and error <= 1.0:
                between = sweeps.between(t1, method.linear)
                sweeps.evaluations += len(WATCH)
                error = self.heard(error, SHARE, method.rhs, between, sc, WATCH)
            return error

        if h is None:
            h = self.first(flat, sweeps.start.reshape(-1), sweeps.trial, stop - t, t, self.order)
        h = min(h, reach(self.order) * sweeps.limit)
        t1, h_next, rejections = self.advance(attempt, t, h, stop, self.order, grid)
        return Stepped(t1, method.retract(y1), h_next, between, sweeps.evaluations, rejections)


def etd(rtol: float = 1e-10, atol: float = 1e-13, norm: str = "rms") -> ExponentialCollocation:
    """The exponential stepper to use: collocation of order 8, diffusion exact, dense output of the same order."""
    return ExponentialCollocation(rtol=rtol, atol=atol, norm=norm)
