"""What a picture may be asked for: options are handed on, and one that it does not have is refused by name."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from inspect import Parameter, signature
from typing import Any, TypeVar

T = TypeVar("T")


def drawn(picture: Callable[..., T], *given: Any, **options: Any) -> T:
    """The picture of what is given, with options that it has.

    Raises
    ------
    TypeError
        For an option that it has not; it names what there is.
    """
    known = of(picture)
    for name in options:
        if name not in known:
            near = get_close_matches(name, signature(picture).parameters, 1)
            hint = f" (near: {near[0]})" if near else ""
            raise TypeError(f"{name}: this picture has no such option; it has {', '.join(known)}{hint}")
    return picture(*given, **options)


def of(picture: Callable[..., Any]) -> list[str]:
    """The names of a picture's options."""
    return [name for name, one in signature(picture).parameters.items() if one.kind is Parameter.KEYWORD_ONLY]
