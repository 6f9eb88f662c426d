"""Tokens on a sphere, known by their inner products alone: what a law without matrices asks, answered in tokens.

Such a law needs of its tokens but <x_i, x_j>, and its velocities lie in their span, v_i = sum_j c_ij x_j.  This measure
takes the tokens themselves for its frame, and answers with c: n numbers a token, whatever the dimension.  What it gives
has no lengths and no inner products as it stands.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from meanfield.geometry import ROWS
from meanfield.measures.asked import shared
from meanfield.protocols import Array, Geometry, Kernel, Measure, Reading
from meanfield.sums.edges import graph
from meanfield.sums.scores import moderate, peak
from meanfield.sums.sight import Past
from meanfield.tools import inputs
from meanfield.tools.shown import ShownMeasure


@dataclass(frozen=True, eq=False)
class Inner(ShownMeasure, Measure):
    """sum_i w_i delta_{x_i}, of which the gaps 1 - <x_i, x_j> are known.

    Attributes
    ----------
    gaps : ndarray (..., n, n)
        1 - <x_i, x_j> = |x_i - x_j|^2 / 2: of near tokens with all digits, as inner products have not.
    masses : ndarray
        Broadcastable to (..., n).
    d : int
        Ambient dimension: the scale of a law may ask for it.
    sight : Sight, optional
        Who sees whom; None: everybody all.
    counted : ndarray (..., n), optional
        With a sight, the masses by which a mean over what is seen divides.
    """

    gaps: Array
    masses: Array
    d: int
    sight: Any = None
    counted: Any = None
    instead = "move rows, pt.simulate(law, x0, t_span)"

    def __repr__(self) -> str:
        return f"<Inner products of n = {self.n} tokens, d = {self.d}>"

    @property
    def n(self) -> int:
        """Number of tokens."""
        return int(self.gaps.shape[-1])

    @property
    def weights(self) -> Array:
        """(..., n) masses."""
        return np.broadcast_to(self.masses, self.gaps.shape[:-1])

    @property
    def geometry(self) -> Geometry:
        """The sphere's, by rows, which nobody has here."""
        return ROWS

    @property
    def x(self) -> Array:
        """(n, n) the tokens in tokens: they are their own frame."""
        return _frame(self.n)

    @property
    def mean(self) -> Array:
        """int x d mu in tokens: their masses."""
        if self.sight is not None:
            raise TypeError(f"mean: under a mask every token sees a measure of its own: {self.instead}")
        return self.weights

    @property
    def token(self) -> Any:
        """The mass of one token as `also` counts it."""
        return 1.0 / self.n

    def tangential(self, v: Array) -> Array:
        """v_i - <x_i, v_i> x_i, in tokens."""
        if v.shape[-1] != self.n:
            raise TypeError(f"velocity: got shape {v.shape}, wanted {self.n} numbers a token: {self.instead}")
        along = v.sum(axis=-1) - np.einsum("...ij,...ij->...i", v, self.gaps)
        out = np.array(v)
        np.einsum("...ii->...i", out)[...] -= along
        return out

    def past(self) -> Inner:
        """Each sees those up to itself, as a mean."""
        return self._seeing(Past())

    def masked(self, A: Any, per_row: bool = True) -> Inner:
        """Token i sees j with weight A[i, j] (see `Points.masked`)."""
        sight = graph(A, per_row)
        sight.fits(self.n)
        return self._seeing(sight)

    def _seeing(self, sight: Any) -> Inner:
        if self.sight is not None:
            raise TypeError("the measure's tokens have a mask already: give one mask, the product of the two")
        return replace(self, sight=sight, counted=self.weights)

    def reweighed(self, g: Any) -> Inner:
        """g mu, not normalised; under a mask, means divide by what they did."""
        return replace(self, masses=self.weights * inputs.factors("g", g, self.n, "token"))

    def read(self, kernel: Kernel, x: Array | None = None, want: str = "ZM", V: Array | None = None) -> Reading:
        """Z (..., n, 1), and M (..., n, n) in tokens: w_j e^s of every pair.

        Without x, no token counts itself in M, where it may be e^beta large and only turns into length.
        """
        if not (x is None or x is self.x) or V is not None or "L" in want or not kernel.isotropic:
            raise TypeError(
                f"{kernel}: inner products answer at the tokens themselves, for Z and M of kernels of <x, y> without "
                f"matrices: {self.instead}"
            )
        w = self.weights if self.sight is None else self.weights / self.sight.unit(self.counted)
        s, log = self._scores(kernel)
        if self.sight is None and peak(kernel) is not None and moderate(w):
            e = np.exp(s, out=s)  # none is above its own token's
            e *= w[..., None, :]
        else:
            e, log = _shifted(s, w, None if self.sight is None else self.sight.bias(*(slice(0, self.n),) * 2), log)
        Z = e.sum(axis=-1, keepdims=True) if "Z" in want else None
        if x is None:
            np.einsum("...ii->...i", e)[...] = 0.0
        r = Reading(Z, e if "M" in want else None, None, log)
        if self.sight is None:
            return r
        seen = self.sight.seen(self.counted / self.sight.unit(self.counted))
        return shared(r, np.broadcast_to(seen, self.gaps.shape[:-1]))

    def _scores(self, kernel: Kernel) -> tuple[Array, Any]:
        """s of all pairs, less a number."""
        c = peak(kernel)
        if c is not None:
            return -c * self.gaps, c
        cos, sin = 1.0 - self.gaps, np.sqrt(np.maximum(self.gaps * (2.0 - self.gaps), 0.0))
        # it depends on the angle alone: that of two points of the circle will do
        s = kernel.log(np.array([[1.0, 0.0]]), np.stack([cos.ravel(), sin.ravel()], axis=-1))
        return np.reshape(s, self.gaps.shape), 0.0


@lru_cache(16)
def _frame(n: int) -> Array:
    frame = np.eye(n)
    frame.flags.writeable = False
    return frame


def _shifted(s: Array, w: Array, bias: Array | None, log: Any) -> tuple[Array, Array]:
    """w_j e^s of every row over its largest term, and the logarithm of what was taken out."""
    with np.errstate(divide="ignore"):
        s = s + np.log(np.abs(w))[..., None, :]
    if bias is not None:
        s += bias
    top = s.max(axis=-1, keepdims=True)
    top[np.isneginf(top)] = 0.0  # a token that sees no mass
    return np.exp(s - top) * np.sign(w)[..., None, :], top + log
