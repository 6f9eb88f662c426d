"""The door of the circle's metrics: what may be compared, and how replicas are paired."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from meanfield import geometry
from meanfield.geometry import TURN as TWO_PI
from meanfield.protocols import Array
from meanfield.tools import inputs

CHUNK = 1 << 20
"""Atoms handled at once: a handful of temporaries of this length bound the memory of any number of replicas."""

QUANTA = 1 << 16
"""Equal masses that stand for a density carried by its flow: a distance is then off by at most pi / QUANTA = 5e-5."""

MASS_TOLERANCE = 1e-8
"""|c_0 - 1| beyond which a density is refused; below it c is divided by c_0."""


@dataclass(frozen=True)
class Atoms:
    """Weighted points: theta (..., n) in [0, 2 pi), weights (..., n) of sum 1, or None for 1/n each."""

    theta: Array
    weights: Array | None

    @property
    def lead(self) -> tuple[int, ...]:
        """Shape of the replicas."""
        return tuple(self.theta.shape[:-1])

    def take(self, index: Array) -> Atoms:
        """The replicas with these flat numbers, as (len(index), n)."""
        return Atoms(_rows(self.theta, index), None if self.weights is None else _rows(self.weights, index))

    def masses(self) -> Array:
        """The weights written out."""
        n = self.theta.shape[-1]
        return np.full(self.theta.shape, 1.0 / n) if self.weights is None else self.weights


def _rows(values: Array, index: Array) -> Array:
    flat = values.reshape(-1, values.shape[-1])
    if len(flat) == len(index) == 1:  # no copy of a million numbers; nor may they be written to, being the caller's
        flat = flat.view()
        flat.flags.writeable = False
        return flat
    return flat[index]


@dataclass(frozen=True)
class Smooth:
    """A density by its moments c_k = int e^{-ik theta} d mu, k = 0..K: (..., K + 1), c_0 = 1."""

    c: Array

    @property
    def lead(self) -> tuple[int, ...]:
        """Shape of the replicas."""
        return tuple(self.c.shape[:-1])

    def take(self, index: Array) -> Smooth:
        """The replicas with these flat numbers."""
        return Smooth(self.c.reshape(-1, self.c.shape[-1])[index])


Side: TypeAlias = Atoms | Smooth


def wrapped(theta: Array) -> Array:
    """theta modulo 2 pi, in [0, 2 pi); the same array if it is there already."""
    if theta.size == 0 or (theta.min() >= 0.0 and theta.max() < TWO_PI):
        return theta
    return geometry.positive(theta)


def read(name: str, value: Any, weights: Any = None) -> Side:
    """What the caller passed as `name`: angles, a snapshot (`.points`, `.weights`) or a density on the circle.

    Raises
    ------
    TypeError, ValueError
        Naming the argument, if it is none of these, not finite, empty, of wrong shape or mass.
    """
    if hasattr(value, "points") and hasattr(value, "weights"):
        _no_weights(name, weights, "a snapshot, which has its own")
        if getattr(value, "d", 2) != 2:
            raise ValueError(f"{name} must be points on the circle (d = 2); got points with d = {value.d}.")
        if hasattr(value, "quantize"):
            # a density carried by its flow: its own nodes stand for intervals, too coarse for a distance
            return Atoms(wrapped(np.asarray(value.quantize(QUANTA))), None)
        # points held as rows offer their angles too
        angles = value.theta if hasattr(value, "theta") else value.points
        return _atoms(f"{name}.points", angles, f"{name}.weights", value.weights)
    if hasattr(value, "coefficients") and hasattr(value, "space"):
        _no_weights(name, weights, "a density, which has none")
        return _smooth(name, value)
    return _atoms(name, value, f"{name}_weights", weights)


def _no_weights(name: str, weights: Any, reason: str) -> None:
    if weights is not None:
        raise ValueError(f"{name}_weights must be None where {name} is {reason}; got {inputs.describe(weights)}.")


def _atoms(name: str, theta: Any, weights_name: str, weights: Any) -> Atoms:
    angles = inputs.array(name, theta, copy=False, radians=True)
    if angles.ndim == 0:
        raise ValueError(f"{name} must be angles of shape (..., n); got one number. For one atom write [{name}].")
    if weights is None:
        return Atoms(wrapped(angles), None)
    masses = inputs.array(weights_name, weights, copy=False)
    if masses.ndim == 0 or masses.shape[-1] != angles.shape[-1]:
        raise ValueError(
            f"{weights_name} must have one weight for each of the {angles.shape[-1]} angles of {name} (angles, not "
            f"rows, one a point); got shape {masses.shape} beside {angles.shape}."
        )
    try:
        shape = np.broadcast_shapes(angles.shape, masses.shape)
    except ValueError:
        raise ValueError(
            f"{weights_name} must broadcast against {name} of shape {angles.shape}; got shape {masses.shape}."
        ) from None
    masses = inputs.weights(weights_name, masses, shape)
    angles = np.broadcast_to(wrapped(angles), shape)
    # equal weights, however given, take the exact and faster way in Z/n
    return Atoms(angles, None if masses.min() == masses.max() else masses)


def _smooth(name: str, density: Any) -> Smooth:
    space = density.space
    d = getattr(space, "d", None)
    if d != 2:
        raise ValueError(f"{name} must be a density on the circle (space.d = 2); got one on {space!r} with d = {d}.")
    c = np.asarray(density.moments(int(space.size) // 2))
    if c.dtype.kind != "c" or c.ndim == 0:
        raise ValueError(
            f"{name} must be a density on the circle with complex moments c_k = int e^(-ik theta) d mu; got "
            f"{inputs.describe(c)} from {space!r}. Build it on the circle, not on a zonal space."
        )
    c = inputs.array(f"{name}.moments", c, complex_ok=True, copy=True)
    if (np.abs(c[..., 0] - 1.0) > MASS_TOLERANCE).any():
        worst = c[..., 0].ravel()[np.argmax(np.abs(c[..., 0] - 1.0))]
        raise ValueError(f"{name} must have mass c_0 = 1; got {worst}. Normalise it: distances compare equal masses.")
    c /= c[..., :1]
    return Smooth(c)


def lead_shape(a: Side, b: Side) -> tuple[int, ...]:
    """Common shape of the replicas of both sides."""
    try:
        return tuple(np.broadcast_shapes(a.lead, b.lead))
    except ValueError:
        raise ValueError(
            f"a and b must have leading (replica) axes that broadcast; got {a.lead} and {b.lead}. The last axis is "
            "the atoms; the axes before it are replicas."
        ) from None


def paired(a: Side, b: Side, kernel: Callable[[Any, Any], Array]) -> float | Array:
    """kernel(a rows, b rows) -> (R,) over all replicas, a chunk at a time; a float if there are no leading axes.

    A density with leading axes, or two densities, are handed over one replica at a time.
    """
    lead = lead_shape(a, b)
    out = np.empty(int(np.prod(lead)))
    i, j = (np.broadcast_to(np.arange(int(np.prod(s.lead))).reshape(s.lead), lead).ravel() for s in (a, b))
    for part in _chunks(a, b, out.size):
        out[part] = kernel(a.take(i[part]), b.take(j[part]))
    return float(out[0]) if lead == () else out.reshape(lead)


def _chunks(a: Side, b: Side, count: int) -> Iterator[slice]:
    size = 0
    one_density = False
    for side in (a, b):
        if isinstance(side, Atoms):
            size += side.theta.shape[-1]
        elif side.lead:
            one_density = True
    step = 1 if one_density or size == 0 else max(1, CHUNK // size)
    for start in range(0, count, step):
        yield slice(start, min(start + step, count))
