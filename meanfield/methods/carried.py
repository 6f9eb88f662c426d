"""A density carried by its flow: what the state of a Lagrangian run means, and the questions it answers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from meanfield import energy, inputs
from meanfield.methods import panels
from meanfield.methods.panels import GAUSS, INTEGRAL, LINES, OMEGA, XI
from meanfield.protocols import Array
from meanfield.settings import register

NEGLIGIBLE = 1e-15
"""A panel of less mass is moved, and no longer refined: its whole mass is below the rounding of any moment."""
ROUGH = 1e-3
"""Such panels are no longer interpolated once their tail is above this."""
DIRECT = 96
"""Up to so many points every pair is summed; beyond, the band-limited sum."""


@register
@dataclass(frozen=True, eq=False)
class OnPanels:
    """What a state of positions and log-Jacobians means.

    A state (..., N + A + N) holds the positions s of N = L G nodes on L panels, then of A atoms, then log J at the
    nodes, with rho_t(x(a)) = rho_0(a) / J(a).  Labels a are positions at the beginning; masses never change.

    Attributes
    ----------
    space : Space
        Where it lives, with a line.
    coefficients : ndarray
        rho_0.
    mid, half : ndarray (P,)
        Label panels, in order: centres and half lengths.
    atom : ndarray (P,) of int
        The atom a panel has become part of, or -1.
    jump : float
        Energy gained so far by making atoms; nan under a law without energy.
    field : {"harmonic", "direct"}
        Which sum answers the law.
    """

    space: Any
    coefficients: Array
    mid: Array
    half: Array
    atom: Array
    jump: float = 0.0
    field: str = "harmonic"
    name = "lagrangian"

    @property
    def line(self) -> Any:
        """Where labels live."""
        return LINES[self.space.line]

    @cached_property
    def live(self) -> Array:
        """(P,) panels that are not part of an atom."""
        return np.asarray(self.atom < 0)

    @cached_property
    def count(self) -> tuple[int, int]:
        """(L, A): live panels and atoms."""
        return int(self.live.sum()), int(self.atom.max(initial=-1)) + 1

    @cached_property
    def labels(self) -> Array:
        """(P, G) labels of the nodes of all panels."""
        return np.asarray(self.mid[:, None] + self.half[:, None] * XI)

    @cached_property
    def rho0(self) -> Array:
        """(P, G) rho_0 there."""
        q = self.line.coordinates(self.labels.ravel())
        return np.asarray(self.space.evaluate(self.coefficients, q).reshape(self.labels.shape))

    @cached_property
    def spread(self) -> Array:
        """(P, G) mass per unit of the panels' own coordinate xi in [-1, 1]; of total mass 1 to the last bit."""
        m = self.rho0 * self.line.measure(self.space, self.labels) * self.half[:, None]
        return np.asarray(m / float((m * OMEGA).sum()))

    @cached_property
    def masses(self) -> Array:
        """(P,) the mass of every panel."""
        return np.asarray((self.spread * OMEGA).sum(axis=-1))

    @cached_property
    def atoms(self) -> Array:
        """(A,) the mass of every atom."""
        dead = ~self.live
        return np.bincount(self.atom[dead], weights=self.masses[dead], minlength=self.count[1])

    @cached_property
    def weights(self) -> Array:
        """(N + A,) masses at the nodes and of the atoms."""
        return np.append((self.spread * OMEGA)[self.live].ravel(), self.atoms)

    def parts(self, y: Array) -> tuple[Array, Array, Array]:
        """Positions (..., L, G) of nodes and (..., A) of atoms, and log J (..., L, G)."""
        L, A = self.count
        N = L * GAUSS
        shape = (*y.shape[:-1], L, GAUSS)
        return y[..., :N].reshape(shape), y[..., N : N + A], y[..., N + A :].reshape(shape)

    def body(self, y: Array) -> Any:
        """The measure of all masses at their positions."""
        s = y[..., : len(self.weights)]
        return self.line.body(self.space, s, self.weights, "direct" if s.shape[-1] <= DIRECT else self.field)

    def measure(self, y: Array) -> Carried:
        """The measure (leading axes: several)."""
        return Carried(self, y)


