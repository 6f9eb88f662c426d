"""POT: `ot.wasserstein_circle`.  It works in turns, returns W_p^p, and bisects to a tolerance (its default here)."""

from __future__ import annotations

from typing import Any

import numpy as np
import ot

from benchmarks.runners import Job

PACKAGES = ("POT", "numpy", "scipy")
TWO_PI = 2.0 * np.pi


def distance(s: dict[str, Any], arrays: dict[str, Any]) -> Job:
    """W1 or W2 on the circle."""
    p = s["p"]
    x, y, wx, wy = arrays["x"] / TWO_PI, arrays["y"] / TWO_PI, arrays.get("wx"), arrays.get("wy")
    ot.wasserstein_circle(x[:100], y[:100], p=p)

    def solve() -> float:
        return float(TWO_PI * ot.wasserstein_circle(x, y, wx, wy, p=p)[0] ** (1.0 / p))

    return Job(solve, lambda w: ({"w": np.array(w)}, {}))


JOBS = {"distance": distance}
