"""What every density has passed: its sign, its mass, and what of it is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from meanfield.protocols import Array
from meanfield.spaces.density import RESOLVED, Density
from meanfield.spaces.rounded import Rounding
from meanfield.tools import inputs

FINER = 128
"""Degree to which a density may be brought, for a picture or by a method."""


def called(f: Callable[[Array], Any], q: Array, n: int) -> tuple[Array, float]:
    """f at n coordinates q, checked, and the relative spacing of its numbers."""
    answer = inputs.mapped("density", f, q, "nodes")
    values, eps = inputs.array("density", answer), inputs.spacing("density", answer)
    if values.shape != (n,):
        if values.ndim != 0:
            raise ValueError(
                f"density: the callable gave shape {values.shape} for {n} nodes; it must return one value for each"
            )
        values = np.array(np.broadcast_to(values, (n,)))
    return values, eps


def _divided(f: Callable[[Array], Any], mass: float, q: Array) -> Array:
    """f / mass at coordinates q that are numbers, of any shape."""
    return called(f, q.ravel(), q.size)[0].reshape(q.shape) / mass


def finished(
    rho: Density, known: Rounding, f: Callable[[Array], Any] | None, normalize: bool, signed: bool
) -> Density:
    """rho checked for sign and mass, and normalised; it keeps the callable where its coefficients hide values."""
    kept = f if f is not None and _hidden(rho) else None
    if kept is not None:
        rho = rho.keeping(partial(_divided, kept, 1.0))
    if signed:
        return rho
    _refuse_negative(rho.resized(2 * rho.space.size), known.value)  # a polynomial can dip between the nodes
    mass = float(rho.mass)
    if not mass > 0.0:
        raise ValueError(f"density: its mass is {mass!r}; wanted a positive mass")
    if normalize:
        unit = Density(rho.space, rho.coefficients / mass, replace(rho.doubt, error=rho.doubt.error / mass))
        return unit if kept is None else unit.keeping(partial(_divided, kept, mass))
    room = max(RESOLVED, known.coefficient)
    if abs(mass - 1.0) > room:
        raise ValueError(f"density: its mass is {mass!r} and normalize=False demands 1 (to {room:.2g}): leave it out")
    return rho


def _hidden(rho: Density) -> bool:
    """Whether the coefficients leave a value unknown, here or at a size that pictures and methods may bring it to."""
    ends = rho.space.ends
    return ends is not None and bool(np.isnan(rho.resized(max(2 * rho.space.size, FINER)).known(ends)).any())


def _refuse_negative(rho: Density, room: float) -> None:
    """Refuse a value below -room at a node or beyond the last of them, as far as values are known."""
    for q in (None,) if rho.space.ends is None else (None, rho.space.ends):
        values = rho.known(q)
        slack = None if rho.given is not None else rho.space.bound(rho.coefficients, rho.doubt.error, q)
        sure = values if slack is None else values + slack
        if np.nanmin(sure, initial=0.0) < -max(room, RESOLVED * np.nanmax(np.abs(values), initial=0.0)):
            i, high, at = int(np.nanargmin(sure)), np.nanmax(values), rho.space.nodes if q is None else q
            raise ValueError(
                f"density: negative: its smallest value is {values[i]:.3e} (largest {high:.3e}) at {at[i]}; a density "
                "is not negative (for a perturbation: space.density(..., signed=True))"
            )
