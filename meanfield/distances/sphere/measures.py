"""The door of the spheres' metrics: weighted rows, zonal densities and densities on S^2, and how replicas are paired.

A density is known by its public moments: real int P_k(<x, axis>) d mu on a zonal sphere, complex
int conj(Y^sigma_lm) d mu, m >= 0, in ducc0's order on S^2.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from meanfield.distances.circle.measures import MASS_TOLERANCE
from meanfield.protocols import Array
from meanfield.tools import inputs


@dataclass(frozen=True)
class Rows:
    """Weighted points: unit rows (..., n, d) and weights (..., n) of sum 1, or None for 1/n each."""

    x: Array
    weights: Array | None

    @property
    def d(self) -> int:
        """Ambient dimension."""
        return int(self.x.shape[-1])

    @property
    def lead(self) -> tuple[int, ...]:
        """Shape of the replicas."""
        return tuple(self.x.shape[:-2])

    def masses(self) -> Array:
        """(..., n) the weights written out."""
        n = self.x.shape[-2]
        return np.full(self.x.shape[:-1], 1.0 / n) if self.weights is None else self.weights

    def take(self, r: int) -> Rows:
        """The replica with this flat number."""
        n, d = self.x.shape[-2:]
        return Rows(self.x.reshape(-1, n, d)[r], None if self.weights is None else self.weights.reshape(-1, n)[r])


@dataclass(frozen=True)
class Zonal:
    """A density of <x, axis>: its coefficients int p_k d mu (..., K + 1), and its moments int P_k d mu likewise."""

    axis: Array
    coefficients: Array
    moments: Array

    @property
    def d(self) -> int:
        """Ambient dimension."""
        return int(self.axis.size)

    @property
    def degree(self) -> int:
        """Highest degree."""
        return int(self.moments.shape[-1]) - 1

    @property
    def lead(self) -> tuple[int, ...]:
        """Shape of the replicas."""
        return tuple(self.moments.shape[:-1])

    def take(self, r: int) -> Zonal:
        """The replica with this flat number."""
        K = self.degree + 1
        return Zonal(self.axis, self.coefficients.reshape(-1, K)[r], self.moments.reshape(-1, K)[r])


@dataclass(frozen=True)
class Harmonic:
    """A density on S^2 by a_lm (..., M), m >= 0, in ducc0's order."""

    a: Array
    degree: int
    d = 3

    @property
    def lead(self) -> tuple[int, ...]:
        """Shape of the replicas."""
        return tuple(self.a.shape[:-1])

    def take(self, r: int) -> Harmonic:
        """The replica with this flat number."""
        return Harmonic(self.a.reshape(-1, self.a.shape[-1])[r], self.degree)


Side: TypeAlias = Rows | Zonal | Harmonic


def read(name: str, value: Any, weights: Any = None) -> Side:
    """What the caller passed as `name`: unit rows, a snapshot (`.weights` and `.x` or `.points`), or a density.

    Raises
    ------
    TypeError, ValueError
        Naming the argument, if it is none of these, off the sphere, not finite, or not of mass 1.
    """
    if hasattr(value, "coefficients") and hasattr(value, "space"):
        _no_weights(name, weights, "a density, which has none")
        return _density(name, value)
    if hasattr(value, "points") and hasattr(value, "weights"):
        _no_weights(name, weights, "a snapshot, which has its own")
        return _rows(f"{name}.points", getattr(value, "x", value.points), f"{name}.weights", value.weights)
    return _rows(name, value, f"{name}_weights", weights)


def read_rows(name: str, value: Any, weights: Any = None) -> Rows:
    """As `read`, where only points will do."""
    side = read(name, value, weights)
    if not isinstance(side, Rows):
        raise TypeError(
            f"{name} must be points, as unit rows (..., n, d); got a density on {value.space!r}. Sample it, "
            f"{name}.sample(n, rng), or compare moments: sobolev_sphere."
        )
    return side


def _no_weights(name: str, weights: Any, reason: str) -> None:
    if weights is not None:
        raise ValueError(f"{name}_weights must be None where {name} is {reason}; got {inputs.describe(weights)}.")


def _rows(name: str, value: Any, weights_name: str, weights: Any) -> Rows:
    x = inputs.rows(name, value)
    if weights is None:
        return Rows(x, None)
    given = inputs.array(weights_name, weights, copy=False)
    n = x.shape[-2]
    if given.ndim == 0 or given.shape[-1] != n:
        raise ValueError(
            f"{weights_name} must have one weight for each of the {n} rows of {name}; got shape {given.shape} beside "
            f"{x.shape}."
        )
    try:
        shape = np.broadcast_shapes(x.shape[:-1], given.shape)
    except ValueError:
        raise ValueError(
            f"{weights_name} must broadcast against the points of {name}, {x.shape[:-1]}; got shape {given.shape}."
        ) from None
    masses = inputs.weights(weights_name, given, shape)
    # equal weights, however given, take the faster ways
    return Rows(np.broadcast_to(x, (*shape, x.shape[-1])), None if masses.min() == masses.max() else masses)


def _density(name: str, density: Any) -> Side:
    space = density.space
    degree = int(space.size)
    moments = np.asarray(density.moments(degree))
    harmonic = moments.dtype.kind == "c"
    if harmonic and not (space.d == 3 and moments.shape[-1] == (degree + 1) * (degree + 2) // 2):
        raise ValueError(
            f"{name} must be points, a zonal density or a density on S^2; got one on {space!r} with d = {space.d}. For "
            "the circle there are w1_circle, w2_circle and sobolev."
        )
    moments = inputs.array(f"{name}.moments", moments, complex_ok=harmonic)
    mass = moments[..., :1]
    if (np.abs(mass - 1.0) > MASS_TOLERANCE).any():
        worst = mass.ravel()[np.argmax(np.abs(mass - 1.0))]
        raise ValueError(f"{name} must have mass 1; got {worst}. Normalise it: distances compare equal masses.")
    if harmonic:
        return Harmonic(moments / mass, degree)
    axis = np.asarray(space.chart(np.eye(space.d)))
    return Zonal(axis, np.asarray(density.coefficients) / mass, moments / mass)


# --- pairs -------------------------------------------------------------------------------------------------


def lead_shape(a: Side, b: Side) -> tuple[int, ...]:
    """Common shape of the replicas of both sides, which must live on the same sphere."""
    if a.d != b.d:
        raise ValueError(f"a and b must live on the same sphere; got d = {a.d} and d = {b.d} (the ambient dimensions).")
    try:
        return tuple(np.broadcast_shapes(a.lead, b.lead))
    except ValueError:
        raise ValueError(
            f"a and b must have leading (replica) axes that broadcast; got {a.lead} and {b.lead}. The last two axes "
            "are points and coordinates; the axes before them are replicas."
        ) from None


def paired(a: Side, b: Side, metric: Callable[[Any, Any], float]) -> float | Array:
    """metric of all pairs of replicas, one after the other; a float if there are no leading axes."""
    lead = lead_shape(a, b)
    out = np.empty(int(np.prod(lead)))
    i, j = (np.broadcast_to(np.arange(int(np.prod(s.lead))).reshape(s.lead), lead).ravel() for s in (a, b))
    for r in range(out.size):
        out[r] = metric(a.take(int(i[r])), b.take(int(j[r])))
    return float(out[0]) if lead == () else out.reshape(lead)
