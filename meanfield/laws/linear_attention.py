r"""Linear attention: weights <Q x, K y> in the place of e^{beta <Q x, K y>} (2607.18584).

With B = Q^T K and S = int y y^T dmu it is the linear map of every token by

    X(x) = int <Q x, K y> V y dmu(y) = V S B^T x,    div P_x X = tr A - d <x, A x>,  A = V S B^T.

Where B = V is symmetric it is grad dE of E = (1/4) iint <x, B y>^2 dmu dmu, in Wasserstein's metric, and where V = -B
of -E.  On the circle with Q = K = V = I it is Kuramoto's in 2 theta: X = -(r / 2) sin(2 theta - psi),
r e^{i psi} = int e^{2 i theta} dmu, by which Poisson kernels in 2 theta stay such, r / (1 - r^2)^{1/2} growing as
e^{t/2}.

Where Q, K, V are multiples of the identity, A = a S, densities about an axis stay such.  They know no rows: there
P_x S x is P_x M of the kernel 1 + <x, y> less P_x M of the constant 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from meanfield.kernels import Exponential
from meanfield.kernels.affine import Affine
from meanfield.laws import general
from meanfield.laws.base import Law, true
from meanfield.protocols import Array, Measure
from meanfield.tools.settings import register

CONSTANT, AFFINE = Exponential(0.0), Affine()


@register
@dataclass(frozen=True)
class LinearAttention(Law):
    """Attention whose weights are <Q x, K y>, neither exponential nor normalised: v = int <Q x, K y> V y d mu(y).

    Parameters
    ----------
    Q, K : array (m, d) or callable, optional
        Queries and keys; None: the identity.  A callable gives the matrix at time t; to be saved with a run it must be
        an object of a registered frozen dataclass with ``__call__(t)``.
    V : array (d, d) or callable, optional
        Values.
    D : array (d,) or callable, optional
        The trained diagonal of a layer's normalisation: diag(D) x is seen in the place of x.

    Raises
    ------
    ValueError, TypeError
        For matrices that do not go together or are not finite.

    Examples
    --------
    >>> r0 = 0.3  # the Poisson kernel in 2 theta, at time 1
    >>> rho0 = mf.Circle(128).density(lambda q: (1 - r0**2) / (1 - 2 * r0 * np.cos(2 * q) + r0**2))
    >>> sol = mf.solve(mf.LinearAttention(), rho0, (0.0, 1.0))
    >>> round(float(sol(1.0).moments(2)[2].real), 9)
    0.460303405
    """

    equations = ("2607.18584",)
    energy_is = "interaction energy"
    Q: Any = None
    K: Any = None
    V: Any = None
    D: Any = None

    def __post_init__(self) -> None:
        for name in general.NAMES:
            object.__setattr__(self, name, general.given(name, getattr(self, name)))
        if not callable(self.Q) and not callable(self.K):
            Exponential(0.0, self.Q, self.K)  # refuses what does not go together

    def __str__(self) -> str:
        return f"LinearAttention({general.words(self)[2:]})"

    @property
    def autonomous(self) -> bool:  # type: ignore[override]
        """False if a matrix is a function of time."""
        return not any(callable(getattr(self, name)) for name in general.NAMES)

    @property
    def isotropic(self) -> bool:  # type: ignore[override]
        """True without matrices, and of multiples of the identity."""
        return all(m is None or (not callable(m) and _multiple(m)) for m in (getattr(self, n) for n in general.NAMES))

    @property
    def gradient(self) -> int:  # type: ignore[override]
        """1 where Q^T K = V = V^T, -1 where V is minus that, 0 of others."""
        if not self.autonomous:
            return 0
        d = general.dimension(self)
        if d is None:
            return int(all(getattr(self, name) is None for name in general.NAMES))
        return general.sense(self._scores(0.0, d), general.values(self, d, 0.0))

    def _scores(self, t: float, d: int) -> Array:
        """B = Q^T K, (d, d)."""
        k = Exponential(0.0, general.at(self, "Q", t), general.at(self, "K", t))
        return general.multiplied(general.fitting(self, k, d, t), d)

    def _map(self, t: float, mu: Measure) -> Array:
        """A = V S B^T, (..., 1 or n, d, d)."""
        V = general.values(self, mu.d, t)
        A = mu.second() @ self._scores(t, mu.d).T
        return A if V is None else np.asarray(V @ A)

    def check_range(self, d: int, *, smooth: bool = False, atoms: bool = False) -> None:
        """Refuse points of a dimension that its matrices are not for."""
        self._scores(0.0, d)
        general.values(self, d, 0.0)

    def _about_axis(self, t: float, mu: Measure) -> Any:
        """P_x S x in components, times the matrices' multiple: of a measure that knows no rows."""
        V = general.values(self, mu.d, t)
        size = self._scores(t, mu.d)[0, 0] * (1.0 if V is None else V[0, 0])
        return size * (true(mu.read(AFFINE, None, "M"), "M") - true(mu.read(CONSTANT, None, "M"), "M"))

    def velocity(self, t: float, x: Array | None, mu: Measure) -> Any:
        """V S B^T x."""
        if x is None and _rows(mu) is None:
            return self._about_axis(t, mu)
        return np.einsum("...ij,...j->...i", self._map(t, mu), mu.x if x is None else x)

    def divergence(self, t: float, x: Array | None, mu: Measure) -> Any:
        """tr A - d <x, A x>."""
        if x is None and _rows(mu) is None:
            raise TypeError("of what is symmetric about an axis it does not say it")
        x, A = mu.x if x is None else x, self._map(t, mu)
        along = np.einsum("...i,...ij,...j->...", x, A, x)
        return np.trace(A, axis1=-2, axis2=-1) - x.shape[-1] * along

    def attention(self, t: float, mu: Measure) -> Array:
        """P_ij = <Q x_i, K x_j> w_j, under a mask as much of it as is seen."""
        shares = mu.shares()
        return np.asarray(np.exp(shares) * (mu.x @ self._scores(t, mu.d) @ np.swapaxes(mu.x, -1, -2)))

    def quantities(self, t: float, mu: Measure) -> dict[str, Any]:
        """E and its rate of change, of a gradient flow."""
        if not self.gradient:
            return {}
        mu = mu.summed
        S, B = mu.second()[..., 0, :, :], self._scores(t, mu.d)
        E = 0.25 * np.einsum("...ik,ij,...jl,kl->...", S, B, S, B)
        rows = _rows(mu)
        v = self.velocity(t, rows, mu)
        v = v if rows is None else mu.tangential(v)
        rate = np.sum(mu.weights * np.sum(np.square(v), axis=-1), axis=-1)
        return {"energy": E, "dissipation": self.gradient * rate}


def _multiple(m: Array) -> bool:
    """Whether a matrix, or D's diagonal, is a multiple of the identity."""
    whole = np.diag(m) if m.ndim == 1 else m
    return whole.shape[0] == whole.shape[1] and np.array_equal(whole, whole[0, 0] * np.eye(len(whole)))


def _rows(mu: Measure) -> Array | None:
    """The measure's own points, None of one about an axis, which knows none."""
    try:
        return mu.x
    except TypeError:
        return None
