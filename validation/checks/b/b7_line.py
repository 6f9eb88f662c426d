"""B, section 7: convexity, distances that never fall, growth like e^t, and the one token that stays."""

from __future__ import annotations

import numpy as np
from scipy.special import lambertw

import meanfield as mf
import particles as pt
from meanfield.protocols import Array
from validation.exact import line
from validation.registry import Bench, check
from validation.verdict import Limits, Verdict, judge

LAW = mf.SA(1.0, geometry="flat")
EPS = float(np.finfo(float).eps)


@check("B24", where="B Lem 7.1", title="log sum e^<x, x_j> is convex", equations=["B (7.2)"])
def convex(bench: Bench) -> Verdict:
    """Second differences of log Z along 2000 random segments, d = 1, 3, 8, clouds of 7 normal tokens of size 0.1 to 30.

    None below -rounding, 8 eps of the largest score; and along a line on which tokens differ all above 0, where the
    step is such that the second difference is no rounding.
    """
    rng = np.random.default_rng(bench.rng)
    least, strict, kernel = np.inf, np.inf, mf.Exponential(1.0)
    for d in (1, 3, 8):
        for _ in range(4):
            size = 10.0 ** rng.uniform(-1.0, 1.5)
            y = size * rng.standard_normal((7, d))
            mu = mf.Points(y, geometry="flat")
            x, v = rng.standard_normal((2, 500, d))
            h = 0.1 * rng.uniform(size=(500, 1))
            r = [mu.read(kernel, x + s * h * v, "Z") for s in (-1.0, 0.0, 1.0)]
            f = [np.ravel(np.log(one.Z) + one.log) + 0.0 for one in r]
            second = f[0] - 2.0 * f[1] + f[2]
            room = 8.0 * EPS * np.abs(y @ (np.abs(x) + np.abs(v)).T).max()
            least = min(least, float(second.min() / room))
            near = x @ y.T
            near -= near.max(axis=1, keepdims=True)
            p = np.exp(near)
            p /= p.sum(axis=1, keepdims=True)
            along = v @ y.T
            variance = np.sum(p * along**2, axis=1) - np.sum(p * along, axis=1) ** 2
            seen = (np.ravel(h) ** 2 * variance > 1e3 * room) & (np.ravel(h) * np.ptp(along, axis=1) < 1.0)
            if seen.any():
                strict = min(strict, float((second[seen] / (np.ravel(h) ** 2 * variance)[seen]).min()))
    return judge(
        {"least second difference, in rounding": least, "least over h^2 times the variance": strict},
        {"least second difference, in rounding": (-1.0, None), "least over h^2 times the variance": (0.3, None)},
    )


@check("B25", where="B Lem 7.2", title="V = I: distances of pairs never fall")
def apart(bench: Bench) -> Verdict:
    """The largest fall of |x_i - x_j| between two saved times, over the largest |x| then, 1e-12.

    Clouds of 8 tokens, d = 1, 3 (full: 1, 2, 3, 8), of size 0.3 and 3, three each, to t = 4.  With Q^T K = B symmetric
    and positive it is |B^{1/2} (x_i - x_j)| that never falls: x_i' = B^{-1} grad f(x_i), so that <B(x_i' - x_j'), x_i -
    x_j> >= 0.
    """
    rng = np.random.default_rng(bench.rng)
    worst = {"Q^T K = I": 0.0, "Q^T K = B": 0.0}
    t = np.linspace(0.0, 4.0, 31)
    for d in (1, 2, 3, 8) if bench.tier == "full" else (1, 3):
        A = rng.standard_normal((d, d))
        B = A @ A.T / d + 0.3 * np.eye(d)
        root = np.linalg.cholesky(B).T
        for size in (0.3, 3.0):
            x0 = size * rng.standard_normal((3, 8, d))
            for name, law, M in (
                ("Q^T K = I", LAW, np.eye(d)), ("Q^T K = B", mf.SA(1.0, K=B, geometry="flat"), root),
            ):  # fmt: skip
                x = pt.simulate(law, x0, (0.0, t[-1]), t, land=True, rtol=1e-12, atol=1e-14).x @ M.T
                worst[name] = max(worst[name], falls(x))
    return judge(worst, dict.fromkeys(worst, (None, 1e-12)))


def falls(x: Array) -> float:
    """Largest fall of a distance from one saved time to the next, of tokens (T, ..., n, d), over the largest |x|."""
    gap = np.linalg.norm(x[..., :, None, :] - x[..., None, :, :], axis=-1)
    size = np.linalg.norm(x, axis=-1).max(axis=-1)[1:, ..., None, None]
    return float(np.max((gap[:-1] - gap[1:]) / size, initial=0.0))


