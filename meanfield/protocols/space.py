"""Space, Plan and Atlas: where densities live, its transforms, and the labels by which they are carried."""

from __future__ import annotations

from typing import Any, Protocol

from meanfield.protocols.array import Array
from meanfield.protocols.geometry import Geometry, Line
from meanfield.protocols.member import fallback, member, wanted


class Atlas(Protocol):
    """Faces, each with labels (a, b) in [-1, 1]^2, that cover a space but for what they have in common."""

    faces: int
    """How many."""
    first: int
    """Panels to begin with along each side of a face."""

    @wanted
    def rows(self, face: Array, labels: Array) -> Array:
        """(..., d) rows at labels (..., 2) of the faces (...)."""
        ...

    @wanted
    def area(self, face: Array, labels: Array) -> Array:
        """(...) sigma's mass by da db there."""
        ...

    @wanted
    def within(self, rows: Array) -> tuple[Array, Array]:
        """Rows (..., d) -> their faces (...) and labels (..., 2)."""
        ...


class Plan(Protocol):
    """Buffers and transforms of one space for one set of symbols.  Not shared between threads."""

    grid: Any
    """The (padded) space whose nodes the fields live on."""

    @wanted
    def open(self, c: Array) -> tuple[Array, Array | None]:
        """c (..., M) -> scalar fields (..., S, N), and the gradient's tangent components (..., N, m) if a potential was
        given: in the plan's buffers, until the next."""
        ...

    @wanted
    def close(self, X: Array, rho: Array, out: Array) -> Array:
        """out (..., M) = coefficients of -div(rho X), for X (..., N, m) and rho (..., N)."""
        ...


