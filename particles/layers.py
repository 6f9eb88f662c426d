"""Tokens through the layers of a network, as they are computed: residual sums and normalisations, no flow.

A layer adds step times what the law gives, term by term (attention, then the feed-forward layer), and normalises where
networks do; as step -> 0 with depth step fixed it is the flow of `mf.Normalised`, or for "post" of the law itself
(A (2.1), (2.2); B (1.3); C (4); 2510.22026).  In R^d nothing is normalised but headings, and layers are Euler's steps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

import numpy as np

from meanfield import geometry
from meanfield.geometry import FLAT, ROWS
from meanfield.laws.normalised import unit
from meanfield.measures.points import Points
from meanfield.plot import curves, points, titles
from meanfield.plot.options import drawn
from meanfield.protocols import Array, Law
from meanfield.steppers.control import whole
from meanfield.tools import inputs
from meanfield.tools.shown import Shown
from meanfield.tools.tags import equations

Norm: TypeAlias = Literal["post", "pre", "mix", "peri", "ngpt", "ln-scaling", "attention"]
NORMS: tuple[Norm, ...] = get_args(Norm)
SPLITTINGS = ("lie", "strang")
SINGULAR = 1e12
EARLY = 0.25
"""Share of the layers that "mix" normalises after the sum, as its authors do."""


@dataclass(frozen=True, eq=False)
class Layers(Shown):
    """Tokens before the first layer and after every one, as `layers` returns them; ``t, x, directions, lengths = run``.

    Attributes
    ----------
    laws : tuple of Law
        One for every layer.
    norm : str
        Where they normalise; "flat" of layers of R^d, which do not.
    t : ndarray (depth + 1,)
        Layers times step.
    x : ndarray (depth + 1, ..., n, d)
        The tokens.
    directions : ndarray (depth + 1, ..., n, d)
        x / |x|.
    lengths : ndarray (depth + 1, ..., n)
        |x|.

    Examples
    --------
    >>> run = pt.layers(mf.SA(1.0), pt.uniform(8, 3, rng=0), depth=12, step=0.5, norm="pre")
    >>> run.lengths.shape, [part.shape for part in run]
    ((13, 8), [(13,), (13, 8, 3), (13, 8, 3), (13, 8)])
    """

    laws: tuple[Any, ...]
    norm: str
    t: Array
    x: Array

    @property
    def directions(self) -> Array:
        """x / |x|."""
        return unit(self.x)

    @property
    def lengths(self) -> Array:
        """|x|."""
        return np.asarray(np.linalg.norm(self.x, axis=-1))

    def __iter__(self) -> Iterator[Array]:
        return iter((self.t, self.x, self.directions, self.lengths))

    @property
    def title(self) -> str:
        """The parameters, for a figure."""
        said = str(self.laws[0]) if len(set(self.laws)) == 1 else f"{len(set(self.laws))} laws"
        depth, step = len(self.laws), float(self.t[1])
        return f"{said}, {inputs.several(depth, 'layer')} of step {step:g}, {self.norm!r}, n = {self.x.shape[-2]}"

    def _of(self, replica: Any) -> tuple[Any, str]:
        """Directions over the layers of one replica, the first by default, and what they are called."""
        index = inputs.replica(replica, self.x.shape[1:-2])
        at: Any = (slice(None), *index)
        return self.directions[at], self.title + titles.of_replica(index)

    def plot(self, ax: Any = None, *, replica: Any = None, **options: Any) -> Any:
        """Directions of one replica: on the circle angles over the layers; on S^2 a globe, with the tokens' ways.

        Options: title, color, label; on the circle cmap; on S^2 elevation, azimuth.
        """
        rows, title = self._of(replica)
        if rows.shape[-1] not in (2, 3):
            raise ValueError(f"plot: these are tokens of R^{rows.shape[-1]}: plot_inner_products draws any dimension")
        look = {"title": title, **options}
        if rows.shape[-1] == 3:
            return drawn(points.sphere, rows[-1], ax, **{"paths": rows, **look})
        return drawn(curves.trajectories, self.t, geometry.to_angles(rows), ax, **look)

    def plot_inner_products(self, layer: int = -1, ax: Any = None, *, replica: Any = None, **options: Any) -> Any:
        """Histogram of <x_i, x_j> of the directions after a layer (the last by default; 0 is before the first).

        Options: title, log, color, label, bins, uniform.
        """
        depth = len(self.laws)
        k = inputs.integer("layer", layer, low=-depth - 1, high=depth) % (depth + 1)
        rows, title = self._of(replica)
        return drawn(points.inner_products, rows[k], ax, **{"title": f"{title}, after {k}", **options})

    def rescaled(self, V: Any) -> Array:
        """z = (I + step V)^{-k} x after every layer k, of layers of R^d (B, Remark 3.4): they stay in their hull."""
        V, d = inputs.matrix("V", V), self.x.shape[-1]
        if V.shape != (d, d):
            raise ValueError(f"V: got shape {V.shape}, wanted ({d}, {d}): these are tokens of R^{d}")
        R = np.eye(d) + (self.t[1] - self.t[0]) * V
        if np.linalg.cond(R) > SINGULAR:
            raise ValueError(f"V: I + {self.t[1] - self.t[0]:g} V has no inverse: take layers of a smaller step")
        z, one = self.x.copy(), np.eye(d)
        for k in range(len(z)):
            z[k] = self.x[k] @ one.T
            one = np.linalg.solve(R, one)
        return z


@equations("A (2.1)", "B (1.3)", "C (4)")
def layers(
    law: Law | list[Law], x0: Any, depth: int, step: float, *, splitting: str | None = "lie", norm: Norm | None = None
) -> Layers:
    """Tokens through `depth` layers, x <- N(x + step v) for every sublayer of the law in turn.

    Parameters
    ----------
    law : Law or list of Law
        Of the sphere, or of R^d.  Its heads, all terms that see other tokens, are one sublayer (A (2.7)), and so is
        each feed-forward or linear term, in their order.  A list has a law for every layer; matrices that are functions
        of t are asked at layers times step.
    x0 : array (..., n, d)
        Unit rows; of R^d any.
    depth : int
        How many layers.
    step : float
        What multiplies attention in the residual sum; networks have 1.
    splitting : {"lie", "strang"} or None
        Sublayers one after the other; half a step of the later ones before and after the first; or all in one sum, the
        feed-forward layer beside attention.
    norm : {"post", "pre", "mix", "peri", "ngpt", "ln-scaling", "attention"}, optional
        "post" if not given; in R^d there is none, x + h A at x itself (B (1.3)).
        With A the law's velocity at the directions, h the step, N v = v / |v|: N(x + h A); x + h A; the first in a
        quarter of the layers and then the second; x + h N A; N(x + h (N A - x)); x + h A / (1 + t)^{1/2}; and, as C (4)
        is printed, x + h N A with A at x itself, which leaves the sphere.

    Returns
    -------
    Layers

    Raises
    ------
    ValueError, TypeError
        For what was given; a list of another length than depth; a law with noise.

    Examples
    --------
    >>> law = mf.SA(1.0) + mf.FeedForward(np.eye(3), np.eye(3), np.zeros(3), activation="relu")
    >>> run = pt.layers(law, pt.uniform(8, 3, rng=0), depth=24, step=1.0)
    >>> bool(np.allclose(run.lengths, 1.0))
    True
    """
    if norm is not None:
        inputs.choice("norm", norm, NORMS)
    if splitting is not None:
        inputs.choice("splitting", splitting, SPLITTINGS)
    depth, step = inputs.integer("depth", depth, low=1), inputs.number("step", step, above=0.0)
    laws = _laws(law, depth)
    flat = laws[0].geometry == "flat"
    if flat and norm is not None:
        raise ValueError(f'norm: got "{norm}", and nothing is normalised under {laws[0]}, a law of R^d: leave it out')
    x = (laws[0].place or FLAT).check("x0", x0) if flat else inputs.rows("x0", x0)
    how = "flat" if flat else "post" if norm is None else norm
    for one in dict.fromkeys(laws):
        one.check_range(x.shape[-1], atoms=True)
    kept = [x]
    for k, one in enumerate(laws):
        for part, share in _sublayers(one, splitting):
            x = _added(part, x, whole(k, step), share * step, how, k < EARLY * depth)
            if not np.isfinite(x).all():
                raise ValueError(f"step: tokens are no longer finite after layer {k + 1}: take a smaller one")
        kept.append(x)
    return Layers(tuple(laws), how, step * np.arange(depth + 1), np.array(kept))


def _laws(law: Any, depth: int) -> list[Any]:
    """One for every layer."""
    laws = list(law) if isinstance(law, list | tuple) else [law] * depth
    if len(laws) != depth:
        raise ValueError(f"law: got {len(laws)} laws for {depth} layers, wanted one for each, or one for all")
    places = {inputs.law(one).geometry for one in laws}
    if len(places) > 1 or len({one.place for one in laws} - {None}) > 1:
        raise ValueError(f"law: got laws of {sorted(places)}, wanted all of one geometry")
    return laws


def _sublayers(law: Law, splitting: str | None) -> Iterator[tuple[Law, float]]:
    """Laws in turn, and their shares of the step."""
    first, *rest = (law,) if splitting is None else law.sublayers
    if splitting == "strang":
        yield from ((part, 0.5) for part in reversed(rest))
    yield first, 1.0
    yield from ((part, 0.5 if splitting == "strang" else 1.0) for part in rest)


def _added(law: Law, x: Array, t: float, h: float, norm: str, early: bool) -> Array:
    """The tokens after one sublayer."""
    place, at = (law.place or FLAT, x) if norm in ("attention", "flat") else (ROWS, geometry.retract(x))
    mu = Points.trusted(at, np.full(at.shape[:-1], 1.0 / at.shape[-2]), place)
    if np.any(law.noise(t, mu.x, mu)):
        raise ValueError(f"law: {law} has noise, and layers have none: use pt.simulate")
    A = np.broadcast_to(law.velocity(t, mu.x, mu), x.shape)
    if norm == "flat":
        return place.retract(x + h * place.project(x, A))
    return _RESIDUAL["post" if norm == "mix" and early else "pre" if norm == "mix" else norm](x, A, t, h)


_RESIDUAL: dict[str, Callable[[Array, Array, float, float], Array]] = {
    "post": lambda x, A, t, h: geometry.retract(x + h * A),
    "pre": lambda x, A, t, h: x + h * A,
    "peri": lambda x, A, t, h: x + h * unit(A),
    "ngpt": lambda x, A, t, h: geometry.retract(x + h * (unit(A) - x)),
    "ln-scaling": lambda x, A, t, h: x + h * A / np.sqrt(1.0 + t),
    "attention": lambda x, A, t, h: x + h * unit(A),
}
