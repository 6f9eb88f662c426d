"""The contracts of the house; the first page to read.

A law asks, a measure answers, a method moves, the loop steps, the record remembers.  Five parts, none of
which knows another's insides.  Everything here is a contract with shapes: `n` points, `d` ambient dimension,
`N` nodes, `M` coefficients, `m` tangent components, `...` independent replicas.  A class may inherit from a
contract (and so get the few defaults written out below) or merely have its shape.

All parts are pure: the same arguments give the same bits, so a run can be resumed exactly.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]


# --- what can happen ---------------------------------------------------------------------------------------


class Status(Enum):
    """Why a run ended, as a sentence a human can read."""

    REACHED_END = "The end of the time span was reached."
    UNRESOLVED = "The density has structure finer than the largest permitted resolution."
    VANISHING_FIELD = "The normaliser Z is lost in rounding where there is mass."
    STEP_TOO_SMALL = "The step size needed for the tolerance fell below the spacing of floating-point times."
    NOT_FINITE = "The state stopped being finite."
    OUT_OF_TIME = "The wall-clock limit max_seconds was reached."
    OBSERVER = "An observer asked the run to stop."
    INTERRUPTED = "The run was interrupted from the keyboard."
    BROKEN_OFF = "An exception, of an observer or of the law, broke the run off."


class Stop(Exception):
    """Raised by a method, a stepper or an observer: end the run here, and keep everything up to here."""

    def __init__(self, status: Status, detail: str = "") -> None:
        super().__init__(detail or status.value)
        self.status = status
        self.detail = detail


# --- 0. kernels --------------------------------------------------------------------------------------------


@runtime_checkable
class Kernel(Protocol):
    """An interaction e^{s(x, y)}; hashable, so that plans can be kept by kernel."""

    isotropic: bool
    """True if s depends on <x, y> alone, so that the kernel is a multiplier on every sphere."""

    spread: float
    """Upper bound of the largest minus the smallest s over pairs of unit vectors."""

    def log(self, x: Array, y: Array) -> Array:
        """s(x, y) for rows: (..., n, d), (..., p, d) -> (..., n, p).

        Pairwise: every entry depends on its own x and y alone, because sums ask in tiles.  A kernel that looks along
        a row (for its maximum, or its sum) is refused when it is first asked.
        """
        ...

    def multipliers(self, d: int, degree: int) -> Array:
        """q_k = lambda_k / lambda_0 for k = 0..degree (isotropic kernels only)."""
        ...

    def potential(self, d: int, degree: int) -> Array:
        """p_k with P_x int e^s y dmu(y) = lambda_0 * grad sum_k p_k (mu's part of degree k)."""
        ...

    def log_lambda0(self, d: int) -> float:
        """Log of the mean of e^s over the sphere."""
        ...

    def bandwidth(self, d: int) -> int:
        """Degree beyond which neither multipliers nor potential count; ValueError for a kernel that has none."""
        ...


# --- 1. laws -----------------------------------------------------------------------------------------------


class Reading(NamedTuple):
    """What a measure answers at points x, for s = kernel.log(x, y).  True values are e^log times these.

    The arrays are the reader's to overwrite, and valid until the next read.
    """

    Z: Any
    """(..., n, 1)  int e^s dmu(y).  A density floors it relative to its maximum; points use log-sum-exp."""
    M: Any
    """(..., n, d)  int e^s y dmu(y), with P_x M = grad U.  Where x was None and the kernel is isotropic, measures of
    the sphere answer with P_x M, as rows or as tangent components (..., n, m), and leave out what a point adds to its
    own M, a multiple of x.  Who wants all of M asks at x = mu.x."""
    L: Any
    """(..., n)  the divergence on the sphere of P_x M."""
    log: Any
    """(..., n, 1) or a float."""


class Measure(Protocol):
    """2. What a law may ask: a density, weighted points, a Gaussian, a ripple on the uniform measure.

    Points may also answer `past()` (each sees those up to itself, as a mean) and `masked(A, per_row)`: themselves, with
    another sight.  It may also know `excess(kernel)`: (value, log) with
    (1 / 2 beta) iint (e^{beta <x, y>} - lambda_0) d mu d mu = e^log value, E less that of the uniform measure, by a sum
    that does not cancel (`energy.excess` asks for it).
    And `summed`, itself as integrals over its own points ask it, if `read` leaves there what rounding decides unknown:
    a law's `quantities` are asked of that.
    """

    d: int
    x: Array
    """(..., n, d) own rows: particles, or the quadrature points of a density."""
    weights: Array
    """(..., n) the mass at each of them."""
    mean: Array
    """(..., d)  int x dmu."""

    def read(self, kernel: Any, x: Array | None = None, want: str = "ZM", V: Array | None = None) -> Reading:
        """Answer at rows x (..., n, d); None means the measure's own points.

        With V (m, d) the values are V y: M = int e^s V y dmu (..., n, m), and L = div P_x M of it.  Who answers
        isotropic kernels and values y alone raises TypeError with the remedy.
        """
        ...


class Law:
    """1. X[mu](x): what a token does when it sees mu.

    All knowledge of mu comes by asking it (`mu.read`, `mu.mean`, ...).  `rises`, `falls` and `keeps` name the
    `quantities` that never fall, never rise and never change along a run.
    """

    geometry: str = "sphere"
    isotropic: bool = False
    """True: no matrix, no fixed point.  Such a law is handed x=None (the measure's own points) and may answer in
    tangent components."""
    labelled: bool = False
    """True: tells tokens apart by their index (causal, graph, natural frequencies of their own), so that it is no
    function of the measure alone.  Such a law moves points as they stand, no density, and none of them merge."""
    autonomous: bool = True
    """False: the velocity or noise that it gives a measure depends on t, as where beta is annealed.  `quantities` know
    no time, so that a run under such a law tells no energy, and rates of one moment are refused.  A class that has its
    own velocity or noise and does not say is asked about one state at several times, before a run."""
    rises: tuple[str, ...] = ()
    falls: tuple[str, ...] = ()
    keeps: tuple[str, ...] = ()

    def velocity(self, t: float, x: Array | None, mu: Any) -> Any:
        """(..., n, d) rows, not yet projected on the tangent space."""
        raise TypeError(f"{type(self).__name__} gives no velocity")

    def divergence(self, t: float, x: Array | None, mu: Any) -> Any:
        """(..., n) divergence on the sphere of P_x velocity; asked only where a density rides on points."""
        raise TypeError(f"{type(self).__name__} gives no divergence")

    def noise(self, t: float, x: Array | None, mu: Any) -> Any:
        """s, a float or (..., n, 1): dx = P_x v dt + s P_x dB (Ito, with the geometry's curvature term)."""
        return 0.0

    def check_range(self, d: int, *, smooth: bool = False, atoms: bool = False) -> None:
        """Refuse dimension d if the law's numbers leave the range of floats there, of smooth densities or of atoms."""

    def quantities(self, mu: Any) -> dict[str, Any]:
        """Named scalars of a measure under this law, for example {"energy": (...), "dissipation": (...)}.

        Of a law that is not `autonomous` nobody reports an energy, its excess, its rate or the free energy.
        """
        return {}


# --- 3. spaces ---------------------------------------------------------------------------------------------


class Plan(Protocol):
    """Buffers and transforms of one space for one set of symbols.  Not shared between threads."""

    grid: Any
    """The (padded) space whose nodes the fields live on."""

    def open(self, c: Array) -> tuple[Array, Array | None]:
        """c (M,) -> scalar fields (S, N), and the gradient's tangent components (N, m) if a potential was given."""
        ...

    def close(self, X: Array, rho: Array, out: Array) -> Array:
        """out (M,) = coefficients of -div(rho X), for X (N, m) and rho (N,)."""
        ...


class Space(Protocol):
    """3. Where densities live: frozen, without buffers, knowing no beta and no time.

    Densities are taken with respect to sigma, the uniform probability measure.
    """

    d: int
    size: int
    """What `resized` takes: nodes on the circle, degree elsewhere."""
    largest: int
    """Size up to which a solver goes on its own."""
    nodes: Array
    """(N, ...) the space's own coordinates: theta | <x, axis> | rows."""
    weights: Array
    """(N,) quadrature weights, of sum 1."""
    degrees: Array
    """(M,) degree k of every coefficient; the Laplacian is -k(k+d-2)."""
    labels: tuple[Any, ...]
    """(M,) names of the coefficients, by which they are carried to another size."""
    axes: dict[str, Array]
    """The grid's axes by name, in the order of the nodes."""
    units: dict[str, str]
    """Units of those axes, for a dataset: rad, degrees, 1."""
    picture: str
    """Which picture shows it: the name of a room of `plot`."""
    line: str | None
    """On which line its points can be carried by a flow, if it has but one dimension (`methods.panels.LINES`)."""
    rows: Array | None
    """(N, d) the nodes as rows, or None where symmetry leaves them no row."""

    def analyse(self, values: Array) -> Array:
        """(..., N) node values -> (..., M) coefficients."""
        ...

    def evaluate(self, c: Array, q: Array | None = None, gradient: bool = False) -> Array:
        """(..., M) -> (..., n) at own nodes or at coordinates q; gradient: (..., n, m) tangent components."""
        ...

    def project(self, q: Array, w: Array, degree: int) -> Array:
        """Weighted points (..., n) at coordinates q -> their coefficients up to degree: evaluate's adjoint."""
        ...

    levels: int
    """Numbers in [0, 1) that `place` needs for a point."""
    ends: Array | None
    """Coordinates that no node reaches and where `bound` is largest, if there are such."""

    def bound(self, c: Array, error: Any, q: Array | None = None) -> Array | None:
        """(..., n) bound of the error of `evaluate`, from rounding and from an error of every coefficient (a number or
        (M,)); None where values are well-conditioned everywhere."""
        ...

    def rounding(self, c: Array) -> float:
        """Size up to which coefficients of a callable or of node values are set to zero, being rounding."""
        ...
    def harmonics(self, degree: int) -> Array:
        """Degree of every coefficient that `project` gives."""
        ...

    def plan(self, multipliers: Array, potential: Array | None) -> Plan:
        """Symbols (S, M) of the scalar fields and (M,) of the potential -> a plan."""
        ...

    def place(self, c: Array, u: Array) -> Array:
        """u (n, levels) in [0, 1) -> n points distributed as the density (angles on the circle, rows elsewhere)."""
        ...

    def fields(self, s: Array, g: Array | None, q: Array | None = None) -> tuple[Array, Array | None]:
        """Scalars (S, ..., M) and a potential (..., M) at q together: (S, ..., n), and its gradient (..., n, m)."""
        ...

    def chart(self, x: Array) -> Array:
        """Rows (..., n, d) -> coordinates."""
        ...

    def frame(self, x: Array | None = None) -> Array:
        """(..., n, m, d) orthonormal tangent frames at rows x, or at own nodes."""
        ...

    def inner(self, v: Array, q: Array | None = None) -> Array:
        """<x, v> at own nodes or coordinates q, for one vector v (d,)."""
        ...

    def moments(self, c: Array, degree: int) -> Array:
        """Moments in the field's own normalisation, to `degree`."""
        ...

    def lattice(self, n: int) -> Array:
        """(n, levels) the lattice by which `place` quantises."""
        ...

    def points(self, q: Any) -> Array:
        """Coordinates given by a user, checked."""
        ...

    def ripple(self, modes: dict[Any, complex]) -> Array:
        """Coefficients of a sum of named modes, each of unit maximum on the circle."""
        ...

    def spectrum(self, c: Array) -> Array:
        """Power by degree (..., K + 1) of coefficients such as `project` gives: the squares' sum over each degree."""
        ...

    def averages(self, c: Array) -> tuple[Array, Array]:
        """int x dmu (d,) and int x x^T dmu (d, d)."""
        ...

    def resized(self, size: int) -> Any:
        """The same space at another resolution."""
        ...


# --- 4. methods --------------------------------------------------------------------------------------------


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

    settings: dict[str, Any] = {}
    linear: Array | None = None
    """(M,) diagonal linear part, treated exactly by exponential steppers; None if there is none."""

    def start(self, mu: Any) -> tuple[Any, Array]:
        """Measure -> (method, y)."""
        raise TypeError(f"{type(self).__name__} does not say how it starts")

    def rhs(self, t: float, y: Array, out: Array) -> Array:
        """The part of y' that is not linear * y, written into out.  Laws see retracted points only."""
        raise TypeError(f"{type(self).__name__} has no right-hand side")

    def measure(self, t: float, y: Array) -> Any:
        """y -> the measure it stands for."""
        raise TypeError(f"{type(self).__name__} does not say what its state means")

    def review(self, t0: float, y0: Array, t: float, y: Array) -> Change | None:
        """After an accepted step from (t0, y0) to (t, y): None, or a Change, or raise Stop."""
        return None

    def retract(self, y: Array) -> Array:
        """y back on its geometry."""
        return y

    def tangent(self, y: Array, v: Array) -> Array:
        """v (shaped as y) projected on the tangent space at y."""
        return v

    def pushed(self, t: float, y: Array, h: float) -> Array:
        """y moved by h times its velocity before any projection, then retracted (`UnprojectedEuler` alone asks)."""
        raise TypeError(f"{type(self).__name__} knows no velocity before its projection")

    def noise(self, t: float, y: Array) -> Any:
        """Strength s of the noise, broadcastable to y."""
        return 0.0

    def limit(self, t: float, y: Array) -> float:
        """Shortest time scale of the explicit part from here, 1 / |fastest rate| (a CFL condition).

        A stepper takes at most its own reach times this, the reach being how far its stability region extends.
        """
        return float("inf")

    def events(self, t: float, y: Array) -> Array | None:
        """(k,) functions whose zeros the loop lands on."""
        return None


# --- 5. steppers and the loop ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Between:
    """The state inside one step, as data: with x = (t - t0) / (t1 - t0) and h = t1 - t0,

    y(t) = e^{x h L} y0 + h sum_m m! x^{m+1} phi_{m+1}(x h L) terms[m]

    which for linear = None (L = 0) is y0 + h sum_m terms[m] x^{m+1} / (m+1).
    """

    t0: float
    t1: float
    y0: Array
    terms: Array
    """(p, *y0.shape) coefficients of the nonlinear part's polynomial in x."""
    linear: Array | None = None

    @property
    def nbytes(self) -> int:
        """Memory held, in bytes (linear is shared and not counted)."""
        return int(self.y0.nbytes + self.terms.nbytes)


class Stepped(NamedTuple):
    """One accepted step and what it cost."""

    t: float
    y: Array
    h: float
    """Step to try next; never shortened by having had to land."""
    between: Between | None
    evaluations: int
    rejections: int


class Stepper:
    """5. One accepted step; remembers nothing but h."""

    order: int = 0
    adaptive: bool = False

    def step(
        self, method: Any, t: float, y: Array, h: float | None, stop: float, rng: np.random.Generator | None, keep: bool
    ) -> Stepped:
        """From (t, y) by at most h, t <= stop; lands on stop exactly.  `keep`: make the between."""
        raise TypeError(f"{type(self).__name__} does not step")


class Step(NamedTuple):
    """What the loop yields after every accepted step."""

    t: float
    y: Array
    h: float
    between: Between | None
    method: Any
    landed: bool
    """True if t is one of the asked times."""
    event: int | None
    """Index of the event landed on, if any."""
    evaluations: int
    rejections: int


Observer: TypeAlias = Callable[[float, Any], Any]
"""observe(t, measure) after every accepted step; returning True ends the run, and so does an exception."""
