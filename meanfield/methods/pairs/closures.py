"""Closures: the mean over a third token given two, E[phi(theta_3) | theta_1 = 0, theta_2 = x], from psi alone.

psi = 1 + eta is told with respect to d theta / 2 pi; the third token's law given the two is, by closure,

    independent         1
    kirkwood            psi(z) psi(x - z) / int psi(z) psi(x - z)
    linear              1 + eta(z) + eta(x - z)
    second cumulant     (1 + eta(x) + eta(z) + eta(x - z)) / psi(x):  no third cumulant
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from meanfield.methods.pairs.forces import Forces
from meanfield.protocols import Array

Mean = Callable[[Array, Array], Array]


def beside(f: Array, g: Array) -> Array:
    """int f(z) g(x - z) on the grid, a mean over it."""
    n = f.shape[-1]
    return np.asarray(np.fft.irfft(np.fft.rfft(f) * np.fft.rfft(g), n) / n)


def independent(phi: Array, psi: Array) -> Array:
    """The mean, whatever x."""
    return np.full_like(psi, phi.mean())


def kirkwood(phi: Array, psi: Array) -> Array:
    """Pair laws multiplied, and normalised."""
    return beside(phi * psi, psi) / beside(psi, psi)


def linear(phi: Array, psi: Array) -> Array:
    """Pair correlations added."""
    return (phi * psi).mean() + beside(phi, psi) - phi.mean()


def second_cumulant(phi: Array, psi: Array) -> Array:
    """The joint law without a third cumulant, over psi."""
    return ((psi - 1.0) * phi.mean() + (phi * psi).mean() + beside(phi, psi) - phi.mean()) / psi


MEANS: dict[str, Mean] = {
    "independent": independent,
    "kirkwood": kirkwood,
    "linear": linear,
    "second cumulant": second_cumulant,
}
CLOSURES = (*MEANS, "cluster")


class Pairs:
    """psi on a grid of differences, moved by A (8.1) under one of these."""

    axes = 1

    def __init__(self, forces: Forces, closure: str, size: int) -> None:
        z = 2.0 * np.pi * np.arange(size) / size
        self.forces, self.mean = forces, MEANS[closure]
        self.pull, self.weight = forces.pull(z), forces.weight(z)
        self.waves = 1j * kept(size)

    def pair(self, y: Array) -> Array:
        """psi (..., N) of a state."""
        return y

    def slope(self, psi: Array) -> Array:
        """d psi / dt = -(v psi)', v = theta_2' - theta_1' = -2 theta_1'."""
        f = self.forces
        Z = None
        if f.normalised:
            Z = 1.0 + self.weight + (f.n - 2) * self.mean(self.weight, psi)
        v = -2.0 * f.divided(self.pull + (f.n - 2) * self.mean(self.pull, psi), Z)
        return np.asarray(-np.fft.irfft(self.waves * np.fft.rfft(v * psi), len(psi)))


def kept(size: int) -> Array:
    """Degrees 0..N/2, of which the last third is 0, so that products do not come back as others."""
    k = np.arange(size // 2 + 1.0)
    return np.where(k <= size / 3, k, 0.0)
