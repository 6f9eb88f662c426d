"""How far an i.i.d. sample is from the measure it was drawn from: the floor below which no comparison can see.

On the circle (arc length) both mean distances to the uniform measure are known for *every* n.

W1.  W1 = 2 pi min_c int_0^1 |F_n(u) - u - c| du = 2 pi int |X - med X| with X(u) = F_n(u) - u, a process with
exchangeable increments and X(1) = 0.  Its quantiles in the sense of time spent are (Wendel, Port, Dassios)
q(a) = sup_{[0,a]} X + inf_{[a,1]} (X - X(a)) in law, and E sup_{[0,a]} X = int_0^a E X(s)^+ ds / s (Spitzer, Kac), so
E W1 = 4 pi [int_0^{1/2} E X(s)^+ ds + int_{1/2}^1 ((1-s)/s) E X(s)^+ ds].

W2.  The sorted points and equal arcs give W2^2 = (2 pi)^2 (variance of x_(i) - i/n over i + 1/(12 n^2)); the spacings
are Dirichlet, so its mean is (2 pi)^2 / (12 n).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, xlog1py, xlogy

from validation.exact import refuse


def w1_constant() -> float:
    """lim sqrt(n) E W1(mu_n, sigma) on the circle: 2 pi E int |B - med B| = sqrt(pi/2) (pi - 2) = 1.43077...

    B the Brownian bridge: E B(s)^+ = sqrt(s(1-s) / 2 pi) in the formula above.  (On the interval, with no choice of
    c, 2 pi E int |B| = 2 pi sqrt(pi/32) = 1.9687: the wrong constant here.)
    """
    return math.sqrt(0.5 * math.pi) * (math.pi - 2.0)


def _positive_part(n: int, s: NDArray[np.float64]) -> NDArray[np.float64]:
    """E (N/n - s)^+ for N binomial(n, s): de Moivre's (1/n) m C(n, m) s^m (1-s)^{n-m+1} with m = floor(ns) + 1."""
    m = np.floor(n * s) + 1.0
    log_choose = gammaln(n + 1.0) - gammaln(m + 1.0) - gammaln(n - m + 1.0)
    return np.asarray(m / n * np.exp(log_choose + xlogy(m, s) + xlog1py(n - m + 1.0, -s)), dtype=float)


def w1_uniform(n: int) -> float:
    """E W1(mu_n, sigma) on the circle for n i.i.d. uniform points, exact for every n (pi/2 for n = 1).

    The integrand is a polynomial between multiples of 1/n, and Gauss' rule with 16 nodes integrates each piece (to
    about 1e-13; the work grows like n).
    """
    n = refuse.integer("n", n, 1)
    nodes, weights = np.polynomial.legendre.leggauss(16)
    edges = np.union1d(np.arange(n + 1) / n, [0.5])
    width = np.diff(edges)[:, None]
    s = edges[:-1, None] + 0.5 * width * (nodes + 1.0)
    share = np.minimum(1.0, (1.0 - s) / s)
    total = (0.5 * width * weights * share * _positive_part(n, s)).sum()
    return 4.0 * math.pi * float(total)


def w2_squared_uniform(n: int) -> float:
    """E W2(mu_n, sigma)^2 on the circle for n i.i.d. uniform points: (2 pi)^2 / (12 n), exact for every n."""
    return math.pi**2 / (3.0 * refuse.integer("n", n, 1))


def w1_equispaced(n: int) -> float:
    """W1(mu_n, sigma) of n equally spaced points, the least possible: pi / (2 n)."""
    return math.pi / (2.0 * refuse.integer("n", n, 1))


def w2_equispaced(n: int) -> float:
    """W2(mu_n, sigma) of n equally spaced points, the least possible: pi / (sqrt(3) n)."""
    return math.pi / (math.sqrt(3.0) * refuse.integer("n", n, 1))


def w2_squared_sphere(n: int) -> float:
    """Leading term of E W2(mu_n, sigma)^2 on S^2: log n / n (Ambrosio and Glaudo: vol/(4 pi) log n / n, vol = 4 pi).

    The next term is of order 1/n, so the ratio tends to 1 only like 1/log n.
    """
    return math.log(refuse.integer("n", n, 2)) / n


def w1_exponents(d: int) -> tuple[float, float]:
    """(p, q) with E W1(mu_n, mu) of order n^{-p} (log n)^q on S^{d-1} for i.i.d. points of a density.

    (1/2, 0) for d = 2, (1/2, 1/2) for d = 3, (1/(d-1), 0) above (A, Remark 3.3 holds from d = 4 on).
    """
    d = refuse.integer("d", d, 2)
    return (0.5, 0.0) if d == 2 else (0.5, 0.5) if d == 3 else (1.0 / (d - 1), 0.0)
