"""A, Figure 1, on trained models: the share of pairs near 1 through the depth and beyond it, with controls."""

from __future__ import annotations

from typing import Any

import numpy as np

from particles.trained import pictures
from validation.checks._trained import GROUP, KINDS, SHORT, absent, asked, looped, model, traced
from validation.published import MODELS
from validation.rates import mean_interval
from validation.registry import Bench, check
from validation.verdict import Verdict, evidence

PASSES = 4
COLLAPSED = ("shuffle", "gauss")


@check("A05.trained", where="A Fig 1", title="trained models: pairs near 1 gather beyond the depth", tier="full")
def histogram(bench: Bench) -> Verdict:
    """Shares of pairs with <x_i, x_j> > 0.9 of MiniLM and an ALBERT, 50 prompts each, means with 95% intervals.

    Through the depth the share first falls (copies of a word part), then rises by less than 6%: the figure's upper row
    holds but faintly.  Beyond it, 2 to 4 passes of the whole stack, it grows with every pass (the low end of the mean
    growth is positive), and tokens link into groups, of which at 4 passes there are still several: the lower row holds
    in kind.  Layers of permuted or of normal numbers have one cluster at 2 passes and all pairs near 1: gathering
    alone is no sign of training, its slowness is.
    """
    if (missing := absent()) is not None:
        return missing
    measured: dict[str, Any] = {}
    limits: dict[str, tuple[float | None, float | None]] = {}
    for one in MODELS:
        name = SHORT[one]
        through = traced(one, "trained").near[:, ::2]
        least = int(through.mean(axis=0).argmin())
        measured[f"{name}: share at the embedding"] = through[:, 0].mean()
        measured[f"{name}: layer of the least share"] = least
        fall = f"{name}: fall to the least share, low end"
        measured[fall] = mean_interval(through[:, 0] - through[:, least])[0]
        rise = f"{name}: rise from it to the depth"
        measured[rise] = float((through[:, -1] - through[:, least]).mean())
        limits |= {fall: (0.0, None), rise: (1e-5, 0.06)}
        far = looped(one, "trained", PASSES)
        for k in range(1, PASSES + 1):
            measured[f"{name}: share at {k} passes"] = far.near[:, k].mean()
            measured[f"{name}: median of clusters / n at {k} passes"] = float(np.median(far.clusters[:, k]))
        for k in range(1, PASSES):
            grown = f"{name}: growth from {k} to {k + 1} passes, low end"
            measured[grown] = mean_interval(far.near[:, k + 1] - far.near[:, k])[0]
            limits[grown] = (0.0, None)
        limits[f"{name}: median of clusters / n at {PASSES} passes"] = (0.1, 0.95)
        for kind in KINDS[1:]:
            told = looped(one, kind, 2)
            share, several = f"{name}, {kind}: share at 2 passes", f"{name}, {kind}: median of clusters / n at 2 passes"
            measured |= {share: told.near[:, 2].mean(), several: float(np.median(told.clusters[:, 2]))}
            if kind in COLLAPSED:
                limits |= {share: (0.99, None), several: (None, 0.05)}
    return evidence(measured, limits, pictures=[bench.figure("near", _drawn), bench.figure("histograms", _histograms)])


def _drawn() -> Any:
    """Shares over passes, the depth being one, trained and controls."""
    panels = {}
    for one in MODELS:
        named = {}
        for kind in KINDS:
            passes = PASSES if kind == "trained" else 2
            through, far = traced(one, kind).near[:, ::2].mean(axis=0), looped(one, kind, passes).near.mean(axis=0)
            t = np.array([*np.linspace(0.0, 1.0, len(through)), *range(2, passes + 1)])
            named[kind] = (t, np.array([*through, *far[2:]]))
        panels[f"{SHORT[one]}, 50 prompts, means; 1 pass is the model's depth"] = named
    return pictures.lines(panels, "passes through all layers", ["share of pairs above 0.9"] * 2, (-0.03, 1.03))


def _histograms() -> Any:
    """Densities of inner products, trained beside permuted weights, at three depths."""
    panels = {}
    for one in MODELS:
        depth = model(one, "trained").settings.depth
        for layer in (0, depth // 2, depth):
            named = {}
            for kind in ("trained", "shuffle"):
                runs = model(one, kind).trace(list(asked(one)[:GROUP]), keep="tokens", dtype="float32")
                named[kind] = [run.directions[2 * layer] for run in runs]
            panels[f"{SHORT[one]}, {GROUP} prompts, behind layer {layer} of {depth}"] = named
    return pictures.histograms(panels)
