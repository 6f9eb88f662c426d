"""S06: learned matrices.  What attention and the feed-forward half of trained layers do to tokens, with controls."""

from __future__ import annotations

from typing import Any

import numpy as np

from particles.trained import pictures
from validation.checks._trained import KINDS, SHORT, absent, asked, model, traced
from validation.exact.double_loop import energy
from validation.published import MODELS, Published
from validation.rates import share_interval
from validation.registry import Bench, check
from validation.verdict import Verdict, evidence


@check("S06", where="card", title="learned matrices: what either half of a layer does", tier="full")
def halves(bench: Bench) -> Verdict:
    """Of 50 prompts and every half layer of MiniLM and of an ALBERT, and of three controls each.

    Attention raises the mean inner product nearly always (97% at the least, the low end of the 95% interval), and so
    does random attention (95% in every control): true, and no sign of training.  The trained feed-forward half lowers
    it (90%, low end), by a median of 0.02 at the least; in layers of permuted or normal numbers the sign is often the
    same and the size is not, as it dies out where tokens meet, and before training MiniLM's raises it more often than
    not.  The balance of two large steps is what training adds.

    E = (1 / 2 beta n^2) sum e^{beta <x_i, x_j>} at beta = 1 is split between the two halves: what they do adds up to
    what the model does, by the double loop as printed, to 1e-10.
    """
    if (missing := absent()) is not None:
        return missing
    measured: dict[str, Any] = {}
    limits: dict[str, tuple[float | None, float | None]] = {}
    for one in MODELS:
        for kind in KINDS:
            name = f"{SHORT[one]}, {kind}"
            steps = np.diff(traced(one, kind).mean, axis=1)
            parts = {"attention raises": steps[:, ::2] > 0.0, "feed-forward lowers": steps[:, 1::2] < 0.0}
            for word, part in parts.items():
                low, high = share_interval(int(part.sum()), part.size)
                measured |= {f"{name}: {word}, of {part.size}": int(part.sum())}
                measured |= {f"{name}: {word}, low end": low, f"{name}: {word}, high end": high}
            measured[f"{name}: median step of attention"] = float(np.median(steps[:, ::2]))
            measured[f"{name}: median step of feed-forward"] = float(np.median(steps[:, 1::2]))
            limits[f"{name}: attention raises, low end"] = (0.97 if kind == "trained" else 0.95, None)
        limits[f"{SHORT[one]}, trained: feed-forward lowers, low end"] = (0.9, None)
        limits[f"{SHORT[one]}, trained: median step of feed-forward"] = (None, -0.02)
        for kind in ("shuffle", "gauss"):
            limits[f"{SHORT[one]}, {kind}: median step of feed-forward"] = (-0.02, 0.02)
        split = f"{SHORT[one]}: energy of the halves less that of the whole"
        measured[split] = _split(one)
        limits[split] = (None, 1e-10)
    limits["MiniLM, init: feed-forward lowers, high end"] = (None, 0.5)
    return evidence(measured, limits, pictures=[bench.figure("halves", _drawn), bench.figure("attention", _attention)])


def _split(one: Published) -> float:
    """Largest difference over five prompts, over the energy."""
    worst = 0.0
    for ids in asked(one)[::10]:
        run = model(one, "trained").trace(ids, keep="tokens")
        steps = np.diff(run.energies(1.0))
        begin, end = (energy(run.directions[k], 1.0) for k in (0, -1))
        worst = max(worst, abs(steps[::2].sum() + steps[1::2].sum() - (end - begin)) / end)
    return float(worst)


def _drawn() -> Any:
    """Medians of mean inner products by half layer, trained and controls."""
    panels = {}
    for one in MODELS:
        means = {kind: np.median(traced(one, kind).mean, axis=0) for kind in KINDS}
        named = {kind: (np.arange(len(values)) / 2.0, values) for kind, values in means.items()}
        panels[f"{SHORT[one]}: behind every half layer, 50 prompts, medians"] = named
    return pictures.lines(panels, "layer", ["mean inner product"] * 2, (-0.03, 1.03))


