"""Cell moments on the circle against direct sums, in numpy and compiled."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

import meanfield as mf
from meanfield import geometry
from meanfield.geometry import ANGLES
from meanfield.measures.points import Points
from meanfield.protocols import Array
from meanfield.spaces import Circle
from meanfield.sums import cells as room
from meanfield.sums.cells import Cells, cells
from meanfield.sums.harmonic import harmonic

pytestmark = pytest.mark.rounding

EPS = float(np.finfo(np.float64).eps)

BETAS = (0.0, 1.0, 9.0, 64.0, 1000.0)
N = 1500

compiled_or_not = pytest.mark.parametrize(
    "compiled",
    [False, pytest.param(True, marks=pytest.mark.skipif(find_spec("numba") is None, reason="needs the extra fast"))],
)


def uniform(rng: np.random.Generator) -> Array:
    return rng.uniform(-20.0, 20.0, N)


def clustered(rng: np.random.Generator) -> Array:
    return rng.choice([0.3, 2.8, -9.0], N) + rng.normal(0.0, 0.05, N)


def collapsed(rng: np.random.Generator) -> Array:
    """All in one cell but for a few."""
    return np.append(1.0 + 1e-7 * rng.standard_normal(N - 3), [1.3, 0.9, 4.0])


CLOUDS: dict[str, Any] = {"uniform": uniform, "clustered": clustered, "collapsed": collapsed}
everywhere = pytest.mark.parametrize("cloud", CLOUDS)


def slowly(kernel: Any, theta: Array, w: Array, at: Array, want: str = "ZML") -> tuple[Any, float]:
    """Direct sums, M along the tangent, in the band-limited sum's scale; and max |Z| at the points themselves."""
    mu = Points.trusted(theta, w, ANGLES, "direct")
    rows = geometry.to_rows(at)
    r = mu.read(kernel, rows, want)
    size = np.exp(r.log - kernel.log_lambda0(2))
    own = mu.read(kernel, None, "Z")
    top = float(np.abs(own.Z * np.exp(own.log - kernel.log_lambda0(2))).max())
    M = np.sum(r.M * geometry.quarter_turn(rows), axis=-1, keepdims=True)
    return r._replace(Z=r.Z * size, M=M * size, L=r.L * size[..., 0]), top


@compiled_or_not
@pytest.mark.parametrize("turns", [5, 10**6, 10**8])
def test_points_many_turns_apart(turns: int, compiled: bool) -> None:
    """Velocities were 2.6e-9 off after a million turns: angles are reduced by pi, not by its double."""
    rng = np.random.default_rng(turns)
    theta = uniform(rng) + 2.0 * np.pi * rng.integers(-turns, turns, N)
    w = rng.uniform(0.5, 1.5, N) / N
    kernel = mf.Exponential(64.0)
    exact, top = slowly(kernel, theta, w, theta)
    for r in (cells(kernel, theta, w, None, "ZML", numba=compiled), harmonic(Circle(8), kernel, theta, w, None, "ZML")):
        np.testing.assert_allclose(r.Z, exact.Z, rtol=0.0, atol=9e-14 * top)  # the oracle's, as below
        np.testing.assert_allclose(r.M, exact.M, rtol=0.0, atol=9e-14 * top)
        np.testing.assert_allclose(r.L, exact.L, rtol=0.0, atol=9e-14 * 65.0 * top)


@compiled_or_not
@everywhere
@pytest.mark.parametrize("beta", BETAS)
def test_the_sums_are_the_direct_ones(beta: float, cloud: str, compiled: bool) -> None:
    rng = np.random.default_rng(1)
    kernel, x, w = mf.Exponential(beta), CLOUDS[cloud](rng), rng.uniform(0.1, 1.0, N)
    w /= w.sum()
    rounding = 2e-14 + 1e-15 * beta  # of the oracle: its scores beta <x, y> are rounded
    for at in (None, rng.uniform(-9.0, 9.0, 300)):
        r = cells(kernel, x, w, at, "ZML", numba=compiled)
        exact, top = slowly(kernel, x, w, x if at is None else at)
        assert r.Z.shape == r.M.shape == exact.M.shape and r.L.shape == exact.L.shape
        np.testing.assert_allclose(r.Z, exact.Z, rtol=0.0, atol=rounding * top)
        np.testing.assert_allclose(r.M, exact.M, rtol=0.0, atol=rounding * top)
        np.testing.assert_allclose(r.L, exact.L, rtol=0.0, atol=rounding * (1.0 + beta) * top)


