"""A density of points: each of them spread by the heat kernel, or all of them projected to a degree.

The heat kernel of S^{d-1} at time h^2 / 2 multiplies harmonics of degree k by e^{-h^2 k (k + d - 2) / 2}; it is
positive, and where h is small a Gaussian of standard deviation h in every direction (on the circle the wrapped one,
for all h).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy

from meanfield.protocols import Array, Space
from meanfield.spaces.density import RESOLVED, Density
from meanfield.spaces.doubt import Doubt
from meanfield.spaces.finished import finished
from meanfield.spaces.rounded import EXACT
from meanfield.tools import inputs

BLOCK = 1 << 16
"""Points that are projected at a time."""
APART = 1e-12
"""Of points whose mean is closer than this to the sphere, no width can be read off."""


def estimated(space: Space, points: Any, weights: Any, bandwidth: Any, degree: Any) -> Density:
    """The estimate of `FromData.density_from`."""
    if space.geometry.manifold != "sphere":
        raise TypeError(f"density_from: {space} is no sphere, and its heat kernel is not known: use space.density(f)")
    if bandwidth is not None and degree is not None:
        raise ValueError("bandwidth, degree: got both: give bandwidth= for a kernel estimate, or degree= to project")
    h = None if bandwidth is None else inputs.angle("bandwidth", bandwidth, above=0.0)
    top = None if degree is None else inputs.integer("degree", degree, low=1)
    q, w = _cloud(space, points, weights)
    c = _moments(space, q, w)
    if top is not None:
        return _projected(space, c, w, top)
    if h is None:
        h = _rule(space, c, w)
    _refuse_narrow(space, h, by_rule=bandwidth is None)
    return _made(space, c * np.exp(0.5 * h * h * space.laplacian), _held(space))


def _cloud(space: Space, points: Any, weights: Any) -> tuple[Array, Array]:
    """Coordinates and weights of what was given."""
    if hasattr(points, "read") and hasattr(points, "weights"):  # a measure
        if hasattr(points, "coefficients"):
            came = inputs.describe(points)
            raise TypeError(inputs.message("points", "points", came, "It is a density: use it as it is, or .resized."))
        if weights is not None:
            raise ValueError("weights: a measure brings its own; leave them out")
        points, weights = points.x, points.weights
    line = space.line
    if inputs.axes(points) == 1 and line is not None:
        room = np.pi * inputs.spacing("points", points)
        a = inputs.angles("points", points)
        if not line.turn and ((a < line.low) | (a > line.high + room)).any():
            worst = float(a[np.argmax(np.abs(a - 0.5 * line.high))])
            raise ValueError(
                f"points: got {worst!r}, wanted angles to the axis of {space}, in [0, pi] radians, or unit rows (n, "
                f"{space.d})"
            )
        q = line.coordinates(a if line.turn else np.minimum(a, line.high))
    else:
        angles = "" if line is None else "Angles are one-dimensional, (n,)."
        x = inputs.rows("points", points, d=space.d, else_=angles)
        if x.ndim != 2:
            raise ValueError(f"points: got shape {x.shape}, wanted one cloud (n, {space.d}): take one replica of them")
        q = space.points(space.chart(x))
    return q, inputs.weights("weights", weights, (len(q),))


def _moments(space: Space, q: Array, w: Array) -> Array:
    """Coefficients of sum_j w_j delta_{q_j}, to the space's highest degree."""
    K = int(space.degrees.max())
    blocks = [slice(start, start + BLOCK) for start in range(0, len(w), BLOCK)]
    return np.asarray(sum(space.project(q[block], w[block], K) for block in blocks))


