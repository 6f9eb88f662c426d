r"""Inertia: tokens that keep their velocities, and are pushed by a law where they were moved by it (2603.16535).

    x' = v,    v' = -gamma v + X[mu](x)        on spheres  v' = P_x(-gamma v + X) - |v|^2 x

with mu the law of positions.  As gamma -> inf, in the time t / gamma, it is the law itself.  Where X grows a small
mode at the rate s, inertia grows it at (sqrt(gamma^2 + 4 s) - gamma) / 2 (2510.25034): `inertial_rate`.  Where X is the
gradient flow of E, sign included, (1/2) int |v|^2 dmu -+ E falls at the rate gamma int |v|^2 dmu.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from typing import Any

import numpy as np

from meanfield.geometry import FLAT, ROWS, Product, Tangent, halves
from meanfield.laws.base import refuse_common, refuse_jumps
from meanfield.laws.seeing import About
from meanfield.protocols import Array, Geometry, Measure, said
from meanfield.tools import inputs
from meanfield.tools.settings import register


@register
@dataclass(frozen=True)
class Inertial(About):
    """A law as a force: x' = v, v' = -friction v + X[mu](x), along the sphere if the law is of the sphere.

    Points are rows (..., n, 2 d), positions and then velocities (on spheres tangent ones):
    ``numpy.concatenate([x, v], axis=-1)``.  Several forces are one law, ``mf.Inertial(a + b)``; noise of velocities is
    the law's, ``mf.Inertial(law + mf.Diffusion(kappa))``.  Under a law of R^d that is affine in x, as softmax attention
    seen by a Gaussian, a `mf.Gaussian` of R^{2d} stays one, and `mf.solve` moves its moments.

    `quantities`: "kinetic", (1/2) int |v|^2 dmu; and of a law that says it is the gradient flow of its energy
    (`Law.gradient`; mf.USA, not mf.SA) "energy", kinetic less or plus that, and its rate "dissipation".

    Parameters
    ----------
    law : Law
        The force.
    friction : float
        gamma >= 0.

    Raises
    ------
    ValueError, TypeError
        For what is no law, one that moves positions and velocities already, one that jumps, noise that all tokens
        share; for a negative friction.

    Examples
    --------
    >>> x = pt.uniform(8, 3, rng=0)
    >>> law = mf.Inertial(mf.USA(1.0), friction=0.5)
    >>> run = pt.simulate(law, np.concatenate([x, np.zeros_like(x)], axis=-1), (0.0, 20.0))
    >>> bool(np.all(np.diff(run.energy) <= 0.0))
    True
    """

    equations = ("2603.16535", "2510.25034")
    law: Any
    friction: float = 1.0
    geometry = "flat"
    isotropic = False
    shared = ("kinetic",)
    energy_is = "kinetic and potential energy"
    coasting = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.law.place is not None:
            raise ValueError(f"law: {self.law} moves positions and velocities already: give mf.Inertial a law of rows")
        refuse_jumps(self.law, "velocities are no mean of what its leaders give")
        refuse_common(self.law, "velocities are shaken one by one")
        object.__setattr__(self, "friction", inputs.number("friction", self.friction, low=0.0))

    def __str__(self) -> str:
        return f"Inertial({self.law}, friction={self.friction:g})"

    @property
    def place(self) -> Geometry | None:  # type: ignore[override]
        """Positions and velocities, of R^d or of the sphere."""
        return Product(FLAT, FLAT) if self.law.geometry == "flat" else Tangent()

    @property
    def drift(self) -> float:  # type: ignore[override]
        """x' = v, but of a law that was told to push alone."""
        return 1.0 if self.coasting else 0.0

    def pushing(self) -> Any:
        """The same push, positions at rest."""
        one = copy(self)
        object.__setattr__(one, "coasting", False)
        return one

    @property
    def autonomous(self) -> bool | None:  # type: ignore[override]
        """As the law, None if it does not say."""
        return said(self.law)

    @property
    def falls(self) -> tuple[str, ...]:  # type: ignore[override]
        """The energy, where there is one, and friction."""
        return ("energy",) if self._tells and self.friction > 0.0 else ()

    @property
    def keeps(self) -> tuple[str, ...]:  # type: ignore[override]
        """The energy, where there is one, and no friction."""
        return ("energy",) if self._tells and self.friction == 0.0 else ()

    @property
    def _tells(self) -> bool:
        return bool(self.law.gradient) and said(self.law) is True

    def check_range(self, d: int, *, smooth: bool = False, atoms: bool = False) -> None:
        """As the law, of half the dimension."""
        self.law.check_range(d // 2, smooth=smooth, atoms=atoms)

    def _positions(self, mu: Measure) -> Measure:
        """The law of positions."""
        seen: Measure = mu.marginal(mu.d // 2, FLAT if self.law.geometry == "flat" else ROWS)
        return seen

    def velocity(self, t: float, x: Array | None, mu: Measure) -> Any:
        """v, and -friction v + X."""
        nu = self._positions(mu)
        q, v = halves(mu.x if x is None else x)
        push = self.law.velocity(t, nu.x if x is None or x is mu.x else q, nu)
        return np.concatenate([self.drift * v, push - self.friction * v], axis=-1)

    def noise(self, t: float, x: Array | None, mu: Measure) -> Any:
        """The law's, of velocities, and 0 of positions."""
        nu = self._positions(mu)
        q = None if x is None else nu.x if x is mu.x else halves(x)[0]
        s = np.asarray(self.law.noise(t, q, nu))
        if not np.any(s):
            return 0.0
        if s.ndim == 0:
            return s * np.repeat([0.0, 1.0], mu.d // 2)
        s = np.broadcast_to(s, (*s.shape[:-1], mu.d // 2))
        return np.concatenate([np.zeros_like(s), s], axis=-1)

    def attention(self, t: float, mu: Measure) -> Array:
        """The law's, of positions."""
        return np.asarray(self.law.attention(t, self._positions(mu)))

    def log_attention(self, t: float, mu: Measure) -> Array:
        """The law's, of positions."""
        return np.asarray(self.law.log_attention(t, self._positions(mu)))

    def quantities(self, t: float, mu: Measure) -> dict[str, Any]:
        """kinetic; energy and dissipation, where the law is the gradient flow of its own."""
        v = halves(mu.x)[1]
        kinetic = 0.5 * np.sum(mu.weights * np.sum(v * v, axis=-1), axis=-1)
        told: dict[str, Any] = {"kinetic": kinetic}
        if self._tells:
            E = self.law.quantities(t, self._positions(mu))["energy"]
            told["energy"] = (kinetic if self.coasting else 0.0) - self.law.gradient * E
            told["dissipation"] = -2.0 * self.friction * kinetic
        return told
