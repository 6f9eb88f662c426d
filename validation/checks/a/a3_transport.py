"""A, section 3.1: the continuity equation, atoms and densities, and the estimate of Dobrushin."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment

import meanfield as mf
import particles as pt
from meanfield.distances import w1_circle
from meanfield.protocols import Array
from validation import figures
from validation.checks._tools import EPS, by_loop, central, start, two_waves
from validation.exact import double_loop, floors
from validation.experiment import mean_field_limit
from validation.rates import rate
from validation.registry import Bench, check
from validation.verdict import Limits, Verdict, judge


def _gauss(t: float, panels: int) -> tuple[Array, Array]:
    """Nodes and weights of Gauss's rule with 10 nodes on equal panels of [0, t]."""
    nodes, weights = np.polynomial.legendre.leggauss(10)
    edges = np.linspace(0.0, t, panels + 1)[:-1]
    h = t / panels
    return (edges[:, None] + 0.5 * h * (nodes + 1.0)).ravel(), np.tile(0.5 * h * weights, panels)


# --- A09 ---------------------------------------------------------------------------------------------------


def _residual_on_circle(kind: str, law: mf.SA | mf.USA, theta: Array, w: Array) -> float:
    """max_k |c_k(t) - c_k(0) - int_0^t int (-ik) e^{-ik theta} X d mu ds|, k = 1..8, the field by the printed loop."""
    k = np.arange(1, 9)[:, None]
    nodes, weights = _gauss(1.5, 6)
    run = pt.simulate(law, theta, (0.0, 1.5), np.concatenate([[0.0], nodes, [1.5]]), weights=w, rtol=1e-12, atol=1e-14)
    rate = [
        (-1j * k * np.exp(-1j * k * x)) @ (w * double_loop.angle_velocity(kind, x, law.beta, weights=w))
        for x in run.x[1:-1]
    ]
    change = np.exp(-1j * k * run.x[-1]) @ w - np.exp(-1j * k * run.x[0]) @ w
    return float(np.abs(change - weights @ np.array(rate)).max())


def _residual_in_space(kind: str, law: mf.SA | mf.USA, x: Array, w: Array) -> float:
    """The same with phi = <a, x>^3 for three a, in any dimension: grad phi = 3 <a, x>^2 a."""
    a = np.eye(x.shape[1])[:3]
    nodes, weights = _gauss(1.5, 6)
    run = pt.simulate(law, x, (0.0, 1.5), np.concatenate([[0.0], nodes, [1.5]]), weights=w, rtol=1e-12, atol=1e-14)
    rate = []
    for y in run.x[1:-1]:
        v = double_loop.velocity(kind, y, law.beta, weights=w)
        rate.append(w @ (3.0 * (y @ a.T) ** 2 * (v @ a.T)))
    change = w @ (run.x[-1] @ a.T) ** 3 - w @ (run.x[0] @ a.T) ** 3
    return float(np.abs(change - weights @ np.array(rate)).max())


@check("A09", where="A 3.1 (3.1)-(3.4)", title="empirical measures solve the continuity equation weakly")
def weak_solution(bench: Bench) -> Verdict:
    """int phi d mu at the end minus at the start, against the time integral of int <X, grad phi> d mu.

    X is the loop as printed and not our law; the time integral is Gauss's rule at asked times.  Both are exact to
    the tolerance of the run: 1e-12.  Trigonometric phi on the circle, cubes of linear forms in R^3, R^5.
    """
    rng = np.random.default_rng(bench.rng)
    measured = {}
    for kind, law in (("SA", mf.SA(4.0)), ("USA", mf.USA(1.0))):
        w = rng.dirichlet(np.full(20, 4.0))
        measured[f"{kind}, circle"] = _residual_on_circle(kind, law, pt.uniform_angles(20, rng), w)
        for d in (3, 5):
            measured[f"{kind}, d = {d}"] = _residual_in_space(kind, law, pt.uniform(20, d, rng), w)
    return judge(measured, dict.fromkeys(measured, (None, 1e-12)))


