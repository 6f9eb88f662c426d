"""Kernels phi(|x - y|^2) of vectors of R^d, of any phi >= 0."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from meanfield.protocols import Array, Kernel
from meanfield.tools import inputs
from meanfield.tools.settings import register
from meanfield.tools.shown import Shown


def weighed(phi: Callable[[Array], Array], s: Array) -> Array:
    """phi(s) of squared distances, or a refusal of what is no weight."""
    with np.errstate(all="ignore"):
        values = np.asarray(inputs.mapped("phi", phi, s, "squared distances"))
    if values.shape != s.shape or values.dtype.kind not in "fiub":
        raise ValueError(
            f"phi: of an array of squared distances, shape {s.shape}, it gave {inputs.describe(values)}: wanted finite "
            "numbers >= 0 of that shape, as numpy.exp(-s)"
        )
    values = values.astype(float)
    wrong = ~np.isfinite(values) | (values < 0.0)
    if wrong.any():
        raise ValueError(
            f"phi: at the squared distance {float(s[wrong][0]):.6g} it gave {float(values[wrong][0])!r}: wanted finite "
            "numbers >= 0 at all distances, as numpy.maximum(1 - s, 0)"
        )
    return values


@register
@dataclass(frozen=True)
class Radial(Shown, Kernel):
    """The kernel phi(|x - y|^2), 0 or with a jump where phi is so.

    Squares are of differences: they keep the digits of short distances anywhere.  It says no bandwidth, which is of
    unit vectors: points are summed one by one.

    Parameters
    ----------
    phi : callable
        Array of s = |x - y|^2 -> array of phi(s), entry by entry, finite and >= 0.
    name : str
        What it is called in messages.
    half : bool
        Distances are of the first half of the components (positions, beside velocities).
    """

    phi: Callable[[Array], Array]
    name: str
    half: bool = False
    isotropic = False
    range = math.inf
    """phi may vanish, and Z with it."""

    def log(self, x: Array, y: Array) -> Array:
        """log phi(|x - y|^2), -inf where phi vanishes: (..., n, d), (..., p, d) -> (..., n, p)."""
        lead = np.broadcast_shapes(x.shape[:-2], y.shape[:-2])
        s = np.zeros((*lead, x.shape[-2], y.shape[-2]))
        for k in range(x.shape[-1] // 2 if self.half else x.shape[-1]):
            gap = x[..., :, None, k] - y[..., None, :, k]
            s += gap * gap
        with np.errstate(divide="ignore"):
            return np.log(weighed(self.phi, s))
