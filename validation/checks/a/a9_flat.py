"""A 9.2: pure attention in R^d, and its rescaled form."""

from __future__ import annotations

import numpy as np
from scipy.integrate import solve_ivp
from scipy.linalg import expm

import meanfield as mf
import particles as pt
from meanfield.protocols import Array
from validation.registry import Bench, check
from validation.verdict import Verdict, judge

SPECTRA = {
    "symmetric": np.array([[0.6, 0.2, 0.0], [0.2, -0.3, 0.1], [0.0, 0.1, 0.2]]),
    "complex pair": np.array([[0.4, 0.9, 0.0], [-0.9, 0.4, 0.2], [0.0, 0.1, -0.3]]),
    "Jordan block": np.array([[0.5, 1.0, 0.0], [0.0, 0.5, 0.0], [0.0, 0.0, -0.4]]),
}
Q = np.array([[1.0, 0.3, -0.2], [0.0, 0.8, 0.4], [0.1, -0.3, 1.1]])
K = np.array([[0.9, 0.0, 0.2], [0.2, 1.1, 0.0], [-0.1, 0.3, 0.7]])


@check(
    "A59", where="A 9.2", title="Pure attention in R^d and its rescaled form have one attention matrix",
    equations=("A (9.1)", "A (9.2)", "A (9.3)"),
)  # fmt: skip
def one_matrix(bench: Bench) -> Verdict:
    """Six tokens of R^3, Q and K of full rank, V symmetric, with a complex pair, and with a Jordan block, to
    t = 1 (a full run to 5).

    x of (9.1) and z of (9.3), `mf.Rescaled`, each by its own run (rtol 1e-10): P from x and from z at five times, 1e-8,
    and x = e^{tV} z by scipy's expm, 1e-8 of the largest entry; and z against (9.3) written out, its P from e^{tV} z,
    under scipy's integrator, 1e-7.
    """
    x0 = np.random.default_rng(bench.rng).standard_normal((6, 3)) / 2.0
    t = (1.0 if bench.tier == "full" else 0.2) * np.arange(1.0, 6.0)
    measured: dict[str, float] = {}
    for name, V in SPECTRA.items():
        law = mf.SA(1.0, Q=Q, K=K, V=V, geometry="flat")
        still = mf.Rescaled(law)
        x = pt.simulate(law, x0, (0.0, t[-1]), t, rtol=1e-10, atol=1e-12).x
        z = pt.simulate(still, x0, (0.0, t[-1]), t, rtol=1e-10, atol=1e-12).x
        off = [pt.attention(law, a) - pt.attention(still, b, t=float(s)) for s, a, b in zip(t, x, z, strict=True)]
        grown = np.array([b @ expm(s * V).T for s, b in zip(t, z, strict=True)])
        measured[f"{name}: P"] = float(np.abs(off).max())
        measured[f"{name}: x = e^(tV) z"] = float(np.abs(grown - x).max() / np.abs(x).max())
        plain = _printed(V, x0, t)
        measured[f"{name}: z as printed"] = float(np.abs(plain - z).max() / np.abs(z).max())
    return judge(measured, {name: (None, 1e-7 if "printed" in name else 1e-8) for name in measured})


def _printed(V: Array, x0: Array, t: Array) -> Array:
    """(9.3): z_i' = sum_j A_ij V (z_j - z_i)."""

    def field(s: float, y: Array) -> Array:
        z = y.reshape(x0.shape)
        x = z @ expm(s * V).T
        scores = (x @ Q.T) @ (x @ K.T).T
        e = np.exp(scores - scores.max(axis=1, keepdims=True))
        return np.asarray((((e / e.sum(axis=1, keepdims=True)) @ z - z) @ V.T).ravel())

    found = solve_ivp(field, (0.0, float(t[-1])), x0.ravel(), "DOP853", t_eval=t, rtol=1e-9, atol=1e-11)
    return np.asarray(found.y.T.reshape(len(t), *x0.shape))
