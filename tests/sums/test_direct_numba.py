"""The compiled dense sum against `direct`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import meanfield as mf
from meanfield.protocols import Array
from meanfield.sums import direct_numba as room
from meanfield.sums.direct import direct
from meanfield.sums.direct_numba import direct_numba
from meanfield.sums.sight import Masked, Past

pytestmark = pytest.mark.rounding

pytest.importorskip("numba", reason="needs the extra fast")

BETAS = (0.0, 1.0, 9.0, 64.0, 1000.0)


def unit(rng: np.random.Generator, *shape: int) -> Array:
    x = rng.standard_normal(shape)
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def check_same(kernel: Any, x: Array, y: Array, w: Array, want: str, *, same: bool, tol: float) -> None:
    ours, theirs = (f(kernel, x, y, w, want, same=same) for f in (direct_numba, direct))
    full = direct(kernel, x, y, np.abs(w), "Z", same=same)
    size = np.exp(ours.log - theirs.log)
    top = np.abs(full.Z * np.exp(full.log - theirs.log))
    beta = getattr(kernel, "beta", 1.0) * kernel.upper() / max(kernel.beta, 1e-300) if kernel.beta else 0.0
    scales = {"Z": top, "M": top, "L": (beta + x.shape[-1]) * top[..., 0]}
    for letter, a, b in zip("ZML", ours[:3], theirs[:3], strict=True):
        assert (a is None) == (b is None) == (letter not in want)
        if a is not None:
            assert a.shape == b.shape
            factor = size[..., 0] if letter == "L" else size
            assert np.all(np.abs(a * factor - b) <= tol * (1.0 + beta / 50.0) * scales[letter]), letter


@pytest.mark.parametrize("same", [True, False])
@pytest.mark.parametrize("want", ["ZM", "ZML", "M"])
@pytest.mark.parametrize("d", [2, 3, 4])
@pytest.mark.parametrize("beta", BETAS)
def test_the_sum_is_the_direct_one(beta: float, d: int, want: str, same: bool) -> None:
    rng = np.random.default_rng(d)
    n = 2 * room.ROWS + 77
    x = unit(rng, n, d)
    y = x if same else unit(rng, 301, d)
    for w in (np.full(len(y), 1.0 / len(y)), rng.uniform(0.1, 1.0, len(y))):
        check_same(mf.Exponential(beta), x, y, w, want, same=same, tol=1e-13)


@pytest.mark.parametrize("which", ["QK", "Q", "K"])
def test_matrices(which: str) -> None:
    rng = np.random.default_rng(5)
    shape = (2, 3) if which == "QK" else (3, 3)
    Q = rng.standard_normal(shape) if "Q" in which else None
    K = rng.standard_normal(shape) if "K" in which else None
    x, y, w = unit(rng, 300, 3), unit(rng, 40, 3), rng.uniform(0.1, 1.0, 40)
    check_same(mf.Exponential(2.0, Q, K), x, y, w, "ZML", same=False, tol=1e-13)
    check_same(mf.Exponential(2.0, Q, K), y, y, w, "ZML", same=True, tol=1e-13)


@pytest.mark.parametrize("d", [2, 3])
def test_weights_over_many_decades_zero_and_negative(d: int) -> None:
    rng = np.random.default_rng(6)
    x = unit(rng, 700, d)
    w = 10.0 ** -rng.uniform(0.0, 300.0, 700)
    w[:50], w[50:90] = 0.0, -w[50:90]
    for beta in (1.0, 64.0):
        check_same(mf.Exponential(beta), x, x, w, "ZML", same=True, tol=1e-13)
    nothing = direct_numba(mf.Exponential(9.0), x, x, np.zeros(700), "ZML", same=True)
    assert not np.any(nothing.Z) and not np.any(nothing.L) and not np.any(nothing.log)


def test_far_from_every_point() -> None:
    """beta = 1000 and every y opposite: Z is about e^{-900}."""
    rng = np.random.default_rng(8)
    y = unit(rng, 200, 3)
    y[:, 0] = np.abs(y[:, 0]) + 2.0
    y /= np.linalg.norm(y, axis=1, keepdims=True)
    x = np.array([[-1.0, 0.0, 0.0]])
    assert direct_numba(mf.Exponential(1000.0), x, y, np.full(200, 0.005), "Z").log[0, 0] < -800
    check_same(mf.Exponential(1000.0), x, y, np.full(200, 0.005), "ZML", same=False, tol=1e-13)


@pytest.mark.parametrize("R", [3, 40])
def test_replicas(R: int) -> None:
    rng = np.random.default_rng(9)
    kernel = mf.Exponential(9.0)
    x, w = unit(rng, R, 300, 2), rng.uniform(0.1, 1.0, 300)
    y = unit(rng, 80, 2)
    for want in ("ZM", "ZML"):
        check_same(kernel, x, x, w, want, same=True, tol=1e-13)
        check_same(kernel, y, x, w, want, same=False, tol=1e-13)
        check_same(kernel, x, y, w[:80], want, same=False, tol=1e-13)


def test_a_kernel_without_factors_is_handed_on() -> None:
    rng = np.random.default_rng(10)
    x, w = unit(rng, 50, 3), np.full(50, 0.02)
    kernel = mf.Zonal(lambda t: 1.0 / (1.3 - t), "Poisson-like")
    ours, theirs = (f(kernel, x, x, w, "ZM", same=True) for f in (direct_numba, direct))
    np.testing.assert_allclose(ours.M, theirs.M, rtol=0.0, atol=1e-14 * np.abs(theirs.M).max())


def test_the_same_bits_whatever_the_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(11)
    x, w = unit(rng, 3000, 3), rng.uniform(0.0, 1.0, 3000)
    mixed = w - 0.1
    answers = []
    for threads in ("1", "2", "3"):
        monkeypatch.setenv("MEANFIELD_THREADS", threads)
        answers.append([direct_numba(mf.Exponential(9.0), x, x, v, "ZM", same=True) for v in (w, mixed)])
    for other in answers[1:]:
        for ours, theirs in zip(answers[0], other, strict=True):
            np.testing.assert_array_equal(ours.Z, theirs.Z)
            np.testing.assert_array_equal(ours.M, theirs.M)


def test_what_is_no_number_is_not_hidden() -> None:
    rng = np.random.default_rng(12)
    x = unit(rng, 300, 2)
    x[7, 1] = np.nan
    for same in (True, False):
        assert np.isnan(direct_numba(mf.Exponential(9.0), x, x, np.full(300, 1.0), "Z", same=same).Z).all()


def test_the_field_of_a_measure() -> None:
    rng = np.random.default_rng(13)
    theta = rng.uniform(0.0, 6.0, 300)
    for law in (mf.SA(9.0), mf.USA(9.0, scale="relative")):
        for points in (theta, unit(rng, 300, 3)):
            v, exact = (law.velocity(0.0, None, mf.Points(points, field=f)) for f in ("compiled", "direct"))
            np.testing.assert_allclose(v, exact, rtol=0.0, atol=1e-13 * np.abs(exact).max())


@pytest.mark.parametrize("beta", [1.0, 64.0, 1000.0])
@pytest.mark.parametrize("d", [2, 3])
def test_under_the_causal_mask(d: int, beta: float) -> None:
    """Replicas over several blocks, with weights of which some vanish; with matrices, and with the divergence."""
    rng = np.random.default_rng(7)
    x, w = unit(rng, 2, room.ROWS + 77, d), rng.uniform(0.5, 1.5, (2, room.ROWS + 77))
    w[0, 5:9] = 0.0
    matrix = mf.Exponential(0.1 * beta, rng.standard_normal((d, d)))
    for kernel, V in ((mf.Exponential(beta), None), (matrix, np.eye(d))):
        for want in ("ZM", "ZML"):
            given: dict[str, Any] = {"V": V, "sight": Past(), "same": True}
            ours, theirs = (f(kernel, x, x, w, want, **given) for f in (direct_numba, direct))
            size = np.exp(ours.log - theirs.log)
            for a, b in zip(ours[:3], theirs[:3], strict=True):
                if a is not None:
                    factor = size[..., 0] if a.ndim == 2 else size
                    np.testing.assert_allclose(a * factor, b, rtol=0.0, atol=1e-13 * (1.0 + beta) * np.abs(b).max())


@pytest.mark.parametrize("d", [4, 40])
@pytest.mark.parametrize("beta", [1.0, 64.0, 1000.0])
def test_in_more_dimensions_the_exponentials_are_compiled(beta: float, d: int) -> None:
    """Tiles of both sizes, with matrices and values, with masses and pairs that are not there."""
    rng = np.random.default_rng(14)
    x, w, V = unit(rng, 600, d), rng.uniform(0.1, 1.0, 600), rng.standard_normal((d, d)) / np.sqrt(d)
    w[:9] = 0.0
    kernel = mf.Exponential(beta, rng.standard_normal((d, d)) / np.sqrt(d))
    seen = rng.random((600, 600)) < 0.05
    seen[3] = False
    for sight in (None, Masked(seen.astype(float), per_row=False)):
        ours, theirs = (f(kernel, x, x, w, "ZM", V=V, sight=sight, same=True) for f in (direct_numba, direct))
        np.testing.assert_array_equal(ours.log, theirs.log)
        for a, b in ((ours.Z, theirs.Z), (ours.M, theirs.M)):
            np.testing.assert_allclose(a, b, rtol=0.0, atol=1e-14 * np.abs(b).max())
            assert not np.any(a[3]) or sight is None


def test_the_compiled_exponentials() -> None:
    """Within (|s| + 2) eps of the library's (log 2 has one part); 0 below the smallest number; what is no number."""
    s = np.concatenate([-np.geomspace(1e-300, 708.0, 5001), [0.0, 1e-12], [-709.0, -1e300, -np.inf, np.nan]])
    e = s.copy()
    room._quick(e)
    exact = np.exp(s[:-4])
    assert np.all(np.abs(e[:-4] - exact) <= (np.abs(s[:-4]) + 2.0) * np.finfo(float).eps * exact)
    np.testing.assert_array_equal(e[-4:], [0.0, 0.0, 0.0, np.nan])
