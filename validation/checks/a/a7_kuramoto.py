"""A, section 7.2: Kuramoto's tokens, which turn at frequencies of their own."""

from __future__ import annotations

from collections.abc import Callable
from math import log, pi, sqrt
from typing import Any

import numpy as np
from scipy.sparse import csr_array
from scipy.special import ndtri

import meanfield as mf
import particles as pt
from meanfield.plot import legends, style
from meanfield.protocols import Array
from validation.checks._tools import central
from validation.exact import synchrony
from validation.registry import Bench, check
from validation.verdict import Limits, Verdict, judge

GAMMA = 0.5
"""Width of Lorentz frequencies: K_c = 1."""
GOLDEN = 0.5 * (sqrt(5.0) - 1.0)
REDUCED = np.array([0.8, 1.1, 1.5, 2.0])
"""K at which tokens are compared with Ott and Antonsen's equation."""
BEGUN, UNTIL = 0.5, 20.0
"""Its r at first, and K times its last time."""
SHARES = (1.1, 1.5, 2.0)
"""K over K_c where r is measured."""
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



@check(
    "A48", where="A 7.2 (7.2), (7.3)", title="Kuramoto: the flow climbs F; r is Ott and Antonsen's on both sides of K_c"
)
def kuramoto(bench: Bench) -> Verdict:
    """Seven tokens of different frequencies to t = 10 against 17 digits, 1e-11; the mean turns at the mean frequency.

    The velocity is n grad F by central differences (1e-10), and F(t) - F(0) = int sum w theta'^2 (1e-9, Gauss' rule).

    Lorentz frequencies at quantiles, width 1/2, so that K_c = 2 / (pi g(0)) = 1, and phases of a Poisson kernel of
    r = 0.5, paired as a lattice: r(t) at K = 0.8, 1.1, 1.5, 2 against the closed solution of
    r' = (K/2 - 1/2) r - (K/2) r^3, whose fixed point is (1 - K_c / K)^(1/2).  The largest difference to K t = 20 is
    below 0.05 at n = 500 and 0.0125 at n = 2000, and falls by more than half: it is of order 1/n.
    """
    law = mf.Kuramoto(OMEGA, coupling=1.5)
    nodes, weights = (5.0 * part for part in np.polynomial.legendre.leggauss(80))
    times = np.concatenate([[0.0], 5.0 + nodes, [10.0]])
    run = pt.simulate(law, BEGIN, (0.0, 10.0), times, rtol=1e-13, atol=1e-13, land=True)
    F = run.quantity("potential")
    speeds = np.mean([np.square(np.ravel(law.velocity(0.0, None, mf.Points(a)))) for a in run.theta[1:-1]], axis=1)

    def along(i: int) -> float:
        e = np.eye(7)[i]
        return float(central(lambda h: law.quantities(0.0, mf.Points(BEGIN + h * e))["potential"], 2e-3))

    v = np.ravel(law.velocity(0.0, None, mf.Points(BEGIN)))
    measured = {
        "theta(10) - printed": float(np.abs(run.theta[-1] - END).max()),
        "mean of theta(10) - 0.4": float(abs(run.theta[-1].mean() - 0.4)),
        "n grad F - velocity": float(np.abs(7.0 * np.array([along(i) for i in range(7)]) - v).max()),
        "F's rise - int theta'^2": float(abs(F[-1] - F[0] - weights @ speeds)),
        "fall of F": float(max(0.0, -np.diff(F).min())),
    }
    curves = {n: _reduced(n) for n in (500, 2000)}
    off = {n: float(np.abs(tokens - exact).max()) for n, (_, tokens, exact) in curves.items()}
    measured |= {f"n = {n}: r - Ott and Antonsen's": far for n, far in off.items()}
    measured["the same, n = 2000 over n = 500"] = off[2000] / off[500]
    most = (1e-11, 1e-11, 1e-10, 1e-9, 1e-13, 0.05, 0.0125, 0.5)
    limits: Limits = {name: (None, limit) for name, limit in zip(measured, most, strict=True)}
    return judge(measured, limits, pictures=[bench.figure("order", lambda: _drawn(*curves[2000]))])


