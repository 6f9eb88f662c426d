"""2501.18322: Gaussian data stay Gaussian."""

from __future__ import annotations

from typing import Any

import numpy as np

import meanfield as mf
import particles as pt
from meanfield.protocols import Array
from validation.exact import gaussian
from validation.registry import Bench, check
from validation.verdict import Verdict, judge

M, S = np.array([0.3, -0.2]), np.array([[0.5, 0.2], [0.2, 0.3]])
B, V = np.array([[0.6, 0.3], [-0.2, 0.4]]), np.array([[0.5, -0.4], [0.3, 0.2]])
BETA, T = 0.5, 0.5


@check("F12", where="2501.18322", title="Gaussian data stay Gaussian under softmax and Sinkhorn attention in R^d")
def gaussians(bench: Bench) -> Verdict:
    """Gauss-Hermite points of a Gaussian in R^2, 20 x 20 (Sinkhorn 16 x 16), beta = 0.5, to t = 0.5.

    Their mean and covariance against the equations of these (1e-8), and their fourth moments against Isserlis' (1e-8):
    softmax with Q^T K and V that are not symmetric, attractive and repulsive, and Sinkhorn's.  With V = B = I softmax
    has the closed form s_i / (1 - 2 beta s_i t) in S's eigenbasis: at 0.999 of its blow-up one is 4e-4 of the other,
    of rank one in the limit; repulsive, S falls as 1 / (2 beta t).
    """
    measured: dict[str, float] = {}
    laws: dict[str, tuple[Any, str, dict[str, Any], int]] = {
        "softmax": (mf.SA(BETA, Q=B.T, V=V, geometry="flat"), "softmax", {"B": B, "V": V}, 20),
        "softmax, repulsive": (mf.SA(BETA, sign=-1, geometry="flat"), "softmax", {"V": -np.eye(2)}, 20),
        "Sinkhorn": (mf.Sinkhorn(BETA, geometry="flat"), "sinkhorn", {}, 16),
        "Sinkhorn, V": (mf.Sinkhorn(BETA, V=V, geometry="flat"), "sinkhorn", {"V": V}, 16),
    }
    for name, (law, kind, matrices, many) in laws.items():
        x, w = _points(many)
        x1 = pt.simulate(law, x, (0.0, T), [T], weights=w, rtol=1e-9, atol=1e-10).x[-1]
        m, cov = (part[-1] for part in gaussian.run(kind, M, S, [T], beta=BETA, **matrices))
        mean = w @ x1
        y = x1 - mean
        second, fourth = np.einsum("n,ni,nj->ij", w, y, y), np.einsum("n,ni,nj->ij", w, y**2, y**2)
        var = np.diag(cov)
        measured[f"{name}: mean"] = float(np.abs(mean - m).max())
        measured[f"{name}: covariance"] = float(np.abs(second - cov).max())
        measured[f"{name}: fourth moments"] = float(np.abs(fourth - np.outer(var, var) - 2.0 * cov**2).max())
    limits: dict[str, tuple[float | None, float | None]] = dict.fromkeys(measured, (None, 1e-08))
    s = np.linalg.eigvalsh(S)
    t = 0.999 / (2.0 * BETA * s[1])
    late = np.linalg.eigvalsh(gaussian.run("softmax", np.zeros(2), S, [t], beta=BETA)[1][-1])
    grown = s / (1.0 - 2.0 * BETA * s * t)
    fallen = np.linalg.eigvalsh(gaussian.run("softmax", np.zeros(2), S, [1e3], beta=BETA, V=-np.eye(2))[1][-1])
    measured["closed form, a share of it"] = float(np.abs(late / grown - 1.0).max())
    measured["near blow-up: second over first"] = float(late[0] / late[1])
    measured["repulsive: 2 beta t s"] = float(fallen.min() * 2.0 * BETA * 1e3)
    limits |= {
        "closed form, a share of it": (None, 1e-7),
        "near blow-up: second over first": (None, 0.01),
        "repulsive: 2 beta t s": (0.99, 1.0),
    }
    return judge(measured, limits)


def _points(n: int) -> tuple[Array, Array]:
    """Gauss-Hermite points (n^2, 2) of the Gaussian, and their masses."""
    z, w = np.polynomial.hermite_e.hermegauss(n)
    grid = np.stack(np.meshgrid(z, z, indexing="ij"), axis=-1).reshape(-1, 2)
    masses = np.outer(w, w).ravel()
    return M + grid @ np.linalg.cholesky(S).T, masses / masses.sum()
