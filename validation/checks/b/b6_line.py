"""B 6.3 on R: a density that its flow carries, beside closed forms and independent tokens."""

from __future__ import annotations

from math import exp, log, sqrt
from typing import Any

import numpy as np
from numpy.polynomial import chebyshev

import meanfield as mf
from meanfield.protocols import Array
from validation.registry import Bench, check
from validation.verdict import Verdict, judge

T, B = 1.0, 1.0
NODES, STEPS, CLOUDS = 32, 12, 24
AT = chebyshev.chebpts1(NODES)
SERIES = np.linalg.inv(chebyshev.chebvander(AT, NODES - 1))
"""Values at Chebyshev's nodes -> coefficients."""


@check(
    "B23.line", where="B 6.3", title="d_t mu + div(X mu) = 0 on R: a density of compact support, carried by its flow",
    equations=("B (6.1)", "B (6.2)", "B (6.9)"),
)  # fmt: skip
def carried(bench: Bench) -> Verdict:
    """The uniform density on [-1, 1] and a bell, under (1.1) of R with Q = K = 1, V = 1 and V = -1, to t = 1.

    A bell of +-9 standard deviations has the mean and variance that `mf.Gaussian` has in closed form.  E's identity
    holds for V = 1.  Of 2000 independent tokens (10^5 in a full run), whose sums are Chebyshev series in x, moments 2
    and 4 are within 5.5 of the standard errors that 24 smaller clouds tell.  W_2, by quantiles, of the uniform
    densities on [-1, 1] and [-1, 1 + eps], grows by one factor for eps = 1e-2 and 1e-4, below e^{C t} with
    Proposition 6.6's constants in the ball of radius e^t.
    """
    rng = np.random.default_rng(bench.rng)
    flat, uniform = mf.SA(B, geometry="flat"), mf.uniform(mf.Line(-1.0, 1.0, 16))
    sol = mf.solve(flat, uniform, (0.0, T), t_eval=[0.0, 0.5 * T, T], rtol=1e-9)
    back, m, s = mf.SA(B, V=[[-1.0]], geometry="flat"), 0.3, 0.16
    bell = mf.Line(m - 9.0 * sqrt(s), m + 9.0 * sqrt(s), 96).density(lambda x: np.exp(-0.5 * (x - m) ** 2 / s))
    mu = mf.solve(back, bell, (0.0, T), t_eval=[0.0, T], rtol=1e-9)(T)
    nu: Any = mf.solve(back, mf.Gaussian([m], [[s]]), (0.0, T), rtol=1e-12)(T)
    many = 100_000 if bench.tier == "full" else 2000
    change = float(sol.energy[-1] - sol.energy[0])
    grown = [_parted(flat, sol, eps) for eps in (1e-2, 1e-4)]
    b = exp(2.0 * T)
    measured = {
        "bell: mean - closed form": abs(float(mu.mean[0] - nu.mean[0])),
        "bell: variance over closed form, less 1": abs(
            float((mu.second_moment[0, 0] - mu.mean[0] ** 2) / nu.covariance[0, 0]) - 1.0
        ),
        "identity of E, relative": abs(float(sol.dissipated[-1]) - change) / change,
        "tokens: standard errors": _errors(rng, many, sol(T)),
        "W_2: growth at 1e-2 over that at 1e-4, less 1": abs(grown[0] / grown[1] - 1.0),
        "W_2: exponent": log(grown[1]) / T,
        "W_2: exponent over C": log(grown[1]) / (T * (2.0 * b + (1.0 + 2.0 * b) * exp(2.0 * b))),
    }
    return judge(
        measured,
        {
            "bell: mean - closed form": (None, 1e-9),
            "bell: variance over closed form, less 1": (None, 1e-9),
            "identity of E, relative": (None, 1e-8),
            "tokens: standard errors": (None, 5.5),
            "W_2: growth at 1e-2 over that at 1e-4, less 1": (None, 0.05),
            "W_2: exponent": (0.1, None),
            "W_2: exponent over C": (None, 1.0),
        },
        pictures=[bench.figure("density", lambda: sol.plot_profiles())],
    )


def _parted(law: mf.Law, sol: Any, eps: float) -> float:
    """By which factor W_2 from the uniform density on [-1, 1 + eps] grows."""
    other = mf.solve(law, mf.uniform(mf.Line(-1.0, 1.0 + eps, 16)), (0.0, T), t_eval=[0.0, T], rtol=1e-7)
    gaps = [np.sqrt(np.mean(np.square(sol(t).quantize(1000) - other(t).quantize(1000)))) for t in (0.0, T)]
    return float(gaps[1] / gaps[0])


def _errors(rng: Any, n: int, mu: Any) -> float:
    """How many standard errors the moments 2 and 4 of n tokens are off."""
    whole = _moved(rng.uniform(-1.0, 1.0, (1, n)))
    clouds = _moved(rng.uniform(-1.0, 1.0, (CLOUDS, n // CLOUDS)))
    off = [float(np.mean(whole**k) - mu.moments(4)[k]) for k in (2, 4)]
    spread = [float(np.std(np.mean(clouds**k, axis=-1), ddof=1)) * sqrt(n // CLOUDS / n) for k in (2, 4)]
    return max(abs(one) / other for one, other in zip(off, spread, strict=True))


def _moved(x: Array) -> Array:
    """Clouds (R, n) after t = T, by Runge-Kutta of order 4."""
    h = T / STEPS
    for _ in range(STEPS):
        k1 = _field(x)
        k2 = _field(x + 0.5 * h * k1)
        k3 = _field(x + 0.5 * h * k2)
        x = x + h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + _field(x + h * k3))
    return x


def _field(x: Array) -> Array:
    """sum_j x_j e^{x x_j} / sum_j e^{x x_j} at all tokens: both sums are entire, and told by few Chebyshev nodes."""
    reach = 1.0001 * np.abs(x).max()
    out = np.empty_like(x)
    for i, cloud in enumerate(x):
        e = np.exp(B * reach * np.outer(AT, cloud))
        Z, M = chebyshev.chebval(cloud / reach, SERIES @ np.stack([e.mean(axis=1), e @ cloud / len(cloud)], axis=-1))
        out[i] = M / Z
    return out
