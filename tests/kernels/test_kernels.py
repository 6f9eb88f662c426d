"""Multipliers against 40-digit Bessel functions, against quadrature that shares no formula with them, and edges."""

from __future__ import annotations

import math
import pickle
from functools import cache

import mpmath as mp
import numpy as np
import pytest
from scipy.special import ive

import meanfield.special.bessel as room
from meanfield.kernels import Exponential, Zonal
from meanfield.protocols import Kernel
from meanfield.special.bessel import dimensions, log_lambda0, multipliers, ratios
from meanfield.tools.settings import from_json, to_json

pytestmark = pytest.mark.rounding

EPS = float(np.finfo(np.float64).eps)

DIMENSIONS = (2, 3, 4, 8, 128, 513, 2048)
BETAS = (1e-3, 0.5, 1.0, 4.0, 9.0, 64.0, 700.0, 1000.0, 1e4)

# e^{-beta} lambda_k at k = 0, 1, 5, 20, made by 40-digit quadrature of e^{beta(t-1)} P_k(t) (1-t^2)^{(d-3)/2}.
TABLE = {
    (2, 0.5): (0.6450352704491500681079, 1.56420803184871698e-01, 4.98760552147016377e-06, 2.27415871603743951e-31),
    (2, 9): (0.1349595245817230128898, 1.27224983935891212e-01, 3.22691114511128863e-02, 1.51202365262657228e-09),
    (2, 1000): (0.0126172404558912565857, 1.26109302569286288e-02, 1.24604289407688629e-02, 1.03291577584751944e-02),
    (3, 4): (0.1249580671715121860201, 9.38024160356097647e-02, 3.26237412816979310e-03, 1.84835719068585977e-15),
    (3, 64): (0.0078125, 7.69042968750000000e-03, 6.16963311767904088e-03, 2.94324394570102444e-04),
    (4, 1): (0.4158208306994168977387, 9.98775537884470793e-02, 1.65462324338135839e-05, 6.94537403908249935e-27),
    (8, 1000): (6.02906984762261753901e-10, 6.00799450669541561e-10, 5.86544966028498604e-10, 4.64817325268466047e-10),
    (128, 9): (0.0001692118682207141233, 1.18403427584328849e-05, 2.43995332268900757e-10, 9.14703314602866898e-29),
    (128, 64): (3.11087350768196483590e-22, 1.29064555876602263e-22, 3.42689179900095097e-24, 9.57542552942405370e-31),
    (128, 1000): (3.1702083844673250434e-86, 2.97519108031928404e-86, 2.28500488265951679e-86, 7.36672573542022904e-87),
}


@cache
def exact(beta: float, d: int, k: int) -> mp.mpf:
    """e^{-beta} lambda_k by 40-digit Bessel functions."""
    with mp.workdps(40):
        b, nu = mp.mpf(beta), mp.mpf(d) / 2 - 1
        return mp.gamma(nu + 1) * (2 / b) ** nu * mp.besseli(k + nu, b) * mp.exp(-b)


def relative(value: float, reference: mp.mpf) -> float:
    with mp.workdps(40):
        return float(abs(mp.mpf(float(value)) / reference - 1))


# --- multipliers -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("d", DIMENSIONS)
@pytest.mark.parametrize("beta", BETAS)
def test_multipliers_against_40_digits(beta, d):
    got = multipliers(beta, d, 2000)
    seen = 0
    for k in (0, 1, 2, 20, 300, 2000):
        reference = exact(beta, d, k)
        if reference > mp.mpf(10) ** -300:
            assert relative(got[k], reference) < (1e-13 if d <= 128 else 1e-12), k
            seen += 1
        else:
            assert got[k] < 1e-299
    assert seen or beta >= 1000


@pytest.mark.parametrize(("d", "beta"), TABLE)
def test_multipliers_against_the_table(d, beta):
    limit = 64.0 * EPS  # a sum, and a product of twenty factors
    np.testing.assert_allclose(multipliers(beta, d, 20)[[0, 1, 5, 20]], TABLE[d, beta], rtol=limit)


