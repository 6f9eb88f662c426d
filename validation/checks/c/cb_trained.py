"""C, appendix B.3 and Figure 6, on trained models: heads whose leading eigenvalue is negative."""

from __future__ import annotations

from typing import Any

import numpy as np

from particles.trained import pictures
from validation.checks._trained import CONTROLS, SHORT, absent, model
from validation.published import MODELS
from validation.rates import share_interval
from validation.registry import Bench, check
from validation.verdict import Verdict, evidence


@check(
    "C28.trained", where="C B.3, Fig 6",
    title="trained models have heads with a negative leading eigenvalue",
    tier="full",
)
def signs(bench: Bench) -> Verdict:
    """The eigenvalue of O_h V_h of largest modulus, of MiniLM's 72 heads and an ALBERT's 8, with their controls.

    It is real in some, and of these negative in at least one of each model, as C's heads 1 and 6: repulsive heads
    exist.  Of permuted and normal numbers it is negative in half of the real ones, so that the sign of one head says
    nothing; the traces say more: positive in two thirds of MiniLM's heads, negative in six of the ALBERT's eight.
    """
    if (missing := absent()) is not None:
        return missing
    measured: dict[str, Any] = {}
    limits: dict[str, tuple[float | None, float | None]] = {}
    for one in MODELS:
        for kind in ("trained", *CONTROLS[:2]):
            name = SHORT[one] if kind == "trained" else f"{SHORT[one]}, {kind}"
            heads = model(one, kind, 0 if kind == "trained" else bench.rng % 2**32).heads()
            real, negative = int(heads.modulus.real.sum()), int(heads.modulus.negative.sum())
            low, high = share_interval(negative, max(real, 1))
            measured |= {
                f"{name}: heads": heads.trace.size, f"{name}: leading eigenvalue real": real,
                f"{name}: of these negative": negative, f"{name}: negative, low end of share": low,
                f"{name}: negative, high end of share": high,
                f"{name}: trace positive": int((heads.trace > 0.0).sum()),
                f"{name}: median of trace / sum of moduli": float(np.median(heads.balance)),
                f"{name}: median of skew share of Q^T K": float(np.median(heads.skew)),
            }  # fmt: skip
        limits[f"{SHORT[one]}: of these negative"] = (1, None)
    limits["MiniLM: median of trace / sum of moduli"] = (0.1, None)
    limits["ALBERT: median of trace / sum of moduli"] = (None, -0.1)
    return evidence(measured, limits, pictures=[bench.figure("6", _drawn)])


def _drawn() -> Any:
    """Leading eigenvalues in the plane, trained and normal numbers."""
    panels = {
        f"{SHORT[one]}: eigenvalue of $O_h V_h$ of largest modulus, by head": {
            kind: model(one, kind).heads().modulus.value for kind in ("trained", "gauss")
        }
        for one in MODELS
    }
    return pictures.eigenvalues(panels)
