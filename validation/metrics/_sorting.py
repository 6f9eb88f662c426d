"""Sorting of many angles: by buckets where they are spread out, which halves the time of a general sort."""

from __future__ import annotations

import numpy as np

from meanfield.protocols import Array
from validation.metrics._measures import TWO_PI

_LARGE = 1 << 17
"""Below this a row fits the cache and a general sort is as fast."""

_BUCKETS = 1 << 16
"""As many as numpy's radix sort of 16-bit keys takes."""

_BLOCK = 256
"""Rows of this length are sorted by numpy in registers."""

_CROWDED = 1024
"""Atoms in one bucket beyond which a general argsort is the faster."""


def sorted_rows(theta: Array) -> Array:
    """theta (R, n), angles in [0, 2 pi], sorted along the rows (a copy)."""
    if theta.shape[1] < _LARGE:
        return np.sort(theta, axis=1)
    return np.stack([_sorted(row) for row in theta])


def argsorted_rows(theta: Array) -> Array:
    """Order that sorts theta (R, n), angles in [0, 2 pi], along the rows."""
    if theta.shape[1] < _LARGE:
        return np.argsort(theta, axis=1)
    return np.stack([_argsorted(row) for row in theta])


def ordered_rows(values: Array, order: Array) -> Array:
    """values (R, n) in the order (R, n) of their rows; faster than `take_along_axis`."""
    return values.ravel()[order + values.shape[1] * np.arange(len(values))[:, None]]


def _buckets(theta: Array) -> tuple[Array, int]:
    """16-bit keys in the order of the angles, and the size of the fullest bucket."""
    keys = (theta * ((_BUCKETS - 1) / TWO_PI)).astype(np.uint16)
    return keys, int(np.bincount(keys, minlength=_BUCKETS).max())


def _sorted(theta: Array) -> Array:
    keys, fullest = _buckets(theta)
    if fullest > _BLOCK // 2:
        return np.sort(theta)
    theta = theta[np.argsort(keys, kind="stable")]
    # a bucket lies within one block, or across one edge and then within one block of the second round
    for start in (0, _BLOCK // 2):
        stop = start + (theta.size - start) // _BLOCK * _BLOCK
        theta[start:stop].reshape(-1, _BLOCK).sort(axis=1)
        theta[stop:].sort()
    return theta


def _argsorted(theta: Array) -> Array:
    keys, fullest = _buckets(theta)
    if fullest > _CROWDED:
        return np.argsort(theta)
    order = np.argsort(keys, kind="stable")
    # the stable sort is a merge sort that makes use of the order there is already
    return order[np.argsort(theta[order], kind="stable")]
