"""Interaction energy and dissipation: functions of a kernel and a measure, by asking the measure.

E = (1/2 beta) iint e^{beta <x, y>} d mu d mu, at beta = 0 without the constant 1/(2 beta): E = |int x d mu|^2 / 2
(A, (3.5)).  A law's scale multiplies Z and E by one factor, given here as its logarithm, so that no raw e^beta is
ever formed.

E is told in two parts: that of the uniform measure, which no run changes, and the `excess` over it, which is >= 0
(A, Prop 3.4).  At small beta, in high d and near the uniform measure the first is so much larger that differences of
E would be its rounding; differences are taken of the second.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from meanfield.geometry import located
from meanfield.kernels.exponential import Exponential
from meanfield.protocols import Array, Kernel, Law, Measure, Reading, said
from meanfield.tools import inputs
from meanfield.tools.tags import equations


def _why(law: Law) -> str:
    """Why a law has none, of what can be seen from outside."""
    if law.labelled:
        return ": tokens that see different measures climb no one energy, but on a symmetric graph (mf.Masked)"
    if any(getattr(law, name, None) is not None for name in ("Q", "K", "V")):
        return ": with matrices it is one where Q^T K is symmetric and V = Q^T K, or -Q^T K (then write sign=-1 too)"
    return ""


def told(law: Law, mu: Measure, t: Any = None) -> Any:
    """E of a measure as a law tells it at time t: what a snapshot's `energy(law, t)` answers, or a refusal."""
    located("law", inputs.law(law), mu.geometry)
    word = said(law)
    if t is None and word is False:
        raise ValueError(
            f"t: {law} changes with time, and no time came: give it, as in mu.energy(law, t=0.5), or the law of that "
            "moment, such as mf.SA(beta)"
        )
    at = 0.0 if t is None else inputs.number("t", t)
    with np.errstate(over="ignore", invalid="ignore"):
        found = law.quantities(at, mu.summed)
    if "energy" not in found:
        raise ValueError(f"law: {law} has no energy that is known{_why(law)}; it tells {sorted(found)}")
    if t is None and word is None:
        raise ValueError(
            f"t: {law} does not say whether it changes with time, and no time came: write autonomous = True in its "
            "class if it does not, give a time, as in mu.energy(law, t=0.5), or the law of that moment, such as "
            "mf.SA(beta)"
        )
    if np.isinf(found["energy"]).any():
        law.check_range(mu.d, atoms=True)
        if law.geometry == "flat":
            raise ValueError(
                f"law: E of {law} overflows at these points: they are too long for its beta (a Gaussian is too wide: E "
                "is infinite), take others"
            )
    return found["energy"]


def uniform(kernel: Exponential, mu: Measure, log_factor: float = 0.0) -> Any:
    """E of the uniform measure of mu's mass m, m^2 lambda_0 / (2 beta), times e^{log_factor}; 0 at beta = 0."""
    if kernel.beta == 0.0:
        return 0.0
    square = np.square(np.sum(mu.weights, axis=-1))
    return square * (math.exp(kernel.log_lambda0(mu.d) + log_factor) / (2.0 * kernel.beta))


@equations("A (3.5)")
def excess(kernel: Any, mu: Measure, log_factor: float = 0.0) -> Any:
    """E less that of the uniform measure, (1/2 beta) iint (e^{beta <x, y>} - lambda_0) d mu d mu, times e^{log_factor}.

    By the measure's own sum, if it knows one that does not cancel (`protocols.Measure.excess`).
    """
    value, log = mu.excess(kernel) or difference(kernel, mu)
    return value * np.exp(log + log_factor)


def by_degree(kernel: Kernel, d: int, power: Array) -> tuple[Array, float]:
    """The excess from a measure's power by degree (..., K + 1): (lambda_0 / 2) sum_{k>=1} (q_k / beta) power_k.

    As a number and a logarithm.  A sum of positive terms, to rounding at every beta >= 0 and d.
    """
    p = kernel.potential(d, power.shape[-1] - 1)
    return 0.5 * (power[..., 1:] @ p[1:]), kernel.log_lambda0(d)


def difference(kernel: Exponential, mu: Measure) -> tuple[Any, float]:
    """The excess as E less the uniform measure's, as a number and a logarithm: of any measure that answers for Z."""
    if kernel.beta == 0.0:
        return 0.5 * np.sum(np.square(mu.mean), axis=-1), 0.0
    r = mu.read(kernel, None, "Z")
    log = float(np.max(r.log))
    E = np.sum(mu.weights * (r.Z * np.exp(r.log - log))[..., 0], axis=-1) / (2.0 * kernel.beta)
    return E - uniform(kernel, mu, -log), log


@dataclass(frozen=True)
class Beyond:
    """(e^{beta t} - 1 - beta t) / beta >= 0, t = <x, y>: what E holds beyond its constant and |int x d mu|^2 / 2.

    For beta < 1, where the pairs' e^{beta t} would be all constant: the error is 1e-16 a pair, at every beta > 0.
    """

    beta: float
    isotropic = True
    range = math.inf

    def log(self, x: Array, y: Array) -> Array:
        """Its logarithm, -inf where it vanishes: (..., n, d), (..., p, d) -> (..., n, p)."""
        s = self.beta * (x @ np.swapaxes(y, -1, -2))
        with np.errstate(divide="ignore"):
            return np.log(np.maximum(np.expm1(s) - s, 0.0)) - math.log(self.beta)


@equations("A (3.6)", "A Lem 3.7")
def dissipation(
    kernel: Kernel, mu: Measure, *, normalised: bool, log_factor: float = 0.0, V: Array | None = None
) -> Any:
    """dE/dt along the attractive flow: int |X|^2 Z d mu for SA (A, (3.6)), int |X|^2 d mu for USA (A, Lemma 3.7).

    With values V y, where X is still a gradient (V = Q^T K, symmetric), V is given.  SA's X = grad U / Z is the same in
    every scale, Z carries the factor; USA's X carries it, so its square twice.
    """
    mu = mu.summed
    r = mu.read(kernel, None if V is None else mu.x, "ZM" if normalised else "M", V)
    size = np.exp(r.log + log_factor)
    if normalised:  # divided first: a square of M alone may be too large for a float
        return np.sum(mu.weights * np.sum(np.square(_tangent(r, mu) / r.Z) * (r.Z * size), axis=-1), axis=-1)
    return np.sum(mu.weights * np.sum(np.square(_tangent(r, mu) * size), axis=-1), axis=-1)


def _tangent(r: Reading, mu: Measure) -> Array:
    """M along the geometry (P_x M on a sphere), whether the measure answered in rows or in tangent components."""
    if r.M.shape[-1] != mu.d:
        return r.M
    return np.reshape(mu.geometry.project(mu.positions, r.M), (*r.M.shape[:-1], -1))
