r"""Interaction kernels e^{s(x, y)}: values of pairs, and multipliers on spheres.

On S^{d-1} with the uniform probability measure sigma, a kernel of <x, y> acts on harmonics of degree k as
multiplication by one number (Funk-Hecke).  For e^{beta <x, y>} that number is

    lambda_k = Gamma(d/2) (2/beta)^{d/2-1} I_{k+d/2-1}(beta) = int e^{beta t} P_k(t) dsigma,

with P_k the Gegenbauer polynomial of degree k, P_k(1) = 1 (A = arXiv 2312.10794, section 3; I the modified Bessel
function).  Nothing here forms e^beta: the multipliers are held as q_k = lambda_k / lambda_0, all from the one
recurrence of `ratios`, and lambda_0 follows from the value of the kernel at x = y,

    e^beta = sum_k N(d, k) lambda_k,   so   e^{-beta} lambda_0 = 1 / sum_k N(d, k) q_k,

a sum of positive terms (N(d, k) is the dimension of the harmonics of degree k).  Neither underflow of Bessel
functions at high order nor overflow of 0F1 at large beta can occur.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from meanfield.inputs import array, integer, number
from meanfield.protocols import Array, Kernel
from meanfield.settings import register

__all__ = ["Exponential", "Zonal", "dimensions", "log_lambda0", "multipliers", "ratios"]

_TAIL = 1e-16
"""What the bandwidth leaves out, as a share of the kernel's value at x = y and, degree by degree, of lambda_0."""
_MOST = 10**7
"""Degrees of the longest recurrence (a few seconds), reached at beta about 4e11: beyond it a sum over points serves."""


def _inverse_temperature(value: Any) -> float:
    beta = number("beta", value)
    if beta < 0.0:
        raise ValueError(f"beta must be >= 0; got {beta!r}. Repulsion is sign=-1 of the law, not a negative beta.")
    return beta


def _frozen(a: Array) -> Array:
    a.flags.writeable = False
    return a


# --- multipliers of the exponential ------------------------------------------------------------------------


@lru_cache(maxsize=256)
def _steps(beta: float, d: int, count: int) -> Array:
    """r_l = lambda_{l+1} / lambda_l = I_{nu+l+1} / I_{nu+l} for l = 0..count-1, nu = d/2 - 1 (read-only)."""
    # r_l <- beta / (d + 2 l + beta r_{l+1}) contracts by r_l r_{l+1}; log(1/r_l) is at least about asinh(l / beta),
    # so that sqrt(40 beta) + 20 extra terms forget the start r = 0 to within e^{-40}.  beta = 0 is no special case.
    start = count + 20 + math.ceil(math.sqrt(40.0 * beta))
    if start > _MOST:
        raise ValueError(f"beta = {beta:g} in d = {d} needs {start:.1e} multipliers; wanted at most {_MOST:.0e}")
    steps = [0.0] * count
    r = 0.0
    for l in range(start - 1, -1, -1):  # noqa: E741 (l is the field's name for a degree)
        r = beta / (d + 2 * l + beta * r)
        if l < count:
            steps[l] = r
    return _frozen(np.array(steps, dtype=float))


@lru_cache(maxsize=256)
def _ratios(beta: float, d: int, degree: int) -> Array:
    q = np.ones(degree + 1)
    np.cumprod(_steps(beta, d, degree), out=q[1:])
    return _frozen(q)


def ratios(beta: float, d: int, degree: int) -> Array:
    r"""Ratios q_k = lambda_k / lambda_0 of the multipliers of e^{beta <x, y>} on S^{d-1}, k = 0..degree.

    Products of r_l = I_{nu+l+1}(beta) / I_{nu+l}(beta), nu = d/2 - 1, from the recurrence
    I_{nu-1} - I_{nu+1} = (2 nu / beta) I_nu run downwards, which is stable at every beta and d.

    Parameters
    ----------
    beta : float
        Inverse temperature, >= 0.  At beta = 0, q = (1, 0, 0, ...).
    d : int
        Ambient dimension, >= 2.
    degree : int
        Highest degree, >= 0.

    Returns
    -------
    ndarray, shape (degree + 1,)
        Read-only; relative error of a few 1e-15, wherever a value is above 1e-300.
    """
    return _ratios(_inverse_temperature(beta), integer("d", d, low=2), integer("degree", degree, low=0))


