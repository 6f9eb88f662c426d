"""Data of single precision, and of few digits: taken as what they are at every door, and refused beyond that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import meanfield as mf
import particles as pt
from meanfield.distances import geodesic, sliced_sphere, sobolev_sphere
from meanfield.protocols import Array
from meanfield.tools import inputs

pytestmark = pytest.mark.rounding

LAW = mf.SA(2.0)


def embeddings(n: int, d: int, kind: Any, seed: int = 0) -> Array:
    """What an encoder hands over, divided by its norms in its own precision."""
    x = np.random.default_rng(seed).standard_normal((n, d)).astype(kind)
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64, np.longdouble])
@pytest.mark.parametrize("d", [2, 3, 64, 768])
def test_rows_of_any_precision_are_unit_to_float64(kind: Any, d: int) -> None:
    raw = embeddings(200, d, kind)
    rows = mf.Points(raw).x
    assert rows.dtype == np.float64
    assert np.abs(np.linalg.norm(rows, axis=-1) - 1.0).max() < 1e-14
    assert np.abs(rows - np.asarray(raw, float)).max() <= 2.0 * float(np.finfo(kind).eps)


def test_a_norm_added_one_square_after_the_other_is_within_the_room() -> None:
    x = np.abs(np.random.default_rng(1).standard_normal((4, 65536))).astype(np.float32)
    size = np.sqrt(np.cumsum(x * x, axis=-1, dtype=np.float32)[:, -1:])
    off = np.abs(np.linalg.norm((x / size).astype(float), axis=-1) - 1.0).max()
    assert off > 16.0 * np.finfo(np.float32).eps  # what a constant for all d would refuse
    assert mf.Points(x / size).n == 4


def test_the_room_follows_the_type_that_came() -> None:
    rough = embeddings(20, 64, np.float32)
    with pytest.raises(ValueError, match="off the sphere by more than 1e-08"):
        mf.Points(rough.astype(np.float64))
    with pytest.raises(ValueError, match=r"off the sphere by more than 2\.9e-06"):
        mf.Points(rough * np.float32(1.0 + 1e-5))


DOORS: dict[str, Callable[[Array], Any]] = {
    "mf.Points": mf.Points,
    "pt.simulate": lambda x: pt.simulate(LAW, x, (0.0, 0.1), weights=np.full(len(x), 1.0 / len(x), np.float32)),
    "pt.longtime": lambda x: pt.longtime(LAW, x, log_t_end=2.0),
    "also": lambda x: mf.Points(np.eye(3)).also(x, 1.0),
    "pushed": lambda x: mf.Points(np.eye(3)).pushed(lambda y: y.astype(np.float32)),
    "Density.at": mf.perturbed_uniform(mf.Sphere(6), {(1, 0): 0.3}).at,
    "Density.__call__": mf.perturbed_uniform(mf.Sphere(6), {(1, 0): 0.3}),
    "geodesic": lambda x: geodesic(x, x[::-1]),
    "sobolev_sphere": lambda x: sobolev_sphere(x, x[::-1], a_weights=np.full(len(x), 0.25, np.float32), degree=4),
    "clusters": lambda x: mf.clusters(mf.Points(x)),
}


@pytest.mark.parametrize("door", DOORS)
def test_a_remedy_typed_in_single_precision_works_at_every_door(door: str) -> None:
    numpy = np  # the remedies are typed as they are told
    x = (3.0 * embeddings(4, 3, np.float32)).astype(np.float32)
    if door not in ("pushed",):
        with pytest.raises(ValueError, match="Divide by the norms") as caught:
            DOORS[door](x)
        told = str(caught.value).split("Divide by the norms: ")[1].split(". If")[0].rstrip(".")
        name = told.partition(" = ")[0]
        scope: dict[str, Any] = {name: x, "numpy": numpy}
        exec(told, scope)
        assert DOORS[door](scope[name]) is not None
    assert DOORS[door](x / numpy.linalg.norm(x, axis=-1, keepdims=True)) is not None


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_rows_without_a_direction_and_rows_of_wild_lengths(kind: Any) -> None:
    x = embeddings(4, 3, kind)
    x[1] = 0.0
    with pytest.raises(ValueError, match=r"worst x\[1\] with norm 0.0. Zero rows, .*x = x\[numpy.any\(x, axis=-1\)\]"):
        mf.Points(x)
    assert mf.Points(x[np.any(x, axis=-1)]).n == 3
    wild = embeddings(4, 3, float) * np.array([[1e-200], [1.0], [1e200], [1.0]])
    with pytest.raises(ValueError, match="First divide by the largest entries"):
        mf.Points(wild)
    wild /= np.abs(wild).max(-1, keepdims=True)
    assert mf.Points(wild / np.linalg.norm(wild, axis=-1, keepdims=True)).n == 4


def test_matrices_angles_and_weights_of_single_precision() -> None:
    single = np.float32
    Q, K, V = np.random.default_rng(2).standard_normal((3, 3, 3)).astype(single)
    law = mf.SA(single(2.0), Q=Q, K=K, V=V)
    x = embeddings(5, 3, single)
    w = np.array([0.1, 0.2, 0.3, 0.3, 0.1], single)
    run = pt.simulate(law, x, (0.0, 0.1), weights=w)
    assert run.x.dtype == np.float64 and abs(float(np.sum(run.weights)) - 1.0) < 1e-15
    north = mf.Sphere.from_angles(np.linspace(0.0, np.pi, 5, dtype=single), single(0.0))
    assert np.abs(north[-1] - [0.0, 0.0, -1.0]).max() < 1e-7
    with pytest.raises(ValueError, match="wanted colatitudes"):
        mf.Sphere.from_angles(single(3.1416), 0.0)
    zonal = mf.ZonalSphere(4, 12, axis=np.full(4, 0.5, single)).density(lambda c: 1.0 + 0.3 * c)
    assert abs(float(zonal(single(1.0) + np.finfo(single).eps)) - 1.3) < 1e-12
    assert sliced_sphere(x, x[::-1], projections=np.linalg.qr(np.stack([Q, K])[:, :, :2])[0]) >= 0.0


def test_numbers_and_times_of_single_precision_reach_their_bounds() -> None:
    single = np.float32
    assert float(single(np.pi)) > np.pi and inputs.angle("gap", single(np.pi), high=np.pi) == np.pi
    with pytest.raises(ValueError, match="gap"):
        inputs.angle("gap", single(3.1416), high=np.pi)
    with pytest.raises(ValueError, match="gap"):
        inputs.angle("gap", np.pi + 1e-15, high=np.pi)
    times = np.linspace(0.0, 0.3, 4, dtype=single)
    assert float(times[-1]) > 0.3
    run = pt.simulate(LAW, [0.0, 1.0], (0.0, 0.3), times)
    assert run.t[-1] == 0.3 and mf.solve(LAW, mf.uniform(mf.Circle(16)), (0.0, 0.3), t_eval=times).t[-1] == 0.3
    assert pt.longtime(LAW, [0.0, 1.0], log_t_end=0.3, log_t_eval=times[1:]).log_t[-1] == pytest.approx(0.3, abs=1e-15)
    with pytest.raises(ValueError, match="t_eval must be inside"):
        pt.simulate(LAW, [0.0, 1.0], (0.0, 0.3), times.astype(float))


def test_a_rotation_of_single_precision_is_the_orthogonal_one_beside_it() -> None:
    turn = np.array([[0.6, -0.8, 0.0], [0.8, 0.6, 0.0], [0.0, 0.0, 1.0]])
    sphere = mf.Sphere(12)
    rho = sphere.density(lambda x: np.exp(0.5 * x[..., 0]))
    near = sphere.rotated(rho, turn.astype(np.float32)).coefficients
    assert np.abs(near - sphere.rotated(rho, turn).coefficients).max() < 1e-7
    with pytest.raises(ValueError, match=r"U, _, V = numpy.linalg.svd\(R\)"):
        sphere.rotated(rho, turn * np.float32(1.001))


# --- digits -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ([0.25, 3.123456, 0.000001], 5e-7),  # six decimals
        ([1.23457e-9, 123.457, 12.3457], 5e-4),  # six digits
        ([1234567.25, 0.75], 0.00625),  # binary fractions, of nine digits
        (np.array([0.1, 0.7, 1.3], np.float32), 0.5 * 1.3 * 2.0**-23),
        (np.array([0.1, 0.7, 1.3], np.float32).astype(float), 0.5 * 1.3 * 2.0**-23),
        ([0.1 + 1e-13, 2.0], 0.0),  # all digits
        ([0.0, 1.0, 1.0], 0.5 * 2.0**-23),  # not of one digit
        ([1, 2, 3], 0.0),
        ([1 / 3, 2 / 3], 0.0),
    ],
)
def test_rounding_is_read_off_the_numbers(value: Any, told: float) -> None:
    largest = inputs.rounding("values", value).max()
    if told == 0.00625:  # single precision holds them no better
        assert largest == 0.5 * 2.0**-23 * 1234567.25
    else:
        assert abs(largest - told) <= 1e-6 * told


@pytest.mark.parametrize("decimals", [4, 6, 9])
def test_rounding_bounds_what_rounding_did(decimals: int) -> None:
    exact = np.random.default_rng(decimals).uniform(0.0, 5.0, 500)
    for value in (np.round(exact, decimals), np.array([float(f"{v:.{decimals}g}") for v in exact])):
        r = inputs.rounding("values", value)
        assert (np.abs(value - exact) <= r * (1.0 + 1e-9)).all() and r.max() <= 5.1 * 10.0 ** (1 - decimals)
