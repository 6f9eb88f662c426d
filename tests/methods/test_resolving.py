"""A density carried by panels: what they resolve is told, and they are as many as the moments and the kernel ask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import meanfield as mf
from meanfield.distances import sobolev
from meanfield.kernels.zonal import heights
from meanfield.measures.rings import Rings
from meanfield.methods.lagrangian import panels
from meanfield.protocols import Array


def waves(theta: Any) -> Any:
    return 1.0 + 0.3 * np.cos(theta) + 0.2 * np.sin(2.0 * theta)


def begun(law: Any, rho: Any, **settings: Any) -> Any:
    """The Lagrangian method at the start: (flow, state)."""
    return mf.Lagrangian(**settings).bind(law, rho, 1e-10, 1e-13)


# --- moments -------------------------------------------------------------------------------------------------


@pytest.mark.rounding
def test_moments_of_any_degree_at_the_start() -> None:
    """Seen of the panels' own nodes: 0.56 at degree 255, above 1e-10 from 48 on."""
    flow, y = begun(mf.SA(4.0), mf.Circle(256).density(waves))
    mu = flow.measure(0.0, y)
    for degree in (47, 255, 4000):
        c = mu.moments(degree)
        np.testing.assert_allclose(c[:3], [1.0, 0.15, -0.1j], rtol=0.0, atol=1e-13)
        assert len(c) == degree + 1 and np.abs(c[3:]).max() < 1e-12
    assert np.abs(mu.coefficients[3:]).max() < 1e-12
    assert sobolev(mu, mf.Circle(256).density(waves), 1.0, degree=1000) < 1e-12


@pytest.mark.rounding
def test_moments_along_a_run_are_the_spectral_ones() -> None:
    law, rho, t = mf.SA(4.0), mf.Circle(256).density(waves), [0.0, 0.9, 1.8]
    runs = [mf.solve(law, rho, (0.0, 1.8), t_eval=t, method=method) for method in ("lagrangian", "spectral")]
    for carried, held in zip(runs[0].densities, runs[1].densities, strict=True):
        np.testing.assert_allclose(carried.moments(400), held.moments(400), rtol=0.0, atol=1e-11)
        # several at once, as a record asks
    form = runs[0].segments[-1].form
    states = [y for y, owner in zip(runs[0].states, runs[0].owners, strict=True) if owner == len(runs[0].segments) - 1]
    stacked = form.measure(np.stack([states[-1], states[-1]])).moments(300)
    np.testing.assert_array_equal(stacked[0], stacked[1])
    np.testing.assert_allclose(stacked[1], runs[0].densities[-1].moments(300), rtol=0.0, atol=1e-14)
    first = runs[0].to_xarray()["coefficients"].values[0]
    assert np.abs(first[3:]).max() < 1e-12
    shown = runs[0].plot_spectrum([0.0]).lines[0].get_ydata()
    assert np.asarray(shown)[3:].max() < 1e-12


@pytest.mark.rounding
@pytest.mark.parametrize("d", [2, 3, 8, 32, 512, 1024])
def test_zonal_moments_of_any_degree(d: int) -> None:
    """Seen: 7.7e-4 at d = 3, degree 200; 4.9e-12 at d = 1024, whose masses the first panels did not resolve."""
    rho = mf.ZonalSphere(d, 8).density(lambda c: 1.0 + 0.3 * c)
    flow, y = begun(mf.SA(4.0), rho)
    mu = flow.measure(0.0, y)
    for degree in (8, 400, 1100):
        np.testing.assert_allclose(mu.moments(degree), rho.moments(degree), rtol=0.0, atol=5e-14)


@pytest.mark.rounding
def test_heights_are_legendre_s_sums() -> None:
    rng = np.random.default_rng(0)
    t, w = rng.uniform(-1.0, 1.0, (3, 20)), rng.dirichlet(np.ones(20), 3)
    table = np.polynomial.legendre.legvander(t, 12)
    np.testing.assert_allclose(heights(3, 12, t, w), np.einsum("rn,rnk->rk", w, table), rtol=0.0, atol=1e-13)
    last = np.sum(w * np.cos(40.0 * np.arccos(t)), axis=-1)
    np.testing.assert_allclose(heights(2, 40, t, w)[:, -1], last, rtol=0.0, atol=1e-13)
    # a pole is seen alike by every degree, in every dimension: p_k there is no float at d = 1024, k = 1200
    pole = Rings(mf.ZonalSphere(1024, 8), np.array([0.0, np.pi]), np.array([0.75, 0.25]))
    np.testing.assert_allclose(pole.moments(1200), 0.75 + 0.25 * (-1.0) ** np.arange(1201), rtol=1e-13)


