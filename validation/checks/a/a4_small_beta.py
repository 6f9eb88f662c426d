"""A, section 4: beta = 0 and small beta, where there is one cluster."""

from __future__ import annotations

from typing import Any

import numpy as np

import meanfield as mf
import particles as pt
from meanfield.protocols import Array, Space
from validation.checks._critical import critical_points, critical_rows, top_eigenvalue, top_of_rows
from validation.checks._tools import by_loop, relative
from validation.exact import diracs, poisson
from validation.rates import slope
from validation.registry import Bench, check
from validation.verdict import Limits, Verdict, judge

# --- A27: beta = 0 -----------------------------------------------------------------------------------------


def _poisson_error(space: Space, law: mf.SA | mf.USA, w: Array, t: float) -> float:
    """max over t/2, t of the relative L^2(sigma) error of a density that starts as the Poisson kernel of w."""
    sol = mf.solve(law, mf.poisson_kernel(space, w), (0.0, t), t_eval=[0.5 * t, t], rtol=1e-12, atol=1e-15)
    worst = 0.0
    for s, rho in zip(sol.t, sol.densities, strict=True):
        at = poisson.parameter(s, w, law.sign)
        # on a zonal sphere the nodes are c = <x, axis>, the axis being the last basis vector, and w = r axis
        rows = rho.x if space.d == 2 else _meridian(rho.space.nodes, space.d)
        error = rho.values - poisson.kernel(rows, at)
        worst = max(worst, float(np.sqrt(rho.space.weights @ error**2 / (rho.space.weights @ rho.values**2))))
    return worst


def _meridian(c: Array, d: int) -> Array:
    """Points of S^{d-1} with last coordinate c."""
    rows = np.zeros((len(c), d))
    rows[:, 0], rows[:, -1] = np.sqrt(1.0 - c * c), c
    return rows


def _ratios(x: Array) -> Array:
    """|x1-x2||x3-x4| / (|x1-x3||x2-x4|) of consecutive tokens: what Moebius maps keep."""
    a, b, c, d = (x[i : len(x) - 3 + i] for i in range(4))
    size = np.linalg.norm
    return np.asarray(size(a - b, axis=1) * size(c - d, axis=1) / size(a - c, axis=1) / size(b - d, axis=1))


@check(
    "A27.poisson", where="A 4.1 (4.1)", title="beta = 0: a Poisson kernel stays one, and tokens keep their cross-ratios"
)
def poisson_kernels(bench: Bench) -> Verdict:
    """The flow at beta = 0 is an orbit of the Moebius group: r' = r (1 - r^2)/2 on the circle, closed forms above.

    Densities: relative L^2 error 1e-12 at rtol = 1e-12, circle (off the axis, r from 0.3 to 0.9), d = 3 and 8, SA and
    USA (which agree here), attraction and repulsion.  Tokens: n = 200 quantised from the kernel have the order
    parameter r(t) up to r^n, so 1e-11; random tokens on S^1, S^2, S^7 keep their cross-ratios, 1e-10 relative.
    """
    rng = np.random.default_rng(bench.rng)
    w = 0.3 * np.array([np.cos(0.7), np.sin(0.7)])
    measured = {
        "circle, SA": _poisson_error(mf.Circle(128), mf.SA(0.0), w, 3.76),
        "circle, USA": _poisson_error(mf.Circle(128), mf.USA(0.0), w, 3.0),
        "circle, repulsive": _poisson_error(mf.Circle(128), mf.SA(0.0, sign=-1), w, 3.0),
        "d = 3": _poisson_error(mf.ZonalSphere(3, 64), mf.SA(0.0), 0.2 * np.eye(3)[-1], 1.5),
        "d = 8": _poisson_error(mf.ZonalSphere(8, 64), mf.USA(0.0), 0.1 * np.eye(8)[-1], 1.0),
    }
    theta = mf.poisson_kernel(mf.Circle(128), w).quantize(200)
    run = pt.simulate(mf.SA(0.0), theta, (0.0, 2.0), [1.0, 2.0], rtol=1e-12, atol=1e-14)
    mean = np.abs(np.exp(1j * run.x).mean(axis=1))
    measured["quantised tokens, order parameter"] = np.abs(mean - poisson.order_parameter(run.t, 0.3, 2)).max()
    for d in (2, 3, 8):
        x = pt.uniform(12, d, rng)
        end = pt.simulate(mf.USA(0.0), x, (0.0, 3.0), [3.0], rtol=1e-12, atol=1e-14).x[-1]
        measured[f"cross-ratios, d = {d}"] = np.abs(_ratios(end) / _ratios(x) - 1.0).max()
    limits = {name: (None, 1e-10 if "cross" in name else 1e-11 if "tokens" in name else 1e-12) for name in measured}
    return judge(measured, limits)


