"""Densities of values that were told to few digits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import meanfield as mf
from meanfield.protocols import Array

pytestmark = pytest.mark.rounding

SPACES: dict[str, tuple[Any, Any]] = {
    "circle": (mf.Circle(128), lambda q: np.exp(3.0 * (np.cos(q - 1.0) - 1.0))),
    "zonal": (mf.ZonalSphere(4, 40), lambda c: np.exp(3.0 * (c - 1.0))),
    "sphere": (mf.Sphere(31), lambda x: np.exp(3.0 * (x @ np.array([0.6, 0.0, 0.8]) - 1.0))),
}
TOLD: dict[str, Any] = {
    "single": (6e-8, lambda v: v.astype(np.float32)),
    "single, held in double": (6e-8, lambda v: v.astype(np.float32).astype(float)),
    "six decimals": (5e-7, lambda v: np.round(v, 6)),
    "a printed table": (5e-6, lambda v: np.array([float(f"{a:.5e}") for a in v])),
}


@pytest.mark.parametrize("told", TOLD)
@pytest.mark.parametrize("kind", SPACES)
def test_values_are_data_of_their_precision(kind: str, told: str) -> None:
    space, f = SPACES[kind]
    level, rounded = TOLD[told]
    values = f(space.nodes)
    data, exact = space.density(rounded(values)), space.density(f)
    mean = float(space.weights @ values)  # what the values are divided by
    off = np.abs(data.coefficients - exact.coefficients).max()
    assert 0.0 < off <= 3.0 * level / mean
    assert off <= data.doubt.error <= 4.0 * level / mean
    assert data.tail == 0.0  # what is not known of the last degrees is no part of it


@pytest.mark.parametrize("kind", SPACES)
def test_a_callable_may_answer_in_single_precision(kind: str) -> None:
    space, f = SPACES[kind]
    data, exact = space.density(lambda q: f(q).astype(np.float32)), space.density(f)
    assert np.abs(data.coefficients - exact.coefficients).max() <= data.doubt.error < 1e-5


def test_zeros_of_a_table_are_not_negative() -> None:
    space = mf.Circle(256)
    table = np.round(np.exp(30.0 * (np.cos(space.nodes) - 1.0)), 5)
    assert (table == 0.0).any()
    rho = space.density(table)
    assert -1e-4 < rho.minimum < 0.0  # told as it is
    table[128] = -0.01
    with pytest.raises(ValueError, match=r"negative|under-resolved"):
        space.density(table)


def step(low: float, high: float) -> Array:
    return np.where(np.arange(128) < 64, high, low)


@pytest.mark.parametrize("values", [step(0.0, 1.0), step(0.1, 1.2345), step(0.1, 1.2345).astype(np.float32)])
def test_a_jump_is_refused_in_any_precision(values: Array) -> None:
    with pytest.raises(ValueError, match=r"under-resolved: .* the values' own rounding explains"):
        mf.Circle(128).density(values)


def test_what_is_resolved_anyway_is_exact() -> None:
    assert mf.Circle(64).density(np.ones(64)).doubt.error < 1e-15
    assert mf.Circle(64).density(np.ones(64, np.float32)).doubt.error < 1e-15
    square = np.square(mf.Circle(64).density(lambda q: 1.0 + 0.5 * np.cos(q)).values)
    assert mf.Circle(64).density(square).doubt.error < 1e-14


def test_coefficients_define_a_density_to_their_precision() -> None:
    c = mf.von_mises_fisher(mf.ZonalSphere(32, 24), mf.ZonalSphere(32, 24).direction, 2.0).coefficients
    assert mf.ZonalSphere(32, 24).density(coefficients=c).doubt == mf.Doubt(error=0.0)
    assert mf.ZonalSphere(32, 24).density(coefficients=c.astype(np.float32)).doubt.error > 1e-7


def test_a_mass_of_single_precision_is_1() -> None:
    space, f = SPACES["circle"]
    exact = space.density(f)
    assert space.density(exact.values.astype(np.float32), normalize=False).mass == pytest.approx(1.0, abs=1e-7)
    with pytest.raises(ValueError, match=r"normalize=False demands 1 \(to 1e-12\)"):
        space.density(1.0000001 * exact.values, normalize=False)


def test_the_run_tells_the_tolerance_that_follows(tmp_path: Path) -> None:
    space, f = SPACES["circle"]
    data = space.density(f(space.nodes).astype(np.float32))
    law = mf.SA(2.0)
    run, exact = mf.solve(law, data, (0.0, 1.0)), mf.solve(law, space.density(f), (0.0, 1.0))
    assert run.segments[0].form.lost == data.doubt.error
    assert run.segments[0].form.rounding == data.doubt.error
    assert exact.segments[0].form.lost == 1e-12
    assert np.abs(run.energy - exact.energy).max() <= data.doubt.error
    run.save(tmp_path / "run.nc")
    more = mf.resume(mf.load(tmp_path / "run.nc"), t_end=1.5)
    assert more.segments[-1].form.lost == data.doubt.error


def test_a_run_is_refused_where_it_is_under_resolved_beyond_that() -> None:
    space, f = SPACES["circle"]
    data = space.density(f(space.nodes).astype(np.float32))
    with pytest.raises(mf.UnresolvedError):
        mf.solve(mf.SA(4.0), data, (0.0, 20.0), max_resolution=256)


def test_a_tail_of_ones_own_stands() -> None:
    space, f = SPACES["circle"]
    data = space.density(f(space.nodes).astype(np.float32))
    run = mf.solve(mf.SA(2.0), data, (0.0, 0.1), method=mf.Spectral(tail=1e-10))
    assert run.segments[0].form.lost == 1e-10


def test_a_dip_between_the_nodes_is_negative() -> None:
    c = [1.0, 0.0, 0.65 * np.exp(-0.25j * np.pi)]  # 1 + 1.3 cos(2 theta - pi / 4): 0.08 at the nodes, -0.3 between
    assert mf.Circle(8).density(coefficients=c, signed=True).minimum > 0.0
    with pytest.raises(ValueError, match="density: negative"):
        mf.Circle(8).density(coefficients=c)
