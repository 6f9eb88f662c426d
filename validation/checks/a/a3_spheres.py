"""The sphere halves of A, sections 3 and 4.1: densities on S^2 and, axisymmetric, on S^{d-1}, against closed forms."""

from __future__ import annotations

from typing import Any

import numpy as np

import meanfield as mf
import particles as pt
from meanfield.protocols import Law, Space
from meanfield.special.bessel import dimensions
from validation.checks._tools import backslide, defect, named
from validation.exact import diracs, energy, growth, poisson, reference_zonal
from validation.registry import Bench, check
from validation.verdict import Limits, Verdict, judge


def _three_waves(x: Any) -> Any:
    """A density on S^2 without symmetry: 1 + 0.3 x3 + 0.4 x1 x2 - 0.3 x1 x3^2."""
    return 1.0 + 0.3 * x[..., 2] + 0.4 * x[..., 0] * x[..., 1] - 0.3 * x[..., 0] * x[..., 2] ** 2


def _zonal(d: int, degree: int = 64) -> mf.Density:
    return mf.ZonalSphere(d, degree).density(lambda c: 1.0 + 0.3 * c + 0.2 * (d * c * c - 1.0) / (d - 1.0))


@check(
    "A27.spheres", where="A 4.1 (4.1)", title="beta = 0: a Poisson kernel on S^{d-1} stays one", covers=("A27", "A09")
)
def poisson_kernels(bench: Bench) -> Verdict:
    """PDE (d = 3, 4, 8, axisymmetric; d = 3, off the axis, on all of S^2) and quantised particles.

    Compared are the parameter r and the order parameter m_d(r), which differ for d >= 3, and the whole density in
    relative L2(sigma): 1e-12 at rtol = 1e-12.  Particles: n = 4000 quantised points carry the quantisation's error, of
    order n^{-2} for the mean, as a midpoint rule's: 1e-5.
    """
    measured: dict[str, float] = {}
    t, r0 = 1.5, 0.2
    for d in (3, 4, 8):
        space = mf.ZonalSphere(d, 96)
        sol = mf.solve(mf.SA(0.0), mf.poisson_kernel(space, r0 * space.direction), (0.0, t), rtol=1e-12)
        measured[f"L2, d = {d}"] = _off(sol(t), float(poisson.radius(t, r0, d)) * space.direction)
        gap = sol(t).moments(1)[1] - float(poisson.order_parameter(t, r0, d))
        measured[f"order parameter, d = {d}"] = abs(gap)
    w = r0 * np.array([2.0, -1.0, 2.0]) / 3.0
    sol = mf.solve(mf.SA(0.0), mf.poisson_kernel(mf.Sphere(48), w), (0.0, t), rtol=1e-12)
    measured["L2, S^2 off the axis"] = _off(sol(t), w / r0 * float(poisson.radius(t, r0, 3)))
    space = mf.ZonalSphere(3, 64)
    rho0 = mf.poisson_kernel(space, r0 * space.direction)
    traj = pt.simulate(mf.SA(0.0), rho0.quantize(4000), (0.0, t), [t])
    measured["particles, d = 3"] = abs(traj.rows[-1].mean(axis=0)[2] - float(poisson.order_parameter(t, r0, 3)))
    limits: Limits = {name: (None, 1e-5 if "particles" in name else 1e-12) for name in measured}
    return judge(measured, limits)


def _off(rho: mf.Density, w: Any) -> float:
    """Relative L2(sigma) distance of a density from the Poisson kernel of parameter w."""
    exact = mf.poisson_kernel(rho.space.resized(max(128, rho.space.size)), w)
    mine = rho.resized(exact.space.size).coefficients
    # coefficients of order m > 0 stand for two; the factor is the same above and below to within 2
    return float(np.linalg.norm(mine - exact.coefficients) / np.linalg.norm(exact.coefficients))


