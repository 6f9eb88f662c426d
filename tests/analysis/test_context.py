"""Equiangular tokens for any number of them, and the inverse temperature at which a row's largest score prevails."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import meanfield as mf
from meanfield.analysis.context import critical_beta, equiangular
from validation.checks._tools import velocity
from validation.exact import context

pytestmark = pytest.mark.rounding


@pytest.mark.parametrize("law", [mf.SA(4.0), mf.USA(2.0, sign=-1), mf.USA(3.0, scale="relative")], ids=str)
@pytest.mark.parametrize(("n", "rho"), [(2, 0.3), (2, -0.9), (7, 0.0), (7, -1.0 / 6.0), (12, 0.95)])
def test_equiangular_tokens_are_those_of_rows(law: Any, n: int, rho: float) -> None:
    G = context.equiangular_gram(n, rho)
    values, vectors = np.linalg.eigh(G)
    x = vectors * np.sqrt(np.maximum(values, 0.0))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    a, out = context.layer(G, law.beta)
    v = velocity(law, mf.Points(x))
    got = equiangular(law, n, rho)
    size = 1.0 if law.normalised else math.exp(law.beta + law.log_factor(n))
    assert got.own == pytest.approx(a[0, 0], rel=1e-13)
    assert got.slope == pytest.approx(v[0] @ x[1] + v[1] @ x[0], rel=1e-11, abs=1e-13 * size)
    if rho > -1.0 / (n - 1):
        assert got.output == pytest.approx(out[0, 1], rel=1e-12, abs=1e-13)
        assert got.ratio == pytest.approx(math.acos(out[0, 1]) / math.acos(rho), rel=1e-10)


def test_the_simplex_goes_on_as_a_simplex() -> None:
    """At rho = -1/(n-1) the others' sum is minus the token: its outputs are tokens, and it does not move."""
    got = equiangular(mf.SA(1.0), 5, -0.25)
    assert got.output == pytest.approx(-0.25, rel=1e-12)
    assert abs(got.slope) < 1e-15
    # with equal weights their outputs are their sum, 0, which has no direction
    got = equiangular(mf.SA(0.0), 5, -0.25)
    assert got.own == pytest.approx(0.2, rel=1e-15)
    assert np.isnan([got.output, got.ratio]).all()
    # and hardly seen it is not lost in rounding
    assert equiangular(mf.SA(1e-12), 5, -0.25).output == pytest.approx(-0.25, rel=1e-3)


@pytest.mark.parametrize("log_n", [20.0, 80.0, 690.0])
def test_numbers_that_no_memory_holds(log_n: float) -> None:
    n = int(math.exp(log_n))
    for gamma in (0.3, 1.9, 2.0, 2.1, 3.0):
        beta = gamma * math.log(n)
        got = equiangular(mf.SA(beta, scale="scaled"), n, 0.5)
        assert got.own == pytest.approx(context.own_share(math.log(n - 1), beta, 0.5), rel=1e-11)
        u = np.array([math.log(2.0)])
        # u' = rho' / (1 - rho)
        assert math.log(2.0 * got.slope) == pytest.approx(-context.log_slowness(math.log(n - 1), beta)(u)[0], abs=1e-10)
        assert got.ratio == pytest.approx(context.limit_ratio(got.own, 0.5), abs=1e-4)


def test_the_critical_beta_is_where_the_largest_holds_half() -> None:
    rng = np.random.default_rng(0)
    s = rng.standard_normal((3, 5, 50))
    beta = critical_beta(s)
    assert beta.shape == (3, 5)
    a = np.exp(beta[..., None] * (s - s.max(axis=-1, keepdims=True)))
    np.testing.assert_allclose(a.max(axis=-1) / a.sum(axis=-1), 0.5, rtol=1e-12)
    assert critical_beta([2.0, 0.0, 0.0, 0.0, 0.0]) == pytest.approx(math.log(4.0) / 2.0, rel=1e-14)
    # counts, with the largest counted once; ties; one competitor of as much
    assert critical_beta([2.0, 0.0], [0.0, 800.0]) == pytest.approx(400.0, rel=1e-14)
    counted = critical_beta([1.0, 0.5, 0.2], np.log([1.0, 3.0, 8.0]))
    assert counted == pytest.approx(critical_beta([1.0] + [0.5] * 3 + [0.2] * 8), rel=1e-13)
    assert critical_beta([1.0, 1.0, 0.0]) == np.inf
    assert critical_beta([1.0, 0.0], [math.log(2.0), 0.0]) == np.inf
    assert critical_beta([1.0, 0.3]) == 0.0
    # keys that share the largest score count together, in any order
    shared = [float(critical_beta([1.0, 0.0, 1.0], np.log([a, 3.0, 1.6 - a]))) for a in (1.2, 0.4, 0.8)]
    assert shared == pytest.approx([math.log(3.0 / 0.4)] * 3, rel=1e-13)
    assert critical_beta([1.0, 0.0], np.log([1.6, 3.0])) == pytest.approx(shared[0], rel=1e-13)
    with pytest.raises(ValueError, match="less than once"):
        critical_beta([1.0, 0.0, 1.0], np.log([0.3, 3.0, 0.4]))
    # scores on many scales: gaps of 1e-9 for a few, of 1 for very many
    far = float(critical_beta([0.0, -1e-9, -1.0], [0.0, math.log(3.0), 600.0]))
    assert far == pytest.approx(math.log(3.0) / 1e-9, rel=1e-12)


def test_refusals() -> None:
    for name, call in (
        ("n: ", lambda: equiangular(mf.SA(1.0), 1, 0.0)),
        ("rho: ", lambda: equiangular(mf.SA(1.0), 3, -0.6)),
        ("rho: ", lambda: equiangular(mf.SA(1.0), 3, 1.0)),
        ("law: ", lambda: equiangular(mf.SA(1.0, V=np.eye(3)), 3, 0.0)),
        ("law: ", lambda: equiangular(mf.SA(1.0) + mf.Diffusion(0.1), 3, 0.0)),
        ("law: ", lambda: equiangular(mf.LinearAttention(), 3, 0.0)),
        ("law: ", lambda: equiangular(mf.SA(lambda t: 1.0), 3, 0.0)),
        ("law: ", lambda: equiangular(3, 3, 0.0)),  # type: ignore[arg-type]
        ("scores: ", lambda: critical_beta([1.0])),
        ("scores: ", lambda: critical_beta([1.0, np.nan])),
        ("log_counts: ", lambda: critical_beta([1.0, 0.0], [0.0, 0.0, 0.0])),
        ("log_counts: ", lambda: critical_beta([1.0, 0.0], [-1.0, 0.0])),
    ):
        with pytest.raises((ValueError, TypeError), match=f"^{name[:-2]}"):
            call()
