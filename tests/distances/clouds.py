"""Clouds on spheres, and rotations of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def uniform(rng: np.random.Generator, *shape: int) -> Array:
    x = rng.standard_normal(shape)
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def rotation(rng: np.random.Generator, d: int) -> Array:
    return np.linalg.qr(rng.standard_normal((d, d)))[0]


def circle(theta: Any) -> Array:
    return np.stack([np.cos(theta), np.sin(theta)], axis=-1)