@check(
    "A15.growth",
    where="A Prop 3.4",
    title="modes about the uniform measure grow at k(k+d-2) lambda_k / beta",
    covers=(),
)
def growth_on_spheres(bench: Bench) -> Verdict:
    """Measured growth of single modes, d = 3, 4, 8 (k <= 6) and d = 128 (k <= 2), and of every (l, m), l <= 4, on S^2.

    Runs with +eps and -eps are averaged, so that even orders cancel.  What is left is of third order, eps^2 = 1e-10 of
    the mode, and that is the limit, in units of the largest rate.
    """
    measured: dict[str, float] = {}
    for kind in ("SA", "USA"):
        law = {"SA": mf.SA, "USA": mf.USA}[kind](4.0, scale="relative")
        for d, top in ((3, 6), (4, 6), (8, 6), (128, 2)):
            rates = growth.growth_rates(kind, 4.0, d, top, scale="relative")
            space = mf.ZonalSphere(d, 24)
            worst = max(abs(_rate(law, space, k, {k: 1.0}) - rates[k]) for k in range(1, top + 1))
            measured[f"{kind}, d = {d}"] = worst / rates.max()
        rates = growth.growth_rates(kind, 4.0, 3, 4, scale="relative")
        sphere = mf.Sphere(16)
        worst = max(abs(_rate(law, sphere, k, {(k, m): 1.0}) - rates[k]) for k in range(1, 5) for m in range(k + 1))
        measured[f"{kind}, S^2"] = worst / rates.max()
    return judge(measured, dict.fromkeys(measured, (None, 1e-10)))


def _rate(law: Law, space: Space, k: int, mode: dict[Any, complex]) -> float:
    """log(c(t) / c(0)) / t for one mode, over runs of either sign."""
    ripple = space.ripple(mode)
    ripple = 1e-5 * ripple / np.abs(ripple).max() / np.sqrt(dimensions(space.d, k)[k])
    at, t = int(np.argmax(np.abs(ripple))), 0.1
    base = mf.uniform(space).coefficients
    ends = []
    for sign in (1.0, -1.0):
        rho = mf.Density(space, base + sign * ripple)
        run = mf.solve(law, rho, (0.0, t), t_eval=[t], rtol=1e-12, atol=1e-16)
        ends.append(sign * run.densities[-1].coefficients[at])
    return float(np.log(np.abs(np.mean(ends) / ripple[at])) / t)


@check(
    "A09.rotated",
    where="A 3.1",
    title="a rotated axisymmetric density on S^2 moves as the zonal solver says",
    covers=("A09",),
    equations=("A (3.4)",),
)
def rotated(bench: Bench) -> Verdict:
    """The same density solved on S^2 about a skew axis, and as a function of <x, axis>: energy, moments, values.

    The two spaces share no transform (spherical harmonics by ducc0; ultraspherical matrices), but the law and the loop:
    so both are held against the PDE by characteristics (`exact.reference_zonal`).  Moments 1e-12 and energies 1e-11,
    what runs at default tolerances owe; 1e-10 for values, which sum 64 degrees.
    """
    axis = np.array([1.0, -2.0, 2.0]) / 3.0
    skew = mf.ZonalSphere(3, 64, axis=axis)

    def profile(c: Any) -> Any:
        return 1.0 + 0.3 * c + 0.2 * (1.5 * c * c - 0.5)

    zonal = mf.solve(mf.SA(4.0), skew.density(profile), (0.0, 2.0))
    full = mf.solve(mf.SA(4.0), mf.Sphere(64).density(lambda x: profile(x @ axis)), (0.0, 2.0))
    x = pt.uniform(50, 3, bench.rng)
    a, b = zonal(2.0), full(2.0)
    exact = reference_zonal.solve("SA", 4.0, 3, profile, [2.0])
    first, second = exact.moments(2)[-1, 1:]
    # <x, axis> has the mean of P_1 and the mean square of (2 P_2 + 1) / 3; across the axis the rest is shared
    along = (2.0 * second + 1.0) / 3.0
    square = along * np.outer(axis, axis) + 0.5 * (1.0 - along) * (np.eye(3) - np.outer(axis, axis))
    measured = {
        "energy": float(np.abs(zonal.energy - full.energy).max()),
        "energy - by characteristics": max(abs(float(s.energy[-1] - exact.energy[-1])) for s in (zonal, full)),
        "mean": float(np.abs(a.mean - b.mean).max()),
        "mean - by characteristics": max(float(np.abs(mu.mean - first * axis).max()) for mu in (a, b)),
        "second moment": float(np.abs(a.second_moment - b.second_moment).max()),
        "second moment - by characteristics": max(float(np.abs(mu.second_moment - square).max()) for mu in (a, b)),
        "values": float(np.abs(a.at(x) - b.at(x)).max()),
    }
    bounds = {"energy": 1e-11, "mean": 1e-12, "second": 1e-12, "values": 1e-10}
    return judge(measured, {name: (None, bounds[name.split(" ")[0]]) for name in measured})


