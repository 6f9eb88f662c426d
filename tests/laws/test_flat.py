"""SA and USA in R^d: velocities against the printed double loop, the energy and its identity, and what is refused."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

import meanfield as mf
import particles as pt
from meanfield.geometry import FLAT
from validation.exact import double_loop

pytestmark = pytest.mark.rounding
KINDS: dict[str, Any] = {"SA": mf.SA, "USA": mf.USA}
both = pytest.mark.parametrize("kind", KINDS)
FIELDS = ["auto", "direct", pytest.param("compiled", marks=pytest.mark.skipif(not find_spec("numba"), reason="fast"))]


def cloud(n: int, d: int, seed: int = 0) -> tuple[Any, Any]:
    """Vectors whose scores go to 9, and masses."""
    rng = np.random.default_rng(seed)
    return rng.uniform(-1.0, 1.0, (n, d)) * 3.0 / np.sqrt(d), rng.dirichlet(np.ones(n))


@both
@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("d", [2, 3])
def test_three_thousand_points_of_flat_space(d: int, field: str, kind: str) -> None:
    """Beyond every crossover, where sums of the circle and the sphere would take over: wrong by 1.6 of 1 once."""
    x, w = cloud(3000, d)
    one = np.eye(d)
    mu = mf.Points(x, weights=w, geometry="flat", field=field)
    v = KINDS[kind](1.0, geometry="flat").velocity(0.0, None, mu)
    exact = double_loop.general_velocity(kind, x, 1.0, one, one, one, weights=w, sphere=False)
    np.testing.assert_allclose(v, exact, rtol=0.0, atol=1e-12 * np.abs(exact).max())


@both
@pytest.mark.parametrize("d", [1, 2, 5])
def test_matrices_weights_and_replicas(d: int, kind: str) -> None:
    rng = np.random.default_rng(d)
    Q, K, V = rng.standard_normal((3, d, d))
    x, w = np.stack([cloud(40, d, s)[0] for s in (1, 2)]), np.stack([cloud(40, d, s)[1] for s in (1, 2)])
    law = KINDS[kind](0.7, sign=-1, Q=Q, K=K, V=V, geometry="flat")
    mu = mf.Points(x, weights=w, geometry="flat")
    v = law.velocity(0.0, mu.x, mu)
    for r in range(2):
        exact = -double_loop.general_velocity(kind, x[r], 0.7, Q, K, V, weights=w[r], sphere=False)
        np.testing.assert_allclose(v[r], exact, rtol=0.0, atol=1e-13 * np.abs(exact).max())


@both
@pytest.mark.parametrize("matrices", [False, True])
@pytest.mark.parametrize("beta", [0.0, 0.8])
def test_energy_and_its_identity(beta: float, matrices: bool, kind: str, tmp_path: Any) -> None:
    """E = (1/2 beta) iint e^{beta <x, B y>}, dE/dt = int |M|^2 / Z or int |M|^2, without a projection."""
    x, w = cloud(12, 2)
    x *= 0.4  # USA blows up in finite time
    B = np.array([[1.0, 0.3], [0.3, 0.5]]) if matrices else np.eye(2)
    settings: dict[str, Any] = {"K": B, "V": B} if matrices else {}
    law = KINDS[kind](beta, geometry="flat", **settings)
    run = pt.simulate(law, x, (0.0, 0.4), weights=w, rtol=1e-11, atol=1e-13)
    for state, told in ((run.x[0], run.energy[0]), (run.x[-1], run.energy[-1])):
        e = np.exp(beta * state @ B @ state.T) / (2.0 * beta) if beta else 0.5 * state @ B @ state.T
        assert told == pytest.approx(w @ e @ w, rel=1e-13)
        assert mf.Points(state, weights=w, geometry="flat").energy(law) == pytest.approx(told, rel=1e-13)
    gained = run.energy - run.energy[0]
    assert gained[-1] > 0.0 and "excess" not in run.names
    np.testing.assert_allclose(run.dissipated, gained, rtol=0.0, atol=1e-9 * gained[-1])
    run.save(tmp_path / "run.nc")
    again = pt.load(tmp_path / "run.nc")
    assert again.law == law and again.geometry == FLAT and 'geometry="flat"' in str(law)
    np.testing.assert_array_equal(again.energy, run.energy)
    assert run.plot_energy() is not None


def test_other_matrices_have_no_energy() -> None:
    mu = mf.Points(cloud(5, 2)[0], geometry="flat")
    with pytest.raises(ValueError, match="has no energy"):
        mu.energy(mf.SA(1.0, V=np.array([[0.0, 1.0], [-1.0, 0.0]]), geometry="flat"))


def test_a_law_of_one_manifold_is_not_asked_about_another() -> None:
    flat, round_ = mf.SA(2.0, geometry="flat"), mf.SA(2.0)
    assert flat != round_ and hash(flat) != hash(round_)
    vectors = mf.Points(cloud(5, 3)[0], geometry="flat")
    with pytest.raises(ValueError, match=r'law: .*give the law geometry="sphere"'):
        mf.Points(np.eye(3)).energy(flat)
    with pytest.raises(ValueError, match=r'law: .*give the law geometry="flat"'):
        vectors.energy(round_)
    with pytest.raises(ValueError, match=r"law: .*R\^d"):
        mf.uniform(mf.Circle(16)).energy(flat)
    with pytest.raises(ValueError, match=r'x0: .*give the law geometry="sphere"'):
        pt.simulate(flat, np.eye(3), (0.0, 1.0), geometry="sphere")
    with pytest.raises(ValueError, match=r"x0 must be rows .* of R\^d"):
        pt.simulate(flat, [0.0, 1.0], (0.0, 1.0))


def test_what_has_no_meaning_in_flat_space_is_refused() -> None:
    with pytest.raises(ValueError, match=r'scale: .*use scale="natural"'):
        mf.SA(1.0, scale="relative", geometry="flat")
    with pytest.raises(ValueError, match="geometry"):
        mf.USA(1.0, geometry="hyperbolic")  # type: ignore[arg-type]
    far = mf.Points(np.array([[40.0, 0.0], [0.0, 1.0]]), geometry="flat")
    law = mf.SA(1000.0, geometry="flat")  # beta bounds no scores here
    assert np.isfinite(law.velocity(0.0, None, far)).all()
    with pytest.raises(ValueError, match="overflows at these points"):
        far.energy(law)
    with pytest.raises(ValueError, match="staircase"):
        mf.rescaled_energy(mf.SA(1.0, geometry="flat"), [1.0])
