"""What every space shares: how a density is made on it, and refused."""

from __future__ import annotations

from collections.abc import Callable
from math import gamma, pi
from typing import Any

import numpy as np

from meanfield import inputs
from meanfield.density import Density, carry, tail
from meanfield.protocols import Array

RESOLVED = 1e-12
"""Largest coefficient, relative to the mass, that may stand in the last sixteenth of the degrees."""
ALIASED = 1e-8
"""Relative difference of a callable's values from its series, beyond which the series is of something else."""
REFINEMENTS = 6
"""How often a callable is sampled twice as finely before it is called unresolvable."""


class Gridded:
    """Base of the spaces: densities from callables, node values or coefficients.

    (Methods take `self` as Any: what a space is, is the contract `protocols.Space`, which this class only helps with.)

    A space gives d, size, nodes, weights, degrees, labels, rows, analyse, evaluate, chart, frame, place and resized.
    For the rest of the contract there are plain answers here, by quadrature and dense matrices (real orthonormal
    coefficients); a space that can do better says so by its own method.
    """

    picture = "circle"
    line: str | None = None
    largest = 512

    @property
    def levels(self: Any) -> int:
        """Numbers in [0, 1) that `place` needs for a point."""
        return self.d - 1

    @property
    def seen(self: Any) -> Array:
        """(N,) nodes at which point values are well-conditioned: those of weight above 1e-16."""
        return self.weights > 1e-16

    @property
    def axes(self: Any) -> dict[str, Array]:
        """The grid's axes by name, in the order of the nodes."""
        return {"node": np.arange(len(self.weights))}

    @property
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

    @property
    def area(self: Any) -> float:
        """Surface area of S^{d-1}, 2 pi^{d/2} / Gamma(d/2): 2 pi on the circle."""
        return 2.0 * pi ** (self.d / 2.0) / gamma(self.d / 2.0)

    def density(self: Any,
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
            A function of the space's coordinates (theta in radians on the circle), or its values at `nodes`.
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
        if (f is None) == (coefficients is None):
            raise ValueError("density: give either a callable or node values, or coefficients=, and not both")
        if f is None:
            c = self._given(coefficients)
        elif callable(f):
            c = self._sampled(f)
        else:
            values = inputs.array("values", f, shape=(len(self.weights),))
            c = self.analyse(values)
            self._refuse_tail(c)
        return _finished(Density(self, c), normalize, signed)

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

    def _sampled(self: Any, f: Callable[[Array], Any]) -> Array:
        """Coefficients of a callable, sampled finely enough that none is aliased."""
        fine: Any = self.resized(2 * self.size)
        for _ in range(REFINEMENTS - 1):
            c = fine.analyse(_call(f, fine))
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
                f"holds degrees up to {int(self.degrees.max())}: use a larger space"
            )
        c = carry(fine, c, self)
        # what doubled grids all take for a lower degree, one that shares no nodes with them does not
        other = self.resized(2 * self.size + 2)
        values = _call(f, other)
        off = other.weights @ np.square(other.evaluate(carry(self, c, other)) - values)
        if np.sqrt(off) > ALIASED * np.sqrt(other.weights @ np.square(values)):
            raise ValueError(
                f"density: under-resolved: {fine} and {other} see two different functions in the callable: it "
                "oscillates between their nodes: use a larger space"
            )
        return c

    def _refuse_tail(self: Any, c: Array) -> None:
        # of node values no more can be seen: a single mode may be all there is
        if (last := tail(self, c, gaps=False)) > RESOLVED:
            raise ValueError(
                f"values: under-resolved: the coefficients in the last sixteenth of the degrees are {last:.1e} of "
                "the largest, above 1e-12: give a callable or more nodes"
            )


def _call(f: Callable[[Array], Any], space: Any) -> Array:
    values = inputs.array("density", f(space.nodes))
    if values.shape != (len(space.weights),):
        if values.ndim != 0:
            raise ValueError(
                f"density: the callable gave shape {values.shape} for {len(space.weights)} nodes; "
                "it must return one value for each"
            )
        values = np.array(np.broadcast_to(values, (len(space.weights),)))
    return values


def _finished(rho: Density, normalize: bool, signed: bool) -> Density:
    """rho checked for sign and mass, and normalised."""
    if signed:
        return rho
    fine = rho.resized(2 * rho.space.size)  # a polynomial can dip between the nodes
    values = np.where(fine.space.seen, fine.values, 1.0)
    low, high = values.min(), values.max()
    if low < -RESOLVED * max(high, -low):
        where = int(values.argmin())
        raise ValueError(
            f"density: negative: its smallest value is {low:.3e} (largest {high:.3e}) at {fine.space.nodes[where]}; a "
            "density is not negative (for a perturbation: signed=True)"
        )
    mass = float(rho.mass)
    if not mass > 0.0:
        raise ValueError(f"density: its mass is {mass!r}; wanted a positive mass")
    if normalize:
        return Density(rho.space, rho.coefficients / mass)
    if abs(mass - 1.0) > RESOLVED:
        raise ValueError(f"density: its mass is {mass!r} and normalize=False demands 1 (to 1e-12)")
    return rho


class DensePlan:
    """The plain plan of a space with real orthonormal coefficients: matrices, no transforms."""

    def __init__(self, space: Any, multipliers: Array, potential: Array | None) -> None:
        self.grid = space.resized(2 * space.size)
        one = np.eye(len(space.degrees))
        self._basis = space.evaluate(one, self.grid.nodes).T
        self._slopes = np.moveaxis(space.evaluate(one, self.grid.nodes, gradient=True), 0, 1)
        self._multipliers, self._potential = multipliers, potential

    def open(self, c: Array) -> tuple[Array, Array | None]:
        """Scalar fields (S, N) and the potential's gradient (N, m)."""
        s = (self._multipliers * c) @ self._basis.T
        return s, None if self._potential is None else np.einsum("nkm,k->nm", self._slopes, self._potential * c)

    def close(self, X: Array, rho: Array, out: Array) -> Array:
        """-div(rho X), tested against every basis function: int <grad phi_k, X> d mu."""
        return np.einsum("nkm,nm,n->k", self._slopes, X, self.grid.weights * rho, out=out)
