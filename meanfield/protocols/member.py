"""Members of contracts that are inherited: to be read, never set.

A type checker takes both decorators for `property`, so that a field of a frozen dataclass, a property or a plain
attribute will do.  At run time a `property` would be in the way of those who inherit the contract: it refuses
attributes of the same name, and a dataclass takes it for the field's default.  What stands here gives way to both.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from builtins import property as fallback
    from builtins import property as member
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


__all__ = ["fallback", "member"]
