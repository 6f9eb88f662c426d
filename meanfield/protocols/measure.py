"""Measure and Reading: who answers, and the answer."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np

from meanfield.protocols.array import Array
from meanfield.protocols.geometry import Geometry, Line
from meanfield.protocols.kernel import Kernel
from meanfield.protocols.member import fallback, member
from meanfield.tools.shown import Shown, line


class Reading(NamedTuple):
    """What a measure answers at points x, for s = kernel.log(x, y).  True values are e^log times these.

    The arrays are the reader's to overwrite, and valid until the next read.

    Attributes
    ----------
    Z : ndarray (..., n, 1) or None
        int e^s d mu.
    M : ndarray (..., n, d) or (..., n, m) or None
        int e^s V y d mu; without V, P_x M.
    L : ndarray (..., n, 1) or None
        Divergence of P_x M.
    log : float or ndarray (..., n, 1)
        The common logarithm.

    Examples
    --------
    >>> r = mf.Points([0.0, 1.0]).read(mf.Exponential(2.0), want="ZM")
    >>> (r.M / r.Z).shape
    (2, 1)
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

    def __repr__(self) -> str:
        return line(self)


class Sight(Shown):
    """Who sees whom among a measure's own points: what is added to their scores, told tile by tile."""

    running: ClassVar[bool] = False
    """True: each sees all up to itself alike, so that running sums serve."""

    def bias(self, i: slice, j: slice) -> Array | None:
        """(rows, columns) log of the weight with which i sees j, -inf where it does not; None where all count as 1."""
        raise TypeError(f"{type(self).__name__} does not say who sees whom")

    def seen(self, weights: Array) -> Array:
        """(..., n) what every point's sum is divided by: the mass that it sees, of a mean; 1 of a sum as it is."""
        return np.ones_like(weights)

    def unit(self, weights: Array) -> Any:
        """A number, or (..., 1), by which the weights are divided first: what a mean divides it takes out again."""
        return 1.0

    def reach(self, i: slice) -> int | None:
        """The point from which on none is seen by these; None: they see to the last."""
        return None

    def cuts(self, n: int, most: int) -> list[slice] | None:
        """Tiles of at most so many points that do not depend on how many more there are, the last one perhaps longer
        than the points; None where who comes later is seen, and any tiles will do."""
        return None

    def edges(self) -> Any:
        """The pairs that see one another, where they are few; None: any may."""
        return None

    def fits(self, n: int) -> None:
        """Refuse points of another number than it was made for."""


