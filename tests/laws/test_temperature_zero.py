"""Attention at temperature zero: velocities, printed rows, matrix exponentials, and what it refuses."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import meanfield as mf
import particles as pt
from meanfield.protocols import Array
from validation.exact import changed, hardmax

pytestmark = pytest.mark.rounding
Z = np.array([(1.2, 0.1), (-0.4, 1.0), (0.3, 0.5), (-0.8, -0.6), (0.5, -0.9)])
ONE = np.eye(2)
TURNED = np.array([[1.0, 0.5], [-0.5, 0.7]])
TIGHT: dict[str, Any] = {"rtol": 1e-12, "atol": 1e-14}


def rotation(angle: float) -> Array:
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


CASES = {
    "a": (ONE, ONE, ONE),
    "b": (np.array([[1.0, 0.3], [0.0, 0.8]]), np.array([[0.9, 0.0], [0.2, 1.1]]), TURNED),
    "c": (rotation(1.2), ONE, TURNED),
    "d": (rotation(-1.2), ONE, ONE),
}
LAST = {
    "a": [1.2, 0.1, -0.4, 1.0, 1.0781982450870, 0.15413411329465, -0.8, -0.6, 0.5, -0.9],
    "b": [1.2, 0.1, -0.4, 1.0, 1.0845827074676, 0.020427124019725, -0.8, -0.6, 0.5, -0.9],
    "c": [
        -0.43887304493808, 0.62377136712067, 0.19378096899379, -0.63210163345159, -0.48492321491058,
        -0.061318101606956, 0.75584420015544, -0.21562304278627, 0.27660575722482, 0.61134560800208,
    ],
    "d": [
        0.10252207455355, -0.31941390393657, 0.26749609929570, -0.12862832096389, 0.34691721632773,
        -0.19497306235358, 0.13701833621575, -0.051918020608080, -0.11350311766256, -0.30075205261571,
    ],
}  # fmt: skip
SWITCHES = {
    "a": [], "b": [], "c": [(0.6872691939715, 0, 2)],
    "d": [(1.169648876484, 4, 4), (1.266135780166, 3, 2), (1.745528656374, 3, 0), (1.92911205829, 2, 4)],
}  # fmt: skip


def pulled(beta: float, Q: Array, K: Array, V: Array, **more: Any) -> Any:
    """A (9.4), and at beta = inf (9.5)."""
    return mf.SA(beta, Q=Q, K=K, V=V, geometry="flat", **more) + mf.Linear(-V, geometry="flat")


@pytest.mark.parametrize("case", CASES)
def test_printed_rows_and_matrix_exponentials(case: str) -> None:
    """z(2) to 1e-11, leaders change when they should to 1e-11; by matrix exponentials z(1), too."""
    Q, K, V = CASES[case]
    run = pt.simulate(pulled(np.inf, Q, K, V), Z, (0.0, 2.0), [1.0, 2.0], **TIGHT)
    np.testing.assert_allclose(run.x[-1].ravel(), LAST[case], rtol=0.0, atol=1e-11)
    exact, switches = hardmax.run(Z, Q, K, V, [1.0, 2.0])
    np.testing.assert_allclose(run.x, exact, rtol=0.0, atol=1e-11)
    told = [(one.t, one.token, one.leaders[0]) for one in run.switches]
    for wanted in (SWITCHES[case], switches):
        assert [(token, leader) for _, token, leader in told] == [(token, leader) for _, token, leader in wanted]
        np.testing.assert_allclose([t for t, *_ in told], [t for t, *_ in wanted], rtol=0.0, atol=1e-11)
    assert all(one.how == "crosses" and len(one.leaders) == 1 for one in run.switches)


def test_velocities_are_the_loop_s() -> None:
    """Of rows on the sphere, of angles, in R^d; weights, replicas, matrices, a graph; the first of a tie."""
    rng = np.random.default_rng(1)
    places: Any = ((2, "sphere"), (3, "sphere"), (3, "flat"))
    for d, where in places:
        x = rng.standard_normal((2, 9, d))
        x = x / np.linalg.norm(x, axis=-1, keepdims=True) if where == "sphere" else x
        Q, K, V = rng.standard_normal((3, d, d))
        w = rng.dirichlet(np.ones(9))
        law = mf.SA(np.inf, sign=-1, Q=Q, K=K, V=V, geometry=where)
        mu = mf.Points(x, weights=w, geometry=where)
        for r in range(2):
            mean = changed.hardmax(x[r], Q, K, weights=w)[1]
            np.testing.assert_allclose(law.velocity(0.0, mu.x, mu)[r], -mean @ V.T, rtol=0.0, atol=1e-13)
    A = np.tril(np.ones((9, 9)))
    mean = changed.hardmax(x[0], Q, K, mask=A)[1]
    masked = mf.Causal(mf.SA(np.inf, Q=Q, K=K, V=V, geometry="flat"))
    mu = mf.Points(x[0], geometry="flat")
    np.testing.assert_allclose(masked.velocity(0.0, mu.x, mu), mean @ V.T, rtol=0.0, atol=1e-13)
    corners = np.array([[1.0, 1.0], [-1.0, 1.0], [0.0, 0.0]])
    mu = mf.Points(corners, weights=[1.0, 3.0, 4.0], geometry="flat")
    rules: Any = (("uniform", [-0.25, 0.5]), ("first", [1.0, 1.0]))
    for ties, wanted in rules:
        law = mf.SA(np.inf, ties=ties, geometry="flat")
        np.testing.assert_allclose(law.velocity(0.0, mu.x, mu)[2], wanted, rtol=0.0, atol=1e-15)
        v = law.velocity(0.0, None, mf.Points(corners, geometry="flat"))
        np.testing.assert_allclose(pt.attention(law, corners) @ corners, v, rtol=0.0, atol=1e-15)


def test_on_the_sphere_a_run_is_the_finite_one_s_limit() -> None:
    """The circle by angles and by rows, under a rotation of queries: at beta = 1e4 no further than 2e-3."""
    theta = np.array([0.3, 1.1, 2.4, 4.0])
    Q = rotation(0.7)
    hard, soft = mf.SA(np.inf, Q=Q, V=TURNED), mf.SA(1e4, Q=Q, V=TURNED, scale="scaled")
    run = pt.simulate(hard, theta, (0.0, 1.0), [1.0])
    rows = pt.simulate(hard, np.stack([np.cos(theta), np.sin(theta)], axis=-1), (0.0, 1.0), [1.0])
    np.testing.assert_allclose(np.sin(run.theta[-1]), rows.x[-1][:, 1], rtol=0.0, atol=1e-8)
    near = pt.simulate(soft, theta, (0.0, 1.0), [1.0], rtol=1e-7)
    assert 0 < len(run.switches) == len(rows.switches)
    np.testing.assert_allclose(run.theta[-1], near.theta[-1], rtol=0.0, atol=2e-3)


def test_at_rest_where_all_lead_themselves() -> None:
    """Without matrices on the sphere nobody sees another; nothing moves, and nothing is told of energies."""
    x = pt.uniform(6, 3, rng=0)
    run = pt.simulate(mf.SA(np.inf), x, (0.0, 1.0), [1.0])
    np.testing.assert_allclose(run.x[-1], x, rtol=0.0, atol=1e-15)
    law = mf.SA(np.inf)
    assert law.quantities(0.0, mf.Points(x)) == {} and law.rises == () and law.gradient == 0 and not law.isotropic
    with pytest.raises((ValueError, TypeError, AttributeError, KeyError), match="energy"):
        _ = run.energy


def test_saved_resumed_and_equal(tmp_path: Any) -> None:
    Q, K, V = CASES["d"]
    law = pulled(np.inf, Q, K, V)
    assert law == pulled(np.inf, Q, K, V) != pulled(np.inf, Q, K, V, ties="first")
    whole = pt.simulate(law, Z, (0.0, 2.0), [1.0, 2.0])
    half = pt.simulate(law, Z, (0.0, 1.2), [1.0, 1.2])
    half.save(tmp_path / "half.nc")
    again = mf.resume(mf.load(tmp_path / "half.nc"), 2.0)
    assert [one.leaders for one in again.switches] == [one.leaders for one in whole.switches]
    np.testing.assert_allclose(again.x[-1], whole.x[-1], rtol=0.0, atol=1e-9)
    assert str(mf.SA(np.inf, ties="first")) == 'SA(beta=inf, ties="first")'


def test_two_replicas_and_two_heads() -> None:
    """Each replica is the run of its own; two equal heads are one twice as fast."""
    Q, K, V = CASES["c"]
    law = pulled(np.inf, Q, K, V)
    both = pt.simulate(law, np.stack([Z, Z[::-1]]), (0.0, 1.0), [1.0], **TIGHT)
    one = pt.simulate(law, Z, (0.0, 1.0), [1.0], **TIGHT)
    for row, order in ((0, slice(None)), (1, slice(None, None, -1))):
        np.testing.assert_allclose(both.x[-1, row], one.x[-1][order], rtol=0.0, atol=1e-11)
    assert sorted((s.replica, s.token) for s in both.switches) == [(0, 0), (1, 4)]
    heads = pt.simulate(law + law, Z, (0.0, 0.5), [0.5], **TIGHT)
    np.testing.assert_allclose(heads.x[-1], one.x[-1], rtol=0.0, atol=1e-11)


RHO = mf.perturbed_uniform(mf.Circle(32), {1: 0.3})
any_text: Any = "last"


@pytest.mark.parametrize(
    ("tried", "what"),
    [
        (lambda: mf.SA(np.inf, ties=any_text), "ties"),
        (lambda: mf.SA(2.0, ties="first"), "ties: .*beta = inf"),
        (lambda: mf.SA(2.0, tie=1e-9), "tie: .*beta = inf"),
        (lambda: mf.SA(np.inf, tie=0.3), "tie must"),
        (lambda: mf.USA(np.inf), r"beta: .*mf\.SA\(np\.inf\)"),
        (lambda: mf.SA(-np.inf), "beta must"),
        (lambda: mf.SA(np.inf, scale="relative"), "scale: "),
        (lambda: mf.SA(np.inf, Q=lambda t: ONE), "Q: at beta = inf"),
        (lambda: mf.solve(mf.SA(np.inf), RHO, (0.0, 1.0)), "law: .*a density has none"),
        (lambda: mf.solve(mf.SA(np.inf), RHO, (0.0, 1.0), method="lagrangian"), "law: .*a density has none"),
        (lambda: mf.solve(mf.SA(np.inf, ties="first"), RHO, (0.0, 1.0)), "law: "),
        (lambda: mf.growth_rates(mf.SA(np.inf), 2, 4), "law: "),
        (lambda: mf.predict(mf.SA(np.inf), RHO), "law: "),
        (lambda: pt.longtime(mf.SA(np.inf), [0.0, 1.0], log_t_end=2.0), "law: "),
        (lambda: pt.simulate(mf.SA(np.inf), [0.0, 1.0], (0.0, 1.0), merge_tol=1e-6), "merge_tol: "),
        (lambda: pt.simulate(mf.SA(np.inf), [0.0, 1.0], (0.0, 1.0), field="harmonic"), "field|harmonic"),
        (
            lambda: pt.simulate(mf.SA(np.inf) + mf.Linear(ONE), [0.0, 1.0], (0.0, 1.0), method="lie", step=0.1),
            "method: ",
        ),
        (lambda: mf.Frozen(mf.SA(np.inf), [0.0]), "law: .*finite beta"),
        (lambda: mf.Activated(mf.SA(np.inf), ONE), "law: .*finite beta"),
        (lambda: mf.Normalised(mf.SA(np.inf), "pre"), "law: .*finite beta"),
        (lambda: mf.SA(np.inf, Q=np.eye(3)).velocity(0.0, None, mf.Points([0.0, 1.0])), "Q: got shape"),
        (lambda: pt.simulate(mf.SA(np.inf, V=np.eye(3)), [0.0, 1.0], (0.0, 1.0)), "V: got shape"),
        (lambda: pt.leaders(mf.SA(2.0), [0.0, 1.0]), "law: .*leaders"),
        (lambda: pt.leaders(mf.SA(np.inf) + mf.SA(np.inf), [0.0, 1.0]), "law: .*2 heads"),
        (lambda: pt.branches(mf.SA(np.inf), np.tile(np.eye(3), (2, 1, 1))), "x: got replicas"),
    ],
)
def test_who_is_refused(tried: Callable[[], Any], what: str) -> None:
    with warnings.catch_warnings(), pytest.raises((ValueError, TypeError), match=what):
        warnings.simplefilter("error")
        tried()
