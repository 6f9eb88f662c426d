"""W_{2,E} on the circle: the least action between two densities, by Benamou and Brenier in quantile coordinates.

The metric in which SA climbs the energy that USA climbs in Wasserstein's: |v|^2 weighs Z = int e^{beta cos} d mu (A,
(3.15)-(3.16)).  Labels u in [0, 1] move from Q_0(u) to Q_1(u + c); paths and cut c are free (`action`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import scipy

from meanfield.distances.circle.action import Action, basis, nodes
from meanfield.distances.circle.labelled import refined
from meanfield.distances.circle.measures import TWO_PI
from meanfield.distances.circle.series import Series
from meanfield.distances.numerics.newton import minimised
from meanfield.distances.numerics.roots import bracketed_newton
from meanfield.protocols import Array

FEWEST, FIRST, SHARPER = 48, 7, 4
"""Labels and the degree in time to begin with, and by how much that is raised; labels grow by a half."""
LARGEST = 4400
"""Unknowns at most: their Hessian is dense."""
MOST = 40
"""Degree in time at most: one that does not suffice is a sign that no smooth geodesic is there."""
CONVERGED = 1e-12
"""What Newton's last quadratic model may still promise, of the action."""
SETTLED = 1e-10
"""Relative change of the action, by a finer time and by more labels, that ends either refinement."""
ROUNDED = 1e-13
"""What rounding may leave of a distance."""
FAR = 1e100
"""An action, and a change, before any is known."""
SAME = 1e-14
"""Radians that nothing moves by."""
TINY = 1e-300
NEIGHBOURS = 8
"""Cyclic matchings of samples that are tried on either side of that of W_2 at most."""


@dataclass(frozen=True, eq=False)
class Course:
    """A geodesic as it was found.

    Attributes
    ----------
    w : ndarray (n,)
        Masses of the labels.
    Q : ndarray (degree + 1, n)
        Their angles at `nodes(degree)` of [0, 1], unwrapped.
    action : float
        Times e^{-beta}: its square root is the distance, times e^{-beta / 2}.
    cut : float
        Q_1 is asked at u + cut.
    change : float
        Relative change of the action at the last refinement.
    """

    w: Array
    Q: Array
    action: float
    cut: float
    change: float

    @property
    def settled(self) -> bool:
        """Whether that is small, or rounding."""
        return bool(self.change <= SETTLED + ROUNDED / max(self.action, TINY) ** 0.5)

    @property
    def degree(self) -> int:
        """Of the paths."""
        return len(self.Q) - 1

    def at(self, t: Array) -> tuple[Array, Array]:
        """(k, n) angles and velocities at times t (k,)."""
        at, slope = basis(self.degree, t)
        return at @ self.Q, slope @ self.Q


# --- labels -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Ends:
    """Labels at equal steps of (Q_0(u) + Q_1(u + c)) / 2: where either density is low, they are as near as elsewhere.

    Attributes
    ----------
    one, other : Series
        Both distribution functions.
    cut : float
        c.
    """

    one: Series
    other: Series
    cut: float

    def laid(self, n: int) -> tuple[Array, Array, Array]:
        """Masses, and angles at both ends, of n labels.

        With s half the sum of both angles, the first solves F_1(2 s - x) - F_0(x) = c, which falls by rho_0 + rho_1 of
        x; and du/ds = 2 rho_0 rho_1 / (rho_0 + rho_1).
        """
        s = TWO_PI * np.arange(n) / n

        def residual(x: Array, index: Array) -> tuple[Array, Array]:
            F0, r0 = self.one.cumulative(x)
            F1, r1 = self.other.cumulative(2.0 * s[index] - x)
            return F0 - F1 + self.cut, r0 + r1

        # both F are within 1 / 2 of a line; so x is within pi of where lines would meet
        middle = s - np.pi * self.cut
        x = bracketed_newton(residual, middle - TWO_PI, middle + TWO_PI, middle, xtol=1e-9, vtol=2e-16)
        y = 2.0 * s - x
        r0, r1 = self.one.cumulative(x)[1], self.other.cumulative(y)[1]
        w = 2.0 * r0 * r1 / (r0 + r1) * (TWO_PI / n)
        return w / w.sum(), x, y

    def moved(self, y: Array, shift: float) -> tuple[Array, Array, Array]:
        """Q_1(F_1(y) + shift), and its first and second derivatives by the shift."""
        level = self.other.cumulative(y)[0] + shift

        def residual(x: Array, index: Array) -> tuple[Array, Array]:
            F, rho = self.other.cumulative(x)
            return F - level[index], rho

        x = y
        if shift:
            turn = np.copysign(TWO_PI * np.ceil(abs(shift)), shift)
            low, high = np.minimum(y, y + turn), np.maximum(y, y + turn)
            x = bracketed_newton(residual, low, high, y, xtol=1e-10, vtol=2e-16)
        rho, slope = self.other.periodic("rho", "slope", x)
        rho = rho + self.other.mass / TWO_PI
        return x, 1.0 / rho, -slope / rho**3


def wasserstein_cut(one: Series, other: Series, n: int) -> float:
    """The c of W_2: labels then move by nothing on the average over s, for 2 int (Q_1 - Q_0) dQ_1 vanishes."""

    def drift(c: float) -> float:
        _, x, y = Ends(one, other, c).laid(n)
        return float(np.mean(y - x))

    low, high = -0.5, 0.5
    while drift(low) > 0.0:
        low -= 0.5
    while drift(high) < 0.0:
        high += 0.5
    return float(scipy.optimize.brentq(drift, low, high, xtol=1e-12))


