"""How things are shown: in one line without arrays, and in a notebook as a small table.

The table has no colours of its own, so that it is read on light and dark paper, and what it says is escaped.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from html import escape
from typing import Any

import numpy as np

FEW = 4
"""Longer sequences are cut short."""
WORDS = 60
"""Characters of one value that is not ours."""
LONG = 240
"""Characters of a line."""


class Shown:
    """Base of what shows itself in one line: its class and settings, those that are None left out.

    A dataclass would write a repr of its own, with every entry of every array.
    """

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "__repr__" not in vars(cls):
            setattr(cls, "__repr__", cls.__repr__)  # noqa: B010

    def __repr__(self) -> str:
        return line(self)


def line(thing: Any) -> str:
    """`Name(setting=value, ...)`: the fields of a dataclass or named tuple, arrays by their shapes."""
    if is_dataclass(thing):
        names: Iterable[str] = (f.name for f in fields(thing) if f.repr)
    else:
        names = getattr(thing, "_fields", ())
    pairs = ((name, getattr(thing, name)) for name in names)
    said = ", ".join(f"{name}={short(value)}" for name, value in pairs if value is not None)
    return f"{type(thing).__name__}({said if len(said) <= LONG else said[: LONG - 4] + ' ...'})"


def short(value: Any) -> str:
    """A value in a few words, on one line."""
    if isinstance(value, np.ndarray) and value.ndim:
        return f"<{' x '.join(map(str, value.shape))}>"
    if isinstance(value, np.ndarray | np.generic):
        return repr(value.item())
    if isinstance(value, dict):
        parts = [f"{key!r}: {short(one)}" for key, one in list(value.items())[:FEW]]
        return "{" + ", ".join(parts + ["..."] * (len(value) > FEW)) + "}"
    if isinstance(value, list | tuple) and not hasattr(value, "_fields"):
        parts = [short(one) for one in value[:FEW]]
        left, right = "[]" if isinstance(value, list) else "()"
        if len(value) > FEW:
            parts.append(f"... {len(value)} in all")
        return left + ", ".join(parts) + ("," if len(value) == 1 and left == "(" else "") + right
    if isinstance(value, Shown):
        return repr(value)
    if callable(value) and hasattr(value, "__qualname__"):
        return str(value.__qualname__).replace("<locals>.", "")
    text = " ".join(repr(value).split())
    return text if len(text) <= WORDS else text[: WORDS - 15] + " ... " + text[-10:]


def table(head: str, facts: Iterable[tuple[str, Any]]) -> str:
    """A small table in HTML: what it is, and beneath it a row for every fact."""
    rows = (f"<tr><th>{escape(name)}</th><td>{escape(str(fact))}</td></tr>" for name, fact in facts)
    return f"<table><caption>{escape(head)}</caption><tbody>{''.join(rows)}</tbody></table>"


def span(values: Any) -> str:
    """Numbers by the least and the largest that is known; one number if they are the same."""
    known = np.asarray(values, dtype=float)
    known = known[np.isfinite(known)]
    if known.size == 0:
        return "unknown"
    low, high = float(known.min()), float(known.max())
    return f"{low:.6g}" if low == high else f"{low:.6g} to {high:.6g}"


class ShownMeasure(Shown):
    """Base of measures: the table of one in a notebook."""

    def _repr_html_(self) -> str:
        mu: Any = self
        *replicas, n = np.shape(mu.weights)
        facts = [("dimension d", mu.d), ("points or nodes", n), ("positions", mu.geometry.name)]
        facts += [("replicas", " x ".join(map(str, replicas)))] * bool(replicas)
        facts += [("whole mass", span(np.sum(mu.weights, axis=-1))), ("masses", span(mu.weights))]
        return table(repr(self).strip("<>"), facts)
