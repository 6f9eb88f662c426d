"""The circle: theta in [0, 2 pi), real Fourier series, FFTs by FFTW plans that are kept."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import prod
from typing import Any

import ducc0
import numpy as np

from meanfield.geometry import ANGLES
from meanfield.protocols import Array
from meanfield.spaces import fourier
from meanfield.spaces.base import Gridded
from meanfield.tools import inputs
from meanfield.tools.settings import register

TWO_PI = 2.0 * np.pi
MOST = 10**8
"""Nodes at most: a density of more fills gigabytes."""


@register
@dataclass(frozen=True)
class Circle(Gridded):
    """The circle with n equidistant nodes theta_j = 2 pi j / n and Fourier coefficients of degrees below n/2.

    Parameters
    ----------
    n : int
        Number of nodes, even and at least 8.  Products are formed on a grid 3/2 as fine, so that no coefficient is
        touched by their aliasing.

    Raises
    ------
    ValueError, TypeError
        For n that is odd, below 8 or no integer.

    Notes
    -----
    A density is rho(theta) = sum_k c_k e^{ik theta} with c_k = int e^{-ik theta} d mu; coefficients are held for
    k = 0..n/2, the last always zero (the highest mode of an even grid has no phase).

    Examples
    --------
    >>> rho = mf.Circle(64).density(lambda theta: 1.0 + 0.3 * np.cos(theta))
    >>> round(float(rho.mass), 12)
    1.0
    """

    n: int
    d = 2
    picture = "circle"
    line = ANGLES
    largest = 4096
    """Size up to which a solver doubles the resolution unless told otherwise."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "n", inputs.integer("n", self.n, low=8, high=MOST, even=True))

    # --- data ---------------------------------------------------------------------------------------------

    @property
    def size(self) -> int:
        """Number of nodes."""
        return self.n

    @cached_property
    def nodes(self) -> Array:
        """(n,) angles."""
        return _locked(TWO_PI * np.arange(self.n) / self.n)

    @cached_property
    def weights(self) -> Array:
        """(n,) all 1/n."""
        return _locked(np.full(self.n, 1.0 / self.n))

    @cached_property
    def degrees(self) -> Array:
        """(n/2 + 1,) k."""
        return _locked(np.arange(self.n // 2 + 1))

    @cached_property
    def most(self) -> Array:
        """1: |e^{-ik theta}|."""
        return np.ones(len(self.degrees))

    @cached_property
    def names(self) -> tuple[int, ...]:
        """k, and -1 for the highest mode, which is none of k = n/2 of a finer circle."""
        return (*range(self.n // 2), -1)

    @property
    def axes(self) -> dict[str, Array]:
        """The grid's axes by name."""
        return {"theta": self.nodes}

    @property
    def units(self) -> dict[str, str]:
        """Units of the axes."""
        return {"theta": "rad"}

    @cached_property
    def rows(self) -> Array:
        """(n, 2) the nodes as (cos, sin)."""
        return _locked(np.stack([np.cos(self.nodes), np.sin(self.nodes)], axis=-1))

    def resized(self, size: int) -> Circle:
        """The circle with another number of nodes."""
        size = inputs.integer("size", size, low=8, high=MOST, even=True)
        return self if size == self.n else Circle(size)

    # --- transforms ---------------------------------------------------------------------------------------

    def analyse(self, values: Array) -> Array:
        """(..., n) node values -> (..., n/2 + 1) coefficients."""
        c = fourier.forward(np.asarray(values, dtype=float)) / self.n
        c[..., -1] = 0.0
        return c

    def evaluate(self, c: Array, q: Array | None = None, gradient: bool = False) -> Array:
        """The series at the nodes or at angles q (..., p); gradient: d/d theta, as (..., p, 1)."""
        if gradient:
            out = self.fields(c[None][:0], c, q)[1]
            assert out is not None
            return out
        return self.fields(c[None], None, q)[0][0]

    def fields(self, s: Array, g: Array | None, q: Array | None = None) -> tuple[Array, Array | None]:
        """Scalars (S, ..., M) and the derivative of a potential (..., M) at the same angles."""
        k = np.arange(s.shape[-1])
        series = s if g is None else np.concatenate([s, (1j * k * g)[None]])
        values = fourier.backward(series, self.n) if q is None else fourier.series(series, q)
        return (values, None) if g is None else (values[:-1], values[-1][..., None])

    def project(self, q: Array, w: Array, degree: int) -> Array:
        """c_k = sum_j w_j e^{-ik q_j}, k = 0..degree, for angles q (..., p)."""
        return fourier.moments(q, w, degree)

    def harmonics(self, degree: int) -> Array:
        """Degrees of the coefficients that `project` gives: 0..degree."""
        return np.arange(degree + 1)

    def plan(self, multipliers: Array, potential: Array | None) -> CirclePlan:
        """Buffers and FFTW plans for these symbols."""
        return CirclePlan(self, multipliers, potential)

    # --- points -------------------------------------------------------------------------------------------

    def points(self, q: Any) -> Array:
        """Coordinates at which a user asks: finite angles, of any shape."""
        return inputs.array("theta", q, nonempty=False, radians=True)

    def chart(self, x: Array) -> Array:
        """Rows (..., p, 2) -> angles."""
        return np.arctan2(x[..., 1], x[..., 0])

    def frame(self, x: Array | None = None) -> Array:
        """(..., p, 1, 2) the unit tangent (-y, x)."""
        x = self.rows if x is None else x
        return np.stack([-x[..., 1], x[..., 0]], axis=-1)[..., None, :]

    def inner(self, v: Array, q: Array | None = None) -> Array:
        """<x, v> at angles q."""
        q = self.nodes if q is None else q
        return np.cos(q) * v[0] + np.sin(q) * v[1]

    def lattice(self, n: int) -> Array:
        """(n, 1) the equidistant levels (i + 1/2) / n."""
        return ((np.arange(n) + 0.5) / n)[:, None]

    def place(self, c: Array, u: Array) -> Array:
        """Angles with distribution function u (n, 1): the inverse of F(theta) = int_0^theta d mu."""
        return fourier.inverse_distribution(c, u[:, 0])

    # --- moments ------------------------------------------------------------------------------------------

    def admit(self, c: Array) -> Array:
        """Coefficients of a real density: c_0 real, c_{n/2} zero."""
        c = c.astype(complex)
        if abs(c[0].imag) > 0.0:
            raise ValueError(f"coefficients: c_0 = {c[0]} is the mass and must be real")
        if c[-1] != 0.0:
            raise ValueError(
                f"coefficients: c_{len(c) - 1} is the highest mode of {self}, which an even grid cannot hold: "
                f"use Circle({2 * self.n})"
            )
        return c

    def ripple(self, modes: dict[int, complex]) -> Array:
        """Coefficients of sum_k Re a_k e^{-ik theta}, for {k: a_k}: c_k = conj(a_k) / 2, and Re a_0 at k = 0."""
        c = np.zeros(self.n // 2 + 1, dtype=complex)
        for k, a in modes.items():
            k = inputs.integer("k", k, low=0)
            if k >= self.n // 2:
                raise ValueError(f"k: mode {k} is not held by {self} (degrees below {self.n // 2}): use a larger one")
            c[k] += complex(a).real if k == 0 else np.conj(complex(a)) / 2.0
        return c

    def moments(self, c: Array, degree: int) -> Array:
        """c_k = int e^{-ik theta} d mu for k = 0..degree (zero beyond n/2)."""
        held = c[..., : degree + 1]
        return np.concatenate([held, np.zeros((*c.shape[:-1], degree + 1 - held.shape[-1]), dtype=c.dtype)], axis=-1)

    def spectrum(self, c: Array) -> Array:
        """Power by degree, (..., K + 1): |c_k|^2 + |c_-k|^2; its sum is int rho^2 d sigma."""
        power = np.square(c.real) + np.square(c.imag)
        power[..., 1:] *= 2.0
        return power

    def averages(self, c: Array) -> tuple[Array, Array]:
        """int x d mu (..., 2) and int x x^T d mu (..., 2, 2)."""
        m, c1, c2 = c[..., 0].real, c[..., 1], c[..., 2]
        mean = np.stack([c1.real, -c1.imag], axis=-1)
        xx, yy, xy = (m + c2.real) / 2.0, (m - c2.real) / 2.0, -c2.imag / 2.0
        return mean, np.stack([np.stack([xx, xy], axis=-1), np.stack([xy, yy], axis=-1)], axis=-2)


class CirclePlan:
    """One stacked inverse FFT for rho, Z and X, one forward FFT for the flux; buffers kept, nothing allocated.

    Several densities travel in transforms of as many rows, whose buffers are kept, too.

    The state's spectrum is multiplied by all symbols at once and padded to 3n/2 nodes, where products of two
    resolved fields alias only beyond the degrees kept.
    """

    def __init__(self, space: Circle, multipliers: Array, potential: Array | None) -> None:
        self.grid = space.resized(padded(space.n))
        M, S, P = space.n // 2 + 1, len(multipliers), self.grid.n
        rows = [np.asarray(m, dtype=complex) for m in multipliers]
        if potential is not None:
            rows.append(1j * space.degrees * potential)
        self._symbols = np.stack(rows)
        self._symbols[:, -1] = 0.0
        self._scalars, self._nodes, self._modes = S, P, M
        self._many: dict[tuple[str, int], Any] = {}

    @cached_property
    def _opening(self) -> tuple[Any, ...]:
        # one plan of a measure opens, another closes: each plans the transform it is asked for
        backward = fourier.borrowed(fourier.Backward, len(self._symbols), self._nodes, self)
        M, S = self._modes, self._scalars
        fields = backward.values
        answer = fields[:S], fields[S][:, None] if len(fields) > S else None
        return backward.execute, backward.spectrum[:, :M], backward.spectrum[:, M:], answer

    @cached_property
    def _closing(self) -> tuple[Any, ...]:
        forward, M = fourier.borrowed(fourier.Forward, 1, self._nodes, self), self._modes
        divergence = -1j * np.arange(M) / self._nodes
        divergence[-1] = 0.0
        return forward.execute, forward.values[0], forward.spectrum[0, :M], divergence

    def open(self, c: Array) -> tuple[Array, Array | None]:
        """Scalar fields (..., S, P) and the potential's derivative (..., P, 1) on the padded grid; until the next."""
        if c.ndim > 1:
            return self._opened(c)
        execute, spectrum, beyond, answer = self._opening
        np.multiply(self._symbols, c, out=spectrum)
        beyond[...] = 0.0  # the inverse transform works in place of its input
        execute()
        return answer

    def close(self, X: Array, rho: Array, out: Array) -> Array:
        """Coefficients of -d/d theta (rho X): its zeroth is exactly zero, so mass is kept to the last bit."""
        if out.ndim > 1:
            return self._closed(X, rho, out)
        execute, flux, spectrum, divergence = self._closing
        np.multiply(X[:, 0], rho, out=flux)
        execute()
        return np.multiply(spectrum, divergence, out=out)

    # --- several densities: the same, in as many rows -----------------------------------------------------

    def _opened(self, c: Array) -> tuple[Array, Array | None]:
        lead, M = c.shape[:-1], self._modes
        every, S, P = len(self._symbols), self._scalars, self._nodes
        plan = self._rows(fourier.Backward, every * prod(lead))
        spectrum = plan.spectrum.reshape(-1, every, P // 2 + 1)
        np.multiply(self._symbols, c.reshape(-1, 1, M), out=spectrum[..., :M])
        spectrum[..., M:] = 0.0
        plan.execute()
        fields = plan.values.reshape(*lead, every, P)
        return fields[..., :S, :], fields[..., S, :, None] if every > S else None

    def _closed(self, X: Array, rho: Array, out: Array) -> Array:
        plan = self._rows(fourier.Forward, prod(out.shape[:-1]))
        np.multiply(X[..., 0], rho, out=plan.values.reshape(*out.shape[:-1], self._nodes))
        plan.execute()
        spectrum = plan.spectrum[:, : self._modes].reshape(out.shape)
        return np.multiply(spectrum, self._closing[3], out=out)

    def _rows(self, kind: Any, rows: int) -> Any:
        """The transform of so many rows; that of another number is let go."""
        if (kind.__name__, rows) not in self._many:
            self._many = {key: plan for key, plan in self._many.items() if key[0] != kind.__name__}
            self._many[kind.__name__, rows] = fourier.borrowed(kind, rows, self._nodes, self)
        return self._many[kind.__name__, rows]


@lru_cache
def padded(n: int) -> int:
    """Nodes of the grid on which products are formed: the next fast even length from 3n/2."""
    return 2 * int(ducc0.fft.good_size(-(-3 * n // 4), True))


def _locked(a: Array) -> Array:
    a.setflags(write=False)
    return a
