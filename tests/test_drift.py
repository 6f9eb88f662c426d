"""What clusters do to each other in log time: pulls against the printed velocities, and mergers that are not missed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import meanfield as mf
import particles as pt
from meanfield import geometry
from meanfield.protocols import Array
from particles.drift import closest, pull_of, pulls, started
from validation.exact import double_loop

pytestmark = pytest.mark.rounding

KINDS: dict[str, Any] = {"SA": mf.SA, "USA": mf.USA}
both = pytest.mark.parametrize("kind", KINDS)


def pair(alpha: float, d: int) -> Array:
    """Two points alpha apart: angles, or rows."""
    theta = np.array([0.3, 0.3 + alpha])
    return theta if d == 2 else np.pad(geometry.to_rows(theta), ((0, 0), (0, d - 2)))


# --- what pulls ----------------------------------------------------------------------------------------------


@both
@pytest.mark.parametrize("d", [2, 4])
def test_pulls_are_the_printed_velocities(kind: str, d: int) -> None:
    x = pt.uniform(7, d, 3)
    w = np.random.default_rng(3).dirichlet(np.ones(7))
    law = KINDS[kind](3.0)
    a, toward = pulls(pull_of(law, d), x, np.log(w), False)
    v = np.einsum("ij,ijd->id", np.exp(a), toward)
    np.testing.assert_allclose(v, double_loop.velocity(kind, x, 3.0, weights=w), rtol=0.0, atol=1e-13 * np.abs(v).max())
    if d == 2:
        a, toward = pulls(pull_of(law, 2), geometry.to_angles(x), np.log(w), True)
        along = np.sum(v * geometry.quarter_turn(x), axis=-1)
        np.testing.assert_allclose((np.exp(a) * toward).sum(axis=1), along, rtol=0.0, atol=1e-13 * np.abs(v).max())


@pytest.mark.parametrize("gap", [1e-7, 1.0, math.pi - 1e-7])
def test_no_digits_are_lost_near_each_other_or_near_antipodes(gap: float) -> None:
    """The pull across a gap known in many digits, against sin of it; beta (1 - cos) likewise."""
    x = np.array([[1.0, 0.0, 0.0], [math.cos(gap), math.sin(gap), 0.0]])
    a, toward = pulls(pull_of(mf.USA(1.0, scale="scaled"), 3), x, np.zeros(2), False)
    assert toward[0, 1, 1] == pytest.approx(math.sin(gap), rel=1e-9, abs=0.0) and abs(toward[0, 1, 0]) < 3e-16
    assert math.sqrt(-2.0 * a[0, 1]) == pytest.approx(2.0 * math.sin(0.5 * gap), rel=1e-8, abs=0.0)
    assert closest(x, False)[0] == pytest.approx(gap, rel=1e-8, abs=0.0)


def test_antipodes_do_not_pull_at_all() -> None:
    x = pt.uniform(40, 3, 4)
    x = np.stack([x, -x], axis=1)
    for two in x:
        _, toward = pulls(pull_of(mf.SA(4.0), 3), two, np.log([0.5, 0.5]), False)
        assert not toward[0, 1].any() and not toward[1, 0].any()


# --- mergers ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("d", [2, 3])
def test_a_merger_that_a_step_ran_over_is_taken_again_in_a_smaller_one(d: int) -> None:
    gap, log_end = 1e-3, 20.0
    x, w = pair(2.0, d), np.array([0.5, 0.5])
    law = mf.SA(4.0)
    method, y = started(law, pull_of(law, d), x, w, np.arange(2), (-math.inf, log_end), gap, d == 2)
    over = method.template.state(float(y[0]) + 1.0, pair(0.5 * gap, d))
    change = method.review(0.0, y, 1.0, over)
    assert change is not None and change.t == 0.0 and change.h == 0.5 and change.method is method
    landed = method.review(0.0, y, 1.0, method.template.state(float(y[0]) + 1.0, pair(gap, d)))
    assert landed is not None and landed.t == 1.0 and len(landed.method.template.merges) == 1


# --- whose pulls ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Doubled(mf.SA):
    """Has all that SA has, and moves twice as fast."""

    def velocity(self, t: float, x: Array | None, mu: Any) -> Any:
        return 2.0 * super().velocity(t, x, mu)


@dataclass(frozen=True)
class Seen(mf.USA):
    """Has all that USA has, and divides."""

    def velocity(self, t: float, x: Array | None, mu: Any) -> Any:
        return mf.SA(self.beta).velocity(t, x, mu)


def test_a_law_that_moves_otherwise_is_refused() -> None:
    """Its beta and sign were read, and it was followed as if it were SA."""
    for law in (Doubled(4.0), Seen(4.0)):
        with pytest.raises(ValueError, match="law: got"):
            pt.longtime(law, [0.0, 3.0], log_t_end=9.0)


@both
@pytest.mark.parametrize("d", [2, 3, 100])
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("scale", ["natural", "scaled", "relative"])
@pytest.mark.parametrize("beta", [0.0, 1.0, 350.0, 1e4, 1e12])
def test_our_own_laws_are_followed(beta: float, scale: str, sign: int, d: int, kind: str) -> None:
    if scale == "natural" and beta > 700.0:
        return
    law = KINDS[kind](beta, sign=sign, scale=scale)
    assert pull_of(law, d).beta == beta


@pytest.mark.parametrize(("law", "end"), [(mf.SA(40.0), 9.5e15), (mf.SA(50.0), 1e22), (mf.USA(40.0), 0.0804)])
@pytest.mark.parametrize("d", [2, 3, 8])
def test_rows_that_rounding_holds_are_told(law: Any, end: float, d: int) -> None:
    """Two tokens 1.6 apart come to 1.0 by then, or merge; as rows they may not move at all."""
    x = np.pad(geometry.to_rows(np.array([0.0, 1.6])), ((0, 0), (0, d - 2)))
    with pytest.warns(pt.RoundingDrift, match=r"x0.*pt\.longtime"):
        pt.simulate(law, x, (0.0, end), method="rk4", step=end)
    pt.simulate(law, x, (0.0, 1e-12 * end))
    if d == 2:
        pt.simulate(law, [0.0, 1.6], (0.0, end), method="rk4", step=end)