@pytest.mark.rounding
@pytest.mark.parametrize("beta", [1.0, 400.0])
def test_an_atom_at_a_pole_has_its_energy(beta: float) -> None:
    law = mf.SA(beta, scale="relative")
    told = law.quantities(0.0, Rings(mf.ZonalSphere(512, 8), np.zeros(1), np.ones(1)))
    most = np.exp(beta + law.log_factor(512)) / (2.0 * beta)
    assert told["energy"] == pytest.approx(most, rel=1e-11) and told["dissipation"] == 0.0


# --- the kernel's own width ------------------------------------------------------------------------------------


def _field(law: Any, flow: Any, y: Array) -> tuple[Array, Array]:
    out = flow.rhs(0.0, y, np.empty_like(y))
    n = len(flow.form.weights)
    return out[:n], out[n:]


@pytest.mark.rounding
@pytest.mark.parametrize("beta", [4.0, 64.0, 100.0, 400.0])
def test_narrow_kernels_have_narrow_panels(beta: float) -> None:
    """Seen at beta = 400 with eight panels: velocities off by 7.5e-4 of the largest, divergences by 4e-2."""
    law, rho = mf.SA(beta), mf.Circle(1024).density(waves)
    flow, y = begun(law, rho)
    v, divergence = _field(law, flow, y)
    theta = y[: len(v)]
    rows = np.stack([np.cos(theta), np.sin(theta)], axis=-1)
    true = np.sum(law.velocity(0.0, rows, rho) * np.stack([-np.sin(theta), np.cos(theta)], axis=-1), axis=-1)
    assert np.abs(v - true).max() < 2e-12 * np.abs(true).max()
    slope = law.divergence(0.0, rows, rho)
    assert np.abs(divergence - slope).max() < 4e-11 * np.abs(slope).max()


@pytest.mark.rounding
def test_a_run_with_a_narrow_kernel_is_the_spectral_one() -> None:
    law, t = mf.SA(400.0), 8.0  # rounding grows by 1e5 until t = 20
    rho = mf.Circle(256).density(waves)
    runs = [mf.solve(law, rho, (0.0, t), t_eval=[t], method=method)(t) for method in ("lagrangian", "spectral")]
    np.testing.assert_allclose(runs[0].moments(100), runs[1].moments(100), rtol=0.0, atol=1e-11)


@pytest.mark.rounding
def test_panels_that_widen_are_halved_for_the_kernel() -> None:
    """Repelling mass spreads, and its map stays smooth: 70 would be seen, and 58 (and a step's growth) is the limit."""
    law, rho = mf.SA(100.0, sign=-1), mf.Circle(256).density(lambda theta: np.exp(10.0 * (np.cos(theta - 1.0) - 1.0)))
    run = mf.solve(law, rho, (0.0, 16.0), t_eval=[16.0], method="lagrangian", rtol=1e-6)
    form = run.segments[-1].form
    s = form.parts(run.states[-1])[0]
    heavy = form.masses[form.live] > 1e-15
    assert law.kernel().bandwidth(2) * panels.widths(s)[heavy].max() < 61.0


@dataclass(frozen=True)
class _Turned(mf.Law):
    """SA(400) by matrices: scores 4 <100 x, y>."""

    kernel = mf.Exponential(4.0, Q=100.0 * np.eye(2))

    def velocity(self, t: float, x: Any, mu: Any) -> Any:
        r = mu.read(self.kernel, x, "ZM")
        return r.M / r.Z

    def divergence(self, t: float, x: Any, mu: Any) -> Any:
        r = mu.read(self.kernel, x, "ZML")
        at = mu.x if x is None else x
        M = r.M - np.sum(r.M * at, axis=-1, keepdims=True) * at
        return r.L / r.Z[..., 0] - 400.0 * np.sum(np.square(M / r.Z), axis=-1)


@pytest.mark.rounding
def test_a_kernel_with_matrices_is_as_narrow_as_its_largest_score() -> None:
    rho = mf.Circle(256).density(waves)
    ours, theirs = (begun(law, rho) for law in (_Turned(), mf.SA(400.0)))
    assert len(ours[1]) == len(theirs[1])
    v, true = _field(_Turned(), *ours)[0], _field(mf.SA(400.0), *theirs)[0]
    assert np.abs(v - true).max() < 2e-12 * np.abs(true).max()


def test_nodes_that_do_not_suffice_are_refused_at_the_door_and_end_a_run_that_hands_over() -> None:
    rho = mf.Circle(256).density(waves)
    with pytest.raises(ValueError, match=r"max_resolution: got 400.*SA\(beta=400\)"):
        mf.solve(mf.SA(400.0), rho, (0.0, 1.0), method=mf.Lagrangian(max_resolution=400))
    way = mf.Spectral(max_resolution=256, then=mf.Lagrangian(max_resolution=200))
    with pytest.raises(mf.UnresolvedError, match=r"Nobody went on: max_resolution: got 200") as caught:
        mf.solve(mf.SA(9.0), rho, (0.0, 9.0), method=way)
    so_far: Any = caught.value.solution
    more = mf.resume(so_far, on_unresolved="stop", max_resolution=512)
    assert 0.5 < so_far.end < more.end
