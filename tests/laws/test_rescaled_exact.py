"""Long runs of rescaled tokens against digits of `validation.exact.leaders`, which is of arbitrary precision."""

from __future__ import annotations

import numpy as np
import pytest

import meanfield as mf
import particles as pt
from validation.exact import leaders

pytestmark = pytest.mark.rounding
PRINTED = {
    "diagonal": {
        10: [
            [0.75223058900427, 393010053.933791],
            [0.75223059143349, -0.772253654645675],
            [0.752230588752278, -158000357.171612],
            [-0.610598167424384, 0.202995532211911],
        ],
        50: [
            [0.75223059143349, 2.17752030639603e+43],
            [0.75223059143349, -0.772253654645675],
            [0.75223059143349, -8.75420311408437e+42],
            [-0.610598167424384, 0.202995532211911],
        ],
    },
    "not normal": {
        10: [
            [-241127761.858314, 321503682.918706],
            [3.94257673645441, -4.81581578979296],
            [209757627.378956, -279676837.251447],
            [-0.798845332508304, 0.318955116323587],
        ],
        50: [
            [-1.33599789669521e+43, 1.78133052892695e+43],
            [3.94257673645441, -4.81581578979296],
            [1.16218780997922e+43, -1.54958374663896e+43],
            [-0.798845332508304, 0.318955116323587],
        ],
    },
}
"""V of the program -> time -> z, as it prints them."""


@pytest.mark.parametrize("name", PRINTED)
def test_arbitrary_precision_at_10_and_50(name: str) -> None:
    """1e-8 asked, of the largest of every coordinate."""
    V = np.array(leaders.VALUES[name], dtype=float)
    x0, Q, K = (np.array(m.tolist(), dtype=float) for m in leaders.given(len(V)))
    law = mf.Rescaled(mf.SA(1.0, Q=Q, K=K, V=V, geometry="flat"))
    run = pt.simulate(law, x0, (0.0, 50.0), [10.0, 50.0], rtol=1e-10)
    for z, t in zip(run.x, (10, 50), strict=True):
        exact = np.array(PRINTED[name][t])
        assert (np.abs(z - exact).max(axis=0) < 1e-8 * np.abs(exact).max(axis=0)).all()


def test_the_program_is_the_double_loop_where_that_has_its_digits() -> None:
    """Fewer digits and steps than it takes: (1.1) to t = 0.5, by ours, and the linear flow of leaders."""
    x0, Q, K = leaders.given(2)
    V = leaders.mp.matrix(leaders.VALUES["not normal"])
    x = leaders.soft(x0, V, Q, K, 0.5, steps=3, levels=5)
    arrays = [np.array(m.tolist(), dtype=float) for m in (x0, Q, K, V, x)]
    law = mf.SA(1.0, Q=arrays[1], K=arrays[2], V=arrays[3], geometry="flat")
    run = pt.simulate(law, arrays[0], (0.0, 0.5), [0.5], rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(run.x[-1], arrays[4], rtol=0.0, atol=1e-8)
