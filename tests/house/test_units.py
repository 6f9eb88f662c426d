"""Quantities with a unit are converted or refused at every door, never stripped; by doubles of astropy's and pint's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

import meanfield as mf
import particles as pt
from meanfield.distances import sobolev, w1_circle, w2_circle
from meanfield.plot import circle
from meanfield.tools import inputs

FACTORS = {"deg": np.pi / 180.0, "rad": 1.0}


class Like(np.ndarray):
    """As astropy's: an array that carries a unit, which numpy's own functions may drop."""

    unit: str

    def to(self, unit: str) -> Like:
        if unit == self.unit:
            return self
        if unit == "rad" and self.unit in FACTORS:
            return like(np.asarray(self) * FACTORS[self.unit], "rad")
        raise ValueError(f"'{self.unit}' and '{unit}' are not convertible")

    @property
    def value(self) -> Any:
        return np.asarray(self)[()]


def like(x: Any, unit: str) -> Like:
    q = np.asarray(x, dtype=float).view(Like)
    q.unit = unit
    return q


@dataclass
class Holding:
    """As pint's: no array, but turned into one without its unit by numpy."""

    magnitude: Any
    units: str
    ndim: int = field(init=False)

    def __post_init__(self) -> None:
        self.ndim = np.ndim(self.magnitude)

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return np.array(self.magnitude, dtype=dtype)

    def __float__(self) -> float:
        return float(self.magnitude)

    def to(self, unit: str) -> Holding:
        if self.units == unit:
            return self
        if self.units in FACTORS:
            return Holding(np.asarray(self.magnitude) * FACTORS[self.units], unit)
        raise TypeError(f"cannot convert from {self.units} to {unit}")


@dataclass
class Labelled:
    """As xarray's: an array with attributes."""

    values: Any
    attrs: dict[str, Any]

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return np.array(self.values, dtype=dtype)


WAYS: dict[str, Callable[[Any, str], Any]] = {
    "array": like,
    "holding": lambda x, unit: Holding(np.asarray(x, dtype=float), unit),
    "list of arrays": lambda x, unit: [like(v, unit) for v in x] if np.ndim(x) else like(x, unit),
    "list of holding": lambda x, unit: [Holding(v, unit) for v in x] if np.ndim(x) else Holding(x, unit),
    "labelled": lambda x, unit: Labelled(x, {"units": {"deg": "degrees"}.get(unit, unit)}),
}
way = pytest.mark.parametrize("way", WAYS)
RHO = mf.perturbed_uniform(mf.Circle(32), {1: 0.3})

ANGLES: dict[str, tuple[Any, Callable[[Any], Any]]] = {
    "w1": ([90.0, 10.0], lambda q: w1_circle(q, [0.3, 0.4])),
    "w2": ([90.0, 10.0], lambda q: w2_circle([0.3, 0.4], q)),
    "sobolev": ([90.0, 10.0], lambda q: sobolev(q, [0.3, 0.4])),
    "Points": ([90.0, 10.0], lambda q: mf.Points(q).mean),
    "simulate": ([90.0, 10.0], lambda q: pt.simulate(mf.SA(1.0), q, (0.0, 0.1), [0.1]).x),
    "longtime": ([90.0, 10.0], lambda q: pt.longtime(mf.SA(1.0), q, log_t_end=1.0).x),
    "a density's coordinates": ([90.0, 10.0], RHO),
    "one coordinate": (90.0, RHO),
    "colatitude": ([90.0, 10.0], lambda q: mf.Sphere.from_angles(q, 0.0)),
    "longitude": (10.0, lambda q: mf.Sphere.from_angles(0.4, q)),
    "mean": (90.0, lambda q: mf.von_mises_fisher(mf.Circle(64), q, 2.0).mean),
    "gap": (20.0, lambda q: mf.clusters(mf.Points([0.0, 0.3, 2.0]), q).gap),
    "merge_gap": (0.1, lambda q: pt.longtime(mf.SA(4.0), [0.0, 0.3], log_t_end=9.0, merge_gap=q).merges[0].t),
    "cluster_gap": (20.0, lambda q: pt.longtime(mf.SA(1.0), [0.0, 0.3], log_t_end=0.0, cluster_gap=q).counts),
    "merge_tol": (1e-7, lambda q: mf.Lagrangian(merge_tol=q).merge_tol),
    "merge_tol of points": (
        1e-5, lambda q: pt.simulate(mf.SA(1.0), [0.0, 0.3], (0.0, 0.1), merge_tol=q).settings["merge_tol"]
    ),
}  # fmt: skip


