"""2605.04279 and 2605.18870: the energy of several heads together, and of one of them."""

from __future__ import annotations

import numpy as np

import meanfield as mf
import particles as pt
from validation.checks._tools import backslide
from validation.exact import double_loop, ode
from validation.registry import Bench, check
from validation.verdict import Verdict, judge


@check("F32", where="2605.04279", title="heads together climb the sum of their energies, and one head's own falls")
def heads(bench: Bench) -> Verdict:
    """Two USA heads with Q^T K = V = V^T, the first attracted along e_1, the second along e_2 twice as much.

    The sum of the energies never falls (it is declared: `law.rises`), and is what the run dissipates: 1e-8 of it, the
    tolerance times the steps.  The first head's own energy, by the printed double sum along the run, falls by more than
    a hundredth of itself at some time: under its own law alone it never does.  The run is that of the printed loop in
    scipy's integrator: 1e-9.
    """
    rng = np.random.default_rng(bench.rng)
    x, t = pt.uniform(16, 3, rng), np.linspace(0.0, 3.0, 61)
    first, second = np.diag([1.0, 0.0, 0.0]), np.diag([0.0, 2.0, 0.0])
    one, two = (mf.USA(1.0, Q=M, V=M) for M in (first, second))
    law = one + two
    run = pt.simulate(law, x, (0.0, 3.0), t, rtol=1e-11, atol=1e-13)
    alone = pt.simulate(one, x, (0.0, 3.0), t, rtol=1e-11, atol=1e-13)

    def loop(s: float, y: np.ndarray) -> np.ndarray:
        rows = y.reshape(x.shape)
        eye = np.eye(3)
        parts = (double_loop.general_velocity("USA", rows, 1.0, M, eye, M) for M in (first, second))
        return np.asarray(sum(parts)).ravel()

    def own(y: np.ndarray) -> np.ndarray:
        return np.array([np.mean(np.exp(rows @ first @ rows.T)) / 2.0 for rows in y])

    exact = ode.integrate(loop, x.ravel(), [3.0])[1][-1].reshape(x.shape)
    E = own(run.x)
    measured = {
        "run - printed": np.abs(run.x[-1] - exact).max(),
        "declared": float(law.rises == ("energy",)),
        "fall of the sum": backslide(run.energy, 1),
        "gained - dissipated, relative": abs(run.gained[-1] / run.dissipated[-1] - 1.0),
        "one head's fall among others": np.max(np.maximum.accumulate(E) - E) / E[0],
        "its fall alone": backslide(own(alone.x), 1),
    }
    return judge(
        measured,
        {
            "run - printed": (None, 1e-9),
            "declared": (1.0, 1.0),
            "fall of the sum": (None, 1e-14),
            "gained - dissipated, relative": (None, 1e-8),
            "one head's fall among others": (0.01, None),
            "its fall alone": (None, 1e-14),
        },
    )
