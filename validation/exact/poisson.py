"""beta = 0: the flow is an orbit of the Moebius group, and densities are carried along exactly.

x' = P_x m(t) with m = int y dmu.  The Poisson kernels P_w = ((1 - |w|^2) / |x - w|^2)^{d-1} (densities with respect to
sigma, |w| < 1) are mapped to one another, w' = (1 + |w|^2)/2 m - <m, w> w for *any* driving vector m(t); and the mean
of P_w is m_d(|w|) w / |w| with m_d(r) = (2(d-1)/d) r 2F1(1, 1-d/2; 1+d/2; r^2), which is r on the circle and not
otherwise.  SA and USA agree here (Z = 1); A, section 4.1, (4.1).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import hyp2f1, roots_jacobi

from validation.exact import autonomous, ode, refuse

Array = NDArray[np.float64]


# --- the kernels and their moments -------------------------------------------------------------------------


def kernel(x: ArrayLike, w: ArrayLike) -> Array:
    """P_w at rows x (..., d), with respect to sigma, for w (d,) in the open unit ball."""
    rows, v = np.asarray(x, dtype=float), _ball(w)
    distance = ((rows - v) ** 2).sum(axis=-1)
    return np.asarray(((1.0 - v @ v) / distance) ** (v.size - 1), dtype=float)


def circle_kernel(theta: ArrayLike, r: float, phi: float = 0.0) -> Array:
    """(1 - r^2) / (1 - 2 r cos(theta - phi) + r^2): P_w on the circle for w = r e^{i phi}."""
    r = refuse.number("r", r, 0.0, 1.0)
    # (1-r)^2 + 4 r sin^2 instead of 1 - 2 r cos + r^2: near r = 1 the latter cancels.
    half = np.sin(0.5 * (np.asarray(theta, dtype=float) - phi))
    return np.asarray((1.0 - r) * (1.0 + r) / ((1.0 - r) ** 2 + 4.0 * r * half**2), dtype=float)


def circle_coefficients(r: float, phi: float, degree: int) -> NDArray[np.complex128]:
    """c_k = int e^{-ik theta} dP_w = r^k e^{-ik phi} for k = 0..degree."""
    k = np.arange(refuse.integer("degree", degree, 0) + 1)
    return np.asarray(refuse.number("r", r, 0.0, 1.0) ** k * np.exp(-1j * k * phi), dtype=complex)


def zonal_moments(r: float, d: int, degree: int) -> Array:
    """int P_k(<x, w/|w|>) dP_w for k = 0..degree, |w| = r, P_k(1) = 1.

    r^k (d-1)_k / (d/2)_k 2F1(k, 1-d/2; k+d/2; r^2); r^k on the circle.
    """
    r, d = refuse.number("r", r, 0.0, 1.0), refuse.integer("d", d, 2)
    k = np.arange(refuse.integer("degree", degree, 0) + 1.0)
    steps = np.concatenate([[1.0], (d - 2.0 + k[1:]) / (0.5 * d - 1.0 + k[1:])])
    return np.asarray(r**k * np.cumprod(steps) * hyp2f1(k, 1.0 - 0.5 * d, k + 0.5 * d, r * r), dtype=float)


def mean_of_parameter(r: ArrayLike, d: int) -> Array:
    """m_d(r), the norm of the mean of P_w for |w| = r: shape of r."""
    r = np.asarray(r, dtype=float)
    d = refuse.integer("d", d, 2)
    return np.asarray(2.0 * (d - 1) / d * r * hyp2f1(1.0, 1.0 - 0.5 * d, 1.0 + 0.5 * d, r * r), dtype=float)


# --- their motion ------------------------------------------------------------------------------------------


def circle_radius(t: ArrayLike, r0: float, sign: int = 1) -> Array:
    """r(t) on the circle: r^2 = 1 / (1 + (r0^{-2} - 1) e^{-t}), written so that r0 = 0 is no exception."""
    r2 = refuse.number("r0", r0, 0.0, 1.0) ** 2
    decay = np.exp(-refuse.sign(sign) * refuse.times("t", t))
    return np.sqrt(r2 / (r2 + (1.0 - r2) * decay))


def radius(t: ArrayLike, r0: float, d: int, sign: int = 1) -> Array:
    """|w|(t) on S^{d-1}: r' = +- (1 - r^2) m_d(r) / 2, to about 1e-14 relative.

    Parameters
    ----------
    t : float or array
        Times >= 0, any shape.
    r0 : float
        |w|(0) in [0, 1).
    d : int
        Ambient dimension.
    sign : {1, -1}
        -1: repulsive.
    """
    return np.tanh(_rapidity(t, r0, d, sign))


def radius_gap(t: ArrayLike, r0: float, d: int, sign: int = 1) -> Array:
    """1 - |w|(t), with full relative accuracy near the sphere."""
    return np.asarray(2.0 / (np.expm1(2.0 * _rapidity(t, r0, d, sign)) + 2.0), dtype=float)


def _rapidity(t: ArrayLike, r0: float, d: int, sign: int) -> Array:
    """u = artanh |w|: u' = m_d(tanh u) / 2, which neither end troubles; moved as v = log u, by quadrature."""
    times = refuse.times("t", t)
    r0 = refuse.number("r0", r0, 0.0)
    if r0 >= 1.0:
        raise ValueError(f"r0 must be below 1; got {r0!r}")
    if r0 == 0.0:
        return np.zeros_like(times)

    def log_slowness(v: Array) -> Array:
        u = np.exp(np.minimum(v, 300.0))
        # v' = m_d / (2u), whose limit at u = 0 is (d-1)/d.
        relative = np.where(u > 1e-150, mean_of_parameter(np.tanh(u), d) / np.maximum(u, 1e-150), 2.0 * (d - 1) / d)
        return -np.log(0.5 * relative)

    v0 = math.log(math.atanh(r0))
    v = [autonomous.advance(log_slowness, v0, float(s), refuse.sign(sign)) for s in times.ravel()]
    return np.exp(np.array(v)).reshape(times.shape)


