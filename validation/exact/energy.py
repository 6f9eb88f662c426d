"""Values of the interaction energy E[mu] = (1/(2 beta)) iint e^{beta<x,y>} dmu dmu (A (3.5)) that are known exactly.

The uniform measure is its only minimiser and the Diracs are its maximisers (A, Proposition 3.4).  At beta = 0 the
constant 1/(2 beta) is dropped, so that E = |int x dmu|^2 / 2.  `scale` multiplies E by 1 ("natural"), e^{-beta}
("scaled") or 1/lambda_0 ("relative").
"""

from __future__ import annotations

import math

from validation.exact import multipliers, refuse


def minimum(beta: float, d: int, *, scale: str = "natural") -> float:
    """E of the uniform measure on S^{d-1}: lambda_0 / (2 beta); 0 at beta = 0."""
    beta = refuse.number("beta", beta, 0.0)
    if beta == 0.0:
        return 0.0
    log = float(multipliers.log_multipliers(beta, d, 0)[0]) + multipliers.log_factor(scale, beta, d)
    return multipliers.exponential("the energy", log) / (2.0 * beta)


def maximum(beta: float, d: int = 2, *, scale: str = "natural") -> float:
    """E of a Dirac: e^beta / (2 beta); 1/2 at beta = 0.  `d` matters in the relative scale only."""
    beta = refuse.number("beta", beta, 0.0)
    if beta == 0.0:
        return 0.5
    return multipliers.exponential("the energy", beta + multipliers.log_factor(scale, beta, d)) / (2.0 * beta)


def span(beta: float, d: int, *, scale: str = "natural") -> float:
    """maximum - minimum = (e^beta - lambda_0) / (2 beta), without cancellation at small beta; 1/2 at beta = 0."""
    beta, d = refuse.number("beta", beta, 0.0), refuse.integer("d", d, 2)
    factor = multipliers.log_factor(scale, beta, d)
    if beta == 0.0:
        return 0.5
    if beta > 1.0:
        log_ratio = float(multipliers.log_multipliers(beta, d, 0)[0]) - beta
        return multipliers.exponential("the energy", beta + factor) * -math.expm1(log_ratio) / (2.0 * beta)
    # lambda_0 - 1 from its series in beta^2/4, all terms positive.
    z, term, excess = 0.25 * beta * beta, 1.0, 0.0
    for j in range(1, 30):
        term *= z / (j * (0.5 * d + j - 1.0))
        excess += term
    return math.exp(factor) * (math.expm1(beta) - excess) / (2.0 * beta)


def sampling_excess(n: int, beta: float, d: int, *, scale: str = "natural") -> float:
    """E E[mu_n] - E[sigma] = (e^beta - lambda_0) / (2 beta n) for n i.i.d. uniform tokens: exact for every n.

    n of the n^2 pairs are a token with itself; the others average to the minimum.
    """
    return span(beta, d, scale=scale) / refuse.integer("n", n, 1)
