r"""Multipliers of e^{beta <x, y>} on spheres: ratios of Bessel functions, lambda_0, the bandwidth.

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
from functools import lru_cache
from typing import Any

import numpy as np

from meanfield.protocols import Array
from meanfield.tools import inputs

__all__ = [
    "bandwidth",
    "dimensions",
    "frozen",
    "inverse_temperature",
    "log_lambda0",
    "multipliers",
    "potential",
    "ratios",
]

_TAIL = 1e-16
"""What the bandwidth leaves out, as a share of the kernel's value at x = y and, degree by degree, of lambda_0."""
KEPT = 32
"""Tables of each kind that are kept: a law has few kernels at a time; one that changes with time has ever new ones."""
_MOST = 10**7
"""Degrees of the longest recurrence (a few seconds), reached at beta about 4e11: beyond it a sum over points serves."""
_HANKEL = 1e6
"""Beyond this beta, lambda_0 needs no other multipliers."""


def inverse_temperature(value: Any) -> float:
    """beta, finite and >= 0."""
    beta = inputs.number("beta", value)
    if beta < 0.0:
        raise ValueError(f"beta must be >= 0; got {beta!r}. Repulsion is sign=-1 of the law, not a negative beta.")
    return beta


def frozen(a: Array) -> Array:
    """The array, read-only."""
    a.flags.writeable = False
    return a


@lru_cache(maxsize=KEPT)
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
    return frozen(np.array(steps, dtype=float))


@lru_cache(maxsize=KEPT)
def _ratios(beta: float, d: int, degree: int) -> Array:
    q = np.ones(degree + 1)
    np.cumprod(_steps(beta, d, degree), out=q[1:])
    return frozen(q)


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
    return _ratios(inverse_temperature(beta), inputs.dimension("d", d), inputs.degree("degree", degree))


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
    d, degree = inputs.dimension("d", d), inputs.degree("degree", degree)
    N = np.ones(degree + 1)
    with np.errstate(over="ignore"):
        np.cumprod(_dimension_steps(d, degree), out=N[1:])
    return N


@lru_cache(maxsize=KEPT)
def _spectrum(beta: float, d: int) -> tuple[float, Array]:
    """(log c, u) with c u_k = N(d, k) q_k, from k = 0 to where the terms are lost against their sum (read-only)."""
    count = 32 + math.ceil(math.sqrt((80.0 + d) * beta))
    while True:
        steps = _dimension_steps(d, count) * _steps(beta, d, count)
        u = np.ones(count + 1)
        with np.errstate(over="ignore"):
            np.cumprod(steps, out=u[1:])
            total = float(u.sum())
        log_scale = 0.0
        if not math.isfinite(total):
            logs = np.concatenate([[0.0], np.cumsum(np.log(steps))])
            log_scale = float(logs.max())
            u = np.exp(logs - log_scale)
        # Steps fall with k, so that the terms left out sum to less than u[-1] / (1 - steps[-1]).
        if u[-1] < 1e-20 * (1.0 - steps[-1]) * u.sum():
            return log_scale, frozen(u)
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
    if beta > _HANKEL and d * d < 0.01 * beta:
        # I_nu's own expansion at infinity, with terms that fall by 1e-3 each: no recurrence of sqrt(80 beta) steps
        term = total = 1.0
        for k in range(1, 7):
            term *= ((2.0 * k - 1.0) ** 2 - (d - 2.0) ** 2) / (8.0 * k * beta)
            total += term
        log = math.lgamma(0.5 * d) + (0.5 * d - 1.0) * math.log(2.0 / beta) - 0.5 * math.log(2.0 * math.pi * beta)
        return beta + (log + math.log(total))
    log_scale, u = _spectrum(beta, d)
    return beta - log_scale - math.log(float(u.sum()))


def log_lambda0(beta: float, d: int) -> float:
    r"""Logarithm of lambda_0 = int e^{beta <x, y>} dsigma(y) = Gamma(d/2) (2/beta)^{d/2-1} I_{d/2-1}(beta).

    For beta >= 0, d >= 2; relative error below 1e-14, for small beta too (log lambda_0 ~ beta^2 / 2d).
    """
    return _log_lambda0(inverse_temperature(beta), inputs.dimension("d", d))


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
        A new array; relative error below 1e-13 for d <= 128 and 1e-12 beyond, wherever a value is above 1e-300.  Of a
        kernel all below that (large beta in d >= 512) nothing is left: ``mf.Exponential(beta)`` tells the ratios to
        lambda_0, `multipliers(d, degree)`, and its logarithm, `log_lambda0(d)`.

    Raises
    ------
    ValueError, TypeError
        For what was given, naming the argument.

    Examples
    --------
    >>> float(mf.multipliers(0.0, 2, 1)[0])
    1.0
    """
    q = ratios(beta, d, degree)
    return q * _scaled_lambda0(inverse_temperature(beta), inputs.dimension("d", d))


@lru_cache(maxsize=KEPT)
def potential(beta: float, d: int, degree: int) -> Array:
    """p_k = q_k / beta for k = 1..degree, and p_0 = 0 (read-only; see `Exponential.potential`)."""
    p = np.zeros(degree + 1)
    if degree >= 1:
        steps = _steps(beta, d, degree + 1)
        p[1] = 1.0 / (d + beta * steps[1])  # r_0 / beta, without dividing by beta
        np.cumprod(steps[1:degree], out=p[2:])
        p[2:] *= p[1]
    return frozen(p)


@lru_cache(maxsize=KEPT)
def bandwidth(beta: float, d: int) -> int:
    """The degree beyond which multipliers are rounding (see `Exponential.bandwidth`)."""
    u = _spectrum(beta, d)[1]
    beyond = np.cumsum(u[::-1])[::-1]  # beyond[k] = sum of u from k on, smallest terms first
    by_sum = int(np.argmax(beyond < _TAIL * beyond[0])) - 1
    # The second condition is the sharper one for d = 2, 3, and at small beta it keeps the field's p_1 = q_1 / beta.
    by_degree = int(np.argmax(_ratios(beta, d, u.size) < _TAIL))
    return max(by_sum, by_degree)