@check("B26", where="B Lem 7.3", title="beyond A, A^2 = n^2 e^{-A^2}, the last token grows like e^t")
def growth(bench: Bench) -> Verdict:
    """A by Lambert's W against its equation, n = 1 to 10^6 (1e-13); then tokens that begin at 1.001 A.

    The others are where they hold the last token back most (all at -1 / A), at a distance, or normal; n = 2, 5, 20: it
    never falls, and the exponent of its growth over t from 8 to 12 is 1 (1e-6).  The lemma's A is not the least: all at
    -1 / A turn it back below W((n - 1) / e)^{1/2} alone, which is told.
    """
    rng = np.random.default_rng(bench.rng)
    n = np.array([1, 2, 3, 10, 100, 10**4, 10**6])
    A = np.array([pt.escape(int(one)) for one in n])
    equation = float(np.abs(np.log(A**2) - 2.0 * np.log(n) + A**2).max())
    slope, fall = 0.0, 0.0
    t = np.concatenate([np.linspace(0.0, 8.0, 81), [12.0]])
    for m in (2, 5, 20):
        last = 1.001 * pt.escape(m)
        spread = np.linspace(0.0, 1e-3, m - 1)
        held = [-1.0 / last - spread, -8.0 - spread, np.minimum(rng.standard_normal(m - 1), 0.99 * last)]
        x0 = np.array([np.append(others, last) for others in held])[..., None]
        x = pt.simulate(LAW, x0, (0.0, 12.0), t, rtol=1e-11, atol=1e-12).x[:, :, -1, 0]
        slope = max(slope, float(np.abs(np.log(x[-1] / x[-2]) / 4.0 - 1.0).max()))
        fall = max(fall, float(-np.diff(x, axis=0).min()))
    told = {f"A at n = {k}": pt.escape(k) for k in (5, 20)}
    told |= {f"least A at n = {k}": float(np.sqrt(lambertw((k - 1) / np.e).real)) for k in (5, 20)}
    measured = {"equation of A, its logarithm": equation, "exponent less 1": slope, "largest fall": fall, **told}
    limits: Limits = {
        "equation of A, its logarithm": (None, 1e-13 * 28.0),
        "exponent less 1": (None, 1e-6),
        "largest fall": (None, 0.0),
    }
    return judge(measured, limits)


@check("B27", where="B Lem 7.4, 7.5", title="x_i e^{-t} tends to one of two numbers, P_ij to 0 or 1")
def two(bench: Bench) -> Verdict:
    """10 normal clouds of 12 tokens to t = 16: x_i e^{-t} over gamma_1 or gamma_n of its side, less 1, and P.

    gamma is the leader's; others are short of it by Delta_i e^{-t}, Delta_i fixed once they run: at most 1e-4 at t =
    16, and e^4 = 54.6 times as much at t = 12 (1 per cent), of those that are off by more than 1e-9.  Every entry
    of P is within e^{-1000} of 0 or 1, by logarithms.
    """
    rng = np.random.default_rng(bench.rng)
    t = np.array([12.0, 16.0])
    runs = pt.simulate(LAW, rng.standard_normal((10, 12, 1)), (0.0, 16.0), t, rtol=1e-12, atol=1e-13).x[..., 0]
    short, ratio, entry, two_sided = 0.0, 0.0, -np.inf, 0
    for k in range(10):
        x = runs[:, k]
        gamma = np.where(x[-1] > 0.0, x[-1].max(), x[-1].min()) * np.exp(-t[-1])
        off = 1.0 - x * np.exp(-t)[:, None] / gamma
        short = max(short, float(np.abs(off[1]).max()))
        seen = np.abs(off[1]) > 1e-9
        ratio = max(ratio, float(np.abs(off[0, seen] / off[1, seen] * np.exp(-4.0) - 1.0).max(initial=0.0)))
        ends = pt.ends(LAW, x[-1][:, None])
        log_P = pt.attention(LAW, x[-1][:, None], log=True)
        others = pt.log_others(log_P)
        entry = max(entry, float(np.minimum(log_P, others).max()))
        two_sided += ends.rank == 2
    measured = {
        "x e^{-t} over gamma, less 1": short, "e-folding of that, less 1": ratio,
        "log of the distance of P from 0 or 1": entry, "clouds that run both ways": two_sided,
    }  # fmt: skip
    limits: Limits = {
        "x e^{-t} over gamma, less 1": (None, 1e-4),
        "e-folding of that, less 1": (None, 0.01),
        "log of the distance of P from 0 or 1": (None, -1000.0),
        "clouds that run both ways": (1, None),
    }
    return judge(measured, limits)


