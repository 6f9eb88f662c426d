"""A, sections 3.3 and 3.4: which flow is the gradient of what, in which metric."""

from __future__ import annotations

from typing import Any

import numpy as np

import meanfield as mf
import particles as pt
from meanfield.protocols import Array, Law, Measure
from validation.checks._tools import EPS, central, gradient, named, relative, start, velocity
from validation.exact import double_loop
from validation.inequality import Metric, energy_dissipation
from validation.registry import Bench, check
from validation.verdict import Verdict, judge

# --- tools -------------------------------------------------------------------------------------------------


def _z(law: mf.SA | mf.USA, mu: Measure) -> Array:
    """Z in the natural scale at a cloud's own points (..., n)."""
    r = mu.read(law.kernel(), None, "Z")
    return np.asarray((r.Z * np.exp(r.log))[..., 0])


def _loop(field: Any, n: int, rng: Any) -> float:
    """The integral of sum_i v_i d theta_i around a closed curve in the n-torus, by the trapezoidal rule (256 nodes)."""
    base, a, b = rng.uniform(0.0, 2.0 * np.pi, n), rng.standard_normal(n), rng.standard_normal(n)
    s = (2.0 * np.pi / 256.0 * np.arange(256))[:, None]
    theta = base + 0.5 * a * np.cos(s) + 0.5 * b * np.sin(s)
    slope = -0.5 * a * np.sin(s) + 0.5 * b * np.cos(s)
    return float(2.0 * np.pi * np.mean(np.sum(field(mf.Points(theta, angles=True)) * slope, axis=1)))


def _asymmetry(field: Any, theta: Array) -> float:
    """max |J - J^T| / max |J| of J_ij = d v_i / d theta_j, by central differences."""
    unit = np.eye(len(theta))
    J = np.stack([central(lambda h, e=e: field(mf.Points(theta + h * e)), 2e-3) for e in unit], axis=1)
    return float(np.abs(J - J.T).max() / np.abs(J).max())


def _shares(law: type[mf.SA | mf.USA], metric: Metric) -> dict[float, float]:
    """The defect of the energy-dissipation inequality over the energy's change, on [0, 1], relative scale, by beta."""
    rho0 = mf.Circle(64).density(lambda theta: 1.0 + 0.3 * np.cos(theta) + 0.2 * np.sin(2.0 * theta))
    runs = {beta: mf.solve(law(beta, scale="relative"), rho0, (0.0, 1.0), rtol=1e-12) for beta in (1.0, 4.0)}
    return {beta: energy_dissipation(sol, metric).share for beta, sol in runs.items()}


# --- checks ------------------------------------------------------------------------------------------------


