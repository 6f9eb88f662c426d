"""C, appendix B.2 and its Lemma B.1: why almost no cloud ends at an antipode."""

from __future__ import annotations

import numpy as np

import meanfield as mf
import particles as pt
from meanfield import geometry
from validation.registry import Bench, check
from validation.verdict import Limits, Verdict, judge


@check("C26", where="C B.2", title="at (xi, ..., xi, -xi) the last token has an unstable eigenvalue, d - 1 times")
def saddle(bench: Bench) -> Verdict:
    """d = 2, 3, 5, s = 4 tokens, random Q and K, beta = 1.5: our causal law about x_1 = ... = x_{s-1} = xi, x_s = -xi,
    by central differences of 1e-5 of the last token on its tangent space.  All d - 1 eigenvalues are w = sum_{j<s}
    e_sj / Z_s (what the others weigh), 1e-8; the least of them is positive.
    """
    rng = np.random.default_rng(bench.rng)
    off, least = 0.0, np.inf
    for d in (2, 3, 5):
        Q, K = rng.standard_normal((2, d, d)) / np.sqrt(d)
        law, xi = mf.Causal(mf.SA(1.5, Q=Q, K=K)), pt.uniform(1, d, rng)[0]
        x = np.stack([xi, xi, xi, -xi])
        e = np.exp(1.5 * (Q @ x[3]) @ (K @ x.T))
        basis = np.linalg.svd(xi[None])[2][1:]
        columns = []
        for u in basis:
            ends = []
            for step in (1e-5, -1e-5):
                moved = x.copy()
                moved[3] = np.cos(step) * x[3] + np.sin(step) * u
                mu = mf.Points(moved)
                ends.append(geometry.project(mu.x, law.velocity(0.0, mu.x, mu))[3])
            columns.append(basis @ (ends[0] - ends[1]) / 2e-5)
        values = np.linalg.eigvals(np.array(columns).T)
        off = max(off, float(np.abs(values - e[:3].sum() / e.sum()).max()))
        least = min(least, float(values.real.min()))
    measured = {"eigenvalues - w": off, "least real part": least}
    return judge(measured, {"eigenvalues - w": (None, 1e-8), "least real part": (1e-3, None)})


@check("C27", where="C Lem B.1", title="<x, z> >= <x, y> <y, z> if |<y, z>| <= <x, z>")
def products(bench: Bench) -> Verdict:
    """20 000 random triples in d = 2..6 with z as they come and |<y, z>| <= <x, z>: the least difference is 0 or more,
    but for rounding of 1e-15 |z|.  Equality in the cases named, and away from them, |<x, y>| < 0.99 and <x, z> > 0.01
    |z|, the difference is at least 0.01 of <x, z>.
    """
    rng = np.random.default_rng(bench.rng)
    least, apart, equal = np.inf, np.inf, 0.0
    for d in range(2, 7):
        x, y = pt.uniform(4000, d, rng), pt.uniform(4000, d, rng)
        z = rng.standard_normal((4000, d))
        xz, xy, yz = (np.sum(a * b, axis=1) for a, b in ((x, z), (x, y), (y, z)))
        size = np.linalg.norm(z, axis=1)
        meant = np.abs(yz) <= xz
        least = min(least, float(((xz - xy * yz) / size)[meant].min()))
        far = meant & (np.abs(xy) < 0.99) & (xz > 0.01 * size)
        apart = min(apart, float((1.0 - xy * yz / xz)[far].min()))
        across = z - np.sum(z * x, axis=1, keepdims=True) * x
        zero = np.sum(x * across, axis=1) - xy * 0.0  # (i): <x, z> = 0 forces <y, z> = 0
        same = xz - np.sum(x * x, axis=1) * xz  # (ii): y = x
        equal = max(equal, float(np.abs(np.concatenate([zero, same]) / np.tile(size, 2)).max()))
    measured = {"least difference": least, "least difference elsewhere": apart}
    measured["difference in the cases of equality"] = equal
    limits: Limits = {
        "least difference": (-1e-15, None), "least difference elsewhere": (0.01 - 1e-12, None),
        "difference in the cases of equality": (None, 1e-14),
    }  # fmt: skip
    return judge(measured, limits)
