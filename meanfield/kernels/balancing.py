r"""Doubly stochastic kernels: the potential phi with int e^{s(x, y) + phi(x) + phi(y)} d mu(y) = 1 at every x.

A function of a kernel of symmetric scores and a measure, by asking (A, Remark 3.5; 2110.11773).  With g = e^phi and
R(x) = g(x) Z[g mu](x), the integral above, the equation is log R = 0.  It is that of the minimum of the convex
functional (1/2) iint e^{s + phi + phi} d mu d mu - int phi d mu, so that phi is unique on what has mass.

Sinkhorn's step phi <- phi - log R, one side after the other, does not settle on one potential.  A part of it does,

    phi <- phi - (2/3) log R,

by 1 - (2/3) (1 + q) in a mode of eigenvalue q of the doubly stochastic kernel: at least threefold where q >= 0, as for
e^{beta <x, y>}, a positive definite kernel; for other symmetric scores q may come close to -1.  Near the end Newton's
steps take over, (1 + A) delta = -log R, with A v = int k v d mu / R, by conjugate gradients: A is symmetric in
L^2(R mu), and its products are readings, too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from meanfield.protocols import Array, Kernel, Measure, Status, Stop

SETTLED = 3e-14
"""How far from 1 a row, and so a column, may sum, besides rounding: with that, 1e-13."""
DAMPED = 2.0 / 3.0
NEAR = 0.3
"""Of max |log R|: down to there damped steps may go on as long as each halves it."""
MOST = 2000
"""Readings of the measure at most."""
PAIRS, TALL = 2**22, 300.0
"""Pairs of points, over all replicas, of which e^s is held, and the largest difference of two s of these."""
INNER = 60
"""Products of one Newton step at most."""
HALVED = 10
"""How often one is halved."""
SMOOTH = 1e-3
"""Least constant beside which Newton's directions are asked about."""
EPS = float(np.finfo(float).eps)
UNSURE, LOST = 1e-10, 1e-9
"""Z counts as known to so much of itself; and what is unknown beyond it, as a mean over the mass, may be so much."""
WIDEST = 700.0
"""Largest difference of two phi: e^phi must be floats."""


class Balance(NamedTuple):
    """A potential and what it makes of a measure.

    Attributes
    ----------
    phi : ndarray (..., n) or None
        At the measure's own points; None where a measure that knows its answer has no points.
    seen : Measure
        e^{phi - log} mu.
    log : ndarray (..., 1) or float
        What was left out of it.
    """

    phi: Any
    seen: Any
    log: Any


def balanced(mu: Measure, kernel: Kernel) -> Balance:
    """The potential of a kernel of symmetric scores, its rows summing to 1 within 1e-13 and rounding.

    Without a first guess but that of the measure itself: the same measure gives the same bits.

    Parameters
    ----------
    mu : Measure
        Of positive mass.
    kernel : Kernel
        With s(x, y) = s(y, x).

    Raises
    ------
    Stop
        If it does not settle (`Status.UNBALANCED`): after how many readings, and how far off; and where mass sees a Z
        that is rounding (`Status.VANISHING_FIELD`).
    """
    known = mu.balanced(kernel)
    if known is not None:
        return Balance(*known)
    Z, log = _read(mu, kernel, None)
    at = None
    if Z.shape[-1] != np.shape(mu.weights)[-1]:  # beside its own points it has some that do not move
        at = mu.x
        Z, log = _read(mu, kernel, at)
    unknown = np.isnan(Z)

    def read(g: Array) -> tuple[Array, Any]:
        Z, log = _read(mu.reweighed(g), kernel, at)
        return _filled(Z), log

    found = _Search(mu, kernel, read).found(_filled(Z), log)
    return found._replace(phi=np.where(unknown, np.nan, found.phi)) if unknown.any() else found


def _read(mu: Measure, kernel: Kernel, at: Array | None) -> tuple[Array, Any]:
    """Z (..., n) and its logarithm."""
    r = mu.read(kernel, at, "Z")
    return np.array(r.Z[..., 0]), r.log[..., 0] if np.ndim(r.log) else r.log


def _filled(Z: Array) -> Array:
    """Z with the largest where a density does not know it, as at points that weigh less than rounding."""
    unknown = np.isnan(Z)
    return np.where(unknown, np.nanmax(Z, axis=-1, keepdims=True), Z) if unknown.any() else Z


def by_pairs(mu: Measure, kernel: Kernel) -> Balance | None:
    """The same for points that are few enough to hold e^s of every pair; None where they are not, or e^s is no float.

    Parameters
    ----------
    mu : Measure
        Of points that all see one another.
    kernel : Kernel
        With s(x, y) = s(y, x).
    """
    if mu.x.size // mu.d * mu.x.shape[-2] > PAIRS:
        return None
    s = kernel.log(mu.x, mu.x)
    top = s.max(axis=-1)
    if not top.max() - s.min() < TALL:
        return None
    e, w = np.exp(s - top[..., None]), np.asarray(mu.weights)

    def read(g: Array) -> tuple[Array, Any]:
        return np.matmul(e, (w * g)[..., None])[..., 0], top

    return _Search(mu, kernel, read).found(*read(np.ones(w.shape)))


class _State(NamedTuple):
    phi: Array
    off: Array
    """log R, (..., n)."""
    Z: Array
    log: Any
    slack: Array
    """How well log R can be known, (..., n)."""

    @property
    def far(self) -> float:
        """max |log R|, infinite where it is no number; as far as it can be known."""
        size = np.abs(self.off)
        return float(np.max(np.where(size <= self.slack, 0.0, size))) if np.isfinite(size).all() else np.inf


