"""A, section 6: cones, orthogonal tokens, high dimension."""

from __future__ import annotations

from math import comb
from typing import Any

import numpy as np
from scipy.optimize import brentq, linprog

import meanfield as mf
import particles as pt
from meanfield.plot import legends, style
from meanfield.protocols import Array
from validation.checks._tools import backslide, by_loop
from validation.exact import orthogonal
from validation.rates import rate
from validation.registry import Bench, check
from validation.verdict import Limits, Verdict, evidence, judge


def _distances(x: Array) -> Array:
    """1 - <x_i, x_j> as |x_i - x_j|^2 / 2, which keeps its digits: (..., n, n)."""
    gap = x[..., :, None, :] - x[..., None, :, :]
    return np.asarray(0.5 * np.sum(gap * gap, axis=-1))


@check("A31", where="A Thm 6.1", title="d = 3, 4: every cloud ends in one cluster", tier="full")
def one_cluster(bench: Bench) -> Verdict:
    """1000 random clouds of n = 6 in R^3 and R^4, beta = 1 and 3, SA, to t = 1000: the share that are one cluster.

    Evidence for "almost every", which fails below 0.998.  Clusters nearly opposite to each other wait longest: of 1000
    clouds at d = 3, beta = 3 there are 115 on their way at t = 100, 12 at t = 300 and so, a tenth every 200, less than
    0.01 at t = 1000 (d = 4: 42 and none; beta = 1: none at t = 30).  1 - <x_i, x_j> <= 1e-6 counts as one cluster.
    """
    rng = np.random.default_rng(bench.rng)
    measured = {}
    for d in (3, 4):
        for beta in (1.0, 3.0):
            x = pt.uniform(6, d, rng, replicas=1000)
            end = pt.simulate(mf.SA(beta), x, (0.0, 1000.0), [1000.0], rtol=1e-6, atol=1e-9).x[-1]
            measured[f"share, d = {d}, beta = {beta:g}"] = float((_distances(end).max(axis=(1, 2)) < 1e-6).mean())
    limits: Limits = dict.fromkeys(measured, (0.998, None))
    return evidence(measured, limits, "Share of 1000 random clouds that are one cluster at t = 1000.")


@check(
    "A33", where="A Thm 6.3 (6.1), Rem 6.5", title="d >= n: exponential, in the end at rate 2", covers=("A33", "A35")
)
def exponential_rate(bench: Bench) -> Verdict:
    """n = 6 uniform tokens in R^8: the slope of log sum_{i,j} (1 - <x_i, x_j>) over 5 units of time once it is 1e-6.

    Linearised at consensus x_i - x_j decays at rate 1 (SA; e^beta for USA): minus the largest Lyapunov exponent across
    consensus.  So 1 - <x_i, x_j> decays at twice that rate, up to its own size: 1e-5, in units of 1 or e^beta.  The
    theorem holds for any Q and K: at consensus all scores are equal whatever they are, and so is the rate; three
    random pairs, of which one is rectangular.
    """
    rng = np.random.default_rng(bench.rng)
    laws: list[tuple[str, mf.Law, float]] = [
        (f"{law}", law, unit)
        for law, unit in ((mf.SA(0.0), 1.0), (mf.SA(1.0), 1.0), (mf.SA(4.0), 1.0), (mf.USA(1.0), np.e))
    ]
    for i, rows in enumerate((8, 8, 3)):
        Q, K = rng.standard_normal((2, rows, 8)) / 8.0**0.25
        laws.append((f"random Q, K ({rows} rows), {i + 1}", mf.SA(2.0, Q=Q, K=K), 1.0))
    measured = {}
    for name, law, unit in laws:
        x = pt.uniform(6, 8, rng)
        near = pt.simulate(law, x, (0.0, 1e3), [1e3], observe=lambda _, mu: bool(_distances(mu.x).sum() < 1e-6)).x[-1]
        end = pt.simulate(law, near, (0.0, 5.0 / unit), [5.0 / unit], rtol=1e-13, atol=0.0).x[-1]
        measured[f"rate, {name}"] = float(np.log(_distances(near).sum() / _distances(end).sum())) / 5.0
    return judge(measured, dict.fromkeys(measured, (2.0 - 1e-5, 2.0 + 1e-5)))


