"""Densities on R, carried by laws of R^1.

Oracles: Gaussians in closed form, quadrature points under scipy's integrator, tokens by `mf.Rescaled`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import meanfield as mf
import particles as pt
from meanfield.protocols import Array

pytestmark = pytest.mark.rounding


@mf.register
@dataclass(frozen=True)
class Swelling:
    """e^t, (1, 1)."""

    def __call__(self, t: float) -> Array:
        return np.array([[math.exp(t)]])


def bell(mean: float, variance: float) -> Callable[[Array], Array]:
    return lambda x: np.exp(-0.5 * np.square(x - mean) / variance) / math.sqrt(2.0 * math.pi * variance)


def skew(space: mf.Line) -> mf.Density:
    return space.density(lambda x: (1.0 + 0.6 * np.sin(2.0 * x)) * np.exp(-0.3 * x * x))


def held(sol: mf.Solution) -> Any:
    """The last density."""
    return sol.densities[-1]


def summed(law: dict[str, float], rho: mf.Density, T: float, n: int = 120) -> tuple[Array, Array]:
    """Gauss's points of a density, moved by sum_j w_j V y_j e^{b x y} [/ Z], as printed, and their masses."""
    x, w = np.polynomial.legendre.leggauss(n)
    a, b = rho.space.a, rho.space.b
    x = 0.5 * (a + b) + 0.5 * (b - a) * x
    w = 0.5 * w * rho(x)

    def slope(_: float, z: Array) -> Array:
        e = np.exp(law["b"] * np.outer(z, z)) * w
        return np.asarray(law["V"] * (e @ z) / (e.sum(axis=1) if law["Z"] else 1.0))

    return solve_ivp(slope, (0.0, T), x, "DOP853", rtol=1e-12, atol=1e-14).y[:, -1], w


# --- the space -----------------------------------------------------------------------------------------------


def test_series_moments_and_samples_of_an_interval() -> None:
    line = mf.Line(-1.0, 3.0, 24)
    rho = line.density(lambda x: 1.0 + 0.2 * x**3 - 0.1 * x**2)
    x, w = np.polynomial.legendre.leggauss(30)
    x, w = 1.0 + 2.0 * x, 0.5 * w
    for k in range(6):
        assert abs(rho.moments(5)[k] - w @ (rho(x) * x**k)) < 1e-13 * 3.0**k
    assert abs(float(rho.mean[0]) - rho.moments(1)[1]) < 1e-13
    assert rho(np.array([-1.1, 3.2])).tolist() == [0.0, 0.0]
    assert abs(2.0 * w @ rho.pdf(x) * 2.0 - 1.0) < 1e-13
    q = rho.quantize(4001)
    assert q.shape == (4001, 1) and abs(q.mean() - float(rho.mean[0])) < 1e-4
    levels = np.array([line.density(rho.values).space.project(q[:, 0], np.full(4001, 1.0 / 4001), 3)])
    np.testing.assert_allclose(levels[0], rho.coefficients[:4], rtol=0.0, atol=1e-3)
    assert np.isnan(line.project(np.array([0.0, 3.5]), np.full(2, 0.5), 2)).all()
    slope = line.evaluate(rho.coefficients, np.array([0.5]), gradient=True)[0, 0]
    assert abs(slope - (rho(0.5 + 1e-6) - rho(0.5 - 1e-6)) / 2e-6) < 1e-8


def test_clusters_of_an_interval() -> None:
    rho = mf.Line(-4.0, 4.0, 160).density(lambda x: 3.0 * bell(-2.0, 0.04)(x) + bell(1.0, 0.09)(x))
    told: Any = mf.clusters(rho)
    np.testing.assert_allclose(told.masses, [0.75, 0.25], rtol=0.0, atol=1e-6)
    np.testing.assert_allclose(told.centres, [-2.0, 1.0], rtol=0.0, atol=1e-5)
    np.testing.assert_allclose(told.widths, [0.2, 0.3], rtol=0.0, atol=1e-3)
    np.testing.assert_allclose(told.peaks, [-2.0, 1.0], rtol=0.0, atol=1e-8)


