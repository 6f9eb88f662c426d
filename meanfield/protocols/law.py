"""Law: who asks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from meanfield.protocols.array import Array
from meanfield.protocols.geometry import Geometry
from meanfield.protocols.measure import Measure
from meanfield.tools.shown import Shown


class Law(Shown):
    """1. X[mu](x): what a token does when it sees mu.

    All knowledge of mu comes by asking it (`mu.read`, `mu.mean`, ...).  `rises`, `falls` and `keeps` name the
    `quantities` that never fall, never rise and never change along a run.
    """

    equations: ClassVar[tuple[str, ...]] = ()
    """Which equations of the papers it is, as "A (2.3)"; of a class, those that its bases are not."""
    geometry: str = "sphere"
    place: Geometry | None = None
    """The geometry its points live in, where `geometry` alone does not say it (positions and velocities); then doors
    take points of it, and refuse others."""
    isotropic: bool = False
    """True: no matrix, no fixed point.  Such a law is handed x=None (the measure's own points) and may answer in
    tangent components."""
    drift: float = 0.0
    """Of positions and velocities: x' = drift v is a part of its velocity, which a sum of laws has once (`pushing`)."""
    rowwise: bool = False
    """True: it scores rows as they stand, so that there is no sense in it beside a law of positions and velocities."""
    labelled: bool = False
    """True: tells tokens apart by their index (causal, graph, natural frequencies of their own), so that it is no
    function of the measure alone.  Such a law moves points as they stand, no density, and none of them merge."""
    tokens: int | None = None
    """For how many tokens it is made, as of frequencies of their own or a graph; None: for any number."""
    fixed: Any = None
    """(k, d) rows of what its tokens see and does not move, for pictures; None where there is nothing."""
    energy_is: str = ""
    """What its "energy" is, in words, for pictures; empty of a law that does not say, or tells none."""
    remedy: str = ""
    """What to give in its place where tokens have no index and no number; empty if nothing will do."""
    advice: str = ""
    """What makes its runs shorter, told where one is out of time; empty if nothing is known."""
    beyond: str = ""
    """What to type where its tokens grow beyond floats; empty if nothing is known."""
    masked: bool = False
    """True: its tokens see a part of the others alone (the past, neighbours); no more than one mask a law."""
    lone: bool = False
    """True: what a token does by itself, whoever else there is: a sublayer of its own, in a network."""
    autonomous: bool = True
    """False: the velocity or noise that it gives a measure depends on t, as where beta is annealed, and its
    `quantities` are those of t; rates of one moment are refused.  A class that has its own velocity or noise says
    which it is: no number of questions would find a change between two of them.  One that does not say moves points
    and densities, and is told of no energy and no rates of one moment."""
    common: bool = False
    """True: all tokens of a replica share one Brownian path of R^d, dx_i = P_x v dt + s_i P_x dB: of points alone."""
    gradient: int = 0
    """1: the velocity is grad dE, E the "energy" that its `quantities` tell, in Wasserstein's metric, -1: minus
    that; sums of such laws are so again.  0: it does not say."""
    paired: bool = False
    """True: E is a sum over pairs of points, told by `pairs`, and velocities are along its gradient, whatever each is
    divided by: on a symmetric graph the law climbs or descends that graph's E as it does its own."""
    rises: tuple[str, ...] = ()
    falls: tuple[str, ...] = ()
    keeps: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    """Those of its `quantities` that are of the measure alone, whatever the law's strength: a sum tells them once."""

    def velocity(self, t: float, x: Array | None, mu: Measure) -> Any:
        """(..., n, d) rows, not yet projected on the tangent space."""
        raise TypeError(f"{type(self).__name__} gives no velocity")

    def basis(self, d: int) -> Array | None:
        """(d, d) columns in which `apart`, `leading` and `rounding` take points of R^d by `differences`; None: none."""
        return None

    @property
    def parts(self) -> tuple[Any, ...]:
        """Laws whose velocities add up to its own, in the order in which a splitting takes them."""
        return (self,)

    @property
    def sublayers(self) -> tuple[Any, ...]:
        """Laws whose velocities add up to its own, as a network's layer takes them: attention, all heads at once, and
        in turn what a token does by itself."""
        return (self,)

    def pushing(self) -> Any:
        """Itself without x' = `drift` v."""
        return self

    @property
    def members(self) -> tuple[Any, ...]:
        """The laws, each once, of several measures that it moves side by side; () of a law of one measure."""
        return ()

    def alone(self, index: int) -> Any:
        """The law of the measure number `index` of several that are moved at once: the same for all, of most laws."""
        return self

    def attention(self, t: float, mu: Measure) -> Array:
        """(..., n, n) P with velocity sum_j P_ij V x_j at the own points, before any projection."""
        if len(self.parts) > 1:
            raise TypeError(f"law: {self} has a matrix for every term: give the one head that is meant, law.parts[0]")
        raise TypeError(
            f"law: {self} has no attention matrix: ask what it gives the tokens, law.velocity(t, mu.x, mu) of "
            "mu = mf.Points(x, geometry=law.place or law.geometry)"
        )

    def log_attention(self, t: float, mu: Measure) -> Array:
        """(..., n, n) log of P, to its digits where P itself underflows."""
        raise TypeError(f"law: {type(self).__name__} tells no logarithm of its attention: leave log out")

    @property
    def unordered(self) -> Any:
        """What it is where nobody sees the past alone: the law under a causal mask; itself, if it has none."""
        return self

    @property
    def choosing(self) -> tuple[Any, ...]:
        """What it compares (`Choosing`), where its velocity jumps; () of a law without jumps."""
        return ()

    def chosen(self, t: float, mu: Measure, shares: Sequence[Array]) -> Any:
        """(..., n, d) velocity at the own points by shares (..., n, n) of leaders of each of `choosing`, affine."""
        return self.velocity(t, mu.x, mu)

    def divergence(self, t: float, x: Array | None, mu: Measure) -> Any:
        """(..., n) divergence on the sphere of P_x velocity; asked only where a density rides on points."""
        raise TypeError(f"{type(self).__name__} gives no divergence")

    def noise(self, t: float, x: Array | None, mu: Measure) -> Any:
        """s, a float or (..., n, 1); in R^d also (..., n, d): dx = P_x v dt + s P_x dB (Ito, with the geometry's
        curvature term).  Of several noises at once the root of the sum of squares."""
        return 0.0

    def noises(self, t: float, x: Array | None, mu: Measure) -> tuple[Any, tuple[Any, ...]]:
        """The strength of the noise that is every token's own, and those of paths that all share, one for each path."""
        s = self.noise(t, x, mu)
        return (0.0, (s,)) if self.common else (s, ())

    def singly(self, t: float, mu: Measure) -> tuple[Any, Any]:
        """(E, Z), (..., n) each: what every own point descends while the others are held, x_k' = -grad_k E_k / Z_k."""
        raise ValueError(
            f"law: {self} has no energies of single tokens: give mf.SA(beta), attractive and without matrices, or that "
            "under masks and beside frozen tokens"
        )

    def check_range(self, d: int, *, smooth: bool = False, atoms: bool = False) -> None:
        """Refuse dimension d if the law's numbers leave the range of floats there, of smooth densities or of atoms."""

    def pairs(self, t: float, mu: Measure) -> Any:
        """Half of sum_i w_i (what own point i sees, as a sum), the E of which `ascent` is the gradient over w_i."""
        raise TypeError(f"{type(self).__name__} tells no sum over pairs: paired is False")

    def quantities(self, t: float, mu: Measure) -> dict[str, Any]:
        """Named scalars of a measure under this law at time t, for example {"energy": (...), "dissipation": (...)}.

        "excess" is E less that of the uniform measure, "dissipation" the rate at which the flow changes E, and
        "driven", of a law that is not `autonomous`, the rate at which t itself changes it: of the excess, if there is
        one.  Of an autonomous law any time gives the same.
        """
        return {}

    def ascent(self, t: float, x: Array | None, mu: Measure) -> Any:
        """grad dE/dmu of the energy that it tells, as `velocity` answers; None where it is not known.

        Asked where other laws move mu, too: in a sum.
        """
        return None


def said(law: Law) -> bool | None:
    """Whether a law says that it is autonomous; None where a class with its own velocity or noise does not say."""
    for kind in type(law).__mro__:
        if "autonomous" in vars(kind):
            break
        if "velocity" in vars(kind) or "noise" in vars(kind):
            return None
    word: bool | None = law.autonomous
    return word
