"""A density's coefficients: their tail, by degree, and as those of another size."""

from __future__ import annotations

from typing import Any

import numpy as np

from meanfield.protocols import Array, Space
from meanfield.tools import inputs

TINY = float(np.finfo(float).tiny)
IN_USE = 1e-10
"""A degree is in use if its coefficients reach this fraction of the largest."""
LEAST = 4
"""Degree that every space can hold."""


def tail(space: Space, c: Array, gaps: bool = True) -> float:
    """max |c_k| over the last degrees, relative to the largest coefficient (c_0 = 1 on the circle).

    These are the top sixteenth, the last two at least, and with `gaps` as many as separate the degrees in use: of a
    density of period 2 pi / m only every m-th is, and what must come next may lie far up.
    """
    size, k = np.abs(c), space.degrees
    most = size if size.ndim == 1 else size.reshape(-1, len(k)).max(axis=0)
    scale, K = max(float(most[most.argmax()]), TINY), int(k[k.argmax()])
    first = 15 * K // 16
    if gaps:
        used = np.flatnonzero(np.bincount(k[most > IN_USE * scale]))
        if len(used) > 1:
            first = min(first, K - 1 - int((used[1:] - used[:-1]).max()))
    last = most[k > min(first, K - 2)]
    return float(last[last.argmax()]) / scale


def by_degree(space: Space, c: Array) -> Array:
    """(degrees,) the largest |coefficient| of every degree."""
    out = np.zeros(int(space.degrees.max()) + 1)
    np.maximum.at(out, space.degrees, np.abs(c))
    return out


def kindred(mine: Any, space: Space) -> Any:
    """`space`, if it is `mine` at some resolution."""
    inputs.having("space", space, ("d", "nodes", "names"), f"{mine} at some resolution")
    if space.d != mine.d or not (isinstance(space, type(mine)) or isinstance(mine, type(space))):
        raise ValueError(f"space: got {space}, wanted {mine} at some resolution: space.resized(size)")
    return space


def recast(old: Any, c: Array, new: Any) -> Array:
    """Coefficients of `old` as those of `new`: same names, the rest zero."""
    return c.copy() if old.names == new.names else laid(shared(old, new), c)


def shared(old: Any, new: Any) -> tuple[Array, Array, int]:
    """Which coefficients of `old` are which of `new`, and how many that has."""
    where = {name: i for i, name in enumerate(new.names)}
    pairs = [(i, where[name]) for i, name in enumerate(old.names) if name in where]
    source, target = np.array(pairs).T
    return source, target, len(new.names)


def laid(pairs: tuple[Array, Array, int], c: Array) -> Array:
    """Coefficients (..., M) put where `shared` says, the rest zero."""
    source, target, many = pairs
    out = np.zeros((*c.shape[:-1], many), dtype=c.dtype)
    out[..., target] = c[..., source]
    return out


def integrating(space: Space, degree: int) -> int:
    """Size at which the space's quadrature integrates its densities times what has no more than this degree."""
    K = int(space.degrees.max())
    return max(space.size, space.size // K * ((K + degree) // 2 + 1))


def products(space: Space, degree: int) -> int:
    """Size at which the space holds this degree, and its quadrature integrates products of two of it."""
    return space.size // int(space.degrees.max()) * max(degree + 1, LEAST)
