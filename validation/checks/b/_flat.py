"""What B's figures share: (3.1) as a law, their data, groups of tokens, eigenvectors and their duals."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.cluster.hierarchy import fclusterdata
from scipy.spatial import ConvexHull, QhullError

import meanfield as mf
import particles as pt
from meanfield.protocols import Array, Law

STEP = 0.1
"""Of B's scheme, RK4 (11.1)."""


def rescaled(V: Array, Q: Array | None = None, K: Array | None = None) -> mf.Rescaled:
    """B (3.1), for z = e^{-tV} x."""
    return mf.Rescaled(mf.SA(1.0, Q=Q, K=K, V=V, geometry="flat"))


def moved(law: Law, z: Array, times: Any, mode: str = "flow") -> pt.Trajectory:
    """A run that saves these times: the flow, "printed" (RK4, step 0.1), "coded" (attention held over RK4's stages,
    which is Euler).
    """
    schemes: dict[str, dict[str, Any]] = {
        "flow": {"rtol": 1e-7, "atol": 1e-9}, "printed": {"method": "rk4", "step": STEP},
        "coded": {"method": "euler", "step": STEP},
    }  # fmt: skip
    how = schemes[mode]
    return pt.simulate(law, z, (0.0, float(times[-1])), np.asarray(times, dtype=float), **how)


def cube(n: int, d: int, rng: Any) -> Array:
    """B's data: uniform on [-5, 5]^d."""
    return np.asarray(rng.uniform(-5.0, 5.0, (n, d)))


def groups(z: Array, tol: float) -> tuple[Array, float]:
    """Means (m, k) of groups of rows (n, k) that chains of steps up to tol join, and the widest group's radius."""
    names = fclusterdata(z, tol, criterion="distance", method="single")
    means = np.array([z[names == name].mean(axis=0) for name in np.unique(names)])
    wide = max(float(np.linalg.norm(z[names == name] - z[names == name].mean(axis=0), axis=1).max()) for name in names)
    return means, wide


def within(w: Array, who: Array) -> Array:
    """(T, ...) deviations of coordinates (T, n, ...) from the means of the groups that tokens belong to (n,)."""
    names = np.unique(who)
    return np.sqrt(sum(np.mean(who == k) * w[:, who == k].var(axis=1) for k in names))


def vertices(points: Array) -> Array:
    """(m,) which of a few points are vertices of their convex hull; all, if they are too few to have an inside."""
    try:
        return np.asarray(ConvexHull(points).vertices)
    except QhullError:
        return np.arange(len(points))


def outside(points: Array, hull: Array) -> float:
    """How far the farthest of some points lies outside a hull (m, d); 0 if none does."""
    faces = ConvexHull(hull).equations
    return float(max(0.0, (points @ faces[:, :-1].T + faces[:, -1]).max()))


def inside(points: Array, hull: Array) -> float:
    """How far the deepest of some points lies from the boundary of a hull (m, d)."""
    faces = ConvexHull(hull).equations
    return float(np.abs((points @ faces[:, :-1].T + faces[:, -1]).max(axis=1)).max())


def with_spectrum(blocks: Array, first: Any, rng: Any) -> Array:
    """A random real V = S B S^{-1} with the first column of S given: B's block matrix has the eigenvalues."""
    d = len(blocks)
    while True:
        S = rng.uniform(-1.0, 1.0, (d, d))
        S[:, 0] = first
        S /= np.linalg.norm(S, axis=0)
        if np.linalg.cond(S) < 5.0:  # so that B's growing coordinates stay in the picture
            return np.asarray(S @ blocks @ np.linalg.inv(S))


def duals(V: Array) -> tuple[Array, Array, Array]:
    """Eigenvalues by falling real part, right eigenvectors (columns, unit) and left ones (rows), <l_j, r_k> = delta_jk:
    what converges along phi_1 is the left one's coordinate.
    """
    values, right = np.linalg.eig(V)
    order = np.argsort(-values.real, kind="stable")
    right = right[:, order]
    return values[order], right, np.linalg.inv(right)
