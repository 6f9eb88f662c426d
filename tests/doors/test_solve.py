"""The door `solve` against printed numbers, exact solutions and identities.

The reference values come from two methods that share nothing with ours: a Fourier method of another hand, and labels
carried along characteristics with direct sums (they agree to the digits printed here).
"""

from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

import meanfield as mf
import particles as pt
from meanfield.protocols import Array
from validation.exact import poisson

pytestmark = pytest.mark.rounding

EPS = float(np.finfo(np.float64).eps)

TWO_PI = 2.0 * math.pi
KINDS = {"SA": mf.SA, "USA": mf.USA}
SCALES = ("natural", "scaled", "relative")


def start(theta: Array) -> Array:
    return 1.0 + 0.3 * np.cos(theta) + 0.2 * np.sin(2.0 * theta)


@lru_cache
def run(kind: str, beta: float, sign: int, kappa: float, scale: Any, end: float) -> Any:
    law = KINDS[kind](beta, sign=sign, scale=scale)
    return mf.solve(law, mf.Circle(256).density(start), (0.0, end), diffusion=kappa)


# --- printed values ------------------------------------------------------------------------------------------

# t, a1, b1, a2, b2, E, dE/dt (the drift's part), rho max, rho min; a_k = int cos k theta dmu, rho for d theta
ROWS = {
    ("SA", 4.0, 1, 0.0): """
1 0.18550940365692 -0.00134488674102557 0.00251132164085937 0.174672080257318
    1.5459056788317 0.0898534563058 0.266051960095 0.06633388271
2 0.227541614927363 -0.00411356508004093 0.0085899354866148 0.297888031964026
    1.6854035048986 0.20501986366 0.341001881646 0.038827193976
3 0.272167523104882 -0.00815272787173144 0.0204611961932694 0.47850618727641
    1.9960177104904 0.436246842597 0.508374274215 0.01451140775
""",
    ("SA", 1.0, 1, 0.0): """
1 0.232284274195194 -0.00802051660200001 0.0217566569286167 0.147988787094665
    0.66663538698025 0.0287006004559 0.282595229888 0.068730184272
2 0.352124630673629 -0.0290750195698149 0.0805783826530189 0.19250537321083
    0.70985984917341 0.0609457840298 0.388785251955 0.045632517427
3 0.511476620398689 -0.0712680087614638 0.203782438477515 0.177823158501881
    0.79520480881741 0.112867987239 0.609022825196 0.025343854885
""",
    ("USA", 1.0, 1, 0.0): """
1 0.261366632304703 -0.0101786567988385 0.0576902468157261 0.161472281149654
    0.67580643701617 0.0466070473818 0.321362386874 0.066570392421
2 0.434341613141323 -0.0451765150322573 0.233227824418979 0.185313670859322
    0.75425169715308 0.118069193586 0.621238346101 0.042942823507
3 0.642758994294578 -0.125405186864305 0.526358620204456 0.00761143560424815
    0.91887080044321 0.204709392251 2.04306533691 0.023499212769
""",
    ("USA", 4.0, 1, 0.0): """
0.1 0.191290964848245 0.00200971214461501 0.0191483645664437 0.189395474569554
    1.5633547551863 1.29034661853 0.304403972747 0.074098838611
0.2 0.240623804023763 0.00560197139595443 0.0612011632437686 0.344892172649293
    1.8090548061238 4.07907591771 0.651084571062 0.060855541746
0.3 0.278381775737528 0.00164075081965155 0.0989337093161497 0.522918812885626
    2.3335146958565 5.23225543288 3.8519936244 0.033901815785
""",
    ("SA", 4.0, -1, 0.0): """
1 0.120998139533097 0.000522184977050278 -0.00085608121944073 0.0567535260129495
    1.4536438453518 -0.0212570353854 0.207196921344 0.10802397581
2 0.097537713206846 0.000661235393238806 -0.00101828156229501 0.032112762363514
    1.4376190277829 -0.0119042576602 0.194343860984 0.12100636613
3 0.0786101500470134 0.000642016312267526 -0.000917168299006477 0.0181534158355831
    1.4283533910424 -0.00711472559811 0.185890788453 0.1302732809
""",
    ("USA", 4.0, -1, 0.0): """
0.1 0.117527251516177 -0.000664297528924545 -0.00623401238937681 0.0525908818205345
    1.4510607537111 -0.220457070991 0.20163178517 0.10537349605
0.2 0.0921031071265718 -0.0007878799910317 -0.00709412421357797 0.0276745092097786
    1.4348412397419 -0.117299302507 0.188950235307 0.11828055135
0.3 0.0721865507794977 -0.000725586086378171 -0.00607471014609564 0.0145801033288451
    1.4258982546857 -0.0669764222351 0.181357750264 0.1283243516
""",
    ("SA", 4.0, 1, 0.05): """
1 0.176576005996807 -0.00116304693228682 0.00211596981894798 0.143256665851528
    1.5218618878556 0.0691440390235 0.25209603063 0.075195766318
2 0.207133994340101 -0.00320374767717108 0.00608880203830131 0.202903713786077
    1.5843653628982 0.117011153813 0.286832402351 0.057402886363
3 0.241244635245756 -0.00647672893346625 0.0128994567945358 0.282014449793182
    1.6865046676243 0.197394043467 0.337198585636 0.038005973902
""",
    ("USA", 4.0, 1, 0.5): """
0.2 0.220062507341244 0.00494281051969828 0.0483607219846556 0.238570878712703
    1.6412819633778 2.20118821868 0.383838219555 0.070909722579
""",
}  # fmt: skip
REFERENCE = [
    (*case, row) for case, text in ROWS.items() for row in np.array(text.split(), dtype=float).reshape(-1, 9).tolist()
]


