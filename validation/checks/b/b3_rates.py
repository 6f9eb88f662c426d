"""B, section 3: how fast tokens cluster, over the size of the data; Q^T K that is not positive."""

from __future__ import annotations

import numpy as np

import meanfield as mf
import particles as pt
from meanfield.protocols import Array
from validation.registry import Bench, check
from validation.verdict import Limits, Verdict, evidence

SIZES = (0.4, 0.8, 1.6, 3.2)
END = 16.0
TOKENS = 12
NEAR = 0.01
"""Share of the hull's diameter within which tokens are at one place."""


@check("B12", where="B Rem 3.2, 3.3", title="convergence is fast, by the size of the data; Q^T K need not be positive")
def rates(bench: Bench) -> Verdict:
    """V = I, clouds of 12 normal tokens of R^2 about their mean: when most rescaled tokens are where they end.

    t_c is when nine tenths of the tokens z = e^{-t} x are within 1 per cent of the hull's diameter of where they are at
    t = 16; its mean over 8 clouds for each size s of the data.  The flow is not invariant under scaling: while scores
    are small a covariance S of x obeys S' = 2 S^2 and is gone at t = 1 / (2 s^2 l), l its largest eigenvalue at s = 1;
    large data are with their leader at once, and what parts them there falls as e^{-t}.  So t_c falls with s, from once
    to five times 1 / (2 s^2 l) (the median at s = 0.4) to below log 100.

    Then Q^T K = B of normal numbers, s = 1, 12 draws (full: 60), at t = 16.  Where B + B^T is indefinite, with an
    eigenvalue above 1, tokens are at 2 to 4 places, as for positive B, in at least half of the draws; where it is
    negative, below -1/2, at one, the hull's diameter below 1e-3 of what it was.  Evidence: the remark claims no more.
    """
    rng = np.random.default_rng(bench.rng)
    t = np.linspace(0.0, END, 161)
    base = rng.standard_normal((8, TOKENS, 2))
    base -= base.mean(axis=1, keepdims=True)
    top = np.linalg.eigvalsh(np.swapaxes(base, 1, 2) @ base / TOKENS)[:, -1]
    arrive = np.array([arrival(rescaled(mf.SA(1.0, geometry="flat"), s * base, t), t) for s in SIZES])
    measured: dict[str, float] = {f"t_c at s = {s:g}": float(one.mean()) for s, one in zip(SIZES, arrive, strict=True)}
    fall = np.diff(arrive.mean(axis=1))
    measured["largest change of t_c with s"] = float(fall.max())
    measured["t_c over 1 / (2 s^2 l) at s = 0.4"] = float(np.median(arrive[0] * 2.0 * SIZES[0] ** 2 * top))
    few, gathered, hull, met = TOKENS, 0, 0.0, 0
    for k in range(12 if bench.tier == "quick" else 60):
        B = rng.standard_normal((2, 2))
        low, high = np.linalg.eigvalsh(B + B.T)
        if not (low < 0.0 and high > 1.0) and not high < -0.5:
            continue
        z = rescaled(mf.SA(1.0, K=B, geometry="flat"), base[k % 8], np.array([0.0, END]))
        gap = np.linalg.norm(z[:, :, None] - z[:, None], axis=-1)
        if high > 1.0:
            places = len(np.unique(gap[1] < NEAR * gap[1].max(), axis=0))
            few, gathered, met = min(few, places), gathered + (places <= 4), met + 1
        else:
            hull = max(hull, float(gap[1].max() / gap[0].max()))
    measured |= {
        "indefinite draws": met, "share of them at four places or fewer": gathered / max(met, 1), "fewest places": few,
        "diameter over what it was, negative": hull,
    }  # fmt: skip
    limits: Limits = {
        "largest change of t_c with s": (None, 0.0),
        "t_c over 1 / (2 s^2 l) at s = 0.4": (1.0, 5.0),
        f"t_c at s = {SIZES[-1]:g}": (None, float(np.log(100.0))),
        "indefinite draws": (1, None),
        "share of them at four places or fewer": (0.5, None),
        "fewest places": (2, None),
        "diameter over what it was, negative": (None, 1e-3),
    }
    return evidence(measured, limits, "Most tokens are where they end after a few units of time.")


def rescaled(law: mf.SA, x0: Array, t: Array) -> Array:
    """(T, ..., n, d) e^{-t} x of tokens under V = I."""
    x = pt.simulate(law, x0, (0.0, t[-1]), t, rtol=1e-7, atol=1e-9).x
    return np.asarray(x * np.exp(-t).reshape(-1, *[1] * (x.ndim - 1)))


def arrival(z: Array, t: Array) -> Array:
    """(R,) when nine tenths of the tokens (T, R, n, d) are for good near where they end."""
    off = np.linalg.norm(z - z[-1], axis=-1)
    size = np.linalg.norm(z[-1][:, :, None] - z[-1][:, None], axis=-1).max(axis=(1, 2))
    far = np.quantile(off, 0.9, axis=2) > NEAR * size
    return np.asarray(t[np.minimum(far.shape[0] - 1, far.shape[0] - np.argmax(far[::-1], axis=0))])
