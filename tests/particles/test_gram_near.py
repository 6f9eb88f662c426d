"""Tokens that begin near one another among others: inner products part them as rows do; and rest means rest."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import meanfield as mf
import particles as pt
from meanfield.methods.gram import gaps_of, owners
from meanfield.protocols import Array

pytestmark = pytest.mark.rounding


def with_a_pair(apart: float, n: int = 6) -> Array:
    x = pt.uniform(n, 3, rng=1)
    x[1] = x[0] + apart * np.array([0.3, -0.5, 0.8])
    return np.asarray(x / np.linalg.norm(x, axis=1, keepdims=True))


@pytest.mark.parametrize("apart", [1e-7, 1e-5, 1e-2])
def test_near_tokens_that_repel_are_parted_as_rows_are(apart: float) -> None:
    """At 1e-7 the pair's gap was 42 % off: the sums' rounding, 1e-16, and atol beside gaps of 5e-15.

    What rows know of a distance r is eps / r of it, 2e-9 at 1e-7 (measured: 3e-8 and less, as rtol = 1e-9 leaves it).
    """
    x, end = with_a_pair(apart), 12.0
    law = mf.SA(2.0, sign=-1)
    rows = gaps_of(pt.simulate(law, x, (0.0, end), [end], rtol=1e-13, atol=1e-16).x[-1])
    run = pt.gram(law, x, (0.0, end), [end])
    np.testing.assert_allclose(run.gaps[-1], rows, rtol=1e-6, atol=0.0)
    assert run.counters.steps < 200
    assert run.settings["atol"] == pytest.approx(min(1e-12, 1e-6 * gaps_of(x)[0, 1]), rel=1e-12)


def test_replicas_and_chains_of_near_tokens() -> None:
    """In one replica three in a chain of 1e-6, in the other none: a published step is that of rows (measured: 1e-9)."""
    x = np.stack([with_a_pair(1e-6), pt.uniform(6, 3, rng=5)])
    x[0, 2] = x[0, 1] + 1e-6 * np.array([0.5, 0.5, 0.1])
    x /= np.linalg.norm(x, axis=-1, keepdims=True)
    step: dict[str, Any] = {"method": "euler-unprojected", "step": 0.25}
    rows = pt.simulate(mf.SA(2.0, sign=-1), x, (0.0, 0.25), [0.25], **step).x[-1]
    run = pt.gram(mf.SA(2.0, sign=-1), x, (0.0, 0.25), [0.25], **step)
    np.testing.assert_allclose(run.gaps[-1], gaps_of(rows), rtol=1e-8, atol=1e-30)
    np.testing.assert_array_equal(run.gaps[-1], np.swapaxes(run.gaps[-1], -1, -2))


def test_rest_is_where_distances_rest() -> None:
    """Near consensus gaps fall as squares: a run ended at distances of 1e-4 for mf.steady(1e-8), now at 1e-8."""
    x = pt.uniform(5, 3, rng=0)
    rows = pt.simulate(mf.SA(1.0), x, (0.0, 1e3), until=mf.steady(1e-6))
    run = pt.gram(mf.SA(1.0), x, (0.0, 1e3), until=mf.steady(1e-6))
    assert run.status is mf.Status.UNTIL and abs(run.end - rows.end) < 3.0
    assert np.sqrt(2.0 * run.gaps[-1].max()) < 1e-5


def test_near_by_chains_and_what_is_not_finite_is_near_nobody() -> None:
    chain = np.array([[0.0, 1e-5, 1.0], [1e-5, 0.0, 5e-5], [1.0, 5e-5, 0.0]])
    assert owners(np.stack([chain, np.full((3, 3), np.nan)])).tolist() == [[0, 0, 0], [0, 1, 2]]
