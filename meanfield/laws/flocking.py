r"""Flocks: tokens with positions and velocities, or headings, that follow those near them (A Remark 2.1).

    Cucker-Smale    x' = v,          v_i' = K sum_j w_j psi(|x_i - x_j|^2) (v_j - v_i)
    Vicsek          x' = speed u,    u_i' = K P_{u_i} sum_j a_ij u_j + noise,    |u_i| = 1

with a_ij of Krause's law (`meanfield.laws.krause`).  A token is one row, its position and then its velocity or heading:
a product of geometries.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from math import sqrt
from typing import Any, ClassVar

import numpy as np

from meanfield.geometry import FLAT, ROWS, Product, halves
from meanfield.kernels.radial import Radial, weighed
from meanfield.laws.base import Law, true
from meanfield.laws.krause import TRIED
from meanfield.protocols import Array, Measure
from meanfield.tools import inputs
from meanfield.tools.settings import register


class Flock(Law):
    """What laws of positions and something beside them share."""

    geometry = "flat"
    isotropic = False
    autonomous = True
    phi: Callable[[Array], Array]
    coupling: float
    coasting = True

    @property
    def pace(self) -> float:
        """x' is so many times the velocity, or heading."""
        return 1.0

    @property
    def drift(self) -> float:  # type: ignore[override]
        """The pace, but of a law that was told to push alone."""
        return self.pace if self.coasting else 0.0

    def pushing(self) -> Any:
        """The same push, positions at rest."""
        one = copy(self)
        object.__setattr__(one, "coasting", False)
        return one

    def __post_init__(self) -> None:
        if not callable(self.phi):
            raise TypeError(f"phi: wanted a function of squared distances, got {inputs.describe(self.phi)}")
        weighed(self.phi, TRIED)
        object.__setattr__(self, "coupling", inputs.number("coupling", self.coupling))

    def _named(self) -> str:
        return getattr(self.phi, "__name__", type(self.phi).__name__)

    def _seen(self, x: Array, mu: Measure) -> tuple[Array, Array]:
        """Z and int phi(|x - y|^2) v dmu, v the second half of the rows."""
        d = mu.d // 2
        r = mu.read(Radial(self.phi, self._named(), half=True), x, "ZM", np.eye(2 * d)[d:])
        return true(r, "Z"), true(r, "M")


@register
@dataclass(frozen=True)
class CuckerSmale(Flock):
    """x_i' = v_i, v_i' = K sum_j w_j psi(|x_i - x_j|^2) (v_j - v_i) (A Remark 2.1; masses w_j, 1/n if not given).

    Points are rows (..., n, 2 d), positions and then velocities: ``numpy.concatenate([x, v], axis=-1)``.  The mean
    velocity, "momentum", is kept; `quantities` are also "energy", (1/2) int |v - mean|^2 dmu, and its rate
    "dissipation", -(K/2) iint psi |v - v'|^2 dmu dmu.

    Parameters
    ----------
    phi : callable
        psi: array of squared distances s -> array of weights, as of `mf.Krause`: finite and >= 0.  Cucker and Smale's
        is (1 + s)^{-gamma}, by which all flocks end with one velocity if gamma <= 1/2.
    coupling : float
        K; negative drives velocities apart.

    Raises
    ------
    ValueError, TypeError
        For a phi that is negative or not finite, when it is made or asked; for rows of an odd number of components.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([[0.0, 1.0], [1.0, -1.0]])  # on a line, with velocities 1 and -1
    >>> run = pt.simulate(mf.CuckerSmale(lambda s: (1.0 + s) ** -0.5), x, (0.0, 60.0))
    >>> bool(np.ptp(run.x[-1, :, 1]) < 1e-6)  # one velocity
    True
    """

    equations: ClassVar[tuple[str, ...]] = ("A Rem 2.1",)
    autonomous = True
    place = Product(FLAT, FLAT)
    keeps = ("momentum",)
    energy_is = "spread of velocities"
    shared = ("momentum", "energy")
    phi: Callable[[Array], Array]
    coupling: float = 1.0

    def __str__(self) -> str:
        return f"CuckerSmale({self._named()}, coupling={self.coupling:g})"

    @property
    def falls(self) -> tuple[str, ...]:  # type: ignore[override]
        """How velocities differ, where they attract."""
        return ("energy",) if self.coupling >= 0.0 else ()

    def velocity(self, t: float, x: Array | None, mu: Measure) -> Any:
        """v, and K (M - Z v)."""
        x = mu.x if x is None else x
        Z, M = self._seen(x, mu)
        v = halves(x)[1]
        return np.concatenate([self.drift * v, self.coupling * (M - Z * v)], axis=-1)

    def quantities(self, t: float, mu: Measure) -> dict[str, Any]:
        """momentum (..., d), energy and dissipation."""
        v, w = halves(mu.x)[1], mu.weights
        mean = np.einsum("...n,...nd->...d", w, v)
        off = v - mean[..., None, :]
        pull = halves(np.asarray(self.velocity(t, mu.x, mu)))[1]
        E = 0.5 * np.sum(w * np.sum(off * off, axis=-1), axis=-1)
        return {"momentum": mean, "energy": E, "dissipation": np.sum(w * np.sum(off * pull, axis=-1), axis=-1)}


