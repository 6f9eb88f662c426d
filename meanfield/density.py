"""The first measure: a density on a space, held by its coefficients.  One class for all spaces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from meanfield import energy, inputs
from meanfield.protocols import Array, Reading

Z_FLOOR = 1e-13
"""Below this fraction of its maximum the normaliser Z of a density is rounding: it is floored there."""
TINY = float(np.finfo(float).tiny)
IN_USE = 1e-10
"""A degree is in use if its coefficients reach this fraction of the largest."""


def floored(Z: Array, least: Any = 0.0) -> Array:
    """Z >= Z_FLOOR max Z along the last axis, so that a law may divide by it (in place); max Z is at least `least`."""
    if Z.ndim == 1:  # at every stage of a run: the quickest way to a maximum
        return np.maximum(Z, Z_FLOOR * max(Z[Z.argmax()], least), out=Z)
    floor = Z_FLOOR * np.maximum(Z.max(axis=-1, keepdims=True), least)
    return np.maximum(Z, floor, out=Z)


@dataclass(frozen=True, eq=False)
class Density:
    """A density rho with respect to sigma, the uniform probability measure: mu = rho sigma.

    Make one with ``space.density(...)`` rather than directly.

    Attributes
    ----------
    space : Space
        Where it lives.
    coefficients : ndarray (M,)
        In the space's orthonormal basis; on the circle c_k = int e^{-ik theta} d mu, k = 0..n/2.  Leading axes, if
        any, are several densities at once.
    """

    space: Any
    coefficients: Array

    # --- what it is -------------------------------------------------------------------------------------

    @property
    def d(self) -> int:
        """Ambient dimension: the sphere is S^{d-1}."""
        return int(self.space.d)

    @property
    def values(self) -> Array:
        """rho at the space's nodes, (N,); uniform is 1.  Reported as it is: never clipped."""
        return self.space.evaluate(self.coefficients)

    @property
    def minimum(self) -> float:
        """Smallest node value; below zero by more than rounding it tells of missing resolution."""
        return float(self.values[..., self.space.seen].min())

    @property
    def maximum(self) -> float:
        """Largest node value."""
        return float(self.values[..., self.space.seen].max())

    @property
    def x(self) -> Array:
        """(N, d) the quadrature points as rows."""
        if self.space.rows is None:
            raise TypeError(f"the nodes of {self.space} have no rows: ask a law that needs no positions")
        return self.space.rows

    @property
    def weights(self) -> Array:
        """(N,) the mass each quadrature point stands for."""
        return self.space.weights * self.values

    @property
    def mass(self) -> Array | float:
        """int d mu."""
        return self.weights.sum(axis=-1)

    @property
    def mean(self) -> Array:
        """int x d mu, (d,)."""
        return self.space.averages(self.coefficients)[0]

    @property
    def second_moment(self) -> Array:
        """int x x^T d mu, (d, d)."""
        return self.space.averages(self.coefficients)[1]

    @property
    def entropy(self) -> Array | float:
        """int rho log rho d sigma (0 log 0 = 0; nodes where rounding made rho negative count as 0)."""
        rho = self.values
        return np.sum(self.space.weights * rho * np.log(np.where(rho > 0.0, rho, 1.0)), axis=-1)

    @property
    def tail(self) -> float:
        """max |c_k| over the last degrees, relative to the largest: how well it is resolved."""
        return tail(self.space, self.coefficients)

    # --- questions --------------------------------------------------------------------------------------

    def __call__(self, q: Any) -> Array:
        """rho at coordinates q of the space (angles in radians on the circle), by its series."""
        return self.space.evaluate(self.coefficients, self.space.points(q))

    def at(self, x: Any) -> Array:
        """rho at unit rows x (..., n, d), whatever the space's own coordinates."""
        return self.space.evaluate(self.coefficients, self.space.chart(inputs.rows("x", x, d=self.d)))

    def pdf(self, q: Any) -> Array:
        """The density per arc length or surface area at q: rho divided by the sphere's area."""
        return self(q) / self.space.area

    def on(self, space: Any) -> Array:
        """rho at the nodes of another resolution of its space."""
        return space.evaluate(carry(self.space, self.coefficients, space))

    def moments(self, degree: int) -> Array:
        """Moments to `degree`; complex c_k = int e^{-ik theta} d mu, k = 0..degree, on the circle."""
        return self.space.moments(self.coefficients, inputs.integer("degree", degree, low=0))

    def energy(self, law: Any) -> Any:
        """E = (1/2 beta) iint e^{beta <x, y>} d mu d mu in the law's scale (A, (3.5))."""
        return energy.told(law, self)

    def excess(self, kernel: Any) -> tuple[Array, float]:
        """E less that of the uniform measure, as a number and a logarithm (see `protocols.Measure`)."""
        return energy.by_degree(kernel, self.d, self.space.spectrum(self.coefficients))

    def sample(self, n: int, rng: Any = None) -> Array:
        """n independent points distributed as mu (on the circle: angles (n,)), by inverse distribution function.

        Parameters
        ----------
        n : int
            How many.
        rng : int, numpy.random.Generator or None
            Seed or generator; the same seed gives the same bits.
        """
        n = inputs.integer("n", n, low=1)
        return self._placed(inputs.generator(rng).random((n, self.space.levels)))

    def quantize(self, n: int) -> Array:
        """n deterministic points each standing for mass 1/n (on the circle: the angles where F = (i + 1/2)/n)."""
        return self._placed(self.space.lattice(inputs.integer("n", n, low=1)))

    def _placed(self, u: Array) -> Array:
        if not float(self.mass) > 0.0:
            raise ValueError(f"density: its mass is {float(self.mass)!r}: only a positive measure has points to give")
        return self.space.place(self.coefficients, u)

    def resized(self, size: int) -> Density:
        """The same density held at another resolution (coefficients padded with zeros, or cut)."""
        space = self.space.resized(size)
        return Density(space, carry(self.space, self.coefficients, space))

    # --- the measure's answer to a law --------------------------------------------------------------------

    def read(self, kernel: Any, x: Array | None = None, want: str = "ZM") -> Reading:
        """Answer a law (see `protocols.Measure`): at rows x, or at the own nodes in tangent components.

        By the Funk-Hecke formula: the fields are the density's own series times the kernel's multipliers.
        """
        if not kernel.isotropic:
            raise TypeError(
                f"a density answers kernels of <x, y> alone, got {kernel}: ask its quadrature points, "
                "mf.Points(rho.x, weights=rho.weights)"
            )
        c, space, d = self.coefficients, self.space, self.d
        degree = int(space.degrees.max())
        symbol = {
            "Z": lambda: kernel.multipliers(d, degree)[space.degrees],
            "L": lambda: -kernel.potential(d, degree)[space.degrees] * space.degrees * (space.degrees + d - 2.0),
        }
        names = [name for name in "ZL" if name in want]
        scalars = np.stack([symbol[name]() * c for name in names]) if names else np.empty((0, *c.shape))
        potential = kernel.potential(d, degree)[space.degrees] * c if "M" in want else None
        q = None if x is None else space.chart(x)
        s, M = space.fields(scalars, potential, q)
        got = dict(zip(names, s, strict=True))
        if M is not None and x is not None:
            M = np.einsum("...nm,...nmd->...nd", M, space.frame(x))
        # at a few points of a stranger's choice Z may be faint everywhere; its mean over the sphere is the mass
        least = 0.0 if x is None else np.abs(np.asarray(self.mass))[..., None]
        Z = floored(got["Z"], least)[..., None] if "Z" in got else None
        return Reading(Z, M, got.get("L"), kernel.log_lambda0(d))


