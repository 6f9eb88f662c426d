"""Form and Snapshot: what a state of numbers means."""

from __future__ import annotations

from typing import Any, Protocol

from meanfield.protocols.array import Array
from meanfield.protocols.measure import Measure
from meanfield.protocols.member import member, wanted
from meanfield.protocols.space import Space
from meanfield.tools.shown import Shown


class Form(Shown):
    """What a state means: kept with every stretch of a run, from which its snapshots are made.

    A frozen, registered dataclass.  A form of densities has their `space`; one of points whatever tells where they are.
    """

    name: str
    """What moved the stretch, as a record tells it: spectral, lagrangian, particles."""
    jump: float = 0.0
    """What mergers have added to E since the run began, if the form counts them."""

    owners: Array | None = None
    """Which point of a state every original point is part of, where points merge; None: each is its own."""

    def measure(self, y: Array) -> Any:
        """y -> the measure it stands for (leading axes: several); a form of densities answers with a Snapshot."""
        raise TypeError(f"{type(self).__name__} does not say what a state means")

    def lead(self, y: Array) -> tuple[int, ...]:
        """Leading axes of a state that stands for several densities; () of one, and of most forms."""
        return ()

    def diagnostics(self, y: Array) -> dict[str, Array]:
        """What a state (..., M) says of the step that led to it, by name; nothing of most methods."""
        return {}

    def retract(self, y: Array) -> Array:
        """y back on its geometry."""
        return y

    def finer(self, y: Array) -> bool:
        """Whether a finer space would know more of a state that is not resolved."""
        return True

    def lacking(self, y: Array) -> str:
        """What a run that ended well with this state lacks all the same: a sentence, told as a warning."""
        return ""


class Snapshot(Measure, Protocol):
    """A density at one time: what a `Solution` asks of it, beyond what a law asks."""

    @member
    def space(self) -> Space:
        """The space it is told on."""
        ...

    @member
    def coefficients(self) -> Array:
        """(..., M) in the space's basis."""
        ...

    @member
    def values(self) -> Array:
        """(..., N) rho at the space's nodes."""
        ...

    @member
    def mass(self) -> Any:
        """int d mu."""
        ...

    @member
    def entropy(self) -> Any:
        """int rho log rho d sigma."""
        ...

    @member
    def minimum(self) -> Any:
        """Smallest value at a node: reported, never clipped."""
        ...

    @wanted
    def __call__(self, q: Any) -> Array:
        """rho at coordinates q of the space."""
        ...

    @wanted
    def on(self, space: Space) -> Array:
        """Values at the nodes of another resolution of its space, as a picture shows them."""
        ...

    @wanted
    def moments(self, degree: int) -> Array:
        """Moments in the field's own normalisation, to `degree`."""
        ...

    @wanted
    def sample(self, n: int, rng: Any = None) -> Array:
        """n independent points distributed as mu."""
        ...

    @wanted
    def quantize(self, n: int) -> Array:
        """n deterministic points each standing for mass 1/n."""
        ...
