"""2607.18584: linear attention on the circle."""

from __future__ import annotations

import numpy as np

import meanfield as mf
import particles as pt
from validation.exact import ode
from validation.registry import Bench, check
from validation.verdict import Verdict, judge

PRINTED = {1.0: 0.4603034049690, 2.0: 0.6497905376004, 4.0: 0.9185562220048}
"""r of a Poisson kernel in 2 theta that begins at 0.3."""


@check("F36", where="2607.18584", title="linear attention on the circle is Kuramoto in twice the angle")
def linear(bench: Bench) -> Verdict:
    """Moments c_2k = r^k of the density at t = 1, 2, 4, against the closed form, spectral and Lagrangian: 1e-11.

    And 12 weighted tokens against theta_i' = -sum_j w_j sin(2 (theta_i - theta_j)) / 2 in scipy's integrator: 1e-10.
    """
    r0, worst = 0.3, {}
    rho0 = mf.Circle(128).density(lambda q: (1.0 - r0**2) / (1.0 - 2.0 * r0 * np.cos(2.0 * q) + r0**2))
    for method in ("spectral", "lagrangian"):
        sol = mf.solve(
            mf.LinearAttention(), rho0, (0.0, 4.0), t_eval=list(PRINTED), rtol=1e-12, atol=1e-14, method=method
        )
        for t, printed in PRINTED.items():
            grown = r0 / np.sqrt(1.0 - r0**2) * np.exp(0.5 * t)
            r = grown / np.sqrt(1.0 + grown**2)
            c = sol(t).moments(8)[::2]
            worst[f"moments, {method}, t = {t:g}"] = np.abs(c - r ** np.arange(5)).max()
            worst[f"r - printed, {method}, t = {t:g}"] = abs(c[1].real - printed)
    rng = np.random.default_rng(bench.rng)
    theta, w = rng.uniform(0.0, 2.0 * np.pi, 12), rng.dirichlet(np.ones(12))
    run = pt.simulate(mf.LinearAttention(), theta, (0.0, 4.0), [4.0], weights=w, rtol=1e-12, atol=1e-14)

    def pulls(t: float, q: np.ndarray) -> np.ndarray:
        return np.asarray(-0.5 * np.sin(2.0 * np.subtract.outer(q, q)) @ w)

    worst["tokens - printed"] = np.abs(run.theta[-1] - ode.integrate(pulls, theta, [4.0])[1][-1]).max()
    return judge(worst, {name: (None, 1e-10 if name.startswith("tokens") else 1e-11) for name in worst})