def _dimension_steps(d: int, count: int) -> Array:
    """N(d, k+1) / N(d, k) for k = 0..count-1."""
    k = np.arange(1, max(count, 1), dtype=float)
    steps = np.full(max(count, 1), float(d))
    steps[1:] = (2 * k + d) / (2 * k + d - 2) * ((k + d - 2) / (k + 1))
    return steps[:count]


def dimensions(d: int, degree: int) -> Array:
    """Dimensions N(d, k) of the harmonics of degree k = 0..degree on S^{d-1}, as floats (inf where they overflow).

    N(d, 0) = 1, N(d, k) = (2k+d-2)/k C(k+d-3, k-1); N(2, k) = 2, N(3, k) = 2k + 1.
    """
    d, degree = integer("d", d, low=2), integer("degree", degree, low=0)
    N = np.ones(degree + 1)
    with np.errstate(over="ignore"):
        np.cumprod(_dimension_steps(d, degree), out=N[1:])
    return N


@lru_cache(maxsize=256)
def _spectrum(beta: float, d: int) -> tuple[float, Array]:
    """(log c, u) with c u_k = N(d, k) q_k, from k = 0 to where the terms are lost against their sum (read-only)."""
    count = 32 + math.ceil(math.sqrt((80.0 + d) * beta))
    while True:
        steps = _dimension_steps(d, count) * _steps(beta, d, count)
        u = np.ones(count + 1)
        with np.errstate(over="ignore"):
            np.cumprod(steps, out=u[1:])
        log_scale = 0.0
        if not np.isfinite(u[-1]) or not math.isfinite(u.sum()):
            logs = np.concatenate([[0.0], np.cumsum(np.log(steps))])
            log_scale = float(logs.max())
            u = np.exp(logs - log_scale)
        # Steps fall with k, so that the terms left out sum to less than u[-1] / (1 - steps[-1]).
        if u[-1] < 1e-20 * (1.0 - steps[-1]) * u.sum():
            return log_scale, _frozen(u)
        count *= 2


def _scaled_lambda0(beta: float, d: int) -> float:
    """e^{-beta} lambda_0 (0 where that underflows)."""
    log_scale, u = _spectrum(beta, d)
    return math.exp(-log_scale) / float(u.sum())


@lru_cache(maxsize=1024)
def _log_lambda0(beta: float, d: int) -> float:
    if beta * beta <= 4.0 * d:
        # lambda_0 - 1 is small here: its own series, so that the logarithm keeps its relative accuracy.
        z, term, total, m = 0.25 * beta * beta, 1.0, 0.0, 0
        while term > 1e-18 * total or m == 0:
            m += 1
            term *= z / (m * (0.5 * d + m - 1.0))
            total += term
        return math.log1p(total)
    log_scale, u = _spectrum(beta, d)
    return beta - log_scale - math.log(float(u.sum()))


def log_lambda0(beta: float, d: int) -> float:
    r"""Logarithm of lambda_0 = int e^{beta <x, y>} dsigma(y) = Gamma(d/2) (2/beta)^{d/2-1} I_{d/2-1}(beta).

    For beta >= 0, d >= 2; relative error below 1e-14, for small beta too (log lambda_0 ~ beta^2 / 2d).
    """
    return _log_lambda0(_inverse_temperature(beta), integer("d", d, low=2))


