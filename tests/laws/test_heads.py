"""Equal heads are one head with its values summed: the field, and runs with fixed steps, to rounding."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tokens import K3, Q3, V3, tokens

import meanfield as mf
import particles as pt

pytestmark = pytest.mark.rounding


@pytest.mark.parametrize("kind", [mf.SA, mf.USA])
@pytest.mark.parametrize("wrap", [lambda law: law, mf.Causal, mf.Rotary, lambda law: mf.ALiBi(law, 0.3)])
def test_equal_heads_are_one_with_its_values_summed(kind: Any, wrap: Any) -> None:
    """1e-13 of the field, weighted and as replicas, and of eight steps of one length."""
    x, w = np.stack([tokens(7), tokens(14)[7:]]), np.random.default_rng(1).dirichlet(np.ones(7))
    one = kind(2.0, Q=Q3, K=K3, V=V3)
    heads, summed = wrap(mf.Sum((one,) * 4)), wrap(kind(2.0, Q=Q3, K=K3, V=4.0 * V3))
    each = mf.Sum(tuple(wrap(one) for _ in range(4)))
    mu = mf.Points(x, weights=np.stack([w, w]))
    u, v, z = (law.velocity(0.0, mu.x, mu) for law in (heads, summed, each))
    size = np.abs(v).max()
    np.testing.assert_allclose(u, v, rtol=0.0, atol=1e-13 * size)
    np.testing.assert_allclose(z, v, rtol=0.0, atol=1e-13 * size)
    ends = [pt.simulate(law, x, (0.0, 0.4), [0.4], method="rk4", step=0.05).x[-1] for law in (heads, summed)]
    np.testing.assert_allclose(ends[0], ends[1], rtol=0.0, atol=1e-13)
