"""Dense sums against a double loop in 40 digits, and the two paths against each other."""

from __future__ import annotations

import tracemalloc

import mpmath as mp
import numpy as np
import pytest

from meanfield.kernels import Exponential, Zonal
from meanfield.sums import direct as room
from meanfield.sums import tiles
from meanfield.sums.direct import direct

pytestmark = pytest.mark.rounding

EPS = float(np.finfo(np.float64).eps)

RNG = np.random.default_rng(20240514)


def unit(*shape, rng=RNG):
    x = rng.standard_normal(shape)
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def vec(v):
    return mp.matrix([mp.mpf(float(a)) for a in v])


def inner(a, b):
    return mp.fsum(p * q for p, q in zip(a, b, strict=True))


class Printed:
    """The sums as printed, in 40 digits: lists of vectors, no shift, no matrix product of ours."""

    def __init__(self, beta, y, w, Q=None, K=None):
        d = y.shape[-1]
        eye = np.eye(d)
        self.d, self.beta = d, mp.mpf(beta)
        self.Q, self.K = mp.matrix((eye if Q is None else Q).tolist()), mp.matrix((eye if K is None else K).tolist())
        self.y, self.w = [vec(v) for v in y], [mp.mpf(float(v)) for v in w]

    def kernel(self, x, y):
        return mp.exp(self.beta * inner(self.Q * x, self.K * y))

    def Z(self, x):
        return mp.fsum(w * self.kernel(x, y) for w, y in zip(self.w, self.y, strict=True))

    def M(self, x):
        terms = [w * self.kernel(x, y) * y for w, y in zip(self.w, self.y, strict=True)]
        return mp.matrix([mp.fsum(t[k] for t in terms) for k in range(self.d)])

    def L(self, x):
        """The divergence of P_x M by differentiating along d - 1 great circles, with no formula for it."""

        def field(p):
            M = self.M(p)
            return M - inner(p, M) * p

        basis = [x]
        for k in range(self.d):
            e = mp.matrix([mp.mpf(i == k) for i in range(self.d)])
            for b in basis:
                e -= inner(e, b) / inner(b, b) * b
            if inner(e, e) > 1e-6:
                basis.append(e / mp.sqrt(inner(e, e)))
        assert len(basis) == self.d
        return mp.fsum(
            mp.diff(lambda h, e=e: inner(e, field(mp.cos(h) * x + mp.sin(h) * e)), 0, h=mp.mpf(10) ** -12)
            for e in basis[1:]
        )


def compare(reading, printed, x, tol):
    """The largest term sets the scale: e^log, times beta + d for L."""
    with mp.workdps(40):
        for i, row in enumerate(x):
            p = vec(row)
            factor = mp.exp(mp.mpf(float(reading.log[i, 0])))
            Z = printed.Z(p)
            assert abs(mp.mpf(float(reading.Z[i, 0])) * factor - Z) <= tol * abs(Z)
            M = printed.M(p)
            assert max(abs(mp.mpf(float(a)) * factor - b) for a, b in zip(reading.M[i], M, strict=True)) <= tol * abs(Z)
            scale = (printed.beta + printed.d) * abs(Z)
            assert abs(mp.mpf(float(reading.L[i])) * factor - printed.L(p)) <= tol * scale


# --- against the double loop -------------------------------------------------------------------------------


@pytest.mark.parametrize("d", [2, 3, 5])
@pytest.mark.parametrize("beta", [0.0, 1.0, 9.0, 1000.0])
def test_against_the_double_loop(beta, d):
    rng = np.random.default_rng(d)
    x, y, w = unit(3, d, rng=rng), unit(6, d, rng=rng), rng.uniform(0.1, 1.0, 6)
    tol = 4e-15 * (1 + beta)  # one rounding of t = <x, y> is e^{beta eps}
    compare(direct(Exponential(beta), x, y, w, "ZML"), Printed(beta, y, w), x, tol)
    compare(direct(Exponential(beta), y, y, w, "ZML", same=True), Printed(beta, y, w), y, tol)


@pytest.mark.parametrize("which", ["QK", "Q", "K"])
def test_matrices_against_the_double_loop(which):
    rng = np.random.default_rng(5)
    shape = (4, 3) if which == "QK" else (3, 3)
    Q = rng.standard_normal(shape) if "Q" in which else None
    K = rng.standard_normal(shape) if "K" in which else None
    x, y, w = unit(3, 3), unit(5, 3), rng.uniform(0.1, 1.0, 5)
    kernel, printed = Exponential(2.0, Q, K), Printed(2.0, y, w, Q, K)
    compare(direct(kernel, x, y, w, "ZML"), printed, x, 5e-14)
    compare(direct(kernel, y, y, w, "ZML", same=True), printed, y, 5e-14)


