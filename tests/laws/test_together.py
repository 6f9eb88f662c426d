"""How fast the energy of several laws changes, and of one whose matrices or place change: against what E gains."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from tokens import two_waves

import meanfield as mf
import particles as pt
from meanfield import geometry
from meanfield.protocols import Array

pytestmark = pytest.mark.rounding

B = np.array([[1.0, 0.3], [0.3, -0.5]])
THETA = pt.uniform_angles(12, 6)
LAYER = mf.FeedForward(W=0.5 * np.eye(2), A=[[0.0, 1.0], [1.0, 0.5]], b=[0.1, -0.2])
SUMS: dict[str, Any] = {
    "heads": mf.SA(2.0) + mf.SA(0.5),
    "two metrics": mf.SA(2.0) + mf.USA(1.0, sign=-1),
    "a mover": mf.SA(2.0) + LAYER,
    "matrices": mf.SA(2.0) + mf.USA(1.5, K=B, V=B) + mf.SA(1.0, V=-np.eye(2)),
    "other matrices": mf.USA(1.0, scale="scaled") + mf.SA(1.5, V=[[0.0, 1.0], [-1.0, 0.0]]),
    "a linear map": mf.SA(2.0) + mf.Linear(B),
    "nested": mf.Sum((mf.SA(2.0) + mf.USA(0.5), LAYER)),
}


DENSE: dict[str, tuple[Any, ...]] = {
    "heads": ("spectral",), "two metrics": ("lagrangian",), "a mover": ("spectral", "lagrangian"),
    "matrices": ("spectral",), "a linear map": ("lagrangian",), "descends": ("spectral",), "beta": ("lagrangian",),
    "sum": ("spectral",),
}  # fmt: skip
"""Which are solved as densities, and how."""


def gap(run: Any) -> float:
    """By how much the identity is missed, of what E gains."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of a gap: it is what is asked here
        total = run.dissipated + (0.0 if run.autonomous else run.driven)
    return float(np.abs(run.gained - total).max() / np.abs(run.gained).max())


def check(name: str, law: Any) -> None:
    """By points, and some as a density, by one method or the other."""
    assert gap(pt.simulate(law, THETA, (0.0, 0.25), rtol=1e-11, atol=1e-13)) < 1e-8
    for method in DENSE.get(name, ()):
        assert gap(mf.solve(law, mf.Circle(48).density(two_waves), (0.0, 0.1), method=method)) < 1e-8


@pytest.mark.parametrize("name", SUMS)
def test_what_a_sum_gains_is_what_its_rate_brings(name: str) -> None:
    """Seen: the rate of the one term that told one, 0.4 off, where another moves the tokens too; of two none."""
    check(name, SUMS[name])


def test_the_rate_in_three_dimensions_is_the_energy_s_difference() -> None:
    """E by the double sum, along the velocities."""
    x = np.random.default_rng(0).standard_normal((9, 3))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    law = mf.SA(2.0) + mf.USA(0.7) + mf.FeedForward(W=np.eye(3), A=np.ones((3, 3)), b=np.zeros(3))
    mu = mf.Points(x)
    v = geometry.project(x, law.velocity(0.0, x, mu))

    def E(h: float) -> float:
        y = geometry.retract(x + h * v)
        return float(sum(np.exp(beta * y @ y.T).mean() / (2.0 * beta) for beta in (2.0, 0.7)))

    h = 1e-4  # errors h^2 and eps / h
    assert law.quantities(0.0, mu)["dissipation"] == pytest.approx((E(h) - E(-h)) / (2.0 * h), rel=1e-6)


def test_noise_and_one_law_keep_its_own_rate() -> None:
    rho = mf.Circle(64).density(two_waves)
    one, both = (law.quantities(0.0, rho)["dissipation"] for law in (mf.SA(2.0), mf.SA(2.0) + mf.Diffusion(0.1)))
    assert one == both


@dataclass(frozen=True)
class Tells(mf.Law):
    """An energy, and nothing of its slope."""

    isotropic = True
    autonomous = True

    def velocity(self, t: float, x: Any, mu: Any) -> Any:
        return mf.SA(1.0).velocity(t, x, mu)

    def quantities(self, t: float, mu: Any) -> dict[str, Any]:
        return mf.SA(1.0).quantities(t, mu)


def test_what_is_not_known_is_refused_in_words() -> None:
    run = pt.simulate(mf.SA(2.0) + Tells(), THETA, (0.0, 0.1))
    assert "energy" in run.names
    with pytest.raises(ValueError, match=r"dissipation: .*ascent.*gained"):
        run.dissipated  # noqa: B018
    hot = pt.simulate(mf.SA(lambda t: 2.0 + t) + mf.USA(1.0, K=B, V=B), THETA, (0.0, 0.1))
    with pytest.raises(ValueError, match=r"driven: .*of E and not of its excess"):
        hot.driven  # noqa: B018


# --- what time does ------------------------------------------------------------------------------------------


def turned(t: float) -> Array:
    """(1 + t / 2) B and a little more, symmetric at every time."""
    return (1.0 + 0.5 * t) * B + np.sin(t) * np.diag([0.2, 0.4])


CHANGING: dict[str, Any] = {
    "SA": mf.SA(1.5, K=turned, V=turned),
    "USA": mf.USA(1.0, K=turned, V=turned, scale="scaled"),
    "descends": mf.SA(1.5, K=turned, V=lambda t: -turned(t)),
    "beta too": mf.SA(lambda t: 1.0 + t, K=turned, V=turned),
    "beta": mf.USA(lambda t: 1.0 + np.sin(t), K=B, V=B),
    "beta = 0": mf.SA(0.0, K=turned, V=turned),
    "sum": mf.SA(lambda t: 2.0 + t) + mf.SA(1.0),
    "sum of changing ones": mf.SA(lambda t: 2.0 + t) + mf.USA(lambda t: np.exp(-t)),
}


@pytest.mark.parametrize("name", CHANGING)
def test_what_time_adds_is_driven(name: str) -> None:
    check(name, CHANGING[name])


@pytest.mark.parametrize("setting", [{"beta": lambda t: 1.0 + t}, {"beta": 1.0, "K": turned, "V": turned}])
def test_in_the_plane_too(setting: dict[str, Any]) -> None:
    law = mf.SA(**setting, geometry="flat")
    x = 0.5 * np.random.default_rng(3).standard_normal((6, 2))
    assert gap(pt.simulate(law, x, (0.0, 0.25), rtol=1e-11, atol=1e-13)) < 1e-8


def test_matrices_that_are_no_gradient_flow_at_some_time_have_no_energy() -> None:
    run = pt.simulate(mf.SA(1.0, K=B, V=lambda t: B + max(0.0, t - 0.5) * np.eye(2)), THETA, (0.0, 1.0))
    assert "energy" not in run.names
    with pytest.raises(ValueError, match=r"driven: .*Q\^T K"):
        run.driven  # noqa: B018
