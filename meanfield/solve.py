"""The door: checks what came, makes the method and the stepper, runs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from meanfield import archive, inputs, suited
from meanfield.density import Density
from meanfield.laws import Diffusion
from meanfield.laws.base import changes, probes, steady_noise
from meanfield.methods.lagrangian import Lagrangian
from meanfield.methods.spectral import Spectral
from meanfield.run import Watch, answer, drive
from meanfield.solution import Solution
from meanfield.steppers import dop853, etd

DEFAULT_TIMES, MOST_TIMES = 101, 10**6
METHODS: dict[str, Any] = {"spectral": Spectral, "lagrangian": Lagrangian}
UNRESOLVED = ("raise", "stop", "lagrangian")
ATOL, SMALL, ROUNDING = 1e-13, 1e-2, 1e-15
"""The default atol; the size of the largest moving coefficient below which it follows that size, and to where."""
MASS = 1e-9
"""How far from 1 the mass of an initial density may be."""


def solve(
    law: Any,
    rho0: Density,
    t_span: Any,
    *,
    t_eval: Any = None,
    method: Any = "spectral",
    diffusion: float = 0.0,
    rtol: float = 1e-10,
    atol: float | None = None,
    max_resolution: int | None = None,
    on_unresolved: str = "raise",
    observe: Any = None,
    max_seconds: float | None = None,
    progress: bool | None = None,
) -> Solution:
    """Solve the continuity equation d_t mu + div(X[mu] mu) = kappa Lap mu (A, (3.1)-(3.4)).

    Parameters
    ----------
    law : Law
        ``mf.SA(beta)``, ``mf.USA(beta)``, or a sum of laws.
    rho0 : Density
        Initial density, from ``space.density(...)``.
    t_span : (float, float)
        Beginning and end, increasing.
    t_eval : array, optional
        Times to save, strictly increasing, within t_span: landed on exactly and returned as given.  By default 101
        equidistant times taken from the dense output.
    method : {"spectral", "lagrangian"} or mf.Spectral(...), mf.Lagrangian(...)
        How.  Spectral: a density by its coefficients, for smooth densities, with or without diffusion.  Lagrangian: a
        density carried by its flow, through the formation of clusters and beyond (circle and zonal spheres, no
        diffusion).  Any settings object with ``bind(law, rho0, rtol, atol)`` serves; one with
        ``stepper(rtol, atol)`` brings its own time stepping.
    diffusion : float
        kappa >= 0; sugar for ``law + mf.Diffusion(kappa)``.
    rtol, atol : float
        Tolerances of the time stepping, on every coefficient (c_0 = 1); rtol >= 1e-13, atol > 0.  By default atol is
        1e-13, or less near the uniform density, where all that moves is small: 1e-11 of the largest coefficient but
        c_0 (`settings["atol"]` of the solution tells).
    max_resolution : int, optional
        Largest size of the space (4096 nodes on the circle by default); the resolution doubles when the coefficients'
        tail asks for it.  For the Lagrangian method, the largest number of nodes.
    on_unresolved : {"raise", "stop", "lagrangian"}
        Beyond that: raise `UnresolvedError` carrying the solution so far, or return it, or go on from the last good
        density by the Lagrangian method; ``sol.segments`` says where.
    observe : callable or sequence of callables
        observe(t, density) after every accepted step; returning True ends the run.  An exception of theirs ends it
        too, and carries the run up to there as `.solution`.
    max_seconds : float, optional
        Wall-clock limit: the run stops there with a warning.
    progress : bool, optional
        A progress bar; by default only on a terminal.

    Returns
    -------
    Solution

    Raises
    ------
    UnresolvedError, RunError, Interrupted
        Each with everything up to the last good step in `.solution`.
    ValueError, TypeError
        For what was given.

    Examples
    --------
    >>> import meanfield as mf
    >>> rho0 = mf.perturbed_uniform(mf.Circle(64), {1: 0.3})
    >>> sol = mf.solve(mf.SA(beta=1.0), rho0, (0.0, 1.0))
    >>> sol.success
    True
    """
    law = checked_law(law, diffusion)
    rho0 = _density(rho0)
    t0, t1, asked = inputs.times(t_span, t_eval)
    suited.density(law, rho0.space, t0)
    rtol, atol = _tolerances(rtol, atol, rho0)
    chosen = _beyond(_method(method, max_resolution), on_unresolved)
    watch = checked_watch(observe, max_seconds, progress)
    bound, y = chosen.bind(law, rho0, rtol, atol)
    settings: dict[str, Any] = {"t_span": [t0, t1], "method": chosen, "rtol": rtol, "atol": atol, "t_eval": asked}
    settings |= {"space": rho0.space, "autonomous": _steady(law, rho0.d, bound, y, t0, t1)}
    sol = drive(
        Solution,
        law,
        bound,
        y,
        (t0, t1),
        default_times(t0, t1) if asked is None else asked,
        _stepper(chosen, bound, rtol, atol),
        watch,
        settings,
        land=asked is not None,
        dense=True,
        gauge=True,
    )
    return answer(sol, on_unresolved)


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
    chosen = s["method"] if max_resolution is None else replace(s["method"], max_resolution=max_resolution)
    chosen = _beyond(chosen, on_unresolved)
    watch = checked_watch(observe, max_seconds, progress)
    bound = chosen.again(sol.law, sol.segments[-1].template, s["rtol"], s["atol"])
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
        _stepper(chosen, bound, s["rtol"], s["atol"]),
        watch,
        {**s, **asked, "t_span": [s["t_span"][0], end], "spread": spread, "method": chosen},
        land=bool(asked),
        dense=True,
        gauge=True,
        h=h,
        held=sol.held,
        finish=sol.joined,
    )
    return answer(whole, on_unresolved)


def load(path: Any) -> Solution:
    """Read a solution saved by ``sol.save(path)``."""
    return archive.load(path, Solution)


# --- checks shared with `particles` -------------------------------------------------------------------------


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


def _steady(law: Any, d: int, bound: Any, y: Any, t0: float, t1: float) -> bool:
    """Whether the law moves the density in the same way at all times; its noise, which is taken as it is at 0, must."""
    first = steady_noise(law, d)
    for t in probes(t0, t1):
        if not np.array_equal(now := steady_noise(law, d, t), first):
            raise ValueError(
                f"law: the noise of {law} changes with time ({first} at t = 0, {now} at t = {t:g}); a density takes it "
                "as constant: solve stretch by stretch with diffusion=, or use pt.simulate"
            )
    return not changes(law, lambda t: bound.rhs(t, y, np.empty_like(y)), t0, t1)


def _density(rho0: Any) -> Density:
    if not isinstance(rho0, Density):
        raise TypeError(f"rho0: got {type(rho0).__name__}, wanted a Density: make one with mf.Circle(256).density(...)")
    if np.ndim(rho0.coefficients) != 1:
        raise ValueError(f"rho0: got {rho0.coefficients.shape[:-1]} densities at once, wanted one")
    if abs(float(rho0.mass) - 1.0) > MASS:
        raise ValueError(f"rho0: its mass is {float(rho0.mass)!r}, wanted 1: is it a signed perturbation?")
    return rho0


def _tolerances(rtol: Any, atol: Any, rho0: Density) -> tuple[float, float]:
    rtol = inputs.number("rtol", rtol, low=1e-13, high=1.0)
    if atol is not None:
        return rtol, inputs.number("atol", atol, above=0.0, high=1.0)
    # c_0 does not move; and a perturbation below the rounding of c_0 is none
    moving = float(np.abs(rho0.coefficients[rho0.space.degrees > 0]).max(initial=0.0))
    return rtol, ATOL * min(1.0, max(moving, ROUNDING) / SMALL)


def _method(method: Any, max_resolution: int | None) -> Any:
    chosen = METHODS[inputs.choice("method", method, tuple(METHODS))]() if isinstance(method, str) else method
    if isinstance(chosen, type) or not hasattr(chosen, "bind"):
        raise TypeError(f"method: got {method!r}, wanted one of {sorted(METHODS)} or an instance such as mf.Spectral()")
    return chosen if max_resolution is None else replace(chosen, max_resolution=max_resolution)


def _beyond(chosen: Any, on_unresolved: str) -> Any:
    """The method, told to hand over to the Lagrangian one if that is asked for."""
    if inputs.choice("on_unresolved", on_unresolved, UNRESOLVED) != "lagrangian" or isinstance(chosen, Lagrangian):
        return chosen
    if not hasattr(chosen, "then"):
        raise ValueError(f'on_unresolved: got "lagrangian", but {chosen!r} cannot hand over: it has no setting `then`')
    return chosen if chosen.then is not None else replace(chosen, then=Lagrangian())


def _stepper(chosen: Any, bound: Any, rtol: float, atol: float) -> Any:
    """The method's own stepper if it brings one; else DOP853, or exponential steps where there is a linear part.

    The error is controlled in every coefficient (maximum norm): a mean over coefficients would loosen with every
    doubling of the resolution, and the looser step's noise would ask for the next doubling.
    """
    if hasattr(chosen, "stepper"):
        return chosen.stepper(rtol, atol)
    return (dop853 if bound.linear is None else etd)(rtol, atol, norm="max")