class _Search:
    """One potential in the making."""

    def __init__(self, mu: Measure, kernel: Kernel, read: Callable[[Array], tuple[Array, Any]]) -> None:
        self.mu, self.kernel, self.read, self.readings = mu, kernel, read, 0
        self.weights = np.asarray(mu.weights)

    def found(self, Z: Array, log: Any) -> Balance:
        """From Z of mu: damped steps while they are good at it, then Newton's, as long as these help."""
        with np.errstate(divide="ignore"):
            start = -0.5 * (np.log(Z) + log)
        state = self._state(np.broadcast_to(start, np.broadcast_shapes(start.shape, self.weights.shape)))
        last = np.inf
        while state.far > 0.0:
            if self.readings >= MOST or not np.isfinite(state.far):
                raise self._refusal(state)
            quick = state.far > NEAR and state.far <= 0.5 * last
            last = state.far
            better = None if quick else self._searched(state, self._newton(state))
            state = self._state(state.phi - DAMPED * state.off) if better is None else better
        self._known(state)
        c = _top(state.phi)
        return Balance(state.phi, self.mu.reweighed(np.exp(state.phi - c)), c)

    def _read(self, g: Array) -> tuple[Array, Any]:
        """Z of g mu, (..., n), and its logarithm."""
        self.readings += 1
        return self.read(g)

    def _state(self, phi: Array) -> _State:
        c = _top(phi)
        if not np.isfinite(phi).all() or float(np.min(phi - c)) < -WIDEST:
            nothing = np.full(phi.shape, np.inf)
            return _State(phi, nothing, nothing, 0.0, np.zeros(phi.shape))
        Z, log = self._read(np.exp(phi - c))
        with np.errstate(divide="ignore", invalid="ignore"):
            off = phi + np.log(Z) + log + c
        # of points every row has its own log, and Z is known to rounding; else Z is known as a share of the largest
        share = np.ones(Z.shape) if np.ndim(log) else Z.max(axis=-1, keepdims=True) / np.maximum(Z, 1e-300)
        slack = SETTLED + 4.0 * EPS * np.abs(phi) + 32.0 * EPS * (share - 1.0)
        return _State(phi, off, Z, log, slack)

    def _newton(self, state: _State) -> Array:
        """delta, (1 + A) delta = -log R to a share of it that falls with it."""
        g, R = np.exp(state.phi - _top(state.phi)), np.exp(state.off)
        mass = self.weights * R

        def product(v: Array) -> Array:
            # densities are multiplied by positive functions, and by smooth ones: rounding in v must stay small in them
            shift = np.maximum(2.0 * np.abs(v).max(axis=-1, keepdims=True), SMOOTH)
            Z, log = self._read(g * (v / shift + 1.0))
            return np.asarray((Z * np.exp(log - state.log) / state.Z - 1.0) * shift)

        rest = -state.off
        x, Ax, p = np.zeros_like(rest), np.zeros_like(rest), rest
        rr = np.sum(mass * rest * rest, axis=-1, keepdims=True)
        least = np.maximum(rr * np.clip(rr, 1e-16, 1e-4), np.sum(mass, axis=-1, keepdims=True) * (0.1 * SETTLED) ** 2)
        for _ in range(INNER):
            Ap = product(p)
            step = _share(rr, np.sum(mass * p * (p + Ap), axis=-1, keepdims=True))
            x, Ax, rest = x + step * p, Ax + step * Ap, rest - step * (p + Ap)
            last, rr = rr, np.sum(mass * rest * rest, axis=-1, keepdims=True)
            if self.readings >= MOST or np.all(rr <= least):
                break
            p = rest + _share(rr, last) * p
        # where there is no mass, gradients see nothing: there delta is what the equation makes of that elsewhere
        return np.asarray(-state.off - Ax)

    def _searched(self, state: _State, step: Array) -> _State | None:
        """The first of 1, 1/2, ... of a step that halves what is missing, or descends the functional; None: none."""
        here = self._functional(state)
        for part in range(HALVED):
            trial = self._state(state.phi + 0.5**part * step)
            if trial.far <= 0.5 * state.far or self._functional(trial) < here:
                return trial
        return None

    def _functional(self, state: _State) -> float:
        """(1/2) iint e^{s + phi + phi} dmu dmu - int phi dmu, infinite where it overflows."""
        with np.errstate(over="ignore", invalid="ignore"):
            value = float(np.sum(self.weights * (0.5 * np.exp(state.off) - state.phi)))
        return value if np.isfinite(value) else np.inf

    def _known(self, state: _State) -> None:
        """End where Z is rounding at what has mass."""
        unsure = np.minimum(np.maximum(state.slack - UNSURE, 0.0), 1.0)
        lost = float(np.max(np.sum(np.abs(self.weights) * unsure, axis=-1)))
        if lost > LOST:
            raise Stop(
                Status.VANISHING_FIELD,
                f"The potential of {self.kernel} is rounding where there is mass ({lost:.1e} of it): move points, "
                "pt.simulate(law, rho0.sample(1000, rng=0), t_span)",
            )

    def _refusal(self, state: _State) -> Stop:
        far = "beyond all floats" if not np.isfinite(state.far) else f"{np.expm1(min(state.far, WIDEST)):.1e} off"
        return Stop(
            Status.UNBALANCED,
            f"After {self.readings} iterations of Sinkhorn's for {self.kernel} a row's sum, which should be 1 to "
            f"{SETTLED:g}, is {far}: take a smaller beta, or scores that are positive definite (no Q, K, or K = Q)",
        )


def _top(phi: Array) -> Array:
    return np.asarray(phi.max(axis=-1, keepdims=True))


def _share(a: Array, b: Array) -> Array:
    """a / b, 0 where b is not positive."""
    return np.divide(a, b, out=np.zeros_like(a), where=b > 0.0)
