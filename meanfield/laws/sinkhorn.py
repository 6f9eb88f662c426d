r"""Doubly stochastic attention, Sinkhorn's (A, Remark 3.5; 2110.11773): every token is seen as much as it sees.

With s(x, y) = beta <Q x, K y>, symmetric, and the potential phi of a measure, for which

    int k(x, y) d mu(y) = 1 at every x,    k(x, y) = e^{s(x, y) + phi(x) + phi(y)},

X = P_x int k(x, y) V y d mu(y): softmax attention of the measure e^phi mu.  Where V = Q^T K, as without matrices,
X = -grad phi / beta, and E = -(1/beta) int phi d mu = -OT_beta(mu, mu) / 2 with

    OT_beta(mu, mu) = min_pi int -<Q x, K y> d pi + (1/beta) KL(pi | mu x mu)

has the first variation -phi / beta + const: the flow climbs it in Wasserstein's metric, dE/dt = int |X|^2 d mu.  It is
log(lambda_0) / (2 beta) of the uniform measure, 1/2 of a Dirac, and at beta = 0 |int x dmu|^2 / 2.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from meanfield.geometry import MANIFOLDS
from meanfield.kernels import Exponential, energy
from meanfield.kernels.balancing import Balance, balanced
from meanfield.kernels.between import Between
from meanfield.laws import general
from meanfield.laws.attention import SA, Manifold
from meanfield.laws.base import Law
from meanfield.protocols import Array, Measure
from meanfield.spaces.coefficients import integrating
from meanfield.tools import inputs
from meanfield.tools.settings import register

LARGER = 4
"""How many times a density's nodes are doubled where they do not hold e^phi mu."""


