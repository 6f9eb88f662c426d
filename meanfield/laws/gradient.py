"""Laws that climb or descend an interaction energy: X = sign grad U / w, U = int Phi(<x, y>) d mu(y).

Phi is the potential of a kernel e^s, Phi' = e^s, so that grad U = P_x int e^s y d mu(y); the weight w is 1 (the
Wasserstein metric, A (3.8)-(3.10)) or Z (the weighted metric, A (3.1)-(3.4)).  Then with E = (1/2) int U d mu

    dE/dt = sign int |grad U|^2 / w d mu + (what time does to Phi).
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np

from meanfield.kernels import Exponential, energy
from meanfield.laws.base import Law, true
from meanfield.protocols import Array, Measure
from meanfield.tools import inputs


class GradientLaw(Law):
    """The flow of one interaction energy: a kernel, a sign and a weight say the rest.

    The kernel is e^s = Phi', the derivative of the energy's potential Phi(<x, y>), and so is phi of a kernel
    ``mf.Zonal(phi)``: with E = (1/2) iint Phi(<x, y>) d mu d mu, X = sign int phi(<x, y>) P_x y d mu(y).

    Attributes
    ----------
    sign : {1, -1}
        Up or down the energy.
    weight : {"1", "Z"}
        What grad U is divided by.
    """

    sign: int = 1
    weight: str = "1"
    isotropic = True
    energy_is = "interaction energy"

    @property
    def normalised(self) -> bool:
        """True if grad U is divided by Z."""
        return self.weight == "Z"

    def weighed(self, weight: str) -> GradientLaw:
        """The law of the same energy, sign and scale in the metric of another weight, "1" or "Z": SA for USA.

        It is that of the same base, with the same settings.
        """
        if inputs.choice("weight", weight, ("1", "Z")) == self.weight:
            return self
        base: Any = type(self).__bases__[0]
        kind: Any
        for kind in base.__subclasses__() if base is not GradientLaw and self.isotropic else ():
            if kind.weight == weight:
                settings = {f.name: getattr(self, f.name) for f in fields(kind) if f.init and hasattr(self, f.name)}
                told: GradientLaw = kind(**settings)
                return told
        raise ValueError(f"law: {self} tells no law of the same energy in the metric of weight {weight}")

    def kernel(self, t: float = 0.0) -> Any:
        """The kernel e^s at time t."""
        raise TypeError(f"{type(self).__name__} does not say its kernel(t)")

    def log_factor(self, d: int, t: float = 0.0) -> float:
        """Logarithm of a factor on Z, U and E (and X, where the weight is 1) in dimension d, at time t."""
        return 0.0

    def driven(self, t: float, mu: Measure) -> Any:
        """The rate at which time itself changes the excess of E at a fixed measure; None if it is not known."""
        return None

    @property
    def climb(self) -> int:
        """1 if the velocity, before its sign, climbs E, -1 if it descends E; 0 if it does neither, or time moves E."""
        return int(self.isotropic and self.autonomous)

    @property
    def gradient(self) -> int:  # type: ignore[override]
        """Its sense in Wasserstein's metric, where the weight is 1."""
        return 0 if self.normalised else self.sign * self.climb

    @property
    def rises(self) -> tuple[str, ...]:  # type: ignore[override]
        """E rises along the attractive flow, unless time moves it too."""
        return ("energy",) if self.sign * self.climb > 0 else ()

    @property
    def falls(self) -> tuple[str, ...]:  # type: ignore[override]
        """The free energy -sign E falls; E itself along the repulsive flow."""
        if not self.climb:
            return ()
        return ("free_energy",) if self.sign * self.climb > 0 else ("energy", "free_energy")

    def velocity(self, t: float, x: Array | None, mu: Measure) -> Any:
        """sign M / Z, or sign M times the factor."""
        if self.normalised:
            r = mu.read(self.kernel(t), x, "ZM")
            v = np.divide(r.M, r.Z, out=r.M)
            return v if self.sign > 0 else np.negative(v, out=v)
        r = mu.read(self.kernel(t), x, "M")
        return np.multiply(r.M, self.sign * np.exp(r.log + self.log_factor(mu.d, t)), out=r.M)

    def divergence(self, t: float, x: Array | None, mu: Measure) -> Any:
        """L, where the weight is 1; for Z a law says it itself, since grad Z needs the kernel's derivative."""
        if self.normalised:
            return super().divergence(t, x, mu)
        return self.sign * true(mu.read(self.kernel(t), x, "L"), "L", self.log_factor(mu.d, t))

    def ascent(self, t: float, x: Array | None, mu: Measure) -> Any:
        """grad U = P_x int e^s y d mu(y) times the factor, whatever the sign and the weight."""
        return true(mu.read(self.kernel(t), x, "M"), "M", self.log_factor(mu.d, t))

    @property
    def paired(self) -> bool:  # type: ignore[override]
        """True where E is climbed or descended, on spheres, and its potential is known."""
        return bool(self.climb) and self.geometry == "sphere" and isinstance(self.kernel(), Exponential)

    def pairs(self, t: float, mu: Measure) -> Any:
        """(1 / 2 beta) sum_i w_i Z_i, in the law's scale; at beta = 0 the half of sum_i w_i <x_i, grad U(x_i)>."""
        k = self.kernel(t)
        if k.beta == 0.0:
            return 0.5 * np.sum(mu.weights * np.sum(mu.x * self.ascent(t, mu.x, mu), axis=-1), axis=-1)
        Z = true(mu.read(k, mu.x, "Z"), "Z", self.log_factor(mu.d, t))[..., 0]
        return np.sum(mu.weights * Z, axis=-1) / (2.0 * k.beta)

    def quantities(self, t: float, mu: Measure) -> dict[str, Any]:
        """Energy E, its `excess` over the uniform measure's, its rate of change `dissipation`, `free_energy` = -sign E.

        All in the law's scale; and `driven`, of a law that changes with time and knows it.  Nothing of kernels other
        than e^{beta <x, y>}, whose potential is not known here, and nothing in R^d, which has no uniform measure.
        """
        k, factor = self.kernel(t), self.log_factor(mu.d, t)
        if not isinstance(k, Exponential) or self.geometry != "sphere":
            return {}
        excess = energy.excess(k, mu, factor)
        E = excess + energy.uniform(k, mu, factor)
        rate = energy.dissipation(k, mu, normalised=self.normalised, log_factor=factor)
        told = {"energy": E, "excess": excess, "dissipation": self.sign * rate, "free_energy": -self.sign * E}
        driven = None if self.autonomous else self.driven(t, mu)
        return told if driven is None else {**told, "driven": driven}
