"""Runs from the uniform density, and from one near it, under laws that move it: as cheap as from any other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import meanfield as mf

pytestmark = pytest.mark.rounding

A = np.array([[0.3, 1.0], [0.0, -0.2]])
MOVING = {
    "matrices": mf.SA(2.0, Q=np.array([[1.0, 0.5], [0.0, 1.0]])),
    "fixed points": mf.Frozen(mf.SA(2.0), [0.0], 0.5, per_token=False),
    "a layer": mf.SA(2.0) + mf.FeedForward(W=np.eye(2), A=A, b=[0.1, 0.0]),
}


@pytest.mark.parametrize("name", MOVING)
def test_the_uniform_density_is_left_in_few_steps(name: str) -> None:
    """atol was 1e-26 there, below the rounding of the sums: steps of 1e-12 and no end, without a word."""
    spent = [0]

    def many(t: float, mu: Any) -> bool:
        spent[0] += 1
        return spent[0] >= 200

    sol = mf.solve(MOVING[name], mf.uniform(mf.Circle(64)), (0.0, 0.5), observe=many, t_eval=[0.5])
    assert sol.status is mf.Status.REACHED_END and spent[0] < 100
    finer = mf.solve(MOVING[name], mf.uniform(mf.Circle(64)), (0.0, 0.5), atol=1e-14, t_eval=[0.5])
    np.testing.assert_allclose(sol(0.5).moments(8), finer(0.5).moments(8), rtol=0.0, atol=1e-11)


def test_a_linear_map_makes_an_angular_gaussian_of_it() -> None:
    """rho = (det S)^{-1/2} / <x, S^{-1} x>, S = e^{tA} e^{tA}^T: exact, to 1e-10; and near the uniform density."""
    t, lam, mu = 0.7, 0.3, -0.2
    F = np.array([[np.exp(lam * t), (np.exp(lam * t) - np.exp(mu * t)) / (lam - mu)], [0.0, np.exp(mu * t)]])
    S = F @ F.T
    for begin in (mf.uniform(mf.Circle(64)), mf.perturbed_uniform(mf.Circle(64), {1: 1e-13})):
        rho = mf.solve(mf.Linear(A), begin, (0.0, t), t_eval=[t], max_seconds=20.0)(t)
        right = 1.0 / np.sqrt(np.linalg.det(S)) / np.einsum("ni,ij,nj->n", rho.x, np.linalg.inv(S), rho.x)
        np.testing.assert_allclose(rho.values, right, rtol=0.0, atol=1e-10)
