"""A fair setting for everyone: the cheapest that reaches the accuracy asked, found by trying a ladder of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from benchmarks.harness import measure
from benchmarks.problems import Problem


def tune(
    problem: Problem, runner: str, pythons: dict[str, str], say: Callable[[str], None] = lambda text: None
) -> dict[str, Any] | None:
    """Try every rung of the runner's ladder; the fastest accurate one, or None.

    Raises
    ------
    ValueError
        If the problem has no ladder for it.
    """
    if runner not in problem.ladders:
        raise ValueError(f"{problem.name} has ladders for {', '.join(problem.ladders) or 'nobody'}, not for {runner!r}")
    tried = []
    for settings in problem.ladders[runner]:
        one = replace(problem, runners={runner: settings})
        found = measure(one, [runner], pythons, rounds=3)["runners"][runner]
        if "unavailable" in found:
            say(f"{settings}: {found['unavailable']}")
            continue
        seconds, error = min(found["seconds"]), found["error"]
        say(f"{settings}: {1e3 * seconds:.4g} ms, error {error:.1e}")
        tried.append((seconds, error, settings))
    good = [rung for rung in tried if rung[1] <= problem.accuracy]
    return min(good, key=lambda rung: rung[0])[2] if good else None
