"""Initial densities on any space.  They know what a space can be asked, and no space."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from meanfield.protocols import Space
from meanfield.spaces.density import Density
from meanfield.spaces.doubt import Doubt
from meanfield.tools import inputs
from meanfield.tools.tags import equations


@equations("A Prop 3.4")
def uniform(space: Space) -> Density:
    """The uniform measure, rho = 1.

    Parameters
    ----------
    space : Space
        Where it lives: `mf.Circle`, `mf.Sphere`, `mf.ZonalSphere`.

    Raises
    ------
    TypeError
        If it is no space.

    Examples
    --------
    >>> mf.uniform(mf.Circle(16)).minimum
    1.0
    """
    return _space(space).density(lambda q: 1.0)


def von_mises_fisher(space: Space, mean: Any, kappa: float) -> Density:
    """rho proportional to e^{kappa <x, mean>}.

    Parameters
    ----------
    space : Space
        Any.
    mean : array (d,), or angle in radians on the circle
        Direction of the peak; normalised.
    kappa : float
        Concentration, >= 0.

    Raises
    ------
    ValueError, TypeError
        For what was given; for a kappa that the space is too coarse for, saying how fine it must be.

    Examples
    --------
    >>> rho = mf.von_mises_fisher(mf.Circle(64), 0.0, 2.0)
    >>> bool(rho(0.0) > rho(1.0))
    True
    """
    v = _direction(_space(space), mean)
    kappa = inputs.number("kappa", kappa, low=0.0)
    return space.density(lambda q: np.exp(kappa * (space.inner(v, q) - 1.0)))


def poisson_kernel(space: Space, w: Any) -> Density:
    """rho(x) = ((1 - |w|^2) / |x - w|^2)^{d-1}, |w| < 1: the family that beta = 0 leaves invariant.

    Its mean is w on the circle, and not w for d >= 3.

    Parameters
    ----------
    space : Space
        Where it lives: `mf.Circle`, `mf.Sphere`, `mf.ZonalSphere`.
    w : array (d,)
        The parameter, |w| < 1.

    Raises
    ------
    ValueError, TypeError
        For what was given; for a w that the space is too coarse for, saying how fine it must be.

    Examples
    --------
    >>> rho = mf.poisson_kernel(mf.Circle(128), [0.5, 0.0])
    >>> round(float(rho(0.0)), 9)
    3.0
    """
    w = inputs.array("w", w, shape=(_space(space).d,))
    square = float(w @ w)
    if not square < 1.0:
        raise ValueError(f"w: got norm {square**0.5!r}, wanted a point inside the ball, |w| < 1")
    return space.density(lambda q: ((1.0 - square) / (1.0 + square - 2.0 * space.inner(w, q))) ** (space.d - 1))


def perturbed_uniform(space: Space, modes: dict[Any, complex]) -> Density:
    """1 + sum of modes; on the circle {k: a_k} means 1 + sum Re a_k e^{-ik theta}.

    Parameters
    ----------
    space : Space
        Where it lives: `mf.Circle`, `mf.Sphere`, `mf.ZonalSphere`.
    modes : mapping
        Name of a mode (k; on S^2 (l, m)) to its coefficient.

    Raises
    ------
    ValueError, TypeError
        For what was given, naming the argument.

    Examples
    --------
    >>> rho = mf.perturbed_uniform(mf.Circle(16), {2: 0.3})
    >>> round(float(rho(0.0)), 12)
    1.3
    """
    space = _space(space)
    if not isinstance(modes, Mapping):
        raise TypeError(f"modes: got {inputs.describe(modes)}, wanted a dict of amplitudes, for example {{1: 0.3}}")
    return space.density(coefficients=uniform(space).coefficients + space.ripple(modes), normalize=False)


def mixture(densities: Sequence[Density], weights: Any = None) -> Density:
    """sum_i weights_i rho_i (equal weights by default), on the first density's space.

    Parameters
    ----------
    densities : sequence of Density
        At least one.
    weights : array, optional
        One for each, >= 0; divided by their sum.

    Raises
    ------
    ValueError, TypeError
        For what was given, naming the argument.

    Examples
    --------
    >>> circle = mf.Circle(64)
    >>> rho = mf.mixture([mf.von_mises_fisher(circle, 0.0, 4.0), mf.uniform(circle)], [0.75, 0.25])
    >>> round(float(rho.mass), 12)
    1.0
    """
    densities = inputs.sequence("densities", densities, "a non-empty sequence of densities")
    if not densities or not all(isinstance(rho, Density) for rho in densities):
        raise TypeError(f"densities: got {inputs.describe(densities)}, wanted a non-empty sequence of densities")
    space = densities[0].space
    for rho in densities:
        if rho.space != space:
            raise ValueError(f"densities: they live on different spaces, {space} and {rho.space}: use rho.resized(...)")
    w = inputs.weights("weights", np.ones(len(densities)) if weights is None else weights, (len(densities),))
    parts = list(zip(w, densities, strict=True))
    doubt = Doubt(sum(a * rho.doubt.error for a, rho in parts), max(rho.doubt.share for rho in densities))
    mixed = Density(space, sum(a * rho.coefficients for a, rho in parts), doubt)
    if all(rho.given is None for rho in densities):
        return mixed
    return mixed.keeping(lambda q: sum(a * rho.known(q) for a, rho in parts))


def _space(space: Space) -> Any:
    return inputs.having("space", space, ("density", "inner", "ripple"), "a space, for example mf.Circle(256)")


def _direction(space: Space, mean: Any) -> Any:
    if space.d == 2 and np.ndim(mean) == 0:
        angle = inputs.angle("mean", mean)
        return np.array([np.cos(angle), np.sin(angle)])
    return inputs.unit_vector("mean", mean, space.d)
