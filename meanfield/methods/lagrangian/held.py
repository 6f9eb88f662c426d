"""What a density that is held in another way than by coefficients answers, whatever way that is."""

from __future__ import annotations

from typing import Any

import numpy as np

from meanfield.kernels import energy
from meanfield.methods.lagrangian.profile import node_means
from meanfield.plot.pictured import PicturedDensity
from meanfield.protocols import Array, Kernel, Law, Measure, Reading, Space
from meanfield.spaces.density import warned
from meanfield.tools import inputs
from meanfield.tools.shown import ShownMeasure


class Held(PicturedDensity, ShownMeasure, Measure):
    """A density whose masses are a measure of points (`body`), and which knows rho (`known`) and where to place.

    What is asked of sums over points is asked of `body`, where the density itself does not know better.

    Attributes
    ----------
    body : Points or Rings
        The masses at their positions.
    space : Space
        What its coefficients and pictures are told on.
    density : ndarray (..., n)
        rho at the points; inf at atoms, NaN where unknown.
    """

    body: Any
    space: Any
    density: Any

    def known(self, q: Array) -> Array:
        """rho at coordinates that need no check."""
        raise TypeError(f"{type(self).__name__} does not say its values: write known(self, q)")

    def _placed(self, u: Array) -> Array:
        """Points of levels u (n, k) in the unit cube."""
        raise TypeError(f"{type(self).__name__} places no points: write _placed(self, u)")

    # --- points -------------------------------------------------------------------------------------------

    @property
    def d(self) -> int:
        """Ambient dimension."""
        return int(self.space.d)

    @property
    def theta(self) -> Array:
        """(..., n) angles (circle only)."""
        return np.asarray(self.body.theta)

    @property
    def x(self) -> Array:
        """(..., n, d) rows (circle only)."""
        return np.asarray(self.body.x)

    @property
    def mass(self) -> Array | float:
        """int d mu."""
        return np.sum(self.weights, axis=-1)

    # --- a law's questions --------------------------------------------------------------------------------

    @property
    def instead(self) -> str:
        """Where a question that it does not answer may be put."""
        return "ask points drawn from it, mf.Points(mu.sample(1000, rng=0))"

    def read(self, kernel: Kernel, x: Array | None = None, want: str = "ZM", V: Array | None = None) -> Reading:
        """Answer a law (see `protocols.Measure`), by sums over the points."""
        r: Reading = self.body.read(kernel, x, want, V)
        return r

    @property
    def mean(self) -> Array:
        """int x d mu, (..., d)."""
        return np.asarray(self.body.mean)

    @property
    def second_moment(self) -> Array:
        """int x x^T d mu, (..., d, d)."""
        return np.asarray(self.body.second_moment)

    def excess(self, kernel: Kernel) -> tuple[Array, float]:
        """E less that of the uniform measure, as a number and a logarithm (see `protocols.Measure`)."""
        value, log = self.body.excess(kernel)
        return np.asarray(value), float(log)

    def tangential(self, v: Array) -> Array:
        """As of its points."""
        return np.asarray(self.body.tangential(v))

    def reweighed(self, g: Any) -> Any:
        """g mu, for g (..., n) of any sign at its points: weighted points, or circles of latitude."""
        return self.body.reweighed(g)

    def also(self, y: Any, a: Any, per_token: bool = True) -> Any:
        """mu + sum_j a_j delta_{y_j}, a_j masses beside mu's (see `Density.also`)."""
        return self.body.also(y, a, per_token)

    def energy(self, law: Law, t: float | None = None) -> Any:
        """E of the law (at time t, if it changes with time), in its scale."""
        return energy.told(law, self, t)

    # --- a density's questions (one snapshot) -------------------------------------------------------------

    @property
    def values(self) -> Array:
        """rho at the space's nodes; NaN where unknown."""
        return self.known(self.space.nodes)

    def on(self, space: Space) -> Array:
        """Mean of rho over the cell around each node of another resolution of its space: what a picture shows."""
        return node_means(self, space)

    @property
    def minimum(self) -> float:
        """Smallest known value at a point."""
        return float(np.nanmin(self.density))

    @property
    def maximum(self) -> float:
        """Largest known value at a point, or inf."""
        return float(np.nanmax(self.density))

    def __call__(self, q: Any) -> Array:
        """rho at coordinates q of the space (see `known`); NaN, with a warning, where unknown."""
        return warned(self.known(self.space.points(q)))

    def at(self, x: Any) -> Array:
        """rho at rows x (..., n, d), unit rows on spheres."""
        flat = self.space.geometry.manifold != "sphere"
        rows = self.space.geometry.check("x", x) if flat else inputs.rows("x", x, d=self.d)
        return warned(self.known(self.space.chart(rows)))

    def pdf(self, q: Any) -> Array:
        """The density per length or surface area at q."""
        return np.asarray(self(q) / self.space.area)

    def sample(self, n: int, rng: Any = None) -> Array:
        """n independent points distributed as mu, as `Density.sample`."""
        n = inputs.integer("n", n, low=1)
        return self._placed(inputs.generator(rng).random((n, self.space.levels)))

    def quantize(self, n: int) -> Array:
        """n deterministic points each standing for mass 1/n, as `Density.quantize`."""
        return self._placed(self.space.lattice(inputs.integer("n", n, low=1)))
