"""Axisymmetric densities on S^{d-1}: against closed forms, characteristics, the circle and quadrature points."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import gammaln, roots_gegenbauer
from scipy.stats import kstest

import meanfield as mf
import particles as pt
from meanfield.protocols import Array
from meanfield.special import ultraspherical
from meanfield.special.bessel import dimensions
from validation.exact import growth, poisson

pytestmark = pytest.mark.rounding

EPS = float(np.finfo(np.float64).eps)

# rho_0 = 1 + 0.3 P_1 + 0.2 P_2, beta = 4: t, f_1, f_2, f_3, E, dE/dt, rho(north), rho(south)
ROWS: dict[tuple[int, str], list[tuple[float, ...]]] = {
    (3, "SA"): [
        (1, 0.144638444362202, 0.080671424677299, 0.006700720714253, 0.9051748034757,
         0.0465974623704, 1.9096413162, 0.950773048),
        (2, 0.207131246971941, 0.161695891081664, 0.03017896814653, 0.9852403940643,
         0.128098751595, 2.8558518866, 1.13022873),
        (3, 0.288325409132575, 0.314767405961678, 0.09566198788065, 1.212398992212,
         0.365914326006, 5.556972104, 1.6966854),
    ],
    (3, "USA"): [
        (0.1, 0.130517070104029, 0.071219731742394, 0.01091693884939, 0.8951354168485,
         0.291173994271, 1.8812376807, 0.921622728),
        (0.2, 0.171605780985704, 0.127633595354651, 0.04284807564582, 0.9423470391635,
         0.736568514428, 2.9193523612, 0.973325904),
        (0.3, 0.227599801568982, 0.229803304379558, 0.1275036415273, 1.077308274355,
         2.28770957093, 7.6285519013, 1.07780224),
    ],
    (4, "SA"): [
        (1, 0.122466774522699, 0.0482309132354742, 0.004566487634315, 0.6384444613977,
         0.0304556844497, 2.0307590668, 0.90422602),
        (2, 0.198461080687863, 0.105850429411451, 0.02306013823366, 0.69506094909,
         0.0955275853892, 3.4580611733, 0.985739166),
        (3, 0.31353303522231, 0.229049390339432, 0.08518550672056, 0.8786569119635,
         0.314310560931, 8.6354064168, 1.33613474),
    ],
}  # fmt: skip


def standard(d: int, degree: int = 64) -> mf.Density:
    return mf.ZonalSphere(d, degree).density(lambda c: 1.0 + 0.3 * c + 0.2 * (d * c * c - 1.0) / (d - 1.0))


def law_of(kind: str, beta: float, **options: Any) -> Any:
    return {"SA": mf.SA, "USA": mf.USA}[kind](beta, **options)


# --- the polynomials -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("d", "n"), [(2, 40), (3, 64), (8, 129), (128, 129), (128, 400), (1024, 300), (1024, 900)])
def test_rule_is_orthogonal(d: int, n: int) -> None:
    rule = ultraspherical.gauss(d, n)
    limit = (100.0 + 0.5 * n) * EPS  # of a recurrence of n steps
    assert np.abs(rule.values.T @ rule.values - np.eye(n)).max() < limit
    k = np.arange(n - 1)
    gram = (rule.slopes.T @ rule.slopes)[:-1, :-1]
    assert np.abs(gram - np.diag(k * (k + d - 2.0))).max() < 4.0 * limit * n * (n + d)


@pytest.mark.parametrize("d", [3, 8, 128])
def test_nodes_agree_with_scipy(d: int) -> None:
    rule = ultraspherical.gauss(d, 64)
    nodes, weights = roots_gegenbauer(64, d / 2.0 - 1.0)
    np.testing.assert_allclose(rule.nodes, nodes, rtol=0.0, atol=8.0 * EPS)
    np.testing.assert_allclose(rule.weights, weights / weights.sum(), rtol=1e-10)


@pytest.mark.parametrize("d", [2, 3, 8, 128])
def test_distribution_against_quadrature(d: int) -> None:
    a = np.array([1.0, 0.3, 0.1, 0.05])

    def marginal(c: float) -> float:
        at = np.array([c])
        return float((ultraspherical.values(d, 3, at) @ a)[0] * np.exp(ultraspherical.log_weight(d, at)[0]))

    for c in (-0.4, 0.1, 0.7):
        expected = quad(marginal, -1.0, c, epsabs=1e-12, limit=200)[0]
        # quad meets an integrable singularity at d = 2
        assert abs(ultraspherical.distribution(d, a, np.array([c]))[0] - expected) < (2e-7 if d == 2 else 1e-10)
    np.testing.assert_allclose(
        ultraspherical.distribution(d, a, np.array([-1.0, 1.0])), [0.0, 1.0], rtol=0.0, atol=1e-15
    )


@pytest.mark.parametrize("d", [2, 3, 4, 8, 128])
def test_slopes_are_derivatives(d: int) -> None:
    c, h = np.linspace(-0.6, 0.6, 5), 1e-5
    difference = (ultraspherical.values(d, 12, c + h) - ultraspherical.values(d, 12, c - h)) / (2.0 * h)
    slopes = ultraspherical.slopes(d, 12, c)
    assert np.abs(slopes - np.sqrt(1 - c * c)[:, None] * difference).max() < 1e-7 * np.abs(slopes).max()


# --- the density ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("d", [2, 3, 8, 128])
def test_moments_of_a_von_mises_fisher_density(d: int) -> None:
    """Its moments are the kernel's own multipliers: int P_k d mu = lambda_k(kappa) / lambda_0(kappa)."""
    kappa = 3.0
    space = mf.ZonalSphere(d, 64)
    rho = mf.von_mises_fisher(space, space.direction, kappa)
    ratios = mf.multipliers(kappa, d, 5) / mf.multipliers(kappa, d, 0)
    np.testing.assert_allclose(rho.moments(5), ratios, rtol=1e-11, atol=1e-15)
    np.testing.assert_allclose(rho.mean, ratios[1] * space.direction, rtol=0.0, atol=1e-14)
    assert abs(np.trace(rho.second_moment) - 1.0) < 64.0 * EPS


