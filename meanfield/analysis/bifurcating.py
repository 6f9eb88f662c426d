"""Zonal stationary densities as a curve: f_k = int P_k d mu, k = 1..K, and the logarithm of the parameter.

F(f) = f - moments of rho(f), rho(f) ~ e^{G(V) / kappa} with V = sum_k p_k N(d, k) f_k P_k: the fixed-point form, whose
derivative is known in closed form.  The parameter is kappa / kappa_c(k) or beta / beta_c(k), as a logarithm, so that it
stays positive and arclength means the same in every scale.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from meanfield.analysis.sectors import Zonal, table
from meanfield.analysis.zeroflux import ZeroFlux, normalised
from meanfield.protocols import Array
from meanfield.special import ultraspherical
from meanfield.special.bessel import dimensions

NUDGE = 1e-5
"""Relative step of the central difference in beta: its error 1e-10 slows Newton's last steps down, and no more."""


@dataclass(frozen=True, eq=False)
class Bifurcating:
    """The curve of one law on S^{d-1}.

    Attributes
    ----------
    flux : ZeroFlux
        Of the law at the branch point.
    degree : int
        Highest K.
    start : float
        kappa_c or beta_c.
    kappa : float or None
        The noise, if beta is the parameter.
    """

    flux: ZeroFlux
    degree: int
    start: float
    kappa: float | None = None

    @property
    def d(self) -> int:
        """Ambient dimension."""
        return self.flux.d

    @property
    def count(self) -> int:
        """Gauss nodes, four times the degree: what rho(f) has up to seven times it is not aliased."""
        return 4 * self.degree + 2

    @cached_property
    def _weights(self) -> Array:
        return ultraspherical.gauss(self.d, self.count).weights

    @cached_property
    def sizes(self) -> Array:
        """(K,) N(d, k), k = 1..K."""
        return dimensions(self.d, self.degree)[1:]

    @cached_property
    def _P(self) -> Array:
        """(n, K) P_k at the nodes."""
        return table(self.d, self.count, self.degree, 0).values / np.sqrt(self.sizes)

    def value(self, l: float) -> float:  # noqa: E741
        """The parameter."""
        return self.start * float(np.exp(l))

    def at(self, l: float) -> tuple[ZeroFlux, float]:  # noqa: E741
        """Law and noise there."""
        if self.kappa is None:
            return self.flux, self.value(l)
        law: Any = replace(self.flux.law, beta=self.value(l))
        return ZeroFlux(law, self.d), self.kappa

    def log(self, y: Array) -> Array:
        """log rho, up to a constant, at the nodes."""
        flux, kappa = self.at(float(y[-1]))
        G = flux.responses(self._P @ (flux.potential(self.degree)[1:] * self.sizes * y[:-1]))[0]
        return np.asarray(G / kappa)

    def moments(self, y: Array) -> Array:
        """f_k of rho(f), k = 1..K."""
        log = self.log(y)
        if not np.isfinite(log).all():
            return np.full(self.degree, np.nan)
        return np.asarray((self._weights * normalised(log, self._weights)) @ self._P)

    def residual(self, y: Array) -> Array:
        """F."""
        return np.asarray(y[:-1] - self.moments(y))

    def jacobian(self, y: Array) -> Array:
        """dF/df, and dF by the parameter's logarithm in the last column."""
        flux, kappa = self.at(float(y[-1]))
        p = flux.potential(self.degree)[1:] * self.sizes
        G, G1, _ = flux.responses(self._P @ (p * y[:-1]))
        mass = self._weights * normalised(G / kappa, self._weights)
        response = (G1 / kappa)[:, None] * (self._P * p)
        response -= mass @ response
        left = np.eye(self.degree) - self._P.T @ (mass[:, None] * response)
        if self.kappa is None:
            by = (mass * (G - mass @ G) / kappa) @ self._P
        else:
            up, down = (self.moments(np.append(y[:-1], y[-1] + h)) for h in (NUDGE, -NUDGE))
            by = -(up - down) / (2.0 * NUDGE)
        return np.column_stack([left, by])

    # --- what is told of a point --------------------------------------------------------------------------

    def coefficients(self, y: Array) -> Array:
        """a_k = int p_k d mu, k = 0..K."""
        return np.append(1.0, y[:-1] * np.sqrt(self.sizes))

    def tail(self, y: Array) -> float:
        """The last coefficients beside the largest: whether the degree is enough."""
        a = np.abs(self.coefficients(y))
        return float(a[min(15 * self.degree // 16, self.degree - 1) :].max() / a.max())

    def zonal(self, y: Array) -> Zonal:
        """The density as sectors see it, up to twice the degree, or to where its coefficients are rounding."""
        rho = normalised(self.log(y), self._weights)
        values = table(self.d, self.count, 2 * self.degree, 0).values
        a = np.append(1.0, (self._weights * rho) @ values)
        most = self.at(float(y[-1]))[0].counted(np.abs(a))
        return Zonal(self.d, a[: most + 1], 2 * most + 2)

    def sectors(self, y: Array) -> list[Array]:
        """Spectra of the linearised equation, by sector."""
        return self.zonal(y).sectors(*self.at(float(y[-1])))

    def excess(self, y: Array) -> float:
        """Free energy kappa Ent - sign E less that of the uniform density, in the law's scale."""
        flux, kappa = self.at(float(y[-1]))
        rho = normalised(self.log(y), self._weights)
        entropy = float(self._weights @ (rho * np.log(np.where(rho > 0.0, rho, 1.0))))
        return kappa * entropy - flux.law.sign * flux.excess(self.sizes * np.square(y[:-1]))
