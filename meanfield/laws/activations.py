"""Activations sigma of a feed-forward layer, by name or as a function: entry by entry, with their slopes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import scipy

from meanfield.protocols import Array
from meanfield.tools import inputs

__all__ = ["NAMES", "checked", "slope", "value"]

TRIED = np.array([[-1.0, -0.3], [0.0, 0.7]])
"""On which a function is tried."""


class _Named(NamedTuple):
    value: Callable[[Array], Any]
    slope: Callable[[Array], Any]


def _silu_slope(s: Array) -> Array:
    e = scipy.special.expit(s)
    return np.asarray(e + s * e * (1.0 - e))


def _gelu_slope(s: Array) -> Array:
    return np.asarray(scipy.special.ndtr(s) + s * np.exp(-0.5 * s * s) / np.sqrt(2.0 * np.pi))


def _gelu_new(s: Array) -> Array:
    return np.asarray(0.5 * s * (1.0 + np.tanh(_inner(s))))


def _gelu_new_slope(s: Array) -> Array:
    t = np.tanh(_inner(s))
    return np.asarray(0.5 * (1.0 + t) + 0.5 * s * (1.0 - t * t) * (_ROOT + 3.0 * _CUBE * s * s))


def _inner(s: Array) -> Array:
    return np.asarray(s * (_ROOT + _CUBE * s * s))


_ROOT = math.sqrt(2.0 / math.pi)
_CUBE = 0.044715 * _ROOT
_NAMED = {
    "tanh": _Named(np.tanh, lambda s: 1.0 - np.square(np.tanh(s))),
    "relu": _Named(lambda s: np.maximum(s, 0.0), lambda s: (s > 0.0).astype(float)),
    "gelu": _Named(lambda s: s * scipy.special.ndtr(s), _gelu_slope),
    "gelu_new": _Named(_gelu_new, _gelu_new_slope),
    "silu": _Named(lambda s: s * scipy.special.expit(s), _silu_slope),
}
NAMES = tuple(_NAMED)
"""relu(s) = max(s, 0), gelu(s) = s Phi(s) with the normal distribution, silu(s) = s / (1 + e^{-s}); gelu_new(s) =
(s / 2) (1 + tanh((2 / pi)^{1/2} (s + 0.044715 s^3))), near gelu to 5e-4, as some networks are trained."""


def checked(name: str, activation: Any) -> Any:
    """One of the names, or a function that gives a number for every number."""
    if not callable(activation):
        return inputs.choice(name, activation, NAMES)
    _applied(name, activation, TRIED)
    return activation


def value(activation: Any, s: Array) -> Array:
    """sigma(s), entry by entry."""
    if callable(activation):
        return _applied("activation", activation, s)
    return np.asarray(_NAMED[activation].value(s))


def slope(activation: Any, s: Array) -> Array:
    """sigma'(s), entry by entry; of relu at its kink the left one, 0.

    Raises
    ------
    TypeError
        For a function that does not say it.
    """
    if not callable(activation):
        return np.asarray(_NAMED[activation].slope(s))
    told = getattr(activation, "slope", None)
    if not callable(told):
        raise TypeError(
            f"activation: {inputs.describe(activation)} does not say its slope(s), which is asked where a density "
            'rides on points: give it that method, or take method="spectral"'
        )
    return _applied("activation.slope", told, s)


def _applied(name: str, f: Callable[[Array], Any], s: Array) -> Array:
    try:
        with np.errstate(all="ignore"):
            answer = np.asarray(f(s), dtype=float)
    except (TypeError, ValueError) as error:
        wanted, remedy = "a function of arrays, entry by entry", "numpy.vectorize makes one."
        raise TypeError(inputs.message(name, wanted, f"one that fails: {error}", remedy)) from error
    if answer.shape != s.shape or not np.isfinite(answer[np.isfinite(s)]).all():
        came = f"shape {answer.shape} of {s.shape}" if answer.shape != s.shape else "values that are not finite"
        wanted = "a finite number for every number"
        raise ValueError(inputs.message(name, wanted, came, "numpy.vectorize(f) asks number by number."))
    return answer
