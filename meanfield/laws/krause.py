r"""Opinions: tokens that go to the mean of those near them, weighed by distance (A Remark 2.1).

    x_i' = sum_j a_ij (x_j - x_i),    a_ij = w_j phi(|x_i - x_j|^2) / sum_k w_k phi(|x_i - x_k|^2),

in R^d, or projected on the sphere, where |x - y|^2 = 2 - 2 <x, y> and the kernel is one of <x, y>; there
phi = e^{-beta s / 2} is SA.  With Psi(s) = int_0^s phi the flow descends

    E = (1/4) iint Psi(|x - y|^2) dmu dmu,    dE/dt = -int Z |x'|^2 dmu,    Z = int phi(|x - y|^2) dmu(y),

as SA climbs its energy in a metric weighted by Z.  Where phi has compact support, clusters out of sight of one another
do not move any more.

At the border of bounded confidence, |x_i - x_j| = radius, the velocity jumps.  Beside those he sees already, whose mean
m lies no further from x_i than the radius, a new one pulls x_i along <x_j - m, x_j - x_i> >= 0: who sees another draws
nearer than who does not.  So a border is crossed, or left to one of its sides for good: nobody slides along it, and an
adaptive stepper, which meets the jump as an error of the step, comes past it by short steps.  From a state on a border
there may be two solutions; here the border itself is seen, |x_i - x_j| <= radius as floats.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Literal, TypeAlias

import numpy as np

from meanfield.geometry import MANIFOLDS
from meanfield.kernels import Zonal
from meanfield.kernels.radial import Radial, weighed
from meanfield.laws.base import Law, true
from meanfield.protocols import Array, Kernel, Measure
from meanfield.tools import inputs
from meanfield.tools.settings import register
from meanfield.tools.shown import Shown

Manifold: TypeAlias = Literal["sphere", "flat"]
ORDER = 2048
"""Highest degree of a density's harmonics, and nodes by which they are found."""
TRIED = np.linspace(0.0, 4.0, 9)
"""Squared distances at which phi is asked before a run: those of a unit sphere."""


@register
@dataclass(frozen=True)
class OfCosine(Shown):
    """f(|x - y|^2) as a function of t = <x, y>, of unit vectors."""

    f: Callable[[Array], Array]

    def __call__(self, t: Array) -> Array:
        return weighed(self.f, np.asarray(2.0 - 2.0 * t))


@register
@dataclass(frozen=True)
class Within(Shown):
    """1 where s <= most, else 0; its integral is min(s, most)."""

    most: float

    def __call__(self, s: Array) -> Array:
        return (s <= self.most).astype(float)

    def integral(self, s: Array) -> Array:
        """int_0^s."""
        return np.minimum(s, self.most)


