"""Weighted circles of latitude: an axisymmetric measure on S^{d-1} carried by points of its meridian.

They are held by colatitude phi, not by height c = cos phi: near a pole c loses the digits that a narrow cluster needs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from meanfield.kernels import energy
from meanfield.kernels.zonal import heights
from meanfield.measures.belts import AboutAxis, Belted, belted
from meanfield.protocols import Array, Bilinear, Kernel, Law, Reading
from meanfield.special import ultraspherical
from meanfield.sums.direct import direct
from meanfield.sums.latitudes import latitudes
from meanfield.tools import inputs
from meanfield.tools.shown import ShownMeasure

UNSURE = 1e-11
"""Where rounding may change M or L by more than this share of Z, the band-limited sum is replaced by direct ones, which
cost n times as much: where Z is faint, and near the poles of high dimensions, whose harmonics are enormous there."""
EPS = float(np.finfo(float).eps)
LARGEST = 1e150
"""Harmonics beyond this are not summed."""
AROUND = 24
"""Nodes around a circle beyond the kernel's bandwidth."""


@dataclass(frozen=True, eq=False)
class Rings(ShownMeasure, AboutAxis):
    """sum_j weights_j (uniform measure on the circle of latitude at phi_j).

    Attributes
    ----------
    space : ZonalSphere
        Dimension and axis.
    colatitude : ndarray (..., n)
        Angles phi in [0, pi] from the axis, in radians.
    weights : ndarray (..., n)
        Masses.
    field : {"auto", "direct", "harmonic"}
        Which sum answers; "auto" is the band-limited one, mended by direct sums where rounding is felt.
    """

    space: Any
    colatitude: Array
    weights: Array
    field: str = "auto"

    @property
    def d(self) -> int:
        """Ambient dimension."""
        return int(self.space.d)

    @property
    def positions(self) -> Array:
        """(..., n) colatitudes."""
        return self.colatitude

    @cached_property
    def points(self) -> Array:
        """(..., n) heights c = cos phi, the coordinates of the space."""
        return np.asarray(np.cos(self.colatitude))

    @cached_property
    def _sine(self) -> Array:
        return np.asarray(np.sin(self.colatitude))

    @property
    def mass(self) -> Array:
        """int d mu."""
        return self.weights.sum(axis=-1)

    @property
    def mean(self) -> Array:
        """int x d mu, (..., d)."""
        return self.space.averages(self.coefficients(2))[0]

    @property
    def second_moment(self) -> Array:
        """int x x^T d mu, (..., d, d)."""
        return self.space.averages(self.coefficients(2))[1]

    def coefficients(self, degree: int) -> Array:
        """a_k = int p_k d mu for k = 0..max(degree, the space's own): zeros fill what is not asked for."""
        a = self.space.project(self.points, self.weights, degree)
        rest = max(self.space.degree - degree, 0)
        return np.concatenate([a, np.zeros((*a.shape[:-1], rest))], axis=-1)

    def moments(self, degree: int) -> Array:
        """int P_k(<x, axis>) d mu, k = 0..degree, with P_k(1) = 1."""
        return heights(self.d, inputs.degree("degree", degree), self.points, self.weights)

    def tangential(self, v: Array) -> Array:
        """Refused: a row has no component along the meridian alone."""
        raise TypeError(f"tangential: circles of latitude have no rows: {self.instead}")

    def reweighed(self, g: Any) -> Rings:
        """g mu, for g (..., n) of any sign on the circles; not normalised."""
        return replace(self, weights=self.weights * inputs.factors("g", g, self.colatitude.shape[-1], "circle"))

    def also(self, y: Any, a: Any, per_token: bool = True) -> Belted:
        """mu and more circles of latitude, which act and do not move (see `Density.also`)."""
        return belted(self, self.colatitude, y, a, per_token)

    def energy(self, law: Law, t: float | None = None) -> Any:
        """E of the law (at time t, if it changes with time), in its scale."""
        return energy.told(law, self, t)

    def excess(self, kernel: Kernel) -> tuple[Array, float]:
        """E less that of the uniform measure, as a number and a logarithm (see `protocols.Measure`)."""
        K = kernel.bandwidth(self.d)
        # of masses at a pole the squares alone may be too large for a float
        a = self.space.project(self.points, self.weights, K) * np.sqrt(kernel.potential(self.d, K))
        return 0.5 * np.sum(np.square(a[..., 1:]), axis=-1), kernel.log_lambda0(self.d)

    def read(self, kernel: Kernel, x: Array | None = None, want: str = "ZM", V: Array | None = None) -> Reading:
        """Answer an isotropic law at the rings themselves, M by its component towards the axis."""
        if x is not None or V is not None or not kernel.isotropic:
            raise TypeError(f"circles of latitude answer isotropic laws at their own points, got {kernel}")
        every = np.arange(self.colatitude.shape[-1])
        if self.field == "direct":
            return self._direct(kernel, want, every)
        answer = self._harmonic(kernel, want)
        if answer is None:  # harmonics that no float holds
            return self._direct(kernel, want, every)
        r, unsure = answer
        if self.field == "auto" and unsure.any():
            few = np.flatnonzero(unsure.reshape(-1, len(every)).any(axis=0))
            self._mend(r, self._direct(kernel, want, few), few)
        return r

    @staticmethod
    def _mend(r: Reading, exact: Reading, few: Array) -> None:
        size = np.exp(exact.log - r.log)
        if r.Z is not None:
            r.Z[..., few, :] = exact.Z * size
        if r.M is not None:
            r.M[..., few, :] = exact.M * size
        if r.L is not None:
            r.L[..., few] = exact.L * size[..., 0]

    def _harmonic(self, kernel: Kernel, want: str) -> tuple[Reading, Array] | None:
        """By moments: project, multiply, evaluate; and (..., n) where that is rounding, or None if all of it is.

        A moment c_k and a harmonic p_k carry eps of their size, c_k of sum_j w_j |p_k(phi_j)|.
        """
        d, K = self.d, kernel.bandwidth(self.d)
        k = np.arange(K + 1)
        shape = self.colatitude.shape
        table = ultraspherical.values(d, K, self.points.ravel()).reshape(*shape, K + 1)
        size = np.abs(table)
        if not size.max() < LARGEST:
            return None
        c = np.einsum("...n,...nk->...k", self.weights, table)[..., None]
        weight = np.einsum("...n,...nk->...k", np.abs(self.weights), size)[..., None]
        q, rate = kernel.multipliers(d, K)[:, None], (k * (k + d - 2.0) * kernel.potential(d, K))[:, None]
        Z = table @ (q * c)
        unsure = (EPS / UNSURE) * (size @ ((np.abs(q) + np.abs(rate)) * weight)) > Z
        M = L = None
        if "L" in want:
            L = -(table @ (rate * c))[..., 0]
        if "M" in want:
            # the slope is sin(phi) times the derivative in c, and sin(phi) must come from phi
            rise = ultraspherical.derivatives(d, K, self.points.ravel()).reshape(*shape, K + 1)
            M = (rise @ (kernel.potential(d, K)[:, None] * c)) * self._sine[..., None]
        return Reading(Z if "Z" in want else None, M, L, kernel.log_lambda0(d)), unsure[..., 0]

    def _direct(self, kernel: Kernel, want: str, rows: Array) -> Reading:
        """Sums over all rings, in closed form where the score is beta <x, y>."""
        if isinstance(kernel, Bilinear):
            return latitudes(kernel.upper(), self.d, self.colatitude, self.weights, rows, want)
        return self.by_quadrature(kernel, want, rows)

    def by_quadrature(self, kernel: Kernel, want: str, rows: Array) -> Reading:
        """Sums over all rings, each a circle of quadrature points: the slow oracle.

        By symmetry a target may stand in the plane of the axis and one more direction, and a point of a ring of S^{d-1}
        counts by its component in that plane: everything happens in R^3, for any d.
        """
        u, around = self._around(kernel)
        phi = np.broadcast_to(self.colatitude, np.broadcast_shapes(self.colatitude.shape, self.weights.shape))
        weights = np.broadcast_to(self.weights, phi.shape)
        c, s = np.cos(phi), np.sin(phi)
        x = np.stack([c[..., rows], s[..., rows], np.zeros_like(c[..., rows])], axis=-1)
        y = np.stack(np.broadcast_arrays(c[..., None], s[..., None] * u, s[..., None] * np.sqrt(1.0 - u * u)), axis=-1)
        y = y.reshape(*phi.shape[:-1], -1, 3)
        w = (weights[..., None] * around).reshape(*phi.shape[:-1], -1)
        asked = "ZML" if "L" in want else "ZM"
        r = direct(kernel, x, y, w, asked)
        across = np.stack([x[..., 1], -x[..., 0], x[..., 2]], axis=-1)
        L = r.L
        if L is not None:
            # the divergence beta (1 - t^2) - (d - 1) t differs from that of S^2 by (d - 3) t alone
            L = L - (self.d - 3.0) * np.sum(r.M * x, axis=-1)
        M = np.sum(r.M * across, axis=-1, keepdims=True) if "M" in want else None
        return Reading(r.Z, M, L, r.log)

    def _around(self, kernel: Kernel) -> tuple[Array, Array]:
        """Quadrature of a ring: cosines u of the angle around the axis, and weights of sum 1."""
        if self.d == 2:
            return np.array([1.0, -1.0]), np.array([0.5, 0.5])
        m = kernel.bandwidth(self.d) + AROUND
        if self.d == 3:
            return np.cos(np.pi * (np.arange(m) + 0.5) / m), np.full(m, 1.0 / m)
        rule = ultraspherical.gauss(self.d - 1, m)
        return rule.nodes, rule.weights
