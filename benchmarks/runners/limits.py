"""What this machine can do, measured beside everything else: streaming, exp, multiply-add, sorting."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.linalg import blas

from benchmarks.runners import Job

PACKAGES = ("numpy", "scipy")


def best(call: Callable[[], Any], repeats: int = 7) -> float:
    """Least seconds of several calls: a limit is what the machine does undisturbed."""
    call()
    least = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        least = min(least, time.perf_counter() - start)
    return least


def limits(s: dict[str, Any], arrays: dict[str, Any]) -> Job:
    """All of them, in a second or two."""
    n, m, few = s["stream"], s["matrix"], s["values"]
    rng = np.random.default_rng(0)
    x, y = np.ones(n), np.zeros(n)
    small = -18.0 * rng.random(few)
    out = np.empty(few)
    A = rng.random((m, m))
    keys = rng.random(few)

    def solve() -> dict[str, float]:
        return {
            "triad [GB/s]": 24e-9 * n / best(lambda: blas.daxpy(x, y, a=1e-9)),
            "exp [ns]": 1e9 * best(lambda: np.exp(small, out=out)) / few,
            "dgemm [GF/s]": 2e-9 * m**3 / best(lambda: A @ A),
            "sort [ns]": 1e9 * best(lambda: np.sort(keys)) / few,
        }

    return Job(solve, lambda found: ({}, found))


JOBS = {"limits": limits}
