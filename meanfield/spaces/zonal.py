"""Axisymmetric densities on S^{d-1} for every d: functions of c = <x, axis>."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import scipy

from meanfield.geometry import MERIDIAN
from meanfield.protocols import Array
from meanfield.spaces.base import Gridded
from meanfield.spaces.stacked import OneByOne
from meanfield.special import ultraspherical
from meanfield.special.bessel import dimensions
from meanfield.tools import inputs
from meanfield.tools.settings import register

LARGEST_DIMENSION = 1024
EPS = float(np.finfo(float).eps)
STEPS = 4.0
"""Roundings, of eps each, that a step of the recurrence adds to p_k and its sum; measured are 2.2 at most."""
MOST = 10**4
"""Degree at most: its matrices are dense."""


@register
@dataclass(frozen=True)
class ZonalSphere(Gridded):
    """Densities on S^{d-1} that depend on c = <x, axis> alone.

    Parameters
    ----------
    d : int
        Ambient dimension, 2 to 1024.
    degree : int
        Highest degree, at least 2.
    axis : array (d,), optional
        Direction of symmetry, normalised; the last basis vector by default (the first at d = 2, so that c = cos theta).

    Raises
    ------
    ValueError, TypeError
        For what was given, naming the argument.

    Notes
    -----
    Coefficients are a_k = int p_k(c) d mu for the polynomials p_k orthonormal under sigma, p_k = sqrt(N(d, k)) P_k.
    Nodes are the degree + 1 Gauss nodes.  Their rows are not determined, so that laws answer in the one tangent
    component along the meridian.  Near the poles in high d the p_k are enormous: a coefficient's rounding decides the
    values there, and `bound` says how far.  So coefficients that are rounding are zero from the start, a density made
    of a callable keeps it, and a value that cannot be known is NaN.  Moments are well-conditioned everywhere.

    Examples
    --------
    >>> rho = mf.ZonalSphere(8, 16).density(lambda c: 1.0 + 0.3 * c)
    >>> round(float(rho.mass), 12)
    1.0
    """

    d: int
    degree: int
    axis: Any = None
    picture = "zonal"
    line = MERIDIAN
    ends = np.array([-1.0, 1.0])

    def __post_init__(self) -> None:
        d = inputs.integer("d", self.d, low=2, high=LARGEST_DIMENSION)
        degree = inputs.integer("degree", self.degree, low=2, high=MOST)
        if self.axis is None:
            axis = np.zeros(d)
            axis[0 if d == 2 else -1] = 1.0
        else:
            axis = inputs.unit_vector("axis", self.axis, d)
        object.__setattr__(self, "d", d)
        object.__setattr__(self, "degree", degree)
        object.__setattr__(self, "axis", tuple(axis.tolist()))

    def __str__(self) -> str:
        return f"ZonalSphere(d={self.d}, degree={self.degree})"

    # --- data ---------------------------------------------------------------------------------------------

    @property
    def size(self) -> int:
        """The highest degree."""
        return self.degree

    @cached_property
    def _rule(self) -> ultraspherical.Rule:
        return ultraspherical.gauss(self.d, self.degree + 1)

    @property
    def nodes(self) -> Array:
        """(degree + 1,) Gauss nodes c, ascending."""
        return self._rule.nodes

    @property
    def weights(self) -> Array:
        """(degree + 1,) of sum 1."""
        return self._rule.weights

    @cached_property
    def degrees(self) -> Array:
        """0..degree."""
        return np.arange(self.degree + 1)

    @cached_property
    def names(self) -> tuple[int, ...]:
        """k."""
        return tuple(range(self.degree + 1))

    rows = None

    @property
    def axes(self) -> dict[str, Array]:
        """The grid's axes by name."""
        return {"c": self.nodes}

    @property
    def units(self) -> dict[str, str]:
        """Units of the axes."""
        return {"c": "1"}

    @cached_property
    def direction(self) -> Array:
        """(d,) the axis as an array."""
        return np.array(self.axis)

    def resized(self, size: int) -> ZonalSphere:
        """The same symmetry with another highest degree."""
        size = inputs.integer("size", size, low=2, high=MOST)
        return self if size == self.degree else ZonalSphere(self.d, size, self.axis)

    # --- transforms ---------------------------------------------------------------------------------------

    def analyse(self, values: Array) -> Array:
        """(..., N) node values -> (..., M) coefficients."""
        return (np.asarray(values) * np.sqrt(self.weights)) @ self._rule.values

    def evaluate(self, c: Array, q: Array | None = None, gradient: bool = False) -> Array:
        """The series at the nodes or at heights q; gradient: its component along the meridian, (..., n, 1)."""
        if q is None:
            out = _bare(c @ (self._rule.slopes if gradient else self._rule.values).T, np.sqrt(self.weights))
        else:
            c = c[..., : _used(c)]
            at = ultraspherical.slopes if gradient else ultraspherical.values
            out = c @ at(self.d, c.shape[-1] - 1, q.ravel()).T
            out = out.reshape((*c.shape[:-1], *q.shape))
        return out[..., None] if gradient else out

    def bound(self, c: Array, error: Any, q: Array | None = None) -> Array:
        """(..., n) how far `evaluate` may be off, if coefficients are by `error`, and by the recurrence's rounding.

        sum_k (error_k + 4 K eps |c_k|) |p_k(c)|; what lies beyond the highest degree is taken to add as much as the
        last degree at most.
        """
        K = len(self.degrees) if np.any(error) else _used(c)
        size = np.broadcast_to(error, len(self.degrees))[:K] + STEPS * K * EPS * np.abs(c[..., :K])
        if q is None:
            out = _bare(size @ np.abs(self._rule.values[:, :K]).T, np.sqrt(self.weights))
            return np.where(self.weights > 0.0, out, np.inf)
        with np.errstate(over="ignore", invalid="ignore"):
            out = size @ np.abs(ultraspherical.values(self.d, K - 1, q.ravel())).T
        return np.where(np.isnan(out), np.inf, out).reshape((*c.shape[:-1], *q.shape))

    def rounding(self, c: Array) -> float:
        """Rounding of the sums of M terms that gave c: it adds up like a random walk of M steps of eps."""
        return float(np.sqrt(c.shape[-1]) * EPS * np.linalg.norm(c))

    def project(self, q: Array, w: Array, degree: int) -> Array:
        """a_k = sum_j w_j p_k(q_j), k = 0..degree, for heights q (..., n)."""
        q, w = np.broadcast_arrays(q, w)
        table = ultraspherical.values(self.d, degree, q.ravel()).reshape(*q.shape, degree + 1)
        return np.einsum("...n,...nk->...k", w, table)

    def harmonics(self, degree: int) -> Array:
        """Degrees of the coefficients that `project` gives: 0..degree."""
        return np.arange(degree + 1)

    def plan(self, multipliers: Array, potential: Array | None) -> ZonalPlan:
        """Matrices for these symbols on a grid of 3/2 the degree."""
        return ZonalPlan(self, multipliers, potential)

    # --- points -------------------------------------------------------------------------------------------

    def points(self, q: Any) -> Array:
        """Heights at which a user asks: in [-1, 1], of any shape; rows (..., d) of the sphere for d > 2 otherwise."""
        c = inputs.array("c", q, nonempty=False)
        if np.any(np.abs(c) > 1.0 + max(1e-12, 4.0 * inputs.spacing("c", q))):
            raise ValueError(f"c: got {float(c.flat[np.abs(c).argmax()])!r}, wanted heights c = <x, axis> in [-1, 1]")
        return np.clip(c, -1.0, 1.0)

    def chart(self, x: Array) -> Array:
        """Rows (..., n, d) -> heights <x, axis>."""
        return x @ self.direction

    def frame(self, x: Array | None = None) -> Array:
        """(..., n, 1, d) the unit tangent along the meridian, towards the axis (zero at the poles)."""
        if x is None:
            raise TypeError(f"the nodes of {self} are circles of latitude: they have no rows and no frame in R^d")
        e = self.direction - self.chart(x)[..., None] * x
        norm = np.linalg.norm(e, axis=-1, keepdims=True)
        return np.divide(e, norm, out=np.zeros_like(e), where=norm > 0.0)[..., None, :]

    def inner(self, v: Array, q: Array | None = None) -> Array:
        """<x, v> at heights q, for v along the axis."""
        along = float(v @ self.direction)
        if np.linalg.norm(v - along * self.direction) > 1e-12 * np.linalg.norm(v):
            raise ValueError(
                f"mean: a direction off the axis breaks the symmetry of {self}: give a multiple of space.direction, or "
                "make the space with axis=mean"
            )
        return along * (self.nodes if q is None else q)

    @property
    def levels(self) -> int:
        """Levels in [0, 1) that `place` needs for a point: one for c, d - 1 for its direction (one at d = 2)."""
        return 2 if self.d == 2 else self.d

    def place(self, c: Array, u: Array) -> Array:
        """u (n, levels) -> rows (n, d): c by the inverse distribution function, the rest uniform around the axis."""
        height = self._heights(c, u[:, 0])
        return self.around(height, ultraspherical.sine(height), u[:, 1:])

    def around(self, height: Array, sine: Array, u: Array) -> Array:
        """Rows (n, d) at heights c and their sines, turned about the axis by the levels u (n, levels - 1)."""
        if self.d == 2:
            around = np.where(u < 0.5, -1.0, 1.0)
        else:
            around = scipy.special.ndtri(np.clip(u, 1e-300, 1.0 - 1e-16))
            around /= np.linalg.norm(around, axis=-1, keepdims=True)
        rows = height[:, None] * self.direction + sine[:, None] * (around @ self._across)
        return rows / np.linalg.norm(rows, axis=-1, keepdims=True)

    @cached_property
    def _across(self) -> Array:
        """(d - 1, d) an orthonormal basis of the axis' complement."""
        # the reflection that takes the first or last basis vector to the axis takes the others to its complement
        base = np.zeros(self.d)
        base[0 if self.d == 2 else -1] = 1.0
        across = np.delete(np.eye(self.d), 0 if self.d == 2 else self.d - 1, axis=0)
        v = base - self.direction
        square = float(v @ v)
        return across if square < 1e-30 else across - 2.0 * np.outer(across @ v, v) / square

    def _heights(self, a: Array, u: Array) -> Array:
        """Heights with distribution function u, by bisection and Newton's method on the exact series."""
        a = a / a[0]
        low, high = np.full_like(u, -1.0), np.full_like(u, 1.0)
        c = np.zeros_like(u)
        for _ in range(80):
            excess = ultraspherical.distribution(self.d, a, c) - u
            low, high = np.where(excess <= 0.0, c, low), np.where(excess >= 0.0, c, high)
            density = self.evaluate(a, c) * np.exp(ultraspherical.log_weight(self.d, c))
            with np.errstate(divide="ignore", invalid="ignore"):
                newton = c - excess / density
            new = np.where((newton > low) & (newton < high), newton, 0.5 * (low + high))
            if np.abs(new - c).max() <= 2e-16:
                break
            c = new
        return c

    # --- moments ------------------------------------------------------------------------------------------

    def ripple(self, modes: dict[int, complex]) -> Array:
        """Coefficients of sum_k a_k P_k(c), P_k(1) = 1, for {k: a_k}: a_k / sqrt(N(d, k))."""
        a = np.zeros(self.degree + 1)
        for k, value in modes.items():
            k = inputs.integer("k", k, low=0, high=self.degree)
            a[k] += inputs.number(f"mode {k}", value) / np.sqrt(dimensions(self.d, k)[k])
        return a

    def moments(self, c: Array, degree: int) -> Array:
        """int P_k(<x, axis>) d mu, k = 0..degree, with P_k(1) = 1 (zero beyond the highest degree)."""
        held = c[..., : degree + 1] / np.sqrt(dimensions(self.d, self.degree)[: degree + 1])
        return np.concatenate([held, np.zeros((*c.shape[:-1], degree + 1 - held.shape[-1]))], axis=-1)

    def spectrum(self, c: Array) -> Array:
        """Power by degree, (..., K + 1): a_k^2; its sum is int rho^2 d sigma."""
        return np.square(c)

    def averages(self, c: Array) -> tuple[Array, Array]:
        """int x d mu (..., d) and int x x^T d mu (..., d, d)."""
        f = self.moments(c, 2)
        axis, d = self.direction, self.d
        along = ((d - 1.0) * f[..., 2] + f[..., 0]) / d
        across = (f[..., 0] - along) / (d - 1.0)
        second = across[..., None, None] * np.eye(d) + (along - across)[..., None, None] * np.outer(axis, axis)
        return f[..., 1, None] * axis, second


