"""How a branch of stationary densities leaves the uniform one: to second order in its amplitude.

With phi_k = p_k zonal, T_l = int phi_k^2 phi_l, and e = 0 (USA) or beta kappa (SA; in the law's scale kappa / kappa_c =
1 / j_k, j_l = G'(0) p_l / kappa), rho = 1 + s phi_k + s^2 b phi + ..., the fixed-point form gives at orders s^2 and s^3

    b_l = (1 - e) T_l / (2 (1 - j_l)),                             kappa / kappa_c = 1 + (1 - e) T_k s / 2 + ...
    kappa / kappa_c - 1 = s^2 (1 - e) (sum_{l != k} j_l b_l T_l + (1 - 2 e) int phi_k^4 / 6 - 1/2),   where T_k = 0.

T_k vanishes on the circle and for odd k: a pitchfork, continuous where the second coefficient is negative (the branch
is there for less noise) and discontinuous where it is positive.  It grows without bound where some j_l with T_l != 0
comes near 1: a resonance of mode l with mode k.  For even k on S^{d-1}, d >= 3, T_k > 0: the branch is transcritical.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import scipy

from meanfield.analysis.zeroflux import balance
from meanfield.laws import USA
from meanfield.protocols import Law
from meanfield.special import ultraspherical
from meanfield.special.bessel import dimensions
from meanfield.tools import inputs
from meanfield.tools.shown import line
from meanfield.tools.tags import equations

MOST = 64
"""Mode at most."""
NULL = 1e-12
"""An integral of three harmonics below this vanishes."""
SEARCHED = (1e-2, 400.0)
"""Inverse temperatures between which a switch is looked for, times k^2 beyond k = 1."""


class Onset(NamedTuple):
    """How a branch begins, as `onset` returns it; amplitudes are f = int P_k d rho.

    Attributes
    ----------
    critical : float
        kappa_c(k), in the law's own scale.
    slope : float
        d(kappa / kappa_c) / df at f = 0: 0 of a pitchfork.
    curvature : float
        c in kappa / kappa_c = 1 + c f^2 + ... of a pitchfork; NaN of a transcritical branch.
    kind : str
        "continuous", "discontinuous" or "transcritical".
    """

    critical: float
    slope: float
    curvature: float
    kind: str

    def __repr__(self) -> str:
        return line(self)


@equations("A Problem 7", "2412.14813", "2606.05140")
def onset(law: Law, d: int, mode: int = 1) -> Onset:
    """Where the branch of a mode leaves the uniform density, and which way.

    Parameters
    ----------
    law : Law
        SA or USA without matrices and noise, or another gradient law.
    d : int
        Ambient dimension, >= 2.
    mode : int
        Degree k, 1 to 64; the branch is zonal (even, on the circle).

    Returns
    -------
    Onset

    Raises
    ------
    ValueError, TypeError
        For what was given, naming the argument; for a mode that does not grow without noise.

    Examples
    --------
    >>> [mf.onset(mf.USA(beta), 2).kind for beta in (2.4, 2.5)]
    ['continuous', 'discontinuous']
    >>> mf.onset(mf.SA(4.0), 3, 2).kind
    'transcritical'
    """
    d, k = inputs.dimension("d", d), inputs.integer("mode", mode, low=1, high=MOST)
    flux, _ = balance(law, d)
    critical = flux.critical(k)
    if not critical > 0.0:
        raise ValueError(f"mode: {k} does not grow about the uniform density under {flux.law}: no branch begins there")
    j = flux.potential(2 * k) / flux.potential(2 * k)[k]
    e = flux.beta * critical
    rule = ultraspherical.gauss(d, 2 * k + 2)
    phi = ultraspherical.values(d, 2 * k, rule.nodes)
    square = phi[:, k] ** 2
    T, fourth = (rule.weights * square) @ phi, float(rule.weights @ square**2)
    root = float(np.sqrt(dimensions(d, k)[k]))
    if abs(T[k]) > NULL * float(np.abs(T).max()):
        return Onset(critical, 0.5 * (1.0 - e) * float(T[k]) * root, float("nan"), "transcritical")
    others = np.flatnonzero((np.abs(T) > NULL) & (np.arange(len(T)) > 0))
    b = 0.5 * (1.0 - e) * T[others] / (1.0 - j[others])
    c = (1.0 - e) * (float((j[others] * b) @ T[others]) + (1.0 - 2.0 * e) * fourth / 6.0 - 0.5) * root**2
    return Onset(critical, 0.0, c, "continuous" if c < 0.0 else "discontinuous")


@equations("2604.16288")
def turning(d: int, mode: int = 1, law: Callable[[float], Any] | None = None) -> float:
    """beta_*: below it the branch of a mode begins continuously, beyond it discontinuously.

    USA, k = 1: lambda_2 / lambda_1 = 1/d (2604.16288); k on the circle: I_{2k} / I_k = 1/2.

    Parameters
    ----------
    d : int
        Ambient dimension, >= 2.
    mode : int
        Degree k; on S^{d-1}, d >= 3, odd.
    law : callable, optional
        beta -> Law; USA by default.

    Returns
    -------
    float
        To about 1e-13 relative.

    Raises
    ------
    ValueError
        For a transcritical mode; for a law that does not turn (SA does not).

    Examples
    --------
    >>> round(mf.turning(2), 6)
    2.446918
    """
    d, k = inputs.dimension("d", d), inputs.integer("mode", mode, low=1, high=MOST)
    at = inputs.callable_or_none("law", law) or (lambda beta: USA(beta, scale="relative"))

    def curvature(beta: float) -> float:
        told = onset(at(beta), d, k)
        if told.kind == "transcritical":
            raise ValueError(f"mode: the branch of mode {k} on S^{d - 1} is transcritical at every beta: give an odd k")
        return told.curvature

    low, high = SEARCHED[0], SEARCHED[0]
    before = curvature(low)
    while high < SEARCHED[1] * k * k:
        low, high = high, 1.25 * high
        now = curvature(high)
        if before < 0.0 < now:
            return float(scipy.optimize.brentq(curvature, low, high, xtol=1e-14, rtol=1e-14))
        before = now
    raise ValueError(f"law: mode {k} does not turn from continuous to discontinuous for beta in {SEARCHED}, times k^2")
