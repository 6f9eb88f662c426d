"""How a run that ended early is told: errors and warnings that carry it."""

from __future__ import annotations

import warnings
from typing import Any

from meanfield.protocols import Status
from meanfield.runs.record import Record


class StoppedEarly(RuntimeWarning):
    """A run ended before its time for a reason the user set (a wall-clock limit).

    Attributes
    ----------
    solution : Record
        Everything up to there, for those who turn warnings into errors.
    """

    def __init__(self, message: str, solution: Record | None = None) -> None:
        super().__init__(message)
        self.solution = solution


class RunError(RuntimeError):
    """A run ended before its time.

    Attributes
    ----------
    solution : Record
        Everything up to the last good step.
    """

    def __init__(self, solution: Record) -> None:
        super().__init__(_carried(solution) + self._remedy(solution))
        self.solution = solution

    def __reduce__(self) -> tuple[Any, ...]:
        # an exception is rebuilt from its message alone, and could not come back from another process
        return type(self), (self.solution,)

    @staticmethod
    def _remedy(solution: Record) -> str:
        return ""


class UnresolvedError(RunError):
    """The density outgrew the largest permitted resolution."""

    @staticmethod
    def _remedy(solution: Record) -> str:
        other = 'on_unresolved="lagrangian" (circle and zonal spheres, without noise) or '
        by = other if solution.segments[-1].method == "spectral" else ""
        return f" Go on by mf.resume(error.solution, ...) with {by}a larger max_resolution=."


class Interrupted(KeyboardInterrupt):
    """Ctrl-C; `.solution` holds the run up to the last good step."""

    def __init__(self, solution: Record) -> None:
        super().__init__(_carried(solution))
        self.solution = solution

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.solution,)


def _carried(solution: Record) -> str:
    return f"{solution.message} Everything up to there is in .solution of this error."


def carry(error: BaseException, name: str, value: Any) -> None:
    """Have a stranger's exception carry what was computed before it, under a name, and say so."""
    held = vars(error)  # whatever its class thinks of setting attributes
    held[name] = value
    held.setdefault("__notes__", []).append(f"What was computed before is in .{name} of this error.")


def finish(record: Any, on_unresolved: str = "raise") -> Any:
    """The record, or an error or warning that carries it, as its status asks."""
    if record.status is Status.INTERRUPTED:
        raise Interrupted(record)
    if record.status is Status.OUT_OF_TIME:
        warnings.warn(StoppedEarly(record.message, record), stacklevel=3)
    elif record.status in (Status.UNRESOLVED, Status.VANISHING_FIELD):
        if on_unresolved == "raise":
            raise UnresolvedError(record)
    elif not record.success:
        raise RunError(record)
    return record
