"""The doors to a run there is: read it back, and go on where it stopped."""

from __future__ import annotations

from typing import Any

import numpy as np

from meanfield.doors.solve import handing_over, stepper_of
from meanfield.runs import archive
from meanfield.runs.checks import checked_watch, default_times
from meanfield.runs.drive import drive
from meanfield.runs.errors import finish
from meanfield.runs.solution import Solution
from meanfield.tools import inputs

_GONE_ON = {
    "trajectory": "a cloud goes on from its last points, pt.simulate(law, run.x[-1], (run.end, t_end), "
    "weights=run.weights)",
    "longtime": "clusters go on as they began, pt.longtime(law, run, log_t_end=...)",
}
"""How else a record goes on, by its kind."""


def resume(
    sol: Solution,
    t_end: float | None = None,
    *,
    t_eval: Any = None,
    max_resolution: int | None = None,
    on_unresolved: str = "raise",
    observe: Any = None,
    max_seconds: float | None = None,
    progress: bool | None = None,
) -> Solution:
    """Go on where a solution stopped, from its last accepted step, with the bits an unbroken run would have had.

    Parameters
    ----------
    sol : Solution
        As returned, loaded, or found in an error's `.solution`.
    t_end : float, optional
        New end; by default the one first asked for.
    t_eval : array, optional
        Times to save from here on, landed on exactly.  By default those first asked for that are still to come, and
        a new end; of a run without `t_eval`, times at its own spacing.
    max_resolution, on_unresolved, observe, max_seconds, progress
        As for `solve`; max_resolution replaces the run's own.

    Returns
    -------
    Solution
        From the very beginning: the old snapshots and the new.
    """
    if not isinstance(sol, Solution):
        other = _GONE_ON.get(getattr(sol, "kind", ""), "load a saved one by mf.load(path)")
        raise TypeError(f"sol: got {type(sol).__name__}, wanted a Solution: {other}")
    s, at = sol.settings, sol.checkpoint
    end = s["t_span"][1] if t_end is None else inputs.number("t_end", t_end)
    if not end > at["t"]:
        came = "this run has reached its end" if t_end is None else f"got {end!r}"
        raise ValueError(f"t_end: {came}, wanted a time after the run's own end, {at['t']!r}: give a later t_end=")
    chosen = s["method"] if max_resolution is None else s["method"].limited(max_resolution)
    chosen = handing_over(chosen, on_unresolved)
    watch = checked_watch(observe, max_seconds, progress)
    bound = chosen.rebind(sol.law, sol.segments[-1].form, s["rtol"], s["atol"])
    y, h = at["y"], at["h"]
    # the unbroken run asked its method after the last step, too
    change = bound.review(at["t"], y, at["t"], y) if sol.counters.steps else None
    if change is not None:
        bound, y, h = change.method, change.y, h if change.h is None else change.h
    asked, spread, rest = _rest(sol, end, t_eval)
    whole = drive(
        Solution,
        sol.law,
        bound,
        y,
        (at["t"], end),
        rest,
        stepper_of(chosen, bound, s["rtol"], s["atol"]),
        watch,
        {**s, **asked, "t_span": [s["t_span"][0], end], "spread": spread, "method": chosen},
        land=bool(asked),
        dense=True,
        gauge=True,
        h=h,
        held=sol.held,
        finish=sol.joined,
    )
    return finish(whole, on_unresolved)


def load(path: Any) -> Solution:
    """Read a solution saved by ``sol.save(path)``."""
    return archive.load(path, Solution)


def _rest(sol: Solution, end: float, t_eval: Any) -> tuple[dict[str, Any], Any, Any]:
    """The asked times of a run that goes on (nothing if none were asked for), the span they were for, those to come."""
    s, now = sol.settings, sol.checkpoint["t"]
    spread, before = s.get("spread", s["t_span"]), s.get("t_eval")
    if t_eval is None and before is None:
        times = default_times(spread[0], spread[1], end)
        return {}, spread, times[(times > now) & (times <= end)]
    past = np.asarray([] if before is None else before)
    if t_eval is not None:
        past, spread = past[past <= now], [s["t_span"][0], end]
        asked: Any = inputs.times((now, end), t_eval)[2]
    else:
        asked = past if end == spread[1] else np.union1d(past, [end])  # a new end is always saved
    there = sol.t[: len(sol.t) - bool(sol.checkpoint["extra"])]
    return {"t_eval": np.union1d(past, asked)}, spread, asked[(asked >= now) & (asked <= end) & ~np.isin(asked, there)]