@check("B28", where="B Lem 7.6-7.8", title="one token may stay: shooting, the root theta_0", equations=["B Lem 7.8"])
def stays(bench: Bench) -> Verdict:
    """The start from which a token between others stays, by shooting, against the flow back in time (1e-9).

    `validation.exact.line.branch` begins at t = 3.5 with tokens of given gamma, and comes to a start of which all is
    known: gamma to 1e-9, theta_0 as the root of g by bisection to 1e-8.  y = x e^t goes to theta_0, the distance
    falling by e^{-1} from t = 2 to 3 (a fourth).  From the found start and its neighbour 1e-9 on either side the
    token runs one way and the other: P* has the row of asterisks, rank 3, from one start alone.
    """
    gamma, gaps = np.array([-0.8, -0.8, 1.1]), np.array([0.0, 0.7, 0.0])
    t = np.array([0.0, 2.0, 3.0, 3.5])
    back = line.branch(gamma, gaps, t)
    theta = line.root(gamma)
    y = back[:, -1] * np.exp(t)
    x = back[0][[0, 1, 3, 2]][:, None]
    found = pt.stays(LAW, x, 2)
    beside = found.x + np.array([-1e-9, 1e-9])[:, None, None] * (np.arange(4) == 2)[:, None]
    both = pt.simulate(LAW, beside, (0.0, 5.0), [5.0], rtol=1e-11, atol=1e-12).x[-1]
    ways = [int(2 in ends.right) - int(2 in ends.left) for ends in (pt.ends(LAW, one) for one in both)]
    ends = pt.ends(LAW, both[-1])
    P = ends.P.copy()
    P[2] = found.row
    measured = {
        "start off": abs(float(found.x[2, 0]) - back[0, -1]),
        "gamma off": float(np.abs(found.gamma - [-0.8, -0.8, 0.0, 1.1]).max()),
        "theta_0 off": abs(found.theta - theta),
        "|y - theta_0| at t = 3 over t = 2, times e": abs((y[2] - theta) / (y[1] - theta)) * np.e,
        "ways on both sides of the start": ways[1] - ways[0],
        "rank of P* with the row of asterisks": int(pt.attention_rank(P)),
        "sum of that row, less 1": abs(float(found.row.sum()) - 1.0),
    }
    limits: Limits = {
        "start off": (None, 1e-9),
        "gamma off": (None, 1e-9),
        "theta_0 off": (None, 1e-8),
        "|y - theta_0| at t = 3 over t = 2, times e": (0.75, 1.25),
        "ways on both sides of the start": (2, 2),
        "rank of P* with the row of asterisks": (3, 3),
        "sum of that row, less 1": (None, 1e-14),
    }
    return judge(measured, limits)


@check("B29", where="B Rem 7.9", title="two tokens of the plane: nearly one cluster, yet attention tends to I")
def plane(bench: Bench) -> Verdict:
    """(1, eps), (1, -eps) under Q = K = V = I: P tends to the identity, of rank 2, and tokens e^{-t} x to (1, +-g).

    The remark says (1, 0), one cluster: but b' = b tanh(b^2) for the second component b, which grows like g e^t, g =
    eps exp(-int_{eps^2}^oo du / (u (e^{2u} - 1))) > 0, about e^{-1/(2 eps^2)} (errata).  Measured: g of runs to t = 11
    over the quadrature, less 1, eps = 0.3, 0.5, 1 (1e-6); log(1 - P_11) = -log(1 + e^{2 b^2}) below -1000, rank 2;
    at eps = 0.25 the tokens are one cluster at a radius of 1e-3 by t = 11, and at eps = 0.1 their gap is below 1e-21.
    """
    measured: dict[str, float] = {}
    off, log_other, ranks = 0.0, -np.inf, set()
    for eps in (0.3, 0.5, 1.0):
        x = pt.simulate(LAW, [[1.0, eps], [1.0, -eps]], (0.0, 11.0), [11.0], rtol=1e-12, atol=1e-14).x[-1]
        off = max(off, abs(float(x[0, 1] * np.exp(-11.0)) / line.pair_limit(eps) - 1.0))
        log_P = pt.attention(LAW, x, log=True)
        log_other = max(log_other, float(pt.log_others(log_P)[0, 0]))
        ranks.add(int(pt.attention_rank(np.exp(log_P))))
    x = pt.simulate(LAW, [[1.0, 0.25], [1.0, -0.25]], (0.0, 11.0), [11.0], rtol=1e-12, atol=1e-14).x[-1]
    measured = {
        "g of the run over the quadrature, less 1": off,
        "largest log(1 - P_11)": log_other,
        "ranks of P other than 2": len(ranks - {2}),
        "gap of e^{-t} x at eps = 0.25": float(2.0 * x[0, 1] * np.exp(-11.0)),
        "gap in the end at eps = 0.1": 2.0 * line.pair_limit(0.1),
    }
    limits: Limits = {
        "g of the run over the quadrature, less 1": (None, 1e-6),
        "largest log(1 - P_11)": (None, -1000.0),
        "ranks of P other than 2": (0, 0),
        "gap of e^{-t} x at eps = 0.25": (1e-6, 1e-3),
        "gap in the end at eps = 0.1": (1e-40, 1e-21),
    }
    return judge(measured, limits)
