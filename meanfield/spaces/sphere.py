"""All densities on S^2: spherical harmonics on Gauss-Legendre grids, by ducc0.

Transforms go by way of the circles of latitude: Legendre transforms by ducc0.sht, and the FFTs of all circles at once
by ducc0.fft (several times faster than circle by circle).  Formulas and the order of coefficients: `sphere_points`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import ducc0
import numpy as np

from meanfield.geometry.cube import CUBE
from meanfield.protocols import Array
from meanfield.spaces import from_map
from meanfield.spaces import sphere_points as sp
from meanfield.spaces.base import Gridded
from meanfield.spaces.density import Density
from meanfield.spaces.finished import finished
from meanfield.spaces.rounded import Rounding
from meanfield.spaces.sphere_plan import Part, SpherePlan, padded
from meanfield.tools import inputs
from meanfield.tools.settings import register
from meanfield.tools.threads import threads

MEMORY = 1 << 31
"""Bytes that work on one sphere may need (2 GiB)."""
BYTES = 1000
"""Bytes needed for each (lmax + 1)^2, as measured: to sample a callable on a grid twice as fine; to solve, with the
fields on the padded grid and the stages of a step, but without what the record keeps."""


class TooLarge(ValueError):
    """A sphere that would not fit into the memory allowed."""


@register
@dataclass(frozen=True)
class Sphere(Gridded):
    """All densities on S^2 with harmonics up to degree lmax.

    Parameters
    ----------
    lmax : int
        Highest degree, at least 2.

    Raises
    ------
    ValueError
        If its arrays would need more than `MEMORY` = 2 GiB (lmax above about 1460), saying the bytes.

    Notes
    -----
    Coordinates are unit rows (..., 3).  Coefficients are complex a_lm = int conj(Y^sigma_lm) d mu for m >= 0, in the
    order of ducc0 (`sphere_points`), with Y^sigma = sqrt(4 pi) Y orthonormal under sigma; a_00 is the mass, a_l0 real.

    Nodes are lmax + 1 Gauss-Legendre circles of latitude, north to south, with an even number >= 2 lmax + 2 of
    longitudes from 0 on each, flattened in this order; their rule is exact to degree 2 lmax + 1.

    Fields are synthesised only to the degree where their symbol is lost, and products are formed on a grid of degree
    5 lmax / 4 (`padded`).  A flux rho X then has no aliasing at all if X has degrees up to lmax / 2 only: USA whenever
    the kernel's bandwidth is at most lmax / 2.  Of wider X, and of SA's quotient grad Z / Z, which has all degrees,
    those above lmax / 2 alias when they meet the highest degrees of rho: for densities as steep as the space resolves
    that stayed below a thousandth of what cutting the flux at lmax leaves out (tests/spaces/test_sphere.py).

    Examples
    --------
    >>> rho = mf.Sphere(12).density(lambda x: 1.0 + 0.3 * x[..., 2])
    >>> round(float(rho.mass), 12)
    1.0
    """

    lmax: int
    d = 3
    picture = "globe"
    atlas = CUBE
    largest = 512
    """Degree up to which a solver goes on its own."""
    _bytes = BYTES

    def __post_init__(self) -> None:
        lmax = inputs.integer("lmax", self.lmax, low=2)
        needed = self._bytes * (lmax + 1) ** 2
        if needed > MEMORY:
            most = int((MEMORY / self._bytes) ** 0.5) - 1
            raise TooLarge(
                f"lmax: got {lmax}, which would need about {needed} bytes ({needed / 2**30:.1f} GiB), more than the "
                f"limit of {MEMORY} bytes: use lmax <= {most}"
            )
        object.__setattr__(self, "lmax", lmax)

    def __str__(self) -> str:
        return f"Sphere({self.lmax})"

    # --- data ---------------------------------------------------------------------------------------------

    @property
    def size(self) -> int:
        """The highest degree."""
        return self.lmax

    @property
    def shape(self) -> tuple[int, int]:
        """(circles of latitude, longitudes on each); nodes are flattened from it."""
        return self.lmax + 1, 2 * int(ducc0.fft.good_size(self.lmax + 1, True))

    @cached_property
    def colatitudes(self) -> Array:
        """(circles,) of the nodes, ascending from the north."""
        return _locked(np.asarray(ducc0.misc.GL_thetas(self.shape[0])))

    @cached_property
    def longitudes(self) -> Array:
        """(longitudes,) of the nodes, from 0."""
        return _locked(sp.TWO_PI * np.arange(self.shape[1]) / self.shape[1])

    @cached_property
    def circle_weights(self) -> Array:
        """(circles,) the weight of each node of a circle of latitude."""
        w = np.asarray(ducc0.misc.GL_weights(*self.shape))
        return _locked(w / (w.sum() * self.shape[1]))

    @cached_property
    def weights(self) -> Array:
        """(N,) quadrature weights, of sum 1."""
        return _locked(np.repeat(self.circle_weights, self.shape[1]))

    @cached_property
    def rows(self) -> Array:
        """(N, 3) the nodes."""
        return _locked(sp.rows(self.colatitudes[:, None], self.longitudes).reshape(-1, 3))

    @property
    def nodes(self) -> Array:
        """(N, 3) the nodes: coordinates are rows."""
        return self.rows

    @property
    def degrees(self) -> Array:
        """(M,) l."""
        return sp.pairs(self.lmax)[0]

    @cached_property
    def names(self) -> tuple[tuple[int, int], ...]:
        """(l, m)."""
        l, m = sp.pairs(self.lmax)  # noqa: E741
        return tuple(zip(l.tolist(), m.tolist(), strict=True))

    @property
    def axes(self) -> dict[str, Array]:
        """The grid's axes by name, in degrees as in every atlas."""
        return {"lat": 90.0 - np.degrees(self.colatitudes), "lon": np.degrees(self.longitudes)}

    @property
    def units(self) -> dict[str, str]:
        """Units of the axes."""
        return {"lat": "degrees", "lon": "degrees"}

    def resized(self, size: int) -> Sphere:
        """The sphere with another highest degree."""
        size = inputs.integer("size", size, low=2)
        return self if size == self.lmax else type(self)(size)

    # --- transforms ---------------------------------------------------------------------------------------

    def analyse(self, values: Array) -> Array:
        """(..., N) node values -> (..., M) coefficients."""
        values = np.asarray(values, dtype=float)
        flat = values.reshape(-1, *self.shape) * (sp.ROOT * self.circle_weights[:, None])
        out = np.empty((len(flat), sp.count(self.lmax)), dtype=complex)
        n = threads(self.shape[0] * self.shape[1])
        for field, a in zip(flat, out, strict=True):
            leg = ducc0.fft.r2c(field, axes=(1,), forward=True, nthreads=n)[None, :, : self.lmax + 1]
            ducc0.sht.leg2alm(leg=leg, spin=0, lmax=self.lmax, theta=self.colatitudes, nthreads=n, alm=a[None])
        return out.reshape(*values.shape[:-1], -1)

    def evaluate(self, c: Array, q: Array | None = None, gradient: bool = False) -> Array:
        """The series at the nodes or at rows q (..., n, 3); gradient: (d_theta, d_phi / sin theta), (..., n, 2)."""
        if q is not None and q.ndim == 1:
            return self.evaluate(c, q[None], gradient)[(..., 0, slice(None)) if gradient else (..., 0)]
        if gradient:
            out = self.fields(c[None][:0], c, q)[1]
            assert out is not None
            return out
        return self.fields(c[None], None, q)[0][0]

    def fields(self, s: Array, g: Array | None, q: Array | None = None) -> tuple[Array, Array | None]:
        """Scalars (S, ..., M) and the gradient of a potential (..., M) at the same rows."""
        if q is not None:
            return sp.fields(s, g, q)
        values = np.stack([self._on_nodes(a, 0)[0] for a in s.reshape(-1, s.shape[-1])]) if s.size else np.empty(0)
        scalars = values.reshape(*s.shape[:-1], self.shape[0] * self.shape[1])
        if g is None:
            return scalars, None
        slopes = np.stack([self._on_nodes(a, 1) for a in g.reshape(-1, g.shape[-1])])
        return scalars, np.moveaxis(slopes.reshape(*g.shape[:-1], 2, -1), -2, -1)

    def _on_nodes(self, c: Array, spin: int) -> Array:
        """One field, (1, N), or its gradient, (2, N), at the nodes, summed to the degree where it is lost."""
        K = min(sp.band(c), self.lmax)
        part = Part(self, 1 + spin, K, threads(self.shape[0] * self.shape[1]))
        out = np.empty((1 + spin, *self.shape))
        part.synthesise((sp.ROOT * sp.recut(c, K))[None], out)
        return out.reshape(1 + spin, -1)

    def project(self, q: Array, w: Array, degree: int) -> Array:
        """a_lm = sum_j w_j conj(Y^sigma_lm(q_j)) up to any degree, for rows q (..., n, 3)."""
        return sp.project(q, w, degree)

    def harmonics(self, degree: int) -> Array:
        """l of every coefficient that `project` gives."""
        return sp.pairs(degree)[0]

    def plan(self, multipliers: Array, potential: Array | None) -> SpherePlan[Sphere]:
        """Buffers for these symbols on the padded grid."""
        return SpherePlan(self, _Grid(padded(self.lmax)), multipliers, potential)

    # --- points -------------------------------------------------------------------------------------------

    def points(self, q: Any) -> Array:
        """Unit rows (..., 3) at which a user asks; one point (3,) too.  From angles: `from_angles`."""
        return inputs.rows("x", q if np.ndim(q) != 1 else [q], d=3).reshape(np.shape(q))

    @staticmethod
    def from_angles(theta: Any, phi: Any) -> Array:
        """Unit rows (..., 3) of colatitudes theta in [0, pi] and longitudes phi, in radians; broadcast.

        Raises
        ------
        ValueError
            For a colatitude outside [0, pi], naming it.  (Of single precision, pi itself is.)
        """
        given, theta = theta, inputs.array("theta", theta, nonempty=False, radians=True)
        phi = inputs.array("phi", phi, nonempty=False, radians=True)
        outside = (theta < 0.0) | (theta > np.pi * (1.0 + inputs.spacing("theta", given)))
        if outside.any():
            raise ValueError(
                f"theta: got {float(theta[outside].flat[0])!r}, wanted colatitudes in [0, pi], in radians from the "
                "north pole: a latitude is pi/2 - theta"
            )
        try:
            return sp.rows(np.minimum(theta, np.pi), phi)
        except ValueError:
            raise ValueError(f"theta, phi: got shapes {theta.shape} and {phi.shape}, which do not broadcast") from None

    def chart(self, x: Array) -> Array:
        """Rows are the coordinates."""
        return x

    def frame(self, x: Array | None = None) -> Array:
        """(..., n, 2, 3) the unit tangents to the south and to the east; at the poles, of longitude 0."""
        return self._frame if x is None else sp.frame(x)

    @cached_property
    def _frame(self) -> Array:
        return _locked(sp.frame(self.rows))

    def inner(self, v: Array, q: Array | None = None) -> Array:
        """<x, v> at the nodes or at rows q."""
        return (self.rows if q is None else q) @ v

    def place(self, c: Array, u: Array) -> Array:
        """u (n, 2) -> rows (n, 3): height by its distribution function, longitude by that of its circle."""
        return sp.place(c, u)

    # --- coefficients -------------------------------------------------------------------------------------

    def _given(self, coefficients: Any) -> Array:
        c = inputs.array("coefficients", coefficients, ndim=1, complex_ok=True)
        if sp.degree_of(len(c)) > self.lmax:
            raise ValueError(
                f"coefficients: got {len(c)}, of degree {sp.degree_of(len(c))}, and {self} holds {len(self.degrees)}: "
                "use a larger space"
            )
        return self.admit(sp.recut(c.astype(complex), self.lmax))

    def admit(self, c: Array) -> Array:
        """Coefficients of a real density: a_l0 real."""
        c = np.array(c, dtype=complex)
        odd = np.flatnonzero(c[: self.lmax + 1].imag)
        if len(odd):
            raise ValueError(f"coefficients: a_{odd[0]},0 = {c[odd[0]]} has m = 0 and must be real for a real density")
        return c

    def _sampled(self, f: Any) -> tuple[Array, float, Rounding]:
        try:
            return Gridded._sampled(_Grid(self.lmax), f)
        except TooLarge as error:
            raise ValueError(
                "density: the callable is not resolved by the largest sphere that memory allows: it has a jump, a kink "
                f"or a spike; smooth it, or give coefficients= ({error})"
            ) from None

    def density_from_map(self, values: Any, lat: Any, lon: Any) -> Density:
        c, error, known = from_map.coefficients(self, values, lat, lon)
        return finished(Density(self, c, known.doubt(error)), known, None, True, False)

    density_from_map.__doc__ = Gridded.density_from_map.__doc__

    def ripple(self, modes: dict[tuple[int, int], complex]) -> Array:
        """Coefficients of sum Re(a Y^sigma_lm) for {(l, m): a}, -l <= m <= l; a must be real where m = 0."""
        c = np.zeros(len(self.degrees), dtype=complex)
        for key, value in modes.items():
            l, m = _mode(key, self.lmax)  # noqa: E741
            a = complex(inputs.array(f"mode {(l, m)}", value, ndim=0, complex_ok=True)[()])
            if m == 0 and a.imag != 0.0:
                raise ValueError(f"mode {(l, m)}: got {a}, and Y_{l},0 is real: wanted a real number")
            if m < 0:  # Y_{l,-m} = (-1)^m conj Y_lm
                a = a.conjugate() * (-1) ** (m % 2)
            c[sp.index(self.lmax, l, abs(m))] += a if m == 0 else 0.5 * a
        return c

    def moments(self, c: Array, degree: int) -> Array:
        """a_lm = int conj(Y^sigma_lm) d mu of degree <= `degree`, in ducc0's order (zero beyond lmax)."""
        return sp.recut(c, degree)

    def spectrum(self, c: Array) -> Array:
        """Power by degree, (..., lmax + 1): sum over m = -l..l of |a_lm|^2; its sum is int rho^2 d sigma."""
        return sp.by_degree(np.square(np.abs(c)))

    def averages(self, c: Array) -> tuple[Array, Array]:
        """int x d mu (..., 3) and int x x^T d mu (..., 3, 3)."""
        a = np.moveaxis(sp.recut(c, 2), -1, 0)
        a10, a11, a20, a21, a22 = (a[sp.index(2, *lm)] for lm in ((1, 0), (1, 1), (2, 0), (2, 1), (2, 2)))
        mean = np.stack([-a11.real * np.sqrt(2 / 3), a11.imag * np.sqrt(2 / 3), a10.real / np.sqrt(3.0)], axis=-1)
        mass = a[0].real
        zz = (mass + 2.0 / np.sqrt(5.0) * a20.real) / 3.0
        xz, yz = -a21.real / np.sqrt(7.5), a21.imag / np.sqrt(7.5)
        half, xy = 0.5 * a22.real / np.sqrt(1.875), -0.5 * a22.imag / np.sqrt(1.875)
        xx, yy = 0.5 * (mass - zz) + half, 0.5 * (mass - zz) - half
        second = [[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]]
        return mean, np.stack([np.stack(row, axis=-1) for row in second], axis=-2)

    def rotated(self, rho: Density, R: Any) -> Density:
        """The density of R x for x distributed as rho, R orthogonal (3, 3): rho(R^T x), exactly."""
        if getattr(rho, "space", None) != self:
            raise TypeError(f"rho: got {inputs.describe(rho)}, wanted a density on {self}")
        return Density(self, sp.rotate(rho.coefficients, R))


class _Grid(Sphere):
    """A sphere whose nodes alone are used, to sample on or to form products: it needs a quarter of the memory."""

    _bytes = BYTES // 4


def _mode(key: Any, lmax: int) -> tuple[int, int]:
    if not (isinstance(key, tuple) and len(key) == 2):
        raise TypeError(f"modes: got the key {key!r}, wanted (l, m), for example {{(2, 1): 0.1}}")
    l = inputs.integer("l", key[0], low=0)  # noqa: E741
    if l > lmax:
        raise ValueError(f"l: mode {key} is not held by Sphere({lmax}): use a larger one")
    return l, inputs.integer("m", key[1], low=-l, high=l)


def _locked(a: Array) -> Array:
    a.setflags(write=False)
    return a
