r"""Clusters over exponentially long times: centres and masses, forces and time kept by their logarithms.

Narrow clusters a gap apart attract like e^{-beta (1 - cos gap)}: two of them need a time of order e^{beta (1 - cos)} to
meet (A, section 4 and Problem 1; C, section 5), and then do so at once.  No fixed variable fits both: in log t the
last approach of a pair that met at t = e^100 is shorter than the spacing of floats.  So time runs by a clock s of its
own.  With a_ij the logarithm of the pull of cluster j on i (see `pulls`), log R = log sum_{i != j} e^{a_ij} and
u = c + elapsed time,

    ds = (R + 1/u) dt,    dx_i / ds = sign sum_j e^{a_ij} P_{x_i} x_j / (R + 1/u),    d log u / ds = 1 / (1 + R u),

so that s is log time while nothing moves, and counts in units of the fastest pair while something does; only ratios
of exponentials occur.  The offset c is the first such unit, so that t may start at 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from meanfield.geometry import ROWS, project, to_rows
from meanfield.kernels import Exponential
from meanfield.laws.gradient import GradientLaw
from meanfield.measures.points import Points
from meanfield.methods import merging
from meanfield.methods.cloud import of_0_1
from meanfield.protocols import Array, Change, Form, Geometry, Law, Method, Status, Stop
from meanfield.tools.settings import register

LANDED = 1e-6
"""A gap within this share of merge_gap has landed: one Newton step along the flow does the rest, to 1e-12."""
ROUNDING = 2e-14
"""What a gap between angles within four turns of 0, or between rows, may be off by."""
NEAR = 1e-10
"""The run's end is found to so much of its own clock s, in which clusters move by about as many radians."""
LEAST = 1e-11
"""The smallest merge_gap, radians: below, a gap has no digits left."""
AGREE = 1e-6
"""Share of the largest velocity by which a law may differ from its pulls."""
STILL = 1e-13
"""Repelling clusters that move by less than this share of their pulls have come to rest."""


class Pull(NamedTuple):
    """What is needed of a law here: the kernel e^{beta <x, y>}, a sign, whether Z divides, a factor's logarithm."""

    beta: float
    sign: int
    normalised: bool
    log_factor: float


def pulls(pull: Pull, x: Array, logw: Array, geometry: Geometry) -> tuple[Array, Array]:
    r"""Logarithms a_ij of the pulls, and the directions P_{x_i} x_j, so that x_i' = sign sum_j e^{a_ij} P_{x_i} x_j.

    SA   a_ij = log w_j - beta (1 - cos_ij) - log sum_k w_k e^{-beta (1 - cos_ik)}
    USA  a_ij = log w_j - beta (1 - cos_ij) + beta + log of the scale's factor

    The cosine of a small gap has lost it: 1 - cos is the geometry's own (`Geometry.pairs`).  The pull of a cluster on
    itself is left out, exactly.

    Returns
    -------
    ndarray (n, n), ndarray (n, n) or (n, n, d)
        a, with -inf on the diagonal; sin(theta_j - theta_i), or rows.
    """
    less, toward = geometry.pairs(x)
    a = logw[None, :] - pull.beta * less
    if pull.normalised:
        top = a.max(axis=1, keepdims=True)
        a -= top + np.log(np.exp(a - top).sum(axis=1, keepdims=True))
    else:
        a += pull.beta + pull.log_factor
    a.ravel()[:: len(x) + 1] = -np.inf
    return a, toward


def log_sum(a: Array) -> tuple[float, Array]:
    """log sum e^a, and e^{a - log sum}; (-inf, 0) where every a is -inf."""
    top = float(a.max())
    if top == -math.inf:
        return top, np.zeros_like(a)
    e = np.exp(a - top)
    total = float(e.sum())
    return top + math.log(total), e / total


def closest(x: Array, geometry: Geometry) -> tuple[float, int, int]:
    """The smallest geodesic gap, and its pair; inf for one cluster."""
    if len(x) < 2:
        return math.inf, 0, 0
    chord = geometry.chord(x[:, None], x[None])
    chord.ravel()[:: len(x) + 1] = np.inf
    i, j = divmod(int(np.argmin(chord)), len(x))
    return float(geometry.along(chord[i, j])), min(i, j), max(i, j)


