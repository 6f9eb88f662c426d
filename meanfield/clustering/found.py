"""Clusters of any measure: how many, where, how heavy, how wide; and order parameters.

Points of one dimension (`Geometry.line`: angles, colatitudes) are cut at *voids*: arcs longer than `gap` that hold less
than `floor` of the mass; what lies in a void within `gap` of a cluster is still that cluster's.  (Of points that are
each heavier than `floor` this is single linkage at distance `gap`; where faint points lie on the way from one cluster
to the next, linkage would call everything one cluster.)  Points of higher dimension are linked at distance `gap`.

Densities, by whatever method they were found, are cut at the minima that separate their maxima, as in watersheds; where
two neighbouring maxima are no further apart than `gap`, they are of one cluster.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from meanfield.clustering import basins, linked
from meanfield.geometry import ROWS
from meanfield.protocols import Array, Geometry, Measure
from meanfield.tools import inputs, shown

GAP = 0.1
"""Radians: neighbours further apart than this belong to two clusters, unless told otherwise."""
FLOOR = 1e-6
"""Share of the mass below which nothing counts as a cluster, or fills a void."""
PROMINENCE = 0.1
"""Share of its height by which a maximum of a density must rise above the way to a higher one."""


@dataclass(frozen=True, eq=False)
class Clusters:
    """The clusters of one measure, as `clusters` returns them.

    Attributes
    ----------
    d : int
        Ambient dimension.
    geometry : Geometry
        Where positions are; its name is `kind`, "angles": in [0, 2 pi) on the circle, in their order; "colatitudes" of
        rings about the axis, in their order; "rows": unit rows (d > 2), heaviest first; "flat": of R^d likewise.
    centres : ndarray (m,) or (m, d)
        Directions of int x d mu over each cluster, NaN where that is zero to rounding (points all around in balance
        have no centre); on rings mean colatitudes, in R^d means.  A cluster without mass (floor=0) has its middle.
    masses : ndarray (m,)
        Shares of the whole mass.
    widths : ndarray (m,)
        Root mean square distance along the sphere (the meridian, a straight line in R^d) from the centre, radians (or
        lengths); NaN without one.
    counts : ndarray (m,)
        Points in each, or nodes of the density's space.
    members : ndarray (n,)
        For every point or node which cluster it belongs to; -1: none.
    shares : ndarray (n,)
        The share of the mass at each of them.
    core : ndarray (m,)
        Mass within `gap` of the centre; 0 without one.
    edges : ndarray (m, 2) or None
        In one dimension, first and last point of each, or the minima that bound it; the second is the larger number.
    peaks : ndarray or None
        Of densities, where each is highest: the maximum itself in one dimension, else the highest node.
    gap, floor, prominence : float
        The tolerances used; prominence is None for points, which have no use for it.
    others : (int, int)
        How many clusters there are with half and with twice the tolerances, gap and (of densities) prominence.
    """

    d: int
    geometry: Geometry
    centres: Array
    masses: Array
    widths: Array
    counts: Array
    members: Array
    shares: Array
    core: Array
    edges: Array | None
    peaks: Array | None
    gap: float
    floor: float
    prominence: float | None
    others: tuple[int, int]

    def __len__(self) -> int:
        return len(self.masses)

    def __repr__(self) -> str:
        tolerance = f"gap {self.gap:g}" + ("" if self.prominence is None else f", prominence {self.prominence:g}")
        doubt = "" if self.sharp else f", not sharp: {self.others[0]} at half of it, {self.others[1]} at twice"
        masses = ", ".join(f"{m:.4g}" for m in self.masses[:8]) + (", ..." if len(self) > 8 else "")
        word = "mass" if len(self) == 1 else "masses"
        return f"<{inputs.several(len(self), 'cluster')} of {word} {masses} ({tolerance}{doubt})>"

    def _repr_html_(self) -> str:
        where = "centres" if np.ndim(self.centres) == 1 else "|centres|"
        at = self.centres if np.ndim(self.centres) == 1 else np.linalg.norm(self.centres, axis=-1)
        facts = [("masses", shown.span(self.masses)), ("widths", shown.span(self.widths)), (where, shown.span(at))]
        return shown.table(repr(self).strip("<>"), [*facts, ("mass in none", f"{self.dust:.3g}")])

    @property
    def kind(self) -> str:
        """What positions are: "angles", "colatitudes", "rows" or "flat"."""
        return self.geometry.name

    @property
    def sharp(self) -> bool:
        """True if half and twice the tolerance give as many clusters."""
        return self.others == (len(self), len(self))

    @property
    def dust(self) -> float:
        """Mass in no cluster."""
        return float(1.0 - self.masses.sum())

    @property
    def clustered(self) -> float:
        """Mass within `gap` of its cluster's centre, single points among several not counted."""
        alone = (self.counts == 1) & (len(self.members) > 1) & (self.prominence is None)
        return float(self.core[~alone].sum())

    @property
    def largest(self) -> float:
        """Mass of the heaviest."""
        return float(self.masses.max(initial=0.0))


