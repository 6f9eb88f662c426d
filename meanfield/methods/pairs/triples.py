"""The cluster-aware closure: three tokens exactly, and what a fourth does to them by their conditional laws.

f(x, y) is the law of two tokens at x and y beside one at 0, psi its marginal, psi(z | a, b) = f of the third over psi
of the two.  The law of a fourth given three is closed by

    psi(z | 0, x) + psi(z | 0, y) + psi(z | x, y) - psi(z - 0) - psi(z - x) - psi(z - y) + 1,

what pairs say of it, less what they say twice: it adds conditional laws, not correlations, and so a cluster of two
draws a fourth as a cluster does.  Exact for n = 3.
"""

from __future__ import annotations

import numpy as np

from meanfield.methods.pairs.closures import beside
from meanfield.methods.pairs.forces import Forces
from meanfield.protocols import Array


class Triples:
    """f on a grid (N, N), moved by its own equation under the closure above."""

    axes = 2

    def __init__(self, forces: Forces, size: int) -> None:
        i = np.arange(size)
        x, y = np.meshgrid(i, i, indexing="ij")
        z = 2.0 * np.pi * i / size
        self.forces, self.size = forces, size
        self.apart = (y - x) % size
        self.second = ((-x) % size, self.apart)
        self.third = ((-y) % size, (x - y) % size)
        k = np.fft.fftfreq(size, 1.0 / size)
        self.waves = 1j * np.where(np.abs(k) <= size / 3, k, 0.0)
        self.mask = np.abs(k) <= size / 3
        self.pull, self.weight = forces.pull(z), forces.weight(z)

    def pair(self, y: Array) -> Array:
        """psi (..., N) of states (..., N^2)."""
        return np.asarray(y.reshape(*y.shape[:-1], self.size, self.size).mean(axis=-1))

    def mean(self, phi: Array, f: Array, psi: Array) -> Array:
        """(N, N) E[phi(theta_4) | 0, x, y]."""
        given = f / psi[:, None]
        alone = given @ phi / self.size
        # int phi(u + x) given(d, u) for all x and d = y - x
        across = np.fft.irfft(np.fft.rfft(phi) * np.conj(np.fft.rfft(given, axis=1)), self.size, axis=1) / self.size
        both = across[self.apart, np.arange(self.size)[:, None]]
        twice = beside(phi, psi)
        total = (phi * psi).mean() - phi.mean()
        return np.asarray(alone[:, None] + alone - twice[:, None] - twice + both - total)

    def _moved(self, phi: Array, own: float, even: bool, f: Array, psi: Array) -> tuple[Array, Array, Array]:
        """Sums of phi at the three tokens: their own, those of one another, and n - 3 others'."""
        others = (self.forces.n - 3) * self.mean(phi, f, psi) if self.forces.n > 3 else np.zeros_like(f)
        x, y, between = phi[:, None], phi[None, :], phi[self.apart]
        side = 1.0 if even else -1.0
        return (
            own + x + y + others,
            own + side * x + between + others[self.second],
            own + side * y + side * between + others[self.third],
        )

    def slope(self, y: Array) -> Array:
        """df/dt = -d_x ((theta_2' - theta_1') f) - d_y ((theta_3' - theta_1') f)."""
        f = y.reshape(self.size, self.size)
        psi = f.mean(axis=1)
        v = self._moved(self.pull, 0.0, False, f, psi)
        Z = self._moved(self.weight, 1.0, True, f, psi) if self.forces.normalised else (None, None, None)
        first, second, third = (self.forces.divided(a, b) for a, b in zip(v, Z, strict=True))
        flux = self.waves[:, None] * np.fft.fft2((second - first) * f)
        flux += self.waves * np.fft.fft2((third - first) * f)
        flux *= self.mask[:, None] & self.mask
        return np.asarray(-np.fft.ifft2(flux).real.ravel())
