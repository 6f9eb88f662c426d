"""The doors to a run there is: read it back, and go on where it stopped."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

from meanfield.doors.solve import Unresolved, handing_over
from meanfield.runs import archive
from meanfield.runs.checkpoint import checked, found
from meanfield.runs.checks import checked_watch
from meanfield.runs.drive import drive
from meanfield.runs.errors import finish
from meanfield.runs.job import begun_again
from meanfield.runs.record import Record
from meanfield.runs.until import Ending, checked_until


def resume(
    sol: Any,
    t_end: float | None = None,
    *,
    t_eval: Any = None,
    land: Any = None,
    max_resolution: int | None = None,
    on_unresolved: Unresolved = "raise",
    until: Ending = None,
    observe: Any = None,
    max_seconds: float | None = None,
    progress: bool | None = None,
    checkpoint: Any = None,
    every: float | None = None,
) -> Any:
    """Go on where a run stopped, with the bits an unbroken run would have had.

    From its last accepted step; or, beyond an end that was no time to land on, from before the step which that end had
    cut short.  Then what was saved in that step is saved again, as the unbroken run has it: of steps of one size it
    differs by their error there.  With `until`, and where a stepper without dense output had saved that end, from the
    last step.

    Parameters
    ----------
    sol : Solution, Trajectory, LongTime, or path
        As returned, loaded, or found in an error's `.solution`; or where one is saved or kept (`checkpoint`).
    t_end : float, optional
        New end; by default the one first asked for.  Of a `LongTime` its logarithm, and so `t_eval`.
    t_eval : array, optional
        Times to save from here on.  By default those first asked for that are still to come, and a new end; of a run
        without `t_eval`, times at its own spacing (of a `LongTime`, 101 to the new end).
    land : bool or array, optional
        As for `solve`; by default as the run was told.
    max_resolution, on_unresolved, until, observe, max_seconds, progress, checkpoint, every
        As for `solve`; max_resolution replaces the run's own.  Noise goes on by the generator as the run left it.

    Returns
    -------
    Solution, Trajectory or LongTime
        From the very beginning: the old snapshots and the new.

    Raises
    ------
    TypeError
        If `sol` is no run.
    ValueError
        For a run that has reached its end, without a later `t_end`; times out of order or outside what is to come; a
        max_resolution that the method does not know or that is not above the run's; a stepper of which the file has
        no more than the name.
    mf.RunError, mf.Interrupted
        If it stops again, with everything up to there in `.solution`.

    Examples
    --------
    >>> half = pt.simulate(mf.SA(4.0), [0.0, 1.0], (0.0, 0.5))
    >>> whole = pt.simulate(mf.SA(4.0), [0.0, 1.0], (0.0, 1.0))
    >>> bool(abs(mf.resume(half, 1.0).x[-1] - whole.x[-1]).max() < 1e-8)
    True
    """
    if isinstance(sol, str | os.PathLike):
        sol, _ = found(sol)
    if not isinstance(sol, Record):
        raise TypeError(f"sol: got {type(sol).__name__}, wanted a run, or the path of a saved one")
    ahead = sol.ahead(t_end, t_eval, land)
    run = replace(sol, settings={**sol.settings, **ahead.settings})
    chosen = run.scheme if max_resolution is None else run.scheme.limited(max_resolution)
    chosen = handing_over(chosen, on_unresolved)
    if chosen != run.scheme:
        run = replace(run, settings={**run.settings, "method": chosen})
    job, start = begun_again(run, ahead, chosen, run.stepper, longer=until is None)
    ending = checked_until(until, job.span[0], job.method.measure(job.span[0], job.y), start.rng is not None)
    kept = checked(checkpoint, every, sol)
    watch = checked_watch(observe, max_seconds, progress, ending, kept)
    return finish(drive(job, watch, start), on_unresolved)


def load(path: Any) -> Any:
    """Read a run saved by ``run.save(path)``: a `Solution`, a `Trajectory`, a `LongTime`, or whatever face it has.

    Parameters
    ----------
    path : str or path
        The file.

    Raises
    ------
    StorageError, OSError
        If it is no run's, damaged, or not there; if its law, stepper or face is not registered here.

    Examples
    --------
    >>> pt.simulate(mf.SA(4.0), [0.0, 1.0], (0.0, 0.1)).save("cloud.nc")
    >>> mf.load("cloud.nc").success
    True
    """
    return archive.load(path)