def multipliers(beta: float, d: int, degree: int) -> Array:
    r"""Multipliers e^{-beta} lambda_k of e^{beta(<x, y> - 1)} on S^{d-1}, k = 0..degree.

    int e^{beta(<x, y> - 1)} Y_k(y) dsigma(y) = e^{-beta} lambda_k Y_k(x), sigma the uniform probability measure,
    lambda_k = Gamma(d/2) (2/beta)^{d/2-1} I_{k+d/2-1}(beta).

    Parameters
    ----------
    beta : float
        Inverse temperature, >= 0.
    d : int
        Ambient dimension, >= 2.
    degree : int
        Highest degree, >= 0.

    Returns
    -------
    ndarray, shape (degree + 1,)
        A new array; relative error below 1e-13 for d <= 128 and 1e-12 beyond, wherever a value is above 1e-300.
    """
    q = ratios(beta, d, degree)
    return q * _scaled_lambda0(_inverse_temperature(beta), integer("d", d, low=2))


@lru_cache(maxsize=256)
def _potential(beta: float, d: int, degree: int) -> Array:
    p = np.zeros(degree + 1)
    if degree >= 1:
        steps = _steps(beta, d, degree + 1)
        p[1] = 1.0 / (d + beta * steps[1])  # r_0 / beta, without dividing by beta
        np.cumprod(steps[1:degree], out=p[2:])
        p[2:] *= p[1]
    return _frozen(p)


@lru_cache(maxsize=256)
def _bandwidth(beta: float, d: int) -> int:
    u = _spectrum(beta, d)[1]
    beyond = np.cumsum(u[::-1])[::-1]  # beyond[k] = sum of u from k on, smallest terms first
    by_sum = int(np.argmax(beyond < _TAIL * beyond[0])) - 1
    # The second condition is the sharper one for d = 2, 3, and at small beta it keeps the field's p_1 = q_1 / beta.
    by_degree = int(np.argmax(_ratios(beta, d, u.size) < _TAIL))
    return max(by_sum, by_degree)


# --- the kernel of attention -------------------------------------------------------------------------------


def _matrix(name: str, value: Any) -> Array | None:
    if value is None:
        return None
    return _frozen(array(name, value, ndim=2))


@register
@dataclass(frozen=True, eq=False)
class Exponential(Kernel):
    """The kernel e^{beta <Q x, K y>} of attention (A, equations (2.3) and (2.8)).

    Parameters
    ----------
    beta : float
        Inverse temperature, finite and >= 0.
    Q, K : array_like (m, d), optional
        Query and key matrices; None is the identity.  Only without them is the kernel isotropic, and only then
        has it multipliers.

    Notes
    -----
    Frozen and hashable (matrices by value).
    """

    beta: float
    Q: Any = None
    K: Any = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "beta", _inverse_temperature(self.beta))
        Q, K = _matrix("Q", self.Q), _matrix("K", self.K)
        if Q is not None and K is not None and Q.shape[0] != K.shape[0]:
            raise ValueError(f"Q and K must have the same number of rows, got shapes {Q.shape} and {K.shape}")
        for name, only in (("Q", Q if K is None else None), ("K", K if Q is None else None)):
            if only is not None and only.shape[0] != only.shape[1]:
                raise ValueError(f"{name} alone must be square, got shape {only.shape}")
        object.__setattr__(self, "Q", Q)
        object.__setattr__(self, "K", K)

    def _key(self) -> tuple[Any, ...]:
        # Adding 0.0 makes -0.0 and 0.0, which are equal, the same bytes.
        return (self.beta, *(None if a is None else (a.shape, (a + 0.0).tobytes()) for a in (self.Q, self.K)))

    def __eq__(self, other: object) -> bool:
        return self._key() == other._key() if isinstance(other, Exponential) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._key())

    @property
    def isotropic(self) -> bool:  # type: ignore[override]
        """True without Q and K: the kernel depends on <x, y> alone."""
        return self.Q is None and self.K is None

    def factors(self, x: Array, y: Array) -> tuple[Array, Array]:
        """Rows a (..., n, m) and b (..., p, m) with s(x, y) = a b^T: a = beta Q x and b = K y."""
        a = x if self.Q is None else x @ self.Q.T
        return self.beta * a, (y if self.K is None else y @ self.K.T)

    def log(self, x: Array, y: Array) -> Array:
        """s = beta <Q x, K y>: (..., n, d), (..., p, d) -> (..., n, p)."""
        a, b = self.factors(x, y)
        return np.asarray(a @ np.swapaxes(b, -1, -2))

    def upper(self) -> float:
        """Supremum of s over pairs of unit vectors: beta |Q^T K|_2; for an isotropic kernel s(x, x) = beta."""
        if self.isotropic:
            return self.beta
        B = self.K if self.Q is None else self.Q.T if self.K is None else self.Q.T @ self.K
        return self.beta * float(np.linalg.norm(B, 2))

    @property
    def spread(self) -> float:  # type: ignore[override]
        """Largest minus smallest s over pairs of unit vectors: Z cannot vary by more than e^spread."""
        return 2.0 * self.upper()

    def _require_isotropic(self, what: str) -> None:
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
        return _potential(self.beta, integer("d", d, low=2), integer("degree", degree, low=0))

    def log_lambda0(self, d: int) -> float:
        """Log of the mean of e^s over the sphere."""
        self._require_isotropic("log_lambda0")
        return log_lambda0(self.beta, d)

    def bandwidth(self, d: int) -> int:
        """Smallest K with sum_{k>K} N(d, k) q_k < 1e-16 sum_k N(d, k) q_k and q_K < 1e-16.

        The sum over all k is the kernel's value at x = y over lambda_0; 15, 23, 31, 72 at beta = 1, 4, 9, 64 on the
        circle, and about sqrt(74 beta) there for beta > 50.  1 at beta = 0, where the field is the projected mean.
        """
        self._require_isotropic("bandwidth")
        return _bandwidth(self.beta, integer("d", d, low=2))


