"""Which equations of the papers a thing holds, written beside it.

A class says ``equations = ("A (2.3)", "C (SA)")``; a function is told by the decorator.  `meanfield.equations` reads
both, and only what a class says itself: what it inherits is its base's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


def equations(*names: str) -> Callable[[F], F]:
    """Decorator: the function stays what it was, with `equations` written on it.

    Parameters
    ----------
    *names : str
        As "A (2.3)", or the arXiv number of a later work.
    """

    def tag(fn: F) -> F:
        setattr(fn, "equations", names)  # noqa: B010 (mypy knows no attributes of functions)
        return fn

    return tag
