"""Points asked by a law: which sum answers, and what is put right afterwards."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from meanfield import geometry
from meanfield.geometry import quarter_turn
from meanfield.protocols import Array, Bilinear, Kernel, Reading
from meanfield.spaces import Circle, Sphere
from meanfield.sums.cells import cells
from meanfield.sums.choose import APART, CELLED, COMPILED, FAINT, UNDERFLOW, choose
from meanfield.sums.differences import differences
from meanfield.sums.direct import direct
from meanfield.sums.direct_numba import direct_numba
from meanfield.sums.edges import along
from meanfield.sums.harmonic import harmonic
from meanfield.sums.running import running
from meanfield.sums.scores import share_of
from meanfield.sums.sight import Until
from meanfield.sums.twofold import Twofold, twofold

SPACES: dict[int, Any] = {2: Circle(8), 3: Sphere(2)}
"""Whose harmonics serve points of dimension d; the size does not matter."""
FEWEST = 4
"""Points a degree from which cells are worth their tables; below, nonuniform transforms."""


def asked(points: Any, kernel: Kernel, x: Array | None, want: str, V: Array | None) -> Reading:
    """What points answer a law (see `protocols.Measure`)."""
    shape = points.geometry.shape(points.points)
    weights = points.weights if points.weights.shape == shape else np.broadcast_to(points.weights, shape)
    V = None if V is None else _values(V, points.d, "L" in want)
    gaps = weights.size * points.n if x is None and "L" not in want and (points.angles or points.field == APART) else 0
    past = points.sight is not None and points.sight.running and "L" not in want
    masked = points.sight is not None and not past
    name = choose(
        points.field, kernel, points.geometry, points.d, points.n, masked, gaps if V is None else 0, past,
        valued=V is not None, divergence="L" in want,
    )  # fmt: skip
    if "L" in want and points.geometry.manifold != "sphere":
        return _parting(points, kernel, x, want, V)
    if name == APART:
        r = differences(kernel, points.theta, weights, want)
        return r if points.angles or r.M is None else r._replace(M=r.M * quarter_turn(points.x))
    if name == "running":
        seen = _running(points, kernel, want, weights, x is not None) if x is None or x is points.x else None
        if seen is None:
            return _dense(points, "direct", kernel, x, want, weights)
        return seen if x is not None or seen.M is None else seen._replace(M=points.tangential(seen.M))
    if name in ("direct", "compiled"):
        return _dense(points, name, kernel, x, want, weights, V)
    if name == "twofold":
        return _twice(points, kernel, x, want, weights, V)
    whole = x is not None and "M" in want
    r = _banded(points, name, kernel, x, want + "x" * whole, weights)
    if r.Z is not None and not _mended(points, name, kernel, r, x, want, weights):
        return _dense(points, name, kernel, x, want, weights)
    if r.M is None or (x is None and points.geometry.axes == 1):
        return r
    return r._replace(M=np.einsum("...nm,...nmd->...nd", r.M, _frame(points.x if x is None else x, whole)))


def _parting(points: Any, kernel: Kernel, x: Array | None, want: str, V: Array | None) -> Reading:
    """In R^d, div M = sum_j w_j e^s <grad_x s, V y_j>: of scores linear in x another sum of Z, masses s(V y_j, y_j)."""
    if not isinstance(kernel, Bilinear):
        raise TypeError(
            f"L, the divergence, needs the kernel's gradient: {type(kernel).__name__} is no protocols.Bilinear, which "
            "has factors(x, y)"
        )
    y = points.x
    a, b = kernel.factors(y if V is None else y @ V[: points.d].T, y)
    more = points.reweighed(np.sum(a * b, axis=-1)).read(kernel, x, "Z")
    r = points.read(kernel, x, want.replace("L", "") + "Z", V)
    L = (more.Z * np.exp(more.log - r.log))[..., 0]
    return Reading(r.Z if "Z" in want else None, r.M, L, r.log)


def _frame(at: Array, whole: bool) -> Array:
    """(..., n, m, d) what components of M are along at rows: the tangent frame, and the row itself for all of M."""
    frame = SPACES[at.shape[-1]].frame(at)
    return np.concatenate([frame, at[..., None, :]], axis=-2) if whole else frame


def _running(points: Any, kernel: Kernel, want: str, weights: Array, whole: bool) -> Reading | None:
    """Running sums, with direct ones where Z is faint beside the mass that is seen; None: better all by direct sums.

    M is P_x M, or all of it.
    """
    weights = weights / points.unit_seen()
    circle = points.d == 2
    q = np.broadcast_to(points.theta if circle else points.x, weights.shape + (() if circle else (3,)))
    r = running(kernel, q, weights, want + "Z" + "x" * (circle and whole))
    z = r.Z[..., 0]
    faint = z < FAINT * np.maximum(np.maximum.accumulate(z, axis=-1), np.cumsum(np.abs(weights), axis=-1))

    def laid(few: Any, M: Array) -> Array:
        return M if whole else geometry.project(points.x[..., few, :], M)

    if r.M is not None:
        M = np.einsum("...nm,...nmd->...nd", r.M, _frame(points.x, whole)) if circle else laid(slice(None), r.M)
        r = r._replace(M=M)

    def again(few: Array) -> Reading:
        return direct(kernel, points.x[..., few, :], points.x, weights, want + "Z", sight=Until(few))

    if not _replaced(r, faint, again, laid):
        return None
    seen = np.broadcast_to(points.seen(), weights.shape)
    return shared(Reading(r.Z if "Z" in want else None, r.M, None, r.log), seen)


def _banded(points: Any, name: str, kernel: Kernel, x: Array | None, want: str, weights: Array) -> Reading:
    """By harmonics, M along the frame."""
    at = None if x is None or x is points.x else SPACES[points.d].chart(x)
    if name == "cells" or (points.d in CELLED and points.n >= FEWEST * kernel.bandwidth(points.d)):
        return cells(kernel, points.coordinates, weights, at, want, numba=name == "cells")
    return harmonic(SPACES[points.d], kernel, points.coordinates, weights, at, want)


@lru_cache(maxsize=4)
def _laid(kernel: Bilinear, d: int) -> Twofold | None:
    """A kernel laid out, kept while its matrices stay; None of one that has too many harmonics."""
    level = kernel.level(d)
    return None if level is None else Twofold(SPACES[d], kernel, level)


def _twice(points: Any, kernel: Kernel, x: Array | None, want: str, weights: Array, V: Array | None) -> Reading:
    """By harmonics of both points, with direct sums where Z is faint; M in rows."""
    at = points.x if x is None else x
    both = _laid(kernel, points.d) if isinstance(kernel, Bilinear) else None
    if both is None:
        return _dense(points, "direct", kernel, x, want, weights, V)
    r = twofold(both, SPACES[points.d], points.coordinates, weights, at, want + "Z", V)
    z = r.Z[..., 0]
    faint = z < FAINT * z.max(axis=-1, keepdims=True)

    def again(few: Array) -> Reading:
        return direct(kernel, at[..., few, :], points.x, weights, want, V=V)

    if not _replaced(r, faint, again, lambda few, M: M):
        return _dense(points, "direct", kernel, x, want, weights, V)
    return r._replace(Z=r.Z if "Z" in want else None)


def _mended(points: Any, name: str, kernel: Kernel, r: Reading, x: Array | None, want: str, weights: Array) -> bool:
    """Put direct sums where Z is faint and the quotient would lose digits; False: better all by direct sums."""
    # far from all points Z is faint everywhere, but its mean over the sphere is the mass
    z = r.Z[..., 0]
    low = FAINT * np.maximum(z.max(axis=-1, keepdims=True), np.abs(weights).sum(axis=-1, keepdims=True))
    if (z.min(axis=-1, keepdims=True) >= low).all():
        return True
    at = points.x if x is None else x

    def again(few: Array) -> Reading:
        return _sum(name)(kernel, at[..., few, :], points.x, weights, want)

    def laid(few: Array, M: Array) -> Array:
        frame = _frame(at[..., few, :], x is not None)
        return np.asarray(np.einsum("...nd,...nmd->...nm", M, frame))

    return _replaced(r, z < low, again, laid)


def _replaced(
    r: Reading, faint: Array, again: Callable[[Array], Reading], laid: Callable[[Array, Array], Array]
) -> bool:
    """Put other sums where Z is faint, `again` of the points there, and their M as r has it, `laid`; False: all."""
    few = np.flatnonzero(faint.reshape(-1, faint.shape[-1]).any(axis=0))
    if 2 * len(few) > faint.shape[-1]:
        return False
    if len(few):
        d = again(few)
        size = np.exp(d.log - (r.log if np.ndim(r.log) == 0 else r.log[..., few, :]))
        if size.min() < UNDERFLOW:
            return False
        if d.Z is not None:
            r.Z[..., few, :] = d.Z * size
        if r.M is not None:
            r.M[..., few, :] = laid(few, d.M * size)
        if r.L is not None:
            r.L[..., few] = d.L * size[..., 0]
    return True


def _dense(
    points: Any, name: str, kernel: Kernel, x: Array | None, want: str, weights: Array, V: Array | None = None
) -> Reading:
    own = x is None or x is points.x
    tangent = x is None and kernel.isotropic and V is None and points.geometry.manifold == "sphere"
    if points.sight is not None and not own:
        raise TypeError("x: who sees whom is known among the measure's own points alone: ask at x = mu.x")
    at = points.x if x is None else x
    if points.sight is not None:
        weights = weights / points.unit_seen()
    edges = None if points.sight is None or "L" in want or share_of(kernel) is not None else points.sight.edges()
    if edges is not None:
        r = along(kernel, points.x, weights, want, edges, V, tangent)
    else:
        r = _sum(name)(kernel, at, points.x, weights, want, V=V, sight=points.sight, same=own, tangent=tangent)
    if points.sight is not None:
        r = shared(r, np.broadcast_to(points.seen(), weights.shape))
    return r._replace(M=points.tangential(r.M)) if tangent and r.M is not None else r


def _values(V: Any, d: int, whole: bool) -> Array:
    """V as sums want it, (m, d), m >= d where a divergence is asked for."""
    V = np.asarray(V, dtype=float)
    if V.ndim != 2 or V.shape[1] != d or (whole and V.shape[0] < d):
        least = f", m >= {d} where a divergence is asked for" if whole else ""
        raise ValueError(f"V: got shape {V.shape}, wanted (m, {d}){least}: it maps points of R^{d}")
    return V


def shared(r: Reading, seen: Array) -> Reading:
    """A sum over what is seen as a mean."""
    blind = seen == 0.0 if r.Z is None else (seen == 0.0) | (r.Z[..., 0] == 0.0)
    if blind.any():
        i = int(np.argwhere(blind)[0, -1])
        raise ValueError(
            f"weights: point {i} sees no mass, since all that it sees have weight 0, or it sees nobody, and a mean of "
            "nothing is none: give it, or one that it sees, a weight > 0, let it see itself, or leave it out"
        )
    Z, M = (None if part is None else part / seen[..., None] for part in (r.Z, r.M))
    return Reading(Z, M, None if r.L is None else r.L / seen, r.log)


def _sum(name: str) -> Callable[..., Reading]:
    """The dense sum that goes with a field: compiled ones are for each other."""
    return direct_numba if name in COMPILED else direct
