"""What linear growth predicts.

From a slightly perturbed uniform measure the fastest degree k* wins, and the first clusters are the maxima of its mode
(2410.23228): on the circle k* of them, at (2 pi j - arg c_k*) / k*, after a time log(1/|a|) / s_k*.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from meanfield import geometry
from meanfield.analysis.linear import _searched, growth_rates
from meanfield.protocols import Array, Law
from meanfield.special import ultraspherical
from meanfield.special.bessel import dimensions
from meanfield.tools import inputs
from meanfield.tools.shown import Shown
from meanfield.tools.tags import equations

NOISE = 1e-15
"""A coefficient in an orthonormal basis below this (of a mass of 1) is rounding: it has no phase."""


@dataclass(frozen=True)
class Prediction(Shown):
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


@equations("2410.23228")
def predict(law: Law, rho0: Any, degree: int | None = None) -> Prediction:
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

    Examples
    --------
    >>> rho0 = mf.perturbed_uniform(mf.Circle(64), {3: 1e-3})
    >>> mf.predict(mf.SA(5.0), rho0).degree
    3
    """
    inputs.having("rho0", rho0, ("d", "moments", "mass", "line"), "a measure, for example mf.Points(theta), or run(t)")
    rates = _searched(law, rho0.d)
    k = int(np.argmax(rates)) if degree is None else inputs.degree("degree", degree, low=1)
    if k >= len(rates):
        rates = growth_rates(law, rho0.d, k)
    rate = float(rates[k])
    if not rate > 0.0:
        raise ValueError(f"law: {law} lets no mode grow (degree {k}: rate {rate:.3g}): no clusters form")
    if rho0.line is None:
        raise TypeError("rho0: wanted a measure on the circle, or a density on a zonal sphere")
    circle = rho0.line.turn > 0.0
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
