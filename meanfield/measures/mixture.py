"""A measure and some points added to it: tokens that act and do not move, at their own masses."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from meanfield.geometry import FLAT, ROWS, to_rows
from meanfield.protocols import Array, Geometry, Kernel, Measure, Reading
from meanfield.sums.direct import direct
from meanfield.sums.scores import share_of
from meanfield.tools import inputs
from meanfield.tools.shown import Shown, ShownMeasure

__all__ = ["Mixture", "also"]


@dataclass(frozen=True, eq=False)
class Added(Shown):
    """Rows y (..., k, d) and what stands there, a (..., k): in tokens, or as masses."""

    y: Array
    a: Array
    per_token: bool


class Beside(Measure):
    """A measure, its `body`, and what stands beside it and does not move."""

    body: Any

    @property
    def d(self) -> int:
        """Ambient dimension."""
        return int(self.body.d)

    @property
    def mass(self) -> Array:
        """int d mu of all."""
        return np.asarray(self.weights.sum(axis=-1))

    def tangential(self, v: Array) -> Array:
        """As of mu."""
        return np.asarray(self.body.tangential(v))


@dataclass(frozen=True, eq=False)
class Mixture(ShownMeasure, Beside):
    """mu + sum_j a_j delta_{y_j}: readings added under a common logarithm.

    Its own points, those that `read` answers at without x, are mu's: the others do not move.  As a measure it has them
    all: `x` and `weights` are mu's followed by the added ones, and so are `mass` and `mean`.

    Attributes
    ----------
    body : Measure
        mu.
    added : tuple of Added
        What is added to it.
    """

    body: Any
    added: tuple[Added, ...]

    def __repr__(self) -> str:
        return f"<Mixture of {self.body!r} and {inputs.several(sum(one.y.shape[-2] for one in self.added), 'point')}>"

    @property
    def token(self) -> Any:
        """As of mu."""
        return self.body.token

    @property
    def geometry(self) -> Geometry:
        """Where they live: by rows, as `x` has them."""
        return ROWS if self.body.geometry.manifold == "sphere" else FLAT

    @property
    def x(self) -> Array:
        """(..., n + k, d) rows of all."""
        return joined([self.body.x, *(one.y for one in self.added)], -2, 1)

    @property
    def weights(self) -> Array:
        """(..., n + k) masses of all."""
        if np.ndim(self.token):
            raise TypeError("weights: under a mask every point sees a measure of its own: ask without")
        return joined([self.body.weights, *(self._masses(one) for one in self.added)], -1, 0)

    @property
    def mean(self) -> Array:
        """int x d mu of all, (..., d)."""
        parts = (np.einsum("...k,...kd->...d", self._masses(one), one.y) for one in self.added)
        return np.asarray(self.body.mean + sum(parts))

    @property
    def second_moment(self) -> Array:
        """int x x^T d mu of all, (..., d, d)."""
        if np.ndim(self.token):
            raise TypeError("second_moment: under a mask every point sees a measure of its own: ask mu.second()")
        return np.asarray(self.second()[..., 0, :, :])

    def second(self) -> Array:
        """(..., 1, d, d) the same; under a mask (..., n, d, d), of what each of mu's points sees."""
        total = self.body.second()
        for one in self.added:
            size: Any = self.token if one.per_token else 1.0
            more = np.einsum("...k,...ki,...kj->...ij", one.a, one.y, one.y)[..., None, :, :]
            total = total + (size[..., None] if np.ndim(size) else size) * more
        return np.asarray(total)

    def _masses(self, one: Added) -> Array:
        return one.a * self.token if one.per_token else one.a

    def excess(self, kernel: Kernel) -> Any:
        """Refused: some of the pairs are of points that do not move."""
        raise TypeError("energy: points that do not move are not told apart by it: ask the measure they were added to")

    def balanced(self, kernel: Any) -> Any:
        """By asking; under a mask as mu refuses it."""
        return self.body.balanced(kernel) if np.ndim(self.token) else None

    def read(self, kernel: Kernel, x: Array | None = None, want: str = "ZM", V: Array | None = None) -> Reading:
        """Answer a law (see `protocols.Measure`): what mu answers, and a sum over the added points."""
        if share_of(kernel) is not None:
            raise TypeError(
                f"{kernel}: the largest score is that of all points, and those that were added are summed apart: "
                "ask mf.Points(mu.x, weights=mu.weights)"
            )
        r = self.body.read(kernel, x, want, V)
        at = self.body.x if x is None else x
        for one in self.added:
            more = direct(kernel, at, one.y, one.a, want, V=V)
            if x is None and V is None and kernel.isotropic and more.M is not None:
                more = more._replace(M=self.body.tangential(more.M))
            r = summed(r, more, self.token if one.per_token else 1.0)
        return r

    def past(self) -> Mixture:
        """Each point sees those of mu up to itself, as a mean, and all that is added."""
        return replace(self, body=self.body.past())

    def masked(self, A: Any, per_row: bool = True) -> Mixture:
        """Each point sees those of mu as A says, and all that is added."""
        return replace(self, body=self.body.masked(A, per_row))

    def reweighed(self, g: Any) -> Mixture:
        """g mu, for g (..., n + k) at `x`."""
        g, n, both = inputs.array("g", g), self.body.x.shape[-2], self.x.shape[-2]
        if g.shape[-1:] != (both,):
            raise ValueError(f"g: got shape {g.shape}, wanted (..., {both}), a number for each point of mu.x")
        added, at = [], n
        for one in self.added:
            k = one.y.shape[-2]
            added.append(replace(one, a=one.a * g[..., at : at + k]))
            at += k
        return Mixture(self.body.reweighed(g[..., :n]), tuple(added))

    def also(self, y: Any, a: Any, per_token: bool = True) -> Mixture:
        """And more points."""
        new = self.body.also(y, a, per_token)
        return Mixture(self.body, (*self.added, *new.added))

    def pushed(self, f: Any) -> Mixture:
        """The image under a map f of rows."""
        at, moved = Mixture(self.body.pushed(f), ()), []
        for one in self.added:
            moved.append(replace(at.body.also(np.asarray(f(one.y)), 1.0, one.per_token).added[0], a=one.a))
        return replace(at, added=tuple(moved))

    def placed(self, rows: Array) -> Mixture:
        """Refused: what is added has no number in the sequence."""
        raise TypeError(
            "points that do not move have no position in the sequence, to be added to them or turned by: leave them "
            "out, or let them be tokens"
        )


