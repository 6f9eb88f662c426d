"""Method and Change: law and measure as a right-hand side."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from meanfield.protocols.array import Array
from meanfield.protocols.form import Form


class Change(NamedTuple):
    """A method's wish after a step: go on as `method` from (t, y).

    With t the step's end the step stands; with t its beginning it is thrown away and taken again.
    """

    method: Any
    t: float
    y: Array
    h: float | None = None
    """Step to try next, if not the stepper's own choice."""


class Method:
    """4. law + measure -> y' = linear * y + rhs(t, y)."""

    form: Form
    """What its state means."""
    linear: Array | None = None
    """(M,) diagonal linear part, treated exactly by exponential steppers; None if there is none."""

    shared: bool = False
    """True: some of its noise is one path that all points share."""
    looks: int = 0
    """Times inside every step at which its events are looked at, too, so that two zeros in one step are seen."""
    noise_changes: bool = False
    """True: its noise may change with t itself, and is asked about within every step, too."""

    def rhs(self, t: float, y: Array, out: Array) -> Array:
        """The part of y' that is not linear * y, written into out.  Laws see retracted points only."""
        raise TypeError(f"{type(self).__name__} has no right-hand side")

    def slope(self, t: float, y: Array, out: Array) -> float:
        """At a step's beginning: `rhs` into out, and the shortest time scale of the explicit part from here.

        That is 1 / |fastest rate| (a CFL condition).  A stepper takes at most its own reach times this, the reach being
        how far its stability region extends.
        """
        self.rhs(t, y, out)
        return float("inf")

    def measure(self, t: float, y: Array) -> Any:
        """y -> the measure it stands for."""
        return self.form.measure(y)

    def review(self, t0: float, y0: Array, t: float, y: Array) -> Change | None:
        """After an accepted step from (t0, y0) to (t, y): None, or a Change, or raise Stop."""
        return None

    def moving(self, t: float, y: Array, v: Array) -> Array:
        """Of y' = v (shaped as y) what says how fast anything moves: all of it, if the state is where things are."""
        return v

    def retract(self, y: Array) -> Array:
        """y back on its geometry."""
        return y

    def tangent(self, y: Array, v: Array) -> Array:
        """v (shaped as y) projected on the tangent space at y."""
        return v

    def pushed(self, t: float, y: Array, h: float) -> Array:
        """y moved by h times its velocity before any projection, then retracted (`UnprojectedEuler` alone asks)."""
        raise TypeError(f"{type(self).__name__} knows no velocity before its projection")

    def proximal(self, t: float, y: Array, h: float) -> tuple[Array, int]:
        """The state that minimises distance(y, .)^2 / 2 h plus what the flow descends, and what that took in
        evaluations (`Proximal` alone asks)."""
        raise TypeError(f"{type(self).__name__} tells no variational step: take another stepper")

    def parts(self) -> tuple[Any, ...]:
        """Methods of the same state, one for each part of the law (`Law.parts`): right-hand sides add up."""
        raise TypeError(f"{type(self).__name__} is not split into parts: take another stepper")

    def noise(self, t: float, y: Array) -> Any:
        """Strength s of the noise that is every point's own, broadcastable to y."""
        return 0.0

    def common(self, t: float, y: Array) -> tuple[Any, ...]:
        """Strengths of noises that all points share, one for each path, as `alike` takes them."""
        return ()

    def alike(self, y: Array, s: Any, rng: Any) -> Array:
        """s P_y xi (shaped as y) of one standard normal xi in the ambient space, for each replica."""
        raise TypeError(f"{type(self).__name__} knows no noise that all points share")

    def furthest(self, y: Array, v: Array, s: Any) -> tuple[float, str]:
        """The longest step of noise of strengths s (one after another) and velocity v from y, and why no longer."""
        return math.inf, ""

    def events(self, t: float, y: Array) -> Array | None:
        """(k,) functions whose zeros the loop lands on."""
        return None
