"""W1 and W2 on the circle against POT's `wasserstein_circle`, in one process, calls taken in turn.

    python benchmarks/distances.py [n ...] [--rounds 3] [--p 1 2]

Prints the median seconds of both, their ratio, and how far the two answers are apart.  POT works in turns and bisects
to a tolerance (its default here); its answer is never below the exact one by more than rounding.
Needs the extra `ot`; one thread: set OMP_NUM_THREADS=1.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from validation.metrics import w1_circle, w2_circle

Array = NDArray[Any]
TWO_PI = 2.0 * np.pi


def timed(call: Callable[[], float]) -> tuple[float, float]:
    """Seconds and answer."""
    start = time.perf_counter()
    answer = call()
    return time.perf_counter() - start, answer


def samples(n: int, weighted: bool) -> tuple[Array, Array, Array | None, Array | None]:
    """Two clustered clouds in [0, 2 pi), with Dirichlet weights or equal ones."""
    rng = np.random.default_rng(n)
    x, y = rng.vonmises(1.0, 1.0, n) % TWO_PI, rng.vonmises(2.0, 0.5, n) % TWO_PI
    if not weighted:
        return x, y, None, None
    wx, wy = rng.random(n), rng.random(n)
    return x, y, wx / wx.sum(), wy / wy.sum()


def compare(n: int, p: int, weighted: bool, rounds: int) -> tuple[float, float, float]:
    """Median seconds of ours and of POT's, and the difference of the answers."""
    import ot

    x, y, wx, wy = samples(n, weighted)
    distance = w1_circle if p == 1 else w2_circle
    turns = x / TWO_PI, y / TWO_PI

    def ours() -> float:
        return float(distance(x, y, wx, wy))

    def theirs() -> float:
        return float(TWO_PI * ot.wasserstein_circle(*turns, wx, wy, p=p)[0] ** (1.0 / p))

    seconds: tuple[list[float], list[float]] = ([], [])
    difference = 0.0
    for _ in range(rounds):
        answers = []
        for record, call in zip(seconds, (ours, theirs), strict=True):
            t, answer = timed(call)
            record.append(t)
            answers.append(answer)
        difference = answers[1] - answers[0]
    return statistics.median(seconds[0]), statistics.median(seconds[1]), difference


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("n", type=int, nargs="*", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--p", type=int, nargs="*", choices=(1, 2), default=[1, 2])
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    compare(100, 1, False, 1)  # imports and first calls
    print(f"{'distance':9}{'weights':10}{'n':>9}{'ours [s]':>12}{'POT [s]':>12}{'ratio':>9}{'POT - ours':>13}")
    for p in arguments.p:
        for weighted in (False, True):
            for n in arguments.n:
                ours, theirs, difference = compare(n, p, weighted, arguments.rounds)
                name = "weighted" if weighted else "equal"
                row = f"W{p:<8}{name:10}{n:>9}{ours:>12.4f}{theirs:>12.3f}{theirs / ours:>9.1f}{difference:>13.1e}"
                print(row, flush=True)


if __name__ == "__main__":
    main()