def clusters(
    mu: Measure, gap: float = GAP, *, floor: float = FLOOR, prominence: float = PROMINENCE, replica: Any = None
) -> Clusters:
    """Clusters of a measure.

    Parameters
    ----------
    mu : Measure
        Weighted points (`mf.Points`, or anything with `weights` and `positions` in a `geometry`; those of R^d too), or
        a density on any space, also as a Lagrangian run carries it.  Of a run ask one snapshot, `sol(t)`, or `track`.
    gap : float
        Radians, in R^d a length.  Of points: in one dimension clusters are separated by arcs longer than this that hold
        less than `floor` of the mass; in more, points nearer than this are in one cluster.  Of densities: maxima nearer
        than this are of one cluster.
    floor : float
        Share of the mass below which a cluster does not count (its points are in none).
    prominence : float
        Of densities: a maximum counts if it rises above the highest way to a higher maximum by this share of its own
        height; where the density is below `floor` (uniform: 1) it is taken to be flat.
    replica : int or tuple, optional
        Which one, if there are several clouds, or densities, at once.

    Returns
    -------
    Clusters
        Its `sharp` is False if half or twice the tolerance gives another number.

    Notes
    -----
    On the circle a density's masses, centres and widths are those of its series between exact minima; on zonal spheres
    masses likewise, centres and widths by Gauss quadrature; of a density that its flow carries all of them by the
    polynomials of its panels, and an atom is a maximum.  On S^2 (and in any other space with rows) nodes are assigned
    as wholes on their Delaunay graph, so that masses are good to the mass of the cells along the border.

    A density and points drawn from it need not have as many clusters: points know no minima, only gaps.  Where clusters
    are narrow and further apart than `gap` they agree.

    Of n points the cost is n log n, in memory n; in dimension d > 2 linking K groups of more than 16 mutually near
    points takes K times that, and trees gain little beyond d of about 10 (n^2 d).

    Raises
    ------
    ValueError
        For tolerances outside their range, and for several clouds at once without `replica`.

    Examples
    --------
    >>> len(mf.clusters(mf.Points([0.0, 1e-4, 2.0])).masses)
    2
    """
    gap = inputs.angle("gap", gap, above=0.0, high=np.pi if is_density(mu) else None)
    floor = inputs.number("floor", floor, low=0.0, high=0.5)
    prominence = inputs.number("prominence", prominence, above=0.0, high=0.99)
    if is_density(mu):
        return _of_density(member(mu, replica), gap, floor, prominence)
    place, q, w = positions(mu, replica)
    gap = inputs.number("gap", gap, high=place.reach)

    def labelled(reach: float) -> Array:
        if place.axes == 1:
            return _counted(linked.runs(q, w, reach, floor, place.turn), w, floor)
        return _counted(linked.near(q, place.straight(reach)), w, floor)

    labels = labelled(gap)
    others = _both(lambda f: int(labelled(min(f * gap, place.reach)).max()) + 1)
    return _described(mu.d, place, q, w, labels, gap=gap, floor=floor, prominence=None, others=others)


def _both(count: Callable[[float], int]) -> tuple[int, int]:
    """Numbers of clusters at half and at twice the tolerance."""
    return count(0.5), count(2.0)


# --- points ------------------------------------------------------------------------------------------------


def positions(mu: Measure, replica: Any) -> tuple[Geometry, Array, Array]:
    """Where the positions are, (n,) or (n, d) of them, and their shares of the mass."""
    place, q = mu.geometry.line(np.asarray(mu.positions, dtype=float))
    lead = place.shape(q)[:-1]
    w = np.broadcast_to(mu.weights, place.shape(q))
    if lead or replica is not None:
        index = inputs.replica(() if replica is None else replica, lead)
        q, w = q[index], w[index]
    return place, q, w / w.sum()


def _counted(labels: Array, w: Array, floor: float) -> Array:
    """Labels 0.. of the clusters that are heavy enough, -1 elsewhere."""
    inside = labels >= 0
    mass = np.bincount(labels[inside], weights=w[inside], minlength=1)
    heavy = (mass >= floor) & (np.bincount(labels[inside], minlength=1) > 0)
    new = np.where(heavy, np.cumsum(heavy) - 1, -1)
    return np.where(inside, new[np.maximum(labels, 0)], -1)


