"""Scheme: the settings of a method."""

from __future__ import annotations

from typing import Any, ClassVar

from meanfield.protocols.array import Array
from meanfield.protocols.law import Law
from meanfield.protocols.method import Method
from meanfield.protocols.space import Space
from meanfield.protocols.step import Stepper
from meanfield.tools.shown import Shown


class Scheme(Shown):
    """6. What a user says of a method: `mf.Spectral()`, `mf.Lagrangian()`.

    A frozen, registered dataclass: a run keeps it in its settings, and goes on by it.
    """

    takes: ClassVar[str] = "coefficients"
    """What it moves, as a measure says that it is `held`: coefficients of a density, moments of a Gaussian."""
    max_resolution: int | None = None
    """The largest it may go to; None: the space's own limit, or it knows none."""
    rough: bool = False
    """True: it moves a density that is held by the masses in cells, too, smooth or not."""
    varied: bool = False
    """True: it takes noise that is not the same for all tokens, or at all times; else of constant strength, if any."""
    several: bool = False
    """True: it moves several densities at once, stacked along leading axes."""

    def approximated(self, law: Law) -> Law:
        """The law whose flow a run given `law` follows, and which it is told by: that one itself, of most methods."""
        return law

    def check(self, law: Law, space: Space, rtol: float) -> None:
        """Refuse a law, or a space, that the method cannot move: before a run, also of who may take over in it."""

    def bind(self, law: Law, mu: Any, rtol: float, atol: float) -> tuple[Method, Array]:
        """The method for this law, and its first state."""
        raise TypeError(f"{type(self).__name__} does not say how a run begins")

    def rebind(self, law: Law, form: Any, rtol: float, atol: float) -> Method:
        """The method as it was when a run stopped, from the meaning of its last state."""
        raise TypeError(f"{type(self).__name__} does not say how a run goes on")

    def stepper(self, rtol: float, atol: float) -> Stepper | None:
        """The method's own time stepping; None: the door's choice."""
        return None

    def limited(self, max_resolution: int) -> Scheme:
        """The same with another largest resolution."""
        raise ValueError(f"max_resolution: got {max_resolution!r}, but {self!r} knows no resolution: leave it out")

    def followed(self, then: Scheme) -> Scheme:
        """The same, handing over to `then` where it can go no further."""
        raise ValueError(f'on_unresolved: {self!r} cannot hand over to {then!r}: take "raise" or "stop"')
