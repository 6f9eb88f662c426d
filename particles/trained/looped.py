"""The layers of a model again and again: what its tokens do beyond the depth, and how a perturbation grows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from meanfield.protocols import Array
from particles.trained import forward
from particles.trained.settings import Settings
from particles.trained.statistics import Told
from particles.trained.weights import Layer

SIZE = 1e-9
"""Of a perturbation at the beginning of every pass, over the size of the tokens."""


@dataclass(frozen=True, eq=False)
class Loop(Told):
    """A prompt's tokens over passes through all layers, as `Model.loop` returns it.

    Where perturbations grow, one prompt's tokens many passes on are those of its rounding: take medians over prompts.

    Attributes
    ----------
    model : str
        Whose.
    ids : ndarray (n,)
        The prompt.
    tokens : ndarray (passes + 1, n, d)
        The embedding, and the tokens behind every pass.
    growth : ndarray (passes,)
        log of how much a small perturbation grows in a layer, in the mean over the layers of a pass; it is brought
        back to its size after every pass.
    """

    model: str
    ids: Array
    tokens: Array
    growth: Array

    @property
    def said(self) -> str:
        """For a figure."""
        return f"{self.model}, {len(self.tokens) - 1} passes, n = {len(self.ids)}"


def run(
    layers: Sequence[Layer], x: Array, settings: Settings, unseen: Array | None, passes: int, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Tokens (passes + 1, b, n, d) of x (b, n, d), and growth (passes, b)."""
    b = len(x)
    real = np.ones(x.shape[:2]) if unseen is None else ~unseen * 1.0
    pads = None if unseen is None else np.concatenate([unseen, unseen])
    size = SIZE * _size(x, real)
    off = rng.standard_normal(x.shape) * real[..., None]
    out, growth = [x], []
    for _ in range(passes):
        off *= (size / _size(off, real))[:, None, None]
        both = np.concatenate([x, x + off])
        for half in forward.halves(layers, both, settings, pads):
            both = half.tokens
        x, off = both[:b], both[b:] - both[:b]
        with np.errstate(divide="ignore"):
            growth.append(np.log(_size(off, real) / size) / len(layers))
        out.append(x)
    return np.array(out), np.array(growth)


def _size(x: Array, real: Array) -> Array:
    """The norm of each prompt's tokens, without its pads."""
    return np.asarray(np.sqrt(np.sum(np.square(x).sum(axis=-1) * real, axis=-1)))
