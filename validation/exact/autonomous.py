"""Scalar autonomous equations y' = F(y), solved by quadrature: t = int dy / F(y).

Where F keeps its sign the solution is monotone, and the time it needs is an integral of a smooth function: no step
of time is ever taken, so a time of 1e54 is as easy as a time of 1, and the accuracy is that of Gauss' rule.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

Slowness = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""y -> log(1 / |F(y)|), vectorised."""

_NODES, _WEIGHTS = (0.5 * (v + s) for v, s in zip(np.polynomial.legendre.leggauss(16), (1.0, 0.0)))
_AGREE = 1e-12
"""A panel is accepted when Gauss' rule with 16 nodes and the same on its halves agree to this, and to the rounding of
the exponents.  The halves' sum, which is what is kept, is then exact to rounding even where a pole is what limits the
rule (a pole whose distance makes the panel's error 1e-12 makes that of its halves 1e-16).
"""


def _rule(log_slowness: Slowness, a: float, b: float, reference: float) -> float:
    """Gauss' rule for int_a^b e^{log_slowness - reference} |dy|."""
    with np.errstate(over="ignore"):  # an infinite panel is one to be halved
        values = np.exp(log_slowness(a + (b - a) * _NODES) - reference)
    return float(abs(b - a) * (_WEIGHTS @ values))


def _halves(log_slowness: Slowness, a: float, b: float, reference: float) -> float:
    middle = 0.5 * (a + b)
    return _rule(log_slowness, a, middle, reference) + _rule(log_slowness, middle, b, reference)


def _panels(
    log_slowness: Slowness, y0: float, direction: int, reference: float, end: float
) -> Iterator[tuple[float, float, float]]:
    """Panels (a, b, time) from y0 towards `end` (which may be infinite), as wide as Gauss' rule allows."""
    a, width = y0, 0.25
    while a != end:
        b = a + direction * width
        if (b - end) * direction >= 0:
            b = end
        kept = _halves(log_slowness, a, b, reference)
        rounding = 4e-15 * float(np.max(np.abs(log_slowness(np.array([a, b]))))) if math.isfinite(kept) else 0.0
        if math.isfinite(kept) and abs(_rule(log_slowness, a, b, reference) - kept) <= (_AGREE + rounding) * kept:
            yield a, b, kept
            a, width = b, 2.0 * width
        else:
            width *= 0.5
            if width <= 4e-16 * abs(a):
                raise ValueError(f"the slowness is not smooth near y = {a!r}")


def log_time(log_slowness: Slowness, y0: float, y1: float) -> float:
    """log of the time y' = F(y) takes from y0 to y1: log of int e^{log_slowness} |dy|; -inf if y0 = y1.

    The direction is the caller's affair: F must not vanish between.
    """
    if y0 == y1:
        return -math.inf
    ends = log_slowness(np.linspace(y0, y1, 65))
    reference = float(np.max(ends))
    direction = 1 if y1 > y0 else -1
    total = math.fsum(time for _, _, time in _panels(log_slowness, y0, direction, reference, y1))
    return reference + math.log(total)


def advance(log_slowness: Slowness, y0: float, t: float, direction: int) -> float:
    """y(t) from y(0) = y0, moving in the given direction (1 or -1) at speed e^{-log_slowness(y)}."""
    if t == 0.0:
        return y0
    # Time in units of what it costs at the start, so that e^beta neither overflows nor matters.
    reference = float(log_slowness(np.array([y0]))[0])
    rest = t * math.exp(-reference) if reference > -700.0 else math.exp(math.log(t) - reference)
    for a, b, time in _panels(log_slowness, y0, direction, reference, direction * math.inf):
        if time >= rest:
            return _inside(log_slowness, a, b, rest, reference)
        rest -= time
    raise AssertionError("unreachable: panels without end")


def _inside(log_slowness: Slowness, a: float, b: float, rest: float, reference: float) -> float:
    """The y between a and b which is reached from a after `rest`: Newton's method, kept in its bracket."""
    low, high = a, b
    y = 0.5 * (a + b)
    for _ in range(80):
        excess = _halves(log_slowness, a, y, reference) - rest
        if excess > 0:
            high = y
        else:
            low = y
        speed = math.exp(min(reference - float(log_slowness(np.array([y]))[0]), 700.0))
        new = y - math.copysign(1.0, b - a) * excess * speed
        if not min(low, high) < new < max(low, high):
            new = 0.5 * (low + high)
        if abs(new - y) <= 2e-16 * abs(y) or new in (low, high):
            return new
        y = new
    return y
