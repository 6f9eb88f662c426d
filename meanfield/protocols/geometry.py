"""Geometry: where tokens live, and what may be done with their positions there."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from meanfield.protocols.array import Array
from meanfield.protocols.kernel import Kernel
from meanfield.tools.shown import Shown


class Geometry(Shown):
    """Where tokens live: a frozen, registered object without state, held by points and by what a run's state means.

    Positions q are numbers (..., n) on a line or circle (`axes` = 1), or rows (..., n, d) (`axes` = 2).  A stranger's
    says at least its `name`, `check`, `retract` and `project`; the rest, here, is what holds of rows in R^d, or a
    refusal.
    """

    name: str = "rows"
    manifold: str = "flat"
    """Whose laws move points here: "sphere", or "flat" for laws of R^d, whose velocities `project` bends along."""
    axes: int = 2
    """Trailing axes of the positions: 1 (numbers) or 2 (rows)."""
    turn: float = 0.0
    """Length of a closed line, else 0."""
    reach: float = math.inf
    """The largest distance."""
    fast: tuple[int, ...] = ()
    """Dimensions d in which sums over points here may go by harmonics of the sphere."""
    symbol: str = "x"
    """What positions are called in a dataset."""
    unit: str = "1"
    """And their unit."""
    told: str = "rows (n, d)"
    """What positions are, in a few words: for messages."""

    # --- positions ----------------------------------------------------------------------------------------

    def check(self, name: str, value: Any) -> Array:
        """A user's positions as an array, or a refusal that names the argument."""
        raise TypeError(f"{type(self).__name__} takes no positions")

    def d(self, q: Array) -> int:
        """Ambient dimension."""
        return int(q.shape[-1])

    def rows(self, q: Array) -> Array:
        """(..., n, d)."""
        return q

    def angles(self, q: Array, instead: str = "take x") -> Array:
        """(..., n) angles, where there are any; else a refusal that says what to do instead."""
        self.on_sphere("theta", q)
        raise TypeError(f"theta exists on the circle only, and these points have d = {self.d(q)}: {instead}")

    def on_sphere(self, what: str, q: Array) -> None:
        """Refuse points that are on no sphere where `what` is a question about directions."""
        if self.manifold != "sphere":
            raise TypeError(
                f"{what}: these are points of R^{self.d(q)}, moved by a flat law, and this is asked of points on a "
                "sphere: work with their rows (.x), or ask their directions, "
                "mf.Points(mu.x / numpy.linalg.norm(mu.x, axis=-1, keepdims=True), weights=mu.weights)"
            )

    def line(self, q: Array) -> tuple[Geometry, Array]:
        """The line on which the positions lie, if they have but one dimension, and where: itself and q, if not."""
        return self, q

    def chart(self, space: Any, q: Array) -> Array:
        """Coordinates of a space of densities on the same sphere."""
        raise TypeError(f"{self.name}: there are no coordinates of {space} here")

    # --- motion -------------------------------------------------------------------------------------------

    def retract(self, q: Array) -> Array:
        """q brought back to where tokens live."""
        return q

    def project(self, q: Array, v: Array) -> Array:
        """The part of v, rows (..., n, d) or tangent components (..., n, m), along the geometry, shaped as q."""
        return v

    def tangent(self, q: Array, v: Array) -> Array:
        """The same of v shaped as q already."""
        return self.project(q, v)

    def moved(self, q: Array, move: Array) -> Array:
        """q after steps `move` (..., n, d) of its rows, which nobody has projected, brought back."""
        return self.retract(q + move)

    def reduced(self, q: Array) -> Array:
        """q without whole turns."""
        return q

    def turned(self, q: Array, turns: Array) -> Array:
        """q and whole turns."""
        return q

    # --- distances ----------------------------------------------------------------------------------------

    def apart(self, p: Array, q: Array) -> Array:
        """Differences q - p, the short way round."""
        return q - p

    def chord(self, p: Array, q: Array) -> Array:
        """Straight distances: they grow with `distance`, and keep the digits of short ones."""
        raise TypeError(f"{self.name}: no distances are known here")

    def along(self, chord: Any) -> Any:
        """The distance that belongs to a straight one."""
        return chord

    def straight(self, distance: float) -> float:
        """The straight distance that belongs to one: the inverse of `along`."""
        return distance

    def distance(self, p: Array, q: Array) -> Array:
        """Distances, NaN from NaN."""
        return self.along(self.chord(p, q))

    def opening(self, p: Array, q: Array, u: Array, v: Array) -> float:
        """Rate at which the distance of two points grows as they move by u and v."""
        raise TypeError(f"{self.name}: no distances are known here")

    def pairs(self, q: Array) -> tuple[Array, Array]:
        """1 - <x_i, x_j>, (n, n), and P_{x_i} x_j, shaped as q at every i: both with all digits at any distance."""
        raise TypeError(f"{self.name}: pairs here have no cosine")

    # --- several as one -----------------------------------------------------------------------------------

    def groups(self, q: Array, tol: float) -> Array | None:
        """Who joins whom among points no further than tol from one another: labels (n,), or None for nobody."""
        raise TypeError(f"{self.name}: points here do not merge")

    def centres(self, q: Array, w: Array, labels: Array) -> tuple[Array, Array]:
        """Centres of mass (m,) or (m, d) of the groups 0..m-1 that labels (n,) name, and their masses (m,).

        NaN where there is none, as of points all around in balance; a group of one keeps its bits.
        """
        raise TypeError(f"{self.name}: groups of points have no centres here")

    def resultant(self, q: Array, w: Array) -> Array:
        """int x d mu of points (n,) or (n, d) of masses w (n,): as many of its components as are not 0 by symmetry."""
        return np.asarray(w @ self.rows(q))

    def moments(self, q: Array, w: Array, degree: int) -> Array | None:
        """Moments to `degree` of points (..., n) of masses w: None on spheres, whose harmonics tell them."""
        return None

    def shape(self, q: Array) -> tuple[int, ...]:
        """(..., n): that of one number for every point."""
        return tuple(q.shape[: q.ndim + 1 - self.axes])

    def point(self, d: int) -> tuple[int, ...]:
        """The shape of one position in ambient dimension d: (), or (d,)."""
        return (d,) * (self.axes - 1)