@check("A09.density", where="A 3.1 (3.1)-(3.4)", title="the density solves it too, keeps its mass, stays positive")
def weak_density(bench: Bench) -> Verdict:
    """c_k of a run on the circle, as A09, with X by the printed loop over the density's quadrature points.

    So neither the spectral field nor the divergence is trusted.  1e-12 as there.  Mass to 1e-14: the method changes no
    bit of c_0.  Positive: minimum over the nodes at every saved time, for rho >= 0.25 at the start, until it has
    fallen to 1e-3 of its maximum.
    """
    k = np.arange(1, 9)
    nodes, weights = _gauss(3.0, 8)
    measured: dict[str, float] = {}
    for kind, law, t in (("SA", mf.SA(4.0), 3.0), ("USA", mf.USA(1.0), 2.0), ("SA", mf.SA(4.0, sign=-1), 3.0)):
        at = np.concatenate([[0.0], nodes * t / 3.0, [t]])
        sol = mf.solve(law, start(), (0.0, t), t_eval=at, rtol=1e-12, atol=1e-15)
        rate = []
        for rho in sol.densities[1:-1]:
            theta, w = rho.space.nodes, rho.weights
            X = double_loop.angle_velocity(kind, theta, law.beta, weights=w, sign=law.sign)
            rate.append(-1j * k * (np.exp(-1j * np.outer(k, theta)) @ (w * X)))
        c = sol.densities[-1].moments(8)[1:] - sol.densities[0].moments(8)[1:]
        name = f"{law}"
        measured[f"residual, {name}"] = float(np.abs(c - (weights * t / 3.0) @ np.array(rate)).max())
        measured[f"mass - 1, {name}"] = float(np.abs(sol.mass - 1.0).max())
        measured[f"minimum, {name}"] = float(sol.minimum.min())
    limits: dict[str, tuple[float | None, float | None]] = {}
    for name in measured:
        limits[name] = (1e-3, None) if "minimum" in name else (None, 1e-14 if "mass" in name else 1e-12)
    return judge(measured, limits, pictures=[bench.figure("density", sol.plot)])


# --- A10 ---------------------------------------------------------------------------------------------------


def _contraction(law: mf.SA | mf.USA, mu: mf.Density) -> float:
    """sup(-div X) at a density: on the circle by differences of SA's printed field, elsewhere as the law says."""
    if mu.d > 2:
        return float(np.max(-law.divergence(0.0, None, mu)[..., np.isfinite(mu.values)]))
    theta, w = mu.space.nodes, mu.weights

    def field(h: float) -> Array:
        # what it does to tokens without mass, h beside the nodes
        both, mass = np.concatenate([theta, theta + h]), np.concatenate([w, np.zeros_like(w)])
        return double_loop.angle_velocity("SA", both, law.beta, weights=mass)[len(theta) :]

    return float(-central(field, 1e-2).min())


