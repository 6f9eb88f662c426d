"""Sorting of many angles: by buckets where they are spread out, at a quarter of the time of a general sort.

A sparse matrix with one row per bucket, turned from columns to rows, is a counting sort in compiled code: one pass
that carries the angles, and their places too if asked.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy

from meanfield.distances.circle.measures import TWO_PI
from meanfield.protocols import Array

LARGE = 1 << 17
"""Below this a row fits the cache and a general sort is as fast."""

_BUCKETS = 1 << 16
"""At least; more where that leaves more than `_FULL` atoms to a bucket."""

_FULL = 32

_BLOCK = 256
"""Rows of this length are sorted by numpy in registers."""


def sorted_rows(theta: Array) -> Array:
    """theta (R, n), angles in [0, 2 pi], sorted along the rows (a copy)."""
    if theta.shape[1] < LARGE:
        return np.sort(theta, axis=1)
    return np.stack([_sorted(row) for row in theta]) if len(theta) != 1 else _sorted(theta[0])[None]


def argsorted_rows(theta: Array) -> Array:
    """Order that sorts theta (R, n), angles in [0, 2 pi], along the rows."""
    if theta.shape[1] < LARGE:
        return np.argsort(theta, axis=1)
    return np.stack([_argsorted(row)[0] for row in theta]) if len(theta) != 1 else _argsorted(theta[0])[0][None]


def sorted_with(theta: Array, values: Array) -> tuple[Array, Array]:
    """theta (R, n), angles in [0, 2 pi], sorted along the rows, and values (R, n) in the same order."""
    if theta.shape[1] < LARGE or len(theta) != 1:
        order = argsorted_rows(theta)
        return ordered_rows(theta, order), ordered_rows(values, order)
    order, theta = _argsorted(theta[0])
    return theta[None], values[0].take(order)[None]


def ordered_rows(values: Array, order: Array) -> Array:
    """values (R, n) in the order (R, n) of their rows; faster than `take_along_axis`."""
    if len(values) == 1:
        return values[0].take(order[0])[None]
    return values.ravel()[order + values.shape[1] * np.arange(len(values))[:, None]]


def _bucketed(theta: Array, rows: Array, count: int) -> scipy.sparse.csc_array[Any]:
    """theta in the order of its buckets (`data`), and the numbers of its rows in that order (`indices`)."""
    n = theta.size
    buckets = max(_BUCKETS, 1 << (n // _FULL).bit_length())
    keys = (theta * ((buckets - 1) / TWO_PI)).astype(rows.dtype)
    return scipy.sparse.csr_array((theta, keys, rows), shape=(count, buckets)).tocsc()


def _places(n: int) -> Any:
    return np.int32 if n < 1 << 31 else np.int64


def _in_blocks(keys: Array) -> None:
    """Sort keys whose buckets are in order: each lies within one block, or across one edge and then within one of the
    second round."""
    for start in (0, _BLOCK // 2):
        stop = start + (keys.size - start) // _BLOCK * _BLOCK
        keys[start:stop].reshape(-1, _BLOCK).sort(axis=1)
        keys[stop:].sort()


def _sorted(theta: Array) -> Array:
    held = _bucketed(theta, np.array([0, theta.size], dtype=_places(theta.size)), 1)
    if np.diff(held.indptr).max() > _BLOCK // 2:
        return np.sort(theta)
    _in_blocks(held.data)
    return held.data


def _argsorted(theta: Array) -> tuple[Array, Array]:
    """The order, and theta in it."""
    n = theta.size
    held = _bucketed(theta, np.arange(n + 1, dtype=_places(n)), n)
    if np.diff(held.indptr).max() > _BLOCK // 2:
        general = np.argsort(theta)
        return general, theta.take(general)
    # the angle in fixed point, to 7e-16, above the place modulo two blocks, which no atom leaves
    window = 2 * _BLOCK
    places = np.empty((-(-n // window), window), dtype=np.int64)
    keys, shifted = places.reshape(-1)[:n], np.arange(window) - _BLOCK
    keys[:] = held.data * (2.0**53 / TWO_PI)
    places *= window
    places |= np.arange(window)
    _in_blocks(keys)
    places -= shifted
    places &= window - 1
    places += shifted
    places += window * np.arange(len(places))[:, None]
    order = held.indices.take(keys)
    theta = held.data.take(keys)
    if (theta[1:] < theta[:-1]).any():  # atoms nearer to each other than the fixed point
        again = np.argsort(theta, kind="stable")
        return order.take(again), theta.take(again)
    return order, theta
