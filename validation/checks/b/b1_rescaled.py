"""B, sections 1 and 3: attention in R^d, and the same in rescaled tokens."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.linalg import expm

import meanfield as mf
import particles as pt
from meanfield.protocols import Array
from validation.exact import double_loop, ode
from validation.registry import Bench, check
from validation.verdict import Verdict, judge

N, D, T = 8, 3, 5.0
ROOM = 2e-11
"""Share of the largest coordinate by which two runs at a tolerance of 1e-12 may differ: (1.1) grows by e^{tV}, and its
scores with it."""


def _values(rng: Any) -> dict[str, Array]:
    """V in a random basis: symmetric, with a complex pair, with a Jordan block."""
    basis, _ = np.linalg.qr(rng.standard_normal((D, D)))
    own = {
        "symmetric": np.diag([0.6, 0.2, -0.4]),
        "complex pair": np.array([[0.4, 0.8, 0.0], [-0.8, 0.4, 0.0], [0.0, 0.0, -0.3]]),
        "Jordan block": np.array([[0.4, 1.0, 0.0], [0.0, 0.4, 0.0], [0.0, 0.0, -0.3]]),
    }
    return {name: basis @ V @ basis.T for name, V in own.items()}


def _drawn(bench: Bench) -> tuple[Array, Array, Array, dict[str, Array]]:
    rng = np.random.default_rng(bench.rng)
    Q, K = rng.standard_normal((2, D, D)) / np.sqrt(D)
    return pt.uniform(N, D, rng), Q, K, _values(rng)


@check("B01", where="B 1 (1.1), (1.2)", title="self-attention in R^d")
def flow(bench: Bench) -> Verdict:
    """Random Q and K, 8 unit tokens, V symmetric, with a complex pair and with a Jordan block, to t = 5: runs against
    the printed double loop in scipy's integrator, 2e-11 of the largest coordinate; rows of P sum to 1.
    """
    x0, Q, K, values = _drawn(bench)
    measured = {}
    for name, V in values.items():
        law = mf.SA(1.0, Q=Q, K=K, V=V, geometry="flat")
        run = pt.simulate(law, x0, (0.0, T), [T], rtol=1e-12, atol=1e-14)

        def rhs(_: float, flat: Array, V: Array = V) -> Array:
            v = double_loop.general_velocity("SA", flat.reshape(N, D), 1.0, Q, K, V, sphere=False)
            return np.asarray(v).ravel()

        exact = ode.integrate(rhs, x0.ravel(), [T])[1][-1].reshape(N, D)
        measured[f"run - printed, {name}"] = float(np.abs(run.x[-1] - exact).max() / np.abs(exact).max())
        measured[f"rows of P, {name}"] = float(np.abs(pt.attention(law, run.x[-1]).sum(axis=-1) - 1.0).max())
    limits = {name: (None, 1e-14 if name.startswith("rows") else ROOM) for name in measured}
    return judge(measured, limits)


@check("B09", where="B 3 (3.1)", title="rescaled tokens z = e^{-tV} x")
def rescaled(bench: Bench) -> Verdict:
    """As B01, at a tolerance of 1e-12: e^{tV} z of `mf.Rescaled` against x of (1.1), e^{tV} by scipy, 2e-11 of the
    largest coordinate; P(t) of both forms, 1e-8.
    """
    x0, Q, K, values = _drawn(bench)
    measured = {}
    for name, V in values.items():
        law = mf.SA(1.0, Q=Q, K=K, V=V, geometry="flat")
        tight: dict[str, Any] = {"rtol": 1e-12, "atol": 1e-14}
        x = pt.simulate(law, x0, (0.0, T), [T], **tight).x[-1]
        z = pt.simulate(mf.Rescaled(law), x0, (0.0, T), [T], **tight).x[-1]
        measured[f"e^(tV) z - x, {name}"] = float(np.abs(z @ expm(T * V).T - x).max() / np.abs(x).max())
        P = pt.attention(law, x) - pt.attention(mf.Rescaled(law), z, t=T)
        measured[f"P, {name}"] = float(np.abs(P).max())
    return judge(measured, {name: (None, 1e-8 if name.startswith("P") else ROOM) for name in measured})