class Line(Geometry):
    """A geometry of one dimension, on which the labels of a density that a flow carries can live.

    `low` and `high` bound it, or `bounds` does by the space; `shown` is the least size of the space on whose nodes
    pictures are drawn.
    """

    axes = 1
    low: float = 0.0
    high: float = 0.0
    shown: int = 0

    def tangent(self, q: Array, v: Array) -> Array:
        """v as it is: there is one direction."""
        return v

    def bounds(self, space: Any) -> tuple[float, float]:
        """Between which labels a space's densities lie."""
        return self.low, self.high

    def size(self, space: Any) -> float:
        """By what length positions are measured: 1, of angles."""
        return 1.0

    def extent(self, space: Any, s: Array) -> float:
        """Of positions: in units of which their polynomials are to be right."""
        return self.size(space)

    def coordinates(self, s: Array) -> Array:
        """The space's own coordinates of positions s."""
        return s

    def position(self, q: Any) -> Array:
        """Positions of coordinates."""
        raise TypeError(f"{self.name}: no positions are known of coordinates")

    def within(self, a: Array) -> Array:
        """Labels brought to [low, high)."""
        return a

    def near(self, s: Any, start: Any) -> Any:
        """Positions brought to the turn that begins at `start`."""
        return s

    def cells(self, space: Any, of: Any) -> tuple[Array, Array, Array]:
        """Edges (n + 1,) around a space's nodes, sigma (n,) of the cells, that of the space `of`, and the order that
        gives the nodes'."""
        raise TypeError(f"{self.name}: {space} has no cells here")

    def measure(self, space: Any, s: Array) -> Array:
        """d sigma / d s."""
        raise TypeError(f"{self.name}: {space} has no measure here")

    def waves(self, space: Any, degree: int, s: Array) -> float:
        """Radians that harmonics of `degree` turn through per radian, or per unit of length, about positions s."""
        raise TypeError(f"{self.name}: {space} has no harmonics here")

    def looked(self, kernel: Kernel, space: Any, ends: Array) -> Array:
        """(P,) radians that what a kernel sees turns through across panels with these ends (P, 2)."""
        return np.asarray(int(kernel.bandwidth(space.d)) * np.abs(ends[:, 1] - ends[:, 0]))

    def placed(self, space: Any, s: Array, u: Array) -> Array:
        """Points as `space.place` gives them, at positions s, by levels u where s leaves freedom."""
        raise TypeError(f"{self.name}: {space} places no points here")
