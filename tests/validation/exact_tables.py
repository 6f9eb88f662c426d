"""What the tests of closed forms share: tables read, closeness, a tilted density."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


def number(token: str) -> Any:
    try:
        return float(token)
    except ValueError:
        return token


def records(text: str, size: int) -> list[list[Any]]:
    """The tokens of a table in records of `size`, numbers as floats."""
    tokens = [number(token) for token in text.split()]
    assert len(tokens) % size == 0 and tokens
    return [tokens[i : i + size] for i in range(0, len(tokens), size)]


def zonally_tilted(d: int) -> Callable[[np.ndarray], np.ndarray]:
    """1 + 0.3 P_1 + 0.2 P_2 of c."""
    return lambda c: 1 + 0.3 * c + 0.2 * (d * c * c - 1) / (d - 1)


def assert_close(got: Any, wanted: Any, rtol: float, atol: float = 0.0) -> None:
    np.testing.assert_allclose(got, wanted, rtol=rtol, atol=atol)
