"""Answers remembered by the value of what was asked about, if that can be hashed."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def remembered(most: int) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Decorator: the last `most` answers are kept; about what has no hash, a law that holds a list, it asks anew."""

    def wrap(ask: Callable[P, T]) -> Callable[P, T]:
        kept = lru_cache(maxsize=most)(ask)

        @wraps(ask)
        def answer(*args: P.args, **kwargs: P.kwargs) -> T:
            try:
                hash(args)
            except TypeError:
                return ask(*args, **kwargs)
            return kept(*args, **kwargs)  # type: ignore[arg-type]

        return answer

    return wrap
