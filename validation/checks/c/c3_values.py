"""C, sections 3 and 4: what the values V do, to one token and to all of them."""

from __future__ import annotations

import numpy as np
from scipy.linalg import expm

import meanfield as mf
import particles as pt
from meanfield.protocols import Array
from validation.checks._tools import Swaying
from validation.registry import Bench, check
from validation.verdict import Verdict, judge

JORDAN = np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, -0.5]])
"""A Jordan block of the leading eigenvalue, whose eigenvector is the first axis."""


def _alone(V: Array, x: Array, times: list[float], rtol: float = 1e-13) -> Array:
    """(T, d) one token under x' = P_x V x, by our causal law."""
    run = pt.simulate(mf.Causal(mf.SA(1.0, V=V)), x[None], (0.0, times[-1]), times, rtol=rtol, atol=1e-2 * rtol)
    return np.asarray(run.x[:, 0])


@check("C03", where="C 3, Lem 3.1", title="x' = P_x V x: to the leading space, as e^{-ct} or, with a Jordan block, 1/t")
def leading(bench: Bench) -> Verdict:
    """One token, V with eigenvalues 1, 0.3, -0.5 in a random basis: its distance from +-the leading eigenvector falls
    as e^{-0.7 t}, a rate from t = 20 to 25 within 1e-4 (what the third eigenvalue adds is e^{-0.8 20}).  With a Jordan
    block the distance from its eigenvector is 1/t: t times it at t = 1000 is 1 within 2e-3, twice what is next.
    """
    rng = np.random.default_rng(bench.rng)
    basis = np.eye(3) + 0.3 * rng.standard_normal((3, 3))
    V = basis @ np.diag([1.0, 0.3, -0.5]) @ np.linalg.inv(basis)
    w = basis[:, 0] / np.linalg.norm(basis[:, 0])
    x = _alone(V, pt.uniform(1, 3, rng)[0], [20.0, 25.0])
    gap = np.linalg.norm(x - np.sign(x @ w)[:, None] * w, axis=1)
    token = np.array([0.3, 0.8, 0.5])
    far = _alone(JORDAN, token / np.linalg.norm(token), [1e3], 1e-9)[-1]
    measured = {
        "rate to the eigenvector": float(np.log(gap[0] / gap[1])) / 5.0,
        "t times the distance, Jordan block": 1e3 * float(np.linalg.norm(far - np.sign(far[0]) * np.eye(3)[0])),
    }
    limits = {"rate to the eigenvector": (0.7 - 1e-4, 0.7 + 1e-4)}
    return judge(measured, {**limits, "t times the distance, Jordan block": (1.0 - 2e-3, 1.0 + 2e-3)})


@check("C25", where="C B.1 (5), (6)", title="the normalised linear flow is e^{tV} x over its norm")
def closed_form(bench: Bench) -> Verdict:
    """One token under our law against scipy's matrix exponential, at t = 0.5, 2, 8: random V, a Jordan block of size 2
    and one of size 4; 1e-10, the run's tolerance of 1e-13 times its growth and steps.
    """
    rng = np.random.default_rng(bench.rng)
    cases = {"random": rng.standard_normal((4, 4)), "block of 2": JORDAN}
    cases["block of 4"] = 0.3 * np.eye(4) + np.eye(4, k=1)
    measured, times = {}, [0.5, 2.0, 8.0]
    for name, V in cases.items():
        x = pt.uniform(1, len(V), rng)[0]
        y = np.stack([expm(t * V) @ x for t in times])
        measured[name] = float(np.abs(_alone(V, x, times) - y / np.linalg.norm(y, axis=1, keepdims=True)).max())
    return judge(measured, dict.fromkeys(measured, (None, 1e-10)))


@check("C05", where="C Thm 4.1", title="causal, V = I: all tokens tend to the first, whatever Q and K")
def consensus(bench: Bench) -> Verdict:
    """8 tokens in R^3, beta = 1: 3 clouds (full: 200) with random Q and K of norm 1, and as many with Q and K that
    sway with time (the remark).  The first never moves, 1e-12; the largest distance from it at t = 120 is below 1e-3 in
    every cloud: near it the second token, which sees two, comes at rate 1/2, and the others faster.
    """
    rng = np.random.default_rng(bench.rng)
    clouds = 3 if bench.tier == "quick" else 200
    far, moved = {"still": 0.0, "swaying": 0.0}, 0.0
    for _ in range(clouds):
        x, parts = pt.uniform(8, 3, rng), rng.standard_normal((4, 3, 3))
        parts /= np.linalg.norm(parts, 2, axis=(-2, -1), keepdims=True)
        Q, K = (Swaying(0.5 * a, 0.5 * b) for a, b in (parts[:2], parts[2:]))
        for name, law in (("still", mf.SA(1.0, Q=parts[0], K=parts[2])), ("swaying", mf.SA(1.0, Q=Q, K=K))):
            end = pt.simulate(mf.Causal(law), x, (0.0, 120.0), [120.0], rtol=1e-6, atol=1e-9).x[-1]
            far[name] = max(far[name], float(np.linalg.norm(end - x[0], axis=1).max()))
            moved = max(moved, float(np.abs(end[0] - x[0]).max()))
    measured = {f"largest distance from the first, Q, K {name}": value for name, value in far.items()}
    limits = dict.fromkeys(measured, (None, 1e-3))
    return judge(measured | {"the first moved": moved}, {**limits, "the first moved": (None, 1e-12)})
