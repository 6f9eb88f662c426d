"""The times that a run saves, and those that are still to come of one that goes on."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from meanfield.protocols import Array, Stepper
from meanfield.tools import inputs

DEFAULT_TIMES, MOST_TIMES = 101, 10**6


class Ahead(NamedTuple):
    """What is still to come of a run that goes on."""

    span: tuple[float, float]
    """From where to where, by the loop's own time."""
    saves: Array
    """Times to save."""
    land: Array
    """Times to land on."""
    settings: dict[str, Any]
    """What is new of the run's settings."""


def default_times(t0: float, t1: float, end: float | None = None) -> Any:
    """101 equidistant times of [t0, t1]; carried on at the same spacing to another end, which is always saved."""
    times = np.unique(np.linspace(t0, t1, DEFAULT_TIMES))  # far from 0 a short span has fewer floats
    if end is None or end == t1:
        return times
    spacing = (t1 - t0) / (DEFAULT_TIMES - 1)
    count = np.ceil((end - t1) / spacing - 1e-9)
    if count > MOST_TIMES:
        raise ValueError(f"t_end: got {end!r}, which is {count:g} saved times on at the run's spacing: say t_eval=")
    longer = np.concatenate([times, t1 + spacing * np.arange(1, max(int(count), 0) + 1)])
    return np.append(longer[longer < end], end)


def landings(land: Any, t0: float, t1: float, saves: Array) -> Array:
    """The times that a run lands on: none (False), all that it saves (True), or those given, in (t0, t1].

    Raises
    ------
    ValueError, TypeError
        For times out of order or outside [t0, t1]; for what is neither a flag nor times.
    """
    if np.ndim(land) == 0:
        return saves if inputs.flag("land", land) else np.empty(0)
    times = inputs.times((t0, t1), land, name="land")[2]
    return np.empty(0) if times is None else times


def landing(land: Any, t0: float, t1: float, saves: Array) -> tuple[Array, Any]:
    """`landings`, and the setting by which a run that goes on knows of them: the times given, or True or False."""
    times = landings(land, t0, t1, saves)
    return times, times if np.ndim(land) else bool(land)


def stepped_times(t0: float, t1: float, stepper: Stepper) -> Any:
    """`default_times` where none may lie inside a step: no more than there are steps of the stepper's size."""
    size = getattr(stepper, "size", None)
    count = DEFAULT_TIMES if size is None else min(DEFAULT_TIMES, 1 + int(np.ceil((t1 - t0) / size - 1e-9)))
    return np.unique(np.linspace(t0, t1, max(2, count)))


def new_end(first: float, t_end: float | None, reached: float) -> float:
    """Where a run goes on to: t_end, or the end first asked for."""
    end = first if t_end is None else inputs.number("t_end", t_end)
    if not end > reached:
        came = "this run has reached its end" if t_end is None else f"got {end!r}"
        raise ValueError(f"t_end: {came}, wanted a time after the run's own end, {reached!r}: give a later t_end=")
    return end


def ahead(
    s: dict[str, Any], saved: Array, now: float, t_end: float | None, t_eval: Any, land: Any = None
) -> Ahead:
    """The times asked for (none if none were), the span they were for, and those to come.

    Files of before `land` was a setting landed on all that was asked for.

    Parameters
    ----------
    s : dict
        The run's settings.
    saved : ndarray
        Times asked for that it has.
    now : float
        Where it stopped.
    land : bool or array, optional
        As a run is told; None: as it was told.
    """
    end = new_end(s["t_span"][1], t_end, now)
    span, wide, before = (now, end), s.get("spread", s["t_span"]), s.get("t_eval")
    new: dict[str, Any] = {"t_span": [s["t_span"][0], end], "spread": wide}
    if t_eval is None and before is None:
        times = default_times(wide[0], wide[1], end)
        return ahead_of(s, span, times[(times > now) & (times <= end)], land, new)
    past = np.asarray([] if before is None else before)
    if t_eval is not None:
        past, new["spread"] = past[past <= now], [s["t_span"][0], end]
        asked: Any = inputs.times((now, end), t_eval)[2]
    else:
        asked = past if end == wide[1] else np.union1d(past, [end])  # a new end is always saved
    new["t_eval"] = np.union1d(past, asked)
    return ahead_of(s, span, asked[(asked >= now) & (asked <= end) & ~np.isin(asked, saved)], land, new)


def ahead_of(s: dict[str, Any], span: tuple[float, float], saves: Array, land: Any, new: dict[str, Any]) -> Ahead:
    """What is to come, and which of it is landed on."""
    if land is None:
        land = s.get("land", s.get("t_eval") is not None)
        if np.ndim(land):  # those that are still to come
            land = np.asarray(land)[(land >= span[0]) & (land <= span[1])]
            if not len(land):
                return Ahead(span, saves, np.empty(0), new)
    else:
        new["land"] = land
    return Ahead(span, saves, landings(land, *span, saves), new)
