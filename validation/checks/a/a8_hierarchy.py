"""A, section 8: marginals of n tokens that start independent and uniform on the circle."""

from __future__ import annotations

from typing import Any

import numpy as np

import meanfield as mf
import particles as pt
from meanfield.protocols import Array
from validation.checks._tools import velocity
from validation.exact import diracs, fluctuations
from validation.registry import Bench, check
from validation.verdict import Verdict, judge


def _labels(n: int, nodes: int) -> Array:
    """Every start of n tokens on a grid of angles, the first at 0: (nodes^(n-1), n).

    By rotation invariance the mean over them is that over independent uniform starts, to spectral accuracy: no Monte
    Carlo.
    """
    theta = 2.0 * np.pi * np.arange(nodes) / nodes
    grid = np.stack(np.meshgrid(*[theta] * (n - 1), indexing="ij"), axis=-1).reshape(-1, n - 1)
    return np.concatenate([np.zeros((len(grid), 1)), grid], axis=1)


@check("A52", where="A 8", title="the first marginal stays uniform, the pair's is known for two tokens and for many")
def marginals(bench: Bench) -> Verdict:
    """psi_k(t) = E cos k(theta_2 - theta_1), k = 1, 2, 3, and the law of theta_1.

    n = 2: over a grid of starts, against the closed form of two Diracs on the same grid: 1e-11, ten times the runs'
    tolerance (SA and USA, beta = 1, 4).  n = 100: n E|c_k|^2 = 1 + (n-1) psi_k against e^{2 s_k t} over 400 clouds of
    USA at beta = 1, t = 0.5: within four standard errors and 3% for terms of order 1/n.  theta_1 there: |E e^{ik
    theta_1}| within four standard errors of 0.
    """
    rng = np.random.default_rng(bench.rng)
    measured: dict[str, float] = {}
    k = np.arange(1, 4)
    for name, law, t in (("USA", mf.USA(1.0), 1.0), ("SA", mf.SA(4.0), 1.0), ("USA", mf.USA(4.0), 0.05)):
        x0 = _labels(2, 500)
        end = pt.simulate(law, x0, (0.0, t), [t], angles=True, rtol=1e-12, atol=1e-14).x[-1]
        inside = x0[:, 1][(x0[:, 1] > 0.0) & (x0[:, 1] < np.pi)]
        half = np.cos(np.outer(k, [float(diracs.gap(t, a, law.beta, name)) for a in inside]))
        exact = (2.0 * half.sum(axis=1) + 1.0 + (-1.0) ** k) / 500.0
        seen = np.cos(np.outer(k, end[:, 1] - end[:, 0])).mean(axis=1)
        measured[f"n = 2, {law}: psi - exact"] = float(np.abs(seen - exact).max())
    clouds = pt.uniform_angles(100, rng, replicas=400)
    end = pt.simulate(mf.USA(1.0), clouds, (0.0, 0.5), [0.5], angles=True, rtol=1e-6).x[-1]
    power = 100.0 * np.abs(np.exp(1j * k[:, None, None] * end).mean(axis=-1)) ** 2
    error = power.std(axis=1, ddof=1) / np.sqrt(400.0)
    exact = fluctuations.mode_power(0.5, "USA", 1.0, 2, 3)[1:]
    away = np.maximum(np.abs(power.mean(axis=1) - exact) - 0.03 * exact, 0.0) / error
    measured["n = 100: standard errors from linear theory"] = float(away.max())
    first = np.sqrt(400.0) * np.abs(np.exp(1j * k[:, None] * end[:, 0]).mean(axis=1))
    measured["theta_1: standard errors from uniform"] = float(first.max())
    return judge(measured, {name: (None, 4.0 if "standard" in name else 1e-11) for name in measured})


@check("A53", where="A 8 (8.1)", title="the equation of psi holds, with 1/beta in both terms of v")
def pair_equation(bench: Bench) -> Verdict:
    """d/dt E cos kx against -k E sin kx v, v = (2/(bn)) h'(x) - (2(n-2)/(bn)) g, x = theta_2 - theta_1, h = e^{b cos}.

    E[phi(x) g(x)] = -E[phi(x) h'(theta_3 - theta_1)], so no conditional law is needed.  n = 2, 3, 4 tokens of USA over
    grids of starts, at t = 0 and later; the left side from our velocities at the same tokens, so that both differ by
    the rounding of sums of e^{b cos} only: 1e-13.  Without the 1/b (as printed) it is of order 1, which is reported.
    At t = 0 both are 2 k^2 I_k/(bn), as sums over grids are to rounding: 1e-13.
    """
    k = np.arange(1, 4)
    measured: dict[str, float] = {}
    printed = np.inf
    for n, nodes, law, t in ((2, 128, mf.USA(2.0), 0.2), (3, 48, mf.USA(2.0), 0.1), (4, 20, mf.USA(0.5), 0.1)):
        worst = 0.0
        theta = _labels(n, nodes)
        late = pt.simulate(law, theta, (0.0, t), [t], angles=True, rtol=1e-11, atol=1e-13).x[-1]
        for x in (theta, late):
            v = velocity(law, mf.Points(x, angles=True))
            waves = -k[:, None] * np.sin(np.outer(k, x[:, 1] - x[:, 0]))
            left = (waves * (v[:, 1] - v[:, 0])).mean(axis=1)
            right = (waves * _drift(n, law.beta, x)).mean(axis=1)
            worst = max(worst, float(np.abs(left - right).max()))
            printed = min(printed, float(np.abs(left - law.beta * right).max()))
        first = 2.0 * k * k * np.exp(law.kernel().log_lambda0(2)) * law.kernel().multipliers(2, 3)[1:] / (law.beta * n)
        start = velocity(law, mf.Points(theta, angles=True))
        waves = -k[:, None] * np.sin(np.outer(k, theta[:, 1] - theta[:, 0]))
        measured[f"residual, n = {n}"] = worst
        measured[f"first rate - 2 k^2 I_k/(bn), n = {n}"] = float(
            np.abs((waves * (start[:, 1] - start[:, 0])).mean(axis=1) - first).max()
        )
    limits: Any = dict.fromkeys(measured, (None, 1e-13))
    measured["least residual without 1/b"] = printed
    return judge(measured, limits | {"least residual without 1/b": (1e-2, None)})


def _drift(n: int, beta: float, x: Array) -> Array:
    """(2/(bn)) h'(theta_2 - theta_1) + (2(n-2)/(bn)) h'(theta_3 - theta_1), whose mean given theta_2 - theta_1 is v."""

    def slope(y: Array) -> Array:
        return np.asarray(-beta * np.sin(y) * np.exp(beta * np.cos(y)))

    v = 2.0 / (beta * n) * slope(x[:, 1] - x[:, 0])
    return v if n == 2 else v + 2.0 * (n - 2.0) / (beta * n) * slope(x[:, 2] - x[:, 0])
