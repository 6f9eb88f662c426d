"""Graphs, dense and sparse; and that nobody is moved by who comes later, to the last bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import sparse

import meanfield as mf
import particles as pt
from meanfield import geometry
from meanfield.protocols import Array
from meanfield.steppers.runge_kutta import RUN
from meanfield.tools.settings import from_json, to_json

pytestmark = pytest.mark.rounding
EPS = float(np.finfo(float).eps)


def some(n: int, share: float = 0.2) -> Array:
    """Weights of a graph in which everybody sees itself."""
    rng = np.random.default_rng(n)
    return np.where(rng.random((n, n)) < share, rng.random((n, n)), 0.0) + np.eye(n)


def loop(law: Any, x: Array, A: Array, w: Array, per_row: bool, V: Array) -> Array:
    """P sum_j A_ij w_j e_ij V x_j by its own normalisation, one token after another."""
    out = []
    for i in range(len(x)):
        seen = A[i] * w * np.exp(law.beta * (x @ x[i]))
        below = seen.sum() if law.normalised else (A[i] * w).sum() if per_row else 1.0
        v = (seen[:, None] * (x @ V.T)).sum(axis=0) / below
        out.append(v - (v @ x[i]) * x[i])
    return np.array(out)


@pytest.mark.parametrize("per_row", [True, False])
@pytest.mark.parametrize("kind", ["SA", "USA"])
@pytest.mark.parametrize("general", [False, True])
def test_dense_and_sparse_graphs_are_the_loop_over_neighbours(kind: str, per_row: bool, general: bool) -> None:
    """As replicas, with weights, rows and angles."""
    n, d = 70, 2
    rng = np.random.default_rng(3)
    A, w = some(n), rng.dirichlet(np.ones(n))
    V = rng.standard_normal((d, d)) if general else np.eye(d)
    given: dict[str, Any] = {"V": V} if general else {}
    law, theta = getattr(mf, kind)(3.0, **given), pt.uniform_angles(n, 1)
    x = geometry.to_rows(theta)
    printed = loop(law, x, A, w, per_row, V)
    along = np.sum(printed * geometry.quarter_turn(x), axis=-1)
    limit = 64.0 * EPS * np.abs(printed).max()
    for B in (A, sparse.csr_array(A), sparse.coo_matrix(A)):
        graph = mf.Masked(law, B, per_row)
        rows, angles = mf.Points(np.stack([x, x]), weights=np.stack([w, w])), mf.Points(theta, weights=w)
        v = graph.velocity(0.0, None if law.isotropic else rows.x, rows)
        np.testing.assert_allclose(geometry.project(rows.x, v), np.stack([printed, printed]), rtol=0.0, atol=limit)
        v = graph.velocity(0.0, None if law.isotropic else angles.x, angles)
        ours = v[:, 0] if law.isotropic else np.sum(v * geometry.quarter_turn(angles.x), axis=-1)
        np.testing.assert_allclose(ours, along, rtol=0.0, atol=limit)


@pytest.mark.parametrize("law", [mf.SA(3.0), mf.USA(1.0), mf.SA(2.0, V=np.diag([1.0, -0.5, 0.2]))], ids=str)
def test_a_graph_of_ones_is_no_graph_and_its_lower_triangle_is_the_past(law: Any) -> None:
    x = pt.uniform(40, 3, 0)
    ends = [
        pt.simulate(one, x, (0.0, 1.0), [1.0], rtol=1e-11).x[-1]
        for one in (law, mf.Masked(law, np.ones((40, 40))), mf.Masked(law, sparse.csr_array(np.ones((40, 40)))),
                    mf.Causal(law), mf.Masked(law, np.tri(40, dtype=bool)))
    ]  # fmt: skip
    for pair in ((0, 1), (0, 2), (3, 4)):
        np.testing.assert_allclose(ends[pair[0]], ends[pair[1]], rtol=0.0, atol=1e-9)
    assert np.abs(ends[0] - ends[3]).max() > 1e-2


@pytest.mark.parametrize("beta", [1.0, 64.0, 1e4])
def test_edges_at_large_beta_and_any_weights(beta: float) -> None:
    """Against all pairs with the graph as a mask, which sums otherwise."""
    x, A = pt.uniform(60, 3, 5), some(60)
    A[np.arange(59), np.arange(1, 60)] = 1.0
    for w in (np.full(60, 1.0 / 60.0), np.exp(-np.linspace(0.0, 600.0, 60))):
        mu = mf.Points(x, weights=w)
        for V in (None, np.diag([1.0, 2.0, 3.0])):
            one, two = (mu.masked(B).read(mf.Exponential(beta), None, "ZM", V) for B in (A, sparse.csr_array(A)))
            apart = one.M / one.Z - two.M / two.Z
            assert np.abs(apart).max() <= 16.0 * (8.0 + min(beta, 400.0)) * EPS


def asked(x: Array, B: Any, kernel: Any, want: str) -> Any:
    mu = mf.Points(x).masked(B, per_row=False)
    return mu.read(kernel, mu.x, want)


def test_edges_of_other_kernels_and_where_none_are_seen() -> None:
    x = pt.uniform(20, 3, 5)
    A = some(20)
    kernel = mf.Zonal(np.exp, "exp")
    for k, want in ((kernel, "ZM"), (mf.Exponential(2.0), "Z"), (mf.Exponential(2.0), "ZML")):
        one, two = (asked(x, B, k, want) for B in (A, sparse.csr_array(A)))
        for letter in want:
            p, q = (getattr(r, letter) for r in (one, two))
            factor = np.exp(two.log - one.log)[..., 0] if letter == "L" else np.exp(two.log - one.log)
            np.testing.assert_allclose(q * factor, p, rtol=0.0, atol=1e-13 * np.abs(p).max())
    hard = mf.Exponential(np.inf, np.eye(3), np.eye(3), tie=1e-12)
    one, two = (asked(x, B, hard, "ZM") for B in (A, sparse.csr_array(A)))
    np.testing.assert_array_equal(one.M, two.M)
    A[4] = 0.0
    one, two = (asked(x, B, mf.Exponential(2.0), "M") for B in (A, sparse.csr_array(A)))
    np.testing.assert_allclose(two.M * np.exp(two.log - one.log), one.M, rtol=0.0, atol=1e-13 * np.abs(one.M).max())
    assert (one.M[4] == 0.0).all() and (two.M[4] == 0.0).all()


def test_many_edges_are_summed_in_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    x, A = pt.uniform(50, 3, 5), sparse.csr_array(some(50))
    law = mf.Masked(mf.SA(2.0), A)
    whole = law.velocity(0.0, None, mf.Points(x)).copy()
    monkeypatch.setattr("meanfield.sums.edges.BLOCK", 90)
    np.testing.assert_allclose(law.velocity(0.0, None, mf.Points(x)), whole, rtol=0.0, atol=1e-14)


def test_a_ring_with_noise_and_a_feed_forward_term_runs_and_is_read_back(tmp_path: Path) -> None:
    ring = sparse.csr_array(np.eye(9) + np.roll(np.eye(9), 1, axis=1))
    law = mf.Masked(mf.SA(1.0) + mf.SA(2.0, V=np.diag([1.0, 0.5, 0.2])), ring) + mf.Diffusion(0.1)
    run = pt.simulate(law, pt.uniform(9, 3, 0), (0.0, 0.1), method="heun", step=0.01, rng=0)
    run.save(tmp_path / "run.nc")
    again = pt.load(tmp_path / "run.nc").law
    assert again == law and hash(again) == hash(law) and "A (9, 9)" in str(law)
    assert mf.Masked(mf.SA(1.0), ring) != mf.Masked(mf.SA(1.0), 2.0 * ring)
    twice = sparse.coo_array(([1.0, 1.0, 0.0, 2.0], ([0, 0, 0, 1], [0, 0, 1, 1])), shape=(2, 2))
    assert mf.Masked(mf.SA(1.0), twice) == mf.Masked(mf.SA(1.0), sparse.csr_array(2.0 * np.eye(2)))


# --- who comes later ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["rk4", "euler"])
@pytest.mark.parametrize("d", [2, 3, 40])
@pytest.mark.parametrize("general", [False, True])
def test_with_fixed_steps_the_first_tokens_have_the_same_bits_whoever_comes_later(
    method: Any, d: int, general: bool
) -> None:
    x, rng = pt.uniform(600, d, 1), np.random.default_rng(0)
    Q, K, V = rng.standard_normal((3, d, d)) / np.sqrt(d)
    for law in [mf.SA(4.0, Q=Q, K=K, V=V)] if general else [mf.USA(0.5), mf.SA(500.0)]:
        among = pt.simulate(mf.Causal(law), x, (0.0, 0.2), [0.05, 0.2], method=method, step=0.1)
        for n in (1, 2, 5, 17, 100, 257, 513):
            alone = pt.simulate(mf.Causal(law), x[:n], (0.0, 0.2), [0.05, 0.2], method=method, step=0.1)
            np.testing.assert_array_equal(alone.x, among.x[:, :n])


def test_so_have_angles_and_replicas_and_frozen_tokens_beside_them() -> None:
    theta = pt.uniform_angles(300, 2).reshape(2, 150)
    for law in (mf.Causal(mf.SA(9.0)), mf.Frozen(mf.Causal(mf.SA(9.0)), [0.3, 2.0], [1.0, 0.5])):
        among = pt.simulate(law, theta, (0.0, 0.3), [0.3], angles=True, method="rk4", step=0.1).x[-1]
        for n in (1, 3, 20, 129):
            alone = pt.simulate(law, theta[:, :n], (0.0, 0.3), [0.3], angles=True, method="rk4", step=0.1).x[-1]
            np.testing.assert_array_equal(alone, among[:, :n])


def test_a_step_s_bits_do_not_depend_on_how_long_its_rows_are() -> None:
    rng = np.random.default_rng(0)
    A, w = rng.standard_normal((13, 5000)), rng.standard_normal(13)
    for n in range(RUN, 2000, RUN):
        np.testing.assert_array_equal(w @ np.ascontiguousarray(A[:, :n]), (w @ A)[:n])


def test_with_adaptive_steps_they_are_the_same_to_the_tolerance() -> None:
    x, law = pt.uniform(200, 3, 4), mf.Causal(mf.SA(9.0))
    alone, among = (pt.simulate(law, y, (0.0, 3.0), [3.0], rtol=1e-10, atol=1e-12).x[-1] for y in (x[:8], x))
    np.testing.assert_allclose(alone, among[:8], rtol=0.0, atol=1e-7)


# --- refusals ----------------------------------------------------------------------------------------------


def test_refusals() -> None:
    law, one = mf.SA(4.0), np.eye(4)
    cases: list[tuple[Array, str]] = [
        (np.ones((3, 4)), "wanted"), (-one, "wanted weights >= 0"), (np.full((4, 4), np.nan), "finite"),
        (np.diag([1.0, 1.0, 0.0, 1.0]), "row 2 is all zero"),
    ]  # fmt: skip
    for A, word in cases:
        for B in (A, sparse.csr_array(A)):
            with pytest.raises(ValueError, match=f"A: .*{word}|A.*{word}"):
                mf.Masked(law, B)
    with pytest.raises(TypeError, match="A"):
        mf.Masked(law, "graph")
    with pytest.raises(TypeError, match="per_row"):
        mf.Masked(law, one, per_row=1)  # type: ignore[arg-type]
    graphs: list[Any] = [one, sparse.csr_array(one)]
    for graph in graphs:
        with pytest.raises(ValueError, match=r"A: got shape \(4, 4\), wanted \(5, 5\)"):
            pt.simulate(mf.Masked(law, graph), pt.uniform(5, 3, 0).reshape(1, 5, 3), (0.0, 1.0))
        with pytest.raises(ValueError, match="by their index"):
            mf.solve(mf.Masked(law, graph), mf.Circle(32).density(lambda q: 1 + 0.3 * np.cos(q)), (0.0, 1.0))
        with pytest.raises(ValueError, match="merge_tol"):
            pt.simulate(mf.Masked(law, graph), [0.0, 1.0, 2.0, 3.0], (0.0, 1.0), merge_tol=1e-6)
        for masked in (mf.Causal(law), mf.Causal(law) + law, mf.Masked(law, graph), mf.Frozen(mf.Causal(law), [0.0])):
            with pytest.raises(ValueError, match="has a mask already"):
                mf.Masked(masked, graph)
            with pytest.raises(ValueError, match=r"numpy\.tril"):
                mf.Causal(masked)


def test_a_large_dense_graph_is_held_by_its_edges_or_said_to_be_unsavable() -> None:
    n = 1100
    ring = np.eye(n) + np.roll(np.eye(n), 1, axis=1)
    law = mf.Masked(mf.SA(1.0), ring)
    assert not isinstance(law.A, np.ndarray) and law.A.shape == (n, n)
    assert from_json(to_json(law)) == law
    with pytest.warns(RuntimeWarning, match="cannot be saved"):
        full = mf.Masked(mf.SA(1.0), np.ones((n, n)))
    assert isinstance(full.A, np.ndarray)


def test_sparse_weights_are_read_as_they_are_meant() -> None:
    """Small integers that stand twice do not wrap; complex weights and other shapes are refused."""
    at = (np.array([0, 0, 1, 2, 3]), np.array([0, 0, 1, 2, 3]))
    A = sparse.coo_array((np.array([200, 200, 1, 1, 1], dtype=np.uint8), at), shape=(4, 4))
    law = mf.Masked(mf.USA(0.0), A, per_row=False)
    assert pt.attention(law, pt.uniform(4, 3, rng=0))[0, 0] * 4.0 == pytest.approx(400.0)
    with pytest.raises(TypeError, match="complex"):
        mf.Masked(mf.USA(0.0), sparse.csr_array([[1 + 5j, 2j], [0, 1]]))
    with pytest.raises(ValueError, match="wanted \\(n, n\\)"):
        mf.Masked(mf.SA(0.0), sparse.coo_array(np.ones((2, 2, 2))))
