"""2407.01602: layers of hardmax, their leaders, and the polytope to which all tokens come."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

import meanfield as mf
import particles as pt
from validation.exact import hardmax
from validation.registry import Bench, check
from validation.verdict import Verdict, judge

LAYERS = 160


@check("F23", where="2407.01602", title="Hardmax layers: leaders rest, all others come to one of them")
def leaders(bench: Bench) -> Verdict:
    """z <- z + a / (1 + a) (mean of C - z), C_i = argmax_j <A z_i, z_j>, A symmetric and positive, normal tokens in
    d = 2, 3, 4 (n = 20, 40, 40; three times as many clouds in the full tier); a = 1/2.

    160 layers are the printed loop's, 1e-12.  Leaders, tokens with C_i = {i}, rest from then on and stay leaders; few
    come to be one later, and after the 30th layer none.  Every token ends at one of them (1e-11; for tokens in general
    position, without ties), the distance falling by 1 / (1 + a) a layer once leaders no longer change; and leaders are
    vertices of the tokens' hull: each is the only one of largest <A z_i, z>.
    """
    rng, a = np.random.default_rng(bench.rng), 0.5
    h = a / (1.0 + a)
    off = rest = far = pace = 0.0
    lost = extreme = 0
    for d, n in ((2, 20), (3, 40), (4, 40)) * (1 if bench.tier == "quick" else 3):
        B = rng.standard_normal((d, d))
        A, one = B @ B.T + 0.2 * np.eye(d), np.eye(d)
        x = rng.standard_normal((n, d))
        law: Any = mf.SA(np.inf, K=A, geometry="flat") + mf.Linear(-one, geometry="flat")
        run = pt.simulate(law, x, (0.0, LAYERS * h), h * np.arange(LAYERS + 1), method="euler", step=h)
        exact = hardmax.layers(x, one, A, one, h, LAYERS)
        off = max(off, float(np.abs(run.x - exact).max() / np.abs(x).max()))
        own = [set(pt.leaders(law, z).own.tolist()) for z in (x, run.x[10], run.x[30])]
        last = sorted(own[-1])
        lost += sum(not earlier <= later for earlier, later in pairwise(own))
        for k, of in zip((0, 10, 30), map(sorted, own), strict=True):
            rest = max(rest, float(np.abs(run.x[k:, of] - run.x[k, of]).max()))
        x = run.x[30]
        apart = np.linalg.norm(run.x[:, :, None] - x[last], axis=-1).min(axis=-1).max(axis=-1)
        far = max(far, float(apart[-1]))
        pace = max(pace, abs(float((apart[60] / apart[40]) ** 0.05) * (1.0 + a) - 1.0))
        scores = x[last] @ A @ x.T
        extreme += int(np.sum(np.sum(scores >= scores.max(axis=1, keepdims=True) - 1e-12, axis=1) != 1))
    measured = {
        "layers - loop, of the largest": off,
        "leaders that move": rest,
        "leaders that are none any more": lost,
        "leaders that are no vertex": extreme,
        "tokens off the nearest leader at the end": far,
        "pace of the last layers over 1 / (1 + a), less 1": pace,
    }
    return judge(
        measured,
        {
            "layers - loop, of the largest": (None, 1e-12),
            "leaders that move": (None, 1e-11),
            "leaders that are none any more": (0, 0),
            "leaders that are no vertex": (0, 0),
            "tokens off the nearest leader at the end": (None, 1e-11),
            "pace of the last layers over 1 / (1 + a), less 1": (None, 1e-6),
        },
    )
