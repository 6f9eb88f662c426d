"""Runs that go to infinity in finite time, or so far that their digits no longer say who leads whom."""

from __future__ import annotations

from typing import Any

import numpy as np

from meanfield.protocols import Array, Status, Stop

EPS = float(np.finfo(float).eps)
SHORT, GROWN = 1e-11, 1.001
"""Steps of this share of t in which velocities still grow by this are the last before they are infinite: what is left
is of their length."""


def checked(method: Any, t0: float, y0: Array, t: float, y: Array, what: str, short: float = SHORT) -> None:
    """End a run in the shortest steps there are: if velocities grow, without bound in finite time; else if scores, of
    the size of positions squared, are off by more than 1, by which leaders differ."""
    if not 0.0 < t - t0 < short * abs(t):
        return
    before, now = (np.abs(method.rhs(*at, np.empty_like(y))).max() for at in ((t0, y0), (t, y)))
    if now > GROWN * before:
        raise Stop(Status.BLOWN_UP, f"At t = {t!r} {what} run to infinity: {method.law} blows up there.")
    if method.law.beyond and EPS * np.abs(y).max() ** 2 > 1.0:
        raise Stop(
            Status.UNDECIDED,
            f"At t = {t:.6g} positions are so large that the rounding of scores decides which of several tokens leads.",
        )
