"""The kernel of attention, e^{beta <Q x, K y>}."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from numbers import Real
from typing import Any

import numpy as np

from meanfield.protocols import Array, Bilinear
from meanfield.special import bessel
from meanfield.special.bessel import inverse_temperature, log_lambda0, ratios
from meanfield.special.levels import Level, level
from meanfield.tools import inputs
from meanfield.tools.settings import register
from meanfield.tools.shown import Shown

TIE = 1e-12
"""How far below the largest a score still counts as largest."""
STEEP = 1e4
"""Largest score of a kernel whose harmonics are told in both points."""
ASK = "ask points, mf.Points(mu.x, weights=mu.weights)"


@register
@dataclass(frozen=True, eq=False)
class Exponential(Shown, Bilinear):
    """The kernel e^{beta <Q x, K y>} of attention (A, equations (2.3) and (2.8)), and its limit, hardmax (A (9.6)).

    Parameters
    ----------
    beta : float
        Inverse temperature >= 0; inf is hardmax, by which x sees those of the measure's points alone, of mass and in
        sight, whose score <Q x, K y> is largest: Z is their mass, and M / Z their mean.
    Q, K : array_like (m, d), optional
        Query and key matrices; None is the identity.  Only without them is the kernel isotropic, and only then
        has it multipliers.
    tie : float, optional
        Of hardmax, how far below the largest a score <Q x, K y> may lie to count as largest; 1e-12 if not given.
        Scores that rounding alone may have told apart, some |Q x| |K y| eps, are equal at any tie.

    Raises
    ------
    ValueError, TypeError
        For what was given, naming the argument.

    Notes
    -----
    Frozen and hashable (matrices by value).  Hardmax has no multipliers and no divergence, and densities, of which no
    point has mass, do not answer it.

    Examples
    --------
    >>> mf.Exponential(4.0).multipliers(3, 2).shape
    (3,)
    >>> r = mf.Points(np.eye(3)).read(mf.Exponential(np.inf, K=[[0, 1, 0], [1, 0, 0], [0, 0, 1]]))
    >>> r.M / r.Z
    array([[0., 1., 0.],
           [1., 0., 0.],
           [0., 0., 1.]])
    """

    equations = ("A (2.4)", "A (2.6)", "A (3.3)")
    beta: float
    Q: Any = None
    K: Any = None
    tie: float | None = None

    def __post_init__(self) -> None:
        hard = isinstance(self.beta, Real) and float(self.beta) == math.inf
        object.__setattr__(self, "beta", math.inf if hard else inverse_temperature(self.beta))
        if self.tie is not None and not hard:
            raise ValueError(f"tie is of hardmax, beta = inf; got tie = {self.tie!r} at beta = {self.beta!r}: omit it")
        if hard:
            object.__setattr__(self, "tie", TIE if self.tie is None else inputs.number("tie", self.tie, low=0.0))
        Q, K = (m if m is None else inputs.matrix(name, m) for name, m in (("Q", self.Q), ("K", self.K)))
        if Q is not None and K is not None and Q.shape[0] != K.shape[0]:
            raise ValueError(f"Q and K must have the same number of rows, got shapes {Q.shape} and {K.shape}")
        for name, only in (("Q", Q if K is None else None), ("K", K if Q is None else None)):
            if only is not None and only.shape[0] != only.shape[1]:
                raise ValueError(f"{name} alone must be square, got shape {only.shape}")
        object.__setattr__(self, "Q", Q)
        object.__setattr__(self, "K", K)

    @cached_property
    def _key(self) -> tuple[Any, ...]:
        # Adding 0.0 makes -0.0 and 0.0, which are equal, the same bytes.
        return (self.beta, self.tie, *(None if a is None else (a.shape, (a + 0.0).tobytes()) for a in (self.Q, self.K)))

    def __eq__(self, other: object) -> bool:
        return self._key == other._key if isinstance(other, Exponential) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._key)

    @property
    def isotropic(self) -> bool:
        """True without Q and K at finite beta: the kernel depends on <x, y> alone."""
        return self.Q is None and self.K is None and not self._hard

    @property
    def _hard(self) -> bool:
        return self.beta == math.inf

    @property
    def share(self) -> Callable[[Array], Array] | None:
        """None, e^s; of hardmax 1 for scores within `tie` of the largest, 0 for others."""
        if self.tie is None:
            return None
        least = -self.tie
        return lambda s: np.asarray(s >= least, dtype=float)

    def factors(self, x: Array, y: Array) -> tuple[Array, Array]:
        """Rows a (..., n, m) and b (..., p, m) with s(x, y) = a b^T: a = beta Q x (Q x of hardmax) and b = K y."""
        a = x if self.Q is None else x @ self.Q.T
        return a if self._hard else self.beta * a, (y if self.K is None else y @ self.K.T)

    def log(self, x: Array, y: Array) -> Array:
        """s = beta <Q x, K y>, without beta of hardmax: (..., n, d), (..., p, d) -> (..., n, p)."""
        a, b = self.factors(x, y)
        return np.asarray(a @ np.swapaxes(b, -1, -2))

    def upper(self) -> float:
        """Supremum of s over pairs of unit vectors: beta |Q^T K|_2; for an isotropic kernel s(x, x) = beta."""
        beta = 1.0 if self._hard else self.beta
        if self.Q is None and self.K is None:
            return beta
        B = self.K if self.Q is None else self.Q.T if self.K is None else self.Q.T @ self.K
        return beta * float(np.linalg.norm(B, 2))

    @property
    def range(self) -> float:
        """Largest minus smallest s over pairs of unit vectors: Z cannot vary by more than e^range."""
        return 2.0 * self.upper()

    def level(self, d: int) -> Level | None:
        """g with e^{s - g} of order 1 where it is largest, at every x, and of few harmonics of x; None of hardmax, and
        beyond a beta |Q^T K|_2 of 1e4."""
        if self._hard or self.upper() > STEEP:
            return None
        Q, K = (np.eye(d) if m is None else m for m in (self.Q, self.K))
        return level(self.beta * (K.T @ Q))

    def _require_isotropic(self, what: str) -> None:
        if self._hard:
            raise TypeError(f"{what}: hardmax (beta = inf) is no multiplier on the sphere: {ASK}")
        if not self.isotropic:
            raise TypeError(f"{what}: a kernel with Q or K is no multiplier on the sphere; sum over points instead")

    def multipliers(self, d: int, degree: int) -> Array:
        """q_k = lambda_k / lambda_0, k = 0..degree (read-only); see `ratios`."""
        self._require_isotropic("multipliers")
        return ratios(self.beta, d, degree)

    def potential(self, d: int, degree: int) -> Array:
        """p_k = q_k / beta, k = 1..degree, and p_0 = 0 (read-only).

        P_x int e^{beta <x, y>} y dmu(y) = lambda_0 grad sum_k p_k mu_k, mu_k the part of degree k of mu; p_0, whose
        gradient vanishes, is set to 0.  At beta = 0, p_1 = 1/d and the others are 0: nothing is divided by beta.
        """
        self._require_isotropic("potential")
        return bessel.potential(self.beta, inputs.dimension("d", d), inputs.degree("degree", degree))

    def log_lambda0(self, d: int) -> float:
        """Log of the mean of e^s over the sphere."""
        self._require_isotropic("log_lambda0")
        return log_lambda0(self.beta, d)

    def bandwidth(self, d: int) -> int:
        """Smallest K with sum_{k>K} N(d, k) q_k < 1e-16 sum_k N(d, k) q_k and q_K < 1e-16.

        The sum over all k is the kernel's value at x = y over lambda_0; 15, 23, 31, 72 at beta = 1, 4, 9, 64 on the
        circle, and about sqrt(74 beta) there for beta > 50.  1 at beta = 0, where the field is the projected mean.
        With Q or K, e^{<a, y>} of y at the largest |a| = beta |K^T Q x|, which is `upper`.
        """
        if self._hard:
            raise TypeError(f"bandwidth: hardmax (beta = inf) sees single points, and a density has none: {ASK}")
        return bessel.bandwidth(self.upper(), inputs.dimension("d", d))
