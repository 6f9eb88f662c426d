"""Where the flux vanishes: kappa grad log rho = X[rho], solved for rho.

Of a gradient law X = grad G(V), V(x) = sum_k p_k a_k phi_k(x) the potential of rho = sum_k a_k phi_k, so that

    log rho = G(V) / kappa + const,

with G(V) = sign f V where the weight is 1 (USA: rho ~ e^{Z / (beta kappa)}) and sign log(1 + beta V) / beta where it
is Z (SA: rho ~ Z^{1/(beta kappa)}); f is lambda_0 times the law's scale, and 1 + beta V is Z / lambda_0.  At beta = 0
both are the same, and p_1 = 1/d.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from meanfield.analysis.linear import _Ripple, only_autonomous, only_isotropic
from meanfield.laws import Diffusion
from meanfield.laws.base import refuse_common
from meanfield.laws.gradient import GradientLaw
from meanfield.protocols import Array, Law, Measure
from meanfield.sums.scores import peak
from meanfield.tools import inputs

FLAT = 1e-13
"""Coefficients below this beside the largest are rounding."""


@dataclass(frozen=True)
class ZeroFlux:
    """G of one law in one dimension; see the room."""

    law: Any
    d: int

    @property
    def beta(self) -> float:
        """The kernel's, where the weight is Z."""
        return float(peak(self.law.kernel()) or 0.0) if self.law.normalised else 0.0

    @property
    def log_size(self) -> float:
        """Logarithm of lambda_0 in the law's scale, by which energies are told."""
        return float(self.law.kernel().log_lambda0(self.d) + self.law.log_factor(self.d))

    @property
    def factor(self) -> float:
        """Of V in G where the weight is 1."""
        return math.exp(self.log_size)

    def potential(self, degree: int) -> Array:
        """p_k, k = 0..degree."""
        return np.asarray(self.law.kernel().potential(self.d, degree))

    def bandwidth(self) -> int:
        """The degree beyond which p_k is rounding."""
        return int(self.law.kernel().bandwidth(self.d))

    def responses(self, V: Array) -> tuple[Array, Array, Array]:
        """G, G', G'' at V; not a number where Z would not be positive."""
        s = float(self.law.sign)
        if not self.law.normalised:
            f = s * self.factor
            return f * V, np.full_like(V, f), np.zeros_like(V)
        beta = self.beta
        with np.errstate(invalid="ignore", divide="ignore"):
            slope = 1.0 / (1.0 + beta * V)
            value = np.log1p(beta * V) / beta if beta > 0.0 else V
        return s * value, s * slope, -s * beta * slope**2

    def excess(self, power: Array) -> float:
        """E less the uniform density's, of a density of these powers, of degrees 1, 2, ..."""
        return 0.5 * self.factor * float(self.potential(len(power))[1:] @ power)

    def flat(self, uniform: Measure) -> float:
        """E of the uniform density; 0 of a law that tells none."""
        return float(self.law.quantities(0.0, uniform).get("energy", 0.0))

    def counted(self, size: Array) -> int:
        """The degree to which a spectrum is asked: beyond it coefficients, of sizes by degree, are rounding, and the
        kernel is blind."""
        used = int(np.flatnonzero(size > FLAT * size.max())[-1])
        return min(len(size) - 1, max(used + used // 4 + 8, self.bandwidth()))

    def critical(self, k: int) -> float:
        """kappa_c(k) = p_k G'(0): the noise below which mode k grows about the uniform measure."""
        return float(self.potential(k)[k] * self.responses(np.zeros(1))[1][0])


def balance(law: Law, d: int, diffusion: float = 0.0) -> tuple[ZeroFlux, float]:
    """(the zero flux of a law's one gradient term, kappa of its noise and of `diffusion` together).

    Raises
    ------
    ValueError, TypeError
        For a law that is not isotropic, autonomous, of one gradient term e^{beta <x, y>} and noise of its own.
    """
    only_isotropic(law, "stationary densities are not known")
    only_autonomous(law)
    refuse_common(law, "a density moves at random")
    nothing: Any = _Ripple(d, 1)
    terms: tuple[Any, ...] = getattr(law, "terms", (law,))
    drifting = [term for term in terms if not _still(term, nothing)]
    if len(drifting) != 1 or not isinstance(drifting[0], GradientLaw):
        raise ValueError(
            f"law: got {law}, wanted one gradient law, mf.SA(beta) or mf.USA(beta), with or without noise "
            "(+ mf.Diffusion(kappa)): of others no potential is known by which the flux vanishes"
        )
    one = drifting[0]
    if one.normalised and peak(one.kernel()) is None:
        raise ValueError(f"law: got {one}, divided by Z of a kernel that is not e^(beta <x, y>): its X is no gradient")
    one.check_range(d, smooth=True)
    kappa = 0.5 * float(law.noise(0.0, None, nothing)) ** 2 + Diffusion(diffusion).kappa
    return ZeroFlux(one, d), kappa


def _still(term: Any, mu: Any) -> bool:
    """Whether a term of a law moves nothing."""
    v = term.velocity(0.0, None, mu)
    return bool(np.ndim(v) == 0 and v == 0.0)


def positive(name: str, kappa: float) -> float:
    """A strength of noise with which there are stationary densities."""
    if not kappa > 0.0:
        raise ValueError(
            f"{name}: got {kappa!r} in all, wanted noise > 0: without it stationary states are no densities (clusters: "
            "mf.star_rates); give diffusion=0.1, or a law + mf.Diffusion(0.1)"
        )
    return inputs.number(name, kappa)


def normalised(log: Array, weights: Array) -> Array:
    """e^log divided by its integral."""
    rho = np.exp(log - log.max())
    return np.asarray(rho / (weights @ rho))