# --- the divergence in R^d -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [mf.SA, mf.USA])
@pytest.mark.parametrize("matrices", [False, True])
def test_divergence_in_rd_by_differences(kind: Any, matrices: bool) -> None:
    rng = np.random.default_rng(3)
    more = dict(zip("QKV", rng.standard_normal((3, 3, 3)), strict=True)) if matrices else {}
    law = kind(0.7, geometry="flat", **more)
    mu = mf.Points(rng.standard_normal((9, 3)), weights=rng.random(9) + 0.1, geometry="flat")
    x, h = rng.standard_normal((4, 3)), 1e-5
    v = [[np.array(law.velocity(0.0, x + way * h * e, mu)) for way in (1.0, -1.0)] for e in np.eye(3)]
    parts = [(up - down) / (2.0 * h) for up, down in v]
    told = law.divergence(0.0, x, mu)
    np.testing.assert_allclose(told, sum(p[:, i] for i, p in enumerate(parts)), rtol=1e-6, atol=1e-7)


# --- runs ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("V", [-1.0, 0.5])
def test_a_bell_is_the_gaussian_of_the_closed_form(V: float) -> None:
    """Of +-9 standard deviations; V = 1/2 widens it, V = -1 makes it narrow."""
    law, m, s, T = mf.SA(0.8, V=[[V]], geometry="flat"), 0.2, 0.09, 1.5
    rho = mf.Line(m - 2.7, m + 2.7, 96).density(bell(m, s))
    mu = mf.solve(law, rho, (0.0, T), rtol=1e-9)(T)
    nu: Any = mf.solve(law, mf.Gaussian([m], [[s]]), (0.0, T), rtol=1e-12)(T)
    assert abs(float(mu.mean[0] - nu.mean[0])) < 1e-9
    variance = float(mu.second_moment[0, 0] - mu.mean[0] ** 2)
    assert abs(variance / float(nu.covariance[0, 0]) - 1.0) < 1e-8
    x = float(nu.mean[0]) + np.sqrt(variance) * np.linspace(-4.0, 4.0, 17)
    np.testing.assert_allclose(mu.pdf(x), nu.pdf(x[:, None]), rtol=0.0, atol=1e-7 * float(nu.pdf(nu.mean[None])[0]))


@pytest.mark.parametrize(
    ("law", "printed"),
    [
        (mf.SA(1.0, geometry="flat"), {"b": 1.0, "V": 1.0, "Z": True}),
        (mf.SA(2.0, Q=[[-1.0]], V=[[0.8]], geometry="flat"), {"b": -2.0, "V": 0.8, "Z": True}),
        (mf.USA(0.5, sign=-1, geometry="flat"), {"b": 0.5, "V": -1.0, "Z": False}),
    ],
    ids=str,
)  # fmt: skip
def test_moments_are_those_of_quadrature_points(law: mf.Law, printed: dict[str, float]) -> None:
    rho, T = skew(mf.Line(-1.0, 1.4)), 1.0
    sol = mf.solve(law, rho, (0.0, T), t_eval=[0.0, T], rtol=1e-9)
    x, w = summed(printed, rho, T)
    exact = np.array([w @ x**k for k in range(9)])
    np.testing.assert_allclose(sol(T).moments(8), exact, rtol=0.0, atol=1e-9 * max(1.0, np.abs(exact).max()))
    assert abs(float(sol(T).mass) - 1.0) < 1e-13