def test_far_from_every_point():
    """beta = 1000 and every y opposite: Z is about e^{-900}; with no shift it would be 0 / 0."""
    rng = np.random.default_rng(8)
    x = unit(4, 3, rng=rng)
    y = -x[:, None, :] + 0.2 * rng.standard_normal((4, 5, 3))
    y /= np.linalg.norm(y, axis=-1, keepdims=True)
    w = np.full(5, 0.2)
    for i in range(4):
        r = direct(Exponential(1000.0), x[i : i + 1], y[i], w, "ZML")
        assert r.log[0, 0] < -800
        compare(r, Printed(1000.0, y[i], w), x[i : i + 1], 4e-12)


def test_orthogonal_tokens():
    """A, Theorem 6.8's start: n orthonormal tokens, each sees e^beta once and 1 n-1 times."""
    n, beta = 6, 3.0
    r = direct(Exponential(beta), np.eye(n), np.eye(n), np.full(n, 1 / n), "ZM", same=True)
    Z = (np.exp(beta) + n - 1) / n
    limit = 8.0 * (1.0 + beta) * EPS
    np.testing.assert_allclose(r.Z * np.exp(r.log), Z, rtol=limit)
    np.testing.assert_allclose(r.M * np.exp(r.log), (np.ones((n, n)) + np.eye(n) * (np.exp(beta) - 1)) / n, rtol=limit)


# --- weights -----------------------------------------------------------------------------------------------


def test_zero_weights_do_not_set_the_shift():
    y = np.array([[1.0, 0.0], [-1.0, 0.0], [-0.6, 0.8]])
    w = np.array([0.0, 0.25, 0.75])
    for same in (False, True):
        r = direct(Exponential(1000.0), y, y, w, "ZML", same=same)
        # from y_0, of weight zero, the others are e^{-1000} and e^{-600}
        assert r.log[0, 0] + np.log(r.Z[0, 0]) == pytest.approx(-600 + np.log(0.75), rel=1e-15)
        np.testing.assert_allclose(r.M[0] / r.Z[0], y[2], rtol=1e-13)
        only = direct(Exponential(1000.0), y, y[1:], w[1:], "ZML")
        for a, b in zip(r[:3], only[:3], strict=True):
            scale = np.exp((r.log - only.log).reshape(-1, *[1] * (a.ndim - 1)))
            np.testing.assert_allclose(a * scale, b, rtol=1e-12, atol=1e-12)


def test_no_mass_at_all_is_zero():
    x = unit(3, 4)
    for y, w in ((x, np.zeros(3)), (np.empty((0, 4)), np.empty(0))):
        r = direct(Exponential(5.0), x, y, w, "ZML")
        for part in r:
            np.testing.assert_array_equal(part, 0.0)


def test_tiny_weight_near_and_unit_weight_far():
    """w = 1e-300 at distance 0, 1 at the antipode, beta = 345.3: 1e-300 e^{345.3} = 5e-151 beats e^{-345.3} by 0.1."""
    beta = 345.0
    y, w = np.array([[1.0, 0.0], [-1.0, 0.0]]), np.array([1e-300, 1.0])
    with mp.workdps(40):
        near, far = mp.mpf(10) ** -300 * mp.exp(beta), mp.exp(-beta)
        exact = [float(mp.log(near + far)), float(mp.log(mp.mpf(10) ** -300 / mp.exp(beta) + mp.exp(beta)))]
    for same in (False, True):
        r = direct(Exponential(beta), y, y, w, "ZM", same=same)
        np.testing.assert_allclose((r.log + np.log(r.Z))[:, 0], exact, rtol=1e-14)
    # and where e^{s - max s} alone would underflow before the weight is counted
    w = np.array([1e-322, 1.0])
    r = direct(Exponential(375.0), y, y, w, "ZM", same=True)
    with mp.workdps(40):
        tiny = mp.mpf(float(w[0]))
        near, far = tiny * mp.exp(375), mp.exp(-375)
        assert float(r.M[0, 0] / r.Z[0, 0]) == pytest.approx(float((near - far) / (near + far)), rel=1e-12)