def _held(space: Space) -> int:
    """Degrees below the last sixteenth, where nothing may stand."""
    K = int(space.degrees.max())
    return min(15 * K // 16, K - 2)


def _made(space: Space, c: Array, top: int) -> Density:
    """The density of these coefficients to degree `top`."""
    c = np.where(space.degrees <= top, c, 0.0)
    return finished(Density(space, c, Doubt(space.rounding(c))), EXACT, None, True, False)


def _size(space: Space, degree: int) -> int:
    """Size of the space that holds a degree below its last sixteenth."""
    return space.size // int(space.degrees.max()) * (-(-16 * degree // 15) + 2)


# --- spread ------------------------------------------------------------------------------------------------


def _rule(space: Space, c: Array, w: Array) -> float:
    """s (4 / ((m + 2) n))^{1 / (m + 4)}, m = d - 1: the normal reference rule, 1 - |int x d mu| = m s^2 / 2."""
    m, spread = space.d - 1.0, 1.0 - float(np.linalg.norm(space.averages(c)[0]))
    if spread <= APART:
        raise ValueError("points: they are all in one place, from which no bandwidth follows: give bandwidth=0.3, say")
    n = 1.0 / float(w @ w)
    return float(np.sqrt(2.0 * spread / m) * (4.0 / ((m + 2.0) * n)) ** (1.0 / (m + 4.0)))


def _size_of_degree(d: int, k: Array) -> Array:
    """log sqrt(N(d, k)), which bounds a coefficient of degree k >= 1."""
    log = np.log(2.0 * k + d - 2.0) + scipy.special.gammaln(k + d - 2.0) - scipy.special.gammaln(k + 1.0)
    return np.asarray(0.5 * (log - scipy.special.gammaln(d - 1.0)))


def _refuse_narrow(space: Space, h: float, by_rule: bool) -> None:
    """Refuse a kernel that has coefficients where the space has none to spare."""
    d, first = space.d, _held(space) + 1
    k = np.arange(1.0, min(64.0 / h + d, 1e6))  # beyond 64 / h there is none, in any dimension that is allowed
    over = np.flatnonzero(_size_of_degree(d, k) - 0.5 * h * h * k * (k + d - 2.0) > np.log(RESOLVED))
    top = int(k[over[-1]]) + 1 if len(over) else 1
    if top <= first:
        return
    k = np.arange(float(first), 4.0 * first)
    least = np.sqrt((2.0 * (_size_of_degree(d, k) - np.log(RESOLVED)) / (k * (k + d - 2.0))).max())
    got = f"the rule's {h:.3g} rad" if by_rule else f"got {h:.3g} rad"
    raise ValueError(
        f"bandwidth: {got} is too narrow for {space}: the kernel has degrees up to {top - 1} above 1e-12, and degrees "
        f"below {first} are to spare: {_finer(space, top, ', or ')}use bandwidth={1.001 * least:.4g}"
    )


def _finer(space: Space, degree: int, then: str = "") -> str:
    """To take the space that holds a degree; nothing where memory does not."""
    try:
        return f"use {space.resized(_size(space, degree))}{then}"
    except ValueError:
        return ""


# --- projected ---------------------------------------------------------------------------------------------


def _projected(space: Space, c: Array, w: Array, degree: int) -> Density:
    """Coefficients to `degree` as they are; refused where they are no density's."""
    if degree > _held(space):
        raise ValueError(
            f"degree: got {degree}, and {space} holds degrees up to {_held(space)} with room for their tail: "
            f"{_finer(space, degree) or f'take degree={_held(space)}'}"
        )
    n = int(np.count_nonzero(w))
    if (count := _count(space, degree)) > n:
        most = max(k for k in range(degree) if _count(space, k) <= n)
        less = f"take degree={most}, or " if most else ""
        raise ValueError(
            f"degree: {count} coefficients to degree {degree} cannot be read off {inputs.several(n, 'point')}: "
            f"{less}give bandwidth= instead"
        )
    low, high = _range(space, c, degree)
    if low < -RESOLVED * high:
        smaller = next((k for k in _halved(degree) if _range(space, c, k)[0] >= 0.0), 0)
        less = f"degree={smaller} is not; or " if smaller else ""
        raise ValueError(
            f"degree: the projection to degree {degree} is negative, {low:.3g} where the largest is {high:.3g}: {less}"
            "give bandwidth=, whose kernel is positive"
        )
    return _made(space, c, degree)


def _halved(degree: int) -> list[int]:
    return [degree >> i for i in range(1, degree.bit_length())]


def _count(space: Space, degree: int) -> int:
    """Real numbers that the coefficients to a degree are."""
    known = space.degrees[space.degrees <= degree]
    if not np.iscomplexobj(space.analyse(np.ones(len(space.weights)))):
        return len(known)
    # of complex ones those of order m = 0 are real: one for each degree on S^2, that of degree 0 on the circle
    return 2 * len(known) - (degree + 1 if space.d > 2 else 1)


def _range(space: Space, c: Array, degree: int) -> tuple[float, float]:
    """The least and the largest value of a projection, on a grid twice as fine."""
    rho = Density(space, np.where(space.degrees <= degree, c, 0.0))
    values = rho.resized(2 * space.size).values
    return float(np.nanmin(values)), float(np.nanmax(np.abs(values)))
