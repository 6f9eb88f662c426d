"""A, section 3.2 and Lemma 3.7: the interaction energy, what it dissipates, and its extremes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

import meanfield as mf
import particles as pt
from meanfield.protocols import Array, Space
from validation.checks._tools import backslide, defect, named, relative, start
from validation.exact import double_loop, energy, multipliers
from validation.registry import Bench, check
from validation.verdict import Limits, Verdict, judge

SCALES: tuple[Any, ...] = ("natural", "scaled", "relative")
ROUNDING = 1e-14
"""A monotone sequence of energies slides back by a few 1e-16 of its size, and by the sum's own rounding."""


# --- A13, A14, A21: along runs -----------------------------------------------------------------------------


def _laws(kind: Any, sign: int) -> Iterator[tuple[Any, float]]:
    """Laws at beta = 0, 1e-10, 1, 4, 9 in every scale, ending before clustering (repulsion needs no end)."""
    for beta, t in ((0.0, 2.0), (1e-10, 2.0), (1.0, 2.0), (4.0, 3.0), (9.0, 2.0)):
        for scale in SCALES:
            law = kind(beta, sign=sign, scale=scale)
            # USA's time runs faster by the factor of its scale: measure it by the fastest growth
            yield law, min(t, 1.5 / abs(mf.fastest(kind(beta, scale=scale), 2)[1])) if kind is mf.USA else t


def _along_densities(kind: Any, sign: int) -> dict[str, float]:
    """Defect and backslide, worst over all scales, for every beta; on the circle, and at d = 3, 512 and 1024."""
    out: dict[str, float] = {}
    for law, t in _laws(kind, sign):
        sol = mf.solve(law, start(), (0.0, t))
        _keep(out, f"beta = {law.beta:g}", sol, sign)
    for d in (3, 512, 1024):
        rho = mf.ZonalSphere(d, 64).density(lambda c: 1.0 + 0.3 * c + 0.2 * (1.5 * c * c - 0.5))
        _keep(out, f"d = {d}", mf.solve(kind(4.0, sign=sign, scale="relative"), rho, (0.0, 2.0)), sign)
    return out


def _along_points(kind: Any, sign: int, rng: Any) -> dict[str, float]:
    """The same for 24 weighted tokens on S^1, S^2 and S^7, two replicas of each."""
    out: dict[str, float] = {}
    w = rng.dirichlet(np.full(24, 5.0))
    cases = ((2, 4.0, "natural"), (3, 1.0, "scaled"), (8, 9.0, "relative"), (3, 0.0, "natural"), (3, 1e-10, "natural"))
    for d, beta, scale in cases:
        x = pt.uniform(24, d, rng, replicas=2)
        law = kind(beta, sign=sign, scale=scale)
        t = 4.0 if kind is mf.SA else 2.0 * np.exp(-beta - law.log_factor(d))
        run = pt.simulate(law, x, (0.0, t), weights=w, rtol=1e-11, atol=1e-13)
        _keep(out, f"points, d = {d}, beta = {beta:g}", run, sign)
    return out


def _keep(out: dict[str, float], name: str, record: Any, sign: int) -> None:
    for what, value in (("identity", defect(record)), ("backslide", backslide(record.gained, sign))):
        out[f"{what}: {name}"] = max(value, out.get(f"{what}: {name}", 0.0))


def _limits(measured: dict[str, float]) -> Limits:
    """1e-9 (density) or 1e-8 (points) for the identity, rounding for the backslide, 1e-12 for the formulas."""
    limits: dict[str, tuple[float | None, float | None]] = {}
    for name in measured:
        if name.startswith("identity"):
            limits[name] = (None, 1e-8 if "points" in name else 1e-9)
        elif name.startswith("backslide"):
            limits[name] = (None, ROUNDING)
        elif name.startswith("formulas"):
            limits[name] = (None, 1e-12)
    return limits


def _printed(kind: str, law: mf.SA | mf.USA, rho: Any) -> float:
    """Our E and dissipation of a density against the printed sums over its quadrature points, relative."""
    x, w = rho.x, rho.weights
    E = double_loop.energy(x, law.beta, weights=w)
    D = double_loop.dissipation(kind, x, law.beta, weights=w, sign=law.sign)
    told = law.quantities(0.0, rho)
    return max(relative(told["energy"], E), relative(told["dissipation"], D))


