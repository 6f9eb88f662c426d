"""A density of a map: values on an equal-angle grid of S^2, with or without the poles, by ducc0."""

from __future__ import annotations

from typing import Any

import ducc0
import numpy as np

from meanfield.protocols import Array, Space
from meanfield.spaces import sphere_points as sp
from meanfield.spaces.density import RESOLVED
from meanfield.spaces.rounded import EXACT, Rounding
from meanfield.tools import inputs
from meanfield.tools.threads import threads

ALIASED = 1e-8
"""Relative difference of a map from its series, beyond which the series is of something else."""
EVEN = 1e-3
"""Part of a step by which a grid may be off: latitudes printed to three digits."""
INSTEAD = (
    "space.density_from(points, weights, bandwidth=0.2) spreads it: points = mf.Sphere.from_angles(numpy.radians(90 - "
    "LAT), numpy.radians(LON)).reshape(-1, 3), weights = (values * numpy.cos(numpy.radians(LAT))).ravel(), LAT, LON = "
    'numpy.meshgrid(lat, lon, indexing="ij")'
)


def coefficients(space: Space, values: Any, lat: Any, lon: Any) -> tuple[Array, float, Rounding]:
    """Of a map: the space's coefficients, their error, and what the values' own rounding leaves unknown."""
    north, east = degrees("lat", lat), degrees("lon", lon)
    v = inputs.array("values", values, ndim=2)
    if v.shape != (len(north), len(east)):
        turn = " Transpose it: values.T." if v.shape == (len(east), len(north)) else ""
        raise ValueError(
            f"values: got shape {v.shape}, wanted ({len(north)}, {len(east)}), a row for each latitude and a column "
            f"for each longitude.{turn}"
        )
    r = inputs.rounding("values", values)
    if (v < -r).any():
        i, j = np.unravel_index(int(v.argmin()), v.shape)
        raise ValueError(f"values: got {float(v[i, j])!r} at lat[{i}], lon[{j}]: a density is not negative")
    if north[0] < north[-1]:
        north, v, r = north[::-1], v[::-1], r[::-1]
    if len(east) > 1 and np.mod(east[1] - east[0], 360.0) > 180.0:
        east, v, r = east[::-1], v[:, ::-1], r[:, ::-1]
    poles = _latitudes(north)
    _longitudes(east)
    if poles:
        _refuse_ragged(v, r)
    L = min(len(north) - (2 if poles else 1), (len(east) - 1) // 2)
    if L < 2:
        raise ValueError(f"values: got a map of {v.shape}, which carries degree {L}: wanted 5 x 5 at least")
    options = {"spin": 0, "lmax": L, "geometry": "CC" if poles else "F1", "phi0": float(np.radians(east[0]))}
    options["nthreads"] = threads(v.size)
    a = ducc0.sht.analysis_2d(map=np.ascontiguousarray(v)[None], **options)
    return _judged(space, v, r, a, L, options, np.cos(np.radians(north)))


def degrees(name: str, value: Any) -> Array:
    """Angles in degrees; with a unit, whatever it is."""
    bare = inputs.plain(name, value, radians=True)
    a = inputs.array(name, bare, ndim=1)
    return a if bare is value else np.degrees(a)


def _latitudes(north: Array) -> bool:
    """Whether latitudes, from the north, have the poles among them; refused if they are not even."""
    n = len(north)
    for poles, first, step in ((True, 90.0, 180.0 / max(n - 1, 1)), (False, 90.0 - 90.0 / n, 180.0 / n)):
        if np.abs(north - (first - step * np.arange(n))).max() <= EVEN * step:
            return poles
    remedy = "in radians? numpy.degrees(lat)" if np.abs(north).max() <= 1.6 else f"on another grid {INSTEAD}"
    steps = np.abs(np.diff(north)) if n > 1 else np.zeros(1)
    raise ValueError(
        "lat: wanted equal steps from pole to pole, in degrees, cell-centred (90 - 90/n, ...) or with both poles "
        f"(90, ..., -90); got {n} from {north[0]:.6g} to {north[-1]:.6g}, in steps of {steps.min():.6g} to "
        f"{steps.max():.6g}: {remedy}"
    )


def _longitudes(east: Array) -> None:
    """Refuse longitudes that do not go once round in equal steps."""
    n = len(east)
    steps = np.mod(np.diff(east), 360.0)
    # each against its place, since what is missing from every step adds up
    off = np.mod(east - east[0] - 360.0 / n * np.arange(n) + 180.0, 360.0) - 180.0
    if n > 1 and np.abs(off).max() <= EVEN * 360.0 / n:
        return
    low, high = (steps.min(), steps.max()) if n > 1 else (0.0, 0.0)
    remedy = f"on another grid {INSTEAD}"
    if n > 2 and np.abs(steps - 360.0 / (n - 1)).max() <= EVEN * 360.0 / (n - 1):
        remedy = "the last repeats the first: leave it out, values[:, :-1] and lon[:-1]"
    elif np.abs(east).max() <= 6.3:
        remedy = "in radians? numpy.degrees(lon)"
    raise ValueError(
        f"lon: wanted equal steps once round, in degrees, 360/n apart; got {n} from {east[0]:.6g} to {east[-1]:.6g}, "
        f"in steps of {low:.6g} to {high:.6g}: {remedy}"
    )


def _refuse_ragged(v: Array, r: Array) -> None:
    """Refuse rows at the poles that hold several values, of one point."""
    for i, name in ((0, "north"), (-1, "south")):
        if np.ptp(v[i]) > RESOLVED * np.abs(v).max() + 2.0 * r[i].max():
            raise ValueError(
                f"values: the {name} pole is one point, and has values from {v[i].min():.6g} to {v[i].max():.6g}: are "
                "the latitudes cell-centred? Otherwise give one value all along the row"
            )


def _judged(
    space: Space, v: Array, r: Array, a: Array, L: int, options: dict[str, Any], cosine: Array
) -> tuple[Array, float, Rounding]:
    """The analysed coefficients as the space's, if they tell the map and the space holds them."""
    own = space.resized(L)
    c = a[0] / sp.ROOT
    scale = float(np.abs(c).max(initial=0.0))
    last = np.abs(c[own.degrees > min(15 * L // 16, L - 2)]).max(initial=0.0)
    weight = np.maximum(cosine, 0.0)[:, None] * np.ones(v.shape)
    weight /= weight.sum()
    known = EXACT
    if last > RESOLVED * scale and r.any():
        known = Rounding(2.0 * float(np.sqrt(np.sum(weight * np.square(r)))), float(r.max()))
        c = known.cleared(own, c)
        last = np.abs(c[own.degrees > min(15 * L // 16, L - 2)]).max(initial=0.0)
    misfit = ducc0.sht.synthesis_2d(alm=(sp.ROOT * c)[None], ntheta=v.shape[0], nphi=v.shape[1], **options)[0] - v
    off = float(np.sqrt(np.sum(weight * np.square(misfit))))
    if last > RESOLVED * scale or off > ALIASED * float(np.sqrt(np.sum(weight * np.square(v)))) + L * known.coefficient:
        raise ValueError(
            f"values: under-resolved: a series to degree {L}, which a map of {v.shape} carries, has {last:.1e} in its "
            f"last degrees and misses the map by {off:.1e}: there is a jump, a spike or noise in it; give a finer map, "
            f"or {INSTEAD}"
        )
    beyond = float(np.abs(c[own.degrees > space.size]).max(initial=0.0))
    if beyond > max(RESOLVED * scale, known.coefficient):
        needed = int(own.degrees[np.abs(c) > max(RESOLVED * scale, known.coefficient)].max())
        raise ValueError(
            f"values: the map has coefficients up to degree {needed}, and {space} holds degrees up to {space.size}: "
            f"use mf.Sphere({max(L, -(-16 * needed // 15) + 2)})"
        )
    return sp.recut(c, space.size), max(beyond, float(last)), known.with_misfit(misfit)
