r"""Tokens of R^d in rescaled coordinates, z = e^{-tV} x (B (3.1)): they stay where x runs to infinity."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from meanfield.geometry import FLAT
from meanfield.kernels import Exponential
from meanfield.laws import general
from meanfield.laws.attention import SA
from meanfield.laws.seeing import About, Masking
from meanfield.protocols import Array, Measure, Status, Stop
from meanfield.special.growth import Growth
from meanfield.tools import inputs
from meanfield.tools.alarm import look
from meanfield.tools.settings import register

LARGEST = 600.0
"""Logarithm of the growth e^{2 top t} of scores beyond which they count as this large: the softmax is a hardmax long
before."""
UNSURE, SAME = 0.1, 1e-9
"""Rounding of a score from which leaders of nearly its score are doubtful; share of the largest token by which two
differ that are one, whoever leads."""
EPS = float(np.finfo(float).eps)
TILE = 2**17
"""Pairs, over all replicas, that are summed at a time, where points are held by differences."""
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
        seen, kernel = self._seen(t, mu), self._kernel(t, d)
        if mu.differences is None and _lost(kernel, x, seen):
            raise Stop(
                Status.UNDECIDED,
                f"At t = {t:.6g} rounding decides which tokens lead others, as they differ by less than their digits "
                "in what e^(tV) has grown, and by more elsewhere: run mf.Rescaled alone, without noise or other laws.",
            )
        r = seen.read(kernel, x, "ZM")
        v = np.divide(r.M, r.Z, out=r.M)
        v -= x
        V = general.values(self._core, d, t)
        return np.asarray(self._core.sign * (v if V is None else v @ V.T))

    def attention(self, t: float, mu: Measure) -> Array:
        """P, which is that of x = e^{tV} z."""
        return np.asarray(np.exp(self.log_attention(t, mu)))

    def log_attention(self, t: float, mu: Measure) -> Array:
        """Its logarithm, in which nothing underflows; scores are told to be apart by at most about 10^300."""
        seen = self._seen(t, mu)
        if seen.differences is None:
            s = seen.scores(self._kernel(t, mu.d)) + seen.shares()
        else:
            s = np.concatenate([s for _, s in self._below(t, seen)], axis=-2)
        s -= s.max(axis=-1, keepdims=True)
        return np.asarray(s - np.log(np.exp(s).sum(axis=-1, keepdims=True)))

    # --- by differences ---------------------------------------------------------------------------------------

    def basis(self, d: int) -> Array:
        """Columns along which tokens grow each at their own rate: those of the blocks of V."""
        return self._growth(d).S

    def apart(self, t: float, mu: Measure) -> Array:
        """z' in these coordinates, (..., n, d), of points that are held by differences; rows at a time."""
        near, centre, group = mu.differences
        one = bool((group == group[..., :1]).all())
        v = np.empty(near.shape)
        for i, P in self._matrix(t, mu):
            v[..., i, :] = P @ near - near[..., i, :]
            if not one:
                P[group[..., i, None] == group[..., None, :]] = 0.0
                v[..., i, :] += P @ centre - P.sum(axis=-1, keepdims=True) * centre[..., i, :]
        return np.asarray(v @ self._growth(mu.d).inner.T)

    def leading(self, t: float, mu: Measure) -> tuple[Array, Array]:
        """Whose the largest share of every row is, and what share, (..., n); rows at a time."""
        told = [(P.argmax(axis=-1), P.max(axis=-1)) for _, P in self._matrix(t, mu)]
        return np.concatenate([one for one, _ in told], axis=-1), np.concatenate([one for _, one in told], axis=-1)

    def rounding(self, t: float, mu: Measure) -> float:
        """That of the largest score, of points as they are."""
        return float(_rounding(*_sides(self._kernel(t, mu.d), mu.x, mu.x)).max())

    def _matrix(self, t: float, mu: Measure) -> Iterator[tuple[slice, Array]]:
        """Rows i of P, (..., m, n), of points that are held by differences."""
        for i, e in self._below(t, self._seen(t, mu)):
            e -= e.max(axis=-1, keepdims=True)
            np.exp(e, out=e)
            e /= e.sum(axis=-1, keepdims=True)
            yield i, e

    def _below(self, t: float, mu: Measure) -> Iterator[tuple[slice, Array]]:
        """Rows i of scores and log masses, (..., m, n), in every row less one that is nearly the largest.

        Scores are <a_i, c_j + n_j> of centre and difference: what centres have in common goes out before anything is
        rounded.
        """
        near, centre, group = mu.differences
        g, k = self._growth(mu.d), general.kernel(self._core, t, mu.d)
        F, grown = g.half(t), min(2.0 * g.log(t), LARGEST)
        near, centre = near @ F.T @ F.T, centre @ F.T @ F.T
        Q, K = (g.S if m is None else m @ g.S for m in (k.Q, k.K))
        a = ((near + centre) @ Q.T @ K) * k.beta
        one, scale = bool((group == group[..., :1]).all()), math.exp(grown)
        near, centre = np.swapaxes(near, -1, -2), np.swapaxes(centre, -1, -2)
        n = a.shape[-2]
        high = max(1, TILE * n // max(1, a.size // a.shape[-1]))
        for i in (slice(first, min(first + high, n)) for first in range(0, n, high)):
            mass = mu.shares(i)
            look()
            with np.errstate(over="ignore"):
                s = by_near = a[..., i, :] @ near
                if not one:
                    by_centre = np.take_along_axis(a[..., i, :] @ centre, group[..., None, :], -1)
                    s = by_near + by_centre
                top = np.where(np.isneginf(mass), -np.inf, s).argmax(axis=-1)[..., None]
                s = by_near - np.take_along_axis(by_near, top, -1)
                if not one:
                    s += by_centre - np.take_along_axis(by_centre, top, -1)
                np.clip(s, -MOST, MOST, out=s)
                s *= scale
            yield i, s + mass


def _sides(kernel: Exponential, x: Array, y: Array) -> tuple[Array, Array]:
    """Rows a and b with scores a b^T, of x and y."""
    a, b = kernel.factors(x, y)
    return np.asarray(a), np.asarray(b)


def _rounding(a: Array, b: Array) -> Array:
    """(..., n) that of scores a b^T in every row."""
    most = np.abs(b).max(axis=-2)[..., None]
    with np.errstate(over="ignore"):
        return np.asarray(EPS * (np.abs(a) @ most)[..., 0])


def _lost(kernel: Exponential, x: Array, mu: Any) -> bool:
    """Whether rounding decides between tokens that differ, in scores of rows x; looked at where scores are large."""
    a, b = _sides(kernel, x, mu.x)
    off = _rounding(a, b)
    if off.max() < UNSURE:
        return False
    y, n = mu.x, a.shape[-2]
    size = SAME * np.abs(y).max()
    high = max(1, TILE * n // max(1, off.size * b.shape[-2]))
    for i in (slice(first, first + high) for first in range(0, n, high)):
        with np.errstate(over="ignore", invalid="ignore"):
            s = a[..., i, :] @ np.swapaxes(b, -1, -2)
            if mu.sight is not None:
                s = s + mu.shares(i)
            top = s.argmax(axis=-1)[..., None]
            near = np.take_along_axis(s, top, -1) - s <= off[..., i, None]
        near &= off[..., i, None] > UNSURE
        first = np.take_along_axis(y, top, -2)
        for k in range(y.shape[-1]):
            if (near & (np.abs(y[..., None, :, k] - first[..., k, None]) > size)).any():
                return True
    return False