@check("A13", where="A 3.2 (3.5), (3.6)", title="SA: the energy rises by int |X|^2 Z d mu; densities and points")
def dissipation_of_sa(bench: Bench) -> Verdict:
    """|E(t) - E(0) - int_0^t int |X|^2 Z d mu ds| over |E(t) - E(0)| at 100 times, beta = 0, 1e-10, 1, 4, 9, every
    scale; d = 2, 3, 512, 1024.

    The two sides are computed differently: E by one sum, the right side by Gauss's rule in time over another.  1e-9
    for densities, 1e-8 for points (their positions carry the run's tolerance).  That both formulas are the printed
    ones is seen at one density against loops: 1e-12.  E itself may not fall by more than rounding.
    """
    measured = _along_densities(mf.SA, 1) | _along_points(mf.SA, 1, np.random.default_rng(bench.rng))
    measured["formulas - printed"] = _printed("SA", mf.SA(4.0), start(64))
    picture = bench.figure("energy", lambda: mf.solve(mf.SA(4.0), start(), (0.0, 3.0)).plot_energy())
    return judge(measured, _limits(measured), pictures=[picture])


@check("A21", where="A Lem 3.7", title="USA: the energy rises by int |grad(G * mu)|^2 d mu; densities and points")
def dissipation_of_usa(bench: Bench) -> Verdict:
    """As A13, for USA and its own dissipation int |X|^2 d mu: 1e-9 and 1e-8, formulas 1e-12."""
    measured = _along_densities(mf.USA, 1) | _along_points(mf.USA, 1, np.random.default_rng(bench.rng))
    measured["formulas - printed"] = _printed("USA", mf.USA(4.0), start(64))
    return judge(measured, _limits(measured))


@check("A14", where="A 3.2", title="V = -I: the energy falls, by what is dissipated")
def repulsion(bench: Bench) -> Verdict:
    """As A13 and A21 with sign = -1: dissipation is negative, E falls at every step and towards its minimum."""
    rng = np.random.default_rng(bench.rng)
    measured: dict[str, float] = {}
    for name, kind in (("SA", mf.SA), ("USA", mf.USA)):
        both = _along_densities(kind, -1) | _along_points(kind, -1, rng)
        measured |= {f"{key}, {name}": value for key, value in both.items()}
    sol = mf.solve(mf.SA(4.0, sign=-1), start(), (0.0, 20.0))
    measured["largest dissipation"] = float(sol.dissipation.max())
    measured["E(20) over the minimum - 1"] = float(sol.energy[-1] / energy.minimum(4.0, 2) - 1.0)
    ends = {"largest dissipation": (None, 0.0), "E(20) over the minimum - 1": (-1e-14, 1e-3)}
    return judge(measured, {**_limits(measured), **ends}, pictures=[bench.figure("energy", sol.plot_energy)])


@check("A21.noise", where="A Lem 3.7, 9", title="USA with noise: the free energy falls as it must", covers=())
def free_energy(bench: Bench) -> Verdict:
    """F = kappa Ent - E along runs with diffusion: dF/dt = -int |grad U - kappa grad log rho|^2 d mu.

    The right side is written out here on the quadrature points, with the field by the printed loop and grad rho from
    the coefficients, and integrated by Gauss's rule over [0, 2] at asked times.  1e-11 of the whole fall, ten times the
    run's tolerance.  F may not rise by more than rounding.
    """
    measured: dict[str, float] = {}
    nodes, weights = np.polynomial.legendre.leggauss(40)
    t, cases = 2.0, ((mf.USA(1.0), 0.2), (mf.USA(4.0, scale="relative"), 0.1), (mf.USA(1.0, sign=-1), 0.05))
    for law, kappa in cases:
        at = np.concatenate([[0.0], 0.5 * t * (nodes + 1.0), [t]])
        sol = mf.solve(law, start(256), (0.0, t), t_eval=at, diffusion=kappa, rtol=1e-12, atol=1e-15)
        kind, factor = named(law, 2)
        rates = []
        for rho in sol.densities[1:-1]:
            theta, w = rho.space.nodes, rho.weights
            X = factor * double_loop.angle_velocity(kind, theta, law.beta, weights=w, sign=law.sign)
            slope = rho.space.evaluate(rho.coefficients, gradient=True)[..., 0]
            rates.append(-(w @ (X - kappa * slope / rho.values) ** 2))
        F = sol.free_energy
        name = f"{law}, kappa = {kappa:g}"
        measured[f"identity: {name}"] = abs(F[-1] - F[0] - 0.5 * t * (weights @ rates)) / abs(F[-1] - F[0])
        measured[f"backslide: {name}"] = backslide(F, -1)
    return judge(measured, {name: (None, 1e-11 if "identity" in name else ROUNDING) for name in measured})