@check("A17", where="A 3.3 (3.7)", title="SA is no Wasserstein gradient flow; USA is, and SA weighted by Z")
def nogradient(bench: Bench) -> Verdict:
    """A Wasserstein gradient flow moves n equal tokens by v = n grad F: a field without circulation.

    The integral of v around a closed curve in the n-torus and the asymmetry of its Jacobian (the second variation),
    for three and five tokens.  USA, and SA times Z: 0, to 1e-13 (trapezoidal rule) and 1e-10 (differences).  SA: at
    least 1e-3 of the field's size, a hundred million times what the method can see.  Two tokens of SA: 0 again (Z_1 =
    Z_2), so that it is no artefact.  Of densities: along SA the energy-dissipation inequality of Wasserstein's metric
    is strict, and along USA that of the weighted one, by at least 3e-3 of the energy's change (relative scale); along
    USA in its own metric it is an equality, to 1e-10.
    """
    rng = np.random.default_rng(bench.rng)
    sa, usa = mf.SA(2.0), mf.USA(2.0, scale="relative")
    fields = {
        "SA": lambda mu: velocity(sa, mu),
        "USA": lambda mu: velocity(usa, mu),
        "Z SA": lambda mu: velocity(sa, mu) * _z(sa, mu),
    }
    measured = {f"loop, {name}": max(abs(_loop(f, n, rng)) for n in (3, 5)) for name, f in fields.items()}
    theta = rng.uniform(0.0, 2.0 * np.pi, 4)
    measured |= {f"asymmetry, {name}": _asymmetry(f, theta) for name, f in fields.items()}
    measured["loop, SA, n = 2"] = abs(_loop(fields["SA"], 2, rng))
    limits: dict[str, tuple[float | None, float | None]] = {name: (None, 1e-13) for name in measured if "loop" in name}
    limits |= {name: (None, 1e-10) for name in measured if "asymmetry" in name}
    pairs: tuple[tuple[Any, Metric], ...] = (
        (mf.SA, "wasserstein"), (mf.USA, "weighted"), (mf.USA, "wasserstein")
    )  # fmt: skip
    for law, metric in pairs:
        for beta, share in _shares(law, metric).items():
            name = f"EDI, {law.__name__}, {metric}, beta = {beta:g}"
            own = law is mf.USA and metric == "wasserstein"
            measured[name], limits[name] = (abs(share), (None, 1e-10)) if own else (share, (3e-3, None))
    return judge(measured, limits | {"loop, SA": (1e-3, None), "asymmetry, SA": (1e-3, None)})


@check("A19", where="A 3.3 (USA)", title="two tokens: SA is USA up to a change of time; three are not")
def change_of_time(bench: Bench) -> Verdict:
    """SA at time t against USA at s(t) = int_0^t ds / Z, for two equal tokens in R^3: both have Z_1 = Z_2 = Z.

    s is integrated by Gauss's rule along SA's run, at asked times: 1e-10 in position.  For three tokens no time does:
    the least distance between SA's end and USA's whole path is above 1e-4, a million times as much.
    """
    rng = np.random.default_rng(bench.rng)
    nodes, weights = np.polynomial.legendre.leggauss(20)
    worst, away = 0.0, np.inf
    for beta, t in ((1.0, 3.0), (4.0, 5.0), (9.0, 4.0)):
        law, other = mf.SA(beta), mf.USA(beta)
        x = pt.uniform(2, 3, rng)
        x[1] = np.sign(x[0] @ x[1]) * x[1]  # within a right angle, so that they move
        at = np.concatenate([0.5 * t * (nodes + 1.0), [t]])
        run = pt.simulate(law, x, (0.0, t), at, rtol=1e-12, atol=1e-14)
        s = 0.5 * t * sum(w / _z(law, mu)[0] for w, mu in zip(weights, run.measures, strict=False))
        end = pt.simulate(other, x, (0.0, s), [s], rtol=1e-12, atol=1e-14).x[-1]
        worst = max(worst, float(np.abs(run.x[-1] - end).max()))
        y = np.array([0.0, 0.5, 1.7])
        three = pt.simulate(law, y, (0.0, 1.0), [1.0], rtol=1e-11).x[-1]
        path = pt.simulate(other, y, (0.0, 5.0 * np.exp(-beta))).x
        away = min(away, float(np.abs(path - three).max(axis=1).min()))
    measured = {"two tokens": worst, "three tokens, least distance": away}
    return judge(measured, {"two tokens": (None, 1e-10), "three tokens, least distance": (1e-4, None)})