@pytest.mark.parametrize("d", DIMENSIONS)
@pytest.mark.parametrize("beta", BETAS)
def test_log_lambda0(beta, d):
    with mp.workdps(40):
        reference = mp.log(exact(beta, d, 0)) + mp.mpf(beta)
    assert relative(log_lambda0(beta, d), reference) < 1e-14


@pytest.mark.parametrize("d", [2, 3, 8, 128])
@pytest.mark.parametrize("beta", [1.0000001e6, 1e8, 1e12, 1e15])
def test_log_lambda0_at_huge_beta_needs_no_multipliers(beta, d):
    with mp.workdps(60):
        # e^{-beta} I_nu(beta) sqrt(2 pi beta) as 2F0, which mpmath sums to all digits
        nu, b = mp.mpf(d) / 2 - 1, mp.mpf(beta)
        series = mp.hyp2f0(mp.mpf(1) / 2 - nu, mp.mpf(1) / 2 + nu, 1 / (2 * b))
        wanted = mp.log(mp.gamma(nu + 1) * (2 / b) ** nu * series / mp.sqrt(2 * mp.pi * b))
        assert abs(mp.mpf(log_lambda0(beta, d)) - b - wanted) <= mp.mpf(2) ** -52 * b


def test_log_lambda0_beyond_the_range_asked_for():
    assert log_lambda0(0.0, 5) == 0.0
    assert log_lambda0(1e-12, 3) == pytest.approx(1e-24 / 6, rel=1e-15)
    # d = 3 is elementary: lambda_0 = sinh(beta) / beta
    for beta in (5e4, 1e6, 1e8):
        assert log_lambda0(beta, 3) == pytest.approx(beta - math.log(2 * beta), rel=1e-15)
        np.testing.assert_allclose(multipliers(beta, 3, 1), [0.5 / beta, 0.5 / beta * (1 - 1 / beta)], rtol=1e-12)


@pytest.mark.parametrize("d", [2, 3, 8, 128])
@pytest.mark.parametrize("beta", [0.3, 4.0, 64.0, 2000.0])
def test_ratios_satisfy_the_recurrence_and_decrease(beta, d):
    q = ratios(beta, d, 100)
    k = np.arange(1, 100)
    np.testing.assert_allclose(q[:-2] - q[2:], (2 * k + d - 2) / beta * q[1:-1], rtol=0, atol=8.0 * EPS)
    assert q[0] == 1.0
    assert (np.diff(q[q > 0]) < 0).all()
    np.testing.assert_array_equal(q[:11], ratios(beta, d, 10))  # the degree asked for changes no bit


def test_beta_zero_is_no_special_case():
    for d in (2, 3, 2048):
        np.testing.assert_array_equal(ratios(0.0, d, 4), [1, 0, 0, 0, 0])
        np.testing.assert_array_equal(multipliers(0, d, 4), [1, 0, 0, 0, 0])
        np.testing.assert_array_equal(Exponential(0).potential(d, 3), [0, 1 / d, 0, 0])
    np.testing.assert_array_equal(Exponential(0).potential(3, 0), [0])


def test_dimensions_of_harmonics():
    np.testing.assert_array_equal(dimensions(2, 4), [1, 2, 2, 2, 2])
    np.testing.assert_array_equal(dimensions(3, 4), [1, 3, 5, 7, 9])
    np.testing.assert_array_equal(dimensions(4, 4), [1, 4, 9, 16, 25])
    for d in (5, 8, 128):
        wanted = [(2 * k + d - 2) * math.comb(k + d - 3, k - 1) / k for k in range(1, 30)]
        np.testing.assert_allclose(dimensions(d, 29)[1:], wanted, rtol=1e-14)
    assert math.isinf(dimensions(2048, 2000)[-1])


# --- the kernel --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("d", [2, 3, 128])
@pytest.mark.parametrize("beta", [1e-12, 1e-6, 0.5, 9.0, 1000.0])
def test_potential_is_q_over_beta(beta, d):
    p = Exponential(beta).potential(d, 12)
    assert p[0] == 0.0
    for k in range(1, 13):
        with mp.workdps(40):
            reference = exact(beta, d, k) / exact(beta, d, 0) / mp.mpf(beta)
        assert relative(p[k], reference) < 2e-14


