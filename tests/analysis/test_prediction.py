"""What linear theory predicts of the first clusters, and how fast stars of clusters fall apart: against runs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pytest

import meanfield as mf
import particles as pt
from meanfield.analysis.linear import switching
from meanfield.analysis.prediction import predict
from meanfield.analysis.stars import star_rates
from meanfield.clustering.found import clusters
from meanfield.protocols import Array
from validation.exact import diracs, growth

pytestmark = pytest.mark.rounding

TURN = 2.0 * np.pi

# as printed on the checklist, F02
PRINTED = {
    2: (1.044457, 3.165434, 6.211298, 10.228483, 15.236277, 21.240452, 28.242957),
    3: (1.816155, 4.4253, 7.9624, 12.4774, 17.9849),
    4: (2.5285, 5.6558, 9.6988),
}
# to twelve digits, from another computation
SWITCHES = {
    2: (1.04445686210, 3.16543444270, 6.21129837943, 10.2284831629, 15.2362767285, 21.2404519636),
    3: (1.81615452543, 4.42529301239, 7.96237985154, 12.4774331094, 17.9848939527, 24.4891468084),
    4: (2.52852031879, 5.65582321705, 9.69878627330, 14.7176117492, 20.7275555720, 27.7334807773),
    8: (5.25111070404, 10.5003416829, 16.5950434150, 23.6427038966, 31.6706318871, 40.6886141296),
    128: (85.2870272960, 154.539075916, 222.354212988, 290.360090159, 358.999022693, 428.440694417),
}
# growth rates of modes q = 1..m/2 of m equal clusters under SA, to eight digits
STARS = {
    4.0: {
        2: [6.7070026e-04], 3: [2.5898506e-02], 4: [1.4194866e-01, 2.8260330e-01], 5: [2.6075009e-01, 6.7133160e-01],
        6: [2.8608657e-01, 8.1588658e-01, 1.0611775e00], 7: [2.6127228e-01, 7.5600962e-01, 1.0693073e00],
        8: [2.3623722e-01, 6.6321012e-01, 9.1433752e-01, 9.7311147e-01],
    },
    9.0: {
        2: [3.0459959e-08], 3: [2.9818278e-05], 4: [2.2208587e-03, 4.4416566e-03], 5: [2.1470020e-02, 5.6206560e-02],
        6: [6.7951152e-02, 2.0379503e-01, 2.7168784e-01], 7: [1.1648067e-01, 3.7764277e-01, 5.8651234e-01],
        8: [1.4114703e-01, 4.7914948e-01, 8.1326689e-01, 9.5052876e-01],
    },
    25.0: {
        2: [3.8574997e-22], 3: [2.9888830e-15], 4: [6.9439719e-10, 1.3887944e-09], 5: [9.6966451e-07, 2.5386146e-06],
        6: [6.8010913e-05, 2.0403274e-04, 2.7204365e-04], 7: [9.0137111e-04, 2.9267336e-03, 4.5509482e-03],
        8: [4.5576251e-03, 1.5560704e-02, 2.6563782e-02, 3.1121406e-02],
    },
    64.0: {
        2: [5.1444187e-56], 3: [2.9552398e-40], 4: [2.0528779e-26, 4.1057559e-26], 5: [4.9544864e-18, 1.2971014e-17],
        6: [6.0154786e-13, 1.8046436e-12, 2.4061915e-12], 7: [9.9355604e-10, 3.2260562e-09, 5.0163823e-09],
        8: [1.3251434e-07, 4.5243224e-07, 7.7235015e-07, 9.0486449e-07],
    },
}  # fmt: skip


# --- switching temperatures --------------------------------------------------------------------------------


@pytest.mark.parametrize("d", SWITCHES)
def test_switching_temperatures(d: int) -> None:
    got = switching(d, 6)
    np.testing.assert_allclose(got, SWITCHES[d], rtol=1e-11)
    np.testing.assert_allclose(got, [growth.crossing(k, d) for k in range(1, 7)], rtol=1e-12)
    if d in PRINTED:
        digits = 2e-6 if d == 2 else 1e-4
        np.testing.assert_allclose(switching(d, len(PRINTED[d])), PRINTED[d], rtol=0.0, atol=digits)
    for k, beta in enumerate(got, 1):
        assert mf.fastest(mf.SA(beta * (1.0 - 1e-12)), d)[0] == k
        assert mf.fastest(mf.SA(beta * (1.0 + 1e-12)), d)[0] == k + 1


def test_both_laws_switch_alike() -> None:
    np.testing.assert_allclose(switching(3, 4, mf.USA), switching(3, 4), rtol=1e-13)
    noisy = switching(2, 2, lambda beta: mf.SA(beta) + mf.Diffusion(0.01))
    assert np.all(noisy > switching(2, 2))  # noise damps the finer mode more
    with pytest.raises(ValueError, match="overtake"):
        switching(2, 1, lambda beta: mf.SA(0.5))


# --- the first clusters ------------------------------------------------------------------------------------


@pytest.mark.parametrize("law", [mf.SA(5.0), mf.USA(5.0, scale="relative"), mf.SA(7.0)], ids=str)
def test_where_when_and_how_many(law: Any) -> None:
    """The mode is at a tenth when predicted; then its maxima are where predicted, and each becomes a cluster."""
    k = 3 if law.beta == 5.0 else 4
    rho0 = mf.perturbed_uniform(mf.Circle(64), {k: 1e-4 * np.exp(1.1j), 1: 2e-6 * np.exp(0.4j), 2: 1e-6})
    p = predict(law, rho0)
    assert (p.degree, p.clusters, p.first) == (k, k, k) and p.amplitude == pytest.approx(1e-4, rel=1e-12)
    np.testing.assert_allclose(p.positions, np.sort(np.mod((TURN * np.arange(k) + 1.1) / k, TURN)), rtol=1e-12)
    sol = mf.solve(law, rho0, (0.0, p.time + 0.3), on_unresolved="stop")
    early = p.time - math.log(10.0) / p.rate
    assert 2.0 * abs(sol(early).moments(k)[k]) == pytest.approx(0.1, rel=0.02)
    found = clusters(sol(p.time + 0.3))
    assert len(found) == k and found.sharp and found.peaks is not None
    np.testing.assert_allclose(found.peaks, p.positions, rtol=0.0, atol=0.02 * TURN / k)


def test_positions_from_a_cloud() -> None:
    rng = np.random.default_rng(5)
    x = rng.random(4000) * TURN
    x += 0.02 * np.sin(3.0 * (1.0 - x))  # a ripple of degree 3 beneath, and noise above it
    p = predict(mf.SA(5.0), mf.Points(x))
    assert p.degree == 3 and p.coefficient == pytest.approx(np.mean(np.exp(-3j * x)), rel=1e-12)
    run = pt.simulate(mf.SA(5.0), x, (0.0, p.time + 6.0), [p.time + 6.0], rtol=1e-8)
    found = clusters(run.measures[0], 0.2)
    off = np.abs(np.angle(np.exp(1j * (found.centres[:, None] - p.positions))))
    heavy = found.masses > 0.1
    assert heavy.sum() == 3 and off[heavy].min(axis=1).max() < 0.15 * TURN / 3


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("d", [2, 3, 5])
def test_rings(d: int, sign: float) -> None:
    """The maxima of +-P_k are where its values on a fine grid say, poles included, and become clusters."""
    space = mf.ZonalSphere(d, 48)
    law = mf.SA(9.0)
    k, _ = mf.fastest(law, d)
    rho0 = mf.perturbed_uniform(space, {k: sign * 1e-4})
    p = predict(law, rho0)
    assert p.degree == k and p.amplitude == pytest.approx(1e-4, rel=1e-9)
    s = np.linspace(0.0, np.pi, 200001)
    v = rho0(np.cos(s)) - 1.0
    padded = np.concatenate([[-np.inf], v, [-np.inf]])
    tops = s[(padded[1:-1] > padded[:-2]) & (padded[1:-1] > padded[2:])]
    np.testing.assert_allclose(p.positions, tops, rtol=0.0, atol=1e-4)
    sol = mf.solve(law, rho0, (0.0, p.time), on_unresolved="stop")
    found = clusters(sol.densities[-1], prominence=0.02)
    assert len(found) == p.clusters and found.peaks is not None
    np.testing.assert_allclose(found.peaks, p.positions, rtol=0.0, atol=0.1)


def test_when_another_mode_comes_first_it_is_told() -> None:
    rho0 = mf.perturbed_uniform(mf.Circle(64), {3: 1e-8, 1: 0.3})
    p = predict(mf.SA(5.0), rho0)
    assert p.degree == 3 and p.first == 1
    q = predict(mf.SA(5.0), rho0, degree=1)
    assert q.degree == q.first == 1 and q.time == pytest.approx(-math.log(0.3) / 0.178676627408, rel=1e-10)


def test_a_mode_beyond_the_fastest_may_come_first() -> None:
    """Degree 40 was not looked at."""
    p = predict(mf.SA(400.0), mf.perturbed_uniform(mf.Circle(128), {28: 1e-6, 40: 0.1}))
    assert p.degree == 28 and p.first == 40


@pytest.mark.parametrize("beta", [4e4, 1e6])
def test_the_first_clusters_at_very_large_beta(beta: float) -> None:
    """k*^2 ~ 2 beta: degrees beyond 256 were not looked at, and 256 was the answer."""
    k = round(math.sqrt(2.0 * beta))
    law = mf.SA(beta, scale="scaled")
    assert mf.fastest(law, 2)[0] == pytest.approx(k, abs=1)
    assert mf.fastest(law, 2, 256)[0] == 256
    q = math.exp(-1.0)  # s_k = (k^2 / beta) e^{-k^2 / 2 beta}, the largest at k^2 = 2 beta
    assert mf.fastest(law, 2)[1] == pytest.approx(2.0 * q, rel=1e-3)
    p = predict(law, mf.Points(TURN * (np.arange(4 * k) + 0.1 * np.cos(2.0 * np.pi * np.arange(4 * k) / 4)) / (4 * k)))
    assert p.clusters == k


def test_what_high_dimensions_hide_is_not_said_to_come_first() -> None:
    """|a_k| is sqrt(N(d, k)) times the coefficient, 1e16 at d = 128 and k = 32, and so is its rounding."""
    rho0 = mf.perturbed_uniform(mf.ZonalSphere(128, 64), {1: 1e-3})
    c = rho0.coefficients.copy()
    c[1:] += 2e-17
    p = predict(mf.SA(20.0), mf.Density(rho0.space, c))
    assert p.degree == p.first == 1


def test_refused_predictions() -> None:
    rho0 = mf.perturbed_uniform(mf.Circle(64), {1: 0.1})
    with pytest.raises(ValueError, match="no mode grow"):
        predict(mf.SA(5.0, sign=-1), rho0)
    with pytest.raises(ValueError, match=r"nothing of degree 3.*\[1\]"):
        predict(mf.SA(5.0), rho0)
    with pytest.raises(TypeError, match="rho0"):
        predict(mf.SA(5.0), mf.perturbed_uniform(mf.Sphere(8), {(3, 1): 0.1}))
    with pytest.raises(TypeError, match="rho0"):
        predict(mf.SA(5.0), mf.Points(np.eye(4)))
    with pytest.raises(TypeError, match="law"):
        predict(cast(Any, 5.0), rho0)


# --- stars -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("beta", STARS)
def test_stars_as_printed(beta: float) -> None:
    for m, told in STARS[beta].items():
        rates = star_rates(mf.SA(beta), m)
        np.testing.assert_allclose(rates[1 : m // 2 + 1], told, rtol=1.5e-7)
        np.testing.assert_allclose(rates, diracs.star_rates(m, beta), rtol=1e-10, atol=1e-14 * rates.max())
        assert rates[0] == 0.0


@pytest.mark.parametrize("scale", ["natural", "scaled", "relative"])
@pytest.mark.parametrize("sign", [1, -1])
def test_stars_of_other_laws(scale: Any, sign: int) -> None:
    for m in (1, 2, 5):
        law = mf.USA(6.0, sign=sign, scale=scale)
        exact = sign * diracs.star_rates(m, 6.0, "USA", log_factor=law.log_factor(2))
        np.testing.assert_allclose(star_rates(law, m), exact, rtol=1e-11, atol=1e-12 * abs(exact).max())
        both = mf.SA(4.0) + law
        np.testing.assert_allclose(star_rates(both, m), star_rates(mf.SA(4.0), m) + star_rates(law, m), rtol=1e-12)
    np.testing.assert_allclose(star_rates(mf.SA(0.0), 3), [0.0, 0.5, 0.5], rtol=1e-14)


@dataclass(frozen=True)
class Halfway(mf.Law):
    """X = grad U / sqrt Z: a law of somebody else."""

    beta: float
    isotropic = True
    autonomous = True

    def velocity(self, t: float, x: Array | None, mu: Any) -> Any:
        r = mu.read(mf.Exponential(self.beta), x, "ZM")
        return np.exp(r.log / 2) * r.M / np.sqrt(r.Z)


@pytest.mark.parametrize("law", [mf.SA(4.0), mf.USA(4.0, scale="scaled"), mf.SA(9.0, sign=-1), Halfway(3.0)], ids=str)
@pytest.mark.parametrize("m", [2, 3, 6])
def test_stars_against_particles_linearised(law: Any, m: int) -> None:
    """Central differences of the particles' velocity, h = 1e-3 with Richardson's step: 2e-9."""
    theta = TURN * np.arange(m) / m

    def velocity(x: Array) -> Array:
        return np.asarray(law.velocity(0.0, None, mf.Points(x))).reshape(m).copy()

    rates = star_rates(law, m)
    for q in range(m):
        v = np.cos(TURN * q * np.arange(m) / m)
        slope = [(velocity(theta + h * v) - velocity(theta - h * v)) / (2.0 * h) for h in (1e-3, 2e-3)]
        np.testing.assert_allclose(
            (4.0 * slope[0] - slope[1]) / 3.0, rates[q] * v, rtol=0.0, atol=2e-9 * max(1.0, abs(rates).max())
        )


def test_a_star_falls_apart_at_its_rate() -> None:
    m, q, law = 4, 2, mf.SA(4.0)
    theta = TURN * np.arange(m) / m
    v = 1e-7 * np.cos(TURN * q * np.arange(m) / m)
    rate = star_rates(law, m)[q]
    run = pt.simulate(law, theta + v, (0.0, 20.0), [20.0], rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose((run.theta[-1] - theta) / v, math.exp(20.0 * rate), rtol=1e-6)


def test_refused_stars() -> None:
    with pytest.raises(ValueError, match="noise"):
        star_rates(mf.SA(1.0) + mf.Diffusion(0.1), 3)
    with pytest.raises(ValueError, match="m must be"):
        star_rates(mf.SA(1.0), 0)
    with pytest.raises(TypeError, match="law"):
        star_rates("SA", 3)  # type: ignore[arg-type]


def test_the_line_a_measure_lies_on_says_what_its_moments_are() -> None:
    """On S^2 there is none, and cosines of a space of one's own, which names no line, are no c_k: they were off by
    sqrt(2)."""
    sphere = mf.perturbed_uniform(mf.Sphere(6), {(1, 0): 0.1})
    with pytest.raises(TypeError, match="rho0: wanted a measure on the circle, or a density on a zonal sphere"):
        mf.predict(mf.SA(5.0), sphere)
    assert mf.uniform(mf.Circle(8)).line == mf.Points([0.0]).line != mf.uniform(mf.ZonalSphere(4, 8)).line
    assert sphere.line is mf.Points(np.eye(3)).line is mf.Points(np.eye(2), geometry="flat").line is None
