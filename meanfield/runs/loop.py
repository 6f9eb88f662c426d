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
            r = stepper.step(method, t, y, h, target, rng, keep)
            r = suited.kept(stepper, method, t, y, r, most, rng, keep)
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
                signs = _crossed(signs, method.events(t, y), event)


def _landed(
    method: Method, stepper: Stepper, t: float, y: Array, h: Any, r: Stepped, rng: Any, keep: bool, signs: Array | None
) -> tuple[int | None, Stepped]:
    """The step, cut at the first zero of an event that it crossed."""
    if signs is None:
        return None, r
    crossed = np.nonzero(_signs(method.events(r.t, r.y)) * signs < 0)[0]
    if not len(crossed):
        return None, r
    if r.between is None:  # the step that brings it may have to be shorter
        full = stepper.step(method, t, y, h, r.t, rng, True)
        cost = r.evaluations + full.evaluations, r.rejections + full.rejections
        full = full._replace(h=r.h, evaluations=cost[0], rejections=cost[1])
        return (None, full) if full.between is None else _landed(method, stepper, t, y, h, full, rng, keep, signs)
    between = r.between
    roots = [_root(method, between, t, r.t, int(e), float(signs[e])) for e in crossed]
    first = int(np.argmin(roots))
    if roots[first] <= t or roots[first] >= r.t:
        return int(crossed[first]), r
    cut = stepper.step(method, t, y, None if h is None else roots[first] - t, roots[first], rng, keep)
    cost = cut.evaluations + r.evaluations, cut.rejections + r.rejections
    cut = cut._replace(h=r.h, evaluations=cost[0], rejections=cost[1])
    return int(crossed[first]) if cut.t == roots[first] else None, cut


def _root(method: Method, between: Any, t0: float, t1: float, e: int, sign: float) -> float:
    def g(t: float) -> float:
        found: Any = method.events(t, method.retract(evaluate(between, t)))  # once there are events, there always are
        return float(found[e])

    # an event just landed on starts at zero: its recorded sign says on which side it is
    if g(t0) * sign <= 0.0:
        return t0 if g(t1) * sign >= 0.0 else t1
    return float(scipy.optimize.brentq(g, t0, t1, xtol=1e-15 * max(abs(t0), abs(t1), 1e-300), rtol=8.9e-16))


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
