"""Seeded clouds on spheres."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from meanfield import geometry
from meanfield.protocols import Array
from meanfield.tools import inputs


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

    Raises
    ------
    ValueError, TypeError
        For what was given, naming the argument.

    Examples
    --------
    >>> pt.uniform(5, 3, rng=0).shape
    (5, 3)
    """
    n, d = inputs.integer("n", n, low=1), inputs.dimension("d", d)
    lead = _lead(replicas, n * d)
    return geometry.retract(inputs.generator(rng).standard_normal((*lead, n, d)))


def uniform_angles(n: int, rng: Any = None, *, replicas: int | tuple[int, ...] = ()) -> Array:
    """n independent uniform angles in [0, 2 pi), (*replicas, n).

    Parameters
    ----------
    n : int
        How many.
    rng : int, numpy.random.Generator or None
        Seed or generator.
    replicas : int or tuple of int
        Leading axes: independent clouds.

    Raises
    ------
    ValueError, TypeError
        For what was given, naming the argument.

    Examples
    --------
    >>> pt.uniform_angles(5, rng=0, replicas=2).shape
    (2, 5)
    """
    n = inputs.integer("n", n, low=1)
    return 2.0 * np.pi * inputs.generator(rng).random((*_lead(replicas, n), n))


def sample(rho: Any, n: int, rng: Any = None, *, replicas: int | tuple[int, ...] = ()) -> Array:
    """n independent points distributed as a density, replicas on leading axes (angles on the circle).

    Parameters
    ----------
    rho : Density
        What they are distributed as.
    n : int
        How many.
    rng : int, numpy.random.Generator or None
        Seed or generator.
    replicas : int or tuple of int
        Leading axes: independent clouds.

    Raises
    ------
    ValueError, TypeError
        For what was given; for a density of negative values.

    Examples
    --------
    >>> pt.sample(mf.uniform(mf.Sphere(4)), 5, rng=0).shape
    (5, 3)
    """
    inputs.having("rho", rho, ("sample", "moments"), "a density, for example space.density(...)")
    n = inputs.integer("n", n, low=1)
    lead = _lead(replicas, n)
    flat = rho.sample(n * math.prod(lead), rng)
    return flat.reshape(*lead, n, *flat.shape[1:])


def _lead(replicas: Any, size: int) -> tuple[int, ...]:
    """Leading axes, of clouds of so many numbers each."""
    given = replicas if isinstance(replicas, tuple) else (replicas,)
    lead = tuple(inputs.integer("replicas", r, low=1) for r in given)
    inputs.integer("replicas times n", math.prod(lead) * size)
    return lead
