"""A measure about an axis and circles of latitude added to it, the poles among them: they act and do not move."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from meanfield.geometry import MERIDIAN
from meanfield.measures.mixture import Beside, joined, masses, summed
from meanfield.protocols import Array, Bilinear, Geometry, Kernel, Measure, Reading
from meanfield.sums.latitudes import latitudes_at
from meanfield.tools import inputs

__all__ = ["AboutAxis", "Belted", "belted"]

ON_AXIS = 1e-12
"""Distance of a unit row from the axis up to which it is a pole."""


class AboutAxis(Measure):
    """A measure on a meridian: circles of latitude, by their colatitudes."""

    instead = "move points, pt.simulate(law, rho0.sample(1000, rng=0), t_span), or a density on mf.Sphere(lmax)"

    @property
    def geometry(self) -> Geometry:
        """A meridian."""
        return MERIDIAN

    @property
    def x(self) -> Array:
        """Refused: circles have no rows."""
        raise TypeError(f"x: circles of latitude have no rows: {self.instead}")


@dataclass(frozen=True, eq=False)
class Belted(Beside, AboutAxis):
    """mu + sum_j a_j (uniform measure on the circle of latitude at phi_j), mu symmetric about the axis.

    Its own circles, those that `read` answers at, are mu's: the others do not move.  A circle at 0 or pi is a point.

    Attributes
    ----------
    body : Measure
        mu.
    at : ndarray (..., n)
        Colatitudes at which mu answers.
    phi, a : ndarray (k,)
        Colatitudes of what is added, and its masses beside mu's.
    """

    body: Any
    at: Array
    phi: Array
    a: Array

    def __repr__(self) -> str:
        return f"<Belted: {self.body!r} and {inputs.several(len(self.phi), 'circle')} of latitude>"

    @property
    def positions(self) -> Array:
        """(..., n + k) colatitudes of all."""
        return joined([self.at, self.phi], -1, 0)

    @property
    def weights(self) -> Array:
        """(..., n + k) masses of all."""
        return joined([self.body.weights, self.a], -1, 0)

    @property
    def mean(self) -> Array:
        """int x d mu of all, (..., d)."""
        return np.asarray(self.body.mean + np.sum(self.a * np.cos(self.phi)) * np.asarray(self.body.space.axis))

    def excess(self, kernel: Kernel) -> Any:
        """Refused: some of the pairs are of circles that do not move."""
        raise TypeError("energy: what does not move is not told apart by it: ask the measure it was added to")

    def read(self, kernel: Kernel, x: Array | None = None, want: str = "ZM", V: Array | None = None) -> Reading:
        """Answer an isotropic law at mu's own circles: what mu answers, and closed forms for what is added."""
        if x is not None or V is not None or not (kernel.isotropic and isinstance(kernel, Bilinear)):
            raise TypeError(f"circles of latitude added to a measure answer e^(beta <x, y>) at its own, got {kernel}")
        more = latitudes_at(kernel.upper(), self.d, self.at, self.phi, self.a, want)
        return summed(self.body.read(kernel, None, want), more, 1.0)

    def reweighed(self, g: Any) -> Belted:
        """g mu, for g (..., n + k) on all circles."""
        n = self.at.shape[-1]
        g = inputs.factors("g", g, n + len(self.phi), "circle")
        return replace(self, body=self.body.reweighed(g[..., :n]), a=self.a * g[..., n:])

    def also(self, y: Any, a: Any, per_token: bool = True) -> Belted:
        """And more of them."""
        new = belted(self.body, self.at, y, a, per_token)
        return replace(self, phi=np.append(self.phi, new.phi), a=np.append(self.a, new.a))


def belted(mu: Any, at: Array, y: Any, a: Any, per_token: bool = True) -> Belted:
    """A measure about an axis and circles added to it, checked.

    Parameters
    ----------
    mu : Measure
        About the axis of its space.
    at : ndarray (..., n)
        Colatitudes of its own circles.
    y : array
        Colatitudes (k,) in radians, 0 and pi the poles; or unit rows (k, d) on the axis.
    a : array (k,) or number
        Masses beside mu's, of any sign.

    Raises
    ------
    ValueError
        For rows off the axis, or colatitudes beyond [0, pi]; if a does not go with y.
    """
    inputs.flag("per_token", per_token)
    if inputs.axes(y) == 1:
        phi = inputs.array("y", y, radians=True)
        if phi.size and (phi.min() < 0.0 or phi.max() > np.pi):
            raise ValueError(f"y: got {inputs.describe(y)}, wanted colatitudes in [0, pi], radians from the axis")
    else:
        rows, axis = inputs.rows("y", y, d=mu.d), np.asarray(mu.space.axis)
        along = rows @ axis
        if rows.ndim != 2 or np.abs(rows - np.sign(along)[..., None] * axis).max(initial=0.0) > ON_AXIS:
            raise ValueError(
                f"y: got {inputs.describe(y)}, wanted colatitudes (k,) of circles about the axis, or unit rows (k, "
                f"{mu.d}) on it, for what is added must be symmetric, too: {Belted.instead}"
            )
        phi = np.where(along > 0.0, 0.0, np.pi)
    return Belted(mu, at, phi, masses(a, phi.shape))
