"""A, section 4: beta = 0 and small beta, where there is one cluster."""

from __future__ import annotations

from typing import Any

import numpy as np

import meanfield as mf
import particles as pt
from meanfield.protocols import Array
from validation.checks._critical import critical_points, top_eigenvalue
from validation.exact import diracs, poisson
from validation.rates import slope
from validation.registry import Bench, Verdict, check, judge
from validation.verdict import Limits

# --- A27: beta = 0 -----------------------------------------------------------------------------------------


def _poisson_error(space: Any, law: Any, w: Array, t: float) -> float:
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


def _one_cluster(runs: int, rng: Any) -> Verdict:
    """`runs` random clouds each of n = 3 on S^1 and n = 3, 5 on S^2 at beta = 0, to t = 100."""
    measured: dict[str, float] = {"runs": 0}
    for d, n in ((2, 3), (3, 3), (3, 5)):
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


@check("A27", where="A 4.1, Thm 4.1", title="beta = 0: 10^5 random clouds, and each ends in one cluster", tier="full")
def many_clouds(bench: Bench) -> Verdict:
    """Every pair of tokens of every cloud ends with <x_i, x_j> >= 1 - 1e-6: none is antipodal, none still on its way.

    By t = 100 a cloud that begins within e^{-30} of a saddle (whose rate is at least 1/3 for odd n) has left it.
    Exactly antipodal data, the null set, do not move by one bit.  n is odd: for even n there are manifolds of states
    without mean, near whose ends clouds are arbitrarily slow.
    """
    return _one_cluster(34_000, np.random.default_rng(bench.rng))


@check("A27.few", where="A 4.1, Thm 4.1", title="beta = 0: random clouds end in one cluster", covers=())
def few_clouds(bench: Bench) -> Verdict:
    """As A27, with fewer runs."""
    return _one_cluster(1000, np.random.default_rng(bench.rng))


# --- A28, A29: small beta ----------------------------------------------------------------------------------


@check("A28", where="A Thm 4.2 (4.4)", title="small beta: the distance from the run at beta = 0 is linear in beta")
def linear_in_beta(bench: Bench) -> Verdict:
    """max_i |x_beta(t) - x_0(t)| for beta = 1e-4 .. 1e-2 at t = 2, SA and USA, n = 16 on S^1 and S^2.

    The slope in log-log axes is 1 within 0.02 (the next term is of order beta = 1%).
    """
    rng = np.random.default_rng(bench.rng)
    betas = np.array([1e-4, 1e-3, 1e-2])
    measured = {}
    for name, kind in (("SA", mf.SA), ("USA", mf.USA)):
        for d in (2, 3):
            x = pt.uniform(16, d, rng)
            ends = [pt.simulate(kind(b), x, (0.0, 2.0), [2.0], rtol=1e-11).x[-1] for b in (0.0, *betas)]
            gaps = [np.linalg.norm(end - ends[0], axis=-1).max() for end in ends[1:]]
            measured[f"slope, {name}, d = {d}"] = slope(betas, gaps).slope
    return judge(measured, dict.fromkeys(measured, (0.98, 1.02)))


@check("A29", where="A Thm 4.3", title="d = 2, beta <= 1: one cluster; other critical points are strict saddles")
def up_to_one(bench: Bench) -> Verdict:
    """Runs, and a search of critical points.

    200 random clouds of n = 5 and 9 at beta = 0.5 and 1, SA: all pairs end with cos >= 1 - 1e-6 at t = 150.  Critical
    points of E (zeros of USA's field) from 150 random starts for n = 4, 5: all but consensus have an eigenvalue of at
    least 0.01, found by differences that are good to 1e-9: consensus has -e^beta, and m equally spaced clusters the
    rates of the closed form.
    """
    rng = np.random.default_rng(bench.rng)
    measured: dict[str, float] = {}
    for beta, n in ((0.5, 5), (1.0, 5), (1.0, 9)):
        x = pt.uniform_angles(n, rng, replicas=200)
        end = pt.simulate(mf.SA(beta), x, (0.0, 150.0), [150.0], angles=True, rtol=1e-6, atol=1e-9).x[-1]
        spread = np.cos(end[..., :, None] - end[..., None, :]).min()
        measured[f"least <x_i, x_j> at the end, beta = {beta:g}, n = {n}"] = float(spread)
    law = mf.USA(1.0)
    found = [theta for n in (4, 5) for theta in critical_points(law, n, 150, rng)]
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
        "top eigenvalue of consensus + e^beta": (None, 1e-9),
        "rates of stars - closed form": (None, 1e-9),
    }
    return judge(measured, {**limits, **{name: (1.0 - 1e-6, None) for name in measured if name.startswith("least")}})
