"""Rows of B's Table 1 from tokens and times alone, of tokens that move as the theorems say and of others."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy.linalg import expm

import meanfield as mf
import particles as pt
from meanfield import geometry


def run(V: Any, leaders: Any, z: Any, end: float = 8.0, many: int = 41) -> Any:
    """Tokens that follow leaders at rest: z_i' = V (z_leader - z_i)."""
    t = np.linspace(0.0, end, many)
    at = z[leaders]
    return SimpleNamespace(t=t, x=np.array([at + (z - at) @ expm(-s * V).T for s in t]), geometry=geometry.FLAT)


@pytest.mark.parametrize(
    ("V", "row"),
    [
        (np.eye(3), "polytope"), (np.diag([1.0, 1.0, -0.5]), "polytope x subspace"),
        (np.diag([1.0, 0.5, 0.2]), "hyperplanes"), (np.diag([1.0, -0.3, -0.8]), "hyperplanes"),
        (np.array([[1.0, 0.3, 0.0], [0.0, 0.1, 0.4], [0.0, -0.4, 0.1]]), "hyperplanes"),
        (np.diag([1.0, 0.997, 0.1]), "undecided"),
        (np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.1]]), "undecided"),
        (np.array([[1.0, 2.0, 0.0], [-2.0, 1.0, 0.0], [0.0, 0.0, 0.1]]), "undecided"),
        (-np.eye(3), "undecided"), (np.diag([-1.0, -0.5, -0.2]), "undecided"),
    ],
)  # fmt: skip
def test_rows_by_the_spectrum_of_increments(V: Any, row: str) -> None:
    z = np.random.default_rng(1).standard_normal((12, 3))
    top, low = int(z[:, 0].argmax()), int(z[:, 0].argmin())
    told = pt.classify(run(V, np.where(z[:, 0] > 0.0, top, low), z))
    assert told.row == row and bool(told.why) == (row == "undecided")
    if row != "undecided":
        assert abs(told.evidence["rate"] - 1.0) <= 1e-6 and told.evidence["limits"] == 2.0
        assert told.evidence["e-foldings"] > 3.0


def test_what_is_not_enough_is_undecided() -> None:
    """Too short, too few times, too few tokens, no leader, limits inside, nobody moves: never a guess."""
    z = np.random.default_rng(2).standard_normal((12, 2))
    top = np.full(12, int(z[:, 0].argmax()))
    good = run(np.eye(2), top, z)
    assert pt.classify(good).row == "polytope"
    mean = good.x[0].mean(axis=0)
    drawn = SimpleNamespace(t=good.t, x=mean + (z - mean) * np.exp(-good.t)[:, None, None], geometry=geometry.FLAT)
    inside = np.vstack([z, [[3.0, 0.0], [-3.0, 3.0], [-3.0, -3.0], [-0.5, 0.3]]])
    leaders = np.array([12, 13, 14, 15] * 4)
    leaders[12:] = range(12, 16)
    cases = [
        run(np.eye(2), top, z, end=1.0), run(np.eye(2), top, z, many=3), run(np.eye(2), np.arange(12), z), drawn,
        run(np.eye(2), leaders, inside), run(np.eye(2), [0, 0], z[:2]),
    ]  # fmt: skip
    for one in cases:
        told = pt.classify(one)
        assert told.row == "undecided" and told.why
    short = pt.simulate(mf.SA(1.0, geometry="flat"), z, (0.0, 0.2))
    assert pt.classify(short).row == "undecided"


def test_a_run_of_the_law_itself_comes_to_the_origin() -> None:
    law = mf.SA(1.0, V=-np.eye(3), geometry="flat")
    x = np.random.default_rng(3).standard_normal((10, 3))
    told = pt.classify(pt.simulate(law, x, (0.0, 60.0), np.linspace(0.0, 60.0, 41), rtol=1e-7))
    assert told.row == "origin" and -0.55 < told.evidence["exponent"] < -0.4


def test_what_falls_otherwise_is_not_the_origin() -> None:
    t, z = np.linspace(0.0, 30.0, 61), np.random.default_rng(4).standard_normal((9, 2))
    for f in (np.exp(-t), np.exp(-0.1 * t), 1.0 / (1.0 + t), (1.0 + t) ** -0.25, 0.2 + 0.8 * np.exp(-t)):
        one = SimpleNamespace(t=t, x=f[:, None, None] * z, geometry=geometry.FLAT)
        assert pt.classify(one).row != "origin"  # type: ignore[arg-type]
    root = SimpleNamespace(t=t, x=((1.0 + 2.0 * t) ** -0.5)[:, None, None] * z, geometry=geometry.FLAT)
    assert pt.classify(root).row == "origin"  # type: ignore[arg-type]
