"""One slope of finite volumes against one of the spectral method: SA, beta = 4, on the circle, as many cells as nodes.

    python benchmarks/volumes.py [cells]

Prints the ratio of the best of many calls, taken in turn (asked: 3 at most, at 4096).  Both are asked as a step begins,
for the slope and for how long a step may be.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import meanfield as mf

CELLS = 4096
ROUNDS = 200


def seconds(method: Any, y: Any, out: Any) -> float:
    """Of one call."""
    began = time.perf_counter()
    method.slope(0.0, y, out)
    return time.perf_counter() - began


def ratio(n: int, rounds: int = ROUNDS) -> float:
    """Of the best calls."""
    law = mf.SA(4.0)
    rho0 = mf.Circle(n).density(lambda theta: 1.0 + 0.3 * np.cos(theta) + 0.2 * np.sin(2.0 * theta))
    best = []
    for scheme in (mf.FiniteVolume(cells=n), mf.Spectral()):
        method, y = scheme.bind(law, rho0, 1e-10, 1e-13)
        best.append((method, y, np.empty_like(y)))
    calls = [[seconds(*one) for one in best] for _ in range(rounds)]
    volumes, spectral = np.min(calls, axis=0)
    return float(volumes / spectral)


if __name__ == "__main__":
    cells = int(sys.argv[1]) if len(sys.argv) > 1 else CELLS
    print(f"N = {cells}: one finite-volume slope takes {ratio(cells):.2f} times one spectral slope")
