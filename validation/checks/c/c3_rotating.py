"""C, sections 3 and 4: where the leading eigenvalues of V are a complex pair, what is left goes round."""

from __future__ import annotations

import numpy as np

import meanfield as mf
from validation.registry import Bench, check
from validation.verdict import Verdict, judge

GROWTH, TURN = 1.0, 0.7
"""Real and imaginary part of the pair."""


@check("C03.rotating", where="C 3, 4", title="a complex leading pair of V: a density gathers and goes round")
def rotating(bench: Bench) -> Verdict:
    """V = [[1, -0.7], [0.7, 1]], SA, beta = 1, a density on the circle carried on panels: it gathers, |m| rises all the
    way, and goes round at the rate 0.7 of the pair: the angle of m by differences over the last unit of time, to t = 5,
    5e-3 (what has not left the far side yet is a thousandth of the mass or two).  With Q^T K = I and V = 1 + 0.7 J the
    law commutes with rotations, so that the same density turned by 1 has moments turned by 1: 1e-9.
    """
    V = np.array([[GROWTH, -TURN], [TURN, GROWTH]])
    times = np.linspace(0.0, 5.0, 11)
    rho = mf.von_mises_fisher(mf.Circle(64), 0.0, 2.0)
    sol = mf.solve(mf.SA(1.0, V=V), rho, (0.0, 5.0), t_eval=times, method="lagrangian", rtol=1e-7)
    c = np.conj(np.array([mu.moments(1)[1] for mu in sol.densities]))
    measured = {
        "|m| rises by, at least": float(np.diff(np.abs(c)).min()),
        "1 - |m| at t = 5": float(1.0 - np.abs(c[-1])),
        "rate of turning": float(np.angle(c[-1] / c[-3]) / (times[-1] - times[-3])),
    }
    limits: dict[str, tuple[float | None, float | None]] = {
        "|m| rises by, at least": (0.0, None),
        "1 - |m| at t = 5": (None, 0.02),
        "rate of turning": (TURN - 5e-3, TURN + 5e-3),
    }
    short = [
        mf.solve(mf.SA(1.0, V=V), mf.von_mises_fisher(mf.Circle(64), a, 2.0), (0.0, 0.5), t_eval=[0.5])(0.5).moments(3)
        for a in (0.0, 1.0)
    ]
    turned = short[0] * np.exp(-1j * np.arange(4))
    measured["turned at first, turned at last"] = float(np.abs(turned - short[1]).max())
    limits["turned at first, turned at last"] = (None, 1e-9)
    return judge(measured, limits)
