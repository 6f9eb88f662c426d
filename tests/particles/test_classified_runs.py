"""The classifier on runs of the real laws, every row of B's Table 1; it reads tokens and times alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import meanfield as mf
import particles as pt

pytestmark = pytest.mark.rounding


@pytest.mark.parametrize(("row", "V"), [
    ("polytope", np.eye(2)), ("hyperplanes", np.diag([1.0, -0.4, 0.3])),
    ("polytope x subspace", np.diag([1.0, 1.0, -0.5])),
])  # fmt: skip
def test_rescaled_tokens(row: str, V: Any) -> None:
    x0 = np.random.default_rng(3).standard_normal((16, len(V)))
    law = mf.Rescaled(mf.SA(1.0, V=V, geometry="flat"))
    run = pt.simulate(law, x0, (0.0, 9.0), np.linspace(0.0, 9.0, 61), atol=1e-14)
    assert pt.classify(run).row == row
    short = pt.simulate(law, x0, (0.0, 1.0), np.linspace(0.0, 1.0, 61), atol=1e-14)
    assert pt.classify(short).row == "undecided"


def test_tokens_that_come_to_the_origin() -> None:
    x0 = np.random.default_rng(3).standard_normal((8, 2))
    law = mf.SA(1.0, sign=-1, geometry="flat")
    assert pt.classify(pt.simulate(law, x0, (0.0, 200.0), np.linspace(0.0, 200.0, 61))).row == "origin"
