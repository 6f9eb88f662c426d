"""What a measure is drawn by: it is asked for its arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from meanfield.plot import circle, ellipses, globe, line, points, vectors, zonal
from meanfield.plot.options import drawn
from meanfield.protocols import Array, Law, Measure, Space, said
from meanfield.tools import inputs

PICTURES: dict[str, Any] = {"circle": circle, "zonal": zonal, "globe": globe, "line": line}
"""A space names its picture."""
SEVERAL = {"circle": circle.profiles, "zonal": zonal.profiles, "globe": globe.maps, "line": line.profiles}
"""Several densities in one picture."""


def picture(space: Space, pictures: dict[str, Any] = PICTURES) -> Any:
    """The room of pictures that a space names, or a refusal."""
    if space.picture not in pictures:
        raise TypeError(
            f"plot: {space} has no picture of ours (picture = {space.picture!r}, and there are {sorted(pictures)}): "
            "draw its values over its nodes, ax.plot(sol.finest.nodes, sol(t).on(sol.finest))"
        )
    return pictures[space.picture]


def asked(law: Law, mu: Measure, t: Any) -> Array:
    """A law's velocities at the own points of a measure, as it answers, at time t (None: it does not matter when).

    Raises
    ------
    TypeError, ValueError
        For what is no law, one of another geometry, and one that changes with time and no t.
    """
    if not isinstance(law, Law):
        raise TypeError(f"velocity: got {inputs.describe(law)}, wanted a law, for example velocity=mf.SA(4.0)")
    if law.geometry != mu.geometry.manifold:
        raise ValueError(f"velocity: {law} is of geometry {law.geometry!r}, and {mu} of {mu.geometry.manifold!r}")
    at = 0.0 if t is None else inputs.number("t", t)
    if t is None and not said(law):
        why = "does not say whether it changes with time" if said(law) is None else "changes with time"
        raise ValueError(f"t: {law} {why}: say at which its velocity is to be drawn, as t=0.0")
    return np.asarray(law.velocity(at, None if law.isotropic else mu.x, mu), dtype=float)


def field(law: Law, mu: Measure, t: Any, space: Space | None = None) -> tuple[Array, Array]:
    """Where a density is moved, in coordinates, and how fast: along a line upwards, or by rows on S^2.

    Its own points are the nodes of `space`, or (None) lie on a line.
    """
    if isinstance(law, Law) and law.labelled:
        raise ValueError(f"velocity: {law} tells tokens apart by their index: plot points, mf.Points(x)")
    v = asked(law, mu, t)
    if space is None:
        place: Any = mu.geometry
        held: Any = mu
        q = place.coordinates(mu.positions)
        speed = place.project(mu.positions, v) if v.ndim else np.full(np.shape(mu.positions), float(v))
        upwards = np.sign(np.diff(place.coordinates(np.array(place.bounds(held.space)))))
        order = np.argsort(q)
        return q[order], (upwards * speed)[order]
    if v.ndim == 0:
        v = np.full((len(space.weights), 1), float(v))
    if v.shape[-1] == space.d:
        v = np.einsum("nd,nmd->nm", v, space.frame())
    return space.nodes, v[:, 0] if np.ndim(space.nodes) == 1 else np.einsum("nm,nmd->nd", v, space.frame())


class PicturedDensity:
    """A density that can be drawn."""

    def plot(self, ax: Any = None, *, velocity: Law | None = None, t: float | None = None, **options: Any) -> Any:
        """The density over its space: a line over the angle, the height or x, a map of S^2.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw; None makes a figure.
        velocity : Law, optional
            Draw the velocity X[mu] that it gives, too: over a line as a dashed line on an axis of its own, positive
            where angles or heights grow; on a map as arrows.
        t : float, optional
            When, of a law that changes with time.
        **options
            title, log; of lines color, label, cmap, of zonal ones also as_law, by_angle, d; of maps cmap, samples (unit
            rows of particles), centre (the longitude in the middle).
        """
        mu: Any = self
        if lead := getattr(mu, "lead", ()):
            raise ValueError(f"density: got {lead} of them at once, and a picture shows one: take it by its index")
        look = {"title": str(mu.space), **options}
        if velocity is not None:
            look["velocity"] = field(velocity, mu, t, mu.space if mu.dense else None)
        space = mu.space.holding([mu])
        return drawn(picture(space).single, space.nodes, mu.on(space), ax, **look)


class PicturedPoints:
    """Weighted points that can be drawn."""

    def plot(self, ax: Any = None, *, velocity: Law | None = None, t: float | None = None, **options: Any) -> Any:
        """The points by their masses: on the circle, on a globe; of other dimensions their inner products.

        In R^d, d >= 2, they lie in the plane or in space.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw; None makes a figure.
        velocity : Law, optional
            Draw the velocities that it gives them as arrows, too (d = 2 and 3).
        t : float, optional
            When, of a law that changes with time.
        **options
            title, color, label; of the circle stacked, mean; of the globe elevation, azimuth; of inner products bins,
            uniform, log; of R^d axes, hull, along, planes, directions, symbol.
        """
        mu: Any = self
        look = {"weights": mu.weights, "title": f"n = {mu.n}", **options}
        if mu.geometry.manifold != "sphere":
            if velocity is not None:
                raise ValueError("velocity: arrows are drawn on the circle and on a globe, not in R^d: leave it out")
            return drawn(vectors.cloud, mu.x, ax, **look)
        if velocity is not None:
            look["velocity"] = moved(velocity, mu, t)
        return points.cloud(mu.x, ax, **look)


def moved(law: Law, mu: Measure, t: Any) -> Array:
    """Velocities (..., n, d) that a law gives points, along the sphere."""
    v = asked(law, mu, t)
    if v.ndim == 0:
        return np.zeros(np.shape(mu.x))
    speed = mu.geometry.project(mu.positions, v)
    return np.asarray(speed[..., None] * mu.x[..., ::-1] * [-1.0, 1.0] if mu.geometry.axes == 1 else speed)


class PicturedGaussian:
    """A Gaussian that can be drawn."""

    def plot(self, ax: Any = None, **options: Any) -> Any:
        """Its density over a line; of more dimensions the ellipse of one standard deviation, of the first two.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw; None makes a figure.
        **options
            title, color, cmap, label, labels.
        """
        mu: Any = self
        d = mu.d
        given = np.reshape(mu.mean, (-1, d)), np.reshape(mu.covariance, (-1, d, d))
        return drawn(ellipses.several, *given, ax, **{"title": f"d = {d}", **options})