@register(older=of_0_1)
@dataclass(frozen=True, eq=False)
class OnClusters(Form):
    """What a state (1 + n,) or (1 + n d,) means: log(1 + elapsed / c), then the centres.

    Attributes
    ----------
    weights : ndarray (n,)
        Masses.
    d : int
        Ambient dimension.
    geometry : Geometry
        Where centres live.
    log_c : float
        log c.
    log_start : float
        log of the time at which the run began (-inf at t = 0).
    owners : ndarray of int
        Which cluster every original point is part of.
    merges : tuple of Merge
        The mergers that led here from the stretch before.
    """

    weights: Array
    d: int
    geometry: Geometry
    log_c: float
    log_start: float
    owners: Array
    merges: tuple[Any, ...] = ()
    name = "clusters"

    @cached_property
    def log_weights(self) -> Array:
        """log weights; -inf for test particles."""
        with np.errstate(divide="ignore"):
            return np.log(self.weights)

    def centres(self, y: Array) -> Array:
        """(..., n) angles or (..., n, d) unit rows."""
        return self.geometry.retract(y[..., 1:].reshape(*y.shape[:-1], -1, *self.geometry.point(self.d)))

    def state(self, clock: float, x: Array) -> Array:
        """The state of these centres."""
        return np.concatenate([[clock], x.ravel()])

    def retract(self, y: Array) -> Array:
        """Rows back on the sphere."""
        return self.state(float(y[0]), self.centres(y))

    def measure(self, y: Array) -> Points:
        """Weighted points."""
        x = self.centres(y)
        return Points.trusted(x, np.broadcast_to(self.weights, self.geometry.shape(x)), self.geometry)

    def log_time(self, clock: float) -> float:
        """log t."""
        with np.errstate(divide="ignore"):
            # log(e^r - 1) without overflow
            elapsed = self.log_c + clock + float(np.log(-np.expm1(-max(clock, 0.0))))
        return float(np.logaddexp(self.log_start, elapsed))

    def rounding(self, clock: float) -> float:
        """What a clock of this size, made from a log time, is known to."""
        size = max(1.0, clock, abs(self.log_c), abs(self.log_start) if math.isfinite(self.log_start) else 0.0)
        return 8.0 * float(np.finfo(float).eps) * size

    def clock(self, log_t: float) -> float:
        """log(1 + elapsed / c) at a time not before the start."""
        with np.errstate(divide="ignore"):
            share = float(np.log(-np.expm1(min(self.log_start - log_t, 0.0))))
        return float(np.logaddexp(0.0, log_t + share - self.log_c))


@dataclass(frozen=True, eq=False)
class Late(Method):
    """Clusters moved by each other's pulls, by the clock of this room; see the module's text."""

    law: Any
    pull: Pull
    form: OnClusters
    merge_gap: float
    end: float
    """The state's clock at the end."""
    at_rest: bool = False

    def _moved(self, y: Array) -> tuple[Array, float]:
        """dx/ds, and log(R u)."""
        x, log_u = self.form.centres(y), self.form.log_c + float(y[0])
        n = len(self.form.weights)
        if n == 1 or self.at_rest:
            return np.zeros(y.size - 1), -math.inf
        a, toward = pulls(self.pull, x, self.form.log_weights, self.form.geometry)
        log_rate, share = log_sum(a)
        v = np.einsum("ij,ij...->i...", share, toward)
        # R / (R + 1/u), which neither over- nor underflows where it counts
        return (self.pull.sign / (1.0 + math.exp(min(-log_rate - log_u, 700.0)))) * v.ravel(), log_rate + log_u

    def rhs(self, t: float, y: Array, out: Array) -> Array:
        """d log u / ds = 1 / (1 + R u), and the centres' velocities."""
        out[1:], log_ratio = self._moved(y)
        out[0] = 1.0 / (1.0 + math.exp(min(log_ratio, 700.0)))
        return out

    def retract(self, y: Array) -> Array:
        """Rows back on the sphere."""
        return self.form.retract(y)

    def events(self, t: float, y: Array) -> Array:
        """The smallest gap over merge_gap less 1, and the clock that is left."""
        gap = closest(self.form.centres(y), self.form.geometry)[0]
        return np.array([min(gap / self.merge_gap, 1e9) - 1.0, self.end - y[0]])

    def review(self, t0: float, y0: Array, t: float, y: Array) -> Change | None:
        """Merges, rest and the end."""
        gap, i, j = closest(self.form.centres(y), self.form.geometry)
        slack = LANDED * self.merge_gap + ROUNDING
        if gap < self.merge_gap - slack:  # crossed unseen by the dense output: again, in smaller steps
            return Change(self, t0, y0, 0.5 * (t - t0))
        if gap <= self.merge_gap + slack:
            return self._merge(t, self._landed(t, y, gap, i, j))
        left = self.end - y[0]
        if left <= NEAR:
            # where clusters are about to meet the clock all but stands still, and a little of it is a long way for them
            if abs(left) <= max(NEAR * self.rhs(t, y, np.empty_like(y))[0], self.form.rounding(self.end)):
                return Change(Finished(self.law, self.form), t, y)
            return Change(self, t0, y0, 0.5 * (t - t0)) if left < 0.0 else None
        if self.pull.sign < 0 and not self.at_rest:
            slope = self.rhs(t, y, np.empty_like(y))
            if np.abs(slope[1:]).max(initial=0.0) <= STILL * (1.0 - slope[0]):
                return Change(replace(self, at_rest=True), t, y)
        return None

    def _landed(self, t: float, y: Array, gap: float, i: int, j: int) -> Array:
        """The state at which the gap is merge_gap: dense output finds it to lower order than the steps have."""
        slope = self.rhs(t, y, np.empty_like(y))
        x = self.form.centres(y)
        v = slope[1:].reshape(x.shape)
        opening = self.form.geometry.opening(x[i], x[j], v[i], v[j])
        if not opening < 0.0:
            return y
        return self.retract(y + (self.merge_gap - gap) / opening * slope)

    def _merge(self, t: float, y: Array) -> Change:
        """All pairs within merge_gap become one, the closest first, which has landed whatever rounding says."""
        old = self.form
        x = old.centres(y)
        gap = max(self.merge_gap * (1.0 + 1e-9), closest(x, old.geometry)[0])
        x, weights, joined = collapsed(x, old.weights, gap, old.geometry)
        log_t = old.log_time(float(y[0]))
        new = replace(old, weights=weights, owners=joined[old.owners], merges=())
        state = new.state(float(y[0]), x)
        jump = merging.energy(self.law, 0.0, new.measure(state)) - merging.energy(self.law, 0.0, old.measure(y))
        t_now = math.exp(log_t) if log_t < 709.0 else math.inf
        told = merging.mergers(t_now, joined, old.weights, (x, weights), old.owners, jump, log_t)
        return Change(replace(self, form=replace(new, merges=tuple(told))), t, state)


