"""What is told of tokens and of attention, half layer by half layer; of tokens by their directions x / |x|."""

from __future__ import annotations

from typing import Any

import numpy as np

from meanfield.clustering.linked import near
from meanfield.protocols import Array
from meanfield.tools.shown import Shown

NEAR = 0.9
"""Pairs with a larger inner product are near."""
LINKED = 0.95
"""Tokens with a larger one are linked; clusters are the components."""


def directions(x: Array) -> Array:
    """x / |x|."""
    return np.asarray(x / np.linalg.norm(x, axis=-1, keepdims=True))


def pairs(x: Array) -> Array:
    """<x_i, x_j>, i < j, of directions (..., n, d): (..., n (n - 1) / 2)."""
    i, j = np.triu_indices(x.shape[-2], 1)
    return np.asarray((x @ np.swapaxes(x, -1, -2))[..., i, j])


def mean_product(x: Array) -> Array:
    """Mean of <x_i, x_j> over pairs i < j, of directions: (|sum x_i|^2 - n) / (n (n - 1)); nan of one token."""
    n = x.shape[-2]
    total = x.sum(axis=-2)
    with np.errstate(invalid="ignore"):
        return np.asarray((np.sum(total * total, axis=-1) - n) / np.float64(n * (n - 1)))


def near_share(x: Array, above: float = NEAR) -> Array:
    """Share of pairs whose inner product is larger."""
    found = pairs(x) > above
    return np.asarray(found.mean(axis=-1) if found.shape[-1] else np.full(found.shape[:-1], np.nan))


def effective_rank(x: Array) -> Array:
    """e^H of the singular values' shares: of how many dimensions directions are, in effect (Roy, Vetterli 2007)."""
    s = np.linalg.svd(x, compute_uv=False)
    p = s / s.sum(axis=-1, keepdims=True)
    return np.asarray(np.exp(-np.sum(np.where(p > 0.0, p * np.log(np.where(p > 0.0, p, 1.0)), 0.0), axis=-1)))


def clusters(x: Array, above: float = LINKED) -> Array:
    """How many components are linked by inner products larger than this."""
    lead = x.shape[:-2]
    flat = x.reshape(-1, *x.shape[-2:])
    reach = np.sqrt(2.0 * (1.0 - above))  # of the straight distance between unit rows
    return np.array([len(np.unique(near(one, reach))) for one in flat]).reshape(lead)


class Told(Shown):
    """What tokens (..., n, d) tell, of whoever holds them: of x / |x|, as their lengths differ."""

    tokens: Any

    @property
    def held(self) -> Array:
        """The tokens."""
        return np.asarray(self.tokens)

    @property
    def lengths(self) -> Array:
        """|x|: (..., n)."""
        return np.asarray(np.linalg.norm(self.held, axis=-1))

    @property
    def spread(self) -> Array:
        """Standard deviation of |x| over its mean: 0 where tokens lie on a sphere."""
        lengths = self.lengths
        return np.asarray(lengths.std(axis=-1) / lengths.mean(axis=-1))

    @property
    def directions(self) -> Array:
        """x / |x|."""
        return directions(self.held)

    @property
    def mean_product(self) -> Array:
        """Mean of <x_i, x_j> / |x_i| |x_j| over pairs; nan of one token."""
        return mean_product(self.directions)

    @property
    def near(self) -> Array:
        """Share of pairs above 0.9; nan of one token."""
        return near_share(self.directions)

    @property
    def effective_rank(self) -> Array:
        """e^H of the directions' singular values."""
        return effective_rank(self.directions)

    @property
    def clusters(self) -> Array:
        """Components linked by inner products above 0.95."""
        return clusters(self.directions)
