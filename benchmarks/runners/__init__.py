"""Runners: one file a code, `JOBS` from a problem's kind to a function of (settings, arrays), `PACKAGES` to report.

A runner does no measuring.  It builds everything that may be built once (plans, compiled kernels, solvers), and hands
back a `Job` whose `solve` does what a user would do again and again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple


class Job(NamedTuple):
    """A problem made ready."""

    solve: Callable[[], Any]
    """The timed call."""
    answer: Callable[[Any], tuple[dict[str, Any], dict[str, Any]]]
    """What `solve` returned -> (arrays by name, notes that JSON can hold)."""
    pieces: int = 1
    """How many of the problem's unit of work one `solve` does: a step of four stages is four right-hand sides."""


class Own(NamedTuple):
    """An answer that brings its own seconds, where timing the call would time something else."""

    seconds: float
    value: Any
