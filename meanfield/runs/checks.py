"""What every door checks: the law, the times to save, who looks on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from meanfield.laws import Diffusion
from meanfield.protocols import Law, Method, Stepper
from meanfield.runs.checkpoint import Checkpoint
from meanfield.runs.drive import Watch
from meanfield.runs.until import Until
from meanfield.steppers import suited
from meanfield.tools import inputs


def checked_law(law: Law, diffusion: Any) -> Any:
    """The law, with noise added if asked for."""
    inputs.law(law)
    where: Any = law.geometry
    noise = Diffusion(diffusion, where)
    return law if noise.kappa == 0.0 else noise.__radd__(law)


def checked_watch(
    observe: Any, max_seconds: Any, progress: Any, until: Until | None = None, kept: Checkpoint | None = None
) -> Watch:
    """Observers, limits and progress, checked."""
    given = () if observe is None else (observe,) if callable(observe) else observe
    observers = tuple(given) if isinstance(given, Iterable) else (given,)
    if not all(callable(o) for o in observers):
        raise TypeError(f"observe: got {observe!r}, wanted a callable observe(t, measure) or a sequence of them")
    for observer in observers:
        inputs.fits("observe", observer, "t, mu")
    if observers and kept is not None and kept.own:
        raise ValueError(
            "observe: this run is in a cell that a sweep keeps under way (checkpoint=), and one that goes on is not "
            "seen from its beginning: ask the run afterwards (t_eval=, run(t)), or sweep with keep= instead"
        )
    if max_seconds is not None:
        max_seconds = inputs.number("max_seconds", max_seconds, above=0.0)
    if progress is not None:
        progress = inputs.flag("progress", progress)
    return Watch(observers, max_seconds, progress, until, kept)


def checked_stepper(name: str, stepper: Stepper, method: Method, shaken: bool | None = None) -> Stepper:
    """What takes a step, if anything of that shape, and if it takes all there is of the method.

    shaken: whether the law shakes points; None where there are none, and so nothing to draw.
    """
    inputs.having(name, stepper, ("step", "order", "adaptive"), "a Stepper, such as one of meanfield.steppers")
    suited.told(name, stepper)
    suited.linear(f"{name}: ", stepper, method)
    if shaken:
        suited.noise(f"{name}: ", stepper, "this law has (diffusion > 0)")
        suited.shared(f"{name}: ", stepper, method)
    if shaken is None and suited.draws(stepper):
        raise ValueError(
            f"{name}: {type(stepper).__name__} draws noise, of which a density has none, its diffusion being a linear "
            "part: leave it out, or take meanfield.steppers.etd()"
        )
    return stepper
