"""A pipeline a user of FINUFFT would write for points on the circle: moments, multipliers, fields.

One plan is kept; the points are set once a right-hand side and serve the transform and its adjoint; Z and U' are
the real and imaginary part of one complex output.
"""

from __future__ import annotations

from typing import Any

import finufft
import numpy as np

from benchmarks.runners import Job

PACKAGES = ("finufft", "numpy")


def circle_points(s: dict[str, Any], arrays: dict[str, Any]) -> Job:
    """Z + iU' = sum_k q_k (1 - k/beta) m_k e^{ik theta}, q_k = e^{-beta} I_k(beta), m_k = sum_j w_j e^{-ik theta_j}."""
    theta, asked, K = arrays["theta"], arrays["asked"], s["modes"]
    n = len(theta)
    k = np.arange(-K, K + 1)
    symbol = arrays["bessel"][np.abs(k)] * (1.0 - k / s["beta"])
    weights = np.full(n, 1.0 / n, dtype=complex)
    plan = finufft.Plan(
        2, (2 * K + 1,), eps=s["eps"], isign=1, nthreads=s["threads"], upsampfac=s["upsampfac"], dtype="complex128"
    )
    both = np.empty(n, dtype=complex)
    normalised = s["law"] == "SA"

    def solve() -> Any:
        plan.setpts(theta)
        moments = plan.execute_adjoint(weights)
        plan.execute(symbol * moments, out=both)
        return both.imag / both.real if normalised else both.imag

    return Job(solve, lambda v: ({"v": v[asked]}, {}))


JOBS = {"circle-points": circle_points}
