r"""General attention: matrices Q, K, V, constant or functions of time (A (2.3), (2.7); B (1.1); C (SA)).

With B = Q^T K, s(x, y) = beta <x, B y>, Z = int e^s dmu(y) and M = int e^s V y dmu(y), at every time t

    SA    X = sign M / Z,    div P_x X = sign (L / Z - <P_x M, G> / Z^2),    G = grad Z = P_x int e^s beta B y dmu,
    USA   X = sign M,        div P_x X = sign L.

Where B is symmetric and V = B, both are gradient flows of E = (1/2 beta) iint e^s dmu dmu, as without matrices
(A, (3.12)-(3.14)), and where V = -B of -E, at every time by itself; other matrices have no energy.  In R^d they are so
without P_x: dE/dt = int |M|^2 / Z dmu, and int |M|^2 dmu.

D is the trained diagonal of a layer's normalisation (A, 2.2): tokens are z_i = D x_i, of the ellipsoid D S^{d-1}, and
attention sees these, so that on the sphere Q, K, V are Q D, K D, V D (C, A.1).
"""

from __future__ import annotations

import math
from contextlib import nullcontext
from typing import Any

import numpy as np

from meanfield import geometry
from meanfield.kernels import Exponential, energy
from meanfield.laws.base import Law, true
from meanfield.laws.gradient import GradientLaw
from meanfield.laws.schedules import settled, slope
from meanfield.measures.points import Points
from meanfield.protocols import Array, Measure
from meanfield.spaces.coefficients import integrating
from meanfield.tools import inputs
from meanfield.tools.tags import equations

NAMES = ("Q", "K", "V", "D")
SAME = 8.0 * float(np.finfo(float).eps)
"""Share of the largest entry by which V may differ from Q^T K, and that from its transpose, being the same."""
HELD = 1e-10
"""Share of E to which twice as many quadrature points must confirm what is told of a density in R^d."""


class Attending(GradientLaw):
    """What matrices ask of a law."""

    beta: Any
    scale: Any
    Q: Any
    K: Any
    V: Any
    D: Any
    ties: Any = None
    tie: float | None = None
    """How far below the largest a score counts as largest, at beta = inf."""

    def beta_at(self, t: float) -> float:
        """The inverse temperature at time t."""
        raise TypeError(f"{type(self).__name__} does not say its beta_at(t)")

    @property
    def beyond(self) -> str:  # type: ignore[override]
        """Rescaled tokens, of a law that has them."""
        if self.geometry != "flat" or not self.normalised or callable(self.V) or self.D is not None:
            return ""
        return "Rescaled tokens z = e^(-tV) x stay where they are led: pt.simulate(mf.Rescaled(law), x0, t_span)."

    def log_attention(self, t: float, mu: Measure) -> Array:
        """The logarithm of `matrix`, in which nothing underflows; of leaders' shares at beta = inf."""
        if getattr(self, "hard", False):
            with np.errstate(divide="ignore"):
                return np.log(self.attention(t, mu))
        s = _lifted(self, t, mu)
        return np.asarray(s - np.log(np.exp(s).sum(axis=-1, keepdims=True)) if self.normalised else s)


def given(name: str, value: Any) -> Any:
    """A matrix, or D's numbers, as a law holds it: None, a frozen array, or a function of t."""
    if value is None or callable(value):
        return value
    if name != "D":
        return inputs.matrix(name, value)
    D = inputs.array("D", value, ndim=1)
    D.flags.writeable = False
    return D


def at(law: Law, name: str, t: float) -> Array | None:
    """Q, K or V at time t, as it multiplies unit rows, D x seen in the place of x; None is the identity."""
    m, D = _one(law, name, t), _one(law, "D", t)
    if D is None:
        return m
    if m is None:
        return np.diag(D)
    if m.shape[1] != len(D):
        raise ValueError(f"D: got {len(D)} numbers, wanted {m.shape[1]}: {name} has shape {m.shape}")
    return np.asarray(m * D)


def _one(law: Law, name: str, t: float) -> Array | None:
    """What the law holds, at time t."""
    value = getattr(law, name)
    if not callable(value):
        return value
    with settled(t):
        if name == "D":
            return inputs.array(f"{name}({t:g})", value(t), ndim=1)
        return inputs.matrix(f"{name}({t:g})", value(t))


