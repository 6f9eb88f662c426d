"""What clusters do to each other in log time: pulls against the printed velocities, and mergers that are not missed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
from scipy.integrate import quad

import meanfield as mf
import particles as pt
from meanfield import geometry
from meanfield.geometry import ANGLES, ROWS
from meanfield.methods.late import closest, pull_of, pulls, started
from meanfield.protocols import Array
from validation.exact import double_loop

pytestmark = pytest.mark.rounding

KINDS: dict[str, Any] = {"SA": mf.SA, "USA": mf.USA}
both = pytest.mark.parametrize("kind", KINDS)
needs_numba = pytest.mark.skipif(find_spec("numba") is None, reason="needs the extra fast")


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
    a, toward = pulls(pull_of(law, d), x, np.log(w), ROWS)
    v = np.einsum("ij,ijd->id", np.exp(a), toward)
    np.testing.assert_allclose(v, double_loop.velocity(kind, x, 3.0, weights=w), rtol=0.0, atol=1e-13 * np.abs(v).max())
    if d == 2:
        a, toward = pulls(pull_of(law, 2), geometry.to_angles(x), np.log(w), ANGLES)
        along = np.sum(v * geometry.quarter_turn(x), axis=-1)
        np.testing.assert_allclose((np.exp(a) * toward).sum(axis=1), along, rtol=0.0, atol=1e-13 * np.abs(v).max())


@pytest.mark.parametrize("gap", [1e-7, 1.0, math.pi - 1e-7])
def test_no_digits_are_lost_near_each_other_or_near_antipodes(gap: float) -> None:
    """The pull across a gap known in many digits, against sin of it; beta (1 - cos) likewise."""
    x = np.array([[1.0, 0.0, 0.0], [math.cos(gap), math.sin(gap), 0.0]])
    a, toward = pulls(pull_of(mf.USA(1.0, scale="scaled"), 3), x, np.zeros(2), ROWS)
    assert toward[0, 1, 1] == pytest.approx(math.sin(gap), rel=1e-9, abs=0.0) and abs(toward[0, 1, 0]) < 3e-16
    assert math.sqrt(-2.0 * a[0, 1]) == pytest.approx(2.0 * math.sin(0.5 * gap), rel=1e-8, abs=0.0)
    assert closest(x, ROWS)[0] == pytest.approx(gap, rel=1e-8, abs=0.0)


def test_antipodes_do_not_pull_at_all() -> None:
    x = pt.uniform(40, 3, 4)
    x = np.stack([x, -x], axis=1)
    for two in x:
        _, toward = pulls(pull_of(mf.SA(4.0), 3), two, np.log([0.5, 0.5]), ROWS)
        assert not toward[0, 1].any() and not toward[1, 0].any()


# --- mergers ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("d", [2, 3])
def test_a_merger_that_a_step_ran_over_is_taken_again_in_a_smaller_one(d: int) -> None:
    gap, log_end = 1e-3, 20.0
    x, w = pair(2.0, d), np.array([0.5, 0.5])
    law = mf.SA(4.0)
    method, y = started(law, pull_of(law, d), x, w, np.arange(2), (-math.inf, log_end), gap, ANGLES if d == 2 else ROWS)
    over = method.form.state(float(y[0]) + 1.0, pair(0.5 * gap, d))
    change = method.review(0.0, y, 1.0, over)
    assert change is not None and change.t == 0.0 and change.h == 0.5 and change.method is method
    landed = method.review(0.0, y, 1.0, method.form.state(float(y[0]) + 1.0, pair(gap, d)))
    assert landed is not None and landed.t == 1.0 and len(landed.method.form.merges) == 1


# --- whose pulls ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Doubled(mf.SA):
    """Has all that SA has, and moves twice as fast."""
    autonomous = True

    def velocity(self, t: float, x: Array | None, mu: Any) -> Any:
        return 2.0 * super().velocity(t, x, mu)


@dataclass(frozen=True)
class Seen(mf.USA):
    """Has all that USA has, and divides."""
    autonomous = True

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


def closing(law: Any, gap: float) -> float:
    """1 / gap' of two equal tokens: gap' = -2 sin(gap) e^{beta cos gap} / (e^beta + e^{beta cos gap}), or over 2."""
    pull = np.exp(law.beta * np.cos(gap))
    return float((np.exp(law.beta) + pull if law.normalised else 2.0) / (-2.0 * pull * np.sin(gap)))


def time_to_close(law: Any, gap: float, start: float = 1.6) -> float:
    return float(quad(lambda g: closing(law, g), start, gap, epsabs=0.0, epsrel=1e-12)[0])


@pytest.mark.parametrize("law", [mf.SA(40.0), mf.SA(50.0), mf.USA(40.0)], ids=str)
@pytest.mark.parametrize("d", [2, 3, 8])
def test_rows_far_apart_attract_each_other(law: Any, d: int) -> None:
    """A token's pull on itself is e^beta large, and its rounding more than what another token's is 1.6 away."""
    x = np.pad(geometry.to_rows(np.array([0.0, 1.6])), ((0, 0), (0, d - 2)))
    run = pt.simulate(law, x, (0.0, time_to_close(law, 1.0)))
    gap = 2.0 * np.arcsin(0.5 * np.linalg.norm(run.states[-1][0] - run.states[-1][1]))
    assert time_to_close(law, float(gap)) == pytest.approx(run.t[-1], rel=1e-6)


@pytest.mark.parametrize("field", ["direct", pytest.param("compiled", marks=needs_numba)])
@pytest.mark.parametrize("idle", [0, 300])
@pytest.mark.parametrize("d", [2, 3])
def test_velocities_of_rows_far_apart(field: str, idle: int, d: int) -> None:
    """Both sums, by pairs and (beside tokens without mass) row by row."""
    x = np.vstack([np.pad(geometry.to_rows(np.array([0.0, 1.6])), ((0, 0), (0, d - 2))), pt.uniform(300, d, 1)[:idle]])
    mu = mf.Points(x, weights=np.repeat([0.5, 0.0], [2, idle]), field=field)
    for law in (mf.SA(50.0), mf.USA(50.0)):
        speed = np.linalg.norm(law.velocity(0.0, None, mu)[:2], axis=-1)
        np.testing.assert_allclose(speed, -0.5 / closing(law, 1.6), rtol=1e-12)


def test_their_dissipation_is_that_of_the_pair() -> None:
    x = np.pad(geometry.to_rows(np.array([0.0, 1.6])), ((0, 0), (0, 1)))
    speed = 0.5 * np.exp(50.0 * np.cos(1.6)) * np.sin(1.6)
    told = mf.USA(50.0).quantities(0.0, mf.Points(x))["dissipation"]
    assert told == pytest.approx(speed**2, rel=1e-12)


@both
@pytest.mark.parametrize("before", [1e-3, 1e-6, 1e-9])
def test_the_end_is_found_in_the_instants_before_a_merger(before: float, kind: str) -> None:
    """There log t all but stands still, and a little of it is a long way for the tokens."""
    law, theta = KINDS[kind](40.0), np.array([0.0, 1.6])
    for x in (theta, np.pad(geometry.to_rows(theta), ((0, 0), (0, 1)))):
        merger = pt.longtime(law, x, log_t_end=80.0).merges[0].log_t
        run = pt.longtime(law, x, log_t_end=merger - before)
        assert run.log_t[-1] == pytest.approx(merger - before, abs=1e-13) and run.counts[-1] == 2
        gap = closest(run.centres[-1], run.geometry)[0]
        # log t of the merger is known to 1e-11, its rtol times a few
        left = -np.exp(merger) * np.expm1(-before)
        assert time_to_close(law, 1e-3, gap) == pytest.approx(left, rel=1e-8 + 1e-10 / before)
