r"""Attention at temperature zero: a token sees its leaders alone, those whose score <Q x, K y> is largest (A 9.3).

With C_i = argmax_j <Q x_i, K x_j> (A (9.6)), on the sphere and in R^d, before the projection,

    x_i' = sign sum_{j in C_i} w_j V x_j / sum_{j in C_i} w_j,

the limit of SA as beta -> infinity.  A (9.5), z_i' = mean over C_i of V (z_j - z_i), is this and z' = -V z, in R^d:
``mf.SA(np.inf, Q=, K=, V=, geometry="flat") + mf.Linear(-V, geometry="flat")``, the limit of (9.4), the same at finite
beta.  Between the moments at which some C_i changes all velocities are smooth; there the equation has solutions in
Filippov's sense, perhaps several (`methods.leading`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from meanfield.kernels.exponential import TIE, Exponential
from meanfield.laws import general
from meanfield.protocols import Array, Choosing, Measure
from meanfield.sums.scores import rounding
from meanfield.tools import inputs
from meanfield.tools.tags import equations

TIES = ("uniform", "first")
WIDEST = 1e-6
"""The largest tolerance of a tie: a run lands on ties, and takes who lies within it for equal."""


def hard(beta: Any) -> bool:
    """Whether an inverse temperature is infinite."""
    return not callable(beta) and not isinstance(beta, bool) and np.isscalar(beta) and beta == math.inf


def check(law: general.Attending) -> None:
    """Refuse what temperature zero has not: a scale, scores that change with time, an unknown rule, a wide tie."""
    object.__setattr__(law, "ties", inputs.choice("ties", "uniform" if law.ties is None else law.ties, TIES))
    tie = TIE if law.tie is None else inputs.number("tie", law.tie, low=0.0, high=WIDEST)
    object.__setattr__(law, "tie", tie)
    if law.scale != "natural":
        raise ValueError(
            f'scale: got "{law.scale}", but at beta = inf Z and E are no numbers in any scale, and the velocity is of '
            "none: leave it out"
        )
    for name in ("Q", "K", "D"):
        if callable(getattr(law, name)):
            raise ValueError(f"{name}: at beta = inf scores must not change with time but by the tokens: give numbers")


def check_range(law: general.Attending, d: int, smooth: bool) -> None:
    """Refuse a density, and matrices that do not fit dimension d."""
    general.kernel(law, 0.0, d)
    general.values(law, d, 0.0)
    if smooth:
        raise ValueError(
            f"law: {law} sees single tokens, those of largest score, and a density has none: move points, "
            "pt.simulate(law, rho0.sample(1000, rng=0), t_span), or give it a finite beta"
        )


@equations("A (9.5)", "A (9.6)", "A Problem 6", "2508.09628")
def velocity(law: general.Attending, t: float, x: Array | None, mu: Measure) -> Array:
    """sign V x_C: at rows x, or at the measure's own."""
    if law.ties == "uniform":
        return general.velocity(law, t, x, mu)
    x = mu.x if x is None else x
    return drawn(law, t, mu, shares(law, t, x, mu))


def shares(law: general.Attending, t: float, x: Array, mu: Measure) -> Array:
    """(..., m, n) what rows x see of every own point: leaders by their masses, or the first of them alone."""
    k = general.kernel(law, t, x.shape[-1])
    own = mu.shares() if x is mu.x else _masses(mu)
    s, off = scored(k, x, mu.x, own)
    lead = leaders(s, off, law.tie or 0.0)
    if law.ties == "first":
        lead = np.arange(s.shape[-1]) == np.argmax(lead, axis=-1)[..., None]
    mass = np.where(lead, np.exp(np.where(lead, own, 0.0)), 0.0)
    return np.asarray(mass / mass.sum(axis=-1, keepdims=True))


def _masses(mu: Measure) -> Array:
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(mu.weights)[..., None, :])


def scored(k: Exponential, x: Array, y: Array, own: Array) -> tuple[Array, Array]:
    """Scores of y at x, -inf where own is (log of what y counts for), and by how much they may be wrong."""
    s = k.log(x, y)
    return np.where(np.isneginf(own), -np.inf, s), rounding(s, *k.factors(x, y))


def leaders(s: Array, off: Array, tie: float) -> Array:
    """Where scores are within `tie`, or their rounding, of their row's largest."""
    first = s.argmax(axis=-1)[..., None]
    top, its = (np.take_along_axis(of, first, -1) for of in (s, off))
    return np.asarray(top - s <= np.maximum(tie, its + off))


def drawn(law: general.Attending, t: float, mu: Measure, P: Array) -> Array:
    """sign P V x."""
    V = general.values(law, mu.d, t)
    return np.asarray(law.sign * (P @ (mu.x if V is None else mu.x @ V.T)))


@dataclass(frozen=True)
class Scores(Choosing):
    """What a law at temperature zero compares."""

    law: Any

    @property
    def first(self) -> bool:  # type: ignore[override]
        """Whether of several leaders the first alone is seen."""
        return bool(self.law.ties == "first")

    @property
    def tie(self) -> float:  # type: ignore[override]
        """How far below the largest a score counts as largest."""
        return float(self.law.tie)

    def scores(self, t: float, mu: Measure) -> tuple[Array, Array]:
        """<Q x_i, K x_j>, and by how much they may be wrong."""
        return scored(general.kernel(self.law, t, mu.d), mu.x, mu.x, mu.shares())

    def rates(self, t: float, mu: Measure, v: Array) -> Array:
        """<Q v_i, K x_j> + <Q x_i, K v_j>."""
        k = general.kernel(self.law, t, mu.d)
        (a, b), (da, db) = k.factors(mu.x, mu.x), k.factors(v, v)
        return np.asarray(da @ np.swapaxes(b, -1, -2) + a @ np.swapaxes(db, -1, -2))

    def masses(self, t: float, mu: Measure) -> Array:
        """log of what j counts for at i."""
        return mu.shares()
