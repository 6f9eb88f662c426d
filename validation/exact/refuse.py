"""The refusals of this package, which may not borrow those of the house."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def number(name: str, value: Any, low: float = -math.inf, high: float = math.inf, *, open_low: bool = False) -> float:
    """`value` as a finite float in [low, high], or (low, high] if `open_low`; else TypeError or ValueError."""
    try:
        result = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{name} must be a real number; got {value!r}") from None
    if not math.isfinite(result) or not low <= result <= high or (open_low and result == low):
        bracket = "(" if open_low else "["
        raise ValueError(f"{name} must be finite and in {bracket}{low}, {high}]; got {value!r}")
    return result


def integer(name: str, value: Any, low: int) -> int:
    """`value` as an int of at least `low`; else TypeError or ValueError."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | np.integer):
        raise TypeError(f"{name} must be an integer; got {value!r}")
    if value < low:
        raise ValueError(f"{name} must be an integer >= {low}; got {value!r}")
    return int(value)


def choice(name: str, value: Any, options: Sequence[str]) -> str:
    """`value` if it is one of `options`; else ValueError."""
    if value not in options:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, options))}; got {value!r}")
    return str(value)


def sign(value: Any) -> int:
    """+1 (attractive, V = I) or -1 (repulsive, V = -I); else ValueError."""
    if value not in (1, -1):
        raise ValueError(f"sign must be 1 (attractive) or -1 (repulsive); got {value!r}")
    return int(value)


def times(name: str, value: Any) -> NDArray[np.float64]:
    """`value` as an array of finite times >= 0, of any shape."""
    result = np.asarray(value, dtype=float)
    if not np.all(np.isfinite(result)) or np.any(result < 0):
        raise ValueError(f"{name} must be finite and >= 0; got {value!r} (time backwards is sign=-1 where it exists)")
    return result
