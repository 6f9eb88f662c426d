"""A density that is constant in every cell: what a finite-volume run holds, and what one may begin with."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np

from meanfield.kernels import energy
from meanfield.methods.finite_volume.cells import FEWEST, Cells, divided
from meanfield.methods.finite_volume.profile import InCells
from meanfield.methods.lagrangian.held import Held
from meanfield.methods.lagrangian.lines import body
from meanfield.protocols import Array, Kernel, Reading, Space
from meanfield.spaces.fields import floored
from meanfield.spaces.finished import FINER
from meanfield.tools import inputs


@dataclass(frozen=True, eq=False, init=False)
class CellAverages(Held):
    """A density by its means over equal cells: of the circle from 0 to 2 pi, of a zonal sphere in the colatitude.

    It is constant in every cell, and answers what a `Density` answers, of that density exactly.  Laws see its masses at
    the centres of the cells.  Jumps, empty cells and noise are welcome: finite volumes begin with it.

    Parameters
    ----------
    space : Circle or ZonalSphere
        What its coefficients and pictures are told on.
    values : array (n,)
        Means of rho over the cells, >= 0, in the order of their angles; 8 at least.  Normalised to mass 1.

    Attributes
    ----------
    grid : Cells
        The cells: edges, centres, areas.
    weights : ndarray (..., n)
        The masses in them.

    Raises
    ------
    ValueError, TypeError
        For values that are negative, not finite, all 0, or too few; for a space without one angle.

    Examples
    --------
    >>> cap = mf.CellAverages(mf.Circle(64), [1.0] * 4 + [0.0] * 28)
    >>> mf.solve(mf.SA(1.0), cap, (0.0, 0.5), method="finite-volume").success
    True
    """

    grid: Cells
    weights: Array
    held = "cells"

    def __init__(self, space: Space, values: Any) -> None:
        v = inputs.array("values", values, ndim=1)
        if len(v) < FEWEST:
            raise ValueError(f"values: got {len(v)}, wanted the means over {FEWEST} cells at least")
        cells = divided("values", space, len(v))
        if (v < 0.0).any():
            i = int(np.argmax(v < 0.0))
            raise ValueError(f"values: got {float(v[i])!r} in cell {i}: a density is not negative")
        m = v * cells.sigma
        if not m.sum() > 0.0:
            raise ValueError("values: all are 0, wanted a positive mass in some cell")
        vars(self).update(grid=cells, weights=m / m.sum())

    @classmethod
    def trusted(cls, grid: Cells, weights: Array) -> Self:
        """The same by its attributes, unchecked: what a run's states mean."""
        made = cls.__new__(cls)
        vars(made).update(grid=grid, weights=weights)
        return made

    def __repr__(self) -> str:
        many = "" if self.weights.ndim == 1 else f" of shape {self.weights.shape[:-1]}"
        low, high = np.min(self.density), np.max(self.density)
        return f"<CellAverages{many} on {self.space}, {self.grid.n} cells, {low:.4g} to {high:.4g} (uniform = 1)>"

    # --- what it is -------------------------------------------------------------------------------------

    @property
    def space(self) -> Any:
        """The space it is told on."""
        return self.grid.space

    @property
    def geometry(self) -> Any:
        """The line."""
        return self.grid.line

    @property
    def positions(self) -> Array:
        """(n,) the cells' centres on the line: angles or colatitudes, in radians."""
        return self.grid.centres

    @property
    def points(self) -> Array:
        """(n,) the same in the space's coordinates: angles, or heights c = <x, axis>."""
        return np.asarray(self.grid.line.coordinates(self.grid.centres))

    @cached_property
    def body(self) -> Any:
        """The masses at the centres, as a measure of points."""
        return body(self.space, self.grid.centres, self.weights, "harmonic")

    @property
    def density(self) -> Array:
        """(..., n) rho in the cells."""
        return np.asarray(self.weights / self.grid.sigma)

    @cached_property
    def profile(self) -> InCells:
        """Itself along its line, as clusters cut it."""
        return InCells(self)

    @property
    def coefficients(self) -> Array:
        """(..., M) in the space's basis, to its own degree."""
        return self.grid.series(self.weights, self.space)

    @property
    def mean(self) -> Array:
        """int x d mu, (..., d)."""
        return np.asarray(self.space.averages(self.coefficients)[0])

    @property
    def second_moment(self) -> Array:
        """int x x^T d mu, (..., d, d)."""
        return np.asarray(self.space.averages(self.coefficients)[1])

    @property
    def entropy(self) -> Array | float:
        """int rho log rho d sigma (0 log 0 = 0)."""
        rho = self.density
        return np.sum(self.weights * np.log(np.where(rho > 0.0, rho, 1.0)), axis=-1)

    def moments(self, degree: int) -> Array:
        """Moments to `degree`, as `Density.moments`."""
        degree = inputs.degree("degree", degree)
        space = self.grid.sized(degree)
        return np.asarray(space.moments(self.grid.series(self.weights, space), degree))

    def excess(self, kernel: Kernel) -> tuple[Array, float]:
        """E less that of the uniform measure, as a number and a logarithm (see `protocols.Measure`)."""
        space = self.grid.sized(kernel.bandwidth(self.d))
        return energy.by_degree(kernel, self.d, space.spectrum(self.grid.series(self.weights, space)))

    # --- a law's questions ------------------------------------------------------------------------------

    def read(self, kernel: Kernel, x: Array | None = None, want: str = "ZM", V: Array | None = None) -> Reading:
        """Answer a law (see `protocols.Measure`): fields of the density's own series, at the centres of the cells."""
        if x is not None or V is not None or not kernel.isotropic:
            return super().read(kernel, x, want, V)
        d, K = self.d, int(kernel.bandwidth(self.d))
        space = self.grid.sized(K)
        c, k = self.grid.series(self.weights, space), space.degrees
        top = int(k.max())
        q, p = kernel.multipliers(d, top)[k], kernel.potential(d, top)[k]
        scalars = np.stack([q * c, p * space.laplacian * c])
        (Z, L), M = space.fields(scalars, p * c if "M" in want else None, self.points)
        Z = floored(Z)[..., None] if "Z" in want else None
        return Reading(Z, M, L if "L" in want else None, kernel.log_lambda0(d))

    # --- a density's questions (one snapshot) -------------------------------------------------------------

    def known(self, q: Array) -> Array:
        """rho at coordinates that need no check."""
        return np.asarray(self.density[self._cell(self.grid.line.position(q))])

    def _cell(self, s: Array) -> Array:
        """In which cell positions in their first turn are."""
        inside = self.grid.line.near(s, self.grid.line.low)
        return np.clip(np.searchsorted(self.grid.edges, inside, side="right") - 1, 0, self.grid.n - 1)

    def below(self, s: Array) -> Array:
        """Mass below positions s on the line, turns counted."""
        line = self.grid.line
        inside, cell = line.near(s, line.low), self._cell(s)
        before = np.concatenate([[0.0], np.cumsum(self.weights)])
        turns = np.round((s - inside) / line.turn) if line.turn else 0.0
        return np.asarray(before[cell] + self.weights[cell] * self.grid.share(cell, inside) + turns * before[-1])

    def cells(self, edges: Array) -> Array:
        """Mass between consecutive positions on the line (increasing, inside one turn)."""
        return np.diff(self.below(edges))

    def _placed(self, u: Array) -> Array:
        """Positions by the inverse of the distribution function, then placed by the space."""
        before = np.concatenate([[0.0], np.cumsum(self.weights)])
        level = u[:, 0] * before[-1]
        cell = np.clip(np.searchsorted(before, level, side="right") - 1, 0, self.grid.n - 1)
        m = self.weights[cell]
        share = np.divide(level - before[cell], m, out=np.zeros(len(level)), where=m > 0.0)
        s = self.grid.within(cell, np.clip(share, 0.0, 1.0))
        return np.asarray(self.grid.line.placed(self.space, s, u[:, 1:]))


def told_on(space: Space) -> Any:
    """The space, at a resolution that pictures can be drawn at."""
    return space.resized(max(space.size, space.line.shown if space.line else FINER))
