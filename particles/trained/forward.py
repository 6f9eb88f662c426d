"""Tokens through layers, half by half: attention, then the feed-forward layer, each added and normalised (post-norm).

With h heads of width d_h, scores <Q x_i + Q0, K x_j + K0> / sqrt(d_h), and pads that no token sees.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from meanfield.laws import activations
from meanfield.protocols import Array
from particles.trained.settings import Settings
from particles.trained.weights import Embedding, Layer, cast


class Half(NamedTuple):
    """What half a layer did: the tokens behind it and, of an attention half, how."""

    tokens: Array
    attention: Array | None = None
    q: Array | None = None
    k: Array | None = None
    v: Array | None = None


def norm(x: Array, gain: Array, shift: Array, eps: float) -> Array:
    """(x - mean) / sqrt(var + eps) of every row, times gain, plus shift; x is overwritten."""
    x -= x.mean(axis=-1, keepdims=True)
    variance = np.einsum("...i,...i->...", x, x)[..., None] / x.shape[-1]
    x /= np.sqrt(variance + eps)
    x *= gain
    x += shift
    return x


def embed(part: Embedding, ids: Array, eps: float, dtype: np.dtype) -> Array:
    """Tokens (..., n, d) before the first layer, of ids (..., n): the first type, positions from 0."""
    x = part.words[ids] + part.positions[: ids.shape[-1]] + part.types[0]
    x = norm(x.astype(dtype), part.gain.astype(dtype), part.shift.astype(dtype), eps)
    if part.map is None or part.map0 is None:
        return x
    return np.asarray(x @ part.map.T.astype(dtype) + part.map0.astype(dtype))


def parted(x: Array, heads: int) -> Array:
    """(..., n, heads d_h) as (..., heads, n, d_h)."""
    return np.moveaxis(x.reshape(*x.shape[:-1], heads, -1), -2, -3)


def scores(q: Array, k: Array) -> Array:
    """<q_i, k_j> / sqrt(d_h), by head."""
    s = q @ np.swapaxes(k, -1, -2)
    s *= 1.0 / math.sqrt(q.shape[-1])
    return np.asarray(s)


def attend(layer: Layer, x: Array, heads: int, unseen: Array | None) -> tuple[Array, Half]:
    """What attention adds to tokens (b, n, d), and how: its matrix, q, k and v by head."""
    q, k, v = (parted(x @ M.T + bias, heads) for M, bias in zip((layer.Q, layer.K, layer.V), _biases(layer)))
    P = scores(q, k)
    if unseen is not None:
        P[np.broadcast_to(unseen[:, None, None, :], P.shape)] = -np.inf
    P -= P.max(axis=-1, keepdims=True)
    np.exp(P, out=P)
    P /= P.sum(axis=-1, keepdims=True)
    seen = np.moveaxis(P @ v, -3, -2)
    return seen.reshape(x.shape) @ layer.O.T + layer.O0, Half(x, P, q, k, v)


def _biases(layer: Layer) -> tuple[Array, Array, Array]:
    return layer.Q0, layer.K0, layer.V0


def feed(layer: Layer, x: Array, activation: str) -> Array:
    """What the feed-forward layer adds."""
    s = x @ layer.U.T
    s += layer.U0
    return np.asarray(activations.value(activation, s) @ layer.W.T + layer.W0)


def halves(
    layers: Sequence[Layer], x: Array, settings: Settings, unseen: Array | None = None
) -> Iterator[Half]:
    """What every half layer does, of tokens (b, n, d) in their precision.

    Parameters
    ----------
    layers : sequence of Layer
        In the order in which they are passed.
    x : array (b, n, d)
        Before the first of them; it is left as it is.
    settings : Settings
    unseen : array (b, n) of bool, optional
        Which tokens are pads.
    """
    eps = settings.eps
    for layer in layers:
        one = cast(layer, x.dtype)
        added, how = attend(one, x, settings.heads, unseen)
        added += x
        x = norm(added, one.gain, one.shift, eps)
        yield how._replace(tokens=x)
        added = feed(one, x, settings.activation)
        added += x
        x = norm(added, one.gain2, one.shift2, eps)
        yield Half(x)
