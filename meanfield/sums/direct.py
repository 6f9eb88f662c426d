"""Dense sums over points: every pair, in tiles that stay in cache, safe from overflow at any beta.

The slow oracle of the fast sums, and the workhorse where there is none (matrices Q, K; any dimension; any kernel).
Memory is O(n d) whatever n: scores exist for one tile at a time, of 65536 pairs, or 4 million if d >= 32 and n >= 512.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from copy import copy
from typing import Any, NamedTuple

import numpy as np

from meanfield.protocols import Array, Bilinear, Kernel, Reading
from meanfield.sums.scores import Near, by_pairs, moderate, refuse_unpaired, rounding, share_of, sharp
from meanfield.tools.alarm import look
from meanfield.tools.threads import parallel

__all__ = ["TILE", "direct"]

TILE = 256
"""Rows and columns of a tile: its scores (512 KiB) stay in the second-level cache between their making and use."""
WIDE, LARGE_TILE = 32, 1024
"""From this dimension on matrix products are most of the work, and BLAS with its threads wants them large."""
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
        Values V y_j; None: the identity.  Square where L is wanted.
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
    tiles = _Tiles(kernel, x, y, w, want, V, sight, alone=same and tangent and V is None)
    top = by_pairs(kernel, x, w) if same and sight is None else None
    if tiles.share is not None:
        sums, L, log = _shares(tiles, tiles.share)
    else:
        sums, L, log = _rows(tiles) if top is None else _pairs(tiles, top)
    n, z = x.shape[1], int("Z" in want)
    return Reading(
        sums[..., :1].reshape(*lead, n, 1) if z else None,
        np.ascontiguousarray(sums[..., z:]).reshape(*lead, n, sums.shape[-1] - z) if "M" in want else None,
        L.reshape(*lead, n) if L is not None else None,
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


# --- tiles -------------------------------------------------------------------------------------------------


class _Block(NamedTuple):
    """Replicas r, rows i, columns j."""

    r: slice
    i: slice
    j: slice


def _cuts(n: int, most: int) -> list[slice]:
    """n indices in equal runs of at most `most`."""
    count = -(-n // most)
    return [slice(k * n // count, (k + 1) * n // count) for k in range(count)]


class _Tiles:
    """What is summed, tile by tile, in buffers made once: the scores, and the columns that multiply e^score."""

    def __init__(
        self, kernel: Kernel, x: Array, y: Array, w: Array, want: str, V: Array | None, sight: Any, *, alone: bool
    ) -> None:
        self.kernel, self.x, self.y = kernel, x, y
        self.plain, self.sight = V is None, sight
        self.values = y if V is None else y @ V.T
        self.alone = alone and "M" in want  # M is of all others
        self.masses = int("Z" in want)
        self.d = x.shape[2]
        self.divergence = "L" in want
        bilinear = kernel if isinstance(kernel, Bilinear) else None
        self.bilinear, self.share = bilinear is not None, share_of(kernel)
        if self.divergence and self.share is not None:
            raise TypeError(
                f"L, the divergence: {kernel} has none, what it answers jumps where another score becomes the largest: "
                "want Z and M only, of points, as mf.Points(mu.x, weights=mu.weights)"
            )
        if self.divergence and bilinear is None:
            raise TypeError(
                f"L, the divergence, needs the kernel's gradient: {type(kernel).__name__} is no protocols.Bilinear, "
                "with factors(x, y) -> rows a, b with s = a b^T; want Z and M only, or use an Exponential kernel"
            )
        self.a: Array
        self.b: Array
        self.a, self.b = (x, y) if bilinear is None else bilinear.factors(x, y)
        if bilinear is None:
            refuse_unpaired(kernel, self.d)
        self.peak = sharp(kernel, x, y)  # not None: scores are less than s(x, x) by differences
        self.near = None if self.peak is None else Near(x, y)
        self.exponent = None
        if self.share is None and not moderate(w):
            with np.errstate(divide="ignore"):
                self.exponent = np.log(np.abs(w))[:, None, :]
            w = np.sign(w)
        self.w = w[..., None]
        parts = [self.w] if "Z" in want else []
        if "M" in want:
            parts.append(self.w * self.values)
        self.columns = np.concatenate([*parts, np.empty((*w.shape, 0))], axis=-1)
        if self.divergence and bilinear is not None:
            self.own = np.einsum("rpm,rpm->rp", *bilinear.factors(self.values, y))[:, None, :]
        large = self.d >= WIDE and min(x.shape[1], y.shape[1]) >= 2 * TILE
        self.side, self.height = (LARGE_TILE, 4 * LARGE_TILE) if large else (TILE, TILE)
        rows, columns = min(max(x.shape[1], 1), self.height), min(max(y.shape[1], 1), self.side)
        self.replicas = max(1, TILE * TILE // (rows * columns))
        size = min(self.replicas, max(x.shape[0], 1)) * rows * columns
        self._scores = np.empty(size)
        self._slopes = np.empty(size if self.divergence else 0)
        self._cosines = np.empty(size if self.divergence or self.near is not None else 0)
        self._part = np.empty(size // (rows * columns) * max(rows, columns) * max(self.columns.shape[-1], 1))

    def twin(self) -> _Tiles:
        """The same sum with buffers of its own."""
        other = copy(self)
        for name in ("_scores", "_slopes", "_cosines", "_part"):
            setattr(other, name, np.empty_like(getattr(self, name)))
        return other

    def row_blocks(self) -> Iterator[tuple[slice, slice]]:
        """Every replica and row once."""
        for r in _cuts(self.x.shape[0], self.replicas):
            for i in _cuts(self.x.shape[1], self.side):
                look()
                yield r, i

    def upper(self) -> Iterator[_Block]:
        """Every pair once: tiles above the diagonal, of any height, and square ones on it."""
        for r in _cuts(self.x.shape[0], self.replicas):
            for j in _cuts(self.x.shape[1], self.side):
                for i in (*_cuts(j.start, self.height), j):
                    yield _Block(r, i, j)

    def _view(self, buffer: Array, at: _Block) -> Array:
        shape = (at.r.stop - at.r.start, at.i.stop - at.i.start, at.j.stop - at.j.start)
        return buffer[: shape[0] * shape[1] * shape[2]].reshape(shape)

    def scores(self, at: _Block) -> Array:
        """s of a tile; less s(x, x) where `peak` is set."""
        s = self._view(self._scores, at)
        if self.near is not None and self.peak is not None:
            return self.near.scores(self.peak, at, s, self._view(self._cosines, at))
        a, b = self.a[at.r, at.i], self.b[at.r, at.j]
        if self.bilinear:
            np.matmul(a, b.swapaxes(-1, -2), out=s)
        else:
            s[...] = self.kernel.log(a, b)
        return s

    def slopes(self, at: _Block, s: Array) -> Array:
        """<grad_x s, P_x V y> - (d - 1) t = s(V y, y) - t (s + d - 1), t = <x, V y>, of a tile with scores s."""
        t, g = self._view(self._cosines, at), self._view(self._slopes, at)
        if self.peak is not None and self.plain:  # t = 1 + s / c: the bracket is -s (2 + s / c) - (d - 1) t
            np.divide(s, self.peak, out=t)
            np.multiply(s + (self.d - 1.0), t, out=g)
            g += 2.0 * s
            g += self.d - 1.0
            return np.negative(g, out=g)
        np.matmul(self.x[at.r, at.i], self.values[at.r, at.j].swapaxes(-1, -2), out=t)
        np.add(s, self.d - 1.0 + (self.peak or 0.0), out=g)
        g *= t
        return np.subtract(self.own[at.r, :, at.j], g, out=g)

    def add_own(self, sums: Array, e: Array, columns: Array) -> None:
        """The same of a square tile on the diagonal; a row's own term counts for Z alone, if so it is wanted."""
        if self.alone:
            k = np.arange(e.shape[-1])
            sums[..., : self.masses] += e[..., k, k, None] * columns[..., : self.masses]
            e[..., k, k] = 0.0
        self.add(sums, e, columns)

    def add(self, sums: Array, e: Array, columns: Array) -> None:
        """sums += e @ columns, through the one buffer."""
        if columns.shape[-1]:
            part = self._part[: sums.size].reshape(sums.shape)
            np.matmul(e, columns, out=part)
            sums += part


