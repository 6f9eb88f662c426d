"""Transforms on circles of latitude, and the buffers with which a density on S^2 is asked at every stage of a run."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Generic, Protocol, TypeVar

import ducc0
import numpy as np

from meanfield.protocols import Array
from meanfield.protocols.member import member
from meanfield.spaces import sphere_points as sp
from meanfield.spaces.stacked import OneByOne
from meanfield.tools.threads import threads


class Grid(Protocol):
    """What is asked of a sphere's grid: Gauss-Legendre circles of latitude with equally many longitudes each."""

    @member
    def lmax(self) -> int:
        """Its highest degree."""
        ...

    @member
    def degrees(self) -> Array:
        """l of every coefficient."""
        ...

    @member
    def shape(self) -> tuple[int, int]:
        """(circles, longitudes)."""
        ...

    @member
    def colatitudes(self) -> Array:
        """(circles,)."""
        ...

    @member
    def circle_weights(self) -> Array:
        """(circles,) the weight of each node."""
        ...


G = TypeVar("G", bound=Grid)


class Part:
    """Transforms between the coefficients of one degree K and one grid, for 1 scalar or the 2 components of a vector.

    Vectors are gradients going up, and tested against gradients coming down (ducc0's spin 1, "DERIV1").
    """

    def __init__(self, grid: Grid, components: int, K: int, nthreads: int) -> None:
        self._options: dict[str, Any] = {
            "spin": components - 1,
            "lmax": K,
            "theta": grid.colatitudes,
            "nthreads": nthreads,
            "mode": "DERIV1" if components == 2 else "STANDARD",
        }
        self._threads = nthreads
        self._longitudes = grid.shape[1]
        # zeros beyond degree K stay: the FFT keeps its input
        self._spectrum = np.zeros((components, grid.shape[0], grid.shape[1] // 2 + 1), dtype=complex)
        self._leg = self._spectrum[:, :, : K + 1]

    def synthesise(self, alm: Array, out: Array) -> None:
        """alm (1, M') -> out (components, circles, longitudes)."""
        ducc0.sht.alm2leg(alm=alm, leg=self._leg, **self._options)
        ducc0.fft.c2r(
            self._spectrum, axes=(2,), lastsize=self._longitudes, forward=False, out=out, nthreads=self._threads
        )

    def analyse(self, values: Array, alm: Array) -> None:
        """The adjoint: values (components, circles, longitudes), already weighted -> alm (1, M')."""
        ducc0.fft.r2c(values, axes=(2,), forward=True, out=self._spectrum, nthreads=self._threads)
        ducc0.sht.leg2alm(leg=self._leg, alm=alm, **self._options)


class SpherePlan(OneByOne, Generic[G]):
    """Each field synthesised to its own band on a padded grid, the flux tested against gradients; buffers kept."""

    def __init__(self, space: Grid, grid: G, multipliers: Array, potential: Array | None) -> None:
        self.grid = grid
        shape = self.grid.shape
        self._threads = threads(shape[0] * shape[1])
        self._lmax = space.lmax
        parts: dict[tuple[int, int], Part] = {}
        self._s = np.empty((len(multipliers), *shape))
        self._fields = [
            self._laid(space, symbol, 1, out[None], parts) for symbol, out in zip(multipliers, self._s, strict=True)
        ]
        self._g = None
        if potential is not None:
            self._g = np.empty((2, *shape))
            self._fields.append(self._laid(space, potential, 2, self._g, parts))
        self._scalars = self._s.reshape(len(self._s), -1)
        self._gradient = None if self._g is None else self._g.reshape(2, -1).T

    def _laid(
        self, space: Grid, symbol: Array, components: int, out: Array, parts: dict[tuple[int, int], Part]
    ) -> tuple[Array | None, Array, Array, Part, Array]:
        K = lost(symbol, space.degrees)
        if (components, K) not in parts:
            parts[components, K] = Part(self.grid, components, K, self._threads)
        where = None if space.lmax == K else sp.within(space.lmax, K)
        scaled = sp.ROOT * (symbol if where is None else symbol[where])
        return where, scaled, np.empty(len(scaled), dtype=complex), parts[components, K], out

    def opened(self, c: Array) -> tuple[Array, Array | None]:
        """Scalar fields (S, N), and the gradient's components (N, 2) to the south and to the east."""
        for where, symbol, alm, part, out in self._fields:
            np.multiply(c if where is None else np.take(c, where, out=alm), symbol, out=alm)
            part.synthesise(alm[None], out)
        return self._scalars, self._gradient

    @cached_property
    def _closing(self) -> tuple[Part, Array, Array, Array]:
        shape = self.grid.shape
        weights = sp.ROOT * self.grid.circle_weights[:, None]
        return Part(self.grid, 2, self._lmax, self._threads), weights, np.empty(shape), np.empty((2, *shape))

    def closed(self, X: Array, rho: Array, out: Array) -> Array:
        """-div(rho X), tested against every harmonic: int <conj grad Y^sigma_lm, X> d mu, which is 0 at l = 0."""
        part, weights, mass, flux = self._closing
        np.multiply(rho.reshape(mass.shape), weights, out=mass)
        np.multiply(X.T.reshape(flux.shape), mass, out=flux)
        part.analyse(flux, out[None])
        return out


def padded(lmax: int) -> int:
    """Degree of the grid on which products are formed: 3 lmax / 2 up to lmax = 32, lmax + 16, 5 lmax / 4 from 64 on."""
    return lmax + max(-(-lmax // 4), min(-(-lmax // 2), 16))


def lost(symbol: Array, degrees: Array) -> int:
    """Degree beyond which a symbol is lost: |a_l|, the harmonics and the gradient are at most sqrt(2l+1) (l+1)."""
    size = np.abs(symbol) * (2.0 * degrees + 1.0) * (degrees + 1.0)
    return max(1, int(degrees[size > sp.LOST * size.max()].max(initial=0)))