@compiled_or_not
@everywhere
@pytest.mark.parametrize("beta", BETAS)
def test_velocities_are_the_direct_ones(beta: float, cloud: str, compiled: bool) -> None:
    x = CLOUDS[cloud](np.random.default_rng(2))
    w = np.full(N, 1.0 / N)
    fast, slow = (Points.trusted(x, w, ANGLES, field) for field in ("cells" if compiled else "harmonic", "direct"))
    for law in (mf.SA(beta, scale="relative"), mf.USA(beta, scale="relative")):
        # the oracle's scores are rounded: its sums are good to beta eps of Z, however slow collapsed points are
        v, exact = law.velocity(0.0, None, fast), law.velocity(0.0, None, slow)
        np.testing.assert_allclose(v, exact, rtol=0.0, atol=1e-12 * np.abs(exact).max() + 4.0 * beta * EPS)
        div, exact = law.divergence(0.0, None, fast), law.divergence(0.0, None, slow)
        np.testing.assert_allclose(div, exact, rtol=0.0, atol=1e-11 * max(1.0, np.abs(exact).max()))


@compiled_or_not
@pytest.mark.parametrize("beta", [1.0, 9.0, 64.0, 1000.0])
def test_close_to_the_sum_of_its_harmonics(beta: float, compiled: bool) -> None:
    """Term by term, in numpy's own sines: nearer to rounding than the direct sum's scores permit."""
    rng = np.random.default_rng(3)
    kernel, x, w = mf.Exponential(beta), rng.normal(1.0, 0.2, 400), rng.uniform(-0.1, 1.0, 400)
    K = kernel.bandwidth(2)
    k = np.arange(K + 1)
    waves = np.exp(1j * np.outer(x, k))
    c = np.conj(waves).T @ w
    twice = np.where(k == 0, 1.0, 2.0)
    q, p = kernel.multipliers(2, K), kernel.potential(2, K)
    r = cells(kernel, x, w, want="ZML", numba=compiled)
    for ours, symbol in ((r.Z[:, 0], q), (r.M[:, 0], 1j * k * p), (r.L, -(k * k) * p)):
        exact = (waves @ (twice * symbol * c)).real
        atol = 4e-15 * np.abs(twice * symbol).sum() * np.abs(w).sum()
        np.testing.assert_allclose(ours, exact, rtol=0.0, atol=atol)


@compiled_or_not
@pytest.mark.parametrize(
    "kernel",
    [
        mf.Zonal(lambda t: 1.0 / (1.1 - t), "slowly falling"),
        mf.Zonal(lambda t: 1.0 / (1.3 - t), "Poisson-like"),
    ],
    ids=lambda kernel: kernel.name,
)
def test_any_kernel_of_the_inner_product(kernel: Any, compiled: bool) -> None:
    """Also one whose multipliers hardly fall: then there are more cells."""
    rng = np.random.default_rng(4)
    x, w = rng.uniform(0.0, 7.0, 800), rng.uniform(0.0, 1.0, 800)
    r, exact = cells(kernel, x, w, want="ZML", numba=compiled), harmonic(Circle(8), kernel, x, w, want="ZML")
    for ours, theirs in zip(r[:3], exact[:3], strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0.0, atol=1e-11 * np.abs(theirs).max())


def test_a_kernel_that_cannot_be_hashed() -> None:
    class Loose(mf.Exponential):
        __hash__ = None  # type: ignore[assignment]

    x, w = np.linspace(0.0, 5.0, 200), np.full(200, 0.005)
    np.testing.assert_array_equal(cells(Loose(4.0), x, w).Z, cells(mf.Exponential(4.0), x, w).Z)


def test_there_are_cells_enough_and_not_too_many() -> None:
    for beta in BETAS[1:]:
        K, M = mf.Exponential(beta).bandwidth(2), Cells.of(mf.Exponential(beta)).M
        assert M & (M - 1) == 0 and 8 * K <= M <= 20 * K


