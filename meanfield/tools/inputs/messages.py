"""How a refusal is worded: the name, what is wanted, what came, what to do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from meanfield.protocols import Array

LONG = 20
"""Letters of a bound that is told as it is."""


def describe(value: Any) -> str:
    """What came, in a few words: an array by dtype and shape, anything else by its (shortened) repr and type."""
    if isinstance(value, np.ndarray) and value.ndim > 0:
        return f"an array of dtype {value.dtype} and shape {value.shape}"
    try:
        text = repr(value)
    except Exception:  # a stranger's broken __repr__ must not hide the refusal
        text = "a value without a repr"
    if len(text) > 80:
        text = text[:60] + " ... " + text[-15:]
    return f"{text} ({type(value).__name__})"


def message(name: str, wanted: str, came: str, remedy: str) -> str:
    """What every refusal says: the name, what is wanted, what came, what to do."""
    return f"{name} must be {wanted}; got {came}. {remedy}"


def several(count: int, thing: str) -> str:
    """A number of things: 1 cluster, 2 clusters."""
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def place(index: Iterable[Any]) -> str:
    """An index as one would type it: [3], [0, 2]."""
    return "[" + ", ".join(str(int(i)) for i in index) + "]"


def first(bad: Array) -> tuple[int, ...]:
    """Index of the first True, in reading order."""
    return tuple(int(i) for i in np.unravel_index(int(np.argmax(bad)), bad.shape))


def bounds(low: Any, high: Any, above: Any = None) -> str:
    """The bounds as one would write them, after a blank; nothing if there are none."""
    signs = ((">", above), (">=", low), ("<=", high))
    parts = [f"{sign} {_brief(bound)}" for sign, bound in signs if bound is not None]
    return " " + " and ".join(parts) if parts else ""


def _brief(bound: Any) -> str:
    """A bound as it is, in powers of ten if it has more digits than anyone reads."""
    text = str(bound)
    return text if len(text) <= LONG else f"{bound:.6g}"
