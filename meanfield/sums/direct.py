"""Dense sums over points: every pair, in tiles that stay in cache, safe from overflow at any beta.

The slow oracle of the fast sums, and the workhorse where there is none (matrices Q, K; any dimension; any kernel).
Memory is O(n d) whatever n: scores exist for one tile at a time, of 65536 pairs, or 4 million if d >= 32 and n >= 512.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from meanfield.protocols import Array, Kernel, Reading
from meanfield.sums.scores import by_pairs, rounding
from meanfield.sums.tiles import LARGE_TILE, TILE, WIDE, Block, Tiles, in_place, longer
from meanfield.tools.alarm import look
from meanfield.tools.threads import parallel

__all__ = ["TILE", "direct"]

PARTS, MANY = 4, 64
"""Parts into which so many tiles, or more, are shared out for threads."""


def direct(
    kernel: Kernel,
    x: Array,
    y: Array,
    weights: Array,
    want: str,
    *,
    V: Array | None = None,
    sight: Any = None,
    same: bool = False,
    tangent: bool = False,
    exp: Callable[[Array], None] = in_place,
) -> Reading:
    r"""What mu = sum_j weights_j delta_{y_j} answers at x, by summing over all pairs.

    With s = kernel.log(x, y), t = <x, y>, and a common factor e^{log} left out of Z, M and L,

        Z = sum_j w_j e^s,   M = sum_j w_j e^s y_j,   L = div P_x M = sum_j w_j e^s (<grad_x s, P_x y_j> - (d - 1) t),

    the divergence on the sphere at unit rows x: for s = beta t the bracket is beta (1 - t^2) - (d - 1) t, and for
    s = beta <Q x, K y>, by homogeneity, s(y, y) - t s(x, y) - (d - 1) t.  With values V y_j in the place of y_j, in M
    and L but not in s, t = <x, V y> and the bracket is s(V y, y) - t s(x, y) - (d - 1) t.

    Parameters
    ----------
    kernel : Kernel
        Of its optional methods, ``factors(x, y)`` (rows a, b with s = a b^T, linear in x and in y) is needed for L
        and makes scores matrix products; an isotropic kernel that also has ``upper()``, the supremum of s, attained
        at x = y, can be summed by pairs.
    x : ndarray (..., n, d)
        Where to answer: rows, unit if L is wanted.
    y : ndarray (..., p, d)
        The points.
    weights : ndarray (..., p)
        Their masses; zero and negative ones are permitted.
    want : str
        Letters among "Z", "M", "L"; what is not wanted comes back as None.
    V : ndarray (m, d), optional
        Values V y_j; None: the identity.  L is that of the first d of them, and wants as many.
    sight : Sight, optional
        What is added to the scores of rows i and columns j, tile by tile: log w_ij, -inf where i does not see j (see
        `sight`).
    same : bool
        Promise that x is y: then each pair's exponential is computed once and serves both its rows, if the kernel is
        isotropic and the weights are positive.
    tangent : bool
        Of M only the part orthogonal to x is wanted, at unit rows with `same` and without V: each point's own term is
        left out, a multiple of x that is e^{s(x, x)} large and whose rounding would be all there is where points
        attract each other from afar.
    exp : callable
        s <- e^s of an array that is contiguous; 0 for -inf.

    Returns
    -------
    Reading
        Z (..., n, 1), M (..., n, m), L (..., n), log (..., n, 1), all new arrays; the leading axes of x, y and
        weights are broadcast.  Twice the same arguments give twice the same bits.

    Raises
    ------
    TypeError
        If L is wanted of a kernel without ``factors``, or with a share.
    ValueError
        If the shapes do not fit, or `want` has other letters.

    Notes
    -----
    Two shifts.  In general log is the running maximum of s in each row (log-sum-exp): the largest term is its weight,
    and nothing overflows.  If weights vanish, have both signs or differ by more than 1e200, log |w| is part of the
    exponent and so of the maximum.  By pairs, one number must serve rows and columns: log = s(x, x) = beta, no less
    than any s, so that nothing overflows; and Z_i >= w_i, its own term, at least 1e-200 of every weight, while a term
    that underflows is below 1e-308 of it: nothing that counts is lost, at any beta.

    A kernel with a share (see `protocols.Kernel`) is summed in two passes over its rows: the largest score among points
    that have mass and are seen, then sum_j w_j share(s - it), and log = 0.  Weights and sights multiply the shares.

    Rounding of s is beta eps; for an isotropic kernel and unit rows beta eps |x - y| from beta = 400 on (see `scores`).
    """
    x, y, w, lead = checked(x, y, weights, want)
    n = x.shape[1]
    cuts = None if sight is None else sight.cuts(n, LARGE_TILE if x.shape[2] >= WIDE else TILE)
    if cuts is not None:
        x, w = longer(x, cuts[-1].stop), longer(w, cuts[-1].stop)
        y = x
    tiles = Tiles(kernel, x, y, w, want, V, sight, cuts, alone=same and tangent and V is None, exp=exp)
    top = by_pairs(kernel, x, w) if same and sight is None else None
    if tiles.share is not None:
        sums, L, log = _shares(tiles, tiles.share)
    else:
        sums, L, log = _rows(tiles) if top is None else _pairs(tiles, top)
    sums, log, z = sums[:, :n], log[:, :n], int("Z" in want)
    return Reading(
        sums[..., :1].reshape(*lead, n, 1) if z else None,
        np.ascontiguousarray(sums[..., z:]).reshape(*lead, n, sums.shape[-1] - z) if "M" in want else None,
        L[:, :n].reshape(*lead, n) if L is not None else None,
        log.reshape(*lead, n, 1),
    )


def checked(x: Array, y: Array, weights: Array, want: str) -> tuple[Array, Array, Array, tuple[int, ...]]:
    """The arguments of `direct` with one replica axis, and the axes it stands for."""
    if not isinstance(want, str) or not set(want) <= set("ZML"):
        raise ValueError(f"want must be letters among 'Z', 'M', 'L'; got {want!r}")
    x, y, w = np.asarray(x, dtype=float), np.asarray(y, dtype=float), np.asarray(weights, dtype=float)
    if x.ndim < 2 or y.ndim < 2 or w.ndim < 1 or x.shape[-1] != y.shape[-1] or w.shape[-1] != y.shape[-2]:
        raise ValueError(
            f"x, y, weights must have shapes (..., n, d), (..., p, d), (..., p); got {x.shape}, {y.shape}, {w.shape}"
        )
    lead = np.broadcast_shapes(x.shape[:-2], y.shape[:-2], w.shape[:-1])
    R = math.prod(lead)
    x = np.broadcast_to(x, lead + x.shape[-2:]).reshape(R, *x.shape[-2:])
    y = np.broadcast_to(y, lead + y.shape[-2:]).reshape(R, *y.shape[-2:])
    return x, y, np.broadcast_to(w, lead + w.shape[-1:]).reshape(R, w.shape[-1]), lead


# --- the two paths -----------------------------------------------------------------------------------------


def _rows(tiles: Tiles) -> tuple[Array, Array | None, Array]:
    """Row by row, shifted by the running maximum."""
    R, n = tiles.x.shape[:2]
    sums = np.zeros((R, n, tiles.columns.shape[-1]))
    L = np.zeros((R, n, 1)) if tiles.divergence else None
    log = np.full((R, n, 1), -np.inf)
    for r, i in tiles.row_blocks():
        top = log[r, i]
        for j in tiles.columns_of(i):
            at = Block(r, i, j)
            s = tiles.scores(at)
            g = tiles.slopes(at, s) if L is not None else None
            if tiles.exponent is not None:
                s += tiles.exponent[r, :, j]
            if tiles.sight is not None and (bias := tiles.sight.bias(i, j)) is not None:
                s += bias
            fade = _lifted(s, top, tiles.peak is not None, tiles.exp)
            sums[r, i] *= fade
            if L is not None and g is not None:
                L[r, i] *= fade
                g *= s
                tiles.add(L[r, i], g, tiles.w[r, j])
            (tiles.add_own if i == j else tiles.add)(sums[r, i], s, tiles.columns[r, j])
    log[np.isneginf(log)] = 0.0
    return sums, L, log if tiles.peak is None else log + tiles.peak


def _lifted(s: Array, top: Array, whole: bool, exp: Callable[[Array], None]) -> Array:
    """s <- e^{s - top}, top <- the larger of it and the rows' largest; what earlier sums under it are multiplied by."""
    fade = np.empty_like(top)
    for run in _cached(s):
        mine, before = s[..., run, :], top[..., run, :]
        higher = np.maximum(before, mine.max(axis=-1, keepdims=True))
        if whole:
            np.ceil(higher, out=higher)  # s(x, x) less a whole number keeps its digits
        shift = np.where(np.isneginf(higher), 0.0, higher)  # a row that has met no mass yet
        fade[..., run, :] = np.exp(before - shift)
        exp(np.subtract(mine, shift, out=mine))
        before[...] = higher
    return fade


