"""The noise of finitely many tokens about the uniform measure, to leading order in 1/n.

The empirical measure of n i.i.d. uniform tokens has n E|c|^2 = 1 in every mode (c_k = int e^{-ik theta} dmu_n; on
S^{d-1} any mode of unit norm in L^2(sigma)), and each mode then grows by the linear theory, c' = s_k c, so that
n E|c_k(t)|^2 = e^{2 s_k t} as long as this stays far below n.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ive

from validation.exact import growth, refuse

Array = NDArray[np.float64]


def mode_power(
    t: ArrayLike,
    kind: str,
    beta: float,
    d: int,
    degree: int,
    *,
    kappa: float = 0.0,
    sign: int = 1,
    scale: str = "natural",
) -> Array:
    """n E|c_k(t)|^2 for k = 0..degree, shape t.shape + (degree + 1,); entry 0 (mass) is 0.

    e^{2 s_k t} without noise.  With dx = ... + sqrt(2 kappa) P_x dB for each token on its own, the noise also feeds the
    modes, 2 kappa k(k+d-2) a unit of time: e^{2 s t} + kappa k(k+d-2) (e^{2 s t} - 1) / s.
    """
    s = growth.growth_rates(kind, beta, d, degree, kappa=kappa, sign=sign, scale=scale)
    times = refuse.times("t", t)[..., None]
    with np.errstate(over="ignore"):  # inf is the honest answer beyond e^709
        grown = np.expm1(2.0 * s * times)
    power = 1.0 + grown
    if kappa > 0.0:  # not 0 * inf
        power += kappa * growth.laplace(d, degree) * np.where(s == 0.0, 2.0 * times, grown / np.where(s == 0.0, 1.0, s))
    power[..., 0] = 0.0
    return np.asarray(power, dtype=float)


def pair_coefficients(t: ArrayLike, n: int, kind: str, beta: float, degree: int, *, sign: int = 1) -> Array:
    """E cos k(theta_2 - theta_1) for k = 0..degree on the circle, in the limit of large n: (e^{2 s_k t} - 1) / n.

    From n E|c_k|^2 = 1 + (n-1) E cos k(theta_2 - theta_1); the first entry is 1.
    """
    n = refuse.integer("n", n, 2)
    pairs = (mode_power(t, kind, beta, 2, degree, sign=sign) - 1.0) / n
    pairs[..., 0] = 1.0
    return pairs


def causal_power(t: ArrayLike, rate: float) -> Array:
    """n E|c(t)|^2 with causal attention, for a mode which full attention grows at `rate`: e^{2x} I_0(2x), x = rate t.

    Linearised, the tokens at depth s obey d_t f_s = rate (Cf)_s, C the Cesaro mean (1/s) int_0^s, from white noise in
    s; c = int_0^1 f_s ds.  So n E|c|^2 = |e^{xC*} 1|^2, where C* phi(r) = int_r^1 phi(s)/s ds makes (-log r)^j / j! out
    of 1: e^{xC*} 1 = I_0(2 sqrt(-x log r)), and Weber's second integral gives its norm.  For rate < 0, J_0 in the place
    of I_0 and the same result, which falls only like |x|^{-1/2}.
    """
    x = refuse.number("rate", rate) * refuse.times("t", t)
    with np.errstate(over="ignore"):
        return np.asarray(np.exp(2.0 * x + 2.0 * np.abs(x)) * ive(0, 2.0 * x), dtype=float)