# --- the two paths -----------------------------------------------------------------------------------------


def _rows(tiles: _Tiles) -> tuple[Array, Array | None, Array]:
    """Row by row, shifted by the running maximum."""
    R, n = tiles.x.shape[:2]
    sums = np.zeros((R, n, tiles.columns.shape[-1]))
    L = np.zeros((R, n, 1)) if tiles.divergence else None
    log = np.full((R, n, 1), -np.inf)
    for r, i in tiles.row_blocks():
        top = log[r, i]
        for j in _cuts(tiles.y.shape[1], tiles.side):
            at = _Block(r, i, j)
            s = tiles.scores(at)
            g = tiles.slopes(at, s) if L is not None else None
            if tiles.exponent is not None:
                s += tiles.exponent[r, :, j]
            if tiles.sight is not None and (bias := tiles.sight.bias(i, j)) is not None:
                s += bias
            higher = np.maximum(top, s.max(axis=-1, keepdims=True))
            if tiles.peak is not None:
                np.ceil(higher, out=higher)  # s(x, x) less a whole number keeps its digits
            shift = np.where(np.isneginf(higher), 0.0, higher)  # a row that has met no mass yet
            fade = np.exp(top - shift)
            sums[r, i] *= fade
            np.subtract(s, shift, out=s)
            e = np.exp(s, out=s)
            if L is not None and g is not None:
                L[r, i] *= fade
                g *= e
                tiles.add(L[r, i], g, tiles.w[r, j])
            (tiles.add_own if i == j else tiles.add)(sums[r, i], e, tiles.columns[r, j])
            top[...] = higher
    log[np.isneginf(log)] = 0.0
    return sums, L, log if tiles.peak is None else log + tiles.peak


