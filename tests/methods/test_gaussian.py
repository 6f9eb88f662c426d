"""Gaussians of R^d moved by their means and covariances: closed forms, tables, and points."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest

import meanfield as mf
import particles as pt
from meanfield.measures.gaussian import Gaussian
from meanfield.protocols import Array
from validation.exact import gaussian

pytestmark = pytest.mark.rounding

V, B = np.array([[1.0, 0.3], [-0.2, -0.5]]), np.array([[0.5, -0.1], [0.2, 0.4]])
M0, S0 = np.array([1.0, -0.5]), np.array([[0.5, 0.1], [0.1, 0.3]])
MU = mf.Gaussian(M0, S0)
SA = mf.SA(1.0, geometry="flat")
GENERAL = mf.SA(1.0, Q=B, V=V, geometry="flat")  # <Q x, y> = <x, Q^T y>, whose tilt is m + S Q x
TABLE: list[tuple[Any, float, tuple[float, ...], tuple[float, ...]]] = [
    (GENERAL, 0.25, (1.344115910086863, -0.52056474286135), (0.588383716024080, 0.092657091901833, 0.287160361596451)),
    (GENERAL, 0.5, (1.844255802335084, -0.57193388792636), (0.708000276018761, 0.080784699466816, 0.275557761190736)),
    (GENERAL, 1.0, (3.741587035011248, -0.83430260059455), (1.146771427651809, 0.028759910479967, 0.257888618816097)),
    (SA, 0.25, (1.462355190958683, -0.65228337574526), (0.677165354330708, 0.157480314960629, 0.362204724409448)),
    (SA, 0.5, (2.266624317798364, -0.81163443361300), (1.058823529411764, 0.294117647058823, 0.470588235294117)),
    (
        mf.SA(1.0, sign=-1, geometry="flat"), 0.5, (0.505375574618384, -0.28493201714306),
        (0.329896907216494, 0.051546391752577, 0.226804123711340),
    ),
]  # fmt: skip
"""Law, time, mean, S_11 S_12 S_22: a Taylor series of the equations, to 15 digits."""


def end(law: Any, mu: Gaussian, t: float, **more: Any) -> Gaussian:
    found: Any = mf.solve(law, mu, (0.0, t), t_eval=[t], **{"rtol": 1e-13, **more})(t)
    return found


def blown(law: Any, mu: Gaussian, t: float = 50.0, **more: Any) -> Any:
    with pytest.raises(mf.RunError, match=r"infinity in finite time\. The covariance does at t = ") as told:
        mf.solve(law, mu, (0.0, t), **more)
    return told.value.solution


@pytest.mark.parametrize(("law", "t", "mean", "cov"), TABLE)
def test_the_table(law: Any, t: float, mean: tuple[float, ...], cov: tuple[float, ...]) -> None:
    mu = end(law, MU, t)
    np.testing.assert_allclose(mu.mean, mean, rtol=0.0, atol=1e-12)
    np.testing.assert_allclose(mu.covariance[[0, 0, 1], [0, 1, 1]], cov, rtol=0.0, atol=1e-12)
    assert np.array_equal(mu.covariance, mu.covariance.T)


def test_blow_ups_are_located() -> None:
    sol = blown(GENERAL, MU)
    assert abs(sol.blow_up / 1.8818560452 - 1.0) < 1e-10 and sol.status is mf.Status.BLOWN_UP
    assert sol.end < sol.blow_up < sol.end * (1.0 + 2e-8) and np.all(np.diff(sol.t) > 0.0)
    assert len(sol.t) == 5 and np.trace(sol.covariance[-1]) > 1e7  # t = 0, 0.5, 1, 1.5 and the last step
    t = 1.0 / (2.0 * np.linalg.eigvalsh(S0)[-1])
    turned = mf.SA(1.0, Q=-np.eye(2), V=-np.eye(2), geometry="flat")
    for law, at in ((SA, t), (mf.SA(4.0, geometry="flat"), t / 4.0), (turned, t)):
        assert abs(blown(law, MU).blow_up / at - 1.0) < 1e-10
    for s in (1e-9, 1e12):  # in any units of time
        assert abs(blown(SA, mf.Gaussian([0.0], [[s]]), 1e3 / s).blow_up * 2.0 * s - 1.0) < 1e-10
    assert mf.solve(SA, MU, (0.0, 0.9)).blow_up is None


def test_a_blow_up_is_near_in_any_clock() -> None:
    """The time begins at -1, and the covariance is infinite at 1e-9."""
    for s, span, at in ((0.5 / (1.0 + 1e-9), (-1.0, 1.0), 1e-9), (0.5, (5.0, 7.0), 6.0)):
        with pytest.raises(mf.RunError) as told:
            mf.solve(SA, mf.Gaussian([0.0], [[s]]), span)
        assert abs((told.value.solution.blow_up or 0.0) - at) < 1e-10 * max(1.0, at)  # the run's tolerance


@pytest.mark.parametrize("sign", [1, -1])
def test_against_equations_of_other_hands(sign: int) -> None:
    rng = np.random.default_rng(3)
    Q, K, W = 0.4 * rng.standard_normal((3, 3, 3))
    a = rng.standard_normal((3, 3))
    m, S = rng.standard_normal(3), 0.1 * a @ a.T
    law = mf.SA(0.7, sign=sign, Q=Q, K=K, V=W, geometry="flat")
    mu = end(law, mf.Gaussian(m, S), 0.8, rtol=1e-12)
    mean, cov = (part[-1] for part in gaussian.run("softmax", m, S, [0.8], beta=0.7, B=Q.T @ K, V=sign * W))
    np.testing.assert_allclose(mu.mean, mean, rtol=0.0, atol=1e-10)
    np.testing.assert_allclose(mu.covariance, cov, rtol=0.0, atol=1e-10)


def test_heads_and_matrices_that_change_against_points() -> None:
    """Two heads, one of which changes with time, on 20 x 20 Gauss-Hermite points: 1e-10."""
    law = mf.SA(0.5, Q=lambda t: (1.0 + t) * B, V=V, geometry="flat") + mf.SA(0.3, sign=-1, geometry="flat")
    mu, x = end(law, MU, 0.4, rtol=1e-12), MU.quadrature(20)
    run = pt.simulate(law, x.points, (0.0, 0.4), [0.4], weights=x.weights, rtol=1e-11, atol=1e-13)
    mean = run.weights @ run.x[-1]
    away = run.x[-1] - mean
    np.testing.assert_allclose(mu.mean, mean, rtol=0.0, atol=1e-10)
    np.testing.assert_allclose(mu.covariance, (away * run.weights[:, None]).T @ away, rtol=0.0, atol=1e-10)


def test_linear_maps_and_diffusion() -> None:
    """Ornstein-Uhlenbeck: m = e^{-t} m_0, S = kappa + (S_0 - kappa) e^{-2 t}; alone, the heat kernel from a Dirac."""
    kappa, t = 0.3, 0.7
    mu = end(mf.Linear(-np.eye(2), geometry="flat"), MU, t, diffusion=kappa)
    np.testing.assert_allclose(mu.mean, math.exp(-t) * M0, rtol=1e-12)
    exact = kappa * np.eye(2) + (S0 - kappa * np.eye(2)) * math.exp(-2.0 * t)
    np.testing.assert_allclose(mu.covariance, exact, rtol=0.0, atol=1e-12)
    heat = end(mf.Diffusion(kappa, geometry="flat"), mf.Gaussian([1.0, 2.0], np.zeros((2, 2))), t)
    np.testing.assert_allclose(heat.covariance, 2.0 * kappa * t * np.eye(2), rtol=0.0, atol=1e-13)
    assert np.array_equal(heat.mean, [1.0, 2.0])
    # with noise s' = 2 s^2 + 2 kappa: arctan(s / r) = arctan(s_0 / r) + 2 r t, r = kappa^{1/2}
    noisy = blown(SA, mf.Gaussian([0.0], [[0.1]]), diffusion=0.04)
    assert abs(noisy.blow_up / ((0.5 * math.pi - math.atan(0.5)) / 0.4) - 1.0) < 1e-9


def test_a_singular_covariance_is_a_dirac_in_some_directions() -> None:
    e = np.array([0.6, 0.8])
    mu = end(SA, mf.Gaussian(M0, 0.5 * np.outer(e, e)), 0.5)
    np.testing.assert_allclose(mu.covariance, np.outer(e, e), rtol=0.0, atol=1e-12)  # s / (1 - 2 s t)
    assert mu.entropy == math.inf and mu.quadrature(5).n == 5
    with pytest.raises(ValueError, match="singular, and there is no density"):
        mu.pdf([[0.0, 0.0]])
    point = end(GENERAL, mf.Gaussian(M0, np.zeros((2, 2))), 1.0)
    run = pt.simulate(GENERAL, M0[None], (0.0, 1.0), [1.0], rtol=1e-12)
    np.testing.assert_allclose(point.mean, run.x[-1, 0], rtol=1e-10)


# --- what a Gaussian answers -----------------------------------------------------------------------------------


def test_readings_and_energies_are_those_of_quadrature() -> None:
    k, mu = mf.Exponential(0.4, B, V), mf.Gaussian(M0, 0.5 * S0)
    x = np.array([[0.3, -1.0], [2.0, 0.5]])
    r, q = mu.read(k, x, "ZM", B), mu.quadrature(24).read(k, x, "ZM", B)
    np.testing.assert_allclose(r.Z * np.exp(r.log), q.Z * np.exp(q.log), rtol=1e-12)
    np.testing.assert_allclose(r.M * np.exp(r.log), q.M * np.exp(q.log), rtol=1e-12)
    C = 0.5 * (B + B.T)
    for law in (mf.SA(0.8, geometry="flat"), mf.SA(0.8, Q=C, V=-C, geometry="flat"), mf.SA(0.0, geometry="flat")):
        one, two = law.quantities(0.0, mu), law.quantities(0.0, mu.quadrature(40))
        for name in two:
            np.testing.assert_allclose(one[name], two[name], rtol=1e-10)
    np.testing.assert_allclose(mu.mean, mu.weights @ mu.x, rtol=1e-14)
    np.testing.assert_allclose(mu.second_moment, (mu.x.T * mu.weights) @ mu.x, rtol=1e-14)
    assert "dissipation" not in mf.USA(0.8, geometry="flat").quantities(0.0, mu)
    wide = mf.Gaussian(M0, 4.0 * S0)
    assert SA.quantities(0.0, wide)["energy"] == math.inf and wide.quadrature(3).energy(SA) < math.inf
    with pytest.raises(ValueError, match="a Gaussian is too wide"):
        wide.energy(SA)


def test_the_energy_rises_as_its_identity_says() -> None:
    law = mf.SA(0.5, geometry="flat")
    sol = mf.solve(law, MU, (0.0, 0.5))
    assert np.all(np.diff(sol.energy) > 0.0)
    np.testing.assert_allclose(sol.dissipated, sol.gained, rtol=0.0, atol=1e-8 * sol.energy[-1])
    down = mf.solve(mf.SA(0.5, sign=-1, geometry="flat"), MU, (0.0, 5.0))
    assert np.all(np.diff(down.energy) < 0.0)
    both = law + mf.Linear(-np.eye(2), geometry="flat")
    assert "dissipation" not in both.quantities(0.0, MU), "over 2 d points its integral is another"


def test_density_entropy_and_samples() -> None:
    x = np.linspace(-8.0, 8.0, 201)
    grid = np.stack(np.meshgrid(x, x, indexing="ij"), axis=-1).reshape(-1, 2)
    rho, cell = MU.pdf(grid), (x[1] - x[0]) ** 2
    assert abs(rho.sum() * cell - 1.0) < 1e-10
    assert abs(np.sum(rho * np.log(np.maximum(rho, 1e-300))) * cell - MU.entropy) < 1e-9
    n = 40_000
    points = MU.sample(n, rng=1)
    assert np.array_equal(points, MU.sample(n, rng=1))
    assert np.all(np.abs(points.mean(axis=0) - M0) < 4.5 * np.sqrt(np.diag(S0) / n))
    off = np.abs(np.cov(points.T) - S0)
    assert np.all(off < 4.5 * np.sqrt((np.outer(np.diag(S0), np.diag(S0)) + S0**2) / n))


# --- the house takes it ----------------------------------------------------------------------------------------


def test_a_run_is_saved_resumed_and_drawn(tmp_path: Path) -> None:
    whole = mf.solve(GENERAL, MU, (0.0, 1.0))
    half = mf.solve(GENERAL, MU, (0.0, 1.0), observe=lambda t, mu: t > 0.3)
    half.save(tmp_path / "half.nc")
    on = mf.resume(mf.load(tmp_path / "half.nc"))
    assert np.array_equal(on.covariance[-1], whole.covariance[-1]) and type(on) is mf.GaussianSolution
    lost = blown(SA, MU)
    lost.save(tmp_path / "lost.nc")
    assert mf.load(tmp_path / "lost.nc").blow_up == lost.blow_up
    with pytest.raises(mf.RunError) as told:
        mf.resume(lost, 4.0)
    assert told.value.solution.blow_up == lost.blow_up
    pytest.importorskip("xarray")
    assert whole.to_xarray()["covariance"].shape == (len(whole.t), 2, 2)
    for drawn in (whole.plot(), whole.plot(t=[0.0, 1.0]), MU.plot(), mf.Gaussian([0.0], [[1.0]]).plot()):
        assert drawn.get_xlabel()
    plt.close("all")
    for ask in (lambda: whole.coefficients, lambda: whole.values, lambda: whole.plot_profiles()):
        with pytest.raises(TypeError, match=r"no nodes and no coefficients: ask sol\.mean"):
            ask()


def test_densities_tell_means_and_covariances_too() -> None:
    sol = mf.solve(mf.SA(1.0), mf.perturbed_uniform(mf.Circle(32), {1: 0.3}), (0.0, 0.1), t_eval=[0.1])
    second = sol(0.1).second_moment
    np.testing.assert_allclose(sol.covariance[0], second - np.outer(sol.mean[0], sol.mean[0]), rtol=1e-14)


class Strict(mf.Law):
    """As SA(1), until time 0.5; then a kink."""

    geometry = "flat"
    autonomous = False

    def velocity(self, t: float, x: Array | None, mu: Any) -> Any:
        v = SA.velocity(t, x, mu)
        return v if t < 0.5 else np.abs(v)


@pytest.mark.parametrize(
    ("law", "says"),
    [
        (mf.USA(1.0, geometry="flat"), r"not affine in x.*give mf\.SA\(beta"),
        (mf.SA(1.0), r'moves points of spheres, and a Gaussian lives in R\^2: give it geometry="flat"'),
        (mf.Causal(SA), "tells tokens apart"),
        (mf.SA(np.inf, geometry="flat"), "law: "),
        (mf.Sinkhorn(1.0, geometry="flat"), "law: .*does not answer"),
        (mf.FeedForward(np.eye(2), np.eye(2), np.zeros(2), "tanh", geometry="flat"), "not affine in x"),
        (SA + mf.Diffusion(0.1, geometry="flat", common=True), "noise that all tokens share"),
        (mf.SA(1.0, V=np.eye(3), geometry="flat"), r"V: got shape \(3, 3\)"),
        (Strict(), "not affine in x"),
    ],
)  # fmt: skip
def test_laws_that_keep_no_gaussian_are_refused(law: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        mf.solve(law, MU, (0.0, 0.8))


def test_a_law_that_becomes_another_ends_the_run() -> None:
    class Later(Strict):
        def velocity(self, t: float, x: Array | None, mu: Any) -> Any:
            return super().velocity(t if t < 0.7 else 0.0, x, mu)

    with pytest.raises(mf.RunError, match=r"not affine in x.*does not stay one: move points") as told:
        mf.solve(Later(), MU, (0.0, 0.8))
    assert told.value.solution.status is mf.Status.LAW_CHANGED and 0.3 < told.value.solution.end <= 0.5


@pytest.mark.parametrize(
    ("mean", "covariance", "says"),
    [
        ([0.0, 0.0], [[1.0, 2.0], [2.0, 1.0]], "covariance: indefinite, it has the eigenvalue -1"),
        ([0.0, 0.0], [[1.0, 0.5], [0.4, 1.0]], r"covariance: not symmetric.*\(S \+ S\.T\) / 2"),
        ([0.0, 0.0], [[1.0]], r"covariance.*\(2, 2\).*s \* numpy\.eye\(2\)"),
        ([0.0, 0.0], [1.0, 1.0], "covariance"),
        ([0.0, np.nan], np.eye(2), "mean"),
        ([0.0, 0.0], [[1.0, 0.0], [0.0, np.inf]], "covariance"),
        (0.0, 1.0, "mean"),
        ([], np.zeros((0, 0)), "mean"),
    ],
)
def test_what_is_no_gaussian_is_refused(mean: Any, covariance: Any, says: str) -> None:
    with pytest.raises((ValueError, TypeError), match=says):
        mf.Gaussian(mean, covariance)


def test_methods_of_other_measures_are_refused() -> None:
    for method in ("spectral", "lagrangian", mf.Spectral()):
        with pytest.raises(ValueError, match=r'method: .*leave it out, or give method="gaussian"'):
            mf.solve(SA, MU, (0.0, 0.1), method=method)
    with pytest.raises(ValueError, match=r'method: .*or give method="spectral"'):
        mf.solve(mf.SA(1.0), mf.uniform(mf.Circle(16)), (0.0, 0.1), method="gaussian")
    with pytest.raises(ValueError, match="knows no resolution"):
        mf.solve(SA, MU, (0.0, 0.1), max_resolution=64)
    with pytest.raises(TypeError, match="no point of largest score"):
        MU.read(mf.Exponential(np.inf))
    with pytest.raises(TypeError, match="scores are linear in y"):
        MU.read(mf.Zonal(np.exp, "exp"))
    assert mf.solve(SA, MU, (0.0, 0.1), method="gaussian").success
