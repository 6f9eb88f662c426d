"""Settings of a law that are functions of time: asked at a time, and their rates of change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.polynomial import chebyshev

from meanfield.protocols import Array, Status, Unsettled

NODES = 16
RADII = tuple(4.0**-k for k in range(-1, 12))
"""Half lengths of the intervals on which a function is looked at, the longest first: rounding costs 1 / length."""
RESOLVED = 1e-14
"""Share of the largest value that the last coefficients, and misses between the nodes, may have."""
BETWEEN = (-0.31, -0.013, 0.0, 0.017, 0.29)
"""Where between the nodes a function must be what its polynomial is, in half lengths about the time asked for."""


@contextmanager
def settled(t: float) -> Iterator[None]:
    """Refuse what a function of time answers at t so that a run ends there, and keeps what came before."""
    try:
        yield
    except Unsettled:
        raise
    except (ValueError, ArithmeticError) as refused:
        words = str(refused).removesuffix(", or drop these entries.").rstrip(".")
        if isinstance(refused, ArithmeticError):  # of the function itself
            words = f"A setting that is a function of time fails at t = {t:.6g}: {words}"
        raise Unsettled(
            Status.LAW_CHANGED,
            f"{words}. It is asked at all times of a run: "
            "give a function that is one at all of them, or end the run while it still is.",
        ) from refused


def slope(f: Callable[[float], Any], t: float) -> Array:
    """f'(t) of an analytic function of time, a number or an array; nan where nothing about t or beside it is smooth.

    The derivative of f's interpolant in 16 Chebyshev points, on the longest interval (t in its middle, at its end, at
    its beginning) that resolves f: to about 1e-13 |f| over the interval's length.  Beside a kink it is that of t's own
    side, at the kink of the earlier.  Where f cannot be asked (it raises, or is not finite) it is not smooth.
    """
    for radius in RADII:
        for place in (0.0, 1.0, -1.0):
            found = _within(f, t, radius, place)
            if found is not None:
                return found
    return np.full(np.shape(f(t)), np.nan)


def _within(f: Callable[[float], Any], t: float, radius: float, place: float) -> Array | None:
    """f'(t) from the interval in which t stands at `place` of [-1, 1], or None if it does not resolve f."""
    nodes, to_series, rate = _rule(place)
    others = np.clip(place + np.array(BETWEEN), -1.0, 1.0)
    middle = t - place * radius
    try:
        with np.errstate(all="ignore"):
            values = np.array([f(middle + radius * u) for u in nodes.tolist()], dtype=float)
            series = np.tensordot(to_series, values, 1)
            allowed = RESOLVED * NODES * np.abs(values).max()
            if not np.abs(series[-2:]).max() <= allowed < np.inf:
                return None
            checks = np.array([f(middle + radius * u) for u in others.tolist()], dtype=float)
            missed = np.abs(np.moveaxis(chebyshev.chebval(others, series), -1, 0) - checks).max()
    except (ArithmeticError, ValueError, TypeError):
        return None
    if not missed <= allowed:
        return None
    return np.asarray(np.tensordot(rate, series, 1) / radius)


@lru_cache(maxsize=8)
def _rule(place: float) -> tuple[Array, Array, Array]:
    """Chebyshev's points, values -> coefficients, and coefficients -> derivative at a place."""
    angle = np.pi * (np.arange(NODES) + 0.5) / NODES
    to_series = 2.0 / NODES * np.cos(np.outer(np.arange(NODES), angle))
    to_series[0] *= 0.5
    rate = np.array([chebyshev.chebval(place, chebyshev.chebder(row)) if row.any() else 0.0 for row in np.eye(NODES)])
    return np.cos(angle), to_series, rate