@check("A03.sphere", where="A 2.2, 3.3", title="two Diracs on S^2 follow the closed form", covers=("A03",))
def diracs_on_the_sphere(bench: Bench) -> Verdict:
    """Two weighted tokens on S^2, SA and USA, three masses: the angle between them against quadrature.

    1e-11, ten times the run's tolerance of 1e-12.
    """
    measured: dict[str, float] = {}
    rng = np.random.default_rng(bench.rng)
    for kind in ("SA", "USA"):
        law = {"SA": mf.SA, "USA": mf.USA}[kind](4.0, scale="scaled")
        worst = 0.0
        for m1 in (0.5, 0.2, 0.9):
            frame = np.linalg.qr(rng.standard_normal((3, 3)))[0]
            a0 = 1.3
            x = np.stack([frame[0], np.cos(a0) * frame[0] + np.sin(a0) * frame[1]])
            run = pt.simulate(law, x, (0.0, 2.0), [0.5, 1.0, 2.0], weights=[m1, 1.0 - m1], rtol=1e-12)
            gap = 2.0 * np.arcsin(0.5 * np.linalg.norm(run.rows[:, 0] - run.rows[:, 1], axis=-1))
            exact = diracs.gap(run.t, a0, 4.0, kind, m1, log_factor=float(np.log(named(law, 3)[1])))
            worst = max(worst, float(np.abs(gap - exact).max()))
        measured[kind] = worst
    return judge(measured, dict.fromkeys(measured, (None, 1e-11)))


@check(
    "A13.sphere",
    where="A 3.2, Lem 3.7",
    title="S^2 without symmetry: energy, dissipation, mass",
    covers=("A13", "A14", "A21"),
    equations=("A (3.5)", "A (3.6)", "A Lem 3.7"),
)
def energy_on_the_sphere(bench: Bench) -> Verdict:
    """|E(t) - E(0) - dissipated| <= 1e-9 |E(t) - E(0)|, mass to 1e-13, both laws and signs; uniform is the minimum."""
    measured: dict[str, float] = {}
    rho0 = mf.Sphere(32).density(_three_waves)
    for law in (mf.SA(4.0), mf.USA(4.0, scale="relative"), mf.SA(4.0, sign=-1), mf.USA(1.0, sign=-1)):
        sol = mf.solve(law, rho0, (0.0, 1.0))
        measured[f"identity: {law}"] = defect(sol)
        measured[f"backslide: {law}"] = backslide(sol.energy, law.sign)
        measured[f"mass: {law}"] = float(np.abs(sol.mass - 1.0).max())
    least = mf.uniform(mf.Sphere(8)).energy(mf.SA(4.0))
    measured["uniform: minimum"] = abs(least - energy.minimum(4.0, 3))
    measured["uniform: velocity"] = float(np.abs(mf.SA(4.0).velocity(0.0, None, mf.uniform(mf.Sphere(8)))).max())
    bounds = {"identity": 1e-9, "backslide": 1e-14, "mass": 1e-13, "uniform": 1e-13}
    return judge(measured, {name: (None, bounds[name.split(":")[0]]) for name in measured})


@check(
    "A20.spheres",
    where="A (3.8)-(3.10), Lem 3.6",
    title="the field of a density on S^2 is the sum over its points",
    covers=("A20",),
)
def convolution_on_the_sphere(bench: Bench) -> Verdict:
    """Z's gradient by multipliers against the direct sum over the quadrature points: 1e-13 of the largest velocity."""
    rho = mf.Sphere(40).density(_three_waves)
    x = pt.uniform(60, 3, bench.rng)
    measured = {}
    for law in (mf.SA(4.0), mf.USA(4.0), mf.SA(9.0)):
        points = mf.Points(rho.x, weights=rho.weights, field="direct")
        both = (law.velocity(0.0, x, mu) for mu in (rho, points))
        fast, slow = (v - np.sum(v * x, axis=-1, keepdims=True) * x for v in both)
        measured[str(law)] = float(np.abs(fast - slow).max() / np.abs(slow).max())
    return judge(measured, dict.fromkeys(measured, (None, 1e-12)))
