"""Growth of ripples on the uniform measure: the linear theory, written down.

mu = (1 + eps Y_k) sigma has Z = lambda_0 + eps lambda_k Y_k, so that d_t mu + div(X mu) = kappa Lap mu multiplies the
ripple by e^{s_k t} with s_k = +- k(k+d-2) lambda_k / beta (USA), / (beta lambda_0) (SA), minus kappa k(k+d-2).
Doubly stochastic attention: k(k+d-2) q_k / (beta (1 + q_k)) with q_k = lambda_k / lambda_0.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from validation.exact import multipliers, refuse

KINDS = ("SA", "USA", "sinkhorn")


def laplace(d: int, degree: int) -> NDArray[np.float64]:
    """k(k+d-2) for k = 0..degree: minus the eigenvalues of the Laplacian of S^{d-1}."""
    k = np.arange(degree + 1.0)
    return k * (k + d - 2.0)


def growth_rates(
    kind: str, beta: float, d: int, degree: int, *, kappa: float = 0.0, sign: int = 1, scale: str = "natural"
) -> NDArray[np.float64]:
    """Growth rates s_k of the modes k = 0..degree about the uniform measure (s_0 = 0: mass).

    Parameters
    ----------
    kind : {"SA", "USA", "sinkhorn"}
    beta : float
        >= 0; at beta = 0 the limit, (d-1)/d at k = 1 and 0 above, the same for all kinds.
    d, degree : int
        Ambient dimension; highest degree, >= 1.
    kappa : float
        Strength of the diffusion kappa Lap mu; never scaled.
    sign : {1, -1}
        -1: repulsive.
    scale : {"natural", "scaled", "relative"}
        Multiplies USA's rates by 1, e^{-beta}, 1/lambda_0; those of the others never change.

    Raises
    ------
    ValueError
        If a rate overflows (USA, natural, beta beyond about 700).
    """
    refuse.choice("kind", kind, KINDS)
    kappa = refuse.number("kappa", kappa, 0.0)
    p = multipliers.potential(beta, d, degree)
    log_factor = multipliers.log_factor(scale, beta, d)
    if kind == "sinkhorn":
        p = p / (1.0 + multipliers.ratios(beta, d, degree))
    elif kind == "USA":
        log_lambda0 = float(multipliers.log_multipliers(beta, d, 0)[0])
        p = p * multipliers.exponential("USA's rate", log_factor + log_lambda0)
    return laplace(d, degree) * (refuse.sign(sign) * p - kappa)


def _highest(beta: float, d: int) -> int:
    """A degree safely beyond the fastest one: k*(k*+d-2) is below 2.6 beta + d."""
    return 4 + int(2.0 * math.sqrt(2.6 * beta + d))


def fastest_mode(kind: str, beta: float, d: int, *, kappa: float = 0.0, scale: str = "relative") -> int:
    """k*, the k >= 1 of the largest growth rate.

    Without noise it is the same for SA and USA in every scale, and k*(k*+d-2) ~ 2 beta (2.557 beta for Sinkhorn).
    With noise USA's depends on the scale, since kappa does not.
    """
    rates = growth_rates(kind, beta, d, _highest(beta, d), kappa=kappa, scale=scale)
    return 1 + int(np.argmax(rates[1:]))


def crossing(k: int, d: int, kind: str = "SA") -> float:
    """The beta at which k* jumps from k to k + 1: there s_k = s_{k+1}.  Relative accuracy about 1e-14."""
    refuse.choice("kind", kind, KINDS)
    k = refuse.integer("k", k, 1)

    def log_advantage(beta: float) -> float:
        s = growth_rates(kind, beta, d, k + 1, scale="relative")
        return math.log(s[k + 1] / s[k])

    guess = 0.5 * k * (k + d - 2.0)
    return float(brentq(log_advantage, 1e-3 * guess, 4.0 * guess + 4.0 * d, xtol=1e-14, rtol=1e-15))


def critical_diffusion(kind: str, beta: float, d: int, degree: int, *, scale: str = "natural") -> NDArray[np.float64]:
    """kappa_c(k) for k = 0..degree: mode k about the uniform measure grows iff kappa < kappa_c(k).

    lambda_k / beta (USA, times the scale's factor), lambda_k / (beta lambda_0) (SA); entry 0 is nan.
    """
    eigenvalues = laplace(d, degree)
    eigenvalues[0] = np.nan
    return growth_rates(kind, beta, d, degree, scale=scale) / eigenvalues


def low_temperature_rate(kind: str) -> float:
    """The limit of max_k s_k as beta -> infinity: 2/e (SA, and USA in the relative scale), 0.5569.. (Sinkhorn).

    With v = k(k+d-2)/(2 beta), q_k -> e^{-v}: the maximum of 2 v e^{-v}, or of 2 v / (e^v + 1), which is 2 (v - 1) at
    the root of (1 - v) e^v + 1 = 0.
    """
    if refuse.choice("kind", kind, KINDS) != "sinkhorn":
        return 2.0 / math.e
    v = float(brentq(lambda v: (1.0 - v) * math.exp(v) + 1.0, 1.0, 2.0, xtol=1e-15))
    return 2.0 * (v - 1.0)