@register
@dataclass(frozen=True)
class Sinkhorn(Law):
    """X = sign P_x int k(x, y) V y d mu(y), k = e^{beta <Q x, K y> + phi(x) + phi(y)} with int k d mu = 1.

    `quantities` are "energy" E = -(1/beta) int phi dmu, its rate "dissipation", and "free_energy" = -sign E, where V is
    Q^T K or minus that: E climbs, the free energy falls, and noise adds its entropy.  E is a quotient of phi, known to
    1e-16 / beta.

    Parameters
    ----------
    beta : float
        Inverse temperature, >= 0 and finite.
    sign : {1, -1}
        -1 reverses the flow.
    Q, K : array (m, d), optional
        With Q^T K symmetric, so that k is; None: the identity.
    V : array (d, d), optional
        Values V y in the place of y.
    D : array (d,), optional
        Attention sees diag(D) x in the place of x, a layer's trained diagonal.
    geometry : {"sphere", "flat"}
        "flat": the law of R^d, where the remark is, without the projection.

    Raises
    ------
    ValueError, TypeError
        For what was given, naming it; for scores that are not symmetric.  `protocols.Stop`, which ends a run and keeps
        it, where the potential's rows do not come to 1 within 1e-13 (after how many iterations, and how far off).

    Examples
    --------
    >>> law = mf.Sinkhorn(4.0)
    >>> x = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.6, 0.0, 0.8]])
    >>> pt.attention(law, x).round(6)
    array([[0.818458, 0.016298, 0.165244],
           [0.016298, 0.967405, 0.016298],
           [0.165244, 0.016298, 0.818458]])
    """

    equations: ClassVar[tuple[str, ...]] = ("A Rem 3.5", "2110.11773", "2604.07925")
    energy_is = "minus half the transport cost"
    autonomous = True
    rowwise = True
    beta: float
    sign: int = 1
    Q: Any = field(default=None, kw_only=True)
    K: Any = field(default=None, kw_only=True)
    V: Any = field(default=None, kw_only=True)
    D: Any = field(default=None, kw_only=True)
    geometry: Manifold = field(default="sphere", kw_only=True)

    def __post_init__(self) -> None:
        object.__setattr__(self, "beta", inputs.number("beta", self.beta, low=0.0))
        object.__setattr__(self, "sign", inputs.sense("sign", self.sign))
        inputs.choice("geometry", self.geometry, MANIFOLDS)
        for name in general.NAMES:
            if callable(value := getattr(self, name)):
                raise TypeError(f"{name}: got {inputs.describe(value)}, wanted an array: it does not change in time")
            object.__setattr__(self, name, general.given(name, value))
        k = self._scored
        if k.Q is None and k.K is None:
            return
        B = self._scores((k.K if k.Q is None else k.Q).shape[1])
        if np.abs(B - B.T).max() > general.SAME * np.abs(B).max():
            raise ValueError(
                f"Q, K: Q^T K differs from its transpose by {np.abs(B - B.T).max():.3g}, and scores of a doubly "
                "stochastic kernel are symmetric: give Q=(Q.T @ K + K.T @ Q) / 2 without K, or mf.SA(beta, Q=Q, K=K)"
            )

    def __str__(self) -> str:
        sign = "" if self.sign > 0 else ", sign=-1"
        where = "" if self.geometry == "sphere" else f', geometry="{self.geometry}"'
        return f"Sinkhorn(beta={self.beta:g}{sign}{general.words(self)}{where})"

    @cached_property
    def isotropic(self) -> bool:  # type: ignore[override]
        """True without matrices."""
        return all(getattr(self, name) is None for name in general.NAMES)

    @cached_property
    def _scored(self) -> Exponential:
        """The kernel without its potential."""
        return Exponential(self.beta, general.at(self, "Q", 0.0), general.at(self, "K", 0.0))

    @cached_property
    def _kernel(self) -> Any:
        """Of R^d by differences: there phi itself is as large as |x|^2, that of differences is not."""
        return self._scored if self.geometry == "sphere" else Between(self._scored)

    @cached_property
    def _softmax(self) -> SA:
        """What is said of e^phi mu."""
        return SA(self.beta, self.sign, "scaled", Q=self.Q, K=self.K, V=self.V, D=self.D)

    @cached_property
    def climb(self) -> int:
        """1 where Q^T K = V, as without matrices, -1 where V is minus that; 0 of others."""
        if self.isotropic:
            return 1
        d = general.dimension(self)
        return 0 if d is None else general.sense(self._scores(d), general.values(self, d, 0.0))

    def _scores(self, d: int) -> Array:
        """Q^T K."""
        return general.multiplied(general.fitting(self, self._scored, d, 0.0), d)

    @property
    def gradient(self) -> int:  # type: ignore[override]
        """Its sense in Wasserstein's metric."""
        return self.sign * self.climb

    @property
    def falls(self) -> tuple[str, ...]:  # type: ignore[override]
        """The free energy -sign E; E itself along the repulsive flow."""
        return () if not self.gradient else ("free_energy",) if self.gradient > 0 else ("energy", "free_energy")

    def check_range(self, d: int, *, smooth: bool = False, atoms: bool = False) -> None:
        """Refuse points of a dimension that its matrices are not for."""
        self._scores(d)
        general.values(self, d, 0.0)

    def _balanced(self, mu: Measure) -> Balance:
        self._scores(mu.d)  # refuses points of another dimension
        return balanced(mu, self._kernel)

    def potential(self, mu: Measure) -> Array:
        """phi at the measure's own points, (..., n)."""
        phi = np.array(self._balanced(mu).phi)
        if self.geometry != "sphere":
            phi -= 0.5 * self.beta * np.einsum("...i,ij,...j->...", mu.x, self._scores(mu.d), mu.x)
        return phi

    def velocity(self, t: float, x: Array | None, mu: Measure) -> Any:
        """sign int k V y dmu, divided by int k dmu, which is 1 but for rounding."""
        r = self._balanced(mu).seen.read(self._kernel, x, "ZM", general.values(self, mu.d, t))
        v = np.divide(r.M, r.Z, out=r.M)
        return v if self.sign > 0 else np.negative(v, out=v)

    def divergence(self, t: float, x: Array | None, mu: Measure) -> Any:
        """As softmax attention's, of e^phi mu."""
        return self._softmax.divergence(t, x, self._balanced(mu).seen)

    def attention(self, t: float, mu: Measure) -> Array:
        """P_ij = w_j k(x_i, x_j): rows sum to 1, and sum_i w_i P_ij = w_j: columns too, where masses are equal."""
        return np.asarray(np.exp(self.log_attention(t, mu)))

    def log_attention(self, t: float, mu: Measure) -> Array:
        """Its logarithm."""
        phi = self._balanced(mu).phi
        s = self._kernel.log(mu.x, mu.x) + (phi[..., :, None] + phi[..., None, :])
        return np.asarray(s + mu.shares())

    def quantities(self, t: float, mu: Any) -> dict[str, Any]:
        """E, its rate of change and the free energy, of a gradient flow; of a density if some nodes hold e^phi mu."""
        if not self.gradient:
            return {}
        if not mu.dense:
            return self._told(mu)
        if mu.geometry.manifold != "sphere":
            one, two = (self._told(general.on_points(mu.resized(times * mu.space.size))) for times in (2, 4))
            held = (np.allclose(one[k], two[k], rtol=general.HELD, atol=general.HELD) for k in one)
            return two if all(held) else {}
        size = integrating(mu.space, self._scored.bandwidth(mu.d) + 1)
        if not self.isotropic:
            return self._told(general.on_points(mu.resized(size)))
        for _ in range(LARGER):
            try:
                return self._told(mu.resized(size).summed)
            except ValueError:  # nodes too few to hold e^phi mu
                size *= 2
        return {}

    def _told(self, mu: Any) -> dict[str, Any]:
        """The quantities by sums over a measure's own points."""
        B = self._scores(mu.d)
        found = self._balanced(mu)
        V = None if self.isotropic else B
        # int |X|^2 Z of e^phi mu, Z = e^{-phi}
        log = 2.0 * np.asarray(found.log)
        rate = energy.dissipation(self._kernel, found.seen, normalised=True, V=V) * np.exp(log)[..., 0]
        if self.beta == 0.0:
            E = 0.5 * np.einsum("...i,ij,...j->...", mu.mean, B, mu.mean)
        else:
            E = -np.sum(mu.weights * found.phi, axis=-1) / self.beta
            if self.geometry != "sphere":
                E = E + 0.5 * np.einsum("...n,...ni,ij,...nj->...", mu.weights, mu.x, B, mu.x)
        return {"energy": E, "dissipation": self.gradient * rate, "free_energy": -self.gradient * E}
