"""The first measure: a density on a space, held by its coefficients.  One class for all spaces."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from meanfield.kernels import energy
from meanfield.measures import mixture
from meanfield.measures.belts import Belted, belted
from meanfield.plot.pictured import PicturedDensity
from meanfield.protocols import Array, Geometry, Kernel, Law, Line, Measure, Reading, Space
from meanfield.spaces.coefficients import kindred, recast, tail
from meanfield.spaces.doubt import EXACT, Doubt, UnknownValue, told
from meanfield.spaces.fields import fields
from meanfield.tools import inputs
from meanfield.tools.shown import ShownMeasure

EPS = float(np.finfo(float).eps)
LAID_OUT = 64
"""Degrees from which on a density's own nodes integrate what its energies ask, |X|^2 Z rho of some kernel."""
RESOLVED = 1e-12
"""Largest coefficient, relative to the mass, that may stand in the last sixteenth of the degrees."""


def factor(g: Any, n: int) -> Array:
    """What a density is multiplied by, at n nodes: checked."""
    g = inputs.factors("g", g, n, "node")
    if (g < 0.0).any():
        raise ValueError(
            f"g: got {g.min():.3g}, wanted numbers >= 0: the fields of a density are floored where they vanish, and a "
            "signed one has such places: ask points, mf.Points(mu.x, weights=mu.weights).reweighed(g)"
        )
    return g


def warned(values: Array) -> Array:
    """Values asked for at points of a user's choice; says so if some are unknown."""
    unknown = int(np.isnan(values).sum())
    if unknown:
        text = (
            f"{unknown} of {values.size} values are NaN: near the poles of high dimensions they are rounding of the "
            "coefficients. Moments, energy and samples are exact all the same. Values stay known of the density of a "
            'callable, and method="lagrangian" carries them'
        )
        warnings.warn(text, UnknownValue, stacklevel=3)
    return values


class Held(Measure):
    """A measure by its coefficients on a space: its own points are the nodes, by rows."""

    space: Any

    @property
    def d(self) -> int:
        """Ambient dimension."""
        return int(self.space.d)

    @property
    def geometry(self) -> Geometry:
        """Where the nodes are."""
        place: Geometry = self.space.geometry
        return place

    @property
    def line(self) -> Line | None:
        """The space's."""
        line: Line | None = self.space.line
        return line