@check("A10", where="A Rem 3.1", title="atoms, a step, a density: no blow-up; max rho grows as allowed")
def existence(bench: Bench) -> Verdict:
    """Three kinds of data.

    Atoms: tokens at equal places must move as one token of their mass: to 1e-12, the tolerance of both runs; and that
    one as the printed loop in scipy's integrator has it: 1e-11.  A Dirac stays, up to what projecting e^9 x leaves in a
    time of 3: 4 eps e^9 times that.  L^1: half the circle filled evenly, by n equal masses; W1 between the runs of n
    and 2n must halve when n doubles (order 1 in 1/n, +-2%), which it does only if the flow is Lipschitz and the limit
    exists.  Density: d/dt log max rho = -div X there, so log(max rho(t) / max rho(0)) <= int sup(-div X) ds; 1e-3 is
    left to the trapezoidal rule.  On the circle div X is the printed field's, by differences.
    """
    rng = np.random.default_rng(bench.rng)
    atoms, copies = pt.uniform(6, 3, rng), np.array([1, 3, 2, 1, 4, 1])
    law = mf.SA(4.0)
    many = pt.simulate(law, np.repeat(atoms, copies, axis=0), (0.0, 3.0), [3.0], rtol=1e-12, atol=1e-14).x[-1]
    few = pt.simulate(law, atoms, (0.0, 3.0), [3.0], weights=copies / 12.0, rtol=1e-12, atol=1e-14).x[-1]
    dirac = pt.simulate(mf.USA(9.0), atoms[:1], (0.0, 3.0), [3.0]).x[-1]
    halves = [np.pi * (np.arange(n) + 0.5) / n for n in (50, 100, 200)]
    ends = [pt.simulate(law, x, (0.0, 3.0), [3.0], rtol=1e-8).x[-1] for x in halves]
    gaps = [float(w1_circle(a, b)) for a, b in pairwise(ends)]
    measured = {
        "equal tokens - one heavy token": np.abs(many - np.repeat(few, copies, axis=0)).max(),
        "heavy tokens - printed": np.abs(few - by_loop(law, atoms, [3.0], weights=copies / 12.0)[-1]).max(),
        "a Dirac's way": np.abs(dirac - atoms[:1]).max(),
        "W1 of 50 and 100 over W1 of 100 and 200": gaps[0] / gaps[1],
        "W1 of 100 and 200": gaps[1],
    }
    for space in (mf.Circle(128), mf.ZonalSphere(3, 64)):
        rho = space.density(two_waves if space.d == 2 else lambda c: 1.0 + 0.3 * c + 0.2 * (1.5 * c * c - 0.5))
        sol = mf.solve(law, rho, (0.0, 3.0))
        lip = np.array([_contraction(law, mu) for mu in sol.densities])
        allowed = np.sum(0.5 * (lip[1:] + lip[:-1]) * np.diff(sol.t))
        measured[f"log growth of max rho over allowed, d = {space.d}"] = (
            np.log(sol.densities[-1].maximum / rho.maximum) / allowed
        )
    limits: dict[str, tuple[float | None, float | None]] = {
        "equal tokens - one heavy token": (None, 1e-12),
        "heavy tokens - printed": (None, 1e-11),
        "a Dirac's way": (None, 4.0 * EPS * np.exp(9.0) * 3.0),
        "W1 of 50 and 100 over W1 of 100 and 200": (1.96, 2.04),
    }
    return judge(measured, limits | {name: (0.0, 1.001) for name in measured if "allowed" in name})


# --- A12 ---------------------------------------------------------------------------------------------------


def _bound(beta: float, rho: Any) -> float:
    """sup |d_x X(x)| + sup |d_y R(x, y)| of SA at a density, with the change R of X(x) with the mass at y: as sums.

    X = N / Z and R = e^{beta cos(x - y)} (sin(y - x) - X(x)) / Z on 512 angles; derivatives by Fourier series.
    """
    theta = 2.0 * np.pi * np.arange(512) / 512
    mass, gap = rho(theta) / 512, theta - theta[:, None]
    pull = np.exp(beta * np.cos(gap))
    Z = pull @ mass
    X = (pull * np.sin(gap)) @ mass / Z
    response = pull * (np.sin(gap) - X[:, None]) / Z[:, None]
    k = 1j * np.arange(257)
    return sum(float(np.abs(np.fft.irfft(k * np.fft.rfft(f))).max()) for f in (X, response))