def test_area_and_pdf() -> None:
    rho = mf.uniform(mf.ZonalSphere(4, 8))
    area = 2.0 * np.pi**2
    assert abs(float(rho.pdf(0.3)) - 1.0 / area) < 1e-14
    assert abs(np.exp(np.log(2.0) + 2.0 * np.log(np.pi) - gammaln(2.0)) - area) < 1e-12


@pytest.mark.parametrize("d", [2, 3, 8, 128])
def test_samples_have_the_law_and_lie_on_the_sphere(d: int) -> None:
    axis = np.arange(1.0, d + 1.0)
    space = mf.ZonalSphere(d, 32, axis=axis)
    rho = mf.von_mises_fisher(space, axis, 2.0)
    x = rho.sample(4000, rng=5)
    assert x.shape == (4000, d)
    assert np.abs(np.linalg.norm(x, axis=1) - 1.0).max() < 8.0 * EPS
    heights = x @ space.direction

    def cdf(c: Any) -> Any:
        return ultraspherical.distribution(d, rho.coefficients, c)

    assert kstest(heights, cdf).pvalue > 1e-3
    assert np.abs(x.mean(axis=0) - rho.mean).max() < 5.0 / np.sqrt(4000 * max(1, d - 1))
    np.testing.assert_array_equal(x, rho.sample(4000, rng=5))


@pytest.mark.parametrize("d", [2, 3, 4])
def test_quantisation_converges(d: int) -> None:
    rho = standard(d, 32)
    errors = [np.abs(rho.quantize(n).mean(axis=0) - rho.mean).max() for n in (200, 3200)]
    assert errors[1] < errors[0] / 4.0
    assert errors[1] < 2e-3


def test_evaluation_at_rows() -> None:
    rho = standard(3, 16)
    x = pt.uniform(7, 3, rng=0)
    c = x[:, 2]
    np.testing.assert_allclose(rho.at(x), 1.0 + 0.3 * c + 0.2 * (3.0 * c * c - 1.0) / 2.0, rtol=0.0, atol=1e-13)


