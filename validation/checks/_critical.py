"""Critical points of the energy on the circle, and whether they are strict saddles."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.optimize import root

import meanfield as mf
from meanfield.protocols import Array
from validation.checks._tools import central, velocity


def critical_points(law: Any, n: int, starts: int, rng: Any) -> list[Array]:
    """Zeros of USA's field on the n-torus, the first token held at 0, found by Powell's method; each once."""

    def field(rest: Array) -> Array:
        return velocity(law, mf.Points(np.append(0.0, rest)))[1:]

    found: list[Array] = []
    for start in rng.uniform(0.0, 2.0 * np.pi, (starts, n - 1)):
        result = root(field, start, tol=1e-13)
        if np.abs(field(result.x)).max() > 1e-12:
            continue
        theta = np.append(0.0, result.x)
        gram = np.sort(np.cos(np.subtract.outer(theta, theta)).ravel())
        if all(np.abs(gram - np.sort(np.cos(np.subtract.outer(y, y)).ravel())).max() > 1e-6 for y in found):
            found.append(theta)
    return found


def jacobian(law: Any, theta: Array) -> Array:
    """d v_i / d theta_j of the angular velocities, (n, n), by central differences."""
    unit = np.eye(len(theta))
    return np.stack([central(lambda h, e=e: velocity(law, mf.Points(theta + h * e)), 2e-3) for e in unit], axis=1)


def top_eigenvalue(law: Any, theta: Array) -> float:
    """Largest eigenvalue of USA's Jacobian, which is symmetric, the rotation (eigenvalue 0) taken out."""
    J = jacobian(law, theta)
    turn = np.full((len(theta), len(theta)), 1.0 / len(theta))
    return float(np.linalg.eigvalsh(0.5 * (J + J.T) - 10.0 * turn).max())