def _attention() -> Any:
    """Entropy of attention's rows over log n, and the first token's share, by layer, trained and controls."""
    entropy, first = {}, {}
    for one in MODELS:
        named, share = {}, {}
        for kind in KINDS:
            runs = [model(one, kind).trace(ids, keep="attention") for ids in asked(one)[::10]]
            layers = np.arange(len(runs[0].entropy)) + 1.0
            spread = np.mean([run.entropy.mean(axis=1) / np.log(len(run.ids)) for run in runs], axis=0)
            named[kind] = (layers, spread)
            share[kind] = (layers, np.mean([run.first_share.mean(axis=1) for run in runs], axis=0))
        entropy[f"{SHORT[one]}: entropy of attention over log n, 5 prompts, means over heads"] = named
        first[f"{SHORT[one]}: share of attention that the first token gets"] = share
    ylabels = ["entropy / log n", "share"] * 2
    panels = {title: rows for pair in zip(entropy.items(), first.items()) for title, rows in pair}
    return pictures.lines(panels, "layer", ylabels)


@check("S06.flow", where="card", title="how much of a trained layer the papers' flow explains", tier="full")
def flows(bench: Bench) -> Verdict:
    """The flow of the layer's Q, K and O V on the sphere, from the layer's own tokens: shares of its displacement.

    Two prompts, every layer of MiniLM and of an ALBERT; of layers of normal numbers the first.  Of the attention half
    the straight step of the layer's attention explains between 0.2 and 0.9 in the median, of the whole layer 0.35 at
    the most: a flow without the feed-forward half cannot foretell the next layer.  T_eff is the time in which SA
    without matrices, at the beta that gives <x_i, x_j> the spread of the layer's scores, raises the mean inner
    product as far as the attention half does; that beta is large (5 to 100) as inner products in high dimension differ
    little, and SA then waits long: inf (told as how often) where t = 20 is not enough.
    """
    if (missing := absent()) is not None:
        return missing
    measured: dict[str, Any] = {}
    limits: dict[str, tuple[float | None, float | None]] = {}
    for one in MODELS:
        for kind, layers in (("trained", range(1, model(one, "trained").settings.depth + 1)), ("gauss", (1,))):
            ids = asked(one)[::25] if kind == "trained" else asked(one)[:1]
            found = [[model(one, kind).flow(prompt, k) for prompt in ids] for k in layers]
            name = f"{SHORT[one]}, {kind}"
            measured |= _figures(name, found)
            for k, row in zip(layers, found):
                measured[f"{name}: beta of layer {k}"] = float(np.median([flow.beta for flow in row]))
                times = np.array([flow.time_attention for flow in row])
                if np.isfinite(times).any():
                    measured[f"{name}: T_eff of layer {k}"] = float(np.median(times[np.isfinite(times)]))
        limits[f"{SHORT[one]}, trained: straight step of attention half"] = (0.2, 0.9)
        limits[f"{SHORT[one]}, trained: straight step of whole layer"] = (None, 0.35)
        limits[f"{SHORT[one]}, trained: flow of whole layer"] = (0.0, 0.35)
    return evidence(measured, limits)


def _figures(name: str, found: list[list[Any]]) -> dict[str, float]:
    """Medians over prompts and layers."""
    every = [flow for row in found for flow in row]
    return {
        f"{name}: straight step of attention half": float(np.median([flow.straight_attention for flow in every])),
        f"{name}: straight step of whole layer": float(np.median([flow.straight_whole for flow in every])),
        f"{name}: flow of attention half": float(np.median([flow.best_attention for flow in every])),
        f"{name}: flow of whole layer": float(np.median([flow.best_whole for flow in every])),
        f"{name}: T_eff not within 20, of {len(every)}": int(sum(np.isinf(flow.time_attention) for flow in every)),
    }
