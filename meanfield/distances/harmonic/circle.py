"""Fourier and negative Sobolev distances on the circle, from public moments and points."""

from __future__ import annotations

from typing import Any

import ducc0
import numpy as np

from meanfield.distances.circle.measures import TWO_PI, Atoms, Side, Smooth, lead_shape, paired, read
from meanfield.protocols import Array
from meanfield.tools import inputs

_NUFFT = 1e-14


def fourier_distance(a: Any, b: Any, degree: int, a_weights: Any = None, b_weights: Any = None) -> Array:
    """|c_k(a) - c_k(b)| for k = 0..degree, with c_k(mu) = int e^{-ik theta} d mu.

    Parameters
    ----------
    a, b, a_weights, b_weights
        As for `meanfield.distances.w1_circle`.
    degree : int
        Largest k.

    Returns
    -------
    ndarray (..., degree + 1)
        Dimensionless; accurate to about 1e-14, and k times the rounding of the angles.  A density contributes 0
        beyond its own degree.

    Raises
    ------
    TypeError, ValueError
        Naming the argument.

    Examples
    --------
    >>> mf.distances.fourier_distance([0.0, 1.0], [0.0, 2.0], degree=3).shape
    (4,)
    """
    degree = inputs.degree("degree", degree)
    left, right = read("a", a, a_weights), read("b", b, b_weights)
    lead_shape(left, right)
    return np.abs(_moments(left, degree) - _moments(right, degree))


def sobolev(
    a: Any,
    b: Any,
    s: float | None = None,
    degree: int | None = None,
    a_weights: Any = None,
    b_weights: Any = None,
) -> Any:
    """Negative Sobolev distance ||a - b||_{-s} on the circle.

    ||a - b||^2 = sum_{k in Z} (1 + k^2)^{-s} |c_k(a) - c_k(b)|^2

    Parameters
    ----------
    a, b, a_weights, b_weights
        As for `meanfield.distances.w1_circle`.  Signed densities of mass 1 are fine.
    s : float, optional
        Order, default 1 = d/2: the least integer for which atoms have finite norm.
    degree : int, optional
        Sum over |k| <= degree only.  None: the whole sum, which between densities is finite, and with atoms is closed
        for s = 1 by sum_k cos(kx)/(1 + k^2) = pi cosh(pi - x)/sinh(pi), 0 <= x <= 2 pi.

    Returns
    -------
    float or ndarray
        The norm (not its square), with the broadcast leading shape; a float if there is none.

    Raises
    ------
    TypeError, ValueError
        Naming the argument; in particular degree=None with atoms and s != 1.

    Notes
    -----
    The whole sum between atoms is (1/2 pi) int (u^2 + u'^2) d theta, with u - u'' = 2 pi (a - b), a sum of squares over
    the gaps: O(n log n) and accurate relatively.  Between atoms and a density it is that of the atoms, corrected
    below the density's degree: about 1e-15 in the square.

    Examples
    --------
    >>> bool(mf.distances.sobolev([0.0], [1.0]) > 0.0)
    True
    """
    order = 1.0 if s is None else inputs.number("s", s)
    left, right = read("a", a, a_weights), read("b", b, b_weights)
    if degree is None and isinstance(left, Smooth) and isinstance(right, Smooth):
        degree = max(left.c.shape[-1], right.c.shape[-1]) - 1
    if degree is not None:
        degree = inputs.degree("degree", degree)
        lead_shape(left, right)
        squared: Any = _norm(_moments(left, degree) - _moments(right, degree), order)
    elif order == 1.0:
        squared = paired(left, right, _squared)
    else:
        raise ValueError(
            f"degree must be given for atoms unless s = 1, where the sum over all k is closed; got s = {order}. Pass "
            "the largest k to sum, or s=1."
        )
    root = np.sqrt(np.maximum(squared, 0.0))
    return float(root) if np.ndim(root) == 0 else root


# --- moments ------------------------------------------------------------------------------------------------