@pytest.mark.parametrize("terms", [3, 4, 5])
def test_the_error_falls_as_the_cell_to_the_number_of_moments(terms: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    kernel, x, w = mf.Exponential(9.0), rng.uniform(0.0, 6.0, 500), np.full(500, 1.0 / 500)
    exact = harmonic(Circle(8), kernel, x, w).Z
    monkeypatch.setattr(room, "TERMS", terms)
    monkeypatch.setattr(room, "_kept", Cells)
    errors = []
    for M in (64, 128, 256, 512):
        monkeypatch.setattr(room, "_number", lambda symbols, M=M: M)
        errors.append(np.abs(cells(kernel, x, w).Z - exact).max())
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    assert np.all(np.abs(orders - terms) < 0.6), (errors, orders)


@compiled_or_not
def test_replicas_foreign_points_and_their_axes(compiled: bool) -> None:
    rng = np.random.default_rng(6)
    kernel = mf.Exponential(9.0)
    x, w = rng.uniform(0.0, 7.0, (5, 2, 90)), rng.uniform(0.1, 1.0, (2, 90))
    at = rng.uniform(0.0, 7.0, (2, 40))
    for where in (None, at, at[0]):
        r = cells(kernel, x, w, where, "ZML", numba=compiled)
        for i in range(5):
            for j in range(2):
                here = None if where is None else where[j] if where.ndim == 2 else where
                one = cells(kernel, x[i, j], w[j], here, "ZML", numba=compiled)
                for ours, theirs in zip(r[:3], one[:3], strict=True):
                    np.testing.assert_allclose(ours[i, j], theirs, rtol=1e-12, atol=1e-13 * np.abs(theirs).max())
    r = cells(kernel, x[0, 0], w[0], at[:, :, None], "ZM", numba=compiled)  # one measure, asked in rows of one
    np.testing.assert_array_equal(r.Z[:, :, 0], cells(kernel, x[0, 0], w[0], at, "Z", numba=compiled).Z)
    assert r.M.shape == (2, 40, 1, 1) and r.L is None


@compiled_or_not
def test_the_same_bits_whatever_the_threads(compiled: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(7)
    kernel = mf.Exponential(9.0)
    clouds = rng.uniform(0.0, 7.0, (1, 130_001)), rng.uniform(0.0, 7.0, (300, 400))
    answers = []
    for threads in ("1", "2", "3"):
        monkeypatch.setenv("MEANFIELD_THREADS", threads)
        answers.append([cells(kernel, x, np.full(x.shape, 1e-3), want="ZM", numba=compiled) for x in clouds])
    for other in answers[1:]:
        for ours, theirs in zip(answers[0], other, strict=True):
            np.testing.assert_array_equal(ours.Z, theirs.Z)
            np.testing.assert_array_equal(ours.M, theirs.M)


@compiled_or_not
def test_many_points_in_parts(compiled: bool) -> None:
    """Beyond a block: two halves are the whole."""
    rng = np.random.default_rng(8)
    kernel, x = mf.Exponential(4.0), rng.normal(0.0, 1.0, 90_000)
    w = rng.uniform(0.0, 1.0, x.size) / x.size
    at = np.linspace(0.0, 6.0, 50)
    whole = cells(kernel, x, w, at, numba=compiled)
    halves = [cells(kernel, x[part], w[part], at, numba=compiled) for part in (slice(0, 37), slice(37, None))]
    np.testing.assert_allclose(whole.Z, halves[0].Z + halves[1].Z, rtol=1e-12)
    np.testing.assert_allclose(cells(kernel, x, w, want="M", numba=compiled).M[::1800], cells(
        kernel, x, w, x[::1800], "M", numba=compiled).M, rtol=0.0, atol=1e-16)  # fmt: skip


@compiled_or_not
def test_what_is_no_number_stays_none(compiled: bool) -> None:
    x = np.array([0.1, np.nan, 2.0])
    r = cells(mf.Exponential(1.0), x, np.full(3, 1.0 / 3.0), numba=compiled)
    assert np.isnan(r.Z[1, 0]) and np.isnan(r.M[1, 0])
