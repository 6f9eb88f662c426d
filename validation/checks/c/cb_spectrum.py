"""C, appendix B.3 and Figure 5: eigenvalues of values V as they are before training."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import meanfield as mf
from meanfield.plot import style
from meanfield.protocols import Array
from validation.registry import Bench, check
from validation.verdict import Limits, Verdict, judge

LARGE = 128
"""Dimension of the circular law here; the figure's own is a trained model's."""
NEGATIVE = {1: 0.5, 2: 0.25}
"""Share of Gaussian V whose eigenvalues all have negative real parts: the sign of one number; and of a trace and a
determinant, independent and both even, as V and -V are alike."""


def real_ones(d: int) -> float:
    """Mean number of real eigenvalues of a Gaussian matrix (Edelman, Kostlan, Shub 1994): d = 2: sqrt 2, 3: 1.7071."""
    odd = d % 2
    terms = (math.comb(n, n // 2) / 2**n for n in range(2 * odd, 2 * d - 1, 4))  # (n - 1)!! / n!!
    return odd + math.sqrt(2.0) * sum(terms)


def seen(V: Array) -> Array:
    """V as a token that is alone meets it: our causal law, asked about the unit vectors, one a replica."""
    d = len(V)
    mu = mf.Points(np.eye(d)[:, None])
    law = mf.Causal(mf.SA(1.0, V=V))
    return np.asarray(law.velocity(0.0, mu.x, mu))[:, 0].T


def _shares(d: int, count: int, rng: Any) -> tuple[float, float]:
    """Of so many Gaussian V: with all real parts negative, and mean number of real eigenvalues."""
    values = np.linalg.eigvals(rng.standard_normal((count, d, d)))
    real = np.abs(values.imag) < 1e-12 * np.abs(values)
    return float((values.real.max(axis=1) < 0.0).mean()), float(real.sum(axis=1).mean())


@check("C28", where="C B.3, Fig 5", title="Gaussian values V: a disc of eigenvalues, and no head with lambda_max < 0")
def gaussian(bench: Bench) -> Verdict:
    """V of independent normal numbers, variance 1/d.  (Figure 6's are a trained model's, and not here.)

    d = 128, 20 heads (full: 200), V as our law gives it to a single token.  The circular law: shares of eigenvalues
    within r = 0.5 and 0.8 are r^2 within 0.02, where 20 heads' scatter is 0.004; the spectral radius is 1 within 0.1 on
    average; lambda_max, the largest real part, is never negative, and 0.8 at the least.  In how many heads it is real
    is told: about half, where the text has the majority of trained ones.

    By chance it is negative in small dimensions alone: a half of 20 000 V (full: 200 000) at d = 1, a quarter at d = 2,
    within 4.5 standard errors, then less by a larger factor from each d to the next up to 4, as e^{-c d^2} is.  Real
    eigenvalues at d = 2, ..., 5 are as many as Edelman, Kostlan and Shub say, within 4.5 standard errors.
    """
    rng = np.random.default_rng(bench.rng)
    heads = 20 if bench.tier == "quick" else 200
    values = np.array([
        np.linalg.eigvals(seen(rng.standard_normal((LARGE, LARGE)) / np.sqrt(LARGE))) for _ in range(heads)
    ])  # fmt: skip
    size, top = np.abs(values), np.take_along_axis(values, values.real.argmax(axis=1)[:, None], 1)[:, 0]
    measured = {f"share within {r:g}": float((size < r).mean()) for r in (0.5, 0.8)}
    measured |= {
        "mean spectral radius": float(size.max(axis=1).mean()), "least lambda_max": float(top.real.min()),
        "mean lambda_max": float(top.real.mean()), "heads with lambda_max < 0": int(np.sum(top.real < 0.0)),
        "share of heads with a real lambda_max": float((np.abs(top.imag) < 1e-12).mean()),
    }  # fmt: skip
    limits: Limits = {f"share within {r:g}": (r * r - 0.02, r * r + 0.02) for r in (0.5, 0.8)}
    limits = {**limits, "mean spectral radius": (0.9, 1.1), "heads with lambda_max < 0": (0, 0)}
    limits |= {"least lambda_max": (0.8, None)}
    few, more = _small(20_000 if bench.tier == "quick" else 200_000, rng)
    picture = bench.figure("5", lambda: _drawn(values[0]))
    return judge(measured | few, {**limits, **more}, pictures=[picture])


def _small(count: int, rng: Any) -> tuple[dict[str, float], Limits]:
    """Shares with lambda_max < 0, and numbers of real eigenvalues, in d = 1, ..., 5."""
    measured: dict[str, float] = {}
    limits: dict[str, tuple[float | None, float | None]] = {}
    shares = []
    for d in range(1, 6):
        share, real = _shares(d, count, rng)
        shares.append(share)
        measured[f"lambda_max < 0, d = {d}"] = share
        if d in NEGATIVE:
            p = NEGATIVE[d]
            room = 4.5 * np.sqrt(p * (1.0 - p) / count)
            limits[f"lambda_max < 0, d = {d}"] = (p - room, p + room)
        if d > 1:
            # at most d of them: their variance is below d^2 / 4
            name, room = f"real eigenvalues, d = {d}", 4.5 * 0.5 * d / np.sqrt(count)
            measured[name], limits[name] = real, (real_ones(d) - room, real_ones(d) + room)
    falls = np.array(shares[1:4]) / np.array(shares[:3])  # at d = 5 few are left
    measured["largest ratio of falls from d to d + 1"] = float((falls[1:] / falls[:-1]).max())
    limits["largest ratio of falls from d to d + 1"] = (None, 1.0)
    return measured, limits


def _drawn(values: Array) -> Any:
    """Figure 5: eigenvalues of one head in the plane, and the circle."""
    with style.axes(figsize=style.SQUARE) as ax:
        turn = np.linspace(0.0, 2.0 * np.pi, 200)
        ax.plot(np.cos(turn), np.sin(turn), color="0.6", linewidth=0.8)
        ax.plot(values.real, values.imag, "o", color=style.INK, markersize=3.0)
        ax.axvline(0.0, color="0.8", linewidth=0.8)
        ax.set_aspect("equal")
        ax.set(xlabel="real part", ylabel="imaginary part")
        ax.set_title(f"eigenvalues of Gaussian $V$,\n$d = {LARGE}$, variance $1/d$, and radius 1")
    return ax
