"""What the checks of trained models share: the models where they are installed, their prompts, and what was traced."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import binom

from meanfield.protocols import Array
from particles import trained
from particles.trained import controls
from validation import prompts
from validation.published import MINILM, MODELS, RXN, Published, loaded
from validation.verdict import Outcome, Verdict

CONTROLS = tuple(controls.KINDS)
KINDS = ("trained", *CONTROLS)
SHORT = {MINILM: "MiniLM", RXN: "ALBERT"}
GROUP = 10
"""Prompts that go through together."""


def absent() -> Verdict | None:
    """The verdict where something is missing: not run, and what to type; None where all is there."""
    said = [one.missing for one in MODELS if one.folder is None]
    if not said:
        try:
            loaded(MINILM).trace("a", keep=())
        except ImportError as error:
            said = [str(error)]
    return Verdict(outcome=Outcome.NOT_APPLICABLE, message=f"Not run: {'; '.join(said)}.") if said else None


@cache
def asked(one: Published, count: int = 50) -> tuple[Array, ...]:
    """The ids of a model's prompts, short ones first, so that those that go through together are alike."""
    if one is RXN:
        words = prompts.vocabulary(one)
        ids = [np.array(prompts.pieces(text, words)) for text in prompts.reactions()]
    else:
        ids = [run.ids for run in loaded(one).trace(list(prompts.english()), keep=())]
    spread = np.linspace(0, len(ids) - 1, count).astype(int)
    return tuple(sorted((ids[k] for k in spread), key=len))


@cache
def model(one: Published, kind: str, seed: int = 0) -> trained.Model:
    """The trained model, or a control of it."""
    return loaded(one) if kind == "trained" else loaded(one).control(kind, seed)


class Told(NamedTuple):
    """Of every prompt and half layer, or pass: mean inner product, share above 0.9, clusters over n."""

    mean: Array
    near: Array
    clusters: Array


@cache
def traced(one: Published, kind: str, count: int = 50) -> Told:
    """Through the depth: (prompts, half layers + 1); in single precision, whose error is far below their spread."""
    ids = asked(one, count)
    runs: list[Any] = []
    for k in range(0, len(ids), GROUP):
        runs += model(one, kind).trace(ids[k : k + GROUP], keep="tokens", dtype="float32")
    return _told(runs)


@cache
def looped(one: Published, kind: str, passes: int, count: int = 50) -> Told:
    """Beyond the depth: (prompts, passes + 1)."""
    ids = asked(one, count)
    runs: list[Any] = []
    for k in range(0, len(ids), GROUP):
        runs += model(one, kind).loop(ids[k : k + GROUP], passes, growth=False)
    return _told(runs)


def _told(runs: list[Any]) -> Told:
    return Told(
        np.array([run.mean_product for run in runs]), np.array([run.near for run in runs]),
        np.array([run.clusters / len(run.ids) for run in runs]),
    )  # fmt: skip


def median_interval(values: Any, level: float = 0.95) -> tuple[float, float]:
    """Confidence interval of a median by order statistics, whatever the values are distributed as."""
    x = np.sort(np.asarray(values, dtype=float))
    k = int(binom.ppf(0.5 * (1.0 - level), len(x), 0.5))
    return float(x[max(k - 1, 0)]), float(x[min(len(x) - k, len(x) - 1)])
