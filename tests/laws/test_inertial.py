"""A law as a force: against printed loops, moments of Gaussians, what is kept, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import meanfield as mf
import particles as pt
from meanfield.geometry import FLAT, Product, Tangent
from meanfield.protocols import Array
from validation.exact import inertia, ode

pytestmark = pytest.mark.rounding
V = np.array([[-0.6, 0.3], [0.1, -0.9]])


def tokens(n: int, d: int, seed: int = 0) -> Array:
    """Unit rows and tangent velocities."""
    x, v = pt.uniform(n, d, rng=seed), np.random.default_rng(seed + 1).standard_normal((n, d))
    return np.concatenate([x, v - np.sum(x * v, axis=-1, keepdims=True) * x], axis=-1)


@pytest.mark.parametrize("kind", [mf.SA, mf.USA])
def test_on_spheres_it_is_the_printed_loop(kind: Any) -> None:
    x = tokens(5, 3)
    run = pt.simulate(mf.Inertial(kind(2.0), 0.7), x, (0.0, 2.0), [2.0], rtol=1e-11, atol=1e-13)

    def printed(t: float, y: Array) -> Array:
        q, v = np.split(y.reshape(5, 6), 2, axis=1)
        return np.concatenate(inertia.force(q, v, 2.0, 0.7, kind is mf.SA), axis=1).ravel()

    exact = ode.integrate(printed, x.ravel(), [2.0], rtol=1e-11, atol=1e-13)[1][-1].reshape(5, 6)
    np.testing.assert_allclose(run.x[-1], exact, rtol=0.0, atol=1e-8)
    q, v = np.split(run.x[-1], 2, axis=-1)
    assert np.abs(np.linalg.norm(q, axis=-1) - 1.0).max() < 1e-14 and np.abs(np.sum(q * v, axis=-1)).max() < 1e-14


def test_what_friction_takes_is_what_the_energy_loses() -> None:
    """Four of S^2 at beta = 1; without friction it is kept; under SA, no gradient flow, none is told."""
    x = tokens(4, 3, 3)
    run = pt.simulate(mf.Inertial(mf.USA(1.0), 0.5), x, (0.0, 2.0), rtol=1e-10, atol=1e-12)
    assert run.law.falls == ("energy",) and np.all(np.diff(run.energy) < 0.0)
    assert abs(run.gained[-1] - run.dissipated[-1]) < 1e-9 and abs(run.gained[-1]) > 0.1
    free = mf.Inertial(mf.USA(1.0), 0.0)
    kept = pt.simulate(free, x, (0.0, 2.0), rtol=1e-10, atol=1e-12).energy
    assert free.keeps == ("energy",) and np.ptp(kept) < 1e-8
    mu = mf.Points(x, geometry=Tangent())
    K, E = 0.5 * np.mean(np.sum(x[:, 3:] ** 2, axis=1)), float(mf.Points(x[:, :3]).energy(mf.USA(1.0)))
    assert abs(free.quantities(0.0, mu)["energy"] - (K - E)) < 1e-14
    assert abs(mf.Inertial(mf.USA(1.0, sign=-1)).quantities(0.0, mu)["energy"] - (K + E)) < 1e-14
    assert set(mf.Inertial(mf.SA(1.0)).quantities(0.0, mu)) == {"kinetic"}


def test_two_laws_push_what_moves_once() -> None:
    x = tokens(4, 3, 5)
    mu = mf.Points(x, geometry=Tangent())
    both = mf.Inertial(mf.USA(1.0), 0.4) + mf.Inertial(mf.USA(3.0), 0.1)
    one = mf.Inertial(mf.USA(1.0) + mf.USA(3.0), 0.5)
    np.testing.assert_allclose(both.velocity(0.0, mu.x, mu), one.velocity(0.0, mu.x, mu), rtol=0.0, atol=1e-14)
    told, wanted = both.quantities(0.0, mu), one.quantities(0.0, mu)
    assert abs(told["energy"] - wanted["energy"]) < 1e-13 and told["kinetic"] == wanted["kinetic"]
    masked = mf.Inertial(mf.Causal(mf.SA(2.0))).velocity(0.0, mu.x, mu)
    np.testing.assert_array_equal(masked, mf.Causal(mf.Inertial(mf.SA(2.0))).velocity(0.0, mu.x, mu))
    assert np.abs(masked - mf.Inertial(mf.SA(2.0)).velocity(0.0, mu.x, mu)).max() > 1e-3


def test_a_gaussian_of_positions_and_velocities_stays_one() -> None:
    rng = np.random.default_rng(0)
    a = 0.4 * rng.standard_normal((4, 4))
    mu, Q = mf.Gaussian([0.3, -0.2, 0.1, 0.4], a @ a.T), rng.standard_normal((2, 2))
    law = mf.Inertial(mf.SA(0.8, Q=Q, V=V, geometry="flat"), 0.6)
    run = mf.solve(law, mu, (0.0, 2.0), t_eval=[0.5, 1.0, 2.0], rtol=1e-11, atol=1e-13)
    m, S = inertia.moments(V, Q.T, 0.8, 0.6, mu.mean, mu.covariance, [0.5, 1.0, 2.0])
    np.testing.assert_allclose(run.mean[-3:], m, rtol=0.0, atol=1e-9)
    np.testing.assert_allclose(run.covariance[-3:], S, rtol=0.0, atol=1e-9)


def test_heavy_friction_is_the_law_itself() -> None:
    """x' = v with gamma v = X + O(1 / gamma^2): at the time gamma t the run is the law's at t, to that order."""
    x = pt.uniform(3, 3, rng=2)
    end = pt.simulate(mf.SA(1.0), x, (0.0, 1.0), [1.0], rtol=1e-8).x[-1]
    off = []
    for gamma in (8.0, 16.0):
        law = mf.Inertial(mf.SA(1.0), gamma)
        late = pt.simulate(law, np.concatenate([x, 0.0 * x], axis=1), (0.0, gamma), [gamma], rtol=1e-7).x[-1]
        off.append(np.abs(late[:, :3] - end).max())
    assert off[0] < 0.03 and 3.5 < off[0] / off[1] < 4.5


def test_rates() -> None:
    s = np.array([2.0, 1e-12, -0.2])
    z = mf.inertial_rate(s, 1.0)
    np.testing.assert_allclose(z * z + z, s, rtol=1e-14, atol=0.0)
    assert np.iscomplexobj(mf.inertial_rate([-1.0], 1.0)) and float(mf.inertial_rate(4.0, 0.0)) == 2.0


def test_velocities_alone_shake() -> None:
    """Without force v is Ornstein and Uhlenbeck's: its variance at t is kappa (1 - e^{-2 gamma t}) / gamma."""
    law = mf.Inertial(mf.Linear(np.zeros((1, 1)), geometry="flat") + mf.Diffusion(0.3, geometry="flat"), 0.5)
    x = np.zeros((4000, 1, 2))
    run = pt.simulate(law, x, (0.0, 1.0), [1.0], method="heun", step=0.05, rng=0)
    v = run.x[-1, :, 0, 1]
    variance = 0.6 * (1.0 - np.exp(-1.0))
    assert abs(v.var() / variance - 1.0) < 4.5 * np.sqrt(2.0 / 4000) + 2e-3
    mu = mf.Points(x[0], geometry=Product(FLAT, FLAT))
    np.testing.assert_allclose(law.noise(0.0, mu.x, mu), np.sqrt(0.6) * np.array([0.0, 1.0]), rtol=1e-15)


def test_who_is_refused(tmp_path: Any) -> None:
    with pytest.raises(ValueError, match="positions and velocities already"):
        mf.Inertial(mf.Inertial(mf.SA(1.0)))
    with pytest.raises(ValueError, match="friction"):
        mf.Inertial(mf.SA(1.0), -1.0)
    with pytest.raises(ValueError, match="finite beta"):
        mf.Inertial(mf.SA(np.inf))
    x = tokens(3, 3)
    x[0, 3:] = x[0, :3]
    with pytest.raises(ValueError, match=r"Take v - numpy.sum"):
        pt.simulate(mf.Inertial(mf.SA(1.0)), x, (0.0, 1.0))
    law = mf.Inertial(mf.SA(1.0), 0.3)
    run = pt.simulate(law, tokens(3, 3), (0.0, 0.5), [0.5])
    run.save(tmp_path / "run.nc")
    assert mf.load(tmp_path / "run.nc").law == law and run.geometry == Tangent()
    with pytest.raises(ValueError, match="law"):
        mf.solve(law, mf.Circle(32).density(lambda a: 1.0 + 0.1 * np.cos(a)), (0.0, 1.0))
