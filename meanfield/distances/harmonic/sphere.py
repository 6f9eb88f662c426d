"""Negative Sobolev distances on spheres S^{d-1}, from public moments and points.

||a - b||_{-s}^2 = sum_{k >= 1} (1 + k(k+d-2))^{-s} sum_m |c_km(a) - c_km(b)|^2,    c_km(mu) = int conj(Y_km) d mu,

with harmonics Y_km orthonormal under the uniform probability measure sigma.  On S^2 the coefficients themselves are
compared; on other spheres the addition theorem turns the sums over m into sums over pairs of points.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy

from meanfield.distances.sphere.addition import PairKernel, harmonics, means, order_weights, spectral_weights
from meanfield.distances.sphere.axial import direction
from meanfield.distances.sphere.measures import Rows, Side, Zonal, lead_shape, paired, read
from meanfield.protocols import Array
from meanfield.spaces import Sphere
from meanfield.tools import inputs

_SUMMED = 20_000
"""Degrees of a tail summed one by one, before the rest is an integral."""


def sobolev_sphere(
    a: Any, b: Any, s: float | None = None, degree: int | None = None, a_weights: Any = None, b_weights: Any = None
) -> float | Array:
    """Negative Sobolev distance ||a - b||_{-s} on S^{d-1}, summed up to a degree.

    ||a - b||^2 = sum_{k=1}^{degree} (1 + k(k+d-2))^{-s} sum_m |c_km(a) - c_km(b)|^2

    Parameters
    ----------
    a, b : array (..., n, d), snapshot, or density
        Unit rows, leading axes being independent replicas; anything with `.x` (or `.points`) and `.weights`; or a
        density, zonal on S^{d-1} or any on S^2.
    s : float, optional
        Order, default d/2, for which atoms have finite norm on every sphere (they have it for s > (d - 1)/2).
    degree : int, optional
        Last degree of the sum.  None: between densities the larger of theirs, beyond which both are zero; with points
        it must be given, the rest being what `sobolev_tail` says.
    a_weights, b_weights : array, optional
        Nonnegative weights, broadcast against the points; normalised to sum 1.  None: 1/n each.

    Returns
    -------
    float or ndarray
        The norm (not its square), with the broadcast leading shape; a float if there is none.

    Raises
    ------
    TypeError, ValueError
        Naming the argument.

    Notes
    -----
    On S^2: O(n + degree^3) by a nonuniform transform, a million points to degree 64 in less than a second; the
    coefficients have an absolute error of about 1e-13.  Elsewhere: all pairs of points, by tiles of bounded memory
    (some seconds for n = 10^4, growing as n^2), where the square has an error of about 1e-15 times the largest it can
    be; a density enters by its moments about its axis, exactly.  For more points see `sobolev_axial`.

    For n independent uniform points E ||mu_n - sigma||^2 = (1/n) sum_k (1 + k(k+d-2))^{-s} N(d, k) over the same k.

    Examples
    --------
    >>> bool(mf.distances.sobolev_sphere(np.eye(3)[:1], np.eye(3)[1:2], degree=8) > 0.0)
    True
    """
    left, right = read("a", a, a_weights), read("b", b, b_weights)
    lead_shape(left, right)
    W, degree = _settings(left, right, s, degree)
    if left.d == 3:
        return _root(_by_coefficients(left, right, W))
    kernel = PairKernel(left.d, W / W.sum())
    scale = float(W.sum())
    return _root(scale * np.asarray(paired(left, right, lambda x, y: _by_pairs(x, y, W / scale, kernel))))


def sobolev_axial(
    a: Any, b: Any, axis: Any = None, s: float | None = None, degree: int | None = None, a_weights: Any = None,
    b_weights: Any = None,
) -> float | Array:  # fmt: skip
    """The part of `sobolev_sphere` that is seen along one axis: the zonal harmonics alone.

    sum_{k=1}^{degree} (1 + k(k+d-2))^{-s} N(d, k) |int P_k(<x, axis>) d(a - b)|^2, square root of it

    A lower bound of `sobolev_sphere`, equal to it if both sides are zonal about the axis; O(n degree) on every sphere.
    Parameters are those of `sobolev_sphere`, and `axis` as for `w1_axial`.

    Parameters
    ----------
    a, b, s, degree, a_weights, b_weights
        As for `sobolev_sphere`.
    axis : array (d,), optional
        As for `w1_axial`.

    Raises
    ------
    TypeError, ValueError
        As for `sobolev_sphere`.

    Examples
    --------
    >>> a, b = np.eye(3)[:1], np.eye(3)[1:2]
    >>> bool(mf.distances.sobolev_axial(a, b, axis=a[0], degree=8) < mf.distances.sobolev_sphere(a, b, degree=8))
    True
    """
    left, right = read("a", a, a_weights), read("b", b, b_weights)
    lead_shape(left, right)
    e = direction(axis, left, right)
    W, degree = _settings(left, right, s, degree)

    def squared(x: Side, y: Side) -> float:
        return float(W @ np.square(means(x, e, degree) - means(y, e, degree)))

    return _root(paired(left, right, squared))


def sobolev_tail(d: int, degree: int, s: float | None = None) -> float:
    """sum_{k > degree} (1 + k(k+d-2))^{-s} N(d, k), what a sum up to `degree` may leave out.

    Of n and m independent points the squared distance misses (1/n + 1/m) times this in the mean (with one side a
    density of that degree, 1/n times), and of any two probability measures at most 4 times this.  degree = 0 gives the
    square of the distance of one atom from the uniform measure.

    Parameters
    ----------
    d, degree : int
        Ambient dimension, and the last degree summed.
    s : float, optional
        Order, default d/2.  Infinite for s <= (d - 1)/2.

    Returns
    -------
    float
        To a relative error of about 1e-9.

    Raises
    ------
    TypeError, ValueError
        Naming the argument.

    Examples
    --------
    >>> mf.distances.sobolev_tail(3, 64) < mf.distances.sobolev_tail(3, 8)
    True
    """
    d, degree = inputs.dimension("d", d), inputs.degree("degree", degree)
    order = d / 2.0 if s is None else inputs.number("s", s)
    if 2.0 * order <= d - 1.0:
        return float("inf")
    last = degree + max(_SUMMED, 20 * d)
    total = float(spectral_weights(d, order, last)[degree + 1 :].sum())
    j, log_factorial = np.arange(1.0, d - 2.0), scipy.special.gammaln(d - 1.0)

    def term(v: float) -> float:
        # at k = last e^v, by log k and 1/k: N(d, k) = (2k+d-2) (k+1) ... (k+d-3) / (d-2)!
        log_k = np.log(last) + v
        r = np.exp(-log_k)
        log_N = np.log(2.0 + (d - 2.0) * r) + (d - 2.0) * log_k + np.log1p(j * r).sum() - log_factorial
        return float(np.exp(log_N - order * (2.0 * log_k + np.log1p((d - 2.0) * r + r * r)) + log_k))

    # Euler and Maclaurin from the last summed term on: the integral of the terms over k, less half the first
    rest = scipy.integrate.quad(term, 0.0, np.inf, epsrel=1e-10, epsabs=0.0, limit=200)[0]
    return total + rest - 0.5 * term(0.0) / last


# --- settings ----------------------------------------------------------------------------------------------


def _settings(a: Side, b: Side, s: float | None, degree: int | None) -> tuple[Array, int]:
    """(degree + 1,) spectral weights, 0 at k = 0, and the degree."""
    order = a.d / 2.0 if s is None else inputs.number("s", s)
    if degree is None:
        if isinstance(a, Rows) or isinstance(b, Rows):
            raise ValueError(
                "degree must be given where a or b are points: the last degree to be summed. What the sum leaves out "
                "is told by sobolev_tail(d, degree, s)."
            )
        degree = max(a.degree, b.degree)
    degree = inputs.degree("degree", degree, low=1)
    W = spectral_weights(a.d, order, degree)
    W[0] = 0.0
    if not np.isfinite(W).all() or not W[1] > 1e-290:
        raise ValueError(
            f"s must leave (1 + k(k+d-2))^-s N(d, k) within floating-point numbers; got {order} for d = {a.d}. Pass "
            "one nearer to 1."
        )
    return W, degree


def _root(squared: Any) -> float | Array:
    root = np.sqrt(np.maximum(squared, 0.0))
    return float(root) if np.ndim(root) == 0 else root


# --- S^2: coefficients -------------------------------------------------------------------------------------


def _by_coefficients(a: Side, b: Side, W: Array) -> Array:
    degree = len(W) - 1
    difference = _spectrum(a, degree) - _spectrum(b, degree)
    l = Sphere(2).harmonics(degree)  # noqa: E741 (the field's name)
    weights = (W / (2.0 * np.arange(degree + 1) + 1.0))[l] * order_weights(degree)
    return np.sum(weights * (difference.real**2 + difference.imag**2), axis=-1)


def _spectrum(side: Side, degree: int) -> Array:
    """a_lm (..., M), m >= 0, up to degree."""
    if isinstance(side, Rows):
        return harmonics(side.x, side.masses(), degree)
    l = Sphere(2).harmonics(degree)  # noqa: E741
    if isinstance(side, Zonal):
        moments = np.zeros((*side.lead, degree + 1))
        kept = min(degree, side.degree) + 1
        moments[..., :kept] = side.moments[..., :kept]
        return moments[..., l] * harmonics(side.axis[None], np.ones(1), degree)
    kept = min(degree, side.degree)
    out = np.zeros((*side.lead, len(l)), dtype=complex)
    out[..., l <= kept] = side.a[..., Sphere(2).harmonics(side.degree) <= kept]
    return out


# --- any sphere: pairs -------------------------------------------------------------------------------------


def _by_pairs(a: Side, b: Side, W: Array, kernel: PairKernel) -> float:
    """iint K d(a - b) d(a - b), K = sum_k W_k P_k, of one pair of replicas."""
    return _inner(a, a, W, kernel) - 2.0 * _inner(a, b, W, kernel) + _inner(b, b, W, kernel)


def _inner(a: Side, b: Side, W: Array, kernel: PairKernel) -> float:
    """iint K da db."""
    degree = len(W) - 1
    if isinstance(a, Rows) and isinstance(b, Rows):
        return kernel.own(a.x, a.masses()) if a is b else kernel.cross(a.x, a.masses(), b.x, b.masses())
    if isinstance(a, Zonal):
        return float(W @ (_own_moments(a, degree) * means(b, a.axis, degree)))
    assert isinstance(b, Zonal)
    return float(W @ (_own_moments(b, degree) * means(a, b.axis, degree)))


def _own_moments(side: Zonal, degree: int) -> Array:
    return means(side, side.axis, degree)