def _described(
    d: int, place: Geometry, q: Array, w: Array, labels: Array, values: Array | None = None, **rest: Any
) -> Clusters:
    """Clusters of labelled points (with their highest points, given values), in the order that `Clusters` promises."""
    m = int(labels.max(initial=-1)) + 1
    inside = labels >= 0
    at, mass, where = labels[inside], w[inside], q[inside]

    def summed(values: Array) -> Array:
        return np.bincount(at, weights=mass * values, minlength=m)[:m]

    masses = summed(np.ones(len(at)))
    counts = np.bincount(at, minlength=m)[:m]
    # on a circle they begin anew at 0
    centres = place.line(place.centres(where, mass, at)[0])[1]
    mass = np.where(masses[at] > 0.0, mass, 1.0)  # from here on only shares count, and clusters without mass have some
    total = summed(np.ones(len(at)))
    away = place.distance(centres[at], where)
    order = np.argsort(centres if place.axes == 1 else -masses, kind="stable")
    rank = np.argsort(order)
    peaks = None
    if values is not None:
        by = np.lexsort((values[inside], at))
        peaks = where[by[np.searchsorted(at[by], np.arange(m), side="right") - 1]][order]
    return Clusters(
        d=d,
        geometry=place,
        centres=centres[order],
        masses=masses[order],
        widths=np.sqrt(summed(away**2) / total)[order],
        counts=counts[order],
        members=np.append(rank, -1)[labels],
        shares=w,
        core=(summed((away <= rest["gap"]).astype(float)) * (masses / total))[order],
        edges=_ends(place.turn, where, at, m)[order] if place.axes == 1 else None,
        peaks=peaks,
        **rest,
    )


def _ends(turn: float, q: Array, at: Array, m: int) -> Array:
    """First and last point of each cluster; on the circle counted from the widest arc free of its points."""
    order = np.lexsort((q, at))
    starts = np.searchsorted(at[order], np.arange(m + 1))
    edges = np.empty((m, 2))
    for c in range(m):
        own = q[order[starts[c] : starts[c + 1]]]
        if turn:
            first = int(np.argmax(np.diff(own, prepend=own[-1] - turn)))
            own = np.concatenate([own[first:], own[:first] + turn])
        edges[c] = own[0], own[-1]
    return edges


# --- densities ---------------------------------------------------------------------------------------------


def is_density(mu: Measure) -> bool:
    """Whether it is a density, and not points (which may well know a space)."""
    if hasattr(mu, "measures"):
        raise TypeError(
            f"mu: got {inputs.describe(mu)}, a run, wanted a measure: ask it at one time, mu = run(t), or follow its "
            "clusters, mf.track(run)"
        )
    inputs.having("mu", mu, ("weights", "dense", "profile"), "a measure, for example mf.Points(theta)")
    return bool(mu.dense) or mu.profile is not None


def member(mu: Any, replica: Any) -> Any:
    """One of several densities; one density itself."""
    lead: tuple[int, ...] = getattr(mu, "lead", ())
    if not lead and replica is not None:
        raise ValueError(f"replica: got {replica!r} for a density, which is one: leave it out")
    return mu[inputs.replica(() if replica is None else replica, lead)] if lead else mu


def _of_density(mu: Any, gap: float, floor: float, prominence: float) -> Clusters:
    if np.ndim(mu.mass) != 0 or not float(mu.mass) > 0.0:
        raise ValueError(f"mu: got densities of mass {mu.mass!r}, wanted one density of positive mass")
    rest: dict[str, Any] = {"gap": gap, "floor": floor, "prominence": prominence}
    line = basins.LINES[mu.space.line](mu) if mu.dense and mu.space.line in basins.LINES else mu.profile
    if line is not None:

        def parts(f: float) -> list[Array]:
            cuts = basins.cuts(line, floor, min(f * prominence, 0.99))
            cuts = basins.joined(line, cuts, min(f * gap, line.place.reach), floor)
            return _sorted(floor, *line.basins(cuts, gap))

        others = _both(lambda f: len(parts(f)[0]))
        masses, centres, widths, core, edges, peaks, members = parts(1.0)
        counts = np.bincount(members[members >= 0], minlength=len(masses))
        found = (centres, masses, widths, counts, members, mu.weights / mu.mass, core, edges, peaks)
        return Clusters(mu.d, line.place, *found, **rest, others=others)
    w = mu.weights / mu.mass
    values = np.maximum(mu.values / mu.mass, floor)
    start, beside = basins.graph(mu.x)

    def labelled(f: float) -> Array:
        labels = basins.watersheds(values, start, beside, min(f * prominence, 0.99))
        return _linked(_counted(labels, w, floor), mu.x, values, ROWS.straight(min(f * gap, ROWS.reach)))

    others = _both(lambda f: int(labelled(f).max()) + 1)
    return _described(mu.d, ROWS, mu.x, w, labelled(1.0), mu.values, **rest, others=others)


def _linked(labels: Array, x: Array, values: Array, reach: float) -> Array:
    """Labels of basins, those whose highest nodes are no further apart than `reach`, straight, as one."""
    m = int(labels.max(initial=-1)) + 1
    inside = np.flatnonzero(labels >= 0)
    order = inside[np.lexsort((values[inside], labels[inside]))]
    tops = order[np.searchsorted(labels[order], np.arange(m), side="right") - 1]
    return np.append(linked.near(x[tops], reach), -1)[labels]


def _sorted(floor: float, masses: Array, centres: Array, *more: Array) -> list[Array]:
    """Basins that are heavy enough, by their centres; the last array says which basin nodes belong to."""
    order = np.argsort(centres, kind="stable")
    order = order[masses[order] >= floor]
    rank = np.full(len(masses), -1)
    rank[order] = np.arange(len(order))
    return [masses[order], centres[order], *(part[order] for part in more[:-1]), rank[more[-1]]]
