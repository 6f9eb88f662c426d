"""The door to exponentially long times: clusters that move, merge and are one in the end, over log t."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from meanfield.clustering.found import GAP, clusters
from meanfield.geometry import MERIDIAN
from meanfield.geometry import given as placed
from meanfield.laws.base import refuse_changing
from meanfield.measures.points import Points
from meanfield.methods import merging
from meanfield.methods.late import LEAST, collapsed, pull_of, started
from meanfield.protocols import Array, Geometry, Law, Measure, Method
from meanfield.runs.checkpoint import checked
from meanfield.runs.checks import checked_law, checked_watch
from meanfield.runs.drive import begun
from meanfield.runs.errors import finish
from meanfield.runs.job import Job
from meanfield.runs.record import Record
from meanfield.tools import inputs
from meanfield.tools.tags import equations
from particles.late import LATEST, LogTime, LongTime

LARGEST = 2000
"""Clusters at most: every pair is followed at every stage."""
ATOMS = 0.5
"""Error bound from the clusters' widths beyond which they are no points."""


@equations("A Problem 1", "2410.06833")
def longtime(
    law: Law,
    x: Any,
    weights: Any = None,
    log_t_end: Any = None,
    merge_gap: float = 1e-3,
    *,
    angles: bool = False,
    log_t_eval: Any = None,
    cluster_gap: float | None = None,
    rtol: float = 1e-12,
    max_seconds: float | None = None,
    progress: bool | None = None,
    checkpoint: Any = None,
    every: float | None = None,
) -> LongTime:
    """Follow clusters, each a point, to exponentially long times (A, Problem 1; C, section 5).

    Forces and times are held by their logarithms (`methods.late`), so that t = e^1000 is as good as t = 1.  Two
    clusters merge where their gap is exactly merge_gap.

    Parameters
    ----------
    law : SA or USA
        Any beta, sign and scale; no noise.
    x : array, measure or record
        Positions at t = 0: angles (n,), or unit rows (n, d); angles beyond four turns are reduced.  Or a measure
        (points, or a density) at t = 0.  Or a run (`Trajectory`, `Solution`, `LongTime`): its last measure, at its last
        time.
    weights : array (n,), optional
        Masses of positions given as an array, normalised; 1/n by default.
    log_t_end : float
        Logarithm of the last time, finite.
    merge_gap : float
        Geodesic distance in radians, at least 1e-11 and below 1, at which two clusters become one of their joint mass
        at their centre of mass.
    angles : bool
        An array x is angles (of one dimension it is anyway).
    log_t_eval : array, optional
        Log times to save, increasing; by default 101 equally spaced ones, from the start or, if that is t = 0, from a
        thousandth of the first time on which anything moves.
    cluster_gap : float, optional
        How far neighbours in a cluster of the measure may be from each other (`mf.clusters`).  By default 0.1 for
        densities; points are taken as they are, but for those within merge_gap.
    rtol : float
        Local error of a step in every coordinate, in radians and in log t.
    max_seconds, progress, checkpoint, every
        As for ``mf.solve``.

    Returns
    -------
    LongTime
        With `.log_t`, `.merges`, `.centres`, `.masses`, `.error_bound`.

    Raises
    ------
    ValueError, TypeError
        For what was given: also for noise, for laws that are no attention by e^{beta <x, y>}, and for clusters too
        wide to stand for points (an error bound above 0.5).

    Notes
    -----
    Repelling clusters (sign=-1) that have come to rest stay there; none within merge_gap of each other are taken.
    Attracting clusters in an exact balance part by rounding, as they would in any arithmetic.

    Examples
    --------
    >>> import meanfield as mf, particles as pt
    >>> run = pt.longtime(mf.SA(beta=64.0), [0.0, 3.0], log_t_end=140.0)
    >>> f"{run.merges[0].t:.6e}"
    '4.115406e+54'
    """
    law = checked_law(law, 0.0)
    given = _given(x, weights, angles, cluster_gap)
    given = given._replace(x=given.geometry.reduced(given.x))
    law.check_range(given.d, atoms=True)
    pull = pull_of(law, given.d)
    refuse_changing(law, "clusters are followed by one beta")
    gap = _gap(merge_gap)
    log_end = _end(log_t_end, given.log_t)
    rtol = inputs.number("rtol", rtol, low=1e-14, high=1e-3)
    watch = checked_watch(None, max_seconds, progress, None, checked(checkpoint, every))
    centres, masses, joined, bound = _atoms(given, gap, pull.beta)
    if pull.sign < 0:
        _refuse_parting(law, given, joined, gap)
    span = (given.log_t, log_end)
    method, y = started(law, pull, centres, masses, joined[given.owner], span, gap, given.geometry)
    method = replace(method, form=replace(method.form, merges=_joined(law, given, centres, masses, joined)))
    settings = {
        "log_t_end": log_end,
        "log_t_eval": _asked(log_t_eval, given.log_t, log_end),
        "merge_gap": gap,
        "rtol": rtol,
        "error_bound": bound,
        "weights": given.masses,
    }
    return finish(begun(_job(law, method, y, LogTime(gap, log_end, rtol), settings), watch))