def also(mu: Measure, y: Any, a: Any, per_token: bool, manifold: str = "sphere") -> Mixture:
    """mu and points added to it, checked.

    Parameters
    ----------
    mu : Measure
        With rows.
    y : array
        Unit rows (..., k, d), of any length in R^d; on the circle angles (k,) too.
    a : array (..., k) or number
        Of any sign; one number stands for each of them.
    per_token : bool
        a counts tokens; or it is mass, beside a total of 1.

    Raises
    ------
    ValueError
        If they live in another dimension than mu, or a does not go with y.
    """
    if manifold == "sphere":
        if inputs.axes(y) == 1 and mu.d != 2:
            raise TypeError(
                f"y: got {inputs.describe(y)}: numbers are angles on the circle, or colatitudes of what is symmetric "
                f"about an axis; beside these give rows (k, {mu.d})"
            )
        points = to_rows(inputs.angles("y", y)) if inputs.axes(y) == 1 else inputs.rows("y", y)
    else:
        points = inputs.array("y", y)
    if points.ndim < 2 or points.shape[-1] != mu.d:
        raise ValueError(f"y: got shape {np.shape(y)}, wanted rows (k, {mu.d}): these are added to points of R^{mu.d}")
    a = masses(a, points.shape[:-1])
    return Mixture(mu, (Added(points, a, inputs.flag("per_token", per_token)),))


def masses(a: Any, shape: tuple[int, ...]) -> Array:
    """a for each of what is added, y of this shape: checked."""
    a, k = inputs.array("a", a), shape[-1]
    try:
        out = np.broadcast_to(a, np.broadcast_shapes(a.shape, shape))
        if out.shape[-1] != k:
            raise ValueError
    except ValueError:
        raise ValueError(f"a: got shape {a.shape}, wanted a number, or ({k},), one for each of y") from None
    return out


def joined(parts: list[Any], axis: int, inner: int) -> Array:
    """Arrays joined along an axis, the leading axes (all but it and `inner` more) broadcast."""
    rank = inner + 1
    lead = np.broadcast_shapes(*(p.shape[: p.ndim - rank] for p in parts))
    return np.concatenate([np.broadcast_to(p, lead + p.shape[p.ndim - rank :]) for p in parts], axis=axis)


def summed(one: Reading, two: Reading, size: Any) -> Reading:
    """one + size two, under the larger logarithm at every row."""
    log = np.maximum(one.log, two.log)
    p, q = np.exp(one.log - log), size * np.exp(two.log - log)
    Z, M = (None if f is None or g is None else f * p + g * q for f, g in zip(one[:2], two[:2], strict=True))
    L = None if one.L is None or two.L is None else one.L * p[..., 0] + two.L * q[..., 0]
    return Reading(Z, M, L, log)  # what was asked of both: one may have answered more