class Averaging(Law):
    """What laws of opinions share: everyone goes to the mean of those near him."""

    isotropic = True
    autonomous = True
    rowwise = True
    energy_is = "interaction energy"

    @property
    def weight(self) -> Any:
        """phi, with its `integral` if it is known."""
        raise TypeError(f"{type(self).__name__} does not say its weight")

    @property
    def jumps(self) -> tuple[float, ...]:
        """Squared distances where phi or its slope jumps."""
        return ()

    def _named(self) -> str:
        return getattr(self.weight, "__name__", type(self.weight).__name__)

    def _where(self) -> str:
        return "" if self.geometry == "flat" else f', geometry="{self.geometry}"'

    def _of(self, f: Callable[[Array], Array], name: str) -> Kernel:
        if self.geometry == "flat":
            return Radial(f, name)
        return Zonal(OfCosine(f), name, breaks=tuple(1.0 - 0.5 * s for s in self.jumps), order=ORDER)

    @cached_property
    def _kernel(self) -> Kernel:
        return self._of(self.weight, self._named())

    @cached_property
    def _potential(self) -> Kernel | None:
        known = getattr(self.weight, "integral", None)
        return None if known is None else self._of(known, f"integral of {self._named()}")

    @property
    def falls(self) -> tuple[str, ...]:  # type: ignore[override]
        """E, where phi tells its integral."""
        return () if self._potential is None else ("energy",)

    def velocity(self, t: float, x: Array | None, mu: Measure) -> Any:
        """M / Z - x; of who sees nobody 0, as of one who sees himself alone."""
        r = mu.read(self._kernel, x, "ZM")
        mean = np.divide(r.M, r.Z, out=np.zeros_like(r.M), where=r.Z > 0.0)
        if self.geometry == "sphere":
            return mean
        return np.where(r.Z > 0.0, mean - (mu.x if x is None else x), 0.0)

    def attention(self, t: float, mu: Measure) -> Array:
        """a_ij, of the mean to which token i goes: a row of zeros of who sees nobody."""
        s = mu.scores(self._kernel) + mu.shares()
        top = s.max(axis=-1, keepdims=True)
        a = np.exp(s - np.where(np.isfinite(top), top, 0.0))
        total = a.sum(axis=-1, keepdims=True)
        return np.divide(a, total, out=np.zeros_like(a), where=total > 0.0)

    def divergence(self, t: float, x: Array | None, mu: Measure) -> Any:
        """Refused: it asks for the slope of phi."""
        raise TypeError(
            f'{self} gives no divergence, which asks for the slope of phi: take method="spectral", or points, '
            "mf.Points(rho.x, weights=rho.weights)"
        )

    def quantities(self, t: float, mu: Measure) -> dict[str, Any]:
        """E and its rate of change, where phi tells its integral."""
        if self._potential is None:
            return {}
        mu = mu.summed
        E = 0.25 * np.sum(mu.weights * true(mu.read(self._potential, None, "Z"), "Z")[..., 0], axis=-1)
        v = np.asarray(self.velocity(t, None, mu))
        Z = true(mu.read(self._kernel, None, "Z"), "Z")[..., 0]
        return {"energy": E, "dissipation": -np.sum(mu.weights * Z * np.sum(v * v, axis=-1), axis=-1)}


@register
@dataclass(frozen=True)
class Krause(Averaging):
    """x_i' = sum_j a_ij (x_j - x_i), a_ij = phi(|x_i - x_j|^2) / sum_k phi(|x_i - x_k|^2) (A Remark 2.1; masses w_j).

    On the sphere P_x of that.  Where phi tells its integral (see below), `quantities` are "energy",
    (1/4) iint int_0^{|x-y|^2} phi dmu dmu, which falls, and its rate "dissipation".

    Parameters
    ----------
    phi : callable
        Array of squared distances s -> array of weights, entry by entry, finite and >= 0.  With a method
        ``integral(s)``, int_0^s phi, the law tells its energy.  To be saved with a run it must itself be registered
        (`mf.register`), as a frozen dataclass with ``__call__``.
    geometry : {"flat", "sphere"}
        R^d, or the unit sphere, where densities are moved too (by the spectral method).
    breaks : sequence of float, optional
        Squared distances in (0, 4) where phi or its slope jumps: for densities on spheres, whose quadrature is split
        there.

    Raises
    ------
    ValueError, TypeError
        For a phi that is negative or not finite, when it is made or when it is asked at a distance where it is; for
        breaks outside (0, 4), or in R^d, where there is no such quadrature.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([[0.0], [0.4], [2.0], [2.4]])  # two pairs, out of sight of one another
    >>> run = pt.simulate(mf.Krause(lambda s: np.maximum(1.0 - s, 0.0)), x, (0.0, 40.0))
    >>> run.x[-1, :, 0].round(6).tolist()
    [0.2, 0.2, 2.2, 2.2]
    """

    equations: ClassVar[tuple[str, ...]] = ("A Rem 2.1", "2602.11534")
    autonomous = True
    phi: Callable[[Array], Array]
    geometry: Manifold = "flat"
    breaks: Any = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        if not callable(self.phi):
            raise TypeError(f"phi: wanted a function of squared distances, got {inputs.describe(self.phi)}")
        inputs.choice("geometry", self.geometry, MANIFOLDS)
        weighed(self.phi, TRIED)
        given = inputs.sequence("breaks", self.breaks, "squared distances in (0, 4)")
        breaks = tuple(inputs.number("breaks", one) for one in given)
        if not all(0.0 < one < 4.0 for one in breaks):
            raise ValueError(f"breaks: got {breaks}, wanted squared distances in (0, 4), those of a unit sphere")
        if breaks and self.geometry == "flat":
            raise ValueError(f'breaks: got {breaks} with geometry="flat", where no quadrature is split: leave them out')
        object.__setattr__(self, "breaks", breaks)

    def __str__(self) -> str:
        return f"Krause({self._named()}{self._where()})"

    @property
    def weight(self) -> Any:
        """phi."""
        return self.phi

    @property
    def jumps(self) -> tuple[float, ...]:
        """The breaks."""
        return tuple(self.breaks)