def test_signed_weights():
    rng = np.random.default_rng(3)
    x, y, w = unit(4, 3, rng=rng), unit(7, 3, rng=rng), rng.standard_normal(7)
    r = direct(Exponential(4.0), x, y, w, "ZM")
    e = np.exp(4.0 * x @ y.T) * w
    scale = np.abs(e).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(r.Z * np.exp(r.log) / scale, e.sum(axis=1, keepdims=True) / scale, rtol=0.0, atol=3e-15)
    np.testing.assert_allclose(r.M * np.exp(r.log) / scale, e @ y / scale, rtol=0.0, atol=3e-15)


# --- the two paths, tiles, replicas ------------------------------------------------------------------------


def true(r, beta):
    """Z, M, L in units of e^beta."""
    factor = np.exp(r.log - beta)
    return r.Z * factor, r.M * factor, r.L * factor[..., 0]


@pytest.mark.parametrize("d", [2, 3, 128])
@pytest.mark.parametrize("n", [1, 2, 256, 257, 700])
def test_pairs_equal_rows(d, n):
    beta, rng = 4.0, np.random.default_rng(n + d)
    x, w = unit(n, d, rng=rng), rng.uniform(0.5, 1.5, n) / n
    pairs = direct(Exponential(beta), x, x, w, "ZML", same=True)
    rows = direct(Exponential(beta), x, x, w, "ZML")
    assert np.ptp(pairs.log) == 0.0
    assert n == 1 or np.ptp(rows.log) > 0.0  # two paths were taken
    a, b = true(pairs, beta), true(rows, beta)
    limit = 8.0 * (1.0 + beta) * EPS  # exponents are good to beta eps; and 700 terms, added in another order
    np.testing.assert_allclose(a[0], b[0], rtol=limit)
    scale = b[0].max()
    np.testing.assert_allclose(a[1], b[1], rtol=0, atol=limit * scale)
    np.testing.assert_allclose(a[2], b[2], rtol=0, atol=limit * scale * (beta + d))  # terms of both signs


@pytest.mark.parametrize("beta", [100.0, 1000.0, 1e5])
def test_pairs_at_large_beta(beta):
    """The shift s(x, x) leaves Z_i >= w_i: nothing is lost when a token sees only itself, or a near neighbour."""
    theta = np.array([0.0, 1e-3, 1.0, 2.5, np.pi])
    x, w = np.stack([np.cos(theta), np.sin(theta)], axis=-1), np.full(5, 0.2)
    pairs, rows = direct(Exponential(beta), x, x, w, "ZM", same=True), direct(Exponential(beta), x, x, w, "ZM")
    assert pairs.Z.min() >= 0.2 * (1 - 4e-16 * beta)
    np.testing.assert_allclose(pairs.M / pairs.Z, rows.M / rows.Z, rtol=0, atol=4e-16 * beta)


def test_rows_of_flat_space_are_not_summed_by_pairs():
    """Off the sphere s(x, x) is not one number: |x| = 40 at beta = 1 has s = 1600 > 709."""
    x = np.array([[40.0, 0.0], [39.0, 1.0], [0.1, 0.2]])
    w = np.full(3, 1 / 3)
    r = direct(Exponential(1.0), x, x, w, "ZM", same=True)
    s = x @ x.T
    p = np.exp(s - s.max(axis=1, keepdims=True))
    np.testing.assert_allclose(r.M / r.Z, p @ x / p.sum(axis=1, keepdims=True), rtol=1e-13)


def test_rows_off_the_sphere_by_more_than_a_score_of_one_are_not_summed_by_pairs():
    """One shift serves rows and columns only while e^{s(x, x) - beta} stays below e."""
    kernel, w = Exponential(100.0), np.full(3, 1 / 3)
    for off, safe in ((0.5e-2, True), (-0.5e-2, True), (2e-2, False), (-2e-2, False), (0.5, False)):
        x = unit(1, 3, 4) * np.sqrt(1.0 + off)
        assert (room.by_pairs(kernel, x, w) is not None) is safe


