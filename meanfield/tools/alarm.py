"""Work that lasts looks up now and then, and is broken off where whoever waits for it says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_WATCH: ContextVar[Callable[[], None] | None] = ContextVar("watch", default=None)


def look() -> None:
    """Called between parts of work that lasts: raises what the watch raises."""
    watch = _WATCH.get()
    if watch is not None:
        watch()


@contextmanager
def watched(watch: Callable[[], None] | None) -> Iterator[None]:
    """Within it, `look` calls `watch`, which raises to break off; None: nobody watches."""
    token = _WATCH.set(watch)
    try:
        yield
    finally:
        _WATCH.reset(token)