@check("A20", where="A (3.8)-(3.10), Lem 3.6", title="USA's field by multipliers is the sum over all pairs")
def convolution(bench: Bench) -> Verdict:
    """grad (G * mu), G = e^{bt}/b, three times: by multipliers, by our direct sum, and by the loop as printed.

    On the circle at the density's own nodes, b = 0.5 to 9, and 64 against e^{-b} times the kernel summed here; on S^2
    at random points against a product rule of 64 x 64 nodes: to 8 (1 + b) eps of the largest velocity, times what
    cancels in the sum (4 to 13).  And between 1500 tokens, band-limited against direct: 1e-12.
    """
    rng = np.random.default_rng(bench.rng)
    measured: dict[str, float] = {}
    limits: dict[str, float] = {}
    for beta in (0.5, 1.0, 4.0, 9.0):
        rho = start()
        ours = np.asarray(mf.USA(beta).velocity(0.0, None, rho))[:, 0]
        printed = double_loop.angle_velocity("USA", rho.space.nodes, beta, weights=rho.weights)
        measured[f"density - printed, beta = {beta:g}"] = relative(ours, printed)
        cloud = mf.Points(rho.space.nodes, rho.weights, field="direct")
        measured[f"density - direct, beta = {beta:g}"] = relative(ours, velocity(mf.USA(beta), cloud))
        limits |= dict.fromkeys(list(measured)[-2:], _rounding(beta, _pulls(beta, rho)))
    rho = start(256)
    sharp = np.asarray(mf.USA(64.0, scale="scaled").velocity(0.0, None, rho))[:, 0]
    pulls = _pulls(64.0, rho)
    measured["density - printed, beta = 64"] = relative(sharp, pulls.sum(axis=1))
    limits["density - printed, beta = 64"] = _rounding(64.0, pulls)
    measured["density - direct, S^2"], limits["density - direct, S^2"] = _on_sphere(rng)
    theta = rho.sample(1500, rng)
    for law in (mf.USA(9.0), mf.SA(9.0)):
        fast, slow = (velocity(law, mf.Points(theta, field=field)) for field in ("harmonic", "direct"))
        measured[f"tokens, {law}: fast - direct"] = relative(fast, slow)
        limits[f"tokens, {law}: fast - direct"] = 1e-12
    return judge(measured, {name: (None, limit) for name, limit in limits.items()})


def _pulls(beta: float, rho: mf.Density) -> Array:
    """(n, n) what each node of a density on the circle adds to USA's velocity at each, scaled."""
    gap = np.subtract.outer(rho.space.nodes, rho.space.nodes)
    return np.asarray(-np.exp(-2.0 * beta * np.sin(0.5 * gap) ** 2) * np.sin(gap) * rho.weights)


def _rounding(beta: float, terms: Array) -> float:
    """What rounding may leave of sums over the second axis, over the largest: exponents are good to beta eps."""
    return float(8.0 * (1.0 + beta) * EPS * np.abs(terms).sum(axis=1).max() / np.abs(terms.sum(axis=1)).max())


def _on_sphere(rng: Any) -> tuple[float, float]:
    """A zonal density's field at random points of S^2 against the direct sum over a product rule, and the limit."""
    rho = mf.ZonalSphere(3, 63).density(lambda c: 1.0 + 0.3 * c + 0.2 * (1.5 * c * c - 0.5))
    c, w = np.polynomial.legendre.leggauss(64)
    phi = 2.0 * np.pi * np.arange(64) / 64.0
    s = np.sqrt(1.0 - c * c)[:, None]
    rows = np.stack([s * np.cos(phi), s * np.sin(phi), np.broadcast_to(c[:, None], (64, 64))], axis=-1).reshape(-1, 3)
    mass = np.repeat(w / 2.0 * (1.0 + 0.3 * c + 0.2 * (1.5 * c * c - 0.5)) / 64.0, 64)
    x, law = pt.uniform(20, 3, rng), mf.USA(4.0)
    ours = law.velocity(0.0, x, rho)
    weights = mass * np.exp(4.0 * x @ rows.T)
    ours, summed = (v - np.sum(v * x, axis=1, keepdims=True) * x for v in (ours, weights @ rows))
    return relative(ours, summed), float(8.0 * 5.0 * EPS * weights.sum(axis=1).max() / np.abs(summed).max())