@check("A34", where="A Lem 6.4, (6.2)-(6.8)", title="tokens of a hemisphere: the cone closes, as fast as proved")
def cone(bench: Bench) -> Verdict:
    """n = 8 tokens with <x_i, w> > 0: r(t) = min <x_i, w> never falls, and 1 - a(t) obeys the bound.

    a(t) = min <x_i, x*> with x* the run's own end, t_0 the first saved time with a >= 1/2, and 1 - a <=
    exp(-(t - t_0)/(2 n e^{2 beta})) / 2.  SA and USA in R^2, R^3, R^8; monotone up to the run's tolerance
    of 1e-13, of which a few steps' worth shows where r is flat: 1e-11.  With random Q and K r does not fall either.
    (Quick: R^3, to t = 10.)
    The bound is far, and would hold at another beta: at t = 0.4 and 2 the tokens are where the printed loop in scipy's
    integrator has them, 1e-11 (the tolerance, times the flow's growth and steps).
    """
    rng = np.random.default_rng(bench.rng)
    fall, bound, printed = 0.0, 0.0, 0.0
    slack = np.inf
    cases = ((2, mf.SA(1.0)), (3, mf.SA(2.0)), (8, mf.SA(1.0)), (3, mf.USA(1.0)), (2, mf.USA(0.0)))
    quick = bench.tier == "quick"
    t = np.linspace(0.0, 40.0, 101)[: 26 if quick else None]
    for d, law in cases[1::2] if quick else cases:
        x, w = pt.uniform(8, d, rng), np.eye(d)[0]
        x[:, 0] = np.abs(x[:, 0])
        run = pt.simulate(law, x, (0.0, t[-1]), t, rtol=1e-13, atol=1e-15)
        fall = max(fall, backslide((run.x @ w).min(axis=1), 1))
        printed = max(printed, float(np.abs(run.x[[1, 5]] - by_loop(law, x, run.t[[1, 5]])).max()))
        gap = 0.5 * np.sum((run.x - run.x[-1, :1]) ** 2, axis=-1).max(axis=1)
        first = int(np.argmax(gap <= 0.5))
        allowed = 0.5 * np.exp(-(run.t - run.t[first]) / (16.0 * np.exp(2.0 * law.beta)))
        bound = max(bound, float((gap / allowed)[first:].max()))
        slack = min(slack, float(allowed[-1] / max(gap[-2], 1e-300)))
    Q, K = rng.standard_normal((2, 3, 3))
    x = pt.uniform(8, 3, rng)
    x[:, 0] = np.abs(x[:, 0])
    run = pt.simulate(mf.SA(1.0, Q=Q, K=K), x, (0.0, 0.5 * t[-1]), rtol=1e-13, atol=1e-15)
    measured = {
        "fall of min <x_i, w>": fall,
        "fall with random Q, K": backslide(run.x[..., 0].min(axis=1), 1),
        "tokens - printed": printed,
        "1 - a over its bound": bound,
        "bound over 1 - a at the end, least": slack,
    }
    limits: Limits = {"fall of min <x_i, w>": (None, 1e-11), "fall with random Q, K": (None, 1e-11)}
    return judge(measured, {**limits, "tokens - printed": (None, 1e-11), "1 - a over its bound": (None, 1.0)})


# --- A37 ---------------------------------------------------------------------------------------------------

HALF = {2: 1.490e-8, 3: 2.314e-7, 8: 1.663e-3, 16: 0.5, 24: 0.99834, 32: 1.0}
"""p_{n,d} at n = 32, as printed on the checklist."""


def _wendel(n: int, d: int) -> float:
    """2^{1-n} sum_{k<d} C(n-1, k)."""
    return sum(comb(n - 1, k) for k in range(d)) / 2 ** (n - 1)