def test_energy_identity_and_conservation_along_labels() -> None:
    rho, law = mf.uniform(mf.Line(-1.0, 1.0)), mf.SA(1.0, geometry="flat")
    sol = mf.solve(law, rho, (0.0, 1.2), t_eval=[0.0, 0.5, 1.2], rtol=1e-10)
    change = sol.energy[-1] - sol.energy[0]
    assert change > 0.4 and abs(float(sol.dissipated[-1]) - change) < 1e-8 * change
    mu: Any = sol(1.2)
    x, at = mu.carried(np.linspace(-1.0, 1.0, 9))
    slope = (mu.carried(0.3 + 1e-5)[0] - mu.carried(0.3 - 1e-5)[0]) / 2e-5
    assert abs(float(mu.carried(0.3)[1] * slope) - 1.0) < 1e-8
    np.testing.assert_allclose(mu(x), at, rtol=1e-9)
    assert mu(np.array([x[-1] + 0.01])).tolist() == [0.0]
    assert np.isnan(mu.coefficients).all()


def test_concentration_where_rescaled_tokens_go() -> None:
    """z' = int z e^{e^{2t} x y} / Z - z, (3.1) of B: all mass to the vertex that draws more; by `mf.Rescaled`."""
    law = mf.SA(1.0, Q=Swelling(), K=Swelling(), geometry="flat") + mf.Linear([[-1.0]], geometry="flat")
    T, rho = 2.0, mf.Line(-1.0, 1.0).density(lambda x: 1.0 + 0.5 * np.sin(2.0 * x))
    mu = mf.solve(law, rho, (0.0, T), rtol=1e-8, t_eval=[0.0, T])(T)
    x, w = np.polynomial.legendre.leggauss(80)
    w = 0.5 * w * rho(x)
    z = pt.simulate(mf.Rescaled(mf.SA(1.0, geometry="flat")), x[:, None], (0.0, T), weights=w, rtol=1e-10).x[-1, :, 0]
    np.testing.assert_allclose(mu.moments(6), [w @ z**k for k in range(7)], rtol=1e-8)
    assert mf.clusters(mu).masses.tolist() == pytest.approx([1.0])


def test_panels_are_as_narrow_as_scores_ask() -> None:
    """Far from 0 scores change by 3000 along [30, 40]: the field is as the closed form of the uniform density."""
    rho = mf.uniform(mf.Line(30.0, 40.0, 8))
    mu: Any = mf.solve(mf.SA(8.0, V=[[-1.0]], geometry="flat"), rho, (0.0, 1e-9), t_eval=[0.0, 1e-9])(0.0)
    x = mu.x[[0, -1]]
    told = mf.SA(8.0, geometry="flat").velocity(0.0, x, mu.body)[:, 0]
    c = 8.0 * x[:, 0]
    exact = (40.0 - 30.0 * np.exp(-10.0 * c)) / (1.0 - np.exp(-10.0 * c)) - 1.0 / c
    np.testing.assert_allclose(told, exact, rtol=1e-11)


def test_two_solutions_part_no_quicker_than_proposition_6_6() -> None:
    """W_2, by quantiles, of densities 1e-2 and 1e-4 apart grows by one factor, below e^{C t}."""
    law, T, factors = mf.SA(1.0, geometry="flat"), 0.4, []
    for eps in (1e-2, 1e-4):
        one, two = (
            mf.solve(law, mf.uniform(mf.Line(-1.0, 1.0 + e, 16)), (0.0, T), t_eval=[0.0, T], rtol=1e-7)
            for e in (0.0, eps)
        )
        gaps = [math.sqrt(np.mean(np.square(one(t).quantize(2000) - two(t).quantize(2000)))) for t in (0.0, T)]
        factors.append(gaps[1] / gaps[0])
    assert abs(factors[0] / factors[1] - 1.0) < 0.02
    b = math.exp(2.0 * T)
    assert 0.0 < math.log(factors[1]) < T * (2.0 * b + (1.0 + 2.0 * b) * math.exp(2.0 * b))


