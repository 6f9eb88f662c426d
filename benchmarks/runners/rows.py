"""This project by rows, n x d numbers: what inner products, n x n, are compared with."""

from __future__ import annotations

from typing import Any

import numpy as np

import meanfield as mf
import particles as pt
from benchmarks.runners import Job

PACKAGES = ("meanfield", "numpy", "scipy")


def gram(s: dict[str, Any], arrays: dict[str, Any]) -> Job:
    """Clouds of unit rows to the end, by `particles.simulate`."""
    law, x, end = mf.SA(s["beta"]), arrays["clouds"], s["end"]

    def solve() -> Any:
        return pt.simulate(law, x, (0.0, end), [end], rtol=s["rtol"], atol=s["atol"]).x[-1, 0]

    return Job(solve, lambda rows: ({"v": (rows @ rows.T)[*np.triu_indices(len(rows), 1)]}, {}))


JOBS = {"gram": gram}
