"""Dense sums over points, compiled: the contract of `direct`, several times as fast for points in d = 2, 3.

Beyond, where the products are BLAS's, `direct` with exponentials that are compiled.
Under the causal mask too, over half the pairs.

The extra `fast` (numba) is needed, and imported when the first sum is asked for.  Compiling takes about three seconds,
once: the machine code is kept beside this file, or in the folder that ``NUMBA_CACHE_DIR`` names.  The functions
compiled are ordinary Python, arrays in and sums added to arrays; they let go of the interpreter, so that threads of
ours share the work in fixed parts, and numba's own threads are not used.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from meanfield.protocols import Array, Bilinear, Kernel, Reading
from meanfield.sums.direct import checked, direct
from meanfield.sums.scores import LARGE_BETA, by_pairs, moderate, peak, share_of, sharp, unit
from meanfield.tools.threads import parallel

__all__ = ["direct_numba"]

ROWS = 256
"""Rows of a block, and columns: what is summed at them stays in the first-level cache."""
SEGMENTS = 8
"""Parts into which the sum by pairs is cut, each with sums of its own: their number must not be the machine's."""
PAIRS = 40
"""Pairs that cost about as much as one point of a transform, in which `threads` counts."""
LARGEST = 3
"""Dimension up to which compiled sums are the faster ones."""
_NOTHING = -1e300
"""log |w| of no mass, and the running maximum of a row that has met none: finite, so that no difference is nan."""

# e^s = 2^k e^f with |f| <= log(2) / 2.  Adding 1.5 2^52 rounds s / log 2 to the integer k and leaves it in the low
# bits; e^f is its Chebyshev series to degree 11 (relative error 3e-17); k is added to the exponent's bits.  Without
# branch or call, so that the compiler makes vectors of it, which it cannot of the library's exp.
_PER_LOG2, _LOG2 = 1.4426950408889634, 0.6931471805599453
_ROUND = 6755399441055744.0
_BITS = int(np.float64(_ROUND).view(np.int64))
_SMALLEST = -708.0
"""e^-708 = 3e-308 stands for what is smaller."""
_C2, _C3, _C4 = 0.5000000000000019, 0.16666666666666702, 0.04166666666648808
_C5, _C6, _C7, _C8 = 0.008333333333309526, 0.0013888888952318045, 0.00019841269909219843, 2.480148547921643e-05
_C9, _C10, _C11 = 2.755722495611072e-06, 2.7632640675430235e-07, 2.5114870219497476e-08


