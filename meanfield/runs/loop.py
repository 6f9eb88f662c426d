"""*The* loop: steps; lands on asked times and on zeros of the method's events; lets the method change its shape."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import inf
from typing import Any

import numpy as np
import scipy

from meanfield.protocols import Array, Method, Step, Stepped, Stepper
from meanfield.steppers import suited
from meanfield.steppers.dense import evaluate

SHARPER = 2
"""Times that a step to an event is corrected, where what it ends in depends on it."""


def steps(
    method: Method,
    y: Array,
    t: float,
    land: Iterable[float],
    stepper: Stepper,
    *,
    h: float | None = None,
    rng: np.random.Generator | None = None,
    keep: bool = False,
) -> Iterator[Step]:
    """Accepted steps from (t, y), one after another.

    Parameters
    ----------
    method : Method
        y' = linear * y + rhs(t, y), and its wishes.
    y, t : ndarray, float
        Where to begin.
    land : increasing floats
        Times to land on exactly; the last one ends the loop.
    stepper : Stepper
        One accepted step each.
    h : float, optional
        First step to try.
    rng : numpy.random.Generator, optional
        For stochastic steppers.
    keep : bool
        Have every step carry its dense output.

    Yields
    ------
    Step

    Raises
    ------
    Stop
        From the method or the stepper; what was yielded before stands.
    ValueError
        If the stepper leaves out noise or the linear part, or takes a step too long for it.
    """
    signs = _signs(method.events(t, y))
    evaluations = rejections = 0
    most = inf
    for target in land:
        while t < target:
            suited.quiet(stepper, method, t, y)
            known = keep or method.looks > 0
            r = stepper.step(method, t, y, h, target, rng, known)
            r = suited.kept(stepper, method, t, y, r, most, rng, known)
            suited.quiet(stepper, method, t, y, r.t)
            suited.stable(stepper, method, t, r.t - t)
            event, r = _landed(method, stepper, t, y, h, r, rng, keep, signs)
            evaluations, rejections = evaluations + r.evaluations, rejections + r.rejections
            change = method.review(t, y, r.t, r.y)
            if change is not None and change.t == t:  # the step is thrown away and taken again
                most = inf if change.h is None else change.h
                method, y, h = change.method, change.y, change.h if change.h is not None else h
                signs = _signs(method.events(t, y))
                continue
            most = inf
            yield Step(r.t, r.y, r.h, r.between, method, r.t == target, event, evaluations, rejections)
            evaluations = rejections = 0
            t, y, h = r.t, r.y, r.h
            if change is not None:
                method, y, h = change.method, change.y, change.h if change.h is not None else h
                signs = _signs(method.events(t, y))
            elif signs is not None:
                # one whose method went on as it was has not been passed yet
                signs = _crossed(signs, method.events(t, y), None if method.looks else event)


def _landed(
    method: Method, stepper: Stepper, t: float, y: Array, h: Any, r: Stepped, rng: Any, keep: bool, signs: Array | None
) -> tuple[int | None, Stepped]:
    """The step, cut at the first zero of an event that it crossed."""
    if signs is None:
        return None, r
    within, end = _within(method, t, r, signs), _signs(method.events(r.t, r.y)) * signs < 0
    crossed = np.nonzero(end | np.isfinite(within))[0]
    if not len(crossed):
        return None, r
    if r.between is None:  # the step that brings it may have to be shorter
        full = stepper.step(method, t, y, h, r.t, rng, True)
        cost = r.evaluations + full.evaluations, r.rejections + full.rejections
        full = full._replace(h=r.h, evaluations=cost[0], rejections=cost[1])
        return (None, full) if full.between is None else _landed(method, stepper, t, y, h, full, rng, keep, signs)
    between = r.between
    roots = [_root(method, between, t, min(r.t, within[e]), int(e), float(signs[e])) for e in crossed]
    first = int(np.argmin(roots))
    if roots[first] <= t or roots[first] >= r.t:
        return int(crossed[first]), r
    e, root, cost, cut = int(crossed[first]), roots[first], (r.evaluations, r.rejections), r
    for again in range(1 + (SHARPER if method.looks else 0)):
        if again:  # the step's end is not quite where its dense output was
            step = 1e-4 * (root - t)
            slope = float(_at(method, between, root)[e] - _at(method, between, root - step)[e]) / step
            root -= float(np.asarray(method.events(cut.t, cut.y))[e]) / slope if slope * signs[e] < 0.0 else 0.0
            if not t < root < r.t or root == cut.t:
                break
        cut = stepper.step(method, t, y, None if h is None else root - t, root, rng, keep)
        cost = cut.evaluations + cost[0], cut.rejections + cost[1]
    return e if cut.t == root else None, cut._replace(h=r.h, evaluations=cost[0], rejections=cost[1])


def _within(method: Method, t: float, r: Stepped, signs: Array) -> Array:
    """For every event a time inside the step at which it has the other sign; inf where none was seen.

    Looked at `method.looks` times; where an event comes to a minimum between these, its parabola says whether it may
    pass zero, and then the minimum is looked for.
    """
    found = np.full(len(signs), inf)
    if not method.looks or r.between is None:
        return found
    times = np.linspace(t, r.t, method.looks + 2)

    def g(s: float) -> Array:
        return np.asarray(_at(method, r.between, s) * signs)

    table = np.array([g(float(s)) for s in times])
    for k in range(len(times) - 2, 0, -1):
        found[table[k] < 0.0] = times[k]
        a, b, c = table[k - 1], table[k], table[k + 1]
        bend = a - 2.0 * b + c
        low = b - np.square(c - a) / (8.0 * np.where(bend > 0.0, bend, inf)) - 0.25 * bend
        for e in np.nonzero((b > 0.0) & (b <= a) & (b <= c) & (bend > 0.0) & (low < 0.0))[0]:
            at, least = _least(g, int(e), float(times[k - 1]), float(times[k + 1]))
            found[e] = at if least < 0.0 else found[e]
    return found


def _least(g: Any, e: int, t0: float, t1: float) -> tuple[float, float]:
    """Where an event is least between two times, and its value there."""
    found = scipy.optimize.minimize_scalar(
        lambda t: float(g(t)[e]), bounds=(t0, t1), method="bounded", options={"xatol": 1e-9}
    )
    return float(found.x), float(found.fun)


def _root(method: Method, between: Any, t0: float, t1: float, e: int, sign: float) -> float:
    def g(t: float) -> float:
        return float(_at(method, between, t)[e])

    # an event just landed on starts at zero: its recorded sign says on which side it is
    if g(t0) * sign <= 0.0:
        return t0 if g(t1) * sign >= 0.0 else t1
    if g(t1) * sign >= 0.0:  # the state at the step's end is beyond, its dense output not quite
        return t1
    return float(scipy.optimize.brentq(g, t0, t1, xtol=1e-15 * max(abs(t0), abs(t1), 1e-300), rtol=8.9e-16))


def _at(method: Method, between: Any, t: float) -> Any:
    """Events inside a step."""
    return method.events(t, method.retract(evaluate(between, t)))  # once there are events, there always are


def _signs(g: Array | None) -> Any:
    return None if g is None else np.sign(g)


def _crossed(signs: Array, g: Array | None, event: int | None) -> Any:
    """Sign of every event after a step: only the event landed on has changed it.

    One that a cut step passed unseen is so found crossed at the next step's end: late, and not lost.
    """
    if g is None:
        return None
    now = np.where(signs == 0.0, _signs(g), signs)
    if event is not None:
        now[event] = -signs[event]
    return now
