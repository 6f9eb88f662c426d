"""Growth rates about the uniform measure: printed values, limits, and the growth seen in runs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from scipy.special import ive

import meanfield as mf
from meanfield.protocols import Array
from validation.exact import growth

pytestmark = pytest.mark.rounding

EPS = float(np.finfo(np.float64).eps)

# d, beta, k*, SA's rate at k*, USA's rate at k*, SA's rate at k = 1
TABLE = [
    (2, 1, 1, 0.446389965896534, 5.651591039925e-01, 0.446389965896),
    (2, 4, 3, 0.664388812207858, 7.508870501446e00, 0.215880652756),
    (2, 9, 4, 0.704497029299596, 7.704297470299e02, 0.104743324859),
    (2, 64, 11, 0.730884493179754, 2.277039881558e26, 0.015502445211),
    (2, 100, 14, 0.733176102978211, 7.872490922006e41, 0.009949873730),
    (3, 1, 1, 0.626070570998662, 7.357588823429e-01, 0.626070570998),
    (3, 4, 2, 0.655494955798107, 4.472100766716e00, 0.375335575200),
    (3, 25, 7, 0.720600573149184, 1.037735434641e09, 0.0768),
    (4, 5, 2, 0.679244055853679, 6.611936108257e00, 0.431604348818),
    (8, 2, 1, 0.834586955650174, 1.065299969563e00, 0.834586955650),
    (8, 64, 9, 0.731050652335028, 3.885057904440e22, 0.103512182916),
    (128, 9, 1, 0.987403507890784, 1.353866441118e00, 0.987403507890),
    (128, 100, 2, 0.763235042216066, 5.978634806612e13, 0.696378020137),
]
# beta at which the fastest degree jumps from k to k + 1
JUMPS = {
    2: [1.04445686210, 3.16543444270, 6.21129837943, 10.2284831629, 15.2362767285, 21.2404519636],
    3: [1.81615452543, 4.42529301239, 7.96237985154, 12.4774331094, 17.9848939527, 24.4891468084],
    8: [5.25111070404, 10.5003416829, 16.5950434150, 23.6427038966, 31.6706318871, 40.6886141296],
    128: [85.2870272960, 154.539075916, 222.354212988, 290.360090159, 358.999022693, 428.440694417],
}


@pytest.mark.parametrize(("d", "beta", "k", "sa", "usa", "first"), TABLE)
def test_printed_rates(d: int, beta: float, k: int, sa: float, usa: float, first: float) -> None:
    best, rate = mf.fastest(mf.SA(beta), d)
    assert best == k and rate == pytest.approx(sa, rel=1e-13)
    assert mf.fastest(mf.USA(beta), d) == (k, pytest.approx(usa, rel=2e-12))
    rates = mf.growth_rates(mf.SA(beta), d, 20)
    assert rates.shape == (21,) and rates[0] == 0.0 and rates[1] == pytest.approx(first, abs=1e-12)


@pytest.mark.parametrize("d", JUMPS)
def test_the_fastest_degree_jumps_where_printed(d: int) -> None:
    for k, beta in enumerate(JUMPS[d], start=1):
        assert mf.fastest(mf.SA(beta * (1.0 - 1e-10)), d)[0] == k
        assert mf.fastest(mf.USA(beta * (1.0 + 1e-10)), d)[0] == k + 1


@pytest.mark.parametrize("kind", ["SA", "USA"])
@pytest.mark.parametrize("beta", [0.0, 0.5, 4.0, 64.0])
@pytest.mark.parametrize("d", [2, 3, 8, 128])
def test_closed_forms_signs_scales_and_noise(d: int, beta: float, kind: str) -> None:
    law = {"SA": mf.SA, "USA": mf.USA}[kind]
    exact = growth.growth_rates(kind, beta, d, 40)
    k = np.arange(41)
    rates = mf.growth_rates(law(beta), d, 40)
    np.testing.assert_allclose(rates, exact, rtol=1e-12, atol=1e-300)
    np.testing.assert_array_equal(mf.growth_rates(law(beta, sign=-1), d, 40), -rates)
    relative = mf.growth_rates(law(beta, scale="relative"), d, 40)
    np.testing.assert_allclose(relative, growth.growth_rates("SA", beta, d, 40), rtol=1e-12, atol=1e-300)
    scaled = mf.growth_rates(law(beta, scale="scaled"), d, 40)
    np.testing.assert_allclose(scaled, rates * (1.0 if kind == "SA" else math.exp(-beta)), rtol=1e-12, atol=1e-300)
    noisy = rates - 0.3 * k * (k + d - 2)
    np.testing.assert_allclose(mf.growth_rates(law(beta), d, 40, 0.3), noisy, rtol=1e-12)
    np.testing.assert_allclose(mf.growth_rates(law(beta) + mf.Diffusion(0.1), d, 40, diffusion=0.2), noisy, rtol=1e-12)
    if beta == 0.0:
        np.testing.assert_allclose(rates[:3], [0.0, (d - 1.0) / d, 0.0], rtol=1e-15)


def test_large_beta() -> None:
    """k* (k* + d - 2) ~ 2 beta, at the rate 2 / e."""
    for d, beta in ((2, 1e4), (3, 1e4), (8, 2e4)):
        k, rate = mf.fastest(mf.SA(beta, scale="scaled"), d, 400)
        assert k * (k + d - 2) == pytest.approx(2.0 * beta, rel=0.02) and rate == pytest.approx(2.0 / math.e, rel=1e-3)


def test_rates_of_sums_add() -> None:
    both = mf.SA(4.0) + mf.USA(1.0, sign=-1) + mf.Diffusion(0.05)
    k = np.arange(9)
    added = mf.growth_rates(mf.SA(4.0), 2, 8) + mf.growth_rates(mf.USA(1.0, sign=-1), 2, 8) - 0.05 * k**2
    np.testing.assert_allclose(mf.growth_rates(both, 2, 8), added, rtol=0.0, atol=8.0 * EPS * np.abs(added).max())
    np.testing.assert_allclose(mf.growth_rates(mf.Diffusion(0.5), 3, 4), -0.5 * np.array([0, 2, 6, 12, 20]), rtol=1e-15)


@pytest.mark.parametrize("k", [1, 2, 5])
@pytest.mark.parametrize(
    "law",
    [
        mf.SA(4.0),
        mf.USA(4.0, scale="relative"),
        mf.SA(9.0, sign=-1),
        mf.USA(1.0) + mf.Diffusion(0.1),
        mf.SA(2.0) + mf.SA(6.0),
    ],
    ids=str,
)
def test_runs_grow_at_these_rates(law: Any, k: int) -> None:
    """Of the ripple eps Y_k all that is missing is of order eps^2."""
    eps, t = 1e-5, 0.5
    rate = mf.growth_rates(law, 2, k)[k]
    sol = mf.solve(law, mf.perturbed_uniform(mf.Circle(32), {k: eps * np.exp(0.3j)}), (0.0, t), rtol=1e-12, atol=1e-16)
    seen = sol(t).moments(k)[k] / (0.5 * eps * np.exp(-0.3j))
    assert abs(seen - math.exp(rate * t)) < 1e-8


def test_the_uniform_density_stays_bit_for_bit() -> None:
    for law in (mf.SA(64.0), mf.USA(9.0), mf.SA(4.0) + mf.Diffusion(0.1)):
        sol = mf.solve(law, mf.uniform(mf.Circle(64)), (0.0, 5.0))
        np.testing.assert_array_equal(sol(5.0).coefficients, np.eye(33)[0])
        rate = sol.dissipation
        np.testing.assert_allclose(rate, 0.0, rtol=0.0, atol=1e-30)
    assert sol.energy[0] == pytest.approx(ive(0, 4.0) * math.exp(4.0) / 8.0, rel=1e-14)


@dataclass(frozen=True)
class _Driven(mf.Law):
    """Not isotropic: a constant push."""

    def velocity(self, t: float, x: Array | None, mu: Any) -> Any:
        return np.array([1.0, 0.0])


def test_refusals() -> None:
    bad: Any
    for bad in (4.0, mf.SA, "SA"):
        with pytest.raises(TypeError, match="law"):
            mf.growth_rates(bad, 2, 4)
    with pytest.raises(ValueError, match=r"law.*isotropic"):
        mf.growth_rates(_Driven(), 2, 4)
    for d, degree, noise, name in ((1, 4, 0.0, "d"), (2, -1, 0.0, "degree"), (2, 4, -0.1, "diffusion")):
        with pytest.raises(ValueError, match=name):
            mf.growth_rates(mf.SA(1.0), d, degree, noise)
    with pytest.raises(TypeError, match="degree"):
        mf.fastest(mf.SA(1.0), 2, 4.0)  # type: ignore[arg-type]