@dataclass(frozen=True, eq=False)
class Carried:
    """A density carried by its flow, and the atoms that parts of it have become.

    It answers what a `Density` answers, and has points: nodes first, then atoms.

    Attributes
    ----------
    template : OnPanels
        Labels and masses.
    y : ndarray
        Positions and log-Jacobians.
    """

    template: OnPanels
    y: Array

    # --- points -------------------------------------------------------------------------------------------

    @cached_property
    def body(self) -> Any:
        """The masses at their positions, as a measure of points."""
        return self.template.body(self.y)

    @property
    def space(self) -> Any:
        """The space of the density it began as."""
        return self.template.space

    @property
    def d(self) -> int:
        """Ambient dimension."""
        return int(self.space.d)

    @property
    def s(self) -> Array:
        """(..., n) positions on the line: angles in radians, unwrapped (circle), or colatitudes (zonal)."""
        return self.y[..., : len(self.weights)]

    @property
    def points(self) -> Array:
        """(..., n) positions in the space's coordinates: angles, or heights c = <x, axis>."""
        return np.asarray(self.template.line.coordinates(self.s))

    @property
    def theta(self) -> Array:
        """(..., n) angles (circle only)."""
        return np.asarray(self.body.theta)

    @property
    def colatitude(self) -> Array:
        """(..., n) angles from the axis (zonal spheres only)."""
        return np.asarray(self.body.colatitude)

    @property
    def x(self) -> Array:
        """(..., n, d) rows (circle only)."""
        return np.asarray(self.body.x)

    @property
    def weights(self) -> Array:
        """(n,) masses."""
        return self.template.weights

    @property
    def labels(self) -> Array:
        """(n,) where the points were at the beginning; nan for atoms, which come from whole intervals."""
        t = self.template
        return np.append(t.labels[t.live].ravel(), np.full(t.count[1], np.nan))

    @property
    def density(self) -> Array:
        """(..., n) rho at the points; inf at atoms."""
        t = self.template
        log_j = t.parts(self.y)[2]
        with np.errstate(over="ignore"):  # far inside a cluster
            rho = t.rho0[t.live] * np.exp(-log_j)
        rho = rho.reshape(*self.y.shape[:-1], -1)
        return np.concatenate([rho, np.full((*rho.shape[:-1], t.count[1]), np.inf)], axis=-1)

    # --- a law's questions --------------------------------------------------------------------------------

    def read(self, kernel: Any, x: Array | None = None, want: str = "ZM") -> Any:
        """Answer a law (see `protocols.Measure`), by sums over the points."""
        return self.body.read(kernel, x, want)

    @property
    def mass(self) -> Array | float:
        """int d mu."""
        return self.weights.sum(axis=-1)

    @property
    def mean(self) -> Array:
        """int x d mu, (..., d)."""
        return np.asarray(self.body.mean)

    @property
    def second_moment(self) -> Array:
        """int x x^T d mu, (..., d, d)."""
        return np.asarray(self.body.second_moment)

    def moments(self, degree: int) -> Array:
        """Moments to `degree`, as `Density.moments`, by as many points of the panels' polynomials as that takes."""
        degree = inputs.integer("degree", degree, low=0)
        s, weights = self._resolving(degree)
        return np.asarray(self.template.line.body(self.space, s, weights, self.template.field).moments(degree))

    def _resolving(self, degree: int) -> tuple[Array, Array]:
        """(..., n) positions and (n,) masses that resolve harmonics to `degree`."""
        t = self.template
        s, atoms, _ = t.parts(self.y)
        live, waves = t.live, t.line.waves(self.space, degree)
        moved = s - t.labels[live]
        s, masses = panels.refined(t.mid[live], t.half[live], moved, t.spread[live], waves, NEGLIGIBLE)
        return np.concatenate([s.reshape(*atoms.shape[:-1], -1), atoms], axis=-1), np.append(masses.ravel(), t.atoms)

    def energy(self, law: Any) -> Any:
        """E of the law, in its scale."""
        return energy.told(law, self)

    def excess(self, kernel: Any) -> tuple[Array, float]:
        """E less that of the uniform measure, as a number and a logarithm (see `protocols.Measure`)."""
        value, log = self.body.excess(kernel)
        return np.asarray(value), float(log)

    @property
    def coefficients(self) -> Array:
        """Coefficients in the space's basis, to its own degree; what lies beyond is not shown by them."""
        degree = int(self.space.degrees.max())
        s, weights = self._resolving(degree)
        q = self.template.line.coordinates(s)
        return np.asarray(self.space.project(q, np.broadcast_to(weights, q.shape), degree))

    # --- a density's questions (one snapshot) -------------------------------------------------------------

    @property
    def entropy(self) -> Array | float:
        """int rho log rho d sigma = int log rho d mu; inf once there are atoms."""
        t = self.template
        if np.any(t.atoms > 0.0):
            return np.full(self.y.shape[:-1], np.inf)[()]
        rho = self.density
        log = np.log(np.where(rho > 0.0, rho, 1.0))
        return np.sum(self.weights * log, axis=-1)

    @property
    def minimum(self) -> float:
        """Smallest value at a node."""
        return float(self.density.min())

    @property
    def maximum(self) -> float:
        """Largest value at a node, or inf."""
        return float(self.density.max())

    @property
    def tail(self) -> float:
        """The largest tail of position and log J among panels that are refined: how well it is resolved."""
        t = self.template
        s, _, log_j = t.parts(self.y)
        worst = np.maximum(panels.tails(s), panels.tails(log_j))[..., t.masses[t.live] > NEGLIGIBLE]
        return float(worst.max(initial=0.0))

    @property
    def values(self) -> Array:
        """rho at the space's nodes."""
        return self(self.space.nodes)

    def on(self, space: Any) -> Array:
        """Mean of rho over the cell around each node of another resolution of its space: what a picture shows.

        A cluster narrower than the grid has no node of its own, and its mass would be missing.
        """
        edges, sigma, order = self.template.line.cells(space)
        # in high d a cell at a pole is too small to be written, and nothing is there
        mean = np.divide(self.cells(edges), sigma, out=np.zeros(len(sigma)), where=sigma > 0.0)
        return np.asarray(mean[order])

    def __call__(self, q: Any) -> Array:
        """rho at coordinates q of the space: 0 where all mass has left, inf within rounding of an atom.

        On panels too light to be refined any further it is the mean over the panel's image.
        """
        s = self.template.line.position(self.space.points(q))
        panel, xi, inside = self._found(s.ravel())
        t = self.template
        rho = np.zeros(s.size)
        where = np.flatnonzero(t.live)[panel]
        labels = t.mid[where] + t.half[where] * xi
        log_j = panels.at(panels.series(t.parts(self.y)[2])[panel], xi)
        with np.errstate(over="ignore"):  # far inside a cluster
            values = t.space.evaluate(t.coefficients, t.line.coordinates(labels)) * np.exp(-log_j)
        rough = self._rough[panel]
        width = np.abs(panels.widths(t.parts(self.y)[0]))[panel]
        here = t.line.measure(t.space, s.ravel())
        values = np.where(rough, t.masses[t.live][panel] / np.maximum(width * here, 1e-300), values)
        rho[inside] = values[inside]
        rho[self._hit(s.ravel())] = np.inf
        return rho.reshape(s.shape)

    def at(self, x: Any) -> Array:
        """rho at unit rows x (..., n, d)."""
        return self(self.space.chart(inputs.rows("x", x, d=self.d)))

    def pdf(self, q: Any) -> Array:
        """The density per arc length or surface area at q."""
        return self(q) / self.space.area

    def carried(self, labels: Any) -> tuple[Array, Array]:
        """Positions on the line and densities now of the material points that began at `labels`.

        A label inside an atom is at the atom, with density inf.
        """
        a = inputs.array("labels", labels, radians=True)
        t = self.template
        flat = t.line.within(a.ravel())
        cell = np.clip(np.searchsorted(t.mid - t.half, flat, side="right") - 1, 0, len(t.mid) - 1)
        s, atoms, log_j = t.parts(self.y)
        xi = np.clip((flat - t.mid[cell]) / t.half[cell], -1.0, 1.0)
        live = t.live[cell]
        panel = (np.cumsum(t.live) - 1)[cell[live]]
        position, rho = np.empty(len(flat)), np.full(len(flat), np.inf)
        position[live] = panels.at(panels.series(s)[panel], xi[live])
        rho[live] = np.exp(-panels.at(panels.series(log_j)[panel], xi[live]))
        rho[live] *= t.space.evaluate(t.coefficients, t.line.coordinates(flat[live]))
        position[~live] = atoms[t.atom[cell[~live]]]
        return position.reshape(a.shape), rho.reshape(a.shape)

    def sample(self, n: int, rng: Any = None) -> Array:
        """n independent points distributed as mu, as `Density.sample`."""
        n = inputs.integer("n", n, low=1)
        return self._placed(inputs.generator(rng).random((n, self.space.levels)))

    def quantize(self, n: int) -> Array:
        """n deterministic points each standing for mass 1/n, as `Density.quantize`."""
        return self._placed(self.space.lattice(inputs.integer("n", n, low=1)))

    def cells(self, edges: Array) -> Array:
        """Mass between consecutive positions on the line (increasing, inside one turn); atoms count where they are."""
        masses = np.diff(self._below(edges))
        t = self.template
        where = np.searchsorted(edges, t.line.near(t.parts(self.y)[1], edges[0]), side="right") - 1
        ok = (where >= 0) & (where < len(masses))
        return np.asarray(masses + np.bincount(where[ok], weights=t.atoms[ok], minlength=len(masses)))

    def _below(self, s: Array) -> Array:
        """Mass on live panels below the positions s."""
        t = self.template
        if not t.count[0]:
            return np.zeros(len(s))
        panel, xi, inside = self._found(s)
        masses = t.masses[t.live]
        partial = panels.at((panels.series(t.spread[t.live]) @ INTEGRAL)[panel], xi)
        here = np.where(inside, partial, np.where(xi > 0.0, masses[panel], 0.0))
        total = np.concatenate([[0.0], np.cumsum(masses)])
        start = panels.ends(t.parts(self.y)[0][0])[0]
        turns = np.round((s - t.line.near(s, start)) / t.line.turn) if t.line.turn else 0.0
        return np.asarray(total[panel] + here + turns * total[-1])

    # --- finding ------------------------------------------------------------------------------------------

    def _found(self, s: Array) -> tuple[Array, Array, Array]:
        """Live panel, xi, and whether the position is inside its image; positions are brought to this turn."""
        t = self.template
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
    def _rough(self) -> Array:
        """(L,) panels on which log J is no polynomial any more."""
        return np.asarray(panels.tails(self.template.parts(self.y)[2]) > ROUGH)

    def _hit(self, s: Array) -> Array:
        _, atoms, _ = self.template.parts(self.y)
        if not len(atoms):
            return np.zeros(len(s), bool)
        gap = np.abs(self.template.line.apart(s[:, None] - atoms)).min(axis=1)
        return np.asarray(gap <= 4e-16 * np.abs(s) + 4e-16)

    def _placed(self, u: Array) -> Array:
        """Positions by the inverse of the distribution function along the labels, then placed by the space."""
        t = self.template
        total = np.cumsum(t.masses)
        level = u[:, 0] * total[-1]
        cell = np.clip(np.searchsorted(total, level, side="right"), 0, len(total) - 1)
        s, atoms, _ = t.parts(self.y)
        live = t.live[cell]
        position = np.empty(len(level))
        position[~live] = atoms[t.atom[cell[~live]]]
        m = panels.series(t.spread)[cell[live]]
        rest = (level - total[cell] + t.masses[cell])[live]
        xi = panels.solved(m @ INTEGRAL, m, rest)
        position[live] = panels.at(panels.series(s)[(np.cumsum(t.live) - 1)[cell[live]]], xi)
        return np.asarray(t.line.placed(t.space, position, u[:, 1:]))