@register
@dataclass(frozen=True)
class HegselmannKrause(Averaging):
    """Krause's law with bounded confidence: everyone goes to the mean of those no further away than `radius`.

    x_i' = mean of x_j over |x_i - x_j| <= radius, less x_i; on the sphere P_x of that, distances being straight.  The
    model as it was printed, in rounds, is ``method="euler", step=1.0``.  `quantities` are "energy",
    (1/4) iint min(|x-y|^2, radius^2) dmu dmu, which falls, and its rate "dissipation".

    The velocity jumps where a distance passes the radius.  Borders are crossed, never slid along, and adaptive
    steppers cross them by short steps, some twenty at each of up to n^2 crossings: from about 40 tokens on take
    ``method="rk4", step=0.05``, which steps over them and is off by about a step in the moment of each (200 steps for
    40 tokens to t = 10, to 1e-3, where the default takes 3000).  A state that begins on a border sees across it (see
    `meanfield.laws.krause`).

    Parameters
    ----------
    radius : float
        > 0; on the sphere below 2.
    geometry : {"flat", "sphere"}
        As of `mf.Krause`.

    Raises
    ------
    ValueError, TypeError
        For a radius that is not.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([[0.0], [0.4], [0.9], [1.3], [2.0], [2.6], [3.4]])
    >>> run = pt.simulate(mf.HegselmannKrause(1.0), x, (0.0, 5.0), method="euler", step=1.0)
    >>> run.x[-1, :, 0].round(6).tolist()
    [0.840358, 0.840358, 0.840358, 0.840358, 2.313086, 2.313086, 2.313086]
    """

    equations: ClassVar[tuple[str, ...]] = ("A Rem 2.1", "2602.11534")
    autonomous = True
    advice = (
        "Every passing of the radius is a jump, which adaptive steps meet by getting short: "
        'method="rk4", step=0.05 steps over them, and is off by about a step in the moment of each.'
    )
    radius: float
    geometry: Manifold = "flat"

    def __post_init__(self) -> None:
        inputs.choice("geometry", self.geometry, MANIFOLDS)
        radius = inputs.number("radius", self.radius, above=0.0)
        if self.geometry == "sphere" and radius >= 2.0:
            raise ValueError(f"radius: got {radius!r}, and no two points of a unit sphere are further apart than 2")
        object.__setattr__(self, "radius", radius)

    def __str__(self) -> str:
        return f"HegselmannKrause(radius={self.radius:g}{self._where()})"

    @cached_property
    def weight(self) -> Within:
        """1 up to the radius."""
        return Within(self.radius * self.radius)

    @property
    def jumps(self) -> tuple[float, ...]:
        """At the radius."""
        return (self.radius * self.radius,)