def _moments(side: Side, degree: int) -> Array:
    """c_k, k = 0..degree: (..., degree + 1)."""
    if isinstance(side, Smooth):
        out = np.zeros((*side.lead, degree + 1), dtype=complex)
        kept = min(degree + 1, side.c.shape[-1])
        out[..., :kept] = side.c[..., :kept]
        return out
    n = side.theta.shape[-1]
    theta, masses = side.theta.reshape(-1, n), side.masses().reshape(-1, n)
    out = np.empty((len(theta), degree + 1), dtype=complex)
    for row, (points, weights) in enumerate(zip(theta, masses, strict=True)):
        both = ducc0.nufft.nu2u(
            points=weights.astype(complex),
            coord=np.ascontiguousarray(points)[:, None],
            forward=True,
            epsilon=_NUFFT,
            nthreads=1,
            out=np.empty(2 * degree + 1, dtype=complex),
            periodicity=TWO_PI,
        )
        out[row] = both[degree:]
    out[:, 0] = 1.0
    return out.reshape(*side.lead, degree + 1)


def _norm(c: Array, order: float) -> Array:
    """sum over k and -k of (1 + k^2)^{-s} |c_k|^2."""
    k = np.arange(c.shape[-1], dtype=float)
    weights = np.where(k > 0.0, 2.0, 1.0) * (1.0 + k * k) ** -order
    return np.sum(weights * (c.real**2 + c.imag**2), axis=-1)


# --- the whole sum for s = 1 --------------------------------------------------------------------------------


def _squared(a: Side, b: Side) -> Array:
    """(R,) the whole sum, at least one side being atoms."""
    if isinstance(a, Smooth):
        return _squared(b, a)
    if isinstance(b, Atoms):
        return _whole(np.concatenate([a.theta, b.theta], axis=1), np.concatenate([a.masses(), -b.masses()], axis=1))
    # all of the atoms', with the degrees the density has put right
    degree = b.c.shape[-1] - 1
    c = _moments(a, degree)
    return _whole(a.theta, a.masses()) + (_norm(c - _moments(b, degree), 1.0) - _norm(c, 1.0))


def _whole(theta: Array, charge: Array) -> Array:
    """sum_{k in Z} |c_k|^2 / (1 + k^2) of signed atoms (..., n), as (1/2 pi) int (u^2 + u'^2) d theta.

    u = sum_i q_i pi cosh(pi - |theta - theta_i|) / sinh(pi) is p e^x + m e^{-x} on each gap, where the integrand is
    2 p^2 e^{2x} + 2 m^2 e^{-2x}; p and m are running sums over the atoms below and above.
    """
    order = np.argsort(theta, axis=-1)
    q = np.take_along_axis(charge, order, axis=-1)
    x = np.take_along_axis(theta, order, axis=-1) - np.pi
    grow, decay = q * np.exp(x), q * np.exp(-x)
    # after atom i: sums over atoms up to i, and beyond i
    below = [np.cumsum(v, axis=-1) for v in (grow, decay)]
    above = [_beyond(v) for v in (grow, decay)]
    scale = np.pi / (2.0 * np.sinh(np.pi))
    up, down = scale * np.exp(np.pi), scale * np.exp(-np.pi)
    plus = (down * below[1] + up * above[1]) * np.exp(x)
    minus = (up * below[0] + down * above[0]) * np.exp(-x)
    gap = np.diff(x, axis=-1, append=x[..., :1] + TWO_PI)
    energy = plus**2 * np.expm1(2.0 * gap) - minus**2 * np.expm1(-2.0 * gap)
    return energy.sum(axis=-1) / TWO_PI


def _beyond(v: Array) -> Array:
    """Sums over the entries after each."""
    reverse = np.cumsum(v[..., ::-1], axis=-1)[..., ::-1]
    return np.concatenate([reverse[..., 1:], np.zeros_like(v[..., :1])], axis=-1)