CLOUDS = ((2, 3), (2, 4), (3, 3), (3, 4), (3, 5), (4, 6), (8, 5))
"""(d, n) of the clouds at beta = 0: odd and even n, on the circle and up to S^7."""


def _one_cluster(runs: int, rng: Any) -> Verdict:
    """`runs` random clouds of every kind at beta = 0, to t = 100."""
    measured: dict[str, float] = {"runs": 0}
    for d, n in CLOUDS:
        least = 1.0
        for part in np.array_split(np.arange(runs), max(1, runs // 5000)):
            x = pt.uniform(n, d, rng, replicas=len(part))
            end = pt.simulate(mf.SA(0.0), x, (0.0, 100.0), [100.0], rtol=1e-6, atol=1e-9).x[-1]
            least = min(least, float((end @ np.swapaxes(end, -1, -2)).min()))
        measured["runs"] += runs
        measured[f"least <x_i, x_j> at the end, d = {d}, n = {n}"] = least
    axis = np.array([[1.0, 0.0, 0.0], [-1.0, 0.0, 0.0], [1.0, 0.0, 0.0]])
    stay = pt.simulate(mf.SA(0.0), axis, (0.0, 100.0), [100.0]).x[-1]
    measured["antipodal data: their way"] = float(np.abs(stay - axis).max())
    limits: dict[str, tuple[float | None, float | None]] = {
        name: (1.0 - 1e-6, None) for name in measured if name.startswith("least")
    }
    return judge(measured, limits | {"antipodal data: their way": (0.0, 0.0)})


@check(
    "A27",
    where="A 4.1, Thm 4.1",
    title="beta = 0: 10^5 random clouds, and each ends in one cluster",
    tier="full",
    equations=("A (4.1)",),
)
def many_clouds(bench: Bench) -> Verdict:
    """Every pair of tokens of every cloud ends with <x_i, x_j> >= 1 - 1e-6: none is antipodal, none still on its way.

    n = 3 to 6 in R^2, R^3, R^4 and R^8.  A cloud's mean m grows at the rate 1 - (mean of <x_i, m>^2 / |m|^2), which
    for odd n is at least 1 / n; for even n it vanishes where half of the tokens are opposite to the others, so that
    clouds near there are slow, but of 15000 on the circle none was on its way at t = 30.  Exactly antipodal data, the
    null set, do not move by one bit.
    """
    return _one_cluster(15_000, np.random.default_rng(bench.rng))


@check(
    "A27.few",
    where="A 4.1, Thm 4.1",
    title="beta = 0: random clouds end in one cluster",
    covers=(),
    equations=("A (4.1)",),
)
def few_clouds(bench: Bench) -> Verdict:
    """As A27, with fewer runs."""
    return _one_cluster(400, np.random.default_rng(bench.rng))


@check("A28", where="A Thm 4.2 (4.4)", title="small beta: the distance from the run at beta = 0 is linear in beta")
def linear_in_beta(bench: Bench) -> Verdict:
    """max_i |x_beta(t) - x_0(t)| for beta = 1e-4 .. 1e-2 at t = 2, SA and USA, n = 16 on S^1 and S^2.

    The slope in log-log axes is 1 within 0.02 (the next term is of order beta = 1%).  A slope does not see a factor on
    beta: the move x_beta - x_0 at beta = 1e-2 is that of the printed loop in scipy's integrator, 1e-7 of the largest
    (the runs' tolerance of 1e-11, over moves of a few 1e-3).
    """
    rng = np.random.default_rng(bench.rng)
    betas = np.array([1e-4, 1e-3, 1e-2])
    measured, off = {}, 0.0
    for name, kind in (("SA", mf.SA), ("USA", mf.USA)):
        for d in (2, 3):
            x = pt.uniform(16, d, rng)
            ends = [pt.simulate(kind(b), x, (0.0, 2.0), [2.0], rtol=1e-11).x[-1] for b in (0.0, *betas)]
            gaps = [np.linalg.norm(end - ends[0], axis=-1).max() for end in ends[1:]]
            measured[f"slope, {name}, d = {d}"] = slope(betas, gaps).slope
            loop = np.subtract(*(by_loop(kind(b), x, [2.0])[-1] for b in (1e-2, 0.0)))
            off = max(off, relative(ends[-1] - ends[0], loop))
    limits: Limits = dict.fromkeys(measured, (0.98, 1.02))
    measured["move at beta = 0.01 - printed, relative"] = off
    return judge(measured, {**limits, "move at beta = 0.01 - printed, relative": (None, 1e-7)})


@check("A28.share", where="A Thm 4.2", title="the share of clouds that end in one cluster rises to 1 as beta falls")
def share_of_one(bench: Bench) -> Verdict:
    """Clouds of n = 8 on the circle with <x_i, x_j> >= 3/4 for all pairs at t = 60, which then end in one cluster.

    (They lie in a hemisphere, and there min <x_i, w> never falls: Lemma 6.4.)  120 clouds at every beta (quick: 60), SA
    with Q^T K = I, and with three random pairs Q, K of norm 1 (quick: one, and four betas), which the theorem allows.
    The share does not fall as beta goes from 8 to 1/4, up to four standard errors of a difference, and is 1 at beta <=
    1/2; with Q^T K = I it is below 1/2 at beta = 8, so that there was something to rise.  At beta = 0 what is
    3/4-clustered at t = m is so at m + 1.
    """
    rng = np.random.default_rng(bench.rng)
    quick = bench.tier == "quick"
    betas = (8.0, 2.0, 0.5, 0.25) if quick else (8.0, 4.0, 2.0, 1.0, 0.5, 0.25)
    clouds = 60.0 if quick else 120.0
    measured: dict[str, float] = {}
    limits: dict[str, tuple[float | None, float | None]] = {}
    for name in ("identity", "random Q, K"):
        count = np.zeros(len(betas))
        for _ in range(1 if quick else 3):
            x = pt.uniform(8, 2, rng, replicas=60 if quick else 40)
            Q, K = (np.eye(2), np.eye(2)) if name == "identity" else _of_norm_one(rng.standard_normal((2, 2, 2)))
            ends = [pt.simulate(mf.SA(b, Q=Q, K=K), x, (0.0, 60.0), [60.0], rtol=1e-5).x[-1] for b in betas]
            count += [_clustered(end).sum() for end in ends]
        share = count / clouds
        measured |= {f"share, {name}, beta = {b:g}": s for b, s in zip(betas, share, strict=True)}
        measured[f"fall of the share, {name}"] = float(max(0.0, -np.diff(share).min()))
        limits[f"fall of the share, {name}"] = (None, 4.0 * np.sqrt(2.0 * 0.25 / clouds))
        limits |= {f"share, {name}, beta = {b:g}": (1.0, None) for b in (0.5, 0.25)}
    limits["share, identity, beta = 8"] = (None, 0.5)
    x = pt.uniform(8, 2, rng, replicas=100 if quick else 500)
    run = pt.simulate(mf.SA(0.0), x, (0.0, 12.0), list(range(13)), rtol=1e-9)
    inside = np.array([_clustered(x) for x in run.x])
    measured["beta = 0: clouds that leave the set"] = int(np.sum(inside[:-1] & ~inside[1:]))
    measured["beta = 0: share at t = 12"] = float(inside[-1].mean())
    limits |= {"beta = 0: clouds that leave the set": (0, 0), "beta = 0: share at t = 12": (0.9, None)}
    return judge(measured, limits)


def _of_norm_one(matrices: Array) -> Array:
    """Matrices (..., d, d) over their operator norms."""
    return np.asarray(matrices / np.linalg.norm(matrices, 2, axis=(-2, -1), keepdims=True))


def _clustered(x: Array) -> Array:
    """Which clouds (..., n, d) have all inner products at least 3/4."""
    return np.asarray((x @ np.swapaxes(x, -1, -2)).min(axis=(-1, -2)) >= 0.75)


@check("A29", where="A Thm 4.3", title="d = 2, beta <= 1: one cluster; other critical points are strict saddles")
def up_to_one(bench: Bench) -> Verdict:
    """Runs, and a search of critical points.

    200 random clouds (quick: 50) of n = 5 and 9 at beta = 0.5 and 1, SA: all pairs end with cos >= 1 - 1e-6 at t = 150;
    four of them are at t = 2 where the printed loop in scipy's integrator has them, 1e-5 at a tolerance of 1e-6.
    Critical points of E (zeros of USA's field) from 150 random starts (quick: 40) for n = 4, 5: all but consensus have
    an eigenvalue of at least 0.01, found by differences that are good to 1e-12: consensus has -e^beta, and m equally
    spaced clusters the rates of the closed form, both to 1e-11.
    """
    quick, rng = bench.tier == "quick", np.random.default_rng(bench.rng)
    measured: dict[str, float] = {}
    for beta, n in ((0.5, 5), (1.0, 5), (1.0, 9)):
        x = pt.uniform_angles(n, rng, replicas=50 if quick else 200)
        run = pt.simulate(mf.SA(beta), x, (0.0, 150.0), [2.0, 150.0], angles=True, rtol=1e-6, atol=1e-9)
        loop = np.stack([by_loop(mf.SA(beta), one, [2.0])[-1] for one in x[:4]])
        measured[f"angles at t = 2 - printed, beta = {beta:g}, n = {n}"] = float(np.abs(run.x[0, :4] - loop).max())
        end = run.x[-1]
        spread = np.cos(end[..., :, None] - end[..., None, :]).min()
        measured[f"least <x_i, x_j> at the end, beta = {beta:g}, n = {n}"] = float(spread)
    law = mf.USA(1.0)
    found = [theta for n in (4, 5) for theta in critical_points(law, n, 40 if quick else 150, rng)]
    apart = [theta for theta in found if np.ptp(np.cos(theta)) > 1e-6]
    measured["critical points besides consensus"] = len(apart)
    measured["their least top eigenvalue"] = min(top_eigenvalue(law, theta) for theta in apart)
    measured["top eigenvalue of consensus + e^beta"] = abs(top_eigenvalue(law, np.zeros(5)) + np.e)
    stars = {m: top_eigenvalue(law, 2.0 * np.pi * np.arange(m) / m) for m in (2, 3, 5)}
    gaps = [abs(top - diracs.star_rates(m, 1.0, "USA").max()) for m, top in stars.items()]
    measured["rates of stars - closed form"] = max(gaps)
    limits: Limits = {
        "critical points besides consensus": (4, None),
        "their least top eigenvalue": (1e-2, None),
        "top eigenvalue of consensus + e^beta": (None, 1e-11),
        "rates of stars - closed form": (None, 1e-11),
        **{name: (1.0 - 1e-6, None) for name in measured if name.startswith("least")},
        **{name: (None, 1e-5) for name in measured if name.startswith("angles")},
    }
    return judge(measured, limits)


@check("A29.spheres", where="A Thm 4.3", title="d > 2, beta <= 1/n: one cluster; other critical points are strict")
def up_to_one_over_n(bench: Bench) -> Verdict:
    """As A29 on S^2 and S^3 at beta = 1/n, SA and USA.

    150 random clouds (quick: 40) each of n = 5 on S^2 and S^3: all pairs end with <x_i, x_j> >= 1 - 1e-6 at t = 150.
    Critical points on S^2 from 20 random starts (quick: 10) for n = 4 and 5 (quick: 4): all but consensus have an
    eigenvalue of at least 2 (d - 1) / (d n) (appendix C, (C.4)); that of consensus is -e^beta, but for the rotations',
    which is 0.
    """
    quick, rng = bench.tier == "quick", np.random.default_rng(bench.rng)
    measured: dict[str, float] = {}
    limits: dict[str, tuple[float | None, float | None]] = {}
    for kind, d in ((mf.SA, 3), (mf.USA, 3), (mf.SA, 4)):
        x = pt.uniform(5, d, rng, replicas=40 if quick else 150)
        end = pt.simulate(kind(0.2), x, (0.0, 150.0), [150.0], rtol=1e-6, atol=1e-9).x[-1]
        name = f"least <x_i, x_j> at the end, {kind(0.2)}, d = {d}"
        measured[name] = float((end @ np.swapaxes(end, -1, -2)).min())
        limits[name] = (1.0 - 1e-6, None)
    for n in (4,) if quick else (4, 5):
        law = mf.USA(1.0 / n)
        apart = [x for x in critical_rows(law, n, 3, 10 if quick else 20, rng) if (x @ x.T).min() < 1.0 - 1e-6]
        measured[f"critical points besides consensus, n = {n}"] = len(apart)
        tops = [top_of_rows(law, x)[-1] for x in apart]
        measured[f"their least top eigenvalue over its bound, n = {n}"] = min(tops) / (4.0 / (3.0 * n))
        limits |= {f"critical points besides consensus, n = {n}": (3, None)}
        limits |= {f"their least top eigenvalue over its bound, n = {n}": (1.0, None)}
    at = top_of_rows(mf.USA(0.25), np.tile(np.eye(3)[:1], (4, 1)))
    measured["eigenvalues of consensus"] = float(np.abs(at - np.repeat([-np.exp(0.25), 0.0], [6, 2])).max())
    limits["eigenvalues of consensus"] = (None, 1e-9)
    return judge(measured, limits)
