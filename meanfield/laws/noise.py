"""Terms added to a law: noise, of one strength or of a strength that varies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import sqrt
from typing import Any, Literal

import numpy as np

from meanfield.laws.base import Law
from meanfield.laws.schedules import settled
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
        if callable(self.kappa):
            raise TypeError(
                f"diffusion (kappa): got {inputs.describe(self.kappa)}, wanted a number: strength that varies is "
                "mf.VaryingDiffusion(lambda t, x: 0.1 + 0.05 * x[..., 0]), of points"
            )
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


@register
@dataclass(frozen=True, eq=False)
class VaryingDiffusion(Law):
    """kappa(t, x) Laplacian: dx = sqrt(2 kappa(t, x)) P_x dB in Ito's sense with the sphere's curvature term.

    For each token by itself, and of points alone.  In the mean d f(x) = kappa(t, x) Lap f dt: tokens stay longest where
    kappa is small, and the stationary density of noise alone is proportional to 1 / kappa(x).
    ``method="weak2"`` moves it with weak order 2; "heun" and "euler-maruyama" with 1.

    Parameters
    ----------
    kappa : callable
        Strength, >= 0: (t, x) of rows x (..., n, d) -> a number, or (..., n).  To be saved with a run it must be
        registered (`mf.register`), as a frozen dataclass with ``__call__``.
    geometry : {"sphere", "flat"}, optional
        Whose points it shakes.

    Raises
    ------
    ValueError, TypeError
        For what was given; where kappa is negative, not finite, or of another shape, at the time it is asked.

    Examples
    --------
    >>> law = mf.SA(4.0) + mf.VaryingDiffusion(lambda t, x: 0.1 * (1.0 + x[..., 0] ** 2))
    >>> pt.simulate(law, [0.0, 1.0], (0.0, 0.1), method="weak2", step=0.02, rng=0).success
    True
    """

    equations = ("A Problem 7",)
    kappa: Callable[[float, Array], Any]
    geometry: Literal["sphere", "flat"] = "sphere"
    autonomous = False

    def __post_init__(self) -> None:
        if not callable(self.kappa):
            raise TypeError(
                f"kappa: got {inputs.describe(self.kappa)}, wanted a function (t, x) of rows x: one number for all is "
                "mf.Diffusion(0.1)"
            )
        inputs.choice("geometry", self.geometry, ("sphere", "flat"))

    def __str__(self) -> str:
        where = "" if self.geometry == "sphere" else f', geometry="{self.geometry}"'
        return f"VaryingDiffusion({getattr(self.kappa, '__name__', type(self.kappa).__name__)}{where})"

    def velocity(self, t: float, x: Array | None, mu: Measure) -> Any:
        """No drift."""
        return 0.0

    def divergence(self, t: float, x: Array | None, mu: Measure) -> Any:
        """No drift."""
        return 0.0

    def noise(self, t: float, x: Array | None, mu: Measure) -> Any:
        """sqrt(2 kappa(t, x)), (..., n, 1)."""
        rows = mu.x if x is None else x
        with settled(t):
            return np.sqrt(2.0 * self._told(t, rows))[..., None]

    def _told(self, t: float, rows: Array) -> Array:
        """kappa at rows, or a refusal of what it gave."""
        try:
            told = np.asarray(self.kappa(t, rows), dtype=float)
        except TypeError as error:
            raise TypeError(f"kappa: it takes no (t, x) ({error}): give one such as lambda t, x: 0.1") from error
        if told.shape not in ((), rows.shape[:-1]):
            raise ValueError(
                f"kappa: of rows of shape {rows.shape} it gave shape {told.shape}, wanted a number or "
                f"{rows.shape[:-1]}, one for every row: as in lambda t, x: 0.1 * x[..., 0] ** 2"
            )
        told = np.broadcast_to(told, rows.shape[:-1])
        if not (told >= 0.0).all() or not np.isfinite(told).all():
            at = tuple(np.argwhere(~((told >= 0.0) & np.isfinite(told)))[0])
            raise ValueError(
                f"kappa: it gave {told[at]} at t = {t:g}, x = {rows[at].tolist()}, wanted finite strengths >= 0: as of "
                "lambda t, x: numpy.maximum(kappa(t, x), 0.0)"
            )
        return told
