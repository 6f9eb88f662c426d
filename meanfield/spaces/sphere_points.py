"""Harmonic series on S^2 at arbitrary points, by ducc0: order of coefficients, values, moments, rotation, sampling.

A field of degree L is held by a_lm, m >= 0, in ducc0's order: all l of m = 0, then all l of m = 1, ...; a_lm stands at
m (2L + 1 - m) / 2 + l.  The basis is Y^sigma_lm = sqrt(4 pi) Y_lm, orthonormal under the uniform probability measure
sigma, with Y_lm the orthonormal harmonics with the Condon-Shortley phase.  Coefficients of m < 0 follow from
a_{l,-m} = (-1)^m conj(a_lm), so that

    f = sum_l a_l0 Y^sigma_l0 + 2 Re sum_{l, m > 0} a_lm Y^sigma_lm,    a_lm = int conj(Y^sigma_lm) f d sigma.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from math import isqrt, pi, prod, sqrt

import ducc0
import numpy as np

from meanfield.protocols import Array
from meanfield.special import ultraspherical
from meanfield.tools import inputs
from meanfield.tools.threads import parallel

TWO_PI = 2.0 * pi
ROOT = sqrt(4.0 * pi)
"""Y^sigma / Y."""
TOLERANCE = 2.5e-13
"""About the least that ducc0 accepts at arbitrary points; the error seen is below 1e-13 of the largest value."""
LOST = 1e-18
"""Degrees that together cannot change a value by this part of the largest coefficient are not summed."""
BLOCK = 1 << 16
"""Points that one thread takes at a time: a number below the least work for which threads are woken."""
ROUNDING = 4e-15
"""Of a distribution function, and of where it takes a value."""
CHUNK = 1 << 17
"""Numbers that a table of points times degrees may hold when points are placed."""


# --- the order of coefficients -----------------------------------------------------------------------------


def count(degree: int) -> int:
    """How many coefficients a field of this degree has."""
    return (degree + 1) * (degree + 2) // 2


def degree_of(M: int) -> int:
    """The degree of a field with M coefficients.

    Raises
    ------
    ValueError
        If no field has so many.
    """
    L = (isqrt(8 * M + 1) - 3) // 2
    if M < 1 or count(L) != M:
        raise ValueError(
            f"coefficients: got {M}, wanted (L + 1)(L + 2) / 2 of some degree L: a_lm of m >= 0, all l of m = 0 first, "
            f"as in ducc0; the nearest below are the {count(max(L, 0))} of degree {max(L, 0)}"
        )
    return L


def index(degree: int, l: int, m: int) -> int:  # noqa: E741 (the field's name)
    """Where a_lm stands in a field of this degree."""
    return m * (2 * degree + 1 - m) // 2 + l


@lru_cache(maxsize=32)
def pairs(degree: int) -> tuple[Array, Array]:
    """(l, m) of every coefficient, as two read-only arrays."""
    l = np.concatenate([np.arange(m, degree + 1) for m in range(degree + 1)])  # noqa: E741
    m = np.repeat(np.arange(degree + 1), np.arange(degree + 1, 0, -1))
    for a in (l, m):
        a.flags.writeable = False
    return l, m


@lru_cache(maxsize=64)
def starts(degree: int, top: int) -> Array:
    """Where a_0m would stand, m = 0..top, in a field of this degree: how ducc0 reads a part of it."""
    m = np.arange(top + 1)
    a = (m * (2 * degree + 1 - m) // 2).astype(np.uint64)
    a.flags.writeable = False
    return a


@lru_cache(maxsize=32)
def within(degree: int, top: int) -> Array:
    """Indices of the coefficients of degree <= top, in the order of a field of degree `top`."""
    a = np.concatenate([index(degree, 0, m) + np.arange(m, top + 1) for m in range(top + 1)])
    a.flags.writeable = False
    return a


def recut(c: Array, degree: int) -> Array:
    """(..., M) coefficients as those of a field of another degree, (..., M'): cut, or filled with zeros."""
    held = degree_of(c.shape[-1])
    if degree <= held:
        return c[..., within(held, degree)]
    out = np.zeros((*c.shape[:-1], count(degree)), dtype=complex)
    out[..., within(degree, held)] = c
    return out


def by_degree(power: Array) -> Array:
    """(..., M) numbers |.|^2 of a_lm -> their sums over m = -l..l, (..., L + 1)."""
    L = degree_of(power.shape[-1])
    l, m = pairs(L)  # noqa: E741
    both = np.where(m == 0, 1.0, 2.0) * power
    flat = both.reshape(-1, both.shape[-1])
    sums = np.stack([np.bincount(l, row, L + 1) for row in flat]) if len(flat) else np.empty((0, L + 1))
    return sums.reshape(*power.shape[:-1], L + 1)


def band(c: Array) -> int:
    """The degree beyond which the coefficients (..., M) are lost in rounding, for values and gradients; at least 1.

    The part of degree l is at most sqrt(2l+1) |a_l|, its gradient l + 1 times that.
    """
    size = np.sqrt(by_degree(np.square(np.abs(c)))).reshape(-1, degree_of(c.shape[-1]) + 1).max(axis=0, initial=0.0)
    l = np.arange(len(size))  # noqa: E741
    beyond = np.cumsum((size * np.sqrt(2.0 * l + 1.0) * (l + 1.0))[::-1])[::-1]
    return max(1, int(np.count_nonzero(beyond > LOST * size.max(initial=0.0))) - 1)


# --- points ------------------------------------------------------------------------------------------------


def angles(x: Array) -> Array:
    """Unit rows (..., 3) -> (..., 2) colatitude in [0, pi], longitude in [0, 2 pi]; at the poles longitude 0."""
    s = np.hypot(x[..., 0], x[..., 1])
    out = np.empty((*x.shape[:-1], 2))
    np.arctan2(s, x[..., 2], out=out[..., 0])
    phi = np.where(s > 0.0, np.arctan2(x[..., 1], x[..., 0]), 0.0)
    np.add(phi, TWO_PI, out=phi, where=phi < 0.0)
    out[..., 1] = phi
    return out


def rows(theta: Array, phi: Array) -> Array:
    """Colatitudes and longitudes in radians -> unit rows (..., 3)."""
    s = np.sin(theta)
    return np.stack(np.broadcast_arrays(s * np.cos(phi), s * np.sin(phi), np.cos(theta)), axis=-1)


def frame(x: Array) -> Array:
    """(..., 2, 3) the unit tangents to the south, e_theta, and to the east, e_phi, at unit rows x (..., 3).

    At the poles they are those of the meridian of longitude 0, (+-1, 0, 0) and (0, 1, 0).
    """
    s = np.hypot(x[..., 0], x[..., 1])
    east = np.stack([x[..., 0], x[..., 1]], axis=-1)
    away = (s > 0.0)[..., None]
    east = np.divide(east, s[..., None], out=np.broadcast_to([1.0, 0.0], east.shape).copy(), where=away)
    out = np.zeros((*x.shape[:-1], 2, 3))
    out[..., 0, :2] = x[..., 2, None] * east
    out[..., 0, 2] = -s
    out[..., 1, 0] = -east[..., 1]
    out[..., 1, 1] = east[..., 0]
    return out


# --- values and moments ------------------------------------------------------------------------------------


def fields(s: Array, g: Array | None, x: Array) -> tuple[Array, Array | None]:
    """Scalars (S, ..., M) and the gradient of g (..., M) at rows x (..., n, 3): (S, ..., n), (..., n, 2).

    The gradient has the components (d_theta, d_phi / sin theta) of `frame`.  Leading axes are broadcast; the rows are
    turned into angles once for all fields.
    """
    S, M, n = len(s), s.shape[-1], x.shape[-2]
    L = degree_of(M)
    lead = np.broadcast_shapes(s.shape[1:-1], x.shape[:-2])
    loc = angles(x)
    if prod(s.shape[1:-1]) == 1:  # the same series everywhere: all points at once
        loc = loc.reshape(1, -1, 2)
        coefficients = s.reshape(S, 1, M)
        slopes = None if g is None else g.reshape(1, M)
    else:
        replicas = prod(lead)
        loc = np.broadcast_to(loc, (*lead, n, 2)).reshape(replicas, n, 2)
        coefficients = np.broadcast_to(s, (S, *lead, M)).reshape(S, replicas, M)
        slopes = None if g is None else np.broadcast_to(g, (*lead, M)).reshape(replicas, M)
    out = np.empty((S, *loc.shape[:2]))
    gradient = None if slopes is None else np.empty((len(loc), 2, loc.shape[1]))
    bands = [band(c) for c in coefficients]
    slope_band = 1 if slopes is None else band(slopes)
    pieces = _pieces(*loc.shape[:2])

    def one(i: int) -> None:
        r, part = pieces[i]
        for j, K in enumerate(bands):
            _synthesise(coefficients[j, r], L, K, loc[r, part], 0, out[j, r, part][None])
        if slopes is not None and gradient is not None:
            _synthesise(slopes[r], L, slope_band, loc[r, part], 1, gradient[r][:, part])

    parallel(one, len(pieces), min(loc.shape[1], BLOCK))
    # a view with the components last: laws work along the points, which stay contiguous
    moved = None if gradient is None else np.moveaxis(gradient, 1, -1)
    return out.reshape(S, *lead, n), None if moved is None else moved.reshape(*lead, n, 2)


def _pieces(replicas: int, n: int) -> list[tuple[int, slice]]:
    """Replicas and blocks of their points, each for one thread: ducc0's own threads would change the last bits."""
    return [(r, slice(first, first + BLOCK)) for r in range(replicas) for first in range(0, n, BLOCK)]


def _synthesise(c: Array, L: int, K: int, loc: Array, spin: int, out: Array) -> None:
    ducc0.sht.synthesis_general(
        alm=(ROOT * c)[None],
        spin=spin,
        lmax=K,
        mmax=K,
        mstart=starts(L, K),
        loc=loc,
        epsilon=TOLERANCE,
        map=out,
        mode="DERIV1" if spin else "STANDARD",
    )


def project(x: Array, w: Array, degree: int) -> Array:
    """a_lm = sum_j w_j conj(Y^sigma_lm(x_j)) up to `degree`, for rows x (..., n, 3) and weights (..., n)."""
    lead = np.broadcast_shapes(x.shape[:-2], w.shape[:-1])
    n = x.shape[-2]
    loc = np.broadcast_to(angles(x), (*lead, n, 2)).reshape(prod(lead), n, 2)
    masses = np.broadcast_to(w, (*lead, n)).reshape(prod(lead), n)
    pieces = _pieces(len(loc), n)
    parts = np.zeros((len(pieces), count(max(degree, 1))), dtype=complex)

    def one(i: int) -> None:
        r, part = pieces[i]
        ducc0.sht.adjoint_synthesis_general(
            map=np.multiply(masses[r, part], ROOT)[None],
            spin=0,
            lmax=max(degree, 1),
            loc=loc[r, part],
            epsilon=TOLERANCE,
            alm=parts[i][None],
        )

    parallel(one, len(pieces), min(n, BLOCK))
    out = (
        parts.reshape(len(loc), -1, parts.shape[1]).sum(axis=1) if n else np.zeros((len(loc), parts.shape[1]), complex)
    )
    out = recut(out, degree)
    out[:, : degree + 1].imag = 0.0  # a_l0 is real
    return out.reshape(*lead, count(degree))


# --- rotation ----------------------------------------------------------------------------------------------


def rotate(c: Array, R: Array) -> Array:
    """Coefficients of x -> f(R^T x), for coefficients (..., M) of f and an orthogonal matrix R (3, 3): exact.

    A reflection is a rotation times the inversion x -> -x, under which degree l is multiplied by (-1)^l.
    """
    given, R = R, inputs.array("R", R, shape=(3, 3))
    room = max(1e-12, 8.0 * inputs.spacing("R", given))
    defect = float(np.abs(R @ R.T - np.eye(3)).max())
    if defect > room:
        raise ValueError(
            f"R: got a matrix with |R R^T - 1| = {defect:.1e}, wanted an orthogonal one (to {room:.0e}): "
            "U, _, V = numpy.linalg.svd(R) gives the nearest, U @ V"
        )
    if defect > 1e-12:
        U, _, V = np.linalg.svd(R)  # the nearest orthogonal matrix to one of single precision
        R = U @ V
    L = degree_of(c.shape[-1])
    if np.linalg.det(R) < 0.0:
        c, R = c * np.where(pairs(L)[0] % 2, -1.0, 1.0), -R
    # R = Rz(phi) Ry(theta) Rz(psi).  psi is read off after phi has been undone: near the identity phi alone means
    # nothing, but phi + psi does.
    phi = np.arctan2(R[1, 2], R[0, 2])
    rest = np.array([[np.cos(phi), np.sin(phi), 0.0], [-np.sin(phi), np.cos(phi), 0.0], [0.0, 0.0, 1.0]]) @ R
    theta = np.arctan2(rest[0, 2], rest[2, 2])
    psi = np.arctan2(rest[1, 0], rest[1, 1])
    flat = np.ascontiguousarray(c, dtype=complex).reshape(-1, c.shape[-1])
    turned = [ducc0.sht.rotate_alm(row, L, psi, theta, phi) for row in flat]
    return np.stack(turned).reshape(c.shape) if turned else np.empty_like(c)


# --- inverse distribution ----------------------------------------------------------------------------------


def place(c: Array, u: Array) -> Array:
    """Rows (n, 3) for levels u (n, 2) in [0, 1): uniform u gives points distributed as the density.

    The height z has distribution function u_0 under the marginal, a Legendre series; then the longitude has
    distribution function u_1 under the density of its own circle of latitude, a Fourier series.  Both are solved to
    rounding by Newton's method inside brackets; where a series dips below zero (missing resolution) its distribution
    function is read as the running maximum over a table.
    """
    c = recut(c, band(c)) / c[0].real
    L = degree_of(len(c))
    alm = np.ascontiguousarray(ROOT * c)[None]
    out = np.empty((len(u), 3))
    size = max(16, CHUNK // (L + 1))
    for first in range(0, len(u), size):
        part = u[first : first + size]
        z = _heights(c[: L + 1].real, part[:, 0])
        s = ultraspherical.sine(z)
        circles = ducc0.sht.alm2leg(alm=alm, spin=0, lmax=L, theta=np.arctan2(s, z))[0]
        phi = _longitudes(circles, part[:, 1])
        out[first : first + size] = np.stack([s * np.cos(phi), s * np.sin(phi), z], axis=-1)
    return out / np.linalg.norm(out, axis=-1, keepdims=True)


def _heights(a: Array, u: Array) -> Array:
    """z with F(z) = u, for the marginal sum_l a_l p_l(z) dz / 2, p_l = sqrt(2l+1) P_l, a_0 = 1."""
    degree = len(a) - 1
    knots = -np.cos(np.linspace(0.0, pi, 8 * (degree + 1) + 1))
    table = np.maximum.accumulate(ultraspherical.distribution(3, a, knots))
    table[0], table[-1] = 0.0, 1.0
    cell = np.clip(np.searchsorted(table, u, side="right") - 1, 0, len(knots) - 2)

    def excess(z: Array) -> tuple[Array, Array]:
        return ultraspherical.distribution(3, a, z) - u, 0.5 * (ultraspherical.values(3, degree, z) @ a)

    return _solved(excess, knots[cell], knots[cell + 1], u - table[cell], table[cell + 1] - table[cell])


def _longitudes(b: Array, u: Array) -> Array:
    """phi in [0, 2 pi] with F_j(phi) = u_j F_j(2 pi), for n densities b_0 + 2 Re sum_m b_m e^{im phi}, b (n, L + 1)."""
    n, M = b.shape
    total = np.maximum(b[:, 0].real, 0.0)
    # a density normalised on its own circle; where a circle carries no mass, the uniform one
    some = total > 0.0
    b = np.where(some[:, None], b / np.where(some, total, 1.0)[:, None], 0.0)
    G = np.zeros_like(b)
    G[:, 1:] = b[:, 1:] / (1j * np.arange(1, M))  # the periodic part of int (density - 1)
    T = 2 << max(5, (M - 1).bit_length())
    spectrum = np.zeros((n, T // 2 + 1), dtype=complex)
    spectrum[:, :M] = G
    table = np.empty((n, T + 1))
    ducc0.fft.c2r(spectrum, axes=(1,), lastsize=T, forward=False, out=table[:, :T])
    start = table[:, 0].copy()
    table[:, :T] += TWO_PI / T * np.arange(T) - start[:, None]
    table[:, -1] = TWO_PI
    np.maximum.accumulate(table, axis=1, out=table)
    np.minimum(table, TWO_PI, out=table)
    goal = TWO_PI * u
    cell = np.clip(np.count_nonzero(table <= goal[:, None], axis=1) - 1, 0, T - 1)
    below, above = table[np.arange(n), cell], table[np.arange(n), cell + 1]
    G, b = np.ascontiguousarray(G.T), np.ascontiguousarray(b.T)

    def excess(phi: Array) -> tuple[Array, Array]:
        e = np.exp(1j * phi)
        g, rho = np.zeros(n, dtype=complex), np.zeros(n, dtype=complex)
        for m in range(M - 1, 0, -1):
            g += G[m]
            g *= e
            rho += b[m]
            rho *= e
        return phi + 2.0 * g.real - start - goal, 1.0 + 2.0 * rho.real

    width = TWO_PI / T
    return _solved(excess, width * cell, width * (cell + 1.0), goal - below, above - below)


def _solved(excess: Callable[[Array], tuple[Array, Array]], low: Array, high: Array, rest: Array, rise: Array) -> Array:
    """Zeros of increasing functions inside brackets, by Newton's method where it stays inside, bisection elsewhere.

    `rest` of the bracket's `rise` is still to be climbed from its lower end: where to begin.
    """
    x = low + (high - low) * np.clip(rest / np.where(rise > 0.0, rise, 1.0), 0.0, 1.0)
    for _ in range(60):
        value, slope = excess(x)
        low, high = np.where(value <= 0.0, x, low), np.where(value >= 0.0, x, high)
        with np.errstate(divide="ignore", invalid="ignore"):
            newton = x - value / slope
        new = np.where((newton >= low) & (newton <= high), newton, 0.5 * (low + high))
        done = (np.abs(new - x) <= ROUNDING) | (np.abs(value) <= ROUNDING)
        x = new
        if done.all():
            break
    return x
