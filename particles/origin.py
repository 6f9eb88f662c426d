"""Whether tokens fall to the origin as those of (1.1) with V = -I do: |x| ~ t^{-1/2} (B, Theorem 8.5)."""

from __future__ import annotations

import math

import numpy as np

from meanfield.protocols import Array

BENT = 0.1
"""How far 1 / |x|^2 may be from a straight line, over its rise."""
FALLEN = math.e
"""By this factor |x| must have fallen."""


def decaying(t: Array, x: Array) -> tuple[bool, dict[str, float]]:
    """Whether max |x| falls like (t + t_0)^{-1/2} over the last three quarters of the time, and the numbers.

    For V = -I and Q^T K = I tokens near 0 have Cov' = -2 Cov^2, so that 1 / max |x|^2 rises in a straight line; the
    mean has long gone, like e^{-t}.  What falls exponentially, or to somewhere else, bends: over a fourfold time |x|
    halves, and neither does.
    """
    r = np.linalg.norm(x, axis=-1).max(axis=-1)
    late = t >= t[0] + 0.25 * (t[-1] - t[0])
    told = {"largest": float(r[-1]), "exponent": math.nan, "bend": math.nan, "e-foldings": 0.0}
    if late.sum() < 8 or r[-1] <= 0.0 or not (np.diff(r[late]) < 0.0).all():
        return False, told
    s, y = t[late], 1.0 / np.square(r[late])
    rise = float(y[-1] - y[0])
    line = y[0] + rise * (s - s[0]) / (s[-1] - s[0])
    half = int(np.searchsorted(s, s[0] + (s[-1] - s[0]) / 3.0))
    told["exponent"] = float(np.log(r[-1] / r[late][half]) / np.log((s[-1] - t[0]) / (s[half] - t[0])))
    told["bend"] = float(np.abs(y - line).max() / rise)
    told["e-foldings"] = float(np.log(r[0] / r[-1]))
    falls = told["bend"] <= BENT and r[0] >= FALLEN * r[-1] and -0.6 <= told["exponent"] <= -0.35
    return bool(falls), told
