"""Checks whose verdict depends on random draws: what must fail fails, and intervals cover as often as they say."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import meanfield as mf
from validation.checks import _critical
from validation.checks.c import c5_causal
from validation.verdict import Outcome, judge

BETA = np.array(c5_causal.COARSE)


@pytest.mark.parametrize(
    ("log_t", "wanted"),
    [
        (lambda b: 0.5 * np.log(b), Outcome.FAIL),
        (lambda b: 3.0 * np.log(b), Outcome.FAIL),
        (lambda b: np.log(np.log(b)), Outcome.FAIL),
        (lambda b: np.full_like(b, 7.0), Outcome.FAIL),
        (lambda b: 2.0 * np.sqrt(b), Outcome.PASS),
        (lambda b: 1.8 * b, Outcome.PASS),
    ],
)
def test_final_collapse_is_told_from_a_power(log_t: Callable[[Any], Any], wanted: Outcome) -> None:
    """Times of five clouds: powers of beta, its logarithm, a constant, exponentials of sqrt(beta) and of beta."""
    rng = np.random.default_rng(0)
    for noise in (0.0, 0.03):
        clouds = log_t(BETA)[:, None] * rng.uniform(0.9, 1.1, 5) + rng.uniform(0.0, 1.0, 5)
        clouds += noise * rng.standard_normal(clouds.shape)
        assert judge(*c5_causal._fits(BETA, clouds)).outcome is wanted


@pytest.mark.rounding
def test_a_reversed_mask_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    theta = np.random.default_rng(1).uniform(0.0, 2.0 * np.pi, 32)
    right = c5_causal._mask(theta)
    assert right["velocity - printed"] < 1e-13 and right["the first 16 alone - among all"] < 1e-7

    def reversed_mask(self: Any, t: float, x: Any, mu: Any) -> Any:
        return mf.SA(9.0).velocity(t, x, mu.masked(np.tri(mu.n).T))

    monkeypatch.setattr(mf.Causal, "velocity", reversed_mask)
    wrong = c5_causal._mask(theta)
    assert wrong["velocity - printed"] > 0.1 and wrong["the first 16 alone - among all"] > 0.1


def test_a_search_that_loses_its_way_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Powell's method asks at nan where its steps have become so: no critical point, and no exception."""
    asked: list[bool] = []

    def root(field: Callable[[Any], Any], start: Any, tol: float) -> SimpleNamespace:
        lost = field(np.full_like(start, np.nan))
        asked.append(bool(np.isnan(lost).all() and lost.shape == start.shape))
        # at every second start it never comes back; at the others it finds consensus
        return SimpleNamespace(x=np.full_like(start, np.nan if len(asked) % 2 else 0.0))

    monkeypatch.setattr(_critical, "root", root)
    found = _critical.critical_points(mf.USA(1.0), 3, 4, np.random.default_rng(0))
    assert asked == [True] * 4
    assert len(found) == 1 and (found[0] == 0.0).all()
