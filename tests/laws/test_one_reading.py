"""The divergence of general matrices asks its scores once; energies of densities of few degrees are resolved."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import meanfield as mf
import particles as pt
from meanfield import geometry
from meanfield.measures.points import Points

pytestmark = pytest.mark.rounding

Q, K, V = (np.random.default_rng(k).standard_normal((3, 3)) for k in range(3))
MATRICES = mf.SA(1.5, Q=Q, K=K, V=V)
A = np.diag([1.0, -1.0, 0.5])


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    asked: list[str] = []
    inner = Points.read

    def read(self: Any, kernel: Any, x: Any = None, want: str = "ZM", V: Any = None) -> Any:
        asked.append(want)
        return inner(self, kernel, x, want, V)

    monkeypatch.setattr(Points, "read", read)
    return asked


@pytest.mark.parametrize("law", [MATRICES, mf.SA(1.5, Q=Q), mf.SA(1.5, V=V), mf.USA(1.5, Q=Q, V=V)])
def test_the_divergence_is_one_reading_and_right(law: Any, readings: list[str]) -> None:
    """Seen: two.  Against differences of P_x X along the sphere."""
    y = pt.uniform(7, 3, rng=0)
    mu, x, h = Points(y, weights=np.arange(1.0, 8.0)), pt.uniform(4, 3, rng=1), 1e-5
    told = law.divergence(0.0, x, mu)
    assert readings == ["L" if isinstance(law, mf.USA) else "ZML"]
    for i in range(4):
        frame = np.linalg.qr(np.column_stack([x[i], np.eye(3)[:, :2]]))[0].T[1:]
        slow = 0.0
        for e in frame:
            at = geometry.retract(np.stack([x[i] + h * e, x[i] - h * e]))
            v = geometry.project(at, law.velocity(0.0, at, mu))
            slow += e @ (v[0] - v[1]) / (2.0 * h)
        assert told[i] == pytest.approx(slow, abs=1e-8 * max(1.0, np.abs(told).max()))


@pytest.mark.parametrize("law", [mf.SA(1.5, V=V[:2, :2]), mf.SA(1.5, Q=Q[:2, :2]), mf.SA(1.5)])
def test_a_carried_density_s_stage_is_one_reading(law: Any, readings: list[str]) -> None:
    """Velocity and divergence; seen: two with matrices."""
    rho = mf.Circle(32).density(lambda s: 1.0 + 0.3 * np.cos(s))
    flow, y = mf.Lagrangian().bind(law, rho, 1e-9, 1e-12)
    readings.clear()
    flow.rhs(0.0, y, np.empty_like(y))
    assert readings == ["ZML"]


def test_values_of_more_rows_answer_more_and_fewer_have_no_divergence() -> None:
    mu, k = mf.Points(pt.uniform(5, 3, rng=0)), mf.Exponential(2.0, Q, K)
    one, other, both = (mu.read(k, mu.x, "ZML", W) for W in (V, Q, np.concatenate([V, Q])))
    np.testing.assert_allclose(both.M, np.concatenate([one.M, other.M], axis=-1), rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(both.L, one.L, rtol=1e-13, atol=1e-13)
    with pytest.raises(ValueError, match=r"V: got shape \(2, 3\), wanted \(m, 3\), m >= 3"):
        mu.read(k, mu.x, "L", V[:2])


TOLD = [mf.Linear(A), mf.LinearAttention(), mf.SA(4.0), mf.USA(4.0), mf.SA(2.0) + mf.Linear(A)]


@pytest.mark.parametrize("law", TOLD)
def test_energies_of_few_degrees_are_those_of_the_density(law: Any) -> None:
    """Seen: by the nodes of Sphere(2) alone; the dissipation of Linear 2.7 % off, of SA 0.2 %."""
    few = mf.Sphere(2).density(lambda x: 0.7 + 0.3 * x[..., 2] + 0.9 * x[..., 2] ** 2 + 0.4 * x[..., 0] * x[..., 1])
    told, fine = law.quantities(0.0, few), law.quantities(0.0, few.resized(40))
    assert {"energy", "dissipation"} <= set(told)
    for name in told:
        assert told[name] == pytest.approx(fine[name], rel=1e-10)