def _cached(s: Array) -> Iterator[slice]:
    """Runs of a tile's rows that stay in the cache between one pass over them and the next."""
    height = max(1, TILE * TILE // s.shape[-1])
    return (slice(first, first + height) for first in range(0, s.shape[-2], height))


def _shares(tiles: Tiles, share: Callable[[Array], Array]) -> tuple[Array, None, Array]:
    """Row by row, twice: the largest score that has mass and is seen, then what each counts for beside it."""
    R, n = tiles.x.shape[:2]
    sums = np.zeros((R, n, tiles.columns.shape[-1]))
    for r, i in tiles.row_blocks():
        columns = tiles.columns_of(i)
        top = np.full((r.stop - r.start, i.stop - i.start, 1), -np.inf)
        off = np.zeros_like(top)
        for j in columns:
            s, _, absent, error = _seen(tiles, Block(r, i, j))
            s = np.where(absent, -np.inf, s)
            k = s.argmax(axis=-1)[..., None]
            highest, its = (np.take_along_axis(of, k, -1) for of in (s, error))
            off, top = np.where(highest > top, its, off), np.maximum(top, highest)
        top[np.isneginf(top)] = 0.0  # a row that sees no mass
        for j in columns:
            s, bias, absent, error = _seen(tiles, Block(r, i, j))
            alike = absent | (top - s <= off + error)
            e = np.where(absent, 0.0, share(np.where(alike, 0.0, s - top)))
            tiles.add(sums[r, i], e if bias is None else e * np.exp(bias), tiles.columns[r, j])
    return sums, None, np.zeros((R, n, 1))


def _seen(tiles: Tiles, at: Block) -> tuple[Array, Array | None, Array, Array]:
    """Scores of a tile, log of the weights of a sight, which pairs there are not, and how wrong scores may be."""
    bias = None if tiles.sight is None else tiles.sight.bias(at.i, at.j)
    absent = tiles.w[at.r, at.j].swapaxes(-1, -2) == 0.0
    s, parts = tiles.scores(at), (tiles.a[at.r, at.i], tiles.b[at.r, at.j]) if tiles.bilinear else ()
    return s, bias, absent if bias is None else absent | np.isneginf(bias), rounding(s, *parts)


def _pairs(tiles: Tiles, top: float) -> tuple[Array, Array | None, Array]:
    """Tiles on and above the diagonal only, each serving its rows and its columns, shifted by s(x, x)."""
    R, n = tiles.x.shape[:2]
    blocks = list(tiles.upper())
    # Always the same parts, added in the same order: the bits do not depend on the threads.  (For large d BLAS has its
    # own threads.)
    parts = PARTS if tiles.d < WIDE and len(blocks) >= MANY else 1
    done: list[Any] = [None] * parts

    def one(k: int) -> None:
        done[k] = _some_pairs(tiles.twin() if parts > 1 else tiles, blocks[k::parts], top)

    parallel(one, parts, len(blocks) // parts * TILE)
    sums, L = done[0]
    for more, divergence in done[1:]:
        sums += more
        if L is not None:
            L += divergence
    return sums, L, np.full((R, n, 1), top)


def _some_pairs(tiles: Tiles, blocks: list[Block], top: float) -> tuple[Array, Array | None]:
    """What these tiles give to all rows."""
    R, n = tiles.x.shape[:2]
    sums = np.zeros((R, n, tiles.columns.shape[-1]))
    L = np.zeros((R, n, 1)) if tiles.divergence else None
    for at in blocks:
        look()
        r, i, j = at
        e = tiles.scores(at)
        g = tiles.slopes(at, e) if L is not None else None
        _exponentiate(e, top if tiles.peak is None else 0.0, tiles.exp)
        if L is not None and g is not None:
            g *= e
            tiles.add(L[r, i], g, tiles.w[r, j])
            if i != j:
                tiles.add(L[r, j], g.swapaxes(-1, -2), tiles.w[r, i])
        (tiles.add_own if i == j else tiles.add)(sums[r, i], e, tiles.columns[r, j])
        if i != j:
            tiles.add(sums[r, j], e.swapaxes(-1, -2), tiles.columns[r, i])
    return sums, L


def _exponentiate(s: Array, top: float, exp: Callable[[Array], None]) -> None:
    """s <- e^{s - top}."""
    for run in _cached(s):
        mine = s[..., run, :]
        mine -= top
        exp(mine)