def extreme(rho: mf.Density, sign: float) -> float:
    """Largest (sign=1) or smallest value of the series, between the nodes too, with respect to d theta."""
    grid = np.linspace(0.0, TWO_PI, 4097)
    at = grid[int(np.argmax(sign * rho(grid)))]
    found = minimize_scalar(
        lambda q: -sign * float(rho(q)), bounds=(at - 0.01, at + 0.01), method="bounded", options={"xatol": 1e-9}
    )
    return -sign * float(found.fun) / TWO_PI


@pytest.mark.parametrize(("kind", "beta", "sign", "kappa", "row"), REFERENCE)
def test_printed_values(kind: str, beta: float, sign: int, kappa: float, row: list[float]) -> None:
    t, a1, b1, a2, b2, E, rate, high, low = row
    end = max(r[0] for *case, r in REFERENCE if case == [kind, beta, sign, kappa])
    sol = run(kind, beta, sign, kappa, "natural", end)
    tolerance = 1e-9 if kappa else 1e-11
    rho, law = sol(t), KINDS[kind](beta, sign=sign)
    c = rho.moments(2)
    np.testing.assert_allclose([c[1], c[2]], [a1 - 1j * b1, a2 - 1j * b2], rtol=0.0, atol=tolerance)
    assert abs(rho.energy(law) - E) < tolerance
    assert abs(law.quantities(0.0, rho)["dissipation"] - rate) < max(tolerance, 2e-11 * abs(rate))
    assert abs(extreme(rho, 1.0) - high) < 1e-10
    assert abs(extreme(rho, -1.0) - low) < 1e-10


def test_scales_change_energy_and_time_as_documented() -> None:
    """Scaled USA is the natural flow in the time e^{-beta} t, with e^{-beta} E; SA's flow knows no scale."""
    beta = 4.0
    factors: dict[str, float] = {"scaled": math.exp(-beta), "relative": 1.0 / float(np.i0(beta))}
    for kind, end in (("SA", 1.0), ("USA", 0.2)):
        natural = run(kind, beta, 1, 0.0, "natural", end)
        for scale, factor in factors.items():
            other = run(kind, beta, 1, 0.0, scale, end if kind == "SA" else end / factor)
            np.testing.assert_allclose(other(other.end).moments(9), natural(end).moments(9), rtol=0.0, atol=1e-11)
            assert abs(other.energy[-1] / (factor * natural.energy[-1]) - 1.0) < 1e-11
            speed = factor if kind == "SA" else factor**2
            assert abs(other.dissipation[-1] / (speed * natural.dissipation[-1]) - 1.0) < 1e-10