def parameter(t: ArrayLike, w0: ArrayLike, sign: int = 1) -> Array:
    """w(t) (..., d) of a Poisson kernel that drives itself: on the ray of w0, at the radius of `radius`."""
    w = _ball(w0)
    r0 = float(np.linalg.norm(w))
    r = radius(t, r0, w.size, sign)
    return r[..., None] * (w / r0 if r0 > 0.0 else w)


def order_parameter(t: ArrayLike, r0: float, d: int, sign: int = 1) -> Array:
    """|int x dmu| at times t, from the Poisson kernel of |w| = r0."""
    return mean_of_parameter(radius(t, r0, d, sign), d)


def driven_parameter(times: ArrayLike, w0: ArrayLike, drive: Callable[[float], ArrayLike]) -> Array:
    """w (T, d) at ascending times, for points moved by x' = P_x m(t) with a given m = drive(t) (d,).

    Accurate to about 1e-12; for any m, not only along w.
    """
    w = _ball(w0)

    def rhs(t: float, v: Array) -> Array:
        m = np.asarray(drive(t), dtype=float)
        return np.asarray(0.5 * (1.0 + v @ v) * m - (m @ v) * v, dtype=float)

    return ode.integrate(rhs, w, times)[1]


# --- any zonal density -------------------------------------------------------------------------------------


def zonal_order_parameter(times: ArrayLike, density: Callable[[Array], ArrayLike], d: int, nodes: int = 200) -> Array:
    """m(t) = int c dmu at ascending times, from any density rho0(c) in c = <x, e> (normalised to mass 1).

    c(t) = (c0 + tanh T) / (1 + c0 tanh T) moves every point, with T' = int c dmu: one scalar equation.  `nodes` Gauss
    nodes of the weight (1 - c^2)^{(d-3)/2} in the starting points; past T of 4 or so (m near 1) take more.
    """
    exponent = 0.5 * (refuse.integer("d", d, 2) - 3.0)
    c0, weights = roots_jacobi(refuse.integer("nodes", nodes, 2), exponent, exponent)
    weights = weights * np.asarray(density(c0), dtype=float)
    weights /= weights.sum()

    def mean(T: float) -> float:
        h = math.tanh(T)
        return float(weights @ ((c0 + h) / (1.0 + c0 * h)))

    _, T = ode.integrate(lambda t, y: np.array([mean(float(y[0]))]), np.zeros(1), times)
    return np.array([mean(float(s)) for s in T[:, 0]])


# --- tools -------------------------------------------------------------------------------------------------


def _ball(w: ArrayLike) -> Array:
    v = np.asarray(w, dtype=float)
    if v.ndim != 1 or v.size < 2 or not np.all(np.isfinite(v)) or v @ v >= 1.0:
        raise ValueError(f"w must be a vector of length d >= 2 in the open unit ball; got {w!r}")
    return v
