r"""Tokens of R^d in rescaled coordinates, z = e^{-tV} x (B (3.1)): they stay where x runs to infinity."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy.linalg import block_diag

from meanfield.geometry import FLAT
from meanfield.kernels import Exponential
from meanfield.laws import general
from meanfield.laws.attention import SA
from meanfield.laws.seeing import About, Masking
from meanfield.protocols import Array, Measure
from meanfield.special.growth import Growth
from meanfield.tools import inputs
from meanfield.tools.settings import register

LARGEST = 600.0
"""Logarithm of the growth e^{2 top t} of scores beyond which they count as this large: the softmax is a hardmax long
before."""
MOST = 1e40
"""The largest difference of scores that is told apart, before it grows: e^LARGEST times it is finite."""


@register
@dataclass(frozen=True)
class Rescaled(About):
    r"""Self-attention in R^d for z = e^{-tV} x (B (3.1)): z_i' = sum_j P_ij V (z_j - z_i).

    P = softmax_j beta <Q e^{tV} z_i, K e^{tV} z_j> is that of x; x' = sum_j P_ij V x_j (B (1.1)).  z begins where x
    does, and its convex hull shrinks where V >= 0.  e^{tV} is made in a real Schur form, its growth kept as a
    logarithm, so that nothing overflows but z itself, along contracting directions (a status, then).

    Parameters
    ----------
    law : Law
        ``mf.SA(beta, Q=, K=, V=, geometry="flat")`` with a constant V (None: the identity), or that under a mask
        (``mf.Causal``, ``mf.Masked``, ``mf.ALiBi``); beta, Q and K may change with time.

    Raises
    ------
    ValueError, TypeError
        For a law of the sphere, another one than SA, several heads, beta = inf, a D, and a V that is a function of
        time or not square.

    Examples
    --------
    >>> law = mf.Rescaled(mf.SA(1.0, V=np.diag([2.0, -1.0]), geometry="flat"))
    >>> run = pt.simulate(law, [[1.0, 0.2], [-0.5, 0.3], [0.1, -0.6]], (0.0, 10.0))
    >>> pt.attention(law, run.x[-1], t=run.t[-1]).round(6)[1]
    array([1., 0., 0.])
    """

    equations = ("A (9.2)", "A (9.3)", "B (3.1)", "B (8.1)", "B (8.2)")
    autonomous = False
    law: Any

    def __post_init__(self) -> None:
        super().__post_init__()
        core = self._core
        here = 'wanted one head of R^d, mf.SA(beta, V=V, geometry="flat"), or that under a mask'
        if not isinstance(core, SA):
            raise TypeError(f"law: {self.law} has no z = e^(-tV) x that is known, {here}")
        if core.geometry != "flat":
            raise ValueError(f"law: {self.law} moves points of the sphere, which do not run away: {here}")
        if callable(core.V):
            raise ValueError("law: V is a function of time, and z = e^(-tV) x is of a constant one: give a matrix V")
        if core.V is not None and core.V.shape[0] != core.V.shape[1]:
            raise ValueError(f"law: V has shape {core.V.shape}, and e^(tV) is of a square matrix: give V of (d, d)")
        if core.D is not None:
            raise ValueError("law: D multiplies tokens that a layer has normalised, and these are not: leave it out")
        if core.hard:
            raise ValueError("law: beta is inf, and where leaders change is not looked for here: give it a finite beta")

    @property
    def _core(self) -> Any:
        """The law without its mask."""
        law = self.law
        while isinstance(law, Masking):
            law = law.law
        return law

    def __str__(self) -> str:
        return f"Rescaled({self.law})"

    # --- between x and z --------------------------------------------------------------------------------------

    @cached_property
    def _growths(self) -> dict[int, Growth]:
        return {}

    def _growth(self, d: int) -> Growth:
        """e^{tV}, in dimension d."""
        if d not in self._growths:
            V = general.values(self._core, d, 0.0)
            self._growths[d] = Growth.of(self._core.sign * (np.eye(d) if V is None else V))
        return self._growths[d]

    def grown(self, t: Any, z: Any) -> tuple[Array, Array]:
        """(rows, log) with x = e^{tV} z = e^{log} rows, at any t: of times (T,) and z (T, ..., n, d), log (T,)."""
        times = inputs.array("t", t)
        return self._grown(times, self._rows("z", z, times))

    def unscaled(self, t: Any, z: Any) -> Array:
        """x = e^{tV} z, of times (T,) and z (T, ..., n, d) too; refused where floats end (`grown` then).

        Raises
        ------
        ValueError
            Where x overflows.
        """
        times = inputs.array("t", t)
        return self._whole(times, self._rows("z", z, times))

    def rescaled(self, t: Any, x: Any) -> Array:
        """z = e^{-tV} x, in the same shapes."""
        times = inputs.array("t", t)
        return self._whole(-times, self._rows("x", x, times))

    def _rows(self, name: str, z: Any, times: Array) -> Array:
        """Rows of R^d, as many sets as times."""
        z = FLAT.check(name, z)
        V = self._core.V
        if V is not None and len(V) != z.shape[-1]:
            raise ValueError(f"{name}: got rows of R^{z.shape[-1]}, wanted R^{len(V)}: V has shape {V.shape}")
        if times.ndim > 1 or (times.ndim and times.shape != z.shape[:1]):
            raise ValueError(f"t: got shape {times.shape}, wanted one number, or one for each of {name} {z.shape}")
        return z

    def _grown(self, times: Array, z: Array) -> tuple[Array, Array]:
        if times.ndim:
            each = [self._grown(*one) for one in zip(times, z, strict=True)]
            return np.array([rows for rows, _ in each]), np.array([log for _, log in each])
        g = self._growth(z.shape[-1])
        F = g.half(float(times))
        return z @ g.inverse.T @ F.T @ F.T @ g.S.T, np.asarray(g.log(float(times)))

    def _whole(self, times: Array, z: Array) -> Array:
        rows, log = self._grown(times, z)
        with np.errstate(over="ignore", invalid="ignore"):
            half = np.exp(0.5 * log.reshape(log.shape + (1,) * (rows.ndim - log.ndim)))
            x = rows * half * half  # what is 0 stays so
        if not np.isfinite(x).all():
            raise ValueError(
                f"t: e^(tV) overflows, rows to {np.abs(rows).max():.3g} times e^{float(np.max(log)):.4g}: take "
                "them apart, rows, log = law.grown(t, z)"
            )
        return np.asarray(x)

    # --- the field --------------------------------------------------------------------------------------------

    def _seen(self, t: float, mu: Measure) -> Any:
        """What tokens see, through the masks."""
        law, seen = self.law, mu
        while isinstance(law, Masking):
            law, seen = law.law, law._sees(t, seen)
        return seen

    def _kernel(self, t: float, d: int) -> Exponential:
        """e^{beta <Q e^{tV} z, K e^{tV} z'>}."""
        core = self._core
        E, log = self._growth(d).at(t)
        k = general.kernel(core, t, d)
        Q, K = (E if m is None else m @ E for m in (k.Q, k.K))
        return Exponential(k.beta * math.exp(min(2.0 * log, LARGEST)), Q, K)

    def velocity(self, t: float, x: Array | None, mu: Measure) -> Array:
        """V (sum_j P_ij z_j - z_i)."""
        x = mu.x if x is None else x
        d = x.shape[-1]
        r = self._seen(t, mu).read(self._kernel(t, d), x, "ZM")
        v = np.divide(r.M, r.Z, out=r.M)
        v -= x
        V = general.values(self._core, d, t)
        return np.asarray(self._core.sign * (v if V is None else v @ V.T))

    def attention(self, t: float, mu: Measure) -> Array:
        """P, which is that of x = e^{tV} z."""
        seen = self._seen(t, mu)
        s = seen.scores(self._kernel(t, mu.d)) if seen.differences is None else self._scores(t, seen)
        s = s + seen.shares()
        s -= s.max(axis=-1, keepdims=True)
        e = np.exp(s)
        return np.asarray(e / e.sum(axis=-1, keepdims=True))

    # --- by differences ---------------------------------------------------------------------------------------

    def basis(self, d: int) -> Array:
        """Columns along which tokens grow each at their own rate: those of the blocks of V."""
        return self._growth(d).S

    def apart(self, t: float, mu: Measure) -> Array:
        """z' in these coordinates, (..., n, d), of points that are held by differences."""
        P = self.attention(t, mu)
        near, centre, group = mu.differences
        other = np.where(group[..., :, None] == group[..., None, :], 0.0, P)
        v = P @ near - near
        v += other @ centre - other.sum(axis=-1, keepdims=True) * centre
        return np.asarray(v @ block_diag(*self._growth(mu.d).blocks).T)

    def _scores(self, t: float, mu: Measure) -> Array:
        """(..., n, n) scores, in every row less one that is nearly the largest: of differences, which are small.

        <a_i, c_j + n_j> of centre and difference: what centres have in common goes out before anything is rounded.
        """
        near, centre, group = mu.differences
        g, k = self._growth(mu.d), general.kernel(self._core, t, mu.d)
        F, grown = g.half(t), min(2.0 * g.log(t), LARGEST)
        near, centre = near @ F.T @ F.T, centre @ F.T @ F.T
        Q, K = (g.S if m is None else m @ g.S for m in (k.Q, k.K))
        a = (near + centre) @ Q.T @ K
        scale = k.beta * math.exp(grown)
        by_near = a @ np.swapaxes(near, -1, -2)
        by_centre = np.take_along_axis(a @ np.swapaxes(centre, -1, -2), group[..., None, :], -1)
        with np.errstate(over="ignore"):
            whole = np.where(np.isneginf(mu.shares()), -np.inf, by_near + by_centre)
            top = whole.argmax(axis=-1)[..., None]
            rest = by_centre - np.take_along_axis(by_centre, top, -1)
            return np.asarray(scale * np.clip(rest + (by_near - np.take_along_axis(by_near, top, -1)), -MOST, MOST))