@register
@dataclass(frozen=True)
class Vicsek(Flock):
    """x_i' = speed u_i, u_i' = K P_{u_i} sum_j a_ij u_j, |u_i| = 1: headings that follow those near (A Remark 2.1).

    a_ij = w_j phi(|x_i - x_j|^2) / sum_k w_k phi(|x_i - x_k|^2).  Headings shake by sqrt(2 kappa) P_u dB, in Ito's
    sense with the sphere's curvature term; positions do not.  Points are rows (..., n, 2 d), positions and then unit
    headings.  Vicsek's own model, in the plane and in rounds, has bounded confidence, ``phi=lambda s: s <= 1.0``;
    `quantities` has its "order", |int u dmu|.

    Parameters
    ----------
    phi : callable
        Weights of squared distances, as of `mf.Krause`.
    coupling : float
        K.
    speed : float
        That of all.
    kappa : float
        Strength of the noise, >= 0.

    Raises
    ------
    ValueError, TypeError
        For a phi that is negative or not finite, kappa < 0; for rows of an odd number of components, or whose headings
        are not unit vectors.

    Examples
    --------
    >>> import numpy as np
    >>> a = np.array([0.0, 1.0, 2.0])
    >>> x = np.stack([a, a, np.cos(a), np.sin(a)], axis=-1)  # at (a, a), with heading a
    >>> run = pt.simulate(mf.Vicsek(lambda s: 1 / (1 + s), coupling=5.0), x, (0.0, 20.0))
    >>> bool(run.quantity("order")[-1] > 0.999)
    True
    """

    equations: ClassVar[tuple[str, ...]] = ("A Rem 2.1",)
    autonomous = True
    place = Product(FLAT, ROWS)
    shared = ("order",)
    phi: Callable[[Array], Array]
    coupling: float = 1.0
    speed: float = 1.0
    kappa: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "speed", inputs.number("speed", self.speed))
        object.__setattr__(self, "kappa", inputs.number("kappa", self.kappa, low=0.0))

    def __str__(self) -> str:
        noise = f", kappa={self.kappa:g}" if self.kappa else ""
        return f"Vicsek({self._named()}, coupling={self.coupling:g}, speed={self.speed:g}{noise})"

    @property
    def pace(self) -> float:
        """The speed."""
        return self.speed

    def velocity(self, t: float, x: Array | None, mu: Measure) -> Any:
        """speed u, and K P_u M / Z; of who sees nobody no turn."""
        x = mu.x if x is None else x
        Z, M = self._seen(x, mu)
        u = halves(x)[1]
        mean = np.divide(M, Z, out=np.zeros_like(M), where=Z > 0.0)
        return np.concatenate([self.drift * u, self.coupling * ROWS.project(u, mean)], axis=-1)

    def noise(self, t: float, x: Array | None, mu: Measure) -> Any:
        """sqrt(2 kappa) of the headings, 0 of the positions."""
        return sqrt(2.0 * self.kappa) * np.repeat([0.0, 1.0], mu.d // 2) if self.kappa else 0.0

    def quantities(self, t: float, mu: Measure) -> dict[str, Any]:
        """order."""
        mean = np.einsum("...n,...nd->...d", mu.weights, halves(mu.x)[1])
        return {"order": np.linalg.norm(mean, axis=-1)}
