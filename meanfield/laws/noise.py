"""Terms added to a law: noise."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import sqrt
from typing import Any, Literal

from meanfield.laws.base import Law
from meanfield.protocols import Array, Measure
from meanfield.tools import inputs
from meanfield.tools.settings import register


@register
@dataclass(frozen=True)
class Diffusion(Law):
    """kappa Laplacian: for particles, dx = sqrt(2 kappa) P_x dB in Ito's sense with the sphere's curvature term.

    With SA or USA the free energy is F = kappa Ent - sign E; for USA it falls,
    dF/dt = -int |sign grad U - kappa grad log rho|^2 d mu.  For SA it is a number, not a Lyapunov function.

    Parameters
    ----------
    kappa : float
        Strength, >= 0.
    geometry : {"sphere", "flat"}, optional
        Whose points it shakes: "flat", those of R^d, without a curvature term.
    common : bool, optional
        One Brownian path that all tokens share, dx_i = sqrt(2 kappa) P_{x_i} dB, drawn once for each replica: what two
        tokens in R^d are apart stays, and on S^{d-1} log |x - y| of near ones falls by kappa (d - 1) t.  Each token
        by itself moves as by noise of its own.  Points alone take it: a density's equation would be random.

    Raises
    ------
    ValueError, TypeError
        For kappa < 0 or not finite.

    Examples
    --------
    >>> law = mf.SA(4.0) + mf.Diffusion(0.1)
    >>> pt.simulate(law, [0.0, 1.0], (0.0, 0.1), method="heun", step=0.01, rng=0).success
    True
    """

    equations = ("A Problem 7",)
    kappa: float
    geometry: Literal["sphere", "flat"] = "sphere"
    common: bool = field(default=False, kw_only=True)
    isotropic = True
    autonomous = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "kappa", inputs.number("diffusion (kappa)", self.kappa, low=0.0))
        inputs.choice("geometry", self.geometry, ("sphere", "flat"))
        inputs.flag("common", self.common)

    def __str__(self) -> str:
        where = "" if self.geometry == "sphere" else f', geometry="{self.geometry}"'
        return f"Diffusion({self.kappa:g}{where}{', common=True' if self.common else ''})"

    def velocity(self, t: float, x: Array | None, mu: Measure) -> Any:
        """No drift."""
        return 0.0

    def divergence(self, t: float, x: Array | None, mu: Measure) -> Any:
        """No drift."""
        return 0.0

    def noise(self, t: float, x: Array | None, mu: Measure) -> Any:
        """sqrt(2 kappa)."""
        return sqrt(2.0 * self.kappa)

    def quantities(self, t: float, mu: Measure) -> dict[str, Any]:
        """The entropy's part of the free energy, for measures that have an entropy."""
        return {} if self.common or mu.entropy is None else {"free_energy": self.kappa * mu.entropy}
