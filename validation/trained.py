"""One page about a trained model: ``python -m validation trained PATH --prompt "..."``, with controls beside it.

::

    python -m validation trained FOLDER --prompt "The river froze in January."
    python -m validation trained FOLDER --ids 101 1996 2314 102 --passes 8

One prompt's way through the model, and through three models of its shape with other weights; the spectra of its heads;
some passes beyond its depth.  One prompt is an example: what holds of fifty is for the checks, A05.trained and S06.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from meanfield.plot import style
from particles import trained
from particles.trained import pictures
from particles.trained.controls import KINDS
from validation import page
from validation.options import UsageError, place, whole, writable
from validation.registry import close
from validation.verdict import made_with, now

MOST_PASSES = 1000


def main(argv: Sequence[str]) -> int:
    """Carry out one command line; exit code 2 if the options make no sense, else 0."""
    options = _parser().parse_args(list(argv))
    try:
        writable("--out", options.out)
        if (options.prompt is None) == (options.ids is None):
            raise UsageError('--prompt: give a text, --prompt "...", or ids, --ids 101 102, and not both')
        model = trained.load(options.path)
        prompt = options.ids if options.prompt is None else options.prompt
        models = {"trained": model} | {kind: model.control(kind, options.seed) for kind in KINDS}
        runs = {name: one.trace(prompt) for name, one in models.items()}
        if len(runs["trained"].ids) < 2:
            raise UsageError("--ids: got one token, wanted two at least: pairs are told of")
        loops = {name: one.loop(runs["trained"].ids, options.passes) for name, one in models.items()}
    except (ValueError, TypeError, OSError, ImportError, MemoryError, UsageError) as error:
        print(f"trained: {error}", file=sys.stderr)
        return 2
    print(written(options.out, models, runs, loops, shlex.join(["python", "-m", "validation", "trained", *argv])))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m validation trained", description="What a trained model does with a prompt, with controls."
    )
    parser.add_argument("path", type=place, help="the model's folder: config.json and its weights")
    parser.add_argument("--prompt", help="a text, cut by the model's tokenizer.json")
    parser.add_argument("--ids", type=whole(0), nargs="+", help="ids, in its place")
    parser.add_argument("--passes", type=whole(1, MOST_PASSES), default=5, help="beyond the depth (default: 5)")
    parser.add_argument("--seed", type=whole(0), default=0, help="of the controls (default: 0)")
    parser.add_argument("--out", type=place, default=Path("results"), help="folder (default: results)")
    return parser


def written(
    out: Path, models: Mapping[str, trained.Model], runs: Mapping[str, Any], loops: Mapping[str, Any], command: str
) -> Path:
    """Draw, and write the page; its path."""
    heads = {name: one.heads() for name, one in models.items()}
    drawn = {name: _saved(out, name, draw) for name, draw in _pictures(models, runs, loops, heads).items()}
    run = runs["trained"]
    lead = [
        "Every number of tokens is of their directions x/|x|, and stands beside that of three models of the same "
        "shape with other layers: `shuffle`, entries of every matrix permuted; `gauss`, normal numbers of the same "
        "deviation; `init`, as before training. What these do too is no sign of training.",
        "This is one prompt, an example. What holds of fifty is told by `python -m validation run S06 A05.trained`.",
    ]
    sections = [
        page.Section("Tokens", tables=[_tokens(runs)], pictures=[drawn["means"], drawn["histograms"]]),
        page.Section("Attention", tables=[_attention(runs)], pictures=[drawn["attention"]]),
        page.Section("Heads", paragraphs=[_READINGS], tables=[_counts(heads), _heads(heads["trained"])],
                     pictures=[drawn["heads"]]),
        page.Section("Beyond the depth", paragraphs=[_CHAOS], tables=[_passes(loops)], pictures=[drawn["beyond"]]),
    ]  # fmt: skip
    facts = {"prompt": " ".join(str(one) for one in run.ids), "command": command, "with": made_with(), "date": now()}
    return page.write(out, models["trained"].title, sections, lead=lead, facts=facts, name="trained")


_READINGS = (
    "Good triple as B's Definition 4.1: the leading eigenvalue of V is real, positive and simple, and <Q phi, K phi> > "
    "0. V is O_h V_h, leading by modulus (as B prints) or by real part; or the block of the value matrix in the head's "
    "place. A count says nothing without its reading and without that of random heads."
)
_CHAOS = (
    "The whole stack again and again. `growth` is the logarithm by which a perturbation of 10^{-9} grows in a layer; "
    "where it is positive, tokens many passes on are those of rounding, and one prompt says nothing beyond 5 passes."
)


def _saved(out: Path, name: str, draw: Any) -> page.Picture:
    with style.session():
        drawn = draw()
    file = f"trained-{name}.png"
    style.save(drawn, out / file)
    close(drawn)
    return page.Picture(file, _CAPTIONS[name])


_CAPTIONS = {
    "means": "Mean inner product behind every half layer, by the names of the weights.",
    "histograms": "Inner products at the embedding, in the middle and at the depth.",
    "attention": "Entropy of the rows of attention over log n, and the share that the first token gets, over heads.",
    "heads": "The eigenvalue of largest modulus of every head's O V.",
    "beyond": "Share of pairs above 0.9 over passes through the whole stack.",
}


def _pictures(
    models: Mapping[str, trained.Model], runs: Mapping[str, Any], loops: Mapping[str, Any],
    heads: Mapping[str, trained.Heads],
) -> dict[str, Any]:  # fmt: skip
    """What draws each picture."""
    depth = models["trained"].settings.depth
    half, layers = np.arange(2 * depth + 1) / 2.0, np.arange(depth) + 1.0
    log_n = np.log(len(runs["trained"].ids))
    means = {name: (half, run.mean_product) for name, run in runs.items()}
    entropy = {name: (layers, run.entropy.mean(axis=1) / log_n) for name, run in runs.items()}
    first = {name: (layers, run.first_share.mean(axis=1)) for name, run in runs.items()}
    beyond = {name: (np.arange(len(loop.near)), loop.near) for name, loop in loops.items()}
    title = models["trained"].title.removesuffix(", trained")
    clouds = {
        f"{title}, {runs['trained'].half(2 * k)}": {name: [run.directions[2 * k]] for name, run in runs.items()}
        for k in dict.fromkeys((0, (depth + 1) // 2, depth))
    }
    return {
        "means": lambda: pictures.lines({title: means}, "layer", ["mean inner product"], (-0.2, 1.03)),
        "histograms": lambda: pictures.histograms(clouds),
        "attention": lambda: pictures.lines(
            {f"{title}: entropy": entropy, "share of the first token": first}, "layer", ["entropy / log n", "share"]
        ),
        "heads": lambda: pictures.eigenvalues(
            {title: {n: heads[n].modulus.value for n in ("trained", "gauss")}}
        ),
        "beyond": lambda: pictures.lines({title: beyond}, "passes", ["share of pairs above 0.9"], (-0.03, 1.03)),
    }


def _tokens(runs: Mapping[str, Any]) -> page.Table:
    run = runs["trained"]
    header = ["half layer", *(f"mean, {name}" for name in runs), *(f"near 1, {name}" for name in runs)]
    header += ["effective rank", "clusters", "spread of |x|"]
    columns = [one.mean_product for one in runs.values()] + [one.near for one in runs.values()]
    columns += [run.effective_rank, run.clusters, run.spread]
    rows = [[run.half(k), *(float(column[k]) for column in columns)] for k in range(len(run.tokens))]
    told = "mean: of inner products of pairs; near 1: share above 0.9; clusters: linked above 0.95."
    return page.Table(header, rows, told)


def _attention(runs: Mapping[str, Any]) -> page.Table:
    run = runs["trained"]
    header = ["layer", *(f"entropy, {name}" for name in runs), *(f"first token, {name}" for name in runs), "beta"]
    columns = [one.entropy.mean(axis=1) for one in runs.values()]
    columns += [one.first_share.mean(axis=1) for one in runs.values()] + [run.score_spread.mean(axis=1)]
    rows = [[k + 1, *(float(column[k]) for column in columns)] for k in range(run.depth)]
    return page.Table(header, rows, "Means over heads; beta: the standard deviation of the trained scores.")


def _counts(heads: Mapping[str, trained.Heads]) -> page.Table:
    header = ["weights", "heads", "by modulus", "by real part", "block, modulus", "block, real", "negative", "real"]
    rows = [
        [name, h.trace.size, *(int(r.good.sum()) for r in (h.modulus, h.real_part, h.block_modulus, h.block_real_part)),
         int(h.modulus.negative.sum()), int(h.modulus.real.sum())]
        for name, h in heads.items()
    ]  # fmt: skip
    return page.Table(header, rows, "Good triples by reading; leading eigenvalues (by modulus) negative, and real.")


def _heads(h: trained.Heads) -> page.Table:
    header = ["layer", "head", "by modulus", "by real part", "<Q phi, K phi>", "good", "trace", "skew share"]
    rows = []
    for k, one in np.ndindex(h.trace.shape):
        w, v = h.modulus.value[k, one], h.real_part.value[k, one]
        rows.append([
            k + 1, one, f"{w:.3g}", f"{v:.3g}", float(h.modulus.score[k, one]),
            "yes" if h.modulus.good[k, one] else "no", float(h.trace[k, one]), float(h.skew[k, one]),
        ])  # fmt: skip
    told = "Leading eigenvalues of O_h V_h; good: by modulus. Layers that share their weights are told once."
    return page.Table(header, rows, told)


def _passes(loops: Mapping[str, Any]) -> page.Table:
    header = ["passes", *(f"{what}, {name}" for name in loops for what in ("mean", "near 1", "clusters")), "growth"]
    growth = [float("nan"), *loops["trained"].growth]
    columns = [column for loop in loops.values() for column in (loop.mean_product, loop.near, loop.clusters)]
    rows = [[k, *(float(column[k]) for column in columns), float(growth[k])] for k in range(len(growth))]
    return page.Table(header, rows)
