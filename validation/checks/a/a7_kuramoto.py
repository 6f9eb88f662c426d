"""A, section 7.2: Kuramoto's tokens, which turn at frequencies of their own."""

from __future__ import annotations

from collections.abc import Callable
from math import pi, sqrt

import numpy as np
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import ndtri

import meanfield as mf
import particles as pt
from meanfield.protocols import Array
from validation.checks._tools import central
from validation.registry import Bench, check
from validation.verdict import Verdict, judge

CLOUDS = 6
MISSED = 4.5
"""Standard errors by which an extrapolated order parameter may miss."""
OMEGA = np.array([-0.9, -0.5, -0.2, 0.1, 0.3, 0.6, 0.8])
BEGIN = np.array([0.1, 1.2, -2.0, 0.7, 2.8, -0.6, -1.4])
END = np.array([
    -1.24471138931613299, -0.892491424585106124, -0.662261640846475908, -0.440874327744607742, 5.99062179231070328,
    -0.0598668068242034294, 0.109583797005822911,
])  # fmt: skip
"""theta(10) at K = 1.5, in 50 digits."""


@check("A48", where="A 7.2 (7.2), (7.3)", title="Kuramoto: the flow climbs F, and r beyond the threshold")
def kuramoto(bench: Bench) -> Verdict:
    """Seven tokens of different frequencies to t = 10 against 17 digits, 1e-11; the mean turns at the mean frequency.

    The velocity is n grad F by central differences (1e-10), and F(t) - F(0) = int sum w theta'^2 (1e-9, Simpson).
    Gaussian frequencies at quantiles, K = 2 (K_c = 2 / (pi g(0)) = 1.596): the mean of r from t = 30 to 90 over 6
    clouds of n = 200, 400, 800 tokens, extrapolated in 1/n, within 4.5 standard errors of the root of
    1 = K int cos^2(a) g(K r sin a) da; at K = 0.8, below K_c, n r^2 grows less than n^(1/2) from n = 100 to 1600.
    """
    law = mf.Kuramoto(OMEGA, coupling=1.5)
    run = pt.simulate(law, BEGIN, (0.0, 10.0), np.linspace(0.0, 10.0, 2001), rtol=1e-13, atol=1e-13, land=True)
    F = run.quantity("potential")
    speeds = np.mean([np.square(np.ravel(law.velocity(0.0, None, mf.Points(a)))) for a in run.theta], axis=1)
    climbed = np.sum((speeds[:-2:2] + 4.0 * speeds[1::2] + speeds[2::2]) * (10.0 / 2000) / 3.0)

    def along(i: int) -> float:
        e = np.eye(7)[i]
        return float(central(lambda h: law.quantities(0.0, mf.Points(BEGIN + h * e))["potential"], 2e-3))

    v = np.ravel(law.velocity(0.0, None, mf.Points(BEGIN)))
    r, error = _far(lambda n: ndtri((np.arange(n) + 0.5) / n), 2.0, (200, 400, 800), bench.rng, (30.0, 90.0))
    below = [_means(ndtri((np.arange(n) + 0.5) / n), 0.8, bench.rng, (30.0, 90.0))[1].mean() for n in (100, 1600)]
    measured = {
        "theta(10) - printed": float(np.abs(run.theta[-1] - END).max()),
        "mean of theta(10) - 0.4": float(abs(run.theta[-1].mean() - 0.4)),
        "n grad F - velocity": float(np.abs(7.0 * np.array([along(i) for i in range(7)]) - v).max()),
        "F's rise - int theta'^2": float(abs(F[-1] - F[0] - climbed)),
        "fall of F": float(max(0.0, -np.diff(F).min())),
        "r, Gaussian, K = 2, errors off": float(abs(r - _locked(2.0)) / error),
        "its standard error": error,
        "K = 0.8: (n r^2 at 1600) / (at 100)": float(below[1] / below[0]),
    }
    most = (1e-11, 1e-11, 1e-10, 1e-9, 1e-13, MISSED, 0.005, 4.0)
    limits = {name: (None, limit) for name, limit in zip(measured, most, strict=True)}
    return judge(measured, limits)


@check(
    "A48.lorentz", where="A 7.2 (7.2)", title="Lorentz frequencies: r = (1 - K_c / K)^(1/2) beyond K_c = 2 / (pi g(0))",
    tier="full",
)  # fmt: skip
def lorentz(bench: Bench) -> Verdict:
    """Width 1/2, so K_c = 1: r at K = 1.1, 1.5, 2 over 6 clouds of n = 100, 200, 400, 800, extrapolated in 1/n.

    Frequencies at quantiles; the mean of r from t = 40 to 120; within 4.5 standard errors.
    """
    measured: dict[str, float] = {}
    limits: dict[str, tuple[None, float]] = {}
    for K in (1.1, 1.5, 2.0):
        r, error = _far(_lorentz, K, (100, 200, 400, 800), bench.rng, (40.0, 120.0), adaptive=True)
        measured |= {f"K = {K:g}: errors off": abs(r - sqrt(1.0 - 1.0 / K)) / error, f"K = {K:g}: error": error}
        limits |= {f"K = {K:g}: errors off": (None, MISSED), f"K = {K:g}: error": (None, 0.01)}
    return judge(measured, limits)


def _lorentz(n: int) -> Array:
    return np.asarray(0.5 * np.tan(pi * ((np.arange(n) + 0.5) / n - 0.5)))


def _means(omega: Array, K: float, rng: int, span: tuple[float, float], adaptive: bool = False) -> tuple[Array, Array]:
    """Means over the span of r and of n r^2, of every cloud."""
    n = len(omega)
    theta = np.random.default_rng([rng, n]).uniform(-pi, pi, (CLOUDS, n))
    how = {"rtol": 1e-6, "atol": 1e-6} if adaptive else {"method": "rk4", "step": 0.1}
    times = np.linspace(*span, 161)
    run = pt.simulate(mf.Kuramoto(omega, K), theta, (0.0, span[1]), times, angles=True, field="harmonic", **how)
    r = np.abs(np.exp(1j * run.theta).mean(axis=-1))
    return r.mean(axis=0), n * np.square(r).mean(axis=0)


def _far(
    omega: Callable[[int], Array], K: float, sizes: tuple[int, ...], rng: int, span: tuple[float, float],
    adaptive: bool = False,
) -> tuple[float, float]:  # fmt: skip
    """r of infinitely many tokens: a + b / n through the means, weighted, and a's standard error."""
    told = [_means(omega(n), K, rng, span, adaptive)[0] for n in sizes]
    mean, error = np.array([(m.mean(), m.std(ddof=1) / sqrt(CLOUDS)) for m in told]).T
    A = np.stack([np.ones(len(sizes)), 1.0 / np.array(sizes)], axis=1) / error[:, None]
    covariance = np.linalg.inv(A.T @ A)
    return float((covariance @ A.T @ (mean / error))[0]), float(sqrt(covariance[0, 0]))


def _locked(K: float) -> float:
    """r > 0 with 1 = K int cos^2(a) g(K r sin a) da, g the normal density."""

    def missing(r: float) -> float:
        whole = quad(lambda a: np.cos(a) ** 2 * np.exp(-0.5 * (K * r * np.sin(a)) ** 2), -pi / 2, pi / 2)[0]
        return float(K * whole / sqrt(2.0 * pi) - 1.0)

    return float(brentq(missing, 1e-3, 1.0, xtol=1e-12))