def test_several_tiles_each_way():
    rng = np.random.default_rng(11)
    x, y, w = unit(513, 3, rng=rng), unit(770, 3, rng=rng), rng.uniform(0, 1, 770)
    y[400:] *= 0.5  # the maximum of a row is met late as well as early
    y = y[::-1].copy()
    r = direct(Exponential(9.0), x, y, w, "ZML")
    t = x @ y.T
    e = np.exp(9.0 * t) * w
    np.testing.assert_allclose(r.Z * np.exp(r.log), e.sum(axis=1, keepdims=True), rtol=2e-14)
    np.testing.assert_allclose(r.M * np.exp(r.log), e @ y, rtol=0, atol=2e-14 * e.sum(axis=1).max())
    L = (e * (9.0 * (np.sum(y * y, axis=1) - t**2) - 2 * t)).sum(axis=1)
    np.testing.assert_allclose(r.L * np.exp(r.log[:, 0]), L, rtol=0, atol=2e-13 * np.abs(L).max())


@pytest.mark.parametrize("same", [False, True])
@pytest.mark.parametrize("n", [5, 300])
def test_replicas_are_leading_axes(same, n):
    rng = np.random.default_rng(13)
    x, w = unit(2, 3, n, 3, rng=rng), rng.uniform(0.5, 1.0, (2, 3, n))
    r = direct(Exponential(6.0), x, x, w, "ZML", same=same)
    assert [part.shape for part in r] == [(2, 3, n, 1), (2, 3, n, 3), (2, 3, n), (2, 3, n, 1)]
    for i in np.ndindex(2, 3):
        one = direct(Exponential(6.0), x[i], x[i], w[i], "ZML", same=same)
        for a, b in zip(r, one, strict=True):
            np.testing.assert_allclose(a[i], b, rtol=1e-14, atol=1e-14)


def test_many_small_replicas_and_broadcasting():
    rng = np.random.default_rng(17)
    x, y, w = unit(2500, 1, 2, rng=rng), unit(20, 2, rng=rng), np.full(20, 0.05)
    r = direct(Exponential(2.0), x, y, w, "Z")
    e = np.exp(2.0 * x[:, 0] @ y.T).mean(axis=1)
    np.testing.assert_allclose((r.Z * np.exp(r.log))[:, 0, 0], e, rtol=1e-14)
    weights = rng.uniform(0.1, 1.0, (4, 20))
    r = direct(Exponential(2.0), y, y, weights, "Z", same=True)
    assert r.Z.shape == (4, 20, 1)
    np.testing.assert_allclose((r.Z * np.exp(r.log))[..., 0], weights @ np.exp(2.0 * y @ y.T), rtol=1e-14)


@pytest.mark.parametrize("same", [False, True])
def test_same_bits_twice_and_inputs_untouched(same):
    x, w = unit(300, 3), np.full(300, 1 / 300)
    before = x.copy()
    first, second = (direct(Exponential(9.0), x, x, w, "ZML", same=same) for _ in range(2))
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)
    for a in first:
        a[...] = np.nan  # the reader's to overwrite
    np.testing.assert_array_equal(x, before)
    assert np.isfinite(direct(Exponential(9.0), x, x, w, "Z", same=same).Z).all()


@pytest.mark.parametrize("same", [False, True])
def test_only_what_is_wanted(same):
    x, w = unit(10, 3), np.full(10, 0.1)
    full = direct(Exponential(4.0), x, x, w, "ZML", same=same)
    for want in ("", "Z", "M", "L", "ZM", "ML", "LZ"):
        r = direct(Exponential(4.0), x, x, w, want, same=same)
        for name in "ZML":
            part = getattr(r, name)
            if name in want:
                np.testing.assert_allclose(part, getattr(full, name), rtol=1e-14, atol=1e-15)
            else:
                assert part is None
        np.testing.assert_array_equal(r.log, full.log)


def test_memory_does_not_grow_with_pairs():
    x, w = unit(4000, 2), np.full(4000, 1 / 4000)
    for same in (False, True):
        tracemalloc.start()
        direct(Exponential(4.0), x, x, w, "ZML", same=same)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 5e6  # one matrix of all pairs: 128 MB


def test_each_pair_is_exponentiated_once(monkeypatch):
    counted = 0

    def counting(x, *args, **kwargs):
        nonlocal counted
        counted += np.size(x)
        return np.exp(x, *args, **kwargs)

    class Counting:
        exp = staticmethod(counting)

        def __getattr__(self, name):
            return getattr(np, name)

    monkeypatch.setattr("meanfield.sums.tiles.np", Counting())
    n = 8 * room.TILE
    x, w = unit(n, 2), np.full(n, 1 / n)
    direct(Exponential(4.0), x, x, w, "ZM", same=True)
    assert counted == n * (n + room.TILE) // 2


# --- other kernels, refusals -------------------------------------------------------------------------------