def _in_a_hemisphere(x: Array) -> bool:
    """Whether some w has <x_i, w> >= 1 for every row: a linear programme."""
    return bool(linprog(np.zeros(x.shape[1]), A_ub=-x, b_ub=-np.ones(len(x)), bounds=(None, None)).status == 0)


@check("A37", where="A Thm 6.7", title="the chance that uniform tokens lie in one hemisphere")
def wendel(bench: Bench) -> Verdict:
    """Our uniform clouds against Wendel's formula, in standard errors: at most 4; and its printed values, n = 32.

    On the circle by the largest gap between neighbours (20000 clouds of 6), in R^3 and R^4 by linear programming (400
    clouds).  Printed to 3 to 5 digits: 5e-4 relative.
    """
    rng = np.random.default_rng(bench.rng)
    theta = np.sort(pt.uniform_angles(6, rng, replicas=20000), axis=1)
    gaps = np.diff(np.concatenate([theta, theta[:, :1] + 2.0 * np.pi], axis=1), axis=1)
    seen = {(6, 2): (float((gaps.max(axis=1) > np.pi).mean()), 20000)}
    for n, d in ((6, 3), (10, 4)):
        seen[n, d] = (float(np.mean([_in_a_hemisphere(x) for x in pt.uniform(n, d, rng, replicas=400)])), 400)
    measured = {"printed, relative": max(abs(_wendel(32, d) / p - 1.0) for d, p in HALF.items())}
    limits: dict[str, tuple[float | None, float | None]] = {"printed, relative": (None, 5e-4)}
    for (n, d), (share, runs) in seen.items():
        p = _wendel(n, d)
        measured |= {f"share, n = {n}, d = {d}": share, f"formula, n = {n}, d = {d}": p}
        measured[f"standard errors, n = {n}, d = {d}"] = abs(share - p) / np.sqrt(p * (1.0 - p) / runs)
        limits[f"standard errors, n = {n}, d = {d}"] = (None, 4.0)
    return judge(measured, limits)


# --- A38, A39 ----------------------------------------------------------------------------------------------

ARRIVAL = {
    "SA": {0.1: 5.1921, 1.0: 5.2703, 4.0: 6.9535, 6.0: 15.9953, 9.0: 178.731},
    "USA": {0.1: 4.8607, 1.0: 2.8970, 4.0: 1.1308, 6.0: 0.8703, 9.0: 0.6860},
}
"""Time at which 32 orthogonal tokens have inner products 0.999, as printed on the checklist."""


def _pairs(x: Array) -> Array:
    """<x_i, x_j> of all pairs i < j: (..., n (n-1) / 2)."""
    return np.asarray((x @ np.swapaxes(x, -1, -2))[..., *np.triu_indices(x.shape[-2], 1)])


@check(
    "A38",
    where="A Thm 6.8 (6.9), (6.10)",
    title="32 orthogonal tokens keep one common inner product",
)
def orthogonal_tokens(bench: Bench) -> Verdict:
    """The whole system in R^32 from the identity matrix, against the scalar equation by quadrature.

    Every off-diagonal inner product at five times up to gamma = 0.999: 1e-11 at rtol = 1e-13.  SA and USA, beta = 0.1
    to 9 (quick: 0.1 and 4).  The arrival times as printed, to a unit of the last digit (1.2e-4 of 0.8703); the run is
    at 0.999 there.
    """
    measured: dict[str, float] = {}
    curves, printed = 0.0, 0.0
    for name, kind in (("SA", mf.SA), ("USA", mf.USA)):
        for beta, told in ARRIVAL[name].items():
            end = orthogonal.transition_time(32, beta, name)
            printed = max(printed, abs(end / told - 1.0))
            if bench.tier == "quick" and beta not in (0.1, 4.0):
                continue
            t = end * np.array([0.2, 0.5, 0.8, 0.95, 1.0])
            run = pt.simulate(kind(beta), np.eye(32), (0.0, end), t, rtol=1e-13, atol=1e-15)
            gram = _pairs(run.x)
            curves = max(curves, float(np.abs(gram - orthogonal.gamma(t, 32, beta, name)[:, None]).max()))
            measured[f"time to 0.999, {name}, beta = {beta:g}"] = end
    measured |= {"inner products - gamma": curves, "printed times, relative": printed}
    return judge(measured, {"inner products - gamma": (None, 1e-11), "printed times, relative": (None, 1.2e-4)})


