"""A measure whose points are turned by their number before they are scored: rotary positions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from meanfield.protocols import Array, Bilinear, Geometry, Kernel, Measure, Reading
from meanfield.sums.scores import share_of
from meanfield.tools.remembered import remembered
from meanfield.tools.shown import ShownMeasure

__all__ = ["Turned", "waves"]


def waves(base: float, m: int) -> tuple[float, ...]:
    """base^{-2k/m}, k = 0, ..., m/2 - 1: by how much each pair of m components is turned from one token to the next."""
    return tuple(base ** (-2.0 * np.arange(m // 2) / m))


@remembered(16)
def _turns(frequencies: tuple[float, ...], n: int) -> Array:
    """(n, 2 p): cos(j omega) and then sin(j omega) of token j."""
    angle = np.arange(n)[:, None] * np.array(frequencies)
    return np.concatenate([np.cos(angle), np.sin(angle)], axis=-1)


@dataclass(frozen=True)
class Turning(Bilinear):
    """A kernel's scores of rows that carry their turns: (x, cos, sin) in R^{d + 2p}, s = <R a(x), R' b(y)>."""

    kernel: Any
    d: int
    p: int
    isotropic = False
    range = np.inf

    def __str__(self) -> str:
        return f"{self.kernel}, turned"

    @property
    def share(self) -> Any:
        """As of the kernel."""
        return share_of(self.kernel)

    def factors(self, x: Array, y: Array) -> tuple[Array, Array]:
        """Those of the kernel, each row turned by its own angles."""
        a, b = self.kernel.factors(x[..., : self.d], y[..., : self.d])
        return self._turned(a, x[..., self.d :]), self._turned(b, y[..., self.d :])

    def _turned(self, a: Array, turns: Array) -> Array:
        p = self.p
        c, s, even, odd = turns[..., :p], turns[..., p:], a[..., 0 : 2 * p : 2], a[..., 1 : 2 * p : 2]
        out = np.array(a)
        out[..., 0 : 2 * p : 2] = c * even - s * odd
        out[..., 1 : 2 * p : 2] = s * even + c * odd
        return out

    def log(self, x: Array, y: Array) -> Array:
        """s(x, y)."""
        a, b = self.factors(x, y)
        return np.asarray(a @ np.swapaxes(b, -1, -2))


@dataclass(frozen=True, eq=False)
class Turned(ShownMeasure, Measure):
    """A measure of points that are scored turned, a(x_i) by i omega and b(x_j) by j omega, and are else as they were.

    Scores a(x_i)^T b(x_j) of a bilinear kernel become <R_i a(x_i), R_j b(x_j)>, R_i a rotation by i omega_k in the
    components 2k, 2k + 1, the others left as they are; values V x_j are not turned.

    Attributes
    ----------
    body : Measure
        Of points.
    base : float
        omega_k = base^{-2k/m}, k < m/2, where the factors have m components.
    frequencies : tuple of float, optional
        omega_k themselves, no more than m/2.
    """

    body: Any
    base: float
    frequencies: tuple[float, ...] | None = None

    @property
    def d(self) -> int:
        """Ambient dimension."""
        return int(self.body.d)

    @property
    def x(self) -> Array:
        """(..., n, d) own rows, not turned."""
        return np.asarray(self.body.x)

    @property
    def geometry(self) -> Geometry:
        """Where they live."""
        place: Geometry = self.body.geometry
        return place

    @property
    def weights(self) -> Array:
        """(..., n) the mass at each of them."""
        return np.asarray(self.body.weights)

    @property
    def mean(self) -> Array:
        """Refused: who asks it knows no scores that could be turned."""
        raise TypeError(f"mean: {self.instead}")

    @property
    def token(self) -> Any:
        """As of the body."""
        return self.body.token

    @property
    def instead(self) -> str:
        """What is asked here."""
        return "tokens with rotary positions answer bilinear kernels, at their own points: ask the law without"

    def _lifted(self, kernel: Kernel) -> tuple[Turning, Array]:
        """The kernel that turns, and rows that carry their turns."""
        if not isinstance(kernel, Bilinear):
            raise TypeError(f"kernel: {kernel} has no factors a(x), b(y) that could be turned: {self.instead}")
        x = self.body.x
        m = kernel.factors(x[..., :1, :], x[..., :1, :])[0].shape[-1]
        omega = waves(self.base, m) if self.frequencies is None else self.frequencies
        if 2 * len(omega) > m:
            raise ValueError(
                f"frequencies: got {len(omega)}, wanted at most {m // 2}, one for two of the {m} components of Q x"
            )
        turns = _turns(omega, x.shape[-2])
        turns = np.broadcast_to(turns, (*x.shape[:-1], turns.shape[-1]))
        return Turning(kernel, self.d, len(omega)), np.concatenate([x, turns], axis=-1)

    def read(self, kernel: Kernel, x: Array | None = None, want: str = "ZM", V: Array | None = None) -> Reading:
        """Answer a law at the own points (see `protocols.Measure`)."""
        turning, rows = self._lifted(kernel)
        lifted = self.body.placed(rows)
        if x is not None and x is not self.body.x:
            raise TypeError("x: a point that is none of the measure's own has no number to be turned by: ask at mu.x")
        if "L" in want:
            raise TypeError("L: points that are turned by their number have no divergence")
        values = np.zeros((self.d if V is None else len(V), rows.shape[-1]))
        values[:, : self.d] = np.eye(self.d) if V is None else V
        r = lifted.read(turning, None, want, values)
        if x is None and V is None and kernel.isotropic and r.M is not None:
            return Reading(r.Z, self.tangential(r.M), None, r.log)
        return Reading(r.Z, r.M, None, r.log)

    def scores(self, kernel: Kernel) -> Array:
        """(..., n, n) of the own points, turned."""
        turning, rows = self._lifted(kernel)
        return self.body.placed(rows).scores(turning)

    def shares(self, rows: slice = slice(None)) -> Array:
        """As of the body."""
        return np.asarray(self.body.shares(rows))

    def tangential(self, v: Array) -> Array:
        """As of the body."""
        return np.asarray(self.body.tangential(v))

    def past(self) -> Turned:
        """Each point sees those up to itself, as a mean."""
        return replace(self, body=self.body.past())

    def masked(self, A: Any, per_row: bool = True) -> Turned:
        """Point i sees j with weight A[i, j]."""
        return replace(self, body=self.body.masked(A, per_row))

    def reweighed(self, g: Any) -> Turned:
        """g mu."""
        return replace(self, body=self.body.reweighed(g))

    def pushed(self, f: Any) -> Turned:
        """The image under a map of rows, each with its number."""
        return replace(self, body=self.body.pushed(f))

    def placed(self, rows: Array) -> Turned:
        """The same at other rows."""
        return replace(self, body=self.body.placed(rows))