# --- the least action ---------------------------------------------------------------------------------------


def straight(start: Array, end: Array, degree: int) -> Array:
    """Paths of constant velocity."""
    return start + nodes(degree)[:, None] * (end - start)


def least(
    action: Action, Q: Array, end: Callable[[float], tuple[Array, Array, Array]] | None = None
) -> tuple[Array, float, float]:
    """Q of least action from Q[0] to Q[-1], or to end(c) for the best c: Q, A and c; A is inf where none was found.

    end(c) are the last angles and their first and second derivatives.
    """
    m, n = action.degree, Q.shape[1]
    inner = (m - 1) * n

    def whole(z: Array) -> Array:
        last = Q[-1] if end is None else end(float(z[-1]))[0]
        return np.concatenate([Q[:1], z[:inner].reshape(m - 1, n), last[None]])

    def value(z: Array) -> float:
        return action.value(whole(z))

    def told(z: Array) -> tuple[float, Array, Array]:
        A, slope, bend = action.told(whole(z))
        g = slope[1:m].ravel()
        H = bend[1:m, 1:m].transpose(0, 2, 1, 3).reshape(inner, inner)
        if end is None:
            return A, g, H
        _, along, curved = end(float(z[-1]))
        border = (bend[1:m, m] @ along).ravel()
        corner = float(along @ bend[m, m] @ along + slope[m] @ curved)
        H = np.block([[H, border[:, None]], [border[None], np.array([[corner]])]])
        return A, np.append(g, float(slope[m] @ along)), H

    z = Q[1:m].ravel() if end is None else np.append(Q[1:m].ravel(), 0.0)
    first = value(z)
    found = minimised(told, value, z, size=first + first**0.5)  # of short paths angles' rounding is a larger part
    whole_of = found.value if found.convex and found.predicted < CONVERGED else np.inf
    return whole(found.x), whole_of, float(found.x[-1]) if end is not None else 0.0


def joined(one: Series, other: Series, beta: float, n: int, degree: int, near: Course) -> Course:
    """The geodesic between two densities by n labels and paths of a degree, beginning near another."""
    ends = Ends(one, other, near.cut)
    w, x, y = ends.laid(n)
    old = near.Q - straight(near.Q[0], near.Q[-1], near.degree)
    Q = straight(x, y, degree) + basis(near.degree, nodes(degree))[0] @ refined(old, n)
    action = Action(w, beta, degree)
    Q, A, shift = least(action, Q, lambda c: ends.moved(y, c))
    return _course(action, Q, A, near.cut + shift, near)


def _course(action: Action, Q: Array, A: float, cut: float, near: Course) -> Course:
    """A path found, its change from the last one; where none of least action was found it is that of the best."""
    change = abs(A - near.action) / max(A, TINY) if np.isfinite(A) else np.inf
    return Course(action.w, Q, A if np.isfinite(A) else action.value(Q), cut, change)


def between(one: Series, other: Series, beta: float) -> Course:
    """The geodesic between two densities: finer in time, then in labels, until the action settles.

    The labels' error does not depend on the degree, so that the degree is found with few labels.
    """
    cut = wasserstein_cut(one, other, 2 * FEWEST)
    w, x, y = Ends(one, other, cut).laid(FEWEST)
    Q = straight(x, y, FIRST)
    if np.abs(y - x).max() < SAME:
        return Course(w, Q, 0.0, cut, 0.0)
    now = joined(one, other, beta, FEWEST, FIRST, Course(w, Q, FAR, cut, np.inf))
    while not now.settled and now.change < np.inf and now.degree + SHARPER <= MOST:  # inf: the last had no minimum
        now = joined(one, other, beta, FEWEST, now.degree + SHARPER, now)
    if not now.settled:
        return now
    in_time, n = now.change, FEWEST
    now = replace(now, change=FAR)
    while not now.settled and (n := n * 3 // 2) * now.degree <= LARGEST:
        now = joined(one, other, beta, n, now.degree, now)
    return replace(now, change=max(in_time, now.change))


def matched(x: Array, y: Array, beta: float) -> Course:
    """The geodesic of points of equal masses, each from its x to its y: finer in time until the action settles."""
    w = np.full(len(x), 1.0 / len(x))
    Q = straight(x, y, FIRST)
    if np.abs(y - x).max() < SAME:
        return Course(w, Q, 0.0, 0.0, 0.0)
    now, degree = Course(w, Q, FAR, 0.0, FAR), FIRST
    most = max(FIRST, min(MOST, LARGEST // len(x)))
    while not now.settled and now.change < np.inf and degree <= most:
        begun = straight(x, y, degree)
        begun[1:-1] = (basis(now.degree, nodes(degree))[0] @ now.Q)[1:-1]
        action = Action(w, beta, degree)
        Q, A, _ = least(action, begun)
        now, degree = _course(action, Q, A, 0.0, now), degree + SHARPER
    return now


def cyclic(x: Array, y: Array, beta: float, first: int) -> Course:
    """The best of the matchings that keep the order, from that of number `first` downhill: of sorted samples."""

    def at(k: int) -> Course:
        turns, j = np.divmod(np.arange(len(y)) + k, len(y))
        return matched(x, y[j] + TWO_PI * turns, beta)

    best = at(first)
    for way in (1, -1):
        for k in range(first + way, first + way * (NEIGHBOURS + 1), way):
            other = at(k)
            if other.action >= best.action:
                break
            best = other
    return best