def values(law: Law, d: int, t: float) -> Array | None:
    """V at time t, (d, d); None is the identity."""
    _fits(law, d, t)
    V = at(law, "V", t)
    if V is not None and V.shape != (d, d):
        name = _named(law, "V", t)
        with settled(t) if callable(getattr(law, "V", None)) else nullcontext():
            raise ValueError(f"{name}: got shape {V.shape}, wanted ({d}, {d}): it maps a token to a velocity")
    return V


def _fits(law: Law, d: int, t: float) -> None:
    """Refuse a D that is not for points of R^d."""
    D = _one(law, "D", t)
    if D is not None and len(D) != d:
        with settled(t) if callable(getattr(law, "D", None)) else nullcontext():
            raise ValueError(f"{_named(law, 'D', t)}: got shape {D.shape}, wanted ({d},): these are points of R^{d}")


def made(law: Attending, t: float) -> Exponential:
    """e^{beta <Q x, K y>} at time t, made anew; it refuses what does not go together."""
    matrices = at(law, "Q", t), at(law, "K", t)
    with settled(t) if any(callable(getattr(law, name)) for name in ("Q", "K", "D")) else nullcontext():
        return Exponential(law.beta_at(t), *matrices, tie=law.tie)


def kernel(law: Attending, t: float, d: int | None = None) -> Exponential:
    """The same, for points of R^d if that is known; where Q and K are constant the law's own, made once."""
    k = law.kernel(t)
    return k if d is None else fitting(law, k, d, t)


def fitting(law: Law, k: Exponential, d: int, t: float) -> Exponential:
    """A kernel of the law's; it refuses matrices that are not for points of R^d."""
    _fits(law, d, t)
    for name, m in (("Q", k.Q), ("K", k.K)):
        if m is not None and m.shape[1] != d:
            with settled(t) if callable(getattr(law, name)) else nullcontext():
                raise ValueError(
                    f"{_named(law, name, t)}: got shape {m.shape}, wanted (m, {d}): these are points of R^{d}"
                )
    return k


def product(law: Attending, d: int, t: float) -> Array:
    """B = Q^T K, (d, d)."""
    return multiplied(kernel(law, t, d), d)


def multiplied(k: Exponential, d: int) -> Array:
    """Q^T K of a kernel, (d, d)."""
    Q, K = (np.eye(d) if m is None else m for m in (k.Q, k.K))
    return np.asarray(Q.T @ K)


def _named(law: Law, name: str, t: float) -> str:
    return f"{name}({t:g})" if callable(getattr(law, name)) else name


def words(law: Law) -> str:
    """The matrices by their shapes, for messages."""
    told = ((name, getattr(law, name)) for name in NAMES)
    return "".join(f", {name} {'(t)' if callable(m) else m.shape}" for name, m in told if m is not None)


def check(law: Attending, d: int, most: float) -> None:
    """Refuse matrices that do not fit dimension d, and scores that overflow, at t = 0."""
    values(law, d, 0.0)
    with np.errstate(over="ignore", invalid="ignore"):
        if not np.isfinite(law.beta_at(0.0) * np.linalg.norm(product(law, d, 0.0))):
            raise ValueError(f"law: the numbers of {law} overflow, beta Q^T K itself does: divide Q or K by a number")
    largest = kernel(law, 0.0).upper()
    if law.geometry == "sphere" and largest + law.log_factor(d) > most:
        raise ValueError(
            f"law: the numbers of {law} overflow: scores go to beta |Q^T K|_2 = {largest:.4g}, beyond {most:g}: use "
            'scale="scaled" (times e to minus that)'
        )


# --- the field -----------------------------------------------------------------------------------------------


@equations("A (2.3)", "C (SA)")
def velocity(law: Attending, t: float, x: Array | None, mu: Measure) -> Array:
    """X at rows x, or at the measure's own."""
    x = mu.x if x is None else x
    d = x.shape[-1]
    k, V = kernel(law, t, d), values(law, d, t)
    if law.normalised:
        r = mu.read(k, x, "ZM", V)
        return np.asarray(law.sign * np.divide(r.M, r.Z, out=r.M))
    r = mu.read(k, x, "M", V)
    return np.asarray(law.sign * np.exp(r.log + law.log_factor(d, t)) * r.M)


