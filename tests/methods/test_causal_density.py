"""Causal attention of infinitely many tokens: densities by depth, against series in s, closed forms and facts."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.polynomial import polynomial

import meanfield as mf
import particles as pt
from meanfield.methods.causal_density import LOST
from meanfield.special import depths
from validation.exact import causal_density as exact

CIRCLE = mf.Circle(32)
THETA = 2.0 * np.pi * np.arange(32) / 32
DEPTHS = np.array([0.0, 0.3, 0.7, 1.0])
FIRST = np.array([
    1.0 + 0.2 * np.cos(THETA) + 0.1 * np.sin(2 * THETA), 0.15 * np.sin(THETA) + 0.05 * np.cos(3 * THETA),
    -0.1 * np.cos(2 * THETA), *np.zeros((9, 32)),
])  # fmt: skip


def given(nodes: int) -> mf.Family:
    """The family whose Taylor coefficients in s are FIRST."""
    return mf.family(lambda s: CIRCLE.density(polynomial.polyval(s, FIRST)), nodes=nodes)


def poisson(nodes: int, size: int = 128) -> mf.Family:
    """Poisson kernels of modulus 0.1 + 0.4 s."""
    circle = mf.Circle(size)
    return mf.family(lambda s: mf.poisson_kernel(circle, [0.1 + 0.4 * s, 0.0]), nodes)


@pytest.mark.rounding
@pytest.mark.parametrize("n", [2, 5, 16, 33])
def test_means_over_the_past_keep_polynomials(n: int) -> None:
    s, p = np.linspace(0.0, 1.0, 7), np.arange(n)
    powers = depths.nodes(n)[:, None] ** p
    np.testing.assert_allclose(depths.past(n, s) @ powers, s[:, None] ** p / (p + 1.0), rtol=0.0, atol=1e-13)
    np.testing.assert_allclose(depths.between(n, s) @ powers, s[:, None] ** p, rtol=0.0, atol=1e-13)
    assert depths.nodes(n)[0] == 0.0
    assert depths.nodes(n)[-1] == 1.0
    assert depths.last(np.ones((n, 1))) < 1e-14
    assert depths.last(np.cos((n - 1) * np.arccos(1.0 - 2.0 * depths.nodes(n)))[:, None]) == pytest.approx(1.0)


@pytest.mark.parametrize("kind", ["SA", "USA"])
@pytest.mark.parametrize(("sign", "kappa"), [(1, 0.0), (-1, 0.0), (1, 0.1)])
def test_it_is_the_series_in_s(kind: str, sign: int, kappa: float) -> None:
    law = mf.Causal({"SA": mf.SA, "USA": mf.USA}[kind](1.0, sign=sign))
    sol: Any = mf.solve(law, given(10), (0.0, 0.3), t_eval=[0.3], diffusion=kappa)
    series = exact.terms(kind, 1.0, FIRST, 0.3, 24, kappa=kappa, sign=sign)
    for s in DEPTHS:
        np.testing.assert_allclose(sol(0.3)(s)(THETA), polynomial.polyval(s, series), rtol=0.0, atol=2e-9)


@pytest.mark.rounding
@pytest.mark.filterwarnings("ignore:The last terms in s")
def test_poisson_kernels_stay_such_at_beta_zero() -> None:
    # t = 1 of the table: s = 0, 0.25, 0.5, 1
    told = [0.16347364004453, 0.28704797452967, 0.40512727836199, 0.6189736782499]
    s, errors = np.array([0.0, 0.25, 0.5, 1.0]), []
    series = exact.poisson(np.append([0.1, 0.4], np.zeros(58)), 1.0, 400)
    np.testing.assert_allclose(polynomial.polyval(s, series), told, rtol=0.0, atol=1e-11)
    for nodes in (4, 6, 8, 12):
        sol: Any = mf.solve(mf.Causal(mf.SA(0.0)), poisson(nodes), (0.0, 1.0), t_eval=[1.0])
        errors.append(float(np.abs(sol(1.0)(s).coefficients[:, 1] - told).max()))
    assert errors[-1] < 1e-11
    assert all(b < 0.05 * a for a, b in pairwise(errors))


SPACES: list[tuple[Any, dict[Any, complex]]] = [
    (mf.Circle(32), {1: 0.2, 2: 0.1j}), (mf.ZonalSphere(3, 16), {1: 0.1, 2: 0.05}), (mf.ZonalSphere(6, 12), {1: 0.1}),
    (mf.Sphere(8), {(1, 0): 0.05, (2, 1): 0.03}),
]  # fmt: skip


@pytest.mark.rounding
@pytest.mark.parametrize(("space", "modes"), SPACES, ids=[str(space) for space, _ in SPACES])
def test_tokens_alike_at_every_depth_are_as_under_full_attention(space: Any, modes: dict[Any, complex]) -> None:
    rho = mf.perturbed_uniform(space, modes)
    law = mf.SA(2.0, sign=-1)
    causal: Any = mf.solve(mf.Causal(law), mf.family(lambda s: rho, nodes=4), (0.0, 0.5), t_eval=[0.5])
    full = mf.solve(law, rho, (0.0, 0.5), t_eval=[0.5])
    for s in (0.0, 0.37, 1.0):
        np.testing.assert_allclose(causal(0.5)(s).coefficients, full(0.5).coefficients, rtol=0.0, atol=1e-12)
    np.testing.assert_allclose(causal.energy[0], full.energy[0], rtol=1e-12)


def test_the_first_tokens_move_alone() -> None:
    sol: Any = mf.solve(mf.Causal(mf.SA(1.0)), given(10), (0.0, 0.3), t_eval=[0.3])
    alone = mf.solve(mf.SA(1.0), given(10)(0.0), (0.0, 0.3), t_eval=[0.3])
    np.testing.assert_allclose(sol(0.3)(0.0)(THETA), alone(0.3)(THETA), rtol=0.0, atol=1e-9)


@pytest.mark.parametrize("p", [0, 1, 3])
def test_what_grows_with_depth_grows_more_slowly(p: int) -> None:
    rate = float(mf.growth_rates(mf.SA(4.0), 2, 1)[1])
    mu = mf.family(lambda s: mf.perturbed_uniform(CIRCLE, {1: 1e-6 * s**p}), nodes=8)
    sol: Any = mf.solve(mf.Causal(mf.SA(4.0)), mu, (0.0, 1.0), t_eval=[1.0])
    grown = sol(1.0).moments(1)[-1, 1] / mu.moments(1)[-1, 1]
    assert grown.real == pytest.approx(np.exp(rate / (p + 1)), rel=1e-8)


@pytest.mark.rounding
def test_sphere_and_zonal_sphere_agree() -> None:
    zonal, sphere = mf.ZonalSphere(3, 12), mf.Sphere(8)
    one = mf.family(lambda s: zonal.density(lambda c: 1.0 + 0.2 * c + 0.1 * s * (3.0 * c * c - 1.0)), nodes=6)
    two = mf.family(lambda s: sphere.density(lambda x: 1.0 + 0.2 * x[:, 2] + 0.1 * s * (3.0 * x[:, 2] ** 2 - 1.0)), 6)
    a, b = (mf.solve(mf.Causal(mf.SA(1.0)), mu, (0.0, 0.3), t_eval=[0.3]) for mu in (one, two))
    np.testing.assert_allclose(a.mean, b.mean, rtol=0.0, atol=1e-10)
    np.testing.assert_allclose(a.covariance, b.covariance, rtol=0.0, atol=1e-10)


@pytest.mark.rounding
def test_matrices_and_terms_that_see_all_tokens() -> None:
    law, full = mf.SA(1.0, Q=np.eye(2), K=np.eye(2)), mf.Causal(mf.SA(1.0))
    sums = [mf.Causal(law) + mf.USA(0.5), full + mf.USA(0.5)]
    a, b = (mf.solve(one, given(8), (0.0, 0.1), t_eval=[0.1])(0.1).coefficients for one in sums)
    np.testing.assert_allclose(a, b, rtol=0.0, atol=1e-11)
    c = mf.solve(full + mf.Causal(mf.USA(0.5)), given(8), (0.0, 0.1), t_eval=[0.1])(0.1).coefficients
    assert np.abs(b - c).max() > 1e-4


def test_tokens_come_in_the_order_of_their_depth() -> None:
    narrow = mf.Circle(512)
    mu = mf.family(
        lambda s: mf.von_mises_fisher(narrow, [np.cos(1.0 + 3.0 * s), np.sin(1.0 + 3.0 * s)], 100.0), nodes=64
    )
    theta = mu.sample(60, rng=0)
    assert np.abs(theta - 1.0 - 3.0 * (np.arange(60) + 0.5) / 60).max() < 0.5


def test_prefixes_of_particles_follow() -> None:
    n, mu, law = 100, given(8), mf.Causal(mf.SA(2.0))
    sol: Any = mf.solve(law, mu, (0.0, 1.0), t_eval=[1.0])
    tokens = pt.simulate(law, mu.sample(n, rng=0), (0.0, 1.0), [1.0], rtol=1e-6).theta[-1]
    for s in (0.25, 0.5, 1.0):
        part = tokens[: int(s * n)]
        # sqrt(n) W1 of so many i.i.d. points is about 1.6 on the circle, and seldom twice that
        assert mf.distances.w1_circle(part, sol(1.0).seen(s)) < 4.0 / np.sqrt(len(part))


@pytest.mark.rounding
def test_a_run_is_saved_resumed_told_and_drawn(tmp_path: Path) -> None:
    law = mf.Causal(mf.SA(1.0))
    sol: Any = mf.solve(law, given(8), (0.0, 0.2), t_eval=[0.0, 0.1, 0.2])
    sol.save(tmp_path / "family.nc")
    again = mf.load(tmp_path / "family.nc")
    np.testing.assert_array_equal(again.coefficients, sol.coefficients)
    np.testing.assert_array_equal(again.energy, sol.energy)
    more, whole = mf.resume(again, 0.4), mf.solve(law, given(8), (0.0, 0.4))
    np.testing.assert_array_equal(more(0.4).coefficients, whole(0.4).coefficients)
    ds = sol.to_xarray()
    assert ds.rho.dims == ("t", "s", "theta")
    assert ds.energy.dims == ("t", "s")
    assert ds.rho.shape == (3, 8, sol.finest.size)
    np.testing.assert_allclose(sol.mass, 1.0, rtol=1e-12)
    np.testing.assert_allclose(sol.energy[:, 0], [mu.seen(0.0).energy(mf.SA(1.0)) for mu in sol.measures])
    axes = sol.plot(t=0.1)
    assert axes.get_xlabel() == "depth $s$ in the sequence"
    assert sol.plot(s=0.5).get_xlabel() == "time $t$"
    assert "s = 0.5, t = 0.1" in sol.plot(s=0.5, t=0.1).get_title(loc="left")
    for drawn in (sol.plot_profiles, sol.plot_spectrum, sol.plot_energy):
        drawn()


def test_too_few_nodes_in_s_are_told() -> None:
    with pytest.warns(mf.StoppedEarly, match=r"above 1e-08: .* give mf\.family\(f, nodes=12\)"):
        mf.solve(mf.Causal(mf.SA(0.0)), poisson(6), (0.0, 0.1), t_eval=[0.1])


@pytest.mark.filterwarnings("ignore:The last terms in s")
def test_a_family_that_leaves_its_nodes_in_s_ends() -> None:
    run: Any = mf.solve(mf.Causal(mf.SA(0.0)), poisson(4, 256), (0.0, 5.0), on_unresolved="stop")
    assert run.status is mf.Status.UNRESOLVED
    assert "4 nodes in s are too few; give mf.family(f, nodes=8)" in run.message
    assert run.last[-1] <= LOST
    with pytest.raises(mf.UnresolvedError) as told:
        mf.resume(run)
    assert "max_resolution" not in str(told.value)
    assert run.end > 0.0


def solved(law: Any, mu: Any, **options: Any) -> Any:
    return mf.solve(law, mu, (0.0, 1.0), **options)


REFUSED: list[tuple[Any, type[Exception], str]] = [
    (lambda: mf.family(mf.uniform(CIRCLE)), TypeError, r"f: got .* wanted a function of s"),  # type: ignore[arg-type]
    (lambda: mf.family(lambda s: 1.0), TypeError, r"f: f\(0\) is 1\.0 \(float\), wanted a Density"),  # type: ignore[arg-type,return-value]
    (lambda: mf.family(lambda s: mf.uniform(CIRCLE), nodes=1), ValueError, "nodes must be an integer >= 2"),
    (lambda: mf.family(lambda s: mf.uniform(CIRCLE if s else mf.Sphere(4))), ValueError, "give all on one space"),
    (lambda: given(4)(1.5), ValueError, r"s: got 1\.5"),
    (lambda: solved(mf.SA(1.0), given(4)), ValueError, r"law: under .* give mf\.Causal\(law\)"),
    (lambda: solved(mf.Causal(mf.SA(1.0)), mf.uniform(CIRCLE)), ValueError, r"mf\.family\(lambda s: rho0\)"),
    (lambda: solved(mf.Masked(mf.SA(1.0), np.eye(3)), given(4)), ValueError, "law: under Masked"),
    (lambda: solved(mf.Causal(mf.SA(1.0)), poisson(3)), ValueError, "nodes: 3 nodes in s are too few"),
    (lambda: solved(mf.Causal(mf.SA(1.0)), given(4), method="spectral"), ValueError, 'method="causal"'),
    (lambda: solved(mf.Causal(mf.SA(1.0)), given(4), on_unresolved="lagrangian"), ValueError, "on_unresolved"),
    (lambda: mf.CausalSpectral(tail=-1.0), ValueError, "tail"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "error", "words"), REFUSED)
def test_what_makes_no_sense_is_refused(call: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        call()
