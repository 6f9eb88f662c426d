"""Scores of pairs: what sums may take for granted of a kernel, and scores at large beta to more digits than <x, y> has.

Written as beta <x, y> a score is rounded by beta eps, 2e-8 at beta = 1e8, which is the relative error of e^s.  What
counts is only how far it lies below s(x, x) = beta, and for unit rows that is beta (<x, y> - 1) = -beta |x - y|^2 / 2,
good to beta eps |x - y|.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from meanfield.protocols import Array, Bilinear, Kernel
from meanfield.tools.remembered import remembered

__all__ = ["Near", "by_pairs", "moderate", "peak", "refuse_unpaired", "rounding", "share_of", "sharp", "unit"]

LARGE_BETA = 400.0
"""Beyond this, beta <x, y> is worse than 1e-13."""
_SPREAD = 1e200
"""Beyond this ratio of weights, e^{s - max s} underflows before its weight makes it negligible."""
_EPS = float(np.finfo(float).eps)
_HALF = 2.0**26
"""Half of a float's digits: products of two such numbers are exact, and so are sums of them up to 2."""


def moderate(w: Array) -> bool:
    """Positive weights that may stand outside the exponential."""
    return bool(w.size == 0 or (w.min() > 0.0 and w.max() <= _SPREAD * w.min()))


def share_of(kernel: Kernel) -> Callable[[Array], Array] | None:
    """What a score below its row's largest counts for (see `protocols.Kernel`); None: e^s, as for who does not say."""
    share: Callable[[Array], Array] | None = getattr(kernel, "share", None)
    if share is not None and kernel.isotropic:
        raise ValueError(
            f"kernel: {kernel} has a share(s) and says isotropic = True: what scores count for depends on all points "
            "that are seen, and is no multiplier of any; write isotropic = False"
        )
    return share


def peak(kernel: Kernel) -> float | None:
    """c, where s = c <x, y>, which an isotropic kernel of bilinear scores is; None for other kernels."""
    if not (isinstance(kernel, Bilinear) and kernel.isotropic):
        return None
    return _peak(kernel)


@remembered(64)
def _peak(kernel: Bilinear) -> float | None:
    x, y = np.array([[1.0, 0.0], [0.6, 0.8]]), np.array([[0.8, 0.6], [-1.0, 0.0]])
    c, (a, b) = float(kernel.upper()), kernel.factors(x, y)
    # factors that are no linear functions of x and y give scores of another form
    return c if np.allclose(a @ b.T, c * (x @ y.T), rtol=0.0, atol=1e-9 * c) else None


def rounding(s: Array, a: Array | None = None, b: Array | None = None) -> Array:
    """By how much scores (..., n, p) may be wrong: |a| |b| eps, four times the number of terms, of s = a b^T."""
    if a is None or b is None:
        return np.asarray(2.0 * _EPS * np.abs(s))
    size = np.linalg.norm(a, axis=-1)[..., :, None] * np.linalg.norm(b, axis=-1)[..., None, :]
    return np.asarray(4.0 * _EPS * a.shape[-1] * size)


def by_pairs(kernel: Kernel, x: Array, w: Array) -> float | None:
    """The shift s(x, x) of the sum by pairs, or None if that would not be safe."""
    top = peak(kernel)
    if top is None or not moderate(w):
        return None
    # Rows of R^d, or rows far off the sphere, have no common s(x, x); off by 1/beta, e^{s - beta} changes by e.
    off = np.abs(np.einsum("rnd,rnd->rn", x, x) - 1.0).max(initial=0.0)
    return top if top * off <= 1.0 else None


def unit(x: Array) -> bool:
    """Whether rows (..., n, d) are unit to rounding, so that <x, y> - 1 = -|x - y|^2 / 2 may be taken for exact."""
    off = np.abs(np.einsum("...d,...d->...", x, x) - 1.0).max(initial=0.0)
    return bool(off <= 4.0 * _EPS * (8.0 + x.shape[-1] / 8.0))


def sharp(kernel: Kernel, x: Array, y: Array) -> float | None:
    """`peak`, where beta is so large that scores must be formed from differences, and rows allow it; else None."""
    c = peak(kernel)
    return c if c is not None and c > LARGE_BETA and unit(x) and (y is x or unit(y)) else None


class Near:
    """-|x - y|^2 / 2 of rows x (..., n, d), y (..., p, d) by matrix products, as exact as from the differences.

    With h the upper halves of the digits, <x, y> - 1 = (<h_x, h_y> - 1) + <h_x, y - h_y> + <x - h_x, y>.  The first
    product is exact, its difference too, and the others are below 2^-27, so that their rounding is below 1e-23.  What
    rows lack to unit norm, (|x|^2 - 1) / 2 to as many digits, is taken off.
    """

    def __init__(self, x: Array, y: Array) -> None:
        self.high_x, self.high_y = np.rint(x * _HALF) / _HALF, np.rint(y * _HALF) / _HALF
        one_x, one_y = np.ones((*x.shape[:-1], 1)), np.ones((*y.shape[:-1], 1))
        self.x = np.concatenate([self.high_x, x - self.high_x, -_excess(x, self.high_x), one_x], axis=-1)
        self.y = np.concatenate([y - self.high_y, y, one_y, -_excess(y, self.high_y)], axis=-1)

    def scores(self, c: float, at: Any, out: Array, work: Array) -> Array:
        """c times it for replicas, rows and columns `at`, into out; work is shaped alike."""
        np.matmul(self.high_x[at.r, at.i], self.high_y[at.r, at.j].swapaxes(-1, -2), out=out)
        out -= 1.0
        out += np.matmul(self.x[at.r, at.i], self.y[at.r, at.j].swapaxes(-1, -2), out=work)
        out *= c
        return out


def _excess(x: Array, high: Array) -> Array:
    """(|x|^2 - 1) / 2, (..., n, 1)."""
    first = np.einsum("...d,...d->...", high, high) - 1.0
    return 0.5 * (first + np.einsum("...d,...d->...", x - high, x + high))[..., None]


# --- kernels are pairwise --------------------------------------------------------------------------------------

ROWS, COLUMNS = 5, 7
"""Rows x and y that a kernel is tried on; each is cut in two."""
AGREE = 1e-9
"""Two ways of asking agree if no score differs by more than this share of the largest."""


@remembered(64)
def refuse_unpaired(kernel: Kernel, d: int) -> None:
    """Refuse a kernel that is not pairwise: the parts of a table of scores must have the values that the whole has.

    Sums ask in tiles, and their answer would depend on where these end.
    """
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((ROWS, d)), rng.standard_normal((COLUMNS, d))
    x, y = (v / np.linalg.norm(v, axis=-1, keepdims=True) for v in (x, y))
    whole = np.asarray(kernel.log(x, y), dtype=float)
    size = np.abs(whole[np.isfinite(whole)]).max(initial=1.0)
    parts = [(slice(0, 2), slice(0, 3)), (slice(0, 2), slice(3, None)), (slice(2, None), slice(None))]
    try:
        same = whole.shape == (ROWS, COLUMNS) and all(
            np.allclose(kernel.log(x[i], y[j]), whole[i, j], rtol=0.0, atol=AGREE * size) for i, j in parts
        )
    except (ValueError, IndexError):  # the shapes of the whole, and no others
        same = False
    if not same:
        raise ValueError(
            f"kernel: {kernel} is not pairwise: log(x, y) of some rows differs from the same entries of log(x, y) of "
            "more of them, and sums ask for it in tiles. Let every entry depend on its own x_i and y_j alone; what "
            "needs a whole row (its maximum, its sum) belongs to the law, which may ask the measure twice"
        )
