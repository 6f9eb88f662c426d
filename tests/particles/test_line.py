"""Tokens of the line: logarithms of attention, which way each runs, and the one that stays (B, section 7)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import meanfield as mf
import particles as pt
from particles import line as stays_room
from validation.exact import line

pytestmark = pytest.mark.rounding

LAW = mf.SA(1.0, geometry="flat")
FOUR = np.array([-1.0, -0.2, 0.5, 1.2])[:, None]
LATER = np.array([-9.53964989863831826, -7.14428443008299720, 11.5700109048291289, 12.5898075092452518])[:, None]
"""Where FOUR are at t = 2.5, in arbitrary precision."""


# --- logarithms of attention -------------------------------------------------------------------------------


def test_logarithms_of_attention_are_those_of_the_loop_where_it_underflows() -> None:
    log_P = pt.attention(LAW, LATER, log=True)
    others = pt.log_others(log_P)
    exact = [[line.log_others(LATER, i, j) for j in range(4)] for i in range(4)]
    # a score is known to eps of itself, and a logarithm to the difference of two
    room = 16.0 * np.finfo(float).eps * np.abs(LATER @ LATER.T).max()
    assert np.abs(others - exact).max() < room
    told = [-22.8509479494246, -17.1131722583278, -11.7990653454058, -12.8390456032383]
    assert np.abs(others[range(4), [0, 0, 3, 3]] - told).max() < room
    assert np.abs(np.exp(log_P) - pt.attention(LAW, LATER)).max() < 1e-13
    assert log_P.min() < -270.0
    far = pt.attention(LAW, 1e4 * LATER, log=True)
    assert np.isfinite(far).all() and far.min() < -1e10 and pt.attention(LAW, 1e4 * LATER).min() == 0.0


@pytest.mark.rounding
def test_logarithms_of_every_kind_of_attention_are_logarithms() -> None:
    x = pt.uniform(6, 3, rng=0)
    rng = np.random.default_rng(0)
    Q, K, V = rng.standard_normal((3, 3, 3))
    for law in (
        mf.SA(2.0), mf.SA(2.0, Q=Q, K=K, V=V), mf.USA(2.0, scale="scaled"), mf.Sinkhorn(2.0), mf.Causal(mf.SA(2.0)),
        mf.Masked(mf.SA(2.0), np.eye(6) + 1.0), mf.SA(np.inf), mf.Rotary(mf.SA(2.0), frequencies=[1.0]),
    ):  # fmt: skip
        P = pt.attention(law, x)
        np.testing.assert_allclose(np.exp(pt.attention(law, x, log=True)), P, rtol=1e-12, atol=1e-15)
        if not isinstance(law, mf.USA):
            with np.errstate(divide="ignore"):
                one = np.log(1.0 - P)
            others = pt.log_others(pt.attention(law, x, log=True))
            # where P is 1, 1 - P by subtraction is rounding
            assert np.all((np.abs(np.exp(others) - np.exp(one)) < 1e-14) | (P > 1.0 - 1e-14))


@pytest.mark.parametrize(
    ("law", "error"),
    [
        (mf.LinearAttention(np.eye(3)), TypeError),
        (mf.SA(1.0) + mf.SA(2.0), TypeError),
        (mf.Frozen(mf.SA(1.0), np.eye(3)), ValueError),
        (mf.Activated(mf.SA(1.0), np.eye(3)), TypeError),
    ],
)
def test_laws_without_such_a_matrix_have_no_logarithm_of_it(law: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="law"):
        pt.attention(law, np.eye(3), log=True)


@pytest.mark.parametrize("log_P", [np.zeros(3), np.zeros((3, 3)), np.full((2, 2), np.nan), [[0.0, "a"]], None])
def test_what_is_no_logarithm_of_shares_is_refused(log_P: Any) -> None:
    with pytest.raises((ValueError, TypeError), match="log_P"):
        pt.log_others(log_P)


# --- which way tokens run ----------------------------------------------------------------------------------


@pytest.mark.rounding
def test_where_tokens_are_sure_to_leave() -> None:
    for n in (1, 2, 10, 10**6):
        A = pt.escape(n)
        assert abs(A**2 * np.exp(A**2) / n**2 - 1.0) < 1e-12
    # what is said to leave does, whatever the others: the bound of Lemma 7.3 is its velocity's
    rng = np.random.default_rng(3)
    for _ in range(50):
        x = np.sort(rng.standard_normal(5)) * rng.choice([0.3, 1.0, 3.0])
        ends = pt.ends(LAW, x[:, None])
        v = line.velocity(x)
        assert np.all(v[ends.right] > 0.0) and np.all(v[ends.left] < 0.0)


def test_the_limit_of_attention_is_that_of_a_run() -> None:
    assert pt.ends(LAW, FOUR).rank is None
    assert np.isnan(pt.ends(LAW, FOUR).P[pt.ends(LAW, FOUR).open]).all()
    ends = pt.ends(LAW, LATER)
    assert (ends.left.tolist(), ends.right.tolist(), ends.open.tolist(), ends.rank) == ([0, 1], [2, 3], [], 2)
    assert np.abs(ends.P - pt.attention(LAW, LATER)).max() < 1e-4
    np.testing.assert_array_equal(ends.pace, 1.0)
    order = [2, 0, 3, 1]
    np.testing.assert_array_equal(pt.ends(LAW, LATER[order]).P, ends.P[np.ix_(order, order)])
    one_way = pt.ends(LAW, LATER + 20.0)
    assert one_way.rank == 1 and one_way.left.size == 0


def test_matrices_and_beta_are_a_change_of_units() -> None:
    law = mf.SA(2.0, Q=[[1.5]], K=[[0.7]], V=[[0.5]], geometry="flat")
    x = LATER / np.sqrt(2.1)
    ends, plain = pt.ends(law, x), pt.ends(LAW, LATER)
    np.testing.assert_array_equal(ends.P, plain.P)
    np.testing.assert_array_equal(ends.pace, 0.5)
    assert pt.ends(mf.SA(1.0, sign=-1, V=[[-2.0]], geometry="flat"), LATER).pace.tolist() == [2.0] * 4
    # alone on its side: the next score is of the other side, twice as fast
    assert pt.ends(LAW, LATER[[0, 1, 3]]).pace.tolist() == [1.0, 1.0, 2.0]


@pytest.mark.parametrize(
    ("law", "x", "word"),
    [
        (mf.SA(1.0), FOUR, "law"),
        (mf.USA(1.0, geometry="flat"), FOUR, "law"),
        (mf.SA(np.inf, geometry="flat"), FOUR, "law"),
        (mf.SA(0.0, geometry="flat"), FOUR, "law"),
        (mf.SA(lambda t: 1.0, geometry="flat"), FOUR, "law"),
        (mf.SA(1.0, sign=-1, geometry="flat"), FOUR, "law"),
        (mf.SA(1.0, Q=[[-1.0]], geometry="flat"), FOUR, "law"),
        (mf.Causal(LAW), FOUR, "law"),
        (LAW, np.eye(2), "x"),
        (LAW, FOUR[:, 0], "x"),
        (LAW, FOUR[:1], "x"),
        (LAW, [[1.0], [1.0]], "x"),
        (LAW, FOUR[None], "x"),
    ],
)
def test_other_laws_and_other_tokens_are_refused(law: Any, x: Any, word: str) -> None:
    with pytest.raises((ValueError, TypeError), match=rf"^{word}"):
        pt.ends(law, x)
    with pytest.raises((ValueError, TypeError), match=rf"^{word}"):
        pt.stays(law, x, 0)


# --- the one that stays ------------------------------------------------------------------------------------


def test_the_token_that_stays_is_that_of_the_flow_back_in_time() -> None:
    gamma = [-0.8, -0.8, 1.1]
    y = line.branch(gamma, [0.0, 0.7, 0.0], [0.0, 4.0])
    order = [0, 3, 1, 2]
    x = y[0][order][:, None]
    x[1] += 0.2
    found = pt.stays(LAW, x, 1)
    assert abs(found.x[1, 0] - y[0, 3]) < 1e-9
    np.testing.assert_array_equal(np.delete(found.x, 1), np.delete(x, 1))
    np.testing.assert_allclose(found.gamma, [-0.8, 0.0, -0.8, 1.1], rtol=1e-9)
    assert abs(found.theta - line.root(gamma)) < 1e-8
    e = np.exp(found.theta * found.gamma)
    np.testing.assert_allclose(found.row, e / e.sum(), rtol=1e-12)


def test_the_first_or_the_last_token_that_stays_sees_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stays_room, "RESOLVED", 1e-3)  # the last digits take most of the time
    found = pt.stays(LAW, [[-1.0], [1.0]], 1)
    assert 0.5 < found.x[1, 0] < 0.52 and found.theta == np.inf and found.row.tolist() == [0.0, 1.0]


def test_a_token_that_runs_the_same_way_from_wherever_is_told() -> None:
    with pytest.raises(ValueError, match=r"index: token 1 runs to \+infinity"):
        pt.stays(LAW, [[3.0], [3.5], [4.0]], 1)
    with pytest.raises(ValueError, match="index"):
        pt.stays(LAW, FOUR, 4)


def test_two_tokens_of_the_plane_part_by_what_a_quadrature_tells() -> None:
    for eps in (1.5, 0.7):
        x = pt.simulate(LAW, [[1.0, eps], [1.0, -eps]], (0.0, 5.0), [5.0], rtol=1e-11).x[-1]
        assert abs(x[0, 1] * np.exp(-5.0) / line.pair_limit(eps) - 1.0) < 1e-8
    with pytest.raises(ValueError, match="eps"):
        line.pair_limit(0.0)
    with pytest.raises(ValueError, match="gamma"):
        line.root([1.0, 2.0])
