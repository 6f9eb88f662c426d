"""A, section 2: the equations of attention, and what they commute with."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import meanfield as mf
import particles as pt
from meanfield import geometry
from meanfield.protocols import Array, Law, Measure
from validation.checks._tools import Swaying, by_loop, relative, start, two_waves
from validation.exact import diracs, double_loop, ode, reference_pde
from validation.registry import Bench, check
from validation.verdict import Limits, Verdict, judge


def _log_Z(beta: float, mu: Measure, x: Array | None) -> Array:
    """log int e^{beta <x, y>} d mu(y) at rows x, or at the own points."""
    r = mu.read(mf.Exponential(beta), x, "Z")
    return np.asarray((np.log(r.Z) + r.log)[..., 0])


@check("A02", where="A 2.2 (2.3)-(2.5)", title="attention with Q, K, V(t): rows sum to 1, norms are kept, Z is bounded")
def attention(bench: Bench) -> Verdict:
    """The attention matrix, the velocity and a run with rectangular Q, K and moving V, against loops as printed.

    The matrix is made of what a cloud answers (Z by log-sum-exp), so that its rows sum to 1 only if Z is right: to
    rounding, 1e-14.  The run is compared with scipy's integrator on the printed loop, both at a tolerance of 1e-12:
    1e-10.  e^{-beta} <= Z <= e^beta is met with equality by a Dirac's antipode and by itself, to rounding of the
    exponent; along a run of SA it is an inequality.
    """
    rng = np.random.default_rng(bench.rng)
    n, d, beta, t = 16, 5, 3.0, 2.0
    x = pt.uniform(n, d, rng)
    Q, K = rng.standard_normal((2, 3, d)) / np.sqrt(d)
    V = Swaying(*rng.standard_normal((2, d, d)) / np.sqrt(d))
    law = mf.SA(beta, Q=Q, K=K, V=V)
    kernel = mf.Exponential(beta, Q, K)
    r = mf.Points(x).read(kernel, None, "Z")
    matrix = np.exp(kernel.log(x, x) - r.log) / (n * r.Z)
    seen = geometry.project(x, law.velocity(0.7, x, mf.Points(x)))
    printed = double_loop.general_velocity("SA", x, beta, Q, K, V(0.7))

    def loop(s: float, y: Array) -> Array:
        return double_loop.general_velocity("SA", y.reshape(n, d), beta, Q, K, V(s)).ravel()

    run = pt.simulate(law, x, (0.0, t), [t], rtol=1e-12, atol=1e-14)
    exact = ode.integrate(loop, x.ravel(), [t])[1][-1].reshape(n, d)
    free = pt.simulate(mf.SA(beta), x, (0.0, 10.0))
    log_Z = np.array([_log_Z(beta, mu, None) for mu in free.measures[::10]])
    ends = _log_Z(beta, mf.Points(x[:1]), np.stack([x[0], -x[0]]))
    measured = {
        "rows' sums - 1": np.abs(matrix.sum(axis=1) - 1.0).max(),
        "matrix - printed": np.abs(matrix - double_loop.attention_matrix(x, beta, Q, K)).max(),
        "velocity - printed": np.abs(seen - printed).max(),
        "run - printed": np.abs(run.x[-1] - exact).max(),
        "norms - 1": max(np.abs(np.linalg.norm(s.x, axis=-1) - 1.0).max() for s in (run, free)),
        "least log Z / beta": log_Z.min() / beta,
        "largest log Z / beta": log_Z.max() / beta,
        "log Z of a Dirac -+ beta": np.abs(ends - [beta, -beta]).max(),
    }
    return judge(
        measured,
        {
            "rows' sums - 1": (None, 1e-14),
            "matrix - printed": (None, 1e-14),
            "velocity - printed": (None, 1e-13),
            "run - printed": (None, 1e-10),
            "norms - 1": (None, 1e-14),
            "least log Z / beta": (-1.0, 1.0),
            "largest log Z / beta": (-1.0, 1.0 + 1e-14),
            "log Z of a Dirac -+ beta": (None, 1e-14),
        },
    )


@check(
    "A03",
    where="A 2.2 (2.6)",
    title="SA with Q = K = V = I: three integrations of one trajectory agree",
    equations=("A (SA)",),
)
def trajectories(bench: Bench) -> Verdict:
    """Dormand and Prince's orders 8 and 5 on our law, and scipy's on the loop as printed, at tolerances 1e-12 and less.

    n, d, beta from (4, 2, 1) to (32, 16, 9), to t = 5 (quick: three of the five).  They share neither method nor step,
    and the third not even the field, so the largest difference is the true error: 1e-11 at order 8 and 1e-10 at order
    5, the local tolerance times the steps and the flow's own growth.
    """
    rng = np.random.default_rng(bench.rng)
    cases = [(4, 2, 1.0), (16, 2, 4.0), (12, 3, 9.0), (24, 8, 4.0), (32, 16, 9.0)]
    cases = cases[::2] if bench.tier == "quick" else cases
    measured = {}
    for n, d, beta in cases:
        x, t = pt.uniform(n, d, rng), [1.0, 2.0, 5.0]
        a = pt.simulate(mf.SA(beta), x, (0.0, 5.0), t, rtol=1e-12, atol=1e-14)
        b = pt.simulate(mf.SA(beta), x, (0.0, 5.0), t, rtol=1e-11, atol=1e-13, method="rk45")
        c = by_loop(mf.SA(beta), x, t)
        measured[f"order 8 - printed: n={n} d={d} beta={beta:g}"] = np.abs(a.x - c).max()
        measured[f"order 5 - printed: n={n} d={d} beta={beta:g}"] = np.abs(b.x - c).max()
    return judge(measured, {name: (None, 1e-11 if "order 8" in name else 1e-10) for name in measured})


@check("A03.diracs", where="A 2.2, 3.3", title="two weighted tokens follow the closed form", covers=("A03", "A19"))
def two_diracs(bench: Bench) -> Verdict:
    """Two tokens of masses m1 and 1 - m1 at an angle alpha on the circle and in R^3 (quick: one or the
    other by turns), SA and USA, against quadrature.

    alpha' = -e^{b cos alpha} sin alpha times the masses' factor: an integral, no time step (`exact.diracs`).  1e-10
    along the way (alpha of order 1); by the end alpha is of order 1e-4 and its relative error says whether the last
    approach, at rate 1 (SA) or e^beta (USA), is right: 1e-8.
    """
    rng = np.random.default_rng(bench.rng)
    worst = {"SA": 0.0, "USA": 0.0}
    last = {"SA": 0.0, "USA": 0.0}
    for kind, law in (("SA", mf.SA), ("USA", mf.USA)):
        pairs = [(0.0, 2.8, 0.3), (1.0, 2.0, 0.5), (4.0, 2.0, 0.2), (9.0, 1.0, 0.9)]
        for k, (beta, alpha, m1) in enumerate(pairs):
            end = diracs.merge_time(alpha, 1e-4, beta, kind, m1)
            t = end * np.array([0.25, 0.5, 0.75, 0.9, 1.0])
            exact = diracs.gap(t, alpha, beta, kind, m1)
            frame = np.linalg.qr(rng.standard_normal((3, 2)))[0].T
            rows = np.stack([frame[0], np.cos(alpha) * frame[0] + np.sin(alpha) * frame[1]])
            both = [np.array([0.3, 0.3 + alpha]), rows]
            for x in both[k % 2 : k % 2 + 1] if bench.tier == "quick" else both:
                run = pt.simulate(law(beta), x, (0.0, end), t, weights=[m1, 1.0 - m1], rtol=1e-12, atol=1e-15)
                y = run.rows
                gap = 2.0 * np.arcsin(0.5 * np.linalg.norm(y[:, 0] - y[:, 1], axis=-1))
                worst[kind] = max(worst[kind], float(np.abs(gap - exact).max()))
                last[kind] = max(last[kind], float(abs(gap[-1] / exact[-1] - 1.0)))
    measured = {f"angle, {kind}": value for kind, value in worst.items()}
    measured |= {f"angle at the end, relative, {kind}": value for kind, value in last.items()}
    return judge(measured, {name: (None, 1e-8 if "end" in name else 1e-10) for name in measured})


@check("A06", where="A Rem 2.2", title="permuted, rotated, reflected tokens: the flow commutes")
def equivariance(bench: Bench) -> Verdict:
    """Permute and turn the data, then run; against run, then permute and turn.  Points in R^2 to R^8, SA and USA.

    Permuting changes the order of the sums only: 1e-13.  An orthogonal map changes every rounding, and the steps,
    which heed coordinates: 1e-12 at a tolerance of 1e-13.  Both errors grow with the flow, hence t = 2.  That it is the
    flow which commutes is seen by the printed loop in scipy's integrator, from the turned data: 1e-11.
    """
    rng = np.random.default_rng(bench.rng)
    permuted = turned = reflected = printed = 0.0
    for d, law in [(2, mf.SA(4.0)), (3, mf.SA(9.0)), (8, mf.SA(1.0)), (3, mf.USA(4.0, scale="relative"))]:
        x, w = pt.uniform(24, d, rng), rng.dirichlet(np.full(24, 5.0))
        order = rng.permutation(24)
        Q = np.linalg.qr(rng.standard_normal((d, d)))[0]
        Q[:, 0] *= np.sign(np.linalg.det(Q))
        mirror = np.diag([-1.0] + [1.0] * (d - 1))

        def flow(x: Array, w: Array, law: mf.Law = law) -> Array:
            return np.asarray(pt.simulate(law, x, (0.0, 2.0), [2.0], weights=w, rtol=1e-13, atol=1e-15).x[-1])

        y = flow(x, w)
        permuted = max(permuted, float(np.abs(flow(x[order], w[order]) - y[order]).max()))
        turned = max(turned, float(np.abs(flow(x @ Q.T, w) - y @ Q.T).max()))
        printed = max(printed, float(np.abs(y @ Q.T - by_loop(law, x @ Q.T, [2.0], weights=w)[-1]).max()))
        reflected = max(reflected, float(np.abs(flow(x @ mirror, w) - y @ mirror).max()))
    measured = {"permuted": permuted, "rotated": turned, "reflected": reflected, "rotated - printed": printed}
    limits: Limits = {"permuted": (None, 1e-13), "rotated": (None, 1e-12), "reflected": (None, 1e-12)}
    return judge(measured, {**limits, "rotated - printed": (None, 1e-11)})


@check("A06.density", where="A Rem 2.2", title="a rotated or reflected density: the flow commutes")
def equivariance_of_densities(bench: Bench) -> Verdict:
    """c_k of a run from a turned (mirrored) density against e^{-ik a} c_k (conj c_k) of the run: 1e-12.

    The steps are chosen by |c_k|, which neither map changes, so that only rounding differs.  And against e^{-ik a} c_k
    (conj c_k) of the PDE by characteristics (`exact.reference_pde`), k = 0..10, which knows neither: 1e-11, what a run
    of default tolerances owes.
    """
    turn, worst = np.exp(-0.7j * np.arange(33)), {"rotated": 0.0, "reflected": 0.0, "by characteristics": 0.0}
    maps: dict[str, Callable[[Array], Array]] = {"rotated": lambda c: turn * c, "reflected": np.conj}
    rho = start()

    def flow(law: Law, moments: Array) -> Array:
        held = np.zeros(len(rho.coefficients), dtype=complex)
        held[:33] = moments
        sol = mf.solve(law, rho.space.density(coefficients=held), (0.0, 2.0), t_eval=[2.0])
        return np.asarray(sol(2.0).moments(32))

    for kind, law in (("SA", mf.SA(4.0)), ("SA", mf.SA(4.0, sign=-1)), ("USA", mf.USA(1.0))):
        c = flow(law, rho.moments(32))
        exact = np.zeros(33, dtype=complex)
        exact[:11] = reference_pde.solve(kind, law.beta, two_waves, [2.0], labels=256, sign=law.sign).moments(10)[-1]
        for name, act in maps.items():
            moved = flow(law, act(rho.moments(32)))
            worst[name] = max(worst[name], relative(moved, act(c)))
            worst["by characteristics"] = max(worst["by characteristics"], relative(moved[:11], act(exact)[:11]))
    return judge(worst, {name: (None, 1e-11 if name.startswith("by") else 1e-12) for name in worst})