# --- any other kernel of <x, y> ----------------------------------------------------------------------------


@lru_cache(maxsize=64)
def _zonal(phi: Callable[[Array], Array], d: int, degree: int, breaks: tuple[float, ...], order: int) -> Array:
    """int phi(t) P_k(t) dsigma, k = 0..degree, by Fejer's first rule on panels in the angle (read-only)."""
    # In the angle the weight sin^{d-2} is entire for every d, even between breaks, where Jacobi's would not be; and
    # Fejer's closed form is good to rounding, where computed Gauss weights lose two digits at this order.
    phase = (2 * np.arange(order) + 1) * np.pi / (2 * order)
    j = np.arange(1, order // 2 + 1)
    s = -np.cos(phase)
    w = 2.0 / order * (1.0 - 2.0 * (np.cos(2.0 * np.outer(phase, j)) / (4.0 * j * j - 1.0)).sum(axis=1))
    edges = np.arccos(np.array([1.0, *sorted(breaks, reverse=True), -1.0]))
    half = 0.5 * np.diff(edges)[:, None]
    theta = (edges[:-1, None] + half * (1.0 + s)).ravel()
    weight = (half * w).ravel() * np.sin(theta) ** (d - 2)
    weight /= weight.sum()
    t = np.cos(theta)
    values = np.asarray(phi(t), dtype=float)
    if values.shape != t.shape or not np.isfinite(values).all() or (values < 0.0).any():
        raise ValueError(f"phi must map an array of t in [-1, 1], shape {t.shape}, to finite values >= 0 of that shape")
    return _frozen(heights(d, degree, t, weight * values))


def heights(d: int, degree: int, t: Array, weight: Array) -> Array:
    """sum_j weight_j P_k(t_j) over the last axis, k = 0..degree: (..., n), (..., n) -> (..., degree + 1).

    With P_k(1) = 1, so that nothing is large in any d: rounding is k^2 / d eps at most, near t = +-1.
    """
    t, weight = np.broadcast_arrays(t, weight)
    out = np.empty((*t.shape[:-1], degree + 1))
    before, P = np.zeros_like(t), np.ones_like(t)
    for k in range(degree + 1):
        out[..., k] = np.einsum("...n,...n->...", weight, P)
        a = max(k + d - 2, 1)  # only d = 2, k = 0 needs the maximum: P_1 = t
        before, P = P, ((a + k) * t * P - k * before) / a
    return out


@register
@dataclass(frozen=True)
class Zonal(Kernel):
    """The kernel phi(<x, y>) for any function phi >= 0 on [-1, 1].

    Parameters
    ----------
    phi : callable
        Array of t -> array of phi(t), finite and >= 0.  To be saved with a run it must itself be registered
        (`meanfield.settings.register`), as a frozen dataclass with ``__call__``.
    name : str
        What it is called in plots and messages.
    breaks : tuple of float, optional
        Where in (-1, 1) phi is not smooth (a bounded-confidence kernel jumps): the quadrature is split there.
    order : int, optional
        Nodes a panel in the angle arccos t; integrates P_k phi to rounding for smooth phi and k up to about order / 2.

    Notes
    -----
    Multipliers carry an absolute error of about 1e-15 times lambda_0, not a relative one.
    """

    phi: Callable[[Array], Array]
    name: str
    breaks: tuple[float, ...] = ()
    order: int = 400
    isotropic = True
    spread = math.inf
    """phi may vanish, and Z with it."""

    def __post_init__(self) -> None:
        if not callable(self.phi):
            raise TypeError(f"phi must be a function of t = <x, y>, got {self.phi!r}")
        breaks = tuple(float(b) for b in self.breaks)
        if not all(-1.0 < b < 1.0 for b in breaks):
            raise ValueError(f"breaks must lie strictly between -1 and 1, got {breaks}")
        object.__setattr__(self, "breaks", breaks)
        integer("order", self.order, low=2)

    def _lambdas(self, d: int, degree: int) -> Array:
        d, degree = integer("d", d, low=2), integer("degree", degree, low=0)
        if degree > self.order:
            raise ValueError(f"degree must be at most order = {self.order}, got {degree}; give Zonal a larger order")
        lambdas = _zonal(self.phi, d, degree, self.breaks, self.order)
        if not lambdas[0] > 0.0:
            raise ValueError(f"phi must have a positive mean on the sphere, got {lambdas[0]!r} for {self.name}")
        return lambdas

    def log(self, x: Array, y: Array) -> Array:
        """s = log phi(<x, y>), -inf where phi vanishes: (..., n, d), (..., p, d) -> (..., n, p)."""
        t = np.clip(x @ np.swapaxes(y, -1, -2), -1.0, 1.0)  # rounding must not leave phi's domain
        with np.errstate(divide="ignore"):
            return np.log(np.asarray(self.phi(t), dtype=float))

    def multipliers(self, d: int, degree: int) -> Array:
        """q_k = lambda_k / lambda_0, k = 0..degree, lambda_k = int phi(t) P_k(t) dsigma."""
        lambdas = self._lambdas(d, degree)
        return lambdas / lambdas[0]

    def potential(self, d: int, degree: int) -> Array:
        """p_k = (q_{k-1} - q_{k+1}) / (2k + d - 2), k >= 1, and p_0 = 0.

        The multipliers over lambda_0 of an antiderivative of phi (for phi = e^{beta t}: e^{beta t} / beta).
        """
        q = self._lambdas(d, integer("degree", degree, low=0) + 1)
        p = np.zeros(degree + 1)
        p[1:] = (q[:degree] - q[2:]) / (2.0 * np.arange(1, degree + 1) + d - 2.0) / q[0]
        return p

    def log_lambda0(self, d: int) -> float:
        """Log of the mean of phi over the sphere."""
        return math.log(self._lambdas(d, 0)[0])

    def bandwidth(self, d: int) -> int:
        """Degree beyond which |q_k| < 1e-15, at most order / 2 (reached by a phi that is not smooth)."""
        above = np.abs(self.multipliers(d, self.order // 2)) >= 1e-15
        return max(1, int(np.flatnonzero(above)[-1]))
