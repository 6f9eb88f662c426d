"""What was a bare error, or a remedy that failed, and what is told in words now."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

import meanfield as mf
import particles as pt
from meanfield.protocols import Stepped, Stepper


@pytest.mark.rounding
@pytest.mark.parametrize("masked", [False, True])
def test_linear_attention_sees_tokens_that_do_not_move(masked: bool) -> None:
    """Seen: `second_moment: Mixture tells none`.  X = sum_j <x, y_j> y_j / n over all that is seen."""
    x, y, a = pt.uniform(4, 3, rng=0), pt.uniform(2, 3, rng=1), np.array([0.5, 2.0])
    inner = mf.Causal(mf.LinearAttention()) if masked else mf.LinearAttention()
    v = np.asarray(mf.Frozen(inner, y, a).velocity(0.0, None, mf.Points(x)))
    for i in range(4):
        seen = x[: i + 1] if masked else x
        rows, weights = np.concatenate([seen, y]), np.concatenate([np.ones(len(seen)), a]) / len(seen)
        slow = sum(w * (x[i] @ r) * r for w, r in zip(weights, rows, strict=True))
        np.testing.assert_allclose(v[i], slow, rtol=0.0, atol=1e-13)
    both = mf.Points(x).also(y, a)
    wanted = np.einsum("k,ki,kj->ij", both.weights, both.x, both.x)
    np.testing.assert_allclose(both.second_moment, wanted, rtol=0.0, atol=1e-14)


def test_what_has_no_star_and_no_square_matrix_is_told() -> None:
    for law in (mf.Kuramoto(0.5), mf.Coupling(np.sin, 0.5)):
        with pytest.raises(TypeError, match=r"law: .*omega=0\.0"):
            mf.star_rates(law, 3)
    assert mf.star_rates(mf.Kuramoto(0.0), 3).max() > 0.0
    beside = mf.Frozen(mf.SA(1.0), [0.3])
    with pytest.raises(ValueError, match=r"law: .*law\.law"):
        pt.attention(beside, [0.0, 1.0])
    assert pt.attention(beside.law, [0.0, 1.0]).shape == (2, 2)


@pytest.mark.parametrize(
    "law",
    [
        mf.FeedForward(W=lambda t: (1.0 if t < 0.5 else np.inf) * np.eye(2), A=np.eye(2), b=[0.1, 0.2]),
        mf.FeedForward(W=np.eye(2), A=np.eye(2), b=lambda t: np.full(2, 1.0 if t < 0.5 else np.nan)),
        mf.Linear(lambda t: np.diag([1.0, 2.0 if t < 0.5 else np.inf])),
    ],
)
def test_weights_that_stop_being_numbers_end_the_run_which_is_kept(law: Any) -> None:
    """Seen: a bare ValueError."""
    with pytest.raises(mf.RunError, match=r"The law changed.*at all times of a run") as told:
        pt.simulate(law, [0.0, 1.0], (0.0, 1.0))
    run: Any = told.value.solution
    assert run.status is mf.Status.LAW_CHANGED and 0.1 < run.end < 0.5
    assert mf.resume(run, 0.499).success


class Plain(Stepper):
    """Euler's steps, by an object that is no dataclass."""

    order = 1
    heeds = True

    def step(self, method: Any, t: float, y: Any, h: Any, stop: float, rng: Any, keep: bool) -> Stepped:
        t1 = stop if t + 0.05 > stop - 1e-12 else t + 0.05
        return Stepped(t1, method.retract(y + (t1 - t) * method.rhs(t, y, np.empty_like(y))), 0.05, None, 1, 0)


@mf.register
@dataclass(frozen=True)
class Written(Plain):
    """The same, registered."""


def test_a_run_by_one_s_own_stepper_is_saved_as_its_refusal_says(tmp_path: Any) -> None:
    """Seen: `mf.register(Plain)`, which refuses it, and of what is no dataclass `replace(run, law=...)`."""
    run = pt.simulate(mf.SA(1.0), [0.0, 1.0], (0.0, 0.2), method=Plain(), land=True)
    with pytest.raises(TypeError, match=r'settings=run\.settings \| \{"method": \.\.\.\}'):
        run.save(tmp_path / "run.nc")
    replace(run, settings=run.settings | {"method": Written()}).save(tmp_path / "run.nc")
    longer = mf.resume(tmp_path / "run.nc", 0.4)
    assert longer.success and longer.end == 0.4


def test_a_run_that_crawls_names_what_would_help() -> None:
    """USA(30) pulls a token to itself at the rate e^30 / 2."""
    now = iter(np.arange(0.0, 1e6))
    with pytest.MonkeyPatch.context() as there, pytest.warns(mf.StoppedEarly) as told:
        there.setattr("meanfield.runs.drive.time.monotonic", lambda: next(now))
        pt.simulate(mf.USA(30.0), [0.0, 1.0], (0.0, 0.2), max_seconds=30.0)
    words = str(told[0].message)
    assert 'scale="relative"' in words and "merge_tol=1e-06" in words
    run = pt.simulate(mf.USA(30.0, scale="relative"), [0.0, 0.5], (0.0, 20.0), merge_tol=1e-6)
    assert run.merges and "scale" not in str(run.law.advice)
    assert mf.USA(30.0, K=np.eye(2)).advice.count('scale="scaled"') == 1 and not mf.SA(30.0).advice
    assert (mf.SA(1.0) + mf.USA(30.0)).advice == mf.USA(30.0).advice == mf.Causal(mf.USA(30.0)).advice
