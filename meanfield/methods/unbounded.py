"""Runs that go to infinity in finite time."""

from __future__ import annotations

from typing import Any

import numpy as np

from meanfield.protocols import Array, Status, Stop

SHORT, GROWN = 1e-11, 1.001
"""Steps of this share of t in which velocities still grow by this are the last before they are infinite: what is left
is of their length."""


def checked(method: Any, t0: float, y0: Array, t: float, y: Array, what: str, short: float = SHORT) -> None:
    """End a run whose velocities grow in the shortest steps there are, and so without bound in finite time."""
    if not 0.0 < t - t0 < short * abs(t):
        return
    before, now = (np.abs(method.rhs(*at, np.empty_like(y))).max() for at in ((t0, y0), (t, y)))
    if now > GROWN * before:
        raise Stop(Status.BLOWN_UP, f"At t = {t!r} {what} run to infinity: {method.law} blows up there.")
