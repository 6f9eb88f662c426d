"""What every door checks: the law, the times to save, who looks on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from meanfield.laws import Diffusion
from meanfield.runs.drive import Watch
from meanfield.tools import inputs

DEFAULT_TIMES, MOST_TIMES = 101, 10**6


def checked_law(law: Any, diffusion: Any) -> Any:
    """The law, with noise added if asked for."""
    inputs.law(law)
    noise = Diffusion(diffusion)
    return law if noise.kappa == 0.0 else noise.__radd__(law)


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


def checked_watch(observe: Any, max_seconds: Any, progress: Any) -> Watch:
    """Observers, limits and progress, checked."""
    given = () if observe is None else (observe,) if callable(observe) else observe
    observers = tuple(given) if isinstance(given, Iterable) else (given,)
    if not all(callable(o) for o in observers):
        raise TypeError(f"observe: got {observe!r}, wanted a callable observe(t, measure) or a sequence of them")
    if max_seconds is not None:
        max_seconds = inputs.number("max_seconds", max_seconds, above=0.0)
    if progress is not None:
        progress = inputs.flag("progress", progress)
    return Watch(observers, max_seconds, progress)