@check(
    "A48.graphs", where="A 7.2 (7.2), (7.3)",
    title="on random graphs tokens synchronise above the connectivity threshold, and not below",
)  # fmt: skip
def graphs(bench: Bench) -> Verdict:
    """Erdos and Renyi's graphs of n = 100 tokens, p = 3.5 log n / n and 0.4 log n / n, four each; equal frequencies.

    theta_i' = (1 / (n p)) sum_j A_ij sin(theta_j - theta_i) from random phases to t = 60: above, 1 - r < 1e-6; below,
    where some token has no neighbour, 1 - r > 0.01.
    """
    rng, n = np.random.default_rng(bench.rng), 100
    told: dict[float, list[float]] = {3.5: [], 0.4: []}
    for share, found in told.items():
        p = share * log(n) / n
        for _ in range(4):
            A = np.triu(rng.random((n, n)) < p, 1)
            law = mf.Masked(mf.Kuramoto(0.0, 1.0 / p), csr_array((A | A.T).astype(float)), per_row=False)
            run = pt.simulate(law, rng.uniform(-pi, pi, n), (0.0, 60.0), [60.0], rtol=1e-5, atol=1e-7)
            found.append(float(1.0 - np.abs(np.exp(1j * run.theta[-1]).mean())))
    measured = {"above: largest 1 - r": max(told[3.5]), "below: least 1 - r": min(told[0.4])}
    return judge(measured, {"above: largest 1 - r": (None, 1e-6), "below: least 1 - r": (0.01, None)})


@check(
    "A48.lorentz", where="A 7.2 (7.2)", title="Lorentz frequencies: r = (1 - K_c / K)^(1/2) beyond K_c = 2 / (pi g(0))",
    tier="full",
)  # fmt: skip
def lorentz(bench: Bench) -> Verdict:
    """Width 1/2, so K_c = 1: r at K = 1.1, 1.5, 2 over 6 clouds of n = 100, 200, 400, 800, extrapolated in 1/n.

    Frequencies at quantiles, random phases; the mean of r over K t = 60 to 160; within 4.5 standard errors.  Steps are
    0.2 / K: tokens that turn by more than a radian in a step are few, and pull as much ahead as back.
    """
    measured, limits, told = _measured(_lorentz, synchrony.lorentz(GAMMA), bench.rng)
    return judge(measured, limits, pictures=[bench.figure("threshold", lambda: _thresholds(told))])


@check(
    "A48.normal", where="A 7.2 (7.2)", title="normal frequencies: r of those that lock, beyond K_c = 2 / (pi g(0))",
    tier="full",
)  # fmt: skip
def normal(bench: Bench) -> Verdict:
    """K_c = (8 / pi)^(1/2): r at K = 1.1, 1.5, 2 K_c as for Lorentz frequencies, against the root of

    1 = K int cos^2(a) g(K r sin a) da; and at K = K_c / 2 n r^2 grows less than n^(1/2) from n = 100 to 1600.
    """
    measured, limits, _ = _measured(lambda n: ndtri((np.arange(n) + 0.5) / n), synchrony.normal, bench.rng)
    K = np.array([0.5 * synchrony.threshold(synchrony.normal)])
    below = [n * np.square(_orders(ndtri((np.arange(n) + 0.5) / n), K, bench.rng)).mean() for n in (100, 1600)]
    measured["K = 0.5 K_c: (n r^2 at 1600) / (at 100)"] = float(below[1] / below[0])
    return judge(measured, {**limits, "K = 0.5 K_c: (n r^2 at 1600) / (at 100)": (None, 4.0)})


def _lorentz(n: int) -> Array:
    return np.asarray(GAMMA * np.tan(pi * ((np.arange(n) + 0.5) / n - 0.5)))


def _reduced(n: int) -> tuple[Array, Array, Array]:
    """K t, and r (T, 4) of n tokens and of infinitely many, at every K of `REDUCED`; time runs in units of 1 / K."""
    place = np.mod(np.arange(n) * GOLDEN + 0.5, 1.0)
    theta = 2.0 * np.arctan((1.0 - BEGUN) / (1.0 + BEGUN) * np.tan(pi * (place - 0.5)))
    times = np.linspace(0.0, UNTIL, 41)
    omega = _lorentz(n) / REDUCED[:, None]
    run = pt.simulate(
        mf.Kuramoto(omega), np.tile(theta, (len(REDUCED), 1)), (0.0, UNTIL), times, angles=True, field="harmonic",
        method="rk4", step=0.25,
    )  # fmt: skip
    exact = [[synchrony.ott_antonsen(K, GAMMA, BEGUN, t / K) for K in REDUCED] for t in times]
    return times, run.quantity("order"), np.array(exact)


