"""Velocities at the faces: differences of the first variation over the weight, for every part of a law.

A part that climbs E = (1/2) int U d mu in the metric of weight w moves by sign grad U / w.  Between cells i and i + 1

    u = sign (U_{i+1} - U_i) / (h w),   w = 1, or the logarithmic mean of Z_i and Z_{i+1},

the second being (log Z_{i+1} - log Z_i) / (beta h) where U = Z / beta, and right at beta = 0 too.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp
from typing import Any

import numpy as np

from meanfield.laws.gradient import GradientLaw
from meanfield.laws.together import still
from meanfield.methods.finite_volume.cells import Cells
from meanfield.protocols import Array, Law, Measure, said
from meanfield.spaces.fields import Z_FLOOR
from meanfield.tools.remembered import remembered

NEAR = 1e-4
"""Relative difference of two numbers below which their logarithmic mean is told by its series."""


@dataclass(frozen=True)
class Pull:
    """A part of a law at one moment, as the cells see it.

    Attributes
    ----------
    U, Z : ndarray
        Symbols of the potential, and of the kernel, over lambda_0.
    size : float
        What U must be multiplied by to be the law's: signed, and of SA without any scale.
    most : float
        The largest value of the kernel, times |size|: what SA's Z is at most, over lambda_0.
    normalised : bool
        Whether U is divided by Z.
    """

    U: Array
    Z: Array
    size: float
    most: float
    normalised: bool

    @property
    def fastest(self) -> float:
        """What the velocity is at most."""
        return 1.0 if self.normalised else self.most


def pull(part: GradientLaw, t: float, cells: Cells) -> Pull:
    """A part of a law at time t."""
    kernel, d = part.kernel(t), cells.space.d
    even, one = kernel.log_lambda0(d), np.eye(d)[:1]
    q, p = _symbols(kernel, cells)
    log = 0.0 if part.normalised else even + part.log_factor(d, t)
    top = float(kernel.log(one, one)[0, 0]) - even
    return Pull(p, q, part.sign * exp(log), exp(top + log), part.normalised)


@remembered(16)
def _symbols(kernel: Any, cells: Cells) -> tuple[Array, Array]:
    d = cells.space.d
    K = int(kernel.bandwidth(d))
    return cells.symbol(kernel.multipliers(d, K)), cells.symbol(kernel.potential(d, K))


def parted(law: Law, mu: Measure) -> tuple[list[GradientLaw], list[Law]]:
    """The parts of a law that climb or descend an energy, and those that only shake; others are refused."""
    climbing: list[GradientLaw] = []
    shaking: list[Law] = []
    for part in law.parts:
        if isinstance(part, GradientLaw) and part.isotropic:
            climbing.append(part)
        elif still(part, 0.0, mu):
            shaking.append(part)
        else:
            raise ValueError(
                f"law: finite volumes move densities by differences of a first variation, and {part} tells none: take "
                'mf.SA, mf.USA, their sums, and mf.Diffusion; or method="spectral"'
            )
    return climbing, shaking


def steady(law: Law) -> bool:
    """Whether it says that it does not change with time."""
    return said(law) is True


def means(cells: Cells, m: Array, one: Pull) -> tuple[Array, Array | None]:
    """U over lambda_0, and Z if the part divides by it, as means over the cells."""
    if not one.normalised:
        return cells.means(m, (one.U,))[0], None
    U, Z = cells.means(m, (one.U, one.Z))
    return U, np.maximum(Z, Z_FLOOR * Z.max(), out=Z)


def weight(Z: Array | None) -> Any:
    """The weight at the face after each cell: 1, or the logarithmic mean of Z on both sides of it."""
    if Z is None:
        return 1.0
    r = np.roll(Z, -1)
    r -= Z
    r /= Z
    near = np.abs(r) < NEAR
    r[near] = 0.0
    mean = np.divide(r, np.log1p(r), out=np.ones_like(r), where=~near)
    mean *= Z
    if near.any():  # L(a, b) = (a + b) / 2 - (b - a)^2 / 12 a + ..., the next term being below rounding
        a, b = Z[near], np.roll(Z, -1)[near]
        mean[near] = 0.5 * (a + b) - np.square(b - a) / (12.0 * a) * (1.0 - (b - a) / (2.0 * a))
    return mean