def _job(law: Law, method: Method, y: Array, scheme: LogTime, settings: dict[str, Any]) -> Job:
    """By its own clock; the times asked for are read off the dense output in the end."""
    return Job(
        face=LongTime, law=law, method=method, y=y, span=(0.0, math.inf), saves=np.empty(0), land=np.empty(0),
        stepper=scheme.stepper(scheme.rtol, 0.0), settings=settings, dense=True, gauge=LongTime.gauged,
    )  # fmt: skip


# --- what was given ----------------------------------------------------------------------------------------


class _Given(NamedTuple):
    """Points to start from, which original point is part of which, the originals' masses, log t, and widths."""

    x: Array
    weights: Array
    geometry: Geometry
    owner: Array
    masses: Array
    log_t: float
    width: float = 0.0

    @property
    def d(self) -> int:
        return self.geometry.d(self.x)


def _given(x: Any, weights: Any, angles: Any, cluster_gap: Any) -> _Given:
    """Whatever came, as points."""
    angles = inputs.flag("angles", angles)
    reach = None if cluster_gap is None else inputs.angle("cluster_gap", cluster_gap, above=0.0, high=math.pi)
    record = isinstance(x, Record)
    if not record and not (hasattr(x, "weights") and hasattr(x, "read")):
        return _positions(x, weights, angles, reach)
    if weights is not None or angles:
        raise ValueError("weights, angles: a measure or a run brings its own; leave them out")
    mu, log_t = (x.measures[-1], _log_time(x)) if record else (x, -math.inf)
    if mu.geometry.manifold != "sphere":
        mu.geometry.on_sphere("x", mu.positions)
    if reach is not None or not isinstance(mu, Points):
        return _found(mu, log_t, GAP if reach is None else reach)
    if lead := mu.geometry.shape(mu.points)[:-1]:
        raise ValueError(f"x: got {lead} replicas, wanted one cloud")
    owner = x.segments[x.owners[-1]].form.owners if record else None
    if owner is None:
        return _Given(mu.points, np.asarray(mu.weights), mu.geometry, np.arange(mu.n), np.asarray(mu.weights), log_t)
    return _Given(mu.points, np.asarray(mu.weights), mu.geometry, np.asarray(owner), np.asarray(x.weights), log_t)


def _positions(x: Any, weights: Any, angles: bool, reach: float | None) -> _Given:
    place, points = placed("x", x, angles=angles)
    if len(place.shape(points)) != 1:
        raise ValueError(f"x: got shape {points.shape}, wanted one cloud: angles (n,) or rows (n, d)")
    n = len(points)
    w = np.full(n, 1.0 / n) if weights is None else inputs.weights("weights", weights, (n,))
    if reach is not None:
        return _found(Points.trusted(points, w, place), -math.inf, reach)
    return _Given(points, w, place, np.arange(n), w, -math.inf)


def _found(mu: Measure, log_t: float, reach: float) -> _Given:
    """The clusters of a measure; they are the original points then."""
    found = clusters(mu, reach)
    if found.geometry == MERIDIAN:
        raise ValueError("x: the clusters of a zonal measure are circles of latitude, not points; give points")
    if not len(found):
        raise ValueError(f"x: no clusters found with cluster_gap = {reach:g}")
    if np.isnan(found.widths).any():
        raise ValueError(f"x: a cluster of cluster_gap = {reach:g} lies all around, with no centre: take a smaller one")
    masses = found.masses / found.masses.sum()
    width = float(found.widths.max())
    return _Given(found.centres, masses, found.geometry, np.arange(len(masses)), masses, log_t, width)