def test_it_blows_up_and_says_when() -> None:
    """A Dirac at 1 does at E_1(1) / 2 = 0.1097; mass about it a little before."""
    rho = mf.uniform(mf.Line(0.99, 1.01, 8))
    with pytest.raises(mf.RunError, match="parts of the density run to infinity") as caught:
        mf.solve(mf.USA(1.0, geometry="flat"), rho, (0.0, 1.0), rtol=1e-4)
    sol = caught.value.solution
    assert sol.status is mf.Status.BLOWN_UP and 0.105 < float(sol.t[-1]) < 0.1097


def test_it_is_saved_resumed_drawn(tmp_path: Path) -> None:
    law, rho = mf.SA(1.0, geometry="flat"), mf.uniform(mf.Line(-1.0, 1.0, 16))
    whole = mf.solve(law, rho, (0.0, 0.6), t_eval=np.linspace(0.0, 0.6, 4))
    half = mf.solve(law, rho, (0.0, 0.6), t_eval=np.linspace(0.0, 0.6, 4), observe=lambda t, mu: t > 0.2)
    half.save(tmp_path / "half.nc")
    on = mf.resume(mf.load(tmp_path / "half.nc"))
    np.testing.assert_array_equal(on(0.6).moments(4), whole(0.6).moments(4))
    assert whole.shown.b > 1.0 > whole.finest.b - 1e-12
    ax = whole.plot()
    assert ax.get_ylabel() == "position $x$" and ax.get_ylim()[1] == pytest.approx(whole.shown.nodes[-1])
    assert whole.plot_profiles().get_xlabel() == "position $x$"
    assert whole.plot(t=0.6, velocity=True) is not None
    ds = whole.to_xarray()
    area = np.diff(np.concatenate([[whole.shown.a], 0.5 * (ds.x.values[1:] + ds.x.values[:-1]), [whole.shown.b]]))
    np.testing.assert_allclose(ds.rho.values @ area / 2.0, 1.0, rtol=0.0, atol=1e-12)


# --- what is refused -------------------------------------------------------------------------------------------


def test_bad_input_is_named() -> None:
    made: Callable[[], Any]
    rho, law = mf.uniform(mf.Line(-1.0, 1.0, 8)), mf.SA(1.0, geometry="flat")
    for made, words in (
        (lambda: mf.Line(1.0, 1.0), r"b: got 1.0, wanted a number above a"),
        (lambda: mf.Line(0.0, np.inf), "b must be a finite real number"),
        (lambda: mf.Line(0.0, 1.0, 1), "degree"),
        (lambda: mf.solve(mf.SA(1.0), rho, (0.0, 1.0)), r'live on R.d: give it geometry="flat"'),
        (lambda: mf.solve(law, rho, (0.0, 1.0), method="spectral"), r"method: .*leaves \[a, b\].*leave method out"),
        (lambda: mf.solve(law, rho, (0.0, 1.0), method="finite-volume"), "space: .*has no such line: leave method out"),
        (lambda: mf.solve(law, rho, (0.0, 1.0), diffusion=0.1), r"diffusion: .*pt.simulate\(law, rho0.sample\(1000"),
        (lambda: mf.solve(law, rho, (0.0, 1.0), max_resolution=100), "max_resolution: got 100"),
        (lambda: mf.solve(mf.Causal(law), rho, (0.0, 1.0)), "tells tokens apart"),
        (lambda: held(mf.solve(law, rho, (0.0, 0.1))).carried(1.2), r"labels: got 1.2, wanted positions in \[-1, 1\]"),
    ):
        with pytest.raises(ValueError, match=words):
            made()


def test_the_page_says_what_its_lines_print(capsys: pytest.CaptureFixture[str]) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "flat.md").read_text(encoding="utf-8")
    lines = re.findall(r"```python\n(.*?)```\n\n```\n(.*?)```", page, re.DOTALL)
    assert len(lines) == 6
    names: dict[str, Any] = {}
    for code, printed in lines:
        exec(code, names)
        assert capsys.readouterr().out == printed
