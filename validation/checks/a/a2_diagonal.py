"""A, section 2.2: the trained diagonal of a normalisation."""

from __future__ import annotations

import numpy as np

import meanfield as mf
import particles as pt
from meanfield.protocols import Array
from validation.exact import double_loop, ode
from validation.registry import Bench, check
from validation.verdict import Verdict, judge


@check(
    "A02.diagonal",
    where="A 2.2",
    title="a trained diagonal: tokens on an ellipsoid are tokens on the sphere with Q D, K D, V D",
    equations=("A Sec 2.2",),
)
def diagonal(bench: Bench) -> Verdict:
    """12 tokens z = D(t) x of the ellipsoid D(t) S^3, D(t) = D_0 (1 + sin(t) / 5): a loop over z against our run of x.

    z' = D P_{D^{-1} z} A(z) + D' D^{-1} z, A(z) the printed attention of z, in scipy's integrator; D_0 is drawn about
    0.44, the mean printed for the trained model, +- 0.2 (printed 0.008, of which little would be seen).  1e-9 at a
    tolerance of 1e-11.  And the velocity at t = 0.7 is the printed loop's with Q D, K D, V D (C, A.1): 1e-14.
    """
    rng = np.random.default_rng(bench.rng)
    n, d, beta = 12, 4, 3.0
    x, D0 = pt.uniform(n, d, rng), 0.44 + rng.uniform(-0.2, 0.2, d)
    Q, K, V = rng.standard_normal((3, d, d)) / np.sqrt(d)
    law = mf.SA(beta, Q=Q, K=K, V=V, D=lambda t: D0 * (1.0 + 0.2 * np.sin(t)))

    def loop(t: float, y: Array) -> Array:
        z, D = y.reshape(n, d), D0 * (1.0 + 0.2 * np.sin(t))
        pull, on = double_loop.attention_matrix(z, beta, Q, K) @ z @ V.T, z / D
        along = np.sum(pull * on, axis=1, keepdims=True) / np.sum(on * on, axis=1, keepdims=True)
        return np.asarray(D * (pull - along * on) + 0.2 * np.cos(t) * D0 * on).ravel()

    t = 2.0
    z = ode.integrate(loop, (D0 * x).ravel(), [t])[1][-1].reshape(n, d)
    run = pt.simulate(law, x, (0.0, t), [t], rtol=1e-11, atol=1e-13)
    D = D0 * (1.0 + 0.2 * np.sin(0.7))
    v = law.velocity(0.7, x, mf.Points(x))
    printed = double_loop.general_velocity("SA", x, beta, Q * D, K * D, V * D)
    v = v - np.sum(v * x, axis=1, keepdims=True) * x
    measured = {
        "run - the ellipsoid's loop": np.abs(D0 * (1.0 + 0.2 * np.sin(t)) * run.x[-1] - z).max(),
        "velocity - printed with Q D, K D, V D": np.abs(v - printed).max(),
    }
    limits = {"run - the ellipsoid's loop": (None, 1e-9), "velocity - printed with Q D, K D, V D": (None, 1e-14)}
    return judge(measured, limits)
