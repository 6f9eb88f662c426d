"""Densities and series on S^2 that several tests ask about."""

from __future__ import annotations

import numpy as np

import meanfield as mf
from meanfield.protocols import Array

AXIS = np.array([0.48, -0.6, 0.64])
LAWS = {"SA": mf.SA, "USA": mf.USA}


def unit(n: int, seed: int = 0) -> Array:
    x = np.random.default_rng(seed).standard_normal((n, 3))
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def turned(axis: Array) -> Array:
    """A rotation that takes e_3 to the axis."""
    v = np.array([0.0, 0.0, 1.0]) - axis
    return (
        np.diag([-1.0, 1.0, 1.0]) if not v.any() else (np.eye(3) - 2.0 * np.outer(v, v) / (v @ v)) @ np.diag([-1, 1, 1])
    )


def lopsided(x: Array) -> Array:
    """Non-zonal data, positive."""
    return 1.0 + 0.3 * x[..., 2] + 0.4 * x[..., 0] * x[..., 1] - 0.3 * x[..., 0] * x[..., 2] ** 2