def divergence(law: Attending, t: float, x: Array | None, mu: Measure) -> Array:
    """div P_x X on the sphere at unit rows x, or at the measure's own; in R^d div X, at any rows."""
    x = mu.x if x is None else x
    d = x.shape[-1]
    k, V = kernel(law, t, d), values(law, d, t)
    if not law.normalised:
        return np.asarray(law.sign * true(mu.read(k, x, "L", V), "L", law.log_factor(d, t)))
    both = np.concatenate([np.eye(d) if V is None else V, k.beta * product(law, d, t)])
    r = mu.read(k, x, "ZML", both)
    M, slope = r.M[..., :d], r.M[..., d:]
    if law.geometry == "sphere":
        M, slope = geometry.project(x, M), geometry.project(x, slope)
    return np.asarray(law.sign * (r.L / r.Z[..., 0] - np.sum(M * slope, axis=-1) / np.square(r.Z[..., 0])))


@equations("A (2.5)", "B (1.2)")
def matrix(law: Attending, t: float, mu: Measure) -> Array:
    """What multiplies V x_j at every own point: e^{s_ij} w_j, of SA divided by the row's sum."""
    s = _lifted(law, t, mu)
    e = np.exp(s)
    return np.asarray(e / e.sum(axis=-1, keepdims=True) if law.normalised else e)


def _lifted(law: Attending, t: float, mu: Measure) -> Array:
    """s_ij + log w_j, of SA less the row's largest, else in the law's scale."""
    shares = mu.shares()
    s = mu.scores(kernel(law, t, mu.d)) + shares
    return np.asarray(s - s.max(axis=-1, keepdims=True) if law.normalised else s + law.log_factor(mu.d, t))


# --- the energy ------------------------------------------------------------------------------------------------


def climbs(law: Attending, d: int, t: float = 0.0) -> int:
    """1 (or -1) where V is (minus) Q^T K at time t, and symmetric, so that M is (minus) grad U; 0 elsewhere."""
    return sense(product(law, d, t), values(law, d, t))


def sense(B: Array, V: Array | None) -> int:
    """1 where B = V = V^T, -1 where B = -V = -V^T, 0 elsewhere; of V None is the identity."""
    size = SAME * np.abs(B).max()
    V = np.eye(len(B)) if V is None else V
    if np.abs(B - B.T).max() > size:
        return 0
    return next((sign for sign in (1, -1) if np.abs(B - sign * V).max() <= size), 0)


def dimension(law: Law) -> int | None:
    """Of the points for which constant matrices are; None if they do not say, or not one."""
    Q, K, V, D = (getattr(law, name) for name in NAMES)
    sizes = {m.shape[1] for m in (Q, K) if m is not None} | (set() if V is None else set(V.shape))
    sizes |= set() if D is None else set(D.shape)
    return sizes.pop() if len(sizes) == 1 else None


def ascent(law: Attending, t: float, x: Array | None, mu: Measure) -> Array:
    """grad dE/dmu of a gradient flow, int e^s Q^T K y dmu(y) in the law's scale, at rows x or at the measure's own."""
    x = mu.x if x is None else x
    r = mu.read(kernel(law, t), x, "M", product(law, x.shape[-1], t))
    return np.asarray(true(r, "M", law.log_factor(x.shape[-1], t)))


def quantities(law: Attending, t: float, mu: Any) -> dict[str, Any]:
    """E, its rates of change and the free energy, -E or E, that falls, of a gradient flow, in the law's scale."""
    if not climbs(law, mu.d, t):
        return {}
    if isinstance(mu, Points):
        mu.unmasked("energy")
    k = kernel(law, t)
    if (known := mu.tilted(k)) is not None:
        return _closed(law, t, mu, *known)
    if not mu.dense:
        return _told(law, t, mu)
    if mu.geometry.manifold == "sphere":
        return _told(law, t, mu.resized(integrating(mu.space, k.bandwidth(mu.d) + 1)))
    one, two = (_told(law, t, mu.resized(times * mu.space.size)) for times in (2, 4))
    held = all(np.allclose(one[name], two[name], rtol=HELD, atol=HELD * np.abs(two["energy"]).max()) for name in one)
    return two if held else {}