@check(
    "A12", where="A Rem 3.3", title="W1 grows no faster than Dobrushin's bound; i.i.d. samples at rate n^{-1/2}, d = 2"
)
def dobrushin(bench: Bench) -> Verdict:
    """Four distances over time, and how the last falls with n.

    Two densities 1e-4 apart, quantised particles against the density, and i.i.d. particles against it: W1(t) / W1(0)
    is held against exp int (L_x + L_mu), the constants taken along the solution (`experiment.dobrushin_constant`; for
    infinitesimal distances, so 1e-3 is granted).  That bound is far (in the end by a factor of ten million), so that it
    would hold at half its size: its constants are summed here again, 1e-9.  The measured exponent, log growth over t,
    is reported.  The experiment's n i.i.d. uniform angles have at t = 0 a mean W1 known for every n (`exact.floors`):
    four standard errors.

    How E W1 falls with n: as n^{-1/2} e^{c/n} (`rates.rate`; a line through n = 100 and 1000 has the slope -0.472, and
    its interval held -1/2 at 70 seeds of 100).  At the start and at the end the slope lies within 4.5 standard errors
    of -1/2, and these are at most 0.03, so that a rate of -1/3 is five of them away or more (quick, to n = 1000: 0.1,
    which does not tell it).
    """
    law, t, replicas = mf.SA(4.0), 2.0, 96
    quick = bench.tier == "quick"
    sizes = (100, 300, 1000) if quick else (100, 300, 1000, 3000, 10000)
    few, two = ((25, 50, 100), (50, 100)) if quick else ((100, 200, 400), (100, 300))
    run = mean_field_limit(law, n=sizes, replicas=replicas, t=t, times=3 if quick else 5, rng=bench.rng)
    other = mf.Circle(128).density(lambda theta: two_waves(theta) + 1e-4 * np.cos(3.0 * theta))
    near = mf.solve(law, other, (0.0, t))
    pairs = np.array([w1_circle(near(s), run.solution(s)) for s in run.t])
    exact = mean_field_limit(law, n=few, t=t, times=len(run.t), init="quantize")
    flat = mf.uniform(mf.Circle(8))
    uniform = mean_field_limit(law, flat, n=two, replicas=400, t=1e-3, times=2, rng=bench.rng)
    off = [abs(m - floors.w1_uniform(int(n))) for n, m in zip(uniform.n, uniform.mean[:, 0], strict=True)]
    bounds = np.array([_bound(law.beta, rho) for rho in run.densities])
    allowed = np.exp(np.sum(0.5 * (bounds[1:] + bounds[:-1]) * np.diff(run.t)))
    measured: dict[str, float] = {
        "two densities: growth over bound": np.max((pairs / pairs[0] / run.dobrushin)[1:]),
        "quantised: growth over bound": np.max((exact.mean / exact.mean[:, :1] / run.dobrushin)[:, 1:]),
        "i.i.d.: growth over bound": np.max((run.mean / run.mean[:, :1] / run.dobrushin)[:, 1:]),
        "two densities: exponent": np.log(pairs[-1] / pairs[0]) / t,
        "i.i.d.: exponent": np.log(run.mean[-1, -1] / run.mean[-1, 0]) / t,
        "bound: exponent": np.log(run.dobrushin[-1]) / t,
        "bound - by sums, relative": abs(run.dobrushin[-1] / allowed - 1.0),
        "uniform: standard errors from the exact mean": (off / uniform.error[:, 0]).max(),
    }
    limits: Limits = {
        **{name: (None, 1.001) for name in measured if name.endswith("over bound")},
        "uniform: standard errors from the exact mean": (None, 4.0),
        "bound - by sums, relative": (None, 1e-9),
    }
    for name, fit in (("slope at t = 0", run.slope(0)), ("slope at the end", run.slope(-1))):
        told, limit = _exponent(name, fit.slope, fit.error, -0.5, 0.1 if quick else 0.03)
        measured, limits = measured | told, {**limits, **limit}
    pictures = [
        bench.figure("rate", lambda: figures.rate(run, -1)),
        bench.figure("growth", lambda: figures.growth(run)),
    ]
    return judge(measured, limits, pictures=pictures)


def _exponent(name: str, slope: float, error: float, true: float, sharp: float) -> tuple[dict[str, float], Limits]:
    """A slope with its 95% interval, judged: within 4.5 standard errors of the true one, and these at most `sharp`."""
    measured = {name: slope, f"{name}, low": slope - 1.96 * error, f"{name}, high": slope + 1.96 * error}
    measured |= {f"{name}, true": true, f"{name}: standard error": error}
    measured[f"{name}: standard errors off"] = abs(slope - true) / error
    return measured, {f"{name}: standard error": (None, sharp), f"{name}: standard errors off": (None, 4.5)}


