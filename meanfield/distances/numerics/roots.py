"""Two vectorised solvers the metrics share: bracketed Newton, and weighted medians without a full sort."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from meanfield.protocols import Array

_EPS = float(np.finfo(np.float64).eps)
_SMALL = 2048
_BINS = 1024
_LARGE = 1 << 16


def bracketed_newton(
    fun: Callable[[Array, Array], tuple[Array, Array]],
    low: Array,
    high: Array,
    x: Array,
    *,
    xtol: float,
    vtol: float,
    vnear: float = np.inf,
    max_iterations: int = 200,
) -> Array:
    """Roots of many increasing functions of one variable, each inside its own bracket.

    Newton where it stays inside and takes less than half the step before, bisection elsewhere: flat pieces, kinks and
    jumps cost time and no root.

    Parameters
    ----------
    fun : callable
        fun(x, index) -> (values, slopes) of the functions numbered `index` at x.
    low, high : ndarray (m,)
        fun <= 0 at low and >= 0 at high.
    x : ndarray (m,)
        First guesses, inside.
    xtol : float
        A Newton step this short is taken and ends the search (the error left is its square).
    vtol : float
        A value this small ends the search too.
    vnear : float
        No step ends the search where the value is above this (a slope may be huge at a point without meaning much).
    """
    low, high, x = (np.array(v, dtype=float) for v in (low, high, x))
    last = high - low
    live = np.arange(x.size)
    here: Array | slice = slice(None)  # the same as live, but free of copies while all are alive
    for _ in range(max_iterations):
        if live.size == 0:
            break
        now = x[here]
        value, slope = fun(now, live)
        below = value < 0.0
        lo = np.where(below, now, low[here])
        hi = np.where(below, high[here], now)
        with np.errstate(all="ignore"):
            new = now - value / slope
            move = np.abs(new - now)
            newton = (new >= lo) & (new <= hi) & (move <= 0.5 * last[here]) & np.isfinite(slope)
        size = np.abs(value)
        exact = size <= vtol
        short = newton & (move <= xtol)
        done = exact | (short & (size <= vnear))
        done |= hi - lo <= 4.0 * _EPS * np.maximum(1.0, np.abs(now))
        # on a plateau the value is rounding and so would be the step
        new = np.where(exact & ~short, now, np.where(newton, new, 0.5 * (lo + hi)))
        move = np.abs(new - now)
        x[here] = new
        left = np.flatnonzero(~done)
        low[here], high[here], last[here] = lo, hi, move
        live = here = live[left]
    return x


def weighted_medians(values: Array, masses: Array) -> Array:
    """Lower weighted medians of rows: m with mass{values < m} <= half <= mass{values <= m}.

    Parameters
    ----------
    values, masses : ndarray (R, n)
        masses >= 0.

    Returns
    -------
    ndarray (R,)
    """
    if values.shape[1] > _SMALL:
        return np.array([_select(v, m) for v, m in zip(values, masses, strict=True)])
    order = np.argsort(values, axis=1)
    cumulative = np.cumsum(np.take_along_axis(masses, order, axis=1), axis=1)
    where = np.argmax(cumulative >= 0.5 * cumulative[:, -1:], axis=1)
    rows = np.arange(len(values))
    return values[rows, order[rows, where]]


def _about(v: Array, m: Array) -> tuple[float, float]:
    """Where a sample leaves the weighted median: between its quantiles 0.45 and 0.55."""
    order = np.argsort(v)
    cumulative = np.cumsum(m[order])
    low, high = np.searchsorted(cumulative, np.array([0.45, 0.55]) * cumulative[-1])
    return float(v[order[low]]), float(v[order[min(int(high), v.size - 1)]])


def _select(v: Array, m: Array) -> float:
    """One weighted median in O(n): histogram, keep the bin with the median in it, again; sort what is left."""
    wanted = 0.5 * float(m.sum())
    if v.size > _LARGE:
        # a sample tells where to look; that the median is there is then seen, not supposed
        low, high = _about(v[:: v.size // _SMALL], m[:: v.size // _SMALL])
        below, upto = v < low, v <= high
        before = float(np.dot(m, below))
        if before < wanted <= float(np.dot(m, upto)):
            upto ^= below
            v, m, wanted = v[upto], m[upto], wanted - before
    while v.size > _SMALL:
        low, high = float(v.min()), float(v.max())
        if high - low < 1e-200:
            return low
        bins = ((v - low) * (_BINS / (high - low))).astype(np.intp)
        np.minimum(bins, _BINS - 1, out=bins)
        cumulative = np.cumsum(np.bincount(bins, weights=m, minlength=_BINS))
        k = min(int(np.searchsorted(cumulative, wanted)), _BINS - 1)
        keep = bins == k
        if not keep.any():  # rounding of the sums put the half into an empty bin: its edge is the median
            return low + k * (high - low) / _BINS
        wanted -= float(cumulative[k - 1]) if k else 0.0
        v, m = v[keep], m[keep]
    order = np.argsort(v)
    cumulative = np.cumsum(m[order])
    return float(v[order[min(int(np.searchsorted(cumulative, wanted)), v.size - 1)]])
