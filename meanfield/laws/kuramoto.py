"""Kuramoto's model: tokens on the circle that turn at frequencies of their own and attract one another (A 7.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from meanfield.geometry import ANGLES, quarter_turn
from meanfield.kernels import Exponential
from meanfield.laws.base import Law, true
from meanfield.protocols import Array, Measure
from meanfield.tools import inputs
from meanfield.tools.settings import register

FLAT_KERNEL = Exponential(0.0)
"""Weighs all tokens alike: of it Z is the mass and M the mean."""


class Turning(Law):
    """A law of the circle alone, which adds a frequency omega, of all tokens or of each its own."""

    omega: Any
    isotropic = True
    autonomous = True
    energy_is = "interaction energy"

    def __post_init__(self) -> None:
        omega = self.omega
        if np.ndim(omega) == 0:
            omega = inputs.number("omega", omega)
        else:
            omega = inputs.array("omega", omega)
            omega.flags.writeable = False
        object.__setattr__(self, "omega", omega)

    @property
    def labelled(self) -> bool:  # type: ignore[override]
        """True if every token has its own frequency."""
        return np.ndim(self.omega) > 0

    @property
    def tokens(self) -> int | None:  # type: ignore[override]
        """As many as there are frequencies."""
        return np.shape(self.omega)[-1] if self.labelled else None

    def _omega(self) -> str:
        return f"{np.size(self.omega)} omegas" if self.labelled else f"omega={self.omega:g}"

    def check_range(self, d: int, *, smooth: bool = False, atoms: bool = False) -> None:
        """Refuse what does not lie on the circle."""
        if d != 2:
            raise ValueError(
                f"law: {self} turns angles, and these points are of R^{d}: give angles in radians, as "
                "np.array([0.0, 1.0]), or a density on mf.Circle(n)"
            )

    def _along(self, x: Array | None, mu: Measure) -> Array:
        """The unit tangent, as the measure answers at its own points (rows x: as rows)."""
        unit = quarter_turn(mu.x if x is None else x)
        return mu.tangential(unit) if x is None else unit

    def _turned(self, x: Array | None, mu: Measure) -> Any:
        """The velocity omega."""
        if not self.labelled and self.omega == 0.0:
            return 0.0
        along = self._along(x, mu)
        omega, n = np.asarray(self.omega), along.shape[-2]
        if self.labelled and omega.shape[-1] != n:
            raise ValueError(f"omega: got shape {omega.shape}, and there are {n} points: one frequency for each")
        return omega[..., None] * along


@register
@dataclass(frozen=True)
class Kuramoto(Turning):
    """theta_i' = omega_i + K sum_j w_j sin(theta_j - theta_i) (A (7.2); masses w_j, 1/n if not given).

    The flow climbs F = (K/2) r^2 + sum_i w_i omega_i theta_i (A (7.3); angles as they turn, not modulo 2 pi), with the
    order parameter r = |int x dmu|; without frequencies it is USA at beta = 0, K times as fast.  `quantities` are
    "order", r, "energy", (K/2) r^2, its rate "dissipation", and of angles "potential", F (in a run whose angles begin
    beyond four turns less its constant 2 pi sum_i w_i omega_i of the whole turns, which a run takes off).

    Parameters
    ----------
    omega : float or array (n,) or (..., n)
        Natural frequencies, radians per time.  One number is that of all tokens, and of a density.
    coupling : float
        K; negative repels.

    Raises
    ------
    ValueError, TypeError
        For what is not finite; when points are given, for another number of them, and for points not on the circle;
        for a density, if tokens have frequencies of their own.

    Examples
    --------
    >>> import numpy as np
    >>> law = mf.Kuramoto(np.array([-0.1, 0.0, 0.1]), coupling=1.0)
    >>> run = pt.simulate(law, [0.0, 1.0, 2.0], (0.0, 40.0))
    >>> float(np.ptp(run.theta[-1]).round(6))  # locked: 0.3 = sin(a) + sin(2 a), twice that apart
    0.201013
    """

    equations: ClassVar[tuple[str, ...]] = ("A (7.2)", "A (7.3)")
    autonomous = True
    shared = ("order",)
    omega: Any = 0.0
    coupling: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "coupling", inputs.number("coupling", self.coupling))

    def __str__(self) -> str:
        return f"Kuramoto({self._omega()}, coupling={self.coupling:g})"

    @property
    def rises(self) -> tuple[str, ...]:  # type: ignore[override]
        """F; where all turn alike (K/2) r^2 too."""
        return ("potential",) if self.labelled else ("potential", "energy")

    @property
    def falls(self) -> tuple[str, ...]:  # type: ignore[override]
        """The free energy -(K/2) r^2, where all turn alike."""
        return () if self.labelled else ("free_energy",)

    def velocity(self, t: float, x: Array | None, mu: Measure) -> Any:
        """omega + K P_x int y dmu."""
        return self.coupling * true(mu.read(FLAT_KERNEL, x, "M"), "M") + self._turned(x, mu)

    def divergence(self, t: float, x: Array | None, mu: Measure) -> Any:
        """-K <x, int y dmu>."""
        return self.coupling * true(mu.read(FLAT_KERNEL, x, "L"), "L")

    def ascent(self, t: float, x: Array | None, mu: Measure) -> Any:
        """K P_x int y dmu, whatever the frequencies."""
        return self.coupling * true(mu.read(FLAT_KERNEL, x, "M"), "M")

    def quantities(self, t: float, mu: Measure) -> dict[str, Any]:
        """order, energy, dissipation, and potential of points held by their angles."""
        mu = mu.summed
        mean = np.asarray(mu.mean)
        energy = 0.5 * self.coupling * np.sum(mean * mean, axis=-1)
        unit = quarter_turn(mu.x)
        along = np.sum(unit * mean[..., None, :], axis=-1)  # <tangent, mean> at every point
        speed = np.broadcast_to(self.omega, along.shape) + self.coupling * along
        rate = self.coupling * np.sum(mu.weights * along * speed, axis=-1)
        told = {"order": np.linalg.norm(mean, axis=-1), "energy": energy, "dissipation": rate}
        if not self.labelled:
            told["free_energy"] = -energy
        if mu.geometry == ANGLES and not mu.dense:
            told["potential"] = energy + np.sum(mu.weights * self.omega * mu.positions, axis=-1)
        return told