class ZonalPlan(OneByOne):
    """Matrix products, restricted to the degrees where each symbol is not zero; buffers kept."""

    def __init__(self, space: ZonalSphere, multipliers: Array, potential: Array | None) -> None:
        self.grid = space.resized(-(-3 * space.degree // 2))
        rule = ultraspherical.gauss(space.d, self.grid.degree + 1)
        M = space.degree + 1
        root = np.sqrt(rule.weights)
        values, slopes = (_bare(table[:, :M].T, root).T for table in (rule.values, rule.slopes))
        bands = [_band(space.d, m) for m in multipliers]
        self._scalars = [
            (np.ascontiguousarray(values[:, :K] * m[:K]), K) for m, K in zip(multipliers, bands, strict=True)
        ]
        K = 0 if potential is None else _band(space.d, potential)
        self._gradient = None if potential is None else np.ascontiguousarray(slopes[:, :K] * potential[:K])
        self._band = K
        self._s = np.empty((len(multipliers), len(root)))
        self._g = np.empty(len(root))
        self._flux = np.empty(len(root))
        self._test = np.ascontiguousarray((rule.slopes[:, :M] * root[:, None]).T)

    def opened(self, c: Array) -> tuple[Array, Array | None]:
        """Scalar fields (S, N) and the potential's meridional component (N, 1)."""
        for (table, band), out in zip(self._scalars, self._s, strict=True):
            np.dot(table, c[:band], out=out)
        if self._gradient is None:
            return self._s, None
        np.dot(self._gradient, c[: self._band], out=self._g)
        return self._s, self._g[:, None]

    def closed(self, X: Array, rho: Array, out: Array) -> Array:
        """Coefficients of -div(rho X), tested against every p_k: int grad p_k . X d mu (zero at k = 0)."""
        np.multiply(X[:, 0], rho, out=self._flux)
        return np.dot(self._test, self._flux, out=out)


def _band(d: int, symbol: Array) -> int:
    """Length of a symbol up to where it is lost: a coefficient and a p_k are both at most sqrt(N(d, k))."""
    k = np.arange(1.0, len(symbol))
    size = np.log(2.0 * k + d - 2.0) + scipy.special.gammaln(k + d - 2.0) - scipy.special.gammaln(k + 1.0)
    with np.errstate(divide="ignore"):
        log = np.log(np.abs(symbol)) + np.append(0.0, size - scipy.special.gammaln(d - 1.0))
    return int(np.flatnonzero(log > log.max() - 42.0)[-1]) + 1


def _used(c: Array) -> int:
    """Length of the coefficients (..., M) up to the last that is not zero, 1 at least."""
    where = np.flatnonzero((c != 0.0).reshape(-1, c.shape[-1]).any(axis=0))
    return int(where[-1]) + 1 if len(where) else 1


def _bare(values: Array, root: Array) -> Array:
    """values (..., N) / root; nodes of a weight that no float holds, which count for nothing, as their neighbours."""
    held = np.flatnonzero(root > 0.0)
    near = np.clip(np.arange(len(root)), held[0], held[-1])
    return np.asarray(values[..., near] / root[near])