def test_bounded_confidence_by_log_values():
    """A kernel that knows only log: the mean over neighbours within the cut, -inf elsewhere."""
    x = unit(300, 2)
    cut = 0.9
    r = direct(Zonal(lambda t: np.where(t > cut, 1.0, 0.0), "krause"), x, x, np.full(300, 1 / 300), "ZM", same=True)
    near = (x @ x.T > cut) / 300
    np.testing.assert_allclose(r.Z * np.exp(r.log), near.sum(axis=1, keepdims=True), rtol=1e-14)
    np.testing.assert_allclose(r.M * np.exp(r.log), near @ x, rtol=0, atol=1e-15)
    lone = direct(Zonal(lambda t: np.where(t > cut, 1.0, 0.0), "krause"), -x[:1], x[:1], np.ones(1), "ZM")
    assert lone.Z[0, 0] == 0.0
    assert lone.log[0, 0] == 0.0


def test_refusals():
    x, w = unit(4, 3), np.full(4, 0.25)
    with pytest.raises(TypeError, match=r"L, the divergence.*Zonal.*factors"):
        direct(Zonal(np.exp, "exp"), x, x, w, "L")
    with pytest.raises(ValueError, match=r"want must be letters.*'ZX'"):
        direct(Exponential(1.0), x, x, w, "ZX")
    with pytest.raises(ValueError, match=r"\(4, 3\), \(4, 2\), \(4,\)"):
        direct(Exponential(1.0), x, x[:, :2], w, "Z")
    with pytest.raises(ValueError, match="weights"):
        direct(Exponential(1.0), x, x, w[:3], "Z")


def test_nan_stays_where_it_is():
    """A point that has stopped being finite must not look finite."""
    x = unit(5, 2)
    x[2] = np.nan
    r = direct(Exponential(1.0), x, x, np.full(5, 0.2), "ZM", same=True)
    assert np.isnan(r.Z[2]).all()


def test_large_tiles_answer_as_small_ones(monkeypatch):
    rng = np.random.default_rng(17)
    x, y, w = unit(523, 32, rng=rng), unit(300, 32, rng=rng), rng.uniform(0.1, 1.0, 523)
    cases = [(x, x, w, True), (x, x, np.where(w < 0.3, 0.0, w), True), (y, x, w, False)]
    small = [direct(Exponential(9.0), a, b, v, "ZML", same=same) for a, b, v, same in cases]
    monkeypatch.setattr(tiles, "LARGE_TILE", 64)
    heights = []

    class Noted(tiles.Tiles):
        def scores(self, at):
            heights.append(at.i.stop - at.i.start)
            return super().scores(at)

    monkeypatch.setattr(room, "Tiles", Noted)
    for (a, b, v, same), expected in zip(cases, small, strict=True):
        r = direct(Exponential(9.0), a, b, v, "ZML", same=same)
        for ours, theirs in zip(r[:3], expected[:3], strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-13, atol=1e-13 * np.abs(theirs).max())
    assert max(heights) > 3 * 64  # tall above the diagonal


@pytest.mark.parametrize("want", ["ZM", "ZML"])
def test_many_tiles_give_the_same_bits_with_any_number_of_threads(monkeypatch: pytest.MonkeyPatch, want: str) -> None:
    """n = 8000 is shared out; some rows of it, asked for alone, are not."""
    rng = np.random.default_rng(4)
    x = rng.standard_normal((8000, 3))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    w = rng.dirichlet(np.full(8000, 5.0))
    kernel = Exponential(9.0)
    told = []
    for threads in ("1", "2", "3"):
        monkeypatch.setenv("MEANFIELD_THREADS", threads)
        told.append(direct(kernel, x, x, w, want, same=True))
    for r in told[1:]:
        assert all(np.array_equal(a, b) for a, b in zip(told[0], r, strict=True) if a is not None)
    few = x[::500]
    rows = direct(kernel, few, x, w, want)
    size = np.exp(rows.log - told[0].log[::500])
    np.testing.assert_allclose(told[0].Z[::500], rows.Z * size, rtol=1e-13)
    np.testing.assert_allclose(told[0].M[::500], rows.M * size, rtol=0.0, atol=1e-13 * told[0].M.max())
    if "L" in want:
        np.testing.assert_allclose(
            told[0].L[::500], rows.L * size[..., 0], rtol=0.0, atol=1e-12 * np.abs(told[0].L).max()
        )
