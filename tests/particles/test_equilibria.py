"""Classes of equilibria, read from tokens alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import meanfield as mf
import particles as pt
from validation.exact import selection

E = np.eye(3)
TURN = np.linalg.qr(np.random.default_rng(1).standard_normal((3, 3)))[0]


def _ring(m: int, n: int, shift: float = 0.0) -> Any:
    theta = 2.0 * np.pi * (np.arange(n) % m) / m + 0.3
    theta[0] += shift
    return np.stack([np.cos(theta), np.sin(theta), 0.0 * theta], axis=1) @ TURN


@pytest.mark.rounding
@pytest.mark.parametrize(
    ("x", "kind", "sizes"),
    [
        (np.tile(E[0], (4, 1)), "consensus", [4]),
        (np.array([E[0], -E[0], -E[0]]), "bipartite", [2, 1]),
        (np.array([E[0], E[1], E[1], E[0]]), "clusters", [2, 2]),
        (_ring(3, 7), "polygon", [3, 2, 2]),
        (_ring(5, 5), "polygon", [1] * 5),
        (_ring(5, 5, 0.01), "scattered", [1] * 5),
        (np.repeat(_ring(5, 5, 0.01), 2, axis=0), "clusters", [2] * 5),
        (np.array([E[0], E[1], E[2], E[2]]), "clusters", [2, 1, 1]),
        (np.concatenate([E, -E]), "scattered", [1] * 6),
    ],
)
def test_classes(x: Any, kind: str, sizes: list[int]) -> None:
    rng = np.random.default_rng(0)
    order = rng.permutation(len(x))
    got = pt.equilibrium(x[order])
    assert got.kind == kind
    assert got.sizes.tolist() == sizes
    assert got.width < 1e-7
    np.testing.assert_allclose(got.centres[got.labels], x[order], rtol=0.0, atol=1e-12)


def test_angles_runs_and_tolerance() -> None:
    assert pt.equilibrium([0.0, np.pi, 4.0 * np.pi]).kind == "bipartite"
    assert pt.equilibrium(np.array([0.0, 2.0, 4.0]) * np.pi / 3.0, angles=True).kind == "polygon"
    # as far apart as the tolerance, and not
    assert pt.equilibrium([0.0, 1e-2]).kind == "scattered"
    assert pt.equilibrium([0.0, 1e-2], tol=0.02).kind == "consensus"
    run = pt.simulate(mf.SA(1.0, sign=-1), [0.0, 1.0, 2.5, 4.0, 5.0], (0.0, 100.0), until=mf.steady(1e-9))
    got = pt.equilibrium(run)
    assert got.kind == "polygon"
    assert got.off < 1e-6


def test_refusals() -> None:
    flat = pt.simulate(mf.SA(1.0, geometry="flat"), E, (0.0, 0.1))
    for name, call in (
        ("x: got tokens", lambda: pt.equilibrium(np.stack([E, E]))),
        ("x: got tokens", lambda: pt.equilibrium(E[:1])),
        ("x: its tokens", lambda: pt.equilibrium(flat)),
        ("x", lambda: pt.equilibrium("abc")),
        ("tol", lambda: pt.equilibrium(E, tol=0.0)),
        ("angles", lambda: pt.equilibrium(flat, angles=True)),
    ):
        with pytest.raises((ValueError, TypeError), match=name):
            call()


@pytest.mark.rounding
@pytest.mark.parametrize("plus", [1, 3, 4, 5])
def test_rates_off_an_axis_are_those_of_the_written_matrix(plus: int) -> None:
    """The whole matrix l a - diag(mu), entry by entry."""
    values, n, beta = np.array([0.7, -0.4, -0.9]), 5, 0.8
    s = np.where(np.arange(n) < plus, 1.0, -1.0)
    for which, lam in enumerate(values):
        e = np.exp(beta * lam * np.outer(s, s))
        for kind, a in (("SA", e / e.sum(axis=1, keepdims=True)), ("USA", e / n)):
            mu = lam * s * (a @ s)
            rates = [np.linalg.eigvals(one * a - np.diag(mu)).real for one in np.delete(values, which)]
            got = selection.axis_rates(values, which, beta, plus, n, kind)
            np.testing.assert_allclose(got, np.sort(np.concatenate(rates)), rtol=1e-7, atol=1e-7)
    # halves: the border is where the highest rate is 0
    border = selection.halves_border(0.7, beta)
    top = selection.axis_rates([0.7, border], 0, beta, 2, 4).max()
    assert abs(top) < 1e-14
