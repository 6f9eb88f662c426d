"""Densities by the depth s in [0, 1] of tokens in a sequence: mu_s, and its past, nu_s = (1/s) int_0^s mu_r dr."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from meanfield.plot.depths import ACROSS, PICTURES
from meanfield.plot.options import drawn
from meanfield.plot.pictured import picture
from meanfield.protocols import Array, Geometry, Law, Space
from meanfield.spaces.coefficients import kindred, recast, tail
from meanfield.spaces.density import Density
from meanfield.spaces.doubt import EXACT, Doubt
from meanfield.special import depths
from meanfield.tools import inputs
from meanfield.tools.shown import Shown, table


@dataclass(frozen=True, eq=False)
class Family(Shown):
    """A density mu_s for every depth s in [0, 1]: a polynomial in s, held at Chebyshev's points.

    The joint law of depth and token is ds mu_s(dx).  Make one with `mf.family` rather than directly.

    Attributes
    ----------
    space : Space
        Where they live.
    coefficients : ndarray (S, M)
        Of the densities at the nodes in s.
    doubt : Doubt
        What the coefficients leave unknown.

    Raises
    ------
    ValueError, TypeError
        By `mf.family`, for what is no family; for a depth outside [0, 1].

    Examples
    --------
    >>> circle = mf.Circle(128)
    >>> mu = mf.family(lambda s: mf.poisson_kernel(circle, [0.1 + 0.4 * s, 0.0]), nodes=8)
    >>> mu(0.5).moments(1)[1].real.round(12), mu.seen(0.5).moments(1)[1].real.round(12)
    (np.float64(0.3), np.float64(0.2))
    """

    space: Any
    coefficients: Array
    doubt: Doubt = EXACT
    held = "family"

    def __repr__(self) -> str:
        low, high = float(np.min(self.minimum)), float(np.max(self.values))
        return (
            f"<Family of {len(self.nodes)} depths on {self.space}, at its nodes {low:.4g} to {high:.4g} (uniform = 1)>"
        )

    def _repr_html_(self) -> str:
        facts = [("dimension d", self.d), ("nodes in s", len(self.nodes)), ("nodes in x", len(self.space.weights))]
        return table(repr(self).strip("<>"), [*facts, ("last terms in s", f"{self.last:.3g}")])

    # --- by depth -----------------------------------------------------------------------------------------

    @property
    def nodes(self) -> Array:
        """(S,) depths at which it is held; both ends are among them."""
        return depths.nodes(self.coefficients.shape[-2])

    def __call__(self, s: Any) -> Density:
        """mu_s, the density of tokens at depth s (several depths: their densities at once)."""
        return self._of(depths.between(self._count, self._asked(s)) @ self.coefficients)

    def seen(self, s: Any) -> Density:
        """nu_s = (1/s) int_0^s mu_r dr, what a token at depth s sees; nu_0 = mu_0."""
        return self._of(depths.past(self._count, self._asked(s)) @ self.coefficients)

    @property
    def whole(self) -> Density:
        """nu_1, the density of all tokens."""
        return self.seen(1.0)

    @property
    def past(self) -> Density:
        """nu_s at all nodes at once."""
        return self._of(depths.means(self._count) @ self.coefficients)

    @property
    def own(self) -> Density:
        """mu_s at all nodes at once."""
        return self._of(self.coefficients)

    @property
    def last(self) -> float:
        """The largest of the last Chebyshev coefficients in s: how well the nodes in s resolve it."""
        return depths.last(self.coefficients)

    @property
    def tail(self) -> float:
        """The largest of its coefficients in the last degrees: how well the space resolves it."""
        return tail(self.space, self.coefficients)

    @property
    def _count(self) -> int:
        return int(self.coefficients.shape[-2])

    def _of(self, c: Array) -> Density:
        return Density(self.space, c, self.doubt)

    def _asked(self, s: Any) -> Array:
        depth = np.asarray(inputs.array("s", s))
        if depth.ndim > 1 or not ((depth >= 0.0) & (depth <= 1.0)).all():
            raise ValueError(f"s: got {inputs.describe(s)}, wanted a depth in [0, 1], or an array of these")
        return depth

    # --- what the densities at the nodes are ----------------------------------------------------------------

    @property
    def d(self) -> int:
        """Ambient dimension."""
        return int(self.space.d)

    @property
    def geometry(self) -> Geometry:
        """Where they live."""
        place: Geometry = self.space.geometry
        return place

    @property
    def values(self) -> Array:
        """(S, N) mu_s at the space's nodes; uniform is 1."""
        return self.own.values

    @property
    def minimum(self) -> Array:
        """(S,) the smallest node value of each; reported, never clipped."""
        return np.asarray(np.nanmin(self.values, axis=-1))

    @property
    def mass(self) -> Array:
        """(S,) int d mu_s."""
        return np.asarray(self.own.mass)

    @property
    def mean(self) -> Array:
        """(S, d) int x d mu_s."""
        return np.stack([self.space.averages(c)[0] for c in self.coefficients])

    @property
    def second_moment(self) -> Array:
        """(S, d, d) int x x^T d mu_s."""
        return np.stack([self.space.averages(c)[1] for c in self.coefficients])

    @property
    def entropy(self) -> Array:
        """(S,) int rho log rho d sigma of each."""
        return np.asarray(self.own.entropy)

    def moments(self, degree: int) -> Array:
        """Moments of mu_s to `degree`, s first; on the circle c_k = int e^{-ik theta} d mu_s, (S, degree + 1)."""
        return np.stack([self._of(c).moments(degree) for c in self.coefficients])

    def energy(self, law: Law, t: float | None = None) -> Array:
        """(S,) E of what a token at every node sees, nu_s, in the law's scale; nu_1 is that of all."""
        return np.asarray(self.past.energy(law, t))

    def on(self, space: Space) -> Array:
        """(S, N) mu_s at the nodes of another resolution of its space."""
        return self.resized(kindred(self.space, space).size).values

    def resized(self, size: int) -> Family:
        """The same at another resolution in x (coefficients padded with zeros, or cut)."""
        own = self.own.resized(size)
        return Family(own.space, own.coefficients, own.doubt)

    def sample(self, n: int, rng: Any = None) -> Array:
        """n tokens in the order of their sequence, the k-th of the density at depth (k - 1/2) / n, k = 1, ..., n.

        Parameters
        ----------
        n : int
            How many.
        rng : int, numpy.random.Generator or None
            Seed or generator; the same seed gives the same bits.
        """
        n = inputs.integer("n", n, low=1)
        u = inputs.generator(rng).random((n, self.space.levels))
        each = depths.between(self._count, (np.arange(n) + 0.5) / n) @ self.coefficients
        return np.concatenate([self.space.place(c, one[None]) for c, one in zip(each, u, strict=True)])

    def plot(self, ax: Any = None, **options: Any) -> Any:
        """mu_s as colours, depth across and the place up; on S^2 maps of six depths.

        Options: title, log (colours), cmap; on S^2 centre.
        """
        look = {"title": str(self.space), **options}
        values = self(ACROSS).on(self.space)
        return drawn(picture(self.space, PICTURES), ACROSS, self.space.nodes, values, ax, **look)


