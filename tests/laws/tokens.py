"""Tokens, matrices and a density that tests of several laws ask about: those of the reference values."""

from __future__ import annotations

from typing import Any

import numpy as np

from meanfield import geometry
from meanfield.protocols import Array

Q3 = np.array([[1.0, 0.3, -0.2], [0.0, 0.8, 0.4], [0.1, -0.3, 1.1]])
K3 = np.array([[0.9, 0.0, 0.2], [0.2, 1.1, 0.0], [-0.1, 0.3, 0.7]])
V3 = np.array([[1.0, 0.5, 0.0], [-0.5, 0.7, 0.2], [0.3, 0.0, -0.4]])
Q2, K2, V2 = Q3[:2, :2], K3[:2, :2], V3[:2, :2]


def tokens(n: int) -> Array:
    i = np.arange(1, n + 1)
    u = np.stack([np.sin(1.3 * i + 0.4), np.cos(0.9 * i**2), np.sin(0.7 * i) + 0.3], axis=-1)
    return np.asarray(geometry.retract(u))


def two_waves(theta: Any) -> Any:
    return 1.0 + 0.3 * np.cos(theta) + 0.2 * np.sin(2.0 * theta)
