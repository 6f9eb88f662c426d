"""Whether a stepper takes what there is to take: noise, a linear part; and keeps within what it is told.

What a stepper says of itself is read here alone: who says nothing takes neither.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from meanfield.protocols import Array, Method, Rng, Status, Stepped, Stepper, Stop
from meanfield.steppers.control import fastest, land
from meanfield.tools import inputs

WITHIN = 12
"""Times within a step at which noise that may change is asked about: as often as the longest steps ask for rhs."""
ROOM = 1e-9
"""By how much a step may be longer than its stability interval: it was stretched to land."""


OFF = 1e-8
"""How far a stranger's state may lie from where its method retracts it to, of the largest entry."""


def draws(stepper: Stepper) -> bool:
    """Whether it draws noise."""
    return bool(getattr(stepper, "stochastic", False))


def _interval(stepper: Stepper) -> float:
    return float(getattr(stepper, "linear", 0.0))


def told(name: str, stepper: Stepper) -> None:
    """Refuse what is no number in `linear`."""
    said: Any = getattr(stepper, "linear", 0.0)
    if isinstance(said, bool) or not isinstance(said, int | float) or not said >= 0.0:
        raise TypeError(
            f"{name}: {type(stepper).__name__} says linear = {said!r}, wanted a number >= 0: 0.0 if its step leaves "
            "method.linear out, math.inf if it is exact for it, else how large h |linear| may be (2.0 for Euler's)"
        )


def linear(who: str, stepper: Stepper, method: Method) -> None:
    """Refuse a stepper that would leave the method's linear part out."""
    if method.linear is not None and _interval(stepper) == 0.0:
        raise ValueError(
            f"{who}{type(stepper).__name__} takes no linear part, and this method has one (diffusion): leave it out "
            "for exponential steps, or take meanfield.steppers.rk4(1e-3); one of your own whose step takes "
            "method.linear * y + method.rhs(t, y) says so by linear = 2.0 (how large h |linear| may be), or math.inf"
        )


def noise(who: str, stepper: Stepper, what: str) -> None:
    """Refuse a stepper that would leave noise out."""
    if not draws(stepper):
        raise ValueError(
            f'{who}{type(stepper).__name__} takes no noise, and {what}: use method="heun", step=0.01 (or another '
            "step); one of your own that draws method.noise says so by stochastic = True"
        )


def shared(who: str, stepper: Stepper, method: Method) -> None:
    """Refuse a stepper that would draw for each point what all share, or leave it out."""
    if method.shared and draws(stepper) and not getattr(stepper, "shared", False):
        raise ValueError(
            f"{who}{type(stepper).__name__} draws no noise that all points share, and this law has such (common=True): "
            'use method="heun", step=0.01 (or another step); one of your own that adds method.alike(y, s, rng) of each '
            "of method.common(t, y) says so by shared = True"
        )


def quiet(stepper: Stepper, method: Method, t: float, y: Array, t1: float | None = None) -> None:
    """Refuse to go on where there is noise that the stepper leaves out: what no door could know.

    At time t; or, of noise that may change with time itself, within the step from t to t1 that was taken.
    """
    if t1 is None:
        shared("", stepper, method)
    if draws(stepper) or not (t1 is None or method.noise_changes):
        return
    for at in (t,) if t1 is None else np.linspace(t, t1, WITHIN + 1)[1:].tolist():
        if np.any(method.noise(at, y)) or any(np.any(s) for s in method.common(at, y)):
            noise("", stepper, f"at t = {at!r} this law has")


def kept(
    stepper: Stepper, method: Method, t: float, y: Array, r: Stepped, most: float, rng: Rng, keep: bool
) -> Stepped:
    """The step, or a shorter one where it is longer than `most` or than the method's limit, and the stepper is deaf.

    How far its stability region extends along the imaginary axis is not known: 1 is taken, as of Euler's circle.
    """
    if getattr(stepper, "heeds", False):
        return r
    _whole(stepper, method, t, y, r)
    limit = min(most, float(method.slope(t, y, np.empty_like(y))))
    r = r._replace(evaluations=r.evaluations + 1)
    if r.t - t <= limit * (1.0 + ROOM):
        return r
    stop, _ = land(t, limit, r.t)
    if not stop > t:
        raise Stop(Status.STEP_TOO_SMALL, f"{Status.STEP_TOO_SMALL.value} (t = {t!r}, h = {limit:.3g})")
    cut = stepper.step(method, t, y, limit, stop, rng, keep)
    if cut.t > stop:
        raise ValueError(
            f"{type(stepper).__name__}: its step from t = {t!r} went to {cut.t!r}, beyond stop = {stop!r}: land on "
            "stop where a step would go further"
        )
    return cut._replace(
        h=r.h, evaluations=r.evaluations + cut.evaluations, rejections=r.rejections + cut.rejections
    )


def _whole(stepper: Stepper, method: Method, t: float, y: Array, r: Any) -> None:
    """Refuse what is no step: another type, one that stands still, one that leaves where the points live."""
    name = type(stepper).__name__
    if not isinstance(r, Stepped):
        raise TypeError(
            f"{name}: step returned {inputs.describe(r)}, wanted meanfield.protocols.Stepped(t1, y1, h_next, between, "
            "evaluations, rejections), between=None where nothing is known inside the step"
        )
    if not r.t > t:
        raise ValueError(f"{name}: its step from t = {t!r} went to {r.t!r}: every step must advance t")
    if np.shape(r.y) != y.shape:
        raise ValueError(f"{name}: its step made a state of shape {np.shape(r.y)} of one of shape {y.shape}")
    off = np.abs(method.retract(r.y) - r.y).max(initial=0.0)
    if off > OFF * max(1.0, np.abs(r.y).max(initial=0.0)):
        raise ValueError(
            f"{name}: its step from t = {t!r} left where the points live: end it by y1 = method.retract(y1)"
        )


def stable(stepper: Stepper, method: Method, t: float, h: float) -> None:
    """Refuse a step beyond the stability interval: the quickest mode grows, though nothing shows it yet."""
    linear("", stepper, method)
    if (rate := fastest(method)) * h > _interval(stepper) * (1.0 + ROOM):
        raise ValueError(
            f"{type(stepper).__name__}: its step from t = {t!r} was {h:.3g} long, and with |linear| up to {rate:.4g} "
            f"it is stable to {_interval(stepper) / rate:.3g}, by its own word (linear = {_interval(stepper):g}): take "
            "shorter steps, or meanfield.steppers.etd()"
        )
