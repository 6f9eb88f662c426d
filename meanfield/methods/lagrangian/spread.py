"""A density of two dimensions carried by its flow: the questions it answers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from meanfield.methods.lagrangian import panels, squares
from meanfield.methods.lagrangian.found import Found, density, place
from meanfield.methods.lagrangian.held import Held
from meanfield.methods.lagrangian.panels import INTEGRAL, NEGLIGIBLE, REACH
from meanfield.methods.lagrangian.squares import AXES, CELL, NODES, SLOPE
from meanfield.protocols import Array, Space
from meanfield.spaces.density import Density
from meanfield.tools import inputs

WIDER = 2.0
"""The distance of the coarse sheet is of this many times the error told: it is that of the coarse one, less the fine's
own."""
QUIET = 1e-3
"""Share of the mass to which the last coefficients of a series are damped that is drawn."""


@dataclass(frozen=True, eq=False)
class Spread(Held):
    """A density carried by its flow on panels of two labels, and the atoms that parts of it have become.

    It answers what a `Density` answers, and has points: nodes first, then atoms.

    Attributes
    ----------
    form : OnSheets
        Labels and masses.
    y : ndarray
        Positions on both sheets.
    """

    form: Any
    y: Array
    TOLD: ClassVar[int] = 10
    """Degree of the moments whose error is told, if none is asked for."""

    def __repr__(self) -> str:
        L, A = self.form.fine.count
        return f"<Spread on {self.space}, {inputs.several(L * NODES, 'node')}, {inputs.several(A, 'atom')}>"

    # --- points -------------------------------------------------------------------------------------------

    @cached_property
    def body(self) -> Any:
        """The masses at their positions, as a measure of points."""
        return self.form.laid[0].body(self.positions)

    @property
    def space(self) -> Any:
        """The space of the density it began as."""
        return self.form.space

    @property
    def geometry(self) -> Any:
        """Where its points are."""
        return self.space.geometry

    @property
    def positions(self) -> Array:
        """(..., n, d) rows."""
        return np.asarray(self.form.both(self.y)[0])

    @property
    def points(self) -> Array:
        """(..., n, d) the same."""
        return self.positions

    @property
    def weights(self) -> Array:
        """(n,) masses."""
        return np.asarray(self.form.laid[0].weights)

    @property
    def labels(self) -> Array:
        """(n, d) where the points were at the beginning; nan for atoms, which come from whole panels."""
        laid = self.form.laid[0]
        rows = laid.rows[laid.sheet.live].reshape(-1, self.d)
        return np.concatenate([rows, np.full((laid.sheet.count[1], self.d), np.nan)])

    @cached_property
    def _parts(self) -> tuple[Array, Array]:
        return self.form.laid[0].parts(self.positions)

    @property
    def density(self) -> Array:
        """(..., n) rho at the points, by the derivative of the panels' polynomials; inf at atoms."""
        laid = self.form.laid[0]
        nodes = self._parts[0]
        each = nodes.reshape(-1, *nodes.shape[-4:])
        slopes = (np.stack([squares.along(SLOPE, x, i) for i in AXES], axis=-1) for x in each)
        rho = np.stack([density(laid.spread[laid.sheet.live], s, self.space.area) for s in slopes])
        rho = rho.reshape(*self.y.shape[:-2], -1)
        return np.concatenate([rho, np.full((*rho.shape[:-1], laid.sheet.count[1]), np.inf)], axis=-1)

    # --- moments ------------------------------------------------------------------------------------------

    def moments(self, degree: int) -> Array:
        """Moments to `degree`, as `Density.moments`, by as many points of the panels' polynomials as that takes."""
        return self._moments(inputs.degree("degree", degree), 0)

    def _moments(self, degree: int, which: int) -> Array:
        laid, x = self.form.laid[which], self.form.both(self.y)[which]
        several = x.reshape(-1, *x.shape[-2:])
        out = np.stack([np.asarray(self._resolving(laid, one, degree).moments(degree)) for one in several])
        return out.reshape(*x.shape[:-2], *out.shape[1:])

    def _resolving(self, laid: Any, x: Array, degree: int) -> Any:
        """Points that resolve harmonics to `degree`: panels halved by their own polynomials where they do not."""
        nodes, atoms = laid.parts(x)
        spread = laid.spread[laid.sheet.live]
        for axis in AXES:
            while True:
                wide = squares.widths(nodes)[:, axis] * degree > 2.0 * REACH
                wide &= np.einsum("pij,ij->p", spread, CELL) > NEGLIGIBLE
                if not wide.any():
                    break
                spread = squares.halved(np.where(wide[:, None, None], 0.5, 1.0) * spread, wide, axis)
                nodes = squares.halved(nodes, wide, axis)
        rows = self.geometry.retract(np.concatenate([nodes.reshape(-1, self.d), atoms]))
        return laid.body(x).changed(points=rows, weights=np.append((spread * CELL).ravel(), laid.atoms))

    def error(self, degree: int | None = None) -> Array:
        """What `moments(degree)` (10 if none is given) are off by at most, as an estimate (...).

        Twice the largest difference of the moments of a coarser run beside, whose panels and steps are its own and
        which is off by several times as much, and what the tolerance of the time stepping leaves unknown.
        """
        degree = self.TOLD if degree is None else inputs.degree("degree", degree)
        apart = np.abs(self._moments(degree, 0) - self._moments(degree, 1))
        return np.asarray(WIDER * apart.max(axis=-1) + self.form.unknown)

    @property
    def coefficients(self) -> Array:
        """Coefficients in the space's basis, to its own degree; what lies beyond is not shown by them."""
        return self._moments(int(self.space.degrees.max()), 0)

    # --- a density's questions (one snapshot) -------------------------------------------------------------

    @property
    def entropy(self) -> Array | float:
        """int rho log rho d sigma = int log rho d mu; inf once there are atoms."""
        if np.any(self.form.laid[0].atoms > 0.0):
            return np.full(self.y.shape[:-2], np.inf)[()]
        rho = self.density
        return np.sum(self.weights * np.log(np.where(rho > 0.0, rho, 1.0)), axis=-1)

    @property
    def tail(self) -> float:
        """The largest tail of a position, times its panel's mass: how well it is resolved."""
        laid = self.form.laid[0]
        return float((squares.tails(self._parts[0]).max(axis=-1) * laid.masses[laid.sheet.live]).max(initial=0.0))

    @cached_property
    def _finder(self) -> Found:
        laid = self.form.laid[0]
        return Found(laid, *self._parts)

    def known(self, q: Array) -> Array:
        """rho at rows that need no check, by inverting the flow map; NaN where no panel's polynomial reaches there.

        That is where panels were to be halved and were not, and where an atom's neighbourhood has been.
        """
        return self._finder.density(q.reshape(-1, self.d), self.space.area).reshape(q.shape[:-1])

    def carried(self, labels: Any) -> tuple[Array, Array]:
        """Positions and densities now of the material points that began at the rows `labels` (..., d).

        One inside an atom is at the atom, with density inf.
        """
        a = np.asarray(self.space.points(labels))
        x, rho = self._finder.carried(a.reshape(-1, self.d), self.space.area)
        return self.geometry.retract(x).reshape(a.shape), rho.reshape(a.shape[:-1])

    def on(self, space: Space) -> Array:
        """rho as a picture shows it (`smoothed`), at the nodes of a space."""
        return np.asarray(self.smoothed(space).values)

    def smoothed(self, space: Space) -> Density:
        """Its series on a space, with as much heat as brings the last coefficients below a thousandth of the mass."""
        K = int(space.degrees.max())
        c = self._moments(K, 0)
        last = float(np.abs(c[space.degrees > K - max(1, K // 16)]).max(initial=0.0))
        time = np.log(max(last / QUIET, 1.0)) / (K * (K + self.d - 2.0))
        return Density(space, c * np.exp(time * np.asarray(space.laplacian)))

    @property
    def profile(self) -> Any:
        """None: it lies on no line, and its nodes are no clusters."""
        raise TypeError(
            "clusters: a density carried on panels has its nodes everywhere, which are none: ask what it is on a grid, "
            "mf.clusters(mu.smoothed(mf.Sphere(64)))"
        )

    def _placed(self, u: Array) -> Array:
        """Points by the inverse of the distribution function along the panels, in each by its two labels."""
        laid = self.form.laid[0]
        total = np.cumsum(laid.masses)
        level = u[:, 0] * total[-1]
        cell = np.clip(np.searchsorted(total, level, side="right"), 0, len(total) - 1)
        out = np.empty((len(u), self.d))
        dead = ~laid.sheet.live[cell]
        out[dead] = self._parts[1][laid.sheet.atom[cell[dead]]]
        live = np.flatnonzero(~dead)
        c = squares.series(laid.spread[cell[live]])
        first = 2.0 * c[:, :, 0]  # the mass by d xi: of P_j, j > 0, there is none
        rest = (level - total[cell] + laid.masses[cell])[live]
        xi = panels.solved(first @ INTEGRAL, first, rest)
        second = np.einsum("nij,ni->nj", c, panels.basis(xi))
        eta = panels.solved(second @ INTEGRAL, second, u[live, 1] * 2.0 * second[:, 0])
        which = (np.cumsum(laid.sheet.live) - 1)[cell[live]]
        out[live] = place(self._finder.series[which], np.stack([xi, eta], axis=-1))
        return np.asarray(self.geometry.retract(out))
