"""How a run that ended early is told: errors and warnings that carry it."""

from __future__ import annotations

import traceback
import warnings
from typing import Any

from meanfield.methods.lagrangian import Lagrangian
from meanfield.protocols import Scheme, Status
from meanfield.runs.record import Record

MET = 1e-6
"""Radians within which tokens have met, as far as an offer to merge them goes."""
FINER = 4
"""How much finer a resolution is offered where one did not suffice."""


class StoppedEarly(RuntimeWarning):
    """A run ended before its time for a reason the user set (a wall-clock limit).

    Attributes
    ----------
    solution : Record
        Everything up to there, for those who turn warnings into errors.

    Examples
    --------
    >>> import warnings
    >>> rho0 = mf.perturbed_uniform(mf.Circle(64), {1: 0.3})
    >>> with warnings.catch_warnings(record=True) as told:
    ...     warnings.simplefilter("always")
    ...     sol = mf.solve(mf.SA(1.0), rho0, (0.0, 9.0), max_seconds=1e-9)
    >>> told[0].category is mf.StoppedEarly and told[0].message.solution is sol
    True
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

    Examples
    --------
    >>> issubclass(mf.UnresolvedError, mf.RunError)
    True
    """

    def __init__(self, solution: Record) -> None:
        super().__init__(_carried(solution) + self._remedy(solution))
        self.solution = solution

    def __reduce__(self) -> tuple[Any, ...]:
        # an exception is rebuilt from its message alone, and could not come back from another process
        return type(self), (self.solution,)

    @staticmethod
    def _remedy(solution: Record) -> str:
        if solution.status in (Status.NOT_FINITE, Status.STEP_TOO_SMALL, Status.UNDECIDED) and solution.law.beyond:
            return f" {solution.law.beyond}"
        if solution.status is not Status.DIVERGED:
            return ""
        if given := _fixed(solution):
            return f" {given} Solve again by shorter ones, or without stepper=."
        return " Solve again with a smaller rtol."


class UnresolvedError(RunError):
    """The density outgrew the largest permitted resolution, or the normaliser of its law vanished.

    Its text says what to type to go on from `.solution`, as far as there is a way.

    Attributes
    ----------
    solution : Solution
        Everything up to the last good step.

    Examples
    --------
    >>> rho0 = mf.von_mises_fisher(mf.Circle(64), 0.0, 1.0)
    >>> try:
    ...     sol = mf.solve(mf.SA(4.0), rho0, (0.0, 4.0), max_resolution=64)
    ... except mf.UnresolvedError as error:
    ...     sol = mf.resume(error.solution, on_unresolved="lagrangian")
    >>> sol.end
    4.0
    """

    @staticmethod
    def _remedy(solution: Record) -> str:
        ways = [f"mf.resume(error.solution, {one})" for one in _ways_on(solution)]
        if given := _fixed(solution):
            return (
                f" {given} Solve again by shorter ones, or without stepper=, by steps as long as the density allows."
                + (f" If that does not help, catch it and type {' or '.join(ways)}." if ways else "")
            )
        if ways:
            return f" Catch it (except mf.UnresolvedError as error) and type {' or '.join(ways)}."
        if len({segment.method for segment in solution.segments}) > 1 and solution.status is Status.UNRESOLVED:
            return f" Solve again with method=mf.Lagrangian(max_resolution={FINER * Lagrangian().max_resolution})."
        return ""


class Interrupted(KeyboardInterrupt):
    """Ctrl-C; `.solution` holds the run up to the last good step.

    Attributes
    ----------
    solution : Record
        Everything up to the last good step.

    Examples
    --------
    >>> def impatient(t, rho):
    ...     raise KeyboardInterrupt
    >>> rho0 = mf.perturbed_uniform(mf.Circle(64), {1: 0.3})
    >>> try:
    ...     sol = mf.solve(mf.SA(1.0), rho0, (0.0, 1.0), observe=impatient)
    ... except mf.Interrupted as stopped:
    ...     sol = mf.resume(stopped.solution)
    >>> sol.end
    1.0
    """

    def __init__(self, solution: Record) -> None:
        super().__init__(_carried(solution))
        self.solution = solution

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.solution,)


def _fixed(solution: Record) -> str:
    """What the steps do wrong, if what took them was given and does not choose their length."""
    given = solution.stepper
    blameless = given is None or given.adaptive or solution.status is Status.VANISHING_FIELD
    if blameless:
        return ""
    return (
        f"The steps are of a {type(given).__name__}, which controls no error: what they do wrong grows in the highest "
        "degrees too."
    )


def _ways_on(solution: Record) -> list[str]:
    """Arguments of `mf.resume` that get further than the run did."""
    chosen, segments = solution.settings["method"], solution.segments
    if not isinstance(chosen, Scheme) or segments[-1].method != segments[0].method:
        return []  # of two methods the later one stopped, which no argument of resume reaches
    ways, space = [], solution.settings["space"]
    try:
        handed = chosen.followed(Lagrangian())
        handed.check(solution.law, space, solution.settings["rtol"])
    except (ValueError, TypeError):
        handed = chosen
    if handed != chosen:
        ways.append('on_unresolved="lagrangian"')
    if solution.status is Status.UNRESOLVED:  # a finer space knows no more of a normaliser lost in rounding
        reached = chosen.max_resolution or max(space.largest, space.size)
        if segments[-1].form.finer(solution.checkpoint["y"]):
            ways.append(f"max_resolution={FINER * reached}")
    return ways


def _carried(solution: Record) -> str:
    return f"{solution.message} Everything up to there is in .solution of this error."


def _quicker(record: Any) -> list[str]:
    """What would have brought a run that is out of time further."""
    ways = [way for way in (record.law.advice, record.law.beyond) if way]
    form = record.segments[-1].form
    apart = "field" in record.settings and record.settings.get("merge_tol") is None  # points that do not merge
    one = apart and len(form.geometry.shape(record.checkpoint["y"])) == 1
    if one and record.law.geometry == "sphere" and not record.law.labelled and not record.noisy:
        ways.append(f"merge_tol={MET:g} takes tokens that have met for one.")
    return ways


def said(error: BaseException) -> str:
    """An exception's type and what it says, without the notes that were added to it."""
    shown = traceback.TracebackException.from_exception(error)
    shown.__notes__ = None
    return list(shown.format_exception_only())[-1].strip()


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
        warnings.warn(StoppedEarly(" ".join([record.message, *_quicker(record)]), record), stacklevel=3)
    elif record.status in (Status.UNRESOLVED, Status.VANISHING_FIELD):
        if on_unresolved == "raise":
            raise UnresolvedError(record)
    elif not record.success:
        raise RunError(record)
    if record.warning:
        warnings.warn(StoppedEarly(record.warning, record), stacklevel=3)
    return record
