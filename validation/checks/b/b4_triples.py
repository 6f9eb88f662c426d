"""B, section 4: how often random matrices are good triples (Definition 4.1)."""

from __future__ import annotations

from typing import Any

import numpy as np

import particles as pt
from validation import rates
from validation.checks._tools import spread
from validation.registry import Bench, check
from validation.verdict import Verdict, judge

LARGE = 128
KNOWN = {"first": 0.157, "both": 0.065}
"""Shares of an independent count of 600 triples at d = 128: standard errors 0.015 and 0.010."""
SIGMA = 4.5


def _counted(cell: dict[str, Any], rng: Any) -> list[int]:
    """Of some independent triples of Ginibre matrices: how many meet the first condition, the second as well, and how
    many the first with the largest real part in the place of the largest modulus."""
    found = [0, 0, 0]
    for _ in range(cell["triples"]):
        Q, K, V = rng.standard_normal((3, LARGE, LARGE))
        told = pt.good_triple(Q, K, V)
        values = np.linalg.eigvals(V)
        leading = values[values.real.argmax()]
        found = [a + b for a, b in zip(found, (told.dominant, told.good, leading.imag == 0.0), strict=True)]
    return found


@check("B14", where="B Def 4.1", title="good triples of Ginibre matrices, d = 128: 6.5 per cent, 15.7 by V alone")
def good_triples(bench: Bench) -> Verdict:
    """Independent real Ginibre Q, K, V, d = 128, 40 triples (full: 2000).  The share whose V has a real, positive,
    simple eigenvalue of largest modulus is 15.7 per cent and the share of good triples 6.5, as another count of 600
    found: within 4.5 standard errors of the difference.  B's "about 14%" is the first; given it, <Q phi, K phi> is as
    often positive as negative, so good triples are half as many.  With 95% intervals of ours, and the share with the
    largest real part in the place of the largest modulus, which is three times as large.
    """
    triples = 40 if bench.tier == "quick" else 2000
    if bench.tier == "quick":
        counts = [_counted({"triples": triples}, np.random.default_rng(bench.rng))]
    else:
        counts = spread(bench, _counted, [{"first": k, "triples": 50} for k in range(0, triples, 50)])
    first, both, real = np.sum(counts, axis=0)
    measured: dict[str, float] = {"triples": triples, "largest real part real": real / triples}
    limits: dict[str, tuple[float | None, float | None]] = {}
    for name, hits in (("first", first), ("both", both)):
        share, known = hits / triples, KNOWN[name]
        low, high = rates.share_interval(int(hits), triples)
        error = np.sqrt(known * (1.0 - known) * (1.0 / triples + 1.0 / 600.0))
        measured |= {f"{name}: share": share, f"{name}: 95% from": low, f"{name}: 95% to": high}
        measured[f"{name}: off, standard errors"] = abs(share - known) / error
        limits[f"{name}: off, standard errors"] = (None, SIGMA)
    measured["second, given the first"] = both / max(first, 1)
    return judge(measured, limits)
