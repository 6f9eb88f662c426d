"""Sharp configurations against definitions, the tester against other means, the least energy against the table."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import meanfield as mf
import particles as pt

pytestmark = pytest.mark.rounding
BEST = pt.configurations
KNOWN: dict[str, tuple[Any, int, list[float], list[float], bool]] = {
    "polygon": (lambda: BEST.polygon(6), 5, [0.5, -0.5, -1.0], [2, 2, 1], True),
    "simplex": (lambda: BEST.simplex(4), 2, [-0.25], [4], True),
    "few": (lambda: BEST.simplex(5, 3), 1, [-0.5], [2], True),
    "cross-polytope": (lambda: BEST.cross_polytope(4), 3, [0.0, -1.0], [6, 1], True),
    "icosahedron": (BEST.icosahedron, 5, [5**-0.5, -(5**-0.5), -1.0], [5, 5, 1], True),
    "24-cell": (BEST.cell_24, 5, [0.5, 0.0, -0.5, -1.0], [8, 6, 8, 1], False),
    "600-cell": (
        BEST.cell_600, 11, [BEST.GOLDEN / 2, 0.5, (BEST.GOLDEN - 1) / 2, 0.0, (1 - BEST.GOLDEN) / 2, -0.5,
                            -BEST.GOLDEN / 2, -1.0], [12, 20, 12, 30, 12, 20, 12, 1], False,
    ),
    "E8": (BEST.roots_e8, 7, [0.5, 0.0, -0.5, -1.0], [56, 126, 56, 1], True),
}  # fmt: skip
LEAST = {
    (4, 3): (0.6084844700225516233296, 1.730904420234106855886, 112.5449067886178833269),
    (6, 3): (0.5905134391358739630797, 1.22117636816735360955, 75.06559306467766754064),
    (12, 3): (0.587622476879868081551, 0.8892208050510475089304, 38.81043142637385542687),
    (5, 4): (0.5833484960744664708341, 1.401741694945750209112, 90.03895027192923850063),
    (5, 3): (0.599327039658, 1.42919696571, 90.0604824398),
}
"""n, d -> E at beta = 1, 4, 9; the last, which is no sharp configuration, to 12 digits."""


@pytest.mark.parametrize("name", KNOWN)
def test_constructions_are_what_they_are_called(name: str) -> None:
    made, strength, products, counts, sharp = KNOWN[name]
    x = made()
    assert np.abs(np.linalg.norm(x, axis=1) - 1.0).max() < 1e-15
    told = BEST.design(x)
    assert told.strength == strength and told.sharp == sharp
    assert np.abs(told.products - products).max() < 1e-14 and told.counts.tolist() == counts
    # another definition: the means of <x, u>^k are the sphere's for k <= t, for every u, and not for t + 1
    d = x.shape[1]
    u = pt.uniform(5, d, rng=1)
    sphere = 1.0
    for k in range(1, strength + 2):
        if k % 2 == 0:
            sphere *= (k - 1.0) / (d + k - 2.0)
        off = np.abs(((x @ u.T) ** k).mean(axis=0) - (sphere if k % 2 == 0 else 0.0)).max()
        assert off < 1e-14 if k <= strength else off > 1e-5


def test_any_points_are_tested() -> None:
    told = BEST.design([0.0, 1.0, 2.5])
    assert told.strength == 0 and np.allclose(told.products, np.cos([1.0, 1.5, 2.5])) and not told.sharp
    assert abs(told.moments[1] - abs(np.exp(1j * np.array([0.0, 1.0, 2.5])).mean()) ** 2) < 1e-15
    assert BEST.design(BEST.cross_polytope(3)[:2]).strength == 1  # two poles


@pytest.mark.parametrize(("n", "d"), LEAST)
def test_the_least_energies_of_the_table(n: int, d: int) -> None:
    for beta, E in zip((1.0, 4.0, 9.0), LEAST[n, d], strict=True):
        found = BEST.least(mf.SA(beta), n, d, starts=2, rng=0)
        assert abs(found.energy / E - 1.0) < (2e-14 if d != 3 or n != 5 else 5e-12)
        assert found.starts == 2 and found.arrived >= 1 and found.x.shape == (n, d)
        assert abs(float(mf.Points(found.x).energy(mf.SA(beta))) - found.energy) < 1e-13 * found.energy


@pytest.mark.parametrize("beta", [0.25, 1.0, 9.0])
def test_shaken_configurations_come_back_where_nearly_nothing_drives_them(beta: float) -> None:
    x = BEST.icosahedron() + 0.1 * np.random.default_rng(0).standard_normal((12, 3))
    law = mf.USA(beta, scale="relative")
    back = BEST.least(law, 12, 3, x0=x / np.linalg.norm(x, axis=1, keepdims=True))
    assert abs(back.energy / float(mf.Points(BEST.icosahedron()).energy(law)) - 1.0) < 1e-14
    assert np.abs(BEST.design(back.x, tol=1e-5).products - [5**-0.5, -(5**-0.5), -1.0]).max() < 1e-5


@pytest.mark.parametrize("beta", [25.0, 400.0])
def test_points_find_each_other_beneath_what_each_has_with_itself(beta: float) -> None:
    """At beta = 25 the simplex of S^8 holds 8e-12 of E among its points, at 400 e^{-444}: it is found from anywhere."""
    for start in (0, 1):
        found = BEST.least(mf.SA(beta), 10, 9, starts=2, rng=start)
        g = (found.x @ found.x.T)[np.triu_indices(10, 1)]
        assert np.abs(g + 1.0 / 9.0).max() < 1e-9


def test_one_point_has_nowhere_to_go() -> None:
    assert BEST.least(mf.SA(20.0), 1, 3, starts=2).energy == pytest.approx(np.exp(20.0) / 40.0, rel=1e-13)


def test_what_is_refused() -> None:
    for call, told in (
        (lambda: BEST.simplex(3, 5), "n"), (lambda: BEST.polygon(1), "n"), (lambda: BEST.cross_polytope(1), "d"),
        (lambda: BEST.design([[1.0, 0.0]]), "x: got shape"), (lambda: BEST.design(np.eye(3), tol=0.0), "tol"),
        (lambda: BEST.least(mf.SA(0.0), 4, 3), "manifold"), (lambda: BEST.least(mf.SA(1.0), 4, 3, starts=0), "starts"),
        (lambda: BEST.least(mf.SA(1.0, V=np.eye(3)), 4, 3), "law"),
        (lambda: BEST.least(mf.SA(1.0), 4, 3, x0=np.eye(3)), "x0: got shape"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=told):
            call()