def direct_numba(
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
    """What `direct` answers, with the same arguments, shapes, shifts and refusals, to within rounding.

    A kernel without ``factors``, d > 3 (where the products are BLAS's), a sight other than of the past, and values V y
    under scores that need differences are handed on to `direct`, whose exponentials alone are compiled.  By pairs
    (`same`, isotropic, no sight, Z and M only) an exponential serves both its rows; otherwise the largest score of a
    row is found first.

    Parameters
    ----------
    kernel, x, y, weights, want, V, sight, same, tangent
        As for `direct`.

    Returns
    -------
    Reading
        Z (..., n, 1), M (..., n, d), L (..., n), log (..., n, 1), relative differences from `direct` about
        1e-16 (beta + sqrt n).  Twice the same arguments give the same bits, with any number of threads.

    Raises
    ------
    ImportError
        Without numba.
    """
    d = np.shape(x)[-1]
    odd = V is not None and (V.shape != (d, d) or (peak(kernel) or 0.0) > LARGE_BETA)
    past = sight is not None and sight.running
    odd = odd or (sight is not None and not past)
    if not isinstance(kernel, Bilinear) or d > LARGEST or odd or share_of(kernel):
        return direct(kernel, x, y, weights, want, V=V, sight=sight, same=same, tangent=tangent, exp=_quick)
    x, y, w, lead = checked(x, y, weights, want)
    top = by_pairs(kernel, x, w) if same and "L" not in want and V is None else None
    if top is not None:
        a, b = kernel.factors(x, y)
        top = top if unit(x) and np.array_equal(b, x) and np.array_equal(a, top * x) else None
    less = same and tangent and V is None
    if top is None or past:
        found = _rows(kernel, x, y, w, "L" in want, V, less, past, top)
    else:
        found = _pairs(x, w, top, tangent)
    Z, M, L, log = found
    n = x.shape[1]
    return Reading(
        Z.reshape(*lead, n, 1) if "Z" in want else None,
        np.ascontiguousarray(M.swapaxes(1, 2)).reshape(*lead, n, d) if "M" in want else None,
        None if L is None else L.reshape(*lead, n),
        log.reshape(*lead, n, 1),
    )


def _pairs(x: Array, w: Array, top: float, tangent: bool) -> tuple[Array, Array, None, Array]:
    """M less Z x, a sum of differences, whose own term is 0; Z x is added unless the tangent part is all."""
    R, n, d = x.shape
    columns = np.zeros((R, 3, n))
    columns[:, :d] = x.swapaxes(1, 2)
    w = np.array(w, order="C")  # writeable: what is compiled takes no other
    blocks = -(-n // ROWS)
    S = min(SEGMENTS, blocks) if R < SEGMENTS else 1
    groups = _groups(R, n * n)
    parts = np.zeros((S, R, 4, n))
    add = _compiled()[0]

    def one(unit: int) -> None:
        g, s = divmod(unit, S)
        add(columns[groups[g]], w[groups[g]], top, s, S, parts[s, groups[g]])

    parallel(one, len(groups) * S, R * n * n // (2 * PAIRS * len(groups) * S))
    sums = parts.sum(axis=0)
    Z, M = sums[:, 0], sums[:, 1 : d + 1]
    return Z, M if tangent else M + Z[:, None] * columns[:, :d], None, np.full((R, n), top)


def _rows(
    kernel: Bilinear, x: Array, y: Array, w: Array, divergence: bool, V: Array | None, tangent: bool, past: bool,
    most: float | None,
) -> tuple[Array, Array, Array | None, Array]:  # fmt: skip
    """Row by row; with `most`, a score that none exceeds and every row's own point has, in one pass."""
    (R, n, d), p = x.shape, y.shape[1]
    a, b = kernel.factors(x, y)
    peak = sharp(kernel, x, y)
    if peak is not None:
        a, b = x, y
    exponent = np.zeros((R, p))
    if not moderate(w):
        with np.errstate(divide="ignore"):
            exponent = np.maximum(np.log(np.abs(w)), _NOTHING)
        w = np.sign(w)
    values = y if V is None else y @ V.T
    own = np.einsum("rpm,rpm->rp", *kernel.factors(values, y)) if divergence else np.zeros((R, 0))
    a, x = (np.array(v.swapaxes(1, 2), order="C") for v in (a, x))
    b, values, w, exponent, own = (np.array(v, order="C") for v in (b, values, w, exponent, own))
    Z, M, L = np.zeros((R, n)), np.zeros((R, d, n)), np.zeros((R, n if divergence else 0))
    log = np.full((R, n), _NOTHING if most is None else most - (peak or 0.0))
    groups, blocks = _groups(R, n * p), -(-n // ROWS)
    add = _compiled()[1]

    def one(unit: int) -> None:
        g, block = divmod(unit, blocks)
        r = groups[g]
        given = (a[r], b[r], x[r], values[r], own[r], exponent[r], w[r])
        add(*given, block, peak or 0.0, float(tangent), past, most is not None, Z[r], M[r], L[r], log[r])

    units = len(groups) * blocks
    parallel(one, units, R * n * p // (PAIRS * max(units, 1)))
    log[log < 0.5 * _NOTHING] = 0.0
    log += peak or 0.0
    return Z, M, L if divergence else None, log


def _groups(R: int, pairs: int) -> list[slice]:
    """Replicas in runs of enough pairs to be worth a call."""
    size = max(1, (1 << 20) // max(pairs, 1))
    return [slice(first, min(R, first + size)) for first in range(0, R, size)]


# --- what is compiled ----------------------------------------------------------------------------------------


def compiled(function: Callable[..., None], signature: Any, *flags: str) -> Callable[..., None]:
    """The function compiled for one signature, kept on disk where a folder can be written; `flags` of fastmath."""
    import numba

    options: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": set(flags)}
    try:
        return numba.njit(signature, cache=True, **options)(function)
    except RuntimeError:  # no folder of ours, of the user or of NUMBA_CACHE_DIR can be written: for this process only
        return numba.njit(signature, **options)(function)


@lru_cache(maxsize=1)
def _compiled() -> tuple[Callable[..., None], Callable[..., None], Callable[..., None]]:
    two, three = "float64[:,::1]", "float64[:,:,::1]"
    pairs = f"void({three}, {two}, float64, int64, int64, {three})"
    given = ", ".join([three] * 4 + [two] * 3 + ["int64", "float64", "float64", "boolean", "boolean"])
    rows = f"void({given}, {two}, {three}, {two}, {two})"
    # Adding along a row in vectors is a reassociation, and must be permitted.
    return (
        compiled(_add_pairs, pairs, "contract", "reassoc", "nsz"),
        compiled(_add_rows, rows, "contract"),
        compiled(_exponentials, "void(float64[::1])", "contract"),
    )


def _quick(s: Array) -> None:
    """s <- e^s, where numpy has one by one what the compiler makes vectors of."""
    _compiled()[2](s.reshape(-1))


def _exponentials(s: Array) -> None:
    """s <- e^s for s <= 0 and a little more; 0 below -708, and what is no number stays none."""
    for i in range(s.shape[0]):
        v = _SMALLEST if s[i] < _SMALLEST else s[i]
        k = v * _PER_LOG2 + _ROUND
        f = v - (k - _ROUND) * _LOG2  # nothing is reassociated here, and no integer made a number, which takes long
        q = ((((_C11 * f + _C10) * f + _C9) * f + _C8) * f + _C7) * f + _C6
        q = ((((((q * f + _C5) * f + _C4) * f + _C3) * f + _C2) * f + 1.0) * f) + 1.0
        e = np.int64(np.float64(q).view(np.int64) + (np.float64(k).view(np.int64) << 52)).view(np.float64)
        s[i] = 0.0 if s[i] < _SMALLEST else e + 0.0 * v


def _add_pairs(x: Array, w: Array, beta: float, segment: int, segments: int, sums: Array) -> None:
    """Z, and M less Z x, of the pairs of one segment: unit rows x (R, 3, n), w (R, n) -> added to sums (R, 4, n)."""
    n, half = x.shape[2], -0.5 * beta
    blocks = (n + ROWS - 1) // ROWS
    for r in range(x.shape[0]):
        for row in range(blocks):
            # Early blocks have more pairs than late ones: there and back again, so that segments are of a size.
            turn = row % (2 * segments)
            if turn != segment and turn != 2 * segments - 1 - segment:
                continue
            for column in range(row, blocks):
                j0, j1 = column * ROWS, min(n, (column + 1) * ROWS)
                # Slices, because an index that starts at 0 needs no test for being negative.
                X0, X1, X2, W = x[r, 0, j0:j1], x[r, 1, j0:j1], x[r, 2, j0:j1], w[r, j0:j1]
                C0, C1, C2, C3 = sums[r, 0, j0:j1], sums[r, 1, j0:j1], sums[r, 2, j0:j1], sums[r, 3, j0:j1]
                for i in range(row * ROWS, min(n, (row + 1) * ROWS)):
                    x0, x1, x2 = x[r, 0, i], x[r, 1, i], x[r, 2, i]
                    p = w[r, i] if row != column else 0.0  # on the diagonal a pair comes twice by itself
                    z = m0 = m1 = m2 = 0.0
                    for j in range(X0.shape[0]):
                        d0, d1, d2 = X0[j] - x0, X1[j] - x1, X2[j] - x2
                        s = half * (d0 * d0 + d1 * d1 + d2 * d2)
                        s = _SMALLEST if s < _SMALLEST else s
                        bits = np.float64(s * _PER_LOG2 + _ROUND).view(np.int64)
                        # k through the integers: of (q + c) - c, and of ((q + c) - c) * log 2, the compiler would
                        # be free to make something else.
                        f = s - np.float64(bits - _BITS) * _LOG2
                        e = ((((_C11 * f + _C10) * f + _C9) * f + _C8) * f + _C7) * f + _C6
                        e = ((((((e * f + _C5) * f + _C4) * f + _C3) * f + _C2) * f + 1.0) * f) + 1.0
                        e = np.int64(np.float64(e).view(np.int64) + (bits << 52)).view(np.float64)
                        g, h = e * W[j], e * p
                        z += g
                        m0 += g * d0
                        m1 += g * d1
                        m2 += g * d2
                        C0[j] += h
                        C1[j] -= h * d0
                        C2[j] -= h * d1
                        C3[j] -= h * d2
                    sums[r, 0, i] += z
                    sums[r, 1, i] += m0
                    sums[r, 2, i] += m1
                    sums[r, 3, i] += m2


def _add_rows(
    a: Array, b: Array, x: Array, y: Array, own: Array, exponent: Array, w: Array, block: int,
    peak: float, less: float, past: bool, known: bool, Z: Array, M: Array, L: Array, log: Array,
) -> None:  # fmt: skip
    """Z, M and L of one block of rows: a (R, m, n), b (R, p, m), x (R, d, n), y (R, p, d), the rest (R, p).

    Scores are a b, or with a peak c > 0 less c: -c |a - b|^2 / 2.  M is less Z x if `less` is 1 (0: as it is).  Of the
    past, columns end at the row's own.  `log` holds the largest score if it is known.
    """
    (R, p, m), d = b.shape, y.shape[2]
    first, i1 = block * ROWS, min(x.shape[2], (block + 1) * ROWS)
    room = np.empty((3, i1 - first))
    for r in range(R):
        for passing in range(int(known), 2):  # the largest score first unless it is known, then the sums
            if passing == 1 and peak > 0.0:
                for i in range(first, i1):  # see `direct`
                    log[r, i] = np.ceil(log[r, i])
            for j in range(min(p, i1) if past else p):
                i0 = max(first, j) if past else first
                s, t, e = room[0, i0 - first :], room[1, i0 - first :], room[2, i0 - first :]
                top, z = log[r, i0:i1], Z[r, i0:i1]
                s[:] = exponent[r, j] if peak == 0.0 else 0.0
                for k in range(m):
                    ak, bk = a[r, k, i0:i1], b[r, j, k]
                    if peak > 0.0:
                        for i in range(s.shape[0]):
                            s[i] -= (ak[i] - bk) * (ak[i] - bk)
                    else:
                        for i in range(s.shape[0]):
                            s[i] += ak[i] * bk
                if peak > 0.0:
                    for i in range(s.shape[0]):
                        s[i] = 0.5 * peak * s[i] + exponent[r, j]
                if passing == 0:
                    for i in range(s.shape[0]):
                        top[i] = top[i] if top[i] > s[i] else s[i]
                    continue
                mass = w[r, j]
                for i in range(s.shape[0]):
                    v = s[i] - top[i]
                    v = _SMALLEST if v < _SMALLEST else v
                    bits = np.float64(v * _PER_LOG2 + _ROUND).view(np.int64)
                    f = v - np.float64(bits - _BITS) * _LOG2
                    q = ((((_C11 * f + _C10) * f + _C9) * f + _C8) * f + _C7) * f + _C6
                    q = ((((((q * f + _C5) * f + _C4) * f + _C3) * f + _C2) * f + 1.0) * f) + 1.0
                    e[i] = np.int64(np.float64(q).view(np.int64) + (bits << 52)).view(np.float64) * mass
                    z[i] += e[i]
                for k in range(d):
                    mk, xk, yk = M[r, k, i0:i1], x[r, k, i0:i1], y[r, j, k]
                    for i in range(s.shape[0]):
                        mk[i] += e[i] * (yk - less * xk[i])
                if own.shape[1]:
                    t[:] = 0.0
                    for k in range(d):
                        xk, yk = x[r, k, i0:i1], y[r, j, k]
                        for i in range(s.shape[0]):
                            t[i] += xk[i] * yk
                    shift, l = own[r, j], L[r, i0:i1]  # noqa: E741
                    for i in range(s.shape[0]):
                        v = s[i] - exponent[r, j]
                        if peak > 0.0:  # t = 1 + s / c
                            l[i] -= e[i] * (v * (2.0 + v / peak) + (d - 1.0) * (1.0 + v / peak))
                        else:
                            l[i] += e[i] * (shift - t[i] * (v + d - 1.0))
