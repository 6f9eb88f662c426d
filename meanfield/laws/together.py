"""How fast the energy of several laws changes: each moves what the others tell.

With E = sum_i E_i over the laws that tell one, and X = sum_j X_j over all of them,

    dE/dt = int <grad dE/dmu, P_x X> dmu:

products of different laws count, so that rates of single laws do not add.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from meanfield.measures.points import Points
from meanfield.protocols import Law, Measure

FINE = (2, 4)
"""How many times a density's own points are asked, where it does not answer laws itself."""
HELD = 1e-10
"""Share of the rates of single points to which the second must confirm the first."""


def still(law: Law, t: float, mu: Measure) -> bool:
    """Whether the law says of itself that it moves nothing: a plain 0, as of noise alone."""
    try:
        v = law.velocity(t, None if law.isotropic else mu.x, mu)
    except TypeError:  # the measure cannot answer the law's questions
        return False
    return bool(np.ndim(v) == 0 and v == 0.0)


def rate(law: Law, telling: Sequence[Law], t: float, mu: Any) -> Any:
    """dE/dt along the velocity of `law`, E being what the laws `telling` tell; None where it is not known.

    It is known where each of them tells its `ascent`, of a measure over whose own points e^s may be summed.
    """
    mu = mu.summed
    if mu.quadratic:
        return None
    if not mu.dense or (law.isotropic and mu.geometry.manifold == "sphere"):
        found = _rate(law, telling, t, mu)
        return None if found is None else found[0]
    one, two = (_rate(law, telling, t, _points(mu.resized(times * mu.space.size))) for times in FINE)
    if one is None or two is None or np.any(np.abs(one[0] - two[0]) > HELD * two[1]):
        return None
    return two[0]


def _points(mu: Any) -> Points:
    """A density's own points, with an axis of times where it has one."""
    lead = np.broadcast_shapes(mu.x.shape[:-1], mu.weights.shape)
    q = np.broadcast_to(mu.positions, (*lead, *mu.geometry.point(mu.d)))
    return Points.trusted(q, np.broadcast_to(mu.weights, lead), mu.geometry)


def _rate(law: Law, telling: Sequence[Law], t: float, mu: Any) -> tuple[Any, Any] | None:
    """The rate, and the sum of the sizes of which it is one."""
    x = None if law.isotropic else mu.x
    up: Any = 0.0
    for one in telling:
        slope = one.ascent(t, x, mu)
        if slope is None:
            return None
        up = up + slope  # a new array: the next question overwrites the measure's
    up, v = np.asarray(up), np.asarray(law.velocity(t, x, mu))
    if not up.ndim or not v.ndim:
        return (0.0 * np.sum(mu.weights, axis=-1),) * 2
    up, v = (a if a.shape[-1] != mu.d else mu.tangential(a) for a in (up, v))  # components, or rows made such
    each = mu.weights * np.sum(up * v, axis=-1)
    return np.sum(each, axis=-1), np.sum(np.abs(each), axis=-1)