def _told(law: Attending, t: float, mu: Any) -> dict[str, Any]:
    """The quantities by sums over a measure's own points."""
    k, factor = kernel(law, t), law.log_factor(mu.d, t)
    body = on_points(mu)
    if k.beta == 0.0:
        E = 0.5 * np.einsum("...i,ij,...j->...", body.mean, product(law, mu.d, t), body.mean) * math.exp(factor)
    else:
        r = body.read(k, body.x, "Z")
        E = np.sum(body.weights * (r.Z * np.exp(r.log + factor))[..., 0], axis=-1) / (2.0 * k.beta)
    rate = energy.dissipation(k, body, normalised=law.normalised, log_factor=factor, V=product(law, mu.d, t))
    sign = law.sign * climbs(law, mu.d, t)
    told = {"energy": E, "dissipation": sign * rate, "free_energy": -sign * E}
    return told if law.autonomous else {**told, "driven": _driven(law, t, body, E)}


def _closed(law: Attending, t: float, mu: Measure, log: Any, seen: Any) -> dict[str, Any]:
    """The quantities of a measure that knows iint e^s dmu dmu, and Z mu: E may be infinite.

    Not the rate of USA's, of M that is no polynomial, nor one of an E that is infinite; nor what time does to E.
    """
    k, factor, B = kernel(law, t), law.log_factor(mu.d, t), product(law, mu.d, t)
    with np.errstate(over="ignore"):
        size = np.exp(log + factor)
    if k.beta == 0.0:
        E = 0.5 * np.einsum("...i,ij,...j->...", mu.mean, B, mu.mean) * math.exp(factor)
    else:
        E = size / (2.0 * k.beta)
    sign = law.sign * climbs(law, mu.d, t)
    told = {"energy": E, "free_energy": -sign * E}
    if not law.normalised or not np.isfinite(E).all():
        return told
    r = mu.read(k, seen.x, "ZM", B)
    square = np.sum(seen.weights * np.sum(np.square(r.M / r.Z), axis=-1), axis=-1)
    return {**told, "dissipation": sign * size * square}


def _driven(law: Attending, t: float, body: Points, E: Any) -> Any:
    """dE/dt at fixed points, with A = beta Q^T K and the scale's factor f: E = (f / 2 beta) iint e^{<x, A y>}, so that

    (f / 2 beta) iint <x, A' y> e^{<x, A y>} + (f' / f - beta' / beta) E.

    nan at a beta(t) that is 0, where E has no constant 1 / (2 beta).
    """
    k, d = kernel(law, t), body.d
    grown = slope(lambda s: law.beta_at(s) * product(law, d, s), t)
    fall = 0.0 if law.scale == "natural" else float(slope(lambda s: law.log_factor(d, s), t))
    factor = law.log_factor(d, t)
    if k.beta == 0.0:
        if callable(law.beta):
            return np.nan * E
        turned = slope(lambda s: product(law, d, s), t)
        return 0.5 * np.einsum("...i,ij,...j->...", body.mean, turned, body.mean) * math.exp(factor) + fall * E
    hotter = float(slope(law.beta_at, t)) / k.beta if callable(law.beta) else 0.0
    r = body.read(k, body.x, "M", grown)
    along = np.sum(body.weights * np.sum(body.x * r.M, axis=-1) * np.exp(r.log + factor)[..., 0], axis=-1)
    return along / (2.0 * k.beta) + (fall - hotter) * E


def on_points(mu: Any) -> Points:
    """The measure as its own points: a density does not answer kernels with matrices, its points do."""
    lead = np.broadcast_shapes(mu.x.shape[:-1], mu.weights.shape)  # times, or replicas, of either alone
    q = np.broadcast_to(mu.positions, (*lead, *mu.geometry.point(mu.d)))
    return Points.trusted(q, np.broadcast_to(mu.weights, lead), mu.geometry)
