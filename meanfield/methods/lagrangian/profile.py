"""A carried density along its line: its extrema, and its clusters' masses, centres and widths, by its panels."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import scipy
from numpy.polynomial import legendre

from meanfield.clustering.basins import Profile
from meanfield.methods.lagrangian import panels
from meanfield.methods.lagrangian.panels import GAUSS, NEGLIGIBLE, OMEGA, XI
from meanfield.protocols import Array, Space
from meanfield.spaces.coefficients import kindred
from meanfield.spaces.doubt import EXACT

ROUNDING = 8.0 * float(np.finfo(float).eps)
"""Of a mass between two positions, which is a difference of sums of size 1."""


def node_means(mu: Any, space: Space) -> Array:
    """Mean of rho over the cell around each node of another resolution of mu's space, mu one that knows its `cells`.

    A cluster narrower than the grid has no node of its own, and its mass would be missing.  In high d cells near a pole
    are so small that their mass is rounding, and rho at the node stands for the mean.
    """
    edges, sigma, order = mu.geometry.cells(kindred(mu.space, space), mu.space)
    mass = mu.cells(edges)
    seen = EXACT.share * np.maximum(mass, sigma) >= ROUNDING
    mean = np.divide(mass, sigma, out=np.zeros(len(sigma)), where=seen)[order]
    if not seen.all():
        mean[~seen[order]] = mu.known(space.nodes[~seen[order]])
    return np.asarray(mean)


class OnLine(Profile):
    """The values at nodes and atoms (inf) in the order of their positions.

    Panels that are too light to be refined, and no longer resolved, are left out; in the middle of what they leave
    free, and beside atoms, stands the density there, 0 where all mass has left.
    """

    def __init__(self, mu: Any) -> None:
        if mu.y.ndim != 1:
            raise ValueError(f"mu: got {len(mu.y)} densities at once, wanted one: ask sol(t), or one of sol.densities")
        self.mu, self.place, t = mu, mu.geometry, mu.form
        self.s, self.atoms, self.log_j = t.parts(mu.y)
        self.rho0 = t.rho0[t.live]
        self.lost = mu.rough & (t.masses[t.live] <= NEGLIGIBLE)
        which, xi = np.repeat(np.arange(len(self.s)), GAUSS), np.tile(XI, len(self.s))
        values, q = mu.on_panels(self.s.ravel(), which, xi), np.append(self.s, self.atoms)
        if self.place.turn:
            q = self.place.near(q, self.place.low)
        some = np.append(~np.isnan(values) & ~self.lost[which], np.ones(len(self.atoms), dtype=bool))
        order = np.flatnonzero(some)[np.lexsort((mu.weights[some], q[some]))]
        none = np.full(len(self.atoms), -1)
        self.grid, self.weights = q[order], mu.weights[order]
        self.values = np.append(values, np.full(len(none), np.inf))[order]
        self.panel, self.xi = np.append(which, none)[order], np.append(xi, none)[order]
        self._fill()

    def _fill(self) -> None:
        """The middles."""
        after = np.roll(self.panel, -1)
        apart = (self.panel < 0) | (after < 0) | ((after - self.panel) % max(len(self.s), 1) > 1)
        room = np.append(self.grid[1:], self.grid[0] + self.place.turn) - self.grid
        at = np.flatnonzero(apart & (room > 0.0))
        middle, value = self.grid[at] + 0.5 * room[at], np.zeros(len(at))
        panel, xi, inside = self.mu.found(middle)
        inside[inside] = ~self.lost[panel[inside]]
        value[inside] = self.mu.on_panels(middle[inside], panel[inside], xi[inside])
        self.grid, self.values = np.insert(self.grid, at + 1, middle), np.insert(self.values, at + 1, value)
        self.panel, self.xi, self.weights = (
            np.insert(of, at + 1, new) for of, new in ((self.panel, -1), (self.xi, 0.0), (self.weights, 0.0))
        )

    @property
    def bounds(self) -> tuple[float, ...]:
        """Where a line ends; on R where the panels do."""
        if self.place.turn or np.isfinite(self.place.low):
            return super().bounds
        ends = panels.ends(self.s)
        return float(ends.min()), float(ends.max())

    def nodes(self) -> Array:
        """Positions of its nodes and atoms."""
        return self.mu.positions

    # --- extrema ------------------------------------------------------------------------------------------

    def turning(self, i: int, sign: float) -> tuple[float, float]:
        """By the zero of the slope of a panel's polynomials; an atom is its own."""
        k, j = int(self.panel[i]), int(np.searchsorted(XI, self.xi[i]))
        ways = [] if k < 0 else [(k, XI[j - 1] if j else -1.0, XI[j + 1] if j + 1 < GAUSS else 1.0)]
        if k >= 0 and j == 0:
            ways.append(((k - 1) % len(self.log_j), float(XI[-1]), 1.0))
        if k >= 0 and j == GAUSS - 1:
            ways.append(((k + 1) % len(self.log_j), -1.0, float(XI[0])))
        for panel, a, b in ways:
            xi = None if self.mu.rough[panel] else self._level(panel, sign, a, b)
            if xi is not None:
                s = panels.at(panels.series(self.s[panel])[None], np.array([xi]))
                rho = self.mu.on_panels(s, np.array([panel]), np.array([xi]))
                return float(self.place.near(s[0], self.place.low)), float(rho[0])
        return float(self.grid[i]), float(self.values[i])

    def _level(self, panel: int, sign: float, a: float, b: float) -> float | None:
        """xi in (a, b) at which rho_0 / J has a maximum (sign 1) or minimum."""
        rho0, log_j = panels.series(self.rho0[panel]), panels.series(self.log_j[panel])
        d_rho0, d_log_j = rho0 @ panels.DERIVATIVE, log_j @ panels.DERIVATIVE

        def slope(xi: float) -> float:  # but for the factor 1 / J
            of = legendre.legval(xi, d_rho0) - legendre.legval(xi, rho0) * legendre.legval(xi, d_log_j)
            return sign * float(of)

        return float(scipy.optimize.brentq(slope, a, b, xtol=1e-14)) if slope(a) > 0.0 > slope(b) else None

    # --- basins -------------------------------------------------------------------------------------------

    def tops(self, ends: Array) -> Array:
        """Of several atoms in a basin the heaviest is the highest."""
        owner = self.owners(ends, self.grid)
        order = np.lexsort((self.weights, self.values, owner))
        last = np.searchsorted(owner[order], np.arange(len(ends) - 1), side="right") - 1
        return np.array([self.extremum(int(i), 1.0)[0] for i in order[last]])

    def masses(self, ends: Array) -> Array:
        """By the panels' distribution functions; atoms as wholes."""
        t, m = self.mu.form, len(ends) - 1
        return np.diff(self.mu.below(ends)) + np.bincount(self.owners(ends, self.atoms), t.atoms, m)

    def shapes(self, ends: Array, gap: float) -> tuple[Array, Array, Array]:
        """By Gauss's rule on the panels, those that an end lies on being divided there."""
        q, w = self._divided(ends)
        owner, m = self.owners(ends, q), len(ends) - 1
        centres = self.place.centres(q, w, owner)[0]
        if self.place.turn:  # at its antipode the distance from a centre has a kink
            far = self.place.near(centres[np.isfinite(centres)] + 0.5 * self.place.turn, ends[0])
            q, w = self._divided(np.unique(np.append(ends, far)))
            owner = self.owners(ends, q)
        mass = np.bincount(owner, weights=w, minlength=m)
        away = self.place.distance(centres[owner], q)
        widths = np.sqrt(np.bincount(owner, weights=w * away**2, minlength=m) / np.where(mass > 0.0, mass, 1.0))
        inner = self.owners(ends, self.atoms)
        near = self.place.distance(centres[inner], self.atoms) <= gap
        core = np.bincount(inner, self.mu.form.atoms * near, m) + self.near(ends, centres, gap, self.mu.below)
        return self.place.line(centres)[1], widths, core

    def _divided(self, ends: Array) -> tuple[Array, Array]:
        """Positions and masses, no panel of them on both sides of any of these positions."""
        t = self.mu.form
        s, atoms = self.s, self.atoms
        m = t.mass_density[t.live]
        panel, xi, inside = self.mu.found(ends)
        whole = ~np.isin(np.arange(len(s)), panel[inside])
        q, w = [s[whole].ravel(), atoms], [(m[whole] * OMEGA).ravel(), t.atoms]
        for p in np.unique(panel[inside]):
            for a, b in pairwise([-1.0, *np.sort(xi[inside & (panel == p)]), 1.0]):
                some = 0.5 * (a + b) + 0.5 * (b - a) * XI
                q.append(legendre.legval(some, panels.series(s[p])))
                w.append(0.5 * (b - a) * OMEGA * legendre.legval(some, panels.series(m[p])))
        q.append(0.5 * (ends[1:] + ends[:-1]))  # of a basin without mass, its middle
        w.append(np.zeros(len(ends) - 1))
        return np.concatenate(q), np.concatenate(w)