class Space(Protocol):
    """3. Where densities live: frozen, without buffers, knowing no beta and no time.

    Densities are taken with respect to sigma, the uniform probability measure: of the sphere, or of a box in R^d.
    """

    @member
    def d(self) -> int:
        """Ambient dimension: the sphere is S^{d-1}."""
        ...

    @member
    def geometry(self) -> Geometry:
        """Where its rows are: unit rows, `geometry.ROWS`, or rows of R^d, `geometry.FLAT`.

        Laws of this geometry's manifold move its densities; kernels of <x, y> have multipliers on the sphere alone, and
        elsewhere go by quadrature.
        """
        ...

    @member
    def size(self) -> int:
        """What `resized` takes: nodes on the circle, degree elsewhere."""
        ...

    @member
    def largest(self) -> int:
        """Size up to which a solver goes on its own."""
        ...

    @member
    def nodes(self) -> Array:
        """(N, ...) the space's own coordinates: theta | <x, axis> | rows."""
        ...

    @member
    def weights(self) -> Array:
        """(N,) quadrature weights, of sum 1."""
        ...

    @member
    def degrees(self) -> Array:
        """(M,) degree k of every coefficient, by which its tail is told and densities are cut."""
        ...

    @member
    def laplacian(self) -> Array:
        """(M,) eigenvalue of the Laplacian at every coefficient, -k(k+d-2) on the sphere: what diffusion multiplies."""
        ...

    @member
    def waves(self) -> float:
        """Largest wave number: a velocity v changes the finest coefficient at a rate waves |v|, which bounds steps."""
        ...

    @member
    def most(self) -> Array:
        """(M,) what a coefficient of a measure of mass 1 can be at most: the maximum of |phi_k|, or a bound of it."""
        ...

    @member
    def names(self) -> tuple[Any, ...]:
        """(M,) names of the coefficients, by which they are carried to another size."""
        ...

    @member
    def axes(self) -> dict[str, Array]:
        """The grid's axes by name, in the order of the nodes."""
        ...

    @member
    def units(self) -> dict[str, str]:
        """Units of those axes, for a dataset: rad, degrees, 1."""
        ...

    @member
    def picture(self) -> str | None:
        """Which picture shows it: the name of a room of `plot`; None if there is none."""
        ...

    @member
    def line(self) -> Line | None:
        """On which line its points can be carried by a flow, if it has but one dimension."""
        ...

    @fallback
    def atlas(self) -> Atlas | None:
        """By which squares of labels its points can be carried, if it has two dimensions; else none."""
        return None

    @fallback
    def method(self) -> str | None:
        """By which method its densities move, if nobody says; None: by the one of all densities."""
        return None

    def holding(self, densities: Any) -> Any:
        """The space on whose nodes densities that moved on it are shown: itself, if they stay there."""
        return self

    @member
    def area(self) -> float:
        """What `pdf` divides by: surface area of the sphere, length of an interval."""
        ...

    @member
    def rows(self) -> Array | None:
        """(N, d) the nodes as rows, or None where symmetry leaves them no row."""
        ...

    @wanted
    def density(
        self, f: Any = None, *, coefficients: Any = None, normalize: bool = True, signed: bool = False
    ) -> Any:
        """A density with respect to sigma, from a callable, node values or coefficients; refused if it is none."""
        ...

    @wanted
    def admit(self, c: Array) -> Array:
        """Coefficients as the space holds them; refuses those that no real density has."""
        ...

    @wanted
    def analyse(self, values: Array) -> Array:
        """(..., N) node values -> (..., M) coefficients."""
        ...

    @wanted
    def evaluate(self, c: Array, q: Array | None = None, gradient: bool = False) -> Array:
        """(..., M) -> (..., n) at own nodes or at coordinates q; gradient: (..., n, m) tangent components."""
        ...

    @wanted
    def project(self, q: Array, w: Array, degree: int) -> Array:
        """Weighted points (..., n) at coordinates q -> their coefficients up to degree: evaluate's adjoint."""
        ...

    @member
    def levels(self) -> int:
        """Numbers in [0, 1) that `place` needs for a point."""
        ...

    @member
    def ends(self) -> Array | None:
        """Coordinates that no node reaches and where `bound` is largest, if there are such."""
        ...

    @wanted
    def bound(self, c: Array, error: Any, q: Array | None = None) -> Array | None:
        """(..., n) bound of the error of `evaluate`, from rounding and from an error of every coefficient (a number or
        (M,)); None where values are well-conditioned everywhere."""
        ...

    @wanted
    def rounding(self, c: Array) -> float:
        """Size up to which coefficients of a callable or of node values are set to zero, being rounding."""
        ...

    @wanted
    def harmonics(self, degree: int) -> Array:
        """Degree of every coefficient that `project` gives."""
        ...

    @wanted
    def plan(self, multipliers: Array, potential: Array | None) -> Plan:
        """Symbols (S, M) of the scalar fields and (M,) of the potential -> a plan."""
        ...

    @wanted
    def place(self, c: Array, u: Array) -> Array:
        """u (n, levels) in [0, 1) -> n points distributed as the density (angles on the circle, rows elsewhere)."""
        ...

    @wanted
    def fields(self, s: Array, g: Array | None, q: Array | None = None) -> tuple[Array, Array | None]:
        """Scalars (S, ..., M) and a potential (..., M) at q together: (S, ..., n), and its gradient (..., n, m)."""
        ...

    @wanted
    def chart(self, x: Array) -> Array:
        """Rows (..., n, d) -> coordinates."""
        ...

    @wanted
    def frame(self, x: Array | None = None) -> Array:
        """(..., n, m, d) orthonormal tangent frames at rows x, or at own nodes."""
        ...

    @wanted
    def inner(self, v: Array, q: Array | None = None) -> Array:
        """<x, v> at own nodes or coordinates q, for one vector v (d,)."""
        ...

    @wanted
    def moments(self, c: Array, degree: int) -> Array:
        """Moments in the field's own normalisation, to `degree`."""
        ...

    @wanted
    def lattice(self, n: int) -> Array:
        """(n, levels) the lattice by which `place` quantises."""
        ...

    @wanted
    def points(self, q: Any) -> Array:
        """Coordinates given by a user, checked."""
        ...

    @wanted
    def ripple(self, modes: dict[Any, complex]) -> Array:
        """Coefficients of a sum of named modes, each of unit maximum on the circle."""
        ...

    @wanted
    def spectrum(self, c: Array) -> Array:
        """Power by degree (..., K + 1) of coefficients such as `project` gives: the squares' sum over each degree."""
        ...

    @wanted
    def averages(self, c: Array) -> tuple[Array, Array]:
        """int x dmu (d,) and int x x^T dmu (d, d)."""
        ...

    @wanted
    def resized(self, size: int) -> Any:
        """The same space at another resolution."""
        ...
