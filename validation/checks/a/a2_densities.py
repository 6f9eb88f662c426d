"""A, section 2.2 for a density: general Q, K, V by coefficients, by labels carried by the flow, and by tokens."""

from __future__ import annotations

import numpy as np

import meanfield as mf
import particles as pt
from meanfield.protocols import Array
from validation.registry import Bench, check
from validation.verdict import Verdict, judge

Q, K, V = [[1.0, 0.3], [0.0, 0.8]], [[0.9, 0.0], [0.2, 1.1]], [[1.0, 0.5], [-0.5, 0.7]]
Q3 = [[1.0, 0.3, -0.2], [0.0, 0.8, 0.4], [0.1, -0.3, 1.1]]
K3 = [[0.9, 0.0, 0.2], [0.2, 1.1, 0.0], [-0.1, 0.3, 0.7]]
V3 = [[1.0, 0.5, 0.0], [-0.5, 0.7, 0.2], [0.3, 0.0, -0.4]]
PRINTED = np.array([0.172668748668048 + 0.086088836993678j, 0.336476094445929 - 0.135698194116017j])
"""c_1 and c_2 at t = 1 of SA, beta = 2, from 1 + .3 cos + .2 sin 2 theta: by two other formulations, to 12 digits."""
MEAN = np.array([-0.02266908935766, 0.009771671285251, 0.09030297929012])
"""int x dmu at t = 1/4 of SA on S^2, beta = 1, from 1 + .3 z + .4 x y - .3 x z^2: likewise."""


def start() -> mf.Density:
    """1 + .3 cos + .2 sin 2 theta."""
    return mf.Circle(64).density(lambda q: 1.0 + 0.3 * np.cos(q) + 0.2 * np.sin(2.0 * q))


def moments(theta: Array, degree: int) -> Array:
    """c_k of tokens."""
    return np.asarray(np.exp(-1j * np.multiply.outer(np.arange(degree + 1), theta)).mean(axis=1))


@check("A02.density", where="A 2.2", title="a density under Q, K, V: three methods, two spaces, two heads")
def densities(bench: Bench) -> Verdict:
    """SA, beta = 2, with 2 x 2 matrices on the circle: moments at t = 1 as two other formulations have them, spectral
    and Lagrangian, 1e-10; and S^2 with 3 x 3 matrices at t = 1/4: 1e-10.  Two heads, SA beside USA: the two methods
    agree to 1e-10, and 5000 quantised tokens (full tier: 100000) with them to 1e-5 (1e-6), in all moments to degree 6.
    Mass is kept to 1e-13.
    """
    full = bench.tier == "full"
    law = mf.SA(2.0, Q=Q, K=K, V=V)
    heads = law + mf.USA(1.0, Q=[[1.0, 0.5]], K=[[0.7, -0.4]])
    measured: dict[str, float] = {}
    runs = {}
    for method in ("spectral", "lagrangian"):
        one = mf.solve(law, start(), (0.0, 1.0), t_eval=[1.0], method=method, rtol=1e-11, atol=1e-13)
        measured[f"moments - printed, {method}"] = np.abs(one(1.0).moments(2)[1:] - PRINTED).max()
        measured[f"mass, {method}"] = abs(float(one.mass[-1]) - 1.0)
        two = mf.solve(heads, start(), (0.0, 0.25), t_eval=[0.25], method=method, rtol=1e-11, atol=1e-13)
        runs[method] = two(0.25).moments(6)
    measured["two heads: methods"] = np.abs(runs["spectral"] - runs["lagrangian"]).max()
    tokens = pt.simulate(heads, start().quantize(100_000 if full else 5000), (0.0, 0.25), [0.25], rtol=1e-8, atol=1e-10)
    measured["two heads: tokens"] = np.abs(moments(tokens.theta[-1], 6) - runs["spectral"]).max()
    rho = mf.Sphere(16).density(
        lambda x: 1.0 + 0.3 * x[..., 2] + 0.4 * x[..., 0] * x[..., 1] - 0.3 * x[..., 0] * x[..., 2] ** 2
    )
    sol = mf.solve(mf.SA(1.0, Q=Q3, K=K3, V=V3), rho, (0.0, 0.25), t_eval=[0.25], rtol=1e-10, atol=1e-12)
    measured["S^2: mean - printed"] = np.abs(sol(0.25).mean - MEAN).max()
    limits: dict[str, tuple[float | None, float | None]] = dict.fromkeys(measured, (None, 1e-10))
    limits |= {f"mass, {method}": (None, 1e-13) for method in runs}
    return judge(measured, limits | {"two heads: tokens": (None, 1e-6 if full else 1e-5)})
