"""Work that lasts looks up now and then, and is broken off where whoever waits for it says so."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar

_WATCH: ContextVar[Callable[[], None] | None] = ContextVar("watch", default=None)


def look() -> None:
    """Called between parts of work that lasts: raises what the watch raises."""
    watch = _WATCH.get()
    if watch is not None:
        watch()


class watched:
    """Within it, `look` calls `watch`, which raises to break off; None: nobody watches.

    By hand: what `contextmanager` makes sets the traceback of an exception that goes through, which may be frozen.
    """

    def __init__(self, watch: Callable[[], None] | None) -> None:
        self.watch = watch

    def __enter__(self) -> None:
        self.token = _WATCH.set(self.watch)

    def __exit__(self, *raised: object) -> None:
        _WATCH.reset(self.token)