def _shares(tiles: _Tiles, share: Callable[[Array], Array]) -> tuple[Array, None, Array]:
    """Row by row, twice: the largest score that has mass and is seen, then what each counts for beside it."""
    R, n = tiles.x.shape[:2]
    sums = np.zeros((R, n, tiles.columns.shape[-1]))
    columns = _cuts(tiles.y.shape[1], tiles.side)
    for r, i in tiles.row_blocks():
        top = np.full((r.stop - r.start, i.stop - i.start, 1), -np.inf)
        off = np.zeros_like(top)
        for j in columns:
            s, _, absent, error = _seen(tiles, _Block(r, i, j))
            s = np.where(absent, -np.inf, s)
            k = s.argmax(axis=-1)[..., None]
            highest, its = (np.take_along_axis(of, k, -1) for of in (s, error))
            off, top = np.where(highest > top, its, off), np.maximum(top, highest)
        top[np.isneginf(top)] = 0.0  # a row that sees no mass
        for j in columns:
            s, bias, absent, error = _seen(tiles, _Block(r, i, j))
            alike = absent | (top - s <= off + error)
            e = np.where(absent, 0.0, share(np.where(alike, 0.0, s - top)))
            tiles.add(sums[r, i], e if bias is None else e * np.exp(bias), tiles.columns[r, j])
    return sums, None, np.zeros((R, n, 1))


def _seen(tiles: _Tiles, at: _Block) -> tuple[Array, Array | None, Array, Array]:
    """Scores of a tile, log of the weights of a sight, which pairs there are not, and how wrong scores may be."""
    bias = None if tiles.sight is None else tiles.sight.bias(at.i, at.j)
    absent = tiles.w[at.r, at.j].swapaxes(-1, -2) == 0.0
    s, parts = tiles.scores(at), (tiles.a[at.r, at.i], tiles.b[at.r, at.j]) if tiles.bilinear else ()
    return s, bias, absent if bias is None else absent | np.isneginf(bias), rounding(s, *parts)


def _pairs(tiles: _Tiles, top: float) -> tuple[Array, Array | None, Array]:
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


def _some_pairs(tiles: _Tiles, blocks: list[_Block], top: float) -> tuple[Array, Array | None]:
    """What these tiles give to all rows."""
    R, n = tiles.x.shape[:2]
    sums = np.zeros((R, n, tiles.columns.shape[-1]))
    L = np.zeros((R, n, 1)) if tiles.divergence else None
    for at in blocks:
        look()
        r, i, j = at
        e = tiles.scores(at)
        g = tiles.slopes(at, e) if L is not None else None
        _exponentiate(e, top if tiles.peak is None else 0.0)
        if L is not None and g is not None:
            g *= e
            tiles.add(L[r, i], g, tiles.w[r, j])
            if i != j:
                tiles.add(L[r, j], g.swapaxes(-1, -2), tiles.w[r, i])
        (tiles.add_own if i == j else tiles.add)(sums[r, i], e, tiles.columns[r, j])
        if i != j:
            tiles.add(sums[r, j], e.swapaxes(-1, -2), tiles.columns[r, i])
    return sums, L


def _exponentiate(s: Array, top: float) -> None:
    """s <- e^{s - top}, in runs of rows that stay in the cache between the two."""
    height = max(1, TILE * TILE // s.shape[-1])
    for first in range(0, s.shape[-2], height):
        run = s[..., first : first + height, :]
        run -= top
        np.exp(run, out=run)
