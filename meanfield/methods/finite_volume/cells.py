"""Equal cells of a line: arcs of the circle, zones between colatitudes; their masses, harmonics and interactions.

A vector of masses m stands for the density that is constant in every cell, m_i / sigma_i.  All that is told of it is
that density's, exactly: coefficients, and the means of Z and U over the cells, K m, with

    K_ij = (1 / sigma_i sigma_j) int_i int_j phi(<x, y>) d sigma d sigma,

whose quadratic form is a sum of multipliers times squares of coefficients: positive semidefinite where no multiplier is
negative.  On the circle K is circulant, with eigenvalues

    S_r = sum_l q_{|r + l N|} sinc^2((r + l N) h / 2),   h = 2 pi / N,

and elsewhere P^T Lambda P, P the means of the polynomials over the cells.  q are the multipliers, over lambda_0.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import scipy

from meanfield.geometry import ANGLES, MERIDIAN
from meanfield.protocols import Array, Line, Space
from meanfield.spaces.from_cells import areas
from meanfield.special import ultraspherical
from meanfield.tools import inputs

FEWEST = 8
MOST = 1 << 20
"""Cells at most: a state of more fills megabytes at every step."""
SMALLEST = 1e-250
"""The least area of a cell about a pole that floats can still divide by."""
GAUSS = 8
"""Gauss nodes a cell beyond those that the density's own waves ask for."""