def test_bandwidth_on_the_circle():
    assert [Exponential(b).bandwidth(2) for b in (1, 4, 9, 64)] == [15, 23, 31, 72]
    assert Exponential(0).bandwidth(2) == 1  # the field of beta = 0 is of degree 1
    assert Exponential(1e-12).bandwidth(3) >= 1


@pytest.mark.parametrize(("beta", "by_sum", "both"), [(1, 14, 15), (4, 22, 23), (9, 29, 31), (64, 69, 72)])
def test_bandwidth_is_the_larger_of_what_two_rules_ask_for(beta, by_sum, both):
    """As the conventions print them, counted from Bessel functions: the sum's tail, and each multiplier."""
    q = ive(np.arange(200), beta) / ive(0, beta)
    terms = np.where(np.arange(200) == 0, 1.0, 2.0) * q
    tail = np.cumsum(terms[::-1])[::-1] - terms  # beyond K
    assert int(np.argmax(tail < 1e-16 * terms.sum())) == by_sum
    assert max(by_sum, int(np.argmax(q < 1e-16))) == Exponential(beta).bandwidth(2) == both


@pytest.mark.parametrize("d", [2, 3, 8, 128])
@pytest.mark.parametrize("beta", [0.1, 4.0, 64.0, 1000.0])
def test_bandwidth_leaves_rounding_only(beta, d):
    K = Exponential(beta).bandwidth(d)
    q = ratios(beta, d, 4 * K + 50)
    shares = dimensions(d, 4 * K + 50) * q
    assert shares[K + 1 :].sum() < 1e-16 * shares.sum()
    assert q[K] < 1e-16
    # and no degree too many: one fewer fails one of the two
    assert shares[K:].sum() >= 1e-16 * shares.sum() or q[K - 1] >= 1e-16
    # the sum is the kernel's value at x = y
    assert math.log(shares.sum()) == pytest.approx(beta - log_lambda0(beta, d), rel=1e-13)


def test_log_values_of_pairs():
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal((2, 5, 3)), rng.standard_normal((2, 4, 3))
    Q, K = rng.standard_normal((6, 3)), rng.standard_normal((6, 3))
    S = rng.standard_normal((3, 3))
    cases = {
        Exponential(2.5): lambda a, b: a @ b,
        Exponential(2.5, Q, K): lambda a, b: (Q @ a) @ (K @ b),
        Exponential(2.5, S): lambda a, b: (S @ a) @ b,
        Exponential(2.5, K=S): lambda a, b: a @ (S @ b),
    }
    for kernel, pair in cases.items():
        wanted = [[[2.5 * pair(a, b) for b in y[r]] for a in x[r]] for r in range(2)]
        np.testing.assert_allclose(kernel.log(x, y), wanted, rtol=1e-13, atol=1e-13)
        assert isinstance(kernel, Kernel)
        a = geometry_sample(rng)
        s = kernel.log(a, a)
        assert s.max() <= kernel.upper() * (1 + 1e-14)
    assert Exponential(2.5).upper() == 2.5
    U = np.linalg.svd(S)
    a, b = U[0][:, 0], U[2][0]  # <S b, a> is the largest singular value
    assert Exponential(2.0, S).upper() == pytest.approx(Exponential(2.0, S).log(b[None], a[None])[0, 0], rel=1e-14)
    assert Exponential(2.0, K=S).upper() == pytest.approx(2.0 * U[1][0], rel=1e-14)
    assert Exponential(2.5).range == 5.0
    for kernel in cases:
        s = kernel.log(a := geometry_sample(rng), -a)
        assert s.max() - s.min() <= kernel.range
    assert Zonal(lambda t: 1.0 * (t > 0), "half", breaks=(0.0,)).range == math.inf


