"""A trained model's forward pass beside its bare matrix products: 128 tokens through 6 layers of MiniLM's shape.

    python benchmarks/trained.py [rounds]

Prints the ratio of the best of many calls, taken in turn (asked: 2 at most), in double and in single precision.  The
weights are normal numbers: time does not depend on them.  The products are those of q, k, v, the scores, attention
times v, the output and both maps of the feed-forward layer, into memory that is there.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from particles.trained import Settings
from particles.trained.forward import halves
from particles.trained.weights import Layer

N, ROUNDS = 128, 30
SETTINGS = Settings("bert", 6, 384, 12, 1536, "gelu", 1e-12, 30522, 512, 2, 384)


def layer(rng: np.random.Generator, dtype: str) -> Layer:
    """One of the shape, of deviation 0.05."""
    d, ff = SETTINGS.d, SETTINGS.hidden
    wide = {"U": (ff, d), "W": (d, ff), "U0": (ff,)}
    square = dict.fromkeys("QKVO", (d, d))
    names = ("Q0", "K0", "V0", "O0", "gain", "shift", "W0", "gain2", "shift2")
    shapes = {**dict.fromkeys(names, (d,)), **square, **wide}
    return Layer(**{name: (0.05 * rng.standard_normal(shape)).astype(dtype) for name, shape in shapes.items()})


def products(layers: list[Layer], x: Any) -> None:
    """The matrix products alone."""
    h, dh, n = SETTINGS.heads, SETTINGS.head, x.shape[-2]
    heads = np.ascontiguousarray(x.reshape(n, h, dh).transpose(1, 0, 2))
    P, out, wide = np.empty((h, n, n), x.dtype), np.empty_like(x[0]), np.empty((n, SETTINGS.hidden), x.dtype)
    for one in layers:
        for M in (one.Q, one.K, one.V, one.O):
            np.matmul(x[0], M.T, out=out)
        np.matmul(heads, heads.transpose(0, 2, 1), out=P)
        P @ heads
        np.matmul(x[0], one.U.T, out=wide)
        np.matmul(wide, one.W.T, out=out)


def ratio(dtype: str, rounds: int) -> float:
    """Of the best calls."""
    rng = np.random.default_rng(0)
    layers = [layer(rng, dtype) for _ in range(SETTINGS.depth)]
    x = rng.standard_normal((1, N, SETTINGS.d)).astype(dtype)
    best = [np.inf, np.inf]
    for _ in range(rounds):
        for k, work in enumerate((lambda: list(halves(layers, x, SETTINGS)), lambda: products(layers, x))):
            began = time.perf_counter()
            work()
            best[k] = min(best[k], time.perf_counter() - began)
    return float(best[0] / best[1])


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    for kind in ("float64", "float32"):
        print(f"{kind}: {ratio(kind, count):.2f} times its matrix products")
