"""How far tokens are from their density, to leading order: the flow's derivative, modes, the constant of W1."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import meanfield as mf
from meanfield.analysis import nearest
from meanfield.analysis.fluctuations import Fluctuations
from meanfield.analysis.response import responses
from meanfield.analysis.zeroflux import balance
from validation.exact import floors, moving

pytestmark = pytest.mark.rounding
FLAT = mf.uniform(mf.Circle(32))


def start(theta: Any) -> Any:
    return 1.0 + 0.3 * np.cos(theta) + 0.2 * np.sin(2.0 * theta)


@pytest.fixture(scope="module")
def told() -> Fluctuations:
    return mf.fluctuations(mf.SA(4.0), mf.Circle(64).density(start), (0.0, 1.0), [0.0, 1.0])


def test_the_start_is_that_of_independent_tokens(told: Fluctuations) -> None:
    c = told.rho0.moments(4)[1:]
    assert told.modes(4)[0] == pytest.approx(1.0 - np.abs(c) ** 2, rel=1e-13)
    flat = mf.fluctuations(mf.SA(4.0), FLAT, (0.0, 1.0), [0.0])
    assert abs(flat.w1[0] - floors.w1_constant()) < 4.5 * flat.w1_error[0] < 0.012


@pytest.mark.parametrize("law", [mf.SA(2.0), mf.USA(2.0, scale="relative"), mf.SA(2.0, sign=-1), mf.USA(0.0)], ids=str)
def test_about_the_uniform_density_modes_grow_by_their_rates(law: Any) -> None:
    told = mf.fluctuations(law, FLAT, (-1.0, 1.0), [0.0, 1.0])
    rates = mf.growth_rates(law, 2, 5)[1:]
    assert told.modes(5) == pytest.approx(np.exp(2.0 * rates * np.array([[1.0], [2.0]])), rel=1e-8)


def test_powers_by_duality(told: Fluctuations) -> None:
    assert told.modes(4) == pytest.approx(moving.mode_powers(start, "SA", 4.0, told.t, 4, 96), rel=1e-7)


def test_the_constant_by_labels_of_equal_mass(told: Fluctuations) -> None:
    bridge, error = moving.w1_constants(start, "SA", 4.0, told.t, labels=40, samples=150, steps=16)
    assert np.all(np.abs(bridge - told.w1) < 4.5 * error + 0.04 * told.w1)
    assert np.all(told.w1_error < 2e-3 * told.w1)


def test_the_flows_derivative_is_that_of_a_run() -> None:
    """Mass moved to one label: its run less the other, over the mass."""
    flux, _ = balance(mf.SA(4.0), 2)
    rho0 = mf.Circle(64).density(start)
    [one] = responses(flux, rho0, np.array([0.5]), 0.0, 64, 1e-11)
    eps = 1e-5
    tilted = [
        responses(flux, lambda a, s=s: start(a) + s * eps * np.cos(3.0 * a), np.array([0.5]), 0.0, 64, 1e-11)[0].q
        for s in (1.0, -1.0)
    ]
    wanted = one.R @ (np.cos(3.0 * one.labels) / 64.0)
    assert (tilted[0] - tilted[1]) / (2.0 * eps) == pytest.approx(wanted, abs=1e-8 * np.abs(one.R).max())


def test_labels_of_positions(told: Fluctuations) -> None:
    flow = told.flow[1]
    at = nearest.positions(flow, len(flow.q))
    assert at.mass.mean() * 2.0 * np.pi == pytest.approx(1.0, abs=1e-12)
    x = flow.q[0] + 2.0 * np.pi * np.arange(len(flow.q)) / len(flow.q)
    back = at.labels + at.told @ (flow.q - flow.labels)
    assert back == pytest.approx(x, abs=1e-10)


def test_unresolved_times_are_left_out_and_told() -> None:
    with pytest.warns(RuntimeWarning, match="labels resolve the flow to t = 0: .* max_resolution=32"):
        told = mf.fluctuations(mf.SA(9.0), mf.Circle(64).density(start), (0.0, 4.0), [0.0, 4.0], max_resolution=16)
    assert told.t.tolist() == [0.0] and told.status is mf.Status.UNRESOLVED and not told.success
    assert told.w1.shape == (1,) and told.modes(2).shape == (1, 2)


@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        ({"rho0": mf.uniform(mf.Sphere(4))}, TypeError, "rho0: got .* on the circle"),
        ({"rho0": 1.0}, TypeError, "rho0"),
        ({"law": mf.SA(1.0) + mf.Diffusion(0.1)}, ValueError, r"law: .* without noise, SA\(beta=1"),
        ({"law": mf.Causal(mf.SA(1.0))}, (ValueError, TypeError), "law"),
        ({"law": mf.SA(1.0, V=np.diag([1.0, 2.0]))}, (ValueError, TypeError), "law|isotropic"),
        ({"t_eval": [0.0, 2.0]}, ValueError, "t_eval"),
        ({"samples": 3}, ValueError, "samples"),
        ({"max_resolution": 3}, ValueError, "max_resolution"),
        ({"resolution": 33}, ValueError, "resolution"),
        ({"rtol": 1.0}, ValueError, "rtol"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(change: dict[str, Any], error: Any, text: str) -> None:
    given: dict[str, Any] = {"law": mf.SA(1.0), "rho0": FLAT, "t_span": (0.0, 1.0), **change}
    with pytest.raises(error, match=text):
        mf.fluctuations(given.pop("law"), given.pop("rho0"), given.pop("t_span"), **given)


def test_modes_beyond_the_labels_are_refused(told: Fluctuations) -> None:
    with pytest.raises(ValueError, match="K"):
        told.modes(told.labels)
    with pytest.raises(ValueError, match="K"):
        told.modes(0)


def test_the_same_seed_gives_the_same_draws(told: Fluctuations) -> None:
    again = mf.fluctuations(mf.SA(4.0), told.rho0, (0.0, 1.0), [0.0], samples=64, rng=3)
    other = mf.fluctuations(mf.SA(4.0), told.rho0, (0.0, 1.0), [0.0], samples=64, rng=np.random.default_rng(3))
    assert again.w1 == other.w1 != told.w1[0]