@dataclass(frozen=True, eq=False)
class Density(PicturedDensity, ShownMeasure, Held):
    """A density rho with respect to sigma, the uniform probability measure of its space: mu = rho sigma.

    Make one with ``space.density(...)`` rather than directly.

    Attributes
    ----------
    space : Space
        Where it lives.
    coefficients : ndarray (M,)
        In the space's orthonormal basis; on the circle c_k = int e^{-ik theta} d mu, k = 0..n/2.  Leading axes, if
        any, are several densities at once.
    doubt : Doubt
        What the coefficients leave unknown: point values that it decides are NaN.
    given : callable or None
        Coordinates -> rho, kept by ``space.density`` of a callable where the coefficients do not tell its values.  (It
        does not travel: what is pickled or computed from this density has its coefficients alone.)

    Raises
    ------
    ValueError, TypeError
        By ``space.density``, for what is no density: not finite, of another shape, of mass far from 1.

    Examples
    --------
    >>> round(float(mf.uniform(mf.Circle(16)).entropy), 12)
    0.0
    """

    space: Any
    coefficients: Array
    doubt: Doubt = EXACT
    given: Callable[[Array], Array] | None = field(default=None, init=False, repr=False)

    def __repr__(self) -> str:
        many = f" of shape {self.lead}" if self.lead else ""
        low, high = np.min(self.minimum), np.max(self.maximum)
        return f"<Density{many} on {self.space}, at its nodes {low:.4g} to {high:.4g} (uniform = 1)>"

    @property
    def lead(self) -> tuple[int, ...]:
        """Leading axes: () of one density, (B,) of B at once."""
        return self.coefficients.shape[:-1]

    def __getitem__(self, index: Any) -> Density:
        """One of several densities, or some of them: `rho[3]`, `rho[-1]`, `rho[2:5]`."""
        if not self.lead:
            raise TypeError("density: this is one density, and has no members to be taken by an index: use it as it is")
        return Density(self.space, self.coefficients[(*np.index_exp[index], ..., slice(None))], self.doubt)

    def __iter__(self) -> Iterator[Density]:
        """Each of several densities."""
        return (self[i] for i in range(len(self[:].coefficients)))

    def some(self, where: Any) -> Density:
        """Several of several, of the last leading axis (see `protocols.Measure`)."""
        return Density(self.space, self.coefficients[..., where, :], self.doubt)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "given": None}

    def keeping(self, f: Callable[[Array], Array] | None) -> Density:
        """The same density, its values those of f."""
        rho = replace(self)
        object.__setattr__(rho, "given", f)
        return rho

    # --- what it is -------------------------------------------------------------------------------------

    held = "coefficients"
    dense = True

    @property
    def values(self) -> Array:
        """rho at the space's nodes, (N,); uniform is 1.  Reported as it is: never clipped; NaN where unknown."""
        return self.known()

    def known(self, q: Array | None = None) -> Array:
        """rho at coordinates q of the space, or at its nodes, as far as it is known: NaN elsewhere."""
        if self.given is None:
            return told(self.space, self.coefficients, self.doubt, q)
        return self.given(self.space.nodes if q is None else q)

    @property
    def minimum(self) -> Any:
        """Smallest node value that is known; below zero by more than rounding it tells of missing resolution."""
        least = np.nanmin(self.values, axis=-1)
        return least if self.lead else float(least)

    @property
    def maximum(self) -> Any:
        """Largest node value that is known."""
        most = np.nanmax(self.values, axis=-1)
        return most if self.lead else float(most)

    @property
    def x(self) -> Array:
        """(N, d) the quadrature points as rows."""
        if self.space.rows is None:
            raise TypeError(f"the nodes of {self.space} have no rows: ask a law that needs no positions")
        return self.space.rows

    @property
    def weights(self) -> Array:
        """(N,) the mass each quadrature point stands for: known to rounding where a value is not."""
        return self.space.weights * self.space.evaluate(self.coefficients)

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
        rho = self.space.evaluate(self.coefficients)  # unknown values weigh less than rounding
        return np.sum(self.space.weights * rho * np.log(np.where(rho > 0.0, rho, 1.0)), axis=-1)

    @property
    def tail(self) -> float:
        """max |c_k| over the last degrees, relative to the largest: how well it is resolved."""
        return tail(self.space, self.coefficients)

    # --- questions --------------------------------------------------------------------------------------

    def __call__(self, q: Any) -> Array:
        """rho at coordinates q of the space (angles in radians on the circle); NaN, with a warning, where unknown."""
        return warned(self.known(self.space.points(q)))

    def at(self, x: Any) -> Array:
        """rho at rows x (..., n, d), unit rows on spheres, whatever the space's own coordinates."""
        flat = self.geometry.manifold != "sphere"
        rows = self.geometry.check("x", x) if flat else inputs.rows("x", x, d=self.d)
        return warned(self.known(self.space.chart(rows)))

    def pdf(self, q: Any) -> Array:
        """The density per length or surface area at q: rho divided by the sphere's area, or the interval's length."""
        return self(q) / self.space.area

    def on(self, space: Space) -> Array:
        """rho at the nodes of another resolution of its space; NaN where unknown."""
        return self.resized(kindred(self.space, space).size).values

    def moments(self, degree: int) -> Array:
        """Moments to `degree`; complex c_k = int e^{-ik theta} d mu, k = 0..degree, on the circle."""
        return self.space.moments(self.coefficients, inputs.degree("degree", degree))

    def energy(self, law: Law, t: float | None = None) -> Any:
        """E = (1/2 beta) iint e^{beta <x, y>} d mu d mu in the law's scale (A, (3.5)), at time t if it changes."""
        return energy.told(law, self, t)

    def excess(self, kernel: Kernel) -> tuple[Array, float]:
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
        if self.lead:
            raise ValueError(f"density: got {self.lead} of them at once, wanted one to draw from: take it by its index")
        if not float(self.mass) > 0.0:
            raise ValueError(f"density: its mass is {float(self.mass)!r}: only a positive measure has points to give")
        return self.space.place(self.coefficients, u)

    def resized(self, size: int) -> Density:
        """The same density held at another resolution (coefficients padded with zeros, or cut)."""
        space = self.space.resized(size)
        c = recast(self.space, self.coefficients, space)
        if space.size >= self.space.size:
            return Density(space, c, self.doubt).keeping(self.given)
        cut = np.abs(self.coefficients[..., self.space.degrees > space.degrees.max()]).max(initial=0.0)
        return Density(space, c, replace(self.doubt, error=max(self.doubt.error, float(cut))))

    # --- changed measures -----------------------------------------------------------------------------------

    @property
    def instead(self) -> str:
        """Where a question that it does not answer may be put."""
        if self.space.rows is None:
            return "ask points drawn from it, mf.Points(mu.sample(1000, rng=0))"
        return "ask its quadrature points, mf.Points(mu.x, weights=mu.weights)"

    def tangential(self, v: Array) -> Array:
        """Rows at the nodes as `read` answers there: in components of the space's frame."""
        flat = self.geometry.manifold != "sphere"
        return v if flat else np.einsum("...nd,nmd->...nm", v, self.space.frame())

    def reweighed(self, g: Any) -> Density:
        """g mu, for g (..., N) >= 0 at the space's nodes; not normalised.

        Raises
        ------
        ValueError
            For a negative g, under which Z, which is floored, need not be positive; and if the space does not hold the
            product's coefficients to 1e-12.
        """
        values = self.space.evaluate(self.coefficients)
        g = factor(g, values.shape[-1])
        c = self.space.analyse(values * g)
        last = tail(self.space, c, gaps=False)
        if last > RESOLVED:
            raise ValueError(
                f"g: under-resolved: the coefficients of g mu in the last sixteenth of the degrees of {self.space} are "
                f"{last:.1e} of the largest, above 1e-12: ask mu.resized({2 * self.space.size}), with g at its nodes"
            )
        error = max(self.doubt.error * float(g.max()), last * float(np.abs(c).max()) if self.doubt.error else 0.0)
        return Density(self.space, c, replace(self.doubt, error=error))

    def also(self, y: Any, a: Any, per_token: bool = True) -> mixture.Mixture | Belted:
        """mu + sum_j a_j delta_{y_j}, a_j masses beside mu's (see `Points.also`), not normalised.

        About an axis, circles of latitude: y are colatitudes (k,), 0 and pi the poles, or unit rows on the axis.
        """
        if self.space.rows is None:
            return belted(self, self.space.line.position(self.space.nodes), y, a, per_token)
        return mixture.also(self, y, a, per_token, self.geometry.manifold)

    # --- the measure's answer to a law --------------------------------------------------------------------

    @property
    def summed(self) -> Density:
        """The same density as sums over its quadrature points ask it: fields are told where they weigh, known or not.

        A field that is rounding, at a point that weighs less than rounding, is 0 here; the integral does not feel it.
        One of few degrees is laid out more finely: what is integrated has products of several of its fields.
        """
        K = int(self.space.degrees.max())
        if not 0 < K < LAID_OUT or self.geometry.manifold != "sphere":
            return summed(self)
        return summed(self.resized(self.space.size // K * min(4 * K + 8, LAID_OUT)))

    def read(self, kernel: Kernel, x: Array | None = None, want: str = "ZM", V: Array | None = None) -> Reading:
        """Answer a law (see `protocols.Measure`): at rows x, or at the own nodes P_x M in tangent components.

        By the Funk-Hecke formula (`meanfield.spaces.fields`).  Where rounding of the coefficients decides the fields
        they are NaN, as values are; at rows with a warning.
        """
        r, hidden = fields(self, kernel, x, want, V)
        if hidden is not None:
            for part in (r.Z, r.M, r.L):
                if part is not None:
                    part[hidden] = np.nan
            if x is not None:
                warned(np.where(hidden, np.nan, 0.0))
        return r


def summed(rho: Density) -> Density:
    """The density at its own nodes as sums over them ask it."""
    return _Summed(rho.space, rho.coefficients, rho.doubt).keeping(rho.given)


class _Summed(Density):
    """A density whose integrals are asked for (see `Density.summed`)."""

    @property
    def summed(self) -> Density:
        """Itself."""
        return self

    def some(self, where: Any) -> Density:
        """Several of several, asked in the same way."""
        return summed(super().some(where))

    def reweighed(self, g: Any) -> Density:
        """g mu, asked in the same way."""
        return summed(super().reweighed(g))

    def read(self, kernel: Kernel, x: Array | None = None, want: str = "ZM", V: Array | None = None) -> Reading:
        """Answer a law; at the own nodes all that weighs is told."""
        if x is not None:
            return super().read(kernel, x, want, V)
        light = np.abs(self.weights) <= EPS * np.abs(np.asarray(self.mass))[..., None]
        return fields(self, kernel, None, want, V, light)[0]
