"""Critical points of the energy on the circle and on spheres, and whether they are strict saddles."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.optimize import least_squares, root

import meanfield as mf
from meanfield.protocols import Array, Law
from validation.checks._tools import central, velocity


def critical_points(law: Law, n: int, starts: int, rng: Any) -> list[Array]:
    """Zeros of USA's field on the n-torus, the first token held at 0, found by Powell's method; each once."""

    def field(rest: Array) -> Array:
        # where Powell's method has lost its way it asks at nan, and gives up at nan
        return velocity(law, mf.Points(np.append(0.0, rest)))[1:] if np.isfinite(rest).all() else np.full(n - 1, np.nan)

    found: list[Array] = []
    for start in rng.uniform(0.0, 2.0 * np.pi, (starts, n - 1)):
        result = root(field, start, tol=1e-13)
        if not np.abs(field(result.x)).max() <= 1e-12:
            continue
        theta = np.append(0.0, result.x)
        gram = np.sort(np.cos(np.subtract.outer(theta, theta)).ravel())
        if all(np.abs(gram - np.sort(np.cos(np.subtract.outer(y, y)).ravel())).max() > 1e-6 for y in found):
            found.append(theta)
    return found


def jacobian(law: Law, theta: Array) -> Array:
    """d v_i / d theta_j of the angular velocities, (n, n), by central differences."""
    unit = np.eye(len(theta))
    return np.stack([central(lambda h, e=e: velocity(law, mf.Points(theta + h * e)), 2e-3) for e in unit], axis=1)


def top_eigenvalue(law: Law, theta: Array) -> float:
    """Largest eigenvalue of USA's Jacobian, which is symmetric, the rotation (eigenvalue 0) taken out."""
    J = jacobian(law, theta)
    turn = np.full((len(theta), len(theta)), 1.0 / len(theta))
    return float(np.linalg.eigvalsh(0.5 * (J + J.T) - 10.0 * turn).max())


def critical_rows(law: Law, n: int, d: int, starts: int, rng: Any) -> list[Array]:
    """Zeros of USA's field among n unit rows of R^d by Levenberg and Marquardt's method; each once, up to rotations."""

    def unit(flat: Array) -> Array:
        x = flat.reshape(n, d)
        return x / np.linalg.norm(x, axis=1, keepdims=True)

    def field(flat: Array) -> Array:
        return velocity(law, mf.Points(unit(flat))).ravel()

    found: list[Array] = []
    for start in rng.standard_normal((starts, n * d)):
        x = unit(least_squares(field, start, method="lm", xtol=1e-15, ftol=1e-15, gtol=1e-15, max_nfev=3000).x)
        if np.abs(field(x.ravel())).max() > 1e-11:
            continue
        gram = np.sort((x @ x.T).ravel())
        if all(np.abs(gram - np.sort((y @ y.T).ravel())).max() > 1e-5 for y in found):
            found.append(x)
    return found


def top_of_rows(law: Law, x: Array) -> Array:
    """Ascending eigenvalues of USA's Jacobian at unit rows x, which is symmetric."""
    J = jacobian_of_rows(law, x)
    return np.asarray(np.linalg.eigvalsh(0.5 * (J + J.T)))


def jacobian_of_rows(law: Law, x: Array) -> Array:
    """Jacobian of the velocities at unit rows x, (n(d-1), n(d-1)) in tangent coordinates, by differences along arcs."""
    frames = np.stack([np.linalg.svd(row[None])[2][1:] for row in x])  # (n, d - 1, d)
    columns = []
    for i, frame in enumerate(frames):
        for e in frame:

            def turned(h: float, i: int = i, e: Array = e) -> Array:
                y = x.copy()
                y[i] = np.cos(h) * x[i] + np.sin(h) * e
                return velocity(law, mf.Points(y))

            columns.append(np.einsum("kad,kd->ka", frames, central(turned, 2e-3)).ravel())
    return np.stack(columns, axis=1)