def family(f: Callable[[float], Density], nodes: int = 16) -> Family:
    """Densities by depth, the start of ``mf.solve(mf.Causal(law), mf.family(f), t_span)``: f(s) is that of depth s.

    Tokens of a long sequence, the k-th of n drawn from f(k / n); under a causal mask the one at depth s sees those
    before it, nu_s = (1/s) int_0^s mu_r dr.

    Parameters
    ----------
    f : callable
        s in [0, 1] -> Density; all on one space (at any resolution: the finest is taken), of mass 1, smooth in s.
    nodes : int
        Chebyshev points in s at which f is asked and the run is held, at least 2.

    Raises
    ------
    TypeError, ValueError
        For an f that is no function of s, or gives what is no density, or densities on several spaces; for too few
        nodes.

    Examples
    --------
    >>> circle = mf.Circle(128)
    >>> mu = mf.family(lambda s: mf.poisson_kernel(circle, [0.1 + 0.4 * s, 0.0]))
    >>> sol = mf.solve(mf.Causal(mf.SA(1.0)), mu, (0.0, 0.5))
    >>> sol(0.5)(0.25).space.d, sol.energy.shape
    (2, (101, 16))
    """
    if not callable(f) or isinstance(f, Density):
        raise TypeError(f"f: got {inputs.describe(f)}, wanted a function of s that gives a Density: lambda s: rho0")
    at = depths.nodes(inputs.integer("nodes", nodes, low=2, high=MOST))
    each = [_density(f(s), s) for s in at.tolist()]
    finest = max((rho.space for rho in each), key=lambda space: space.size)
    for rho, s in zip(each, at.tolist(), strict=True):
        if rho.space.resized(finest.size) != finest:
            raise ValueError(f"f: f({s:.4g}) lives on {rho.space}, others on {finest}: give all on one space")
    c = np.stack([recast(rho.space, rho.coefficients, finest) for rho in each])
    error = max(rho.doubt.error for rho in each)
    return Family(finest, c, Doubt(error, max(rho.doubt.share for rho in each)) if error else EXACT)


MOST = 512
"""Nodes in s at most: a run's cost grows by their number, and what is smooth needs few."""


def _density(rho: Any, s: float) -> Density:
    if not isinstance(rho, Density):
        raise TypeError(f"f: f({s:.4g}) is {inputs.describe(rho)}, wanted a Density, as mf.Circle(256).density(...)")
    if np.ndim(rho.coefficients) != 1:
        raise ValueError(f"f: f({s:.4g}) is {rho.coefficients.shape[:-1]} densities at once, wanted one")
    return rho
