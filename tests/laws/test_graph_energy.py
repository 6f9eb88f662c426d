"""The energy of a symmetric graph, which laws on it climb; and of no other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse

import meanfield as mf
import particles as pt
from meanfield import geometry
from meanfield.protocols import Array

pytestmark = pytest.mark.rounding
N = 9


def graph(symmetric: bool = True) -> Array:
    """A weighted graph in which some do not see each other."""
    rng = np.random.default_rng(3)
    A = rng.uniform(0.2, 2.0, (N, N)) * (rng.random((N, N)) < 0.6)
    return np.asarray((A + A.T if symmetric else A) + np.eye(N))


def by_loop(A: Array, x: Array, w: Array, beta: float) -> float:
    """(1 / 2 beta) sum w_i w_j A_ij e^{beta <x_i, x_j>}; at beta = 0 with <x_i, x_j> in its place."""
    total = 0.0
    for i in range(N):
        for j in range(N):
            t = float(x[i] @ x[j])
            total += w[i] * w[j] * A[i, j] * (np.exp(beta * t) / beta if beta else t)
    return 0.5 * total


M = np.diag([1.0, 0.5, -0.3])
LAWS = {
    "SA": (mf.SA(2.0), 1), "repulsive": (mf.SA(2.0, sign=-1), -1), "USA": (mf.USA(2.0), 1), "beta = 0": (mf.SA(0.0), 1),
    "sum": (mf.USA(2.0) + mf.USA(0.5), 1), "matrices": (mf.SA(1.0, Q=M, V=M), 1),
}  # fmt: skip


@pytest.mark.parametrize("per_row", [True, False])
@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("name", list(LAWS))
def test_its_rate_is_that_of_the_flow(name: str, sparse: bool, per_row: bool) -> None:
    """By central differences of the energy along the velocity; and of what is declared."""
    inner, sense = LAWS[name]
    A: Any = scipy.sparse.csr_array(graph()) if sparse else graph()
    law, rng = mf.Masked(inner, A, per_row), np.random.default_rng(4)
    x, w = pt.uniform(N, 3, rng), rng.uniform(0.5, 1.5, N)
    mu = mf.Points(x, w)
    assert (law.rises, law.falls) == ((("energy",), ()) if sense > 0 else ((), ("energy",)))
    v = geometry.project(x, law.velocity(0.0, mu.x, mu))
    ends = [mf.Points(geometry.retract(x + h * v), w).energy(law) for h in (1e-4, -1e-4)]
    told = law.quantities(0.0, mu)
    assert told["dissipation"] == pytest.approx((ends[0] - ends[1]) / 2e-4, rel=1e-6)
    assert sense * told["dissipation"] > 0.0


@pytest.mark.parametrize("beta", [0.0, 3.0])
def test_it_is_the_double_sum_over_edges(beta: float) -> None:
    rng = np.random.default_rng(5)
    x, w = pt.uniform(2 * N, 3, rng).reshape(2, N, 3), rng.uniform(0.5, 1.5, N)
    w /= w.sum()
    for A in (graph(), scipy.sparse.csr_array(graph())):
        E = mf.Points(x, w).energy(mf.Masked(mf.SA(beta), A))
        np.testing.assert_allclose(E, [by_loop(graph(), one, w, beta) for one in x], rtol=1e-13)
    assert mf.Points(x[0], w).energy(mf.Masked(mf.USA(3.0), np.ones((N, N)))) == pytest.approx(
        mf.Points(x[0], w).energy(mf.USA(3.0)), rel=1e-13
    )


def test_it_never_falls_along_a_run_and_is_what_the_run_dissipates() -> None:
    law = mf.Masked(mf.SA(4.0), graph())
    run = pt.simulate(law, pt.uniform(N, 3, rng=6), (0.0, 5.0), rtol=1e-10, atol=1e-12)
    assert np.diff(run.energy).min() > -1e-14 * np.abs(run.energy).max()
    late = run.t > 0.5
    np.testing.assert_allclose((run.energy - run.energy[0])[late], run.dissipated[late], rtol=1e-7, atol=0.0)


@pytest.mark.parametrize("inner", [mf.SA(1.0), mf.USA(1.0)])
def test_a_graph_that_is_not_symmetric_has_none(inner: mf.Law) -> None:
    """Nor one of laws that climb none, nor the past, nor sums of flows in different metrics."""
    x = pt.uniform(N, 3, rng=7)
    others = [mf.Masked(inner, graph(False)), mf.Masked(inner + mf.Linear(np.eye(3)), graph()), mf.Causal(inner)]
    for law in (*others, mf.Masked(mf.SA(1.0) + mf.SA(2.0), graph())):
        assert law.rises == law.falls == () and not law.quantities(0.0, mf.Points(x))
        with pytest.raises(ValueError, match="has no energy"):
            mf.Points(x).energy(law)
