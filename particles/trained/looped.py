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
    growth : ndarray (passes,) or None
        log of how much a small perturbation grows in a layer, in the mean over the layers of a pass; it is brought
        back to its size after every pass.
    """

    model: str
    ids: Array
    tokens: Array
    growth: Array | None = None

    @property
    def said(self) -> str:
        """For a figure."""
        return f"{self.model}, {len(self.tokens) - 1} passes, n = {len(self.ids)}"


def run(
    layers: Sequence[Layer], x: Array, settings: Settings, unseen: Array | None, passes: int,
    rng: np.random.Generator | None,
) -> tuple[Array, Array | None]:  # fmt: skip
    """Tokens (passes + 1, b, n, d) of x (b, n, d), and growth (passes, b); without rng none."""
    b, out, growth = len(x), [x], []
    real = np.ones(x.shape[:2]) if unseen is None else ~unseen * 1.0
    size = SIZE * _size(x, real)
    off = None if rng is None else rng.standard_normal(x.shape) * real[..., None]
    pads = unseen if unseen is None or rng is None else np.concatenate([unseen, unseen])
    for _ in range(passes):
        both = x
        if off is not None:
            off *= (size / _size(off, real))[:, None, None]
            both = np.concatenate([x, x + off])
        for half in forward.halves(layers, both, settings, pads):
            both = half.tokens
        x = both[:b]
        out.append(x)
        if off is not None:
            off = both[b:] - x
            with np.errstate(divide="ignore"):
                growth.append(np.log(_size(off, real) / size) / len(layers))
    return np.array(out), np.array(growth) if growth else None


def _size(x: Array, real: Array) -> Array:
    """The norm of each prompt's tokens, without its pads."""
    return np.asarray(np.sqrt(np.sum(np.square(x).sum(axis=-1) * real, axis=-1)))