@dataclass(frozen=True, eq=False)
class Finished(Method):
    """Nothing follows: the time asked for has been reached, at a clock that nobody knew beforehand."""

    law: Any
    form: OnClusters

    def rhs(self, t: float, y: Array, out: Array) -> Array:
        """Ends the run."""
        raise Stop(Status.REACHED_END)


def collapsed(x: Array, weights: Array, gap: float, geometry: Geometry) -> tuple[Array, Array, Array]:
    """Centres, masses and labels once all pairs within a gap have become one, the closest first."""
    joined = np.arange(len(x))
    while True:
        least, i, j = closest(x, geometry)
        if least > gap:
            return x, weights, joined
        labels = np.arange(len(x))
        labels[j] = i
        labels = np.unique(labels, return_inverse=True)[1].reshape(-1)
        x, weights = geometry.centres(x, weights, labels)
        joined = labels[joined]


def started(
    law: Law,
    pull: Pull,
    x: Array,
    weights: Array,
    labels: Array,
    span: tuple[float, float],
    merge_gap: float,
    geometry: Geometry,
) -> tuple[Late, Array]:
    """The method and its first state, from log times span = (start, end)."""
    log_start, log_end = span
    with np.errstate(divide="ignore"):
        a = pulls(pull, x, np.log(weights), geometry)[0]
        log_left = log_end + float(np.log(-np.expm1(log_start - log_end)))
    # not longer than the run, so that the clock keeps its digits
    log_c = min(-log_sum(a)[0], log_left) if len(x) > 1 else log_left
    form = OnClusters(weights, geometry.d(x), geometry, log_c, log_start, labels)
    y = form.state(0.0, x)
    return Late(law, pull, form, merge_gap, form.clock(log_end)), y


def pull_of(law: Law, d: int) -> Pull:
    """What is needed of a law, or a refusal."""
    pull = None
    if isinstance(law, GradientLaw) and law.isotropic and not law.labelled and law.geometry == "sphere":
        k = law.kernel()
        if isinstance(k, Exponential):
            pull = Pull(k.beta, int(law.sign), law.normalised, float(law.log_factor(d)))
    if pull is None or not _obeyed(law, pull, d):
        raise ValueError(
            f"law: got {law}, wanted SA or USA (or a GradientLaw of kernel e^(beta <x, y>) that moves points as it "
            "says): beyond the range of floats forces are followed by their logarithms, and without noise; use "
            "pt.simulate for any other law"
        )
    return pull


def _obeyed(law: Law, pull: Pull, d: int) -> bool:
    """Whether the law moves points by these pulls: three of them, near enough to see one another at any beta."""
    x, w = np.zeros((3, d)), np.array([0.2, 0.3, 0.5])
    x[:, :2] = to_rows(np.array([0.0, 1.0, -0.7]) / math.sqrt(1.0 + pull.beta))
    a, toward = pulls(pull, x, np.log(w), ROWS)
    if a.max() > 700.0:  # faster than floats can tell, and followed by logarithms all the same
        return True
    told = pull.sign * np.einsum("ij,ijd->id", np.exp(a), toward)
    mu = Points.trusted(x, w, ROWS, "direct")
    asked = project(x, np.broadcast_to(law.velocity(0.0, None, mu), x.shape))
    return bool(np.abs(asked - told).max() <= AGREE * np.abs(told).max())
