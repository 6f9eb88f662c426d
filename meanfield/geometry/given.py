"""What a user says of where points live, at the doors: ``angles=``, ``geometry=``, or nothing at all."""

from __future__ import annotations

from typing import Any

from meanfield.geometry.angles import ANGLES
from meanfield.geometry.flat import FLAT
from meanfield.geometry.rows import ROWS
from meanfield.protocols import Array, Geometry, Law
from meanfield.tools import inputs

MANIFOLDS = ("sphere", "flat")
"""What a user, and a law, may name."""


def given(name: str, value: Any, *, angles: Any = False, geometry: str | Geometry = "sphere") -> tuple[Geometry, Array]:
    """Points as a user gives them, and where they live.

    Parameters
    ----------
    name : str
        The argument, for messages.
    value : array
        One-dimensional arrays are angles, and others are rows.
    angles : bool
        Others are angles, too.
    geometry : {"sphere", "flat"} or Geometry
        Rows are unit rows, vectors of R^d, or what a geometry of one's own takes.

    Raises
    ------
    ValueError, TypeError
        Naming the argument, what came, and what to type instead.
    """
    turning = inputs.flag("angles", angles)
    if isinstance(geometry, Geometry):
        place = geometry
    else:
        place = FLAT if inputs.choice("geometry", geometry, MANIFOLDS) == "flat" else ROWS
    if turning and place is not ROWS:
        wanted = f"rows, geometry {place.name!r} has no angles"
        raise ValueError(inputs.message(name, wanted, "angles=True", "Give rows, and leave angles out."))
    if place is ROWS and (turning or inputs.axes(value) == 1):
        place = ANGLES
    if hasattr(value, "measures") and hasattr(value, "x") and not hasattr(value, "__array__"):  # a run
        remedy = f"Take its tokens at a saved time, such as the last: {name}.x[-1]."
        raise TypeError(inputs.message(name, "points", inputs.describe(value), remedy))
    if hasattr(value, "sample") and not hasattr(value, "__array__"):  # a density; tables have samples, too
        came = inputs.describe(value)
        raise TypeError(inputs.message(name, "points", came, f"Draw some of it: {name}.sample(1000, rng=0)."))
    return place, place.check(name, value)


def located(name: str, law: Law, place: Geometry) -> None:
    """Refuse points that live where the law moves none.

    Parameters
    ----------
    name : str
        The argument that is refused.
    law : Law
        What is to move them, or to tell their energy.
    place : Geometry
        Where they live.

    Raises
    ------
    ValueError
        Naming both, and what to give instead.
    """
    if law.place is not None and law.place != place:
        raise ValueError(
            f"{name}: {law} moves points of {law.place}, and these live elsewhere ({place}): give rows of it, and "
            "geometry=law.place where a door asks for one"
        )
    if law.geometry != place.manifold:
        where = {"sphere": "on spheres", "flat": "in R^d"}
        raise ValueError(
            f"{name}: {law} moves points {where[law.geometry]}, and these live {where[place.manifold]} "
            f'({place.name}): give the law geometry="{place.manifold}", or points of geometry="{law.geometry}"'
        )


def unflagged(fields: dict[str, Any]) -> dict[str, Any]:
    """Fields of a file of 0.1, which told where points live by the flags `angles` and `flat`, as today's."""
    if "angles" not in fields:
        return fields
    rest = {name: value for name, value in fields.items() if name not in ("angles", "flat")}
    return {**rest, "geometry": ANGLES if fields["angles"] else FLAT if fields.get("flat") else ROWS}