def geometry_sample(rng):
    x = rng.standard_normal((300, 3))
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def test_kernels_are_values():
    S = np.array([[1.0, 0.0], [-0.0, 2.0]])
    kernel = Exponential(2, S)
    S[0, 0] = 5.0  # the caller's array is not the kernel's
    assert kernel.Q[0, 0] == 1.0
    same = Exponential(2.0, [[1, 0], [0, 2]])
    assert kernel == same
    assert hash(kernel) == hash(same)
    assert len({Exponential(1), Exponential(1.0), Exponential(np.float64(1))}) == 1
    assert len({Exponential(1), Exponential(1, S), Exponential(1, K=S)}) == 3
    assert kernel != Exponential(2.0)
    assert Exponential(1) != 1
    assert Exponential(1).isotropic
    assert not kernel.isotropic
    for k in (Exponential(0.1), same):
        assert from_json(to_json(k)) == k
        assert pickle.loads(pickle.dumps(k)) == k
    with pytest.raises(ValueError, match="read-only"):
        kernel.Q[0, 0] = 0.0


def test_arrays_handed_out_cannot_spoil_the_cache():
    for array in (ratios(3.0, 2, 5), Exponential(3).multipliers(2, 5), Exponential(3).potential(2, 5)):
        with pytest.raises(ValueError, match="read-only"):
            array[1] = 0.0
    own = multipliers(3.0, 2, 5)
    own[:] = 0.0  # a public answer is the user's
    assert multipliers(3.0, 2, 5)[0] > 0.2


def test_refusals():
    with pytest.raises(ValueError, match=r"beta must be >= 0; got -1\.0.*sign=-1"):
        Exponential(-1)
    for wrong in (math.nan, math.inf):
        with pytest.raises(ValueError, match="beta"):
            multipliers(wrong, 2, 3)
    with pytest.raises(ValueError, match=r"beta = 1e\+15 in d = 2 needs"):
        multipliers(1e15, 2, 3)
    with pytest.raises(TypeError, match="beta"):
        Exponential("four")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"\bd\b.*>= 2"):
        multipliers(1.0, 1, 3)
    with pytest.raises(TypeError, match="degree"):
        multipliers(1.0, 2, 3.5)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="degree"):
        Exponential(1).potential(2, -1)
    with pytest.raises(ValueError, match=r"rows.*\(2, 3\).*\(4, 3\)"):
        Exponential(1, np.ones((2, 3)), np.ones((4, 3)))
    with pytest.raises(ValueError, match="square"):
        Exponential(1, np.ones((2, 3)))
    with pytest.raises(ValueError, match="K"):
        Exponential(1, K=[[1.0, math.nan], [0.0, 1.0]])
    for ask in (lambda k: k.multipliers(2, 3), lambda k: k.potential(2, 3), lambda k: k.log_lambda0(2)):
        with pytest.raises(TypeError, match="no multiplier"):
            ask(Exponential(1, np.eye(2)))


# --- zonal kernels -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("d", [2, 3, 5, 128, 2048])
def test_zonal_exponential_is_exponential(d):
    beta = 9.0
    zonal, own = Zonal(lambda t: np.exp(beta * (t - 1)), "exponential"), Exponential(beta)
    limit = (100.0 + 0.25 * d) * EPS  # of e^{beta (t - 1)}, and of the weights (1 - t^2)^{(d - 3) / 2}
    np.testing.assert_allclose(zonal.multipliers(d, 60), own.multipliers(d, 60), rtol=0, atol=limit)
    np.testing.assert_allclose(zonal.potential(d, 60), own.potential(d, 60), rtol=0, atol=limit)
    assert zonal.log_lambda0(d) + beta == pytest.approx(own.log_lambda0(d), abs=limit)
    assert isinstance(zonal, Kernel)
    assert zonal.isotropic


def test_zonal_bandwidth():
    assert 25 <= Zonal(lambda t: np.exp(9 * t), "exponential").bandwidth(3) <= 30
    for d in (2, 3, 8):
        assert Zonal(np.ones_like, "one").bandwidth(d) == 1
        # P_x M is of one degree more than Z
        assert Zonal(lambda t: 1 + t**2, "even").bandwidth(d) == 3


@pytest.mark.parametrize("d", [2, 3, 8])
@pytest.mark.parametrize("phi", [lambda t: 1.0 * (t > 0.5), lambda t: np.maximum(t - 0.5, 0.0)], ids=["jump", "kink"])
def test_what_is_not_smooth_has_no_bandwidth(phi, d):
    """Its harmonics beyond any degree count, and sums without them would be wrong."""
    with pytest.raises(ValueError, match=r"bandwidth: .*field=.direct."):
        Zonal(phi, "rough", breaks=(0.5,)).bandwidth(d)