# --- A15, A16: extremes and the multipliers behind them ----------------------------------------------------

PRINTED = {1.0: (0.63303, 1.35914), 4.0: (1.41274, 6.82477), 9.0: (60.7549, 450.171)}
"""Minimum and maximum of E on the circle, to six digits."""


def _random_density(space: Space, rng: Any) -> mf.Density:
    """exp of a random polynomial of degree 3 in c = <x, axis> (cos theta and sin theta on the circle)."""
    a, b = 0.5 * rng.standard_normal((2, 4))

    def values(q: Array) -> Array:
        if space.d == 2:
            return np.exp(sum(a[k] * np.cos(k * q) + b[k] * np.sin(k * q) for k in range(1, 4)))
        return np.exp(np.polynomial.polynomial.polyval(q, a))

    return space.density(values)


@check("A15", where="A Prop 3.4", title="the uniform measure minimises the energy, Diracs maximise it")
def extremes(bench: Bench) -> Verdict:
    """E of the uniform density and of a Dirac against closed forms, and the printed digits on the circle.

    1e-13, the rounding of exponents of order 10; half a unit of the last digit of 0.63303 is 8e-6 of it.
    S^2: sinh(b)/(2 b^2); dimensions to 8; every scale.  That they are the extremes: 2000 random clouds, and 20 random
    densities each on the circle, on S^2 and on S^7 lie strictly between, and so does every perturbation of the uniform
    density by one mode.
    """
    rng = np.random.default_rng(bench.rng)
    errors, printed = [0.0], [0.0]
    for beta, (low, high) in PRINTED.items():
        law = mf.SA(beta)
        printed.append(abs(mf.uniform(mf.Circle(64)).energy(law) / low - 1.0))
        printed.append(abs(float(mf.Points(np.zeros(1)).energy(law)) / high - 1.0))
        for d in (2, 3, 8):
            space = mf.Circle(64) if d == 2 else mf.ZonalSphere(d, 64)
            dirac = mf.Points(np.eye(d)[:1])
            for scale in SCALES:
                scaled = mf.USA(beta, scale=scale)
                errors.append(abs(mf.uniform(space).energy(scaled) / energy.minimum(beta, d, scale=scale) - 1.0))
                errors.append(abs(float(dirac.energy(scaled)) / energy.maximum(beta, d, scale=scale) - 1.0))
        sphere = mf.uniform(mf.ZonalSphere(3, 64)).energy(mf.SA(beta))
        errors.append(abs(sphere / (np.sinh(beta) / (2.0 * beta**2)) - 1.0))
    law = mf.SA(4.0)
    low, high = energy.minimum(4.0, 2), energy.maximum(4.0)
    clouds = mf.Points(pt.uniform_angles(12, rng, replicas=2000), angles=True).energy(law)
    waves = [mf.perturbed_uniform(mf.Circle(64), {k: 1e-3}).energy(law) for k in range(1, 11)]
    between = []
    for space in (mf.Circle(128), mf.ZonalSphere(3, 64), mf.ZonalSphere(8, 64)):
        d = space.d
        E = np.array([_random_density(space, rng).energy(law) for _ in range(20)])
        between += [(E / energy.minimum(4.0, d)).min() - 1.0, 1.0 - (E / energy.maximum(4.0, d)).max()]
    measured = {
        "closed forms, relative": max(errors),
        "printed digits, relative": max(printed),
        "least cloud over minimum": clouds.min() / low,
        "largest cloud over maximum": clouds.max() / high,
        "least ripple over minimum - 1": min(waves) / low - 1.0,
        "random densities, least distance from the extremes": min(between),
    }
    limits: Limits = {
        "closed forms, relative": (None, 1e-13),
        "printed digits, relative": (None, 8e-6),
        "least cloud over minimum": (1.0, None),
        "largest cloud over maximum": (None, 1.0),
        "least ripple over minimum - 1": (1e-15, None),
        "random densities, least distance from the extremes": (1e-6, None),
    }
    return judge(measured, limits)