@dataclass(frozen=True)
class Cells(ABC):
    """n equal cells of a space's line.

    Attributes
    ----------
    space : Space
        Where they are.
    n : int
        How many.
    """

    space: Any
    n: int

    @property
    def line(self) -> Any:
        """The line that they divide."""
        return self.space.line

    @cached_property
    def edges(self) -> Array:
        """(n + 1,) positions."""
        return np.linspace(self.line.low, self.line.high, self.n + 1)

    @cached_property
    def h(self) -> float:
        """Width, in radians."""
        return float(self.line.high - self.line.low) / self.n

    @cached_property
    def centres(self) -> Array:
        """(n,) positions."""
        return self.line.low + self.h * (np.arange(self.n) + 0.5)

    @cached_property
    def sigma(self) -> Array:
        """(n,) areas, of sum 1."""
        return np.asarray(areas(self.space, self.edges))

    @cached_property
    def faces(self) -> Array:
        """(n,) d sigma / d s at the face that follows each cell; 0 where there is none, after the last of a line."""
        A = np.array(self.line.measure(self.space, self.edges[1:]))
        if not self.line.turn:
            A[-1] = 0.0
        return A

    def sized(self, degree: int) -> Any:
        """The space with room for coefficients of so high a degree."""
        K = max(degree, 2) + 2
        return self.space.resized(max(K * (self.space.size // int(self.space.degrees.max())), 8))

    @abstractmethod
    def series(self, m: Array, space: Space) -> Array:
        """Coefficients (..., M) of the density of masses m (..., n) on a space, the line's at any resolution."""

    @abstractmethod
    def symbol(self, q: Array) -> Array:
        """Multipliers q (K + 1,) as `means` takes them."""

    @abstractmethod
    def means(self, m: Array, symbols: tuple[Array, ...]) -> list[Array]:
        """(n,) each: means over the cells of int phi d mu over lambda_0, for every symbol."""

    @abstractmethod
    def share(self, cell: Array, s: Array) -> Array:
        """Which part of a cell's area lies below a position in it."""

    @abstractmethod
    def within(self, cell: Array, share: Array) -> Array:
        """The position in a cell below which that part of its area lies."""

    def masses(self, mu: Any) -> Array:
        """(n,) what a density held by coefficients has in every cell: by Gauss's rule, so that none is a difference."""
        waves = self.line.waves(self.space, int(mu.space.degrees.max()), self.edges)
        u, w = np.polynomial.legendre.leggauss(GAUSS + int(np.ceil(0.5 * waves * self.h)))
        s = self.centres[:, None] + 0.5 * self.h * u
        q = self.line.coordinates(s.ravel())
        rho = mu.known(q)
        if (lost := np.isnan(rho)).any():  # near the poles of high dimensions, where it weighs less than rounding
            rho = np.where(lost, mu.space.evaluate(mu.coefficients, q), rho)
        measure = self.line.measure(self.space, s.ravel())
        return np.asarray((0.5 * self.h * w * (rho * measure).reshape(s.shape)).sum(axis=-1))


@dataclass(frozen=True)
class Arcs(Cells):
    """Of the circle."""

    def _sinc(self, k: Array) -> Array:
        return np.asarray(np.sinc(k / self.n))  # sin(k h / 2) / (k h / 2), h = 2 pi / n

    def series(self, m: Array, space: Space) -> Array:
        """c_k = sinc(k h / 2) sum_j m_j e^{-ik theta_j}, of any k by one transform."""
        k = space.degrees
        spectrum = np.fft.fft(m, axis=-1)[..., k % self.n]
        return np.asarray(spectrum * (self._sinc(k) * np.exp(-1j * k * self.centres[0])))

    def symbol(self, q: Array) -> Array:
        """(n // 2 + 1,) S_r, by folding."""
        k = np.arange(1 - len(q), len(q))
        S = np.zeros(self.n)
        np.add.at(S, k % self.n, q[np.abs(k)] * self._sinc(k) ** 2)
        return S[: self.n // 2 + 1]

    def means(self, m: Array, symbols: tuple[Array, ...]) -> list[Array]:
        """By the fast Fourier transform: K is circulant."""
        spectrum = self.n * np.fft.rfft(m)
        return [np.fft.irfft(S * spectrum, self.n) for S in symbols]

    def share(self, cell: Array, s: Array) -> Array:
        """Linear."""
        return np.asarray((s - self.edges[cell]) / self.h)

    def within(self, cell: Array, share: Array) -> Array:
        """Linear."""
        return np.asarray(self.edges[cell] + self.h * share)


@dataclass(frozen=True)
class Zones(Cells):
    """Of a zonal sphere, between colatitudes."""

    def _table(self, space: Space, degree: int) -> Array:
        """(n, degree + 1) means of p_k over the cells.

        By (d/dc)((1 - c^2) w p_k') = -k(k+d-2) w p_k they are differences of sin^{d-1} p_k' between the edges.
        """
        d, e = space.d, self.edges
        k = np.arange(1.0, degree + 1.0)
        rise = np.zeros((self.n + 1, degree))
        inner = e[1:-1]
        slopes = ultraspherical.derivatives(d, degree, np.cos(inner))[:, 1:]
        rise[1:-1] = slopes * (np.sin(inner) * self.line.measure(space, inner))[:, None]
        out = np.ones((self.n, degree + 1))
        out[:, 1:] = np.diff(rise, axis=0) / (k * (k + d - 2.0)) / self.sigma[:, None]
        return out

    @cached_property
    def _tables(self) -> dict[int, Array]:
        return {}

    def table(self, degree: int) -> Array:
        """The same, kept."""
        if degree not in self._tables:
            self._tables[degree] = self._table(self.space, degree)
        return self._tables[degree]

    def series(self, m: Array, space: Space) -> Array:
        """a_k = sum_j m_j (mean of p_k over the cell)."""
        return np.asarray(m @ self.table(int(space.degrees.max())))

    def symbol(self, q: Array) -> Array:
        """They themselves."""
        return np.array(q)

    def means(self, m: Array, symbols: tuple[Array, ...]) -> list[Array]:
        """By P^T Lambda P."""
        P = self.table(len(symbols[0]) - 1)
        a = m @ P
        return [P @ (S * a) for S in symbols]

    def _areas(self, s: Array) -> tuple[Array, Array]:
        """Areas below s and above it, each to all its digits."""
        half = 0.5 * (self.space.d - 1.0)
        below, above = np.square(np.sin(0.5 * s)), np.square(np.cos(0.5 * s))
        return scipy.special.betainc(half, half, below), scipy.special.betainc(half, half, above)

    def share(self, cell: Array, s: Array) -> Array:
        """From whichever pole is nearer."""
        (below, above), (low, high) = self._areas(s), self._areas(self.edges[cell])
        return np.asarray(np.where(s <= 0.5 * np.pi, below - low, high - above) / self.sigma[cell])

    def within(self, cell: Array, share: Array) -> Array:
        """By the inverse of the incomplete beta function, from whichever pole is nearer."""
        half, part = 0.5 * (self.space.d - 1.0), share * self.sigma[cell]
        low, high = self._areas(self.edges[cell])
        north = np.arcsin(np.sqrt(scipy.special.betaincinv(half, half, np.clip(low + part, 0.0, 1.0))))
        south = np.arccos(np.sqrt(scipy.special.betaincinv(half, half, np.clip(high - part, 0.0, 1.0))))
        s = 2.0 * np.where(low + part <= 0.5, north, south)
        return np.clip(s, self.edges[cell], self.edges[cell + 1])


KINDS: dict[Line, Callable[[Any, int], Cells]] = {ANGLES: Arcs, MERIDIAN: Zones}
"""By the line that a space names; one's own is added here."""


def divided(name: str, space: Space, n: int) -> Cells:
    """n equal cells of a space's line; refused where it has none, or floats do not hold their areas."""
    line = getattr(space, "line", None)
    if line is None or line not in KINDS:
        raise ValueError(
            f"space: finite volumes divide the circle, or a zonal sphere between colatitudes, and {space} has no such "
            'line: leave method out'
        )
    cells = KINDS[line](space, inputs.integer(name, n, low=FEWEST, high=MOST))
    if not cells.sigma.min() >= SMALLEST:
        raise ValueError(
            f"{name}: got {n}, and the cell about a pole of S^{space.d - 1} has an area of {cells.sigma.min():.1e}, "
            'which floats do not hold: take fewer, or method="lagrangian"'
        )
    return cells
