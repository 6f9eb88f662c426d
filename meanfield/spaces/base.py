"""What every space shares: how a density is made on it, and refused."""

from __future__ import annotations

from collections.abc import Callable
from math import exp, lgamma, log, pi, sqrt
from typing import Any

import numpy as np

from meanfield.geometry import ROWS
from meanfield.protocols import Array, Atlas, Geometry, Line
from meanfield.protocols.member import fallback
from meanfield.spaces.coefficients import recast, tail
from meanfield.spaces.dense import DensePlan
from meanfield.spaces.density import RESOLVED, Density
from meanfield.spaces.finished import called, finished
from meanfield.spaces.from_data import FromData
from meanfield.spaces.rounded import EXACT, Rounding
from meanfield.special.bessel import dimensions
from meanfield.tools import inputs
from meanfield.tools.shown import Shown

EPS = float(np.finfo(float).eps)
ALIASED = 1e-8
"""Relative difference of a callable's values from its series, beyond which the series is of something else."""
REFINEMENTS = 6
"""How often a callable is sampled twice as finely before it is called unresolvable."""


class Gridded(FromData, Shown):
    """Base of the spaces: densities from callables, node values or coefficients.

    (Methods take `self` as Any: what a space is, is the contract `protocols.Space`, which this class only helps with.)

    A space gives d, size, nodes, weights, degrees, names, rows, analyse, evaluate, chart, frame, place and resized.
    For the rest of the contract there are plain answers here, by quadrature and dense matrices (real orthonormal
    coefficients); a space that can do better says so by its own method.  One that is no sphere gives its `geometry`
    (`meanfield.geometry.FLAT`), `laplacian` and `area`, too.
    """

    geometry: Geometry = ROWS
    line: Line | None = None
    atlas: Atlas | None = None
    ends: Array | None = None
    method: str | None = None
    largest = 512

    @fallback
    def picture(self: Any) -> str | None:
        """The circle's, of densities on the circle; others say which."""
        return "circle" if self.geometry == ROWS and self.d == 2 else None

    @fallback
    def laplacian(self: Any) -> Array:
        """(M,) -k(k+d-2), on a sphere."""
        self._of_sphere("laplacian", "(M,), its eigenvalue at every coefficient, such as -(pi k / 2 L)^2")
        return np.asarray(-(self.degrees * (self.degrees + self.d - 2.0)))

    @fallback
    def waves(self: Any) -> float:
        """The highest degree, on a sphere; else by the Laplacian."""
        if self.geometry.manifold == "sphere":
            return float(self.degrees.max())
        return sqrt(-float(self.laplacian.min()))

    @fallback
    def most(self: Any) -> Array:
        """(M,) on a sphere sqrt(N(d, k)), by the addition theorem; else what a point mass at a node has."""
        if self.geometry.manifold == "sphere":
            return np.sqrt(dimensions(self.d, int(self.degrees.max())))[self.degrees]
        return np.abs(self.analyse(np.diag(1.0 / self.weights))).max(axis=0)

    def _of_sphere(self: Any, what: str, wanted: str) -> None:
        """Refuse a space of R^d that does not say what is known of spheres alone."""
        if self.geometry.manifold != "sphere":
            raise TypeError(f"{what}: {type(self).__name__} lives in R^{self.d} and does not say it: write {wanted}")

    @fallback
    def levels(self: Any) -> int:
        """Numbers in [0, 1) that `place` needs for a point."""
        return self.d - 1

    def holding(self: Any, densities: Any) -> Any:
        """Itself: densities stay."""
        return self

    def bound(self: Any, c: Array, error: Any, q: Array | None = None) -> Array | None:
        """None: a basis that grows like a power of its degree leaves no value unknown."""
        return None

    def rounding(self: Any, c: Array) -> float:
        """No coefficient is cleared: rounding in them shows nowhere."""
        return 0.0

    @fallback
    def axes(self: Any) -> dict[str, Array]:
        """The grid's axes by name, in the order of the nodes."""
        return {"node": np.arange(len(self.weights))}

    @fallback
    def units(self: Any) -> dict[str, str]:
        """Units of the axes."""
        return {}

    def fields(self: Any, s: Array, g: Array | None, q: Array | None = None) -> tuple[Array, Array | None]:
        """Scalars (S, ..., M) and a potential's gradient at the same points."""
        return self.evaluate(s, q), None if g is None else self.evaluate(g, q, gradient=True)

    def harmonics(self: Any, degree: int) -> Array:
        """Degrees of the coefficients that `project` gives."""
        return self.degrees[self.degrees <= degree]

    def plan(self: Any, multipliers: Array, potential: Array | None) -> Any:
        """Dense matrices on a grid twice as fine."""
        return DensePlan(self, multipliers, potential)

    def lattice(self: Any, n: int) -> Array:
        """(n, levels): equidistant in one dimension, a Kronecker lattice in more."""
        first = ((np.arange(n) + 0.5) / n)[:, None]
        # irrational steps of the generalised golden ratio spread the other levels evenly
        root = np.roots([1.0, *[0.0] * (self.levels - 2), -1.0, -1.0]) if self.levels > 1 else np.empty(0)
        ratios = [1.0 / float(root.real.max()) ** (i + 1) for i in range(self.levels - 1)]
        rest = [np.mod(0.5 + ratio * np.arange(1, n + 1), 1.0)[:, None] for ratio in ratios]
        return np.concatenate([first, *rest], axis=1)

    def points(self: Any, q: Any) -> Array:
        """Coordinates given by a user, checked."""
        return inputs.array("q", q, nonempty=False)

    def moments(self: Any, c: Array, degree: int) -> Array:
        """The coefficients themselves, to `degree`."""
        return c[..., self.degrees <= degree]

    def spectrum(self: Any, c: Array) -> Array:
        """Power by degree (..., K + 1): the sum of |c|^2 over the coefficients of each."""
        return np.square(c) @ (self.degrees[:, None] == np.arange(int(self.degrees.max()) + 1)).astype(float)

    def averages(self: Any, c: Array) -> tuple[Array, Array]:
        """int x d mu and int x x^T d mu, by quadrature."""
        mass = self.weights * self.evaluate(c)
        mean = np.einsum("...n,nd->...d", mass, self.rows)
        return mean, np.einsum("...n,ni,nj->...ij", mass, self.rows, self.rows)

    @fallback
    def area(self: Any) -> float:
        """Surface area of S^{d-1}, 2 pi^{d/2} / Gamma(d/2): 2 pi on the circle."""
        self._of_sphere("area", "a number, what sigma's mass of 1 is spread over, such as the length 2 L")
        size = log(2.0) + 0.5 * self.d * log(pi) - lgamma(0.5 * self.d)
        if size < -700.0:
            raise ValueError(f"pdf: the area of S^{self.d - 1} is e^{size:.0f}, which no float holds: ask for rho")
        return exp(size)

    def density(
        self: Any,
        f: Callable[[Array], Any] | Any = None,
        *,
        coefficients: Any = None,
        normalize: bool = True,
        signed: bool = False,
    ) -> Density:
        """A density with respect to sigma (uniform is 1).

        Parameters
        ----------
        f : callable or array
            A function of the space's coordinates (theta in radians on the circle), or its values at `nodes`.  Values of
            single precision, or of at most 12 digits (a printed table, numpy.round), are data of that precision: what
            their rounding explains is no sign of missing resolution, nor of a negative density, and `doubt` says it.
        coefficients : array, optional
            Instead of f: coefficients in the space's basis (c_k = int e^{-ik theta} d mu, k = 0.. on the circle).
        normalize : bool
            Divide by the mass.  False demands mass 1 (to 1e-12) instead.
        signed : bool
            Allow negative values and any mass, and leave them as they are: for perturbations.

        Raises
        ------
        ValueError
            For values that are not finite or not real, negative beyond rounding (-1e-12 max), of zero mass, of the
            wrong length; and for what this resolution cannot hold: coefficients above 1e-12 of the mass in the
            last sixteenth of the degrees (a callable is first sampled more finely, since padding cannot undo
            aliasing).
        """
        normalize, signed = inputs.flag("normalize", normalize), inputs.flag("signed", signed)
        if (f is None) == (coefficients is None):
            raise ValueError("density: give either a callable or node values, or coefficients=, and not both")
        if f is None:
            eps = inputs.spacing("coefficients", coefficients)
            known = Rounding(eps) if eps > EPS else EXACT  # of float64 they define the density
            rho = Density(self, self._given(coefficients), known.doubt(0.0))
            return finished(rho, known, None, normalize, signed)
        if callable(f):
            c, error, known = self._sampled(f)
        else:
            c, error, known = self._rounded(inputs.array("values", f, shape=(len(self.weights),)), f)
        return finished(Density(self, c, known.doubt(error)), known, f if callable(f) else None, normalize, signed)

    def _given(self: Any, coefficients: Any) -> Array:
        c = inputs.array("coefficients", coefficients, ndim=1, complex_ok=True)
        M = len(self.degrees)
        if len(c) > M:
            raise ValueError(f"coefficients: got {len(c)}, and {self} holds {M}: use a larger space")
        return self.admit(np.concatenate([c, np.zeros(M - len(c), dtype=c.dtype)]))

    def admit(self: Any, c: Array) -> Array:
        """Coefficients as the space holds them; refuses those that no real density has."""
        if np.iscomplexobj(c):
            raise ValueError(f"coefficients: {self} holds real coefficients, got complex ones")
        return c

    def _rounded(self: Any, values: Array, given: Any) -> tuple[Array, float, Rounding]:
        """Coefficients of node values, their error, and what the values' own rounding leaves unknown."""
        c = self.analyse(values)
        seen = tail(self, c, gaps=False) <= RESOLVED  # then nothing need be explained
        known = EXACT if seen else Rounding.of(self, inputs.rounding("values", given))
        c = known.cleared(self, c)
        error = max(self._refuse_tail(c, known.coefficient), self.rounding(c))
        c = np.where(np.abs(c) > self.rounding(c), c, 0.0)
        return c, error, known if known == EXACT else known.with_misfit(values - self.evaluate(c))

    def _sampled(self: Any, f: Callable[[Array], Any]) -> tuple[Array, float, Rounding]:
        """Coefficients of a callable, sampled finely enough that none is aliased, their error, and of its values."""
        fine: Any = self.resized(2 * self.size)
        for _ in range(REFINEMENTS - 1):
            values, eps = called(f, fine.nodes, len(fine.weights))
            c = fine.analyse(values)
            exact = eps <= EPS or tail(fine, c) <= RESOLVED
            known = EXACT if exact else Rounding.of(fine, 0.5 * eps * np.abs(values))
            c = known.cleared(fine, c)
            if tail(fine, c) <= RESOLVED:
                break
            fine = fine.resized(2 * fine.size)
        else:
            raise ValueError(
                f"density: the callable is not resolved even by {fine.size // 2} (its coefficients have only fallen to "
                f"{tail(fine.resized(fine.size // 2), c):.1e} of its size): it has a jump, a kink or a spike; "
                "smooth it, or give coefficients="
            )
        beyond = fine.degrees > self.degrees.max()
        lost, scale = np.abs(c) * beyond, float(np.abs(c).max())
        if lost.max() > RESOLVED * scale:
            needed = int(fine.degrees[np.nonzero(np.abs(c) > RESOLVED * scale)[0].max()])
            raise ValueError(
                f"density: under-resolved: the callable has coefficients up to degree {needed} above 1e-12, and {self} "
                f"holds degrees up to {int(self.degrees.max())}: use a larger space, such as {fine}"
            )
        rounding = fine.rounding(c)
        c = recast(fine, np.where(np.abs(c) > rounding, c, 0.0), self)
        # what doubled grids all take for a lower degree, one that shares no nodes with them does not
        other = self.resized(2 * self.size + 2)
        values, _ = called(f, other.nodes, len(other.weights))
        misfit = other.evaluate(recast(self, c, other)) - values
        room = ALIASED * np.sqrt(other.weights @ np.square(values)) + len(fine.degrees) * known.coefficient
        if np.sqrt(other.weights @ np.square(misfit)) > room:
            raise ValueError(
                f"density: under-resolved: {fine} and {other} see two different functions in the callable: it "
                "oscillates between their nodes: use a larger space"
            )
        return c, max(rounding, float(lost.max())), known.with_misfit(misfit)

    def _refuse_tail(self: Any, c: Array, known: float) -> float:
        """The largest of the last coefficients, which those beyond may reach; refused if it is large."""
        # of node values no more can be seen: a single mode may be all there is
        if (last := tail(self, c, gaps=False)) > RESOLVED:
            limit = "1e-12" if known == 0.0 else f"the {known:.1e} that the values' own rounding explains"
            raise ValueError(
                f"values: under-resolved: the coefficients in the last sixteenth of the degrees are {last:.1e} of "
                f"the largest, above {limit}: give a callable or more nodes"
            )
        return last * float(np.abs(c).max())
