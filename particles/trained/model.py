"""A trained model: its weights, and how tokens go through them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from meanfield.protocols import Array
from meanfield.tools import inputs
from meanfield.tools.shown import Shown
from particles.trained import controls, flowing, forward, looped, prompts
from particles.trained.flowing import Flow
from particles.trained.heads import Heads, of_layers
from particles.trained.looped import Loop
from particles.trained.settings import Settings
from particles.trained.trace import ATTENTION, KEPT, Trace
from particles.trained.weights import Embedding, Layer

DTYPES = ("float64", "float32")
LIMIT = 2**31
"""Bytes that a call may need, if it is not told otherwise."""


@dataclass(frozen=True, eq=False)
class Model(Shown):
    """A model as `load` reads it, or a control of it.

    Attributes
    ----------
    settings : Settings
        Its sizes.
    weights : str
        "trained", or which control this is.
    embedding : Embedding
    layers : tuple of Layer
        In the order in which tokens pass them; layers that share their weights are one object.
    folder : Path or None
        Where tokenizer.json is.
    """

    settings: Settings
    weights: str
    embedding: Embedding = field(repr=False)
    layers: tuple[Layer, ...] = field(repr=False)
    folder: Path | None = field(default=None, repr=False)

    @property
    def title(self) -> str:
        """What it is called in tables and figures."""
        s = self.settings
        return f"{s.family}, {inputs.several(s.depth, 'layer')}, d = {s.d}, {self.weights}"

    def trace(
        self, prompt: Any, *, tokenize: Any = None, keep: Iterable[str] = KEPT, dtype: str = "float64",
        limit: float = LIMIT,
    ) -> Any:  # fmt: skip
        """Tokens behind every half layer, with attention and q, k, v by head.

        Parameters
        ----------
        prompt : ids (n,), str, or a list of such
            A text is cut by the model's own tokenizer.json, with its marks at both ends.  Several prompts go through
            together, padded, and no token sees a pad.
        tokenize : callable, optional
            Text to ids, in the place of tokenizer.json.
        keep : names
            Of "tokens", "attention", "q", "k", "v", what is stored; all if not given.
        dtype : {"float64", "float32"}
            In which it is computed.
        limit : float
            Bytes that it may need, 2^31 if not given.

        Returns
        -------
        Trace, or a list of them where several prompts were given

        Raises
        ------
        ValueError, TypeError
            For ids that are not in the vocabulary, nothing, more tokens than positions; unknown names.
        ImportError
            For a text without the package tokenizers.
        MemoryError
            Before anything is computed, if it needs more than the limit: how many bytes.
        """
        keep = self._kept(keep)
        inputs.choice("dtype", dtype, DTYPES)
        limit = inputs.number("limit", limit, above=0.0)
        ids, alone = prompts.cut(prompt, self.settings, self.folder, tokenize)
        width = np.dtype(dtype).itemsize
        self._afford(limit, width * (sum(self._numbers(len(one), keep) for one in ids) + self._working(ids)), "keep")
        rows, unseen = prompts.padded(ids)
        x = forward.embed(self.embedding, rows, self.settings.eps, np.dtype(dtype))
        held: list[dict[str, list[Array]]] = [{name: [] for name in keep} for _ in ids]
        _hold(held, ids, forward.Half(x))
        for half in forward.halves(self.layers, x, self.settings, unseen):
            _hold(held, ids, half)
        traces = [
            Trace(self.title, one, **{name: np.array(parts) for name, parts in kept.items()})
            for one, kept in zip(ids, held)
        ]
        return traces[0] if alone else traces

    def heads(self, prompt: Any = None, *, tokenize: Any = None) -> Heads:
        """Spectra, good triples and symmetry of every head's matrices; layers that share their weights count once.

        Parameters
        ----------
        prompt : ids (n,) or str, optional
            One prompt, of which `beta` is told: the standard deviation of its scores.
        tokenize : callable, optional
            As for `trace`.
        """
        found = of_layers(self.layers, self.settings.heads)
        if prompt is None:
            return found
        run = self.trace(prompt, tokenize=tokenize, keep=("q", "k"))
        if isinstance(run, list):
            raise ValueError(f"prompt: got {len(run)} prompts, wanted one: heads(prompts[0])")
        return replace(found, beta=run.score_spread)

    def control(self, kind: str, seed: Any = 0) -> Model:
        """The same model with other weights in its layers; words and positions stay.

        Parameters
        ----------
        kind : {"shuffle", "gauss", "init"}
            Entries of every matrix permuted; normal numbers of the same standard deviation; as before training, of
            deviation 0.02, with gains 1 and biases 0.
        seed : seed
            Of the numbers.
        """
        inputs.choice("kind", kind, controls.KINDS)
        rng = inputs.generator(seed)
        return replace(self, weights=f"{kind} {seed}", layers=controls.changed(self.layers, kind, rng))

    def loop(
        self, prompt: Any, passes: int, *, tokenize: Any = None, growth: bool = True, seed: Any = 0,
        limit: float = LIMIT,
    ) -> Any:  # fmt: skip
        """All layers again and again, with what a small perturbation does; in float64.

        Parameters
        ----------
        prompt : ids (n,), str, or a list of such
            As for `trace`.
        passes : int
            How often the tokens go through all layers: 1 is the model as it is.
        tokenize : callable, optional
            As for `trace`.
        growth : bool
            False: no perturbation is followed, in half the time.
        seed : seed
            Of the perturbation.
        limit : float
            As for `trace`.

        Returns
        -------
        Loop, or a list of them where several prompts were given
        """
        passes = inputs.integer("passes", passes, low=1)
        growth = inputs.flag("growth", growth)
        limit = inputs.number("limit", limit, above=0.0)
        rng = inputs.generator(seed) if growth else None
        ids, alone = prompts.cut(prompt, self.settings, self.folder, tokenize)
        rows, unseen = prompts.padded(ids)
        self._afford(limit, 8 * ((passes + 1) * rows.size * self.settings.d + 2 * self._working(ids)), "passes")
        x = forward.embed(self.embedding, rows, self.settings.eps, np.dtype(float))
        tokens, grown = looped.run(self.layers, x, self.settings, unseen, passes, rng)
        made = [
            Loop(self.title, one, tokens[:, at, : len(one)].copy(), None if grown is None else grown[:, at])
            for at, one in enumerate(ids)
        ]
        return made[0] if alone else made

    def flow(self, prompt: Any, layer: int, *, tokenize: Any = None) -> Flow:
        """The papers' flow with a layer's own Q, K and O V, from its own tokens: how much of the layer it explains.

        Parameters
        ----------
        prompt : ids (n,) or str
            One prompt, of two tokens at least.
        layer : int
            From 1.
        tokenize : callable, optional
            As for `trace`.

        Returns
        -------
        Flow
        """
        k = inputs.integer("layer", layer, low=1, high=self.settings.depth)
        run = self.trace(prompt, tokenize=tokenize, keep=("tokens", "q", "k"))
        if isinstance(run, list) or len(run.ids) < 2:
            raise ValueError(f"prompt: got {run}, wanted one prompt of two tokens at least: flow(prompts[0], layer)")
        tokens, one = run.tokens[2 * k - 2 : 2 * k + 1], self.layers[k - 1]
        added, _ = forward.attend(one, tokens[:1], self.settings.heads, None)
        scores = forward.scores(run.q[k - 1], run.k[k - 1])
        return flowing.beside(k, one, self.settings, tokens, added[0], float(scores.std()))

    @staticmethod
    def _kept(keep: Any) -> tuple[str, ...]:
        names = inputs.sequence("keep", [keep] if isinstance(keep, str) else keep, f"names of {', '.join(KEPT)}")
        return tuple(dict.fromkeys(inputs.choice("keep", name, KEPT) for name in names))

    def _numbers(self, n: int, keep: Sequence[str]) -> int:
        """How many numbers a trace of n tokens stores."""
        s = self.settings
        each = {"tokens": (2 * s.depth + 1) * n * s.d, "attention": s.depth * s.heads * n * n}
        return sum(each.get(name, s.depth * n * s.d) for name in keep)

    def _working(self, ids: Sequence[Array]) -> int:
        """How many numbers are held at once while a layer is computed."""
        n, s = max(len(one) for one in ids), self.settings
        return len(ids) * n * (2 * s.heads * n + 6 * s.d + 3 * s.hidden)

    @staticmethod
    def _afford(limit: float, wanted: int, argument: str) -> None:
        if wanted > limit:
            raise MemoryError(
                f"{argument}: this needs {wanted} bytes, more than limit={limit:.0f}: give fewer prompts at once, keep "
                f"less, or limit={wanted}"
            )


def _hold(held: list[dict[str, list[Array]]], ids: Sequence[Array], half: forward.Half) -> None:
    """Put by what is kept of every prompt, without its pads."""
    for at, (kept, one) in enumerate(zip(held, ids)):
        n = len(one)
        if "tokens" in kept:
            kept["tokens"].append(half.tokens[at, :n])
        for name in ATTENTION:
            part = getattr(half, name)
            if name in kept and part is not None:
                kept[name].append(part[at, :, :n, :n] if name == "attention" else part[at, :, :n])
