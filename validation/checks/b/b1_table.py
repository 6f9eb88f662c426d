"""B, Table 1: the four limit geometries, by one classifier that reads tokens and times alone."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
from scipy.integrate import solve_ivp
from scipy.linalg import expm

import meanfield as mf
import particles as pt
from meanfield import geometry
from meanfield.protocols import Array
from validation.checks._tools import spread
from validation.registry import Bench, check
from validation.verdict import Verdict, judge

LEADING: dict[str, Callable[[int], int]] = {
    "polytope": lambda d: d, "hyperplanes": lambda d: 1, "polytope x subspace": lambda d: d - 1,
}  # fmt: skip
"""How many eigenvalues of V are the leading one, in R^d."""
ROWS = (*LEADING, "origin")
E_FOLDINGS, ORIGIN = 11.0, 100.0
"""lambda_1 times the end of a run of rescaled tokens; the end of one of (1.1)."""


def rescaled(V: Array, scores: Array, z: Array, times: Array) -> Array:
    """(T, n, d) tokens of (3.1) by scipy, no line of ours: Q^T K = scores."""

    def slope(t: float, y: Array) -> Array:
        z = y.reshape(-1, len(V))
        x = z @ expm(t * V).T
        s = x @ scores @ x.T
        P = np.exp(s - s.max(axis=1, keepdims=True))
        P /= P.sum(axis=1, keepdims=True)
        return np.asarray(((P @ z - z) @ V.T).ravel())

    span = (float(times[0]), float(times[-1]))
    run = solve_ivp(slope, span, z.ravel(), "DOP853", times, rtol=1e-8, atol=1e-10)
    return np.asarray(run.y.T.reshape(-1, *z.shape))


def drawn(row: str, rng: np.random.Generator) -> tuple[Array, Array, Array]:
    """V, Q^T K > 0 and tokens for which a theorem of the table says where they end."""
    d, n = int(rng.integers(3, 5)), int(rng.integers(10, 21))
    m, rate = LEADING[row](d), rng.uniform(0.5, 1.5)
    S = np.linalg.qr(rng.standard_normal((d, d)))[0] + 0.3 * rng.standard_normal((d, d)) / np.sqrt(d)
    rest = rng.standard_normal((d - m, d - m))
    inner = np.eye(d)
    if m < d:
        inner[m:, m:] = rest * rng.uniform(0.2, 0.9) / np.abs(np.linalg.eigvals(rest)).max()
    G = rng.standard_normal((d, d))
    return rate * S @ inner @ np.linalg.inv(S), G @ G.T / d + 0.3 * np.eye(d), rng.standard_normal((n, d))


def ended(row: str, rng: np.random.Generator) -> str:
    """What the classifier calls one draw."""
    if row == "origin":
        x = rng.standard_normal((int(rng.integers(10, 21)), int(rng.integers(2, 5))))
        law = mf.SA(1.0, V=-np.eye(x.shape[1]), geometry="flat")
        run = pt.simulate(law, x, (0.0, ORIGIN), np.linspace(0.0, ORIGIN, 61), rtol=1e-8, atol=1e-11)
        return pt.classify(run).row
    V, scores, z = drawn(row, rng)
    t = np.linspace(0.0, E_FOLDINGS / np.linalg.eigvals(V).real.max(), 61)
    return pt.classify(SimpleNamespace(t=t, x=rescaled(V, scores, z, t), geometry=geometry.FLAT)).row  # type: ignore[arg-type]


def _words(cell: dict[str, Any], rng: Any) -> list[str]:
    """Of several draws of a row: what a process does of Table 1."""
    return [ended(cell["row"], rng) for _ in range(cell["draws"])]


@check("B03", where="B Tab 1", title="four limit geometries, by one classifier that never sees V")
def table(bench: Bench) -> Verdict:
    """One draw a row (full: 200): 10 to 20 normal tokens in R^3 or R^4 (the origin: from R^2), Q^T K > 0 random, V with
    one, all or all but one eigenvalue equal to a leading lambda in [0.5, 1.5] and the others, real or in pairs, within
    0.9 of it in modulus, in bases that are not orthogonal; V = -I and Q^T K = I for the origin, to t = 100.  The first
    three are runs of (3.1), by scipy, to 11 e-foldings, the last of (1.1).  `pt.classify` reads tokens and times: none
    is named wrong, and at most 5 per cent (of one: it may be) are undecided.
    """
    draws = 1 if bench.tier == "quick" else 200
    if bench.tier == "quick":
        rng = np.random.default_rng(bench.rng)
        words = {row: [ended(row, rng) for _ in range(draws)] for row in ROWS}
    else:
        cells = [{"row": row, "first": k, "draws": 20} for row in ROWS for k in range(0, draws, 20)]
        parts = spread(bench, _words, cells)
        words = {row: [w for c, p in zip(cells, parts, strict=True) if c["row"] == row for w in p] for row in ROWS}
    measured: dict[str, float] = {"draws": draws}
    limits: dict[str, tuple[float | None, float | None]] = {}
    for row, came in words.items():
        measured[f"{row}: wrong"] = sum(word not in (row, "undecided") for word in came)
        measured[f"{row}: undecided"] = came.count("undecided")
        limits |= {f"{row}: wrong": (None, 0), f"{row}: undecided": (None, max(1, draws // 20))}
    return judge(measured, limits)