# --- identities ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("kind", KINDS)
def test_energy_identity_monotone_energy_and_mass(kind: str, sign: int, scale: Any) -> None:
    beta = 4.0
    unit = {"natural": 1.0, "scaled": math.exp(beta), "relative": float(np.i0(beta))}[scale]
    sol = run(kind, beta, sign, 0.0, scale, 2.0 if kind == "SA" else 0.3 * unit)
    gained = sol.energy - sol.energy[0]
    assert sol.dissipated[0] == 0.0
    assert np.all(np.abs(gained - sol.dissipated)[1:] <= 1e-9 * np.abs(gained[1:]))
    assert np.all(sign * np.diff(sol.energy) > 0.0) and np.all(sign * sol.dissipation > 0.0)
    assert np.abs(sol.mass - 1.0).max() < 1e-13
    assert np.all(np.diff(sol.free_energy) < 0.0)


@dataclass(frozen=True)
class _WrongRate(mf.USA):
    """A dissipation one part in ten million too large."""

    def quantities(self, t: float, mu: Any) -> dict[str, Any]:
        found = super().quantities(t, mu)
        return {**found, "dissipation": found["dissipation"] * (1.0 + 1e-7)}


def test_energy_identity_can_fail() -> None:
    sol = mf.solve(_WrongRate(4.0), mf.Circle(64).density(start), (0.0, 0.1))
    gained = sol.energy[-1] - sol.energy[0]
    assert abs(gained - sol.dissipated[-1]) > 1e-8 * gained


@pytest.mark.parametrize("scale", SCALES)
def test_free_energy_of_usa_with_noise_falls_at_its_rate(scale: Any) -> None:
    """dF/dt = -int |sign grad U - kappa grad log rho|^2 dmu, by Gauss quadrature of sol(t) in time."""
    beta, kappa, end = 2.0, 0.3, 0.5
    law = mf.USA(beta, scale=scale)
    sol = mf.solve(law, mf.Circle(64).density(start), (0.0, end), diffusion=kappa)
    factor = math.exp(law.log_factor(2))

    def rate(t: float) -> float:
        rho = sol(t).resized(512)
        k = np.arange(len(rho.coefficients))
        slope = rho.space.evaluate(1j * k * rho.coefficients)
        mu = mf.Points(rho.space.nodes, weights=rho.weights, field="direct")
        theta = rho.space.nodes
        difference = theta[:, None] - theta
        X = -factor * (np.exp(beta * np.cos(difference)) * np.sin(difference)) @ mu.weights
        return -float(rho.weights @ (X - kappa * slope / rho.values) ** 2)

    nodes, weights = np.polynomial.legendre.leggauss(12)
    integral = sum(w * rate(0.5 * end * (1.0 + x)) for x, w in zip(nodes, weights, strict=True)) * 0.5 * end
    drop = sol.free_energy[-1] - sol.free_energy[0]
    assert np.all(np.diff(sol.free_energy) < 0.0)
    assert abs(integral - drop) < 1e-9 * abs(drop)
    printed = kappa * sol.entropy - np.array([rho.energy(law) for rho in sol.densities])
    np.testing.assert_allclose(sol.free_energy, printed, rtol=1e-14)


# --- beta = 0 --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("r0", "n"), [(0.3, 64), (0.3, 512), (0.6, 256)])
def test_poisson_kernels_stay_poisson_kernels(r0: float, n: int, kind: str) -> None:
    phi = 0.7
    rho0 = mf.poisson_kernel(mf.Circle(n), [r0 * math.cos(phi), r0 * math.sin(phi)])
    sol = mf.solve(KINDS[kind](0.0), rho0, (0.0, 3.0), rtol=1e-12)
    for t, rho in zip(sol.t, sol.densities, strict=True):
        exact = poisson.circle_coefficients(float(poisson.circle_radius(t, r0)), phi, len(rho.coefficients) - 1)
        weight = np.where(np.arange(len(exact)) > 0, 2.0, 1.0)
        error = math.sqrt(weight @ np.abs(rho.coefficients - exact) ** 2)
        assert error < 1e-12 * math.sqrt(weight @ np.abs(exact) ** 2), t
    assert np.abs(sol.mass - 1.0).max() < 1e-13


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("r0", [0.3, 0.6])
def test_quantised_poisson_kernels_move_as_poisson_kernels(r0: float, kind: str) -> None:
    """A Moebius map carries the lattice: its sums are exact but for C(n + k, k) r^n."""
    x0 = mf.poisson_kernel(mf.Circle(256), [r0, 0.0]).quantize(2000)
    traj = pt.simulate(KINDS[kind](0.0), x0, (0.0, 3.0), [1.0, 3.0], rtol=1e-12, atol=1e-14)
    for i, t in enumerate(traj.t):
        exact = poisson.circle_coefficients(float(poisson.circle_radius(t, r0)), 0.0, 9)
        np.testing.assert_allclose(mf.Points(traj.x[i]).moments(9), exact, rtol=0.0, atol=1e-12)


