"""What axes show: times as one writes them, values and times on a linear or a logarithmic scale."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from meanfield.tools import inputs

if TYPE_CHECKING:
    from matplotlib.colors import Normalize

TIME = r"time $t$"
DENSITY = r"$\rho$ (uniform = 1)"
_DECADES = 6.0
"""Decades shown on a logarithmic scale, below the maximum."""
_LONG = 1e3
"""How many times the first time after 0 the last one is, where times may be logarithmic."""
_LATE = 10.0
"""How many times the middle one of the times the last one is, where they are."""


def clocks(t: ArrayLike) -> list[str]:
    """Times as one would write them, with as many digits (three at least) as tell them apart: "0.6", "1000"."""
    times = np.atleast_1d(np.asarray(t, dtype=float)).tolist()
    for digits in range(3, 18):
        words = [f"{v:.{digits}g}" if not 10.0**digits <= abs(v) < 1e6 else f"{v:.0f}" for v in times]
        if len(set(words)) == len(set(times)):
            break
    return words


def scale(values: NDArray[np.float64], log: bool | None) -> tuple[bool, float, float]:
    """Whether to use a logarithmic scale, and the lowest and highest value to show.

    `log=None` chooses it if max / median > 50, unless the values are signed.  A logarithmic scale spans at most
    six decades.
    """
    finite = values[np.isfinite(values)]
    if finite.size == 0:
        raise ValueError("values must hold a finite number; got none.")
    low, high, middle = float(finite.min()), float(finite.max()), float(np.median(finite))
    log = high > 50.0 * middle and low > -1e-3 * high if log is None else inputs.flag("log", log)
    if not log:
        return False, min(low, 0.0), high if high > min(low, 0.0) else 1.0
    if high <= 0.0:
        raise ValueError("log must be False where no value is positive; got True.")
    bottom = max(float(finite[finite > 0.0].min()), high * 10.0**-_DECADES)
    return True, bottom if bottom < high else high / 10.0, high


def colours(values: NDArray[np.float64], log: bool | None) -> tuple[Normalize, str]:
    """The scale of colours, and at which ends values go on beyond it, as a colour bar has it."""
    from matplotlib.colors import LogNorm, Normalize

    logarithmic, low, high = scale(values, log)
    below, above = bool(np.any(values < low)), bool(np.any(values > high))
    extend = {(False, False): "neither", (True, False): "min", (False, True): "max", (True, True): "both"}[below, above]
    return (LogNorm(low, high) if logarithmic else Normalize(low, high)), extend


def late(t: ArrayLike, log_time: bool | None = None) -> bool:
    """Whether an axis of these times is logarithmic: as asked, or (None) where what they tell is told in log time.

    That is where the positive ones span three decades and half of them lie in the first tenth, as times chosen by
    `numpy.geomspace` do; equally spaced ones, of whatever span, know nothing of the early decades.
    """
    after = np.asarray(t, dtype=float)
    after = after[after > 0.0]
    if log_time is not None:
        if inputs.flag("log_time", log_time) and after.size == 0:
            raise ValueError("log_time: no time is positive; leave it out")
        return log_time
    return bool(after.size > 0 and after.max() >= max(_LONG * after.min(), _LATE * float(np.median(after))))


def spaced(t: ArrayLike, count: int, log_time: bool | None = None) -> NDArray[np.float64]:
    """So many times from the first to the last of t, equally spaced, or logarithmically where `late`."""
    times = np.asarray(t, dtype=float)
    if not late(times, log_time):
        return np.linspace(times[0], times[-1], count)
    return np.geomspace(times[times > 0.0].min(), times[-1], count)