class Measure(Protocol):
    """2. What a law may ask: a density, weighted points, a Gaussian, a ripple on the uniform measure.

    Its own points are those that move.  Changed (`past`, `masked`, `reweighed`, `also`, `pushed`) it is one, too;
    who cannot be changed so says what to ask instead.  It may also know `excess(kernel)`: (value, log) with
    (1 / 2 beta) iint (e^{beta <x, y>} - lambda_0) d mu d mu = e^log value, E less that of the uniform measure, by a sum
    that does not cancel (`energy.excess` asks for it).
    """

    @member
    def d(self) -> int:
        """Ambient dimension."""
        ...

    @member
    def x(self) -> Array:
        """(..., n, d) own rows: particles, or the quadrature points of a density."""
        ...

    @member
    def geometry(self) -> Geometry:
        """Where they live."""
        ...

    @fallback
    def positions(self) -> Array:
        """(..., n) or (..., n, d) they themselves, as their geometry has them: rows."""
        return self.x

    @member
    def weights(self) -> Array:
        """(..., n) the mass at each of them."""
        ...

    @member
    def mean(self) -> Array:
        """(..., d)  int x dmu."""
        ...

    @fallback
    def lead(self) -> tuple[int, ...]:
        """Leading axes: () of one measure, (..., B) of B at once."""
        return tuple(int(m) for m in self.weights.shape[:-1])

    def some(self, where: Any) -> Any:
        """Of several measures at once those that `where`, a slice or an array of integers, takes of the last leading
        axis, as a law sees them."""
        raise TypeError(f"some: {type(self).__name__} cannot be taken apart: {self.instead}")

    @fallback
    def token(self) -> Any:
        """The mass of one token as `also` counts it, as every own point sees it: 1/n of points, 1 of a density."""
        return 1.0

    @fallback
    def instead(self) -> str:
        """Where a question that this measure does not answer may be put."""
        return "ask mf.Points(mu.x, weights=mu.weights)"

    @fallback
    def line(self) -> Line | None:
        """The line on which it lies, and in whose harmonics its moments are; None if there is none."""
        place = self.geometry.line(self.positions)[0]
        return place if isinstance(place, Line) else None

    @fallback
    def dense(self) -> bool:
        """True of a density held by coefficients: its points are nodes of a quadrature, and `resized` makes more."""
        return False

    @fallback
    def profile(self) -> Any:
        """Of a density held in another way, along its line, as clusters cut it (`clustering.basins.Profile`); None of
        points, and of one held by coefficients."""
        return None

    @fallback
    def entropy(self) -> Any:
        """int rho log rho d sigma; None where there is no density."""
        return None

    @fallback
    def summed(self) -> Any:
        """Itself as integrals over its own points ask it, as a law's `quantities` do: `read` may leave there what
        rounding decides unknown."""
        return self

    @fallback
    def differences(self) -> Any:
        """(near, centre, group) of points of R^d that are held by what they differ from centres; None of others."""
        return None

    def excess(self, kernel: Any) -> Any:
        """E less that of the uniform measure, by a sum that does not cancel (see above); None if it knows none."""
        return None

    def balanced(self, kernel: Any) -> Any:
        """(phi, e^{phi - log} mu, log) with int e^{s(x, y) + phi(x) + phi(y)} dmu(y) = 1, of one that knows it; None:
        it is found by asking (`kernels.balancing`)."""
        return None

    @fallback
    def quadratic(self) -> bool:
        """True of a measure whose own points have its moments to degree 3, and no more: integrals of e^s over them are
        none over it, which it tells in closed form (`tilted`) or not at all."""
        return False

    def tilted(self, kernel: Kernel) -> Any:
        """(log iint e^s dmu dmu, Z mu / int Z dmu), Z = int e^s dmu, of one that knows it in closed form; None: sums
        over its own points tell what is asked."""
        return None

    def read(self, kernel: Kernel, x: Array | None = None, want: str = "ZM", V: Array | None = None) -> Reading:
        """Answer at rows x (..., n, d); None means the measure's own points.

        With V (m, d) the values are V y: M = int e^s V y dmu (..., n, m), and L = div P_x M of the first d of
        them (m >= d): more of a question is answered by more rows.  Who answers
        isotropic kernels and values y alone raises TypeError with the remedy.
        """
        raise TypeError(f"{type(self).__name__} answers no kernels: {self.instead}")

    @fallback
    def second_moment(self) -> Array:
        """(..., d, d) int x x^T dmu."""
        raise TypeError(f"second_moment: {type(self).__name__} tells none: {self.instead}")

    def second(self) -> Array:
        """(..., 1, d, d) the same; under a mask (..., n, d, d), of what each own point sees."""
        return self.second_moment[..., None, :, :]

    def shares(self, rows: slice = slice(None)) -> Array:
        """(..., n, n) log of what own point i of `rows` counts j for, beside its score: j's mass, by a mask."""
        raise TypeError(f"shares: {type(self).__name__} has no points that count one another: {self.instead}")

    def scores(self, kernel: Kernel) -> Array:
        """(..., n, n) s(x_i, x_j) of the own points among themselves."""
        raise TypeError(f"scores: {type(self).__name__} has no points that score one another: {self.instead}")

    def tangential(self, v: Array) -> Array:
        """Rows v (..., n, d) at the own points as `read` answers there for isotropic kernels: P_x v, in components of
        the measure's own frame if it answers in these."""
        return v - np.sum(v * self.x, axis=-1, keepdims=True) * self.x

    def past(self) -> Any:
        """Each point sees those up to itself, as a mean."""
        raise TypeError(f"past: {type(self).__name__} has no first point: {self.instead}")

    def masked(self, A: Any, per_row: bool = True) -> Any:
        """Point i sees j with weight A[i, j] (or as a `Sight` A says): as a mean over what is seen, or as it is."""
        raise TypeError(f"masked: {type(self).__name__} has no points that see one another: {self.instead}")

    def reweighed(self, g: Any) -> Any:
        """g mu, for g (..., n) at the own points; not normalised."""
        raise TypeError(f"reweighed: {type(self).__name__} has no masses to multiply: {self.instead}")

    def also(self, y: Any, a: Any, per_token: bool = True) -> Any:
        """mu + sum_j a_j delta_{y_j}, seen through every mask and not normalised; the own points stay those of mu.

        a_j in units of one token's mass, 1/n of points (`token`), or as masses beside a total of 1; on a density both
        are the same.
        """
        raise TypeError(f"also: {type(self).__name__} takes no more points: {self.instead}")

    def pushed(self, f: Any) -> Any:
        """The image of mu under a map f of rows (..., n, d)."""
        raise TypeError(f"pushed: {type(self).__name__} has no points to move: {self.instead}")

    def marginal(self, k: int, place: Geometry) -> Any:
        """The same masses at the first k components of their rows, which live at `place`."""
        raise TypeError(f"marginal: {type(self).__name__} has no rows of two kinds: {self.instead}")

    def placed(self, rows: Any) -> Any:
        """The same masses, seen as they are, at other rows (..., n, k) of R^k."""
        raise TypeError(f"placed: {type(self).__name__} has no points to put elsewhere: {self.instead}")
