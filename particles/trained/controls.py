"""The same model with other weights in its layers: what of a model's behaviour is its shape's, and what is learned.

Words and positions stay, so that tokens begin where they did.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from meanfield.protocols import Array
from particles.trained.weights import Layer, each

INITIAL = 0.02
"""Standard deviation with which such models begin to be trained."""


def _shuffled(rng: np.random.Generator, _: str, a: Array) -> Array:
    return rng.permutation(a.ravel()).reshape(a.shape) if a.ndim == 2 else a


def _gaussian(rng: np.random.Generator, _: str, a: Array) -> Array:
    return a.std() * rng.standard_normal(a.shape) if a.ndim == 2 else a


def _initial(rng: np.random.Generator, name: str, a: Array) -> Array:
    if a.ndim == 2:
        return INITIAL * rng.standard_normal(a.shape)
    return np.ones_like(a) if name.startswith("gain") else np.zeros_like(a)


KINDS: dict[str, Callable[[np.random.Generator, str, Array], Array]] = {
    "shuffle": _shuffled, "gauss": _gaussian, "init": _initial,
}  # fmt: skip
"""Entries of every matrix permuted; normal numbers of the same deviation; as before training, gains 1 and biases 0."""


def changed(layers: Iterable[Layer], kind: str, rng: np.random.Generator) -> tuple[Layer, ...]:
    """Layers with such weights; those that were one stay one."""
    layers = list(layers)
    made: dict[int, Any] = {}
    for layer in layers:
        if id(layer) not in made:
            made[id(layer)] = each(layer, lambda name, a: KINDS[kind](rng, name, a))
    return tuple(made[id(layer)] for layer in layers)