@check("A15.sample", where="A Prop 3.4", title="energy of an i.i.d. sample: its exact excess", covers=())
def sampling_excess(bench: Bench) -> Verdict:
    """E E[mu_n] - E[sigma] = (e^b - lambda_0)/(2 b n) for n i.i.d. uniform tokens, exact for every n: the self-pairs.

    Mean over replicas against it, in standard errors of the mean: at most 4.  The standard error is at most 5% of the
    excess, so that a factor n - 1 for n at n = 10 would show.
    """
    rng = np.random.default_rng(bench.rng)
    measured: dict[str, float] = {}
    limits: dict[str, tuple[float | None, float | None]] = {}
    for d, n, beta, replicas in ((2, 10, 1.0, 20000), (2, 10, 4.0, 20000), (2, 30, 9.0, 4000), (3, 10, 4.0, 20000)):
        law = mf.SA(beta)
        x = pt.uniform(n, d, rng, replicas=replicas)
        E = np.concatenate([mf.Points(part).energy(law) for part in np.array_split(x, 20)])
        exact = energy.minimum(beta, d) + energy.sampling_excess(n, beta, d)
        error = E.std(ddof=1) / np.sqrt(replicas)
        name = f"d = {d}, n = {n}, beta = {beta:g}"
        measured[f"standard errors from exact: {name}"] = abs(E.mean() - exact) / error
        measured[f"standard error over excess: {name}"] = error / energy.sampling_excess(n, beta, d)
        limits[f"standard errors from exact: {name}"] = (None, 4.0)
        limits[f"standard error over excess: {name}"] = (None, 0.05)
    return judge(measured, limits)


def _mean(power: int, beta: float) -> float:
    """Mean of e^{b(t-1)} on [-1, 1] with the weight (1 - t^2)^{(power-1)/2}; every term positive.

    t = tanh u, 1 - t = 2 / (1 + e^{2u}), and the trapezoidal rule: it errs by e^{-2 pi a / h} with h = 1/16 and
    a = pi/4, up to which |tanh(u + ia)| <= 1, and by e^-40 at the ends.  The same sum gives the norm.
    """
    u = np.arange(-640.0, 641.0) / 16.0
    w = np.cosh(u) ** -(power + 1.0)
    return float(w @ np.exp(-2.0 * beta / (1.0 + np.exp(2.0 * u))) / w.sum())


def _rodrigues(beta: float, d: int, degree: int) -> Array:
    """e^{-b} lambda_k for k = 0..degree by Rodrigues' formula: (b/2)^k Gamma(d/2)/Gamma(k+d/2) times `_mean`.

    Positive terms only, so that the smallest multiplier has as many digits as the largest, and is seen to be positive.
    """
    k = np.arange(degree)
    front = np.concatenate([[1.0], np.cumprod(0.5 * beta / (k + 0.5 * d))])
    return front * [_mean(2 * i + d - 2, beta) for i in range(degree + 1)]


@check("A16", where="A Prop 3.4, proof", title="the multipliers of e^{bt} are positive, and what quadrature gives")
def gegenbauer(bench: Bench) -> Verdict:
    """`mf.multipliers`, of e^{b(t-1)}, k = 0..20, against Rodrigues' formula by quadrature (relative to each).

    1e-13 of each multiplier, however small (they span 40 decades), and 1e-14 of the largest; against Bessel functions
    1e-12, whose logarithms are what costs digits; all positive.  d = 2, 3, 4, 8, 32 and beta = 0.5 to 25.
    """
    each = top = bessel = 0.0
    least = np.inf
    for d in (2, 3, 4, 8, 32):
        for beta in (0.5, 1.0, 4.0, 9.0, 25.0):
            ours, exact = mf.multipliers(beta, d, 20), _rodrigues(beta, d, 20)
            each = max(each, float(np.abs(ours / exact - 1.0).max()))
            top = max(top, relative(ours, exact))
            logs = multipliers.log_multipliers(beta, d, 20) - beta
            bessel = max(bessel, float(np.abs(ours / np.exp(logs) - 1.0).max()))
            least = min(least, float(ours.min()))
    measured = {"each, relative": each, "to the largest": top, "to Bessel's, each": bessel, "least": least}
    limits: Limits = {"each, relative": (None, 1e-13), "to the largest": (None, 1e-14), "least": (1e-300, None)}
    return judge(measured, {**limits, "to Bessel's, each": (None, 1e-12)})