def tail(space: Any, c: Array, gaps: bool = True) -> float:
    """max |c_k| over the last degrees, relative to the largest coefficient (c_0 = 1 on the circle).

    These are the top sixteenth, the last two at least, and with `gaps` as many as separate the degrees in use: of a
    density of period 2 pi / m only every m-th is, and what must come next may lie far up.
    """
    size, k = np.abs(c), space.degrees
    most = size if size.ndim == 1 else size.reshape(-1, len(k)).max(axis=0)
    scale, K = max(float(most[most.argmax()]), TINY), int(k[k.argmax()])
    first = 15 * K // 16
    if gaps:
        used = np.flatnonzero(np.bincount(k[most > IN_USE * scale]))
        if len(used) > 1:
            first = min(first, K - 1 - int((used[1:] - used[:-1]).max()))
    last = most[k > min(first, K - 2)]
    return float(last[last.argmax()]) / scale


def by_degree(space: Any, c: Array) -> Array:
    """(degrees,) the largest |coefficient| of every degree."""
    out = np.zeros(int(space.degrees.max()) + 1)
    np.maximum.at(out, space.degrees, np.abs(c))
    return out


def carry(old: Any, c: Array, new: Any) -> Array:
    """Coefficients of `old` as those of `new`: same labels, the rest zero."""
    if old.labels == new.labels:
        return c.copy()
    where = {label: i for i, label in enumerate(new.labels)}
    pairs = [(i, where[label]) for i, label in enumerate(old.labels) if label in where]
    source, target = np.array(pairs).T
    out = np.zeros((*c.shape[:-1], len(new.labels)), dtype=c.dtype)
    out[..., target] = c[..., source]
    return out
