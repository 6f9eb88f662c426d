"""What contracts ask of those who inherit them: members to be read, never set, and methods to be written.

A type checker takes `member` and `fallback` for `property`, so that a field of a frozen dataclass, a property or a
plain attribute will do.  At run time a `property` would be in the way of those who inherit the contract: it refuses
attributes of the same name, and a dataclass takes it for the field's default.  What stands here gives way to both.

A method of a contract has no body.  Inherited, it would answer None; `wanted` has it say what is to be written.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

if TYPE_CHECKING:
    from builtins import property as fallback
    from builtins import property as member

    def wanted(says: F) -> F:
        """A method that must be written."""
        return says

else:

    class fallback:
        """A member that need not be given: what the function says stands where nothing else does, on the class too."""

        def __init__(self, says: Callable[[Any], Any]) -> None:
            self.says = says
            self.__doc__ = says.__doc__

        def __get__(self, given: Any, kind: type | None = None) -> Any:
            return self.says(given)

    class member(fallback):
        """A member that must be given: as long as it is not, there is none."""

        def __get__(self, given: Any, kind: type | None = None) -> Any:
            name = self.says.__name__
            raise AttributeError(f"{(kind or type(given)).__name__} has no {name}, which its contract asks for")

    def wanted(says: Callable[..., Any]) -> Callable[..., Any]:
        """A method that must be written: as long as it is not, asking for it is refused, with what it should say."""
        head = f"def {says.__name__}({', '.join(inspect.signature(says).parameters)})"
        what = " ".join(inspect.getdoc(says).split("\n\n")[0].split())

        @wraps(says)
        def absent(self: Any, *given: Any, **named: Any) -> Any:
            raise TypeError(f"{type(self).__name__} has no {says.__name__}, which is asked for: write {head}: {what}")

        return absent


__all__ = ["fallback", "member", "wanted"]
