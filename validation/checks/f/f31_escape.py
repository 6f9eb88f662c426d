"""F31 (2605.07772): trained weights leave the regime of clustering in which random ones are."""

from __future__ import annotations

from typing import Any

import numpy as np

from validation.checks._trained import KINDS, SHORT, absent, median_interval, traced
from validation.published import MODELS
from validation.registry import Bench, check
from validation.verdict import Verdict, evidence


@check("F31", where="2605.07772", title="trained layers keep tokens apart, random ones do not", tier="full")
def escape(bench: Bench) -> Verdict:
    """Mean inner products behind the last layer, 50 prompts of MiniLM and of an ALBERT, medians with 95% intervals.

    Layers of permuted or normal numbers have all tokens together by the depth (0.95 at the least); the trained ones
    are below by more than 0.3 in the median, whole interval.  Layers as before training (deviation 0.02) hardly move
    tokens at all within the depth: apart from both, so that "escape" is of weights of the trained size.
    """
    if (missing := absent()) is not None:
        return missing
    measured: dict[str, Any] = {}
    limits: dict[str, tuple[float | None, float | None]] = {}
    for one in MODELS:
        last = {kind: traced(one, kind).mean[:, -1] for kind in KINDS}
        for kind, values in last.items():
            low, high = median_interval(values)
            said = f"{SHORT[one]}, {kind}: mean inner product at the depth"
            measured |= {said: float(np.median(values)), f"{said}, low end": low, f"{said}, high end": high}
            if kind in ("shuffle", "gauss"):
                limits[f"{said}, low end"] = (0.95, None)
                gap = f"{SHORT[one]}: {kind} less trained, low end"
                measured[gap] = median_interval(values - last["trained"])[0]
                limits[gap] = (0.3, None)
    return evidence(measured, limits)
