"""Linear growth, and what it predicts: a law asked about the uniform measure plus a ripple, and about a star.

From a slightly perturbed uniform measure the fastest degree k* wins, and the first clusters are the maxima of its mode
(2410.23228): on the circle k* of them, at (2 pi j - arg c_k*) / k*, after a time log(1/|a|) / s_k*.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy

from meanfield import geometry, inputs
from meanfield.kernel import dimensions
from meanfield.laws import SA, Diffusion
from meanfield.laws.base import refuse_changing
from meanfield.protocols import Array, Reading
from meanfield.spaces import ultraspherical

MOST = 10**4
"""Clusters of a star, and inverse temperatures of switching, at most: every pair of them is looked at."""
NOISE = 1e-15
"""A coefficient in an orthonormal basis below this (of a mass of 1) is rounding: it has no phase."""
SEARCHED = 256
"""Degrees looked at for the fastest; twice as many while it is in their upper half."""


@dataclass(frozen=True)
class _Ripple:
    """mu = (1 + eps Y_k) sigma for every k at once, seen where Y_k = 0 and |grad Y_k| = 1.

    There Z is that of the uniform measure, and P_x M is eps p_k grad Y_k exactly: with eps = 1 the law's velocity is
    its linear response, for each degree one "point" with one tangent component.
    """

    d: int
    degree: int

    @property
    def mean(self) -> Array:
        return np.zeros(self.d)

    def read(self, kernel: Any, x: Array | None = None, want: str = "ZM", V: Array | None = None) -> Reading:
        _valueless(V)
        p = kernel.potential(self.d, self.degree).copy()
        p[0] = 0.0
        k = np.arange(self.degree + 1)
        L = np.zeros(self.degree + 1) if "L" in want else None
        return Reading(np.ones((len(k), 1)), p[:, None], L, kernel.log_lambda0(self.d))


def growth_rates(law: Any, d: int, degree: int, diffusion: float = 0.0) -> Array:
    """Growth rates s_k of the modes k = 0..degree about the uniform measure on S^{d-1}.

    s_k = k(k+d-2) lambda_k / beta (USA, times the scale's factor), divided by lambda_0 (SA); minus for the repulsive
    flow; minus kappa k(k+d-2) with noise.

    Parameters
    ----------
    law : Law
        Isotropic.
    d : int
        Ambient dimension, >= 2.
    degree : int
        Highest degree.
    diffusion : float
        kappa >= 0, added to the law's own noise.

    Returns
    -------
    ndarray (degree + 1,)
    """
    _isotropic(law, "degrees do not grow separately")
    d, degree = inputs.dimension("d", d), inputs.degree("degree", degree)
    ripple = _Ripple(d, degree)
    _autonomous(law, ripple)
    k = np.arange(degree + 1)
    response = np.zeros(degree + 1)
    response += np.asarray(law.velocity(0.0, None, ripple)).reshape(-1)
    if not response.any():
        law.check_range(d, smooth=True)  # no answer, or too small a one
    noise = law.noise(0.0, None, ripple)
    kappa = 0.5 * float(noise) ** 2 + Diffusion(diffusion).kappa
    return k * (k + d - 2.0) * (response - kappa)


def fastest(law: Any, d: int, degree: int | None = None) -> tuple[int, float]:
    """(k*, rate): the fastest growing degree, and its rate; of degrees up to `degree` only, if given."""
    rates = _searched(law, d) if degree is None else growth_rates(law, d, degree)
    k = int(np.argmax(rates))
    return k, float(rates[k])


def _searched(law: Any, d: int) -> Array:
    """Growth rates up to a degree in whose lower half is the fastest: beyond, rates of attention fall."""
    degree = SEARCHED
    while 2 * np.argmax(rates := growth_rates(law, d, degree)) > degree:
        degree *= 2
    return rates


def switching(d: int, k_max: int, law: Callable[[float], Any] | None = None) -> Array:
    """The inverse temperatures at which k* passes from k to k + 1, k = 1..k_max: there s_k = s_{k+1}.

    For SA and USA they are the same, and k*(k* + d - 2) ~ 2 beta (2410.23228).

    Parameters
    ----------
    d : int
        Ambient dimension, >= 2.
    k_max : int
        How many.
    law : callable, optional
        beta -> Law, attractive; SA by default.

    Returns
    -------
    ndarray (k_max,)
        To about 1e-14 relative.

    Raises
    ------
    ValueError
        If the rates of two neighbouring degrees do not change places between beta = 0.0005 k(k+d-2) and
        2 k(k+d-2) + 4 d.
    """
    d, k_max = inputs.dimension("d", d), inputs.integer("k_max", k_max, low=1, high=MOST)
    at = inputs.callable_or_none("law", law) or (lambda beta: SA(beta, scale="scaled"))  # of any beta

    def lead(beta: float, k: int) -> float:
        s = growth_rates(at(beta), d, k + 1)
        return float((s[k + 1] - s[k]) / abs(s[k]))

    out = np.empty(k_max)
    for k in range(1, k_max + 1):
        guess = 0.5 * k * (k + d - 2.0)
        low, high = 1e-3 * guess, 4.0 * guess + 4.0 * d
        if not lead(low, k) < 0.0 < lead(high, k):
            raise ValueError(f"law: degree {k + 1} does not overtake {k} for beta in [{low:g}, {high:g}]")
        out[k - 1] = scipy.optimize.brentq(lead, low, high, args=(k,), xtol=1e-14, rtol=1e-14)
    return out


@dataclass(frozen=True)
class Prediction:
    """What linear theory says of the first clusters, as `predict` returns it.

    Attributes
    ----------
    degree : int
        The mode predicted from: k*, unless another was asked for.
    rate : float
        Its growth rate.
    coefficient : complex
        c_k = int e^{-ik theta} d mu of the initial measure; on zonal spheres int P_k(<x, axis>) d mu.
    amplitude : float
        |a|, the mode being Re(a e^{-ik theta}) with a = 2 conj(c_k), or a P_k with a = N(d, k) times the coefficient.
    positions : ndarray
        Its maxima: angles (2 pi j - arg c_k) / k in [0, 2 pi), ascending; on zonal spheres colatitudes, where 0 and pi
        are the poles and any other is a ring.
    time : float
        log(1/|a|) / rate: when |a| e^{rate t} is 1, and linear theory ends.
    first : int
        The mode whose amplitude is 1 before that of any other; it is not `degree` where the initial measure has much
        more of it, and then the prediction is not to be trusted.
    """

    degree: int
    rate: float
    coefficient: complex
    amplitude: float
    positions: Array
    time: float
    first: int

    @property
    def clusters(self) -> int:
        """How many."""
        return len(self.positions)


def predict(law: Any, rho0: Any, degree: int | None = None) -> Prediction:
    """The first clusters that linear theory predicts (2410.23228).

    Parameters
    ----------
    law : Law
        Isotropic; something must grow.
    rho0 : Density or Points
        Near the uniform measure: on the circle any measure with `moments`, on zonal spheres a density.
    degree : int, optional
        Predict from this mode, instead of the fastest one k*.

    Returns
    -------
    Prediction

    Raises
    ------
    ValueError
        If nothing grows; if the measure has nothing of the mode.
    TypeError
        For measures on S^2, where 2k + 1 modes grow alike and the maxima have no formula.
    """
    inputs.having("rho0", rho0, ("d", "moments", "mass"), "a measure, for example mf.Points(theta)")
    rates = _searched(law, rho0.d)
    k = int(np.argmax(rates)) if degree is None else inputs.degree("degree", degree, low=1)
    if k >= len(rates):
        rates = growth_rates(law, rho0.d, k)
    rate = float(rates[k])
    if not rate > 0.0:
        raise ValueError(f"law: {law} lets no mode grow (degree {k}: rate {rate:.3g}): no clusters form")
    circle = not hasattr(getattr(rho0, "space", None), "axis")
    if circle and rho0.d != 2:
        raise TypeError("rho0: wanted a measure on the circle, or a density on a zonal sphere")
    c = np.asarray(rho0.moments(len(rates) - 1)) / rho0.mass
    with np.errstate(over="ignore", invalid="ignore"):
        several = dimensions(rho0.d, len(c) - 1)
        a = 2.0 * np.conj(c) if circle else several * c
        told = np.abs(a) > NOISE * np.sqrt(several)
    if not told[k]:
        seen = np.flatnonzero(told[1:]) + 1
        raise ValueError(
            f"rho0: it has nothing of degree {k}, which grows fastest; it has {seen.tolist()}: say degree="
        )
    if circle:
        positions = geometry.positive((2.0 * np.pi * np.arange(k) - np.angle(c[k])) / k)
    else:
        positions = _rings(rho0.d, k, float(a[k]))
    grows = np.flatnonzero(told & (rates > 0.0))
    with np.errstate(over="ignore"):
        first = grows[np.argmin(-np.log(np.abs(a[grows])) / rates[grows])]
    size = float(abs(a[k]))
    return Prediction(k, rate, complex(c[k]), size, np.sort(positions), float(-np.log(size) / rate), int(first))


def _rings(d: int, k: int, a: float) -> Array:
    """Colatitudes of the maxima of a P_k, from pole to pole."""
    # P_k' is the polynomial of degree k - 1 of dimension d + 2: its zeros are Gauss nodes
    inner = ultraspherical.gauss(d + 2, k - 1).nodes[::-1] if k > 1 else np.empty(0)
    stops = np.concatenate([[0.0], np.arccos(inner), [np.pi]])
    return stops[0 if a > 0.0 else 1 :: 2]


@dataclass(frozen=True)
class _Star:
    """m equal Diracs, equally spaced on the circle, seen by one of them while each of the others moves in turn.

    There P_x M = 0, so that a law's velocity at P_x dM, dM the change of M when Dirac l moves by d theta_l, is its
    linear response: for each l one "point" with one tangent component, as in `_Ripple`.
    """

    m: int
    d = 2

    @property
    def mean(self) -> Array:
        return np.zeros(2)

    def read(self, kernel: Any, x: Array | None = None, want: str = "ZM", V: Array | None = None) -> Reading:
        _valueless(V)
        beta = getattr(kernel, "beta", None)
        if beta is None or not kernel.isotropic:
            raise TypeError(f"law: the rates of stars are known for kernels e^(beta <x, y>), and not for {kernel}")
        x = 2.0 * np.pi * np.arange(self.m) / self.m
        e = np.exp(-2.0 * beta * np.sin(0.5 * x) ** 2)
        pull = e * (np.cos(x) - beta * np.sin(x) ** 2) / self.m  # d/dx of e^{beta (cos x - 1)} sin x / m
        return Reading(np.full((self.m, 1), e.mean()), pull[:, None], None, beta)


def star_rates(law: Any, m: int) -> Array:
    """Growth rates of the modes q = 0..m-1 of m equal clusters, equally spaced on the circle.

    Moving cluster j by eps cos(2 pi q j / m) grows at the rate
    -(1/m) sum_l g(2 pi l/m) (1 - cos(2 pi q l/m)) / Z, with g(x) = e^{beta cos x} (cos x - beta sin^2 x) and
    Z = (1/m) sum_l e^{beta cos(2 pi l/m)} for SA, 1 for USA.  The largest decides how long the star lives; mode 0, the
    rotation, is neutral.

    Parameters
    ----------
    law : Law
        Isotropic, without noise, of kernels e^{beta <x, y>}; it is asked for its response (in its own scale and sign),
        beta being the kernel's.
    m : int
        Number of clusters, >= 1.

    Returns
    -------
    ndarray (m,)
    """
    _isotropic(law, "a star of equal clusters need not stand still")
    star = _Star(inputs.integer("m", m, low=1, high=MOST))
    _autonomous(law, star)
    if float(law.noise(0.0, None, star)) != 0.0:
        raise ValueError(f"law: {law} has noise, in which clusters do not stand still")
    response = np.zeros(star.m)
    response += np.asarray(law.velocity(0.0, None, star)).reshape(-1)
    # turning all Diracs together moves nobody against the field, so at rest its own slope is minus their sum
    l = np.arange(star.m)  # noqa: E741
    return np.asarray(-2.0 * np.sin(np.pi * np.outer(l, l) / star.m) ** 2 @ response)


def _valueless(V: Array | None) -> None:
    if V is not None:
        raise TypeError("law: it says that it is isotropic and asks for values V y: let its isotropic be False")


def _isotropic(law: Any, why: str) -> None:
    inputs.law(law)
    if law.labelled or law.geometry != "sphere":
        raise ValueError(f"law: {law} tells tokens apart or moves points of R^d, so that {why}")
    if not law.isotropic:
        raise ValueError(f"law: {law} is not isotropic, so that {why}")


def _autonomous(law: Any, mu: Any) -> None:
    refuse_changing(law, lambda t: law.velocity(t, None, mu), "growth rates are those of one moment")