@pytest.mark.parametrize("d", [2, 3, 8])
def test_a_break_that_was_not_named_is_noticed(d):
    with pytest.raises(ValueError, match=r"breaks="):
        Zonal(lambda t: 1.0 * (t > 0.2), "jump").multipliers(d, 6)
    with pytest.raises(ValueError, match=r"breaks="):
        Zonal(lambda t: np.maximum(t - 0.2, 0.0), "kink").potential(d, 6)


@pytest.mark.parametrize("d", [2, 3])
def test_zonal_multipliers_of_every_degree_permitted(d):
    """1 + t^2 has none beyond degree 2; 400 nodes would give those of degree 400 as 1e-7."""
    q = Zonal(lambda t: 1 + t**2, "even").multipliers(d, 400)
    assert np.abs(q[3:]).max() < 8 * 400 * EPS


def test_bounded_confidence_has_known_multipliers():
    """The indicator of t > cos(alpha): q_k = sin(k alpha) / (k alpha) on the circle, Legendre differences on S^2."""
    cut = 0.4
    alpha = math.acos(cut)
    zonal = Zonal(lambda t: np.where(t > cut, 1.0, 0.0), "krause", breaks=(cut,))
    k = np.arange(1, 41)
    np.testing.assert_allclose(zonal.multipliers(2, 40)[1:], np.sin(k * alpha) / (k * alpha), rtol=0, atol=1e-14)
    P = [float(mp.legendre(j, cut)) for j in range(42)]
    wanted = [(P[j - 1] - P[j + 1]) / (2 * j + 1) / (1 - cut) for j in range(1, 41)]
    np.testing.assert_allclose(zonal.multipliers(3, 40)[1:], wanted, rtol=0, atol=1e-14)
    assert zonal.log_lambda0(3) == pytest.approx(math.log((1 - cut) / 2), abs=1e-14)


@pytest.mark.parametrize("d", [2, 3, 6])
def test_zonal_potential_is_the_antiderivative(d):
    """phi = 1 + t^2 has Phi = t + t^3/3, whose multipliers a second Zonal computes."""
    zonal = Zonal(lambda t: 1 + t**2, "even")
    phi0 = math.exp(zonal.log_lambda0(d))
    shifted = Zonal(lambda t: 2 + t + t**3 / 3, "antiderivative")
    wanted = shifted.multipliers(d, 6) * math.exp(shifted.log_lambda0(d)) / phi0
    np.testing.assert_allclose(zonal.potential(d, 6)[1:], wanted[1:], rtol=0, atol=1e-14)


def test_zonal_log_and_refusals():
    x = np.array([[1.0, 0.0], [0.6, 0.8]])
    s = Zonal(lambda t: np.where(t > 0.7, 2.0, 0.0), "step", breaks=(0.7,)).log(x, x)
    np.testing.assert_array_equal(s, [[math.log(2), -math.inf], [-math.inf, math.log(2)]])
    # <x, x> rounds to more than 1, where this phi does not exist
    x = np.array([[1.0, 1e-8]]) * (1 + 2e-16)
    assert x @ x.T > 1
    assert Zonal(lambda t: 1 + np.sqrt(1 - t), "root").log(x, x) == 0.0
    with pytest.raises(TypeError, match="phi must be a function"):
        Zonal(3.0, "three")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="phi must map"):
        Zonal(lambda t: t, "odd").multipliers(2, 3)
    with pytest.raises(ValueError, match="positive mean"):
        Zonal(np.zeros_like, "zero").multipliers(2, 3)
    with pytest.raises(ValueError, match="breaks"):
        Zonal(np.ones_like, "one", breaks=(1.0,))
    with pytest.raises(ValueError, match="larger order"):
        Zonal(np.ones_like, "one").multipliers(2, 500)


def test_caches_are_keyed_by_value():
    room._ratios.cache_clear()
    ratios(4, 2, 7)
    ratios(np.float64(4.0), np.int64(2), np.int32(7))  # type: ignore[arg-type]
    assert room._ratios.cache_info().misses == 1
