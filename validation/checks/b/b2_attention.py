"""B, section 2 and Figures 3, 4, 11 and 12: attention matrices that become Boolean and of low rank."""

from __future__ import annotations

from typing import Any

import numpy as np

import meanfield as mf
import particles as pt
from meanfield.plot import matrices
from meanfield.protocols import Array
from validation.checks.b._flat import cube
from validation.registry import Bench, check
from validation.verdict import Limits, Verdict, evidence, judge

BOOLEAN = 1e-3
"""What a row lacks of being Boolean; singular values below this share of the largest are none."""
LINE = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0)
"""Times of Figures 3 and 11."""
EFOLDINGS = (0.0, 1.0, 3.0, 12.0)
"""lambda_1 t of Figure 12's panels."""
DIMENSIONS = (10, 40, 80)
STEPS = 240
"""Of RK4: 0.03 on a line, 0.05 / lambda_1 in Figure 12, where 0.1 would be 4 / lambda_1."""


def _states(V: Array, x: Array, times: Any, coded: bool) -> Array:
    """(T, n, d) tokens under (1.1), or, as Figures 3, 11 and 12 were coded, of x' = V x."""
    law: Any = mf.Linear(V, geometry="flat") if coded else mf.SA(1.0, V=V, geometry="flat")
    end = float(times[-1])
    return np.asarray(pt.simulate(law, x, (0.0, end), np.asarray(times), method="rk4", step=end / STEPS).x)


def _attention(states: Array, Q: Array | None = None) -> Array:
    """(T, n, n) their attention."""
    law = mf.SA(1.0, Q=Q, geometry="flat")
    return np.stack([pt.attention(law, x) for x in states])


def _boolean(P: Array) -> dict[str, float]:
    """How near a matrix is to the class of Theorem 2.1: its rank, what rows lack of Boolean, who leads."""
    told = pt.row_statistics(P)
    lack = np.sort(1.0 - told.largest)
    return {
        "rank": int(pt.attention_rank(P, BOOLEAN)), "leaders": len(np.unique(told.leader)),
        "rows lack of Boolean, all but one": float(lack[-2]), "the one": float(lack[-1]),
    }  # fmt: skip


def _line(n: int, bench: Bench, coded: bool) -> Verdict:
    x = cube(n, 1, np.random.default_rng(bench.rng))
    P = _attention(_states(np.eye(1), x, LINE, coded))
    order = np.argsort(x[:, 0])
    P = P[:, order][:, :, order]
    measured = _boolean(P[-1])
    leaders = np.flatnonzero(P[-1].max(axis=0) > 0.5)
    measured["leaders that are not the first or last token"] = int(np.sum((leaders > 0) & (leaders < n - 1)))
    limits: Limits = {
        "rank": (1, 3), "rows lack of Boolean, all but one": (None, BOOLEAN),
        "leaders that are not the first or last token": (None, 1),
    }  # fmt: skip
    how = "x' = x, as coded" if coded else "(1.1)"
    title = f"P(t), d = 1, Q = K = V = 1, n = {n}, tokens in order, {how}"
    return judge(measured, limits, pictures=[bench.figure("P", lambda: matrices.matrices(LINE, P, title=title))])


@check("B07", where="B Thm 2.1, Fig 3", title="P(t) becomes Boolean of rank 1 or 2: n = 40 on a line")
def line(bench: Bench) -> Verdict:
    """n = 40 uniform on [-5, 5], Q = K = V = 1, (1.1), to t = 8: all rows but one are Boolean to 1e-3, led by the first
    token and the last; the rank is 1 or 2, 3 with a row of asterisks.
    """
    return _line(40, bench, False)


@check("B07.coded", where="B Fig 3", title="Figure 3 as coded: tokens that grow without attention")
def line_coded(bench: Bench) -> Verdict:
    """x' = x instead of (1.1), as the published code has it: the same statements hold of its P(t)."""
    return _line(40, bench, True)


@check("B39", where="B Fig 11", title="P(t) of n = 100: the rank does not change")
def longer(bench: Bench) -> Verdict:
    """As B07 with n = 100: the same rank."""
    return _line(100, bench, False)


@check("B39.coded", where="B Fig 11", title="Figure 11 as coded: tokens that grow without attention")
def longer_coded(bench: Bench) -> Verdict:
    """As B07.coded with n = 100."""
    return _line(100, bench, True)