def _log_time(record: Any) -> float:
    log_t: float = record.log_end
    if math.isnan(log_t):
        raise ValueError(f"x: the run ends at t = {float(record.t[-1])!r}, wanted a time >= 0, which has a logarithm")
    return log_t


def _width(given: _Given, centres: Array, joined: Array) -> float:
    """Largest root mean square distance from the centre, once points within merge_gap are one."""
    square = np.square(given.geometry.chord(centres[joined], given.x))
    masses = np.bincount(joined, given.weights)
    spread = np.bincount(joined, given.weights * square)
    return math.sqrt(float(np.divide(spread, masses, out=np.zeros_like(spread), where=masses > 0.0).max()))


def _gap(merge_gap: Any) -> float:
    gap = inputs.angle("merge_gap", merge_gap, above=0.0)
    if not LEAST <= gap < 1.0:
        raise ValueError(
            f"merge_gap must be a small angle in radians, below 1 and at least {LEAST:g}, for positions are known to "
            f"1e-15; got {gap!r}. Take 1e-3, for example."
        )
    return gap


def _end(log_t_end: Any, begin: float) -> float:
    if log_t_end is None:
        raise TypeError("log_t_end: got nothing, wanted the logarithm of the last time: write log_t_end=100.0, say")
    end = inputs.number("log_t_end", log_t_end, high=LATEST)
    if not end > begin:
        raise ValueError(f"log_t_end must be after the start, log t = {begin!r}; got {end!r}")
    return end


def _atoms(given: _Given, gap: float, beta: float) -> tuple[Array, Array, Array, float]:
    """Centres, masses, who is in which once points within the gap are one, and what their widths can cost."""
    if len(given.x) > LARGEST:
        raise ValueError(f"x: got {len(given.x)} points, wanted at most {LARGEST}: simulate with merge_tol= first")
    centres, masses, joined = collapsed(given.x, given.weights, gap, given.geometry)
    width = max(given.width, _width(given, centres, joined))
    bound = 0.5 * (beta**2 + 3.0 * beta + 1.0) * width**2
    if bound > ATOMS:
        raise ValueError(
            f"x: its clusters are up to {width:.2g} rad wide, and taking them for points would change forces by up to "
            f"{bound:.2g} relatively (of second order in the width): let them contract first, "
            'and give the run: longtime(law, run), of pt.simulate or mf.solve(..., method="lagrangian")'
        )
    return centres, masses, joined, bound


def _refuse_parting(law: Law, given: _Given, joined: Array, gap: float) -> None:
    """Refuse points within the gap that repel one another; who are at one place stay there."""
    first = np.unique(joined, return_index=True)[1][joined]
    apart = given.geometry.chord(given.x[first], given.x)
    if not apart.any():
        return
    near = float(apart[apart > 0.0].min())
    instead = f"take merge_gap = {0.5 * near:.2g}" if 0.5 * near >= LEAST else "move one of them away"
    raise ValueError(
        f"merge_gap: {law} repels, and points {near:.3g} apart would be one from the start, within merge_gap = "
        f"{gap:g}, and never part: {instead}, or run pt.simulate"
    )


def _joined(law: Law, given: _Given, centres: Array, masses: Array, joined: Array) -> tuple[Any, ...]:
    """The mergers at the start itself: of what was given within the gap."""
    if len(centres) == len(given.x):
        return ()
    after, before = (Points.trusted(x, w, given.geometry) for x, w in ((centres, masses), (given.x, given.weights)))
    jump = merging.energy(law, 0.0, after) - merging.energy(law, 0.0, before)
    now = (math.exp(given.log_t), joined, given.weights, (centres, masses), given.owner, jump, given.log_t)
    return tuple(merging.mergers(*now))


def _asked(log_t_eval: Any, log_start: float, log_end: float) -> Array | None:
    """Log times to save, checked; None: the run's own."""
    if log_t_eval is None:
        return None
    asked = inputs.array("log_t_eval", log_t_eval, ndim=1)
    asked = inputs.snapped("log_t_eval", log_t_eval, asked, (log_start, log_end))
    if (np.diff(asked) <= 0.0).any() or asked[0] < log_start or asked[-1] > log_end:
        raise ValueError(f"log_t_eval must increase strictly within {log_start!r}..{log_end!r}; got {asked}")
    return asked
