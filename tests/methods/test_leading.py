"""Tokens that follow their leaders: ways on from ties, borders slid along, changes of lead within one step."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import meanfield as mf
import particles as pt
from meanfield.methods.leading import Leaders, Moment
from meanfield.methods.leading.game import equilibrium
from meanfield.protocols import Array, Form, Method, Status, Stop
from meanfield.runs.loop import steps
from meanfield.steppers import dop853
from validation.exact import hardmax

pytestmark = pytest.mark.rounding
ONE = np.eye(2)
THREE = np.array([[1.0, 1.0], [-1.0, 1.0], [0.0, 0.0]])
Z = np.array([(1.2, 0.1), (-0.4, 1.0), (0.3, 0.5), (-0.8, -0.6), (0.5, -0.9)])
TURN = np.array([[0.6, 0.8], [-0.8, 0.6]])


def rotation(angle: float) -> Array:
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def pulled(Q: Array = ONE, V: Array = ONE, **more: Any) -> Any:
    return mf.SA(np.inf, Q=Q, V=V, geometry="flat", **more) + mf.Linear(-V, geometry="flat")


def test_the_three_solutions_of_the_example_and_rest() -> None:
    """A, Example 9.3: to z1, to z2, to their middle (half of it, not twice); Filippov's inclusion may rest, too."""
    found = pt.branches(pulled(), THREE)
    strict = {one.leaders[0][2]: one.velocity[2] for one in found if one.strict}
    assert set(strict) == {(0,), (1,), (0, 1)}
    for leaders, velocity in strict.items():
        np.testing.assert_allclose(velocity, THREE[list(leaders)].mean(axis=0), rtol=0.0, atol=1e-14)
    assert [one.leaders[0][2] for one in found if not one.strict] == [(2,)]
    share = 1.0 - np.exp(-1.0)
    for ties, order, end in (
        ("uniform", [0, 1, 2], (0.0, 1.0)), ("first", [0, 1, 2], (1.0, 1.0)), ("first", [1, 0, 2], (-1.0, 1.0)),
    ):  # fmt: skip
        with pytest.warns(RuntimeWarning, match="token 2 .*several solutions may begin there"):
            run = pt.simulate(pulled(ties=ties), THREE[order], (0.0, 1.0), [1.0], rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(run.x[-1, 2], share * np.array(end), rtol=0.0, atol=1e-12)
        assert [(one.t, one.how) for one in run.switches] == [(0.0, "branches")]


def test_a_token_follows_of_tied_leaders_the_one_that_rises_faster_whoever_is_followed() -> None:
    """s_20 rises by 2 (p_0 - p_1) + 3 more than s_21: by 1 at least, and the other leader is no way on."""
    law = pulled() + mf.Linear([[0.0, 0.0], [3.0, 0.0]], geometry="flat")
    found = pt.branches(law, [[1.0, 1.0], [-1.0, 1.0], [0.0, 0.5]])
    assert [(one.leaders[0][2], one.strict) for one in found] == [((0,), True)]


@pytest.mark.parametrize(("V", "angle"), [(TURN, -1.2), (TURN.T, 1.2)])
def test_sliding_is_the_limit_of_layers(V: Array, angle: float) -> None:
    """Data whose leaders chatter, layer by layer: slid along, with a warning; apart by the step, and half for half."""
    with pytest.warns(RuntimeWarning, match="slides along their border"):
        run = pt.simulate(pulled(rotation(angle), V), Z, (0.0, 2.0), [2.0], rtol=1e-11, atol=1e-13)
    assert sum(one.how == "slides" for one in run.switches) >= 1
    off = [np.abs(hardmax.layers(Z, rotation(angle), ONE, V, 2.0 / n, n)[-1] - run.x[-1]).max() for n in (4000, 16000)]
    assert off[1] < 1.5e-4 and off[1] < 0.5 * off[0]


def test_a_border_that_is_slid_along_is_kept_and_left() -> None:
    """Scores stay tied to 1e-9 while shares are between 0 and 1; saved and resumed in the midst of it."""
    law = pulled(rotation(-1.2), TURN)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        run = pt.simulate(law, Z, (0.0, 2.0), np.linspace(0.0, 2.0, 21))
        again = mf.resume(pt.simulate(law, Z, (0.0, 1.15), [1.15]), 2.0)
    np.testing.assert_allclose(again.x[-1], run.x[-1], rtol=0.0, atol=1e-8)
    slid = next(one for one in run.switches if one.how == "slides")
    after = next(one.t for one in run.switches if one.t > slid.t)
    a, b = slid.leaders
    for k in np.flatnonzero((run.t > slid.t) & (run.t < after)):
        leaders = run.segments[run.owners[k]].form.leaders
        moment = Moment(law, 0.0, run.measures[k])
        s, (P, solved) = moment.s[0, slid.token], moment.shares(leaders._lead(moment))
        assert solved and abs(s[a] - s[b]) < 1e-9
        assert 0.0 < P[0, slid.token, a] < 1.0 and abs(P[0, slid.token].sum() - 1.0) < 1e-12


def test_tokens_at_one_place_are_one_candidate() -> None:
    """Doubled leaders leave no choice, and the run is that of single ones, by masses."""
    doubled = np.concatenate([Z, Z[:1]])
    assert len(pt.branches(pulled(), doubled)) == 1
    run = pt.simulate(pulled(), doubled, (0.0, 1.0), [1.0])
    np.testing.assert_allclose(run.x[-1, :5], pt.simulate(pulled(), Z, (0.0, 1.0), [1.0]).x[-1], rtol=0.0, atol=1e-9)
    assert run.switches == ()


def test_equilibria() -> None:
    """Matching pennies, a half each; stone, scissors, paper, a third; where one move is best, that one."""
    pennies = np.array([[1.0, -1.0], [-1.0, 1.0]])
    R = np.block([[np.zeros((2, 2)), pennies], [-pennies, np.zeros((2, 2))]])
    told: Any = equilibrium(R, np.zeros(4), np.array([0, 0, 1, 1]))
    np.testing.assert_allclose(told, 0.5, rtol=0.0, atol=1e-12)
    beats = np.array([[0.0, -1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 1.0, 0.0]])
    third: Any = equilibrium(beats, np.zeros(3), np.zeros(3, dtype=int))
    np.testing.assert_allclose(third, 1 / 3, rtol=0.0, atol=1e-12)
    best: Any = equilibrium(beats, np.array([0.0, 5.0, 0.0]), np.zeros(3, dtype=int))
    np.testing.assert_allclose(best, [0.0, 1.0, 0.0], rtol=0.0, atol=1e-12)


def test_tokens_that_are_pushed_to_the_origin_rest_there() -> None:
    """Scores -<z_i, z_j>: all contract; the second slides, reaches the origin, where all tie, and stays."""
    x = np.array([[1.0, 0.1], [0.2, -0.1], [-1.2, 0.3], [0.1, 1.1], [-0.2, -1.3]])
    law = mf.SA(np.inf, K=-ONE, geometry="flat") + mf.Linear(-ONE, geometry="flat")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        run = pt.simulate(law, x, (0.0, 0.3), [0.3], rtol=1e-8, atol=1e-10)
    off = np.abs(hardmax.layers(x, ONE, -ONE, ONE, 0.3 / 4000, 4000)[-1] - run.x[-1]).max()
    assert off < 2e-4 and np.linalg.norm(run.x[-1, 1]) < 1e-9


def test_many_tied_tokens_follow_best_answers() -> None:
    """Twelve tied with the one at the origin are too many to try: those that rise fastest lead; asked for, refused."""
    theta = np.linspace(0.1, 6.0, 12)
    around = np.stack([np.cos(theta), np.sin(theta)], axis=1) * np.linspace(1.0, 1.5, 12)[:, None]
    x = np.concatenate([around, np.zeros((1, 2))])
    with pytest.warns(RuntimeWarning, match="several solutions may begin there"):
        run = pt.simulate(pulled(), x, (0.0, 0.1), [0.1])
    assert run.success and np.linalg.norm(run.x[-1, -1]) > 0.01
    with pytest.raises(ValueError, match="x: too many"):
        pt.branches(pulled(), x)


def test_leaders_of_leaders() -> None:
    told = pt.leaders(pulled(), Z)
    assert [list(map(int, one)) for one in told.sets] == [[0], [1], [0], [3], [4]]
    assert told.own.tolist() == [0, 1, 3, 4]


class Dipping(Method):
    """At rest but for a clock y = t, with an event that dips below zero for a little while."""

    looks = 15

    def __init__(self, width: float) -> None:
        self.width, self.form = width, Form()

    def rhs(self, t: float, y: Array, out: Array) -> Array:
        out[...] = 1.0
        return out

    def events(self, t: float, y: Array) -> Array:
        return np.array([1.0, (float(y[0]) - 0.512) ** 2 - self.width**2])


@pytest.mark.parametrize("width", [0.2, 0.03, 1e-4])
def test_two_zeros_within_one_step_are_seen(width: float) -> None:
    """The first of them is landed on, however near the second, in a step from 0 to 1."""
    found = list(steps(Dipping(width), np.zeros(1), 0.0, [1.0], dop853(1e-9, 1e-9), h=1.0))
    landed = [step for step in found if step.event == 1]
    assert landed and abs(landed[0].t - (0.512 - width)) < 1e-12


def test_changes_without_end_are_told() -> None:
    """The 64th change at one moment ends a run."""
    moment = Moment(pulled(), 1.0, mf.Points(Z, geometry="flat"))
    begun = Leaders.begun(pulled(), 1.0, mf.Points(Z, geometry="flat"))
    with pytest.raises(Stop, match="ever faster") as told:
        Leaders(begun.pairs, (), (1.0,) * 63)._told(moment, moment.tied(), {})
    assert told.value.status is Status.UNDECIDED
