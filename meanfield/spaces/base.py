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
REFINEMENTS = 6
"""How often a callable is sampled twice as finely before it is called unresolvable."""


class Gridded:
    """Base of the spaces: densities from callables, node values or coefficients."""

    d: int
    size: int
    weights: Array
    nodes: Array
    degrees: Array
    analyse: Callable[..., Array]
    evaluate: Callable[..., Array]
    resized: Callable[..., Any]
    labels: tuple[Any, ...]

    @property
    def area(self) -> float:
        """Surface area of S^{d-1}, 2 pi^{d/2} / Gamma(d/2): 2 pi on the circle."""
        return 2.0 * pi ** (self.d / 2.0) / gamma(self.d / 2.0)

    def density(
        self,
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
            self._refuse_tail(c, values)
        return _finished(Density(self, c), normalize, signed)

    def _given(self, coefficients: Any) -> Array:
        c = inputs.array("coefficients", coefficients, ndim=1, complex_ok=True)
        M = len(self.degrees)
        if len(c) > M:
            raise ValueError(f"coefficients: got {len(c)}, and {self} holds {M}: use a larger space")
        return self.admit(np.concatenate([c, np.zeros(M - len(c), dtype=c.dtype)]))

    def admit(self, c: Array) -> Array:
        """Coefficients as the space holds them; refuses those that no real density has."""
        if np.iscomplexobj(c):
            raise ValueError(f"coefficients: {self} holds real coefficients, got complex ones")
        return c

    def _sampled(self, f: Callable[[Array], Any]) -> Array:
        """Coefficients of a callable, sampled finely enough that none is aliased."""
        fine: Any = self
        for _ in range(REFINEMENTS):
            values = _call(f, fine)
            c = fine.analyse(values)
            scale = max(float(np.abs(c).max()), float(np.abs(values).max()) * 1e-3)
            if fine is not self and tail(fine, c) <= RESOLVED * scale:
                break
            fine = fine.resized(2 * fine.size)
        else:
            raise ValueError(
                f"density: the callable is not resolved even by {fine.size // 2} (its coefficients have only fallen to "
                f"{tail(fine.resized(fine.size // 2), c) / scale:.1e} of its size): it has a jump, a kink or a spike; "
                "smooth it, or give coefficients="
            )
        beyond = fine.degrees > self.degrees.max()
        lost = np.abs(c) * beyond
        if lost.max() > RESOLVED * scale:
            needed = int(fine.degrees[np.nonzero(np.abs(c) > RESOLVED * scale)[0].max()])
            raise ValueError(
                f"density: under-resolved: the callable has coefficients up to degree {needed} above 1e-12, and {self} "
                f"holds degrees up to {int(self.degrees.max())}: use a larger space"
            )
        return carry(fine, c, self)

    def _refuse_tail(self, c: Array, values: Array) -> None:
        scale = max(float(np.abs(c).max()), float(np.abs(values).max()) * 1e-3)
        if tail(self, c) > RESOLVED * scale:
            raise ValueError(
                f"values: under-resolved: the coefficients in the last sixteenth of the degrees are "
                f"{tail(self, c) / scale:.1e} of the largest, above 1e-12: give a callable or more nodes"
            )


def _call(f: Callable[[Array], Any], space: Any) -> Array:
    values = np.asarray(f(space.nodes))
    if values.shape != (len(space.weights),):
        if values.ndim != 0:
            raise ValueError(
                f"density: the callable gave shape {values.shape} for {len(space.weights)} nodes; "
                "it must return one value for each"
            )
        values = np.broadcast_to(values, (len(space.weights),))
    return inputs.array("density", values)


def _finished(rho: Density, normalize: bool, signed: bool) -> Density:
    """rho checked for sign and mass, and normalised."""
    if signed:
        return rho
    values = rho.values
    # looked at between the nodes too: a trigonometric polynomial can dip there
    low, high = values.min(), values.max()
    if low < -RESOLVED * max(high, -low):
        where = int(values.argmin())
        raise ValueError(
            f"density: negative: its smallest value is {low:.3e} (largest {high:.3e}) at node {where}; a density is not "
            "negative (for a perturbation: signed=True)"
        )
    mass = float(rho.mass)
    if not mass > 0.0:
        raise ValueError(f"density: its mass is {mass!r}; wanted a positive mass")
    if normalize:
        return Density(rho.space, rho.coefficients / mass)
    if abs(mass - 1.0) > RESOLVED:
        raise ValueError(f"density: its mass is {mass!r} and normalize=False demands 1 (to 1e-12)")
    return rho