@check("A40", where="A 6.3 (6.12)", title="the phase curve gamma_beta(t) = 1 - delta, and that of finite d near it")
def phase_curve(bench: Bench) -> Verdict:
    """T(beta), at which 32 orthogonal tokens have inner products 1 - delta = 0.999, on 90 points of [0.1, 9] (Fig. 3's;
    quick: at 0.1, 2 and 4).

    In closed form T = int_0^{0.999} d gamma / (gamma' of (6.9) or (6.10)), by quadrature; ours is where the dense
    output of the whole system crosses: 1e-9 relative at rtol = 1e-12.  T of SA rises with beta, of USA it falls.
    Finite d: the median over pairs of uniform tokens of the time to 0.999 at beta = 1 (SA, 8 clouds each), d = 64 and
    1024 (quick: 256), is T up to the order d^{-1/2}, as in (6.11): within d^{-1/2}, relative.
    """
    rng = np.random.default_rng(bench.rng)
    quick = bench.tier == "quick"
    betas = np.array([0.1, 2.0, 4.0]) if quick else np.linspace(0.1, 9.0, 90)
    measured: dict[str, float] = {}
    limits: dict[str, tuple[float | None, float | None]] = {}
    curves = {}
    for name, kind in (("SA", mf.SA), ("USA", mf.USA)):
        exact = np.array([orthogonal.transition_time(32, b, name) for b in betas])
        ours = np.array([_crossing(kind(b), 1.1 * T) for b, T in zip(betas, exact, strict=True)])
        measured[f"curve - closed form, {name}"] = float(np.abs(ours / exact - 1.0).max())
        measured[f"least step of the curve, {name}"] = float((np.diff(ours) * (1 if name == "SA" else -1)).min())
        limits |= {f"curve - closed form, {name}": (None, 1e-9), f"least step of the curve, {name}": (0.0, None)}
        curves[name] = ours
    T = orthogonal.transition_time(32, 1.0, "SA")
    t = np.linspace(0.8 * T, 1.3 * T, 41)
    for d in (64, 256 if quick else 1024):
        run = pt.simulate(mf.SA(1.0), _in_their_span(pt.uniform(32, d, rng, replicas=8)), (0.0, 1.3 * T), t, rtol=1e-6)
        share = ((run.x @ np.swapaxes(run.x, -1, -2))[..., *np.triu_indices(32, 1)] >= 0.999).mean(axis=(1, 2))
        measured[f"median time - T, relative, d = {d}"] = abs(float(np.interp(0.5, share, t)) / T - 1.0)
        limits[f"median time - T, relative, d = {d}"] = (None, d**-0.5)
    picture = bench.figure("curve", lambda: _phase(betas, curves))
    return judge(measured, limits, pictures=[picture])


def _crossing(law: mf.Law, end: float) -> float:
    """When the inner product of the first two of 32 orthogonal tokens is 0.999."""
    run = pt.simulate(law, np.eye(32), (0.0, end), rtol=1e-12, atol=1e-14)

    def above(t: float) -> float:
        x = run(t).x
        return 0.001 - 0.5 * float(np.sum((x[0] - x[1]) ** 2))

    return float(brentq(above, 0.5 * end, end, xtol=1e-14, rtol=1e-14))


def _phase(betas: Array, curves: dict[str, Array]) -> Any:
    """beta over the time to 0.999, for both laws: the integral as lines, runs as marks."""
    fine = np.linspace(betas[0], betas[-1], 90)
    with style.axes() as ax:
        for (name, ours), look in zip(curves.items(), style.line_styles(2), strict=True):
            exact = [orthogonal.transition_time(32, b, name) for b in fine]
            ax.plot(exact, fine, label=f"{name}, integral", **{**look, "marker": ""})
            ax.plot(ours, betas, label=f"{name}, 32 tokens", **{**look, "linestyle": ""})
        title = r"$\gamma_\beta(t) = 0.999$, $n = 32$ orthogonal tokens"
        ax.set(xscale="log", xlabel="time $t$", ylabel=r"$\beta$", title=title)
        legends.legend(ax)
    return ax


