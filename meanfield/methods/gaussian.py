r"""Gaussians moved by their means and covariances: exact for every law whose velocity is affine in x (2501.18322).

Under X(x) = a + A x and noise s dB a Gaussian N(m, S) of R^d stays one,

    m' = a + A m,    S' = A S + S A^T + s^2,

with a and A of the moment: softmax attention with B = Q^T K has X(x) = V (m + beta S B^T x), so that in one dimension
s' = 2 beta v b s^2, which runs to infinity at 1 / (2 beta v b s_0) (2606.07600).  Whether a law is affine it is asked,
at d + 2 points of every stage.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from meanfield.geometry import FLAT
from meanfield.laws import suited
from meanfield.laws.base import refuse_common
from meanfield.measures.gaussian import Gaussian
from meanfield.protocols import Array, Change, Form, Law, Method, Scheme, Status, Stop, said
from meanfield.tools.settings import register

AFFINE = 1e-9
"""Share of the largest velocity asked by which a law may differ from an affine map."""
NEAR = 1e-8
"""A run ends where what is left to the blow-up is this share of the time."""
SOON = 1e-6
"""Share of the time in which the covariance first doubles, where that is longer than the time: t may be near 0."""
INSTEAD = "move points, pt.simulate(law, mu.sample(1000, rng=0), t_span)"


class Field:
    """What a law does to a Gaussian at one time: a, A and the noise's s^2 (d,), by asking.

    It is asked at 0, at multiples of the unit vectors, as long as the mean is, and at one more point, where it tells
    whether it is affine.
    """

    def __init__(self, law: Law, t: float, mu: Gaussian) -> None:
        size = 1.0 + float(np.abs(mu.mean).max())
        x = size * _places(mu.d)
        with np.errstate(over="ignore", invalid="ignore"):
            v = np.array(np.broadcast_to(law.velocity(t, x, mu), x.shape), dtype=float)
            self.a, self.A = v[0], (v[1:-1] - v[0]).T / size
            self.off = float(np.abs(v[-1] - self.a - self.A @ x[-1]).max())
        self.most = float(np.abs(v).max())
        squares = np.square(np.broadcast_to(np.asarray(law.noise(t, x, mu), dtype=float), x.shape))
        self.noise, self.even = squares[0], bool(np.all(squares == squares[0]))

    @property
    def affine(self) -> bool:
        """Whether the velocity is, as far as was asked."""
        return self.off <= AFFINE * self.most < math.inf


@lru_cache(16)
def _places(d: int) -> Array:
    """(d + 2, d) 0, the unit vectors, and one more point."""
    return np.concatenate([np.zeros((1, d)), np.eye(d), np.cos(1.0 + np.arange(d))[None]])


@register
@dataclass(frozen=True)
class OnMoments(Form):
    """What a state (d, d + 1) means: the mean, and beside it the covariance.

    Attributes
    ----------
    doubling : float
        The time in which the covariance would double as it grew at first.
    """

    doubling: float
    name = "gaussian"

    def measure(self, y: Array) -> Gaussian:
        """The Gaussian (leading axes: several times at once)."""
        return Gaussian.trusted(y[..., 0], y[..., 1:])


@dataclass(frozen=True, eq=False)
class Moments(Method):
    """m' = a + A m, S' = A S + S A^T + s^2, a and A as the law has them."""

    equations = ("B (6.1)",)
    law: Any
    form: OnMoments
    blow_up: float | None = None
    """When the covariance is infinite, once that is near."""

    def rhs(self, t: float, y: Array, out: Array) -> Array:
        """The same, shaped as y."""
        if self.blow_up is not None:
            raise Stop(Status.BLOWN_UP, f"The covariance does at t = {self.blow_up:.15g}.")
        f = Field(self.law, t, self.form.measure(y))
        if f.most < math.inf and not (f.affine and f.even):
            raise Stop(
                Status.LAW_CHANGED,
                f"At t = {t:.6g} {self.law} {_unkept(f)}, and a Gaussian does not stay one: {INSTEAD}.",
            )
        out[:, 0] = f.a + f.A @ y[:, 0]
        grown = f.A @ y[:, 1:]
        out[:, 1:] = grown + grown.T + np.diag(f.noise)
        return out

    def left(self, t: float, y: Array) -> float:
        """tr S / (2 tr A S), what is left to the blow-up of tr S ~ 1 / (t* - t); inf where S does not grow by it."""
        growth = 2.0 * np.sum(Field(self.law, t, self.form.measure(y)).A * y[:, 1:])
        return float(np.trace(y[:, 1:]) / growth) if growth > 0.0 else math.inf

    def _share(self, t: float, y: Array) -> float:
        return self.left(t, y) / max(abs(t), SOON * self.form.doubling)

    def events(self, t: float, y: Array) -> Array | None:
        """1 less how often what is left has room in the time, so many of which are near."""
        return np.array([1.0 if self.blow_up is not None else 1.0 - NEAR / self._share(t, y)])

    def review(self, t0: float, y0: Array, t: float, y: Array) -> Change | None:
        """Where a blow-up is near: the run keeps this step, and ends with it."""
        if self.blow_up is not None or not np.isfinite(y).all() or self._share(t, y) > NEAR * (1.0 + 1e-6):
            return None
        return Change(replace(self, blow_up=t + self.left(t, y)), t, y)


@register
@dataclass(frozen=True)
class ByMoments(Scheme):
    """A Gaussian moved by its mean and covariance; there is nothing to set."""

    takes = "moments"

    def bind(self, law: Law, mu: Gaussian, rtol: float, atol: float) -> tuple[Moments, Array]:
        """The method for this law, and its first state."""
        y = np.concatenate([mu.mean[:, None], mu.covariance], axis=1)
        left = Moments(law, OnMoments(1.0)).left(0.0, y)
        return Moments(law, OnMoments(left if 0.0 < left < math.inf else 1.0)), y

    def rebind(self, law: Law, form: Any, rtol: float, atol: float) -> Moments:
        """The method as it was when a run stopped."""
        return Moments(law, form)


def refuse_others(law: Law, mu: Gaussian, times: tuple[float, ...]) -> None:
    """Refuse a law that does not keep Gaussians Gaussian, or is not of R^d; other times are asked if it changes."""
    if law.geometry != "flat":
        raise ValueError(
            f'law: {law} moves points of spheres, and a Gaussian lives in R^{mu.d}: give it geometry="flat", if it '
            "takes one"
        )
    refuse_common(law, "a Gaussian's mean moves at random")
    law.check_range(mu.d, smooth=True)
    suited.indexless("law", law, mu.d, times[0], "a Gaussian has no first token", INSTEAD, FLAT)
    for t in times[:1] if said(law) else times:
        try:
            f = Field(law, t, mu)
        except TypeError as error:
            raise ValueError(f"law: {law} asks a Gaussian for what it does not answer ({error})") from error
        if not (f.affine and f.even):
            raise ValueError(
                f"law: {law} {_unkept(f)}, and a Gaussian does not stay one under it: give mf.SA(beta, "
                f'geometry="flat"), which keeps it, or {INSTEAD}'
            )


def _unkept(f: Field) -> str:
    """Why a Gaussian does not stay one."""
    if f.affine:
        return "has noise that differs from point to point"
    return f"has a velocity that is not affine in x (off by {f.off:.3g} of {f.most:.3g})"
