"""A density carried by its flow: the questions it answers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from meanfield.methods.lagrangian import panels
from meanfield.methods.lagrangian.held import Held
from meanfield.methods.lagrangian.lines import body
from meanfield.methods.lagrangian.panels import GAUSS, INTEGRAL, NEGLIGIBLE
from meanfield.methods.lagrangian.profile import OnLine
from meanfield.protocols import Array
from meanfield.spaces.density import warned
from meanfield.tools import inputs

ROUGH = 1e-3
"""Such panels are no longer interpolated once their tail is above this."""


@dataclass(frozen=True, eq=False)
class Carried(Held):
    """A density carried by its flow, and the atoms that parts of it have become.

    It answers what a `Density` answers, and has points: nodes first, then atoms.

    Attributes
    ----------
    form : OnPanels
        Labels and masses.
    y : ndarray
        Positions and log-Jacobians.
    """

    form: Any
    y: Array

    def __repr__(self) -> str:
        atoms = int(np.isinf(self.density).sum())
        nodes = inputs.several(len(self.weights) - atoms, "node")
        return f"<Carried on {self.space}, {nodes}, {inputs.several(atoms, 'atom')}>"

    # --- points -------------------------------------------------------------------------------------------

    @cached_property
    def body(self) -> Any:
        """The masses at their positions, as a measure of points."""
        return self.form.body(self.y)

    @property
    def space(self) -> Any:
        """The space of the density it began as."""
        return self.form.space

    @property
    def geometry(self) -> Any:
        """The line."""
        return self.form.line

    @property
    def positions(self) -> Array:
        """(..., n) positions on the line: angles in radians, unwrapped (circle), colatitudes (zonal), numbers (R)."""
        return self.y[..., : len(self.weights)]

    @property
    def points(self) -> Array:
        """(..., n) positions in the space's coordinates: angles, or heights c = <x, axis>."""
        return np.asarray(self.form.line.coordinates(self.positions))

    @property
    def colatitude(self) -> Array:
        """(..., n) angles from the axis (zonal spheres only)."""
        return np.asarray(self.body.colatitude)

    @property
    def weights(self) -> Array:
        """(n,) masses."""
        return self.form.weights

    @property
    def labels(self) -> Array:
        """(n,) where the points were at the beginning; nan for atoms, which come from whole intervals."""
        t = self.form
        return np.append(t.labels[t.live].ravel(), np.full(t.count[1], np.nan))

    @cached_property
    def profile(self) -> OnLine:
        """Itself along its line, as clusters cut it."""
        return OnLine(self)

    @property
    def density(self) -> Array:
        """(..., n) rho at the points; inf at atoms, NaN where unknown."""
        t = self.form
        return self._now(t.initial(t.labels[t.live].ravel()).reshape(-1, GAUSS))

    def _now(self, rho0: Array) -> Array:
        """(..., n) rho at the points, for rho_0 (L, G)."""
        t = self.form
        log_j = t.parts(self.y)[2]
        with np.errstate(over="ignore"):  # far inside a cluster
            rho = rho0 * np.exp(-log_j)
        rho = rho.reshape(*self.y.shape[:-1], -1)
        return np.concatenate([rho, np.full((*rho.shape[:-1], t.count[1]), np.inf)], axis=-1)

    # --- moments ------------------------------------------------------------------------------------------

    def moments(self, degree: int) -> Array:
        """Moments to `degree`, as `Density.moments`, by as many points of the panels' polynomials as that takes."""
        degree = inputs.degree("degree", degree)
        s, weights = self._resolving(degree)
        return np.asarray(body(self.space, s, weights, self.form.field).moments(degree))

    def _resolving(self, degree: int) -> tuple[Array, Array]:
        """(..., n) positions and (n,) masses that resolve harmonics to `degree`."""
        t = self.form
        s, atoms, _ = t.parts(self.y)
        live, waves = t.live, t.line.waves(self.space, degree, np.append(s.ravel(), atoms.ravel()))
        moved = s - t.labels[live]
        s, masses = panels.refined(t.mid[live], t.half[live], moved, t.mass_density[live], waves, NEGLIGIBLE)
        return np.concatenate([s.reshape(*atoms.shape[:-1], -1), atoms], axis=-1), np.append(masses.ravel(), t.atoms)

    @property
    def coefficients(self) -> Array:
        """Coefficients in the space's basis, to its own degree; what lies beyond is not shown by them.

        NaN once mass has left the interval of which they are.
        """
        degree = int(self.space.degrees.max())
        s, weights = self._resolving(degree)
        q = self.form.line.coordinates(s)
        return np.asarray(self.space.project(q, np.broadcast_to(weights, q.shape), degree))

    # --- a density's questions (one snapshot) -------------------------------------------------------------

    @property
    def entropy(self) -> Array | float:
        """int rho log rho d sigma = int log rho d mu; inf once there are atoms."""
        t = self.form
        if np.any(t.atoms > 0.0):
            return np.full(self.y.shape[:-1], np.inf)[()]
        rho = self._now(t.rho0[t.live])
        log = np.log(np.where(rho > 0.0, rho, 1.0))
        return np.sum(self.weights * log, axis=-1)

    @property
    def tail(self) -> float:
        """The largest tail of position and log J among panels that are refined: how well it is resolved."""
        t = self.form
        s, _, log_j = t.parts(self.y)
        worst = np.maximum(panels.tails(s), panels.tails(log_j))[..., t.masses[t.live] > NEGLIGIBLE]
        return float(worst.max(initial=0.0))

    def known(self, q: Array) -> Array:
        """rho at coordinates that need no check: 0 where all mass has left, inf within rounding of an atom.

        On panels too light to be refined any further it is the mean over the panel's image.  NaN where unknown.
        """
        t = self.form
        s = t.line.position(q).ravel()
        rho = np.zeros(s.size)
        if t.count[0]:
            panel, xi, inside = self.found(s)
            rho[inside] = self.on_panels(s, panel, xi)[inside]
        rho[self._hit(s)] = np.inf
        return rho.reshape(np.shape(q))

    def on_panels(self, s: Array, panel: Array, xi: Array) -> Array:
        """rho at positions s, found at xi on live panels."""
        t = self.form
        where = np.flatnonzero(t.live)[panel]
        log_j = panels.at(panels.series(t.parts(self.y)[2])[panel], xi)
        with np.errstate(over="ignore"):  # far inside a cluster
            values = t.initial(t.mid[where] + t.half[where] * xi) * np.exp(-log_j)
        width = np.abs(panels.widths(t.parts(self.y)[0]))[panel]
        mean = t.masses[where] / np.maximum(width * t.line.measure(t.space, s), 1e-300)
        return np.where(self.rough[panel], mean, values)

    def carried(self, labels: Any) -> tuple[Array, Array]:
        """Positions on the line and densities now of the material points that began at `labels`.

        A label inside an atom is at the atom, with density inf; NaN, with a warning, where unknown.
        """
        a = inputs.array("labels", labels, radians=True)
        t = self.form
        low, high = t.line.bounds(t.space)
        if not t.line.turn and a.size and (a.min() < low or a.max() > high):
            far = a.flat[np.abs(a - 0.5 * (low + high)).argmax()]
            raise ValueError(
                f"labels: got {float(far)!r}, wanted positions in [{low:.6g}, {high:.6g}], where points were at the "
                "beginning"
            )
        flat = t.line.within(a.ravel())
        cell = np.clip(np.searchsorted(t.mid - t.half, flat, side="right") - 1, 0, len(t.mid) - 1)
        s, atoms, log_j = t.parts(self.y)
        xi = np.clip((flat - t.mid[cell]) / t.half[cell], -1.0, 1.0)
        live = t.live[cell]
        panel = (np.cumsum(t.live) - 1)[cell[live]]
        position, rho = np.empty(len(flat)), np.full(len(flat), np.inf)
        position[live] = panels.at(panels.series(s)[panel], xi[live])
        rho[live] = np.exp(-panels.at(panels.series(log_j)[panel], xi[live]))
        rho[live] *= t.initial(flat[live])
        position[~live] = atoms[t.atom[cell[~live]]]
        return position.reshape(a.shape), warned(rho.reshape(a.shape))

    def cells(self, edges: Array) -> Array:
        """Mass between consecutive positions on the line (increasing, inside one turn); atoms count where they are."""
        masses = np.diff(self.below(edges))
        t = self.form
        where = np.searchsorted(edges, t.line.near(t.parts(self.y)[1], edges[0]), side="right") - 1
        ok = (where >= 0) & (where < len(masses))
        return np.asarray(masses + np.bincount(where[ok], weights=t.atoms[ok], minlength=len(masses)))

    def below(self, s: Array) -> Array:
        """Mass on live panels below the positions s."""
        t = self.form
        if not t.count[0]:
            return np.zeros(len(s))
        panel, xi, inside = self.found(s)
        masses = t.masses[t.live]
        partial = panels.at((panels.series(t.mass_density[t.live]) @ INTEGRAL)[panel], xi)
        here = np.where(inside, partial, np.where(xi > 0.0, masses[panel], 0.0))
        total = np.concatenate([[0.0], np.cumsum(masses)])
        start = panels.ends(t.parts(self.y)[0][0])[0]
        turns = np.round((s - t.line.near(s, start)) / t.line.turn) if t.line.turn else 0.0
        return np.asarray(total[panel] + here + turns * total[-1])

    # --- finding ------------------------------------------------------------------------------------------

    def found(self, s: Array) -> tuple[Array, Array, Array]:
        """Live panel, xi, and whether the position is inside its image; positions are brought to this turn."""
        t = self.form
        nodes = t.parts(self.y)[0]
        ends = panels.ends(nodes)
        if not len(nodes):
            return np.zeros(len(s), int), np.zeros(len(s)), np.zeros(len(s), bool)
        s = t.line.near(s, ends[0, 0])
        panel = np.clip(np.searchsorted(ends[:, 0], s, side="right") - 1, 0, len(nodes) - 1)
        left, right = ends[panel].T
        slack = 1e-13 + 1e-6 * np.abs(right - left)
        inside = (s >= left - slack) & (s <= right + slack)
        c = panels.series(nodes)[panel]
        xi = np.where(s > right, 1.0, -1.0)
        xi[inside] = panels.solved(c[inside], c[inside] @ panels.DERIVATIVE, s[inside])
        return panel, xi, inside

    @cached_property
    def rough(self) -> Array:
        """(L,) panels on which log J is no polynomial any more."""
        return np.asarray(panels.tails(self.form.parts(self.y)[2]) > ROUGH)

    def _hit(self, s: Array) -> Array:
        _, atoms, _ = self.form.parts(self.y)
        if not len(atoms):
            return np.zeros(len(s), bool)
        return np.abs(self.form.line.apart(atoms, s[:, None])).min(axis=1) <= 4e-16 * np.abs(s) + 4e-16

    def _placed(self, u: Array) -> Array:
        """Positions by the inverse of the distribution function from coordinate 0, then placed by the space."""
        t = self.form
        total = np.cumsum(t.masses)
        level = np.mod(u[:, 0] * total[-1] + self._origin(), total[-1])
        cell = np.clip(np.searchsorted(total, level, side="right"), 0, len(total) - 1)
        s, atoms, _ = t.parts(self.y)
        live = t.live[cell]
        position = np.empty(len(level))
        position[~live] = atoms[t.atom[cell[~live]]]
        m = panels.series(t.mass_density)[cell[live]]
        rest = (level - total[cell] + t.masses[cell])[live]
        xi = panels.solved(m @ INTEGRAL, m, rest)
        position[live] = panels.at(panels.series(s)[(np.cumsum(t.live) - 1)[cell[live]]], xi)
        return np.asarray(t.line.placed(t.space, position, u[:, 1:]))

    def _origin(self) -> float:
        """Mass along the labels before coordinate 0, on a closed line: its first label has moved on."""
        t = self.form
        if not t.line.turn:
            return 0.0
        nodes, atoms, _ = t.parts(self.y)
        dead = np.flatnonzero(~t.live)
        where = atoms[t.atom[dead]]
        start = panels.ends(nodes)[0, 0] if t.live[0] else where[0]
        zero = t.line.near(0.0, start)
        place = t.line.near(where, start)
        # an atom of labels at both ends is at the start twice, and the second time a turn later
        first = np.argmax(t.live) if t.count[0] else len(t.live)
        before = (place < zero) & ((place > start) | (dead <= first))
        live = self.below(np.array([start, zero])) if t.count[0] else np.zeros(2)
        return float(live[1] - live[0] + t.masses[dead[before]].sum())
