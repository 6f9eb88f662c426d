"""A branch of zonal stationary densities, from where it leaves the uniform density to where it cannot be followed.

Along it: the sectors' spectra, the free energy, and what is located: folds, where the parameter turns; branch points,
where an eigenvalue of some sector passes zero elsewhere; and where the free energy is that of the uniform density.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from meanfield.analysis.bifurcating import Bifurcating
from meanfield.analysis.continuation import Point, corrected, located, tangent, traced
from meanfield.analysis.linear import growth_rates
from meanfield.protocols import Array

FIRST, LONGEST, SHORTEST = 0.01, 0.15, 1e-9
"""Stretches of arclength, in f_k = int P_k d rho and the parameter's logarithm."""
GONE = 1e-3
"""An amplitude below this, after the first stretch, is that of the uniform density."""
TAIL = 1e-3
"""Last coefficients beside the largest, at most.  The kernel sees none of them, and integrals of what is seven times as
fine are exact."""
LEAST = -12.0
"""Logarithm of the parameter beside the branch point's, at least."""


@dataclass
class Half:
    """One half of a branch: points after the uniform density, in order, and what was located between them."""

    points: list[Point] = field(default_factory=list)
    spectra: list[list[Array]] = field(default_factory=list)
    excess: list[float] = field(default_factory=list)
    folds: list[Point] = field(default_factory=list)
    equal: list[Point] = field(default_factory=list)
    crossings: list[tuple[Point, int]] = field(default_factory=list)
    reason: str = ""


def follow(curve: Bifurcating, mode: int, side: float, steps: int) -> Half:
    """The half with f_mode of this sign."""
    half = Half()
    along = np.zeros(curve.degree + 1)
    along[mode - 1] = side
    found = corrected(curve, FIRST * along, along, FIRST)
    if found is None:
        half.reason = f"Newton's method found no solution with |f_{mode}| = {FIRST} beside the uniform density"
        return half
    first = Point(found[0], tangent(curve, found[0], along))
    _met(half, curve, first)
    try:
        for point in traced(curve, first, FIRST, LONGEST, SHORTEST):
            half.reason = _over(curve, point)
            if half.reason:
                return half
            _met(half, curve, point)
            _between(half, curve)
            if len(half.points) >= steps:
                half.reason = f"steps={steps} were taken: more of them go further"
                return half
    except ValueError as error:  # of a law that its own range ends
        half.reason = f"the law ends: {error}"
        return half
    half.reason = "Newton's method finds no next point, however near"
    return half


def _over(curve: Bifurcating, point: Point) -> str:
    """Why the branch is followed no further than before this point; nothing if it is."""
    if (left := curve.tail(point.y)) > TAIL:
        return (
            f"under-resolved beyond: coefficients of {left:.1e} in the last degrees, up to {curve.degree} (a larger "
            "space goes further, up to degree 128)"
        )
    if np.linalg.norm(point.y[:-1]) < GONE:
        return f"back at the uniform density, at {curve.value(point.y[-1]):.12g}"
    if point.y[-1] < LEAST:
        return f"the parameter has fallen to {np.exp(point.y[-1]):.1e} of where the branch began"
    return ""


def _met(half: Half, curve: Bifurcating, point: Point) -> None:
    half.points.append(point)
    half.spectra.append(curve.sectors(point.y))
    half.excess.append(curve.excess(point.y))


def _between(half: Half, curve: Bifurcating) -> None:
    """Locate what happens between the last two points."""
    left, right = half.points[-2:]
    fold = located(curve, left, right, lambda at: float(at.t[-1])) if left.t[-1] * right.t[-1] < 0.0 else None
    if fold is not None:
        half.folds.append(fold)
    if half.excess[-2] * half.excess[-1] < 0.0:
        equal = located(curve, left, right, lambda at: curve.excess(at.y))
        half.equal.extend([] if equal is None else [equal])
    for m, (one, two) in enumerate(zip(*half.spectra[-2:], strict=False)):
        less, more = sorted((unstable(one), unstable(two)))
        for rank in range(less, more - (m == 0 and fold is not None)):
            crossing = located(curve, left, right, partial(_ranked, curve, m=m, rank=rank))
            half.crossings.extend([] if crossing is None else [(crossing, m)])


def unstable(spectrum: Array) -> int:
    """How many eigenvalues have a positive real part."""
    return int(np.count_nonzero(spectrum.real > 0.0))


def _ranked(curve: Bifurcating, at: Point, m: int, rank: int) -> float:
    """The real part of an eigenvalue of one sector, by its rank."""
    flux, kappa = curve.at(float(at.y[-1]))
    return float(curve.zonal(at.y).spectrum(flux, kappa, m)[rank].real)


def _uniform(curve: Bifurcating, l: float) -> Array:  # noqa: E741
    """(K,) rates of the modes 1..K about the uniform density."""
    flux, kappa = curve.at(l)
    return growth_rates(flux.law, curve.d, curve.degree, kappa)[1:]


def told(curve: Bifurcating, halves: list[Half], mode: int) -> dict[str, Any]:
    """Arrays along the whole branch: the second half backwards, the uniform density, the first half."""
    uniform = np.zeros(curve.degree + 1)
    rates = np.delete(_uniform(curve, 0.0), mode - 1)
    lead = max(0.0, float(rates.max()))
    columns: list[list[Any]] = [[uniform], [lead], [0], [0.0]]
    ys, leading, sector, excess = columns
    for half, forward in zip(halves, (True, False), strict=False):
        tops = [[float(s[0].real) for s in spectra] for spectra in half.spectra]
        sectors = [int(np.argmax(t)) for t in tops]
        rows: list[list[Any]] = [[p.y for p in half.points], [max(t) for t in tops], sectors, half.excess]
        for held, more in zip(columns, rows, strict=True):
            held[:] = [*held, *more] if forward else [*more[::-1], *held]
    y = np.array(ys)
    return {
        "parameter": np.array([curve.value(one[-1]) for one in y]),
        "heights": np.column_stack([np.ones(len(y)), y[:, :-1]]),
        "leading": np.array(leading),
        "sector": np.array(sector),
        "excess": np.array(excess),
        "uniform": np.array([float(_uniform(curve, float(one[-1])).max()) for one in y]),
    }