def _orders(omega: Array, K: Array, rng: int) -> Array:
    """r (T, len(K), CLOUDS) over K t = 60 to 160."""
    n = len(omega)
    theta = np.random.default_rng([rng, n]).uniform(-pi, pi, (CLOUDS, n))
    theta = np.broadcast_to(theta, (len(K), CLOUDS, n)).copy()
    rate = np.broadcast_to((omega / K[:, None])[:, None], theta.shape)
    run = pt.simulate(
        mf.Kuramoto(rate), theta, (0.0, 160.0), np.linspace(60.0, 160.0, 161), angles=True, field="harmonic",
        method="rk4", step=0.2,
    )  # fmt: skip
    return np.asarray(run.quantity("order"))


def _measured(
    omega: Callable[[int], Array], g: synchrony.Density, rng: int
) -> tuple[dict[str, float], Limits, list[tuple[float, float, float]]]:
    """r at 1.1, 1.5, 2 K_c against the root of the integral, in standard errors; and K / K_c, r, its error."""
    sizes, K = (100, 200, 400, 800), synchrony.threshold(g) * np.array(SHARES)
    means = [_orders(omega(n), K, rng).mean(axis=0) for n in sizes]
    measured: dict[str, float] = {}
    limits: dict[str, tuple[float | None, float | None]] = {}
    told = []
    for i, share in enumerate(SHARES):
        r, error = _far(sizes, [m[i] for m in means])
        name = f"K = {share:g} K_c"
        measured |= {f"{name}: errors off": abs(r - synchrony.order(g, K[i])) / error, f"{name}: error": error}
        limits |= {f"{name}: errors off": (None, MISSED), f"{name}: error": (None, 0.02)}
        told.append((share, r, error))
    return measured, limits, told


def _far(sizes: tuple[int, ...], told: list[Array]) -> tuple[float, float]:
    """r of infinitely many tokens: a + b / n through the means over clouds, and a's standard error.

    Variances of the means are c / n, c pooled over the sizes; where the means miss the line by more than these say, as
    where one more token locks or does not, the error is that of the misses.
    """
    n = np.array(sizes)
    mean, variance = np.array([(m.mean(), m.var(ddof=1) / CLOUDS) for m in told]).T
    error = np.sqrt(np.mean(n * variance) / n) + 1e-12  # where all lock, clouds are one but for rounding
    A = np.stack([np.ones(len(n)), 1.0 / n], axis=1) / error[:, None]
    covariance = np.linalg.inv(A.T @ A)
    line = covariance @ A.T @ (mean / error)
    missed = float(np.sum(np.square(A @ line - mean / error))) / (len(n) - 2)
    return float(line[0]), float(sqrt(covariance[0, 0] * max(1.0, missed)))


# --- pictures ----------------------------------------------------------------------------------------------


def _drawn(times: Array, tokens: Array, exact: Array) -> Any:
    """r over K t: tokens as dots, Ott and Antonsen's curves."""
    with style.axes() as ax:
        for i, (K, look) in enumerate(zip(REDUCED, ("-", "--", "-.", ":"), strict=True)):
            (line,) = ax.plot(times, exact[:, i], look, label=f"K = {K:g} K_c")
            ax.plot(times, tokens[:, i], "o", color=line.get_color(), markersize=3.0)
        ax.set_xlabel("K t")
        ax.set_ylabel("order parameter r")
        ax.set_ylim(0.0, 1.0)
        ax.set_title("Kuramoto, Lorentz frequencies: n = 2000 tokens (dots), Ott-Antonsen (lines)")
        legends.legend(ax)
    return ax


def _thresholds(told: list[tuple[float, float, float]]) -> Any:
    """r over K / K_c: extrapolated tokens on the curve."""
    K = np.linspace(0.5, 2.2, 400)
    share, r, error = np.array(told).T
    with style.axes() as ax:
        ax.plot(K, np.sqrt(np.maximum(1.0 - 1.0 / K, 0.0)), color="0.5", label="(1 - K_c / K)^(1/2)")
        ax.errorbar(share, r, 4.5 * error, fmt="o", color="black", capsize=3.0, label="tokens, n to infinity")
        ax.set_xlabel("K / K_c")
        ax.set_ylabel("order parameter r")
        ax.set_title("Kuramoto, Lorentz frequencies; bars 4.5 standard errors")
        legends.legend(ax)
    return ax
