"""Tokens that act and do not move: C, Theorem 5.2, by values of 34 digits; beside a density; what changes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import meanfield as mf
import particles as pt

pytestmark = pytest.mark.rounding
THETA, A, PHI = (0.0, 1.5, -2.0), (1.0, 2.0, 1.5), [0.22, -0.3, 1.18, -1.72]
TIMES = [1.0, 2.0, 5.0, 10.0]
MOVED = [
    [0.176710254093022938, -0.281546200853412476, 1.20761078324015893, -1.75720231044716099],
    [0.128247392653663385, -0.256105165614709914, 1.25025148564113826, -1.81055106445261305],
    [0.0330379093384481051, -0.0852142146702179193, 1.43864495206794229, -1.95737874200959455],
    [0.00273599559670218160, -0.000182260463627951265, 1.49776479670802262, -1.99785256792983990],
]


@pytest.mark.parametrize("inside", [True, False])
def test_four_tokens_and_three_that_do_not_move(inside: bool, tmp_path: Path) -> None:
    """The order of mask and frozen tokens does not matter: these are seen through every mask."""
    law: Any = mf.Frozen(mf.Causal(mf.SA(64.0)), THETA, A)
    law = mf.Causal(mf.Frozen(mf.SA(64.0), THETA, A)) if inside else law
    run = pt.simulate(law, PHI, (0.0, 10.0), TIMES, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(run.theta, MOVED, rtol=0.0, atol=1e-10)
    run.save(tmp_path / "run.nc")
    assert pt.load(tmp_path / "run.nc").law == law and "3 points" in str(law)


@pytest.mark.parametrize("law", [mf.SA(4.0), mf.USA(1.0), mf.Causal(mf.SA(4.0)), mf.SA(2.0, V=np.diag([1, 0.5, -1]))])
def test_frozen_weight_0_changes_nothing(law: Any) -> None:
    x = pt.uniform(12, 3, 0)
    frozen = mf.Frozen(law, np.eye(3), 0.0)
    plain, beside = (pt.simulate(one, x, (0.0, 2.0), [2.0], rtol=1e-11, atol=1e-13).x[-1] for one in (law, frozen))
    np.testing.assert_allclose(beside, plain, rtol=0.0, atol=1e-9)


def test_a_frozen_token_is_a_token_that_does_not_move() -> None:
    """The others go as beside one more token, at the moment; and rows are angles."""
    theta, extra = pt.uniform_angles(9, 3), 0.7
    more, few = mf.Points(np.append(theta, extra)), mf.Points(theta)
    for law, share in ((mf.SA(3.0), 1.0), (mf.USA(1.0), 10.0 / 9.0)):
        v = law.velocity(0.0, None, more)[:9, 0] * share
        rows = mf.Frozen(law, [extra]).velocity(0.0, None, few)
        along = np.sum(rows * np.stack([-np.sin(theta), np.cos(theta)], axis=-1), axis=-1)
        np.testing.assert_allclose(along, v, rtol=0.0, atol=1e-14)
    one, two = mf.Frozen(mf.SA(3.0), [extra]), mf.Frozen(mf.SA(3.0), [[np.cos(extra), np.sin(extra)]])
    np.testing.assert_array_equal(one.velocity(0.0, None, few), two.velocity(0.0, None, few))


@pytest.mark.parametrize("kind", ["SA", "USA"])
def test_beside_a_density_they_are_masses(kind: str) -> None:
    """Spectral, Lagrangian, and 2000 points."""
    law = mf.Frozen(getattr(mf, kind)(2.0), [0.3, 3.0], [0.2, 0.1], per_token=False)
    rho = mf.Circle(64).density(lambda q: 1.0 + 0.3 * np.cos(q) + 0.2 * np.sin(2.0 * q))
    methods: tuple[Any, ...] = ("spectral", "lagrangian")
    one, two = (mf.solve(law, rho, (0.0, 0.5), t_eval=[0.5], method=m).measures[-1].moments(4) for m in methods)
    np.testing.assert_allclose(one, two, rtol=0.0, atol=1e-10)
    points = mf.Points(pt.simulate(law, rho.quantize(2000), (0.0, 0.5), [0.5]).theta[-1])
    np.testing.assert_allclose(points.moments(4), one, rtol=0.0, atol=1e-8)
    with pytest.raises(ValueError, match=r"number.*per_token=False"):  # a token's mass is 1/n of the others'
        mf.solve(mf.Frozen(mf.SA(2.0), [0.3]), rho, (0.0, 0.5))


def test_in_space_too() -> None:
    z = np.array([[1.2, 0.1], [-0.4, 1.0], [0.3, 0.5]])
    law = mf.Frozen(mf.SA(1.0, geometry="flat"), [[3.0, 0.0]], 2.0)
    v = law.velocity(0.0, z, mf.Points(z, geometry="flat"))
    e = np.exp(z @ np.vstack([z, [[3.0, 0.0]]]).T) * np.array([1.0, 1.0, 1.0, 2.0])
    np.testing.assert_allclose(v, e @ np.vstack([z, [[3.0, 0.0]]]) / e.sum(axis=1, keepdims=True), rtol=1e-13)


def test_refusals() -> None:
    law = mf.SA(4.0)
    for points, weights, word in (
        ([0.0, 1.0], -1.0, "weights: got -1"), ([0.0, 1.0], [1.0, np.nan], "weights"), ([0.0, 1.0], [1.0], "weights"),
        ([0.0, np.inf], 1.0, "points"), (np.ones((2, 3)), 1.0, "points"), (np.eye(3)[None], 1.0, "points: got shape"),
        ([], 1.0, "points"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=word):
            mf.Frozen(law, points, weights)
    with pytest.raises(TypeError, match="law"):
        mf.Frozen("SA", [0.0])
    with pytest.raises(TypeError, match="per_token"):
        mf.Frozen(law, [0.0], per_token=2)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"points: those that do not move are of R\^2"):
        pt.simulate(mf.Frozen(law, [0.0]), pt.uniform(4, 3, 0), (0.0, 1.0))
