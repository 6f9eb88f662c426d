"""The law of a pair among n tokens: two exactly, three by quadrature, many by closures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import meanfield as mf
import particles as pt
from validation.exact import fluctuations

pytestmark = pytest.mark.rounding
K = np.arange(1, 4)
CLOSED = ("independent", "kirkwood", "linear", "second cumulant", "cluster")


def moments(law: Any, n: int, t: float, closure: str = "kirkwood") -> Any:
    return mf.pair_correlation(law, n, (0.0, t), closure).psi(t).moments(3)[1:].real


@pytest.mark.parametrize(
    ("law", "t", "wanted"),
    [
        (mf.USA(0.0), 1.0, (0.46211715726001, 0.21355226703407, 0.098686166568215)),
        (mf.USA(1.0), 0.5, (0.25050914213473, 0.285558874244, 0.2079992605625)),
        (mf.SA(4.0), 2.0, (0.10351419478956, 0.25952890737817, 0.29668692116779)),
    ],
    ids=str,
)
def test_two_tokens(law: Any, t: float, wanted: Any) -> None:
    assert moments(law, 2, t) == pytest.approx(wanted, abs=1e-11)


@pytest.mark.parametrize("law", [mf.USA(1.0), mf.SA(1.0)], ids=str)
def test_three_tokens_by_a_grid_of_starts(law: Any) -> None:
    theta = 2.0 * np.pi * np.arange(32) / 32
    grid = np.stack(np.meshgrid(theta, theta, indexing="ij"), axis=-1).reshape(-1, 2)
    x0 = np.concatenate([np.zeros((len(grid), 1)), grid], axis=1)
    x = pt.simulate(law, x0, (0.0, 0.2), [0.2], angles=True).x[-1]
    exact = np.cos(np.outer(K, x[:, 1] - x[:, 0])).mean(axis=1)
    assert moments(law, 3, 0.2, "cluster") == pytest.approx(exact, abs=1e-6)
    assert np.abs(moments(law, 3, 0.2) - exact).max() > 1e-5  # Kirkwood's is not exact


@pytest.mark.parametrize("closure", CLOSED[1:])
@pytest.mark.parametrize("kind", ["USA", "SA"])
def test_many_tokens_are_those_of_linear_theory(closure: str, kind: str) -> None:
    n = 10**6
    exact = fluctuations.pair_coefficients(0.5, n, kind, 1.0, 3)[1:]
    assert moments(getattr(mf, kind)(1.0), n, 0.5, closure) == pytest.approx(exact, rel=3e-5)


def test_the_closures_for_32_tokens() -> None:
    """Of 60000 prompts at t = 1: 0.05928, 0.05997, 0.02442, +-0.00035."""
    seen = np.array([0.05928, 0.05997, 0.02442])
    away = {one: float(np.abs(moments(mf.USA(1.0), 32, 1.0, one) - seen).max()) for one in CLOSED}
    assert away["cluster"] < 0.0015 < min(away[one] for one in CLOSED[:-1])
    assert away["linear"] < away["kirkwood"] < away["independent"]


def test_a_closure_that_fails_says_so() -> None:
    told = mf.pair_correlation(mf.USA(1.0), 32, (0.0, 5.0), "second cumulant")
    assert not told.success and told.status is mf.Status.NEGATIVE
    assert 0.0 < told.t_span[1] < 5.0 and "psi is known to" in told.message
    assert told.psi(told.t_span[1]).mass == pytest.approx(1.0, abs=1e-12)
    with pytest.raises(ValueError, match="t: got 5, and psi is known from 0 to"):
        told.psi(5.0)


@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        ({"n": 1}, ValueError, "n must"),
        ({"n": 2.5}, (ValueError, TypeError), "n must"),
        ({"closure": "gaussian"}, ValueError, "closure"),
        ({"t_span": (1.0, 0.0)}, ValueError, "t_span"),
        ({"law": mf.USA(1.0) + mf.Diffusion(0.1)}, ValueError, "law: .* without noise"),
        ({"law": mf.Causal(mf.SA(1.0))}, (ValueError, TypeError), "law"),
        ({"max_resolution": 3}, ValueError, "max_resolution"),
        ({"rtol": 1.0}, ValueError, "rtol"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(change: dict[str, Any], error: Any, text: str) -> None:
    given: dict[str, Any] = {"law": mf.USA(1.0), "n": 4, "t_span": (0.0, 0.1), **change}
    with pytest.raises(error, match=text):
        mf.pair_correlation(given.pop("law"), given.pop("n"), given.pop("t_span"), **given)
