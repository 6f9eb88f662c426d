"""Answers are kept by value, as many as are permitted; what has no hash is asked anew."""

from __future__ import annotations

from typing import Any

import pytest

from meanfield.tools.remembered import remembered

ASKED: list[Any] = []


@remembered(2)
def doubled(value: Any) -> Any:
    """Twice the value."""
    ASKED.append(value)
    if value == "wrong":
        raise TypeError("wrong")
    return 2 * value


def test_equal_values_are_asked_about_once_and_the_oldest_is_forgotten() -> None:
    ASKED.clear()
    assert [doubled(v) for v in (1, 1, 2, 1, 3, 2)] == [2, 2, 4, 2, 6, 4]
    assert ASKED == [1, 2, 3, 2]
    assert doubled.__doc__ == "Twice the value."


def test_what_has_no_hash_is_asked_anew() -> None:
    ASKED.clear()
    assert [doubled([1]), doubled([1])] == [[1, 1], [1, 1]] and ASKED == [[1], [1]]


def test_a_refusal_is_not_kept() -> None:
    ASKED.clear()
    for _ in range(2):
        with pytest.raises(TypeError, match="wrong"):
            doubled("wrong")
    assert ASKED == ["wrong", "wrong"]
