"""Curves of solutions of F(y) = 0, one equation fewer than unknowns, followed by pseudo-arclength.

From a point y with tangent t the next is sought at y + h t by Newton's method within the plane t . (z - y) = h, so that
folds, where the last unknown (the parameter) turns back, are passed like any other point.  What is looked for along the
curve (the parameter's slope, an eigenvalue, a difference of energies) is located where it vanishes by Brent's method on
h, each value at a corrected point; a fold's parameter then has an error of second order in h.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol

import numpy as np
import scipy

from meanfield.protocols import Array

CLOSE = 1e-13
"""Newton's last step, in the size of the unknowns."""
ITERATIONS = 12
EASY, HARD = 4, 7
"""Newton steps below which the next stretch is longer, and above which it is shorter."""
LONGER, SHORTER = 1.4, 0.5
BEND = 0.92
"""Least cosine of the angle between two tangents: of a sharper turn the stretch is halved."""


class Curve(Protocol):
    """F and its derivatives."""

    def residual(self, y: Array) -> Array:
        """F(y), (M,), for y (M + 1,); not finite outside its domain."""
        ...

    def jacobian(self, y: Array) -> Array:
        """dF/dy, (M, M + 1)."""
        ...


class Point(NamedTuple):
    """A point of the curve and its unit tangent."""

    y: Array
    t: Array


def corrected(curve: Curve, y: Array, normal: Array, at: float) -> tuple[Array, int] | None:
    """The solution with normal . y = at near y, and how many steps it took; None if Newton's method loses it."""
    for count in range(1, ITERATIONS + 1):
        F = np.append(curve.residual(y), normal @ y - at)
        if not np.isfinite(F).all():
            return None
        try:
            step = np.linalg.solve(np.vstack([curve.jacobian(y), normal]), F)
        except np.linalg.LinAlgError:
            return None
        y = y - step
        if np.abs(step).max() <= CLOSE * max(1.0, float(np.abs(y).max())):
            return y, count
    return None


def tangent(curve: Curve, y: Array, along: Array) -> Array:
    """The unit tangent at y whose part along `along` is positive."""
    M = len(y)
    try:
        t = np.linalg.solve(np.vstack([curve.jacobian(y), along]), np.eye(M)[-1])
    except np.linalg.LinAlgError:
        t = np.linalg.svd(curve.jacobian(y))[2][-1]
        t *= np.sign(t @ along)
    return np.asarray(t / np.linalg.norm(t))


def on(curve: Curve, point: Point, h: float, guess: Array | None = None) -> Point | None:
    """The point at h along the tangent of another."""
    y = point.y + h * point.t if guess is None else guess
    found = corrected(curve, y, point.t, float(point.t @ point.y) + h)
    return None if found is None else Point(found[0], tangent(curve, found[0], point.t))


def traced(curve: Curve, first: Point, h: float, longest: float, shortest: float) -> Iterator[Point]:
    """The points after the first, for as long as there are any: who asks decides when it is enough."""
    point = first
    while h >= shortest:
        found = corrected(curve, point.y + h * point.t, point.t, float(point.t @ point.y) + h)
        if found is None:
            h *= SHORTER
            continue
        y, count = found
        t = tangent(curve, y, point.t)
        if t @ point.t < BEND or count > HARD + 2:
            h *= SHORTER
            continue
        point = Point(y, t)
        yield point
        h = min(longest, h * (LONGER if count <= EASY else SHORTER if count > HARD else 1.0))


def located(curve: Curve, left: Point, right: Point, what: Callable[[Point], float]) -> Point | None:
    """Where `what` vanishes between two points at which its signs differ."""
    length = float(left.t @ (right.y - left.y))
    cache: dict[float, Point] = {0.0: left, length: right}

    def value(h: float) -> float:
        if h not in cache:
            s = h / length
            found = on(curve, left, h, (1.0 - s) * (left.y + h * left.t) + s * right.y)
            if found is None:
                raise ArithmeticError
            cache[h] = found
        return what(cache[h])

    try:
        h = scipy.optimize.brentq(value, 0.0, length, xtol=1e-15, rtol=1e-14)
        value(h)
    except ArithmeticError:
        return None
    return cache[h]