@check("A12.spheres", where="A Rem 3.3", title="rates of i.i.d. samples on S^2, S^3, S^4", tier="full")
def sampling_rates(bench: Bench) -> Verdict:
    """W1 between two independent uniform samples of n points, by an optimal assignment with arc length as cost.

    The powers are those of `exact.floors.w1_exponents`: within 4.5 standard errors, and these are at most 0.02.  The
    next order is allowed for.  To the square of the distance scales of length l contribute l^2 / (n l^m), m = d - 1 the
    sphere's dimension; summed from n^{-1/m} to 1,

    d = 4, 5:  W1^2 ~ n^{-2/m} (A + B n^{-(1 - 2/m)}): `rates.rate` with that order, n = 64, 192, 576 (3000, 1500, 500
    pairs).  Lines through n = 64 to 1024 have the slopes -0.325 and -0.256.

    d = 3:  n W1^2 ~ A log n + B rises by equal steps (`_logarithmic`), n = 32, 128, 512 (4000, 2000, 500 pairs).  Over
    sqrt(log n) alone the slope is -0.52.  Without the logarithm it would not rise: here by at least ten standard
    errors.
    """
    on_plane, beyond = {32: 4000, 128: 2000, 512: 500}, {64: 3000, 192: 1500, 576: 500}
    return on_spheres({3: on_plane, 4: beyond, 5: beyond}, np.random.default_rng(bench.rng))


def on_spheres(sizes: dict[int, dict[int, int]], rng: Any) -> Verdict:
    """A12.spheres with these numbers of pairs by n, by dimension."""
    measured: dict[str, float] = {}
    limits: Limits = {"rise of n W1^2 by its standard error, d = 3": (10.0, None)}
    for d, pairs in sizes.items():
        samples = [_assigned(n, d, count, rng) for n, count in pairs.items()]
        if d == 3:
            found, measured["rise of n W1^2 by its standard error, d = 3"] = _logarithmic(list(pairs), samples)
        else:
            fit = rate(list(pairs), samples, order=1.0 - 2.0 / (d - 1.0))
            found = fit.slope, fit.error
        told, limit = _exponent(f"slope, d = {d}", *found, -floors.w1_exponents(d)[0], 0.02)
        measured, limits = measured | told, {**limits, **limit}
    return judge(measured, limits)


def _assigned(n: int, d: int, count: int, rng: Any) -> Array:
    """W1 of `count` pairs of samples of n uniform points on S^{d-1}."""
    costs = np.empty(count)
    for i in range(count):
        a, b = pt.uniform(n, d, rng, replicas=2)
        cost = np.arccos(np.clip(a @ b.T, -1.0, 1.0))
        costs[i] = cost[linear_sum_assignment(cost)].mean()
    return costs


def _logarithmic(n: Sequence[int], samples: list[Array]) -> tuple[tuple[float, float], float]:
    """Of y = n W1^2 ~ (A log n + B) n^{2 e} at three n in geometric progression: (-1/2 + e, its standard error), and
    the rise of y from the first to the last by its own.

    Steps of y are equal for e = 0 whatever A and B are: with D = y_2 - 2 y_1 + y_0 = 4 e A s^2 and S = y_2 - y_0 =
    2 A s to first order in e, s the step of log n, e = D / (2 s S).
    """
    y, error = (np.array([f(k * w**2) for k, w in zip(n, samples, strict=True)]) for f in (np.mean, _standard_error))
    D, S, s = y[2] - 2.0 * y[1] + y[0], y[2] - y[0], np.log(n[1] / n[0])
    gradient = np.array([1.0 + D / S, -2.0, 1.0 - D / S]) / (2.0 * s * S)
    off = float(np.linalg.norm(gradient * error))
    return (-0.5 + float(D / (2.0 * s * S)), off), float(S / np.hypot(error[0], error[2]))


def _standard_error(values: Array) -> float:
    return float(values.std(ddof=1) / np.sqrt(len(values)))
