"""The energy's differences keep their digits where its constant would swamp them, whatever measure answers."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

import meanfield as mf
import particles as pt
from meanfield.geometry import ROWS
from meanfield.kernels import energy
from meanfield.measures.rings import Rings
from meanfield.protocols import Measure

pytestmark = pytest.mark.rounding

TINY = [1e-6, 1e-10, 1e-300, 0.0]


def waves(theta: Any) -> Any:
    return 1.0 + 0.3 * np.cos(theta) + 0.2 * np.sin(2.0 * theta)


def defect(record: Any) -> float:
    """Largest relative defect of E(t) - E(0) = dissipated."""
    return float(np.max(np.abs(record.gained - record.dissipated)[1:] / np.abs(record.gained[1:])))


# --- the identity, where the constant 1 / (2 beta) is all there is of E ----------------------------------------


@pytest.mark.parametrize("beta", TINY)
@pytest.mark.parametrize("law", [mf.SA, mf.USA])
def test_identity_at_tiny_beta(law: Any, beta: float) -> None:
    """Seen of E itself: 2.4e-7 at 1e-6, 1.6e-3 at 1e-10, nothing at 1e-300; of the excess 1.2e-12."""
    rho = mf.Circle(64).density(waves)
    sol = mf.solve(law(beta), rho, (0.0, 3.0))
    assert defect(sol) < 1e-10
    # beta = 0 is the limit, of the excess too: E = |int x d mu|^2 / 2 there
    limit = mf.solve(law(0.0), rho, (0.0, 3.0))
    np.testing.assert_allclose(sol.gained, limit.energy - limit.energy[0], rtol=1e-9 + 2.0 * beta)
    assert defect(mf.solve(law(beta), rho, (0.0, 3.0), method="lagrangian")) < 1e-9
    assert defect(pt.simulate(law(beta), rho.quantize(40), (0.0, 3.0), rtol=1e-11)) < 1e-9


@pytest.mark.parametrize("d", [512, 1024])
def test_identity_in_high_dimension(d: int) -> None:
    """Seen of E itself: 1.4e-9 and 1.3e-8."""
    sol = mf.solve(mf.SA(4.0), mf.ZonalSphere(d, 64).density(lambda c: 1.0 + 0.3 * c), (0.0, 3.0))
    assert defect(sol) < 1e-9


@pytest.mark.parametrize("size", [1e-2, 1e-4, 1e-6, 1e-9])
@pytest.mark.parametrize("space", [mf.Circle(64), mf.ZonalSphere(3, 32), mf.ZonalSphere(1024, 32), mf.Sphere(16)])
def test_identity_near_the_uniform_measure(space: Any, size: float) -> None:
    """E changes there by its square: seen of E itself 9e-2 on the circle at 1e-6; and atol must follow it, too."""
    mode: dict[Any, complex] = {(2, 1) if isinstance(space, mf.Sphere) else 1: size}
    sol = mf.solve(mf.USA(2.0, scale="relative"), mf.perturbed_uniform(space, mode), (0.0, 1.0), t_eval=[0.0, 1.0])
    assert defect(sol) < 1e-9
    asked = mf.solve(mf.SA(2.0), mf.perturbed_uniform(space, mode), (0.0, 1e-3), atol=1e-13)
    assert asked.settings["atol"] == 1e-13


def test_gained_counts_from_the_beginning_saved_or_not() -> None:
    law, rho = mf.SA(4.0), mf.Circle(64).density(waves)
    whole, late = (mf.solve(law, rho, (0.0, 1.0), t_eval=t) for t in ([0.0, 0.5, 1.0], [0.5, 1.0]))
    np.testing.assert_allclose(late.gained, whole.gained[1:], rtol=1e-13)
    assert whole.gained[0] == 0.0 and defect(late) < 1e-9
    traj, full = (pt.simulate(law, rho.quantize(10), (0.0, 1.0), t) for t in ([0.5, 1.0], [0.0, 0.5, 1.0]))
    np.testing.assert_allclose(traj.gained, full.gained[1:], rtol=1e-13)
    traj = pt.simulate(law, rho.quantize(10), (0.0, 1.0), [0.5, 1.0], land=True)
    with pytest.raises(ValueError, match=r"gained: .*t = 0.0"):  # as of a file from before it was kept
        replace(traj, start=None).gained  # noqa: B018
    with pytest.raises(ValueError, match="energy"):
        mf.solve(mf.Diffusion(0.1), rho, (0.0, 1.0)).gained  # noqa: B018


# --- one excess, many ways to its sum --------------------------------------------------------------------------


def exact(mu: Any, beta: float) -> float:
    """(1 / 2 beta) iint (e^{beta t} - lambda_0), by pairs and expm1, |int x|^2 / 2 at beta = 0."""
    t = mu.x @ mu.x.T
    if beta == 0.0:
        return 0.5 * float(mu.weights @ t @ mu.weights)
    uniform = math.expm1(mf.Exponential(beta).log_lambda0(mu.d)) / beta
    return 0.5 * (float(mu.weights @ (np.expm1(beta * t) / beta) @ mu.weights) - uniform)


@pytest.mark.parametrize("beta", [*TINY, 1e-3, 0.5, 0.999, 1.0, 4.0, 20.0])
def test_points_by_every_sum(beta: float) -> None:
    rng = np.random.default_rng(0)
    for d, n in ((2, 400), (3, 400), (8, 60)):
        x = pt.uniform(n, d, rng)
        compiled = {2: ("cells",), 3: ("compiled",)}
        for field in ("auto", "direct", *(("harmonic",) if d <= 3 else ()), *compiled.get(d, ())):
            if field in ("cells", "compiled"):
                pytest.importorskip("numba")
            mu = mf.Points(x, weights=rng.dirichlet(np.ones(n)), field=field)
            true = exact(mu, beta)
            told = mf.SA(beta).quantities(0.0, mu)
            # e^beta is the largest pair, and rounding is of its size
            assert told["excess"] == pytest.approx(true, rel=1e-12, abs=1e-15 * math.exp(beta)), (d, field)
            assert told["energy"] == pytest.approx(true + energy.uniform(mf.Exponential(beta), mu), rel=1e-13)


@pytest.mark.parametrize("beta", [*TINY, 0.5, 4.0])
def test_densities_and_their_points(beta: float) -> None:
    """Sums over degrees against sums over the quadrature's pairs."""
    spaces = [mf.Circle(64), mf.Sphere(16)]
    rhos = [spaces[0].density(waves), spaces[1].density(lambda x: 1.0 + 0.3 * x[..., 2] + 0.4 * x[..., 0] * x[..., 1])]
    for rho in rhos:
        points = mf.Points(rho.x, weights=rho.weights, field="direct")
        true = exact(points, beta)
        assert mf.USA(beta).quantities(0.0, rho)["excess"] == pytest.approx(true, rel=1e-12)
    zonal = mf.ZonalSphere(3, 16).density(lambda c: 1.0 + 0.3 * c)
    rings = Rings(zonal.space, np.arccos(zonal.space.nodes), zonal.weights)
    both = [mf.SA(beta).quantities(0.0, mu)["excess"] for mu in (zonal, rings)]
    same = mf.Sphere(16).density(lambda x: 1.0 + 0.3 * x[..., 2])
    assert both == pytest.approx([float(mf.SA(beta).quantities(0.0, same)["excess"])] * 2, rel=1e-12)
    flow = mf.solve(mf.SA(beta), rhos[0], (0.0, 0.1), method="lagrangian")
    assert flow.quantity("excess")[0] == pytest.approx(mf.SA(beta).quantities(0.0, rhos[0])["excess"], rel=1e-11)


