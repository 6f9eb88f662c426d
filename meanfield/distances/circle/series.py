"""Distribution functions on the circle by Fourier series: exact values, antiderivatives and inverses at many points."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import ducc0
import numpy as np
import scipy

from meanfield.distances.circle.measures import TWO_PI, wrapped
from meanfield.distances.numerics.roots import bracketed_newton
from meanfield.protocols import Array

# the nonuniform transform offers 1e-14 of the coefficients' l2 norm at best; those of F have norm below 1/2
_NUFFT = 1e-14


class Series:
    """F(theta) = c_0 theta / 2 pi + f(theta), a distribution function up to a constant, by the moments of its law.

    With density (per arc length) rho = F' = (1/2 pi) sum_k c_k e^{ik theta}, the periodic part f and its mean-free
    antiderivative a have coefficients c_k / (2 pi ik) and c_k / (2 pi (ik)^2).  Constants are left out on purpose:
    the circle's distances minimise over them.

    Parameters
    ----------
    c : ndarray (K + 1,)
        c_k = int e^{-ik theta} d mu for k = 0..K.  c_0 = 1 for a law, 0 for the difference of two.
    """

    def __init__(self, c: Array) -> None:
        used = np.flatnonzero(c[1:])
        self.degree = int(used[-1]) + 1 if used.size else 1
        self.mass = float(c[0].real)
        top = np.zeros(self.degree, dtype=complex)
        top[: min(self.degree, c.size - 1)] = c[1 : self.degree + 1]
        ik = 1j * np.arange(1, self.degree + 1)
        self._half = {"slope": top * ik, "rho": top, "f": top / ik, "a": top / ik**2}

    # --- values -----------------------------------------------------------------------------------------

    def periodic(self, first: str, second: str, theta: Array) -> tuple[Array, Array]:
        """Two of "slope" (of rho), "rho", "f", "a" at theta (any shape), by one nonuniform transform of both.

        "rho" is given without its mean c_0 / 2 pi.
        """
        p, q = self._half[first], self._half[second]
        grid = np.zeros(2 * self.degree + 1, dtype=complex)
        grid[self.degree + 1 :] = p + 1j * q
        grid[self.degree - 1 :: -1] = np.conj(p) + 1j * np.conj(q)
        grid /= TWO_PI
        points = np.ascontiguousarray(wrapped(np.ravel(theta)))
        if points.size == 0:
            return np.empty(np.shape(theta)), np.empty(np.shape(theta))
        both = ducc0.nufft.u2nu(
            grid=grid, coord=points[:, None], forward=False, epsilon=_NUFFT, nthreads=1, periodicity=TWO_PI
        ).reshape(np.shape(theta))
        return both.real, both.imag

    def cumulative(self, theta: Array) -> tuple[Array, Array]:
        """F and rho at theta."""
        f, rho = self.periodic("f", "rho", theta)
        return self.mass * theta / TWO_PI + f, self.mass / TWO_PI + rho

    # --- on a grid --------------------------------------------------------------------------------------

    @cached_property
    def nodes(self) -> Array:
        """(M + 1,) equidistant angles 0..2 pi, at least eight to the shortest wave."""
        m = scipy.fft.next_fast_len(max(1024, 8 * (self.degree + 1)), real=True)
        return np.linspace(0.0, TWO_PI, m + 1)

    def on_nodes(self, which: str) -> Array:
        """(M + 1,) the periodic "slope", "rho", "f" or "a" at the nodes."""
        m = self.nodes.size - 1
        spectrum = np.zeros(m // 2 + 1, dtype=complex)
        spectrum[1 : self.degree + 1] = self._half[which]
        values = np.fft.irfft(spectrum, m) * (m / TWO_PI)
        return np.append(values, values[0])

    @cached_property
    def density(self) -> Array:
        """(M + 1,) rho at the nodes."""
        return self.mass / TWO_PI + self.on_nodes("rho")

    @cached_property
    def table(self) -> Array:
        """(M + 1,) F at the nodes, made nondecreasing (a slightly under-resolved density may dip below zero)."""
        return np.maximum.accumulate(self.mass * self.nodes / TWO_PI + self.on_nodes("f"))

    @cached_property
    def turning_points(self) -> Array:
        """Zeros of rho with a change of sign: where F stops being monotone.

        They are sought between the nodes and the extrema of rho, so that close pairs are seen too.
        """
        if self.degree == 1 and not self._half["rho"].any():
            return np.empty(0)
        slope = self.on_nodes("slope")
        extrema = self._zeros(self.nodes, slope, lambda t: self._with_slope(t, "slope"), max_iterations=24)
        grid = np.sort(np.concatenate([self.nodes, extrema]))
        rho = self.mass / TWO_PI + self.periodic("rho", "slope", grid)[0]
        # what is zero up to rounding has no sign
        rho[np.abs(rho) <= 1e-13 * np.abs(self._half["rho"]).sum()] = 0.0
        return self._zeros(grid, rho, lambda t: self._with_slope(t, "rho"), max_iterations=60)

    def _with_slope(self, theta: Array, which: str) -> tuple[Array, Array]:
        rho, slope = self.periodic("rho", "slope", theta)
        if which == "rho":
            return self.mass / TWO_PI + rho, slope
        return slope, np.full_like(slope, np.nan)  # no second derivative at hand: the solver bisects

    @staticmethod
    def _zeros(grid: Array, values: Array, fun: Callable[[Array], tuple[Array, Array]], max_iterations: int) -> Array:
        """One zero in each interval of the grid across which `values` change sign."""
        change = np.flatnonzero(values[:-1] * values[1:] < 0.0)
        if change.size == 0:
            return np.empty(0)
        sign = np.where(values[change] < 0.0, 1.0, -1.0)
        low, high = grid[change], grid[change + 1]

        def rising(t: Array, index: Array) -> tuple[Array, Array]:
            v, s = fun(t)
            return sign[index] * v, sign[index] * s

        guess = 0.5 * (low + high)
        return bracketed_newton(rising, low, high, guess, xtol=1e-12, vtol=0.0, max_iterations=max_iterations)

    # --- inverse ----------------------------------------------------------------------------------------

    def quantile(self, u: Array) -> Array:
        """theta with F(theta) = u, for any real u: F^{-1}(u + 1) = F^{-1}(u) + 2 pi.

        A monotone cubic through the table, then Newton inside the table's cell.
        """
        shape, u = np.shape(u), np.ravel(u)
        turns = np.floor(u - self.table[0])
        v = u - turns
        cell = np.clip(np.searchsorted(self.table, v, side="right") - 1, 0, self.nodes.size - 2)
        low, high = self.nodes[cell], self.nodes[cell + 1]

        def residual(t: Array, index: Array) -> tuple[Array, Array]:
            F, rho = self.cumulative(t)
            return F - v[index], rho

        guess = low + (high - low) * self._guess(v, cell)
        theta = bracketed_newton(residual, low, high, guess, xtol=1e-9, vtol=2e-15)
        return (theta + TWO_PI * turns).reshape(shape)

    @cached_property
    def _inverse_slopes(self) -> tuple[Array, Array, Array]:
        """The table's rise over each cell, and the inverse's slopes at both ends in cell coordinates, limited to 3."""
        rise = np.diff(self.table)
        step = TWO_PI / rise.size
        with np.errstate(all="ignore"):
            both = [rise / (step * rho) for rho in (self.density[:-1], self.density[1:])]
        first, second = (np.where((m >= 0.0) & (m < 3.0), m, 3.0) for m in both)
        return rise, first, second

    def _guess(self, v: Array, cell: Array) -> Array:
        """The table's inverse in cell coordinates [0, 1]: cubic Hermite with slopes limited to stay monotone."""
        rise, first, second = self._inverse_slopes
        with np.errstate(all="ignore"):
            z = (v - self.table[cell]) / rise[cell]
        z = np.where(np.isfinite(z), np.clip(z, 0.0, 1.0), 0.5)
        w = 1.0 - z
        return z * (z * (3.0 - 2.0 * z) + w * (first[cell] * w - second[cell] * z))

    # --- refusals ---------------------------------------------------------------------------------------

    @property
    def negative_mass(self) -> float:
        """int max(-rho, 0) d theta, by the nodes."""
        return float(np.maximum(-self.density[:-1], 0.0).mean() * TWO_PI)
