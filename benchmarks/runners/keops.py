"""KeOps on the CPU: the sum over all pairs as one compiled reduction, Z and M together.

Its formula is compiled by the first call of a new dimension (20 s each), which is not timed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pykeops
from pykeops.numpy import Genred

from benchmarks.runners import Job

pykeops.set_verbose(False)
PACKAGES = ("pykeops", "numpy")


def _velocity(x: Any, beta: float, normalised: bool) -> Any:
    n, d = x.shape
    text = "Exp(b * ((X | Y) - IntCst(1))) * W"
    aliases = ["b = Pm(1)", f"X = Vi({d})", f"Y = Vj({d})", f"W = Vj({d + 1})"]
    reduction = Genred(text, aliases, reduction_op="Sum", axis=1)
    b = np.array([float(beta)])

    def solve() -> Any:
        both = reduction(b, x, x, np.concatenate([x, np.ones((n, 1))], axis=1), backend="CPU")
        v = both[:, :d] / (both[:, d:] if normalised else n)
        return v - np.sum(v * x, axis=1, keepdims=True) * x

    solve()
    return solve


def dense(s: dict[str, Any], arrays: dict[str, Any]) -> Job:
    """Rows in any dimension."""
    solve = _velocity(np.ascontiguousarray(arrays["rows"]), s["beta"], s["law"] == "SA")
    return Job(solve, lambda v: ({"v": v[arrays["asked"]]}, {}))


def circle_points(s: dict[str, Any], arrays: dict[str, Any]) -> Job:
    """Points of the circle as rows: an inner product is cheaper than a difference of angles and its cosine."""
    theta, asked = arrays["theta"], arrays["asked"]
    solve = _velocity(np.stack([np.cos(theta), np.sin(theta)], axis=-1), s["beta"], s["law"] == "SA")
    turned = np.stack([-np.sin(theta[asked]), np.cos(theta[asked])], axis=-1)
    return Job(solve, lambda v: ({"v": np.sum(v[asked] * turned, axis=-1)}, {}))


JOBS = {"dense": dense, "circle-points": circle_points}