@check("A23", where="A Rem 3.8 (3.11)", title="USA's tokens climb n grad E")
def climb(bench: Bench) -> Verdict:
    """(1/w_i) grad_i E by sixth-order differences of our energy, against our velocity and the loop's: 1e-9, relative.

    Circle, S^2 and S^7, b = 0, 1, 4, 9, every scale, weighted tokens (for w_i = 1/n it is n grad E).  The differences
    are good to 1e-12; a wrong factor 1/b, or a missing diagonal, is of order 1.
    """
    rng = np.random.default_rng(bench.rng)
    ours, printed = 0.0, 0.0
    laws = (mf.USA(1.0), mf.USA(9.0, scale="relative"), mf.USA(4.0, scale="scaled"), mf.USA(0.0), mf.USA(4.0))
    for d, law in zip((2, 2, 3, 3, 8), laws, strict=True):
        x, w = pt.uniform(7, d, rng), rng.dirichlet(np.full(7, 4.0))
        slope = gradient(law, x, w)
        ours = max(ours, relative(slope, velocity(law, mf.Points(x, w))))
        kind, factor = named(law, d)
        loop = factor * double_loop.velocity(kind, x, law.beta, weights=w)
        printed = max(printed, relative(slope, loop))
    measured = {"differences - velocity": ours, "differences - printed": printed}
    return judge(measured, dict.fromkeys(measured, (None, 1e-9)))


@check("A24", where="A 3.4.1 (3.12)-(3.14)", title="SA's tokens climb n grad E in the metric sum Z_i |v_i|^2")
def weighted_metric(bench: Bench) -> Verdict:
    """Z_i x_i' = (1/w_i) grad_i E by differences, and dE/dt = sum w_i Z_i |x_i'|^2 along SA's own velocity: 1e-9.

    The second is a directional derivative of our energy along the retracted velocity, and holds at single points of
    the identity that A13 integrates.  For two equal tokens the metric is conformal: Z_1 = Z_2 to rounding, and for
    three it is not.  Of densities: along SA the energy-dissipation inequality of this metric is an equality, to
    1e-10 of the energy's change.
    """
    rng = np.random.default_rng(bench.rng)
    slopes, rates = 0.0, 0.0
    for d, beta in ((2, 1.0), (2, 9.0), (3, 4.0), (3, 0.0), (8, 4.0)):
        law = mf.SA(beta)
        x, w = pt.uniform(7, d, rng), rng.dirichlet(np.full(7, 4.0))
        mu = mf.Points(x, w)
        v, Z = velocity(law, mu), _z(law, mu)
        slopes = max(slopes, relative(gradient(law, x, w), Z[:, None] * v))

        def along(h: float, x: Array = x, v: Array = v, w: Array = w, law: Law = law) -> float:
            y = x + h * v
            return float(mf.Points(y / np.linalg.norm(y, axis=1, keepdims=True), w).energy(law))

        rates = max(rates, relative(central(along, 2e-3), w @ (Z * np.sum(v * v, axis=1))))
    two, three = (_z(mf.SA(4.0), mf.Points(pt.uniform(n, 3, rng))) for n in (2, 3))
    measured = {
        "differences - Z x velocity": slopes,
        "dE/dt - sum w Z |v|^2": rates,
        "n = 2: |Z_1 - Z_2| / Z_1": abs(two[1] / two[0] - 1.0),
        "n = 3: spread of Z": np.ptp(three) / three[0],
    }
    limits: dict[str, tuple[float | None, float | None]] = {
        "differences - Z x velocity": (None, 1e-9),
        "dE/dt - sum w Z |v|^2": (None, 1e-9),
        "n = 2: |Z_1 - Z_2| / Z_1": (None, 1e-14),
        "n = 3: spread of Z": (1e-3, None),
    }
    for beta, share in _shares(mf.SA, "weighted").items():
        measured[f"EDI, beta = {beta:g}"], limits[f"EDI, beta = {beta:g}"] = abs(share), (None, 1e-10)
    return judge(measured, limits)