@check("A39", where="A Thm 6.9 (6.11)", title="uniform tokens in high dimension follow gamma(t) up to d^{-1/2}")
def high_dimension(bench: Bench) -> Verdict:
    """Mean square of <x_i, x_j> - gamma(t) over pairs at t = 1, n = 8, beta = 1, d = 64, 256, 1024, 400 clouds each.

    At t = 0 it is 1/d exactly.  Its exponent in d (`rates.rate`, which allows for the next order in 1/d) is -1, that of
    its root -1/2: within 4.5 standard errors, and these are at most 0.1.  (Measured: 0.03 for SA and 0.05 for USA; of
    4000 clouds a cloud, d to 2048, -1.008 +- 0.005 and -1.016 +- 0.009.)  So many clouds are cheap because 8 tokens
    span R^8 and stay there: the rows of the Cholesky factor of their inner products move as they do.  The printed bound
    2 e^{10 n t} (log d / d)^{1/2} on the largest gap (SA) is never near: e^{80} is the theorem's, and its limit of 1
    sees nothing else.

    A slope hardly sees whose curve it is.  The clouds' means of <x_i, x_j> at t = 1 are a line over those at t = 0 (to
    first order, and what it leaves is of order 1/d: 0.65/d for SA, 1.4/d for USA); at 0, where the mean is that of the
    theorem's orthogonal tokens, the line meets gamma(1) within 2/d at d = 1024, what gamma does in the 250th part of a
    unit of time.  Its standard error there is 0.02/d and 0.04/d.
    """
    return in_high_dimension(400, np.random.default_rng(bench.rng))


def in_high_dimension(clouds: int, rng: Any) -> Verdict:
    """A39 with so many clouds."""
    sizes = (64, 256, 1024)
    measured: dict[str, float] = {"largest gap over its bound": 0.0}
    limits: Limits = {"largest gap over its bound": (None, 1.0)}
    for name, kind in (("SA", mf.SA), ("USA", mf.USA)):
        exact = float(orthogonal.gamma(1.0, 8, 1.0, name))
        squares = []
        for d in sizes:
            x = _in_their_span(pt.uniform(8, d, rng, replicas=clouds))
            gram = _pairs(pt.simulate(kind(1.0), x, (0.0, 1.0), [1.0], rtol=1e-6).x[-1])
            squares.append(np.mean((gram - exact) ** 2, axis=1))
            over = float(np.abs(gram - exact).max() / (2.0 * np.exp(80.0) * np.sqrt(np.log(d) / d)))
            if name == "SA":
                measured["largest gap over its bound"] = max(over, measured["largest gap over its bound"])
        from_orthogonal = np.polyfit(_pairs(x).mean(axis=1), gram.mean(axis=1), 1)[1]
        fit, exponent = rate(sizes, squares), f"exponent of the mean square, {name}"
        measured |= {exponent: fit.slope, f"{exponent}, low": fit.low, f"{exponent}, high": fit.high}
        measured |= {f"{exponent}, true": -1.0, f"standard error, {name}": fit.error}
        measured[f"standard errors from -1, {name}"] = abs(fit.slope + 1.0) / fit.error
        measured[f"mean at d = 1024 - gamma, times d, {name}"] = abs(from_orthogonal - exact) * sizes[-1]
        limits = {**limits, f"mean at d = 1024 - gamma, times d, {name}": (None, 2.0)}
        limits = {**limits, f"standard errors from -1, {name}": (None, 4.5), f"standard error, {name}": (None, 0.1)}
    return judge(measured, limits)


def _in_their_span(x: Array) -> Array:
    """Rows (..., n, n) with the inner products of n independent rows (..., n, d), and of length 1 to the last digit."""
    rows = np.linalg.cholesky(x @ np.swapaxes(x, -1, -2))
    return np.asarray(rows / np.linalg.norm(rows, axis=-1, keepdims=True))
