"""Tiles of a dense sum: scores of some rows and columns, and what multiplies e^score, in buffers made once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import copy
from typing import Any, NamedTuple

import numpy as np

from meanfield.protocols import Array, Bilinear, Kernel
from meanfield.sums.scores import Near, moderate, refuse_unpaired, share_of, sharp
from meanfield.tools.alarm import look

__all__ = ["LARGE_TILE", "TILE", "WIDE", "Block", "Tiles", "in_place", "longer"]

TILE = 256
"""Rows and columns of a tile: its scores (512 KiB) stay in the second-level cache between their making and use."""
WIDE, LARGE_TILE = 32, 1024
"""From this dimension on matrix products are most of the work, and BLAS with its threads wants them large."""


def side_of(d: int, n: int) -> int:
    """The side of a tile of points of R^d; of as few as n."""
    return LARGE_TILE if d >= WIDE and n >= 2 * TILE else TILE


def longer(x: Array, n: int) -> Array:
    """Replicas x (R, p, ...) to n points, by more of the first, which nobody sees."""
    out = np.empty((len(x), n, *x.shape[2:]))
    out[:, : x.shape[1]], out[:, x.shape[1] :] = x, x[:, :1]
    return out


def in_place(s: Array) -> None:
    """s <- e^s, by numpy."""
    np.exp(s, out=s)


class Block(NamedTuple):
    """Replicas r, rows i, columns j."""

    r: slice
    i: slice
    j: slice


def cuts_of(n: int, most: int) -> list[slice]:
    """n indices in equal runs of at most `most`."""
    count = -(-n // most)
    return [slice(k * n // count, (k + 1) * n // count) for k in range(count)]


class Tiles:
    """What is summed, tile by tile, in buffers made once: the scores, and the columns that multiply e^score."""

    def __init__(
        self, kernel: Kernel, x: Array, y: Array, w: Array, want: str, V: Array | None, sight: Any,
        cuts: list[slice] | None, *, alone: bool, exp: Callable[[Array], None],
    ) -> None:  # fmt: skip
        self.kernel, self.x, self.y = kernel, x, y
        self.plain, self.sight, self.cuts = V is None, sight, cuts
        self.values = y if V is None else _joined([y[:, j] @ V.T for j in cuts or [slice(None)]])
        self.valued = self.values[..., : x.shape[2]]  # of which L is
        self.alone = alone and "M" in want  # M is of all others
        self.exp = exp
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
        self.a, self.b = (x, y) if bilinear is None else _factors(bilinear, x, y, cuts)
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
            self.own = np.einsum("rpm,rpm->rp", *bilinear.factors(self.valued, y))[:, None, :]
        self.side = side_of(self.d, min(x.shape[1], y.shape[1]))
        self.height = 4 * LARGE_TILE if self.side == LARGE_TILE else TILE
        rows, columns = min(max(x.shape[1], 1), self.height), min(max(y.shape[1], 1), self.side)
        if cuts is not None:
            rows = columns = max(one.stop - one.start for one in cuts)
        self.replicas = max(1, TILE * TILE // (rows * columns))
        size = min(self.replicas, max(x.shape[0], 1)) * rows * columns
        self._scores = np.empty(size)
        self._slopes = np.empty(size if self.divergence else 0)
        self._cosines = np.empty(size if self.divergence or self.near is not None else 0)
        self._part = np.empty(size // (rows * columns) * max(rows, columns) * max(self.columns.shape[-1], 1))

    def twin(self) -> Tiles:
        """The same sum with buffers of its own."""
        other = copy(self)
        for name in ("_scores", "_slopes", "_cosines", "_part"):
            setattr(other, name, np.empty_like(getattr(self, name)))
        return other

    def row_blocks(self) -> Iterator[tuple[slice, slice]]:
        """Every replica and row once."""
        for r in cuts_of(self.x.shape[0], self.replicas):
            for i in self.cuts or cuts_of(self.x.shape[1], self.side):
                look()
                yield r, i

    def columns_of(self, i: slice) -> list[slice]:
        """Runs of points that rows i may see."""
        cuts = self.cuts or cuts_of(self.y.shape[1], self.side)
        last = None if self.sight is None else self.sight.reach(i)
        return cuts if last is None else [j for j in cuts if j.start < last]

    def upper(self) -> Iterator[Block]:
        """Every pair once: tiles above the diagonal, of any height, and square ones on it."""
        for r in cuts_of(self.x.shape[0], self.replicas):
            for j in cuts_of(self.x.shape[1], self.side):
                for i in (*cuts_of(j.start, self.height), j):
                    yield Block(r, i, j)

    def _view(self, buffer: Array, at: Block) -> Array:
        shape = (at.r.stop - at.r.start, at.i.stop - at.i.start, at.j.stop - at.j.start)
        return buffer[: shape[0] * shape[1] * shape[2]].reshape(shape)

    def scores(self, at: Block) -> Array:
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

    def slopes(self, at: Block, s: Array) -> Array:
        """<grad_x s, P_x V y> - (d - 1) t = s(V y, y) - t (s + d - 1), t = <x, V y>, of a tile with scores s."""
        t, g = self._view(self._cosines, at), self._view(self._slopes, at)
        if self.peak is not None and self.plain:  # t = 1 + s / c: the bracket is -s (2 + s / c) - (d - 1) t
            np.divide(s, self.peak, out=t)
            np.multiply(s + (self.d - 1.0), t, out=g)
            g += 2.0 * s
            g += self.d - 1.0
            return np.negative(g, out=g)
        np.matmul(self.x[at.r, at.i], self.valued[at.r, at.j].swapaxes(-1, -2), out=t)
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


def _factors(kernel: Bilinear, x: Array, y: Array, cuts: list[slice] | None) -> tuple[Array, Array]:
    """The kernel's rows a and b, tile by tile if tiles are given."""
    if cuts is None:
        return kernel.factors(x, y)
    both = [kernel.factors(x[:, i], y[:, i]) for i in cuts]
    return _joined([a for a, _ in both]), _joined([b for _, b in both])


def _joined(parts: list[Array]) -> Array:
    return parts[0] if len(parts) == 1 else np.ascontiguousarray(np.concatenate(parts, axis=1))