# --- the equation --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("d", "kind"), list(ROWS))
def test_reference_values(d: int, kind: str) -> None:
    law = law_of(kind, 4.0)
    rows = ROWS[d, kind]
    sol = mf.solve(law, standard(d), (0.0, rows[-1][0]))
    for t, f1, f2, f3, E, rate, north, south in rows:
        rho = sol(t)
        np.testing.assert_allclose(rho.moments(3)[1:], [f1, f2, f3], rtol=0.0, atol=1e-11)
        q = law.quantities(0.0, rho)
        assert abs(q["energy"] - E) < 1e-11
        assert abs(q["dissipation"] - rate) < 1e-11
        assert abs(float(rho(1.0)) - north) < 1e-9
        assert abs(float(rho(-1.0)) - south) < 5e-9  # printed to nine digits
    assert np.abs(sol.mass - 1.0).max() < 1e-13


@pytest.mark.parametrize("d", [3, 8, 128])
@pytest.mark.parametrize("law", [mf.SA(4.0), mf.USA(4.0, scale="relative"), mf.SA(4.0, sign=-1), mf.USA(2.0, sign=-1)])
def test_lyapunov_identity(d: int, law: Any) -> None:
    sol = mf.solve(law, standard(d), (0.0, 0.4))
    # at d = 128 E changes in its eighth digit only: what is gained is told without the rest of E
    assert np.all(np.abs(sol.gained - sol.dissipated) <= 1e-9 * np.abs(sol.gained))
    assert np.all(np.diff(sol.gained) * law.sign > 0.0)
    assert np.abs(sol.mass - 1.0).max() < 1e-13


@pytest.mark.parametrize("d", [3, 4, 8])
def test_poisson_kernels_stay_poisson_kernels(d: int) -> None:
    """beta = 0: parameter and order parameter (they differ for d >= 3), and the whole density in L2(sigma)."""
    space = mf.ZonalSphere(d, 96)
    sol = mf.solve(mf.SA(0.0), mf.poisson_kernel(space, 0.2 * space.direction), (0.0, 1.5), rtol=1e-12)
    r = float(poisson.radius(1.5, 0.2, d))
    rho = sol(1.5)
    exact = mf.poisson_kernel(mf.ZonalSphere(d, max(256, rho.space.degree)), r * space.direction)
    a = np.zeros(len(exact.coefficients))
    a[: len(rho.coefficients)] = rho.coefficients
    assert np.linalg.norm(a - exact.coefficients) < 1e-12 * np.linalg.norm(exact.coefficients)
    assert abs(rho.moments(1)[1] - poisson.order_parameter(1.5, 0.2, d)) < 1e-12
    assert abs(rho.moments(1)[1] - r) > 1e-2


@pytest.mark.parametrize(("d", "degrees"), [(3, range(1, 7)), (4, range(1, 7)), (8, range(1, 7)), (128, (1, 2))])
@pytest.mark.parametrize("kind", ["SA", "USA"])
def test_single_modes_grow_at_their_rates(d: int, degrees: Any, kind: str) -> None:
    """Runs of +-eps averaged: even orders cancel, and the rest is O(eps^2)."""
    beta, t = 4.0, 0.1
    law = law_of(kind, beta, scale="relative")
    rates = growth.growth_rates(kind, beta, d, max(degrees), scale="relative")
    np.testing.assert_allclose(mf.growth_rates(law, d, max(degrees)), rates, rtol=1e-12, atol=1e-15)
    for k in degrees:
        eps = 1e-5 / np.sqrt(dimensions(d, k)[k])
        space = mf.ZonalSphere(d, 24)
        amplitudes = []
        for sign in (1.0, -1.0):
            c = mf.uniform(space).coefficients
            c = c + sign * eps * np.sqrt(dimensions(d, k)[k]) * (space.degrees == k)
            sol = mf.solve(law, mf.Density(space, c), (0.0, t), t_eval=[t], rtol=1e-12, atol=1e-16)
            amplitudes.append(sign * sol.densities[-1].coefficients[k])
        seen = np.log(np.mean(amplitudes) / (eps * np.sqrt(dimensions(d, k)[k]))) / t
        assert abs(seen - rates[k]) < 1e-8 * rates.max()