@way
@pytest.mark.parametrize("door", ANGLES)
def test_angles_are_converted_to_radians(door: str, way: str) -> None:
    degrees, ask = ANGLES[door]
    radians = np.deg2rad(degrees)
    wanted = ask(radians if np.ndim(radians) else float(radians))
    np.testing.assert_allclose(ask(WAYS[way](degrees, "deg")), wanted, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(ask(WAYS[way](radians, "rad")), wanted, rtol=1e-9, atol=1e-9)
    with pytest.raises(TypeError, match=r"(?s)angle.* in units of 'm'"):
        ask(WAYS[way](degrees, "m"))


NUMBERS: dict[str, tuple[Any, Callable[[Any], Any]]] = {
    "beta": (2.0, mf.SA),
    "kappa": (2.0, lambda q: mf.von_mises_fisher(mf.Circle(64), 0.0, q)),
    "diffusion": (2.0, mf.Diffusion),
    "step": (0.1, lambda q: pt.simulate(mf.SA(1.0), [0.0, 1.0], (0.0, 0.2), method="rk4", step=q)),
    "t_span": ([0.0, 1.0], lambda q: mf.solve(mf.SA(1.0), RHO, q)),
    "t_eval": ([0.5, 1.0], lambda q: mf.solve(mf.SA(1.0), RHO, (0.0, 1.0), t_eval=q)),
    "log_t_end": (2.0, lambda q: pt.longtime(mf.SA(1.0), [0.0, 1.0], log_t_end=q)),
    "weights": ([1.0, 2.0], lambda q: mf.Points([0.0, 1.0], q)),
    "rows": ([[1.0, 0.0], [0.0, 1.0]], lambda q: mf.Points(q, weights=[0.5, 0.5])),
    "values": (np.ones(16), lambda q: mf.Circle(16).density(q)),
    "a callable's values": (1.0, lambda q: mf.Circle(16).density(lambda theta: q)),
    "w": ([0.1, 0.2], lambda q: mf.poisson_kernel(mf.Circle(64), q)),
    "axis": ([0.0, 0.0, 1.0], lambda q: mf.ZonalSphere(3, 8, q)),
    "a picture's numbers": ([0.1, 0.2], lambda q: circle.ring([0.0, 1.0], weights=q)),
    "a picture's angles": ([0.1, 0.2], lambda q: circle.ring(q)),
}


@way
@pytest.mark.parametrize("door", NUMBERS)
def test_pure_numbers_pass_and_others_are_refused_by_name(door: str, way: str) -> None:
    value, ask = NUMBERS[door]
    ask(WAYS[way](value, ""))
    with pytest.raises(TypeError, match=r"(?s)without a unit.* in units of 's'\. Divide"):
        ask(WAYS[way](value, "s"))


def test_what_has_no_unit_comes_back_as_it_is() -> None:
    bare = (Labelled([1.0], {}), Labelled([1.0], {"units": 3}))
    for value in (1.0, [1.0, 2], (1.0, [2.0]), np.ones(3), None, "abc", *bare):
        assert inputs.plain("x", value) is value
    with pytest.raises(TypeError, match="n must be"):
        inputs.integer("n", Holding(16, "m"))