def test_replicas_and_scales_have_excesses_of_their_own() -> None:
    x = pt.uniform(30, 3, 0, replicas=4)
    for beta in (0.1, 4.0):
        together = mf.SA(beta).quantities(0.0, mf.Points(x))["excess"]
        np.testing.assert_allclose(together, [exact(mf.Points(one), beta) for one in x], rtol=1e-12)
        for scale in ("scaled", "relative"):
            law = mf.SA(beta, scale=scale)
            factor = math.exp(law.log_factor(3))
            np.testing.assert_allclose(law.quantities(0.0, mf.Points(x))["excess"], factor * together, rtol=1e-12)


@dataclass(frozen=True)
class _Plain(Measure):
    """A measure from outside: two points, which know no excess."""

    points: Any
    weights: Any
    d: int = 2
    geometry = ROWS

    @property
    def x(self) -> Any:
        return self.points

    @property
    def positions(self) -> Any:
        return self.points

    @property
    def mean(self) -> Any:
        return self.weights @ self.points

    def read(self, kernel: Any, x: Any = None, want: str = "ZM", V: Any = None) -> Any:
        return mf.Points(self.points, weights=self.weights, field="direct").read(kernel, x, want, V)


@dataclass(frozen=True)
class _Bare(mf.Law):
    """A law whose energy comes without its excess."""

    isotropic = True
    autonomous = True

    def velocity(self, t: float, x: Any, mu: Any) -> Any:
        return mu.read(mf.Exponential(0.0), x, "M").M

    def quantities(self, t: float, mu: Any) -> dict[str, Any]:
        return {"energy": 0.5 * np.sum(np.square(mu.mean), axis=-1)}


def test_what_knows_no_excess_is_told_by_its_energy() -> None:
    mu: Any = _Plain(np.array([[1.0, 0.0], [0.6, 0.8]]), np.array([0.3, 0.7]))
    for beta in (0.0, 1.0, 4.0):
        assert mf.SA(beta).quantities(0.0, mu)["excess"] == pytest.approx(exact(mu, beta), rel=1e-13)
    rho = mf.Circle(32).density(waves)
    sol = mf.solve(_Bare(), rho, (0.0, 0.5))
    np.testing.assert_array_equal(sol.gained, sol.energy - sol.energy[0])
    # of a sum's energies one comes without: their excess would be one term's alone
    both = (mf.SA(4.0) + _Bare()).quantities(0.0, rho)
    assert "excess" not in both and "energy" in both
    two = (mf.SA(4.0) + mf.USA(1.0)).quantities(0.0, rho)
    assert two["excess"] == mf.SA(4.0).quantities(0.0, rho)["excess"] + mf.USA(1.0).quantities(0.0, rho)["excess"]


def test_atoms_jump_by_no_more_than_rounding_at_tiny_beta() -> None:
    """A jump is of second order in merge_tol, 2e-13: of E itself it was the rounding of 1 / (2 beta), 1e-7."""
    law, way = mf.SA(1e-10), mf.Lagrangian(merge_tol=1e-6)
    sol = mf.solve(law, mf.Circle(64).density(waves), (0.0, 30.0), t_eval=[30.0], method=way, rtol=1e-6)
    assert sol.segments[-1].form.count[1] > 0 and abs(sol.segments[-1].form.jump) < 1e-11
    traj = pt.simulate(law, [0.0, 0.4, 0.9], (0.0, 60.0), merge_tol=1e-6)
    assert len(traj.merges) and abs(traj.jumped[-1]) < 1e-11