def test_agrees_with_the_circle() -> None:
    def even(theta: Array) -> Array:
        return 1.0 + 0.3 * np.cos(theta) + 0.2 * np.cos(2.0 * theta)

    circle = mf.solve(mf.SA(4.0), mf.Circle(256).density(even), (0.0, 2.0))
    zonal = mf.solve(mf.SA(4.0), standard(2, 128), (0.0, 2.0))
    np.testing.assert_allclose(zonal.energy, circle.energy, rtol=0.0, atol=1e-12)
    np.testing.assert_allclose(zonal.dissipated, circle.dissipated, rtol=0.0, atol=1e-12)
    np.testing.assert_allclose(zonal(2.0).moments(6), circle(2.0).moments(6).real, rtol=0.0, atol=1e-12)
    np.testing.assert_allclose(zonal.entropy, circle.entropy, rtol=0.0, atol=1e-12)


def test_diffusion_damps_a_mode_at_its_eigenvalue() -> None:
    d, kappa = 5, 0.3
    space = mf.ZonalSphere(d, 16)
    eps = 1e-8
    rho0 = mf.perturbed_uniform(space, {2: eps})
    sol = mf.solve(mf.SA(0.0), rho0, (0.0, 1.0), diffusion=kappa, t_eval=[1.0])
    ratio = sol.densities[-1].coefficients[2] / rho0.coefficients[2]
    assert abs(np.log(ratio) + kappa * 2 * (2 + d - 2)) < 1e-6


def test_read_at_rows_agrees_with_a_fine_quantisation_in_the_limit() -> None:
    rho = standard(3, 32)
    x = pt.uniform(5, 3, rng=1)
    v = mf.SA(4.0).velocity(0.0, x, rho)
    errors = []
    for n in (500, 8000):
        w = mf.SA(4.0).velocity(0.0, x, mf.Points(rho.quantize(n)))
        errors.append(np.abs(w - v).max())
    assert errors[1] < errors[0] / 3.0
    assert errors[1] < 2e-3


def test_resolution_doubles_and_agrees() -> None:
    coarse = mf.solve(mf.SA(4.0), standard(3, 24), (0.0, 3.0))
    fine = mf.solve(mf.SA(4.0), standard(3, 160), (0.0, 3.0))
    assert [s.unknowns for s in coarse.segments] != [25]
    np.testing.assert_allclose(coarse(3.0).moments(8), fine(3.0).moments(8), rtol=0.0, atol=1e-11)


# --- refusals ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: mf.ZonalSphere(1, 8), "d"),
        (lambda: mf.ZonalSphere(2000, 8), "d"),
        (lambda: mf.ZonalSphere(3, 1), "degree"),
        (lambda: mf.ZonalSphere(3, 8.5), "degree"),  # type: ignore[arg-type]
        (lambda: mf.ZonalSphere(3, 8, axis=[1.0, 0.0]), "axis"),
        (lambda: mf.ZonalSphere(3, 8, axis=[0.0, 0.0, 0.0]), "axis"),
        (lambda: mf.uniform(mf.ZonalSphere(3, 8))(1.5), "c"),
        (lambda: mf.uniform(mf.ZonalSphere(3, 8))(np.nan), "c"),
        (lambda: mf.von_mises_fisher(mf.ZonalSphere(3, 8), [1.0, 0.0, 0.0], 1.0), "mean"),
        (lambda: mf.uniform(mf.ZonalSphere(3, 8)).at([[2.0, 0.0, 0.0]]), "x"),
        (lambda: mf.ZonalSphere(3, 8).density(lambda c: np.abs(c)), "density"),
        (lambda: mf.ZonalSphere(3, 8).density(lambda c: 1.0 + 3.0 * c), "density"),
    ],
)
def test_refusals_name_the_argument(make: Any, name: str) -> None:
    with pytest.raises((ValueError, TypeError), match=rf"\b{name}\b"):
        make()