def _dimensions(bench: Bench, coded: bool) -> Verdict:
    rng = np.random.default_rng(bench.rng)
    measured: dict[str, float] = {}
    limits: dict[str, tuple[float | None, float | None]] = {}
    pictures = []
    for d in DIMENSIONS:
        V = rng.uniform(0.0, 1.0, (d, d))
        times = np.array(EFOLDINGS) / float(np.linalg.eigvals(V).real.max())
        P = _attention(_states(V, cube(40, d, rng), times, coded))
        measured |= {f"d = {d}: {what}": value for what, value in _boolean(P[-1]).items()}
        measured[f"d = {d}: rank at t = 0"] = int(pt.attention_rank(P[0], BOOLEAN))
        limits |= {f"d = {d}: rank": (1, 3), f"d = {d}: rows lack of Boolean, all but one": (None, 0.1)}
        title = f"P(t), d = {d}, V > 0, n = 40, {'as coded' if coded else '(1.1)'}"
        pictures.append(bench.figure(f"d{d}", lambda t=times, P=P, s=title: matrices.matrices(t, P, title=s)))
    return evidence(measured, limits, pictures=pictures)


@check("B40", where="B 11.3, Fig 12", title="P(t) in dimensions 10, 40, 80 under V > 0: low rank again")
def dimensions(bench: Bench) -> Verdict:
    """n = 40 uniform on [-5, 5]^d, Q = K = I, V uniform on [0, 1], (1.1), at lambda_1 t = 0, 1, 3, 12: from nearly the
    identity P becomes Boolean of rank at most 3 (2, and a token between).
    """
    return _dimensions(bench, False)


@check("B40.coded", where="B Fig 12", title="Figure 12 as coded: tokens that grow without attention")
def dimensions_coded(bench: Bench) -> Verdict:
    """x' = V x instead of (1.1): the same statements."""
    return _dimensions(bench, True)


def _positive(rng: Any) -> Array:
    """M M^T, M uniform on [-1, 1], whose second eigenvalue is clearly the smaller one."""
    while True:
        M = rng.uniform(-1.0, 1.0, (2, 2))
        low, high = np.linalg.eigvalsh(M @ M.T)
        if high > 0.3 and low < 0.7 * high:
            return np.asarray(M @ M.T)


def _clouds(bench: Bench, coded: bool) -> Verdict:
    rng = np.random.default_rng(bench.rng)
    V, Q = _positive(rng), _positive(rng)
    x = cube(20, 2, rng) * (0.2 if coded else 1.0)
    law = mf.SA(1.0, Q=Q, V=V, geometry="flat")
    low, high = np.linalg.eigvalsh(V)
    late = max(9.0, np.ceil(14.0 / (high - low)))
    times = np.unique([0.0, 2.0, 9.0, late])
    how: dict[str, Any] = {"method": "euler", "step": 0.1} if coded else {"rtol": 1e-7, "atol": 1e-9}
    states = np.asarray(pt.simulate(law, x, (0.0, late), times, **how).x)
    P = _attention(states, Q)
    measured = _boolean(P[-1]) | {"t": float(late), "rank at t = 9": int(pt.attention_rank(P[2], BOOLEAN))}
    title = f"K x and Q x joined by P, n = 20, d = 2, K = I{', Euler, as coded' if coded else ''}"
    picture = bench.figure(
        "clouds", lambda: matrices.linked(times[:3], states[:3], states[:3] @ Q.T, P[:3], columns=3, title=title)
    )
    limits: Limits = {"rank": (1, 2), "rows lack of Boolean, all but one": (None, 0.1)}
    return evidence(measured, limits, pictures=[picture])


@check("B08", where="B Fig 4", title="clouds K x_i and Q x_j, joined by attention: rank at most 2")
def clouds(bench: Bench) -> Verdict:
    """n = 20 uniform on [-5, 5]^2, V and Q random and positive definite, K = I, at t = 0, 2, 9, and later where V is
    small: P has rank at most 2.
    """
    return _clouds(bench, False)


@check("B08.coded", where="B Fig 4", title="Figure 4 as coded: Euler, from [-1, 1]^2")
def clouds_coded(bench: Bench) -> Verdict:
    """Euler, step 0.1, data uniform on [-1, 1]^2, V = M M^T: the same."""
    return _clouds(bench, True)
