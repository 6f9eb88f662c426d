"""Funk-Hecke multipliers of e^{beta<x,y>}, from scipy's Bessel functions and never from a recurrence.

int e^{beta<x,y>} Y_k(y) dsigma(y) = lambda_k Y_k(x),
lambda_k = Gamma(d/2) (2/beta)^{d/2-1} I_{k+d/2-1}(beta)          (A, section 3.2 and (7.5); on the circle I_k(beta)).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, ive

from validation.exact import refuse

_TINY = 1e-280
"""Below it `ive` is near underflow, and the power series takes over."""


def _log_series(c: float, z: float) -> float:
    """log of 0F1(; c; z) = sum_j z^j / (j! (c)_j) for c, z > 0: all terms positive, summed from their logarithms."""
    # Terms grow while j (c + j) < z and are negligible well past that peak.
    peak = 0.5 * (math.sqrt(c * c + 4.0 * z) - c)
    j = np.arange(1.0, peak + 40.0 + 12.0 * math.sqrt(peak + 1.0))
    logs = np.concatenate([[0.0], np.cumsum(np.log(z) - np.log(j) - np.log(c + j - 1.0))])
    top = logs.max()
    return float(top + np.log(np.exp(logs - top).sum()))


def _log_ratio_of_gammas(c: float, k: int) -> float:
    """log of Gamma(c + k) / Gamma(c) as a sum, which keeps the digits that a difference of gammaln loses."""
    return float(np.log(c + np.arange(k)).sum())


def log_multipliers(beta: float, d: int, degree: int) -> NDArray[np.float64]:
    """log lambda_k for k = 0..degree; beta = 0 gives [0, -inf, -inf, ...].

    Parameters
    ----------
    beta : float
        Inverse temperature, >= 0.
    d : int
        Dimension of the ambient space, >= 2.
    degree : int
        Highest degree, >= 0.

    Returns
    -------
    (degree + 1,) array
        Where `ive` underflows, the series lambda_k = (beta/2)^k Gamma(d/2)/Gamma(k+d/2) 0F1(; k+d/2; beta^2/4).
    """
    beta, d, degree = refuse.number("beta", beta, 0.0), refuse.integer("d", d, 2), refuse.integer("degree", degree, 0)
    k = np.arange(degree + 1)
    if beta == 0.0:
        return np.where(k == 0, 0.0, -np.inf)
    half = 0.5 * d
    scaled = ive(k + half - 1.0, beta)
    out = np.empty(degree + 1)
    good = scaled > _TINY
    with np.errstate(divide="ignore"):
        out[good] = gammaln(half) + (half - 1.0) * math.log(2.0 / beta) + np.log(scaled[good]) + beta
    for i in np.flatnonzero(~good):
        out[i] = (
            i * math.log(0.5 * beta) - _log_ratio_of_gammas(half, int(i)) + _log_series(i + half, 0.25 * beta * beta)
        )
    return out


def ratios(beta: float, d: int, degree: int) -> NDArray[np.float64]:
    """q_k = lambda_k / lambda_0 for k = 0..degree, a quotient of two Bessel functions where neither underflows."""
    logs = log_multipliers(beta, d, degree)
    q = np.exp(logs - logs[0])
    if beta > 0.0:
        scaled = ive(np.arange(degree + 1) + 0.5 * d - 1.0, float(beta))
        good = (scaled > _TINY) & (scaled[0] > _TINY)
        q[good] = scaled[good] / scaled[0]
    return q


def potential(beta: float, d: int, degree: int) -> NDArray[np.float64]:
    """lambda_k / (beta lambda_0) for k = 0..degree >= 1, with the limits 1/d at k = 1 and 0 above for beta = 0.

    Entry 0, which no gradient sees, is set to 0.
    """
    q = ratios(beta, d, refuse.integer("degree", degree, 1))
    if beta < 1e-150:  # q_1 = beta/d (1 + O(beta^2)), q_2 = O(beta^2): the limit is exact
        out = np.zeros_like(q)
        out[1] = 1.0 / d
        return out
    out = q / beta
    out[0] = 0.0
    return out


def log_factor(scale: str, beta: float, d: int) -> float:
    """log of what a scale multiplies Z, U, E, the dissipation and USA's field by.

    "natural": 0; "scaled": -beta; "relative": -log lambda_0.
    """
    refuse.choice("scale", scale, ("natural", "scaled", "relative"))
    if scale == "natural":
        return 0.0
    if scale == "scaled":
        return -refuse.number("beta", beta, 0.0)
    return -float(log_multipliers(beta, d, 0)[0])


def exponential(what: str, log: float) -> float:
    """e^log, or a ValueError which names the remedy where it would overflow."""
    if log > 709.0:
        raise ValueError(f'{what} is e^{log:.6g}, beyond double precision; ask in scale="scaled" or "relative"')
    return math.exp(log)
