"""What a trained model did with a prompt: its tokens behind every half layer, and attention."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from meanfield.laws.attention import SA
from meanfield.measures.points import Points
from meanfield.plot import points
from meanfield.plot.options import drawn
from meanfield.protocols import Array
from meanfield.tools import inputs
from particles.matrix import row_statistics
from particles.trained import forward, statistics
from particles.trained.statistics import Told

ATTENTION = ("attention", "q", "k", "v")
KEPT = ("tokens", *ATTENTION)
"""What a trace may hold."""


@dataclass(frozen=True, eq=False)
class Trace(Told):
    """A prompt's way through a model, as `Model.trace` returns it; what was not kept is None.

    Half layer 0 is the embedding; 2 k - 1 is behind the attention of layer k and its normalisation, 2 k behind the
    feed-forward layer and its own.  The tokens have lengths, which differ: what is told of them is told of x / |x|.

    Attributes
    ----------
    model : str
        Whose.
    ids : ndarray (n,)
        The prompt.
    tokens : ndarray (2 layers + 1, n, d)
        Behind every half layer.
    attention : ndarray (layers, heads, n, n)
        Rows sum to 1.
    q, k, v : ndarray (layers, heads, n, d_h)
        Queries, keys and values by head, with their biases.
    """

    model: str
    ids: Array
    tokens: Array | None = None
    attention: Array | None = None
    q: Array | None = None
    k: Array | None = None
    v: Array | None = None

    def kept(self, name: str) -> Array:
        """A part, or a refusal that says how it is kept."""
        part = getattr(self, inputs.choice("name", name, KEPT))
        if part is None:
            raise ValueError(f"{name} was not kept: trace with keep=({name!r},), or leave keep= out")
        return np.asarray(part)

    @property
    def depth(self) -> int:
        """How many layers."""
        return (len(self.held) - 1) // 2

    @property
    def held(self) -> Array:
        """The tokens, or a refusal."""
        return self.kept("tokens")

    @property
    def sentence(self) -> Array:
        """The mean of the last tokens, of length 1: what a sentence embedding is."""
        return statistics.directions(self.held[-1].mean(axis=0))

    @property
    def entropy(self) -> Array:
        """Mean entropy of the rows of attention, by layer and head, of log n at the most."""
        return np.asarray(row_statistics(self.kept("attention")).entropy.mean(axis=-1))

    @property
    def first_share(self) -> Array:
        """Mean share of attention that the first token gets, by layer and head."""
        return np.asarray(self.kept("attention")[..., 0].mean(axis=-1))

    @property
    def score_spread(self) -> Array:
        """Standard deviation of the scores <q_i, k_j> / sqrt(d_h), by layer and head: beta, in effect."""
        return np.asarray(forward.scores(self.kept("q"), self.kept("k")).std(axis=(-2, -1)))

    def energies(self, beta: float = 1.0) -> Array:
        """E = (1 / 2 beta n^2) sum_ij e^{beta <x_i, x_j>} of the directions, by half layer (A (3.3)).

        Differences over odd steps are attention's share of what a layer does to E, over even ones the feed-forward's.
        """
        law = SA(inputs.number("beta", beta, above=0.0))
        return np.array([float(Points(x).energy(law)) for x in self.directions])

    @property
    def title(self) -> str:
        """For a figure."""
        return f"{self.model}, n = {len(self.ids)}"

    def half(self, index: Any = -1) -> str:
        """What a half layer is called: embedding, attention 1, feed-forward 1, ..."""
        last = 2 * self.depth
        k = inputs.integer("index", index, low=-last - 1, high=last) % (last + 1)
        return "embedding" if k == 0 else f"{'attention' if k % 2 else 'feed-forward'} {(k + 1) // 2}"

    def plot_inner_products(self, half: int = -1, ax: Any = None, **options: Any) -> Any:
        """Histogram of the inner products of directions behind a half layer (0: the embedding; the last by default).

        Options: title, log, color, label, bins, uniform.
        """
        at, said = self.directions, self.half(half)
        return drawn(points.inner_products, at[half], ax, **{"title": f"{self.title}, {said}", **options})