# --- resolution ------------------------------------------------------------------------------------------------


def test_error_falls_spectrally_with_the_number_of_nodes() -> None:
    t, a1, b1, a2, b2, *_ = next(r for *case, r in REFERENCE if case == ["SA", 4.0, 1, 0.0] and r[0] == 3.0)
    errors = []
    for n in (16, 24, 32, 40, 48):
        fixed = mf.Spectral(tail=1.0)  # never doubled
        sol = mf.solve(mf.SA(4.0), mf.Circle(n).density(start), (0.0, t), method=fixed, rtol=1e-12)
        errors.append(np.abs(sol(t).moments(2)[1:] - [a1 - 1j * b1, a2 - 1j * b2]).max())
    assert np.all(np.array(errors[1:]) < 0.05 * np.array(errors[:-1])), errors
    assert errors[0] > 1e-5 and errors[-1] < 1e-11


@pytest.mark.parametrize("n", [8, 16, 32, 64])
def test_resolution_doubles_on_need_and_costs_no_accuracy(n: int) -> None:
    late = mf.solve(mf.SA(4.0), mf.Circle(n).density(start), (0.0, 3.0))
    fine = run("SA", 4.0, 1, 0.0, "natural", 3.0)
    sizes = [segment.unknowns for segment in late.segments]
    assert len(sizes) > 1 and all(b == 2 * a - 1 for a, b in pairwise(sizes))
    assert np.all(np.diff([segment.t for segment in late.segments]) >= 0.0)
    np.testing.assert_allclose(late.coefficients, fine.coefficients[:, : late.finest.n // 2 + 1], rtol=0.0, atol=2e-12)


def test_a_tail_that_doubling_does_not_halve_halves_the_step_instead() -> None:
    """What does not fall by doubling is no lack of resolution, but noise of the stepper."""
    method, y = mf.Spectral().bind(mf.SA(4.0), mf.Circle(64).density(start), 1e-10, 1e-13)
    doubled = 1e-6
    before, after = y.copy(), y.copy()
    before[-2] = doubled  # the tail was high before the step: nothing sudden
    for share, halved in ((0.9, True), (1.5, True), (0.4, False)):
        after[-2] = share * doubled
        change = replace(method, doubled=doubled).review(0.0, before, 0.25, after)
        assert change is not None and change.t == 0.0
        assert (change.h == 0.125) is halved
        assert change.method.space.n == (64 if halved else 128)


@pytest.mark.parametrize(("m", "n"), [(2, 32), (3, 64), (5, 64), (8, 128)])
def test_a_density_of_smaller_period_is_not_thought_resolved(m: int, n: int) -> None:
    """Only every m-th coefficient is there, and none may fall among the last few."""
    law, end = mf.SA(16.0), 2.0
    coarse = mf.solve(law, mf.perturbed_uniform(mf.Circle(n), {m: 0.3}), (0.0, end), t_eval=[end])
    fine = mf.solve(law, mf.perturbed_uniform(mf.Circle(1024), {m: 0.3}), (0.0, end), t_eval=[end])
    np.testing.assert_allclose(coarse(end).moments(4 * m), fine(end).moments(4 * m), rtol=0.0, atol=1e-11)


def test_unresolved_is_an_error_that_carries_the_run() -> None:
    law, rho0 = mf.USA(4.0), mf.Circle(128).density(start)
    with pytest.raises(mf.UnresolvedError, match="largest permitted resolution 1024") as caught:
        mf.solve(law, rho0, (0.0, 0.6), max_resolution=1024)
    sol: Any = caught.value.solution
    assert sol.status is mf.Status.UNRESOLVED and not sol.success
    assert 0.25 < sol.end < 0.33 and sol.end == sol.t[-1]
    full = run("USA", 4.0, 1, 0.0, "natural", 0.3)
    np.testing.assert_allclose(sol(0.2).moments(9), full(0.2).moments(9), rtol=0.0, atol=1e-11)
    np.testing.assert_allclose(sol.energy - sol.energy[0], sol.dissipated, rtol=1e-9, atol=1e-14)
    kept = mf.solve(law, rho0, (0.0, 0.6), max_resolution=1024, on_unresolved="stop")
    assert kept.status is mf.Status.UNRESOLVED
    np.testing.assert_array_equal(kept.coefficients, sol.coefficients)


@pytest.mark.parametrize(
    ("beta", "kappa", "mass", "late"), [(100.0, 1000.0, 2e-12, False), (300.0, 300.0, 4e-12, True)]
)
def test_a_normaliser_lost_in_rounding_where_there_is_mass_stops_the_run(
    beta: float, kappa: float, mass: float, late: bool
) -> None:
    space = mf.Circle(512)
    faint = mf.mixture([mf.von_mises_fisher(space, 0.0, kappa), mf.uniform(space)], [1.0 - mass, mass])
    with pytest.raises(mf.UnresolvedError, match="normaliser Z is lost") as caught:
        mf.solve(mf.SA(beta), faint, (0.0, 3.0))
    sol: Any = caught.value.solution
    assert sol.status is mf.Status.VANISHING_FIELD
    assert (sol.end > 0.0) == late and np.isfinite(sol.coefficients).all()
    # the same density is no trouble for USA, which does not divide, nor once the faint part has mass enough
    assert mf.solve(mf.USA(beta, scale="scaled"), faint, (0.0, 0.01)).success
    seen = mf.mixture([mf.von_mises_fisher(space, 0.0, kappa), mf.uniform(space)], [1.0 - 1e-9, 1e-9])
    assert mf.solve(mf.SA(beta), seen, (0.0, 0.01)).success


@dataclass(frozen=True)
class _Turning(mf.SA):
    """A law that goes wrong at t = 0.4."""

    to: float = math.nan

    def velocity(self, t: float, x: Array | None, mu: Any) -> Any:
        v = super().velocity(t, x, mu)
        return v if t < 0.4 else v * self.to


@pytest.mark.parametrize("to", [math.nan, math.inf])
@pytest.mark.parametrize("kappa", [0.0, 0.1])
def test_what_was_good_is_kept_when_numbers_end(kappa: float, to: float) -> None:
    rho0 = mf.Circle(64).density(start)
    with pytest.raises(mf.RunError, match=r"stopped being finite") as caught:
        mf.solve(_Turning(4.0, to=to), rho0, (0.0, 1.0), diffusion=kappa)
    sol: Any = caught.value.solution
    assert not isinstance(caught.value, mf.UnresolvedError) and not sol.success
    assert sol.status is mf.Status.NOT_FINITE
    assert 0.3 < sol.end < 0.41 and np.isfinite(sol.coefficients).all()  # the last stage is before the step's end
    good = mf.solve(mf.SA(4.0), rho0, (0.0, 1.0), diffusion=kappa)
    np.testing.assert_allclose(sol(0.25).coefficients, good(0.25).coefficients[:33], rtol=0.0, atol=1e-11)
    with pytest.raises(mf.RunError) as cloud:
        pt.simulate(_Turning(4.0, to=to), rho0.quantize(20), (0.0, 1.0))
    rest: Any = cloud.value.solution
    assert 0.3 < rest.end <= 0.4 and np.isfinite(rest.x).all()


# --- times -----------------------------------------------------------------------------------------------------


ASKED = [np.array([0.1, 0.25, 0.7]), np.array([0.0, 0.3]), np.array([0.5, 1.0]), np.array([0.3]), np.array([0.0, 1.0])]


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("kappa", [0.0, 0.05])
def test_asked_times_are_landed_on_and_returned_as_given(asked: Array, kappa: float) -> None:
    rho0 = mf.Circle(128).density(start)
    sol = mf.solve(mf.SA(4.0), rho0, (0.0, 1.0), t_eval=asked, land=True, diffusion=kappa)
    np.testing.assert_array_equal(sol.t, asked)
    assert sol.end == 1.0 and sol.begin == 0.0 and len(sol.densities) == len(asked)
    free = mf.solve(mf.SA(4.0), rho0, (0.0, 1.0), diffusion=kappa)
    for t in (0.0, 0.05, 0.3, 0.99, 1.0):
        np.testing.assert_allclose(sol(t).coefficients, free(t).coefficients, rtol=0.0, atol=2e-12)
    at = np.searchsorted(free.t, asked)
    np.testing.assert_allclose(sol.dissipated, free.dissipated[at], rtol=1e-10, atol=1e-13)
    ends = {b.t1 for b in sol.dense}
    assert set(asked[asked > 0.0].tolist()) <= ends


def test_default_times_are_101_and_shorten_no_step() -> None:
    rho0 = mf.Circle(64).density(start)
    sol = mf.solve(mf.SA(1.0), rho0, (2, 5))
    np.testing.assert_array_equal(sol.t, np.linspace(2.0, 5.0, 101))
    assert sol.counters.steps < 40 and sol.t[0] == sol.begin == 2.0
    # the law knows no time: what runs from 2 runs from 0
    np.testing.assert_allclose(
        mf.solve(mf.SA(1.0), rho0, (0, 3))(3.0).moments(9), sol(5.0).moments(9), rtol=0.0, atol=1e-12
    )


def test_twice_the_same_bits_and_the_input_is_left_alone() -> None:
    rho0 = mf.Circle(64).density(start)
    before = rho0.coefficients.copy()
    first, second = (mf.solve(mf.SA(4.0), rho0, (0.0, 2.0), t_eval=[0.5, 2.0], diffusion=0.01) for _ in range(2))
    np.testing.assert_array_equal(first.coefficients, second.coefficients)
    np.testing.assert_array_equal(first.dissipated, second.dissipated)
    np.testing.assert_array_equal(rho0.coefficients, before)


# --- what a step's beginning is computed for once ------------------------------------------------------------


@dataclass(frozen=True)
class Asked(mf.Law):
    """SA that grows in time and counts how often it is asked."""

    inner: mf.SA
    times: list[float]
    isotropic = True

    def velocity(self, t: float, x: Array | None, mu: Any) -> Any:
        self.times.append(t)
        return (1.0 + t) * self.inner.velocity(t, x, mu)


@pytest.mark.parametrize("beta", [4.0, 40.0])
def test_slope_and_limit_are_one_velocity_with_the_bits_of_rhs(beta: float) -> None:
    """The law is asked once where a step begins, whatever was asked before, and in place of the same array too."""
    space = mf.Circle(96)
    rho = space.density(lambda t: 1.0 + 0.3 * np.cos(t) + 0.2 * np.sin(2.0 * t))
    law = Asked(mf.SA(beta), [])
    method, y = mf.Spectral().bind(law, rho, 1e-10, 1e-13)
    other, _ = mf.Spectral().bind(law, rho, 1e-10, 1e-13)
    alone, both = np.empty_like(y), np.empty_like(y)
    for t in (0.5, 0.75):
        other.rhs(t, y, alone)
        law.times.clear()
        limit = method.slope(t, y, both)
        assert law.times == [t] and np.array_equal(both, alone)
        fine = space.resized(4096)
        speed = np.abs(law.velocity(t, None, mf.Points(fine.nodes, weights=fine.weights * rho(fine.nodes)))).max()
        assert limit == pytest.approx(1.0 / (method._seen.top * speed), rel=1e-3)
        method.review(0.0, y, t, y)  # asks the plans about another state
        y *= 0.5  # in place: the same array, another state
        rho = method.measure(t, y)


def test_a_progress_bar_is_not_even_imported_away_from_a_terminal() -> None:
    """tqdm is for terminals: a run in a file or a pipe does not pay for it."""
    code = (
        "import sys, meanfield as mf\n"
        "mf.solve(mf.SA(1.0), mf.uniform(mf.Circle(16)), (0.0, 0.1), t_eval=[0.1])\n"
        "assert 'tqdm' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr
