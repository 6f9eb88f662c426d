"""A cloud's run: the record's particle face."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from meanfield import geometry
from meanfield.plot import animate, circle, curves, points, scales, titles
from meanfield.plot.options import drawn
from meanfield.plot.pictured import moved
from meanfield.protocols import Array, Geometry, Stepper
from meanfield.runs import dataset
from meanfield.runs.faces import face
from meanfield.runs.record import Record
from meanfield.runs.times import Ahead
from meanfield.tools import inputs
from particles.cloud import Cloud, named
from particles.plot import PicturedRows


def cloud_data(run: Any, replicas: tuple[str, ...] = ()) -> tuple[dict[str, Any], dict[str, str]]:
    """Positions, masses and all that the law tells of a run as variables of a dataset, and their units."""
    place: Geometry = run.geometry
    dims = ("t", *replicas, "particle") + ("component",) * (place.axes - 1)
    data = {place.symbol: (dims, run.x), "weights": ((*replicas, "particle"), run.weights)}
    data |= dataset.quantities(run, {*data, "t", "log_t", *dims}, replicas)
    return data, {place.symbol: place.unit}


class OfPoints(Record):
    """A run of points that may become one: what a cloud's run and one of long times have in common."""

    gauged = False

    @property
    def geometry(self) -> Geometry:
        """Where the points live."""
        place: Geometry = self.segments[0].form.geometry
        return place

    @property
    def angles(self) -> bool:
        """True if positions are angles."""
        return bool(self.geometry == geometry.ANGLES)

    @property
    def weights(self) -> Array:
        """(..., n) masses of the original points."""
        raise TypeError(f"{type(self).__name__} does not say what its points weigh")

    @property
    def merges(self) -> tuple[Any, ...]:
        """Every merger of the run in the order of time: t, members, masses, position and jump of E."""
        found = (merge for segment in self.segments for merge in segment.form.merges)
        return tuple(replace(merge, jump=math.nan) for merge in found) if self.silent else tuple(found)

    @property
    def switches(self) -> tuple[Any, ...]:
        """Under a law that jumps (beta = inf), all moments at which leaders changed, in the order of time."""
        found = (segment.form.leaders for segment in self.segments)
        return tuple(one for leaders in found if leaders is not None for one in leaders.switches)

    @property
    def labels(self) -> Array:
        """(T, n) for every original point the lowest original point it is one with, at every saved time."""
        n = self.weights.shape[-1]
        rows = {}
        for i, segment in enumerate(self.segments):
            owner = segment.form.owners
            lowest = np.full(n, n)
            if owner is not None:
                np.minimum.at(lowest, owner, np.arange(n))
            rows[i] = np.arange(n) if owner is None else lowest[owner]
        return np.stack([rows[owner] for owner in self.owners])

    @property
    def jumped(self) -> Array:
        """(T,) what merging has added to E up to every saved time; of second order in merge_tol."""
        steps = [sum(merge.jump for merge in segment.form.merges) for segment in self.segments]
        return np.cumsum(steps)[list(self.owners)] * (math.nan if self.silent else 1.0)


@face("trajectory")
class Trajectory(PicturedRows, OfPoints):
    """n particles over time, as `simulate` returns them.

    Attributes
    ----------
    t : ndarray (T,)
        Saved times.
    x : ndarray (T, ..., n) or (T, ..., n, d)
        Positions, times first: angles if the run was given angles (unwrapped), else unit rows.  The run itself, and
        its measures, hold angles that began beyond four turns without their whole turns.
    weights : ndarray (..., n)
        Masses.
    merges : tuple of Merge
        With ``merge_tol``: which points became one, when, where.
    labels : ndarray of int (T, n)
        Which points are one, at every saved time.
    jumped : ndarray (T,)
        What merging has added to E up to every saved time: E(t) - E(0) = dissipated + jumped.
    energy : ndarray (T, ...)
        E of the law, for every replica.

    Examples
    --------
    >>> run = pt.simulate(mf.SA(4.0), [0.0, 1.0, 2.5], (0.0, 1.0))
    >>> run.x.shape, run(0.5).x.shape
    ((101, 3), (3, 2))
    """

    @property
    def scheme(self) -> Cloud:
        """Which sum, and whether points merge."""
        return Cloud(self.settings["field"], self.settings.get("merge_tol"))

    @property
    def stepper(self) -> Stepper:
        """The stepper that was given, or that of the name."""
        s = self.settings
        return named(s["method"], s.get("step"), s["rtol"], s["atol"])

    def ahead(self, t_end: float | None, t_eval: Any, land: Any = None) -> Ahead:
        """As of every run; with noise all times newly asked for are landed on."""
        shaken = self.checkpoint["rng"] is not None and t_eval is not None
        return super().ahead(t_end, t_eval, True if shaken and land is None else land)

    def dense_wanted(self, reads: bool, rng: Any) -> bool:
        """Between steps a cloud is known only where times in them were to be saved, and without noise."""
        return rng is None and (reads or self.settings.get("dense", False))

    @property
    def x(self) -> Array:
        """(T, ..., n) angles or (T, ..., n, d) rows; points that have merged coincide (angles: but for whole turns)."""
        pairs = zip(self.owners, self.states, strict=True)
        return np.stack([self.segments[owner].form.unmerged(y) for owner, y in pairs])

    @property
    def theta(self) -> Array:
        """(T, ..., n) angles (d = 2 only); unwrapped if the run was given angles, else in (-pi, pi]."""
        self._on_sphere("theta")
        return self.geometry.angles(self.x, "take rows; plot_globe draws S^2, plot_inner_products any dimension")

    @property
    def rows(self) -> Array:
        """(T, ..., n, d) rows."""
        return self.geometry.rows(self.x)

    @property
    def weights(self) -> Array:
        """(..., n) masses, of the original points."""
        first = self.segments[self.owners[0]].form.unmerged(self.states[0])
        return np.broadcast_to(self.segments[0].form.weights, self.geometry.shape(first))

    def to_xarray(self) -> Any:
        """theta(t, ..., particle) in rad or x(t, ..., particle, component), weights, all that the law tells over t."""
        lead = self.x.ndim - 1 - self.geometry.axes
        replicas = tuple(f"replica_{i}" if lead > 1 else "replica" for i in range(lead))
        data, units = cloud_data(self, replicas)
        return dataset.made(self, data, {"t": self.t}, units)

    @property
    def title(self) -> str:
        """The parameters, for a figure."""
        return f"{self.law}, n = {self.weights.shape[-1]}"

    def _titled(self, index: tuple[Any, ...]) -> str:
        """The title, and which replica it is of, if there are some."""
        return self.title + titles.of_replica(index)

    def _fixed(self, of: Callable[[Array], Array]) -> dict[str, Any]:
        """What the tokens see and does not move, as a picture takes it."""
        rows = self.law.fixed
        return {} if rows is None else {"fixed": of(rows)}

    def _index(self, replica: Any) -> tuple[Any, ...]:
        """Which replica, by its indices; the first by default."""
        return inputs.replica(replica, self.weights.shape[:-1])

    def _shot(
        self, t: float | None, replica: Any, options: dict[str, Any], velocity: bool = False
    ) -> tuple[Any, dict[str, Any]]:
        """Which saved time (the last by default) of which replica, and the look of its picture; velocities, too."""
        at, index = len(self.t) - 1 if t is None else self.saved(t), self._index(replica)
        title = f"{self._titled(index)}, t = {scales.clocks(self.t[at])[0]}"
        look = {"weights": self.weights[index], "title": title, **options}
        if inputs.flag("velocity", velocity):
            form, mu = self.segments[self.owners[at]].form, self.measures[at]
            v = moved(self.law, mu, float(self.t[at]))
            look["velocity"] = (v if form.owners is None else np.take(v, form.owners, axis=-2))[index]
        return (at, *index), look

    def plot(self, ax: Any = None, *, replica: Any = None, **options: Any) -> Any:
        """One replica: on the circle angles over time; on S^2 the globe at the end, with the ways of the points, but of
        a run with noise (``paths=run.rows`` draws these, too).

        In R^d the plane or space at the end (d > 3: its first three components), with the ways of the points; on a line
        positions over time.

        Options: title, color, label; on the circle cmap, log_time; on S^2 elevation, azimuth; in R^d axes, hull, along,
        planes, directions, symbol, paths; on a line log, cmap.
        """
        if self.geometry.manifold != "sphere":
            return self._drawn_in_space(ax, replica, options)
        every = (slice(None), *self._index(replica))
        if self.geometry.manifold == "sphere" and self.rows.shape[-1] == 3:
            ways = {} if self.noisy else {"paths": self.rows[every]}  # with noise they are knots
            return self.plot_globe(ax=ax, replica=replica, **{**ways, **options})
        look = {"title": self._titled(every[1:]), **self._fixed(geometry.to_angles), **options}
        return drawn(curves.trajectories, self.t, self.theta[every], ax, **look)

    def plot_globe(
        self, t: float | None = None, ax: Any = None, *, replica: Any = None, velocity: bool = False, **options: Any
    ) -> Any:
        """The particles at a saved time (the last by default) as dots on a globe, by their masses.

        Those of the circle lie on its equator; higher dimensions are refused.  With velocity=True their velocities
        under the law, without noise, are arrows.

        Options: title, color, label, elevation, azimuth (of the eye, degrees), paths (T, n, 3).
        """
        at, look = self._shot(t, replica, options, velocity)
        return drawn(points.sphere, self._on_sphere("plot_globe")[at], ax, **{**self._fixed(np.asarray), **look})

    def plot_ring(
        self, t: float | None = None, ax: Any = None, *, replica: Any = None, velocity: bool = False, **options: Any
    ) -> Any:
        """The particles on the circle at a saved time (the last by default), by their masses.

        With velocity=True their velocities under the law, without noise, are arrows.

        Options: title, color, label, stacked, mean.
        """
        theta = self.theta
        at, look = self._shot(t, replica, options, velocity)
        if velocity:
            look["velocity"] = points.turning(self.rows[at], look["velocity"])
        return drawn(circle.ring, theta[at], ax, **{**self._fixed(geometry.to_angles), **look})

    def plot_energy(self, axes: Any = None, *, replica: Any = None, **options: Any) -> Any:
        """The energy curve of one replica, with the identity's defect beneath; with noise, without one.

        Options are those of `Solution.plot_energy`.
        """
        index = self._index(replica)
        return self._draw_energy((slice(None), *index), axes, {"title": self._titled(index), **options})

    def plot_inner_products(
        self, t: float | None = None, ax: Any = None, *, replica: Any = None, **options: Any
    ) -> Any:
        """Histogram of <x_i, x_j>, a pair counting w_i w_j, at a saved time (the last by default).

        Options: title, log, color, label, bins, uniform.
        """
        at, look = self._shot(t, replica, options)
        return drawn(points.inner_products, self._on_sphere("plot_inner_products")[at], ax, **look)

    def animate(self, path: Any, *, replica: Any = None, fps: int = 15, overwrite: bool = False) -> Any:
        """The particles in motion on the circle over the saved times, by their masses, as gif, webp or png."""
        index = self._index(replica)
        theta, w = self.theta[(slice(None), *index)], self.weights[index]
        return animate.ring(self.t, theta, path, weights=w, fps=fps, title=self._titled(index), overwrite=overwrite)

    def _on_sphere(self, picture: str) -> Array:
        """The rows, or a refusal of a picture of directions that says what draws points of R^d."""
        if self.geometry.manifold != "sphere":
            raise TypeError(
                f"{picture}: these are points of R^{self.geometry.d(self.x)}, and it is asked of directions: "
                "run.plot(), run.plot_states() and run.plot_components() draw them"
            )
        return self.rows
