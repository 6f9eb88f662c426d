"""Seeded clouds on spheres."""

from __future__ import annotations

from typing import Any

import numpy as np

from meanfield import geometry, inputs
from meanfield.protocols import Array


def uniform(n: int, d: int, rng: Any = None, *, replicas: int | tuple[int, ...] = ()) -> Array:
    """n independent uniform points of S^{d-1} as unit rows, (*replicas, n, d).

    Parameters
    ----------
    n, d : int
        How many, in which ambient dimension (d >= 2).
    rng : int, numpy.random.Generator or None
        Seed or generator; the same seed gives the same bits.
    replicas : int or tuple of int
        Leading axes: independent clouds.
    """
    n, d = inputs.integer("n", n, low=1), inputs.integer("d", d, low=2)
    lead = _lead(replicas)
    return geometry.retract(inputs.generator(rng).standard_normal((*lead, n, d)))


def uniform_angles(n: int, rng: Any = None, *, replicas: int | tuple[int, ...] = ()) -> Array:
    """n independent uniform angles in [0, 2 pi), (*replicas, n)."""
    n = inputs.integer("n", n, low=1)
    return 2.0 * np.pi * inputs.generator(rng).random((*_lead(replicas), n))


def sample(rho: Any, n: int, rng: Any = None, *, replicas: int | tuple[int, ...] = ()) -> Array:
    """n independent points distributed as a density, replicas on leading axes (angles on the circle)."""
    lead = _lead(replicas)
    count = int(np.prod(lead, dtype=int))
    flat = rho.sample(inputs.integer("n", n, low=1) * count, rng)
    return flat.reshape(*lead, n, *flat.shape[1:])


def _lead(replicas: Any) -> tuple[int, ...]:
    lead = replicas if isinstance(replicas, tuple) else (replicas,)
    return tuple(inputs.integer("replicas", r, low=1) for r in lead)
