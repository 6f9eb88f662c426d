"""A density's run: the record's density face."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from meanfield.methods.on_plan import OnPlan
from meanfield.plot import animate, curves, scales, titles
from meanfield.plot.options import drawn
from meanfield.plot.pictured import SEVERAL, field, picture
from meanfield.protocols import Array, Snapshot
from meanfield.runs import dataset
from meanfield.runs.faces import face
from meanfield.runs.record import Record
from meanfield.runs.several import REPLICA, one_of
from meanfield.spaces.coefficients import by_degree, recast
from meanfield.spaces.density import Density
from meanfield.tools import inputs

SHOWN = 1e-8
"""Tail of a density to which the quadrature of a velocity that is drawn is made finer."""


@face("solution")
class Solution(Record):
    """A density's run, as `solve` returns it.

    Attributes
    ----------
    t : ndarray (T,)
        Saved times.
    status : Status
        Why it ended; `success` and `message` say it shorter and longer.
    coefficients, values : ndarray (T, M), (T, N)
        The densities saved, on the finest space.
    energy, dissipated : ndarray (T,)
        E of the law at the saved times, and what its identity says it gained.

    Examples
    --------
    >>> rho0 = mf.perturbed_uniform(mf.Circle(64), {1: 0.3})
    >>> sol = mf.solve(mf.SA(1.0), rho0, (0.0, 0.5))
    >>> sol(0.25).space.size, bool(np.all(np.diff(sol.energy) > 0.0))
    (64, True)
    """

    @property
    def lead(self) -> tuple[int, ...]:
        """Leading axes: () of one density, (B,) of B that were moved together."""
        told: tuple[int, ...] = self.segments[-1].form.lead(self.checkpoint["y"])
        return told

    def replica(self, index: Any) -> Solution:
        """The run of one of several densities that were moved together: as a `Solution` of its own."""
        if not self.lead:
            raise ValueError(f"index: got {inputs.describe(index)}, but this is the run of one density: use that")
        at = inputs.replica(index, self.lead)
        told: Solution = one_of(self, self.law.alone(at[-1]), at)
        return told

    @property
    def densities(self) -> tuple[Any, ...]:
        """The measure at every saved time: a `Density`, or one carried by its flow, which answers the same."""
        return self.measures

    @cached_property
    def mass(self) -> Array:
        """int d mu at every saved time; kept to rounding."""
        return np.array([rho.mass for rho in self.densities])

    @cached_property
    def entropy(self) -> Array:
        """int rho log rho d sigma at every saved time."""
        return np.array([rho.entropy for rho in self.densities])

    @cached_property
    def mean(self) -> Array:
        """(T, d) int x dmu at every saved time."""
        return np.stack([rho.mean for rho in self.densities])

    @cached_property
    def covariance(self) -> Array:
        """(T, d, d) int (x - mean) (x - mean)^T dmu at every saved time."""
        second = np.stack([rho.second_moment for rho in self.densities])
        return second - self.mean[..., :, None] * self.mean[..., None, :]

    @cached_property
    def minimum(self) -> Array:
        """Smallest node value at every saved time: reported, never clipped."""
        return np.array([rho.minimum for rho in self.densities])

    @cached_property
    def finest(self) -> Any:
        """The largest space used."""
        return max((s.form.space for s in self.segments), key=lambda space: space.size)

    @cached_property
    def shown(self) -> Any:
        """The space on whose nodes pictures and tables show the run: the finest, or on R one that holds all of it."""
        return self.finest.holding(self.densities)

    @cached_property
    def coefficients(self) -> Array:
        """(T, M) coefficients at every saved time, zero-padded to the finest space."""
        return np.stack([recast(rho.space, rho.coefficients, self.finest) for rho in self.densities])

    @cached_property
    def values(self) -> Array:
        """(T, N) values on the nodes of `shown`; of a density carried by its flow, means over the nodes' cells."""
        return np.stack([rho.on(self.shown) for rho in self.densities])

    def __call__(self, t: float) -> Density:
        """The density at any time of the run, by the dense output of the steps.

        One carried by its flow is told as a `Density`, too: it answers what `protocols.Snapshot` lists.
        """
        rho: Density = super().__call__(t)
        return rho

    def to_xarray(self) -> Any:
        """rho over time and the space's axes (theta | c | lat, lon), coefficients(t, k), all that the law tells over t.

        Every variable has its units: rad or degrees for the axes, 1 for what is a number.  Complex ones have a last
        dimension real_imag: ``ds.coefficients.sel(real_imag="imag")``.
        """
        space = self.shown
        axes, lead = space.axes, self.lead
        shape = tuple(len(axis) for axis in axes.values())
        replicas = tuple(f"replica_{i}" if len(lead) > 1 else "replica" for i in range(len(lead)))
        data = {
            "rho": (("t", *replicas, *axes), self.values.reshape(len(self.t), *lead, *shape)),
            "coefficients": (("t", *replicas, "k"), self.coefficients),
            "mass": (("t", *replicas), self.mass),
            "entropy": (("t", *replicas), self.entropy),
        }
        coords = {"t": self.t, **axes, "degree": ("k", self.finest.degrees)}
        data |= dataset.quantities(self, {*data, *coords, *replicas, "k"}, replicas)
        ds = dataset.made(self, data, coords, space.units)
        ds.attrs["space"] = dataset.words(space)
        ds["rho"].attrs.update(long_name="density with respect to the uniform probability measure")
        ds["coefficients"].attrs.update(long_name=f"coefficients in the orthonormal basis of {self.finest}")
        return ds

    @property
    def title(self) -> str:
        """The parameters, for a figure."""
        return f"{self.law}, {self.finest}{titles.of_replica(self.settings.get(REPLICA, ()))}"

    def plot(
        self, ax: Any = None, *, t: Any = None, velocity: bool = False, replica: Any = None, **options: Any
    ) -> Any:
        """The density over time as a heat map, the profiles at both ends beside it; on S^2 as six maps.

        With t the density at this time of the run, as `Density.plot` draws it, or at several: as lines, or maps.  With
        one t and velocity=True also the velocity X[mu] that the law gives it.  Of several densities one, `replica` (the
        first by default).

        Options: title, log (colours), cmap; over time log_time, and but for S^2 ends (the profiles beside); of zonal
        densities as_law, by_angle, d; on S^2 centre, the longitude in the middle of the maps; of lines color, label.
        """
        if self.lead:
            return self.replica(replica).plot(ax, t=t, velocity=velocity, **options)
        inputs.replica(replica, ())
        space = self.shown
        look = {"title": self.title, **options}
        velocity = inputs.flag("velocity", velocity)
        if velocity and (t is None or np.ndim(t)):
            raise ValueError("velocity: a picture shows that of one time: give t=, for example t=sol.t[-1]")
        if t is None:
            return drawn(picture(space).heat, self.t, space.nodes, self.values, ax, **look)
        if np.ndim(t):
            return self._several(picture(space, SEVERAL), inputs.array("t", t, ndim=1), ax, options)
        at = inputs.number("t", t)
        rho = self(at)
        look = {"title": f"{self.title}, t = {scales.clocks(at)[0]}", **options}
        if velocity:
            look["velocity"] = self._velocity(rho, at)
        return drawn(picture(space).single, space.nodes, rho.on(space), ax, **look)

    def _velocity(self, rho: Snapshot, t: float) -> tuple[Array, Array]:
        """Where the law moves a density, and how fast: asked as a run asks, by quadrature where it has matrices."""
        if not rho.dense:
            return field(self.law, rho, t)
        plan = OnPlan(rho.space, self.law.isotropic, SHOWN)
        plan.open(rho.coefficients)
        return field(self.law, plan, t, plan.grid)

    def _several(self, draw: Any, times: Array, ax: Any, options: dict[str, Any]) -> Any:
        """The densities at these times in one picture."""
        space = self.shown
        values = [rho.on(space) for rho in map(self, times)]
        labels = [f"t = {clock}" for clock in scales.clocks(times)]
        return drawn(draw, space.nodes, values, labels, ax, **{"title": self.title, **options})

    def _asked(self, times: Any, count: int) -> Array:
        """The times to draw: so many by default, equally spaced as the saved ones are."""
        return scales.spaced(self.t, count) if times is None else inputs.array("times", times, ndim=1)

    def plot_profiles(self, times: Any = None, ax: Any = None, *, replica: Any = None, **options: Any) -> Any:
        """The density at several times (six by default) as lines.

        Options: title, log (vertical axis), cmap, color, label; of zonal densities as_law, by_angle, d.
        """
        if self.lead:
            return self.replica(replica).plot_profiles(times, ax, **options)
        inputs.replica(replica, ())
        return self._several(picture(self.shown).profiles, self._asked(times, 6), ax, options)

    def plot_energy(self, axes: Any = None, *, replica: Any = None, **options: Any) -> Any:
        """The energy Lyapunov curve, the identity's defect beneath; with noise the free energy, without one.

        Options: title, color, label, log_time, bounds (levels by name), tolerance (of the defect), symbol, ylabel.
        """
        if self.lead:
            return self.replica(replica).plot_energy(axes, **options)
        inputs.replica(replica, ())
        return self._draw_energy(slice(None), axes, {"title": self.title, **options})

    def plot_spectrum(self, times: Any = None, ax: Any = None, *, replica: Any = None, **options: Any) -> Any:
        """|c_k| at several times (four by default); options title, cmap, color, label, symbol."""
        if self.lead:
            return self.replica(replica).plot_spectrum(times, ax, **options)
        inputs.replica(replica, ())
        asked = self._asked(times, 4)
        rhos = [self(t) for t in asked]
        labels = [f"t = {clock}" for clock in scales.clocks(asked)]
        sizes = [by_degree(rho.space, rho.coefficients) for rho in rhos]
        look = {"title": self.title, **options}
        return drawn(curves.spectrum, [np.arange(len(s)) for s in sizes], sizes, labels, None, ax, **look)

    def animate(
        self, path: Any, *, frames: int = 60, fps: int = 15, overwrite: bool = False, replica: Any = None
    ) -> Any:
        """The density in motion, as gif, webp or png, without ffmpeg."""
        if self.lead:
            return self.replica(replica).animate(path, frames=frames, fps=fps, overwrite=overwrite)
        inputs.replica(replica, ())
        asked = np.linspace(self.t[0], self.t[-1], inputs.integer("frames", frames, low=2))
        space = self.shown
        values = np.stack([rho.on(space) for rho in map(self, asked)])
        film = picture(space, animate.FILMS)
        return film(asked, space.nodes, values, path, fps=fps, title=self.title, overwrite=overwrite)
