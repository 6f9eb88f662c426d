"""W1 of two large sorted samples of equal size on the circle, by their best shift against each other.

With x_i and y_j sorted in [0, 2 pi), and y_{j + n} = y_j + 2 pi,

    W1 = min_k (1/n) sum_i |x_i - y_{i+k}|    over the integers k,

for F - G takes values in Z/n, and the k-th sum is int |F - G - k/n| d theta.  It is convex in k, so that every n-th
part of the sample tells where to look, and only the last few shifts are summed over all of it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

import numpy as np

from meanfield.distances.circle.measures import TWO_PI
from meanfield.protocols import Array

_STRIDES = (512, 64, 8, 1)


def w1_shifted(x: Array, y: Array) -> float:
    """W1 of sorted samples x, y (n,) in [0, 2 pi)."""
    n = x.size
    work = np.empty(n)

    @cache
    def total(k: int, stride: int) -> float:
        return _total(x, y, k, stride, work)

    def slope(k: int, stride: int) -> float:
        return total(k + stride, stride) - total(k, stride)

    k, step = 0, max(1, n // 4)
    for stride in _STRIDES:
        if stride == 1 or n >= 256 * stride:
            k = _turn(partial(slope, stride=stride), k, step, stride) + stride // 2
            step = stride
    return total(k, 1) / n


def _total(x: Array, y: Array, k: int, stride: int, work: Array) -> float:
    """sum of |x_i - y_{i+k}| over i = 0, stride, 2 stride, ..."""
    turns, first = divmod(k, x.size)
    cut = x.size - first
    head = -(-cut // stride)
    after = head * stride
    gaps = work[: -(-x.size // stride)]
    before, beyond = gaps[:head], gaps[head:]
    np.subtract(x[:cut:stride], y[first::stride], out=before)
    np.subtract(x[after::stride], y[after - cut : first : stride], out=beyond)
    if turns != 0:
        before -= TWO_PI * turns
    if turns != -1:
        beyond -= TWO_PI * (turns + 1)
    return float(np.abs(gaps, out=gaps).sum())


def _turn(slope: Callable[[int], float], k: int, step: int, width: int) -> int:
    """A k with slope(k) = 0, or slope(k) > 0 and slope(k') < 0 for some k' in [k - width, k): slope rises.

    Steps of doubling length from k, then the secant; an end that stays counts half (the Illinois rule), and after
    three times the interval is halved.
    """
    low = high = k
    below = above = slope(k)
    if above == 0.0:
        return k
    while below >= 0.0:
        high, above = low, below
        low -= step
        step *= 2
        below = slope(low)
    while above < 0.0:
        low, below = high, above
        high += step
        step *= 2
        above = slope(high)
    stayed = 0
    while high - low > width:
        part = 0.5 if abs(stayed) > 2 else below / (below - above)
        middle = min(max(low + round((high - low) * part), low + 1), high - 1)
        value = slope(middle)
        if value == 0.0:
            return middle
        if value < 0.0:
            low, below, above = middle, value, above if stayed >= 0 else 0.5 * above
            stayed = min(stayed, 0) - 1
        else:
            high, above, below = middle, value, below if stayed <= 0 else 0.5 * below
            stayed = max(stayed, 0) + 1
    return high
